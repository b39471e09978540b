/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Commissioning: K1 to K8, one row a rule, and what the records make of it.
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

enum { D = 5, DOORS = 8 };

struct world {
    struct gate_journal *j;
    uint8_t order[LB_COMMISSION_LEN];
    uint8_t rows[GATE_JOURNAL_DOORS][LB_ROW_LEN];
    uint8_t hash[LB_HASH_LEN];
    struct lb_map_view map;
    struct lb_verdict verdict;
};

static void sign(struct world *w, uint8_t one, uint8_t two)
{
    gate_sign_pair(w->order, 112, "lockbus/commission/v1", one, two);
}

static void make(struct world *w, uint8_t kind, uint64_t number)
{
    uint8_t *o = w->order;

    memset(o, 0, LB_COMMISSION_LEN);
    memcpy(o, "LBC1\1", 5);
    o[5] = kind;
    lb_put_u16(o + 6, DOORS);
    memcpy(o + 8, gate_cabinet, 16);
    lb_put_u64(o + 24, gate_stay(number));
    memcpy(o + 32, w->hash, LB_HASH_LEN);
    memcpy(o + 64, w->j->gate.manifest.hash, LB_HASH_LEN);
    lb_put_u32(o + 96, REGION);
    sign(w, OPERATIONS, SECURITY);
}

static enum lockbus_rule decide(struct world *w)
{
    struct lb_ask ask = {.kind = LB_ASK_COMMISSION,
                         .bytes = w->order,
                         .len = sizeof w->order,
                         .map = &w->map};

    lb_gate_decide(&w->j->gate, &ask, &w->verdict);
    return w->verdict.rule;
}

/* The owner's part: the rows, then the order. */
static void write_down(struct world *w)
{
    struct lb_record out[4];
    uint32_t cursor = 0;
    size_t count;

    while ((count = lb_gate_rows(&w->map, &cursor, out, 1, w->j->powered_ms)) !=
           0) {
        gate_journal_write(w->j, out, count);
    }
    gate_journal_write(w->j, w->verdict.records.rec, w->verdict.records.count);
}

static struct world *new_world(bool commissioned)
{
    struct world *w = calloc(1, sizeof *w);

    if (w == NULL) {
        abort();
    }
    w->j = gate_scene();
    w->j->gate.commissioned = commissioned;
    memset(w->hash, 0x77, sizeof w->hash);
    for (uint16_t i = 0; i < GATE_JOURNAL_DOORS; i++) {
        memcpy(w->rows[i], w->j->doors[i].row, LB_ROW_LEN);
    }
    w->map =
        (struct lb_map_view){.doors = DOORS,
                             .hash = w->hash,
                             .rows = (const uint8_t(*)[LB_ROW_LEN])w->rows};
    return w;
}

static int amendment(void **state)
{
    struct world *w = new_world(true);

    gate_fill(w->j, D);
    make(w, 1, 1);
    *state = w;
    return 0;
}

static int first(void **state)
{
    struct world *w = new_world(false);

    make(w, 0, 1);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    bool ok = w->j->broken == NULL;

    gate_journal_free(&w->j);
    free(w);
    return ok ? 0 : -1;
}

static void a_first_order_makes_the_doors(void **state)
{
    struct world *w = *state;

    memset(w->rows[3], 0, LB_ROW_LEN); /* a number without a door */
    assert_int_equal(decide(w), LOCKBUS_RULE_NONE);
    assert_int_equal(w->verdict.records.count, 1);
    write_down(w);
    assert_true(w->j->gate.commissioned);
    assert_int_equal(w->j->gate.door_count, DOORS);
    assert_int_equal(w->j->gate.region, REGION);
    assert_memory_equal(w->j->gate.map_hash, w->hash, LB_HASH_LEN);
    assert_true(lb_gate_has_door(&w->j->gate, 2));
    assert_false(lb_gate_has_door(&w->j->gate, 3));
    assert_false(lb_gate_has_door(&w->j->gate, DOORS));
    assert_int_equal(decide(w), LOCKBUS_RULE_K6);
}

static void an_amendment_keeps_custody_and_changes_vacant_rows(void **state)
{
    struct world *w = *state;

    w->rows[2][5] ^= 1;
    assert_int_equal(decide(w), LOCKBUS_RULE_NONE);
    write_down(w);
    assert_int_equal(w->j->doors[D].custody, LB_CUSTODY_OCCUPIED);
    assert_memory_equal(w->j->doors[2].row, w->rows[2], LB_ROW_LEN);
    assert_int_equal(w->j->gate.door_count, DOORS);
    assert_int_equal(decide(w), LOCKBUS_RULE_K6); /* its number is used */
    gate_journal_restart(w->j);
}

static void rows_alone_change_nothing(void **state)
{
    struct world *w = *state;
    struct lb_record out[4];
    uint32_t cursor = 0;
    uint8_t before[LB_ROW_LEN];

    memcpy(before, w->j->doors[0].row, LB_ROW_LEN);
    w->rows[0][5] ^= 1;
    size_t count = lb_gate_rows(&w->map, &cursor, out, 4, w->j->powered_ms);

    assert_int_equal(count, 2);
    gate_journal_write(w->j, out, count);
    assert_memory_equal(w->j->doors[0].row, before, LB_ROW_LEN);
}

struct row {
    const char *name;
    void (*change)(struct world *w);
    enum lockbus_rule rule;
};

static void kind_2(struct world *w)
{
    make(w, 2, 1);
}

static void no_doors(struct world *w)
{
    lb_put_u16(w->order + 6, 0);
    sign(w, OPERATIONS, SECURITY);
}

static void reserved(struct world *w)
{
    w->order[111] = 1;
    sign(w, OPERATIONS, SECURITY);
}

static void one_twice(struct world *w)
{
    sign(w, SECURITY, SECURITY);
}

static void same_role(struct world *w)
{
    sign(w, OPERATIONS, OPERATIONS_TOO);
}

static void a_root(struct world *w)
{
    sign(w, OPERATIONS, ROOT_A);
}

static void body_changed(struct world *w)
{
    w->order[40] ^= 1;
}

static void epoch(struct world *w)
{
    make(w, 1, 1);
    w->order[28]++;
    sign(w, OPERATIONS, SECURITY);
}

static void cabinet(struct world *w)
{
    w->order[8] ^= 1;
    sign(w, OPERATIONS, SECURITY);
}

static void manifest_hash(struct world *w)
{
    w->order[64] ^= 1;
    sign(w, OPERATIONS, SECURITY);
}

static void map_hash(struct world *w)
{
    w->hash[31] ^= 1;
}

static void door_count(struct world *w)
{
    w->map.doors--;
}

static void first_again(struct world *w)
{
    make(w, 0, 1);
}

static void region(struct world *w)
{
    w->order[96] ^= 1;
    sign(w, OPERATIONS, SECURITY);
}

static void number_zero(struct world *w)
{
    w->j->gate.last_order_no = gate_stay(1);
}

static void occupied_row(struct world *w)
{
    w->rows[D][15] ^= 1;
}

static void occupied_door_gone(struct world *w)
{
    w->map.doors = D;
    lb_put_u16(w->order + 6, D);
    sign(w, OPERATIONS, SECURITY);
}

static void shut_down(struct world *w)
{
    lb_gate_shut_down(&w->j->gate);
}

/* clang-format off */
static const struct row rows[] = {
    {"a kind that is none", kind_2, LOCKBUS_RULE_K1},
    {"no doors at all", no_doors, LOCKBUS_RULE_K1},
    {"bytes that should be zero", reserved, LOCKBUS_RULE_K1},
    {"one person twice", one_twice, LOCKBUS_RULE_K1},
    {"two of one role", same_role, LOCKBUS_RULE_K2},
    {"a root as one of two", a_root, LOCKBUS_RULE_K2},
    {"a body that was changed", body_changed, LOCKBUS_RULE_K2},
    {"another epoch", epoch, LOCKBUS_RULE_K3},
    {"another cabinet's amendment", cabinet, LOCKBUS_RULE_K3},
    {"another manifest", manifest_hash, LOCKBUS_RULE_K4},
    {"another map", map_hash, LOCKBUS_RULE_K5},
    {"another number of doors", door_count, LOCKBUS_RULE_K5},
    {"a first one on a cabinet in use", first_again, LOCKBUS_RULE_K6},
    {"another region", region, LOCKBUS_RULE_K6},
    {"a number that was used", number_zero, LOCKBUS_RULE_K6},
    {"the row of an occupied door changed", occupied_row, LOCKBUS_RULE_K7},
    {"an occupied door taken away", occupied_door_gone, LOCKBUS_RULE_K7},
    {"a disk that failed", shut_down, LOCKBUS_RULE_K8},
};
/* clang-format on */

enum { ROWS = sizeof rows / sizeof rows[0] };

static void check_row(void **state)
{
    struct world *w = new_world(true);
    const struct row *row = *state;

    gate_fill(w->j, D);
    make(w, 1, 1);
    row->change(w);
    assert_int_equal(decide(w), row->rule);
    gate_journal_free(&w->j);
    free(w);
}

int main(void)
{
    static struct CMUnitTest tests[ROWS];
    const struct CMUnitTest more[] = {
        cmocka_unit_test_setup_teardown(a_first_order_makes_the_doors, first,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            an_amendment_keeps_custody_and_changes_vacant_rows, amendment,
            teardown),
        cmocka_unit_test_setup_teardown(rows_alone_change_nothing, amendment,
                                        teardown),
    };

    for (size_t i = 0; i < ROWS; i++) {
        union {
            const struct row *row;
            void *any;
        } place = {.row = &rows[i]};

        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = place.any};
    }
    int failed =
        cmocka_run_group_tests_name("gate commission rules", tests, NULL, NULL);

    failed += cmocka_run_group_tests_name("gate commission", more, NULL, NULL);
    return failed;
}
