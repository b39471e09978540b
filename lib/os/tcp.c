/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/line.h"
#include "os/why.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * RTU frames behind a serial server. Addresses are numbers: looking up a
 * name blocks, and nothing on this thread may. open() begins to connect and
 * says OFFLINE until that is done, so it is asked again. Until then the line
 * is closed, so close() has nothing to do and lets the attempt go on: a bus
 * that closes after every failed open() would never get further.
 */

enum {
    HOST_MAX = 64,
    DEAD_MS = 5000, /* unanswered for so long: the peer is gone */
    SYN_TRIES = 2
};

struct tcp {
    int fd; /* -1: closed */
    bool connected;
    struct sockaddr_storage to;
    socklen_t to_len;
    char name[HOST_MAX + 8]; /* for people */
};

void lb_tcp_end(void *user)
{
    struct tcp *tcp = user;

    if (tcp->fd >= 0) {
        (void)close(tcp->fd);
    }
    tcp->fd = -1;
    tcp->connected = false;
}

void lb_tcp_close(void *user)
{
    const struct tcp *tcp = user;

    if (tcp->connected) {
        lb_tcp_end(user);
    }
}

static enum lockbus_err offline(struct tcp *tcp, int number,
                                struct lockbus_error *why)
{
    lb_tcp_end(tcp);
    (void)lb_why_io(why, number, tcp->name, "cannot connect");
    if (why != NULL) {
        why->err = LOCKBUS_ERR_OFFLINE;
    }
    return LOCKBUS_ERR_OFFLINE;
}

static bool set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* Closing drops what was not yet sent: a pulse that was given up must not
 * arrive when its permit is over. */
static bool drop_on_close(int fd)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0;
}

/* A serial server that loses its power says nothing: unanswered bytes and
 * keep-alives end the connection. */
static bool tune(int fd)
{
    return drop_on_close(fd) && set(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           set(fd, IPPROTO_TCP, TCP_SYNCNT, SYN_TRIES) &&
           set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_MS) &&
           set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 2) &&
           set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1) &&
           set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

static bool unblock(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
           fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static enum lockbus_err begin(struct tcp *tcp, struct lockbus_error *why)
{
    tcp->fd = socket(tcp->to.ss_family, SOCK_STREAM, 0);
    if (tcp->fd < 0) {
        return lb_why_io(why, errno, tcp->name, "no socket");
    }
    if (!unblock(tcp->fd) || !tune(tcp->fd)) {
        enum lockbus_err err =
            lb_why_io(why, errno, tcp->name, "the socket cannot be set up");

        lb_tcp_end(tcp);
        return err;
    }
    const struct sockaddr *to = (const struct sockaddr *)&tcp->to;

    if (connect(tcp->fd, to, tcp->to_len) == 0) {
        tcp->connected = true;
        return LOCKBUS_OK;
    }
    if (errno != EINPROGRESS) {
        return offline(tcp, errno, why);
    }
    return lb_why(why, LOCKBUS_ERR_OFFLINE, tcp->name, NULL, "connecting");
}

static enum lockbus_err tcp_open(void *user, struct lockbus_error *why)
{
    struct tcp *tcp = user;
    struct pollfd p = {.fd = tcp->fd, .events = POLLOUT};
    int number = 0;
    socklen_t len = sizeof number;

    if (tcp->connected) {
        lb_tcp_end(tcp); /* opened again without close() */
    }
    if (tcp->fd < 0) {
        return begin(tcp, why);
    }
    if (poll(&p, 1, 0) == 0) {
        return lb_why(why, LOCKBUS_ERR_OFFLINE, tcp->name, NULL, "connecting");
    }
    if (getsockopt(tcp->fd, SOL_SOCKET, SO_ERROR, &number, &len) != 0) {
        number = errno;
    }
    if (number != 0) {
        return offline(tcp, number, why);
    }
    tcp->connected = true;
    return LOCKBUS_OK;
}

static enum lockbus_err tcp_send(void *user, const uint8_t *bytes, size_t len,
                                 size_t *sent)
{
    const struct tcp *tcp = user;

    if (!tcp->connected) {
        return LOCKBUS_ERR_IO;
    }
    /* Without MSG_NOSIGNAL a peer that hung up would end the host. */
    ssize_t put = send(tcp->fd, bytes, len, MSG_NOSIGNAL);

    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        return LOCKBUS_ERR_IO;
    }
    *sent = put > 0 ? (size_t)put : 0;
    return LOCKBUS_OK;
}

static enum lockbus_err tcp_receive(void *user, uint8_t *buf, size_t cap,
                                    size_t *got)
{
    const struct tcp *tcp = user;

    if (!tcp->connected) {
        return LOCKBUS_ERR_IO;
    }
    ssize_t have = recv(tcp->fd, buf, cap, 0);

    if ((have == 0 && cap != 0) ||
        (have < 0 && errno != EAGAIN && errno != EINTR)) {
        return LOCKBUS_ERR_IO;
    }
    *got = have > 0 ? (size_t)have : 0;
    return LOCKBUS_OK;
}

static int tcp_fd(void *user)
{
    const struct tcp *tcp = user;

    return tcp->connected ? tcp->fd : -1;
}

/* HOST:PORT, an IPv6 address in brackets; numbers only. */
static bool parse(struct tcp *tcp, const char *rest)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                          .ai_flags =
                                              AI_NUMERICHOST | AI_NUMERICSERV};
    char host[HOST_MAX];
    struct addrinfo *found = NULL;
    const char *colon = strrchr(rest, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - rest);
    long port = colon == NULL ? 0 : strtol(colon + 1, NULL, 10);
    bool bracketed = len >= 2 && rest[0] == '[' && rest[len - 1] == ']';

    if (len == 0 || len >= sizeof host || strlen(colon + 1) > 5 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) || port < 1 ||
        port > 65535 || (!bracketed && memchr(rest, ':', len) != NULL)) {
        return false;
    }
    memcpy(tcp->name, rest, strlen(rest) + 1);
    rest += bracketed ? 1 : 0;
    len -= bracketed ? 2 : 0;
    memcpy(host, rest, len);
    host[len] = '\0';
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0) {
        return false;
    }
    bool fits = found->ai_addrlen <= sizeof tcp->to &&
                (found->ai_family == AF_INET6) == bracketed;

    if (fits) {
        memcpy(&tcp->to, found->ai_addr, found->ai_addrlen);
        tcp->to_len = found->ai_addrlen;
    }
    freeaddrinfo(found);
    return fits;
}

enum lockbus_err lb_line_rtu_tcp(struct lockbus_line *line, const char *rest,
                                 const struct lb_serial_settings *settings,
                                 struct lockbus_error *why)
{
    struct tcp *tcp = calloc(1, sizeof *tcp);

    (void)settings; /* the serial server has its own */
    if (tcp == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    tcp->fd = -1;
    if (!parse(tcp, rest)) {
        free(tcp);
        return lb_why(why, LOCKBUS_ERR_CONFIG, rest, "port",
                      "it takes an address in numbers and a port; "
                      "names are not looked up, because that would block");
    }
    line->user = tcp;
    line->open = tcp_open;
    line->send = tcp_send;
    line->receive = tcp_receive;
    line->fd = tcp_fd;
    line->close = lb_tcp_close;
    return LOCKBUS_OK;
}
