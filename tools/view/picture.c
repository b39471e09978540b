/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "picture.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NO_DOOR = 0xFFFF };

static const struct {
    char letter;
    const char *word;
} states[PICTURE_STATES] = {
    [PICTURE_FORCED] = {'F', "forced"},
    [PICTURE_JAMMED] = {'J', "jammed"},
    [PICTURE_AJAR] = {'A', "ajar"},
    [PICTURE_OPEN] = {'O', "open"},
    [PICTURE_RELEASING] = {'R', "released"},
    [PICTURE_AWAY] = {'X', "board away"},
    [PICTURE_UNREAD] = {'?', "not read"},
    [PICTURE_BLOCKED] = {'B', "blocked"},
    [PICTURE_FROZEN] = {'Z', "frozen"},
    [PICTURE_LOADING] = {'L', "loading"},
    [PICTURE_EMPTYING] = {'E', "emptying"},
    [PICTURE_OCCUPIED] = {'P', "parcel"},
    [PICTURE_VACANT] = {'.', "vacant"},
};

void picture_init(struct picture *picture, uint64_t now_us)
{
    memset(picture, 0, sizeof *picture);
    picture->now_us = picture->begun_us = now_us;
}

static void take_doors(struct picture *picture,
                       const struct lockbus_cabinet *cabinet)
{
    picture->doors = picture->info.doors < PICTURE_DOORS ? picture->info.doors
                                                         : PICTURE_DOORS;
    for (uint16_t n = 0; n < PICTURE_DOORS; n++) {
        struct picture_door *door = &picture->door[n];

        door->at.size = (uint32_t)sizeof door->at;
        door->used = n < picture->doors &&
                     lockbus_door_at(cabinet, n, &door->at, NULL) == LOCKBUS_OK;
    }
}

static void take_boards(struct picture *picture,
                        const struct lockbus_cabinet *cabinet)
{
    picture->boards = picture->info.boards < PICTURE_BOARDS
                          ? picture->info.boards
                          : PICTURE_BOARDS;
    for (unsigned i = 0; i < picture->boards; i++) {
        struct picture_board *board = &picture->board[i];

        board->at.size = (uint32_t)sizeof board->at;
        if (lockbus_board_at(cabinet, i, &board->at, NULL) != LOCKBUS_OK) {
            board->number = 0;
            continue;
        }
        board->number = board->at.number;
        board->here = board->at.state == LOCKBUS_BOARD_PRESENT ||
                      board->at.state == LOCKBUS_BOARD_MISSED ||
                      board->at.state == LOCKBUS_BOARD_SUSPECT;
        memcpy(board->text, board->at.text, sizeof board->text);
    }
}

bool picture_take(struct picture *picture,
                  const struct lockbus_cabinet *cabinet, uint64_t now_us)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    picture->now_us = now_us;
    if (lockbus_cabinet_info(cabinet, &info) != LOCKBUS_OK) {
        return false;
    }
    picture->info = info;
    take_doors(picture, cabinet);
    take_boards(picture, cabinet);
    picture_take_buses(picture, cabinet);
    return true;
}

/* ---- Lines --------------------------------------------------------------- */

static void add_line(struct picture *picture, uint64_t at_us,
                     enum picture_tone tone, const char *text)
{
    size_t at = (picture->line_first + picture->line_count) % PICTURE_LINES;
    struct picture_line *line = &picture->line[at];

    if (picture->line_count == PICTURE_LINES) {
        picture->line_first = (picture->line_first + 1) % PICTURE_LINES;
    } else {
        picture->line_count++;
    }
    line->at_us = at_us;
    line->tone = tone;
    (void)snprintf(line->text, sizeof line->text, "%s", text);
}

void picture_say(struct picture *picture, enum picture_tone tone,
                 const char *text)
{
    add_line(picture, picture->now_us, tone, text);
}

const struct picture_line *picture_line_at(const struct picture *picture,
                                           size_t back)
{
    if (back >= picture->line_count) {
        return NULL;
    }
    return &picture
                ->line[(picture->line_first + picture->line_count - 1 - back) %
                       PICTURE_LINES];
}

/* Kinds that are not listed are plain. */
static const struct {
    enum lockbus_event_kind kind;
    enum picture_tone tone;
} tones[] = {
    {LOCKBUS_EVENT_OPENED, PICTURE_GOOD},
    {LOCKBUS_EVENT_DONE, PICTURE_GOOD},
    {LOCKBUS_EVENT_REFUSED, PICTURE_REFUSED},
    {LOCKBUS_EVENT_FAILED, PICTURE_BAD},
    {LOCKBUS_EVENT_UNKNOWN, PICTURE_BAD},
    {LOCKBUS_EVENT_EXPIRED, PICTURE_BAD},
    {LOCKBUS_EVENT_FORCED, PICTURE_BAD},
    {LOCKBUS_EVENT_AJAR, PICTURE_BAD},
    {LOCKBUS_EVENT_JAMMED, PICTURE_BAD},
    {LOCKBUS_EVENT_BOARD_AWAY, PICTURE_BAD},
    {LOCKBUS_EVENT_BOARD_REFUSED, PICTURE_BAD},
    {LOCKBUS_EVENT_PORT_LOST, PICTURE_BAD},
    {LOCKBUS_EVENT_PORT_SLOW, PICTURE_BAD},
    {LOCKBUS_EVENT_HOST_TIMED, PICTURE_BAD},
    {LOCKBUS_EVENT_STUCK_ON, PICTURE_BAD},
    {LOCKBUS_EVENT_JOURNAL_FAILED, PICTURE_BAD},
    {LOCKBUS_EVENT_LOST, PICTURE_BAD},
    {LOCKBUS_EVENT_TRACE_ENDED, PICTURE_BAD},
    {LOCKBUS_EVENT_ROLLED_BACK, PICTURE_BAD},
    {LOCKBUS_EVENT_FORKED, PICTURE_BAD},
};

static enum picture_tone tone_of(const struct lockbus_event *event)
{
    for (size_t i = 0; i < sizeof tones / sizeof tones[0]; i++) {
        if (tones[i].kind == event->kind) {
            return tones[i].tone;
        }
    }
    return PICTURE_PLAIN;
}

/* What the event's text does not say. */
static void detail(const struct lockbus_event *event, char *out, size_t cap)
{
    out[0] = '\0';
    if (event->kind == LOCKBUS_EVENT_LEAF) {
        (void)snprintf(out, cap, "%s%s", lockbus_latch_name(event->latch),
                       event->assumed ? " (assumed)" : "");
    } else if (event->kind == LOCKBUS_EVENT_CUSTODY) {
        (void)snprintf(out, cap, "%s: ", lockbus_custody_name(event->custody));
    } else if (event->rule != LOCKBUS_RULE_NONE) {
        (void)snprintf(out, cap, "by %s: ", lockbus_rule_name(event->rule));
    } else if (event->kind == LOCKBUS_EVENT_LOST) {
        (void)snprintf(out, cap, "%u: ", (unsigned)event->count);
    }
}

/* A leaf that only became known or unknown with its board is no news beside
 * the board's own line, nor is one beside its alarm. */
static bool is_news(struct picture *picture, const struct lockbus_event *event)
{
    if (event->kind != LOCKBUS_EVENT_LEAF || event->door >= PICTURE_DOORS) {
        return true;
    }
    enum lockbus_latch before = picture->door[event->door].told;

    picture->door[event->door].told = event->latch;
    return event->latch == LOCKBUS_LATCH_OPEN ||
           event->latch == LOCKBUS_LATCH_RELEASING ||
           (event->latch == LOCKBUS_LATCH_SHUT &&
            before >= LOCKBUS_LATCH_RELEASING && before != LOCKBUS_LATCH_AWAY);
}

void picture_event(struct picture *picture, const struct lockbus_event *event)
{
    if (!is_news(picture, event)) {
        return;
    }
    char subject[32] = "", what[40], text[sizeof picture->line[0].text];

    if (event->door != NO_DOOR) {
        (void)snprintf(subject, sizeof subject, "%s", event->label);
    } else if (event->board != 0) {
        (void)snprintf(subject, sizeof subject, "board %u", event->board);
    }
    detail(event, what, sizeof what);
    (void)snprintf(text, sizeof text, "%-8s %-13s %s%s", subject,
                   lockbus_event_name(event->kind), what,
                   event->kind == LOCKBUS_EVENT_LEAF ? "" : event->text);
    add_line(picture, event->at_us, tone_of(event), text);
}

/* ---- A door's letter ------------------------------------------------------
 */

static enum picture_state shut_state(const struct lockbus_door *door)
{
    if (door->blocked) {
        return PICTURE_BLOCKED;
    }
    if (door->frozen) {
        return PICTURE_FROZEN;
    }
    switch (door->custody) {
    case LOCKBUS_CUSTODY_LOADING:
        return PICTURE_LOADING;
    case LOCKBUS_CUSTODY_EMPTYING:
        return PICTURE_EMPTYING;
    case LOCKBUS_CUSTODY_OCCUPIED:
        return PICTURE_OCCUPIED;
    case LOCKBUS_CUSTODY_VACANT:
        break;
    }
    return PICTURE_VACANT;
}

enum picture_state picture_state(const struct picture_door *door)
{
    switch (door->at.latch) {
    case LOCKBUS_LATCH_SHUT:
        return shut_state(&door->at);
    case LOCKBUS_LATCH_RELEASING:
        return PICTURE_RELEASING;
    case LOCKBUS_LATCH_OPEN:
        return PICTURE_OPEN;
    case LOCKBUS_LATCH_AJAR:
        return PICTURE_AJAR;
    case LOCKBUS_LATCH_JAMMED:
        return PICTURE_JAMMED;
    case LOCKBUS_LATCH_FORCED:
        return PICTURE_FORCED;
    case LOCKBUS_LATCH_AWAY:
        return PICTURE_AWAY;
    case LOCKBUS_LATCH_UNKNOWN:
        break;
    }
    return PICTURE_UNREAD;
}

char picture_state_letter(enum picture_state state)
{
    return (unsigned)state < PICTURE_STATES ? states[state].letter : '?';
}

const char *picture_state_word(enum picture_state state)
{
    return (unsigned)state < PICTURE_STATES ? states[state].word : "?";
}

char picture_letter(const struct picture_door *door)
{
    char letter = picture_state_letter(picture_state(door));

    return door->at.assumed ? (char)tolower((unsigned char)letter) : letter;
}

char picture_mark(const struct picture_door *door)
{
    enum picture_state state = picture_state(door);
    bool said = state == PICTURE_LOADING || state == PICTURE_EMPTYING ||
                state == PICTURE_OCCUPIED;

    if (door->at.custody == LOCKBUS_CUSTODY_VACANT) {
        return door->at.content == LOCKBUS_CONTENT_FULL ? '!' : ' ';
    }
    return said ? ' ' : '*';
}
