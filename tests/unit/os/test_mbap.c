/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os_tcp.h"

#include "base/bytes.h"
#include "base/crc16.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = os_tcp_new("tcp");
    return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    os_tcp_free(*state);
    return 0;
}

/* FC02 of eight inputs from board 5, as a bus makes it. */
static size_t request(uint8_t frame[8])
{
    static const uint8_t raw[6] = {5, 2, 0, 0, 0, 8};

    memcpy(frame, raw, sizeof raw);
    lb_put_u16(frame + 6, lb_crc16(frame, 6));
    return 8;
}

/* Asks, and gives what the gateway sees. */
static void ask(struct os_tcp *f, uint8_t seen[12])
{
    uint8_t frame[8];
    size_t sent = 0;

    (void)request(frame);
    assert_int_equal(f->line.send(f->line.user, frame, 8, &sent), LOCKBUS_OK);
    assert_int_equal(sent, 8);
    assert_int_equal(recv(f->peer, seen, 12, MSG_WAITALL), 12);
}

/* The reply to what was seen, with inputs `bits`. */
static size_t reply(uint8_t *out, const uint8_t seen[12], uint8_t bits)
{
    const uint8_t bytes[10] = {seen[0], seen[1], 0, 0, 0, 4, 5, 2, 1, bits};

    memcpy(out, bytes, sizeof bytes);
    return sizeof bytes;
}

static void peer_says(struct os_tcp *f, const uint8_t *bytes, size_t len)
{
    assert_int_equal(write(f->peer, bytes, len), len);
}

/* Waits until the line has what the peer said; what receive() says then. */
static enum lockbus_err hear(struct os_tcp *f, uint8_t *buf, size_t *got)
{
    struct pollfd p = {.fd = f->line.fd(f->line.user), .events = POLLIN};

    assert_int_equal(poll(&p, 1, 10000), 1);
    return f->line.receive(f->line.user, buf, 256, got);
}

static void an_rtu_frame_leaves_under_a_header(void **state)
{
    struct os_tcp *f = *state;
    uint8_t one[12], two[12];

    os_tcp_connect(f);
    ask(f, one);
    assert_memory_equal(one + 2, "\0\0\0\6\5\2\0\0\0\10", 10);
    ask(f, two);
    assert_memory_not_equal(one, two, 2); /* a number of its own */
}

static void a_reply_comes_back_as_an_rtu_frame(void **state)
{
    struct os_tcp *f = *state;
    uint8_t seen[12], bytes[16], buf[256];
    size_t got = 0;

    os_tcp_connect(f);
    ask(f, seen);
    peer_says(f, bytes, reply(bytes, seen, 0xA5));
    assert_int_equal(hear(f, buf, &got), LOCKBUS_OK);
    assert_int_equal(got, 6);
    assert_memory_equal(buf, "\5\2\1\xA5", 4);
    assert_int_equal(lb_get_u16(buf + 4), lb_crc16(buf, 4));
}

static void a_reply_cut_anywhere_is_put_together(void **state)
{
    struct os_tcp *f = *state;
    uint8_t seen[12], bytes[16], buf[256];

    os_tcp_connect(f);
    for (size_t cut = 1; cut < 10; cut++) {
        size_t got = 0;

        ask(f, seen);
        (void)reply(bytes, seen, (uint8_t)cut);
        peer_says(f, bytes, cut);
        assert_int_equal(hear(f, buf, &got), LOCKBUS_OK);
        assert_int_equal(got, 0);
        peer_says(f, bytes + cut, 10 - cut);
        assert_int_equal(hear(f, buf, &got), LOCKBUS_OK);
        assert_int_equal(got, 6);
        assert_int_equal(buf[3], cut);
    }
}

/* The late reply of an earlier request looks the same but for its number. */
static void a_late_reply_is_never_let_through(void **state)
{
    struct os_tcp *f = *state;
    uint8_t early[12], seen[12], bytes[32], buf[256];
    size_t got = 0;

    os_tcp_connect(f);
    ask(f, early);
    ask(f, seen);
    (void)reply(bytes, early, 0x11);
    peer_says(f, bytes, 10);
    assert_int_equal(hear(f, buf, &got), LOCKBUS_OK);
    assert_int_equal(got, 0);
    (void)reply(bytes, early, 0x11);
    (void)reply(bytes + 10, seen, 0x22);
    peer_says(f, bytes, 20);
    assert_int_equal(hear(f, buf, &got), LOCKBUS_OK);
    assert_int_equal(got, 6);
    assert_int_equal(buf[3], 0x22);
}

static void a_reply_counts_once(void **state)
{
    struct os_tcp *f = *state;
    uint8_t seen[12], bytes[32], buf[256];
    size_t got = 0;

    os_tcp_connect(f);
    ask(f, seen);
    (void)reply(bytes, seen, 1);
    (void)reply(bytes + 10, seen, 2);
    peer_says(f, bytes, 20);
    assert_int_equal(hear(f, buf, &got), LOCKBUS_OK);
    assert_int_equal(got, 6);
    assert_int_equal(buf[3], 1);
}

struct bad {
    const char *name;
    uint8_t head[6];
};

static struct bad heads[] = {
    {"another protocol ends the connection", {0, 1, 0, 1, 0, 4}},
    {"a length of nothing ends the connection", {0, 1, 0, 0, 0, 0}},
    {"a length without a function ends the connection", {0, 1, 0, 0, 0, 1}},
    {"a length beyond a frame's ends the connection", {0, 1, 0, 0, 0, 255}},
    {"a huge length ends the connection", {0, 1, 0, 0, 0xFF, 0xFF}},
};

static void a_header_that_is_none_is_an_error(void **state)
{
    const struct bad *row = *state;
    void *fresh = NULL;
    uint8_t buf[256];
    size_t got = 0;

    assert_int_equal(set_up(&fresh), 0);
    struct os_tcp *f = fresh;

    os_tcp_connect(f);
    peer_says(f, row->head, sizeof row->head);
    assert_int_equal(hear(f, buf, &got), LOCKBUS_ERR_IO);
    assert_int_equal(tear_down(&fresh), 0);
}

static void what_is_no_rtu_frame_is_not_sent(void **state)
{
    struct os_tcp *f = *state;
    uint8_t frame[8];
    size_t sent = 1;

    os_tcp_connect(f);
    (void)request(frame);
    frame[3] ^= 1;
    assert_int_equal(f->line.send(f->line.user, frame, 8, &sent),
                     LOCKBUS_ERR_IO);
    assert_int_equal(sent, 0);
}

/* A request that a full socket took half of must not leave later, when the
 * bus has given it up. */
static void a_request_given_up_half_way_ends_the_connection(void **state)
{
    struct os_tcp *f = *state;
    uint8_t frame[8], other[8];
    size_t sent = 8;

    os_tcp_connect(f);
    (void)request(frame);
    for (int i = 0; sent != 0; i++) {
        assert_true(i < 10000000);
        assert_int_equal(f->line.send(f->line.user, frame, 8, &sent),
                         LOCKBUS_OK);
    }
    (void)request(other);
    other[0] = 6;
    lb_put_u16(other + 6, lb_crc16(other, 6));
    assert_int_equal(f->line.send(f->line.user, other, 8, &sent),
                     LOCKBUS_ERR_IO);
}

static void what_was_asked_before_a_reconnect_is_forgotten(void **state)
{
    struct os_tcp *f = *state;
    uint8_t seen[12], bytes[16], buf[256];
    size_t got = 0;

    os_tcp_connect(f);
    ask(f, seen);
    f->line.close(f->line.user);
    assert_int_equal(close(f->peer), 0);
    os_tcp_connect(f);
    peer_says(f, bytes, reply(bytes, seen, 1));
    assert_int_equal(hear(f, buf, &got), LOCKBUS_OK);
    assert_int_equal(got, 0);
}

/* Frames that nobody asked for cost a bounded time each call. */
static void a_flood_of_unasked_frames_keeps_nobody_here(void **state)
{
    struct os_tcp *f = *state;
    uint8_t frame[10] = {0x77, 0x77, 0, 0, 0, 4, 5, 2, 1, 0}, buf[256];
    struct pollfd p = {.events = POLLIN};
    size_t got = 0;
    int calls = 0;

    os_tcp_connect(f);
    for (int i = 0; i < 1000; i++) {
        peer_says(f, frame, sizeof frame);
    }
    assert_int_equal(hear(f, buf, &got), LOCKBUS_OK);
    p.fd = f->line.fd(f->line.user);
    assert_int_equal(poll(&p, 1, 0), 1); /* there is more */
    for (; poll(&p, 1, 0) == 1; calls++) {
        assert_true(calls < 1000);
        assert_int_equal(f->line.receive(f->line.user, buf, 256, &got),
                         LOCKBUS_OK);
        assert_int_equal(got, 0);
    }
}

#define MBAP(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    enum { H = sizeof heads / sizeof heads[0] };
    const struct CMUnitTest fixed[] = {
        MBAP(an_rtu_frame_leaves_under_a_header),
        MBAP(a_reply_comes_back_as_an_rtu_frame),
        MBAP(a_reply_cut_anywhere_is_put_together),
        MBAP(a_late_reply_is_never_let_through),
        MBAP(a_reply_counts_once),
        MBAP(what_is_no_rtu_frame_is_not_sent),
        MBAP(a_request_given_up_half_way_ends_the_connection),
        MBAP(what_was_asked_before_a_reconnect_is_forgotten),
        MBAP(a_flood_of_unasked_frames_keeps_nobody_here),
    };
    enum { F = sizeof fixed / sizeof fixed[0] };
    static struct CMUnitTest tests[F + H];

    memcpy(tests, fixed, sizeof fixed);
    for (size_t i = 0; i < H; i++) {
        tests[F + i] =
            (struct CMUnitTest){.name = heads[i].name,
                                .test_func = a_header_that_is_none_is_an_error,
                                .initial_state = &heads[i]};
    }
    return cmocka_run_group_tests_name("mbap", tests, NULL, NULL);
}
