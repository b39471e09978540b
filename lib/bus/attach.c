/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a board goes through each time it appears: the identity checks of its
 * profile, every output off, the outputs read back, the inputs read until
 * they hold. The order is fixed: a stranger is not written to, and nothing
 * is reported of a board whose outputs may still be on.
 *
 * Boards whose outputs are registers are read before they are written to as
 * well: other kinds keep addresses or times in those registers. What is
 * neither 0 nor 1 there is another kind of board.
 *
 * Of a board that was silent for a moment, but not for so long that it was
 * lost, the outputs are read back before it is driven again: one exchange, no
 * more than an open can wait for. Where any is on, or cannot be read, it goes
 * through the middle of the steps. What we ourselves pulsed a moment ago is
 * left alone then.
 *
 * A board whose pulses the host ends begins with off and its reading: the
 * process before this one may have died in the middle of a pulse.
 *
 * A board that cannot read its coils (exception 1 or 2) is believed on the
 * exact confirmation of each off, unless it is one of these two kinds. A sensor
 * that never holds still stays unknown and does not keep its board away.
 */
#include "bus/poll.h"

static const char not_confirmed[] = "an identity check was not met";
static const char no_register[] = "an identity register cannot be read";
static const char not_off[] = "an output cannot be switched off";
static const char stays_on[] = "an output reads on after it was switched off";
static const char no_output[] = "an output holds neither 0 nor 1";
static const char no_outputs[] = "the outputs cannot be read back";
static const char no_inputs[] = "the inputs cannot be read";

/* After a silence only: a pulse of ours that its silence need not have cut. */
static bool driven(const struct lb_bus *bus, const struct lb_node *node,
                   size_t channel)
{
    return (node->recheck || bus->txn.pick.glance) &&
           node->channel[channel].on_until_us > bus->txn.begun_us;
}

static bool all_off(const struct lb_bus *bus, const struct lb_node *node,
                    const struct lb_reply *reply)
{
    for (size_t c = 0; c < node->board.profile->channels; c++) {
        /* a register is read alone, and its channel is the step's */
        bool on = reply->words == 0
                      ? (reply->bits >> c & 1) != 0
                      : c == node->step_index && reply->word[0] != 0;

        if (on && !driven(bus, node, c)) {
            return false;
        }
    }
    return true;
}

/* The next output to be switched off, from `step_index` on. */
static bool more_offs(const struct lb_bus *bus, struct lb_node *node)
{
    uint8_t c = node->step_index;

    while (c < node->board.profile->channels && driven(bus, node, c)) {
        c++;
    }
    node->step_index = c;
    return c < node->board.profile->channels;
}

static void advance(struct lb_bus *bus, uint8_t board, enum lb_step step)
{
    struct lb_node *node = &bus->node[board];
    const struct lb_profile *profile = node->board.profile;

    node->step = step;
    node->step_index = 0;
    if (node->step == LB_STEP_CHECK && profile->checks == 0) {
        node->step = profile->host_timed ? LB_STEP_LEAF : LB_STEP_LOOK;
    }
    if (node->step == LB_STEP_LOOK && !lb_profile_by_register(profile)) {
        node->step = LB_STEP_OFF;
    }
    if (node->step == LB_STEP_OFF && !more_offs(bus, node)) {
        node->step = LB_STEP_OUTPUT;
    }
    if (node->step == LB_STEP_LEAF) {
        node->step_tries = 0;
        if (!profile->leaf_is_read) {
            lb_link_event(bus, board, LB_LINK_PASSED, NULL);
        }
    }
}

void lb_attach_begin(struct lb_bus *bus, uint8_t board)
{
    bus->attaching = board;
    bus->node[board].step_tries = 0;
    lb_leaf_forget(&bus->node[board]);
    advance(bus, board,
            bus->node[board].board.profile->host_timed ? LB_STEP_OFF
                                                       : LB_STEP_CHECK);
}

void lb_attach_again(struct lb_bus *bus, uint8_t board)
{
    struct lb_node *node = &bus->node[board];

    bus->attaching = board;
    node->step_tries = node->step_misses = 0;
    node->recheck = true;
    node->doubt = false;
    advance(bus, board, LB_STEP_OFF);
}

void lb_attach_glance(struct lb_bus *bus, uint8_t board,
                      const struct lb_reply *reply)
{
    struct lb_node *node = &bus->node[board];

    if (reply->exception == 0 && all_off(bus, node, reply)) {
        node->doubt = false;
        lb_link_checked(bus, board);
    } else if (bus->attaching < 0) {
        lb_attach_again(bus, board);
    }
}

void lb_attach_end(struct lb_bus *bus, uint8_t board)
{
    struct lb_node *node = &bus->node[board];

    if (bus->attaching == board) {
        bus->attaching = -1;
    }
    node->step = LB_STEP_NONE;
    node->recheck = false;
}

void lb_attach_missed(struct lb_bus *bus, uint8_t board)
{
    struct lb_node *node = &bus->node[board];

    if (node->recheck && ++node->step_misses == LB_OFF_TRIES) {
        lb_link_event(bus, board, LB_LINK_FAILED,
                      node->step == LB_STEP_OFF ? not_off : no_outputs);
    }
}

struct lb_pick lb_attach_pick(const struct lb_bus *bus, uint8_t board)
{
    const struct lb_node *node = &bus->node[board];
    struct lb_pick pick = {.board = board, .attach = true};

    switch (node->step) {
    case LB_STEP_CHECK:
        pick.op = LB_OP_CHECK;
        pick.check = node->step_index;
        break;
    case LB_STEP_OFF:
        pick.op = LB_OP_OFF;
        pick.channel = node->step_index;
        break;
    case LB_STEP_LOOK:
    case LB_STEP_OUTPUT:
        pick.op = LB_OP_OUTPUT;
        pick.channel = node->step_index;
        break;
    case LB_STEP_LEAF:
        pick.op = LB_OP_LEAF;
        break;
    case LB_STEP_NONE:
        break;
    }
    return pick;
}

static void on_check(struct lb_bus *bus, const struct lb_pick *pick,
                     const struct lb_reply *reply)
{
    struct lb_node *node = &bus->node[pick->board];
    const struct lb_profile *profile = node->board.profile;

    if (reply->exception != 0) {
        lb_link_event(bus, pick->board, LB_LINK_FAILED, no_register);
    } else if (!lb_profile_met(&profile->check[pick->check], reply->word,
                               reply->words)) {
        lb_link_event(bus, pick->board, LB_LINK_FAILED, not_confirmed);
    } else if (++node->step_index == profile->checks) {
        advance(bus, pick->board,
                profile->host_timed ? LB_STEP_LEAF : LB_STEP_LOOK);
    }
}

static void on_look(struct lb_bus *bus, uint8_t board,
                    const struct lb_reply *reply)
{
    struct lb_node *node = &bus->node[board];

    if (reply->exception != 0) {
        lb_link_event(bus, board, LB_LINK_FAILED, no_outputs);
    } else if (reply->words != 1 || reply->word[0] > 1) {
        lb_link_event(bus, board, LB_LINK_FAILED, no_output);
    } else if (++node->step_index == node->board.profile->channels) {
        advance(bus, board, LB_STEP_OFF);
    }
}

static void on_off(struct lb_bus *bus, const struct lb_pick *pick,
                   const struct lb_reply *reply)
{
    struct lb_node *node = &bus->node[pick->board];

    if (reply->exception != 0) {
        lb_link_event(bus, pick->board, LB_LINK_FAILED, not_off);
        return;
    }
    node->step_index++;
    if (!more_offs(bus, node)) {
        advance(bus, pick->board, LB_STEP_OUTPUT);
    }
}

static void outputs_are_off(struct lb_bus *bus, uint8_t board)
{
    struct lb_node *node = &bus->node[board];

    for (size_t c = 0; c < node->board.profile->channels; c++) {
        if (!driven(bus, node, c)) {
            node->channel[c].on_until_us = 0; /* read back: it is off */
            lb_hold_read_off(bus, board, (uint8_t)c);
        }
    }
    if (!node->recheck) {
        advance(bus, board,
                node->board.profile->host_timed ? LB_STEP_CHECK : LB_STEP_LEAF);
        return;
    }
    lb_link_checked(bus, board);
}

static void on_output(struct lb_bus *bus, uint8_t board,
                      const struct lb_reply *reply)
{
    struct lb_node *node = &bus->node[board];
    bool one = lb_profile_by_register(node->board.profile);
    bool host = node->board.profile->host_timed;
    bool off = reply->exception != 0 || all_off(bus, node, reply);

    if (reply->exception > 2 || ((one || host) && reply->exception != 0)) {
        lb_link_event(bus, board, LB_LINK_FAILED, no_outputs);
    } else if (off && one &&
               node->step_index + 1 < node->board.profile->channels) {
        node->step_index++;
    } else if (off) {
        outputs_are_off(bus, board);
    } else if (++node->step_tries == LB_OFF_TRIES) {
        lb_link_event(bus, board, LB_LINK_FAILED, stays_on);
    } else {
        advance(bus, board, LB_STEP_OFF);
    }
}

static void on_leaf(struct lb_bus *bus, uint8_t board,
                    const struct lb_reply *reply)
{
    struct lb_node *node = &bus->node[board];

    if (reply->exception != 0) {
        lb_link_event(bus, board, LB_LINK_FAILED, no_inputs);
        return;
    }
    lb_leaf_read(bus, board, reply->bits);
    if (lb_leaf_all_known(node) || ++node->step_tries == LB_LEAF_TRIES) {
        lb_link_event(bus, board, LB_LINK_PASSED, NULL);
    }
}

void lb_attach_reply(struct lb_bus *bus, const struct lb_pick *pick,
                     const struct lb_reply *reply)
{
    bus->node[pick->board].step_misses = 0;
    switch (pick->op) {
    case LB_OP_CHECK:
        on_check(bus, pick, reply);
        break;
    case LB_OP_OFF:
        on_off(bus, pick, reply);
        break;
    case LB_OP_OUTPUT:
        if (bus->node[pick->board].step == LB_STEP_LOOK) {
            on_look(bus, pick->board, reply);
        } else {
            on_output(bus, pick->board, reply);
        }
        break;
    case LB_OP_LEAF:
        on_leaf(bus, pick->board, reply);
        break;
    case LB_OP_PROBE: /* it only settled whether the line echoes */
    case LB_OP_PULSE:
    case LB_OP_NONE:
        break;
    }
}
