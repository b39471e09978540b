/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_LIMITS_H
#define LB_LIMITS_H

/*
 * What is counted and what is timed: buckets, open doors, the time floor.
 * Everything runs by powered milliseconds, so no clock can fill a bucket.
 */

#include "gate/gate.h"

/* Unix seconds of this and more are no time (rule M3 and others). */
#define LB_TIME_END_S (UINT64_C(1) << 36)

enum { LB_TOKEN = 3600000 }; /* parts of a token, see struct lb_bucket */

/* 0 when `then` is still to come: nothing wraps, nothing grows old early. */
uint64_t lb_age(uint64_t now_ms, uint64_t then_ms);

/* Whole seconds, as a door keeps them; the greatest there is, when that does
 * not fit. */
uint32_t lb_seconds(uint64_t ms);

/* then + len, or UINT64_MAX when that does not fit. */
uint64_t lb_after(uint64_t then_ms, uint64_t len_ms);

/* Trusted Unix seconds now; false when there is no trust in time. */
bool lb_now_s(const struct lb_gate *gate, uint64_t *now_s);

/* A bucket's level at `now_ms` under the manifest's limits. */
uint32_t lb_bucket_level(const struct lb_gate *gate, unsigned which,
                         uint64_t now_ms);
void lb_bucket_take(struct lb_gate *gate, unsigned which, uint64_t now_ms);

/* The bucket that an open takes its token from; LB_BUCKETS for none. */
unsigned lb_bucket_of(uint8_t open);

/* The limit of open doors for one that starts from `custody`: P9 or D10,
 * or NONE when one more may open. */
enum lockbus_rule lb_interlock(const struct lb_gate *gate, uint16_t door,
                               uint8_t custody);

/* An intent of this process whose latch may still move. */
bool lb_intent_runs(const struct lb_gate *gate, const struct lb_gate_door *d);

#endif
