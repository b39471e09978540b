/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void numbers_are_little_endian(void **state)
{
    (void)state;
    const uint8_t want[] = {0x01, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0x88};
    uint8_t got[8] = {0};

    assert_int_equal(lb_get_u16(want + 2), 0x8403);
    assert_int_equal(lb_get_u32(want), 0x84030201);
    assert_true(lb_get_u64(want) == UINT64_C(0x8807060584030201));
    lb_put_u64(got, UINT64_C(0x8807060584030201));
    assert_memory_equal(got, want, 8);
    lb_put_u32(got, 0x84030201);
    lb_put_u16(got + 4, 0x0605);
    assert_memory_equal(got, want, 6);
}

static void numbers_keep_their_highest_values(void **state)
{
    (void)state;
    uint8_t got[8];

    lb_put_u16(got, UINT16_MAX);
    assert_int_equal(lb_get_u16(got), UINT16_MAX);
    lb_put_u32(got, UINT32_MAX);
    assert_true(lb_get_u32(got) == UINT32_MAX);
    lb_put_u64(got, UINT64_MAX);
    assert_true(lb_get_u64(got) == UINT64_MAX);
}

static void put_writes_its_own_bytes_only(void **state)
{
    (void)state;
    uint8_t got[10];

    memset(got, 0xAA, sizeof got);
    lb_put_u64(got + 1, 0);
    assert_int_equal(got[0], 0xAA);
    assert_int_equal(got[9], 0xAA);
    memset(got, 0xAA, sizeof got);
    lb_put_u16(got + 1, 0);
    assert_int_equal(got[0], 0xAA);
    assert_int_equal(got[3], 0xAA);
}

static void copy_and_zero_touch_len_bytes(void **state)
{
    (void)state;
    uint8_t to[4] = {9, 9, 9, 9};

    lb_copy(to, "abc", 3);
    assert_memory_equal(to, "abc\x09", 4);
    lb_copy(to, "zzz", 0);
    assert_memory_equal(to, "abc\x09", 4);
    lb_zero(to, 2);
    assert_memory_equal(to, "\0\0c\x09", 4);
}

static void same_sees_a_difference_in_any_byte(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};

    assert_true(lb_same(a, b, sizeof a));
    assert_true(lb_same(a, b, 0));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 1;
        assert_false(lb_same(a, b, sizeof a));
        assert_true(lb_same(a, b, i));
        b[i] = 0;
    }
}

static void all_zero_sees_any_bit(void **state)
{
    (void)state;
    uint8_t a[16] = {0};

    assert_true(lb_all_zero(a, sizeof a));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        a[bit / 8] = (uint8_t)(1u << bit % 8);
        assert_false(lb_all_zero(a, sizeof a));
        a[bit / 8] = 0;
    }
}

static void hex_goes_there_and_back(void **state)
{
    (void)state;
    uint8_t all[256];
    uint8_t back[256];
    char text[2 * sizeof all + 1];

    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    lb_hex(text, all, sizeof all);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text, "000102", 6);
    assert_string_equal(text + 508, "feff");
    assert_true(lb_unhex(back, sizeof back, text, 512));
    assert_memory_equal(back, all, sizeof all);
}

static void unhex_takes_both_cases(void **state)
{
    (void)state;
    uint8_t out[3];

    assert_true(lb_unhex(out, 3, "aBCdEf", 6));
    assert_memory_equal(out, "\xab\xcd\xef", 3);
}

/* ---- What unhex refuses ------------------------------------------------- */

static struct row {
    const char *name, *text;
} rows[] = {
    {"unhex refuses a digit too few", "0011223"},
    {"unhex refuses a digit too many", "001122334"},
    {"unhex refuses a byte too many", "0011223344"},
    {"unhex refuses nothing at all", ""},
    {"unhex refuses a letter after f", "0011223g"},
    {"unhex refuses a letter after F", "0011223G"},
    {"unhex refuses a space", "001122 3"},
    {"unhex refuses a sign", "+0112233"},
    {"unhex refuses a prefix", "0x112233"},
    {"unhex refuses a colon", "00:11:22"},
    {"unhex refuses what comes before 0", "/0112233"},
    {"unhex refuses what comes after 9", ":0112233"},
    {"unhex refuses what comes before a", "`0112233"},
    {"unhex refuses what comes before A", "@0112233"},
    {"unhex refuses a byte above 127", "\xff"
                                       "0112233"},
};

static void check_row(void **state)
{
    const struct row *row = *state;
    uint8_t out[4];

    assert_false(lb_unhex(out, sizeof out, row->text, strlen(row->text)));
}

enum { ROWS = sizeof rows / sizeof rows[0] };

int main(void)
{
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(numbers_keep_their_highest_values),
        cmocka_unit_test(put_writes_its_own_bytes_only),
        cmocka_unit_test(copy_and_zero_touch_len_bytes),
        cmocka_unit_test(same_sees_a_difference_in_any_byte),
        cmocka_unit_test(all_zero_sees_any_bit),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(unhex_takes_both_cases),
    };
    static struct CMUnitTest table[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        table[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("bytes", plain, NULL, NULL) +
           cmocka_run_group_tests_name("unhex", table, NULL, NULL);
}
