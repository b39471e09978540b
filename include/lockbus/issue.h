/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_ISSUE_H
#define LOCKBUS_ISSUE_H

/*
 * The issuing side: what a back end, a courier's app or a key ceremony calls.
 * None of it runs in a cabinet and none of it needs one.
 *
 * Keys are Ed25519. A signer is either a seed in memory or a callback that
 * reaches a hardware module; the library never writes a seed anywhere.
 */

#include <lockbus/grant.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Signs `len` bytes with Ed25519 and returns OK, or any error to give up.
 * The bytes already start with the prefix; sign them as they are.
 */
typedef enum lockbus_err (*lockbus_sign_fn)(void *user, const uint8_t *bytes,
                                            size_t len, uint8_t signature[64]);

struct lockbus_signer {
    uint8_t public_key[32];
    lockbus_sign_fn sign; /* NULL: `seed` is used */
    void *user;
    uint8_t seed[32];
};

/* A new key from the system's random. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_signer_generate(struct lockbus_signer *signer);

/* The key of a seed. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_signer_from_seed(struct lockbus_signer *signer, const uint8_t seed[32]);

/* Wipes the seed. Null-safe. */
LOCKBUS_API void lockbus_signer_wipe(struct lockbus_signer *signer);

/*
 * Key files: one line of text, `lockbus-key-v1 ROLE REGION_FIRST REGION_LAST
 * HEX64`, mode 0600; a public key file starts with lockbus-pub-v1. ROLE is
 * root, issuer, operations, security, archive, courier, release or return.
 * Regions bind issuers only; all others carry 0 and 4294967295.
 */
struct lockbus_key_file {
    char role[16];
    uint32_t region_first, region_last;
    bool secret;
    struct lockbus_signer signer; /* by lockbus_key_load_public(): seed zero */
};

/* USAGE when a file of that name exists (it is never overwritten); IO. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_key_save(const char *path, const struct lockbus_key_file *key,
                 struct lockbus_error *why);

/* A secret key, to sign with. CONFIG when it is a public one (field secret),
 * has no such form (field form, role, region or key; line 1),
 * is no regular file of that length, or is a secret that others may use
 * (field mode) or that belongs to another user (field owner); IO. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_key_load(const char *path, struct lockbus_key_file *key,
                 struct lockbus_error *why);

/* The public half of a key, from either of its files: `secret` says which it
 * was, `seed` is zero. Errors as of lockbus_key_load(). */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_key_load_public(const char *path, struct lockbus_key_file *key,
                        struct lockbus_error *why);

/*
 * The escrow file: the journal's root key as 64 hexadecimal digits and a
 * newline (which may be missing), mode 0600. lockbus_cabinet_commission() gives
 * the key once; it verifies the journal from its first block
 * (lockbus_journal_verify()).
 */

/* USAGE when a file of that name exists (it is never overwritten); IO. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_escrow_save(const char *path, const uint8_t root_key[32],
                    struct lockbus_error *why);

/* CONFIG when it has no such form or others than its owner may touch it; IO.
 * Wipe the key. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_escrow_load(const char *path, uint8_t root_key[32],
                    struct lockbus_error *why);

/* ---- Grants, proofs -------------------------------------------------------
 */

/* Signs a grant. USAGE names the field that is out of range. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err lockbus_issue_grant(
    uint8_t out[LOCKBUS_GRANT_LEN], const struct lockbus_grant *grant,
    const struct lockbus_signer *issuer, struct lockbus_error *why);

/* Signs a proof over a challenge that the cabinet gave. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err lockbus_issue_proof(
    uint8_t out[LOCKBUS_PROOF_LEN], enum lockbus_proof_kind kind, uint16_t door,
    const uint8_t cabinet_id[16], uint64_t stay, const uint8_t challenge[16],
    const struct lockbus_signer *signer, struct lockbus_error *why);

/* ---- Codes and seals -------------------------------------------------------
 */

struct lockbus_code_form {
    bool digits;         /* a keypad of digits only */
    unsigned secret_len; /* characters after the door: 6..32; 0: the default,
                          * 8 letters or 10 digits */
    uint32_t opslimit;   /* Argon2id: 1..10; 0: the default, 3 */
    uint32_t memory_kib; /* 8..262144; 0: the default, 65536 */
};

/**
 * Makes a random code for a door and seals the release seed under it.
 *
 * @param code  Receives the code's text with its zero byte; it is shown or
 *              sent once and kept nowhere. Wipe it.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_issue_code(char code[LOCKBUS_CODE_TEXT_MAX],
                   uint8_t seal[LOCKBUS_SEAL_LEN],
                   const struct lockbus_code_form *form, uint16_t door,
                   const uint8_t cabinet_id[16], uint64_t stay,
                   const uint8_t release_seed[32], struct lockbus_error *why);

/* A DepositPackage of a grant and its seal (NULL: none). */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_package_write(uint8_t out[LOCKBUS_PACKAGE_MAX], size_t *len,
                      const uint8_t grant[LOCKBUS_GRANT_LEN],
                      const uint8_t *seal);

/* ---- Orders -----------------------------------------------------------------
 */

/* An order for a door, signed by an operations and a security key in any
 * order. The roles are the manifest's to know, so they are not checked here. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err lockbus_issue_order(
    uint8_t out[LOCKBUS_ORDER_LEN], const struct lockbus_order *order,
    const struct lockbus_signer *first, const struct lockbus_signer *second,
    struct lockbus_error *why);

/* One person's half of an order, when the two sign on two machines: each
 * makes a half of the very same fields. No gate takes a half. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err lockbus_issue_order_half(
    uint8_t out[LOCKBUS_ORDER_HALF_LEN], const struct lockbus_order *order,
    const struct lockbus_signer *signer, struct lockbus_error *why);

/* The order of two halves, in any order. It verifies no signature, for it
 * knows no keys. USAGE when a half has not the form, the two are not of the
 * same fields, or one key made both. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err lockbus_issue_order_join(
    uint8_t out[LOCKBUS_ORDER_LEN], const uint8_t one[LOCKBUS_ORDER_HALF_LEN],
    const uint8_t other[LOCKBUS_ORDER_HALF_LEN], struct lockbus_error *why);

/* A commissioning order, signed by the same two roles. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err lockbus_issue_commission(
    uint8_t out[LOCKBUS_COMMISSION_LEN], const struct lockbus_commission *order,
    const struct lockbus_signer *first, const struct lockbus_signer *second,
    struct lockbus_error *why);

/* ---- Anchors and receipts ------------------------------------------------ */

/**
 * Verifies an anchor: that the cabinet whose device key this is said so.
 * docs/JOURNAL.md says what to do with it.
 *
 * @param anchor      Receives the fields; NULL when they are not wanted.
 * @param device_key  32 bytes: what commissioning printed, or what a journal
 *                    says whose tags were checked.
 *
 * @return OK; USAGE with field `anchor` when the bytes have not the form;
 *         DENIED with field `signature` when it is not by this key.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_anchor_verify(struct lockbus_anchor *anchor, const uint8_t *bytes,
                      size_t len, const uint8_t device_key[32],
                      struct lockbus_error *why);

/**
 * Signs a receipt for an anchor that was verified and kept: from then on the
 * cabinet may let go of what is up to it, where its configuration says so.
 * `receipt->key_id` is not read. The role is the manifest's to know, so it is
 * not checked here.
 *
 * @return OK; USAGE with field issued_at or signer.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err lockbus_issue_receipt(
    uint8_t out[LOCKBUS_RECEIPT_LEN], const struct lockbus_receipt *receipt,
    const struct lockbus_signer *archive, struct lockbus_error *why);

/* ---- Manifests
 * --------------------------------------------------------------- */

/**
 * Signs a manifest that a text file describes (docs/issuing.md has its form)
 * with the roots given, in any order.
 *
 * @param signers  2 to 10 root keys: of this manifest, and of the one before
 *                 it, which this call does not know and takes on trust.
 *
 * @return OK; CONFIG with file, line and field when the text is wrong; USAGE
 *         when this manifest's own threshold is not met by its own roots, or
 *         one key signs twice; IO.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_issue_manifest(uint8_t out[LOCKBUS_MANIFEST_MAX], size_t *len,
                       const char *ini_path,
                       const struct lockbus_signer *signers, size_t count,
                       struct lockbus_error *why);

/* BLAKE2b-256, what a commissioning order says of a manifest. */
LOCKBUS_API void lockbus_hash(uint8_t out[32], const uint8_t *bytes,
                              size_t len);

#ifdef __cplusplus
}
#endif
#endif
