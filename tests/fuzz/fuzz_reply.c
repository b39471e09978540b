/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What boards and strangers say on a line. Mode, bytes. Bits 0 to 2 of the
 * mode: which request waits for its reply; bit 3: the check sum at the end is
 * made to fit.
 */

#include "oracle.h"

#include "base/crc16.h"
#include "board/cut.h"
#include "board/frame.h"
#include "board/modbus.h"

#include <string.h>

enum { REQUESTS = 4, SUMMED = 8, LOT = 7 };

static struct lb_modbus *codec;
static struct lb_request requests[REQUESTS];

static const struct lb_profile profile = {
    .channels = 16,
    .pulse = {5, 0x200, 1},
    .off = {5, 0, 1},
    .leaf = {2, 0, 1},
    .pulse_unit_ms = 100,
    .pulse_min_ms = 200,
    .pulse_max_ms = 1000,
    .leaf_is_read = true,
    .check = {{"mode", 3, 0x1000, true, 0}},
    .checks = 1,
};

static void make(void)
{
    static const enum lb_op ops[REQUESTS] = {LB_OP_LEAF, LB_OP_PULSE,
                                             LB_OP_CHECK, LB_OP_OUTPUT};

    must(lb_modbus_new(&codec) == LOCKBUS_OK, "a codec");
    for (size_t i = 0; i < REQUESTS; i++) {
        struct lb_order order = {
            .op = ops[i], .address = 5, .channel = 3, .pulse_ms = 500};

        must(lb_modbus_driver.encode(codec, &profile, &order, &requests[i]) ==
                 LOCKBUS_OK,
             "a request");
    }
}

static bool summed(const uint8_t *bytes, size_t len)
{
    return len > 3 &&
           lb_crc16(bytes, len - 2) == (uint16_t)number_at(bytes, len - 2, 2);
}

/* What is taken for the reply is this board's, of that function, with its
 * sum; and of a write, the request itself. */
static void match(const struct lb_request *request, const uint8_t *bytes,
                  size_t len)
{
    enum lb_match found = lb_modbus_driver.match(request, bytes, len);
    size_t reply_len =
        found == LB_MATCH_EXCEPTION ? 5 : (size_t)request->reply_len;
    struct lb_reply reply;

    if (found != LB_MATCH_YES && found != LB_MATCH_EXCEPTION) {
        return;
    }
    accepted();
    must(len >= reply_len && bytes[0] == request->bytes[0] &&
             (bytes[1] & 0x7F) == request->bytes[1] && summed(bytes, reply_len),
         "a reply is the board's, to this, and whole");
    must(found == LB_MATCH_EXCEPTION || !lb_frame_is_write(bytes[1]) ||
             memcmp(bytes, request->bytes, 8) == 0,
         "a write is confirmed by its own bytes");
    if (!lb_modbus_driver.decode(codec, request, bytes, reply_len, &reply)) {
        return;
    }
    must((reply.exception != 0) == (found == LB_MATCH_EXCEPTION),
         "an exception is no reading");
    must(reply.words <= LB_REPLY_WORDS, "no more words than there is room");
    must(found == LB_MATCH_EXCEPTION || request->op != LB_OP_LEAF ||
             reply.bits == (uint32_t)(bytes[3] | bytes[4] << 8),
         "inputs are what the board said");
}

/* Nothing is lost, nothing comes twice, whatever the lots. */
static void cut(const uint8_t *bytes, size_t len)
{
    static struct lb_cut cut;
    struct lb_cut_frame frame;
    size_t put = 0, got = 0;
    uint64_t now_us = 1000;

    memset(&cut, 0, sizeof cut);
    cut.quiet_us = 1750;
    while (put < len || got < len) {
        size_t lot = len - put < LOT ? len - put : LOT;

        now_us += lot > 3 ? 500 : LB_CUT_WAIT_US;
        put += lb_cut_add(&cut, now_us, bytes + put, lot);
        while (lb_cut_next(&cut, put == len ? UINT64_MAX : now_us, &frame)) {
            must(frame.len > 0 && got + frame.len <= put &&
                     memcmp(frame.bytes, bytes + got, frame.len) == 0,
                 "frames are the bytes that came");
            must(frame.kind >= LB_CUT_DAMAGED || summed(frame.bytes, frame.len),
                 "a frame has its sum");
            lb_cut_side(&cut, &frame);
            must(frame.kind != LB_CUT_EITHER, "each frame has a side");
            got += frame.len;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[2 * LB_REPLY_MAX];

    if (codec == NULL) {
        make();
    }
    if (size == 0) {
        return 0;
    }
    size_t len = size - 1 < sizeof bytes ? size - 1 : sizeof bytes;

    memcpy(bytes, data + 1, len);
    if ((data[0] & SUMMED) != 0 && len > 3) {
        uint16_t sum = lb_crc16(bytes, len - 2);

        bytes[len - 2] = (uint8_t)sum;
        bytes[len - 1] = (uint8_t)(sum >> 8);
    }
    match(&requests[data[0] % REQUESTS], bytes, len);
    cut(bytes, len);
    return 0;
}
