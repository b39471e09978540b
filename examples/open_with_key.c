/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/* Opens one door with the parcel's own key, as a kiosk does that read it from
 * a QR code, and says what came of it. */

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
    char text[LOCKBUS_ERROR_TEXT_MAX];

    lockbus_error_text(why, text, sizeof text);
    fprintf(stderr, "%s\n", text);
    return 1;
}

/* Before every board answered once each ask is refused, so it waits for that.
 * The ticket's events then say what came of it; one of them is its last. */
static int open_door(struct lockbus_cabinet *cab, const char *label,
                     const struct lockbus_signer *key)
{
    uint64_t until_us = now_us() + GIVE_UP_S * 1000000ULL;
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct pollfd fd = {lockbus_cabinet_fd(cab), POLLIN, 0};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_event event;
    uint32_t ticket = 0;
    uint16_t door = 0;

    while (now_us() < until_us &&
           lockbus_cabinet_poll(cab, now_us()) == LOCKBUS_OK &&
           lockbus_cabinet_info(cab, &info) == LOCKBUS_OK) {
        if (ticket == 0 && info.boards_present == info.boards &&
            (lockbus_door_find(cab, label, &door, &why) != LOCKBUS_OK ||
             lockbus_open_with_key(cab, door, LOCKBUS_PROOF_RELEASE, key->seed,
                                   &ticket, &why) != LOCKBUS_OK)) {
            return complain(&why);
        }
        while (lockbus_cabinet_next_event(cab, &event)) {
            if (ticket == 0 || event.ticket != ticket) {
                continue;
            }
            printf("%s %s: %s\n", event.label, lockbus_event_name(event.kind),
                   event.text);
            if (lockbus_event_ends(&event)) { /* no sensor: UNCONFIRMED */
                return event.kind != LOCKBUS_EVENT_OPENED &&
                       event.kind != LOCKBUS_EVENT_UNCONFIRMED;
            }
        }
        poll(&fd, 1, lockbus_cabinet_timeout_ms(cab, now_us()));
    }
    fprintf(stderr, "%u of %u boards answer; door %s was not opened\n",
            info.boards_present, info.boards, label);
    return 1;
}

int main(int argc, char **argv)
{
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_key_file key;

    if (argc != 4) {
        fprintf(stderr, "usage: open_with_key CABINET.ini DOOR RELEASE.key\n");
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
