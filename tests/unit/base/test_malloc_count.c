/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The measure that other tests rely on when they say that nothing is
 * allocated: it must see our own calls and those of other libraries.
 */

#include "malloc_count.h"

#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Keeps the compiler from leaving out an allocation that nobody reads. */
static void *volatile kept;

static void nothing_is_counted_when_nothing_is_allocated(void **state)
{
    (void)state;
    malloc_count_start();
    struct malloc_count now = malloc_count_now();

    assert_int_equal(now.calls, 0);
    assert_int_equal(now.bytes, 0);
}

static void our_own_calls_are_counted(void **state)
{
    (void)state;
    malloc_count_start();
    kept = malloc(100);
    struct malloc_count held = malloc_count_now();

    free(kept);
    struct malloc_count after = malloc_count_now();

    assert_int_equal(held.calls, 1);
    assert_int_equal(held.bytes, 100);
    assert_in_range(held.live, 100, 200);
    assert_int_equal(after.frees, 1);
    assert_int_equal(after.live, 0);
}

static void calloc_and_realloc_are_counted(void **state)
{
    (void)state;
    malloc_count_start();
    kept = calloc(10, 10);
    void *p = kept;
    void *more = realloc(p, 5000);

    assert_non_null(more);
    kept = more;
    struct malloc_count held = malloc_count_now();

    free(kept);
    assert_int_equal(held.calls, 2);
    assert_int_equal(held.bytes, 5100);
    assert_in_range(held.live, 5000, 5300);
    assert_int_equal(malloc_count_now().live, 0);
}

/* Argon2id's working memory is asked for inside libsodium. */
static void other_libraries_are_counted(void **state)
{
    (void)state;
    uint8_t seal[LB_SEAL_LEN];
    const uint8_t seed[LB_SEED_LEN] = {1};
    const uint8_t ad[LB_SEAL_AD_LEN] = {2};

    assert_true(lb_crypto_init());
    malloc_count_start();
    assert_int_equal(lb_crypto_seal(seal, seed, ad, "12345678", 8, 1, 64),
                     LOCKBUS_OK);
    assert_true(malloc_count_now().calls > 0);
    assert_int_equal(malloc_count_now().live, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_counted_when_nothing_is_allocated),
        cmocka_unit_test(our_own_calls_are_counted),
        cmocka_unit_test(calloc_and_realloc_are_counted),
        cmocka_unit_test(other_libraries_are_counted),
    };

    return cmocka_run_group_tests_name("malloc_count", tests, NULL, NULL);
}
