/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board/hazard.h"

struct hazard {
    struct lb_hazard_span span;
    const char *text;
};

/* clang-format off */
/* fc, addresses, values, and what a board would do */
static const struct hazard hazards[] = {
    {{0x05, 0x00FF, 0x00FF, 0x0000, 0xFFFF, 0, 0, false}, "switches all relays at once"},
    {{0x05, 0x01FF, 0x01FF, 0x0000, 0xFFFF, 0, 0, false}, "toggles all relays at once"},
    {{0x05, 0x0400, 0x04FF, 0x0000, 0xFFFF, 0, 0, false}, "flashes off, after which the relay stays on"},
    {{0x05, 0x0000, 0x001F, 0x0100, 0x01FF, 0, 0, false}, "switches a relay on for good on boards of the first dialect"},
    {{0x05, 0x0000, 0xFFFF, 0x5500, 0x5500, 0, 0, false}, "toggles a relay"},
    {{0x05, 0x0000, 0xFFFF, 0xFF00, 0xFF00, 0, 0, false}, "switches a relay on for good on some boards and pulses it on others"},
    {{0x05, 0x0000, 0xFFFF, 0xFFFF, 0xFFFF, 0, 0, false}, "holds a lock open for good"},
    {{0x05, 0x0200, 0x02FF, 0x0033, 0xFFFF, 0, 0, false}, "drives a solenoid for more than 5 s on boards that count 100 ms"},
    {{0x06, 0x0000, 0x0000, 0x0000, 0xFFFF, 0, 0, false}, "commands all relays at once, or holds an output on"},
    {{0x06, 0x0001, 0x0001, 0x0000, 0x00FF, 0, 0, false}, "changes the board's address on some boards"},
    {{0x06, 0x0002, 0x0027, 0x0001, 0x00FF, 0, 0, false}, "sets a relay's mode or its time on some boards"},
    {{0x06, 0x0001, 0x0020, 0x0100, 0x01FF, 0, 0, false}, "switches a relay on for good"},
    {{0x06, 0x0001, 0x0020, 0x0300, 0x03FF, 0, 0, false}, "toggles a relay"},
    {{0x06, 0x0001, 0x0020, 0x0400, 0x04FF, 0, 0, false}, "latches a relay on and the others off"},
    {{0x06, 0x0001, 0x0020, 0x0600, 0x0600, 0, 0, false}, "drives a solenoid for a time that nobody has written down"},
    {{0x06, 0x0001, 0x0020, 0x0606, 0x06FF, 0, 0, false}, "drives a solenoid for more than 5 s on boards that count them"},
    {{0x06, 0x0001, 0x0020, 0x0700, 0x07FF, 0, 0, false}, "switches all relays on on some boards"},
    {{0x06, 0x0001, 0x0020, 0x0800, 0xFFFF, 0, 0, false}, "commands all relays at once, or does what nobody has written down"},
    {{0x06, 0x03E8, 0x03EA, 0x0000, 0xFFFF, 0, 0, false}, "restarts the board or changes its address or baud rate"},
    {{0x06, 0x1000, 0x10FF, 0x0000, 0xFFFF, 0, 0, false}, "changes a control mode, after which an input drives a relay"},
    {{0x06, 0x2000, 0x20FF, 0x0000, 0xFFFF, 0, 0, false}, "changes the board's serial settings"},
    {{0x06, 0x4000, 0x40FF, 0x0000, 0xFFFF, 0, 0, false}, "changes the board's address"},
    {{0x0F, 0x0000, 0xFFFF, 0x0000, 0xFFFF, 0, 0, false}, "writes many coils at once"},
};
/* clang-format on */

/* FC16 writes two registers with each frame, and what lies there differs from
 * board to board: an address, a baud rate, the next relay's time. So there is
 * no table of what is bad but the one form that is not: flash-on of relay n
 * at 3 + 5 * (n - 1), eight relays, at most 5 s in steps of 100 ms. */
static const char *pair_hazard(const struct lb_hazard_span *span)
{
    if (span->first != 3 || span->step != 5 || span->last > 3 + 5 * 7) {
        return "writes many registers at once";
    }
    if (span->mode == 4) {
        return "flashes off, after which the relay stays on";
    }
    if (span->mode != 2) {
        return "sets a mode that is not flash-on";
    }
    return span->min > 0 && span->max <= 50
               ? NULL
               : "drives a solenoid for no time or for more than 5 s";
}

/* What a profile that the host times does on purpose: a relay on for good,
 * until its off. Only where the boards known have their relays' coils: from 16
 * on lies an address on one of them. */
static const char *level_hazard(const struct lb_hazard_span *span)
{
    return span->fc == 0x05 && span->last <= 0x000F
               ? NULL
               : "switches on what is not known to be one relay";
}

const char *lb_hazard_find(const struct lb_hazard_span *span)
{
    if (span->level) {
        return level_hazard(span);
    }
    if (span->fc == 0x10) {
        return pair_hazard(span);
    }
    for (size_t i = 0; i < sizeof hazards / sizeof hazards[0]; i++) {
        const struct lb_hazard_span *known = &hazards[i].span;

        if (known->fc == span->fc && known->first <= span->last &&
            span->first <= known->last && known->min <= span->max &&
            span->min <= known->max) {
            return hazards[i].text;
        }
    }
    return NULL;
}
