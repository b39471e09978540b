/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/dir.h"
#include "os/why.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char segment_new[] = "new-segment";

static void segment_name(char name[LB_DIR_NAME], uint32_t segment)
{
    (void)snprintf(name, LB_DIR_NAME, "segment-%08" PRIu32, segment);
}

/* One number has one name: what does not come out the same is not ours. */
static bool segment_of(const char *name, uint32_t *segment)
{
    static const char head[] = "segment-";
    char again[LB_DIR_NAME];
    char *end = NULL;

    if (strncmp(name, head, sizeof head - 1) != 0) {
        return false;
    }
    errno = 0;
    unsigned long long n = strtoull(name + sizeof head - 1, &end, 10);

    if (errno != 0 || *end != '\0' || n > UINT32_MAX) {
        return false;
    }
    segment_name(again, (uint32_t)n);
    *segment = (uint32_t)n;
    return strcmp(again, name) == 0;
}

enum lockbus_err lb_dir_range(void *user, uint32_t *first, uint32_t *next)
{
    struct lb_dir *dir = user;
    uint64_t low = UINT64_MAX, high = 0, count = 0;
    int copy = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy >= 0 ? fdopendir(copy) : NULL;

    if (list == NULL) {
        enum lockbus_err err = lb_dir_failed(dir, errno, "cannot be listed");

        if (copy >= 0) {
            (void)close(copy);
        }
        return err;
    }
    errno = 0;
    for (const struct dirent *e = readdir(list); e != NULL; e = readdir(list)) {
        uint32_t n = 0;

        if (segment_of(e->d_name, &n)) {
            low = n < low ? n : low;
            high = n > high ? n : high;
            count++;
        }
        errno = 0;
    }
    int number = errno;

    (void)closedir(list);
    if (number != 0) {
        return lb_dir_failed(dir, number, "cannot be listed");
    }
    if (count != 0 && (high - low + 1 != count || high == UINT32_MAX)) {
        return lb_why(&dir->last, LOCKBUS_ERR_CORRUPT, dir->path, "segments",
                      "a segment between the first and the last is missing");
    }
    *first = count != 0 ? (uint32_t)low : 0;
    *next = count != 0 ? (uint32_t)(high + 1) : 0;
    return LOCKBUS_OK;
}

/* The last one used stays open: the journal writes one and reads in order. */
static enum lockbus_err use_segment(struct lb_dir *dir, uint32_t segment)
{
    char name[LB_DIR_NAME];
    struct stat st;

    if (dir->segment_fd >= 0 && dir->segment == segment) {
        return LOCKBUS_OK;
    }
    segment_name(name, segment);
    int fd = openat(dir->fd, name,
                    (dir->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC |
                        O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st) != 0) {
        int number = errno;

        if (fd >= 0) {
            (void)close(fd);
        }
        return lb_dir_failed(dir, number, "a segment cannot be opened");
    }
    if (!S_ISREG(st.st_mode) || st.st_size != LB_SEGMENT_LEN) {
        (void)close(fd);
        return lb_why(&dir->last, LOCKBUS_ERR_CORRUPT, dir->path, name,
                      "this segment has not its whole length");
    }
    if (dir->segment_fd >= 0) {
        (void)close(dir->segment_fd);
    }
    dir->segment = segment;
    dir->segment_fd = fd;
    return LOCKBUS_OK;
}

/*
 * Reserved first, so that a full disk is noticed at once; then the zeros are
 * really written: blocks that are only reserved would make every later
 * fdatasync() write the file's map as well.
 */
static int reserve(struct lb_dir *dir, int fd)
{
    static const uint8_t zeros[LB_BLOCK_LEN];
    int number = posix_fallocate(fd, 0, LB_SEGMENT_LEN);

    for (off_t at = 0; number == 0 && at < LB_SEGMENT_LEN; at += LB_BLOCK_LEN) {
        number = lb_dir_write_all(fd, zeros, sizeof zeros, at);
    }
    return number == 0 ? lb_dir_durable(dir, fd) : number;
}

enum lockbus_err lb_dir_create(void *user, uint32_t segment)
{
    struct lb_dir *dir = user;
    struct stat st;
    char name[LB_DIR_NAME];
    enum lockbus_err err = lb_dir_may_write(dir);

    if (err != LOCKBUS_OK) {
        return err;
    }
    segment_name(name, segment);
    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        return lb_why(&dir->last, LOCKBUS_ERR_USAGE, dir->path, NULL,
                      "the segment exists; it is never made twice");
    }
    int fd = lb_dir_open_new(dir, segment_new);
    int number = fd < 0 ? errno : reserve(dir, fd);

    if (fd >= 0) {
        (void)close(fd);
    }
    if (number == 0) {
        number = lb_dir_publish(dir, segment_new, name);
    }
    if (number != 0) {
        (void)unlinkat(dir->fd, segment_new, 0);
        return lb_dir_failed(dir, number, "a segment cannot be made");
    }
    return LOCKBUS_OK;
}

/* Only from the low end: a gap could not be told from damage. */
enum lockbus_err lb_dir_remove(void *user, uint32_t segment)
{
    struct lb_dir *dir = user;
    char name[LB_DIR_NAME];
    uint32_t first = 0, next = 0;
    enum lockbus_err err = lb_dir_may_write(dir);

    if (err == LOCKBUS_OK) {
        err = lb_dir_range(dir, &first, &next);
    }
    if (err != LOCKBUS_OK) {
        return err;
    }
    if (segment != first || next - first < 2) {
        return lb_why(&dir->last, LOCKBUS_ERR_USAGE, dir->path, NULL,
                      "only the lowest of several segments may go");
    }
    segment_name(name, segment);
    if (dir->segment_fd >= 0 && dir->segment == segment) {
        (void)close(dir->segment_fd);
        dir->segment_fd = -1;
    }
    int number =
        unlinkat(dir->fd, name, 0) == 0 ? lb_dir_durable(dir, dir->fd) : errno;

    return number == 0
               ? LOCKBUS_OK
               : lb_dir_failed(dir, number, "a segment cannot be taken away");
}

static bool inside(uint32_t offset, size_t len)
{
    return offset <= LB_SEGMENT_LEN && len <= LB_SEGMENT_LEN - offset;
}

enum lockbus_err lb_dir_read(void *user, uint32_t segment, uint32_t offset,
                             uint8_t *buf, size_t len)
{
    struct lb_dir *dir = user;

    if (!inside(offset, len)) {
        return LOCKBUS_ERR_USAGE;
    }
    enum lockbus_err err = use_segment(dir, segment);

    for (off_t at = offset; err == LOCKBUS_OK && len > 0;) {
        ssize_t got = pread(dir->segment_fd, buf, len, at);

        if (got == 0) {
            err = lb_dir_failed(dir, EIO, "a segment ends early");
        } else if (got < 0 && errno != EINTR) {
            err = lb_dir_failed(dir, errno, "a segment cannot be read");
        } else if (got > 0) {
            buf += got;
            len -= (size_t)got;
            at += got;
        }
    }
    return err;
}

enum lockbus_err lb_dir_write(void *user, uint32_t segment, uint32_t offset,
                              const uint8_t *buf, size_t len)
{
    struct lb_dir *dir = user;
    enum lockbus_err err =
        inside(offset, len) ? lb_dir_may_write(dir) : LOCKBUS_ERR_USAGE;

    if (err == LOCKBUS_OK) {
        err = use_segment(dir, segment);
    }
    if (err != LOCKBUS_OK) {
        return err;
    }
    int number = lb_dir_write_all(dir->segment_fd, buf, len, (off_t)offset);

    return number == 0
               ? LOCKBUS_OK
               : lb_dir_failed(dir, number, "a segment cannot be written");
}

enum lockbus_err lb_dir_sync(void *user, uint32_t segment)
{
    struct lb_dir *dir = user;
    enum lockbus_err err = lb_dir_may_write(dir);

    if (err == LOCKBUS_OK) {
        err = use_segment(dir, segment);
    }
    if (err == LOCKBUS_OK && fdatasync(dir->segment_fd) != 0) {
        dir->sick = true;
        err = lb_dir_failed(dir, errno, "a segment cannot be made durable");
    }
    return err;
}
