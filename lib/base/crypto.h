/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CRYPTO_H
#define LB_CRYPTO_H

/*
 * All the cryptography that lockbus uses, behind a handful of functions. On
 * the host lib/base/crypto.c maps them to libsodium; a board maker maps them
 * to the same library's portable files. Nothing here allocates, except
 * lb_crypto_unseal() and lb_crypto_seal() (Argon2id's working memory).
 */

#include <lockbus/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LB_KEY_LEN = 32,
    LB_SEED_LEN = 32,
    LB_SIG_LEN = 64,
    LB_HASH_LEN = 32,
    LB_SIGNED_MAX = 896, /* longest prefix and body that is signed */
    LB_SEAL_LEN = 104,
    /* What issuing asks of Argon2id when nobody says otherwise. */
    LB_SEAL_OPS_DEFAULT = 3,
    LB_SEAL_MEM_DEFAULT = 65536 /* KiB */
};

/* Once, before anything else; false when the platform has no random. */
bool lb_crypto_init(void);

/* Ed25519 over prefix || body; `prefix` is written with its final zero byte.
 * Refuses non-canonical S and R, and keys of small order. */
bool lb_crypto_verify(const char *prefix, const uint8_t *body, size_t len,
                      const uint8_t sig[LB_SIG_LEN],
                      const uint8_t key[LB_KEY_LEN]);

/* A proper point: canonical, on the curve, in the prime-order group. */
bool lb_crypto_point_ok(const uint8_t key[LB_KEY_LEN]);

/* BLAKE2b-256, and the same with a key of 32 bytes. */
void lb_crypto_hash(uint8_t out[LB_HASH_LEN], const uint8_t *bytes, size_t len);
void lb_crypto_mac(uint8_t out[LB_HASH_LEN], const uint8_t *bytes, size_t len,
                   const uint8_t key[LB_KEY_LEN]);

/* In constant time. */
bool lb_crypto_same(const uint8_t *a, const uint8_t *b, size_t len);
void lb_crypto_wipe(void *secret, size_t len);
/* False when the kernel gives none; `out` is then all zeros, and no fallback
 * takes their place. */
LOCKBUS_CHECK bool lb_crypto_random(uint8_t *out, size_t len);

/* The issuing side, and a code's own proof. */
void lb_crypto_public(uint8_t key[LB_KEY_LEN], const uint8_t seed[LB_SEED_LEN]);
bool lb_crypto_sign(uint8_t sig[LB_SIG_LEN], const char *prefix,
                    const uint8_t *body, size_t len,
                    const uint8_t seed[LB_SEED_LEN]);

/* The seal's associated data is cabinet_id[16], door u16, stay u64. DENIED:
 * the password is wrong; NOMEM: there is no memory for the kdf, and nothing is
 * known; IO: no random for the salt. An opened seal's form and bounds (rule
 * L1) were checked when it arrived. */
enum { LB_SEAL_AD_LEN = 26 };
LOCKBUS_CHECK enum lockbus_err
lb_crypto_unseal(uint8_t seed[LB_SEED_LEN], const uint8_t seal[LB_SEAL_LEN],
                 const uint8_t ad[LB_SEAL_AD_LEN], const char *password,
                 size_t password_len);
LOCKBUS_CHECK enum lockbus_err
lb_crypto_seal(uint8_t seal[LB_SEAL_LEN], const uint8_t seed[LB_SEED_LEN],
               const uint8_t ad[LB_SEAL_AD_LEN], const char *password,
               size_t password_len, uint32_t opslimit, uint32_t memory_kib);

#endif
