/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_LINK_H
#define LB_LINK_H

/* Is the board there: the table, pure. */

enum lb_link_state {
    LB_LINK_HOLE = 0,
    LB_LINK_NEW,     /* never asked since the line opened */
    LB_LINK_ABSENT,  /* does not answer */
    LB_LINK_ATTACH,  /* answers; checks, all off, read back */
    LB_LINK_ATTACH2, /* the same, one reply missed */
    LB_LINK_PRESENT,
    LB_LINK_MISSED,  /* one reply missed */
    LB_LINK_SUSPECT, /* two */
    LB_LINK_REFUSED, /* answers, but is not what its profile says */
    LB_LINK_STATES
};

enum lb_link_event {
    LB_LINK_REPLY = 0,
    LB_LINK_MISS,
    LB_LINK_PASSED, /* attached: every step done */
    LB_LINK_FAILED, /* a step's answer was wrong */
    LB_LINK_LOST,   /* the line is gone */
    LB_LINK_EVENTS
};

enum lb_link_effect {
    LB_LINK_NOTHING = 0,
    LB_LINK_BEGIN = 1,   /* start the attach steps */
    LB_LINK_END = 2,     /* leave them */
    LB_LINK_BACKOFF = 4, /* attach later when it comes back again and again */
    LB_LINK_TELL_MISSED = 8,
    LB_LINK_TELL_SUSPECT = 16,
    LB_LINK_TELL_AWAY = 32, /* once, and drop what was asked of it */
    LB_LINK_TELL_BACK = 64,
    LB_LINK_TELL_REFUSED = 128,
    LB_LINK_TELL_ANSWERS = 256 /* after MISSED or SUSPECT */
};

struct lb_link_cell {
    unsigned char next;
    unsigned short effects;
};

const struct lb_link_cell *lb_link_cell(enum lb_link_state state,
                                        enum lb_link_event event);
unsigned lb_link_step(enum lb_link_state *state, enum lb_link_event event);

#endif
