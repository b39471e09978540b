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
#include "year.h"

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

static bool write_year(const char *dir, uint64_t unix_s)
{
    struct year *year = calloc(1, sizeof *year);
    uint64_t began = now_us();

    if (year == NULL) {
        return false;
    }
    *year = (struct year){.door_count = DOORS,
                          .parcels = PARCELS,
                          .lying = LYING,
                          .refusals = REFUSALS,
                          .unix_s = unix_s};
    bool ok = year_begin(year, dir);

    for (unsigned day = 0; ok && day < DAYS; day++) {
        year_day(year, day);
        ok = !year->bad;
    }
    while (ok && lb_journal_durable(&year->journal) % LB_SEGMENT_BLOCKS !=
                     LB_SEGMENT_BLOCKS - LEFT) {
        year_note(year, LB_REC_TIME);
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
    year_end(year);
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

bool bench_commission(const char *profiles, const char *dir, uint64_t unix_s,
                      uint8_t escrow[32])
{
    static struct world world;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    (void)mkdir(dir, 0700);
    if (!world_init(&world, dir, 3, unix_s) || !write_config(dir, profiles) ||
        !world_commission(&world, escrow, &why)) {
        printf("bench: no cabinet: %s %s\n", why.field, why.text);
        return false;
    }
    return true;
}

bool bench_start(const char *profiles, const char *dir)
{
    uint8_t escrow[32];
    uint64_t unix_s = (uint64_t)time(NULL) - (uint64_t)DAYS * 86400;

    if (!bench_commission(profiles, dir, unix_s, escrow)) {
        return false;
    }
    if (!write_year(dir, unix_s)) {
        printf("bench: the year was not written\n");
        return false;
    }
    return measure(dir, true) && measure(dir, false);
}
