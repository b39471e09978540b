/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_STORE_H
#define LB_STORE_H

/*
 * Where a journal lives: numbered segments of LB_SEGMENT_LEN bytes and a few
 * small named files. lib/os/file.c makes one of a directory, tests make one
 * of memory that cuts, tears and forgets. Calls may block; only the worker
 * and the start make them.
 */

#include <lockbus/error.h>

#include <stddef.h>

enum {
    LB_BLOCK_LEN = 4096,
    LB_SEGMENT_BLOCKS = 1024,
    LB_SEGMENT_LEN = LB_BLOCK_LEN * LB_SEGMENT_BLOCKS,
    LB_STORE_FILE_MAX = 4096 /* bytes of a small file */
};

struct lb_store {
    void *user;
    /* Segments present: *first to *next - 1; equal when there are none. */
    enum lockbus_err (*range)(void *user, uint32_t *first, uint32_t *next);
    /* A new segment, all zero, whole length reserved and durable. */
    enum lockbus_err (*create)(void *user, uint32_t segment);
    /* Takes the lowest segment away, durably, when it is this one and not the
     * only one; else USAGE. */
    enum lockbus_err (*remove)(void *user, uint32_t segment);
    /* Exactly `len` bytes, else IO; CORRUPT: the segment is cut short. */
    enum lockbus_err (*read)(void *user, uint32_t segment, uint32_t offset,
                             uint8_t *buf, size_t len);
    enum lockbus_err (*write)(void *user, uint32_t segment, uint32_t offset,
                              const uint8_t *buf, size_t len);
    /* fdatasync of what was written to `segment`. */
    enum lockbus_err (*sync)(void *user, uint32_t segment);
    /* A small file whole; *len 0 and OK when there is none. */
    enum lockbus_err (*load)(void *user, const char *name, uint8_t *buf,
                             size_t cap, size_t *len);
    /* Replaces a small file as one durable step; readable by its owner only. */
    enum lockbus_err (*save)(void *user, const char *name, const uint8_t *buf,
                             size_t len);
};

#endif
