/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What goes next. An output that the host has to switch off comes before all
 * (hold.c). Then pulses; then a changed bit's second reading and boards
 * that somebody asked for. The rest share the line by turns: a board that
 * appears (its checks, its outputs off), boards whose doors move, and the
 * round. One that appears for the first time has three turns for each of the
 * others', later one: a board that comes and goes for ever must not keep the
 * others from being read, nor a return a door that is just being opened.
 *
 * Each round asks every board that is here once, and one that is absent, so
 * that a board is asked within as many rounds as there are absent ones. How
 * long a probe waits was learnt from that board. A board that did not answer
 * is left alone until no late reply of it can come (0.3 s, when none was late
 * yet), however short a round is: nothing may be taken for another's answer.
 */
#include "bus/poll.h"

static bool is_absent(const struct lb_node *node)
{
    return node->link == LB_LINK_NEW || node->link == LB_LINK_ABSENT ||
           node->link == LB_LINK_REFUSED;
}

/* A lost read's reply may still come: another read could take it. */
static bool may_read(const struct lb_bus *bus, const struct lb_node *node,
                     uint64_t *wake)
{
    if (node->read_quiet_us > bus->now_us) {
        lb_sooner(wake, node->read_quiet_us);
        return false;
    }
    return true;
}

static struct lb_pick read_pick(const struct lb_bus *bus, uint8_t board)
{
    bool leaf = bus->node[board].board.profile->leaf_is_read;

    return (struct lb_pick){.op = leaf ? LB_OP_LEAF : LB_OP_PROBE,
                            .board = board};
}

/* No write before the line's echo is known: a read settles it. */
static bool settle_echo(const struct lb_bus *bus, struct lb_pick *pick,
                        uint64_t *wake)
{
    if (bus->echo != LB_ECHO_UNKNOWN) {
        return true;
    }
    *pick = (struct lb_pick){.op = LB_OP_PROBE, .board = pick->board};
    return may_read(bus, &bus->node[pick->board], wake);
}

static bool attach_turn(const struct lb_bus *bus, struct lb_pick *pick,
                        uint64_t *wake)
{
    if (bus->attaching < 0) {
        return false;
    }
    const struct lb_node *node = &bus->node[bus->attaching];

    *pick = lb_attach_pick(bus, (uint8_t)bus->attaching);
    if (pick->op != LB_OP_OFF) {
        return may_read(bus, node, wake);
    }
    if (node->channel[pick->channel].write_quiet_us > bus->now_us) {
        lb_sooner(wake, node->channel[pick->channel].write_quiet_us);
        return false;
    }
    return settle_echo(bus, pick, wake);
}

static bool asked_turn(const struct lb_bus *bus, struct lb_pick *pick,
                       uint64_t *wake)
{
    for (size_t i = 0; i < bus->nodes; i++) {
        const struct lb_node *node = &bus->node[i];

        if ((node->again || node->ask) && lb_pulse_linked(node) &&
            may_read(bus, node, wake)) {
            *pick = read_pick(bus, (uint8_t)i);
            return true;
        }
    }
    return false;
}

/* Its permit runs and its door has not opened: whoever did not look for a
 * second could not say that it never did. */
static bool is_watched(const struct lb_bus *bus, const struct lb_node *node)
{
    return node->watch_until_us > bus->now_us &&
           bus->now_us - node->read_sent_us >= LB_WATCH_US;
}

static bool motion_turn(const struct lb_bus *bus, struct lb_pick *pick,
                        uint64_t *wake)
{
    for (size_t i = 0; i < bus->nodes; i++) {
        size_t b = (bus->next_board + i) % bus->nodes;
        const struct lb_node *node = &bus->node[b];

        if (lb_pulse_linked(node) && node->board.profile->leaf_is_read &&
            (node->motion_until_us > bus->now_us ||
             lb_pulse_goes_on(bus, (uint8_t)b) || is_watched(bus, node)) &&
            may_read(bus, node, wake)) {
            *pick = read_pick(bus, (uint8_t)b);
            pick->motion = true;
            return true;
        }
    }
    return false;
}

static bool may_probe(const struct lb_bus *bus, size_t board, uint64_t *wake)
{
    const struct lb_node *node = &bus->node[board];

    return is_absent(node) && may_read(bus, node, wake);
}

static struct lb_pick probe_pick(size_t board)
{
    return (struct lb_pick){
        .op = LB_OP_PROBE, .board = (uint8_t)board, .probe = true};
}

/* One absent board a round, in turn; one that somebody asked for first. */
static bool probe_turn(struct lb_bus *bus, struct lb_pick *pick, uint64_t *wake)
{
    size_t found = bus->nodes;

    for (size_t i = 0; bus->probe_round != bus->round && i < bus->nodes; i++) {
        size_t b = (bus->next_probe + i) % bus->nodes;

        if (may_probe(bus, b, wake) &&
            (found == bus->nodes || bus->node[b].ask)) {
            found = b;
        }
        if (found != bus->nodes && bus->node[found].ask) {
            break;
        }
    }
    if (found == bus->nodes) {
        return false;
    }
    bus->next_probe = (uint8_t)((found + 1) % bus->nodes);
    bus->probe_round = bus->round;
    *pick = probe_pick(found);
    return true;
}

/* Boards that were never asked since the line opened need not wait for a
 * round each. */
static bool new_turn(const struct lb_bus *bus, struct lb_pick *pick,
                     uint64_t *wake)
{
    for (size_t b = 0; bus->attaching < 0 && b < bus->nodes; b++) {
        if (bus->node[b].link == LB_LINK_NEW && may_probe(bus, b, wake)) {
            *pick = probe_pick(b);
            return true;
        }
    }
    return false;
}

static bool round_robin(struct lb_bus *bus, struct lb_pick *pick,
                        uint64_t *wake)
{
    for (size_t i = 0; i < bus->nodes; i++) {
        size_t b = (bus->next_board + i) % bus->nodes;
        const struct lb_node *node = &bus->node[b];

        if (lb_pulse_linked(node) && node->round != bus->round &&
            may_read(bus, node, wake)) {
            bus->next_board = (uint8_t)((b + 1) % bus->nodes);
            *pick = read_pick(bus, (uint8_t)b);
            return true;
        }
    }
    return false;
}

/* Every board that can be asked was, and one that is absent. */
static bool round_ends(struct lb_bus *bus, uint64_t *wake)
{
    if (bus->round_polled == 0 && bus->probe_round != bus->round) {
        return false;
    }
    if (bus->now_us < bus->round_us + LB_ROUND_MIN_US) {
        lb_sooner(wake, bus->round_us + LB_ROUND_MIN_US);
        return false;
    }
    uint64_t took = bus->now_us - bus->round_us;

    bus->round++;
    bus->round_took_us = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
    bus->round_us = bus->now_us;
    bus->round_polled = 0;
    bus->count.rounds++;
    lb_report_put(bus, (struct lb_report){.kind = LB_REPORT_ROUND});
    return true;
}

static bool other_turn(struct lb_bus *bus, struct lb_pick *pick, uint64_t *wake)
{
    return probe_turn(bus, pick, wake) || round_robin(bus, pick, wake) ||
           (round_ends(bus, wake) &&
            (probe_turn(bus, pick, wake) || round_robin(bus, pick, wake)));
}

/* Outputs that may be on come first; a board that is away is left. */
static bool stop_turn(const struct lb_bus *bus, struct lb_pick *pick)
{
    bool found = false;

    for (size_t b = 0; b < bus->nodes; b++) {
        const struct lb_node *node = &bus->node[b];

        for (size_t c = 0;
             !is_absent(node) && c < node->board.profile->channels; c++) {
            bool on = node->channel[c].on_until_us > bus->now_us;

            if (!node->channel[c].stopped && (on || !found)) {
                *pick = (struct lb_pick){.op = LB_OP_OFF,
                                         .board = (uint8_t)b,
                                         .channel = (uint8_t)c};
                found = true;
            }
            if (found && on && !node->channel[c].stopped) {
                return true;
            }
        }
    }
    return found;
}

/* Another read may be asked before a lost one's late reply can no longer come,
 * when the two cannot be mistaken. */
static bool may_glance(const struct lb_bus *bus, const struct lb_pick *pick,
                       uint64_t *wake)
{
    const struct lb_node *node = &bus->node[pick->board];
    const struct lb_order order = {.op = pick->op,
                                   .address = node->board.address};
    struct lb_request request;

    return (node->read_quiet_us > bus->now_us && !node->mixed &&
            bus->driver->encode(bus->codec, node->board.profile, &order,
                                &request) == LOCKBUS_OK &&
            !bus->driver->alike(&node->lost, &request)) ||
           may_read(bus, node, wake);
}

/* Boards that were silent for a moment, once they answer again, or when a
 * permit waits for one. Outputs that are registers take more than a glance. */
static bool glance_turn(struct lb_bus *bus, struct lb_pick *pick, bool waits,
                        uint64_t *wake)
{
    for (size_t i = 0; i < bus->nodes; i++) {
        uint8_t b = (uint8_t)i;
        const struct lb_node *node = &bus->node[b];
        bool now =
            waits ? lb_pulse_waits(bus, b) : node->link == LB_LINK_PRESENT;

        if (!node->doubt || !lb_pulse_linked(node) || !now) {
            continue;
        }
        *pick =
            (struct lb_pick){.op = LB_OP_OUTPUT, .board = b, .glance = true};
        if (lb_profile_by_register(node->board.profile)) {
            if (bus->attaching < 0) {
                lb_attach_again(bus, b);
            }
        } else if (may_glance(bus, pick, wake)) {
            return true;
        }
    }
    return false;
}

/* Turns in a row for a board that appears. */
static uint8_t attach_share(const struct lb_bus *bus)
{
    bool again = bus->attaching >= 0 && bus->node[bus->attaching].back_us != 0;

    return again ? 1 : LB_ATTACH_SHARE;
}

/* Boards that appear, doors in motion and the round: each gets its turns. */
static struct lb_pick shared_turn(struct lb_bus *bus, uint64_t *wake)
{
    struct lb_pick attach = {0}, motion = {0}, pick = {0};
    bool appears = glance_turn(bus, &attach, false, wake) ||
                   attach_turn(bus, &attach, wake) ||
                   new_turn(bus, &attach, wake);

    if (appears && bus->attach_turns < attach_share(bus)) {
        bus->attach_turns++;
        return attach;
    }
    if (motion_turn(bus, &motion, wake) && !bus->moved) {
        bus->moved = true;
        return motion;
    }
    bus->moved = false;
    bus->attach_turns = 0;
    if (other_turn(bus, &pick, wake)) {
        return pick;
    }
    return motion.op != LB_OP_NONE || !appears ? motion : attach;
}

static struct lb_pick turn(struct lb_bus *bus, uint64_t *wake)
{
    struct lb_pick pick = {0};

    if (bus->stopping) {
        return stop_turn(bus, &pick) ? pick : (struct lb_pick){0};
    }
    if (lb_hold_attaches(bus) && attach_turn(bus, &pick, wake)) {
        return pick;
    }
    if (lb_pulse_pick(bus, &pick, wake) && settle_echo(bus, &pick, wake)) {
        return pick;
    }
    if (glance_turn(bus, &pick, true, wake) || asked_turn(bus, &pick, wake)) {
        return pick;
    }
    return shared_turn(bus, wake);
}

struct lb_pick lb_schedule_pick(struct lb_bus *bus, uint64_t *wake)
{
    struct lb_pick pick = {0};

    if (lb_hold_pick(bus, &pick, wake)) {
        return pick;
    }
    pick = turn(bus, wake);
    return lb_hold_waits(bus, &pick, wake) ? (struct lb_pick){0} : pick;
}
