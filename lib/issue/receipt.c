/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The operator's half of anchors and receipts: an anchor is read and verified
 * with the cabinet's device key; a receipt for it is signed with the archive
 * key. Layouts are in docs/JOURNAL.md.
 */

#include <lockbus/issue.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "signer.h"

#include <string.h>

enum { ANCHOR_BODY = 88, RECEIPT_BODY = 72, RECEIPT_KEY_ID = 72 };

enum lockbus_err lockbus_anchor_read(struct lockbus_anchor *anchor,
                                     const uint8_t *bytes, size_t len)
{
    if (anchor == NULL || bytes == NULL || len != LOCKBUS_ANCHOR_LEN ||
        !lb_same(bytes, "LBA1\1", 5) || bytes[5] > 1 ||
        !lb_all_zero(bytes + 6, 2) || !lb_all_zero(bytes + 68, 4) ||
        (bytes[5] == 1 && lb_get_u64(bytes + 80) == 0)) {
        return LOCKBUS_ERR_USAGE;
    }
    anchor->trusted = bytes[5] == 1;
    memcpy(anchor->cabinet_id, bytes + 8, 16);
    anchor->block = lb_get_u64(bytes + 24);
    memcpy(anchor->digest, bytes + 32, 32);
    anchor->boot = lb_get_u32(bytes + 64);
    anchor->powered_ms = lb_get_u64(bytes + 72);
    anchor->unix_s = lb_get_u64(bytes + 80);
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_anchor_verify(struct lockbus_anchor *anchor,
                                       const uint8_t *bytes, size_t len,
                                       const uint8_t device_key[32],
                                       struct lockbus_error *why)
{
    struct lockbus_anchor read;

    if (bytes == NULL || device_key == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if (!lb_crypto_init()) {
        return LOCKBUS_ERR_IO;
    }
    if (lockbus_anchor_read(&read, bytes, len) != LOCKBUS_OK) {
        return lb_issue_refuse(why, "anchor", "this is no anchor");
    }
    if (!lb_crypto_verify("lockbus/anchor/v1", bytes, ANCHOR_BODY,
                          bytes + ANCHOR_BODY, device_key)) {
        (void)lb_issue_refuse(why, "signature",
                              "the anchor is not signed by this device key");
        if (why != NULL) {
            why->err = LOCKBUS_ERR_DENIED;
        }
        return LOCKBUS_ERR_DENIED;
    }
    if (anchor != NULL) {
        *anchor = read;
    }
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_receipt_read(struct lockbus_receipt *receipt,
                                      const uint8_t *bytes, size_t len)
{
    if (receipt == NULL || bytes == NULL || len != LOCKBUS_RECEIPT_LEN ||
        !lb_same(bytes, "LBR1\1", 5) || !lb_all_zero(bytes + 5, 3) ||
        lb_get_u64(bytes + 64) >= LB_ISSUE_TIME_END) {
        return LOCKBUS_ERR_USAGE;
    }
    memcpy(receipt->cabinet_id, bytes + 8, 16);
    receipt->block = lb_get_u64(bytes + 24);
    memcpy(receipt->digest, bytes + 32, 32);
    receipt->issued_at = lb_get_u64(bytes + 64);
    memcpy(receipt->key_id, bytes + RECEIPT_KEY_ID, 8);
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_issue_receipt(uint8_t out[LOCKBUS_RECEIPT_LEN],
                                       const struct lockbus_receipt *receipt,
                                       const struct lockbus_signer *archive,
                                       struct lockbus_error *why)
{
    uint8_t b[LOCKBUS_RECEIPT_LEN] = "LBR1\1";
    const struct lb_issue_message message = {"lockbus/receipt/v1", b,
                                             RECEIPT_BODY};

    if (out == NULL || receipt == NULL || archive == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if (receipt->issued_at >= LB_ISSUE_TIME_END) {
        return lb_issue_refuse(why, "issued_at", "seconds since 1970");
    }
    memcpy(b + 8, receipt->cabinet_id, 16);
    lb_put_u64(b + 24, receipt->block);
    memcpy(b + 32, receipt->digest, 32);
    lb_put_u64(b + 64, receipt->issued_at);
    memcpy(b + RECEIPT_KEY_ID, archive->public_key, LB_ISSUE_KEY_ID);
    enum lockbus_err err = lb_issue_sign(b + RECEIPT_KEY_ID + LB_ISSUE_KEY_ID,
                                         &message, archive, why);

    if (err == LOCKBUS_OK) {
        memcpy(out, b, sizeof b);
    }
    return err;
}
