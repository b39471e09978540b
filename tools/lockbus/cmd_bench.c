/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus bench PORT: how well a real line carries one board's reads, one
 * behind the other, beside what the wire alone would need. Reads only.
 */
#include "exchange.h"
#include "issue_args.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLES = 200000,
    SECONDS = 5,
    SECONDS_MAX = 600,
    PATIENCE_US = 500000,
    COUNT = 8,
    COUNT_MAX = 125,
    ADDRESS_MAX = 247
};

struct bench {
    size_t asked, replies;
    size_t end[EXCHANGE_LOST + 1];
    uint64_t began_us, took_us;
    uint64_t *round_us, *turn_us; /* of replies */
};

struct args {
    struct issue_list port;
    const char *baud;
    uint64_t address, fc, first, count, seconds;
};

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double ms(uint64_t us)
{
    return (double)us / 1000;
}

/* `values` are sorted. */
static void show_spread(const char *name, const uint64_t *values, size_t count)
{
    printf("%-20s p50 %.2f ms, p90 %.2f, p99 %.2f, most %.2f\n", name,
           ms(values[count / 2]), ms(values[count * 9 / 10]),
           ms(values[count * 99 / 100]), ms(values[count - 1]));
}

static void show_latency(const struct exchange_line *on)
{
    static const char *const text[] = {
        [LB_LOW_LATENCY_NONE] = "the port has no such knob",
        [LB_LOW_LATENCY_ON] = "on",
        [LB_LOW_LATENCY_REFUSED] =
            "refused: every reply may wait up to 16 ms in the adapter"};

    printf("%-20s %s\n", "low latency", text[lb_line_low_latency(&on->line)]);
}

static void show(const struct exchange_line *on,
                 const struct lb_request *request, struct bench *bench)
{
    uint64_t own_us = exchange_own_us(on, request);

    printf("%-20s %zu in %.1f s; %zu replies, %zu exceptions\n", "reads",
           bench->asked, ms(bench->took_us) / 1000, bench->replies,
           bench->end[EXCHANGE_EXCEPTION]);
    printf("%-20s %zu silent, %zu damaged, %zu foreign; %" PRIu64
           " requests came back as an echo\n",
           "errors", bench->end[EXCHANGE_SILENT], bench->end[EXCHANGE_DAMAGED],
           bench->end[EXCHANGE_FOREIGN], on->echoes);
    show_latency(on);
    if (bench->replies == 0) {
        puts("No reply: another address, baud rate or frame; or a board that "
             "has nothing to\nread this way. Boards without inputs: --fc 1, or "
             "--fc 3 --first 1 --count 1");
        return;
    }
    qsort(bench->round_us, bench->replies, sizeof *bench->round_us, by_size);
    qsort(bench->turn_us, bench->replies, sizeof *bench->turn_us, by_size);
    show_spread("round trip", bench->round_us, bench->replies);
    show_spread("beside the bytes", bench->turn_us, bench->replies);
    if (own_us == 0) {
        return; /* the gateway's wire is out of sight */
    }
    uint64_t best = own_us + bench->turn_us[0];
    uint64_t each = bench->took_us / bench->asked;

    printf("%-20s %.2f ms; bytes, one silence and the quickest reply allow "
           "%.2f ms: ratio %.3f\n",
           "each read took", ms(each), ms(best), (double)each / (double)best);
}

static bool run(struct exchange_line *on, const struct lb_request *request,
                uint64_t seconds, struct bench *bench)
{
    bench->began_us = lb_clock_boot_us();
    uint64_t until = bench->began_us + seconds * 1000000;

    while (bench->asked < SAMPLES && lb_clock_boot_us() < until) {
        struct exchange_answer answer =
            exchange_ask(on, request, PATIENCE_US, 0);

        bench->end[answer.end]++;
        if (answer.end == EXCHANGE_LOST || answer.end == EXCHANGE_BABBLE) {
            fprintf(stderr, "lockbus: %s\n",
                    answer.end == EXCHANGE_BABBLE
                        ? "the line is never quiet: does another host poll it?"
                        : "the port is gone");
            return false;
        }
        bench->asked++;
        if (answer.end == EXCHANGE_REPLY) {
            bench->round_us[bench->replies] = answer.round_us;
            bench->turn_us[bench->replies++] = answer.turn_us;
        }
    }
    bench->took_us = lb_clock_boot_us() - bench->began_us;
    return true;
}

static bool read_args(int argc, char **argv, struct args *args,
                      struct lb_serial_settings *serial,
                      struct lb_request *request)
{
    struct issue_arg table[] = {
        {"", ISSUE_LIST, &args->port, 0, false, false},
        {"--address", ISSUE_NUMBER, &args->address, ADDRESS_MAX, false, false},
        {"--baud", ISSUE_TEXT, &args->baud, 0, true, false},
        {"--fc", ISSUE_NUMBER, &args->fc, 4, true, false},
        {"--first", ISSUE_NUMBER, &args->first, UINT16_MAX, true, false},
        {"--count", ISSUE_NUMBER, &args->count, COUNT_MAX, true, false},
        {"--seconds", ISSUE_NUMBER, &args->seconds, SECONDS_MAX, true, false},
    };

    if (!issue_args(argc, argv, table, sizeof table / sizeof table[0]) ||
        !issue_files(argv, &args->port, 1)) {
        return false;
    }
    const uint8_t head[2] = {(uint8_t)args->address, (uint8_t)args->fc};

    if (args->address == 0 || args->seconds == 0) {
        fputs("lockbus: --address: 1 to 247; --seconds: 1 to 600\n", stderr);
        return false;
    }
    if (!exchange_settings(serial, args->baud)) {
        fputs("lockbus: --baud: a rate from 1200 to 1000000, and a frame such "
              "as 8N1: 9600,8N1\n",
              stderr);
        return false;
    }
    if (!exchange_read(request, head, (uint16_t)args->first,
                       (unsigned)args->count)) {
        fputs("lockbus: --fc: 1 to 4, which read; --count: 1 to 125, within "
              "the addresses\n",
              stderr);
        return false;
    }
    return true;
}

int cmd_bench(int argc, char **argv)
{
    struct args args = {
        .baud = "9600,8N1", .fc = 2, .count = COUNT, .seconds = SECONDS};
    struct lb_serial_settings serial;
    struct lb_request request = {.len = 0};
    struct exchange_line on;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct bench bench = {0};
    int status = TOOL_FAILED;

    if (!read_args(argc, argv, &args, &serial, &request)) {
        return tool_usage(argv[0], NULL);
    }
    if (exchange_open(&on, args.port.item[0], &serial, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    bench.round_us = calloc(SAMPLES, sizeof *bench.round_us);
    bench.turn_us = calloc(SAMPLES, sizeof *bench.turn_us);
    if (bench.round_us == NULL || bench.turn_us == NULL) {
        why.err = LOCKBUS_ERR_NOMEM;
        (void)tool_complain(&why);
    } else if (run(&on, &request, args.seconds, &bench)) {
        show(&on, &request, &bench);
        status = bench.replies != 0 ? TOOL_OK : TOOL_FAILED;
    }
    free(bench.round_us);
    free(bench.turn_us);
    exchange_close(&on);
    return status;
}
