/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Readings. No single reading changes what is known: a bit that differs
 * becomes a candidate, the board is read again at once, and only the same
 * bit again is reported. FC01 and FC02 replies carry no address, so a lone
 * one proves little.
 *
 * An input may tell of contents instead of a leaf. It is read and
 * corroborated with the others; OPEN stands for full there.
 */
#include "bus/poll.h"

bool lb_leaf_is_content(const struct lb_node *node, unsigned channel)
{
    return (node->board.content >> channel & 1) != 0;
}

static uint8_t level_of(const struct lb_node *node, uint32_t bits,
                        unsigned channel)
{
    bool high = (bits >> channel & 1) != 0;
    bool shut_is = lb_leaf_is_content(node, channel)
                       ? (node->board.full_is >> channel & 1) == 0
                       : node->board.shut_is;

    return high == shut_is ? LB_LEVEL_SHUT : LB_LEVEL_OPEN;
}

static void tell(struct lb_bus *bus, uint8_t board, uint8_t channel)
{
    const struct lb_channel *at = &bus->node[board].channel[channel];
    struct lb_report report = {.board = board, .channel = channel};

    if (lb_leaf_is_content(&bus->node[board], channel)) {
        report.kind = LB_REPORT_CONTENT;
        report.full = at->known == LB_LEVEL_OPEN;
    } else {
        report.kind = LB_REPORT_LEAF;
        report.leaf_open = at->known == LB_LEVEL_OPEN;
    }
    lb_report_put(bus, report);
}

/* What a board says while it is being checked is told when it has passed: one
 * that goes away before that must not leave readings behind that nobody takes
 * back. */
static void settle(struct lb_bus *bus, uint8_t board, uint8_t channel)
{
    struct lb_channel *at = &bus->node[board].channel[channel];

    at->known = at->candidate;
    at->candidate = LB_LEVEL_NONE;
    if (lb_pulse_linked(&bus->node[board])) {
        tell(bus, board, channel);
    }
}

void lb_leaf_tell(struct lb_bus *bus, uint8_t board)
{
    const struct lb_node *node = &bus->node[board];

    for (uint8_t c = 0; c < node->board.profile->channels; c++) {
        struct lb_channel *at = &node->channel[c];

        if (at->candidate != LB_LEVEL_NONE) {
            at->known = LB_LEVEL_NONE; /* the next reading is to settle it */
        } else if (at->known != LB_LEVEL_NONE) {
            tell(bus, board, c);
        }
    }
}

void lb_leaf_read(struct lb_bus *bus, uint8_t board, uint32_t bits)
{
    struct lb_node *node = &bus->node[board];

    node->again = false;
    for (uint8_t c = 0; c < node->board.profile->channels; c++) {
        struct lb_channel *at = &node->channel[c];
        uint8_t level = level_of(node, bits, c);

        if (level == LB_LEVEL_OPEN) {
            at->open_us = bus->txn.sent_us;
        }
        if (level == at->known) {
            at->candidate = LB_LEVEL_NONE;
        } else if (level == at->candidate) {
            settle(bus, board, c);
        } else {
            at->candidate = level;
            node->again = true;
        }
    }
    lb_pulse_read(bus, board);
}

void lb_leaf_forget(struct lb_node *node)
{
    node->again = false;
    for (size_t c = 0; c < node->board.profile->channels; c++) {
        node->channel[c].known = LB_LEVEL_NONE;
        node->channel[c].candidate = LB_LEVEL_NONE;
    }
}

bool lb_leaf_all_known(const struct lb_node *node)
{
    for (size_t c = 0; c < node->board.profile->channels; c++) {
        if (node->channel[c].known == LB_LEVEL_NONE) {
            return false;
        }
    }
    return true;
}
