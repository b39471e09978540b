/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "gate/limits.h"

uint64_t lb_age(uint64_t now_ms, uint64_t then_ms)
{
    return now_ms > then_ms ? now_ms - then_ms : 0;
}

uint32_t lb_seconds(uint64_t ms)
{
    return ms / 1000 < UINT32_MAX ? (uint32_t)(ms / 1000) : UINT32_MAX;
}

uint64_t lb_after(uint64_t then_ms, uint64_t len_ms)
{
    return then_ms > UINT64_MAX - len_ms ? UINT64_MAX : then_ms + len_ms;
}

bool lb_now_s(const struct lb_gate *gate, uint64_t *now_s)
{
    if (!gate->time_known || !gate->time_trusted) {
        return false;
    }
    *now_s = gate->time_s + lb_age(gate->powered_ms, gate->time_told_ms) / 1000;
    /* Told just below the end of time, it stays there: the floor must always
     * be a time that a record can hold. */
    if (*now_s >= LB_TIME_END_S) {
        *now_s = LB_TIME_END_S - 1;
    }
    return true;
}

uint64_t lb_gate_floor(const struct lb_gate *gate)
{
    uint64_t floor = gate->floor_s;
    uint64_t now_s = 0;

    if (gate->floor_live_s > floor) {
        floor = gate->floor_live_s;
    }
    if (lb_now_s(gate, &now_s) && now_s > floor) {
        floor = now_s;
    }
    return floor;
}

static void bucket_limits(const struct lb_gate *gate, unsigned which,
                          uint32_t *cap, uint32_t *per_hour)
{
    const struct lb_limits *limits = &gate->manifest.limits;
    uint8_t burst = limits->service_burst;
    uint8_t hourly = limits->service_per_hour;

    if (which == LB_BUCKET_RELEASE) {
        burst = limits->burst;
        hourly = limits->per_hour;
    } else if (which == LB_BUCKET_RETURN) {
        burst = limits->return_burst;
        hourly = limits->return_per_hour;
    }
    *cap = (uint32_t)burst * LB_TOKEN;
    *per_hour = hourly;
}

uint32_t lb_bucket_level(const struct lb_gate *gate, unsigned which,
                         uint64_t now_ms)
{
    const struct lb_bucket *bucket = &gate->bucket[which];
    uint64_t gone = lb_age(now_ms, bucket->at_ms);
    uint32_t cap = 0;
    uint32_t per_hour = 0;

    bucket_limits(gate, which, &cap, &per_hour);
    if (bucket->level >= cap) {
        return cap;
    }
    if (per_hour == 0) {
        return bucket->level;
    }
    if (gone >= (cap - bucket->level) / per_hour + 1) {
        return cap;
    }
    return bucket->level + (uint32_t)gone * per_hour;
}

void lb_bucket_take(struct lb_gate *gate, unsigned which, uint64_t now_ms)
{
    struct lb_bucket *bucket = &gate->bucket[which];
    uint32_t level = lb_bucket_level(gate, which, now_ms);

    bucket->level = level >= LB_TOKEN ? level - LB_TOKEN : 0;
    if (now_ms > bucket->at_ms) {
        bucket->at_ms = now_ms;
    }
}

unsigned lb_bucket_of(uint8_t open)
{
    switch (open) {
    case LB_OPEN_RELEASE:
        return LB_BUCKET_RELEASE;
    case LB_OPEN_RETURN:
        return LB_BUCKET_RETURN;
    case LB_OPEN_SERVICE:
        return LB_BUCKET_SERVICE;
    default:
        return LB_BUCKETS;
    }
}

static bool from_occupied_class(uint8_t custody)
{
    return custody == LB_CUSTODY_OCCUPIED || custody == LB_CUSTODY_EMPTYING;
}

/* Whether a door counts as open now; a leaf that stands open counts until it
 * has been an alarm for a while, so that a stuck switch stops no one. */
static bool counts_now(const struct lb_gate *gate, const struct lb_gate_door *d)
{
    const struct lb_limits *limits = &gate->manifest.limits;
    uint64_t since = d->intent_ms;
    uint64_t len = LB_PERMIT_LIFE_MS;

    if (!d->counts) {
        return false;
    }
    if (d->count_opened) {
        if (d->open_at_ms > since) {
            since = d->open_at_ms;
        }
        len = 1000 * ((uint64_t)limits->ajar_after_s +
                      (uint64_t)limits->interlock_hold_s);
    }
    return lb_age(gate->powered_ms, since) < len;
}

unsigned lb_gate_open_count(const struct lb_gate *gate, bool from_occupied,
                            uint16_t except)
{
    unsigned count = 0;

    for (uint16_t i = 0; i < gate->door_cap; i++) {
        const struct lb_gate_door *d = &gate->doors[i];

        if (i != except &&
            from_occupied_class(d->intent_custody) == from_occupied &&
            counts_now(gate, d)) {
            count++;
        }
    }
    return count;
}

enum lockbus_rule lb_interlock(const struct lb_gate *gate, uint16_t door,
                               uint8_t custody)
{
    const struct lb_limits *limits = &gate->manifest.limits;

    if (from_occupied_class(custody)) {
        return lb_gate_open_count(gate, true, door) < limits->max_open_occupied
                   ? LOCKBUS_RULE_NONE
                   : LOCKBUS_RULE_P9;
    }
    return lb_gate_open_count(gate, false, door) < limits->max_open_vacant
               ? LOCKBUS_RULE_NONE
               : LOCKBUS_RULE_D10;
}

bool lb_intent_runs(const struct lb_gate *gate, const struct lb_gate_door *d)
{
    return d->intent_live && d->intent_boot == gate->boot &&
           lb_age(gate->powered_ms, d->intent_ms) < LB_PERMIT_LIFE_MS;
}
