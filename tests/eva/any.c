/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "any.h"

static struct lb_gate gate;
static struct lb_gate_door doors[ANY_DOORS];
static uint8_t rows[ANY_DOORS][LB_ROW_LEN];

void any_bytes(uint8_t *bytes, size_t len)
{
    Frama_C_make_unknown((char *)bytes, len);
}

bool any_bool(void)
{
    return Frama_C_interval(0, 1) != 0;
}

void any_record(struct lb_record *record, uint8_t kind)
{
    record->type = Frama_C_unsigned_char_interval(0, UINT8_MAX);
    record->kind = kind;
    record->door = Frama_C_unsigned_short_interval(0, UINT16_MAX);
    record->ref = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    record->stay = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    record->powered_ms = Frama_C_unsigned_long_interval(0, UINT64_MAX);
    any_bytes(record->body, sizeof record->body);
}

/* What depends on a record's kind is a place or a number of rows, and EVA
 * knows no relation between two unknowns: these kinds are taken one by one. */
enum { PARTS = 20, ROWS_NEXT = 128, ROWS = 8 };

static void fold(uint8_t kind)
{
    struct lb_record record;

    any_record(&record, kind);
    (void)lb_gate_apply(&gate, &record);
}

static void fold_some(void)
{
    /*@ loop unroll PARTS; */
    for (unsigned kind = 0; kind < PARTS; kind++) {
        fold((uint8_t)kind);
        /*@ slevel merge; */
        ;
    }
    /*@ loop unroll ROWS; */
    for (unsigned kind = 0; kind < ROWS; kind++) {
        fold((uint8_t)(ROWS_NEXT + kind));
        /*@ slevel merge; */
        ;
    }
    fold(Frama_C_unsigned_char_interval(PARTS, ROWS_NEXT - 1));
    fold(Frama_C_unsigned_char_interval(ROWS_NEXT + ROWS, UINT8_MAX));
}

static void live(void)
{
    uint8_t random[16], out[16];

    lb_gate_clock(&gate, Frama_C_unsigned_long_interval(0, UINT64_MAX));
    lb_gate_time(&gate, Frama_C_unsigned_long_interval(0, UINT64_MAX),
                 any_bool());
    /*@ loop unroll 8; */
    for (uint16_t i = 0; i < ANY_DOORS; i++) {
        lb_gate_live(&gate, i, any_bool(), any_bool(), any_bool());
        any_bytes(random, sizeof random);
        (void)lb_gate_challenge(
            &gate, i, any_bool() ? LB_CHALLENGE_PROOF : LB_CHALLENGE_SERVICE,
            random, out);
    }
}

struct lb_gate *any_gate(void)
{
    lb_gate_init(&gate, doors, ANY_DOORS);
    lb_gate_stage(&gate, rows);
    if (any_bool()) {
        live();
    }
    while (any_bool()) {
        fold_some();
        live();
    }
    return &gate;
}
