/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What verifying a journal costs, in CPU time of one core, beside reading the
 * same bytes and beside hashing them once, which is the least there is to do.
 */

#include "fleet.h"
#include "start.h"
#include "year.h"

#include <lockbus/journal.h>

#include <sodium.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DOORS = 300, DAYS = 60, RUNS = 5, PATH = 4096, DAY_S = 86400 };

static double cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Every byte of the used blocks, hashed as blocks or only read. */
static bool plainly(const char *dir, uint64_t blocks, bool hashed)
{
    static uint8_t buf[64 * LB_BLOCK_LEN];
    char path[PATH];
    uint8_t digest[32];

    for (uint64_t done = 0; done < blocks;) {
        (void)snprintf(path, sizeof path, "%s/journal/segment-%08u", dir,
                       (unsigned)(done / LB_SEGMENT_BLOCKS));
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got;

        if (fd < 0) {
            return false;
        }
        while ((got = read(fd, buf, sizeof buf)) > 0) {
            for (ssize_t at = 0; hashed && at < got; at += LB_BLOCK_LEN) {
                (void)crypto_generichash(digest, sizeof digest, buf + at,
                                         LB_BLOCK_LEN, NULL, 0);
            }
        }
        (void)close(fd);
        done += LB_SEGMENT_BLOCKS;
    }
    return true;
}

static bool verify(const char *dir, const uint8_t *key)
{
    char path[PATH];
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why = {.err = LOCKBUS_OK};

    (void)snprintf(path, sizeof path, "%s/journal", dir);
    return lockbus_journal_verify(path, key, &report, &why) == LOCKBUS_OK;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

bool bench_verify(const char *profiles, const char *dir)
{
    static const char *const names[] = {"a plain read", "read and BLAKE2b-256",
                                        "verify, without key",
                                        "verify, with the escrow key"};
    struct year *year = calloc(1, sizeof *year);
    uint64_t unix_s = (uint64_t)time(NULL) - (uint64_t)DAYS * DAY_S;
    uint8_t escrow[32];
    double took[4][RUNS];

    if (year == NULL || !bench_commission(profiles, dir, unix_s, escrow)) {
        free(year);
        return false;
    }
    *year = (struct year){.door_count = DOORS,
                          .parcels = 150,
                          .lying = 225,
                          .refusals = 40,
                          .unix_s = unix_s};
    bool ok = year_begin(year, dir);

    for (unsigned day = 0; ok && day < DAYS; day++) {
        year_day(year, day);
        ok = !year->bad;
    }
    uint64_t blocks = ok ? lb_journal_durable(&year->journal) : 0;

    year_end(year);
    free(year);
    for (int run = 0; ok && run < RUNS; run++) {
        for (int what = 0; ok && what < 4; what++) {
            double began = cpu_s();

            ok = what < 2 ? plainly(dir, blocks, what == 1)
                          : verify(dir, what == 3 ? escrow : NULL);
            took[what][run] = cpu_s() - began;
        }
    }
    double mb = (double)blocks * LB_BLOCK_LEN / 1e6;

    printf("%llu blocks, %.0f MB; CPU time of one core, median of %d\n",
           (unsigned long long)blocks, mb, RUNS);
    for (int what = 0; ok && what < 4; what++) {
        qsort(took[what], RUNS, sizeof took[what][0], by_size);
        printf("%-28s %7.0f MB/s, %5.2f of BLAKE2b's time\n", names[what],
               mb / took[what][RUNS / 2],
               took[what][RUNS / 2] / took[1][RUNS / 2]);
    }
    return ok;
}
