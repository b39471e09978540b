/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What the host sees, the journal says and the door does when things go
 * wrong: forced, jammed, ajar, a board away, a stuck sensor, a broken disk.
 */

#include "cabinet/cabinet.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { A07 = 6 };

static int set_up(void **state)
{
    *state = rig_new();
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static unsigned on_record(struct rig *rig, enum lockbus_entry_kind kind,
                          const char *what)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    struct lockbus_entry entry;
    unsigned count = 0;

    assert_int_equal(lockbus_journal_open(&journal, rig_path(rig, "journal"),
                                          rig->escrow, &why),
                     LOCKBUS_OK);
    for (;;) {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        if (entry.kind == 0) {
            break;
        }
        count += entry.kind == kind && strcmp(entry.what, what) == 0;
    }
    lockbus_journal_close(&journal);
    return count;
}

static unsigned alarms_on_record(struct rig *rig, const char *what)
{
    return on_record(rig, LOCKBUS_ENTRY_ALARM, what);
}

static void a_leaf_that_opens_unbidden_is_an_alarm(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig_deposit(rig, &parcel, A07, false);
    rig->leaf[A07].open = true;
    rig_run(rig, 300);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORCED, A07), 1);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_FORCED);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    rig_run(rig, 100);
    assert_int_equal(alarms_on_record(rig, "forced"), 1);
}

static void a_leaf_that_opened_while_nobody_looked_is_an_alarm(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig_deposit(rig, &parcel, A07, false);
    rig_crash_only(rig);
    rig->leaf[A07].open = true;
    rig_open(rig);
    rig_run(rig, 500);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORCED, A07), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORCED, 0xFFFF), 1);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_FORCED);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
}

/* Nobody has shut it; that its board lost power makes it no better. */
static void a_forced_door_is_one_when_its_board_returns(void **state)
{
    struct rig *rig = *state;

    rig->leaf[A07].open = true;
    rig_run(rig, 300);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_FORCED);
    rig->board[A07 / 8].powered = false;
    rig_run(rig, 5000);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_AWAY);
    rig->board[A07 / 8].powered = true;
    rig_run(rig, 20000);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_FORCED);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORCED, A07), 1);
    rig->leaf[A07].open = false;
    rig_run(rig, 300);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_SHUT);
    /* and the next loss finds a door that is merely open */
    rig->board[A07 / 8].powered = false;
    rig_run(rig, 5000);
    rig->leaf[A07].open = true;
    rig->board[A07 / 8].powered = true;
    rig_run(rig, 20000);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_OPEN);
}

static void without_a_sensor(const struct rig *rig)
{
    rig_wire(rig,
             "1 = main 1 waveshare-relay-d-8ch\n"
             "2 = main 2 waveshare-relay-d-8ch\n"
             "3 = main 3 waveshare-relay-d-8ch\n"
             "4 = main 4 waveshare-relay-d-8ch\n",
             "A01-A06 = 0-5   1:1-6 size=M\n"
             "A07     = 6     1:7   size=M sensor=none assume_open_s=10\n"
             "A08     = 7     1:8   size=M\n"
             "B01-B08 = 8-15  2:1-8 size=M\n"
             "C01-C08 = 16-23 3:1-8 size=M\n"
             "D01-D08 = 24-31 4:1-8 size=M\n");
}

static int set_up_without_a_sensor(void **state)
{
    struct rig *rig = rig_new_wired(without_a_sensor);

    rig_open(rig);
    *state = rig;
    return 0;
}

/* That time makes it shut is known without its board; that its board is
 * there is not. */
static void a_door_without_sensor_is_away_with_its_board(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;
    struct lockbus_error why;
    uint32_t ticket;

    assert_true(world_parcel(&rig->world, &parcel, A07, false, &why));
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, parcel.package, parcel.package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_UNCONFIRMED);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_LOADING);
    rig->board[0].powered = false;
    rig_run(rig, 5000);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_AWAY);
    rig_run(rig, 15000);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_AWAY);
    rig->board[0].powered = true;
    rig_run(rig, 20000);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_SHUT);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
}

static void a_stuck_latch_is_pulsed_thrice_and_gives_its_use_back(void **state)
{
    struct rig *rig = *state;
    struct lockbus_door view = {.size = sizeof view};
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    unsigned before = rig->leaf[A07].pulses;

    rig->leaf[A07].stuck = true;
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_FAILED);
    assert_int_equal(rig->leaf[A07].pulses - before, 3);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_JAMMED);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JAMMED, A07), 1);
    assert_int_equal(lockbus_door_at(rig->cab, A07, &view, NULL), LOCKBUS_OK);
    assert_int_equal(view.release_uses_left, 2);
}

static void a_sensor_stuck_open_locks_nobody_out(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    rig->leaf[A07].sensor = 1;
    rig_run(rig, 500);
    unsigned before = rig->leaf[A07].pulses;

    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 30000);
    assert_int_equal(rig->leaf[A07].pulses - before, 1);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_EMPTYING);
}

static void a_door_that_stands_open_is_pulsed_again(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    for (unsigned pulses = 2; pulses <= 3; pulses++) {
        assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
        assert_int_equal(rig->leaf[A07].pulses, pulses);
        assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_OPEN);
        rig_run(rig, 5000);
    }
}

static void a_door_left_open_is_ajar(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 59000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_AJAR, A07), 0);
    rig_run(rig, 2000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_AJAR, A07), 1);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_AJAR);
}

static void an_open_for_a_board_that_is_away_is_refused_not_queued(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    unsigned before = rig_pulses(rig);

    rig->board[0].powered = false;
    rig_run(rig, 5000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_AWAY, 0xFFFF), 1);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_AWAY);
    /* it is asked once more first, so the refusal is an event */
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    struct lockbus_event end = rig_finish(rig, ticket);

    assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
    assert_int_equal(end.rule, LOCKBUS_RULE_P3);
    rig->board[0].powered = true;
    rig_run(rig, 60000);
    assert_int_equal(rig_pulses(rig), before);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_BACK, 0xFFFF), 5);
}

/* It had just been noted as back, so the pace puts this off. */
static void a_board_that_goes_again_at_once_is_away_on_record(void **state)
{
    struct rig *rig = *state;

    rig->board[0].powered = false;
    rig_run(rig, 5000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_AWAY, 0xFFFF), 1);
    assert_int_equal(on_record(rig, LOCKBUS_ENTRY_BOARD, "away"), 0);
    rig_run(rig, 10000);
    assert_int_equal(on_record(rig, LOCKBUS_ENTRY_BOARD, "away"), 1);
    rig_run(rig, 60000);
    assert_int_equal(on_record(rig, LOCKBUS_ENTRY_BOARD, "away"), 1);
}

static void one_dead_board_stops_no_other(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig->board[3].powered = false;
    rig_run(rig, 5000);
    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(rig_pulses_but(rig, A07), 0);
}

static void a_board_in_another_control_mode_is_refused(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    rig->board[0].powered = false;
    rig_run(rig, 5000);
    rig->board[0].mode[3] = 1; /* input 4 drives relay 4: a way in */
    rig->board[0].powered = true;
    rig_run(rig, 20000);
    assert_true(rig_count(rig, LOCKBUS_EVENT_BOARD_REFUSED, 0xFFFF) >= 1);
    enum lockbus_err err = rig_release(rig, &parcel, &ticket, &why);

    if (err == LOCKBUS_OK) {
        assert_int_equal(rig_finish(rig, ticket).rule, LOCKBUS_RULE_P3);
    } else {
        assert_int_equal(why.rule, LOCKBUS_RULE_P3);
    }
}

static enum lockbus_err broken_sync(void *user, uint32_t segment)
{
    (void)user;
    (void)segment;
    return LOCKBUS_ERR_IO;
}

static void after_a_failed_sync_nothing_opens_until_restart(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel one, other;
    uint32_t ticket;

    rig_deposit(rig, &one, A07, false);
    rig_deposit(rig, &other, A07 + 9, false);
    unsigned before = rig_pulses(rig);
    enum lockbus_err (*sync)(void *, uint32_t) = rig->cab->journal->store.sync;

    rig->cab->journal->store.sync = broken_sync;
    assert_int_equal(rig_release(rig, &one, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_EXPIRED);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF), 1);
    rig->cab->journal->store.sync = sync; /* the disk seems well again */
    assert_int_equal(rig_release(rig, &other, &ticket, &why), LOCKBUS_ERR_IO);
    rig_run(rig, 30000);
    assert_int_equal(rig_pulses(rig), before);
    rig_crash(rig);
    assert_int_equal(rig_release(rig, &other, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
}

static void a_code_is_not_derived_before_its_try_is_durable(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, true);
    rig->cab->journal->store.sync = broken_sync;
    assert_int_equal(
        lockbus_release_with_code(rig->cab, parcel.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_EXPIRED);
    assert_false(rig->cab->derive_job.unsealed);
}

static void a_stay_that_ends_during_a_try_leaves_codes_usable(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel one, other;
    uint32_t code, clear;

    rig_deposit(rig, &one, A07, true);
    rig_deposit(rig, &other, A07 + 9, true);
    /* both before the next poll: the try is not durable when the stay ends */
    assert_int_equal(lockbus_release_with_code(rig->cab, one.code, &code, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_service(rig, A07, LOCKBUS_SERVICE_CLEAR, &clear, &why),
                     LOCKBUS_OK);
    struct lockbus_event end = rig_finish(rig, code);

    assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
    assert_int_equal(end.rule, LOCKBUS_RULE_P4);
    assert_int_equal(
        lockbus_release_with_code(rig->cab, other.code, &code, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, code).kind, LOCKBUS_EVENT_OPENED);
}

static void many_refusals_cost_one_block_a_second_and_are_counted(void **state)
{
    struct rig *rig = *state;
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_error why;
    uint8_t zeros[LOCKBUS_PROOF_LEN] = {0};
    uint32_t ticket;

    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    uint64_t before = info.journal_blocks;

    for (int i = 0; i < 1000; i++) {
        assert_int_equal(lockbus_open_with_proof(rig->cab, zeros, sizeof zeros,
                                                 &ticket, &why),
                         LOCKBUS_ERR_DENIED);
        rig_run(rig, 3);
    }
    rig_run(rig, 2000);
    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    assert_in_range(info.journal_blocks - before, 3, 6);

    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry;
    unsigned counted = 0;

    assert_int_equal(lockbus_journal_open(&journal, rig_path(rig, "journal"),
                                          rig->escrow, &why),
                     LOCKBUS_OK);
    do {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        counted += entry.kind == LOCKBUS_ENTRY_REFUSAL ? entry.count : 0;
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
    assert_int_equal(counted, 1000);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_leaf_that_opens_unbidden_is_an_alarm),
        TEST(a_leaf_that_opened_while_nobody_looked_is_an_alarm),
        TEST(a_forced_door_is_one_when_its_board_returns),
        cmocka_unit_test_setup_teardown(
            a_door_without_sensor_is_away_with_its_board,
            set_up_without_a_sensor, tear_down),
        TEST(a_stuck_latch_is_pulsed_thrice_and_gives_its_use_back),
        TEST(a_sensor_stuck_open_locks_nobody_out),
        TEST(a_door_that_stands_open_is_pulsed_again),
        TEST(a_door_left_open_is_ajar),
        TEST(an_open_for_a_board_that_is_away_is_refused_not_queued),
        TEST(a_board_that_goes_again_at_once_is_away_on_record),
        TEST(one_dead_board_stops_no_other),
        TEST(a_board_in_another_control_mode_is_refused),
        TEST(after_a_failed_sync_nothing_opens_until_restart),
        TEST(a_code_is_not_derived_before_its_try_is_durable),
        TEST(a_stay_that_ends_during_a_try_leaves_codes_usable),
        TEST(many_refusals_cost_one_block_a_second_and_are_counted),
    };

    return cmocka_run_group_tests_name("trouble", tests, NULL, NULL);
}
