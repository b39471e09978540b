/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef PLAIN_H
#define PLAIN_H

/* The outlet for pipes, logs and screen readers: lines on stdout. */

#include "recorder.h"

struct outlet plain_outlet(void);

#endif
