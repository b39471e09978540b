/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Anchors out, receipts in. The gate knows whether a receipt is genuine (R1 to
 * R3), this file whether the journal is what it says (R4 to R7). A receipt
 * that is past the head, or for another block, changes nothing here; it is
 * news of the worst kind, and so an alarm on record.
 *
 * The one it takes is kept in the journal's folder before it is on record: a
 * start then knows of a journal that was cut off below it.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { RECEIPT_BLOCK = 24, RECEIPT_DIGEST = 32, RECEIPT_KEY_ID = 72 };

static const char receipt_name[] = "receipt";

uint64_t lb_receipt_block(const uint8_t receipt[LB_RECEIPT_LEN])
{
    return lb_get_u64(receipt + RECEIPT_BLOCK);
}

static struct lb_ask ask_of(const uint8_t *receipt, size_t len)
{
    return (struct lb_ask){
        .kind = LB_ASK_RECEIPT, .bytes = receipt, .len = len};
}

bool lb_receipt_stands(struct lockbus_cabinet *cab, struct lb_verdict *verdict)
{
    struct lb_archive *archive = &cab->archive;
    struct lb_ask ask = ask_of(archive->receipt, sizeof archive->receipt);

    if (archive->has_receipt) {
        lb_gate_decide(&cab->gate, &ask, verdict);
        archive->has_receipt = verdict->kind == LB_VERDICT_DONE;
    }
    return archive->has_receipt;
}

/* ---- At start ------------------------------------------------------------ */

/* The last receipt that was taken. What cannot be shown to be the operator's
 * is no receipt: nobody must be able to stop a cabinet by writing a file. */
static enum lockbus_err load_receipt(struct lockbus_cabinet *cab,
                                     struct lb_verdict *verdict)
{
    struct lb_archive *archive = &cab->archive;
    uint8_t file[LB_STORE_FILE_MAX];
    size_t len = 0;
    enum lockbus_err err =
        cab->store.load(cab->store.user, receipt_name, file, sizeof file, &len);

    if (err == LOCKBUS_OK && len == sizeof archive->receipt) {
        memcpy(archive->receipt, file, len);
        archive->has_receipt = true;
        (void)lb_receipt_stands(cab, verdict);
    }
    return err;
}

enum lockbus_err lb_receipt_recover(struct lockbus_cabinet *cab, char text[96])
{
    struct lb_archive *archive = &cab->archive;
    struct lb_verdict verdict;
    enum lockbus_err err = load_receipt(cab, &verdict);
    uint64_t block = lb_receipt_block(archive->receipt);

    if (err != LOCKBUS_OK || !archive->has_receipt) {
        return err;
    }
    if (block >= lb_journal_durable(cab->journal)) {
        (void)snprintf(text, 96,
                       "the operator has a receipt for block %" PRIu64
                       ", before which this journal was cut off",
                       block);
        return LOCKBUS_ERR_CORRUPT;
    }
    switch (lb_journal_holds(&cab->store, block,
                             archive->receipt + RECEIPT_DIGEST)) {
    case LB_HELD:
    case LB_HELD_BEFORE:
        return LOCKBUS_OK;
    case LB_HELD_UNREAD:
        return LOCKBUS_ERR_IO;
    case LB_HELD_OTHER:
    case LB_HELD_LATER:
    default:
        (void)snprintf(text, 96,
                       "the operator has a receipt for another block %" PRIu64
                       " than this journal's",
                       block);
        return LOCKBUS_ERR_CORRUPT;
    }
}

/* ---- Anchors ------------------------------------------------------------- */

enum lockbus_err lockbus_cabinet_anchor(const struct lockbus_cabinet *cabinet,
                                        uint8_t anchor[LOCKBUS_ANCHOR_LEN],
                                        struct lockbus_error *why)
{
    if (cabinet == NULL || anchor == NULL) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    if (!lb_anchor_make(cabinet->journal, &cabinet->archive.device, anchor)) {
        return lb_reason(why, LOCKBUS_ERR_CORRUPT, "device",
                         "the journal's device key is missing or damaged: an "
                         "amendment makes a new one");
    }
    return LOCKBUS_OK;
}

/* ---- Receipts ------------------------------------------------------------ */

/* Each genuine receipt is on record at most once a process, so that one that
 * is presented again and again does not fill the disk. */
static void alarm(struct lockbus_cabinet *cab, enum lb_alarm kind,
                  const uint8_t receipt[LB_RECEIPT_LEN])
{
    bool forked = kind == LB_ALARM_FORKED;
    uint64_t *highest = &cab->archive.alarmed[forked ? 1 : 0];
    uint64_t after = lb_receipt_block(receipt) + 1;
    struct lb_record record = {.type = LB_REC_ALARM,
                               .kind = (uint8_t)kind,
                               .door = LB_DOOR_NONE,
                               .stay = lb_receipt_block(receipt),
                               .powered_ms = cab->gate.powered_ms};
    struct lb_event event = {.kind = forked ? LOCKBUS_EVENT_FORKED
                                            : LOCKBUS_EVENT_ROLLED_BACK,
                             .rule = forked ? LOCKBUS_RULE_R5 : LOCKBUS_RULE_R4,
                             .door = LB_DOOR_NONE};

    lb_event_put(cab, &event);
    memcpy(record.body + LB_ALARM_DIGEST, receipt + RECEIPT_DIGEST, 32);
    memcpy(record.body + LB_ALARM_KEY_ID, receipt + RECEIPT_KEY_ID, 8);
    if (after > *highest && lb_write(cab, &record, 1)) {
        *highest = after;
    }
}

static void note(struct lockbus_cabinet *cab, enum lockbus_rule rule,
                 const uint8_t *receipt, size_t len)
{
    struct lb_ask ask = ask_of(receipt, len);
    struct lb_verdict verdict;

    lb_gate_refuse(&cab->gate, &ask, rule, &verdict);
    lb_refusal_note(cab, &verdict);
}

/* R1 to R4, at once. */
static enum lockbus_rule decide(struct lockbus_cabinet *cab,
                                const uint8_t *receipt, size_t len)
{
    struct lb_ask ask = ask_of(receipt, len);
    struct lb_verdict verdict;

    lb_gate_decide(&cab->gate, &ask, &verdict);
    if (verdict.kind != LB_VERDICT_DONE) {
        lb_refusal_note(cab, &verdict);
        return verdict.rule;
    }
    if (lb_receipt_block(receipt) < lb_journal_durable(cab->journal)) {
        return LOCKBUS_RULE_NONE;
    }
    alarm(cab, LB_ALARM_ROLLED_BACK, receipt);
    note(cab, LOCKBUS_RULE_R4, receipt, len);
    return LOCKBUS_RULE_R4;
}

/* On the worker's thread: whether the block is this one, and if so and it is
 * above the last, keeps the receipt. */
void lb_receipt_compare(struct lb_archive_job *job)
{
    const struct lb_store *store = job->store;

    job->held = lb_journal_holds(store, lb_receipt_block(job->receipt),
                                 job->receipt + RECEIPT_DIGEST);
    if (job->held == LB_HELD && lb_receipt_block(job->receipt) >= job->above) {
        job->err = store->save(store->user, receipt_name, job->receipt,
                               sizeof job->receipt);
    }
}

enum lockbus_err lockbus_acknowledge(struct lockbus_cabinet *cabinet,
                                     const uint8_t *receipt, size_t receipt_len,
                                     uint32_t *ticket,
                                     struct lockbus_error *why)
{
    struct lockbus_cabinet *cab = cabinet;

    if (cab == NULL || receipt == NULL || ticket == NULL || why == NULL) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                         "an argument is missing");
    }
    memset(why, 0, sizeof *why);
    enum lockbus_err err = lb_ask_ready(cab, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (cab->archive.state != LB_ARCHIVE_REST) {
        return lb_reason(why, LOCKBUS_ERR_BUSY, "receipt",
                         "a receipt, or old segments, are being looked at");
    }
    enum lockbus_rule rule = decide(cab, receipt, receipt_len);

    if (rule != LOCKBUS_RULE_NONE) {
        return lb_reason_rule(why, rule);
    }
    struct lb_ticket *taken = lb_ticket_new(cab);

    if (taken == NULL) {
        return lb_reason(why, LOCKBUS_ERR_BUSY, "ticket",
                         "too many requests are unfinished");
    }
    taken->state = LB_TICKET_COMPARE;
    *ticket = cab->archive.ticket = taken->id;
    memcpy(cab->archive.job.receipt, receipt, LB_RECEIPT_LEN);
    cab->archive.job.above = cab->archive.has_receipt
                                 ? lb_receipt_block(cab->archive.receipt) + 1
                                 : 0;
    lb_archive_start(cab, LB_ARCHIVE_COMPARE);
    return LOCKBUS_OK;
}

/* Kept already; now on record. */
static void take(struct lockbus_cabinet *cab, struct lb_ticket *ticket)
{
    struct lb_archive *archive = &cab->archive;
    struct lb_verdict verdict;

    memcpy(archive->receipt, archive->job.receipt, sizeof archive->receipt);
    archive->has_receipt = true;
    archive->look = true;
    if (!lb_receipt_stands(cab, &verdict)) { /* a manifest came in between */
        note(cab, LOCKBUS_RULE_R2, archive->receipt, sizeof archive->receipt);
        lb_ticket_end(cab, ticket, LOCKBUS_EVENT_REFUSED, LOCKBUS_RULE_R2,
                      NULL);
    } else if (lb_write(cab, verdict.records.rec, verdict.records.count)) {
        ticket->seq = cab->written;
        ticket->state = LB_TICKET_RECORD;
    }
}

static enum lockbus_rule judge(const struct lb_archive_job *job)
{
    uint64_t block = lb_receipt_block(job->receipt);

    switch (job->held) {
    case LB_HELD:
        /* The last one again is no news, and no mistake. */
        return block + 1 < job->above ? LOCKBUS_RULE_R6 : LOCKBUS_RULE_NONE;
    case LB_HELD_BEFORE:
        return LOCKBUS_RULE_R6;
    case LB_HELD_OTHER:
    case LB_HELD_LATER:
        return LOCKBUS_RULE_R5;
    case LB_HELD_UNREAD:
    default:
        return LOCKBUS_RULE_R7;
    }
}

void lb_receipt_compared(struct lockbus_cabinet *cab)
{
    const struct lb_archive_job *job = &cab->archive.job;
    struct lb_ticket *ticket = lb_ticket_find(cab, cab->archive.ticket);
    enum lockbus_rule rule = judge(job);

    if (ticket == NULL) {
        return; /* the journal failed meanwhile */
    }
    if (job->err != LOCKBUS_OK) {
        lb_journal_has_failed(cab, "a receipt could not be kept");
        return;
    }
    if (rule == LOCKBUS_RULE_R5) {
        alarm(cab, LB_ALARM_FORKED, job->receipt);
    }
    if (rule != LOCKBUS_RULE_NONE) {
        note(cab, rule, job->receipt, sizeof job->receipt);
        lb_ticket_end(cab, ticket, LOCKBUS_EVENT_REFUSED, rule, NULL);
    } else if (lb_receipt_block(job->receipt) < job->above) {
        lb_ticket_end(cab, ticket, LOCKBUS_EVENT_DONE, LOCKBUS_RULE_NONE, NULL);
    } else {
        take(cab, ticket);
    }
}
