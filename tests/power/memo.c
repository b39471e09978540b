/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What the library's sums and signatures come out as, remembered by the whole
 * of their input: the linker gives the library these in place of its own.
 * Every byte of an input is compared with the one that the answer is for, so
 * that a remembered answer is the answer. explore.c does one recovery in so
 * many without.
 */

#include "memo.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "journal/chain.h"
#include "journal/crc32c.h"
#include "power.h"

#include <string.h>

bool memo_off;

void __real_lb_crypto_hash(uint8_t out[LB_HASH_LEN], const uint8_t *bytes,
                           size_t len);
void __wrap_lb_crypto_hash(uint8_t out[LB_HASH_LEN], const uint8_t *bytes,
                           size_t len);
void __real_lb_crypto_mac(uint8_t out[LB_HASH_LEN], const uint8_t *bytes,
                          size_t len, const uint8_t key[LB_KEY_LEN]);
void __wrap_lb_crypto_mac(uint8_t out[LB_HASH_LEN], const uint8_t *bytes,
                          size_t len, const uint8_t key[LB_KEY_LEN]);
bool __real_lb_crypto_verify(const char *prefix, const uint8_t *body,
                             size_t len, const uint8_t sig[LB_SIG_LEN],
                             const uint8_t key[LB_KEY_LEN]);
bool __wrap_lb_crypto_verify(const char *prefix, const uint8_t *body,
                             size_t len, const uint8_t sig[LB_SIG_LEN],
                             const uint8_t key[LB_KEY_LEN]);
bool __real_lb_crypto_point_ok(const uint8_t key[LB_KEY_LEN]);
bool __wrap_lb_crypto_point_ok(const uint8_t key[LB_KEY_LEN]);
void __real_lb_crypto_public(uint8_t key[LB_KEY_LEN],
                             const uint8_t seed[LB_SEED_LEN]);
void __wrap_lb_crypto_public(uint8_t key[LB_KEY_LEN],
                             const uint8_t seed[LB_SEED_LEN]);
uint32_t __real_lb_crc32c(const uint8_t *bytes, size_t len);
uint32_t __wrap_lb_crc32c(const uint8_t *bytes, size_t len);
bool __real_lb_block_is_zero(const uint8_t *bytes, size_t len);
bool __wrap_lb_block_is_zero(const uint8_t *bytes, size_t len);

enum { MACS = 16384, SIGS = 256, POINTS = 256, BODY_MAX = 896 };

static size_t place_of_key(const uint8_t *a, const uint8_t *b, size_t places)
{
    uint64_t mix = (lb_get_u64(a) ^ lb_get_u64(b)) * 0x9e3779b97f4a7c15u;

    return (size_t)((mix ^ mix >> 31) % places);
}

/* The block that these bytes were read from, when they are still that. */
static struct kept *whole_of(const uint8_t *bytes, size_t len)
{
    struct kept *kept = memo_off ? NULL : image_source(bytes);

    return kept != NULL && memcmp(kept->bytes, bytes, len) == 0 ? kept : NULL;
}

void __wrap_lb_crypto_hash(uint8_t out[LB_HASH_LEN], const uint8_t *bytes,
                           size_t len)
{
    struct kept *kept =
        len == LB_BLOCK_DIGEST ? whole_of(bytes, LB_BLOCK_DIGEST) : NULL;

    if (kept == NULL) {
        __real_lb_crypto_hash(out, bytes, len);
        return;
    }
    if (!kept->digested) {
        __real_lb_crypto_hash(kept->digest, bytes, len);
        kept->digested = true;
    }
    memcpy(out, kept->digest, LB_HASH_LEN);
}

uint32_t __wrap_lb_crc32c(const uint8_t *bytes, size_t len)
{
    struct kept *kept =
        len == LB_BLOCK_CRC ? whole_of(bytes, LB_BLOCK_CRC) : NULL;

    if (kept == NULL) {
        return __real_lb_crc32c(bytes, len);
    }
    if (!kept->summed) {
        kept->sum = __real_lb_crc32c(bytes, len);
        kept->summed = true;
    }
    return kept->sum;
}

void __wrap_lb_crypto_mac(uint8_t out[LB_HASH_LEN], const uint8_t *bytes,
                          size_t len, const uint8_t key[LB_KEY_LEN])
{
    static struct {
        size_t len;
        uint8_t in[LB_HASH_LEN], key[LB_KEY_LEN], out[LB_HASH_LEN];
    } table[MACS];

    if (memo_off || len < 8 || len > LB_HASH_LEN) {
        __real_lb_crypto_mac(out, bytes, len, key);
        return;
    }
    size_t at = place_of_key(bytes, key, MACS);

    if (table[at].len != len || memcmp(table[at].in, bytes, len) != 0 ||
        memcmp(table[at].key, key, LB_KEY_LEN) != 0) {
        table[at].len = len;
        memcpy(table[at].in, bytes, len);
        memcpy(table[at].key, key, LB_KEY_LEN);
        __real_lb_crypto_mac(table[at].out, bytes, len, key);
    }
    memcpy(out, table[at].out, LB_HASH_LEN);
}

bool __wrap_lb_crypto_verify(const char *prefix, const uint8_t *body,
                             size_t len, const uint8_t sig[LB_SIG_LEN],
                             const uint8_t key[LB_KEY_LEN])
{
    static struct {
        size_t len;
        char prefix[32];
        uint8_t body[BODY_MAX], sig[LB_SIG_LEN], key[LB_KEY_LEN];
        bool good;
    } table[SIGS];

    if (memo_off || len == 0 || len > BODY_MAX ||
        strlen(prefix) >= sizeof table[0].prefix) {
        return __real_lb_crypto_verify(prefix, body, len, sig, key);
    }
    size_t at = place_of_key(sig, key, SIGS);

    if (table[at].len != len || strcmp(table[at].prefix, prefix) != 0 ||
        memcmp(table[at].body, body, len) != 0 ||
        memcmp(table[at].sig, sig, LB_SIG_LEN) != 0 ||
        memcmp(table[at].key, key, LB_KEY_LEN) != 0) {
        table[at].len = len;
        memcpy(table[at].prefix, prefix, strlen(prefix) + 1);
        memcpy(table[at].body, body, len);
        memcpy(table[at].sig, sig, LB_SIG_LEN);
        memcpy(table[at].key, key, LB_KEY_LEN);
        table[at].good = __real_lb_crypto_verify(prefix, body, len, sig, key);
    }
    return table[at].good;
}

bool __wrap_lb_crypto_point_ok(const uint8_t key[LB_KEY_LEN])
{
    static struct {
        bool set, good;
        uint8_t key[LB_KEY_LEN];
    } table[POINTS];

    if (memo_off) {
        return __real_lb_crypto_point_ok(key);
    }
    size_t at = place_of_key(key, key + 8, POINTS);

    if (!table[at].set || memcmp(table[at].key, key, LB_KEY_LEN) != 0) {
        table[at].set = true;
        memcpy(table[at].key, key, LB_KEY_LEN);
        table[at].good = __real_lb_crypto_point_ok(key);
    }
    return table[at].good;
}

void __wrap_lb_crypto_public(uint8_t key[LB_KEY_LEN],
                             const uint8_t seed[LB_SEED_LEN])
{
    static struct {
        bool set;
        uint8_t seed[LB_SEED_LEN], key[LB_KEY_LEN];
    } table[POINTS];

    if (memo_off) {
        __real_lb_crypto_public(key, seed);
        return;
    }
    size_t at = place_of_key(seed, seed + 8, POINTS);

    if (!table[at].set || memcmp(table[at].seed, seed, LB_SEED_LEN) != 0) {
        table[at].set = true;
        memcpy(table[at].seed, seed, LB_SEED_LEN);
        __real_lb_crypto_public(table[at].key, seed);
    }
    memcpy(key, table[at].key, LB_KEY_LEN);
}

/* The megabytes behind a journal's end, which the disk has just filled. */
bool __wrap_lb_block_is_zero(const uint8_t *bytes, size_t len)
{
    return (!memo_off && image_is_zero(bytes, len)) ||
           __real_lb_block_is_zero(bytes, len);
}
