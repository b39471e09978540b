/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Writing. Batches gather in a ring of blocks; the oldest is sealed and
 * written by a job, one at a time, so that the disk never holds more than one
 * block that is not acknowledged.
 *
 * A checkpoint rides along: while one runs, its records go into a block
 * behind all that was appended. That is applied to the state by then, so what
 * the snapshot says is what the journal says up to that point, and the records
 * after it are folded onto it. An empty block is taken whenever there is one;
 * where the load leaves none, one block in LB_CKPT_WAITS + 1 is the
 * checkpoint's, and its place is kept free.
 */

#include "journal/journal.h"

#include "base/bytes.h"
#include "journal/chain.h"

#include <string.h>

static uint8_t *slot(struct lb_journal *journal, size_t i)
{
    return journal->block[(journal->head + i) % LB_JOURNAL_PENDING];
}

/* Blocks that records cannot have: the checkpoint has waited for long enough.
 */
static size_t kept_free(const struct lb_journal *journal)
{
    return journal->ckpt_running && journal->ckpt_waits >= LB_CKPT_WAITS ? 1
                                                                         : 0;
}

/* The newest block takes records unless it is being written. */
static bool tail_is_open(const struct lb_journal *journal)
{
    return journal->used > (journal->in_flight ? 1u : 0u);
}

static uint8_t *open_block(struct lb_journal *journal)
{
    uint8_t *block = slot(journal, journal->used);

    memset(block, 0, LB_BLOCK_LEN);
    journal->used++;
    return block;
}

static void put_records(uint8_t *block, const struct lb_record *records,
                        size_t count)
{
    size_t have = block[LB_BLOCK_COUNT];

    for (size_t i = 0; i < count; i++) {
        lb_record_encode(block + LB_BLOCK_RECORDS + (have + i) * LB_RECORD_LEN,
                         &records[i]);
    }
    block[LB_BLOCK_COUNT] = (uint8_t)(have + count);
}

void lb_journal_stamp(struct lb_journal *journal, uint32_t boot,
                      uint64_t powered_ms, uint64_t unix_s, bool trusted)
{
    journal->boot = boot;
    journal->powered_ms = powered_ms;
    journal->unix_s = unix_s;
    journal->trusted = trusted && unix_s != 0;
}

enum lockbus_err lb_journal_append(struct lb_journal *journal,
                                   const struct lb_record *records,
                                   size_t count, uint64_t *seq)
{
    if (count > LB_BATCH_MAX || seq == NULL ||
        (records == NULL && count != 0)) {
        return LOCKBUS_ERR_USAGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (records[i].type == LB_REC_NONE) {
            return LOCKBUS_ERR_USAGE; /* it could not be read again */
        }
    }
    if (journal->failed) {
        return LOCKBUS_ERR_IO;
    }
    uint8_t *block =
        tail_is_open(journal) ? slot(journal, journal->used - 1) : NULL;

    if (block == NULL || block[LB_BLOCK_COUNT] + count > LB_BATCH_MAX) {
        if (journal->used + kept_free(journal) >= LB_JOURNAL_PENDING) {
            return LOCKBUS_ERR_BUSY;
        }
        block = open_block(journal);
    }
    put_records(block, records, count);
    *seq = journal->durable + journal->used - 1;
    return LOCKBUS_OK;
}

bool lb_journal_has_room(const struct lb_journal *journal, bool for_intent)
{
    size_t taken = journal->used + kept_free(journal);
    size_t needed = for_intent ? 1 : LB_JOURNAL_PENDING - 1;

    return !journal->failed && taken + needed <= LB_JOURNAL_PENDING;
}

uint64_t lb_journal_durable(const struct lb_journal *journal)
{
    return journal->durable;
}

uint32_t lb_journal_needed_from(const struct lb_journal *journal)
{
    return (uint32_t)(journal->keys[0].number / LB_SEGMENT_BLOCKS);
}

bool lb_journal_age(const uint8_t block[LB_BLOCK_LEN], uint64_t *powered_ms)
{
    struct lb_block_head head;

    if (lb_block_inspect(block, &head) != LB_BLOCK_WHOLE) {
        return false;
    }
    *powered_ms = head.powered_ms;
    return true;
}

/* A block behind everything that was appended, for the checkpoint; NULL: it
 * waits for one. A checkpoint belongs to its segment, whole. */
static uint8_t *checkpoint_block(struct lb_journal *journal)
{
    uint64_t number = journal->durable + journal->used;
    uint8_t *newest =
        journal->used != 0 ? slot(journal, journal->used - 1) : NULL;

    if (newest != NULL && newest[LB_BLOCK_COUNT] == 0) {
        number--;
    } else if (newest != NULL && journal->ckpt_waits < LB_CKPT_WAITS) {
        journal->ckpt_waits++;
        return NULL;
    } else {
        newest = NULL; /* behind it; kept_free() sees to a place */
    }
    if (number / LB_SEGMENT_BLOCKS != journal->durable / LB_SEGMENT_BLOCKS) {
        return NULL;
    }
    journal->ckpt_waits = 0;
    journal->ckpt_end = number;
    return newest != NULL ? newest : open_block(journal);
}

/* What one call of the snapshot gives belongs together, in a block of its
 * own. */
static void put_checkpoint(struct lb_journal *journal)
{
    struct lb_record records[LB_BATCH_MAX];
    uint8_t *block = checkpoint_block(journal);

    if (block == NULL) {
        return;
    }
    size_t count = journal->snapshot.next(
        journal->snapshot.user, &journal->ckpt_cursor, records, LB_BATCH_MAX);

    if (count == 0 || count > LB_BATCH_MAX) {
        journal->ckpt_running = false; /* a snapshot without an end */
        return;
    }
    put_records(block, records, count);
    if (records[count - 1].type == LB_REC_CKPT_END) {
        journal->ckpt_running = false;
        journal->ckpt_ending = true;
    }
    lb_crypto_wipe(records, sizeof records);
}

/* The first block of a segment: its key goes into the key file before the
 * segment exists, and its checkpoint begins. */
static bool start_segment(struct lb_journal *journal,
                          struct lb_journal_job *job)
{
    struct lb_journal_key *newest = &journal->keys[journal->key_count - 1];

    if (newest->number != journal->durable) {
        if (journal->key_count == LB_JOURNAL_KEYS) {
            journal->failed = true; /* 15 segments without a checkpoint */
            return false;
        }
        newest = &journal->keys[journal->key_count++];
        newest->number = journal->durable;
        memcpy(newest->key, journal->key, sizeof newest->key);
        journal->keys_due = true;
    }
    job->new_segment = job->segment >= journal->segments;
    if (journal->durable != 0 && journal->snapshot.next != NULL) {
        journal->ckpt_cursor = 0;
        journal->ckpt_waits = 0;
        journal->ckpt_running = true;
    }
    return true;
}

static void seal_oldest(struct lb_journal *journal, struct lb_journal_job *job)
{
    uint8_t *block = slot(journal, 0);
    struct lb_block_head head = {
        .segment = job->segment,
        .number = journal->durable,
        .key_index = journal->durable,
        .boot = journal->boot,
        .powered_ms = journal->powered_ms,
        .unix_s = journal->unix_s,
        .trusted = journal->trusted,
        .count = block[LB_BLOCK_COUNT],
    };

    memcpy(head.cabinet_id, journal->cabinet_id, sizeof head.cabinet_id);
    memcpy(head.before, journal->before, sizeof head.before);
    lb_block_seal(block, &head, journal->key);
    lb_key_evolve(journal->key);
    memcpy(journal->before, block + LB_BLOCK_DIGEST, sizeof journal->before);
    journal->sealed = (struct lb_journal_mark){
        .powered_ms = journal->powered_ms,
        .unix_s = journal->unix_s,
        .boot = journal->boot,
        .trusted = journal->trusted,
    };
    memcpy(journal->sealed.digest, journal->before, LB_HASH_LEN);
    job->block = block;
}

bool lb_journal_begin(struct lb_journal *journal, struct lb_journal_job *job)
{
    bool something =
        journal->used > 0 || journal->ckpt_running || journal->keys_due;

    if (journal->failed || journal->in_flight || !something) {
        return false;
    }
    memset(job, 0, sizeof *job);
    job->store = &journal->store;
    job->segment = (uint32_t)(journal->durable / LB_SEGMENT_BLOCKS);
    job->offset =
        (uint32_t)(journal->durable % LB_SEGMENT_BLOCKS) * LB_BLOCK_LEN;
    if (journal->used > 0 || journal->ckpt_running) {
        if (job->offset == 0 && !start_segment(journal, job)) {
            return false;
        }
        if (journal->ckpt_running) {
            put_checkpoint(journal);
        }
        seal_oldest(journal, job);
    }
    if (journal->keys_due) {
        job->key_len = lb_keys_encode(job->key_file, journal);
        journal->keys_due = false;
    }
    journal->in_flight = true;
    return true;
}

void lb_journal_run(struct lb_journal_job *job)
{
    const struct lb_store *store = job->store;

    job->ran = true;
    job->err = LOCKBUS_OK;
    if (job->key_len > 0) {
        job->err = store->save(store->user, "key", job->key_file, job->key_len);
        lb_crypto_wipe(job->key_file, sizeof job->key_file);
    }
    if (job->err == LOCKBUS_OK && job->new_segment) {
        job->err = store->create(store->user, job->segment);
    }
    if (job->err == LOCKBUS_OK && job->block != NULL) {
        job->err = store->write(store->user, job->segment, job->offset,
                                job->block, LB_BLOCK_LEN);
    }
    if (job->err == LOCKBUS_OK && job->block != NULL) {
        job->err = store->sync(store->user, job->segment);
    }
}

/* The checkpoint is whole: nothing will be folded from before this segment,
 * so the keys of the older ones go. */
static void drop_keys(struct lb_journal *journal)
{
    journal->keys[0] = journal->keys[journal->key_count - 1];
    lb_crypto_wipe(&journal->keys[1],
                   sizeof journal->keys - sizeof journal->keys[0]);
    journal->key_count = 1;
    journal->keys_due = true;
}

void lb_journal_end(struct lb_journal *journal,
                    const struct lb_journal_job *job)
{
    journal->in_flight = false;
    if (job->err != LOCKBUS_OK) {
        journal->failed = true;
        return;
    }
    if (job->block == NULL) {
        return;
    }
    if (job->new_segment) {
        journal->segments = job->segment + 1;
    }
    journal->last = journal->sealed;
    journal->durable++;
    journal->head = (journal->head + 1) % LB_JOURNAL_PENDING;
    journal->used--;
    if (journal->ckpt_ending && journal->durable > journal->ckpt_end) {
        journal->ckpt_ending = false;
        drop_keys(journal);
    }
}

void lb_journal_close(struct lb_journal *journal)
{
    lb_crypto_wipe(journal, sizeof *journal);
    journal->failed = true; /* whoever still calls gets IO */
}
