/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "gate.h"
#include "base/bytes.h"
#include "bus/bus.h"
