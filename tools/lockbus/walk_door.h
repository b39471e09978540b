/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef WALK_DOOR_H
#define WALK_DOOR_H

/* One door of a walk: its visit, what moved, and what that means. */

#include "proved.h"
#include "walk.h"

#include <lockbus/lockbus.h>

struct walker {
    struct lockbus_cabinet *cab;
    const struct walk_wish *wish;
    struct lockbus_key_file key;
    struct proved proved;
    uint16_t doors; /* highest number + 1 */
    /* the door that is asked for now */
    uint16_t door;
    uint32_t ticket;
    struct lockbus_event end; /* of the ticket; kind NONE: not yet */
    bool moved;               /* its own sensor did */
    uint16_t other;           /* another's did; WALK_NO_DOOR: none */
    uint64_t other_us;        /* when */
    /* Closes the cabinet, which withdraws what it was asked for, and opens it
     * again; false, and said. */
    bool (*reopen)(struct walker *w);
};

enum { WALK_NO_DOOR = 0xFFFF };

/* Opens it and says on standard output what was seen; the word for its line in
 * `seen`. False: the walk cannot go on, which was said. */
bool walk_door(struct walker *w, const struct lockbus_door *door,
               char seen[PROVED_SEEN]);

#endif
