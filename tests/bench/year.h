/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BENCH_YEAR_H
#define BENCH_YEAR_H

/*
 * Writes the journals of days that nobody lived through: the journal's own
 * writer and the gate's own fold, on a virtual clock and without syncs. What
 * signs is made up, for the fold checks no signature.
 */

#include "gate/gate.h"
#include "journal/journal.h"

enum { YEAR_DOORS_MAX = 300 };

struct year {
    /* set before it begins */
    uint16_t door_count;
    unsigned parcels;  /* a day */
    unsigned lying;    /* parcels at any time */
    unsigned refusals; /* a day */
    uint64_t unix_s;
    /* told of each open that is allowed, or NULL */
    void (*told)(void *user, const struct year *year,
                 const struct lb_record *intent);
    void *user;
    /* its own */
    struct lb_store disk, store; /* store: without syncs */
    struct lb_journal journal;
    struct lb_gate gate;
    struct lb_gate_door doors[YEAR_DOORS_MAX];
    uint8_t rows[LB_DOOR_MAX][LB_ROW_LEN];
    uint64_t ms, stay;
    unsigned commits;
    bool bad;
};

/* Goes on with the commissioned journal DIR/journal; false when it cannot be
 * had. year_end() in any case. */
bool year_begin(struct year *year, const char *dir);
void year_day(struct year *year, unsigned day);
void year_note(struct year *year, enum lb_record_type type);
void year_end(struct year *year);

#endif
