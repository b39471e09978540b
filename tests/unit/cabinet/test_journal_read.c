/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/* The public reading API, on a journal in a folder of its own. */

#include "base/bytes.h"
#include "journal/journal.h"
#include "os/os.h"

#include <lockbus/journal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t cabinet[16] = {1, 2, 3};

struct scene {
    char base[64], dir[80];
    uint8_t root_key[32];
    struct lb_journal journal;
    struct lb_record record[8];
    size_t count;
};

static struct lb_record *add(struct scene *scene, enum lb_record_type type,
                             uint8_t kind, uint16_t door, uint32_t ref)
{
    struct lb_record *r = &scene->record[scene->count++];

    memset(r, 0, sizeof *r);
    r->type = (uint8_t)type;
    r->kind = kind;
    r->door = door;
    r->ref = ref;
    r->stay = 77;
    r->powered_ms = 1234;
    return r;
}

static void fill(struct scene *scene)
{
    struct lb_record *r = add(scene, LB_REC_GRANT, 0, 5, 0);

    memset(r->body + LB_GRANT_PARCEL_REF, 0xab, 16);
    memset(r->body + LB_GRANT_ISSUER, 0x11, 8);
    r = add(scene, LB_REC_INTENT, LB_OPEN_RELEASE, 5, 9);
    r->body[LB_INTENT_BY_CODE] = 1;
    memset(r->body + LB_INTENT_SIGNER, 0x22, 8);
    memset(r->body + LB_INTENT_SIG, 0xff, 64); /* no second signer */
    (void)add(scene, LB_REC_RESULT, LB_OUTCOME_NEVER_OPENED, 5, 9);
    r = add(scene, LB_REC_INTENT, LB_OPEN_SERVICE, 6, 10);
    lb_put_u64(r->body + LB_INTENT_ORDER_NO, 42);
    lb_put_u32(r->body + LB_INTENT_REASON, 3);
    memset(r->body + LB_INTENT_KEY_IDS, 0x33, 8);
    memset(r->body + LB_INTENT_KEY_IDS + 8, 0x44, 8);
    (void)add(scene, LB_REC_CKPT_DOOR, 0, 5, 0); /* no entry */
    r = add(scene, LB_REC_REFUSAL, 2, 5, 0);
    lb_put_u16(r->body + LB_REFUSAL_RULE, LOCKBUS_RULE_P6);
    lb_put_u32(r->body + LB_REFUSAL_COUNT, 4);
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct lockbus_error why;
    struct lb_store store;
    struct lb_recovery recovery;
    struct lb_journal_job job;
    uint64_t seq;

    *state = scene;
    (void)snprintf(scene->base, sizeof scene->base, "/tmp/lockbus-read-XXXXXX");
    if (mkdtemp(scene->base) == NULL) {
        return -1;
    }
    (void)snprintf(scene->dir, sizeof scene->dir, "%s/journal", scene->base);
    if (lb_dir_open(&store, scene->dir, true, false, &why) != LOCKBUS_OK ||
        lb_journal_create(&store, cabinet, scene->root_key) != LOCKBUS_OK ||
        lb_journal_open(&scene->journal, &store, NULL, NULL, &recovery) !=
            LOCKBUS_OK) {
        return -1;
    }
    fill(scene);
    lb_journal_stamp(&scene->journal, 2, 5000, 1800000000, true);
    for (int i = 0; i < 2; i++) {
        if (lb_journal_append(&scene->journal, scene->record, scene->count,
                              &seq) != LOCKBUS_OK ||
            !lb_journal_begin(&scene->journal, &job)) {
            return -1;
        }
        lb_journal_run(&job);
        lb_journal_end(&scene->journal, &job);
    }
    lb_journal_close(&scene->journal);
    lb_dir_close(&store);
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", scene->base);
    int result = system(command);

    free(scene);
    return result;
}

static struct lockbus_entry next(struct lockbus_journal *journal)
{
    struct lockbus_entry entry;
    struct lockbus_error why;

    assert_int_equal(lockbus_journal_next(journal, &entry, &why), LOCKBUS_OK);
    return entry;
}

static void entries_say_who_what_when(void **state)
{
    struct scene *scene = *state;
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    uint8_t none[8] = {0}, id[8];

    assert_int_equal(
        lockbus_journal_open(&journal, scene->dir, scene->root_key, &why),
        LOCKBUS_OK);
    struct lockbus_entry e = next(journal);

    assert_int_equal(e.kind, LOCKBUS_ENTRY_STAY);
    memset(id, 0x11, 8);
    assert_memory_equal(e.authority[0], id, 8);
    assert_int_equal(e.parcel_ref[15], 0xab);
    e = next(journal);
    assert_int_equal(e.kind, LOCKBUS_ENTRY_INTENT);
    assert_string_equal(e.what, "release");
    assert_int_equal(e.door, 5);
    assert_int_equal(e.stay, 77);
    assert_int_equal(e.ref, 9);
    assert_int_equal(e.boot, 2);
    assert_int_equal(e.unix_s, 1800000000);
    assert_true(e.trusted);
    assert_true(e.by_code);
    memset(id, 0x22, 8);
    assert_memory_equal(e.authority[0], id, 8);
    assert_memory_equal(e.authority[1], none, 8);
    e = next(journal);
    assert_int_equal(e.kind, LOCKBUS_ENTRY_RESULT);
    assert_string_equal(e.what, "never opened");
    e = next(journal);
    assert_string_equal(e.what, "service");
    assert_int_equal(e.order_no, 42);
    assert_int_equal(e.reason, 3);
    memset(id, 0x44, 8);
    assert_memory_equal(e.authority[1], id, 8);
    e = next(journal);
    assert_int_equal(e.kind, LOCKBUS_ENTRY_REFUSAL);
    assert_int_equal(e.rule, LOCKBUS_RULE_P6);
    assert_int_equal(e.count, 4);
    for (int i = 0; i < 5; i++) {
        e = next(journal);
        assert_int_equal(e.block, 1);
    }
    assert_int_equal(next(journal).kind, 0);
    assert_int_equal(next(journal).kind, 0);
    lockbus_journal_close(&journal);
    assert_null(journal);
}

/* Changes one byte of the segment's file, whatever its name is. */
static void spoil(const struct scene *scene, long at)
{
    char command[256];

    (void)snprintf(command, sizeof command,
                   "f=$(find '%s' -type f -size +1000k | head -n 1) && "
                   "printf X | dd of=\"$f\" bs=1 seek=%ld conv=notrunc "
                   "status=none",
                   scene->dir, at);
    assert_int_equal(system(command), 0);
}

static void verify_tells_intact_from_changed(void **state)
{
    struct scene *scene = *state;
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why;

    assert_int_equal(
        lockbus_journal_verify(scene->dir, scene->root_key, &report, &why),
        LOCKBUS_OK);
    assert_true(report.intact && report.tags_checked);
    assert_int_equal(report.blocks, 2);
    assert_int_equal(report.records, 12);
    assert_int_equal(lockbus_journal_holds(scene->dir, report.last_block,
                                           report.last_digest, &why),
                     LOCKBUS_OK);
    report.last_digest[0] ^= 1;
    assert_int_equal(lockbus_journal_holds(scene->dir, report.last_block,
                                           report.last_digest, &why),
                     LOCKBUS_ERR_CORRUPT);
    spoil(scene, 300);
    assert_int_equal(
        lockbus_journal_verify(scene->dir, scene->root_key, &report, &why),
        LOCKBUS_ERR_CORRUPT);
    assert_false(report.intact);
    assert_int_equal(report.first_bad, 0);
    assert_int_equal(why.err, LOCKBUS_ERR_CORRUPT);
    assert_string_not_equal(why.text, "");
}

static void reading_gives_what_comes_before_the_damage(void **state)
{
    struct scene *scene = *state;
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    struct lockbus_entry entry;

    spoil(scene, 2 * LB_BLOCK_LEN + LB_BLOCK_LEN + 7); /* behind the end */
    assert_int_equal(lockbus_journal_open(&journal, scene->dir, NULL, &why),
                     LOCKBUS_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_not_equal(next(journal).kind, 0);
    }
    assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                     LOCKBUS_ERR_CORRUPT);
    assert_string_equal(why.field, "block 2");
    lockbus_journal_close(&journal);
}

static void a_folder_without_journal_is_told(void **state)
{
    struct scene *scene = *state;
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/none", scene->base);
    assert_int_not_equal(lockbus_journal_open(&journal, path, NULL, &why),
                         LOCKBUS_OK);
    assert_null(journal);
    assert_string_not_equal(why.text, "");
}

int main(void)
{
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(entries_say_who_what_when),
        SCENE(verify_tells_intact_from_changed),
        SCENE(reading_gives_what_comes_before_the_damage),
        SCENE(a_folder_without_journal_is_told),
    };

    return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
