/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_GRANT_H
#define LOCKBUS_GRANT_H

/*
 * Reading the signed things, for people and logs. Nothing here verifies a
 * signature or allows anything: the gate does, at the cabinet. Layouts are in
 * docs/GRANTS.md.
 */

#include <lockbus/error.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LOCKBUS_GRANT_LEN = 232,
    LOCKBUS_PROOF_LEN = 112,
    LOCKBUS_ORDER_LEN = 208,
    LOCKBUS_COMMISSION_LEN = 256,
    LOCKBUS_SEAL_LEN = 104,
    LOCKBUS_MANIFEST_MAX = 1552,
    LOCKBUS_PACKAGE_MAX = 512,
    LOCKBUS_CODE_TEXT_MAX = 80
};

enum lockbus_proof_kind {
    LOCKBUS_PROOF_RELEASE = 1,
    LOCKBUS_PROOF_RETURN = 2,
    LOCKBUS_PROOF_DEPOSIT = 3,
    LOCKBUS_PROOF_REOPEN = 4,
    LOCKBUS_PROOF_CANCEL = 5
};

enum lockbus_service_action {
    LOCKBUS_SERVICE_OPEN = 1,
    LOCKBUS_SERVICE_BLOCK = 2,
    LOCKBUS_SERVICE_UNBLOCK = 3,
    LOCKBUS_SERVICE_CLEAR = 4
};

/* A deposit grant's fields. */
struct lockbus_grant {
    uint8_t courier_uses, release_uses; /* 1..3 */
    uint16_t door;
    uint8_t cabinet_id[16];
    uint64_t stay;       /* high 32 bits: the epoch */
    uint64_t not_before; /* Unix s */
    uint32_t valid_for_s;
    uint32_t return_after_s; /* powered s; 0: no return key */
    uint8_t parcel_ref[16];
    uint8_t courier_pk[32];
    uint8_t release_pk[32]; /* zero: a visit */
    uint8_t return_pk[32];  /* zero: none */
};

/* USAGE when the bytes have not the form of a grant; nothing is verified. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_grant_read(struct lockbus_grant *grant, const uint8_t *bytes,
                   size_t len);

/* The grant and seal inside a DepositPackage. *seal_len 0: none. USAGE when
 * it is no package of at most LOCKBUS_PACKAGE_MAX bytes. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_package_read(const uint8_t *package, size_t package_len,
                     uint8_t grant[LOCKBUS_GRANT_LEN],
                     uint8_t seal[LOCKBUS_SEAL_LEN], size_t *seal_len);

#ifdef __cplusplus
}
#endif
#endif
