/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "bus_bench.h"

#include <stdlib.h>
#include <string.h>

void bus_bench_init(struct bus_bench *bench, uint32_t baud, size_t boards)
{
    memset(bench, 0, sizeof *bench);
    sim_line_init(&bench->sim, baud);
    bench->profile = (struct lb_profile){
        .name = "bench",
        .channels = 8,
        .pulse = {5, 0x0200, 0},
        .off = {5, 0x0000, 0},
        .leaf = {2, 0x0000, 0},
        .pulse_unit_ms = 100,
        .pulse_min_ms = 200,
        .pulse_max_ms = 1000,
        .leaf_is_read = true,
        .checks = 2,
        .check = {{"firmware", 3, 0x8000, false, 200},
                  {"control_modes", 3, 0x1000, true, 0}},
    };
    bench->boards = boards;
    bench->at_once = 2;
    bench->pulse_ms = 500;
    bench->rest_ms = 1000;
    for (size_t i = 0; i < boards; i++) {
        (void)sim_line_add(&bench->sim, (uint8_t)(i + 1));
    }
    bench->sim.user = bench;
}

static uint64_t since(const void *user)
{
    const struct bus_bench *bench = user;

    return bench->sim.now_us - bench->told_us;
}

void bus_bench_start(struct bus_bench *bench)
{
    struct lb_bus_config config = {.line = sim_line_line(&bench->sim),
                                   .baud = bench->sim.baud,
                                   .bits_per_byte = bench->sim.bits,
                                   .at_once = bench->at_once,
                                   .boards = bench->board,
                                   .board_count = bench->boards,
                                   .host_timed = bench->profile.host_timed,
                                   .since = since,
                                   .since_user = bench};

    for (size_t i = 0; i < bench->boards; i++) {
        bench->board[i] = (struct lb_bus_board){.address = (uint8_t)(i + 1),
                                                .profile = &bench->profile,
                                                .pulse_ms = bench->pulse_ms,
                                                .rest_ms = bench->rest_ms,
                                                .shut_is = true,
                                                .content = bench->content,
                                                .full_is = bench->full_is};
    }
    if (lb_bus_new(&bench->bus, &config) != LOCKBUS_OK) {
        abort();
    }
}

void bus_bench_free(struct bus_bench *bench)
{
    lb_bus_free(&bench->bus);
}

static void collect(struct bus_bench *bench)
{
    struct lb_report report;

    while (lb_bus_next(bench->bus, &report)) {
        if (bench->watch != NULL) {
            bench->watch(bench, &report);
        }
        if (report.kind != LB_REPORT_ROUND &&
            bench->count < BUS_BENCH_REPORTS) {
            bench->report[bench->count++] = report;
        }
    }
}

static void turn(struct bus_bench *bench, uint64_t until_us)
{
    uint64_t next = lb_bus_next_us(bench->bus);
    uint64_t line = sim_line_next_us(&bench->sim);

    /* As epoll would: bytes wake the host only while the bus listens. */
    if (line < next &&
        (lb_bus_listens(bench->bus) || lb_bus_fd(bench->bus) < 0)) {
        next = line;
    }
    if (next < bench->sim.now_us + bench->stall_us) {
        next = bench->sim.now_us + bench->stall_us;
    }
    if (next > until_us) {
        next = until_us;
    }
    sim_line_advance(&bench->sim, next);
    bench->told_us = bench->sim.now_us;
    if (bench->polls % 2 != 0) {
        sim_line_advance(&bench->sim, next + bench->held_us);
    }
    lb_bus_poll(bench->bus, bench->told_us);
    bench->polls++;
    if (bench->turned != NULL) {
        bench->turned(bench);
    }
    collect(bench);
}

void bus_bench_until(struct bus_bench *bench, uint64_t until_us)
{
    do {
        turn(bench, until_us);
    } while (bench->sim.now_us < until_us);
}

void bus_bench_for(struct bus_bench *bench, uint64_t us)
{
    bus_bench_until(bench, bench->sim.now_us + us);
}

bool bus_bench_wait(struct bus_bench *bench, enum lb_report_kind kind,
                    uint64_t us)
{
    uint64_t end = bench->sim.now_us + us;
    size_t from = bench->count;

    while (bench->sim.now_us < end) {
        turn(bench, end);
        for (; from < bench->count; from++) {
            if (bench->report[from].kind == kind) {
                return true;
            }
        }
    }
    return false;
}

void bus_bench_settle(struct bus_bench *bench)
{
    size_t alive = 0;

    for (size_t i = 0; i < bench->boards; i++) {
        alive += bench->sim.board[i].dead ? 0 : 1;
    }
    bus_bench_start(bench);
    for (int i = 0; i < 1000 && bus_bench_seen(bench, LB_REPORT_BACK) < alive;
         i++) {
        bus_bench_for(bench, 50000);
    }
    bus_bench_for(bench, 200000);
}

size_t bus_bench_seen(const struct bus_bench *bench, enum lb_report_kind kind)
{
    size_t seen = 0;

    for (size_t i = 0; i < bench->count; i++) {
        seen += bench->report[i].kind == kind ? 1 : 0;
    }
    return seen;
}

size_t bus_bench_seen_of(const struct bus_bench *bench,
                         enum lb_report_kind kind, uint8_t board)
{
    size_t seen = 0;

    for (size_t i = 0; i < bench->count; i++) {
        seen += bench->report[i].kind == kind && bench->report[i].board == board
                    ? 1
                    : 0;
    }
    return seen;
}

const struct lb_report *bus_bench_last(const struct bus_bench *bench,
                                       enum lb_report_kind kind)
{
    for (size_t i = bench->count; i > 0; i--) {
        if (bench->report[i - 1].kind == kind) {
            return &bench->report[i - 1];
        }
    }
    return NULL;
}

void bus_bench_clear(struct bus_bench *bench)
{
    bench->count = 0;
}

enum lockbus_err bus_bench_pulse(struct bus_bench *bench, uint8_t board,
                                 uint8_t channel, uint32_t ref, uint64_t us)
{
    const struct lb_permit permit = {.ref = ref, .pulses = LB_PERMIT_PULSES};

    return lb_bus_pulse(bench->bus, board, channel, &permit,
                        bench->sim.now_us + us);
}
