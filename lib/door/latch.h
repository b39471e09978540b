/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_LATCH_H
#define LB_LATCH_H

/*
 * The latch machine: one for each door. It is told permits, leaf levels,
 * board losses and time, and reports facts and what to do. It knows nothing
 * of parcels: custody is the gate's. lib/door/latch.c holds the table.
 *
 * Times are the host's monotonic milliseconds.
 */

#include "base/permit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lb_latch_state {
    LB_LATCH_HOLE = 0,
    LB_LATCH_UNKNOWN = 1, /* not read since start or return */
    LB_LATCH_SHUT = 2,
    LB_LATCH_RELEASING = 3, /* a permit runs, the leaf is still shut */
    LB_LATCH_OPEN = 4,
    LB_LATCH_AJAR = 5,   /* open beyond ajar_after_s */
    LB_LATCH_JAMMED = 6, /* pulsed, watched, never opened */
    LB_LATCH_FORCED = 7, /* opened unbidden */
    LB_LATCH_AWAY = 8,   /* board lost */
    LB_LATCH_COUNT = 9
};

enum lb_latch_event {
    LB_LATCH_EV_PERMIT = 0,
    LB_LATCH_EV_LEAF_OPEN, /* a corroborated reading */
    LB_LATCH_EV_LEAF_SHUT,
    LB_LATCH_EV_DEADLINE, /* the permit ran out */
    LB_LATCH_EV_AJAR,     /* the leaf stood open for ajar_after_s, or is
                           * open still when a reminder is due */
    LB_LATCH_EV_AWAY,
    LB_LATCH_EV_BACK,   /* the board answers again, leaf not yet read */
    LB_LATCH_EV_LAPSED, /* as DEADLINE, but the leaf's staying shut shows
                         * nothing of the latch: no pulse was sent, or
                         * nobody looked */
    LB_LATCH_EV_COUNT
};

enum lb_latch_effect {
    LB_LATCH_FX_NONE = 0,
    LB_LATCH_FX_PULSE = 1 << 0,   /* hand the permit to the bus */
    LB_LATCH_FX_CANCEL = 1 << 1,  /* withdraw it: no further pulse */
    LB_LATCH_FX_OPENED = 1 << 2,  /* fact: leaf seen open */
    LB_LATCH_FX_SHUT = 1 << 3,    /* fact: leaf seen shut */
    LB_LATCH_FX_NEVER = 1 << 4,   /* fact: never opened */
    LB_LATCH_FX_UNKNOWN = 1 << 5, /* fact: what came of it is not known */
    LB_LATCH_FX_FORCED = 1 << 6,  /* alarms */
    LB_LATCH_FX_AJAR = 1 << 7,
    LB_LATCH_FX_JAMMED = 1 << 8,
    LB_LATCH_FX_ARM_AJAR = 1 << 9, /* start the ajar timer */
    LB_LATCH_FX_DISARM_AJAR = 1 << 10,
    LB_LATCH_FX_DISARM_PERMIT = 1 << 11,
    LB_LATCH_FX_REMIND = 1 << 12 /* the alarm comes again, later each time */
};

struct lb_latch {
    uint8_t state;            /* enum lb_latch_state */
    uint8_t ajar_alarms;      /* of this opening; not beyond UINT8_MAX */
    bool forced;              /* open unbidden when its board was lost: found
                               * open again, that is what it is */
    uint32_t permit_ref;      /* 0: none runs */
    uint64_t permit_until_ms; /* host ms */
    uint64_t ajar_at_ms;      /* 0: not armed */
};

void lb_latch_init(struct lb_latch *latch);

/* One step; returns effects. The owner sets permit_ref and permit_until_ms
 * right before EV_PERMIT (which does nothing while permit_ref is 0); timers
 * are kept by lb_latch_step itself, which also ends permit_ref: read it before
 * the step to know whose fact it is. CANCEL is done before PULSE: a permit
 * that comes while another runs replaces it, and the older one's end is the
 * owner's to tell. NEVER and UNKNOWN come only while a permit runs; over a
 * leaf that was open before the permit, the deadline brings neither.
 *
 * The first AJAR comes after ajar_after_ms. Its reminders come when the leaf
 * has been open for two, four, eight times as long, and once an hour from
 * where a step would be longer; ajar_alarms says how many there were. */
unsigned lb_latch_step(struct lb_latch *latch, enum lb_latch_event event,
                       uint64_t now_ms, uint32_t ajar_after_ms);

/* The timed event that is due at `now_ms`, or EV_COUNT for none. Where it is
 * DEADLINE, the owner knows whether it is LAPSED. */
enum lb_latch_event lb_latch_due(const struct lb_latch *latch, uint64_t now_ms);
uint64_t lb_latch_next_ms(const struct lb_latch *latch); /* UINT64_MAX: never */

const char *lb_latch_state_name(enum lb_latch_state state);
const char *lb_latch_event_name(enum lb_latch_event event);

/* For the test that walks the table and for docs: one cell. */
void lb_latch_cell(enum lb_latch_state state, enum lb_latch_event event,
                   enum lb_latch_state *next, unsigned *effects);

#endif
