/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "issue_check.h"

static const uint8_t cabinet_id[16] = {1, 2,  3,  4,  5,  6,  7,  8,
                                       9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t challenge[16] = {0xf5, 0xb1, 0x65, 0x22, 0x4a, 0x58,
                                      0xb7, 0x91, 0xdf, 0x6a, 0xf1, 0xd8,
                                      0x30, 0x3e, 0x61, 0xcd};
/* The neutral point and one of order two: on the curve, but of no use. */
static const uint8_t neutral[32] = {1};
static const uint8_t order_two[32] = {
    0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

static struct lockbus_grant good_grant(void)
{
    struct lockbus_grant g = {.courier_uses = 3,
                              .release_uses = 2,
                              .door = 0x0102,
                              .stay = UINT64_C(0x0000000b00000064),
                              .not_before = 1790000000,
                              .valid_for_s = 86400,
                              .return_after_s = 3600};

    memcpy(g.cabinet_id, cabinet_id, 16);
    memset(g.parcel_ref, 0xAB, 16);
    memcpy(g.courier_pk, issue_check_signer(1).public_key, 32);
    memcpy(g.release_pk, issue_check_signer(2).public_key, 32);
    memcpy(g.return_pk, issue_check_signer(3).public_key, 32);
    return g;
}

static void a_grant_has_its_layout_and_a_good_signature(void **state)
{
    const struct lockbus_signer issuer = issue_check_signer(9);
    const struct lockbus_grant g = good_grant();
    struct lockbus_grant back;
    uint8_t b[LOCKBUS_GRANT_LEN];

    (void)state;
    assert_int_equal(lockbus_issue_grant(b, &g, &issuer, NULL), LOCKBUS_OK);
    assert_memory_equal(b, "LBD1\x01\x23\x02\x01", 8);
    assert_memory_equal(b + 8, cabinet_id, 16);
    assert_int_equal(issue_check_number(b + 24, 8), g.stay);
    assert_int_equal(issue_check_number(b + 32, 8), 1790000000);
    assert_int_equal(issue_check_number(b + 40, 4), 86400);
    assert_int_equal(issue_check_number(b + 44, 4), 3600);
    assert_memory_equal(b + 48, g.parcel_ref, 16);
    assert_memory_equal(b + 64, g.courier_pk, 32);
    assert_memory_equal(b + 96, g.release_pk, 32);
    assert_memory_equal(b + 128, g.return_pk, 32);
    assert_memory_equal(b + 160, issuer.public_key, 8);
    assert_true(issue_check_signed("lockbus/deposit/v1", 19, b, 160, b + 168,
                                   issuer.public_key));
    assert_int_equal(lockbus_grant_read(&back, b, sizeof b), LOCKBUS_OK);
    assert_memory_equal(back.release_pk, g.release_pk, 32);
    assert_int_equal(back.courier_uses, 3);
    assert_int_equal(back.release_uses, 2);
    assert_int_equal(back.door, g.door);
    assert_int_equal(back.stay, g.stay);
    assert_int_equal(back.not_before, g.not_before);
    assert_int_equal(back.valid_for_s, g.valid_for_s);
    assert_int_equal(back.return_after_s, g.return_after_s);
}

static void a_visit_is_a_grant_of_zero_release_key(void **state)
{
    const struct lockbus_signer issuer = issue_check_signer(9);
    struct lockbus_grant g = good_grant();
    uint8_t b[LOCKBUS_GRANT_LEN];

    (void)state;
    memset(g.release_pk, 0, 32);
    memset(g.return_pk, 0, 32);
    g.return_after_s = 0;
    assert_int_equal(lockbus_issue_grant(b, &g, &issuer, NULL), LOCKBUS_OK);
    assert_true(issue_check_number(b + 96, 8) == 0);
    assert_true(sodium_is_zero(b + 96, 64));
}

static void a_proof_has_its_layout_and_a_good_signature(void **state)
{
    const struct lockbus_signer signer = issue_check_signer(2);

    (void)state;
    for (int kind = LOCKBUS_PROOF_RELEASE; kind <= LOCKBUS_PROOF_CANCEL;
         kind++) {
        uint8_t b[LOCKBUS_PROOF_LEN];
        struct lockbus_proof back;

        assert_int_equal(lockbus_issue_proof(b, (enum lockbus_proof_kind)kind,
                                             1023, cabinet_id, 77, challenge,
                                             &signer, NULL),
                         LOCKBUS_OK);
        assert_memory_equal(b, "LBP1\x01", 5);
        assert_int_equal(b[5], kind);
        assert_int_equal(issue_check_number(b + 6, 2), 1023);
        assert_memory_equal(b + 8, cabinet_id, 16);
        assert_int_equal(issue_check_number(b + 24, 8), 77);
        assert_memory_equal(b + 32, challenge, 16);
        assert_true(issue_check_signed("lockbus/proof/v1", 17, b, 48, b + 48,
                                       signer.public_key));
        assert_int_equal(lockbus_proof_read(&back, b, sizeof b), LOCKBUS_OK);
        assert_int_equal(back.kind, kind);
        assert_memory_equal(back.challenge, challenge, 16);
    }
}

/* Two signatures behind `body` bytes, key_ids ascending. */
static void check_two(const uint8_t *b, size_t body, const char *prefix,
                      size_t prefix_len)
{
    const struct lockbus_signer one = issue_check_signer(4);
    const struct lockbus_signer two = issue_check_signer(5);
    bool swap = memcmp(one.public_key, two.public_key, 8) > 0;
    const uint8_t *low = swap ? two.public_key : one.public_key;
    const uint8_t *high = swap ? one.public_key : two.public_key;

    assert_memory_equal(b + body, low, 8);
    assert_memory_equal(b + body + 72, high, 8);
    assert_true(
        issue_check_signed(prefix, prefix_len, b, body, b + body + 8, low));
    assert_true(
        issue_check_signed(prefix, prefix_len, b, body, b + body + 80, high));
}

static void an_order_has_its_layout_whoever_signs_first(void **state)
{
    const struct lockbus_signer one = issue_check_signer(4);
    const struct lockbus_signer two = issue_check_signer(5);
    struct lockbus_order o = {.action = LOCKBUS_SERVICE_CLEAR,
                              .door = 12,
                              .order_no = UINT64_C(0xb00000005),
                              .not_after = 1790000600,
                              .reason = 0xdeadbeef};
    struct lockbus_order back;
    uint8_t b[LOCKBUS_ORDER_LEN], c[LOCKBUS_ORDER_LEN];

    (void)state;
    memcpy(o.cabinet_id, cabinet_id, 16);
    memcpy(o.challenge, challenge, 16);
    assert_int_equal(lockbus_issue_order(b, &o, &one, &two, NULL), LOCKBUS_OK);
    assert_int_equal(lockbus_issue_order(c, &o, &two, &one, NULL), LOCKBUS_OK);
    assert_memory_equal(b, c, sizeof b);
    assert_memory_equal(b, "LBS1\x01\x04\x0c\x00", 8);
    assert_memory_equal(b + 8, cabinet_id, 16);
    assert_int_equal(issue_check_number(b + 24, 8), o.order_no);
    assert_int_equal(issue_check_number(b + 32, 8), 1790000600);
    assert_memory_equal(b + 40, challenge, 16);
    assert_int_equal(issue_check_number(b + 56, 4), 0xdeadbeef);
    assert_int_equal(issue_check_number(b + 60, 4), 0);
    check_two(b, 64, "lockbus/service/v1", 19);
    assert_int_equal(lockbus_order_read(&back, b, sizeof b), LOCKBUS_OK);
    assert_int_equal(back.order_no, o.order_no);
    assert_int_equal(back.reason, o.reason);
}

static void two_halves_make_the_order_that_both_would_have_made(void **state)
{
    struct lockbus_signer one = issue_check_signer(21);
    struct lockbus_signer two = issue_check_signer(22);
    struct lockbus_order o = {.action = LOCKBUS_SERVICE_OPEN,
                              .door = 700,
                              .order_no = UINT64_C(0xb00000005),
                              .not_after = 1790000600,
                              .reason = 42};
    uint8_t a[LOCKBUS_ORDER_HALF_LEN], b[LOCKBUS_ORDER_HALF_LEN];
    uint8_t whole[LOCKBUS_ORDER_LEN], joined[LOCKBUS_ORDER_LEN] = {0};
    struct lockbus_error why;

    (void)state;
    assert_int_equal(lockbus_issue_order(whole, &o, &one, &two, NULL),
                     LOCKBUS_OK);
    assert_int_equal(lockbus_issue_order_half(a, &o, &one, &why), LOCKBUS_OK);
    assert_int_equal(lockbus_issue_order_half(b, &o, &two, &why), LOCKBUS_OK);
    assert_int_equal(lockbus_issue_order_join(joined, a, b, &why), LOCKBUS_OK);
    assert_memory_equal(joined, whole, sizeof whole);
    memset(joined, 0, sizeof joined);
    assert_int_equal(lockbus_issue_order_join(joined, b, a, &why), LOCKBUS_OK);
    assert_memory_equal(joined, whole, sizeof whole);
}

static void halves_that_do_not_fit_make_no_order(void **state)
{
    struct lockbus_signer one = issue_check_signer(21);
    struct lockbus_signer two = issue_check_signer(22);
    struct lockbus_order o = {
        .action = LOCKBUS_SERVICE_OPEN, .order_no = 5, .not_after = 9};
    uint8_t a[LOCKBUS_ORDER_HALF_LEN], b[LOCKBUS_ORDER_HALF_LEN];
    uint8_t joined[LOCKBUS_ORDER_LEN] = {0};
    struct lockbus_error why;

    (void)state;
    assert_int_equal(lockbus_issue_order_half(a, &o, &one, &why), LOCKBUS_OK);
    assert_int_equal(lockbus_issue_order_join(joined, a, a, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.text, "one key signs twice");
    for (size_t byte = 0; byte < 64; byte++) {
        assert_int_equal(lockbus_issue_order_half(b, &o, &two, &why),
                         LOCKBUS_OK);
        b[byte] ^= 1;
        assert_int_equal(lockbus_issue_order_join(joined, a, b, &why),
                         LOCKBUS_ERR_USAGE);
        assert_string_equal(why.field, "half");
    }
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    b[64] = 1;
    assert_int_equal(lockbus_issue_order_join(joined, a, b, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.text, "this is no half of an order");
    assert_int_equal(joined[0], 0);
    o.order_no = 0;
    assert_int_equal(lockbus_issue_order_half(b, &o, &two, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "order_no");
    assert_int_equal(lockbus_issue_order_half(b, &o, NULL, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_issue_order_join(joined, a, NULL, &why),
                     LOCKBUS_ERR_USAGE);
}

static void a_commissioning_order_has_its_layout(void **state)
{
    const struct lockbus_signer one = issue_check_signer(4);
    const struct lockbus_signer two = issue_check_signer(5);
    struct lockbus_commission o = {.amendment = true,
                                   .doors = 1024,
                                   .order_no = UINT64_C(0xb00000001),
                                   .region = 7};
    struct lockbus_commission back;
    uint8_t b[LOCKBUS_COMMISSION_LEN];

    (void)state;
    memcpy(o.cabinet_id, cabinet_id, 16);
    memset(o.map_hash, 0x11, 32);
    memset(o.manifest_hash, 0x22, 32);
    assert_int_equal(lockbus_issue_commission(b, &o, &two, &one, NULL),
                     LOCKBUS_OK);
    assert_memory_equal(b, "LBC1\x01\x01\x00\x04", 8);
    assert_memory_equal(b + 8, cabinet_id, 16);
    assert_int_equal(issue_check_number(b + 24, 8), o.order_no);
    assert_memory_equal(b + 32, o.map_hash, 32);
    assert_memory_equal(b + 64, o.manifest_hash, 32);
    assert_int_equal(issue_check_number(b + 96, 4), 7);
    assert_true(sodium_is_zero(b + 100, 12));
    check_two(b, 112, "lockbus/commission/v1", 22);
    assert_int_equal(lockbus_commission_read(&back, b, sizeof b), LOCKBUS_OK);
    assert_true(back.amendment);
    assert_int_equal(back.doors, 1024);
}

/* ---- Signers ------------------------------------------------------------ */

struct module {
    unsigned calls;
    size_t len;
    uint8_t bytes[1024];
    uint8_t seed[32];
    enum lockbus_err answer;
};

static enum lockbus_err module_sign(void *user, const uint8_t *bytes,
                                    size_t len, uint8_t signature[64])
{
    struct module *m = user;
    uint8_t public_key[32], secret[64];

    m->calls++;
    m->len = len;
    memcpy(m->bytes, bytes, len);
    crypto_sign_seed_keypair(public_key, secret, m->seed);
    crypto_sign_detached(signature, NULL, bytes, len, secret);
    return m->answer;
}

static void a_module_signs_the_prefix_and_the_body(void **state)
{
    struct module m = {.answer = LOCKBUS_OK};
    struct lockbus_signer signer = issue_check_signer(2);
    const struct lockbus_signer plain = signer;
    uint8_t by_module[LOCKBUS_PROOF_LEN], by_seed[LOCKBUS_PROOF_LEN];

    (void)state;
    memcpy(m.seed, signer.seed, 32);
    memset(signer.seed, 0, 32);
    signer.sign = module_sign;
    signer.user = &m;
    assert_int_equal(lockbus_issue_proof(by_module, LOCKBUS_PROOF_RELEASE, 3,
                                         cabinet_id, 77, challenge, &signer,
                                         NULL),
                     LOCKBUS_OK);
    assert_int_equal(m.calls, 1);
    assert_int_equal(m.len, 17 + 48);
    assert_memory_equal(m.bytes, "lockbus/proof/v1", 17);
    assert_memory_equal(m.bytes + 17, by_module, 48);
    assert_int_equal(lockbus_issue_proof(by_seed, LOCKBUS_PROOF_RELEASE, 3,
                                         cabinet_id, 77, challenge, &plain,
                                         NULL),
                     LOCKBUS_OK);
    assert_memory_equal(by_module, by_seed, sizeof by_seed);
}

static void
a_module_that_gives_up_or_signs_by_another_key_is_refused(void **state)
{
    struct module m = {.answer = LOCKBUS_ERR_OFFLINE};
    struct lockbus_signer signer = issue_check_signer(2);
    struct lockbus_error why = {0};
    uint8_t before[LOCKBUS_PROOF_LEN], b[LOCKBUS_PROOF_LEN];

    (void)state;
    memset(b, 0x5A, sizeof b);
    memcpy(before, b, sizeof b);
    signer.sign = module_sign;
    signer.user = &m;
    assert_int_equal(lockbus_issue_proof(b, LOCKBUS_PROOF_RELEASE, 3,
                                         cabinet_id, 77, challenge, &signer,
                                         &why),
                     LOCKBUS_ERR_OFFLINE);
    assert_int_equal(why.err, LOCKBUS_ERR_OFFLINE);
    m.answer = LOCKBUS_OK; /* its seed is another */
    assert_int_equal(lockbus_issue_proof(b, LOCKBUS_PROOF_RELEASE, 3,
                                         cabinet_id, 77, challenge, &signer,
                                         &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "signer");
    assert_memory_equal(b, before, sizeof b);
}

static void a_public_key_alone_signs_nothing(void **state)
{
    struct lockbus_signer signer = issue_check_signer(2);
    uint8_t b[LOCKBUS_PROOF_LEN];

    (void)state;
    memset(signer.seed, 0, 32);
    assert_int_equal(lockbus_issue_proof(b, LOCKBUS_PROOF_RELEASE, 3,
                                         cabinet_id, 77, challenge, &signer,
                                         NULL),
                     LOCKBUS_ERR_USAGE);
}

static void one_key_is_not_two_persons(void **state)
{
    const struct lockbus_signer one = issue_check_signer(4);
    const struct lockbus_order o = {
        .action = LOCKBUS_SERVICE_OPEN, .order_no = 1, .not_after = 1};
    struct lockbus_error why = {0};
    uint8_t b[LOCKBUS_ORDER_LEN];

    (void)state;
    assert_int_equal(lockbus_issue_order(b, &o, &one, &one, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "signer");
}

static void signers_are_random_and_wiped(void **state)
{
    struct lockbus_signer a, b;

    (void)state;
    assert_int_equal(lockbus_signer_generate(&a), LOCKBUS_OK);
    assert_int_equal(lockbus_signer_generate(&b), LOCKBUS_OK);
    assert_memory_not_equal(a.seed, b.seed, 32);
    lockbus_signer_wipe(&a);
    assert_true(sodium_is_zero(a.seed, 32));
    lockbus_signer_wipe(NULL);
}

/* ---- Refusals ----------------------------------------------------------- */

struct refusal {
    const char *name, *field;
    void (*spoil)(struct lockbus_grant *g);
};

#define SPOIL(fn, statement)                                                   \
    static void fn(struct lockbus_grant *g)                                    \
    {                                                                          \
        statement;                                                             \
    }
SPOIL(no_courier_uses, g->courier_uses = 0)
SPOIL(four_courier_uses, g->courier_uses = 4)
SPOIL(no_release_uses, g->release_uses = 0)
SPOIL(four_release_uses, g->release_uses = 4)
SPOIL(door_1024, g->door = 1024)
SPOIL(no_stay, g->stay = 0)
SPOIL(milliseconds, g->not_before = UINT64_C(1790000000000))
SPOIL(no_time, g->valid_for_s = 0)
SPOIL(no_courier, memset(g->courier_pk, 0, 32))
SPOIL(neutral_release, memcpy(g->release_pk, neutral, 32))
SPOIL(small_return, memcpy(g->return_pk, order_two, 32))
SPOIL(visit_with_return, memset(g->release_pk, 0, 32))
SPOIL(return_without_time, g->return_after_s = 0)
SPOIL(time_without_return, memset(g->return_pk, 0, 32))
SPOIL(release_is_courier, memcpy(g->release_pk, g->courier_pk, 32))
SPOIL(return_is_release, memcpy(g->return_pk, g->release_pk, 32))

static struct refusal refusals[] = {
    {"no courier uses", "courier_uses", no_courier_uses},
    {"four courier uses", "courier_uses", four_courier_uses},
    {"no release uses", "release_uses", no_release_uses},
    {"four release uses", "release_uses", four_release_uses},
    {"a door too high", "door", door_1024},
    {"a stay of zero", "stay", no_stay},
    {"milliseconds for seconds", "not_before", milliseconds},
    {"no time to be valid in", "valid_for_s", no_time},
    {"no courier key", "courier_pk", no_courier},
    {"a neutral release key", "release_pk", neutral_release},
    {"a return key of order two", "return_pk", small_return},
    {"a visit with a return", "return_pk", visit_with_return},
    {"a return without a time", "return_after_s", return_without_time},
    {"a time without a return", "return_after_s", time_without_return},
    {"the courier's key releases", "release_pk", release_is_courier},
    {"the release key returns", "return_pk", return_is_release},
};

static void a_bad_grant_is_refused_by_its_field(void **state)
{
    const struct refusal *row = *state;
    const struct lockbus_signer issuer = issue_check_signer(9);
    struct lockbus_grant g = good_grant();
    struct lockbus_error why = {0};
    uint8_t b[LOCKBUS_GRANT_LEN] = {0};

    row->spoil(&g);
    assert_int_equal(lockbus_issue_grant(b, &g, &issuer, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(why.err, LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, row->field);
    assert_true(sodium_is_zero(b, sizeof b));
}

static void bad_proofs_and_orders_are_refused(void **state)
{
    const struct lockbus_signer one = issue_check_signer(4);
    const struct lockbus_signer two = issue_check_signer(5);
    struct lockbus_order o = {
        .action = LOCKBUS_SERVICE_OPEN, .order_no = 1, .not_after = 1};
    struct lockbus_commission c = {.doors = 1, .order_no = 1};
    struct lockbus_error why = {0};
    uint8_t b[LOCKBUS_COMMISSION_LEN];

    (void)state;
    for (int kind = 0; kind <= 6; kind += 6) {
        assert_int_equal(lockbus_issue_proof(b, (enum lockbus_proof_kind)kind,
                                             0, cabinet_id, 1, challenge, &one,
                                             &why),
                         LOCKBUS_ERR_USAGE);
        assert_string_equal(why.field, "kind");
    }
    assert_int_equal(lockbus_issue_proof(b, LOCKBUS_PROOF_RETURN, 1024,
                                         cabinet_id, 1, challenge, &one, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "door");
    assert_int_equal(lockbus_issue_proof(b, LOCKBUS_PROOF_RETURN, 0, cabinet_id,
                                         0, challenge, &one, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "stay");

    o.door = 1024;
    assert_int_equal(lockbus_issue_order(b, &o, &one, &two, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "door");
    o.door = 0;
    o.action = (enum lockbus_service_action)5;
    assert_int_equal(lockbus_issue_order(b, &o, &one, &two, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "action");
    o.action = LOCKBUS_SERVICE_OPEN;
    o.not_after = UINT64_C(1) << 36;
    assert_int_equal(lockbus_issue_order(b, &o, &one, &two, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "not_after");
    o.not_after--;
    o.order_no = 0;
    assert_int_equal(lockbus_issue_order(b, &o, &one, &two, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "order_no");

    c.doors = 0;
    assert_int_equal(lockbus_issue_commission(b, &c, &one, &two, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "doors");
    c.doors = 1025;
    assert_int_equal(lockbus_issue_commission(b, &c, &one, &two, &why),
                     LOCKBUS_ERR_USAGE);
}

/* ---- Reading ------------------------------------------------------------ */

/* Every length but the right one, and every first byte that is not ours. */
static void readers_refuse_what_has_no_form(void **state)
{
    const struct lockbus_signer issuer = issue_check_signer(9);
    const struct lockbus_grant g = good_grant();
    struct lockbus_grant grant;
    struct lockbus_proof proof;
    struct lockbus_order order;
    struct lockbus_commission commission;
    struct lockbus_manifest_info info;
    uint8_t b[LOCKBUS_GRANT_LEN + 1] = {0};

    (void)state;
    assert_int_equal(lockbus_issue_grant(b, &g, &issuer, NULL), LOCKBUS_OK);
    for (size_t len = 0; len <= sizeof b; len++) {
        assert_int_equal(lockbus_grant_read(&grant, b, len),
                         len == LOCKBUS_GRANT_LEN ? LOCKBUS_OK
                                                  : LOCKBUS_ERR_USAGE);
        assert_int_equal(lockbus_proof_read(&proof, b, len), LOCKBUS_ERR_USAGE);
        assert_int_equal(lockbus_order_read(&order, b, len), LOCKBUS_ERR_USAGE);
        assert_int_equal(lockbus_commission_read(&commission, b, len),
                         LOCKBUS_ERR_USAGE);
        assert_int_equal(lockbus_manifest_read(&info, b, len),
                         LOCKBUS_ERR_USAGE);
    }
    for (size_t i = 0; i < 5; i++) {
        b[i] ^= 1;
        assert_int_equal(lockbus_grant_read(&grant, b, LOCKBUS_GRANT_LEN),
                         LOCKBUS_ERR_USAGE);
        b[i] ^= 1;
    }
    b[7] = 4; /* door 1026 */
    assert_int_equal(lockbus_grant_read(&grant, b, LOCKBUS_GRANT_LEN),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_grant_read(&grant, NULL, LOCKBUS_GRANT_LEN),
                     LOCKBUS_ERR_USAGE);
}

int main(void)
{
    static const struct CMUnitTest plain[] = {
        cmocka_unit_test(a_grant_has_its_layout_and_a_good_signature),
        cmocka_unit_test(a_visit_is_a_grant_of_zero_release_key),
        cmocka_unit_test(a_proof_has_its_layout_and_a_good_signature),
        cmocka_unit_test(an_order_has_its_layout_whoever_signs_first),
        cmocka_unit_test(two_halves_make_the_order_that_both_would_have_made),
        cmocka_unit_test(halves_that_do_not_fit_make_no_order),
        cmocka_unit_test(a_commissioning_order_has_its_layout),
        cmocka_unit_test(a_module_signs_the_prefix_and_the_body),
        cmocka_unit_test(
            a_module_that_gives_up_or_signs_by_another_key_is_refused),
        cmocka_unit_test(a_public_key_alone_signs_nothing),
        cmocka_unit_test(one_key_is_not_two_persons),
        cmocka_unit_test(signers_are_random_and_wiped),
        cmocka_unit_test(bad_proofs_and_orders_are_refused),
        cmocka_unit_test(readers_refuse_what_has_no_form),
    };
    enum { ROWS = sizeof refusals / sizeof refusals[0] };
    static struct CMUnitTest rows[ROWS];

    if (sodium_init() < 0) {
        return 1;
    }
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = (struct CMUnitTest){.name = refusals[i].name,
                                      .test_func =
                                          a_bad_grant_is_refused_by_its_field,
                                      .initial_state = &refusals[i]};
    }
    return cmocka_run_group_tests_name("issue", plain, NULL, NULL) +
           cmocka_run_group_tests_name("bad grants", rows, NULL, NULL);
}
