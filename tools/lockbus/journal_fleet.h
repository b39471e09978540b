/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef JOURNAL_FLEET_H
#define JOURNAL_FLEET_H

/*
 * The same question to the journals of many cabinets: `lockbus journal fleet`.
 */

#include <stdbool.h>

struct fleet_question {
    const char *parent; /* its folders are journals, or hold one as journal/ */
    unsigned jobs;      /* processes, 1 to FLEET_JOBS_MAX */
    bool as_json;
    /* Answers for one folder on standard output; an exit code. */
    int (*ask)(const void *user, const char *dir);
    const void *user;
};

enum { FLEET_JOBS_MAX = 64 };

/* Each answer as one piece, every line of it behind the folder's name (as
 * JSON: one document a folder), in no order but by folder within a process.
 * A folder that cannot be answered for is told on standard error, and stops no
 * other. An exit code: failed when one did. */
int journal_fleet(const struct fleet_question *question);

#endif
