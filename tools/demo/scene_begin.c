/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scenes.h"

#include <fcntl.h>
#include <string.h>

bool scene_begin(struct stage *stage)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    char reply[SAID_MAX];

    stage_scene(stage, "A new cabinet: 12 boards of 8 doors on one RS-485 "
                       "line, at 115200 baud");
    if (!simulator_start(&stage->sim, stage->sim_program, stage->world.dir,
                         SHUT_AFTER_MS)) {
        stage_note(stage, "the simulator did not start");
        return false;
    }
    /* Clamped on before lockbus locks the port: a wire asks nobody. */
    stage->tap = open(stage->port + strlen("pty:"),
                      O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    bool made = world_commission(&stage->world, stage->escrow, &why);

    if (!made) {
        stage_note(stage, "commissioning failed: %s %s (%s)", why.field,
                   why.text, lockbus_rule_name(why.rule));
    }
    stage_check(stage, made,
                "two persons signed the door map; the journal begins with it");
    bool open = made && stage_open(stage);

    stage_check(stage, open,
                "all 12 boards answer, every output was switched off");
    bool none = stage_ask_moved(stage, reply) && strcmp(reply, "0") == 0;

    stage_check(stage, none, "starting up moved no latch");
    return open;
}
