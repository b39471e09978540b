/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What goes next. Pulses first; then the offs of a board that came back;
 * then a changed bit's second reading and boards that somebody asked for;
 * then boards whose doors move, in every second turn, so that they cannot
 * starve the round; then the rest of a board's attach steps, one probe of an
 * absent board, and the round itself.
 *
 * Absent boards cost at most one probe a round. Each has an exponential
 * back-off (64 rounds or 5 s at most); when none is due and probes have had
 * less than a twentieth of the bus's time, the next in turn goes anyway, so
 * that a board is back within as many rounds as there are absent ones.
 */
#include "bus/poll.h"

static bool is_absent(const struct lb_node *node)
{
    return node->link == LB_LINK_NEW || node->link == LB_LINK_ABSENT ||
           node->link == LB_LINK_REFUSED;
}

bool lb_schedule_any_present(const struct lb_bus *bus)
{
    for (size_t i = 0; i < bus->nodes; i++) {
        if (lb_pulse_linked(&bus->node[i])) {
            return true;
        }
    }
    return false;
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

static bool motion_turn(const struct lb_bus *bus, struct lb_pick *pick,
                        uint64_t *wake)
{
    for (size_t i = 0; i < bus->nodes; i++) {
        size_t b = (bus->next_board + i) % bus->nodes;
        const struct lb_node *node = &bus->node[b];

        if (lb_pulse_linked(node) && node->board.profile->leaf_is_read &&
            (node->motion_until_us > bus->now_us ||
             lb_pulse_goes_on(bus, (uint8_t)b)) &&
            may_read(bus, node, wake)) {
            *pick = read_pick(bus, (uint8_t)b);
            pick->motion = true;
            return true;
        }
    }
    return false;
}

static bool probe_due(const struct lb_bus *bus, const struct lb_node *node,
                      bool any)
{
    return node->link == LB_LINK_NEW || bus->now_us >= node->due_us ||
           (any && bus->round >= node->due_round);
}

static bool probe_turn(struct lb_bus *bus, struct lb_pick *pick, uint64_t *wake)
{
    bool any = lb_schedule_any_present(bus);
    bool spent = any && bus->probe_round == bus->round;
    size_t found = bus->nodes, spare = bus->nodes;

    for (size_t i = 0; bus->attaching < 0 && i < bus->nodes; i++) {
        size_t b = (bus->next_probe + i) % bus->nodes;
        const struct lb_node *node = &bus->node[b];

        if (!is_absent(node) || (spent && node->link != LB_LINK_NEW) ||
            !may_read(bus, node, wake)) {
            continue;
        }
        if (probe_due(bus, node, any)) {
            found = b;
            break;
        }
        lb_sooner(wake, node->due_us);
        spare = spare == bus->nodes ? b : spare;
    }
    if (found == bus->nodes && any && bus->now_us >= bus->budget_us) {
        found = spare;
    }
    if (found == bus->nodes) {
        return false;
    }
    bus->next_probe = (uint8_t)((found + 1) % bus->nodes);
    bus->probe_round = bus->round;
    *pick = (struct lb_pick){
        .op = LB_OP_PROBE, .board = (uint8_t)found, .probe = true};
    return true;
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

/* Boards that keep quiet after a lost reply do not hold the round up. */
static bool round_ends(struct lb_bus *bus, uint64_t *wake)
{
    if (bus->round_polled == 0 || !lb_schedule_any_present(bus)) {
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
    return attach_turn(bus, pick, wake) || probe_turn(bus, pick, wake) ||
           round_robin(bus, pick, wake) ||
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

struct lb_pick lb_schedule_pick(struct lb_bus *bus, uint64_t *wake)
{
    struct lb_pick pick = {0}, motion = {0};

    if (bus->stopping) {
        return stop_turn(bus, &pick) ? pick : (struct lb_pick){0};
    }
    if (lb_pulse_pick(bus, &pick, wake) && settle_echo(bus, &pick, wake)) {
        return pick;
    }
    if (bus->attaching >= 0 && bus->node[bus->attaching].step == LB_STEP_OFF &&
        attach_turn(bus, &pick, wake)) {
        return pick;
    }
    if (asked_turn(bus, &pick, wake)) {
        return pick;
    }
    if (motion_turn(bus, &motion, wake) && !bus->moved) {
        bus->moved = true;
        return motion;
    }
    bus->moved = false;
    if (other_turn(bus, &pick, wake)) {
        return pick;
    }
    return motion;
}
