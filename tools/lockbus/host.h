/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef HOST_H
#define HOST_H

/*
 * What every host of a cabinet does: wait, poll, take events. The commands
 * that open a cabinet share it.
 */

#include <lockbus/lockbus.h>

/* CLOCK_BOOTTIME in microseconds. */
uint64_t host_now_us(void);
/* Since the first of these, for people. */
double host_seconds(uint64_t at_us);

/* Returns true to stop. */
typedef bool host_event_fn(void *user, const struct lockbus_event *event);

/* Polls until `on_event` says stop, `for_ms` have gone (0: for ever), or a
 * signal asked for the end. True when on_event stopped it. */
bool host_run(struct lockbus_cabinet *cab, uint64_t for_ms,
              host_event_fn *on_event, void *user);

/* What a host does besides, at a pace of its own. */
struct host_side {
    int fd;           /* readable: on_tick at once */
    uint64_t tick_ms; /* at least so often */
    /* Returns true to stop. */
    bool (*on_tick)(void *user, struct lockbus_cabinet *cab, uint64_t now_us);
};

/* The same without an end of its own, and with something beside it. */
bool host_run_beside(struct lockbus_cabinet *cab, const struct host_side *side,
                     host_event_fn *on_event, void *user);

/* A line of standard input without its end, while the cabinet goes on; `cap`
 * counts a zero byte. False, and said: none within `for_ms` (0: for ever), it
 * is too long, or the input ended. */
bool host_line(struct lockbus_cabinet *cab, uint64_t for_ms, char *line,
               size_t cap);

/* Polls until every board answered once, or for 3 s. */
void host_settle(struct lockbus_cabinet *cab);

/* A door by its label or its number. */
bool host_door(const struct lockbus_cabinet *cab, const char *text,
               uint16_t *door);

/* One line for a person: time, door, what happened. */
void host_print(const struct lockbus_event *event);

/* SIGINT, SIGTERM and SIGHUP end host_run(). */
void host_catch_signals(void);
bool host_stopped(void); /* whether one came */

/* A file of at most cap bytes; complains and returns false. */
bool host_read(const char *path, uint8_t *buf, size_t cap, size_t *len);

#endif
