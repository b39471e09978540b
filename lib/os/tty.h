/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_TTY_H
#define LB_TTY_H

/*
 * A serial port as Linux shows it. tty.c claims one, judges what its driver
 * made of the settings and moves bytes; who sets them is another matter:
 * termios for pty:PATH, libserialport for usb: and path: (serial.c).
 */

#include "os/os.h"

enum { LB_TTY_PATH = 256 };

/* First in every line on a tty, so that they share the line's functions. */
struct lb_tty {
    int fd;
    char path[LB_TTY_PATH];
    struct lb_serial_settings settings;
    enum lb_low_latency low_latency;
};

/* False: the path is too long. */
bool lb_tty_init(struct lb_tty *tty, const char *path,
                 const struct lb_serial_settings *settings);

/* Opens and locks; nothing of the port is changed before it is ours.
 * OFFLINE: not there; BUSY: another's; CONFIG: no tty. */
enum lockbus_err lb_tty_claim(struct lb_tty *tty, struct lockbus_error *why);

/* Takes the lock again, for a setter that had to let go of it; BUSY. */
enum lockbus_err lb_tty_lock(struct lb_tty *tty, struct lockbus_error *why);

/* Reads back what was set, refuses what was not taken (CONFIG, naming the
 * field), keeps others out, asks for low latency, drops stale input. */
enum lockbus_err lb_tty_settle(struct lb_tty *tty, struct lockbus_error *why);

/* Closes when it is open; gives `err` back. */
enum lockbus_err lb_tty_abandon(struct lb_tty *tty, enum lockbus_err err);

/* The line's functions; `user` begins with a struct lb_tty. */
enum lockbus_err lb_tty_send(void *user, const uint8_t *bytes, size_t len,
                             size_t *sent);
enum lockbus_err lb_tty_receive(void *user, uint8_t *buf, size_t cap,
                                size_t *got);
int lb_tty_fd(void *user);
void lb_tty_close(void *user);

#endif
