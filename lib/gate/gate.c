/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The gate's storage, its clock and senses, and the two things that leave it
 * after a decision is durable: the permit, and a code's derivation (code.c).
 */

#include "gate/gate.h"

#include "base/bytes.h"
#include "gate/limits.h"

static void fresh_doors(struct lb_gate *gate, uint16_t first)
{
    for (uint16_t i = first; i < gate->door_cap; i++) {
        lb_zero(&gate->doors[i], sizeof gate->doors[i]);
        gate->doors[i].custody = LB_CUSTODY_VACANT;
    }
}

void lb_gate_init(struct lb_gate *gate, struct lb_gate_door *doors,
                  uint16_t door_cap)
{
    if (door_cap > LB_DOOR_MAX) {
        door_cap = LB_DOOR_MAX;
    }
    lb_zero(gate, sizeof *gate);
    gate->doors = doors;
    gate->door_cap = door_cap;
    fresh_doors(gate, 0);
}

void lb_gate_resize(struct lb_gate *gate, struct lb_gate_door *doors,
                    uint16_t door_cap)
{
    uint16_t before = gate->door_cap;

    gate->doors = doors;
    gate->door_cap = door_cap < LB_DOOR_MAX ? door_cap : LB_DOOR_MAX;
    fresh_doors(gate, before);
}

void lb_gate_stage(struct lb_gate *gate, uint8_t (*rows)[LB_ROW_LEN])
{
    gate->row_next = rows;
}

bool lb_gate_has_door(const struct lb_gate *gate, uint16_t door)
{
    return door < gate->door_count && door < gate->door_cap &&
           !lb_all_zero(gate->doors[door].row, LB_ROW_LEN);
}

void lb_gate_block(struct lb_gate *gate, uint64_t powered_ms, uint64_t unix_s,
                   bool trusted)
{
    if (powered_ms > gate->powered_ms) {
        gate->powered_ms = powered_ms;
    }
    if (trusted && unix_s < LB_TIME_END_S && unix_s > gate->floor_s) {
        gate->floor_s = unix_s;
    }
}

void lb_gate_clock(struct lb_gate *gate, uint64_t powered_ms)
{
    gate->running = true;
    if (powered_ms > gate->powered_ms) {
        gate->powered_ms = powered_ms;
    }
}

void lb_gate_time(struct lb_gate *gate, uint64_t unix_s, bool trusted)
{
    if (trusted && unix_s >= LB_TIME_END_S) {
        return;
    }
    /* What trusted time has shown so far stays shown. */
    gate->floor_live_s = lb_gate_floor(gate);
    gate->time_s = unix_s;
    gate->time_known = true;
    gate->time_trusted = trusted;
    gate->time_told_ms = gate->powered_ms;
    if (trusted && unix_s > gate->floor_live_s) {
        gate->floor_live_s = unix_s;
    }
}

void lb_gate_live(struct lb_gate *gate, uint16_t door, bool board_here,
                  bool leaf_known, bool leaf_open)
{
    if (door < gate->door_cap) {
        gate->doors[door].board_here = board_here;
        gate->doors[door].leaf_known = leaf_known;
        gate->doors[door].leaf_open = leaf_open;
    }
}

void lb_gate_content(struct lb_gate *gate, uint16_t door,
                     enum lb_content content)
{
    if (door < gate->door_cap) {
        gate->doors[door].content = (unsigned)content & 3U;
    }
}

bool lb_gate_permit(struct lb_gate *gate, uint32_t ref,
                    struct lb_permit *permit)
{
    if (!gate->booted || gate->shut_down || ref == 0) {
        return false;
    }
    for (uint16_t i = 0; i < gate->door_cap; i++) {
        struct lb_gate_door *d = &gate->doors[i];

        if (!d->permit_due || d->intent_ref != ref) {
            continue;
        }
        d->permit_due = false;
        if (d->intent_boot != gate->boot ||
            lb_age(gate->powered_ms, d->intent_ms) >= LB_PERMIT_LIFE_MS) {
            return false;
        }
        permit->ref = ref;
        permit->door = i;
        permit->pulses = LB_PERMIT_PULSES;
        permit->deadline_ms = lb_after(d->intent_ms, LB_PERMIT_LIFE_MS);
        return true;
    }
    return false;
}

void lb_gate_shut_down(struct lb_gate *gate)
{
    gate->shut_down = true;
}
