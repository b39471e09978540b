/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The one path of an open, and every effect on the journal.
 *
 * An ask is decided by the gate; what it decided is appended to the journal
 * and applied to the gate in one step; the worker makes it durable; only then
 * may the gate give its permit. A code takes the first half of this path
 * twice: once for its try, and once, when it proved right, for the open.
 *
 * When a sync fails nobody knows what the disk holds: every open is refused
 * until a new start has read it again.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <stdio.h>

enum { ORDER_ACTION = 5 }; /* where a service order has it */

static void run_journal(void *job)
{
    lb_journal_run(job);
}

void lb_journal_has_failed(struct lockbus_cabinet *cab, const char *text)
{
    if (cab->journal_failed) {
        return;
    }
    cab->journal_failed = true;
    lb_gate_shut_down(&cab->gate);
    (void)snprintf(cab->failure_text, sizeof cab->failure_text,
                   "nothing opens until restart: %.66s", text);
    struct lb_event event = {.kind = LOCKBUS_EVENT_JOURNAL_FAILED,
                             .door = LB_DOOR_NONE,
                             .text = cab->failure_text};
    lb_event_put(cab, &event);
    for (size_t i = 0; i < LOCKBUS_TICKETS; i++) {
        struct lb_ticket *ticket = &cab->ticket[i];

        if (ticket->state != LB_TICKET_FREE &&
            ticket->state != LB_TICKET_PERMITTED) {
            lb_ticket_end(cab, ticket, LOCKBUS_EVENT_EXPIRED, LOCKBUS_RULE_NONE,
                          "the journal failed before this was on record");
        }
    }
    lb_recheck_forget(cab);
}

/* The gate takes a record in; the host hears when custody moved. */
static void apply(struct lockbus_cabinet *cab, const struct lb_record *record,
                  uint32_t ticket)
{
    enum lockbus_custody_reason reason = lb_custody_reason(cab, record);
    bool is_door = record->door < cab->gate.door_cap;
    uint8_t before =
        is_door ? cab->gate_doors[record->door].custody : LB_CUSTODY_NONE;

    if (!lb_gate_apply(&cab->gate, record)) {
        /* Its own record: only a bug gets here, and then nothing may open. */
        lb_journal_has_failed(cab, "the gate refused its own record");
        return;
    }
    if (is_door && cab->gate_doors[record->door].custody != before) {
        struct lb_event event = {
            .kind = LOCKBUS_EVENT_CUSTODY,
            .ticket = ticket,
            .door = record->door,
            .custody = cab->gate_doors[record->door].custody,
            .reason = reason,
        };
        lb_event_put(cab, &event);
    }
}

static bool append(struct lockbus_cabinet *cab, const struct lb_record *records,
                   size_t count, uint64_t *seq)
{
    if (cab->journal_failed) {
        return false;
    }
    enum lockbus_err err = lb_journal_append(cab->journal, records, count, seq);

    if (err != LOCKBUS_OK && err != LOCKBUS_ERR_BUSY) {
        lb_journal_has_failed(cab, "the journal takes no record");
    }
    if (err == LOCKBUS_OK) {
        cab->last_block_ms = cab->now_ms;
        cab->written = *seq;
    }
    return err == LOCKBUS_OK;
}

bool lb_write(struct lockbus_cabinet *cab, const struct lb_record *records,
              size_t count)
{
    return lb_write_for(cab, 0, records, count);
}

bool lb_write_for(struct lockbus_cabinet *cab, uint32_t ticket,
                  const struct lb_record *records, size_t count)
{
    uint64_t seq;

    if (!append(cab, records, count, &seq)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        apply(cab, &records[i], ticket);
    }
    return true;
}

/* A seal that comes with a deposit goes into the deposit's own block. The
 * grant may be used again while the door is LOADING; its seal is then there
 * already. */
static void add_seal(struct lockbus_cabinet *cab, struct lb_batch *batch,
                     uint16_t door, const uint8_t *seal)
{
    struct lb_verdict verdict;
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = seal, .len = LB_SEAL_LEN, .door = door};
    lb_gate_decide(&cab->gate, &ask, &verdict);
    if (verdict.kind != LB_VERDICT_DONE) {
        return;
    }
    for (size_t i = 0; i < verdict.records.count && batch->count < LB_BATCH_MAX;
         i++) {
        batch->rec[batch->count++] = verdict.records.rec[i];
        apply(cab, &verdict.records.rec[i], 0);
    }
}

/* What the gate allowed is applied, written, and waited for. The caller made
 * sure of room: a batch that cannot be appended now is a failed journal. */
static void accept(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                   struct lb_verdict *verdict, const uint8_t *seal)
{
    uint64_t seq = 0;

    lb_facts_assumed(cab, verdict->records.rec, verdict->records.count);
    for (size_t i = 0; i < verdict->records.count; i++) {
        apply(cab, &verdict->records.rec[i], ticket->id);
    }
    if (seal != NULL && !cab->journal_failed) {
        add_seal(cab, &verdict->records, verdict->door, seal);
    }
    if (!append(cab, verdict->records.rec, verdict->records.count, &seq)) {
        lb_journal_has_failed(cab, "the journal had no room for an intent");
        return;
    }
    for (size_t i = 0; i < verdict->records.count; i++) {
        const struct lb_record *record = &verdict->records.rec[i];

        /* Blocked or cleared: whatever still runs there stops. */
        if (record->type == LB_REC_ORDER &&
            record->kind != LOCKBUS_SERVICE_UNBLOCK) {
            lb_facts_withdraw(cab, record->door);
        }
    }
    ticket->seq = seq;
    ticket->ref = verdict->ref;
    ticket->door = verdict->door;
    ticket->opens = verdict->kind == LB_VERDICT_PERMIT;
    ticket->state =
        verdict->kind == LB_VERDICT_DERIVE ? LB_TICKET_TRY : LB_TICKET_RECORD;
}

/* Refused: what must be written at once (a right code's tries back) is, the
 * refusal itself at its pace. */
static void refuse(struct lockbus_cabinet *cab,
                   const struct lb_verdict *verdict)
{
    for (size_t i = 0; i < verdict->records.count; i++) {
        const struct lb_record *record = &verdict->records.rec[i];

        if (record->type != LB_REC_REFUSAL &&
            lb_journal_has_room(cab->journal, true)) {
            (void)lb_write(cab, record, 1);
        }
    }
    lb_refusal_note(cab, verdict);
}

struct lb_ticket *lb_ticket_new(struct lockbus_cabinet *cab)
{
    for (size_t i = 0; i < LOCKBUS_TICKETS; i++) {
        struct lb_ticket *ticket = &cab->ticket[i];

        if (ticket->state == LB_TICKET_FREE) {
            *ticket = (struct lb_ticket){.door = LB_DOOR_NONE};
            /* 0 means none, also after 2^32 tickets */
            do {
                cab->last_ticket++;
            } while (cab->last_ticket == 0 ||
                     lb_ticket_find(cab, cab->last_ticket) != NULL);
            ticket->id = cab->last_ticket;
            return ticket;
        }
    }
    return NULL;
}

/* A door opens for one thing at a time: while a permit runs, or is on its way,
 * no other open of that door is decided, so that no pulse is on the wire whose
 * outcome would be taken for another's. */
static bool door_is_busy(const struct lockbus_cabinet *cab,
                         const struct lb_ask *ask, uint16_t door)
{
    bool opens = ask->kind == LB_ASK_DEPOSIT || ask->kind == LB_ASK_PROOF ||
                 ask->kind == LB_ASK_CODE ||
                 (ask->kind == LB_ASK_ORDER && ask->len > ORDER_ACTION &&
                  ask->bytes[ORDER_ACTION] == LOCKBUS_SERVICE_OPEN);

    if (!opens || door >= cab->door_count) {
        return false;
    }
    for (size_t i = 0; i < LOCKBUS_TICKETS; i++) {
        const struct lb_ticket *ticket = &cab->ticket[i];

        if (ticket->state != LB_TICKET_FREE && ticket->door == door &&
            ticket->rule == LOCKBUS_RULE_NONE &&
            (ticket->opens || ticket->state != LB_TICKET_RECORD)) {
            return true;
        }
    }
    return cab->slots[door].latch.permit_ref != 0;
}

static enum lockbus_err journal_failed(const struct lockbus_cabinet *cab,
                                       struct lockbus_error *why)
{
    (void)lb_reason(why, LOCKBUS_ERR_IO, "journal", cab->failure_text);
    (void)snprintf(why->file, sizeof why->file, "%s", cab->config->journal);
    why->sys_errno = cab->failure_errno;
    return LOCKBUS_ERR_IO;
}

enum lockbus_err lb_ask_ready(const struct lockbus_cabinet *cab,
                              struct lockbus_error *why)
{
    if (cab->journal_failed) {
        return journal_failed(cab, why);
    }
    if (!cab->gate.booted || !lb_journal_has_room(cab->journal, true)) {
        return lb_reason(why, LOCKBUS_ERR_BUSY, "journal",
                         "the journal is catching up: ask after the next poll");
    }
    return LOCKBUS_OK;
}

enum lockbus_err lb_ask(struct lockbus_cabinet *cab, const struct lb_ask *ask,
                        const uint8_t *seal, size_t seal_len, uint32_t *id,
                        struct lockbus_error *why)
{
    struct lb_verdict verdict;

    cab->rests = false; /* of what is decided here, the next poll does more */
    enum lockbus_err ready = lb_ask_ready(cab, why);

    if (ready != LOCKBUS_OK) {
        return ready;
    }
    if (ask->kind == LB_ASK_CODE && lb_code_waits(cab, why)) {
        return LOCKBUS_ERR_BUSY;
    }
    uint16_t door = lb_gate_peek_door(ask);

    if (door_is_busy(cab, ask, door)) {
        return lb_reason(why, LOCKBUS_ERR_BUSY, "door",
                         "an open of this door is in progress");
    }
    struct lb_ticket *ticket = lb_ticket_new(cab);

    if (ticket == NULL) {
        return lb_reason(why, LOCKBUS_ERR_BUSY, "ticket",
                         "too many requests are unfinished");
    }
    lb_facts_live(cab, door);
    lb_gate_decide(&cab->gate, ask, &verdict);
    if (verdict.kind != LB_VERDICT_REFUSED) {
        cab->derive_busy =
            cab->derive_busy || verdict.kind == LB_VERDICT_DERIVE;
        accept(cab, ticket, &verdict, seal_len != 0 ? seal : NULL);
    } else if (lb_code_hides(ask, &verdict)) {
        lb_code_refuse(cab, ticket, &verdict);
    } else if (!verdict.board_away || ask->kind == LB_ASK_CODE ||
               !lb_recheck_park(cab, ask, seal, seal_len, ticket)) {
        refuse(cab, &verdict);
        return lb_reason_rule(why, verdict.rule);
    }
    *id = ticket->id;
    return cab->journal_failed ? journal_failed(cab, why) : LOCKBUS_OK;
}

/* The second half of a parked ask, or of a code: decided on a ticket that
 * the host already has, so a refusal is an event. */
void lb_ask_again(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                  const struct lb_ask *ask, const uint8_t *seal)
{
    struct lb_verdict verdict;

    lb_gate_decide(&cab->gate, ask, &verdict);
    if (verdict.kind == LB_VERDICT_REFUSED) {
        refuse(cab, &verdict);
        if (ticket->state != LB_TICKET_FREE) {
            lb_ticket_end(cab, ticket, LOCKBUS_EVENT_REFUSED, verdict.rule,
                          NULL);
        }
        return;
    }
    accept(cab, ticket, &verdict, seal);
}

static void advance_record(struct lockbus_cabinet *cab,
                           struct lb_ticket *ticket)
{
    struct lb_permit permit;

    if (!ticket->opens) {
        lb_ticket_end(cab, ticket, LOCKBUS_EVENT_DONE, LOCKBUS_RULE_NONE, NULL);
    } else if (lb_gate_permit(&cab->gate, ticket->ref, &permit)) {
        ticket->state = LB_TICKET_PERMITTED;
        lb_release(cab, ticket, &permit);
    } else {
        /* The disk took longer than the permit lives, or the door was
         * blocked meanwhile. */
        lb_facts_unknown(cab, ticket->door, ticket->ref);
        lb_ticket_end(cab, ticket, LOCKBUS_EVENT_EXPIRED, LOCKBUS_RULE_NONE,
                      NULL);
    }
}

void lb_ask_advance(struct lockbus_cabinet *cab)
{
    uint64_t durable = lb_journal_durable(cab->journal);

    if (cab->journal_failed) {
        return;
    }
    lb_recheck_advance(cab);
    for (size_t i = 0; i < LOCKBUS_TICKETS && !cab->journal_failed; i++) {
        struct lb_ticket *ticket = &cab->ticket[i];

        if (ticket->state == LB_TICKET_RECORD && ticket->seq < durable) {
            advance_record(cab, ticket);
        } else if (ticket->state == LB_TICKET_TRY && ticket->seq < durable) {
            lb_code_start(cab, ticket);
        } else if (ticket->state == LB_TICKET_DERIVE && cab->derive_ended &&
                   lb_journal_has_room(cab->journal, true)) {
            cab->derive_ended = false;
            lb_code_end(cab, ticket);
        }
    }
}

void lb_ask_worker_ended(struct lockbus_cabinet *cab)
{
    void *job;

    while ((job = lb_worker_ended(cab->worker)) != NULL) {
        if (job == &cab->derive_job) {
            cab->derive_ended = true;
            continue;
        }
        if (job == &cab->archive.job) {
            cab->archive.ended = true;
            continue;
        }
        cab->journal_busy = false;
        lb_journal_end(cab->journal, &cab->journal_job);
        if (cab->journal_job.err != LOCKBUS_OK) {
            lb_storage_write_failed(cab);
        }
    }
}

void lb_ask_commit(struct lockbus_cabinet *cab)
{
    if (cab->journal_busy || cab->journal_failed ||
        !lb_journal_begin(cab->journal, &cab->journal_job)) {
        return;
    }
    cab->journal_busy = true;
    if (lb_worker_submit(cab->worker, run_journal, &cab->journal_job) !=
        LOCKBUS_OK) {
        lb_journal_has_failed(cab, "the worker took no work");
    }
}
