/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The boards and the line, beside the doors.
 */
#include "draw.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

static const struct {
    char letter;
    const char *word;
} boards[] = {
    [0] = {'?', "?"},
    [LOCKBUS_BOARD_NEW] = {'?', "new"},
    [LOCKBUS_BOARD_CHECKING] = {'c', "check"},
    [LOCKBUS_BOARD_PRESENT] = {'+', "here"},
    [LOCKBUS_BOARD_SUSPECT] = {'s', "suspect"},
    [LOCKBUS_BOARD_MISSED] = {'m', "missed"},
    [LOCKBUS_BOARD_AWAY] = {'X', "AWAY"},
    [LOCKBUS_BOARD_REFUSED] = {'!', "REFUSED"},
};

static bool well(const struct picture_board *board)
{
    return board->at.state == LOCKBUS_BOARD_PRESENT;
}

char draw_board_letter(enum lockbus_board_state state)
{
    return boards[state].letter;
}

unsigned long draw_board_style(const struct draw *draw,
                               const struct picture_board *board)
{
    return well(board) ? A_NORMAL
           : board->at.state == LOCKBUS_BOARD_AWAY ||
                   board->at.state == LOCKBUS_BOARD_REFUSED
               ? draw_tone(draw, PICTURE_BAD) | A_REVERSE
               : draw_tone(draw, PICTURE_REFUSED);
}

/* " 12 here main/12 2.1ms t3 c0 e0", or why it is not here. */
static void in_full(const struct picture_board *board, char *out, size_t cap)
{
    const struct lockbus_board *at = &board->at;

    if (at->text[0] != '\0') {
        (void)snprintf(out, cap, "%3u %-7s %s", at->number,
                       boards[at->state].word, at->text);
        return;
    }
    (void)snprintf(
        out, cap, "%3u %-7s %5.1fms t%-4llu c%-3llu e%-3llu %.6s/%u",
        at->number, boards[at->state].word, (double)at->reply_time_us / 1000,
        (unsigned long long)at->timeouts, (unsigned long long)at->crc_errors,
        (unsigned long long)at->exceptions, at->bus, (unsigned)at->address);
}

/* " 12+ 2.1" */
static void in_brief(const struct picture_board *board, char *out, size_t cap)
{
    const struct lockbus_board *at = &board->at;

    if (board->here) {
        (void)snprintf(out, cap, "%3u%c%4.1f", at->number,
                       boards[at->state].letter,
                       (double)at->reply_time_us / 1000);
    } else {
        (void)snprintf(out, cap, "%3u%c%-4.4s", at->number,
                       boards[at->state].letter, boards[at->state].word);
    }
}

static void draw_board(const struct draw *draw,
                       const struct picture_board *board, unsigned place)
{
    const struct layout *layout = &draw->layout;
    struct layout_box at = layout->side;
    char text[160];

    if (layout->boards_in_full) {
        in_full(board, text, sizeof text);
    } else {
        in_brief(board, text, sizeof text);
    }
    at.y += 1 + (int)(place % layout->board_lines);
    at.x += (int)(place / layout->board_lines) * layout->board_w;
    at.w = layout->board_w - (layout->boards_in_full ? 0 : 1);
    (void)draw_text(at, draw_board_style(draw, board), text);
}

/* Those that are not well come first when not all have room. */
static void draw_boards(const struct draw *draw)
{
    const struct picture *picture = draw->picture;
    const struct layout *layout = &draw->layout;
    unsigned room = layout->board_lines * layout->board_columns, place = 0;
    bool all = picture->boards <= room;

    for (int round = all ? 1 : 0; round < 2; round++) {
        for (unsigned i = 0; i < picture->boards && place < room; i++) {
            if (all || well(&picture->board[i]) == (round == 1)) {
                draw_board(draw, &picture->board[i], place++);
            }
        }
    }
}

static void draw_counter(struct layout_box *at, const char *name,
                         uint64_t value)
{
    char text[48];

    (void)snprintf(text, sizeof text, "%-9s%10llu", name,
                   (unsigned long long)value);
    (void)draw_text(*at, A_NORMAL, text);
    at->y++;
}

/* Frames and bytes that nobody asked for are counted by bus, so they are
 * taken from the first board of each. */
static uint64_t stray(const struct picture *picture)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < picture->boards; i++) {
        const struct lockbus_board *board = &picture->board[i].at;
        bool first = true;

        for (unsigned k = 0; k < i; k++) {
            first = first && strcmp(picture->board[k].at.bus, board->bus) != 0;
        }
        sum += first ? board->bus_foreign + board->bus_stray_bytes : 0;
    }
    return sum;
}

void draw_side(const struct draw *draw)
{
    const struct lockbus_cabinet_info *info = &draw->picture->info;
    const struct layout_box *side = &draw->layout.side;
    unsigned room = draw->layout.board_lines * draw->layout.board_columns;
    char text[80];

    if (side->w == 0) {
        return;
    }
    (void)mvvline(side->y, side->x - 1, ACS_VLINE, side->h);
    if (draw->picture->boards > room) {
        (void)snprintf(text, sizeof text, "boards (+%u more)",
                       draw->picture->boards - room);
    } else if (draw->layout.boards_in_full) {
        (void)snprintf(text, sizeof text, "board   reply time, timeouts, crc");
    } else {
        (void)snprintf(text, sizeof text, "boards, reply ms");
    }
    (void)draw_text(*side, A_UNDERLINE, text);
    draw_boards(draw);
    struct layout_box at = *side;

    at.y += side->h - LAYOUT_BUS_LINES;
    draw_counter(&at, "requests", info->requests);
    draw_counter(&at, "replies", info->replies);
    draw_counter(&at, "timeouts", info->timeouts);
    draw_counter(&at, "crc", info->crc_errors);
    draw_counter(&at, "stray", stray(draw->picture));
}
