/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * All memory is allocated by open: nothing after it, whatever happens, but
 * Argon2id's working memory while a code is checked.
 */

#include "malloc_count.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { A07 = 6 };

static void nothing_is_allocated_after_open(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_error why;
    struct parcel parcel;
    uint8_t manifest[LOCKBUS_MANIFEST_MAX], zeros[LOCKBUS_PROOF_LEN] = {0};
    size_t len = 0;
    uint32_t ticket;

    assert_true(world_parcel(&rig->world, &parcel, A07, false, &why));
    rig->world.manifest_no++;
    assert_true(world_manifest(&rig->world, manifest, &len, &why));
    rig->shut_after_us = 3000000;

    malloc_count_start();
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, parcel.package, parcel.package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 5000);
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(lockbus_manifest(rig->cab, manifest, len, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(lockbus_open_with_proof(rig->cab, zeros, sizeof zeros,
                                                 &ticket, &why),
                         LOCKBUS_ERR_DENIED);
    }
    rig->board[2].powered = false;
    rig_run(rig, 5000);
    rig->board[2].powered = true;
    rig_run(rig, 130000);
    struct malloc_count count = malloc_count_now();

    assert_int_equal(count.calls, 0);
    assert_int_equal(count.frees, 0);
    rig_free(rig);
    (void)state;
}

static void a_code_takes_argon2ids_memory_and_gives_it_back(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, true);
    malloc_count_start();
    assert_int_equal(
        lockbus_release_with_code(rig->cab, parcel.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    struct malloc_count count = malloc_count_now();

    assert_true(count.calls > 0);
    assert_int_equal(count.calls, count.frees);
    rig_free(rig);
    (void)state;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_allocated_after_open),
        cmocka_unit_test(a_code_takes_argon2ids_memory_and_gives_it_back),
    };

    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
