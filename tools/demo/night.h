/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef NIGHT_H
#define NIGHT_H

/*
 * What the same attacker tried on the same doors under two hosts, and what
 * the journal answered. Facts only: the scenes fill it in, the page shows it.
 */

#include <lockbus/lockbus.h>

enum { BOARDS = 12, DOORS = 96, SAID_MAX = 1024, ANSWERS_MAX = 128 };

enum attempt {
    TRY_RELEASE,
    TRY_RETURN,
    TRY_REOPEN,
    TRY_CANCEL,
    TRY_DEPOSIT,
    TRY_COUNT
};

struct night_door {
    char label[16];
    bool full; /* a parcel lies behind it */
    /* today's host */
    bool obeyed;
    unsigned obeyed_ms; /* since the loop began */
    /* lockbus: the rule that refused each attempt, or NONE: it opened */
    enum lockbus_rule rule[TRY_COUNT];
    bool opened;
};

struct night {
    struct night_door door[DOORS];
    unsigned full, full_obeyed, obeyed, obeyed_ms;
    unsigned full_opened, opened, tries;
    /* which doors stood open afterwards, in the simulators' own words */
    char obeyed_said[SAID_MAX], opened_said[SAID_MAX];
};

/* One line of the journal's answer to "which doors?". */
struct answer {
    char label[16];
    uint64_t powered_ms;
    const char *what; /* "release", "deposit", "forced" */
    const char *result;
    uint8_t authority[8];
    bool signed_by; /* authority is somebody */
    bool by_code;
};

struct figures {
    uint64_t polls, replies, blocks, records;
    unsigned opens, doors_opened, refusals, forced, unknown;
    char version[16];
};

#endif
