/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"
#include "os/pcapng.h"
#include "os_pty.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

/* What Wireshark makes of the file is for tests/cli/test_trace.py to ask. */

struct fixture {
    char dir[64], path[128];
    struct lb_pcapng *file;
    struct lockbus_error why;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || !os_temp_dir(f->dir, sizeof f->dir)) {
        return -1;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/t.pcapng", f->dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lb_pcapng_close(&f->file);
    os_temp_remove(f->dir);
    free(f);
    return 0;
}

static void start(struct fixture *f, uint64_t max)
{
    assert_int_equal(lb_pcapng_open(&f->file, f->path, max, &f->why),
                     LOCKBUS_OK);
    lb_pcapng_line(f->file, "main", 115200);
}

static void put(struct fixture *f)
{
    static const uint8_t bytes[] = {1, 2, 0, 0, 0, 8, 0x79, 0xCC};
    const struct lb_pcapng_frame frame = {.bytes = bytes,
                                          .len = sizeof bytes,
                                          .kind = LB_PCAPNG_REQUEST,
                                          .way = LB_PCAPNG_OUT};

    lb_pcapng_put(f->file, &frame);
}

/* Walks the file by the blocks' lengths; how many packets there are. Fails
 * where one is cut. */
static unsigned packets(const struct fixture *f)
{
    static uint8_t bytes[65536];
    struct lockbus_error why;
    size_t len = 0, at = 0;
    unsigned count = 0;

    assert_int_equal(
        lb_file_read(f->path, bytes, sizeof bytes, &len, LB_FILE_ANY, &why),
        LOCKBUS_OK);
    while (at < len) {
        uint32_t type, size, again;

        assert_true(len - at >= 12);
        memcpy(&type, bytes + at, 4);
        memcpy(&size, bytes + at + 4, 4);
        assert_int_equal(size % 4, 0);
        assert_in_range(size, 12, len - at);
        memcpy(&again, bytes + at + size - 4, 4);
        assert_int_equal(size, again);
        count += type == 6;
        at += size;
    }
    return count;
}

static void a_trace_that_exists_is_not_overwritten(void **state)
{
    struct fixture *f = *state;

    start(f, 0);
    put(f);
    lb_pcapng_close(&f->file);
    assert_int_equal(lb_pcapng_open(&f->file, f->path, 0, &f->why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(f->why.field, "file");
    assert_string_equal(f->why.file, f->path);
    assert_null(f->file);
    assert_int_equal(packets(f), 1);
}

static void a_folder_that_is_missing_is_an_error_with_its_number(void **state)
{
    struct fixture *f = *state;

    (void)strcat(f->path, "/x");
    assert_int_equal(lb_pcapng_open(&f->file, f->path, 0, &f->why),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, ENOENT);
    assert_null(f->file);
}

static void each_frame_is_in_the_file_at_once(void **state)
{
    struct fixture *f = *state;

    start(f, 0);
    for (unsigned i = 1; i <= 3; i++) {
        put(f);
        assert_int_equal(packets(f), i);
    }
    assert_false(lb_pcapng_ended(f->file, &f->why));
}

static void it_ends_whole_at_its_limit_and_says_so_once(void **state)
{
    struct fixture *f = *state;

    start(f, 500);
    for (unsigned i = 0; i < 10; i++) {
        put(f);
    }
    assert_in_range(packets(f), 1, 4);
    assert_true(lb_file_len(f->path) <= 500);
    assert_true(lb_pcapng_ended(f->file, &f->why));
    assert_int_equal(f->why.err, LOCKBUS_ERR_IO);
    assert_string_equal(f->why.file, f->path);
    assert_false(lb_pcapng_ended(f->file, &f->why));
}

/* A limit of the system stands for the disk: the write that meets it is cut
 * in the middle of a block, as on a disk that fills up. */
static void a_full_disk_ends_it_whole_and_says_so_once(void **state)
{
    struct fixture *f = *state;
    struct rlimit before, low;

    start(f, 0);
    put(f);
    size_t len = lb_file_len(f->path);

    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = len + 50;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    put(f);
    put(f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    put(f); /* there is room again, but frames between are missing */
    assert_int_equal(packets(f), 1);
    assert_int_equal(lb_file_len(f->path), len);
    assert_true(lb_pcapng_ended(f->file, &f->why));
    assert_int_equal(f->why.err, LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, EFBIG);
    assert_false(lb_pcapng_ended(f->file, &f->why));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_trace_that_exists_is_not_overwritten),
        TEST(a_folder_that_is_missing_is_an_error_with_its_number),
        TEST(each_frame_is_in_the_file_at_once),
        TEST(it_ends_whole_at_its_limit_and_says_so_once),
        TEST(a_full_disk_ends_it_whole_and_says_so_once),
    };

    return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
