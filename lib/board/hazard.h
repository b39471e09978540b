/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_HAZARD_H
#define LB_HAZARD_H

/*
 * Frames that some board on the market takes for "open all", "hold on",
 * "change your address" and the like. No profile may be able to express one
 * of them, whatever board it says it is for: boards get swapped.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All writes of one function code, to these addresses, of these values. With
 * FC16 two registers are written, the mode and a value, at each step. */
struct lb_hazard_span {
    uint8_t fc;
    uint32_t first, last; /* addresses */
    uint32_t min, max;    /* values */
    uint16_t mode;        /* FC16 */
    uint8_t step;         /* FC16 */
    bool level;           /* on, until it is switched off; no value */
};

/* What a board would do with one of these writes, a clause for people; NULL
 * when none of them is known to be dangerous. */
const char *lb_hazard_find(const struct lb_hazard_span *span);

#endif
