/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BOARD_BENCH_H
#define BOARD_BENCH_H

/*
 * A bus of the library and boards of the simulator on a line of 9600 baud,
 * with a virtual clock. The boards share no code with the library.
 */

#include "board.h"
#include "wire.h"

#include "bus/bus.h"

enum {
    BENCH_BOARDS = 3,
    BENCH_REPORTS = 512,
    BENCH_BYTES = 2048,
    BENCH_STEP_US = 500,
    BENCH_REF = 7,
    BENCH_SECOND = 1000000
};

struct bench {
    struct sim_wire wire;
    struct sim_board board[BENCH_BOARDS];
    struct lb_profile profile[BENCH_BOARDS];
    size_t boards;
    struct lb_bus *bus; /* NULL: nobody polls, time goes on all the same */
    uint32_t pulse_ms;
    uint8_t at_once;
    uint64_t now_us;
    bool babble; /* the line is never quiet */
    bool deaf;   /* nobody takes the reports */
    bool untold; /* the bus is not told that a host may end pulses */
    /* sees each request before the boards do */
    void (*request)(struct bench *bench, const uint8_t *bytes, size_t len);
    size_t rx_len, reports;
    uint8_t rx[BENCH_BYTES];
    struct lb_report report[BENCH_REPORTS];
};

/* No board yet; time begins. */
struct bench *bench_new(uint32_t pulse_ms);
void bench_free(struct bench *bench);

/* Another board at the next address, of this profile and this kind. */
void bench_add(struct bench *bench, const char *profile, const char *kind);

/* The board becomes one of this kind, as a technician would leave it: outputs
 * off, doors shut. */
void bench_fit(struct bench *bench, size_t board, const char *kind);

/* A process starts, or dies without a word. */
enum lockbus_err bench_try_start(struct bench *bench);
void bench_start(struct bench *bench);
void bench_kill(struct bench *bench);

void bench_step(struct bench *bench);
void bench_run(struct bench *bench, uint64_t us);

/* The last such report; NULL: none. */
const struct lb_report *bench_last(const struct bench *bench,
                                   enum lb_report_kind kind);
size_t bench_count(const struct bench *bench, enum lb_report_kind kind);

/* Somebody has left an output on. */
void bench_leave_on(struct bench *bench, size_t board, size_t channel);

/* How often a board's outputs were switched on. */
unsigned bench_drives(const struct bench *bench, size_t board);

/* A permit of one pulse, ten seconds from now. */
enum lockbus_err bench_pulse(struct bench *bench, uint8_t board,
                             uint8_t channel);

#endif
