/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef EXCHANGE_H
#define EXCHANGE_H

/*
 * One question and its answer on a line that nobody else uses, for the bench:
 * scan and bench ask boards that are not in any configuration. Reads only:
 * exchange_ask() sends nothing else, and never to an address that more than
 * one board obeys. It waits, so it is not for a cabinet.
 */

#include "board/driver.h"
#include "os/os.h"

enum exchange_limits {
    EXCHANGE_HEARD = 512,      /* bytes kept after one question */
    EXCHANGE_OPEN_US = 5000000 /* a TCP connection may take so long */
};

struct exchange_line {
    struct lockbus_line line;
    struct lb_serial_settings serial;
    unsigned bits;    /* of a byte on the wire */
    uint64_t last_us; /* the last byte, either way */
    uint64_t echoes;
};

enum exchange_end {
    EXCHANGE_NONE = 0,
    EXCHANGE_SILENT,    /* not one byte */
    EXCHANGE_REPLY,     /* as asked for */
    EXCHANGE_EXCEPTION, /* the board says no; it is there */
    EXCHANGE_DAMAGED,   /* bytes, but no frame of anybody */
    EXCHANGE_FOREIGN,   /* a sound frame, but not the answer */
    EXCHANGE_BABBLE,    /* not asked: the line is never quiet */
    EXCHANGE_REFUSED,   /* not asked: no read, or no board's address */
    EXCHANGE_LOST       /* the line is gone */
};

struct exchange_answer {
    enum exchange_end end;
    uint8_t frame[LB_REPLY_MAX]; /* REPLY and EXCEPTION */
    size_t len;
    size_t extra;      /* bytes that came after it */
    uint8_t from;      /* FOREIGN: the address that it bears */
    uint64_t round_us; /* from the first byte out to the last one in */
    uint64_t turn_us;  /* of that, what was not bytes on the wire: the board
                        * waits for a silence, too, and takes its time */
};

/* "9600", "9600,8N1" or "9600 8N1" into settings; false: it is neither. */
bool exchange_settings(struct lb_serial_settings *out, const char *text);

/* Opens; waits for a TCP connection. `why` names the port. */
enum lockbus_err exchange_open(struct exchange_line *on, const char *port,
                               const struct lb_serial_settings *settings,
                               struct lockbus_error *why);
void exchange_close(struct exchange_line *on);

/* A read of `count` bits or words; false: no read has this function. */
bool exchange_read(struct lb_request *out, const uint8_t head[2],
                   uint16_t first, unsigned count);

/*
 * Waits for the line's silence, asks, and waits up to `patience_us` beyond
 * the time on the wire for the answer. Then for `after_us` more, in which a
 * second board of the same address may speak.
 */
struct exchange_answer exchange_ask(struct exchange_line *on,
                                    const struct lb_request *request,
                                    uint64_t patience_us, uint64_t after_us);

/* What an exchange takes of the line beside the board's own time: its bytes
 * and the silence before it. 0 on Modbus/TCP. */
uint64_t exchange_own_us(const struct exchange_line *on,
                         const struct lb_request *request);

#endif
