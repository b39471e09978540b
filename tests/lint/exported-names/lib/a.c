/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
int lockbus_said(void)
{
    return 1;
}

int lockbus_unsaid(void)
{
    return 2;
}
