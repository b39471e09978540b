/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef MALLOC_COUNT_H
#define MALLOC_COUNT_H

/*
 * Counts what the whole process allocates, other people's libraries too: by
 * the sanitizers' own hooks where there are any, else by standing in front of
 * glibc's allocator. A test that calls malloc_count_start() gets it by
 * linking; the others are left alone.
 */

#include <stddef.h>

struct malloc_count {
    size_t calls; /* malloc, calloc, realloc and the like */
    size_t frees;
    size_t bytes;   /* asked for, in all */
    size_t live;    /* bytes that are held, as the allocator rounds them */
    size_t peak;    /* the most of them at any moment */
    size_t largest; /* piece, as it was asked for */
};

/* From here on all are zero; what was held before does not count, and when
 * it is freed, `live` goes below zero, that is, wraps. */
void malloc_count_start(void);

/* Since the start. */
struct malloc_count malloc_count_now(void);

#endif
