/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lb_crypto_* by libsodium. The only file of the library that includes it.
 */

#include "base/crypto.h"

#include "base/bytes.h"

#include <sodium.h>
#include <string.h>

enum {
    SEAL_OPS = 8,
    SEAL_MEM = 12,
    SEAL_SALT = 16,
    SEAL_NONCE = 32,
    SEAL_BOX = 56,
    SEAL_BOX_LEN = 48
};

/* What libsodium's functions leave below ours: copies of keys that they do not
 * wipe themselves. */
enum { STACK_DEEP = 16384 };

/* libsodium takes random bytes when it begins, and ends the process when there
 * are none. So ours are asked for first: where the kernel gave some once, it
 * gives as few as those again (getrandom(2)). */
bool lb_crypto_init(void)
{
    uint8_t probe[16];
    bool ok = lb_crypto_random(probe, sizeof probe) && sodium_init() >= 0;

    sodium_memzero(probe, sizeof probe);
    return ok;
}

/* prefix with its zero byte, then body; 0 when it does not fit. */
static size_t join(uint8_t out[LB_SIGNED_MAX], const char *prefix,
                   const uint8_t *body, size_t len)
{
    size_t head = strlen(prefix) + 1;

    if (head > LB_SIGNED_MAX || len > LB_SIGNED_MAX - head) {
        return 0;
    }
    memcpy(out, prefix, head);
    memcpy(out + head, body, len);
    return head + len;
}

bool lb_crypto_verify(const char *prefix, const uint8_t *body, size_t len,
                      const uint8_t sig[LB_SIG_LEN],
                      const uint8_t key[LB_KEY_LEN])
{
    uint8_t message[LB_SIGNED_MAX];
    size_t total = join(message, prefix, body, len);

    return total != 0 &&
           crypto_sign_ed25519_verify_detached(sig, message, total, key) == 0;
}

bool lb_crypto_point_ok(const uint8_t key[LB_KEY_LEN])
{
    return crypto_core_ed25519_is_valid_point(key) == 1;
}

void lb_crypto_hash(uint8_t out[LB_HASH_LEN], const uint8_t *bytes, size_t len)
{
    (void)crypto_generichash_blake2b(out, LB_HASH_LEN, bytes, len, NULL, 0);
}

void lb_crypto_mac(uint8_t out[LB_HASH_LEN], const uint8_t *bytes, size_t len,
                   const uint8_t key[LB_KEY_LEN])
{
    (void)crypto_generichash_blake2b(out, LB_HASH_LEN, bytes, len, key,
                                     LB_KEY_LEN);
}

bool lb_crypto_same(const uint8_t *a, const uint8_t *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void lb_crypto_wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}

void lb_crypto_public(uint8_t key[LB_KEY_LEN], const uint8_t seed[LB_SEED_LEN])
{
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];

    (void)crypto_sign_ed25519_seed_keypair(key, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

bool lb_crypto_sign(uint8_t sig[LB_SIG_LEN], const char *prefix,
                    const uint8_t *body, size_t len,
                    const uint8_t seed[LB_SEED_LEN])
{
    uint8_t message[LB_SIGNED_MAX];
    uint8_t public_key[LB_KEY_LEN];
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
    size_t total = join(message, prefix, body, len);
    bool ok = total != 0;

    if (ok) {
        (void)crypto_sign_ed25519_seed_keypair(public_key, secret, seed);
        ok = crypto_sign_ed25519_detached(sig, NULL, message, total, secret) ==
             0;
    }
    sodium_memzero(secret, sizeof secret);
    return ok;
}

static bool derive(uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES],
                   const uint8_t seal[LB_SEAL_LEN], const char *password,
                   size_t password_len)
{
    return crypto_pwhash_argon2id(
               key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, password,
               password_len, seal + SEAL_SALT, lb_get_u32(seal + SEAL_OPS),
               (size_t)lb_get_u32(seal + SEAL_MEM) * 1024,
               crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
}

enum lockbus_err lb_crypto_unseal(uint8_t seed[LB_SEED_LEN],
                                  const uint8_t seal[LB_SEAL_LEN],
                                  const uint8_t ad[LB_SEAL_AD_LEN],
                                  const char *password, size_t password_len)
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    enum lockbus_err err = LOCKBUS_ERR_NOMEM;

    if (derive(key, seal, password, password_len)) {
        err = crypto_aead_xchacha20poly1305_ietf_decrypt(
                  seed, NULL, NULL, seal + SEAL_BOX, SEAL_BOX_LEN, ad,
                  LB_SEAL_AD_LEN, seal + SEAL_NONCE, key) == 0
                  ? LOCKBUS_OK
                  : LOCKBUS_ERR_DENIED;
    }
    sodium_memzero(key, sizeof key);
    sodium_stackzero(STACK_DEEP);
    return err;
}

enum lockbus_err lb_crypto_seal(uint8_t seal[LB_SEAL_LEN],
                                const uint8_t seed[LB_SEED_LEN],
                                const uint8_t ad[LB_SEAL_AD_LEN],
                                const char *password, size_t password_len,
                                uint32_t opslimit, uint32_t memory_kib)
{
    uint8_t key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    enum lockbus_err err = LOCKBUS_ERR_NOMEM;

    memset(seal, 0, LB_SEAL_LEN);
    memcpy(seal, "LBX1", 4);
    seal[4] = 1;
    seal[5] = 1;
    lb_put_u32(seal + SEAL_OPS, opslimit);
    lb_put_u32(seal + SEAL_MEM, memory_kib);
    if (!lb_crypto_random(seal + SEAL_SALT, SEAL_BOX - SEAL_SALT)) {
        return LOCKBUS_ERR_IO;
    }
    if (derive(key, seal, password, password_len)) {
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
            seal + SEAL_BOX, NULL, seed, LB_SEED_LEN, ad, LB_SEAL_AD_LEN, NULL,
            seal + SEAL_NONCE, key);
        err = LOCKBUS_OK;
    }
    sodium_memzero(key, sizeof key);
    return err;
}
