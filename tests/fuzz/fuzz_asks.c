/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Every kind of ask with bytes of any length, and packages: nothing may be
 * read out of bounds, and nothing may be allowed, for there is no manifest
 * and no signature in what a fuzzer makes.
 */

#include "gate/gate.h"

#include <lockbus/grant.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lb_gate_door doors[8];
    static struct lb_gate gate;
    static struct lb_verdict verdict;
    uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    size_t seal_len = 0, cut = size == 0 ? 0 : data[0] % (size + 1);

    lb_gate_init(&gate, doors, 8);
    lb_gate_clock(&gate, 1);
    for (int kind = LB_ASK_DEPOSIT; kind <= LB_ASK_COMMISSION; kind++) {
        struct lb_ask ask = {
            .kind = (enum lb_ask_kind)kind,
            .bytes = data,
            .len = kind == LB_ASK_DEPOSIT ? cut : size,
            .proof = data + cut,
            .proof_len = size - cut,
            .door = (uint16_t)(size % 16),
        };

        lb_gate_decide(&gate, &ask, &verdict);
        if (verdict.kind == LB_VERDICT_PERMIT) {
            abort();
        }
    }
    (void)(lockbus_package_read(data, size, grant, seal, &seal_len) ==
           LOCKBUS_OK);
    return 0;
}
