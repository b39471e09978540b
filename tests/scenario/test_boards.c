/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a technician is told of a board, on its way from here to away, refused
 * and back.
 */

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

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

static struct lockbus_board board(const struct rig *rig, unsigned index)
{
    struct lockbus_board at = {.size = sizeof at};
    struct lockbus_error why;

    assert_int_equal(lockbus_board_at(rig->cab, index, &at, &why), LOCKBUS_OK);
    return at;
}

static void a_board_says_where_and_what_it_is(void **state)
{
    struct lockbus_board at = board(*state, 2);
    struct lockbus_door door = {.size = sizeof door};
    const struct rig *rig = *state;

    assert_int_equal(at.number, 3);
    assert_string_equal(at.bus, "main");
    assert_int_equal(at.address, 3);
    assert_string_equal(at.profile, "waveshare-relay-d-8ch");
    assert_int_equal(at.doors, 8);
    assert_int_equal(lockbus_door_at(rig->cab, 19, &door, NULL), LOCKBUS_OK);
    assert_int_equal(door.board, 3);
    assert_int_equal(door.channel, 4);
}

static void a_board_that_answers_is_present_and_counted(void **state)
{
    struct rig *rig = *state;
    struct lockbus_board before = board(rig, 0), after;

    rig_run(rig, 2000);
    after = board(rig, 0);
    assert_int_equal(after.state, LOCKBUS_BOARD_PRESENT);
    assert_string_equal(after.text, "");
    assert_true(after.requests > before.requests);
    assert_int_equal(after.requests - before.requests,
                     after.replies - before.replies);
    assert_int_equal(after.timeouts, 0);
    assert_int_equal(after.exceptions, 0);
    assert_true(after.reply_age_us < 1000000);
    /* The rig's boards wait for 2 ms before they reply. */
    assert_in_range(after.reply_time_us, 1000, 4000);
}

static void a_pulse_is_counted_at_its_board(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig_deposit(rig, &parcel, 6, false);
    assert_int_equal(board(rig, 0).pulses, 1);
    assert_int_equal(board(rig, 1).pulses, 0);
}

static void a_board_that_falls_silent_is_suspect_then_away(void **state)
{
    struct rig *rig = *state;
    bool suspect = false;

    rig->board[1].powered = false;
    for (int i = 0; i < 5000; i++) {
        rig_run(rig, 1);
        suspect = suspect || board(rig, 1).state == LOCKBUS_BOARD_SUSPECT;
    }
    struct lockbus_board at = board(rig, 1);

    assert_true(suspect);
    assert_int_equal(at.state, LOCKBUS_BOARD_AWAY);
    assert_string_equal(at.text, "it does not answer");
    assert_true(at.timeouts >= 3);
    assert_in_range(at.reply_age_us, 4000000, 6000000);
    assert_int_equal(board(rig, 0).timeouts, 0);
    rig->board[1].powered = true;
    rig_run(rig, 20000);
    at = board(rig, 1);
    assert_int_equal(at.state, LOCKBUS_BOARD_PRESENT);
    assert_string_equal(at.text, "");
    assert_true(at.reply_age_us < 1000000);
}

static void a_board_that_is_another_is_refused_with_the_reason(void **state)
{
    struct rig *rig = *state;

    rig->board[1].powered = false;
    rig_run(rig, 5000);
    rig->board[1].mode[3] = 1;
    rig->board[1].powered = true;
    rig_run(rig, 20000);
    for (int i = 0; i < 3000; i++) {
        rig_run(rig, 1); /* while it is checked again, too */
        assert_int_equal(board(rig, 1).state, LOCKBUS_BOARD_REFUSED);
        assert_string_equal(board(rig, 1).text,
                            "an identity check was not met");
    }
    rig->board[1].mode[3] = 0;
    rig_run(rig, 20000);
    assert_int_equal(board(rig, 1).state, LOCKBUS_BOARD_PRESENT);
}

static void a_board_that_never_answered_has_no_reply_time(void **state)
{
    struct rig *rig = *state;

    rig_close(rig);
    rig->board[3].powered = false;
    struct lockbus_error why;

    assert_int_equal(rig_try_open(rig, &why), LOCKBUS_OK);
    assert_int_equal(board(rig, 3).state, LOCKBUS_BOARD_NEW);
    assert_int_equal(board(rig, 3).reply_age_us, UINT64_MAX);
    rig_run(rig, 5000);
    assert_int_equal(board(rig, 3).state, LOCKBUS_BOARD_AWAY);
    assert_int_equal(board(rig, 3).reply_age_us, UINT64_MAX);
    assert_int_equal(board(rig, 3).reply_time_us, 0);
}

static void a_wrong_question_is_refused_by_name(void **state)
{
    const struct rig *rig = *state;
    struct lockbus_board at = {.size = sizeof at};
    struct lockbus_error why;

    assert_int_equal(lockbus_board_at(rig->cab, RIG_BOARDS, &at, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "index");
    assert_int_equal(lockbus_board_at(rig->cab, UINT32_MAX, &at, NULL),
                     LOCKBUS_ERR_USAGE);
    at.size = 1;
    assert_int_equal(lockbus_board_at(rig->cab, 0, &at, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "size");
    assert_int_equal(lockbus_board_at(NULL, 0, &at, &why), LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_board_at(rig->cab, 0, NULL, &why),
                     LOCKBUS_ERR_USAGE);
}

static void every_state_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(lockbus_board_state_name(LOCKBUS_BOARD_NEW), "NEW");
    assert_string_equal(lockbus_board_state_name(LOCKBUS_BOARD_REFUSED),
                        "REFUSED");
    for (int s = LOCKBUS_BOARD_NEW; s <= LOCKBUS_BOARD_MISSED; s++) {
        assert_string_not_equal(
            lockbus_board_state_name((enum lockbus_board_state)s), "?");
    }
    assert_string_equal(lockbus_board_state_name((enum lockbus_board_state)0),
                        "?");
    assert_string_equal(lockbus_board_state_name((enum lockbus_board_state)8),
                        "?");
}

/* An input of board 4 changes at every reading, so that its attach takes long;
 * the power goes after the third. */
static void cut_the_attach_short(struct rig *rig, enum rig_step step)
{
    static unsigned readings;

    if (step != RIG_SENT || rig->request[0] != 4 || rig->request[1] != 2) {
        return;
    }
    rig->leaf[31].sensor = rig->leaf[31].sensor == 1 ? -1 : 1;
    if (++readings == 3) {
        rig->board[3].powered = false;
    }
}

/* What it said before it was checked would be believed for good. */
static void a_board_lost_in_its_attach_leaves_no_reading_behind(void **state)
{
    struct rig *rig = rig_new();

    (void)state;
    rig->board[3].powered = false;
    rig_run(rig, 2000);
    assert_int_equal(rig_latch(rig, 25), LOCKBUS_LATCH_AWAY);
    rig->step = cut_the_attach_short;
    rig->board[3].powered = true;
    for (int i = 0; i < 30000 && rig->board[3].powered; i++) {
        rig_run(rig, 1);
    }
    assert_false(rig->board[3].powered);
    rig->step = NULL;
    rig_run(rig, 10000);
    assert_int_equal(rig_latch(rig, 25), LOCKBUS_LATCH_AWAY);
    rig_free(rig);
}

/* What the host is told of board 2, in order. */
static size_t told(const struct rig *rig, const struct lockbus_event **out,
                   size_t cap)
{
    size_t count = 0;

    for (size_t i = 0; i < rig->events && count < cap; i++) {
        if (rig->event[i].board == 2) {
            out[count++] = &rig->event[i];
        }
    }
    return count;
}

static void check_told(const struct lockbus_event *event,
                       enum lockbus_event_kind kind, const char *begin,
                       bool counts)
{
    assert_string_equal(lockbus_event_name(event->kind),
                        lockbus_event_name(kind));
    assert_memory_equal(event->text, begin, strlen(begin));
    assert_int_equal(strstr(event->text, " unanswered of ") != NULL, counts);
    assert_int_equal(event->door, 0xFFFF);
}

static void each_step_away_and_back_is_told_with_its_reason(void **state)
{
    struct rig *rig = *state;
    const struct lockbus_event *at[8];

    rig_run(rig, 2000);
    rig_forget(rig);
    rig->board[1].powered = false;
    rig_run(rig, 5000);
    rig->board[1].mode[3] = 1;
    rig->board[1].powered = true;
    rig_run(rig, 20000);
    rig->board[1].mode[3] = 0;
    rig_run(rig, 20000);
    assert_int_equal(told(rig, at, 8), 5);
    check_told(at[0], LOCKBUS_EVENT_BOARD_MISSED, "it does not answer, 1 ",
               true);
    check_told(at[1], LOCKBUS_EVENT_BOARD_SUSPECT, "it does not answer, 2 ",
               true);
    check_told(at[2], LOCKBUS_EVENT_BOARD_AWAY, "it does not answer", false);
    check_told(at[3], LOCKBUS_EVENT_BOARD_REFUSED,
               "an identity check was not met", false);
    check_told(at[4], LOCKBUS_EVENT_BOARD_BACK, "the board answers and was ",
               true);
}

/* Its next reply does not come. */
static void lose_a_reply(struct rig *rig)
{
    unsigned timeouts = (unsigned)board(rig, 1).timeouts;

    rig->board[1].powered = false;
    for (int i = 0; i < 1000 && board(rig, 1).timeouts == timeouts; i++) {
        rig_run(rig, 1);
    }
    rig->board[1].powered = true;
    assert_int_equal(board(rig, 1).timeouts, timeouts + 1);
    assert_int_equal(board(rig, 1).state, LOCKBUS_BOARD_MISSED);
    rig_run(rig, 1000);
    assert_int_equal(board(rig, 1).state, LOCKBUS_BOARD_PRESENT);
}

static void a_reply_lost_now_and_then_is_told_at_a_pace(void **state)
{
    struct rig *rig = *state;
    const struct lockbus_event *at[8];

    rig_run(rig, 2000);
    rig_forget(rig);
    lose_a_reply(rig);
    assert_int_equal(told(rig, at, 8), 2);
    check_told(at[0], LOCKBUS_EVENT_BOARD_MISSED, "it does not answer", true);
    check_told(at[1], LOCKBUS_EVENT_BOARD_ANSWERS,
               "it answers again; its outputs are off", true);
    for (int i = 0; i < 10; i++) {
        lose_a_reply(rig);
    }
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_MISSED, 0xFFFF), 4);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_ANSWERS, 0xFFFF), 4);
    rig_run(rig, 60000);
    for (int i = 0; i < 10; i++) {
        lose_a_reply(rig);
    }
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_MISSED, 0xFFFF), 5);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_ANSWERS, 0xFFFF), 5);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_AWAY, 0xFFFF), 0);
}

static void at_9600(const struct rig *rig)
{
    assert_true(world_config(&rig->world, RIG_BOARDS, "host:rig",
                             LB_SOURCE_DIR "/profiles", 9600));
}

/* The first board is there, its door jams, and the others are still being
 * switched off: who reads it too seldom cannot say that it never opened. */
static void a_jam_while_others_appear_is_known_for_one(void **state)
{
    struct rig *rig = rig_new_wired(at_9600);
    struct lockbus_error why;
    uint32_t ticket = 0;

    (void)state;
    rig->byte_us = 10 * 1000000 / 9600;
    assert_int_equal(rig_try_open(rig, &why), LOCKBUS_OK);
    rig->leaf[0].stuck = true;
    for (int i = 0; i < 5000 && board(rig, 0).state != LOCKBUS_BOARD_PRESENT;
         i++) {
        rig_run(rig, 1);
    }
    assert_int_equal(board(rig, 0).state, LOCKBUS_BOARD_PRESENT);
    assert_int_not_equal(board(rig, 1).state, LOCKBUS_BOARD_PRESENT);
    assert_int_equal(rig_service(rig, 0, LOCKBUS_SERVICE_OPEN, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_FAILED);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JAMMED, 0), 1);
    assert_int_equal(board(rig, 3).state, LOCKBUS_BOARD_PRESENT);
    rig_free(rig);
}

/* Four minutes of it: neither the host nor the journal is flooded, and what is
 * known in the end is right. */
static void a_board_that_comes_and_goes_floods_nobody(void **state)
{
    struct rig *rig = *state;
    struct lockbus_cabinet_info before = {.size = sizeof before}, after;

    rig_run(rig, 2000);
    after = before;
    assert_int_equal(lockbus_cabinet_info(rig->cab, &before), LOCKBUS_OK);
    rig_forget(rig);
    for (int i = 0; i < 120; i++) {
        rig->board[1].powered = !rig->board[1].powered;
        rig_run(rig, 2000);
    }
    assert_int_equal(lockbus_cabinet_info(rig->cab, &after), LOCKBUS_OK);
    assert_in_range(rig_count(rig, LOCKBUS_EVENT_BOARD_AWAY, 0xFFFF), 5,
                    240 / 5 + 5);
    assert_in_range(rig_count(rig, LOCKBUS_EVENT_BOARD_MISSED, 0xFFFF), 4, 8);
    assert_in_range(after.journal_blocks - before.journal_blocks, 5, 12);
    rig->board[1].powered = true;
    rig_run(rig, 10000);
    assert_int_equal(board(rig, 1).state, LOCKBUS_BOARD_PRESENT);
    assert_int_equal(board(rig, 0).timeouts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jam_while_others_appear_is_known_for_one),
        cmocka_unit_test(a_board_lost_in_its_attach_leaves_no_reading_behind),
        cmocka_unit_test_setup_teardown(
            each_step_away_and_back_is_told_with_its_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_reply_lost_now_and_then_is_told_at_a_pace, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_board_that_comes_and_goes_floods_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_board_says_where_and_what_it_is,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_board_that_answers_is_present_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pulse_is_counted_at_its_board, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_board_that_falls_silent_is_suspect_then_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_board_that_is_another_is_refused_with_the_reason, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_board_that_never_answered_has_no_reply_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_question_is_refused_by_name,
                                        set_up, tear_down),
        cmocka_unit_test(every_state_has_a_name),
    };
    return cmocka_run_group_tests_name("boards", tests, NULL, NULL);
}
