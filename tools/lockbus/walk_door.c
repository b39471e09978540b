/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "walk_door.h"

#include "host.h"
#include "os/os.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    VISITS_MAX = 9,
    ASK_AGAIN_MS = 250,
    ASK_FOR_MS = 60000, /* a door that did not open counts as open for 20 s */
    END_MS = 60000,
    GRACE_MS = 1500, /* two sensors of one move differ by less */
    TURN_MS = 250,
    ANSWER_MAX = 32
};

/* ---- What moves ---------------------------------------------------------- */

static bool is_open(enum lockbus_latch latch)
{
    return latch == LOCKBUS_LATCH_OPEN || latch == LOCKBUS_LATCH_AJAR ||
           latch == LOCKBUS_LATCH_FORCED;
}

static void note(struct walker *w, const struct lockbus_event *event)
{
    if (event->kind == LOCKBUS_EVENT_LEAF && !event->assumed &&
        is_open(event->latch)) {
        if (event->door == w->door) {
            w->moved = true;
        } else if (w->other == WALK_NO_DOOR) {
            w->other = event->door;
            w->other_us = host_now_us();
        }
    }
    if (w->ticket != 0 && event->ticket == w->ticket &&
        lockbus_event_ends(event)) {
        w->end = *event;
    }
}

static bool until_end(void *user, const struct lockbus_event *event)
{
    struct walker *w = user;

    note(w, event);
    return w->end.kind != LOCKBUS_EVENT_NONE;
}

static bool watch(void *user, const struct lockbus_event *event)
{
    note(user, event);
    return false;
}

/* A door that stands open, as its sensor says; WALK_NO_DOOR: none. */
static uint16_t open_one(const struct walker *w, struct lockbus_door *door)
{
    door->size = sizeof *door;
    for (uint16_t n = 0; n < w->doors; n++) {
        if (lockbus_door_at(w->cab, n, door, NULL) == LOCKBUS_OK &&
            !door->assumed && is_open(door->latch)) {
            return n;
        }
    }
    return WALK_NO_DOOR;
}

/* Until all are shut; the person is told of each that is not. */
static bool wait_shut(struct walker *w)
{
    uint64_t end_us = host_now_us() + w->wish->shut_wait_s * 1000000;
    uint16_t told = WALK_NO_DOOR, open;
    struct lockbus_door door;

    while ((open = open_one(w, &door)) != WALK_NO_DOOR) {
        if (open != told) {
            printf("  %s is open: shut it\n", door.label);
            (void)fflush(stdout);
            told = open;
        }
        if (host_stopped() || host_now_us() >= end_us) {
            printf("  %s was not shut\n", door.label);
            return false;
        }
        (void)host_run(w->cab, TURN_MS, watch, w);
    }
    return true;
}

/* ---- Its visit ----------------------------------------------------------- */

/* The first package that is not used up. Doors that hold something get one
 * too: the gate is to say no, not we. 0: none; -1: one is bad, and said. */
static int find_visit(const struct walker *w, const struct lockbus_door *door,
                      uint8_t package[LOCKBUS_PACKAGE_MAX], size_t *len)
{
    uint8_t bytes[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    struct lockbus_grant grant;
    size_t seal_len = 0;
    char path[4096];

    for (unsigned n = 1; n <= VISITS_MAX; n++) {
        (void)snprintf(path, sizeof path, "%s/%s-%u.pkg", w->wish->visits,
                       door->label, n);
        if (lb_file_len(path) == 0) {
            break;
        }
        if (!host_read(path, package, LOCKBUS_PACKAGE_MAX, len)) {
            return -1;
        }
        if (lockbus_package_read(package, *len, bytes, seal, &seal_len) !=
                LOCKBUS_OK ||
            lockbus_grant_read(&grant, bytes, sizeof bytes) != LOCKBUS_OK) {
            fprintf(stderr, "lockbus: %s: is no package\n", path);
            return -1;
        }
        if (grant.stay > door->stay ||
            (grant.stay == door->stay &&
             door->custody == LOCKBUS_CUSTODY_LOADING)) {
            return 1;
        }
    }
    return 0;
}

/* The first pulse opened something else. The next ones of this permit would do
 * so again, under the hands of whoever shuts it. */
static bool went_astray(const struct walker *w)
{
    return !w->moved && w->other != WALK_NO_DOOR &&
           host_now_us() - w->other_us >= (uint64_t)GRACE_MS * 1000;
}

/* Until the ticket has its end; false: the cabinet could not be opened
 * again. */
static bool wait_end(struct walker *w)
{
    uint64_t end_us = host_now_us() + (uint64_t)END_MS * 1000;

    while (!host_stopped() && host_now_us() < end_us) {
        if (host_run(w->cab, TURN_MS, until_end, w)) {
            return true;
        }
        if (went_astray(w)) {
            w->end.kind = LOCKBUS_EVENT_FAILED;
            return w->reopen(w);
        }
    }
    return true;
}

/* Doors that were asked for just before may still count as open (D10), and
 * the journal may be behind (BUSY): both pass. Asks until it is decided; `end`
 * says how it went, also of a refusal that comes at once. False: the walk
 * cannot go on. */
static bool ask(struct walker *w, const uint8_t *package, size_t len)
{
    uint64_t end_us = host_now_us() + (uint64_t)ASK_FOR_MS * 1000;

    while (!host_stopped()) {
        struct lockbus_error why = {.err = LOCKBUS_OK};

        w->end = (struct lockbus_event){.kind = LOCKBUS_EVENT_NONE};
        w->ticket = 0;
        enum lockbus_err err = lockbus_deposit_with_key(
            w->cab, package, len, w->key.signer.seed, &w->ticket, &why);

        if (err == LOCKBUS_ERR_DENIED) {
            w->end.kind = LOCKBUS_EVENT_REFUSED;
            w->end.rule = why.rule;
        } else if (err == LOCKBUS_OK && !wait_end(w)) {
            return false;
        } else if (err != LOCKBUS_OK && err != LOCKBUS_ERR_BUSY) {
            return tool_complain(&why) == TOOL_OK;
        }
        if ((err != LOCKBUS_ERR_BUSY && w->end.rule != LOCKBUS_RULE_D10) ||
            host_now_us() >= end_us) {
            return !host_stopped();
        }
        (void)host_run(w->cab, ASK_AGAIN_MS, watch, w);
    }
    return false;
}

/* ---- What it means ------------------------------------------------------- */

static void label_of(const struct walker *w, uint16_t number,
                     struct lockbus_door *door)
{
    door->size = sizeof *door;
    if (lockbus_door_at(w->cab, number, door, NULL) != LOCKBUS_OK) {
        (void)snprintf(door->label, sizeof door->label, "?");
    }
}

/* A door by its label, whatever the case: people type on keyboards. */
static bool find_label(const struct walker *w, const char *label,
                       struct lockbus_door *door)
{
    door->size = sizeof *door;
    for (uint16_t n = 0; n < w->doors; n++) {
        if (lockbus_door_at(w->cab, n, door, NULL) == LOCKBUS_OK &&
            strcasecmp(label, door->label) == 0) {
            return true;
        }
    }
    return false;
}

/* Somebody saw another door open than was asked for. Lines of [doors] are
 * exchanged only between doors that both have a sensor, or both none: check
 * would refuse the others. */
static void tell_other(const struct lockbus_door *door,
                       const struct lockbus_door *other)
{
    printf("%s: WRONG: %s opened. ", door->label, other->label);
    if (door->assumed == other->assumed) {
        printf("Exchange in [doors], so that they say\n"
               "    %s = %u %u:%u\n    %s = %u %u:%u\n",
               other->label, other->number, door->board, door->channel,
               door->label, door->number, other->board, other->channel);
    } else {
        printf("Exchange the cables of the latches at\n"
               "    board %u channel %u and board %u channel %u\n",
               door->board, door->channel, other->board, other->channel);
    }
}

/* One answer; false: it is none, and that was said. Where the asked door's own
 * sensor moved, latch and sensor may be exchanged with another's. */
static bool take_answer(const struct walker *w, const struct lockbus_door *door,
                        const char *answer, char seen[PROVED_SEEN])
{
    struct lockbus_door other = {.size = sizeof other};

    if (answer[0] == '\0' || strcasecmp(answer, door->label) == 0) {
        return true;
    }
    if (strcmp(answer, "-") == 0) {
        (void)snprintf(seen, PROVED_SEEN, "nothing-opened");
        printf("%s: WRONG: nobody saw it open\n", door->label);
        return true;
    }
    if (!find_label(w, answer, &other)) {
        printf("  no door is labelled %s\n", answer);
        return false;
    }
    if (!w->moved && !other.assumed && w->other != other.number) {
        printf("  it was not %s: its sensor did not move\n", other.label);
        return false;
    }
    (void)snprintf(seen, PROVED_SEEN, "eye:%s", other.label);
    tell_other(door, &other);
    return true;
}

/* The person's word, until there is one. */
static bool ask_person(struct walker *w, const struct lockbus_door *door,
                       char seen[PROVED_SEEN])
{
    char answer[ANSWER_MAX];

    do {
        printf("  which door opened? Enter: %s; its label; -: none. ",
               door->label);
        (void)fflush(stdout);
        if (!host_line(w->cab, 0, answer, sizeof answer)) {
            return false;
        }
    } while (!take_answer(w, door, answer, seen));
    return true;
}

static void judge_sensors(const struct walker *w,
                          const struct lockbus_door *door,
                          char seen[PROVED_SEEN])
{
    struct lockbus_door other = {.size = sizeof other};

    if (w->other != WALK_NO_DOOR) {
        label_of(w, w->other, &other);
    }
    if (w->moved && w->other == WALK_NO_DOOR) {
        (void)snprintf(seen, PROVED_SEEN, "right");
    } else if (w->moved) {
        (void)snprintf(seen, PROVED_SEEN, "two:%s", other.label);
        printf("%s: WRONG: its own sensor and that of %s moved: is one cable "
               "on both\n    board %u channel %u and board %u channel %u?\n",
               door->label, other.label, door->board, door->channel,
               other.board, other.channel);
    } else if (w->other != WALK_NO_DOOR) {
        (void)snprintf(seen, PROVED_SEEN, "other:%s", other.label);
        printf("%s: WRONG: the sensor of %s moved. Exchange two cables, those "
               "of the latches\n    or those of the sensors, at board %u "
               "channel %u and board %u channel %u\n",
               door->label, other.label, door->board, door->channel,
               other.board, other.channel);
    } else {
        (void)snprintf(seen, PROVED_SEEN, "none");
        printf("%s: WRONG: no sensor moved: are its latch and its sensor "
               "connected?\n",
               door->label);
    }
}

static void judge_end(const struct walker *w, const struct lockbus_door *door,
                      char seen[PROVED_SEEN])
{
    seen[0] = '\0';
    if (w->end.kind == LOCKBUS_EVENT_REFUSED) {
        (void)snprintf(seen, PROVED_SEEN, "refused:%s",
                       lockbus_rule_name(w->end.rule));
        printf("%s: not opened, by rule %s: %s (it is %s)\n", door->label,
               lockbus_rule_name(w->end.rule), lockbus_rule_text(w->end.rule),
               lockbus_custody_name(door->custody));
    } else if (w->end.kind == LOCKBUS_EVENT_EXPIRED ||
               w->end.kind == LOCKBUS_EVENT_UNKNOWN ||
               w->end.kind == LOCKBUS_EVENT_NONE) {
        (void)snprintf(seen, PROVED_SEEN, "unknown");
        printf("%s: what came of it is not known: does its board answer?\n",
               door->label);
    }
}

static bool judge(struct walker *w, const struct lockbus_door *door,
                  char seen[PROVED_SEEN])
{
    bool blind = w->end.kind == LOCKBUS_EVENT_UNCONFIRMED;

    judge_end(w, door, seen);
    if (seen[0] != '\0') {
        return true;
    }
    if (blind && w->other == WALK_NO_DOOR) {
        (void)snprintf(seen, PROVED_SEEN, "by-eye");
    } else {
        judge_sensors(w, door, seen);
    }
    bool good = strcmp(seen, "right") == 0 || strcmp(seen, "by-eye") == 0;

    if (good && (blind || w->wish->confirm) && !ask_person(w, door, seen)) {
        return false;
    }
    if (strcmp(seen, "right") == 0 || strcmp(seen, "by-eye") == 0) {
        printf("%s: %s\n", door->label,
               blind ? "right, as somebody saw" : "right");
    }
    return true;
}

bool walk_door(struct walker *w, const struct lockbus_door *door,
               char seen[PROVED_SEEN])
{
    uint8_t package[LOCKBUS_PACKAGE_MAX];
    size_t len = 0;

    if (!wait_shut(w)) {
        return false;
    }
    int found = find_visit(w, door, package, &len);

    if (found <= 0) {
        printf("%s: %s\n", door->label,
               found < 0 ? "its visit cannot be read"
                         : "its visits are used up: issue new ones");
        (void)snprintf(seen, PROVED_SEEN, "no-visit");
        return found == 0;
    }
    w->door = door->number;
    w->moved = false;
    w->other = WALK_NO_DOOR;
    printf("%s: board %u channel %u\n", door->label, door->board,
           door->channel);
    (void)fflush(stdout);
    bool goes_on = ask(w, package, len) && wait_shut(w);

    goes_on = goes_on && judge(w, door, seen);
    (void)fflush(stdout);
    return goes_on;
}
