/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Manifests of any content and of every length, at a gate whose own manifest
 * is any that its fold can have left (gate.c asserts that). Lengths that are
 * all refused alike are taken together, with no more memory than the shortest
 * of them has.
 */

#include "any.h"

#include <stddef.h>

enum {
    HEAD = 64, /* then its keys and its signatures */
    KEY = 48,
    SIG = 72,
    KEYS_AT = 5
};

static uint8_t room[HEAD + KEY * UINT8_MAX + SIG];
static struct lb_gate gate;
static struct lb_gate_door doors[1];

/* A manifest of so many keys, and lengths of a range that end alike. */
static void manifest(uint8_t first, uint8_t last, size_t min, size_t max)
{
    uint8_t *bytes = room + sizeof room - min;
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    any_bytes(room, sizeof room);

    if (min >= HEAD) {
        bytes[KEYS_AT] = Frama_C_unsigned_char_interval(first, last);
    }
    ask.len = Frama_C_unsigned_long_interval(min, max);
    lb_gate_decide(&gate, &ask, &verdict);
}

static void manifests_of(uint8_t keys)
{
    size_t body = HEAD + KEY * (size_t)keys;

    manifest(keys, keys, HEAD, body);
    /*@ loop unroll LB_MANIFEST_SIGS + 1; */
    for (size_t sigs = 0; sigs <= LB_MANIFEST_SIGS; sigs++) {
        size_t len = body + SIG * sigs;

        manifest(keys, keys, len, len);
        manifest(keys, keys, len + 1, len + SIG - 1);
        /*@ slevel merge; */
        ;
    }
    manifest(keys, keys, body + SIG * (LB_MANIFEST_SIGS + 1), SIZE_MAX);
}

static void manifests(void)
{
    manifest(0, UINT8_MAX, 0, HEAD - 1);
    manifest(0, 0, HEAD, HEAD + SIG - 1);
    manifest(0, 0, HEAD + SIG, SIZE_MAX);
    /*@ loop unroll UINT8_MAX; */
    for (unsigned keys = LB_MANIFEST_KEYS + 1; keys <= UINT8_MAX; keys++) {
        size_t signer = HEAD + KEY * (size_t)keys;

        manifest((uint8_t)keys, (uint8_t)keys, HEAD, signer + SIG - 1);
        manifest((uint8_t)keys, (uint8_t)keys, signer + SIG, SIZE_MAX);
        /*@ slevel merge; */
        ;
    }
    /*@ loop unroll LB_MANIFEST_KEYS; */
    for (uint8_t keys = 1; keys <= LB_MANIFEST_KEYS; keys++) {
        manifests_of(keys);
        /*@ slevel merge; */
        ;
    }
}

void main(void)
{
    lb_gate_init(&gate, doors, 1);
    any_bytes((uint8_t *)&gate.manifest, sizeof gate.manifest);
    gate.manifest.key_count =
        Frama_C_unsigned_char_interval(0, LB_MANIFEST_KEYS);
    gate.booted = any_bool();
    gate.shut_down = any_bool();
    gate.last_ref = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    manifests();
}
