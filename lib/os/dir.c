/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/dir.h"
#include "os/private.h"
#include "os/why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/*
 * A journal's store as a directory. All names are relative to the open
 * directory, so nothing is joined and a directory that is moved keeps
 * working. A segment and a small file are first written under another name
 * and appear whole or not at all.
 *
 * Once a sync has failed nothing is written any more until the store is
 * opened again: the kernel may have dropped the pages and reports that only
 * once, so a later success would prove nothing.
 */

static const char lock_name[] = "lock";

enum lockbus_err lb_dir_failed(struct lb_dir *dir, int number,
                               const char *doing)
{
    return lb_why_io(&dir->last, number, dir->path, doing);
}

enum lockbus_err lb_dir_may_write(struct lb_dir *dir)
{
    if (dir->read_only) {
        return lb_why(&dir->last, LOCKBUS_ERR_USAGE, dir->path, NULL,
                      "is open for reading only");
    }
    if (dir->sick) {
        return lb_dir_failed(dir, EIO, "an earlier sync failed; start again");
    }
    return LOCKBUS_OK;
}

int lb_dir_write_all(int fd, const uint8_t *bytes, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t put = pwrite(fd, bytes, len, at);

        if (put < 0 && errno != EINTR) {
            return errno;
        }
        if (put > 0) {
            bytes += put;
            len -= (size_t)put;
            at += put;
        }
    }
    return 0;
}

int lb_dir_durable(struct lb_dir *dir, int fd)
{
    if (fsync(fd) == 0) {
        return 0;
    }
    dir->sick = true;
    return errno;
}

int lb_dir_publish(struct lb_dir *dir, const char *from, const char *to)
{
    if (renameat(dir->fd, from, dir->fd, to) != 0) {
        return errno;
    }
    return lb_dir_durable(dir, dir->fd);
}

/* Always a new file: one that a crash left may have any owner and mode. */
int lb_dir_open_new(const struct lb_dir *dir, const char *name)
{
    if (unlinkat(dir->fd, name, 0) != 0 && errno != ENOENT) {
        return -1;
    }
    return openat(dir->fd, name,
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                  S_IRUSR | S_IWUSR);
}

/* Plain names only: none leaves the directory or meets one of ours. */
static bool small_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = name == NULL ? 0 : strlen(name);

    return len > 0 && len < LB_DIR_NAME - 4 && strspn(name, allowed) == len &&
           name[0] != '.' && strncmp(name, "new-", 4) != 0 &&
           strncmp(name, "segment-", 8) != 0 && strcmp(name, lock_name) != 0;
}

/* Small files hold keys. */
static enum lockbus_err judge(struct lb_dir *dir, const char *name, int fd,
                              size_t cap)
{
    char path[sizeof dir->path + LB_DIR_NAME];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s/%s", dir->path, name);
    if (fstat(fd, &st) != 0) {
        return lb_why_io(&dir->last, errno, path, "cannot be examined");
    }
    if (!S_ISREG(st.st_mode)) {
        return lb_why(&dir->last, LOCKBUS_ERR_CONFIG, path, "type",
                      "is not a regular file");
    }
    if ((uint64_t)st.st_size > cap) {
        return lb_why(&dir->last, LOCKBUS_ERR_CORRUPT, path, "length",
                      "is longer than any that is saved here");
    }
    return lb_file_private(&st, path, "chmod 600", &dir->last);
}

static int load_fd(int fd, uint8_t *buf, size_t cap, size_t *len)
{
    size_t have = 0;

    while (have < cap) {
        ssize_t got = read(fd, buf + have, cap - have);

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return errno;
        }
        have += got > 0 ? (size_t)got : 0;
    }
    *len = have;
    return 0;
}

static enum lockbus_err dir_load(void *user, const char *name, uint8_t *buf,
                                 size_t cap, size_t *len)
{
    struct lb_dir *dir = user;

    if (!small_name(name)) {
        return LOCKBUS_ERR_USAGE;
    }
    int fd =
        openat(dir->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT) {
        *len = 0;
        return LOCKBUS_OK;
    }
    if (fd < 0) {
        return lb_dir_failed(dir, errno, "a small file cannot be opened");
    }
    enum lockbus_err err = judge(dir, name, fd, cap);
    int number = err == LOCKBUS_OK ? load_fd(fd, buf, cap, len) : 0;

    (void)close(fd);
    return number == 0
               ? err
               : lb_dir_failed(dir, number, "a small file cannot be read");
}

static enum lockbus_err dir_save(void *user, const char *name,
                                 const uint8_t *buf, size_t len)
{
    struct lb_dir *dir = user;
    char fresh[LB_DIR_NAME];

    if (!small_name(name) || len > LB_STORE_FILE_MAX) {
        return LOCKBUS_ERR_USAGE;
    }
    enum lockbus_err err = lb_dir_may_write(dir);

    if (err != LOCKBUS_OK) {
        return err;
    }
    (void)snprintf(fresh, sizeof fresh, "new-%s", name);
    int fd = lb_dir_open_new(dir, fresh);
    int number = fd < 0 ? errno : lb_dir_write_all(fd, buf, len, 0);

    if (number == 0) {
        number = lb_dir_durable(dir, fd);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (number == 0) {
        number = lb_dir_publish(dir, fresh, name);
    }
    if (number != 0) {
        (void)unlinkat(dir->fd, fresh, 0);
        return lb_dir_failed(dir, number, "a small file cannot be saved");
    }
    return LOCKBUS_OK;
}

/* For people only: a number that could not be written is not told. */
static void write_pid(const struct lb_dir *dir)
{
    char pid[24];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());

    if (ftruncate(dir->lock, 0) == 0) {
        ssize_t put = write(dir->lock, pid, (size_t)len);

        (void)put;
    }
}

static enum lockbus_err held(struct lb_dir *dir)
{
    char pid[24] = "", text[96];
    ssize_t got = read(dir->lock, pid, sizeof pid - 1);
    size_t digits = strspn(pid, "0123456789");

    pid[digits] = '\0';
    (void)snprintf(text, sizeof text,
                   got > 0 && digits > 0
                       ? "process %s has this journal open"
                       : "another process has this journal open",
                   pid);
    return lb_why(&dir->last, LOCKBUS_ERR_BUSY, dir->path, "lock", text);
}

/* One process writes a journal. The lock ends with the process, whatever
 * ended it, so that no stale one is ever left. */
static enum lockbus_err take_lock(struct lb_dir *dir)
{
    dir->lock = openat(dir->fd, lock_name,
                       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                       S_IRUSR | S_IWUSR);
    if (dir->lock < 0) {
        return lb_dir_failed(dir, errno, "its lock cannot be opened");
    }
    if (flock(dir->lock, LOCK_EX | LOCK_NB) == 0) {
        write_pid(dir);
        return LOCKBUS_OK;
    }
    if (errno != EWOULDBLOCK) {
        return lb_dir_failed(dir, errno, "cannot be locked");
    }
    return held(dir);
}

/* Else a power cut could take the whole journal with its name. */
static bool parent_durable(const struct lb_dir *dir)
{
    int parent = openat(dir->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool durable = parent >= 0 && fsync(parent) == 0;

    if (parent >= 0) {
        (void)close(parent);
    }
    return durable;
}

static enum lockbus_err enter(struct lb_dir *dir, const char *path, bool create)
{
    struct stat st;

    if (create && mkdir(path, S_IRWXU) != 0 && errno != EEXIST) {
        return lb_dir_failed(dir, errno, "cannot be made");
    }
    dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->fd < 0 || fstat(dir->fd, &st) != 0) {
        return lb_dir_failed(dir, errno, "cannot be opened");
    }
    if (create && !parent_durable(dir)) {
        return lb_dir_failed(dir, errno, "its folder cannot be made durable");
    }
    if (dir->read_only) {
        return LOCKBUS_OK;
    }
    enum lockbus_err err =
        lb_file_private(&st, dir->path, "chmod 700", &dir->last);

    if (err == LOCKBUS_OK && faccessat(dir->fd, ".", W_OK, AT_EACCESS) != 0) {
        /* Else only the next segment would show it, weeks later. */
        return lb_dir_failed(dir, errno, "cannot be written in");
    }
    return err == LOCKBUS_OK ? take_lock(dir) : err;
}

static void dir_free(struct lb_dir *dir)
{
    const int fds[] = {dir->segment_fd, dir->lock, dir->fd};

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    free(dir);
}

enum lockbus_err lb_dir_open(struct lb_store *store, const char *path,
                             bool create, bool read_only,
                             struct lockbus_error *why)
{
    if (store == NULL || path == NULL || (create && read_only)) {
        return LOCKBUS_ERR_USAGE;
    }
    struct lb_dir *dir = calloc(1, sizeof *dir);

    if (dir == NULL) {
        return lb_why(why, LOCKBUS_ERR_NOMEM, path, NULL, "out of memory");
    }
    dir->fd = dir->lock = dir->segment_fd = -1;
    dir->read_only = read_only;
    (void)snprintf(dir->path, sizeof dir->path, "%s", path);
    enum lockbus_err err = enter(dir, path, create);

    if (err != LOCKBUS_OK) {
        if (why != NULL) {
            *why = dir->last;
        }
        dir_free(dir);
        return err;
    }
    *store = (struct lb_store){.user = dir,
                               .range = lb_dir_range,
                               .create = lb_dir_create,
                               .remove = lb_dir_remove,
                               .read = lb_dir_read,
                               .write = lb_dir_write,
                               .sync = lb_dir_sync,
                               .load = dir_load,
                               .save = dir_save};
    return LOCKBUS_OK;
}

void lb_dir_close(struct lb_store *store)
{
    if (store != NULL && store->user != NULL) {
        dir_free(store->user);
        *store = (struct lb_store){0};
    }
}

size_t lb_dir_memory(void)
{
    return sizeof(struct lb_dir);
}

void lb_dir_last_error(const struct lb_store *store, struct lockbus_error *why)
{
    const struct lb_dir *dir = store->user;

    *why = dir->last;
}
