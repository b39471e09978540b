/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "year.h"

#include "base/bytes.h"
#include "cabinet/cabinet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOURS = 24, DAY_MS = 86400000 };

static enum lockbus_err no_sync(void *user, uint32_t segment)
{
    (void)user;
    (void)segment;
    return LOCKBUS_OK;
}

static enum lockbus_err fold(void *user, const struct lb_block_head *head,
                             const struct lb_record *record)
{
    struct year *year = user;

    (void)head;
    return lb_gate_apply(&year->gate, record) ? LOCKBUS_OK
                                              : LOCKBUS_ERR_CORRUPT;
}

static size_t snapshot(void *user, uint32_t *cursor, struct lb_record *out,
                       size_t cap)
{
    const struct year *year = user;

    return lb_gate_snapshot(&year->gate, cursor, out, cap);
}

static void commit(struct year *year, const struct lb_record *records,
                   size_t count)
{
    struct lb_journal_job job;
    uint64_t seq;

    lb_gate_clock(&year->gate, year->ms);
    lb_journal_stamp(&year->journal, year->gate.boot, year->ms,
                     year->unix_s + year->ms / 1000, true);
    year->bad =
        lb_journal_append(&year->journal, records, count, &seq) != LOCKBUS_OK ||
        year->bad;
    for (size_t i = 0; i < count; i++) {
        if (records[i].type == LB_REC_INTENT && year->told != NULL) {
            year->told(year->user, year, &records[i]);
        }
        year->bad = !lb_gate_apply(&year->gate, &records[i]) || year->bad;
    }
    while (!year->bad && lb_journal_begin(&year->journal, &job)) {
        lb_journal_run(&job);
        lb_journal_end(&year->journal, &job);
        year->bad = job.err != LOCKBUS_OK;
    }
    year->commits++;
    year->ms += 1000;
}

static struct lb_record of_door(const struct year *year, uint16_t door,
                                enum lb_record_type type, uint8_t kind)
{
    return (struct lb_record){.type = (uint8_t)type,
                              .kind = kind,
                              .door = door,
                              .ref = year->gate.last_ref,
                              .stay = year->doors[door].stay,
                              .powered_ms = year->ms};
}

/* What stands in records does not matter here. */
static void noise(uint8_t *out, size_t len)
{
    if (!lb_crypto_random(out, len)) {
        abort();
    }
}

static struct lb_record intent(const struct year *year, uint16_t door,
                               enum lb_open open)
{
    struct lb_record r = of_door(year, door, LB_REC_INTENT, (uint8_t)open);

    r.ref = year->gate.last_ref + 1;
    noise(r.body + LB_INTENT_SIGNER, sizeof r.body - LB_INTENT_SIGNER);
    r.body[LB_INTENT_CUSTODY] = year->doors[door].custody;
    return r;
}

static struct lb_record custody(const struct year *year, uint16_t door,
                                enum lb_custody to, enum lb_cause cause)
{
    struct lb_record r = of_door(year, door, LB_REC_CUSTODY, (uint8_t)to);

    r.body[0] = year->doors[door].custody;
    r.body[1] = (uint8_t)cause;
    return r;
}

/* The leaf opens and shuts, as two commits; `opened` and `shut`: what custody
 * makes of it. */
static void through_the_leaf(struct year *year, uint16_t door,
                             enum lb_custody opened, enum lb_custody shut)
{
    struct lb_record r[3] = {
        of_door(year, door, LB_REC_LEAF, LB_LEAF_OPENED),
        of_door(year, door, LB_REC_RESULT, LB_OUTCOME_OPENED),
        custody(year, door, opened, LB_CAUSE_OPENED)};

    commit(year, r, opened != LB_CUSTODY_NONE ? 3 : 2);
    year->ms += 9000;
    r[0] = of_door(year, door, LB_REC_LEAF, LB_LEAF_SHUT);
    r[1] = custody(year, door, shut, LB_CAUSE_SHUT);
    commit(year, r, shut != LB_CUSTODY_NONE ? 2 : 1);
}

static void deposit(struct year *year, uint16_t door)
{
    static const uint8_t seal[16] = {'L', 'B', 'X', '1', 1, 1, 0, 0,
                                     3,   0,   0,   0,   0, 0, 1, 0};
    struct lb_record r[5];

    r[0] = of_door(year, door, LB_REC_STAY, 0);
    noise(r[0].body, 3 * LB_KEY_LEN);
    lb_put_u32(r[0].body + 96, 3 * 86400);
    r[0].body[100] = 0x23;
    r[1] = of_door(year, door, LB_REC_GRANT, 0);
    noise(r[1].body, sizeof r[1].body);
    r[2] = of_door(year, door, LB_REC_SEAL, 0);
    noise(r[2].body, LB_SEAL_LEN);
    memcpy(r[2].body, seal, sizeof seal);
    r[3] = intent(year, door, LB_OPEN_DEPOSIT);
    r[4] = custody(year, door, LB_CUSTODY_LOADING, LB_CAUSE_DEPOSIT);
    year->stay++;
    for (size_t i = 0; i < 5; i++) {
        r[i].stay = year->stay;
    }
    commit(year, r, 5);
    through_the_leaf(year, door, LB_CUSTODY_NONE, LB_CUSTODY_OCCUPIED);
}

static void pick_up(struct year *year, uint16_t door, bool by_code)
{
    struct lb_record r[2];

    if (by_code) {
        r[0] = of_door(year, door, LB_REC_TRY, 0);
        commit(year, r, 1);
        r[0] = of_door(year, door, LB_REC_TRY_BACK, 0);
    }
    r[by_code] = intent(year, door, LB_OPEN_RELEASE);
    commit(year, r, 1 + (size_t)by_code);
    through_the_leaf(year, door, LB_CUSTODY_EMPTYING, LB_CUSTODY_NONE);
    year->ms += 60000;
    r[0] = custody(year, door, LB_CUSTODY_VACANT, LB_CAUSE_WINDOW);
    commit(year, r, 1);
}

void year_note(struct year *year, enum lb_record_type type)
{
    struct lb_record r = {
        .type = (uint8_t)type, .door = LB_DOOR_NONE, .powered_ms = year->ms};

    if (type == LB_REC_TIME) {
        lb_put_u64(r.body, year->gate.floor_s);
    }
    commit(year, &r, 1);
}

void year_day(struct year *year, unsigned day)
{
    uint64_t began = year->ms;

    for (unsigned i = 0; i < year->parcels && !year->bad; i++) {
        unsigned n = day * year->parcels + i;

        if (n >= year->lying) {
            pick_up(year, (uint16_t)((n - year->lying) % year->door_count),
                    n % 2 == 0);
        }
        deposit(year, (uint16_t)(n % year->door_count));
        if (i < year->refusals) {
            year_note(year, LB_REC_REFUSAL);
        }
        if (i < HOURS) {
            year_note(year, LB_REC_TIME);
        }
    }
    year->ms = year->ms < began + DAY_MS ? began + DAY_MS : year->ms;
}

bool year_begin(struct year *year, const char *dir)
{
    char path[4096];
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lb_journal_visitor visitor = {.user = year, .record = fold};
    struct lb_journal_snapshot state = {.user = year, .next = snapshot};
    struct lb_recovery recovery;
    struct lb_record boot;

    (void)snprintf(path, sizeof path, "%s/journal", dir);
    lb_gate_init(&year->gate, year->doors, year->door_count);
    lb_gate_stage(&year->gate, year->rows);
    if (lb_dir_open(&year->disk, path, false, false, &why) != LOCKBUS_OK) {
        return false;
    }
    year->store = year->disk;
    year->store.sync = no_sync;
    if (lb_journal_open(&year->journal, &year->store, &visitor, &state,
                        &recovery) != LOCKBUS_OK) {
        return false;
    }
    lb_gate_stage(&year->gate, NULL);
    year->ms = recovery.powered_ms;
    year->stay = (uint64_t)year->gate.manifest.epoch << 32;
    lb_gate_clock(&year->gate, year->ms);
    if (lb_gate_tick(&year->gate, &boot, 1) == 1) {
        commit(year, &boot, 1);
    }
    return !year->bad;
}

void year_end(struct year *year)
{
    lb_journal_close(&year->journal);
    if (year->disk.user != NULL) {
        lb_dir_close(&year->disk);
    }
}
