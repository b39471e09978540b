/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef PROVED_H
#define PROVED_H

/*
 * The file of a walk: what was seen of each door, a line each, in the order in
 * which it was seen, so that a walk that was cut short goes on where it was.
 * The newest line of a door counts. docs/commissioning.md shows one.
 */

#include <lockbus/lockbus.h>

enum { PROVED_DOORS = 1024, PROVED_SEEN = 32 };

struct proved {
    const char *path;
    uint8_t map_hash[32], cabinet_id[16];
    bool right[PROVED_DOORS];
};

/* Reads what there is of it, or begins it. False, and said: it is of another
 * cabinet or map, is no such file, or cannot be written. */
bool proved_open(struct proved *proved);

/* Adds a line: `seen` is one word. False, and said. */
bool proved_add(struct proved *proved, const struct lockbus_door *door,
                const char *seen);

/* The last line, when every door is right. */
bool proved_end(const struct proved *proved, unsigned doors);

#endif
