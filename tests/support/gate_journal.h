/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef GATE_JOURNAL_H
#define GATE_JOURNAL_H

/*
 * A gate with a journal in memory: the owner's part of the contract, without
 * a disk. Every record that is applied is kept with the times of its block,
 * and a restart folds them into an empty gate.
 */

#include "gate/gate.h"

enum { GATE_JOURNAL_DOORS = 64 };

struct gate_block {
    uint64_t powered_ms, unix_s;
    bool trusted;
    struct lb_batch batch;
};

struct gate_journal {
    struct lb_gate gate;
    struct lb_gate_door doors[GATE_JOURNAL_DOORS];
    uint8_t row_next[LB_DOOR_MAX][LB_ROW_LEN]; /* staged */
    struct gate_block *blocks;
    size_t count, cap;
    uint64_t powered_ms;
    /* what the doors are really like; survives a restart */
    bool away[GATE_JOURNAL_DOORS], open[GATE_JOURNAL_DOORS];
    const char *broken; /* what the gate did against its contract */
};

/* A gate that has run for a while, booted, with nothing in it. */
struct gate_journal *gate_journal_new(void);
void gate_journal_free(struct gate_journal **journal);

/* Writes and applies; no more than LB_BATCH_MAX. */
void gate_journal_write(struct gate_journal *journal,
                        const struct lb_record *records, size_t count);

/* Ticks until there is nothing more to write. */
void gate_journal_tick(struct gate_journal *journal);

/* Time goes on, a tick a second; an empty block at the end. */
void gate_journal_wait(struct gate_journal *journal, uint64_t seconds);

/* The process dies and starts again on the journal. */
void gate_journal_restart(struct gate_journal *journal);

/* The sensors, then the fact. */
void gate_journal_leaf(struct gate_journal *journal, uint16_t door, bool open);
void gate_journal_result(struct gate_journal *journal, uint16_t door,
                         enum lb_fact fact);
void gate_journal_board(struct gate_journal *journal, uint16_t door, bool away);

/* Decides, writes, and for PERMIT demands exactly one permit; a code goes
 * through its derivation. */
void gate_journal_ask(struct gate_journal *journal, const struct lb_ask *ask,
                      struct lb_verdict *verdict);

/* Hands out this challenge in place of any other. */
void gate_journal_challenge(struct gate_journal *journal, uint16_t door,
                            const uint8_t bytes[16]);

/* The rows of the map that it commissions: 1, 0, the number, zeros. */
void gate_journal_rows(uint8_t rows[GATE_JOURNAL_DOORS][LB_ROW_LEN]);

/* Doors 0 to `doors` - 1, commissioned empty. */
void gate_journal_commission(struct gate_journal *journal,
                             const uint8_t cabinet_id[16], uint32_t region,
                             uint16_t doors);

/* Whether two gates have the same folded state, byte for byte; the time
 * floor is not compared (blocks raise it too). */
bool gate_journal_same(const struct lb_gate *a, const struct lb_gate *b);

#endif
