/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef WALK_H
#define WALK_H

/*
 * The walk along the doors of a cabinet that was commissioned: each is opened
 * by a visit, somebody shuts it, and what the sensors said meanwhile shows
 * whether latch and sensor are wired to the channel that the map says. All of
 * it over the public interface: the gate decides, as it always does.
 */

#include <stdbool.h>
#include <stdint.h>

struct walk_wish {
    const char *config, *visits, *key, *out;
    const char *from;     /* NULL: the first door */
    bool confirm;         /* ask which door opened */
    uint64_t shut_wait_s; /* how long a door may stand open */
};

/* TOOL_OK when every door of the map is proved, with this walk or before. */
int walk(const struct walk_wish *wish);

#endif
