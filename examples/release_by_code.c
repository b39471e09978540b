/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A small kiosk: opens a cabinet, reads codes from standard input, one
 * a line, and prints what comes of each.
 *
 *   release_by_code cabinet.ini
 */

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

static void complain(const struct lockbus_error *why)
{
    fprintf(stderr, "%s by rule %s: %s\n", lockbus_err_name(why->err),
            lockbus_rule_name(why->rule), why->text); /* "-": by none */
}

/* What standard input has, line by line; false at its end. read(2), not
 * fgets(3): what stdio holds back, poll(2) does not see. */
static bool take_codes(struct lockbus_cabinet *cab, unsigned *unfinished)
{
    static char line[LOCKBUS_CODE_TEXT_MAX + 2];
    static size_t have;
    struct lockbus_error why;
    uint32_t ticket;
    char c;

    if (read(STDIN_FILENO, &c, 1) != 1) {
        return false;
    }
    if (c != '\n') {
        have += have + 1 < sizeof line; /* too long: the library says so */
        line[have - 1] = c;
        return true;
    }
    line[have] = '\0';
    have = 0;
    if (lockbus_release_with_code(cab, line, &ticket, &why) != LOCKBUS_OK) {
        complain(&why);
    } else {
        printf("ticket %u\n", ticket);
        ++*unfinished;
    }
    return true;
}

static void take_events(struct lockbus_cabinet *cab, unsigned *unfinished)
{
    struct lockbus_event event;

    while (lockbus_cabinet_next_event(cab, &event)) {
        printf("%s ticket %u door %s: %s\n", lockbus_event_name(event.kind),
               event.ticket, event.label, event.text);
        if (lockbus_event_ends(&event)) {
            --*unfinished;
        }
    }
}

/* Before each board answered once every code is refused, so nobody is asked
 * for one; a board that is away for long does not stop the others. */
static bool ready(const struct lockbus_cabinet *cab, uint64_t began_us)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    return now_us() - began_us > 5000000 ||
           (lockbus_cabinet_info(cab, &info) == LOCKBUS_OK &&
            info.boards_present == info.boards);
}

int main(int argc, char **argv)
{
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why;
    uint64_t began_us = now_us();
    unsigned unfinished = 0;
    bool more = true;

    if (argc != 2) {
        return 2;
    }
    if (lockbus_cabinet_open(&cab, argv[1], NULL, &why) != LOCKBUS_OK) {
        complain(&why);
        return 1;
    }
    /* Not trusted: it dates the journal and decides nothing. */
    if (lockbus_cabinet_time(cab, (uint64_t)time(NULL), false) != LOCKBUS_OK) {
        more = false;
    }
    while ((more || unfinished != 0) &&
           lockbus_cabinet_poll(cab, now_us()) == LOCKBUS_OK) {
        take_events(cab, &unfinished);
        struct pollfd fds[] = {
            {lockbus_cabinet_fd(cab), POLLIN, 0},
            {more && ready(cab, began_us) ? STDIN_FILENO : -1, POLLIN, 0}};

        poll(fds, 2, lockbus_cabinet_timeout_ms(cab, now_us()));
        if (fds[1].revents != 0) {
            more = take_codes(cab, &unfinished);
        }
    }
    lockbus_cabinet_close(&cab);
    return 0;
}
