/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static bool add(struct lb_loop *loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ||
           errno == EEXIST;
}

enum lockbus_err lb_loop_open(struct lb_loop *loop)
{
    if (loop == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    *loop = (struct lb_loop){.epoll = -1, .timer = -1};
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->epoll < 0 || loop->timer < 0 || !add(loop, loop->timer)) {
        lb_loop_close(loop);
        return LOCKBUS_ERR_IO;
    }
    return LOCKBUS_OK;
}

void lb_loop_close(struct lb_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    if (loop->epoll >= 0) {
        (void)close(loop->epoll);
    }
    if (loop->timer >= 0) {
        (void)close(loop->timer);
    }
    *loop = (struct lb_loop){.epoll = -1, .timer = -1};
}

static bool listed(const int *fds, size_t count, int fd)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] == fd) {
            return true;
        }
    }
    return false;
}

/*
 * Every descriptor is added anew each time, although most are there already:
 * a port that was closed and opened again between two calls has the same
 * number, but the kernel dropped the old one from the set. One refused call
 * costs less than a microsecond; a forgotten port costs its doors.
 */
void lb_loop_watch(struct lb_loop *loop, const int *fds, size_t count)
{
    for (size_t i = 0; i < loop->count; i++) {
        if (!listed(fds, count, loop->watched[i])) {
            (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->watched[i], NULL);
        }
    }
    loop->count = 0;
    for (size_t i = 0; i < count && loop->count < LB_LOOP_WATCHES; i++) {
        if (fds[i] >= 0 && !listed(loop->watched, loop->count, fds[i]) &&
            add(loop, fds[i])) {
            loop->watched[loop->count++] = fds[i];
        }
    }
}

/*
 * A timer wakes a process late, by some 40 us on a small machine, and at
 * 115200 baud a line stands still for each of them. So the timer runs ahead
 * by what is nearly always lost: each wake-up before its time takes a little
 * off, each behind it adds a sixteenth of that, which keeps about one in
 * seventeen early. Such a one only costs another turn; nothing is ever done
 * before its time, since the owner looks at the clock.
 */
enum { EARLY_STEP = 8, EARLY_MAX_16THS = 200 * 16, FAR_US = 5000 };

void lb_loop_begin(struct lb_loop *loop)
{
    uint64_t now_us = lb_clock_boot_us();
    uint64_t due_us = loop->due_us;
    uint32_t step = EARLY_STEP * 16;

    loop->begun_us = now_us;
    if (now_us + EARLY_MAX_16THS / 16 < due_us || now_us > due_us + FAR_US) {
        return; /* woken for something else, or the machine was away */
    }
    if (now_us < due_us) {
        loop->early_16ths -=
            loop->early_16ths < step ? loop->early_16ths : step;
    } else if (loop->early_16ths < EARLY_MAX_16THS) {
        loop->early_16ths += EARLY_STEP;
    }
}

uint64_t lb_loop_since(const void *loop)
{
    const struct lb_loop *of = loop;
    uint64_t now_us = lb_clock_boot_us();

    return of->begun_us != 0 && now_us > of->begun_us ? now_us - of->begun_us
                                                      : 0;
}

enum lockbus_err lb_loop_keep(struct lb_loop *loop, int fd)
{
    return add(loop, fd) ? LOCKBUS_OK : LOCKBUS_ERR_IO;
}

void lb_loop_arm(struct lb_loop *loop, uint64_t in_us)
{
    struct itimerspec when = {0}; /* all zero: disarmed */

    loop->due_us = 0;
    if (in_us != UINT64_MAX && loop->begun_us != 0) {
        uint64_t took_us = lb_loop_since(loop);
        uint64_t early_us = loop->early_16ths / 16;

        loop->due_us = loop->begun_us + in_us;
        in_us = in_us > took_us ? in_us - took_us : 0;
        /* who came too early already waits for the rest, and does not spin */
        in_us -= in_us > 2 * early_us ? early_us : 0;
    }
    if (in_us == 0) {
        when.it_value.tv_nsec = 1; /* zero would mean never */
    } else if (in_us != UINT64_MAX) {
        when.it_value.tv_sec = (time_t)(in_us / 1000000U);
        when.it_value.tv_nsec = (long)(in_us % 1000000U) * 1000L;
    }
    (void)timerfd_settime(loop->timer, 0, &when, NULL);
}
