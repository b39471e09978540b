/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <lockbus/error.h>
#include <stdint.h>
#include <string.h>
#include <stdio.h>
