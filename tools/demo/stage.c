/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "stage.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_EVERY_MS = 50 };

uint64_t stage_now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool stage_over(const struct stage *stage)
{
    return stage->live.quit;
}

/* The picture as it is now; what was seen last stays where lockbus is not. */
static void see(struct stage *stage)
{
    struct recorder *record = &stage->record;

    if (record->other_host ||
        !picture_take(&record->now, stage->cab, stage_now_us())) {
        record->now.now_us = stage_now_us();
    }
}

static void look(struct stage *stage)
{
    if (stage->live.open) {
        see(stage);
        recorder_look(&stage->record);
    }
}

/* ---- Telling ------------------------------------------------------------ */

/* Time to read, on a terminal only. The cabinet works on meanwhile. */
static void rest(struct stage *stage, enum telling kind, const char *text)
{
    uint64_t until = stage_now_us() + live_rest_ms(kind, text) * UINT64_C(1000);
    struct lockbus_event unused;

    while (stage->live.open && !stage->live.skip && !stage->live.quit &&
           stage_now_us() < until) {
        (void)stage_turn(stage, 0, &unused);
    }
    stage->live.skip = false;
}

static void tell(struct stage *stage, enum telling kind, const char *text)
{
    if (stage_over(stage)) {
        return; /* nothing was waited for: nothing can be said of it */
    }
    see(stage);
    recorder_tell(&stage->record, kind, text);
    rest(stage, kind, text);
}

void stage_scene(struct stage *stage, const char *title)
{
    tell(stage, TELL_SCENE, title);
}

void stage_check(struct stage *stage, bool holds, const char *sentence, ...)
{
    char text[TOLD_MAX];
    va_list args;

    va_start(args, sentence);
    (void)vsnprintf(text, sizeof text, sentence, args);
    va_end(args);
    tell(stage, holds ? TELL_HELD : TELL_BROKEN, text);
    if (!holds && stage->last.why[0] != '\0') {
        stage_note(stage, "(what was asked last: %s %s)", stage->last.why,
                   lockbus_rule_name(stage->last.rule));
    }
}

void stage_note(struct stage *stage, const char *sentence, ...)
{
    char text[TOLD_MAX];
    va_list args;

    va_start(args, sentence);
    (void)vsnprintf(text, sizeof text, sentence, args);
    va_end(args);
    tell(stage, TELL_NOTE, text);
}

void stage_words(struct stage *stage, const char *who, const char *words)
{
    char text[TOLD_MAX];

    (void)snprintf(text, sizeof text, "%s%.600s", who, words);
    tell(stage, TELL_WORDS, text);
}

/* ---- The host's loop ---------------------------------------------------- */

static void take_event(struct stage *stage, const struct lockbus_event *event)
{
    if (event->door < DOORS) {
        stage->opened[event->door] += event->kind == LOCKBUS_EVENT_OPENED;
        stage->forced[event->door] += event->kind == LOCKBUS_EVENT_FORCED;
        stage->unsure += event->kind == LOCKBUS_EVENT_FAILED ||
                         event->kind == LOCKBUS_EVENT_UNKNOWN ||
                         event->kind == LOCKBUS_EVENT_EXPIRED;
    }
    if (!stage->record.other_host) {
        see(stage);
        recorder_event(&stage->record, event);
    }
}

enum lockbus_event_kind stage_turn(struct stage *stage, uint32_t ticket,
                                   struct lockbus_event *end)
{
    struct lockbus_event event;
    enum lockbus_event_kind kind = LOCKBUS_EVENT_NONE;

    if (stage->cab == NULL) {
        (void)poll(NULL, 0, LOOK_EVERY_MS);
        look(stage);
        return kind;
    }
    if (lockbus_cabinet_poll(stage->cab, stage_now_us()) != LOCKBUS_OK) {
        return LOCKBUS_EVENT_JOURNAL_FAILED;
    }
    while (lockbus_cabinet_next_event(stage->cab, &event)) {
        take_event(stage, &event);
        if (ticket != 0 && event.ticket == ticket &&
            lockbus_event_ends(&event)) {
            *end = event;
            kind = event.kind;
        }
    }
    look(stage);
    if (kind == LOCKBUS_EVENT_NONE) {
        struct pollfd fd = {lockbus_cabinet_fd(stage->cab), POLLIN, 0};

        (void)poll(&fd, 1,
                   lockbus_cabinet_timeout_ms(stage->cab, stage_now_us()));
    }
    return kind;
}

enum lockbus_event_kind stage_finish(struct stage *stage, uint32_t ticket,
                                     struct lockbus_event *end)
{
    uint64_t until = stage_now_us() + WAIT_MS * UINT64_C(1000);
    enum lockbus_event_kind kind = LOCKBUS_EVENT_NONE;

    memset(end, 0, sizeof *end);
    while (kind == LOCKBUS_EVENT_NONE && stage_now_us() < until &&
           !stage_over(stage)) {
        kind = stage_turn(stage, ticket, end);
    }
    return kind;
}

void stage_wait_ms(struct stage *stage, uint64_t ms)
{
    uint64_t until = stage_now_us() + ms * 1000;
    struct lockbus_event unused;

    while (stage_now_us() < until && !stage_over(stage)) {
        (void)stage_turn(stage, 0, &unused);
    }
}

bool stage_wait_custody(struct stage *stage, uint16_t door,
                        enum lockbus_custody wanted)
{
    uint64_t until = stage_now_us() + WAIT_MS * UINT64_C(1000);
    struct lockbus_event unused;

    while (stage_door(stage, door).custody != wanted &&
           stage_now_us() < until && !stage_over(stage)) {
        (void)stage_turn(stage, 0, &unused);
    }
    return stage_door(stage, door).custody == wanted;
}

bool stage_wait_occupied(struct stage *stage, uint16_t door)
{
    uint64_t until = stage_now_us() + WAIT_MS * UINT64_C(1000);
    struct lockbus_event unused;

    (void)stage_wait_custody(stage, door, LOCKBUS_CUSTODY_OCCUPIED);
    while (stage_door(stage, door).latch != LOCKBUS_LATCH_SHUT &&
           stage_now_us() < until && !stage_over(stage)) {
        (void)stage_turn(stage, 0, &unused);
    }
    return stage_door(stage, door).custody == LOCKBUS_CUSTODY_OCCUPIED &&
           stage_door(stage, door).latch == LOCKBUS_LATCH_SHUT;
}

static bool all_shut(const struct stage *stage)
{
    for (uint16_t door = 0; door < DOORS; door++) {
        if (stage_door(stage, door).latch != LOCKBUS_LATCH_SHUT) {
            return false;
        }
    }
    return true;
}

bool stage_wait_shut(struct stage *stage)
{
    uint64_t until = stage_now_us() + WAIT_MS * UINT64_C(1000);
    struct lockbus_event unused;

    while (!all_shut(stage) && stage_now_us() < until && !stage_over(stage)) {
        (void)stage_turn(stage, 0, &unused);
    }
    return all_shut(stage);
}

bool stage_open(struct stage *stage)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_event unused;
    char path[WORLD_PATH + 64];

    (void)snprintf(path, sizeof path, "%s/cabinet.ini", stage->world.dir);
    if (lockbus_cabinet_open(&stage->cab, path, NULL, &why) != LOCKBUS_OK) {
        stage_note(stage, "the cabinet does not open: %s %s", why.field,
                   why.text);
        return false;
    }
    uint64_t until = stage_now_us() + WAIT_MS * UINT64_C(1000);

    do {
        (void)stage_turn(stage, 0, &unused);
    } while (lockbus_cabinet_info(stage->cab, &info) == LOCKBUS_OK &&
             info.boards_present < info.boards && stage_now_us() < until &&
             !stage_over(stage));
    return lockbus_cabinet_time(stage->cab, stage->world.now_unix, true) ==
               LOCKBUS_OK &&
           info.boards_present == info.boards;
}

void stage_close(struct stage *stage)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    if (lockbus_cabinet_info(stage->cab, &info) == LOCKBUS_OK) {
        stage->figures.polls += info.requests;
        stage->figures.replies += info.replies;
    }
    lockbus_cabinet_close(&stage->cab);
}

bool stage_ask_moved(struct stage *stage, char said[SAID_MAX])
{
    char unused[SAID_MAX];

    if (!simulator_ask(&stage->sim, "opened?", said, SAID_MAX) ||
        !simulator_ask(&stage->sim, "reset", unused, sizeof unused)) {
        return false;
    }
    for (uint16_t door = 0; door < DOORS; door++) {
        stage->moved[door] =
            stage->moved[door] || strstr(said, stage_label(door)) != NULL;
    }
    return true;
}

/* ---- Doors -------------------------------------------------------------- */

struct lockbus_door stage_door(const struct stage *stage, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    if (lockbus_door_at(stage->cab, door, &view, NULL) != LOCKBUS_OK) {
        memset(&view, 0, sizeof view);
    }
    return view;
}

const char *stage_label(uint16_t door)
{
    static char text[DOORS][8]; /* each door's own, so that it stays */

    if (door >= DOORS) {
        return "?";
    }
    (void)snprintf(text[door], sizeof text[door], "%c%02u", 'A' + door / 8,
                   door % 8 + 1U);
    return text[door];
}
