/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "sim_proc.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_MS = 20000, ANSWER_MS = 10000, COMMAND_MAX = 256 };

static bool read_line(int fd, char *line, size_t cap, int timeout_ms)
{
    for (size_t len = 0; len + 1 < cap; len++) {
        struct pollfd wait = {fd, POLLIN, 0};
        if (poll(&wait, 1, timeout_ms) != 1 || read(fd, line + len, 1) != 1) {
            return false;
        }
        if (line[len] == '\n') {
            line[len] = '\0';
            return true;
        }
    }
    return false;
}

/* A test that fails or is killed ends nobody: the simulator ends with it. */
static _Noreturn void become(const char *const *argv, int out, pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(126); /* it died before that */
    }
    (void)dup2(out, STDOUT_FILENO);
    /* execv() takes char *const[] for history's sake and changes nothing. */
    union {
        const char *const *given;
        char *const *wanted;
    } args = {.given = argv};
    (void)execv(argv[0], args.wanted);
    _exit(127);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd >= 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

bool sim_proc_start(struct sim_proc *sim, const char *const *argv,
                    const char *control)
{
    char line[256];
    int pipe_fds[2];

    *sim = (struct sim_proc){.pid = -1, .out = -1, .control = -1};
    if (pipe(pipe_fds) != 0) {
        return false;
    }
    (void)fcntl(pipe_fds[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(pipe_fds[1], F_SETFD, FD_CLOEXEC);
    sim->out = pipe_fds[0];
    pid_t parent = getpid();

    sim->pid = fork();
    if (sim->pid == 0) {
        become(argv, pipe_fds[1], parent);
    }
    (void)close(pipe_fds[1]);
    bool ready = sim->pid > 0 &&
                 read_line(sim->out, line, sizeof line, READY_MS) &&
                 strncmp(line, "ready", 5) == 0;
    if (ready && control != NULL) {
        sim->control = connect_to(control);
        ready = sim->control >= 0;
    }
    if (!ready) {
        (void)sim_proc_stop(sim);
    }
    return ready;
}

bool sim_proc_line(struct sim_proc *sim, char *line, size_t cap, int timeout_ms)
{
    return read_line(sim->out, line, cap, timeout_ms);
}

bool sim_proc_ask(struct sim_proc *sim, const char *command, char *answer,
                  size_t cap)
{
    char line[COMMAND_MAX];
    int len = snprintf(line, sizeof line, "%s\n", command);

    return len > 0 && (size_t)len < sizeof line &&
           write(sim->control, line, (size_t)len) == len &&
           read_line(sim->control, answer, cap, ANSWER_MS);
}

long sim_proc_value(struct sim_proc *sim, const char *command, const char *key)
{
    char answer[1024], *rest = NULL;
    size_t len = strlen(key);

    if (!sim_proc_ask(sim, command, answer, sizeof answer)) {
        return -1;
    }
    for (char *word = strtok_r(answer, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        if (strncmp(word, key, len) == 0 && word[len] == '=') {
            return strtol(word + len + 1, NULL, 10);
        }
    }
    return -1;
}

int sim_proc_stop(struct sim_proc *sim)
{
    int status = -1;

    if (sim->pid > 0) {
        (void)kill(sim->pid, SIGTERM);
        if (waitpid(sim->pid, &status, 0) != sim->pid) {
            status = -1;
        }
    }
    if (sim->out >= 0) {
        (void)close(sim->out);
    }
    if (sim->control >= 0) {
        (void)close(sim->control);
    }
    *sim = (struct sim_proc){.pid = -1, .out = -1, .control = -1};
    return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
