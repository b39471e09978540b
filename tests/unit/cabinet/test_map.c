/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "cabinet/config.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A configuration put together by hand, with its tables. */
struct plan {
    struct lb_config config;
    struct lb_config_board board[2];
    struct lb_profile profile[2];
    struct lb_config_line line[LB_DOOR_MAX];
    uint16_t door_line[LB_DOOR_MAX];
};

static void put_door(struct plan *plan, uint16_t number,
                     const struct lb_config_line *line)
{
    struct lb_config *config = &plan->config;

    config->line[config->line_count] = *line;
    config->line[config->line_count].first_door = number;
    config->door_line[number] = (uint16_t)++config->line_count;
}

/* Two doors on two buses. */
static void fill(struct plan *plan)
{
    struct lb_config *config = &plan->config;

    memset(plan, 0, sizeof *plan);
    config->board = plan->board;
    config->profile = plan->profile;
    config->line = plan->line;
    config->door_line = plan->door_line;
    (void)snprintf(config->bus[0].name, sizeof config->bus[0].name, "left");
    (void)snprintf(config->bus[1].name, sizeof config->bus[1].name, "b");
    config->bus_count = 2;
    config->board[0] = (struct lb_config_board){
        .number = 1, .address = 5, .uid = "00112233445566778899aabb"};
    config->board[1] = (struct lb_config_board){
        .number = 2, .bus = 1, .address = 0xF7, .profile = 1};
    config->board_count = 2;
    memset(config->profile[0].digest, 0xA1, 32);
    memset(config->profile[1].digest, 0xB2, 32);
    config->profile_count = 2;
    put_door(
        plan, 1,
        &(struct lb_config_line){.prefix = "A", .channel = 3, .sensor = true});
    put_door(plan, 0x203,
             &(struct lb_config_line){
                 .board = 1, .channel = 15, .assume_open_s = 600});
    config->door_count = 0x204;
}

static struct plan one, other;

/* What a commissioning order signs, and what an amendment compares. */
static void digest(const struct plan *plan, uint8_t hash[32])
{
    static uint8_t map[LB_MAP_MAX];

    lb_crypto_hash(hash, map, lb_map_encode(&plan->config, map));
}

static void the_map_has_these_bytes(void **state)
{
    static const char rows[] =
        "6c6f636b6275732f6d61702f763100" /* lockbus/map/v1, zero */
        "0402"                           /* doors */
        "3a00"                           /* length */
        "0100"
        "046c656674"
        "05"
        "0c00112233445566778899aabb"
        "0300"
        "010000"
        "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
        "2b00"
        "0302"
        "0162"
        "f7"
        "00"
        "0f00"
        "005802"
        "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2";
    static uint8_t map[LB_MAP_MAX];
    char hex[2 * 200 + 1];

    (void)state;
    fill(&one);
    size_t len = lb_map_encode(&one.config, map);

    assert_in_range(len, 1, 200);
    assert_in_range(len, 1, lb_map_room(&one.config));
    lb_hex(hex, map, len);
    assert_string_equal(hex, rows);
}

static void the_hash_and_the_rows_are_golden(void **state)
{
    uint8_t hash[32], row[16];
    char hex[65];

    (void)state;
    fill(&one);
    digest(&one, hash);
    lb_hex(hex, hash, 32);
    assert_string_equal(
        hex,
        "f33f5c691fa17af4a496776c65877dbb45d5fd72062566f956163dfbe0da2b52");
    lb_map_row(&one.config, 1, row);
    lb_hex(hex, row, 16);
    assert_string_equal(hex, "fde13b8c7283a175470c3c02de767167");
    lb_map_row(&one.config, 0x203, row);
    lb_hex(hex, row, 16);
    assert_string_equal(hex, "ee108c77ac27401ef5be684ecf14d5c9");
    lb_map_row(&one.config, 0, row);
    assert_true(lb_all_zero(row, 16));
}

/* ---- What the hash sees, and what it does not ---------------------------- */

static void move_bus(struct lb_config *config)
{
    config->board[0].bus = 1;
}

static void rename_bus(struct lb_config *config)
{
    config->bus[1].name[0] = 'c';
}

static void change_address(struct lb_config *config)
{
    config->board[0].address = 6;
}

static void change_uid(struct lb_config *config)
{
    config->board[0].uid[23] = 'c';
}

static void drop_uid(struct lb_config *config)
{
    config->board[0].uid[0] = '\0';
}

static void change_channel(struct lb_config *config)
{
    config->line[0].channel = 4;
}

static void drop_sensor(struct lb_config *config)
{
    config->line[0].sensor = false;
}

static void change_assumed_time(struct lb_config *config)
{
    config->line[1].assume_open_s = 601;
}

static void change_profile(struct lb_config *config)
{
    config->profile[0].digest[31] ^= 1;
}

static void drop_door(struct lb_config *config)
{
    config->door_line[1] = 0;
}

static void swap_doors(struct lb_config *config)
{
    config->door_line[2] = config->door_line[1];
    config->door_line[1] = 0;
}

static void change_label(struct lb_config *config)
{
    config->line[0].prefix[0] = 'Z';
}

static void change_remark(struct lb_config *config)
{
    config->line[0].remark[0] = 'Z';
    config->line[0].size[0] = 'Z';
    config->line[0].line = 99;
}

static void change_port(struct lb_config *config)
{
    config->bus[0].port[0] = 'x';
}

static void renumber_board(struct lb_config *config)
{
    config->board[0].number = 9;
}

static void add_content(struct lb_config *config)
{
    config->line[0].content = true;
    config->line[0].content_board = 1;
    config->line[0].content_channel = 4;
}

/* Without a content sensor the other fields of it are nothing. */
static void name_content_only(struct lb_config *config)
{
    add_content(config);
    config->line[0].content = false;
}

static struct row {
    const char *name;
    void (*change)(struct lb_config *config);
    bool seen;
} rows[] = {
    {"another bus is another map", move_bus, true},
    {"another name of a bus is another map", rename_bus, true},
    {"another address is another map", change_address, true},
    {"another uid is another map", change_uid, true},
    {"no uid is another map", drop_uid, true},
    {"another channel is another map", change_channel, true},
    {"no sensor is another map", drop_sensor, true},
    {"another assumed time is another map", change_assumed_time, true},
    {"another profile is another map", change_profile, true},
    {"a door less is another map", drop_door, true},
    {"another number of a door is another map", swap_doors, true},
    {"a content sensor is another map", add_content, true},
    {"no content sensor is the same map", name_content_only, false},
    {"another label is the same map", change_label, false},
    {"another remark, size and line is the same map", change_remark, false},
    {"another port is the same map", change_port, false},
    {"another number of a board is the same map", renumber_board, false},
};

static void check_row(void **state)
{
    const struct row *row = *state;

    fill(&one);
    fill(&other);
    row->change(&other.config);
    uint8_t hash[2][32];
    bool rows_same = true;

    digest(&one, hash[0]);
    digest(&other, hash[1]);
    for (uint16_t i = 0; i < one.config.door_count; i++) {
        uint8_t digests[2][16];

        lb_map_row(&one.config, i, digests[0]);
        lb_map_row(&other.config, i, digests[1]);
        rows_same = rows_same && memcmp(digests[0], digests[1], 16) == 0;
    }
    assert_int_equal(memcmp(hash[0], hash[1], 32) == 0, !row->seen);
    assert_int_equal(rows_same, !row->seen);
}

/* The place of a content sensor is told apart in all its parts. */
static void a_content_sensor_is_told_from_any_other(void **state)
{
    uint8_t row[6][16];
    struct lb_config *config = &one.config;

    (void)state;
    for (int i = 0; i < 6; i++) {
        fill(&one);
        add_content(config);
        struct lb_config_line *line = &config->line[0];

        line->content_full_is = i == 1;
        line->content_channel = i == 2 ? 5 : 4;
        line->content_board = i == 3 ? 0 : 1;
        config->profile[1].digest[0] ^= i == 4;
        config->board[1].address ^= i == 5;
        lb_map_row(config, 1, row[i]);
        for (int k = 0; k < i; k++) {
            assert_memory_not_equal(row[i], row[k], 16);
        }
    }
}

static void the_row_of_a_content_sensor_is_golden(void **state)
{
    uint8_t row[16];
    char hex[65];

    (void)state;
    fill(&one);
    add_content(&one.config);
    lb_map_row(&one.config, 1, row);
    lb_hex(hex, row, 16);
    assert_string_equal(hex, "d10a62d4e798e9e7310510b134174c1b");
    lb_map_row(&one.config, 0x203, row);
    lb_hex(hex, row, 16); /* a door without one: as ever */
    assert_string_equal(hex, "ee108c77ac27401ef5be684ecf14d5c9");
}

/* All doors, the longest names: it fits. */
static void the_largest_map_fits(void **state)
{
    static uint8_t map[LB_MAP_MAX];
    struct lb_config *config = &one.config;

    (void)state;
    fill(&one);
    memset(config->bus[0].name, 'n', sizeof config->bus[0].name - 1);
    memset(config->board[0].uid, 'a', sizeof config->board[0].uid - 1);
    config->line_count = 0;
    for (uint16_t i = 0; i < LB_DOOR_MAX; i++) {
        put_door(&one, i,
                 &(struct lb_config_line){.sensor = true, .content = true});
    }
    config->door_count = LB_DOOR_MAX;
    assert_int_equal(lb_map_encode(config, map),
                     17 + LB_DOOR_MAX * LB_MAP_ROW_MAX);
    assert_int_equal(lb_map_room(config), 17 + LB_DOOR_MAX * LB_MAP_ROW_MAX);
    assert_in_range(lb_map_room(config), 1, LB_MAP_MAX);
}

int main(void)
{
    static struct CMUnitTest changes[COUNT(rows)];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_map_has_these_bytes),
        cmocka_unit_test(the_hash_and_the_rows_are_golden),
        cmocka_unit_test(a_content_sensor_is_told_from_any_other),
        cmocka_unit_test(the_row_of_a_content_sensor_is_golden),
        cmocka_unit_test(the_largest_map_fits),
    };

    if (!lb_crypto_init()) {
        return 1;
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        changes[i] = (struct CMUnitTest){.name = rows[i].name,
                                         .test_func = check_row,
                                         .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("map", tests, NULL, NULL) +
           cmocka_run_group_tests_name("changes", changes, NULL, NULL);
}
