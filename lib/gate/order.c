/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Service orders: S1 to S8. Two keys of different roles, so that one person
 * opens nothing.
 */

#include "base/bytes.h"
#include "gate/decide.h"
#include "gate/limits.h"
#include "gate/manifest.h"

enum {
    ACTION = 5,
    DOOR = 6,
    CABINET = 8,
    ORDER_NO = 24,
    NOT_AFTER = 32,
    CHALLENGE = 40,
    REASON = 56,
    ZERO = 60,
    PAIR = 64,
    SIGNER_LEN = 72
};

enum { OPEN = 1, BLOCK = 2, CLEAR = 4 };

bool lb_pair_form(const uint8_t *pair)
{
    for (size_t i = 0; i < 8; i++) {
        if (pair[i] != pair[SIGNER_LEN + i]) {
            return pair[i] < pair[SIGNER_LEN + i];
        }
    }
    return false;
}

static const struct lb_manifest_key *service_key(const struct lb_gate *gate,
                                                 const uint8_t key_id[8])
{
    const struct lb_manifest_key *key =
        lb_manifest_find(&gate->manifest, key_id, LB_ROLE_OPERATIONS);

    return key != NULL
               ? key
               : lb_manifest_find(&gate->manifest, key_id, LB_ROLE_SECURITY);
}

bool lb_pair_ok(const struct lb_gate *gate, const char *prefix,
                const uint8_t *body, size_t len)
{
    const uint8_t *one = body + len;
    const uint8_t *two = one + SIGNER_LEN;
    const struct lb_manifest_key *a = service_key(gate, one);
    const struct lb_manifest_key *b = service_key(gate, two);

    return a != NULL && b != NULL && a->role != b->role &&
           lb_crypto_verify(prefix, body, len, one + 8, a->key) &&
           lb_crypto_verify(prefix, body, len, two + 8, b->key);
}

static bool s1(const uint8_t *order, size_t len)
{
    return len == LB_ORDER_LEN && lb_same(order, "LBS1", 4) && order[4] == 1 &&
           order[ACTION] >= OPEN && order[ACTION] <= CLEAR &&
           lb_all_zero(order + ZERO, PAIR - ZERO) && lb_pair_form(order + PAIR);
}

static bool s3(const struct lb_gate *gate, const uint8_t *order,
               struct lb_verdict *verdict)
{
    const struct lb_gate_door *d = lb_door(gate, lb_get_u16(order + DOOR));

    if (d == NULL || !lb_same(order + CABINET, gate->cabinet_id, 16) ||
        lb_get_u64(order + ORDER_NO) >> 32 != gate->manifest.epoch) {
        return false;
    }
    verdict->board_away = order[ACTION] == OPEN && !d->board_here;
    return !verdict->board_away;
}

static bool s4(const struct lb_gate *gate, const uint8_t *order)
{
    /* The floor rises with trusted time, so it is never below that. */
    return lb_get_u64(order + NOT_AFTER) >= lb_gate_floor(gate);
}

static enum lockbus_rule order_rules(const struct lb_gate *gate,
                                     const uint8_t *order, size_t len,
                                     struct lb_verdict *verdict)
{
    if (!s1(order, len)) {
        return LOCKBUS_RULE_S1;
    }
    if (!lb_pair_ok(gate, "lockbus/service/v1", order, PAIR)) {
        return LOCKBUS_RULE_S2;
    }
    if (!s3(gate, order, verdict)) {
        return LOCKBUS_RULE_S3;
    }
    if (!s4(gate, order)) {
        return LOCKBUS_RULE_S4;
    }
    if (!lb_challenge_ok(gate, lb_get_u16(order + DOOR), LB_CHALLENGE_SERVICE,
                         order + CHALLENGE)) {
        return LOCKBUS_RULE_S5;
    }
    if (lb_get_u64(order + ORDER_NO) <= gate->last_order_no) {
        return LOCKBUS_RULE_S6;
    }
    if (order[ACTION] == OPEN &&
        lb_bucket_level(gate, LB_BUCKET_SERVICE, gate->powered_ms) < LB_TOKEN) {
        return LOCKBUS_RULE_S7;
    }
    return lb_can_write(gate) ? LOCKBUS_RULE_NONE : LOCKBUS_RULE_S8;
}

static void evidence(struct lb_record *record, const uint8_t *order)
{
    uint8_t *body = record->body;

    lb_copy(body + LB_INTENT_ORDER_NO, order + ORDER_NO, 8);
    lb_copy(body + LB_INTENT_REASON, order + REASON, 4);
    lb_copy(body + LB_INTENT_CHALLENGE, order + CHALLENGE, 16);
    lb_copy(body + LB_INTENT_SIGNER, order + PAIR, 8);
    lb_copy(body + LB_INTENT_KEY_IDS, order + PAIR, 8);
    lb_copy(body + LB_INTENT_KEY_IDS + 8, order + PAIR + SIGNER_LEN, 8);
    lb_copy(body + LB_INTENT_NOT_AFTER, order + NOT_AFTER, 8);
}

enum lockbus_rule lb_rules_order(const struct lb_gate *gate,
                                 const struct lb_ask *ask,
                                 struct lb_verdict *verdict)
{
    const uint8_t *order = ask->bytes;
    enum lockbus_rule rule = order_rules(gate, order, ask->len, verdict);

    if (rule != LOCKBUS_RULE_NONE) {
        return rule;
    }
    uint16_t door = lb_get_u16(order + DOOR);

    if (order[ACTION] == OPEN) {
        evidence(lb_add_intent(gate, verdict, door, LB_OPEN_SERVICE), order);
        return LOCKBUS_RULE_NONE;
    }
    struct lb_record *record = lb_add(gate, verdict, LB_REC_ORDER, door);

    record->kind = order[ACTION];
    evidence(record, order);
    if (order[ACTION] == CLEAR &&
        gate->doors[door].custody != LB_CUSTODY_VACANT) {
        lb_custody_record(gate, &verdict->records.rec[verdict->records.count++],
                          door, LB_CUSTODY_VACANT, LB_CAUSE_CLEAR);
    }
    verdict->kind = LB_VERDICT_DONE;
    return LOCKBUS_RULE_NONE;
}
