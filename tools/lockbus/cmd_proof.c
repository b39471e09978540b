/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/* lockbus proof: signs a challenge that a cabinet gave for one door. */

#include "issue_args.h"

#include <stdio.h>
#include <string.h>

static const struct kind {
    const char *name, *role;
    enum lockbus_proof_kind kind;
} kinds[] = {
    {"release", "release", LOCKBUS_PROOF_RELEASE},
    {"return", "return", LOCKBUS_PROOF_RETURN},
    {"deposit", "courier", LOCKBUS_PROOF_DEPOSIT},
    {"reopen", "courier", LOCKBUS_PROOF_REOPEN},
    {"cancel", "courier", LOCKBUS_PROOF_CANCEL},
};

static const struct kind *find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

int cmd_proof(int argc, char **argv)
{
    const char *name = NULL, *key_path = NULL, *out = NULL;
    uint8_t cabinet_id[16] = {0}, challenge[16] = {0};
    uint64_t door = 0, stay = 0;
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_TEXT, .to = &name},
        {.name = "--cabinet", .kind = ISSUE_HEX, .to = cabinet_id, .max = 16},
        {.name = "--door", .kind = ISSUE_NUMBER, .to = &door, .max = 1023},
        {.name = "--stay", .kind = ISSUE_STAY, .to = &stay},
        {.name = "--challenge", .kind = ISSUE_HEX, .to = challenge, .max = 16},
        {.name = "--key", .kind = ISSUE_TEXT, .to = &key_path},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &out},
    };
    struct lockbus_key_file key;
    struct lockbus_error why = {0};
    uint8_t proof[LOCKBUS_PROOF_LEN];
    const struct kind *kind;
    enum lockbus_err err;

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return tool_usage(argv[0], NULL);
    }
    if ((kind = find(name)) == NULL) {
        fprintf(stderr, "lockbus proof: there is no kind %s\n", name);
        return tool_usage(argv[0], NULL);
    }
    if (!issue_key(&key, key_path, kind->role, true)) {
        return TOOL_FAILED;
    }
    err = lockbus_issue_proof(proof, kind->kind, (uint16_t)door, cabinet_id,
                              stay, challenge, &key.signer, &why);
    lockbus_signer_wipe(&key.signer);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    return issue_write_or_print(out, proof, sizeof proof) ? TOOL_OK
                                                          : TOOL_FAILED;
}
