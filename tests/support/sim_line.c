/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "sim_line.h"

#include <string.h>

/* ---- Frames ------------------------------------------------------------- */

uint16_t sim_line_crc(const uint8_t *bytes, size_t len)
{
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (unsigned n = 0; n < 8; n++) {
            unsigned carry = crc & 1U;
            crc >>= 1;
            if (carry) {
                crc ^= 0xA001U;
            }
        }
    }
    return (uint16_t)crc;
}

size_t sim_line_seal(uint8_t *bytes, size_t len)
{
    uint16_t crc = sim_line_crc(bytes, len);

    bytes[len] = (uint8_t)(crc & 0xFF);
    bytes[len + 1] = (uint8_t)(crc >> 8);
    return len + 2;
}

/* ---- Times -------------------------------------------------------------- */

uint64_t sim_line_us(const struct sim_line *sim, size_t bytes)
{
    return sim->baud == 0
               ? 0
               : ((uint64_t)bytes * sim->bits * 1000000 + sim->baud - 1) /
                     sim->baud;
}

uint64_t sim_line_quiet_us(const struct sim_line *sim)
{
    if (sim->baud == 0) {
        return 0;
    }
    return sim->baud > 19200
               ? 1750
               : ((uint64_t)sim->bits * 3500000 + sim->baud - 1) / sim->baud;
}

/* ---- The wire towards the host ------------------------------------------ */

static uint8_t hurt(uint8_t byte)
{
    return byte ^ 0x5A;
}

/* Whether two bytes that end then are on the wire at once. */
static bool overlap(const struct sim_line *sim, uint64_t one, uint64_t other)
{
    uint64_t apart = one > other ? one - other : other - one;

    return apart + 1 < sim_line_us(sim, 1); /* 1: ends are rounded */
}

/* True: it met another byte on the wire, and both are damaged. */
static bool push(struct sim_line *sim, uint64_t at_us, uint8_t byte)
{
    size_t at = sim->rx_len;
    bool met = false;

    if (at == SIM_LINE_BYTES) {
        return false;
    }
    for (size_t i = at;
         i > 0 && sim->rx[i - 1].at_us + sim_line_us(sim, 1) > at_us; i--) {
        if (overlap(sim, sim->rx[i - 1].at_us, at_us)) {
            sim->rx[i - 1].byte = hurt(sim->rx[i - 1].byte);
            met = true;
        }
    }
    while (at > 0 && sim->rx[at - 1].at_us > at_us) {
        sim->rx[at] = sim->rx[at - 1];
        at--;
    }
    sim->rx[at].at_us = at_us;
    sim->rx[at].byte = met ? hurt(byte) : byte;
    sim->rx_len++;
    return met;
}

static bool put(struct sim_line *sim, const uint8_t *bytes, size_t len,
                uint64_t at_us)
{
    bool met = false;

    for (size_t i = 0; i < len; i++) {
        met |= push(sim, at_us + sim_line_us(sim, i + 1), bytes[i]);
    }
    sim->collisions += met ? 1 : 0;
    return met;
}

void sim_line_inject(struct sim_line *sim, const uint8_t *bytes, size_t len,
                     uint64_t at_us)
{
    (void)put(sim, bytes, len, at_us);
    if (sim->tx_len > 0 && sim->baud != 0 && len > 0 &&
        at_us < sim->tx_end_us) {
        sim->tx_hurt = true;
    }
}

/* ---- Boards ------------------------------------------------------------- */

void sim_line_leaf(struct sim_line *sim, struct sim_line_board *board,
                   unsigned channel, bool open)
{
    uint32_t bit = UINT32_C(1) << channel;
    uint32_t next = open ? board->leaf_high & ~bit : board->leaf_high | bit;

    (void)sim;
    board->leaf_high = next;
}

static size_t refuse(struct sim_line_reply *reply, uint8_t code)
{
    reply->bytes[1] |= 0x80;
    reply->bytes[2] = code;
    return 3;
}

static size_t bits(struct sim_line_reply *reply, uint32_t value, unsigned n)
{
    reply->bytes[2] = (uint8_t)((n + 7) / 8);
    for (unsigned i = 0; i < reply->bytes[2]; i++) {
        reply->bytes[3 + i] = (uint8_t)(value >> (8 * i));
    }
    return 3U + reply->bytes[2];
}

static uint32_t coils(const struct sim_line *sim,
                      const struct sim_line_board *board)
{
    uint32_t on = board->coil_on;

    for (unsigned c = 0; c < board->channels; c++) {
        if (board->pulse_until_us[c] > sim->now_us) {
            on |= UINT32_C(1) << c;
        }
    }
    return on;
}

static size_t registers(const struct sim_line_board *board,
                        struct sim_line_reply *reply, unsigned at, unsigned n)
{
    reply->bytes[2] = (uint8_t)(2 * n);
    for (unsigned i = 0; i < n; i++) {
        uint16_t value = 0;
        if (at + i == 0x8000) {
            value = board->version;
        } else if (at + i >= 0x1000 && at + i < 0x1000U + board->channels) {
            value = board->mode;
        } else {
            return refuse(reply, 2);
        }
        reply->bytes[3 + 2 * i] = (uint8_t)(value >> 8);
        reply->bytes[4 + 2 * i] = (uint8_t)value;
    }
    return 3 + 2 * (size_t)n;
}

static size_t write_coil(struct sim_line *sim, struct sim_line_board *board,
                         struct sim_line_reply *reply, unsigned at,
                         unsigned value)
{
    unsigned off = at - board->off_base, on = at - board->pulse_base;

    if (off < board->channels && value == 0) {
        board->offs++;
        if ((board->coil_on >> off & 1) != 0 &&
            sim->now_us - board->held_from_us[off] > board->held_us[off]) {
            board->held_us[off] = sim->now_us - board->held_from_us[off];
        }
        board->coil_on &= ~(UINT32_C(1) << off);
        board->pulse_until_us[off] = 0;
        return 6;
    }
    if (board->levels && off < board->channels && value == 0xFF00) {
        board->held_from_us[off] = sim->now_us;
        board->coil_on |= UINT32_C(1) << off;
        return 6;
    }
    if (on < board->channels && value != 0 && value < 0x5500) {
        board->pulses[on]++;
        board->pulse_from_us[on] = sim->now_us;
        board->pulse_until_us[on] =
            sim->now_us + (uint64_t)value * board->unit_ms * 1000;
        if (board->springs) {
            sim_line_leaf(sim, board, on, true);
        }
        return 6;
    }
    return refuse(reply, 3);
}

static size_t answer(struct sim_line *sim, struct sim_line_board *board,
                     const uint8_t *request, struct sim_line_reply *reply)
{
    unsigned at = (unsigned)request[2] << 8 | request[3];
    unsigned value = (unsigned)request[4] << 8 | request[5];

    memcpy(reply->bytes, request, 6);
    switch (request[1]) {
    case 1:
        return board->no_coils ? refuse(reply, 1)
                               : bits(reply, coils(sim, board), value);
    case 2:
        board->reads++;
        board->sampled = board->leaf_high;
        return at != board->leaf_base ? refuse(reply, 2)
                                      : bits(reply, board->leaf_high, value);
    case 3:
        return registers(board, reply, at, value);
    case 5:
        return write_coil(sim, board, reply, at, value);
    default:
        return refuse(reply, 1);
    }
}

static struct sim_line_board *find(struct sim_line *sim, uint8_t address)
{
    for (size_t i = 0; i < sim->boards; i++) {
        if (sim->board[i].address == address && !sim->board[i].dead) {
            return &sim->board[i];
        }
    }
    return NULL;
}

/* Boards see a frame when the wire has been quiet after it. */
static void request_ended(struct sim_line *sim)
{
    struct sim_line_reply reply = {.len = 0};
    struct sim_line_board *board = NULL;
    size_t len = sim->tx_len;

    sim->tx_len = 0;
    if (len != 8 || sim->tx_hurt ||
        sim_line_crc(sim->tx, 6) != (sim->tx[6] | (unsigned)sim->tx[7] << 8)) {
        return;
    }
    memcpy(sim->sent, sim->tx, len);
    sim->sent_len = len;
    sim->frames++;
    board = find(sim, sim->tx[0]);
    if (board != NULL) {
        board->requests++;
        reply.len =
            sim_line_seal(reply.bytes, answer(sim, board, sim->sent, &reply));
    }
    if (sim->hook != NULL) {
        sim->hook(sim, board, sim->sent, &reply);
    }
    if (reply.len > 0) {
        sim_line_inject(sim, reply.bytes, reply.len,
                        sim->now_us + reply.delay_us +
                            (board != NULL ? board->turn_us : 0));
    }
}

/* ---- Clock -------------------------------------------------------------- */

static uint64_t ends_us(const struct sim_line *sim)
{
    return sim->tx_end_us + sim_line_quiet_us(sim);
}

void sim_line_advance(struct sim_line *sim, uint64_t now_us)
{
    if (sim->tx_len > 0 && ends_us(sim) <= now_us) {
        sim->now_us = ends_us(sim) > sim->now_us ? ends_us(sim) : sim->now_us;
        request_ended(sim);
    }
    if (now_us > sim->now_us) {
        sim->now_us = now_us;
    }
}

uint64_t sim_line_next_us(const struct sim_line *sim)
{
    uint64_t next = UINT64_MAX;

    if (sim->gone || !sim->open) {
        return next;
    }
    if (sim->tx_len > 0) {
        next = ends_us(sim);
    }
    if (sim->rx_len > 0 && sim->rx[0].at_us < next) {
        next = sim->rx[0].at_us;
    }
    return next;
}

/* ---- The line's table --------------------------------------------------- */

static enum lockbus_err line_open(void *user, struct lockbus_error *why)
{
    struct sim_line *sim = user;

    (void)why;
    if (sim->gone) {
        return sim->held ? LOCKBUS_ERR_BUSY : LOCKBUS_ERR_OFFLINE;
    }
    sim->open = true;
    sim->opens++;
    sim->tx_len = sim->rx_len = 0;
    return LOCKBUS_OK;
}

/* When the line fell silent, as far as a host can know: a byte that has not
 * ended is heard by nobody. */
static uint64_t silent_us(const struct sim_line *sim)
{
    uint64_t last =
        sim->heard_us > sim->tx_end_us ? sim->heard_us : sim->tx_end_us;

    for (size_t i = 0; i < sim->rx_len && sim->rx[i].at_us <= sim->now_us;
         i++) {
        last = sim->rx[i].at_us > last ? sim->rx[i].at_us : last;
    }
    return last;
}

/* What arrives while the host sends spoils the request, and is spoilt. */
static void collide(struct sim_line *sim, uint64_t from_us, uint64_t end_us)
{
    bool met = false;

    for (size_t i = 0; sim->baud != 0 && !sim->echo && i < sim->rx_len; i++) {
        if (sim->rx[i].at_us > from_us &&
            sim->rx[i].at_us < end_us + sim_line_us(sim, 1)) {
            sim->rx[i].byte = hurt(sim->rx[i].byte);
            met = true;
        }
    }
    sim->collisions += met ? 1 : 0;
    sim->tx_hurt |= met;
}

static enum lockbus_err line_send(void *user, const uint8_t *bytes, size_t len,
                                  size_t *sent)
{
    struct sim_line *sim = user;
    size_t count =
        sim->take_max != 0 && sim->take_max < len ? sim->take_max : len;
    uint64_t from = sim->now_us;

    if (sim->gone) {
        return LOCKBUS_ERR_IO;
    }
    *sent = sim->full ? 0 : count;
    if (*sent == 0) {
        return LOCKBUS_OK;
    }
    if (sim->tx_len == 0) {
        uint64_t silent = silent_us(sim);

        sim->gaps_broken +=
            silent > 0 && from < silent + sim_line_quiet_us(sim) ? 1 : 0;
        sim->tx_from_us = from;
        sim->tx_hurt = false;
    } else if (from < sim->tx_end_us) {
        from = sim->tx_end_us; /* its driver still sends */
    }
    for (size_t i = 0; i < count && sim->tx_len < sizeof sim->tx; i++) {
        sim->tx[sim->tx_len++] = bytes[i];
    }
    sim->tx_end_us = from + sim_line_us(sim, count);
    collide(sim, from, sim->tx_end_us);
    if (sim->echo && put(sim, bytes, count, from)) {
        sim->tx_hurt = true;
    }
    return LOCKBUS_OK;
}

static enum lockbus_err line_receive(void *user, uint8_t *buf, size_t cap,
                                     size_t *got)
{
    struct sim_line *sim = user;
    size_t n = 0;

    if (sim->gone) {
        return LOCKBUS_ERR_IO;
    }
    while (n < cap && n < sim->rx_len && sim->rx[n].at_us <= sim->now_us) {
        buf[n] = sim->rx[n].byte;
        sim->heard_us = sim->rx[n].at_us;
        n++;
    }
    sim->rx_len -= n;
    memmove(sim->rx, sim->rx + n, sim->rx_len * sizeof sim->rx[0]);
    *got = n;
    return LOCKBUS_OK;
}

static int line_fd(void *user)
{
    (void)user;
    return 3; /* never polled: the test's loop knows when bytes come */
}

static void line_close(void *user)
{
    struct sim_line *sim = user;

    if (sim->open) {
        sim->closes++;
    }
    sim->open = false;
}

struct lockbus_line sim_line_line(struct sim_line *sim)
{
    return (struct lockbus_line){.size = sizeof(struct lockbus_line),
                                 .user = sim,
                                 .open = line_open,
                                 .send = line_send,
                                 .receive = line_receive,
                                 .fd = line_fd,
                                 .close = line_close};
}

void sim_line_init(struct sim_line *sim, uint32_t baud)
{
    memset(sim, 0, sizeof *sim);
    sim->baud = baud;
    sim->bits = 10;
}

/* A board like the Waveshare relay (D): 8 outputs and inputs, all shut. */
struct sim_line_board *sim_line_add(struct sim_line *sim, uint8_t address)
{
    struct sim_line_board *board = &sim->board[sim->boards++];

    *board = (struct sim_line_board){.address = address,
                                     .channels = 8,
                                     .pulse_base = 0x0200,
                                     .unit_ms = 100,
                                     .turn_us = 2000,
                                     .version = 200,
                                     .springs = true,
                                     .leaf_high = UINT32_MAX};
    return board;
}
