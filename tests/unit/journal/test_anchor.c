/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The device key, what it signs, and what a journal still has of it.
 */

#include "toy_gate.h"

#include "base/bytes.h"
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene {
    struct sim_disk disk;
    struct toy_host host;
    struct lb_device device;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    sim_disk_init(&scene->disk);
    *state = scene;
    if (toy_make(&scene->host, &scene->disk) != LOCKBUS_OK) {
        return -1;
    }
    return lb_device_load(&scene->device, &scene->host.store, toy_cabinet) ==
                   LOCKBUS_OK
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

static struct sim_disk_file *device_file(struct scene *scene)
{
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        if (strcmp(scene->disk.file[i].name, "device") == 0) {
            return &scene->disk.file[i];
        }
    }
    fail_msg("no device key was made");
    return NULL;
}

static bool loads(struct scene *scene)
{
    assert_int_equal(
        lb_device_load(&scene->device, &scene->host.store, toy_cabinet),
        LOCKBUS_OK);
    return scene->device.ok;
}

static bool makes(struct scene *scene, uint8_t anchor[LB_ANCHOR_LEN])
{
    return lb_anchor_make(&scene->host.journal, &scene->device, anchor);
}

static void a_device_key_is_made_with_the_journal(void **state)
{
    struct scene *scene = *state;
    uint8_t key[LB_KEY_LEN];

    assert_true(scene->device.ok);
    assert_int_equal(device_file(scene)->len, LB_DEVICE_FILE_LEN);
    assert_memory_equal(device_file(scene)->bytes, "LBV1\1\0\0\0", 8);
    lb_crypto_public(key, scene->device.seed);
    assert_memory_equal(scene->device.key, key, sizeof key);
    assert_false(lb_all_zero(scene->device.seed, LB_SEED_LEN));
}

static void a_journal_that_is_there_keeps_its_device_key(void **state)
{
    struct scene *scene = *state;
    struct lb_device before = scene->device;
    uint8_t root_key[32];

    assert_int_equal(
        lb_journal_create(&scene->host.store, toy_cabinet, root_key),
        LOCKBUS_ERR_USAGE);
    assert_true(loads(scene));
    assert_memory_equal(&before, &scene->device, sizeof before);
}

static void any_change_of_its_file_is_found(void **state)
{
    struct scene *scene = *state;
    struct sim_disk_file *file = device_file(scene);

    for (size_t i = 0; i < LB_DEVICE_FILE_LEN; i++) {
        file->bytes[i] ^= 0x40;
        assert_false(loads(scene));
        assert_true(lb_all_zero(scene->device.seed, LB_SEED_LEN));
        file->bytes[i] ^= 0x40;
    }
    file->len--;
    assert_false(loads(scene));
    file->len += 2;
    assert_false(loads(scene));
    file->len = 0;
    assert_false(loads(scene));
    file->len = LB_DEVICE_FILE_LEN;
    assert_true(loads(scene));
}

static void another_cabinets_device_key_is_none(void **state)
{
    struct scene *scene = *state;
    uint8_t other[16] = {9};

    assert_int_equal(lb_device_load(&scene->device, &scene->host.store, other),
                     LOCKBUS_OK);
    assert_false(scene->device.ok);
    assert_int_equal(lb_device_load(&scene->device, &scene->host.store, NULL),
                     LOCKBUS_OK);
    assert_true(scene->device.ok);
}

static void a_disk_that_fails_is_told(void **state)
{
    struct scene *scene = *state;

    scene->disk.cut = true;
    assert_int_equal(
        lb_device_load(&scene->device, &scene->host.store, toy_cabinet),
        LOCKBUS_ERR_IO);
    assert_int_equal(lb_device_make(&scene->host.store, toy_cabinet),
                     LOCKBUS_ERR_IO);
}

/* A block is sealed and written; until it is synced the anchor is the one
 * before. */
static void an_anchor_is_of_what_is_durable(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    uint8_t before[LB_ANCHOR_LEN], now[LB_ANCHOR_LEN], block[LB_BLOCK_LEN];
    struct lb_record record[2];
    struct lb_journal_job job;
    uint64_t seq;

    assert_false(makes(scene, now)); /* there is no block yet */
    assert_true(toy_commit(host));
    assert_true(makes(scene, before));
    toy_operation(host->appended + 1, record);
    lb_journal_stamp(&host->journal, 3, 77000, 1790000000, true);
    assert_int_equal(lb_journal_append(&host->journal, record, 2, &seq),
                     LOCKBUS_OK);
    assert_true(lb_journal_begin(&host->journal, &job));
    lb_journal_run(&job);
    assert_true(makes(scene, now));
    assert_memory_equal(now, before, sizeof now);
    lb_journal_end(&host->journal, &job);
    assert_true(makes(scene, now));
    sim_disk_peek(&scene->disk, seq, block);
    assert_memory_equal(now, "LBA1\1\1\0\0", 8);
    assert_memory_equal(now + 8, toy_cabinet, 16);
    assert_int_equal(lb_get_u64(now + 24), seq);
    assert_memory_equal(now + 32, block + 3968, 32);
    assert_int_equal(lb_get_u32(now + 64), 3);
    assert_int_equal(lb_get_u32(now + 68), 0);
    assert_int_equal(lb_get_u64(now + 72), 77000);
    assert_int_equal(lb_get_u64(now + 80), 1790000000);
    assert_true(lb_crypto_verify("lockbus/anchor/v1", now, 88, now + 88,
                                 scene->device.key));
}

static void an_anchor_after_a_restart_is_the_same(void **state)
{
    struct scene *scene = *state;
    uint8_t before[LB_ANCHOR_LEN], after[LB_ANCHOR_LEN];
    struct lb_recovery recovery;

    assert_true(toy_commit(&scene->host));
    assert_true(toy_commit(&scene->host));
    assert_true(makes(scene, before));
    lb_journal_close(&scene->host.journal);
    assert_int_equal(toy_open(&scene->host, &scene->disk, &recovery),
                     LOCKBUS_OK);
    assert_true(makes(scene, after));
    assert_memory_equal(before, after, sizeof before);
    scene->device.ok = false;
    assert_false(makes(scene, after));
}

static enum lb_held holds(struct scene *scene, uint64_t number, uint8_t flip)
{
    uint8_t block[LB_BLOCK_LEN], digest[32];

    sim_disk_peek(&scene->disk, number, block);
    memcpy(digest, block + 3968, sizeof digest);
    digest[31] ^= flip;
    return lb_journal_holds(&scene->host.store, number, digest);
}

static void what_is_held_is_told_from_what_is_not(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    static const uint8_t noise[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t block[LB_BLOCK_LEN];

    assert_true(toy_commit_until(host, LB_SEGMENT_BLOCKS + 8));
    assert_int_equal(holds(scene, 5, 0), LB_HELD);
    assert_int_equal(holds(scene, LB_SEGMENT_BLOCKS + 1, 0), LB_HELD);
    assert_int_equal(holds(scene, 5, 1), LB_HELD_OTHER);
    assert_int_equal(holds(scene, LB_SEGMENT_BLOCKS + 100, 0), LB_HELD_LATER);
    assert_int_equal(holds(scene, 2 * LB_SEGMENT_BLOCKS, 0), LB_HELD_LATER);
    /* The same bytes in another place are another block. */
    sim_disk_peek(&scene->disk, 5, block);
    sim_disk_poke(&scene->disk, 6, 0, block, sizeof block);
    assert_int_equal(holds(scene, 6, 0), LB_HELD_OTHER);
    sim_disk_poke(&scene->disk, 5, 200, noise, sizeof noise);
    assert_int_equal(holds(scene, 5, 0), LB_HELD_OTHER);
    assert_int_equal(host->store.remove(host->store.user, 0), LOCKBUS_OK);
    assert_int_equal(holds(scene, 7, 0), LB_HELD_BEFORE);
    assert_int_equal(holds(scene, LB_SEGMENT_BLOCKS, 0), LB_HELD);
    scene->disk.cut = true;
    assert_int_equal(holds(scene, LB_SEGMENT_BLOCKS, 0), LB_HELD_UNREAD);
}

static void the_age_of_a_block_is_that_of_a_whole_one(void **state)
{
    struct scene *scene = *state;
    uint8_t block[LB_BLOCK_LEN];
    uint64_t powered_ms = 0;

    assert_true(toy_commit(&scene->host));
    sim_disk_peek(&scene->disk, 0, block);
    assert_true(lb_journal_age(block, &powered_ms));
    assert_int_equal(powered_ms, 1000);
    block[48] ^= 1;
    assert_false(lb_journal_age(block, &powered_ms));
    assert_int_equal(powered_ms, 1000);
}

static void what_a_start_needs_begins_at_the_last_whole_checkpoint(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    struct lb_recovery recovery;

    assert_true(toy_commit_until(host, LB_SEGMENT_BLOCKS));
    assert_int_equal(lb_journal_needed_from(&host->journal), 0);
    assert_true(toy_commit_until(host, LB_SEGMENT_BLOCKS + 20));
    assert_int_equal(lb_journal_needed_from(&host->journal), 1);
    assert_int_equal(host->store.remove(host->store.user, 0), LOCKBUS_OK);
    lb_journal_close(&host->journal);
    assert_int_equal(toy_open(host, &scene->disk, &recovery), LOCKBUS_OK);
    assert_int_equal(recovery.first_segment, 1);
    assert_true(toy_is_history(&host->toy));
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(a_device_key_is_made_with_the_journal),
        SCENE(a_journal_that_is_there_keeps_its_device_key),
        SCENE(any_change_of_its_file_is_found),
        SCENE(another_cabinets_device_key_is_none),
        SCENE(a_disk_that_fails_is_told),
        SCENE(an_anchor_is_of_what_is_durable),
        SCENE(an_anchor_after_a_restart_is_the_same),
        SCENE(what_is_held_is_told_from_what_is_not),
        SCENE(the_age_of_a_block_is_that_of_a_whole_one),
        SCENE(what_a_start_needs_begins_at_the_last_whole_checkpoint),
    };

    lb_crypto_init();
    return cmocka_run_group_tests_name("anchor", tests, NULL, NULL);
}
