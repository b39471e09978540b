/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * How long a board may take to begin its reply: what its own replies took,
 * smoothed, and four times their spread, so that a dead board costs little and
 * a slow one is not lost.
 */
#include "bus/poll.h"

static uint64_t learnt_us(const struct lb_node *node)
{
    uint32_t spread =
        node->rttvar_us > LB_JITTER_MIN_US ? node->rttvar_us : LB_JITTER_MIN_US;

    return (uint64_t)node->srtt_us + 4 * (uint64_t)spread + LB_SLACK_US;
}

/* An absent board gets half more time than it needed, or than the slowest live
 * one needs when it never answered. */
static uint64_t absent_us(const struct lb_bus *bus, const struct lb_node *node)
{
    uint64_t worst = 0;

    if (!node->timed && node->probes < LB_NEW_PROBES) {
        return LB_TURN_FIRST_US;
    }
    if (node->timed) {
        return learnt_us(node) + learnt_us(node) / 2;
    }
    for (size_t i = 0; i < bus->nodes; i++) {
        if (bus->node[i].timed && lb_pulse_linked(&bus->node[i]) &&
            learnt_us(&bus->node[i]) > worst) {
            worst = learnt_us(&bus->node[i]);
        }
    }
    return worst == 0 ? LB_TURN_FIRST_US : worst + worst / 2;
}

uint64_t lb_wire_turn_us(const struct lb_bus *bus, const struct lb_node *node)
{
    bool live =
        node->timed && (lb_pulse_linked(node) || node->step != LB_STEP_NONE);
    uint64_t turn = live ? learnt_us(node) : absent_us(bus, node);

    if (bus->baud == 0) {
        turn += LB_TCP_SLACK_US;
    }
    return turn < LB_TURN_MAX_US ? turn : LB_TURN_MAX_US;
}

void lb_wire_learn(struct lb_node *node, uint64_t turn_us)
{
    uint32_t turn =
        turn_us < LB_TURN_MAX_US ? (uint32_t)turn_us : (uint32_t)LB_TURN_MAX_US;

    lb_count_reply_time(node, turn_us);
    if (!node->timed) {
        node->timed = true;
        node->srtt_us = turn;
        node->rttvar_us = turn / 2;
        return;
    }
    uint32_t off =
        turn > node->srtt_us ? turn - node->srtt_us : node->srtt_us - turn;

    node->rttvar_us = (3 * node->rttvar_us + off) / 4;
    node->srtt_us = (7 * node->srtt_us + turn) / 8;
}
