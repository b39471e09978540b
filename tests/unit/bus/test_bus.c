/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "bus_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEC = 1000000, MS = 1000 };

static int setup(void **state)
{
    *state = malloc(sizeof(struct bus_bench));
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    bus_bench_free(*state);
    free(*state);
    return 0;
}

static struct bus_bench *bench_of(void **state, uint32_t baud, size_t boards)
{
    struct bus_bench *bench = *state;

    bus_bench_init(bench, baud, boards);
    return bench;
}

static struct lb_bus_counters counters(const struct bus_bench *bench)
{
    struct lb_bus_counters count;

    lb_bus_counters(bench->bus, &count);
    return count;
}

/* ---- Attaching ---------------------------------------------------------- */

static void
a_board_is_switched_off_and_read_back_before_it_is_back(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->sim.board[0].coil_on = 0x24; /* left on by somebody */
    bus_bench_settle(bench);
    assert_int_equal(bench->sim.board[0].coil_on, 0);
    assert_true(bench->sim.board[0].offs >= 8);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_BACK), 1);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_LEAF), 8);
    assert_true(lb_bus_present(bench->bus, 0));
    assert_int_equal(bench->sim.gaps_broken, 0);
}

static void a_returned_board_is_switched_off_again(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);
    struct sim_line_board *board = &bench->sim.board[1];

    bus_bench_settle(bench);
    board->dead = true;
    assert_true(bus_bench_wait(bench, LB_REPORT_AWAY, 5 * SEC));
    assert_string_equal(bus_bench_last(bench, LB_REPORT_AWAY)->text,
                        "it does not answer");
    assert_false(lb_bus_present(bench->bus, 1));
    board->coil_on = 0x01;
    board->dead = false;
    assert_true(bus_bench_wait(bench, LB_REPORT_BACK, 6 * SEC));
    assert_int_equal(board->coil_on, 0);
}

static void a_flapping_board_is_switched_off_each_time(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 3);
    struct sim_line_board *board = &bench->sim.board[2];

    bus_bench_settle(bench);
    for (int i = 0; i < 10; i++) {
        board->dead = true;
        assert_true(bus_bench_wait(bench, LB_REPORT_AWAY, 5 * SEC));
        board->coil_on = 0xFF;
        board->dead = false;
        assert_true(bus_bench_wait(bench, LB_REPORT_BACK, 6 * SEC));
        assert_int_equal(board->coil_on, 0);
    }
    assert_true(lb_bus_present(bench->bus, 0));
}

static void an_output_that_stays_on_refuses_its_board(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->profile.off.base = 0x0003; /* off reaches channel 3 at most */
    bench->profile.channels = 1;
    bench->profile.check[1].value = 0;
    bench->sim.board[0].coil_on = 0x08;
    bench->sim.board[0].off_base = 0x0100; /* the board does not obey */
    bus_bench_start(bench);
    bus_bench_for(bench, 2 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_REFUSED), 1);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_BACK), 0);
}

static void wrong_firmware_is_refused_once_and_never_written_to(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bench->sim.board[0].version = 199;
    bus_bench_start(bench);
    bus_bench_for(bench, 10 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_REFUSED), 1);
    assert_non_null(bus_bench_last(bench, LB_REPORT_REFUSED)->text);
    assert_int_equal(bench->sim.board[0].offs, 0);
    assert_int_equal(bus_bench_pulse(bench, 0, 0, 1, 3500 * MS),
                     LOCKBUS_ERR_OFFLINE);
    assert_true(lb_bus_present(bench->bus, 1));
}

static void a_control_mode_is_refused(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->sim.board[0].mode = 1;
    bus_bench_start(bench);
    bus_bench_for(bench, SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_REFUSED), 1);
}

static void a_board_without_coils_to_read_is_believed(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->sim.board[0].no_coils = true;
    bus_bench_settle(bench);
    assert_true(lb_bus_present(bench->bus, 0));
}

/* ---- Pulses ------------------------------------------------------------- */

static void a_pulse_is_sent_accepted_and_seen(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 4);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    assert_int_equal(bus_bench_pulse(bench, 2, 5, 77, 10 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, 2 * SEC);
    assert_int_equal(bench->count, 3);
    assert_int_equal(bench->report[0].kind, LB_REPORT_SENT);
    assert_int_equal(bench->report[1].kind, LB_REPORT_ACCEPTED);
    assert_int_equal(bench->report[1].ref, 77);
    assert_int_equal(bench->report[2].kind, LB_REPORT_LEAF);
    assert_true(bench->report[2].leaf_open);
    assert_int_equal(bench->report[2].channel, 5);
    assert_int_equal(bench->sim.board[2].pulses[5], 1);
    assert_int_equal(counters(bench).pulses, 1);
}

static void three_pulses_go_while_the_leaf_stays_shut(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->sim.board[0].springs = false;
    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 5, 18 * SEC), LOCKBUS_OK);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 6, 18 * SEC),
                     LOCKBUS_ERR_BUSY);
    bus_bench_for(bench, 20 * SEC);
    assert_int_equal(bench->sim.board[0].pulses[1], 3);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_ACCEPTED), 3);
}

static uint64_t rested_us; /* of the pulse before; 0: there was none */

static void was_read_after_the_rest(struct bus_bench *bench,
                                    const struct lb_report *report)
{
    if (report->kind == LB_REPORT_SENT) {
        assert_true(lb_bus_read_us(bench->bus, 0) >= rested_us);
    } else if (report->kind == LB_REPORT_ACCEPTED) {
        rested_us = report->at_us + 1500 * MS;
    }
}

/* A door that opened while its latch rested is not pulsed again. */
static void a_further_pulse_needs_a_reading_after_the_rest(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 4);

    bench->sim.board[0].springs = false;
    bus_bench_settle(bench);
    rested_us = 0;
    bench->watch = was_read_after_the_rest;
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 5, 18 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, 20 * SEC);
    assert_int_equal(bench->sim.board[0].pulses[1], 3);
}

static void a_stuck_open_sensor_gets_the_first_pulse_only(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->sim.board[0].leaf_high = ~UINT32_C(2);
    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 5, 18 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, 10 * SEC);
    assert_int_equal(bench->sim.board[0].pulses[1], 1);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 6, 3500 * MS), LOCKBUS_OK);
}

static void an_opened_leaf_ends_the_pulses(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 5, 18 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, SEC);
    sim_line_leaf(&bench->sim, &bench->sim.board[0], 1, false);
    bus_bench_for(bench, 18 * SEC);
    assert_int_equal(bench->sim.board[0].pulses[1], 1);
}

static void a_channel_rests_between_pulses(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);
    struct sim_line_board *board = &bench->sim.board[0];

    bench->rest_ms = 4000;
    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 5, 10 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, SEC);
    uint64_t first = board->pulse_from_us[1];
    assert_int_equal(board->pulses[1], 1);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 6, 10 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, 9 * SEC);
    assert_int_equal(board->pulses[1], 2);
    assert_true(board->pulse_from_us[1] - first >= 4500 * MS);
}

static void no_more_solenoids_than_at_once(void **state)
{
    struct bus_bench *bench = bench_of(state, 115200, 2);
    uint64_t end = 0;

    bus_bench_settle(bench);
    for (uint8_t c = 0; c < 8; c++) {
        assert_int_equal(bus_bench_pulse(bench, c % 2, c, 10U + c, 19 * SEC),
                         LOCKBUS_OK);
    }
    end = bench->sim.now_us + 8 * SEC;
    while (bench->sim.now_us < end) {
        size_t on = 0;
        for (size_t i = 0; i < 16; i++) {
            on += bench->sim.board[i / 8].pulse_until_us[i % 8] >
                          bench->sim.now_us
                      ? 1
                      : 0;
        }
        assert_true(on <= 2);
        bus_bench_for(bench, 5 * MS);
    }
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_ACCEPTED), 8);
}

static void a_pulse_too_late_is_dropped(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->rest_ms = 5000;
    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 5, 10 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, SEC);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 6, 4500 * MS), LOCKBUS_OK);
    bus_bench_for(bench, 8 * SEC);
    assert_int_equal(bench->sim.board[0].pulses[1], 1);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_DROPPED), 1);
    assert_int_equal(bus_bench_last(bench, LB_REPORT_DROPPED)->ref, 6);
}

/* At the deadline a leaf that nobody saw open is said to have stayed shut: the
 * latch must have let go of it by then, with time to see it. */
static void a_pulse_is_over_and_was_watched_before_its_deadline(void **state)
{
    enum { FROM = 2500000, TO = 2560000, WATCHED = 2000000 };
    struct bus_bench *bench = bench_of(state, 9600, 4);

    bus_bench_settle(bench);
    for (uint32_t us = FROM; us < TO; us += 500) {
        uint64_t deadline = bench->sim.now_us + us;
        uint8_t channel = (uint8_t)(us / 500 % 8);
        unsigned before = bench->sim.board[1].pulses[channel];

        bench->sim.board[1].pulse_from_us[channel] = 0;
        assert_int_equal(bus_bench_pulse(bench, 1, channel, 9, us), LOCKBUS_OK);
        bus_bench_for(bench, 6 * SEC);
        if (bench->sim.board[1].pulses[channel] > before) {
            assert_true(bench->sim.board[1].pulse_from_us[channel] +
                            bench->pulse_ms * (uint64_t)MS + WATCHED <=
                        deadline);
        }
        sim_line_leaf(&bench->sim, &bench->sim.board[1], channel, false);
    }
    assert_true(bus_bench_seen(bench, LB_REPORT_DROPPED) > 10);
    assert_true(bus_bench_seen(bench, LB_REPORT_ACCEPTED) > 10);
}

/* The line is never idle for long; what a permit can have to wait for is the
 * exchange that is on the wire, and then t3.5. It never waits for one more
 * because that one's own silence had begun. */
static void a_pulse_waits_for_no_request_that_is_not_yet_sent(void **state)
{
    struct bus_bench *bench = bench_of(state, 115200, 4);
    struct sim_line_board *board = &bench->sim.board[1];

    bus_bench_settle(bench);
    for (uint32_t us = 0; us < 14000; us += 70) {
        uint8_t channel = (uint8_t)(us / 70 % 8);
        /* a board acts t3.5 after the last byte of a request */
        uint64_t quiet = sim_line_quiet_us(&bench->sim);
        uint64_t exchange =
            sim_line_us(&bench->sim, 8 + 6) + quiet + board->turn_us;
        uint64_t pulse = quiet + sim_line_us(&bench->sim, 8) + quiet;

        bus_bench_for(bench, us);
        board->pulse_from_us[channel] = 0;
        uint64_t asked_us = bench->sim.now_us;

        assert_int_equal(bus_bench_pulse(bench, 1, channel, 9, 3500 * MS),
                         LOCKBUS_OK);
        bus_bench_for(bench, 3 * SEC);
        assert_in_range(board->pulse_from_us[channel], asked_us,
                        asked_us + exchange + pulse);
        sim_line_leaf(&bench->sim, board, channel, false);
    }
    assert_int_equal(bench->sim.gaps_broken, 0);
    assert_int_equal(counters(bench).timeouts, 0);
}

/* A request that gave way was not asked: each round still reads each board,
 * those whose turn it was, too. */
static void what_gave_way_to_a_pulse_is_still_asked(void **state)
{
    struct bus_bench *bench = bench_of(state, 9600, 3);

    bus_bench_settle(bench);
    uint64_t rounds = counters(bench).rounds;
    unsigned one = bench->sim.board[1].reads, two = bench->sim.board[2].reads;

    for (uint32_t us = 0; us < 60000; us += 1000) {
        uint8_t channel = (uint8_t)(us / 1000 % 8);

        bus_bench_for(bench, us);
        assert_int_equal(bus_bench_pulse(bench, 0, channel, 9, 3500 * MS),
                         LOCKBUS_OK);
        bus_bench_for(bench, 3 * SEC);
        sim_line_leaf(&bench->sim, &bench->sim.board[0], channel, false);
        bus_bench_for(bench, SEC);
    }
    rounds = counters(bench).rounds - rounds;
    assert_true(rounds > 60);
    assert_in_range(bench->sim.board[1].reads - one, rounds - 1, UINT32_MAX);
    assert_in_range(bench->sim.board[2].reads - two, rounds - 1, UINT32_MAX);
}

static void a_withdrawn_pulse_is_not_sent(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 0, 1, 5, 3500 * MS), LOCKBUS_OK);
    lb_bus_cancel(bench->bus, 0, 1);
    bus_bench_for(bench, 2 * SEC);
    assert_int_equal(bench->sim.board[0].pulses[1], 0);
}

static void a_board_that_goes_away_drops_what_was_asked(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bench->rest_ms = 15000;
    bench->sim.board[1].springs = false;
    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 1, 1, 5, 4500 * MS), LOCKBUS_OK);
    bus_bench_for(bench, 3 * SEC);
    assert_int_equal(bus_bench_pulse(bench, 1, 1, 6, 19 * SEC), LOCKBUS_OK);
    bench->sim.board[1].dead = true;
    assert_true(bus_bench_wait(bench, LB_REPORT_AWAY, 5 * SEC));
    bus_bench_for(bench, MS);
    assert_int_equal(bus_bench_last(bench, LB_REPORT_DROPPED)->ref, 6);
    bench->sim.board[1].dead = false;
    bus_bench_for(bench, 20 * SEC);
    assert_int_equal(bench->sim.board[1].pulses[1], 1);
}

static void a_permit_without_number_or_pulses_is_refused(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);
    struct lb_permit permit = {.ref = 0, .pulses = 1};

    bus_bench_settle(bench);
    assert_int_equal(lb_bus_pulse(bench->bus, 0, 0, &permit, UINT64_MAX),
                     LOCKBUS_ERR_USAGE);
    permit = (struct lb_permit){.ref = 1, .pulses = 0};
    assert_int_equal(lb_bus_pulse(bench->bus, 0, 0, &permit, UINT64_MAX),
                     LOCKBUS_ERR_USAGE);
    permit.pulses = LB_PERMIT_PULSES + 1;
    assert_int_equal(lb_bus_pulse(bench->bus, 0, 0, &permit, UINT64_MAX),
                     LOCKBUS_ERR_USAGE);
    permit.pulses = 1;
    assert_int_equal(lb_bus_pulse(bench->bus, 0, 8, &permit, UINT64_MAX),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_bus_pulse(bench->bus, 1, 0, &permit, UINT64_MAX),
                     LOCKBUS_ERR_USAGE);
    bus_bench_for(bench, SEC);
    assert_int_equal(counters(bench).pulses, 0);
}

static void stop_switches_every_output_off(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 1, 6, 5, 3500 * MS), LOCKBUS_OK);
    assert_true(bus_bench_wait(bench, LB_REPORT_ACCEPTED, SEC));
    bench->sim.board[0].coil_on = 0x80;
    unsigned offs = bench->sim.board[1].offs;
    assert_false(lb_bus_stop(bench->bus));
    bus_bench_for(bench, 40 * MS);
    assert_true(bench->sim.board[1].pulse_until_us[6] <= bench->sim.now_us);
    for (int i = 0; i < 100 && !lb_bus_stop(bench->bus); i++) {
        bus_bench_for(bench, 10 * MS);
    }
    assert_true(lb_bus_stop(bench->bus));
    assert_int_equal(bench->sim.board[0].coil_on, 0);
    assert_int_equal(bench->sim.board[1].offs, offs + 8);
    assert_int_equal(bus_bench_pulse(bench, 1, 6, 6, 3500 * MS),
                     LOCKBUS_ERR_OFFLINE);
}

/* ---- Frames that are not the reply -------------------------------------- */

static void add_stray(struct sim_line *sim, struct sim_line_board *board,
                      const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board, (void)request;
    if (reply->len > 0) {
        memmove(reply->bytes + 2, reply->bytes, reply->len);
        reply->bytes[0] = 0xFF;
        reply->bytes[1] = 0x00;
        reply->len += 2;
    }
}

static void stray_bytes_before_each_reply_cost_nothing(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bench->sim.hook = add_stray;
    bus_bench_settle(bench);
    bus_bench_for(bench, 5 * SEC);
    assert_true(lb_bus_present(bench->bus, 0));
    assert_int_equal(counters(bench).timeouts, 0);
    assert_true(counters(bench).stray_bytes > 100);
}

static void add_foreign(struct sim_line *sim, struct sim_line_board *board,
                        const uint8_t *request, struct sim_line_reply *reply)
{
    uint8_t other[8] = {99, 2, 1, 0};
    size_t len = sim_line_seal(other, 4);

    (void)sim, (void)board, (void)request;
    if (reply->len > 0) {
        memmove(reply->bytes + len, reply->bytes, reply->len);
        memcpy(reply->bytes, other, len);
        reply->len += len;
    }
}

static void a_foreign_reply_does_not_end_the_wait(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bus_bench_settle(bench);
    bench->sim.hook = add_foreign;
    bus_bench_for(bench, 5 * SEC);
    assert_int_equal(counters(bench).timeouts, 0);
    assert_true(counters(bench).foreign > 50);
    assert_true(lb_bus_present(bench->bus, 0));
}

static size_t damaged_at;

static void damage(struct sim_line *sim, struct sim_line_board *board,
                   const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board;
    if (request[1] == 5 && damaged_at < reply->len) {
        reply->bytes[damaged_at] ^= 0x10;
    }
}

static void a_confirmation_damaged_in_any_byte_is_lost(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bench->sim.hook = damage;
    for (damaged_at = 0; damaged_at < 8; damaged_at++) {
        uint8_t channel = (uint8_t)damaged_at;
        assert_int_equal(bus_bench_pulse(bench, 0, channel, 5, 3500 * MS),
                         LOCKBUS_OK);
        assert_true(bus_bench_wait(bench, LB_REPORT_PULSE_LOST, SEC));
        bus_bench_for(bench, 3 * SEC);
    }
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_ACCEPTED), 0);
}

static void damage_reading(struct sim_line *sim, struct sim_line_board *board,
                           const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board;
    if (request[1] == 2) {
        reply->bytes[3] ^= 0xFF; /* all leaves, with the old check sum */
    }
}

static void a_damaged_reading_is_not_believed(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    bench->sim.hook = damage_reading;
    bus_bench_for(bench, 2 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_LEAF), 0);
    assert_true(counters(bench).crc_errors > 0);
    assert_string_equal(bus_bench_last(bench, LB_REPORT_AWAY)->text,
                        "its replies arrive damaged");
}

static void damage_address(struct sim_line *sim, struct sim_line_board *board,
                           const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board, (void)request;
    if (reply->len != 0) {
        reply->bytes[0] ^= 0x80;
    }
}

static void damage_length(struct sim_line *sim, struct sim_line_board *board,
                          const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board;
    if (request[1] == 2) {
        reply->bytes[2] ^= 0x40;
    }
}

/* The bytes fit no request then, but they came: it is not silence. */
static void a_damaged_head_is_no_silence(struct bus_bench *bench)
{
    bus_bench_for(bench, 2 * SEC);
    assert_true(counters(bench).crc_errors >= 3);
    assert_string_equal(bus_bench_last(bench, LB_REPORT_AWAY)->text,
                        "its replies arrive damaged");
}

static void a_damaged_address_is_no_silence(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    bench->sim.hook = damage_address;
    a_damaged_head_is_no_silence(bench);
}

static void a_damaged_length_is_no_silence(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    bench->sim.hook = damage_length;
    a_damaged_head_is_no_silence(bench);
}

static void from_another(struct sim_line *sim, struct sim_line_board *board,
                         const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board;
    if (request[1] == 2 && reply->len > 2) {
        reply->bytes[0] = 77;
        reply->bytes[3] ^= 0xFF;
        reply->len = sim_line_seal(reply->bytes, reply->len - 2);
    }
}

static void a_reading_from_another_address_is_not_believed(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    bench->sim.hook = from_another;
    bus_bench_for(bench, 2 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_LEAF), 0);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_AWAY), 1);
}

/* Door 3's confirmation comes when door 7's is awaited; 7 gets none. */
static void late_three(struct sim_line *sim, struct sim_line_board *board,
                       const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board;
    if (request[1] == 5 && request[2] == 2) {
        if (request[3] == 3) {
            reply->len = 0;
        } else {
            reply->bytes[3] = 3;
            reply->len = sim_line_seal(reply->bytes, 6);
        }
    }
}

static void door_seven_is_not_confirmed_by_door_three(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bench->sim.hook = late_three;
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 33, 3500 * MS), LOCKBUS_OK);
    assert_int_equal(bus_bench_pulse(bench, 0, 7, 77, 3500 * MS), LOCKBUS_OK);
    bus_bench_for(bench, 3 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_ACCEPTED), 0);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PULSE_LOST), 2);
    assert_true(counters(bench).late >= 1);
}

/* Each tenth reading is late, and sampled when it was asked for. */
static void late_reading(struct sim_line *sim, struct sim_line_board *board,
                         const uint8_t *request, struct sim_line_reply *reply)
{
    (void)board;
    if (request[1] == 2 && sim->frames % 10 == 0) {
        reply->delay_us = 120 * MS;
    }
}

static void a_late_reading_is_never_taken_for_the_present_one(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bench->sim.hook = late_reading;
    for (int i = 0; i < 50; i++) {
        bool open = i % 2 == 0;
        bus_bench_clear(bench);
        sim_line_leaf(&bench->sim, &bench->sim.board[0], 2, open);
        bus_bench_for(bench, SEC);
        assert_int_equal(bus_bench_seen(bench, LB_REPORT_LEAF), 1);
        assert_int_equal(bus_bench_last(bench, LB_REPORT_LEAF)->leaf_open,
                         open);
    }
    assert_true(counters(bench).late > 5);
}

/* The first board's reply is late; meanwhile the second's looks like it. */
static void lookalike(struct sim_line *sim, struct sim_line_board *board,
                      const uint8_t *request, struct sim_line_reply *reply)
{
    (void)board;
    if (request[0] == 1) {
        reply->delay_us = 250 * MS;
        sim->board[0].sampled = 0; /* it was asked */
    } else if (request[1] == 2 && sim->board[0].sampled == 0) {
        reply->bytes[0] = 1;
        reply->len = sim_line_seal(reply->bytes, reply->len - 2);
    }
}

static void what_looks_like_a_lost_reply_does_not_end_the_wait(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);
    struct sim_line_board *board = &bench->sim.board[0];

    bus_bench_settle(bench);
    bench->sim.hook = lookalike;
    unsigned asked = board->requests;
    for (int i = 0; i < 1000 && board->requests == asked; i++) {
        bus_bench_for(bench, MS);
    }
    assert_int_equal(board->requests, asked + 1);
    unsigned late = (unsigned)counters(bench).late;
    bus_bench_for(bench, 200 * MS);
    assert_true(counters(bench).late > late);
    assert_int_equal(board->requests, asked + 1);
}

/* One reading was lost for good. What looks like its reply, minutes later,
 * teaches nothing: else one odd frame made every time-out of this board long
 * for ever. */
static void behind_the_other(struct sim_line *sim, struct sim_line_board *board,
                             const uint8_t *request,
                             struct sim_line_reply *reply)
{
    uint8_t twin[6] = {1, 2, 1, 0xFF};

    (void)sim, (void)board;
    if (request[0] == 2) {
        memcpy(reply->bytes + reply->len, twin, sim_line_seal(twin, 4));
        reply->len += 6;
    }
}

static void a_reply_lost_long_ago_teaches_nothing(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);
    struct lb_bus_view before, after;

    bus_bench_settle(bench);
    bench->sim.board[0].dead = true;
    assert_true(bus_bench_wait(bench, LB_REPORT_MISSED, SEC));
    bench->sim.board[0].dead = false;
    bus_bench_for(bench, 60 * SEC);
    assert_true(lb_bus_view(bench->bus, 0, &before));
    bench->sim.hook = behind_the_other;
    bus_bench_for(bench, 5 * SEC);
    assert_true(lb_bus_view(bench->bus, 0, &after));
    assert_true(counters(bench).foreign > 0);
    assert_int_equal(after.count.late, before.count.late);
    assert_in_range(after.reply_us, 0, 2 * before.reply_us + 1000);
}

static void refuses_inputs(struct sim_line *sim, struct sim_line_board *board,
                           const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board;
    if (request[1] == 2) {
        reply->bytes[1] |= 0x80;
        reply->bytes[2] = 4;
        reply->len = sim_line_seal(reply->bytes, 3);
    }
}

static void an_exception_to_a_reading_is_no_look_at_the_doors(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->sim.hook = refuses_inputs;
    bus_bench_start(bench);
    assert_true(bus_bench_wait(bench, LB_REPORT_REFUSED, SEC));
    assert_true(bench->sim.board[0].reads > 0);
    assert_int_equal(lb_bus_read_us(bench->bus, 0), 0);
}

static void an_exception_to_a_pulse_is_not_an_acceptance(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bench->sim.board[0].pulse_base = 0x0300; /* it changed its mind */
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 33, 3500 * MS), LOCKBUS_OK);
    bus_bench_for(bench, 2 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_ACCEPTED), 0);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PULSE_LOST), 1);
    assert_int_equal(counters(bench).exceptions, 1);
}

static unsigned blink;

static void flicker(struct sim_line *sim, struct sim_line_board *board,
                    const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board;
    if (request[1] == 2 && reply->len > 2 && ++blink % 7 == 0) {
        reply->bytes[3] ^= 0x04;
        reply->len = sim_line_seal(reply->bytes, reply->len - 2);
    }
}

static void a_bit_read_once_is_not_reported(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    bench->sim.hook = flicker;
    bus_bench_for(bench, 5 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_LEAF), 0);
}

static void a_forced_leaf_is_corroborated_within_two_readings(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 32);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    uint64_t from = bench->sim.now_us;
    sim_line_leaf(&bench->sim, &bench->sim.board[20], 4, true);
    assert_true(bus_bench_wait(bench, LB_REPORT_LEAF, 2 * SEC));
    assert_int_equal(bench->report[0].board, 20);
    assert_true(bench->report[0].at_us - from < 550 * MS);
}

/* ---- Content inputs ----------------------------------------------------- */

/* Input 6 says full when high, input 7 when low. The simulated input is high
 * unless its leaf is open. */
static struct bus_bench *content_bench(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bench->content = 1U << 5 | 1U << 6;
    bench->full_is = 1U << 5;
    bus_bench_settle(bench);
    return bench;
}

static bool last_full(const struct bus_bench *bench, uint8_t channel)
{
    const struct lb_report *last = bus_bench_last(bench, LB_REPORT_CONTENT);

    assert_non_null(last);
    assert_int_equal(last->board, 1);
    assert_int_equal(last->channel, channel);
    return last->full;
}

static void a_content_input_is_reported_as_one_and_by_its_level(void **state)
{
    struct bus_bench *bench = content_bench(state);
    struct sim_line_board *board = &bench->sim.board[1];

    assert_int_equal(bus_bench_seen(bench, LB_REPORT_LEAF), 2 * 6);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_CONTENT), 2 * 2);
    sim_line_leaf(&bench->sim, board, 5, true); /* low */
    assert_true(bus_bench_wait(bench, LB_REPORT_CONTENT, SEC));
    assert_false(last_full(bench, 5));
    sim_line_leaf(&bench->sim, board, 6, true);
    assert_true(bus_bench_wait(bench, LB_REPORT_CONTENT, SEC));
    assert_true(last_full(bench, 6));
    sim_line_leaf(&bench->sim, board, 5, false);
    assert_true(bus_bench_wait(bench, LB_REPORT_CONTENT, SEC));
    assert_true(last_full(bench, 5));
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_LEAF), 2 * 6);
}

static void a_content_bit_read_once_is_not_reported(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bench->content = 1U << 2; /* the bit that flickers */
    bus_bench_settle(bench);
    bus_bench_clear(bench);
    bench->sim.hook = flicker;
    bus_bench_for(bench, 5 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_CONTENT), 0);
}

/* A latch beside a content input is pulsed once: that input is not its leaf,
 * and that it says empty asks for no further pulse. */
static void a_content_input_is_no_leaf_to_a_pulse(void **state)
{
    struct bus_bench *bench = content_bench(state);

    bench->sim.board[1].springs = false;
    assert_int_equal(bus_bench_pulse(bench, 1, 6, 9, 10 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, 12 * SEC);
    assert_int_equal(bench->sim.board[1].pulses[6], 1);
    assert_int_equal(bus_bench_pulse(bench, 1, 3, 10, 10 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, 12 * SEC);
    assert_int_equal(bench->sim.board[1].pulses[3], 3);
}

/* ---- Echo --------------------------------------------------------------- */

static void an_echoing_line_works(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bench->sim.echo = true;
    bus_bench_settle(bench);
    assert_true(lb_bus_present(bench->bus, 0));
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 33, 3500 * MS), LOCKBUS_OK);
    bus_bench_for(bench, 2 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_ACCEPTED), 1);
    assert_int_equal(bench->sim.board[0].pulses[3], 1);
    assert_int_equal(counters(bench).timeouts, 0);
    assert_true(counters(bench).echoes > 100);
}

static void an_echo_of_a_dead_board_confirms_nothing(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bench->sim.echo = true;
    bus_bench_settle(bench);
    bench->sim.board[0].dead = true;
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 33, 3500 * MS), LOCKBUS_OK);
    bus_bench_for(bench, 3 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_ACCEPTED), 0);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PULSE_LOST), 1);
}

static void dead_boards_on_an_echoing_line_are_absent(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bench->sim.echo = true;
    bench->sim.board[0].dead = bench->sim.board[1].dead = true;
    bus_bench_start(bench);
    bus_bench_for(bench, 5 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_AWAY), 2);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_BACK), 0);
}

/* ---- Bytes -------------------------------------------------------------- */

static void frames_arrive_in_pieces_and_in_lumps(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 3);

    bench->sim.take_max = 3;
    bus_bench_settle(bench);
    bench->stall_us = 7 * MS; /* the host looks only now and then */
    bus_bench_for(bench, 3 * SEC);
    assert_int_equal(counters(bench).timeouts, 0);
    bench->stall_us = 200 * MS; /* and then stalls: replies lie waiting */
    bus_bench_for(bench, 20 * SEC);
    assert_int_equal(counters(bench).timeouts, 0);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_MISSED), 0);
}

static void a_line_that_never_falls_quiet_loses_boards_not_the_bus(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);
    const uint8_t noise = 0x55;

    bus_bench_settle(bench);
    for (int i = 0; i < 3000; i++) {
        sim_line_inject(&bench->sim, &noise, 1, bench->sim.now_us);
        bus_bench_for(bench, MS);
    }
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_AWAY), 1);
    assert_true(bus_bench_wait(bench, LB_REPORT_BACK, 10 * SEC));
}

/* ---- The line ----------------------------------------------------------- */

static void a_lost_line_is_closed_and_opened_again(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 3);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    bench->sim.board[1].coil_on = 1;
    bench->sim.gone = true;
    bus_bench_for(bench, 20 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PORT_LOST), 1);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_AWAY), 3);
    assert_int_equal(bench->sim.closes, 1);
    assert_int_equal(lb_bus_fd(bench->bus), -1);
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 33, 3500 * MS),
                     LOCKBUS_ERR_OFFLINE);
    bench->sim.gone = false;
    bus_bench_for(bench, 6 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PORT_OPEN), 1);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_BACK), 3);
    assert_int_equal(bench->sim.board[1].coil_on, 0);
}

/* An adapter that comes back while another process waits for it, too. */
static void a_loss_of_another_kind_is_told_once_more(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bus_bench_clear(bench);
    bench->sim.gone = true;
    bus_bench_for(bench, 20 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PORT_LOST), 1);
    bench->sim.held = true;
    bus_bench_for(bench, 20 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PORT_LOST), 2);
    bench->sim.gone = bench->sim.held = false;
    bus_bench_for(bench, 6 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PORT_OPEN), 1);
    bench->sim.gone = true;
    bus_bench_for(bench, 6 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PORT_LOST), 3);
}

static void a_pulse_in_hand_when_the_line_goes_is_lost(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 33, 3500 * MS), LOCKBUS_OK);
    assert_true(bus_bench_wait(bench, LB_REPORT_SENT, SEC));
    bench->sim.gone = true;
    bus_bench_for(bench, 10 * MS);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_PULSE_LOST), 1);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_DROPPED), 0);
}

/* ---- The schedule ------------------------------------------------------- */

static void dead_boards_cost_one_probe_a_round(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 32);

    for (size_t i = 24; i < 32; i++) {
        bench->sim.board[i].dead = true;
    }
    bus_bench_settle(bench);
    bus_bench_for(bench, 5 * SEC);
    struct lb_bus_counters from = counters(bench);
    uint64_t began = bench->sim.now_us;
    bus_bench_for(bench, 20 * SEC);
    struct lb_bus_counters to = counters(bench);
    assert_true(to.timeouts - from.timeouts <= to.rounds - from.rounds + 1);
    /* 24 boards, a cycle within a twentieth of their wire time and probe */
    uint64_t cycle = (bench->sim.now_us - began) / (to.rounds - from.rounds);
    assert_true(cycle < 24 * 13500 + 30 * MS);
}

static void an_open_waits_for_one_exchange_with_eight_of_32_dead(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 32);
    uint64_t worst = 0;

    for (size_t i = 24; i < 32; i++) {
        bench->sim.board[i].dead = true;
    }
    bus_bench_settle(bench);
    bus_bench_for(bench, 5 * SEC); /* each dead one was asked for once */
    for (uint32_t i = 0; i < 200; i++) {
        uint64_t from = bench->sim.now_us;
        uint8_t board = (uint8_t)(i * 7 % 24), channel = (uint8_t)(i % 8);
        assert_int_equal(
            bus_bench_pulse(bench, board, channel, i + 1, 3500 * MS),
            LOCKBUS_OK);
        assert_true(bus_bench_wait(bench, LB_REPORT_ACCEPTED, SEC));
        if (bench->sim.now_us - from > worst) {
            worst = bench->sim.now_us - from;
        }
        bus_bench_for(bench, 600 * MS + i * 777);
        sim_line_leaf(&bench->sim, &bench->sim.board[board], channel, false);
        bus_bench_clear(bench);
    }
    print_message("worst %llu us\n", (unsigned long long)worst);
    assert_true(worst < 60 * MS);
}

static void doors_in_motion_do_not_starve_the_round(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 8);

    bench->sim.board[0].springs = false;
    bus_bench_settle(bench);
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 33, 15 * SEC), LOCKBUS_OK);
    bus_bench_clear(bench);
    uint64_t from = bench->sim.now_us;
    sim_line_leaf(&bench->sim, &bench->sim.board[6], 1, true);
    assert_true(bus_bench_wait(bench, LB_REPORT_LEAF, 2 * SEC));
    assert_true(bench->sim.now_us - from < 400 * MS);
}

struct speed {
    const char *name;
    uint32_t baud;
};

static struct speed speeds[] = {
    {"32 boards at 9600 run at the wire's limit", 9600},
    {"32 boards at 19200 run at the wire's limit", 19200},
    {"32 boards at 38400 run at the wire's limit", 38400},
    {"32 boards at 115200 run at the wire's limit", 115200},
};

static void a_round_takes_what_the_wire_takes(void **state)
{
    const struct speed *row = *state;
    struct bus_bench *bench = malloc(sizeof *bench);

    assert_non_null(bench);
    bus_bench_init(bench, row->baud, 32);
    bus_bench_settle(bench);
    struct lb_bus_counters from, to;
    lb_bus_counters(bench->bus, &from);
    uint64_t began = bench->sim.now_us;
    bus_bench_for(bench, 30 * SEC);
    lb_bus_counters(bench->bus, &to);
    uint64_t limit = sim_line_us(&bench->sim, 8 + 6) +
                     2 * sim_line_quiet_us(&bench->sim) + 2 * MS;
    uint64_t took = (bench->sim.now_us - began) / (to.requests - from.requests);
    print_message("%s: %llu of %llu us\n", row->name, (unsigned long long)took,
                  (unsigned long long)limit);
    assert_true(took * 100 <= limit * 102);
    assert_int_equal(bench->sim.gaps_broken, 0);
    bus_bench_free(bench);
    free(bench);
}

/* At 9600 baud a byte takes a millisecond, and each could wake the host. */
static void a_reply_does_not_wake_the_host_for_each_byte(void **state)
{
    struct bus_bench *bench = bench_of(state, 9600, 4);

    bus_bench_settle(bench);
    struct lb_bus_counters from, to;
    lb_bus_counters(bench->bus, &from);
    uint64_t polls = bench->polls;
    bus_bench_for(bench, 10 * SEC);
    lb_bus_counters(bench->bus, &to);
    uint64_t exchanges = to.requests - from.requests;

    assert_true(exchanges > 300);
    /* sent, all but the last byte, the last; and the rounds' ends */
    assert_true(bench->polls - polls <=
                3 * exchanges + 2 * (to.rounds - from.rounds));
}

static void now_soon_now_late(struct sim_line *sim,
                              struct sim_line_board *board,
                              const uint8_t *request,
                              struct sim_line_reply *reply)
{
    (void)board;
    (void)request;
    reply->delay_us = sim->frames % 3 != 0 ? 6 * MS : 0;
}

/* Nor does one that comes when nobody could know. */
static void an_unsteady_reply_does_not_wake_for_each_byte(void **state)
{
    struct bus_bench *bench = bench_of(state, 9600, 4);

    bench->sim.hook = now_soon_now_late;
    bus_bench_settle(bench);
    uint64_t exchanges = counters(bench).requests, polls = bench->polls;

    bus_bench_for(bench, 10 * SEC);
    exchanges = counters(bench).requests - exchanges;
    assert_true(exchanges > 200);
    /* sent, as early as it may come, first byte, all but the last, the last */
    assert_true(bench->polls - polls <= 5 * exchanges);
    assert_int_equal(counters(bench).timeouts, 0);
}

/* How long a board takes is learnt, also when it takes less from now on. */
static void a_board_that_answers_sooner_is_soon_heard_in_time(void **state)
{
    struct bus_bench *bench = bench_of(state, 115200, 2);

    bench->sim.board[0].turn_us = bench->sim.board[1].turn_us = 30 * MS;
    bus_bench_settle(bench);
    bus_bench_for(bench, 5 * SEC);
    bench->sim.board[0].turn_us = bench->sim.board[1].turn_us = 8 * MS;
    bus_bench_for(bench, 2 * SEC);
    uint64_t exchanges = counters(bench).requests;
    bus_bench_for(bench, 10 * SEC);
    exchanges = counters(bench).requests - exchanges;
    uint64_t limit = sim_line_us(&bench->sim, 8 + 6) +
                     2 * sim_line_quiet_us(&bench->sim) + 8 * MS;

    assert_true(10 * SEC * 100 / exchanges <= limit * 102);
    assert_int_equal(counters(bench).timeouts, 0);
}

/* Between its clock and the line a process may be held up for long. */
static void a_host_that_is_held_up_keeps_the_silence(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 4);

    bench->held_us = 2500;
    bus_bench_settle(bench);
    bus_bench_for(bench, 10 * SEC);
    assert_true(counters(bench).requests > 500);
    assert_int_equal(counters(bench).timeouts, 0);
    assert_int_equal(bench->sim.gaps_broken, 0);
}

/* The port takes nothing for a moment: what was withdrawn meanwhile stays. */
static void a_pulse_that_waits_for_a_full_port_can_be_withdrawn(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 1);

    bus_bench_settle(bench);
    bench->sim.full = true;
    assert_int_equal(bus_bench_pulse(bench, 0, 0, 7, 20 * SEC), LOCKBUS_OK);
    bus_bench_for(bench, 100 * MS);
    lb_bus_cancel(bench->bus, 0, 0);
    bus_bench_for(bench, 100 * MS);
    bench->sim.full = false;
    bus_bench_for(bench, 2 * SEC);
    assert_int_equal(bench->sim.board[0].pulses[0], 0);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_SENT), 0);
}

static void say_nothing(struct sim_line *sim, struct sim_line_board *board,
                        const uint8_t *request, struct sim_line_reply *reply)
{
    (void)request;
    if (board == &sim->board[1]) {
        reply->len = 0;
    }
}

/* A host that always finds bytes must not wait for a reply for ever. */
static void noise_in_every_poll_does_not_keep_a_dead_board_here(void **state)
{
    static const uint8_t junk = 0x55;
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bus_bench_settle(bench);
    bench->sim.hook = say_nothing;
    bench->stall_us = 5 * MS;
    for (int i = 0; i < 4000; i++) { /* 20 s */
        for (uint64_t at = 0; at < 8; at++) {
            sim_line_inject(&bench->sim, &junk, 1,
                            bench->sim.now_us + at * 600);
        }
        bus_bench_for(bench, 5 * MS);
    }
    assert_false(lb_bus_present(bench->bus, 1));
    assert_true(bus_bench_seen_of(bench, LB_REPORT_AWAY, 1) > 0);
}

/* ---- Configuration ------------------------------------------------------ */

static void a_configuration_out_of_range_is_refused(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);
    struct lb_bus *bus = NULL;

    bus_bench_start(bench);
    const struct lb_bus_config good = {.line = sim_line_line(&bench->sim),
                                       .baud = 19200,
                                       .bits_per_byte = 10,
                                       .at_once = 1,
                                       .boards = bench->board,
                                       .board_count = 2};
    struct lb_bus_config bad = good;
    bad.at_once = 0;
    assert_int_equal(lb_bus_new(&bus, &bad), LOCKBUS_ERR_USAGE);
    bad = good;
    bad.bits_per_byte = 9;
    assert_int_equal(lb_bus_new(&bus, &bad), LOCKBUS_ERR_USAGE);
    bad = good;
    bad.board_count = 0;
    assert_int_equal(lb_bus_new(&bus, &bad), LOCKBUS_ERR_USAGE);
    bad = good;
    bad.line.send = NULL;
    assert_int_equal(lb_bus_new(&bus, &bad), LOCKBUS_ERR_USAGE);
    bench->board[1].address = 0;
    assert_int_equal(lb_bus_new(&bus, &good), LOCKBUS_ERR_USAGE);
    bench->board[1].address = 254;
    assert_int_equal(lb_bus_new(&bus, &good), LOCKBUS_ERR_USAGE);
    bench->board[1].address = 1;
    assert_int_equal(lb_bus_new(&bus, &good), LOCKBUS_ERR_USAGE);
    bench->board[1].address = 2;
    bench->board[1].pulse_ms = 550; /* not a whole number of units */
    assert_int_equal(lb_bus_new(&bus, &good), LOCKBUS_ERR_USAGE);
    bench->board[1].pulse_ms = 5000; /* beyond the profile's range */
    assert_int_equal(lb_bus_new(&bus, &good), LOCKBUS_ERR_USAGE);
    assert_null(bus);
    bench->board[1].pulse_ms = 500;
    assert_int_equal(lb_bus_new(&bus, &good), LOCKBUS_OK);
    lb_bus_free(&bus);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* ---- Pulses that the host ends ------------------------------------------ */

static struct bus_bench *levels_of(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 2);

    bench->profile.host_timed = true;
    bench->profile.pulse.base = bench->profile.off.base;
    bench->at_once = 2;
    bench->sim.board[0].levels = bench->sim.board[1].levels = true;
    return bench;
}

/* Whatever happens on the line: nobody else may wake it in time. */
static void is_woken_for_the_quick_ones_off(struct bus_bench *bench)
{
    const struct sim_line_board *quick = &bench->sim.board[1];
    uint64_t end_us = quick->held_from_us[1] + 505 * MS;

    if ((quick->coil_on >> 1 & 1) != 0 &&
        bench->sim.now_us < end_us - 20 * MS) {
        assert_true(lb_bus_next_us(bench->bus) <= end_us);
    }
}

/* A slow board dies while an output of it is on: its off is asked for again
 * and again, but not before the other's. */
static void a_dead_board_does_not_keep_the_others_outputs_on(void **state)
{
    struct bus_bench *bench = levels_of(state);

    bench->sim.board[0].turn_us = 250 * MS;
    bus_bench_settle(bench);
    bench->turned = is_woken_for_the_quick_ones_off;
    for (uint64_t apart = 0; apart <= 400; apart += 50) {
        bench->sim.board[1].held_us[1] = 0;
        bench->sim.board[0].turn_us = 5 * MS; /* for once */
        assert_int_equal(bus_bench_pulse(bench, 0, 0, 1, 4 * SEC), LOCKBUS_OK);
        bus_bench_for(bench, apart * MS);
        assert_int_equal(bus_bench_pulse(bench, 1, 1, 2, 4 * SEC), LOCKBUS_OK);
        bus_bench_for(bench, (400 - apart) * MS);
        bench->sim.board[0].dead = true;
        bus_bench_for(bench, 4 * SEC);
        assert_in_range(bench->sim.board[1].held_us[1], 490 * MS, 504 * MS);
        bench->sim.board[0].dead = false;
        bench->sim.board[0].turn_us = 250 * MS;
        bus_bench_for(bench, 8 * SEC);
        assert_int_equal(bench->sim.board[0].coil_on, 0);
    }
}

/* While the reading that follows one off has to wait for another off, nothing
 * else may begin: it would give way at once, again and again, until the host
 * does nothing else, or is not woken for that off. */
static void an_off_wakes_the_host_while_another_is_read_back(void **state)
{
    struct bus_bench *bench = levels_of(state);
    struct sim_line_board *slow = &bench->sim.board[0];
    struct sim_line_board *quick = &bench->sim.board[1];

    slow->turn_us = 60 * MS;
    bench->stall_us = 50;
    bus_bench_settle(bench);
    for (uint64_t apart = 63; apart < 161; apart += 7) {
        slow->held_us[0] = quick->held_us[1] = 0;
        bus_bench_for(bench, 4 * SEC);
        assert_int_equal(bus_bench_pulse(bench, 0, 0, 1, 3 * SEC), LOCKBUS_OK);
        bus_bench_for(bench, apart * MS);
        assert_int_equal(bus_bench_pulse(bench, 1, 1, 2, 3 * SEC), LOCKBUS_OK);
        bus_bench_for(bench, (585 - apart) * MS);
        lb_bus_ask(bench->bus, 1);
        uint64_t polls = bench->polls;

        bus_bench_for(bench, 100 * MS);
        assert_true(bench->polls - polls < 60);
        bus_bench_for(bench, 3 * SEC);
        assert_in_range(slow->held_us[0], 490 * MS, 510 * MS);
        assert_in_range(quick->held_us[1], 490 * MS, 510 * MS);
    }
}

int main(void)
{
    enum { S = sizeof speeds / sizeof speeds[0] };
    const struct CMUnitTest fixed[] = {
        BENCH(a_board_is_switched_off_and_read_back_before_it_is_back),
        BENCH(a_returned_board_is_switched_off_again),
        BENCH(a_flapping_board_is_switched_off_each_time),
        BENCH(an_output_that_stays_on_refuses_its_board),
        BENCH(wrong_firmware_is_refused_once_and_never_written_to),
        BENCH(a_control_mode_is_refused),
        BENCH(a_board_without_coils_to_read_is_believed),
        BENCH(a_pulse_is_sent_accepted_and_seen),
        BENCH(three_pulses_go_while_the_leaf_stays_shut),
        BENCH(a_further_pulse_needs_a_reading_after_the_rest),
        BENCH(a_stuck_open_sensor_gets_the_first_pulse_only),
        BENCH(an_opened_leaf_ends_the_pulses),
        BENCH(a_channel_rests_between_pulses),
        BENCH(no_more_solenoids_than_at_once),
        BENCH(a_pulse_too_late_is_dropped),
        BENCH(a_pulse_is_over_and_was_watched_before_its_deadline),
        BENCH(a_withdrawn_pulse_is_not_sent),
        BENCH(a_pulse_waits_for_no_request_that_is_not_yet_sent),
        BENCH(what_gave_way_to_a_pulse_is_still_asked),
        BENCH(a_board_that_goes_away_drops_what_was_asked),
        BENCH(a_permit_without_number_or_pulses_is_refused),
        BENCH(stop_switches_every_output_off),
        BENCH(stray_bytes_before_each_reply_cost_nothing),
        BENCH(a_foreign_reply_does_not_end_the_wait),
        BENCH(a_confirmation_damaged_in_any_byte_is_lost),
        BENCH(a_damaged_reading_is_not_believed),
        BENCH(a_damaged_address_is_no_silence),
        BENCH(a_damaged_length_is_no_silence),
        BENCH(a_reading_from_another_address_is_not_believed),
        BENCH(door_seven_is_not_confirmed_by_door_three),
        BENCH(a_late_reading_is_never_taken_for_the_present_one),
        BENCH(what_looks_like_a_lost_reply_does_not_end_the_wait),
        BENCH(a_reply_lost_long_ago_teaches_nothing),
        BENCH(an_exception_to_a_reading_is_no_look_at_the_doors),
        BENCH(an_exception_to_a_pulse_is_not_an_acceptance),
        BENCH(a_bit_read_once_is_not_reported),
        BENCH(a_forced_leaf_is_corroborated_within_two_readings),
        BENCH(a_content_input_is_reported_as_one_and_by_its_level),
        BENCH(a_content_bit_read_once_is_not_reported),
        BENCH(a_content_input_is_no_leaf_to_a_pulse),
        BENCH(an_echoing_line_works),
        BENCH(an_echo_of_a_dead_board_confirms_nothing),
        BENCH(dead_boards_on_an_echoing_line_are_absent),
        BENCH(frames_arrive_in_pieces_and_in_lumps),
        BENCH(a_line_that_never_falls_quiet_loses_boards_not_the_bus),
        BENCH(a_lost_line_is_closed_and_opened_again),
        BENCH(a_loss_of_another_kind_is_told_once_more),
        BENCH(a_pulse_in_hand_when_the_line_goes_is_lost),
        BENCH(dead_boards_cost_one_probe_a_round),
        BENCH(an_open_waits_for_one_exchange_with_eight_of_32_dead),
        BENCH(doors_in_motion_do_not_starve_the_round),
        BENCH(a_reply_does_not_wake_the_host_for_each_byte),
        BENCH(an_unsteady_reply_does_not_wake_for_each_byte),
        BENCH(a_board_that_answers_sooner_is_soon_heard_in_time),
        BENCH(a_host_that_is_held_up_keeps_the_silence),
        BENCH(a_pulse_that_waits_for_a_full_port_can_be_withdrawn),
        BENCH(noise_in_every_poll_does_not_keep_a_dead_board_here),
        BENCH(a_dead_board_does_not_keep_the_others_outputs_on),
        BENCH(an_off_wakes_the_host_while_another_is_read_back),
        BENCH(a_configuration_out_of_range_is_refused),
    };
    enum { F = sizeof fixed / sizeof fixed[0] };
    static struct CMUnitTest tests[F + S];

    memcpy(tests, fixed, sizeof fixed);
    for (size_t i = 0; i < S; i++) {
        tests[F + i] =
            (struct CMUnitTest){.name = speeds[i].name,
                                .test_func = a_round_takes_what_the_wire_takes,
                                .initial_state = &speeds[i]};
    }
    return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
