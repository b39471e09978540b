/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef OS_TCP_H
#define OS_TCP_H

/* A TCP line and the peer that it connects to, on the loopback. */
#include "os/os.h"

struct os_tcp {
    int listener, peer; /* -1: none */
    struct lockbus_line line;
    struct lockbus_error why;
};

/* A listener on a port of its own, whose name begins with `kind` ("tcp");
 * -1: there is none. */
int os_tcp_listen(int backlog, const char *kind, char *port, size_t cap);

/* With a line, closed; NULL: it cannot be made. */
struct os_tcp *os_tcp_new(const char *kind);
void os_tcp_free(struct os_tcp *tcp);

/* The loopback answers within a few looks; OFFLINE is all it may say. */
enum lockbus_err os_tcp_open(struct os_tcp *tcp);
/* Opened, and accepted by the peer; fails the test otherwise. */
void os_tcp_connect(struct os_tcp *tcp);

#endif
