/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Where numbers end, and where an owner asks for what there is not: what is
 * left then refuses or says nothing, and never wraps.
 */

#include "gate_signer.h"

#include "base/bytes.h"
#include "gate/apply.h"
#include "gate/custody.h"
#include "gate/decide.h"
#include "gate/limits.h"
#include "gate/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { D = 5, BEYOND = GATE_JOURNAL_DOORS };

static int setup(void **state)
{
    struct gate_journal *j = gate_scene();

    gate_fill(j, D);
    *state = j;
    return 0;
}

static int teardown(void **state)
{
    struct gate_journal *j = *state;
    bool ok = j->broken == NULL;

    gate_journal_free(&j);
    return ok ? 0 : -1;
}

static struct lb_record record(enum lb_record_type type, uint8_t kind,
                               uint64_t stay)
{
    return (struct lb_record){
        .type = (uint8_t)type, .kind = kind, .door = D, .stay = stay};
}

/* No random bytes can be had. */
static bool random_fails;

bool __real_lb_crypto_random(uint8_t *out, size_t len);
bool __wrap_lb_crypto_random(uint8_t *out, size_t len);

bool __wrap_lb_crypto_random(uint8_t *out, size_t len)
{
    return !random_fails && __real_lb_crypto_random(out, len);
}

/* ---- Where numbers end --------------------------------------------------- */

static void times_end_and_do_not_wrap(void **state)
{
    (void)state;
    assert_int_equal(lb_after(UINT64_MAX - 1, 1), UINT64_MAX);
    assert_int_equal(lb_after(UINT64_MAX - 1, 2), UINT64_MAX);
    assert_int_equal(lb_after(UINT64_MAX, UINT64_MAX), UINT64_MAX);
    assert_int_equal(lb_age(5, 6), 0);
    assert_int_equal(lb_seconds(UINT64_MAX), UINT32_MAX);
    assert_int_equal(lb_try_s(0), 1); /* 0 is no try at all */
    assert_int_equal(lb_try_s(1), 1);
    assert_int_equal(lb_try_s(1001), 2);
    assert_int_equal(lb_try_s(UINT64_MAX), UINT32_MAX);
}

static void a_challenge_at_the_end_of_seconds_is_none_for_long(void **state)
{
    struct gate_journal *j = *state;
    const uint8_t random[16] = {1};
    uint8_t out[16];

    j->powered_ms = 1000 * (uint64_t)UINT32_MAX;
    lb_gate_clock(&j->gate, j->powered_ms);
    assert_int_equal(
        lb_gate_challenge(&j->gate, D, LB_CHALLENGE_PROOF, random, out),
        LOCKBUS_OK);
    assert_true(lb_challenge_ok(&j->gate, D, LB_CHALLENGE_PROOF, random));
    lb_gate_clock(&j->gate, j->powered_ms + 121000);
    assert_false(lb_challenge_ok(&j->gate, D, LB_CHALLENGE_PROOF, random));
}

static void intents_end_with_their_numbers(void **state)
{
    struct gate_journal *j = *state;

    j->gate.last_ref = UINT32_MAX;
    assert_int_equal(gate_proof(j, 1, D, 100, RECIPIENT + 20 + D),
                     LOCKBUS_RULE_P10);
    j->gate.last_ref = UINT32_MAX - 1;
    assert_int_equal(gate_proof(j, 1, D, 100, RECIPIENT + 20 + D),
                     LOCKBUS_RULE_NONE);
}

/* The number of a derivation begins anew, and is never 0. */
static void derivations_are_numbered_past_the_end(void **state)
{
    struct gate_journal *j = *state;
    uint8_t seal[LB_SEAL_LEN] = {'L', 'B', 'X', '1', 1, 1, 0, 0, 1, 0, 0, 0, 8};
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = seal, .len = sizeof seal, .door = D};
    struct lb_verdict verdict;

    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DONE);
    j->gate.derive_last = UINT32_MAX;
    ask = (struct lb_ask){
        .kind = LB_ASK_CODE, .bytes = (const uint8_t *)"05ABCDEF", .len = 8};
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DERIVE);
    assert_int_equal(verdict.ref, 1);
}

static void the_floor_that_is_due_does_not_wait_for_time_to_go_back(void **s)
{
    struct gate_journal *j = *s;

    /* an hour and more above the journal's floor: due at once */
    lb_gate_time(&j->gate, j->gate.floor_s + 4000, true);
    assert_int_equal(lb_gate_next_ms(&j->gate), j->powered_ms);
    gate_journal_tick(j);
    /* told a lower time the clock still says when the next is due */
    lb_gate_time(&j->gate, j->gate.floor_s - 1000, true);
    assert_true(lb_gate_next_ms(&j->gate) > j->powered_ms);
}

static void a_bucket_without_a_rate_never_fills(void **state)
{
    struct gate_journal *j = *state;

    j->gate.manifest.limits.return_burst = 2;
    j->gate.manifest.limits.return_per_hour = 0;
    j->gate.bucket[LB_BUCKET_RETURN] = (struct lb_bucket){.level = LB_TOKEN};
    assert_int_equal(lb_bucket_level(&j->gate, LB_BUCKET_RETURN, UINT64_MAX),
                     LB_TOKEN);
    lb_bucket_take(&j->gate, LB_BUCKET_RETURN, j->powered_ms);
    assert_int_equal(lb_bucket_level(&j->gate, LB_BUCKET_RETURN, UINT64_MAX),
                     0);
}

/* ---- Results and tries that fit nothing ---------------------------------- */

static void a_result_gives_back_nothing_that_was_not_spent(void **state)
{
    static const uint8_t opens[] = {LB_OPEN_RELEASE, LB_OPEN_DEPOSIT,
                                    LB_OPEN_REOPEN, LB_OPEN_CANCEL,
                                    LB_OPEN_SERVICE};
    struct gate_journal *j = *state;
    struct lb_gate_door *d = &j->doors[D];

    for (size_t i = 0; i < sizeof opens; i++) {
        struct lb_record r =
            record(LB_REC_RESULT, LB_OUTCOME_NEVER_OPENED, d->stay);

        d->intent_live = true;
        d->intent_ref = r.ref = 77;
        d->intent_open = opens[i];
        d->courier_spent = d->release_spent = 0;
        assert_true(lb_gate_apply(&j->gate, &r));
        assert_int_equal(d->courier_spent, 0);
        assert_int_equal(d->release_spent, 0);
    }
}

static void a_result_of_an_earlier_stay_gives_nothing_back(void **state)
{
    struct gate_journal *j = *state;
    struct lb_gate_door *d = &j->doors[D];
    struct lb_record r =
        record(LB_REC_RESULT, LB_OUTCOME_NEVER_OPENED, d->stay - 1);

    d->intent_live = true;
    d->intent_ref = r.ref = 77;
    d->intent_open = LB_OPEN_RELEASE;
    d->release_spent = 1;
    assert_true(lb_gate_apply(&j->gate, &r));
    assert_int_equal(d->release_spent, 1);
    assert_false(d->intent_live);
}

static void a_leaf_told_open_twice_counts_on(void **state)
{
    struct gate_journal *j = *state;
    struct lb_gate_door *d = &j->doors[D];
    struct lb_record r = record(LB_REC_LEAF, LB_LEAF_OPENED, d->stay);

    r.powered_ms = j->powered_ms + 3600000; /* long after its intent */
    d->counts = d->count_opened = true;
    assert_true(lb_gate_apply(&j->gate, &r));
    assert_true(d->counts);
    d->count_opened = false;
    assert_true(lb_gate_apply(&j->gate, &r));
    assert_false(d->counts);
}

static void a_try_of_another_derivation_starts_none(void **state)
{
    struct gate_journal *j = *state;
    struct lb_record r = record(LB_REC_TRY, 0, j->doors[D].stay);
    struct lb_derive derive;

    j->doors[D].seals = 1;
    j->gate.derive_ref = 8;
    j->gate.derive_door = D;
    j->gate.derive_stay = j->doors[D].stay;
    r.ref = 7;
    assert_true(lb_gate_apply(&j->gate, &r));
    assert_false(lb_gate_derive(&j->gate, 8, &derive));
    r.ref = 8;
    assert_true(lb_gate_apply(&j->gate, &r));
    assert_true(lb_gate_derive(&j->gate, 8, &derive));
    assert_false(lb_gate_derive(&j->gate, 0, &derive));
    /* and none for a stay that is gone, a seal that is, a disk that is */
    j->gate.derive_stay--;
    assert_false(lb_gate_derive(&j->gate, 8, &derive));
    j->gate.derive_stay++;
    j->doors[D].seals = 0;
    assert_false(lb_gate_derive(&j->gate, 8, &derive));
    j->doors[D].seals = 1;
    lb_gate_shut_down(&j->gate);
    assert_false(lb_gate_derive(&j->gate, 8, &derive));
}

static void an_answer_to_no_derivation_is_refused(void **state)
{
    struct gate_journal *j = *state;
    uint8_t seed[LB_SEED_LEN];
    struct lb_ask ask = {.kind = LB_ASK_CODE_KEY,
                         .derive_ref = 8,
                         .unsealed = true,
                         .seed = seed};
    struct lb_verdict verdict;

    gate_seed(seed, RECIPIENT + 20 + D);
    lb_gate_decide(&j->gate, &ask, &verdict); /* none runs */
    assert_int_equal(verdict.rule, LOCKBUS_RULE_C4);
    j->gate.derive_ref = 8;
    j->gate.derive_door = D;
    j->gate.derive_stay = j->doors[D].stay;
    lb_gate_decide(&j->gate, &ask, &verdict); /* its try is not durable */
    assert_int_equal(verdict.rule, LOCKBUS_RULE_C4);
    j->gate.derive_tried = true;
    ask.derive_ref = 9;
    lb_gate_decide(&j->gate, &ask, &verdict); /* another's */
    assert_int_equal(verdict.rule, LOCKBUS_RULE_C4);
    ask.derive_ref = 8;
    ask.seed = NULL;
    lb_gate_decide(&j->gate, &ask, &verdict); /* a key, and no key */
    assert_int_equal(verdict.rule, LOCKBUS_RULE_C4);
    assert_int_equal(j->gate.derive_ref, 0);
}

/* A derivation of D's code has its try on disk. */
static void derive(struct gate_journal *j)
{
    j->gate.derive_ref = 8;
    j->gate.derive_door = D;
    j->gate.derive_stay = j->doors[D].stay;
    j->gate.derive_tried = true;
}

static void a_code_opens_nothing_without_memory_or_random(void **state)
{
    struct gate_journal *j = *state;
    uint8_t seed[LB_SEED_LEN];
    struct lb_ask ask = {.kind = LB_ASK_CODE_KEY,
                         .derive_ref = 8,
                         .unsealed = true,
                         .seed = seed};
    struct lb_ask short_of_memory = {
        .kind = LB_ASK_CODE_KEY, .derive_ref = 8, .underived = true};
    struct lb_verdict verdict;

    gate_seed(seed, RECIPIENT + 20 + D);
    derive(j);
    lb_gate_decide(&j->gate, &short_of_memory, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_C3);
    assert_int_equal(j->gate.derive_ref, 0);
    derive(j);
    random_fails = true;
    lb_gate_decide(&j->gate, &ask, &verdict);
    random_fails = false;
    assert_int_equal(verdict.rule, LOCKBUS_RULE_P5);
    derive(j);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_PERMIT);
}

static void an_answer_after_the_next_stay_began_opens_nothing(void **state)
{
    struct gate_journal *j = *state;
    uint8_t seed[LB_SEED_LEN];
    struct lb_ask ask = {.kind = LB_ASK_CODE_KEY,
                         .derive_ref = 8,
                         .unsealed = true,
                         .seed = seed};
    struct lb_verdict verdict;

    gate_seed(seed, RECIPIENT + 20 + D);
    j->gate.derive_ref = 8;
    j->gate.derive_tried = true;
    j->gate.derive_door = D;
    j->gate.derive_stay = j->doors[D].stay - 1;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_P4);
}

/* ---- What is due and not yet written ------------------------------------- */

/* Time goes on, and nobody has ticked. */
static void later(struct gate_journal *j, uint64_t seconds)
{
    j->powered_ms += 1000 * seconds;
    lb_gate_clock(&j->gate, j->powered_ms);
}

static void a_seal_waits_for_what_is_due(void **state)
{
    struct gate_journal *j = *state;
    const struct gate_grant grant = {
        .door = 0, .stay = 1, .courier = COURIER, .release = RECIPIENT};
    const uint8_t seal[LB_SEAL_LEN] = {'L', 'B', 'X', '1', 1, 1, 0,
                                       0,   1,   0,   0,   0, 8};
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = seal, .len = sizeof seal};
    struct lb_verdict verdict;

    assert_int_equal(gate_deposit(j, &grant), LOCKBUS_RULE_NONE);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DONE);
    later(j, 120); /* never opened: the door is VACANT with the next tick */
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_L2);
}

static void a_code_waits_for_what_is_due(void **state)
{
    struct gate_journal *j = *state;
    struct lb_ask ask = {
        .kind = LB_ASK_CODE, .bytes = (const uint8_t *)"05ABCDEF", .len = 8};
    struct lb_verdict verdict;

    j->doors[D].seals = 1;
    assert_int_equal(gate_proof(j, 1, D, 100, RECIPIENT + 20 + D),
                     LOCKBUS_RULE_NONE);
    gate_journal_leaf(j, D, true);
    gate_journal_wait(j, 3);
    gate_journal_leaf(j, D, false);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DERIVE);
    j->gate.derive_ref = 0;
    later(j, 120);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_C1);
}

static void a_result_that_is_due_is_due_at_once(void **state)
{
    struct gate_journal *j = *state;
    enum lb_custody to;
    enum lb_cause cause;

    j->doors[0].intent_live = true;
    j->doors[0].intent_boot = j->gate.boot - 1;
    assert_int_equal(lb_gate_next_ms(&j->gate), j->powered_ms);
    /* and an intent of another process holds no window open */
    j->doors[D].custody = LB_CUSTODY_EMPTYING;
    j->doors[D].shut_at_ms = 1000;
    j->doors[D].intent_ms = j->powered_ms;
    j->doors[D].intent_live = true;
    j->doors[D].intent_boot = j->gate.boot - 1;
    assert_int_equal(lb_custody_due(&j->gate, D, &to, &cause), 121000);
    j->doors[D].intent_boot = j->gate.boot;
    assert_int_equal(lb_custody_due(&j->gate, D, &to, &cause),
                     j->powered_ms + LB_PERMIT_LIFE_MS);
}

/* Never opened is said by a sensor that is read and by nothing else. */
static void a_door_is_given_up_only_by_a_leaf_seen_shut(void **state)
{
    static const struct {
        bool here, known, open, was_open, vacant;
    } seen[] = {{true, true, false, false, true},
                {false, true, false, false, false},
                {true, false, false, false, false},
                {true, true, true, false, false},
                {true, true, false, true, false}};
    struct gate_journal *j = *state;
    enum lb_custody to;
    enum lb_cause cause;
    struct lb_gate_door *d = &j->doors[0];

    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        d->custody = LB_CUSTODY_LOADING;
        d->intent_boot = j->gate.boot;
        d->first_intent_ms = 0;
        d->leaf_was_open = seen[i].was_open;
        lb_gate_live(&j->gate, 0, seen[i].here, seen[i].known, seen[i].open);
        uint64_t due = lb_custody_due(&j->gate, 0, &to, &cause);

        assert_int_equal(to, LB_CUSTODY_VACANT);
        assert_int_equal(due, seen[i].vacant ? 120000 : UINT64_MAX);
        /* the same for one that is emptied */
        d->custody = LB_CUSTODY_EMPTYING;
        d->long_open = true;
        due = lb_custody_due(&j->gate, 0, &to, &cause);
        assert_int_equal(due, seen[i].vacant ? 120000 : UINT64_MAX);
        d->long_open = false;
    }
}

/* ---- What there is not --------------------------------------------------- */

static void a_door_beyond_is_no_door(void **state)
{
    struct gate_journal *j = *state;
    struct gate_journal before = *j;
    const uint8_t random[16] = {1};
    uint8_t out[16];
    struct lb_record records[4];
    const struct lb_gate_fact fact = {.door = BEYOND,
                                      .fact = LB_FACT_LEAF_OPENED};

    lb_gate_live(&j->gate, BEYOND, true, true, true);
    lb_gate_content(&j->gate, BEYOND, LB_CONTENT_FULL);
    assert_int_equal(
        lb_gate_challenge(&j->gate, BEYOND, LB_CHALLENGE_PROOF, random, out),
        LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_gate_fact(&j->gate, fact, records, 4), 0);
    assert_memory_equal(&before, j, sizeof *j);
    /* a map may promise more doors than its owner has room for */
    j->gate.door_count = BEYOND + 5;
    assert_false(lb_gate_has_door(&j->gate, BEYOND + 1));
}

static void a_use_of_a_challenge_that_is_none_is_refused(void **state)
{
    struct gate_journal *j = *state;
    const uint8_t random[16] = {1};
    uint8_t out[16];

    assert_int_equal(
        lb_gate_challenge(&j->gate, D, (enum lb_challenge_use)2, random, out),
        LOCKBUS_ERR_USAGE);
}

static void a_kind_that_is_none_is_refused(void **state)
{
    struct gate_journal *j = *state;
    const uint8_t bytes[8] = {0};
    struct lb_verdict verdict;

    for (unsigned kind = 0; kind < 100; kind += 50) {
        struct lb_ask ask = {.kind = (enum lb_ask_kind)kind,
                             .bytes = bytes,
                             .len = sizeof bytes};

        lb_gate_decide(&j->gate, &ask, &verdict);
        assert_int_equal(verdict.rule, LOCKBUS_RULE_P1);
        assert_int_equal(verdict.door, LB_DOOR_NONE);
    }
}

static void a_fact_that_is_none_says_nothing(void **state)
{
    struct gate_journal *j = *state;
    struct lb_record out[4];
    const struct lb_gate_fact none = {.door = D, .fact = LB_FACT_NONE};
    const struct lb_gate_fact odd = {.door = D, .fact = (enum lb_fact)9};
    const struct lb_gate_fact open = {.door = D, .fact = LB_FACT_LEAF_OPENED};

    assert_int_equal(lb_gate_fact(&j->gate, none, out, 4), 0);
    assert_int_equal(lb_gate_fact(&j->gate, odd, out, 4), 0);
    assert_int_equal(lb_gate_fact(&j->gate, open, out, 3), 0); /* no room */
    j->gate.booted = false;
    assert_int_equal(lb_gate_fact(&j->gate, open, out, 4), 0);
}

static void a_leaf_told_twice_says_nothing_more(void **state)
{
    struct gate_journal *j = *state;
    struct lb_record out[4];
    const struct lb_gate_fact open = {.door = D, .fact = LB_FACT_LEAF_OPENED};
    const struct lb_gate_fact shut = {.door = D, .fact = LB_FACT_LEAF_SHUT};

    assert_int_equal(lb_gate_fact(&j->gate, shut, out, 4), 0);
    assert_int_equal(lb_gate_fact(&j->gate, open, out, 4), 1);
    gate_journal_write(j, out, 1);
    assert_int_equal(lb_gate_fact(&j->gate, open, out, 4), 0);
    assert_int_equal(lb_gate_fact(&j->gate, shut, out, 4), 1);
}

static void a_record_names_the_doors_that_a_gate_must_have(void **state)
{
    struct lb_record r = record(LB_REC_INTENT, 0, 1);

    (void)state;
    assert_int_equal(lb_gate_names(&r), D + 1);
    r.door = LB_DOOR_MAX - 1;
    assert_int_equal(lb_gate_names(&r), LB_DOOR_MAX);
    r.door = LB_DOOR_NONE;
    assert_int_equal(lb_gate_names(&r), 0);
    r = record(LB_REC_ROWS, 6, 0);
    assert_int_equal(lb_gate_names(&r), D + 6);
    r = record(LB_REC_CKPT_ROWS, 0x80 | 6, 0);
    assert_int_equal(lb_gate_names(&r), D + 6);
    r = record(LB_REC_COMMISSION, 0, 0);
    lb_put_u16(r.body + LB_COMMISSION_DOORS, 300);
    assert_int_equal(lb_gate_names(&r), 300);
    r = record(LB_REC_CKPT_CABINET, 0, 0);
    lb_put_u16(r.body + LB_CKPT_DOORS, 301);
    assert_int_equal(lb_gate_names(&r), 301);
}

/* A commission among a checkpoint's records: the rows are to come. */
static void a_commission_without_staged_rows_clears_them(void **state)
{
    struct gate_journal *j = *state;
    struct lb_record r = record(LB_REC_COMMISSION, 0, 0);
    const uint8_t none[LB_ROW_LEN] = {0};

    lb_put_u16(r.body + LB_COMMISSION_DOORS, SCENE_DOORS);
    lb_gate_stage(&j->gate, NULL);
    assert_true(lb_gate_apply(&j->gate, &r));
    assert_int_equal(j->gate.door_count, SCENE_DOORS);
    assert_memory_equal(j->doors[D].row, none, LB_ROW_LEN);
}

static void nothing_ticks_in_a_fold_or_without_room(void **state)
{
    struct gate_journal *j = *state;
    struct lb_record out[1];

    assert_int_equal(lb_gate_tick(&j->gate, out, 0), 0);
    j->gate.running = false;
    assert_int_equal(lb_gate_tick(&j->gate, out, 1), 0);
    assert_int_equal(lb_gate_next_ms(&j->gate), UINT64_MAX);
    j->gate.running = true;
    j->gate.booted = false;
    assert_int_equal(lb_gate_next_ms(&j->gate), j->powered_ms);
    assert_int_equal(lb_gate_tick(&j->gate, out, 1), 1);
    assert_int_equal(out[0].type, LB_REC_BOOT);
}

/* Its owner's memory may be wrong: only this process's intents open. */
static void an_intent_of_another_process_gives_no_permit(void **state)
{
    struct gate_journal *j = *state;
    struct lb_permit permit;

    j->doors[0].permit_due = j->doors[D].permit_due = true;
    j->doors[0].intent_ref = 70;
    j->doors[D].intent_ref = 71;
    j->doors[0].intent_boot = j->gate.boot;
    j->doors[D].intent_boot = j->gate.boot - 1;
    j->doors[0].intent_ms = j->doors[D].intent_ms = j->powered_ms;
    assert_false(lb_gate_permit(&j->gate, 71, &permit));
    assert_false(j->doors[D].permit_due);
    assert_true(lb_gate_permit(&j->gate, 70, &permit));
    assert_int_equal(permit.door, 0);
}

static void neither_of_two_challenges_is_a_third(void **state)
{
    struct gate_journal *j = *state;
    const uint8_t first[16] = {1}, second[16] = {2}, third[16] = {3};
    uint8_t out[16];

    assert_int_equal(
        lb_gate_challenge(&j->gate, D, LB_CHALLENGE_PROOF, first, out),
        LOCKBUS_OK);
    later(j, 70);
    assert_int_equal(
        lb_gate_challenge(&j->gate, D, LB_CHALLENGE_PROOF, second, out),
        LOCKBUS_OK);
    assert_true(lb_challenge_ok(&j->gate, D, LB_CHALLENGE_PROOF, first));
    assert_true(lb_challenge_ok(&j->gate, D, LB_CHALLENGE_PROOF, second));
    assert_false(lb_challenge_ok(&j->gate, D, LB_CHALLENGE_PROOF, third));
}

static void a_code_takes_a_token_of_releases(void **state)
{
    struct gate_journal *j = *state;
    struct lb_ask ask = {
        .kind = LB_ASK_CODE, .bytes = (const uint8_t *)"05ABCDEF", .len = 8};
    struct lb_verdict verdict;

    j->doors[D].seals = 1;
    j->gate.bucket[LB_BUCKET_RELEASE] =
        (struct lb_bucket){.level = LB_TOKEN - 1, .at_ms = j->powered_ms};
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_P8);
    j->gate.bucket[LB_BUCKET_RELEASE].level = LB_TOKEN;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DERIVE);
}

static void not_emptied_needs_a_disk(void **state)
{
    struct gate_journal *j = *state;
    struct lb_ask ask = {.kind = LB_ASK_NOT_EMPTIED, .door = D};
    struct lb_verdict verdict;

    j->doors[D].custody = LB_CUSTODY_EMPTYING;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DONE);
    lb_gate_shut_down(&j->gate);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_P10);
}

/* D9, leaf and custody: each alone refuses. */
static void a_deposit_needs_a_leaf_that_is_known_to_be_shut(void **state)
{
    enum { NOTHING, UNREAD, OPEN, WAS_OPEN, DUE, CASES };
    const struct gate_grant grant = {
        .door = 0, .stay = 1, .courier = COURIER, .release = RECIPIENT};
    uint8_t bytes[LB_GRANT_LEN], proof[LB_PROOF_LEN];
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT,
                         .bytes = bytes,
                         .len = sizeof bytes,
                         .proof = proof,
                         .proof_len = sizeof proof};
    struct lb_verdict verdict;

    (void)state;
    for (unsigned i = NOTHING; i < CASES; i++) {
        struct gate_journal *j = gate_scene();

        lb_gate_live(&j->gate, 0, true, i != UNREAD, i == OPEN);
        j->doors[0].leaf_was_open = i == WAS_OPEN;
        if (i == DUE) { /* a stay that ends with the next tick */
            j->doors[0].custody = LB_CUSTODY_LOADING;
            j->doors[0].intent_boot = j->gate.boot;
        }
        gate_make_grant(bytes, &grant);
        gate_make_proof(proof, 3, 0, 1, COURIER);
        gate_journal_challenge(j, 0, gate_question);
        lb_gate_decide(&j->gate, &ask, &verdict);
        assert_int_equal(verdict.rule,
                         i == NOTHING ? LOCKBUS_RULE_NONE : LOCKBUS_RULE_D9);
        gate_journal_free(&j);
    }
}

/* D9, the second time: by these bytes, before the leaf was open, within the
 * window, even when an intent's life runs on behind it. */
static void a_deposit_is_tried_again_only_while_nothing_came_of_it(void **state)
{
    enum { AGAIN, SEEN_OPEN, OTHER_GRANT, LATE, CASES };
    const struct gate_grant grant = {
        .door = 0, .stay = 1, .courier = COURIER, .release = RECIPIENT};

    (void)state;
    for (unsigned i = AGAIN; i < CASES; i++) {
        struct gate_journal *j = gate_scene();
        struct gate_grant next = grant;

        assert_int_equal(gate_deposit(j, &grant), LOCKBUS_RULE_NONE);
        if (i == SEEN_OPEN) {
            j->doors[0].seen_open = true;
        } else if (i == OTHER_GRANT) {
            next.uses = 0x33;
        } else if (i == LATE) {
            gate_journal_wait(j, 110);
            assert_int_equal(gate_deposit(j, &grant), LOCKBUS_RULE_NONE);
            gate_journal_wait(j, 10);
        }
        assert_int_equal(gate_deposit(j, &next),
                         i == AGAIN ? LOCKBUS_RULE_NONE : LOCKBUS_RULE_D9);
        gate_journal_free(&j);
    }
}

/* More doors are due than a block holds records: the rest comes next, and
 * the floor behind them. */
static void what_finds_no_room_in_one_tick_comes_in_the_next(void **state)
{
    struct gate_journal *j = *state;
    struct lb_record out[2];

    for (uint16_t i = 0; i < 3; i++) {
        j->doors[i].intent_live = true;
        j->doors[i].intent_boot = j->gate.boot - 1;
    }
    lb_gate_time(&j->gate, j->gate.floor_s + 4000, true);
    assert_int_equal(lb_gate_tick(&j->gate, out, 2), 2);
    assert_int_equal(out[1].type, LB_REC_RESULT);
    assert_int_equal(lb_gate_next_ms(&j->gate), j->powered_ms);
    gate_journal_tick(j);
    assert_false(j->doors[2].intent_live);
    assert_int_equal(lb_gate_tick(&j->gate, out, 2), 0);
}

static void no_permit_has_number_0(void **state)
{
    struct gate_journal *j = *state;
    struct lb_permit permit;

    j->doors[D].permit_due = true;
    j->doors[D].intent_ref = 0;
    assert_false(lb_gate_permit(&j->gate, 0, &permit));
    assert_true(j->doors[D].permit_due);
    j->gate.booted = false;
    assert_false(lb_gate_permit(&j->gate, 1, &permit));
}

static void no_more_doors_than_there_can_be(void **state)
{
    struct lb_gate gate;
    static struct lb_gate_door doors[LB_DOOR_MAX];

    (void)state;
    lb_gate_init(&gate, doors, LB_DOOR_MAX + 1);
    assert_int_equal(gate.door_cap, LB_DOOR_MAX);
    lb_gate_resize(&gate, doors, LB_DOOR_MAX + 7);
    assert_int_equal(gate.door_cap, LB_DOOR_MAX);
}

static void a_block_raises_the_floor_by_trusted_time_alone(void **state)
{
    struct gate_journal *j = *state;
    uint64_t floor = j->gate.floor_s;

    lb_gate_block(&j->gate, 0, floor + 5, false);
    assert_int_equal(j->gate.floor_s, floor);
    lb_gate_block(&j->gate, 0, LB_TIME_END_S, true);
    assert_int_equal(j->gate.floor_s, floor);
    lb_gate_block(&j->gate, 0, floor - 5, true);
    assert_int_equal(j->gate.floor_s, floor);
    lb_gate_block(&j->gate, 0, floor + 5, true);
    assert_int_equal(j->gate.floor_s, floor + 5);
}

/* A cabinet that no clock has told the time yet. */
static void the_first_manifest_raises_the_floor_to_its_issue(void **state)
{
    struct gate_journal *j = gate_journal_new();
    uint8_t manifest[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = manifest};
    struct lb_verdict verdict;

    (void)state;
    gate_journal_commission(j, gate_cabinet, REGION, SCENE_DOORS);
    assert_int_equal(lb_gate_floor(&j->gate), 0);
    ask.len = gate_make_manifest(manifest, 1, EPOCH, NOBODY);
    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DONE);
    assert_int_equal(lb_gate_floor(&j->gate), j->gate.manifest.issued_at);
    assert_true(j->gate.manifest.issued_at > 0);
    gate_journal_free(&j);
}

static void a_vacant_door_is_never_frozen(void **state)
{
    struct gate_journal *j = *state;
    uint8_t manifest[LB_MANIFEST_MAX], issuer[LB_KEY_LEN];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = manifest};
    struct lb_verdict verdict;

    gate_key(issuer, ISSUER);
    memcpy(j->doors[0].issuer, issuer, 8);
    j->doors[0].stay = gate_stay(1);
    ask.len = gate_make_manifest(manifest, 2, EPOCH + 1, ISSUER);
    gate_journal_ask(j, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_NONE);
    assert_false(j->doors[0].frozen);
    assert_true(j->doors[D].frozen);
}

static void a_leaf_known_to_be_open_before_its_record_counts(void **state)
{
    struct gate_journal *j = *state;

    /* the reading is here, its LEAF record not yet */
    lb_gate_live(&j->gate, D, true, true, true);
    assert_int_equal(gate_proof(j, 1, D, 100, RECIPIENT + 20 + D),
                     LOCKBUS_RULE_NONE);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_EMPTYING);
    assert_true(j->doors[D].leaf_was_open);
}

static void a_leaf_that_nobody_reads_now_is_taken_as_it_was(void **state)
{
    struct gate_journal *j = *state;

    gate_journal_leaf(j, D, true);
    lb_gate_live(&j->gate, D, true, false, false);
    assert_int_equal(gate_proof(j, 1, D, 100, RECIPIENT + 20 + D),
                     LOCKBUS_RULE_NONE);
    assert_int_equal(j->doors[D].custody, LB_CUSTODY_EMPTYING);
}

/* The largest cabinet, whose rows alone fill several blocks. */
static void a_checkpoint_of_every_door_there_can_be_is_whole(void **state)
{
    static struct lb_gate_door doors[LB_DOOR_MAX], again[LB_DOOR_MAX];
    static uint8_t staged[LB_DOOR_MAX][LB_ROW_LEN],
        staged_again[LB_DOOR_MAX][LB_ROW_LEN];
    struct lb_gate gate, copy;
    struct lb_record out[LB_BATCH_MAX];
    uint32_t cursor = 0;
    size_t count;

    (void)state;
    lb_gate_init(&gate, doors, LB_DOOR_MAX);
    lb_gate_init(&copy, again, LB_DOOR_MAX);
    lb_gate_stage(&gate, staged);
    lb_gate_stage(&copy, staged_again);
    memset(staged, 2, sizeof staged);
    for (uint16_t i = 0; i < LB_DOOR_MAX; i++) {
        memset(doors[i].row, 1 + i % 250, LB_ROW_LEN);
    }
    doors[7].shut_at_ms = 5; /* all that ever happened to it */
    gate.door_count = LB_DOOR_MAX;
    while ((count = lb_gate_snapshot(&gate, &cursor, out, LB_BATCH_MAX)) != 0) {
        assert_true(count <= LB_BATCH_MAX);
        for (size_t i = 0; i < count; i++) {
            assert_true(lb_gate_apply(&copy, &out[i]));
        }
    }
    assert_memory_equal(doors, again, sizeof doors);
    assert_memory_equal(staged, staged_again, sizeof staged);
}

static void a_leaf_open_by_a_reading_that_is_no_more_is_not_open(void **state)
{
    struct gate_journal *j = *state;
    uint8_t proof[LB_PROOF_LEN];
    struct lb_ask ask = {
        .kind = LB_ASK_PROOF, .bytes = proof, .len = sizeof proof};
    struct lb_verdict verdict;

    gate_make_proof(proof, 1, D, 100, RECIPIENT + 20 + D);
    gate_journal_challenge(j, D, gate_question);
    lb_gate_live(&j->gate, D, true, false, true);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_PERMIT);
    assert_int_equal(verdict.records.rec[0].body[LB_INTENT_LEAF], 0);
}

/* An opening lasts up to the last look that saw it open. */
static void an_opening_lasts_no_longer_than_it_was_seen(void **state)
{
    static const struct {
        uint64_t seen_ms; /* after it opened; 0: until it was shut */
        bool long_open;
    } looks[] = {{0, true}, {1999, false}, {2000, true}, {9000, true}};
    struct gate_journal *j = *state;
    struct lb_gate_door *d = &j->doors[D];

    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        struct lb_record r = record(LB_REC_LEAF, LB_LEAF_SHUT, d->stay);

        d->leaf_was_open = true;
        d->long_open = false;
        d->open_at_ms = 10000;
        r.powered_ms = 15000;
        lb_put_u64(r.body + LB_LEAF_SEEN_OPEN,
                   looks[i].seen_ms == 0 ? 0 : 10000 + looks[i].seen_ms);
        assert_true(lb_gate_apply(&j->gate, &r));
        assert_int_equal(d->long_open, looks[i].long_open);
    }
}

static void a_checkpoint_without_a_map_under_way_has_none_staged(void **state)
{
    struct gate_journal *j = *state;
    struct lb_record out[LB_BATCH_MAX];
    uint32_t cursor = 0;
    size_t count, rows = 0;

    lb_gate_stage(&j->gate, NULL);
    while ((count = lb_gate_snapshot(&j->gate, &cursor, out, LB_BATCH_MAX)) !=
           0) {
        for (size_t i = 0; i < count; i++) {
            rows += out[i].type == LB_REC_CKPT_ROWS;
            assert_false(out[i].type == LB_REC_CKPT_ROWS &&
                         (out[i].kind & 0x80) != 0);
        }
    }
    assert_int_equal(rows, (SCENE_DOORS + 5) / 6);
}

static void a_checkpoint_needs_room_for_a_door(void **state)
{
    struct gate_journal *j = *state;
    struct lb_record out[LB_BATCH_MAX];
    uint32_t cursor = 0;

    assert_int_equal(lb_gate_snapshot(&j->gate, &cursor, out, LB_BATCH_MAX - 1),
                     0);
    assert_int_equal(cursor, 0);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_end_and_do_not_wrap),
        ROW(a_challenge_at_the_end_of_seconds_is_none_for_long),
        ROW(intents_end_with_their_numbers),
        ROW(derivations_are_numbered_past_the_end),
        ROW(the_floor_that_is_due_does_not_wait_for_time_to_go_back),
        ROW(a_bucket_without_a_rate_never_fills),
        ROW(a_result_gives_back_nothing_that_was_not_spent),
        ROW(a_result_of_an_earlier_stay_gives_nothing_back),
        ROW(a_leaf_told_open_twice_counts_on),
        ROW(a_try_of_another_derivation_starts_none),
        ROW(an_answer_to_no_derivation_is_refused),
        ROW(a_code_opens_nothing_without_memory_or_random),
        ROW(an_answer_after_the_next_stay_began_opens_nothing),
        ROW(a_seal_waits_for_what_is_due),
        ROW(a_code_waits_for_what_is_due),
        ROW(a_result_that_is_due_is_due_at_once),
        ROW(a_door_is_given_up_only_by_a_leaf_seen_shut),
        ROW(an_intent_of_another_process_gives_no_permit),
        ROW(neither_of_two_challenges_is_a_third),
        ROW(a_code_takes_a_token_of_releases),
        ROW(not_emptied_needs_a_disk),
        cmocka_unit_test(a_deposit_needs_a_leaf_that_is_known_to_be_shut),
        cmocka_unit_test(
            a_deposit_is_tried_again_only_while_nothing_came_of_it),
        cmocka_unit_test(a_checkpoint_of_every_door_there_can_be_is_whole),
        ROW(a_door_beyond_is_no_door),
        ROW(a_use_of_a_challenge_that_is_none_is_refused),
        ROW(a_kind_that_is_none_is_refused),
        ROW(a_fact_that_is_none_says_nothing),
        ROW(a_leaf_told_twice_says_nothing_more),
        cmocka_unit_test(a_record_names_the_doors_that_a_gate_must_have),
        ROW(a_commission_without_staged_rows_clears_them),
        ROW(nothing_ticks_in_a_fold_or_without_room),
        ROW(what_finds_no_room_in_one_tick_comes_in_the_next),
        ROW(no_permit_has_number_0),
        cmocka_unit_test(no_more_doors_than_there_can_be),
        ROW(a_block_raises_the_floor_by_trusted_time_alone),
        cmocka_unit_test(the_first_manifest_raises_the_floor_to_its_issue),
        ROW(a_vacant_door_is_never_frozen),
        ROW(a_leaf_known_to_be_open_before_its_record_counts),
        ROW(a_leaf_that_nobody_reads_now_is_taken_as_it_was),
        ROW(a_leaf_open_by_a_reading_that_is_no_more_is_not_open),
        ROW(an_opening_lasts_no_longer_than_it_was_seen),
        ROW(a_checkpoint_without_a_map_under_way_has_none_staged),
        ROW(a_checkpoint_needs_room_for_a_door),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
