/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LIVE_H
#define LIVE_H

/*
 * The outlet for a terminal: the cabinet as it is at this moment. A person
 * reads slower than a cabinet works, so the stage rests after what was said;
 * space goes on at once, q ends.
 */

#include "recorder.h"

struct live {
    bool open, quit, skip;
    uint64_t drawn_us;
};

/* False when there is no terminal, or LOCKBUS_DEMO=plain asks for lines. */
bool live_open(struct live *live);
void live_close(struct live *live);
struct outlet live_outlet(struct live *live);

/* How long what was told takes to read. */
unsigned live_rest_ms(enum telling kind, const char *text);

#endif
