/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include <stdbool.h>

/* script/fleet: writes `cabinets` journals of `days` days below DIR/fleet, and
 * every open that they allowed into DIR/truth. */
bool bench_fleet(const char *profiles, const char *dir, unsigned cabinets,
                 unsigned days);

/* script/bench journal: what it costs to verify one, beside what must be. */
bool bench_verify(const char *profiles, const char *dir);

#endif
