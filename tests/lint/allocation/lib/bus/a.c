/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static void *space(unsigned n)
{
    return calloc(n, 1);
}

static void *grow(void *p)
{
    return realloc(p, 10);
}

void *lb_bus_new(void)
{
    return space(4) ? malloc(3) : grow(0);
}

void lb_bus_poll(void)
{
    grow(0);
    lockbus__package__unpack(NULL, 0, 0);
}
