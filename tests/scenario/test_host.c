/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What makes a host program short: opening with a key that it holds, knowing
 * the event that ends a ticket, and being told which argument was wrong.
 */

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { A07 = 6, NO_DOOR = 900 };

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

static enum lockbus_event_kind open_with(struct rig *rig,
                                         enum lockbus_proof_kind kind,
                                         const struct lockbus_signer *signer)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    assert_int_equal(
        lockbus_open_with_key(rig->cab, A07, kind, signer->seed, &ticket, &why),
        LOCKBUS_OK);
    return rig_finish(rig, ticket).kind;
}

static void refused(struct rig *rig, uint16_t door,
                    enum lockbus_proof_kind kind,
                    const struct lockbus_signer *signer, enum lockbus_rule rule)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    assert_int_equal(lockbus_open_with_key(rig->cab, door, kind, signer->seed,
                                           &ticket, &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, rule);
    assert_int_equal(ticket, 0);
}

static void a_key_releases_and_another_does_not(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig_deposit(rig, &parcel, A07, false);
    refused(rig, A07, LOCKBUS_PROOF_RELEASE, &rig->world.courier,
            LOCKBUS_RULE_P6);
    refused(rig, A07, LOCKBUS_PROOF_RETURN, &parcel.release, LOCKBUS_RULE_P6);
    assert_int_equal(rig->leaf[A07].pulses, 1);
    assert_int_equal(open_with(rig, LOCKBUS_PROOF_RELEASE, &parcel.release),
                     LOCKBUS_EVENT_OPENED);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_EMPTYING);
    assert_int_equal(rig_pulses_but(rig, A07), 0);
}

static void a_couriers_key_reopens_and_cancels(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(open_with(rig, LOCKBUS_PROOF_REOPEN, &rig->world.courier),
                     LOCKBUS_EVENT_OPENED);
    rig_run(rig, 10000);
    assert_int_equal(open_with(rig, LOCKBUS_PROOF_CANCEL, &rig->world.courier),
                     LOCKBUS_EVENT_OPENED);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_EMPTYING);
}

static void a_door_that_holds_nothing_or_is_none_is_refused(void **state)
{
    struct rig *rig = *state;

    refused(rig, A07, LOCKBUS_PROOF_RELEASE, &rig->world.courier,
            LOCKBUS_RULE_P4);
    refused(rig, NO_DOOR, LOCKBUS_PROOF_RELEASE, &rig->world.courier,
            LOCKBUS_RULE_P2);
    refused(rig, UINT16_MAX, LOCKBUS_PROOF_RELEASE, &rig->world.courier,
            LOCKBUS_RULE_P2);
    assert_int_equal(rig_pulses(rig), 0);
}

static void a_deposit_needs_its_package(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    uint32_t ticket = 7;
    const enum lockbus_proof_kind kinds[] = {
        LOCKBUS_PROOF_DEPOSIT, (enum lockbus_proof_kind)0,
        (enum lockbus_proof_kind)6, (enum lockbus_proof_kind)257};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_int_equal(lockbus_open_with_key(rig->cab, A07, kinds[i],
                                               rig->world.courier.seed, &ticket,
                                               &why),
                         LOCKBUS_ERR_USAGE);
        assert_string_equal(why.field, "kind");
        assert_int_equal(ticket, 7);
    }
    assert_int_equal(lockbus_open_with_key(rig->cab, A07, LOCKBUS_PROOF_RELEASE,
                                           NULL, &ticket, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_open_with_key(NULL, A07, LOCKBUS_PROOF_RELEASE,
                                           rig->world.courier.seed, &ticket,
                                           &why),
                     LOCKBUS_ERR_USAGE);
}

static void each_ticket_has_one_event_that_ends_it(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;
    unsigned ends = 0;

    rig_deposit(rig, &parcel, A07, false);
    for (size_t i = 0; i < rig->events; i++) {
        ends += lockbus_event_ends(&rig->event[i]);
    }
    assert_int_equal(ends, 1);
}

static void only_the_kinds_that_end_a_ticket_end_one(void **state)
{
    struct lockbus_event event = {.ticket = 1};

    (void)state;
    for (int kind = -1; kind < 300; kind++) {
        event.kind = (enum lockbus_event_kind)kind;
        assert_int_equal(
            lockbus_event_ends(&event),
            kind == LOCKBUS_EVENT_OPENED || kind == LOCKBUS_EVENT_FAILED ||
                kind == LOCKBUS_EVENT_UNKNOWN ||
                kind == LOCKBUS_EVENT_EXPIRED ||
                kind == LOCKBUS_EVENT_REFUSED || kind == LOCKBUS_EVENT_DONE ||
                kind == LOCKBUS_EVENT_UNCONFIRMED);
    }
    event = (struct lockbus_event){.kind = LOCKBUS_EVENT_REFUSED};
    assert_false(lockbus_event_ends(&event)); /* of no ticket */
    assert_false(lockbus_event_ends(NULL));
}

static void an_unknown_label_is_named(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    uint16_t door = 77;

    assert_int_equal(lockbus_door_find(rig->cab, "A07", &door, &why),
                     LOCKBUS_OK);
    assert_int_equal(door, A07);
    door = 77;
    assert_int_equal(lockbus_door_find(rig->cab, "a07", &door, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.text, "no door is labelled a07");
    assert_string_equal(why.field, "label");
    assert_int_equal(why.err, LOCKBUS_ERR_USAGE);
    assert_int_equal(door, 77);
    assert_int_equal(lockbus_door_find(rig->cab, "a07", &door, NULL),
                     LOCKBUS_ERR_USAGE);
}

static void what_cannot_be_a_label_is_not_repeated(void **state)
{
    struct rig *rig = *state;
    const char *labels[] = {"",         "A 7",      "A07\n",
                            "\x1b[31m", "\xc3\x85", "0123456789abcdef"};
    struct lockbus_error why;
    uint16_t door;

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        assert_int_equal(lockbus_door_find(rig->cab, labels[i], &door, &why),
                         LOCKBUS_ERR_USAGE);
        assert_string_equal(why.text,
                            "a label has 1 to 15 printable characters");
    }
}

static void an_unknown_number_is_named(void **state)
{
    struct rig *rig = *state;
    struct lockbus_door door = {.size = sizeof door};
    struct lockbus_error why;
    uint8_t challenge[16];

    assert_int_equal(lockbus_door_at(rig->cab, NO_DOOR, &door, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.text, "no door has the number 900");
    assert_string_equal(why.field, "door");
    memset(&why, 0, sizeof why);
    assert_int_equal(lockbus_challenge(rig->cab, NO_DOOR,
                                       LOCKBUS_CHALLENGE_PROOF, challenge,
                                       &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.text, "no door has the number 900");
    assert_int_equal(lockbus_challenge(rig->cab, A07,
                                       (enum lockbus_challenge_use)2, challenge,
                                       &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "use");
    door.size = 0;
    assert_int_equal(lockbus_door_at(rig->cab, A07, &door, &why),
                     LOCKBUS_ERR_USAGE);
    assert_string_equal(why.field, "size");
    assert_int_equal(lockbus_door_at(rig->cab, A07, NULL, NULL),
                     LOCKBUS_ERR_USAGE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_key_releases_and_another_does_not),
        TEST(a_couriers_key_reopens_and_cancels),
        TEST(a_door_that_holds_nothing_or_is_none_is_refused),
        TEST(a_deposit_needs_its_package),
        TEST(each_ticket_has_one_event_that_ends_it),
        cmocka_unit_test(only_the_kinds_that_end_a_ticket_end_one),
        TEST(an_unknown_label_is_named),
        TEST(what_cannot_be_a_label_is_not_repeated),
        TEST(an_unknown_number_is_named),
    };

    return cmocka_run_group_tests_name("a host program", tests, NULL, NULL);
}
