/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BENCH_START_H
#define BENCH_START_H

#include <stdbool.h>

/* script/bench start: writes a year's journal of 300 doors into `dir`, then
 * opens a cabinet on it. False when that failed; it has said why. */
bool bench_start(const char *profiles, const char *dir);

#endif
