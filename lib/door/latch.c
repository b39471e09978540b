/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "door/latch.h"

/*
 * The policy of one latch:
 *
 * - Nothing but a permit pulses, and a door whose board is away is never
 *   pulsed: the permit ends at once, as unknown.
 * - A permit pulses in every other state. A sensor that is stuck open must
 *   not lock a recipient out; there the leaf counts as open from the permit
 *   on, and the deadline brings no fact.
 * - Everywhere else a permit ends with one fact: opened, never opened, or
 *   unknown. Never needs a sensor that was read; a lost board leaves only
 *   unknown, because the pulse may have been on the wire.
 * - A leaf that shuts ends a permit that found it open: a later pulse would
 *   open the door a second time.
 * - A leaf that opens without a permit is forced when it was known to be
 *   shut. Found open at the first reading it is open, no more: nobody saw how
 *   it came to be. But where it was forced when its board was lost, or its
 *   owner knows that it was shut before, finding it open is no better.
 * - A leaf that stays open is told again and again, ever more slowly, until
 *   it shuts, its board is lost or a permit begins its time anew.
 * - A jammed latch stays jammed while its leaf stays shut. The next permit
 *   tries it again.
 * - Only a pulse that was watched to no avail is a jam. A permit that ended
 *   before its first pulse, was withdrawn or went unwatched lapses: the door
 *   is shut again, and there is nothing to repair.
 */

enum { REMIND_MAX_MS = 3600000 };

struct cell {
    enum lb_latch_state next;
    unsigned effects;
};

#define PULSE LB_LATCH_FX_PULSE
#define CANCEL LB_LATCH_FX_CANCEL
#define OPENED LB_LATCH_FX_OPENED
#define CLOSED LB_LATCH_FX_SHUT
#define NEVER LB_LATCH_FX_NEVER
#define UNSURE LB_LATCH_FX_UNKNOWN
#define ALARM_FORCED LB_LATCH_FX_FORCED
#define ALARM_AJAR LB_LATCH_FX_AJAR
#define ALARM_JAMMED LB_LATCH_FX_JAMMED
#define ARM LB_LATCH_FX_ARM_AJAR
#define DISARM LB_LATCH_FX_DISARM_AJAR
#define REMIND (LB_LATCH_FX_DISARM_AJAR | LB_LATCH_FX_REMIND)
#define END (LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT)
#define NONE LB_LATCH_FX_NONE

/* clang-format off */
/*
 * State 0 is HOLE, so that a cell nobody wrote is seen: a test walks the
 * table and refuses holes, and holds docs/latch.dot against it. Facts about a
 * permit (NEVER, UNSURE) say nothing when none runs; lb_latch_step() drops
 * them then.
 */
static const struct cell table[LB_LATCH_COUNT][LB_LATCH_EV_COUNT] = {
    [LB_LATCH_UNKNOWN] = {
        [LB_LATCH_EV_PERMIT]    = {LB_LATCH_UNKNOWN,   CANCEL | PULSE},
        [LB_LATCH_EV_LEAF_OPEN] = {LB_LATCH_OPEN,      OPENED | END | ARM},
        [LB_LATCH_EV_LEAF_SHUT] = {LB_LATCH_SHUT,      CLOSED},
        [LB_LATCH_EV_DEADLINE]  = {LB_LATCH_UNKNOWN,   END | UNSURE},
        [LB_LATCH_EV_AJAR]      = {LB_LATCH_UNKNOWN,   DISARM},
        [LB_LATCH_EV_AWAY]      = {LB_LATCH_AWAY,      END | UNSURE},
        [LB_LATCH_EV_BACK]      = {LB_LATCH_UNKNOWN,   NONE},
        [LB_LATCH_EV_LAPSED]    = {LB_LATCH_UNKNOWN,    END | UNSURE},
    },
    [LB_LATCH_SHUT] = {
        [LB_LATCH_EV_PERMIT]    = {LB_LATCH_RELEASING, PULSE},
        [LB_LATCH_EV_LEAF_OPEN] = {LB_LATCH_FORCED,    OPENED | ALARM_FORCED | ARM},
        [LB_LATCH_EV_LEAF_SHUT] = {LB_LATCH_SHUT,      NONE},
        [LB_LATCH_EV_DEADLINE]  = {LB_LATCH_SHUT,      END},
        [LB_LATCH_EV_AJAR]      = {LB_LATCH_SHUT,      DISARM},
        [LB_LATCH_EV_AWAY]      = {LB_LATCH_AWAY,      NONE},
        [LB_LATCH_EV_BACK]      = {LB_LATCH_SHUT,      NONE},
        [LB_LATCH_EV_LAPSED]    = {LB_LATCH_SHUT,       END},
    },
    [LB_LATCH_RELEASING] = {
        [LB_LATCH_EV_PERMIT]    = {LB_LATCH_RELEASING, CANCEL | PULSE},
        [LB_LATCH_EV_LEAF_OPEN] = {LB_LATCH_OPEN,      OPENED | END | ARM},
        [LB_LATCH_EV_LEAF_SHUT] = {LB_LATCH_RELEASING, NONE},
        [LB_LATCH_EV_DEADLINE]  = {LB_LATCH_JAMMED,    END | NEVER | ALARM_JAMMED},
        [LB_LATCH_EV_AJAR]      = {LB_LATCH_RELEASING, DISARM},
        [LB_LATCH_EV_AWAY]      = {LB_LATCH_AWAY,      END | UNSURE},
        [LB_LATCH_EV_BACK]      = {LB_LATCH_RELEASING, NONE},
        [LB_LATCH_EV_LAPSED]    = {LB_LATCH_SHUT,       END | NEVER},
    },
    [LB_LATCH_OPEN] = {
        [LB_LATCH_EV_PERMIT]    = {LB_LATCH_OPEN,      CANCEL | PULSE},
        [LB_LATCH_EV_LEAF_OPEN] = {LB_LATCH_OPEN,      NONE},
        [LB_LATCH_EV_LEAF_SHUT] = {LB_LATCH_SHUT,      CLOSED | END | UNSURE | DISARM},
        [LB_LATCH_EV_DEADLINE]  = {LB_LATCH_OPEN,      END},
        [LB_LATCH_EV_AJAR]      = {LB_LATCH_AJAR,      ALARM_AJAR | REMIND},
        [LB_LATCH_EV_AWAY]      = {LB_LATCH_AWAY,      END | UNSURE | DISARM},
        [LB_LATCH_EV_BACK]      = {LB_LATCH_OPEN,      NONE},
        [LB_LATCH_EV_LAPSED]    = {LB_LATCH_OPEN,       END},
    },
    [LB_LATCH_AJAR] = {
        [LB_LATCH_EV_PERMIT]    = {LB_LATCH_OPEN,      CANCEL | PULSE | ARM},
        [LB_LATCH_EV_LEAF_OPEN] = {LB_LATCH_AJAR,      NONE},
        [LB_LATCH_EV_LEAF_SHUT] = {LB_LATCH_SHUT,      CLOSED | END | UNSURE | DISARM},
        [LB_LATCH_EV_DEADLINE]  = {LB_LATCH_AJAR,      END},
        [LB_LATCH_EV_AJAR]      = {LB_LATCH_AJAR,      ALARM_AJAR | REMIND},
        [LB_LATCH_EV_AWAY]      = {LB_LATCH_AWAY,      END | UNSURE | DISARM},
        [LB_LATCH_EV_BACK]      = {LB_LATCH_AJAR,      NONE},
        [LB_LATCH_EV_LAPSED]    = {LB_LATCH_AJAR,       END},
    },
    [LB_LATCH_JAMMED] = {
        [LB_LATCH_EV_PERMIT]    = {LB_LATCH_RELEASING, PULSE},
        [LB_LATCH_EV_LEAF_OPEN] = {LB_LATCH_FORCED,    OPENED | ALARM_FORCED | ARM},
        [LB_LATCH_EV_LEAF_SHUT] = {LB_LATCH_JAMMED,    NONE},
        [LB_LATCH_EV_DEADLINE]  = {LB_LATCH_JAMMED,    END},
        [LB_LATCH_EV_AJAR]      = {LB_LATCH_JAMMED,    DISARM},
        [LB_LATCH_EV_AWAY]      = {LB_LATCH_AWAY,      NONE},
        [LB_LATCH_EV_BACK]      = {LB_LATCH_JAMMED,    NONE},
        [LB_LATCH_EV_LAPSED]    = {LB_LATCH_JAMMED,     END},
    },
    [LB_LATCH_FORCED] = {
        [LB_LATCH_EV_PERMIT]    = {LB_LATCH_OPEN,      PULSE | ARM},
        [LB_LATCH_EV_LEAF_OPEN] = {LB_LATCH_FORCED,    NONE},
        [LB_LATCH_EV_LEAF_SHUT] = {LB_LATCH_SHUT,      CLOSED | DISARM},
        [LB_LATCH_EV_DEADLINE]  = {LB_LATCH_FORCED,    END},
        [LB_LATCH_EV_AJAR]      = {LB_LATCH_FORCED,    ALARM_AJAR | REMIND},
        [LB_LATCH_EV_AWAY]      = {LB_LATCH_AWAY,      DISARM},
        [LB_LATCH_EV_BACK]      = {LB_LATCH_FORCED,    NONE},
        [LB_LATCH_EV_LAPSED]    = {LB_LATCH_FORCED,     END},
    },
    [LB_LATCH_AWAY] = {
        [LB_LATCH_EV_PERMIT]    = {LB_LATCH_AWAY,      END | UNSURE},
        [LB_LATCH_EV_LEAF_OPEN] = {LB_LATCH_AWAY,      NONE},
        [LB_LATCH_EV_LEAF_SHUT] = {LB_LATCH_AWAY,      NONE},
        [LB_LATCH_EV_DEADLINE]  = {LB_LATCH_AWAY,      END},
        [LB_LATCH_EV_AJAR]      = {LB_LATCH_AWAY,      DISARM},
        [LB_LATCH_EV_AWAY]      = {LB_LATCH_AWAY,      NONE},
        [LB_LATCH_EV_BACK]      = {LB_LATCH_UNKNOWN,   NONE},
        [LB_LATCH_EV_LAPSED]    = {LB_LATCH_AWAY,       END},
    },
};
/* clang-format on */

void lb_latch_init(struct lb_latch *latch)
{
    latch->state = LB_LATCH_UNKNOWN;
    latch->ajar_alarms = 0;
    latch->forced = false;
    latch->permit_ref = 0;
    latch->permit_until_ms = 0;
    latch->ajar_at_ms = 0;
}

void lb_latch_cell(enum lb_latch_state state, enum lb_latch_event event,
                   enum lb_latch_state *next, unsigned *effects)
{
    const struct cell *cell = &table[state][event];

    *next = cell->next;
    *effects = cell->effects;
}

/* Told at 1, 2, 4, 8 times ajar_after_ms: each step is as long as all before
 * it, until that is more than an hour. */
static uint64_t remind_ms(const struct lb_latch *latch, uint32_t ajar_after_ms)
{
    uint64_t step = ajar_after_ms;

    for (unsigned n = 1; n < latch->ajar_alarms && step < REMIND_MAX_MS; n++) {
        step *= 2;
    }
    return step != 0 && step < REMIND_MAX_MS ? step : REMIND_MAX_MS;
}

static void keep_timers(struct lb_latch *latch, unsigned effects,
                        uint64_t now_ms, uint32_t ajar_after_ms)
{
    if ((effects & LB_LATCH_FX_DISARM_PERMIT) != 0) {
        latch->permit_ref = 0;
        latch->permit_until_ms = 0;
    }
    if ((effects & LB_LATCH_FX_DISARM_AJAR) != 0) {
        latch->ajar_at_ms = 0;
    }
    if ((effects & LB_LATCH_FX_ARM_AJAR) != 0) {
        uint64_t at_ms = now_ms + ajar_after_ms;

        latch->ajar_alarms = 0;
        latch->ajar_at_ms = at_ms != 0 ? at_ms : 1; /* 0 means not armed */
    }
    if ((effects & LB_LATCH_FX_REMIND) != 0) {
        if (latch->ajar_alarms < UINT8_MAX) {
            latch->ajar_alarms++;
        }
        latch->ajar_at_ms = now_ms + remind_ms(latch, ajar_after_ms);
    }
}

/* What the table's states cannot carry over a time without readings. */
static void keep_forced(struct lb_latch *latch, enum lb_latch_state before,
                        enum lb_latch_event event)
{
    if (before == LB_LATCH_FORCED && event == LB_LATCH_EV_AWAY) {
        latch->forced = true;
    } else if (latch->state == LB_LATCH_AWAY) {
        return; /* nothing was read and nothing pulses */
    } else if (event == LB_LATCH_EV_LEAF_OPEN) {
        if (latch->forced) {
            latch->state = LB_LATCH_FORCED;
        }
        latch->forced = false;
    } else if (event == LB_LATCH_EV_LEAF_SHUT || event == LB_LATCH_EV_PERMIT) {
        latch->forced = false; /* somebody shut it, or may now have it open */
    }
}

unsigned lb_latch_step(struct lb_latch *latch, enum lb_latch_event event,
                       uint64_t now_ms, uint32_t ajar_after_ms)
{
    enum lb_latch_state state = (enum lb_latch_state)latch->state;

    if (state <= LB_LATCH_HOLE || state >= LB_LATCH_COUNT ||
        (unsigned)event >= LB_LATCH_EV_COUNT) {
        return LB_LATCH_FX_NONE;
    }
    bool runs = latch->permit_ref != 0;
    if (event == LB_LATCH_EV_PERMIT && !runs) {
        return LB_LATCH_FX_NONE; /* the event alone is no permit */
    }
    const struct cell *cell = &table[state][event];
    unsigned effects = cell->effects;
    if (!runs) {
        effects &= ~(unsigned)(LB_LATCH_FX_NEVER | LB_LATCH_FX_UNKNOWN);
    }
    latch->state = (uint8_t)cell->next;
    if (state == LB_LATCH_UNKNOWN && event == LB_LATCH_EV_LEAF_SHUT && runs) {
        /* The first reading came after the permit, which runs on. */
        latch->state = LB_LATCH_RELEASING;
    }
    keep_forced(latch, state, event);
    keep_timers(latch, effects, now_ms, ajar_after_ms);
    return effects;
}

enum lb_latch_event lb_latch_due(const struct lb_latch *latch, uint64_t now_ms)
{
    if (latch->permit_ref != 0 && now_ms >= latch->permit_until_ms) {
        return LB_LATCH_EV_DEADLINE;
    }
    if (latch->ajar_at_ms != 0 && now_ms >= latch->ajar_at_ms) {
        return LB_LATCH_EV_AJAR;
    }
    return LB_LATCH_EV_COUNT;
}

uint64_t lb_latch_next_ms(const struct lb_latch *latch)
{
    uint64_t next_ms = UINT64_MAX;

    if (latch->permit_ref != 0) {
        next_ms = latch->permit_until_ms;
    }
    if (latch->ajar_at_ms != 0 && latch->ajar_at_ms < next_ms) {
        next_ms = latch->ajar_at_ms;
    }
    return next_ms;
}

const char *lb_latch_state_name(enum lb_latch_state state)
{
    static const char *const names[LB_LATCH_COUNT] = {
        "HOLE", "UNKNOWN", "SHUT",   "RELEASING", "OPEN",
        "AJAR", "JAMMED",  "FORCED", "AWAY"};

    return (unsigned)state < LB_LATCH_COUNT ? names[state] : "?";
}

const char *lb_latch_event_name(enum lb_latch_event event)
{
    static const char *const names[LB_LATCH_EV_COUNT] = {
        "PERMIT", "LEAF_OPEN", "LEAF_SHUT", "DEADLINE",
        "AJAR",   "AWAY",      "BACK",      "LAPSED"};

    return (unsigned)event < LB_LATCH_EV_COUNT ? names[event] : "?";
}
