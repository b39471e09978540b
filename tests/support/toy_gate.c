/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "toy_gate.h"

#include <string.h>

const uint8_t toy_cabinet[16] = {0xca, 0xb1, 0, 1, 2,  3,  4,  5,
                                 6,    7,    8, 9, 10, 11, 12, 13};

static uint16_t door_of(uint32_t number)
{
    return (uint16_t)(number * 7 % TOY_DOORS);
}

void toy_operation(uint32_t number, struct lb_record out[2])
{
    memset(out, 0, 2 * sizeof out[0]);
    out[0].type = LB_REC_INTENT;
    out[0].kind = LB_OPEN_RELEASE;
    out[0].door = door_of(number);
    out[0].ref = number;
    out[0].stay = (uint64_t)number << 32;
    out[0].powered_ms = (uint64_t)number * 1000;
    memset(out[0].body, (int)(number % 251 + 1), sizeof out[0].body);
    out[1] = out[0];
    out[1].type = LB_REC_LEAF;
}

void toy_apply(struct toy *toy, const struct lb_record *record)
{
    struct lb_record want[2];

    toy->records++;
    switch (record->type) {
    case LB_REC_CKPT_DOOR:
        toy->count[record->door] = record->ref;
        return;
    case LB_REC_CKPT_CABINET:
        toy->last = toy->halves = record->ref;
        return;
    case LB_REC_CKPT_END:
        toy->ckpt_ends++;
        toy->summed = true;
        return;
    default:
        break;
    }
    toy_operation(record->ref, want);
    const struct lb_record *same = &want[record->type == LB_REC_LEAF ? 1 : 0];

    if (memcmp(same, record, sizeof *record) != 0) {
        toy->broken = true;
    }
    if (record->type == LB_REC_LEAF) {
        toy->halves++;
        return;
    }
    /* The first that a fold from a checkpoint's segment meets may be any. */
    if (toy->last != 0 && record->ref != toy->last + 1) {
        toy->broken = true;
    }
    if (toy->last == 0) {
        toy->halves = record->ref - 1;
    }
    toy->last = record->ref;
    toy->count[record->door]++;
}

bool toy_is_history(const struct toy *toy)
{
    uint32_t want[TOY_DOORS] = {0};

    for (uint32_t i = 1; i <= toy->last; i++) {
        want[door_of(i)]++;
    }
    return !toy->broken && toy->halves == toy->last &&
           memcmp(want, toy->count, sizeof want) == 0;
}

static enum lockbus_err on_record(void *user, const struct lb_block_head *head,
                                  const struct lb_record *record)
{
    (void)head;
    toy_apply(user, record);
    return LOCKBUS_OK;
}

struct lb_journal_visitor toy_visitor(struct toy *toy)
{
    return (struct lb_journal_visitor){.user = toy, .record = on_record};
}

static size_t on_snapshot(void *user, uint32_t *cursor, struct lb_record *out,
                          size_t cap)
{
    const struct toy *toy = user;
    size_t count = 0;

    for (; count < cap && *cursor < TOY_DOORS + 2; count++, (*cursor)++) {
        struct lb_record *r = &out[count];

        memset(r, 0, sizeof *r);
        if (*cursor < TOY_DOORS) {
            r->type = LB_REC_CKPT_DOOR;
            r->door = (uint16_t)*cursor;
            r->ref = toy->count[*cursor];
        } else {
            r->type =
                *cursor == TOY_DOORS ? LB_REC_CKPT_CABINET : LB_REC_CKPT_END;
            r->door = LB_DOOR_NONE;
            r->ref = toy->last;
        }
    }
    return count;
}

struct lb_journal_snapshot toy_snapshot(struct toy *toy)
{
    return (struct lb_journal_snapshot){.user = toy, .next = on_snapshot};
}

enum lockbus_err toy_open(struct toy_host *host, struct sim_disk *disk,
                          struct lb_recovery *recovery)
{
    memset(&host->toy, 0, sizeof host->toy);
    host->disk = disk;
    host->store = sim_disk_store(disk);
    struct lb_journal_visitor visitor = toy_visitor(&host->toy);
    struct lb_journal_snapshot snapshot = toy_snapshot(&host->toy);
    enum lockbus_err err = lb_journal_open(&host->journal, &host->store,
                                           &visitor, &snapshot, recovery);

    host->appended = host->promised = host->toy.last;
    return err;
}

enum lockbus_err toy_make(struct toy_host *host, struct sim_disk *disk)
{
    struct lb_recovery recovery;
    struct lb_store store = sim_disk_store(disk);
    enum lockbus_err err =
        lb_journal_create(&store, toy_cabinet, host->root_key);

    return err != LOCKBUS_OK ? err : toy_open(host, disk, &recovery);
}

bool toy_flush(struct toy_host *host)
{
    struct lb_journal_job job;

    while (lb_journal_begin(&host->journal, &job)) {
        lb_journal_run(&job);
        lb_journal_end(&host->journal, &job);
        if (job.err != LOCKBUS_OK) {
            return false;
        }
    }
    return !host->journal.failed;
}

bool toy_commit(struct toy_host *host)
{
    struct lb_record record[2];
    uint64_t seq = 0;

    toy_operation(host->appended + 1, record);
    lb_journal_stamp(&host->journal, 1, record[0].powered_ms, 0, false);
    if (lb_journal_append(&host->journal, record, 2, &seq) != LOCKBUS_OK) {
        return false;
    }
    toy_apply(&host->toy, &record[0]);
    toy_apply(&host->toy, &record[1]);
    host->appended++;
    bool ok = toy_flush(host);

    if (lb_journal_durable(&host->journal) > seq) {
        host->promised = host->appended;
    }
    return ok;
}

bool toy_commit_until(struct toy_host *host, uint64_t number)
{
    while (lb_journal_durable(&host->journal) < number) {
        if (!toy_commit(host)) {
            return false;
        }
    }
    return true;
}
