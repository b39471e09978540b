/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The fold of records of any content in any order, and then, at a gate in
 * any of the states that this gives, every kind of ask with bytes of any
 * content and of every length. The bytes end where their memory ends, so that
 * a read beyond the length is a read beyond the memory. Lengths that are all
 * refused alike are taken together, with no more memory than the shortest of
 * them has. Manifests have a driver of their own.
 */

#include "any.h"
#include "gate/decide.h"

#include <stddef.h>

enum {
    DOOR_AT = 6, /* in a grant, a proof, an order: u16 */
    DOOR_CASES = ANY_DOORS + 2
};

static uint8_t room[LB_COMMISSION_LEN], proof_room[LB_PROOF_LEN];
static uint8_t map_hash[LB_HASH_LEN], seed[LB_SEED_LEN];
static uint8_t map_rows[ANY_DOORS][LB_ROW_LEN];
static struct lb_gate *gate;

/* So many bytes, of any content. */
static uint8_t *bytes_of(size_t len)
{
    any_bytes(room, sizeof room);
    return room + sizeof room - len;
}

static void decide(const struct lb_ask *ask)
{
    struct lb_verdict verdict;

    (void)lb_gate_peek_door(ask);
    lb_gate_decide(gate, ask, &verdict);
}

/* The doors that there are, one by one, and all others: of a low byte that
 * is too high, then of any high byte. */
static void set_door(uint8_t *bytes, unsigned which)
{
    bytes[DOOR_AT] = (uint8_t)which;
    bytes[DOOR_AT + 1] = 0;
    if (which == ANY_DOORS) {
        bytes[DOOR_AT] = Frama_C_unsigned_char_interval(ANY_DOORS, UINT8_MAX);
    } else if (which > ANY_DOORS) {
        any_bytes(bytes + DOOR_AT, 1);
        bytes[DOOR_AT + 1] = Frama_C_unsigned_char_interval(1, UINT8_MAX);
    }
}

/* Every length but the right one. */
static void other_lengths(struct lb_ask ask, size_t right)
{
    ask.bytes = bytes_of(0);
    ask.len = Frama_C_unsigned_long_interval(0, right - 1);
    decide(&ask);
    ask.len = Frama_C_unsigned_long_interval(right + 1, SIZE_MAX);
    decide(&ask);
}

static void deposits(void)
{
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT,
                         .proof = proof_room + sizeof proof_room};

    ask.proof_len = Frama_C_unsigned_long_interval(0, SIZE_MAX);
    other_lengths(ask, LB_GRANT_LEN);
    ask.len = LB_GRANT_LEN;
    /*@ loop unroll DOOR_CASES; */
    for (unsigned which = 0; which < DOOR_CASES; which++) {
        uint8_t *grant = bytes_of(LB_GRANT_LEN);

        set_door(grant, which);
        ask.bytes = grant;
        ask.proof = proof_room + sizeof proof_room;
        ask.proof_len = Frama_C_unsigned_long_interval(0, LB_PROOF_LEN - 1);
        decide(&ask);
        ask.proof_len =
            Frama_C_unsigned_long_interval(LB_PROOF_LEN + 1, SIZE_MAX);
        decide(&ask);
        any_bytes(proof_room, sizeof proof_room);
        ask.proof = proof_room;
        ask.proof_len = LB_PROOF_LEN;
        decide(&ask);
        /*@ slevel merge; */
        ;
    }
}

/* Proofs and orders, which name their door. */
static void of_a_door(enum lb_ask_kind kind, size_t right)
{
    struct lb_ask ask = {.kind = kind};

    other_lengths(ask, right);
    ask.len = right;
    /*@ loop unroll DOOR_CASES; */
    for (unsigned which = 0; which < DOOR_CASES; which++) {
        uint8_t *bytes = bytes_of(right);

        set_door(bytes, which);
        ask.bytes = bytes;
        decide(&ask);
        /*@ slevel merge; */
        ;
    }
}

static void seals(void)
{
    struct lb_ask ask = {.kind = LB_ASK_SEAL};

    /*@ loop unroll ANY_DOORS + 1; */
    for (uint16_t door = 0; door <= ANY_DOORS; door++) {
        ask.door = door < ANY_DOORS
                       ? door
                       : Frama_C_unsigned_short_interval(ANY_DOORS, UINT16_MAX);
        other_lengths(ask, LB_SEAL_LEN);
        ask.bytes = bytes_of(LB_SEAL_LEN);
        ask.len = LB_SEAL_LEN;
        decide(&ask);
        /*@ slevel merge; */
        ;
    }
}

static void commissionings(void)
{
    struct lb_map_view map = {Frama_C_unsigned_short_interval(0, ANY_DOORS),
                              map_hash, map_rows};
    struct lb_ask ask = {.kind = LB_ASK_COMMISSION, .map = &map};

    any_bytes(map_hash, sizeof map_hash);
    any_bytes((uint8_t *)map_rows, sizeof map_rows);
    other_lengths(ask, LB_COMMISSION_LEN);
    ask.bytes = bytes_of(LB_COMMISSION_LEN);
    ask.len = LB_COMMISSION_LEN;
    decide(&ask);
    ask.map = NULL;
    decide(&ask);
}

/* A code's form by every length; what is decided of it, by the longest, whose
 * door and secret can be any. */
static void codes(bool digits)
{
    struct lb_ask ask = {.kind = LB_ASK_CODE, .digits = digits};
    struct lb_code code;

    /*@ loop unroll LB_CODE_TEXT_MAX + 1; */
    for (size_t len = 0; len <= LB_CODE_TEXT_MAX; len++) {
        (void)lb_code_read(&code, bytes_of(len), len, digits);
        /*@ slevel merge; */
        ;
    }
    ask.bytes = bytes_of(LB_CODE_TEXT_MAX);
    ask.len = LB_CODE_TEXT_MAX;
    decide(&ask);
    ask.bytes = bytes_of(0);
    ask.len = Frama_C_unsigned_long_interval(LB_CODE_TEXT_MAX + 1, SIZE_MAX);
    decide(&ask);
    ask.len = 0;
    decide(&ask);
}

static void answers(void)
{
    struct lb_ask ask = {.kind = LB_ASK_CODE_KEY, .seed = seed};
    struct lb_derive derive;

    any_bytes(seed, sizeof seed);
    ask.derive_ref = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    ask.unsealed = any_bool();
    (void)lb_gate_derive(gate, ask.derive_ref, &derive);
    decide(&ask);
    ask.kind = LB_ASK_NOT_EMPTIED;
    ask.door = Frama_C_unsigned_short_interval(0, UINT16_MAX);
    decide(&ask);
}

void main(void)
{
    gate = any_gate();
    /* what manifest.c begins with */
    /*@ assert gate->manifest.key_count <= LB_MANIFEST_KEYS; */
    deposits();
    of_a_door(LB_ASK_PROOF, LB_PROOF_LEN);
    of_a_door(LB_ASK_ORDER, LB_ORDER_LEN);
    commissionings();
    seals();
    codes(false);
    codes(true);
    answers();
}
