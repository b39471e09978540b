/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_ENTRY_H
#define LB_ENTRY_H

/*
 * A record in words. Checkpoint records and those that only carry bytes for
 * the fold (rows of the map, keys, further parts of a manifest) are no
 * entries.
 */

#include "journal/journal.h"

#include <lockbus/journal.h>

/* False when the record is no entry; *entry was zero with its size set. */
bool lb_entry_read(struct lockbus_entry *entry,
                   const struct lb_block_head *head,
                   const struct lb_record *record);

#endif
