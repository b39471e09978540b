/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
enum lockbus_rule {
    LOCKBUS_RULE_NONE = 0,
    LOCKBUS_RULE_D1 = 0x201,
    LOCKBUS_RULE_D2,
    LOCKBUS_RULE_D3
};
