/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Somebody changes a journal. Each change is shown to recovery, which fails
 * closed, and to verification with the escrowed key and without it.
 */

#include "base/bytes.h"
#include "journal/chain.h"
#include "journal/crc32c.h"
#include "toy_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 6 };

struct scene {
    struct sim_disk disk;
    struct toy_host host;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    sim_disk_init(&scene->disk);
    *state = scene;
    return toy_make(&scene->host, &scene->disk) == LOCKBUS_OK &&
                   toy_commit_until(&scene->host, BLOCKS)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    lb_journal_close(&scene->host.journal);
    sim_disk_deinit(&scene->disk);
    free(scene);
    return 0;
}

static enum lockbus_err verify(struct scene *scene, bool with_key,
                               struct lb_verify_report *report)
{
    return lb_journal_verify(&scene->host.store,
                             with_key ? scene->host.root_key : NULL, NULL,
                             report);
}

static enum lockbus_err reopen(struct scene *scene,
                               struct lb_recovery *recovery)
{
    lb_journal_close(&scene->host.journal);
    return toy_open(&scene->host, &scene->disk, recovery);
}

/* All three say that block `bad` is the first that is not valid. */
static void must_be_damage(struct scene *scene, uint64_t bad)
{
    struct lb_verify_report report;
    struct lb_recovery recovery;

    assert_int_equal(verify(scene, true, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, bad);
    assert_string_not_equal(report.text, "");
    assert_int_equal(verify(scene, false, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, bad);
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_ERR_CORRUPT);
    assert_string_not_equal(recovery.text, "");
}

static void copy_block(struct scene *scene, uint64_t from, uint64_t to)
{
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(&scene->disk, from, block);
    sim_disk_poke(&scene->disk, to, 0, block, sizeof block);
}

/* Puts digest and CRC right again, as anybody can without a key. */
static void redo_tail(uint8_t block[LB_BLOCK_LEN])
{
    lb_crypto_hash(block + LB_BLOCK_DIGEST, block, LB_BLOCK_DIGEST);
    lb_put_u32(block + LB_BLOCK_CRC, lb_crc32c(block, LB_BLOCK_CRC));
}

static void an_unchanged_journal_is_intact(void **state)
{
    struct scene *scene = *state;
    struct lb_verify_report report;

    assert_int_equal(verify(scene, true, &report), LOCKBUS_OK);
    assert_int_equal(report.blocks, BLOCKS);
    assert_int_equal(report.records, 2 * BLOCKS);
    assert_true(report.tags_checked);
    assert_false(report.torn_tail);
    assert_int_equal(report.first_bad, UINT64_MAX);
    assert_int_equal(report.last_block, BLOCKS - 1);
}

static void two_blocks_that_changed_places_are_damage(void **state)
{
    struct scene *scene = *state;
    uint8_t second[LB_BLOCK_LEN];

    sim_disk_peek(&scene->disk, 2, second);
    copy_block(scene, 3, 2);
    sim_disk_poke(&scene->disk, 3, 0, second, sizeof second);
    must_be_damage(scene, 2);
}

static void a_block_that_is_there_twice_is_damage(void **state)
{
    copy_block(*state, BLOCKS - 1, BLOCKS);
    must_be_damage(*state, BLOCKS);
}

static void a_block_taken_out_of_the_middle_is_damage(void **state)
{
    struct scene *scene = *state;
    uint8_t zeros[LB_BLOCK_LEN] = {0};

    sim_disk_poke(&scene->disk, 3, 0, zeros, sizeof zeros);
    must_be_damage(scene, 3);
}

static void two_blocks_of_noise_at_the_end_are_damage(void **state)
{
    struct scene *scene = *state;
    uint8_t noise[LB_BLOCK_LEN];

    memset(noise, 0x5a, sizeof noise);
    sim_disk_poke(&scene->disk, BLOCKS, 0, noise, sizeof noise);
    sim_disk_poke(&scene->disk, BLOCKS + 1, 0, noise, sizeof noise);
    must_be_damage(scene, BLOCKS);
}

static void one_block_of_noise_at_the_end_is_a_power_cut(void **state)
{
    struct scene *scene = *state;
    struct lb_verify_report report;
    struct lb_recovery recovery;
    uint8_t noise[100];

    memset(noise, 0x5a, sizeof noise);
    sim_disk_poke(&scene->disk, BLOCKS, 0, noise, sizeof noise);
    assert_int_equal(verify(scene, true, &report), LOCKBUS_OK);
    assert_true(report.torn_tail);
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
    assert_true(recovery.torn_tail);
    assert_int_equal(recovery.blocks, BLOCKS);
    assert_true(toy_commit(&scene->host));
    assert_int_equal(verify(scene, true, &report), LOCKBUS_OK);
    assert_int_equal(report.blocks, BLOCKS + 1);
}

static void a_block_of_another_cabinet_is_damage(void **state)
{
    struct scene *scene = *state;
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(&scene->disk, BLOCKS - 1, block);
    block[8] ^= 1;
    redo_tail(block);
    sim_disk_poke(&scene->disk, BLOCKS - 1, 0, block, sizeof block);
    must_be_damage(scene, BLOCKS - 1);
}

/* Without the key one can redo digest and CRC of the last block, so only the
 * tag tells. */
static void
a_last_block_forged_without_its_key_is_found_by_the_tag(void **state)
{
    struct scene *scene = *state;
    struct lb_verify_report report;
    struct lb_recovery recovery;
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(&scene->disk, BLOCKS - 1, block);
    block[LB_BLOCK_RECORDS + 2] ^= 1; /* another door */
    redo_tail(block);
    sim_disk_poke(&scene->disk, BLOCKS - 1, 0, block, sizeof block);
    assert_int_equal(verify(scene, false, &report), LOCKBUS_OK);
    assert_false(report.tags_checked);
    assert_int_equal(verify(scene, true, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, BLOCKS - 1);
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_ERR_CORRUPT);
}

/* An older block, forged by somebody who has the key of its place (and so of
 * every later one, but does not redo those). */
static void a_block_sealed_anew_breaks_the_chain_behind_it(void **state)
{
    struct scene *scene = *state;
    struct lb_block_head head;
    uint8_t block[LB_BLOCK_LEN], key[32];

    sim_disk_peek(&scene->disk, 0, block);
    assert_int_equal(lb_block_inspect(block, &head), LB_BLOCK_WHOLE);
    memcpy(key, scene->host.root_key, sizeof key);
    head.powered_ms++;
    lb_block_seal(block, &head, key);
    sim_disk_poke(&scene->disk, 0, 0, block, sizeof block);
    must_be_damage(scene, 1);
}

static void a_wrong_escrow_key_is_told_at_the_first_block(void **state)
{
    struct scene *scene = *state;
    struct lb_verify_report report;

    scene->host.root_key[0] ^= 1;
    assert_int_equal(verify(scene, true, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, 0);
}

/* What no chain can show: the end cut off at a block's edge. The anchor that
 * an earlier report gave shows it. */
static void a_cut_off_end_is_found_by_an_anchor_only(void **state)
{
    struct scene *scene = *state;
    struct lb_verify_report before, after;
    struct lb_recovery recovery;
    uint8_t zeros[LB_BLOCK_LEN] = {0};

    assert_int_equal(verify(scene, true, &before), LOCKBUS_OK);
    assert_int_equal(LB_HELD,
                     lb_journal_holds(&scene->host.store, before.last_block,
                                      before.last_digest));
    sim_disk_poke(&scene->disk, BLOCKS - 1, 0, zeros, sizeof zeros);
    assert_int_equal(verify(scene, true, &after), LOCKBUS_OK);
    assert_int_equal(after.blocks, BLOCKS - 1);
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
    assert_int_not_equal(LB_HELD,
                         lb_journal_holds(&scene->host.store, before.last_block,
                                          before.last_digest));
}

/* ---- Over segments --------------------------------------------------------
 */

static void a_segment_behind_one_that_is_not_full_is_damage(void **state)
{
    struct scene *scene = *state;
    struct lb_recovery recovery;
    struct lb_verify_report report;

    assert_int_equal(scene->host.store.create(&scene->disk, 1), LOCKBUS_OK);
    assert_int_equal(verify(scene, true, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_ERR_CORRUPT);
}

static void a_start_after_a_checkpoint_folds_from_its_segment(void **state)
{
    struct scene *scene = *state;
    struct lb_recovery recovery;
    struct lb_verify_report report;

    assert_true(toy_commit_until(&scene->host, LB_SEGMENT_BLOCKS + 10));
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
    assert_int_equal(recovery.folded_from, LB_SEGMENT_BLOCKS);
    assert_true(recovery.blocks >= LB_SEGMENT_BLOCKS + 10);
    assert_true(scene->host.toy.summed);
    assert_true(toy_is_history(&scene->host.toy));
    assert_int_equal(verify(scene, true, &report), LOCKBUS_OK);
}

static void
damage_before_the_last_checkpoint_alarms_and_is_verifys_to_find(void **state)
{
    struct scene *scene = *state;
    struct lb_recovery recovery;
    struct lb_verify_report report;
    uint8_t noise = 0x77;

    assert_true(toy_commit_until(&scene->host, LB_SEGMENT_BLOCKS + 10));
    sim_disk_poke(&scene->disk, LB_SEGMENT_BLOCKS - 1, 200, &noise, 1);
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
    assert_true(recovery.damage_before);
    assert_true(toy_is_history(&scene->host.toy));
    assert_int_equal(verify(scene, true, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, LB_SEGMENT_BLOCKS - 1);
}

static struct sim_disk_file *file_named(struct scene *scene, const char *name)
{
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        if (strcmp(scene->disk.file[i].name, name) == 0) {
            return &scene->disk.file[i];
        }
    }
    fail_msg("no file %s", name);
    return NULL;
}

static void a_missing_or_damaged_key_file_is_damage(void **state)
{
    struct scene *scene = *state;
    struct lb_recovery recovery;

    file_named(scene, "key")->bytes[40] ^= 1;
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_ERR_CORRUPT);
    assert_string_equal(recovery.text, "the key file is damaged");
    memset(file_named(scene, "key"), 0, sizeof(struct sim_disk_file));
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_ERR_CORRUPT);
    assert_string_equal(recovery.text, "the key file is missing or empty");
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(an_unchanged_journal_is_intact),
        SCENE(two_blocks_that_changed_places_are_damage),
        SCENE(a_block_that_is_there_twice_is_damage),
        SCENE(a_block_taken_out_of_the_middle_is_damage),
        SCENE(two_blocks_of_noise_at_the_end_are_damage),
        SCENE(one_block_of_noise_at_the_end_is_a_power_cut),
        SCENE(a_block_of_another_cabinet_is_damage),
        SCENE(a_last_block_forged_without_its_key_is_found_by_the_tag),
        SCENE(a_block_sealed_anew_breaks_the_chain_behind_it),
        SCENE(a_wrong_escrow_key_is_told_at_the_first_block),
        SCENE(a_cut_off_end_is_found_by_an_anchor_only),
        SCENE(a_segment_behind_one_that_is_not_full_is_damage),
        SCENE(a_start_after_a_checkpoint_folds_from_its_segment),
        SCENE(damage_before_the_last_checkpoint_alarms_and_is_verifys_to_find),
        SCENE(a_missing_or_damaged_key_file_is_damage),
    };

    lb_crypto_init();
    return cmocka_run_group_tests_name("journal verify", tests, NULL, NULL);
}
