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
    const char *name, *text, *advice;
};

/* Nobody meets these at a door. */
#define SETTINGS "The locker's settings were refused. Please call the operator."

/* clang-format off */
static const struct rule_text rules[] = {
    {LOCKBUS_RULE_NONE, "-", "no rule refused", "Nothing was refused."},
    {LOCKBUS_RULE_M1, "M1", "the manifest has not the right form", SETTINGS},
    {LOCKBUS_RULE_M2, "M2", "the manifest is another operator's", SETTINGS},
    {LOCKBUS_RULE_M3, "M3", "the manifest's number, epoch or time does not follow the current one", SETTINGS},
    {LOCKBUS_RULE_M4, "M4", "the manifest's keys, roles or threshold are not sound", SETTINGS},
    {LOCKBUS_RULE_M5, "M5", "the manifest is not signed by enough of the old and the new roots", SETTINGS},
    {LOCKBUS_RULE_M6, "M6", "a limit in the manifest is out of range", SETTINGS},
    {LOCKBUS_RULE_M7, "M7", "the manifest could not be written down", SETTINGS},
    {LOCKBUS_RULE_D1, "D1", "the grant has not the right form", "This is no whole delivery code. Please scan it again."},
    {LOCKBUS_RULE_D2, "D2", "the grant's issuer is not one for this cabinet", "This delivery is not for this locker."},
    {LOCKBUS_RULE_D3, "D3", "the grant's signature is not good", "This delivery code is damaged or false. Please call your dispatcher."},
    {LOCKBUS_RULE_D4, "D4", "the grant is for another cabinet", "This delivery is for another locker."},
    {LOCKBUS_RULE_D5, "D5", "the grant is of another epoch than the manifest", "This delivery code is too old. Please get a new one."},
    {LOCKBUS_RULE_D6, "D6", "the grant is not valid at this time", "This delivery is out of date."},
    {LOCKBUS_RULE_D7, "D7", "a key in the grant is not proper, missing or already in use", "This delivery code cannot be used. Please call your dispatcher."},
    {LOCKBUS_RULE_D8, "D8", "the door does not exist, is blocked, or its board does not answer", "This door is out of order."},
    {LOCKBUS_RULE_D9, "D9", "the door is not free for this grant", "This door is taken."},
    {LOCKBUS_RULE_D10, "D10", "too many other doors are open for deposits", "Please shut the other doors first."},
    {LOCKBUS_RULE_D11, "D11", "the deposit could not be written down", "The locker cannot take anything now. Please try again later."},
    {LOCKBUS_RULE_P1, "P1", "the proof has not the right form or kind", "This is no whole code. Please scan it again."},
    {LOCKBUS_RULE_P2, "P2", "the proof is for another cabinet, door or stay", "This code is for another locker or another parcel."},
    {LOCKBUS_RULE_P3, "P3", "the door is blocked or its board does not answer", "This door is out of order."},
    {LOCKBUS_RULE_P4, "P4", "the proof does not fit what is behind the door now", "There is nothing for you behind this door."},
    {LOCKBUS_RULE_P5, "P5", "the challenge is not the door's outstanding one", "That took too long. Please try again."},
    {LOCKBUS_RULE_P6, "P6", "the proof's signature is not by this parcel's key", "This code does not belong to this parcel."},
    {LOCKBUS_RULE_P7, "P7", "no uses are left, or it is too early to return it", "This door may not be opened now."},
    {LOCKBUS_RULE_P8, "P8", "too many opens in a short time", "Please try again in a few minutes."},
    {LOCKBUS_RULE_P9, "P9", "too many other doors with parcels are open", "Please shut the other doors first."},
    {LOCKBUS_RULE_P10, "P10", "the open could not be written down", "The locker cannot open anything now. Please try again later."},
    {LOCKBUS_RULE_L1, "L1", "the seal has not the right form or asks too much of the cabinet", "This code cannot be added. Please call your dispatcher."},
    {LOCKBUS_RULE_L2, "L2", "no parcel is behind the door that the seal is for", "There is no parcel for this code."},
    {LOCKBUS_RULE_L3, "L3", "the parcel already has two seals", "This parcel has two codes already."},
    {LOCKBUS_RULE_C1, "C1", "what was typed has not the form of a code, or names no door that has one", "This code opens nothing now. Please check it, try again later or use the app."},
    {LOCKBUS_RULE_C2, "C2", "too many wrong codes: no tries are left for now", "This code opens nothing now. Please check it, try again later or use the app."},
    {LOCKBUS_RULE_C3, "C3", "the try could not be written down, or there was no memory to check the code", "The locker cannot check codes now. Please try again later."},
    {LOCKBUS_RULE_C4, "C4", "the code is wrong", "This code opens nothing now. Please check it, try again later or use the app."},
    {LOCKBUS_RULE_S1, "S1", "the order has not the right form", "This is no whole service order."},
    {LOCKBUS_RULE_S2, "S2", "the order is not signed by operations and security", "This order lacks a signature of operations or security."},
    {LOCKBUS_RULE_S3, "S3", "the order is for another cabinet, door or epoch, or the board does not answer", "This order is not for this door, or the door's board does not answer."},
    {LOCKBUS_RULE_S4, "S4", "the order's time is over", "This order is too old. Please get a new one."},
    {LOCKBUS_RULE_S5, "S5", "the challenge is not the door's outstanding one for service", "That took too long. Please get a new order."},
    {LOCKBUS_RULE_S6, "S6", "the order's number was used", "This order was used before."},
    {LOCKBUS_RULE_S7, "S7", "too many service opens in a short time", "Too many service opens. Please wait."},
    {LOCKBUS_RULE_S8, "S8", "the order could not be written down", "The locker cannot carry out orders now."},
    {LOCKBUS_RULE_K1, "K1", "the commissioning order has not the right form", SETTINGS},
    {LOCKBUS_RULE_K2, "K2", "the commissioning order is not signed by operations and security", SETTINGS},
    {LOCKBUS_RULE_K3, "K3", "the commissioning order is for another cabinet or epoch", SETTINGS},
    {LOCKBUS_RULE_K4, "K4", "the commissioning order names another manifest", SETTINGS},
    {LOCKBUS_RULE_K5, "K5", "the commissioning order names another door map", SETTINGS},
    {LOCKBUS_RULE_K6, "K6", "the commissioning order's kind or number does not follow", SETTINGS},
    {LOCKBUS_RULE_K7, "K7", "the amendment changes a door that is not vacant", SETTINGS},
    {LOCKBUS_RULE_K8, "K8", "the commissioning could not be written down", SETTINGS},
    {LOCKBUS_RULE_R1, "R1", "the receipt has not the right form", SETTINGS},
    {LOCKBUS_RULE_R2, "R2", "the receipt is not signed by an archive key of the manifest", SETTINGS},
    {LOCKBUS_RULE_R3, "R3", "the receipt is for another cabinet", SETTINGS},
    {LOCKBUS_RULE_R4, "R4", "the receipt is for a block that this journal does not have: it was rolled back", SETTINGS},
    {LOCKBUS_RULE_R5, "R5", "the receipt is for another block of this number: there are two histories", SETTINGS},
    {LOCKBUS_RULE_R6, "R6", "the receipt is for a block below the last one's", SETTINGS},
    {LOCKBUS_RULE_R7, "R7", "the receipt could not be compared or written down", SETTINGS},
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

const char *lockbus_rule_advice(enum lockbus_rule rule)
{
    const struct rule_text *found = find(rule);

    return found != NULL ? found->advice : "?";
}
