/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Run by valgrind's memcheck, for which secrets are marked as undefined: it
 * reports each branch and each address that depends on one. Public again is
 * what an attacker learns anyway: whether a seal opened (its authenticator is
 * checked inside libsodium), whether two keys are equal. Argon2id is taken on
 * trust: the second half of its first pass reads where the password says, by
 * design.
 */

#include "base/bytes.h"
#include "base/crypto.h"
#include "cabinet/derive.h"
#include "gate/gate.h"
#include "journal/chain.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#define SECRET(p, len) (void)VALGRIND_MAKE_MEM_UNDEFINED(p, len)
#define PUBLIC(p, len) (void)VALGRIND_MAKE_MEM_DEFINED(p, len)

/* ---- Where a secret becomes public --------------------------------------- */

int __real_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd, unsigned long long len,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg);
int __wrap_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd, unsigned long long len,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg);
int __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec,
    const unsigned char *c, unsigned long long clen, const unsigned char *ad,
    unsigned long long adlen, const unsigned char *npub,
    const unsigned char *k);
int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec,
    const unsigned char *c, unsigned long long clen, const unsigned char *ad,
    unsigned long long adlen, const unsigned char *npub,
    const unsigned char *k);
bool __real_lb_crypto_same(const uint8_t *a, const uint8_t *b, size_t len);
bool __wrap_lb_crypto_same(const uint8_t *a, const uint8_t *b, size_t len);

int __wrap_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd, unsigned long long len,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg)
{
    char copy[LB_CODE_MAX];

    memcpy(copy, passwd, len);
    PUBLIC(copy, sizeof copy);
    int failed = __real_crypto_pwhash_argon2id(out, outlen, copy, len, salt,
                                               ops, mem, alg);

    SECRET(out, outlen);
    return failed;
}

int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec,
    const unsigned char *c, unsigned long long clen, const unsigned char *ad,
    unsigned long long adlen, const unsigned char *npub, const unsigned char *k)
{
    unsigned char copy[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];

    memcpy(copy, k, sizeof copy);
    PUBLIC(copy, sizeof copy);
    int failed = __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
        m, mlen, nsec, c, clen, ad, adlen, npub, copy);

    SECRET(m, LB_SEED_LEN);
    return failed;
}

bool __wrap_lb_crypto_same(const uint8_t *a, const uint8_t *b, size_t len)
{
    bool same = __real_lb_crypto_same(a, b, len);

    PUBLIC(&same, sizeof same);
    return same;
}

/* ---- What touches secrets -------------------------------------------------
 */

static bool two_keys_are_compared(void)
{
    uint8_t a[32] = {1}, b[32] = {1};

    SECRET(a, sizeof a);
    SECRET(b, sizeof b);
    bool same = lb_crypto_same(a, b, sizeof a);

    PUBLIC(b, sizeof b);
    b[0] = 2;
    SECRET(b, sizeof b);
    return same && !lb_crypto_same(a, b, sizeof a);
}

static bool a_blocks_tag_is_checked(void)
{
    static uint8_t block[LB_BLOCK_LEN];
    const struct lb_block_head head = {.number = 7};
    uint8_t key[LB_HASH_LEN] = {3};

    lb_block_seal(block, &head, key); /* its tag goes to the disk */
    SECRET(key, sizeof key);
    bool good = lb_block_tag_ok(block, key);

    block[LB_BLOCK_TAG + 5] ^= 1;
    good = good && !lb_block_tag_ok(block, key);
    lb_key_evolve(key);
    return good && !lb_block_tag_ok(block, key);
}

static bool a_code_is_derived(void)
{
    static struct lb_derive_job job;
    uint8_t seed[LB_SEED_LEN] = {4};

    job.in.seals = 1;
    job.in.password_len = 8;
    memcpy(job.in.password, "8FK2MQ7Z", 8);
    if (lb_crypto_seal(job.in.seal[0], seed, job.in.ad, "8FK2MQ7Z", 8, 1, 8) !=
        LOCKBUS_OK) {
        return false;
    }
    PUBLIC(job.in.seal[0], LB_SEAL_LEN);
    lb_crypto_public(job.in.release_pk, seed);
    SECRET(job.in.password, sizeof job.in.password);
    lb_derive_run(&job);
    bool good = job.unsealed;

    job.in.release_pk[9] ^= 1; /* it opens, and is not the door's */
    lb_derive_run(&job);
    return good && !job.unsealed;
}

static bool a_code_is_answered(void)
{
    static struct lb_gate gate;
    static struct lb_gate_door doors[1];
    uint8_t seed[LB_SEED_LEN] = {5};
    struct lb_ask ask = {.kind = LB_ASK_CODE_KEY,
                         .derive_ref = 1,
                         .unsealed = true,
                         .seed = seed};
    struct lb_verdict verdict;

    lb_gate_init(&gate, doors, 1);
    doors[0].custody = LB_CUSTODY_OCCUPIED;
    gate.derive_ref = 1;
    gate.derive_tried = true;
    SECRET(seed, sizeof seed);
    lb_gate_decide(&gate, &ask, &verdict);
    return verdict.rule == LOCKBUS_RULE_C4;
}

static bool a_seed_signs(void)
{
    uint8_t seed[LB_SEED_LEN] = {6}, sig[LB_SIG_LEN], body[48] = {0};

    SECRET(seed, sizeof seed);
    return lb_crypto_sign(sig, "lockbus/proof/v1", body, sizeof body, seed);
}

/* ---- And that it would be seen --------------------------------------------
 */

static bool a_comparison_that_stops_early(void)
{
    uint8_t a[32] = {7}, b[32] = {7};

    SECRET(a, sizeof a);
    bool same = lb_same(a, b, sizeof a);

    PUBLIC(&same, sizeof same);
    return same;
}

static const struct {
    const char *name;
    bool (*play)(void);
    bool seen; /* there must be a report */
} cases[] = {
    {"a comparison that stops early is seen", a_comparison_that_stops_early,
     true},
    {"two keys are compared", two_keys_are_compared, false},
    {"a block's tag is checked", a_blocks_tag_is_checked, false},
    {"a code is derived", a_code_is_derived, false},
    {"a code is answered", a_code_is_answered, false},
    {"a seed signs", a_seed_signs, false},
};

int main(void)
{
    int failed = 0;

    if (RUNNING_ON_VALGRIND == 0 || !lb_crypto_init()) {
        fputs("not run by valgrind: nothing would be seen\n", stderr);
        return 1;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned long before = VALGRIND_COUNT_ERRORS;
        bool good = cases[i].play();
        bool seen = VALGRIND_COUNT_ERRORS != before;
        bool ok = good && seen == cases[i].seen;

        printf("%s %s%s\n", ok ? "ok" : "not ok", cases[i].name,
               good ? "" : " (wrong)");
        failed += !ok;
    }
    return failed != 0;
}
