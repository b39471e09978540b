/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "gate_journal.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { START_MS = 1000000000 };

static void live(struct gate_journal *j, uint16_t door)
{
    lb_gate_live(&j->gate, door, !j->away[door], !j->away[door], j->open[door]);
}

static void broken(struct gate_journal *j, const char *why)
{
    if (j->broken == NULL) {
        j->broken = why;
    }
}

struct gate_journal *gate_journal_new(void)
{
    struct gate_journal *j = calloc(1, sizeof *j);

    if (j == NULL || !lb_crypto_init()) {
        abort();
    }
    j->powered_ms = START_MS;
    lb_gate_init(&j->gate, j->doors, GATE_JOURNAL_DOORS);
    lb_gate_stage(&j->gate, j->row_next);
    lb_gate_clock(&j->gate, j->powered_ms);
    for (uint16_t i = 0; i < GATE_JOURNAL_DOORS; i++) {
        live(j, i);
    }
    gate_journal_tick(j);
    return j;
}

void gate_journal_free(struct gate_journal **journal)
{
    if (*journal != NULL) {
        free((*journal)->blocks);
        free(*journal);
        *journal = NULL;
    }
}

void gate_journal_write(struct gate_journal *j, const struct lb_record *records,
                        size_t count)
{
    if (j->count == j->cap) {
        j->cap = j->cap == 0 ? 16 : 2 * j->cap;
        j->blocks = realloc(j->blocks, j->cap * sizeof *j->blocks);
        if (j->blocks == NULL) {
            abort();
        }
    }
    struct gate_block *block = &j->blocks[j->count++];

    memset(block, 0, sizeof *block);
    block->powered_ms = j->powered_ms;
    block->trusted = j->gate.time_known && j->gate.time_trusted;
    block->unix_s =
        j->gate.time_s + (j->powered_ms - j->gate.time_told_ms) / 1000;
    for (size_t i = 0; i < count; i++) {
        block->batch.rec[block->batch.count++] = records[i];
        if (!lb_gate_apply(&j->gate, &records[i])) {
            broken(j, "a record of the gate's own was not applied");
        }
    }
}

void gate_journal_tick(struct gate_journal *j)
{
    struct lb_record out[LB_BATCH_MAX];
    size_t count;
    unsigned rounds = 0;

    while ((count = lb_gate_tick(&j->gate, out, LB_BATCH_MAX)) != 0) {
        gate_journal_write(j, out, count);
        if (++rounds > 1000) {
            broken(j, "tick never ends");
            return;
        }
    }
    if (lb_gate_next_ms(&j->gate) <= j->powered_ms) {
        broken(j, "next_ms promises what tick does not have");
    }
}

void gate_journal_wait(struct gate_journal *j, uint64_t seconds)
{
    for (uint64_t i = 0; i < seconds; i++) {
        uint64_t next = lb_gate_next_ms(&j->gate);
        struct lb_record out[1];

        j->powered_ms += 1000;
        lb_gate_clock(&j->gate, j->powered_ms);
        if (next > j->powered_ms && lb_gate_tick(&j->gate, out, 1) != 0) {
            broken(j, "tick has what next_ms did not promise");
        }
        gate_journal_tick(j);
    }
    gate_journal_write(j, NULL, 0);
}

/* A copy without what dies with the process. */
static void folded(const struct lb_gate *from, struct lb_gate *gate,
                   struct lb_gate_door *doors)
{
    memcpy(gate, from, sizeof *gate);
    memcpy(doors, from->doors, from->door_cap * sizeof *doors);
    gate->doors = NULL;
    gate->row_next = NULL;
    gate->floor_s = 0; /* blocks raise it too */
    gate->staged = 0;
    memset(gate->staging + gate->manifest_len, 0,
           sizeof gate->staging - gate->manifest_len);
    memset(&gate->running, 0, sizeof *gate - offsetof(struct lb_gate, running));
    for (uint16_t i = 0; i < from->door_cap; i++) {
        memset(doors[i].challenge, 0,
               sizeof doors[i] - offsetof(struct lb_gate_door, challenge));
    }
}

bool gate_journal_same(const struct lb_gate *a, const struct lb_gate *b)
{
    struct {
        struct lb_gate gate;
        struct lb_gate_door doors[GATE_JOURNAL_DOORS];
    } *copy = calloc(2, sizeof *copy);

    if (copy == NULL) {
        abort();
    }
    folded(a, &copy[0].gate, copy[0].doors);
    folded(b, &copy[1].gate, copy[1].doors);
    bool same = memcmp(&copy[0], &copy[1], sizeof copy[0]) == 0 &&
                memcmp(a->row_next, b->row_next,
                       GATE_JOURNAL_DOORS * sizeof *a->row_next) == 0;

    free(copy);
    return same;
}

/* The state as a checkpoint says it, folded into an empty gate. */
static void through_a_checkpoint(struct gate_journal *j,
                                 const struct lb_gate *old)
{
    struct gate_journal *copy = calloc(1, sizeof *copy);
    struct lb_record out[LB_BATCH_MAX];
    uint32_t cursor = 0;
    size_t count;

    if (copy == NULL) {
        abort();
    }
    lb_gate_init(&copy->gate, copy->doors, GATE_JOURNAL_DOORS);
    lb_gate_stage(&copy->gate, copy->row_next);
    while ((count = lb_gate_snapshot(old, &cursor, out, LB_BATCH_MAX)) != 0) {
        for (size_t i = 0; i < count; i++) {
            if (!lb_gate_apply(&copy->gate, &out[i])) {
                broken(j, "a record of a checkpoint was not folded");
            }
        }
    }
    if (!gate_journal_same(&copy->gate, old)) {
        broken(j, "a checkpoint gives another state than was left");
    }
    free(copy);
}

void gate_journal_restart(struct gate_journal *j)
{
    struct gate_journal *old = malloc(sizeof *old);

    if (old == NULL) {
        abort();
    }
    *old = *j;
    old->gate.doors = old->doors;
    old->gate.row_next = old->row_next;
    lb_gate_init(&j->gate, j->doors, GATE_JOURNAL_DOORS);
    memset(j->row_next, 0, sizeof j->row_next);
    lb_gate_stage(&j->gate, j->row_next);
    for (size_t i = 0; i < j->count; i++) {
        const struct gate_block *block = &j->blocks[i];

        lb_gate_block(&j->gate, block->powered_ms, block->unix_s,
                      block->trusted);
        for (size_t k = 0; k < block->batch.count; k++) {
            if (!lb_gate_apply(&j->gate, &block->batch.rec[k])) {
                broken(j, "a record was not folded");
            }
        }
        j->powered_ms = block->powered_ms;
    }
    if (!gate_journal_same(&j->gate, &old->gate)) {
        broken(j, "the fold gives another state than was left");
    }
    through_a_checkpoint(j, &old->gate);
    free(old);
    for (uint16_t i = 0; i < GATE_JOURNAL_DOORS; i++) {
        live(j, i);
    }
    lb_gate_clock(&j->gate, j->powered_ms);
    gate_journal_tick(j);
}

static void fact(struct gate_journal *j, uint16_t door, enum lb_fact what,
                 uint32_t ref)
{
    struct lb_record out[4];
    size_t count = lb_gate_fact(
        &j->gate, (struct lb_gate_fact){door, what, ref, false, 0}, out, 4);

    if (count != 0) {
        gate_journal_write(j, out, count);
    }
    gate_journal_tick(j);
}

void gate_journal_leaf(struct gate_journal *j, uint16_t door, bool open)
{
    j->open[door] = open;
    live(j, door);
    fact(j, door, open ? LB_FACT_LEAF_OPENED : LB_FACT_LEAF_SHUT, 0);
}

void gate_journal_result(struct gate_journal *j, uint16_t door,
                         enum lb_fact what)
{
    fact(j, door, what, j->doors[door].intent_ref);
}

void gate_journal_board(struct gate_journal *j, uint16_t door, bool away)
{
    j->away[door] = away;
    live(j, door);
    gate_journal_tick(j);
}

static void permit(struct gate_journal *j, const struct lb_verdict *verdict)
{
    struct lb_permit permit = {0};

    if (!lb_gate_permit(&j->gate, verdict->ref, &permit) ||
        permit.door != verdict->door || permit.ref != verdict->ref) {
        broken(j, "a verdict of PERMIT gave no permit");
    }
    if (lb_gate_permit(&j->gate, verdict->ref, &permit)) {
        broken(j, "one intent gave two permits");
    }
}

static void derive(struct gate_journal *j, struct lb_verdict *verdict)
{
    struct lb_derive d;
    uint8_t seed[LB_SEED_LEN] = {0};
    struct lb_ask ask = {
        .kind = LB_ASK_CODE_KEY, .derive_ref = verdict->ref, .seed = seed};

    if (!lb_gate_derive(&j->gate, verdict->ref, &d)) {
        broken(j, "a verdict of DERIVE gave nothing to derive");
        return;
    }
    for (size_t i = 0; i < d.seals && !ask.unsealed; i++) {
        uint8_t key[LB_KEY_LEN];

        if (lb_crypto_unseal(seed, d.seal[i], d.ad, d.password,
                             d.password_len) == LOCKBUS_OK) {
            lb_crypto_public(key, seed);
            ask.unsealed = lb_crypto_same(key, d.release_pk, LB_KEY_LEN) ||
                           i + 1 == d.seals;
        }
    }
    gate_journal_ask(j, &ask, verdict);
}

void gate_journal_ask(struct gate_journal *j, const struct lb_ask *ask,
                      struct lb_verdict *verdict)
{
    gate_journal_tick(j);
    lb_gate_decide(&j->gate, ask, verdict);
    if ((verdict->kind == LB_VERDICT_REFUSED) !=
        (verdict->rule != LOCKBUS_RULE_NONE)) {
        broken(j, "a refusal without a rule");
    }
    if (verdict->records.count != 0) {
        gate_journal_write(j, verdict->records.rec, verdict->records.count);
    }
    if (verdict->kind == LB_VERDICT_PERMIT) {
        permit(j, verdict);
    } else if (verdict->kind == LB_VERDICT_DERIVE) {
        derive(j, verdict);
    }
    gate_journal_tick(j);
}

void gate_journal_challenge(struct gate_journal *j, uint16_t door,
                            const uint8_t bytes[16])
{
    uint8_t out[16];

    memset(j->doors[door].challenge, 0, sizeof j->doors[door].challenge);
    if (lb_gate_challenge(&j->gate, door, LB_CHALLENGE_PROOF, bytes, out) !=
            LOCKBUS_OK ||
        memcmp(out, bytes, 16) != 0 ||
        lb_gate_challenge(&j->gate, door, LB_CHALLENGE_SERVICE, bytes, out) !=
            LOCKBUS_OK ||
        memcmp(out, bytes, 16) != 0) {
        broken(j, "a challenge was not handed out");
    }
}

void gate_journal_rows(uint8_t rows[GATE_JOURNAL_DOORS][LB_ROW_LEN])
{
    for (uint16_t i = 0; i < GATE_JOURNAL_DOORS; i++) {
        memset(rows[i], 0, LB_ROW_LEN);
        rows[i][0] = 1;
        lb_put_u16(rows[i] + 2, i);
    }
}

void gate_journal_commission(struct gate_journal *j,
                             const uint8_t cabinet_id[16], uint32_t region,
                             uint16_t doors)
{
    uint8_t rows[GATE_JOURNAL_DOORS][LB_ROW_LEN];
    struct lb_map_view map = {.doors = doors,
                              .rows = (const uint8_t(*)[LB_ROW_LEN])rows};
    struct lb_record out[LB_BATCH_MAX];
    struct lb_record last = {.type = LB_REC_COMMISSION,
                             .door = LB_DOOR_NONE,
                             .powered_ms = j->powered_ms};
    uint32_t cursor = 0;
    size_t count;

    gate_journal_rows(rows);
    while ((count = lb_gate_rows(&map, &cursor, out, LB_BATCH_MAX,
                                 j->powered_ms)) != 0) {
        gate_journal_write(j, out, count);
    }
    memcpy(last.body, cabinet_id, 16);
    lb_put_u32(last.body + LB_COMMISSION_REGION, region);
    lb_put_u16(last.body + LB_COMMISSION_DOORS, doors);
    gate_journal_write(j, &last, 1);
}
