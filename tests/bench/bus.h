/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BENCH_BUS_H
#define BENCH_BUS_H

#include <stdbool.h>

/* script/bench bus: the bus beside the wire's limit and other masters, about
 * five minutes. `tests` is the folder of pymodbus_cycle.py,
 * `only` one part: cycle, eight, open, adapter; "": all. Prints rows for
 * docs/FIGURES.md. False when something could not run; it has said what. */
bool bench_bus(const char *tests, const char *dir, const char *only);

#endif
