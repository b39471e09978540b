/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _DEFAULT_SOURCE /* syscall() */
#include "os/os.h"
#include "os_pty.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * This program's own versions of the calls that make things durable stand
 * before the C library's: they write down the order in which they come and
 * fail at a chosen one. The disk below is real.
 */

enum { STEPS = 4096, NEVER = -1 };

static struct {
    char order[STEPS]; /* f: file, d: directory, D: data, w, a, r */
    int count, fail_at, number;
} calls;

static void watch_calls(int fail_at, int number)
{
    memset(&calls, 0, sizeof calls);
    calls.fail_at = fail_at;
    calls.number = number;
}

static bool fails(char what)
{
    assert_true(calls.count < STEPS - 1);
    calls.order[calls.count] = what;
    if (calls.count++ != calls.fail_at) {
        return false;
    }
    errno = calls.number;
    return true;
}

#define SHOWN __attribute__((visibility("default")))

SHOWN int fsync(int fd)
{
    struct stat st;
    bool dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

    return fails(dir ? 'd' : 'f') ? -1 : (int)syscall(SYS_fsync, fd);
}

SHOWN int fdatasync(int fd)
{
    return fails('D') ? -1 : (int)syscall(SYS_fdatasync, fd);
}

SHOWN ssize_t pwrite(int fd, const void *buf, size_t len, off_t at)
{
    return fails('w') ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, buf, len, at);
}

SHOWN int posix_fallocate(int fd, off_t at, off_t len)
{
    if (fails('a')) {
        return calls.number;
    }
    return syscall(SYS_fallocate, fd, 0, at, len) == 0 ? 0 : errno;
}

SHOWN int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return fails('r')
               ? -1
               : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

struct fixture {
    char top[64], path[96];
    struct lb_store store;
    struct lockbus_error why;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    watch_calls(NEVER, 0);
    if (f == NULL || !os_temp_dir(f->top, sizeof f->top)) {
        return -1;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/journal", f->top);
    *state = f;
    return lb_dir_open(&f->store, f->path, true, false, &f->why) == LOCKBUS_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lb_dir_close(&f->store);
    os_temp_remove(f->top);
    free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    lb_dir_close(&f->store);
    assert_int_equal(lb_dir_open(&f->store, f->path, true, false, &f->why),
                     LOCKBUS_OK);
}

static void new_store_is_durable_in_its_folder(void **state)
{
    struct fixture *f = *state;

    watch_calls(NEVER, 0);
    reopen(f);
    assert_string_equal(calls.order, "d");
    watch_calls(0, EIO);
    lb_dir_close(&f->store);
    assert_int_equal(lb_dir_open(&f->store, f->path, true, false, &f->why),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, EIO);
}

static void
saved_file_is_durable_before_its_name_and_then_the_name(void **state)
{
    struct fixture *f = *state;

    watch_calls(NEVER, 0);
    assert_int_equal(
        f->store.save(f->store.user, "key", (const uint8_t *)"k", 1),
        LOCKBUS_OK);
    assert_string_equal(calls.order, "wfrd");
}

static void segment_is_reserved_filled_durable_and_named(void **state)
{
    struct fixture *f = *state;
    char expected[STEPS] = "a";

    memset(expected + 1, 'w', LB_SEGMENT_BLOCKS);
    memcpy(expected + 1 + LB_SEGMENT_BLOCKS, "frd", 4);
    watch_calls(NEVER, 0);
    assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_OK);
    assert_string_equal(calls.order, expected);
}

static void sync_is_of_the_data_and_only_then(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_OK);
    watch_calls(NEVER, 0);
    assert_int_equal(
        f->store.write(f->store.user, 0, 0, (const uint8_t *)"x", 1),
        LOCKBUS_OK);
    assert_string_equal(calls.order, "w");
    assert_int_equal(f->store.sync(f->store.user, 0), LOCKBUS_OK);
    assert_string_equal(calls.order, "wD");
}

static void written_file_is_durable_with_its_name(void **state)
{
    struct fixture *f = *state;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/a", f->top);
    watch_calls(NEVER, 0);
    assert_int_equal(
        lb_file_write(path, (const uint8_t *)"x", 1, 0600, &f->why),
        LOCKBUS_OK);
    assert_string_equal(calls.order, "fd");
    assert_int_equal(unlink(path), 0);
    for (int step = 0; step < 2; step++) {
        watch_calls(step, ENOSPC);
        assert_int_equal(
            lb_file_write(path, (const uint8_t *)"x", 1, 0600, &f->why),
            LOCKBUS_ERR_IO);
        assert_int_equal(f->why.sys_errno, ENOSPC);
        assert_int_equal(access(path, F_OK), -1);
    }
}

/* Every call of a save fails once: the old file or the new one, whole. */
static void failed_save_leaves_the_old_file_or_the_new(void **state)
{
    struct fixture *f = *state;
    bool failed = true;

    assert_int_equal(
        f->store.save(f->store.user, "key", (const uint8_t *)"old", 3),
        LOCKBUS_OK);
    for (int step = 0; failed; step++) {
        uint8_t buf[8];
        size_t len = 0;

        watch_calls(step, ENOSPC);
        enum lockbus_err err =
            f->store.save(f->store.user, "key", (const uint8_t *)"new", 3);

        failed = calls.count > step;
        assert_int_equal(err, failed ? LOCKBUS_ERR_IO : LOCKBUS_OK);
        lb_dir_last_error(&f->store, &f->why);
        assert_int_equal(f->why.sys_errno, failed ? ENOSPC : 0);
        watch_calls(NEVER, 0);
        reopen(f);
        assert_int_equal(
            f->store.load(f->store.user, "key", buf, sizeof buf, &len),
            LOCKBUS_OK);
        assert_int_equal(len, 3);
        assert_true(memcmp(buf, "old", 3) == 0 ? failed && step < 3
                                               : memcmp(buf, "new", 3) == 0);
    }
}

/* A full disk is noticed when a segment is made, and no half of one stays. */
static void failed_segment_does_not_exist(void **state)
{
    static const int steps[] = {0, 1, 500, 1024, 1025, 1026};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        uint32_t first = 9, next = 9;

        watch_calls(steps[i], ENOSPC);
        assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_ERR_IO);
        lb_dir_last_error(&f->store, &f->why);
        assert_int_equal(f->why.sys_errno, ENOSPC);
        watch_calls(NEVER, 0);
        reopen(f);
        assert_int_equal(f->store.range(f->store.user, &first, &next),
                         LOCKBUS_OK);
        assert_int_equal(next, 0);
    }
    assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_OK);
}

/* The kernel reports lost pages once; a later success would be a lie. */
static void nothing_is_written_after_a_failed_sync(void **state)
{
    struct fixture *f = *state;
    const uint8_t byte = 1;
    uint8_t buf[1];

    assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_OK);
    watch_calls(1, EIO);
    assert_int_equal(f->store.write(f->store.user, 0, 0, &byte, 1), LOCKBUS_OK);
    assert_int_equal(f->store.sync(f->store.user, 0), LOCKBUS_ERR_IO);
    watch_calls(NEVER, 0);
    assert_int_equal(f->store.sync(f->store.user, 0), LOCKBUS_ERR_IO);
    assert_int_equal(f->store.write(f->store.user, 0, 0, &byte, 1),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->store.create(f->store.user, 1), LOCKBUS_ERR_IO);
    assert_int_equal(f->store.save(f->store.user, "key", &byte, 1),
                     LOCKBUS_ERR_IO);
    assert_string_equal(calls.order, "");
    assert_int_equal(f->store.read(f->store.user, 0, 0, buf, 1), LOCKBUS_OK);
    reopen(f);
    assert_int_equal(f->store.sync(f->store.user, 0), LOCKBUS_OK);
}

static void unwritten_block_is_an_error(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_OK);
    watch_calls(0, EROFS);
    assert_int_equal(
        f->store.write(f->store.user, 0, 0, (const uint8_t *)"x", 1),
        LOCKBUS_ERR_IO);
    lb_dir_last_error(&f->store, &f->why);
    assert_int_equal(f->why.sys_errno, EROFS);
}

#define DURABLE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DURABLE_TEST(new_store_is_durable_in_its_folder),
        DURABLE_TEST(saved_file_is_durable_before_its_name_and_then_the_name),
        DURABLE_TEST(segment_is_reserved_filled_durable_and_named),
        DURABLE_TEST(sync_is_of_the_data_and_only_then),
        DURABLE_TEST(written_file_is_durable_with_its_name),
        DURABLE_TEST(failed_save_leaves_the_old_file_or_the_new),
        DURABLE_TEST(failed_segment_does_not_exist),
        DURABLE_TEST(nothing_is_written_after_a_failed_sync),
        DURABLE_TEST(unwritten_block_is_an_error),
    };

    return cmocka_run_group_tests_name("durable", tests, NULL, NULL);
}
