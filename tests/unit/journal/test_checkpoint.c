/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A checkpoint is taken while records go on coming, some of them waiting in
 * blocks behind the one that is being sealed. Folded from it, each of them
 * counts once.
 */

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

/* The first segment is full, the next not begun. */
static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    sim_disk_init(&scene->disk);
    *state = scene;
    return toy_make(&scene->host, &scene->disk) == LOCKBUS_OK &&
                   toy_commit_until(&scene->host, LB_SEGMENT_BLOCKS)
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

/* As a cabinet does: append, apply; nothing is written yet. */
static bool append_some(struct toy_host *host, uint32_t operations)
{
    struct lb_record record[LB_BATCH_MAX];
    uint64_t seq;

    for (uint32_t i = 0; i < operations; i++) {
        toy_operation(host->appended + 1 + i, &record[2 * (size_t)i]);
    }
    if (lb_journal_append(&host->journal, record, 2 * (size_t)operations,
                          &seq) != LOCKBUS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < 2 * operations; i++) {
        toy_apply(&host->toy, &record[i]);
    }
    host->appended += operations;
    return true;
}

static bool append(struct toy_host *host)
{
    return append_some(host, 1);
}

static bool one_job(struct toy_host *host)
{
    struct lb_journal_job job;

    if (!lb_journal_begin(&host->journal, &job)) {
        return false;
    }
    lb_journal_run(&job);
    lb_journal_end(&host->journal, &job);
    assert_int_equal(job.err, LOCKBUS_OK);
    return true;
}

static void must_fold(struct scene *scene, uint64_t from)
{
    struct lb_recovery recovery;
    uint32_t appended = scene->host.appended;

    lb_journal_close(&scene->host.journal);
    assert_int_equal(toy_open(&scene->host, &scene->disk, &recovery),
                     LOCKBUS_OK);
    assert_int_equal(recovery.folded_from, from);
    assert_int_equal(scene->host.toy.last, appended);
    assert_true(toy_is_history(&scene->host.toy));
}

static void records_waiting_behind_a_checkpoint_count_once(void **state)
{
    struct scene *scene = *state;

    /* Until every block waits; batches of eight leave six slots in each,
     * which a checkpoint must not take. */
    while (append_some(&scene->host, 4)) {
    }
    assert_true(toy_flush(&scene->host));
    assert_int_equal(scene->host.journal.key_count, 1);
    must_fold(scene, LB_SEGMENT_BLOCKS);
}

static void
a_checkpoint_under_steady_load_is_whole_and_counts_once(void **state)
{
    struct scene *scene = *state;

    for (int i = 0; i < 40; i++) {
        assert_true(append(&scene->host));
        assert_true(one_job(&scene->host));
        assert_true(append(&scene->host));
    }
    assert_true(toy_flush(&scene->host));
    must_fold(scene, LB_SEGMENT_BLOCKS);
}

/* Whenever a block is free it is filled, before every job and after it. */
static void a_load_that_leaves_no_block_empty_delays_it_no_longer(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    unsigned jobs = 0;

    do {
        while (append_some(host, 15)) {
        }
        assert_true(one_job(host));
        jobs++;
    } while ((host->journal.ckpt_running || host->journal.ckpt_ending) &&
             jobs < 100);
    /* 102 records, so 4 blocks, one in LB_CKPT_WAITS + 1; the blocks that wait
     * when it begins and when it ends come on top. */
    assert_in_range(jobs, 4 * (LB_CKPT_WAITS + 1), 4 * (LB_CKPT_WAITS + 1) + 6);
    assert_true(toy_flush(host));
    assert_int_equal(host->journal.key_count, 1);
    must_fold(scene, LB_SEGMENT_BLOCKS);
}

/* Its last piece is about to come when the segment ends: put into the next
 * one, it would say there that all before it is summed up. */
static void a_checkpoint_never_reaches_into_the_next_segment(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    struct lb_recovery recovery;

    assert_true(toy_commit_until(host, 2 * LB_SEGMENT_BLOCKS - 4));
    host->journal.ckpt_cursor = TOY_DOORS;
    host->journal.ckpt_running = true;
    while (lb_journal_durable(&host->journal) < 2 * LB_SEGMENT_BLOCKS + 2) {
        while (append_some(host, 15)) {
        }
        assert_true(one_job(host));
    }
    assert_true(host->journal.ckpt_running);
    lb_journal_close(&host->journal);
    assert_int_equal(toy_open(host, &scene->disk, &recovery), LOCKBUS_OK);
    assert_int_equal(recovery.folded_from, LB_SEGMENT_BLOCKS);
    assert_true(toy_is_history(&host->toy));
}

static void what_waits_leaves_a_checkpoint_its_block(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;

    for (unsigned jobs = 0; jobs < LB_CKPT_WAITS; jobs++) {
        while (append_some(host, 15)) {
        }
        assert_int_equal(host->journal.used, LB_JOURNAL_PENDING);
        assert_true(one_job(host));
    }
    assert_false(lb_journal_has_room(&host->journal, true));
    assert_false(append_some(host, 15));
    assert_true(one_job(host));
    assert_true(lb_journal_has_room(&host->journal, true));
}

/* A block that is only to be written, so that its time is on record. */
static void an_empty_block_that_waits_is_the_checkpoints(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    uint64_t seq;

    assert_true(append(host));
    assert_true(one_job(host)); /* the segment's first */
    assert_true(lb_journal_append(&host->journal, NULL, 0, &seq) == LOCKBUS_OK);
    assert_true(one_job(host));
    assert_int_equal(host->journal.ckpt_waits, 0);
    assert_int_equal(host->journal.ckpt_end, seq);
    assert_true(toy_flush(host));
    must_fold(scene, LB_SEGMENT_BLOCKS);
}

static size_t give(void *user, uint32_t *cursor, struct lb_record *out,
                   size_t cap)
{
    const size_t *count = user;

    (void)cursor;
    (void)out;
    (void)cap;
    return *count;
}

/* Only a bug gets there: the journal goes on without it. */
static void a_snapshot_without_end_ends_the_checkpoint(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;

    for (size_t i = 0; i < 2; i++) {
        size_t count = i == 0 ? 0 : LB_BATCH_MAX + 1;

        host->journal.snapshot =
            (struct lb_journal_snapshot){.user = &count, .next = give};
        host->journal.ckpt_running = true;
        assert_true(one_job(host));
        assert_false(host->journal.ckpt_running);
        assert_false(host->journal.ckpt_ending);
    }
}

static void commits_run_until_the_checkpoint_is_whole(void **state)
{
    struct scene *scene = *state;
    unsigned jobs = 0;

    assert_true(append(&scene->host));
    while (one_job(&scene->host)) {
        jobs++;
    }
    /* the 2 records; 102 of the checkpoint, 30 a block; and the key file
     * alone at the end */
    assert_int_equal(jobs, 1 + 4 + 1);
    assert_false(scene->host.journal.ckpt_running);
}

static void a_restart_in_a_checkpoint_folds_from_the_one_before_it(void **state)
{
    struct scene *scene = *state;

    assert_true(append(&scene->host));
    assert_true(one_job(&scene->host));
    assert_true(one_job(&scene->host));
    must_fold(scene, 0);
    assert_true(scene->host.journal.ckpt_running);
    assert_true(toy_flush(&scene->host));
    must_fold(scene, LB_SEGMENT_BLOCKS);
}

static void
without_checkpoints_the_journal_ends_before_keys_run_out(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;

    host->journal.snapshot.next = NULL;
    assert_false(
        toy_commit_until(host, (LB_JOURNAL_KEYS + 1) * LB_SEGMENT_BLOCKS));
    assert_int_equal(lb_journal_durable(&host->journal),
                     LB_JOURNAL_KEYS * LB_SEGMENT_BLOCKS);
    assert_false(lb_journal_has_room(&host->journal, true));
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(records_waiting_behind_a_checkpoint_count_once),
        SCENE(a_checkpoint_under_steady_load_is_whole_and_counts_once),
        SCENE(a_load_that_leaves_no_block_empty_delays_it_no_longer),
        SCENE(a_checkpoint_never_reaches_into_the_next_segment),
        SCENE(what_waits_leaves_a_checkpoint_its_block),
        SCENE(an_empty_block_that_waits_is_the_checkpoints),
        SCENE(a_snapshot_without_end_ends_the_checkpoint),
        SCENE(commits_run_until_the_checkpoint_is_whole),
        SCENE(a_restart_in_a_checkpoint_folds_from_the_one_before_it),
        SCENE(without_checkpoints_the_journal_ends_before_keys_run_out),
    };

    lb_crypto_init();
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
