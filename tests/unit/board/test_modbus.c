/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "base/crc16.h"
#include "board/frame.h"
#include "board/modbus.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct lb_profile waveshare = {
    .name = "waveshare",
    .channels = 8,
    .pulse = {5, 0x0200, 0},
    .off = {5, 0x0000, 0},
    .leaf = {2, 0x0000, 0},
    .pulse_unit_ms = 100,
    .pulse_min_ms = 200,
    .pulse_max_ms = 1000,
    .leaf_is_read = true,
    .checks = 2,
    .check = {{"firmware", 3, 0x8000, false, 200},
              {"control_modes", 3, 0x1000, true, 0}},
};

static const struct lb_profile xunming = {
    .name = "xunming",
    .channels = 16,
    .pulse = {5, 0x0065, 0},
    .off = {5, 0x0065, 0},
    .leaf = {2, 0x0000, 0},
    .pulse_unit_ms = 1,
    .pulse_min_ms = 200,
    .pulse_max_ms = 1000,
    .leaf_is_read = true,
};

static const struct lb_profile r421_alone = {
    .name = "r421",
    .channels = 16,
    .pulse = {6, 0x0001, 0},
    .off = {6, 0x0001, 0},
    .pulse_unit_ms = 1000,
    .pulse_min_ms = 1000,
    .pulse_max_ms = 1000,
    .pulse_word = 0x0500,
    .pulse_alone = true,
    .off_word = 0x0200,
};

static const struct lb_profile r421_count = {
    .name = "r421",
    .channels = 8,
    .pulse = {6, 0x0001, 0},
    .off = {6, 0x0001, 0},
    .pulse_unit_ms = 1000,
    .pulse_min_ms = 1000,
    .pulse_max_ms = 5000,
    .pulse_word = 0x0600,
    .off_word = 0x0200,
};

static const struct lb_profile lctech = {
    .name = "lctech",
    .channels = 8,
    .pulse = {16, 0x0003, 5},
    .off = {5, 0x0000, 0},
    .leaf = {2, 0x0000, 0},
    .pulse_unit_ms = 100,
    .pulse_min_ms = 200,
    .pulse_max_ms = 1000,
    .pulse_word = 2,
    .leaf_is_read = true,
};

static const struct lb_profile iobox = {
    .name = "iobox",
    .channels = 16,
    .pulse = {5, 0x0000, 0},
    .off = {5, 0x0000, 0},
    .pulse_unit_ms = 100,
    .pulse_min_ms = 200,
    .pulse_max_ms = 1000,
    .host_timed = true,
};

/* Frames as the makers print them; those of R421 and LC boards were
 * put together from their register maps, the sum by another program. */
static struct golden {
    const char *name;
    const struct lb_profile *profile;
    struct lb_order order;
    const char *hex;
} golden[] = {
    {"Waveshare relay 0 flashes on for 700 ms",
     &waveshare,
     {LB_OP_PULSE, 1, 0, 0, 700},
     "0105020000078db0"},
    {"Waveshare relay 1 flashes on for 800 ms",
     &waveshare,
     {LB_OP_PULSE, 1, 1, 0, 800},
     "0105020100089c74"},
    {"Waveshare relay 0 flashes on for 200 ms",
     &waveshare,
     {LB_OP_PULSE, 1, 0, 0, 200},
     "0105020000024db3"},
    {"Waveshare's eight relays are read",
     &waveshare,
     {LB_OP_OUTPUT, 1, 0, 0, 0},
     "0101000000083dcc"},
    {"Waveshare's eight inputs are read",
     &waveshare,
     {LB_OP_LEAF, 1, 0, 0, 0},
     "01020000000879cc"},
    {"Xunming lock 1 opens for 500 ms",
     &xunming,
     {LB_OP_PULSE, 1, 0, 0, 500},
     "0105006501f4ddc2"},
    {"Xunming lock 16 opens for 500 ms",
     &xunming,
     {LB_OP_PULSE, 1, 15, 0, 500},
     "0105007401f48dc7"},
    {"Xunming lock 1 goes off",
     &xunming,
     {LB_OP_OFF, 1, 0, 0, 0},
     "010500650000ddd5"},
    {"R421 relay 1 is momentary",
     &r421_alone,
     {LB_OP_PULSE, 1, 0, 0, 1000},
     "010600010500db5a"},
    {"R421 relay 15 is momentary",
     &r421_alone,
     {LB_OP_PULSE, 1, 14, 0, 1000},
     "0106000f0500ba99"},
    {"R421 relay 8 is driven for 3 s",
     &r421_count,
     {LB_OP_PULSE, 1, 7, 0, 3000},
     "0106000806034ba9"},
    {"R421 relay 1 goes off",
     &r421_count,
     {LB_OP_OFF, 1, 0, 0, 0},
     "010600010200d96a"},
    {"R421 relay 1 is read, alone",
     &r421_count,
     {LB_OP_OUTPUT, 1, 0, 0, 0},
     "010300010001d5ca"},
    {"LC relay 1 flashes on for 500 ms",
     &lctech,
     {LB_OP_PULSE, 1, 0, 0, 500},
     "0110000300020400020005d279"},
    {"LC relay 8 flashes on for 500 ms",
     &lctech,
     {LB_OP_PULSE, 1, 7, 0, 500},
     "0110002600020400020005105e"},
    {"IO-Box relay 1 goes on until it is switched off",
     &iobox,
     {LB_OP_PULSE, 1, 0, 0, 500},
     "01050000ff008c3a"},
    {"IO-Box relay 1 goes off",
     &iobox,
     {LB_OP_OFF, 1, 0, 0, 0},
     "010500000000cdca"},
    {"IO-Box's relays are read",
     &iobox,
     {LB_OP_OUTPUT, 1, 0, 0, 0},
     "0101000000103dc6"},
    {"LC relay 1 goes off",
     &lctech,
     {LB_OP_OFF, 1, 0, 0, 0},
     "010500000000cdca"},
};

static struct refused {
    const char *name;
    struct lb_order order;
} refused[] = {
    {"broadcast address is refused", {LB_OP_PULSE, 0, 0, 0, 500}},
    {"wildcard address 254 is refused", {LB_OP_PULSE, 254, 0, 0, 500}},
    {"address 248 is refused", {LB_OP_LEAF, 248, 0, 0, 0}},
    {"channel beyond the board is refused", {LB_OP_PULSE, 1, 8, 0, 500}},
    {"all-relays channel 255 is refused", {LB_OP_OFF, 1, 255, 0, 0}},
    {"pulse of no length is refused", {LB_OP_PULSE, 1, 0, 0, 0}},
    {"pulse below the range is refused", {LB_OP_PULSE, 1, 0, 0, 100}},
    {"pulse above the range is refused", {LB_OP_PULSE, 1, 0, 0, 1100}},
    {"pulse between two units is refused", {LB_OP_PULSE, 1, 0, 0, 550}},
    {"54 minutes are refused", {LB_OP_PULSE, 1, 0, 0, 3276700}},
    {"check that does not exist is refused", {LB_OP_CHECK, 1, 0, 2, 0}},
    {"order without meaning is refused", {LB_OP_NONE, 1, 0, 0, 0}},
};

static struct lb_modbus *codec;

static int open_codec(void **state)
{
    (void)state;
    return lb_modbus_new(&codec) == LOCKBUS_OK ? 0 : -1;
}

static int close_codec(void **state)
{
    (void)state;
    lb_modbus_free(&codec);
    return 0;
}

static void check_golden(void **state)
{
    const struct golden *row = *state;
    struct lb_request request = {.op = LB_OP_NONE};
    char hex[2 * LB_REQUEST_MAX + 1];

    assert_int_equal(
        lb_modbus_driver.encode(codec, row->profile, &row->order, &request),
        LOCKBUS_OK);
    lb_hex(hex, request.bytes, request.len);
    assert_string_equal(hex, row->hex);
}

static void check_refused(void **state)
{
    const struct refused *row = *state;
    struct lb_request request = {.op = LB_OP_NONE};

    assert_int_equal(
        lb_modbus_driver.encode(codec, &waveshare, &row->order, &request),
        LOCKBUS_ERR_USAGE);
    assert_int_equal(request.len, 0);
}

static struct lb_request request_of(enum lb_op op, uint8_t channel)
{
    const struct lb_order order = {op, 1, channel, 1, 500};
    struct lb_request request = {.op = LB_OP_NONE};

    assert_int_equal(
        lb_modbus_driver.encode(codec, &waveshare, &order, &request),
        LOCKBUS_OK);
    return request;
}

static size_t seal(uint8_t *bytes, size_t len)
{
    lb_put_u16(bytes + len, lb_crc16(bytes, len));
    return len + 2;
}

static void a_reading_is_taken_apart(void **state)
{
    (void)state;
    struct lb_request request = request_of(LB_OP_LEAF, 0);
    uint8_t frame[8] = {1, 2, 1, 0xA5};
    size_t len = seal(frame, 4);
    struct lb_reply reply = {0};

    assert_int_equal(len, request.reply_len);
    assert_int_equal(lb_modbus_driver.match(&request, frame, len),
                     LB_MATCH_YES);
    assert_true(lb_modbus_driver.decode(codec, &request, frame, len, &reply));
    assert_int_equal(reply.bits, 0xA5);
    assert_int_equal(reply.exception, 0);
}

static void registers_are_taken_apart(void **state)
{
    (void)state;
    struct lb_request request = request_of(LB_OP_CHECK, 0);
    uint8_t frame[32] = {1, 3, 16, 0, 0, 0x12, 0x34};
    size_t len = seal(frame, 19);
    struct lb_reply reply = {0};

    assert_int_equal(lb_modbus_driver.match(&request, frame, len),
                     LB_MATCH_YES);
    assert_true(lb_modbus_driver.decode(codec, &request, frame, len, &reply));
    assert_int_equal(reply.words, 8);
    assert_int_equal(reply.word[1], 0x1234);
}

static void an_exception_is_taken_apart_and_the_next_reply_too(void **state)
{
    (void)state;
    struct lb_request request = request_of(LB_OP_LEAF, 0);
    uint8_t frame[8] = {1, 0x82, 2};
    size_t len = seal(frame, 3);
    struct lb_reply reply = {0};

    assert_int_equal(lb_modbus_driver.match(&request, frame, len),
                     LB_MATCH_EXCEPTION);
    assert_true(lb_modbus_driver.decode(codec, &request, frame, len, &reply));
    assert_int_equal(reply.exception, 2);
    a_reading_is_taken_apart(state);
}

static void a_damaged_byte_anywhere_is_no_match(void **state)
{
    (void)state;
    struct lb_request request = request_of(LB_OP_PULSE, 3);

    for (size_t i = 0; i < request.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t frame[LB_REQUEST_MAX];
            memcpy(frame, request.bytes, request.len);
            frame[i] = (uint8_t)(frame[i] ^ 1U << bit);
            assert_true(lb_modbus_driver.match(&request, frame, request.len) <
                        LB_MATCH_EXCEPTION);
        }
    }
}

static void another_doors_confirmation_is_no_match(void **state)
{
    (void)state;
    struct lb_request seven = request_of(LB_OP_PULSE, 7);
    struct lb_request three = request_of(LB_OP_PULSE, 3);

    assert_int_equal(lb_modbus_driver.match(&seven, seven.bytes, seven.len),
                     LB_MATCH_YES);
    assert_int_equal(lb_modbus_driver.match(&seven, three.bytes, three.len),
                     LB_MATCH_NO);
}

static void another_boards_reading_is_no_match(void **state)
{
    (void)state;
    struct lb_request request = request_of(LB_OP_LEAF, 0);
    uint8_t frame[8] = {2, 2, 1, 0xA5};
    size_t len = seal(frame, 4);

    assert_int_equal(lb_modbus_driver.match(&request, frame, len), LB_MATCH_NO);
}

static void a_reading_of_another_length_is_no_match(void **state)
{
    (void)state;
    struct lb_request request = request_of(LB_OP_LEAF, 0);
    uint8_t frame[8] = {1, 2, 2, 0xA5, 0xA5};
    size_t len = seal(frame, 5);

    assert_int_equal(lb_modbus_driver.match(&request, frame, len), LB_MATCH_NO);
}

static void no_descriptor_below_1024_is_an_io_error(void **state)
{
    (void)state;
    struct rlimit limit;
    struct lb_modbus *other = NULL;
    int first = -1, fd = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 1100) {
        skip();
    }
    limit.rlim_cur = 1100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (fd >= 0 && fd < 1024) {
        fd = dup(0);
        first = first < 0 ? fd : first;
    }
    assert_int_equal(lb_modbus_new(&other), LOCKBUS_ERR_IO);
    assert_null(other);
    for (int i = first; i <= fd; i++) {
        close(i);
    }
}

int main(void)
{
    enum { G = sizeof golden / sizeof golden[0] };
    enum { R = sizeof refused / sizeof refused[0] };
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(a_reading_is_taken_apart),
        cmocka_unit_test(registers_are_taken_apart),
        cmocka_unit_test(an_exception_is_taken_apart_and_the_next_reply_too),
        cmocka_unit_test(a_damaged_byte_anywhere_is_no_match),
        cmocka_unit_test(another_doors_confirmation_is_no_match),
        cmocka_unit_test(another_boards_reading_is_no_match),
        cmocka_unit_test(a_reading_of_another_length_is_no_match),
        cmocka_unit_test(no_descriptor_below_1024_is_an_io_error),
    };
    enum { F = sizeof fixed / sizeof fixed[0] };
    static struct CMUnitTest tests[G + R + F];

    for (size_t i = 0; i < G; i++) {
        tests[i] = (struct CMUnitTest){.name = golden[i].name,
                                       .test_func = check_golden,
                                       .initial_state = &golden[i]};
    }
    for (size_t i = 0; i < R; i++) {
        tests[G + i] = (struct CMUnitTest){.name = refused[i].name,
                                           .test_func = check_refused,
                                           .initial_state = &refused[i]};
    }
    memcpy(tests + G + R, fixed, sizeof fixed);
    return cmocka_run_group_tests_name("modbus", tests, open_codec,
                                       close_codec);
}
