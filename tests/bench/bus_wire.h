/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BENCH_BUS_WIRE_H
#define BENCH_BUS_WIRE_H

/*
 * RS-485 lines behind ptys, exact in time, in a process of their own. A
 * request occupies its bytes' time from its arrival, then come t3.5 and the
 * board's turnaround, then each byte of the reply at its own time. A request
 * that begins too soon after the last frame is dropped. So that its own
 * sleep does not enter the figures, the process does not sleep just before
 * something is due; it is woken only when nothing is.
 *
 * lockbus-sim tells stories; this only keeps time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BUS_WIRES = 8, BUS_BITS = 11, BUS_TURN_US = 2000, BUS_TIMES = 4096 };

struct bus_wire_settings {
    uint32_t baud;
    uint32_t jitter_us;   /* up to this is added to the turnaround */
    uint32_t latency_us;  /* an adapter's timer; 0: each byte at its time */
    uint32_t late_each;   /* of so many replies one is late; 0: none is */
    uint32_t late_us;     /* by so much */
    uint8_t first, count; /* addresses of its boards */
    uint8_t dead;         /* so many of them are silent */
};

/* Written by the wire while `counts` is set. */
struct bus_wire_seen {
    char path[64]; /* the slave */
    volatile bool counts;
    volatile uint64_t requests;          /* all that began, dropped ones too */
    volatile uint64_t first_ns, last_ns; /* when the first and last began */
    volatile uint64_t dropped; /* began less than t3.5 after a frame */
    volatile uint64_t spoilt;  /* two talked at once, or a bad check sum */
    volatile uint64_t replies;
    volatile uint32_t times; /* of the first transactions: each its length */
    uint32_t time_us[BUS_TIMES];
    volatile uint64_t own_ns, own_max_ns; /* how late its bytes were itself */
};

struct bus_wire {
    pid_t pid;
    size_t count;
    struct bus_wire_seen *seen; /* one each, shared */
};

/* False: it has said why. */
bool bus_wire_start(struct bus_wire *wire,
                    const struct bus_wire_settings *settings, size_t count);
void bus_wire_stop(struct bus_wire *wire);

/* Begins counting anew, or ends it. */
void bus_wire_count(const struct bus_wire *wire, bool on);

double bus_wire_quiet_us(uint32_t baud);
/* Request and reply of FC02 of 24 inputs, two silences, the turnaround. */
double bus_wire_limit_us(uint32_t baud);

#endif
