/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A host can tell why a door became what it is (picked up, taken back,
 * cleared, in doubt), by whose ticket, and for how long it has stood open.
 */

#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { A07 = 6, WINDOW_MS = 121000, RETURN_MS = 86400000 };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

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

/* The newest CUSTODY of A07. */
static struct lockbus_event newest(const struct rig *rig)
{
    for (size_t i = rig->events; i > 0; i--) {
        const struct lockbus_event *event = &rig->event[i - 1];

        if (event->kind == LOCKBUS_EVENT_CUSTODY && event->door == A07) {
            return *event;
        }
    }
    fail_msg("custody never moved");
    return (struct lockbus_event){0};
}

static void became(const struct rig *rig, enum lockbus_custody custody,
                   const char *reason, uint32_t ticket)
{
    struct lockbus_event event = newest(rig);

    assert_int_equal(event.custody, custody);
    assert_string_equal(lockbus_custody_reason_name(event.reason), reason);
    assert_int_equal(event.ticket, ticket);
    assert_false(lockbus_event_ends(&event));
    assert_true(event.text[0] != '\0');
}

static uint32_t ask_deposit(struct rig *rig, struct parcel *parcel)
{
    struct lockbus_error why;
    uint32_t ticket;

    assert_true(world_parcel(&rig->world, parcel, A07, false, &why));
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, parcel->package, parcel->package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_OK);
    return ticket;
}

/* A parcel is inside; the door is opened for `kind` and shut after `ms`. */
static uint32_t taken(struct rig *rig, enum lockbus_proof_kind kind,
                      uint64_t ms)
{
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    if (kind == LOCKBUS_PROOF_RETURN) {
        struct lockbus_door door = {.size = sizeof door};

        assert_int_equal(lockbus_door_at(rig->cab, A07, &door, NULL),
                         LOCKBUS_OK);
        rig_stall(rig, door.return_in_s * 1000 + 1000);
        rig_run(rig, 2000);
    }
    rig->shut_after_us = ms * 1000;
    assert_int_equal(lockbus_open_with_key(rig->cab, A07, kind,
                                           kind == LOCKBUS_PROOF_RELEASE
                                               ? parcel.release.seed
                                           : kind == LOCKBUS_PROOF_RETURN
                                               ? parcel.returns.seed
                                               : rig->world.courier.seed,
                                           &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    return ticket;
}

/* ---- One parcel's way ---------------------------------------------------- */

static void a_deposit_says_whose_and_that_it_was_stored(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;
    uint32_t ticket = ask_deposit(rig, &parcel);

    rig->shut_after_us = 3000000;
    rig_run(rig, 300);
    became(rig, LOCKBUS_CUSTODY_LOADING, "DEPOSIT", ticket);
    rig_run(rig, 6000);
    became(rig, LOCKBUS_CUSTODY_OCCUPIED, "STORED", 0);
    assert_int_equal(newest(rig).latch, LOCKBUS_LATCH_SHUT);
}

static struct open_row {
    const char *name;
    enum lockbus_proof_kind kind;
    const char *reason;
} open_rows[] = {
    {"a recipient's pickup is told as released", LOCKBUS_PROOF_RELEASE,
     "RELEASED"},
    {"a return is told as returned", LOCKBUS_PROOF_RETURN, "RETURNED"},
    {"a courier's cancel is told as cancelled", LOCKBUS_PROOF_CANCEL,
     "CANCELLED"},
};

static void emptied_by(void **state)
{
    const struct open_row *row = *state;
    struct rig *rig = rig_new();
    uint32_t ticket = taken(rig, row->kind, 3000);

    became(rig, LOCKBUS_CUSTODY_EMPTYING, row->reason, ticket);
    rig_run(rig, WINDOW_MS + 4000);
    became(rig, LOCKBUS_CUSTODY_VACANT, row->reason, 0);
    rig_free(rig);
}

/* What emptied it is in the journal, so a new process knows it too, and an
 * open for service in between is not taken for it. */
static void who_emptied_it_outlives_a_crash_and_a_service_open(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    uint32_t ticket;

    (void)taken(rig, LOCKBUS_PROOF_CANCEL, 3000);
    rig_run(rig, 5000);
    assert_int_equal(rig_service(rig, A07, LOCKBUS_SERVICE_OPEN, &ticket, &why),
                     LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    rig_run(rig, 5000);
    rig_crash(rig);
    rig_run(rig, WINDOW_MS);
    became(rig, LOCKBUS_CUSTODY_VACANT, "CANCELLED", 0);
}

static void a_door_that_was_open_for_a_moment_says_so(void **state)
{
    struct rig *rig = *state;

    (void)taken(rig, LOCKBUS_PROOF_RELEASE, 700);
    rig_run(rig, WINDOW_MS + 2000);
    became(rig, LOCKBUS_CUSTODY_OCCUPIED, "SHORT", 0);
}

static void a_parcel_left_inside_is_by_the_hosts_ticket(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    uint32_t ticket;

    (void)taken(rig, LOCKBUS_PROOF_RELEASE, 3000);
    rig_run(rig, 5000);
    assert_int_equal(lockbus_not_emptied(rig->cab, A07, &ticket, &why),
                     LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    became(rig, LOCKBUS_CUSTODY_OCCUPIED, "NOT_EMPTIED", ticket);
}

static void a_door_that_is_cleared_is_by_the_orders_ticket(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(
        rig_service(rig, A07, LOCKBUS_SERVICE_CLEAR, &ticket, &why),
        LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    became(rig, LOCKBUS_CUSTODY_VACANT, "CLEARED", ticket);
}

static void a_deposit_whose_door_never_opened_says_so(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig->leaf[A07].stuck = true;
    (void)rig_finish(rig, ask_deposit(rig, &parcel));
    rig_run(rig, WINDOW_MS);
    became(rig, LOCKBUS_CUSTODY_VACANT, "NEVER_OPENED", 0);
}

static void a_deposit_left_open_is_a_doubt(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig->shut_after_us = 0;
    (void)rig_finish(rig, ask_deposit(rig, &parcel));
    rig_run(rig, WINDOW_MS);
    became(rig, LOCKBUS_CUSTODY_OCCUPIED, "DOUBT", 0);
}

static void a_deposit_cut_by_a_restart_says_so(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig->shut_after_us = 0;
    (void)rig_finish(rig, ask_deposit(rig, &parcel));
    rig_run(rig, 1000);
    rig_crash(rig);
    rig_run(rig, 1000);
    became(rig, LOCKBUS_CUSTODY_OCCUPIED, "RESTART", 0);
}

static void other_events_have_no_reason_and_no_value_lacks_a_name(void **state)
{
    struct rig *rig = *state;

    (void)taken(rig, LOCKBUS_PROOF_RELEASE, 3000);
    for (size_t i = 0; i < rig->events; i++) {
        assert_int_equal(rig->event[i].reason == LOCKBUS_CUSTODY_REASON_NONE,
                         rig->event[i].kind != LOCKBUS_EVENT_CUSTODY);
    }
    for (size_t i = 0; i < rig->events; i++) {
        if (rig->event[i].kind == LOCKBUS_EVENT_LEAF &&
            rig->event[i].latch == LOCKBUS_LATCH_SHUT) {
            assert_string_equal(rig->event[i].text, "it is shut");
        }
    }
    for (int r = LOCKBUS_CUSTODY_REASON_NONE;
         r <= LOCKBUS_CUSTODY_REASON_RESTART; r++) {
        assert_true(strlen(lockbus_custody_reason_name(
                        (enum lockbus_custody_reason)r)) > 1);
    }
    assert_string_equal(
        lockbus_custody_reason_name((enum lockbus_custody_reason)14), "?");
}

/* ---- Left open ----------------------------------------------------------- */

static struct lockbus_door look(const struct rig *rig)
{
    struct lockbus_door door = {.size = sizeof door};

    assert_int_equal(lockbus_door_at(rig->cab, A07, &door, NULL), LOCKBUS_OK);
    return door;
}

static void
a_door_forced_open_and_left_open_is_ajar_and_says_how_long(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig_deposit(rig, &parcel, A07, false);
    assert_int_equal(look(rig).open_for_ms, 0);
    rig->leaf[A07].open = true;
    rig_run(rig, 5000);
    assert_int_equal(look(rig).latch, LOCKBUS_LATCH_FORCED);
    assert_false(look(rig).ajar);
    assert_in_range(look(rig).open_for_ms, 4000, 5000);
    rig_run(rig, 60000);
    assert_int_equal(look(rig).latch, LOCKBUS_LATCH_FORCED);
    assert_true(look(rig).ajar);
    assert_in_range(look(rig).open_for_ms, 64000, 65000);
    rig->leaf[A07].open = false;
    rig_run(rig, 1000);
    assert_false(look(rig).ajar);
    assert_int_equal(look(rig).open_for_ms, 0);
}

static void a_door_left_open_over_a_restart_goes_on_counting(void **state)
{
    struct rig *rig = *state;

    struct lockbus_error why;
    uint32_t ticket;

    rig->leaf[A07].open = true;
    rig_run(rig, 30000);
    /* Powered time is what the newest block says. */
    assert_int_equal(
        rig_service(rig, A07 + 1, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
        LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    rig_crash(rig);
    rig_run(rig, 10000);
    assert_in_range(look(rig).open_for_ms, 38000, 41000);
    assert_false(look(rig).ajar); /* its time is this process's */
    rig->board[0].powered = false;
    rig_run(rig, 5000);
    assert_int_equal(look(rig).latch, LOCKBUS_LATCH_AWAY);
    assert_int_equal(look(rig).open_for_ms, 0);
}

/* ---- A jam is one that was seen ------------------------------------------ */

static void a_stuck_door_is_jammed_and_both_events_say_the_same(void **state)
{
    struct rig *rig = *state;
    struct parcel parcel;

    rig->leaf[A07].stuck = true;
    struct lockbus_event end = rig_finish(rig, ask_deposit(rig, &parcel));

    assert_int_equal(end.kind, LOCKBUS_EVENT_FAILED);
    assert_int_equal(end.latch, LOCKBUS_LATCH_JAMMED);
    assert_int_equal(end.custody, LOCKBUS_CUSTODY_LOADING);
    for (size_t i = 0; i < rig->events; i++) {
        if (rig->event[i].kind == LOCKBUS_EVENT_JAMMED) {
            assert_int_equal(rig->event[i].latch, end.latch);
            assert_int_equal(rig->event[i].custody, end.custody);
        }
    }
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JAMMED, A07), 1);
}

static void a_door_blocked_while_it_opens_is_shut_and_no_jam(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket, order;

    rig_deposit(rig, &parcel, A07, false);
    rig->leaf[A07].stuck = true;
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    rig_run(rig, 1000);
    assert_int_equal(rig_service(rig, A07, LOCKBUS_SERVICE_BLOCK, &order, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_UNKNOWN);
    rig_run(rig, 1000);
    assert_int_equal(look(rig).latch, LOCKBUS_LATCH_SHUT);
    assert_true(look(rig).blocked);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JAMMED, A07), 0);
}

/* The host slept over the window's end and takes all events at once. */
static void an_event_taken_late_says_how_the_door_was_then(void **state)
{
    struct rig *rig = *state;
    struct lockbus_event event;
    struct parcel parcel;

    rig->leaf[A07].stuck = true;
    uint32_t ticket = ask_deposit(rig, &parcel);

    for (uint64_t until = rig->now_us + 1000ULL * (WINDOW_MS + 20000);
         rig->now_us < until; rig->now_us += 20000) {
        assert_int_equal(lockbus_cabinet_poll(rig->cab, rig->now_us),
                         LOCKBUS_OK);
    }
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_VACANT);
    while (lockbus_cabinet_next_event(rig->cab, &event)) {
        if (event.ticket == ticket && lockbus_event_ends(&event)) {
            assert_int_equal(event.custody, LOCKBUS_CUSTODY_LOADING);
            return;
        }
    }
    fail_msg("the ticket has no end");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    static struct CMUnitTest opens[COUNT(open_rows)];
    const struct CMUnitTest tests[] = {
        TEST(a_deposit_says_whose_and_that_it_was_stored),
        TEST(who_emptied_it_outlives_a_crash_and_a_service_open),
        TEST(a_door_that_was_open_for_a_moment_says_so),
        TEST(a_parcel_left_inside_is_by_the_hosts_ticket),
        TEST(a_door_that_is_cleared_is_by_the_orders_ticket),
        TEST(a_deposit_whose_door_never_opened_says_so),
        TEST(a_deposit_left_open_is_a_doubt),
        TEST(a_deposit_cut_by_a_restart_says_so),
        TEST(other_events_have_no_reason_and_no_value_lacks_a_name),
        TEST(a_door_forced_open_and_left_open_is_ajar_and_says_how_long),
        TEST(a_door_left_open_over_a_restart_goes_on_counting),
        TEST(a_stuck_door_is_jammed_and_both_events_say_the_same),
        TEST(a_door_blocked_while_it_opens_is_shut_and_no_jam),
        TEST(an_event_taken_late_says_how_the_door_was_then),
    };

    for (size_t i = 0; i < COUNT(open_rows); i++) {
        opens[i] = (struct CMUnitTest){.name = open_rows[i].name,
                                       .test_func = emptied_by,
                                       .initial_state = &open_rows[i]};
    }
    return cmocka_run_group_tests_name("who emptied it", opens, NULL, NULL) +
           cmocka_run_group_tests_name("why custody moved", tests, NULL, NULL);
}
