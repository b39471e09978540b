/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Pulses that the host ends, of boards that know levels only. From the moment
 * at which the "on" is with the port until a reading of the outputs has said
 * off, the channel is held. Its off leaves when the pulse is over, before
 * anything else: no exchange is begun that could last beyond that moment, one
 * that waits for silence or for its reply gives way. The off is repeated until
 * it is read back.
 *
 * While an off is due, or its board is away with a channel held, no output of
 * this bus is driven: nobody knows how much current already flows. A board
 * that does not come off is refused after a few tries, so that the others are
 * still polled. A board that is away is looked for every second; its return
 * begins with off.
 *
 * What no code here can mend: while the process is dead or stopped in the
 * middle of a pulse, the solenoid is driven.
 */
#include "bus/poll.h"

static const char no_off[] =
    "its off is not confirmed: a solenoid may be driven; no pulse on this bus";
static const char off_again[] = "its outputs read off again";
static const char refuses[] = "it does not switch off what was switched on";

static uint64_t lead_us(const struct lb_bus *bus)
{
    return lb_wire_us(bus, 8);
}

static uint64_t due_us(const struct lb_bus *bus, const struct lb_channel *at)
{
    uint64_t lead = lead_us(bus);

    return at->on_until_us > lead ? at->on_until_us - lead : 0;
}

static bool is_due(const struct lb_bus *bus, const struct lb_channel *at)
{
    return at->held == LB_HELD_OFF ||
           (at->held == LB_HELD_ON &&
            (bus->stopping || bus->now_us >= due_us(bus, at)));
}

void lb_hold_begin(struct lb_bus *bus, struct lb_channel *at)
{
    bus->held += at->held == LB_HELD_NOT ? 1 : 0;
    at->held = LB_HELD_ON;
    at->offs = 0;
    at->held_told = false;
}

static void tell(struct lb_bus *bus, uint8_t board, uint8_t channel)
{
    struct lb_channel *at = &bus->node[board].channel[channel];

    if (!at->held_told) {
        at->held_told = true;
        lb_report_put(bus, (struct lb_report){.kind = LB_REPORT_STUCK_ON,
                                              .board = board,
                                              .channel = channel,
                                              .text = no_off});
    }
}

void lb_hold_read_off(struct lb_bus *bus, uint8_t board, uint8_t channel)
{
    struct lb_node *node = &bus->node[board];
    struct lb_channel *at = &node->channel[channel];

    if (at->held == LB_HELD_NOT) {
        return;
    }
    bus->held--;
    at->held = LB_HELD_NOT;
    at->on_until_us = bus->now_us;
    at->rest_until_us = bus->now_us + (uint64_t)node->board.rest_ms * 1000;
    if (at->held_told) {
        lb_report_put(bus, (struct lb_report){.kind = LB_REPORT_STUCK_OFF,
                                              .board = board,
                                              .channel = channel,
                                              .text = off_again});
    }
}

/* ---- What others may do meanwhile ---------------------------------------- */

static bool any(const struct lb_bus *bus,
                bool (*what)(const struct lb_bus *bus,
                             const struct lb_node *node,
                             const struct lb_channel *at))
{
    for (size_t b = 0; bus->held > 0 && b < bus->nodes; b++) {
        const struct lb_node *node = &bus->node[b];

        for (size_t c = 0; c < node->board.profile->channels; c++) {
            if (node->channel[c].held != LB_HELD_NOT &&
                what(bus, node, &node->channel[c])) {
                return true;
            }
        }
    }
    return false;
}

static bool can_go(const struct lb_bus *bus, const struct lb_node *node,
                   const struct lb_channel *at)
{
    return lb_pulse_linked(node) && is_due(bus, at);
}

static bool unsure(const struct lb_bus *bus, const struct lb_node *node,
                   const struct lb_channel *at)
{
    return !lb_pulse_linked(node) || is_due(bus, at);
}

bool lb_hold_due(const struct lb_bus *bus)
{
    return any(bus, can_go);
}

bool lb_hold_blocks(const struct lb_bus *bus)
{
    return any(bus, unsure);
}

/* `unasked`: of offs that were not asked for yet. */
static uint64_t first_due_us(const struct lb_bus *bus, bool unasked)
{
    uint64_t first = UINT64_MAX;

    for (size_t b = 0; bus->held > 0 && b < bus->nodes; b++) {
        const struct lb_node *node = &bus->node[b];

        for (size_t c = 0; c < node->board.profile->channels; c++) {
            if (node->channel[c].held == LB_HELD_ON && lb_pulse_linked(node) &&
                (!unasked || node->channel[c].offs == 0)) {
                lb_sooner(&first, due_us(bus, &node->channel[c]));
            }
        }
    }
    return first;
}

bool lb_hold_cuts(const struct lb_bus *bus, uint64_t *wake)
{
    const struct lb_exchange *txn = &bus->txn;
    bool own = txn->pick.hold && txn->pick.op != LB_OP_PROBE;
    bool off = own && txn->pick.op == LB_OP_OFF;

    if (bus->held == 0 || (off && txn->state == LB_TXN_QUIET)) {
        return false;
    }
    /* one that was asked for does not keep the next one waiting: a board may
     * be slow, or dead */
    uint64_t due = first_due_us(bus, own);

    lb_sooner(wake, due);
    return own ? bus->now_us >= due : lb_hold_due(bus);
}

bool lb_hold_waits(const struct lb_bus *bus, const struct lb_pick *pick,
                   uint64_t *wake)
{
    uint64_t due = first_due_us(bus, false);

    if (bus->held == 0 || pick->op == LB_OP_NONE || bus->stopping) {
        return false;
    }
    const struct lb_node *node = &bus->node[pick->board];
    size_t reply = pick->op == LB_OP_CHECK
                       ? 5U + 2U * node->board.profile->channels
                       : LB_REQUEST_MAX;
    uint64_t worst = bus->now_us + 2 * lb_wire_quiet_us(bus) +
                     lb_wire_us(bus, LB_REQUEST_MAX + reply) +
                     lb_wire_turn_us(bus, node);

    if (worst <= due) {
        return false;
    }
    lb_sooner(wake, due);
    return true;
}

/* ---- The off ------------------------------------------------------------- */

/* The off that has waited longest, first those that were not asked for yet;
 * else what is to be read back. */
static bool off_turn(struct lb_bus *bus, struct lb_pick *pick)
{
    uint64_t oldest = UINT64_MAX;
    bool found = false;

    for (size_t b = 0; b < bus->nodes; b++) {
        const struct lb_node *node = &bus->node[b];

        for (size_t c = 0; c < node->board.profile->channels; c++) {
            const struct lb_channel *at = &node->channel[c];
            bool quiet = node->read_quiet_us > bus->now_us;

            if (at->held == LB_HELD_NOT || !can_go(bus, node, at)) {
                continue;
            }
            /* a reading must wait for a lost one; the off need not */
            bool read = at->held == LB_HELD_OFF && !quiet;
            uint64_t age = read ? UINT64_MAX - 1 : at->on_until_us;

            age += !read && at->offs > 0 ? UINT64_MAX / 2 : 0;

            if (age < oldest) {
                oldest = age;
                found = true;
                *pick = (struct lb_pick){.op = read ? LB_OP_OUTPUT : LB_OP_OFF,
                                         .board = (uint8_t)b,
                                         .channel = (uint8_t)c,
                                         .hold = true};
            }
        }
    }
    return found;
}

/* A board that is away with a channel held is looked for at a pace; one that
 * answers and stays on has its turn like any that is refused. */
static bool look_turn(struct lb_bus *bus, struct lb_pick *pick, uint64_t *wake)
{
    for (size_t b = 0; bus->attaching < 0 && b < bus->nodes; b++) {
        const struct lb_node *node = &bus->node[b];
        uint64_t at_us = bus->hold_again_us > node->read_quiet_us
                             ? bus->hold_again_us
                             : node->read_quiet_us;

        for (size_t c = 0; c < node->board.profile->channels; c++) {
            if (node->channel[c].held == LB_HELD_NOT ||
                node->link == LB_LINK_REFUSED || lb_pulse_linked(node)) {
                continue;
            }
            if (bus->now_us < at_us) {
                lb_sooner(wake, at_us);
                break;
            }
            *pick = (struct lb_pick){.op = LB_OP_PROBE,
                                     .board = (uint8_t)b,
                                     .channel = (uint8_t)c,
                                     .probe = true,
                                     .hold = true};
            return true;
        }
    }
    return false;
}

bool lb_hold_pick(struct lb_bus *bus, struct lb_pick *pick, uint64_t *wake)
{
    if (bus->held == 0) {
        return false;
    }
    lb_sooner(wake, first_due_us(bus, false));
    if (off_turn(bus, pick)) {
        /* what else was begun now would have to give way to it at once */
        if (pick->op != LB_OP_OFF && lb_hold_waits(bus, pick, wake)) {
            *pick = (struct lb_pick){0};
        }
        return true;
    }
    return !bus->stopping && look_turn(bus, pick, wake) &&
           !lb_hold_waits(bus, pick, wake);
}

bool lb_hold_attaches(const struct lb_bus *bus)
{
    if (bus->held == 0 || bus->attaching < 0) {
        return false;
    }
    const struct lb_node *node = &bus->node[bus->attaching];

    for (size_t c = 0; c < node->board.profile->channels; c++) {
        if (node->channel[c].held != LB_HELD_NOT) {
            return !lb_pulse_linked(node);
        }
    }
    return false;
}

uint64_t lb_hold_clear_us(const struct lb_bus *bus)
{
    uint64_t clear = lb_wire_clear_us(bus);
    uint64_t enough = bus->txn.begun_us + LB_HOLD_QUIET_US;

    return bus->txn.pick.hold && bus->txn.pick.op == LB_OP_OFF && enough < clear
               ? enough
               : clear;
}

void lb_hold_sending(struct lb_bus *bus)
{
    const struct lb_pick *pick = &bus->txn.pick;
    struct lb_channel *at = &bus->node[pick->board].channel[pick->channel];

    if (pick->op == LB_OP_OFF && at->offs < UINT8_MAX) {
        at->offs++;
    }
    if (pick->op == LB_OP_PROBE || at->offs > 1) {
        tell(bus, pick->board, pick->channel);
    }
    bus->hold_again_us = bus->now_us + LB_HOLD_AGAIN_US;
}

static void still_on(struct lb_bus *bus, uint8_t board, uint8_t channel)
{
    struct lb_channel *at = &bus->node[board].channel[channel];

    at->held = LB_HELD_ON;
    tell(bus, board, channel);
    if (at->offs >= LB_OFF_TRIES) {
        at->offs = 0;
        lb_link_event(bus, board, LB_LINK_FAILED, refuses);
    }
}

void lb_hold_reply(struct lb_bus *bus, const struct lb_pick *pick,
                   const struct lb_reply *reply)
{
    struct lb_node *node = &bus->node[pick->board];

    if (!pick->hold || !lb_pulse_linked(node)) {
        return; /* an attach does its own */
    }
    if (pick->op == LB_OP_OFF) {
        if (reply->exception == 0) {
            node->channel[pick->channel].held = LB_HELD_OFF;
        } else {
            still_on(bus, pick->board, pick->channel);
        }
    }
    for (uint8_t c = 0;
         pick->op == LB_OP_OUTPUT && c < node->board.profile->channels; c++) {
        if (node->channel[c].held != LB_HELD_OFF) {
            continue;
        }
        if (reply->exception != 0 || (reply->bits >> c & 1) != 0) {
            still_on(bus, pick->board, c);
        } else {
            lb_hold_read_off(bus, pick->board, c);
        }
    }
}
