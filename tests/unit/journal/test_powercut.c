/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The power is cut after every byte and every call of a history, once for
 * each way in which a disk may treat what was not synced. Afterwards the
 * journal must open; what was promised must be there, once; and nothing may
 * be there that was never appended.
 *
 * (A chain alone cannot tell a cut from somebody's cutting the end off at a
 * block's edge: test_verify.c shows that, and what an anchor is for.)
 */

#include "toy_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COMMITS = 3, FIRST_SEGMENT = LB_SEGMENT_BLOCKS };

static const enum sim_disk_tear tears[] = {SIM_DISK_KEEP, SIM_DISK_FORGET,
                                           SIM_DISK_SCATTER, SIM_DISK_GARBAGE};

/* Opens after a cut and holds the journal to its promises. */
static void must_recover(struct toy_host *host, struct sim_disk *disk,
                         uint32_t promised, uint32_t appended)
{
    struct lb_recovery recovery;

    assert_int_equal(toy_open(host, disk, &recovery), LOCKBUS_OK);
    assert_false(recovery.damage_before);
    assert_in_range(host->toy.last, promised, appended);
    assert_true(toy_is_history(&host->toy));
}

static void must_verify(struct toy_host *host)
{
    struct toy toy;
    struct lb_verify_report report;
    struct lb_journal_visitor visitor = toy_visitor(&toy);

    memset(&toy, 0, sizeof toy);
    assert_int_equal(
        lb_journal_verify(&host->store, host->root_key, &visitor, &report),
        LOCKBUS_OK);
    assert_true(toy_is_history(&toy));
    assert_int_equal(toy.last, host->toy.last);
}

/* A young journal: every byte of every commit, making it included. */
static bool young_cut_at(uint64_t cut, enum sim_disk_tear tear)
{
    struct sim_disk disk;
    struct toy_host *host = test_calloc(1, sizeof *host);

    sim_disk_init(&disk);
    disk.cut_after = cut;
    disk.tear = tear;
    disk.seed = (uint32_t)cut;
    bool made = toy_make(host, &disk) == LOCKBUS_OK;

    for (int i = 0; made && i < COMMITS && toy_commit(host); i++) {
    }
    bool was_cut = disk.cut;
    uint32_t promised = host->promised, appended = host->appended;

    sim_disk_reboot(&disk);
    if (disk.next == 0) {
        /* Nothing was promised: it can be made again. */
        assert_false(made);
        assert_int_equal(toy_make(host, &disk), LOCKBUS_OK);
    } else {
        must_recover(host, &disk, promised, appended);
    }
    assert_true(toy_commit(host));
    assert_int_equal(host->promised, host->appended);
    lb_journal_close(&host->journal);
    sim_disk_deinit(&disk);
    test_free(host);
    return was_cut;
}

static void a_young_journal_survives_a_cut_at_any_byte(void **state)
{
    enum sim_disk_tear tear = *(const enum sim_disk_tear *)*state;

    /* Written in order, every byte is a case of its own; the others differ
     * by sector, and a step that is no divisor of one meets each anew. */
    uint64_t step = tear == SIM_DISK_KEEP ? 1 : 61;

    for (uint64_t cut = 0; young_cut_at(cut, tear); cut += step) {
    }
}

/* ---- Across a change of segment ------------------------------------------ */

struct era {
    struct sim_disk disk; /* two blocks before the segment is full */
    struct toy_host host;
};

static int grow(void **state)
{
    struct era *era = calloc(1, sizeof *era);

    sim_disk_init(&era->disk);
    if (toy_make(&era->host, &era->disk) != LOCKBUS_OK ||
        !toy_commit_until(&era->host, FIRST_SEGMENT - 2)) {
        return -1;
    }
    *state = era;
    return 0;
}

static int shrink(void **state)
{
    struct era *era = *state;

    sim_disk_deinit(&era->disk);
    free(era);
    return 0;
}

/* Runs until the power goes, over the end of the segment, its successor's
 * whole checkpoint and the key file's change. */
static bool run_to_cut(struct toy_host *host)
{
    while (host->appended < host->promised + 1 &&
           lb_journal_durable(&host->journal) < FIRST_SEGMENT + 7) {
        if (!toy_commit(host)) {
            return false;
        }
    }
    return true;
}

static bool era_cut_at(const struct era *era, uint64_t first, uint64_t second,
                       enum sim_disk_tear tear)
{
    struct sim_disk disk;
    struct toy_host *host = test_calloc(1, sizeof *host);
    const uint64_t cut[] = {first, second};
    bool was_cut = false;

    sim_disk_init(&disk);
    sim_disk_copy(&disk, &era->disk);
    must_recover(host, &disk, era->host.promised, era->host.appended);
    memcpy(host->root_key, era->host.root_key, sizeof host->root_key);
    for (size_t i = 0; i < 2; i++) {
        disk.cost = 0;
        disk.cut_after = cut[i];
        disk.tear = tear;
        disk.seed = (uint32_t)(first * 31 + second);
        was_cut = !run_to_cut(host);
        uint32_t promised = host->promised, appended = host->appended;

        sim_disk_reboot(&disk);
        must_recover(host, &disk, promised, appended);
    }
    assert_true(toy_commit_until(host, FIRST_SEGMENT + 8));
    assert_int_equal(host->journal.key_count, 1);
    must_verify(host);
    lb_journal_close(&host->journal);
    sim_disk_deinit(&disk);
    test_free(host);
    return was_cut;
}

/* Where in a write a cut can matter: its edges, and inside each part. */
static bool is_class(uint64_t cut)
{
    static const uint16_t at[] = {0,    1,    2,    3,    4,    511,
                                  512,  513,  2048, 3967, 3968, 4000,
                                  4032, 4036, 4037, 4095};

    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        if (cut % (LB_BLOCK_LEN + 1) == at[i]) {
            return true;
        }
    }
    return false;
}

static void a_change_of_segment_survives_a_cut(void **state)
{
    const struct era *era = *state;
    bool was_cut = true;

    /* One write and one sync a commit, so the classes drift by the few calls
     * for keys and segments: the neighbours in the list cover that. */
    for (uint64_t cut = 0; was_cut; cut++) {
        if (is_class(cut)) {
            was_cut = era_cut_at(era, UINT64_MAX, cut, tears[cut % 4]) ||
                      cut < 2 * LB_BLOCK_LEN;
            was_cut = era_cut_at(era, cut, UINT64_MAX, tears[cut % 4]) ||
                      cut < 10 * LB_BLOCK_LEN;
        }
        if (cut > 12 * LB_BLOCK_LEN) {
            break;
        }
    }
}

static void
a_second_cut_while_it_recovers_from_the_first_is_survived(void **state)
{
    const struct era *era = *state;
    uint32_t dice = 1;

    for (int i = 0; i < 60; i++) {
        dice = dice * 1664525u + 1013904223u;
        uint64_t first = dice >> 8 & 0x7fff;

        dice = dice * 1664525u + 1013904223u;
        (void)era_cut_at(era, first, dice >> 8 & 0x7fff, tears[i % 4]);
    }
}

int main(void)
{
    static const char *const names[] = {
        "a young journal survives a cut at any byte, written in order",
        "a young journal survives a cut at any byte, unsynced forgotten",
        "a young journal survives a cut at any byte, sectors scattered",
        "a young journal survives a cut at any byte, a sector of noise"};
    static struct CMUnitTest young[4];
    const struct CMUnitTest old[] = {
        cmocka_unit_test(a_change_of_segment_survives_a_cut),
        cmocka_unit_test(
            a_second_cut_while_it_recovers_from_the_first_is_survived),
    };

    lb_crypto_init();
    for (size_t i = 0; i < 4; i++) {
        young[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func = a_young_journal_survives_a_cut_at_any_byte,
            .initial_state = (void *)(uintptr_t)&tears[i]};
    }
    int failed =
        cmocka_run_group_tests_name("young journal", young, NULL, NULL);

    return failed +
           cmocka_run_group_tests_name("change of segment", old, grow, shrink);
}
