/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "order.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- Filters ------------------------------------------------------------- */

static bool has(const char *text, const char *part)
{
    size_t len = strlen(part);

    for (; *text != '\0'; text++) {
        size_t i = 0;

        while (i < len && tolower((unsigned char)text[i]) ==
                              tolower((unsigned char)part[i])) {
            i++;
        }
        if (i == len) {
            return true;
        }
    }
    return len == 0;
}

/* "b7" is board 7 alone, so that b1 does not bring b10 to b19 too. */
static bool is_board(const char *text, unsigned number)
{
    char name[16];

    (void)snprintf(name, sizeof name, "b%u", number);
    return strcmp(text, name) == 0;
}

/* "b" and digits: nothing else is meant by it. */
static bool names_board(const char *text)
{
    return text[0] == 'b' && text[1] != '\0' &&
           strspn(text + 1, "0123456789") == strlen(text + 1);
}

static bool shown(const struct picture_door *door, enum order_show show)
{
    switch (show) {
    case ORDER_SHOW_PARCELS:
        return door->at.custody != LOCKBUS_CUSTODY_VACANT;
    case ORDER_SHOW_TROUBLE:
        return picture_state(door) <= PICTURE_FROZEN;
    case ORDER_SHOW_ALL:
    case ORDER_SHOWS:
        break;
    }
    return true;
}

bool order_door_fits(const struct picture_door *door,
                     const struct order_wish *wish)
{
    const char *text = wish->text;

    if (!shown(door, wish->show)) {
        return false;
    }
    if (names_board(text)) {
        return is_board(text, door->at.board);
    }
    return has(door->at.label, text) || has(door->at.door_size, text) ||
           has(door->at.remark, text) ||
           has(picture_state_word(picture_state(door)), text);
}

bool order_board_fits(const struct picture_board *board,
                      const struct order_wish *wish)
{
    const struct lockbus_board *at = &board->at;
    const char *text = wish->text;

    if (wish->show == ORDER_SHOW_TROUBLE &&
        at->state == LOCKBUS_BOARD_PRESENT && picture_board_errors(at) == 0) {
        return false;
    }
    if (names_board(text)) {
        return is_board(text, at->number);
    }
    return has(lockbus_board_state_name(at->state), text) ||
           has(at->bus, text) || has(at->profile, text) || has(at->text, text);
}

/* ---- Order --------------------------------------------------------------- */

static uint64_t urgency(enum lockbus_board_state state)
{
    switch (state) {
    case LOCKBUS_BOARD_REFUSED:
        return 0;
    case LOCKBUS_BOARD_AWAY:
        return 1;
    case LOCKBUS_BOARD_SUSPECT:
        return 2;
    case LOCKBUS_BOARD_MISSED:
        return 3;
    case LOCKBUS_BOARD_CHECKING:
        return 4;
    case LOCKBUS_BOARD_NEW:
        return 5;
    case LOCKBUS_BOARD_PRESENT:
        break;
    }
    return 6;
}

uint64_t order_rank(const struct picture_board *board, enum order_by by)
{
    if (board == NULL) {
        return UINT64_MAX;
    }
    switch (by) {
    case ORDER_BY_STATE:
        return urgency(board->at.state);
    case ORDER_BY_ERRORS:
        return UINT64_MAX - picture_board_errors(&board->at);
    case ORDER_BY_LATENCY:
        return UINT64_MAX - board->at.reply_time_us;
    case ORDER_BY_LABEL:
    case ORDER_BY_BOARD:
    case ORDER_BYS:
        break;
    }
    return 0;
}

unsigned order_boards(uint8_t out[PICTURE_BOARDS],
                      const struct picture *picture,
                      const struct order_wish *wish)
{
    unsigned count = 0;

    /* Few, and as they are numbered: sorted in as they come. */
    for (unsigned i = 0; i < picture->boards; i++) {
        const struct picture_board *board = &picture->board[i];
        unsigned at = count;

        if (board->number == 0 || !order_board_fits(board, wish)) {
            continue;
        }
        for (; at > 0; at--) {
            const struct picture_board *before = &picture->board[out[at - 1]];
            uint64_t one = order_rank(before, wish->by);
            uint64_t other = order_rank(board, wish->by);

            if (one < other ||
                (one == other && before->number < board->number)) {
                break;
            }
            out[at] = out[at - 1];
        }
        out[at] = (uint8_t)i;
        count++;
    }
    return count;
}
