/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "host.h"

#include "os/os.h"
#include "tool.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTLE_MS = 3000 };

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

void host_catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

/* When this program first looked at the clock. */
static uint64_t began_us;

bool host_stopped(void)
{
    return stop != 0;
}

uint64_t host_now_us(void)
{
    uint64_t now = lb_clock_boot_us();

    began_us = began_us == 0 ? now : began_us;
    return now;
}

double host_seconds(uint64_t at_us)
{
    return at_us > began_us ? (double)(at_us - began_us) / 1e6 : 0;
}

/* One poll and what came of it; true to stop. */
static bool turn(struct lockbus_cabinet *cab, host_event_fn *on_event,
                 void *user, bool *failed)
{
    struct lockbus_event event;

    *failed = lockbus_cabinet_poll(cab, host_now_us()) != LOCKBUS_OK;
    while (!*failed && lockbus_cabinet_next_event(cab, &event)) {
        if (on_event != NULL && on_event(user, &event)) {
            return true;
        }
    }
    return false;
}

/* Until the cabinet wants to be polled, but not beyond until_us. */
static int wait_ms_until(const struct lockbus_cabinet *cab, uint64_t until_us)
{
    uint64_t now = host_now_us();
    uint64_t left_ms = until_us > now ? (until_us - now) / 1000 + 1 : 0;
    int wait_ms = lockbus_cabinet_timeout_ms(cab, now);

    return left_ms < (uint64_t)wait_ms ? (int)left_ms : wait_ms;
}

static uint64_t end_of(uint64_t for_ms)
{
    return for_ms == 0 ? UINT64_MAX : host_now_us() + for_ms * 1000;
}

bool host_run(struct lockbus_cabinet *cab, uint64_t for_ms,
              host_event_fn *on_event, void *user)
{
    uint64_t end_us = end_of(for_ms);
    bool failed = false;

    while (!stop && host_now_us() < end_us) {
        if (turn(cab, on_event, user, &failed)) {
            return true;
        }
        if (failed) {
            return false;
        }
        struct pollfd fd = {lockbus_cabinet_fd(cab), POLLIN, 0};

        (void)poll(&fd, 1, wait_ms_until(cab, end_us));
    }
    return false;
}

bool host_run_beside(struct lockbus_cabinet *cab, const struct host_side *side,
                     host_event_fn *on_event, void *user)
{
    uint64_t tick_us = 0;
    bool failed = false;
    struct pollfd fds[2] = {{lockbus_cabinet_fd(cab), POLLIN, 0},
                            {side->fd, POLLIN, 0}};

    while (!stop) {
        if (turn(cab, on_event, user, &failed)) {
            return true;
        }
        if (failed) {
            return false;
        }
        uint64_t now = host_now_us();

        if (now >= tick_us || fds[1].revents != 0) {
            tick_us = now + side->tick_ms * 1000;
            if ((fds[1].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 ||
                side->on_tick(user, cab, now)) {
                return true;
            }
        }
        (void)poll(fds, 2, wait_ms_until(cab, tick_us));
    }
    return false;
}

/* read(2), not fgets(3): what stdio holds back, poll(2) does not see. -1: the
 * line goes on, 0: it is too long or there is none, 1: it is whole. */
static int take_byte(char *line, size_t cap, size_t *len)
{
    char c;
    bool ended = read(STDIN_FILENO, &c, 1) != 1;

    if (ended || c == '\n') {
        line[*len] = '\0';
        return *len != 0 || !ended ? 1 : 0;
    }
    if (c != '\r') {
        line[(*len)++] = c;
    }
    return *len < cap ? -1 : 0;
}

bool host_line(struct lockbus_cabinet *cab, uint64_t for_ms, char *line,
               size_t cap)
{
    uint64_t end_us = end_of(for_ms);
    struct pollfd fds[2] = {{lockbus_cabinet_fd(cab), POLLIN, 0},
                            {STDIN_FILENO, POLLIN, 0}};
    bool failed = false;
    size_t len = 0;
    int taken = -1;

    while (taken < 0 && !stop && !failed && host_now_us() < end_us) {
        (void)turn(cab, NULL, NULL, &failed); /* nothing was asked yet */
        if (poll(fds, 2, wait_ms_until(cab, end_us)) > 0 &&
            fds[1].revents != 0) {
            taken = take_byte(line, cap, &len);
        }
    }
    if (taken < 0) {
        fputs("lockbus: no answer came in time\n", stderr);
    } else if (taken == 0) {
        fputs(len == 0 ? "lockbus: standard input ended without an answer\n"
                       : "lockbus: the answer is too long\n",
              stderr);
    }
    return taken == 1;
}

static bool all_here(void *user, const struct lockbus_event *event)
{
    struct lockbus_cabinet *cab = user;
    struct lockbus_cabinet_info info = {.size = sizeof info};

    (void)event;
    return lockbus_cabinet_info(cab, &info) == LOCKBUS_OK &&
           info.boards_present == info.boards;
}

void host_settle(struct lockbus_cabinet *cab)
{
    (void)host_run(cab, SETTLE_MS, all_here, cab);
}

bool host_door(const struct lockbus_cabinet *cab, const char *text,
               uint16_t *door)
{
    char *end = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (lockbus_door_find(cab, text, door, &why) == LOCKBUS_OK) {
        return true;
    }
    unsigned long number = strtoul(text, &end, 10);
    struct lockbus_door found = {.size = sizeof found};

    if (end == text || *end != '\0' || number > 1023 ||
        lockbus_door_at(cab, (uint16_t)number, &found, NULL) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    *door = (uint16_t)number;
    return true;
}

void host_print(const struct lockbus_event *event)
{
    printf("%10.3f  %-14s", host_seconds(event->at_us),
           lockbus_event_name(event->kind));
    if (event->door != 0xFFFF) {
        printf(" door %-4u %-5s", event->door, event->label);
    } else if (event->board != 0) {
        printf(" board %-9u", event->board);
    }
    if (event->kind == LOCKBUS_EVENT_LEAF) {
        printf(" %s%s", lockbus_latch_name(event->latch),
               event->assumed ? " (assumed)" : "");
    } else if (event->kind == LOCKBUS_EVENT_CUSTODY) {
        printf(" %s", lockbus_custody_name(event->custody));
    } else if (event->kind == LOCKBUS_EVENT_CONTENT) {
        printf(" %s", lockbus_content_name(event->content));
    } else if (event->kind == LOCKBUS_EVENT_AJAR && event->count != 0) {
        printf(" %s (reminder %u)", event->text, event->count);
    } else if (event->kind == LOCKBUS_EVENT_JAMMED) {
        printf(" %s (%u pulses)", event->text, event->count);
    } else if (event->rule != LOCKBUS_RULE_NONE) {
        printf(" by rule %s: %s", lockbus_rule_name(event->rule), event->text);
    } else {
        printf(" %s", event->text);
    }
    printf("\n");
    (void)fflush(stdout);
}

bool host_read(const char *path, uint8_t *buf, size_t cap, size_t *len)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (lb_file_read(path, buf, cap, len, LB_FILE_ANY, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    return true;
}
