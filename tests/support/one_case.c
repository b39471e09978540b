/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * LOCKBUS_TEST_CASE=NAME runs one case of any test, with cmocka's wildcards *
 * and ?: a plant is caught by one of many. It is an object of every test,
 * since nothing calls it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void run_one_case(void)
{
    cmocka_set_test_filter(getenv("LOCKBUS_TEST_CASE"));
}
