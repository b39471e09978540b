/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Every kind of ask with bytes of any length, records of any form into the
 * fold, and packages. The gate is in full work: an occupied door with keys,
 * seals and an outstanding challenge. Nothing may be read out of bounds, and
 * nothing may open, for a fuzzer has no key.
 */

#include "base/bytes.h"
#include "gate/gate.h"

#include <lockbus/grant.h>

#include <stdlib.h>
#include <string.h>

enum { DOORS = 8, DOOR = 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void occupy(struct lb_gate *gate)
{
    struct lb_gate_door *door = &gate->doors[DOOR];
    const uint8_t seed[LB_SEED_LEN] = {7}, random[16] = {9};
    uint8_t unused[16];

    lb_gate_clock(gate, 1000);
    gate->booted = gate->commissioned = true;
    gate->door_count = DOORS;
    gate->manifest.number = 1;
    gate->manifest.limits = (struct lb_limits){
        .max_open_occupied = 2,
        .max_open_vacant = 2,
        .burst = 2,
        .per_hour = 2,
        .code_tries = 5,
        .reopen_window_s = 60,
        .challenge_ttl_s = 60,
        .service_ttl_s = 60,
        .code_min_bits = 19,
    };
    for (size_t i = 0; i < LB_BUCKETS; i++) {
        gate->bucket[i].level = UINT32_MAX;
    }
    memset(door->row, 1, sizeof door->row);
    door->custody = LB_CUSTODY_OCCUPIED;
    door->stay = 1;
    door->release_uses = door->courier_uses = 3;
    door->seals = 1;
    lb_crypto_public(door->release_pk, seed);
    lb_gate_live(gate, DOOR, true, true, false);
    (void)(lb_gate_challenge(gate, DOOR, LB_CHALLENGE_PROOF, random, unused) ==
           LOCKBUS_OK);
}

static void ask_everything(struct lb_gate *gate, const uint8_t *data,
                           size_t size)
{
    static struct lb_verdict verdict;
    static uint8_t none;
    size_t cut = size == 0 ? 0 : data[0] % (size + 1);
    const uint8_t *bytes = size == 0 ? &none : data;

    for (int kind = LB_ASK_DEPOSIT; kind <= LB_ASK_COMMISSION; kind++) {
        struct lb_ask ask = {
            .kind = (enum lb_ask_kind)kind,
            .bytes = bytes,
            .len = kind == LB_ASK_DEPOSIT ? cut : size,
            .proof = bytes + cut,
            .proof_len = size - cut,
            .door = DOOR,
        };

        lb_gate_decide(gate, &ask, &verdict);
        if (verdict.kind == LB_VERDICT_PERMIT) {
            abort();
        }
    }
}

static void fold_everything(struct lb_gate *gate, const uint8_t *data,
                            size_t size)
{
    struct lb_record record;

    for (size_t at = 0; at + LB_RECORD_LEN <= size; at += LB_RECORD_LEN) {
        record.type = data[at];
        record.kind = data[at + 1];
        record.door = lb_get_u16(data + at + 2);
        record.ref = lb_get_u32(data + at + 4);
        record.stay = lb_get_u64(data + at + 8);
        record.powered_ms = lb_get_u64(data + at + 16);
        lb_copy(record.body, data + at + 24, LB_RECORD_BODY);
        (void)lb_gate_apply(gate, &record);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lb_gate_door doors[DOORS];
    static struct lb_gate gate;
    uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    size_t seal_len = 0;

    if (!lb_crypto_init()) {
        abort();
    }
    lb_gate_init(&gate, doors, DOORS);
    occupy(&gate);
    ask_everything(&gate, data, size);
    lb_gate_init(&gate, doors, DOORS);
    fold_everything(&gate, data, size);
    (void)(lockbus_package_read(data, size, grant, seal, &seal_len) ==
           LOCKBUS_OK);
    return 0;
}
