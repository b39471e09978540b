/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The middle of a code's path: its try is durable, Argon2id is at work on the
 * worker, and what came of it goes back to the gate. One at a time; the seed
 * and the password are wiped when the gate has its answer.
 */

#include "cabinet/cabinet.h"

static void run_derive(void *job)
{
    struct lb_derive_job *derive = job;
    uint8_t key[LB_KEY_LEN];

    derive->unsealed = false;
    for (size_t i = 0; i < derive->in.seals && !derive->unsealed; i++) {
        if (!lb_crypto_unseal(derive->seed, derive->in.seal[i], derive->in.ad,
                              derive->in.password, derive->in.password_len)) {
            continue;
        }
        lb_crypto_public(key, derive->seed);
        derive->unsealed =
            lb_crypto_same(key, derive->in.release_pk, sizeof key);
    }
}

/* What came of a derivation, or that none could be made, goes to the gate:
 * only then does it take another code. */
void lb_code_end(struct lockbus_cabinet *cab, struct lb_ticket *ticket)
{
    struct lb_ask ask = {
        .kind = LB_ASK_CODE_KEY,
        .door = ticket->door,
        .derive_ref = ticket->ref,
        .unsealed = cab->derive_job.unsealed,
        .seed = cab->derive_job.seed,
    };

    lb_facts_live(cab, ticket->door);
    lb_ask_again(cab, ticket, &ask, NULL);
    lb_crypto_wipe(&cab->derive_job, sizeof cab->derive_job);
    cab->derive_busy = false;
}

/* The stay may have ended while the try became durable. */
void lb_code_start(struct lockbus_cabinet *cab, struct lb_ticket *ticket)
{
    if (lb_gate_derive(&cab->gate, ticket->ref, &cab->derive_job.in) &&
        lb_worker_submit(cab->worker, run_derive, &cab->derive_job) ==
            LOCKBUS_OK) {
        ticket->state = LB_TICKET_DERIVE;
        return;
    }
    cab->derive_job.unsealed = false;
    lb_code_end(cab, ticket);
}
