/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The product of latch and custody, walked at random on the whole stack:
 * couriers, recipients, service persons, vandals, dead boards, stuck sensors
 * and power cuts, in an order that a seed decides. After every step each
 * move of custody must be one of the allowed ones, and no latch may have had
 * more pulses than permits account for. In the end every pair of latch and
 * custody must have been met, or be known to be impossible.
 */

#include "door/latch.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum {
    DOORS = 8, /* of the first board: enough to meet, few enough to repeat */
    STEPS = 300,
    SEEDS = 3,
    PULSES = 3
};

struct walk {
    struct rig *rig;
    uint64_t random;
    struct parcel parcel[DOORS];
    unsigned permits[DOORS];
    bool cleared[DOORS], deposited[DOORS], taken[DOORS];
    enum lockbus_custody custody[DOORS];
};

static bool met[LB_LATCH_COUNT][5];

static unsigned roll(struct walk *walk, unsigned sides)
{
    /* xorshift64*: the same story for the same seed, anywhere */
    walk->random ^= walk->random >> 12;
    walk->random ^= walk->random << 25;
    walk->random ^= walk->random >> 27;
    return (unsigned)((walk->random * UINT64_C(2685821657736338717)) >> 33) %
           sides;
}

static bool may_move(const struct walk *walk, unsigned door,
                     enum lockbus_custody from, enum lockbus_custody to)
{
    if (to == LOCKBUS_CUSTODY_VACANT) {
        return walk->cleared[door] || from == LOCKBUS_CUSTODY_EMPTYING ||
               from == LOCKBUS_CUSTODY_LOADING;
    }
    if (to == LOCKBUS_CUSTODY_LOADING) {
        return from == LOCKBUS_CUSTODY_VACANT && walk->deposited[door];
    }
    if (to == LOCKBUS_CUSTODY_EMPTYING) {
        return (from == LOCKBUS_CUSTODY_OCCUPIED ||
                from == LOCKBUS_CUSTODY_LOADING) &&
               walk->taken[door];
    }
    return from == LOCKBUS_CUSTODY_LOADING || from == LOCKBUS_CUSTODY_EMPTYING;
}

/* Custody as the events tell it, move by move. */
static void follow(struct walk *walk)
{
    const struct rig *rig = walk->rig;

    for (size_t i = 0; i < rig->events; i++) {
        const struct lockbus_event *event = &rig->event[i];

        if (event->kind != LOCKBUS_EVENT_CUSTODY || event->door >= DOORS) {
            continue;
        }
        if (!may_move(walk, event->door, walk->custody[event->door],
                      event->custody)) {
            fail_msg("door %u moved from %s to %s", event->door,
                     lockbus_custody_name(walk->custody[event->door]),
                     lockbus_custody_name(event->custody));
        }
        walk->custody[event->door] = event->custody;
        if (event->custody == LOCKBUS_CUSTODY_VACANT) {
            walk->deposited[event->door] = walk->taken[event->door] = false;
            walk->cleared[event->door] = false;
        }
    }
    rig_forget(walk->rig);
}

static void look(struct walk *walk)
{
    follow(walk);
    for (uint16_t door = 0; door < DOORS; door++) {
        struct lockbus_door view = {.size = sizeof view};

        assert_int_equal(lockbus_door_at(walk->rig->cab, door, &view, NULL),
                         LOCKBUS_OK);
        assert_int_equal(view.custody, walk->custody[door]);
        met[view.latch][view.custody] = true;
        assert_true(walk->rig->leaf[door].pulses <=
                    walk->permits[door] * PULSES);
    }
    for (uint16_t door = DOORS; door < RIG_DOORS; door++) {
        assert_int_equal(walk->rig->leaf[door].pulses, 0);
    }
}

static void deposit(struct walk *walk, uint16_t door)
{
    struct rig *rig = walk->rig;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    /* Sometimes the grant of the parcel that is already there. */
    if (walk->parcel[door].stay != 0 && roll(walk, 3) == 0) {
        parcel = walk->parcel[door];
    } else {
        assert_true(world_parcel(&rig->world, &parcel, door, false, &why));
    }
    if (lockbus_deposit_with_key(rig->cab, parcel.package, parcel.package_len,
                                 rig->world.courier.seed, &ticket,
                                 &why) == LOCKBUS_OK) {
        walk->permits[door]++;
        walk->deposited[door] = true;
        walk->parcel[door] = parcel;
    }
}

static void prove(struct walk *walk, uint16_t door)
{
    static const enum lockbus_proof_kind kinds[] = {
        LOCKBUS_PROOF_RELEASE, LOCKBUS_PROOF_RELEASE, LOCKBUS_PROOF_REOPEN,
        LOCKBUS_PROOF_CANCEL};
    enum lockbus_proof_kind kind = kinds[roll(walk, 4)];
    struct rig *rig = walk->rig;
    const struct parcel *parcel = &walk->parcel[door];
    struct lockbus_error why;
    uint8_t proof[LOCKBUS_PROOF_LEN];
    uint32_t ticket;

    if (parcel->stay == 0) {
        return;
    }
    assert_true(world_proof(&rig->world, rig->cab,
                            (struct world_claim){door, parcel->stay, kind,
                                                 kind == LOCKBUS_PROOF_RELEASE
                                                     ? &parcel->release
                                                     : &rig->world.courier},
                            proof));
    if (lockbus_open_with_proof(rig->cab, proof, sizeof proof, &ticket, &why) ==
        LOCKBUS_OK) {
        walk->permits[door]++;
        walk->taken[door] = walk->taken[door] || kind != LOCKBUS_PROOF_REOPEN;
    }
}

static void service(struct walk *walk, uint16_t door)
{
    static const enum lockbus_service_action actions[] = {
        LOCKBUS_SERVICE_OPEN, LOCKBUS_SERVICE_CLEAR, LOCKBUS_SERVICE_BLOCK,
        LOCKBUS_SERVICE_UNBLOCK, LOCKBUS_SERVICE_UNBLOCK};
    enum lockbus_service_action action = actions[roll(walk, 5)];
    struct lockbus_error why;
    uint32_t ticket;

    if (rig_service(walk->rig, door, action, &ticket, &why) == LOCKBUS_OK) {
        walk->permits[door] += action == LOCKBUS_SERVICE_OPEN;
        walk->cleared[door] = action == LOCKBUS_SERVICE_CLEAR;
    }
}

static void vandal(struct walk *walk, uint16_t door)
{
    struct rig_leaf *leaf = &walk->rig->leaf[door];

    switch (roll(walk, 5)) {
    case 0:
        leaf->open = true;
        break;
    case 1:
        leaf->stuck = !leaf->stuck;
        break;
    case 2:
        leaf->sensor = (int)roll(walk, 3) - 1;
        break;
    case 3:
        leaf->sensor = 0;
        leaf->stuck = false;
        break;
    default:
        walk->rig->board[0].powered = !walk->rig->board[0].powered;
        break;
    }
}

static void people(struct walk *walk, uint16_t door)
{
    walk->rig->leaf[door].open = false;
    walk->rig->shut_after_us = roll(walk, 2) * 4000000;
}

static void wait_a_while(struct walk *walk)
{
    static const uint64_t ms[] = {20, 300, 2500, 25000, 70000, 130000};

    rig_run(walk->rig, ms[roll(walk, 6)]);
}

static void step(struct walk *walk)
{
    uint16_t door = (uint16_t)roll(walk, DOORS);

    switch (roll(walk, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        deposit(walk, door);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        prove(walk, door);
        break;
    case 8:
        service(walk, door);
        break;
    case 9:
    case 10:
        vandal(walk, door);
        break;
    case 11:
    case 12:
        people(walk, door);
        break;
    case 13:
        if (roll(walk, 12) == 0) {
            follow(walk);
            rig_crash(walk->rig);
        }
        break;
    default:
        wait_a_while(walk);
        break;
    }
    rig_run(walk->rig, 50);
    look(walk);
}

static void custody_moves_only_as_allowed(void **state)
{
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        struct walk *walk = calloc(1, sizeof *walk);

        assert_non_null(walk);
        walk->random = seed * UINT64_C(0x9E3779B97F4A7C15);
        walk->rig = rig_new();
        for (unsigned i = 0; i < DOORS; i++) {
            walk->custody[i] = LOCKBUS_CUSTODY_VACANT;
        }
        for (unsigned i = 0; i < STEPS; i++) {
            step(walk);
        }
        rig_free(walk->rig);
        free(walk);
    }
    (void)state;
}

static void note(struct rig *rig, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(rig->cab, door, &view, NULL), LOCKBUS_OK);
    met[view.latch][view.custody] = true;
}

/* Pairs that chance meets too seldom: jams, and leaves forced after them. */
static void rare_pairs_are_gone_to(void **state)
{
    enum { EMPTY = 0, LOADED = 1, TAKEN = 2 };
    struct rig *rig = rig_new();
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    note(rig, EMPTY);
    rig->leaf[EMPTY].stuck = rig->leaf[LOADED].stuck = true;
    assert_int_equal(
        rig_service(rig, EMPTY, LOCKBUS_SERVICE_OPEN, &ticket, &why),
        LOCKBUS_OK);
    rig_run(rig, 500);
    note(rig, EMPTY); /* RELEASING, VACANT */
    (void)rig_finish(rig, ticket);
    note(rig, EMPTY);

    assert_true(world_parcel(&rig->world, &parcel, LOADED, false, &why));
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, parcel.package, parcel.package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_OK);
    note(rig, LOADED); /* SHUT, LOADING: no permit yet */
    (void)rig_finish(rig, ticket);
    note(rig, LOADED); /* JAMMED, LOADING */
    rig->leaf[LOADED].open = true;
    rig_run(rig, 500);
    note(rig, LOADED); /* FORCED, LOADING */

    rig_deposit(rig, &parcel, TAKEN, false);
    rig->shut_after_us = 3000000;
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    rig_run(rig, 5000);
    rig->leaf[TAKEN].stuck = true;
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    rig_run(rig, 500);
    note(rig, TAKEN); /* RELEASING, EMPTYING */
    (void)rig_finish(rig, ticket);
    note(rig, TAKEN); /* JAMMED, EMPTYING */
    rig->leaf[TAKEN].open = true;
    rig_run(rig, 500);
    note(rig, TAKEN); /* FORCED, EMPTYING */
    assert_int_equal(rig_custody(rig, TAKEN), LOCKBUS_CUSTODY_EMPTYING);
    rig_free(rig);
    (void)state;
}

/* Runs last, on what the others met. UNKNOWN lasts from a board's return to
 * its first reading, which the host is told of together. */
static void every_pair_of_latch_and_custody_was_met(void **state)
{
    unsigned holes = 0;

    for (int latch = LB_LATCH_SHUT; latch < LB_LATCH_COUNT; latch++) {
        for (int custody = 1; custody <= 4; custody++) {
            if (!met[latch][custody]) {
                print_message(
                    "never met: %s with %s\n",
                    lb_latch_state_name((enum lb_latch_state)latch),
                    lockbus_custody_name((enum lockbus_custody)custody));
                holes++;
            }
        }
    }
    assert_int_equal(holes, 0);
    (void)state;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(custody_moves_only_as_allowed),
        cmocka_unit_test(rare_pairs_are_gone_to),
        cmocka_unit_test(every_pair_of_latch_and_custody_was_met),
    };

    return cmocka_run_group_tests_name("latch and custody", tests, NULL, NULL);
}
