/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What is really on the screen: curses on a file that takes its escapes, its
 * cells read back.
 */

#include "draw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <curses.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *out, *in;
static SCREEN *terminal;
static struct picture picture;
static struct draw draw;

static int set_up(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    out = fopen("/dev/null", "w");
    in = fopen("/dev/null", "r");
    assert_non_null(out);
    assert_non_null(in);
    terminal = newterm("screen", out, in);
    assert_non_null(terminal);
    assert_int_equal(resizeterm(24, 80), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)endwin();
    delscreen(terminal);
    (void)fclose(out);
    (void)fclose(in);
    return 0;
}

/* A line of the screen without blanks at its end. */
static const char *line(int y)
{
    static char text[2048];
    wchar_t cells[400] = {0};
    size_t len;

    assert_int_not_equal(mvinnwstr(y, 0, cells, COLS), ERR);
    len = wcstombs(text, cells, sizeof text);
    assert_int_not_equal(len, (size_t)-1);
    while (len > 0 && text[len - 1] == ' ') {
        text[--len] = '\0';
    }
    return text;
}

static struct row {
    const char *name, *text, *shown;
    int w, used;
} rows[] = {
    {"a word", "board", "board", 20, 5},
    {"a word that is cut", "board", "boa", 3, 3},
    {"an escape sequence", "a\x1b[2Jb", "a?[2Jb", 20, 6},
    {"a newline and a bell", "a\n\ab", "a??b", 20, 4},
    {"an 8-bit control",
     "a\xc2\x9b"
     "2Jb",
     "a?2Jb", 20, 5},
    {"bytes that are no text", "a\xff\xc3-b", "a?\?-b", 20, 5},
    {"a cut character", "a\xc3", "a?", 20, 2},
    {"letters beyond ASCII",
     "S\xc3\xbc"
     "d",
     "S\xc3\xbc"
     "d",
     3, 3},
    {"a wide letter that is cut", "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5", 3,
     2},
    {"a mark without a letter", "\xcc\x88x", "?x", 20, 2},
    {"no room", "abc", "", 0, 0},
};

static void check_row(void **state)
{
    const struct row *row = *state;

    (void)erase();
    assert_int_equal(
        draw_text((struct layout_box){2, 0, 1, row->w}, A_NORMAL, row->text),
        row->used);
    assert_string_equal(line(2), row->shown);
}

static void fill(unsigned doors, unsigned boards)
{
    picture_init(&picture, 0);
    picture.doors = (uint16_t)doors;
    for (unsigned n = 0; n < doors; n++) {
        struct picture_door *door = &picture.door[n];

        door->used = true;
        door->at.latch = (enum lockbus_latch)(1 + n % 8);
        door->at.custody = (enum lockbus_custody)(1 + n % 4);
        door->at.board = 1 + n / 16;
        door->at.channel = (uint8_t)(1 + n % 16);
        (void)snprintf(door->at.label, sizeof door->at.label, "%c%02u",
                       (char)('A' + n / 16 % 26), 1 + n % 16);
    }
    picture.boards = boards;
    for (unsigned i = 0; i < boards; i++) {
        picture.board[i].number = picture.board[i].at.number = i + 1;
        picture.board[i].at.state = (enum lockbus_board_state)(1 + i % 6);
        picture.board[i].here = i % 6 == 2 || i % 6 == 3;
    }
    picture.info.journal_ok = true;
    memset(&draw, 0, sizeof draw);
    draw.picture = &picture;
}

static void every_window_is_drawn_whole(void **state)
{
    (void)state;
    fill(416, 26);
    picture_say(&picture, PICTURE_BAD, "the last thing");
    for (int high = LAYOUT_ROWS_MIN; high <= 66; high += 4) {
        for (int cols = LAYOUT_COLS_MIN; cols <= 230; cols += 6) {
            assert_int_equal(resizeterm(high, cols), OK);
            draw.wish.by = (enum order_by)(cols % ORDER_BYS);
            draw_all(&draw, high, cols);
            assert_memory_equal(line(0), "lockbus watch", 13);
            assert_memory_equal(line(2), "416 doors", 9);
            assert_memory_equal(line(draw.layout.rule.y), "events ", 7);
            assert_non_null(
                strstr(line(draw.layout.events.y), "the last thing"));
            assert_memory_equal(line(draw.layout.legend.y), ". vacant", 8);
            assert_memory_equal(line(high - 1), "q quit", 6);
        }
    }
}

static void a_page_beyond_the_last_is_the_last(void **state)
{
    (void)state;
    fill(416, 26);
    draw.page = 99;
    draw.wish.by = ORDER_BY_STATE;
    draw_all(&draw, 24, 80);
    assert_true(draw.layout.pages > 1);
    assert_int_equal(draw.page, draw.layout.pages - 1);
}

static void too_small_a_window_says_so(void **state)
{
    (void)state;
    fill(16, 1);
    assert_int_equal(resizeterm(5, 40), OK);
    draw_all(&draw, 5, 40);
    assert_string_equal(line(0), "too small: 50 x 14 is needed");
    assert_string_equal(line(1), "");
    assert_int_equal(resizeterm(1, 1), OK);
    draw_all(&draw, 1, 1);
    assert_string_equal(line(0), "t");
}

static void a_failed_journal_is_not_to_be_missed(void **state)
{
    (void)state;
    fill(16, 1);
    picture.info.journal_ok = false;
    draw_all(&draw, 24, 80);
    assert_non_null(strstr(line(1), "JOURNAL FAILED: nothing opens"));
}

static void the_whole_legend_has_room_in_80_columns(void **state)
{
    (void)state;
    fill(16, 1);
    draw_all(&draw, 24, 80);
    assert_non_null(strstr(line(22), "! full"));
    assert_int_equal(resizeterm(60, 200), OK);
    draw_all(&draw, 60, 200);
    assert_non_null(strstr(line(58), "xyz no sensor"));
}

static void boards_that_are_not_well_have_room_first(void **state)
{
    (void)state;
    fill(416, 26);
    for (unsigned i = 0; i < 26; i++) {
        picture.board[i].at.state = LOCKBUS_BOARD_PRESENT;
        picture.board[i].here = true;
    }
    picture.board[25].at.state = LOCKBUS_BOARD_AWAY;
    picture.board[25].here = false;
    draw_all(&draw, 24, 80);
    assert_non_null(strstr(line(3), "boards (+"));
    assert_non_null(strstr(line(4), " 26XAWAY"));
}

static void lines_and_boards_are_a_table(void **state)
{
    (void)state;
    fill(416, 26);
    picture.buses = 2;
    picture.bus[0] = (struct picture_bus){
        .timed = true, .requests_s = 134.2, .rounds_s = 5.1};
    picture.bus[0].at = (struct lockbus_bus){.name = "left",
                                             .port = "path:/dev/a",
                                             .open = true,
                                             .round_us = 196000,
                                             .timeouts = 3};
    picture.bus[0].at.reply_times[1] = 9;
    picture.bus[1].at = (struct lockbus_bus){
        .name = "right", .port = "path:/dev/b", .text = "is not there"};
    picture.board[4].at.crc_errors = 77;
    (void)strcpy(picture.board[4].at.bus, "left");
    picture.board[4].at.address = 9;
    draw.boards = true;
    draw.wish.by = ORDER_BY_ERRORS;
    assert_int_equal(resizeterm(24, 120), OK);
    draw_all(&draw, 24, 120);
    assert_memory_equal(line(3), "line ", 5);
    assert_memory_equal(
        line(4), "left        134.2     5.1 196.0    <2   <2      3", 49);
    assert_non_null(strstr(line(4), "path:/dev/a"));
    assert_memory_equal(line(5), "right      CLOSED  is not there", 31);
    assert_memory_equal(line(6), "board ", 6);
    assert_memory_equal(line(7), "  5X left/9 ", 12);
    assert_non_null(strstr(line(7), " 77 "));
    assert_non_null(strstr(line(2), "page 1 of"));
    assert_non_null(strstr(line(1), ", 134 asks/s"));
    assert_non_null(strstr(line(23), "b doors"));
    draw.page = 99;
    draw_all(&draw, 24, 120);
    assert_int_equal(draw.page, draw.pages - 1);
    assert_memory_equal(line(7), " ", 1);
    for (int high = LAYOUT_ROWS_MIN; high <= 66; high += 4) {
        assert_int_equal(resizeterm(high, LAYOUT_COLS_MIN), OK);
        draw_all(&draw, high, LAYOUT_COLS_MIN);
        assert_memory_equal(line(high - 1), "q quit", 6);
        assert_memory_equal(line(draw.layout.rule.y), "events ", 7);
    }
}

static void a_filter_is_seen_while_it_is_typed_and_after(void **state)
{
    (void)state;
    fill(416, 26);
    (void)strcpy(draw.wish.text, "a0");
    draw.typing = true;
    draw_all(&draw, 24, 80);
    assert_memory_equal(line(23), "filter: a0_", 11);
    draw.typing = false;
    draw_all(&draw, 24, 80);
    assert_non_null(strstr(line(23), "/ a0"));
    assert_non_null(strstr(line(2), "only all with a0: 9"));
    (void)strcpy(draw.wish.text, "nothing like it");
    draw_all(&draw, 24, 80);
    assert_memory_equal(line(3), "no such door", 12);
    draw.boards = true;
    draw_all(&draw, 24, 80);
    assert_memory_equal(line(5), "no such board", 13);
}

int main(void)
{
    enum { FIXED = 8 };
    static struct CMUnitTest tests[FIXED + sizeof rows / sizeof rows[0]] = {
        cmocka_unit_test_setup_teardown(every_window_is_drawn_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_page_beyond_the_last_is_the_last,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_small_a_window_says_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failed_journal_is_not_to_be_missed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_whole_legend_has_room_in_80_columns,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            boards_that_are_not_well_have_room_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_and_boards_are_a_table, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_filter_is_seen_while_it_is_typed_and_after, set_up, tear_down),
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tests[FIXED + i] = (struct CMUnitTest){.name = rows[i].name,
                                               .test_func = check_row,
                                               .setup_func = set_up,
                                               .teardown_func = tear_down,
                                               .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("draw", tests, NULL, NULL);
}
