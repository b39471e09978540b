/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CUT_H
#define LB_CUT_H

/*
 * Cuts the bytes of a line into frames, for somebody who only listens: any
 * address, any function, requests and replies. Pure; times are given in.
 *
 * A frame ends where its shape and its check sum say so. Silence decides
 * what shapes cannot: 3.5 characters end bytes of no known shape, and after
 * LB_CUT_WAIT_US nothing can still become the frame that it began as. So
 * long because adapters hand bytes over in lots, 16 ms apart at worst.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lb_cut_limits {
    LB_CUT_BYTES = 512, /* two of the longest frames */
    LB_CUT_WAIT_US = 20000,
    LB_CUT_REPLY_US = 1000000 /* nothing answers a request later */
};

enum lb_cut_kind {
    LB_CUT_REQUEST = 1,
    LB_CUT_REPLY,
    LB_CUT_EITHER,  /* a write and its confirmation are the same bytes; or a
                     * function that is not known here, with a good sum */
    LB_CUT_DAMAGED, /* looks like a frame, its check sum is wrong */
    LB_CUT_STRAY    /* no frame */
};

struct lb_cut {
    uint64_t quiet_us; /* set before the first byte */
    uint8_t bytes[LB_CUT_BYTES];
    size_t len, lot;            /* `lot`: where what came last begins */
    size_t given;               /* at the front: a frame that was taken */
    uint64_t first_us, last_us; /* when the first byte, the last lot came */
    /* the request that may be answered next: lb_cut_side() */
    uint8_t asked[2];
    uint64_t asked_us;
    bool waits;
};

struct lb_cut_frame {
    enum lb_cut_kind kind;
    const uint8_t *bytes; /* valid until the next call */
    size_t len;
    uint64_t at_us; /* when its first byte came */
};

/* Takes as many as there is room for, and says how many. Before it, take
 * with lb_cut_next() what had ended by then; after it, what has now. */
size_t lb_cut_add(struct lb_cut *cut, uint64_t now_us, const uint8_t *bytes,
                  size_t len);

/* The next frame that has ended by now_us; UINT64_MAX: all have. */
bool lb_cut_next(struct lb_cut *cut, uint64_t now_us,
                 struct lb_cut_frame *frame);

/* Whether it is a request or a reply, where its bytes leave that open: a reply
 * follows a request of the same board and function. For a listener who does
 * not see who speaks; once a frame, in order. */
void lb_cut_side(struct lb_cut *cut, struct lb_cut_frame *frame);

#endif
