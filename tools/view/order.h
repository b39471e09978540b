/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef ORDER_H
#define ORDER_H

/*
 * Which doors are shown, in which order and in which groups.
 */

#include "layout.h"
#include "picture.h"

enum order_by {
    ORDER_BY_LABEL = 0, /* groups: the label without its last digits */
    ORDER_BY_STATE,     /* the most urgent first */
    ORDER_BY_BOARD,     /* and its channels */
    ORDER_BYS
};

enum order_show {
    ORDER_SHOW_ALL = 0,
    ORDER_SHOW_TROUBLE, /* all but shut doors that nothing is wrong with */
    ORDER_SHOW_PARCELS, /* doors that are not vacant */
    ORDER_SHOWS
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
                enum order_by by, enum order_show show);

/* "label", "state", "board"; "all", "parcels", "trouble". */
const char *order_by_name(enum order_by by);
const char *order_show_name(enum order_show show);

/* Where a label's last digits begin; its start when all of it is digits or
 * none is. */
const char *order_tail(const char *label);

#endif
