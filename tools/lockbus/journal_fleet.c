/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "journal_fleet.h"

#include "tool.h"

#include <jansson.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What one process has at hand: an answer is written into `page` first, since
 * it must reach the reader in one piece. */
struct asker {
    const struct fleet_question *question;
    FILE *page; /* a file without a name, which is standard output meanwhile */
    int out;    /* where answers go */
    int lock;   /* one process writes at a time */
};

static int is_folder(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Names of the folders, sorted; -1 when there are none to be had. */
static int folders(const char *parent, struct dirent ***names)
{
    return scandir(parent, names, is_folder, alphasort);
}

static bool place_of(char path[PATH_MAX], const char *parent, const char *name)
{
    struct stat st;
    int len = snprintf(path, PATH_MAX, "%s/%s/journal", parent, name);

    if (len > 0 && len < PATH_MAX && stat(path, &st) == 0 &&
        S_ISDIR(st.st_mode)) {
        return true;
    }
    len = snprintf(path, PATH_MAX, "%s/%s", parent, name);
    return len > 0 && len < PATH_MAX && stat(path, &st) == 0 &&
           S_ISDIR(st.st_mode);
}

static bool hold(int fd, short type)
{
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    int done;

    do {
        done = fcntl(fd, F_SETLKW, &whole);
    } while (done != 0 && errno == EINTR);
    return done == 0;
}

/* The page's lines, each behind the cabinet's name. */
static bool pass_on(const struct asker *asker, const char *name)
{
    FILE *out = fdopen(dup(asker->out), "w");
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;

    if (out == NULL) {
        return false;
    }
    rewind(asker->page);
    if (asker->question->as_json) {
        json_t *text = json_string(name);

        (void)fputs("{\"folder\": ", out);
        (void)json_dumpf(text, out, JSON_ENCODE_ANY);
        (void)fputs(", \"opens\":\n", out);
        json_decref(text);
    }
    while ((len = getline(&line, &cap, asker->page)) > 0) {
        if (!asker->question->as_json) {
            (void)fprintf(out, "%s  ", name);
        }
        (void)fwrite(line, 1, (size_t)len, out);
    }
    if (asker->question->as_json) {
        (void)fputs("}\n", out);
    }
    free(line);
    return fclose(out) == 0;
}

static bool blank(const struct asker *asker)
{
    return fflush(stdout) == 0 && ftruncate(fileno(asker->page), 0) == 0 &&
           lseek(STDOUT_FILENO, 0, SEEK_SET) == 0;
}

static bool answer(const struct asker *asker, const char *name)
{
    const struct fleet_question *question = asker->question;
    char path[PATH_MAX];

    if (!place_of(path, question->parent, name)) {
        return true; /* a file beside the folders */
    }
    if (!blank(asker)) {
        return false;
    }
    bool known = question->ask(question->user, path) == TOOL_OK;

    /* What came before a damaged block is said even so. */
    return fflush(stdout) == 0 && hold(asker->lock, F_WRLCK) &&
           pass_on(asker, name) && hold(asker->lock, F_UNLCK) && known;
}

static int work(const struct fleet_question *question, struct dirent **names,
                int count, unsigned which, int lock)
{
    struct asker asker = {.question = question,
                          .page = tmpfile(),
                          .out = dup(STDOUT_FILENO),
                          .lock = lock};
    int result = TOOL_OK;

    if (asker.page == NULL || asker.out < 0 ||
        dup2(fileno(asker.page), STDOUT_FILENO) < 0) {
        perror("lockbus journal fleet");
        return TOOL_FAILED;
    }
    for (int i = (int)which; i < count; i += (int)question->jobs) {
        if (!answer(&asker, names[i]->d_name)) {
            result = TOOL_FAILED;
        }
    }
    return result;
}

/* Each process takes every so manieth folder. */
static int in_processes(const struct fleet_question *question,
                        struct dirent **names, int count, int lock)
{
    pid_t pid[FLEET_JOBS_MAX];
    int result = TOOL_OK, status;

    for (unsigned i = 0; i < question->jobs; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            _exit(work(question, names, count, i, lock));
        }
        if (pid[i] < 0) {
            perror("lockbus journal fleet");
            result = TOOL_FAILED;
        }
    }
    for (unsigned i = 0; i < question->jobs; i++) {
        if (pid[i] > 0 && (waitpid(pid[i], &status, 0) != pid[i] ||
                           !WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
            result = TOOL_FAILED;
        }
    }
    return result;
}

int journal_fleet(const struct fleet_question *question)
{
    struct dirent **names = NULL;
    int count = folders(question->parent, &names), result = TOOL_FAILED;
    FILE *lock = tmpfile();

    if (count < 0) {
        fprintf(stderr, "lockbus: %s: %s\n", question->parent, strerror(errno));
    } else if (count == 0) {
        fprintf(stderr, "lockbus: %s: no folder is in it\n", question->parent);
    } else if (lock == NULL || fflush(stdout) != 0) {
        perror("lockbus journal fleet");
    } else {
        result = in_processes(question, names, count, fileno(lock));
    }
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    if (lock != NULL) {
        (void)fclose(lock);
    }
    return result;
}
