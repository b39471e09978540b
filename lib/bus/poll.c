/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The effects of the bus's machines. One poll reads what has arrived, then
 * lets the transaction judge it, then the clock: after a stall of the host a
 * reply that lies in the line's buffer is in time. An exchange that ends
 * makes room for the next at once.
 */
#include "bus/poll.h"

#include "board/modbus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- The machine -------------------------------------------------------- */

static void step(struct lb_bus *bus, enum lb_txn_event event,
                 const struct lb_reply *reply)
{
    static const struct lb_reply none;
    unsigned effects = lb_txn_step(&bus->txn.state, event);

    lb_outcome(bus, effects, reply != NULL ? reply : &none);
}

/* ---- The line ----------------------------------------------------------- */

static void line_lost(struct lb_bus *bus, enum lockbus_err err,
                      const char *text)
{
    bus->line.close(bus->line.user);
    bus->count.losses += bus->open;
    bus->open = false;
    bus->rx_len = 0;
    bus->echo = LB_ECHO_UNKNOWN;
    bus->echo_tries = 0;
    step(bus, LB_TXN_LOST, NULL);
    (void)snprintf(bus->port_why, sizeof bus->port_why, "%.95s", text);
    if (bus->port_told != err) {
        bus->port_told = err;
        lb_report_put(bus, (struct lb_report){.kind = LB_REPORT_PORT_LOST,
                                              .text = bus->port_why});
    }
    for (size_t i = 0; i < bus->nodes; i++) {
        struct lb_node *node = &bus->node[i];

        lb_link_event(bus, (uint8_t)i, LB_LINK_LOST, "its line was lost");
        node->backoff = node->probes = 0;
        node->attach_us = node->back_us = 0;
        node->doubt = false;
        node->lost.op = LB_OP_NONE;
        node->read_quiet_us = 0;
    }
    bus->reopen_us = bus->now_us + bus->reopen_wait_us;
    bus->reopen_wait_us = 2 * bus->reopen_wait_us < LB_REOPEN_MAX_US
                              ? 2 * bus->reopen_wait_us
                              : LB_REOPEN_MAX_US;
}

/* With what the system says of it; a host's own line may leave no errno. */
static void line_failed(struct lb_bus *bus, const char *doing)
{
    int number = errno;
    char words[48] = "", text[96];

    if (number == 0 || strerror_r(number, words, sizeof words) != 0) {
        line_lost(bus, LOCKBUS_ERR_OFFLINE, doing);
        return;
    }
    (void)snprintf(text, sizeof text, "%s: %s", doing, words);
    line_lost(bus, LOCKBUS_ERR_OFFLINE, text);
}

static void reopen(struct lb_bus *bus)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (bus->stopping || !lb_report_room(bus)) {
        return;
    }
    if (bus->now_us < bus->reopen_us) {
        lb_sooner(&bus->wake_us, bus->reopen_us);
        return;
    }
    enum lockbus_err err = bus->line.open(bus->line.user, &why);

    if (err != LOCKBUS_OK) {
        line_lost(bus, err,
                  why.text[0] != '\0' ? why.text : "the port cannot be opened");
        lb_sooner(&bus->wake_us, bus->reopen_us);
        return;
    }
    bus->open = true;
    bus->port_told = LOCKBUS_OK;
    bus->round_us = bus->now_us; /* no round lasts over an absence */
    bus->round_took_us = 0;
    bus->rx_last_us = bus->wire_end_us = bus->now_us;
    lb_report_put(bus, (struct lb_report){.kind = LB_REPORT_PORT_OPEN});
}

/* ---- Steps of an exchange ----------------------------------------------- */

/* A board's regular reading is the same bytes each time. */
static enum lockbus_err encode(struct lb_bus *bus, const struct lb_pick *pick)
{
    struct lb_node *node = &bus->node[pick->board];
    const struct lb_order order = {.op = pick->op,
                                   .address = node->board.address,
                                   .channel = pick->channel,
                                   .check = pick->check,
                                   .pulse_ms = node->board.pulse_ms};
    struct lb_request *request = &bus->txn.request;

    if (pick->op == LB_OP_LEAF && node->leaf.op != LB_OP_NONE) {
        *request = node->leaf;
        return LOCKBUS_OK;
    }
    enum lockbus_err err =
        bus->driver->encode(bus->codec, node->board.profile, &order, request);

    if (err == LOCKBUS_OK && pick->op == LB_OP_LEAF) {
        node->leaf = *request;
    }
    return err;
}

static bool begin(struct lb_bus *bus)
{
    if (!lb_report_room(bus) && !lb_hold_due(bus)) {
        return false; /* the owner reads first */
    }
    struct lb_pick pick = lb_schedule_pick(bus, &bus->wake_us);
    if (pick.op == LB_OP_NONE) {
        return false;
    }
    bus->txn = (struct lb_exchange){.state = LB_TXN_IDLE,
                                    .pick = pick,
                                    .job_number = bus->job[pick.job].number,
                                    .begun_us = bus->now_us};
    if (encode(bus, &pick) != LOCKBUS_OK) {
        lb_link_event(bus, pick.board, LB_LINK_FAILED,
                      "its profile cannot express a request");
        return true;
    }
    step(bus, LB_TXN_START, NULL);
    return true;
}

static bool send_on(struct lb_bus *bus)
{
    struct lb_exchange *txn = &bus->txn;

    errno = 0;
    if (!lb_wire_send(bus)) {
        line_failed(bus, "writing to the port failed");
        return true;
    }
    if (txn->handed < txn->request.len) {
        return false;
    }
    lb_pulse_handed(bus);
    txn->deadline_us = bus->wire_end_us + lb_wire_quiet_us(bus) +
                       lb_wire_turn_us(bus, &bus->node[txn->pick.board]) +
                       lb_wire_us(bus, txn->request.reply_len);
    step(bus, LB_TXN_TAKEN, NULL);
    return true;
}

static bool before_wire(struct lb_bus *bus)
{
    struct lb_exchange *txn = &bus->txn;
    uint64_t give_up = txn->begun_us + LB_UNQUIET_US;
    uint64_t clear = lb_hold_clear_us(bus);

    if ((txn->pick.op == LB_OP_PULSE && !lb_pulse_still(bus)) ||
        lb_pulse_overtakes(bus)) {
        step(bus, LB_TXN_LATE, NULL);
        return true;
    }
    if (txn->state == LB_TXN_QUIET && bus->now_us >= clear) {
        lb_wire_forget(bus);
        txn->sent_us = bus->now_us;
        txn->stray_then = bus->count.stray_bytes;
        txn->damaged_then = bus->node[txn->pick.board].count.crc_errors;
        step(bus, LB_TXN_CLEAR, NULL);
    }
    if (txn->state == LB_TXN_SENDING && send_on(bus)) {
        return true;
    }
    if (bus->now_us >= give_up) {
        step(bus, LB_TXN_TIMEOUT, NULL);
        return true;
    }
    lb_sooner(&bus->wake_us, give_up);
    lb_sooner(&bus->wake_us,
              txn->state == LB_TXN_QUIET ? clear : bus->now_us + LB_BLIND_US);
    return false;
}

static void learn(struct lb_bus *bus)
{
    struct lb_node *node = &bus->node[bus->txn.pick.board];
    uint64_t due =
        bus->wire_end_us + lb_wire_us(bus, bus->txn.request.reply_len);

    lb_wire_learn(node, bus->now_us > due ? bus->now_us - due : 0);
}

static bool on_wire(struct lb_bus *bus, bool got)
{
    struct lb_exchange *txn = &bus->txn;
    uint8_t frame[LB_REPLY_MAX];
    struct lb_reply reply = {0};
    size_t len = 0;
    enum lb_match match = lb_wire_scan(bus, frame, &len);

    if (match != LB_MATCH_NO &&
        bus->driver->decode(bus->codec, &txn->request, frame, len, &reply)) {
        learn(bus);
        step(bus, match == LB_MATCH_YES ? LB_TXN_MATCH : LB_TXN_EXCEPTION,
             &reply);
        return true;
    }
    if (txn->state == LB_TXN_WIRE) {
        if (bus->now_us >= bus->wire_end_us) {
            step(bus, LB_TXN_ENDED, NULL);
            return true;
        }
        /* That a read has left is told with its reply; but an off that is
         * due can only cut short what has left. */
        lb_sooner(&bus->wake_us, txn->pick.op == LB_OP_PULSE || bus->held > 0
                                     ? bus->wire_end_us
                                     : txn->deadline_us);
        lb_doze(bus);
    } else if (lb_hold_cuts(bus, &bus->wake_us) ||
               (bus->now_us >= txn->deadline_us &&
                (!got || bus->now_us >= txn->deadline_us + LB_UNQUIET_US))) {
        step(bus, LB_TXN_TIMEOUT, NULL);
        return true;
    } else {
        lb_sooner(&bus->wake_us, txn->deadline_us);
        lb_doze(bus);
    }
    return false;
}

static bool advance(struct lb_bus *bus, bool got)
{
    uint8_t frame[LB_REPLY_MAX];
    size_t len = 0;

    switch (bus->txn.state) {
    case LB_TXN_IDLE:
        (void)lb_wire_scan(bus, frame, &len);
        lb_pulse_expire(bus);
        return begin(bus);
    case LB_TXN_QUIET:
    case LB_TXN_SENDING:
        (void)lb_wire_scan(bus, frame, &len);
        return before_wire(bus);
    case LB_TXN_WIRE:
    case LB_TXN_REPLY:
        return on_wire(bus, got);
    case LB_TXN_HOLE:
    case LB_TXN_STATES:
        break;
    }
    return false;
}

void lb_bus_poll(struct lb_bus *bus, uint64_t now_us)
{
    if (now_us > bus->now_us) {
        bus->now_us = now_us;
    }
    bool heard = false; /* one look at the line a poll: time stands still */
    bool moved = true;

    for (int i = 0; i < LB_POLL_STEPS && (moved || !heard); i++) {
        bool got = false;

        bus->wake_us = UINT64_MAX;
        bus->deaf = false;
        if (!bus->open) {
            lb_pulse_expire(bus);
            reopen(bus);
        }
        if (!bus->open) {
            return;
        }
        errno = 0;
        if (!heard && !lb_wire_receive(bus, &got)) {
            line_failed(bus, "reading from the port failed");
            moved = true;
            continue;
        }
        heard = bus->rx_len < LB_RX_MAX;
        moved = advance(bus, got);
    }
    if (moved || !heard) {
        bus->wake_us = bus->now_us; /* there is more to do */
    }
    lb_pulse_expire(bus);
    if (bus->open && bus->line.fd(bus->line.user) < 0) {
        lb_sooner(&bus->wake_us, bus->now_us + LB_BLIND_US);
    }
}
