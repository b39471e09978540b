/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

/*
 * A real process on real files, ended by SIGKILL at every system call that it
 * makes, once before the call and once behind it. With sanitizers that takes
 * minutes, so that of waiting and of the line's bytes one call in eight is
 * taken here; script/powercut takes them all (LOCKBUS_KILL_EVERY_CALL).
 *
 * The child that dies runs the whole library, traced by this process, which
 * counts its calls. Its boards and the pulses they saw are in memory that the
 * two share, so that this process outlives it and starts on the same folder.
 */

#include "rig.h"

#include "base/crypto.h"
#include "base/store.h"

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
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    A07 = 6,
    A08 = 7,
    BAUD = 4800,
    PERMIT_LIFE_MS = 25000,
    MIB = 1048576,
    HEAD = 262144,
    LOOK_ANYHOW = 64
};

/* ---- The same bytes each time ------------------------------------------- */

/* The linker gives the library this in place of its own, which is called all
 * the same: what a child writes depends on nothing but where it is killed. */
static uint64_t dice;

bool __real_lb_crypto_random(uint8_t *out, size_t len);
bool __wrap_lb_crypto_random(uint8_t *out, size_t len);

bool __wrap_lb_crypto_random(uint8_t *out, size_t len)
{
    bool good = __real_lb_crypto_random(out, len);

    for (size_t i = 0; i < len; i++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(dice >> 33);
    }
    return good;
}

/* ---- Folders ------------------------------------------------------------ */

/* Whole, or into a file that is there: its head alone, which is all that a
 * story writes. */
static void copy_file(const char *from, const char *to)
{
    static uint8_t buf[HEAD];
    struct stat st;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(in >= 0 && out >= 0 && fstat(in, &st) == 0);
    ssize_t got = read(in, buf, sizeof buf);

    assert_true(got >= 0 && write(out, buf, (size_t)got) == got);
    assert_int_equal(ftruncate(out, st.st_size), 0);
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

static void commission(struct rig *rig);

/* ---- Living and dying --------------------------------------------------- */

enum { A_CALL = SIGTRAP | 0x80, WRITTEN_ALONE = 16 * 4096, LOOPED = 8 };

struct calls {
    unsigned counted, loop, every;
    bool last;         /* the call that it is in counts */
    bool changes_only; /* of commissioning, which makes a whole segment */
};

/* The child says so when its story begins; before that nobody counts. */
static void here_it_begins(void)
{
    assert_int_equal(raise(SIGSTOP), 0);
}

/* A new segment is a thousand writes of zeros, one like the other: one in 256
 * counts, and all those to its first blocks, which are also the journal's. */
static bool is_of_many_zeros(const struct __ptrace_syscall_info *info)
{
    return info->entry.nr == SYS_pwrite64 &&
           info->entry.args[3] > WRITTEN_ALONE &&
           info->entry.args[3] % MIB != 0;
}

/* Waiting, timers and the line's bytes: nine in ten of all calls. */
static bool is_of_the_loop(const struct __ptrace_syscall_info *info)
{
    static const uint64_t loop[] = {SYS_read,      SYS_timerfd_settime,
                                    SYS_epoll_ctl, SYS_epoll_wait,
                                    SYS_pselect6,  SYS_sendto};

    for (size_t i = 0; i < sizeof loop / sizeof loop[0]; i++) {
        if (info->entry.nr == loop[i]) {
            return true;
        }
    }
    return false;
}

static bool changes_files(const struct __ptrace_syscall_info *info)
{
    static const uint64_t changes[] = {
        SYS_pwrite64, SYS_fsync,     SYS_fdatasync, SYS_fallocate,
        SYS_renameat, SYS_renameat2, SYS_unlinkat,  SYS_ftruncate,
        SYS_mkdirat,  SYS_openat,    SYS_write};

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (info->entry.nr == changes[i]) {
            return true;
        }
    }
    return false;
}

static bool counts(pid_t pid, struct calls *calls)
{
    struct __ptrace_syscall_info info = {.op = PTRACE_SYSCALL_INFO_NONE};

    assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0);
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) {
        return calls->last; /* the end of the one that began */
    }
    if (calls->changes_only) {
        calls->last = changes_files(&info) && !is_of_many_zeros(&info);
    } else {
        calls->last =
            !is_of_the_loop(&info) || calls->loop++ % calls->every == 0;
    }
    return calls->last;
}

/* Lets it run to its next call, or the end of one; false when it is gone. */
static bool next_stop(pid_t pid, int *status)
{
    assert_int_equal(ptrace(PTRACE_SYSCALL, pid, 0, 0), 0);
    assert_int_equal(waitpid(pid, status, 0), pid);
    return WIFSTOPPED(*status);
}

static void end_at(pid_t pid, struct calls calls, unsigned kill_at, int *status)
{
    assert_int_equal(waitpid(pid, status, 0), pid);
    while (WIFSTOPPED(*status) && WSTOPSIG(*status) == SIGSTOP) {
        (void)ptrace(PTRACE_SETOPTIONS, pid, 0,
                     PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
        if (!next_stop(pid, status)) {
            return;
        }
    }
    while (WIFSTOPPED(*status)) {
        if (WSTOPSIG(*status) == A_CALL && counts(pid, &calls) &&
            ++calls.counted == kill_at) {
            assert_int_equal(kill(pid, SIGKILL), 0);
            assert_int_equal(waitpid(pid, status, 0), pid);
            return;
        }
        (void)next_stop(pid, status);
    }
}

/* True when it lived to its end. */
static bool run_child(struct rig *rig, void (*life)(struct rig *rig),
                      unsigned kill_at)
{
    const char *all = getenv("LOCKBUS_KILL_EVERY_CALL");
    struct calls calls = {.every = all != NULL ? 1 : LOOPED,
                          .changes_only = life == commission};
    int status = 0;

    (void)fflush(NULL);
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)setenv("CMOCKA_TEST_ABORT", "1", 1);
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) {
            _exit(1);
        }
        dice = 1;
        life(rig);
        _exit(0);
    }
    end_at(pid, calls, kill_at, &status);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        fail_msg("the child that was to die at call %u ended with %x", kill_at,
                 (unsigned)status);
    }
    return false;
}

/* Their grants and keys, which people have whatever happens: one is brought to
 * A07, the other has lain behind A08 since before the story. */
static struct parcel brought, waiting;

/* And no longer: each poll has a handful of calls. */
static void until_shut(struct rig *rig, uint16_t door)
{
    for (int i = 0; rig_latch(rig, door) != LOCKBUS_LATCH_SHUT; i++) {
        assert_true(i < 100);
        rig_run(rig, 20);
    }
}

static void a_deposit_and_a_pickup(struct rig *rig)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    rig_open(rig);
    rig->shut_after_us = 150000;
    here_it_begins();
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, brought.package, brought.package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    until_shut(rig, A07);
    assert_int_equal(rig_release(rig, &waiting, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    until_shut(rig, A08);
}

/* Intents on the disk, by a reader of its own. */
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

static struct lockbus_door look(const struct rig *rig, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(rig->cab, door, &view, NULL), LOCKBUS_OK);
    return view;
}

/* What is left opens, each use once. */
static void spend_the_rest(struct rig *rig, const struct parcel *parcel)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    unsigned left = look(rig, parcel->door).release_uses_left;
    uint32_t ticket;

    for (unsigned i = 0; i < left; i++) {
        unsigned before = rig_pulses(rig);

        assert_int_equal(rig_release(rig, parcel, &ticket, &why), LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
        assert_int_equal(rig_pulses(rig), before + 1);
        rig_run(rig, 3000);
    }
    assert_int_equal(rig_release(rig, parcel, &ticket, &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P7);
}

static void uses_are_as_recorded(struct rig *rig, unsigned deposits,
                                 unsigned releases)
{
    struct lockbus_door to = look(rig, A07), from = look(rig, A08);

    if (deposits == 1) {
        assert_int_equal(to.custody, LOCKBUS_CUSTODY_VACANT);
    } else {
        assert_int_equal(to.custody, LOCKBUS_CUSTODY_OCCUPIED);
        assert_int_equal(to.courier_uses_left, 2);
        assert_int_equal(to.release_uses_left, 2);
        spend_the_rest(rig, &brought);
    }
    assert_true(from.custody == LOCKBUS_CUSTODY_OCCUPIED ||
                (releases == 1 && from.custody == LOCKBUS_CUSTODY_EMPTYING));
    assert_int_equal(from.courier_uses_left, 2);
    assert_int_equal(from.release_uses_left, 2 - releases);
    spend_the_rest(rig, &waiting);
}

static void outlived(struct rig *rig)
{
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    unsigned pulses = rig_pulses(rig), deposits, releases;

    rig->cab = NULL; /* it was the other process's */
    rig->events = 0;
    read_intents(rig, &deposits, &releases);
    assert_true(deposits >= 1 && deposits <= 2 && releases <= 1);
    assert_true(rig->leaf[A07].pulses <= deposits - 1);
    assert_true(rig->leaf[A08].pulses <= 1 + releases);
    rig_open(rig);
    rig_run(rig, PERMIT_LIFE_MS);
    assert_int_equal(rig_pulses(rig), pulses);
    for (uint16_t door = A07; door <= A08; door++) {
        assert_int_equal(look(rig, door).latch, LOCKBUS_LATCH_SHUT);
        assert_false(rig->leaf[door].open);
    }
    uses_are_as_recorded(rig, deposits, releases);
    rig_close(rig);
    assert_int_equal(lockbus_journal_verify(rig_path(rig, "journal"),
                                            rig->escrow, &report, &why),
                     LOCKBUS_OK);
}

/* What a start can know of the process before, but for the time. */
static void what_is_left(const struct rig *rig, const char *folder,
                         uint8_t hash[LB_HASH_LEN])
{
    static uint8_t bytes[8 * HEAD];
    size_t len = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        /* The name, the last process' number aside, then the bytes. */
        char path[2 * PATH_MAX];

        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "lock") == 0) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        len += (size_t)snprintf((char *)bytes + len, sizeof bytes - len, "%s",
                                entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got;

        assert_true(fd >= 0);
        assert_true(len + HEAD <= sizeof bytes);
        got = read(fd, bytes + len, HEAD);
        assert_true(got >= 0);
        len += (size_t)got;
        (void)close(fd);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    assert_true(len + sizeof rig->leaf + sizeof rig->board < sizeof bytes);
    memcpy(bytes + len, rig->leaf, sizeof rig->leaf);
    len += sizeof rig->leaf;
    memcpy(bytes + len, rig->board, sizeof rig->board);
    lb_crypto_hash(hash, bytes, len + sizeof rig->board);
}

/* Whether this kill left what the one before it left, byte for byte: then
 * the start would be that one's again. One in so many is looked at anyhow. */
static bool left_the_same(const struct rig *rig, const char *folder,
                          unsigned kills)
{
    static uint8_t last[LB_HASH_LEN];
    uint8_t now[LB_HASH_LEN];

    what_is_left(rig, folder, now);
    bool same = kills > 1 && memcmp(now, last, sizeof now) == 0;

    memcpy(last, now, sizeof last);
    return same && kills % LOOK_ANYHOW != 0;
}

/* ---- Tests -------------------------------------------------------------- */

struct fixture {
    struct rig *rig, *shared; /* the first owns; the second lives */
    struct places places;
};

static void one_board(const struct rig *rig)
{
    assert_true(world_config(&rig->world, 1, "host:rig",
                             LB_SOURCE_DIR "/profiles", BAUD));
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->rig = rig_new_wired(one_board);
    f->rig->byte_us = 10 * 1000000 / BAUD;
    for (size_t i = 1; i < RIG_BOARDS; i++) {
        f->rig->board[i].powered = false;
    }
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
    unsigned kills = 0, starts = 0;
    bool lived = false;

    rig_open(f->rig);
    rig_deposit(f->rig, &waiting, A08, false);
    rig_close(f->rig);
    assert_true(world_parcel(&f->rig->world, &brought, A07, false, &why));
    assert_int_equal(mkdir(f->places.saved, 0700), 0);
    each_file(f->places.journal, f->places.saved);
    while (!lived) {
        each_file(f->places.saved, f->places.journal);
        *f->shared = *f->rig;
        lived = run_child(f->shared, a_deposit_and_a_pickup, ++kills);
        if (!left_the_same(f->shared, f->places.journal, kills)) {
            outlived(f->shared);
            starts++;
        }
    }
    print_message("a deposit and a pickup: %u kills, %u starts after them\n",
                  kills - 1, starts);
    assert_true(kills > 100);
}

static void commission(struct rig *rig)
{
    struct lockbus_error why;

    here_it_begins();
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
    unsigned kills = 0, starts = 0;
    bool lived = false;

    while (!lived) {
        each_file(f->places.journal, NULL);
        (void)rmdir(f->places.journal);
        *f->shared = *f->rig;
        lived = run_child(f->shared, commission, ++kills);
        if (!left_the_same(f->shared, f->places.journal, kills)) {
            commission_after_all(f->shared, f->places.journal);
            starts++;
        }
    }
    print_message("commissioning: %u kills, %u starts after them\n", kills - 1,
                  starts);
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
