/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_APPLY_H
#define LB_APPLY_H

/*
 * The fold's parts: live records in apply.c and apply_door.c, checkpoint
 * records in restore.c. All take any bytes.
 */

#include "gate/gate.h"

/* A record of a door, which is below door_cap. */
bool lb_apply_door(struct lb_gate *gate, const struct lb_record *r);

bool lb_apply_checkpoint(struct lb_gate *gate, const struct lb_record *r);

/* One part of a manifest's bytes; *whole when it was the last one and the
 * manifest that gate->staging now holds has its form. */
bool lb_apply_part(struct lb_gate *gate, const struct lb_record *r,
                   struct lb_manifest *out, bool *whole);

/* Custody as a record says; what the old one had in its place goes. */
void lb_apply_custody(struct lb_gate_door *d, uint8_t custody);

/* A time of a try as it is kept, and as a checkpoint says it. */
uint32_t lb_try_s(uint64_t at_ms);

/* A seal as a door keeps it; false when its head is not a seal's. */
bool lb_seal_keep(uint8_t kept[LB_SEAL_KEPT], const uint8_t seal[LB_SEAL_LEN]);
/* And whole again. */
void lb_seal_whole(uint8_t seal[LB_SEAL_LEN], const uint8_t kept[LB_SEAL_KEPT]);

/* A number of an order is used; the highest counts. */
void lb_apply_order_no(struct lb_gate *gate, uint64_t number);

#endif
