/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * How long a pulse waits on a busy line: from the permit to the last byte of
 * its request. What comes before the permit, a signature and a sync, has
 * nothing to do with the line, so this is the bus alone, on the library's
 * own line and loop.
 */

#include "bus_master.h"

#include "bus/bus.h"
#include "os/os.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    CHANNELS = 24,
    EVERY_US = 60000, /* between opens, and as much again at random */
    ATTACH_S = 100
};

static struct bench {
    struct lb_bus *bus;
    struct lb_loop loop;
    struct lb_profile profile;
    struct lb_bus_board board[LB_BUS_BOARDS];
    const struct bus_wire *wire;
    uint8_t boards, live;
    size_t back;
    uint32_t ref; /* of the last permit */
    uint64_t permit_us;
    bool waits;
    struct bus_result *result;
    uint64_t random;
} bench;

static void take(const struct lb_report *report)
{
    struct bus_result *result = bench.result;

    bench.back += report->kind == LB_REPORT_BACK;
    if (result == NULL) {
        return;
    }
    result->odd += report->kind == LB_REPORT_AWAY ||
                   report->kind == LB_REPORT_REFUSED ||
                   report->kind == LB_REPORT_DROPPED ||
                   report->kind == LB_REPORT_PORT_LOST;
    if (report->ref != bench.ref) {
        return;
    }
    bench.waits = bench.waits && report->kind != LB_REPORT_DROPPED;
    if (report->kind == LB_REPORT_SENT) {
        bench.waits = false;
        if (result->waits < BUS_WAITS) {
            result->wait_us[result->waits++] =
                (uint32_t)(report->at_us - bench.permit_us);
        }
    }
}

static void turn(void)
{
    struct lb_report report;
    uint64_t now = bus_now_us();

    lb_loop_begin(&bench.loop);
    lb_bus_poll(bench.bus, now);
    while (lb_bus_next(bench.bus, &report)) {
        take(&report);
    }
    uint64_t at = lb_bus_next_us(bench.bus);
    int fd = lb_bus_fd(bench.bus);

    lb_loop_watch(&bench.loop, &fd, lb_bus_listens(bench.bus) ? 1 : 0);
    lb_loop_arm(&bench.loop, at > now ? at - now : 0);
}

static void rest_until(uint64_t us)
{
    struct pollfd fd = {bench.loop.epoll, POLLIN, 0};
    uint64_t now = bus_now_us();

    if (us > now) {
        (void)poll(&fd, 1, (int)((us - now + 999) / 1000));
    }
    turn();
}

static bool attach(void *user, const struct bus_job *job)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lb_serial_settings serial = {job->baud, 8, 'N', 2};
    struct lb_bus_config config = {.baud = job->baud,
                                   .bits_per_byte = BUS_BITS,
                                   .at_once = 16,
                                   .since = lb_loop_since,
                                   .since_user = &bench.loop,
                                   .boards = bench.board,
                                   .board_count = job->boards};
    char port[80];

    (void)user;
    bench.wire = job->wire;
    bench.boards = job->boards;
    bench.live = (uint8_t)(job->boards - job->dead);
    bench.random = job->dead + UINT64_C(7);
    bench.profile = (struct lb_profile){.name = "bench",
                                        .channels = CHANNELS,
                                        .pulse = {5, 0x0200, 1},
                                        .off = {5, 0x0000, 1},
                                        .leaf = {2, 0x0000, 1},
                                        .pulse_unit_ms = 100,
                                        .pulse_min_ms = 200,
                                        .pulse_max_ms = 1000,
                                        .leaf_is_read = true};
    for (uint8_t i = 0; i < job->boards; i++) {
        bench.board[i] = (struct lb_bus_board){.address = (uint8_t)(i + 1),
                                               .profile = &bench.profile,
                                               .pulse_ms = 200,
                                               .rest_ms = 1000,
                                               .shut_is = true};
    }
    (void)snprintf(port, sizeof port, "pty:%s", job->wire->seen[0].path);
    if (lb_line_new(&config.line, port, &serial, &why) != LOCKBUS_OK ||
        lb_loop_open(&bench.loop) != LOCKBUS_OK ||
        lb_bus_new(&bench.bus, &config) != LOCKBUS_OK) {
        printf("bench: no bus: %s %s\n", why.field, why.text);
        return false;
    }
    uint64_t until = bus_now_us() + ATTACH_S * UINT64_C(1000000);

    turn();
    while (bench.back < bench.live && bus_now_us() < until) {
        rest_until(until);
    }
    return bench.back == bench.live;
}

static uint32_t below(uint32_t bound)
{
    bench.random = bench.random * UINT64_C(6364136223846793005) + 1;
    return (uint32_t)((bench.random >> 33) % bound);
}

static void open_one(void)
{
    const struct lb_permit permit = {.ref = ++bench.ref, .pulses = 1};
    uint8_t board = (uint8_t)below(bench.live);
    uint8_t channel = (uint8_t)(bench.ref % CHANNELS);

    bench.permit_us = bus_now_us();
    bench.waits = lb_bus_pulse(bench.bus, board, channel, &permit,
                               bench.permit_us + 2000000) == LOCKBUS_OK;
    if (bench.waits) {
        turn();
    }
}

static void slice(void *user, unsigned seconds, struct bus_result *result)
{
    struct lb_bus_counters then, now;
    uint64_t until = bus_now_us() + UINT64_C(1000000);

    (void)user;
    while (bus_now_us() < until) {
        rest_until(until);
    }
    bench.result = result;
    lb_bus_counters(bench.bus, &then);
    bus_wire_count(bench.wire, true);
    double began = bus_cpu_us();

    until = bus_now_us() + seconds * UINT64_C(1000000);
    while (bus_now_us() < until) {
        uint64_t next = bus_now_us() + EVERY_US + below(EVERY_US);

        open_one();
        while (bench.waits || bus_now_us() < next) {
            rest_until(next > bus_now_us() ? next : bus_now_us() + 10000);
        }
    }
    result->cpu_us = bus_cpu_us() - began;
    bus_wire_count(bench.wire, false);
    bench.result = NULL;
    lb_bus_counters(bench.bus, &now);
    result->good = true;
    result->transactions = now.requests - then.requests;
    result->failed = now.timeouts - then.timeouts;
    result->odd += now.exceptions - then.exceptions;
}

struct bus_body bus_open(void)
{
    return (struct bus_body){NULL, attach, slice};
}
