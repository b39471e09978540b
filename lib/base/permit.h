/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_PERMIT_H
#define LB_PERMIT_H

/*
 * The one thing that moves a latch. Only lb_gate_permit() fills one in, once
 * for each durable intent; whoever drives an output asks for it and spends a
 * pulse. script/lint refuses any other place that writes one.
 */

#include <stdint.h>

enum {
    LB_PERMIT_LIFE_MS = 20000, /* from the intent; the design's bound is 30 s */
    LB_PERMIT_PULSES = 3
};

struct lb_permit {
    uint32_t ref; /* the intent's number; 0: no permit */
    uint16_t door;
    uint8_t pulses;       /* left; the bus takes one for each pulse it sends */
    uint64_t deadline_ms; /* powered time; no pulse is sent at or after it */
};

#endif
