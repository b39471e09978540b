/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What has no signature of its own, and what has two. A code is taken letter
 * for letter and by the seal that was made for it, door and stay; every other
 * one ends at C1 or C4, after the derivation it costs. The halves of two
 * deposits at one door, by one courier, are taken only as they belong.
 */

#include "gate_signer.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    D = 5,
    ELSEWHERE = 6,
    OWNER = RECIPIENT + 20 + D,
    OPS_AT = 8,
    BOX_AT = 16,
    DOOR_LEN = 2
};

static const char good_code[] = "05K7QW2M9X";

/* Two filled doors, and how they were before the first attempt. */
struct scene {
    struct gate_journal *j;
    struct lb_gate gate;
    struct lb_gate_door doors[GATE_JOURNAL_DOORS];
    uint8_t seal[LB_SEAL_LEN];
    unsigned presented;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    uint8_t seed[LB_SEED_LEN], ad[LB_SEAL_AD_LEN];

    assert_non_null(s);
    s->j = gate_scene();
    gate_fill(s->j, D);
    gate_fill(s->j, ELSEWHERE);
    gate_seed(seed, OWNER);
    memcpy(ad, gate_cabinet, 16);
    lb_put_u16(ad + 16, D);
    lb_put_u64(ad + 18, gate_stay(100));
    *state = s;
    return lb_crypto_seal(s->seal, seed, ad, good_code + DOOR_LEN,
                          strlen(good_code) - DOOR_LEN, 1, 8) == LOCKBUS_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    const char *broken = s->j->broken;

    gate_journal_free(&s->j);
    free(s);
    if (broken != NULL) {
        print_error("%s\n", broken);
    }
    return broken == NULL ? 0 : -1;
}

/* Else C2 would end it after the fifth. */
static void remember(struct scene *s)
{
    s->gate = s->j->gate;
    memcpy(s->doors, s->j->doors, sizeof s->doors);
}

static void as_it_was(struct scene *s)
{
    s->j->gate = s->gate;
    memcpy(s->j->doors, s->doors, sizeof s->doors);
}

static enum lockbus_rule hand_in(struct scene *s, const uint8_t *seal,
                                 uint16_t door)
{
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = seal, .len = LB_SEAL_LEN, .door = door};
    struct lb_verdict verdict;

    gate_journal_ask(s->j, &ask, &verdict);
    return verdict.rule;
}

static enum lockbus_rule type(struct scene *s, const char *code, size_t len)
{
    struct lb_ask ask = {
        .kind = LB_ASK_CODE, .bytes = (const uint8_t *)code, .len = len};
    struct lb_verdict verdict;

    s->presented++;
    gate_journal_ask(s->j, &ask, &verdict);
    return verdict.rule;
}

static void refused(struct scene *s, const char *code, size_t len)
{
    unsigned spent = s->j->doors[D].release_spent;
    enum lockbus_rule rule = type(s, code, len);

    if (rule != LOCKBUS_RULE_C1 && rule != LOCKBUS_RULE_C4) {
        fail_msg("%.*s: %s", (int)len, code, lockbus_rule_name(rule));
    }
    assert_int_equal(s->j->doors[D].release_spent, spent);
    assert_int_equal(s->j->doors[ELSEWHERE].release_spent, 0);
    as_it_was(s);
}

static void the_code_is_taken(struct scene *s)
{
    assert_int_equal(type(s, good_code, strlen(good_code)), LOCKBUS_RULE_NONE);
    assert_int_equal(s->j->doors[D].release_spent, 1);
}

static void no_code_with_another_letter_is_taken(void **state)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct scene *s = *state;
    char code[sizeof good_code];

    assert_int_equal(hand_in(s, s->seal, D), LOCKBUS_RULE_NONE);
    remember(s);
    for (size_t i = 0; i + 1 < sizeof good_code; i++) {
        for (size_t k = 0; k + 1 < sizeof letters; k++) {
            memcpy(code, good_code, sizeof code);
            code[i] = letters[k];
            if (letters[k] != good_code[i]) {
                refused(s, code, strlen(code));
            }
        }
    }
    assert_int_equal(s->presented, 10 * 31);
    the_code_is_taken(s);
}

static void no_code_longer_shorter_or_in_another_order_is_taken(void **state)
{
    struct scene *s = *state;
    size_t len = strlen(good_code);
    char code[sizeof good_code + 24];

    assert_int_equal(hand_in(s, s->seal, D), LOCKBUS_RULE_NONE);
    remember(s);
    for (size_t n = 0; n < len; n++) {
        refused(s, good_code, n);
    }
    for (size_t n = 1; n <= 24; n++) {
        memcpy(code, good_code, len);
        memset(code + len, '0', n);
        refused(s, code, len + n);
    }
    for (size_t i = 0; i + 1 < len; i++) {
        memcpy(code, good_code, len);
        code[i] = good_code[i + 1];
        code[i + 1] = good_code[i];
        refused(s, code, len);
    }
    the_code_is_taken(s);
}

/* Anyone may hand in a seal: it is kept, and opens nothing. */
static void no_seal_with_a_flipped_bit_opens(void **state)
{
    struct scene *s = *state;
    uint8_t seal[LB_SEAL_LEN];
    unsigned kept = 0;

    remember(s);
    for (size_t bit = 0; bit < 8 * LB_SEAL_LEN; bit++) {
        memcpy(seal, s->seal, sizeof seal);
        seal[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (lb_get_u32(seal + OPS_AT) * (uint64_t)lb_get_u32(seal + 12) >
            1024) {
            continue; /* the same refusal, after much work; or L1's bound */
        }
        if (hand_in(s, seal, D) == LOCKBUS_RULE_NONE) {
            kept++;
            assert_int_equal(type(s, good_code, strlen(good_code)),
                             LOCKBUS_RULE_C4);
        }
        as_it_was(s);
    }
    assert_true(kept > 8 * (LB_SEAL_LEN - BOX_AT));
    assert_int_equal(hand_in(s, s->seal, D), LOCKBUS_RULE_NONE);
    the_code_is_taken(s);
}

static void a_seal_opens_at_no_other_door_and_in_no_other_stay(void **state)
{
    struct scene *s = *state;
    static const char there[] = "06K7QW2M9X";

    assert_int_equal(hand_in(s, s->seal, D), LOCKBUS_RULE_NONE);
    assert_int_equal(hand_in(s, s->seal, ELSEWHERE), LOCKBUS_RULE_NONE);
    remember(s);
    refused(s, there, strlen(there));
    /* even if the other parcel had the same key */
    memcpy(s->j->doors[ELSEWHERE].release_pk, s->j->doors[D].release_pk,
           LB_KEY_LEN);
    refused(s, there, strlen(there));
    s->j->doors[D].stay++;
    refused(s, good_code, strlen(good_code));
    s->j->gate.cabinet_id[0] ^= 1;
    refused(s, good_code, strlen(good_code));
    the_code_is_taken(s);
}

/* ---- Two deposits -------------------------------------------------------- */

struct half {
    uint8_t grant[LB_GRANT_LEN], proof[LB_PROOF_LEN];
};

static void make_half(struct half *out, uint64_t stay, uint8_t release)
{
    const struct gate_grant g = {.door = D + 2,
                                 .stay = stay,
                                 .courier = COURIER,
                                 .release = release,
                                 .back = NOBODY};

    gate_make_grant(out->grant, &g);
    gate_make_proof(out->proof, 3, g.door, stay, COURIER);
}

static enum lockbus_rule deposit(struct scene *s, const uint8_t *grant,
                                 const uint8_t *proof)
{
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT,
                         .bytes = grant,
                         .len = LB_GRANT_LEN,
                         .proof = proof,
                         .proof_len = LB_PROOF_LEN};
    struct lb_verdict verdict;

    s->presented++;
    gate_journal_challenge(s->j, D + 2, gate_question); /* asked for anew */
    gate_journal_ask(s->j, &ask, &verdict);
    return verdict.rule;
}

/* All that can be made of two, with a fresh question each time. */
static void neither_half_is_taken(struct scene *s, const struct half two[2],
                                  bool second_too)
{
    assert_int_equal(deposit(s, two[0].grant, two[1].proof), LOCKBUS_RULE_P2);
    assert_int_equal(deposit(s, two[1].grant, two[0].proof), LOCKBUS_RULE_P2);
    if (second_too) {
        assert_int_equal(deposit(s, two[1].grant, two[1].proof),
                         LOCKBUS_RULE_D9);
    }
}

static void the_halves_of_two_deposits_make_no_third(void **state)
{
    struct scene *s = *state;
    struct half two[2];

    make_half(&two[0], 200, OTHERS + 40);
    make_half(&two[1], 201, OTHERS + 41);
    neither_half_is_taken(s, two, false);
    assert_int_equal(deposit(s, two[0].grant, two[0].proof), LOCKBUS_RULE_NONE);
    neither_half_is_taken(s, two, true);
    gate_journal_leaf(s->j, D + 2, true);
    gate_journal_wait(s->j, 3);
    gate_journal_leaf(s->j, D + 2, false);
    assert_int_equal(s->j->doors[D + 2].custody, LB_CUSTODY_OCCUPIED);
    neither_half_is_taken(s, two, true);
    assert_int_equal(deposit(s, two[0].grant, two[0].proof), LOCKBUS_RULE_D9);
    gate_journal_restart(s->j);
    lb_gate_time(&s->j->gate, 1790000000, true);
    neither_half_is_taken(s, two, true);
    assert_int_equal(deposit(s, two[0].grant, two[0].proof), LOCKBUS_RULE_D9);
    assert_int_equal(gate_order(s->j, 4, D + 2, 9), LOCKBUS_RULE_NONE);
    assert_int_equal(deposit(s, two[0].grant, two[0].proof), LOCKBUS_RULE_D9);
    neither_half_is_taken(s, two, false);
    /* its own turn has come; the first never comes back */
    assert_int_equal(deposit(s, two[1].grant, two[1].proof), LOCKBUS_RULE_NONE);
    assert_int_equal(deposit(s, two[0].grant, two[0].proof), LOCKBUS_RULE_D9);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(no_code_with_another_letter_is_taken),
        TEST(no_code_longer_shorter_or_in_another_order_is_taken),
        TEST(no_seal_with_a_flipped_bit_opens),
        TEST(a_seal_opens_at_no_other_door_and_in_no_other_stay),
        TEST(the_halves_of_two_deposits_make_no_third),
    };

    return cmocka_run_group_tests_name("codes and halves", tests, NULL, NULL);
}
