/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Challenges: two a door, never written down. Asking again in the first half
 * of a life gives the same one, so that two phones at one door do not push
 * each other out; later a new one, while the older lives to its end.
 */

#include "base/bytes.h"
#include "gate/decide.h"
#include "gate/limits.h"

enum { NOW = 0, BEFORE = 1 };

static uint64_t life_ms(const struct lb_gate *gate, enum lb_challenge_use use)
{
    const struct lb_limits *limits = &gate->manifest.limits;

    return 1000 * (uint64_t)(use == LB_CHALLENGE_SERVICE
                                 ? limits->service_ttl_s
                                 : limits->challenge_ttl_s);
}

static bool lives(const struct lb_gate *gate, const struct lb_challenge *c,
                  uint64_t life)
{
    return c->live && lb_age(gate->powered_ms, c->made_ms) < life;
}

enum lockbus_err lb_gate_challenge(struct lb_gate *gate, uint16_t door,
                                   enum lb_challenge_use use,
                                   const uint8_t random[16], uint8_t out[16])
{
    if (!lb_gate_has_door(gate, door) ||
        (use != LB_CHALLENGE_PROOF && use != LB_CHALLENGE_SERVICE)) {
        return LOCKBUS_ERR_USAGE;
    }
    struct lb_challenge *pair = gate->doors[door].challenge[use];
    uint64_t life = life_ms(gate, use);

    if (!lives(gate, &pair[NOW], life / 2)) {
        if (lives(gate, &pair[NOW], life)) {
            pair[BEFORE] = pair[NOW];
        }
        lb_copy(pair[NOW].bytes, random, 16);
        pair[NOW].made_ms = gate->powered_ms;
        pair[NOW].live = true;
    }
    lb_copy(out, pair[NOW].bytes, 16);
    return LOCKBUS_OK;
}

bool lb_challenge_ok(const struct lb_gate *gate, uint16_t door,
                     enum lb_challenge_use use, const uint8_t bytes[16])
{
    const struct lb_challenge *pair = gate->doors[door].challenge[use];
    uint64_t life = life_ms(gate, use);

    return (lives(gate, &pair[NOW], life) &&
            lb_same(pair[NOW].bytes, bytes, 16)) ||
           (lives(gate, &pair[BEFORE], life) &&
            lb_same(pair[BEFORE].bytes, bytes, 16));
}
