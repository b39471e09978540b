/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Codes and the seals that they open: L1 to L3, C1 to C4. A code names its
 * door in its first characters; its secret part never leaves the struct but
 * to the worker that derives, and is wiped when the answer comes.
 */

#include "base/bytes.h"
#include "gate/apply.h"
#include "gate/custody.h"
#include "gate/decide.h"
#include "gate/limits.h"

enum {
    SEAL_OPS = 8,
    SEAL_MEM = 12,
    SEAL_OPS_MAX = 10,
    SEAL_MEM_MIN = 8,
    SEAL_MEM_MAX = 262144,
    SEAL_WORK_MAX = 524288 /* opslimit x KiB: a second or two of one core */
};

static const uint64_t hour_ms = 3600000;
static const uint64_t day_ms = 24 * 3600000;

/* ---- Seals -------------------------------------------------------------- */

static const uint8_t seal_head[LB_SEAL_HEAD] = {'L', 'B', 'X', '1', 1, 1};

bool lb_seal_keep(uint8_t kept[LB_SEAL_KEPT], const uint8_t seal[LB_SEAL_LEN])
{
    if (!lb_same(seal, seal_head, LB_SEAL_HEAD)) {
        return false;
    }
    lb_copy(kept, seal + LB_SEAL_HEAD, LB_SEAL_KEPT);
    return true;
}

void lb_seal_whole(uint8_t seal[LB_SEAL_LEN], const uint8_t kept[LB_SEAL_KEPT])
{
    lb_copy(seal, seal_head, LB_SEAL_HEAD);
    lb_copy(seal + LB_SEAL_HEAD, kept, LB_SEAL_KEPT);
}

static bool l1(const uint8_t *seal, size_t len)
{
    if (len != LB_SEAL_LEN || !lb_same(seal, seal_head, LB_SEAL_HEAD)) {
        return false;
    }
    uint32_t ops = lb_get_u32(seal + SEAL_OPS);
    uint32_t mem = lb_get_u32(seal + SEAL_MEM);

    /* The worker that derives also syncs the journal: whoever may hand in a
     * seal must not be able to keep it from that for long. */
    return ops >= 1 && ops <= SEAL_OPS_MAX && mem >= SEAL_MEM_MIN &&
           mem <= SEAL_MEM_MAX && ops * (uint64_t)mem <= SEAL_WORK_MAX;
}

/* It came before: nothing to write. */
static bool has_seal(const struct lb_gate_door *d, const uint8_t *seal)
{
    return ((d->seals & 1) != 0 &&
            lb_same(d->seal[0], seal + LB_SEAL_HEAD, LB_SEAL_KEPT)) ||
           ((d->seals & 2) != 0 &&
            lb_same(d->seal[1], seal + LB_SEAL_HEAD, LB_SEAL_KEPT));
}

enum lockbus_rule lb_rules_seal(const struct lb_gate *gate,
                                const struct lb_ask *ask,
                                struct lb_verdict *verdict)
{
    const struct lb_gate_door *d = lb_door(gate, ask->door);

    if (!l1(ask->bytes, ask->len)) {
        return LOCKBUS_RULE_L1;
    }
    if (d == NULL || d->visit || lb_custody_pending(gate, ask->door) ||
        (d->custody != LB_CUSTODY_LOADING &&
         d->custody != LB_CUSTODY_OCCUPIED)) {
        return LOCKBUS_RULE_L2;
    }
    if (!has_seal(d, ask->bytes)) {
        if (d->seals == 3 || !lb_can_write(gate)) {
            return LOCKBUS_RULE_L3;
        }
        struct lb_record *record =
            lb_add(gate, verdict, LB_REC_SEAL, ask->door);

        record->kind = d->seals & 1; /* the first place that is free */
        lb_copy(record->body, ask->bytes, LB_SEAL_LEN);
    }
    verdict->kind = LB_VERDICT_DONE;
    return LOCKBUS_RULE_NONE;
}

/* ---- Reading a code ----------------------------------------------------- */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The character's value, or -1; digits are the first ten. */
static int value(uint8_t c, bool digits)
{
    if (c >= 'a' && c <= 'z') {
        c = (uint8_t)(c - 'a' + 'A');
    }
    if (c == 'I' || c == 'L') {
        c = '1';
    } else if (c == 'O') {
        c = '0';
    }
    for (int i = 0; i < (digits ? 10 : 32); i++) {
        if (alphabet[i] == (char)c) {
            return i;
        }
    }
    return -1;
}

bool lb_code_read(struct lb_code *code, const uint8_t *text, size_t len,
                  bool digits)
{
    unsigned base = digits ? 10 : 32;
    size_t door_len = digits ? 3 : 2;
    size_t seen = 0;
    unsigned door = 0;

    lb_zero(code, sizeof *code);
    for (size_t i = 0; i < len && len <= LB_CODE_TEXT_MAX; i++) {
        if (text[i] == '-') {
            continue;
        }
        int v = digits && (text[i] < '0' || text[i] > '9')
                    ? -1
                    : value(text[i], digits);

        if (v < 0 || code->len >= LB_CODE_MAX) {
            return false;
        }
        if (seen++ < door_len) {
            door = door * base + (unsigned)v;
        } else {
            code->secret[code->len++] = alphabet[v];
        }
    }
    code->door = (uint16_t)door;
    return code->len != 0;
}

/* ---- Trying one --------------------------------------------------------- */

static bool c1(const struct lb_gate *gate, const struct lb_ask *ask,
               struct lb_code *code, struct lb_verdict *verdict)
{
    const struct lb_gate_door *d;

    if (!lb_code_read(code, ask->bytes, ask->len, ask->digits) ||
        /* a digit counts 3.3 bits */
        code->len * (ask->digits ? 33 : 50) <
            10 * (size_t)gate->manifest.limits.code_min_bits) {
        return false;
    }
    verdict->is_code = true;
    d = lb_door(gate, code->door);
    return d != NULL && d->seals != 0 &&
           !lb_custody_pending(gate, code->door) &&
           (d->custody == LB_CUSTODY_OCCUPIED ||
            d->custody == LB_CUSTODY_EMPTYING);
}

static unsigned tries_within(const struct lb_gate *gate, const uint32_t *tries,
                             size_t count, uint64_t len_ms)
{
    unsigned found = 0;

    for (size_t i = 0; i < count; i++) {
        /* A time that these bits cannot tell is never over. */
        found += tries[i] == UINT32_MAX ||
                 (tries[i] != 0 &&
                  lb_age(gate->powered_ms, 1000 * (uint64_t)tries[i]) < len_ms);
    }
    return found;
}

/* A stay's first try in an hour is free of the cabinet's count, so that one
 * who types at random at one door locks no one else out. */
static bool c2(const struct lb_gate *gate, const struct lb_gate_door *d,
               bool *spends_hourly)
{
    const struct lb_limits *limits = &gate->manifest.limits;

    if (tries_within(gate, d->tries_s, LB_TRIES_MAX, day_ms) >=
        limits->code_tries) {
        return false;
    }
    *spends_hourly = tries_within(gate, d->tries_s, LB_TRIES_MAX, hour_ms) != 0;
    return !*spends_hourly ||
           tries_within(gate, gate->hourly_s,
                        sizeof gate->hourly_s / sizeof gate->hourly_s[0],
                        hour_ms) < limits->code_tries_per_hour;
}

static void forget(struct lb_gate *gate)
{
    lb_crypto_wipe(gate->derive_password, sizeof gate->derive_password);
    gate->derive_len = 0;
    gate->derive_ref = 0;
    gate->derive_tried = false;
}

static enum lockbus_rule try_code(struct lb_gate *gate,
                                  const struct lb_ask *ask,
                                  struct lb_code *code,
                                  struct lb_verdict *verdict)
{
    enum lockbus_rule rule;
    bool spends_hourly = false;

    if (!c1(gate, ask, code, verdict)) {
        return LOCKBUS_RULE_C1;
    }
    const struct lb_gate_door *d = &gate->doors[code->door];

    rule = lb_check_release(gate, code->door, verdict);
    if (rule != LOCKBUS_RULE_NONE) {
        return rule;
    }
    if (!c2(gate, d, &spends_hourly)) {
        return LOCKBUS_RULE_C2;
    }
    if (!lb_can_write(gate) || gate->derive_ref != 0) {
        return LOCKBUS_RULE_C3;
    }
    gate->derive_last = gate->derive_last + 1 != 0 ? gate->derive_last + 1 : 1;
    gate->derive_ref = gate->derive_last;
    gate->derive_tried = false;
    gate->derive_door = code->door;
    gate->derive_stay = d->stay;
    gate->derive_len = (uint8_t)code->len;
    lb_copy(gate->derive_password, code->secret, LB_CODE_MAX);

    struct lb_record *record = lb_add(gate, verdict, LB_REC_TRY, code->door);

    record->kind = spends_hourly;
    record->ref = gate->derive_ref;
    verdict->kind = LB_VERDICT_DERIVE;
    verdict->ref = gate->derive_ref;
    return LOCKBUS_RULE_NONE;
}

enum lockbus_rule lb_rules_code(struct lb_gate *gate, const struct lb_ask *ask,
                                struct lb_verdict *verdict)
{
    struct lb_code code;
    enum lockbus_rule rule = try_code(gate, ask, &code, verdict);

    lb_crypto_wipe(&code, sizeof code);
    return rule;
}

bool lb_gate_derive(const struct lb_gate *gate, uint32_t ref,
                    struct lb_derive *out)
{
    if (ref == 0 || ref != gate->derive_ref || !gate->derive_tried ||
        gate->shut_down) {
        return false;
    }
    const struct lb_gate_door *d = &gate->doors[gate->derive_door];

    if (d->stay != gate->derive_stay || d->seals == 0) {
        return false;
    }
    lb_zero(out, sizeof *out);
    out->ref = ref;
    for (unsigned slot = 0; slot < 2; slot++) {
        if ((d->seals >> slot & 1) != 0) {
            lb_seal_whole(out->seal[out->seals++], d->seal[slot]);
        }
    }
    lb_copy(out->ad, gate->cabinet_id, 16);
    lb_put_u16(out->ad + 16, gate->derive_door);
    lb_put_u64(out->ad + 18, d->stay);
    lb_copy(out->release_pk, d->release_pk, LB_KEY_LEN);
    lb_copy(out->password, gate->derive_password, LB_CODE_MAX);
    out->password_len = gate->derive_len;
    return true;
}

/* ---- The worker's answer ------------------------------------------------ */

/* The gate signs a challenge of its own and goes the way of every proof. */
static enum lockbus_rule release(const struct lb_gate *gate, uint16_t door,
                                 const uint8_t seed[LB_SEED_LEN],
                                 struct lb_verdict *verdict)
{
    uint8_t proof[LB_PROOF_LEN] = {'L', 'B', 'P', '1', 1, LB_OPEN_RELEASE};
    uint8_t own[16];

    if (!lb_crypto_random(own, sizeof own)) {
        return LOCKBUS_RULE_P5; /* no challenge can be made */
    }
    lb_put_u16(proof + 6, door);
    lb_copy(proof + 8, gate->cabinet_id, 16);
    lb_put_u64(proof + 24, gate->doors[door].stay);
    lb_copy(proof + 32, own, sizeof own);
    if (!lb_crypto_sign(proof + 48, "lockbus/proof/v1", proof, 48, seed)) {
        return LOCKBUS_RULE_P6;
    }
    return lb_check_proof(gate, proof, own, verdict);
}

enum lockbus_rule lb_rules_code_key(struct lb_gate *gate,
                                    const struct lb_ask *ask,
                                    struct lb_verdict *verdict)
{
    uint8_t key[LB_KEY_LEN];
    uint16_t door = gate->derive_door;

    if (gate->derive_ref == 0 || ask->derive_ref != gate->derive_ref ||
        !gate->derive_tried) {
        return LOCKBUS_RULE_C4;
    }
    const struct lb_gate_door *d = &gate->doors[door];
    bool same_stay =
        d->stay == gate->derive_stay && d->custody != LB_CUSTODY_VACANT;

    forget(gate);
    if (!same_stay) {
        return LOCKBUS_RULE_P4;
    }
    if (ask->underived) {
        return LOCKBUS_RULE_C3;
    }
    if (!ask->unsealed || ask->seed == NULL) {
        return LOCKBUS_RULE_C4;
    }
    lb_crypto_public(key, ask->seed);
    if (!lb_crypto_same(key, d->release_pk, LB_KEY_LEN)) {
        return LOCKBUS_RULE_C4;
    }
    (void)lb_add(gate, verdict, LB_REC_TRY_BACK, door);
    return release(gate, door, ask->seed, verdict);
}
