/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
LOCKBUS_API int lockbus_said(void);
