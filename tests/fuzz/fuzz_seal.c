/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Seals, which nobody signs. Door, seal.
 */

#include "scene.h"

#include <string.h>

static uint8_t seal[LB_SEAL_LEN + 1];

static void allowed(const struct lb_gate_door *d)
{
    uint64_t ops = number_at(seal, 8, 4), mem = number_at(seal, 12, 4);

    must(memcmp(seal, "LBX1\1\1\0\0", 8) == 0, "L1: form");
    must(ops >= 1 && ops <= 10 && mem >= 8 && mem <= 262144 &&
             ops * mem <= 524288,
         "L1: cost");
    must(d->custody == LB_CUSTODY_LOADING || d->custody == LB_CUSTODY_OCCUPIED,
         "L2: a parcel");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_verdict verdict;
    struct lb_ask ask = {.kind = LB_ASK_SEAL, .bytes = seal};

    if (size == 0) {
        return 0;
    }
    ask.door = data[0];
    ask.len = size - 1 < sizeof seal ? size - 1 : sizeof seal;
    memcpy(seal, data + 1, ask.len);
    if (!scene_ask(&ask, &verdict)) {
        return 0;
    }
    struct lb_gate *gate = &scene_now()->gate;
    struct lb_gate_door *d = &gate->doors[ask.door];

    must(ask.len == LB_SEAL_LEN && ask.door < SCENE_DOORS, "L1: length");
    must(verdict.kind == LB_VERDICT_DONE, "a seal opens nothing");
    allowed(d);
    lb_gate_decide(gate, &ask, &verdict);
    must(verdict.kind == LB_VERDICT_DONE && verdict.records.count == 0,
         "the same seal again is nothing new");
    seal[LB_SEAL_LEN - 1] ^= 1;
    lb_gate_decide(gate, &ask, &verdict);
    must((verdict.kind == LB_VERDICT_REFUSED) == (d->seals == 3),
         "L3: two seals, and no third");
    return 0;
}
