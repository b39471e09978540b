/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * One round of everything, and when to come again. The order matters: what
 * the worker finished first, then time, then what the buses report, then
 * asks, and last the next write, so that one poll carries an open as far as
 * it can go.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

enum {
    TICK_BATCH = 16,
    RETRY_US = 1000,
    TIMEOUT_MAX_MS = 1000,
    MANIFEST_HEAD = 28
};

/* 36,000 years: what a clock cannot say, and sums cannot carry over. */
#define CLOCK_END_US (UINT64_C(1) << 60)

static void tick(struct lockbus_cabinet *cab)
{
    struct lb_record record[TICK_BATCH];
    size_t count;

    while (!cab->journal_failed && lb_journal_has_room(cab->journal, true) &&
           (count = lb_gate_tick(&cab->gate, record, TICK_BATCH)) != 0) {
        if (!lb_write(cab, record, count)) {
            return;
        }
    }
}

/* Powered time is only as good as the last block: one is written at least
 * every hour, with the floor of time as its record. */
static void heartbeat(struct lockbus_cabinet *cab)
{
    struct lb_record record = {
        .type = LB_REC_TIME,
        .door = LB_DOOR_NONE,
        .powered_ms = cab->gate.powered_ms,
    };

    if (cab->journal_failed || !cab->gate.booted ||
        cab->now_ms - cab->last_block_ms < LB_HEARTBEAT_MS ||
        !lb_journal_has_room(cab->journal, false)) {
        return;
    }
    lb_put_u64(record.body, cab->gate.floor_s);
    (void)lb_write(cab, &record, 1);
}

/* The manifest that lies beside the configuration, once after start. */
static void file_manifest(struct lockbus_cabinet *cab)
{
    size_t len = cab->file_manifest_len;
    struct lb_ask ask = {
        .kind = LB_ASK_MANIFEST, .bytes = cab->file_manifest, .len = len};
    struct lockbus_error why;
    uint32_t ticket;

    if (!cab->file_manifest_there || !cab->gate.booted ||
        !lb_journal_has_room(cab->journal, true)) {
        return;
    }
    cab->file_manifest_there = false;
    /* This operator's and not newer: nothing to do, and nothing to refuse.
     * Something else that lies there is refused aloud. */
    if (len >= MANIFEST_HEAD && lb_same(cab->file_manifest, "LBM1\1", 5) &&
        lb_same(cab->file_manifest + 8, cab->gate.manifest.operator_id, 16) &&
        lb_get_u32(cab->file_manifest + 24) <= cab->gate.manifest.number) {
        return;
    }
    enum lockbus_err err = lb_ask(cab, &ask, NULL, 0, &ticket, &why);

    if (err != LOCKBUS_OK) {
        struct lb_event event = {.kind = LOCKBUS_EVENT_REFUSED,
                                 .door = LB_DOOR_NONE,
                                 .rule = why.rule,
                                 .text = "the manifest file was refused"};
        lb_event_put(cab, &event);
    }
}

static void watch(struct lockbus_cabinet *cab)
{
    int fds[LB_CONFIG_BUSES];
    size_t count = 0;

    for (size_t b = 0; b < cab->bus_count; b++) {
        int fd = lb_bus_fd(cab->bus[b]);

        if (fd >= 0 && lb_bus_listens(cab->bus[b])) {
            fds[count++] = fd;
        }
    }
    lb_loop_watch(&cab->loop, fds, count);
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t ms_to_us(uint64_t ms)
{
    return ms > UINT64_MAX / 1000 ? UINT64_MAX : ms * 1000;
}

static uint64_t buses_next_us(const struct lockbus_cabinet *cab)
{
    uint64_t next = UINT64_MAX;

    for (size_t b = 0; b < cab->bus_count; b++) {
        next = earliest(next, lb_bus_next_us(cab->bus[b]));
    }
    return next;
}

/* When something is due that comes from no bus. */
static uint64_t own_next_us(const struct lockbus_cabinet *cab)
{
    uint64_t gate_ms = lb_gate_next_ms(&cab->gate);
    uint64_t next = ms_to_us(lb_facts_next_ms(cab));

    if (gate_ms != UINT64_MAX) {
        uint64_t at = gate_ms < cab->base_powered_ms
                          ? 0
                          : gate_ms - cab->base_powered_ms + cab->start_ms;
        next = earliest(next, ms_to_us(at));
    }
    for (size_t i = 0; i < LB_RECHECKS; i++) {
        if (cab->recheck[i].ticket != 0) {
            next = earliest(next, ms_to_us(cab->recheck[i].until_ms));
        }
    }
    if (cab->refusal[0].count != 0) {
        next = earliest(next, ms_to_us(cab->refusals_at_ms + 1000));
    }
    return earliest(next, ms_to_us(cab->last_block_ms + LB_HEARTBEAT_MS));
}

/* Overdue means that something waits for the journal: come back soon, not at
 * once. */
static void come_again(struct lockbus_cabinet *cab)
{
    uint64_t next = earliest(cab->due_us, buses_next_us(cab));

    cab->next_us = next > cab->now_us ? next : cab->now_us + RETRY_US;
    watch(cab);
    lb_loop_arm(&cab->loop, cab->next_us - cab->now_us);
}

/*
 * Nobody asked for anything, nothing is on its way to the disk, no latch
 * moves: until something of our own is due, or a bus reports, or a call comes
 * (which clears `rests`), another look at every door would find what this
 * one found. Most polls only move bytes, several for each reply.
 */
static bool at_rest(const struct lockbus_cabinet *cab)
{
    if (!cab->gate.booted || cab->file_manifest_there || cab->journal_failed ||
        cab->journal_busy || cab->derive_busy || cab->derive_ended ||
        cab->fact_count != 0 || cab->refusal[0].count != 0 ||
        cab->archive.state != LB_ARCHIVE_REST || cab->archive.look) {
        return false;
    }
    for (size_t i = 0; i < LOCKBUS_TICKETS; i++) {
        if (cab->ticket[i].state != LB_TICKET_FREE) {
            return false;
        }
    }
    for (size_t i = 0; i < LB_RECHECKS; i++) {
        if (cab->recheck[i].ticket != 0) {
            return false;
        }
    }
    for (size_t i = 0; i < cab->board_count; i++) {
        if (cab->boards[i].state != cab->boards[i].noted) {
            return false; /* it is noted at a pace */
        }
    }
    for (uint16_t door = 0; door < cab->door_count; door++) {
        if (cab->slots[door].latch.permit_ref != 0) {
            return false;
        }
    }
    return true;
}

static bool buses_poll(struct lockbus_cabinet *cab)
{
    bool news = false;

    for (size_t b = 0; b < cab->bus_count; b++) {
        lb_bus_poll(cab->bus[b], cab->now_us);
        news = lb_bus_news(cab->bus[b]) || news;
    }
    return news;
}

/* A coil that the process before pulsed is as hot as one of ours, and a
 * process that dies again and again must not burn it. Of an intent it is known
 * that its last pulse left within its life; of the time since the last block
 * nothing is known, so that it counts as none. */
static void rest_from_before(struct lockbus_cabinet *cab)
{
    for (uint16_t n = 0; n < cab->door_count; n++) {
        const struct lb_slot *slot = &cab->slots[n];
        const struct lb_gate_door *door = &cab->gate_doors[n];
        const struct lb_cabinet_board *board = &cab->boards[slot->board];
        uint64_t last_ms = door->intent_ms + LB_PERMIT_LIFE_MS;
        uint64_t gone_us = 0;

        if (!slot->used || door->intent_ref == 0) {
            continue;
        }
        if (cab->base_powered_ms > last_ms) {
            gone_us = (cab->base_powered_ms - last_ms) * 1000;
        }
        lb_bus_pulsed_before(cab->bus[board->bus], board->index, slot->channel,
                             cab->now_us > gone_us ? cab->now_us - gone_us : 0,
                             cab->now_us);
    }
}

static void take_time(struct lockbus_cabinet *cab, uint64_t now_us)
{
    cab->now_us = now_us;
    cab->now_ms = now_us / 1000;
    if (!cab->polled) {
        cab->polled = true;
        cab->start_ms = cab->now_ms;
        cab->last_block_ms = cab->now_ms;
        rest_from_before(cab);
        lb_facts_host_timed(cab);
    }
    lb_gate_clock(&cab->gate,
                  cab->base_powered_ms + cab->now_ms - cab->start_ms);
    uint64_t unix_s = 0;

    if (cab->gate.time_known) {
        unix_s = cab->gate.time_s +
                 (cab->gate.powered_ms - cab->gate.time_told_ms) / 1000;
    }
    lb_journal_stamp(cab->journal, cab->gate.boot, cab->gate.powered_ms, unix_s,
                     cab->gate.time_known && cab->gate.time_trusted);
}

/* Nothing depends on a trace, so its end is news and no more. */
static void trace_news(struct lockbus_cabinet *cab)
{
    const char *text = lb_trace_news(cab->trace);

    if (text != NULL) {
        lb_event_put(cab, &(struct lb_event){.kind = LOCKBUS_EVENT_TRACE_ENDED,
                                             .door = LB_DOOR_NONE,
                                             .text = text});
    }
}

static void before_buses(struct lockbus_cabinet *cab)
{
    lb_ask_worker_ended(cab);
    lb_facts_flush(cab);
    if (!cab->gate.booted) {
        tick(cab); /* BOOT, before anything else is on record */
    }
}

static void after_buses(struct lockbus_cabinet *cab)
{
    lb_facts_from_buses(cab);
    lb_facts_due(cab);
    lb_lines_due(cab);
    /* Only now: a window must not end over a permit whose result is due. */
    tick(cab);
    file_manifest(cab);
    cab->released = false;
    lb_ask_advance(cab);
    tick(cab);
    lb_refusal_flush(cab, false);
    heartbeat(cab);
    lb_ask_commit(cab);
    /* Without a worker the write has already ended: go on at once. */
    lb_ask_worker_ended(cab);
    lb_ask_advance(cab);
    lb_archive_advance(cab);
    if (cab->released) {
        /* The pulse's first byte need not wait for another round. */
        (void)buses_poll(cab);
        lb_facts_from_buses(cab);
    }
}

enum lockbus_err lockbus_cabinet_poll(struct lockbus_cabinet *cabinet,
                                      uint64_t now_us)
{
    struct lockbus_cabinet *cab = cabinet;

    if (cab == NULL || now_us >= CLOCK_END_US ||
        (cab->polled && now_us < cab->now_us)) {
        return LOCKBUS_ERR_USAGE;
    }
    lb_loop_begin(&cab->loop);
    bool rests = cab->rests && now_us < cab->due_us;

    if (!rests) {
        lb_facts_watch(cab, now_us);
    }
    take_time(cab, now_us);
    lb_trace_time(cab->trace, now_us);
    if (!rests) {
        before_buses(cab);
    }
    if (buses_poll(cab) || !rests) {
        after_buses(cab);
        cab->rests = at_rest(cab);
        cab->due_us = own_next_us(cab);
    } else {
        lb_lines_due(cab);
    }
    lb_facts_seen(cab);
    trace_news(cab);
    come_again(cab);
    return LOCKBUS_OK;
}

int lockbus_cabinet_fd(const struct lockbus_cabinet *cabinet)
{
    return cabinet != NULL ? cabinet->loop.epoll : -1;
}

uint64_t lockbus_cabinet_deadline_us(const struct lockbus_cabinet *cabinet)
{
    return cabinet != NULL && cabinet->polled ? cabinet->next_us : 0;
}

int lockbus_cabinet_timeout_ms(const struct lockbus_cabinet *cabinet,
                               uint64_t now_us)
{
    uint64_t at = lockbus_cabinet_deadline_us(cabinet);

    if (at <= now_us) {
        return 0;
    }
    uint64_t wait_ms = (at - now_us + 999) / 1000;

    return wait_ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : (int)wait_ms;
}

enum lockbus_err lockbus_cabinet_time(struct lockbus_cabinet *cabinet,
                                      uint64_t unix_s, bool trusted)
{
    if (cabinet == NULL || unix_s >= UINT64_C(1) << 36) {
        return LOCKBUS_ERR_USAGE;
    }
    cabinet->rests = false;
    lb_gate_time(&cabinet->gate, unix_s, trusted);
    return LOCKBUS_OK;
}
