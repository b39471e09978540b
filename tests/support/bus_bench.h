/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BUS_BENCH_H
#define BUS_BENCH_H

/* A bus on a simulated line, run on the virtual clock, with its reports. */
#include "bus/bus.h"
#include "sim_line.h"

enum { BUS_BENCH_REPORTS = 4096 };

struct bus_bench {
    struct sim_line sim;
    struct lb_bus *bus;
    struct lb_profile profile;
    struct lb_bus_board board[LB_BUS_BOARDS];
    size_t boards;
    uint8_t at_once;
    uint32_t pulse_ms, rest_ms;
    uint32_t content, full_is; /* of every board */
    uint64_t stall_us;         /* the host looks only so often; 0: at once */
    uint64_t held_us; /* so long the host is held up in every other poll,
                       * between its clock and the line */
    uint64_t told_us; /* what it was told last */
    uint64_t polls;   /* how often the host woke */
    size_t count;     /* reports kept, ROUND left out */
    struct lb_report report[BUS_BENCH_REPORTS];
    /* Sees each report as it comes, before anything else moves. */
    void (*watch)(struct bus_bench *bench, const struct lb_report *report);
    /* Sees the bus after each poll, before its reports are taken. */
    void (*turned)(struct bus_bench *bench);
};

/* `boards` boards with addresses from 1, nothing started. */
void bus_bench_init(struct bus_bench *bench, uint32_t baud, size_t boards);
void bus_bench_start(struct bus_bench *bench);
void bus_bench_free(struct bus_bench *bench);

/* Runs until that time. */
void bus_bench_until(struct bus_bench *bench, uint64_t until_us);
void bus_bench_for(struct bus_bench *bench, uint64_t us);
/* Runs until such a report comes; false: not within `us`. */
bool bus_bench_wait(struct bus_bench *bench, enum lb_report_kind kind,
                    uint64_t us);
/* Starts and runs until every living board is back. */
void bus_bench_settle(struct bus_bench *bench);

size_t bus_bench_seen(const struct bus_bench *bench, enum lb_report_kind kind);
size_t bus_bench_seen_of(const struct bus_bench *bench,
                         enum lb_report_kind kind, uint8_t board);
/* The last such report; NULL: none. */
const struct lb_report *bus_bench_last(const struct bus_bench *bench,
                                       enum lb_report_kind kind);
void bus_bench_clear(struct bus_bench *bench);

/* A permit of three pulses for a channel, `us` from now. */
enum lockbus_err bus_bench_pulse(struct bus_bench *bench, uint8_t board,
                                 uint8_t channel, uint32_t ref, uint64_t us);

#endif
