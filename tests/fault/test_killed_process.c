/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _DEFAULT_SOURCE /* syscall(), MAP_ANONYMOUS */

/*
 * A real process on real files, ended by SIGKILL before and after each system
 * call that changes something in the journal's folder.
 *
 * This program's own versions of those calls stand before the C library's and
 * count. The child that dies runs the whole library; its boards and the pulses
 * they saw are in memory that it shares with this process, which outlives it
 * and starts on the same folder.
 */

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { A07 = 6, BAUD = 9600, PERMIT_LIFE_MS = 25000, MIB = 1048576 };

/* ---- Counting ----------------------------------------------------------- */

static struct {
    bool armed;
    unsigned calls, kill_at;
} count;

static void kill_point(void)
{
    if (count.armed && ++count.calls == count.kill_at) {
        (void)raise(SIGKILL);
    }
}

#define SHOWN __attribute__((visibility("default")))

SHOWN int fsync(int fd)
{
    kill_point();
    int result = (int)syscall(SYS_fsync, fd);

    kill_point();
    return result;
}

SHOWN int fdatasync(int fd)
{
    kill_point();
    int result = (int)syscall(SYS_fdatasync, fd);

    kill_point();
    return result;
}

/* Of the zeros of a new segment one block in 256 is enough. */
SHOWN ssize_t pwrite(int fd, const void *buf, size_t len, off_t at)
{
    const uint8_t *bytes = buf;
    bool zeros = len > 1 && bytes[0] == 0 && bytes[len - 1] == 0;
    bool counts = !zeros || at % MIB == 0;

    if (counts) {
        kill_point();
    }
    ssize_t result = (ssize_t)syscall(SYS_pwrite64, fd, buf, len, at);

    if (counts) {
        kill_point();
    }
    return result;
}

SHOWN int posix_fallocate(int fd, off_t at, off_t len)
{
    kill_point();
    int number = syscall(SYS_fallocate, fd, 0, at, len) == 0 ? 0 : errno;

    kill_point();
    return number;
}

SHOWN int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    kill_point();
    int result = (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);

    kill_point();
    return result;
}

SHOWN int unlinkat(int dir, const char *name, int flags)
{
    kill_point();
    int result = (int)syscall(SYS_unlinkat, dir, name, flags);

    kill_point();
    return result;
}

SHOWN int openat(int dir, const char *name, int flags, ...)
{
    va_list args;
    mode_t mode = 0;

    if ((flags & O_CREAT) != 0) {
        va_start(args, flags);
        mode = (mode_t)va_arg(args, int);
        va_end(args);
        kill_point();
    }
    int fd = (int)syscall(SYS_openat, dir, name, flags, mode);

    if ((flags & O_CREAT) != 0) {
        kill_point();
    }
    return fd;
}

/* ---- Folders ------------------------------------------------------------ */

static void copy_file(const char *from, const char *to)
{
    static uint8_t buf[MIB];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t got;

    assert_true(in >= 0 && out >= 0);
    while ((got = read(in, buf, sizeof buf)) > 0) {
        assert_int_equal(write(out, buf, (size_t)got), got);
    }
    (void)close(in);
    assert_int_equal(close(out), 0);
}

/* Removes the files of a folder, or copies them to another. */
static void each_file(const char *folder, const char *to)
{
    char from_path[2 * PATH_MAX], to_path[2 * PATH_MAX];
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(from_path, sizeof from_path, "%s/%s", folder,
                       entry->d_name);
        if (to != NULL) {
            (void)snprintf(to_path, sizeof to_path, "%s/%s", to, entry->d_name);
            copy_file(from_path, to_path);
        } else {
            assert_int_equal(unlink(from_path), 0);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

struct places {
    char journal[PATH_MAX], saved[PATH_MAX];
};

static void places_of(const struct rig *rig, struct places *places)
{
    (void)snprintf(places->journal, sizeof places->journal, "%s",
                   rig_path(rig, "journal"));
    (void)snprintf(places->saved, sizeof places->saved, "%s",
                   rig_path(rig, "saved"));
}

/* ---- Living and dying --------------------------------------------------- */

/* True when it lived to its end. */
static bool run_child(struct rig *rig, void (*life)(struct rig *rig),
                      unsigned kill_at)
{
    int status = 0;

    (void)fflush(NULL);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)setenv("CMOCKA_TEST_ABORT", "1", 1);
        count.kill_at = kill_at;
        count.armed = true;
        life(rig);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        fail_msg("the child that was to die at call %u ended with %x", kill_at,
                 (unsigned)status);
    }
    return false;
}

/* The grant and its keys, which the recipient has whatever happens. */
static struct parcel *the_parcel;

static void a_deposit_and_a_pickup(struct rig *rig)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    rig_open(rig);
    rig->shut_after_us = 150000;
    assert_int_equal(lockbus_deposit_with_key(
                         rig->cab, the_parcel->package, the_parcel->package_len,
                         rig->world.courier.seed, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 400);
    assert_int_equal(rig_release(rig, the_parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 400);
}

/* Intents of the door on the disk, by a reader of its own. */
static void read_intents(struct rig *rig, unsigned *deposits,
                         unsigned *releases)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry;
    struct lockbus_error why;

    *deposits = *releases = 0;
    assert_int_equal(lockbus_journal_open(&journal, rig_path(rig, "journal"),
                                          rig->escrow, &why),
                     LOCKBUS_OK);
    do {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        if (entry.kind == LOCKBUS_ENTRY_INTENT) {
            *deposits += strcmp(entry.what, "deposit") == 0;
            *releases += strcmp(entry.what, "release") == 0;
        }
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
}

static struct lockbus_door look(const struct rig *rig)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(rig->cab, A07, &view, NULL), LOCKBUS_OK);
    return view;
}

/* What is left opens, each use once. */
static void spend_the_rest(struct rig *rig)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    unsigned left = look(rig).release_uses_left;
    uint32_t ticket;

    for (unsigned i = 0; i < left; i++) {
        unsigned before = rig_pulses(rig);

        assert_int_equal(rig_release(rig, the_parcel, &ticket, &why),
                         LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
        assert_int_equal(rig_pulses(rig), before + 1);
        rig_run(rig, 3000);
    }
    assert_int_equal(rig_release(rig, the_parcel, &ticket, &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P7);
}

static void outlived(struct rig *rig)
{
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    unsigned pulses = rig_pulses(rig), deposits, releases;

    rig->cab = NULL; /* it was the other process's */
    rig->events = 0;
    read_intents(rig, &deposits, &releases);
    assert_true(deposits <= 1 && releases <= 1);
    assert_true(pulses <= deposits + releases);
    rig_open(rig);
    rig_run(rig, PERMIT_LIFE_MS);
    assert_int_equal(rig_pulses(rig), pulses);
    struct lockbus_door view = look(rig);

    assert_int_equal(view.latch, LOCKBUS_LATCH_SHUT);
    assert_false(rig->leaf[A07].open);
    if (deposits == 0) {
        assert_int_equal(view.custody, LOCKBUS_CUSTODY_VACANT);
    } else {
        assert_true(
            view.custody == LOCKBUS_CUSTODY_OCCUPIED ||
            (releases == 1 && view.custody == LOCKBUS_CUSTODY_EMPTYING));
        assert_int_equal(view.courier_uses_left, 2);
        assert_int_equal(view.release_uses_left, 2 - releases);
        spend_the_rest(rig);
    }
    rig_close(rig);
    assert_int_equal(lockbus_journal_verify(rig_path(rig, "journal"),
                                            rig->escrow, &report, &why),
                     LOCKBUS_OK);
}

/* ---- Tests -------------------------------------------------------------- */

struct fixture {
    struct rig *rig, *shared; /* the first owns; the second lives */
    struct places places;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->rig = rig_new_closed();
    f->rig->byte_us = 10 * 1000000 / BAUD;
    assert_true(world_config(&f->rig->world, RIG_BOARDS, "host:rig",
                             LB_SOURCE_DIR "/profiles", BAUD));
    f->shared = mmap(NULL, sizeof *f->shared, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(f->shared, MAP_FAILED);
    places_of(f->rig, &f->places);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    (void)munmap(f->shared, sizeof *f->shared);
    rig_free(f->rig);
    free(f);
    return 0;
}

static void killed_in_a_deposit_and_a_pickup(void **state)
{
    struct fixture *f = *state;
    struct lockbus_error why;
    struct parcel parcel;
    unsigned kills = 0;
    bool lived = false;

    assert_true(world_parcel(&f->rig->world, &parcel, A07, false, &why));
    the_parcel = &parcel;
    assert_int_equal(mkdir(f->places.saved, 0700), 0);
    each_file(f->places.journal, f->places.saved);
    while (!lived) {
        each_file(f->places.journal, NULL);
        each_file(f->places.saved, f->places.journal);
        *f->shared = *f->rig;
        lived = run_child(f->shared, a_deposit_and_a_pickup, ++kills);
        outlived(f->shared);
    }
    print_message("a deposit and a pickup: %u kills\n", kills - 1);
    assert_true(kills > 20);
}

static void commission(struct rig *rig)
{
    struct lockbus_error why;

    assert_true(world_commission(&rig->world, rig->escrow, &why));
}

/* As an operator reads it: what the start says, then what commissioning says
 * once more; then the folder is removed, if that was said. */
static void commission_after_all(struct rig *rig, const char *folder)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (rig_try_open(rig, &why) != LOCKBUS_OK) {
        if (strstr(why.text, "commission") == NULL && why.sys_errno != ENOENT) {
            fail_msg("the start says: %s %s", why.field, why.text);
        }
        if (!world_commission(&rig->world, rig->escrow, &why)) {
            if (strstr(why.text, "remove") == NULL) {
                fail_msg("commissioning again says: %s", why.text);
            }
            each_file(folder, NULL);
            assert_int_equal(rmdir(folder), 0);
            assert_true(world_commission(&rig->world, rig->escrow, &why));
        }
    }
    rig_close(rig);
    rig_open(rig);
    assert_int_equal(rig_pulses(rig), 0);
    rig_close(rig);
}

static void killed_in_commissioning(void **state)
{
    struct fixture *f = *state;
    unsigned kills = 0;
    bool lived = false;

    while (!lived) {
        each_file(f->places.journal, NULL);
        (void)rmdir(f->places.journal);
        *f->shared = *f->rig;
        lived = run_child(f->shared, commission, ++kills);
        commission_after_all(f->shared, f->places.journal);
    }
    print_message("commissioning: %u kills\n", kills - 1);
    assert_true(kills > 20);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(killed_in_a_deposit_and_a_pickup),
        TEST(killed_in_commissioning),
    };

    return cmocka_run_group_tests_name("killed processes", tests, NULL, NULL);
}
