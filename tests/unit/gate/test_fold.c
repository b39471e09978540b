/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The fold: a checkpoint gives the state again, also when live records fall
 * into it, and no bytes at all lead it out of its memory.
 */

#include "gate_signer.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HISTORIES = 20, STEPS = 60, RECORDS = 20000 };

static uint32_t dice(uint32_t *seed, uint32_t sides)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % sides;
}

static void try_a_code(struct gate_journal *j, uint16_t door)
{
    char text[] = "00ABCDEF";
    struct lb_ask ask = {.kind = LB_ASK_CODE,
                         .bytes = (const uint8_t *)text,
                         .len = sizeof text - 1};
    struct lb_verdict verdict;

    text[1] = (char)('0' + door);
    gate_journal_ask(j, &ask, &verdict);
}

static void seal(struct gate_journal *j, uint16_t door, uint8_t mark)
{
    uint8_t bytes[LB_SEAL_LEN] = {'L', 'B', 'X', '1', 1, 1, 0,
                                  0,   1,   0,   0,   0, 8};
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = bytes, .len = sizeof bytes, .door = door};
    struct lb_verdict verdict;

    bytes[20] = mark;
    gate_journal_ask(j, &ask, &verdict);
}

static void deposit(struct gate_journal *j, uint16_t door)
{
    struct gate_grant g = {.door = door,
                           .stay = (j->doors[door].stay & UINT32_MAX) + 1,
                           .courier = COURIER,
                           .release = (uint8_t)(OTHERS + door),
                           .back = (uint8_t)(OTHERS + 50 + door),
                           .return_after_s = 60};

    (void)gate_deposit(j, &g);
}

/* Something happens at one of few doors. */
static void step(struct gate_journal *j, uint32_t *seed)
{
    uint16_t door = (uint16_t)dice(seed, 6);
    uint64_t stay = j->doors[door].stay & UINT32_MAX;

    switch (dice(seed, 12)) {
    case 0:
    case 1:
        deposit(j, door);
        break;
    case 2:
    case 3:
        (void)gate_proof(j, 1, door, stay, (uint8_t)(OTHERS + door));
        break;
    case 4:
        (void)gate_proof(j, (uint8_t)(4 + dice(seed, 2)), door, stay, COURIER);
        break;
    case 5:
        (void)gate_order(j, (uint8_t)(1 + dice(seed, 4)), door,
                         (j->gate.last_order_no & UINT32_MAX) + 1);
        break;
    case 6:
        gate_journal_result(j, door,
                            dice(seed, 2) == 0 ? LB_FACT_NEVER_OPENED
                                               : LB_FACT_UNKNOWN);
        break;
    case 7:
        seal(j, door, (uint8_t)dice(seed, 250));
        break;
    case 8:
        try_a_code(j, door);
        break;
    case 9:
        gate_journal_wait(j, dice(seed, 200));
        break;
    default:
        gate_journal_leaf(j, door, !j->open[door]);
        break;
    }
}

static void history(struct gate_journal *j, uint32_t *seed, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        step(j, seed);
    }
}

static void fold_into(struct lb_gate *gate, const struct lb_record *r,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(lb_gate_apply(gate, &r[i]));
    }
}

static void fold_blocks(struct lb_gate *gate, const struct gate_journal *j,
                        size_t from)
{
    for (size_t i = from; i < j->count; i++) {
        fold_into(gate, j->blocks[i].batch.rec, j->blocks[i].batch.count);
    }
}

static void checkpoint_gives_the_state_again(void **state)
{
    (void)state;
    static struct lb_gate_door doors[GATE_JOURNAL_DOORS];
    static uint8_t rows[LB_DOOR_MAX][LB_ROW_LEN];

    for (uint32_t h = 0; h < HISTORIES; h++) {
        struct gate_journal *j = gate_scene();
        struct lb_record out[LB_BATCH_MAX];
        struct lb_gate copy;
        uint32_t seed = h;
        uint32_t cursor = 0;
        size_t count;

        history(j, &seed, STEPS);
        lb_gate_init(&copy, doors, GATE_JOURNAL_DOORS);
        memset(rows, 0, sizeof rows);
        lb_gate_stage(&copy, rows);
        while ((count = lb_gate_snapshot(&j->gate, &cursor, out,
                                         LB_BATCH_MAX)) != 0) {
            fold_into(&copy, out, count);
            assert_int_equal(lb_gate_snapshot(&j->gate, &cursor, out, 29), 0);
        }
        assert_true(gate_journal_same(&j->gate, &copy));
        assert_null(j->broken);
        gate_journal_free(&j);
    }
}

/* The same while records go on between its parts. */
static void checkpoint_under_way_gives_the_state_at_its_end(void **state)
{
    (void)state;
    static struct lb_gate_door doors[GATE_JOURNAL_DOORS];
    static uint8_t rows[LB_DOOR_MAX][LB_ROW_LEN];

    for (uint32_t h = 0; h < HISTORIES; h++) {
        struct gate_journal *j = gate_scene();
        struct lb_record out[LB_BATCH_MAX];
        uint8_t manifest[LB_MANIFEST_MAX];
        struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = manifest};
        struct lb_verdict verdict;
        struct lb_gate copy;
        uint32_t seed = 1000 + h;
        uint32_t cursor = 0;
        unsigned part = 0;
        size_t count;

        history(j, &seed, STEPS);
        lb_gate_init(&copy, doors, GATE_JOURNAL_DOORS);
        memset(rows, 0, sizeof rows);
        lb_gate_stage(&copy, rows);
        while ((count = lb_gate_snapshot(&j->gate, &cursor, out,
                                         LB_BATCH_MAX)) != 0) {
            size_t from = j->count;

            fold_into(&copy, out, count);
            history(j, &seed, 3);
            if (part++ == h % 4) {
                ask.len = gate_make_manifest(manifest, 2, EPOCH, ISSUER);
                gate_journal_ask(j, &ask, &verdict);
                assert_int_equal(verdict.kind, LB_VERDICT_DONE);
            }
            fold_blocks(&copy, j, from);
        }
        assert_true(gate_journal_same(&j->gate, &copy));
        assert_null(j->broken);
        gate_journal_free(&j);
    }
}

static void restarts_give_the_state_again(void **state)
{
    (void)state;

    for (uint32_t h = 0; h < HISTORIES; h++) {
        struct gate_journal *j = gate_scene();
        uint32_t seed = 2000 + h;

        for (unsigned i = 0; i < 4; i++) {
            history(j, &seed, 15);
            gate_journal_restart(j); /* compares */
        }
        assert_null(j->broken);
        gate_journal_free(&j);
    }
}

static void any_bytes_stay_within_memory(void **state)
{
    struct gate_journal *j = gate_scene();
    uint32_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < RECORDS; i++) {
        struct lb_record r = {0};
        uint8_t *body = r.body;

        r.type = (uint8_t)dice(&seed, 70);
        r.kind = (uint8_t)dice(&seed, dice(&seed, 2) == 0 ? 6 : 256);
        r.door = (uint16_t)dice(&seed, dice(&seed, 2) == 0 ? 66 : 65536);
        r.ref = dice(&seed, dice(&seed, 2) == 0 ? 2000 : 1 << 24);
        r.stay = dice(&seed, 1 << 20);
        r.powered_ms = (uint64_t)dice(&seed, 1 << 24) << dice(&seed, 40);
        for (size_t k = 0; k < sizeof r.body; k++) {
            body[k] = (uint8_t)dice(&seed, 256);
        }
        (void)lb_gate_apply(&j->gate, &r);
        assert_true(j->gate.door_count <= j->gate.door_cap);
    }
    gate_journal_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoint_gives_the_state_again),
        cmocka_unit_test(checkpoint_under_way_gives_the_state_at_its_end),
        cmocka_unit_test(restarts_give_the_state_again),
        cmocka_unit_test(any_bytes_stay_within_memory),
    };

    return cmocka_run_group_tests_name("gate fold", tests, NULL, NULL);
}
