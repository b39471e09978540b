/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The readers of include/lockbus/grant.h, which show people what a signed
 * thing says: bytes of any content and of every length.
 */

#include "any.h"

#include <lockbus/grant.h>

#include <stddef.h>

enum { HEAD = 64, KEY = 48, SIG = 72, KEYS_AT = 5, KEYS = 16, SIGS = 10 };

static uint8_t room[LOCKBUS_MANIFEST_MAX + SIG];

static uint8_t *bytes_of(size_t len)
{
    any_bytes(room, sizeof room);
    return room + sizeof room - len;
}

static void lengths(const uint8_t *bytes, size_t len)
{
    struct lockbus_grant grant;
    struct lockbus_proof proof;
    struct lockbus_order order;
    struct lockbus_commission commission;
    struct lockbus_anchor anchor;
    struct lockbus_receipt receipt;

    (void)lockbus_grant_read(&grant, bytes, len);
    (void)lockbus_proof_read(&proof, bytes, len);
    (void)lockbus_order_read(&order, bytes, len);
    (void)lockbus_commission_read(&commission, bytes, len);
    (void)lockbus_anchor_read(&anchor, bytes, len);
    (void)lockbus_receipt_read(&receipt, bytes, len);
}

static void manifest(uint8_t first, uint8_t last, size_t min, size_t max)
{
    struct lockbus_manifest_info info;
    uint8_t *bytes = bytes_of(min);

    if (min >= HEAD) {
        bytes[KEYS_AT] = Frama_C_unsigned_char_interval(first, last);
    }
    (void)lockbus_manifest_read(&info, bytes,
                                Frama_C_unsigned_long_interval(min, max));
}

static void manifests(void)
{
    manifest(0, UINT8_MAX, 0, HEAD - 1);
    manifest(0, 0, HEAD, SIZE_MAX);
    manifest(KEYS + 1, UINT8_MAX, HEAD, SIZE_MAX);
    /*@ loop unroll KEYS; */
    for (uint8_t keys = 1; keys <= KEYS; keys++) {
        size_t body = HEAD + KEY * (size_t)keys;

        manifest(keys, keys, HEAD, body);
        /*@ loop unroll SIGS + 1; */
        for (size_t sigs = 0; sigs <= SIGS; sigs++) {
            size_t len = body + SIG * sigs;

            manifest(keys, keys, len, len);
            manifest(keys, keys, len + 1, len + SIG - 1);
            /*@ slevel merge; */
            ;
        }
        manifest(keys, keys, body + SIG * (SIGS + 1), SIZE_MAX);
    }
}

void main(void)
{
    static const size_t right[] = {0,
                                   LOCKBUS_PROOF_LEN,
                                   LOCKBUS_RECEIPT_LEN,
                                   LOCKBUS_ANCHOR_LEN,
                                   LOCKBUS_ORDER_LEN,
                                   LOCKBUS_GRANT_LEN,
                                   LOCKBUS_COMMISSION_LEN,
                                   SIZE_MAX};

    /* Of what lies between the right lengths not one byte is looked at. */
    /*@ loop unroll 10; */
    for (unsigned i = 0; i + 1 < sizeof right / sizeof right[0]; i++) {
        lengths(bytes_of(right[i]), right[i]);
        lengths(bytes_of(0),
                Frama_C_unsigned_long_interval(right[i] + 1, right[i + 1] - 1));
        /*@ slevel merge; */
        ;
    }
    lengths(bytes_of(0), SIZE_MAX);
    manifests();
}
