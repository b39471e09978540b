/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The same boards, doors and parcels under a host that obeys "open n", and an
 * attacker who has reached that host. A twin of the cabinet, so that what
 * happens to it is no part of the journal's story.
 */

#include "open_n_host.h"
#include "scenes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SWING_MS = 200 };

static bool start_twin(struct stage *stage, struct simulator *sim,
                       char port[WORLD_PATH + 16])
{
    static struct world twin;

    twin = stage->world;
    if ((size_t)snprintf(twin.dir, sizeof twin.dir, "%s/twin",
                         stage->world.dir) >= sizeof twin.dir) {
        return false;
    }
    (void)mkdir(twin.dir, 0700);
    (void)snprintf(port, WORLD_PATH + 16, "pty:%s/bus", twin.dir);
    return world_config(&twin, BOARDS, port, stage->profiles, 115200) &&
           simulator_start(sim, stage->sim_program, twin.dir, 0);
}

/* Which doors have something in them tonight, on both cabinets. */
static void take_stock(struct stage *stage)
{
    struct night *night = &stage->night;

    for (uint16_t d = 0; d < DOORS; d++) {
        struct night_door *door = &night->door[d];

        (void)snprintf(door->label, sizeof door->label, "%s", stage_label(d));
        door->full = stage_door(stage, d).custody == LOCKBUS_CUSTODY_OCCUPIED;
        night->full += door->full;
    }
}

static void open_every_door(struct stage *stage, struct open_n_host *host)
{
    struct night *night = &stage->night;
    struct lockbus_event unused;
    uint64_t begun = stage_now_us();

    for (unsigned n = 1; n <= DOORS && !stage_over(stage); n++) {
        struct night_door *door = &night->door[n - 1];

        door->obeyed = open_n(host, n);
        door->obeyed_ms = (unsigned)((stage_now_us() - begun) / 1000);
        if (door->obeyed) {
            night->obeyed++;
            night->full_obeyed += door->full;
            night->obeyed_ms = door->obeyed_ms;
            stage->record.now.door[n - 1].at.latch = LOCKBUS_LATCH_OPEN;
        }
        (void)stage_turn(stage, 0, &unused); /* lockbus works on next door */
    }
}

bool scene_open_n(struct stage *stage)
{
    struct night *night = &stage->night;
    struct simulator sim = {.pid = -1, .control = -1};
    struct open_n_host host = {.port = -1};
    char port[WORLD_PATH + 16];

    take_stock(stage);
    stage->record.other_host = true;
    stage_scene(stage, "The night of PickPoint, on a host of today: it obeys "
                       "\"open n\"");
    stage_note(stage, "December 2020: whoever held PickPoint's network opened "
                      "2,732 of its cabinets.");
    stage_note(stage, "The same boards, doors and parcels as ours. The "
                      "attacker's program: for n from 1 to 96, open n.");
    if (start_twin(stage, &sim, port) &&
        open_n_connect(&host, port + strlen("pty:"))) {
        open_every_door(stage, &host);
        stage_wait_ms(stage, SWING_MS);
        (void)simulator_ask(&sim, "opened?", night->obeyed_said,
                            sizeof night->obeyed_said);
    }
    stage_check(stage,
                night->obeyed == DOORS &&
                    strtoul(night->obeyed_said, NULL, 10) == DOORS,
                "%u of %d doors stand open after %u ms, %u of the %u with a "
                "parcel behind them; nobody was asked, nothing is on record",
                night->obeyed, DOORS, night->obeyed_ms, night->full_obeyed,
                night->full);
    stage_words(stage, "moved: ", night->obeyed_said);
    open_n_close(&host);
    simulator_stop(&sim);
    stage->record.other_host = false;
    return true;
}
