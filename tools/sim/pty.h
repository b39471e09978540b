/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_PTY_H
#define SIM_PTY_H

/*
 * A pseudo terminal whose slave the host opens by a symbolic link, as it
 * would open an adapter. The slave stays open here too, so that the host may
 * come and go without an end of file, and it is raw.
 */

#include <stdbool.h>
#include <stddef.h>

enum { SIM_PATH_LEN = 200 };

struct sim_pty {
    int master, slave;
    int watch; /* inotify: readable when a host has closed the slave */
    char link[SIM_PATH_LEN];
    char name[64]; /* the slave's own path */
};

/* False: errno says why. A link that another one left behind is replaced,
 * anything else at that path is not. */
bool sim_pty_open(struct sim_pty *pty, const char *link);
void sim_pty_close(struct sim_pty *pty);

/* After `watch` became readable: what the last close of a real port does. */
void sim_pty_closed(struct sim_pty *pty);

#endif
