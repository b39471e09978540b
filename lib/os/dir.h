/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_DIR_H
#define LB_DIR_H

/*
 * What the two halves of a directory store share: dir.c opens it and keeps
 * the small files, segment.c keeps the segments. Used by one thread at a
 * time, as the store is.
 */

#include "os/os.h"

#include <sys/types.h>

enum { LB_DIR_NAME = 32 };

struct lb_dir {
    int fd, lock; /* lock: -1 when open for reading only */
    bool read_only, sick;
    uint32_t segment; /* the one that is open as segment_fd */
    int segment_fd;   /* -1: none */
    struct lockbus_error last;
    char path[256]; /* for people */
};

/* Remembers a failed system call in `last`; IO. */
enum lockbus_err lb_dir_failed(struct lb_dir *dir, int number,
                               const char *doing);

/* USAGE when open for reading only, IO after a failed sync. */
enum lockbus_err lb_dir_may_write(struct lb_dir *dir);

/* A new, empty file of this name; -1 with errno. */
int lb_dir_open_new(const struct lb_dir *dir, const char *name);

/* All the bytes; 0 or an error number. */
int lb_dir_write_all(int fd, const uint8_t *bytes, size_t len, off_t at);

/* fsync(); 0 or an error number, and then the store is sick. */
int lb_dir_durable(struct lb_dir *dir, int fd);

/* `from` becomes `to`, durably; 0 or an error number. */
int lb_dir_publish(struct lb_dir *dir, const char *from, const char *to);

/* The store's functions for segments. */
enum lockbus_err lb_dir_range(void *user, uint32_t *first, uint32_t *next);
enum lockbus_err lb_dir_create(void *user, uint32_t segment);
enum lockbus_err lb_dir_remove(void *user, uint32_t segment);
enum lockbus_err lb_dir_read(void *user, uint32_t segment, uint32_t offset,
                             uint8_t *buf, size_t len);
enum lockbus_err lb_dir_write(void *user, uint32_t segment, uint32_t offset,
                              const uint8_t *buf, size_t len);
enum lockbus_err lb_dir_sync(void *user, uint32_t segment);

#endif
