/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The whole path, from a signed grant to a latch, on a real journal and a
 * virtual clock; and that nothing else moves a latch.
 */

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { A07 = 6 };

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

static void starting_moves_no_latch(void **state)
{
    struct rig *rig = *state;

    rig_run(rig, 10000);
    assert_int_equal(rig_pulses(rig), 0);
    assert_int_equal(rig_latch(rig, A07), LOCKBUS_LATCH_SHUT);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_VACANT);
}

static void a_deposit_opens_a07_and_nothing_else(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(rig->leaf[A07].pulses, 1);
    assert_int_equal(rig_pulses_but(rig, A07), 0);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_SENT, A07), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_ACCEPTED, A07), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_OPENED, A07), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_FORCED, 0xFFFF), 0);
}

static void a_recipient_takes_the_parcel_and_the_door_is_vacant(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    rig->shut_after_us = 4000000;
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_EMPTYING);
    rig_run(rig, 130000);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_VACANT);
    assert_int_equal(rig_pulses_but(rig, A07), 0);
}

static void a_code_opens_and_a_wrong_one_is_refused_by_c4(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct lockbus_event end;
    struct parcel parcel;
    char wrong[LOCKBUS_CODE_TEXT_MAX];
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, true);
    unsigned before = rig->leaf[A07].pulses;

    memcpy(wrong, parcel.code, sizeof wrong);
    char *last = &wrong[strlen(wrong) - 1];

    *last = *last == '7' ? '8' : '7';
    assert_int_equal(lockbus_release_with_code(rig->cab, wrong, &ticket, &why),
                     LOCKBUS_OK);
    end = rig_finish(rig, ticket);
    assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
    assert_int_equal(end.rule, LOCKBUS_RULE_C4);
    rig_run(rig, 30000);
    assert_int_equal(rig->leaf[A07].pulses, before);

    assert_int_equal(
        lockbus_release_with_code(rig->cab, parcel.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(rig_pulses_but(rig, A07), 0);
}

static void a_replayed_proof_is_refused_by_p5(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint8_t proof[LOCKBUS_PROOF_LEN];
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    assert_true(world_proof(&rig->world, rig->cab,
                            (struct world_claim){A07, parcel.stay,
                                                 LOCKBUS_PROOF_RELEASE,
                                                 &parcel.release},
                            proof));
    assert_int_equal(
        lockbus_open_with_proof(rig->cab, proof, sizeof proof, &ticket, &why),
        LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    unsigned before = rig_pulses(rig);

    assert_int_equal(
        lockbus_open_with_proof(rig->cab, proof, sizeof proof, &ticket, &why),
        LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P5);
    rig_run(rig, 30000);
    assert_int_equal(rig_pulses(rig), before);
}

static void no_key_but_the_parcels_own_releases(void **state)
{
    struct rig *rig = *state;
    const struct lockbus_signer *others[] = {
        &rig->world.issuer,   &rig->world.root[0], &rig->world.operations,
        &rig->world.security, &rig->world.courier,
    };
    struct lockbus_error why;
    struct parcel parcel;
    uint8_t proof[LOCKBUS_PROOF_LEN];
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    unsigned before = rig_pulses(rig);

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_true(
            world_proof(&rig->world, rig->cab,
                        (struct world_claim){A07, parcel.stay,
                                             LOCKBUS_PROOF_RELEASE, others[i]},
                        proof));
        assert_int_equal(lockbus_open_with_proof(rig->cab, proof, sizeof proof,
                                                 &ticket, &why),
                         LOCKBUS_ERR_DENIED);
        assert_int_equal(why.rule, LOCKBUS_RULE_P6);
    }
    rig_run(rig, 30000);
    assert_int_equal(rig_pulses(rig), before);
}

static void a_proof_for_one_door_opens_no_other(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel one, other;
    uint8_t proof[LOCKBUS_PROOF_LEN];
    uint32_t ticket;

    rig_deposit(rig, &one, A07, false);
    rig_deposit(rig, &other, A07 + 9, false);
    /* the other door's challenge and stay, this parcel's key */
    assert_true(
        world_proof(&rig->world, rig->cab,
                    (struct world_claim){other.door, other.stay,
                                         LOCKBUS_PROOF_RELEASE, &one.release},
                    proof));
    assert_int_equal(
        lockbus_open_with_proof(rig->cab, proof, sizeof proof, &ticket, &why),
        LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P6);
}

static void two_persons_open_block_unblock_and_clear(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    rig->shut_after_us = 1000000;
    assert_int_equal(rig_service(rig, A07, LOCKBUS_SERVICE_OPEN, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 5000);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);

    assert_int_equal(
        rig_service(rig, A07, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P3);
    assert_int_equal(
        rig_service(rig, A07, LOCKBUS_SERVICE_UNBLOCK, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    assert_int_equal(
        rig_service(rig, A07, LOCKBUS_SERVICE_CLEAR, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_VACANT);
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P4);
}

static void a_return_waits_for_powered_hours(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;
    struct lockbus_door view = {.size = sizeof view};

    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(lockbus_door_at(rig->cab, A07, &view, NULL), LOCKBUS_OK);
    assert_in_range(view.return_in_s, 86000, 86400);
    /* however late the wall clock says it is */
    assert_int_equal(lockbus_cabinet_time(rig->cab, 1990000000, true),
                     LOCKBUS_OK);
    rig_run(rig, 1000);
    assert_int_equal(lockbus_door_at(rig->cab, A07, &view, NULL), LOCKBUS_OK);
    assert_in_range(view.return_in_s, 86000, 86400);
}

static void nothing_that_is_not_signed_opens(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    uint8_t zeros[LOCKBUS_MANIFEST_MAX] = {0};
    uint32_t ticket;
    static const size_t lengths[] = {0, 1, 104, 111, 112, 113, 208, 232, 256};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_not_equal(
            lockbus_open_with_proof(rig->cab, zeros, lengths[i], &ticket, &why),
            LOCKBUS_OK);
        assert_int_not_equal(
            lockbus_service(rig->cab, zeros, lengths[i], &ticket, &why),
            LOCKBUS_OK);
        assert_int_not_equal(
            lockbus_manifest(rig->cab, zeros, lengths[i], &ticket, &why),
            LOCKBUS_OK);
        assert_int_not_equal(lockbus_deposit(rig->cab, zeros, lengths[i], zeros,
                                             112, &ticket, &why),
                             LOCKBUS_OK);
        assert_int_not_equal(
            lockbus_seal(rig->cab, A07, zeros, lengths[i], &ticket, &why),
            LOCKBUS_OK);
    }
    assert_int_not_equal(lockbus_release_with_code(rig->cab, "", &ticket, &why),
                         LOCKBUS_OK);
    assert_int_equal(
        lockbus_release_with_code(rig->cab, "06AAAAAAAA", &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_REFUSED);
    rig_run(rig, 60000);
    assert_int_equal(rig_pulses(rig), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(starting_moves_no_latch),
        TEST(a_deposit_opens_a07_and_nothing_else),
        TEST(a_recipient_takes_the_parcel_and_the_door_is_vacant),
        TEST(a_code_opens_and_a_wrong_one_is_refused_by_c4),
        TEST(a_replayed_proof_is_refused_by_p5),
        TEST(no_key_but_the_parcels_own_releases),
        TEST(a_proof_for_one_door_opens_no_other),
        TEST(two_persons_open_block_unblock_and_clear),
        TEST(a_return_waits_for_powered_hours),
        TEST(nothing_that_is_not_signed_opens),
    };

    return cmocka_run_group_tests_name("the path of an open", tests, NULL,
                                       NULL);
}
