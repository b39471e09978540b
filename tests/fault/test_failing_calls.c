/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Calls that fail. For each kind of call the n-th one fails, for n from 1
 * until none fails any more, through commissioning, opening, a deposit,
 * pickups, service, a manifest, closing, and a change of segment. Each time:
 * the failure is told, by an error or an event; no door is pulsed that nobody
 * was allowed to open; when the journal has failed nothing opens until a
 * restart, and everything after it. What is leaked fails the program's end.
 *
 * The linker gives the library these calls in place of the system's.
 */
#define _GNU_SOURCE /* syscall() */
#include "cabinet/cabinet.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum {
    A07 = 6,
    B08 = 15,
    C01 = 16,
    C05 = 20,
    D02 = 25, /* nobody but its owner, at the end */
    SEGMENT_LEFT = 3,
    PATH_CAP = WORLD_PATH * 2 + 64
};

/* ---- The calls ------------------------------------------------------------
 */

enum call {
    MEMORY,
    WRITE,
    SYNC,
    READ,
    OPEN,
    RENAME,
    RANDOM,
    CLOCK,
    DESCRIPTOR
};

static struct {
    enum call kind;
    unsigned at, count; /* 0: none fails */
    bool armed, hit, quiet;
} fault;

static bool fails(enum call kind)
{
    if (!fault.armed || kind != fault.kind || ++fault.count != fault.at) {
        return false;
    }
    fault.hit = true;
    errno = kind == MEMORY ? ENOMEM : EIO;
    return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
/* What other libraries allocate for us. */
void *__real_modbus_new_rtu(const char *device, int baud, char parity, int data,
                            int stop);
void *__wrap_modbus_new_rtu(const char *device, int baud, char parity, int data,
                            int stop);
int __real_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd,
                                  unsigned long long passwdlen,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg);
int __wrap_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd,
                                  unsigned long long passwdlen,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t at);
int __wrap_posix_fallocate(int fd, off_t at, off_t len);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
ssize_t __wrap_read(int fd, void *buf, size_t len);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t at);
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to);
ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_eventfd(unsigned value, int flags);
int __wrap_epoll_create1(int flags);
int __wrap_timerfd_create(int id, int flags);
int __wrap_socketpair(int domain, int type, int protocol, int fds[2]);
int __real_socketpair(int domain, int type, int protocol, int fds[2]);

void *__wrap_malloc(size_t size)
{
    return fails(MEMORY) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(MEMORY) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    if (fails(MEMORY)) {
        fault.quiet = p != NULL; /* a table that could have been smaller */
        return NULL;
    }
    return __real_realloc(p, size);
}

void *__wrap_modbus_new_rtu(const char *device, int baud, char parity, int data,
                            int stop)
{
    return fails(MEMORY)
               ? NULL
               : __real_modbus_new_rtu(device, baud, parity, data, stop);
}

int __wrap_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd,
                                  unsigned long long passwdlen,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg)
{
    return fails(MEMORY)
               ? -1
               : __real_crypto_pwhash_argon2id(out, outlen, passwd, passwdlen,
                                               salt, ops, mem, alg);
}

/* A number that only informs: whose the lock is, that a job has ended. Nobody
 * need hear that it could not be written or read. */
static void a_number(size_t len)
{
    fault.quiet = fault.quiet || (fault.hit && len <= 16);
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
    bool now = fails(WRITE);

    if (now) {
        a_number(len);
    }
    return now ? -1 : (ssize_t)syscall(SYS_write, fd, buf, len);
}

/* Of a new segment's 1,024 blocks of zeros the first, one in the middle and
 * the last may fail: what happens then is the same for all. The others are
 * zeros already. */
ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t at)
{
    const uint8_t *bytes = buf;

    if (len == LB_BLOCK_LEN && bytes[0] == 0 && at != 0 &&
        at != LB_SEGMENT_LEN / 2 && at != LB_SEGMENT_LEN - LB_BLOCK_LEN) {
        return (ssize_t)len;
    }
    return fails(WRITE) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, buf, len, at);
}

int __wrap_posix_fallocate(int fd, off_t at, off_t len)
{
    if (fails(WRITE)) {
        return EIO;
    }
    return syscall(SYS_fallocate, fd, 0, at, len) == 0 ? 0 : errno;
}

/* Here processes die, and power does not. */
int __wrap_fsync(int fd)
{
    (void)fd;
    return fails(SYNC) ? -1 : 0;
}

int __wrap_fdatasync(int fd)
{
    (void)fd;
    return fails(SYNC) ? -1 : 0;
}

ssize_t __wrap_read(int fd, void *buf, size_t len)
{
    bool now = fails(READ);

    if (now) {
        a_number(len);
    }
    return now ? -1 : (ssize_t)syscall(SYS_read, fd, buf, len);
}

/* Of the blocks in the midst of a segment every 128th. */
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t at)
{
    off_t block = at / LB_BLOCK_LEN;
    bool same = block > 16 && block < LB_SEGMENT_BLOCKS - 4 && block % 128 != 0;

    return !same && fails(READ)
               ? -1
               : (ssize_t)syscall(SYS_pread64, fd, buf, len, at);
}

static unsigned mode_of(int flags, va_list rest)
{
    return (flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    unsigned mode = mode_of(flags, rest);
    va_end(rest);
    return fails(OPEN) ? -1
                       : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
    va_list rest;

    va_start(rest, flags);
    unsigned mode = mode_of(flags, rest);
    va_end(rest);
    return fails(OPEN) ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);
}

int __wrap_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return fails(RENAME)
               ? -1
               : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

ssize_t __wrap_getrandom(void *buf, size_t len, unsigned flags)
{
    return fails(RANDOM) ? -1
                         : (ssize_t)syscall(SYS_getrandom, buf, len, flags);
}

/* Closing waits by the system's clock: this one goes on by itself. */
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
    static time_t s = 1;
    static long ns;

    if (fails(CLOCK)) {
        return -1;
    }
    if (id != CLOCK_BOOTTIME) {
        return (int)syscall(SYS_clock_gettime, id, ts);
    }
    ns += 2000000;
    s += ns / 1000000000;
    ns %= 1000000000;
    *ts = (struct timespec){.tv_sec = s, .tv_nsec = ns};
    return 0;
}

int __wrap_eventfd(unsigned value, int flags)
{
    return fails(DESCRIPTOR) ? -1 : (int)syscall(SYS_eventfd2, value, flags);
}

int __wrap_epoll_create1(int flags)
{
    return fails(DESCRIPTOR) ? -1 : (int)syscall(SYS_epoll_create1, flags);
}

int __wrap_timerfd_create(int id, int flags)
{
    return fails(DESCRIPTOR) ? -1 : (int)syscall(SYS_timerfd_create, id, flags);
}

int __wrap_socketpair(int domain, int type, int protocol, int fds[2])
{
    return fails(DESCRIPTOR) ? -1
                             : __real_socketpair(domain, type, protocol, fds);
}

/* ---- The journal's folder, put back ----------------------------------------
 */

static void empty(const char *path)
{
    char child[PATH_CAP + 256];
    DIR *dir = opendir(path);
    const struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (e->d_name[0] != '.') {
            (void)snprintf(child, sizeof child, "%s/%s", path, e->d_name);
            assert_int_equal(unlink(child), 0);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

/* ---- One run --------------------------------------------------------------
 */

static struct {
    struct rig *rig;
    struct parcel one, coded, kept; /* behind A07, B08, D02 */
    char journal[PATH_CAP], early[PATH_CAP], late[PATH_CAP];
    unsigned allowed[RIG_DOORS]; /* asks that were taken */
    unsigned pulses[RIG_DOORS];
    bool told; /* the failure was */
} run;

static void tell(enum lockbus_err err, const struct lockbus_error *why,
                 const char *what)
{
    bool typed = err == LOCKBUS_ERR_IO || err == LOCKBUS_ERR_NOMEM ||
                 (err == LOCKBUS_ERR_CONFIG && /* a profile */
                  (fault.kind == READ || fault.kind == OPEN)) ||
                 (err == LOCKBUS_ERR_DENIED && fault.kind == RANDOM &&
                  why->rule == LOCKBUS_RULE_P5);

    if (!typed || why->err != err || why->text[0] == '\0') {
        fail_msg("%s, call %u: %s %s %s: %s", what, fault.at,
                 lockbus_err_name(err), lockbus_rule_name(why->rule),
                 why->field, why->text);
    }
    run.told = true;
}

static void settle(void)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    for (int ms = 0; ms < 5000 && info.boards_present < RIG_BOARDS; ms++) {
        rig_run(run.rig, 1);
        assert_int_equal(lockbus_cabinet_info(run.rig->cab, &info), LOCKBUS_OK);
    }
    assert_int_equal(info.boards_present, RIG_BOARDS);
    assert_int_equal(
        lockbus_cabinet_time(run.rig->cab, run.rig->world.now_unix, true),
        LOCKBUS_OK);
}

static bool opened(const char *what)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    enum lockbus_err err = rig_try_open(run.rig, &why);

    if (err != LOCKBUS_OK) {
        assert_null(run.rig->cab);
        tell(err, &why, what);
        return false;
    }
    settle();
    return true;
}

/* What an ask came to; only the failure that was made may stop it. */
static void came_to(uint16_t door, enum lockbus_err err, uint32_t ticket,
                    const struct lockbus_error *why)
{
    if (err != LOCKBUS_OK) {
        tell(err, why, "an ask");
        return;
    }
    run.allowed[door]++;
    struct lockbus_event end = rig_finish(run.rig, ticket);

    if (end.kind == LOCKBUS_EVENT_OPENED || end.kind == LOCKBUS_EVENT_DONE) {
        return;
    }
    bool honest =
        (end.kind == LOCKBUS_EVENT_EXPIRED && run.rig->cab->journal_failed) ||
        (end.kind == LOCKBUS_EVENT_REFUSED &&
         ((fault.kind == MEMORY && end.rule == LOCKBUS_RULE_C3) ||
          (fault.kind == RANDOM && end.rule == LOCKBUS_RULE_P5)));

    if (!fault.hit || !honest) {
        fail_msg("door %u, call %u: %s %s", door, fault.at,
                 lockbus_event_name(end.kind), lockbus_rule_name(end.rule));
    }
    run.told = true;
}

static void deposit(void)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket = 0;

    if (!world_parcel(&run.rig->world, &parcel, C01, true, &why)) {
        assert_true(fault.hit);
        run.told = true; /* no key, no code, no seal was given away */
        return;
    }
    enum lockbus_err err = lockbus_deposit_with_key(
        run.rig->cab, parcel.package, parcel.package_len,
        run.rig->world.courier.seed, &ticket, &why);

    came_to(C01, err, ticket, &why);
}

static void pickup_by_proof(void)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;
    enum lockbus_err err =
        lockbus_open_with_key(run.rig->cab, A07, LOCKBUS_PROOF_RELEASE,
                              run.one.release.seed, &ticket, &why);

    came_to(A07, err, ticket, &why);
}

static void pickup_by_code(void)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;
    enum lockbus_err err =
        lockbus_release_with_code(run.rig->cab, run.coded.code, &ticket, &why);

    came_to(B08, err, ticket, &why);
}

static void service(enum lockbus_service_action action)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t challenge[16];
    uint32_t ticket = 0;
    enum lockbus_err err = lockbus_challenge(
        run.rig->cab, C05, LOCKBUS_CHALLENGE_SERVICE, challenge, &why);

    if (err != LOCKBUS_OK) {
        tell(err, &why, "a challenge");
        return;
    }
    bool armed = fault.armed && fault.kind != RANDOM;

    fault.armed = armed; /* signing is the persons' own */
    err = rig_service(run.rig, C05, action, &ticket, &why);
    fault.armed = true;
    came_to(C05, err, ticket, &why);
}

static void manifest(void)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];
    size_t len = 0;
    uint32_t ticket = 0;

    run.rig->world.manifest_no++;
    if (!world_manifest(&run.rig->world, bytes, &len, &why)) {
        tell(why.err, &why, "a manifest");
        return;
    }
    enum lockbus_err err =
        lockbus_manifest(run.rig->cab, bytes, len, &ticket, &why);

    came_to(C05, err, ticket, &why);
}

/* ---- When the journal has failed -------------------------------------------
 */

static void refused(enum lockbus_err err, const struct lockbus_error *why,
                    const char *what)
{
    if (err != LOCKBUS_ERR_IO || strcmp(why->field, "journal") != 0 ||
        strstr(why->text, "until restart") == NULL) {
        fail_msg("%s after call %u failed: %s %s: %s", what, fault.at,
                 lockbus_err_name(err), why->field, why->text);
    }
}

/* Every kind of open; `proof` is over a challenge that lives. */
static void nothing_opens(void)
{
    static const enum lockbus_proof_kind kinds[] = {
        LOCKBUS_PROOF_RELEASE, LOCKBUS_PROOF_RETURN, LOCKBUS_PROOF_REOPEN,
        LOCKBUS_PROOF_CANCEL};
    struct rig *rig = run.rig;
    struct lockbus_error why;
    struct parcel fresh;
    uint32_t t;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        const struct lockbus_signer *signer =
            kinds[i] == LOCKBUS_PROOF_RELEASE  ? &run.kept.release
            : kinds[i] == LOCKBUS_PROOF_RETURN ? &run.kept.returns
                                               : &rig->world.courier;
        refused(lockbus_open_with_key(rig->cab, D02, kinds[i], signer->seed, &t,
                                      &why),
                &why, "a proof");
    }
    refused(lockbus_release_with_code(rig->cab, run.coded.code, &t, &why), &why,
            "a code");
    assert_true(world_parcel(&rig->world, &fresh, C01 + 2, false, &why));
    refused(lockbus_deposit_with_key(rig->cab, fresh.package, fresh.package_len,
                                     rig->world.courier.seed, &t, &why),
            &why, "a deposit");
    refused(rig_service(rig, C05, LOCKBUS_SERVICE_OPEN, &t, &why), &why,
            "service");
    refused(rig_service(rig, C05, LOCKBUS_SERVICE_UNBLOCK, &t, &why), &why,
            "an order");
}

static void nothing_opens_until_restart(void)
{
    unsigned before = rig_pulses(run.rig);

    fault.armed = false;
    nothing_opens();
    rig_run(run.rig, 1000);
    nothing_opens(); /* the disk seems well again: nobody can know */
    assert_int_equal(rig_pulses(run.rig), before);
    assert_int_equal(rig_count(run.rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF),
                     1);
    run.told = true;
}

/* ---- What must hold after each run -----------------------------------------
 */

static void only_what_was_allowed_moved(void)
{
    for (unsigned door = 0; door < RIG_DOORS; door++) {
        unsigned made = run.rig->leaf[door].pulses - run.pulses[door];

        if (made > 3 * run.allowed[door]) {
            fail_msg("door %u, call %u: %u pulses for %u asks", door, fault.at,
                     made, run.allowed[door]);
        }
    }
}

static void a_restart_finds_all_and_opens(void)
{
    struct lockbus_journal_report report = {.size = sizeof report};
    struct rig *rig = run.rig;
    struct lockbus_error why;
    uint32_t ticket;

    if (rig->cab != NULL) {
        rig_crash_only(rig);
    }
    for (unsigned door = 0; door < RIG_DOORS; door++) {
        rig->leaf[door].open = false;
    }
    assert_int_equal(
        lockbus_journal_verify(run.journal, rig->escrow, &report, &why),
        LOCKBUS_OK);
    if (!opened("after a restart")) {
        fail_msg("after call %u it does not start", fault.at);
    }
    assert_int_equal(rig_custody(rig, D02), LOCKBUS_CUSTODY_OCCUPIED);
    if (rig_release(rig, &run.kept, &ticket, &why) != LOCKBUS_OK) {
        fail_msg("after call %u: %s %s", fault.at, lockbus_rule_name(why.rule),
                 why.text);
    }
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_close(rig);
    rig->leaf[D02].open = false;
}

/* ---- The story, in four parts ---------------------------------------------
 */

static bool ended(void)
{
    return run.rig->cab == NULL || run.rig->cab->journal_failed;
}

static void part_commission(void)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct rig *rig = run.rig;
    uint8_t escrow[32];

    empty(run.journal);
    (void)rmdir(run.journal);
    fault.armed = true;
    bool made = world_commission(&rig->world, escrow, &why);

    fault.armed = false;
    if (!made) {
        tell(why.err, &why, "commissioning");
        empty(run.journal); /* as the error of a second try says */
        (void)rmdir(run.journal);
        assert_true(world_commission(&rig->world, escrow, &why));
    }
    assert_true(opened("a new cabinet"));
    rig_close(rig);
}

static void part_open(void)
{
    rig_copy_folder(run.early, run.journal);
    fault.armed = true;
    if (opened("opening")) {
        fault.armed = false;
        assert_int_equal(rig_custody(run.rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    }
}

static void part_work(void)
{
    static void (*const acts[])(void) = {deposit, pickup_by_proof,
                                         pickup_by_code, manifest};

    rig_copy_folder(run.early, run.journal);
    assert_true(opened("opening"));
    fault.armed = true;
    service(LOCKBUS_SERVICE_OPEN);
    for (size_t i = 0; i < COUNT(acts) && !ended(); i++) {
        acts[i]();
    }
    if (!ended()) {
        rig_close(run.rig);
    }
}

static void part_segment(void)
{
    rig_copy_folder(run.late, run.journal);
    assert_true(opened("opening"));
    fault.armed = true;
    for (int i = 0; i < 2 * SEGMENT_LEFT && !ended(); i++) {
        service(i % 2 == 0 ? LOCKBUS_SERVICE_BLOCK : LOCKBUS_SERVICE_UNBLOCK);
    }
}

/* A clock that fails is no error: the host's counts, and the system's only
 * says how long to wait. All outputs are switched off all the same. */
static void part_clock(void)
{
    rig_copy_folder(run.early, run.journal);
    assert_true(opened("opening"));
    pickup_by_proof();
    fault.armed = true;
    rig_run(run.rig, 3);
    unsigned before = run.rig->writes_seen;

    rig_close(run.rig);
    assert_int_equal(run.rig->writes_seen - before, RIG_DOORS);
}

static void run_part(void (*part)(void))
{
    memset(run.allowed, 0, sizeof run.allowed);
    for (unsigned door = 0; door < RIG_DOORS; door++) {
        run.rig->leaf[door].open = false;
        run.pulses[door] = run.rig->leaf[door].pulses;
    }
    run.told = false;
    rig_forget(run.rig);
    part();
    if (run.rig->cab != NULL && run.rig->cab->journal_failed) {
        nothing_opens_until_restart();
    }
    fault.armed = false;
    only_what_was_allowed_moved();
}

/* ---- Kinds ----------------------------------------------------------------
 */

static struct kind {
    const char *name;
    enum call call;
    unsigned least; /* so many at the least must be there to fail */
} kinds[] = {
    {"memory", MEMORY, 30},
    {"a write", WRITE, 30},
    {"a sync", SYNC, 30},
    {"a read", READ, 20},
    {"an open", OPEN, 10},
    {"a rename", RENAME, 5},
    {"random", RANDOM, 10},
    {"a clock", CLOCK, 20},
    {"a descriptor", DESCRIPTOR, 4},
};

static struct part {
    const char *name;
    void (*play)(void);
    bool commissions;
} parts[] = {
    {"commissioning", part_commission, true},
    {"opening", part_open, false},
    {"work", part_work, false},
    {"a change of segment", part_segment, false},
    {"polls and closing", part_clock, false},
};

static void each_call_fails_once(void **state)
{
    const struct kind *kind = *state;
    unsigned total = 0;

    for (size_t p = 0; p < COUNT(parts); p++) {
        unsigned n = 0;

        if ((kind->call == CLOCK) != (parts[p].play == part_clock)) {
            continue;
        }

        do {
            memset(&fault, 0, sizeof fault);
            fault.kind = kind->call;
            fault.at = ++n;
            run_part(parts[p].play);
            if (fault.hit && !run.told && !fault.quiet && kind->call != CLOCK) {
                fail_msg("%s: nobody hears of call %u", parts[p].name, n);
            }
            if (!parts[p].commissions) {
                a_restart_finds_all_and_opens();
            }
        } while (fault.hit);
        print_message("%s: %s: %u\n", kind->name, parts[p].name, n - 1);
        total += n - 1;
    }
    print_message("%s: each of %u calls failed once\n", kind->name, total);
    assert_true(total >= kind->least);
}

/* ---- The cabinet that it happens to ----------------------------------------
 */

static void fill_segment(void)
{
    struct lockbus_cabinet *cab = run.rig->cab;
    struct lb_record record = {.type = LB_REC_TIME, .door = LB_DOOR_NONE};

    while (lb_journal_durable(cab->journal) <
           LB_SEGMENT_BLOCKS - SEGMENT_LEFT - 4) {
        record.powered_ms = cab->gate.powered_ms;
        assert_true(lb_write(cab, &record, 1));
        lb_ask_commit(cab);
        lb_ask_worker_ended(cab);
    }
}

static int set_up(void **state)
{
    (void)state;
    struct rig *rig = run.rig = rig_new();

    rig->shut_after_us = 2500000;
    rig->world.limits.max_open_occupied = 8;
    (void)snprintf(run.journal, sizeof run.journal, "%s",
                   rig_path(rig, "journal"));
    (void)snprintf(run.early, sizeof run.early, "%s", rig_path(rig, "early"));
    (void)snprintf(run.late, sizeof run.late, "%s", rig_path(rig, "late"));
    rig_deposit(rig, &run.one, A07, false);
    rig_deposit(rig, &run.coded, B08, true);
    rig_deposit(rig, &run.kept, D02, false);
    rig_run(rig, 70000);
    rig_crash_only(rig);
    rig_copy_folder(run.journal, run.early);
    rig_open(rig);
    fill_segment();
    rig_crash_only(rig);
    rig_copy_folder(run.journal, run.late);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(run.rig);
    return 0;
}

int main(void)
{
    static struct CMUnitTest tests[COUNT(kinds)];

    for (size_t i = 0; i < COUNT(kinds); i++) {
        tests[i] = (struct CMUnitTest){.name = kinds[i].name,
                                       .test_func = each_call_fails_once,
                                       .initial_state = &kinds[i]};
    }
    return cmocka_run_group_tests_name("failing calls", tests, set_up,
                                       tear_down);
}
