/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static void fine(void)
{
}

void lb_fine(void)
{
}

void stray(void)
{
}
