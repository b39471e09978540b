/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "base/bytes.h"
#include "journal/chain.h"
#include "journal/crc32c.h"
#include "toy_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene {
    struct sim_disk disk;
    struct toy_host host;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    sim_disk_init(&scene->disk);
    *state = scene;
    return toy_make(&scene->host, &scene->disk) == LOCKBUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    lb_journal_close(&scene->host.journal);
    sim_disk_deinit(&scene->disk);
    free(scene);
    return 0;
}

/* ---- Records and bytes --------------------------------------------------- */

static void a_record_is_read_as_it_was_written(void **state)
{
    struct lb_record record = {.type = LB_REC_INTENT,
                               .kind = 3,
                               .door = 1023,
                               .ref = 0x01020304,
                               .stay = 0x1112131415161718,
                               .powered_ms = 0x2122232425262728};
    struct lb_record again;
    uint8_t bytes[LB_RECORD_LEN];
    static const uint8_t head[] = {
        7,    3,    0xff, 0x03, 0x04, 0x03, 0x02, 0x01, 0x18, 0x17, 0x16, 0x15,
        0x14, 0x13, 0x12, 0x11, 0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21};

    (void)state;
    memset(record.body, 0xa5, sizeof record.body);
    lb_record_encode(bytes, &record);
    assert_memory_equal(bytes, head, sizeof head);
    assert_int_equal(bytes[127], 0xa5);
    memset(&again, 0, sizeof again);
    assert_true(lb_record_decode(&again, bytes));
    assert_memory_equal(&again, &record, sizeof record);
}

static void
a_record_without_type_or_with_an_impossible_door_is_refused(void **state)
{
    struct lb_record record;
    uint8_t bytes[LB_RECORD_LEN] = {0};

    (void)state;
    assert_false(lb_record_decode(&record, bytes));
    bytes[0] = LB_REC_LEAF;
    lb_put_u16(bytes + 2, LB_DOOR_MAX);
    assert_false(lb_record_decode(&record, bytes));
    lb_put_u16(bytes + 2, LB_DOOR_NONE);
    assert_true(lb_record_decode(&record, bytes));
}

static void the_crc_is_castagnolis(void **state)
{
    (void)state;
    assert_int_equal(lb_crc32c((const uint8_t *)"123456789", 9), 0xe3069283);
}

static void a_block_has_the_documented_bytes(void **state)
{
    struct scene *scene = *state;
    uint8_t block[LB_BLOCK_LEN], digest[32], tag[32];

    lb_journal_stamp(&scene->host.journal, 1, 1000, 0, false);
    assert_true(toy_commit(&scene->host));
    sim_disk_peek(&scene->disk, 0, block);
    assert_memory_equal(block, "LBJ1\1\0\2\0", 8);
    assert_memory_equal(block + 8, toy_cabinet, 16);
    assert_true(lb_all_zero(block + 24, 12)); /* block 0, segment 0 */
    assert_int_equal(lb_get_u32(block + 36), 1);
    assert_int_equal(lb_get_u64(block + 48), 1000);
    assert_true(lb_all_zero(block + 56, 72));
    lb_crypto_hash(digest, block, 3968);
    assert_memory_equal(block + 3968, digest, 32);
    lb_crypto_mac(tag, digest, 32, scene->host.root_key);
    assert_memory_equal(block + 4000, tag, 32);
    assert_int_equal(lb_get_u32(block + 4032), lb_crc32c(block, 4032));
    assert_true(lb_all_zero(block + 4036, 60));
}

/* ---- The key ------------------------------------------------------------- */

static void the_key_in_memory_is_never_one_that_sealed_a_block(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;
    uint8_t used[32];
    struct lb_journal_job job;
    struct lb_record record[2];
    uint64_t seq;

    memcpy(used, journal->key, sizeof used);
    toy_operation(1, record);
    assert_int_equal(lb_journal_append(journal, record, 2, &seq), LOCKBUS_OK);
    assert_true(lb_journal_begin(journal, &job));
    assert_memory_not_equal(journal->key, used, sizeof used);
    lb_key_evolve(used);
    assert_memory_equal(journal->key, used, sizeof used);
    lb_journal_run(&job);
    lb_journal_end(journal, &job);
}

static void closing_wipes_the_keys(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;

    lb_journal_close(journal);
    assert_true(lb_all_zero(journal->key, sizeof journal->key));
    assert_true(lb_all_zero(journal->keys, sizeof journal->keys));
}

static void the_old_segments_key_goes_when_the_checkpoint_is_whole(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    uint8_t file[LB_STORE_FILE_MAX];
    size_t len = 0;

    assert_true(toy_commit_until(host, LB_SEGMENT_BLOCKS));
    /* The next commit runs the whole checkpoint, back to back. */
    assert_true(toy_commit(host));
    assert_int_equal(host->disk->next, 2);
    assert_int_equal(host->disk->saves, 4); /* device; made, both keys, one */
    assert_int_equal(
        host->store.load(host->store.user, "key", file, sizeof file, &len),
        LOCKBUS_OK);
    assert_int_equal(len, 24 + 40 + 32);
    assert_int_equal(lb_get_u64(file + 24), LB_SEGMENT_BLOCKS);
    assert_memory_not_equal(file + 32, host->root_key, 32);
}

/* ---- The ring ------------------------------------------------------------ */

static enum lockbus_err append_full(struct lb_journal *journal, uint64_t *seq)
{
    struct lb_record record[LB_BATCH_MAX];

    for (size_t i = 0; i < LB_BATCH_MAX; i++) {
        struct lb_record two[2];

        toy_operation(1, two);
        record[i] = two[1];
    }
    return lb_journal_append(journal, record, LB_BATCH_MAX, seq);
}

static void a_fifth_block_is_busy_until_the_first_is_durable(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;
    struct lb_journal_job job;
    uint64_t seq = 99;

    for (uint64_t i = 0; i < LB_JOURNAL_PENDING; i++) {
        assert_true(lb_journal_has_room(journal, true));
        assert_int_equal(append_full(journal, &seq), LOCKBUS_OK);
        assert_int_equal(seq, i);
    }
    assert_false(lb_journal_has_room(journal, true));
    assert_int_equal(append_full(journal, &seq), LOCKBUS_ERR_BUSY);
    assert_true(lb_journal_begin(journal, &job));
    assert_false(lb_journal_begin(journal, &job)); /* one in flight */
    assert_int_equal(append_full(journal, &seq), LOCKBUS_ERR_BUSY);
    assert_int_equal(lb_journal_durable(journal), 0);
    lb_journal_run(&job);
    lb_journal_end(journal, &job);
    assert_int_equal(lb_journal_durable(journal), 1);
    assert_int_equal(append_full(journal, &seq), LOCKBUS_OK);
    assert_int_equal(seq, 4);
}

static void notes_find_room_only_while_three_blocks_are_free(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;
    uint64_t seq;

    assert_true(lb_journal_has_room(journal, false));
    assert_int_equal(append_full(journal, &seq), LOCKBUS_OK);
    assert_true(lb_journal_has_room(journal, false));
    assert_int_equal(append_full(journal, &seq), LOCKBUS_OK);
    assert_false(lb_journal_has_room(journal, false));
    assert_true(lb_journal_has_room(journal, true));
}

static void a_batch_is_never_split_over_two_blocks(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;
    struct lb_record record[20];
    uint64_t first, second;

    memset(record, 0, sizeof record);
    for (size_t i = 0; i < 20; i++) {
        record[i].type = LB_REC_TIME;
    }
    assert_int_equal(lb_journal_append(journal, record, 20, &first),
                     LOCKBUS_OK);
    assert_int_equal(lb_journal_append(journal, record, 11, &second),
                     LOCKBUS_OK);
    assert_int_equal(second, first + 1);
}

static void a_batch_waiting_joins_no_block_that_is_being_written(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;
    struct lb_journal_job job;
    struct lb_record record[2];
    uint64_t first, second;

    toy_operation(1, record);
    assert_int_equal(lb_journal_append(journal, record, 2, &first), LOCKBUS_OK);
    assert_true(lb_journal_begin(journal, &job));
    toy_operation(2, record);
    assert_int_equal(lb_journal_append(journal, record, 2, &second),
                     LOCKBUS_OK);
    assert_int_equal(second, first + 1);
    lb_journal_run(&job);
    lb_journal_end(journal, &job);
    assert_int_equal(lb_journal_durable(journal), second);
}

static void an_empty_batch_writes_a_block_of_its_own(void **state)
{
    struct scene *scene = *state;
    uint64_t seq;

    assert_int_equal(lb_journal_append(&scene->host.journal, NULL, 0, &seq),
                     LOCKBUS_OK);
    assert_true(toy_flush(&scene->host));
    assert_int_equal(lb_journal_durable(&scene->host.journal), seq + 1);
}

static void wrong_batches_are_the_callers_error(void **state)
{
    struct scene *scene = *state;
    struct lb_record none = {.type = LB_REC_NONE};
    uint64_t seq;

    assert_int_equal(lb_journal_append(&scene->host.journal, &none, 1, &seq),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(
        lb_journal_append(&scene->host.journal, &none, LB_BATCH_MAX + 1, &seq),
        LOCKBUS_ERR_USAGE);
}

/* ---- Failures ------------------------------------------------------------ */

static void a_failure_of_any_call_fails_the_journal_for_good(void **state)
{
    struct scene *scene = *state;

    /* a commit: write, sync */
    for (unsigned call = 1; call <= 2; call++) {
        struct sim_disk disk;
        struct toy_host *host = test_calloc(1, sizeof *host);
        struct lb_record record[2];
        uint64_t seq;

        sim_disk_init(&disk);
        assert_int_equal(toy_make(host, &disk), LOCKBUS_OK);
        assert_true(toy_commit(host));
        disk.fail_call = disk.calls + call;
        assert_false(toy_commit(host));
        assert_int_equal(host->promised, 1);
        assert_false(lb_journal_has_room(&host->journal, true));
        toy_operation(3, record);
        assert_int_equal(lb_journal_append(&host->journal, record, 2, &seq),
                         LOCKBUS_ERR_IO);
        assert_false(lb_journal_begin(
            &host->journal, &(struct lb_journal_job){.err = LOCKBUS_OK}));
        sim_disk_deinit(&disk);
        test_free(host);
    }
    (void)scene;
}

static void
a_full_disk_fails_the_change_of_segment_and_loses_nothing(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    struct lb_recovery recovery;

    assert_true(toy_commit_until(host, LB_SEGMENT_BLOCKS));
    scene->disk.full = true;
    assert_false(toy_commit(host));
    assert_int_equal(host->promised, LB_SEGMENT_BLOCKS);
    sim_disk_reboot(&scene->disk);
    assert_int_equal(toy_open(host, &scene->disk, &recovery), LOCKBUS_OK);
    assert_int_equal(host->toy.last, LB_SEGMENT_BLOCKS);
    assert_true(toy_is_history(&host->toy));
    assert_true(toy_commit(host));
}

static void making_a_journal_where_one_is_is_refused(void **state)
{
    struct scene *scene = *state;
    uint8_t key[32];

    assert_int_equal(lb_journal_create(&scene->host.store, toy_cabinet, key),
                     LOCKBUS_ERR_USAGE);
}

static void opening_an_empty_store_is_the_callers_error(void **state)
{
    struct sim_disk disk;
    struct toy_host *host = test_calloc(1, sizeof *host);
    struct lb_recovery recovery;

    (void)state;
    sim_disk_init(&disk);
    assert_int_equal(toy_open(host, &disk, &recovery), LOCKBUS_ERR_USAGE);
    sim_disk_deinit(&disk);
    test_free(host);
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_read_as_it_was_written),
        cmocka_unit_test(
            a_record_without_type_or_with_an_impossible_door_is_refused),
        cmocka_unit_test(the_crc_is_castagnolis),
        SCENE(a_block_has_the_documented_bytes),
        SCENE(the_key_in_memory_is_never_one_that_sealed_a_block),
        SCENE(closing_wipes_the_keys),
        SCENE(the_old_segments_key_goes_when_the_checkpoint_is_whole),
        SCENE(a_fifth_block_is_busy_until_the_first_is_durable),
        SCENE(notes_find_room_only_while_three_blocks_are_free),
        SCENE(a_batch_is_never_split_over_two_blocks),
        SCENE(a_batch_waiting_joins_no_block_that_is_being_written),
        SCENE(an_empty_batch_writes_a_block_of_its_own),
        SCENE(wrong_batches_are_the_callers_error),
        SCENE(a_failure_of_any_call_fails_the_journal_for_good),
        SCENE(a_full_disk_fails_the_change_of_segment_and_loses_nothing),
        SCENE(making_a_journal_where_one_is_is_refused),
        cmocka_unit_test(opening_an_empty_store_is_the_callers_error),
    };

    lb_crypto_init();
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
