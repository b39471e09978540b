/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef VICTIM_H
#define VICTIM_H

/*
 * A process of its own that runs the cabinet, asks for a release, and is
 * killed at the worst moment: the intent is on record, the pulse has not
 * left.
 *
 * That moment is brought about, not waited for. Having asked, the process
 * polls with the very time of its last poll until the intent is written. At
 * that time the line has just been used, or still waits for a reply, and must
 * be quiet for 1.75 ms first: no pulse is due. Then the process stands still
 * until it is killed.
 */

#include "scenes.h"

struct victim {
    pid_t pid;
    int told;  /* where it says its last words */
    int leash; /* it ends when this does */
};

struct last_words {
    bool asked;
    uint8_t proof[LOCKBUS_PROOF_LEN];
    char why[256]; /* not asked */
};

/* What the journal says, at this moment, of the release that was cut short:
 * that it was allowed, and that something is known to have come of it. */
struct trace {
    bool intent, result;
};
struct trace victim_trace(const struct stage *stage);

/* The stage's own cabinet must be closed. */
bool victim_start(struct victim *victim, struct stage *stage);

/* Waits for its last words; false when it could not ask. */
bool victim_hear(const struct victim *victim, struct stage *stage,
                 struct last_words *words);

/* True when it was still alive, and died of this. */
bool victim_kill(struct victim *victim);

#endif
