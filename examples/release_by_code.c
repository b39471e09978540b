/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A kiosk in 70 lines: opens a cabinet, reads codes from standard input, one
 * a line, and prints what comes of each.
 *
 *   release_by_code cabinet.ini
 */

#include <lockbus/lockbus.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
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
    fprintf(stderr, "%s%s%s %s\n", lockbus_err_name(why->err),
            why->rule != LOCKBUS_RULE_NONE ? " by rule " : "",
            why->rule != LOCKBUS_RULE_NONE ? lockbus_rule_name(why->rule) : "",
            why->text);
}

/* False at the end of the input. */
static bool take_code(struct lockbus_cabinet *cab)
{
    char line[LOCKBUS_CODE_TEXT_MAX + 2];
    struct lockbus_error why;
    uint32_t ticket;

    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\n")] = '\0';
    if (lockbus_release_with_code(cab, line, &ticket, &why) != LOCKBUS_OK) {
        complain(&why);
    } else {
        printf("ticket %u\n", ticket);
    }
    return true;
}

int main(int argc, char **argv)
{
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why;
    struct lockbus_event event;
    bool more = true;

    if (argc != 2 ||
        lockbus_cabinet_open(&cab, argv[1], NULL, &why) != LOCKBUS_OK) {
        if (argc == 2) {
            complain(&why);
        }
        return 1;
    }
    while (more && lockbus_cabinet_poll(cab, now_us()) == LOCKBUS_OK) {
        while (lockbus_cabinet_next_event(cab, &event)) {
            printf("%s %s %s\n", lockbus_event_name(event.kind), event.label,
                   event.text);
        }
        struct pollfd fds[] = {{lockbus_cabinet_fd(cab), POLLIN, 0},
                               {STDIN_FILENO, POLLIN, 0}};

        poll(fds, 2, lockbus_cabinet_timeout_ms(cab, now_us()));
        if (fds[1].revents != 0) {
            more = take_code(cab);
        }
    }
    lockbus_cabinet_close(&cab);
    return 0;
}
