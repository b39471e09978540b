/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a technician is told of a line: its counters, how its boards reply, an
 * event each hour and at its loss, and the warning of a slow adapter.
 */

#include "os/os.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { HOUR_MS = 3600000 };

/* What the adapter makes of the wish for low latency. */
static enum lb_low_latency knob;

enum lb_low_latency __wrap_lb_line_low_latency(const struct lockbus_line *line);

enum lb_low_latency __wrap_lb_line_low_latency(const struct lockbus_line *line)
{
    (void)line;
    return knob;
}

static int set_up(void **state)
{
    knob = LB_LOW_LATENCY_NONE;
    *state = rig_new();
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static struct lockbus_bus line(const struct rig *rig)
{
    struct lockbus_bus at = {.size = sizeof at};
    struct lockbus_error why;

    assert_int_equal(lockbus_bus_at(rig->cab, 0, &at, &why), LOCKBUS_OK);
    return at;
}

static struct lockbus_board board(const struct rig *rig, unsigned index)
{
    struct lockbus_board at = {.size = sizeof at};

    assert_int_equal(lockbus_board_at(rig->cab, index, &at, NULL), LOCKBUS_OK);
    return at;
}

static const struct lockbus_event *last(const struct rig *rig,
                                        enum lockbus_event_kind kind)
{
    for (size_t i = rig->events; i > 0; i--) {
        if (rig->event[i - 1].kind == kind) {
            return &rig->event[i - 1];
        }
    }
    fail_msg("no %s", lockbus_event_name(kind));
    return NULL;
}

static uint64_t sum(const uint64_t *times)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < LOCKBUS_REPLY_TIMES; i++) {
        all += times[i];
    }
    return all;
}

static void a_line_says_where_it_is_and_what_it_did(void **state)
{
    struct rig *rig = *state;
    struct lockbus_bus before, after;

    rig_run(rig, 2000);
    before = line(rig);
    rig_run(rig, 2000);
    after = line(rig);
    assert_string_equal(after.name, "main");
    assert_string_equal(after.port, "host:rig");
    assert_int_equal(after.baud, 115200);
    assert_true(after.open);
    assert_string_equal(after.text, "");
    assert_int_equal(after.latency, LOCKBUS_LATENCY_NONE);
    assert_int_equal(after.boards, RIG_BOARDS);
    assert_int_equal(after.boards_present, RIG_BOARDS);
    assert_int_equal(after.boards_away, 0);
    assert_int_equal(after.boards_refused, 0);
    assert_int_equal(after.timeouts, 0);
    assert_int_equal(after.losses, 0);
    /* A request may be on its way at either look. */
    assert_in_range(after.requests - after.replies, 0, 1);
    assert_true(after.requests > before.requests + RIG_BOARDS);
    assert_true(after.rounds > before.rounds);
    assert_in_range(after.round_us, 10000, 100000);
}

static void a_line_counts_what_its_boards_count(void **state)
{
    struct rig *rig = *state;
    uint64_t requests = 0, replies = 0, timeouts = 0;
    uint64_t times[LOCKBUS_REPLY_TIMES] = {0};

    rig->board[2].powered = false;
    rig_run(rig, 5000);
    struct lockbus_bus at = line(rig);

    for (unsigned b = 0; b < RIG_BOARDS; b++) {
        struct lockbus_board one = board(rig, b);

        requests += one.requests;
        replies += one.replies;
        timeouts += one.timeouts;
        for (unsigned i = 0; i < LOCKBUS_REPLY_TIMES; i++) {
            times[i] += one.reply_times[i];
        }
    }
    assert_int_equal(at.boards_present, RIG_BOARDS - 1);
    assert_int_equal(at.boards_away, 1);
    assert_int_equal(at.requests, requests);
    assert_int_equal(at.replies, replies);
    assert_true(timeouts >= 3);
    assert_int_equal(at.timeouts, timeouts);
    assert_memory_equal(at.reply_times, times, sizeof times);
}

static void a_refused_board_is_counted_as_that(void **state)
{
    struct rig *rig = *state;

    rig->board[1].powered = false;
    rig_run(rig, 5000);
    rig->board[1].mode[3] = 1;
    rig->board[1].powered = true;
    rig_run(rig, 20000);
    assert_int_equal(line(rig).boards_refused, 1);
    assert_int_equal(line(rig).boards_away, 0);
    assert_int_equal(line(rig).boards_present, RIG_BOARDS - 1);
}

/* The rig's boards begin to reply after 2 ms. */
static void replies_are_counted_by_how_long_they_took(void **state)
{
    struct rig *rig = *state;

    rig_run(rig, 2000);
    struct lockbus_board at = board(rig, 0);

    assert_int_equal(sum(at.reply_times), at.replies);
    assert_true(at.reply_times[1] + at.reply_times[2] >= at.replies * 9 / 10);
    assert_int_equal(at.reply_times[LOCKBUS_REPLY_TIMES - 1], 0);
}

static void bounds_of_reply_times_rise_and_end(void **state)
{
    (void)state;
    assert_int_equal(lockbus_reply_bound_us(0), 1000);
    for (unsigned i = 1; i < LOCKBUS_REPLY_TIMES; i++) {
        assert_true(lockbus_reply_bound_us(i) > lockbus_reply_bound_us(i - 1));
    }
    assert_int_equal(lockbus_reply_bound_us(LOCKBUS_REPLY_TIMES - 2), 500000);
    assert_int_equal(lockbus_reply_bound_us(LOCKBUS_REPLY_TIMES - 1),
                     UINT32_MAX);
    assert_int_equal(lockbus_reply_bound_us(LOCKBUS_REPLY_TIMES), UINT32_MAX);
    assert_int_equal(lockbus_reply_bound_us(UINT32_MAX), UINT32_MAX);
}

static void a_lost_line_says_why_and_what_it_did(void **state)
{
    struct rig *rig = *state;

    rig_run(rig, 10000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BUS_COUNTS, 0xFFFF), 0);
    rig->unplugged = true;
    rig_run(rig, 5000);
    struct lockbus_bus at = line(rig);
    const struct lockbus_event *event = last(rig, LOCKBUS_EVENT_BUS_COUNTS);

    assert_false(at.open);
    assert_true(strlen(at.text) > 0);
    assert_int_equal(at.losses, 1);
    assert_int_equal(at.boards_away, RIG_BOARDS);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BUS_COUNTS, 0xFFFF), 1);
    assert_int_equal(event->board, 0);
    assert_int_equal(event->door, 0xFFFF);
    assert_memory_equal(event->text, "main: ", 6);
    assert_non_null(strstr(event->text, " requests in "));
    rig->unplugged = false;
    rig_run(rig, 20000);
    at = line(rig);
    assert_true(at.open);
    assert_string_equal(at.text, "");
    assert_int_equal(at.losses, 1);
    assert_in_range(at.round_us, 10000, 1000000);
}

static void a_round_is_not_the_outage_before_it(void **state)
{
    struct rig *rig = *state;
    unsigned known = 0;

    rig_run(rig, 5000);
    assert_true(line(rig).round_us > 0);
    rig->unplugged = true;
    rig_run(rig, 10000);
    assert_int_equal(line(rig).round_us, 0);
    rig->unplugged = false;
    for (unsigned i = 0; i < 2000; i++) {
        rig_run(rig, 10);
        assert_true(line(rig).round_us < 5000000);
        known += line(rig).round_us > 0;
    }
    assert_true(known > 0);
}

static void a_line_without_a_present_board_has_no_round(void **state)
{
    struct rig *rig = *state;

    rig_run(rig, 5000);
    for (unsigned b = 0; b < RIG_BOARDS; b++) {
        rig->board[b].powered = false;
    }
    rig_run(rig, 20000);
    assert_true(line(rig).open);
    assert_int_equal(line(rig).boards_present, 0);
    assert_int_equal(line(rig).round_us, 0);
}

static void a_board_says_why_only_while_it_is_away_or_refused(void **state)
{
    struct rig *rig = *state;
    unsigned checking = 0;

    rig_run(rig, 5000);
    rig->unplugged = true;
    rig_run(rig, 5000);
    assert_string_equal(board(rig, 0).text, "its line was lost");
    rig->unplugged = false;
    for (unsigned i = 0; i < 10000; i++) {
        struct lockbus_board at = board(rig, i % RIG_BOARDS);
        bool why =
            at.state == LOCKBUS_BOARD_AWAY || at.state == LOCKBUS_BOARD_REFUSED;

        checking += at.state == LOCKBUS_BOARD_CHECKING;
        assert_int_equal(at.text[0] != '\0', why);
        rig_run(rig, 1);
    }
    assert_true(checking > 0);
}

static void an_hour_is_told_with_its_errors_and_not_journalled(void **state)
{
    struct rig *rig = *state;
    struct lockbus_cabinet_info before = {.size = sizeof before}, after;

    rig_run(rig, 60000);
    rig->board[3].powered = false;
    rig_run(rig, 2000);
    rig->board[3].powered = true;
    rig_run(rig, 60000);
    uint64_t timeouts = line(rig).timeouts;
    char want[64];

    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BUS_COUNTS, 0xFFFF), 0);
    assert_int_equal(lockbus_cabinet_info(rig->cab, &before), LOCKBUS_OK);
    rig_stall(rig, HOUR_MS - 130000);
    rig_run(rig, 20000);
    after = before;
    assert_int_equal(lockbus_cabinet_info(rig->cab, &after), LOCKBUS_OK);
    const struct lockbus_event *event = last(rig, LOCKBUS_EVENT_BUS_COUNTS);

    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BUS_COUNTS, 0xFFFF), 1);
    (void)snprintf(want, sizeof want, ", %llu unanswered",
                   (unsigned long long)timeouts);
    assert_true(timeouts > 0);
    assert_non_null(strstr(event->text, want));
    assert_non_null(strstr(event->text, " in 36"));
    assert_null(strstr(event->text, "foreign")); /* of which there were none */
    assert_true(after.journal_blocks <= before.journal_blocks + 1);
    /* Each event counts from the one before it. */
    rig_stall(rig, HOUR_MS - 10000);
    rig_run(rig, 20000);
    event = last(rig, LOCKBUS_EVENT_BUS_COUNTS);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BUS_COUNTS, 0xFFFF), 2);
    assert_null(strstr(event->text, "unanswered"));
}

static void a_slow_adapter_is_warned_of_at_each_opening(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_PORT_SLOW, 0xFFFF), 0);
    knob = LB_LOW_LATENCY_REFUSED;
    rig->unplugged = true;
    rig_run(rig, 5000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_PORT_SLOW, 0xFFFF), 0);
    assert_int_equal(line(rig).latency, LOCKBUS_LATENCY_NONE); /* not open */
    rig->unplugged = false;
    rig_run(rig, 20000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_PORT_SLOW, 0xFFFF), 1);
    assert_int_equal(line(rig).latency, LOCKBUS_LATENCY_REFUSED);
    assert_string_equal(
        last(rig, LOCKBUS_EVENT_PORT_SLOW)->text,
        "main: low latency refused: replies up to 16 ms late (host:rig)");
    knob = LB_LOW_LATENCY_ON;
    assert_int_equal(line(rig).latency, LOCKBUS_LATENCY_LOW);
}

static void a_wrong_question_is_refused_by_name(void **state)
{
    const struct rig *rig = *state;
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_bus at = {.size = sizeof at};
    struct lockbus_error why;

    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    assert_int_equal(info.buses, 1);
    assert_int_equal(lockbus_bus_at(rig->cab, 1, &at, &why), LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "index");
    assert_int_equal(lockbus_bus_at(rig->cab, UINT32_MAX, &at, NULL),
                     LOCKBUS_ERR_USAGE);
    at.size = 1;
    assert_int_equal(lockbus_bus_at(rig->cab, 0, &at, &why), LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "size");
    assert_int_equal(lockbus_bus_at(NULL, 0, &at, &why), LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "arguments");
    assert_int_equal(lockbus_bus_at(rig->cab, 0, NULL, &why),
                     LOCKBUS_ERR_USAGE);
}

#define LINE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE_TEST(a_line_says_where_it_is_and_what_it_did),
        LINE_TEST(a_line_counts_what_its_boards_count),
        LINE_TEST(a_refused_board_is_counted_as_that),
        LINE_TEST(replies_are_counted_by_how_long_they_took),
        LINE_TEST(a_lost_line_says_why_and_what_it_did),
        LINE_TEST(a_round_is_not_the_outage_before_it),
        LINE_TEST(a_line_without_a_present_board_has_no_round),
        LINE_TEST(a_board_says_why_only_while_it_is_away_or_refused),
        LINE_TEST(an_hour_is_told_with_its_errors_and_not_journalled),
        LINE_TEST(a_slow_adapter_is_warned_of_at_each_opening),
        LINE_TEST(a_wrong_question_is_refused_by_name),
        cmocka_unit_test(bounds_of_reply_times_rise_and_end),
    };
    return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
