/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Disks that are full, read-only, broken or slow. A write that fails ends
 * every open until a restart, with its reason; doors are watched all the
 * same; what was acknowledged is there afterwards. A write that takes long
 * holds nothing but the open that waits for it.
 */
#define _GNU_SOURCE /* syscall(), unshare(), RTLD_NEXT */
#include "bad.h"
#include "cabinet/cabinet.h"
#include "os_pty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { A07 = 6, B08 = 15, C01 = 16, PATH_CAP = WORLD_PATH + 64, NEVER = -1 };

/* ---- The calls that make things durable ------------------------------------
 *
 * This program's own versions stand before the C library's; one of them fails
 * when its turn has come, and all that follow do too: a full disk stays full.
 */

static struct {
    int count, fail_at, number;
    bool hurry; /* syncs nothing: no power is cut here */
} disk = {.fail_at = NEVER};

static void disk_fails(int at, int number)
{
    disk.count = 0;
    disk.fail_at = at;
    disk.number = number;
}

static bool fails(void)
{
    bool now = disk.fail_at != NEVER && disk.count >= disk.fail_at;

    disk.count++;
    if (now) {
        errno = disk.number;
    }
    return now;
}

#define SHOWN __attribute__((visibility("default")))

SHOWN int fsync(int fd)
{
    return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

SHOWN int fdatasync(int fd)
{
    if (fails()) {
        return -1;
    }
    return disk.hurry ? 0 : (int)syscall(SYS_fdatasync, fd);
}

SHOWN ssize_t pwrite(int fd, const void *buf, size_t len, off_t at)
{
    return fails() ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, buf, len, at);
}

SHOWN int posix_fallocate(int fd, off_t at, off_t len)
{
    if (fails()) {
        return disk.number;
    }
    return syscall(SYS_fallocate, fd, 0, at, len) == 0 ? 0 : errno;
}

SHOWN int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return fails() ? -1
                   : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

/* ---- A write that fails ---------------------------------------------------
 */

struct scene {
    struct rig *rig;
    struct parcel one, other; /* behind A07 and B08; B08 has a code */
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    disk_fails(NEVER, 0);
    scene->rig = rig_new();
    rig_deposit(scene->rig, &scene->one, A07, false);
    rig_deposit(scene->rig, &scene->other, B08, true);
    rig_run(scene->rig, 2000);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    disk_fails(NEVER, 0);
    rig_free(scene->rig);
    free(scene);
    return 0;
}

static void check_refused(const struct rig *rig, enum lockbus_err err,
                          const struct lockbus_error *why, int number)
{
    if (err != LOCKBUS_ERR_IO || why->err != err || why->sys_errno != number ||
        strcmp(why->field, "journal") != 0 ||
        strcmp(why->file, rig_path(rig, "journal")) != 0 ||
        strstr(why->text, "until restart") == NULL ||
        strstr(why->text, strerror(number)) == NULL) {
        fail_msg("%s (%d): %s: %s: %s", lockbus_err_name(err), why->sys_errno,
                 why->file, why->field, why->text);
    }
}

/* Every call that would write is refused, with the reason. */
static void everything_is_refused(struct scene *scene, int number)
{
    struct rig *rig = scene->rig;
    struct lockbus_error why;
    struct parcel fresh;
    uint8_t manifest[LOCKBUS_MANIFEST_MAX], seal[LOCKBUS_SEAL_LEN] = {0};
    size_t len = 0;
    uint32_t t;

    check_refused(rig, rig_release(rig, &scene->one, &t, &why), &why, number);
    check_refused(
        rig, lockbus_release_with_code(rig->cab, scene->other.code, &t, &why),
        &why, number);
    assert_true(world_parcel(&rig->world, &fresh, C01, false, &why));
    check_refused(rig,
                  lockbus_deposit_with_key(rig->cab, fresh.package,
                                           fresh.package_len,
                                           rig->world.courier.seed, &t, &why),
                  &why, number);
    for (int action = LOCKBUS_SERVICE_OPEN; action <= LOCKBUS_SERVICE_CLEAR;
         action++) {
        check_refused(rig,
                      rig_service(rig, C01, (enum lockbus_service_action)action,
                                  &t, &why),
                      &why, number);
    }
    assert_true(world_manifest(&rig->world, manifest, &len, &why));
    check_refused(rig, lockbus_manifest(rig->cab, manifest, len, &t, &why),
                  &why, number);
    check_refused(rig, lockbus_seal(rig->cab, A07, seal, sizeof seal, &t, &why),
                  &why, number);
    check_refused(rig, lockbus_not_emptied(rig->cab, A07, &t, &why), &why,
                  number);
}

static uint64_t rounds(const struct rig *rig)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    return info.rounds;
}

/* Polled at its pace, and a door that is forced is an alarm at once. */
static void doors_are_watched(struct rig *rig)
{
    unsigned forced = rig_count(rig, LOCKBUS_EVENT_FORCED, C01);
    uint64_t before = rounds(rig);

    rig_run(rig, 1000);
    assert_true(rounds(rig) >= before + 5);
    rig->leaf[C01].open = true;
    rig_run(rig, 300);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORCED, C01), forced + 1);
    rig->leaf[C01].open = false;
    rig_run(rig, 300);
}

static const struct lockbus_event *failed_event(const struct rig *rig)
{
    for (size_t i = 0; i < rig->events; i++) {
        if (rig->event[i].kind == LOCKBUS_EVENT_JOURNAL_FAILED) {
            return &rig->event[i];
        }
    }
    return NULL;
}

static void it_is_told_once_and_ends_all_opens(struct scene *scene, int number)
{
    struct rig *rig = scene->rig;
    const struct lockbus_event *event = failed_event(rig);
    unsigned pulses = rig_pulses(rig);

    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF), 1);
    if (event == NULL || strstr(event->text, strerror(number)) == NULL) {
        fail_msg("%s", event != NULL ? event->text : "nothing is told");
    }
    everything_is_refused(scene, number);
    doors_are_watched(rig);
    disk_fails(NEVER, 0); /* the disk seems well again: nobody can know */
    everything_is_refused(scene, number);
    rig_run(rig, 30000);
    everything_is_refused(scene, number);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF), 1);
    assert_int_equal(rig_pulses(rig), pulses);
}

/* All that was acknowledged, and the doors open to whom they should. */
static void a_restart_finds_everything(struct scene *scene, bool open_it)
{
    struct rig *rig = scene->rig;
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why;
    uint32_t ticket;

    rig_crash(rig);
    assert_int_equal(lockbus_journal_verify(rig_path(rig, "journal"),
                                            rig->escrow, &report, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    assert_int_equal(rig_custody(rig, B08), LOCKBUS_CUSTODY_OCCUPIED);
    if (open_it) {
        assert_int_equal(rig_release(rig, &scene->other, &ticket, &why),
                         LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    }
}

/* One write and one sync make an intent durable: each fails once by each
 * number. */
static void a_failed_write_or_sync_ends_all_opens_until_restart(void **state)
{
    static const int numbers[] = {ENOSPC, EROFS, EIO, EDQUOT};
    struct scene *scene = *state;
    struct rig *rig = scene->rig;
    struct lockbus_error why;
    uint32_t ticket;

    for (int step = 0; step < 2; step++) {
        for (size_t i = 0; i < COUNT(numbers); i++) {
            unsigned pulses = rig_pulses(rig);

            rig_forget(rig);
            disk_fails(step, numbers[i]);
            /* the use may be spent after all: of the one that is opened last
             * none must be */
            assert_int_equal(
                rig_service(rig, C01, LOCKBUS_SERVICE_OPEN, &ticket, &why),
                LOCKBUS_OK);
            assert_int_equal(rig_finish(rig, ticket).kind,
                             LOCKBUS_EVENT_EXPIRED);
            assert_int_equal(rig_pulses(rig), pulses);
            it_is_told_once_and_ends_all_opens(scene, numbers[i]);
            a_restart_finds_everything(scene, false);
        }
    }
    a_restart_finds_everything(scene, true);
}

/* Up to the last block of the first segment. */
static void fill_segment(struct rig *rig)
{
    struct lockbus_cabinet *cab = rig->cab;
    struct lb_record record = {.type = LB_REC_TIME, .door = LB_DOOR_NONE};

    disk.hurry = true;
    while (lb_journal_durable(cab->journal) < LB_SEGMENT_BLOCKS - 2) {
        record.powered_ms = cab->gate.powered_ms;
        assert_true(lb_write(cab, &record, 1));
        lb_ask_commit(cab);
        lb_ask_worker_ended(cab);
    }
    disk.hurry = false;
}

/*
 * The next segment takes a key file (write, sync, rename, folder's sync),
 * then the segment's reserving, 1024 writes, sync, rename and folder's sync,
 * then its first block. A disk that is full is noticed here first.
 */
static struct step {
    const char *name;
    int at;
} full_at[] = {
    {"a new segment's key file is not written", 0},
    {"a new segment's key file is not synced", 1},
    {"a new segment's key file is not renamed", 2},
    {"a new segment's key file is renamed, its folder not synced", 3},
    {"a new segment has no room", 4},
    {"a new segment's first zeros are not written", 5},
    {"a new segment's zeros end in the middle", 700},
    {"a new segment is not synced", 1029},
    {"a new segment is not renamed", 1030},
    {"a new segment is renamed, its folder not synced", 1031},
    {"a new segment's first block is not written", 1032},
    {"a new segment's first block is not synced", 1033},
};

static void a_disk_full_at_a_new_segment_loses_nothing(void **state)
{
    const struct step *step = *state;
    void *made = NULL;
    struct lockbus_error why;
    uint32_t ticket;

    assert_int_equal(set_up(&made), 0);
    struct scene *scene = made;
    struct rig *rig = scene->rig;

    fill_segment(rig);
    rig_forget(rig);
    disk_fails(2 * 2 + step->at, ENOSPC); /* two blocks have room */
    for (int asks = 0; failed_event(rig) == NULL && asks < 4; asks++) {
        if (rig_service(rig, C01, LOCKBUS_SERVICE_BLOCK, &ticket, &why) ==
            LOCKBUS_OK) {
            (void)rig_finish(rig, ticket);
        }
    }
    assert_int_equal(lb_journal_durable(rig->cab->journal), LB_SEGMENT_BLOCKS);
    it_is_told_once_and_ends_all_opens(scene, ENOSPC);
    a_restart_finds_everything(scene, true);
    assert_int_equal(
        rig_service(rig, C01, LOCKBUS_SERVICE_UNBLOCK, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    assert_true(lb_journal_durable(rig->cab->journal) > LB_SEGMENT_BLOCKS);
    (void)tear_down(&made);
}

static void commissioning_on_a_disk_that_fails_says_why(void **state)
{
    static const int steps[] = {0, 1, 2, 5, 900, 1030, 1034, 1035, 1036};
    struct rig *rig = rig_new_closed();
    struct lockbus_error why;
    char command[PATH_CAP];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'",
                   rig_path(rig, "journal"));
    for (size_t i = 0; i < COUNT(steps); i++) {
        uint8_t escrow[32];

        assert_int_equal(system(command), 0);
        disk_fails(steps[i] + 2, ENOSPC); /* after the manifest's text */
        assert_false(world_commission(&rig->world, escrow, &why));
        disk_fails(NEVER, 0);
        if (why.err != LOCKBUS_ERR_IO || why.sys_errno != ENOSPC ||
            strcmp(why.file, rig_path(rig, "journal")) != 0 ||
            strstr(why.text, strerror(ENOSPC)) == NULL) {
            fail_msg("step %d: %s (%d): %s: %s: %s", steps[i],
                     lockbus_err_name(why.err), why.sys_errno, why.file,
                     why.field, why.text);
        }
        /* what was begun does not open as if it were one */
        enum lockbus_err err = rig_try_open(rig, &why);

        assert_true(err == LOCKBUS_ERR_CONFIG || err == LOCKBUS_ERR_CORRUPT);
        assert_non_null(strstr(why.text, "commission"));
    }
    assert_int_equal(system(command), 0);
    assert_true(world_commission(&rig->world, rig->escrow, &why));
    rig_open(rig);
    rig_free(rig);
}

/* ---- Real disks: a tmpfs of a few MiB in a namespace of our own ------------
 */

static bool write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    return f != NULL && fputs(text, f) >= 0 && fclose(f) == 0;
}

/* Root needs no namespace of users; anybody else is root in one. */
static bool own_mounts(void)
{
    char map[64];
    unsigned uid = (unsigned)geteuid(), gid = (unsigned)getegid();

    if (uid != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
            return false;
        }
        (void)snprintf(map, sizeof map, "0 %u 1\n", uid);
        bool mapped = write_text("/proc/self/setgroups", "deny") &&
                      write_text("/proc/self/uid_map", map);

        (void)snprintf(map, sizeof map, "0 %u 1\n", gid);
        if (!mapped || !write_text("/proc/self/gid_map", map)) {
            return false;
        }
    } else if (unshare(CLONE_NEWNS) != 0) {
        return false;
    }
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool resize(const char *path, unsigned long flags, const char *size)
{
    char options[64];

    (void)snprintf(options, sizeof options, "mode=0700,size=%s", size);
    return mount("lockbus", path, "tmpfs", flags, options) == 0;
}

/* Each gives the line of its own that went wrong, as its exit code. */
#define NEED(good)                                                             \
    do {                                                                       \
        if (!(good)) {                                                         \
            fprintf(stderr, "test_bad_disk:%d: %s\n", __LINE__, #good);        \
            return 1;                                                          \
        }                                                                      \
    } while (0)

static int on_a_small_disk(void *arg)
{
    struct rig *rig = arg;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    char path[PATH_CAP];

    (void)snprintf(path, sizeof path, "%s", rig_path(rig, "journal"));
    NEED(own_mounts() && resize(path, 0, "3m"));
    /* too small to begin */
    NEED(!world_commission(&rig->world, rig->escrow, &why));
    NEED(why.err == LOCKBUS_ERR_IO && why.sys_errno == ENOSPC);
    NEED(strcmp(why.file, path) == 0);
    NEED(rig_try_open(rig, &why) == LOCKBUS_ERR_CONFIG);
    NEED(strstr(why.text, "commission") != NULL);
    /* room for one segment */
    NEED(resize(path, MS_REMOUNT, "5m"));
    NEED(world_commission(&rig->world, rig->escrow, &why));
    rig_open(rig);
    rig_deposit(rig, &parcel, A07, false);
    fill_segment(rig);
    rig_forget(rig);
    for (int i = 0; i < 10 && failed_event(rig) == NULL; i++) {
        uint32_t ticket;

        if (rig_service(rig, C01, LOCKBUS_SERVICE_BLOCK, &ticket, &why) ==
            LOCKBUS_OK) {
            (void)rig_finish(rig, ticket);
        }
    }
    NEED(failed_event(rig) != NULL);
    NEED(strstr(failed_event(rig)->text, strerror(ENOSPC)) != NULL);
    doors_are_watched(rig);
    rig_close(rig);
    /* still full: it opens, and nothing opens */
    NEED(resize(path, MS_REMOUNT, "20m"));
    rig_open(rig);
    NEED(rig_custody(rig, A07) == LOCKBUS_CUSTODY_OCCUPIED);
    uint32_t ticket;

    NEED(rig_release(rig, &parcel, &ticket, &why) == LOCKBUS_OK);
    NEED(rig_finish(rig, ticket).kind == LOCKBUS_EVENT_OPENED);
    rig_close(rig);
    /* and read-only */
    NEED(resize(path, MS_REMOUNT | MS_RDONLY, "20m"));
    NEED(rig_try_open(rig, &why) == LOCKBUS_ERR_IO);
    NEED(why.sys_errno == EROFS && strcmp(why.file, path) == 0);
    NEED(resize(path, MS_REMOUNT, "20m"));
    rig_open(rig);
    rig_close(rig);
    return 0;
}

static void a_disk_that_is_really_full_or_read_only(void **state)
{
    struct rig *rig = rig_new_closed();
    char command[PATH_CAP];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'/*",
                   rig_path(rig, "journal"));
    assert_int_equal(system(command), 0);
    assert_int_equal(os_in_child(on_a_small_disk, rig, false), 0);
    rig_free(rig);
}

/* Without any rights: a limit on files is a disk that ends there. */
static int with_short_files(void *arg)
{
    const struct rlimit limit = {1024 * 1024, 1024 * 1024};
    struct rig *rig = arg;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    (void)signal(SIGXFSZ, SIG_IGN);
    NEED(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    NEED(!world_commission(&rig->world, rig->escrow, &why));
    NEED(why.err == LOCKBUS_ERR_IO && why.sys_errno == EFBIG);
    NEED(strcmp(why.file, rig_path(rig, "journal")) == 0);
    return 0;
}

static void a_limit_on_files_is_told_as_such(void **state)
{
    struct rig *rig = rig_new_closed();
    struct lockbus_error why;
    char command[PATH_CAP];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'",
                   rig_path(rig, "journal"));
    assert_int_equal(system(command), 0);
    assert_int_equal(os_in_child(with_short_files, rig, false), 0);
    assert_true(world_commission(&rig->world, rig->escrow, &why));
    rig_open(rig);
    rig_free(rig);
}

/* ---- A slow disk ----------------------------------------------------------
 */

/* The worker's sync, which ends when the test lets it. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct lb_store real;
    pthread_t host;
    bool shut, inside, by_host;
} slow = {.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};

static enum lockbus_err slow_sync(void *user, uint32_t segment)
{
    (void)pthread_mutex_lock(&slow.mutex);
    if (pthread_equal(pthread_self(), slow.host)) {
        slow.by_host = true; /* nobody could ever open it again */
        slow.shut = false;
    }
    slow.inside = true;
    (void)pthread_cond_broadcast(&slow.cond);
    while (slow.shut) {
        (void)pthread_cond_wait(&slow.cond, &slow.mutex);
    }
    slow.inside = false;
    (void)pthread_mutex_unlock(&slow.mutex);
    return slow.real.sync(user, segment);
}

static void shut_disk(struct rig *rig)
{
    slow.real = rig->cab->store;
    slow.host = pthread_self();
    slow.shut = true;
    slow.inside = slow.by_host = false;
    rig->cab->journal->store.sync = slow_sync;
}

/* Polls until the worker is in its sync. */
static void reach_sync(struct rig *rig)
{
    struct timespec until;
    int timeout = 0;

    rig_run(rig, 1);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    (void)pthread_mutex_lock(&slow.mutex);
    while (!slow.inside && !slow.by_host && timeout == 0) {
        timeout = pthread_cond_timedwait(&slow.cond, &slow.mutex, &until);
    }
    (void)pthread_mutex_unlock(&slow.mutex);
    assert_int_equal(timeout, 0);
    assert_false(slow.by_host);
}

/* The sync ends, and the worker has said so. */
static void open_disk(struct rig *rig)
{
    struct pollfd fd = {lb_worker_fd(rig->cab->worker), POLLIN, 0};

    (void)pthread_mutex_lock(&slow.mutex);
    slow.shut = false;
    (void)pthread_cond_broadcast(&slow.cond);
    (void)pthread_mutex_unlock(&slow.mutex);
    assert_int_equal(poll(&fd, 1, 20000), 1);
}

/* The worker may be at work at any time: waits for it, in real time, between
 * moments of the virtual one. */
static void run_beside_worker(struct rig *rig, unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        struct pollfd fd = {lb_worker_fd(rig->cab->worker), POLLIN, 0};

        rig_run(rig, 1);
        if (rig->cab->journal_busy) {
            assert_int_equal(poll(&fd, 1, 20000), 1);
        }
    }
}

static int set_up_slow(void **state)
{
    if (set_up(state) != 0) {
        return -1;
    }
    struct scene *scene = *state;

    rig_close(scene->rig);
    scene->rig->with_worker = true;
    rig_open(scene->rig);
    run_beside_worker(scene->rig, 3000);
    return 0;
}

static bool ended(const struct rig *rig, uint32_t ticket)
{
    for (size_t i = 0; i < rig->events; i++) {
        if (rig->event[i].ticket == ticket &&
            rig->event[i].kind >= LOCKBUS_EVENT_OPENED &&
            rig->event[i].kind <= LOCKBUS_EVENT_DONE) {
            return true;
        }
    }
    return false;
}

static void polling_goes_on_while_a_sync_takes_its_time(void **state)
{
    enum { SYNC_MS = 500 };
    struct scene *scene = *state;
    struct rig *rig = scene->rig;
    struct lockbus_error why;
    uint32_t first, second;
    uint64_t idle = rounds(rig);

    rig_run(rig, SYNC_MS);
    idle = rounds(rig) - idle;
    rig_forget(rig);
    unsigned pulses = rig_pulses(rig);

    shut_disk(rig);
    assert_int_equal(rig_release(rig, &scene->one, &first, &why), LOCKBUS_OK);
    reach_sync(rig);
    uint64_t busy = rounds(rig);

    rig_run(rig, SYNC_MS / 2);
    /* somebody else asks meanwhile: he waits */
    enum lockbus_err err = rig_release(rig, &scene->other, &second, &why);

    assert_int_equal(err, LOCKBUS_OK);
    rig_run(rig, SYNC_MS / 2);
    busy = rounds(rig) - busy;
    assert_true(idle >= 5);
    assert_true(busy * 10 >= idle * 9);
    /* a door that is forced is told in its round */
    rig->leaf[C01].open = true;
    rig_run(rig, 200);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORCED, C01), 1);
    /* and no latch has moved */
    assert_int_equal(rig_pulses(rig), pulses);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_SENT, 0xFFFF), 0);
    assert_false(ended(rig, first) || ended(rig, second));
    open_disk(rig);
    run_beside_worker(rig, 1000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_OPENED, A07), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_OPENED, B08), 1);
    assert_int_equal(rig_pulses(rig), pulses + 2);
}

static void what_waited_too_long_for_the_disk_expires(void **state)
{
    struct scene *scene = *state;
    struct rig *rig = scene->rig;
    struct lockbus_error why;
    uint32_t first, second, more;
    unsigned pulses = rig_pulses(rig);

    rig_forget(rig);
    shut_disk(rig);
    assert_int_equal(rig_release(rig, &scene->one, &first, &why), LOCKBUS_OK);
    reach_sync(rig);
    assert_int_equal(rig_release(rig, &scene->other, &second, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_release(rig, &scene->one, &more, &why),
                     LOCKBUS_ERR_BUSY);
    assert_string_equal(why.field, "door");
    rig_run(rig, 25000); /* longer than a permit lives */
    assert_int_equal(rig_pulses(rig), pulses);
    open_disk(rig);
    run_beside_worker(rig, 3000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_EXPIRED, A07), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_EXPIRED, B08), 1);
    run_beside_worker(rig, 30000);
    assert_int_equal(rig_pulses(rig), pulses);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF), 0);
}

/* More than the journal's blocks hold: BUSY, and not one late open. */
static void asks_beyond_the_journals_room_are_busy(void **state)
{
    struct scene *scene = *state;
    struct rig *rig = scene->rig;
    struct lockbus_error why;
    uint32_t first, ticket;
    unsigned taken = 0, busy = 0, pulses = rig_pulses(rig);

    rig_forget(rig);
    shut_disk(rig);
    assert_int_equal(rig_release(rig, &scene->one, &first, &why), LOCKBUS_OK);
    reach_sync(rig);
    for (uint16_t door = C01; door < RIG_DOORS * 8; door++) {
        enum lockbus_err err = rig_service(
            rig, (uint16_t)(C01 + door % 16),
            door % 32 < 16 ? LOCKBUS_SERVICE_BLOCK : LOCKBUS_SERVICE_UNBLOCK,
            &ticket, &why);

        if (err == LOCKBUS_OK) {
            taken++;
        } else {
            assert_int_equal(err, LOCKBUS_ERR_BUSY);
            assert_true(strcmp(why.field, "journal") == 0 ||
                        strcmp(why.field, "ticket") == 0);
            busy++;
        }
    }
    assert_true(taken > 0 && busy > 0);
    rig_run(rig, 500);
    assert_int_equal(rig_pulses(rig), pulses);
    open_disk(rig);
    run_beside_worker(rig, 2000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_OPENED, A07), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_DONE, 0xFFFF), taken);
    assert_int_equal(rig_pulses(rig), pulses + 1);
}

/* ---- Closing while a write waits ------------------------------------------
 */

/* What holds the worker ends just when closing has begun to wait for it. */
static int gate_pipe[2] = {-1, -1};

SHOWN int pthread_join(pthread_t thread, void **value)
{
    int (*real)(pthread_t, void **);

    *(void **)&real = dlsym(RTLD_NEXT, "pthread_join");
    if (gate_pipe[1] >= 0) {
        (void)close(gate_pipe[1]);
        gate_pipe[1] = -1;
    }
    return real(thread, value);
}

static void hold_worker(void *job)
{
    char byte;
    ssize_t got = read(*(int *)job, &byte, 1);

    (void)got;
}

static void a_write_that_never_began_is_made_at_the_end(void **state)
{
    struct scene *scene = *state;
    struct rig *rig = scene->rig;
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_door door = {.size = sizeof door};
    struct lockbus_error why;
    uint32_t ticket;

    assert_int_equal(pipe(gate_pipe), 0);
    assert_int_equal(
        lb_worker_submit(rig->cab->worker, hold_worker, &gate_pipe[0]),
        LOCKBUS_OK);
    assert_int_equal(
        rig_service(rig, C01, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
        LOCKBUS_OK);
    rig_run(rig, 1); /* its block waits behind the other job */
    assert_true(rig->cab->journal_busy);
    assert_int_equal(
        rig_service(rig, C01 + 1, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
        LOCKBUS_OK);
    rig_close(rig);
    (void)close(gate_pipe[0]);
    assert_int_equal(lockbus_journal_verify(rig_path(rig, "journal"),
                                            rig->escrow, &report, &why),
                     LOCKBUS_OK);
    rig_open(rig);
    for (uint16_t n = C01; n <= C01 + 1; n++) {
        assert_int_equal(lockbus_door_at(rig->cab, n, &door, NULL), LOCKBUS_OK);
        assert_true(door.blocked);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define SLOW(f) cmocka_unit_test_setup_teardown(f, set_up_slow, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_failed_write_or_sync_ends_all_opens_until_restart),
        cmocka_unit_test(commissioning_on_a_disk_that_fails_says_why),
        cmocka_unit_test(a_disk_that_is_really_full_or_read_only),
        cmocka_unit_test(a_limit_on_files_is_told_as_such),
        SLOW(polling_goes_on_while_a_sync_takes_its_time),
        SLOW(what_waited_too_long_for_the_disk_expires),
        SLOW(asks_beyond_the_journals_room_are_busy),
        SLOW(a_write_that_never_began_is_made_at_the_end),
    };

    static struct CMUnitTest each[COUNT(full_at)];

    for (size_t i = 0; i < COUNT(full_at); i++) {
        each[i] = (struct CMUnitTest){
            .name = full_at[i].name,
            .test_func = a_disk_full_at_a_new_segment_loses_nothing,
            .initial_state = &full_at[i]};
    }
    return cmocka_run_group_tests_name("bad disks", tests, NULL, NULL) +
           cmocka_run_group_tests_name("full disk", each, NULL, NULL);
}
