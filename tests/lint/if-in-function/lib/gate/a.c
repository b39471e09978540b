/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#if defined(__GNUC__)
#endif

static void here(void)
{
#ifdef DEBUG
    step();
#endif
}
