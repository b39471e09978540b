/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What lines and boards did, for the host: copies when it asks, and an event
 * of each line once an hour and when it is lost. None of it is journalled: it
 * says nothing of a door, and a line that errs would fill a disk.
 */

#include "cabinet/cabinet.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Boards ------------------------------------------------------------- */

static enum lockbus_board_state state_of(const struct lb_bus_view *view)
{
    switch (view->link) {
    case LB_LINK_NEW:
        return view->away != NULL ? LOCKBUS_BOARD_AWAY : LOCKBUS_BOARD_NEW;
    case LB_LINK_ABSENT:
        return LOCKBUS_BOARD_AWAY;
    case LB_LINK_ATTACH:
    case LB_LINK_ATTACH2:
        return view->refused != NULL ? LOCKBUS_BOARD_REFUSED
                                     : LOCKBUS_BOARD_CHECKING;
    case LB_LINK_PRESENT:
        return LOCKBUS_BOARD_PRESENT;
    case LB_LINK_MISSED:
        return LOCKBUS_BOARD_MISSED;
    case LB_LINK_SUSPECT:
        return LOCKBUS_BOARD_SUSPECT;
    case LB_LINK_REFUSED:
        return LOCKBUS_BOARD_REFUSED;
    case LB_LINK_HOLE:
    case LB_LINK_STATES:
        break;
    }
    return (enum lockbus_board_state)0;
}

static const char *const board_names[] = {
    [LOCKBUS_BOARD_NEW] = "NEW",         [LOCKBUS_BOARD_CHECKING] = "CHECKING",
    [LOCKBUS_BOARD_PRESENT] = "PRESENT", [LOCKBUS_BOARD_SUSPECT] = "SUSPECT",
    [LOCKBUS_BOARD_AWAY] = "AWAY",       [LOCKBUS_BOARD_REFUSED] = "REFUSED",
    [LOCKBUS_BOARD_MISSED] = "MISSED",
};

const char *lockbus_board_state_name(enum lockbus_board_state state)
{
    if ((unsigned)state >= sizeof board_names / sizeof board_names[0] ||
        board_names[state] == NULL) {
        return "?";
    }
    return board_names[state];
}

/* What any copy needs: a handle, room, its size told, an index that is one. */
static enum lockbus_err check(const struct lockbus_cabinet *cabinet,
                              const uint32_t *size, size_t wanted,
                              struct lockbus_error *why)
{
    if (cabinet == NULL || size == NULL) {
        (void)lb_reason(why, LOCKBUS_ERR_USAGE, "arguments",
                        "an argument is missing");
        return LOCKBUS_ERR_USAGE;
    }
    if (*size != wanted) {
        (void)lb_reason(why, LOCKBUS_ERR_USAGE, "size",
                        "set it to the size of the struct before asking");
        return LOCKBUS_ERR_USAGE;
    }
    return LOCKBUS_OK;
}

static void board_counters(const struct lb_board_counters *count,
                           struct lockbus_board *board)
{
    board->requests = count->requests;
    board->replies = count->replies;
    board->timeouts = count->timeouts;
    board->crc_errors = count->crc_errors;
    board->exceptions = count->exceptions;
    board->late = count->late;
    board->echoes = count->echoes;
    board->pulses = count->pulses;
    memcpy(board->reply_times, count->reply_times, sizeof board->reply_times);
}

static void line_of(const struct lb_bus *bus, struct lockbus_board *board)
{
    struct lb_bus_counters counters;

    lb_bus_counters(bus, &counters);
    board->bus_foreign = counters.foreign;
    board->bus_stray_bytes = counters.stray_bytes;
}

enum lockbus_err lockbus_board_at(const struct lockbus_cabinet *cabinet,
                                  unsigned index, struct lockbus_board *board,
                                  struct lockbus_error *why)
{
    struct lb_bus_view view;
    enum lockbus_err err =
        check(cabinet, board != NULL ? &board->size : NULL, sizeof *board, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (index >= cabinet->board_count) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "index",
                         "there are not so many boards");
    }
    const struct lb_cabinet_board *from = &cabinet->boards[index];

    if (!lb_bus_view(cabinet->bus[from->bus], from->index, &view)) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "index",
                         "its bus does not know this board");
    }
    memset(board, 0, sizeof *board);
    board->size = (uint32_t)sizeof *board;
    board->number = from->number;
    memcpy(board->bus, cabinet->config->bus[from->bus].name, sizeof board->bus);
    board->address = view.board->address;
    memcpy(board->profile, view.board->profile->name, sizeof board->profile);
    board->state = state_of(&view);
    bool gone = board->state == LOCKBUS_BOARD_AWAY ||
                board->state == LOCKBUS_BOARD_REFUSED;

    if (gone && (view.refused != NULL || view.away != NULL)) {
        (void)snprintf(board->text, sizeof board->text, "%s",
                       view.refused != NULL ? view.refused : view.away);
    }
    for (size_t i = 0; i < LB_PROFILE_CHANNELS; i++) {
        if (from->door[i] != LB_DOOR_NONE) {
            board->doors++;
        }
    }
    board_counters(&view.count, board);
    line_of(cabinet->bus[from->bus], board);
    board->reply_age_us =
        view.replied_us == 0 ? UINT64_MAX : cabinet->now_us - view.replied_us;
    board->reply_time_us = view.reply_us;
    return LOCKBUS_OK;
}

/* ---- Lines -------------------------------------------------------------- */

static void bus_counters(const struct lb_bus *from, struct lockbus_bus *bus)
{
    struct lb_bus_counters count;

    lb_bus_counters(from, &count);
    bus->requests = count.requests;
    bus->replies = count.replies;
    bus->timeouts = count.timeouts;
    bus->crc_errors = count.crc_errors;
    bus->foreign = count.foreign;
    bus->late = count.late;
    bus->echoes = count.echoes;
    bus->exceptions = count.exceptions;
    bus->stray_bytes = count.stray_bytes;
    bus->pulses = count.pulses;
    bus->rounds = count.rounds;
    bus->losses = count.losses;
}

static void bus_boards(const struct lb_bus *from, struct lockbus_bus *bus)
{
    struct lb_bus_view view;

    for (uint8_t i = 0; lb_bus_view(from, i, &view); i++) {
        enum lockbus_board_state state = state_of(&view);

        bus->boards++;
        bus->boards_present += state == LOCKBUS_BOARD_PRESENT ||
                               state == LOCKBUS_BOARD_MISSED ||
                               state == LOCKBUS_BOARD_SUSPECT;
        bus->boards_away += state == LOCKBUS_BOARD_AWAY;
        bus->boards_refused += state == LOCKBUS_BOARD_REFUSED;
    }
}

static enum lockbus_latency latency_of(const struct lockbus_line *line)
{
    switch (lb_line_low_latency(line)) {
    case LB_LOW_LATENCY_ON:
        return LOCKBUS_LATENCY_LOW;
    case LB_LOW_LATENCY_REFUSED:
        return LOCKBUS_LATENCY_REFUSED;
    case LB_LOW_LATENCY_NONE:
        break;
    }
    return LOCKBUS_LATENCY_NONE;
}

enum lockbus_err lockbus_bus_at(const struct lockbus_cabinet *cabinet,
                                unsigned index, struct lockbus_bus *bus,
                                struct lockbus_error *why)
{
    struct lb_bus_state state;
    enum lockbus_err err =
        check(cabinet, bus != NULL ? &bus->size : NULL, sizeof *bus, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (index >= cabinet->bus_count) {
        return lb_reason(why, LOCKBUS_ERR_USAGE, "index",
                         "there are not so many buses");
    }
    const struct lb_config_bus *wired = &cabinet->config->bus[index];

    lb_bus_state(cabinet->bus[index], &state);
    memset(bus, 0, sizeof *bus);
    bus->size = (uint32_t)sizeof *bus;
    memcpy(bus->name, wired->name, sizeof bus->name);
    memcpy(bus->port, wired->port, sizeof bus->port);
    bus->baud = wired->serial.baud;
    bus->open = state.open;
    (void)snprintf(bus->text, sizeof bus->text, "%s", state.why);
    if (state.open) {
        bus->latency = latency_of(&cabinet->line[index]);
    }
    bus_boards(cabinet->bus[index], bus);
    bus_counters(cabinet->bus[index], bus);
    bus->round_us = bus->boards_present > 0 ? state.round_us : 0;
    memcpy(bus->reply_times, state.reply_times, sizeof bus->reply_times);
    return LOCKBUS_OK;
}

/* ---- Events ------------------------------------------------------------- */

/* Whole or not at all: half a number would be another one. */
static void add_count(char text[96], uint64_t count, const char *what)
{
    size_t len = strlen(text);
    char part[72];
    int more = snprintf(part, sizeof part, ", %" PRIu64 " %s", count, what);

    if (count != 0 && more > 0 && len + (size_t)more < 96) {
        memcpy(text + len, part, (size_t)more + 1);
    }
}

static void tell_counts(struct lockbus_cabinet *cab, size_t bus)
{
    struct lb_port_words *port = &cab->port[bus];
    struct lb_bus_counters now;
    const struct lb_bus_counters *told = &port->told;
    struct lb_event event = {.kind = LOCKBUS_EVENT_BUS_COUNTS,
                             .door = LB_DOOR_NONE,
                             .text = port->counts};

    lb_bus_counters(cab->bus[bus], &now);
    (void)snprintf(port->counts, sizeof port->counts,
                   "%s: %" PRIu64 " requests in %" PRIu64 " s",
                   cab->config->bus[bus].name, now.requests - told->requests,
                   (cab->now_ms - port->told_ms) / 1000);
    add_count(port->counts, now.timeouts - told->timeouts, "unanswered");
    add_count(port->counts, now.crc_errors - told->crc_errors, "damaged");
    add_count(port->counts, now.late - told->late, "late");
    add_count(port->counts, now.foreign - told->foreign, "foreign");
    add_count(port->counts, now.exceptions - told->exceptions, "exceptions");
    add_count(port->counts, now.stray_bytes - told->stray_bytes, "stray bytes");
    port->told = now;
    port->told_ms = cab->now_ms;
    lb_event_put(cab, &event);
}

void lb_lines_missed(struct lockbus_cabinet *cab,
                     struct lb_cabinet_board *board,
                     const struct lb_report *report)
{
    uint32_t now_s = (uint32_t)(cab->now_ms / 1000);
    struct lb_event event = {.kind = LOCKBUS_EVENT_BOARD_MISSED,
                             .door = LB_DOOR_NONE,
                             .board = board->number,
                             .text = report->text};

    while (board->miss_runs > 0 && now_s >= board->miss_s) {
        board->miss_runs--;
        board->miss_s += LB_MISS_TELL_S;
    }
    if (report->kind == LB_REPORT_SUSPECT) {
        event.kind = LOCKBUS_EVENT_BOARD_SUSPECT;
    } else if (report->kind == LB_REPORT_ANSWERS) {
        event.kind = LOCKBUS_EVENT_BOARD_ANSWERS;
    } else {
        if (board->miss_runs == 0) {
            board->miss_s = now_s + LB_MISS_TELL_S;
        }
        board->miss_told = board->miss_runs < LB_MISS_RUNS;
        board->miss_runs += board->miss_told;
    }
    if (board->miss_told) {
        lb_event_put(cab, &event);
    }
    if (report->kind == LB_REPORT_ANSWERS) {
        board->miss_told = false;
    }
}

void lb_lines_board_says(const struct lockbus_cabinet *cab,
                         struct lockbus_event *event)
{
    struct lb_bus_view view;

    if (event->kind != LOCKBUS_EVENT_BOARD_MISSED &&
        event->kind != LOCKBUS_EVENT_BOARD_SUSPECT &&
        event->kind != LOCKBUS_EVENT_BOARD_ANSWERS &&
        event->kind != LOCKBUS_EVENT_BOARD_BACK) {
        return;
    }
    for (size_t i = 0; i < cab->board_count; i++) {
        const struct lb_cabinet_board *board = &cab->boards[i];
        char of[40];

        if (board->number == event->board &&
            lb_bus_view(cab->bus[board->bus], board->index, &view)) {
            (void)snprintf(of, sizeof of, "unanswered of %" PRIu64,
                           view.count.requests);
            add_count(event->text, view.count.timeouts, of);
        }
    }
}

void lb_lines_lost(struct lockbus_cabinet *cab, size_t bus)
{
    struct lb_bus_counters now;

    lb_bus_counters(cab->bus[bus], &now);
    if (now.requests != cab->port[bus].told.requests) {
        tell_counts(cab, bus);
    }
}

void lb_lines_opened(struct lockbus_cabinet *cab, size_t bus)
{
    struct lb_port_words *port = &cab->port[bus];
    struct lb_event event = {.kind = LOCKBUS_EVENT_PORT_SLOW,
                             .door = LB_DOOR_NONE,
                             .text = port->slow};

    if (lb_line_low_latency(&cab->line[bus]) == LB_LOW_LATENCY_REFUSED) {
        lb_port_say(&cab->config->bus[bus],
                    "low latency refused: replies up to 16 ms late",
                    port->slow);
        lb_event_put(cab, &event);
    }
}

void lb_lines_due(struct lockbus_cabinet *cab)
{
    for (size_t b = 0; b < cab->bus_count; b++) {
        struct lb_port_words *port = &cab->port[b];

        if (!port->timed) {
            port->timed = true;
            port->told_ms = cab->now_ms;
        }
        if (cab->now_ms - port->told_ms >= LB_LINE_TELL_MS) {
            tell_counts(cab, b);
        }
    }
}
