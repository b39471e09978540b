/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <lockbus/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The groups of enum lockbus_rule: the first value and how many there are. A
 * rule that is added to the header and not here leaves its group too short,
 * which script/lint finds by reading the header itself. */
static const struct group {
    char letter;
    unsigned first, count;
} groups[] = {
    {'M', 0x101, 7}, {'D', 0x201, 11}, {'P', 0x301, 10}, {'L', 0x401, 3},
    {'C', 0x501, 4}, {'S', 0x601, 8},  {'K', 0x701, 8},  {'R', 0x801, 7},
};

static void every_rule_has_its_name_and_a_sentence(void **state)
{
    (void)state;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (unsigned n = 0; n < groups[g].count; n++) {
            enum lockbus_rule rule = (enum lockbus_rule)(groups[g].first + n);
            char want[16];

            (void)snprintf(want, sizeof want, "%c%u", groups[g].letter, n + 1);
            assert_string_equal(lockbus_rule_name(rule), want);
            assert_true(strlen(lockbus_rule_text(rule)) > 10);
            assert_true(strlen(lockbus_rule_advice(rule)) > 15);
        }
    }
}

static void the_ends_of_the_groups_are_the_last_rules(void **state)
{
    (void)state;
    assert_int_equal(LOCKBUS_RULE_M7, 0x107);
    assert_int_equal(LOCKBUS_RULE_D11, 0x20B);
    assert_int_equal(LOCKBUS_RULE_P10, 0x30A);
    assert_int_equal(LOCKBUS_RULE_L3, 0x403);
    assert_int_equal(LOCKBUS_RULE_C4, 0x504);
    assert_int_equal(LOCKBUS_RULE_S8, 0x608);
    assert_int_equal(LOCKBUS_RULE_K8, 0x708);
    assert_int_equal(LOCKBUS_RULE_R7, 0x807);
}

static void no_two_rules_share_a_sentence(void **state)
{
    (void)state;
    const char *seen[64];
    size_t count = 0;

    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (unsigned n = 0; n < groups[g].count; n++) {
            seen[count++] =
                lockbus_rule_text((enum lockbus_rule)(groups[g].first + n));
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            assert_string_not_equal(seen[i], seen[j]);
        }
    }
}

static void what_is_no_rule_has_no_name(void **state)
{
    (void)state;
    unsigned known = 0;

    for (unsigned value = 1; value <= 0x900; value++) {
        enum lockbus_rule rule = (enum lockbus_rule)value;

        if (strcmp(lockbus_rule_name(rule), "?") != 0) {
            known++;
        } else {
            assert_string_equal(lockbus_rule_text(rule), "?");
            assert_string_equal(lockbus_rule_advice(rule), "?");
        }
    }
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        known -= groups[g].count;
    }
    assert_int_equal(known, 0);
    assert_string_equal(lockbus_rule_name(LOCKBUS_RULE_NONE), "-");
}

static void every_error_has_its_name(void **state)
{
    (void)state;
    static const char *const want[] = {
        "OK",       "USAGE", "CONFIG", "BUSY",    "OFFLINE",
        "PROTOCOL", "IO",    "DENIED", "CORRUPT", "NOMEM"};

    for (unsigned i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_string_equal(lockbus_err_name((enum lockbus_err)i), want[i]);
    }
    assert_int_equal(LOCKBUS_ERR_NOMEM, 9);
}

static void what_is_no_error_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(lockbus_err_name((enum lockbus_err)10), "?");
    assert_string_equal(lockbus_err_name((enum lockbus_err)0x7FFFFFFF), "?");
}

/* ---- One line of an error -------------------------------------------------
 */

static const struct line_row {
    struct lockbus_error why;
    const char *line;
} line_rows[] = {
    {{.err = LOCKBUS_ERR_CONFIG,
      .line = 12,
      .file = "cabinet.ini",
      .field = "pulse_ms",
      .text = "is too long"},
     "cabinet.ini:12: pulse_ms: is too long (CONFIG)"},
    {{.err = LOCKBUS_ERR_DENIED, .rule = LOCKBUS_RULE_P10, .text = "no"},
     "no (DENIED, rule P10)"},
    {{.err = LOCKBUS_ERR_IO, .sys_errno = 28, .file = "j", .text = "full"},
     "j: full (IO, errno 28)"},
    {{.err = LOCKBUS_ERR_IO, .sys_errno = INT32_MIN},
     "(IO, errno -2147483648)"},
    {{.err = LOCKBUS_ERR_NOMEM}, "(NOMEM)"},
    {{.err = (enum lockbus_err)77, .field = "f"}, "f: (?)"},
};

static void a_line_has_all_of_an_error(void **state)
{
    char text[LOCKBUS_ERROR_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof line_rows / sizeof line_rows[0]; i++) {
        const struct line_row *row = &line_rows[i];

        assert_int_equal(lockbus_error_text(&row->why, text, sizeof text),
                         strlen(row->line));
        assert_string_equal(text, row->line);
    }
}

static void
a_line_is_cut_where_there_is_no_room_and_says_its_length(void **state)
{
    const struct line_row *row = &line_rows[0];
    size_t whole = strlen(row->line);
    char text[64];

    (void)state;
    for (size_t cap = 1; cap < whole + 2; cap++) {
        memset(text, 'x', sizeof text);
        assert_int_equal(lockbus_error_text(&row->why, text, cap), whole);
        assert_int_equal(strlen(text), cap <= whole ? cap - 1 : whole);
        assert_memory_equal(text, row->line, strlen(text));
        assert_int_equal(text[cap], 'x');
    }
    assert_int_equal(lockbus_error_text(&row->why, NULL, 0), whole);
    assert_int_equal(lockbus_error_text(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
}

static void the_longest_error_has_room(void **state)
{
    struct lockbus_error why;
    char text[LOCKBUS_ERROR_TEXT_MAX];

    (void)state;
    memset(&why, 'w', sizeof why); /* not even ended by zero bytes */
    why.err = LOCKBUS_ERR_PROTOCOL;
    why.rule = LOCKBUS_RULE_P10;
    why.sys_errno = INT32_MIN;
    why.line = UINT32_MAX;
    size_t len = lockbus_error_text(&why, text, sizeof text);

    assert_true(len < sizeof text);
    assert_int_equal(strlen(text), len);
}

static char doc[65536];

static void read_doc(void)
{
    FILE *file = fopen(LB_SOURCE_DIR "/docs/ERRORS.md", "r");

    assert_non_null(file);
    size_t len = fread(doc, 1, sizeof doc - 1, file);

    (void)fclose(file);
    assert_true(len < sizeof doc - 1);
    doc[len] = '\0';
}

static void docs_errors_has_every_value_and_every_rule_as_it_is(void **state)
{
    char row[512];

    (void)state;
    read_doc();
    for (int err = LOCKBUS_OK; err <= LOCKBUS_ERR_NOMEM; err++) {
        (void)snprintf(row, sizeof row, "\n| `%s` | ",
                       lockbus_err_name((enum lockbus_err)err));
        if (strstr(doc, row) == NULL) {
            fail_msg("docs/ERRORS.md has no row of %s", row + 1);
        }
    }
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        for (unsigned n = 0; n < groups[g].count; n++) {
            enum lockbus_rule rule = (enum lockbus_rule)(groups[g].first + n);

            (void)snprintf(row, sizeof row, "\n| %s | %s | %s |\n",
                           lockbus_rule_name(rule), lockbus_rule_text(rule),
                           lockbus_rule_advice(rule));
            if (strstr(doc, row) == NULL) {
                fail_msg("docs/ERRORS.md has not: %s", row + 1);
            }
            assert_null(strstr(strstr(doc, row) + 1, row)); /* once */
        }
    }
}

/* Or a screen would say which doors have a parcel. */
static void every_refusal_of_a_code_has_the_same_advice(void **state)
{
    (void)state;
    const char *advice = lockbus_rule_advice(LOCKBUS_RULE_C4);

    assert_string_equal(lockbus_rule_advice(LOCKBUS_RULE_C1), advice);
    assert_string_equal(lockbus_rule_advice(LOCKBUS_RULE_C2), advice);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_name_and_a_sentence),
        cmocka_unit_test(docs_errors_has_every_value_and_every_rule_as_it_is),
        cmocka_unit_test(the_ends_of_the_groups_are_the_last_rules),
        cmocka_unit_test(no_two_rules_share_a_sentence),
        cmocka_unit_test(every_refusal_of_a_code_has_the_same_advice),
        cmocka_unit_test(what_is_no_rule_has_no_name),
        cmocka_unit_test(every_error_has_its_name),
        cmocka_unit_test(a_line_has_all_of_an_error),
        cmocka_unit_test(
            a_line_is_cut_where_there_is_no_room_and_says_its_length),
        cmocka_unit_test(the_longest_error_has_room),
        cmocka_unit_test(what_is_no_error_has_no_name),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
