/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Opens one door with the parcel's own key, as a kiosk does that read it from
 * a QR code, and says what came of it.
 *
 *   open_with_key cabinet.ini A07 release.key
 */

#include <lockbus/lockbus.h>

#include <poll.h>
#include <stdio.h>
#include <time.h>

enum { GIVE_UP_S = 60 };

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int complain(const struct lockbus_error *why)
{
    fprintf(stderr, "%s by rule %s: %s\n", lockbus_err_name(why->err),
            lockbus_rule_name(why->rule), why->text); /* "-": by none */
    return 1;
}

/* One turn: everything that is due, then wait for more. */
static bool turn(struct lockbus_cabinet *cab, struct lockbus_event *event)
{
    struct pollfd fd = {lockbus_cabinet_fd(cab), POLLIN, 0};

    event->kind = LOCKBUS_EVENT_NONE;
    if (lockbus_cabinet_poll(cab, now_us()) != LOCKBUS_OK) {
        return false;
    }
    if (!lockbus_cabinet_next_event(cab, event)) {
        poll(&fd, 1, lockbus_cabinet_timeout_ms(cab, now_us()));
    }
    return true;
}

/* Until each board answered once: before that every ask is refused. */
static bool settle(struct lockbus_cabinet *cab, uint64_t until_us)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_event event;

    do {
        if (!turn(cab, &event) ||
            lockbus_cabinet_info(cab, &info) != LOCKBUS_OK) {
            return false;
        }
    } while (info.boards_present < info.boards && now_us() < until_us);
    return info.boards_present == info.boards;
}

static int open_door(struct lockbus_cabinet *cab, const char *label,
                     const struct lockbus_signer *key)
{
    uint64_t until_us = now_us() + GIVE_UP_S * 1000000ULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_event event;
    uint32_t ticket = 0;
    uint16_t door = 0;

    if (!settle(cab, until_us)) {
        return 1;
    }
    if (lockbus_door_find(cab, label, &door, &why) != LOCKBUS_OK ||
        lockbus_open_with_key(cab, door, LOCKBUS_PROOF_RELEASE, key->seed,
                              &ticket, &why) != LOCKBUS_OK) {
        return complain(&why);
    }
    while (now_us() < until_us && turn(cab, &event)) {
        if (event.kind != LOCKBUS_EVENT_NONE && event.ticket == ticket) {
            printf("%s %s: %s\n", event.label, lockbus_event_name(event.kind),
                   event.text);
            if (lockbus_event_ends(&event)) { /* no sensor: UNCONFIRMED */
                return event.kind == LOCKBUS_EVENT_OPENED ||
                               event.kind == LOCKBUS_EVENT_UNCONFIRMED
                           ? 0
                           : 1;
            }
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_key_file key;

    if (argc != 4) {
        return 2;
    }
    if (lockbus_key_load(argv[3], &key, &why) != LOCKBUS_OK ||
        lockbus_cabinet_open(&cab, argv[1], NULL, &why) != LOCKBUS_OK) {
        return complain(&why);
    }
    int code = open_door(cab, argv[2], &key.signer);

    lockbus_cabinet_close(&cab);
    lockbus_signer_wipe(&key.signer);
    return code;
}
