/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "recorder.h"

#include <stdio.h>
#include <string.h>

void recorder_init(struct recorder *recorder, uint64_t now_us)
{
    memset(recorder, 0, sizeof *recorder);
    picture_init(&recorder->now, now_us);
}

void recorder_add(struct recorder *recorder, const struct outlet *outlet)
{
    if (recorder->outlets < OUTLETS_MAX) {
        recorder->outlet[recorder->outlets++] = *outlet;
    }
}

static void pass_on(struct recorder *recorder, struct told *told)
{
    told->scene = recorder->scene;
    told->at_us = recorder->now.now_us - recorder->now.begun_us;
    told->other_host = recorder->other_host;
    for (size_t i = 0; i < recorder->outlets; i++) {
        const struct outlet *outlet = &recorder->outlet[i];

        outlet->tell(outlet->user, told, &recorder->now);
    }
}

void recorder_tell(struct recorder *recorder, enum telling kind,
                   const char *text)
{
    static const enum picture_tone tones[] = {
        [TELL_SCENE] = PICTURE_TITLE, [TELL_HELD] = PICTURE_GOOD,
        [TELL_BROKEN] = PICTURE_BAD,  [TELL_NOTE] = PICTURE_PLAIN,
        [TELL_WORDS] = PICTURE_PLAIN, [TELL_EVENT] = PICTURE_PLAIN,
    };
    struct told told = {.kind = kind, .door = NO_DOOR};

    (void)snprintf(told.text, sizeof told.text, "%s", text);
    recorder->held += kind == TELL_HELD;
    recorder->broken += kind == TELL_BROKEN;
    if (kind == TELL_SCENE) {
        recorder->scene++;
        (void)snprintf(recorder->now.scene, sizeof recorder->now.scene,
                       "%u. %s", recorder->scene, text);
    }
    if (kind != TELL_WORDS) {
        picture_say(&recorder->now, tones[kind], told.text);
    }
    pass_on(recorder, &told);
}

/* Every step of every pulse would bury what matters to a reader. */
static bool is_worth_telling(const struct lockbus_event *event)
{
    return event->kind != LOCKBUS_EVENT_SENT &&
           event->kind != LOCKBUS_EVENT_ACCEPTED &&
           event->kind != LOCKBUS_EVENT_LEAF &&
           event->kind != LOCKBUS_EVENT_BOARD_BACK;
}

void recorder_event(struct recorder *recorder,
                    const struct lockbus_event *event)
{
    struct told told = {.kind = TELL_EVENT, .door = event->door};
    const char *what = lockbus_event_name(event->kind);

    picture_event(&recorder->now, event);
    if (!is_worth_telling(event)) {
        return;
    }
    if (event->kind == LOCKBUS_EVENT_CUSTODY) {
        what = lockbus_custody_name(event->custody);
    }
    (void)snprintf(
        told.text, sizeof told.text, "%s%s%s%s%s%s%s", event->label,
        event->label[0] != '\0' ? " " : "", what,
        event->rule != LOCKBUS_RULE_NONE ? " by " : "",
        event->rule != LOCKBUS_RULE_NONE ? lockbus_rule_name(event->rule) : "",
        event->text[0] != '\0' ? ": " : "", event->text);
    pass_on(recorder, &told);
}

void recorder_look(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->outlets; i++) {
        const struct outlet *outlet = &recorder->outlet[i];

        if (outlet->look != NULL) {
            outlet->look(outlet->user, &recorder->now);
        }
    }
}
