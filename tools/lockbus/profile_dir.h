/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef PROFILE_DIR_H
#define PROFILE_DIR_H

/* All board profiles of a folder, in the order of their names. */

#include "board/profile.h"

enum { PROFILE_DIR_MAX = 64 };

struct profile_dir {
    size_t count;
    struct lb_profile profile[PROFILE_DIR_MAX];
};

/* CONFIG or IO, with the file in `why`: one that cannot be read is no reason
 * to go on without it. */
enum lockbus_err profile_dir_read(struct profile_dir *out, const char *folder,
                                  struct lockbus_error *why);

#endif
