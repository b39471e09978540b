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
    PICTURE_BOARDS = 64,
    PICTURE_LINES = 64 /* the last ones, a ring */
};

enum picture_tone {
    PICTURE_PLAIN = 0,
    PICTURE_GOOD, /* a statement that held, an open that was allowed */
    PICTURE_BAD,  /* an alarm, a statement that broke */
    PICTURE_REFUSED,
    PICTURE_TITLE
};

struct picture_door {
    bool used;
    struct lockbus_door at;
};

struct picture_board {
    unsigned number; /* 0: none here */
    bool here;
    char text[40]; /* why it is not, when known */
};

struct picture_line {
    uint64_t at_us;
    enum picture_tone tone;
    char text[120];
};

struct picture {
    uint64_t now_us, begun_us;
    char scene[80]; /* what is being shown, or empty */
    struct lockbus_cabinet_info info;
    uint16_t doors; /* highest number + 1 */
    struct picture_door door[PICTURE_DOORS];
    unsigned boards;
    struct picture_board board[PICTURE_BOARDS];
    size_t line_first, line_count;
    struct picture_line line[PICTURE_LINES];
};

/* Empty. */
void picture_init(struct picture *picture, uint64_t now_us);

/* Doors, boards and counters as they are now; false when the handle is
 * NULL (then what was seen last stays). */
bool picture_take(struct picture *picture,
                  const struct lockbus_cabinet *cabinet, uint64_t now_us);

/* What an event says, as a line. */
void picture_event(struct picture *picture, const struct lockbus_event *event);

/* A line of one's own. */
void picture_say(struct picture *picture, enum picture_tone tone,
                 const char *text);

/* One letter for a door as it is, for cells of one character and a legend:
 * letter and tone together must tell what colour alone would. */
char picture_letter(const struct picture_door *door);

#endif
