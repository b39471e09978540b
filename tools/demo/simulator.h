/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIMULATOR_H
#define SIMULATOR_H

/*
 * The simulated boards as another process, and its control socket: what
 * physically happened, told by somebody other than the library.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct simulator {
    pid_t pid;
    int control; /* socket */
};

/* Starts PROGRAM for DIR/cabinet.ini; people shut doors after shut_ms, 0:
 * nobody does. */
bool simulator_start(struct simulator *sim, const char *program,
                     const char *dir, unsigned shut_ms);

/* Sends a line, gives the reply's text after "ok "; false on "error". */
bool simulator_ask(struct simulator *sim, const char *line, char *reply,
                   size_t cap);

void simulator_stop(struct simulator *sim);

#endif
