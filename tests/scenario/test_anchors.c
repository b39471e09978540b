/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The operator keeps what a cabinet signed of its journal's end, and gives a
 * receipt for it. What is cut off, rolled back or redone is then found, and
 * only what has a receipt is let go.
 */

#include "cabinet/cabinet.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { A07 = 6, KEEP_DAYS = 2, DAY_MS = 86400000 };

/* Thousands of blocks, of which no power cut takes one. */
static bool sync_fails;

int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
    (void)fd;
    errno = ENOSPC;
    return sync_fails ? -1 : 0;
}

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

/* How many segments can be taken away before the disk refuses. */
static unsigned removals = UINT_MAX;

/* Its journal must say what goes before it goes. */
static const struct rig *watched;
static unsigned entries(const struct rig *rig, enum lockbus_entry_kind kind,
                        const char *what);

enum lockbus_err __real_lb_dir_remove(void *user, uint32_t segment);
enum lockbus_err __wrap_lb_dir_remove(void *user, uint32_t segment);
enum lockbus_err __wrap_lb_dir_remove(void *user, uint32_t segment)
{
    if (removals == 0) {
        return LOCKBUS_ERR_IO;
    }
    removals--;
    if (watched != NULL) {
        assert_int_equal(entries(watched, LOCKBUS_ENTRY_RETAIN, "let go"), 1);
    }
    return __real_lb_dir_remove(user, segment);
}

/* ---- What people do ------------------------------------------------------ */

static struct lockbus_anchor anchor_of(struct rig *rig)
{
    uint8_t bytes[LOCKBUS_ANCHOR_LEN], key[32];
    struct lockbus_error why;
    struct lockbus_anchor anchor;

    assert_int_equal(lockbus_cabinet_anchor(rig->cab, bytes, &why), LOCKBUS_OK);
    assert_int_equal(
        lockbus_device_key(rig_path(rig, "cabinet.ini"), key, &why),
        LOCKBUS_OK);
    assert_int_equal(
        lockbus_anchor_verify(&anchor, bytes, sizeof bytes, key, &why),
        LOCKBUS_OK);
    assert_memory_equal(anchor.cabinet_id, rig->world.cabinet_id, 16);
    return anchor;
}

static void receipt_for(const struct rig *rig,
                        const struct lockbus_anchor *anchor,
                        const struct lockbus_signer *signer,
                        uint8_t out[LOCKBUS_RECEIPT_LEN])
{
    struct lockbus_receipt receipt = {.block = anchor->block,
                                      .issued_at = rig->world.now_unix};
    struct lockbus_error why;

    memcpy(receipt.cabinet_id, anchor->cabinet_id, 16);
    memcpy(receipt.digest, anchor->digest, 32);
    assert_int_equal(lockbus_issue_receipt(out, &receipt, signer, &why),
                     LOCKBUS_OK);
}

/* NONE: it was taken; else the rule that refused, at once or in the end. */
static enum lockbus_rule give(struct rig *rig,
                              const uint8_t receipt[LOCKBUS_RECEIPT_LEN])
{
    struct lockbus_error why;
    uint32_t ticket = 0;
    enum lockbus_err err = lockbus_acknowledge(
        rig->cab, receipt, LOCKBUS_RECEIPT_LEN, &ticket, &why);

    if (err == LOCKBUS_ERR_DENIED) {
        return why.rule;
    }
    assert_int_equal(err, LOCKBUS_OK);
    struct lockbus_event end = rig_finish(rig, ticket);

    assert_int_equal(end.kind, end.rule == LOCKBUS_RULE_NONE
                                   ? LOCKBUS_EVENT_DONE
                                   : LOCKBUS_EVENT_REFUSED);
    return end.rule;
}

static enum lockbus_rule acknowledge(struct rig *rig,
                                     const struct lockbus_anchor *anchor)
{
    uint8_t receipt[LOCKBUS_RECEIPT_LEN];

    receipt_for(rig, anchor, &rig->world.archive, receipt);
    return give(rig, receipt);
}

static struct lockbus_cabinet_info info_of(const struct rig *rig)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    return info;
}

/* Blocks of nothing but the floor of time, until there are so many. */
static void fill(struct rig *rig, uint64_t blocks)
{
    struct lockbus_cabinet *cab = rig->cab;
    struct lb_record record = {.type = LB_REC_TIME, .door = LB_DOOR_NONE};

    while (lb_journal_durable(cab->journal) < blocks) {
        record.powered_ms = cab->gate.powered_ms;
        assert_true(lb_write(cab, &record, 1));
        lb_ask_commit(cab);
        lb_ask_worker_ended(cab);
        assert_false(cab->journal_failed);
    }
    rig_run(rig, 10);
}

static void act(struct rig *rig)
{
    uint32_t ticket;
    struct lockbus_error why;

    assert_int_equal(rig_service(rig, 20, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
}

/* A copy of the journal's folder, and putting it back. */
static void folder(struct rig *rig, const char *command)
{
    char line[4 * WORLD_PATH];

    (void)snprintf(line, sizeof line, "cd '%s' && %s", rig->world.dir, command);
    assert_int_equal(system(line), 0);
}

static unsigned entries(const struct rig *rig, enum lockbus_entry_kind kind,
                        const char *what)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry;
    struct lockbus_error why;
    unsigned count = 0;

    assert_int_equal(
        lockbus_journal_open(&journal, rig_path(rig, "journal"), NULL, &why),
        LOCKBUS_OK);
    do {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        count += entry.kind == kind && strcmp(entry.what, what) == 0;
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
    return count;
}

static enum lockbus_err verify(const struct rig *rig,
                               struct lockbus_journal_report *report)
{
    struct lockbus_error why;

    *report = (struct lockbus_journal_report){.size = sizeof *report};
    return lockbus_journal_verify(rig_path(rig, "journal"), rig->escrow, report,
                                  &why);
}

static enum lockbus_err open_again(struct rig *rig, struct lockbus_error *why)
{
    enum lockbus_err err = rig_try_open(rig, why);

    if (err == LOCKBUS_OK) {
        rig_close(rig);
    }
    return err;
}

/* ---- Anchors and receipts ------------------------------------------------ */

static void an_anchor_names_the_last_durable_block(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor before = anchor_of(rig), after;
    struct lockbus_error why;

    assert_int_equal(before.block, info_of(rig).journal_blocks - 1);
    assert_int_equal(lockbus_journal_holds(rig_path(rig, "journal"),
                                           before.block, before.digest, &why),
                     LOCKBUS_OK);
    act(rig);
    after = anchor_of(rig);
    assert_true(after.block > before.block);
    assert_true(after.powered_ms >= before.powered_ms);
    assert_true(after.trusted);
    rig_crash(rig);
    before = anchor_of(rig);
    assert_int_equal(lockbus_journal_holds(rig_path(rig, "journal"),
                                           before.block, before.digest, &why),
                     LOCKBUS_OK);
    rig_free(rig);
    (void)state;
}

static void a_receipt_is_on_record_and_is_known_after_a_restart(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor first = anchor_of(rig), second;

    assert_int_equal(info_of(rig).journal_acknowledged, UINT64_MAX);
    act(rig);
    second = anchor_of(rig);
    assert_int_equal(acknowledge(rig, &second), LOCKBUS_RULE_NONE);
    assert_int_equal(info_of(rig).journal_acknowledged, second.block);
    assert_int_equal(entries(rig, LOCKBUS_ENTRY_RECEIPT, "receipt"), 1);
    rig_crash(rig);
    assert_int_equal(info_of(rig).journal_acknowledged, second.block);
    assert_int_equal(acknowledge(rig, &first), LOCKBUS_RULE_R6);
    assert_int_equal(acknowledge(rig, &second), LOCKBUS_RULE_NONE);
    assert_int_equal(entries(rig, LOCKBUS_ENTRY_RECEIPT, "receipt"), 1);
    rig_free(rig);
    (void)state;
}

static void what_is_no_receipt_of_this_operator_is_refused(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor = anchor_of(rig), other = anchor;
    uint8_t receipt[LOCKBUS_RECEIPT_LEN];

    receipt_for(rig, &anchor, &rig->world.security, receipt);
    assert_int_equal(give(rig, receipt), LOCKBUS_RULE_R2);
    receipt_for(rig, &anchor, &rig->world.archive, receipt);
    receipt[64] ^= 1;
    assert_int_equal(give(rig, receipt), LOCKBUS_RULE_R2);
    receipt[64] ^= 1;
    receipt[5] = 1;
    assert_int_equal(give(rig, receipt), LOCKBUS_RULE_R1);
    other.cabinet_id[3] ^= 1;
    assert_int_equal(acknowledge(rig, &other), LOCKBUS_RULE_R3);
    assert_int_equal(info_of(rig).journal_acknowledged, UINT64_MAX);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    rig_free(rig);
    (void)state;
}

static void a_receipt_past_the_head_is_an_alarm_and_no_more(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor = anchor_of(rig);

    anchor.block += 1000;
    rig_forget(rig);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_R4);
        rig_run(rig, 2000);
    }
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_ROLLED_BACK, 0xFFFF), 3);
    assert_int_equal(info_of(rig).journal_acknowledged, UINT64_MAX);
    /* The alarm is there once, however often it is presented. */
    assert_int_equal(entries(rig, LOCKBUS_ENTRY_ALARM, "rolled back"), 1);
    act(rig);
    rig_free(rig);
    (void)state;
}

static void a_receipt_for_another_block_is_an_alarm(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor = anchor_of(rig);

    anchor.digest[0] ^= 1;
    rig_forget(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_R5);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORKED, 0xFFFF), 1);
    assert_int_equal(info_of(rig).journal_acknowledged, UINT64_MAX);
    rig_run(rig, 2000);
    assert_int_equal(entries(rig, LOCKBUS_ENTRY_ALARM, "forked"), 1);
    rig_free(rig);
    (void)state;
}

static void a_receipt_waits_for_the_worker_and_the_bus_does_not(void **state)
{
    struct rig *rig = rig_new_closed();

    rig->worker = true;
    rig_open(rig);
    struct lockbus_anchor anchor = anchor_of(rig);

    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    assert_int_equal(info_of(rig).journal_acknowledged, anchor.block);
    rig_free(rig);
    (void)state;
}

static void one_receipt_at_a_time(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor = anchor_of(rig);
    uint8_t receipt[LOCKBUS_RECEIPT_LEN];
    struct lockbus_error why;
    uint32_t ticket = 0, other = 0;

    receipt_for(rig, &anchor, &rig->world.archive, receipt);
    assert_int_equal(
        lockbus_acknowledge(rig->cab, receipt, sizeof receipt, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(
        lockbus_acknowledge(rig->cab, receipt, sizeof receipt, &other, &why),
        LOCKBUS_ERR_BUSY);
    assert_string_equal(why.field, "receipt");
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    rig_free(rig);
    (void)state;
}

/* ---- What is found ------------------------------------------------------- */

/* The segment's end is cut off: what is left verifies. */
static void cut_below(struct rig *rig, uint64_t block)
{
    FILE *f = fopen(rig_path(rig, "journal/segment-00000000"), "r+b");
    static const uint8_t zeros[LB_BLOCK_LEN];

    assert_non_null(f);
    assert_int_equal(fseek(f, (long)block * LB_BLOCK_LEN, SEEK_SET), 0);
    for (uint64_t b = block; b < LB_SEGMENT_BLOCKS; b++) {
        assert_int_equal(fwrite(zeros, 1, sizeof zeros, f), sizeof zeros);
    }
    assert_int_equal(fclose(f), 0);
}

static void a_journal_cut_off_below_a_receipt_does_not_start(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_journal_report report;
    struct lockbus_error why;
    struct lockbus_anchor anchor;

    act(rig);
    anchor = anchor_of(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    rig_close(rig);
    cut_below(rig, anchor.block);
    assert_int_equal(open_again(rig, &why), LOCKBUS_ERR_CORRUPT);
    assert_string_equal(why.field, "receipt");
    assert_non_null(strstr(why.text, "cut off"));
    assert_int_equal(verify(rig, &report), LOCKBUS_ERR_CORRUPT);
    assert_false(report.intact);
    assert_int_equal(report.first_bad, anchor.block);
    assert_int_equal(report.acknowledged, anchor.block);
    /* The way out: without the file it starts, and the operator finds it. */
    folder(rig, "rm journal/receipt");
    rig_open(rig);
    assert_int_equal(info_of(rig).journal_acknowledged, UINT64_MAX);
    anchor.block += 100;
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_R4);
    rig_free(rig);
    (void)state;
}

static void a_journal_cut_off_at_a_receipt_starts(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor;

    act(rig);
    anchor = anchor_of(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    rig_close(rig);
    cut_below(rig, anchor.block + 1);
    rig_open(rig);
    rig_free(rig);
    (void)state;
}

/* The blocks after the receipt's were redone with the key of the time, and it
 * with them: a receipt of another history. */
static void
a_journal_with_another_block_than_its_receipt_does_not_start(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_journal_report report;
    struct lockbus_anchor anchor;
    struct lockbus_error why;

    rig_close(rig);
    folder(rig, "cp -a journal old");
    rig_open(rig);
    act(rig);
    anchor = anchor_of(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    rig_close(rig);
    folder(rig, "cp journal/receipt kept && rm -r journal && mv old journal");
    for (int i = 0; i < 8; i++) {
        rig_open(rig); /* other blocks in their places */
        rig_close(rig);
    }
    folder(rig, "cp kept journal/receipt");
    assert_int_equal(open_again(rig, &why), LOCKBUS_ERR_CORRUPT);
    assert_string_equal(why.field, "receipt");
    assert_non_null(strstr(why.text, "another block"));
    assert_int_equal(verify(rig, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, anchor.block);
    rig_free(rig);
    (void)state;
}

static void
the_archive_key_of_an_older_manifest_signs_nothing_more(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor = anchor_of(rig);
    uint8_t manifest[LOCKBUS_MANIFEST_MAX], receipt[LOCKBUS_RECEIPT_LEN];
    struct lockbus_error why;
    uint32_t ticket;
    size_t len = 0;

    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    receipt_for(rig, &anchor, &rig->world.archive, receipt);
    assert_int_equal(lockbus_signer_generate(&rig->world.archive), LOCKBUS_OK);
    rig->world.manifest_no++;
    assert_true(world_manifest(&rig->world, manifest, &len, &why));
    assert_int_equal(lockbus_manifest(rig->cab, manifest, len, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    assert_int_equal(give(rig, receipt), LOCKBUS_RULE_R2);
    /* Nor is what it signed before held against the journal. */
    rig_crash(rig);
    assert_int_equal(info_of(rig).journal_acknowledged, UINT64_MAX);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    rig_free(rig);
    (void)state;
}

static void a_forged_receipt_stops_no_cabinet(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor = anchor_of(rig);
    uint8_t receipt[LOCKBUS_RECEIPT_LEN];
    struct lockbus_error why;

    rig_close(rig);
    anchor.block += 1000;
    for (int way = 0; way < 3; way++) {
        receipt_for(rig, &anchor,
                    way == 0 ? &rig->world.security : &rig->world.archive,
                    receipt);
        receipt[30] ^= way == 1 ? 1 : 0;
        FILE *f = fopen(rig_path(rig, "journal/receipt"), "wb");

        assert_non_null(f);
        assert_int_equal(
            fwrite(receipt, 1, sizeof receipt - (way == 2 ? 1 : 0), f),
            sizeof receipt - (way == 2 ? 1 : 0));
        assert_int_equal(fchmod(fileno(f), 0600), 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(open_again(rig, &why), LOCKBUS_OK);
    }
    rig_free(rig);
    (void)state;
}

/* Everything, receipt and all, is put back as it was: nothing in the folder
 * can show that. The operator's next receipt does. */
static void
a_folder_that_was_rolled_back_is_found_by_the_next_receipt(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor;

    rig_close(rig);
    folder(rig, "cp -a journal old");
    rig_open(rig);
    act(rig);
    act(rig);
    for (int i = 0; i < 6; i++) {
        rig_crash(rig); /* a block each: the old folder is well behind */
    }
    anchor = anchor_of(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    rig_close(rig);
    folder(rig, "rm -r journal && mv old journal");
    rig_open(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_R4);
    rig_free(rig);
    (void)state;
}

/* Whoever has the current key goes on from an old copy: all tags are good. */
static void another_history_is_found_by_an_anchor_and_a_receipt(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_anchor anchor;
    struct lockbus_error why;
    struct lockbus_journal_report report = {.size = sizeof report};

    rig_close(rig);
    folder(rig, "cp -a journal old");
    rig_open(rig);
    act(rig);
    anchor = anchor_of(rig);
    rig_close(rig);
    folder(rig, "rm -r journal && mv old journal");
    rig_open(rig);
    for (int i = 0; i < 8; i++) {
        rig_crash(rig); /* other blocks in their places */
    }
    rig_close(rig);
    assert_int_equal(lockbus_journal_verify(rig_path(rig, "journal"),
                                            rig->escrow, &report, &why),
                     LOCKBUS_OK);
    assert_true(report.last_block >= anchor.block);
    assert_int_equal(lockbus_journal_holds(rig_path(rig, "journal"),
                                           anchor.block, anchor.digest, &why),
                     LOCKBUS_ERR_CORRUPT);
    rig_open(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_R5);
    rig_free(rig);
    (void)state;
}

/* ---- The device key ------------------------------------------------------ */

static void
without_its_device_key_a_cabinet_opens_and_an_amendment_heals_it(void **state)
{
    struct rig *rig = rig_new();
    uint8_t anchor[LOCKBUS_ANCHOR_LEN], key[32];
    struct lockbus_error why;

    rig_close(rig);
    folder(rig, "truncate -s 87 journal/device");
    assert_int_equal(
        lockbus_device_key(rig_path(rig, "cabinet.ini"), key, &why),
        LOCKBUS_ERR_CORRUPT);
    rig_open(rig);
    assert_int_equal(lockbus_cabinet_anchor(rig->cab, anchor, &why),
                     LOCKBUS_ERR_CORRUPT);
    assert_string_equal(why.field, "device");
    rig_close(rig);
    assert_true(world_amend(&rig->world, &why));
    rig_open(rig);
    (void)anchor_of(rig);
    assert_int_equal(entries(rig, LOCKBUS_ENTRY_DEVICE, "device key"), 2);
    rig_free(rig);
    (void)state;
}

/* ---- Segments ------------------------------------------------------------ */

static void keeps_two_days(const struct rig *rig)
{
    assert_true(world_config(&rig->world, RIG_BOARDS, "host:rig",
                             LB_SOURCE_DIR "/profiles", 115200));
    FILE *f = fopen(rig_path(rig, "cabinet.ini"), "a");

    assert_non_null(f);
    (void)fprintf(f, "[journal]\nkeep_days = %d\n", KEEP_DAYS);
    assert_int_equal(fclose(f), 0);
}

static void days_go_by(struct rig *rig, unsigned days)
{
    rig_stall(rig, (uint64_t)days * DAY_MS);
    rig->world.now_unix += days * (DAY_MS / 1000);
    rig_run(rig, 100);
}

/* Two whole segments and a bit, with a checkpoint in the third; they are made
 * when the cabinet is older than what is kept. */
static struct rig *rig_of_three_segments(bool drops)
{
    struct rig *rig = drops ? rig_new_wired(keeps_two_days) : rig_new_closed();

    rig_open(rig);
    days_go_by(rig, KEEP_DAYS + 1);
    fill(rig, 2 * LB_SEGMENT_BLOCKS + 30);
    assert_int_equal(rig->cab->journal->key_count, 1);
    return rig;
}

static uint64_t first_block(struct rig *rig)
{
    rig_run(rig, 100);
    return info_of(rig).journal_first;
}

static void old_segments_with_a_receipt_are_let_go(void **state)
{
    struct rig *rig = rig_of_three_segments(true);
    struct lockbus_anchor anchor;

    days_go_by(rig, KEEP_DAYS + 1);
    assert_int_equal(first_block(rig), 0); /* no receipt */
    anchor = anchor_of(rig);
    watched = rig;
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    assert_int_equal(first_block(rig), 2 * LB_SEGMENT_BLOCKS);
    watched = NULL;
    assert_int_equal(access(rig_path(rig, "journal/segment-00000001"), F_OK),
                     -1);
    assert_int_equal(entries(rig, LOCKBUS_ENTRY_RETAIN, "let go"), 1);
    act(rig);
    rig_crash(rig);
    assert_int_equal(info_of(rig).journal_first, 2 * LB_SEGMENT_BLOCKS);
    assert_int_equal(info_of(rig).journal_acknowledged, anchor.block);
    /* A receipt for what is gone is old, and no alarm. */
    anchor.block = 5;
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_R6);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORKED, 0xFFFF), 0);
    rig_free(rig);
    (void)state;
}

/* Verification knows what was let go from what is missing. */
static void only_a_receipt_explains_a_beginning(void **state)
{
    struct rig *rig = rig_of_three_segments(true);
    struct lockbus_journal_report report;
    struct lockbus_anchor anchor;
    struct lb_record forged[3] = {
        {.type = LB_REC_RECEIPT, .door = LB_DOOR_NONE},
        {.type = LB_REC_RECEIPT, .kind = 1, .door = LB_DOOR_NONE},
        {.type = LB_REC_RETAIN,
         .door = LB_DOOR_NONE,
         .stay = LB_SEGMENT_BLOCKS}};
    uint8_t receipt[2 * LB_RECORD_BODY] = {0};

    rig_close(rig);
    folder(rig, "cp -a journal whole && rm journal/segment-00000000");
    assert_int_equal(verify(rig, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, LB_SEGMENT_BLOCKS);
    assert_true(report.tags_checked);
    /* Nor do records that whoever has the current key can write. */
    rig_open(rig);
    anchor = anchor_of(rig);
    receipt_for(rig, &anchor, &rig->world.security, receipt);
    memcpy(forged[0].body, receipt, LB_RECORD_BODY);
    memcpy(forged[1].body, receipt + LB_RECORD_BODY, LB_RECORD_BODY);
    assert_true(lb_write(rig->cab, forged, 3));
    rig_run(rig, 10);
    rig_close(rig);
    assert_int_equal(verify(rig, &report), LOCKBUS_ERR_CORRUPT);
    folder(rig, "rm -r journal && mv whole journal");
    rig_open(rig);
    days_go_by(rig, KEEP_DAYS + 1);
    anchor = anchor_of(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    assert_int_equal(first_block(rig), 2 * LB_SEGMENT_BLOCKS);
    rig_close(rig);
    assert_int_equal(verify(rig, &report), LOCKBUS_OK);
    assert_int_equal(report.first_block, 2 * LB_SEGMENT_BLOCKS);
    assert_int_equal(report.acknowledged, anchor.block);
    assert_true(report.device_known);
    assert_memory_equal(report.cabinet_id, rig->world.cabinet_id, 16);
    /* One more than was let go. */
    rig_open(rig);
    fill(rig, 3 * LB_SEGMENT_BLOCKS + 30);
    rig_close(rig);
    folder(rig, "rm journal/segment-00000002");
    assert_int_equal(verify(rig, &report), LOCKBUS_ERR_CORRUPT);
    rig_free(rig);
    (void)state;
}

/* The disk refuses, or the process dies, after each of its steps. */
static void what_was_let_go_goes_at_the_next_start(void **state)
{
    for (unsigned n = 0; n < 2; n++) {
        struct rig *rig = rig_of_three_segments(true);
        struct lockbus_journal_report report;
        struct lockbus_anchor anchor;

        removals = n;
        days_go_by(rig, KEEP_DAYS + 1);
        anchor = anchor_of(rig);
        assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
        assert_int_equal(first_block(rig), n * LB_SEGMENT_BLOCKS);
        act(rig); /* nothing else suffers */
        removals = UINT_MAX;
        rig_crash_only(rig);
        assert_int_equal(verify(rig, &report), LOCKBUS_OK);
        assert_int_equal(report.first_block, n * LB_SEGMENT_BLOCKS);
        rig_open(rig);
        assert_int_equal(first_block(rig), 2 * LB_SEGMENT_BLOCKS);
        rig_close(rig);
        assert_int_equal(verify(rig, &report), LOCKBUS_OK);
        rig_free(rig);
    }
    (void)state;
}

/* Why the disk failed is asked of it only while nobody uses it. */
static void a_failed_disk_is_not_asked_while_the_worker_uses_it(void **state)
{
    for (int busy = 0; busy < 2; busy++) {
        struct rig *rig = rig_new();
        struct lockbus_error why;
        uint32_t ticket;

        rig->cab->archive.state = busy != 0 ? LB_ARCHIVE_LOOK : LB_ARCHIVE_REST;
        sync_fails = true;
        assert_int_equal(
            rig_service(rig, 20, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
            LOCKBUS_OK);
        rig_run(rig, 100);
        sync_fails = false;
        assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF),
                         1);
        assert_int_equal(
            rig_service(rig, 21, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
            LOCKBUS_ERR_IO);
        assert_int_equal(why.sys_errno, busy != 0 ? 0 : ENOSPC);
        rig_free(rig);
    }
    (void)state;
}

/* The newest checkpoint is not whole: a start needs the segment before. */
static void what_a_start_needs_stays(void **state)
{
    struct rig *rig = rig_new_wired(keeps_two_days);
    struct lockbus_anchor anchor;

    rig_open(rig);
    fill(rig, LB_SEGMENT_BLOCKS + 30);
    days_go_by(rig, KEEP_DAYS + 1);
    rig->cab->journal->snapshot.next = NULL;
    fill(rig, 2 * LB_SEGMENT_BLOCKS + 1);
    days_go_by(rig, KEEP_DAYS + 1);
    anchor = anchor_of(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    assert_int_equal(first_block(rig), LB_SEGMENT_BLOCKS);
    rig_crash(rig);
    rig_free(rig);
    (void)state;
}

static void a_segment_is_kept_for_its_days(void **state)
{
    struct rig *rig = rig_of_three_segments(true);
    struct lockbus_anchor anchor = anchor_of(rig);

    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    days_go_by(rig, KEEP_DAYS - 1);
    fill(rig, 3 * LB_SEGMENT_BLOCKS + 30); /* another occasion */
    assert_int_equal(first_block(rig), 0);
    days_go_by(rig, 2);
    fill(rig, 4 * LB_SEGMENT_BLOCKS + 30);
    assert_int_equal(first_block(rig), 2 * LB_SEGMENT_BLOCKS);
    rig_free(rig);
    (void)state;
}

static void a_segment_whose_last_block_has_no_receipt_stays(void **state)
{
    struct rig *rig = rig_new_wired(keeps_two_days);
    struct lockbus_anchor anchor;

    rig_open(rig);
    fill(rig, LB_SEGMENT_BLOCKS - 30);
    anchor = anchor_of(rig);
    assert_true(anchor.block < LB_SEGMENT_BLOCKS - 1);
    fill(rig, 2 * LB_SEGMENT_BLOCKS + 30);
    days_go_by(rig, KEEP_DAYS + 1);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    assert_int_equal(first_block(rig), 0);
    rig_free(rig);
    (void)state;
}

static void without_keep_days_nothing_is_let_go(void **state)
{
    struct rig *rig = rig_of_three_segments(false);
    struct lockbus_anchor anchor;

    days_go_by(rig, 400);
    anchor = anchor_of(rig);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    assert_int_equal(first_block(rig), 0);
    rig_free(rig);
    (void)state;
}

static void a_full_segment_asks_for_an_anchor(void **state)
{
    struct rig *rig = rig_of_three_segments(false);
    struct lockbus_anchor anchor = anchor_of(rig);

    /* The second was told of with the first. */
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_ANCHOR_DUE, 0xFFFF), 1);
    assert_int_equal(acknowledge(rig, &anchor), LOCKBUS_RULE_NONE);
    rig_forget(rig);
    rig_crash(rig);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_ANCHOR_DUE, 0xFFFF), 0);
    fill(rig, 3 * LB_SEGMENT_BLOCKS + 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_ANCHOR_DUE, 0xFFFF), 1);
    rig_free(rig);
    (void)state;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_names_the_last_durable_block),
        cmocka_unit_test(a_receipt_is_on_record_and_is_known_after_a_restart),
        cmocka_unit_test(what_is_no_receipt_of_this_operator_is_refused),
        cmocka_unit_test(a_receipt_past_the_head_is_an_alarm_and_no_more),
        cmocka_unit_test(a_receipt_for_another_block_is_an_alarm),
        cmocka_unit_test(a_receipt_waits_for_the_worker_and_the_bus_does_not),
        cmocka_unit_test(one_receipt_at_a_time),
        cmocka_unit_test(a_journal_cut_off_below_a_receipt_does_not_start),
        cmocka_unit_test(a_journal_cut_off_at_a_receipt_starts),
        cmocka_unit_test(
            a_journal_with_another_block_than_its_receipt_does_not_start),
        cmocka_unit_test(
            the_archive_key_of_an_older_manifest_signs_nothing_more),
        cmocka_unit_test(a_forged_receipt_stops_no_cabinet),
        cmocka_unit_test(
            a_folder_that_was_rolled_back_is_found_by_the_next_receipt),
        cmocka_unit_test(another_history_is_found_by_an_anchor_and_a_receipt),
        cmocka_unit_test(
            without_its_device_key_a_cabinet_opens_and_an_amendment_heals_it),
        cmocka_unit_test(old_segments_with_a_receipt_are_let_go),
        cmocka_unit_test(only_a_receipt_explains_a_beginning),
        cmocka_unit_test(what_was_let_go_goes_at_the_next_start),
        cmocka_unit_test(what_a_start_needs_stays),
        cmocka_unit_test(a_failed_disk_is_not_asked_while_the_worker_uses_it),
        cmocka_unit_test(a_segment_is_kept_for_its_days),
        cmocka_unit_test(a_segment_whose_last_block_has_no_receipt_stays),
        cmocka_unit_test(without_keep_days_nothing_is_let_go),
        cmocka_unit_test(a_full_segment_asks_for_an_anchor),
    };

    return cmocka_run_group_tests_name("anchors", tests, NULL, NULL);
}
