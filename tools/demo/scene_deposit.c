/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scenes.h"

#include <stdio.h>

enum { NAMED = 5 };

bool scene_deposit(struct stage *stage)
{
    static const uint16_t doors[PARCELS] = {6,  20, 41, 70, 95, 3,  11, 17,
                                            29, 34, 48, 53, 62, 77, 83, 90};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    const unsigned at_a_time = stage->world.limits.max_open_vacant;
    unsigned others = 0;
    bool filled = true;

    stage_scene(stage, "A courier brings 16 parcels; each has keys of its own");
    for (size_t i = 0; i < PARCELS && !stage_over(stage); i++) {
        struct parcel *parcel = &stage->parcel[i];

        (void)(i >= at_a_time &&
               stage_wait_occupied(stage, doors[i - at_a_time]));
        struct outcome came = {.why = "no grant"};

        if (world_parcel(&stage->world, parcel, doors[i], true, &why)) {
            came = stage_deposit(stage, parcel);
        }
        if (i < NAMED) {
            stage_check(stage, came.opened,
                        "door %s opened for its grant; code %s went to the "
                        "recipient",
                        stage_label(doors[i]),
                        came.opened ? parcel->code : "-");
        } else {
            others += came.opened;
        }
        if (!came.opened) {
            stage_note(stage, "(%s: %s %s)", stage_label(doors[i]), came.why,
                       lockbus_rule_name(came.rule));
        }
    }
    stage_check(stage, others == PARCELS - NAMED,
                "so did the doors of the other %d", PARCELS - NAMED);
    for (size_t i = 0; i < PARCELS; i++) {
        filled = stage_wait_occupied(stage, doors[i]) && filled;
    }
    stage_check(stage, filled,
                "each was shut again and is OCCUPIED; the cabinet holds "
                "nothing that opens it");
    return true;
}
