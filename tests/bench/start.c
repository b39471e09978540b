/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * How long a cabinet takes to start on a year's journal: from the call of
 * lockbus_cabinet_open() to the end of the first poll, beside a plain read of
 * the bytes that it had to read.
 *
 * The year is written by the journal's own writer and folded by the gate, on a
 * virtual clock and without syncs: 300 doors, 150 deposits and as many pickups
 * a day, each picked up a day and a half later, one in two by code; 40
 * refusals a day and a block an hour. What signs is made up: the fold checks no
 * signature. The end is the worst there is: the newest segment is nearly full.
 */

#include "start.h"

#include "../../tools/demo/world.h"

#include "base/bytes.h"
#include "cabinet/cabinet.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BOARDS = 20,
    EACH = 15,
    DOORS = BOARDS * EACH,
    DAYS = 365,
    PARCELS = 150, /* a day */
    LYING = 225,   /* parcels at any time */
    REFUSALS = 40, /* a day */
    HOURS = 24,
    DAY_MS = 86400000,
    RUNS = 5,
    LEFT = 24 /* blocks that the newest segment still has */
};

static uint64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* ---- The year ------------------------------------------------------------ */

struct year {
    struct lb_store disk, store; /* store: without syncs */
    struct lb_journal journal;
    struct lb_gate gate;
    struct lb_gate_door doors[DOORS];
    uint8_t rows[LB_DOOR_MAX][LB_ROW_LEN];
    uint64_t ms, unix_s, stay;
    unsigned commits;
    bool bad;
};

static enum lockbus_err no_sync(void *user, uint32_t segment)
{
    (void)user;
    (void)segment;
    return LOCKBUS_OK;
}

static enum lockbus_err fold(void *user, const struct lb_block_head *head,
                             const struct lb_record *record)
{
    struct year *year = user;

    (void)head;
    return lb_gate_apply(&year->gate, record) ? LOCKBUS_OK
                                              : LOCKBUS_ERR_CORRUPT;
}

static size_t snapshot(void *user, uint32_t *cursor, struct lb_record *out,
                       size_t cap)
{
    const struct year *year = user;

    return lb_gate_snapshot(&year->gate, cursor, out, cap);
}

static void commit(struct year *year, const struct lb_record *records,
                   size_t count)
{
    struct lb_journal_job job;
    uint64_t seq;

    lb_gate_clock(&year->gate, year->ms);
    lb_journal_stamp(&year->journal, year->gate.boot, year->ms,
                     year->unix_s + year->ms / 1000, true);
    year->bad =
        lb_journal_append(&year->journal, records, count, &seq) != LOCKBUS_OK ||
        year->bad;
    for (size_t i = 0; i < count; i++) {
        year->bad = !lb_gate_apply(&year->gate, &records[i]) || year->bad;
    }
    while (!year->bad && lb_journal_begin(&year->journal, &job)) {
        lb_journal_run(&job);
        lb_journal_end(&year->journal, &job);
        year->bad = job.err != LOCKBUS_OK;
    }
    year->commits++;
    year->ms += 1000;
}

static struct lb_record of_door(const struct year *year, uint16_t door,
                                enum lb_record_type type, uint8_t kind)
{
    return (struct lb_record){.type = (uint8_t)type,
                              .kind = kind,
                              .door = door,
                              .ref = year->gate.last_ref,
                              .stay = year->doors[door].stay,
                              .powered_ms = year->ms};
}

/* What stands in records does not matter here. */
static void noise(uint8_t *out, size_t len)
{
    if (!lb_crypto_random(out, len)) {
        abort();
    }
}

static struct lb_record intent(const struct year *year, uint16_t door,
                               enum lb_open open)
{
    struct lb_record r = of_door(year, door, LB_REC_INTENT, (uint8_t)open);

    r.ref = year->gate.last_ref + 1;
    noise(r.body + LB_INTENT_SIGNER, sizeof r.body - LB_INTENT_SIGNER);
    r.body[LB_INTENT_CUSTODY] = year->doors[door].custody;
    return r;
}

static struct lb_record custody(const struct year *year, uint16_t door,
                                enum lb_custody to, enum lb_cause cause)
{
    struct lb_record r = of_door(year, door, LB_REC_CUSTODY, (uint8_t)to);

    r.body[0] = year->doors[door].custody;
    r.body[1] = (uint8_t)cause;
    return r;
}

/* The leaf opens and shuts, as two commits; `opened` and `shut`: what custody
 * makes of it. */
static void through_the_leaf(struct year *year, uint16_t door,
                             enum lb_custody opened, enum lb_custody shut)
{
    struct lb_record r[3] = {
        of_door(year, door, LB_REC_LEAF, LB_LEAF_OPENED),
        of_door(year, door, LB_REC_RESULT, LB_OUTCOME_OPENED),
        custody(year, door, opened, LB_CAUSE_OPENED)};

    commit(year, r, opened != LB_CUSTODY_NONE ? 3 : 2);
    year->ms += 9000;
    r[0] = of_door(year, door, LB_REC_LEAF, LB_LEAF_SHUT);
    r[1] = custody(year, door, shut, LB_CAUSE_SHUT);
    commit(year, r, shut != LB_CUSTODY_NONE ? 2 : 1);
}

static void deposit(struct year *year, uint16_t door)
{
    static const uint8_t seal[16] = {'L', 'B', 'X', '1', 1, 1, 0, 0,
                                     3,   0,   0,   0,   0, 0, 1, 0};
    struct lb_record r[5];

    r[0] = of_door(year, door, LB_REC_STAY, 0);
    noise(r[0].body, 3 * LB_KEY_LEN);
    lb_put_u32(r[0].body + 96, 3 * 86400);
    r[0].body[100] = 0x23;
    r[1] = of_door(year, door, LB_REC_GRANT, 0);
    noise(r[1].body, sizeof r[1].body);
    r[2] = of_door(year, door, LB_REC_SEAL, 0);
    noise(r[2].body, LB_SEAL_LEN);
    memcpy(r[2].body, seal, sizeof seal);
    r[3] = intent(year, door, LB_OPEN_DEPOSIT);
    r[4] = custody(year, door, LB_CUSTODY_LOADING, LB_CAUSE_DEPOSIT);
    year->stay++;
    for (size_t i = 0; i < 5; i++) {
        r[i].stay = year->stay;
    }
    commit(year, r, 5);
    through_the_leaf(year, door, LB_CUSTODY_NONE, LB_CUSTODY_OCCUPIED);
}

static void pick_up(struct year *year, uint16_t door, bool by_code)
{
    struct lb_record r[2];

    if (by_code) {
        r[0] = of_door(year, door, LB_REC_TRY, 0);
        commit(year, r, 1);
        r[0] = of_door(year, door, LB_REC_TRY_BACK, 0);
    }
    r[by_code] = intent(year, door, LB_OPEN_RELEASE);
    commit(year, r, 1 + (size_t)by_code);
    through_the_leaf(year, door, LB_CUSTODY_EMPTYING, LB_CUSTODY_NONE);
    year->ms += 60000;
    r[0] = custody(year, door, LB_CUSTODY_VACANT, LB_CAUSE_WINDOW);
    commit(year, r, 1);
}

static void note(struct year *year, enum lb_record_type type)
{
    struct lb_record r = {
        .type = (uint8_t)type, .door = LB_DOOR_NONE, .powered_ms = year->ms};

    if (type == LB_REC_TIME) {
        lb_put_u64(r.body, year->gate.floor_s);
    }
    commit(year, &r, 1);
}

static void one_day(struct year *year, unsigned day)
{
    uint64_t began = year->ms;

    for (unsigned i = 0; i < PARCELS && !year->bad; i++) {
        unsigned n = day * PARCELS + i;

        if (n >= LYING) {
            pick_up(year, (uint16_t)((n - LYING) % DOORS), n % 2 == 0);
        }
        deposit(year, (uint16_t)(n % DOORS));
        if (i < REFUSALS) {
            note(year, LB_REC_REFUSAL);
        }
        if (i < HOURS) {
            note(year, LB_REC_TIME);
        }
    }
    year->ms = year->ms < began + DAY_MS ? began + DAY_MS : year->ms;
}

static bool begin(struct year *year, const char *dir)
{
    char path[WORLD_PATH + 32];
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lb_journal_visitor visitor = {.user = year, .record = fold};
    struct lb_journal_snapshot state = {.user = year, .next = snapshot};
    struct lb_recovery recovery;
    struct lb_record boot;

    (void)snprintf(path, sizeof path, "%s/journal", dir);
    lb_gate_init(&year->gate, year->doors, DOORS);
    lb_gate_stage(&year->gate, year->rows);
    if (lb_dir_open(&year->disk, path, false, false, &why) != LOCKBUS_OK) {
        return false;
    }
    year->store = year->disk;
    year->store.sync = no_sync;
    if (lb_journal_open(&year->journal, &year->store, &visitor, &state,
                        &recovery) != LOCKBUS_OK) {
        return false;
    }
    lb_gate_stage(&year->gate, NULL);
    year->ms = recovery.powered_ms;
    year->stay = (uint64_t)year->gate.manifest.epoch << 32;
    lb_gate_clock(&year->gate, year->ms);
    if (lb_gate_tick(&year->gate, &boot, 1) == 1) {
        commit(year, &boot, 1);
    }
    return !year->bad;
}

static bool write_year(const char *dir, uint64_t unix_s)
{
    struct year *year = calloc(1, sizeof *year);
    uint64_t began = now_us();

    if (year == NULL) {
        return false;
    }
    year->unix_s = unix_s;
    bool ok = begin(year, dir);

    for (unsigned day = 0; ok && day < DAYS; day++) {
        one_day(year, day);
        ok = !year->bad;
    }
    while (ok && lb_journal_durable(&year->journal) % LB_SEGMENT_BLOCKS !=
                     LB_SEGMENT_BLOCKS - LEFT) {
        note(year, LB_REC_TIME);
        ok = !year->bad;
    }
    printf("a year of %d doors: %u commits, %llu blocks, %llu segments of 4 "
           "MiB; written in %llu s, without syncs\n",
           DOORS, year->commits,
           (unsigned long long)lb_journal_durable(&year->journal),
           (unsigned long long)(lb_journal_durable(&year->journal) /
                                    LB_SEGMENT_BLOCKS +
                                1),
           (unsigned long long)((now_us() - began) / 1000000));
    lb_journal_close(&year->journal);
    if (year->disk.user != NULL) {
        lb_dir_close(&year->disk);
    }
    free(year);
    sync();
    return ok;
}

/* ---- The start ----------------------------------------------------------- */

static enum lockbus_err deaf_open(void *user, struct lockbus_error *why)
{
    (void)user;
    (void)why;
    return LOCKBUS_OK;
}

static enum lockbus_err deaf_send(void *user, const uint8_t *bytes, size_t len,
                                  size_t *sent)
{
    (void)user;
    (void)bytes;
    *sent = len;
    return LOCKBUS_OK;
}

static enum lockbus_err deaf_receive(void *user, uint8_t *buf, size_t cap,
                                     size_t *got)
{
    (void)user;
    (void)buf;
    (void)cap;
    *got = 0;
    return LOCKBUS_OK;
}

static int deaf_fd(void *user)
{
    (void)user;
    return -1;
}

static void deaf_close(void *user)
{
    (void)user;
}

static bool write_config(const char *dir, const char *profiles)
{
    char path[WORLD_PATH + 32];

    (void)snprintf(path, sizeof path, "%s/cabinet.ini", dir);
    FILE *f = fopen(path, "w");

    if (f == NULL) {
        return false;
    }
    fprintf(f,
            "[cabinet]\nname = year\njournal = journal\n"
            "manifest = manifest.lbm\nprofiles = %s\n"
            "[lock]\npulse_ms = 500\nrest_ms = 2000\nat_once = 2\n"
            "shut_is = 1\n"
            "[bus.left]\nport = host:left\nbaud = 19200 8N1\n"
            "[bus.right]\nport = host:right\nbaud = 19200 8N1\n[boards]\n",
            profiles);
    for (int b = 1; b <= BOARDS; b++) {
        fprintf(f, "%d = %s %d xunming-lock-16ch\n", b,
                b % 2 != 0 ? "left" : "right", b);
    }
    fputs("[doors]\n", f);
    for (int b = 0; b < BOARDS; b++) {
        fprintf(f, "%c01-%c%02d = %d-%d %d:1-%d size=M\n", 'A' + b, 'A' + b,
                EACH, b * EACH, b * EACH + EACH - 1, b + 1, EACH);
    }
    return fclose(f) == 0;
}

/* The system's cache lets go of the journal; all of it is on the disk. */
static void forget(const char *dir)
{
    char path[WORLD_PATH + 64];
    int fd = 0;

    for (unsigned n = 0; fd >= 0; n++) {
        (void)snprintf(path, sizeof path, "%s/journal/segment-%08u", dir, n);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
            (void)close(fd);
        }
    }
}

static bool start_once(const char *dir, uint64_t *us, uint64_t *block)
{
    char path[WORLD_PATH + 32];
    struct lockbus_line deaf = {.size = sizeof deaf,
                                .open = deaf_open,
                                .send = deaf_send,
                                .receive = deaf_receive,
                                .fd = deaf_fd,
                                .close = deaf_close};
    struct lockbus_host_line lines[] = {{.name = "left", .line = deaf},
                                        {.name = "right", .line = deaf}};
    struct lockbus_options options = {
        .size = sizeof options, .lines = lines, .line_count = 2};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_cabinet *cab = NULL;

    (void)snprintf(path, sizeof path, "%s/cabinet.ini", dir);
    uint64_t began = now_us();
    bool ok = lockbus_cabinet_open(&cab, path, &options, &why) == LOCKBUS_OK &&
              lockbus_cabinet_poll(cab, now_us()) == LOCKBUS_OK;

    *us = now_us() - began;
    if (ok) {
        *block = cab->recovery.blocks;
    } else {
        printf("bench: cannot start: %s %s\n", why.field, why.text);
    }
    lockbus_cabinet_close(&cab);
    return ok;
}

/* The newest segment, as recovery asks for it. */
static uint64_t read_plainly(const char *dir, uint64_t block)
{
    static uint8_t buf[4 * LB_BLOCK_LEN];
    char path[WORLD_PATH + 64];
    uint64_t began = now_us();

    (void)snprintf(path, sizeof path, "%s/journal/segment-%08u", dir,
                   (unsigned)(block / LB_SEGMENT_BLOCKS));
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    for (off_t at = 0; fd >= 0 && at < LB_SEGMENT_LEN;
         at += (off_t)sizeof buf) {
        if (pread(fd, buf, sizeof buf, at) != (ssize_t)sizeof buf) {
            break;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return now_us() - began;
}

static bool measure(const char *dir, bool cold)
{
    uint64_t took[RUNS], plain[RUNS], block = 0;

    for (int i = 0; i < RUNS; i++) {
        if (cold) {
            sync();
            forget(dir);
        }
        if (!start_once(dir, &took[i], &block)) {
            return false;
        }
        if (cold) {
            sync();
            forget(dir);
        }
        plain[i] = read_plainly(dir, block);
    }
    qsort(took, RUNS, sizeof took[0], by_size);
    qsort(plain, RUNS, sizeof plain[0], by_size);
    printf("start to the end of the first poll, %s, median of %d: %.1f ms, "
           "longest %.1f ms; a plain read of the 4 MiB that it read: %.1f ms; "
           "ratio %.1f\n",
           cold ? "the cache told to forget the journal" : "cached", RUNS,
           (double)took[RUNS / 2] / 1e3, (double)took[RUNS - 1] / 1e3,
           (double)plain[RUNS / 2] / 1e3,
           (double)took[RUNS / 2] / (double)plain[RUNS / 2]);
    return true;
}

bool bench_start(const char *profiles, const char *dir)
{
    static struct world world;
    uint8_t escrow[32];
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint64_t unix_s = (uint64_t)time(NULL) - (uint64_t)DAYS * 86400;

    (void)mkdir(dir, 0700);
    if (!world_init(&world, dir, 3, unix_s) || !write_config(dir, profiles) ||
        !world_commission(&world, escrow, &why)) {
        printf("bench: no cabinet: %s %s\n", why.field, why.text);
        return false;
    }
    if (!write_year(dir, unix_s)) {
        printf("bench: the year was not written\n");
        return false;
    }
    return measure(dir, true) && measure(dir, false);
}
