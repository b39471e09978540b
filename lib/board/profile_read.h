/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_PROFILE_READ_H
#define LB_PROFILE_READ_H

/* Shared by the files that read a profile: profile.c takes its keys,
 * profile_check.c looks at the whole. */

#include "board/inifile.h"
#include "board/profile.h"

/* Where each thing stood, for refusals that need more than one of them; 0:
 * nowhere. */
struct lb_profile_reading {
    struct lb_profile *profile;
    unsigned pulse_line, word_line, mode_line, off_line, off_word_line,
        leaf_line, unit_line, allowed_line, timed_line;
    unsigned check_line[LB_PROFILE_CHECKS];
};

/* What no key shows alone. False: refused. */
bool lb_profile_check_whole(struct lb_ini *ini,
                            const struct lb_profile_reading *reading);

#endif
