/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * One request at a time. Before it the line is silent for t3.5 and stale
 * input is dropped; from its last byte on only the exact reply or the
 * deadline ends it. A foreign frame, a damaged one, noise: none of them is
 * an event. A request that did not leave whole was not seen by the board
 * and counts as dropped, never as lost.
 */
#include "bus/txn.h"

#include <assert.h>

enum {
    OVER = LB_TXN_DONE,
    FINE = LB_TXN_DONE | LB_TXN_OK,
    DENY = LB_TXN_DONE | LB_TXN_DENIED,
    MISS = LB_TXN_DONE | LB_TXN_MISSED,
    DROP = LB_TXN_DONE | LB_TXN_DROPPED,
    NONE = LB_TXN_NOTHING
};

/* clang-format off */
static const struct lb_txn_cell table[LB_TXN_STATES][LB_TXN_EVENTS] = {
    [LB_TXN_IDLE] = {
        [LB_TXN_START]     = {LB_TXN_QUIET,   NONE},
        [LB_TXN_CLEAR]     = {LB_TXN_IDLE,    NONE},
        [LB_TXN_TAKEN]     = {LB_TXN_IDLE,    NONE},
        [LB_TXN_ENDED]     = {LB_TXN_IDLE,    NONE},
        [LB_TXN_MATCH]     = {LB_TXN_IDLE,    NONE},
        [LB_TXN_EXCEPTION] = {LB_TXN_IDLE,    NONE},
        [LB_TXN_TIMEOUT]   = {LB_TXN_IDLE,    NONE},
        [LB_TXN_LATE]      = {LB_TXN_IDLE,    NONE},
        [LB_TXN_LOST]      = {LB_TXN_IDLE,    NONE},
    },
    [LB_TXN_QUIET] = {
        [LB_TXN_START]     = {LB_TXN_QUIET,   NONE},
        [LB_TXN_CLEAR]     = {LB_TXN_SENDING, LB_TXN_SEND},
        [LB_TXN_TAKEN]     = {LB_TXN_QUIET,   NONE},
        [LB_TXN_ENDED]     = {LB_TXN_QUIET,   NONE},
        [LB_TXN_MATCH]     = {LB_TXN_QUIET,   NONE},
        [LB_TXN_EXCEPTION] = {LB_TXN_QUIET,   NONE},
        [LB_TXN_TIMEOUT]   = {LB_TXN_IDLE,    MISS | LB_TXN_DROPPED},
        [LB_TXN_LATE]      = {LB_TXN_IDLE,    DROP},
        [LB_TXN_LOST]      = {LB_TXN_IDLE,    DROP},
    },
    [LB_TXN_SENDING] = {
        [LB_TXN_START]     = {LB_TXN_SENDING, NONE},
        [LB_TXN_CLEAR]     = {LB_TXN_SENDING, LB_TXN_SEND},
        [LB_TXN_TAKEN]     = {LB_TXN_WIRE,    NONE},
        [LB_TXN_ENDED]     = {LB_TXN_SENDING, NONE},
        [LB_TXN_MATCH]     = {LB_TXN_SENDING, NONE},
        [LB_TXN_EXCEPTION] = {LB_TXN_SENDING, NONE},
        [LB_TXN_TIMEOUT]   = {LB_TXN_IDLE,    MISS | LB_TXN_DROPPED},
        [LB_TXN_LATE]      = {LB_TXN_IDLE,    DROP},
        [LB_TXN_LOST]      = {LB_TXN_IDLE,    DROP},
    },
    [LB_TXN_WIRE] = {
        [LB_TXN_START]     = {LB_TXN_WIRE,    NONE},
        [LB_TXN_CLEAR]     = {LB_TXN_WIRE,    NONE},
        [LB_TXN_TAKEN]     = {LB_TXN_WIRE,    NONE},
        [LB_TXN_ENDED]     = {LB_TXN_REPLY,   LB_TXN_SENT},
        [LB_TXN_MATCH]     = {LB_TXN_IDLE,    FINE | LB_TXN_SENT},
        [LB_TXN_EXCEPTION] = {LB_TXN_IDLE,    DENY | LB_TXN_SENT},
        [LB_TXN_TIMEOUT]   = {LB_TXN_WIRE,    NONE},
        [LB_TXN_LATE]      = {LB_TXN_WIRE,    NONE},
        [LB_TXN_LOST]      = {LB_TXN_IDLE,    OVER | LB_TXN_SENT},
    },
    [LB_TXN_REPLY] = {
        [LB_TXN_START]     = {LB_TXN_REPLY,   NONE},
        [LB_TXN_CLEAR]     = {LB_TXN_REPLY,   NONE},
        [LB_TXN_TAKEN]     = {LB_TXN_REPLY,   NONE},
        [LB_TXN_ENDED]     = {LB_TXN_REPLY,   NONE},
        [LB_TXN_MATCH]     = {LB_TXN_IDLE,    FINE},
        [LB_TXN_EXCEPTION] = {LB_TXN_IDLE,    DENY},
        [LB_TXN_TIMEOUT]   = {LB_TXN_IDLE,    MISS},
        [LB_TXN_LATE]      = {LB_TXN_REPLY,   NONE},
        [LB_TXN_LOST]      = {LB_TXN_IDLE,    OVER},
    },
};
/* clang-format on */

const struct lb_txn_cell *lb_txn_cell(enum lb_txn_state state,
                                      enum lb_txn_event event)
{
    return &table[state][event];
}

unsigned lb_txn_step(enum lb_txn_state *state, enum lb_txn_event event)
{
    assert(*state > LB_TXN_HOLE && *state < LB_TXN_STATES);
    assert(event < LB_TXN_EVENTS);
    const struct lb_txn_cell *cell = lb_txn_cell(*state, event);

    *state = (enum lb_txn_state)cell->next;
    return cell->effects;
}
