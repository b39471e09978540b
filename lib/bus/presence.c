/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The effects of the link table: what is told of a board that goes, comes
 * back or is refused, and when it is probed next. AWAY and REFUSED are told
 * once; a board that goes on failing in the same way is no news.
 */
#include "bus/poll.h"

/* Each attach costs dozens of exchanges. A board that comes and goes is asked
 * as often as any, but attached later and later; one that was here for a while
 * begins anew. */
static void back_off(const struct lb_bus *bus, struct lb_node *node)
{
    uint64_t wait = (uint64_t)LB_BACKOFF_FIRST_US << node->backoff;

    if (node->back_us != 0 && bus->now_us - node->back_us >= LB_STEADY_US) {
        node->backoff = 0;
    }
    if (node->backoff == 0) {
        wait = 0;
    }
    node->attach_us =
        bus->now_us + (wait < LB_BACKOFF_MAX_US ? wait : LB_BACKOFF_MAX_US);
    if (node->backoff < LB_BACKOFF_STEPS) {
        node->backoff++;
    }
}

/* A technician looks for other things behind a bad contact than behind a
 * dead board. */
static const char *why_silent(const struct lb_node *node)
{
    if (node->count.crc_errors != node->crc_then) {
        return "its replies arrive damaged";
    }
    return "it does not answer";
}

static void tell_away(struct lb_bus *bus, uint8_t board, const char *text)
{
    struct lb_node *node = &bus->node[board];

    if (node->away == NULL) {
        node->away = text != NULL ? text : why_silent(node);
        if (text == NULL && node->backoff > LB_COMES_AND_GOES) {
            node->away = "it comes and goes";
        }
        lb_report_board(bus, LB_REPORT_AWAY, board, node->away);
    }
    node->refused = NULL;
    node->ask = false;
    lb_attach_end(bus, board);
    node->doubt = node->was_off = false;
    lb_leaf_forget(node);
    lb_pulse_drop(bus, board, "its board went away");
}

static void tell_refused(struct lb_bus *bus, uint8_t board, const char *text)
{
    struct lb_node *node = &bus->node[board];

    if (node->refused != text) {
        lb_report_board(bus, LB_REPORT_REFUSED, board, text);
    }
    node->refused = text;
    node->away = NULL;
    node->doubt = node->was_off = false;
    lb_leaf_forget(node);
    lb_pulse_drop(bus, board, "its board was refused");
}

static void tell_back(struct lb_bus *bus, uint8_t board)
{
    struct lb_node *node = &bus->node[board];

    node->away = NULL;
    node->refused = NULL;
    node->back_us = bus->now_us;
    node->probes = 0;
    lb_leaf_tell(bus, board);
    lb_report_board(bus, LB_REPORT_BACK, board, NULL);
}

/* Not before its outputs are known to be off, where they need not be. */
static void tell_answers(struct lb_bus *bus, uint8_t board)
{
    struct lb_node *node = &bus->node[board];

    if (!node->doubt && !node->recheck) {
        lb_report_board(bus, LB_REPORT_ANSWERS, board,
                        node->was_off ? "it answers again; its outputs are off"
                                      : NULL);
        node->was_off = false;
    }
}

void lb_link_checked(struct lb_bus *bus, uint8_t board)
{
    if (bus->node[board].recheck) {
        lb_attach_end(bus, board);
    }
    bus->node[board].was_off = true;
    if (bus->node[board].link == LB_LINK_PRESENT) {
        tell_answers(bus, board);
    }
}

void lb_link_event(struct lb_bus *bus, uint8_t board, enum lb_link_event event,
                   const char *text)
{
    struct lb_node *node = &bus->node[board];
    unsigned effects = lb_link_step(&node->link, event);

    if ((effects & LB_LINK_END) != 0) {
        lb_attach_end(bus, board);
    }
    if ((effects & LB_LINK_BACKOFF) != 0) {
        back_off(bus, node);
    }
    if ((effects & LB_LINK_TELL_MISSED) != 0) {
        lb_report_board(bus, LB_REPORT_MISSED, board,
                        text != NULL ? text : why_silent(node));
    }
    if ((effects & LB_LINK_TELL_SUSPECT) != 0) {
        lb_report_board(bus, LB_REPORT_SUSPECT, board,
                        text != NULL ? text : why_silent(node));
    }
    if ((effects & LB_LINK_TELL_ANSWERS) != 0) {
        tell_answers(bus, board);
    }
    if ((effects & LB_LINK_TELL_AWAY) != 0) {
        tell_away(bus, board, text);
    }
    if ((effects & LB_LINK_TELL_REFUSED) != 0) {
        tell_refused(bus, board, text);
    }
    if ((effects & LB_LINK_TELL_BACK) != 0) {
        tell_back(bus, board);
    }
    if ((effects & LB_LINK_BEGIN) != 0) {
        lb_attach_begin(bus, board);
    }
}
