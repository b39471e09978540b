/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/journal_judge.h"

#include "base/bytes.h"
#include "gate/apply.h"

#include <stdio.h>
#include <string.h>

enum { RECEIPT_BLOCK = 24, RECEIPT_DIGEST = 32 };

void lb_judge_init(struct lb_judge *judge)
{
    memset(judge, 0, sizeof *judge);
    judge->acknowledged = UINT64_MAX;
}

/* A later manifest may have another archive key: what counts is the one in
 * force where the receipt stands. */
static void manifest(struct lb_judge *judge, const struct lb_record *record)
{
    struct lb_manifest next;
    bool whole = false;

    if (lb_apply_part(&judge->gate, record, &next, &whole) && whole) {
        judge->gate.manifest = next;
    }
}

static bool genuine(struct lb_judge *judge, const uint8_t *receipt)
{
    struct lb_verdict verdict;
    struct lb_ask ask = {
        .kind = LB_ASK_RECEIPT, .bytes = receipt, .len = LB_RECEIPT_LEN};

    lb_gate_decide(&judge->gate, &ask, &verdict);
    return verdict.kind == LB_VERDICT_DONE;
}

/* A part that does not follow the one before it is none. */
static void part(struct lb_judge *judge, const struct lb_block_head *head,
                 const struct lb_record *record)
{
    size_t at = (size_t)record->kind * LB_RECORD_BODY;

    if (record->kind == 0) {
        judge->parts = 0;
        judge->parts_in = head->number;
    }
    if (record->kind != judge->parts || at >= LB_RECEIPT_LEN ||
        judge->parts_in != head->number) {
        judge->parts = 0;
        return;
    }
    size_t left = LB_RECEIPT_LEN - at;

    memcpy(judge->receipt + at, record->body,
           left < LB_RECORD_BODY ? left : LB_RECORD_BODY);
    judge->parts++;
}

/* Only the operator's receipt lets blocks go; the record itself could be by
 * whoever had the current key. */
static void retain(struct lb_judge *judge, const struct lb_block_head *head,
                   const struct lb_record *record)
{
    bool whole = judge->parts * LB_RECORD_BODY >= LB_RECEIPT_LEN &&
                 judge->parts_in == head->number;

    if (whole && record->stay > judge->kept_from &&
        lb_get_u64(judge->receipt + RECEIPT_BLOCK) >= record->stay - 1 &&
        genuine(judge, judge->receipt)) {
        judge->kept_from = record->stay;
    }
}

static void device(struct lb_judge *judge, const struct lb_record *record)
{
    if (!lb_all_zero(record->body, LB_KEY_LEN)) {
        memcpy(judge->device_key, record->body, LB_KEY_LEN);
        judge->device_known = true;
    }
}

static enum lockbus_err on_block(void *user, const struct lb_block_head *head)
{
    struct lb_judge *judge = user;

    memcpy(judge->gate.cabinet_id, head->cabinet_id, sizeof head->cabinet_id);
    return LOCKBUS_OK;
}

static enum lockbus_err on_record(void *user, const struct lb_block_head *head,
                                  const struct lb_record *record)
{
    struct lb_judge *judge = user;

    switch (record->type) {
    case LB_REC_MANIFEST:
    case LB_REC_CKPT_MANIFEST:
        manifest(judge, record);
        break;
    case LB_REC_RECEIPT:
        part(judge, head, record);
        break;
    case LB_REC_RETAIN:
        retain(judge, head, record);
        device(judge, record);
        break;
    case LB_REC_DEVICE:
        device(judge, record);
        break;
    default:
        break;
    }
    return LOCKBUS_OK;
}

struct lb_journal_visitor lb_judge_visitor(struct lb_judge *judge)
{
    return (struct lb_journal_visitor){
        .user = judge, .block = on_block, .record = on_record};
}

static enum lockbus_err bad(struct lb_verify_report *report, uint64_t block,
                            const char *text)
{
    report->first_bad = block;
    (void)snprintf(report->text, sizeof report->text, "%s", text);
    return LOCKBUS_ERR_CORRUPT;
}

/* Not read, or not the operator's: as if there were none. */
static bool load(struct lb_judge *judge, const struct lb_store *store,
                 uint8_t receipt[LB_RECEIPT_LEN])
{
    uint8_t file[LB_STORE_FILE_MAX];
    size_t len = 0;

    if (store->load(store->user, "receipt", file, sizeof file, &len) !=
            LOCKBUS_OK ||
        len != LB_RECEIPT_LEN || !genuine(judge, file)) {
        return false;
    }
    memcpy(receipt, file, LB_RECEIPT_LEN);
    return true;
}

enum lockbus_err lb_judge_end(struct lb_judge *judge,
                              const struct lb_store *store,
                              struct lb_verify_report *report)
{
    uint8_t receipt[LB_RECEIPT_LEN];

    if (report->first_block > judge->kept_from) {
        return bad(report, report->first_block,
                   "the journal begins here, and no receipt on it lets go of "
                   "what was before");
    }
    judge->has_receipt = load(judge, store, receipt);
    if (!judge->has_receipt) {
        return LOCKBUS_OK;
    }
    judge->acknowledged = lb_get_u64(receipt + RECEIPT_BLOCK);
    switch (lb_journal_holds(store, judge->acknowledged,
                             receipt + RECEIPT_DIGEST)) {
    case LB_HELD:
    case LB_HELD_BEFORE:
        return LOCKBUS_OK;
    case LB_HELD_LATER:
        return bad(report, report->last_block + 1,
                   "the operator has a receipt for a later block: the end of "
                   "this journal was cut off");
    case LB_HELD_UNREAD:
        return LOCKBUS_ERR_IO;
    case LB_HELD_OTHER:
    default:
        return bad(report, judge->acknowledged,
                   "the operator has a receipt for another block than this");
    }
}
