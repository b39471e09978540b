/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The decisions about custody, counting and restarts that docs/GRANTS.md
 * lists, each with the reading that protects contents.
 */

#include "gate_signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { OK = LOCKBUS_RULE_NONE, D = 5, OWNER = RECIPIENT + 20 + D };

static struct gate_grant parcel = {.door = D,
                                   .stay = 100,
                                   .courier = COURIER,
                                   .release = OWNER,
                                   .back = NOBODY};
static struct gate_grant visit = {.door = D, .stay = 100, .courier = COURIER};

static int setup(void **state)
{
    *state = gate_scene();
    return 0;
}

static int teardown(void **state)
{
    struct gate_journal *j = *state;
    const char *broken = j->broken;

    gate_journal_free(&j);
    if (broken != NULL) {
        print_error("%s\n", broken);
    }
    return broken == NULL ? 0 : -1;
}

static void late_opening_empties_nothing(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    gate_journal_wait(j, LB_PERMIT_LIFE_MS / 1000);
    gate_journal_leaf(j, D, true);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_OCCUPIED);
    assert_int_equal(j->doors[D].last_outcome, LB_OUTCOME_UNKNOWN);
}

static void opening_in_time_empties(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    gate_journal_wait(j, LB_PERMIT_LIFE_MS / 1000 - 1);
    gate_journal_leaf(j, D, true);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_EMPTYING);
    assert_int_equal(j->doors[D].last_outcome, LB_OUTCOME_OPENED);
}

static void result_is_counted_once(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    uint32_t ref = j->doors[D].intent_ref;
    struct lb_record out[4];

    /* the older intent was superseded: no refund for it */
    assert_int_equal(lb_gate_fact(&j->gate,
                                  (struct lb_gate_fact){D, LB_FACT_NEVER_OPENED,
                                                        ref - 1, false, 0},
                                  out, 4),
                     0);
    gate_journal_result(j, D, LB_FACT_NEVER_OPENED);
    assert_int_equal(j->doors[D].release_spent, 1);
    gate_journal_result(j, D, LB_FACT_NEVER_OPENED);
    assert_int_equal(j->doors[D].release_spent, 1);
    /* nor by a record that a journal repeats */
    struct lb_record again = {.type = LB_REC_RESULT,
                              .kind = LB_OUTCOME_NEVER_OPENED,
                              .door = D,
                              .ref = ref,
                              .stay = gate_stay(100)};

    assert_true(lb_gate_apply(&j->gate, &again));
    assert_int_equal(j->doors[D].release_spent, 1);
}

static void never_opened_after_the_leaf_was_seen_refunds_nothing(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    gate_journal_leaf(j, D, true);
    gate_journal_result(j, D, LB_FACT_NEVER_OPENED);
    assert_int_equal(j->doors[D].release_spent, 1);
}

static void unknown_deposit_is_occupied_at_the_window_end(void **state)
{
    struct gate_journal *j = *state;

    assert_int_equal(gate_deposit(j, &parcel), OK);
    gate_journal_result(j, D, LB_FACT_UNKNOWN);
    gate_journal_wait(j, 121);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_OCCUPIED);
}

static void loading_waits_while_its_board_is_away(void **state)
{
    struct gate_journal *j = *state;

    assert_int_equal(gate_deposit(j, &parcel), OK);
    gate_journal_board(j, D, true);
    gate_journal_wait(j, 200);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_LOADING);
    gate_journal_board(j, D, false);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_VACANT);
}

static void restart_with_never_opened_known_goes_on_loading(void **state)
{
    struct gate_journal *j = *state;

    assert_int_equal(gate_deposit(j, &parcel), OK);
    gate_journal_result(j, D, LB_FACT_NEVER_OPENED);
    gate_journal_restart(j);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_LOADING);
    assert_int_equal(gate_deposit(j, &parcel), OK);
}

static void restart_without_result_is_occupied(void **state)
{
    struct gate_journal *j = *state;

    assert_int_equal(gate_deposit(j, &parcel), OK);
    gate_journal_restart(j);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_OCCUPIED);
}

static void visit_ends_vacant_however_it_ends(void **state)
{
    struct gate_journal *j = *state;

    assert_int_equal(gate_deposit(j, &visit), OK);
    gate_journal_result(j, D, LB_FACT_NEVER_OPENED);
    gate_journal_restart(j);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_VACANT);
    visit.stay++;
    lb_gate_time(&j->gate, 1790000000, true);
    assert_int_equal(gate_deposit(j, &visit), OK);
    gate_journal_leaf(j, D, true);
    assert_int_equal(gate_proof(j, 5, D, visit.stay, COURIER), OK);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_LOADING);
    gate_journal_leaf(j, D, false);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_VACANT);
    visit.stay++;
    assert_int_equal(gate_deposit(j, &visit), OK);
    gate_journal_leaf(j, D, true);
    gate_journal_wait(j, 121);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_VACANT);
    visit.stay = 100;
}

static void window_end_waits_for_a_running_intent(void **state)
{
    struct gate_journal *j = *state;

    assert_int_equal(gate_deposit(j, &parcel), OK);
    gate_journal_wait(j, 110);
    assert_int_equal(gate_proof(j, 4, D, 100, COURIER), OK);
    gate_journal_wait(j, 15);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_LOADING);
    gate_journal_leaf(j, D, true);
    gate_journal_leaf(j, D, false);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_OCCUPIED);
}

static void emptying_waits_for_the_content_sensor(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    lb_gate_content(&j->gate, D, LB_CONTENT_FULL);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    gate_journal_leaf(j, D, true);
    gate_journal_wait(j, 5);
    gate_journal_leaf(j, D, false);
    gate_journal_wait(j, 500);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_EMPTYING);
    lb_gate_content(&j->gate, D, LB_CONTENT_UNKNOWN); /* it may be full */
    gate_journal_wait(j, 500);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_EMPTYING);
    lb_gate_content(&j->gate, D, LB_CONTENT_EMPTY);
    gate_journal_tick(j);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_VACANT);
}

/* An empty compartment proves nothing before its window is over, nor when
 * nobody had the time to take a parcel out. */
static void content_sensor_that_says_empty_hurries_nothing(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    lb_gate_content(&j->gate, D, LB_CONTENT_EMPTY);
    gate_journal_wait(j, 500);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_OCCUPIED);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    gate_journal_leaf(j, D, true);
    gate_journal_wait(j, 1);
    gate_journal_leaf(j, D, false);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_EMPTYING);
    gate_journal_wait(j, 500);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_OCCUPIED);
}

static void opening_cut_by_a_restart_is_not_known_to_be_long(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    gate_journal_leaf(j, D, true);
    gate_journal_board(j, D, true); /* shut already, but nobody sees it */
    gate_journal_wait(j, 10);
    gate_journal_restart(j);
    gate_journal_wait(j, 10);
    gate_journal_restart(j);
    gate_journal_board(j, D, false);
    gate_journal_leaf(j, D, false);
    gate_journal_wait(j, 200);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_OCCUPIED);
}

/* The courier left it open; it shuts just before the recipient asks, and the
 * reading that says so comes just after. */
static void opening_before_the_release_is_no_time_to_empty(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    gate_journal_leaf(j, D, true);
    gate_journal_wait(j, 60);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_EMPTYING);
    gate_journal_leaf(j, D, false);
    gate_journal_wait(j, 200);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_OCCUPIED);
}

static void counting_survives_a_restart(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, 1);
    gate_fill(j, 2);
    gate_fill(j, 3);
    assert_int_equal(gate_proof(j, 1, 1, 100, RECIPIENT + 21), OK);
    assert_int_equal(gate_proof(j, 1, 2, 100, RECIPIENT + 22), OK);
    gate_journal_restart(j);
    assert_int_equal(gate_proof(j, 1, 3, 100, RECIPIENT + 23), LOCKBUS_RULE_P9);
    gate_journal_wait(j, LB_PERMIT_LIFE_MS / 1000);
    assert_int_equal(gate_proof(j, 1, 3, 100, RECIPIENT + 23), OK);
}

static void never_opened_counts_no_more(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, 1);
    gate_fill(j, 2);
    gate_fill(j, 3);
    assert_int_equal(gate_proof(j, 1, 1, 100, RECIPIENT + 21), OK);
    assert_int_equal(gate_proof(j, 1, 2, 100, RECIPIENT + 22), OK);
    gate_journal_result(j, 1, LB_FACT_NEVER_OPENED);
    assert_int_equal(gate_proof(j, 1, 3, 100, RECIPIENT + 23), OK);
}

static void service_opens_count_against_others(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, 1);
    gate_fill(j, 2);
    gate_fill(j, 3);
    assert_int_equal(gate_order(j, 1, 1, 1), OK);
    assert_int_equal(gate_order(j, 1, 2, 2), OK);
    assert_int_equal(gate_proof(j, 1, 3, 100, RECIPIENT + 23), LOCKBUS_RULE_P9);
}

static void reopening_while_loading_counts_with_deposits(void **state)
{
    struct gate_journal *j = *state;
    struct gate_grant g = parcel;

    for (uint16_t i = 0; i < 4; i++) {
        g.door = i;
        g.release = (uint8_t)(OTHERS + i);
        assert_int_equal(gate_deposit(j, &g), OK);
        gate_journal_wait(j, 5);
    }
    gate_journal_wait(j, 3);
    g.door = 9;
    g.release = OTHERS + 9;
    assert_int_equal(gate_deposit(j, &g), OK);
    /* doors 1, 2, 3 and 9 are open from VACANT now */
    assert_int_equal(gate_proof(j, 4, 0, 100, COURIER), LOCKBUS_RULE_D10);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(late_opening_empties_nothing),
        T(opening_in_time_empties),
        T(result_is_counted_once),
        T(never_opened_after_the_leaf_was_seen_refunds_nothing),
        T(unknown_deposit_is_occupied_at_the_window_end),
        T(loading_waits_while_its_board_is_away),
        T(restart_with_never_opened_known_goes_on_loading),
        T(restart_without_result_is_occupied),
        T(visit_ends_vacant_however_it_ends),
        T(window_end_waits_for_a_running_intent),
        T(emptying_waits_for_the_content_sensor),
        T(content_sensor_that_says_empty_hurries_nothing),
        T(opening_cut_by_a_restart_is_not_known_to_be_long),
        T(opening_before_the_release_is_no_time_to_empty),
        T(counting_survives_a_restart),
        T(never_opened_counts_no_more),
        T(service_opens_count_against_others),
        T(reopening_while_loading_counts_with_deposits),
    };

    return cmocka_run_group_tests_name("gate custody", tests, NULL, NULL);
}
