/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

/*
 * What goes wrong between a board and its host. A fault strikes a number of
 * replies, or a share of them, or all, or of those to writes alone; which of
 * them a share strikes follows from the bus's seed, so that a story can be
 * told again. The board has acted before its reply goes wrong.
 */

#include <stdbool.h>
#include <stdint.h>

enum sim_fault_kind {
    SIM_FAULT_SILENT,    /* the reply is lost */
    SIM_FAULT_LATE,      /* it comes `value` ns later, whatever goes on then */
    SIM_FAULT_CORRUPT,   /* one bit of it is turned */
    SIM_FAULT_FOREIGN,   /* it bears the address of another board */
    SIM_FAULT_STRAY,     /* `value` bytes of noise come before it */
    SIM_FAULT_EXCEPTION, /* it says that the device failed (4) */
    SIM_FAULTS
};

#define SIM_FAULT_ALWAYS UINT64_MAX

struct sim_fault {
    uint64_t left;    /* replies that it may still strike; 0: it is off */
    unsigned percent; /* of the replies; 100: every one */
    bool writes;      /* it strikes confirmations of writes only */
    uint64_t value;
    uint64_t struck; /* how many replies it did strike */
};

/* A number below `bound`, 0 when that is 0; *state is not 0. */
uint64_t sim_random(uint64_t *state, uint64_t bound);

/* Whether it strikes this reply, to a write or not, which it is then charged
 * with. */
bool sim_fault_strikes(struct sim_fault *fault, bool write, uint64_t *random);

/* As commands and log lines call it. */
const char *sim_fault_name(enum sim_fault_kind kind);

#endif
