/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * script/bench bus: which part runs, and the rows that are printed. The wire
 * is the referee: a transaction's time is from the beginning of one request
 * to that of the next, as the wire saw them.
 */
#include "bus.h"

#include "bus_master.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    BOARDS = 32,
    SLICE_S = 4, /* ours and libmodbus with a gap take turns, twice */
    SHARE = 16,  /* boards of a bus when there are eight */
    OPEN_S = 26,
    PATHS = 300,
    TIMES = BUS_WIRES * BUS_TIMES
};

static const uint32_t bauds[] = {9600, 19200, 38400, 115200};

enum { BAUDS = sizeof bauds / sizeof bauds[0] };

/* What one master did, added up over its slices. */
struct row {
    uint64_t gaps; /* between beginnings of requests */
    double took_us, own_us, own_max_us;
    uint64_t requests, dropped, spoilt;
    size_t times;
    uint32_t time_us[TIMES];
    struct bus_result sum;
};

struct stage {
    struct bus_wire wire;
    struct bus_master master;
    struct bus_job job;
    char dir[PATHS];
};

static void add(struct row *row, const struct bus_wire *wire,
                const struct bus_result *result)
{
    for (size_t i = 0; i < wire->count; i++) {
        const struct bus_wire_seen *seen = &wire->seen[i];

        row->requests += seen->requests;
        row->dropped += seen->dropped;
        row->spoilt += seen->spoilt;
        row->own_us += (double)seen->own_ns / 1e3;
        for (size_t t = 0; t < seen->times && row->times < TIMES; t++) {
            row->time_us[row->times++] = seen->time_us[t];
        }
        if (seen->requests > 1) {
            row->gaps += seen->requests - 1;
            row->took_us += (double)(seen->last_ns - seen->first_ns) / 1e3;
        }
    }
    row->sum.good = result->good;
    row->sum.transactions += result->transactions;
    row->sum.failed += result->failed;
    row->sum.odd += result->odd;
    row->sum.cpu_us += result->cpu_us;
}

static double ratio_of(const struct row *row, uint32_t baud)
{
    return row->gaps == 0
               ? 0
               : row->took_us / (double)row->gaps / bus_wire_limit_us(baud);
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Half of the transactions were not longer. What else the machine did shows
 * in the mean, and hardly in this. */
static double median_of(struct row *row, uint32_t baud)
{
    if (row->times == 0) {
        return 0;
    }
    qsort(row->time_us, row->times, sizeof row->time_us[0], by_size);
    return row->time_us[row->times / 2] / bus_wire_limit_us(baud);
}

static double cpu_of(const struct row *row)
{
    return row->sum.transactions == 0
               ? 0
               : row->sum.cpu_us / (double)row->sum.transactions;
}

static void print_row(const char *who, struct row *row, uint32_t baud)
{
    double us = row->gaps == 0 ? 0 : row->took_us / (double)row->gaps;

    printf("| %u | %s | %.1f | %.4f | %.4f | %llu of %llu | %llu | %.0f |%s\n",
           (unsigned)baud, who, us * BOARDS / 1e3, ratio_of(row, baud),
           median_of(row, baud), (unsigned long long)row->sum.failed,
           (unsigned long long)row->requests, (unsigned long long)row->dropped,
           cpu_of(row),
           row->sum.good ? "" : " WRONG: it did not run to its end");
    (void)fflush(stdout);
}

/* ---- Starting ----------------------------------------------------------- */

static bool stage_start(struct stage *stage, const char *dir, const char *name,
                        const struct bus_wire_settings *set, size_t wires)
{
    struct bus_wire_settings each[BUS_WIRES];
    bool opens = stage->job.opens;

    (void)snprintf(stage->dir, sizeof stage->dir, "%.200s/%s", dir, name);
    for (size_t i = 0; i < wires; i++) {
        each[i] = *set;
        each[i].first = (uint8_t)(1 + i * set->count);
    }
    stage->job = (struct bus_job){.wire = &stage->wire,
                                  .dir = stage->dir,
                                  .baud = set->baud,
                                  .boards = set->count,
                                  .dead = set->dead,
                                  .opens = opens};
    return bus_wire_start(&stage->wire, each, wires) &&
           bus_master_start(&stage->master, &stage->job);
}

static void stage_stop(struct stage *stage)
{
    bus_master_stop(&stage->master);
    bus_wire_stop(&stage->wire);
}

static void stage_slice(struct stage *stage, unsigned seconds, struct row *row)
{
    static struct bus_result result;

    bus_master_slice(&stage->master, seconds, &result);
    add(row, &stage->wire, &result);
    row->sum.waits = result.waits;
    memcpy(row->sum.wait_us, result.wait_us,
           result.waits * sizeof result.wait_us[0]);
}

static bool ready(struct stage *stage, size_t count)
{
    bool good = true;

    for (size_t i = 0; i < count; i++) {
        good = bus_master_ready(&stage[i].master) && good;
    }
    if (!good) {
        printf("bench: not every board was attached\n");
    }
    return good;
}

/* ---- Beside others ------------------------------------------------------ */

static bool with_others(struct stage *stage, uint32_t baud, const char *script)
{
    static struct row ours, gap, bare, mbpoll, pymodbus;
    static struct bus_result result;
    struct bus_wire_settings set = {.baud = baud, .first = 1, .count = BOARDS};
    struct bus_wire wire;
    unsigned cycles =
        (unsigned)(SLICE_S * 1e6 / bus_wire_limit_us(baud) / BOARDS);

    if (!bus_wire_start(&wire, &set, 1)) {
        return false;
    }
    memset(&ours, 0, sizeof ours);
    memset(&gap, 0, sizeof gap);
    memset(&bare, 0, sizeof bare);
    memset(&mbpoll, 0, sizeof mbpoll);
    memset(&pymodbus, 0, sizeof pymodbus);
    for (int i = 0; i < 2; i++) {
        stage_slice(stage, SLICE_S, &ours);
        bus_libmodbus(&wire, baud, cycles, true, &result);
        add(&gap, &wire, &result);
    }
    bus_pymodbus(&wire, baud, cycles, script, &result);
    add(&pymodbus, &wire, &result);
    bus_libmodbus(&wire, baud, 1, false, &result);
    add(&bare, &wire, &result);
    bus_mbpoll(&wire, baud, &result);
    add(&mbpoll, &wire, &result);
    bus_wire_stop(&wire);
    print_row("**lockbus**, cabinet handle", &ours, baud);
    print_row("libmodbus and a t3.5 sleep", &gap, baud);
    print_row("python3-pymodbus", &pymodbus, baud);
    print_row("libmodbus", &bare, baud);
    print_row("mbpoll", &mbpoll, baud);
    printf("<!-- the wire's own lateness: %.1f us a reply -->\n",
           ours.own_us / (double)(ours.requests + 1));
    return ours.sum.good && gap.sum.good;
}

static bool part_cycle(const char *dir, const char *script)
{
    static struct stage stage[BAUDS];
    bool good = true;

    for (size_t i = 0; i < BAUDS; i++) {
        struct bus_wire_settings set = {.baud = bauds[i], .count = BOARDS};
        char name[24];

        (void)snprintf(name, sizeof name, "b%u", (unsigned)bauds[i]);
        if (!stage_start(&stage[i], dir, name, &set, 1)) {
            return false;
        }
    }
    good = ready(stage, BAUDS);
    printf(
        "\n| baud | master | cycle of 32, ms | over the limit | its median | "
        "failed | dropped: too early | CPU us a transaction |\n"
        "|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < BAUDS; i++) {
        good = good && with_others(&stage[i], bauds[i], script);
        stage_stop(&stage[i]);
    }
    return good;
}

/* ---- Eight buses under one handle --------------------------------------- */

static bool part_eight(const char *dir)
{
    static struct stage stage[2];
    static struct row one, eight;
    struct bus_wire_settings set = {.baud = 115200, .count = SHARE};
    const uint32_t baud = set.baud;

    if (!stage_start(&stage[0], dir, "one", &set, 1) ||
        !stage_start(&stage[1], dir, "eight", &set, BUS_WIRES)) {
        return false;
    }
    bool good = ready(stage, 2);

    for (int i = 0; good && i < 2; i++) {
        stage_slice(&stage[0], SLICE_S, &one);
        stage_slice(&stage[1], SLICE_S, &eight);
    }
    stage_stop(&stage[0]);
    stage_stop(&stage[1]);
    printf("\n| buses of 16 boards under one handle, 115200 baud | over the "
           "limit | beside one | failed | dropped | CPU us a transaction |\n"
           "|---|---|---|---|---|---|\n"
           "| 1 | %.4f | | %llu of %llu | %llu | %.0f |\n"
           "| 8 | %.4f | %.4f | %llu of %llu | %llu | %.0f |\n",
           ratio_of(&one, baud), (unsigned long long)one.sum.failed,
           (unsigned long long)one.requests, (unsigned long long)one.dropped,
           cpu_of(&one), ratio_of(&eight, baud),
           ratio_of(&eight, baud) / ratio_of(&one, baud),
           (unsigned long long)eight.sum.failed,
           (unsigned long long)eight.requests,
           (unsigned long long)eight.dropped, cpu_of(&eight));
    (void)fflush(stdout);
    return good;
}

/* ---- Opens -------------------------------------------------------------- */

static void print_open(const struct bus_wire_settings *set, struct row *row)
{
    uint32_t *wait = row->sum.wait_us;
    size_t count = row->sum.waits;

    if (count == 0) {
        printf("| none was sent |\n");
        return;
    }
    qsort(wait, count, sizeof *wait, by_size);
    printf("| %u of %d | %s | %zu | %.1f | %.1f | %.1f | %llu of %llu | %llu "
           "| %llu |\n",
           set->dead, BOARDS, set->late_each != 0 ? "1 % 60 ms late" : "none",
           count, wait[count / 2] / 1e3, wait[count * 99 / 100] / 1e3,
           wait[count - 1] / 1e3, (unsigned long long)row->sum.failed,
           (unsigned long long)row->sum.transactions,
           (unsigned long long)row->sum.odd, (unsigned long long)row->dropped);
    (void)fflush(stdout);
}

static bool part_open(const char *dir)
{
    static const struct bus_wire_settings sets[] = {
        {.baud = 19200, .count = BOARDS, .jitter_us = 3000},
        {.baud = 19200, .count = BOARDS, .jitter_us = 3000, .dead = 4},
        {.baud = 19200, .count = BOARDS, .jitter_us = 3000, .dead = 8},
        {.baud = 19200,
         .count = BOARDS,
         .jitter_us = 3000,
         .late_each = 100,
         .late_us = 60000},
    };
    enum { SETS = sizeof sets / sizeof sets[0] };
    static struct stage stage[SETS];
    static struct row row;
    bool good = true;

    for (size_t i = 0; i < SETS; i++) {
        char name[24];

        (void)snprintf(name, sizeof name, "open%zu", i);
        stage[i].job.opens = true;
        if (!stage_start(&stage[i], dir, name, &sets[i], 1)) {
            return false;
        }
    }
    good = ready(stage, SETS);
    printf("\n| boards dead | replies | opens | permit to last byte, ms: p50 "
           "| p99 | max | time-outs | other failures | dropped: too early |\n"
           "|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < SETS; i++) {
        memset(&row, 0, sizeof row);
        if (good) {
            stage_slice(&stage[i], OPEN_S, &row);
            print_open(&sets[i], &row);
        }
        stage_stop(&stage[i]);
    }
    return good;
}

/* ---- Adapters with a timer ---------------------------------------------- */

static bool part_adapter(const char *dir)
{
    static const struct bus_wire_settings sets[] = {
        {.baud = 115200, .count = BOARDS, .latency_us = 1000},
        {.baud = 115200, .count = BOARDS, .latency_us = 16000},
    };
    enum { SETS = sizeof sets / sizeof sets[0] };
    static struct stage stage[SETS];
    static struct row row[SETS][2];
    static struct bus_result result;
    bool good = true;

    for (size_t i = 0; i < SETS; i++) {
        char name[24];

        (void)snprintf(name, sizeof name, "adapter%zu", i);
        if (!stage_start(&stage[i], dir, name, &sets[i], 1)) {
            return false;
        }
    }
    good = ready(stage, SETS);
    printf("\n| adapter's timer, 115200 baud | lockbus over the limit | "
           "libmodbus and a t3.5 sleep | dropped |\n|---|---|---|---|\n");
    for (size_t i = 0; good && i < SETS; i++) {
        struct bus_wire_settings set = sets[i];
        struct bus_wire wire;

        set.first = 1;
        if (!bus_wire_start(&wire, &set, 1)) {
            return false;
        }
        stage_slice(&stage[i], SLICE_S, &row[i][0]);
        bus_libmodbus(&wire, set.baud, i == 0 ? 16 : 8, true, &result);
        add(&row[i][1], &wire, &result);
        bus_wire_stop(&wire);
        printf("| %u ms | %.4f | %.4f | %llu, %llu |\n",
               (unsigned)set.latency_us / 1000, ratio_of(&row[i][0], set.baud),
               ratio_of(&row[i][1], set.baud),
               (unsigned long long)row[i][0].dropped,
               (unsigned long long)row[i][1].dropped);
    }
    for (size_t i = 0; i < SETS; i++) {
        stage_stop(&stage[i]);
    }
    return good;
}

bool bench_bus(const char *tests, const char *dir, const char *only)
{
    char script[PATHS];

    (void)mkdir(dir, 0700);
    (void)snprintf(script, sizeof script, "%s/pymodbus_cycle.py", tests);
    bool all = only[0] == '\0', good = true;

    if (all || strcmp(only, "cycle") == 0) {
        good = part_cycle(dir, script) && good;
    }
    if (all || strcmp(only, "eight") == 0) {
        good = part_eight(dir) && good;
    }
    if (all || strcmp(only, "open") == 0) {
        good = part_open(dir) && good;
    }
    if (all || strcmp(only, "adapter") == 0) {
        good = part_adapter(dir) && good;
    }
    return good;
}
