/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "fault.h"

#include <stddef.h>

uint64_t sim_random(uint64_t *state, uint64_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return bound == 0 ? 0 : *state % bound;
}

bool sim_fault_strikes(struct sim_fault *fault, bool write, uint64_t *random)
{
    if (fault->left == 0 || (fault->writes && !write) ||
        (fault->percent < 100 && sim_random(random, 100) >= fault->percent)) {
        return false;
    }
    if (fault->left != SIM_FAULT_ALWAYS) {
        fault->left--;
    }
    fault->struck++;
    return true;
}

const char *sim_fault_name(enum sim_fault_kind kind)
{
    static const char *const names[SIM_FAULTS] = {
        "silent", "late", "corrupt", "foreign", "stray", "exception"};

    return (size_t)kind < SIM_FAULTS ? names[kind] : "?";
}
