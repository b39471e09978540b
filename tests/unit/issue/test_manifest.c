/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/lockbus-man-XXXXXX";
static char path[64], pub_path[64], secret_path[64];

/* Fills of seeds. */
enum { ROOT1 = 1, ROOT2, ROOT3, ISSUER, THIEF, OPS, SEC, OLD_ROOT };

static const char *const head[] = {
    "; a manifest",
    "[manifest]",
    "operator_id = 000102030405060708090a0b0c0d0e0f",
    "number = 8",
    "epoch = 11",
    "issued_at = 1789900000",
    "threshold = 2",
    "[limits]",
    "max_open_occupied = 2",
    "max_open_vacant = 4",
    "interlock_hold_s = 300",
    "burst = 6",
    "per_hour = 60",
    "return_burst = 3",
    "return_per_hour = 61",
    "service_burst = 2",
    "service_per_hour = 5",
    "code_tries = 7",
    "code_tries_per_hour = 10",
    "reopen_window_s = 120",
    "ajar_after_s = 61",
    "max_grant_hours = 720",
    "challenge_ttl_s = 121",
    "service_ttl_s = 900",
    "code_min_bits = 30",
    "[keys]",
};
enum { HEAD = sizeof head / sizeof head[0], KEYS = 7, LINES = HEAD + KEYS };

static char keys[KEYS][160];

static void fill_keys(void)
{
    static const struct {
        const char *name, *role, *options;
        uint8_t fill;
    } rows[KEYS] = {
        {"root1", "root", "", ROOT1},
        {"root2", "root", "", ROOT2},
        {"root3", "root", "", ROOT3},
        {"hall", "issuer", " region=5-9", ISSUER},
        {"stolen", "distrusted", " from_epoch=10", THIEF},
        {"ops", "operations", "", OPS},
        {"sec", "security", "", SEC},
    };

    for (size_t i = 0; i < KEYS; i++) {
        char hex[65];

        sodium_bin2hex(hex, sizeof hex,
                       issue_check_signer(rows[i].fill).public_key, 32);
        (void)snprintf(keys[i], sizeof keys[i], "%s = %s %s%s", rows[i].name,
                       rows[i].role, hex, rows[i].options);
    }
}

/* The good text with one line in place of another; "" leaves it out. */
static void put(size_t line, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (size_t i = 0; i < LINES; i++) {
        const char *own = i < HEAD ? head[i] : keys[i - HEAD];

        fprintf(f, "%s\n", i == line && text != NULL ? text : own);
    }
    assert_int_equal(fclose(f), 0);
}

static enum lockbus_err sign(uint8_t *out, size_t *len, const uint8_t fills[],
                             size_t count, struct lockbus_error *why)
{
    struct lockbus_signer signers[12];

    for (size_t i = 0; i < count; i++) {
        signers[i] = issue_check_signer(fills[i]);
    }
    return lockbus_issue_manifest(out, len, path, signers, count, why);
}

static void a_manifest_has_its_layout_and_good_signatures(void **state)
{
    static const uint8_t limits[24] = {2,    4, 0x2c, 1,  6,    60, 3,  61,
                                       2,    5, 7,    10, 120,  0,  61, 0,
                                       0xd0, 2, 0x79, 0,  0x84, 3,  30, 0};
    static const uint8_t fills[] = {ROOT3, ROOT1, ROOT2};
    static const uint8_t order[KEYS] = {ROOT1, ROOT2, ROOT3, ISSUER,
                                        THIEF, OPS,   SEC};
    static const uint8_t role[KEYS] = {1, 1, 1, 2, 5, 3, 4};
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    size_t len = 0;
    const size_t body = 64 + 48 * KEYS;

    (void)state;
    put(0, NULL);
    assert_int_equal(sign(b, &len, fills, 3, NULL), LOCKBUS_OK);
    assert_int_equal(len, body + 3 * 72);
    assert_memory_equal(b, "LBM1\x01\x07\x02\x00", 8);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(b[8 + i], i);
    }
    assert_int_equal(issue_check_number(b + 24, 4), 8);
    assert_int_equal(issue_check_number(b + 28, 4), 11);
    assert_int_equal(issue_check_number(b + 32, 8), 1789900000);
    assert_memory_equal(b + 40, limits, 24);
    for (size_t i = 0; i < KEYS; i++) {
        const uint8_t *e = b + 64 + 48 * i;

        assert_int_equal(issue_check_number(e, 4), role[i]);
        assert_int_equal(issue_check_number(e + 4, 4), role[i] == 5 ? 10 : 0);
        assert_int_equal(issue_check_number(e + 8, 4), role[i] == 2 ? 5 : 0);
        assert_int_equal(issue_check_number(e + 12, 4),
                         role[i] == 2 ? 9 : UINT32_MAX);
        assert_memory_equal(e + 16, issue_check_signer(order[i]).public_key,
                            32);
    }
    for (size_t i = 0; i < 3; i++) {
        const uint8_t *e = b + body + 72 * i;
        bool found = false;

        assert_true(i == 0 || memcmp(e - 72, e, 8) < 0);
        for (uint8_t fill = ROOT1; fill <= ROOT3; fill++) {
            const struct lockbus_signer root = issue_check_signer(fill);

            if (memcmp(root.public_key, e, 8) == 0) {
                found = issue_check_signed("lockbus/manifest/v1", 20, b, body,
                                           e + 8, root.public_key);
            }
        }
        assert_true(found);
    }
}

static void a_manifest_reads_back(void **state)
{
    static const uint8_t fills[] = {ROOT1, ROOT2, OLD_ROOT};
    struct lockbus_manifest_info info;
    uint8_t b[LOCKBUS_MANIFEST_MAX + 1];
    size_t len = 0;

    (void)state;
    put(0, NULL);
    /* a root of the manifest before is taken on trust */
    assert_int_equal(sign(b, &len, fills, 3, NULL), LOCKBUS_OK);
    assert_int_equal(lockbus_manifest_read(&info, b, len), LOCKBUS_OK);
    assert_int_equal(info.number, 8);
    assert_int_equal(info.epoch, 11);
    assert_int_equal(info.key_count, KEYS);
    assert_int_equal(info.signature_count, 3);
    assert_int_equal(info.keys[3].region_last, 9);
    assert_int_equal(info.keys[4].role, LOCKBUS_ROLE_DISTRUSTED);
    assert_int_equal(info.service_ttl_s, 900);
    assert_int_equal(info.code_min_bits, 30);
    for (size_t cut = 0; cut < len; cut++) {
        enum lockbus_err err = lockbus_manifest_read(&info, b, cut);

        assert_int_equal(err, cut == len - 72 ? LOCKBUS_OK : LOCKBUS_ERR_USAGE);
    }
    assert_int_equal(lockbus_manifest_read(&info, b, len + 1),
                     LOCKBUS_ERR_USAGE);
    b[7] = 1; /* a reserved byte */
    assert_int_equal(lockbus_manifest_read(&info, b, len), LOCKBUS_ERR_USAGE);
}

static void too_few_of_its_roots_or_one_twice_are_refused(void **state)
{
    static const struct {
        uint8_t fills[3];
        size_t count;
    } rows[] = {{{ROOT1}, 1},
                {{ROOT1, ROOT1}, 2},
                {{ROOT1, ROOT2, ROOT1}, 3},
                {{ROOT1, OLD_ROOT}, 2},
                {{ROOT1, ISSUER}, 2},
                {{OPS, SEC}, 2}};
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why;
    size_t len = 0;

    (void)state;
    put(0, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(sign(b, &len, rows[i].fills, rows[i].count, &why),
                         LOCKBUS_ERR_USAGE);
        assert_string_equal(why.field, "signer");
        assert_int_equal(len, 0);
    }
}

static void keys_may_come_from_files_beside_the_text(void **state)
{
    static const uint8_t fills[] = {ROOT1, ROOT2};
    struct lockbus_key_file key = {.role = "issuer",
                                   .region_first = 3,
                                   .region_last = 4,
                                   .signer = issue_check_signer(ISSUER)};
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why = {0};
    size_t len = 0;

    (void)state;
    (void)unlink(pub_path);
    (void)unlink(secret_path);
    assert_int_equal(lockbus_key_save(pub_path, &key, NULL), LOCKBUS_OK);
    put(HEAD + 3, "hall = issuer file:i.pub");
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_OK);
    assert_int_equal(issue_check_number(b + 64 + 48 * 3 + 8, 4), 3);
    assert_int_equal(issue_check_number(b + 64 + 48 * 3 + 12, 4), 4);
    put(HEAD + 3, "hall = issuer file:i.pub region=3-4");
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_OK);
    put(HEAD + 3, "hall = issuer file:i.pub region=3-5");
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
    put(HEAD + 3, "hall = operations file:i.pub");
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
    put(HEAD + 3, "hall = issuer file:none.pub");
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, "hall");
    key.secret = true;
    assert_int_equal(lockbus_key_save(secret_path, &key, NULL), LOCKBUS_OK);
    put(HEAD + 3, "hall = issuer file:i.key");
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
}

static struct row {
    const char *name;
    size_t line; /* from 0 */
    const char *text, *field;
    bool whole; /* only the end of the file shows it: no line is named */
} rows[] = {
    {"no operator", 2, "", "operator_id", true},
    {"an operator cut short", 2, "operator_id = 00", "operator_id", false},
    {"a number of zero", 3, "number = 0", "number", false},
    {"a number with a sign", 3, "number = +8", "number", false},
    {"a number beyond 32 bits", 3, "number = 4294967296", "number", false},
    {"a number beyond 64 bits", 3, "number = 18446744073709551624", "number",
     false},
    {"a hexadecimal number", 3, "number = 0x8", "number", false},
    {"no number", 3, "number =", "number", false},
    {"milliseconds", 5, "issued_at = 1789900000000", "issued_at", false},
    {"a threshold of one", 6, "threshold = 1", "threshold", false},
    {"more than the roots", 6, "threshold = 4", "threshold", true},
    {"a limit of zero", 11, "burst = 0", "burst", false},
    {"a limit beyond a byte", 12, "per_hour = 256", "per_hour", false},
    {"too many tries", 17, "code_tries = 17", "code_tries", false},
    {"too long a window", 19, "reopen_window_s = 901", "reopen_window_s",
     false},
    {"a limit beyond two bytes", 20, "ajar_after_s = 65536", "ajar_after_s",
     false},
    {"too few bits", 24, "code_min_bits = 18", "code_min_bits", false},
    {"more bits than a code has", 24, "code_min_bits = 161", "code_min_bits",
     false},
    {"a limit left out", 21, "", "max_grant_hours", true},
    {"a limit told twice", 12, "burst = 6", "burst", false},
    {"an unknown limit", 12, "burts = 6", "burts", false},
    {"an unknown section", 7, "[limit]", "section", false},
    {"no name and value", 12, "burst", "line", false},
    {"a line that goes on", 12, " per_hour = 6", "line", false},
    {"a value in another section", 8, "epoch = 11", "epoch", false},
    {"an unknown role", HEAD, "root1 = king", "root1", false},
    {"a key cut short", HEAD, "root1 = root 00", "root1", false},
    {"a key that is zero", HEAD,
     "root1 = root "
     "0000000000000000000000000000000000000000000000000000000000000000",
     "root1", false},
    {"the neutral point", HEAD,
     "root1 = root "
     "0100000000000000000000000000000000000000000000000000000000000000",
     "root1", false},
    {"no operations key", HEAD + 5, "", "keys", true},
    {"no security key", HEAD + 6, "", "keys", true},
};

static void check_row(void **state)
{
    static const uint8_t fills[] = {ROOT1, ROOT2, ROOT3};
    const struct row *row = *state;
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why = {0};
    size_t len = 0;

    put(row->line, row->text);
    assert_int_equal(sign(b, &len, fills, 3, &why), LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.err, LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, row->field);
    assert_string_equal(why.file, path);
    assert_int_equal(why.line, row->whole ? 0 : row->line + 1);
    assert_int_equal(len, 0);
}

/* Options of keys: the line's own text with something behind it. */
static void options_bind_the_roles_that_they_are_for(void **state)
{
    static const struct {
        size_t key;
        const char *add;
    } bad[] = {{0, " region=1-2"}, {0, " from_epoch=3"},
               {3, " region=5-9"}, {3, " from_epoch=3"},
               {4, " region=1-2"}, {4, " from_epoch=10"},
               {5, " somewhere"},  {5, " region=0-4294967295"},
               {6, " a b c"}};
    static const uint8_t fills[] = {ROOT1, ROOT2, ROOT3};
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    char text[200];
    struct lockbus_error why;
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(text, sizeof text, "%s%s", keys[bad[i].key], bad[i].add);
        put(HEAD + bad[i].key, text);
        assert_int_equal(sign(b, &len, fills, 3, &why), LOCKBUS_ERR_CONFIG);
        assert_int_equal(why.line, HEAD + bad[i].key + 1);
    }
    /* the region or the epoch left away, or upside down */
    for (size_t key = 3; key <= 4; key++) {
        (void)snprintf(text, sizeof text, "%s", keys[key]);
        *strrchr(text, ' ') = '\0';
        put(HEAD + key, text);
        assert_int_equal(sign(b, &len, fills, 3, &why), LOCKBUS_ERR_CONFIG);
    }
    (void)snprintf(text, sizeof text, "%s", keys[3]);
    memcpy(strrchr(text, '=') + 1, "9-5", 4);
    put(HEAD + 3, text);
    assert_int_equal(sign(b, &len, fills, 3, &why), LOCKBUS_ERR_CONFIG);
}

static void names_keys_and_key_ids_come_once(void **state)
{
    static const uint8_t fills[] = {ROOT1, ROOT2, ROOT3};
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    char text[200];
    struct lockbus_error why;
    size_t len = 0;

    (void)state;
    /* root1's key under another name */
    (void)snprintf(text, sizeof text, "other%s", keys[0] + 5);
    put(HEAD + 2, text);
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, "other");
    /* another key under root1's name */
    (void)snprintf(text, sizeof text, "root1%s", keys[2] + 5);
    put(HEAD + 2, text);
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, "root1");
}

static void a_line_too_long_or_with_a_zero_byte_is_refused(void **state)
{
    static const uint8_t fills[] = {ROOT1, ROOT2};
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    char text[260];
    struct lockbus_error why;
    size_t len = 0;
    FILE *f;

    (void)state;
    for (size_t n = 191; n < sizeof text; n++) {
        memset(text, 'a', n);
        text[0] = ';';
        text[n] = '\0';
        put(0, text);
        assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
        assert_int_equal(why.line, 1);
    }
    text[190] = '\0';
    put(0, text);
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_OK);
    len = 0;
    f = fopen(path, "a");
    assert_non_null(f);
    assert_int_equal(fwrite("a\0b = 1\n", 1, 8, f), 8);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.line, LINES + 1);
}

/* The whole text with other line ends, or behind `before`. */
static void put_changed(const char *before, bool crlf)
{
    char text[16384];

    put(0, "");
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text, f);

    (void)fclose(f);
    f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(before, f);
    for (size_t i = 0; i < len; i++) {
        if (crlf && text[i] == '\n') {
            (void)fputc('\r', f);
        }
        (void)fputc(text[i], f);
    }
    assert_int_equal(fclose(f), 0);
}

static void line_ends_may_be_another_systems(void **state)
{
    static const uint8_t fills[] = {ROOT1, ROOT2};
    uint8_t b[LOCKBUS_MANIFEST_MAX], same[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why;
    size_t len = 0, same_len = 0;

    (void)state;
    put_changed("", false);
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_OK);
    put_changed("", true);
    assert_int_equal(sign(same, &same_len, fills, 2, &why), LOCKBUS_OK);
    assert_int_equal(same_len, len);
    assert_memory_equal(same, b, len);
}

static void a_byte_order_mark_is_refused(void **state)
{
    static const uint8_t fills[] = {ROOT1, ROOT2};
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why;
    size_t len = 0;

    (void)state;
    put_changed("\xEF\xBB\xBF", false);
    assert_int_equal(sign(b, &len, fills, 2, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.file, path);
    assert_int_equal(why.line, 1);
    assert_non_null(strstr(why.text, "byte-order mark"));
}

/* Refused, or the same but for the keys at its end, which are whole or not:
 * then the roots that sign are missing. */
static void a_text_cut_anywhere_is_refused_with_its_place(void **state)
{
    static const uint8_t fills[] = {ROOT1, ROOT2};
    static char text[16384];
    uint8_t b[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why;
    size_t whole = 0;

    (void)state;
    put(0, "");
    FILE *f = fopen(path, "r");

    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text, f);

    (void)fclose(f);
    for (size_t cut = 0; cut < len; cut++) {
        size_t made = 0;

        f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, cut, f), cut);
        assert_int_equal(fclose(f), 0);
        enum lockbus_err err = sign(b, &made, fills, 2, &why);

        whole += err == LOCKBUS_OK;
        if (err != LOCKBUS_OK &&
            (err != LOCKBUS_ERR_CONFIG || strcmp(why.file, path) != 0 ||
             why.field[0] == '\0' || why.text[0] == '\0')) {
            fail_msg("cut to %zu: %d %s:%u: %s: %s", cut, (int)err, why.file,
                     why.line, why.field, why.text);
        }
    }
    assert_in_range(whole, 1, 400);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_has_its_layout_and_good_signatures),
        cmocka_unit_test(a_manifest_reads_back),
        cmocka_unit_test(too_few_of_its_roots_or_one_twice_are_refused),
        cmocka_unit_test(keys_may_come_from_files_beside_the_text),
        cmocka_unit_test(options_bind_the_roles_that_they_are_for),
        cmocka_unit_test(names_keys_and_key_ids_come_once),
        cmocka_unit_test(a_line_too_long_or_with_a_zero_byte_is_refused),
        cmocka_unit_test(line_ends_may_be_another_systems),
        cmocka_unit_test(a_byte_order_mark_is_refused),
        cmocka_unit_test(a_text_cut_anywhere_is_refused_with_its_place),
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static struct CMUnitTest row_tests[ROWS];
    int failed;

    if (sodium_init() < 0 || mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(path, sizeof path, "%s/m.ini", folder);
    (void)snprintf(pub_path, sizeof pub_path, "%s/i.pub", folder);
    (void)snprintf(secret_path, sizeof secret_path, "%s/i.key", folder);
    fill_keys();
    for (size_t i = 0; i < ROWS; i++) {
        row_tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                           .test_func = check_row,
                                           .initial_state = &rows[i]};
    }
    failed = cmocka_run_group_tests_name("manifests", tests, NULL, NULL) +
             cmocka_run_group_tests_name("bad texts", row_tests, NULL, NULL);
    (void)unlink(path);
    (void)unlink(pub_path);
    (void)unlink(secret_path);
    (void)rmdir(folder);
    return failed;
}
