/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "door.h"

#include <string.h>

/*
 * A latch is drawn when its solenoid was fed for SIM_DRAW_MS in one go; the
 * leaf then swings, whether or not the feed goes on. A leaf that is shut
 * while the latch is held drawn does not stay shut, so nobody can.
 */

void sim_door_init(struct sim_door *door)
{
    memset(door, 0, sizeof *door);
    door->shut_is = true;
    door->shut_after_ns = SIM_NEVER;
    door->switch_at = SIM_NEVER;
    door->draws_at = SIM_NEVER;
    door->opens_at = SIM_NEVER;
    door->shuts_at = SIM_NEVER;
}

static void switch_output(struct sim_door *door, uint64_t at, bool on)
{
    if (door->on == on) {
        return;
    }
    door->on = on;
    if (on) {
        door->pulses++;
        if (door->rests_since != 0 &&
            at - door->rests_since < SIM_COOL_MS * SIM_MS) {
            door->hot++;
        }
        door->on_since = at;
        door->draws_at = at + SIM_DRAW_MS * SIM_MS;
        return;
    }
    if (at - door->on_since > door->longest_ns) {
        door->longest_ns = at - door->on_since;
    }
    door->rests_since = at;
    door->draws_at = SIM_NEVER;
    door->drawn = false;
}

static void swing_open(struct sim_door *door, uint64_t at)
{
    door->opens_at = SIM_NEVER;
    if (door->open) {
        return;
    }
    door->open = true;
    door->opened = true;
    door->openings++;
    door->moved_at = at;
    if (door->shut_after_ns != SIM_NEVER) {
        door->shuts_at = at + door->shut_after_ns;
    }
}

static void draw_latch(struct sim_door *door, uint64_t at)
{
    door->draws_at = SIM_NEVER;
    if (door->stuck) {
        return;
    }
    door->drawn = true;
    if (!door->open && door->label[0] != '\0') {
        door->opens_at = at + SIM_SWING_MS * SIM_MS;
    }
}

/* The one event that is due at `at`; drawing comes before switching off, so
 * that a pulse of exactly SIM_DRAW_MS opens. */
static void happen(struct sim_door *door, uint64_t at)
{
    if (door->draws_at == at) {
        draw_latch(door, at);
    } else if (door->switch_at == at) {
        door->switch_at = SIM_NEVER;
        switch_output(door, at, door->next_on);
    } else if (door->opens_at == at) {
        swing_open(door, at);
    } else if (!sim_door_shut(door, at)) {
        door->shuts_at = at + 100 * SIM_MS; /* held drawn: tried again */
    }
}

uint64_t sim_door_next(const struct sim_door *door)
{
    const uint64_t times[] = {door->draws_at, door->switch_at, door->opens_at,
                              door->shuts_at};
    uint64_t next = SIM_NEVER;

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        next = times[i] < next ? times[i] : next;
    }
    return next;
}

void sim_door_advance(struct sim_door *door, uint64_t now)
{
    door->now = now;
    for (uint64_t at; (at = sim_door_next(door)) <= now;) {
        happen(door, at);
    }
}

void sim_door_drive(struct sim_door *door, uint64_t now, bool on,
                    uint64_t for_ns)
{
    sim_door_advance(door, now);
    switch_output(door, now, on);
    door->next_on = !on;
    door->switch_at = for_ns == SIM_NEVER ? SIM_NEVER : now + for_ns;
}

void sim_door_force(struct sim_door *door, uint64_t now)
{
    sim_door_advance(door, now);
    swing_open(door, now);
}

bool sim_door_shut(struct sim_door *door, uint64_t now)
{
    if (door->drawn) {
        return false;
    }
    if (door->open) {
        door->shuttings++;
        door->moved_at = now;
    }
    door->open = false;
    door->opens_at = SIM_NEVER;
    door->shuts_at = SIM_NEVER;
    return true;
}

void sim_door_swap(struct sim_door *a, struct sim_door *b)
{
    const struct sim_door *seen = a->sees != NULL ? a->sees : a;

    a->sees = b->sees != NULL ? b->sees : b;
    b->sees = seen;
}

static bool chatters(const struct sim_door *door)
{
    uint64_t since = door->now - door->moved_at;

    return door->bounce_ns != 0 && door->moved_at != 0 &&
           since < door->bounce_ns &&
           since / (SIM_CHATTER_MS * SIM_MS) % 2 == 1;
}

bool sim_door_input(const struct sim_door *door)
{
    door = door->sees != NULL ? door->sees : door;
    if (door->content_of[0] != '\0') {
        return door->full == door->full_is;
    }
    if (!door->fitted) {
        return false; /* an input that nothing is wired to */
    }
    bool open = door->open != chatters(door);
    if (door->sensor != SIM_SENSOR_OK) {
        open = door->sensor == SIM_SENSOR_OPEN;
    }
    return open ? !door->shut_is : door->shut_is;
}
