/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

/*
 * A story told from a file: commands at a time, or when a door has done
 * something. `at 2.5s board 3 off`, `when opened A07 +200ms board 1 off`.
 */

#include "control.h"

enum sim_script_limits { SIM_STEPS = 1024 };

struct sim_script;

/* Reads all of it; NULL: `why` has the file, the line and what is wrong
 * there. Times count from `now`. */
struct sim_script *sim_script_open(const char *path, struct sim_world *world,
                                   uint64_t now, char why[512]);
void sim_script_close(struct sim_script **script);

/* Carries out what is due; false: a command failed, `why` says which. */
bool sim_script_run(struct sim_script *script, struct sim_world *world,
                    uint64_t now, char why[512]);

/* When it has something to do by the clock; SIM_NEVER. NULL has nothing. */
uint64_t sim_script_next(const struct sim_script *script);

#endif
