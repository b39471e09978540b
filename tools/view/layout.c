/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "layout.h"

#include <limits.h>
#include <string.h>

enum {
    FIXED_ROWS = 5, /* title, cabinet, status, rule, keys */
    WORDS_W = 16,   /* letter, longest word, mark and gaps */
    SIDE_NARROW = 19,
    SIDE_FULL = 44,  /* boards with their counters */
    BOARD_BRIEF = 9, /* a board's number, letter and reply time */
    HEADING_MAX = 2 * LAYOUT_DOORS
};

/* One walk over the doors in their order. */
struct flow {
    const struct layout_ask *ask;
    struct layout *layout; /* NULL: only measured */
    enum layout_form form;
    int height, cell_w, per_page; /* columns of a page */
    int column, y;
};

static int cell_width(const struct layout_ask *ask, enum layout_form form)
{
    switch (form) {
    case LAYOUT_WORDS:
        return (int)ask->label_w + WORDS_W;
    case LAYOUT_LABEL:
        return (int)ask->label_w + 3;
    case LAYOUT_SHORT:
        return (int)ask->tail_w + 3;
    case LAYOUT_RUNS:
        break;
    }
    return (int)ask->label_w + 1 + LAYOUT_RUN + 2;
}

static bool form_allowed(const struct layout_ask *ask, enum layout_form form)
{
    return (form != LAYOUT_SHORT ||
            (ask->tail_w != 0 && ask->tail_w < ask->label_w)) &&
           (form != LAYOUT_RUNS || ask->follows != NULL);
}

/* How many doors from `at` on one cell takes, before `end`. */
static size_t cell_doors(const struct flow *flow, size_t at, size_t end)
{
    size_t n = 1;

    if (flow->form != LAYOUT_RUNS) {
        return 1;
    }
    while (n < LAYOUT_RUN && at + n < end && flow->ask->follows[at + n]) {
        n++;
    }
    return n;
}

static size_t group_cells(const struct flow *flow,
                          const struct layout_group *group)
{
    size_t cells = 0, end = (size_t)group->first + group->count;

    for (size_t at = group->first; at < end; cells++) {
        at += cell_doors(flow, at, end);
    }
    return cells;
}

static void next_column(struct flow *flow)
{
    flow->column++;
    flow->y = 0;
}

static void put_heading(struct flow *flow, size_t group)
{
    struct layout *layout = flow->layout;

    if (layout != NULL && layout->headings < HEADING_MAX) {
        layout->heading[layout->headings++] = (struct layout_heading){
            .page = (uint16_t)(flow->column / flow->per_page),
            .group = (uint16_t)group,
            .y = (int16_t)flow->y,
            .x = (int16_t)(flow->column % flow->per_page * flow->cell_w),
        };
    }
    flow->y++;
}

static void put_cell(struct flow *flow, size_t at, size_t doors)
{
    int x = flow->column % flow->per_page * flow->cell_w;
    int letters = (int)flow->ask->label_w + 1;

    for (size_t i = 0; flow->layout != NULL && i < doors; i++) {
        flow->layout->spot[at + i] = (struct layout_spot){
            .page = (uint16_t)(flow->column / flow->per_page),
            .y = (int16_t)flow->y,
            .x = (int16_t)(i == 0 ? x : x + letters + (int)i),
            .begins = i == 0,
        };
    }
    flow->y++;
}

static void put_group(struct flow *flow, size_t number)
{
    const struct layout_group *group = &flow->ask->group[number];
    size_t end = (size_t)group->first + group->count;
    bool headed = flow->form != LAYOUT_RUNS;

    if (flow->y > 0 && (size_t)flow->y + headed + group_cells(flow, group) >
                           (size_t)flow->height) {
        next_column(flow);
    }
    for (size_t at = group->first; at < end;) {
        size_t doors = cell_doors(flow, at, end);

        if (flow->y >= flow->height) {
            next_column(flow);
        }
        if (headed && (at == group->first || flow->y == 0)) {
            put_heading(flow, number);
        }
        put_cell(flow, at, doors);
        at += doors;
    }
}

/* Places all doors in columns of this height; how many columns it took. */
static int flow_all(struct flow *flow, int height)
{
    flow->height = height;
    flow->column = flow->y = 0;
    for (size_t g = 0; g < flow->ask->groups; g++) {
        put_group(flow, g);
    }
    return flow->y > 0 ? flow->column + 1 : flow->column;
}

static struct flow flow_of(const struct layout_ask *ask, enum layout_form form,
                           int width)
{
    struct flow flow = {.ask = ask, .form = form};

    flow.cell_w = cell_width(ask, form);
    flow.per_page = width / flow.cell_w;
    return flow;
}

static int pages_of(int columns, int per_page)
{
    return columns == 0 ? 1 : (columns + per_page - 1) / per_page;
}

/* The least height at which one page holds all; 0: none up to `most`. */
static int least_height(struct flow *flow, int most)
{
    size_t rows = 0, columns = (size_t)flow->per_page;

    for (size_t g = 0; g < flow->ask->groups; g++) {
        rows += group_cells(flow, &flow->ask->group[g]) +
                (flow->form != LAYOUT_RUNS);
    }
    if (rows > columns * (size_t)most ||
        flow_all(flow, most) > flow->per_page) {
        return 0;
    }
    int least = (int)((rows + columns - 1) / columns);

    for (int height = least < 2 ? 2 : least; height < most; height++) {
        if (flow_all(flow, height) <= flow->per_page) {
            return height;
        }
    }
    return most;
}

/* The richest form that shows all; else the one with the fewest pages. Returns
 * the height that it needs. */
static int choose(struct layout *layout, const struct layout_ask *ask,
                  int width, int most)
{
    int fewest = INT_MAX;

    for (int i = LAYOUT_WORDS; i <= LAYOUT_RUNS; i++) {
        enum layout_form form = (enum layout_form)i;
        struct flow flow = flow_of(ask, form, width);

        if (!form_allowed(ask, form) || flow.per_page == 0) {
            continue;
        }
        int height = least_height(&flow, most);

        if (height > 0) {
            layout->form = form;
            return height;
        }
        int pages = pages_of(flow_all(&flow, most), flow.per_page);

        if (pages < fewest) {
            fewest = pages;
            layout->form = form;
        }
    }
    return most;
}

static void place_doors(struct layout *layout, const struct layout_ask *ask,
                        int height)
{
    struct flow flow = flow_of(ask, layout->form, layout->doors.w);

    flow.layout = layout;
    layout->cell_w = flow.cell_w;
    layout->columns = (unsigned)flow.per_page;
    for (size_t g = 0; g < ask->groups; g++) {
        layout->spots += ask->group[g].count;
    }
    layout->pages = (unsigned)pages_of(flow_all(&flow, height), flow.per_page);
}

static int side_width(int cols)
{
    if (cols < 76) {
        return 0; /* its figures are in the cabinet's line too */
    }
    return cols < 140 ? SIDE_NARROW : SIDE_FULL;
}

static int brief_lines(int width, unsigned boards)
{
    int columns = width / BOARD_BRIEF;

    return ((int)boards + columns - 1) / columns;
}

/* Rows that show all boards, in full where they have room for it. */
static int side_wanted(int width, unsigned boards, int most)
{
    int full = (int)boards + 1 + LAYOUT_BUS_LINES;

    if (width == 0) {
        return 0;
    }
    return width >= SIDE_FULL && full <= most
               ? full
               : brief_lines(width, boards) + 1 + LAYOUT_BUS_LINES;
}

static int legend_rows(int cols)
{
    return cols >= 170 ? 1 : cols >= 80 ? 2 : 3;
}

static void place_boards(struct layout *layout, unsigned boards)
{
    const struct layout_box *side = &layout->side;
    int room = side->h - 1 - LAYOUT_BUS_LINES;

    if (side->w == 0 || room <= 0) {
        return;
    }
    layout->boards_in_full = side->w >= SIDE_FULL && (int)boards <= room;
    layout->board_w = layout->boards_in_full ? side->w : BOARD_BRIEF;
    layout->board_columns = (unsigned)(side->w / layout->board_w);
    if (!layout->boards_in_full && brief_lines(side->w, boards) < room) {
        room = brief_lines(side->w, boards);
    }
    layout->board_lines = (unsigned)room;
}

void layout_make(struct layout *layout, const struct layout_ask *ask)
{
    int rows = ask->rows, cols = ask->cols;

    memset(layout, 0, sizeof *layout);
    if (rows < LAYOUT_ROWS_MIN || cols < LAYOUT_COLS_MIN) {
        return;
    }
    int legend = legend_rows(cols);
    int free_rows = rows - FIXED_ROWS - legend;
    int most = free_rows - (rows < 20 ? 2 : rows / 5);
    int side_w = side_width(cols);
    int doors_w = side_w > 0 ? cols - side_w - 1 : cols;
    int height = choose(layout, ask, doors_w, most);
    int wanted = side_wanted(side_w, ask->boards, most);
    int middle = wanted > height ? wanted : height;

    middle = middle < most ? middle : most;
    layout->legible = true;
    layout->title = (struct layout_box){0, 0, 1, cols};
    layout->cabinet = (struct layout_box){1, 0, 1, cols};
    layout->status = (struct layout_box){2, 0, 1, cols};
    layout->doors = (struct layout_box){3, 0, middle, doors_w};
    if (side_w > 0) {
        layout->side = (struct layout_box){3, cols - side_w, middle, side_w};
    }
    layout->rule = (struct layout_box){3 + middle, 0, 1, cols};
    layout->events =
        (struct layout_box){4 + middle, 0, free_rows - middle, cols};
    layout->legend = (struct layout_box){rows - 1 - legend, 0, legend, cols};
    layout->keys = (struct layout_box){rows - 1, 0, 1, cols};
    place_doors(layout, ask, height);
    place_boards(layout, ask->boards);
}

size_t layout_on_page(const struct layout *layout, unsigned page)
{
    size_t count = 0;

    for (size_t i = 0; i < layout->spots; i++) {
        count += layout->spot[i].page == page;
    }
    return count;
}
