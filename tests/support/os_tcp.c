/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os_tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

int os_tcp_listen(int backlog, const char *kind, char *port, size_t cap)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        listen(fd, backlog) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        return -1;
    }
    (void)snprintf(port, cap, "%s:127.0.0.1:%u", kind, ntohs(at.sin_port));
    return fd;
}

struct os_tcp *os_tcp_new(const char *kind)
{
    static const struct lb_serial_settings settings = {19200, 8, 'N', 1};
    struct os_tcp *tcp = calloc(1, sizeof *tcp);
    char port[64];

    if (tcp == NULL) {
        return NULL;
    }
    tcp->peer = -1;
    tcp->listener = os_tcp_listen(4, kind, port, sizeof port);
    if (tcp->listener < 0 ||
        lb_line_new(&tcp->line, port, &settings, &tcp->why) != LOCKBUS_OK) {
        os_tcp_free(tcp);
        return NULL;
    }
    return tcp;
}

void os_tcp_free(struct os_tcp *tcp)
{
    lb_line_free(&tcp->line);
    if (tcp->peer >= 0) {
        (void)close(tcp->peer);
    }
    if (tcp->listener >= 0) {
        (void)close(tcp->listener);
    }
    free(tcp);
}

enum lockbus_err os_tcp_open(struct os_tcp *tcp)
{
    enum lockbus_err err = LOCKBUS_ERR_OFFLINE;

    for (int i = 0; i < 100000 && err == LOCKBUS_ERR_OFFLINE; i++) {
        err = tcp->line.open(tcp->line.user, &tcp->why);
        if (strcmp(tcp->why.text, "connecting") != 0) {
            break;
        }
        (void)sched_yield();
    }
    return err;
}

void os_tcp_connect(struct os_tcp *tcp)
{
    assert_int_equal(os_tcp_open(tcp), LOCKBUS_OK);
    tcp->peer = accept(tcp->listener, NULL, NULL);
    assert_true(tcp->peer >= 0);
}
