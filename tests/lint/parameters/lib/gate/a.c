/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
void lb_fits(int a, const char *b, unsigned b_len, int c, int d, int e)
{
}

void lb_too_many(int a, int b, int c, int d, int e, int f)
{
}

void lb_two_numbers(int a, int b_len, int c, int d, int e, int f)
{
}
