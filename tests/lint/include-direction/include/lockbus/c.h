/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <lockbus/error.h>
#include "base/bytes.h"
#include <sodium/core.h>
