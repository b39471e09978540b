/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a picture says of a cabinet: a letter for every state, the real
 * library's doors and boards, the last lines, and the orders they come in.
 */

#include "order.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { A07 = 6, B03 = 10 };

static struct picture picture;
static struct order order;

/* ---- Letters ------------------------------------------------------------- */

static struct row {
    const char *name;
    struct lockbus_door door;
    char letter, mark;
} rows[] = {
    {"shut and vacant", {.latch = LOCKBUS_LATCH_SHUT}, '.', ' '},
    {"a parcel",
     {.latch = LOCKBUS_LATCH_SHUT, .custody = LOCKBUS_CUSTODY_OCCUPIED},
     'P',
     ' '},
    {"loading, shut",
     {.latch = LOCKBUS_LATCH_SHUT, .custody = LOCKBUS_CUSTODY_LOADING},
     'L',
     ' '},
    {"emptying, shut",
     {.latch = LOCKBUS_LATCH_SHUT, .custody = LOCKBUS_CUSTODY_EMPTYING},
     'E',
     ' '},
    {"blocked, vacant",
     {.latch = LOCKBUS_LATCH_SHUT, .blocked = true},
     'B',
     ' '},
    {"blocked over a parcel",
     {.latch = LOCKBUS_LATCH_SHUT,
      .custody = LOCKBUS_CUSTODY_OCCUPIED,
      .blocked = true},
     'B',
     '*'},
    {"frozen",
     {.latch = LOCKBUS_LATCH_SHUT,
      .custody = LOCKBUS_CUSTODY_OCCUPIED,
      .frozen = true},
     'Z',
     '*'},
    {"not read", {.latch = LOCKBUS_LATCH_UNKNOWN}, '?', ' '},
    {"board away over a parcel",
     {.latch = LOCKBUS_LATCH_AWAY, .custody = LOCKBUS_CUSTODY_OCCUPIED},
     'X',
     '*'},
    {"released", {.latch = LOCKBUS_LATCH_RELEASING}, 'R', ' '},
    {"open", {.latch = LOCKBUS_LATCH_OPEN}, 'O', ' '},
    {"ajar", {.latch = LOCKBUS_LATCH_AJAR}, 'A', ' '},
    {"jammed over a parcel",
     {.latch = LOCKBUS_LATCH_JAMMED, .custody = LOCKBUS_CUSTODY_OCCUPIED},
     'J',
     '*'},
    {"forced though blocked",
     {.latch = LOCKBUS_LATCH_FORCED, .blocked = true},
     'F',
     ' '},
    {"open without a sensor is in lower case",
     {.latch = LOCKBUS_LATCH_OPEN, .assumed = true},
     'o',
     ' '},
    {"vacant, but the content sensor says full",
     {.latch = LOCKBUS_LATCH_SHUT, .content = LOCKBUS_CONTENT_FULL},
     '.',
     '!'},
    {"a parcel, and the content sensor agrees",
     {.latch = LOCKBUS_LATCH_SHUT,
      .custody = LOCKBUS_CUSTODY_OCCUPIED,
      .content = LOCKBUS_CONTENT_FULL},
     'P',
     ' '},
    {"a latch of no known state", {.latch = (enum lockbus_latch)99}, '?', ' '},
};

static void check_row(void **state)
{
    const struct row *row = *state;
    struct picture_door door = {.used = true, .at = row->door};

    if (door.at.custody == 0) {
        door.at.custody = LOCKBUS_CUSTODY_VACANT;
    }
    assert_int_equal(picture_letter(&door), row->letter);
    assert_int_equal(picture_mark(&door), row->mark);
}

static void no_two_states_share_a_letter_or_a_word(void **state)
{
    (void)state;
    for (int i = 0; i < PICTURE_STATES; i++) {
        enum picture_state one = (enum picture_state)i;

        for (int k = 0; k < i; k++) {
            enum picture_state other = (enum picture_state)k;

            assert_int_not_equal(picture_state_letter(one),
                                 picture_state_letter(other));
            assert_string_not_equal(picture_state_word(one),
                                    picture_state_word(other));
        }
    }
}

/* ---- A real cabinet ------------------------------------------------------ */

static int set_up(void **state)
{
    struct rig *rig = rig_new();

    picture_init(&picture, rig->now_us);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static void take(struct rig *rig)
{
    assert_true(picture_take(&picture, rig->cab, rig->now_us));
}

static char letter(struct rig *rig, uint16_t door)
{
    take(rig);
    assert_true(picture.door[door].used);
    return picture_letter(&picture.door[door]);
}

static void a_doors_letter_follows_a_parcels_way(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    assert_int_equal(letter(rig, A07), '.');
    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(letter(rig, A07), 'P');
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(letter(rig, A07), 'O');
    assert_int_equal(picture_mark(&picture.door[A07]), '*');
    rig->leaf[A07].open = false;
    rig_run(rig, 300);
    assert_int_equal(letter(rig, A07), 'E');
    rig->leaf[A07].open = true;
    rig_run(rig, 300);
    assert_int_equal(letter(rig, A07), 'F');
    rig->board[0].powered = false;
    rig_run(rig, 5000);
    assert_int_equal(letter(rig, A07), 'X');
    assert_int_equal(picture_mark(&picture.door[A07]), '*');
}

static void a_blocked_door_says_so(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    uint32_t ticket;

    assert_int_equal(
        rig_service(rig, B03, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    assert_int_equal(letter(rig, B03), 'B');
}

static void boards_say_whether_they_are_here_and_why_not(void **state)
{
    struct rig *rig = *state;

    take(rig);
    assert_int_equal(picture.boards, RIG_BOARDS);
    assert_true(picture.board[1].here);
    assert_int_equal(picture.board[1].number, 2);
    assert_string_equal(picture.board[1].text, "");
    rig->board[1].powered = false;
    rig_run(rig, 5000);
    take(rig);
    assert_true(picture.board[0].here);
    assert_false(picture.board[1].here);
    assert_string_equal(picture.board[1].text, "it does not answer");
}

static void without_a_cabinet_the_last_picture_stays(void **state)
{
    struct rig *rig = *state;

    take(rig);
    assert_false(picture_take(&picture, NULL, rig->now_us + 1000));
    assert_int_equal(picture.now_us, rig->now_us + 1000);
    assert_int_equal(picture.doors, RIG_DOORS);
    assert_true(picture.door[RIG_DOORS - 1].used);
    assert_int_equal(picture.boards, RIG_BOARDS);
}

/* ---- Lines --------------------------------------------------------------- */

static void the_last_lines_are_kept(void **state)
{
    char text[16];

    (void)state;
    picture_init(&picture, 5000);
    assert_null(picture_line_at(&picture, 0));
    for (unsigned i = 0; i < PICTURE_LINES + 3; i++) {
        (void)snprintf(text, sizeof text, "line %u", i);
        picture_say(&picture, PICTURE_GOOD, text);
    }
    assert_string_equal(picture_line_at(&picture, 0)->text, "line 66");
    assert_string_equal(picture_line_at(&picture, PICTURE_LINES - 1)->text,
                        "line 3");
    assert_int_equal(picture_line_at(&picture, 0)->tone, PICTURE_GOOD);
    assert_int_equal(picture_line_at(&picture, 0)->at_us, 5000);
    assert_null(picture_line_at(&picture, PICTURE_LINES));
}

static void an_event_says_door_kind_and_rule(void **state)
{
    struct lockbus_event event = {
        .kind = LOCKBUS_EVENT_REFUSED,
        .at_us = 7,
        .door = A07,
        .label = "A07",
        .rule = LOCKBUS_RULE_C4,
        .text = "no seal opens under this code",
    };

    (void)state;
    picture_init(&picture, 0);
    picture_event(&picture, &event);
    assert_string_equal(
        picture_line_at(&picture, 0)->text,
        "A07      REFUSED       by C4: no seal opens under this code");
    assert_int_equal(picture_line_at(&picture, 0)->tone, PICTURE_REFUSED);
    assert_int_equal(picture_line_at(&picture, 0)->at_us, 7);
    event = (struct lockbus_event){.kind = LOCKBUS_EVENT_BOARD_AWAY,
                                   .door = 0xFFFF,
                                   .board = 12,
                                   .text = "it does not answer"};
    picture_event(&picture, &event);
    assert_string_equal(picture_line_at(&picture, 0)->text,
                        "board 12 BOARD_AWAY    it does not answer");
    assert_int_equal(picture_line_at(&picture, 0)->tone, PICTURE_BAD);
}

static size_t leaf(enum lockbus_latch latch)
{
    struct lockbus_event event = {.kind = LOCKBUS_EVENT_LEAF,
                                  .door = A07,
                                  .label = "A07",
                                  .latch = latch};

    picture_event(&picture, &event);
    return picture.line_count;
}

static void leaves_that_only_become_known_push_no_alarm_out(void **state)
{
    (void)state;
    picture_init(&picture, 0);
    assert_int_equal(leaf(LOCKBUS_LATCH_UNKNOWN), 0);
    assert_int_equal(leaf(LOCKBUS_LATCH_SHUT), 0);
    assert_int_equal(leaf(LOCKBUS_LATCH_OPEN), 1);
    assert_int_equal(leaf(LOCKBUS_LATCH_SHUT), 2);
    assert_int_equal(leaf(LOCKBUS_LATCH_FORCED), 2); /* FORCED has a line */
    assert_int_equal(leaf(LOCKBUS_LATCH_SHUT), 3);
    assert_int_equal(leaf(LOCKBUS_LATCH_AWAY), 3);
    assert_int_equal(leaf(LOCKBUS_LATCH_SHUT), 3);
}

/* ---- Orders -------------------------------------------------------------- */

static void add(uint16_t number, const char *label, unsigned board,
                enum lockbus_latch latch)
{
    struct picture_door *door = &picture.door[number];

    door->used = true;
    door->at.custody = LOCKBUS_CUSTODY_VACANT;
    door->at.latch = latch;
    door->at.board = board;
    door->at.channel = 1;
    (void)snprintf(door->at.label, sizeof door->at.label, "%s", label);
    if (number >= picture.doors) {
        picture.doors = (uint16_t)(number + 1);
    }
}

static void add_some(void)
{
    picture_init(&picture, 0);
    add(0, "B02", 1, LOCKBUS_LATCH_SHUT);
    add(1, "AA01", 1, LOCKBUS_LATCH_SHUT);
    add(2, "A10", 2, LOCKBUS_LATCH_OPEN);
    add(4, "A9", 2, LOCKBUS_LATCH_SHUT);
    add(5, "HALL", 2, LOCKBUS_LATCH_SHUT);
    add(6, "B03", 1, LOCKBUS_LATCH_FORCED);
    add(7, "17", 1, LOCKBUS_LATCH_SHUT);
    picture.door[4].at.custody = LOCKBUS_CUSTODY_OCCUPIED;
}

static void make(enum order_by by, enum order_show show, const char *text)
{
    struct order_wish wish = {.by = by, .show = show};

    (void)snprintf(wish.text, sizeof wish.text, "%s", text);
    order_make(&order, &picture, &wish);
}

static void in_order(const char *labels)
{
    char text[200] = "";

    for (size_t i = 0; i < order.count; i++) {
        (void)strcat(text, picture.door[order.door[i]].at.label);
        (void)strcat(text, " ");
    }
    assert_string_equal(text, labels);
}

static void labels_come_as_people_count(void **state)
{
    (void)state;
    add_some();
    make(ORDER_BY_LABEL, ORDER_SHOW_ALL, "");
    in_order("17 HALL A9 A10 B02 B03 AA01 ");
    assert_int_equal(order.groups, 4);
    assert_string_equal(order.heading[0], "");
    assert_string_equal(order.heading[1], "A");
    assert_string_equal(order.heading[3], "AA");
    assert_int_equal(order.label_w, 4);
    assert_true(order.follows[5]);  /* B03 after B02 */
    assert_false(order.follows[3]); /* A10 after A9: another width */
    assert_false(order.follows[1]);
}

static void by_state_the_urgent_come_first(void **state)
{
    (void)state;
    add_some();
    make(ORDER_BY_STATE, ORDER_SHOW_ALL, "");
    in_order("B03 A10 A9 17 HALL B02 AA01 ");
    assert_string_equal(order.heading[0], "forced");
    assert_string_equal(order.heading[1], "open");
    assert_string_equal(order.heading[3], "vacant");
    assert_int_equal(order.tail_w, 0); /* labels stay whole */
}

static void by_board_channels_come_in_their_order(void **state)
{
    (void)state;
    add_some();
    picture.door[0].at.channel = 8;
    make(ORDER_BY_BOARD, ORDER_SHOW_ALL, "");
    in_order("17 B03 AA01 B02 HALL A9 A10 ");
    assert_int_equal(order.groups, 2);
    assert_string_equal(order.heading[1], "b2");
}

static void a_filter_leaves_out_what_it_says(void **state)
{
    (void)state;
    add_some();
    make(ORDER_BY_LABEL, ORDER_SHOW_TROUBLE, "");
    in_order("A10 B03 ");
    make(ORDER_BY_LABEL, ORDER_SHOW_PARCELS, "");
    in_order("A9 ");
    picture.door[4].at.custody = LOCKBUS_CUSTODY_VACANT;
    make(ORDER_BY_LABEL, ORDER_SHOW_PARCELS, "");
    in_order("");
    assert_int_equal(order.groups, 0);
}

/* Board 1 has few errors and is slow, board 2 many and is quick, board 3 is
 * away. */
static void add_boards(void)
{
    static const struct {
        enum lockbus_board_state state;
        uint64_t timeouts;
        uint32_t reply_us;
        const char *bus, *text;
    } some[] = {
        {LOCKBUS_BOARD_PRESENT, 1, 9000, "left", ""},
        {LOCKBUS_BOARD_PRESENT, 40, 2000, "left", ""},
        {LOCKBUS_BOARD_AWAY, 7, 4000, "right", "no reply three times"},
        {LOCKBUS_BOARD_PRESENT, 0, 4000, "right", ""},
    };

    picture.boards = 4;
    for (unsigned i = 0; i < 4; i++) {
        struct picture_board *board = &picture.board[i];

        board->number = board->at.number = i + 1;
        board->at.state = some[i].state;
        board->at.timeouts = some[i].timeouts;
        board->at.reply_time_us = some[i].reply_us;
        (void)snprintf(board->at.bus, sizeof board->at.bus, "%s", some[i].bus);
        (void)snprintf(board->at.text, sizeof board->at.text, "%s",
                       some[i].text);
    }
}

static void doors_of_the_worst_boards_come_first(void **state)
{
    (void)state;
    add_some();
    add_boards();
    make(ORDER_BY_ERRORS, ORDER_SHOW_ALL, "");
    in_order("HALL A9 A10 17 B02 B03 AA01 ");
    assert_string_equal(order.heading[0], "b2");
    assert_int_equal(order.groups, 2);
    make(ORDER_BY_LATENCY, ORDER_SHOW_ALL, "");
    in_order("17 B02 B03 AA01 HALL A9 A10 ");
}

static void a_text_leaves_doors_that_have_it(void **state)
{
    (void)state;
    add_some();
    (void)strcpy(picture.door[5].at.remark, "sticks");
    (void)strcpy(picture.door[7].at.door_size, "XL");
    picture.door[4].at.board = 12;
    make(ORDER_BY_LABEL, ORDER_SHOW_ALL, "b0");
    in_order("");
    make(ORDER_BY_LABEL, ORDER_SHOW_ALL, "a1");
    in_order("A10 ");
    make(ORDER_BY_LABEL, ORDER_SHOW_ALL, "STICK");
    in_order("HALL ");
    make(ORDER_BY_LABEL, ORDER_SHOW_ALL, "xl");
    in_order("17 ");
    make(ORDER_BY_LABEL, ORDER_SHOW_ALL, "forced");
    in_order("B03 ");
    make(ORDER_BY_LABEL, ORDER_SHOW_ALL, "b1"); /* not board 12 */
    in_order("17 B02 B03 AA01 ");
    make(ORDER_BY_LABEL, ORDER_SHOW_TROUBLE, "b2");
    in_order("A10 ");
}

static void boards_in_order(enum order_by by, enum order_show show,
                            const char *text, const char *numbers)
{
    struct order_wish wish = {.by = by, .show = show};
    uint8_t board[PICTURE_BOARDS];
    char said[64] = "";

    (void)snprintf(wish.text, sizeof wish.text, "%s", text);
    unsigned count = order_boards(board, &picture, &wish);

    for (unsigned i = 0; i < count; i++) {
        size_t used = strlen(said);

        (void)snprintf(said + used, sizeof said - used, "%u ",
                       picture.board[board[i]].number);
    }
    assert_string_equal(said, numbers);
}

static void boards_are_sorted_and_filtered(void **state)
{
    (void)state;
    picture_init(&picture, 0);
    add_boards();
    boards_in_order(ORDER_BY_LABEL, ORDER_SHOW_ALL, "", "1 2 3 4 ");
    boards_in_order(ORDER_BY_STATE, ORDER_SHOW_ALL, "", "3 1 2 4 ");
    boards_in_order(ORDER_BY_ERRORS, ORDER_SHOW_ALL, "", "2 3 1 4 ");
    boards_in_order(ORDER_BY_LATENCY, ORDER_SHOW_ALL, "", "1 3 4 2 ");
    boards_in_order(ORDER_BY_LABEL, ORDER_SHOW_TROUBLE, "", "1 2 3 ");
    boards_in_order(ORDER_BY_LABEL, ORDER_SHOW_ALL, "away", "3 ");
    boards_in_order(ORDER_BY_LABEL, ORDER_SHOW_ALL, "no reply", "3 ");
    boards_in_order(ORDER_BY_ERRORS, ORDER_SHOW_ALL, "LEFT", "2 1 ");
    boards_in_order(ORDER_BY_LABEL, ORDER_SHOW_ALL, "b4", "4 ");
}

static void latencies_are_bounds_of_the_histogram(void **state)
{
    uint64_t times[LOCKBUS_REPLY_TIMES] = {0};
    char text[8];

    (void)state;
    picture_latency_text(times, 500, text);
    assert_string_equal(text, "-");
    times[1] = 98; /* below 2 ms */
    times[4] = 1;  /* below 20 ms */
    times[LOCKBUS_REPLY_TIMES - 1] = 1;
    picture_latency_text(times, 500, text);
    assert_string_equal(text, "<2");
    picture_latency_text(times, 980, text);
    assert_string_equal(text, "<2");
    picture_latency_text(times, 990, text);
    assert_string_equal(text, "<20");
    picture_latency_text(times, 1000, text);
    assert_string_equal(text, ">500");
}

static void a_lines_rates_are_those_of_the_last_second(void **state)
{
    struct rig *rig = *state;
    const struct picture_bus *bus = &picture.bus[0];

    picture_init(&picture, rig->now_us);
    take(rig);
    assert_int_equal(picture.buses, 1);
    assert_false(bus->timed);
    uint64_t before = bus->at.requests, rounds = bus->at.rounds;

    rig_run(rig, 2000);
    take(rig);
    assert_true(bus->timed);
    assert_true(bus->requests_s > 1);
    assert_int_equal((uint64_t)(bus->requests_s * 2 + 0.5),
                     bus->at.requests - before);
    assert_int_equal((uint64_t)(bus->rounds_s * 2 + 0.5),
                     bus->at.rounds - rounds);
    double was = bus->requests_s;

    rig_run(rig, 300);
    take(rig); /* too soon for another figure */
    assert_true(bus->requests_s >= was && bus->requests_s <= was);
}

int main(void)
{
    enum { FIXED = 17 };
    static struct CMUnitTest tests[FIXED + sizeof rows / sizeof rows[0]] = {
        cmocka_unit_test(no_two_states_share_a_letter_or_a_word),
        cmocka_unit_test_setup_teardown(a_doors_letter_follows_a_parcels_way,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_blocked_door_says_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            boards_say_whether_they_are_here_and_why_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            without_a_cabinet_the_last_picture_stays, set_up, tear_down),
        cmocka_unit_test(the_last_lines_are_kept),
        cmocka_unit_test(an_event_says_door_kind_and_rule),
        cmocka_unit_test(leaves_that_only_become_known_push_no_alarm_out),
        cmocka_unit_test(labels_come_as_people_count),
        cmocka_unit_test(by_state_the_urgent_come_first),
        cmocka_unit_test(by_board_channels_come_in_their_order),
        cmocka_unit_test(a_filter_leaves_out_what_it_says),
        cmocka_unit_test(doors_of_the_worst_boards_come_first),
        cmocka_unit_test(a_text_leaves_doors_that_have_it),
        cmocka_unit_test(boards_are_sorted_and_filtered),
        cmocka_unit_test(latencies_are_bounds_of_the_histogram),
        cmocka_unit_test_setup_teardown(
            a_lines_rates_are_those_of_the_last_second, set_up, tear_down),
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tests[FIXED + i] = (struct CMUnitTest){.name = rows[i].name,
                                               .test_func = check_row,
                                               .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
