/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What the operator does with anchors: verifies them, and signs receipts.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue_check.h"

static const char anchor_prefix[] = "lockbus/anchor/v1";
static const char receipt_prefix[] = "lockbus/receipt/v1";

/* Put together here, byte by byte. */
static void fill(uint8_t b[LOCKBUS_ANCHOR_LEN])
{
    memset(b, 0, LOCKBUS_ANCHOR_LEN);
    memcpy(b, "LBA1\1\1", 6);
    memset(b + 8, 0xCA, 16);
    b[24] = 0x05;
    b[28] = 0x01; /* block 0x100000005 */
    memset(b + 32, 0xD1, 32);
    b[64] = 7;    /* boot */
    b[73] = 0x02; /* 512 ms */
    b[80] = 0x80; /* wall time */
}

static void sign(uint8_t b[LOCKBUS_ANCHOR_LEN], uint8_t who)
{
    uint8_t message[sizeof anchor_prefix + 88], secret[64], key[32], seed[32];

    memset(seed, who, sizeof seed);
    crypto_sign_seed_keypair(key, secret, seed);
    memcpy(message, anchor_prefix, sizeof anchor_prefix);
    memcpy(message + sizeof anchor_prefix, b, 88);
    crypto_sign_detached(b + 88, NULL, message, sizeof message, secret);
}

static enum lockbus_err verify(struct lockbus_anchor *anchor,
                               const uint8_t *bytes, size_t len, uint8_t who,
                               struct lockbus_error *why)
{
    return lockbus_anchor_verify(anchor, bytes, len,
                                 issue_check_signer(who).public_key, why);
}

static void an_anchor_of_the_device_says_its_fields(void **state)
{
    uint8_t b[LOCKBUS_ANCHOR_LEN];
    struct lockbus_anchor anchor;
    struct lockbus_error why;

    fill(b);
    sign(b, 3);
    assert_int_equal(verify(&anchor, b, sizeof b, 3, &why), LOCKBUS_OK);
    assert_int_equal(anchor.block, 0x100000005);
    assert_memory_equal(anchor.cabinet_id, b + 8, 16);
    assert_memory_equal(anchor.digest, b + 32, 32);
    assert_int_equal(anchor.boot, 7);
    assert_int_equal(anchor.powered_ms, 512);
    assert_int_equal(anchor.unix_s, 128);
    assert_true(anchor.trusted);
    assert_int_equal(verify(NULL, b, sizeof b, 3, NULL), LOCKBUS_OK);
    (void)state;
}

static void an_anchor_of_another_key_is_denied(void **state)
{
    uint8_t b[LOCKBUS_ANCHOR_LEN];
    struct lockbus_anchor anchor = {.block = 99};
    struct lockbus_error why;

    fill(b);
    sign(b, 4);
    assert_int_equal(verify(&anchor, b, sizeof b, 3, &why), LOCKBUS_ERR_DENIED);
    assert_int_equal(why.err, LOCKBUS_ERR_DENIED);
    assert_string_equal(why.field, "signature");
    assert_int_equal(anchor.block, 99);
    assert_int_equal(verify(&anchor, b, sizeof b, 3, NULL), LOCKBUS_ERR_DENIED);
    (void)state;
}

static void every_bit_of_an_anchor_is_signed(void **state)
{
    uint8_t b[LOCKBUS_ANCHOR_LEN];
    struct lockbus_anchor anchor;
    struct lockbus_error why;

    fill(b);
    sign(b, 3);
    for (size_t bit = 0; bit < 8 * sizeof b; bit++) {
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(verify(&anchor, b, sizeof b, 3, &why), LOCKBUS_OK);
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    (void)state;
}

static void what_has_no_form_is_no_anchor(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 'M'}, {3, '2'}, {4, 2},  {5, 2},
                   {6, 1},   {7, 1},   {68, 1}, {71, 1}};
    uint8_t b[LOCKBUS_ANCHOR_LEN + 1] = {0};
    struct lockbus_anchor anchor;
    struct lockbus_error why;

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        fill(b);
        b[changes[i].at] = changes[i].value;
        sign(b, 3);
        assert_int_equal(verify(&anchor, b, LOCKBUS_ANCHOR_LEN, 3, &why),
                         LOCKBUS_ERR_USAGE);
        assert_string_equal(why.field, "anchor");
    }
    fill(b);
    b[80] = 0; /* time that is trusted, and not known */
    assert_int_equal(lockbus_anchor_read(&anchor, b, LOCKBUS_ANCHOR_LEN),
                     LOCKBUS_ERR_USAGE);
    b[5] = 0;
    assert_int_equal(lockbus_anchor_read(&anchor, b, LOCKBUS_ANCHOR_LEN),
                     LOCKBUS_OK);
    assert_false(anchor.trusted);
    assert_int_equal(lockbus_anchor_read(&anchor, b, sizeof b),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_anchor_read(&anchor, b, LOCKBUS_ANCHOR_LEN - 1),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_anchor_read(&anchor, NULL, LOCKBUS_ANCHOR_LEN),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_anchor_read(NULL, b, LOCKBUS_ANCHOR_LEN),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_anchor_verify(&anchor, NULL, 0, b, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(
        lockbus_anchor_verify(&anchor, b, LOCKBUS_ANCHOR_LEN, NULL, &why),
        LOCKBUS_ERR_USAGE);
    (void)state;
}

static struct lockbus_receipt good(void)
{
    struct lockbus_receipt r = {.block = UINT64_C(0x0102030405),
                                .issued_at = 1790000000};

    memset(r.cabinet_id, 0xCA, sizeof r.cabinet_id);
    memset(r.digest, 0xD1, sizeof r.digest);
    return r;
}

static void a_receipt_has_its_layout_and_a_good_signature(void **state)
{
    const struct lockbus_signer archive = issue_check_signer(9);
    const struct lockbus_receipt r = good();
    struct lockbus_receipt back;
    uint8_t b[LOCKBUS_RECEIPT_LEN];

    assert_int_equal(lockbus_issue_receipt(b, &r, &archive, NULL), LOCKBUS_OK);
    assert_memory_equal(b, "LBR1\1\0\0\0", 8);
    assert_memory_equal(b + 8, r.cabinet_id, 16);
    assert_int_equal(issue_check_number(b + 24, 8), r.block);
    assert_memory_equal(b + 32, r.digest, 32);
    assert_int_equal(issue_check_number(b + 64, 8), 1790000000);
    assert_memory_equal(b + 72, archive.public_key, 8);
    assert_true(issue_check_signed(receipt_prefix, sizeof receipt_prefix, b, 72,
                                   b + 80, archive.public_key));
    assert_int_equal(lockbus_receipt_read(&back, b, sizeof b), LOCKBUS_OK);
    assert_int_equal(back.block, r.block);
    assert_int_equal(back.issued_at, r.issued_at);
    assert_memory_equal(back.key_id, archive.public_key, 8);
    assert_memory_equal(back.digest, r.digest, 32);
    (void)state;
}

static void what_no_cabinet_takes_is_not_signed(void **state)
{
    const struct lockbus_signer archive = issue_check_signer(9);
    struct lockbus_receipt r = good();
    struct lockbus_error why;
    uint8_t b[LOCKBUS_RECEIPT_LEN], untouched[LOCKBUS_RECEIPT_LEN] = {0};

    memset(b, 0, sizeof b);
    r.issued_at = UINT64_C(1) << 36;
    assert_int_equal(lockbus_issue_receipt(b, &r, &archive, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "issued_at");
    assert_memory_equal(b, untouched, sizeof b);
    r.issued_at--;
    assert_int_equal(lockbus_issue_receipt(NULL, &r, &archive, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_issue_receipt(b, NULL, &archive, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_issue_receipt(b, &r, NULL, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_issue_receipt(b, &r, &archive, &why), LOCKBUS_OK);
    (void)state;
}

static void what_has_no_form_is_no_receipt(void **state)
{
    const struct lockbus_signer archive = issue_check_signer(9);
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 'M'}, {3, '2'}, {4, 2}, {5, 1}, {7, 1}, {68, 0x10}};
    struct lockbus_receipt r = good();
    uint8_t b[LOCKBUS_RECEIPT_LEN + 1] = {0};

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal(lockbus_issue_receipt(b, &r, &archive, NULL),
                         LOCKBUS_OK);
        b[changes[i].at] = changes[i].value;
        assert_int_equal(lockbus_receipt_read(&r, b, LOCKBUS_RECEIPT_LEN),
                         LOCKBUS_ERR_USAGE);
    }
    assert_int_equal(lockbus_issue_receipt(b, &r, &archive, NULL), LOCKBUS_OK);
    assert_int_equal(lockbus_receipt_read(&r, b, sizeof b), LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_receipt_read(NULL, b, LOCKBUS_RECEIPT_LEN),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_receipt_read(&r, NULL, LOCKBUS_RECEIPT_LEN),
                     LOCKBUS_ERR_USAGE);
    (void)state;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_of_the_device_says_its_fields),
        cmocka_unit_test(an_anchor_of_another_key_is_denied),
        cmocka_unit_test(every_bit_of_an_anchor_is_signed),
        cmocka_unit_test(what_has_no_form_is_no_anchor),
        cmocka_unit_test(a_receipt_has_its_layout_and_a_good_signature),
        cmocka_unit_test(what_no_cabinet_takes_is_not_signed),
        cmocka_unit_test(what_has_no_form_is_no_receipt),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
