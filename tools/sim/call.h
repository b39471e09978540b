/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_CALL_H
#define SIM_CALL_H

/* One command under way, for the files that carry commands out. */

#include "control.h"

enum { SIM_WORDS_MAX = 6 };

struct call {
    struct sim_world *world;
    uint64_t now;
    char *word[SIM_WORDS_MAX];
    size_t words;
    char *out;
    size_t len;
};

void sim_say(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool sim_is(const struct call *call, size_t word, const char *text);
/* A whole number up to `max`. */
bool sim_number(const struct call *call, size_t word, unsigned max,
                unsigned *value);

/* control_fault.c */
void sim_do_bus(struct call *call);
void sim_do_content(struct call *call);
/* False: the third word names no fault. */
bool sim_do_board_fault(struct call *call, struct sim_board *board);

#endif
