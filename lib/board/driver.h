/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_DRIVER_H
#define LB_DRIVER_H

/*
 * What the bus asks of a kind of board: to put an order into a frame, to say
 * whether bytes from the wire are that frame's reply, and to take a reply
 * apart. The bus knows no function codes; a driver knows no time and no
 * wire. An order names what is meant (pulse channel 3), never a frame, so
 * that nothing outside the profile's own words can be sent.
 */

#include "board/profile.h"

enum lb_driver_limits {
    LB_REQUEST_MAX = 16, /* bytes of a request */
    LB_REPLY_MAX = 256,  /* bytes of any frame on the wire */
    LB_REPLY_WORDS = LB_PROFILE_CHANNELS
};

enum lb_op {
    LB_OP_NONE = 0,
    LB_OP_PROBE,  /* the smallest read; its reply is shorter than itself */
    LB_OP_CHECK,  /* an identity check's registers */
    LB_OP_OFF,    /* one output off */
    LB_OP_OUTPUT, /* all outputs, read back; of registers one */
    LB_OP_LEAF,   /* all inputs */
    LB_OP_PULSE   /* one output for a time that the board keeps */
};

struct lb_order {
    enum lb_op op;
    uint8_t address; /* 1..247 */
    uint8_t channel; /* OFF, PULSE, and OUTPUT of registers */
    uint8_t check;   /* CHECK: index into the profile's checks */
    uint32_t pulse_ms;
};

/* An order as bytes, with what its reply must look like. */
struct lb_request {
    enum lb_op op;
    uint16_t len, reply_len;
    uint8_t bytes[LB_REQUEST_MAX];
};

enum lb_match {
    LB_MATCH_NO = 0,
    LB_MATCH_MORE,    /* could become the reply */
    LB_MATCH_DAMAGED, /* its head and length, but not its check sum */
    LB_MATCH_EXCEPTION,
    LB_MATCH_YES
};

/* Contents of a reply; which field is filled depends on the order. */
struct lb_reply {
    uint8_t exception; /* 0: none */
    size_t words;
    uint32_t bits;
    uint16_t word[LB_REPLY_WORDS];
};

struct lb_driver {
    const char *name;
    /* USAGE: not within the profile, nothing is built; IO: the codec. */
    enum lockbus_err (*encode)(void *codec, const struct lb_profile *profile,
                               const struct lb_order *order,
                               struct lb_request *out);
    /* Bytes at a place where a reply may begin. */
    enum lb_match (*match)(const struct lb_request *request,
                           const uint8_t *bytes, size_t len);
    /* Whether a late reply to one request could be taken for another's. */
    bool (*alike)(const struct lb_request *one, const struct lb_request *other);
    /* Any sound frame of anybody's, for counting: *frame_len is its length;
     * MORE while it could still become one. */
    enum lb_match (*frame)(const uint8_t *bytes, size_t len, size_t *frame_len);
    /* Takes a frame apart that match() found; false: it does not fit. */
    bool (*decode)(void *codec, const struct lb_request *request,
                   const uint8_t *frame, size_t len, struct lb_reply *out);
};

#endif
