/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>

void must(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "not so: %s\n", what);
        abort();
    }
}

static unsigned accepted_count;

void accepted(void)
{
    accepted_count++;
}

unsigned accepted_so_far(void)
{
    return accepted_count;
}

uint64_t number_at(const uint8_t *bytes, size_t at, size_t len)
{
    uint64_t number = 0;

    while (len-- > 0) {
        number = number << 8 | bytes[at + len];
    }
    return number;
}
