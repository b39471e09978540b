/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Exact matching. A read's reply bears the board, the function and the byte
 * count; a write's reply repeats the whole request. All of it is compared,
 * and the check sum, before a byte is believed.
 */
#include "board/frame.h"

#include "base/bytes.h"
#include "base/crc16.h"

static bool sum_fits(const uint8_t *frame, size_t len)
{
    return lb_crc16(frame, len - LB_SUM_LEN) ==
           lb_get_u16(frame + len - LB_SUM_LEN);
}

uint64_t lb_frame_quiet_us(uint32_t baud, unsigned bits)
{
    if (baud == 0) {
        return 0;
    }
    return baud > 19200 ? 1750 : ((uint64_t)bits * 3500000 + baud - 1) / baud;
}

bool lb_frame_is_read(uint8_t fc)
{
    return fc >= LB_FC_READ_COILS && fc <= LB_FC_READ_INPUT_REGISTERS;
}

bool lb_frame_is_write(uint8_t fc)
{
    return fc == LB_FC_WRITE_COIL || fc == LB_FC_WRITE_REGISTER ||
           fc == LB_FC_WRITE_COILS || fc == LB_FC_WRITE_REGISTERS;
}

static enum lb_match match_write(const struct lb_request *request,
                                 const uint8_t *bytes, size_t len)
{
    size_t head = len < LB_RAW_LEN ? len : LB_RAW_LEN;

    /* address, function, output and value, all as they were asked */
    if (!lb_same(bytes, request->bytes, head)) {
        return LB_MATCH_NO;
    }
    if (len < LB_WRITE_LEN) {
        return LB_MATCH_MORE;
    }
    return sum_fits(bytes, LB_WRITE_LEN) ? LB_MATCH_YES : LB_MATCH_DAMAGED;
}

static enum lb_match match_read(const struct lb_request *request,
                                const uint8_t *bytes, size_t len)
{
    size_t count = (size_t)request->reply_len - 3 - LB_SUM_LEN;

    if (len > 2 && bytes[2] != count) {
        return LB_MATCH_NO;
    }
    if (len < request->reply_len) {
        return LB_MATCH_MORE;
    }
    return sum_fits(bytes, request->reply_len) ? LB_MATCH_YES
                                               : LB_MATCH_DAMAGED;
}

enum lb_match lb_frame_match(const struct lb_request *request,
                             const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return LB_MATCH_MORE;
    }
    if (bytes[0] != request->bytes[0]) {
        return LB_MATCH_NO;
    }
    if (len == 1) {
        return LB_MATCH_MORE;
    }
    if (bytes[1] == (request->bytes[1] | LB_EXCEPTION_BIT)) {
        if (len < LB_EXCEPTION_LEN) {
            return LB_MATCH_MORE;
        }
        return sum_fits(bytes, LB_EXCEPTION_LEN) ? LB_MATCH_EXCEPTION
                                                 : LB_MATCH_DAMAGED;
    }
    if (bytes[1] != request->bytes[1]) {
        return LB_MATCH_NO;
    }
    return lb_frame_is_write(bytes[1]) ? match_write(request, bytes, len)
                                       : match_read(request, bytes, len);
}

enum lb_match lb_frame_any(const uint8_t *bytes, size_t len, size_t *frame_len)
{
    size_t need = 0;

    if (len > 0 && (bytes[0] == 0 || bytes[0] > LB_ADDRESS_MAX)) {
        return LB_MATCH_NO;
    }
    if (len < 3) {
        uint8_t fc = len < 2
                         ? LB_FC_READ_COILS
                         : (uint8_t)(bytes[1] & ~(unsigned)LB_EXCEPTION_BIT);
        return lb_frame_is_read(fc) || lb_frame_is_write(fc) ? LB_MATCH_MORE
                                                             : LB_MATCH_NO;
    }
    if (lb_frame_is_read(bytes[1])) {
        need = (size_t)3 + bytes[2] + LB_SUM_LEN;
    } else if (lb_frame_is_write(bytes[1])) {
        need = LB_WRITE_LEN;
    } else if ((bytes[1] & LB_EXCEPTION_BIT) != 0) {
        need = LB_EXCEPTION_LEN;
    }
    if (need == 0 || need > LB_REPLY_MAX) {
        return LB_MATCH_NO;
    }
    if (len < need) {
        return LB_MATCH_MORE;
    }
    *frame_len = need;
    return sum_fits(bytes, need) ? LB_MATCH_YES : LB_MATCH_NO;
}
