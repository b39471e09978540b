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

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LOCKBUS_GRANT_LEN = 232,
    LOCKBUS_PROOF_LEN = 112,
    LOCKBUS_ORDER_LEN = 208,
    LOCKBUS_ORDER_HALF_LEN = 136, /* one person's half of it */
    LOCKBUS_COMMISSION_LEN = 256,
    LOCKBUS_SEAL_LEN = 104,
    LOCKBUS_ANCHOR_LEN = 152,
    LOCKBUS_RECEIPT_LEN = 144,
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

/* A proof's fields. */
struct lockbus_proof {
    enum lockbus_proof_kind kind;
    uint16_t door;
    uint8_t cabinet_id[16];
    uint64_t stay;
    uint8_t challenge[16];
};

/* A service order's fields. */
struct lockbus_order {
    enum lockbus_service_action action;
    uint16_t door;
    uint8_t cabinet_id[16];
    uint64_t order_no;  /* high 32 bits: the epoch */
    uint64_t not_after; /* Unix s */
    uint8_t challenge[16];
    uint32_t reason; /* the operator's own number */
};

/* A commissioning order's fields. */
struct lockbus_commission {
    bool amendment;
    uint16_t doors;
    uint8_t cabinet_id[16];
    uint64_t order_no;
    uint8_t map_hash[32], manifest_hash[32];
    uint32_t region;
};

/* An anchor's fields: what a cabinet says of its journal's end. */
struct lockbus_anchor {
    uint8_t cabinet_id[16];
    uint64_t block;     /* the last that was durable */
    uint8_t digest[32]; /* its digest, which vouches for all before it */
    uint32_t boot;      /* the rest is of that block's header */
    uint64_t powered_ms;
    uint64_t unix_s; /* 0: not known */
    bool trusted;
};

/* A receipt's fields: what the operator says of having an anchor. */
struct lockbus_receipt {
    uint8_t cabinet_id[16];
    uint64_t block;
    uint8_t digest[32];
    uint64_t issued_at; /* Unix s */
    uint8_t key_id[8];  /* of the archive key that signed */
};

enum lockbus_role {
    LOCKBUS_ROLE_ROOT = 1,
    LOCKBUS_ROLE_ISSUER = 2,
    LOCKBUS_ROLE_OPERATIONS = 3,
    LOCKBUS_ROLE_SECURITY = 4,
    LOCKBUS_ROLE_DISTRUSTED = 5,
    LOCKBUS_ROLE_ARCHIVE = 7 /* 6 is none */
};

struct lockbus_manifest_key {
    enum lockbus_role role;
    uint32_t from_epoch; /* DISTRUSTED only */
    uint32_t region_first, region_last;
    uint8_t public_key[32];
};

/* A manifest's fields. */
struct lockbus_manifest_info {
    uint8_t operator_id[16];
    uint32_t number, epoch;
    uint64_t issued_at; /* Unix s */
    unsigned threshold, key_count, signature_count;
    struct lockbus_manifest_key keys[16];
    uint8_t signed_by[10][8]; /* key_ids */
    unsigned max_open_occupied, max_open_vacant, interlock_hold_s;
    unsigned burst, per_hour, return_burst, return_per_hour;
    unsigned service_burst, service_per_hour;
    unsigned code_tries, code_tries_per_hour;
    unsigned reopen_window_s, ajar_after_s, max_grant_hours;
    unsigned challenge_ttl_s, service_ttl_s, code_min_bits;
};

/* Each of these: USAGE when the bytes have not the form (length, magic,
 * version, values that exist, zeros where zeros belong); nothing is verified.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_grant_read(struct lockbus_grant *grant, const uint8_t *bytes,
                   size_t len);
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_proof_read(struct lockbus_proof *proof, const uint8_t *bytes,
                   size_t len);
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_order_read(struct lockbus_order *order, const uint8_t *bytes,
                   size_t len);
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_commission_read(struct lockbus_commission *order, const uint8_t *bytes,
                        size_t len);
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_manifest_read(struct lockbus_manifest_info *info, const uint8_t *bytes,
                      size_t len);
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_anchor_read(struct lockbus_anchor *anchor, const uint8_t *bytes,
                    size_t len);
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_receipt_read(struct lockbus_receipt *receipt, const uint8_t *bytes,
                     size_t len);

/* The grant and seal inside a DepositPackage. *seal_len 0: none. USAGE when
 * it is no package of at most LOCKBUS_PACKAGE_MAX bytes with a grant and a
 * seal of their lengths. Fields that this version does not know are ignored;
 * of a field that comes twice the last counts. Takes no heap. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_package_read(const uint8_t *package, size_t package_len,
                     uint8_t grant[LOCKBUS_GRANT_LEN],
                     uint8_t seal[LOCKBUS_SEAL_LEN], size_t *seal_len);

#ifdef __cplusplus
}
#endif
#endif
