/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LAYOUT_H
#define LAYOUT_H

/*
 * Where things go on a screen of so many rows and columns: pure, so that a
 * test can walk all sizes. Doors come in an order and in groups (a column of
 * a cabinet, a state, a board); a group's doors stand below each other under
 * its heading, and a group goes on in the next column when it is too long.
 *
 * Of four forms of a cell the richest that shows all doors at once is taken:
 * words, label and letter, the label's last digits and letter (the heading
 * has the rest), or runs of letters behind the first one's label. When not
 * even the last does, there are pages.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LAYOUT_DOORS = 1024,
    LAYOUT_RUN = 8,       /* letters behind one label */
    LAYOUT_BUS_LINES = 5, /* the whole cabinet's counters, below the boards */
    LAYOUT_ROWS_MIN = 14,
    LAYOUT_COLS_MIN = 50
};

enum layout_form {
    LAYOUT_WORDS = 0, /* "A07 O open        *" */
    LAYOUT_LABEL,     /* "A07 O*" */
    LAYOUT_SHORT,     /* "07 O*" under "A" */
    LAYOUT_RUNS       /* "A01 ..P..O.P" */
};

struct layout_group {
    uint16_t first, count; /* of the order */
};

struct layout_ask {
    int rows, cols;
    const struct layout_group *group; /* at most LAYOUT_DOORS, none empty */
    size_t groups;
    /* By place in the order: whether it is numbered one above the one
     * before, so that both can stand in a run. NULL: no runs. */
    const bool *follows;
    unsigned label_w; /* the longest label: 1 to 15 */
    unsigned tail_w;  /* what the heading leaves of it; 0: no short form */
    unsigned boards;
};

struct layout_box {
    int y, x, h, w;
};

struct layout_spot {
    uint16_t page;
    int16_t y, x; /* within `doors` */
    bool begins;  /* a cell: its label stands here */
};

struct layout_heading {
    uint16_t page, group;
    int16_t y, x;
};

struct layout {
    bool legible; /* false: nothing else is set */
    struct layout_box title, cabinet, status, doors, side, rule, events, legend,
        keys;
    enum layout_form form;
    int cell_w;       /* with the gap to the next */
    unsigned columns; /* of cells on a page */
    unsigned pages;   /* at least 1 */
    size_t spots, headings;
    struct layout_spot spot[LAYOUT_DOORS]; /* by place in the order */
    struct layout_heading heading[2 * LAYOUT_DOORS];
    /* lines for boards in `side`, below its own heading */
    bool boards_in_full; /* with counters; else number, letter, time */
    int board_w;
    unsigned board_lines, board_columns;
};

void layout_make(struct layout *layout, const struct layout_ask *ask);

/* How many doors stand on a page. */
size_t layout_on_page(const struct layout *layout, unsigned page);

#endif
