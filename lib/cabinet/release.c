/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A permit on its way to a board, its withdrawal, and the end of the ticket
 * that asked for it.
 */

#include "cabinet/cabinet.h"

/* The end of what a permit was for, seen from the host. */
void lb_slot_end(struct lockbus_cabinet *cab, struct lb_slot *slot,
                 enum lockbus_event_kind kind)
{
    struct lb_ticket *ticket = lb_ticket_find(cab, slot->ticket);

    slot->ticket = 0;
    if (ticket == NULL) {
        return;
    }
    const char *text = NULL;

    if (kind == LOCKBUS_EVENT_OPENED) {
        kind = slot->sensor ? kind : LOCKBUS_EVENT_UNCONFIRMED;
    } else if (ticket->pulses == 0) {
        kind = LOCKBUS_EVENT_EXPIRED;
    } else if (kind == LOCKBUS_EVENT_UNKNOWN && ticket->accepted) {
        text = "the board confirmed the pulse, but the leaf was not read";
    }
    lb_ticket_end(cab, ticket, kind, LOCKBUS_RULE_NONE, text);
}

void lb_facts_withdraw(struct lockbus_cabinet *cab, uint16_t door)
{
    struct lb_slot *slot = &cab->slots[door];
    const struct lb_cabinet_board *board = &cab->boards[slot->board];

    if (slot->used && slot->latch.permit_ref != 0) {
        lb_bus_cancel(cab->bus[board->bus], board->index, slot->channel);
        slot->blind = true; /* a pulse may be on the wire */
        slot->latch.permit_until_ms = cab->now_ms;
    }
}

void lb_release(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                const struct lb_permit *permit)
{
    struct lb_slot *slot = &cab->slots[permit->door];
    const struct lb_cabinet_board *board = &cab->boards[slot->board];
    struct lb_bus *bus = cab->bus[board->bus];
    uint64_t until_ms =
        permit->deadline_ms - cab->base_powered_ms + cab->start_ms;

    /* lb_ask() lets no second open of a door begin while one runs. */
    slot->ticket = ticket->id;
    slot->blind = false;
    if (!lb_bus_present(bus, board->index)) {
        /* Lost between the decision and the disk: now or never. */
        lb_facts_unknown(cab, permit->door, permit->ref);
        lb_slot_end(cab, slot, LOCKBUS_EVENT_EXPIRED);
        return;
    }
    slot->latch.permit_ref = permit->ref;
    slot->latch.permit_until_ms = until_ms;
    /* The step first: it withdraws what an older permit may have left. */
    unsigned effects = lb_step(cab, permit->door, LB_LATCH_EV_PERMIT);

    if ((effects & LB_LATCH_FX_PULSE) == 0 ||
        lb_bus_pulse(bus, board->index, slot->channel, permit,
                     until_ms * 1000) != LOCKBUS_OK) {
        lb_facts_withdraw(cab, permit->door);
    }
    cab->released = true;
}
