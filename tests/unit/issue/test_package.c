/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue_check.h"

static uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];

static void fill(void)
{
    memset(grant, 0xA1, sizeof grant);
    memset(seal, 0xB2, sizeof seal);
}

/* Reads from a copy of exactly `len` bytes, so that ASan sees a byte more. */
static enum lockbus_err read_exact(const uint8_t *bytes, size_t len,
                                   size_t *seal_len)
{
    uint8_t g[LOCKBUS_GRANT_LEN], s[LOCKBUS_SEAL_LEN];
    uint8_t *copy = test_malloc(len == 0 ? 1 : len);
    enum lockbus_err err;

    memcpy(copy, bytes, len);
    err = lockbus_package_read(copy, len, g, s, seal_len);
    test_free(copy);
    if (err == LOCKBUS_OK) {
        assert_true(*seal_len == 0 || *seal_len == LOCKBUS_SEAL_LEN);
    } else {
        assert_int_equal(err, LOCKBUS_ERR_USAGE);
    }
    return err;
}

static void a_package_has_its_bytes_and_comes_back(void **state)
{
    uint8_t p[LOCKBUS_PACKAGE_MAX], g[LOCKBUS_GRANT_LEN], s[LOCKBUS_SEAL_LEN];
    size_t len = 0, seal_len = 99;

    (void)state;
    assert_int_equal(lockbus_package_write(p, &len, grant, seal), LOCKBUS_OK);
    assert_int_equal(len, 3 + 232 + 2 + 104);
    assert_memory_equal(p, "\x0a\xe8\x01", 3); /* field 1, 232 bytes */
    assert_memory_equal(p + 3, grant, sizeof grant);
    assert_memory_equal(p + 235, "\x12\x68", 2); /* field 2, 104 bytes */
    assert_memory_equal(p + 237, seal, sizeof seal);
    assert_int_equal(lockbus_package_read(p, len, g, s, &seal_len), LOCKBUS_OK);
    assert_memory_equal(g, grant, sizeof grant);
    assert_memory_equal(s, seal, sizeof seal);
    assert_int_equal(seal_len, LOCKBUS_SEAL_LEN);

    assert_int_equal(lockbus_package_write(p, &len, grant, NULL), LOCKBUS_OK);
    assert_int_equal(len, 3 + 232);
    assert_int_equal(lockbus_package_read(p, len, g, s, &seal_len), LOCKBUS_OK);
    assert_int_equal(seal_len, 0);
}

static void a_package_cut_short_is_refused(void **state)
{
    uint8_t p[LOCKBUS_PACKAGE_MAX];
    size_t len = 0, seal_len = 0;

    (void)state;
    assert_int_equal(lockbus_package_write(p, &len, grant, seal), LOCKBUS_OK);
    for (size_t cut = 0; cut < len; cut++) {
        /* cut before the seal it is a package without one */
        assert_int_equal(read_exact(p, cut, &seal_len),
                         cut == 235 ? LOCKBUS_OK : LOCKBUS_ERR_USAGE);
    }
}

static void any_byte_changed_does_no_harm(void **state)
{
    uint8_t p[LOCKBUS_PACKAGE_MAX];
    size_t len = 0, seal_len = 0;

    (void)state;
    assert_int_equal(lockbus_package_write(p, &len, grant, seal), LOCKBUS_OK);
    for (size_t i = 0; i < len; i++) {
        for (unsigned flip = 1; flip < 256; flip++) {
            p[i] ^= (uint8_t)flip;
            (void)read_exact(p, len, &seal_len);
            p[i] ^= (uint8_t)flip;
        }
    }
}

static void random_bytes_do_no_harm(void **state)
{
    static const uint8_t key[32] = {7};
    uint8_t nonce[8] = {0}, p[LOCKBUS_PACKAGE_MAX];
    size_t seal_len = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        memcpy(nonce, &i, sizeof i);
        crypto_stream_chacha20(p, sizeof p, nonce, key);
        (void)read_exact(p, p[511] + 256U * (p[510] & 1U), &seal_len);
    }
}

static void unknown_fields_are_ignored(void **state)
{
    uint8_t p[LOCKBUS_PACKAGE_MAX];
    size_t len = 0, seal_len = 0;

    (void)state;
    assert_int_equal(lockbus_package_write(p, &len, grant, NULL), LOCKBUS_OK);
    /* field 3 as a number, as often as fits */
    while (len + 2 <= sizeof p) {
        p[len++] = 0x18;
        p[len++] = 0x01;
    }
    assert_int_equal(read_exact(p, len, &seal_len), LOCKBUS_OK);
    assert_int_equal(seal_len, 0);
}

/* Nothing but fields: the most that the decoder could want to remember. */
static void as_many_fields_as_fit_stay_within_bounds(void **state)
{
    uint8_t p[LOCKBUS_PACKAGE_MAX];
    size_t seal_len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof p; i += 2) {
        p[i] = 0x18;
        p[i + 1] = 0x01;
    }
    assert_int_equal(read_exact(p, sizeof p, &seal_len), LOCKBUS_ERR_USAGE);
    for (size_t i = 0; i < sizeof p; i += 2) {
        p[i] = 0x0a; /* empty grants */
        p[i + 1] = 0x00;
    }
    assert_int_equal(read_exact(p, sizeof p, &seal_len), LOCKBUS_ERR_USAGE);
}

static void lengths_of_fields_are_exact(void **state)
{
    static const struct {
        size_t grant, seal;
    } rows[] = {{231, 104}, {233, 104}, {0, 104},
                {232, 103}, {232, 105}, {232, 1}};
    size_t seal_len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t p[LOCKBUS_PACKAGE_MAX] = {0x0a};
        size_t at = 1;

        p[at++] = (uint8_t)(rows[i].grant % 128 + 128);
        p[at++] = (uint8_t)(rows[i].grant / 128);
        at += rows[i].grant;
        p[at++] = 0x12;
        p[at++] = (uint8_t)rows[i].seal;
        at += rows[i].seal;
        assert_int_equal(read_exact(p, at, &seal_len), LOCKBUS_ERR_USAGE);
    }
}

/* Well formed but for its length: one byte too many. */
static void longer_than_the_most_is_refused(void **state)
{
    uint8_t p[LOCKBUS_PACKAGE_MAX + 1];
    size_t len = 0, seal_len = 0;

    (void)state;
    assert_int_equal(lockbus_package_write(p, &len, grant, NULL), LOCKBUS_OK);
    assert_int_equal((sizeof p - len) % 2, 0);
    for (; len < sizeof p; len += 2) {
        p[len] = 0x18;
        p[len + 1] = 0x01;
    }
    assert_int_equal(read_exact(p, sizeof p, &seal_len), LOCKBUS_ERR_USAGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_package_has_its_bytes_and_comes_back),
        cmocka_unit_test(a_package_cut_short_is_refused),
        cmocka_unit_test(any_byte_changed_does_no_harm),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(unknown_fields_are_ignored),
        cmocka_unit_test(as_many_fields_as_fit_stay_within_bounds),
        cmocka_unit_test(lengths_of_fields_are_exact),
        cmocka_unit_test(longer_than_the_most_is_refused),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    fill();
    return cmocka_run_group_tests_name("packages", tests, NULL, NULL);
}
