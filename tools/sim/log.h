/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_LOG_H
#define SIM_LOG_H

/*
 * What happened, in the order in which it happened: `SECONDS WHAT`, a line
 * each. Without its times the log of a story that is told again is the same.
 */

#include "world.h"

struct sim_log;

/* NULL: errno says why. "-" is the standard output. */
struct sim_log *sim_log_open(const char *path, const struct sim_world *world,
                             uint64_t now);
void sim_log_close(struct sim_log **log);

/* What doors, faults and wires did since the last call. */
void sim_log_changes(struct sim_world *world, uint64_t now);

/* From now on `host HEX` or `board HEX` for each frame on each bus, to a file
 * of its own. False: errno says why. */
bool sim_log_frames(struct sim_world *world, const char *path);

/* A command, before it is carried out; questions are left out. */
void sim_log_command(const struct sim_world *world, uint64_t now,
                     const char *line);

#endif
