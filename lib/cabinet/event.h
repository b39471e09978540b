/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_EVENT_H
#define LB_EVENT_H

/*
 * Events before the host has them: how one is put, and as what it waits.
 */

#include "base/record.h"

#include <lockbus/door.h>

struct lockbus_cabinet;

/* An event as it is put; what is text is made when it is taken. */
struct lb_event {
    uint32_t ticket;
    uint8_t count;
    enum lockbus_event_kind kind;
    enum lockbus_rule rule;
    uint16_t door;
    uint8_t latch, custody, content;
    enum lockbus_custody_reason reason;
    unsigned board;
    bool assumed;
    const char *text; /* static */
};

/* The same as it waits: there are hundreds of places, and few texts. */
struct lb_waiting_event {
    uint64_t at_us;
    uint32_t ticket;
    uint16_t door, board, rule;
    uint8_t kind, latch, custody;
    uint8_t count;
    uint8_t text; /* index into cabinet->text, plus 1; 0: none */
    bool assumed : 1;
    unsigned content : 2, reason : 4;
};
_Static_assert(sizeof(struct lb_waiting_event) <= 24, "it is kept small");

void lb_event_put(struct lockbus_cabinet *cab, const struct lb_event *event);
/* CUSTODY from the `from`-th waiting event on was told before the latch made
 * its step, and belongs to the same reading: it has the latch as it is now. */
void lb_event_latch(struct lockbus_cabinet *cab, size_t from, uint16_t door);

/* ---- custody.c ----------------------------------------------------------- */

/* Why a record moves custody; before the gate takes it in. */
enum lockbus_custody_reason lb_custody_reason(const struct lockbus_cabinet *cab,
                                              const struct lb_record *record);
/* As a sentence. */
const char *lb_custody_text(enum lockbus_custody_reason reason);

#endif
