/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "bus/link.h"
#include "bus/txn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void every_cell_of_the_transaction_is_written(void **state)
{
    (void)state;
    for (int s = LB_TXN_IDLE; s < LB_TXN_STATES; s++) {
        for (int e = 0; e < LB_TXN_EVENTS; e++) {
            const struct lb_txn_cell *cell =
                lb_txn_cell((enum lb_txn_state)s, (enum lb_txn_event)e);
            assert_in_range(cell->next, LB_TXN_IDLE, LB_TXN_REPLY);
        }
    }
}

static void a_transaction_ends_exactly_when_it_says_done(void **state)
{
    (void)state;
    for (int s = LB_TXN_QUIET; s < LB_TXN_STATES; s++) {
        for (int e = 0; e < LB_TXN_EVENTS; e++) {
            const struct lb_txn_cell *cell =
                lb_txn_cell((enum lb_txn_state)s, (enum lb_txn_event)e);
            assert_int_equal(cell->next == LB_TXN_IDLE,
                             (cell->effects & LB_TXN_DONE) != 0);
        }
    }
}

static void every_cell_of_the_link_is_written(void **state)
{
    (void)state;
    for (int s = LB_LINK_NEW; s < LB_LINK_STATES; s++) {
        for (int e = 0; e < LB_LINK_EVENTS; e++) {
            const struct lb_link_cell *cell =
                lb_link_cell((enum lb_link_state)s, (enum lb_link_event)e);
            assert_in_range(cell->next, LB_LINK_NEW, LB_LINK_REFUSED);
        }
    }
}

static void only_finished_attach_steps_make_a_board_present(void **state)
{
    (void)state;
    for (int s = LB_LINK_NEW; s < LB_LINK_STATES; s++) {
        for (int e = 0; e < LB_LINK_EVENTS; e++) {
            const struct lb_link_cell *cell =
                lb_link_cell((enum lb_link_state)s, (enum lb_link_event)e);
            if (cell->next == LB_LINK_PRESENT && s != LB_LINK_PRESENT &&
                s != LB_LINK_MISSED && s != LB_LINK_SUSPECT) {
                assert_true(s == LB_LINK_ATTACH || s == LB_LINK_ATTACH2);
                assert_int_equal(e, LB_LINK_PASSED);
            }
        }
    }
}

/* ---- What a board is said to do ------------------------------------------ */

static void read_source(const char *path, char *into, size_t cap)
{
    char name[512];

    (void)snprintf(name, sizeof name, LB_SOURCE_DIR "/%s", path);
    FILE *file = fopen(name, "r");

    assert_non_null(file);
    size_t len = fread(into, 1, cap - 1, file);

    (void)fclose(file);
    assert_true(len < cap - 1);
    into[len] = '\0';
}

/* Of these files every string is said of a board, but for included names and
 * what is said of a pulse. */
static void docs_errors_has_every_text_of_a_board(void **state)
{
    static const char *const files[] = {"lib/bus/attach.c", "lib/bus/outcome.c",
                                        "lib/bus/presence.c"};
    static char doc[65536], source[65536];
    unsigned found = 0;

    (void)state;
    read_source("docs/ERRORS.md", doc, sizeof doc);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        read_source(files[i], source, sizeof source);
        for (char *line = strtok(source, "\n"); line != NULL;
             line = strtok(NULL, "\n")) {
            char row[256], *from = strchr(line, '"');
            char *to = from != NULL ? strchr(from + 1, '"') : NULL;

            if (to == NULL || strstr(line, "#include") != NULL ||
                strstr(line, "lb_pulse_drop") != NULL) {
                continue;
            }
            (void)snprintf(row, sizeof row, "\n| %.*s | ", (int)(to - from - 1),
                           from + 1);
            found++;
            if (strstr(doc, row) == NULL) {
                fail_msg("docs/ERRORS.md has no row%s", row);
            }
        }
    }
    assert_true(found >= 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_transaction_is_written),
        cmocka_unit_test(a_transaction_ends_exactly_when_it_says_done),
        cmocka_unit_test(every_cell_of_the_link_is_written),
        cmocka_unit_test(only_finished_attach_steps_make_a_board_present),
        cmocka_unit_test(docs_errors_has_every_text_of_a_board),
    };
    return cmocka_run_group_tests_name("bus tables", tests, NULL, NULL);
}
