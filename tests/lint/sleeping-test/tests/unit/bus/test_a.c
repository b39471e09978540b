/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static void waits(void **state)
{
    usleep(1000);
    asleep(1);
}
