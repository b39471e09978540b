/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Perfect cryptography for the models: whoever has not the key has not the
 * signature, and nothing takes time. A key is its seed, a signature a sum over
 * both. Stands in for lib/base/crypto.c; what that does to forgers is for
 * other tests.
 */

#include "base/crypto.h"

#include <string.h>

struct sum {
    uint64_t value;
};

static void add(struct sum *sum, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        sum->value = (sum->value ^ at[i]) * UINT64_C(0x100000001b3);
        sum->value ^= sum->value >> 29;
    }
}

static void spread(const struct sum *sum, uint8_t *out, size_t len)
{
    uint64_t value = sum->value;

    for (size_t i = 0; i < len; i++) {
        value = value * UINT64_C(6364136223846793005) + 1442695040888963407U;
        out[i] = (uint8_t)(value >> 56);
    }
}

static struct sum start(void)
{
    return (struct sum){UINT64_C(0xcbf29ce484222325)};
}

bool lb_crypto_init(void)
{
    return true;
}

static void signature(uint8_t sig[LB_SIG_LEN], const char *prefix,
                      const uint8_t *body, size_t len, const uint8_t *key)
{
    struct sum sum = start();

    add(&sum, prefix, strlen(prefix) + 1);
    add(&sum, key, LB_KEY_LEN);
    add(&sum, body, len);
    spread(&sum, sig, LB_SIG_LEN);
}

bool lb_crypto_verify(const char *prefix, const uint8_t *body, size_t len,
                      const uint8_t sig[LB_SIG_LEN],
                      const uint8_t key[LB_KEY_LEN])
{
    uint8_t right[LB_SIG_LEN];

    signature(right, prefix, body, len, key);
    return lb_crypto_same(right, sig, LB_SIG_LEN);
}

bool lb_crypto_sign(uint8_t sig[LB_SIG_LEN], const char *prefix,
                    const uint8_t *body, size_t len,
                    const uint8_t seed[LB_SEED_LEN])
{
    signature(sig, prefix, body, len, seed);
    return true;
}

void lb_crypto_public(uint8_t key[LB_KEY_LEN], const uint8_t seed[LB_SEED_LEN])
{
    memcpy(key, seed, LB_KEY_LEN);
}

bool lb_crypto_point_ok(const uint8_t key[LB_KEY_LEN])
{
    return key[0] != 0;
}

void lb_crypto_hash(uint8_t out[LB_HASH_LEN], const uint8_t *bytes, size_t len)
{
    struct sum sum = start();

    add(&sum, bytes, len);
    spread(&sum, out, LB_HASH_LEN);
}

void lb_crypto_mac(uint8_t out[LB_HASH_LEN], const uint8_t *bytes, size_t len,
                   const uint8_t key[LB_KEY_LEN])
{
    struct sum sum = start();

    add(&sum, key, LB_KEY_LEN);
    add(&sum, bytes, len);
    spread(&sum, out, LB_HASH_LEN);
}

bool lb_crypto_same(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint8_t other = 0;

    for (size_t i = 0; i < len; i++) {
        other |= a[i] ^ b[i];
    }
    return other == 0;
}

void lb_crypto_wipe(void *secret, size_t len)
{
    memset(secret, 0, len);
}

bool lb_crypto_random(uint8_t *out, size_t len)
{
    memset(out, 7, len);
    return true;
}

enum lockbus_err lb_crypto_unseal(uint8_t seed[LB_SEED_LEN],
                                  const uint8_t seal[LB_SEAL_LEN],
                                  const uint8_t ad[LB_SEAL_AD_LEN],
                                  const char *password, size_t password_len)
{
    (void)seed, (void)seal, (void)ad, (void)password, (void)password_len;
    return LOCKBUS_ERR_DENIED; /* no model uses codes */
}

enum lockbus_err lb_crypto_seal(uint8_t seal[LB_SEAL_LEN],
                                const uint8_t seed[LB_SEED_LEN],
                                const uint8_t ad[LB_SEAL_AD_LEN],
                                const char *password, size_t password_len,
                                uint32_t opslimit, uint32_t memory_kib)
{
    (void)seal, (void)seed, (void)ad, (void)password, (void)password_len;
    (void)opslimit, (void)memory_kib;
    return LOCKBUS_ERR_DENIED; /* no model uses codes */
}
