/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What the host is told. Events wait in a ring of fixed size; when the host
 * does not take them, the newest are dropped and counted, and the count
 * itself is an event: the journal, not the ring, is the record.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

/* All texts are static, or the cabinet's own of a port or the disk, so the
 * same one is the same pointer. A sentence too many would be told as its
 * kind's own. */
static uint8_t keep_text(struct lockbus_cabinet *cab, const char *text)
{
    for (uint8_t i = 0; text != NULL && i < LB_EVENT_TEXTS; i++) {
        if (cab->text[i] == NULL) {
            cab->text[i] = text;
        }
        if (cab->text[i] == text) {
            return (uint8_t)(i + 1);
        }
    }
    return 0;
}

void lb_event_put(struct lockbus_cabinet *cab, const struct lb_event *event)
{
    /* One place is kept for the event that says how many were lost. */
    if (cab->event_count >= LOCKBUS_EVENTS - 1) {
        cab->events_lost++;
        return;
    }
    size_t at = (cab->event_head + cab->event_count) % LOCKBUS_EVENTS;
    struct lb_event now = *event;

    /* A door as it is now: the host may be slow to take the event. */
    if (event->door < cab->door_count) {
        now.latch = cab->slots[event->door].latch.state;
        now.custody = cab->gate_doors[event->door].custody;
        now.content = cab->gate_doors[event->door].content;
    }
    cab->event[at] = (struct lb_waiting_event){
        .at_us = cab->now_us,
        .ticket = event->ticket,
        .door = event->door,
        .board = (uint16_t)event->board,
        .kind = (uint8_t)event->kind,
        .rule = (uint16_t)event->rule,
        .latch = now.latch,
        .custody = now.custody,
        .count = event->count,
        .content = now.content & 3U,
        .reason = (unsigned)event->reason & 15U,
        .text = keep_text(cab, event->text),
        .assumed = event->assumed,
    };
    cab->event_count++;
}

void lb_event_latch(struct lockbus_cabinet *cab, size_t from, uint16_t door)
{
    for (size_t i = from; i < cab->event_count; i++) {
        struct lb_waiting_event *event =
            &cab->event[(cab->event_head + i) % LOCKBUS_EVENTS];

        if (event->kind == LOCKBUS_EVENT_CUSTODY && event->door == door) {
            event->latch = cab->slots[door].latch.state;
        }
    }
}

struct lb_ticket *lb_ticket_find(struct lockbus_cabinet *cab, uint32_t id)
{
    for (size_t i = 0; i < LOCKBUS_TICKETS; i++) {
        if (cab->ticket[i].state != LB_TICKET_FREE && cab->ticket[i].id == id) {
            return &cab->ticket[i];
        }
    }
    return NULL;
}

struct lb_ticket *lb_ticket_of_ref(struct lockbus_cabinet *cab, uint32_t ref)
{
    for (size_t i = 0; i < LOCKBUS_TICKETS; i++) {
        struct lb_ticket *ticket = &cab->ticket[i];

        if (ticket->state == LB_TICKET_PERMITTED && ticket->ref == ref) {
            return ticket;
        }
    }
    return NULL;
}

void lb_ticket_end(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                   enum lockbus_event_kind kind, enum lockbus_rule rule,
                   const char *text)
{
    struct lb_event event = {
        .kind = kind,
        .ticket = ticket->id,
        .door = ticket->door,
        .rule = rule,
        .count = ticket->pulses,
        .assumed = kind == LOCKBUS_EVENT_UNCONFIRMED,
        .text = text,
    };

    lb_event_put(cab, &event);
    *ticket = (struct lb_ticket){.state = LB_TICKET_FREE};
}

const char *lockbus_latch_name(enum lockbus_latch latch)
{
    if ((unsigned)latch == LB_LATCH_HOLE || (unsigned)latch >= LB_LATCH_COUNT) {
        return "?";
    }
    return lb_latch_state_name((enum lb_latch_state)latch);
}

const char *lockbus_content_name(enum lockbus_content content)
{
    static const char *const names[] = {
        [LOCKBUS_CONTENT_UNWATCHED] = "UNWATCHED",
        [LOCKBUS_CONTENT_UNKNOWN] = "UNKNOWN",
        [LOCKBUS_CONTENT_EMPTY] = "EMPTY",
        [LOCKBUS_CONTENT_FULL] = "FULL",
    };

    return (unsigned)content < sizeof names / sizeof names[0] ? names[content]
                                                              : "?";
}

struct event_name {
    enum lockbus_event_kind kind;
    const char *name, *text;
};

/* clang-format off */
static const struct event_name event_names[] = {
    {LOCKBUS_EVENT_NONE, "NONE", ""},
    {LOCKBUS_EVENT_SENT, "SENT", "the pulse is on the wire"},
    {LOCKBUS_EVENT_ACCEPTED, "ACCEPTED", "the board confirmed the pulse"},
    {LOCKBUS_EVENT_OPENED, "OPENED", "the leaf was seen open"},
    {LOCKBUS_EVENT_FAILED, "FAILED", "the door never opened"},
    {LOCKBUS_EVENT_UNKNOWN, "UNKNOWN", "what came of it cannot be known"},
    {LOCKBUS_EVENT_EXPIRED, "EXPIRED", "no pulse was sent in time"},
    {LOCKBUS_EVENT_REFUSED, "REFUSED", "refused"},
    {LOCKBUS_EVENT_DONE, "DONE", "on record"},
    {LOCKBUS_EVENT_UNCONFIRMED, "UNCONFIRMED", "the board drove the latch; nothing can see the leaf"},
    {LOCKBUS_EVENT_LEAF, "LEAF", "the door changed"},
    {LOCKBUS_EVENT_CUSTODY, "CUSTODY", "another custody is on record"},
    {LOCKBUS_EVENT_FORCED, "FORCED", "the door opened without being told to"},
    {LOCKBUS_EVENT_AJAR, "AJAR", "the door stands open too long"},
    {LOCKBUS_EVENT_JAMMED, "JAMMED", "pulsed, but the door did not open"},
    {LOCKBUS_EVENT_CONTENT, "CONTENT", "the content sensor says something else"},
    {LOCKBUS_EVENT_BOARD_AWAY, "BOARD_AWAY", "the board does not answer"},
    {LOCKBUS_EVENT_BOARD_BACK, "BOARD_BACK", "the board answers and was checked; all its outputs are off"},
    {LOCKBUS_EVENT_BOARD_REFUSED, "BOARD_REFUSED", "the board is not what its profile says"},
    {LOCKBUS_EVENT_PORT_LOST, "PORT_LOST", "the port is gone, it is tried again"},
    {LOCKBUS_EVENT_PORT_OPEN, "PORT_OPEN", "the port is open"},
    {LOCKBUS_EVENT_PORT_SLOW, "PORT_SLOW", "the adapter delays replies by up to 16 ms"},
    {LOCKBUS_EVENT_BUS_COUNTS, "BUS_COUNTS", "what a line did since the last such event"},
    {LOCKBUS_EVENT_BOARD_MISSED, "BOARD_MISSED", "a reply did not come"},
    {LOCKBUS_EVENT_BOARD_SUSPECT, "BOARD_SUSPECT", "two replies did not come"},
    {LOCKBUS_EVENT_BOARD_ANSWERS, "BOARD_ANSWERS", "it answers again"},
    {LOCKBUS_EVENT_HOST_TIMED, "HOST_TIMED", "this host ends its pulses: if it dies in one, the solenoid stays driven until it is back"},
    {LOCKBUS_EVENT_STUCK_ON, "STUCK_ON", "an output may be on that should be off"},
    {LOCKBUS_EVENT_STUCK_OFF, "STUCK_OFF", "the output reads off again"},
    {LOCKBUS_EVENT_JOURNAL_FAILED, "JOURNAL_FAILED", "the journal failed: nothing opens until restart"},
    {LOCKBUS_EVENT_LOST, "LOST", "events were dropped because nobody took them"},
    {LOCKBUS_EVENT_TRACE_ENDED, "TRACE_ENDED", "the trace's file ended, all else goes on"},
    {LOCKBUS_EVENT_ANCHOR_DUE, "ANCHOR_DUE", "whole segments of the journal have no receipt: send the operator an anchor"},
    {LOCKBUS_EVENT_ROLLED_BACK, "ROLLED_BACK", "the operator has a receipt for blocks that this journal does not have"},
    {LOCKBUS_EVENT_FORKED, "FORKED", "the operator has a receipt for another block than this journal's"},
};
/* clang-format on */

static const struct event_name *event_name(enum lockbus_event_kind kind)
{
    for (size_t i = 0; i < sizeof event_names / sizeof event_names[0]; i++) {
        if (event_names[i].kind == kind) {
            return &event_names[i];
        }
    }
    return NULL;
}

bool lockbus_event_ends(const struct lockbus_event *event)
{
    return event != NULL && event->ticket != 0 &&
           event->kind >= LOCKBUS_EVENT_OPENED &&
           event->kind <= LOCKBUS_EVENT_UNCONFIRMED;
}

const char *lockbus_event_name(enum lockbus_event_kind kind)
{
    const struct event_name *found = event_name(kind);

    return found != NULL ? found->name : "?";
}

/* What LEAF tells: the latch's new state as a sentence. */
static const char *leaf_text(uint8_t latch)
{
    static const char *const texts[LB_LATCH_COUNT] = {
        [LB_LATCH_UNKNOWN] = "whether it is open is not known yet",
        [LB_LATCH_SHUT] = "it is shut",
        [LB_LATCH_RELEASING] = "it may open now, and is still shut",
        [LB_LATCH_OPEN] = "it is open",
        [LB_LATCH_AJAR] = "it has been open for too long",
        [LB_LATCH_JAMMED] = "it was pulsed and stayed shut",
        [LB_LATCH_FORCED] = "it opened without being told to",
        [LB_LATCH_AWAY] = "its board does not answer",
    };

    return latch < LB_LATCH_COUNT ? texts[latch] : NULL;
}

static void tell(const struct lockbus_cabinet *cab,
                 const struct lb_waiting_event *from, struct lockbus_event *to)
{
    enum lockbus_event_kind kind = (enum lockbus_event_kind)from->kind;
    enum lockbus_rule rule = (enum lockbus_rule)from->rule;
    const char *text = from->text != 0 ? cab->text[from->text - 1] : NULL;

    memset(to, 0, sizeof *to);
    to->size = (uint32_t)sizeof *to;
    to->kind = kind;
    to->at_us = from->at_us;
    to->ticket = from->ticket;
    to->door = from->door;
    to->rule = rule;
    to->latch = (enum lockbus_latch)from->latch;
    to->custody = (enum lockbus_custody)from->custody;
    to->content = (enum lockbus_content)from->content;
    to->reason = (enum lockbus_custody_reason)from->reason;
    if (from->door < cab->door_count) {
        memcpy(to->label, lb_config_door(cab->config, from->door).label,
               sizeof to->label);
    }
    to->board = from->board;
    to->count = from->count;
    to->assumed = from->assumed;
    if (kind == LOCKBUS_EVENT_LEAF) {
        text = leaf_text(from->latch);
    }
    if (kind == LOCKBUS_EVENT_CUSTODY) {
        text = lb_custody_text(to->reason);
    }
    if (text == NULL && rule != LOCKBUS_RULE_NONE) {
        text = lockbus_rule_text(rule);
    }
    if (text == NULL) {
        text = event_name(kind)->text;
    }
    (void)snprintf(to->text, sizeof to->text, "%s", text);
    lb_lines_board_says(cab, to);
}

bool lockbus_cabinet_next_event(struct lockbus_cabinet *cabinet,
                                struct lockbus_event *event)
{
    if (cabinet == NULL || event == NULL) {
        return false;
    }
    if (cabinet->event_count == 0) {
        if (cabinet->events_lost == 0) {
            return false;
        }
        struct lb_waiting_event lost = {.kind = LOCKBUS_EVENT_LOST,
                                        .at_us = cabinet->now_us,
                                        .door = LB_DOOR_NONE};
        tell(cabinet, &lost, event);
        event->count = cabinet->events_lost;
        cabinet->events_lost = 0;
        return true;
    }
    tell(cabinet, &cabinet->event[cabinet->event_head], event);
    cabinet->event_head = (cabinet->event_head + 1) % LOCKBUS_EVENTS;
    cabinet->event_count--;
    return true;
}

enum lockbus_err lb_reason(struct lockbus_error *why, enum lockbus_err err,
                           const char *field, const char *text)
{
    if (why != NULL) {
        memset(why, 0, sizeof *why);
        why->err = err;
        (void)snprintf(why->field, sizeof why->field, "%s", field);
        (void)snprintf(why->text, sizeof why->text, "%s", text);
    }
    return err;
}

enum lockbus_err lb_no_random(struct lockbus_error *why)
{
    return lb_reason(why, LOCKBUS_ERR_IO, "random",
                     "the system gives no random bytes");
}

enum lockbus_err lb_reason_rule(struct lockbus_error *why,
                                enum lockbus_rule rule)
{
    enum lockbus_err err =
        lb_reason(why, LOCKBUS_ERR_DENIED, "", lockbus_rule_text(rule));

    if (why != NULL) {
        why->rule = rule;
    }
    return err;
}
