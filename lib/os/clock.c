/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"

#include <time.h>

/* Time since the boot, suspension included: a cabinet that slept must not
 * believe that a challenge of before is still young. */
uint64_t lb_clock_boot_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail since 2.6.39 */
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}
