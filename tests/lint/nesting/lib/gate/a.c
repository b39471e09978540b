/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static void fits(int a)
{
    if (a) {
        while (a) {
            if (a == 2) {
                struct box b = {{1, 2}, {3, 4}};
                use(&(struct box){0});
            }
        }
    }
}

static void too_deep(int a)
{
    for (;;) {
        if (a) {
            do {
                switch (a) {
                case 1:
                    break;
                }
            } while (a);
        }
    }
}
