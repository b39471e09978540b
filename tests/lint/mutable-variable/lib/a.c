/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static int counter;
static const char *names[] = {"a", "b"};
static const char *const fixed[] = {"a", "b"};

int lb_count(void)
{
    static int inside = 3;

    names[0] = fixed[counter & 1];
    return ++counter + ++inside + names[counter & 1][0];
}
