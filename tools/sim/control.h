/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

/*
 * The commands that stand for hands, screwdrivers and power cuts: one line
 * in, one line out that begins with `ok` or `error`.
 */

#include "log.h"

enum sim_control_limits {
    SIM_COMMAND_MAX = 256,
    SIM_ANSWER_MAX = 32 * 1024 /* every label of a full cabinet */
};

/* Whether a command begins with this word. */
bool sim_control_knows(const char *word, size_t len);

/* `line` is without its newline and is taken apart; `out` gets the answer,
 * without one. */
void sim_control(struct sim_world *world, uint64_t now, char *line,
                 char out[SIM_ANSWER_MAX]);

#endif
