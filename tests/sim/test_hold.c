/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Pulses that the host ends: a board that knows levels only (IO-Box) beside
 * one that times its own pulses, and an address where nobody is. How long a
 * solenoid was fed is measured at the simulated board.
 */

#include "board_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    LEVEL = 0, /* boards, by their place on the bus */
    TIMED = 1,
    NOBODY = 2,
    PULSE_MS = 500,
    CHANNEL = 3,
    SLACK_MS = 12 /* a frame of eight bytes, and its silence */
};

static const char level[] = "iobox-level-16ch";
static const char timed[] = "waveshare-relay-d-8ch";

static int set_up(void **state)
{
    struct bench *bench = bench_new(PULSE_MS);

    bench_add(bench, level, level);
    bench_add(bench, timed, timed);
    bench_add(bench, timed, timed);
    sim_board_power(&bench->board[NOBODY], bench->now_us * 1000, false);
    bench_start(bench);
    bench_run(bench, 5 * BENCH_SECOND);
    assert_int_equal(bench_count(bench, LB_REPORT_BACK), 2);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    bench_free(*state);
    return 0;
}

static struct sim_door *door(struct bench *bench)
{
    return &bench->board[LEVEL].door[CHANNEL];
}

static bool runs_until_on(struct bench *bench)
{
    for (int i = 0; i < 8000 && !door(bench)->on; i++) {
        bench_step(bench);
    }
    return door(bench)->on;
}

static bool runs_until_off(struct bench *bench, uint64_t us)
{
    for (uint64_t end = bench->now_us + us;
         bench->now_us < end && door(bench)->on;) {
        bench_step(bench);
    }
    return !door(bench)->on;
}

static void begin_pulse(struct bench *bench)
{
    assert_int_equal(bench_pulse(bench, LEVEL, CHANNEL), LOCKBUS_OK);
    assert_true(runs_until_on(bench));
}

static uint64_t longest_ms(const struct bench *bench)
{
    return bench->board[LEVEL].door[CHANNEL].longest_ns / SIM_MS;
}

/* So many replies of the level board are lost, or confirmations only. */
static void silence(struct bench *bench, bool writes, uint64_t replies)
{
    bench->board[LEVEL].fault[SIM_FAULT_SILENT] =
        (struct sim_fault){.left = replies, .percent = 100, .writes = writes};
}

/* ---- The off comes in time -------------------------------------------------
 */

/* Whatever the bus was about to do: rounds, probes of a board that is not
 * there, the reading that follows a pulse. */
static void a_pulse_is_as_long_as_it_should_be(void **state)
{
    struct bench *bench = *state;

    for (uint64_t phase = 0; phase < 24; phase++) {
        bench_run(bench, 2500000 + phase * 7500);
        door(bench)->longest_ns = 0;
        begin_pulse(bench);
        assert_true(runs_until_off(bench, BENCH_SECOND));
        assert_in_range(longest_ms(bench), PULSE_MS - SLACK_MS,
                        PULSE_MS + SLACK_MS);
        bench->reports = 0;
    }
    assert_null(bench_last(bench, LB_REPORT_STUCK_ON));
}

static void a_lost_on_is_ended_like_any_other(void **state)
{
    struct bench *bench = *state;

    silence(bench, true, 1);
    begin_pulse(bench);
    assert_true(runs_until_off(bench, BENCH_SECOND));
    assert_in_range(longest_ms(bench), PULSE_MS - SLACK_MS,
                    PULSE_MS + SLACK_MS);
    bench_run(bench, BENCH_SECOND);
    assert_non_null(bench_last(bench, LB_REPORT_PULSE_LOST));
    assert_null(bench_last(bench, LB_REPORT_STUCK_ON));
}

/* A line that is never quiet holds everything up but this. */
static void an_off_leaves_a_line_that_babbles(void **state)
{
    struct bench *bench = *state;

    begin_pulse(bench);
    bench_run(bench, 300000);
    bench->babble = true;
    assert_true(runs_until_off(bench, BENCH_SECOND));
    assert_in_range(longest_ms(bench), PULSE_MS - SLACK_MS,
                    PULSE_MS + SLACK_MS + 60);
}

/* Nobody takes the reports: the bus rests, but not with an output on. */
static void an_off_needs_nobody_who_listens(void **state)
{
    struct bench *bench = *state;
    struct lb_report report;

    bench->deaf = true;
    bench_run(bench, 5 * BENCH_SECOND); /* until there is no more room */
    for (int i = 0; i < 6; i++) {
        assert_true(lb_bus_next(bench->bus, &report));
    }
    begin_pulse(bench);
    bench_run(bench, 3 * BENCH_SECOND);
    assert_false(door(bench)->on);
    assert_in_range(longest_ms(bench), PULSE_MS - SLACK_MS,
                    PULSE_MS + SLACK_MS);
    bench->deaf = false;
    bench_run(bench, BENCH_SECOND);
    assert_non_null(bench_last(bench, LB_REPORT_ACCEPTED));
}

static void a_host_that_slept_switches_off_first(void **state)
{
    struct bench *bench = *state;

    begin_pulse(bench);
    struct lb_bus *bus = bench->bus;

    bench->bus = NULL; /* nobody polls */
    bench_run(bench, 3 * BENCH_SECOND);
    assert_true(door(bench)->on); /* as the documents say */
    bench->bus = bus;
    assert_true(runs_until_off(bench, 60000));
}

/* ---- The off is not believed -----------------------------------------------
 */

static void a_lost_confirmation_is_followed_by_another_off(void **state)
{
    struct bench *bench = *state;

    begin_pulse(bench);
    bench_run(bench, 100000);
    silence(bench, true, 2);
    bench_run(bench, BENCH_SECOND);
    assert_false(door(bench)->on);
    assert_non_null(bench_last(bench, LB_REPORT_STUCK_ON));
    assert_int_equal(bench_last(bench, LB_REPORT_STUCK_ON)->board, LEVEL);
    assert_int_equal(bench_last(bench, LB_REPORT_STUCK_ON)->channel, CHANNEL);
    assert_int_equal(bench_count(bench, LB_REPORT_STUCK_ON), 1);
    assert_int_equal(bench_count(bench, LB_REPORT_STUCK_OFF), 1);
}

/* Its off was confirmed, and yet it reads on: a contact sticks for a while. */
static void an_output_that_reads_on_is_switched_off_again(void **state)
{
    struct bench *bench = *state;

    begin_pulse(bench);
    bench_run(bench, 450000);
    for (uint64_t end = bench->now_us + 120000; bench->now_us < end;) {
        bench_leave_on(bench, LEVEL, CHANNEL);
        bench_step(bench);
    }
    assert_true(runs_until_off(bench, 200000));
    bench_run(bench, BENCH_SECOND);
    assert_int_equal(bench_count(bench, LB_REPORT_STUCK_ON), 1);
    assert_int_equal(bench_count(bench, LB_REPORT_STUCK_OFF), 1);
    assert_int_equal(bench_pulse(bench, LEVEL, CHANNEL), LOCKBUS_OK);
}

/* For good: the board is refused, nothing on this bus is driven, the other
 * board is watched all the same. */
static void one_that_stays_on_stops_every_further_on(void **state)
{
    struct bench *bench = *state;
    unsigned before = bench_drives(bench, TIMED);

    begin_pulse(bench);
    bench_run(bench, 450000);
    assert_int_equal(bench_pulse(bench, TIMED, 0), LOCKBUS_OK);
    for (uint64_t end = bench->now_us + 5 * BENCH_SECOND;
         bench->now_us < end;) {
        bench_leave_on(bench, LEVEL, CHANNEL);
        bench_step(bench);
    }
    assert_non_null(bench_last(bench, LB_REPORT_STUCK_ON));
    assert_non_null(bench_last(bench, LB_REPORT_REFUSED));
    assert_int_equal(bench_last(bench, LB_REPORT_REFUSED)->board, LEVEL);
    assert_int_equal(bench_drives(bench, TIMED), before);
    assert_true(lb_bus_present(bench->bus, TIMED));
    uint64_t read = lb_bus_read_us(bench->bus, TIMED);

    assert_true(bench->now_us - read < 2 * BENCH_SECOND);

    bench_run(bench, 7 * BENCH_SECOND); /* let go: off, and the other's turn */
    assert_false(door(bench)->on);
    assert_non_null(bench_last(bench, LB_REPORT_STUCK_OFF));
    assert_int_equal(bench_drives(bench, TIMED), before + 1);
}

/* The wire breaks in the middle of a pulse. */
static void a_board_that_went_away_is_off_first_at_its_return(void **state)
{
    struct bench *bench = *state;
    unsigned before = bench_drives(bench, TIMED);

    begin_pulse(bench);
    bench->board[LEVEL].address = 99; /* it does not hear us */
    assert_int_equal(bench_pulse(bench, TIMED, 0), LOCKBUS_OK);
    bench_run(bench, 5 * BENCH_SECOND);
    assert_true(door(bench)->on);
    assert_int_equal(bench_last(bench, LB_REPORT_AWAY)->board, LEVEL);
    assert_non_null(bench_last(bench, LB_REPORT_STUCK_ON));
    assert_int_equal(bench_drives(bench, TIMED), before);
    assert_true(lb_bus_present(bench->bus, TIMED));

    bench->board[LEVEL].address = 1;
    assert_true(runs_until_off(bench, 2 * BENCH_SECOND));
    bench_run(bench, 3 * BENCH_SECOND);
    assert_non_null(bench_last(bench, LB_REPORT_STUCK_OFF));
    assert_int_equal(bench_last(bench, LB_REPORT_BACK)->board, LEVEL);
    assert_int_equal(bench_drives(bench, TIMED), before + 1);
}

/* ---- One at a time ---------------------------------------------------------
 */

static unsigned peak(struct bench *bench, uint64_t us)
{
    unsigned most = 0;

    for (uint64_t end = bench->now_us + us; bench->now_us < end;) {
        unsigned on = 0;

        bench_step(bench);
        for (size_t b = 0; b < 2; b++) {
            uint32_t bits = sim_board_outputs(&bench->board[b]);

            for (; bits != 0; bits &= bits - 1) {
                on++;
            }
        }
        most = on > most ? on : most;
    }
    return most;
}

static void ask_four(struct bench *bench)
{
    for (uint8_t c = 0; c < 2; c++) {
        assert_int_equal(bench_pulse(bench, LEVEL, c), LOCKBUS_OK);
        assert_int_equal(bench_pulse(bench, TIMED, c), LOCKBUS_OK);
    }
}

static void no_two_are_on_at_once(void **state)
{
    struct bench *bench = *state;
    unsigned before = bench_drives(bench, LEVEL) + bench_drives(bench, TIMED);

    ask_four(bench);
    assert_int_equal(peak(bench, 6 * BENCH_SECOND), 1);
    assert_int_equal(bench_drives(bench, LEVEL) + bench_drives(bench, TIMED),
                     before + 4);
}

static void two_are_when_the_supply_bears_them(void **state)
{
    struct bench *bench = *state;

    bench_kill(bench);
    bench->at_once = 2;
    bench_start(bench);
    bench_run(bench, 5 * BENCH_SECOND);
    ask_four(bench);
    assert_int_equal(peak(bench, 6 * BENCH_SECOND), 2);
    for (size_t c = 0; c < 2; c++) {
        assert_in_range(bench->board[LEVEL].door[c].longest_ns / SIM_MS,
                        PULSE_MS - SLACK_MS, PULSE_MS + 2 * SLACK_MS);
    }
}

static void an_output_rests_from_its_off_on(void **state)
{
    struct bench *bench = *state;

    begin_pulse(bench);
    assert_true(runs_until_off(bench, BENCH_SECOND));
    uint64_t off_us = bench->now_us;

    bench_run(bench, 100000);
    begin_pulse(bench);
    assert_true(bench->now_us - off_us >= 2 * BENCH_SECOND);
}

/* ---- Ends and beginnings ---------------------------------------------------
 */

static void stopping_switches_off_and_reads_back(void **state)
{
    struct bench *bench = *state;
    uint64_t end;

    begin_pulse(bench);
    bench_run(bench, 100000);
    for (end = bench->now_us + 2 * BENCH_SECOND;
         !lb_bus_stop(bench->bus) && bench->now_us < end;) {
        bench_step(bench);
        /* that output first */
        assert_true(!door(bench)->on || end - bench->now_us > 1900000);
    }
    assert_true(bench->now_us < end);
    assert_false(door(bench)->on);
    assert_in_range(longest_ms(bench), 100, 200);
}

static struct first {
    unsigned writes;
    uint8_t frame[6];
} first;

static void note_first_write(struct bench *bench, const uint8_t *bytes,
                             size_t len)
{
    (void)bench;
    if (len == 8 && bytes[1] > 4 && first.writes++ == 0) {
        memcpy(first.frame, bytes, sizeof first.frame);
    }
}

/* The level board is the last on its bus, and yet the first to be written to,
 * when the process before this one may have died in a pulse of it. */
static void after_a_killed_process_the_off_comes_first(void **state)
{
    static const uint8_t all_off[] = {3, 5, 0, 0, 0, 0};
    struct bench *bench = bench_new(PULSE_MS);

    (void)state;
    bench_add(bench, timed, timed);
    bench_add(bench, timed, timed);
    bench_add(bench, level, level);
    bench_start(bench);
    bench_run(bench, 5 * BENCH_SECOND);
    assert_int_equal(bench_pulse(bench, 2, CHANNEL), LOCKBUS_OK);
    for (int i = 0; i < 2000 && !bench->board[2].door[CHANNEL].on; i++) {
        bench_step(bench);
    }
    assert_true(bench->board[2].door[CHANNEL].on);
    bench_kill(bench);
    bench_run(bench, 4 * BENCH_SECOND);
    assert_true(bench->board[2].door[CHANNEL].on); /* nobody is there */

    memset(&first, 0, sizeof first);
    bench->request = note_first_write;
    bench_start(bench);
    lb_bus_pulsed_before(bench->bus, 2, CHANNEL, bench->now_us, bench->now_us);
    /* the probe, and four frames of the attach until this output's turn */
    bench_run(bench, 250000);
    assert_false(bench->board[2].door[CHANNEL].on);
    assert_memory_equal(first.frame, all_off, sizeof all_off);
    bench_run(bench, 5 * BENCH_SECOND);
    assert_int_equal(bench_count(bench, LB_REPORT_BACK), 2 + 3 + 1);
    bench_free(bench);
}

/* Nobody told it: the attach finds the output all the same. */
static void an_attach_begins_with_off(void **state)
{
    struct bench *bench = *state;

    begin_pulse(bench);
    bench_kill(bench);
    bench_run(bench, BENCH_SECOND);
    memset(&first, 0, sizeof first);
    bench_start(bench);
    assert_true(runs_until_off(bench, BENCH_SECOND));
}

static void a_bus_that_was_not_told_takes_no_such_board(void **state)
{
    struct bench *bench = *state;

    bench_kill(bench);
    bench->untold = true;
    assert_int_equal(bench_try_start(bench), LOCKBUS_ERR_USAGE);
    assert_null(bench->bus);
    bench->untold = false;
    assert_int_equal(bench_try_start(bench), LOCKBUS_OK);
}

#define WITH_BENCH(test)                                                       \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(a_pulse_is_as_long_as_it_should_be),
        WITH_BENCH(a_lost_on_is_ended_like_any_other),
        WITH_BENCH(an_off_leaves_a_line_that_babbles),
        WITH_BENCH(an_off_needs_nobody_who_listens),
        WITH_BENCH(a_host_that_slept_switches_off_first),
        WITH_BENCH(a_lost_confirmation_is_followed_by_another_off),
        WITH_BENCH(an_output_that_reads_on_is_switched_off_again),
        WITH_BENCH(one_that_stays_on_stops_every_further_on),
        WITH_BENCH(a_board_that_went_away_is_off_first_at_its_return),
        WITH_BENCH(no_two_are_on_at_once),
        WITH_BENCH(two_are_when_the_supply_bears_them),
        WITH_BENCH(an_output_rests_from_its_off_on),
        WITH_BENCH(stopping_switches_off_and_reads_back),
        cmocka_unit_test(after_a_killed_process_the_off_comes_first),
        WITH_BENCH(an_attach_begins_with_off),
        WITH_BENCH(a_bus_that_was_not_told_takes_no_such_board),
    };

    return cmocka_run_group_tests_name("timed by the host", tests, NULL, NULL);
}
