/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os_tcp.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct lb_serial_settings settings = {19200, 8, 'N', 1};

static int set_up(void **state)
{
    *state = os_tcp_new("rtu+tcp");
    return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    os_tcp_free(*state);
    return 0;
}

static size_t receive(struct os_tcp *f, uint8_t *buf, size_t cap)
{
    struct pollfd p = {.fd = f->line.fd(f->line.user), .events = POLLIN};
    size_t n = 0;

    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_int_equal(f->line.receive(f->line.user, buf, cap, &n), LOCKBUS_OK);
    return n;
}

static void bytes_go_both_ways(void **state)
{
    struct os_tcp *f = *state;
    uint8_t buf[8];
    size_t n = 0;

    os_tcp_connect(f);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_OK);
    assert_int_equal(n, 0);
    assert_int_equal(f->line.send(f->line.user, (const uint8_t *)"ping", 4, &n),
                     LOCKBUS_OK);
    assert_int_equal(n, 4);
    assert_int_equal(recv(f->peer, buf, 4, MSG_WAITALL), 4);
    assert_int_equal(write(f->peer, "pong", 4), 4);
    assert_int_equal(receive(f, buf, sizeof buf), 4);
    assert_memory_equal(buf, "pong", 4);
}

/* A bus closes after every open() that failed; it must get there all the
 * same, and by one connection. */
static void closing_in_between_does_not_start_again(void **state)
{
    struct os_tcp *f = *state;
    enum lockbus_err err = LOCKBUS_ERR_OFFLINE;
    struct pollfd p = {.fd = f->listener, .events = POLLIN};
    int looks = 0;

    for (; looks < 100000 && err == LOCKBUS_ERR_OFFLINE; looks++) {
        err = f->line.open(f->line.user, &f->why);
        if (err != LOCKBUS_OK) {
            f->line.close(f->line.user);
        }
        (void)sched_yield();
    }
    assert_int_equal(err, LOCKBUS_OK);
    assert_true(looks > 1);
    f->peer = accept(f->listener, NULL, NULL);
    assert_true(f->peer >= 0);
    assert_int_equal(poll(&p, 1, 0), 0);
    f->line.close(f->line.user);
    assert_int_equal(f->line.fd(f->line.user), -1);
}

static void line_freed_while_connecting_leaves_no_descriptor(void **state)
{
    struct os_tcp *f = *state;
    int before = dup(0);

    assert_int_equal(close(before), 0);
    assert_int_equal(f->line.open(f->line.user, &f->why), LOCKBUS_ERR_OFFLINE);
    lb_line_free(&f->line);
    int after = dup(0);

    assert_int_equal(close(after), 0);
    assert_int_equal(after, before);
}

static void socket_never_blocks_nor_waits_to_fill_packets(void **state)
{
    struct os_tcp *f = *state;
    int no_delay = 0;
    socklen_t len = sizeof no_delay;

    os_tcp_connect(f);
    int fd = f->line.fd(f->line.user);

    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len),
                     0);
    assert_int_not_equal(no_delay, 0);
}

/* A pulse that was given up must not arrive after its permit. */
static void closing_drops_what_was_not_yet_sent(void **state)
{
    struct os_tcp *f = *state;
    struct linger linger = {0};
    socklen_t len = sizeof linger;

    os_tcp_connect(f);
    assert_int_equal(getsockopt(f->line.fd(f->line.user), SOL_SOCKET, SO_LINGER,
                                &linger, &len),
                     0);
    assert_int_equal(linger.l_onoff, 1);
    assert_int_equal(linger.l_linger, 0);
}

static void
peer_that_hangs_up_is_an_error_and_can_be_reached_again(void **state)
{
    struct os_tcp *f = *state;
    struct pollfd p = {.events = POLLIN};
    uint8_t buf[8];
    size_t n = 0;

    os_tcp_connect(f);
    assert_int_equal(close(f->peer), 0);
    p.fd = f->line.fd(f->line.user);
    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_ERR_IO);
    f->line.close(f->line.user);
    f->line.close(f->line.user);
    assert_int_equal(f->line.fd(f->line.user), -1);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->line.send(f->line.user, buf, 1, &n), LOCKBUS_ERR_IO);
    os_tcp_connect(f);
}

static volatile sig_atomic_t pipe_signals;

static void count_signal(int number)
{
    (void)number;
    pipe_signals++;
}

/* The host may have left SIGPIPE as it is: it would end by it. */
static void peer_that_reset_is_an_error_of_send_too(void **state)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct os_tcp *f = *state;
    struct pollfd p = {.events = POLLIN};
    size_t n = 0;

    assert_true(signal(SIGPIPE, count_signal) != SIG_ERR);
    os_tcp_connect(f);
    assert_int_equal(
        setsockopt(f->peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once),
        0);
    assert_int_equal(close(f->peer), 0);
    f->peer = -1;
    p.fd = f->line.fd(f->line.user);
    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_int_equal(f->line.send(f->line.user, (const uint8_t *)"x", 1, &n),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->line.send(f->line.user, (const uint8_t *)"x", 1, &n),
                     LOCKBUS_ERR_IO);
    assert_int_equal(pipe_signals, 0);
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
}

static void full_socket_takes_part_and_then_nothing(void **state)
{
    static const uint8_t bytes[65536];
    struct os_tcp *f = *state;
    size_t n = 1;

    os_tcp_connect(f);
    for (int i = 0; n != 0; i++) {
        assert_true(i < 100000);
        assert_int_equal(f->line.send(f->line.user, bytes, sizeof bytes, &n),
                         LOCKBUS_OK);
    }
}

static void nobody_listening_is_offline(void **state)
{
    struct os_tcp *f = *state;

    assert_int_equal(close(f->listener), 0);
    f->listener = -1;
    assert_int_equal(os_tcp_open(f), LOCKBUS_ERR_OFFLINE);
    assert_int_equal(f->why.err, LOCKBUS_ERR_OFFLINE);
    assert_int_not_equal(f->why.sys_errno, 0);
    assert_int_equal(f->line.fd(f->line.user), -1);
}

/* A listener whose queue is full leaves the connection in the making. */
static void
connection_in_the_making_is_offline_and_returns_at_once(void **state)
{
    struct os_tcp *f = *state;
    struct lockbus_line many[8] = {{0}};
    char port[64];
    int stuck = os_tcp_listen(0, "rtu+tcp", port, sizeof port);
    int waiting = 0;

    (void)f;
    assert_true(stuck >= 0);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(lb_line_new(&many[i], port, &settings, NULL),
                         LOCKBUS_OK);
        (void)many[i].open(many[i].user, NULL);
    }
    for (size_t i = 0; i < 8; i++) {
        struct lockbus_error why = {0};
        enum lockbus_err err = many[i].open(many[i].user, &why);

        if (err == LOCKBUS_OK) {
            continue;
        }
        assert_int_equal(err, LOCKBUS_ERR_OFFLINE);
        assert_string_equal(why.text, "connecting");
        assert_int_equal(many[i].fd(many[i].user), -1);
        waiting++;
    }
    assert_true(waiting > 0);
    for (size_t i = 0; i < 8; i++) {
        lb_line_free(&many[i]);
    }
    assert_int_equal(close(stuck), 0);
}

#define TCP_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TCP_TEST(bytes_go_both_ways),
        TCP_TEST(closing_in_between_does_not_start_again),
        TCP_TEST(line_freed_while_connecting_leaves_no_descriptor),
        TCP_TEST(socket_never_blocks_nor_waits_to_fill_packets),
        TCP_TEST(closing_drops_what_was_not_yet_sent),
        TCP_TEST(peer_that_hangs_up_is_an_error_and_can_be_reached_again),
        TCP_TEST(peer_that_reset_is_an_error_of_send_too),
        TCP_TEST(full_socket_takes_part_and_then_nothing),
        TCP_TEST(nobody_listening_is_offline),
        TCP_TEST(connection_in_the_making_is_offline_and_returns_at_once),
    };

    return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
