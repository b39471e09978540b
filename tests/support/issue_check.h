/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef ISSUE_CHECK_H
#define ISSUE_CHECK_H

/*
 * An independent look at what the issuing side makes: signatures by libsodium
 * directly over bytes put together here, and signers of fixed seeds.
 */

#include <lockbus/issue.h>

#include <sodium.h>
#include <string.h>

/* The prefix is given with its length so that its zero byte is counted here
 * and not by the code under test. */
static inline bool issue_check_signed(const char *prefix, size_t prefix_len,
                                      const uint8_t *body, size_t len,
                                      const uint8_t *signature,
                                      const uint8_t *key)
{
    uint8_t message[1024];

    if (prefix_len + len > sizeof message) {
        return false;
    }
    memcpy(message, prefix, prefix_len);
    memcpy(message + prefix_len, body, len);
    return crypto_sign_verify_detached(signature, message, prefix_len + len,
                                       key) == 0;
}

/* The signer whose seed is 32 times `fill`. */
static inline struct lockbus_signer issue_check_signer(uint8_t fill)
{
    struct lockbus_signer signer = {0};
    uint8_t secret[64];

    memset(signer.seed, fill, sizeof signer.seed);
    crypto_sign_seed_keypair(signer.public_key, secret, signer.seed);
    return signer;
}

/* Little-endian, written down once more. */
static inline uint64_t issue_check_number(const uint8_t *at, size_t len)
{
    uint64_t value = 0;

    while (len > 0) {
        value = value << 8 | at[--len];
    }
    return value;
}

#endif
