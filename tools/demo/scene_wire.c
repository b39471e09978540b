/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "open_n_host.h"
#include "scenes.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 10, WATCH_MS = 300, LISTEN_MS = 200, QUIET_MS = 4 };

/* Reads the line dry: what is taken here does not reach the host. */
static bool take_reply(int tap, int wait_ms)
{
    uint8_t bytes[256];
    bool heard = false;
    struct pollfd wait = {tap, POLLIN, 0};

    while (poll(&wait, 1, heard ? QUIET_MS : wait_ms) == 1 &&
           read(tap, bytes, sizeof bytes) > 0) {
        heard = true;
    }
    return heard;
}

/* lockbus speaks all the time, and two who speak at once are not heard. So
 * whoever taps the wire swallows a reply, and speaks in the silence in which
 * the host still waits for it. */
static bool speak(int tap, const uint8_t frame[OPEN_N_FRAME])
{
    bool said = take_reply(tap, LISTEN_MS) &&
                write(tap, frame, OPEN_N_FRAME) == OPEN_N_FRAME;

    (void)take_reply(tap, 4 * QUIET_MS);
    return said;
}

/* Milliseconds from the frame that moved the latch to the alarm; -1. */
static int force_by_wire(struct stage *stage, uint16_t door)
{
    uint8_t frame[OPEN_N_FRAME];
    struct lockbus_event unused;
    unsigned before = stage->forced[door];

    open_n_frame(door + 1U, frame);
    for (unsigned i = 0; i < FRAMES && !stage_over(stage); i++) {
        (void)stage_turn(stage, 0, &unused);
        uint64_t sent = stage_now_us();

        (void)speak(stage->tap, frame);
        while (stage_now_us() - sent < WATCH_MS * UINT64_C(1000)) {
            (void)stage_turn(stage, 0, &unused);
            if (stage->forced[door] != before) {
                return (int)((stage_now_us() - sent) / 1000);
            }
        }
    }
    return -1;
}

bool scene_wire(struct stage *stage)
{
    const struct parcel *parcel = &stage->parcel[FORCED];
    const char *label = stage_label(parcel->door);
    char line[32], reply[SAID_MAX] = "";

    stage_scene(stage, "The honest limit: somebody inside the cabinet taps the "
                       "RS-485 pair");
    int after_ms = force_by_wire(stage, parcel->door);

    (void)snprintf(line, sizeof line, "state %s", label);
    bool open = simulator_ask(&stage->sim, line, reply, sizeof reply) &&
                strncmp(reply, "open", 4) == 0;

    stage_check(stage, open,
                "a raw frame of 8 bytes, and %s stands open: plain boards obey "
                "whoever speaks",
                label);
    stage_check(stage, after_ms >= 0 && stage->forced[parcel->door] == 1,
                "lockbus saw it %d ms after the frame: FORCED, an alarm, on "
                "record",
                after_ms);
    stage_check(stage,
                stage_door(stage, parcel->door).custody ==
                    LOCKBUS_CUSTODY_OCCUPIED,
                "its parcel is not written off: %s stays OCCUPIED, its "
                "recipient's code stays good",
                label);
    stage_note(stage, "lockbus cannot prevent this on plain boards; "
                      "docs/THREATS.md says so. It cannot be done in silence.");
    (void)stage_wait_shut(stage);
    return true;
}
