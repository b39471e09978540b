/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_DOOR_H
#define LOCKBUS_DOOR_H

/*
 * What a door is like, and what happens to it. A door is one compartment: a
 * latch that can be released and, mostly, a sensor that says whether the leaf
 * is shut. Doors are named by their cabinet-wide number, 0 to 1023, which is
 * what signatures are made for; the label ("A07") is for people.
 */

#include <lockbus/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lockbus_latch {
    LOCKBUS_LATCH_UNKNOWN = 1, /* not read yet */
    LOCKBUS_LATCH_SHUT = 2,
    LOCKBUS_LATCH_RELEASING = 3, /* allowed to open, still shut */
    LOCKBUS_LATCH_OPEN = 4,
    LOCKBUS_LATCH_AJAR = 5,   /* open for longer than ajar_after_s */
    LOCKBUS_LATCH_JAMMED = 6, /* the newest open pulsed it, and it was
                               * seen not to open. An open that was
                               * withdrawn (blocked), came too late or
                               * went unwatched says nothing of the
                               * latch: it is SHUT again after that */
    LOCKBUS_LATCH_FORCED = 7, /* opened without being told to */
    LOCKBUS_LATCH_AWAY = 8    /* its board does not answer */
};

/*
 * Whose parcel is behind the door. It moves only on what is on record, and
 * wherever that leaves a doubt the parcel counts as still inside.
 *
 * VACANT    nothing is in it; a deposit may begin.
 * LOADING   a deposit was allowed. Leaf seen open, then shut: OCCUPIED. Never
 *           seen open when reopen_window_s ends: VACANT again, or OCCUPIED
 *           when what came of its open is not known.
 * OCCUPIED  a parcel is in it. A release, return or cancel whose open is seen
 *           makes it EMPTYING.
 * EMPTYING  somebody is taking it out. VACANT when reopen_window_s has gone
 *           since the leaf was shut, if one opening lasted 2 s or more;
 * OCCUPIED again if all were shorter: nobody takes a parcel out in that time,
 *           so it is taken to be still inside.
 */
enum lockbus_custody {
    LOCKBUS_CUSTODY_VACANT = 1,
    LOCKBUS_CUSTODY_LOADING = 2,
    LOCKBUS_CUSTODY_OCCUPIED = 3,
    LOCKBUS_CUSTODY_EMPTYING = 4
};

/* Why custody moved, in an event of kind CUSTODY. */
enum lockbus_custody_reason {
    LOCKBUS_CUSTODY_REASON_NONE = 0, /* the event is of another kind */
    /* LOADING */
    LOCKBUS_CUSTODY_REASON_DEPOSIT = 1, /* a deposit was allowed */
    /* OCCUPIED */
    LOCKBUS_CUSTODY_REASON_STORED = 2, /* opened for the deposit, and shut */
    LOCKBUS_CUSTODY_REASON_DOUBT = 3,  /* the deposit's reopen_window_s is over;
                                        * the leaf was not seen to be shut, or
                                        * what came of an open is not known */
    LOCKBUS_CUSTODY_REASON_SHORT = 4,  /* opened to be emptied, but never for
                                        * 2 s: it is taken to be inside */
    LOCKBUS_CUSTODY_REASON_NOT_EMPTIED = 5, /* lockbus_not_emptied() */
    /* EMPTYING, and VACANT when that is over */
    LOCKBUS_CUSTODY_REASON_RELEASED = 6,  /* by the parcel's key, or a code */
    LOCKBUS_CUSTODY_REASON_RETURNED = 7,  /* by the return key */
    LOCKBUS_CUSTODY_REASON_CANCELLED = 8, /* by the courier */
    /* VACANT */
    LOCKBUS_CUSTODY_REASON_NEVER_OPENED = 9, /* the deposit's reopen_window_s
                                              * is over, and the leaf was seen
                                              * to stay shut */
    LOCKBUS_CUSTODY_REASON_VISITED = 10,     /* a grant without a release key */
    LOCKBUS_CUSTODY_REASON_CLEARED = 11,     /* a service order */
    LOCKBUS_CUSTODY_REASON_EMPTIED = 12,     /* who emptied it is not known: a
                                              * journal of a version before this */
    /* OCCUPIED, VACANT after a visit */
    LOCKBUS_CUSTODY_REASON_RESTART = 13 /* a restart cut the deposit short */
};

/*
 * What a content sensor says, where a door has one. It only ever protects: a
 * door that was emptied becomes VACANT not before its sensor says EMPTY, and
 * nothing else follows from it. UNKNOWN: not read yet, or its board is away.
 */
enum lockbus_content {
    LOCKBUS_CONTENT_UNWATCHED = 0, /* no such sensor */
    LOCKBUS_CONTENT_UNKNOWN = 1,
    LOCKBUS_CONTENT_EMPTY = 2,
    LOCKBUS_CONTENT_FULL = 3
};

/* A copy of what is known of one door. */
struct lockbus_door {
    uint32_t size; /* set to sizeof(struct lockbus_door) before asking */
    uint16_t number;
    char label[16];
    char door_size[8]; /* "S", "XL": as configured */
    char remark[48];
    unsigned board;  /* its number in the configuration */
    uint8_t channel; /* of the board, from 1, as boards print it */
    enum lockbus_latch latch;
    enum lockbus_custody custody;
    enum lockbus_content content;
    bool blocked;
    bool frozen;  /* its stay's issuer was distrusted: service only */
    bool assumed; /* no sensor: leaf facts are timed */
    bool ajar;    /* stands open for longer than ajar_after_s, however it
                   * was opened: latch AJAR, or FORCED and left open */
    uint64_t open_for_ms; /* powered time since the leaf was first seen open,
                           * or an open that empties found it so, as of the
                           * last poll, and at least 1; 0: shut when
                           * last seen, its board is away, or the journal has
                           * failed, which is what remembers it */
    uint64_t stay;        /* the current or last one; 0: never used */
    uint8_t parcel_ref[16];
    uint8_t release_uses_left, courier_uses_left;
    uint8_t seals;        /* codes that open it: 0 to 2 */
    uint64_t return_in_s; /* powered seconds left; UINT64_MAX: no return key */
};

enum lockbus_event_kind {
    LOCKBUS_EVENT_NONE = 0,
    /* What came of a ticket. At an end that had to do with a latch `count` is
     * how many pulses were sent. */
    LOCKBUS_EVENT_SENT = 1,     /* the pulse is on the wire */
    LOCKBUS_EVENT_ACCEPTED = 2, /* the board confirmed it */
    LOCKBUS_EVENT_OPENED = 3,   /* the leaf was seen open, or stood open
                                 * already when the pulse came: the end */
    LOCKBUS_EVENT_FAILED = 4,   /* never opened: the end */
    LOCKBUS_EVENT_UNKNOWN = 5,  /* what came of it cannot be known: the end */
    LOCKBUS_EVENT_EXPIRED = 6,  /* no pulse was sent in time: the end */
    LOCKBUS_EVENT_REFUSED = 7,  /* by `rule`: the end */
    LOCKBUS_EVENT_DONE = 8,     /* something that opens nothing is on record */
    LOCKBUS_EVENT_UNCONFIRMED = 9, /* the board drove the latch, and no sensor
                                    * can see the leaf; it counts as opened,
                                    * and `assumed` is set: the end */
    /* what happens to doors */
    LOCKBUS_EVENT_LEAF = 20,    /* latch holds the new state */
    LOCKBUS_EVENT_CUSTODY = 21, /* custody holds the new one, reason why */
    LOCKBUS_EVENT_FORCED = 22,
    LOCKBUS_EVENT_AJAR = 23,    /* `count`: 0 when the leaf was open for
                                 * ajar_after_s; n at the n-th reminder, when it
                                 * was open for twice as long as at the last one,
                                 * and at least once an hour */
    LOCKBUS_EVENT_JAMMED = 24,  /* `count` pulses and it never opened; the next
                                 * open tries again */
    LOCKBUS_EVENT_CONTENT = 25, /* content holds what its sensor says now */
    /* boards and ports */
    LOCKBUS_EVENT_BOARD_AWAY = 40,    /* `text`: why, as lockbus_board.text */
    LOCKBUS_EVENT_BOARD_BACK = 41,    /* checked, and all its outputs are off */
    LOCKBUS_EVENT_BOARD_REFUSED = 42, /* answers, but is not what it should
                                       * be; `text`: how */
    LOCKBUS_EVENT_PORT_LOST = 43,     /* `text`: which, why. Again when the
                                       * reason is of another kind: gone, held
                                       * by another, not allowed */
    LOCKBUS_EVENT_PORT_OPEN = 44,
    LOCKBUS_EVENT_PORT_SLOW = 45,  /* a warning after PORT_OPEN: low latency
                                    * was asked for and is refused */
    LOCKBUS_EVENT_BUS_COUNTS = 46, /* once an hour, and when a line is lost:
                                    * `text` has its counts since the last one,
                                    * those of errors that are not 0 */
    /* On the way to AWAY, and back. A board that misses replies now and then is
     * told of in four runs, then in one a minute; what is left out is in its
     * counters. `text`: why, and how many of its requests were unanswered. */
    LOCKBUS_EVENT_BOARD_MISSED = 47,  /* one reply did not come */
    LOCKBUS_EVENT_BOARD_SUSPECT = 48, /* nor did the next */
    LOCKBUS_EVENT_BOARD_ANSWERS = 49, /* the run's end. If it may have lost its
                                       * power meanwhile, all its outputs were
                                       * switched off and read back first */
    LOCKBUS_EVENT_HOST_TIMED =
        50,                       /* a warning at the first poll, for each
                                   * board whose pulses this process ends: if
                                   * it dies in one, the solenoid stays driven */
    LOCKBUS_EVENT_STUCK_ON = 51,  /* such a board did not confirm an off: the
                                   * solenoid may be driven, and its bus
                                   * drives none until STUCK_OFF */
    LOCKBUS_EVENT_STUCK_OFF = 52, /* it reads off again */
    /* the cabinet */
    LOCKBUS_EVENT_JOURNAL_FAILED = 60, /* no open until restart; `text`: why */
    LOCKBUS_EVENT_LOST = 61, /* `count` events were dropped: poll faster */
    LOCKBUS_EVENT_TRACE_ENDED = 62, /* lockbus_options.trace: the disk failed
                                     * or it is as long as it may become
                                     * (`text`). All else goes on */
    LOCKBUS_EVENT_ANCHOR_DUE = 63,  /* `count` whole segments of the journal (at
                                     * most 255) have no receipt: send
                                     * lockbus_cabinet_anchor() to the operator.
                                     * When a segment is full, and at the first
                                     * poll */
    /* Alarms, on record too: the operator's receipt is genuine, and what it
     * says is not what this journal is. */
    LOCKBUS_EVENT_ROLLED_BACK = 64, /* rule R4: blocks are missing */
    LOCKBUS_EVENT_FORKED = 65       /* rule R5: another block is in its place */
};

struct lockbus_event {
    uint32_t size; /* set by the library */
    enum lockbus_event_kind kind;
    uint64_t at_us;  /* the host's clock, as told to poll */
    uint32_t ticket; /* 0: of none. In CUSTODY: what moved it, if a ticket
                      * did; such an event ends no ticket */
    uint16_t door;   /* 0xFFFF: of none */
    char label[16];
    enum lockbus_rule rule;
    enum lockbus_latch latch;     /* of the door, in every event that has one,
                                   * as it was when the event came about */
    enum lockbus_custody custody; /* the same */
    enum lockbus_content content; /* the same */
    enum lockbus_custody_reason reason; /* of CUSTODY */
    unsigned board; /* as the configuration numbers boards, from 1; 0: the
                     * event is of none */
    uint32_t count;
    bool assumed;
    char text[96]; /* one sentence for a person or a log */
};

/* Whether this event is the one that ends a ticket: it names a ticket, and
 * its kind is OPENED, UNCONFIRMED, FAILED, UNKNOWN, EXPIRED, REFUSED or DONE.
 * Nothing follows for that ticket. False for NULL. */
LOCKBUS_API bool lockbus_event_ends(const struct lockbus_event *event);

/* "SHUT", "VACANT", "OPENED" ...; "?" for a value that is none. Static. */
LOCKBUS_API const char *lockbus_latch_name(enum lockbus_latch latch);
LOCKBUS_API const char *lockbus_custody_name(enum lockbus_custody custody);
LOCKBUS_API const char *
lockbus_custody_reason_name(enum lockbus_custody_reason reason);
LOCKBUS_API const char *lockbus_content_name(enum lockbus_content content);
LOCKBUS_API const char *lockbus_event_name(enum lockbus_event_kind kind);

#ifdef __cplusplus
}
#endif
#endif
