/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scenes.h"

#include <stdio.h>
#include <string.h>

bool scene_pickup(struct stage *stage)
{
    const struct parcel *parcel = &stage->parcel[BY_CODE];
    char wrong[LOCKBUS_CODE_TEXT_MAX];

    stage_scene(stage, "The recipient of A07 types a code");
    (void)snprintf(wrong, sizeof wrong, "%s", parcel->code);
    char *last = &wrong[strlen(wrong) - 1];

    *last = *last == 'Z' ? 'Y' : 'Z';
    struct outcome came = stage_code(stage, wrong);

    stage_check(stage, !came.opened && came.rule == LOCKBUS_RULE_C4,
                "with one letter wrong: refused by C4, and on record");
    stage_check(stage, stage_code(stage, parcel->code).opened,
                "as it was sent: A07 opened");
    return true;
}
