/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _GNU_SOURCE /* cfmakeraw, ptsname_r */
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static bool make_raw(int slave)
{
    struct termios settings;

    if (tcgetattr(slave, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    return tcsetattr(slave, TCSANOW, &settings) == 0;
}

static bool open_pair(struct sim_pty *pty)
{
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (pty->master < 0 || grantpt(pty->master) != 0 ||
        unlockpt(pty->master) != 0 ||
        ptsname_r(pty->master, pty->name, sizeof pty->name) != 0) {
        return false;
    }
    pty->slave = open(pty->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return pty->slave >= 0 && make_raw(pty->slave);
}

static bool watch_closes(struct sim_pty *pty)
{
    pty->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return pty->watch >= 0 &&
           inotify_add_watch(pty->watch, pty->name,
                             IN_CLOSE_WRITE | IN_CLOSE_NOWRITE) >= 0;
}

/* Whether `link` points to a pseudo terminal: a simulator left it there. */
static bool is_stale_link(const char *link)
{
    char target[16] = "";

    return readlink(link, target, sizeof target - 1) > 0 &&
           strncmp(target, "/dev/pts/", 9) == 0;
}

static bool make_link(const struct sim_pty *pty)
{
    if (symlink(pty->name, pty->link) == 0) {
        return true;
    }
    if (errno != EEXIST) {
        return false;
    }
    if (!is_stale_link(pty->link)) {
        errno = EEXIST;
        return false;
    }
    return unlink(pty->link) == 0 && symlink(pty->name, pty->link) == 0;
}

bool sim_pty_open(struct sim_pty *pty, const char *link)
{
    memset(pty, 0, sizeof *pty);
    pty->master = pty->slave = pty->watch = -1;
    if ((size_t)snprintf(pty->link, sizeof pty->link, "%s", link) >=
        sizeof pty->link) {
        errno = ENAMETOOLONG;
        pty->link[0] = '\0';
        return false;
    }
    if (open_pair(pty) && watch_closes(pty) && make_link(pty)) {
        return true;
    }
    int why = errno;
    pty->link[0] = '\0'; /* not ours to remove */
    sim_pty_close(pty);
    errno = why;
    return false;
}

static void close_one(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

void sim_pty_close(struct sim_pty *pty)
{
    char target[sizeof pty->name] = "";

    if (pty->link[0] != '\0' &&
        readlink(pty->link, target, sizeof target - 1) > 0 &&
        strcmp(target, pty->name) == 0) {
        (void)unlink(pty->link);
    }
    pty->link[0] = '\0';
    close_one(&pty->watch);
    close_one(&pty->slave);
    close_one(&pty->master);
}

void sim_pty_closed(struct sim_pty *pty)
{
    char events[1024];

    while (read(pty->watch, events, sizeof events) > 0) {
    }
    /* Our own open slave would keep the host's TIOCEXCL for the next host,
     * and its unread replies. */
    (void)ioctl(pty->slave, TIOCNXCL);
    (void)tcflush(pty->slave, TCIFLUSH);
}
