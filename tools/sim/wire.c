/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "wire.h"

#include "crc.h"

#include <string.h>

/*
 * All ends of frames are the wire's, not those of the moment at which this
 * process woke up. The host sees a late wake-up as a late byte, so the
 * silence that it keeps after it is only longer: no request is dropped
 * because the simulator was slow.
 */

void sim_wire_init(struct sim_wire *wire,
                   const struct sim_wire_settings *settings)
{
    memset(wire, 0, sizeof *wire);
    wire->fast = settings->fast;
    wire->strict = settings->strict && !settings->fast;
    wire->random = settings->seed != 0 ? settings->seed : 1;
    if (settings->fast) {
        return;
    }
    wire->byte_ns = UINT64_C(1000000000) * settings->bits / settings->baud;
    wire->quiet_ns = settings->baud > 19200 ? 1750000 : wire->byte_ns * 7 / 2;
    wire->turnaround_ns = settings->turnaround_ns;
    wire->jitter_ns = settings->jitter_ns;
}

/* A request has its length in its function; 0: only silence tells. */
static size_t whole_len(const uint8_t *frame, size_t len)
{
    if (len < 2) {
        return 0;
    }
    if (frame[1] >= 1 && frame[1] <= 6) {
        return 8;
    }
    if ((frame[1] == 0x0F || frame[1] == 0x10) && len >= 7) {
        return 9u + frame[6];
    }
    return 0;
}

static bool frame_is_whole(const struct sim_wire *wire)
{
    size_t whole = whole_len(wire->rx, wire->rx_len);
    return wire->fast && whole != 0 && wire->rx_len >= whole;
}

static uint64_t frame_ends(const struct sim_wire *wire)
{
    if (wire->rx_len == 0) {
        return SIM_NEVER;
    }
    if (frame_is_whole(wire)) {
        return wire->rx_end;
    }
    return wire->rx_end +
           (wire->fast ? SIM_FAST_QUIET_US * UINT64_C(1000) : wire->quiet_ns);
}

static bool reply_is_leaving(const struct sim_wire *wire)
{
    return wire->tx_done < wire->tx_len;
}

/* The first byte of a request: was the line silent for long enough? */
static void begin_frame(struct sim_wire *wire, uint64_t start)
{
    wire->rx_short = false;
    if (reply_is_leaving(wire)) {
        /* Both talk at once, so what the host hears from here on is junk. */
        wire->stats.collisions++;
        for (size_t i = wire->tx_done; i < wire->tx_len; i++) {
            wire->tx[i] ^= 0x5A;
        }
        wire->rx_short = true;
    } else if (wire->strict && wire->quiet_since != 0 &&
               start < wire->quiet_since + wire->quiet_ns) {
        wire->rx_short = true;
    }
}

void sim_wire_receive(struct sim_wire *wire, uint64_t now, const uint8_t *bytes,
                      size_t len)
{
    if (len == 0) {
        return;
    }
    uint64_t start = now;
    if (wire->rx_len == 0) {
        begin_frame(wire, start);
    } else if (wire->rx_end > start) {
        start = wire->rx_end; /* the wire is still busy with the last ones */
    }
    wire->rx_end = start + len * wire->byte_ns;
    for (size_t i = 0; i < len; i++) {
        if (wire->rx_len < SIM_FRAME_MAX) {
            wire->rx[wire->rx_len++] = bytes[i];
        } else {
            wire->rx[2] ^= 0xFF; /* too long for any frame: never a good CRC */
        }
    }
}

/* Boards that answer together pull at one line, and never in step: it carries
 * neither, even where they say the same. */
static void join_reply(struct sim_wire *wire, const struct sim_reply *reply)
{
    uint8_t frame[SIM_FRAME_MAX];
    size_t len = 1 + reply->len;

    frame[0] = reply->address;
    memcpy(frame + 1, reply->pdu, reply->len);
    uint16_t crc = sim_crc16(frame, len);
    frame[len++] = (uint8_t)crc;
    frame[len++] = (uint8_t)(crc >> 8);
    for (size_t i = 0; i < len; i++) {
        wire->tx[i] =
            i < wire->tx_len ? (wire->tx[i] & frame[i]) ^ 0x55 : frame[i];
    }
    wire->tx_len = len > wire->tx_len ? len : wire->tx_len;
}

/* Another board of this bus: the next, or an address that is nobody's. */
static uint8_t other_address(const struct sim_wire *wire, size_t board)
{
    const struct sim_board *next =
        &wire->board[(board + 1) % wire->board_count];

    return wire->board_count > 1
               ? next->address
               : (uint8_t)(next->address == 247 ? 1 : next->address + 1);
}

static void sum(struct sim_wire *wire)
{
    uint16_t crc = sim_crc16(wire->tx, wire->tx_len - 2);

    wire->tx[wire->tx_len - 2] = (uint8_t)crc;
    wire->tx[wire->tx_len - 1] = (uint8_t)(crc >> 8);
}

static void fail_device(struct sim_wire *wire)
{
    wire->tx[1] |= 0x80;
    wire->tx[2] = SIM_DEVICE_FAILURE;
    wire->tx_len = 5;
    sum(wire);
}

static void add_noise(struct sim_wire *wire, size_t count)
{
    size_t room = SIM_FRAME_MAX - wire->tx_len;

    count = count < room ? count : room;
    memmove(wire->tx + count, wire->tx, wire->tx_len);
    for (size_t i = 0; i < count; i++) {
        wire->tx[i] = (uint8_t)sim_random(&wire->random, 256);
    }
    wire->tx_len += count;
}

/* Whether the request is one that changes something. */
static bool is_write(const struct sim_wire *wire)
{
    return wire->rx[1] > 4;
}

/* What the wire makes of the one reply that is to leave. */
static void spoil(struct sim_wire *wire, size_t board)
{
    struct sim_fault *fault = wire->board[board].fault;
    uint64_t *random = &wire->random;
    bool write = is_write(wire);

    if (sim_fault_strikes(&fault[SIM_FAULT_EXCEPTION], write, random)) {
        fail_device(wire);
    }
    if (sim_fault_strikes(&fault[SIM_FAULT_FOREIGN], write, random)) {
        wire->tx[0] = other_address(wire, board);
        sum(wire);
    }
    if (sim_fault_strikes(&fault[SIM_FAULT_CORRUPT], write, random)) {
        size_t at = (size_t)sim_random(random, wire->tx_len);

        wire->tx[at] ^= (uint8_t)(1U << sim_random(random, 8));
    }
    if (sim_fault_strikes(&fault[SIM_FAULT_STRAY], write, random)) {
        add_noise(wire, (size_t)fault[SIM_FAULT_STRAY].value);
    }
    if (sim_fault_strikes(&fault[SIM_FAULT_LATE], write, random)) {
        memcpy(wire->late, wire->tx, wire->tx_len);
        wire->late_len = wire->tx_len;
        wire->late_at = wire->tx_start + fault[SIM_FAULT_LATE].value;
        wire->tx_len = 0;
    }
}

static void dispatch(struct sim_wire *wire, uint64_t now, size_t len)
{
    struct sim_reply reply = {0};
    size_t answers = 0, last = 0;

    wire->tx_len = 0;
    wire->tx_done = 0;
    for (size_t i = 0; i < wire->board_count; i++) {
        struct sim_board *board = &wire->board[i];

        sim_board_advance(board, now);
        sim_board_request(board, wire->rx[0], wire->rx + 1, len - 3, &reply);
        if (reply.len != 0 &&
            !sim_fault_strikes(&board->fault[SIM_FAULT_SILENT], is_write(wire),
                               &wire->random)) {
            join_reply(wire, &reply);
            answers++;
            last = i;
        }
        sim_board_advance(board, now);
    }
    if (answers == 0) {
        return;
    }
    wire->stats.replies++;
    wire->stats.collisions += answers > 1;
    wire->tx_start = wire->rx_end + wire->quiet_ns + wire->turnaround_ns +
                     sim_random(&wire->random, wire->jitter_ns + 1);
    spoil(wire, last);
    if (wire->tx_len != 0) {
        wire->quiet_since = wire->tx_start + wire->tx_len * wire->byte_ns;
    }
}

/* Its board speaks without looking: before a reply that has not begun, after
 * one that has, and over a request, which is spoilt with it. */
static void release_late(struct sim_wire *wire, uint64_t now)
{
    uint8_t frame[SIM_FRAME_MAX];
    size_t len = wire->late_len;

    if (len == 0 || now < wire->late_at ||
        (reply_is_leaving(wire) && wire->tx_start <= now)) {
        return;
    }
    wire->late_len = 0;
    if (wire->rx_len != 0) {
        wire->stats.collisions++;
        wire->rx_short = true;
        return;
    }
    memcpy(frame, wire->late, len);
    if (reply_is_leaving(wire)) {
        wire->late_len = wire->tx_len;
        memcpy(wire->late, wire->tx, wire->tx_len);
        wire->late_at = wire->tx_start;
    }
    memcpy(wire->tx, frame, len);
    wire->tx_len = len;
    wire->tx_done = 0;
    wire->tx_start = now;
    wire->quiet_since = now + len * wire->byte_ns;
}

static void show(const struct sim_wire *wire, char from, const uint8_t *bytes,
                 size_t len)
{
    if (wire->frame != NULL && len > 0) {
        wire->frame(wire->frame_user, from, bytes, len);
    }
}

static void end_frame(struct sim_wire *wire, uint64_t now)
{
    size_t len = wire->rx_len;
    size_t whole = whole_len(wire->rx, wire->rx_len);

    if (frame_is_whole(wire)) {
        len = whole;
    }
    if (wire->rx_end > wire->quiet_since) {
        wire->quiet_since = wire->rx_end;
    }
    show(wire, 'h', wire->rx, len);
    if (wire->rx_short) {
        wire->stats.dropped_short++;
    } else if (len < 4 || sim_crc16(wire->rx, len - 2) !=
                              (wire->rx[len - 2] | wire->rx[len - 1] << 8)) {
        wire->stats.crc_errors++;
    } else {
        wire->stats.requests++;
        dispatch(wire, now, len);
    }
    wire->rx_len -= len;
    memmove(wire->rx, wire->rx + len, wire->rx_len);
}

static size_t crossed(const struct sim_wire *wire, uint64_t now)
{
    if (now < wire->tx_start) {
        return 0;
    }
    if (wire->byte_ns == 0) {
        return wire->tx_len;
    }
    uint64_t bytes = (now - wire->tx_start) / wire->byte_ns;
    return bytes < wire->tx_len ? (size_t)bytes : wire->tx_len;
}

size_t sim_wire_due(struct sim_wire *wire, uint64_t now, const uint8_t **out)
{
    release_late(wire, now);
    while (!reply_is_leaving(wire) && frame_ends(wire) <= now) {
        end_frame(wire, now);
    }
    if (wire->rx_short && frame_ends(wire) <= now) {
        end_frame(wire, now); /* it collided: dropped, the reply goes on */
    }
    size_t until = reply_is_leaving(wire) ? crossed(wire, now) : wire->tx_done;
    size_t len = until > wire->tx_done ? until - wire->tx_done : 0;
    *out = wire->tx + wire->tx_done;
    wire->tx_done += len;
    if (len > 0 && wire->tx_done == wire->tx_len) {
        show(wire, 'b', wire->tx, wire->tx_len);
    }
    return len;
}

void sim_wire_clear(struct sim_wire *wire)
{
    wire->rx_len = 0;
    wire->tx_len = wire->tx_done = 0;
    wire->late_len = 0;
}

uint64_t sim_wire_next(const struct sim_wire *wire, uint64_t now)
{
    uint64_t next = frame_ends(wire);

    if (wire->late_len != 0 && wire->late_at < next) {
        next = wire->late_at > now || !reply_is_leaving(wire) ? wire->late_at
                                                              : next;
    }

    if (reply_is_leaving(wire)) {
        uint64_t last = wire->tx_start + wire->tx_len * wire->byte_ns;
        uint64_t group = now + SIM_GROUP_US * UINT64_C(1000);
        if (group < wire->tx_start + wire->byte_ns) {
            group = wire->tx_start + wire->byte_ns;
        }
        uint64_t due = last < group ? last : group;
        next = due < next ? due : next;
    }
    return next;
}
