/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef TOY_GATE_H
#define TOY_GATE_H

/*
 * The smallest state that a journal can get wrong: a counter a door, the
 * number of the last operation, and how many of each record were seen. An
 * operation is two records in one batch. A record folded twice, lost or out
 * of order shows in toy_is_history().
 */

#include "journal/journal.h"
#include "sim_disk.h"

enum { TOY_DOORS = 100 };

struct toy {
    uint32_t count[TOY_DOORS];
    uint32_t last;   /* operation */
    uint32_t halves; /* second records folded since `last` was set */
    bool broken;     /* a record came out of order or changed */
    bool summed;     /* a checkpoint's end was seen */
    unsigned ckpt_ends, records;
};

/* Operation `number` (from 1, in order): its two records. */
void toy_operation(uint32_t number, struct lb_record out[2]);
void toy_apply(struct toy *toy, const struct lb_record *record);

/* Whether the state is that of operations 1 to toy->last, each once. */
bool toy_is_history(const struct toy *toy);

struct lb_journal_visitor toy_visitor(struct toy *toy);
struct lb_journal_snapshot toy_snapshot(struct toy *toy);

/* A journal with its state, on a simulated disk. */
struct toy_host {
    struct sim_disk *disk;
    struct lb_store store;
    struct lb_journal journal;
    struct toy toy;
    uint32_t appended, promised; /* operations */
    uint8_t root_key[32];
};
extern const uint8_t toy_cabinet[16];

/* Makes and opens a journal on an empty disk; OK or what failed. */
enum lockbus_err toy_make(struct toy_host *host, struct sim_disk *disk);
/* Opens what is there; appended = promised = what was found. */
enum lockbus_err toy_open(struct toy_host *host, struct sim_disk *disk,
                          struct lb_recovery *recovery);
/* One operation, made durable with all that the journal wants to write;
 * false when the journal has failed. */
bool toy_commit(struct toy_host *host);
/* Runs jobs until there are none; false when one failed. */
bool toy_flush(struct toy_host *host);
/* Commits until block `number` is the next. */
bool toy_commit_until(struct toy_host *host, uint64_t number);

#endif
