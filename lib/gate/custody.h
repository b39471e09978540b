/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CUSTODY_H
#define LB_CUSTODY_H

/*
 * What time and facts do to custody. See docs/GRANTS.md for the machine.
 */

#include "gate/gate.h"

/* When time moves this door's custody, and where to: powered ms, at or before
 * now when it is due, UINT64_MAX when time alone does not move it. */
uint64_t lb_custody_due(const struct lb_gate *gate, uint16_t door,
                        enum lb_custody *to, enum lb_cause *cause);

/* Whether tick has something for this door that was not applied yet: what is
 * behind it is then not what the state says, and no rule may rely on it. */
bool lb_custody_pending(const struct lb_gate *gate, uint16_t door);

/* Whether the door keeps tries of codes, and no longer its grant's hash. */
bool lb_door_has_tries(const struct lb_gate_door *d);

/* Whether an open of this kind empties a door that it finds so. */
bool lb_open_empties(const struct lb_gate_door *d, uint8_t open);

#endif
