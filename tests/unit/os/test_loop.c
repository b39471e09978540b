/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static bool readable(const struct lb_loop *loop, int timeout_ms)
{
    struct pollfd p = {.fd = loop->epoll, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

static void timer_wakes_once_and_can_be_put_off(void **state)
{
    struct lb_loop loop;

    (void)state;
    assert_int_equal(lb_loop_open(&loop), LOCKBUS_OK);
    assert_false(readable(&loop, 0));
    lb_loop_arm(&loop, 0);
    assert_true(readable(&loop, 10000));
    lb_loop_arm(&loop, UINT64_MAX);
    assert_false(readable(&loop, 0));
    lb_loop_arm(&loop, 1000);
    assert_true(readable(&loop, 10000));
    lb_loop_arm(&loop, 3600U * UINT64_C(1000000));
    assert_false(readable(&loop, 0));
    lb_loop_arm(&loop, UINT64_MAX - 1); /* half a million years */
    assert_false(readable(&loop, 0));
    lb_loop_close(&loop);
    lb_loop_close(&loop);
}

/* An hour of work, which would put the timer off by as much. */
static void what_the_owner_took_is_not_added_to_the_time(void **state)
{
    struct lb_loop loop;

    (void)state;
    assert_int_equal(lb_loop_open(&loop), LOCKBUS_OK);
    assert_int_equal(lb_loop_since(&loop), 0);
    lb_loop_begin(&loop);
    loop.begun_us -= 3600U * UINT64_C(1000000);
    assert_true(lb_loop_since(&loop) >= 3600U * UINT64_C(1000000));
    lb_loop_arm(&loop, 3600U * UINT64_C(1000000));
    assert_true(readable(&loop, 10000));
    lb_loop_arm(&loop, UINT64_MAX);
    assert_false(readable(&loop, 0));
    lb_loop_close(&loop);
}

static void a_timer_that_fires_late_is_set_a_little_sooner(void **state)
{
    struct lb_loop loop;

    (void)state;
    assert_int_equal(lb_loop_open(&loop), LOCKBUS_OK);
    for (int i = 0; i < 10000; i++) {
        loop.due_us = lb_clock_boot_us();
        lb_loop_begin(&loop);
    }
    assert_in_range(loop.early_16ths, 100 * 16, 200 * 16);
    loop.due_us = 0; /* woken by something else */
    uint32_t early = loop.early_16ths;
    lb_loop_begin(&loop);
    assert_int_equal(loop.early_16ths, early);
    lb_loop_close(&loop);
}

static void what_is_kept_stays_when_others_are_watched(void **state)
{
    struct lb_loop loop;
    int p[2], q[2];

    (void)state;
    assert_int_equal(lb_loop_open(&loop), LOCKBUS_OK);
    assert_int_equal(pipe(p), 0);
    assert_int_equal(pipe(q), 0);
    assert_int_equal(lb_loop_keep(&loop, p[0]), LOCKBUS_OK);
    assert_int_equal(lb_loop_keep(&loop, -1), LOCKBUS_ERR_IO);
    lb_loop_watch(&loop, q, 1);
    lb_loop_watch(&loop, NULL, 0);
    assert_false(readable(&loop, 0));
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_true(readable(&loop, 0));
    lb_loop_close(&loop);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(close(p[i]), 0);
        assert_int_equal(close(q[i]), 0);
    }
}

static void watched_descriptor_wakes_and_dropped_one_does_not(void **state)
{
    struct lb_loop loop;
    int p[2];

    (void)state;
    assert_int_equal(lb_loop_open(&loop), LOCKBUS_OK);
    assert_int_equal(pipe(p), 0);
    lb_loop_watch(&loop, p, 1);
    assert_false(readable(&loop, 0));
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_true(readable(&loop, 0));
    lb_loop_watch(&loop, p, 1);
    assert_true(readable(&loop, 0));
    lb_loop_watch(&loop, NULL, 0);
    assert_false(readable(&loop, 0));
    lb_loop_watch(&loop, p, 1);
    assert_true(readable(&loop, 0));
    lb_loop_close(&loop);
    assert_int_equal(close(p[0]), 0);
    assert_int_equal(close(p[1]), 0);
}

/* A port that was closed and opened again often has the same number. */
static void descriptor_reopened_under_its_number_is_watched(void **state)
{
    struct lb_loop loop;
    int p[2], q[2];

    (void)state;
    assert_int_equal(lb_loop_open(&loop), LOCKBUS_OK);
    assert_int_equal(pipe(p), 0);
    assert_int_equal(pipe(q), 0);
    lb_loop_watch(&loop, p, 1);
    assert_int_equal(dup2(q[0], p[0]), p[0]);
    lb_loop_watch(&loop, p, 1);
    assert_int_equal(write(q[1], "x", 1), 1);
    assert_true(readable(&loop, 0));
    lb_loop_close(&loop);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(close(p[i]), 0);
        assert_int_equal(close(q[i]), 0);
    }
}

static void absent_and_repeated_descriptors_do_no_harm(void **state)
{
    struct lb_loop loop;
    int p[2];

    (void)state;
    assert_int_equal(lb_loop_open(&loop), LOCKBUS_OK);
    assert_int_equal(pipe(p), 0);
    const int fds[] = {-1, p[0], p[0], -1};

    lb_loop_watch(&loop, fds, 4);
    assert_int_equal(loop.count, 1);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_true(readable(&loop, 0));
    lb_loop_watch(&loop, fds, 1);
    assert_int_equal(loop.count, 0);
    assert_false(readable(&loop, 0));
    lb_loop_close(&loop);
    assert_int_equal(close(p[0]), 0);
    assert_int_equal(close(p[1]), 0);
}

static void hang_up_of_a_watched_descriptor_wakes(void **state)
{
    struct lb_loop loop;
    int p[2];

    (void)state;
    assert_int_equal(lb_loop_open(&loop), LOCKBUS_OK);
    assert_int_equal(pipe(p), 0);
    lb_loop_watch(&loop, p, 1);
    assert_int_equal(close(p[1]), 0);
    assert_true(readable(&loop, 0));
    lb_loop_close(&loop);
    assert_int_equal(close(p[0]), 0);
}

static void clock_never_goes_back(void **state)
{
    uint64_t before = lb_clock_boot_us();

    (void)state;
    assert_true(before > 0);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = lb_clock_boot_us();

        assert_true(now >= before);
        before = now;
    }
}

static void memory_stays_usable_whether_locked_or_not(void **state)
{
    static uint8_t secret[100];
    bool locked = false;

    (void)state;
    lb_memory_lock(secret, sizeof secret, &locked);
    secret[0] = secret[99] = 0xA5;
    assert_int_equal(secret[0], secret[99]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_wakes_once_and_can_be_put_off),
        cmocka_unit_test(what_the_owner_took_is_not_added_to_the_time),
        cmocka_unit_test(a_timer_that_fires_late_is_set_a_little_sooner),
        cmocka_unit_test(what_is_kept_stays_when_others_are_watched),
        cmocka_unit_test(watched_descriptor_wakes_and_dropped_one_does_not),
        cmocka_unit_test(descriptor_reopened_under_its_number_is_watched),
        cmocka_unit_test(absent_and_repeated_descriptors_do_no_harm),
        cmocka_unit_test(hang_up_of_a_watched_descriptor_wakes),
        cmocka_unit_test(clock_never_goes_back),
        cmocka_unit_test(memory_stays_usable_whether_locked_or_not),
    };

    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
