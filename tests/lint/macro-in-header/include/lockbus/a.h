/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define LOCKBUS_ONE 1
#define LOCKBUS_BAD(x) (x)
#define LOCKBUS_OK (1)
