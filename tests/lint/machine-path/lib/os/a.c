/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
static const char *where = "/tmp/lockbus";
