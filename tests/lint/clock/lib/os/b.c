/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
long lb_now(void)
{
    return time(NULL);
}
