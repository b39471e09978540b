/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * A row: lots of bytes ("@MS HEX"), and what is made of them, in order:
 * q request, r reply, d damaged, s stray, with its length and the moment of
 * its first byte. ## stands for the check sum of what began at the last |.
 */
struct row {
    const char *name, *lots, *frames;
};

static struct row rows[] = {
    {"a request and its reply are two frames",
     "@0 010200000008## @5 |01020100##", "q8@0 r6@5"},
    {"a reply in two lots is one frame from its first byte",
     "@0 010200000008## @5 |0102 @6 0100##", "q8@0 r6@5"},
    {"a lot that comes 16 ms late still belongs to its frame",
     "@0 010200000008## @5 |0102 @21 0100##", "q8@0 r6@5"},
    {"frames that an adapter hands over together are cut by their shapes",
     "@0 010200000008##|01020100##|020200000008##|020201ff##",
     "q8@0 r6@0 q8@0 r6@0"},
    {"an exception is a reply of five bytes", "@0 010200000008## @3 |018202##",
     "q8@0 r5@3"},
    {"a write and its confirmation are told by their order",
     "@0 01050003ff00## @4 |01050003ff00##", "q8@0 r8@4"},
    {"a confirmation that never came makes the next write a request",
     "@0 01050003ff00## @1500 |01050003ff00##", "q8@0 q8@1500"},
    {"writing many is a request with its data, and a short reply",
     "@0 010f0000000801ff## @5 |010f00000008##", "q10@0 r8@5"},
    {"a reply with a turned bit is damaged", "@0 010200000008## @5 0102010099",
     "q8@0 s5@5"},
    {"a whole reply with a wrong sum is damaged",
     "@0 010200000008## @5 010201001234", "q8@0 d6@5"},
    {"a damaged reply does not swallow the request behind it",
     "@0 010201001234|010200000008##", "d6@0 q8@0"},
    {"a reply that was cut ends where the next request begins",
     "@0 010200000008## @5 010318 @60 |020200000008##", "q8@0 s3@5 q8@60"},
    {"noise before a frame is no part of it", "@0 00ff00|010200000008##",
     "s3@0 q8@0"},
    {"an unknown function with a good sum ends by silence",
     "@0 0141aabbcc## @4 |0141aabb##", "q7@0 r6@4"},
    {"a request of four bytes ends by silence", "@0 0107## @9 |010201",
     "q4@0 s3@9"},
    {"a broadcast is a request", "@0 00050003ff00##", "q8@0"},
    {"noise that looks like a long frame ends in time",
     "@0 0103f0 @30 |010200000008##", "s3@0 q8@30"},
    {"nothing is nothing", "", ""},
};

static unsigned crc(const uint8_t *bytes, size_t len)
{
    unsigned sum = 0xFFFF;

    for (size_t i = 0; i < len; i++) {
        sum ^= bytes[i];
        for (int k = 0; k < 8; k++) {
            sum = (sum & 1) != 0 ? sum >> 1 ^ 0xA001 : sum >> 1;
        }
    }
    return sum;
}

struct wire {
    struct lb_cut cut;
    uint8_t frame[300]; /* since the last |, for the check sum */
    size_t frame_len;
    char said[512];
};

static void drain(struct wire *wire, uint64_t now_us)
{
    struct lb_cut_frame frame;

    while (lb_cut_next(&wire->cut, now_us, &frame)) {
        lb_cut_side(&wire->cut, &frame);
        size_t used = strlen(wire->said);

        (void)snprintf(wire->said + used, sizeof wire->said - used,
                       "%s%c%zu@%llu", used > 0 ? " " : "",
                       "?qr?ds"[frame.kind], frame.len,
                       (unsigned long long)frame.at_us / 1000);
    }
}

/* One lot's hexadecimal digits to bytes. */
static size_t lot_bytes(struct wire *wire, const char **at, uint8_t *out)
{
    size_t len = 0;

    for (; **at != '\0' && **at != ' '; *at += 2) {
        unsigned byte = 0;

        if (**at == '|') {
            wire->frame_len = 0;
            (*at)++;
        }
        if (**at == '#') {
            byte = crc(wire->frame, wire->frame_len);
            out[len++] = (uint8_t)byte;
            out[len++] = (uint8_t)(byte >> 8);
            wire->frame_len = 0;
            continue;
        }
        assert_int_equal(sscanf(*at, "%2x", &byte), 1);
        wire->frame[wire->frame_len++] = (uint8_t)byte;
        out[len++] = (uint8_t)byte;
    }
    return len;
}

static void row_is_cut(void **state)
{
    const struct row *row = *state;
    struct wire wire = {.cut.quiet_us = 1750};
    const char *at = row->lots;

    while (*at == '@') {
        char *end = NULL;
        uint64_t now = strtoull(at + 1, &end, 10) * 1000;
        uint8_t bytes[300];

        at = end + 1;
        size_t len = lot_bytes(&wire, &at, bytes);

        drain(&wire, now);
        assert_int_equal(lb_cut_add(&wire.cut, now, bytes, len), len);
        drain(&wire, now);
        at += *at == ' ';
    }
    drain(&wire, UINT64_MAX);
    assert_string_equal(wire.said, row->frames);
}

/* However much comes without a frame in it, it goes again. */
static void noise_without_an_end_keeps_flowing(void **state)
{
    struct lb_cut cut = {.quiet_us = 1750};
    struct lb_cut_frame frame;
    size_t out = 0;

    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        const uint8_t noise[3] = {1, 0x03, (uint8_t)(i * 7)};

        for (size_t done = 0; done < sizeof noise;) {
            size_t taken =
                lb_cut_add(&cut, i, noise + done, sizeof noise - done);

            assert_true(taken > 0); /* what was full has been emptied */
            done += taken;
            while (lb_cut_next(&cut, i, &frame)) {
                out += frame.len;
            }
        }
    }
    while (lb_cut_next(&cut, UINT64_MAX, &frame)) {
        out += frame.len;
    }
    assert_int_equal(out, 15000);
}

/* Whatever comes in lots of any size, at any pace: every byte goes out once, in
 * its order, and no frame is longer than the room that a file gives it. */
static void no_byte_is_lost_or_told_twice(void **state)
{
    struct lb_cut cut = {.quiet_us = 1750};
    struct lb_cut_frame frame;
    uint64_t random = 88172645463325252U, now = 0;
    uint8_t in[64], next_in = 0, next_out = 0;
    size_t sent = 0, out = 0;

    (void)state;
    while (sent < 50000) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        size_t len = 1 + random % sizeof in, done = 0;

        now += random >> 32 & 8191;
        for (size_t i = 0; i < len; i++) {
            in[i] = next_in++; /* looks like many functions' beginnings */
        }
        sent += len;
        while (done < len) {
            done += lb_cut_add(&cut, now, in + done, len - done);
            while (lb_cut_next(&cut, now, &frame)) {
                assert_in_range(frame.len, 1, LB_CUT_BYTES);
                out += frame.len;
                for (size_t i = 0; i < frame.len; i++) {
                    assert_int_equal(frame.bytes[i], next_out++);
                }
            }
        }
    }
    while (lb_cut_next(&cut, UINT64_MAX, &frame)) {
        out += frame.len;
    }
    assert_int_equal(out, sent);
}

int main(void)
{
    enum { COUNT = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[COUNT + 2];

    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = row_is_cut,
                                       .initial_state = &rows[i]};
    }
    tests[COUNT] =
        (struct CMUnitTest)cmocka_unit_test(noise_without_an_end_keeps_flowing);
    tests[COUNT + 1] =
        (struct CMUnitTest)cmocka_unit_test(no_byte_is_lost_or_told_twice);
    return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
