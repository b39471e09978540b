/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * One door over all that can befall it: power, line, sensor, thieves,
 * customers, service. What the gate and the latch do is door.h, which
 * tests/model/walk.c made of the C code; what is true of the compartment
 * itself is kept here, where no sensor errs.
 */

c_decl {
\#include "cab.h"
\#include "door.h"
}

#define LOADING 2
#define OCCUPIED 3
#define EMPTYING 4
#define VACANT 1

#ifndef RELEASES
#define RELEASES 1 /* uses of a grant, as walk was told */
#define COURIERS 1
#endif

int s;            /* the door, as the cabinet sees it */
bool inside;      /* something may lie in it that was not taken out */
bool bidden;      /* it stands open, and a permit pulsed it since it did */
byte kind;        /* what the last intent was for */
bool counted;     /* its opening was counted */
byte releases;    /* openings by the recipient, this stay */
byte couriers;    /* by the courier */

/* Of the step that is being made; 0 between steps. */
byte was, is, out, e, leaf, leaf_was, visit, armed, armed_was;

#define ASKED (out & 1)
#define PERMIT (out & 2)
#define PULSE (out & 4)

inline happens()
{
    c_code {
        const int from = now.s;

        now.was = label[from].custody;
        now.leaf_was = label[from].leaf;
        now.armed_was = label[from].armed;
        now.out = edge[from][now.e].out;
        now.s = (int)edge[from][now.e].to - 1;
        now.is = label[now.s].custody;
        now.leaf = label[now.s].leaf;
        now.visit = label[now.s].visit;
        now.armed = label[now.s].armed;
        if (readtrail) {
            printf("%-12s custody %d, leaf %d, out %d, inside %d\n",
                   event_name[now.e], now.is, now.leaf, now.out,
                   now.inside);
        }
    };
    /* A permit comes of a durable intent, and only a permit pulses. */
    assert(!PERMIT || e == c_expr { CAB_DURABLE });
    assert(!armed || armed_was || e == c_expr { CAB_DURABLE });
    assert(!PULSE || armed_was);
    if
    :: e == c_expr { CAB_START } || e == c_expr { CAB_START_LOST } ->
        assert(!armed && !PULSE && !PERMIT)
    :: else
    fi;
    /* Uses. */
    if
    :: ASKED ->
        kind = e;
        counted = false;
        if
        :: was == VACANT && is == LOADING ->
            releases = 0;
            couriers = 0
        :: else
        fi
    :: else
    fi;
    if
    :: e == c_expr { CAB_PULSE_OPENS } && !counted ->
        counted = true;
        if
        :: kind == c_expr { CAB_RELEASE } ->
            releases++;
            assert(releases <= RELEASES)
        :: kind >= c_expr { CAB_DEPOSIT } && kind <= c_expr { CAB_CANCEL } ->
            couriers++;
            assert(couriers <= COURIERS)
        :: else
        fi
    :: else
    fi;
    /* What may lie inside. What a thief puts behind a door that he forces
     * while nobody reads, and shuts again, no cabinet can know of; nor of what
     * comes behind a door that service cleared while it stood open. */
    bidden = leaf && (bidden || PULSE) && e != c_expr { CAB_CLEAR };
    if
    :: leaf && bidden && (is == OCCUPIED || (is == LOADING && !visit)) -> inside = true
    :: else
    fi;
    if
    :: e == c_expr { CAB_CLEAR } -> inside = false
    :: e == c_expr { CAB_FORCE } && is == EMPTYING -> inside = false
    :: e == c_expr { CAB_TICK } && leaf && leaf_was && was == EMPTYING &&
       is == EMPTYING -> inside = false
    :: else
    fi;
    assert(is != VACANT || !inside);
    if
    :: is == VACANT ->
        releases = 0;
        couriers = 0;
        kind = 0;
        counted = false
    :: else
    fi;
    was = 0; is = 0; out = 0; e = 0; leaf = 0; leaf_was = 0; visit = 0;
    armed = 0; armed_was = 0
}

#define EVENT(k) :: d_step { c_expr { edge[now.s][k].to != 0 } -> \
    e = c_expr { k }; happens() }

init {
    d_step { c_code { now.s = FIRST; } };
    do
    EVENT(CAB_TICK)
    EVENT(CAB_SYNC)
    EVENT(CAB_START)
    EVENT(CAB_START_LOST)
    EVENT(CAB_DURABLE)
    EVENT(CAB_SEE)
    EVENT(CAB_AWAY)
    EVENT(CAB_BACK)
    EVENT(CAB_STALL)
    EVENT(CAB_STICK)
    EVENT(CAB_MEND)
    EVENT(CAB_PULSE_OPENS)
    EVENT(CAB_PULSE_JAMS)
    EVENT(CAB_FORCE)
    EVENT(CAB_SHUT)
    EVENT(CAB_DEPOSIT)
    EVENT(CAB_VISIT)
    EVENT(CAB_REOPEN)
    EVENT(CAB_CANCEL)
    EVENT(CAB_RELEASE)
    EVENT(CAB_RETURN)
    EVENT(CAB_SERVICE_OPEN)
    EVENT(CAB_BLOCK)
    EVENT(CAB_UNBLOCK)
    EVENT(CAB_CLEAR)
    EVENT(CAB_NOT_EMPTIED)
    od
}
