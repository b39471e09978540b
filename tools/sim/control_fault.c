/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "call.h"

#include <errno.h>
#include <string.h>

enum { LATE_MAX_MS = 60000, STRAY_MAX = 100, COUNT_MAX = 1000000 };

/* Every reply, a number of them, or a share: `3`, `25%`; after `writes`, of
 * the confirmations alone. False: there is something else, or more. */
static bool how_often(struct call *call, size_t word, struct sim_fault *fault)
{
    unsigned n = 0;

    if (sim_is(call, word, "writes")) {
        fault->writes = true;
        word++;
    }
    if (call->words > word + 1) {
        return false;
    }
    fault->left = SIM_FAULT_ALWAYS;
    fault->percent = 100;
    if (word >= call->words) {
        return true;
    }
    char *text = call->word[word];
    size_t len = strlen(text);
    bool share = len > 1 && text[len - 1] == '%';

    if (share) {
        text[len - 1] = '\0';
    }
    if (!sim_number(call, word, share ? 100 : COUNT_MAX, &n) || n == 0) {
        return false;
    }
    if (share) {
        fault->percent = n;
    } else {
        fault->left = n;
    }
    return true;
}

static bool fault_named(const char *name, enum sim_fault_kind *kind)
{
    for (size_t i = 0; i < SIM_FAULTS; i++) {
        if (strcmp(name, sim_fault_name((enum sim_fault_kind)i)) == 0) {
            *kind = (enum sim_fault_kind)i;
            return true;
        }
    }
    return false;
}

static void mend(struct sim_board *board)
{
    for (size_t i = 0; i < SIM_FAULTS; i++) {
        board->fault[i].left = 0;
    }
}

bool sim_do_board_fault(struct call *call, struct sim_board *board)
{
    enum sim_fault_kind kind = SIM_FAULTS;
    struct sim_fault fault = {0};
    unsigned value = 0;
    size_t next = 3;

    if (sim_is(call, 2, "sound") && call->words == 3) {
        mend(board);
        sim_say(call, "ok");
        return true;
    }
    if (call->words < 3 || !fault_named(call->word[2], &kind)) {
        return false;
    }
    bool late = kind == SIM_FAULT_LATE;

    if (late || kind == SIM_FAULT_STRAY) {
        if (!sim_number(call, next++, late ? LATE_MAX_MS : STRAY_MAX, &value) ||
            value == 0) {
            sim_say(call, "error %s takes a number from 1 to %d", call->word[2],
                    late ? (int)LATE_MAX_MS : (int)STRAY_MAX);
            return true;
        }
        fault.value = late ? value * SIM_MS : value;
    }
    if (!how_often(call, next, &fault)) {
        sim_say(call, "error how often is a number of replies or a share such "
                      "as 25%%; `writes` before it: of confirmations");
        return true;
    }
    fault.struck = board->fault[kind].struck;
    board->fault[kind] = fault;
    sim_say(call, "ok");
    return true;
}

static struct sim_bus *named_bus(struct call *call)
{
    for (size_t i = 0; call->words >= 2 && i < call->world->bus_count; i++) {
        if (sim_is(call, 1, call->world->bus[i].name)) {
            return &call->world->bus[i];
        }
    }
    return NULL;
}

static void plug(struct call *call, struct sim_bus *bus, bool in)
{
    if (in == (bus->pty.master >= 0)) {
        sim_say(call, "error it is %s", in ? "plugged in" : "unplugged");
        return;
    }
    sim_wire_clear(&bus->wire);
    if (!in) {
        sim_pty_close(&bus->pty);
    } else if (!sim_pty_open(&bus->pty, bus->path)) {
        sim_say(call, "error %s: %s", bus->path, strerror(errno));
        return;
    }
    sim_say(call, "ok");
}

void sim_do_bus(struct call *call)
{
    struct sim_bus *bus = named_bus(call);

    if (bus == NULL) {
        sim_say(call, "error no such bus");
    } else if (sim_is(call, 2, "echo") &&
               (sim_is(call, 3, "on") || sim_is(call, 3, "off"))) {
        bus->echo = sim_is(call, 3, "on");
        sim_say(call, "ok");
    } else if (call->words == 3 &&
               (sim_is(call, 2, "unplug") || sim_is(call, 2, "plug"))) {
        plug(call, bus, sim_is(call, 2, "plug"));
    } else {
        sim_say(call, "error bus NAME echo on|off, unplug or plug");
    }
}

void sim_do_content(struct call *call)
{
    struct sim_door *door =
        call->words >= 2 ? sim_world_content(call->world, call->word[1]) : NULL;

    if (door == NULL) {
        sim_say(call, "error no such door, or it has no content sensor");
    } else if (sim_is(call, 2, "full") || sim_is(call, 2, "empty")) {
        door->full = sim_is(call, 2, "full");
        sim_say(call, "ok");
    } else {
        sim_say(call, "error content LABEL full|empty");
    }
}
