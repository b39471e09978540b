/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/* lockbus manifest: signs what a manifest's text describes. */

#include "issue_args.h"

#include <stdio.h>
#include <string.h>

/* A signer that is no root of this manifest may be one of the manifest before,
 * which is not here; or a mistake. Who signs it should know. */
static void name_strangers(const uint8_t *bytes, size_t len,
                           const struct lockbus_signer *roots,
                           const struct issue_list *paths)
{
    struct lockbus_manifest_info info;

    if (lockbus_manifest_read(&info, bytes, len) != LOCKBUS_OK) {
        return;
    }
    for (size_t i = 0; i < paths->count; i++) {
        bool own = false;

        for (unsigned k = 0; k < info.key_count; k++) {
            own = own || (info.keys[k].role == LOCKBUS_ROLE_ROOT &&
                          memcmp(info.keys[k].public_key, roots[i].public_key,
                                 32) == 0);
        }
        if (!own) {
            fprintf(stderr,
                    "lockbus: %s: is no root of this manifest; taken for a "
                    "root of the one before, cabinets that have another "
                    "refuse it by rule M5\n",
                    paths->item[i]);
        }
    }
}

int cmd_manifest(int argc, char **argv)
{
    const char *text = NULL, *out = NULL;
    struct issue_list paths = {0};
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_TEXT, .to = &text},
        {.name = "--sign", .kind = ISSUE_LIST, .to = &paths},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &out},
    };
    struct lockbus_signer roots[ISSUE_LIST_MAX];
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why = {0};
    size_t count = 0, len = 0;
    bool ok = true;

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return tool_usage(argv[0], NULL);
    }
    memset(roots, 0, sizeof roots);
    while (ok && count < paths.count) {
        struct lockbus_key_file key;

        ok = issue_key(&key, paths.item[count], "root", true);
        if (ok) {
            roots[count++] = key.signer;
            lockbus_signer_wipe(&key.signer);
        }
    }
    if (ok && lockbus_issue_manifest(bytes, &len, text, roots, count, &why) !=
                  LOCKBUS_OK) {
        ok = false;
        (void)tool_complain(&why);
    } else if (ok) {
        name_strangers(bytes, len, roots, &paths);
    }
    for (size_t i = 0; i < count; i++) {
        lockbus_signer_wipe(&roots[i]);
    }
    return ok && issue_write(out, bytes, len, 0644) ? TOOL_OK : TOOL_FAILED;
}
