/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/* A small kiosk: reads codes from standard input, one a line, and prints what
 * comes of each. */

#include <lockbus/lockbus.h>

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

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

/* One byte of standard input, so that poll(2) sees what is left; false at its
 * end. A whole line is a code. */
static bool take_byte(struct lockbus_cabinet *cab, int *unfinished)
{
    static char line[LOCKBUS_CODE_TEXT_MAX + 2];
    static size_t len;
    struct lockbus_error why;
    uint32_t ticket;
    char c;

    if (read(STDIN_FILENO, &c, 1) != 1) {
        return false;
    }
    if (c != '\n') {
        len += len + 1 < sizeof line; /* too long: the library says so */
        line[len - 1] = c;
        return true;
    }
    line[len] = '\0';
    len = 0;
    if (lockbus_release_with_code(cab, line, &ticket, &why) == LOCKBUS_OK) {
        ++*unfinished;
    } else {
        complain(&why);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why;
    struct lockbus_event event;
    int unfinished = 0;
    bool more = true;

    if (argc != 2) {
        fprintf(stderr, "usage: release_by_code CABINET.ini < CODES\n");
        return 2;
    }
    if (lockbus_cabinet_open(&cab, argv[1], NULL, &why) != LOCKBUS_OK) {
        return complain(&why);
    }
    /* Not trusted: it dates the journal and decides nothing. */
    (void)!lockbus_cabinet_time(cab, (uint64_t)time(NULL), false);
    while ((more || unfinished != 0) &&
           lockbus_cabinet_poll(cab, now_us()) == LOCKBUS_OK &&
           lockbus_cabinet_info(cab, &info) == LOCKBUS_OK) {
        while (lockbus_cabinet_next_event(cab, &event)) {
            printf("%s ticket %u door %s: %s\n", lockbus_event_name(event.kind),
                   event.ticket, event.label, event.text);
            unfinished -= lockbus_event_ends(&event);
        }
        /* Nobody is asked for a code before a board can obey it. */
        struct pollfd fds[] = {
            {lockbus_cabinet_fd(cab), POLLIN, 0},
            {more && info.boards_present != 0 ? STDIN_FILENO : -1, POLLIN, 0}};

        poll(fds, 2, lockbus_cabinet_timeout_ms(cab, now_us()));
        more = fds[1].revents == 0 ? more : take_byte(cab, &unfinished);
    }
    lockbus_cabinet_close(&cab);
    return 0;
}
