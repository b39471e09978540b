/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

/*
 * The simulated cabinet: the boards that cabinet.ini puts on pseudo
 * terminals, and the doors on them. Buses on other ports are left alone.
 */

#include "pty.h"
#include "wire.h"

#include <stdio.h>

struct sim_log;

struct sim_options {
    const char *config, *control, *script, *log, *frames;
    bool fast, tolerant;
    uint64_t shut_after_ns; /* SIM_NEVER: nobody shuts doors */
    uint64_t turnaround_ns, jitter_ns, seed;
};

struct sim_bus {
    char name[24];
    char path[SIM_PATH_LEN];
    bool echo; /* the adapter gives back what it sends */
    struct sim_pty pty;
    struct sim_wire wire;
};

struct sim_world {
    struct sim_bus *bus;
    size_t bus_count;
    struct sim_board *board; /* those of one bus lie together */
    size_t board_count;
    size_t door_count;
    unsigned peak_on;    /* outputs that were on at once */
    struct sim_log *log; /* NULL: none is kept */
    FILE *frames;        /* the same */
    bool quit;
};

/* False: `why` has a sentence. Nothing is left open then. */
bool sim_world_open(struct sim_world *world, const struct sim_options *options,
                    char *why, size_t why_cap);
void sim_world_close(struct sim_world *world);

/* Lets time pass everywhere; due frames end, due replies leave. */
void sim_world_advance(struct sim_world *world, uint64_t now);

/* Takes what a host has sent on one bus. */
void sim_world_receive(struct sim_world *world, size_t bus, uint64_t now);

/* When it wants to be advanced next. */
uint64_t sim_world_next(const struct sim_world *world, uint64_t now);

/* NULL: no such board or door. */
struct sim_board *sim_world_board(struct sim_world *world, unsigned number);
struct sim_door *sim_world_door(struct sim_world *world, const char *label,
                                struct sim_board **board);

/* The content sensor of a door; NULL: it has none, or there is no such. */
struct sim_door *sim_world_content(struct sim_world *world, const char *label);

#endif
