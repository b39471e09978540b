/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef ORDER_H
#define ORDER_H

/*
 * Which doors and boards are shown, in which order and in which groups.
 */

#include "layout.h"
#include "picture.h"

enum order_by {
    ORDER_BY_LABEL = 0, /* groups: the label without its last digits */
    ORDER_BY_STATE,     /* the most urgent first */
    ORDER_BY_BOARD,     /* and its channels */
    /* of its board, the most first */
    ORDER_BY_ERRORS,
    ORDER_BY_LATENCY,
    ORDER_BYS
};

enum order_show {
    ORDER_SHOW_ALL = 0,
    ORDER_SHOW_TROUBLE, /* all but shut doors that nothing is wrong with */
    ORDER_SHOW_PARCELS, /* doors that are not vacant */
    ORDER_SHOWS
};

enum { ORDER_TEXT = 24 };

/* What a person wants to see. `text` leaves only what has it in it, whatever
 * the case: a door's label, size, state or remark, or its board as "b7"; a
 * board as "b7", its state, line, profile or the reason why it is away. */
struct order_wish {
    enum order_by by;
    enum order_show show;
    char text[ORDER_TEXT];
};

struct order {
    size_t count;
    uint16_t door[LAYOUT_DOORS]; /* numbers */
    bool follows[LAYOUT_DOORS];
    size_t groups;
    struct layout_group group[LAYOUT_DOORS];
    char heading[LAYOUT_DOORS][16];
    unsigned label_w, tail_w;
};

void order_make(struct order *order, const struct picture *picture,
                const struct order_wish *wish);

/* Places in picture->board; how many. `show` TROUBLE leaves those that are not
 * PRESENT or had errors; PARCELS is for doors. */
unsigned order_boards(uint8_t out[PICTURE_BOARDS],
                      const struct picture *picture,
                      const struct order_wish *wish);

/* Whether a door, a board is what is wished for. */
bool order_door_fits(const struct picture_door *door,
                     const struct order_wish *wish);
bool order_board_fits(const struct picture_board *board,
                      const struct order_wish *wish);

/* "label", "state", "board", "errors", "latency"; "all", "parcels",
 * "trouble". */
const char *order_by_name(enum order_by by);
bool order_by_find(const char *name, enum order_by *by);
const char *order_show_name(enum order_show show);

/* What boards are sorted by, the lowest first. By label they are by number. */
uint64_t order_rank(const struct picture_board *board, enum order_by by);

/* Where a label's last digits begin; its start when all of it is digits or
 * none is. */
const char *order_tail(const char *label);

#endif
