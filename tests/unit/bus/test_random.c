/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Seeded trouble of every kind at once. After each poll the test compares
 * what the bus took with what the simulated boards said, request by request:
 * a reply counts only when it is the addressed board's own, to the request
 * that was sent last, and whole; a reading only with the very bits that were
 * sampled for it. Where a reply is late or lost, some input changes just
 * behind the sample, so that a stale reading cannot look like a fresh one.
 *
 * LOCKBUS_STORM_EXCHANGES and LOCKBUS_STORM_SEED make it longer and another;
 * script/storm does, and adds up the lines that begin with "storm:".
 */
#include "bus_bench.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    MS = 1000,
    SEC = 1000000,
    BOARDS = 8,
    CHANNELS = 8,
    FEW = 100000, /* exchanges, without LOCKBUS_STORM_EXCHANGES */
    SPELL = 50000 /* exchanges with one set of boards */
};

/* A time-out, a babbling line's half second, the host's own stall. */
enum { OLDEST_US = 1600 * MS };

enum kind {
    SILENT,
    LATE,
    FLIPPED,
    CUT,
    STRAY,
    FOREIGN,
    TWICE,
    JOINED,
    EXCEPTION,
    NOISE,
    KINDS
};

static const char *const kind_name[KINDS] = {
    [SILENT] = "silent", [LATE] = "late",          [FLIPPED] = "damaged",
    [CUT] = "cut",       [STRAY] = "stray_before", [FOREIGN] = "of_another",
    [TWICE] = "twice",   [JOINED] = "joined",      [EXCEPTION] = "exception",
    [NOISE] = "noise",
};

struct permitted {
    unsigned left;
    uint32_t ref;
    uint64_t deadline_us, pulsed_us;
};

struct storm { /* of one spell, but for the sums */
    uint64_t seed;
    struct permitted permitted[BOARDS][CHANNELS];
    unsigned confirmed[BOARDS][CHANNELS];
    uint64_t asked_us[BOARDS], read_us[BOARDS];
    uint64_t replies; /* as the bus counts them */
    bool own;         /* the last request has its own reply, whole, */
    uint64_t own_us;  /* which is there from then on */
};

struct sums {
    uint64_t exchanges, timeouts, readings, accepted, opened, late_seen;
    uint64_t faults[KINDS], deaths;
    uint64_t stale, foreign, old, wrong_doors, too_late, unrested, at_once,
        gaps;
};

static struct storm now;
static struct sums sum;

static uint32_t roll(uint32_t sides)
{
    now.seed ^= now.seed << 13;
    now.seed ^= now.seed >> 7;
    now.seed ^= now.seed << 17;
    return (uint32_t)(now.seed >> 20) % sides;
}

/* ---- Trouble ------------------------------------------------------------ */

static void change_a_leaf(struct sim_line *sim, struct sim_line_board *board)
{
    unsigned c = roll(CHANNELS);

    sim_line_leaf(sim, board, c, (board->leaf_high >> c & 1) != 0);
}

static void append(struct sim_line_reply *reply, const uint8_t *bytes,
                   size_t len)
{
    memcpy(reply->bytes + reply->len, bytes, len);
    reply->len += len;
}

static void other_address(uint8_t *frame, const uint8_t *request)
{
    do {
        frame[0] = (uint8_t)(1 + roll(roll(2) == 0 ? 247 : BOARDS));
    } while (frame[0] == request[0]);
}

/* What is said instead; false: the board's own reply is no more in it. */
static bool spoil(enum kind kind, const uint8_t *request,
                  struct sim_line_reply *reply, size_t *behind)
{
    uint8_t other[16];

    switch (kind) {
    case SILENT:
        reply->len = 0;
        return false;
    case LATE: /* but not beyond what a board is trusted to be */
        reply->delay_us = roll(200 * MS);
        return true;
    case FLIPPED:
        reply->bytes[roll((uint32_t)reply->len)] ^= (uint8_t)(1 + roll(255));
        return false;
    case CUT: /* by so much that no noise makes it whole again */
        reply->len = roll((uint32_t)reply->len - 2);
        return false;
    case STRAY:
        memmove(reply->bytes + 3, reply->bytes, reply->len);
        reply->bytes[0] = request[0];
        reply->bytes[1] = request[1];
        reply->bytes[2] = (uint8_t)roll(256);
        reply->len += 3;
        return true;
    case FOREIGN: /* well formed */
        other_address(reply->bytes, request);
        reply->len = sim_line_seal(reply->bytes, reply->len - 2);
        return false;
    case TWICE:
        *behind = reply->len;
        append(reply, reply->bytes, reply->len);
        return true;
    case JOINED: /* with another's, which says other things */
        memcpy(other, request, 2);
        other_address(other, request);
        other[1] = 2;
        other[2] = 1;
        other[3] = (uint8_t)roll(256);
        *behind = sim_line_seal(other, 4);
        append(reply, other, *behind);
        return true;
    case EXCEPTION:
        reply->bytes[1] = request[1] | 0x80;
        reply->bytes[2] = (uint8_t)(1 + roll(8));
        reply->len = sim_line_seal(reply->bytes, 3);
        return true;
    case NOISE:
    case KINDS:
        break;
    }
    return true;
}

/* ---- Pulses ------------------------------------------------------------- */

static unsigned driven(const struct sim_line *sim)
{
    unsigned count = 0;

    for (size_t b = 0; b < sim->boards; b++) {
        for (size_t c = 0; c < CHANNELS; c++) {
            count += sim->board[b].pulse_until_us[c] > sim->now_us ? 1 : 0;
        }
    }
    return count;
}

static bool is_pulse(const uint8_t *request, unsigned *channel)
{
    *channel = request[3];
    return request[1] == 5 && request[2] == 2 && request[3] < CHANNELS;
}

/* A board has done what it was told: was it allowed? */
static void judge_pulse(struct sim_line *sim, size_t board, unsigned channel)
{
    const struct bus_bench *bench = sim->user;
    struct permitted *of = &now.permitted[board][channel];

    if (of->left == 0) {
        sum.wrong_doors++;
        return;
    }
    of->left--;
    sum.opened++;
    sum.too_late += sim->tx_end_us > of->deadline_us ? 1 : 0;
    sum.at_once += driven(sim) > bench->at_once ? 1 : 0;
    sum.unrested +=
        of->pulsed_us != 0 &&
                sim->now_us - of->pulsed_us <
                    (uint64_t)(bench->pulse_ms + bench->rest_ms) * MS
            ? 1
            : 0;
    of->pulsed_us = sim->now_us;
}

/* ---- What boards say ---------------------------------------------------- */

static void say(struct sim_line *sim, struct sim_line_board *board,
                const uint8_t *request, struct sim_line_reply *reply)
{
    enum kind kind = (enum kind)roll(7 * KINDS);
    size_t index = (size_t)request[0] - 1, behind = 0;
    unsigned channel;

    now.own = false;
    if (kind == NOISE) {
        uint8_t byte = (uint8_t)roll(256);

        sim_line_inject(sim, &byte, 1, sim->now_us + roll(20 * MS));
        sum.faults[NOISE]++;
    }
    if (board == NULL) {
        return;
    }
    if (is_pulse(request, &channel)) {
        judge_pulse(sim, index, channel);
    }
    if (request[1] == 2) {
        now.asked_us[index] = sim->tx_from_us;
    }
    now.own = true;
    if (kind < NOISE) {
        now.own = spoil(kind, request, reply, &behind);
        sum.faults[kind]++;
        change_a_leaf(sim, board);
    }
    now.own_us = sim->now_us + reply->delay_us + board->turn_us +
                 sim_line_us(sim, reply->len - behind);
}

/* ---- What the bus made of it -------------------------------------------- */

static void judge_reading(struct bus_bench *bench, uint8_t b, uint64_t read_us)
{
    const struct sim_line_board *board = &bench->sim.board[b];
    bool same = read_us == now.asked_us[b];

    for (uint8_t c = 0; c < CHANNELS; c++) {
        bool open = (board->sampled >> c & 1) == 0;

        same &= open == (lb_bus_open_us(bench->bus, b, c) == read_us);
    }
    sum.readings++;
    sum.stale += same ? 0 : 1;
    sum.old += bench->sim.now_us - read_us > OLDEST_US ? 1 : 0;
}

static void judge(struct bus_bench *bench)
{
    struct lb_bus_counters count;

    lb_bus_counters(bench->bus, &count);
    if (count.replies != now.replies) {
        bool own = count.replies == now.replies + 1 && now.own &&
                   now.own_us <= bench->sim.now_us;

        sum.foreign += own ? 0 : 1;
        now.replies = count.replies;
    }
    for (uint8_t b = 0; b < BOARDS; b++) {
        uint64_t read_us = lb_bus_read_us(bench->bus, b);

        if (read_us != now.read_us[b]) {
            now.read_us[b] = read_us;
            judge_reading(bench, b, read_us);
        }
    }
}

static void judge_report(struct bus_bench *bench,
                         const struct lb_report *report)
{
    const struct sim_line_board *board = &bench->sim.board[report->board];
    unsigned channel;

    if (report->kind == LB_REPORT_LEAF) {
        bool open = (board->sampled >> report->channel & 1) == 0;

        sum.stale += open != report->leaf_open ? 1 : 0;
    } else if (report->kind == LB_REPORT_ACCEPTED) {
        const struct sim_line *sim = &bench->sim;

        sum.accepted++;
        now.confirmed[report->board][report->channel]++;
        if (!is_pulse(sim->sent, &channel) || channel != report->channel ||
            sim->sent[0] != board->address ||
            report->ref != now.permitted[report->board][report->channel].ref ||
            now.confirmed[report->board][report->channel] >
                board->pulses[report->channel]) {
            sum.wrong_doors++;
        }
    } else if (report->kind == LB_REPORT_DROPPED) {
        now.permitted[report->board][report->channel].left = 0;
    }
}

/* ---- The weather -------------------------------------------------------- */

static void ask_to_open(struct bus_bench *bench, uint8_t b, uint8_t c)
{
    uint32_t ref = 1 + roll(1000000);
    uint64_t us = roll(4 * SEC);

    if (bus_bench_pulse(bench, b, c, ref, us) == LOCKBUS_OK) {
        now.permitted[b][c].left = LB_PERMIT_PULSES;
        now.permitted[b][c].ref = ref;
        now.permitted[b][c].deadline_us = bench->sim.now_us + us;
    }
}

static void disturb(struct bus_bench *bench)
{
    uint8_t b = (uint8_t)roll(BOARDS), c = (uint8_t)roll(CHANNELS);
    struct sim_line_board *board = &bench->sim.board[b];
    uint8_t noise[4];

    switch (roll(8)) {
    case 0:
    case 1:
    case 2:
        ask_to_open(bench, b, c);
        if (roll(2) == 0) { /* whose confirmation is whose? */
            ask_to_open(bench, b, (uint8_t)((c + 1) % CHANNELS));
        }
        break;
    case 3:
        board->dead = roll(10) == 0;
        sum.deaths += board->dead ? 1 : 0;
        break;
    case 4:
        for (size_t i = 0; i < sizeof noise; i++) {
            noise[i] = (uint8_t)roll(256);
        }
        sim_line_inject(&bench->sim, noise, 1 + roll(sizeof noise),
                        bench->sim.now_us + roll(5 * MS));
        sum.faults[NOISE]++;
        break;
    default:
        sim_line_leaf(&bench->sim, board, c, roll(2) == 0);
        break;
    }
}

static void spell(uint64_t seed, uint64_t exchanges, bool echo)
{
    static const uint32_t bauds[] = {115200, 9600, 19200, 57600};
    struct bus_bench *bench = malloc(sizeof *bench);
    struct lb_bus_counters count = {0};

    assert_non_null(bench);
    now = (struct storm){.seed = seed | 1};
    bus_bench_init(bench, bauds[roll(4)], BOARDS);
    bench->stall_us = roll(3) == 0 ? roll(4 * MS) : 0;
    bench->sim.echo = echo;
    bench->watch = judge_report;
    bench->turned = judge;
    bench->sim.hook = say;
    bus_bench_start(bench);
    while (count.requests < exchanges) {
        bus_bench_for(bench, 1 + roll(100 * MS));
        disturb(bench);
        bus_bench_clear(bench);
        lb_bus_counters(bench->bus, &count);
    }
    sum.exchanges += count.requests;
    sum.timeouts += count.timeouts;
    sum.late_seen += count.late;
    sum.gaps += bench->sim.gaps_broken;
    bus_bench_free(bench);
    free(bench);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void tell(uint64_t seed)
{
    print_message("storm: seed=%" PRIu64 " exchanges=%" PRIu64
                  " readings=%" PRIu64 " pulses=%" PRIu64 " confirmed=%" PRIu64
                  " time_outs=%" PRIu64 " late_seen=%" PRIu64,
                  seed, sum.exchanges, sum.readings, sum.opened, sum.accepted,
                  sum.timeouts, sum.late_seen);
    for (size_t i = 0; i < KINDS; i++) {
        print_message(" fault_%s=%" PRIu64, kind_name[i], sum.faults[i]);
    }
    print_message(" fault_board_dies=%" PRIu64, sum.deaths);
    print_message(" stale=%" PRIu64 " foreign=%" PRIu64 " old=%" PRIu64
                  " wrong_doors=%" PRIu64 " pulses_too_late=%" PRIu64
                  " unrested=%" PRIu64 " too_many_at_once=%" PRIu64
                  " gaps_broken=%" PRIu64 "\n",
                  sum.stale, sum.foreign, sum.old, sum.wrong_doors,
                  sum.too_late, sum.unrested, sum.at_once, sum.gaps);
}

static void storm(bool echo)
{
    uint64_t left = setting("LOCKBUS_STORM_EXCHANGES", FEW) / 2;
    uint64_t seed = setting("LOCKBUS_STORM_SEED", 4711) + (echo ? 1U : 0U);

    sum = (struct sums){0};
    for (uint64_t n = 1; left > 0; n++) {
        uint64_t some = left < SPELL ? left : SPELL;

        spell((seed + n) * UINT64_C(0x9E3779B97F4A7C15), some, echo);
        left -= some;
    }
    tell(seed);
    assert_int_equal(sum.stale, 0);
    assert_int_equal(sum.foreign, 0);
    assert_int_equal(sum.old, 0);
    assert_int_equal(sum.wrong_doors, 0);
    assert_int_equal(sum.too_late, 0);
    assert_int_equal(sum.unrested, 0);
    assert_int_equal(sum.at_once, 0);
    assert_int_equal(sum.gaps, 0);
    assert_true(sum.accepted > 100 && sum.readings > sum.exchanges / 3);
    for (size_t i = 0; i < KINDS; i++) {
        assert_true(sum.faults[i] > 100);
    }
}

static void nothing_stale_foreign_or_wrong_is_taken_in_a_storm(void **state)
{
    (void)state;
    storm(false);
}

static void nor_on_a_line_that_echoes(void **state)
{
    (void)state;
    storm(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_stale_foreign_or_wrong_is_taken_in_a_storm),
        cmocka_unit_test(nor_on_a_line_that_echoes),
    };
    return cmocka_run_group_tests_name("bus storm", tests, NULL, NULL);
}
