/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Making a journal, and starting on one: find the newest segment whose
 * checkpoint is whole, fold from its first block with the key that the key
 * file has for it, stop at the end of the valid prefix.
 */

#include "base/bytes.h"
#include "journal/chain.h"
#include "journal/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char key_name[] = "key";

enum lockbus_err lb_journal_create(const struct lb_store *store,
                                   const uint8_t cabinet_id[16],
                                   uint8_t root_key[32])
{
    uint8_t file[LB_STORE_FILE_MAX];
    struct lb_journal journal = {.key_count = 1};
    uint32_t first = 0, next = 0;
    enum lockbus_err err = store->range(store->user, &first, &next);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (next != 0) {
        return LOCKBUS_ERR_USAGE;
    }
    /* Keys alone are what a cut left before the segment was made. */
    memcpy(journal.cabinet_id, cabinet_id, sizeof journal.cabinet_id);
    if (!lb_crypto_random(journal.keys[0].key, LB_HASH_LEN)) {
        return LOCKBUS_ERR_IO; /* the store itself had no failure to tell */
    }
    size_t len = lb_keys_encode(file, &journal);

    err = lb_device_make(store, cabinet_id);
    if (err == LOCKBUS_OK) {
        err = store->save(store->user, key_name, file, len);
    }
    if (err == LOCKBUS_OK) {
        err = store->create(store->user, 0);
    }
    if (err == LOCKBUS_OK) {
        memcpy(root_key, journal.keys[0].key, LB_HASH_LEN);
    }
    lb_crypto_wipe(file, sizeof file);
    lb_crypto_wipe(&journal, sizeof journal);
    return err;
}

static void say(struct lb_recovery *recovery, const char *text)
{
    (void)snprintf(recovery->text, sizeof recovery->text, "%s", text);
}

static enum lockbus_err corrupt(struct lb_recovery *recovery, const char *place,
                                const char *text)
{
    (void)snprintf(recovery->place, sizeof recovery->place, "%s", place);
    say(recovery, text);
    return LOCKBUS_ERR_CORRUPT;
}

static enum lockbus_err corrupt_block(struct lb_recovery *recovery,
                                      uint64_t number, const char *text)
{
    char place[sizeof recovery->place];

    (void)snprintf(place, sizeof place, "block %" PRIu64, number);
    return corrupt(recovery, place, text);
}

/* The key file, and whether the segments that are there can go with it. */
static enum lockbus_err load_keys(struct lb_journal *journal, uint32_t *first,
                                  struct lb_recovery *recovery)
{
    uint8_t file[LB_STORE_FILE_MAX];
    size_t len = 0;
    const struct lb_store *store = &journal->store;
    enum lockbus_err err = store->range(store->user, first, &journal->segments);

    if (err != LOCKBUS_OK) {
        return err;
    }
    err = store->load(store->user, key_name, file, sizeof file, &len);
    if (err != LOCKBUS_OK) {
        return err;
    }
    bool sound = lb_keys_decode(journal, file, len);
    bool newer = len > LB_HASH_LEN && lb_block_format(file) > 1;

    lb_crypto_wipe(file, sizeof file);
    if (len == 0 && journal->segments == 0) {
        return LOCKBUS_ERR_USAGE;
    }
    if (!sound) {
        return corrupt(recovery, key_name,
                       newer      ? "the key file is of a newer format than "
                                    "this version reads"
                       : len == 0 ? "the key file is missing or empty"
                                  : "the key file is damaged");
    }
    if (journal->segments == 0) {
        return journal->keys[0].number == 0 && journal->key_count == 1
                   ? LOCKBUS_ERR_USAGE /* making it was cut short */
                   : corrupt(recovery, "segments", "all segments are missing");
    }
    return LOCKBUS_OK;
}

/* Whether a whole block of this segment ends a checkpoint. Tags come later:
 * the fold from here finds a forged one. */
static enum lockbus_err has_checkpoint(struct lb_journal *journal,
                                       uint32_t segment, bool *whole)
{
    uint8_t *block = journal->block[0];
    const struct lb_store *store = &journal->store;
    struct lb_block_head head;

    *whole = segment == 0; /* the first has nothing before it to sum up */
    for (uint32_t i = 0; i < LB_SEGMENT_BLOCKS && !*whole; i++) {
        enum lockbus_err err = store->read(
            store->user, segment, i * LB_BLOCK_LEN, block, LB_BLOCK_LEN);
        if (err != LOCKBUS_OK) {
            return err;
        }
        if (lb_block_inspect(block, &head) != LB_BLOCK_WHOLE) {
            break;
        }
        for (uint32_t r = 0; r < head.count && !*whole; r++) {
            *whole =
                block[LB_BLOCK_RECORDS + r * LB_RECORD_LEN] == LB_REC_CKPT_END;
        }
    }
    return LOCKBUS_OK;
}

/* The key to fold from: the newest whose segment's checkpoint is whole. */
static enum lockbus_err find_start(struct lb_journal *journal, size_t *start,
                                   uint32_t first, struct lb_recovery *recovery)
{
    for (size_t i = journal->key_count; i-- > 0;) {
        uint64_t segment = journal->keys[i].number / LB_SEGMENT_BLOCKS;
        bool whole = false;

        if (segment == journal->segments) {
            continue; /* saved just before its segment was to be made */
        }
        if (segment < first || segment >= journal->segments) {
            return corrupt(recovery, "segments",
                           "a segment that the key file names is missing");
        }
        enum lockbus_err err =
            has_checkpoint(journal, (uint32_t)segment, &whole);
        if (err != LOCKBUS_OK || whole) {
            *start = i;
            return err;
        }
    }
    return corrupt(recovery, "segments", "no checkpoint is whole");
}

/* The block before the fold begins, by itself and as what the fold's first
 * block names. Damage there is an alarm: the state does not rest on it. */
static enum lockbus_err link_before(struct lb_journal *journal,
                                    struct lb_walk *walk, uint32_t first,
                                    struct lb_recovery *recovery)
{
    uint8_t *block = journal->block[0];
    const struct lb_store *store = &journal->store;
    struct lb_block_head head;
    uint8_t digest[LB_HASH_LEN];
    uint32_t segment = (uint32_t)(walk->number / LB_SEGMENT_BLOCKS);

    if (walk->number == 0) {
        walk->linked = true; /* block 0 names a digest of zeros */
        return LOCKBUS_OK;
    }
    if (segment == first) {
        return LOCKBUS_OK; /* older segments were taken away */
    }
    enum lockbus_err err =
        store->read(store->user, segment - 1, LB_SEGMENT_LEN - LB_BLOCK_LEN,
                    block, LB_BLOCK_LEN);

    if (err != LOCKBUS_OK) {
        return err;
    }
    bool whole = lb_block_inspect(block, &head) == LB_BLOCK_WHOLE;

    memcpy(digest, block + LB_BLOCK_DIGEST, sizeof digest);
    err = store->read(store->user, segment, 0, block, LB_BLOCK_LEN);
    if (err != LOCKBUS_OK) {
        return err;
    }
    if (!whole || lb_block_inspect(block, &head) != LB_BLOCK_WHOLE ||
        !lb_same(head.before, digest, sizeof digest)) {
        recovery->damage_before = true;
        say(recovery, "the segment before the last checkpoint is damaged");
    }
    return LOCKBUS_OK;
}

/* The key file's later keys must lie on the way, else it was changed. */
static bool key_on_the_way(const struct lb_journal *journal,
                           const struct lb_walk *walk)
{
    for (size_t i = 0; i < journal->key_count; i++) {
        if (journal->keys[i].number == walk->number &&
            !lb_crypto_same(journal->keys[i].key, walk->key, LB_HASH_LEN)) {
            return false;
        }
    }
    return true;
}

static enum lockbus_err fold(struct lb_journal *journal, struct lb_walk *walk,
                             const struct lb_journal_visitor *visitor,
                             struct lb_recovery *recovery)
{
    for (;;) {
        if (!key_on_the_way(journal, walk)) {
            return corrupt(recovery, key_name,
                           "the key file does not fit the blocks");
        }
        switch (lb_walk_next(walk)) {
        case LB_WALK_BLOCK:
            break;
        case LB_WALK_TORN:
            recovery->torn_tail = true;
            return LOCKBUS_OK;
        case LB_WALK_END:
            return LOCKBUS_OK;
        case LB_WALK_DAMAGE:
            return corrupt_block(recovery, walk->number, walk->text);
        case LB_WALK_FAILED:
        default:
            return walk->err;
        }
        recovery->last_boot = walk->head.boot;
        recovery->powered_ms = walk->head.powered_ms;
        enum lockbus_err err = lb_walk_visit(walk, visitor);

        if (err == LOCKBUS_ERR_CORRUPT) {
            return corrupt_block(recovery, walk->head.number,
                                 "one of its records cannot be");
        }
        if (err != LOCKBUS_OK) {
            return err;
        }
    }
}

/* Goes on behind the last valid block. */
static enum lockbus_err take_over(struct lb_journal *journal,
                                  const struct lb_walk *walk, size_t start,
                                  struct lb_recovery *recovery)
{
    const struct lb_store *store = &journal->store;
    uint64_t newest = journal->keys[journal->key_count - 1].number;

    if (newest > walk->number) {
        return corrupt_block(recovery, walk->number,
                             "blocks that the key file knows of are missing");
    }
    memcpy(journal->key, walk->key, sizeof journal->key);
    memcpy(journal->before, walk->before, sizeof journal->before);
    journal->durable = walk->number;
    recovery->blocks = walk->number;
    journal->boot = recovery->last_boot;
    journal->powered_ms = recovery->powered_ms;
    journal->last = (struct lb_journal_mark){
        .powered_ms = walk->head.powered_ms,
        .unix_s = walk->head.unix_s,
        .boot = walk->head.boot,
        .trusted = walk->head.trusted,
    };
    memcpy(journal->last.digest, walk->before, LB_HASH_LEN);
    if (start > 0) {
        size_t kept = journal->key_count - start;

        memmove(journal->keys, journal->keys + start,
                kept * sizeof journal->keys[0]);
        lb_crypto_wipe(journal->keys + kept, start * sizeof journal->keys[0]);
        journal->key_count = kept;
        journal->keys_due = true;
    }
    /* More than one key: the newest segment's checkpoint was cut short. If
     * that segment has no block yet, writing its first one begins it. */
    journal->ckpt_running = journal->key_count > 1 && newest < walk->number &&
                            journal->snapshot.next != NULL;
    /* A process may have died between a write and its sync. */
    return store->sync(store->user, journal->segments - 1);
}

enum lockbus_err lb_journal_open(struct lb_journal *journal,
                                 const struct lb_store *store,
                                 const struct lb_journal_visitor *visitor,
                                 const struct lb_journal_snapshot *snapshot,
                                 struct lb_recovery *recovery)
{
    struct lb_walk walk;
    uint32_t first = 0;
    size_t start = 0;

    memset(journal, 0, sizeof *journal);
    memset(recovery, 0, sizeof *recovery);
    journal->store = *store;
    if (snapshot != NULL) {
        journal->snapshot = *snapshot;
    }
    enum lockbus_err err = load_keys(journal, &first, recovery);

    if (err == LOCKBUS_OK) {
        err = find_start(journal, &start, first, recovery);
    }
    if (err == LOCKBUS_OK) {
        lb_walk_init(&walk, store, journal->keys[start].number,
                     journal->segments);
        memcpy(walk.key, journal->keys[start].key, sizeof walk.key);
        memcpy(walk.cabinet_id, journal->cabinet_id, sizeof walk.cabinet_id);
        walk.keyed = walk.named = true;
        recovery->folded_from = walk.number;
        recovery->first_segment = first;
        err = link_before(journal, &walk, first, recovery);
    }
    if (err == LOCKBUS_OK) {
        lb_walk_buffer(&walk, journal->block[0], LB_JOURNAL_PENDING);
        err = fold(journal, &walk, visitor, recovery);
    }
    if (err == LOCKBUS_OK) {
        err = take_over(journal, &walk, start, recovery);
    }
    lb_crypto_wipe(&walk, sizeof walk);
    if (err != LOCKBUS_OK) {
        lb_journal_close(journal);
    }
    return err;
}
