/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <lockbus/error.h>

static const struct rule_text {
    enum lockbus_rule rule;
    const char *name, *text;
} rules[] = {
    {LOCKBUS_RULE_NONE, "-", "no rule refused"},
    {LOCKBUS_RULE_D1, "D1", "the grant has not the right form"},
    {LOCKBUS_RULE_D2, "D2", "the grant's issuer is not one for this one"},
    {LOCKBUS_RULE_D3, "D3", "the grant's signature is not good"},
};

const char *lockbus_rule_name(enum lockbus_rule rule)
{
    return rules[rule != LOCKBUS_RULE_NONE].name;
}
