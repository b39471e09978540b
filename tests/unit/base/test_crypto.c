/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Known answers come from others: public keys and seeds from RFC 8032,
 * signatures from OpenSSL, hashes from Python's hashlib, points computed from
 * the curve's equation.
 */

#include "base/crypto.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void unhex(uint8_t *out, size_t len, const char *text)
{
    assert_true(lb_unhex(out, len, text, strlen(text)));
}

/* ---- Ed25519 ------------------------------------------------------------ */

static void public_keys_are_those_of_rfc_8032(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        uint8_t seed[LB_SEED_LEN];
        uint8_t want[LB_KEY_LEN];
        uint8_t got[LB_KEY_LEN];

        unhex(seed, sizeof seed, pairs[i][0]);
        unhex(want, sizeof want, pairs[i][1]);
        lb_crypto_public(got, seed);
        assert_memory_equal(got, want, sizeof want);
        assert_true(lb_crypto_point_ok(got));
    }
}

/* The first seed of RFC 8032 over "lockbus/proof/v1", a zero byte, and the
 * bytes 0 to 47, as OpenSSL signs it. */
struct signed_thing {
    uint8_t key[LB_KEY_LEN], seed[LB_SEED_LEN], sig[LB_SIG_LEN], body[48];
};

static const char prefix[] = "lockbus/proof/v1";

static struct signed_thing known(void)
{
    struct signed_thing it;

    unhex(it.seed, sizeof it.seed,
          "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    unhex(it.key, sizeof it.key,
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    unhex(it.sig, sizeof it.sig,
          "11c987efb2efed581a350b1d0c69a8951e7247cac5cbf9e2c9d638966714dc0a"
          "82644edd88c0fc569169b0aa417c8c1d93fa29ef797e6000ec874b9193f5b002");
    for (size_t i = 0; i < sizeof it.body; i++) {
        it.body[i] = (uint8_t)i;
    }
    return it;
}

static bool verifies(const struct signed_thing *it)
{
    return lb_crypto_verify(prefix, it->body, sizeof it->body, it->sig,
                            it->key);
}

static void a_signature_is_the_known_one_and_verifies(void **state)
{
    (void)state;
    struct signed_thing it = known();
    uint8_t sig[LB_SIG_LEN];

    assert_true(lb_crypto_sign(sig, prefix, it.body, sizeof it.body, it.seed));
    assert_memory_equal(sig, it.sig, sizeof sig);
    assert_true(verifies(&it));
}

static void any_flipped_bit_of_the_signature_is_refused(void **state)
{
    (void)state;
    struct signed_thing it = known();

    for (size_t bit = 0; bit < 8 * sizeof it.sig; bit++) {
        it.sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(verifies(&it));
        it.sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void any_flipped_bit_of_the_body_is_refused(void **state)
{
    (void)state;
    struct signed_thing it = known();

    for (size_t bit = 0; bit < 8 * sizeof it.body; bit++) {
        it.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(verifies(&it));
        it.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void another_length_prefix_or_key_is_refused(void **state)
{
    (void)state;
    struct signed_thing it = known();

    assert_false(lb_crypto_verify(prefix, it.body, 47, it.sig, it.key));
    assert_false(
        lb_crypto_verify("lockbus/proof/v2", it.body, 48, it.sig, it.key));
    assert_false(
        lb_crypto_verify("lockbus/proof/v", it.body, 48, it.sig, it.key));
    assert_false(lb_crypto_verify("", it.body, 48, it.sig, it.key));
    unhex(it.key, sizeof it.key,
          "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_false(verifies(&it));
}

/* The prefix's final zero byte is signed, so no body can move into it. */
static void the_prefix_ends_where_its_zero_byte_is(void **state)
{
    (void)state;
    struct signed_thing it = known();
    const uint8_t body[] = {'b', 'c'};

    assert_true(lb_crypto_sign(it.sig, "a", body, 2, it.seed));
    assert_true(lb_crypto_verify("a", body, 2, it.sig, it.key));
    assert_false(lb_crypto_verify("ab", body + 1, 1, it.sig, it.key));
}

static void a_malleated_signature_is_refused(void **state)
{
    (void)state;
    struct signed_thing it = known();

    /* S plus the group's order: the same equation, another encoding. */
    unhex(it.sig + 32, 32,
          "6f38443aa3230faf6706a84d20766b3293fa29ef797e6000ec874b9193f5b012");
    assert_false(verifies(&it));
}

static void
what_is_longer_than_the_bound_is_neither_signed_nor_verified(void **state)
{
    (void)state;
    struct signed_thing it = known();
    static uint8_t body[LB_SIGNED_MAX];

    assert_true(lb_crypto_sign(it.sig, "ab", body, LB_SIGNED_MAX - 3, it.seed));
    assert_true(
        lb_crypto_verify("ab", body, LB_SIGNED_MAX - 3, it.sig, it.key));
    assert_false(
        lb_crypto_sign(it.sig, "ab", body, LB_SIGNED_MAX - 2, it.seed));
    assert_false(
        lb_crypto_verify("ab", body, LB_SIGNED_MAX - 2, it.sig, it.key));
    assert_false(lb_crypto_verify("ab", body, SIZE_MAX, it.sig, it.key));
}

/* ---- Keys that are no proper points ------------------------------------- */

static struct point {
    const char *name, *hex;
} points[] = {
    {"the neutral point is no key",
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"the point of order 2 is no key",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"a point of order 4 is no key",
     "0000000000000000000000000000000000000000000000000000000000000000"},
    {"the other point of order 4 is no key",
     "0000000000000000000000000000000000000000000000000000000000000080"},
    {"a point of order 8 is no key",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
    {"another point of order 8 is no key",
     "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
    {"the third point of order 8 is no key",
     "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"},
    {"the fourth point of order 8 is no key",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"},
    {"a point with a part of order 8 is no key",
     "98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7819"},
    {"a coordinate above the field's prime is no key",
     "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"the neutral point in another encoding is no key",
     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"a coordinate off the curve is no key",
     "0200000000000000000000000000000000000000000000000000000000000000"},
};

static void check_point(void **state)
{
    const struct point *point = *state;
    uint8_t key[LB_KEY_LEN];

    unhex(key, sizeof key, point->hex);
    assert_false(lb_crypto_point_ok(key));
}

/* With a key of small order, R = the neutral point and S = 0 fit any message
 * unless such keys are refused. */
static void a_key_of_small_order_verifies_nothing(void **state)
{
    (void)state;
    const uint8_t body[4] = {0};
    uint8_t sig[LB_SIG_LEN] = {1};
    uint8_t key[LB_KEY_LEN] = {1};

    assert_false(lb_crypto_verify(prefix, body, sizeof body, sig, key));
    lb_zero(key, sizeof key);
    assert_false(lb_crypto_verify(prefix, body, sizeof body, sig, key));
    for (size_t i = 0; i < sizeof key; i++) {
        assert_false(lb_crypto_verify(prefix, body, sizeof body, sig, key));
        sig[0] = (uint8_t)i;
    }
}

/* ---- BLAKE2b ------------------------------------------------------------ */

static void hashes_are_the_known_ones(void **state)
{
    (void)state;
    uint8_t bytes[200];
    uint8_t want[LB_HASH_LEN];
    uint8_t got[LB_HASH_LEN];

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    unhex(want, sizeof want,
          "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    lb_crypto_hash(got, bytes, 0);
    assert_memory_equal(got, want, sizeof want);
    unhex(want, sizeof want,
          "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    lb_crypto_hash(got, (const uint8_t *)"abc", 3);
    assert_memory_equal(got, want, sizeof want);
    unhex(want, sizeof want,
          "63c3d97a9f8894d5e043a707b0fee7f7ec4c049a23bbf1079df20b4165f9e22d");
    lb_crypto_hash(got, bytes, sizeof bytes);
    assert_memory_equal(got, want, sizeof want);
}

static void a_keyed_hash_is_the_known_one(void **state)
{
    (void)state;
    uint8_t key[LB_KEY_LEN];
    uint8_t want[LB_HASH_LEN];
    uint8_t got[LB_HASH_LEN];

    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }
    unhex(want, sizeof want,
          "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
    lb_crypto_mac(got, (const uint8_t *)"abc", 3, key);
    assert_memory_equal(got, want, sizeof want);
    key[31] ^= 1;
    lb_crypto_mac(got, (const uint8_t *)"abc", 3, key);
    assert_memory_not_equal(got, want, sizeof want);
}

/* ---- Small ones --------------------------------------------------------- */

static void same_compares_every_byte(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};

    assert_true(lb_crypto_same(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 0x80;
        assert_false(lb_crypto_same(a, b, sizeof a));
        b[i] = 0;
    }
}

static void wipe_leaves_zeros(void **state)
{
    (void)state;
    uint8_t secret[16];

    memset(secret, 0x5A, sizeof secret);
    lb_crypto_wipe(secret, sizeof secret);
    assert_true(lb_all_zero(secret, sizeof secret));
}

static void random_bytes_do_not_repeat(void **state)
{
    (void)state;
    uint8_t a[16] = {0};
    uint8_t b[16] = {0};

    assert_true(lb_crypto_init());
    assert_true(lb_crypto_random(a, sizeof a));
    assert_true(lb_crypto_random(b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
}

/* ---- Seals -------------------------------------------------------------- */

struct sealed {
    uint8_t seed[LB_SEED_LEN], ad[LB_SEAL_AD_LEN], seal[LB_SEAL_LEN];
};

static struct sealed sealed(void)
{
    struct sealed it;

    memset(it.seed, 0x37, sizeof it.seed);
    memset(it.ad, 0x11, sizeof it.ad);
    assert_int_equal(
        lb_crypto_seal(it.seal, it.seed, it.ad, "8FK2MQ7Z", 8, 1, 8),
        LOCKBUS_OK);
    return it;
}

static bool unseals(const struct sealed *it, const char *password)
{
    uint8_t seed[LB_SEED_LEN] = {0};

    return lb_crypto_unseal(seed, it->seal, it->ad, password,
                            strlen(password)) == LOCKBUS_OK &&
           memcmp(seed, it->seed, sizeof seed) == 0;
}

static void a_seal_has_the_form_that_is_written_down(void **state)
{
    (void)state;
    struct sealed it = sealed();

    assert_memory_equal(it.seal, "LBX1\x01\x01\0\0", 8);
    assert_int_equal(lb_get_u32(it.seal + 8), 1);
    assert_int_equal(lb_get_u32(it.seal + 12), 8);
}

static void a_seal_opens_to_its_password_alone(void **state)
{
    (void)state;
    struct sealed it = sealed();

    assert_true(unseals(&it, "8FK2MQ7Z"));
    assert_false(unseals(&it, "8FK2MQ7Y"));
    assert_false(unseals(&it, "8FK2MQ7"));
    assert_false(unseals(&it, ""));
}

static void a_seal_of_another_door_or_stay_stays_shut(void **state)
{
    (void)state;
    struct sealed it = sealed();

    for (size_t i = 0; i < sizeof it.ad; i++) {
        it.ad[i] ^= 1;
        assert_false(unseals(&it, "8FK2MQ7Z"));
        it.ad[i] ^= 1;
    }
    assert_true(unseals(&it, "8FK2MQ7Z"));
}

/* Salt, nonce and box; the form before them is rule L1's to check. */
static void a_changed_seal_stays_shut(void **state)
{
    (void)state;
    struct sealed it = sealed();

    for (size_t i = 16; i < sizeof it.seal; i++) {
        it.seal[i] ^= 0x10;
        assert_false(unseals(&it, "8FK2MQ7Z"));
        it.seal[i] ^= 0x10;
    }
}

static void two_seals_of_one_seed_differ(void **state)
{
    (void)state;
    struct sealed a = sealed();
    struct sealed b = sealed();

    assert_memory_not_equal(a.seal + 16, b.seal + 16, 16);
    assert_memory_not_equal(a.seal + 32, b.seal + 32, 24);
    assert_memory_not_equal(a.seal + 56, b.seal + 56, 48);
}

enum { POINTS = sizeof points / sizeof points[0] };

int main(void)
{
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(public_keys_are_those_of_rfc_8032),
        cmocka_unit_test(a_signature_is_the_known_one_and_verifies),
        cmocka_unit_test(any_flipped_bit_of_the_signature_is_refused),
        cmocka_unit_test(any_flipped_bit_of_the_body_is_refused),
        cmocka_unit_test(another_length_prefix_or_key_is_refused),
        cmocka_unit_test(the_prefix_ends_where_its_zero_byte_is),
        cmocka_unit_test(a_malleated_signature_is_refused),
        cmocka_unit_test(
            what_is_longer_than_the_bound_is_neither_signed_nor_verified),
        cmocka_unit_test(a_key_of_small_order_verifies_nothing),
        cmocka_unit_test(hashes_are_the_known_ones),
        cmocka_unit_test(a_keyed_hash_is_the_known_one),
        cmocka_unit_test(same_compares_every_byte),
        cmocka_unit_test(wipe_leaves_zeros),
        cmocka_unit_test(random_bytes_do_not_repeat),
        cmocka_unit_test(a_seal_has_the_form_that_is_written_down),
        cmocka_unit_test(a_seal_opens_to_its_password_alone),
        cmocka_unit_test(a_seal_of_another_door_or_stay_stays_shut),
        cmocka_unit_test(a_changed_seal_stays_shut),
        cmocka_unit_test(two_seals_of_one_seed_differ),
    };
    static struct CMUnitTest table[POINTS];

    if (!lb_crypto_init()) {
        return 1;
    }
    for (size_t i = 0; i < POINTS; i++) {
        table[i] = (struct CMUnitTest){.name = points[i].name,
                                       .test_func = check_point,
                                       .initial_state = &points[i]};
    }
    return cmocka_run_group_tests_name("crypto", plain, NULL, NULL) +
           cmocka_run_group_tests_name("points", table, NULL, NULL);
}
