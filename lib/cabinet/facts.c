/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * From what happens at a door to what the gate is told.
 *
 * What the buses report (reports.c) goes to the door's latch, the latch's
 * effects become facts, alarms and events, and a fact becomes records by the
 * gate. A fact that finds the journal full waits in order; when too many
 * wait, the journal has failed: what happened would go unrecorded.
 *
 * A door without a sensor has its leaf assumed: open when the board accepted
 * the pulse, shut assume_open_s later. Such facts are marked. Time passes
 * without its board, too, but what is away is told as away.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

static uint32_t ajar_ms(const struct lockbus_cabinet *cab)
{
    return (uint32_t)cab->gate.manifest.limits.ajar_after_s * 1000U;
}

static bool write_fact(struct lockbus_cabinet *cab,
                       const struct lb_pending_fact *at)
{
    struct lb_record record[4];
    size_t count = 1;

    if (at->alarm != LB_ALARM_NONE) {
        record[0] = (struct lb_record){
            .type = LB_REC_ALARM,
            .kind = (uint8_t)at->alarm,
            .door = at->door,
            .ref = at->ref,
            .stay = cab->gate_doors[at->door].stay,
            .powered_ms = cab->gate.powered_ms,
        };
        record[0].body[LB_ALARM_PULSES] = at->pulses;
    } else {
        struct lb_gate_fact what = {at->door, at->fact, at->ref, at->assumed,
                                    at->seen_open_ms};

        count = lb_gate_fact(&cab->gate, what, record, 4);
        lb_facts_assumed(cab, record, count);
    }
    return count == 0 || lb_write_for(cab, at->ticket, record, count);
}

/* Damage that lies before the checkpoint stops nothing, and is on record once
 * for each start that met it. */
static void tell_damage(struct lockbus_cabinet *cab)
{
    const struct lb_record record = {.type = LB_REC_ALARM,
                                     .kind = LB_ALARM_JOURNAL,
                                     .door = LB_DOOR_NONE,
                                     .powered_ms = cab->gate.powered_ms};

    if (cab->recovery.damage_before && cab->gate.booted) {
        cab->recovery.damage_before = !lb_write(cab, &record, 1);
    }
}

void lb_facts_flush(struct lockbus_cabinet *cab)
{
    size_t done = 0;

    tell_damage(cab);

    while (done < cab->fact_count && write_fact(cab, &cab->fact[done])) {
        done++;
    }
    for (size_t i = done; i < cab->fact_count; i++) {
        cab->fact[i - done] = cab->fact[i];
    }
    cab->fact_count -= done;
}

static void put_fact(struct lockbus_cabinet *cab,
                     const struct lb_pending_fact *fact)
{
    if (cab->journal_failed) {
        return;
    }
    if (cab->fact_count == 0 && write_fact(cab, fact)) {
        return;
    }
    if (cab->fact_count == LB_FACTS) {
        lb_journal_has_failed(cab, "the journal is too slow for what happens");
        return;
    }
    cab->fact[cab->fact_count++] = *fact;
}

static void tell_fact(struct lockbus_cabinet *cab, uint16_t door,
                      enum lb_fact fact, uint32_t ref)
{
    struct lb_pending_fact pending = {.door = door,
                                      .fact = fact,
                                      .ref = ref,
                                      .assumed = !cab->slots[door].sensor};

    put_fact(cab, &pending);
}

/* `pulses` sent, of JAMMED. A reminder is an event only: the journal has the
 * first alarm of an opening, and the shut that ended it. */
static void alarm(struct lockbus_cabinet *cab, uint16_t door,
                  enum lb_alarm kind, uint32_t ref, uint8_t pulses)
{
    static const enum lockbus_event_kind events[LB_ALARM_COUNT] = {
        [LB_ALARM_FORCED] = LOCKBUS_EVENT_FORCED,
        [LB_ALARM_AJAR] = LOCKBUS_EVENT_AJAR,
        [LB_ALARM_JAMMED] = LOCKBUS_EVENT_JAMMED,
    };
    struct lb_event event = {.kind = events[kind],
                             .door = door,
                             .latch = cab->slots[door].latch.state,
                             .custody = cab->gate_doors[door].custody,
                             .count = pulses};
    struct lb_pending_fact pending = {
        .door = door, .alarm = kind, .ref = ref, .pulses = pulses};

    if (kind == LB_ALARM_AJAR) {
        event.count = (uint8_t)(cab->slots[door].latch.ajar_alarms - 1);
    }
    lb_event_put(cab, &event);
    if (kind != LB_ALARM_AJAR || event.count == 0) {
        put_fact(cab, &pending);
    }
}

/* ---- Who looked, and when ---------------------------------------------------
 */

static uint64_t powered_at(const struct lockbus_cabinet *cab, uint64_t at_us)
{
    uint64_t at_ms = at_us / 1000;

    return at_ms < cab->start_ms ? cab->base_powered_ms
                                 : cab->base_powered_ms + at_ms - cab->start_ms;
}

/* Measured before this poll reads anything: a gap is one between readings,
 * whether the host did not poll, the board did not answer or the line was
 * lost. */
void lb_facts_watch(struct lockbus_cabinet *cab, uint64_t now_us)
{
    for (uint16_t door = 0; door < cab->door_count; door++) {
        struct lb_slot *slot = &cab->slots[door];

        if (slot->used && slot->latch.permit_ref != 0 &&
            now_us - cab->boards[slot->board].seen_us > LB_BLIND_US) {
            slot->blind = true;
        }
    }
}

void lb_facts_seen(struct lockbus_cabinet *cab)
{
    for (size_t i = 0; i < cab->board_count; i++) {
        struct lb_cabinet_board *board = &cab->boards[i];

        board->seen_us = lb_bus_read_us(cab->bus[board->bus], board->index);
    }
}

void lb_facts_live(struct lockbus_cabinet *cab, uint16_t door)
{
    if (door >= cab->door_count || !cab->slots[door].used) {
        return;
    }
    const struct lb_slot *slot = &cab->slots[door];
    const struct lb_cabinet_board *board = &cab->boards[slot->board];

    lb_gate_live(&cab->gate, door,
                 lb_bus_present(cab->bus[board->bus], board->index),
                 slot->leaf_known, slot->leaf_open);
}

static void do_effects(struct lockbus_cabinet *cab, uint16_t door,
                       unsigned effects, uint32_t ref)
{
    struct lb_slot *slot = &cab->slots[door];
    const struct lb_cabinet_board *board = &cab->boards[slot->board];
    const struct lb_ticket *ticket = lb_ticket_find(cab, slot->ticket);
    uint8_t pulses = ticket != NULL ? ticket->pulses : 0;

    if ((effects & LB_LATCH_FX_CANCEL) != 0) {
        lb_bus_cancel(cab->bus[board->bus], board->index, slot->channel);
    }
    if ((effects & LB_LATCH_FX_OPENED) != 0) {
        lb_slot_end(cab, slot, LOCKBUS_EVENT_OPENED);
    }
    /* An assumed leaf is no working sensor, and one that nobody read for a
     * while may have opened and shut again: no use comes back. */
    bool watched = slot->sensor && !slot->blind;

    if ((effects & LB_LATCH_FX_NEVER) != 0) {
        tell_fact(cab, door, watched ? LB_FACT_NEVER_OPENED : LB_FACT_UNKNOWN,
                  ref);
        lb_slot_end(cab, slot,
                    watched ? LOCKBUS_EVENT_FAILED : LOCKBUS_EVENT_UNKNOWN);
    }
    if ((effects & LB_LATCH_FX_UNKNOWN) != 0) {
        tell_fact(cab, door, LB_FACT_UNKNOWN, ref);
        lb_slot_end(cab, slot, LOCKBUS_EVENT_UNKNOWN);
    }
    if ((effects & LB_LATCH_FX_FORCED) != 0) {
        alarm(cab, door, LB_ALARM_FORCED, 0, 0);
    }
    if ((effects & LB_LATCH_FX_AJAR) != 0) {
        alarm(cab, door, LB_ALARM_AJAR, 0, 0);
    }
    if ((effects & LB_LATCH_FX_JAMMED) != 0) {
        alarm(cab, door, LB_ALARM_JAMMED, ref, pulses);
    }
}

unsigned lb_step(struct lockbus_cabinet *cab, uint16_t door,
                 enum lb_latch_event what)
{
    struct lb_slot *slot = &cab->slots[door];
    uint8_t before = slot->latch.state;
    uint32_t ref = slot->latch.permit_ref;
    unsigned effects =
        lb_latch_step(&slot->latch, what, cab->now_ms, ajar_ms(cab));

    do_effects(cab, door, effects, ref);
    /* The permit ran out over a leaf that stood open already: no fact
     * follows, but the ticket has its end. */
    if ((what == LB_LATCH_EV_DEADLINE || what == LB_LATCH_EV_LAPSED) &&
        slot->ticket != 0) {
        lb_slot_end(cab, slot,
                    slot->leaf_open ? LOCKBUS_EVENT_OPENED
                                    : LOCKBUS_EVENT_UNKNOWN);
    }
    if (slot->latch.state != before) {
        struct lb_event event = {.kind = LOCKBUS_EVENT_LEAF,
                                 .door = door,
                                 .latch = slot->latch.state,
                                 .custody = cab->gate_doors[door].custody,
                                 .assumed = !slot->sensor};
        lb_event_put(cab, &event);
    }
    return effects;
}

/* A door with a parcel that is found open on the first look after a start or
 * a board's return, and was shut when last seen: it was opened unbidden while
 * nobody looked. The latch, which knows nothing of before, cannot tell. */
static bool opened_unseen(const struct lockbus_cabinet *cab, uint16_t door)
{
    const struct lb_slot *slot = &cab->slots[door];
    const struct lb_gate_door *gate = &cab->gate_doors[door];

    return slot->sensor &&
           (slot->latch.state == LB_LATCH_AWAY ||
            slot->latch.state == LB_LATCH_UNKNOWN) &&
           gate->custody == LB_CUSTODY_OCCUPIED && !gate->leaf_was_open;
}

void lb_leaf(struct lockbus_cabinet *cab, uint16_t door, bool open)
{
    struct lb_slot *slot = &cab->slots[door];
    const struct lb_cabinet_board *board = &cab->boards[slot->board];
    bool unseen = open && opened_unseen(cab, door);

    if (!slot->sensor && !board->here) {
        tell_fact(cab, door, open ? LB_FACT_LEAF_OPENED : LB_FACT_LEAF_SHUT, 0);
        return;
    }
    slot->leaf_known = true;
    slot->leaf_open = open;
    if (slot->latch.state == LB_LATCH_AWAY) {
        (void)lb_step(cab, door, LB_LATCH_EV_BACK);
    }
    lb_facts_live(cab, door);
    /* The gate first: RESULT and custody belong to this moment, before any
     * alarm that the latch makes of it. */
    struct lb_pending_fact fact = {
        .door = door,
        .fact = open ? LB_FACT_LEAF_OPENED : LB_FACT_LEAF_SHUT,
        .assumed = !slot->sensor,
        .ticket = open ? slot->ticket : 0,
        .seen_open_ms =
            slot->sensor
                ? powered_at(cab, lb_bus_open_us(cab->bus[board->bus],
                                                 board->index, slot->channel))
                : 0,
    };
    size_t before = cab->event_count;

    slot->latch.forced = slot->latch.forced || unseen;
    if (!open && cab->gate_doors[door].leaf_was_open) {
        /* The opening that a running permit found is over, also where the
         * latch did not see it: a pulse now would make another. */
        lb_facts_withdraw(cab, door);
    }
    put_fact(cab, &fact);
    (void)lb_step(cab, door,
                  open ? LB_LATCH_EV_LEAF_OPEN : LB_LATCH_EV_LEAF_SHUT);
    lb_event_latch(cab, before, door);
    if (unseen) {
        alarm(cab, door, LB_ALARM_FORCED, 0, 0);
    }
}

/* Never opened because never pulsed (too late, withdrawn), or unwatched, is
 * no jam. */
static bool tried(struct lockbus_cabinet *cab, const struct lb_slot *slot)
{
    const struct lb_ticket *ticket = lb_ticket_find(cab, slot->ticket);

    return slot->sensor && !slot->blind && ticket != NULL && ticket->pulses;
}

void lb_facts_due(struct lockbus_cabinet *cab)
{
    for (uint16_t door = 0; door < cab->door_count; door++) {
        struct lb_slot *slot = &cab->slots[door];
        enum lb_latch_event due;

        if (!slot->used) {
            continue;
        }
        while ((due = lb_latch_due(&slot->latch, cab->now_ms)) !=
               LB_LATCH_EV_COUNT) {
            if (due == LB_LATCH_EV_DEADLINE && !tried(cab, slot)) {
                due = LB_LATCH_EV_LAPSED;
            }
            (void)lb_step(cab, door, due);
        }
        if (slot->assume_shut_ms != 0 && slot->assume_shut_ms <= cab->now_ms) {
            slot->assume_shut_ms = 0;
            lb_leaf(cab, door, false);
        }
    }
}

uint64_t lb_facts_next_ms(const struct lockbus_cabinet *cab)
{
    uint64_t next = UINT64_MAX;

    for (uint16_t door = 0; door < cab->door_count; door++) {
        const struct lb_slot *slot = &cab->slots[door];
        uint64_t at = slot->used ? lb_latch_next_ms(&slot->latch) : UINT64_MAX;

        if (slot->assume_shut_ms != 0 && slot->assume_shut_ms < at) {
            at = slot->assume_shut_ms;
        }
        next = at < next ? at : next;
    }
    return next;
}

void lb_facts_unknown(struct lockbus_cabinet *cab, uint16_t door, uint32_t ref)
{
    tell_fact(cab, door, LB_FACT_UNKNOWN, ref);
}
