/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * All windows from 1 x 1 to 300 x 100, cabinets of 1 to 1024 doors and 1 to 64
 * boards: nothing lies over anything else or outside, and every door has its
 * cell on some page.
 */

#include "layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { ROWS_MAX = 100, COLS_MAX = 300, BOARDS_MAX = 64 };

/* A cabinet as far as a layout asks. */
struct cabinet {
    struct layout_group group[LAYOUT_DOORS];
    bool follows[LAYOUT_DOORS];
    struct layout_ask ask;
};

static struct cabinet cabinet;
static struct layout layout;
static unsigned char taken[ROWS_MAX][COLS_MAX];

/* Doors in columns of so many; every seventh number is missing when asked. */
static void make(unsigned doors, unsigned column, unsigned boards, bool holes)
{
    struct layout_ask *ask = &cabinet.ask;

    memset(&cabinet, 0, sizeof cabinet);
    ask->group = cabinet.group;
    ask->follows = cabinet.follows;
    ask->label_w = column > 99 ? 4 : 3;
    ask->tail_w = ask->label_w - 1;
    ask->boards = boards;
    for (unsigned at = 0; at < doors; at += column) {
        unsigned left = doors - at;

        cabinet.group[ask->groups++] = (struct layout_group){
            (uint16_t)at, (uint16_t)(left < column ? left : column)};
        for (unsigned i = 1; i < column && at + i < doors; i++) {
            cabinet.follows[at + i] = !holes || i % 7 != 0;
        }
    }
}

static void take(int y, int x, int w)
{
    for (int i = 0; i < w; i++) {
        assert_in_range(y, 0, cabinet.ask.rows - 1);
        assert_in_range(x + i, 0, cabinet.ask.cols - 1);
        assert_int_equal(taken[y][x + i], 0);
        taken[y][x + i] = 1;
    }
}

static void take_box(const struct layout_box *box)
{
    assert_true(box->h > 0 && box->w > 0);
    for (int y = 0; y < box->h; y++) {
        take(box->y + y, box->x, box->w);
    }
}

static void boxes_are_apart(void)
{
    const struct layout_box *boxes[] = {
        &layout.title, &layout.cabinet, &layout.status, &layout.doors,
        &layout.rule,  &layout.events,  &layout.legend, &layout.keys};

    memset(taken, 0, (size_t)cabinet.ask.rows * sizeof taken[0]);
    for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
        take_box(boxes[i]);
    }
    if (layout.side.w > 0) {
        take_box(&layout.side);
        assert_true(layout.doors.x + layout.doors.w < layout.side.x);
        assert_int_equal(layout.doors.h, layout.side.h);
    }
}

static void boards_fit(void)
{
    assert_true((int)layout.board_columns * layout.board_w <= layout.side.w);
    assert_true(layout.board_lines == 0 ||
                (int)layout.board_lines + 1 + LAYOUT_BUS_LINES <=
                    layout.side.h);
}

/* What a cell covers: of a run the letters that it has, else all of it. */
static int cell_w(size_t at)
{
    int label = (int)cabinet.ask.label_w + 1;
    int letters = 1;

    if (layout.form != LAYOUT_RUNS) {
        return layout.cell_w;
    }
    while (at + (size_t)letters < layout.spots &&
           !layout.spot[at + (size_t)letters].begins) {
        letters++;
    }
    assert_in_range(letters, 1, LAYOUT_RUN);
    return label + letters;
}

/* Letters of a run stand beside each other and are doors in a row. */
static void run_is_in_order(size_t at)
{
    const struct layout_spot *spot = &layout.spot[at];
    const struct layout_spot *before = spot - 1;
    int step = before->begins ? (int)cabinet.ask.label_w + 2 : 1;

    assert_int_equal(layout.form, LAYOUT_RUNS);
    assert_true(cabinet.follows[at]);
    assert_int_equal(spot->page, before->page);
    assert_int_equal(spot->y, before->y);
    assert_int_equal(spot->x, before->x + step);
}

static void page_is_apart(unsigned page)
{
    memset(taken, 0, (size_t)cabinet.ask.rows * sizeof taken[0]);
    for (size_t i = 0; i < layout.headings; i++) {
        const struct layout_heading *heading = &layout.heading[i];

        if (heading->page == page) {
            take(heading->y, heading->x, layout.cell_w);
            assert_in_range(heading->group, 0, cabinet.ask.groups - 1);
        }
    }
    for (size_t i = 0; i < layout.spots; i++) {
        const struct layout_spot *spot = &layout.spot[i];

        if (spot->page == page && spot->begins) {
            take(spot->y, spot->x, cell_w(i));
        }
    }
}

static void every_door_has_a_cell(void)
{
    size_t doors = 0, shown = 0;

    for (size_t g = 0; g < cabinet.ask.groups; g++) {
        doors += cabinet.group[g].count;
    }
    assert_int_equal(layout.spots, doors);
    for (size_t i = 0; i < layout.spots; i++) {
        const struct layout_spot *spot = &layout.spot[i];

        assert_in_range(spot->page, 0, layout.pages - 1);
        assert_in_range(spot->y, 0, layout.doors.h - 1);
        assert_in_range(spot->x, 0, layout.doors.w - 1);
        if (!spot->begins) {
            assert_true(i > 0);
            run_is_in_order(i);
        } else {
            assert_true(spot->x + layout.cell_w <= layout.doors.w);
        }
    }
    for (unsigned page = 0; page < layout.pages; page++) {
        assert_true(layout_on_page(&layout, page) > 0);
        shown += layout_on_page(&layout, page);
        page_is_apart(page);
    }
    assert_int_equal(shown, doors);
}

static void check(int rows, int cols)
{
    cabinet.ask.rows = rows;
    cabinet.ask.cols = cols;
    layout_make(&layout, &cabinet.ask);
    assert_int_equal(layout.legible,
                     rows >= LAYOUT_ROWS_MIN && cols >= LAYOUT_COLS_MIN);
    if (layout.legible) {
        boxes_are_apart();
        boards_fit();
        every_door_has_a_cell();
    }
}

/* A number of its own for each, so that sizes, doors and columns mix. */
static unsigned mixed(unsigned n, unsigned below)
{
    return (n * 2654435761U >> 8) % below;
}

static void nothing_overlaps_in_any_window(void **state)
{
    (void)state;
    for (int rows = 1; rows <= ROWS_MAX; rows++) {
        for (int cols = 1; cols <= COLS_MAX; cols++) {
            unsigned n = (unsigned)(rows * COLS_MAX + cols);

            make(1 + mixed(n, LAYOUT_DOORS), 1 + mixed(n + 7, 64),
                 1 + mixed(n + 13, BOARDS_MAX), n % 3 == 0);
            check(rows, cols);
        }
    }
}

static void nothing_overlaps_with_any_number_of_doors_and_boards(void **state)
{
    static const int sizes[][2] = {{14, 50},  {24, 80},  {24, 75},
                                   {30, 100}, {50, 139}, {60, 200}};

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (unsigned doors = 1; doors <= LAYOUT_DOORS; doors++) {
            make(doors, doors % 5 == 0 ? 200 : 8, 1 + doors % BOARDS_MAX,
                 doors % 4 == 0);
            check(sizes[s][0], sizes[s][1]);
        }
    }
}

static void without_runs_doors_go_on_pages(void **state)
{
    (void)state;
    make(1024, 8, 12, false);
    cabinet.ask.follows = NULL;
    cabinet.ask.tail_w = 0; /* sorted by state */
    check(24, 80);
    assert_int_equal(layout.form, LAYOUT_LABEL);
    assert_true(layout.pages > 1);
}

static void labels_as_long_as_they_may_be_fit(void **state)
{
    (void)state;
    for (int cols = LAYOUT_COLS_MIN; cols <= COLS_MAX; cols++) {
        make(300, 10, 20, false);
        cabinet.ask.label_w = 15;
        cabinet.ask.tail_w = 2;
        check(24, cols);
    }
}

static void a_window_for_no_doors_is_empty(void **state)
{
    (void)state;
    make(0, 8, 1, false);
    cabinet.ask.rows = 24;
    cabinet.ask.cols = 80;
    layout_make(&layout, &cabinet.ask);
    assert_true(layout.legible);
    assert_int_equal(layout.spots, 0);
    assert_int_equal(layout.pages, 1);
}

/* ---- What a person should find at once ----------------------------------- */

static struct row {
    const char *name;
    unsigned doors, column, boards;
    int rows, cols;
    enum layout_form form;
    bool boards_in_full;
} rows[] = {
    {"96 doors of 12 boards in 80 x 24: label's end and letter", 96, 8, 12, 24,
     80, LAYOUT_SHORT, false},
    {"96 doors of 12 boards in 100 x 30: label and letter", 96, 8, 12, 30, 100,
     LAYOUT_LABEL, false},
    {"96 doors of 12 boards in 200 x 60: in words", 96, 8, 12, 60, 200,
     LAYOUT_WORDS, true},
    {"304 doors of 38 boards in 80 x 24: runs", 304, 8, 38, 24, 80, LAYOUT_RUNS,
     false},
    {"304 doors of 38 boards in 200 x 60: label and letter", 304, 8, 38, 60,
     200, LAYOUT_LABEL, false},
    {"8 doors of a board in 50 x 14: label and letter", 8, 8, 1, 14, 50,
     LAYOUT_LABEL, false},
};

static void check_row(void **state)
{
    const struct row *row = *state;

    make(row->doors, row->column, row->boards, false);
    check(row->rows, row->cols);
    assert_int_equal(layout.pages, 1);
    assert_int_equal(layout.form, row->form);
    assert_int_equal(layout.boards_in_full, row->boards_in_full);
}

int main(void)
{
    static struct CMUnitTest tests[5 + sizeof rows / sizeof rows[0]] = {
        cmocka_unit_test(nothing_overlaps_in_any_window),
        cmocka_unit_test(nothing_overlaps_with_any_number_of_doors_and_boards),
        cmocka_unit_test(without_runs_doors_go_on_pages),
        cmocka_unit_test(labels_as_long_as_they_may_be_fit),
        cmocka_unit_test(a_window_for_no_doors_is_empty),
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tests[5 + i] = (struct CMUnitTest){.name = rows[i].name,
                                           .test_func = check_row,
                                           .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
