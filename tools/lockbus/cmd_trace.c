/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus trace: listens on a line with an adapter of its own and writes every
 * frame into a file for Wireshark. Nothing here calls the line's send().
 */

#include "exchange.h"
#include "host.h"
#include "issue_args.h"

#include "board/cut.h"
#include "board/frame.h"
#include "os/os.h"
#include "os/pcapng.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    MIB = 1024 * 1024,
    MIB_MAX = 1024 * 1024,
    SECONDS_MAX = 366 * 86400,
    LONGEST_BITS = 11, /* of a byte: with parity, or two stop bits */
    CALM_MS = 200,     /* how soon a signal is seen */
    BUSY_MS = 2        /* bytes wait for the silence that ends them */
};

struct trace {
    const char *port, *path, *baud;
    uint64_t mib, seconds;
    struct lb_serial_settings serial;
    struct lockbus_line line;
    struct lb_pcapng *file;
    struct lb_cut cut;
    uint64_t requests, replies, damaged, stray;
};

static bool parse(int argc, char **argv, struct trace *t)
{
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_TEXT, .to = &t->port},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &t->path},
        {.name = "--baud",
         .kind = ISSUE_TEXT,
         .to = &t->baud,
         .optional = true},
        {.name = "--max-mib",
         .kind = ISSUE_NUMBER,
         .to = &t->mib,
         .max = MIB_MAX,
         .optional = true},
        {.name = "--for",
         .kind = ISSUE_NUMBER,
         .to = &t->seconds,
         .max = SECONDS_MAX,
         .optional = true},
    };
    const char *text = NULL;

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return false;
    }
    if (!exchange_settings(&t->serial, t->baud)) {
        text = "--baud: a rate from 1200 to 1000000, and a frame such as 8N1";
    } else if (strncmp(t->port, "tcp:", 4) == 0) {
        text = "tcp: there is no line to listen on; trace the network instead";
    }
    if (text != NULL) {
        fprintf(stderr, "lockbus trace: %s\n", text);
    }
    return text == NULL;
}

/* ---- Frames -------------------------------------------------------------- */

static void count(struct trace *t, const struct lb_cut_frame *frame)
{
    t->requests += frame->kind == LB_CUT_REQUEST;
    t->replies += frame->kind == LB_CUT_REPLY;
    t->damaged += frame->kind == LB_CUT_DAMAGED;
    t->stray += frame->kind == LB_CUT_STRAY ? frame->len : 0;
}

static void drain(struct trace *t, uint64_t now_us)
{
    struct lb_cut_frame frame;

    while (lb_cut_next(&t->cut, now_us, &frame)) {
        lb_cut_side(&t->cut, &frame);
        count(t, &frame);
        const struct lb_pcapng_frame put = {
            .at_us = frame.at_us,
            .bytes = frame.bytes,
            .len = frame.len,
            .kind = frame.kind == LB_CUT_STRAY     ? LB_PCAPNG_STRAY
                    : frame.kind == LB_CUT_REQUEST ? LB_PCAPNG_REQUEST
                                                   : LB_PCAPNG_REPLY,
            .damaged = frame.kind == LB_CUT_DAMAGED,
        };

        lb_pcapng_put(t->file, &put);
    }
}

static bool take(struct trace *t, struct lockbus_error *why)
{
    uint8_t bytes[LB_CUT_BYTES];
    size_t got = 0, done = 0;
    uint64_t now = lb_clock_boot_us();

    if (t->line.receive(t->line.user, bytes, sizeof bytes, &got) !=
        LOCKBUS_OK) {
        *why = (struct lockbus_error){.err = LOCKBUS_ERR_IO};
        (void)snprintf(why->file, sizeof why->file, "%s", t->port);
        (void)snprintf(why->text, sizeof why->text, "the port is gone");
        return false;
    }
    drain(t, now);
    while (done < got) {
        done += lb_cut_add(&t->cut, now, bytes + done, got - done);
        drain(t, now);
    }
    return true;
}

static bool listen_until(struct trace *t, uint64_t end_us,
                         struct lockbus_error *why)
{
    while (!host_stopped() && lb_clock_boot_us() < end_us) {
        struct pollfd fd = {t->line.fd(t->line.user), POLLIN, 0};

        (void)poll(&fd, 1, t->cut.len > 0 ? BUSY_MS : CALM_MS);
        if (!take(t, why) || lb_pcapng_ended(t->file, why)) {
            return false;
        }
    }
    return true;
}

/* ---- The command --------------------------------------------------------- */

static enum lockbus_err open_line(struct trace *t, struct lockbus_error *why)
{
    enum lockbus_err err = lb_line_new(&t->line, t->port, &t->serial, why);

    if (err == LOCKBUS_OK) {
        err = t->line.open(t->line.user, why);
    }
    return err;
}

static int run(struct trace *t)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint64_t end_us = t->seconds == 0
                          ? UINT64_MAX
                          : lb_clock_boot_us() + t->seconds * 1000000;

    t->cut.quiet_us = lb_frame_quiet_us(t->serial.baud, LONGEST_BITS);
    lb_pcapng_line(t->file, t->port, t->serial.baud);
    fprintf(stderr, "lockbus trace: listening on %s; Ctrl-C ends it\n",
            t->port);
    int result = listen_until(t, end_us, &why) ? TOOL_OK : tool_complain(&why);

    drain(t, UINT64_MAX);
    if (result == TOOL_OK && lb_pcapng_ended(t->file, &why)) {
        result = tool_complain(&why);
    }
    fprintf(stderr,
            "lockbus trace: %llu requests, %llu replies, %llu damaged, %llu "
            "stray bytes\n",
            (unsigned long long)t->requests, (unsigned long long)t->replies,
            (unsigned long long)t->damaged, (unsigned long long)t->stray);
    if (t->requests + t->replies + t->damaged + t->stray == 0) {
        fputs("lockbus trace: nothing was said: does a host poll this pair? "
              "Are A and B exchanged?\n",
              stderr);
    }
    return result;
}

int cmd_trace(int argc, char **argv)
{
    static struct trace t;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    t.baud = "9600,8N1";
    if (!parse(argc, argv, &t)) {
        return tool_usage(argv[0], NULL);
    }
    enum lockbus_err err = open_line(&t, &why);

    if (err == LOCKBUS_OK) {
        err = lb_pcapng_open(&t.file, strcmp(t.path, "-") == 0 ? NULL : t.path,
                             t.mib * MIB, &why);
    }
    host_catch_signals();
    int result = err == LOCKBUS_OK ? run(&t) : tool_complain(&why);

    lb_pcapng_close(&t.file);
    lb_line_free(&t.line);
    return result;
}
