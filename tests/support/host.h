/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef HOST_H
#define HOST_H

/*
 * A host program's stand-in for the scenarios of docs/COOKBOOK.md: it polls,
 * hands on events, and has a screen at which one person stands. What it does
 * with the library is the public interface alone; the people, the boards and
 * the clock are the rig's.
 */

#include "rig.h"

struct host {
    struct rig *rig;
    struct lockbus_cabinet *cab; /* the rig's */
    uint32_t ticket;             /* of the person at the door; 0: nobody's */
    char screen[160];            /* what that person reads */
    char alert[160];             /* what the operator's staff reads */
    size_t seen;                 /* events handed on */
    size_t read;                 /* entries of the journal before the mark */
};

typedef void (*host_take_fn)(struct host *host,
                             const struct lockbus_event *event);

/* For cmocka: *state is a host with an open cabinet. */
int host_set_up(void **state);
int host_tear_down(void **state);
/* The same on a closed rig, which it opens. */
struct host *host_new(struct rig *rig);

void host_show(struct host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void host_alert(struct host *host, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The answer to a call: a ticket, or why there is none. */
void host_answer(struct host *host, enum lockbus_err err,
                 const struct lockbus_error *why);
/* What the person reads when the ticket has its end. */
void host_event(struct host *host, const struct lockbus_event *event);

/* The host's loop for a while: polls, and hands each event on. */
void host_run(struct host *host, uint64_t ms, host_take_fn take);

/* Forgets events and entries up to now. */
void host_mark(struct host *host);
/* Events since the mark are these, a line each; `door` 0xFFFF: of no door. */
void host_saw(const struct host *host, uint16_t door, const char *events);
/* Entries of the journal since the mark are these, a line each. */
void host_wrote(const struct host *host, uint16_t door, const char *entries);
void host_reads(const struct host *host, const char *screen);

/* A copy of a door; the test fails when there is none. */
struct lockbus_door host_door(const struct host *host, uint16_t door);

#endif
