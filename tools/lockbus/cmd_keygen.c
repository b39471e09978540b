/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus keygen: a new key, its secret half in NAME.key and its public half
 * in NAME.pub.
 */

#include "issue_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_LEN = 400 };

static bool one_region(uint32_t *out, const char *text, size_t len)
{
    char digits[11] = "";
    char *end;
    unsigned long long value;

    if (len == 0 || len >= sizeof digits || text[0] < '0' || text[0] > '9') {
        return false;
    }
    memcpy(digits, text, len);
    value = strtoull(digits, &end, 10);
    *out = (uint32_t)value;
    return *end == '\0' && value <= UINT32_MAX;
}

static bool regions(struct lockbus_key_file *key, const char *text)
{
    const char *dash = text != NULL ? strchr(text, '-') : NULL;
    bool issuer = strcmp(key->role, "issuer") == 0;

    if (issuer != (text != NULL)) {
        fputs("lockbus keygen: an issuer, and no other, has a --region\n",
              stderr);
        return false;
    }
    if (text == NULL) {
        key->region_last = UINT32_MAX;
        return true;
    }
    if (dash == NULL) {
        dash = text + strlen(text);
    }
    if (!one_region(&key->region_first, text, (size_t)(dash - text)) ||
        !one_region(&key->region_last, *dash == '-' ? dash + 1 : text,
                    strlen(*dash == '-' ? dash + 1 : text)) ||
        key->region_first > key->region_last) {
        fputs("lockbus keygen: --region: N or A-B\n", stderr);
        return false;
    }
    return true;
}

/* The secret half is worth nothing without its public one, so it goes again
 * when that cannot be written. */
static bool save(const char *path, struct lockbus_key_file *key)
{
    char public_path[PATH_LEN];
    struct lockbus_error why = {0};
    int stem = (int)strlen(path) - 4;

    if (stem < 1 || strcmp(path + stem, ".key") != 0 ||
        snprintf(public_path, sizeof public_path, "%.*s.pub", stem, path) >=
            (int)sizeof public_path) {
        fputs("lockbus keygen: -o: a name that ends in .key\n", stderr);
        return false;
    }
    if (lockbus_key_save(path, key, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    key->secret = false;
    if (lockbus_key_save(public_path, key, &why) != LOCKBUS_OK) {
        (void)unlink(path);
        (void)tool_complain(&why);
        return false;
    }
    return true;
}

int cmd_keygen(int argc, char **argv)
{
    const char *role = NULL, *region = NULL, *out = NULL;
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_TEXT, .to = &role},
        {.name = "--region",
         .kind = ISSUE_TEXT,
         .to = &region,
         .optional = true},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &out},
    };
    struct lockbus_key_file key = {.secret = true};
    bool ok;

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return tool_usage(argv[0], NULL);
    }
    if (strlen(role) >= sizeof key.role) {
        return tool_usage(argv[0], NULL);
    }
    memcpy(key.role, role, strlen(role));
    if (!regions(&key, region)) {
        return tool_usage(argv[0], NULL);
    }
    ok = lockbus_signer_generate(&key.signer) == LOCKBUS_OK && save(out, &key);
    lockbus_signer_wipe(&key.signer);
    return ok ? TOOL_OK : TOOL_FAILED;
}
