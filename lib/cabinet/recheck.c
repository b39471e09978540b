/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * D8, P3 and S3 demand that the door's board answered in the last round; one
 * that did not is asked once more before the ask is decided. Meanwhile the
 * ask waits here, for LB_RECHECK_MS at most, and its ticket's refusal, if it
 * comes to that, is an event. Nothing is queued beyond that.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

bool lb_recheck_park(struct lockbus_cabinet *cab, const struct lb_ask *ask,
                     const uint8_t *seal, size_t seal_len,
                     struct lb_ticket *ticket)
{
    uint16_t door = lb_gate_peek_door(ask);
    struct lb_recheck *at = NULL;

    if (door >= cab->door_count || !cab->slots[door].used ||
        ask->len > sizeof at->bytes || ask->proof_len > sizeof at->proof ||
        seal_len > sizeof at->seal) {
        return false;
    }
    for (size_t i = 0; i < LB_RECHECKS && at == NULL; i++) {
        at = cab->recheck[i].ticket == 0 ? &cab->recheck[i] : NULL;
    }
    if (at == NULL) {
        return false;
    }
    at->ticket = ticket->id;
    at->kind = ask->kind;
    at->until_ms = cab->now_ms + LB_RECHECK_MS;
    at->door = door;
    at->len = ask->len;
    at->proof_len = ask->proof_len;
    at->seal_len = seal_len;
    lb_copy(at->bytes, ask->bytes, ask->len);
    lb_copy(at->proof, ask->proof, ask->proof_len);
    lb_copy(at->seal, seal, seal_len);
    ticket->state = LB_TICKET_RECHECK;
    ticket->door = door;

    const struct lb_cabinet_board *board = &cab->boards[cab->slots[door].board];
    lb_bus_ask(cab->bus[board->bus], board->index);
    return true;
}

static void advance(struct lockbus_cabinet *cab, struct lb_recheck *at)
{
    struct lb_ticket *ticket = lb_ticket_find(cab, at->ticket);
    const struct lb_cabinet_board *board =
        &cab->boards[cab->slots[at->door].board];

    if (ticket == NULL) {
        at->ticket = 0;
        return;
    }
    if (cab->now_ms < at->until_ms &&
        !lb_bus_present(cab->bus[board->bus], board->index)) {
        return;
    }
    struct lb_ask ask = {
        .kind = at->kind,
        .bytes = at->bytes,
        .len = at->len,
        .proof = at->proof,
        .proof_len = at->proof_len,
    };
    lb_facts_live(cab, at->door);
    lb_ask_again(cab, ticket, &ask, at->seal_len != 0 ? at->seal : NULL);
    *at = (struct lb_recheck){.ticket = 0};
}

void lb_recheck_advance(struct lockbus_cabinet *cab)
{
    for (size_t i = 0; i < LB_RECHECKS; i++) {
        if (cab->recheck[i].ticket != 0 &&
            lb_journal_has_room(cab->journal, true)) {
            advance(cab, &cab->recheck[i]);
        }
    }
}

void lb_recheck_forget(struct lockbus_cabinet *cab)
{
    for (size_t i = 0; i < LB_RECHECKS; i++) {
        cab->recheck[i].ticket = 0;
    }
}
