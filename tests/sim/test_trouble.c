/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The whole library against each fault of the simulator, over a real pty and
 * on a real clock: what the host is told, what the journal says, and what the
 * doors really did.
 */

#include "hall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
    ANY = 0xFFFF,
    A01 = 0,
    A02 = 1,
    A03 = 2,
    B01 = 8,
    B02 = 9,
    SOON = 10000
};

static int set_up(void **state)
{
    *state = hall_new(NULL);
    return 0;
}

static int tear_down(void **state)
{
    hall_free(*state);
    return 0;
}

/* Doors of both boards by turns, each opened by its own grant and by nothing
 * else, while `fault` plays on board 1. */
static void deposits_go_where_they_should(struct hall *hall, const char *fault)
{
    static const uint16_t doors[] = {A01, B01, A02, B02, A03};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;

    (void)hall_sim(hall, fault);
    for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
        uint32_t ticket = 0;
        enum lockbus_err err = LOCKBUS_ERR_DENIED;

        /* A board that is away for a moment refuses; it comes back. */
        for (int tries = 0; err != LOCKBUS_OK && tries < 200; tries++) {
            err = hall_deposit(hall, &parcel, doors[i], &ticket, &why);
            hall_run(hall, 20);
        }
        assert_int_equal(err, LOCKBUS_OK);
        struct lockbus_event end = hall_finish(hall, ticket);

        if (end.kind == LOCKBUS_EVENT_REFUSED ||
            end.kind == LOCKBUS_EVENT_EXPIRED ||
            end.kind == LOCKBUS_EVENT_UNKNOWN) {
            continue; /* its board was away: known, and said */
        }
        assert_int_equal(end.kind, LOCKBUS_EVENT_OPENED);
        assert_int_equal(end.door, doors[i]);
        assert_int_equal(hall_count(hall, LOCKBUS_EVENT_OPENED, doors[i]), 1);
    }
    assert_int_equal(hall_count(hall, LOCKBUS_EVENT_FORCED, ANY), 0);
    assert_null(strstr(hall_sim(hall, "opened?"), "A04"));
    assert_int_equal(sim_proc_value(&hall->sim, "outputs", "hot"), 0);
    (void)hall_sim(hall, "board 1 sound");
}

static void
a_silent_board_is_away_with_its_reason_and_others_go_on(void **state)
{
    struct hall *hall = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket = 0;

    hall_forget(hall);
    (void)hall_sim(hall, "board 1 silent");
    struct lockbus_event away =
        hall_wait(hall, LOCKBUS_EVENT_BOARD_AWAY, ANY, SOON);

    assert_int_equal(away.board, 1);
    assert_string_not_equal(away.text, "");
    assert_int_equal(hall_board(hall, 1).state, LOCKBUS_BOARD_AWAY);
    assert_int_equal(hall_door(hall, A01).latch, LOCKBUS_LATCH_AWAY);
    uint64_t replies = hall_board(hall, 2).replies;

    hall_run(hall, 500);
    assert_true(hall_board(hall, 2).replies > replies + 5);
    enum lockbus_err err = hall_deposit(hall, &parcel, A01, &ticket, &why);
    enum lockbus_rule rule = why.rule;

    if (err == LOCKBUS_OK) { /* asked once more, then refused */
        rule = hall_finish(hall, ticket).rule;
    }
    assert_int_equal(rule, LOCKBUS_RULE_D8);
    hall_fill(hall, &parcel, B01);
    (void)hall_sim(hall, "board 1 sound");
    away = hall_wait(hall, LOCKBUS_EVENT_BOARD_BACK, ANY, SOON);
    assert_int_equal(away.board, 1);
    hall_fill(hall, &parcel, A01);
    assert_string_equal(hall_sim(hall, "opened?"), "2 A01,B01");
    assert_int_equal(hall_journal(hall, LOCKBUS_ENTRY_RESULT, A01, "opened"),
                     1);
}

static void a_late_reply_confirms_nothing_but_its_own(void **state)
{
    deposits_go_where_they_should(*state, "board 1 late 60 20%");
}

static void a_corrupt_reply_never_counts(void **state)
{
    struct hall *hall = *state;

    deposits_go_where_they_should(hall, "board 1 corrupt 25%");
    assert_true(hall_board(hall, 1).crc_errors +
                    hall_board(hall, 1).bus_stray_bytes >
                0);
}

static void a_foreign_reply_never_counts(void **state)
{
    struct hall *hall = *state;

    deposits_go_where_they_should(hall, "board 1 foreign 25%");
    assert_true(hall_board(hall, 1).bus_foreign > 0);
}

static void stray_bytes_cost_nothing(void **state)
{
    struct hall *hall = *state;

    hall_forget(hall);
    deposits_go_where_they_should(hall, "board 1 stray 2");
    assert_int_equal(hall_count(hall, LOCKBUS_EVENT_BOARD_AWAY, ANY), 0);
    assert_true(hall_board(hall, 1).bus_stray_bytes > 0);
}

/* With an echo FC05 seems confirmed by itself. */
static void an_echo_is_not_an_answer(void **state)
{
    struct hall *hall = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket = 0;

    deposits_go_where_they_should(hall, "bus main echo on");
    hall_fill(hall, &parcel, 3);
    hall_forget(hall);
    (void)hall_sim(hall, "board 2 off");
    (void)hall_wait(hall, LOCKBUS_EVENT_BOARD_AWAY, ANY, SOON);
    if (hall_deposit(hall, &parcel, 12, &ticket, &why) == LOCKBUS_OK) {
        assert_int_equal(hall_finish(hall, ticket).kind, LOCKBUS_EVENT_REFUSED);
    }
    assert_int_equal(hall_count(hall, LOCKBUS_EVENT_ACCEPTED, ANY), 0);
    assert_null(strstr(hall_sim(hall, "opened?"), "B05"));
}

static void a_stuck_latch_is_jammed_and_costs_no_use(void **state)
{
    struct hall *hall = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket = 0;

    hall_fill(hall, &parcel, A02);
    unsigned uses = hall_door(hall, A02).release_uses_left;

    hall_forget(hall);
    (void)hall_sim(hall, "door A02 stick");
    assert_int_equal(hall_release(hall, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(hall_finish(hall, ticket).kind, LOCKBUS_EVENT_FAILED);
    assert_int_equal(hall_wait(hall, LOCKBUS_EVENT_JAMMED, A02, SOON).count, 3);
    assert_string_equal(hall_sim(hall, "state A02"), "shut pulses=4");
    assert_int_equal(hall_door(hall, A02).release_uses_left, uses);
    assert_int_equal(hall_door(hall, A02).custody, LOCKBUS_CUSTODY_OCCUPIED);
    (void)hall_sim(hall, "door A02 free");
    assert_int_equal(hall_release(hall, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(hall_finish(hall, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_string_equal(hall_sim(hall, "opened?"), "1 A02");
    assert_int_equal(
        hall_journal(hall, LOCKBUS_ENTRY_RESULT, A02, "never opened"), 1);
    assert_int_equal(hall_journal(hall, LOCKBUS_ENTRY_ALARM, A02, "jammed"), 1);
}

/* A recipient is not locked out by a contact that is broken. */
static void a_sensor_stuck_open_opens_all_the_same(void **state)
{
    struct hall *hall = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket = 0;

    hall_fill(hall, &parcel, A02);
    (void)hall_sim(hall, "reset");
    hall_forget(hall);
    (void)hall_sim(hall, "sensor A02 stuck-open");
    (void)hall_wait(hall, LOCKBUS_EVENT_FORCED, A02, SOON);
    assert_int_equal(hall_release(hall, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(hall_finish(hall, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(hall_door(hall, A02).custody, LOCKBUS_CUSTODY_EMPTYING);
    hall_run(hall, 300);
    assert_string_equal(hall_sim(hall, "opened?"), "1 A02");
    assert_string_equal(hall_sim(hall, "state A02"), "open pulses=2");
    assert_int_equal(hall_journal(hall, LOCKBUS_ENTRY_ALARM, A02, "forced"), 1);
}

static void a_bouncing_contact_opens_once_and_forces_nothing(void **state)
{
    struct hall *hall = *state;
    struct parcel parcel;

    hall_forget(hall);
    (void)hall_sim(hall, "sensor A02 bounce 60");
    hall_fill(hall, &parcel, A02);
    hall_run(hall, 300);
    assert_int_equal(hall_count(hall, LOCKBUS_EVENT_OPENED, A02), 1);
    assert_int_equal(hall_count(hall, LOCKBUS_EVENT_JAMMED, A02), 0);
    assert_string_equal(hall_sim(hall, "opened?"), "1 A02");
}

static int set_up_power_cut(void **state)
{
    *state = hall_new("when pulsed A02 board 1 off\n");
    return 0;
}

/* It drove the latch and said nothing more: nobody can know. */
static void a_board_that_dies_with_the_pulse_leaves_it_unknown(void **state)
{
    struct hall *hall = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket = 0;

    assert_int_equal(hall_deposit(hall, &parcel, A02, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(hall_finish(hall, ticket).kind, LOCKBUS_EVENT_UNKNOWN);
    assert_int_equal(hall_door(hall, A02).latch, LOCKBUS_LATCH_AWAY);
    hall_forget(hall);
    (void)hall_sim(hall, "board 1 on");
    (void)hall_wait(hall, LOCKBUS_EVENT_BOARD_BACK, ANY, SOON);
    hall_run(hall, 500);
    /* Its return moves nothing. */
    assert_int_equal(sim_proc_value(&hall->sim, "outputs", "pulses"), 1);
    assert_int_equal(sim_proc_value(&hall->sim, "outputs", "on"), 0);
    assert_int_equal(hall_journal(hall, LOCKBUS_ENTRY_RESULT, A02, "unknown"),
                     1);
}

static void an_unplugged_adapter_refuses_and_comes_back(void **state)
{
    struct hall *hall = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket = 0;

    hall_fill(hall, &parcel, A02);
    hall_forget(hall);
    (void)hall_sim(hall, "bus main unplug");
    struct lockbus_event lost =
        hall_wait(hall, LOCKBUS_EVENT_PORT_LOST, ANY, SOON);

    assert_string_not_equal(lost.text, "");
    (void)hall_wait(hall, LOCKBUS_EVENT_BOARD_AWAY, ANY, SOON);
    enum lockbus_err err = hall_release(hall, &parcel, &ticket, &why);
    enum lockbus_rule rule = why.rule;

    if (err == LOCKBUS_OK) {
        rule = hall_finish(hall, ticket).rule;
    }
    assert_int_equal(rule, LOCKBUS_RULE_P3);
    (void)hall_sim(hall, "bus main plug");
    (void)hall_wait(hall, LOCKBUS_EVENT_PORT_OPEN, ANY, SOON);
    while (hall_count(hall, LOCKBUS_EVENT_BOARD_BACK, ANY) < HALL_BOARDS) {
        hall_run(hall, 10);
    }
    assert_int_equal(sim_proc_value(&hall->sim, "outputs", "pulses"), 1);
    assert_int_equal(hall_release(hall, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(hall_finish(hall, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_string_equal(hall_sim(hall, "opened?"), "1 A02");
}

#define HALL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HALL(a_silent_board_is_away_with_its_reason_and_others_go_on),
        HALL(a_late_reply_confirms_nothing_but_its_own),
        HALL(a_corrupt_reply_never_counts),
        HALL(a_foreign_reply_never_counts),
        HALL(stray_bytes_cost_nothing),
        HALL(an_echo_is_not_an_answer),
        HALL(a_stuck_latch_is_jammed_and_costs_no_use),
        HALL(a_sensor_stuck_open_opens_all_the_same),
        HALL(a_bouncing_contact_opens_once_and_forces_nothing),
        cmocka_unit_test_setup_teardown(
            a_board_that_dies_with_the_pulse_leaves_it_unknown,
            set_up_power_cut, tear_down),
        HALL(an_unplugged_adapter_refuses_and_comes_back),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
