/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * How long an open waits: from the permit to the last byte of its request, at
 * 19200 baud, on a bus of 32 boards with 24 inputs each. The line is never
 * idle, so what it waits for is the exchange on the wire, at worst one that
 * times out.
 */
#include "bus_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEC = 1000000, MS = 1000, BOARDS = 32, CHANNELS = 24, OPENS = 1000 };

struct row {
    const char *name;
    size_t dead;
    uint32_t late_in_1000; /* replies */
    uint64_t p99_us;       /* at most */
};

static struct row rows[] = {
    {"all of 32 boards are there: p99 within 45 ms", 0, 0, 45 * MS},
    {"4 of 32 boards are dead: p99 within 45 ms", 4, 0, 45 * MS},
    {"8 of 32 boards are dead: p99 within 45 ms", 8, 0, 45 * MS},
    {"1 % of replies 60 ms late: p99 within 60 ms", 0, 10, 60 * MS},
    {"1 % of replies 60 ms late, 8 dead: p99 within 60 ms", 8, 10, 60 * MS},
};

static uint64_t seed;
static const struct row *now;
static uint64_t waited_us[OPENS];

static uint32_t roll(uint32_t sides)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(seed >> 33) % sides;
}

static void some_are_late(struct sim_line *sim, struct sim_line_board *board,
                          const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board, (void)request;
    if (roll(1000) < now->late_in_1000) {
        reply->delay_us = 60 * MS;
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Starts a bus whose dead boards were asked for once. */
static void start(struct bus_bench *bench)
{
    bus_bench_init(bench, 19200, BOARDS);
    bench->sim.bits = 11; /* 8E1, as BUS lines have it */
    bench->profile.channels = CHANNELS;
    bench->at_once = 16;
    for (size_t i = 0; i < BOARDS; i++) {
        bench->sim.board[i].channels = CHANNELS;
        bench->sim.board[i].dead = i >= BOARDS - now->dead;
    }
    bus_bench_settle(bench);
    bus_bench_for(bench, 10 * SEC);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_BACK), BOARDS - now->dead);
    bus_bench_clear(bench);
    bench->sim.hook = some_are_late;
}

/* Its request is sent, or the test fails: nothing but time-outs goes wrong. */
static uint64_t wait_of_one(struct bus_bench *bench, uint32_t n)
{
    uint8_t board = (uint8_t)(n * 7 % (BOARDS - now->dead));
    uint8_t channel = (uint8_t)(n % CHANNELS);
    const struct lb_permit permit = {.ref = n + 1, .pulses = 1};
    uint64_t from = 0;

    bus_bench_for(bench, 50 * MS + roll(100 * MS));
    from = bench->sim.now_us;
    assert_int_equal(
        lb_bus_pulse(bench->bus, board, channel, &permit, from + 20 * SEC),
        LOCKBUS_OK);
    while (bus_bench_last(bench, LB_REPORT_SENT) == NULL) {
        assert_true(bench->sim.now_us < from + SEC);
        bus_bench_for(bench, MS);
    }
    uint64_t took = bus_bench_last(bench, LB_REPORT_SENT)->at_us - from;

    assert_int_equal(bus_bench_last(bench, LB_REPORT_SENT)->ref, n + 1);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_DROPPED), 0);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_AWAY), 0);
    assert_int_equal(bus_bench_seen(bench, LB_REPORT_REFUSED), 0);
    bus_bench_for(bench, 20 * MS);
    sim_line_leaf(&bench->sim, &bench->sim.board[board], channel, false);
    bus_bench_clear(bench);
    return took;
}

static void an_open_waits_for_one_exchange(void **state)
{
    struct bus_bench *bench = malloc(sizeof *bench);

    assert_non_null(bench);
    now = *state;
    seed = 20260;
    start(bench);
    for (uint32_t n = 0; n < OPENS; n++) {
        waited_us[n] = wait_of_one(bench, n);
    }
    qsort(waited_us, OPENS, sizeof waited_us[0], by_size);
    print_message("%s: p50 %u, p99 %u, worst %u us\n", now->name,
                  (unsigned)waited_us[OPENS / 2],
                  (unsigned)waited_us[OPENS * 99 / 100],
                  (unsigned)waited_us[OPENS - 1]);
    assert_true(waited_us[OPENS * 99 / 100] <= now->p99_us);
    assert_int_equal(bench->sim.gaps_broken, 0);
    bus_bench_free(bench);
    free(bench);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static struct CMUnitTest tests[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        tests[i] =
            (struct CMUnitTest){.name = rows[i].name,
                                .test_func = an_open_waits_for_one_exchange,
                                .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("opens", tests, NULL, NULL);
}
