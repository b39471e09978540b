/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_TXN_H
#define LB_TXN_H

/* One request and its reply: the table, pure. */

enum lb_txn_state {
    LB_TXN_HOLE = 0,
    LB_TXN_IDLE,
    LB_TXN_QUIET,   /* waits until the line has been silent long enough */
    LB_TXN_SENDING, /* the line has not taken every byte */
    LB_TXN_WIRE,    /* the last byte is on its way out */
    LB_TXN_REPLY,
    LB_TXN_STATES
};

enum lb_txn_event {
    LB_TXN_START = 0,
    LB_TXN_CLEAR,     /* silent for long enough, stale input dropped */
    LB_TXN_TAKEN,     /* the line has every byte */
    LB_TXN_ENDED,     /* the last byte has left */
    LB_TXN_MATCH,     /* the reply, exactly */
    LB_TXN_EXCEPTION, /* the board says no */
    LB_TXN_TIMEOUT,
    LB_TXN_LATE, /* the pulse's deadline came, or it was withdrawn */
    LB_TXN_LOST, /* the line is gone */
    LB_TXN_EVENTS
};

enum lb_txn_effect {
    LB_TXN_NOTHING = 0,
    LB_TXN_SEND = 1,    /* give bytes to the line */
    LB_TXN_SENT = 2,    /* the request has left whole */
    LB_TXN_DONE = 4,    /* over: what follows says how */
    LB_TXN_OK = 8,      /* with its reply */
    LB_TXN_DENIED = 16, /* with an exception */
    LB_TXN_MISSED = 32, /* without */
    LB_TXN_DROPPED = 64 /* the board cannot have seen it whole */
};

struct lb_txn_cell {
    unsigned char next;
    unsigned char effects;
};

/* The cell, for the step and for the test that looks for holes. */
const struct lb_txn_cell *lb_txn_cell(enum lb_txn_state state,
                                      enum lb_txn_event event);

/* Moves `state` and says what to do; touches nothing else. */
unsigned lb_txn_step(enum lb_txn_state *state, enum lb_txn_event event);

#endif
