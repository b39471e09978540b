/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The custody machine's two movers that need no signature: time and facts.
 *
 * LOADING and EMPTYING end by a shut leaf, by the end of the reopen window or
 * by a restart. Wherever it is not known what lies behind a door, contents
 * are protected: OCCUPIED is the answer to every doubt, VACANT needs the leaf
 * seen. A window is judged no earlier than a running intent ends, so that a
 * leaf which opens late but in time never meets a VACANT door.
 */

#include "gate/custody.h"

#include "base/bytes.h"
#include "gate/decide.h"
#include "gate/limits.h"

enum { FLOOR_STEP_S = 3600 }; /* how much trusted time may outrun the journal */

static uint64_t window_end(const struct lb_gate *gate,
                           const struct lb_gate_door *d, uint64_t from_ms)
{
    uint64_t len = 1000 * (uint64_t)gate->manifest.limits.reopen_window_s;
    uint64_t end = lb_after(from_ms, len);
    uint64_t intent_end = lb_after(d->intent_ms, LB_PERMIT_LIFE_MS);

    return lb_intent_runs(gate, d) && intent_end > end ? intent_end : end;
}

static bool seen_shut(const struct lb_gate_door *d)
{
    return d->board_here && d->leaf_known && !d->leaf_open && !d->leaf_was_open;
}

static uint64_t loading_due(const struct lb_gate *gate,
                            const struct lb_gate_door *d, enum lb_custody *to,
                            enum lb_cause *cause)
{
    bool may_hold = d->seen_open || d->maybe_open;
    bool known_shut = d->last_outcome == LB_OUTCOME_NEVER_OPENED && !may_hold;
    uint64_t end = window_end(gate, d, d->first_intent_ms);

    *to = d->visit ? LB_CUSTODY_VACANT : LB_CUSTODY_OCCUPIED;
    if (d->intent_boot != gate->boot && (d->visit || !known_shut)) {
        *cause = LB_CAUSE_RESTART;
        return 0;
    }
    *cause = LB_CAUSE_WINDOW;
    if (!d->visit && !may_hold) {
        *to = LB_CUSTODY_VACANT;
        /* Never seen open counts only from a sensor that can be seen. */
        return end <= gate->powered_ms && !seen_shut(d) ? UINT64_MAX : end;
    }
    return end;
}

static uint64_t emptying_due(const struct lb_gate *gate,
                             const struct lb_gate_door *d, enum lb_custody *to,
                             enum lb_cause *cause)
{
    uint64_t end = window_end(gate, d, d->shut_at_ms);

    *to = d->long_open ? LB_CUSTODY_VACANT : LB_CUSTODY_OCCUPIED;
    *cause = LB_CAUSE_WINDOW;
    if (d->leaf_was_open) {
        return UINT64_MAX;
    }
    /* What a content sensor does not call empty may be full. */
    bool empty =
        d->content == LB_CONTENT_NONE || d->content == LB_CONTENT_EMPTY;

    if (d->long_open && end <= gate->powered_ms && (!seen_shut(d) || !empty)) {
        return UINT64_MAX;
    }
    return end;
}

uint64_t lb_custody_due(const struct lb_gate *gate, uint16_t door,
                        enum lb_custody *to, enum lb_cause *cause)
{
    const struct lb_gate_door *d = &gate->doors[door];

    if (d->custody == LB_CUSTODY_LOADING) {
        return loading_due(gate, d, to, cause);
    }
    if (d->custody == LB_CUSTODY_EMPTYING) {
        return emptying_due(gate, d, to, cause);
    }
    *to = LB_CUSTODY_NONE;
    *cause = LB_CAUSE_NONE;
    return UINT64_MAX;
}

bool lb_custody_pending(const struct lb_gate *gate, uint16_t door)
{
    enum lb_custody to;
    enum lb_cause cause;

    return lb_custody_due(gate, door, &to, &cause) <= gate->powered_ms;
}

bool lb_door_has_tries(const struct lb_gate_door *d)
{
    return d->custody == LB_CUSTODY_OCCUPIED ||
           d->custody == LB_CUSTODY_EMPTYING;
}

bool lb_open_empties(const struct lb_gate_door *d, uint8_t open)
{
    if (open == LB_OPEN_CANCEL && d->custody == LB_CUSTODY_LOADING) {
        return !d->visit;
    }
    return d->custody == LB_CUSTODY_OCCUPIED &&
           (open == LB_OPEN_RELEASE || open == LB_OPEN_RETURN ||
            open == LB_OPEN_CANCEL);
}

static void head(const struct lb_gate *gate, struct lb_record *out,
                 enum lb_record_type type, uint16_t door)
{
    lb_zero(out, sizeof *out);
    out->type = (uint8_t)type;
    out->door = door;
    out->powered_ms = gate->powered_ms;
    if (door < gate->door_cap) {
        out->stay = gate->doors[door].stay;
    }
}

void lb_custody_record(const struct lb_gate *gate, struct lb_record *out,
                       uint16_t door, enum lb_custody to, enum lb_cause cause)
{
    head(gate, out, LB_REC_CUSTODY, door);
    out->kind = (uint8_t)to;
    out->body[0] = gate->doors[door].custody;
    out->body[1] = (uint8_t)cause;
}

static void result(const struct lb_gate *gate, struct lb_record *out,
                   uint16_t door, enum lb_outcome outcome)
{
    head(gate, out, LB_REC_RESULT, door);
    out->kind = (uint8_t)outcome;
    out->ref = gate->doors[door].intent_ref;
}

/* ---- Time --------------------------------------------------------------- */

static bool orphan(const struct lb_gate *gate, const struct lb_gate_door *d)
{
    return d->intent_live && d->intent_boot != gate->boot;
}

static size_t tick_doors(const struct lb_gate *gate, struct lb_record *out,
                         size_t cap)
{
    enum lb_custody to;
    enum lb_cause cause;
    size_t count = 0;

    for (uint16_t i = 0; i < gate->door_cap && count < cap; i++) {
        if (orphan(gate, &gate->doors[i])) {
            result(gate, &out[count++], i, LB_OUTCOME_UNKNOWN);
        } else if (lb_custody_due(gate, i, &to, &cause) <= gate->powered_ms) {
            lb_custody_record(gate, &out[count++], i, to, cause);
        }
    }
    return count;
}

/* A floor that rose far enough above the journal's to be worth a block. */
static bool floor_due(const struct lb_gate *gate)
{
    uint64_t floor = lb_gate_floor(gate);

    return floor > gate->floor_s && floor - gate->floor_s >= FLOOR_STEP_S;
}

size_t lb_gate_tick(const struct lb_gate *gate, struct lb_record *out,
                    size_t cap)
{
    size_t count;

    if (!gate->running || cap == 0) {
        return 0;
    }
    if (!gate->booted) {
        head(gate, out, LB_REC_BOOT, LB_DOOR_NONE);
        out->ref = gate->boot + 1;
        return 1;
    }
    count = tick_doors(gate, out, cap);
    if (count < cap && floor_due(gate)) {
        head(gate, &out[count], LB_REC_TIME, LB_DOOR_NONE);
        lb_put_u64(out[count].body, lb_gate_floor(gate));
        count++;
    }
    return count;
}

uint64_t lb_gate_next_ms(const struct lb_gate *gate)
{
    uint64_t next = UINT64_MAX;
    uint64_t now_s = 0;
    enum lb_custody to;
    enum lb_cause cause;

    if (!gate->running) {
        return UINT64_MAX;
    }
    if (!gate->booted || floor_due(gate)) {
        return gate->powered_ms;
    }
    for (uint16_t i = 0; i < gate->door_cap; i++) {
        uint64_t due = orphan(gate, &gate->doors[i])
                           ? 0
                           : lb_custody_due(gate, i, &to, &cause);

        if (due < next) {
            next = due;
        }
    }
    /* Above the time that was told, else the floor were due already; at the end
     * of time it rises no more. */
    uint64_t goal_s = gate->floor_s + FLOOR_STEP_S;

    if (lb_now_s(gate, &now_s) && goal_s < LB_TIME_END_S) {
        uint64_t due =
            lb_after(gate->time_told_ms, 1000 * (goal_s - gate->time_s));

        if (due < next) {
            next = due;
        }
    }
    return next > gate->powered_ms ? next : gate->powered_ms;
}

/* ---- Facts -------------------------------------------------------------- */

static size_t leaf_opened(const struct lb_gate *gate, uint16_t door,
                          bool assumed, struct lb_record *out)
{
    const struct lb_gate_door *d = &gate->doors[door];
    size_t count = 0;
    bool in_time = lb_intent_runs(gate, d);

    if (d->leaf_was_open) {
        return 0;
    }
    head(gate, &out[count], LB_REC_LEAF, door);
    out[count].kind = LB_LEAF_OPENED;
    out[count++].body[LB_LEAF_ASSUMED] = assumed;
    if (d->intent_live) {
        /* Too late to be its doing, and too late to be denied. */
        result(gate, &out[count++], door,
               in_time ? LB_OUTCOME_OPENED : LB_OUTCOME_UNKNOWN);
    }
    if (in_time && lb_open_empties(d, d->intent_open)) {
        lb_custody_record(gate, &out[count++], door, LB_CUSTODY_EMPTYING,
                          LB_CAUSE_OPENED);
    }
    return count;
}

static size_t leaf_shut(const struct lb_gate *gate,
                        const struct lb_gate_fact *what, struct lb_record *out)
{
    uint16_t door = what->door;
    const struct lb_gate_door *d = &gate->doors[door];
    size_t count = 0;

    if (!d->leaf_was_open) {
        return 0;
    }
    head(gate, &out[count], LB_REC_LEAF, door);
    out[count].kind = LB_LEAF_SHUT;
    lb_put_u64(out[count].body + LB_LEAF_SEEN_OPEN, what->seen_open_ms);
    out[count++].body[LB_LEAF_ASSUMED] = what->assumed;
    if (d->custody == LB_CUSTODY_LOADING) {
        lb_custody_record(gate, &out[count++], door,
                          d->visit ? LB_CUSTODY_VACANT : LB_CUSTODY_OCCUPIED,
                          LB_CAUSE_SHUT);
    }
    return count;
}

size_t lb_gate_fact(const struct lb_gate *gate, struct lb_gate_fact what,
                    struct lb_record *out, size_t cap)
{
    uint16_t door = what.door;

    if (!gate->booted || cap < 4 || !lb_gate_has_door(gate, door)) {
        return 0;
    }
    const struct lb_gate_door *d = &gate->doors[door];

    switch (what.fact) {
    case LB_FACT_LEAF_OPENED:
        return leaf_opened(gate, door, what.assumed, out);
    case LB_FACT_LEAF_SHUT:
        return leaf_shut(gate, &what, out);
    case LB_FACT_NEVER_OPENED:
    case LB_FACT_UNKNOWN:
        if (!d->intent_live || d->intent_ref != what.ref) {
            return 0;
        }
        result(gate, out, door,
               what.fact == LB_FACT_UNKNOWN ? LB_OUTCOME_UNKNOWN
                                            : LB_OUTCOME_NEVER_OPENED);
        return 1;
    case LB_FACT_NONE:
        break;
    }
    return 0;
}
