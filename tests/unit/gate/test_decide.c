/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What every verdict keeps to: permits, challenges, shutting down, codes,
 * seals and the records of refusals.
 */

#include "gate_signer.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { OK = LOCKBUS_RULE_NONE, D = 5, OWNER = RECIPIENT + 20 + D };

static int setup(void **state)
{
    *state = gate_scene();
    return 0;
}

static int teardown(void **state)
{
    struct gate_journal *j = *state;
    const char *broken = j->broken;

    gate_journal_free(&j);
    if (broken != NULL) {
        print_error("%s\n", broken);
    }
    return broken == NULL ? 0 : -1;
}

/* Decides without writing. */
static struct lb_verdict decide(struct gate_journal *j, enum lb_ask_kind kind,
                                const uint8_t *bytes, size_t len)
{
    struct lb_ask ask = {.kind = kind, .bytes = bytes, .len = len, .door = D};
    struct lb_verdict verdict;

    gate_journal_challenge(j, D, gate_question);
    lb_gate_decide(&j->gate, &ask, &verdict);
    return verdict;
}

static struct lb_verdict release(struct gate_journal *j)
{
    uint8_t proof[LB_PROOF_LEN];

    gate_make_proof(proof, 1, D, 100, OWNER);
    return decide(j, LB_ASK_PROOF, proof, sizeof proof);
}

static void a_verdict_alone_gives_no_permit(void **state)
{
    struct gate_journal *j = *state;
    struct lb_permit permit = {0};

    gate_fill(j, D);
    struct lb_verdict v = release(j);

    assert_int_equal(v.kind, LB_VERDICT_PERMIT);
    assert_false(lb_gate_permit(&j->gate, v.ref, &permit));
    assert_int_equal(permit.ref, 0);
    assert_int_equal(j->doors[D].release_spent, 0);
    gate_journal_write(j, v.records.rec, v.records.count);
    assert_int_equal(j->doors[D].release_spent, 1);
    assert_true(lb_gate_permit(&j->gate, v.ref, &permit));
    assert_int_equal(permit.door, D);
    assert_int_equal(permit.pulses, LB_PERMIT_PULSES);
    assert_int_equal(permit.deadline_ms, j->powered_ms + LB_PERMIT_LIFE_MS);
    assert_false(lb_gate_permit(&j->gate, v.ref, &permit));
}

static void a_late_permit_is_none(void **state)
{
    struct gate_journal *j = *state;
    struct lb_permit permit = {0};

    gate_fill(j, D);
    struct lb_verdict v = release(j);

    gate_journal_write(j, v.records.rec, v.records.count);
    gate_journal_wait(j, LB_PERMIT_LIFE_MS / 1000);
    assert_false(lb_gate_permit(&j->gate, v.ref, &permit));
}

static void a_restart_gives_no_permit(void **state)
{
    struct gate_journal *j = *state;
    struct lb_permit permit = {0};

    gate_fill(j, D);
    struct lb_verdict v = release(j);

    gate_journal_write(j, v.records.rec, v.records.count);
    gate_journal_restart(j);
    assert_false(lb_gate_permit(&j->gate, v.ref, &permit));
    assert_int_equal(j->doors[D].release_spent, 1);
}

static void a_block_order_overtakes_a_permit(void **state)
{
    struct gate_journal *j = *state;
    struct lb_permit permit = {0};

    gate_fill(j, D);
    struct lb_verdict v = release(j);

    gate_journal_write(j, v.records.rec, v.records.count);
    assert_int_equal(gate_order(j, 2, D, 1), OK);
    assert_false(lb_gate_permit(&j->gate, v.ref, &permit));
}

static void shut_down_gives_no_permit(void **state)
{
    struct gate_journal *j = *state;
    struct lb_permit permit = {0};

    gate_fill(j, D);
    struct lb_verdict v = release(j);

    gate_journal_write(j, v.records.rec, v.records.count);
    lb_gate_shut_down(&j->gate);
    assert_false(lb_gate_permit(&j->gate, v.ref, &permit));
}

static const uint8_t code[] = "05ABCDEF";

static void seal_it(struct gate_journal *j, const char *password, uint8_t who,
                    uint16_t door)
{
    uint8_t seal[LB_SEAL_LEN];
    uint8_t seed[LB_SEED_LEN];
    uint8_t ad[LB_SEAL_AD_LEN];
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = seal, .len = sizeof seal, .door = D};
    struct lb_verdict verdict;

    gate_seed(seed, who);
    memcpy(ad, gate_cabinet, 16);
    lb_put_u16(ad + 16, door);
    lb_put_u64(ad + 18, gate_stay(100));
    assert_int_equal(
        lb_crypto_seal(seal, seed, ad, password, strlen(password), 1, 8),
        LOCKBUS_OK);
    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DONE);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DONE);
    assert_int_equal(verdict.records.count, 0); /* the same seal again */
}

/* Every kind of ask that would pass, and the last rule of its kind. */
static void refuses_everything(struct gate_journal *j)
{
    uint8_t grant[LB_GRANT_LEN];
    uint8_t proof[LB_PROOF_LEN];
    uint8_t order[LB_ORDER_LEN];
    uint8_t manifest[LB_MANIFEST_MAX];
    uint8_t out[16];
    struct gate_grant g = {
        .door = 7, .stay = 100, .courier = COURIER, .release = OTHERS};
    struct lb_ask deposit = {.kind = LB_ASK_DEPOSIT,
                             .bytes = grant,
                             .len = sizeof grant,
                             .proof = proof,
                             .proof_len = sizeof proof};
    struct lb_verdict verdict;
    size_t len = gate_make_manifest(manifest, 2, EPOCH, NOBODY);

    assert_int_equal(release(j).rule, LOCKBUS_RULE_P10);
    gate_make_order(order, 1, D, 50);
    assert_int_equal(decide(j, LB_ASK_ORDER, order, sizeof order).rule,
                     LOCKBUS_RULE_S8);
    gate_make_order(order, 3, D, 50);
    assert_int_equal(decide(j, LB_ASK_ORDER, order, sizeof order).rule,
                     LOCKBUS_RULE_S8);
    assert_int_equal(decide(j, LB_ASK_MANIFEST, manifest, len).rule,
                     LOCKBUS_RULE_M7);
    assert_int_equal(decide(j, LB_ASK_CODE, code, sizeof code - 1).rule,
                     LOCKBUS_RULE_C3);
    assert_int_equal(j->gate.derive_ref, 0);
    gate_make_grant(grant, &g);
    gate_make_proof(proof, 3, 7, 100, COURIER);
    assert_int_equal(
        lb_gate_challenge(&j->gate, 7, LB_CHALLENGE_PROOF, gate_question, out),
        LOCKBUS_OK);
    lb_gate_decide(&j->gate, &deposit, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_D11);
}

static void shut_down_refuses_every_kind(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    lb_gate_shut_down(&j->gate);
    refuses_everything(j);
}

static void before_boot_every_kind_is_refused(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    j->gate.booted = false;
    refuses_everything(j);
    j->gate.booted = true;
}

static void a_challenge_is_the_same_in_its_first_half(void **state)
{
    struct gate_journal *j = *state;
    uint8_t one[16] = {1};
    uint8_t two[16] = {2};
    uint8_t out[16];

    assert_int_equal(
        lb_gate_challenge(&j->gate, D, LB_CHALLENGE_PROOF, one, out),
        LOCKBUS_OK);
    gate_journal_wait(j, 59);
    assert_int_equal(
        lb_gate_challenge(&j->gate, D, LB_CHALLENGE_PROOF, two, out),
        LOCKBUS_OK);
    assert_memory_equal(out, one, 16);
    gate_journal_wait(j, 1);
    assert_int_equal(
        lb_gate_challenge(&j->gate, D, LB_CHALLENGE_PROOF, two, out),
        LOCKBUS_OK);
    assert_memory_equal(out, two, 16);
    assert_int_equal(
        lb_gate_challenge(&j->gate, SCENE_DOORS, LB_CHALLENGE_PROOF, two, out),
        LOCKBUS_ERR_USAGE);
}

/* The older challenge of two lives to its end, and spending the newer one
 * does not touch it. */
static void spending_ends_only_the_challenge_that_was_spent(void **state)
{
    struct gate_journal *j = *state;
    uint8_t proof[LB_PROOF_LEN];
    uint8_t other[16] = {9};
    uint8_t out[16];
    struct lb_ask ask = {
        .kind = LB_ASK_PROOF, .bytes = proof, .len = sizeof proof};
    struct lb_verdict verdict;

    gate_fill(j, D);
    gate_make_proof(proof, 1, D, 100, OWNER);
    gate_journal_challenge(j, D, gate_question);
    gate_journal_wait(j, 60);
    assert_int_equal(
        lb_gate_challenge(&j->gate, D, LB_CHALLENGE_PROOF, other, out),
        LOCKBUS_OK);
    assert_memory_equal(out, other, 16);
    gate_journal_wait(j, 59);
    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.rule, OK);
    assert_int_not_equal(j->doors[D].challenge[LB_CHALLENGE_PROOF].made_s[0],
                         0);
    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_P5);
}

static void a_challenge_dies_at_its_age(void **state)
{
    struct gate_journal *j = *state;
    uint8_t proof[LB_PROOF_LEN];
    struct lb_ask ask = {
        .kind = LB_ASK_PROOF, .bytes = proof, .len = sizeof proof};
    struct lb_verdict verdict;

    gate_fill(j, D);
    gate_make_proof(proof, 1, D, 100, OWNER);
    gate_journal_challenge(j, D, gate_question);
    gate_journal_wait(j, 120);
    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_P5);
}

static void a_service_challenge_answers_no_proof(void **state)
{
    struct gate_journal *j = *state;
    uint8_t proof[LB_PROOF_LEN];
    uint8_t out[16];
    struct lb_ask ask = {
        .kind = LB_ASK_PROOF, .bytes = proof, .len = sizeof proof};
    struct lb_verdict verdict;

    gate_fill(j, D);
    gate_make_proof(proof, 1, D, 100, OWNER);
    memset(j->doors[D].challenge, 0, sizeof j->doors[D].challenge);
    assert_int_equal(lb_gate_challenge(&j->gate, D, LB_CHALLENGE_SERVICE,
                                       gate_question, out),
                     LOCKBUS_OK);
    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_P5);
}

static void a_refusal_says_who_and_what(void **state)
{
    struct gate_journal *j = *state;
    uint8_t order[LB_ORDER_LEN];

    gate_make_order(order, 1, D, 1);
    order[70 + 8] ^= 1;
    struct lb_verdict v = decide(j, LB_ASK_ORDER, order, sizeof order);

    assert_int_equal(v.rule, LOCKBUS_RULE_S2);
    assert_int_equal(v.records.count, 1);
    assert_int_equal(v.records.rec[0].type, LB_REC_REFUSAL);
    assert_int_equal(v.records.rec[0].kind, LB_ASK_ORDER);
    assert_int_equal(v.records.rec[0].door, D);
    assert_int_equal(lb_get_u16(v.records.rec[0].body + LB_REFUSAL_RULE),
                     LOCKBUS_RULE_S2);
    assert_memory_equal(v.records.rec[0].body + LB_REFUSAL_KEY_ID, order + 64,
                        8);
}

static void a_board_away_is_told_apart(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    gate_journal_board(j, D, true);
    struct lb_verdict v = release(j);

    assert_int_equal(v.rule, LOCKBUS_RULE_P3);
    assert_true(v.board_away);
    assert_int_equal(gate_order(j, 2, D, 1), OK);
    v = release(j);
    assert_int_equal(v.rule, LOCKBUS_RULE_P3);
    assert_false(v.board_away);
}

static enum lockbus_rule type(struct gate_journal *j, const char *text,
                              bool digits)
{
    struct lb_ask ask = {.kind = LB_ASK_CODE,
                         .bytes = (const uint8_t *)text,
                         .len = strlen(text),
                         .digits = digits};
    struct lb_verdict verdict;

    gate_journal_ask(j, &ask, &verdict);
    return verdict.rule;
}

static void a_code_of_digits_names_its_door_in_three(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    seal_it(j, "1234567890", OWNER, D);
    assert_int_equal(type(j, "005-123456789", true), LOCKBUS_RULE_C1);
    assert_int_equal(type(j, "005-12345678O0", true), LOCKBUS_RULE_C1);
    assert_int_equal(type(j, "005-1234567890", true), OK);
}

/* Seconds of powered time end at 2^32; what they cannot tell only refuses. */
static void tries_beyond_what_their_bits_tell_are_never_over(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    j->powered_ms = 1000 * (uint64_t)UINT32_MAX + 25 * UINT64_C(3600000);
    lb_gate_clock(&j->gate, j->powered_ms);
    gate_journal_tick(j);
    unsigned refused = 0;

    for (int i = 0; i < 40; i++) {
        refused += type(j, "05FEDCBA", false) == LOCKBUS_RULE_C2;
    }
    assert_true(refused >= 40 - LB_TRIES_MAX);
}

static void one_derivation_at_a_time(void **state)
{
    struct gate_journal *j = *state;
    struct lb_derive derive;

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    struct lb_verdict v = decide(j, LB_ASK_CODE, code, sizeof code - 1);

    assert_int_equal(v.kind, LB_VERDICT_DERIVE);
    assert_int_equal(v.records.rec[0].type, LB_REC_TRY);
    assert_false(lb_gate_derive(&j->gate, v.ref, &derive)); /* TRY first */
    gate_journal_write(j, v.records.rec, v.records.count);
    assert_true(lb_gate_derive(&j->gate, v.ref, &derive));
    assert_int_equal(derive.password_len, 6);
    assert_int_equal(type(j, "05FEDCBA", false), LOCKBUS_RULE_C3);
    assert_true(lb_gate_derive(&j->gate, v.ref, &derive));
    assert_memory_equal(derive.password, "ABCDEF", 6);
    struct lb_ask answer = {.kind = LB_ASK_CODE_KEY, .derive_ref = v.ref};

    gate_journal_ask(j, &answer, &v);
    assert_int_equal(v.rule, LOCKBUS_RULE_C4);
    assert_true(lb_all_zero(j->gate.derive_password, LB_CODE_MAX));
    assert_false(lb_gate_derive(&j->gate, answer.derive_ref, &derive));
}

static void a_right_code_gives_its_tries_back_even_when_refused(void **state)
{
    struct gate_journal *j = *state;
    uint8_t seed[LB_SEED_LEN];

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    assert_int_equal(type(j, "05FEDCBA", false), LOCKBUS_RULE_C4);
    struct lb_verdict v = decide(j, LB_ASK_CODE, code, sizeof code - 1);

    gate_journal_write(j, v.records.rec, v.records.count);
    gate_journal_board(j, D, true);
    gate_seed(seed, OWNER);
    struct lb_ask answer = {.kind = LB_ASK_CODE_KEY,
                            .derive_ref = v.ref,
                            .unsealed = true,
                            .seed = seed};

    gate_journal_ask(j, &answer, &v);
    assert_int_equal(v.rule, LOCKBUS_RULE_P3);
    assert_int_equal(v.records.count, 2);
    assert_int_equal(v.records.rec[0].type, LB_REC_TRY_BACK);
    assert_int_equal(v.records.rec[1].type, LB_REC_REFUSAL);
    assert_int_equal(j->doors[D].tries_s[0], 0);
}

static void an_answer_for_a_cleared_stay_opens_nothing(void **state)
{
    struct gate_journal *j = *state;
    uint8_t seed[LB_SEED_LEN];

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    struct lb_verdict v = decide(j, LB_ASK_CODE, code, sizeof code - 1);

    gate_journal_write(j, v.records.rec, v.records.count);
    assert_int_equal(gate_order(j, 4, D, 1), OK);
    gate_seed(seed, OWNER);
    struct lb_ask answer = {.kind = LB_ASK_CODE_KEY,
                            .derive_ref = v.ref,
                            .unsealed = true,
                            .seed = seed};

    gate_journal_ask(j, &answer, &v);
    assert_int_equal(v.rule, LOCKBUS_RULE_P4);
}

static void tries_of_one_door_spend_the_cabinets_after_the_first(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    /* one free, three of the cabinet's, then none for an hour */
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(type(j, "05FEDCBA", false), LOCKBUS_RULE_C4);
    }
    assert_int_equal(type(j, "05ABCDEF", false), LOCKBUS_RULE_C2);
    gate_journal_wait(j, 3600);
    assert_int_equal(type(j, "05ABCDEF", false), OK);
}

/* Kept in whole seconds, rounded up: a moment longer, never shorter. */
static void a_try_counts_for_its_whole_hour(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    j->powered_ms += 1001 - j->powered_ms % 1000;
    lb_gate_clock(&j->gate, j->powered_ms);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(type(j, "05FEDCBA", false), LOCKBUS_RULE_C4);
    }
    j->powered_ms += 3599999;
    lb_gate_clock(&j->gate, j->powered_ms);
    assert_int_equal(type(j, "05ABCDEF", false), LOCKBUS_RULE_C2);
    gate_journal_wait(j, 1);
    assert_int_equal(type(j, "05ABCDEF", false), OK);
}

static void a_third_seal_is_refused(void **state)
{
    struct gate_journal *j = *state;
    uint8_t seal[LB_SEAL_LEN] = {'L', 'B', 'X', '1', 1, 1, 0, 0, 1, 0, 0, 0, 8};

    gate_fill(j, D);
    seal_it(j, "ABCDEF", OWNER, D);
    seal_it(j, "GHJKMN", OWNER, D);
    assert_int_equal(decide(j, LB_ASK_SEAL, seal, sizeof seal).rule,
                     LOCKBUS_RULE_L3);
    seal[11] = 1;
    assert_int_equal(decide(j, LB_ASK_SEAL, seal, sizeof seal).rule,
                     LOCKBUS_RULE_L1);
}

static void not_emptied_only_while_emptying(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    assert_int_equal(decide(j, LB_ASK_NOT_EMPTIED, NULL, 0).rule,
                     LOCKBUS_RULE_P4);
}

static void no_bytes_of_any_kind_are_refused_by_form(void **state)
{
    static const struct {
        enum lb_ask_kind kind;
        enum lockbus_rule rule;
    } rows[] = {
        {LB_ASK_NONE, LOCKBUS_RULE_P1},      {LB_ASK_DEPOSIT, LOCKBUS_RULE_D1},
        {LB_ASK_PROOF, LOCKBUS_RULE_P1},     {LB_ASK_CODE, LOCKBUS_RULE_C1},
        {LB_ASK_CODE_KEY, LOCKBUS_RULE_C4},  {LB_ASK_ORDER, LOCKBUS_RULE_S1},
        {LB_ASK_MANIFEST, LOCKBUS_RULE_M1},  {LB_ASK_SEAL, LOCKBUS_RULE_L1},
        {LB_ASK_COMMISSION, LOCKBUS_RULE_K1}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(decide(*state, rows[i].kind, NULL, 0).rule,
                         rows[i].rule);
    }
}

/* A tick that was late must not let a rule see an old custody. */
static void a_window_that_ended_counts_before_its_tick(void **state)
{
    struct gate_journal *j = *state;

    gate_fill(j, D);
    assert_int_equal(gate_proof(j, 1, D, 100, OWNER), OK);
    gate_journal_leaf(j, D, true);
    gate_journal_wait(j, 5);
    gate_journal_leaf(j, D, false);
    j->powered_ms += 120000;
    lb_gate_clock(&j->gate, j->powered_ms);
    struct lb_verdict v = release(j);

    assert_int_equal(j->doors[D].custody, LB_CUSTODY_EMPTYING);
    assert_int_equal(v.rule, LOCKBUS_RULE_P4);
}

static void an_issuer_is_bound_to_its_region(void **state)
{
    struct gate_journal *j = *state;
    struct gate_grant g = {
        .door = D, .stay = 100, .courier = COURIER, .release = OTHERS};

    for (size_t i = 0; i < j->gate.manifest.key_count; i++) {
        j->gate.manifest.keys[i].region_last = REGION - 1;
    }
    assert_int_equal(gate_deposit(j, &g), LOCKBUS_RULE_D2);
    for (size_t i = 0; i < j->gate.manifest.key_count; i++) {
        j->gate.manifest.keys[i].region_last = REGION;
    }
    assert_int_equal(gate_deposit(j, &g), OK);
}

static void trusted_time_that_was_shown_stays_shown(void **state)
{
    struct gate_journal *j = *state;

    lb_gate_time(&j->gate, 1790001000, true);
    gate_journal_tick(j);
    gate_journal_wait(j, 100);
    lb_gate_time(&j->gate, 1790000000, false);
    assert_int_equal(lb_gate_floor(&j->gate), 1790001100);
    lb_gate_time(&j->gate, UINT64_C(1) << 36, true);
    assert_int_equal(lb_gate_floor(&j->gate), 1790001100);
    assert_false(j->gate.time_trusted);
}

/* It stood open when the recipient asked, and is shut before the permit. */
static void leaf_that_shuts_takes_the_permit_with_it(void **state)
{
    struct gate_journal *j = *state;
    struct lb_permit permit = {0};

    gate_fill(j, D);
    gate_journal_leaf(j, D, true);
    struct lb_verdict v = release(j);

    gate_journal_write(j, v.records.rec, v.records.count);
    assert_int_equal(lb_gate_open_count(&j->gate, true, 0), 1);
    gate_journal_leaf(j, D, false);
    assert_int_equal(lb_gate_open_count(&j->gate, true, 0), 0);
    assert_false(lb_gate_permit(&j->gate, v.ref, &permit));
    assert_int_equal(permit.ref, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_verdict_alone_gives_no_permit),
        T(leaf_that_shuts_takes_the_permit_with_it),
        T(a_late_permit_is_none),
        T(a_restart_gives_no_permit),
        T(a_block_order_overtakes_a_permit),
        T(shut_down_gives_no_permit),
        T(shut_down_refuses_every_kind),
        T(before_boot_every_kind_is_refused),
        T(a_challenge_is_the_same_in_its_first_half),
        T(spending_ends_only_the_challenge_that_was_spent),
        T(a_challenge_dies_at_its_age),
        T(a_service_challenge_answers_no_proof),
        T(a_refusal_says_who_and_what),
        T(a_board_away_is_told_apart),
        T(a_code_of_digits_names_its_door_in_three),
        T(tries_beyond_what_their_bits_tell_are_never_over),
        T(one_derivation_at_a_time),
        T(a_right_code_gives_its_tries_back_even_when_refused),
        T(an_answer_for_a_cleared_stay_opens_nothing),
        T(tries_of_one_door_spend_the_cabinets_after_the_first),
        T(a_try_counts_for_its_whole_hour),
        T(a_third_seal_is_refused),
        T(not_emptied_only_while_emptying),
        T(no_bytes_of_any_kind_are_refused_by_form),
        T(a_window_that_ended_counts_before_its_tick),
        T(an_issuer_is_bound_to_its_region),
        T(trusted_time_that_was_shown_stays_shown),
    };

    return cmocka_run_group_tests_name("gate decide", tests, NULL, NULL);
}
