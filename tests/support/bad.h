/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BAD_H
#define BAD_H

/*
 * For tests that give a cabinet what it should refuse: what must not change
 * meanwhile, and files that are not what they should be.
 */

#include "rig.h"

/* What refusing leaves as it was: doors, pulses, the journal's entries but
 * for the refusals themselves. */
struct calm {
    unsigned pulses, entries;
    enum lockbus_latch latch[RIG_DOORS];
    enum lockbus_custody custody[RIG_DOORS];
};

void calm_take(struct calm *calm, struct rig *rig);
/* Fails the test, naming `what`, unless nothing moved. */
void calm_check(const struct calm *calm, struct rig *rig, const char *what);

/* How many refusals are on record, alike ones counted. */
unsigned bad_refusals(struct rig *rig);

/* What lies in place of a file. */
enum bad_shape {
    BAD_MISSING = 0,
    BAD_EMPTY,
    BAD_FOLDER,
    BAD_FIFO,
    BAD_ENDLESS, /* a link to /dev/zero */
    BAD_LOOP,    /* a link to itself */
    BAD_NOWHERE, /* a link to nothing */
    BAD_LINK,    /* a link to the good file */
    BAD_BIG,     /* 1 MiB of comment lines */
    BAD_NOISE,   /* as long as it was, at random */
    BAD_NUL,     /* a zero byte in its middle */
    BAD_BOM,
    BAD_CRLF,
    BAD_PUBLIC, /* everybody may read and write it */
    BAD_OTHER   /* another file's bytes */
};

/* Puts the shape in place of `path`; the good file waits beside it. `other`
 * is the path of another file, for BAD_OTHER. */
void bad_put(const char *path, enum bad_shape shape, const char *other);
/* The good file is back. */
void bad_undo(const char *path);

/* Whole files; both fail the test when they cannot. */
size_t bad_read(const char *path, uint8_t *buf, size_t cap);
void bad_write(const char *path, const uint8_t *bytes, size_t len);

#endif
