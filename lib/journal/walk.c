/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Only one block is ever in flight, and it is synced before the next is
 * written. So a power cut leaves the valid prefix, then at most one torn
 * block, then zeros to the end of the last segment; the segment after is not
 * made before this one is full. Anything else was not left by a power cut,
 * and is damage.
 */

#include "journal/walk.h"

#include "base/bytes.h"
#include "journal/chain.h"

#include <string.h>

void lb_walk_init(struct lb_walk *walk, const struct lb_store *store,
                  uint64_t number, uint32_t next_segment)
{
    memset(walk, 0, sizeof *walk);
    walk->store = store;
    walk->number = number;
    walk->bound = (uint64_t)next_segment * LB_SEGMENT_BLOCKS;
}

void lb_walk_buffer(struct lb_walk *walk, uint8_t *buf, size_t blocks)
{
    walk->buf = buf;
    walk->buf_blocks = blocks;
    walk->ready = 0;
}

void lb_walk_start(struct lb_walk *walk, const struct lb_store *store,
                   uint32_t first, uint32_t next, const uint8_t *root_key)
{
    lb_walk_init(walk, store, (uint64_t)first * LB_SEGMENT_BLOCKS, next);
    walk->linked = first == 0; /* block 0 names a digest of zeros */
    if (root_key == NULL) {
        return;
    }
    memcpy(walk->key, root_key, sizeof walk->key);
    walk->keyed = true;
    for (uint64_t i = 0; i < walk->number; i++) {
        lb_key_evolve(walk->key);
    }
}

/* Makes block `number` stand at walk->block. */
static bool fetch(struct lb_walk *walk, uint64_t number)
{
    if (number >= walk->buf_first && number - walk->buf_first < walk->ready) {
        walk->block = walk->buf + (number - walk->buf_first) * LB_BLOCK_LEN;
        return true;
    }
    uint32_t index = (uint32_t)(number % LB_SEGMENT_BLOCKS);
    size_t want = LB_SEGMENT_BLOCKS - index;

    if (want > walk->buf_blocks) {
        want = walk->buf_blocks;
    }
    walk->ready = 0;
    walk->err = walk->store->read(
        walk->store->user, (uint32_t)(number / LB_SEGMENT_BLOCKS),
        index * LB_BLOCK_LEN, walk->buf, want * LB_BLOCK_LEN);
    if (walk->err != LOCKBUS_OK) {
        return false;
    }
    walk->buf_first = number;
    walk->ready = want;
    walk->block = walk->buf;
    return true;
}

/* A whole block's place in the chain; NULL when it is the right one. */
static const char *misfit(const struct lb_walk *walk)
{
    const struct lb_block_head *head = &walk->head;

    if (walk->named &&
        !lb_same(head->cabinet_id, walk->cabinet_id, sizeof head->cabinet_id)) {
        return "the block is another cabinet's";
    }
    if (head->number != walk->number ||
        head->segment != walk->number / LB_SEGMENT_BLOCKS ||
        head->key_index != walk->number) {
        return "the block does not belong to this place";
    }
    if (walk->linked &&
        !lb_same(head->before, walk->before, sizeof head->before)) {
        return "the block does not follow the one before it";
    }
    if (walk->keyed && !lb_block_tag_ok(walk->block, walk->key)) {
        return "the block's tag is not by this key";
    }
    return NULL;
}

static void step(struct lb_walk *walk)
{
    memcpy(walk->before, walk->block + LB_BLOCK_DIGEST, sizeof walk->before);
    walk->linked = true;
    if (!walk->named) {
        memcpy(walk->cabinet_id, walk->head.cabinet_id,
               sizeof walk->cabinet_id);
        walk->named = true;
    }
    if (walk->keyed) {
        lb_key_evolve(walk->key);
    }
    walk->number++;
}

/* Whether anything but zeros stands after block `number`. */
static bool rest_is_zero(struct lb_walk *walk, uint64_t number)
{
    for (uint64_t at = number + 1; at < walk->bound;) {
        if (!fetch(walk, at)) {
            return false;
        }
        size_t ready = walk->ready - (size_t)(at - walk->buf_first);

        if (!lb_block_is_zero(walk->block, ready * LB_BLOCK_LEN)) {
            return false;
        }
        at += ready;
    }
    return true;
}

static enum lb_walk_result damage(struct lb_walk *walk, const char *text)
{
    walk->text = text;
    return LB_WALK_DAMAGE;
}

static enum lb_walk_result judge_tail(struct lb_walk *walk,
                                      enum lb_block_state state)
{
    uint64_t segment_end =
        (walk->number / LB_SEGMENT_BLOCKS + 1) * LB_SEGMENT_BLOCKS;

    if (walk->bound > segment_end) {
        return damage(walk, "a segment follows one that is not full");
    }
    if (!rest_is_zero(walk, walk->number)) {
        return walk->err != LOCKBUS_OK
                   ? LB_WALK_FAILED
                   : damage(walk, "blocks follow one that is not valid");
    }
    return state == LB_BLOCK_EMPTY ? LB_WALK_END : LB_WALK_TORN;
}

/* A format's number may also be what a cut left of a block of ours: it is
 * believed only where no cut leaves one. The key file has it first. */
static const char *unfit(const struct lb_walk *walk)
{
    return lb_block_format(walk->block) > 1
               ? "the block is of a newer format than this version reads"
               : "the block is finished, but not valid";
}

/* Looks once at block `number`; TORN and EMPTY are for the caller to judge. */
static enum lb_block_state look(struct lb_walk *walk, const char **why)
{
    enum lb_block_state state = lb_block_inspect(walk->block, &walk->head);

    *why = state == LB_BLOCK_WHOLE ? misfit(walk) : unfit(walk);
    return state;
}

enum lb_walk_result lb_walk_next(struct lb_walk *walk)
{
    const char *why = NULL;

    if (walk->number >= walk->bound) {
        return LB_WALK_END;
    }
    if (!fetch(walk, walk->number)) {
        return LB_WALK_FAILED;
    }
    enum lb_block_state state = look(walk, &why);

    if (state == LB_BLOCK_EMPTY || state == LB_BLOCK_TORN) {
        enum lb_walk_result tail = judge_tail(walk, state);

        walk->ready = 0; /* a writer may have gone on meanwhile: look again */
        if (tail != LB_WALK_DAMAGE) {
            return tail;
        }
        if (!fetch(walk, walk->number)) {
            return LB_WALK_FAILED;
        }
        const char *text = walk->text;

        state = look(walk, &why);
        if (state == LB_BLOCK_EMPTY || state == LB_BLOCK_TORN) {
            return damage(walk, lb_block_format(walk->block) > 1 ? unfit(walk)
                                                                 : text);
        }
    }
    if (state != LB_BLOCK_WHOLE || why != NULL) {
        return damage(walk, why);
    }
    step(walk);
    return LB_WALK_BLOCK;
}

enum lockbus_err lb_walk_visit(const struct lb_walk *walk,
                               const struct lb_journal_visitor *visitor)
{
    struct lb_record record;
    const uint8_t *at = walk->block + LB_BLOCK_RECORDS;
    enum lockbus_err err = LOCKBUS_OK;

    if (visitor != NULL && visitor->block != NULL) {
        err = visitor->block(visitor->user, &walk->head);
    }
    for (unsigned i = 0; i < walk->head.count && err == LOCKBUS_OK;
         i++, at += LB_RECORD_LEN) {
        if (!lb_record_decode(&record, at)) {
            err = LOCKBUS_ERR_CORRUPT;
        } else if (visitor != NULL && visitor->record != NULL) {
            err = visitor->record(visitor->user, &walk->head, &record);
        }
    }
    return err;
}
