/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The fold refuses a record that no gate writes, and is as it was. Each row
 * changes one byte of a record that is taken.
 */

#include "gate_signer.h"

#include "base/bytes.h"
#include "gate/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { D = 5, KIND = -1, DOOR = -2, REF = -3, NO_ROWS = -4 };

struct row {
    const char *name;
    uint8_t type, kind;
    int at; /* of the body, or what of the head */
    uint32_t value;
};

static struct row rows[] = {
    {"intent_without_open", LB_REC_INTENT, 1, KIND, LB_OPEN_NONE},
    {"intent_with_a_seventh_open", LB_REC_INTENT, 1, KIND, 7},
    {"intent_without_number", LB_REC_INTENT, 1, REF, 0},
    {"intent_without_custody", LB_REC_INTENT, 1, LB_INTENT_CUSTODY, 0},
    {"intent_with_a_fifth_custody", LB_REC_INTENT, 1, LB_INTENT_CUSTODY, 5},
    {"result_without_outcome", LB_REC_RESULT, 1, KIND, 0},
    {"result_with_a_fourth_outcome", LB_REC_RESULT, 1, KIND, 4},
    {"leaf_without_fact", LB_REC_LEAF, 1, KIND, 0},
    {"leaf_with_a_third_fact", LB_REC_LEAF, 1, KIND, 3},
    {"custody_none", LB_REC_CUSTODY, 1, KIND, 0},
    {"custody_of_a_fifth_kind", LB_REC_CUSTODY, 1, KIND, 5},
    {"order_to_open", LB_REC_ORDER, 2, KIND, 1},
    {"order_of_a_fifth_action", LB_REC_ORDER, 2, KIND, 5},
    {"seal_in_a_third_place", LB_REC_SEAL, 0, KIND, 2},
    {"seal_of_another_form", LB_REC_SEAL, 0, 5, 9},
    {"stay_of_a_door_beyond", LB_REC_STAY, 0, DOOR, GATE_JOURNAL_DOORS},
    {"commissioning_of_more_doors_than_there_is_room_for", LB_REC_COMMISSION, 0,
     LB_COMMISSION_DOORS, GATE_JOURNAL_DOORS + 1},
    {"commissioning_of_a_third_kind", LB_REC_COMMISSION, 0, KIND, 2},
    {"rows_of_no_door", LB_REC_ROWS, 6, KIND, 0},
    {"rows_beyond_the_record", LB_REC_ROWS, 6, KIND, 7},
    {"rows_from_a_door_beyond", LB_REC_ROWS, 6, DOOR, GATE_JOURNAL_DOORS + 1},
    {"rows_that_run_over_the_end", LB_REC_ROWS, 6, DOOR,
     GATE_JOURNAL_DOORS - 5},
    {"rows_without_a_place_for_them", LB_REC_ROWS, 6, NO_ROWS, 0},
    {"time_beyond_its_end", LB_REC_TIME, 0, 4, 16},
    {"manifest_longer_than_any", LB_REC_MANIFEST, 0, REF, LB_MANIFEST_MAX + 1},
    {"manifest_of_no_length", LB_REC_MANIFEST, 0, REF, 0},
    {"manifest_from_its_second_part", LB_REC_MANIFEST, 0, KIND, 1},
    {"manifest_without_form", LB_REC_MANIFEST, 0, REF, 90},
    {"state_of_more_doors_than_there_is_room_for", LB_REC_CKPT_CABINET, 0,
     LB_CKPT_DOORS, GATE_JOURNAL_DOORS + 1},
    {"state_half_commissioned", LB_REC_CKPT_CABINET, 0, 102, 2},
    {"hourly_tries_of_a_part_beyond", LB_REC_CKPT_HOURLY, 0, KIND,
     LB_CKPT_HOURLY_RECORDS},
    {"state_of_no_manifest", LB_REC_CKPT_MANIFEST, 0, REF, 0},
    {"rows_of_no_door_in_a_checkpoint", LB_REC_CKPT_ROWS, 6, KIND, 0},
    {"rows_beyond_the_record_in_a_checkpoint", LB_REC_CKPT_ROWS, 6, KIND, 7},
    {"rows_from_a_door_beyond_in_a_checkpoint", LB_REC_CKPT_ROWS, 6, DOOR,
     GATE_JOURNAL_DOORS + 1},
    {"rows_that_run_over_the_end_in_a_checkpoint", LB_REC_CKPT_ROWS, 6, DOOR,
     GATE_JOURNAL_DOORS - 5},
    {"staged_rows_without_a_place_for_them", LB_REC_CKPT_ROWS,
     6 | LB_CKPT_ROWS_NEXT, NO_ROWS, 0},
    {"door_without_custody", LB_REC_CKPT_DOOR, 3, KIND, 0},
    {"door_of_a_fifth_custody", LB_REC_CKPT_DOOR, 3, KIND, 5},
    {"door_with_an_unknown_flag", LB_REC_CKPT_DOOR, 3, 1, 0xff},
    {"door_with_a_third_seal", LB_REC_CKPT_DOOR, 3, 2, 4},
    {"door_with_a_seventh_open", LB_REC_CKPT_DOOR, 3, 7, 7},
    {"door_whose_intent_had_a_fifth_custody", LB_REC_CKPT_DOOR, 3, 8, 5},
    {"door_with_a_fourth_outcome", LB_REC_CKPT_DOOR, 3, 9, 4},
    {"door_beyond", LB_REC_CKPT_DOOR, 3, DOOR, GATE_JOURNAL_DOORS},
    {"kept_seal_in_a_third_place", LB_REC_CKPT_SEAL, 0, KIND, 2},
    {"kept_seal_of_another_form", LB_REC_CKPT_SEAL, 0, 4, 2},
    {"tries_of_a_third_part", LB_REC_CKPT_TRIES, 1, KIND, 2},
    {"record_that_no_checkpoint_has", LB_REC_CKPT_ROWS + 1, 0, REF, 1},
    {"record_of_no_type_there_is", LB_REC_RETAIN + 1, 0, REF, 1},
};

/* A record of this type that is taken. */
static void good(struct lb_record *r, const struct row *row)
{
    memset(r, 0, sizeof *r);
    r->type = row->type;
    r->kind = row->kind;
    r->door = D;
    r->ref = 1000;
    r->stay = gate_stay(200);
    if (row->type == LB_REC_INTENT) {
        r->body[LB_INTENT_CUSTODY] = LB_CUSTODY_OCCUPIED;
    } else if (row->type == LB_REC_SEAL || row->type == LB_REC_CKPT_SEAL) {
        memcpy(r->body, "LBX1\1\1", 6);
    } else if (row->type == LB_REC_COMMISSION) {
        r->body[LB_COMMISSION_DOORS] = SCENE_DOORS;
    } else if (row->type == LB_REC_CKPT_CABINET) {
        r->body[LB_CKPT_DOORS] = SCENE_DOORS;
    }
}

static void change(struct lb_record *r, const struct row *row,
                   struct lb_gate *gate)
{
    if (row->at == KIND) {
        r->kind = (uint8_t)row->value;
    } else if (row->at == DOOR) {
        r->door = (uint16_t)row->value;
    } else if (row->at == REF) {
        r->ref = row->value;
    } else if (row->at == NO_ROWS) {
        lb_gate_stage(gate, NULL);
    } else {
        r->body[row->at] = (uint8_t)row->value;
    }
}

/* What is folded, but for the bytes in which a manifest gathers. */
static void keep(struct gate_journal *into, const struct gate_journal *from)
{
    memcpy(into, from, sizeof *into);
    memset(into->gate.staging, 0, sizeof into->gate.staging);
    into->gate.staged = 0;
}

static void a_record_without_form_changes_nothing(void **state)
{
    const struct row *row = *state;
    struct gate_journal *j = gate_scene();
    struct gate_journal *before = malloc(sizeof *before);
    struct gate_journal *after = malloc(sizeof *after);
    struct lb_record r;
    bool unknown_type =
        row->type == LB_REC_CKPT_ROWS + 1 || row->type == LB_REC_RETAIN + 1;

    assert_non_null(before);
    assert_non_null(after);
    gate_fill(j, D);
    good(&r, row);
    change(&r, row, &j->gate);
    keep(before, j);
    assert_false(lb_gate_apply(&j->gate, &r));
    keep(after, j);
    assert_memory_equal(before, after, sizeof *after);

    /* The control: as it was before the change it is taken, unless it is a
     * part of a manifest, which has to be one. */
    lb_gate_stage(&j->gate, j->row_next);
    good(&r, row);
    assert_int_equal(lb_gate_apply(&j->gate, &r), !unknown_type);
    free(before);
    free(after);
    gate_journal_free(&j);
}

int main(void)
{
    struct CMUnitTest tests[sizeof rows / sizeof rows[0]];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tests[i] = (struct CMUnitTest){rows[i].name,
                                       a_record_without_form_changes_nothing,
                                       NULL, NULL, &rows[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
