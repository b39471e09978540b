/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef WATCH_LINES_H
#define WATCH_LINES_H

/* Lines and boards of a picture on standard output, a row each. */

#include "order.h"

void watch_lines(const struct picture *picture, const struct order_wish *wish);

#endif
