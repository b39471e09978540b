/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "picture.h"

#include <stdio.h>
#include <string.h>

enum { RATE_EVERY_US = 1000000 };

/* Counters over a second: short enough to see what happens now, long enough
 * that a slow line's rounds do not jump. */
static void measure(struct picture_bus *bus, uint64_t now_us)
{
    uint64_t past = now_us - bus->since_us;

    if (bus->since_us != 0 && past < RATE_EVERY_US) {
        return;
    }
    if (bus->since_us != 0) {
        double s = (double)past / 1e6;

        bus->requests_s = (double)(bus->at.requests - bus->since_requests) / s;
        bus->rounds_s = (double)(bus->at.rounds - bus->since_rounds) / s;
        bus->timed = true;
    }
    bus->since_us = now_us;
    bus->since_requests = bus->at.requests;
    bus->since_rounds = bus->at.rounds;
}

void picture_take_buses(struct picture *picture,
                        const struct lockbus_cabinet *cabinet)
{
    picture->buses = picture->info.buses < PICTURE_BUSES ? picture->info.buses
                                                         : PICTURE_BUSES;
    for (unsigned i = 0; i < picture->buses; i++) {
        struct picture_bus *bus = &picture->bus[i];

        bus->at.size = (uint32_t)sizeof bus->at;
        if (lockbus_bus_at(cabinet, i, &bus->at, NULL) == LOCKBUS_OK) {
            measure(bus, picture->now_us);
        }
    }
}

uint32_t picture_latency_us(const uint64_t times[LOCKBUS_REPLY_TIMES],
                            unsigned of_1000)
{
    uint64_t all = 0, below = 0;

    for (unsigned i = 0; i < LOCKBUS_REPLY_TIMES; i++) {
        all += times[i];
    }
    for (unsigned i = 0; all > 0 && i < LOCKBUS_REPLY_TIMES; i++) {
        below += times[i];
        if (below * 1000 >= all * of_1000) {
            return lockbus_reply_bound_us(i);
        }
    }
    return 0;
}

void picture_latency_text(const uint64_t times[LOCKBUS_REPLY_TIMES],
                          unsigned of_1000, char out[8])
{
    uint32_t us = picture_latency_us(times, of_1000);

    if (us == 0) {
        (void)snprintf(out, 8, "-");
    } else if (us == UINT32_MAX) {
        (void)snprintf(out, 8, ">%u",
                       lockbus_reply_bound_us(LOCKBUS_REPLY_TIMES - 2) / 1000 %
                           10000);
    } else {
        (void)snprintf(out, 8, "<%u", us / 1000 % 10000);
    }
}

uint64_t picture_board_errors(const struct lockbus_board *board)
{
    return board->timeouts + board->crc_errors + board->late +
           board->exceptions;
}

const struct picture_board *picture_board(const struct picture *picture,
                                          unsigned number)
{
    for (unsigned i = 0; i < picture->boards; i++) {
        if (picture->board[i].number == number && number != 0) {
            return &picture->board[i];
        }
    }
    return NULL;
}
