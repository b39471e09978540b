/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_ERROR_H
#define LOCKBUS_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum lockbus_rule {
    LOCKBUS_RULE_NONE = 0,
    LOCKBUS_RULE_D1 = 0x201,
    LOCKBUS_RULE_D2,
    LOCKBUS_RULE_D3
};

/* "D3"; "?" for a value that is none. */
LOCKBUS_API const char *lockbus_rule_name(enum lockbus_rule rule);

#ifdef __cplusplus
}
#endif
#endif
