/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/* What is written into the demo's page is text, whatever it looks like. */

#include "html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static struct row {
    const char *name, *text, *page;
} rows[] = {
    {"plain text stays", "door A07", "[door A07]"},
    {"an angle opens no tag", "<b>", "[&lt;b&gt;]"},
    {"an ampersand is no entity", "&lt;", "[&amp;lt;]"},
    {"quotes end no attribute", "\"x\" 'y'", "[&quot;x&quot; &#39;y&#39;]"},
    {"a format in a text is text", "%s%u%%", "[%s%u%%]"},
    {"letters beyond ASCII stay", "T\xc3\xbcr", "[T\xc3\xbcr]"},
    {"nothing is nothing", "", "[]"},
};

static char *written(size_t *size, const char *text)
{
    char *bytes = NULL;
    FILE *f = open_memstream(&bytes, size);

    assert_non_null(f);
    html(f, "[%s]", text);
    assert_int_equal(fclose(f), 0);
    return bytes;
}

static void check_row(void **state)
{
    const struct row *row = *state;
    size_t size = 0;
    char *bytes = written(&size, row->text);

    assert_string_equal(bytes, row->page);
    free(bytes);
}

static void markup_of_the_format_is_markup(void **state)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&bytes, &size);

    (void)state;
    assert_non_null(f);
    html(f, "<td title=\"%s\">%u%%</td>", "a\"b", 7U);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(bytes, "<td title=\"a&quot;b\">7%</td>");
    free(bytes);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS + 1] = {
        cmocka_unit_test(markup_of_the_format_is_markup)};

    for (size_t i = 0; i < ROWS; i++) {
        tests[i + 1] = (struct CMUnitTest){.name = rows[i].name,
                                           .test_func = check_row,
                                           .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
