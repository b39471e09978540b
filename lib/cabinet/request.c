/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The host's requests: each takes its arguments apart and hands one ask to
 * lb_ask(). Nothing is decided here.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <string.h>

enum {
    GRANT_DOOR = 6,
    GRANT_STAY = 24,
    PROOF_DOOR = 6,
    PROOF_STAY = 24,
    PROOF_BODY = 48,
    PROOF_CABINET = 8,
    PROOF_CHALLENGE = 32
};

static enum lockbus_err usage(struct lockbus_error *why)
{
    return lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                     "an argument is missing");
}

static enum lockbus_err one(struct lockbus_cabinet *cab, enum lb_ask_kind kind,
                            const uint8_t *bytes, size_t len, uint32_t *ticket,
                            struct lockbus_error *why)
{
    struct lb_ask ask = {.kind = kind, .bytes = bytes, .len = len};

    if (cab == NULL || bytes == NULL || ticket == NULL || why == NULL) {
        return usage(why);
    }
    memset(why, 0, sizeof *why);
    return lb_ask(cab, &ask, NULL, 0, ticket, why);
}

enum lockbus_err lockbus_challenge(struct lockbus_cabinet *cabinet,
                                   uint16_t door,
                                   enum lockbus_challenge_use use,
                                   uint8_t challenge[16],
                                   struct lockbus_error *why)
{
    uint8_t fresh[16];

    if (cabinet == NULL || challenge == NULL) {
        return usage(why);
    }
    if (use != LOCKBUS_CHALLENGE_PROOF && use != LOCKBUS_CHALLENGE_SERVICE) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "use",
                         "a challenge is for a proof or for service");
    }
    cabinet->rests = false;
    if (!lb_crypto_random(fresh, sizeof fresh)) {
        return lb_no_random(why);
    }
    if (lb_gate_challenge(&cabinet->gate, door,
                          use == LOCKBUS_CHALLENGE_PROOF ? LB_CHALLENGE_PROOF
                                                         : LB_CHALLENGE_SERVICE,
                          fresh, challenge) != LOCKBUS_OK) {
        return lb_no_door(why, door);
    }
    return LOCKBUS_OK;
}

/* A seal that would be refused for its form alone stops the deposit: a
 * parcel behind a door that no code opens helps nobody. Its other rules
 * depend on the stay, which does not exist yet. */
static bool seal_form_ok(struct lockbus_cabinet *cab, const uint8_t *seal,
                         size_t len, uint16_t door)
{
    struct lb_verdict verdict;
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = seal, .len = len, .door = door};

    if (len == 0) {
        return true;
    }
    lb_gate_decide(&cab->gate, &ask, &verdict);
    if (verdict.rule == LOCKBUS_RULE_L1) {
        lb_refusal_note(cab, &verdict);
    }
    return verdict.rule != LOCKBUS_RULE_L1;
}

static enum lockbus_err deposit(struct lockbus_cabinet *cab,
                                const struct lb_ask *ask, const uint8_t *seal,
                                size_t seal_len, uint32_t *ticket,
                                struct lockbus_error *why)
{
    if (!seal_form_ok(cab, seal, seal_len, lb_gate_peek_door(ask))) {
        return lb_reason_rule(why, LOCKBUS_RULE_L1);
    }
    return lb_ask(cab, ask, seal, seal_len, ticket, why);
}

/* What was scanned is not whole. The gate says so of a grant without bytes,
 * by the rule of a grant's form, and it is on record. */
static enum lockbus_err no_package(struct lockbus_cabinet *cab,
                                   uint32_t *ticket, struct lockbus_error *why)
{
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT};

    return lb_ask(cab, &ask, NULL, 0, ticket, why);
}

enum lockbus_err lockbus_deposit(struct lockbus_cabinet *cabinet,
                                 const uint8_t *package, size_t package_len,
                                 const uint8_t *proof, size_t proof_len,
                                 uint32_t *ticket, struct lockbus_error *why)
{
    uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    size_t seal_len = 0;

    if (cabinet == NULL || package == NULL || proof == NULL || ticket == NULL ||
        why == NULL) {
        return usage(why);
    }
    memset(why, 0, sizeof *why);
    if (lockbus_package_read(package, package_len, grant, seal, &seal_len) !=
        LOCKBUS_OK) {
        return no_package(cabinet, ticket, why);
    }
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT,
                         .bytes = grant,
                         .len = sizeof grant,
                         .proof = proof,
                         .proof_len = proof_len};
    return deposit(cabinet, &ask, seal, seal_len, ticket, why);
}

/* A proof, made here from a seed. A door that does not exist has no challenge:
 * the proof stays unsigned, and the gate refuses it by its own rule. IO: no
 * door has one. */
static enum lockbus_err prove(struct lockbus_cabinet *cab,
                              const struct lockbus_proof *fields,
                              const uint8_t seed[32],
                              uint8_t proof[LOCKBUS_PROOF_LEN],
                              struct lockbus_error *why)
{
    memset(proof, 0, LOCKBUS_PROOF_LEN);
    memcpy(proof, "LBP1", 4);
    proof[4] = 1;
    proof[5] = (uint8_t)fields->kind;
    lb_put_u16(proof + PROOF_DOOR, fields->door);
    memcpy(proof + PROOF_CABINET, cab->gate.cabinet_id, 16);
    lb_put_u64(proof + PROOF_STAY, fields->stay);
    enum lockbus_err err =
        lockbus_challenge(cab, fields->door, LOCKBUS_CHALLENGE_PROOF,
                          proof + PROOF_CHALLENGE, why);

    if (err == LOCKBUS_OK) {
        (void)lb_crypto_sign(proof + PROOF_BODY, "lockbus/proof/v1", proof,
                             PROOF_BODY, seed);
    }
    return err == LOCKBUS_ERR_IO ? err : LOCKBUS_OK;
}

enum lockbus_err lockbus_deposit_with_key(
    struct lockbus_cabinet *cabinet, const uint8_t *package, size_t package_len,
    const uint8_t seed[32], uint32_t *ticket, struct lockbus_error *why)
{
    uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    uint8_t proof[LOCKBUS_PROOF_LEN];
    size_t seal_len = 0;

    if (cabinet == NULL || package == NULL || seed == NULL || ticket == NULL ||
        why == NULL) {
        return usage(why);
    }
    memset(why, 0, sizeof *why);
    if (lockbus_package_read(package, package_len, grant, seal, &seal_len) !=
        LOCKBUS_OK) {
        return no_package(cabinet, ticket, why);
    }
    const struct lockbus_proof fields = {
        .kind = LOCKBUS_PROOF_DEPOSIT,
        .door = lb_get_u16(grant + GRANT_DOOR),
        .stay = lb_get_u64(grant + GRANT_STAY),
    };

    if (prove(cabinet, &fields, seed, proof, why) != LOCKBUS_OK) {
        return why->err;
    }
    memset(why, 0, sizeof *why);
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT,
                         .bytes = grant,
                         .len = sizeof grant,
                         .proof = proof,
                         .proof_len = sizeof proof};
    return deposit(cabinet, &ask, seal, seal_len, ticket, why);
}

enum lockbus_err lockbus_open_with_proof(struct lockbus_cabinet *cabinet,
                                         const uint8_t *proof, size_t proof_len,
                                         uint32_t *ticket,
                                         struct lockbus_error *why)
{
    return one(cabinet, LB_ASK_PROOF, proof, proof_len, ticket, why);
}

enum lockbus_err lockbus_open_with_key(struct lockbus_cabinet *cabinet,
                                       uint16_t door,
                                       enum lockbus_proof_kind kind,
                                       const uint8_t seed[32], uint32_t *ticket,
                                       struct lockbus_error *why)
{
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct lockbus_proof fields = {.kind = kind, .door = door};

    if (cabinet == NULL || seed == NULL || ticket == NULL || why == NULL) {
        return usage(why);
    }
    if (kind != LOCKBUS_PROOF_RELEASE && kind != LOCKBUS_PROOF_RETURN &&
        kind != LOCKBUS_PROOF_REOPEN && kind != LOCKBUS_PROOF_CANCEL) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "kind",
                         "a key releases, returns, reopens or cancels");
    }
    if (door < cabinet->door_count) {
        fields.stay = cabinet->gate_doors[door].stay;
    }
    if (prove(cabinet, &fields, seed, proof, why) != LOCKBUS_OK) {
        return why->err;
    }
    return one(cabinet, LB_ASK_PROOF, proof, sizeof proof, ticket, why);
}

enum lockbus_err lockbus_release_with_code(struct lockbus_cabinet *cabinet,
                                           const char *code, uint32_t *ticket,
                                           struct lockbus_error *why)
{
    if (cabinet == NULL || code == NULL || ticket == NULL || why == NULL) {
        return usage(why);
    }
    memset(why, 0, sizeof *why);
    struct lb_ask ask = {
        .kind = LB_ASK_CODE,
        .bytes = (const uint8_t *)code,
        .len = strnlen(code, LB_CODE_TEXT_MAX + 1),
        .digits = cabinet->config->keypad_digits,
    };

    return lb_ask(cabinet, &ask, NULL, 0, ticket, why);
}

enum lockbus_err lockbus_service(struct lockbus_cabinet *cabinet,
                                 const uint8_t *order, size_t order_len,
                                 uint32_t *ticket, struct lockbus_error *why)
{
    return one(cabinet, LB_ASK_ORDER, order, order_len, ticket, why);
}

enum lockbus_err lockbus_manifest(struct lockbus_cabinet *cabinet,
                                  const uint8_t *manifest, size_t manifest_len,
                                  uint32_t *ticket, struct lockbus_error *why)
{
    return one(cabinet, LB_ASK_MANIFEST, manifest, manifest_len, ticket, why);
}

enum lockbus_err lockbus_seal(struct lockbus_cabinet *cabinet, uint16_t door,
                              const uint8_t *seal, size_t seal_len,
                              uint32_t *ticket, struct lockbus_error *why)
{
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = seal, .len = seal_len, .door = door};

    if (cabinet == NULL || seal == NULL || ticket == NULL || why == NULL) {
        return usage(why);
    }
    memset(why, 0, sizeof *why);
    return lb_ask(cabinet, &ask, NULL, 0, ticket, why);
}

enum lockbus_err lockbus_not_emptied(struct lockbus_cabinet *cabinet,
                                     uint16_t door, uint32_t *ticket,
                                     struct lockbus_error *why)
{
    struct lb_ask ask = {.kind = LB_ASK_NOT_EMPTIED, .door = door};

    if (cabinet == NULL || ticket == NULL || why == NULL) {
        return usage(why);
    }
    memset(why, 0, sizeof *why);
    return lb_ask(cabinet, &ask, NULL, 0, ticket, why);
}
