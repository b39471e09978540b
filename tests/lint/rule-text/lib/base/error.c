/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
    {LOCKBUS_RULE_NONE, "-", "no rule refused"},
    {LOCKBUS_RULE_D1, "D1", "the grant has not the right form"},
    {LOCKBUS_RULE_D2, "D1", "the grant is not by an issuer"},
