/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef POWER_MEMO_H
#define POWER_MEMO_H

#include <stdbool.h>

/* Everything is computed anew while this is set. */
extern bool memo_off;

#endif
