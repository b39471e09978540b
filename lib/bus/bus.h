/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_BUS_H
#define LB_BUS_H

/*
 * One RS-485 line and its boards. lb_bus_poll() moves bytes and machines;
 * what comes of it is read with lb_bus_next(). Nothing blocks, nothing
 * allocates after lb_bus_new(). Times are the host's monotonic microseconds,
 * given in; the bus never asks a clock. What passes within a poll, the owner
 * can let it ask for.
 *
 * An output is driven by lb_bus_pulse() alone, and that takes a permit.
 */

#include "base/permit.h"
#include "board/profile.h"
#include "bus/link.h"

#include <lockbus/bus.h>
#include <lockbus/line.h>

enum lb_bus_limits { LB_BUS_BOARDS = 64 };

struct lb_bus;

struct lb_bus_board {
    uint8_t address;                  /* 1..247, unique in the cabinet */
    const struct lb_profile *profile; /* borrowed for the life of the bus */
    uint32_t pulse_ms;                /* within the profile's range */
    uint32_t rest_ms;                 /* a channel's, between pulses */
    bool shut_is;                     /* the input's level when shut */
    uint32_t content; /* inputs (bit 0: the first) that tell what lies inside
                       * some compartment, and of no leaf */
    uint32_t full_is; /* the level of each of them that means full */
};

struct lb_bus_config {
    struct lockbus_line line; /* a copy; opened and reopened by the bus */
    uint32_t baud;            /* for quiet times; 0: a line without them */
    unsigned bits_per_byte;   /* 10 or 11: start, data, parity, stop */
    uint8_t at_once;          /* solenoids driven at once on this bus */
    const struct lb_bus_board *boards; /* copied */
    size_t board_count;
    /* Microseconds since the moment that lb_bus_poll() was told: a process
     * that is held up between asking its clock and reading the line would
     * keep too short a silence. NULL: time stands still within a poll. */
    uint64_t (*since)(const void *user);
    const void *since_user; /* borrowed for the life of the bus */
    bool host_timed;        /* boards whose pulses the host ends are taken */
};

enum lb_report_kind {
    LB_REPORT_NONE = 0,
    LB_REPORT_LEAF,       /* a corroborated reading changed, or the first */
    LB_REPORT_CONTENT,    /* the same of a content input */
    LB_REPORT_SENT,       /* the pulse's last byte is on the wire; ref */
    LB_REPORT_ACCEPTED,   /* the board confirmed it; ref */
    LB_REPORT_PULSE_LOST, /* no confirmation: whether it pulsed is unknown */
    LB_REPORT_DROPPED,    /* deadline passed or board away: not sent; ref */
    LB_REPORT_MISSED,     /* one reply missed */
    LB_REPORT_SUSPECT,    /* two in a row missed */
    LB_REPORT_ANSWERS,    /* after MISSED or SUSPECT; all off where need be */
    LB_REPORT_AWAY,       /* the board is lost; reason in text */
    LB_REPORT_BACK,       /* answers again, checked, all off, read back */
    LB_REPORT_REFUSED,    /* answers, but is not what the profile says */
    LB_REPORT_STUCK_ON,   /* an output whose off is not confirmed */
    LB_REPORT_STUCK_OFF,  /* the same, now read back off */
    LB_REPORT_PORT_LOST,
    LB_REPORT_PORT_OPEN,
    LB_REPORT_ROUND /* every present board was polled once more */
};

struct lb_report {
    uint64_t at_us;
    const char *text; /* why, for people, may be NULL; the bus's */
    uint32_t ref;
    uint8_t kind;       /* enum lb_report_kind */
    uint8_t board;      /* index into config.boards */
    uint8_t channel;    /* 0-based */
    bool leaf_open : 1; /* LEAF */
    bool full : 1;      /* CONTENT */
};

/* Of a line. `losses`: how often it was lost while it was open. */
struct lb_bus_counters {
    uint64_t requests, replies, timeouts, crc_errors, foreign, late, echoes,
        exceptions, stray_bytes, pulses, rounds, losses;
};

/* Of a board. A foreign frame or a stray byte names none. */
struct lb_board_counters {
    uint64_t requests, replies, timeouts, crc_errors, late, echoes, exceptions,
        pulses;
    uint64_t reply_times[LOCKBUS_REPLY_TIMES];
};

/* USAGE: a field out of range; NOMEM; IO: no descriptors below 1024 for the
 * codec. The line is opened by the first poll. */
LOCKBUS_CHECK enum lockbus_err lb_bus_new(struct lb_bus **out,
                                          const struct lb_bus_config *config);
/* All outputs off (best effort, at most 200 ms of polling by the owner
 * before: lb_bus_stop), then close. */
void lb_bus_free(struct lb_bus **bus);

/* Moves everything; `now_us` never falls. */
void lb_bus_poll(struct lb_bus *bus, uint64_t now_us);

/* When it wants to be polled again at the latest; UINT64_MAX: when bytes
 * arrive on lb_bus_fd(). */
uint64_t lb_bus_next_us(const struct lb_bus *bus);

/* The line's descriptor, -1 while it is closed or has none. */
int lb_bus_fd(const struct lb_bus *bus);

/* Whether bytes should wake the owner before lb_bus_next_us(). False in the
 * middle of a reply, of which nothing is known before its end. */
bool lb_bus_listens(const struct lb_bus *bus);

/* Whether a report waits. */
bool lb_bus_news(const struct lb_bus *bus);

/* The next report; false: none waits. */
bool lb_bus_next(struct lb_bus *bus, struct lb_report *report);

/* Asks for the pulses of a permit on one channel: first in schedule, the
 * first in any case, each further one only while the leaf is still shut, the
 * rest time between them. `deadline_us` is the permit's deadline on the
 * host's clock. OFFLINE when the board is away (nothing is queued); BUSY
 * when the channel has one already; USAGE. */
LOCKBUS_CHECK enum lockbus_err lb_bus_pulse(struct lb_bus *bus, uint8_t board,
                                            uint8_t channel,
                                            const struct lb_permit *permit,
                                            uint64_t deadline_us);
/* A process before this one may have begun a pulse of this channel as late as
 * `began_us`: the channel is driven and rests as if it had, and where the host
 * ends pulses it counts as on when that pulse would not be over at `now_us`.
 * Before the first poll; a channel that does not exist is ignored. */
void lb_bus_pulsed_before(struct lb_bus *bus, uint8_t board, uint8_t channel,
                          uint64_t began_us, uint64_t now_us);
/* Withdraws what has not been sent yet. */
void lb_bus_cancel(struct lb_bus *bus, uint8_t board, uint8_t channel);

/* Reads this board next, before its turn (D8, P3, S3). */
void lb_bus_ask(struct lb_bus *bus, uint8_t board);

/* Whether the board answered in the last round. */
bool lb_bus_present(const struct lb_bus *bus, uint8_t board);

/* When the newest good reading of this board's leaves was asked for; 0: there
 * is none. Between two of these nobody looked. */
uint64_t lb_bus_read_us(const struct lb_bus *bus, uint8_t board);

/* When the newest reading that said open was asked for; 0: none did. */
uint64_t lb_bus_open_us(const struct lb_bus *bus, uint8_t board,
                        uint8_t channel);

/* Stops polling and switches every output off; true when that is done or
 * cannot be (poll until then). */
bool lb_bus_stop(struct lb_bus *bus);

/* Bytes that lb_bus_new() allocated, without the codec of libmodbus. */
size_t lb_bus_memory(const struct lb_bus *bus);

void lb_bus_counters(const struct lb_bus *bus, struct lb_bus_counters *out);

/* What is known of the line, for people. */
struct lb_bus_state {
    bool open;
    const char *why;   /* of its last loss or failed opening; the bus's. ""
                        * while it is open, and before the first try */
    uint32_t round_us; /* the last whole round's length; 0: none yet */
    uint64_t reply_times[LOCKBUS_REPLY_TIMES]; /* of all its boards */
};

void lb_bus_state(const struct lb_bus *bus, struct lb_bus_state *out);

/* What is known of a board, for people. */
struct lb_bus_view {
    const struct lb_bus_board *board; /* borrowed for the life of the bus */
    enum lb_link_state link;
    const char *refused, *away; /* as told last; NULL: it is not */
    struct lb_board_counters count;
    uint64_t replied_us; /* when its last reply came; 0: never */
    uint32_t reply_us;   /* learnt; 0: not yet */
};

/* False: there is no such board. */
bool lb_bus_view(const struct lb_bus *bus, uint8_t board,
                 struct lb_bus_view *out);

#endif
