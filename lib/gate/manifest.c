/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Manifests: M1 to M7.
 */

#include "gate/manifest.h"
#include "gate/limits.h"

#include "base/bytes.h"
#include "gate/decide.h"

enum {
    KEY_COUNT = 5,
    THRESHOLD = 6,
    ZERO = 7,
    OPERATOR = 8,
    NUMBER = 24,
    EPOCH = 28,
    ISSUED_AT = 32,
    LIMITS = 40,
    HEAD_LEN = 64,
    KEY_LEN = 48,
    SIG_LEN = 72,
    SIGS_MIN = 2
};

enum { STEP_MAX = 65536, WINDOW_MAX_S = 900, CODE_BITS_MIN = 19 };

static size_t body_len(const struct lb_manifest *m)
{
    return HEAD_LEN + KEY_LEN * (size_t)m->key_count;
}

static void read_limits(struct lb_limits *l, const uint8_t *p)
{
    l->max_open_occupied = p[0];
    l->max_open_vacant = p[1];
    l->interlock_hold_s = lb_get_u16(p + 2);
    l->burst = p[4];
    l->per_hour = p[5];
    l->return_burst = p[6];
    l->return_per_hour = p[7];
    l->service_burst = p[8];
    l->service_per_hour = p[9];
    l->code_tries = p[10];
    l->code_tries_per_hour = p[11];
    l->reopen_window_s = lb_get_u16(p + 12);
    l->ajar_after_s = lb_get_u16(p + 14);
    l->max_grant_hours = lb_get_u16(p + 16);
    l->challenge_ttl_s = lb_get_u16(p + 18);
    l->service_ttl_s = lb_get_u16(p + 20);
    l->code_min_bits = p[22];
}

static bool role_known(uint8_t role)
{
    return (role >= LB_ROLE_ROOT && role <= LB_ROLE_DISTRUSTED) ||
           role == LB_ROLE_ARCHIVE;
}

static bool read_key(struct lb_manifest_key *key, const uint8_t *p)
{
    key->role = p[0];
    key->from_epoch = lb_get_u32(p + 4);
    key->region_first = lb_get_u32(p + 8);
    key->region_last = lb_get_u32(p + 12);
    lb_copy(key->key, p + 16, LB_KEY_LEN);
    if (!lb_all_zero(p + 1, 3)) {
        return false;
    }
    if (!role_known(key->role)) {
        return true; /* M4 names it */
    }
    if (key->role != LB_ROLE_DISTRUSTED && key->from_epoch != 0) {
        return false;
    }
    if (key->role == LB_ROLE_ISSUER) {
        return key->region_first <= key->region_last;
    }
    return key->region_first == 0 && key->region_last == UINT32_MAX;
}

/* The form up to the signatures; they number 2 to 10. */
bool lb_manifest_parse(struct lb_manifest *out, const uint8_t *bytes,
                       size_t len)
{
    if (len < HEAD_LEN || len > LB_MANIFEST_MAX || !lb_same(bytes, "LBM1", 4) ||
        bytes[4] != 1 || bytes[ZERO] != 0 || bytes[LIMITS + 23] != 0) {
        return false;
    }
    lb_zero(out, sizeof *out);
    out->key_count = bytes[KEY_COUNT];
    if (out->key_count < 1 || out->key_count > LB_MANIFEST_KEYS ||
        len < body_len(out) + SIGS_MIN * SIG_LEN ||
        len > body_len(out) + LB_MANIFEST_SIGS * SIG_LEN ||
        (len - body_len(out)) % SIG_LEN != 0) {
        return false;
    }
    out->threshold = bytes[THRESHOLD];
    lb_copy(out->operator_id, bytes + OPERATOR, 16);
    out->number = lb_get_u32(bytes + NUMBER);
    out->epoch = lb_get_u32(bytes + EPOCH);
    out->issued_at = lb_get_u64(bytes + ISSUED_AT);
    read_limits(&out->limits, bytes + LIMITS);
    for (size_t i = 0; i < out->key_count; i++) {
        if (!read_key(&out->keys[i], bytes + HEAD_LEN + KEY_LEN * i)) {
            return false;
        }
    }
    lb_crypto_hash(out->hash, bytes, len);
    return true;
}

const struct lb_manifest_key *lb_manifest_find(const struct lb_manifest *m,
                                               const uint8_t key_id[8],
                                               uint8_t role)
{
    for (size_t i = 0; i < m->key_count; i++) {
        if (m->keys[i].role == role && lb_same(m->keys[i].key, key_id, 8)) {
            return &m->keys[i];
        }
    }
    return NULL;
}

static bool m3(const struct lb_manifest *now, const struct lb_manifest *next)
{
    if (next->issued_at >= LB_TIME_END_S || next->number == 0) {
        return false;
    }
    if (now->number == 0) {
        return true;
    }
    return next->number > now->number &&
           next->number - now->number <= STEP_MAX &&
           next->epoch >= now->epoch && next->epoch - now->epoch <= STEP_MAX;
}

static bool key_is_new(const struct lb_manifest *m, size_t at)
{
    /* Equal keys have equal ids. */
    for (size_t i = 0; i < at; i++) {
        if (lb_same(m->keys[i].key, m->keys[at].key, 8)) {
            return false;
        }
    }
    return true;
}

static unsigned with_role(const struct lb_manifest *m, uint8_t role)
{
    unsigned count = 0;

    for (size_t i = 0; i < m->key_count; i++) {
        count += m->keys[i].role == role;
    }
    return count;
}

static bool m4(const struct lb_manifest *m)
{
    for (size_t i = 0; i < m->key_count; i++) {
        if (!role_known(m->keys[i].role) ||
            !lb_crypto_point_ok(m->keys[i].key) || !key_is_new(m, i)) {
            return false;
        }
    }
    return m->threshold >= 2 && m->threshold <= with_role(m, LB_ROLE_ROOT) &&
           with_role(m, LB_ROLE_OPERATIONS) >= 1 &&
           with_role(m, LB_ROLE_SECURITY) >= 1;
}

/* Whether `m` has this root and the signature is its. */
static bool root_signed(const struct lb_manifest *m, const uint8_t *bytes,
                        size_t body, const uint8_t *signer)
{
    const struct lb_manifest_key *root =
        lb_manifest_find(m, signer, LB_ROLE_ROOT);

    return root != NULL && lb_crypto_verify("lockbus/manifest/v1", bytes, body,
                                            signer + 8, root->key);
}

static bool ascending(const uint8_t *a, const uint8_t *b)
{
    size_t i = 0;

    while (i < 7 && a[i] == b[i]) {
        i++;
    }
    return a[i] < b[i];
}

static bool m5(const struct lb_manifest *now, const struct lb_manifest *next,
               const uint8_t *bytes, size_t len)
{
    size_t body = body_len(next);
    unsigned by_old = 0;
    unsigned by_new = 0;

    for (size_t at = body; at < len; at += SIG_LEN) {
        const uint8_t *signer = bytes + at;
        bool old_root = root_signed(now, bytes, body, signer);
        bool new_root = root_signed(next, bytes, body, signer);

        if ((!old_root && !new_root) ||
            (at > body && !ascending(signer - SIG_LEN, signer))) {
            return false;
        }
        by_old += old_root;
        by_new += new_root;
    }
    return by_new >= next->threshold &&
           (now->number == 0 || by_old >= now->threshold);
}

static bool m6(const struct lb_limits *l)
{
    return l->max_open_occupied != 0 && l->max_open_vacant != 0 &&
           l->interlock_hold_s != 0 && l->burst != 0 && l->per_hour != 0 &&
           l->service_burst != 0 && l->service_per_hour != 0 &&
           l->reopen_window_s != 0 && l->reopen_window_s <= WINDOW_MAX_S &&
           l->ajar_after_s != 0 && l->max_grant_hours != 0 &&
           l->challenge_ttl_s != 0 && l->service_ttl_s != 0 &&
           l->code_min_bits >= CODE_BITS_MIN && l->code_tries <= LB_TRIES_MAX;
}

static enum lockbus_rule manifest_rules(const struct lb_gate *gate,
                                        struct lb_manifest *next,
                                        const uint8_t *bytes, size_t len)
{
    const struct lb_manifest *now = &gate->manifest;

    if (!lb_manifest_parse(next, bytes, len)) {
        return LOCKBUS_RULE_M1;
    }
    if (now->number != 0 && !lb_same(next->operator_id, now->operator_id, 16)) {
        return LOCKBUS_RULE_M2;
    }
    if (!m3(now, next)) {
        return LOCKBUS_RULE_M3;
    }
    if (!m4(next)) {
        return LOCKBUS_RULE_M4;
    }
    if (!m5(now, next, bytes, len)) {
        return LOCKBUS_RULE_M5;
    }
    if (!m6(&next->limits)) {
        return LOCKBUS_RULE_M6;
    }
    return lb_can_write(gate) ? LOCKBUS_RULE_NONE : LOCKBUS_RULE_M7;
}

enum lockbus_rule lb_rules_manifest(const struct lb_gate *gate,
                                    const struct lb_ask *ask,
                                    struct lb_verdict *verdict)
{
    struct lb_manifest next;
    enum lockbus_rule rule = manifest_rules(gate, &next, ask->bytes, ask->len);

    if (rule != LOCKBUS_RULE_NONE) {
        return rule;
    }
    for (size_t at = 0; at < ask->len; at += LB_RECORD_BODY) {
        struct lb_record *record =
            lb_add(gate, verdict, LB_REC_MANIFEST, LB_DOOR_NONE);
        size_t left = ask->len - at;

        record->kind = (uint8_t)(at / LB_RECORD_BODY);
        record->ref = (uint32_t)ask->len;
        lb_copy(record->body, ask->bytes + at,
                left < LB_RECORD_BODY ? left : LB_RECORD_BODY);
    }
    verdict->kind = LB_VERDICT_DONE;
    return LOCKBUS_RULE_NONE;
}
