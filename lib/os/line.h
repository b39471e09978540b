/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_LINE_H
#define LB_LINE_H

/*
 * The kinds of line that lb_line_new() knows. Each takes what follows its
 * prefix and fills in the line; `user` is one block that free() takes once
 * the line is closed (TCP: ended).
 */

#include "os/os.h"

typedef enum lockbus_err
lb_line_maker(struct lockbus_line *line, const char *rest,
              const struct lb_serial_settings *settings,
              struct lockbus_error *why);

lb_line_maker lb_line_usb;     /* serial.c, or no_serial.c */
lb_line_maker lb_line_path;    /* serial.c, or no_serial.c */
lb_line_maker lb_line_pty;     /* tty.c */
lb_line_maker lb_line_rtu_tcp; /* tcp.c */
lb_line_maker lb_line_mbap;    /* mbap.c */

/* A TCP line's close() spares a connection in the making; its end does not. */
void lb_tcp_close(void *user);
void lb_tcp_end(void *user);
void lb_mbap_close(void *user);
void lb_mbap_end(void *user);

#endif
