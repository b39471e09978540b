/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Receipts for the journal: R1 to R3. What they say of the journal itself, R4
 * to R7, is for whoever has it (lib/cabinet/archive.c). A receipt opens
 * nothing: it lets old segments go.
 */

#include "base/bytes.h"
#include "gate/decide.h"
#include "gate/limits.h"
#include "gate/manifest.h"

enum {
    ZERO = 5,
    CABINET = 8,
    BLOCK = 24,
    ISSUED_AT = 64,
    KEY_ID = 72,
    SIGNATURE = 80,
    BODY = KEY_ID
};

static bool r1(const uint8_t *receipt, size_t len)
{
    return len == LB_RECEIPT_LEN && lb_same(receipt, "LBR1", 4) &&
           receipt[4] == 1 && lb_all_zero(receipt + ZERO, CABINET - ZERO) &&
           lb_get_u64(receipt + ISSUED_AT) < LB_TIME_END_S;
}

static bool r2(const struct lb_gate *gate, const uint8_t *receipt)
{
    const struct lb_manifest_key *key =
        lb_manifest_find(&gate->manifest, receipt + KEY_ID, LB_ROLE_ARCHIVE);

    return key != NULL && lb_crypto_verify("lockbus/receipt/v1", receipt, BODY,
                                           receipt + SIGNATURE, key->key);
}

enum lockbus_rule lb_rules_receipt(const struct lb_gate *gate,
                                   const struct lb_ask *ask,
                                   struct lb_verdict *verdict)
{
    const uint8_t *receipt = ask->bytes;

    if (!r1(receipt, ask->len)) {
        return LOCKBUS_RULE_R1;
    }
    if (!r2(gate, receipt)) {
        return LOCKBUS_RULE_R2;
    }
    if (!lb_same(receipt + CABINET, gate->cabinet_id, 16)) {
        return LOCKBUS_RULE_R3;
    }
    for (size_t at = 0; at < LB_RECEIPT_LEN; at += LB_RECORD_BODY) {
        struct lb_record *record =
            lb_add(gate, verdict, LB_REC_RECEIPT, LB_DOOR_NONE);
        size_t left = LB_RECEIPT_LEN - at;

        record->kind = (uint8_t)(at / LB_RECORD_BODY);
        record->stay = lb_get_u64(receipt + BLOCK);
        lb_copy(record->body, receipt + at,
                left < LB_RECORD_BODY ? left : LB_RECORD_BODY);
    }
    verdict->kind = LB_VERDICT_DONE;
    return LOCKBUS_RULE_NONE;
}
