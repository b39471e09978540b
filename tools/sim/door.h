/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_DOOR_H
#define SIM_DOOR_H

/*
 * One output of a board and what hangs on it: the solenoid that it feeds,
 * the leaf that the latch lets go, and the sensor that the board's input
 * reads. Times are monotonic nanoseconds, given in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_NEVER UINT64_MAX
#define SIM_MS UINT64_C(1000000)

enum sim_door_limits {
    SIM_LABEL_LEN = 16,
    SIM_DRAW_MS = 50,   /* a shorter pulse leaves the latch where it is */
    SIM_SWING_MS = 30,  /* from the drawn latch to the open contact */
    SIM_COOL_MS = 2000, /* fed again sooner, a solenoid counts as hot */
    SIM_CHATTER_MS = 7  /* a bouncing contact changes so often */
};

enum sim_sensor { SIM_SENSOR_OK, SIM_SENSOR_OPEN, SIM_SENSOR_SHUT };

struct sim_door {
    char label[SIM_LABEL_LEN]; /* empty: nothing is wired to this output */
    bool fitted;               /* it has a sensor */
    /* not empty: this input says whether something lies behind that door */
    char content_of[SIM_LABEL_LEN];
    bool full, full_is; /* what it sees, and the level that says so */
    uint64_t now;
    bool shut_is;           /* the input's level when shut */
    uint64_t shut_after_ns; /* somebody shuts it; SIM_NEVER: nobody */
    /* the output */
    bool on;
    bool next_on;         /* what the output becomes at ... */
    uint64_t switch_at;   /* ... this time; SIM_NEVER: it stays */
    uint64_t on_since;    /* meaningful while on */
    uint64_t rests_since; /* 0: never fed */
    unsigned pulses;      /* times that it was switched on */
    unsigned hot;         /* of those, before it had cooled */
    uint64_t longest_ns;
    /* the leaf */
    bool open, stuck, drawn;
    uint64_t draws_at, opens_at, shuts_at;
    unsigned openings, shuttings;
    uint64_t moved_at;  /* when it did last */
    uint64_t bounce_ns; /* so long its contact chatters then */
    bool opened;        /* since the last reset */
    enum sim_sensor sensor;
    /* whose leaf this output's input sees; NULL: its own */
    const struct sim_door *sees;
};

void sim_door_init(struct sim_door *door);

/* Lets time pass until `now`. */
void sim_door_advance(struct sim_door *door, uint64_t now);

/* When it changes by itself next; SIM_NEVER. */
uint64_t sim_door_next(const struct sim_door *door);

/* Switches the output; it becomes `!on` again after `for_ns` (SIM_NEVER:
 * it stays). */
void sim_door_drive(struct sim_door *door, uint64_t now, bool on,
                    uint64_t for_ns);

/* Opens the leaf by force; shuts it, false when the latch is held drawn. */
void sim_door_force(struct sim_door *door, uint64_t now);
bool sim_door_shut(struct sim_door *door, uint64_t now);

/* Exchanges the cables of two sensors. */
void sim_door_swap(struct sim_door *a, struct sim_door *b);

/* The level at the board's input. */
bool sim_door_input(const struct sim_door *door);

#endif
