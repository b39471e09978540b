/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BENCH_START_H
#define BENCH_START_H

#include <stdbool.h>
#include <stdint.h>

/* script/bench start: writes a year's journal of 300 doors into `dir`, then
 * opens a cabinet on it. False when that failed; it has said why. */
bool bench_start(const char *profiles, const char *dir);

/* A commissioned cabinet of 300 doors in `dir`, and its escrow key. */
bool bench_commission(const char *profiles, const char *dir, uint64_t unix_s,
                      uint8_t escrow[32]);

#endif
