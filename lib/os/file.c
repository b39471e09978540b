/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _XOPEN_SOURCE 700 /* realpath(), S_ISVTX */

#include "os/os.h"
#include "os/private.h"
#include "os/why.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All of it, whatever the pieces; false with errno set. */
static bool read_all(int fd, uint8_t *buf, size_t cap, size_t *len)
{
    size_t have = 0;

    while (have < cap) {
        ssize_t got = read(fd, buf + have, cap - have);

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return false;
        }
        have += got > 0 ? (size_t)got : 0;
    }
    *len = have;
    return true;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t put = write(fd, bytes + done, len - done);

        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

enum lockbus_err lb_file_private(const struct stat *st, const char *path,
                                 const char *chmod, struct lockbus_error *why)
{
    char text[96];

    if (st->st_uid != geteuid()) {
        (void)snprintf(text, sizeof text,
                       "belongs to user %u, and this is user %u; run as its "
                       "owner, or chown",
                       (unsigned)st->st_uid, (unsigned)geteuid());
        return lb_why(why, LOCKBUS_ERR_CONFIG, path, "owner", text);
    }
    if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)snprintf(text, sizeof text,
                       "others than its owner may use it; %s", chmod);
        return lb_why(why, LOCKBUS_ERR_CONFIG, path, "mode", text);
    }
    return LOCKBUS_OK;
}

enum lockbus_err lb_file_trusted(const struct stat *st, const char *path,
                                 struct lockbus_error *why)
{
    char text[96];

    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        (void)snprintf(text, sizeof text,
                       "belongs to user %u, who may change it; chown it to "
                       "root or to user %u",
                       (unsigned)st->st_uid, (unsigned)geteuid());
        return lb_why(why, LOCKBUS_ERR_CONFIG, path, "owner", text);
    }
    if ((st->st_mode & S_IWOTH) != 0) {
        return lb_why(why, LOCKBUS_ERR_CONFIG, path, "mode",
                      "everybody may write it; chmod o-w");
    }
    return LOCKBUS_OK;
}

/* Its folder; false when the name is too long. */
static bool parent_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (len >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(folder, path, len);
    folder[len] = '\0';
    if (len == 0) {
        memcpy(folder, slash == NULL ? "." : "/", 2);
    }
    return true;
}

/* Where everybody may rename, the name alone says nothing of what is read. In
 * a folder with the sticky bit only the file's owner may. */
static enum lockbus_err trusted_folder(const char *path,
                                       struct lockbus_error *why)
{
    char folder[PATH_MAX];
    struct stat st;

    if (!parent_of(path, folder) || stat(folder, &st) != 0) {
        return lb_why_io(why, errno, path, "its folder cannot be examined");
    }
    return (st.st_mode & S_IWOTH) == 0 || (st.st_mode & S_ISVTX) != 0
               ? LOCKBUS_OK
               : lb_why(why, LOCKBUS_ERR_CONFIG, folder, "mode",
                        "everybody may exchange files in this folder; "
                        "chmod o-w");
}

/* The folder of the name, and of what it leads to. */
static enum lockbus_err trusted_folders(const char *path,
                                        struct lockbus_error *why)
{
    char real[PATH_MAX];
    enum lockbus_err err = trusted_folder(path, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    return realpath(path, real) != NULL
               ? trusted_folder(real, why)
               : lb_why_io(why, errno, path, "cannot be examined");
}

/* A pipe or a device has no whole. */
static enum lockbus_err judge(int fd, const char *path, size_t cap,
                              enum lb_file_guard guard,
                              struct lockbus_error *why)
{
    struct stat st;
    char text[64];

    if (fstat(fd, &st) != 0) {
        return lb_why_io(why, errno, path, "cannot be examined");
    }
    if (!S_ISREG(st.st_mode)) {
        return lb_why(why, LOCKBUS_ERR_CONFIG, path, "type",
                      "is not a regular file");
    }
    if (guard == LB_FILE_TRUSTED) {
        enum lockbus_err err = lb_file_trusted(&st, path, why);

        err = err == LOCKBUS_OK ? trusted_folders(path, why) : err;
        if (err != LOCKBUS_OK) {
            return err;
        }
    }
    if ((uint64_t)st.st_size > cap) {
        (void)snprintf(text, sizeof text, "is longer than %zu bytes", cap);
        return lb_why(why, LOCKBUS_ERR_CONFIG, path, "length", text);
    }
    return guard == LB_FILE_PRIVATE
               ? lb_file_private(&st, path, "chmod 600", why)
               : LOCKBUS_OK;
}

size_t lb_file_len(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0
               ? (size_t)st.st_size
               : 0;
}

enum lockbus_err lb_file_read(const char *path, uint8_t *buf, size_t cap,
                              size_t *len, enum lb_file_guard guard,
                              struct lockbus_error *why)
{
    if (path == NULL || buf == NULL || len == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    /* Without O_NONBLOCK a FIFO would hold us here for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t have = 0;
    uint8_t more = 0;
    size_t rest = 0;

    if (fd < 0) {
        return lb_why_io(why, errno, path, "cannot be opened");
    }
    enum lockbus_err err = judge(fd, path, cap, guard, why);

    if (err == LOCKBUS_OK &&
        (!read_all(fd, buf, cap, &have) || !read_all(fd, &more, 1, &rest))) {
        err = lb_why_io(why, errno, path, "cannot be read");
    }
    if (err == LOCKBUS_OK && rest != 0) {
        err = lb_why(why, LOCKBUS_ERR_CONFIG, path, "length",
                     "grew while it was read");
    }
    (void)close(fd);
    if (err == LOCKBUS_OK) {
        *len = have;
    }
    return err;
}

/* The folder of `path`, so that a new name in it can be made durable. */
static int open_parent(const char *path)
{
    char folder[PATH_MAX];

    return parent_of(path, folder)
               ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
               : -1;
}

static bool fill(int fd, int parent, const uint8_t *bytes, size_t len,
                 unsigned mode)
{
    return write_all(fd, bytes, len) && fchmod(fd, (mode_t)mode) == 0 &&
           fsync(fd) == 0 && fsync(parent) == 0;
}

enum lockbus_err lb_file_write(const char *path, const uint8_t *bytes,
                               size_t len, unsigned mode,
                               struct lockbus_error *why)
{
    if (path == NULL || (bytes == NULL && len != 0) || mode > 0777U) {
        return LOCKBUS_ERR_USAGE;
    }
    enum lockbus_err err = LOCKBUS_OK;
    int fd = -1;
    int parent = open_parent(path);

    if (parent < 0) {
        return lb_why_io(why, errno, path, "its folder cannot be opened");
    }
    /* For its owner only until it is whole: a key must never be readable,
     * not even for the moment between two calls. */
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
              S_IRUSR | S_IWUSR);
    if (fd < 0 && errno == EEXIST) {
        err = lb_why(why, LOCKBUS_ERR_USAGE, path, NULL,
                     "exists; it is never written over");
        goto out;
    }
    if (fd < 0) {
        err = lb_why_io(why, errno, path, "cannot be made");
        goto out;
    }
    if (!fill(fd, parent, bytes, len, mode)) {
        err = lb_why_io(why, errno, path, "cannot be written");
        (void)unlink(path);
    }

out:
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)close(parent);
    return err;
}
