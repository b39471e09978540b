/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The work that a code costs, on the worker. A door's seals are tried with
 * what was typed; when none opens, as much is added as the dearest door of
 * this cabinet would have cost. So a wrong code takes as long at one door as
 * at another, and as long where there is no parcel.
 */

#include "cabinet/derive.h"

#include "base/bytes.h"

#include <string.h>

enum {
    SEAL_OPS = 8,
    SEAL_MEM = 12,
    KEPT_OPS = 0,
    KEPT_MEM = 4,
    MEM_MIN = 8 /* KiB, Argon2id's least */
};

static uint64_t work(struct lb_derive_cost cost)
{
    return (uint64_t)cost.ops * cost.mem_kib;
}

/* What the seals of one door cost together; 0 for none. */
static uint64_t cost_of(const struct lb_gate_door *door,
                        struct lb_derive_cost cost[2])
{
    uint64_t sum = 0;

    for (unsigned slot = 0; slot < 2; slot++) {
        cost[slot] = (struct lb_derive_cost){0};
        if ((door->seals >> slot & 1) != 0) {
            cost[slot].ops = lb_get_u32(door->seal[slot] + KEPT_OPS);
            cost[slot].mem_kib = lb_get_u32(door->seal[slot] + KEPT_MEM);
        }
        sum += work(cost[slot]);
    }
    return sum;
}

/* The dearest door's; where there is no seal, what issuing makes of one. */
static uint64_t dearest(const struct lb_gate *gate,
                        struct lb_derive_cost most[2])
{
    uint64_t sum = 0;

    most[0] = (struct lb_derive_cost){LB_SEAL_OPS_DEFAULT, LB_SEAL_MEM_DEFAULT};
    most[1] = (struct lb_derive_cost){0};
    for (uint16_t n = 0; n < gate->door_count; n++) {
        struct lb_derive_cost cost[2];
        uint64_t all = cost_of(&gate->doors[n], cost);

        if (all > sum) {
            sum = all;
            memcpy(most, cost, sizeof cost);
        }
    }
    return sum != 0 ? sum : work(most[0]);
}

void lb_derive_pad(const struct lb_gate *gate, struct lb_derive_job *job)
{
    struct lb_derive_cost most[2];
    uint64_t rest = dearest(gate, most);

    for (size_t i = 0; i < job->in.seals; i++) {
        rest -= (uint64_t)lb_get_u32(job->in.seal[i] + SEAL_OPS) *
                lb_get_u32(job->in.seal[i] + SEAL_MEM);
    }
    memset(job->pad, 0, sizeof job->pad);
    if (job->in.seals == 0) {
        memcpy(job->pad, most, sizeof most);
    } else if (rest >= MEM_MIN) {
        /* The same memory at most, and as many passes as it then takes. */
        uint32_t mem = most[0].mem_kib > most[1].mem_kib ? most[0].mem_kib
                                                         : most[1].mem_kib;
        uint32_t ops = (uint32_t)((rest + mem - 1) / mem);

        job->pad[0].ops = ops;
        job->pad[0].mem_kib = (uint32_t)(rest / ops);
    }
}

/* A seal of zeros takes its time and opens to nothing. */
static void spend(struct lb_derive_job *job, struct lb_derive_cost cost)
{
    uint8_t seal[LB_SEAL_LEN] = {0};

    lb_put_u32(seal + SEAL_OPS, cost.ops);
    lb_put_u32(seal + SEAL_MEM, cost.mem_kib);
    enum lockbus_err err = lb_crypto_unseal(job->seed, seal, job->in.ad,
                                            job->in.password, LB_CODE_MAX);

    (void)err; /* without memory the answer is only quicker */
}

void lb_derive_run(void *job)
{
    struct lb_derive_job *derive = job;
    const struct lb_derive *in = &derive->in;
    uint8_t key[LB_KEY_LEN];

    derive->unsealed = derive->underived = false;
    for (size_t i = 0; i < in->seals && !derive->unsealed; i++) {
        enum lockbus_err err = lb_crypto_unseal(
            derive->seed, in->seal[i], in->ad, in->password, in->password_len);

        derive->underived = derive->underived || err == LOCKBUS_ERR_NOMEM;
        if (err == LOCKBUS_OK) {
            lb_crypto_public(key, derive->seed);
            derive->unsealed = lb_crypto_same(key, in->release_pk, sizeof key);
        }
    }
    for (size_t i = 0; i < 2 && !derive->unsealed; i++) {
        if (derive->pad[i].ops != 0) {
            spend(derive, derive->pad[i]);
        }
    }
}
