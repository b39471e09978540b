/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <lockbus/error.h>

#include <stddef.h>

const char *lockbus_err_name(enum lockbus_err err)
{
    static const char *const names[] = {
        [LOCKBUS_OK] = "OK",
        [LOCKBUS_ERR_USAGE] = "USAGE",
        [LOCKBUS_ERR_CONFIG] = "CONFIG",
        [LOCKBUS_ERR_BUSY] = "BUSY",
        [LOCKBUS_ERR_OFFLINE] = "OFFLINE",
        [LOCKBUS_ERR_PROTOCOL] = "PROTOCOL",
        [LOCKBUS_ERR_IO] = "IO",
        [LOCKBUS_ERR_DENIED] = "DENIED",
        [LOCKBUS_ERR_CORRUPT] = "CORRUPT",
        [LOCKBUS_ERR_NOMEM] = "NOMEM",
    };

    if ((unsigned)err >= sizeof names / sizeof names[0]) {
        return "?";
    }
    return names[err];
}

struct rule_text {
    enum lockbus_rule rule;
    const char *name, *text;
};

/* clang-format off */
static const struct rule_text rules[] = {
    {LOCKBUS_RULE_NONE, "-", "no rule refused"},
    {LOCKBUS_RULE_M1, "M1", "the manifest has not the right form"},
    {LOCKBUS_RULE_M2, "M2", "the manifest is another operator's"},
    {LOCKBUS_RULE_M3, "M3", "the manifest's number, epoch or time does not follow the current one"},
    {LOCKBUS_RULE_M4, "M4", "the manifest's keys, roles or threshold are not sound"},
    {LOCKBUS_RULE_M5, "M5", "the manifest is not signed by enough of the old and the new roots"},
    {LOCKBUS_RULE_M6, "M6", "a limit in the manifest is out of range"},
    {LOCKBUS_RULE_M7, "M7", "the manifest could not be written down"},
    {LOCKBUS_RULE_D1, "D1", "the grant has not the right form"},
    {LOCKBUS_RULE_D2, "D2", "the grant's issuer is not one for this cabinet"},
    {LOCKBUS_RULE_D3, "D3", "the grant's signature is not good"},
    {LOCKBUS_RULE_D4, "D4", "the grant is for another cabinet"},
    {LOCKBUS_RULE_D5, "D5", "the grant is of another epoch than the manifest"},
    {LOCKBUS_RULE_D6, "D6", "the grant is not valid at this time"},
    {LOCKBUS_RULE_D7, "D7", "a key in the grant is not proper, missing or already in use"},
    {LOCKBUS_RULE_D8, "D8", "the door does not exist, is blocked, or its board does not answer"},
    {LOCKBUS_RULE_D9, "D9", "the door is not free for this grant"},
    {LOCKBUS_RULE_D10, "D10", "too many other doors are open for deposits"},
    {LOCKBUS_RULE_D11, "D11", "the deposit could not be written down"},
    {LOCKBUS_RULE_P1, "P1", "the proof has not the right form or kind"},
    {LOCKBUS_RULE_P2, "P2", "the proof is for another cabinet, door or stay"},
    {LOCKBUS_RULE_P3, "P3", "the door is blocked or its board does not answer"},
    {LOCKBUS_RULE_P4, "P4", "the proof does not fit what is behind the door now"},
    {LOCKBUS_RULE_P5, "P5", "the challenge is not the door's outstanding one"},
    {LOCKBUS_RULE_P6, "P6", "the proof's signature is not by this parcel's key"},
    {LOCKBUS_RULE_P7, "P7", "no uses are left, or it is too early to return it"},
    {LOCKBUS_RULE_P8, "P8", "too many opens in a short time"},
    {LOCKBUS_RULE_P9, "P9", "too many other doors with parcels are open"},
    {LOCKBUS_RULE_P10, "P10", "the open could not be written down"},
    {LOCKBUS_RULE_L1, "L1", "the seal has not the right form or asks too much of the cabinet"},
    {LOCKBUS_RULE_L2, "L2", "no parcel is behind the door that the seal is for"},
    {LOCKBUS_RULE_L3, "L3", "the parcel already has two seals"},
    {LOCKBUS_RULE_C1, "C1", "no door opens to a code of this form"},
    {LOCKBUS_RULE_C2, "C2", "too many wrong codes: no tries are left for now"},
    {LOCKBUS_RULE_C3, "C3", "the try could not be written down"},
    {LOCKBUS_RULE_C4, "C4", "the code is wrong"},
    {LOCKBUS_RULE_S1, "S1", "the order has not the right form"},
    {LOCKBUS_RULE_S2, "S2", "the order is not signed by operations and security"},
    {LOCKBUS_RULE_S3, "S3", "the order is for another cabinet, door or epoch, or the board does not answer"},
    {LOCKBUS_RULE_S4, "S4", "the order's time is over"},
    {LOCKBUS_RULE_S5, "S5", "the challenge is not the door's outstanding one for service"},
    {LOCKBUS_RULE_S6, "S6", "the order's number was used"},
    {LOCKBUS_RULE_S7, "S7", "too many service opens in a short time"},
    {LOCKBUS_RULE_S8, "S8", "the order could not be written down"},
    {LOCKBUS_RULE_K1, "K1", "the commissioning order has not the right form"},
    {LOCKBUS_RULE_K2, "K2", "the commissioning order is not signed by operations and security"},
    {LOCKBUS_RULE_K3, "K3", "the commissioning order is for another cabinet or epoch"},
    {LOCKBUS_RULE_K4, "K4", "the commissioning order names another manifest"},
    {LOCKBUS_RULE_K5, "K5", "the commissioning order names another door map"},
    {LOCKBUS_RULE_K6, "K6", "the commissioning order's kind or number does not follow"},
    {LOCKBUS_RULE_K7, "K7", "the amendment changes a door that is not vacant"},
    {LOCKBUS_RULE_K8, "K8", "the commissioning could not be written down"},
};
/* clang-format on */

static const struct rule_text *find(enum lockbus_rule rule)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].rule == rule) {
            return &rules[i];
        }
    }
    return NULL;
}

const char *lockbus_rule_name(enum lockbus_rule rule)
{
    const struct rule_text *found = find(rule);

    return found != NULL ? found->name : "?";
}

const char *lockbus_rule_text(enum lockbus_rule rule)
{
    const struct rule_text *found = find(rule);

    return found != NULL ? found->text : "?";
}
