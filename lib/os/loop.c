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

void lb_loop_arm(struct lb_loop *loop, uint64_t in_us)
{
    struct itimerspec when = {0}; /* all zero: disarmed */

    if (in_us == 0) {
        when.it_value.tv_nsec = 1; /* zero would mean never */
    } else if (in_us != UINT64_MAX) {
        when.it_value.tv_sec = (time_t)(in_us / 1000000U);
        when.it_value.tv_nsec = (long)(in_us % 1000000U) * 1000L;
    }
    (void)timerfd_settime(loop->timer, 0, &when, NULL);
}
