/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus watch: opens the cabinet and shows it until it is told to end: on a
 * terminal as a live picture, else its doors and then every event as lines.
 * It asks for nothing, so nothing opens.
 */

#include "host.h"
#include "issue_args.h"
#include "screen.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    DRAW_EVERY_MS = 100, /* the picture's pace; the cabinet keeps its own */
    CTRL_C = 'C' & 0x1F
};

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

/* ---- Live ---------------------------------------------------------------- */

static bool add(void *user, const struct lockbus_event *event)
{
    picture_event(user, event);
    return false;
}

static bool draw(void *user, struct lockbus_cabinet *cab, uint64_t now_us)
{
    struct picture *picture = user;
    int key = screen_key(0);

    (void)picture_take(picture, cab, now_us);
    screen_draw(picture);
    return key == 'q' || key == 'Q' || key == CTRL_C;
}

static void watch_live(struct lockbus_cabinet *cab)
{
    static struct picture picture;
    struct host_side side = {STDIN_FILENO, DRAW_EVERY_MS, draw};

    picture_init(&picture, host_now_us());
    (void)host_run_beside(cab, &side, add, &picture);
    screen_close();
}

static void watch_plain(struct lockbus_cabinet *cab, bool once)
{
    host_settle(cab);
    show(cab);
    if (!once) {
        (void)host_run(cab, 0, print, NULL);
    }
}

int cmd_watch(int argc, char **argv)
{
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_options options = {.size = sizeof options};
    const char *path = NULL;
    bool once = false, plain = false;
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_TEXT, .to = &path},
        {.name = "--once", .kind = ISSUE_FLAG, .to = &once, .optional = true},
        {.name = "--plain", .kind = ISSUE_FLAG, .to = &plain, .optional = true},
        {.name = "--trace",
         .kind = ISSUE_TEXT,
         .to = &options.trace,
         .optional = true},
    };

    if (!issue_args(argc, argv, args, 4)) {
        return tool_usage(argv[0], NULL);
    }
    if (once && plain) {
        fputs("lockbus watch: --once or --plain, not both\n", stderr);
        return tool_usage(argv[0], NULL);
    }
    if (lockbus_cabinet_open(&cab, path, &options, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    host_catch_signals();
    if (!once && !plain && screen_open()) {
        watch_live(cab);
    } else {
        watch_plain(cab, once);
    }
    lockbus_cabinet_close(&cab);
    return TOOL_OK;
}
