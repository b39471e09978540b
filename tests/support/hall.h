/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef HALL_H
#define HALL_H

/*
 * A cabinet of two boards and sixteen doors (A01-A08, B01-B08) behind a real
 * pty: lockbus-sim in a process of its own, the library through its public
 * headers, a real journal, CLOCK_BOOTTIME. Nothing sleeps; what must come is
 * waited for, and only how long is bounded.
 */

#include "../../tools/demo/world.h"
#include "sim_proc.h"

enum { HALL_BOARDS = 2, HALL_DOORS = 16, HALL_EVENTS = 4096 };

struct hall {
    struct world world;
    struct sim_proc sim;
    struct lockbus_cabinet *cab;
    uint8_t escrow[32];
    char dir[64], control[96], config[96], journal[96];
    size_t events;
    struct lockbus_event event[HALL_EVENTS];
};

/* Commissioned, open, both boards present; aborts the test otherwise.
 * `script` is the text of a story, or NULL. */
struct hall *hall_new(const char *script);
void hall_free(struct hall *hall);

/* One command to the simulator, which must take it; the answer without its
 * "ok ", in static storage. */
const char *hall_sim(struct hall *hall, const char *command);

/* Polls until such an event about that door (0xFFFF: any) was told since
 * hall_forget(); it. Aborts the test after `ms`. */
struct lockbus_event hall_wait(struct hall *hall, enum lockbus_event_kind kind,
                               uint16_t door, unsigned ms);
/* Polls until the ticket has ended. */
struct lockbus_event hall_finish(struct hall *hall, uint32_t ticket);
void hall_run(struct hall *hall, unsigned ms);
void hall_forget(struct hall *hall);
unsigned hall_count(const struct hall *hall, enum lockbus_event_kind kind,
                    uint16_t door);

/* Asks for a deposit; OK with a ticket, or why not. */
enum lockbus_err hall_deposit(struct hall *hall, struct parcel *parcel,
                              uint16_t door, uint32_t *ticket,
                              struct lockbus_error *why);
/* The recipient's own proof. */
enum lockbus_err hall_release(struct hall *hall, const struct parcel *parcel,
                              uint32_t *ticket, struct lockbus_error *why);
/* A parcel behind a door, shut and OCCUPIED. */
void hall_fill(struct hall *hall, struct parcel *parcel, uint16_t door);

/* Polls until the door has this custody. */
void hall_until(struct hall *hall, uint16_t door, enum lockbus_custody custody);

struct lockbus_door hall_door(struct hall *hall, uint16_t door);
struct lockbus_board hall_board(struct hall *hall, unsigned number);

/* Closes the cabinet; how many RESULTs of that door the journal has by this
 * word, and how many ALARMs. */
unsigned hall_journal(struct hall *hall, enum lockbus_entry_kind kind,
                      uint16_t door, const char *what);

#endif
