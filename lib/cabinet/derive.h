/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_DERIVE_H
#define LB_DERIVE_H

/*
 * What a code costs: its seals, and what is added so that the time of a
 * refusal does not say which door it was for.
 */

#include "gate/gate.h"

enum {
    LB_CODE_PACE_MS = 1000, /* in the long run a code is taken this often, */
    LB_CODE_BURST = 5       /* and so many at once */
};

struct lb_derive_cost {
    uint32_t ops, mem_kib; /* passes of Argon2id over so much memory */
};

struct lb_derive_job {
    struct lb_derive in;
    struct lb_derive_cost pad[2]; /* what opens nothing; ops 0: none */
    bool unsealed;
    bool underived; /* there was no memory for one of the seals */
    uint8_t seed[LB_SEED_LEN];
};

/* What must be added, that the job costs as much as the dearest door of the
 * gate. */
void lb_derive_pad(const struct lb_gate *gate, struct lb_derive_job *job);
/* On the worker, a struct lb_derive_job. */
void lb_derive_run(void *job);

#endif
