/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus scan PORT: which boards answer on a bus. One address is asked after
 * the other, with reads that the profiles name and nothing else: no write, no
 * broadcast, no address that several boards obey.
 *
 * Boards of one address answer together. Bytes that are never a sound frame,
 * or a second reply behind the first, are told apart from silence and from a
 * reply damaged now and then.
 */
#include "exchange.h"
#include "issue_args.h"
#include "scan_show.h"

#include "board/modbus.h"
#include "board/profile.h"

#include <stdio.h>
#include <string.h>

enum {
    AGAIN = 8,     /* questions to whoever answered the first */
    TRIES = 3,     /* of one of a profile's reads */
    WAIT_MS = 100, /* a board that takes longer is none that lockbus polls */
    WAIT_MAX = 2000,
    AFTER_US = 20000 /* a second board of this address is not later */
};

struct scan {
    struct exchange_line on;
    struct lb_modbus *codec;
    struct profile_dir profiles;
    uint64_t wait_us;
    struct exchange_answer last;
};

/* ---- Questions ----------------------------------------------------------- */

static bool question(struct scan *scan, size_t profile,
                     const struct lb_order *order, struct lb_request *out)
{
    return lb_modbus_driver.encode(scan->codec,
                                   &scan->profiles.profile[profile], order,
                                   out) == LOCKBUS_OK;
}

/* Whether an earlier profile asks the same. */
static bool asked_before(struct scan *scan, size_t profile,
                         const struct lb_request *request)
{
    struct lb_order order = {.op = LB_OP_PROBE, .address = request->bytes[0]};

    for (size_t i = 0; i < profile; i++) {
        struct lb_request other;

        if (question(scan, i, &order, &other) && other.len == request->len &&
            memcmp(other.bytes, request->bytes, other.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool lost(const struct scan *scan)
{
    return scan->last.end == EXCHANGE_LOST || scan->last.end == EXCHANGE_BABBLE;
}

/* The first read that this address does not keep silent on. A frame that
 * bears another address is no answer of this one: a late one, most likely. */
static bool find(struct scan *scan, struct scan_list *list, uint8_t address,
                 struct lb_request *request)
{
    struct lb_order order = {.op = LB_OP_PROBE, .address = address};

    for (size_t i = 0; i < scan->profiles.count; i++) {
        if (!question(scan, i, &order, request) ||
            asked_before(scan, i, request)) {
            continue;
        }
        scan->last = exchange_ask(&scan->on, request, scan->wait_us, AFTER_US);
        if (lost(scan)) {
            return false;
        }
        if (scan->last.end == EXCHANGE_FOREIGN) {
            list->unasked[scan->last.from]++;
        } else if (scan->last.end != EXCHANGE_SILENT) {
            return true;
        }
    }
    return false;
}

static void count(struct scan_row *row, const struct exchange_answer *answer)
{
    bool clean =
        answer->end == EXCHANGE_REPLY || answer->end == EXCHANGE_EXCEPTION;

    row->asked++;
    row->silent += answer->end == EXCHANGE_SILENT;
    row->twice += clean && answer->extra != 0;
    row->clean += clean && answer->extra == 0;
    row->foreign += answer->end == EXCHANGE_FOREIGN;
    row->damaged += answer->end == EXCHANGE_DAMAGED;
    if (clean && (row->turn_us == 0 || answer->turn_us < row->turn_us)) {
        row->turn_us = answer->turn_us;
    }
}

/* ---- Which profile it is ------------------------------------------------- */

static bool read_of(struct scan *scan, size_t profile, struct lb_order order,
                    struct lb_reply *reply)
{
    struct lb_request request;

    if (!question(scan, profile, &order, &request)) {
        return false;
    }
    for (unsigned i = 0; i < TRIES; i++) {
        scan->last = exchange_ask(&scan->on, &request, scan->wait_us, 0);
        if (scan->last.end == EXCHANGE_REPLY ||
            scan->last.end == EXCHANGE_EXCEPTION) {
            return lb_modbus_driver.decode(
                scan->codec, &request, scan->last.frame, scan->last.len, reply);
        }
    }
    return false;
}

/* Every read that an attach makes, and the same demands. */
static bool fits(struct scan *scan, size_t which, uint8_t address)
{
    const struct lb_profile *profile = &scan->profiles.profile[which];
    struct lb_reply reply;
    struct lb_order order = {.op = LB_OP_CHECK, .address = address};

    for (size_t i = 0; i < profile->checks; i++) {
        order.check = (uint8_t)i;
        if (!read_of(scan, which, order, &reply) || reply.exception != 0 ||
            !lb_profile_met(&profile->check[i], reply.word, reply.words)) {
            return false;
        }
    }
    order.op = LB_OP_OUTPUT;
    if (!read_of(scan, which, order, &reply) || reply.exception > 2 ||
        (lb_profile_by_register(profile) &&
         (reply.words != 1 || reply.word[0] > 1))) {
        return false;
    }
    order.op = LB_OP_LEAF;
    return !profile->leaf_is_read ||
           (read_of(scan, which, order, &reply) && reply.exception == 0);
}

/* ---- The walk ------------------------------------------------------------ */

static bool look_at(struct scan *scan, struct scan_list *list, uint8_t address)
{
    struct lb_request request;

    if (!find(scan, list, address, &request)) {
        return !lost(scan);
    }
    struct scan_row *row = &list->row[list->count++];

    *row = (struct scan_row){.address = address};
    count(row, &scan->last);
    for (unsigned i = 1; i < AGAIN; i++) {
        scan->last = exchange_ask(&scan->on, &request, scan->wait_us, AFTER_US);
        if (lost(scan)) {
            return false;
        }
        count(row, &scan->last);
    }
    for (size_t i = 0; row->clean != 0 && i < scan->profiles.count; i++) {
        row->fits[i] = fits(scan, i, address);
        if (lost(scan)) {
            return false;
        }
    }
    return true;
}

static bool walk(struct scan *scan, struct scan_list *list, unsigned from,
                 unsigned to)
{
    bool tell = scan_tells();

    for (unsigned address = from; address <= to; address++) {
        if (tell) {
            fprintf(stderr, "\raddress %u ", address);
        }
        if (!look_at(scan, list, (uint8_t)address)) {
            fprintf(stderr, "%slockbus: %s\n", tell ? "\r" : "",
                    scan->last.end == EXCHANGE_BABBLE
                        ? "the line is never quiet: does another host poll it?"
                        : "the port is gone");
            return false;
        }
    }
    if (tell) {
        fputs("\r             \r", stderr);
    }
    return true;
}

/* ---- The command --------------------------------------------------------- */

struct args {
    struct issue_list port;
    const char *baud, *profiles;
    uint64_t from, to, wait_ms;
    bool json;
};

static bool read_args(int argc, char **argv, struct args *args)
{
    struct issue_arg table[] = {
        {"", ISSUE_LIST, &args->port, 0, false, false},
        {"--baud", ISSUE_TEXT, &args->baud, 0, true, false},
        {"--profiles", ISSUE_TEXT, &args->profiles, 0, true, false},
        {"--from", ISSUE_NUMBER, &args->from, SCAN_LAST, true, false},
        {"--to", ISSUE_NUMBER, &args->to, SCAN_LAST, true, false},
        {"--wait", ISSUE_NUMBER, &args->wait_ms, WAIT_MAX, true, false},
        {"--json", ISSUE_FLAG, &args->json, 0, true, false},
    };

    if (!issue_args(argc, argv, table, sizeof table / sizeof table[0]) ||
        !issue_files(argv, &args->port, 1)) {
        return false;
    }
    if (args->from == 0 || args->from > args->to) {
        fputs("lockbus: --from, --to: addresses are 1 to 247; 0 and those "
              "above reach more than one board\n",
              stderr);
        return false;
    }
    if (args->wait_ms == 0) {
        fputs("lockbus: --wait: 1 to 2000 milliseconds\n", stderr);
        return false;
    }
    return true;
}

int cmd_scan(int argc, char **argv)
{
    static struct scan scan;
    static struct scan_list list;
    struct args args = {.baud = "9600,8N1",
                        .profiles = LOCKBUS_PROFILES_DIR,
                        .from = 1,
                        .to = SCAN_LAST,
                        .wait_ms = WAIT_MS};
    struct lb_serial_settings serial;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    int status = TOOL_FAILED;

    if (!read_args(argc, argv, &args)) {
        return tool_usage(argv[0], NULL);
    }
    if (!exchange_settings(&serial, args.baud)) {
        fputs("lockbus: --baud: a rate from 1200 to 1000000, and a frame such "
              "as 8N1: 9600,8N1\n",
              stderr);
        return tool_usage(argv[0], NULL);
    }
    if (profile_dir_read(&scan.profiles, args.profiles, &why) != LOCKBUS_OK ||
        exchange_open(&scan.on, args.port.item[0], &serial, &why) !=
            LOCKBUS_OK) {
        return tool_complain(&why);
    }
    scan.wait_us = args.wait_ms * 1000;
    why.err = lb_modbus_new(&scan.codec);
    if (why.err != LOCKBUS_OK) {
        status = tool_complain(&why);
    } else if (walk(&scan, &list, (unsigned)args.from, (unsigned)args.to)) {
        list.asked = (unsigned)(args.to - args.from + 1);
        list.baud = args.baud;
        list.profiles = &scan.profiles;
        scan_show(&list, args.json);
        status = scan_clean(&list) ? TOOL_OK : TOOL_FAILED;
    }
    lb_modbus_free(&scan.codec);
    exchange_close(&scan.on);
    return status;
}
