/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A cabinet at rest looks at its doors only when there is something to see.
 * Here its line is unplugged, so that no round of the bus wakes it by chance.
 */

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MINUTE = 60000, HOUR = 3600000 };

static int set_up(void **state)
{
    struct rig *rig = rig_new();

    *state = rig;
    rig->unplugged = true;
    rig_run(rig, 2 * MINUTE);
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static uint64_t blocks(const struct rig *rig)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    assert_int_equal(info.boards_present, 0);
    return info.journal_blocks;
}

static void a_refusal_is_on_record_at_once(void **state)
{
    struct rig *rig = *state;
    uint8_t zeros[LOCKBUS_MANIFEST_MAX] = {0};
    struct lockbus_error why;
    uint32_t ticket;
    uint64_t before = blocks(rig);

    rig_run(rig, MINUTE);
    assert_int_equal(blocks(rig), before);
    assert_int_equal(
        lockbus_manifest(rig->cab, zeros, sizeof zeros, &ticket, &why),
        LOCKBUS_ERR_DENIED);
    rig_run(rig, 3000);
    assert_int_equal(blocks(rig), before + 1);
}

static void a_manifest_is_done(void **state)
{
    struct rig *rig = *state;
    uint8_t manifest[LOCKBUS_MANIFEST_MAX];
    size_t len;
    struct lockbus_error why;
    uint32_t ticket;

    rig->world.manifest_no++;
    assert_true(world_manifest(&rig->world, manifest, &len, &why));
    assert_int_equal(lockbus_manifest(rig->cab, manifest, len, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
}

static void the_hourly_block_is_written(void **state)
{
    struct rig *rig = *state;
    uint64_t before = blocks(rig);

    rig_run(rig, HOUR - 5 * MINUTE);
    assert_int_equal(blocks(rig), before);
    rig_run(rig, 6 * MINUTE);
    assert_int_equal(blocks(rig), before + 1);
}

static void a_line_that_comes_back_is_seen(void **state)
{
    struct rig *rig = *state;
    struct lockbus_cabinet_info info = {.size = sizeof info};

    rig->unplugged = false;
    rig_run(rig, 12000);
    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    assert_int_equal(info.boards_present, RIG_BOARDS);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_BACK, 0xFFFF),
                     2 * RIG_BOARDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refusal_is_on_record_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_manifest_is_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_hourly_block_is_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_comes_back_is_seen, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests_name("a cabinet at rest", tests, NULL, NULL);
}
