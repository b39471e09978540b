/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Proofs: P1 to P10. A proof is good for one door, one stay, one challenge;
 * uses, token and challenge are spent by its INTENT record and nowhere else.
 */

#include "base/bytes.h"
#include "gate/custody.h"
#include "gate/decide.h"
#include "gate/limits.h"

enum {
    KIND = 5,
    DOOR = 6,
    CABINET = 8,
    STAY = 24,
    CHALLENGE = 32,
    SIGNATURE = 48
};

bool lb_proof_form(const uint8_t *proof, size_t len, uint8_t kind_first,
                   uint8_t kind_last)
{
    return len == LB_PROOF_LEN && lb_same(proof, "LBP1", 4) && proof[4] == 1 &&
           proof[KIND] >= kind_first && proof[KIND] <= kind_last;
}

static bool is_courier(uint8_t open)
{
    return open == LB_OPEN_REOPEN || open == LB_OPEN_CANCEL;
}

static bool p4(const struct lb_gate *gate, uint16_t door, uint8_t open,
               uint64_t stay)
{
    const struct lb_gate_door *d = &gate->doors[door];
    uint64_t window = 1000 * (uint64_t)gate->manifest.limits.reopen_window_s;

    if (stay != d->stay || d->frozen || lb_custody_pending(gate, door)) {
        return false;
    }
    if (is_courier(open)) {
        return (d->custody == LB_CUSTODY_LOADING ||
                d->custody == LB_CUSTODY_OCCUPIED) &&
               lb_age(gate->powered_ms, d->first_intent_ms) < window;
    }
    return d->custody == LB_CUSTODY_OCCUPIED ||
           d->custody == LB_CUSTODY_EMPTYING;
}

/* The kind names the key, so a courier's proof never releases. */
static const uint8_t *key_of(const struct lb_gate_door *d, uint8_t open)
{
    if (open == LB_OPEN_RELEASE) {
        return d->release_pk;
    }
    return open == LB_OPEN_RETURN ? d->return_pk : d->courier_pk;
}

static bool p6(const struct lb_gate_door *d, const uint8_t *proof)
{
    const uint8_t *key = key_of(d, proof[KIND]);

    return !lb_all_zero(key, LB_KEY_LEN) &&
           lb_crypto_verify("lockbus/proof/v1", proof, SIGNATURE,
                            proof + SIGNATURE, key);
}

static bool p7(const struct lb_gate *gate, const struct lb_gate_door *d,
               uint8_t open)
{
    if (open == LB_OPEN_RETURN) {
        return gate->powered_ms >= d->return_due_ms;
    }
    if (is_courier(open)) {
        return d->courier_spent < d->courier_uses;
    }
    return d->release_spent < d->release_uses;
}

static bool p8(const struct lb_gate *gate, uint8_t open)
{
    unsigned bucket = lb_bucket_of(open);

    return bucket == LB_BUCKETS ||
           lb_bucket_level(gate, bucket, gate->powered_ms) >= LB_TOKEN;
}

static bool p3(const struct lb_gate_door *d, struct lb_verdict *verdict)
{
    verdict->board_away = !d->blocked && !d->board_here;
    return !d->blocked && d->board_here;
}

enum lockbus_rule lb_check_release(const struct lb_gate *gate, uint16_t door,
                                   struct lb_verdict *verdict)
{
    const struct lb_gate_door *d = &gate->doors[door];

    if (!p3(d, verdict)) {
        return LOCKBUS_RULE_P3;
    }
    if (!p4(gate, door, LB_OPEN_RELEASE, d->stay)) {
        return LOCKBUS_RULE_P4;
    }
    if (!p7(gate, d, LB_OPEN_RELEASE)) {
        return LOCKBUS_RULE_P7;
    }
    if (!p8(gate, LB_OPEN_RELEASE)) {
        return LOCKBUS_RULE_P8;
    }
    return lb_interlock(gate, door, d->custody);
}

static bool p5(const struct lb_gate *gate, uint16_t door,
               const uint8_t *challenge, const uint8_t *own)
{
    if (own != NULL) {
        return lb_same(challenge, own, 16);
    }
    return lb_challenge_ok(gate, door, LB_CHALLENGE_PROOF, challenge);
}

enum lockbus_rule lb_check_proof(const struct lb_gate *gate,
                                 const uint8_t *proof, const uint8_t *own,
                                 struct lb_verdict *verdict)
{
    uint16_t door = lb_get_u16(proof + DOOR);
    const struct lb_gate_door *d = lb_door(gate, door);
    uint8_t open = proof[KIND];
    enum lockbus_rule rule;

    if (d == NULL || !lb_same(proof + CABINET, gate->cabinet_id, 16)) {
        return LOCKBUS_RULE_P2;
    }
    if (!p3(d, verdict)) {
        return LOCKBUS_RULE_P3;
    }
    if (!p4(gate, door, open, lb_get_u64(proof + STAY))) {
        return LOCKBUS_RULE_P4;
    }
    if (!p5(gate, door, proof + CHALLENGE, own)) {
        return LOCKBUS_RULE_P5;
    }
    if (!p6(d, proof)) {
        return LOCKBUS_RULE_P6;
    }
    if (!p7(gate, d, open)) {
        return LOCKBUS_RULE_P7;
    }
    if (!p8(gate, open)) {
        return LOCKBUS_RULE_P8;
    }
    rule = lb_interlock(gate, door, d->custody);
    if (rule != LOCKBUS_RULE_NONE) {
        return rule;
    }
    if (!lb_can_write(gate)) {
        return LOCKBUS_RULE_P10;
    }
    struct lb_record *intent =
        lb_add_intent(gate, verdict, door, (enum lb_open)open);

    intent->body[LB_INTENT_BY_CODE] = own != NULL;
    lb_copy(intent->body + LB_INTENT_SIGNER, key_of(d, open), 8);
    lb_copy(intent->body + LB_INTENT_CHALLENGE, proof + CHALLENGE, 16);
    lb_copy(intent->body + LB_INTENT_SIG, proof + SIGNATURE, LB_SIG_LEN);
    return LOCKBUS_RULE_NONE;
}

enum lockbus_rule lb_rules_proof(const struct lb_gate *gate,
                                 const struct lb_ask *ask,
                                 struct lb_verdict *verdict)
{
    /* Kind 3 counts only beside its grant. */
    if (!lb_proof_form(ask->bytes, ask->len, LB_OPEN_RELEASE, LB_OPEN_CANCEL) ||
        ask->bytes[KIND] == LB_OPEN_DEPOSIT) {
        return LOCKBUS_RULE_P1;
    }
    return lb_check_proof(gate, ask->bytes, NULL, verdict);
}
