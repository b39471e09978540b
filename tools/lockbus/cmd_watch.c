/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus watch: opens the cabinet and shows it until it is told to end: on a
 * terminal as a live picture, else lines, boards, doors and then every event.
 * It asks for nothing, so nothing opens.
 */

#include "host.h"
#include "issue_args.h"
#include "screen.h"
#include "watch_lines.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    DRAW_EVERY_MS = 100, /* the picture's pace; the cabinet keeps its own */
    RATE_MS = 1100,      /* a rate is measured over a second */
    EVERY_MAX_S = 86400,
    CTRL_C = 'C' & 0x1F
};

struct watch {
    const char *path, *sort, *filter;
    bool once, plain, boards;
    uint64_t every_s;
    struct lockbus_options options;
    struct order_wish wish;
};

static struct picture picture;

static bool parse(int argc, char **argv, struct watch *w)
{
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_TEXT, .to = &w->path},
        {.name = "--once",
         .kind = ISSUE_FLAG,
         .to = &w->once,
         .optional = true},
        {.name = "--plain",
         .kind = ISSUE_FLAG,
         .to = &w->plain,
         .optional = true},
        {.name = "--boards",
         .kind = ISSUE_FLAG,
         .to = &w->boards,
         .optional = true},
        {.name = "--sort",
         .kind = ISSUE_TEXT,
         .to = &w->sort,
         .optional = true},
        {.name = "--filter",
         .kind = ISSUE_TEXT,
         .to = &w->filter,
         .optional = true},
        {.name = "--every",
         .kind = ISSUE_NUMBER,
         .to = &w->every_s,
         .max = EVERY_MAX_S,
         .optional = true},
        {.name = "--trace",
         .kind = ISSUE_TEXT,
         .to = &w->options.trace,
         .optional = true},
    };

    return issue_args(argc, argv, args, sizeof args / sizeof args[0]);
}

/* False: something does not fit, and was said. */
static bool check(struct watch *w)
{
    const char *text = NULL;

    if (w->once && w->plain) {
        text = "--once or --plain, not both";
    } else if (w->once && w->every_s != 0) {
        text = "--once or --every, not both";
    } else if (w->sort != NULL && !order_by_find(w->sort, &w->wish.by)) {
        text = "--sort: label, state, board, errors or latency";
    } else if (w->filter != NULL && strlen(w->filter) >= ORDER_TEXT) {
        text = "--filter: at most 23 characters";
    } else if (w->filter != NULL) {
        (void)snprintf(w->wish.text, sizeof w->wish.text, "%s", w->filter);
    }
    if (text != NULL) {
        fprintf(stderr, "lockbus watch: %s\n", text);
    }
    return text == NULL;
}

/* ---- Lines --------------------------------------------------------------- */

/* An event of a door or board that was filtered away is not shown. */
static bool print(void *user, const struct lockbus_event *event)
{
    const struct watch *w = user;
    const struct picture_board *board = picture_board(&picture, event->board);
    bool fits = true;

    if (w->wish.text[0] == '\0') {
        fits = true;
    } else if (event->door < PICTURE_DOORS) {
        fits = order_door_fits(&picture.door[event->door], &w->wish);
    } else if (board != NULL) {
        fits = order_board_fits(board, &w->wish);
    }
    if (fits) {
        host_print(event);
    }
    return false;
}

static void show_doors(const struct watch *w)
{
    static struct order order;

    order_make(&order, &picture, &w->wish);
    for (size_t i = 0; i < order.count; i++) {
        const struct lockbus_door *door = &picture.door[order.door[i]].at;
        bool watched = door->content != LOCKBUS_CONTENT_UNWATCHED;

        printf("%4u %-5s %-3s %-9s %-8s%s%s%s%s%s%s%s\n", order.door[i],
               door->label, door->door_size, lockbus_latch_name(door->latch),
               lockbus_custody_name(door->custody),
               door->blocked ? " blocked" : "", door->frozen ? " frozen" : "",
               door->assumed ? " (no sensor)" : "", watched ? " inside: " : "",
               watched ? lockbus_content_name(door->content) : "",
               door->remark[0] != '\0' ? "  " : "", door->remark);
    }
}

static void show(const struct watch *w, const struct lockbus_cabinet *cab,
                 bool doors)
{
    const struct lockbus_cabinet_info *info = &picture.info;

    if (!picture_take(&picture, cab, host_now_us())) {
        return;
    }
    printf("%s: %u of %u boards answer, manifest %u of epoch %u, journal at "
           "block %llu\n",
           info->name, info->boards_present, info->boards, info->manifest_no,
           info->epoch, (unsigned long long)info->journal_blocks);
    watch_lines(&picture, &w->wish);
    if (doors) {
        show_doors(w);
    }
    (void)fflush(stdout);
}

static void watch_plain(struct watch *w, struct lockbus_cabinet *cab)
{
    host_settle(cab);
    (void)picture_take(&picture, cab, host_now_us());
    if (w->boards) {
        (void)host_run(cab, RATE_MS, NULL, NULL);
    }
    show(w, cab, !w->boards);
    bool again = !w->once;

    while (again) {
        (void)host_run(cab, w->every_s * 1000, print, w);
        again = w->every_s != 0 && !host_stopped();
        if (again) {
            printf("after %.1f s:\n", host_seconds(host_now_us()));
            show(w, cab, false);
        }
    }
}

/* ---- Live ---------------------------------------------------------------- */

static bool add(void *user, const struct lockbus_event *event)
{
    picture_event(user, event);
    return false;
}

static bool draw(void *user, struct lockbus_cabinet *cab, uint64_t now_us)
{
    int key = screen_key(0);

    (void)user;
    (void)picture_take(&picture, cab, now_us);
    screen_draw(&picture);
    return key == 'q' || key == 'Q' || key == CTRL_C;
}

static void watch_live(const struct watch *w, struct lockbus_cabinet *cab)
{
    struct host_side side = {STDIN_FILENO, DRAW_EVERY_MS, draw};

    screen_wish(&w->wish, w->boards);
    (void)host_run_beside(cab, &side, add, &picture);
    screen_close();
}

int cmd_watch(int argc, char **argv)
{
    struct watch w = {.options = {.size = sizeof w.options}};
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (!parse(argc, argv, &w) || !check(&w)) {
        return tool_usage(argv[0], NULL);
    }
    if (lockbus_cabinet_open(&cab, w.path, &w.options, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    host_catch_signals();
    picture_init(&picture, host_now_us());
    if (!w.once && !w.plain && w.every_s == 0 && screen_open()) {
        watch_live(&w, cab);
    } else {
        watch_plain(&w, cab);
    }
    lockbus_cabinet_close(&cab);
    return TOOL_OK;
}
