/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef INI_EDIT_H
#define INI_EDIT_H

/*
 * A text that is right, and one thing in it that is wrong: tests of readers
 * say which.
 */

#include <stdbool.h>
#include <stddef.h>

/* Writes `base` with `find` replaced by `with`; false unless `find` stands in
 * it exactly once (NULL: `with` is the whole text) and the result fits. */
bool ini_edit(char *out, size_t cap, const char *base, const char *find,
              const char *with);

#endif
