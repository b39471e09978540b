/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_LINE_H
#define LOCKBUS_LINE_H

/*
 * A line carries the bytes of one bus. lockbus brings serial ports, plain
 * ttys and TCP; a host that owns its own USB object or UART (Android, an
 * RTOS) fills in this table and names the line `host:NAME` in the
 * configuration.
 *
 * No function may block. All are called by the thread that polls the
 * cabinet. The library decides about quiet times, retries and matching; a
 * line only moves bytes.
 */

#include <lockbus/error.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lockbus_line {
    uint32_t size; /* sizeof(struct lockbus_line), for later versions */
    void *user;    /* borrowed for the life of the cabinet */

    /* Opens, or opens again after close(). OFFLINE: not there now, it is
     * tried again later; IO or CONFIG: refused for a reason in `why`. */
    enum lockbus_err (*open)(void *user, struct lockbus_error *why);

    /* Takes bytes to send; *sent may be fewer. OK with *sent 0: full, try
     * later. Any error means that the line is gone; an errno that is not 0 is
     * told as the reason, here and in receive(). */
    enum lockbus_err (*send)(void *user, const uint8_t *bytes, size_t len,
                             size_t *sent);

    /* Gives what has arrived; OK with *got 0: nothing now. Any error means
     * that the line is gone. */
    enum lockbus_err (*receive)(void *user, uint8_t *buf, size_t cap,
                                size_t *got);

    /* A descriptor that poll() can watch for input, or -1: then the cabinet
     * asks receive() at least every millisecond while it waits. */
    int (*fd)(void *user);

    /* Closes; safe on a closed line. */
    void (*close)(void *user);
};

#ifdef __cplusplus
}
#endif
#endif
