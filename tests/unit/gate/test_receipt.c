/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Receipts, R1 to R3, field by field, and the role that signs them.
 */

#include "gate_signer.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum {
    ARCHIVE = 21,
    ARCHIVE_KEY = 64 + 48 * 6, /* the manifest's last */
    BODY = 72,
    SIGNATURE = 80
};

/* A gate whose manifest has an archive key in place of its last. */
static struct gate_journal *scene(void)
{
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    (void)gate_make_manifest(bytes, 2, EPOCH, NOBODY);
    bytes[ARCHIVE_KEY] = 7;
    gate_key(bytes + ARCHIVE_KEY + 16, ARCHIVE);
    ask.len = gate_sign_manifest(bytes);
    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_NONE);
    return j;
}

static void sign(uint8_t receipt[LB_RECEIPT_LEN], uint8_t person)
{
    uint8_t key[LB_KEY_LEN], seed[LB_SEED_LEN];

    gate_key(key, person);
    gate_seed(seed, person);
    memcpy(receipt + BODY, key, 8);
    assert_true(lb_crypto_sign(receipt + SIGNATURE, "lockbus/receipt/v1",
                               receipt, BODY, seed));
}

static void fill(uint8_t receipt[LB_RECEIPT_LEN])
{
    memset(receipt, 0, LB_RECEIPT_LEN);
    memcpy(receipt, "LBR1\1", 5);
    memcpy(receipt + 8, gate_cabinet, 16);
    lb_put_u64(receipt + 24, 0x0102030405);
    memset(receipt + 32, 0xD1, 32);
    lb_put_u64(receipt + 64, (UINT64_C(1) << 36) - 1);
}

struct row {
    const char *name;
    size_t at;
    uint8_t value;
    enum lockbus_rule rule;
};

static struct row rows[] = {
    {"as it is", 4, 1, LOCKBUS_RULE_NONE},
    {"of another magic", 3, '2', LOCKBUS_RULE_R1},
    {"of another version", 4, 2, LOCKBUS_RULE_R1},
    {"whose first zero is not", 5, 1, LOCKBUS_RULE_R1},
    {"whose last zero is not", 7, 1, LOCKBUS_RULE_R1},
    {"of a time to come", 68, 0x10, LOCKBUS_RULE_R1},
    {"of another cabinet", 8, 0xEE, LOCKBUS_RULE_R3},
    {"of another cabinet, by its last byte", 23, 0xEE, LOCKBUS_RULE_R3},
    {"of another block", 24, 9, LOCKBUS_RULE_NONE},
    {"of another digest", 63, 9, LOCKBUS_RULE_NONE},
};

static enum lockbus_rule decide(struct gate_journal *j, const uint8_t *receipt,
                                size_t len, struct lb_verdict *verdict)
{
    struct lb_ask ask = {.kind = LB_ASK_RECEIPT, .bytes = receipt, .len = len};

    assert_int_equal(lb_gate_peek_door(&ask), LB_DOOR_NONE);
    lb_gate_decide(&j->gate, &ask, verdict);
    return verdict->rule;
}

static void a_receipt(void **state)
{
    const struct row *row = *state;
    struct gate_journal *j = scene();
    uint8_t receipt[LB_RECEIPT_LEN];
    struct lb_verdict verdict;

    fill(receipt);
    receipt[row->at] = row->value;
    sign(receipt, ARCHIVE);
    assert_int_equal(decide(j, receipt, sizeof receipt, &verdict), row->rule);
    gate_journal_free(&j);
}

static void a_receipt_of_another_length_is_refused(void **state)
{
    struct gate_journal *j = scene();
    uint8_t receipt[LB_RECEIPT_LEN + 1] = {0};
    struct lb_verdict verdict;

    fill(receipt);
    sign(receipt, ARCHIVE);
    for (size_t len = 0; len <= sizeof receipt; len++) {
        assert_int_equal(decide(j, receipt, len, &verdict),
                         len == LB_RECEIPT_LEN ? LOCKBUS_RULE_NONE
                                               : LOCKBUS_RULE_R1);
    }
    gate_journal_free(&j);
    (void)state;
}

static void only_the_archive_key_signs_receipts(void **state)
{
    static const uint8_t others[] = {ROOT_A, ISSUER, OPERATIONS, SECURITY,
                                     OTHERS + 9};
    struct gate_journal *j = scene();
    uint8_t receipt[LB_RECEIPT_LEN];
    struct lb_verdict verdict;

    fill(receipt);
    for (size_t i = 0; i < sizeof others; i++) {
        sign(receipt, others[i]);
        assert_int_equal(decide(j, receipt, sizeof receipt, &verdict),
                         LOCKBUS_RULE_R2);
    }
    gate_journal_free(&j);
    (void)state;
}

static void every_bit_of_a_receipt_is_signed(void **state)
{
    struct gate_journal *j = scene();
    uint8_t receipt[LB_RECEIPT_LEN];
    struct lb_verdict verdict;

    fill(receipt);
    sign(receipt, ARCHIVE);
    for (size_t bit = 0; bit < 8 * sizeof receipt; bit++) {
        receipt[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(decide(j, receipt, sizeof receipt, &verdict),
                             LOCKBUS_RULE_NONE);
        receipt[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(decide(j, receipt, sizeof receipt, &verdict),
                     LOCKBUS_RULE_NONE);
    gate_journal_free(&j);
    (void)state;
}

static void its_records_are_its_bytes_and_change_nothing(void **state)
{
    struct gate_journal *j = scene();
    uint8_t receipt[LB_RECEIPT_LEN], again[2 * LB_RECORD_BODY] = {0};
    struct lb_verdict verdict;

    fill(receipt);
    sign(receipt, ARCHIVE);
    assert_int_equal(decide(j, receipt, sizeof receipt, &verdict),
                     LOCKBUS_RULE_NONE);
    assert_int_equal(verdict.kind, LB_VERDICT_DONE);
    assert_int_equal(verdict.records.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct lb_record *record = &verdict.records.rec[i];
        struct lb_gate before = j->gate;

        assert_int_equal(record->type, LB_REC_RECEIPT);
        assert_int_equal(record->kind, i);
        assert_int_equal(record->stay, 0x0102030405);
        memcpy(again + i * LB_RECORD_BODY, record->body, LB_RECORD_BODY);
        assert_true(lb_gate_apply(&j->gate, record));
        assert_memory_equal(&before, &j->gate, sizeof before);
    }
    assert_memory_equal(again, receipt, sizeof receipt);
    gate_journal_free(&j);
    (void)state;
}

static void a_refusal_says_who_it_claims_to_be_by(void **state)
{
    struct gate_journal *j = scene();
    uint8_t receipt[LB_RECEIPT_LEN];
    struct lb_ask ask = {
        .kind = LB_ASK_RECEIPT, .bytes = receipt, .len = sizeof receipt};
    struct lb_verdict verdict;

    fill(receipt);
    sign(receipt, ARCHIVE);
    lb_gate_refuse(&j->gate, &ask, LOCKBUS_RULE_R4, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_REFUSED);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_R4);
    assert_int_equal(verdict.records.count, 1);
    const struct lb_record *record = &verdict.records.rec[0];

    assert_int_equal(record->type, LB_REC_REFUSAL);
    assert_int_equal(record->kind, LB_ASK_RECEIPT);
    assert_int_equal(lb_get_u16(record->body + LB_REFUSAL_RULE),
                     LOCKBUS_RULE_R4);
    assert_memory_equal(record->body + LB_REFUSAL_KEY_ID, receipt + BODY, 8);
    ask.len--;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_true(
        lb_all_zero(verdict.records.rec[0].body + LB_REFUSAL_KEY_ID, 8));
    gate_journal_free(&j);
    (void)state;
}

/* ---- The role ------------------------------------------------------------ */

static struct row roles[] = {
    {"role archive", ARCHIVE_KEY, 7, LOCKBUS_RULE_NONE},
    {"role 6, which is none", ARCHIVE_KEY, 6, LOCKBUS_RULE_M4},
    {"role 8, which is none", ARCHIVE_KEY, 8, LOCKBUS_RULE_M4},
};

static void a_key_of(void **state)
{
    const struct row *row = *state;
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    (void)gate_make_manifest(bytes, 2, EPOCH, NOBODY);
    bytes[row->at] = row->value;
    ask.len = gate_sign_manifest(bytes);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, row->rule);
    gate_journal_free(&j);
}

/* All regions and no epoch, as whoever is no issuer. */
static void an_archive_key_is_bound_to_nothing(void **state)
{
    static const size_t fields[] = {4, 8, 12};
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        (void)gate_make_manifest(bytes, 2, EPOCH, NOBODY);
        bytes[ARCHIVE_KEY] = 7;
        bytes[ARCHIVE_KEY + fields[i]] ^= 1;
        ask.len = gate_sign_manifest(bytes);
        lb_gate_decide(&j->gate, &ask, &verdict);
        assert_int_equal(verdict.rule, LOCKBUS_RULE_M1);
    }
    gate_journal_free(&j);
    (void)state;
}

#define TABLE(table, function)                                                 \
    for (size_t i = 0; i < sizeof(table) / sizeof(table)[0]; i++) {            \
        tests[count++] = (struct CMUnitTest){(table)[i].name, function, NULL,  \
                                             NULL, &(table)[i]};               \
    }

int main(void)
{
    static struct CMUnitTest tests[40];
    size_t count = 0;
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(a_receipt_of_another_length_is_refused),
        cmocka_unit_test(only_the_archive_key_signs_receipts),
        cmocka_unit_test(every_bit_of_a_receipt_is_signed),
        cmocka_unit_test(its_records_are_its_bytes_and_change_nothing),
        cmocka_unit_test(a_refusal_says_who_it_claims_to_be_by),
        cmocka_unit_test(an_archive_key_is_bound_to_nothing),
    };

    for (; count < sizeof alone / sizeof alone[0]; count++) {
        tests[count] = alone[count];
    }
    TABLE(rows, a_receipt)
    TABLE(roles, a_key_of)
    lb_crypto_init();
    return _cmocka_run_group_tests("receipt", tests, count, NULL, NULL);
}
