/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef PICTURE_H
#define PICTURE_H

/*
 * What a person sees of a cabinet at one moment: its doors, its boards, the
 * line's counters and the last things that happened. Filled through the public
 * headers only; drawn on a terminal by screen.c and on a page by the demo.
 */

#include <lockbus/lockbus.h>

enum {
    PICTURE_DOORS = 1024,
    PICTURE_BOARDS = 128,
    PICTURE_BUSES = 8,
    PICTURE_LINES = 64 /* the last ones, a ring */
};

enum picture_tone {
    PICTURE_PLAIN = 0,
    PICTURE_GOOD, /* a statement that held, an open that was allowed */
    PICTURE_BAD,  /* an alarm, a statement that broke */
    PICTURE_REFUSED,
    PICTURE_TITLE
};

/* What a person must know of a door first, the most urgent first. */
enum picture_state {
    PICTURE_FORCED = 0,
    PICTURE_JAMMED,
    PICTURE_AJAR,
    PICTURE_OPEN,
    PICTURE_RELEASING,
    PICTURE_AWAY,
    PICTURE_UNREAD,
    PICTURE_BLOCKED, /* this and those below: the leaf is shut */
    PICTURE_FROZEN,
    PICTURE_LOADING,
    PICTURE_EMPTYING,
    PICTURE_OCCUPIED,
    PICTURE_VACANT,
    PICTURE_STATES
};

struct picture_door {
    bool used;
    enum lockbus_latch told; /* by the last event of its leaf */
    struct lockbus_door at;
};

struct picture_board {
    unsigned number; /* 0: none here */
    bool here;       /* PRESENT, or SUSPECT: not yet given up */
    char text[64];   /* why it is not, when known */
    struct lockbus_board at;
};

/* A line, with what it did in a second as of the last second or so. */
struct picture_bus {
    struct lockbus_bus at; /* name empty: none here */
    double requests_s, rounds_s;
    bool timed; /* the rates are known */
    uint64_t since_us, since_requests, since_rounds;
};

struct picture_line {
    uint64_t at_us;
    enum picture_tone tone;
    char text[192];
};

struct picture {
    uint64_t now_us, begun_us;
    char scene[80]; /* what is being shown, or empty */
    struct lockbus_cabinet_info info;
    uint16_t doors; /* highest number + 1 */
    struct picture_door door[PICTURE_DOORS];
    unsigned boards;
    struct picture_board board[PICTURE_BOARDS];
    unsigned buses;
    struct picture_bus bus[PICTURE_BUSES];
    size_t line_first, line_count;
    struct picture_line line[PICTURE_LINES];
};

/* Empty. */
void picture_init(struct picture *picture, uint64_t now_us);

/* Doors, boards and counters as they are now; false when the handle is
 * NULL (then what was seen last stays). */
bool picture_take(struct picture *picture,
                  const struct lockbus_cabinet *cabinet, uint64_t now_us);

/* What an event says, as a line; a leaf that became known or unknown with its
 * board, or whose alarm has a line, gets none. */
void picture_event(struct picture *picture, const struct lockbus_event *event);

/* A line of one's own. */
void picture_say(struct picture *picture, enum picture_tone tone,
                 const char *text);

/* The line that was added `back` lines before the newest; NULL: none. */
const struct picture_line *picture_line_at(const struct picture *picture,
                                           size_t back);

/* picture_bus.c: lines and their rates; part of picture_take(). */
void picture_take_buses(struct picture *picture,
                        const struct lockbus_cabinet *cabinet);

/* The bound below which so many of a thousand replies began, in
 * microseconds; 0: there were none; UINT32_MAX: above every bound. */
uint32_t picture_latency_us(const uint64_t times[LOCKBUS_REPLY_TIMES],
                            unsigned of_1000);

/* "<5" ms, ">500", "-". */
void picture_latency_text(const uint64_t times[LOCKBUS_REPLY_TIMES],
                          unsigned of_1000, char out[8]);

/* Time-outs, damaged and late replies and exceptions. */
uint64_t picture_board_errors(const struct lockbus_board *board);

/* The board of that number; NULL: none. */
const struct picture_board *picture_board(const struct picture *picture,
                                          unsigned number);

enum picture_state picture_state(const struct picture_door *door);

/* 'F', 'O', '.' ... and "forced", "open" ...: what the legend says. */
char picture_state_letter(enum picture_state state);
const char *picture_state_word(enum picture_state state);

/* The letter of a door's state, in lower case when the door has no sensor,
 * so that its leaf is assumed. It tells without colour all that colour does. */
char picture_letter(const struct picture_door *door);

/* '*' when a parcel is, or must be taken to be, behind a door whose letter
 * does not say so; '!' when the content sensor of a vacant door says that
 * something is in it; else ' '. */
char picture_mark(const struct picture_door *door);

#endif
