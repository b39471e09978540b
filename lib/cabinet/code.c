/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A code's path between its two decisions: something of it is durable (its
 * try, or that it was refused), Argon2id is at work on the worker, and then
 * there is an answer. A code that the gate refused at once goes the same way,
 * with work that opens nothing, so that the time until the answer does not
 * say which doors have a parcel. One at a time, and in the long run one a
 * second: the journal's writes wait for the same worker, and each code takes
 * a block of the disk.
 */

#include "cabinet/cabinet.h"

bool lb_code_waits(const struct lockbus_cabinet *cab, struct lockbus_error *why)
{
    uint64_t ahead_ms = (uint64_t)(LB_CODE_BURST - 1) * LB_CODE_PACE_MS;

    if (!cab->derive_busy && cab->code_paid_ms <= cab->now_ms + ahead_ms) {
        return false;
    }
    (void)lb_reason(why, LOCKBUS_ERR_BUSY, "code",
                    cab->derive_busy ? "another code is being checked"
                                     : "codes come too fast");
    return true;
}

bool lb_code_hides(const struct lb_ask *ask, const struct lb_verdict *verdict)
{
    return ask->kind == LB_ASK_CODE && verdict->is_code &&
           verdict->rule != LOCKBUS_RULE_C3; /* nothing of a door is in that */
}

/* The refusal is on record at once, as a try would be: the wait for the disk
 * is a part of the answer's time. Codes come too seldom to fill it. */
void lb_code_refuse(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                    const struct lb_verdict *verdict)
{
    uint64_t seq = 0;

    lb_refusal_note(cab, verdict);
    lb_refusal_flush(cab, true);
    if (cab->journal_failed ||
        lb_journal_append(cab->journal, NULL, 0, &seq) != LOCKBUS_OK) {
        lb_journal_has_failed(cab, "the journal had no room for a refusal");
        return;
    }
    cab->derive_busy = true;
    ticket->seq = seq;
    ticket->door = verdict->door;
    ticket->rule = (uint16_t)verdict->rule;
    ticket->state = LB_TICKET_TRY;
}

static void answer(struct lockbus_cabinet *cab, struct lb_ticket *ticket)
{
    struct lb_ask ask = {
        .kind = LB_ASK_CODE_KEY,
        .door = ticket->door,
        .derive_ref = ticket->ref,
        .unsealed = cab->derive_job.unsealed,
        .underived = cab->derive_job.underived,
        .seed = cab->derive_job.seed,
    };

    lb_facts_live(cab, ticket->door);
    lb_ask_again(cab, ticket, &ask, NULL);
}

/* What came of a derivation, or that none could be made, goes to the gate:
 * only then does it take another code. */
void lb_code_end(struct lockbus_cabinet *cab, struct lb_ticket *ticket)
{
    if (ticket->rule != LOCKBUS_RULE_NONE) {
        lb_ticket_end(cab, ticket, LOCKBUS_EVENT_REFUSED,
                      (enum lockbus_rule)ticket->rule, NULL);
    } else {
        answer(cab, ticket);
    }
    lb_crypto_wipe(&cab->derive_job, sizeof cab->derive_job);
    cab->derive_busy = false;
    if (cab->code_paid_ms < cab->now_ms) {
        cab->code_paid_ms = cab->now_ms;
    }
    cab->code_paid_ms += LB_CODE_PACE_MS;
}

/* The stay may have ended while the try became durable: that takes its time
 * too. */
void lb_code_start(struct lockbus_cabinet *cab, struct lb_ticket *ticket)
{
    struct lb_derive_job *job = &cab->derive_job;

    if (ticket->rule != LOCKBUS_RULE_NONE ||
        !lb_gate_derive(&cab->gate, ticket->ref, &job->in)) {
        job->in.seals = 0;
    }
    lb_derive_pad(&cab->gate, job);
    if (lb_worker_submit(cab->worker, lb_derive_run, job) == LOCKBUS_OK) {
        ticket->state = LB_TICKET_DERIVE;
        return;
    }
    job->unsealed = false;
    job->underived = true;
    lb_code_end(cab, ticket);
}
