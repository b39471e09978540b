/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board/cut.h"

#include "base/bytes.h"
#include "base/crc16.h"
#include "board/frame.h"

#include <string.h>

enum { FRAME_MIN = 4, SHAPES = 2 };

/* What the first bytes may be the beginning of. */
struct shape {
    size_t len; /* 0: none */
    enum lb_cut_kind kind;
};

static bool sound(const uint8_t *bytes, size_t len)
{
    return len >= FRAME_MIN && lb_crc16(bytes, len - LB_SUM_LEN) ==
                                   lb_get_u16(bytes + len - LB_SUM_LEN);
}

/* A byte that says a length and has not come is taken to be 0 or the most:
 * whoever waits for the shape then waits long enough. */
static void shapes_of(const uint8_t *b, size_t len, struct shape out[SHAPES])
{
    uint8_t fc = len > 1 ? b[1] : 0;

    out[0] = out[1] = (struct shape){0};
    if (len < 2) {
        out[0] = (struct shape){FRAME_MIN, LB_CUT_EITHER};
    } else if (lb_frame_is_read(fc)) {
        out[0] = (struct shape){LB_WRITE_LEN, LB_CUT_REQUEST};
        out[1] = (struct shape){(size_t)3 + (len > 2 ? b[2] : UINT8_MAX) +
                                    LB_SUM_LEN,
                                LB_CUT_REPLY};
    } else if (fc == LB_FC_WRITE_COILS || fc == LB_FC_WRITE_REGISTERS) {
        out[0] = (struct shape){LB_WRITE_LEN, LB_CUT_REPLY};
        out[1] = (struct shape){(size_t)7 + (len > 6 ? b[6] : UINT8_MAX) +
                                    LB_SUM_LEN,
                                LB_CUT_REQUEST};
    } else if (lb_frame_is_write(fc)) {
        out[0] = (struct shape){LB_WRITE_LEN, LB_CUT_EITHER};
    } else if ((fc & LB_EXCEPTION_BIT) != 0) {
        out[0] = (struct shape){LB_EXCEPTION_LEN, LB_CUT_REPLY};
    }
}

/* A whole frame of a known shape that begins here; its length, 0: none. */
static size_t whole(const uint8_t *bytes, size_t len, enum lb_cut_kind *kind)
{
    struct shape shape[SHAPES];

    shapes_of(bytes, len, shape);
    for (size_t i = 0; len >= FRAME_MIN && i < SHAPES; i++) {
        if (shape[i].len != 0 && shape[i].len <= len &&
            sound(bytes, shape[i].len)) {
            *kind = shape[i].kind;
            return shape[i].len;
        }
    }
    return 0;
}

/* Whether these bytes may be the beginning of a longer frame. */
static bool may_grow(const struct lb_cut *cut)
{
    struct shape shape[SHAPES];

    shapes_of(cut->bytes, cut->len, shape);
    return shape[0].len > cut->len || shape[1].len > cut->len;
}

static bool of_a_shape(const uint8_t *bytes, size_t len)
{
    struct shape shape[SHAPES];

    shapes_of(bytes, len, shape);
    return len >= FRAME_MIN && (shape[0].len == len || shape[1].len == len);
}

/* Where the first whole frame begins; len: nowhere. */
static size_t find(const struct lb_cut *cut)
{
    enum lb_cut_kind kind;
    size_t at = 1;

    while (at < cut->len && whole(cut->bytes + at, cut->len - at, &kind) == 0) {
        at++;
    }
    return at;
}

/* How many bytes at the front belong together and have ended; 0: they may
 * still grow. */
static size_t judge(const struct lb_cut *cut, uint64_t now_us,
                    enum lb_cut_kind *kind)
{
    uint64_t silent = now_us - cut->last_us;
    bool ended = now_us == UINT64_MAX || silent >= LB_CUT_WAIT_US ||
                 cut->len == LB_CUT_BYTES;
    size_t len = whole(cut->bytes, cut->len, kind);

    if (len != 0) {
        return len;
    }
    if (!ended && may_grow(cut)) {
        return 0;
    }
    ended = ended || silent >= cut->quiet_us;
    if (ended && sound(cut->bytes, cut->len)) {
        *kind = LB_CUT_EITHER;
        return cut->len;
    }
    len = find(cut);
    if (len == cut->len && !ended) {
        return 0;
    }
    *kind = of_a_shape(cut->bytes, len) ? LB_CUT_DAMAGED : LB_CUT_STRAY;
    return len;
}

/* The frame that was given away goes when the next bytes come or are looked
 * for: until then its owner may read it. */
static void shift(struct lb_cut *cut)
{
    size_t count = cut->given;

    cut->given = 0;
    cut->len -= count;
    memmove(cut->bytes, cut->bytes + count, cut->len);
    if (count > 0 && count >= cut->lot) {
        cut->first_us = cut->last_us;
        cut->lot = 0;
    } else {
        cut->lot -= count;
    }
}

size_t lb_cut_add(struct lb_cut *cut, uint64_t now_us, const uint8_t *bytes,
                  size_t len)
{
    shift(cut);
    size_t room = LB_CUT_BYTES - cut->len;
    size_t taken = len < room ? len : room;

    if (taken == 0) {
        return 0;
    }
    if (cut->len == 0) {
        cut->first_us = now_us;
    }
    lb_copy(cut->bytes + cut->len, bytes, taken);
    cut->lot = cut->len;
    cut->len += taken;
    cut->last_us = now_us;
    return taken;
}

bool lb_cut_next(struct lb_cut *cut, uint64_t now_us,
                 struct lb_cut_frame *frame)
{
    enum lb_cut_kind kind = LB_CUT_STRAY;

    shift(cut);
    size_t len = cut->len > 0 ? judge(cut, now_us, &kind) : 0;

    if (len == 0) {
        return false;
    }
    *frame = (struct lb_cut_frame){
        .kind = kind, .bytes = cut->bytes, .len = len, .at_us = cut->first_us};
    cut->given = len;
    return true;
}

void lb_cut_side(struct lb_cut *cut, struct lb_cut_frame *frame)
{
    if (frame->kind == LB_CUT_EITHER) {
        bool answers = cut->waits &&
                       frame->at_us - cut->asked_us < LB_CUT_REPLY_US &&
                       lb_same(frame->bytes, cut->asked, sizeof cut->asked);

        frame->kind = answers ? LB_CUT_REPLY : LB_CUT_REQUEST;
    }
    if (frame->kind == LB_CUT_REQUEST) {
        lb_copy(cut->asked, frame->bytes, sizeof cut->asked);
        cut->asked_us = frame->at_us;
        cut->waits = true;
    } else if (frame->kind == LB_CUT_REPLY) {
        cut->waits = false;
    }
}
