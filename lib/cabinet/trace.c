/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A tap sees who speaks, which somebody on the wire does not: what the host
 * sends are requests, what it receives are replies, or the echo of a request.
 * One that was sent ends when something else arrives or the next is sent.
 */

#include "cabinet/trace.h"

#include "board/cut.h"
#include "board/frame.h"
#include "os/pcapng.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 96, LONGEST_BITS = 11, NET_BAUD = 115200 };

struct tap {
    struct lb_trace *trace;
    struct lockbus_line line;
    struct lb_cut cut;
    enum lb_pcapng_way way; /* of what the cutter holds */
};

struct lb_trace {
    struct lb_pcapng *file;
    uint64_t now_us;
    size_t count;
    char text[TEXT_MAX];
    struct tap tap[LB_PCAPNG_LINES];
};

enum lockbus_err lb_trace_open(struct lb_trace **out,
                               const struct lockbus_options *options,
                               struct lockbus_error *why)
{
    if (options == NULL || options->trace == NULL) {
        return LOCKBUS_OK;
    }
    struct lb_trace *trace = calloc(1, sizeof *trace);

    if (trace == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    enum lockbus_err err =
        lb_pcapng_open(&trace->file, options->trace, options->trace_max, why);

    if (err != LOCKBUS_OK) {
        free(trace);
        return err;
    }
    *out = trace;
    return LOCKBUS_OK;
}

size_t lb_trace_memory(const struct lb_trace *trace)
{
    return trace == NULL ? 0 : sizeof *trace + lb_pcapng_memory();
}

/* ---- What passes --------------------------------------------------------- */

static enum lb_pcapng_kind kind_of(const struct lb_cut_frame *frame,
                                   enum lb_pcapng_way way)
{
    switch (frame->kind) {
    case LB_CUT_STRAY:
        return LB_PCAPNG_STRAY;
    case LB_CUT_REQUEST:
        return LB_PCAPNG_REQUEST;
    case LB_CUT_REPLY:
        return LB_PCAPNG_REPLY;
    case LB_CUT_EITHER:
    case LB_CUT_DAMAGED:
        break;
    }
    return way == LB_PCAPNG_OUT ? LB_PCAPNG_REQUEST : LB_PCAPNG_REPLY;
}

static void drain(struct tap *tap, uint64_t now_us)
{
    struct lb_cut_frame frame;

    while (lb_cut_next(&tap->cut, now_us, &frame)) {
        const struct lb_pcapng_frame put = {
            .line = (unsigned)(tap - tap->trace->tap),
            .at_us = frame.at_us,
            .bytes = frame.bytes,
            .len = frame.len,
            .kind = kind_of(&frame, tap->way),
            .way = tap->way,
            .damaged = frame.kind == LB_CUT_DAMAGED,
        };

        lb_pcapng_put(tap->trace->file, &put);
    }
}

static void note(struct tap *tap, enum lb_pcapng_way way, const uint8_t *bytes,
                 size_t len)
{
    uint64_t now = tap->trace->now_us;

    drain(tap, way == tap->way ? now : UINT64_MAX);
    tap->way = way;
    while (len > 0) {
        size_t taken = lb_cut_add(&tap->cut, now, bytes, len);

        bytes += taken;
        len -= taken;
        drain(tap, now);
    }
}

/* ---- The line ------------------------------------------------------------ */

static enum lockbus_err tap_open(void *user, struct lockbus_error *why)
{
    struct tap *tap = user;

    return tap->line.open(tap->line.user, why);
}

static enum lockbus_err tap_send(void *user, const uint8_t *bytes, size_t len,
                                 size_t *sent)
{
    struct tap *tap = user;
    enum lockbus_err err = tap->line.send(tap->line.user, bytes, len, sent);

    if (err == LOCKBUS_OK && *sent <= len) {
        note(tap, LB_PCAPNG_OUT, bytes, *sent);
    }
    return err;
}

static enum lockbus_err tap_receive(void *user, uint8_t *buf, size_t cap,
                                    size_t *got)
{
    struct tap *tap = user;
    enum lockbus_err err = tap->line.receive(tap->line.user, buf, cap, got);

    if (err == LOCKBUS_OK && *got > 0 && *got <= cap) {
        note(tap, LB_PCAPNG_IN, buf, *got);
    }
    return err;
}

static int tap_fd(void *user)
{
    struct tap *tap = user;

    return tap->line.fd(tap->line.user);
}

static void tap_close(void *user)
{
    struct tap *tap = user;

    drain(tap, UINT64_MAX);
    tap->line.close(tap->line.user);
}

void lb_trace_tap(struct lb_trace *trace, const char *name, uint32_t baud,
                  struct lockbus_line *line)
{
    if (trace == NULL || trace->count == LB_PCAPNG_LINES) {
        return;
    }
    struct tap *tap = &trace->tap[trace->count++];

    tap->trace = trace;
    tap->line = *line;
    tap->way = LB_PCAPNG_OUT;
    tap->cut.quiet_us =
        lb_frame_quiet_us(baud == 0 ? NET_BAUD : baud, LONGEST_BITS);
    line->user = tap;
    line->open = tap_open;
    line->send = tap_send;
    line->receive = tap_receive;
    line->fd = tap_fd;
    line->close = tap_close;
    lb_pcapng_line(trace->file, name, baud);
}

void lb_trace_time(struct lb_trace *trace, uint64_t now_us)
{
    if (trace != NULL) {
        trace->now_us = now_us;
    }
}

const char *lb_trace_news(struct lb_trace *trace)
{
    struct lockbus_error why;

    if (trace == NULL || !lb_pcapng_ended(trace->file, &why)) {
        return NULL;
    }
    (void)snprintf(trace->text, sizeof trace->text, "%.94s", why.text);
    return trace->text;
}

void lb_trace_close(struct lb_trace **trace)
{
    if (*trace == NULL) {
        return;
    }
    lb_pcapng_close(&(*trace)->file);
    free(*trace);
    *trace = NULL;
}
