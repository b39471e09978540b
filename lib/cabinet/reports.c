/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What the buses report: boards that come and go, pulses on their way, leaves
 * that moved. Sent, accepted by the board and leaf seen open are three facts,
 * and only the last moves custody.
 */

#include "cabinet/cabinet.h"

/* A board that flaps is noted at a pace, and after a few times more and more
 * slowly: at last every 11 min. What it is when the pace allows it is noted
 * then, so that an absence that lasts is never missing. */
static uint64_t note_pace_ms(const struct lb_cabinet_board *board)
{
    unsigned steps = board->note_step > LB_BOARD_NOTE_FREE
                         ? board->note_step - LB_BOARD_NOTE_FREE
                         : 0;

    return (uint64_t)LB_BOARD_NOTE_MS << steps;
}

static void note_board(struct lockbus_cabinet *cab,
                       struct lb_cabinet_board *board)
{
    struct lb_record record = {
        .type = LB_REC_BOARD,
        .kind = board->state,
        .door = LB_DOOR_NONE,
        .ref = board->number,
        .powered_ms = cab->gate.powered_ms,
    };
    uint64_t since_ms = cab->now_ms - board->noted_ms;

    if (board->state == board->noted || cab->journal_failed ||
        !lb_journal_has_room(cab->journal, false) ||
        (board->noted != LB_BOARD_NEW && since_ms < note_pace_ms(board)) ||
        !lb_write(cab, &record, 1)) {
        return;
    }
    if (since_ms >= LB_BOARD_NOTE_FREE * note_pace_ms(board)) {
        board->note_step = 0;
    } else if (board->note_step < LB_BOARD_NOTE_FREE + LB_BOARD_NOTE_STEPS) {
        board->note_step++;
    }
    board->noted = board->state;
    board->noted_ms = cab->now_ms;
}

static void board_event(struct lockbus_cabinet *cab,
                        const struct lb_cabinet_board *board,
                        enum lockbus_event_kind kind, const char *text)
{
    struct lb_event event = {.kind = kind,
                             .door = LB_DOOR_NONE,
                             .board = board->number,
                             .text = text};

    lb_event_put(cab, &event);
}

void lb_facts_host_timed(struct lockbus_cabinet *cab)
{
    for (size_t i = 0; i < cab->board_count; i++) {
        const struct lb_config_board *board = &cab->config->board[i];

        if (cab->config->profile[board->profile].host_timed) {
            board_event(cab, &cab->boards[i], LOCKBUS_EVENT_HOST_TIMED, NULL);
        }
    }
}

/* An opening that no sensor saw is on record as just that. */
void lb_facts_assumed(const struct lockbus_cabinet *cab,
                      struct lb_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct lb_record *record = &records[i];

        if (record->type == LB_REC_RESULT &&
            record->kind == LB_OUTCOME_OPENED &&
            record->door < cab->door_count &&
            !cab->slots[record->door].sensor) {
            record->body[LB_RESULT_ASSUMED] = 1;
        }
    }
}

/* What content sensors on this board, or one channel of it, say now. */
static void contents(struct lockbus_cabinet *cab, size_t board, int channel,
                     enum lb_content content)
{
    for (uint16_t door = 0; door < cab->door_count; door++) {
        const struct lb_config_door at = lb_config_door(cab->config, door);

        if (!at.content || at.content_board != board ||
            (channel >= 0 && at.content_channel != channel) ||
            cab->gate_doors[door].content == content) {
            continue;
        }
        struct lb_event event = {.kind = LOCKBUS_EVENT_CONTENT,
                                 .door = door,
                                 .content = (uint8_t)content};

        lb_gate_content(&cab->gate, door, content);
        lb_event_put(cab, &event);
    }
}

static void board_away(struct lockbus_cabinet *cab,
                       struct lb_cabinet_board *board,
                       const struct lb_report *report)
{
    bool refused = report->kind == LB_REPORT_REFUSED;

    if (board->here || refused) {
        board_event(cab, board,
                    refused ? LOCKBUS_EVENT_BOARD_REFUSED
                            : LOCKBUS_EVENT_BOARD_AWAY,
                    report->text);
        board->state = refused ? 2 : 0;
    }
    board->here = board->miss_told = false;
    contents(cab, (size_t)(board - cab->boards), -1, LB_CONTENT_UNKNOWN);
    for (size_t i = 0; i < LB_PROFILE_CHANNELS; i++) {
        uint16_t door = board->door[i];

        if (door == LB_DOOR_NONE) {
            continue;
        }
        cab->slots[door].leaf_known = false;
        lb_facts_live(cab, door);
        (void)lb_step(cab, door, LB_LATCH_EV_AWAY);
    }
}

static void board_back(struct lockbus_cabinet *cab,
                       struct lb_cabinet_board *board,
                       const struct lb_report *report)
{
    board->here = true;
    board_event(cab, board, LOCKBUS_EVENT_BOARD_BACK, report->text);
    board->state = 1;
    for (size_t i = 0; i < LB_PROFILE_CHANNELS; i++) {
        uint16_t door = board->door[i];

        if (door != LB_DOOR_NONE && !cab->slots[door].sensor) {
            lb_leaf(cab, door, false);
        }
    }
}

static void pulse_report(struct lockbus_cabinet *cab, uint16_t door,
                         const struct lb_report *report)
{
    struct lb_slot *slot = &cab->slots[door];
    struct lb_ticket *ticket = lb_ticket_of_ref(cab, report->ref);
    struct lb_event event = {.kind = LOCKBUS_EVENT_SENT, .door = door};

    if (ticket != NULL) {
        event.ticket = ticket->id;
    }
    if (report->kind == LB_REPORT_DROPPED) {
        if (slot->latch.permit_ref == report->ref && ticket != NULL &&
            ticket->pulses == 0) {
            slot->latch.permit_until_ms = cab->now_ms; /* nothing will come */
        }
        return;
    }
    if (report->kind == LB_REPORT_PULSE_LOST) {
        return; /* the leaf, or the deadline, will tell */
    }
    if (ticket != NULL && report->kind == LB_REPORT_SENT) {
        ticket->pulses++;
    }
    if (report->kind == LB_REPORT_ACCEPTED) {
        event.kind = LOCKBUS_EVENT_ACCEPTED;
    }
    if (ticket != NULL && report->kind == LB_REPORT_ACCEPTED) {
        ticket->accepted = true;
    }
    if (ticket != NULL) {
        lb_event_put(cab, &event);
    }
    if (report->kind != LB_REPORT_ACCEPTED) {
        return;
    }
    bool stood_open = slot->leaf_known && slot->leaf_open;

    if (!slot->sensor) {
        slot->assume_shut_ms =
            cab->now_ms +
            lb_config_door(cab->config, door).assume_open_s * 1000ULL;
        lb_leaf(cab, door, true);
    }
    if (stood_open) {
        lb_slot_end(cab, slot, LOCKBUS_EVENT_OPENED);
        if (slot->latch.permit_ref == report->ref) {
            /* Nothing more will be learnt, and whoever sees that it did not
             * move may ask again at once. */
            slot->latch.permit_until_ms = cab->now_ms;
        }
    }
}

static void stuck(struct lockbus_cabinet *cab,
                  const struct lb_cabinet_board *board, uint16_t door,
                  const struct lb_report *report)
{
    struct lb_event event = {.kind = report->kind == LB_REPORT_STUCK_ON
                                         ? LOCKBUS_EVENT_STUCK_ON
                                         : LOCKBUS_EVENT_STUCK_OFF,
                             .door = door,
                             .board = board->number,
                             .text = report->text};

    lb_event_put(cab, &event);
}

static void one_report(struct lockbus_cabinet *cab,
                       struct lb_cabinet_board *board,
                       const struct lb_report *report)
{
    uint16_t door = report->channel < LB_PROFILE_CHANNELS
                        ? board->door[report->channel]
                        : LB_DOOR_NONE;

    switch ((enum lb_report_kind)report->kind) {
    case LB_REPORT_LEAF:
        if (door != LB_DOOR_NONE && cab->slots[door].sensor) {
            lb_leaf(cab, door, report->leaf_open);
        }
        break;
    case LB_REPORT_CONTENT:
        contents(cab, (size_t)(board - cab->boards), report->channel,
                 report->full ? LB_CONTENT_FULL : LB_CONTENT_EMPTY);
        break;
    case LB_REPORT_SENT:
    case LB_REPORT_ACCEPTED:
    case LB_REPORT_PULSE_LOST:
    case LB_REPORT_DROPPED:
        if (door != LB_DOOR_NONE) {
            pulse_report(cab, door, report);
        }
        break;
    case LB_REPORT_AWAY:
    case LB_REPORT_REFUSED:
        board_away(cab, board, report);
        break;
    case LB_REPORT_BACK:
        board_back(cab, board, report);
        break;
    case LB_REPORT_MISSED:
    case LB_REPORT_SUSPECT:
    case LB_REPORT_ANSWERS:
        lb_lines_missed(cab, board, report);
        break;
    case LB_REPORT_STUCK_ON:
    case LB_REPORT_STUCK_OFF:
        stuck(cab, board, door, report);
        break;
    case LB_REPORT_NONE:
    case LB_REPORT_PORT_LOST:
    case LB_REPORT_PORT_OPEN:
    case LB_REPORT_ROUND:
        break;
    }
}

/* Which port, and why. A loss that nobody has taken yet when the next one
 * comes is told with the newer reason. */
static void port_report(struct lockbus_cabinet *cab, size_t bus,
                        const struct lb_report *report)
{
    bool lost = report->kind == LB_REPORT_PORT_LOST;
    struct lb_event event = {
        .kind = lost ? LOCKBUS_EVENT_PORT_LOST : LOCKBUS_EVENT_PORT_OPEN,
        .door = LB_DOOR_NONE,
        .text = lost ? cab->port[bus].lost : cab->port[bus].open,
    };

    if (lost) {
        lb_port_say(&cab->config->bus[bus],
                    report->text != NULL ? report->text : "it is gone",
                    cab->port[bus].lost);
    }
    lb_event_put(cab, &event);
    if (lost) {
        lb_lines_lost(cab, bus);
    } else {
        lb_lines_opened(cab, bus);
    }
}

static struct lb_cabinet_board *board_of(struct lockbus_cabinet *cab,
                                         size_t bus, uint8_t index)
{
    for (size_t i = 0; i < cab->board_count; i++) {
        if (cab->boards[i].bus == bus && cab->boards[i].index == index) {
            return &cab->boards[i];
        }
    }
    return NULL;
}

void lb_facts_from_buses(struct lockbus_cabinet *cab)
{
    struct lb_report report;

    for (size_t b = 0; b < cab->bus_count; b++) {
        while (lb_bus_next(cab->bus[b], &report)) {
            struct lb_cabinet_board *board = board_of(cab, b, report.board);

            if (report.kind == LB_REPORT_PORT_LOST ||
                report.kind == LB_REPORT_PORT_OPEN) {
                port_report(cab, b, &report);
            } else if (board != NULL) {
                one_report(cab, board, &report);
            }
        }
    }
    for (size_t i = 0; i < cab->board_count; i++) {
        note_board(cab, &cab->boards[i]);
    }
}
