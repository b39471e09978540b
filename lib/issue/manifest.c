/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Signing a manifest. Which roots the manifest before this one had is not
 * known here, so a signer that is no root of this one is taken on trust: the
 * cabinets check both. That this one's own threshold is met can be told, and
 * a manifest that fails it would be refused by every cabinet.
 */

#include "manifest.h"

#include "base/bytes.h"
#include "signer.h"

#include <stdio.h>
#include <string.h>

static bool is_root(const struct lb_manifest_body *body, const uint8_t key[32])
{
    for (size_t i = 0; i < body->bytes[LB_MANIFEST_COUNT]; i++) {
        const uint8_t *entry =
            body->bytes + LB_MANIFEST_HEAD + i * LB_MANIFEST_ENTRY;

        if (entry[0] == LOCKBUS_ROLE_ROOT &&
            lb_same(entry + LB_MANIFEST_ENTRY_KEY, key, 32)) {
            return true;
        }
    }
    return false;
}

enum lockbus_err lockbus_issue_manifest(uint8_t out[LOCKBUS_MANIFEST_MAX],
                                        size_t *len, const char *ini_path,
                                        const struct lockbus_signer *signers,
                                        size_t count, struct lockbus_error *why)
{
    const struct lockbus_signer *sorted[LB_ISSUE_SIGNERS];
    uint8_t signatures[LB_ISSUE_SIGNERS * LB_ISSUE_SIGNED];
    struct lb_manifest_body body;
    unsigned own = 0;
    enum lockbus_err err;

    if (out == NULL || len == NULL || ini_path == NULL || signers == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if (count < 2 || count > LB_ISSUE_SIGNERS) {
        return lb_issue_refuse(why, "signer", "2 to 10 roots sign");
    }
    if ((err = lb_manifest_text_read(&body, ini_path, why)) != LOCKBUS_OK) {
        return err;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &signers[i];
        own += is_root(&body, signers[i].public_key) ? 1 : 0;
    }

    const struct lb_issue_message message = {"lockbus/manifest/v1", body.bytes,
                                             body.len};

    err = lb_issue_sign_all(signatures, &message, sorted, count, why);
    if (err != LOCKBUS_OK) {
        return err;
    }
    if (own < body.bytes[LB_MANIFEST_THRESHOLD]) {
        char text[96];

        (void)snprintf(text, sizeof text,
                       "%u of the %u signers are roots of this manifest, its "
                       "threshold is %u",
                       own, (unsigned)count,
                       (unsigned)body.bytes[LB_MANIFEST_THRESHOLD]);
        return lb_issue_refuse(why, "signer", text);
    }
    memcpy(out, body.bytes, body.len);
    memcpy(out + body.len, signatures, count * LB_ISSUE_SIGNED);
    *len = body.len + count * LB_ISSUE_SIGNED;
    return LOCKBUS_OK;
}
