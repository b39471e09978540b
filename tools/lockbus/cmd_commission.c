/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus commission: makes the cabinet's journal. lockbus amend: changes
 * its door map.
 */

#include "base/crypto.h"
#include "host.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

static const char usage_commission[] =
    "CABINET.ini MANIFEST.lbm ORDER.lbc --escrow FILE";
static const char usage_amend[] = "CABINET.ini ORDER.lbc";

int cmd_commission(int argc, char **argv)
{
    uint8_t manifest[LOCKBUS_MANIFEST_MAX], order[LOCKBUS_COMMISSION_LEN + 1];
    uint8_t escrow[32];
    size_t manifest_len = 0, order_len = 0;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (argc != 6 || strcmp(argv[4], "--escrow") != 0) {
        return tool_usage(argv[0], usage_commission);
    }
    if (!host_read(argv[2], manifest, sizeof manifest, &manifest_len) ||
        !host_read(argv[3], order, sizeof order, &order_len)) {
        return TOOL_FAILED;
    }
    /* The escrow file first: a journal whose root key was lost on the way
     * could never be verified from its beginning. */
    FILE *there = fopen(argv[5], "rb");

    if (there != NULL) {
        (void)fclose(there);
        fprintf(stderr, "lockbus: %s exists; it is never overwritten\n",
                argv[5]);
        return TOOL_FAILED;
    }
    if (lockbus_cabinet_commission(argv[1], manifest, manifest_len, order,
                                   order_len, escrow, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    int result = lockbus_escrow_save(argv[5], escrow, &why) == LOCKBUS_OK
                     ? TOOL_OK
                     : tool_complain(&why);

    lb_crypto_wipe(escrow, sizeof escrow);
    if (result == TOOL_OK) {
        printf("commissioned: all doors of the map are empty\n"
               "give %s to the operator and remove it from the cabinet\n",
               argv[5]);
    }
    return result;
}

int cmd_amend(int argc, char **argv)
{
    uint8_t order[LOCKBUS_COMMISSION_LEN + 1];
    size_t len = 0;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (argc != 3) {
        return tool_usage(argv[0], usage_amend);
    }
    if (!host_read(argv[2], order, sizeof order, &len)) {
        return TOOL_FAILED;
    }
    if (lockbus_cabinet_amend(argv[1], order, len, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    printf("amended: the configuration's map is in force\n");
    return TOOL_OK;
}
