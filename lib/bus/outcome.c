/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What came of an exchange, for the board that was asked: its counters, its
 * link, its readings, and what a reply that was lost can still do.
 */
#include "bus/poll.h"

/* How long a late reply may be under way. One that never answered may be too
 * slow for its probes, and spoil others' replies with its own: it is asked less
 * and less often. */
static uint64_t quiet_us(const struct lb_node *node)
{
    return (uint64_t)node->late_us << (node->timed ? 0 : node->probes);
}

/* Another request whose reply would look the same waits for the lost one. */
static void remember_lost(struct lb_bus *bus)
{
    const struct lb_exchange *txn = &bus->txn;
    struct lb_node *node = &bus->node[txn->pick.board];

    if (txn->pick.op == LB_OP_OFF || txn->pick.op == LB_OP_PULSE) {
        node->channel[txn->pick.channel].write_quiet_us =
            bus->now_us + node->late_us;
        return;
    }
    node->mixed = node->read_quiet_us > bus->now_us;
    node->lost = txn->request;
    node->lost_us = bus->wire_end_us;
    node->read_quiet_us = bus->now_us + quiet_us(node);
}

/* Whatever came in place of a reply, and was no sound frame of another, is a
 * sign of life; so is the reply when it comes late. */
static bool silent(const struct lb_bus *bus)
{
    return bus->rx_len == 0 && bus->count.stray_bytes == bus->txn.stray_then;
}

/* Nothing came of a read: it may have lost its power. (A write is followed by a
 * read at once.) While it is being switched off for that reason already, it
 * gets a few tries: one that cannot be switched off is not to be used. */
static void fell_silent(struct lb_bus *bus, struct lb_node *node)
{
    const struct lb_pick *pick = &bus->txn.pick;

    if (node->step == LB_STEP_NONE) {
        node->doubt =
            node->doubt || pick->op == LB_OP_LEAF || pick->op == LB_OP_PROBE;
    } else if (pick->attach) {
        lb_attach_missed(bus, pick->board);
    }
}

/* Damage to its address or its length makes of a reply what fits no request:
 * bytes of nobody, but about as many as were to come. A technician then looks
 * at the contact and not at the board's power. */
static void count_damaged(struct lb_bus *bus, struct lb_node *node)
{
    uint64_t came = bus->count.stray_bytes - bus->txn.stray_then + bus->rx_len;

    if (node->count.crc_errors == bus->txn.damaged_then &&
        2 * came >= bus->txn.request.reply_len) {
        bus->count.crc_errors++;
        node->count.crc_errors++;
    }
}

static void missed(struct lb_bus *bus, unsigned effects)
{
    const struct lb_pick *pick = &bus->txn.pick;
    struct lb_node *node = &bus->node[pick->board];
    bool babble = (effects & LB_TXN_DROPPED) != 0;

    bus->count.timeouts++;
    node->count.timeouts++;
    if (!babble) {
        count_damaged(bus, node);
        remember_lost(bus);
    }
    if (pick->probe && node->probes < LB_PROBES_MAX) {
        node->probes++;
    }
    if (pick->op == LB_OP_OFF && bus->stopping) {
        for (size_t c = 0; c < node->board.profile->channels; c++) {
            node->channel[c].stopped = true; /* no time to ask again */
        }
    }
    node->ask = lb_pulse_linked(node);
    if (node->ask && !babble && silent(bus)) {
        fell_silent(bus, node);
    }
    lb_link_event(bus, pick->board, LB_LINK_MISS,
                  babble ? "the line is never quiet" : NULL);
}

/* One board at a time; one that comes and goes, not at once. */
static bool may_attach(const struct lb_bus *bus, const struct lb_node *node)
{
    return bus->attaching < 0 && bus->now_us >= node->attach_us;
}

static void answered(struct lb_bus *bus, const struct lb_reply *reply)
{
    const struct lb_pick pick = bus->txn.pick;
    struct lb_node *node = &bus->node[pick.board];

    bus->count.replies++;
    node->count.replies++;
    node->replied_us = bus->now_us;
    node->crc_then = node->count.crc_errors;
    if (reply->exception != 0) {
        bus->count.exceptions++;
        node->count.exceptions++;
    }
    bus->reopen_wait_us = LB_REOPEN_FIRST_US;
    lb_hold_reply(bus, &pick, reply);
    if (pick.op == LB_OP_OFF && bus->stopping) {
        node->channel[pick.channel].stopped = true;
        return;
    }
    if (pick.probe && !may_attach(bus, node)) {
        return; /* it is asked again */
    }
    if (pick.op == LB_OP_LEAF && !pick.attach && reply->exception != 0) {
        lb_link_event(bus, pick.board, LB_LINK_MISS,
                      "it answers with an exception");
        return;
    }
    /* That it lets itself be switched off does not say that its doors can be
     * read. */
    if (!pick.glance && (!pick.attach || !node->recheck)) {
        lb_link_event(bus, pick.board, LB_LINK_REPLY, NULL);
    }
    if (pick.op == LB_OP_LEAF && reply->exception == 0) {
        node->read_sent_us = bus->txn.sent_us;
    }
    if (pick.attach) {
        lb_attach_reply(bus, &pick, reply);
    } else if (pick.op == LB_OP_LEAF && lb_pulse_linked(node)) {
        lb_leaf_read(bus, pick.board, reply->bits);
    }
    if (pick.glance) {
        lb_attach_glance(bus, pick.board, reply);
    }
}

void lb_outcome(struct lb_bus *bus, unsigned effects,
                const struct lb_reply *reply)
{
    struct lb_exchange *txn = &bus->txn;
    struct lb_node *node = &bus->node[txn->pick.board];

    if ((effects & LB_TXN_SENT) != 0) {
        bus->count.requests++;
        node->count.requests++;
        if (txn->pick.op == LB_OP_PULSE) {
            lb_report_job(bus, LB_REPORT_SENT, &bus->job[txn->pick.job], NULL);
        }
    }
    if ((effects & LB_TXN_DONE) == 0) {
        return;
    }
    bool asked = txn->pick.op == LB_OP_LEAF || txn->pick.op == LB_OP_PROBE;
    bool unsent =
        (effects & (LB_TXN_DROPPED | LB_TXN_MISSED)) == LB_TXN_DROPPED;

    if (txn->pick.probe && unsent) {
        bus->probe_round = 0; /* this round's is still to come */
        bus->next_probe = txn->pick.board;
    }
    if (asked && !unsent) {
        node->ask = false;
        if (node->round != bus->round) {
            node->round = bus->round;
            bus->round_polled++;
        }
    }
    if (txn->pick.op == LB_OP_PULSE) {
        lb_pulse_done(bus, effects, reply->exception);
    }
    if ((effects & LB_TXN_MISSED) != 0) {
        missed(bus, effects);
    } else if ((effects & (LB_TXN_OK | LB_TXN_DENIED)) != 0) {
        answered(bus, reply);
    }
}
