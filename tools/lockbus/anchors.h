/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef ANCHORS_H
#define ANCHORS_H

/*
 * Files of anchors, one behind the other as they came in, and what a journal
 * has of them.
 */

#include <lockbus/lockbus.h>

struct anchors {
    uint8_t *bytes; /* allocated: count times LOCKBUS_ANCHOR_LEN */
    size_t count;
};

/* False when it is no such file, which was said. */
bool anchors_read(struct anchors *anchors, const char *path);
void anchors_free(struct anchors *anchors);
const uint8_t *anchors_at(const struct anchors *anchors, size_t index);

/* How many there were of each. */
struct anchors_found {
    uint64_t there;
    uint64_t gone;    /* of blocks before the first that is kept */
    uint64_t missing; /* cut off, or another block is in its place */
    uint64_t foreign; /* not by this key, or another cabinet's */
};

/* Each anchor of the files against the journal in `dir`; what is wrong with
 * one is said on standard error. False when a file could not be read. */
bool anchors_compare(struct anchors_found *found, const char *const *paths,
                     size_t count, const char *dir,
                     const struct lockbus_journal_report *report,
                     const uint8_t device_key[32]);

/* For people. */
void anchors_print(const struct anchors_found *found);

#endif
