/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The power is cut at each step of a receipt, and of what it lets go: between
 * any two calls to the disk, and within its writes. The journal's folder is a
 * disk in memory.
 */

#include "cabinet/cabinet.h"
#include "cabinet/journal_judge.h"
#include "rig.h"
#include "sim_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum {
    KEEP_DAYS = 2,
    DAY_MS = 86400000,
    BLOCKS = 2 * LB_SEGMENT_BLOCKS + 30,
    GOES_BELOW = 2 * LB_SEGMENT_BLOCKS,
    OPENED = 2, /* calls of a start, which fails without them */
    STEP = 2503 /* a write of a block costs its 4,096 bytes, a call one */
};

/* ---- The disk ------------------------------------------------------------ */

static struct sim_disk base, disk;

/* The linker gives the library these in place of its own folder. */
enum lockbus_err __wrap_lb_dir_open(struct lb_store *store, const char *path,
                                    bool create, bool read_only,
                                    struct lockbus_error *why);
void __wrap_lb_dir_close(struct lb_store *store);
void __wrap_lb_dir_last_error(const struct lb_store *store,
                              struct lockbus_error *why);

enum lockbus_err __wrap_lb_dir_open(struct lb_store *store, const char *path,
                                    bool create, bool read_only,
                                    struct lockbus_error *why)
{
    (void)path;
    (void)create;
    (void)read_only;
    (void)why;
    *store = sim_disk_store(&disk);
    return LOCKBUS_OK;
}

void __wrap_lb_dir_close(struct lb_store *store)
{
    memset(store, 0, sizeof *store);
}

void __wrap_lb_dir_last_error(const struct lb_store *store,
                              struct lockbus_error *why)
{
    (void)store;
    *why = (struct lockbus_error){.err = LOCKBUS_OK};
}

/* ---- The cabinet --------------------------------------------------------- */

static struct rig *rig;
static uint8_t receipt[LOCKBUS_RECEIPT_LEN];
static uint64_t receipt_block;

static void keeps_two_days(const struct rig *r)
{
    assert_true(world_config(&r->world, RIG_BOARDS, "host:rig",
                             LB_SOURCE_DIR "/profiles", 115200));
    FILE *f = fopen(rig_path(r, "cabinet.ini"), "a");

    assert_non_null(f);
    (void)fprintf(f, "[journal]\nkeep_days = %d\n", KEEP_DAYS);
    assert_int_equal(fclose(f), 0);
}

static void days_go_by(void)
{
    rig_stall(rig, (uint64_t)(KEEP_DAYS + 1) * DAY_MS);
    rig_run(rig, 100);
}

static void fill(void)
{
    struct lockbus_cabinet *cab = rig->cab;
    struct lb_record record = {.type = LB_REC_TIME, .door = LB_DOOR_NONE};

    while (lb_journal_durable(cab->journal) < BLOCKS) {
        record.powered_ms = cab->gate.powered_ms;
        assert_true(lb_write(cab, &record, 1));
        lb_ask_commit(cab);
        lb_ask_worker_ended(cab);
    }
}

/* Two old segments, and a receipt for both that nobody has presented yet. */
static int set_up(void **state)
{
    uint8_t anchor[LOCKBUS_ANCHOR_LEN];
    struct lockbus_receipt fields = {.issued_at = 1790000000};
    struct lockbus_anchor read;
    struct lockbus_error why;

    (void)state;
    sim_disk_init(&base);
    sim_disk_init(&disk);
    rig = rig_new_wired(keeps_two_days);
    rig_open(rig);
    fill();
    days_go_by();
    if (lockbus_cabinet_anchor(rig->cab, anchor, &why) != LOCKBUS_OK ||
        lockbus_anchor_read(&read, anchor, sizeof anchor) != LOCKBUS_OK) {
        return -1;
    }
    memcpy(fields.cabinet_id, read.cabinet_id, sizeof fields.cabinet_id);
    memcpy(fields.digest, read.digest, sizeof fields.digest);
    fields.block = receipt_block = read.block;
    rig_close(rig);
    sim_disk_copy(&base, &disk);
    return lockbus_issue_receipt(receipt, &fields, &rig->world.archive, &why) ==
                   LOCKBUS_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(rig);
    sim_disk_deinit(&base);
    sim_disk_deinit(&disk);
    return 0;
}

/* Opens, presents the receipt, and waits for what follows; whether it was said
 * to be on record. */
static bool present(void)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    rig_forget(rig);
    rig_open(rig);
    enum lockbus_err err =
        lockbus_acknowledge(rig->cab, receipt, sizeof receipt, &ticket, &why);

    assert_true(err == LOCKBUS_OK || err == LOCKBUS_ERR_IO);
    rig_run(rig, 300);
    return rig_count(rig, LOCKBUS_EVENT_DONE, 0xFFFF) != 0;
}

static void must_be_whole(void)
{
    struct lb_store store = sim_disk_store(&disk);
    struct lb_verify_report report;
    struct lb_judge judge;

    lb_judge_init(&judge);
    const struct lb_journal_visitor visitor = lb_judge_visitor(&judge);

    assert_int_equal(lb_journal_verify(&store, rig->escrow, &visitor, &report),
                     LOCKBUS_OK);
    assert_int_equal(lb_judge_end(&judge, &store, &report), LOCKBUS_OK);
}

static uint64_t first_block(void)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    return info.journal_first;
}

/* ---- The cuts ------------------------------------------------------------ */

static void cut_after(uint64_t cost, enum sim_disk_tear tear)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    sim_disk_copy(&disk, &base);
    disk.cut_after = cost;
    disk.tear = tear;
    disk.seed = (uint32_t)cost + 1;
    bool told = present();

    rig_close(rig);
    sim_disk_reboot(&disk);
    must_be_whole();
    rig_open(rig);
    rig_run(rig, 300);
    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    if (told) {
        assert_int_equal(info.journal_acknowledged, receipt_block);
    }
    if (info.journal_acknowledged == receipt_block) {
        assert_int_equal(info.journal_first, GOES_BELOW);
    }
    rig_close(rig);
    assert_true(present());
    assert_int_equal(first_block(), GOES_BELOW);
    rig_close(rig);
}

static void a_cut_anywhere_leaves_a_whole_journal(void **state)
{
    (void)state;
    sim_disk_copy(&disk, &base);
    assert_true(present());
    assert_int_equal(first_block(), GOES_BELOW);
    uint64_t cost = disk.cost;

    rig_close(rig);
    for (uint64_t at = OPENED; at <= cost; at += STEP) {
        cut_after(at, at % 2 == 0 ? SIM_DISK_FORGET : SIM_DISK_SCATTER);
    }
}

/* The last calls one by one: the record is there, and its files go. */
static void each_step_of_the_last_ones_may_be_the_last(void **state)
{
    enum { LAST = 6 };

    (void)state;
    sim_disk_copy(&disk, &base);
    assert_true(present());
    uint64_t cost = disk.cost;

    rig_close(rig);
    for (uint64_t back = 0; back <= LAST; back++) {
        cut_after(cost - back, SIM_DISK_KEEP);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_anywhere_leaves_a_whole_journal),
        cmocka_unit_test(each_step_of_the_last_ones_may_be_the_last),
    };

    return cmocka_run_group_tests_name("let go", tests, set_up, tear_down);
}
