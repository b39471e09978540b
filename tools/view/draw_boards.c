/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Every line and every board, a row each, with all that is counted. What a
 * narrow window cuts off stands last.
 */
#include "draw.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 240, MEDIAN = 500, MOST = 990 };

static struct layout_box table_box(const struct draw *draw)
{
    struct layout_box box = draw->layout.doors;

    box.w = draw->layout.title.w;
    return box;
}

/* "115200" is a rate; a line without one has none to show. */
static void bus_text(const struct picture_bus *bus, char *out, size_t cap)
{
    const struct lockbus_bus *at = &bus->at;
    char rates[48] = "   -       -  ", p50[8], p99[8];

    if (!at->open) {
        (void)snprintf(out, cap, "%-10.10s CLOSED  %s (%s)", at->name, at->text,
                       at->port);
        return;
    }
    if (bus->timed) {
        (void)snprintf(rates, sizeof rates, "%6.1f  %6.1f", bus->requests_s,
                       bus->rounds_s);
    }
    picture_latency_text(at->reply_times, MEDIAN, p50);
    picture_latency_text(at->reply_times, MOST, p99);
    (void)snprintf(
        out, cap,
        "%-10.10s %s %5.1f  %4s %4s  %5llu %5llu %5llu %5llu %5llu "
        "%5llu %5llu %3llu  %s%s",
        at->name, rates, (double)at->round_us / 1000, p50, p99,
        (unsigned long long)at->timeouts, (unsigned long long)at->crc_errors,
        (unsigned long long)at->late, (unsigned long long)at->exceptions,
        (unsigned long long)at->foreign, (unsigned long long)at->stray_bytes,
        (unsigned long long)at->echoes, (unsigned long long)at->losses,
        at->port,
        at->latency == LOCKBUS_LATENCY_REFUSED ? " SLOW ADAPTER" : "");
}

static void board_text(const struct picture_board *board, char *out, size_t cap)
{
    const struct lockbus_board *at = &board->at;
    char where[24], p50[8], p99[8];

    (void)snprintf(where, sizeof where, "%.10s/%u", at->bus,
                   (unsigned)at->address);
    picture_latency_text(at->reply_times, MEDIAN, p50);
    picture_latency_text(at->reply_times, MOST, p99);
    (void)snprintf(
        out, cap,
        "%3u%c %-14s %5.1f  %4s %4s  %5llu %5llu %5llu %5llu  %7llu "
        "%5llu  %s%s%s",
        at->number, draw_board_letter(at->state), where,
        (double)at->reply_time_us / 1000, p50, p99,
        (unsigned long long)at->timeouts, (unsigned long long)at->crc_errors,
        (unsigned long long)at->late, (unsigned long long)at->exceptions,
        (unsigned long long)at->requests, (unsigned long long)at->pulses,
        at->text, at->text[0] != '\0' ? ": " : "", at->profile);
}

/* Boards below the lines; `first` of them is at the top. */
static void draw_rows(const struct draw *draw, struct layout_box at,
                      const uint8_t *board, unsigned count)
{
    char text[TEXT_MAX];

    (void)draw_text(at, A_UNDERLINE,
                    "board              reply  half  99%   miss   crc  late   "
                    "exc  request pulse  profile");
    for (unsigned i = 0; i < count; i++) {
        const struct picture_board *row = &draw->picture->board[board[i]];

        at.y++;
        board_text(row, text, sizeof text);
        (void)draw_text(at, draw_board_style(draw, row), text);
    }
    if (count == 0) {
        at.y++;
        (void)draw_text(at, A_NORMAL, "no such board");
    }
}

static int draw_buses(const struct draw *draw, struct layout_box at, int most)
{
    const struct picture *picture = draw->picture;
    char text[TEXT_MAX];
    int rows = 1;

    (void)draw_text(at, A_UNDERLINE,
                    "line       asks/s rounds/s    ms  half  99%   miss   crc  "
                    "late   exc forgn stray  echo lost  port");
    for (unsigned i = 0; i < picture->buses && rows < most; i++, rows++) {
        const struct picture_bus *bus = &picture->bus[i];

        at.y++;
        bus_text(bus, text, sizeof text);
        (void)draw_text(at,
                        bus->at.open ? A_NORMAL
                                     : draw_tone(draw, PICTURE_BAD) | A_REVERSE,
                        text);
    }
    return rows;
}

void draw_boards_table(struct draw *draw)
{
    struct layout_box box = table_box(draw), at = box;
    uint8_t board[PICTURE_BOARDS];
    unsigned count = order_boards(board, draw->picture, &draw->wish);

    at.h = 1;
    int used = draw_buses(draw, at, box.h - 2);
    unsigned room = (unsigned)(box.h - used - 1);

    draw->pages = count == 0 ? 1 : (count + room - 1) / room;
    if (draw->page >= draw->pages) {
        draw->page = draw->pages - 1;
    }
    unsigned first = draw->page * room;

    at.y += used;
    draw_rows(draw, at, board + first,
              count - first < room ? count - first : room);
}
