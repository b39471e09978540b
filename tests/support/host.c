/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_MS = 20, TEXT = 4096 };

/* ---- What every host has: see docs/COOKBOOK.md ---------------------------
 */

/* The answer to a call: a ticket, or why there is none. */
void host_answer(struct host *host, enum lockbus_err err,
                 const struct lockbus_error *why)
{
    if (err == LOCKBUS_OK) {
        host_show(host, "One moment ...");
    } else if (err == LOCKBUS_ERR_BUSY) {
        host_show(host, "Please try again in a moment.");
    } else if (err == LOCKBUS_ERR_DENIED) {
        host_show(host, "%s", lockbus_rule_advice(why->rule));
    } else {
        char line[LOCKBUS_ERROR_TEXT_MAX];

        (void)lockbus_error_text(why, line, sizeof line);
        host_show(host, "Out of order.");
        host_alert(host, "%s", line);
    }
}

/* What the person reads when the ticket has its end. */
void host_event(struct host *host, const struct lockbus_event *event)
{
    if (event->ticket != host->ticket || !lockbus_event_ends(event)) {
        return;
    }
    host->ticket = 0;
    if (event->kind == LOCKBUS_EVENT_OPENED ||
        event->kind == LOCKBUS_EVENT_UNCONFIRMED) {
        host_show(host, "Door %s is open.", event->label);
    } else if (event->kind == LOCKBUS_EVENT_REFUSED) {
        host_show(host, "%s", lockbus_rule_advice(event->rule));
    } else if (event->kind == LOCKBUS_EVENT_UNKNOWN) {
        host_show(host, "Please look whether door %s is open.", event->label);
    } else if (event->kind != LOCKBUS_EVENT_DONE) { /* FAILED or EXPIRED */
        host_show(host, "Door %s did not open. Please try again.",
                  event->label);
    }
}

/* ---- The stand-in --------------------------------------------------------
 */

struct host *host_new(struct rig *rig)
{
    struct host *host = calloc(1, sizeof *host);

    assert_non_null(host);
    rig_open(rig);
    host->rig = rig;
    host->cab = rig->cab;
    host_mark(host);
    return host;
}

int host_set_up(void **state)
{
    *state = host_new(rig_new_closed());
    return 0;
}

int host_tear_down(void **state)
{
    struct host *host = *state;

    rig_free(host->rig);
    free(host);
    return 0;
}

void host_show(struct host *host, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(host->screen, sizeof host->screen, format, args);
    va_end(args);
}

void host_alert(struct host *host, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(host->alert, sizeof host->alert, format, args);
    va_end(args);
}

static void hand_on(struct host *host, host_take_fn take)
{
    while (host->seen < host->rig->events) {
        struct lockbus_event event = host->rig->event[host->seen++];

        take(host, &event);
    }
}

void host_run(struct host *host, uint64_t ms, host_take_fn take)
{
    host->cab = host->rig->cab;
    for (uint64_t at = 0; at < ms; at += SLICE_MS) {
        hand_on(host, take);
        rig_run(host->rig, SLICE_MS);
    }
    hand_on(host, take);
}

struct lockbus_door host_door(const struct host *host, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(host->rig->cab, door, &view, NULL),
                     LOCKBUS_OK);
    return view;
}

/* ---- What was seen and written -------------------------------------------
 */

static void put_event(char *text, const struct lockbus_event *event)
{
    size_t at = strlen(text);

    at += (size_t)snprintf(text + at, TEXT - at, "%s",
                           lockbus_event_name(event->kind));
    if (event->kind == LOCKBUS_EVENT_LEAF) {
        at += (size_t)snprintf(text + at, TEXT - at, " %s",
                               lockbus_latch_name(event->latch));
    } else if (event->kind == LOCKBUS_EVENT_CUSTODY) {
        at += (size_t)snprintf(text + at, TEXT - at, " %s",
                               lockbus_custody_name(event->custody));
    } else if (event->kind == LOCKBUS_EVENT_CONTENT) {
        at += (size_t)snprintf(text + at, TEXT - at, " %s",
                               lockbus_content_name(event->content));
    } else if (event->rule != LOCKBUS_RULE_NONE) {
        at += (size_t)snprintf(text + at, TEXT - at, " %s",
                               lockbus_rule_name(event->rule));
    } else if (event->board != 0) {
        at += (size_t)snprintf(text + at, TEXT - at, " board %u", event->board);
    }
    if (event->count != 0) {
        at +=
            (size_t)snprintf(text + at, TEXT - at, ", count %u", event->count);
    }
    (void)snprintf(text + at, TEXT - at, "%s\n",
                   event->assumed ? ", assumed" : "");
}

void host_saw(const struct host *host, uint16_t door, const char *events)
{
    static char text[TEXT];

    text[0] = '\0';
    for (size_t i = 0; i < host->rig->events; i++) {
        if (host->rig->event[i].door == door) {
            put_event(text, &host->rig->event[i]);
        }
    }
    assert_string_equal(text, events);
}

static const char *entry_name(enum lockbus_entry_kind kind)
{
    static const char *const names[] = {
        [LOCKBUS_ENTRY_BOOT] = "BOOT",
        [LOCKBUS_ENTRY_MANIFEST] = "MANIFEST",
        [LOCKBUS_ENTRY_COMMISSION] = "COMMISSION",
        [LOCKBUS_ENTRY_STAY] = "STAY",
        [LOCKBUS_ENTRY_INTENT] = "INTENT",
        [LOCKBUS_ENTRY_RESULT] = "RESULT",
        [LOCKBUS_ENTRY_LEAF] = "LEAF",
        [LOCKBUS_ENTRY_CUSTODY] = "CUSTODY",
        [LOCKBUS_ENTRY_ORDER] = "ORDER",
        [LOCKBUS_ENTRY_SEAL] = "SEAL",
        [LOCKBUS_ENTRY_TRY] = "TRY",
        [LOCKBUS_ENTRY_TRY_BACK] = "TRY_BACK",
        [LOCKBUS_ENTRY_REFUSAL] = "REFUSAL",
        [LOCKBUS_ENTRY_ALARM] = "ALARM",
        [LOCKBUS_ENTRY_TIME] = "TIME",
        [LOCKBUS_ENTRY_BOARD] = "BOARD",
        [LOCKBUS_ENTRY_RECEIPT] = "RECEIPT",
        [LOCKBUS_ENTRY_DEVICE] = "DEVICE",
        [LOCKBUS_ENTRY_RETAIN] = "RETAIN",
    };

    return names[kind];
}

static void put_entry(char *text, const struct lockbus_entry *entry)
{
    size_t at = strlen(text);

    at += (size_t)snprintf(text + at, TEXT - at, "%s %s",
                           entry_name(entry->kind), entry->what);
    if (entry->rule != LOCKBUS_RULE_NONE) {
        at += (size_t)snprintf(text + at, TEXT - at, " %s",
                               lockbus_rule_name(entry->rule));
    }
    if (entry->count != 0) {
        at +=
            (size_t)snprintf(text + at, TEXT - at, ", count %u", entry->count);
    }
    (void)snprintf(text + at, TEXT - at, "%s%s\n",
                   entry->by_code ? ", by code" : "",
                   entry->assumed ? ", assumed" : "");
}

/* Puts the entries of a door from number `from` on; how many there are. */
static size_t entries(const struct host *host, uint16_t door, size_t from,
                      char *text)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    struct lockbus_entry entry;
    size_t count = 0;

    assert_int_equal(lockbus_journal_open(&journal,
                                          rig_path(host->rig, "journal"),
                                          host->rig->escrow, &why),
                     LOCKBUS_OK);
    for (;;) {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        if (entry.kind == 0) {
            break;
        }
        if (text != NULL && count >= from && entry.door == door) {
            put_entry(text, &entry);
        }
        count++;
    }
    lockbus_journal_close(&journal);
    return count;
}

void host_wrote(const struct host *host, uint16_t door, const char *expected)
{
    static char text[TEXT];

    text[0] = '\0';
    (void)entries(host, door, host->read, text);
    assert_string_equal(text, expected);
}

void host_mark(struct host *host)
{
    rig_run(host->rig, SLICE_MS); /* what is under way gets to the disk */
    rig_forget(host->rig);
    host->seen = 0;
    host->read = entries(host, 0, 0, NULL);
}

void host_reads(const struct host *host, const char *screen)
{
    assert_string_equal(host->screen, screen);
}
