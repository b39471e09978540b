/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "bus/link.h"
#include "bus/txn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_transaction_is_written),
        cmocka_unit_test(a_transaction_ends_exactly_when_it_says_done),
        cmocka_unit_test(every_cell_of_the_link_is_written),
        cmocka_unit_test(only_finished_attach_steps_make_a_board_present),
    };
    return cmocka_run_group_tests_name("bus tables", tests, NULL, NULL);
}
