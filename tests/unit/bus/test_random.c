/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Seeded trouble of every kind at once, for a quarter of a million exchanges:
 * whatever is reported must be true of the simulated boards.
 */
#include "bus_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MS = 1000, SEC = 1000000, BOARDS = 8, EXCHANGES = 64000 };

static uint64_t seed;
static unsigned stale, wrong, accepted;
static unsigned confirmed[BOARDS][8];

static uint32_t roll(uint32_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 20) % sides;
}

static void trouble(struct sim_line *sim, struct sim_line_board *board,
                    const uint8_t *request, struct sim_line_reply *reply)
{
    (void)sim, (void)board, (void)request;
    if (reply->len == 0) {
        return;
    }
    switch (roll(60)) {
    case 0:
        reply->len = 0;
        break;
    case 1: /* late, but not beyond what a board is trusted to be */
        reply->delay_us = roll(200 * MS);
        break;
    case 2:
        reply->bytes[roll((uint32_t)reply->len)] ^= (uint8_t)(1 + roll(255));
        break;
    case 3:
        reply->len = roll((uint32_t)reply->len);
        break;
    case 4:
        memmove(reply->bytes + 3, reply->bytes, reply->len);
        reply->bytes[0] = request[0];
        reply->bytes[1] = request[1];
        reply->bytes[2] = (uint8_t)roll(256);
        reply->len += 3;
        break;
    case 5: /* another board's reply, well formed */
        reply->bytes[0] = (uint8_t)(1 + roll(247));
        reply->len = sim_line_seal(reply->bytes, reply->len - 2);
        if (reply->bytes[0] == request[0]) {
            reply->len = 0;
        }
        break;
    case 6: /* said twice */
        memcpy(reply->bytes + reply->len, reply->bytes, reply->len);
        reply->len *= 2;
        break;
    default:
        break;
    }
}

static void check(struct bus_bench *bench, const struct lb_report *report)
{
    if (report->kind == LB_REPORT_LEAF) {
        const struct sim_line_board *board = &bench->sim.board[report->board];
        bool open = (board->sampled >> report->channel & 1) == 0;

        if (open != report->leaf_open) { /* an earlier request's answer */
            stale++;
        }
    } else if (report->kind == LB_REPORT_ACCEPTED) {
        accepted++;
        confirmed[report->board][report->channel]++;
        if (report->ref != (uint32_t)report->board * 8 + report->channel + 1 ||
            confirmed[report->board][report->channel] >
                bench->sim.board[report->board].pulses[report->channel]) {
            wrong++;
        }
    }
}

static void disturb(struct bus_bench *bench)
{
    uint8_t b = (uint8_t)roll(BOARDS), c = (uint8_t)roll(8);
    struct sim_line_board *board = &bench->sim.board[b];

    switch (roll(8)) {
    case 0:
    case 1:
    case 2:
        if (bus_bench_pulse(bench, b, c, (uint32_t)b * 8 + c + 1,
                            roll(4 * SEC)) != LOCKBUS_OK) {
            return;
        }
        break;
    case 3:
        board->dead = roll(10) == 0;
        break;
    default:
        sim_line_leaf(&bench->sim, board, c, roll(2) == 0);
        break;
    }
}

static void storm(uint64_t first, bool echo)
{
    struct bus_bench *bench = malloc(sizeof *bench);
    struct lb_bus_counters count = {0};

    assert_non_null(bench);
    seed = first;
    stale = wrong = accepted = 0;
    memset(confirmed, 0, sizeof confirmed);
    bus_bench_init(bench, 115200, BOARDS);
    bench->sim.echo = echo;
    bench->watch = check;
    bench->sim.hook = trouble;
    bus_bench_start(bench);
    while (count.requests < EXCHANGES) {
        bus_bench_for(bench, 1 + roll(100 * MS));
        disturb(bench);
        bus_bench_clear(bench);
        lb_bus_counters(bench->bus, &count);
    }
    print_message("%llu exchanges, %u accepted, %llu time-outs, %llu late, "
                  "%u stale, %u wrong\n",
                  (unsigned long long)count.requests, accepted,
                  (unsigned long long)count.timeouts,
                  (unsigned long long)count.late, stale, wrong);
    assert_int_equal(stale, 0);
    assert_int_equal(wrong, 0);
    assert_true(accepted > 100);
    bus_bench_free(bench);
    free(bench);
}

static void nothing_wrong_or_stale_is_reported_in_a_storm(void **state)
{
    (void)state;
    storm(1, false);
    storm(0x9E3779B97F4A7C15, false);
    storm(4711, false);
}

static void nor_on_a_line_that_echoes(void **state)
{
    (void)state;
    storm(815, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_wrong_or_stale_is_reported_in_a_storm),
        cmocka_unit_test(nor_on_a_line_that_echoes),
    };
    return cmocka_run_group_tests_name("bus storm", tests, NULL, NULL);
}
