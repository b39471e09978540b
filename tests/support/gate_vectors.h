/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef GATE_VECTORS_H
#define GATE_VECTORS_H

/*
 * Runs gate vectors (tests/vectors/README.md) against lib/gate. Shared by the
 * unit tests and by "lockbus gate". It keeps a journal of what it applied and
 * folds it into an empty gate wherever a case says restart.
 */

#include <stdbool.h>
#include <stddef.h>

struct gate_vectors;

/* NULL when the file cannot be read or a line is no statement; `why` then
 * holds "FILE:LINE: ..." or "FILE: ...". */
struct gate_vectors *gate_vectors_load(const char *path, char *why,
                                       size_t why_cap);
void gate_vectors_free(struct gate_vectors **vectors);

size_t gate_vectors_count(const struct gate_vectors *vectors);
const char *gate_vectors_name(const struct gate_vectors *vectors, size_t i);

/* False when the case failed; `why` says in which line and how. */
bool gate_vectors_run(const struct gate_vectors *vectors, size_t i, char *why,
                      size_t why_cap);

#endif
