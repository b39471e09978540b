/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Starting reads what lies behind the last whole checkpoint, and nothing of
 * the years before: the blocks that it asks the store for are counted, at
 * several ages of one journal.
 */

#include "toy_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LB_COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
    AROUND = 32 /* blocks for finding the checkpoint, the link and the end */
};

static const uint32_t ages[] = {1, 3, 7, 20}; /* full segments */

/* A store that counts; what it stands before is `real`. */
struct counted {
    struct lb_store real;
    unsigned blocks;
    uint32_t oldest; /* segment that was read */
};

static enum lockbus_err counted_read(void *user, uint32_t segment,
                                     uint32_t offset, uint8_t *buf, size_t len)
{
    struct counted *counted = user;

    counted->blocks += (unsigned)(len / LB_BLOCK_LEN);
    if (segment < counted->oldest) {
        counted->oldest = segment;
    }
    return counted->real.read(counted->real.user, segment, offset, buf, len);
}

static enum lockbus_err counted_range(void *user, uint32_t *first,
                                      uint32_t *next)
{
    struct counted *counted = user;

    return counted->real.range(counted->real.user, first, next);
}

static enum lockbus_err counted_load(void *user, const char *name, uint8_t *buf,
                                     size_t cap, size_t *len)
{
    struct counted *counted = user;

    return counted->real.load(counted->real.user, name, buf, cap, len);
}

static enum lockbus_err counted_sync(void *user, uint32_t segment)
{
    struct counted *counted = user;

    return counted->real.sync(counted->real.user, segment);
}

/* Starting writes nothing: there is nothing here to write with. */
static unsigned blocks_of_a_start(struct sim_disk *disk, uint32_t oldest)
{
    static struct lb_journal journal;
    static struct toy toy;
    struct counted counted = {.real = sim_disk_store(disk),
                              .oldest = UINT32_MAX};
    struct lb_store store = {.user = &counted,
                             .range = counted_range,
                             .read = counted_read,
                             .load = counted_load,
                             .sync = counted_sync};
    struct lb_journal_visitor visitor = toy_visitor(&toy);
    struct lb_journal_snapshot snapshot = toy_snapshot(&toy);
    struct lb_recovery recovery;

    memset(&toy, 0, sizeof toy);
    assert_int_equal(
        lb_journal_open(&journal, &store, &visitor, &snapshot, &recovery),
        LOCKBUS_OK);
    assert_true(toy_is_history(&toy));
    assert_int_equal(counted.oldest, oldest);
    lb_journal_close(&journal);
    return counted.blocks;
}

/* One block of the checkpoint that a new segment begins with, no more. */
static void begin_checkpoint(struct toy_host *host)
{
    struct lb_journal_job job;
    struct lb_record record[2];
    uint64_t seq;

    toy_operation(host->appended + 1, record);
    assert_int_equal(lb_journal_append(&host->journal, record, 2, &seq),
                     LOCKBUS_OK);
    toy_apply(&host->toy, &record[0]);
    toy_apply(&host->toy, &record[1]);
    host->appended++;
    assert_true(lb_journal_begin(&host->journal, &job));
    lb_journal_run(&job);
    lb_journal_end(&host->journal, &job);
    assert_int_equal(job.err, LOCKBUS_OK);
    assert_true(host->journal.ckpt_running);
}

static void starting_reads_no_more_however_long_the_journal_is(void **state)
{
    struct sim_disk *disk = test_calloc(1, sizeof *disk);
    struct toy_host *host = test_calloc(1, sizeof *host);
    unsigned cut[LB_COUNT(ages)], fresh[LB_COUNT(ages)], full[LB_COUNT(ages)];

    (void)state;
    sim_disk_init(disk);
    assert_int_equal(toy_make(host, disk), LOCKBUS_OK);
    for (size_t i = 0; i < LB_COUNT(ages); i++) {
        uint32_t age = ages[i];
        uint64_t first = (uint64_t)age * LB_SEGMENT_BLOCKS;

        /* The checkpoint of the newest segment is cut short: both count. */
        assert_true(toy_commit_until(host, first));
        begin_checkpoint(host);
        cut[i] = blocks_of_a_start(disk, age > 1 ? age - 2 : 0);
        /* It is whole, and little behind it. */
        assert_true(toy_commit_until(host, first + 40));
        fresh[i] = blocks_of_a_start(disk, age - 1);
        /* And a segment's worth behind it. */
        assert_true(toy_commit_until(host, first + LB_SEGMENT_BLOCKS - 1));
        full[i] = blocks_of_a_start(disk, age - 1);
    }
    for (size_t i = 0; i < LB_COUNT(ages); i++) {
        assert_in_range(cut[i], 1, 2 * LB_SEGMENT_BLOCKS + AROUND);
        assert_in_range(fresh[i], 1, LB_SEGMENT_BLOCKS + AROUND);
        assert_in_range(full[i], 1, LB_SEGMENT_BLOCKS + AROUND);
        assert_int_equal(fresh[i], fresh[0]);
        assert_int_equal(full[i], full[0]);
    }
    assert_int_equal(cut[2], cut[1]); /* the first has none before it */
    assert_int_equal(cut[3], cut[1]);
    lb_journal_close(&host->journal);
    sim_disk_deinit(disk);
    test_free(host);
    test_free(disk);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(starting_reads_no_more_however_long_the_journal_is),
    };

    lb_crypto_init();
    return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
