/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What the parsers call and Frama-C does not look into: cryptography by its
 * contract, and the memory functions, whose real bodies bytes.c analyses, by
 * the analyser's own. A contract says what must be readable, and lets the
 * answer be any.
 */

#include "base/bytes.h"
#include "base/crypto.h"
#include "journal/crc32c.h"

#include <string.h>

void lb_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
}

void lb_zero(void *to, size_t len)
{
    memset(to, 0, len);
}

/* clang-format off */
/*@ requires \valid_read((const uint8_t *)a + (0 .. len - 1));
    requires \valid_read((const uint8_t *)b + (0 .. len - 1));
    requires \initialized((const uint8_t *)a + (0 .. len - 1));
    requires \initialized((const uint8_t *)b + (0 .. len - 1));
    assigns \result \from ((const uint8_t *)a)[0 .. len - 1],
                          ((const uint8_t *)b)[0 .. len - 1];
    ensures \result == 0 || \result == 1; */
bool lb_same(const void *a, const void *b, size_t len);

/*@ requires \valid_read((const uint8_t *)p + (0 .. len - 1));
    requires \initialized((const uint8_t *)p + (0 .. len - 1));
    assigns \result \from ((const uint8_t *)p)[0 .. len - 1];
    ensures \result == 0 || \result == 1; */
bool lb_all_zero(const void *p, size_t len);

/*@ requires \valid_read(bytes + (0 .. len - 1));
    requires \initialized(bytes + (0 .. len - 1));
    assigns \result \from bytes[0 .. len - 1]; */
uint32_t lb_crc32c(const uint8_t *bytes, size_t len);

/*@ requires \valid_read(body + (0 .. len - 1));
    requires \initialized(body + (0 .. len - 1));
    requires \valid_read(sig + (0 .. 63));
    requires \initialized(sig + (0 .. 63));
    requires \valid_read(key + (0 .. 31));
    requires \initialized(key + (0 .. 31));
    assigns \result \from prefix[0 ..], body[0 .. len - 1], sig[0 .. 63],
                          key[0 .. 31];
    ensures \result == 0 || \result == 1; */
bool lb_crypto_verify(const char *prefix, const uint8_t *body, size_t len,
                      const uint8_t sig[LB_SIG_LEN],
                      const uint8_t key[LB_KEY_LEN]);

/*@ requires \valid_read(key + (0 .. 31));
    requires \initialized(key + (0 .. 31));
    assigns \result \from key[0 .. 31];
    ensures \result == 0 || \result == 1; */
bool lb_crypto_point_ok(const uint8_t key[LB_KEY_LEN]);

/*@ requires \valid(out + (0 .. 31));
    requires \valid_read(bytes + (0 .. len - 1));
    requires \initialized(bytes + (0 .. len - 1));
    assigns out[0 .. 31] \from bytes[0 .. len - 1];
    ensures \initialized(out + (0 .. 31)); */
void lb_crypto_hash(uint8_t out[LB_HASH_LEN], const uint8_t *bytes, size_t len);

/*@ requires \valid(out + (0 .. 31));
    requires \valid_read(bytes + (0 .. len - 1));
    requires \initialized(bytes + (0 .. len - 1));
    requires \valid_read(key + (0 .. 31));
    requires \initialized(key + (0 .. 31));
    assigns out[0 .. 31] \from bytes[0 .. len - 1], key[0 .. 31];
    ensures \initialized(out + (0 .. 31)); */
void lb_crypto_mac(uint8_t out[LB_HASH_LEN], const uint8_t *bytes, size_t len,
                   const uint8_t key[LB_KEY_LEN]);

/*@ requires \valid_read(a + (0 .. len - 1));
    requires \valid_read(b + (0 .. len - 1));
    requires \initialized(a + (0 .. len - 1));
    requires \initialized(b + (0 .. len - 1));
    assigns \result \from a[0 .. len - 1], b[0 .. len - 1];
    ensures \result == 0 || \result == 1; */
bool lb_crypto_same(const uint8_t *a, const uint8_t *b, size_t len);

/*@ requires \valid((uint8_t *)secret + (0 .. len - 1));
    assigns ((uint8_t *)secret)[0 .. len - 1] \from \nothing;
    ensures \initialized((uint8_t *)secret + (0 .. len - 1)); */
void lb_crypto_wipe(void *secret, size_t len);

/*@ requires \valid(out + (0 .. len - 1));
    assigns out[0 .. len - 1] \from \nothing;
    ensures \initialized(out + (0 .. len - 1)); */
void lb_crypto_random(uint8_t *out, size_t len);

/*@ requires \valid(key + (0 .. 31));
    requires \valid_read(seed + (0 .. 31));
    requires \initialized(seed + (0 .. 31));
    assigns key[0 .. 31] \from seed[0 .. 31];
    ensures \initialized(key + (0 .. 31)); */
void lb_crypto_public(uint8_t key[LB_KEY_LEN], const uint8_t seed[LB_SEED_LEN]);

/*@ requires \valid(sig + (0 .. 63));
    requires \valid_read(body + (0 .. len - 1));
    requires \initialized(body + (0 .. len - 1));
    requires \valid_read(seed + (0 .. 31));
    requires \initialized(seed + (0 .. 31));
    assigns \result, sig[0 .. 63] \from prefix[0 ..], body[0 .. len - 1],
                                        seed[0 .. 31];
    ensures \initialized(sig + (0 .. 63));
    ensures \result == 0 || \result == 1; */
bool lb_crypto_sign(uint8_t sig[LB_SIG_LEN], const char *prefix,
                    const uint8_t *body, size_t len,
                    const uint8_t seed[LB_SEED_LEN]);
/* clang-format on */
