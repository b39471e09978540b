/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Old segments. One may go when the operator has a receipt for its last block,
 * a newer segment has a whole checkpoint, and its last block is older than
 * `keep_days` of powered time. The order is what a power cut must not upset:
 * the record that lets blocks go is durable, with the receipt that allows it,
 * before the first file is removed; files go from the low end, one durable
 * step each. A start that finds some of them still there looks again.
 *
 * One thing at a time: a receipt that is compared, or segments.
 */

#include "cabinet/cabinet.h"

#include <string.h>

enum {
    AT_ONCE = 8, /* segments looked at by one job */
    DAY_MS = 86400000,
    COUNT_MAX = 255 /* what an event can say */
};

/* How many of the oldest are old enough: `below` becomes the first that is
 * not. One that is damaged stays, for it is evidence. */
static void look(struct lb_archive_job *job)
{
    uint8_t block[LB_BLOCK_LEN];
    const struct lb_store *store = job->store;
    uint64_t powered_ms = 0;
    uint32_t s = job->first;

    for (; s < job->below; s++) {
        job->err = store->read(store->user, s, LB_SEGMENT_LEN - LB_BLOCK_LEN,
                               block, sizeof block);
        if (job->err != LOCKBUS_OK || !lb_journal_age(block, &powered_ms) ||
            powered_ms > job->until_ms) {
            break;
        }
    }
    job->below = s;
}

static void take_away(struct lb_archive_job *job)
{
    const struct lb_store *store = job->store;

    while (job->first < job->below && job->err == LOCKBUS_OK) {
        job->err = store->remove(store->user, job->first);
        if (job->err == LOCKBUS_OK) {
            job->first++;
        }
    }
}

static void run(void *user)
{
    struct lb_archive_job *job = user;

    job->err = LOCKBUS_OK;
    if (job->what == LB_ARCHIVE_COMPARE) {
        lb_receipt_compare(job);
    } else if (job->what == LB_ARCHIVE_LOOK) {
        look(job);
    } else {
        take_away(job);
    }
}

void lb_archive_start(struct lockbus_cabinet *cab, enum lb_archive_state what)
{
    struct lb_archive *archive = &cab->archive;

    archive->state = what;
    archive->ended = false;
    archive->job.what = what;
    archive->job.store = &cab->store;
    cab->rests = false;
    if (lb_worker_submit(cab->worker, run, &archive->job) != LOCKBUS_OK) {
        lb_journal_has_failed(cab, "the worker took no work");
    }
}

bool lb_archive_at_work(const struct lockbus_cabinet *cab)
{
    enum lb_archive_state state = cab->archive.state;

    return state != LB_ARCHIVE_REST && state != LB_ARCHIVE_RECORD &&
           !cab->archive.ended;
}

/* The first segment that no receipt covers. */
static uint32_t covered(const struct lb_archive *archive)
{
    return archive->has_receipt
               ? (uint32_t)((lb_receipt_block(archive->receipt) + 1) /
                            LB_SEGMENT_BLOCKS)
               : 0;
}

/* A segment more is full: the host hears how many wait for a receipt. */
static void count_segments(struct lockbus_cabinet *cab)
{
    struct lb_archive *archive = &cab->archive;
    uint32_t full =
        (uint32_t)(lb_journal_durable(cab->journal) / LB_SEGMENT_BLOCKS);
    uint32_t due = full > covered(archive) ? full - covered(archive) : 0;

    if (full == archive->full) {
        return;
    }
    archive->full = full;
    archive->look = true;
    if (due != 0) {
        lb_event_put(
            cab, &(struct lb_event){
                     .kind = LOCKBUS_EVENT_ANCHOR_DUE,
                     .door = LB_DOOR_NONE,
                     .count = (uint8_t)(due < COUNT_MAX ? due : COUNT_MAX)});
    }
}

static void begin_look(struct lockbus_cabinet *cab)
{
    struct lb_archive *archive = &cab->archive;
    struct lb_archive_job *job = &archive->job;
    uint64_t keep_ms = (uint64_t)cab->config->keep_days * DAY_MS;
    uint32_t below = lb_journal_needed_from(cab->journal);

    archive->look = false;
    if (below > covered(archive)) {
        below = covered(archive);
    }
    if (keep_ms == 0 || cab->gate.powered_ms < keep_ms ||
        below <= archive->first) {
        return;
    }
    job->first = archive->first;
    job->below = below - job->first < AT_ONCE ? below : job->first + AT_ONCE;
    job->until_ms = cab->gate.powered_ms - keep_ms;
    lb_archive_start(cab, LB_ARCHIVE_LOOK);
}

/* Puts on record, with the receipt, what may go. */
static void looked(struct lockbus_cabinet *cab)
{
    struct lb_archive *archive = &cab->archive;
    struct lb_verdict verdict;

    archive->state = LB_ARCHIVE_REST;
    if (archive->job.below <= archive->first ||
        !lb_receipt_stands(cab, &verdict)) {
        return;
    }
    struct lb_record *record = &verdict.records.rec[verdict.records.count++];

    *record = (struct lb_record){
        .type = LB_REC_RETAIN,
        .door = LB_DOOR_NONE,
        .stay = (uint64_t)archive->job.below * LB_SEGMENT_BLOCKS,
        .powered_ms = cab->gate.powered_ms,
    };
    memcpy(record->body, archive->device.key, sizeof archive->device.key);
    if (lb_write(cab, verdict.records.rec, verdict.records.count)) {
        archive->seq = cab->written;
        archive->state = LB_ARCHIVE_RECORD;
    }
}

static void ended(struct lockbus_cabinet *cab)
{
    struct lb_archive *archive = &cab->archive;

    if (archive->state == LB_ARCHIVE_LOOK) {
        looked(cab);
    } else if (archive->state == LB_ARCHIVE_COMPARE) {
        archive->state = LB_ARCHIVE_REST;
        lb_receipt_compared(cab);
    } else {
        /* One that cannot be removed is tried again when there is more. */
        archive->state = LB_ARCHIVE_REST;
        archive->first = archive->job.first;
        archive->look = archive->job.err == LOCKBUS_OK;
    }
}

void lb_archive_advance(struct lockbus_cabinet *cab)
{
    struct lb_archive *archive = &cab->archive;

    if (cab->journal_failed || !cab->gate.booted) {
        return;
    }
    count_segments(cab);
    if (archive->state == LB_ARCHIVE_REST && archive->look) {
        begin_look(cab);
    } else if (archive->state == LB_ARCHIVE_RECORD &&
               archive->seq < lb_journal_durable(cab->journal)) {
        lb_archive_start(cab, LB_ARCHIVE_REMOVE);
    }
    lb_ask_worker_ended(cab); /* without a worker it has ended already */
    if (archive->ended && lb_journal_has_room(cab->journal, true)) {
        archive->ended = false;
        ended(cab);
    }
}
