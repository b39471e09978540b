/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_LINE_H
#define SIM_LINE_H

/*
 * A simulated RS-485 line with lock boards, on a virtual clock. Every byte
 * takes its time on the wire; boards insist on t3.5 before a request, answer
 * after a turnaround, and can be told to misbehave through a hook that sees
 * each reply before it goes out. Frames and check sums are written here once
 * more, so that a mistake in the library's cannot hide.
 */
#include <lockbus/line.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_LINE_BOARDS = 64, SIM_LINE_CHANNELS = 32, SIM_LINE_BYTES = 4096 };

struct sim_line_board {
    uint8_t address;
    bool dead;
    uint8_t channels;
    uint16_t pulse_base, off_base, leaf_base;
    uint32_t unit_ms, turn_us;
    uint16_t version, mode; /* registers 0x8000 and 0x1000.. */
    bool no_coils;          /* exception 1 to FC01 */
    bool springs;           /* a pulse opens the leaf */
    uint32_t leaf_high;     /* bit set: the input is high, which is shut */
    uint32_t sampled;       /* its inputs when they were last asked for */
    uint32_t coil_on;       /* held, without a time */
    uint64_t pulse_until_us[SIM_LINE_CHANNELS];
    uint64_t pulse_from_us[SIM_LINE_CHANNELS];
    unsigned pulses[SIM_LINE_CHANNELS];
    unsigned requests, offs, reads;
    bool levels; /* an output stays on until it is switched off; then also */
    uint64_t held_from_us[SIM_LINE_CHANNELS], held_us[SIM_LINE_CHANNELS];
};

struct sim_line_reply {
    uint8_t bytes[600];
    size_t len;
    uint64_t delay_us; /* beyond the turnaround */
};

struct sim_line {
    uint64_t now_us;
    uint32_t baud;
    unsigned bits;
    bool echo, gone, open, full; /* full: send takes nothing */
    bool held;                   /* gone, since another process has it */
    size_t take_max;             /* bytes send takes at once; 0: all */
    uint64_t heard_us;           /* the last byte the host took ended then */
    uint64_t tx_from_us;         /* the host's last frame began then, */
    uint64_t tx_end_us;          /* its last byte ends */
    bool tx_hurt;                /* somebody else spoke meanwhile */
    unsigned opens, closes, gaps_broken, collisions;
    uint8_t tx[64];
    size_t tx_len;
    uint8_t sent[64]; /* the last request, whole */
    size_t sent_len;
    unsigned frames; /* requests seen on the wire */
    size_t rx_len;   /* bytes on their way to the host, in order of time */
    struct {
        uint64_t at_us;
        uint8_t byte;
    } rx[SIM_LINE_BYTES];
    void *user;
    /* Sees the reply of `board` (NULL: nobody answers) to `request`. */
    void (*hook)(struct sim_line *sim, struct sim_line_board *board,
                 const uint8_t *request, struct sim_line_reply *reply);
    size_t boards;
    struct sim_line_board board[SIM_LINE_BOARDS];
};

void sim_line_init(struct sim_line *sim, uint32_t baud);
struct sim_line_board *sim_line_add(struct sim_line *sim, uint8_t address);
struct lockbus_line sim_line_line(struct sim_line *sim);

/* Moves the clock; boards act on what has ended by then. */
void sim_line_advance(struct sim_line *sim, uint64_t now_us);
/* When something next happens on the line; UINT64_MAX: nothing will. */
uint64_t sim_line_next_us(const struct sim_line *sim);

void sim_line_leaf(struct sim_line *sim, struct sim_line_board *board,
                   unsigned channel, bool open);
/* Puts bytes on the wire towards the host, from `at_us` on. Where two talk at
 * once, the bytes of both arrive damaged. */
void sim_line_inject(struct sim_line *sim, const uint8_t *bytes, size_t len,
                     uint64_t at_us);
uint16_t sim_line_crc(const uint8_t *bytes, size_t len);
size_t sim_line_seal(uint8_t *bytes, size_t len); /* appends the sum */
uint64_t sim_line_us(const struct sim_line *sim, size_t bytes);
uint64_t sim_line_quiet_us(const struct sim_line *sim);

#endif
