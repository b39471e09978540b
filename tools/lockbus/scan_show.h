/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SCAN_SHOW_H
#define SCAN_SHOW_H

/* What a scan found, and how it is told. */

#include "profile_dir.h"

#include <stdint.h>

enum { SCAN_LAST = 247 };

struct scan_row {
    uint8_t address;
    unsigned asked; /* the sum of the next five */
    unsigned clean, twice, damaged, foreign, silent;
    uint64_t turn_us; /* the shortest; 0: no clean reply */
    bool fits[PROFILE_DIR_MAX];
};

struct scan_list {
    unsigned asked; /* addresses */
    const char *baud;
    const struct profile_dir *profiles;
    unsigned unasked[256]; /* by address: frames that answered no question */
    size_t count;
    struct scan_row row[SCAN_LAST];
};

/* Whether a person watches the progress. */
bool scan_tells(void);

/* Whether something answers, and all of it as one board each would. */
bool scan_clean(const struct scan_list *list);

void scan_show(const struct scan_list *list, bool json);

#endif
