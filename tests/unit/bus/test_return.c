/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Boards that go and come back: how soon one is asked again, that its outputs
 * are off before it is driven, what each step is told as, and that one that
 * goes on for ever takes nothing from the others.
 */
#include "bus_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEC = 1000000, MS = 1000, LEFT_ON = 0x24 };

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

static uint64_t round_us(const struct bus_bench *bench)
{
    struct lb_bus_state at;

    lb_bus_state(bench->bus, &at);
    return at.round_us;
}

static bool is_pulse(const uint8_t *request)
{
    return request[1] == 5 && (request[4] | request[5]) != 0;
}

/* ---- How soon, and what first ------------------------------------------- */

struct outage {
    char name[80];
    uint64_t us;
    size_t absent; /* others that are away all the time */
};

static const struct {
    const char *name;
    uint64_t us;
} lengths[] = {
    {"0.1 s", 100 * MS},      {"0.3 s", 300 * MS},    {"1 s", 1 * SEC},
    {"3 s", 3 * SEC},         {"10 s", 10 * SEC},     {"60 s", 60 * SEC},
    {"10 min", 600ULL * SEC}, {"1 h", 3600ULL * SEC},
};
static const size_t absents[] = {0, 1, 4, 8, 31};

enum {
    LENGTHS = sizeof lengths / sizeof lengths[0],
    ABSENTS = sizeof absents / sizeof absents[0],
    BOARDS = 32
};

static struct outage outages[LENGTHS * ABSENTS];
static unsigned driven_while_on;
static bool cut_now;

/* Coils that came on with the power must be off before any is driven. */
static void mind_what_is_on(struct sim_line *sim, struct sim_line_board *board,
                            const uint8_t *request,
                            struct sim_line_reply *reply)
{
    if (board == &sim->board[0] && request[1] == 2 && cut_now) {
        cut_now = false;
        board->dead = true;
        reply->len = 0;
    }
    if (board == &sim->board[0] && is_pulse(request) && board->coil_on != 0) {
        driven_while_on++;
    }
}

/* In the middle of a request, so that a short outage is noticed at all. */
static void cut_its_power(struct bus_bench *bench)
{
    cut_now = true;
    for (int i = 0; i < 10000 && cut_now; i++) {
        bus_bench_for(bench, MS);
    }
    assert_true(bench->sim.board[0].dead);
}

static void stay_away(struct bus_bench *bench, uint64_t us)
{
    uint64_t end = bench->sim.now_us + us;

    if (us > 60 * SEC) { /* the host looks now and then, to save our time */
        bus_bench_for(bench, 10 * SEC);
        bench->stall_us = 250 * MS;
        bus_bench_until(bench, end - 10 * SEC);
        bench->stall_us = 0;
    }
    bus_bench_until(bench, end);
}

static void a_board_is_asked_soon_and_off_first(void **state)
{
    const struct outage *row = *state;
    struct bus_bench *bench = malloc(sizeof *bench);
    uint64_t bound = row->absent + 1 > 2 ? row->absent + 1 : 2;

    assert_non_null(bench);
    bus_bench_init(bench, 19200, BOARDS);
    for (size_t i = 0; i < row->absent; i++) {
        bench->sim.board[BOARDS - 1 - i].dead = true;
    }
    bus_bench_settle(bench);
    bench->sim.hook = mind_what_is_on;
    driven_while_on = 0;
    cut_its_power(bench);
    bus_bench_clear(bench);
    stay_away(bench, row->us);

    struct sim_line_board *board = &bench->sim.board[0];
    unsigned asked = board->requests;
    uint64_t rounds = counters(bench).rounds;

    board->coil_on = LEFT_ON;
    board->dead = false;
    for (int i = 0; i < 60000 && board->requests == asked; i++) {
        bus_bench_for(bench, MS);
    }
    assert_int_not_equal(board->requests, asked);
    rounds = counters(bench).rounds - rounds;
    print_message("%s: asked in round %u of %u\n", row->name, (unsigned)rounds,
                  (unsigned)bound);
    assert_true(rounds <= bound);
    /* A person who asks at once is let in, and not over an output left on. */
    bus_bench_clear(bench);
    for (int i = 0;
         i < 1000 && bus_bench_pulse(bench, 0, 0, 7, 20 * SEC) != LOCKBUS_OK;
         i++) {
        bus_bench_for(bench, 10 * MS);
    }
    assert_true(bus_bench_wait(bench, LB_REPORT_ACCEPTED, 10 * SEC));
    assert_int_equal(driven_while_on, 0);
    assert_int_equal(board->coil_on, 0);
    bus_bench_free(bench);
    free(bench);
}

/* ---- One reply, more replies -------------------------------------------- */

static unsigned spoil_next; /* replies of board 1 to a reading */
static enum { NOTHING_COMES, COMES_LATE, COMES_DAMAGED } spoil_how;

static void spoil_readings(struct sim_line *sim, struct sim_line_board *board,
                           const uint8_t *request, struct sim_line_reply *reply)
{
    if (board != &sim->board[1] || request[1] != 2 || spoil_next == 0) {
        return;
    }
    spoil_next--;
    if (spoil_how == NOTHING_COMES) {
        reply->len = 0;
    } else if (spoil_how == COMES_LATE) {
        reply->delay_us = 60 * MS;
    } else {
        reply->bytes[3] ^= 1;
    }
}

static struct bus_bench *spoilt(void **state, unsigned replies)
{
    struct bus_bench *bench = bench_of(state, 19200, 4);

    bus_bench_settle(bench);
    bus_bench_for(bench, SEC);
    bus_bench_clear(bench);
    bench->sim.hook = spoil_readings;
    bench->sim.board[1].coil_on = LEFT_ON;
    spoil_next = replies;
    return bench;
}

static void check_report(const struct bus_bench *bench, size_t at,
                         enum lb_report_kind kind, const char *text)
{
    assert_true(at < bench->count);
    assert_int_equal(bench->report[at].kind, kind);
    assert_int_equal(bench->report[at].board, 1);
    if (text == NULL) {
        assert_null(bench->report[at].text);
    } else {
        assert_string_equal(bench->report[at].text, text);
    }
}

static const char was_off[] = "it answers again; its outputs are off";

static void one_silence_is_told_and_its_outputs_are_off(void **state)
{
    struct bus_bench *bench = spoilt(state, 1);

    spoil_how = NOTHING_COMES;
    bus_bench_for(bench, 3 * SEC);
    assert_int_equal(bench->count, 2);
    check_report(bench, 0, LB_REPORT_MISSED, "it does not answer");
    check_report(bench, 1, LB_REPORT_ANSWERS, was_off);
    assert_int_equal(bench->sim.board[1].coil_on, 0);
    assert_true(lb_bus_present(bench->bus, 1));
}

static void two_silences_are_suspect(void **state)
{
    struct bus_bench *bench = spoilt(state, 2);

    spoil_how = NOTHING_COMES;
    bus_bench_for(bench, 3 * SEC);
    assert_int_equal(bench->count, 3);
    check_report(bench, 0, LB_REPORT_MISSED, "it does not answer");
    check_report(bench, 1, LB_REPORT_SUSPECT, "it does not answer");
    check_report(bench, 2, LB_REPORT_ANSWERS, was_off);
    assert_int_equal(bench->sim.board[1].coil_on, 0);
}

static void three_silences_are_away_and_all_is_checked_again(void **state)
{
    struct bus_bench *bench = spoilt(state, 3);
    size_t leaves = 0;

    spoil_how = NOTHING_COMES;
    bus_bench_for(bench, 5 * SEC);
    check_report(bench, 0, LB_REPORT_MISSED, "it does not answer");
    check_report(bench, 1, LB_REPORT_SUSPECT, "it does not answer");
    check_report(bench, 2, LB_REPORT_AWAY, "it does not answer");
    leaves = bus_bench_seen(bench, LB_REPORT_LEAF);
    assert_int_equal(leaves, bench->profile.channels);
    check_report(bench, 3 + leaves, LB_REPORT_BACK, NULL);
    assert_int_equal(bench->count, 4 + leaves);
    assert_int_equal(bench->sim.board[1].coil_on, 0);
}

/* A reply that comes late, or damaged, shows that there was power. */
static void a_late_reply_leaves_outputs_alone(void **state)
{
    struct bus_bench *bench = spoilt(state, 0);
    unsigned offs = bench->sim.board[1].offs;

    for (size_t i = 0; i < 4; i++) {
        bench->sim.board[i].dead = i != 1; /* nobody talks at that moment */
    }
    bus_bench_for(bench, 5 * SEC);
    bus_bench_clear(bench);
    spoil_how = COMES_LATE;
    spoil_next = 1;
    bus_bench_for(bench, 3 * SEC);
    assert_int_equal(bench->count, 2);
    check_report(bench, 0, LB_REPORT_MISSED, "it does not answer");
    check_report(bench, 1, LB_REPORT_ANSWERS, NULL);
    assert_int_equal(bench->sim.board[1].offs, offs);
}

static void a_damaged_reply_leaves_outputs_alone(void **state)
{
    struct bus_bench *bench = spoilt(state, 1);
    unsigned offs = bench->sim.board[1].offs;

    spoil_how = COMES_DAMAGED;
    bus_bench_for(bench, 3 * SEC);
    assert_int_equal(bench->count, 2);
    check_report(bench, 0, LB_REPORT_MISSED, "its replies arrive damaged");
    check_report(bench, 1, LB_REPORT_ANSWERS, NULL);
    assert_int_equal(bench->sim.board[1].offs, offs);
}

/* Its coil is driven by us: switching the others off does not cut it short. */
static void a_pulse_is_not_cut_by_a_silence_after_it(void **state)
{
    struct bus_bench *bench = spoilt(state, 0);
    const struct sim_line_board *board = &bench->sim.board[1];

    bench->pulse_ms = 1000;
    spoil_how = NOTHING_COMES;
    assert_int_equal(bus_bench_pulse(bench, 1, 3, 9, 5 * SEC), LOCKBUS_OK);
    assert_true(bus_bench_wait(bench, LB_REPORT_ACCEPTED, SEC));
    spoil_next = 1;
    assert_true(bus_bench_wait(bench, LB_REPORT_ANSWERS, 3 * SEC));
    assert_int_equal(board->coil_on, 0);
    assert_true(board->pulse_until_us[3] > 0);
}

static void stays_on(struct sim_line *sim, struct sim_line_board *board,
                     const uint8_t *request, struct sim_line_reply *reply)
{
    spoil_readings(sim, board, request, reply);
    if (board == &sim->board[1] && request[1] == 5 && !is_pulse(request)) {
        board->coil_on = LEFT_ON; /* it says yes and does not obey */
    }
}

static void one_that_stays_on_after_a_silence_is_refused(void **state)
{
    struct bus_bench *bench = spoilt(state, 1);

    spoil_how = NOTHING_COMES;
    bench->sim.hook = stays_on;
    assert_true(bus_bench_wait(bench, LB_REPORT_REFUSED, 5 * SEC));
    assert_string_equal(bus_bench_last(bench, LB_REPORT_REFUSED)->text,
                        "an output reads on after it was switched off");
    assert_int_equal(bus_bench_pulse(bench, 1, 0, 7, 3500 * MS),
                     LOCKBUS_ERR_OFFLINE);
}

static void confirms_no_off(struct sim_line *sim, struct sim_line_board *board,
                            const uint8_t *request,
                            struct sim_line_reply *reply)
{
    spoil_readings(sim, board, request, reply);
    if (board == &sim->board[1] && request[1] == 5) {
        reply->len = 0;
    }
}

static void one_that_confirms_no_off_is_not_used(void **state)
{
    struct bus_bench *bench = spoilt(state, 1);

    spoil_how = NOTHING_COMES;
    bench->sim.hook = confirms_no_off;
    bus_bench_for(bench, 20 * SEC);
    assert_false(lb_bus_present(bench->bus, 1));
    assert_int_equal(bus_bench_pulse(bench, 1, 0, 7, 3500 * MS),
                     LOCKBUS_ERR_OFFLINE);
    assert_true(lb_bus_present(bench->bus, 0));
}

/* ---- Time-outs ---------------------------------------------------------- */

/* A slow board is waited for, and a dead one only as long as it needed when it
 * lived, however slow others are. */
static void each_board_is_waited_for_as_it_needs(void **state)
{
    struct bus_bench *bench = bench_of(state, 19200, 4);

    bench->sim.board[3].turn_us = 80 * MS;
    bus_bench_settle(bench);
    bus_bench_for(bench, 5 * SEC);
    uint64_t timeouts = counters(bench).timeouts;

    bus_bench_for(bench, 60 * SEC);
    assert_int_equal(counters(bench).timeouts, timeouts);
    uint64_t whole = round_us(bench);

    bench->sim.board[0].dead = true;
    bus_bench_for(bench, 20 * SEC);
    uint64_t rounds = counters(bench).rounds, began = bench->sim.now_us;

    timeouts = counters(bench).timeouts;
    bus_bench_for(bench, 20 * SEC);
    rounds = counters(bench).rounds - rounds;
    assert_true(counters(bench).timeouts > timeouts + 20);
    assert_true((bench->sim.now_us - began) / rounds < whole + 20 * MS);
}

/* ---- Boards that come and go -------------------------------------------- */

static uint64_t asked_us, worst_gap_us; /* readings of board 1 */

static void measure_gaps(struct sim_line *sim, const uint8_t *request)
{
    if (request[0] != 2 || request[1] != 2) {
        return;
    }
    if (asked_us != 0 && sim->now_us - asked_us > worst_gap_us) {
        worst_gap_us = sim->now_us - asked_us;
    }
    asked_us = sim->now_us;
}

static uint64_t half_period_us, began_us;

static void comes_and_goes(struct sim_line *sim, struct sim_line_board *board,
                           const uint8_t *request, struct sim_line_reply *reply)
{
    (void)board;
    measure_gaps(sim, request);
    if (request[0] == 1 && sim->now_us / half_period_us % 2 == 0) {
        reply->len = 0;
    }
}

static void answers_the_probe_only(struct sim_line *sim,
                                   struct sim_line_board *board,
                                   const uint8_t *request,
                                   struct sim_line_reply *reply)
{
    (void)board;
    measure_gaps(sim, request);
    if (request[0] == 1 && (request[1] != 3 || request[2] != 0x80)) {
        reply->len = 0;
    }
}

static void is_always_refused(struct sim_line *sim,
                              struct sim_line_board *board,
                              const uint8_t *request,
                              struct sim_line_reply *reply)
{
    measure_gaps(sim, request);
    if (board == &sim->board[0]) {
        board->coil_on = 1; /* whatever it is told */
        reply->len = sim->now_us < began_us + 3 * SEC ? 0 : reply->len;
    }
}

struct flapper {
    const char *name;
    uint64_t half_period_us;
    unsigned told; /* AWAY, BACK and REFUSED, at least */
    void (*hook)(struct sim_line *sim, struct sim_line_board *board,
                 const uint8_t *request, struct sim_line_reply *reply);
};

static struct flapper flappers[] = {
    {"one here for 0.3 s and away for 0.3 s starves nobody", 300 * MS, 0,
     comes_and_goes},
    {"one here for 2 s and away for 2 s starves nobody", 2 * SEC, 100,
     comes_and_goes},
    {"one here for 1 s and away for 1 s starves nobody", SEC, 50,
     comes_and_goes},
    {"one that answers probes and no check starves nobody", 0, 1,
     answers_the_probe_only},
    {"one that never switches off starves nobody", 0, 2, is_always_refused},
};

static void a_flapper_starves_nobody(void **state)
{
    const struct flapper *row = *state;
    struct bus_bench *bench = malloc(sizeof *bench);
    uint64_t worst_open = 0;

    assert_non_null(bench);
    bus_bench_init(bench, 19200, 8);
    bus_bench_settle(bench);
    bus_bench_for(bench, SEC);
    uint64_t whole = round_us(bench);

    bus_bench_clear(bench);
    half_period_us = row->half_period_us;
    began_us = bench->sim.now_us;
    bench->sim.hook = row->hook;
    asked_us = worst_gap_us = 0;
    for (uint32_t i = 0; i < 600; i++) { /* ten minutes */
        uint8_t board = (uint8_t)(1 + i % 7), channel = (uint8_t)(i / 7 % 8);
        uint64_t from = bench->sim.now_us;
        uint8_t kinds = 0;

        assert_int_equal(
            bus_bench_pulse(bench, board, channel, i + 1, 3500 * MS),
            LOCKBUS_OK);
        while (kinds == 0) {
            assert_true(bench->sim.now_us < from + SEC);
            bus_bench_for(bench, MS);
            kinds = bench->sim.board[board].pulse_from_us[channel] > from;
        }
        uint64_t took = bench->sim.board[board].pulse_from_us[channel] - from;

        worst_open = took > worst_open ? took : worst_open;
        sim_line_leaf(&bench->sim, &bench->sim.board[board], channel, false);
        bus_bench_until(bench, from + SEC);
    }
    size_t told = bus_bench_seen_of(bench, LB_REPORT_AWAY, 0) +
                  bus_bench_seen_of(bench, LB_REPORT_BACK, 0) +
                  bus_bench_seen_of(bench, LB_REPORT_REFUSED, 0);

    print_message("round %u us, worst gap %u us, worst open %u us, %u told\n",
                  (unsigned)whole, (unsigned)worst_gap_us, (unsigned)worst_open,
                  (unsigned)told);
    /* Doors in motion and the board that appears have a turn for each of the
     * round's; a probe may time out in each of them. */
    assert_true(worst_gap_us < 4 * whole);
    /* One exchange, at worst one that times out, then the pulse. */
    assert_true(worst_open < 45 * MS);
    /* At most every five seconds, once it is known for what it is. */
    assert_in_range(told, row->told, 2 * 600 / 5 + 20);
    for (uint8_t b = 1; b < 8; b++) {
        assert_true(lb_bus_present(bench->bus, b));
        assert_int_equal(bus_bench_seen_of(bench, LB_REPORT_MISSED, b), 0);
    }
    bus_bench_free(bench);
    free(bench);
}

/* ---- A door that is being opened while others appear -------------------- */

static void a_jammed_door_is_read_while_others_attach(void **state)
{
    struct bus_bench *bench = bench_of(state, 9600, 4);
    uint64_t end = 0;

    bench->sim.board[0].springs = false;
    bus_bench_start(bench);
    assert_true(bus_bench_wait(bench, LB_REPORT_BACK, 5 * SEC));
    assert_true(lb_bus_present(bench->bus, 0));
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 5, 20 * SEC), LOCKBUS_OK);
    end = bench->sim.now_us + 20 * SEC;
    while (bench->sim.now_us < end) {
        assert_true(bench->sim.now_us - lb_bus_read_us(bench->bus, 0) < SEC);
        bus_bench_for(bench, MS);
    }
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_BACK), 4);
    assert_int_equal(bench->sim.board[0].pulses[3], 3);
}

/* 32 boards at 9600 baud take nearly a second a round, and probes come to it:
 * the permit outlasts the pulses. */
static void a_jammed_door_is_read_until_its_permit_ends(void **state)
{
    struct bus_bench *bench = bench_of(state, 9600, 32);
    uint64_t end = 0;

    bench->sim.board[0].springs = false;
    for (size_t i = 0; i < 31; i++) {
        bench->sim.board[i + 1].turn_us = 15 * MS;
    }
    bus_bench_settle(bench);
    bus_bench_for(bench, 3 * SEC);
    assert_true(round_us(bench) > SEC);
    assert_int_equal(bus_bench_pulse(bench, 0, 3, 5, 20 * SEC), LOCKBUS_OK);
    end = bench->sim.now_us + 20 * SEC;
    bus_bench_for(bench, SEC);
    while (bench->sim.now_us < end) {
        assert_true(bench->sim.now_us - lb_bus_read_us(bench->bus, 0) < SEC);
        bus_bench_for(bench, MS);
    }
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    enum { FLAPPERS = sizeof flappers / sizeof flappers[0] };
    const struct CMUnitTest fixed[] = {
        BENCH(one_silence_is_told_and_its_outputs_are_off),
        BENCH(two_silences_are_suspect),
        BENCH(three_silences_are_away_and_all_is_checked_again),
        BENCH(a_late_reply_leaves_outputs_alone),
        BENCH(a_damaged_reply_leaves_outputs_alone),
        BENCH(a_pulse_is_not_cut_by_a_silence_after_it),
        BENCH(one_that_stays_on_after_a_silence_is_refused),
        BENCH(one_that_confirms_no_off_is_not_used),
        BENCH(each_board_is_waited_for_as_it_needs),
        BENCH(a_jammed_door_is_read_while_others_attach),
        BENCH(a_jammed_door_is_read_until_its_permit_ends),
    };
    enum { FIXED = sizeof fixed / sizeof fixed[0], ROWS = LENGTHS * ABSENTS };
    static struct CMUnitTest tests[FIXED + FLAPPERS + ROWS];
    size_t count = FIXED;

    memcpy(tests, fixed, sizeof fixed);
    for (size_t i = 0; i < FLAPPERS; i++) {
        tests[count++] =
            (struct CMUnitTest){.name = flappers[i].name,
                                .test_func = a_flapper_starves_nobody,
                                .initial_state = &flappers[i]};
    }
    for (size_t i = 0; i < ROWS; i++) {
        outages[i].us = lengths[i % LENGTHS].us;
        outages[i].absent = absents[i / LENGTHS];
        (void)snprintf(outages[i].name, sizeof outages[i].name,
                       "off for %s beside %u absent boards",
                       lengths[i % LENGTHS].name,
                       (unsigned)absents[i / LENGTHS]);
        tests[count++] = (struct CMUnitTest){
            .name = outages[i].name,
            .test_func = a_board_is_asked_soon_and_off_first,
            .initial_state = &outages[i]};
    }
    return cmocka_run_group_tests_name("return", tests, NULL, NULL);
}
