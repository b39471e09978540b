/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SCENE_H
#define SCENE_H

/*
 * A cabinet's gate in full work, the same for each input: door 2 is full
 * (with a seal), door 3 is being filled, door 4 is vacant and stands open,
 * door 5's board is away, all others are vacant. gate_question is outstanding
 * at doors 2 to 7.
 */

#include "gate_signer.h"
#include "oracle.h"

enum {
    SCENE_FULL = 2,
    SCENE_LOADING = 3,
    SCENE_OPEN = 4,
    SCENE_AWAY = 5,
    SCENE_VACANT = 7
};

/* Everything as it was when it was made. */
struct gate_journal *scene(void);

/* The same, as it is now. */
struct gate_journal *scene_now(void);

void scene_sign(uint8_t *sig, const char *prefix, const uint8_t *body,
                size_t len, uint8_t person);

/* Decides, and holds the answer against what every answer is: a refusal names
 * a rule that has a text and is one record of it; a decision changes nothing
 * by itself. Records of an acceptance are applied, and a permit is given
 * exactly once. Returns whether it was accepted. */
bool scene_ask(const struct lb_ask *ask, struct lb_verdict *verdict);

#endif
