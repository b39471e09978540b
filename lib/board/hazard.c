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
    {{0x05, 0x00FF, 0x00FF, 0x0000, 0xFFFF}, "switches all relays at once"},
    {{0x05, 0x01FF, 0x01FF, 0x0000, 0xFFFF}, "toggles all relays at once"},
    {{0x05, 0x0400, 0x04FF, 0x0000, 0xFFFF}, "flashes off, after which the relay stays on"},
    {{0x05, 0x0000, 0x001F, 0x0100, 0x0100}, "switches a relay on for good on boards of the first dialect"},
    {{0x05, 0x0000, 0xFFFF, 0x5500, 0x5500}, "toggles a relay"},
    {{0x05, 0x0000, 0xFFFF, 0xFF00, 0xFF00}, "switches a relay on for good on some boards and pulses it on others"},
    {{0x05, 0x0000, 0xFFFF, 0xFFFF, 0xFFFF}, "holds a lock open for good"},
    {{0x06, 0x0000, 0x0000, 0x0000, 0xFFFF}, "commands all relays at once, or holds an output on"},
    {{0x06, 0x0001, 0x0001, 0x0000, 0xFFFF}, "changes the board's address on some boards"},
    {{0x06, 0x0002, 0x0020, 0x0100, 0x0100}, "switches a relay on for good"},
    {{0x06, 0x0002, 0x0020, 0x0300, 0x0300}, "toggles a relay"},
    {{0x06, 0x0002, 0x0020, 0x0400, 0x0400}, "latches a relay on and the others off"},
    {{0x06, 0x03E8, 0x03EA, 0x0000, 0xFFFF}, "restarts the board or changes its address or baud rate"},
    {{0x06, 0x1000, 0x10FF, 0x0000, 0xFFFF}, "changes a control mode, after which an input drives a relay"},
    {{0x06, 0x2000, 0x20FF, 0x0000, 0xFFFF}, "changes the board's serial settings"},
    {{0x06, 0x4000, 0x40FF, 0x0000, 0xFFFF}, "changes the board's address"},
    {{0x0F, 0x0000, 0xFFFF, 0x0000, 0xFFFF}, "writes many coils at once"},
    {{0x10, 0x0000, 0xFFFF, 0x0000, 0xFFFF}, "writes many registers at once"},
};
/* clang-format on */

const char *lb_hazard_find(const struct lb_hazard_span *span)
{
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
