/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus watch: opens the cabinet, shows its doors, then every event as a
 * line until it is interrupted. It asks for nothing, so nothing opens.
 */

#include "host.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool print(void *user, const struct lockbus_event *event)
{
    (void)user;
    host_print(event);
    return false;
}

static void show(const struct lockbus_cabinet *cab)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_door door = {.size = sizeof door};

    if (lockbus_cabinet_info(cab, &info) != LOCKBUS_OK) {
        return;
    }
    printf("%s: %u of %u boards answer, manifest %u of epoch %u, journal at "
           "block %llu\n",
           info.name, info.boards_present, info.boards, info.manifest_no,
           info.epoch, (unsigned long long)info.journal_blocks);
    for (uint16_t n = 0; n < info.doors; n++) {
        if (lockbus_door_at(cab, n, &door, NULL) != LOCKBUS_OK) {
            continue;
        }
        printf("%4u %-5s %-3s %-9s %-8s%s%s%s%s%s%s%s\n", n, door.label,
               door.door_size, lockbus_latch_name(door.latch),
               lockbus_custody_name(door.custody),
               door.blocked ? " blocked" : "", door.frozen ? " frozen" : "",
               door.assumed ? " (no sensor)" : "",
               door.content != LOCKBUS_CONTENT_UNWATCHED ? " inside: " : "",
               door.content != LOCKBUS_CONTENT_UNWATCHED
                   ? lockbus_content_name(door.content)
                   : "",
               door.remark[0] != '\0' ? "  " : "", door.remark);
    }
    (void)fflush(stdout);
}

int cmd_watch(int argc, char **argv)
{
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    bool once = argc == 3 && strcmp(argv[2], "--once") == 0;

    if (argc != 2 && !once) {
        return tool_usage(argv[0], "CABINET.ini [--once]");
    }
    if (lockbus_cabinet_open(&cab, argv[1], NULL, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    host_catch_signals();
    host_settle(cab);
    show(cab);
    if (!once) {
        (void)host_run(cab, 0, print, NULL);
    }
    lockbus_cabinet_close(&cab);
    return TOOL_OK;
}
