/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static int same(const char *a, const char *b)
{
    strcpy(a, b);
    sprintf(a, "memcmp(x)");
    lb_strcpy(a, b);
    return memcmp(a, b, 4);
}
