/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* A trace never stands in the way of a door. What is in it: cli_trace. */

static struct rig *traced(uint64_t max)
{
    struct rig *rig = rig_new_closed();
    static char path[128];

    (void)snprintf(path, sizeof path, "%s", rig_path(rig, "bus.pcapng"));
    rig->trace = path;
    rig->trace_max = max;
    return rig;
}

static void a_trace_that_is_full_is_told_once_and_doors_go_on(void **state)
{
    struct rig *rig = traced(4096);
    struct parcel parcel;
    struct stat st;

    (void)state;
    rig_open(rig);
    rig_run(rig, 2000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_TRACE_ENDED, 0xFFFF), 1);
    rig->shut_after_us = 2500000;
    rig_deposit(rig, &parcel, 3, false);
    assert_int_equal(rig_custody(rig, 3), LOCKBUS_CUSTODY_OCCUPIED);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_TRACE_ENDED, 0xFFFF), 1);
    assert_int_equal(stat(rig->trace, &st), 0);
    assert_in_range(st.st_size, 2048, 4096);
    rig_free(rig);
}

static void a_trace_that_exists_keeps_the_cabinet_closed(void **state)
{
    struct rig *rig = traced(0);
    struct lockbus_error why;

    (void)state;
    rig_open(rig);
    rig_close(rig);
    assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "file");
    assert_string_equal(why.file, rig->trace);
    rig->trace = NULL;
    rig_open(rig);
    rig_free(rig);
}

/* Closing switches the outputs off: those frames are in it too. */
static void the_last_frames_before_the_end_are_in_it(void **state)
{
    struct rig *rig = traced(0);
    struct stat before, after;

    (void)state;
    rig_open(rig);
    assert_int_equal(stat(rig->trace, &before), 0);
    rig_close(rig);
    assert_int_equal(stat(rig->trace, &after), 0);
    /* eight outputs a board, a request and a reply each */
    assert_true(after.st_size - before.st_size >= RIG_BOARDS * 8 * 2 * 80);
    rig->trace = NULL;
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_that_is_full_is_told_once_and_doors_go_on),
        cmocka_unit_test(a_trace_that_exists_keeps_the_cabinet_closed),
        cmocka_unit_test(the_last_frames_before_the_end_are_in_it),
    };

    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
