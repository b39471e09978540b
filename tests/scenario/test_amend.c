/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Columns come and go while parcels lie behind other doors.
 */

#include "cabinet/cabinet.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { A07 = 6, D01 = 24 };

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

static void wire_boards(struct rig *rig, unsigned boards)
{
    assert_true(world_config(&rig->world, boards, "host:rig",
                             LB_SOURCE_DIR "/profiles", 115200));
    for (unsigned b = 0; b < RIG_BOARDS; b++) {
        rig->board[b].powered = b < boards;
    }
}

static void a_column_is_removed_and_parcels_stay(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_door view = {.size = sizeof view};
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, A07, false);
    rig_close(rig);
    wire_boards(rig, RIG_BOARDS - 1);
    if (!world_amend(&rig->world, &why)) {
        fail_msg("%s %s", lockbus_rule_name(why.rule), why.text);
    }
    rig_open(rig);
    assert_int_equal(lockbus_door_at(rig->cab, D01, &view, NULL),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_crash(rig);
    assert_int_equal(lockbus_door_at(rig->cab, D01, &view, NULL),
                     LOCKBUS_ERR_USAGE);
}

/* Blocks of nothing but the floor of time, until `number` is the next. */
static void fill(struct rig *rig, uint64_t number)
{
    struct lockbus_cabinet *cab = rig->cab;
    struct lb_record record = {.type = LB_REC_TIME, .door = LB_DOOR_NONE};

    while (lb_journal_durable(cab->journal) < number) {
        record.powered_ms = cab->gate.powered_ms;
        assert_true(lb_write(cab, &record, 1));
        lb_ask_commit(cab);
        lb_ask_worker_ended(cab);
    }
}

/* Its rows in one segment, what makes them the map in the next: the checkpoint
 * between them says what is staged. */
static void an_amendment_over_the_end_of_a_segment_has_its_doors(void **state)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    (void)state;

    for (unsigned left = 1; left <= 4; left++) {
        struct rig *rig = rig_new();
        struct parcel parcel;
        uint32_t ticket;

        rig_deposit(rig, &parcel, A07, false);
        fill(rig, LB_SEGMENT_BLOCKS - left);
        rig_close(rig);
        wire_boards(rig, RIG_BOARDS - 1);
        assert_true(world_amend(&rig->world, &why));
        rig_open(rig);
        assert_true(lb_journal_durable(rig->cab->journal) > LB_SEGMENT_BLOCKS);
        for (uint16_t n = 0; n < D01; n++) {
            assert_true(lb_gate_has_door(&rig->cab->gate, n));
        }
        assert_int_equal(rig_release(rig, &parcel, &ticket, &why), LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
        rig_free(rig);
    }
}

/* It never had a parcel, so nothing but its block is to be remembered, over a
 * checkpoint too. */
static void a_blocked_door_that_goes_and_comes_back_is_blocked(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_door view = {.size = sizeof view};
    uint32_t ticket;

    assert_int_equal(
        rig_service(rig, D01, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
        LOCKBUS_OK);
    (void)rig_finish(rig, ticket);
    rig_close(rig);
    wire_boards(rig, RIG_BOARDS - 1);
    assert_true(world_amend(&rig->world, &why));
    rig_open(rig);
    fill(rig, LB_SEGMENT_BLOCKS + 8);
    rig_close(rig);
    wire_boards(rig, RIG_BOARDS);
    assert_true(world_amend(&rig->world, &why));
    rig_open(rig);
    assert_int_equal(lockbus_door_at(rig->cab, D01, &view, NULL), LOCKBUS_OK);
    assert_true(view.blocked);
}

static unsigned refused_by_k7(struct rig *rig)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why;
    struct lockbus_entry entry;
    unsigned count = 0;

    assert_int_equal(lockbus_journal_open(&journal, rig_path(rig, "journal"),
                                          rig->escrow, &why),
                     LOCKBUS_OK);
    do {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        count += entry.kind == LOCKBUS_ENTRY_REFUSAL &&
                 entry.rule == LOCKBUS_RULE_K7;
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
    return count;
}

static void a_column_with_a_parcel_is_not_removed(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;

    rig_deposit(rig, &parcel, D01, false);
    rig_close(rig);
    wire_boards(rig, RIG_BOARDS - 1);
    assert_false(world_amend(&rig->world, &why));
    assert_int_equal(why.err, LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_K7);
    assert_int_equal(refused_by_k7(rig), 1);
    wire_boards(rig, RIG_BOARDS);
    rig_open(rig);
    assert_int_equal(rig_custody(rig, D01), LOCKBUS_CUSTODY_OCCUPIED);
}

static void a_door_that_comes_back_knows_its_old_grants(void **state)
{
    struct rig *rig = *state;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket;

    rig_deposit(rig, &parcel, D01, false);
    assert_int_equal(
        rig_service(rig, D01, LOCKBUS_SERVICE_CLEAR, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
    rig_close(rig);
    wire_boards(rig, RIG_BOARDS - 1);
    assert_true(world_amend(&rig->world, &why));
    rig_open(rig);
    rig_close(rig);
    wire_boards(rig, RIG_BOARDS);
    assert_true(world_amend(&rig->world, &why));
    rig_open(rig);
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, parcel.package, parcel.package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_D9);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_column_is_removed_and_parcels_stay),
        TEST(a_blocked_door_that_goes_and_comes_back_is_blocked),
        TEST(a_column_with_a_parcel_is_not_removed),
        TEST(a_door_that_comes_back_knows_its_old_grants),
        cmocka_unit_test(an_amendment_over_the_end_of_a_segment_has_its_doors),
    };

    return cmocka_run_group_tests_name("amendments", tests, NULL, NULL);
}
