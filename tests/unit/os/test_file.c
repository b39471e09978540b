/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"
#include "os/private.h"
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
    char dir[64], path[128];
    struct lockbus_error why;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || !os_temp_dir(f->dir, sizeof f->dir)) {
        return -1;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/a", f->dir);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    os_temp_remove(f->dir);
    free(f);
    return 0;
}

static void put(const struct fixture *f, const char *text, mode_t mode)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(f->path, mode), 0);
}

static void written_file_is_read_back(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[8];
    size_t len = 0;
    struct stat st;

    assert_int_equal(
        lb_file_write(f->path, (const uint8_t *)"1234567", 7, 0600, &f->why),
        LOCKBUS_OK);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_PRIVATE, &f->why),
        LOCKBUS_OK);
    assert_int_equal(len, 7);
    assert_memory_equal(buf, "1234567", 7);
}

static void mode_is_exact_whatever_the_umask(void **state)
{
    struct fixture *f = *state;
    mode_t before = umask(077);
    struct stat st;

    assert_int_equal(
        lb_file_write(f->path, (const uint8_t *)"x", 1, 0444, &f->why),
        LOCKBUS_OK);
    (void)umask(before);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
}

static void existing_file_is_never_written_over(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[8];
    size_t len = 0;

    put(f, "old", 0600);
    assert_int_equal(
        lb_file_write(f->path, (const uint8_t *)"new", 3, 0600, &f->why),
        LOCKBUS_ERR_USAGE);
    assert_string_equal(f->why.file, f->path);
    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_ANY, NULL),
        LOCKBUS_OK);
    assert_memory_equal(buf, "old", 3);
}

static void dangling_link_is_not_followed_when_writing(void **state)
{
    struct fixture *f = *state;
    char target[128];

    (void)snprintf(target, sizeof target, "%s/b", f->dir);
    assert_int_equal(symlink(target, f->path), 0);
    assert_int_equal(
        lb_file_write(f->path, (const uint8_t *)"new", 3, 0600, &f->why),
        LOCKBUS_ERR_USAGE);
    assert_int_equal(access(target, F_OK), -1);
}

static void file_that_fits_exactly_is_read_and_one_more_is_not(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[4] = {0};
    size_t len = 99;

    put(f, "1234", 0600);
    assert_int_equal(lb_file_read(f->path, buf, 3, &len, LB_FILE_ANY, &f->why),
                     LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "length");
    assert_int_equal(len, 99);
    assert_int_equal(lb_file_read(f->path, buf, 4, &len, LB_FILE_ANY, &f->why),
                     LOCKBUS_OK);
    assert_int_equal(len, 4);
}

static void key_that_others_may_use_is_refused(void **state)
{
    static const mode_t bad[] = {0640, 0620, 0610, 0604, 0602, 0601, 0644};
    struct fixture *f = *state;
    uint8_t buf[4];
    size_t len = 0;

    put(f, "key", 0600);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(chmod(f->path, bad[i]), 0);
        assert_int_equal(lb_file_read(f->path, buf, sizeof buf, &len,
                                      LB_FILE_PRIVATE, &f->why),
                         LOCKBUS_ERR_CONFIG);
        assert_string_equal(f->why.field, "mode");
        assert_int_equal(
            lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_ANY, &f->why),
            LOCKBUS_OK);
    }
    assert_int_equal(chmod(f->path, 0400), 0);
    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_PRIVATE, &f->why),
        LOCKBUS_OK);
}

/* Root makes such a file; who is not root finds one. */
static void key_of_another_user_is_refused(void **state)
{
    struct fixture *f = *state;
    const char *path = geteuid() == 0 ? f->path : "/etc/passwd";
    uint8_t buf[8192];
    size_t len = 0;

    put(f, "key", 0600);
    if (geteuid() == 0) {
        assert_int_equal(chown(f->path, 65534, 65534), 0);
    }
    assert_int_equal(
        lb_file_read(path, buf, sizeof buf, &len, LB_FILE_PRIVATE, &f->why),
        LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "owner");
    assert_string_equal(f->why.file, path);
    assert_non_null(strstr(f->why.text, "chown"));
    assert_int_equal(
        lb_file_read(path, buf, sizeof buf, &len, LB_FILE_ANY, &f->why),
        LOCKBUS_OK);
}

static void what_everybody_may_write_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[4];
    size_t len = 0;

    put(f, "ini", 0666);
    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_TRUSTED, &f->why),
        LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "mode");
    assert_non_null(strstr(f->why.text, "chmod o-w"));
    assert_int_equal(chmod(f->path, 0664), 0);
    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_TRUSTED, &f->why),
        LOCKBUS_OK);
}

static void a_file_of_neither_root_nor_us_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    struct stat st = {.st_mode = S_IFREG | 0644, .st_uid = geteuid() + 1};

    assert_int_equal(lb_file_trusted(&st, f->path, &f->why),
                     LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "owner");
    assert_string_equal(f->why.file, f->path);
    assert_non_null(strstr(f->why.text, "chown"));
    st.st_uid = 0;
    assert_int_equal(lb_file_trusted(&st, f->path, &f->why), LOCKBUS_OK);
    st.st_uid = geteuid();
    assert_int_equal(lb_file_trusted(&st, f->path, &f->why), LOCKBUS_OK);
}

/* As /tmp is: in a folder with the sticky bit only its owner may exchange a
 * file. A link in an open folder leads wherever somebody wants. */
static void what_everybody_may_exchange_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    char open_dir[128], link[160];
    uint8_t buf[4];
    size_t len = 0;

    put(f, "ini", 0644);
    assert_int_equal(chmod(f->dir, 0777), 0);
    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_TRUSTED, &f->why),
        LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "mode");
    assert_string_equal(f->why.file, f->dir);
    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_ANY, &f->why),
        LOCKBUS_OK);
    assert_int_equal(chmod(f->dir, 01777), 0);
    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_TRUSTED, &f->why),
        LOCKBUS_OK);

    assert_int_equal(chmod(f->dir, 0700), 0);
    (void)snprintf(open_dir, sizeof open_dir, "%s/open", f->dir);
    (void)snprintf(link, sizeof link, "%s/link", open_dir);
    assert_int_equal(mkdir(open_dir, 0700), 0);
    assert_int_equal(symlink(f->path, link), 0);
    assert_int_equal(
        lb_file_read(link, buf, sizeof buf, &len, LB_FILE_TRUSTED, &f->why),
        LOCKBUS_OK);
    assert_int_equal(chmod(open_dir, 0777), 0);
    assert_int_equal(
        lb_file_read(link, buf, sizeof buf, &len, LB_FILE_TRUSTED, &f->why),
        LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.file, open_dir);
}

/* A link is only another name; what it leads to is judged. */
static void link_to_a_file_is_followed_and_the_file_judged(void **state)
{
    struct fixture *f = *state;
    char link[128];
    uint8_t buf[4];
    size_t len = 0;

    (void)snprintf(link, sizeof link, "%s/link", f->dir);
    put(f, "key", 0600);
    assert_int_equal(symlink(f->path, link), 0);
    assert_int_equal(
        lb_file_read(link, buf, sizeof buf, &len, LB_FILE_PRIVATE, &f->why),
        LOCKBUS_OK);
    assert_int_equal(chmod(f->path, 0644), 0);
    assert_int_equal(
        lb_file_read(link, buf, sizeof buf, &len, LB_FILE_PRIVATE, &f->why),
        LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "mode");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink(link, link), 0);
    assert_int_equal(
        lb_file_read(link, buf, sizeof buf, &len, LB_FILE_ANY, &f->why),
        LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, ELOOP);
}

static void only_regular_files_are_read(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[4];
    size_t len = 0;

    assert_int_equal(mkfifo(f->path, 0600), 0); /* and it does not wait */
    const char *paths[] = {f->path, f->dir, "/dev/null", "/dev/zero"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_int_equal(
            lb_file_read(paths[i], buf, sizeof buf, &len, LB_FILE_ANY, &f->why),
            LOCKBUS_ERR_CONFIG);
        assert_string_equal(f->why.field, "type");
    }
}

/* It says that it is regular and of length 0, and gives more and more. */
static void file_without_an_end_is_not_read_on(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[4];
    size_t len = 99;

    assert_int_equal(lb_file_read("/proc/self/maps", buf, sizeof buf, &len,
                                  LB_FILE_ANY, &f->why),
                     LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "length");
    assert_int_equal(len, 99);
}

static int read_it(void *arg)
{
    const struct fixture *f = arg;
    struct lockbus_error why = {0};
    uint8_t buf[4];
    size_t len = 0;
    enum lockbus_err err =
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_ANY, &why);

    return err == LOCKBUS_ERR_IO ? why.sys_errno : -1;
}

static void system_errors_keep_their_numbers(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[4];
    size_t len = 0;
    char lost[128];

    assert_int_equal(
        lb_file_read(f->path, buf, sizeof buf, &len, LB_FILE_ANY, &f->why),
        LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, ENOENT);
    assert_string_equal(f->why.file, f->path);
    (void)snprintf(lost, sizeof lost, "%s/no/where", f->dir);
    assert_int_equal(lb_file_write(lost, buf, 1, 0600, &f->why),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, ENOENT);
    if (geteuid() == 0) {
        assert_int_equal(os_in_child(read_it, f, true), EACCES);
    }
}

static void path_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    static char path[10000];

    memset(path, 'a', sizeof path - 1);
    for (size_t i = 0; i < sizeof path - 1; i += 100) {
        path[i] = '/';
    }
    assert_int_equal(
        lb_file_write(path, (const uint8_t *)"x", 1, 0600, &f->why),
        LOCKBUS_ERR_IO);
    assert_int_equal(f->why.sys_errno, ENAMETOOLONG);
}

static void name_without_a_folder_is_of_this_folder(void **state)
{
    struct fixture *f = *state;
    char before[256];

    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(f->dir), 0);
    assert_int_equal(lb_file_write("a", (const uint8_t *)"x", 1, 0600, &f->why),
                     LOCKBUS_OK);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(access(f->path, F_OK), 0);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(written_file_is_read_back),
        FILE_TEST(mode_is_exact_whatever_the_umask),
        FILE_TEST(existing_file_is_never_written_over),
        FILE_TEST(dangling_link_is_not_followed_when_writing),
        FILE_TEST(file_that_fits_exactly_is_read_and_one_more_is_not),
        FILE_TEST(key_that_others_may_use_is_refused),
        FILE_TEST(key_of_another_user_is_refused),
        FILE_TEST(what_everybody_may_write_is_not_trusted),
        FILE_TEST(a_file_of_neither_root_nor_us_is_not_trusted),
        FILE_TEST(what_everybody_may_exchange_is_not_trusted),
        FILE_TEST(link_to_a_file_is_followed_and_the_file_judged),
        FILE_TEST(only_regular_files_are_read),
        FILE_TEST(file_without_an_end_is_not_read_on),
        FILE_TEST(system_errors_keep_their_numbers),
        FILE_TEST(path_too_long_is_refused),
        FILE_TEST(name_without_a_folder_is_of_this_folder),
    };

    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
