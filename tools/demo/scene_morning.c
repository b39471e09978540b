/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scenes.h"

#include <string.h>

enum { FREE_DOOR = 50, RECIPIENTS = 3 };

/* Whether a grant by the key that was stolen still opens an empty door. */
static struct outcome fill_by_stolen_key(struct stage *stage)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_signer fresh = stage->world.issuer;
    struct parcel stolen;

    stage->world.issuer = stage->world.old_issuer;
    bool made = world_parcel(&stage->world, &stolen, FREE_DOOR, false, &why);

    stage->world.issuer = fresh;
    return made ? stage_deposit(stage, &stolen)
                : (struct outcome){.opened = true};
}

bool scene_morning(struct stage *stage)
{
    static const size_t who[RECIPIENTS] = {FORCED, LATE, LATE + 1};
    uint8_t seed[32];

    stage_scene(stage, "The morning: one manifest, signed by two roots");
    stage->world.distrusted_from = stage->world.epoch;
    memset(seed, 0x77, sizeof seed);
    bool fresh =
        lockbus_signer_from_seed(&stage->world.issuer, seed) == LOCKBUS_OK;

    stage_check(stage, fresh && stage_manifest(stage),
                "a new issuer, the stolen key distrusted, the next epoch");
    struct outcome came = fill_by_stolen_key(stage);

    stage_check(stage, !came.opened && came.rule == LOCKBUS_RULE_D2,
                "the stolen key fills no door any more: D2");
    for (size_t i = 0; i < RECIPIENTS && !stage_over(stage); i++) {
        const struct parcel *parcel = &stage->parcel[who[i]];

        if (i == RECIPIENTS - 1) {
            (void)stage_wait_shut(stage); /* two at a time stand open */
        }
        stage_check(stage, stage_code(stage, parcel->code).opened,
                    "%s opens to the code its recipient has had all along",
                    stage_label(parcel->door));
    }
    (void)stage_wait_shut(stage);
    return true;
}
