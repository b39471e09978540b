/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Why custody moved. A record says how the gate came to move it; what that
 * means to a host (was it picked up, or taken back?) depends on what the door
 * held before, so it is asked before the record is applied.
 */

#include "cabinet/cabinet.h"

static const char *const custody_names[] = {
    [LOCKBUS_CUSTODY_VACANT] = "VACANT",
    [LOCKBUS_CUSTODY_LOADING] = "LOADING",
    [LOCKBUS_CUSTODY_OCCUPIED] = "OCCUPIED",
    [LOCKBUS_CUSTODY_EMPTYING] = "EMPTYING",
};

const char *lockbus_custody_name(enum lockbus_custody custody)
{
    if ((unsigned)custody >= sizeof custody_names / sizeof custody_names[0] ||
        custody_names[custody] == NULL) {
        return "?";
    }
    return custody_names[custody];
}

struct reason {
    const char *name, *text;
};

/* clang-format off */
static const struct reason reasons[] = {
    [LOCKBUS_CUSTODY_REASON_NONE] = {"NONE", NULL},
    [LOCKBUS_CUSTODY_REASON_DEPOSIT] = {"DEPOSIT", "a deposit was allowed"},
    [LOCKBUS_CUSTODY_REASON_STORED] = {"STORED", "it was shut after the deposit"},
    [LOCKBUS_CUSTODY_REASON_DOUBT] = {"DOUBT", "the deposit's time is over; something may be inside"},
    [LOCKBUS_CUSTODY_REASON_SHORT] = {"SHORT", "open for less than 2 s: the parcel is taken to be inside"},
    [LOCKBUS_CUSTODY_REASON_NOT_EMPTIED] = {"NOT_EMPTIED", "the host says that it was not emptied"},
    [LOCKBUS_CUSTODY_REASON_RELEASED] = {"RELEASED", "its recipient opened it"},
    [LOCKBUS_CUSTODY_REASON_RETURNED] = {"RETURNED", "it was opened by the return key"},
    [LOCKBUS_CUSTODY_REASON_CANCELLED] = {"CANCELLED", "its courier took it back"},
    [LOCKBUS_CUSTODY_REASON_NEVER_OPENED] = {"NEVER_OPENED", "the deposit's time is over; it never opened"},
    [LOCKBUS_CUSTODY_REASON_VISITED] = {"VISITED", "the visit is over"},
    [LOCKBUS_CUSTODY_REASON_CLEARED] = {"CLEARED", "two persons cleared it"},
    [LOCKBUS_CUSTODY_REASON_EMPTIED] = {"EMPTIED", "it was emptied"},
    [LOCKBUS_CUSTODY_REASON_RESTART] = {"RESTART", "a restart cut the deposit short"},
};
/* clang-format on */

enum { REASONS = sizeof reasons / sizeof reasons[0] };

const char *lockbus_custody_reason_name(enum lockbus_custody_reason reason)
{
    return (unsigned)reason < REASONS ? reasons[reason].name : "?";
}

const char *lb_custody_text(enum lockbus_custody_reason reason)
{
    return (unsigned)reason < REASONS ? reasons[reason].text : NULL;
}

static enum lockbus_custody_reason by_open(unsigned emptied_by)
{
    switch ((enum lb_emptied)emptied_by) {
    case LB_EMPTIED_RELEASE:
        return LOCKBUS_CUSTODY_REASON_RELEASED;
    case LB_EMPTIED_RETURN:
        return LOCKBUS_CUSTODY_REASON_RETURNED;
    case LB_EMPTIED_CANCEL:
        return LOCKBUS_CUSTODY_REASON_CANCELLED;
    case LB_EMPTIED_UNKNOWN:
        break;
    }
    return LOCKBUS_CUSTODY_REASON_EMPTIED;
}

/* The reopen window ended: of a deposit, or of a door that was opened to be
 * emptied. */
static enum lockbus_custody_reason window(const struct lb_gate_door *door,
                                          uint8_t to)
{
    if (door->custody == LB_CUSTODY_EMPTYING) {
        return to == LB_CUSTODY_VACANT ? by_open(door->emptied_by)
                                       : LOCKBUS_CUSTODY_REASON_SHORT;
    }
    if (door->visit) {
        return LOCKBUS_CUSTODY_REASON_VISITED;
    }
    return to == LB_CUSTODY_VACANT ? LOCKBUS_CUSTODY_REASON_NEVER_OPENED
                                   : LOCKBUS_CUSTODY_REASON_DOUBT;
}

enum lockbus_custody_reason lb_custody_reason(const struct lockbus_cabinet *cab,
                                              const struct lb_record *record)
{
    if (record->type != LB_REC_CUSTODY || record->door >= cab->gate.door_cap) {
        return LOCKBUS_CUSTODY_REASON_NONE;
    }
    const struct lb_gate_door *door = &cab->gate_doors[record->door];

    switch ((enum lb_cause)record->body[1]) {
    case LB_CAUSE_DEPOSIT:
        return LOCKBUS_CUSTODY_REASON_DEPOSIT;
    case LB_CAUSE_OPENED:
        return by_open(lb_emptied_by(door->intent_open));
    case LB_CAUSE_SHUT:
        return record->kind == LB_CUSTODY_VACANT
                   ? LOCKBUS_CUSTODY_REASON_VISITED
                   : LOCKBUS_CUSTODY_REASON_STORED;
    case LB_CAUSE_WINDOW:
        return window(door, record->kind);
    case LB_CAUSE_RESTART:
        return LOCKBUS_CUSTODY_REASON_RESTART;
    case LB_CAUSE_NOT_EMPTIED:
        return LOCKBUS_CUSTODY_REASON_NOT_EMPTIED;
    case LB_CAUSE_CLEAR:
        return LOCKBUS_CUSTODY_REASON_CLEARED;
    case LB_CAUSE_NONE:
        break;
    }
    return LOCKBUS_CUSTODY_REASON_NONE;
}
