/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

#include "victim.h"

#include <stdio.h>
#include <string.h>

enum { STILL_MS = 1000 };

static bool power(struct stage *stage, const char *what)
{
    char line[32], reply[SAID_MAX];
    bool ok = true;

    for (unsigned board = 1; board <= BOARDS; board++) {
        (void)snprintf(line, sizeof line, "board %u %s", board, what);
        ok = simulator_ask(&stage->sim, line, reply, sizeof reply) && ok;
    }
    return ok;
}

static void again(struct stage *stage, const uint8_t *old_proof)
{
    const struct parcel *parcel = &stage->parcel[CUT_SHORT];
    const char *label = stage_label(parcel->door);
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct outcome came = stage_prove(stage, old_proof);

    stage_check(stage, !came.opened && came.rule == LOCKBUS_RULE_P5,
                "the proof from before the cut: P5, challenges die with the "
                "process");
    stage_check(stage, stage_release(stage, parcel, proof).opened,
                "the recipient asks again, by her second use: %s opened",
                label);
    stage_check(stage, stage_door(stage, parcel->door).release_uses_left == 0,
                "and that was her last: each use is spent once");
}

bool scene_powercut(struct stage *stage)
{
    const struct parcel *parcel = &stage->parcel[CUT_SHORT];
    const char *label = stage_label(parcel->door);
    struct victim victim = {.pid = -1};
    struct last_words words = {.asked = false};
    char reply[SAID_MAX];

    stage_scene(stage, "The power goes between the intent and the pulse");
    (void)stage_ask_moved(stage, reply); /* from here on */
    stage_close(stage);
    if (!victim_start(&victim, stage)) {
        stage_note(stage, "no process could be started");
        return false;
    }
    bool asked =
        victim_hear(&victim, stage, &words) && victim_trace(stage).intent;
    bool killed = victim_kill(&victim) && power(stage, "off");

    stage_check(stage, asked && killed,
                "the recipient of %s asks; her intent is on the disk; the "
                "process is killed, the boards are dark",
                label);
    if (!asked) {
        stage_note(stage, "(%s)", words.why);
    }
    stage_check(stage, power(stage, "on") && stage_open(stage),
                "the power is back, the cabinet starts on its journal");
    stage_wait_ms(stage, STILL_MS);
    stage_check(stage, stage_ask_moved(stage, reply) && strcmp(reply, "0") == 0,
                "no latch moved: not before the cut, not by starting");
    struct lockbus_door door = stage_door(stage, parcel->door);

    stage_check(stage,
                door.custody == LOCKBUS_CUSTODY_OCCUPIED &&
                    door.release_uses_left == 1,
                "%s is still OCCUPIED; that use is spent, one is left", label);
    struct trace trace = victim_trace(stage);

    stage_check(stage, trace.intent && !trace.result,
                "the journal: a release of %s was allowed, what came of it is "
                "not known; it claims no more",
                label);
    again(stage, words.proof);
    return true;
}
