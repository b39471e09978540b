/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef DRAW_H
#define DRAW_H

/*
 * A picture on curses' standard screen. Every state has its letter and its
 * attribute as well as its colour, so that nothing is lost without colours.
 */

#include "order.h"

struct draw {
    const struct picture *picture;
    bool colours;
    struct order_wish wish;
    bool boards;   /* lines and boards instead of doors */
    bool typing;   /* a text to filter by is being typed */
    unsigned page; /* brought into range by draw_all() */
    unsigned pages;
    struct order order;
    struct layout layout;
};

/* Pairs for draw_all(); after start_color(). */
void draw_colours(void);

/* Lays out and draws; the caller refreshes. */
void draw_all(struct draw *draw, int rows, int cols);

/* Text within w columns: what cannot be printed becomes '?', so that no name
 * or sentence can command the terminal. Returns the columns used. */
int draw_text(struct layout_box at, unsigned long attributes, const char *text);

/* draw_side.c */
void draw_side(const struct draw *draw);
char draw_board_letter(enum lockbus_board_state state);
unsigned long draw_board_style(const struct draw *draw,
                               const struct picture_board *board);

/* draw_boards.c: lines and boards as a table, in place of doors and side. */
void draw_boards_table(struct draw *draw);

/* draw_keys.c: what keys do now. */
void draw_keys(const struct draw *draw);

/* The attribute of a tone. */
unsigned long draw_tone(const struct draw *draw, enum picture_tone tone);

#endif
