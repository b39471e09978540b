/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A journal that has outgrown its first segments: starting up folds from a
 * checkpoint, and knows what the running process knew.
 */

#include "cabinet/cabinet.h"
#include "rig.h"

#include <lockbus/journal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { A07 = 6, BLOCKS = 2 * LB_SEGMENT_BLOCKS + 50 };

/* Blocks of nothing but the floor of time, as the hourly ones are. */
static void fill(struct rig *rig, unsigned blocks)
{
    struct lockbus_cabinet *cab = rig->cab;
    struct lb_record record = {.type = LB_REC_TIME, .door = LB_DOOR_NONE};

    for (unsigned i = 0; i < blocks; i++) {
        record.powered_ms = cab->gate.powered_ms;
        assert_true(lb_write(cab, &record, 1));
        lb_ask_commit(cab);
        lb_ask_worker_ended(cab);
        /* the checkpoint of a new segment rides in blocks of its own */
        lb_ask_commit(cab);
        lb_ask_worker_ended(cab);
    }
}

static void
folding_from_a_checkpoint_gives_the_state_that_was_left(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_error why;
    struct lockbus_door before[RIG_DOORS], after;
    struct parcel one, other;
    uint32_t ticket;

    rig_deposit(rig, &one, A07, true);
    rig_deposit(rig, &other, A07 + 9, false);
    assert_int_equal(rig_release(rig, &other, &ticket, &why), LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    assert_int_equal(rig_service(rig, 20, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
                     LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    fill(rig, BLOCKS);
    assert_false(rig->cab->journal_failed);
    for (uint16_t n = 0; n < RIG_DOORS; n++) {
        before[n].size = sizeof before[n];
        assert_int_equal(lockbus_door_at(rig->cab, n, &before[n], NULL),
                         LOCKBUS_OK);
    }
    uint64_t order_no = rig->cab->gate.last_order_no;

    rig_crash(rig);
    assert_true(rig->cab->recovery.folded_from >= LB_SEGMENT_BLOCKS);
    assert_int_equal(rig->cab->gate.last_order_no, order_no);
    for (uint16_t n = 0; n < RIG_DOORS; n++) {
        after.size = sizeof after;
        assert_int_equal(lockbus_door_at(rig->cab, n, &after, NULL),
                         LOCKBUS_OK);
        assert_int_equal(after.custody, before[n].custody);
        assert_int_equal(after.stay, before[n].stay);
        assert_int_equal(after.blocked, before[n].blocked);
        assert_int_equal(after.seals, before[n].seals);
        assert_int_equal(after.release_uses_left, before[n].release_uses_left);
    }
    assert_int_equal(
        lockbus_release_with_code(rig->cab, one.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_free(rig);
    (void)state;
}

static unsigned journal_alarms(const struct rig *rig)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry = {.kind = LOCKBUS_ENTRY_BOOT};
    struct lockbus_error why;
    unsigned found = 0;

    assert_int_equal(
        lockbus_journal_open(&journal, rig_path(rig, "journal"), NULL, &why),
        LOCKBUS_OK);
    while (lockbus_journal_next(journal, &entry, &why) == LOCKBUS_OK &&
           entry.kind != 0) {
        found += entry.kind == LOCKBUS_ENTRY_ALARM &&
                 strcmp(entry.what, "journal") == 0;
    }
    lockbus_journal_close(&journal);
    return found;
}

/* Nothing is folded from there, so the cabinet runs; that somebody changed it
 * is on record. The damaged block is mended again to read what follows. */
static void damage_before_the_checkpoint_is_on_record(void **state)
{
    struct rig *rig = rig_new();
    const long at = (long)(LB_SEGMENT_BLOCKS - 1) * LB_BLOCK_LEN + 200;
    char path[512];

    (void)state;
    fill(rig, LB_SEGMENT_BLOCKS + 50);
    rig_close(rig);
    (void)snprintf(path, sizeof path, "%s",
                   rig_path(rig, "journal/segment-00000000"));
    for (int changed = 1; changed >= 0; changed--) {
        FILE *f = fopen(path, "r+b");

        assert_non_null(f);
        assert_int_equal(fseek(f, at, SEEK_SET), 0);
        int was = fgetc(f);

        assert_int_equal(fseek(f, at, SEEK_SET), 0);
        assert_int_equal(fputc(was ^ 0x40, f), was ^ 0x40);
        assert_int_equal(fclose(f), 0);
        rig_open(rig);
        rig_run(rig, 2000);
        rig_close(rig);
    }
    assert_int_equal(journal_alarms(rig), 1);
    rig_free(rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            folding_from_a_checkpoint_gives_the_state_that_was_left),
        cmocka_unit_test(damage_before_the_checkpoint_is_on_record),
    };

    return cmocka_run_group_tests_name("segments", tests, NULL, NULL);
}
