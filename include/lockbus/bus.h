/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_BUS_H
#define LOCKBUS_BUS_H

/*
 * What is known of the lines and of the boards on them: states, and counters
 * that say where a bad contact, a slow adapter or a dying board is. All are
 * copies as of the last poll. Counters are since lockbus_cabinet_open() and
 * never fall; a line that is lost and comes back goes on counting.
 */

#include <lockbus/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lockbus_cabinet;

/*
 * How long boards took from the end of a request to the begin of its reply:
 * reply_times[n] counts those of less than lockbus_reply_bound_us(n), and not
 * less than the bound before it. The bounds are 1, 2, 5, 10, 20, 50, 100, 200
 * and 500 ms; the last one counts the rest. Late replies are in it too, so it
 * may hold more than `replies`. An adapter that collects bytes adds its own
 * time: 16 ms with FTDI chips whose low latency is refused.
 */
enum { LOCKBUS_REPLY_TIMES = 10 };

/* In microseconds; UINT32_MAX for the last one and beyond. */
LOCKBUS_API uint32_t lockbus_reply_bound_us(unsigned index);

/* ---- Boards -------------------------------------------------------------- */

/*
 * PRESENT, MISSED, SUSPECT and AWAY are one way down: a reply that does not
 * come, a second one in a row, a third. A pulse that was asked for meanwhile
 * waits until the board's outputs were read back, and switched off where any
 * was on, unless what was missed came late or damaged. Whatever made a board
 * AWAY or REFUSED, it is PRESENT again only when it passed the checks of its
 * profile and all its outputs were switched off and read back.
 */
enum lockbus_board_state {
    LOCKBUS_BOARD_NEW = 1,      /* not asked yet */
    LOCKBUS_BOARD_CHECKING = 2, /* answers; is it what its profile says? */
    LOCKBUS_BOARD_PRESENT = 3,
    LOCKBUS_BOARD_SUSPECT = 4, /* its two newest replies did not come */
    LOCKBUS_BOARD_AWAY = 5,    /* `text` says why */
    LOCKBUS_BOARD_REFUSED = 6, /* is not what its profile says; `text`. So it
                                * stays until it passes every check */
    LOCKBUS_BOARD_MISSED = 7   /* its newest reply did not come */
};

/* One board. */
struct lockbus_board {
    uint32_t size;    /* set to sizeof(struct lockbus_board) before asking */
    unsigned number;  /* as the configuration numbers boards */
    char bus[24];     /* as the configuration names it */
    uint8_t address;  /* 1..247 */
    char profile[48]; /* its file's name without .ini */
    enum lockbus_board_state state;
    char text[64]; /* AWAY and REFUSED: why, for people; else empty */
    uint16_t doors;
    uint64_t requests, replies, timeouts;
    uint64_t crc_errors;      /* damaged replies; what came in place of one,
                               * and was no sound frame. `timeouts` has
                               * them too when no sound one followed */
    uint64_t exceptions;      /* replies that were a Modbus exception */
    uint64_t late;            /* replies after their time-out */
    uint64_t echoes;          /* requests that the adapter gave back */
    uint64_t pulses;          /* sent */
    uint64_t bus_foreign;     /* on its bus: frames nobody asked for; whose
                               * they are cannot be told */
    uint64_t bus_stray_bytes; /* on its bus: bytes that are no frame */
    uint64_t reply_age_us;    /* since its last reply; UINT64_MAX: none */
    uint32_t reply_time_us;   /* from the end of a request to the begin
                               * of its reply, smoothed; 0: not known */
    uint64_t reply_times[LOCKBUS_REPLY_TIMES];
};

/**
 * A copy of what is known of a board.
 *
 * @param index  0 to lockbus_cabinet_info.boards - 1, in the order of the
 *               configuration.
 *
 * @param why    May be NULL.
 *
 * @return OK; USAGE when there is none of that index, or `board->size` was not
 *         set.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_board_at(const struct lockbus_cabinet *cabinet, unsigned index,
                 struct lockbus_board *board, struct lockbus_error *why);

/* "PRESENT", "AWAY" ...; "?" for a value that is none. Static. */
LOCKBUS_API const char *
lockbus_board_state_name(enum lockbus_board_state state);

/* ---- Lines --------------------------------------------------------------- */

enum lockbus_latency {
    LOCKBUS_LATENCY_NONE = 0, /* not applicable: the port has no such
                               * knob, or is not open */
    LOCKBUS_LATENCY_LOW = 1,
    LOCKBUS_LATENCY_REFUSED = 2 /* every reply may come up to 16 ms late */
};

/* One line with all its boards. */
struct lockbus_bus {
    uint32_t size;  /* set to sizeof(struct lockbus_bus) before asking */
    char name[24];  /* as the configuration names it */
    char port[128]; /* the same */
    uint32_t baud;  /* 0: Modbus/TCP, which has none */
    bool open;
    char text[96]; /* not open: why, for people; empty before the first try */
    enum lockbus_latency latency;
    unsigned boards;         /* of which */
    unsigned boards_present; /* PRESENT, MISSED or SUSPECT */
    unsigned boards_away;
    unsigned boards_refused; /* the others are NEW or CHECKING */
    uint64_t requests, replies, timeouts;
    uint64_t crc_errors;  /* damaged replies, as a board counts them */
    uint64_t foreign;     /* sound frames that nobody asked for */
    uint64_t late;        /* replies after their time-out */
    uint64_t echoes;      /* requests that the adapter gave back */
    uint64_t exceptions;  /* replies that were a Modbus exception */
    uint64_t stray_bytes; /* bytes that are part of no frame */
    uint64_t pulses;
    uint64_t rounds;   /* each polls every board that is present once, and
                        * looks for one that is not */
    uint64_t losses;   /* how often the open line was lost */
    uint32_t round_us; /* how long the last whole round took; 0: none yet
                        * since the line was opened, or no board of it is
                        * present */
    uint64_t reply_times[LOCKBUS_REPLY_TIMES];
};

/**
 * A copy of what is known of a line.
 *
 * @param index  0 to lockbus_cabinet_info.buses - 1, in the order of the
 *               configuration.
 *
 * @param why    May be NULL.
 *
 * @return OK; USAGE when there is none of that index, or `bus->size` was not
 *         set.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_bus_at(const struct lockbus_cabinet *cabinet, unsigned index,
               struct lockbus_bus *bus, struct lockbus_error *why);

#ifdef __cplusplus
}
#endif
#endif
