/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "issue_check.h"

static const uint8_t cabinet_id[16] = {0x7c, 0xb1, 0x7d, 0xf6};
static const uint8_t seed[32] = {42};
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Cheap enough that hundreds of codes are made. */
static const struct lockbus_code_form cheap = {.opslimit = 1, .memory_kib = 8};

/* What a gate does: no dashes, door and secret apart. */
static size_t plain(char out[LOCKBUS_CODE_TEXT_MAX], const char *code)
{
    size_t len = 0;

    for (; *code != '\0'; code++) {
        if (*code != '-') {
            out[len++] = *code;
        }
    }
    out[len] = '\0';
    return len;
}

/* The seal by libsodium alone: key of the secret, then the box. */
static bool opens(const uint8_t *seal, uint16_t door, uint64_t stay,
                  const char *secret, size_t len)
{
    uint8_t key[32], ad[26] = {0}, out[32];

    memcpy(ad, cabinet_id, 16);
    ad[16] = (uint8_t)door;
    ad[17] = (uint8_t)(door >> 8);
    for (size_t i = 0; i < 8; i++) {
        ad[18 + i] = (uint8_t)(stay >> (8 * i));
    }
    return crypto_pwhash_argon2id(key, sizeof key, secret, len, seal + 16,
                                  issue_check_number(seal + 8, 4),
                                  (size_t)issue_check_number(seal + 12, 4) *
                                      1024,
                                  crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0 &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(
               out, NULL, NULL, seal + 56, 48, ad, sizeof ad, seal + 32, key) ==
               0 &&
           memcmp(out, seed, sizeof seed) == 0;
}

static void a_code_names_its_door_and_opens_its_seal(void **state)
{
    char code[LOCKBUS_CODE_TEXT_MAX], text[LOCKBUS_CODE_TEXT_MAX];
    uint8_t seal[LOCKBUS_SEAL_LEN];

    (void)state;
    assert_int_equal(
        lockbus_issue_code(code, seal, &cheap, 12, cabinet_id, 100, seed, NULL),
        LOCKBUS_OK);
    assert_int_equal(strlen(code), 2 + 1 + 4 + 1 + 4);
    assert_int_equal(code[2], '-');
    assert_int_equal(code[7], '-');
    assert_int_equal(plain(text, code), 10);
    assert_memory_equal(text, "0C", 2);
    assert_memory_equal(seal, "LBX1\x01\x01\0\0\x01\0\0\0\x08\0\0\0", 16);
    assert_true(opens(seal, 12, 100, text + 2, 8));
    /* bound to its door and its stay */
    assert_false(opens(seal, 13, 100, text + 2, 8));
    assert_false(opens(seal, 12, 101, text + 2, 8));
    text[9] = text[9] == '0' ? '1' : '0';
    assert_false(opens(seal, 12, 100, text + 2, 8));
}

static void doors_are_spelt_as_the_gate_reads_them(void **state)
{
    static const struct {
        uint16_t door;
        const char *letters, *digits;
    } rows[] = {{0, "00", "000"},  {12, "0C", "012"},  {31, "0Z", "031"},
                {32, "10", "032"}, {999, "Z7", "999"}, {1023, "ZZ", NULL}};
    char code[LOCKBUS_CODE_TEXT_MAX];
    uint8_t seal[LOCKBUS_SEAL_LEN];
    struct lockbus_code_form digits = cheap;
    struct lockbus_error why = {0};

    (void)state;
    digits.digits = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(lockbus_issue_code(code, seal, &cheap, rows[i].door,
                                            cabinet_id, 1, seed, NULL),
                         LOCKBUS_OK);
        assert_memory_equal(code, rows[i].letters, 2);
        if (rows[i].digits == NULL) {
            assert_int_equal(lockbus_issue_code(code, seal, &digits,
                                                rows[i].door, cabinet_id, 1,
                                                seed, &why),
                             LOCKBUS_ERR_USAGE);
            assert_string_equal(why.field, "door");
            continue;
        }
        assert_int_equal(lockbus_issue_code(code, seal, &digits, rows[i].door,
                                            cabinet_id, 1, seed, NULL),
                         LOCKBUS_OK);
        assert_memory_equal(code, rows[i].digits, 3);
        assert_int_equal(strlen(code), 3 + 1 + 4 + 1 + 3 + 1 + 3);
    }
}

static void every_length_is_grouped_and_fits(void **state)
{
    (void)state;
    for (unsigned len = 6; len <= 32; len++) {
        char code[LOCKBUS_CODE_TEXT_MAX], text[LOCKBUS_CODE_TEXT_MAX];
        uint8_t seal[LOCKBUS_SEAL_LEN];
        struct lockbus_code_form form = cheap;
        size_t run = 0;

        form.secret_len = len;
        assert_int_equal(
            lockbus_issue_code(code, seal, &form, 5, cabinet_id, 1, seed, NULL),
            LOCKBUS_OK);
        assert_int_equal(plain(text, code), 2 + len);
        assert_true(opens(seal, 5, 1, text + 2, len));
        for (const char *c = code + 3; *c != '\0'; c++) {
            run = *c == '-' ? 0 : run + 1;
            assert_in_range(run, 0, 4);
        }
    }
}

/* Fails once in about 10^30 runs when every character is as likely. */
static void every_character_comes_and_no_other(void **state)
{
    unsigned letters[32] = {0}, digits[10] = {0};
    struct lockbus_code_form form = cheap;

    (void)state;
    form.secret_len = 32;
    for (unsigned i = 0; i < 160; i++) {
        char code[LOCKBUS_CODE_TEXT_MAX], text[LOCKBUS_CODE_TEXT_MAX];
        uint8_t seal[LOCKBUS_SEAL_LEN];

        form.digits = i % 2 == 1;
        assert_int_equal(
            lockbus_issue_code(code, seal, &form, 5, cabinet_id, 1, seed, NULL),
            LOCKBUS_OK);
        (void)plain(text, code);
        for (const char *c = text + (form.digits ? 3 : 2); *c != '\0'; c++) {
            const char *at = strchr(alphabet, *c);

            assert_non_null(at);
            if (form.digits) {
                assert_in_range(at - alphabet, 0, 9);
                digits[at - alphabet]++;
            } else {
                letters[at - alphabet]++;
            }
        }
    }
    /* 2,560 of each kind: 80 and 256 are expected of every character */
    for (size_t i = 0; i < 32; i++) {
        assert_in_range(letters[i], 20, 180);
    }
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(digits[i], 120, 420);
    }
}

static void codes_and_salts_differ(void **state)
{
    char a[LOCKBUS_CODE_TEXT_MAX], b[LOCKBUS_CODE_TEXT_MAX];
    uint8_t one[LOCKBUS_SEAL_LEN], two[LOCKBUS_SEAL_LEN];

    (void)state;
    assert_int_equal(
        lockbus_issue_code(a, one, &cheap, 5, cabinet_id, 1, seed, NULL),
        LOCKBUS_OK);
    assert_int_equal(
        lockbus_issue_code(b, two, &cheap, 5, cabinet_id, 1, seed, NULL),
        LOCKBUS_OK);
    assert_string_not_equal(a, b);
    assert_memory_not_equal(one + 16, two + 16, 16);
    assert_memory_not_equal(one + 32, two + 32, 24);
}

static struct row {
    const char *name, *field;
    struct lockbus_code_form form;
    uint16_t door;
    uint64_t stay;
} rows[] = {
    {"a secret too short", "secret_len", {false, 5, 1, 8}, 1, 1},
    {"a secret too long", "secret_len", {false, 33, 1, 8}, 1, 1},
    {"digits too few", "secret_len", {true, 5, 1, 8}, 1, 1},
    {"a seal that eats time", "opslimit", {false, 8, 11, 8}, 1, 1},
    {"too little memory", "memory_kib", {false, 8, 1, 7}, 1, 1},
    {"a seal that eats memory", "memory_kib", {false, 8, 1, 262145}, 1, 1},
    {"a door too high", "door", {false, 8, 1, 8}, 1024, 1},
    {"a door too high for digits", "door", {true, 8, 1, 8}, 1000, 1},
    {"no stay", "stay", {false, 8, 1, 8}, 1, 0},
};

static void a_bad_wish_is_refused_by_its_field(void **state)
{
    const struct row *row = *state;
    char code[LOCKBUS_CODE_TEXT_MAX] = "";
    uint8_t seal[LOCKBUS_SEAL_LEN] = {0};
    struct lockbus_error why = {0};

    assert_int_equal(lockbus_issue_code(code, seal, &row->form, row->door,
                                        cabinet_id, row->stay, seed, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, row->field);
    assert_string_equal(code, "");
    assert_true(sodium_is_zero(seal, sizeof seal));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_names_its_door_and_opens_its_seal),
        cmocka_unit_test(doors_are_spelt_as_the_gate_reads_them),
        cmocka_unit_test(every_length_is_grouped_and_fits),
        cmocka_unit_test(every_character_comes_and_no_other),
        cmocka_unit_test(codes_and_salts_differ),
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static struct CMUnitTest row_tests[ROWS];

    if (sodium_init() < 0) {
        return 1;
    }
    for (size_t i = 0; i < ROWS; i++) {
        row_tests[i] =
            (struct CMUnitTest){.name = rows[i].name,
                                .test_func = a_bad_wish_is_refused_by_its_field,
                                .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("codes", tests, NULL, NULL) +
           cmocka_run_group_tests_name("bad wishes", row_tests, NULL, NULL);
}
