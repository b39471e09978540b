/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static void say(char *out)
{
    printf("%d", 1);
    (void)fprintf(stderr, "no");
    (void)snprintf(out, 3, "ok");
}
