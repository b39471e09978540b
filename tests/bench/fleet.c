/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The journals of a network of cabinets, about 18 parcels in each at any time,
 * 8 to 10 put in and taken out a day. Each begins as a copy of one that was
 * commissioned; what it then did is its own, and is written down beside it.
 */

#include "fleet.h"

#include "start.h"
#include "year.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DOORS = 300, LYING = 18, DAY_S = 86400, PATH = 4096 };

struct truth {
    FILE *file;
    unsigned cabinet;
};

/* As `lockbus journal fleet` says it, up to what came of it. */
static void told(void *user, const struct year *year,
                 const struct lb_record *intent)
{
    const struct truth *truth = user;
    time_t when = (time_t)(year->unix_s + year->ms / 1000);
    struct tm tm;
    char text[32] = "";

    if (gmtime_r(&when, &tm) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    }
    (void)fprintf(truth->file, "c%04u %s door %u %s intent %u\n",
                  truth->cabinet, text, intent->door,
                  intent->kind == LB_OPEN_DEPOSIT ? "deposit" : "release",
                  intent->ref);
}

static bool copy_file(const char *from, const char *to)
{
    static uint8_t buf[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = in >= 0 && out >= 0;
    ssize_t got = 0;

    while (ok && (got = read(in, buf, sizeof buf)) > 0) {
        ok = write(out, buf, (size_t)got) == got;
    }
    if (in >= 0) {
        (void)close(in);
    }
    if (out >= 0) {
        ok = close(out) == 0 && ok;
    }
    return ok && got == 0;
}

static bool copy_journal(const char *dir, const char *to)
{
    static const char *const files[] = {"key", "device", "segment-00000000"};
    char from_path[PATH + 64], to_path[PATH + 64];

    (void)mkdir(to, 0700);
    (void)snprintf(to_path, sizeof to_path, "%s/journal", to);
    bool ok = mkdir(to_path, 0700) == 0;

    for (size_t i = 0; ok && i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(from_path, sizeof from_path, "%s/template/journal/%s",
                       dir, files[i]);
        (void)snprintf(to_path, sizeof to_path, "%s/journal/%s", to, files[i]);
        ok = copy_file(from_path, to_path);
    }
    return ok;
}

static bool one(const char *dir, struct truth *truth, uint64_t unix_s,
                unsigned days, uint64_t *blocks)
{
    char path[PATH];
    struct year *year = calloc(1, sizeof *year);

    if (year == NULL) {
        return false;
    }
    (void)snprintf(path, sizeof path, "%s/fleet/c%04u", dir, truth->cabinet);
    year->door_count = DOORS;
    year->parcels = 8 + truth->cabinet % 3;
    year->lying = LYING;
    year->refusals = 1;
    year->unix_s = unix_s;
    year->told = told;
    year->user = truth;
    bool ok = copy_journal(dir, path) && year_begin(year, path);

    for (unsigned day = 0; ok && day < days; day++) {
        year_day(year, day);
        ok = !year->bad;
    }
    *blocks += ok ? lb_journal_durable(&year->journal) : 0;
    year_end(year);
    free(year);
    return ok;
}

bool bench_fleet(const char *profiles, const char *dir, unsigned cabinets,
                 unsigned days)
{
    char path[PATH];
    uint8_t escrow[32];
    uint64_t unix_s = (uint64_t)time(NULL) - (uint64_t)days * DAY_S;
    uint64_t blocks = 0;
    struct truth truth = {.cabinet = 0};

    (void)mkdir(dir, 0700);
    (void)snprintf(path, sizeof path, "%s/template", dir);
    if (!bench_commission(profiles, path, unix_s, escrow)) {
        return false;
    }
    (void)snprintf(path, sizeof path, "%s/fleet", dir);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/truth", dir);
    truth.file = fopen(path, "w");
    bool ok = truth.file != NULL;

    for (; ok && truth.cabinet < cabinets; truth.cabinet++) {
        ok = one(dir, &truth, unix_s, days, &blocks);
    }
    if (truth.file != NULL) {
        ok = fclose(truth.file) == 0 && ok;
    }
    printf("%u cabinets, %u days: %llu blocks\n", truth.cabinet, days,
           (unsigned long long)blocks);
    return ok;
}
