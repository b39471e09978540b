/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Deposits: a grant by an issuer and a proof of kind 3 by its courier. D1 to
 * D8 are the grant's, then P1, P2, P5, P6 the proof's, then D9 to D11.
 */

#include "base/bytes.h"
#include "gate/custody.h"
#include "gate/decide.h"
#include "gate/limits.h"
#include "gate/manifest.h"

enum {
    USES = 5,
    DOOR = 6,
    CABINET = 8,
    STAY = 24,
    NOT_BEFORE = 32,
    VALID_FOR = 40,
    RETURN_AFTER = 44,
    PARCEL_REF = 48,
    COURIER = 64,
    RELEASE = 96,
    RETURN = 128,
    KEY_ID = 160,
    GRANT_SIG = 168,
    PROOF_CHALLENGE = 32,
    PROOF_SIG = 48
};

static bool uses_ok(uint8_t uses)
{
    uint8_t low = uses & 15;
    uint8_t high = uses >> 4;

    return low >= 1 && low <= 3 && high >= 1 && high <= 3;
}

static bool d1(const uint8_t *grant, size_t len)
{
    return len == LB_GRANT_LEN && lb_same(grant, "LBD1", 4) && grant[4] == 1 &&
           uses_ok(grant[USES]);
}

static const struct lb_manifest_key *d2(const struct lb_gate *gate,
                                        const uint8_t *grant)
{
    const struct lb_manifest_key *key =
        lb_manifest_find(&gate->manifest, grant + KEY_ID, LB_ROLE_ISSUER);

    if (key == NULL || gate->region < key->region_first ||
        gate->region > key->region_last) {
        return NULL;
    }
    return key;
}

static bool d6(const struct lb_gate *gate, const uint8_t *grant)
{
    uint64_t from = lb_get_u64(grant + NOT_BEFORE);
    uint32_t len = lb_get_u32(grant + VALID_FOR);
    uint64_t end = from > UINT64_MAX - len ? UINT64_MAX : from + len;
    uint64_t longest = 3600 * (uint64_t)gate->manifest.limits.max_grant_hours;
    uint64_t now_s = 0;

    if (end < lb_gate_floor(gate) || len > longest) {
        return false;
    }
    /* Trusted time is never above the floor, so it is not past the end. */
    return !lb_now_s(gate, &now_s) || from <= now_s;
}

/* Whether a key opens a parcel of another stay. */
static bool key_in_use(const struct lb_gate *gate, const uint8_t *grant,
                       const uint8_t *key)
{
    uint16_t door = lb_get_u16(grant + DOOR);
    uint64_t stay = lb_get_u64(grant + STAY);

    for (uint16_t i = 0; i < gate->door_cap; i++) {
        const struct lb_gate_door *d = &gate->doors[i];

        if (d->custody == LB_CUSTODY_VACANT || (i == door && d->stay == stay)) {
            continue;
        }
        if (lb_same(d->release_pk, key, LB_KEY_LEN) ||
            lb_same(d->return_pk, key, LB_KEY_LEN)) {
            return true;
        }
    }
    return false;
}

static bool d7(const struct lb_gate *gate, const uint8_t *grant)
{
    const uint8_t *courier = grant + COURIER;
    const uint8_t *release = grant + RELEASE;
    const uint8_t *back = grant + RETURN;
    bool visit = lb_all_zero(release, LB_KEY_LEN);
    bool no_return = lb_all_zero(back, LB_KEY_LEN);

    if (!lb_crypto_point_ok(courier) ||
        no_return != (lb_get_u32(grant + RETURN_AFTER) == 0)) {
        return false;
    }
    if (visit) {
        return no_return;
    }
    if (!lb_crypto_point_ok(release) || lb_same(courier, release, LB_KEY_LEN) ||
        key_in_use(gate, grant, release)) {
        return false;
    }
    return no_return ||
           (lb_crypto_point_ok(back) && !lb_same(courier, back, LB_KEY_LEN) &&
            !lb_same(release, back, LB_KEY_LEN) &&
            !key_in_use(gate, grant, back));
}

static bool d8(const struct lb_gate *gate, uint16_t door,
               struct lb_verdict *verdict)
{
    const struct lb_gate_door *d = lb_door(gate, door);

    if (d == NULL) {
        return false;
    }
    verdict->board_away = !d->blocked && !d->board_here;
    return !d->blocked && d->board_here;
}

static enum lockbus_rule grant_rules(const struct lb_gate *gate,
                                     const uint8_t *grant, size_t len,
                                     struct lb_verdict *verdict)
{
    const struct lb_manifest_key *issuer;

    if (!d1(grant, len)) {
        return LOCKBUS_RULE_D1;
    }
    issuer = d2(gate, grant);
    if (issuer == NULL) {
        return LOCKBUS_RULE_D2;
    }
    if (!lb_crypto_verify("lockbus/deposit/v1", grant, KEY_ID,
                          grant + GRANT_SIG, issuer->key)) {
        return LOCKBUS_RULE_D3;
    }
    if (!lb_same(grant + CABINET, gate->cabinet_id, 16)) {
        return LOCKBUS_RULE_D4;
    }
    if (lb_get_u64(grant + STAY) >> 32 != gate->manifest.epoch) {
        return LOCKBUS_RULE_D5;
    }
    if (!d6(gate, grant)) {
        return LOCKBUS_RULE_D6;
    }
    if (!d7(gate, grant)) {
        return LOCKBUS_RULE_D7;
    }
    if (!d8(gate, lb_get_u16(grant + DOOR), verdict)) {
        return LOCKBUS_RULE_D8;
    }
    return LOCKBUS_RULE_NONE;
}

static enum lockbus_rule proof_rules(const struct lb_gate *gate,
                                     const uint8_t *grant,
                                     const struct lb_ask *ask)
{
    const uint8_t *proof = ask->proof;

    if (!lb_proof_form(proof, ask->proof_len, LB_OPEN_DEPOSIT,
                       LB_OPEN_DEPOSIT)) {
        return LOCKBUS_RULE_P1;
    }
    /* Door, cabinet and stay lie at the same places in both. */
    if (!lb_same(proof + DOOR, grant + DOOR, STAY + 8 - DOOR)) {
        return LOCKBUS_RULE_P2;
    }
    if (!lb_challenge_ok(gate, lb_get_u16(grant + DOOR), LB_CHALLENGE_PROOF,
                         proof + PROOF_CHALLENGE)) {
        return LOCKBUS_RULE_P5;
    }
    if (!lb_crypto_verify("lockbus/proof/v1", proof, PROOF_SIG,
                          proof + PROOF_SIG, grant + COURIER)) {
        return LOCKBUS_RULE_P6;
    }
    return LOCKBUS_RULE_NONE;
}

static bool d9(const struct lb_gate *gate, const uint8_t *grant,
               const uint8_t hash[LB_HASH_LEN])
{
    uint16_t door = lb_get_u16(grant + DOOR);
    const struct lb_gate_door *d = &gate->doors[door];
    uint64_t window = 1000 * (uint64_t)gate->manifest.limits.reopen_window_s;

    if (!d->leaf_known || d->leaf_open || d->leaf_was_open ||
        lb_custody_pending(gate, door)) {
        return false;
    }
    if (d->custody == LB_CUSTODY_VACANT) {
        return lb_get_u64(grant + STAY) > d->stay;
    }
    return d->custody == LB_CUSTODY_LOADING &&
           lb_same(d->grant_hash, hash, LB_HASH_LEN) && !d->seen_open &&
           d->courier_spent < d->courier_uses &&
           lb_age(gate->powered_ms, d->first_intent_ms) < window;
}

static void record_stay(const struct lb_gate *gate, const uint8_t *grant,
                        const uint8_t hash[LB_HASH_LEN],
                        struct lb_verdict *verdict)
{
    uint16_t door = lb_get_u16(grant + DOOR);
    struct lb_record *stay = lb_add(gate, verdict, LB_REC_STAY, door);
    struct lb_record *more = lb_add(gate, verdict, LB_REC_GRANT, door);

    lb_copy(stay->body, grant + COURIER, 3 * LB_KEY_LEN);
    lb_copy(stay->body + 96, grant + RETURN_AFTER, 4);
    stay->body[100] = grant[USES];
    lb_copy(more->body + LB_GRANT_HASH, hash, LB_HASH_LEN);
    lb_copy(more->body + LB_GRANT_PARCEL_REF, grant + PARCEL_REF, 16);
    lb_copy(more->body + LB_GRANT_ISSUER, grant + KEY_ID, 8);
    lb_copy(more->body + LB_GRANT_NOT_BEFORE, grant + NOT_BEFORE, 8);
    lb_copy(more->body + LB_GRANT_VALID_FOR, grant + VALID_FOR, 4);
}

enum lockbus_rule lb_rules_deposit(const struct lb_gate *gate,
                                   const struct lb_ask *ask,
                                   struct lb_verdict *verdict)
{
    const uint8_t *grant = ask->bytes;
    uint8_t hash[LB_HASH_LEN];
    enum lockbus_rule rule = grant_rules(gate, grant, ask->len, verdict);

    if (rule == LOCKBUS_RULE_NONE) {
        rule = proof_rules(gate, grant, ask);
    }
    if (rule != LOCKBUS_RULE_NONE) {
        return rule;
    }
    uint16_t door = lb_get_u16(grant + DOOR);
    bool fresh = gate->doors[door].custody == LB_CUSTODY_VACANT;

    lb_crypto_hash(hash, grant, LB_GRANT_LEN);
    if (!d9(gate, grant, hash)) {
        return LOCKBUS_RULE_D9;
    }
    rule = lb_interlock(gate, door, LB_CUSTODY_VACANT);
    if (rule != LOCKBUS_RULE_NONE) {
        return rule;
    }
    if (!lb_can_write(gate)) {
        return LOCKBUS_RULE_D11;
    }
    if (fresh) {
        record_stay(gate, grant, hash, verdict);
    }
    struct lb_record *intent =
        lb_add_intent(gate, verdict, door, LB_OPEN_DEPOSIT);

    lb_copy(intent->body + LB_INTENT_SIGNER, grant + COURIER, 8);
    lb_copy(intent->body + LB_INTENT_CHALLENGE, ask->proof + PROOF_CHALLENGE,
            16);
    lb_copy(intent->body + LB_INTENT_SIG, ask->proof + PROOF_SIG, LB_SIG_LEN);
    if (fresh) {
        lb_custody_record(gate, &verdict->records.rec[verdict->records.count++],
                          door, LB_CUSTODY_LOADING, LB_CAUSE_DEPOSIT);
    }
    for (size_t i = 0; i < verdict->records.count; i++) {
        verdict->records.rec[i].stay = lb_get_u64(grant + STAY);
    }
    return LOCKBUS_RULE_NONE;
}
