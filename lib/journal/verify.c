/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "base/bytes.h"
#include "journal/chain.h"
#include "journal/walk.h"

#include <stdio.h>
#include <string.h>

enum { READ_AHEAD = 8 /* blocks */ };

static void say(struct lb_verify_report *report, const char *text)
{
    (void)snprintf(report->text, sizeof report->text, "%s", text);
}

/* Walks to the end or to the first fault. */
static enum lockbus_err walk_all(struct lb_walk *walk,
                                 const struct lb_journal_visitor *visitor,
                                 struct lb_verify_report *report)
{
    for (;;) {
        enum lb_walk_result result = lb_walk_next(walk);

        if (result == LB_WALK_FAILED) {
            return walk->err;
        }
        if (result == LB_WALK_DAMAGE) {
            report->first_bad = walk->number;
            say(report, walk->text);
            return LOCKBUS_ERR_CORRUPT;
        }
        if (result != LB_WALK_BLOCK) {
            report->torn_tail = result == LB_WALK_TORN;
            return LOCKBUS_OK;
        }
        enum lockbus_err err = lb_walk_visit(walk, visitor);

        if (err == LOCKBUS_ERR_CORRUPT) {
            report->first_bad = walk->number - 1;
            say(report, "a record has no form that this version knows");
        }
        if (err != LOCKBUS_OK) {
            return err;
        }
        report->blocks++;
        report->records += walk->head.count;
        report->last_block = walk->head.number;
        memcpy(report->last_digest, walk->before, sizeof walk->before);
    }
}

enum lockbus_err lb_journal_verify(const struct lb_store *store,
                                   const uint8_t *root_key,
                                   const struct lb_journal_visitor *visitor,
                                   struct lb_verify_report *report)
{
    uint8_t buf[READ_AHEAD * LB_BLOCK_LEN];
    struct lb_walk walk;
    uint32_t first = 0, next = 0;

    memset(report, 0, sizeof *report);
    report->first_bad = UINT64_MAX;
    report->tags_checked = root_key != NULL;
    enum lockbus_err err = store->range(store->user, &first, &next);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (next == first) {
        return LOCKBUS_ERR_USAGE;
    }
    report->first_block = (uint64_t)first * LB_SEGMENT_BLOCKS;
    lb_walk_start(&walk, store, first, next, root_key);
    lb_walk_buffer(&walk, buf, READ_AHEAD);
    err = walk_all(&walk, visitor, report);
    lb_crypto_wipe(&walk, sizeof walk);
    return err;
}

enum lb_held lb_journal_holds(const struct lb_store *store, uint64_t number,
                              const uint8_t digest[32])
{
    uint8_t block[LB_BLOCK_LEN];
    struct lb_block_head head;
    uint64_t segment = number / LB_SEGMENT_BLOCKS;
    uint32_t first = 0, next = 0;

    if (store->range(store->user, &first, &next) != LOCKBUS_OK) {
        return LB_HELD_UNREAD;
    }
    if (segment < first || segment >= next) {
        return segment < first ? LB_HELD_BEFORE : LB_HELD_LATER;
    }
    if (store->read(store->user, (uint32_t)segment,
                    (uint32_t)(number % LB_SEGMENT_BLOCKS) * LB_BLOCK_LEN,
                    block, sizeof block) != LOCKBUS_OK) {
        return LB_HELD_UNREAD;
    }
    switch (lb_block_inspect(block, &head)) {
    case LB_BLOCK_WHOLE:
        return head.number == number &&
                       lb_same(block + LB_BLOCK_DIGEST, digest, LB_HASH_LEN)
                   ? LB_HELD
                   : LB_HELD_OTHER;
    case LB_BLOCK_EMPTY:
        return LB_HELD_LATER;
    case LB_BLOCK_TORN:
    case LB_BLOCK_WRONG:
    default:
        return LB_HELD_OTHER;
    }
}
