/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_MANIFEST_H
#define LB_MANIFEST_H

/*
 * The manifest: who may sign what, and the limits. The fold parses it again
 * without its signatures, which were checked before it was written down.
 */

#include "gate/gate.h"

enum lb_role {
    LB_ROLE_NONE = 0,
    LB_ROLE_ROOT = 1,
    LB_ROLE_ISSUER = 2,
    LB_ROLE_OPERATIONS = 3,
    LB_ROLE_SECURITY = 4,
    LB_ROLE_DISTRUSTED = 5,
    LB_ROLE_ARCHIVE = 7, /* 6 is none, and stays so */
    LB_ROLE_COUNT = 8
};

/* M1: the form; false leaves `out` undefined. */
bool lb_manifest_parse(struct lb_manifest *out, const uint8_t *bytes,
                       size_t len);

/* The key with this id and role, else NULL. */
const struct lb_manifest_key *lb_manifest_find(const struct lb_manifest *m,
                                               const uint8_t key_id[8],
                                               uint8_t role);

#endif
