/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/line.h"
#include "os/why.h"

#include "base/bytes.h"
#include "base/crc16.h"

#include <stdlib.h>
#include <string.h>

/*
 * Modbus/TCP as a line of RTU frames, so that a bus has one set of rules. On
 * the way out the check sum gives way to the MBAP header (MODBUS Messaging on
 * TCP/IP 3.1.3); on the way in it comes back. Each request has a transaction
 * number of its own, and only the frame that bears the last one is let
 * through: a late reply does not reach the bus at all. A header that is none
 * ends the connection, because nothing tells where the next one begins.
 */

enum {
    HEAD_LEN = 6, /* transaction, protocol, length; then unit and the rest */
    SUM_LEN = 2,
    PART_MIN = 2, /* unit, function */
    PART_MAX = 254,
    FRAME_MAX = HEAD_LEN + PART_MAX,
    READS_MAX = 4 /* in one receive: a peer that floods keeps nobody here */
};

struct mbap {
    struct lockbus_line tcp;
    uint16_t number; /* of the last request */
    bool asked;      /* its reply has not come */
    size_t out_len, out_sent, in_len;
    uint8_t out[FRAME_MAX], in[FRAME_MAX];
};

static void put_be(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t get_be(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

static void forget(struct mbap *mbap)
{
    mbap->asked = false;
    mbap->out_len = mbap->out_sent = mbap->in_len = 0;
}

static enum lockbus_err mbap_open(void *user, struct lockbus_error *why)
{
    struct mbap *mbap = user;

    forget(mbap);
    return mbap->tcp.open(mbap->tcp.user, why);
}

/* False: it is no RTU frame, and so nothing that a bus has made. */
static bool wrap(struct mbap *mbap, const uint8_t *frame, size_t len)
{
    if (len < PART_MIN + SUM_LEN || len > PART_MAX + SUM_LEN ||
        lb_crc16(frame, len - SUM_LEN) != lb_get_u16(frame + len - SUM_LEN)) {
        return false;
    }
    mbap->number++;
    mbap->asked = true;
    put_be(mbap->out, mbap->number);
    put_be(mbap->out + 2, 0);
    put_be(mbap->out + 4, len - SUM_LEN);
    lb_copy(mbap->out + HEAD_LEN, frame, len - SUM_LEN);
    mbap->out_len = HEAD_LEN + len - SUM_LEN;
    mbap->out_sent = 0;
    return true;
}

/* Whether these bytes are those that the socket took a part of. */
static bool goes_on(const struct mbap *mbap, const uint8_t *frame, size_t len)
{
    return mbap->out_len == HEAD_LEN + len - SUM_LEN &&
           lb_same(mbap->out + HEAD_LEN, frame, len - SUM_LEN);
}

/* A frame is taken whole or not at all: until the socket has all of it, the
 * bus is told 0 and asks again with the same bytes. One that was given up
 * half-way would leave later, whole: only closing keeps it from that. */
static enum lockbus_err mbap_send(void *user, const uint8_t *bytes, size_t len,
                                  size_t *sent)
{
    struct mbap *mbap = user;
    size_t put = 0;

    *sent = 0;
    if (mbap->out_len == 0 ? !wrap(mbap, bytes, len)
                           : !goes_on(mbap, bytes, len)) {
        return LOCKBUS_ERR_IO;
    }
    enum lockbus_err err =
        mbap->tcp.send(mbap->tcp.user, mbap->out + mbap->out_sent,
                       mbap->out_len - mbap->out_sent, &put);

    if (err != LOCKBUS_OK) {
        return err;
    }
    mbap->out_sent += put;
    if (mbap->out_sent == mbap->out_len) {
        mbap->out_len = mbap->out_sent = 0;
        *sent = len;
    }
    return LOCKBUS_OK;
}

/* The frame at the front as RTU, 0 bytes when it answers nothing that is
 * asked. False: there is no whole frame, or no room for it. */
static bool unwrap(struct mbap *mbap, uint8_t *out, size_t cap, size_t *len)
{
    size_t part = mbap->in_len < HEAD_LEN ? 0 : get_be(mbap->in + 4);

    *len = 0;
    if (part == 0 || mbap->in_len < HEAD_LEN + part || cap < part + SUM_LEN) {
        return false;
    }
    if (mbap->asked && get_be(mbap->in) == mbap->number) {
        mbap->asked = false;
        lb_copy(out, mbap->in + HEAD_LEN, part);
        lb_put_u16(out + part, lb_crc16(out, part));
        *len = part + SUM_LEN;
    }
    mbap->in_len -= HEAD_LEN + part;
    memmove(mbap->in, mbap->in + HEAD_LEN + part, mbap->in_len);
    return true;
}

static bool sane(const struct mbap *mbap)
{
    if (mbap->in_len < HEAD_LEN) {
        return true;
    }
    size_t part = get_be(mbap->in + 4);

    return get_be(mbap->in + 2) == 0 && part >= PART_MIN && part <= PART_MAX;
}

static enum lockbus_err mbap_receive(void *user, uint8_t *buf, size_t cap,
                                     size_t *got)
{
    struct mbap *mbap = user;
    size_t more = 1;

    *got = 0;
    for (int i = 0; i < READS_MAX && more != 0; i++) {
        size_t len = 0;

        while (sane(mbap) && unwrap(mbap, buf + *got, cap - *got, &len)) {
            *got += len;
        }
        if (!sane(mbap)) {
            return LOCKBUS_ERR_IO;
        }
        enum lockbus_err err =
            mbap->tcp.receive(mbap->tcp.user, mbap->in + mbap->in_len,
                              sizeof mbap->in - mbap->in_len, &more);

        if (err != LOCKBUS_OK) {
            return err;
        }
        mbap->in_len += more;
    }
    return LOCKBUS_OK;
}

static int mbap_fd(void *user)
{
    const struct mbap *mbap = user;

    return mbap->tcp.fd(mbap->tcp.user);
}

void lb_mbap_close(void *user)
{
    struct mbap *mbap = user;

    forget(mbap);
    mbap->tcp.close(mbap->tcp.user);
}

void lb_mbap_end(void *user)
{
    struct mbap *mbap = user;

    lb_line_free(&mbap->tcp);
}

enum lockbus_err lb_line_mbap(struct lockbus_line *line, const char *rest,
                              const struct lb_serial_settings *settings,
                              struct lockbus_error *why)
{
    struct mbap *mbap = calloc(1, sizeof *mbap);

    if (mbap == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    enum lockbus_err err = lb_line_rtu_tcp(&mbap->tcp, rest, settings, why);

    if (err != LOCKBUS_OK) {
        free(mbap);
        return err;
    }
    line->user = mbap;
    line->open = mbap_open;
    line->send = mbap_send;
    line->receive = mbap_receive;
    line->fd = mbap_fd;
    line->close = lb_mbap_close;
    return LOCKBUS_OK;
}
