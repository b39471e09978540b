/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _DEFAULT_SOURCE /* madvise() */
#include "os/os.h"

#include <sys/mman.h>
#include <unistd.h>

/* Also keeps the pages out of core files, where the kernel allows that; of
 * the two only the lock can be refused (RLIMIT_MEMLOCK) and is reported. */
void lb_memory_lock(void *p, size_t len, bool *locked)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t offset = (uintptr_t)p % page;

    (void)madvise((uint8_t *)p - offset, len + offset, MADV_DONTDUMP);
    *locked = mlock(p, len) == 0;
}
