/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef ANY_H
#define ANY_H

/*
 * Values that Frama-C knows nothing of, and a gate in whatever state records
 * can bring it to.
 */

#include "__fc_builtin.h"

#include "gate/gate.h"

enum { ANY_DOORS = 3 };

/* So many bytes, each of any value. */
void any_bytes(uint8_t *bytes, size_t len);
bool any_bool(void);

/* A record of any content; of this kind. */
void any_record(struct lb_record *record, uint8_t kind);

/* The state after any records of any content in any order, with a clock, a
 * wall time, sensors and challenges of which nothing is known. */
struct lb_gate *any_gate(void);

#endif
