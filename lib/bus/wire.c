/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The bytes of a line. A request leaves after t3.5 of silence in both
 * directions (3.5 characters, 1.75 ms above 19200 baud). What arrives is
 * searched for the one reply that is awaited, at every offset; all else is
 * dropped and counted, and never ends the wait.
 *
 * Echo: some adapters give back what they send. A write's confirmation is
 * the same bytes as its echo, so no write goes out before reads have shown
 * which of the two this line is. Where it echoes, exactly the bytes sent are
 * taken away once, and a write counts only by what comes after them.
 */
#include "bus/poll.h"

#include "base/bytes.h"
#include "board/frame.h"

#include <string.h>

/* ---- Times -------------------------------------------------------------- */

uint64_t lb_wire_us(const struct lb_bus *bus, size_t bytes)
{
    if (bus->baud == 0) {
        return 0;
    }
    return ((uint64_t)bytes * bus->bits * 1000000 + bus->baud - 1) / bus->baud;
}

uint64_t lb_wire_quiet_us(const struct lb_bus *bus)
{
    return lb_frame_quiet_us(bus->baud, bus->bits);
}

uint64_t lb_wire_clear_us(const struct lb_bus *bus)
{
    uint64_t last =
        bus->rx_last_us > bus->wire_end_us ? bus->rx_last_us : bus->wire_end_us;

    return last + lb_wire_quiet_us(bus);
}

/* ---- Sending and receiving ---------------------------------------------- */

/* The moment itself, where the owner can tell: what is said of silence must
 * hold even for a process that was held up since it looked at its clock. */
static uint64_t at_last_us(const struct lb_bus *bus)
{
    return bus->now_us + (bus->since != NULL ? bus->since(bus->since_user) : 0);
}

bool lb_wire_send(struct lb_bus *bus)
{
    struct lb_exchange *txn = &bus->txn;

    while (txn->handed < txn->request.len) {
        size_t left = txn->request.len - txn->handed, sent = 0;

        if (bus->line.send(bus->line.user, txn->request.bytes + txn->handed,
                           left, &sent) != LOCKBUS_OK ||
            sent > left) {
            return false;
        }
        if (sent == 0) {
            break;
        }
        uint64_t now_us = at_last_us(bus);

        if (bus->wire_end_us < now_us) {
            bus->wire_end_us = now_us;
        }
        bus->wire_end_us += lb_wire_us(bus, sent);
        txn->handed += sent;
    }
    return true;
}

bool lb_wire_receive(struct lb_bus *bus, bool *got)
{
    *got = false;
    while (bus->rx_len < LB_RX_MAX) {
        size_t cap = LB_RX_MAX - bus->rx_len, count = 0;

        if (bus->line.receive(bus->line.user, bus->rx + bus->rx_len, cap,
                              &count) != LOCKBUS_OK ||
            count > cap) {
            return false;
        }
        if (count == 0) {
            break;
        }
        bus->rx_len += count;
        bus->rx_last_us = at_last_us(bus);
        *got = true;
        if (count < cap) {
            break; /* that was all; asking again would only cost a call */
        }
    }
    return true;
}

static bool sending(const struct lb_bus *bus)
{
    return bus->txn.state >= LB_TXN_SENDING;
}

static void drop(struct lb_bus *bus, size_t count)
{
    bus->rx_len -= count;
    memmove(bus->rx, bus->rx + count, bus->rx_len);
}

static void skip(struct lb_bus *bus, size_t count)
{
    if (sending(bus)) {
        bus->txn.skipped += count;
    }
    drop(bus, count);
}

void lb_wire_forget(struct lb_bus *bus)
{
    bus->count.stray_bytes += bus->rx_len;
    bus->rx_len = 0;
}

/* ---- Sorting what arrived ----------------------------------------------- */

static bool writes(const struct lb_request *request)
{
    return request->op == LB_OP_OFF || request->op == LB_OP_PULSE;
}

/* The reply of a request that was given up teaches how late one can be, unless
 * it comes so late that no request can have waited for it. It does not end the
 * board's quiet time: what looks like the lost reply may be another's, and then
 * the true one is still to come. */
static bool was_late(struct lb_bus *bus, struct lb_node *node,
                     const uint8_t *frame, size_t len)
{
    if (node->lost.op != LB_OP_NONE &&
        bus->now_us < node->lost_us + LB_LATE_MAX_US &&
        bus->driver->match(&node->lost, frame, len) >= LB_MATCH_EXCEPTION) {
        uint64_t took = bus->now_us - node->lost_us;
        uint64_t wire = lb_wire_us(bus, node->lost.reply_len);
        uint64_t worst = took + took / 2;

        if (worst > node->late_us) {
            node->late_us = worst < LB_LATE_MAX_US ? (uint32_t)worst
                                                   : (uint32_t)LB_LATE_MAX_US;
        }
        lb_wire_learn(node, took > wire ? took - wire : 0);
        node->lost.op = LB_OP_NONE;
        node->doubt = false;
        return true;
    }
    for (size_t c = 0; c < node->board.profile->channels; c++) {
        if (node->channel[c].write_quiet_us > bus->now_us) {
            return true;
        }
    }
    return false;
}

static void count_foreign(struct lb_bus *bus, const uint8_t *frame, size_t len)
{
    for (size_t i = 0; i < bus->nodes; i++) {
        struct lb_node *node = &bus->node[i];

        if (node->board.address == frame[0] &&
            was_late(bus, node, frame, len)) {
            node->count.late++;
            bus->count.late++;
            return;
        }
    }
    bus->count.foreign++;
}

/* Whether these last bytes may become the echo of the request. */
static bool may_echo(const struct lb_bus *bus, size_t at)
{
    const struct lb_exchange *txn = &bus->txn;
    size_t left = bus->rx_len - at;

    return sending(bus) && !txn->echoed && left < txn->request.len &&
           (!writes(&txn->request) || bus->echo == LB_ECHO_YES) &&
           lb_same(bus->rx + at, txn->request.bytes, left);
}

/* How many bytes at `at` can go; 0: they may still grow into something. */
static size_t sort(struct lb_bus *bus, size_t at)
{
    const uint8_t *bytes = bus->rx + at;
    size_t left = bus->rx_len - at, len = 0;
    enum lb_match match = LB_MATCH_NO;

    if (sending(bus)) {
        match = bus->driver->match(&bus->txn.request, bytes, left);
    }
    if (match == LB_MATCH_MORE || may_echo(bus, at)) {
        return 0;
    }
    if (match == LB_MATCH_DAMAGED) {
        bus->count.crc_errors++;
        bus->node[bus->txn.pick.board].count.crc_errors++;
        return 1;
    }
    match = bus->driver->frame(bytes, left, &len);
    if (match == LB_MATCH_MORE) {
        return 0;
    }
    if (match == LB_MATCH_YES) {
        count_foreign(bus, bytes, len);
        return len;
    }
    bus->count.stray_bytes++;
    return 1;
}

/* Drops from the front what cannot become a frame, and all before `must`. */
static void sweep(struct lb_bus *bus, size_t must)
{
    size_t at = 0;

    while (at < bus->rx_len) {
        size_t gone = sort(bus, at);

        if (at < must && (gone == 0 || at + gone > must)) {
            bus->count.stray_bytes += must - at;
            gone = must - at;
        }
        if (gone == 0) {
            break;
        }
        at += gone;
        if (must > 0 && at >= must) {
            break;
        }
    }
    skip(bus, at);
}

/* ---- Echo --------------------------------------------------------------- */

static void take_echo(struct lb_bus *bus)
{
    struct lb_exchange *txn = &bus->txn;
    size_t len = txn->request.len;

    if (!sending(bus) || txn->echoed || txn->handed < len ||
        (writes(&txn->request) && bus->echo != LB_ECHO_YES)) {
        return;
    }
    for (size_t at = 0; at + len <= bus->rx_len; at++) {
        if (lb_same(bus->rx + at, txn->request.bytes, len)) {
            if (at > 0) {
                sweep(bus, at);
            }
            drop(bus, len);
            txn->echoed = true;
            bus->count.echoes++;
            bus->node[txn->pick.board].count.echoes++;
            bus->echo = LB_ECHO_YES;
            return;
        }
    }
}

/* A read was answered: what does that say about the line? A damaged echo
 * leaves about as many odd bytes as were sent. */
static void judge_echo(struct lb_bus *bus)
{
    const struct lb_exchange *txn = &bus->txn;

    if (txn->echoed || writes(&txn->request)) {
        bus->echo_tries = 0;
    } else if (bus->echo == LB_ECHO_YES) {
        bus->echo = LB_ECHO_UNKNOWN;
        bus->echo_tries = 0;
    } else if (txn->skipped < txn->request.len / 2 ||
               ++bus->echo_tries >= LB_ECHO_TRIES) {
        bus->echo = LB_ECHO_NO;
    }
}

/* ---- The reply ---------------------------------------------------------- */

static bool listens(const struct lb_bus *bus)
{
    const struct lb_exchange *txn = &bus->txn;

    return (txn->state == LB_TXN_WIRE || txn->state == LB_TXN_REPLY) &&
           (txn->echoed || !writes(&txn->request) || bus->echo != LB_ECHO_YES);
}

size_t lb_wire_missing(const struct lb_bus *bus)
{
    size_t whole = bus->txn.request.reply_len;

    if (bus->rx_len == 0 || bus->rx_len >= whole || !listens(bus) ||
        bus->driver->match(&bus->txn.request, bus->rx, bus->rx_len) !=
            LB_MATCH_MORE) {
        return 0;
    }
    return whole - bus->rx_len;
}

static size_t exception_len(const struct lb_bus *bus, size_t at)
{
    size_t len = 0;

    (void)bus->driver->frame(bus->rx + at, bus->rx_len - at, &len);
    return len;
}

enum lb_match lb_wire_scan(struct lb_bus *bus, uint8_t *frame, size_t *len)
{
    take_echo(bus);
    for (size_t at = 0; listens(bus) && at < bus->rx_len; at++) {
        enum lb_match match = bus->driver->match(
            &bus->txn.request, bus->rx + at, bus->rx_len - at);

        if (match < LB_MATCH_EXCEPTION) {
            continue;
        }
        if (at > 0) {
            sweep(bus, at);
        }
        *len = match == LB_MATCH_YES ? bus->txn.request.reply_len
                                     : exception_len(bus, 0);
        lb_copy(frame, bus->rx, *len);
        drop(bus, *len);
        judge_echo(bus);
        return match;
    }
    sweep(bus, 0);
    return LB_MATCH_NO;
}
