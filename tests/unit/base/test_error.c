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
    {'C', 0x501, 4}, {'S', 0x601, 8},  {'K', 0x701, 8},
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
    char row[256];

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

            (void)snprintf(row, sizeof row, "\n| %s | %s |\n",
                           lockbus_rule_name(rule), lockbus_rule_text(rule));
            if (strstr(doc, row) == NULL) {
                fail_msg("docs/ERRORS.md has not: %s", row + 1);
            }
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_name_and_a_sentence),
        cmocka_unit_test(docs_errors_has_every_value_and_every_rule_as_it_is),
        cmocka_unit_test(the_ends_of_the_groups_are_the_last_rules),
        cmocka_unit_test(no_two_rules_share_a_sentence),
        cmocka_unit_test(what_is_no_rule_has_no_name),
        cmocka_unit_test(every_error_has_its_name),
        cmocka_unit_test(what_is_no_error_has_no_name),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
