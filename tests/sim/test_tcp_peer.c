/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The library's bus over TCP against a peer that breaks the rules, once as
 * Modbus/TCP and once as RTU over TCP: whatever it does, no reading is taken
 * but the board's own to the request that was sent last, and a connection
 * that was lost is one loss and begins anew.
 */
#include "os/os.h"
#include "os_tcp.h"
#include "plain_board.h"
#include "real_bus.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    READS = 20,
    BAUD = 115200,          /* of the line behind a serial server */
    HEAD = 6,               /* transaction, protocol, length */
    TCP_REQUEST = HEAD + 6, /* unit, function, two words */
    FRAME_MAX = PLAIN_REPLY + HEAD,
    LATE_MS = 250 /* later than any deadline here, sooner than the latest */
};

struct peer;

struct row {
    const char *name;
    bool mbap;
    unsigned losses; /* of the line, that it costs */
    /* Says `reply` in its own way. */
    void (*say)(struct peer *peer, const struct plain_frame *reply);
};

struct peer {
    const struct row *row;
    int listener, fd, stop[2];
    bool runs;
    pthread_t thread;
    struct real_bus real;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t moves;
    struct plain_board board;
    bool armed;
    unsigned asked, spoiled; /* readings asked for; what was done to them */
    struct {
        uint64_t us;
        uint8_t sampled;
    } asked_at[256];                       /* the last of them */
    uint8_t head[HEAD], before[FRAME_MAX]; /* of this request; a reply */
    size_t before_len;

    unsigned stale, fresh;
};

/* ---- What is said ------------------------------------------------------- */

static void put(struct peer *peer, const uint8_t *bytes, size_t len)
{
    if (peer->fd >= 0) {
        (void)send(peer->fd, bytes, len, MSG_NOSIGNAL);
    }
}

/* The frame as it goes over this connection. */
static size_t wrap(const struct peer *peer, const struct plain_frame *reply,
                   uint8_t *out)
{
    if (!peer->row->mbap) {
        memcpy(out, reply->bytes, reply->len);
        return reply->len;
    }
    memcpy(out, peer->head, HEAD);
    out[4] = 0;
    out[5] = (uint8_t)(reply->len - 2);
    memcpy(out + HEAD, reply->bytes, reply->len - 2);
    return HEAD + reply->len - 2;
}

static void plainly(struct peer *peer, const struct plain_frame *reply)
{
    uint8_t out[FRAME_MAX];

    put(peer, out, wrap(peer, reply, out));
}

static void in_pieces(struct peer *peer, const struct plain_frame *reply)
{
    uint8_t out[FRAME_MAX];
    size_t len = wrap(peer, reply, out);

    for (size_t i = 0; i < len; i++) {
        put(peer, out + i, 1);
    }
    peer->spoiled++;
}

static void twice(struct peer *peer, const struct plain_frame *reply)
{
    uint8_t out[2 * FRAME_MAX];
    size_t len = wrap(peer, reply, out);

    memcpy(out + len, out, len);
    put(peer, out, 2 * len);
    peer->spoiled++;
}

/* The last reply once more, in one segment with the new one. */
static void old_and_new(struct peer *peer, const struct plain_frame *reply)
{
    uint8_t out[2 * FRAME_MAX], *next = out + peer->before_len;

    memcpy(out, peer->before, peer->before_len);
    put(peer, out, peer->before_len + wrap(peer, reply, next));
    peer->spoiled++;
}

static void of_another_unit(struct peer *peer, const struct plain_frame *reply)
{
    struct plain_frame other = *reply;

    other.bytes[0] = 2;
    other.bytes[3] ^= 0xFF;
    other.len -= 2;
    plain_seal(&other);
    if (peer->spoiled++ == 0) {
        plainly(peer, &other);
        if (peer->row->mbap) { /* one number has one reply */
            return;
        }
    }
    plainly(peer, reply);
}

static void of_another_number(struct peer *peer,
                              const struct plain_frame *reply)
{
    struct plain_frame other = *reply;

    other.bytes[3] ^= 0xFF;
    peer->head[1] ^= 0x40;
    plainly(peer, &other);
    peer->head[1] ^= 0x40;
    plainly(peer, reply);
    peer->spoiled++;
}

static void half_and_gone(struct peer *peer, const struct plain_frame *reply)
{
    uint8_t out[FRAME_MAX];

    if (peer->spoiled > 0) {
        plainly(peer, reply);
        return;
    }
    put(peer, out, wrap(peer, reply, out) / 2);
    (void)shutdown(peer->fd, SHUT_RDWR);
    peer->spoiled++;
}

static void noise_first(struct peer *peer, const struct plain_frame *reply)
{
    if (peer->spoiled == 0) {
        put(peer, (const uint8_t[]){1, 2, 3, 4, 5, 6, 7}, 7);
        peer->spoiled++;
    }
    plainly(peer, reply);
}

static void late(struct peer *peer, const struct plain_frame *reply)
{
    if (peer->spoiled == 0) { /* nothing else is heard meanwhile */
        (void)poll(&(struct pollfd){peer->stop[0], POLLIN, 0}, 1, LATE_MS);
        peer->spoiled++;
    }
    plainly(peer, reply);
}

/* ---- What is heard ------------------------------------------------------ */

static void on_request(struct peer *peer, const uint8_t *bytes)
{
    struct plain_frame reply = {.len = 0};
    const uint8_t *request = peer->row->mbap ? bytes + HEAD : bytes;

    memcpy(peer->head, bytes, HEAD);
    if (request[0] != 1) {
        return;
    }
    plain_answer(&peer->board, request, &reply);
    if (request[1] == 2) {
        uint8_t at = (uint8_t)peer->asked++;

        peer->asked_at[at].us = lb_clock_boot_us();
        peer->asked_at[at].sampled = peer->board.sampled;
        (void)pthread_cond_signal(&peer->moves);
    }
    if (request[1] == 2 && peer->armed) {
        peer->row->say(peer, &reply);
    } else {
        plainly(peer, &reply);
    }
    if (request[1] == 2) {
        peer->before_len = wrap(peer, &reply, peer->before);
    }
}

static void hear(struct peer *peer)
{
    size_t whole = peer->row->mbap ? TCP_REQUEST : PLAIN_REQUEST;
    uint8_t bytes[TCP_REQUEST];

    if (recv(peer->fd, bytes, whole, MSG_PEEK) == (ssize_t)whole) {
        (void)recv(peer->fd, bytes, whole, 0);
        on_request(peer, bytes);
    } else if (recv(peer->fd, bytes, whole, MSG_PEEK | MSG_DONTWAIT) <= 0) {
        (void)close(peer->fd);
        peer->fd = -1;
    }
}

static void meet(struct peer *peer)
{
    int at_once = 1;

    if (peer->fd >= 0) {
        (void)close(peer->fd);
    }
    peer->fd = accept(peer->listener, NULL, NULL);
    (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &at_once,
                     sizeof at_once);
}

static void *far_side(void *arg)
{
    struct peer *peer = arg;

    for (;;) {
        struct pollfd wait[] = {{peer->stop[0], POLLIN, 0},
                                {peer->listener, POLLIN, 0},
                                {peer->fd, POLLIN, 0}};

        if (poll(wait, 3, -1) < 0 || wait[0].revents != 0) {
            return NULL;
        }
        (void)pthread_mutex_lock(&peer->lock);
        if (wait[1].revents != 0) {
            meet(peer);
        } else {
            hear(peer);
        }
        (void)pthread_mutex_unlock(&peer->lock);
    }
}

/* What the board sampled for the reading that was asked for then: the first
 * that it has heard since. The request may be younger than what was taken for
 * its reply, so it is waited for. */
static uint8_t sampled_since(struct peer *peer, uint64_t us)
{
    struct timespec end;

    (void)clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20;
    (void)pthread_mutex_lock(&peer->lock);
    while (peer->asked_at[(uint8_t)(peer->asked - 1)].us < us &&
           pthread_cond_timedwait(&peer->moves, &peer->lock, &end) == 0) {
    }
    unsigned at = peer->asked - 1;

    while (at > 0 && peer->asked_at[(uint8_t)(at - 1)].us >= us) {
        at--;
    }
    uint8_t sampled = peer->asked_at[(uint8_t)at].sampled;
    (void)pthread_mutex_unlock(&peer->lock);
    return sampled;
}

static void compare(struct real_bus *real, uint32_t open)
{
    struct peer *peer = real->user;
    bool same = (uint8_t)~open == sampled_since(peer, real->read_us);

    *(same ? &peer->fresh : &peer->stale) += 1;
}

/* ---- Rows --------------------------------------------------------------- */

#define BOTH(what, how, lost)                                                  \
    {"tcp: " what, true, lost, how},                                           \
    {                                                                          \
        "rtu+tcp: " what, false, lost, how                                     \
    }

static const struct row rows[] = {
    BOTH("a reply comes byte by byte", in_pieces, 0),
    BOTH("a reply is said twice in one segment", twice, 0),
    BOTH("the peer goes away in mid-reply", half_and_gone, 1),
    BOTH("a reply of another unit", of_another_unit, 0),
    BOTH("a reply is late", late, 0),
    {"tcp: an old reply in one segment with the new", true, 0, old_and_new},
    {"tcp: a reply to another number first", true, 0, of_another_number},
    {"tcp: what is no header ends the connection", true, 1, noise_first},
    {"rtu+tcp: noise before a reply", false, 0, noise_first},
};

static int set_up(void **state)
{
    struct peer *peer = calloc(1, sizeof *peer);
    char port[64];

    assert_non_null(peer);
    peer->row = *state;
    peer->fd = -1;
    peer->real = (struct real_bus){.user = peer, .read = compare};
    peer->listener = os_tcp_listen(4, peer->row->mbap ? "tcp" : "rtu+tcp", port,
                                   sizeof port);
    assert_true(peer->listener >= 0);
    assert_int_equal(pthread_mutex_init(&peer->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&peer->moves, NULL), 0);
    assert_int_equal(pipe(peer->stop), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, far_side, peer), 0);
    assert_int_equal(
        real_bus_open(&peer->real, port, peer->row->mbap ? 0 : BAUD),
        LOCKBUS_OK);
    *state = peer;
    return 0;
}

static int tear_down(void **state)
{
    struct peer *peer = *state;

    (void)close(peer->stop[1]);
    (void)pthread_join(peer->thread, NULL);
    real_bus_close(&peer->real);
    (void)close(peer->stop[0]);
    (void)close(peer->listener);
    if (peer->fd >= 0) {
        (void)close(peer->fd);
    }
    (void)pthread_cond_destroy(&peer->moves);
    (void)pthread_mutex_destroy(&peer->lock);
    free(peer);
    return 0;
}

static void only_the_boards_own_is_taken(void **state)
{
    struct peer *peer = *state;
    struct real_bus *real = &peer->real;

    assert_true(real_bus_until(real, &real->back, 1));
    unsigned connecting = real->port_lost; /* that is told, too */

    (void)pthread_mutex_lock(&peer->lock);
    peer->armed = true;
    (void)pthread_mutex_unlock(&peer->lock);
    assert_true(real_bus_until(real, &real->readings, real->readings + READS));
    if (peer->row->losses > 0) {
        assert_true(real_bus_until(real, &real->back, 2));
        assert_true(
            real_bus_until(real, &real->readings, real->readings + READS));
    }
    assert_true(peer->spoiled > 0);
    assert_int_equal(peer->stale, 0);
    assert_int_equal(real->port_lost - connecting, peer->row->losses);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){
            .name = rows[i].name,
            .test_func = only_the_boards_own_is_taken,
            .setup_func = set_up,
            .teardown_func = tear_down,
            .initial_state = (void *)(uintptr_t)&rows[i],
        };
    }
    return cmocka_run_group_tests_name("tcp peers", tests, NULL, NULL);
}
