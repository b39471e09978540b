/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * From an ask to a verdict: the rules of its kind, and a REFUSAL record when
 * one of them fails.
 */

#include "gate/decide.h"

#include "base/bytes.h"
#include "gate/custody.h"
#include "gate/limits.h"

const struct lb_gate_door *lb_door(const struct lb_gate *gate, uint16_t door)
{
    return lb_gate_has_door(gate, door) ? &gate->doors[door] : NULL;
}

bool lb_can_write(const struct lb_gate *gate)
{
    return gate->booted && !gate->shut_down && gate->last_ref != UINT32_MAX;
}

struct lb_record *lb_add(const struct lb_gate *gate, struct lb_verdict *verdict,
                         enum lb_record_type type, uint16_t door)
{
    struct lb_record *out = &verdict->records.rec[verdict->records.count++];

    lb_zero(out, sizeof *out);
    out->type = (uint8_t)type;
    out->door = door;
    out->powered_ms = gate->powered_ms;
    if (door < gate->door_cap) {
        out->stay = gate->doors[door].stay;
    }
    return out;
}

struct lb_record *lb_add_intent(const struct lb_gate *gate,
                                struct lb_verdict *verdict, uint16_t door,
                                enum lb_open open)
{
    const struct lb_gate_door *d = &gate->doors[door];
    struct lb_record *intent = lb_add(gate, verdict, LB_REC_INTENT, door);
    bool leaf_open = (d->leaf_known && d->leaf_open) || d->leaf_was_open;

    intent->kind = (uint8_t)open;
    intent->ref = gate->last_ref + 1;
    intent->body[LB_INTENT_CUSTODY] = d->custody;
    intent->body[LB_INTENT_LEAF] = leaf_open;
    if (leaf_open) {
        struct lb_record *result = lb_add(gate, verdict, LB_REC_RESULT, door);

        result->kind = LB_OUTCOME_OPENED;
        result->ref = intent->ref;
        if (lb_open_empties(d, (uint8_t)open)) {
            lb_custody_record(gate,
                              &verdict->records.rec[verdict->records.count++],
                              door, LB_CUSTODY_EMPTYING, LB_CAUSE_OPENED);
        }
    }
    verdict->kind = LB_VERDICT_PERMIT;
    verdict->open = open;
    verdict->ref = intent->ref;
    return intent;
}

enum lockbus_rule lb_rules_not_emptied(const struct lb_gate *gate,
                                       const struct lb_ask *ask,
                                       struct lb_verdict *verdict)
{
    const struct lb_gate_door *d = lb_door(gate, ask->door);

    if (d == NULL) {
        return LOCKBUS_RULE_P2;
    }
    if (d->custody != LB_CUSTODY_EMPTYING) {
        return LOCKBUS_RULE_P4;
    }
    if (!lb_can_write(gate)) {
        return LOCKBUS_RULE_P10;
    }
    lb_custody_record(gate, &verdict->records.rec[verdict->records.count++],
                      ask->door, LB_CUSTODY_OCCUPIED, LB_CAUSE_NOT_EMPTIED);
    verdict->kind = LB_VERDICT_DONE;
    return LOCKBUS_RULE_NONE;
}

uint16_t lb_gate_peek_door(const struct lb_ask *ask)
{
    struct lb_code code;
    uint16_t door = LB_DOOR_NONE;

    switch (ask->kind) {
    case LB_ASK_DEPOSIT:
        return ask->len == LB_GRANT_LEN ? lb_get_u16(ask->bytes + 6) : door;
    case LB_ASK_PROOF:
        return ask->len == LB_PROOF_LEN ? lb_get_u16(ask->bytes + 6) : door;
    case LB_ASK_ORDER:
        return ask->len == LB_ORDER_LEN ? lb_get_u16(ask->bytes + 6) : door;
    case LB_ASK_CODE:
        if (lb_code_read(&code, ask->bytes, ask->len, ask->digits)) {
            door = code.door;
        }
        lb_crypto_wipe(&code, sizeof code);
        return door;
    case LB_ASK_CODE_KEY:
    case LB_ASK_SEAL:
    case LB_ASK_NOT_EMPTIED:
        return ask->door;
    case LB_ASK_NONE:
    case LB_ASK_MANIFEST:
    case LB_ASK_COMMISSION:
    case LB_ASK_RECEIPT:
        break;
    }
    return door;
}

/* Who the thing says it is by; nothing was verified. */
static void claimed_key(const struct lb_ask *ask, uint8_t out[8])
{
    size_t at = 0;

    if (ask->kind == LB_ASK_DEPOSIT && ask->len == LB_GRANT_LEN) {
        at = 160;
    } else if (ask->kind == LB_ASK_ORDER && ask->len == LB_ORDER_LEN) {
        at = 64;
    } else if (ask->kind == LB_ASK_COMMISSION &&
               ask->len == LB_COMMISSION_LEN) {
        at = 112;
    } else if (ask->kind == LB_ASK_RECEIPT && ask->len == LB_RECEIPT_LEN) {
        at = 72;
    } else if (ask->kind == LB_ASK_MANIFEST && ask->len >= 64 &&
               ask->len >= 64 + 48 * (size_t)ask->bytes[5] + 72) {
        at = 64 + 48 * (size_t)ask->bytes[5];
    }
    if (at != 0) {
        lb_copy(out, ask->bytes + at, 8);
    }
}

static void refuse(const struct lb_gate *gate, const struct lb_ask *ask,
                   enum lockbus_rule rule, struct lb_verdict *verdict)
{
    uint16_t door =
        lb_gate_has_door(gate, verdict->door) ? verdict->door : LB_DOOR_NONE;
    struct lb_record *refusal = lb_add(gate, verdict, LB_REC_REFUSAL, door);

    refusal->kind = (uint8_t)ask->kind;
    lb_put_u16(refusal->body + LB_REFUSAL_RULE, (uint16_t)rule);
    lb_put_u32(refusal->body + LB_REFUSAL_COUNT, 1);
    claimed_key(ask, refusal->body + LB_REFUSAL_KEY_ID);
    verdict->kind = LB_VERDICT_REFUSED;
    verdict->rule = rule;
    verdict->door = door;
    verdict->open = LB_OPEN_NONE;
    verdict->ref = 0;
}

static enum lockbus_rule rules(struct lb_gate *gate, const struct lb_ask *ask,
                               struct lb_verdict *verdict)
{
    switch (ask->kind) {
    case LB_ASK_DEPOSIT:
        return lb_rules_deposit(gate, ask, verdict);
    case LB_ASK_PROOF:
        return lb_rules_proof(gate, ask, verdict);
    case LB_ASK_CODE:
        return lb_rules_code(gate, ask, verdict);
    case LB_ASK_CODE_KEY:
        return lb_rules_code_key(gate, ask, verdict);
    case LB_ASK_ORDER:
        return lb_rules_order(gate, ask, verdict);
    case LB_ASK_MANIFEST:
        return lb_rules_manifest(gate, ask, verdict);
    case LB_ASK_SEAL:
        return lb_rules_seal(gate, ask, verdict);
    case LB_ASK_COMMISSION:
        return lb_rules_commission(gate, ask, verdict);
    case LB_ASK_NOT_EMPTIED:
        return lb_rules_not_emptied(gate, ask, verdict);
    case LB_ASK_RECEIPT:
        return lb_rules_receipt(gate, ask, verdict);
    case LB_ASK_NONE:
        break;
    }
    return LOCKBUS_RULE_P1;
}

void lb_gate_decide(struct lb_gate *gate, const struct lb_ask *ask,
                    struct lb_verdict *verdict)
{
    lb_zero(verdict, sizeof *verdict);
    verdict->door = ask->kind == LB_ASK_CODE_KEY && gate->derive_ref != 0
                        ? gate->derive_door
                        : lb_gate_peek_door(ask);
    enum lockbus_rule rule = rules(gate, ask, verdict);

    if (rule != LOCKBUS_RULE_NONE) {
        refuse(gate, ask, rule, verdict);
    }
}

void lb_gate_refuse(const struct lb_gate *gate, const struct lb_ask *ask,
                    enum lockbus_rule rule, struct lb_verdict *verdict)
{
    lb_zero(verdict, sizeof *verdict);
    verdict->door = LB_DOOR_NONE;
    refuse(gate, ask, rule, verdict);
}
