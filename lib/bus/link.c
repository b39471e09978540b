/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A board is believed to be there from the end of its attach steps until it
 * misses three replies in a row. However it came back (power, cable, a
 * firmware's reset), it goes through all steps again before its first pulse:
 * nobody knows what its outputs did meanwhile. A board that answers wrongly
 * is refused: it is probed like an absent one, and never pulsed.
 *
 * One that missed fewer may have lost its power for a moment, unless what it
 * missed came late or damaged: attach.c switches its outputs off too.
 */
#include "bus/link.h"

#include <assert.h>

enum {
    NONE = LB_LINK_NOTHING,
    GONE = LB_LINK_TELL_AWAY | LB_LINK_BACKOFF,
    WRONG = LB_LINK_END | LB_LINK_TELL_REFUSED | LB_LINK_BACKOFF
};

/* clang-format off */
static const struct lb_link_cell table[LB_LINK_STATES][LB_LINK_EVENTS] = {
    [LB_LINK_NEW] = {
        [LB_LINK_REPLY]  = {LB_LINK_ATTACH,  LB_LINK_BEGIN},
        [LB_LINK_MISS]   = {LB_LINK_ABSENT,  GONE},
        [LB_LINK_PASSED] = {LB_LINK_NEW,     NONE},
        [LB_LINK_FAILED] = {LB_LINK_REFUSED, WRONG},
        [LB_LINK_LOST]   = {LB_LINK_NEW,     LB_LINK_TELL_AWAY},
    },
    [LB_LINK_ABSENT] = {
        [LB_LINK_REPLY]  = {LB_LINK_ATTACH,  LB_LINK_BEGIN},
        [LB_LINK_MISS]   = {LB_LINK_ABSENT,  NONE},
        [LB_LINK_PASSED] = {LB_LINK_ABSENT,  NONE},
        [LB_LINK_FAILED] = {LB_LINK_REFUSED, WRONG},
        [LB_LINK_LOST]   = {LB_LINK_NEW,     NONE},
    },
    [LB_LINK_ATTACH] = {
        [LB_LINK_REPLY]  = {LB_LINK_ATTACH,  NONE},
        [LB_LINK_MISS]   = {LB_LINK_ATTACH2, NONE},
        [LB_LINK_PASSED] = {LB_LINK_PRESENT, LB_LINK_END | LB_LINK_TELL_BACK},
        [LB_LINK_FAILED] = {LB_LINK_REFUSED, WRONG},
        [LB_LINK_LOST]   = {LB_LINK_NEW,     LB_LINK_END | LB_LINK_TELL_AWAY},
    },
    [LB_LINK_ATTACH2] = {
        [LB_LINK_REPLY]  = {LB_LINK_ATTACH,  NONE},
        [LB_LINK_MISS]   = {LB_LINK_ABSENT,  LB_LINK_END | GONE},
        [LB_LINK_PASSED] = {LB_LINK_PRESENT, LB_LINK_END | LB_LINK_TELL_BACK},
        [LB_LINK_FAILED] = {LB_LINK_REFUSED, WRONG},
        [LB_LINK_LOST]   = {LB_LINK_NEW,     LB_LINK_END | LB_LINK_TELL_AWAY},
    },
    [LB_LINK_PRESENT] = {
        [LB_LINK_REPLY]  = {LB_LINK_PRESENT, NONE},
        [LB_LINK_MISS]   = {LB_LINK_MISSED,  LB_LINK_TELL_MISSED},
        [LB_LINK_PASSED] = {LB_LINK_PRESENT, NONE},
        [LB_LINK_FAILED] = {LB_LINK_REFUSED, WRONG},
        [LB_LINK_LOST]   = {LB_LINK_NEW,     LB_LINK_TELL_AWAY},
    },
    [LB_LINK_MISSED] = {
        [LB_LINK_REPLY]  = {LB_LINK_PRESENT, LB_LINK_TELL_ANSWERS},
        [LB_LINK_MISS]   = {LB_LINK_SUSPECT, LB_LINK_TELL_SUSPECT},
        [LB_LINK_PASSED] = {LB_LINK_PRESENT, NONE},
        [LB_LINK_FAILED] = {LB_LINK_REFUSED, WRONG},
        [LB_LINK_LOST]   = {LB_LINK_NEW,     LB_LINK_TELL_AWAY},
    },
    [LB_LINK_SUSPECT] = {
        [LB_LINK_REPLY]  = {LB_LINK_PRESENT, LB_LINK_TELL_ANSWERS},
        [LB_LINK_MISS]   = {LB_LINK_ABSENT,  GONE},
        [LB_LINK_PASSED] = {LB_LINK_PRESENT, NONE},
        [LB_LINK_FAILED] = {LB_LINK_REFUSED, WRONG},
        [LB_LINK_LOST]   = {LB_LINK_NEW,     LB_LINK_TELL_AWAY},
    },
    [LB_LINK_REFUSED] = {
        [LB_LINK_REPLY]  = {LB_LINK_ATTACH,  LB_LINK_BEGIN},
        [LB_LINK_MISS]   = {LB_LINK_ABSENT,  GONE},
        [LB_LINK_PASSED] = {LB_LINK_REFUSED, NONE},
        [LB_LINK_FAILED] = {LB_LINK_REFUSED, WRONG},
        [LB_LINK_LOST]   = {LB_LINK_NEW,     LB_LINK_TELL_AWAY},
    },
};
/* clang-format on */

const struct lb_link_cell *lb_link_cell(enum lb_link_state state,
                                        enum lb_link_event event)
{
    return &table[state][event];
}

unsigned lb_link_step(enum lb_link_state *state, enum lb_link_event event)
{
    assert(*state > LB_LINK_HOLE && *state < LB_LINK_STATES);
    assert(event < LB_LINK_EVENTS);
    const struct lb_link_cell *cell = lb_link_cell(*state, event);

    *state = (enum lb_link_state)cell->next;
    return cell->effects;
}
