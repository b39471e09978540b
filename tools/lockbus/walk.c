/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "walk.h"

#include "host.h"
#include "issue_args.h"
#include "proved.h"
#include "walk_door.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct tally {
    unsigned wrong, not_opened; /* refused, without a visit, or unknown */
};

static bool says_wrong(const char *seen)
{
    static const char *const words[] = {"other:", "two:", "eye:", "none",
                                        "nothing-opened"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strncmp(seen, words[i], strlen(words[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* What is wrong with one grant's issuer is wrong with all of them. */
static bool all_refused(const char *seen)
{
    if (strcmp(seen, "refused:D2") != 0) {
        return false;
    }
    printf("Every door would be refused so: no issuer of the manifest that "
           "signed these visits\n    has this cabinet's region\n");
    return true;
}

/* One door, from "is it proved?" to its line; false: the walk ends here. */
static bool walk_one(struct walker *w, const struct lockbus_door *door,
                     struct tally *tally)
{
    char seen[PROVED_SEEN];

    if (w->proved.right[door->number]) {
        return true;
    }
    if (!walk_door(w, door, seen)) {
        return false;
    }
    if (!proved_add(&w->proved, door, seen)) {
        return false;
    }
    tally->wrong += says_wrong(seen);
    tally->not_opened += !w->proved.right[door->number] && !says_wrong(seen);
    return !all_refused(seen);
}

static unsigned count_right(const struct walker *w, unsigned *doors)
{
    struct lockbus_door door = {.size = sizeof door};
    unsigned right = 0;

    *doors = 0;
    for (uint16_t n = 0; n < w->doors; n++) {
        if (lockbus_door_at(w->cab, n, &door, NULL) == LOCKBUS_OK) {
            right += w->proved.right[n];
            (*doors)++;
        }
    }
    return right;
}

static int walk_all(struct walker *w, uint16_t first)
{
    struct lockbus_door door = {.size = sizeof door};
    struct tally tally = {0, 0};
    unsigned doors = 0, before = count_right(w, &doors);
    bool goes_on = true;

    if (before > 0) {
        printf("%u of %u doors are proved already\n", before, doors);
    }
    for (uint16_t n = first; goes_on && n < w->doors; n++) {
        if (lockbus_door_at(w->cab, n, &door, NULL) == LOCKBUS_OK) {
            goes_on = walk_one(w, &door, &tally);
        }
        if (host_stopped()) {
            goes_on = false;
        }
    }
    unsigned right = count_right(w, &doors);

    printf("%u of %u doors proved, %u wrong and %u not opened on this walk%s\n",
           right, doors, tally.wrong, tally.not_opened,
           goes_on ? "" : "; it was cut short: the same command goes on");
    if (right != doors || !goes_on) {
        return TOOL_FAILED;
    }
    return proved_end(&w->proved, doors) ? TOOL_OK : TOOL_FAILED;
}

static bool open_cabinet(struct walker *w)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    lockbus_cabinet_close(&w->cab);
    if (lockbus_cabinet_open(&w->cab, w->wish->config, NULL, &why) !=
        LOCKBUS_OK) {
        return tool_complain(&why) == TOOL_OK;
    }
    host_settle(w->cab);
    return lockbus_cabinet_time(w->cab, (uint64_t)time(NULL), false) ==
           LOCKBUS_OK;
}

static int walk_cabinet(struct walker *w, const struct walk_wish *wish)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint16_t first = 0;

    if (lockbus_config_check(wish->config, w->proved.map_hash, &w->doors,
                             &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    host_catch_signals();
    if (!open_cabinet(w)) {
        return TOOL_FAILED;
    }
    if (lockbus_cabinet_info(w->cab, &info) != LOCKBUS_OK ||
        (wish->from != NULL && !host_door(w->cab, wish->from, &first))) {
        return TOOL_FAILED;
    }
    memcpy(w->proved.cabinet_id, info.cabinet_id, sizeof info.cabinet_id);
    if (!proved_open(&w->proved)) {
        return TOOL_FAILED;
    }
    return walk_all(w, first);
}

int walk(const struct walk_wish *wish)
{
    static struct walker w;

    w.wish = wish;
    w.reopen = open_cabinet;
    w.proved.path = wish->out;
    if (!issue_key(&w.key, wish->key, "courier", true)) {
        return TOOL_FAILED;
    }
    int result = walk_cabinet(&w, wish);

    lockbus_cabinet_close(&w.cab);
    lockbus_signer_wipe(&w.key.signer);
    return result;
}
