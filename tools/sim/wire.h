/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

/*
 * The time of one RS-485 line. Bytes that arrive from the host occupy their
 * time on the wire; a frame ends after 3.5 characters of silence; a reply
 * follows after the board's turnaround and reaches the host no faster than
 * the wire would carry it. Bytes go in and out through sim_wire_receive()
 * and sim_wire_due(); this file knows no descriptor.
 */

#include "board.h"

enum sim_wire_limits {
    SIM_FRAME_MAX = 256,
    SIM_GROUP_US = 1000, /* reply bytes are handed over in such groups */
    SIM_FAST_QUIET_US = 5000
};

struct sim_wire_stats {
    uint64_t requests, replies, dropped_short, crc_errors, collisions;
};

struct sim_wire {
    /* settings */
    uint64_t byte_ns, quiet_ns, turnaround_ns;
    uint64_t jitter_ns; /* 0..this is added to the turnaround */
    uint64_t random;    /* its generator's state, not 0 */
    bool fast;          /* no time passes; a frame ends by its length */
    bool strict;        /* requests that come too soon are dropped */
    struct sim_board *board;
    size_t board_count;
    /* the request that arrives */
    uint8_t rx[SIM_FRAME_MAX];
    size_t rx_len;
    uint64_t rx_end;
    bool rx_short; /* it began too soon, or in the middle of a reply */
    /* the reply that leaves */
    uint8_t tx[SIM_FRAME_MAX];
    size_t tx_len, tx_done;
    uint64_t tx_start;
    uint64_t quiet_since; /* the end of the last frame */
    /* a reply that comes late, into whatever goes on then */
    uint8_t late[SIM_FRAME_MAX];
    size_t late_len; /* 0: none */
    uint64_t late_at;
    struct sim_wire_stats stats;
    /* Each frame as the wire had it, when it has ended; NULL: nobody looks.
     * `from` is 'h' for the host and 'b' for a board. */
    void (*frame)(void *user, char from, const uint8_t *bytes, size_t len);
    void *frame_user;
};

struct sim_wire_settings {
    uint32_t baud;
    unsigned bits; /* a byte's, with start, parity and stop */
    uint64_t turnaround_ns, jitter_ns, seed;
    bool fast, strict;
};

void sim_wire_init(struct sim_wire *wire,
                   const struct sim_wire_settings *settings);

/* Bytes that the host sent, seen at `now`; first let sim_wire_due() do what
 * was due before. */
void sim_wire_receive(struct sim_wire *wire, uint64_t now, const uint8_t *bytes,
                      size_t len);

/* Ends the frame that has ended, and gives the reply bytes that have crossed
 * the wire by `now`; *out is valid until the next call. */
size_t sim_wire_due(struct sim_wire *wire, uint64_t now, const uint8_t **out);

/* The adapter was pulled out: nothing is on its way any more. */
void sim_wire_clear(struct sim_wire *wire);

/* When sim_wire_due() has something to do; SIM_NEVER. */
uint64_t sim_wire_next(const struct sim_wire *wire, uint64_t now);

#endif
