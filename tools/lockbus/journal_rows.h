/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef JOURNAL_ROWS_H
#define JOURNAL_ROWS_H

/*
 * What `lockbus journal show` and `doors` print: entries one by one, or one
 * row for each open that was allowed, with what came of it.
 */

#include <lockbus/journal.h>

#include <jansson.h>

struct rows;

/*
 * `doors`: collects opens; else every entry is printed as it comes (or kept
 * for JSON). Entries of a known time before `since`, or at `until` or later,
 * are left out; what has no time is never left out, for nobody can say that
 * it was at another. NULL: no memory.
 */
struct rows *rows_new(bool doors, bool as_json, uint64_t since, uint64_t until);
void rows_free(struct rows **rows);

/* False when memory is short. */
bool rows_add(struct rows *rows, const struct lockbus_entry *entry);

/* Prints what is due at the end. */
void rows_finish(struct rows *rows);

#endif
