/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Anchors and receipts. Mode, bytes. Bit 0 of the mode: a receipt; bit 1:
 * its signer signs what is there.
 */

#include "scene.h"

#include <lockbus/issue.h>

#include <string.h>

enum { RECEIPT = 1, SIGNED = 2, SIGNER = 50 };

static uint8_t bytes[LOCKBUS_ANCHOR_LEN + 1];

static void anchor(size_t len, bool is_signed)
{
    uint8_t key[LB_KEY_LEN];
    struct lockbus_anchor read;
    struct lockbus_error why = {0};

    if (is_signed) {
        scene_sign(bytes + 88, "lockbus/anchor/v1", bytes, 88, SIGNER);
    }
    gate_key(key, SIGNER);
    if (lockbus_anchor_verify(&read, bytes, len, key, &why) != LOCKBUS_OK) {
        must(why.field[0] != '\0' && why.text[0] != '\0',
             "a refusal names its field");
        return;
    }
    accepted();
    must(is_signed, "nothing unsigned is accepted");
    must(len == LOCKBUS_ANCHOR_LEN && memcmp(bytes, "LBA1\1", 5) == 0 &&
             bytes[5] <= 1 && number_at(bytes, 6, 2) == 0 &&
             number_at(bytes, 68, 4) == 0,
         "an anchor's form");
    must(read.trusted == (bytes[5] == 1) &&
             read.block == number_at(bytes, 24, 8) &&
             read.boot == number_at(bytes, 64, 4) &&
             read.powered_ms == number_at(bytes, 72, 8) &&
             read.unix_s == number_at(bytes, 80, 8) &&
             (!read.trusted || read.unix_s != 0),
         "an anchor's fields");
}

static void receipt(size_t len, bool is_signed)
{
    uint8_t seed[LB_SEED_LEN], again[LOCKBUS_RECEIPT_LEN];
    struct lockbus_signer archive;
    struct lockbus_receipt read;

    gate_seed(seed, SIGNER);
    must(lockbus_signer_from_seed(&archive, seed) == LOCKBUS_OK, "a signer");
    if (is_signed) {
        memcpy(bytes + 72, archive.public_key, 8);
        scene_sign(bytes + 80, "lockbus/receipt/v1", bytes, 72, SIGNER);
    }
    if (lockbus_receipt_read(&read, bytes, len) != LOCKBUS_OK) {
        return;
    }
    accepted();
    must(len == LOCKBUS_RECEIPT_LEN, "a receipt's length");
    must(lockbus_issue_receipt(again, &read, &archive, NULL) == LOCKBUS_OK &&
             memcmp(again, bytes, is_signed ? sizeof again : 72) == 0,
         "a receipt is written as it was read");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || !lb_crypto_init()) {
        return 0;
    }
    size_t len = size - 1 < sizeof bytes ? size - 1 : sizeof bytes;

    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, data + 1, len);
    if ((data[0] & RECEIPT) != 0) {
        receipt(len, (data[0] & SIGNED) != 0);
    } else {
        anchor(len, (data[0] & SIGNED) != 0);
    }
    return 0;
}
