/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef MODEL_CAB_H
#define MODEL_CAB_H

/*
 * One door as the models see it: the gate of lib/gate and the latch of
 * lib/door, unchanged, with what lies between them in a cabinet (facts.c,
 * release.c and reports.c of lib/cabinet, retold in cab.c), the journal's
 * synced part, and the door itself, which may do what a door does.
 *
 * Time goes in steps of TICK_S, and the limits are multiples of it, so that
 * only so many ages can be told apart: cab_store() makes of a cabinet the
 * few bytes that decide what it can do next, cab_load() a cabinet of them.
 */

#include "door/latch.h"
#include "gate/gate.h"

enum {
    TICK_S = 10,
    MODEL_DOORS = 2, /* the second stays as it is, or counts as open */
    WINDOW_TICKS = 2,
    AJAR_TICKS = 1,
    HOLD_TICKS = 1,
    OLD_TICKS = 2 /* no limit looks at ages beyond */
};

enum cab_event {
    /* time and power */
    CAB_TICK,
    CAB_SYNC,       /* what was appended is durable */
    CAB_START,      /* the process died and began anew, nothing was lost */
    CAB_START_LOST, /* the same, and what was not synced is gone */
    /* the cabinet's own work */
    CAB_DURABLE, /* the intent is durable: its permit goes to the bus */
    CAB_SEE,     /* the leaf is read */
    /* the line and the sensor */
    CAB_AWAY,
    CAB_BACK,
    CAB_STALL, /* nobody reads for a while, less than a step */
    CAB_STICK, /* the sensor says open from now on */
    CAB_MEND,
    /* the door */
    CAB_PULSE_OPENS,
    CAB_PULSE_JAMS,
    CAB_FORCE,
    CAB_SHUT,
    /* asks: each with its right key, over a new challenge */
    CAB_DEPOSIT,
    CAB_VISIT,
    CAB_REOPEN,
    CAB_CANCEL,
    CAB_RELEASE,
    CAB_RETURN,
    CAB_SERVICE_OPEN,
    CAB_BLOCK,
    CAB_UNBLOCK,
    CAB_CLEAR,
    CAB_NOT_EMPTIED,
    CAB_EVENTS
};
extern const char *const cab_event_names[CAB_EVENTS];

/* What an event gave, beside its new state. */
enum cab_out {
    CAB_OUT_INTENT = 1, /* written, not yet durable */
    CAB_OUT_PERMIT = 2,
    CAB_OUT_PULSE = 4, /* the coil had current */
    CAB_OUT_BACK = 8   /* a use came back */
};

/* A door's folded state, in ages. */
struct cab_folded {
    uint8_t custody, intent_open, intent_custody, last_outcome;
    uint8_t courier_uses, release_uses, courier_spent, release_spent;
    uint8_t first_age, open_age, shut_age, intent_age;
    uint8_t return_in;
    uint8_t blocked : 1, visit : 1, seen_open : 1, long_open : 1;
    uint8_t maybe_open : 1, leaf_was_open : 1, open_cut : 1, live : 1;
    uint8_t counts : 1, count_opened : 1, this_boot : 1;
};

struct cab_node {
    struct cab_folded now, disk;
    uint8_t latch, forced, permit, permit_in, ajar_in;
    uint8_t seen_age; /* since a reading said open */
    uint8_t permit_due : 1, pending : 1, armed : 1, pulsed : 1;
    uint8_t blind : 1, stalled : 1, here : 1, stuck : 1;
    uint8_t leaf : 1, leaf_known : 1, leaf_open : 1, disk_older : 1;
};

struct cab {
    struct lb_gate gate;
    struct lb_gate_door door[MODEL_DOORS];
    struct lb_gate_door disk_door;
    uint32_t disk_boot;
    struct lb_bucket full[LB_BUCKETS]; /* no ask is refused for a bucket */
    struct lb_latch latch;
    uint64_t seen_open_ms; /* powered */
    uint64_t stay, disk_stay, order_no;
    bool pending, armed, pulsed, blind, stalled, here, stuck;
    bool leaf, leaf_known, leaf_open; /* as it is, and as it was read */
    bool durable_at_once;             /* no record is ever lost */
    unsigned out;                     /* enum cab_out, of the last event */
    const char *broken;               /* what must never be */
};

/* A new cabinet, commissioned, its door vacant and shut. `uses` as a grant
 * has them. */
void cab_new(struct cab *cab, uint8_t uses);

/* False, and nothing happened, where the event cannot come now or is
 * refused. */
bool cab_step(struct cab *cab, enum cab_event event);

void cab_store(const struct cab *cab, struct cab_node *node);
void cab_load(struct cab *cab, const struct cab_node *node);

/* How the door counts for others: 0, LB_CUSTODY_OCCUPIED or _VACANT. */
unsigned cab_counts(const struct cab *cab);

/* Lets the other door count so, or not (0). */
void cab_other_counts(struct cab *cab, unsigned custody);

/* Presents all that anybody ever presented; what is taken is told. */
const char *cab_replay(struct cab *cab);

#endif
