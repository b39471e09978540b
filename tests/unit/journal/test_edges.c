/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a disk and its files can be and hardly ever are: calls that fail,
 * blocks and key files of a wrong form under right sums, keys that do not go
 * with their segments, a writer that goes on while somebody reads.
 */

#include "base/bytes.h"
#include "journal/chain.h"
#include "journal/crc32c.h"
#include "journal/walk.h"
#include "toy_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCKS = 6, KEY_LEN = 40, KEY_FIRST = 24, NEVER = 0 };

/* ---- A store of which one call is different ------------------------------ */

enum call { RANGE, LOAD, READ };

struct store_of {
    struct lb_store real;
    enum call call;
    unsigned at, calls; /* the at-th such call is different; NEVER */
    bool first_only;    /* count reads of a segment's first block alone */
    void (*instead)(struct store_of *store, uint8_t *buf, size_t len);
    struct toy_host *writer;
};

/* Whether it is this one's turn; without `instead` it fails. */
static bool its_turn(struct store_of *store, enum call call)
{
    return store->call == call && ++store->calls == store->at;
}

static enum lockbus_err on_range(void *user, uint32_t *first, uint32_t *next)
{
    struct store_of *store = user;

    return its_turn(store, RANGE)
               ? LOCKBUS_ERR_IO
               : store->real.range(store->real.user, first, next);
}

static enum lockbus_err on_load(void *user, const char *name, uint8_t *buf,
                                size_t cap, size_t *len)
{
    struct store_of *store = user;

    /* What was read until it failed is there, and nothing to go by. */
    enum lockbus_err err =
        store->real.load(store->real.user, name, buf, cap, len);

    return its_turn(store, LOAD) ? LOCKBUS_ERR_IO : err;
}

static enum lockbus_err on_read(void *user, uint32_t segment, uint32_t offset,
                                uint8_t *buf, size_t len)
{
    struct store_of *store = user;
    bool counts = !store->first_only || (segment == 1 && offset == 0);
    bool turn = counts && its_turn(store, READ);

    if (turn && store->instead == NULL) {
        return LOCKBUS_ERR_IO;
    }
    if (turn && store->writer != NULL) {
        store->instead(store, buf, len);
    }
    enum lockbus_err err =
        store->real.read(store->real.user, segment, offset, buf, len);

    if (turn && store->writer == NULL) {
        store->instead(store, buf, len);
    }
    return err;
}

static enum lockbus_err on_sync(void *user, uint32_t segment)
{
    struct store_of *store = user;

    return store->real.sync(store->real.user, segment);
}

static struct lb_store store_of(struct store_of *store)
{
    return (struct lb_store){.user = store,
                             .range = on_range,
                             .load = on_load,
                             .read = on_read,
                             .sync = on_sync};
}

/* The n-th random bytes cannot be had. */
static unsigned random_fails;

bool __real_lb_crypto_random(uint8_t *out, size_t len);
bool __wrap_lb_crypto_random(uint8_t *out, size_t len);

bool __wrap_lb_crypto_random(uint8_t *out, size_t len)
{
    bool good = random_fails == 0 || --random_fails != 0;

    return good && __real_lb_crypto_random(out, len);
}

/* ---- The scene: a journal of BLOCKS blocks ------------------------------- */

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

static void must_be_corrupt(struct scene *scene, const char *place,
                            const char *text)
{
    struct lb_recovery recovery;

    assert_int_equal(reopen(scene, &recovery), LOCKBUS_ERR_CORRUPT);
    assert_string_equal(recovery.place, place);
    assert_string_equal(recovery.text, text);
    assert_true(scene->host.journal.failed);
}

/* A store in which one call is different, opened. */
static enum lockbus_err open_with(struct scene *scene, struct store_of *other,
                                  const struct lb_journal_visitor *visitor,
                                  struct lb_recovery *recovery)
{
    struct lb_store store = store_of(other);
    struct lb_journal_snapshot snapshot = toy_snapshot(&scene->host.toy);

    lb_journal_close(&scene->host.journal);
    memset(&scene->host.toy, 0, sizeof scene->host.toy);
    return lb_journal_open(&scene->host.journal, &store, visitor, &snapshot,
                           recovery);
}

/* The second segment is begun: its first block, and `jobs` - 1 of its
 * checkpoint's, are written; both keys are in the file. */
static void begin_segment(struct scene *scene, unsigned jobs)
{
    struct toy_host *host = &scene->host;
    struct lb_journal_job job;
    struct lb_record record[2];
    uint64_t seq;

    assert_true(toy_commit_until(host, LB_SEGMENT_BLOCKS));
    toy_operation(host->appended + 1, record);
    assert_int_equal(lb_journal_append(&host->journal, record, 2, &seq),
                     LOCKBUS_OK);
    toy_apply(&host->toy, &record[0]);
    toy_apply(&host->toy, &record[1]);
    host->appended++;
    while (jobs-- > 0) {
        assert_true(lb_journal_begin(&host->journal, &job));
        lb_journal_run(&job);
        lb_journal_end(&host->journal, &job);
        assert_int_equal(job.err, LOCKBUS_OK);
    }
}

/* ---- Making and starting on a disk that fails ---------------------------- */

static void making_a_journal_tells_what_fails_and_can_be_done_again(void **s)
{
    (void)s;
    for (unsigned call = 1; call <= 3; call++) { /* two files, a segment */
        struct sim_disk disk;
        uint8_t key[32];

        sim_disk_init(&disk);
        struct lb_store store = sim_disk_store(&disk);

        disk.fail_call = call;
        assert_int_equal(lb_journal_create(&store, toy_cabinet, key),
                         LOCKBUS_ERR_IO);
        assert_int_equal(disk.calls, call);
        assert_int_equal(disk.next, 0);
        disk.fail_call = 0;
        assert_int_equal(lb_journal_create(&store, toy_cabinet, key),
                         LOCKBUS_OK);
        sim_disk_deinit(&disk);
    }
}

static void without_random_no_key_is_made(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 2; n++) { /* the root key, the device key */
        struct sim_disk disk;
        uint8_t key[32];

        sim_disk_init(&disk);
        struct lb_store store = sim_disk_store(&disk);

        random_fails = n;
        assert_int_equal(lb_journal_create(&store, toy_cabinet, key),
                         LOCKBUS_ERR_IO);
        assert_int_equal(disk.calls, 0); /* nothing is written */
        sim_disk_deinit(&disk);
    }
    assert_int_equal(random_fails, 0);
}

static void a_store_that_cannot_say_what_it_has_is_io(void **state)
{
    struct scene *scene = *state;
    struct store_of other = {.call = RANGE, .at = 1};
    struct lb_store store = store_of(&other);
    struct lb_verify_report report;
    uint8_t key[32];

    other.real = scene->host.store;
    assert_int_equal(lb_journal_create(&store, toy_cabinet, key),
                     LOCKBUS_ERR_IO);
    other.calls = 0;
    assert_int_equal(lb_journal_verify(&store, NULL, NULL, &report),
                     LOCKBUS_ERR_IO);
    assert_int_equal(other.calls, 1);
}

/* Every call of a start, one after the other. */
static void a_start_tells_any_call_that_fails(void **state)
{
    struct scene *scene = *state;
    static const enum call calls[] = {RANGE, LOAD, READ};
    struct lb_journal_visitor visitor = toy_visitor(&scene->host.toy);
    struct lb_recovery recovery;

    assert_true(toy_commit_until(&scene->host, LB_SEGMENT_BLOCKS + 10));
    for (size_t i = 0; i < 3; i++) {
        unsigned n = 1;

        for (;; n += n < 40 ? 1 : 16) {
            struct store_of other = {
                .real = scene->host.store, .call = calls[i], .at = n};
            enum lockbus_err err =
                open_with(scene, &other, &visitor, &recovery);

            if (other.calls < n) {
                assert_int_equal(err, LOCKBUS_OK);
                break;
            }
            assert_int_equal(err, LOCKBUS_ERR_IO);
            assert_true(scene->host.journal.failed);
        }
        assert_in_range(n, calls[i] == READ ? 40 : 2, 400);
        assert_true(toy_is_history(&scene->host.toy));
    }
}

static void verification_tells_any_read_that_fails(void **state)
{
    struct scene *scene = *state;
    struct lb_verify_report report;
    unsigned n = 1;

    for (;; n += n < 20 ? 1 : 16) {
        struct store_of other = {
            .real = scene->host.store, .call = READ, .at = n};
        struct lb_store store = store_of(&other);
        enum lockbus_err err = lb_journal_verify(&store, NULL, NULL, &report);

        if (other.calls < n) {
            assert_int_equal(err, LOCKBUS_OK);
            break;
        }
        assert_int_equal(err, LOCKBUS_ERR_IO);
        assert_int_equal(report.first_bad, UINT64_MAX);
    }
    assert_true(n > 20);
}

/* Damage is what was read twice; a disk that fails in between is no damage. */
static void a_second_look_that_fails_is_no_damage(void **state)
{
    struct scene *scene = *state;
    struct store_of other = {.real = scene->host.store, .call = READ, .at = 3};
    struct lb_store store = store_of(&other);
    struct lb_verify_report report;
    uint8_t noise[LB_BLOCK_LEN];

    memset(noise, 0x5a, sizeof noise);
    sim_disk_poke(&scene->disk, BLOCKS, 0, noise, sizeof noise);
    sim_disk_poke(&scene->disk, BLOCKS + 3, 0, noise, sizeof noise);
    assert_int_equal(lb_journal_verify(&store, NULL, NULL, &report),
                     LOCKBUS_ERR_IO);
    assert_int_equal(report.first_bad, UINT64_MAX);
    assert_int_equal(report.blocks, BLOCKS);
}

static void commit_four(struct store_of *store, uint8_t *buf, size_t len)
{
    (void)buf;
    (void)len;
    for (unsigned i = 0; i < 4; i++) {
        assert_true(toy_commit(store->writer));
    }
}

/* The reader saw the end where blocks come to stand, and looks again. */
static void a_writer_that_goes_on_meanwhile_is_no_damage(void **state)
{
    struct scene *scene = *state;
    struct store_of other = {.real = scene->host.store,
                             .call = READ,
                             .at = 2,
                             .instead = commit_four,
                             .writer = &scene->host};
    struct lb_store store = store_of(&other);
    struct lb_verify_report report;

    assert_int_equal(
        lb_journal_verify(&store, scene->host.root_key, NULL, &report),
        LOCKBUS_OK);
    assert_int_equal(report.blocks, BLOCKS + 4);
    assert_false(report.torn_tail);
}

/* Its last look is not remembered, though the rest of the segment was in it. */
static void a_walk_that_ended_goes_on_when_a_block_is_written(void **state)
{
    enum { AHEAD = 4, FROM = LB_SEGMENT_BLOCKS - AHEAD };
    struct scene *scene = *state;
    uint8_t buf[AHEAD * LB_BLOCK_LEN];
    struct lb_walk walk;

    assert_true(toy_commit_until(&scene->host, FROM));
    lb_walk_init(&walk, &scene->host.store, FROM, 1);
    lb_walk_buffer(&walk, buf, AHEAD);
    for (uint64_t number = FROM; number < LB_SEGMENT_BLOCKS; number++) {
        assert_int_equal(lb_walk_next(&walk), LB_WALK_END);
        assert_true(toy_commit(&scene->host));
        assert_int_equal(lb_walk_next(&walk), LB_WALK_BLOCK);
        assert_int_equal(walk.head.number, number);
    }
    assert_int_equal(lb_walk_next(&walk), LB_WALK_END);
}

static void must_say(struct scene *scene, uint64_t bad, const char *text)
{
    struct lb_verify_report report;

    assert_int_equal(verify(scene, true, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, bad);
    assert_string_equal(report.text, text);
}

/* Bytes that no writer finished, with more behind them: ours, and a newer
 * version's. */
static void an_unfinished_block_with_more_behind_it_is_damage(void **state)
{
    struct scene *scene = *state;
    static const char text[] = "blocks follow one that is not valid";
    uint8_t head[LB_BLOCK_RECORDS], noise = 0x5a;

    memset(head, 0x5a, sizeof head);
    sim_disk_poke(&scene->disk, LB_SEGMENT_BLOCKS - 1, LB_BLOCK_LEN - 1, &noise,
                  1);
    must_say(scene, BLOCKS, text); /* nothing at all, and then a byte */
    sim_disk_poke(&scene->disk, BLOCKS, 0, head, sizeof head);
    must_say(scene, BLOCKS, text);
    memcpy(head, "LBJ1\1\0", 6);
    sim_disk_poke(&scene->disk, BLOCKS, 0, head, sizeof head);
    must_say(scene, BLOCKS, text);
    memcpy(head, "LBJ1\2\0", 6);
    sim_disk_poke(&scene->disk, BLOCKS, 0, head, sizeof head);
    must_say(scene, BLOCKS,
             "the block is of a newer format than this version reads");
}

static void what_a_store_cannot_read_is_unread(void **state)
{
    struct scene *scene = *state;
    struct store_of other = {.real = scene->host.store, .call = READ, .at = 1};
    struct lb_store store = store_of(&other);
    const uint8_t digest[32] = {0};

    assert_int_equal(lb_journal_holds(&store, 0, digest), LB_HELD_UNREAD);
}

static void a_device_key_that_failed_to_load_is_none(void **state)
{
    struct scene *scene = *state;
    struct store_of other = {.real = scene->host.store, .call = LOAD, .at = 1};
    struct lb_store store = store_of(&other);
    struct lb_device device;

    assert_int_equal(lb_device_load(&device, &store, toy_cabinet),
                     LOCKBUS_ERR_IO);
    assert_false(device.ok);
    assert_int_equal(lb_device_load(&device, &store, toy_cabinet), LOCKBUS_OK);
    assert_true(device.ok);
}

static void a_store_without_segments_has_no_journal_to_verify(void **state)
{
    struct sim_disk disk;
    struct lb_verify_report report;

    (void)state;
    sim_disk_init(&disk);
    struct lb_store store = sim_disk_store(&disk);

    assert_int_equal(lb_journal_verify(&store, NULL, NULL, &report),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_journal_holds(&store, 0, report.last_digest),
                     LB_HELD_LATER);
    sim_disk_deinit(&disk);
}

static void
a_change_of_segment_cut_short_by_any_failure_loses_nothing(void **state)
{
    (void)state;
    for (unsigned call = 1; call <= 4; call++) { /* key, segment, block, sync */
        struct scene *scene = NULL;
        struct lb_recovery recovery;

        assert_int_equal(set_up((void **)&scene), 0);
        struct toy_host *host = &scene->host;

        assert_true(toy_commit_until(host, LB_SEGMENT_BLOCKS));
        scene->disk.fail_call = scene->disk.calls + call;
        assert_false(toy_commit(host));
        assert_int_equal(scene->disk.next, call > 2 ? 2 : 1);
        scene->disk.fail_call = 0;
        assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
        assert_true(host->toy.last >= LB_SEGMENT_BLOCKS);
        assert_true(toy_is_history(&host->toy));
        assert_true(toy_commit(host));
        tear_down((void **)&scene);
    }
}

/* ---- What the visitor says ----------------------------------------------- */

struct seen {
    unsigned blocks, stop;
};

static enum lockbus_err on_block(void *user, const struct lb_block_head *head)
{
    struct seen *seen = user;

    (void)head;
    return ++seen->blocks == seen->stop ? LOCKBUS_ERR_NOMEM : LOCKBUS_OK;
}

static void what_the_visitor_says_ends_the_reading(void **state)
{
    struct scene *scene = *state;
    struct seen seen = {.stop = 3};
    struct lb_journal_visitor visitor = {.user = &seen, .block = on_block};
    struct store_of other = {.real = scene->host.store};
    struct lb_verify_report report;
    struct lb_recovery recovery;

    assert_int_equal(
        lb_journal_verify(&scene->host.store, NULL, &visitor, &report),
        LOCKBUS_ERR_NOMEM);
    assert_int_equal(report.blocks, 2);
    assert_int_equal(report.first_bad, UINT64_MAX);
    seen.blocks = 0;
    assert_int_equal(open_with(scene, &other, &visitor, &recovery),
                     LOCKBUS_ERR_NOMEM);
    assert_int_equal(seen.blocks, 3);
    seen = (struct seen){.stop = NEVER};
    assert_int_equal(open_with(scene, &other, &visitor, &recovery), LOCKBUS_OK);
    assert_int_equal(seen.blocks, BLOCKS);
}

static enum lockbus_err first_record(void *user,
                                     const struct lb_block_head *head,
                                     const struct lb_record *record)
{
    unsigned *records = user;

    (void)record;
    assert_int_equal(head->number, 0);
    return ++*records == 1 ? LOCKBUS_ERR_NOMEM : LOCKBUS_OK;
}

static void a_record_that_the_visitor_refuses_is_the_last(void **state)
{
    struct scene *scene = *state;
    unsigned records = 0;
    struct lb_journal_visitor visitor = {.user = &records,
                                         .record = first_record};
    struct lb_verify_report report;

    assert_int_equal(
        lb_journal_verify(&scene->host.store, NULL, &visitor, &report),
        LOCKBUS_ERR_NOMEM);
    assert_int_equal(records, 1);
    assert_int_equal(report.records, 0);
}

/* ---- Blocks of a wrong form, with digest and CRC right ------------------- */

/* Puts digest and CRC right again, as anybody can without a key. */
static void redo_tail(uint8_t block[LB_BLOCK_LEN])
{
    lb_crypto_hash(block + LB_BLOCK_DIGEST, block, LB_BLOCK_DIGEST);
    lb_put_u32(block + LB_BLOCK_CRC, lb_crc32c(block, LB_BLOCK_CRC));
}

struct form {
    const char *name;
    uint32_t at;
    uint8_t value;
    bool newer;
};

static const struct form forms[] = {
    {"a_block_of_another_magic_is_wrong", 0, 'X', false},
    {"a_block_of_format_0_is_wrong", 4, 0, false},
    {"a_block_of_a_newer_format_is_said_to_be_newer", 4, 2, true},
    {"a_block_of_a_format_far_away_is_newer", 5, 1, true},
    {"a_block_of_31_records_is_wrong", LB_BLOCK_COUNT, 31, false},
    {"a_block_of_255_records_is_wrong", LB_BLOCK_COUNT, 255, false},
    {"a_block_of_trust_2_is_wrong", 7, 2, false},
    {"a_first_reserved_byte_is_wrong", 96, 1, false},
    {"a_last_reserved_byte_is_wrong", 127, 1, false},
    {"a_byte_behind_the_records_is_wrong", LB_BLOCK_RECORDS + 2 * 128, 1,
     false},
    {"a_byte_at_the_end_of_the_slots_is_wrong", LB_BLOCK_DIGEST - 1, 1, false},
    {"fewer_records_than_there_are_is_wrong", LB_BLOCK_COUNT, 1, false},
};

enum { FORMS = sizeof forms / sizeof forms[0] };

static void a_block_of_a_wrong_form_is_wrong(const struct form *form)
{
    struct scene *scene = NULL;
    struct lb_verify_report report;
    struct lb_block_head head;
    uint8_t block[LB_BLOCK_LEN];
    const char *text = form->newer
                           ? "the block is of a newer format than this version "
                             "reads"
                           : "the block is finished, but not valid";

    assert_int_equal(set_up((void **)&scene), 0);
    sim_disk_peek(&scene->disk, BLOCKS - 1, block);
    assert_int_equal(lb_block_inspect(block, &head), LB_BLOCK_WHOLE);
    assert_int_not_equal(block[form->at], form->value);
    block[form->at] = form->value;
    redo_tail(block);
    assert_int_equal(lb_block_inspect(block, &head), LB_BLOCK_WRONG);
    sim_disk_poke(&scene->disk, BLOCKS - 1, 0, block, sizeof block);
    assert_int_equal(verify(scene, false, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, BLOCKS - 1);
    assert_string_equal(report.text, text);
    must_be_corrupt(scene, "block 5", text);
    tear_down((void **)&scene);
}

static void run_form(void **state)
{
    a_block_of_a_wrong_form_is_wrong(*state);
}

/* ---- Blocks with a right tag that do not belong there -------------------- */

static void key_of(const struct scene *scene, uint64_t number, uint8_t key[32])
{
    memcpy(key, scene->host.root_key, 32);
    while (number-- > 0) {
        lb_key_evolve(key);
    }
}

/* The last block, sealed anew with its own key. */
static void seal_last(struct scene *scene, const struct lb_block_head *head,
                      uint8_t block[LB_BLOCK_LEN])
{
    uint8_t key[32];

    key_of(scene, BLOCKS - 1, key);
    lb_block_seal(block, head, key);
    sim_disk_poke(&scene->disk, BLOCKS - 1, 0, block, LB_BLOCK_LEN);
}

static void a_block_is_of_one_number_segment_and_key_index(void **state)
{
    static const char text[] = "the block does not belong to this place";

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct scene *scene = NULL;
        struct lb_verify_report report;
        struct lb_block_head head;
        uint8_t block[LB_BLOCK_LEN];

        assert_int_equal(set_up((void **)&scene), 0);
        sim_disk_peek(&scene->disk, BLOCKS - 1, block);
        assert_int_equal(lb_block_inspect(block, &head), LB_BLOCK_WHOLE);
        head.number += i == 0;
        head.segment += i == 1;
        head.key_index += i == 2;
        seal_last(scene, &head, block);
        assert_int_equal(verify(scene, true, &report), LOCKBUS_ERR_CORRUPT);
        assert_int_equal(report.first_bad, BLOCKS - 1);
        assert_string_equal(report.text, text);
        must_be_corrupt(scene, "block 5", text);
        tear_down((void **)&scene);
    }
}

/* Whatever was in the block's tail. */
static void a_sealed_block_is_whole(void **state)
{
    const struct lb_block_head head = {.count = LB_BATCH_MAX};
    struct lb_block_head found;
    uint8_t block[LB_BLOCK_LEN], key[32] = {1};

    (void)state;
    memset(block, 0xff, sizeof block);
    lb_block_seal(block, &head, key);
    assert_int_equal(lb_block_inspect(block, &found), LB_BLOCK_WHOLE);
    assert_int_equal(found.count, LB_BATCH_MAX);
    assert_true(lb_block_tag_ok(block, key));
}

static void a_record_without_form_is_damage_under_a_right_tag_too(void **state)
{
    struct scene *scene = *state;
    struct lb_verify_report report;
    struct lb_block_head head;
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(&scene->disk, BLOCKS - 1, block);
    assert_int_equal(lb_block_inspect(block, &head), LB_BLOCK_WHOLE);
    block[LB_BLOCK_RECORDS + LB_RECORD_LEN] = LB_REC_NONE;
    seal_last(scene, &head, block);
    assert_int_equal(verify(scene, true, &report), LOCKBUS_ERR_CORRUPT);
    assert_int_equal(report.first_bad, BLOCKS - 1);
    assert_int_equal(report.blocks, BLOCKS - 1);
    must_be_corrupt(scene, "block 5", "one of its records cannot be");
}

/* ---- Key files ----------------------------------------------------------- */

static void save_key_file(struct scene *scene, const uint8_t *file, size_t len)
{
    assert_int_equal(
        scene->host.store.save(scene->host.store.user, "key", file, len),
        LOCKBUS_OK);
}

/* A file of `count` keys of the segments from `number` on, `step` apart; the
 * first key is `key`. */
static size_t key_file(uint8_t out[LB_STORE_FILE_MAX], size_t count,
                       uint64_t number, uint64_t step, const uint8_t key[32])
{
    size_t len = KEY_FIRST + count * KEY_LEN;

    memset(out, 0, LB_STORE_FILE_MAX);
    memcpy(out, "LBK1", 4);
    lb_put_u16(out + 4, 1);
    lb_put_u16(out + 6, (uint16_t)count);
    memcpy(out + 8, toy_cabinet, 16);
    for (size_t i = 0; i < count; i++) {
        lb_put_u64(out + KEY_FIRST + i * KEY_LEN, number + i * step);
        memcpy(out + KEY_FIRST + i * KEY_LEN + 8, key, 32);
    }
    lb_crypto_hash(out + len, out, len);
    return len + 32;
}

static void a_key_file_has_one_to_16_keys_of_following_segments(void **state)
{
    static const char text[] = "the key file is damaged";
    static const struct {
        size_t count;
        uint64_t number, step;
    } wrong[] = {
        {17, 0, LB_SEGMENT_BLOCKS},
        {1, 1, 0},
        {1, LB_SEGMENT_BLOCKS - 1, 0},
        {2, 0, 0},
        {2, 0, 2 * LB_SEGMENT_BLOCKS},
        {2, LB_SEGMENT_BLOCKS, 0 - (uint64_t)LB_SEGMENT_BLOCKS},
    };
    struct scene *scene = *state;
    struct lb_recovery recovery;
    uint8_t file[LB_STORE_FILE_MAX];
    size_t len;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        len = key_file(file, wrong[i].count, wrong[i].number, wrong[i].step,
                       scene->host.root_key);
        save_key_file(scene, file, len);
        must_be_corrupt(scene, "key", text);
    }
    /* no key, in a file that is long enough for one */
    len = key_file(file, 1, 0, 0, scene->host.root_key);
    lb_put_u16(file + 6, 0);
    lb_crypto_hash(file + len - 32, file, len - 32);
    save_key_file(scene, file, len);
    must_be_corrupt(scene, "key", text);
    /* nor in one that is just long enough for none */
    lb_crypto_hash(file + KEY_FIRST, file, KEY_FIRST);
    save_key_file(scene, file, KEY_FIRST + 32);
    must_be_corrupt(scene, "key", text);
    /* one key, and bytes behind it that the digest vouches for */
    len = key_file(file, 2, 0, LB_SEGMENT_BLOCKS, scene->host.root_key);
    lb_put_u16(file + 6, 1);
    lb_crypto_hash(file + len - 32, file, len - 32);
    save_key_file(scene, file, len);
    must_be_corrupt(scene, "key", text);
    /* and the right one is right */
    len = key_file(file, 1, 0, 0, scene->host.root_key);
    save_key_file(scene, file, len);
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
}

/* Each in memory of just its length, so that a sanitizer sees who reads on. */
static void a_key_file_cut_short_is_refused_within_its_length(void **state)
{
    struct scene *scene = *state;
    uint8_t file[LB_STORE_FILE_MAX];
    size_t whole = key_file(file, 1, 0, 0, scene->host.root_key);
    struct lb_journal *journal = test_calloc(1, sizeof *journal);

    for (size_t len = 1; len <= whole; len++) {
        uint8_t *cut = malloc(len);

        assert_non_null(cut);
        memcpy(cut, file, len);
        assert_int_equal(lb_keys_decode(journal, cut, len), len == whole);
        free(cut);
    }
    test_free(journal);
}

static void a_key_file_of_a_newer_format_is_said_to_be_newer(void **state)
{
    static const char newer[] =
        "the key file is of a newer format than this version reads";
    struct scene *scene = *state;
    uint8_t file[64] = "LBK1\2";

    save_key_file(scene, file, sizeof file);
    must_be_corrupt(scene, "key", newer);
    save_key_file(scene, file, 33);
    must_be_corrupt(scene, "key", newer);
    /* No key file of any format is so short. */
    save_key_file(scene, file, 32);
    must_be_corrupt(scene, "key", "the key file is damaged");
    file[4] = 1;
    save_key_file(scene, file, 33);
    must_be_corrupt(scene, "key", "the key file is damaged");
}

static void keys_without_segments_are_a_journal_that_was_never_made(void **s)
{
    static const struct {
        size_t count;
        uint64_t number;
        enum lockbus_err err;
    } files[] = {
        {1, 0, LOCKBUS_ERR_USAGE},
        {1, LB_SEGMENT_BLOCKS, LOCKBUS_ERR_CORRUPT},
        {2, 0, LOCKBUS_ERR_CORRUPT},
    };
    uint8_t file[LB_STORE_FILE_MAX];
    const uint8_t key[32] = {1};

    (void)s;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct scene *scene = test_calloc(1, sizeof *scene);
        struct lb_recovery recovery;

        sim_disk_init(&scene->disk);
        scene->host.store = sim_disk_store(&scene->disk);
        save_key_file(scene, file,
                      key_file(file, files[i].count, files[i].number,
                               LB_SEGMENT_BLOCKS, key));
        assert_int_equal(reopen(scene, &recovery), files[i].err);
        assert_string_equal(recovery.text, files[i].err == LOCKBUS_ERR_USAGE
                                               ? ""
                                               : "all segments are missing");
        sim_disk_deinit(&scene->disk);
        test_free(scene);
    }
}

static void a_key_of_a_segment_that_is_not_there_is_damage(void **state)
{
    static const char text[] = "a segment that the key file names is missing";
    struct scene *scene = *state;
    uint8_t file[LB_STORE_FILE_MAX];

    save_key_file(
        scene, file,
        key_file(file, 1, 2 * LB_SEGMENT_BLOCKS, 0, scene->host.root_key));
    must_be_corrupt(scene, "segments", text);
    save_key_file(
        scene, file,
        key_file(file, 3, 0, LB_SEGMENT_BLOCKS, scene->host.root_key));
    must_be_corrupt(scene, "segments", text);
    /* the next segment's alone: its key is saved with the one before it */
    save_key_file(
        scene, file,
        key_file(file, 1, LB_SEGMENT_BLOCKS, 0, scene->host.root_key));
    must_be_corrupt(scene, "segments", "no checkpoint is whole");
}

static void a_segment_taken_away_under_its_key_is_damage(void **state)
{
    struct scene *scene = *state;

    begin_segment(scene, 1);
    assert_int_equal(scene->host.store.remove(scene->host.store.user, 0),
                     LOCKBUS_OK);
    must_be_corrupt(scene, "segments",
                    "a segment that the key file names is missing");
}

static void a_next_segments_key_before_this_one_is_full_is_damage(void **state)
{
    struct scene *scene = *state;
    uint8_t file[LB_STORE_FILE_MAX];

    save_key_file(
        scene, file,
        key_file(file, 2, 0, LB_SEGMENT_BLOCKS, scene->host.root_key));
    must_be_corrupt(scene, "block 6",
                    "blocks that the key file knows of are missing");
}

static void a_later_key_that_is_another_is_damage(void **state)
{
    struct scene *scene = *state;
    uint8_t file[LB_STORE_FILE_MAX];

    begin_segment(scene, 1);
    /* the second is the first again, not what it evolves to */
    save_key_file(
        scene, file,
        key_file(file, 2, 0, LB_SEGMENT_BLOCKS, scene->host.root_key));
    must_be_corrupt(scene, "key", "the key file does not fit the blocks");
}

/* ---- Where a start begins ------------------------------------------------ */

static void a_start_behind_a_whole_checkpoint_drops_the_keys_before_it(void **s)
{
    struct scene *scene = *s;
    struct toy_host *host = &scene->host;
    struct lb_recovery recovery;
    uint8_t none[32] = {0};

    begin_segment(scene, 1 + 4); /* and not the key file, which is next */
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
        assert_int_equal(recovery.folded_from, LB_SEGMENT_BLOCKS);
        assert_int_equal(host->journal.key_count, 1);
        assert_int_equal(host->journal.keys[0].number, LB_SEGMENT_BLOCKS);
        assert_memory_equal(host->journal.keys[1].key, none, 32);
        assert_int_equal(host->journal.keys_due, i == 0);
        assert_false(host->journal.ckpt_running);
        assert_true(toy_is_history(&host->toy));
        assert_true(toy_flush(host));
    }
}

static void a_start_says_when_the_last_block_was(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;
    struct lb_recovery recovery;
    struct lb_record record[2];
    uint64_t seq;

    lb_journal_stamp(journal, 7, 123456, 99, true);
    toy_operation(BLOCKS + 1, record);
    assert_int_equal(lb_journal_append(journal, record, 2, &seq), LOCKBUS_OK);
    assert_true(toy_flush(&scene->host));
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
    assert_int_equal(recovery.blocks, BLOCKS + 1);
    assert_int_equal(recovery.first_segment, 0);
    assert_int_equal(recovery.last_boot, 7);
    assert_int_equal(recovery.powered_ms, 123456);
    assert_int_equal(journal->boot, 7);
    assert_int_equal(journal->powered_ms, 123456);
    assert_int_equal(journal->last.boot, 7);
    assert_int_equal(journal->last.powered_ms, 123456);
    assert_int_equal(journal->last.unix_s, 99);
    assert_true(journal->last.trusted);
}

static void a_full_segment_without_checkpoint_is_folded_over(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    struct lb_recovery recovery;

    host->journal.snapshot.next = NULL;
    assert_true(toy_commit_until(host, 2 * LB_SEGMENT_BLOCKS + 2));
    assert_int_equal(reopen(scene, &recovery), LOCKBUS_OK);
    assert_int_equal(recovery.folded_from, 0);
    assert_int_equal(host->journal.key_count, 3);
    assert_true(host->journal.ckpt_running);
    assert_int_equal(host->toy.last, 2 * LB_SEGMENT_BLOCKS + 2);
    assert_true(toy_is_history(&host->toy));
}

static void without_a_snapshot_no_checkpoint_goes_on(void **state)
{
    struct scene *scene = *state;
    struct toy_host *host = &scene->host;
    struct lb_journal_visitor visitor = toy_visitor(&host->toy);
    struct lb_recovery recovery;

    begin_segment(scene, 1);
    lb_journal_close(&host->journal);
    memset(&host->toy, 0, sizeof host->toy);
    assert_int_equal(lb_journal_open(&host->journal, &host->store, &visitor,
                                     NULL, &recovery),
                     LOCKBUS_OK);
    assert_int_equal(host->journal.key_count, 2);
    assert_false(host->journal.ckpt_running);
    assert_true(toy_is_history(&host->toy));
}

static void spoil(struct store_of *store, uint8_t *buf, size_t len)
{
    (void)store;
    (void)len;
    buf[LB_BLOCK_RECORDS] ^= 1;
}

/* The segment's first block reads otherwise when it is asked for the link. */
static void a_link_that_cannot_be_told_is_an_alarm(void **state)
{
    struct scene *scene = *state;
    struct lb_journal_visitor visitor = toy_visitor(&scene->host.toy);
    struct lb_recovery recovery;

    assert_true(toy_commit_until(&scene->host, LB_SEGMENT_BLOCKS + 10));
    struct store_of other = {.real = scene->host.store,
                             .call = READ,
                             .at = 2,
                             .first_only = true,
                             .instead = spoil};

    assert_int_equal(open_with(scene, &other, &visitor, &recovery), LOCKBUS_OK);
    assert_true(recovery.damage_before);
    assert_true(toy_is_history(&scene->host.toy));
    other.at = 99;
    assert_int_equal(open_with(scene, &other, &visitor, &recovery), LOCKBUS_OK);
    assert_false(recovery.damage_before);
}

/* ---- Appending ----------------------------------------------------------- */

static void a_batch_needs_records_and_a_place_for_its_number(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;
    struct lb_record record[2];
    uint64_t seq = 77;

    toy_operation(BLOCKS + 1, record);
    assert_int_equal(lb_journal_append(journal, record, 2, NULL),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_journal_append(journal, NULL, 1, &seq),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(seq, 77);
    assert_int_equal(journal->used, 0);
}

static void a_time_that_is_not_known_is_not_trusted(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;

    lb_journal_stamp(journal, 1, 2, 0, true);
    assert_false(journal->trusted);
    lb_journal_stamp(journal, 1, 2, 3, false);
    assert_false(journal->trusted);
    lb_journal_stamp(journal, 1, 2, 3, true);
    assert_true(journal->trusted);
}

static void a_checkpoint_that_waited_keeps_one_block_free_and_no_more(void **s)
{
    struct scene *scene = *s;
    struct lb_journal *journal = &scene->host.journal;
    struct lb_record records[LB_BATCH_MAX];
    uint64_t seq;

    for (uint32_t i = 0; i < LB_BATCH_MAX; i += 2) {
        toy_operation(BLOCKS + 1 + i / 2, &records[i]);
    }
    journal->ckpt_running = true;
    journal->ckpt_waits = LB_CKPT_WAITS;
    for (unsigned i = 0; i < LB_JOURNAL_PENDING; i++) {
        bool room = i < LB_JOURNAL_PENDING - 1;

        assert_int_equal(lb_journal_has_room(journal, true), room);
        assert_int_equal(
            lb_journal_append(journal, records, LB_BATCH_MAX, &seq),
            room ? LOCKBUS_OK : LOCKBUS_ERR_BUSY);
    }
}

/* What the one before waited for, cut off by its segment's end, is no more. */
static void a_new_checkpoint_has_not_waited_yet(void **state)
{
    struct scene *scene = *state;
    struct lb_journal *journal = &scene->host.journal;

    assert_true(toy_commit_until(&scene->host, LB_SEGMENT_BLOCKS));
    journal->ckpt_waits = LB_CKPT_WAITS;
    begin_segment(scene, 1);
    assert_true(journal->ckpt_running);
    assert_int_equal(journal->ckpt_waits, 1);
    assert_int_equal(journal->used, 0);
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(
            making_a_journal_tells_what_fails_and_can_be_done_again),
        cmocka_unit_test(without_random_no_key_is_made),
        SCENE(a_store_that_cannot_say_what_it_has_is_io),
        SCENE(a_start_tells_any_call_that_fails),
        SCENE(verification_tells_any_read_that_fails),
        SCENE(a_second_look_that_fails_is_no_damage),
        SCENE(a_writer_that_goes_on_meanwhile_is_no_damage),
        SCENE(a_walk_that_ended_goes_on_when_a_block_is_written),
        SCENE(an_unfinished_block_with_more_behind_it_is_damage),
        SCENE(what_a_store_cannot_read_is_unread),
        cmocka_unit_test(a_store_without_segments_has_no_journal_to_verify),
        cmocka_unit_test(
            a_change_of_segment_cut_short_by_any_failure_loses_nothing),
        SCENE(what_the_visitor_says_ends_the_reading),
        SCENE(a_record_that_the_visitor_refuses_is_the_last),
        cmocka_unit_test(a_block_is_of_one_number_segment_and_key_index),
        SCENE(a_record_without_form_is_damage_under_a_right_tag_too),
        SCENE(a_key_file_has_one_to_16_keys_of_following_segments),
        cmocka_unit_test(
            keys_without_segments_are_a_journal_that_was_never_made),
        SCENE(a_key_file_cut_short_is_refused_within_its_length),
        SCENE(a_key_file_of_a_newer_format_is_said_to_be_newer),
        SCENE(a_key_of_a_segment_that_is_not_there_is_damage),
        SCENE(a_segment_taken_away_under_its_key_is_damage),
        SCENE(a_next_segments_key_before_this_one_is_full_is_damage),
        SCENE(a_later_key_that_is_another_is_damage),
        SCENE(a_start_behind_a_whole_checkpoint_drops_the_keys_before_it),
        SCENE(a_start_says_when_the_last_block_was),
        SCENE(a_full_segment_without_checkpoint_is_folded_over),
        SCENE(without_a_snapshot_no_checkpoint_goes_on),
        SCENE(a_link_that_cannot_be_told_is_an_alarm),
        SCENE(a_batch_needs_records_and_a_place_for_its_number),
        SCENE(a_time_that_is_not_known_is_not_trusted),
        SCENE(a_device_key_that_failed_to_load_is_none),
        cmocka_unit_test(a_sealed_block_is_whole),
        SCENE(a_checkpoint_that_waited_keeps_one_block_free_and_no_more),
        SCENE(a_new_checkpoint_has_not_waited_yet),
    };
    enum { FIXED = sizeof fixed / sizeof fixed[0] };
    struct CMUnitTest tests[FIXED + FORMS];

    memcpy(tests, fixed, sizeof fixed);
    for (size_t i = 0; i < FORMS; i++) {
        tests[FIXED + i] = (struct CMUnitTest){
            forms[i].name, run_form, NULL, NULL, (void *)(uintptr_t)&forms[i]};
    }
    lb_crypto_init();
    return cmocka_run_group_tests_name("journal edges", tests, NULL, NULL);
}
