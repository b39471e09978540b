/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "watch_lines.h"

#include <stdio.h>

enum { MEDIAN = 500, MOST = 990 };

/* Only what is not 0: in a good line nothing is, and a bad one's stands out. */
static void count(const char *name, uint64_t value)
{
    if (value != 0) {
        printf(", %s %llu", name, (unsigned long long)value);
    }
}

static void times(const uint64_t of[LOCKBUS_REPLY_TIMES])
{
    char p50[8], p99[8];

    picture_latency_text(of, MEDIAN, p50);
    picture_latency_text(of, MOST, p99);
    printf(", replies %s ms, 99%% %s ms", p50, p99);
}

static void show_bus(const struct picture_bus *bus)
{
    const struct lockbus_bus *at = &bus->at;

    printf("line %s: %s, ", at->name, at->port);
    if (!at->open) {
        printf("closed: %s\n", at->text);
        return;
    }
    if (at->baud != 0) {
        printf("%u baud, ", (unsigned)at->baud);
    }
    printf("requests %llu", (unsigned long long)at->requests);
    if (bus->timed) {
        printf(", %.1f requests/s, %.1f rounds/s", bus->requests_s,
               bus->rounds_s);
    }
    times(at->reply_times);
    count("timeouts", at->timeouts);
    count("damaged", at->crc_errors);
    count("late", at->late);
    count("exceptions", at->exceptions);
    count("foreign", at->foreign);
    count("stray bytes", at->stray_bytes);
    count("echoes", at->echoes);
    count("losses", at->losses);
    printf("%s\n", at->latency == LOCKBUS_LATENCY_REFUSED
                       ? ", the adapter holds replies back"
                       : "");
}

static void show_board(const struct picture_board *board)
{
    const struct lockbus_board *at = &board->at;

    printf("board %u: %s, %s/%u %s, requests %llu", at->number,
           lockbus_board_state_name(at->state), at->bus, (unsigned)at->address,
           at->profile, (unsigned long long)at->requests);
    times(at->reply_times);
    count("timeouts", at->timeouts);
    count("damaged", at->crc_errors);
    count("late", at->late);
    count("exceptions", at->exceptions);
    count("pulses", at->pulses);
    printf("%s%s\n", at->text[0] != '\0' ? ": " : "", at->text);
}

void watch_lines(const struct picture *picture, const struct order_wish *wish)
{
    uint8_t board[PICTURE_BOARDS];
    unsigned count_of = order_boards(board, picture, wish);

    for (unsigned i = 0; i < picture->buses; i++) {
        show_bus(&picture->bus[i]);
    }
    for (unsigned i = 0; i < count_of; i++) {
        show_board(&picture->board[board[i]]);
    }
}
