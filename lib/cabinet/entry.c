/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/entry.h"

#include "base/bytes.h"

#include <string.h>

enum { KINDS = 11, RECEIPT_KEY_ID = 72 };

/* What a record's kind is called; a type whose kind says nothing has one
 * name. Kinds beyond the table are "?". */
struct words {
    enum lockbus_entry_kind entry; /* 0: no entry */
    const char *word[KINDS];
};

/* clang-format off */
static const struct words words[] = {
    [LB_REC_BOOT] = {LOCKBUS_ENTRY_BOOT, {"boot"}},
    [LB_REC_MANIFEST] = {LOCKBUS_ENTRY_MANIFEST, {"manifest"}},
    [LB_REC_COMMISSION] = {LOCKBUS_ENTRY_COMMISSION,
                           {"first", "amendment"}},
    [LB_REC_GRANT] = {LOCKBUS_ENTRY_STAY, {"grant"}},
    [LB_REC_INTENT] = {LOCKBUS_ENTRY_INTENT,
                       {NULL, "release", "return", "deposit", "reopen",
                        "cancel", "service"}},
    [LB_REC_RESULT] = {LOCKBUS_ENTRY_RESULT,
                       {NULL, "opened", "never opened", "unknown"}},
    [LB_REC_LEAF] = {LOCKBUS_ENTRY_LEAF, {NULL, "opened", "shut"}},
    [LB_REC_CUSTODY] = {LOCKBUS_ENTRY_CUSTODY,
                        {NULL, "vacant", "loading", "occupied", "emptying"}},
    [LB_REC_ORDER] = {LOCKBUS_ENTRY_ORDER,
                      {NULL, NULL, "block", "unblock", "clear"}},
    [LB_REC_SEAL] = {LOCKBUS_ENTRY_SEAL, {"first seal", "second seal"}},
    [LB_REC_TRY] = {LOCKBUS_ENTRY_TRY, {"first try", "further try"}},
    [LB_REC_TRY_BACK] = {LOCKBUS_ENTRY_TRY_BACK, {"right code"}},
    [LB_REC_REFUSAL] = {LOCKBUS_ENTRY_REFUSAL,
                        {NULL, "deposit", "proof", "code", "code", "order",
                         "manifest", "seal", "commission", "not emptied",
                         "receipt"}},
    [LB_REC_ALARM] = {LOCKBUS_ENTRY_ALARM,
                      {NULL, "forced", "ajar", "jammed", "journal",
                       "rolled back", "forked"}},
    [LB_REC_TIME] = {LOCKBUS_ENTRY_TIME, {"time floor"}},
    [LB_REC_BOARD] = {LOCKBUS_ENTRY_BOARD, {"away", "back", "refused"}},
    [LB_REC_RECEIPT] = {LOCKBUS_ENTRY_RECEIPT, {"receipt"}},
    [LB_REC_DEVICE] = {LOCKBUS_ENTRY_DEVICE, {"device key"}},
    [LB_REC_RETAIN] = {LOCKBUS_ENTRY_RETAIN, {"let go"}},
};
/* clang-format on */

static const char *word_of(const struct lb_record *record)
{
    const char *word = NULL;

    if (record->kind < KINDS) {
        word = words[record->type].word[record->kind];
    }
    return word != NULL ? word : "?";
}

static void read_intent(struct lockbus_entry *entry,
                        const struct lb_record *record)
{
    const uint8_t *body = record->body;

    entry->order_no = lb_get_u64(body + LB_INTENT_ORDER_NO);
    entry->reason = lb_get_u32(body + LB_INTENT_REASON);
    entry->by_code = body[LB_INTENT_BY_CODE] == 1;
    memcpy(entry->authority[0], body + LB_INTENT_SIGNER, 8);
    /* A proof has its signature where an order has its two signers. */
    if (record->type == LB_REC_ORDER || record->kind == LB_OPEN_SERVICE) {
        memcpy(entry->authority, body + LB_INTENT_KEY_IDS, 16);
    }
}

static void read_refusal(struct lockbus_entry *entry, const uint8_t *body)
{
    entry->rule = (enum lockbus_rule)lb_get_u16(body + LB_REFUSAL_RULE);
    entry->count = lb_get_u32(body + LB_REFUSAL_COUNT);
    memcpy(entry->authority[0], body + LB_REFUSAL_KEY_ID, 8);
}

/* The journal speaks of itself: what doors have as a stay is a block here. */
static void about(struct lockbus_entry *entry, const struct lb_record *record)
{
    entry->about = record->stay;
    entry->stay = 0;
}

static void read_body(struct lockbus_entry *entry,
                      const struct lb_record *record)
{
    const uint8_t *body = record->body;

    switch (record->type) {
    case LB_REC_INTENT:
    case LB_REC_ORDER:
        read_intent(entry, record);
        break;
    case LB_REC_COMMISSION:
        entry->order_no = lb_get_u64(body + LB_COMMISSION_ORDER_NO);
        memcpy(entry->authority, body + LB_COMMISSION_KEY_IDS, 16);
        break;
    case LB_REC_GRANT:
        memcpy(entry->authority[0], body + LB_GRANT_ISSUER, 8);
        memcpy(entry->parcel_ref, body + LB_GRANT_PARCEL_REF, 16);
        break;
    case LB_REC_LEAF:
        entry->assumed = body[0] == 1;
        break;
    case LB_REC_RESULT:
        if (record->kind == LB_OUTCOME_OPENED && body[LB_RESULT_ASSUMED] == 1) {
            entry->assumed = true;
            entry->what = "unconfirmed";
        }
        break;
    case LB_REC_ALARM:
        entry->count =
            record->kind == LB_ALARM_JAMMED ? body[LB_ALARM_PULSES] : 0;
        if (record->kind == LB_ALARM_ROLLED_BACK ||
            record->kind == LB_ALARM_FORKED) {
            memcpy(entry->authority[0], body + LB_ALARM_KEY_ID, 8);
            about(entry, record);
        }
        break;
    case LB_REC_RECEIPT:
        memcpy(entry->authority[0], body + RECEIPT_KEY_ID, 8);
        about(entry, record);
        break;
    case LB_REC_RETAIN:
        about(entry, record);
        break;
    case LB_REC_DEVICE:
        memcpy(entry->authority[0], body, 8);
        break;
    case LB_REC_REFUSAL:
        read_refusal(entry, body);
        break;
    default:
        break;
    }
}

bool lb_entry_read(struct lockbus_entry *entry,
                   const struct lb_block_head *head,
                   const struct lb_record *record)
{
    if (record->type >= sizeof words / sizeof words[0] ||
        words[record->type].entry == 0) {
        return false;
    }
    if ((record->type == LB_REC_MANIFEST || record->type == LB_REC_RECEIPT) &&
        record->kind != 0) {
        return false; /* its first part stands for it */
    }
    entry->kind = words[record->type].entry;
    entry->block = head->number;
    entry->boot = head->boot;
    entry->powered_ms = record->powered_ms;
    entry->unix_s = head->unix_s;
    entry->trusted = head->trusted;
    entry->door = record->door;
    entry->stay = record->stay;
    entry->ref = record->ref;
    entry->what = word_of(record);
    read_body(entry, record);
    return true;
}
