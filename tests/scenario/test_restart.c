/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The process dies at every moment of a deposit and of a pickup, and starts
 * again on its journal: no latch moves by itself, no use is won back, and
 * contents are protected by default.
 */

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { A07 = 6, STEPS = 20, STEP_MS = 15 };

static int set_up(void **state)
{
    *state = rig_new();
    return 0;
}

static int tear_down(void **state)
{
    rig_free(*state);
    return 0;
}

static uint8_t courier_uses(const struct rig *rig, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(rig->cab, door, &view, NULL), LOCKBUS_OK);
    return view.courier_uses_left;
}

static uint8_t release_uses(const struct rig *rig, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(rig->cab, door, &view, NULL), LOCKBUS_OK);
    return view.release_uses_left;
}

/* After a restart nothing moves for a while, whatever was going on. */
static void assert_still(struct rig *rig)
{
    unsigned before = rig_pulses(rig);

    rig_run(rig, 25000);
    assert_int_equal(rig_pulses(rig), before);
}

static void a_deposit_cut_anywhere_protects_and_repeats_nothing(void **state)
{
    for (int step = 0; step < STEPS; step++) {
        struct rig *rig = rig_new();
        struct lockbus_error why;
        struct parcel parcel;
        uint32_t ticket;

        rig->shut_after_us = 150000;
        assert_true(world_parcel(&rig->world, &parcel, A07, false, &why));
        assert_int_equal(lockbus_deposit_with_key(
                             rig->cab, parcel.package, parcel.package_len,
                             rig->world.courier.seed, &ticket, &why),
                         LOCKBUS_OK);
        rig_run(rig, (uint64_t)(step * STEP_MS));
        unsigned pulses = rig_pulses(rig);

        rig_crash(rig);
        assert_still(rig);
        enum lockbus_custody now = rig_custody(rig, A07);

        if (pulses != 0) {
            /* a latch that moved is on record: the use is spent, and what
             * may lie inside is protected */
            assert_int_equal(now, LOCKBUS_CUSTODY_OCCUPIED);
            assert_true(courier_uses(rig, A07) <= 2);
        } else {
            assert_true(now == LOCKBUS_CUSTODY_VACANT ||
                        now == LOCKBUS_CUSTODY_OCCUPIED);
        }
        assert_int_equal(rig_pulses_but(rig, A07), 0);
        rig_free(rig);
    }
    (void)state;
}

static void a_pickup_cut_anywhere_spends_its_use_once(void **state)
{
    for (int step = 0; step < STEPS; step++) {
        struct rig *rig = rig_new();
        struct lockbus_error why;
        struct parcel parcel;
        uint8_t proof[LOCKBUS_PROOF_LEN];
        uint32_t ticket;

        rig_deposit(rig, &parcel, A07, false);
        unsigned before = rig_pulses(rig);

        rig->shut_after_us = 150000;
        assert_true(world_proof(&rig->world, rig->cab,
                                (struct world_claim){A07, parcel.stay,
                                                     LOCKBUS_PROOF_RELEASE,
                                                     &parcel.release},
                                proof));
        assert_int_equal(lockbus_open_with_proof(rig->cab, proof, sizeof proof,
                                                 &ticket, &why),
                         LOCKBUS_OK);
        rig_run(rig, (uint64_t)(step * STEP_MS));
        unsigned moved = rig_pulses(rig) - before;

        rig_crash(rig);
        assert_still(rig);
        assert_true(moved == 0 || release_uses(rig, A07) == 1);
        assert_true(release_uses(rig, A07) >= 1);
        /* its challenge died with the process */
        assert_int_equal(lockbus_open_with_proof(rig->cab, proof, sizeof proof,
                                                 &ticket, &why),
                         LOCKBUS_ERR_DENIED);
        rig_free(rig);
    }
    (void)state;
}

static void a_cut_between_intent_and_pulse_is_unknown_and_final(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    unsigned before = rig_pulses(rig);

    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    rig_run(rig, 1); /* on the disk, the bus has not had its turn */
    rig_crash(rig);
    assert_still(rig);
    assert_int_equal(rig_pulses(rig), before);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    assert_int_equal(release_uses(rig, A07), 1);
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(release_uses(rig, A07), 0);
}

/* An open by service, and the process dies as soon as it is on record; when
 * its pulse began. */
static uint64_t opened_and_killed(struct rig *rig)
{
    struct lockbus_error why;
    uint32_t ticket;

    rig->shut_after_us = 150000;
    assert_int_equal(rig_service(rig, A07, LOCKBUS_SERVICE_OPEN, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    uint64_t pulsed_us = rig->leaf[A07].pulsed_us;

    rig_crash(rig);
    return pulsed_us;
}

/* pulse_ms is 500 and rest_ms 2000. */
static void a_coil_rests_though_the_process_dies_after_every_pulse(void **state)
{
    struct rig *rig = *state;
    uint64_t before_us = opened_and_killed(rig);

    for (int i = 0; i < 3; i++) {
        uint64_t now_us = opened_and_killed(rig);

        assert_true(now_us - before_us >= 2500000);
        before_us = now_us;
    }
}

static void
a_coil_that_has_rested_is_pulsed_at_once_after_a_restart(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    (void)opened_and_killed(rig);
    rig_run(rig, 30000);
    rig_deposit(rig, &parcel, A07 + 1, false); /* the journal knows the time */
    rig_crash(rig);
    uint64_t asked_us = rig->now_us;

    assert_int_equal(rig_service(rig, A07, LOCKBUS_SERVICE_OPEN, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_true(rig->leaf[A07].pulsed_us - asked_us < 100000);
}

static void wrong_codes_are_counted_across_restarts(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    char wrong[LOCKBUS_CODE_TEXT_MAX];
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, true);
    memcpy(wrong, parcel.code, sizeof wrong);
    char *last = &wrong[strlen(wrong) - 1];

    for (unsigned i = 0; i < rig->world.limits.code_tries; i++) {
        *last = (char)('1' + i);
        if (strcmp(wrong, parcel.code) == 0) {
            *last = '9';
        }
        assert_int_equal(
            lockbus_release_with_code(rig->cab, wrong, &ticket, &why),
            LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).rule, LOCKBUS_RULE_C4);
        rig_crash(rig);
    }
    assert_int_equal(
        lockbus_release_with_code(rig->cab, parcel.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).rule, LOCKBUS_RULE_C2);
}

static void another_wiring_than_the_commissioned_is_refused_by_k5(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    rig_close(rig);
    assert_true(world_config(&rig->world, RIG_BOARDS - 1, "host:rig",
                             LB_SOURCE_DIR "/profiles", 115200));
    assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_K5);
    assert_null(rig->cab);
    assert_true(world_config(&rig->world, RIG_BOARDS, "host:rig",
                             LB_SOURCE_DIR "/profiles", 115200));
    rig_open(rig);
}

static void a_journal_is_opened_by_one_process(void **state)
{
    struct rig *rig = *state;
    struct lockbus_cabinet *first = rig->cab;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_BUSY);
    rig->cab = first;
}

static void a_second_commissioning_is_refused(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t escrow[32];

    rig_close(rig);
    assert_false(world_commission(&rig->world, escrow, &why));
    assert_int_equal(why.err, LOCKBUS_ERR_USAGE);
    rig_open(rig);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deposit_cut_anywhere_protects_and_repeats_nothing),
        cmocka_unit_test(a_pickup_cut_anywhere_spends_its_use_once),
        TEST(a_cut_between_intent_and_pulse_is_unknown_and_final),
        TEST(a_coil_rests_though_the_process_dies_after_every_pulse),
        TEST(a_coil_that_has_rested_is_pulsed_at_once_after_a_restart),
        TEST(wrong_codes_are_counted_across_restarts),
        TEST(another_wiring_than_the_commissioned_is_refused_by_k5),
        TEST(a_journal_is_opened_by_one_process),
        TEST(a_second_commissioning_is_refused),
    };

    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
