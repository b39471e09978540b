/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus commission: makes the cabinet's journal. lockbus amend: changes
 * its door map.
 */

#include "base/crypto.h"
#include "host.h"
#include "issue_args.h"

#include <stdio.h>
#include <string.h>

int cmd_commission(int argc, char **argv)
{
    uint8_t manifest[LOCKBUS_MANIFEST_MAX], order[LOCKBUS_COMMISSION_LEN + 1];
    uint8_t escrow[32];
    size_t manifest_len = 0, order_len = 0;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct issue_list files = {0};
    const char *escrow_path = NULL;
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_LIST, .to = &files},
        {.name = "--escrow", .kind = ISSUE_TEXT, .to = &escrow_path},
    };

    if (!issue_args(argc, argv, args, 2) || !issue_files(argv, &files, 3)) {
        return tool_usage(argv[0], NULL);
    }
    if (!host_read(files.item[1], manifest, sizeof manifest, &manifest_len) ||
        !host_read(files.item[2], order, sizeof order, &order_len)) {
        return TOOL_FAILED;
    }
    /* The escrow file first: a journal whose root key was lost on the way
     * could never be verified from its beginning. */
    FILE *there = fopen(escrow_path, "rb");

    if (there != NULL) {
        (void)fclose(there);
        fprintf(stderr, "lockbus: %s exists; it is never overwritten\n",
                escrow_path);
        return TOOL_FAILED;
    }
    if (lockbus_cabinet_commission(files.item[0], manifest, manifest_len, order,
                                   order_len, escrow, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    int result = lockbus_escrow_save(escrow_path, escrow, &why) == LOCKBUS_OK
                     ? TOOL_OK
                     : tool_complain(&why);

    lb_crypto_wipe(escrow, sizeof escrow);
    if (result == TOOL_OK) {
        printf("commissioned: all doors of the map are empty\n"
               "give %s to the operator and remove it from the cabinet\n",
               escrow_path);
    }
    return result;
}

int cmd_amend(int argc, char **argv)
{
    uint8_t order[LOCKBUS_COMMISSION_LEN + 1];
    size_t len = 0;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    struct issue_list files = {0};
    struct issue_arg args[] = {{.name = "", .kind = ISSUE_LIST, .to = &files}};

    if (!issue_args(argc, argv, args, 1) || !issue_files(argv, &files, 2)) {
        return tool_usage(argv[0], NULL);
    }
    if (!host_read(files.item[1], order, sizeof order, &len)) {
        return TOOL_FAILED;
    }
    if (lockbus_cabinet_amend(files.item[0], order, len, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    printf("amended: the configuration's map is in force\n");
    return TOOL_OK;
}
