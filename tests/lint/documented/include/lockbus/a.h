/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
/* Says one. */
LOCKBUS_API int
lockbus_one(void);

LOCKBUS_API int lockbus_two(int a,
                            int b);

/* A pair. */
LOCKBUS_API int lockbus_three(void);
LOCKBUS_API int lockbus_four(void);
