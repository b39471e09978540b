/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scenes.h"

bool scene_app(struct stage *stage)
{
    const struct parcel *parcel = &stage->parcel[BY_APP];
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct outcome came;

    stage_scene(stage,
                "A recipient with an app; somebody listens, and somebody "
                "forges");
    struct world_claim forged = {parcel->door, parcel->stay,
                                 LOCKBUS_PROOF_RELEASE, &stage->world.issuer};
    bool made = world_proof(&stage->world, stage->cab, forged, proof);

    came = stage_prove(stage, proof);
    stage_check(stage, made && !came.opened && came.rule == LOCKBUS_RULE_P6,
                "a proof signed by the issuer instead of the parcel's key: P6");
    stage_check(stage, stage_release(stage, parcel, proof).opened,
                "the recipient's own proof: %s opened",
                stage_label(parcel->door));
    came = stage_prove(stage, proof);
    stage_check(stage, !came.opened && came.rule == LOCKBUS_RULE_P5,
                "the very same bytes a moment later: P5, its challenge is "
                "spent");
    stage_check(stage,
                stage_wait_vacant(stage, &stage->parcel[BY_CODE]) &&
                    stage_wait_vacant(stage, parcel),
                "taken out, shut, a while later A07 and C05 are VACANT again");
    return true;
}
