/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_PROC_H
#define SIM_PROC_H

/*
 * A simulator in a process of its own, for tests that need a real port: it
 * is started, waited for, asked and stopped. Anything that prints a line
 * that begins with "ready" when it is will do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sim_proc {
    pid_t pid;   /* -1: not running */
    int out;     /* what it prints */
    int control; /* -1: it has no control socket */
};

/* argv is the program's, NULL at its end. `control` is the path of the unix
 * socket that it opens, or NULL. False: it did not become ready; nothing
 * runs then. */
bool sim_proc_start(struct sim_proc *sim, const char *const *argv,
                    const char *control);

/* Its next printed line, without the newline; false after timeout_ms. */
bool sim_proc_line(struct sim_proc *sim, char *line, size_t cap,
                   int timeout_ms);

/* One command and its answer, as docs/simulator.md has them. */
bool sim_proc_ask(struct sim_proc *sim, const char *command, char *answer,
                  size_t cap);

/* The number behind `key=` in an answer; -1: none. */
long sim_proc_value(struct sim_proc *sim, const char *command, const char *key);

/* Ends it; its exit status, -1 when it did not exit by itself. */
int sim_proc_stop(struct sim_proc *sim);

#endif
