/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
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
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char top[64], path[96];
    struct lb_store store;
    struct lockbus_error why;
    uint32_t first, next;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || !os_temp_dir(f->top, sizeof f->top) ||
        chmod(f->top, 0755) != 0) {
        return -1;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/journal", f->top);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lb_dir_close(&f->store);
    os_temp_remove(f->top);
    free(f);
    return 0;
}

static void open_store(struct fixture *f)
{
    lb_dir_close(&f->store);
    assert_int_equal(lb_dir_open(&f->store, f->path, true, false, &f->why),
                     LOCKBUS_OK);
}

static void open_reader(struct fixture *f)
{
    lb_dir_close(&f->store);
    assert_int_equal(lb_dir_open(&f->store, f->path, false, true, &f->why),
                     LOCKBUS_OK);
}

static void in_dir(const struct fixture *f, char *out, size_t cap,
                   const char *name)
{
    assert_true(snprintf(out, cap, "%s/%s", f->path, name) < (int)cap);
}

static void touch(const struct fixture *f, const char *name, off_t len,
                  mode_t mode)
{
    char path[160];

    in_dir(f, path, sizeof path, name);
    int fd = open(path, O_CREAT | O_RDWR, mode);

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(ftruncate(fd, len), 0);
    assert_int_equal(close(fd), 0);
}

static mode_t mode_of(const struct fixture *f, const char *name)
{
    char path[160];
    struct stat st;

    in_dir(f, path, sizeof path, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void range(struct fixture *f, uint32_t first, uint32_t next)
{
    assert_int_equal(f->store.range(f->store.user, &f->first, &f->next),
                     LOCKBUS_OK);
    assert_int_equal(f->first, first);
    assert_int_equal(f->next, next);
}

static void new_store_is_private_and_empty(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(lb_dir_open(&f->store, f->path, false, false, &f->why),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, ENOENT);
    open_store(f);
    assert_int_equal(mode_of(f, "."), 0700);
    range(f, 0, 0);
    open_store(f);
}

static void segment_is_whole_zero_reserved_and_private(void **state)
{
    static uint8_t buf[LB_SEGMENT_LEN];
    struct fixture *f = *state;
    char path[160];
    struct stat st;

    open_store(f);
    assert_int_equal(f->store.create(f->store.user, 7), LOCKBUS_OK);
    range(f, 7, 8);
    in_dir(f, path, sizeof path, "segment-00000007");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, LB_SEGMENT_LEN);
    assert_true((uint64_t)st.st_blocks * 512 >= LB_SEGMENT_LEN);
    assert_int_equal(st.st_mode & 07777, 0600);
    memset(buf, 1, sizeof buf);
    assert_int_equal(f->store.read(f->store.user, 7, 0, buf, sizeof buf),
                     LOCKBUS_OK);
    for (size_t i = 0; i < sizeof buf; i++) {
        assert_int_equal(buf[i], 0);
    }
}

static void segment_is_never_made_twice(void **state)
{
    struct fixture *f = *state;
    uint8_t byte = 0x5A;

    open_store(f);
    assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_OK);
    assert_int_equal(f->store.write(f->store.user, 0, 9, &byte, 1), LOCKBUS_OK);
    assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_ERR_USAGE);
    byte = 0;
    assert_int_equal(f->store.read(f->store.user, 0, 9, &byte, 1), LOCKBUS_OK);
    assert_int_equal(byte, 0x5A);
}

static void only_the_lowest_of_several_segments_goes(void **state)
{
    struct fixture *f = *state;
    uint8_t byte = 0;

    open_store(f);
    for (uint32_t s = 4; s < 7; s++) {
        assert_int_equal(f->store.create(f->store.user, s), LOCKBUS_OK);
    }
    assert_int_equal(f->store.remove(f->store.user, 5), LOCKBUS_ERR_USAGE);
    assert_int_equal(f->store.remove(f->store.user, 3), LOCKBUS_ERR_USAGE);
    range(f, 4, 7);
    assert_int_equal(f->store.read(f->store.user, 4, 0, &byte, 1), LOCKBUS_OK);
    assert_int_equal(f->store.remove(f->store.user, 4), LOCKBUS_OK);
    range(f, 5, 7);
    assert_int_equal(f->store.read(f->store.user, 4, 0, &byte, 1),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->store.remove(f->store.user, 5), LOCKBUS_OK);
    assert_int_equal(f->store.remove(f->store.user, 6), LOCKBUS_ERR_USAGE);
    range(f, 6, 7);
}

static void bytes_survive_closing_and_opening(void **state)
{
    struct fixture *f = *state;
    uint8_t in[LB_BLOCK_LEN], out[LB_BLOCK_LEN];

    memset(in, 0xC3, sizeof in);
    open_store(f);
    for (uint32_t s = 0; s < 3; s++) {
        in[0] = (uint8_t)s;
        assert_int_equal(f->store.create(f->store.user, s), LOCKBUS_OK);
        assert_int_equal(f->store.write(f->store.user, s,
                                        LB_SEGMENT_LEN - LB_BLOCK_LEN, in,
                                        sizeof in),
                         LOCKBUS_OK);
        assert_int_equal(f->store.sync(f->store.user, s), LOCKBUS_OK);
    }
    open_store(f);
    range(f, 0, 3);
    for (uint32_t s = 0; s < 3; s++) {
        in[0] = (uint8_t)s;
        assert_int_equal(f->store.read(f->store.user, s,
                                       LB_SEGMENT_LEN - LB_BLOCK_LEN, out,
                                       sizeof out),
                         LOCKBUS_OK);
        assert_memory_equal(in, out, sizeof in);
    }
}

static void nothing_outside_a_segment_is_touched(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[16] = {0};

    open_store(f);
    assert_int_equal(f->store.create(f->store.user, 0), LOCKBUS_OK);
    assert_int_equal(
        f->store.write(f->store.user, 0, LB_SEGMENT_LEN - 15, buf, sizeof buf),
        LOCKBUS_ERR_USAGE);
    assert_int_equal(
        f->store.read(f->store.user, 0, UINT32_MAX, buf, sizeof buf),
        LOCKBUS_ERR_USAGE);
    assert_int_equal(
        f->store.write(f->store.user, 0, LB_SEGMENT_LEN - 16, buf, sizeof buf),
        LOCKBUS_OK);
    touch(f, "segment-00000000", LB_SEGMENT_LEN, 0600);
}

static void absent_or_short_segment_is_an_error(void **state)
{
    struct fixture *f = *state;
    uint8_t byte = 0;

    open_store(f);
    assert_int_equal(f->store.read(f->store.user, 3, 0, &byte, 1),
                     LOCKBUS_ERR_IO);
    lb_dir_last_error(&f->store, &f->why);
    assert_int_equal(f->why.sys_errno, ENOENT);
    touch(f, "segment-00000003", LB_SEGMENT_LEN - 1, 0600);
    assert_int_equal(f->store.read(f->store.user, 3, 0, &byte, 1),
                     LOCKBUS_ERR_CORRUPT);
    assert_int_equal(f->store.write(f->store.user, 3, 0, &byte, 1),
                     LOCKBUS_ERR_CORRUPT);
    assert_int_equal(f->store.sync(f->store.user, 3), LOCKBUS_ERR_CORRUPT);
    lb_dir_last_error(&f->store, &f->why);
    assert_string_equal(f->why.file, f->path);
    assert_string_equal(f->why.field, "segment-00000003");
}

static void missing_segment_between_others_is_corrupt(void **state)
{
    struct fixture *f = *state;
    char path[160];

    open_store(f);
    for (uint32_t s = 4; s < 7; s++) {
        assert_int_equal(f->store.create(f->store.user, s), LOCKBUS_OK);
    }
    in_dir(f, path, sizeof path, "segment-00000005");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(f->store.range(f->store.user, &f->first, &f->next),
                     LOCKBUS_ERR_CORRUPT);
}

static void foreign_names_are_no_segments(void **state)
{
    static const char *const names[] = {
        "segment-1",          "segment-000000001", "segment-00000001.bak",
        "segment-+0000001",   "segment- 0000001",  "segment-99999999999",
        "segment-4294967296", "new-segment",       "segment-",
        "Segment-00000001"};
    struct fixture *f = *state;

    open_store(f);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        touch(f, names[i], 0, 0600);
    }
    range(f, 0, 0);
    touch(f, "segment-100000000", LB_SEGMENT_LEN, 0600); /* nine digits are */
    range(f, 100000000, 100000001);
}

/* ---- Small files --------------------------------------------------------- */

static void small_file_is_replaced_whole(void **state)
{
    struct fixture *f = *state;
    uint8_t in[LB_STORE_FILE_MAX], out[LB_STORE_FILE_MAX];
    size_t len = 9;

    open_store(f);
    assert_int_equal(f->store.load(f->store.user, "key", out, sizeof out, &len),
                     LOCKBUS_OK);
    assert_int_equal(len, 0);
    memset(in, 1, sizeof in);
    assert_int_equal(f->store.save(f->store.user, "key", in, sizeof in),
                     LOCKBUS_OK);
    assert_int_equal(f->store.load(f->store.user, "key", out, sizeof out, &len),
                     LOCKBUS_OK);
    assert_int_equal(len, sizeof in);
    assert_memory_equal(in, out, sizeof in);
    in[0] = 2;
    assert_int_equal(f->store.save(f->store.user, "key", in, 10), LOCKBUS_OK);
    assert_int_equal(f->store.load(f->store.user, "key", out, sizeof out, &len),
                     LOCKBUS_OK);
    assert_int_equal(len, 10);
    assert_int_equal(out[0], 2);
}

/* Left by a crash, or put there by someone who wants to read the key. */
static void saved_file_is_private_whatever_was_left_there(void **state)
{
    struct fixture *f = *state;
    mode_t before = umask(0);

    open_store(f);
    touch(f, "new-key", 5, 0666);
    touch(f, "key", 5, 0666);
    assert_int_equal(
        f->store.save(f->store.user, "key", (const uint8_t *)"k", 1),
        LOCKBUS_OK);
    (void)umask(before);
    assert_int_equal(mode_of(f, "key"), 0600);
}

static void link_in_place_of_a_small_file_is_not_followed(void **state)
{
    struct fixture *f = *state;
    char path[160], other[160];
    uint8_t buf[8];
    size_t len = 0;

    open_store(f);
    in_dir(f, path, sizeof path, "key");
    in_dir(f, other, sizeof other, "elsewhere");
    touch(f, "elsewhere", 3, 0600);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(f->store.load(f->store.user, "key", buf, sizeof buf, &len),
                     LOCKBUS_ERR_IO);
    assert_int_equal(
        f->store.save(f->store.user, "key", (const uint8_t *)"k", 1),
        LOCKBUS_OK);
    assert_int_equal(f->store.load(f->store.user, "key", buf, sizeof buf, &len),
                     LOCKBUS_OK);
    assert_int_equal(len, 1);
    assert_int_equal(
        f->store.load(f->store.user, "elsewhere", buf, sizeof buf, &len),
        LOCKBUS_OK);
    assert_int_equal(len, 3);
}

static void small_file_beyond_the_buffer_is_refused(void **state)
{
    struct fixture *f = *state;
    static uint8_t buf[LB_STORE_FILE_MAX + 1];
    size_t len = 77;

    open_store(f);
    touch(f, "key", 11, 0600);
    assert_int_equal(f->store.load(f->store.user, "key", buf, 10, &len),
                     LOCKBUS_ERR_CORRUPT);
    assert_int_equal(len, 77);
    lb_dir_last_error(&f->store, &f->why);
    assert_string_equal(f->why.field, "length");
    assert_int_equal(f->store.save(f->store.user, "key", buf, sizeof buf),
                     LOCKBUS_ERR_USAGE);
}

static void names_that_leave_the_store_are_refused(void **state)
{
    static const char *const names[] = {"",
                                        ".",
                                        "..",
                                        "../x",
                                        "a/b",
                                        "/a",
                                        "lock",
                                        "segment-00000000",
                                        "A",
                                        "new-key",
                                        ".hidden",
                                        "a\nb",
                                        "a b",
                                        NULL,
                                        "abcdefghijklmnopqrstuvwxyz0123456789"};
    struct fixture *f = *state;
    uint8_t buf[4] = {0};
    size_t len = 0;

    open_store(f);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(f->store.save(f->store.user, names[i], buf, 1),
                         LOCKBUS_ERR_USAGE);
        assert_int_equal(
            f->store.load(f->store.user, names[i], buf, sizeof buf, &len),
            LOCKBUS_ERR_USAGE);
    }
}

/* ---- One writer ---------------------------------------------------------- */

static int open_again(void *arg)
{
    const struct fixture *f = arg;
    struct lb_store store = {0};
    int err = (int)lb_dir_open(&store, f->path, false, false, NULL);

    lb_dir_close(&store);
    return err;
}

static void store_has_one_writer(void **state)
{
    struct fixture *f = *state;
    struct lb_store other = {0};

    open_store(f);
    assert_int_equal(os_in_child(open_again, f, false), LOCKBUS_ERR_BUSY);
    assert_int_equal(lb_dir_open(&other, f->path, true, false, &f->why),
                     LOCKBUS_ERR_BUSY);
    assert_string_equal(f->why.file, f->path);
    char pid[32];

    (void)snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_non_null(strstr(f->why.text, pid));
    assert_null(other.user);
    lb_dir_close(&f->store);
    assert_int_equal(os_in_child(open_again, f, false), LOCKBUS_OK);
}

static void reader_needs_no_lock_and_writes_nothing(void **state)
{
    struct fixture *f = *state;
    struct lb_store writer = {0};
    uint8_t byte = 0;
    size_t len = 0;

    assert_int_equal(lb_dir_open(&writer, f->path, true, false, &f->why),
                     LOCKBUS_OK);
    assert_int_equal(writer.create(writer.user, 0), LOCKBUS_OK);
    open_reader(f);
    range(f, 0, 1);
    assert_int_equal(f->store.read(f->store.user, 0, 0, &byte, 1), LOCKBUS_OK);
    assert_int_equal(f->store.load(f->store.user, "key", &byte, 1, &len),
                     LOCKBUS_OK);
    assert_int_equal(f->store.write(f->store.user, 0, 0, &byte, 1),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(f->store.create(f->store.user, 1), LOCKBUS_ERR_USAGE);
    assert_int_equal(f->store.sync(f->store.user, 0), LOCKBUS_ERR_USAGE);
    assert_int_equal(f->store.save(f->store.user, "key", &byte, 1),
                     LOCKBUS_ERR_USAGE);
    lb_dir_close(&writer);
    struct lb_store none = {0};

    assert_int_equal(lb_dir_open(&none, f->path, true, true, &f->why),
                     LOCKBUS_ERR_USAGE);
}

static void store_that_others_may_use_is_refused(void **state)
{
    static const mode_t bad[] = {0770, 0702, 0777, 0755, 0740, 0701};
    struct fixture *f = *state;

    assert_int_equal(mkdir(f->path, 0700), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(chmod(f->path, bad[i]), 0);
        assert_int_equal(lb_dir_open(&f->store, f->path, false, false, &f->why),
                         LOCKBUS_ERR_CONFIG);
        assert_string_equal(f->why.field, "mode");
        assert_string_equal(f->why.file, f->path);
        assert_non_null(strstr(f->why.text, "chmod 700"));
        open_reader(f); /* a copy may lie anywhere */
        lb_dir_close(&f->store);
    }
    assert_int_equal(chmod(f->path, 0700), 0);
    open_store(f);
}

/* Root makes such a place; who is not root finds one. */
static void store_of_another_user_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *path = geteuid() == 0 ? f->path : "/usr";

    assert_int_equal(mkdir(f->path, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(f->path, 65534, 65534), 0);
    }
    assert_int_equal(lb_dir_open(&f->store, path, false, false, &f->why),
                     LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "owner");
    assert_string_equal(f->why.file, path);
    assert_non_null(strstr(f->why.text, "chown"));
}

static void key_that_others_may_use_is_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[8] = {0};
    char path[160];
    size_t len = 0;

    open_store(f);
    touch(f, "key", 3, 0640);
    in_dir(f, path, sizeof path, "key");
    assert_int_equal(f->store.load(f->store.user, "key", buf, sizeof buf, &len),
                     LOCKBUS_ERR_CONFIG);
    lb_dir_last_error(&f->store, &f->why);
    assert_string_equal(f->why.field, "mode");
    assert_string_equal(f->why.file, path);
    assert_non_null(strstr(f->why.text, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(f->store.load(f->store.user, "key", buf, sizeof buf, &len),
                     LOCKBUS_OK);
    assert_int_equal(len, 3);
}

static void key_that_is_no_file_is_refused_without_waiting(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[8] = {0};
    char path[160];
    size_t len = 0;

    open_store(f);
    in_dir(f, path, sizeof path, "key");
    for (int folder = 0; folder < 2; folder++) {
        assert_int_equal(folder != 0 ? mkdir(path, 0700) : mkfifo(path, 0600),
                         0);
        assert_int_equal(
            f->store.load(f->store.user, "key", buf, sizeof buf, &len),
            LOCKBUS_ERR_CONFIG);
        lb_dir_last_error(&f->store, &f->why);
        assert_string_equal(f->why.field, "type");
        assert_int_equal(remove(path), 0);
    }
}

static int open_read_only(void *arg)
{
    const struct fixture *f = arg;
    struct lb_store store = {0};
    struct lockbus_error why = {0};
    enum lockbus_err err = lb_dir_open(&store, f->path, false, false, &why);

    lb_dir_close(&store);
    return strcmp(why.file, f->path) == 0 ? why.sys_errno : (int)err;
}

/* Told when it is opened, and not when the first segment is full. */
static void store_that_cannot_be_written_in_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    char lock[160];

    open_store(f);
    lb_dir_close(&f->store);
    in_dir(f, lock, sizeof lock, "lock");
    if (geteuid() == 0) {
        assert_int_equal(chown(f->path, 65534, 65534), 0);
        assert_int_equal(chown(lock, 65534, 65534), 0);
    }
    assert_int_equal(os_in_child(open_read_only, f, true), LOCKBUS_OK);
    assert_int_equal(chmod(f->path, 0500), 0);
    assert_int_equal(os_in_child(open_read_only, f, true), EACCES);
    assert_int_equal(chmod(f->path, 0700), 0);
}

static int open_errno(void *arg)
{
    const struct fixture *f = arg;
    struct lb_store store = {0};
    struct lockbus_error why = {0};
    enum lockbus_err err = lb_dir_open(&store, f->path, true, false, &why);

    return err == LOCKBUS_ERR_IO ? why.sys_errno : -1;
}

static void places_where_no_store_can_be_keep_their_numbers(void **state)
{
    struct fixture *f = *state;
    static char deep[6000];

    if (geteuid() == 0) {
        assert_int_equal(os_in_child(open_errno, f, true), EACCES);
    }
    int fd = open(f->path, O_CREAT | O_WRONLY, 0600);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_errno(f), ENOTDIR);
    memset(deep, 'a', sizeof deep - 1);
    deep[0] = '/';
    assert_int_equal(lb_dir_open(&f->store, deep, true, false, &f->why),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, ENAMETOOLONG);
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIR_TEST(new_store_is_private_and_empty),
        DIR_TEST(segment_is_whole_zero_reserved_and_private),
        DIR_TEST(segment_is_never_made_twice),
        DIR_TEST(only_the_lowest_of_several_segments_goes),
        DIR_TEST(bytes_survive_closing_and_opening),
        DIR_TEST(nothing_outside_a_segment_is_touched),
        DIR_TEST(absent_or_short_segment_is_an_error),
        DIR_TEST(missing_segment_between_others_is_corrupt),
        DIR_TEST(foreign_names_are_no_segments),
        DIR_TEST(small_file_is_replaced_whole),
        DIR_TEST(saved_file_is_private_whatever_was_left_there),
        DIR_TEST(link_in_place_of_a_small_file_is_not_followed),
        DIR_TEST(small_file_beyond_the_buffer_is_refused),
        DIR_TEST(names_that_leave_the_store_are_refused),
        DIR_TEST(store_has_one_writer),
        DIR_TEST(reader_needs_no_lock_and_writes_nothing),
        DIR_TEST(store_that_others_may_use_is_refused),
        DIR_TEST(store_of_another_user_is_refused),
        DIR_TEST(store_that_cannot_be_written_in_is_refused_at_once),
        DIR_TEST(key_that_others_may_use_is_refused),
        DIR_TEST(key_that_is_no_file_is_refused_without_waiting),
        DIR_TEST(places_where_no_store_can_be_keep_their_numbers),
    };

    return cmocka_run_group_tests_name("dir", tests, NULL, NULL);
}
