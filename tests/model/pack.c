/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A cabinet as the few bytes that decide what it can do next, and back.
 *
 * Numbers that only grow (stays, intents, boots, orders) are kept as "this
 * one" and "an older one". Times are kept as ages, and ages beyond every
 * limit as one; where only the order of two times matters beyond that, the
 * older one is OLD_TICKS + 1. What nothing looks at in a state is not kept.
 * model_test_drift holds all of this against cabinets that keep everything.
 */

#include "cab.h"

#include "gate_signer.h"

#include <string.h>

enum {
    TICK_MS = 1000 * TICK_S,
    NOW_MS = 100000 * TICK_MS,
    STAY = 100,
    BOOT = 50,
    BEFORE_ALL = NOW_MS - 1000 * TICK_MS,
    OWNER = RECIPIENT
};

static uint8_t age(uint64_t now_ms, uint64_t then_ms)
{
    uint64_t ticks = now_ms > then_ms ? (now_ms - then_ms) / TICK_MS : 0;

    return (uint8_t)(ticks < OLD_TICKS ? ticks : OLD_TICKS);
}

static uint64_t when(uint8_t ticks)
{
    return NOW_MS - (uint64_t)ticks * TICK_MS;
}

static uint8_t to_come(uint64_t now_ms, uint64_t then_ms)
{
    return (uint8_t)(then_ms > now_ms
                         ? (then_ms - now_ms + TICK_MS - 1) / TICK_MS
                         : 0);
}

/* When the opening began, beside when it was last seen. */
static uint8_t open_age(const struct lb_gate_door *d, uint64_t until_ms,
                        uint64_t now_ms)
{
    uint8_t opened = age(now_ms, d->open_at_ms);

    if (!d->open_cut && d->open_at_ms < until_ms &&
        opened <= age(now_ms, until_ms)) {
        return OLD_TICKS + 1;
    }
    return opened;
}

/* Flags that the door's custody, or its intent, gives a meaning to. */
static void put_flags(struct cab_folded *to, uint32_t boot,
                      const struct lb_gate_door *d)
{
    bool loading = d->custody == LB_CUSTODY_LOADING;

    to->blocked = d->blocked;
    to->visit = loading && d->visit;
    to->seen_open = loading && d->seen_open;
    to->maybe_open = loading && d->maybe_open;
    to->long_open = d->custody == LB_CUSTODY_EMPTYING && d->long_open;
    to->leaf_was_open = d->leaf_was_open;
    to->open_cut = d->leaf_was_open && d->open_cut;
    to->live = d->intent_live;
    to->counts = d->counts;
    to->count_opened = d->counts && d->count_opened;
    to->this_boot =
        (loading || d->intent_live || d->permit_due) && d->intent_boot == boot;
    if (loading) {
        to->last_outcome = d->last_outcome;
    }
    if (d->intent_live) {
        to->intent_open = d->intent_open;
    }
    if (d->counts) {
        to->intent_custody = d->intent_custody;
    }
}

static void put_uses(struct cab_folded *to, const struct lb_gate_door *d)
{
    bool courier = d->intent_live && d->intent_open >= LB_OPEN_DEPOSIT &&
                   d->intent_open <= LB_OPEN_CANCEL;

    to->courier_uses = d->courier_uses;
    to->release_uses = d->release_uses;
    to->courier_spent = d->courier_spent;
    to->release_spent = d->release_spent;
    if (to->first_age == OLD_TICKS && !courier &&
        d->custody != LB_CUSTODY_LOADING) {
        to->courier_spent = to->courier_uses; /* too late for any */
    }
}

static void put(struct cab_folded *to, uint32_t boot,
                const struct lb_gate_door *d, uint64_t seen_ms, uint64_t now_ms)
{
    bool intent_looked_at = d->intent_live || d->counts || d->permit_due;

    to->custody = d->custody;
    to->first_age = d->custody == LB_CUSTODY_VACANT
                        ? OLD_TICKS
                        : age(now_ms, d->first_intent_ms);
    to->open_age = d->leaf_was_open ? open_age(d, seen_ms, now_ms) : OLD_TICKS;
    to->shut_age = d->custody == LB_CUSTODY_EMPTYING && !d->leaf_was_open
                       ? age(now_ms, d->shut_at_ms)
                       : OLD_TICKS;
    to->intent_age = intent_looked_at ? age(now_ms, d->intent_ms) : OLD_TICKS;
    to->return_in = to_come(now_ms, d->return_due_ms);
    put_flags(to, boot, d);
    put_uses(to, d);
}

void cab_store(const struct cab *cab, struct cab_node *node)
{
    const struct lb_latch *latch = &cab->latch;
    uint64_t now_ms = cab->gate.powered_ms;
    bool was_open = cab->door[0].leaf_was_open || cab->disk_door.leaf_was_open;
    bool reminds = latch->ajar_alarms != 0;
    struct lb_gate_door disk_door = cab->disk_door;

    disk_door.permit_due = false; /* no disk holds it */
    memset(node, 0, sizeof *node);
    put(&node->now, cab->gate.boot, &cab->door[0], cab->seen_open_ms, now_ms);
    put(&node->disk, cab->disk_boot, &disk_door, cab->seen_open_ms, now_ms);
    node->latch = latch->state;
    node->forced = latch->forced;
    node->permit = latch->permit_ref != 0;
    node->permit_in =
        node->permit ? to_come(now_ms, latch->permit_until_ms) : 0;
    node->ajar_in = latch->ajar_at_ms != 0 && !reminds
                        ? (uint8_t)(1 + to_come(now_ms, latch->ajar_at_ms))
                        : 0;
    node->seen_age = was_open ? age(now_ms, cab->seen_open_ms) : OLD_TICKS;
    node->permit_due = cab->door[0].permit_due;
    node->pending = cab->pending;
    node->armed = cab->armed;
    node->pulsed = cab->pulsed && node->permit;
    node->blind = cab->blind && node->permit;
    node->stalled = cab->stalled;
    node->here = cab->here;
    node->stuck = cab->stuck;
    node->leaf = cab->leaf;
    node->leaf_known = cab->leaf_known;
    node->leaf_open = cab->leaf_open;
    node->disk_older = cab->disk_stay != cab->stay;
}

static void get_keys(struct lb_gate_door *d, uint64_t stay)
{
    uint8_t grant[LB_GRANT_LEN];
    struct gate_grant g = {.door = 0,
                           .stay = stay,
                           .courier = COURIER,
                           .release = d->visit ? NOBODY : OWNER,
                           .back = d->visit ? NOBODY : OPERATOR,
                           .return_after_s = d->visit ? 0 : TICK_S};

    g.uses = (uint8_t)(d->courier_uses | d->release_uses << 4);
    gate_key(d->courier_pk, g.courier);
    gate_key(d->release_pk, g.release);
    gate_key(d->return_pk, g.back);
    if (d->custody == LB_CUSTODY_LOADING || d->custody == LB_CUSTODY_VACANT) {
        gate_make_grant(grant, &g);
        lb_crypto_hash(d->grant_hash, grant, sizeof grant);
    }
}

static void get(struct lb_gate_door *d, const struct cab_folded *from,
                uint64_t stay)
{
    memset(d, 0, sizeof *d);
    d->row[0] = 1;
    d->stay = gate_stay(stay);
    d->custody = from->custody;
    d->intent_open = from->intent_open;
    d->intent_custody = from->intent_custody;
    d->last_outcome = from->last_outcome;
    d->courier_uses = from->courier_uses;
    d->release_uses = from->release_uses;
    d->courier_spent = from->courier_spent;
    d->release_spent = from->release_spent;
    d->first_intent_ms = when(from->first_age);
    d->open_at_ms = when(from->open_age);
    d->shut_at_ms = when(from->shut_age);
    d->intent_ms = when(from->intent_age);
    d->return_due_ms = NOW_MS + (uint64_t)from->return_in * TICK_MS;
    d->blocked = from->blocked;
    d->visit = from->visit;
    d->seen_open = from->seen_open;
    d->long_open = from->long_open;
    d->maybe_open = from->maybe_open;
    d->leaf_was_open = from->leaf_was_open;
    d->open_cut = from->open_cut;
    d->intent_live = from->live;
    d->counts = from->counts;
    d->count_opened = from->count_opened;
    d->intent_boot = from->this_boot ? BOOT : BOOT - 1;
    d->intent_ref = 1;
    if (d->custody != LB_CUSTODY_VACANT) {
        get_keys(d, stay);
    }
}

/* `cab` was made by cab_new() once; what is not the door's stays. */
void cab_load(struct cab *cab, const struct cab_node *node)
{
    bool older = node->disk_older;

    cab->gate.doors = cab->door;
    cab->gate.boot = cab->disk_boot = BOOT;
    cab->gate.last_ref = 1;
    cab->gate.powered_ms = NOW_MS;
    cab->gate.last_order_no = gate_stay(cab->order_no);
    memcpy(cab->gate.bucket, cab->full, sizeof cab->full);
    cab_other_counts(cab, 0);
    get(&cab->door[0], &node->now, STAY);
    get(&cab->disk_door, &node->disk, STAY - older);
    cab->stay = STAY;
    cab->disk_stay = STAY - older;
    cab->gate.booted = true;
    cab->door[0].permit_due = node->permit_due;
    memset(&cab->latch, 0, sizeof cab->latch);
    cab->latch.state = node->latch;
    cab->latch.forced = node->forced;
    cab->latch.permit_ref = node->permit;
    cab->latch.permit_until_ms =
        node->permit ? NOW_MS + (uint64_t)node->permit_in * TICK_MS : 0;
    cab->latch.ajar_at_ms =
        node->ajar_in != 0 ? NOW_MS + (node->ajar_in - 1ULL) * TICK_MS : 0;
    cab->seen_open_ms = when(node->seen_age);
    cab->pending = node->pending;
    cab->armed = node->armed;
    cab->pulsed = node->pulsed;
    cab->blind = node->blind;
    cab->stalled = node->stalled;
    cab->here = node->here;
    cab->stuck = node->stuck;
    cab->leaf = node->leaf;
    cab->leaf_known = node->leaf_known;
    cab->leaf_open = node->leaf_open;
    cab->out = 0;
    cab->broken = NULL;
}
