/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Challenges: two a door, never written down. Asking again in the first half
 * of a life gives the same one, so that two phones at one door do not push
 * each other out; later a new one, while the older lives to its end. A life is
 * counted from the last whole second before it, so it may end up to one second
 * early and never late.
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

static bool lives(const struct lb_gate *gate, const struct lb_challenges *c,
                  unsigned which, uint64_t life)
{
    return c->made_s[which] != 0 &&
           lb_age(gate->powered_ms, 1000 * (uint64_t)(c->made_s[which] - 1)) <
               life;
}

enum lockbus_err lb_gate_challenge(struct lb_gate *gate, uint16_t door,
                                   enum lb_challenge_use use,
                                   const uint8_t random[16], uint8_t out[16])
{
    if (!lb_gate_has_door(gate, door) ||
        (use != LB_CHALLENGE_PROOF && use != LB_CHALLENGE_SERVICE)) {
        return LOCKBUS_ERR_USAGE;
    }
    struct lb_challenges *c = &gate->doors[door].challenge[use];
    uint64_t life = life_ms(gate, use);
    uint32_t now_s = lb_seconds(gate->powered_ms);

    if (!lives(gate, c, NOW, life / 2)) {
        if (lives(gate, c, NOW, life)) {
            lb_copy(c->bytes[BEFORE], c->bytes[NOW], 16);
            c->made_s[BEFORE] = c->made_s[NOW];
        }
        lb_copy(c->bytes[NOW], random, 16);
        c->made_s[NOW] = now_s < UINT32_MAX ? now_s + 1 : now_s;
    }
    lb_copy(out, c->bytes[NOW], 16);
    return LOCKBUS_OK;
}

bool lb_challenge_ok(const struct lb_gate *gate, uint16_t door,
                     enum lb_challenge_use use, const uint8_t bytes[16])
{
    const struct lb_challenges *c = &gate->doors[door].challenge[use];
    uint64_t life = life_ms(gate, use);

    return (lives(gate, c, NOW, life) && lb_same(c->bytes[NOW], bytes, 16)) ||
           (lives(gate, c, BEFORE, life) &&
            lb_same(c->bytes[BEFORE], bytes, 16));
}
