/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board_bench.h"

#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- A line to the simulated boards -------------------------------------- */

static enum lockbus_err line_open(void *user, struct lockbus_error *why)
{
    (void)user;
    (void)why;
    return LOCKBUS_OK;
}

static enum lockbus_err line_send(void *user, const uint8_t *bytes, size_t len,
                                  size_t *sent)
{
    struct bench *bench = user;

    if (bench->request != NULL) {
        bench->request(bench, bytes, len);
    }
    sim_wire_receive(&bench->wire, bench->now_us * 1000, bytes, len);
    *sent = len;
    return LOCKBUS_OK;
}

static enum lockbus_err line_receive(void *user, uint8_t *bytes, size_t cap,
                                     size_t *received)
{
    struct bench *bench = user;
    size_t len = bench->rx_len < cap ? bench->rx_len : cap;

    memcpy(bytes, bench->rx, len);
    bench->rx_len -= len;
    memmove(bench->rx, bench->rx + len, bench->rx_len);
    *received = len;
    return LOCKBUS_OK;
}

static int line_fd(void *user)
{
    (void)user;
    return -1;
}

static void line_close(void *user)
{
    (void)user;
}

/* ---- Time ---------------------------------------------------------------- */

static void collect(struct bench *bench)
{
    while (!bench->deaf && bench->reports < BENCH_REPORTS &&
           lb_bus_next(bench->bus, &bench->report[bench->reports])) {
        if (bench->report[bench->reports].kind != LB_REPORT_ROUND) {
            bench->reports++;
        }
    }
}

void bench_step(struct bench *bench)
{
    const uint8_t *out = NULL;

    bench->now_us += BENCH_STEP_US;
    for (size_t i = 0; i < bench->boards; i++) {
        sim_board_advance(&bench->board[i], bench->now_us * 1000);
    }
    size_t len = sim_wire_due(&bench->wire, bench->now_us * 1000, &out);

    assert_true(bench->rx_len + len + 1 <= sizeof bench->rx);
    memcpy(bench->rx + bench->rx_len, out, len);
    bench->rx_len += len;
    if (bench->babble) {
        bench->rx[bench->rx_len++] = 0xFF;
    }
    if (bench->bus == NULL) {
        bench->rx_len = 0;
        return;
    }
    lb_bus_poll(bench->bus, bench->now_us);
    collect(bench);
}

void bench_run(struct bench *bench, uint64_t us)
{
    for (uint64_t end = bench->now_us + us; bench->now_us < end;) {
        bench_step(bench);
    }
}

const struct lb_report *bench_last(const struct bench *bench,
                                   enum lb_report_kind kind)
{
    for (size_t i = bench->reports; i-- > 0;) {
        if (bench->report[i].kind == kind) {
            return &bench->report[i];
        }
    }
    return NULL;
}

size_t bench_count(const struct bench *bench, enum lb_report_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < bench->reports; i++) {
        count += bench->report[i].kind == kind ? 1 : 0;
    }
    return count;
}

/* ---- Boards -------------------------------------------------------------- */

static void load(struct lb_profile *profile, const char *name)
{
    char path[512];
    uint8_t text[8192];
    size_t len = 0;
    struct lockbus_error why = {0};

    (void)snprintf(path, sizeof path, LB_SOURCE_DIR "/profiles/%s.ini", name);
    assert_int_equal(
        lb_file_read(path, text, sizeof text, &len, LB_FILE_ANY, &why),
        LOCKBUS_OK);
    if (lb_profile_parse(profile, name, (const char *)text, len, &why) !=
        LOCKBUS_OK) {
        fail_msg("%s:%u: %s: %s", name, why.line, why.field, why.text);
    }
}

void bench_fit(struct bench *bench, size_t board, const char *kind)
{
    const struct sim_model *model = sim_model_find(kind);
    struct sim_board *at = &bench->board[board];

    assert_non_null(model);
    sim_board_init(at, model);
    at->address = (uint8_t)(board + 1);
    for (size_t i = 0; i < model->channels; i++) {
        (void)snprintf(at->door[i].label, SIM_LABEL_LEN, "%c%zu",
                       (char)('A' + board), i + 1);
        at->door[i].fitted = true;
        at->door[i].shut_is = true;
    }
    sim_board_advance(at, bench->now_us * 1000);
}

void bench_add(struct bench *bench, const char *profile, const char *kind)
{
    assert_true(bench->boards < BENCH_BOARDS);
    load(&bench->profile[bench->boards], profile);
    bench_fit(bench, bench->boards, kind);
    bench->wire.board_count = ++bench->boards;
}

struct bench *bench_new(uint32_t pulse_ms)
{
    const struct sim_wire_settings settings = {.baud = 9600,
                                               .bits = 10,
                                               .turnaround_ns = 2 * SIM_MS,
                                               .seed = 1,
                                               .strict = true};
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    bench->now_us = BENCH_SECOND;
    bench->pulse_ms = pulse_ms;
    bench->at_once = 1;
    sim_wire_init(&bench->wire, &settings);
    bench->wire.board = bench->board;
    return bench;
}

void bench_start(struct bench *bench)
{
    assert_int_equal(bench_try_start(bench), LOCKBUS_OK);
}

enum lockbus_err bench_try_start(struct bench *bench)
{
    struct lb_bus_board board[BENCH_BOARDS] = {{0}};
    struct lb_bus_config config = {
        .line = {.size = sizeof config.line,
                 .user = bench,
                 .open = line_open,
                 .send = line_send,
                 .receive = line_receive,
                 .fd = line_fd,
                 .close = line_close},
        .baud = 9600,
        .bits_per_byte = 10,
        .at_once = bench->at_once,
        .boards = board,
        .board_count = bench->boards,
    };

    for (size_t i = 0; i < bench->boards; i++) {
        board[i] = (struct lb_bus_board){.address = (uint8_t)(i + 1),
                                         .profile = &bench->profile[i],
                                         .pulse_ms = bench->pulse_ms,
                                         .rest_ms = 2000,
                                         .shut_is = true};
        config.host_timed = config.host_timed || bench->profile[i].host_timed;
    }
    config.host_timed = config.host_timed && !bench->untold;
    return lb_bus_new(&bench->bus, &config);
}

void bench_kill(struct bench *bench)
{
    lb_bus_free(&bench->bus);
    bench->rx_len = 0;
}

void bench_free(struct bench *bench)
{
    lb_bus_free(&bench->bus);
    free(bench);
}

void bench_leave_on(struct bench *bench, size_t board, size_t channel)
{
    sim_board_drive(&bench->board[board], channel, true, SIM_NEVER);
    if (bench->board[board].model == &sim_tequ_1ch) {
        bench->board[board].mode[0] |= 1;
    }
}

unsigned bench_drives(const struct bench *bench, size_t board)
{
    unsigned count = 0;

    for (size_t i = 0; i < bench->board[board].model->channels; i++) {
        count += bench->board[board].door[i].pulses;
    }
    return count;
}

enum lockbus_err bench_pulse(struct bench *bench, uint8_t board,
                             uint8_t channel)
{
    const struct lb_permit permit = {.ref = BENCH_REF, .pulses = 1};

    return lb_bus_pulse(bench->bus, board, channel, &permit,
                        bench->now_us + 10 * (uint64_t)BENCH_SECOND);
}
