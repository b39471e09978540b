/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The public journal: a folder, walked block by block, each record turned
 * into an entry. It stands here and not in lib/journal because it opens a
 * folder.
 */

#include <lockbus/journal.h>

#include "cabinet/entry.h"
#include "cabinet/journal_judge.h"
#include "journal/chain.h"
#include "journal/walk.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ_AHEAD = 8 /* blocks */ };

struct lockbus_journal {
    struct lb_store store;
    struct lb_walk walk;
    unsigned record; /* of the block at hand, which is read next */
    unsigned count;
    bool ended;
    char dir[sizeof((struct lockbus_error *)0)->file]; /* for people */
    uint8_t buf[READ_AHEAD * LB_BLOCK_LEN];
};

static enum lockbus_err explain(struct lockbus_error *why, enum lockbus_err err,
                                const char *dir, const char *text)
{
    memset(why, 0, sizeof *why);
    why->err = err;
    (void)snprintf(why->file, sizeof why->file, "%s", dir);
    (void)snprintf(why->text, sizeof why->text, "%s", text);
    return err;
}

static enum lockbus_err damaged(struct lockbus_error *why, const char *dir,
                                const char *text, uint64_t block)
{
    (void)explain(why, LOCKBUS_ERR_CORRUPT, dir, text);
    (void)snprintf(why->field, sizeof why->field, "block %llu",
                   (unsigned long long)block);
    return LOCKBUS_ERR_CORRUPT;
}

static enum lockbus_err no_journal(struct lockbus_error *why, const char *dir)
{
    (void)explain(why, LOCKBUS_ERR_CORRUPT, dir,
                  "this folder holds no journal");
    (void)snprintf(why->field, sizeof why->field, "segments");
    return LOCKBUS_ERR_CORRUPT;
}

/* The store said why its last call failed. */
static enum lockbus_err unread(struct lockbus_error *why, enum lockbus_err err,
                               const struct lb_store *store)
{
    lb_dir_last_error(store, why);
    why->err = err;
    return err;
}

enum lockbus_err lockbus_journal_open(struct lockbus_journal **out,
                                      const char *dir, const uint8_t *root_key,
                                      struct lockbus_error *why)
{
    uint32_t first = 0, next = 0;

    if (out == NULL || dir == NULL || why == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    struct lockbus_journal *journal = calloc(1, sizeof *journal);

    if (journal == NULL) {
        return explain(why, LOCKBUS_ERR_NOMEM, dir, "out of memory");
    }
    enum lockbus_err err = lb_dir_open(&journal->store, dir, false, true, why);

    if (err != LOCKBUS_OK) {
        free(journal);
        return err;
    }
    err = journal->store.range(journal->store.user, &first, &next);
    if (err != LOCKBUS_OK) {
        (void)unread(why, err, &journal->store);
    } else if (first == next) {
        err = no_journal(why, dir);
    }
    if (err != LOCKBUS_OK) {
        lockbus_journal_close(&journal);
        return err;
    }
    lb_walk_start(&journal->walk, &journal->store, first, next, root_key);
    lb_walk_buffer(&journal->walk, journal->buf, READ_AHEAD);
    (void)snprintf(journal->dir, sizeof journal->dir, "%s", dir);
    *out = journal;
    return LOCKBUS_OK;
}

void lockbus_journal_close(struct lockbus_journal **journal)
{
    if (journal == NULL || *journal == NULL) {
        return;
    }
    lb_dir_close(&(*journal)->store);
    lb_crypto_wipe(*journal, sizeof **journal);
    free(*journal);
    *journal = NULL;
}

/* Takes the next block; journal->ended says that there is none. */
static enum lockbus_err next_block(struct lockbus_journal *journal,
                                   struct lockbus_error *why)
{
    switch (lb_walk_next(&journal->walk)) {
    case LB_WALK_BLOCK:
        journal->record = 0;
        journal->count = journal->walk.head.count;
        return LOCKBUS_OK;
    case LB_WALK_END:
    case LB_WALK_TORN:
        journal->ended = true;
        return LOCKBUS_OK;
    case LB_WALK_DAMAGE:
        return damaged(why, journal->dir, journal->walk.text,
                       journal->walk.number);
    case LB_WALK_FAILED:
    default:
        return unread(why, journal->walk.err, &journal->store);
    }
}

enum lockbus_err lockbus_journal_next(struct lockbus_journal *journal,
                                      struct lockbus_entry *entry,
                                      struct lockbus_error *why)
{
    struct lb_record record;

    if (journal == NULL || entry == NULL || why == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    memset(entry, 0, sizeof *entry);
    entry->size = sizeof *entry;
    while (!journal->ended) {
        if (journal->record == journal->count) {
            enum lockbus_err err = next_block(journal, why);

            if (err != LOCKBUS_OK) {
                return err;
            }
            continue;
        }
        const uint8_t *at = journal->walk.block + LB_BLOCK_RECORDS +
                            (size_t)journal->record * LB_RECORD_LEN;

        if (!lb_record_decode(&record, at)) {
            return damaged(why, journal->dir,
                           "a record has no form that this version knows",
                           journal->walk.head.number);
        }
        journal->record++;
        if (lb_entry_read(entry, &journal->walk.head, &record)) {
            return LOCKBUS_OK;
        }
    }
    return LOCKBUS_OK;
}

static void fill_in(struct lockbus_journal_report *report,
                    const struct lb_verify_report *found,
                    const struct lb_judge *judge, bool intact)
{
    report->blocks = found->blocks;
    report->records = found->records;
    report->intact = intact;
    report->torn_tail = found->torn_tail;
    report->tags_checked = found->tags_checked;
    report->first_bad = intact ? 0 : found->first_bad;
    report->first_block = found->first_block;
    report->last_block = found->last_block;
    memcpy(report->last_digest, found->last_digest, sizeof found->last_digest);
    memcpy(report->cabinet_id, judge->gate.cabinet_id,
           sizeof report->cabinet_id);
    report->device_known = judge->device_known;
    memcpy(report->device_key, judge->device_key, sizeof report->device_key);
    report->acknowledged = judge->acknowledged;
    memcpy(report->text, found->text, sizeof report->text);
}

enum lockbus_err lockbus_journal_verify(const char *dir,
                                        const uint8_t *root_key,
                                        struct lockbus_journal_report *report,
                                        struct lockbus_error *why)
{
    struct lb_store store;
    struct lb_verify_report found;
    struct lb_judge judge;

    if (dir == NULL || report == NULL || why == NULL ||
        report->size != sizeof *report || !lb_crypto_init()) {
        return LOCKBUS_ERR_USAGE;
    }
    enum lockbus_err err = lb_dir_open(&store, dir, false, true, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    lb_judge_init(&judge);
    const struct lb_journal_visitor visitor = lb_judge_visitor(&judge);

    err = lb_journal_verify(&store, root_key, &visitor, &found);
    if (err == LOCKBUS_OK) {
        err = lb_judge_end(&judge, &store, &found);
    }
    bool of_a_block = err == LOCKBUS_OK || found.first_bad != UINT64_MAX;

    if (err == LOCKBUS_ERR_USAGE) {
        err = no_journal(why, dir);
    } else if (!of_a_block) {
        (void)unread(why, err, &store);
        (void)snprintf(found.text, sizeof found.text, "%.127s", why->text);
    }
    lb_dir_close(&store);
    if (err != LOCKBUS_OK &&
        (err != LOCKBUS_ERR_CORRUPT || found.text[0] == '\0')) {
        return err;
    }
    fill_in(report, &found, &judge, err == LOCKBUS_OK);
    return of_a_block && !report->intact
               ? damaged(why, dir, found.text, found.first_bad)
               : err;
}

enum lockbus_err lockbus_journal_holds(const char *dir, uint64_t block,
                                       const uint8_t digest[32],
                                       struct lockbus_error *why)
{
    struct lb_store store;

    if (dir == NULL || digest == NULL || why == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    enum lockbus_err err = lb_dir_open(&store, dir, false, true, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    bool there = lb_journal_holds(&store, block, digest) == LB_HELD;

    lb_dir_close(&store);
    return there ? LOCKBUS_OK
                 : damaged(why, dir, "the journal has not the anchored block",
                           block);
}
