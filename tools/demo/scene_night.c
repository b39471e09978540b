/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scenes.h"

#include <stdio.h>
#include <string.h>

enum { SEEN_MS = 60 };

/* What the attacker can try on one door with gateway and issuer key. */
static void attack(struct stage *stage, uint16_t d)
{
    static const enum lockbus_proof_kind kinds[] = {
        [TRY_RELEASE] = LOCKBUS_PROOF_RELEASE,
        [TRY_RETURN] = LOCKBUS_PROOF_RETURN,
        [TRY_REOPEN] = LOCKBUS_PROOF_REOPEN,
        [TRY_CANCEL] = LOCKBUS_PROOF_CANCEL,
    };
    struct night_door *door = &stage->night.door[d];
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct parcel own;
    uint64_t stay = stage_door(stage, d).stay;

    for (unsigned i = TRY_RELEASE; i <= TRY_CANCEL; i++) {
        struct world_claim claim = {d, stay != 0 ? stay : 1, kinds[i],
                                    &stage->world.issuer};

        if (world_proof(&stage->world, stage->cab, claim, proof)) {
            struct outcome came = stage_prove(stage, proof);

            stage->night.tries++;
            door->rule[i] = came.rule;
            door->opened = door->opened || came.opened;
        }
    }
    if (world_parcel(&stage->world, &own, d, false, &why)) {
        struct outcome came = stage_deposit(stage, &own);

        stage->night.tries++;
        door->rule[TRY_DEPOSIT] = came.rule;
        door->opened = door->opened || came.opened;
    }
}

/* Whether the boards' own list names exactly the doors that we think. */
static bool agrees(const struct night *night)
{
    char wanted[SAID_MAX];
    int len = snprintf(wanted, sizeof wanted, "%u", night->opened);
    char sep = ' ';

    for (unsigned d = 0; d < DOORS; d++) {
        if (night->door[d].opened && (size_t)len < sizeof wanted) {
            len += snprintf(wanted + len, sizeof wanted - (size_t)len, "%c%s",
                            sep, night->door[d].label);
            sep = ',';
        }
    }
    return strcmp(wanted, night->opened_said) == 0;
}

bool scene_night(struct stage *stage)
{
    struct night *night = &stage->night;
    struct lockbus_event unused;
    char reply[SAID_MAX];

    stage_scene(stage, "The same night on lockbus: the attacker holds the "
                       "gateway and the issuer's key");
    (void)stage_wait_custody(stage, stage->parcel[CUT_SHORT].door,
                             LOCKBUS_CUSTODY_VACANT);
    stage_check(stage, stage_wait_shut(stage) && stage_manifest(stage),
                "all doors are shut; the operator has raised the epoch since "
                "the deposits, as every week");
    (void)stage_ask_moved(stage, reply); /* from here on */
    for (uint16_t d = 0; d < DOORS && !stage_over(stage); d++) {
        attack(stage, d);
        night->opened += night->door[d].opened;
        night->full_opened += night->door[d].opened && night->door[d].full;
        (void)stage_turn(stage, 0, &unused);
        if (stage->live.open) {
            stage_wait_ms(stage, SEEN_MS);
        }
    }
    (void)stage_ask_moved(stage, night->opened_said);
    stage_check(stage,
                night->tries == DOORS * TRY_COUNT && night->full != 0 &&
                    night->full_opened == 0,
                "doors with parcels behind them: %u attacked, %u opened",
                night->full, night->full_opened);
    stage_check(stage, agrees(night),
                "the simulated leaves say the same: no other door moved");
    stage_words(stage, "moved: ", night->opened_said);
    stage_note(stage,
               "empty doors: %u attacked, %u opened (nothing is in them; at "
               "most %u stand open at a time); %u attempts in all",
               DOORS - night->full, night->opened - night->full_opened,
               stage->world.limits.max_open_vacant, night->tries);
    (void)stage_wait_shut(stage);
    return true;
}
