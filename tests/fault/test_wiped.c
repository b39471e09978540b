/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What was secret is gone after its use: all memory of the process that can be
 * written is searched for it. What is searched for is kept masked, so that the
 * search does not find itself.
 */
#define _GNU_SOURCE
#include "cabinet/cabinet.h"
#include "rig.h"

#include "journal/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { A07 = 6, SECRET_LEN = 32, MASK = 0x5A, SECRETS = 64, CODE_LEN = 8 };

/* A shadow of the sanitizer's is larger than this, a heap is not. */
static const uint64_t region_max = UINT64_C(1) << 28;

struct masked {
    uint8_t bytes[SECRET_LEN];
    size_t len;
};

static struct masked kept[SECRETS];
static size_t count;
static bool watching;

/* Keeps it masked. */
static void keep(const void *secret, size_t len)
{
    const uint8_t *bytes = secret;

    assert_true(count < SECRETS && len <= SECRET_LEN);
    for (size_t i = 0; i < len; i++) {
        kept[count].bytes[i] = (uint8_t)(bytes[i] ^ MASK);
    }
    kept[count++].len = len;
}

static void forget(void)
{
    memset(kept, 0, sizeof kept);
    count = 0;
}

/* Reads what it likes, and much of it. */
#ifdef __clang__
#define RAW __attribute__((no_sanitize("address", "undefined")))
#else
#define RAW __attribute__((no_sanitize("address", "undefined"), optimize("O2")))
#endif

/* ---- The search -----------------------------------------------------------
 */

RAW static bool is_at(const volatile uint8_t *at, const struct masked *what)
{
    for (size_t i = 0; i < what->len; i++) {
        if ((at[i] ^ MASK) != what->bytes[i]) {
            return false;
        }
    }
    return true;
}

/* How often each of them lies there; most bytes begin none. */
RAW static void search(uint64_t from, uint64_t to, unsigned found[SECRETS])
{
    bool first[256] = {false};

    for (size_t i = 0; i < count; i++) {
        first[kept[i].bytes[0] ^ MASK] = true;
    }
    for (uint64_t at = from; at + SECRET_LEN <= to; at++) {
        if (first[*(const volatile uint8_t *)(uintptr_t)at]) {
            for (size_t i = 0; i < count; i++) {
                found[i] +=
                    is_at((const volatile uint8_t *)(uintptr_t)at, &kept[i]);
            }
        }
    }
}

/* How often the secrets that are kept lie somewhere. */
static unsigned found_anywhere(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], rights[8];
    unsigned found = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        uint64_t from, to;

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, rights) !=
                3 ||
            rights[0] != 'r' || rights[1] != 'w' || to - from > region_max) {
            continue;
        }
        unsigned here[SECRETS] = {0};

        search(from, to, here);
        for (size_t i = 0; i < count; i++) {
            if (here[i] != 0) {
                print_message("secret %zu: %u in %s", i, here[i], line);
            }
            found += here[i];
        }
    }
    (void)fclose(maps);
    return found;
}

/* ---- What the library does with them ---------------------------------------
 */

int __real_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd, unsigned long long len,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg);
int __wrap_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd, unsigned long long len,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg);
void __real_lb_key_evolve(uint8_t key[LB_HASH_LEN]);
void __wrap_lb_key_evolve(uint8_t key[LB_HASH_LEN]);

int __wrap_crypto_pwhash_argon2id(unsigned char *out, unsigned long long outlen,
                                  const char *passwd, unsigned long long len,
                                  const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg)
{
    int failed = __real_crypto_pwhash_argon2id(out, outlen, passwd, len, salt,
                                               ops, mem, alg);

    if (watching) {
        keep(out, (size_t)outlen);
    }
    return failed;
}

/* Keys of blocks that were sealed. */
void __wrap_lb_key_evolve(uint8_t key[LB_HASH_LEN])
{
    if (watching && count < SECRETS) {
        keep(key, LB_HASH_LEN);
    }
    __real_lb_key_evolve(key);
}

/* ---- Tests ----------------------------------------------------------------
 */

static void what_lies_about_is_found(void **state)
{
    static uint8_t here[SECRET_LEN];

    (void)state;
    forget();
    randombytes_buf(here, sizeof here);
    keep(here, sizeof here);
    assert_true(found_anywhere() >= 1);
    sodium_memzero(here, sizeof here);
    assert_int_equal(found_anywhere(), 0);
}

/* The code as the library works with it: its secret without dashes. */
static void keep_code(const char *code)
{
    char secret[CODE_LEN];
    size_t len = 0;

    for (size_t i = 3; code[i] != '\0' && len < CODE_LEN; i++) {
        if (code[i] != '-') {
            secret[len++] = code[i];
        }
    }
    keep(secret, len);
    sodium_memzero(secret, sizeof secret);
}

static void a_pickup_by_code(bool worker)
{
    struct rig *rig = rig_new_closed();
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    forget();
    rig->worker = worker;
    rig_open(rig);
    rig_deposit(rig, &parcel, A07, true);
    keep(parcel.release.seed, sizeof parcel.release.seed);
    keep_code(parcel.code);
    watching = true;
    assert_int_equal(
        lockbus_release_with_code(rig->cab, parcel.code, &ticket, &why),
        LOCKBUS_OK);
    sodium_memzero(&parcel, sizeof parcel);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    watching = false;
    assert_true(count >= 4); /* seed, code, Argon2id's key, blocks' keys */
    assert_int_equal(found_anywhere(), 0);
    rig_free(rig);
}

static void a_code_leaves_nothing(void **state)
{
    (void)state;
    a_pickup_by_code(false);
}

static void a_code_leaves_nothing_with_the_worker(void **state)
{
    (void)state;
    a_pickup_by_code(true);
}

static void issuing_leaves_nothing(void **state)
{
    const uint8_t cabinet_id[16] = {1};
    struct lockbus_code_form form = {.opslimit = 1, .memory_kib = 8};
    struct lockbus_signer signer;
    struct lockbus_error why;
    uint8_t seal[LOCKBUS_SEAL_LEN], proof[LOCKBUS_PROOF_LEN];
    char code[LOCKBUS_CODE_TEXT_MAX];

    (void)state;
    forget();
    assert_int_equal(lockbus_signer_generate(&signer), LOCKBUS_OK);
    keep(signer.seed, sizeof signer.seed);
    watching = true;
    assert_int_equal(lockbus_issue_code(code, seal, &form, A07, cabinet_id, 1,
                                        signer.seed, &why),
                     LOCKBUS_OK);
    watching = false;
    keep_code(code);
    assert_int_equal(lockbus_issue_proof(proof, LOCKBUS_PROOF_RELEASE, A07,
                                         cabinet_id, 1, cabinet_id, &signer,
                                         &why),
                     LOCKBUS_OK);
    lockbus_signer_wipe(&signer);
    sodium_memzero(code, sizeof code);
    assert_int_equal(found_anywhere(), 0);
}

static void commissioning_leaves_no_escrow_key(void **state)
{
    struct rig *rig = rig_new_closed();

    (void)state;
    forget();
    keep(rig->escrow, sizeof rig->escrow);
    sodium_memzero(rig->escrow, sizeof rig->escrow);
    assert_int_equal(found_anywhere(), 0);
    rig_free(rig);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_about_is_found),
        cmocka_unit_test(a_code_leaves_nothing),
        cmocka_unit_test(a_code_leaves_nothing_with_the_worker),
        cmocka_unit_test(issuing_leaves_nothing),
        cmocka_unit_test(commissioning_leaves_no_escrow_key),
    };

    return cmocka_run_group_tests_name("wiped", tests, NULL, NULL);
}
