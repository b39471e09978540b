/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What somebody found who tried to open doors without authority, win uses
 * back, or leave a parcel behind a door that counts as empty. Each of these
 * once worked.
 */

#include "base/bytes.h"
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

static uint8_t uses_left(const struct rig *rig)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(rig->cab, A07, &view, NULL), LOCKBUS_OK);
    return view.release_uses_left;
}

/* Until the door's next pulse is out; a board that was late is left in peace
 * for up to two seconds. */
static void run_to_pulse(struct rig *rig, unsigned pulses)
{
    for (int i = 0; i < 5000 && rig->leaf[A07].pulses < pulses; i++) {
        rig_run(rig, 1);
    }
    assert_int_equal(rig->leaf[A07].pulses, pulses);
}

static void deposit_then_stall(struct rig *rig, uint64_t ms)
{
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig->shut_after_us = 8000000;
    assert_true(world_parcel(&rig->world, &parcel, A07, false, &why));
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, parcel.package, parcel.package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_OK);
    run_to_pulse(rig, 1);
    rig_stall(rig, ms);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_UNKNOWN);
    rig_run(rig, 150000);
}

static void a_parcel_put_in_while_the_host_slept_is_protected(void **state)
{
    struct rig *rig = *state;

    deposit_then_stall(rig, 25000);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
}

static void however_long_it_slept(void **state)
{
    struct rig *rig = *state;

    deposit_then_stall(rig, 125000);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
}

static void a_host_that_sleeps_wins_no_use_back(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    rig->shut_after_us = 1000000;
    for (uint8_t left = 2; left > 0; left--) {
        assert_int_equal(uses_left(rig), left);
        assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
        run_to_pulse(rig, rig->leaf[A07].pulses + 1);
        rig_stall(rig, 25000);
        (void)rig_finish(rig, ticket);
    }
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P7);
}

/* Opens for a release; the leaf is seen open for a moment only. */
static void bounce(struct rig *rig, struct parcel *parcel)
{
    struct lockbus_error why;
    uint32_t ticket;

    rig_deposit(rig, parcel, A07, false);
    rig->shut_after_us = 0;
    assert_int_equal(rig_release(rig, parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_EMPTYING);
    rig->leaf[A07].open = false;
}

static void a_bounce_stretched_by_a_sleeping_host_is_no_emptying(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    bounce(rig, &parcel);
    rig_stall(rig, 5000);
    rig_run(rig, 150000);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
}

static void a_bounce_stretched_by_a_dead_board_is_no_emptying(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    bounce(rig, &parcel);
    rig->board[0].powered = false;
    rig_run(rig, 600000);
    rig->board[0].powered = true;
    rig_run(rig, 150000);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
}

static void a_second_tap_waits_for_the_first(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t first, second;

    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(rig_release(rig, &parcel, &first, &why), LOCKBUS_OK);
    assert_int_equal(rig_release(rig, &parcel, &second, &why),
                     LOCKBUS_ERR_BUSY);
    rig_run(rig, 5);
    assert_int_equal(rig_release(rig, &parcel, &second, &why),
                     LOCKBUS_ERR_BUSY);
    assert_int_equal(rig_service(rig, A07, LOCKBUS_SERVICE_OPEN, &second, &why),
                     LOCKBUS_ERR_BUSY);
    assert_int_equal(rig_finish(rig, first).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(uses_left(rig), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORCED, 0xFFFF), 0);
}

static void a_blocked_door_gets_no_further_pulse(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t release, block;

    rig_deposit(rig, &parcel, A07, false);
    rig->leaf[A07].stuck = true;
    unsigned before = rig->leaf[A07].pulses;

    assert_int_equal(rig_release(rig, &parcel, &release, &why), LOCKBUS_OK);
    run_to_pulse(rig, before + 1);
    assert_int_equal(rig_service(rig, A07, LOCKBUS_SERVICE_BLOCK, &block, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, block).kind, LOCKBUS_EVENT_DONE);
    rig->leaf[A07].stuck = false;
    rig_run(rig, 30000);
    assert_int_equal(rig->leaf[A07].pulses, before + 1);
    assert_int_equal(rig_latch(rig, A07) == LOCKBUS_LATCH_OPEN, false);
}

static unsigned entries_on_record(struct rig *rig, enum lockbus_entry_kind kind,
                                  const char *what, uint16_t door)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    struct lockbus_entry entry;
    unsigned count = 0;

    assert_int_equal(lockbus_journal_open(&journal, rig_path(rig, "journal"),
                                          rig->escrow, &why),
                     LOCKBUS_OK);
    do {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        count += entry.kind == kind && entry.door == door &&
                 strcmp(entry.what, what) == 0;
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
    return count;
}

static void an_intent_that_was_too_late_has_a_result(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    unsigned pulses = rig->leaf[A07].pulses;

    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    rig_stall(rig, 25000); /* the write comes after the permit's life */
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_EXPIRED);
    rig_run(rig, 1000);
    assert_int_equal(rig->leaf[A07].pulses, pulses);
    assert_int_equal(
        entries_on_record(rig, LOCKBUS_ENTRY_RESULT, "unknown", A07), 1);
    assert_int_equal(uses_left(rig), 1);
}

static void a_seal_that_would_hold_the_worker_is_refused_by_l1(void **state)
{
    static const struct {
        uint32_t ops, kib;
        bool taken;
    } rows[] = {{1, 262144, true},  {2, 262144, true}, {8, 65536, true},
                {3, 262144, false}, {9, 65536, false}, {10, 262144, false}};
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint8_t seal[LOCKBUS_SEAL_LEN] = {'L', 'B', 'X', '1', 1, 1};
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lb_put_u32(seal + 8, rows[i].ops);
        lb_put_u32(seal + 12, rows[i].kib);
        enum lockbus_err err =
            lockbus_seal(rig->cab, A07, seal, sizeof seal, &ticket, &why);

        /* the third that would be taken finds no place: that is L3 */
        if (err == LOCKBUS_OK) {
            assert_true(rows[i].taken);
            (void)rig_finish(rig, ticket);
        } else {
            assert_int_equal(why.rule,
                             rows[i].taken ? LOCKBUS_RULE_L3 : LOCKBUS_RULE_L1);
        }
    }
}

static unsigned refusals_on_record(struct rig *rig, enum lockbus_rule rule)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    struct lockbus_entry entry;
    unsigned count = 0;

    assert_int_equal(lockbus_journal_open(&journal, rig_path(rig, "journal"),
                                          rig->escrow, &why),
                     LOCKBUS_OK);
    do {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        if (entry.kind == LOCKBUS_ENTRY_REFUSAL && entry.rule == rule) {
            count += entry.count;
        }
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
    return count;
}

static void no_refusal_is_lost_at_an_orderly_end(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint8_t zeros[LOCKBUS_PROOF_LEN] = {0}, seal[LOCKBUS_SEAL_LEN] = {0};
    uint8_t package[LOCKBUS_PACKAGE_MAX];
    size_t len = 0;
    uint32_t ticket;

    assert_true(world_parcel(&rig->world, &parcel, A07, false, &why));
    assert_int_equal(lockbus_package_write(package, &len, parcel.grant, seal),
                     LOCKBUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lockbus_open_with_proof(rig->cab, zeros, sizeof zeros,
                                                 &ticket, &why),
                         LOCKBUS_ERR_DENIED);
    }
    assert_int_equal(lockbus_deposit_with_key(rig->cab, package, len,
                                              rig->world.courier.seed, &ticket,
                                              &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_L1);
    rig_close(rig); /* well within the second of the first refusal */
    assert_int_equal(refusals_on_record(rig, LOCKBUS_RULE_P1), 3);
    assert_int_equal(refusals_on_record(rig, LOCKBUS_RULE_L1), 1);
    rig_open(rig);
}

static void
the_last_place_for_refusals_hides_no_rule_behind_another(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint8_t zeros[LOCKBUS_SEAL_LEN] = {0}, proof[LOCKBUS_PROOF_LEN];
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    rig_run(rig, 2000);
    /* the first goes out at once; then one more kind than there are places */
    for (uint16_t door = 0; door < LB_REFUSALS + 1; door++) {
        assert_int_equal(
            lockbus_seal(rig->cab, door, zeros, sizeof zeros, &ticket, &why),
            LOCKBUS_ERR_DENIED);
    }
    assert_true(world_proof(&rig->world, rig->cab,
                            (struct world_claim){A07, parcel.stay,
                                                 LOCKBUS_PROOF_RELEASE,
                                                 &rig->world.issuer},
                            proof));
    assert_int_equal(
        lockbus_open_with_proof(rig->cab, proof, sizeof proof, &ticket, &why),
        LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P6);
    rig_close(rig);
    /* 17 by L1, of which the last shares a place with the P6 */
    assert_int_equal(refusals_on_record(rig, LOCKBUS_RULE_L1), LB_REFUSALS);
    assert_int_equal(refusals_on_record(rig, LOCKBUS_RULE_NONE), 2);
    rig_open(rig);
}

static void time_near_its_end_fails_no_journal(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(
        lockbus_cabinet_time(rig->cab, (UINT64_C(1) << 36) - 1, true),
        LOCKBUS_OK);
    /* two hours in which the host asks for little: the floor outruns the
     * journal by more than the hour after which it is written */
    rig_stall(rig, 2 * 3600000);
    rig_run(rig, 5000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF), 0);
    assert_false(rig->cab->journal_failed);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_parcel_put_in_while_the_host_slept_is_protected),
        TEST(however_long_it_slept),
        TEST(a_host_that_sleeps_wins_no_use_back),
        TEST(a_bounce_stretched_by_a_sleeping_host_is_no_emptying),
        TEST(a_bounce_stretched_by_a_dead_board_is_no_emptying),
        TEST(a_second_tap_waits_for_the_first),
        TEST(a_blocked_door_gets_no_further_pulse),
        TEST(no_refusal_is_lost_at_an_orderly_end),
        TEST(an_intent_that_was_too_late_has_a_result),
        TEST(a_seal_that_would_hold_the_worker_is_refused_by_l1),
        TEST(the_last_place_for_refusals_hides_no_rule_behind_another),
        TEST(time_near_its_end_fails_no_journal),
    };

    return cmocka_run_group_tests_name("attacks", tests, NULL, NULL);
}
