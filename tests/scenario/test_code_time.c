/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The time of a code's answer must not say where parcels are. Time is what is
 * done until then: a write that is synced, and passes of Argon2id times its
 * memory, both counted here. Whatever refuses a code, and at whatever door, it
 * is as much as a wrong code costs at the dearest door.
 */

#include "cabinet/cabinet.h"
#include "rig.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum {
    CHEAP = 6, /* A07: one seal of 1 x 8192 KiB */
    DEAR = 15, /* B08: another, and one of 2 x 16384 */
    FREE = 3,  /* A04: no parcel */
    WORK = 8192 + 2 * 16384,
    MEM = 16384,
    NO_SEAL_WORK = LB_SEAL_OPS_DEFAULT * LB_SEAL_MEM_DEFAULT
};

/* ---- Derivations, counted ------------------------------------------------ */

static struct {
    const struct lockbus_cabinet *cab;
    uint64_t work, before; /* blocks that were durable when it was asked */
    uint32_t most_mem;
    unsigned calls;
    bool too_soon, no_memory;
} seen;

enum lockbus_err __real_lb_crypto_unseal(uint8_t seed[LB_SEED_LEN],
                                         const uint8_t seal[LB_SEAL_LEN],
                                         const uint8_t ad[LB_SEAL_AD_LEN],
                                         const char *password, size_t len);
enum lockbus_err __wrap_lb_crypto_unseal(uint8_t seed[LB_SEED_LEN],
                                         const uint8_t seal[LB_SEAL_LEN],
                                         const uint8_t ad[LB_SEAL_AD_LEN],
                                         const char *password, size_t len);

enum lockbus_err __wrap_lb_crypto_unseal(uint8_t seed[LB_SEED_LEN],
                                         const uint8_t seal[LB_SEAL_LEN],
                                         const uint8_t ad[LB_SEAL_AD_LEN],
                                         const char *password, size_t len)
{
    uint32_t mem = lb_get_u32(seal + 12);

    seen.calls++;
    seen.work += (uint64_t)lb_get_u32(seal + 8) * mem;
    seen.most_mem = mem > seen.most_mem ? mem : seen.most_mem;
    seen.too_soon =
        seen.too_soon || lb_journal_durable(seen.cab->journal) <= seen.before;
    if (seen.no_memory) {
        return LOCKBUS_ERR_NOMEM;
    }
    return seal[0] == 'L'
               ? __real_lb_crypto_unseal(seed, seal, ad, password, len)
               : LOCKBUS_ERR_DENIED; /* what pads: not needed to be counted */
}

/* ---- The scene ------------------------------------------------------------
 */

struct scene {
    struct rig *rig;
    struct parcel cheap, dear;
};

static struct scene scene;

static void second_seal(void)
{
    struct rig *rig = scene.rig;
    struct lockbus_code_form form = {.opslimit = 2, .memory_kib = MEM};
    char code[LOCKBUS_CODE_TEXT_MAX];
    uint8_t seal[LOCKBUS_SEAL_LEN];
    struct lockbus_error why;
    uint32_t ticket;

    assert_int_equal(lockbus_issue_code(code, seal, &form, DEAR,
                                        rig->world.cabinet_id, scene.dear.stay,
                                        scene.dear.release.seed, &why),
                     LOCKBUS_OK);
    assert_int_equal(
        lockbus_seal(rig->cab, DEAR, seal, sizeof seal, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_DONE);
}

static int set_up(void **state)
{
    (void)state;
    scene.rig = rig_new();
    rig_deposit(scene.rig, &scene.cheap, CHEAP, true);
    rig_deposit(scene.rig, &scene.dear, DEAR, true);
    second_seal();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(scene.rig);
    memset(&seen, 0, sizeof seen);
    return 0;
}

static void begin(void)
{
    memset(&seen, 0, sizeof seen);
    seen.cab = scene.rig->cab;
    seen.before = lb_journal_durable(scene.rig->cab->journal);
}

/* A code that is right for no door. */
static void wrong_code(char *code, unsigned door)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    (void)snprintf(code, LOCKBUS_CODE_TEXT_MAX, "%c%c-AAAA-AAAA",
                   digits[door / 32], digits[door % 32]);
}

/* ---- Every rule -----------------------------------------------------------
 */

static struct lb_gate_door *gate_door(void)
{
    return &scene.rig->cab->gate_doors[CHEAP];
}

static void blocked(void)
{
    gate_door()->blocked = true;
}

static void frozen(void)
{
    gate_door()->frozen = true;
}

static void uses_spent(void)
{
    gate_door()->release_spent = gate_door()->release_uses;
}

static void no_token(void)
{
    struct lb_gate *gate = &scene.rig->cab->gate;

    gate->bucket[LB_BUCKET_RELEASE].level = 0;
    gate->bucket[LB_BUCKET_RELEASE].at_ms = gate->powered_ms;
    gate->manifest.limits.per_hour = 1;
}

static void none_may_open(void)
{
    scene.rig->cab->gate.manifest.limits.max_open_occupied = 0;
}

static void tries_spent(void)
{
    struct lb_gate_door *d = gate_door();

    for (size_t i = 0; i < LB_TRIES_MAX; i++) {
        d->tries_s[i] = UINT32_MAX;
    }
}

static void board_away(void)
{
    scene.rig->board[0].powered = false;
    rig_run(scene.rig, 10000);
}

static struct row {
    const char *name;
    unsigned door;
    void (*before)(void);
    enum lockbus_rule rule;
} rows[] = {
    {"a door without a parcel", FREE, NULL, LOCKBUS_RULE_C1},
    {"a door that is not there", 900, NULL, LOCKBUS_RULE_C1},
    {"a wrong code at the dearest door", DEAR, NULL, LOCKBUS_RULE_C4},
    {"a wrong code at a door with one cheap seal", CHEAP, NULL,
     LOCKBUS_RULE_C4},
    {"a blocked door", CHEAP, blocked, LOCKBUS_RULE_P3},
    {"a board that is away", CHEAP, board_away, LOCKBUS_RULE_P3},
    {"a frozen stay", CHEAP, frozen, LOCKBUS_RULE_P4},
    {"uses that are spent", CHEAP, uses_spent, LOCKBUS_RULE_P7},
    {"an empty bucket", CHEAP, no_token, LOCKBUS_RULE_P8},
    {"too many open doors", CHEAP, none_may_open, LOCKBUS_RULE_P9},
    {"tries that are spent", CHEAP, tries_spent, LOCKBUS_RULE_C2},
};

static void every_refusal_costs_the_same(void **state)
{
    const struct row *row = *state;
    char code[LOCKBUS_CODE_TEXT_MAX];
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;

    assert_int_equal(set_up(NULL), 0);
    struct rig *rig = scene.rig;

    if (row->before != NULL) {
        row->before();
    }
    unsigned pulses = rig_pulses(rig);

    wrong_code(code, row->door);
    begin();
    assert_int_equal(lockbus_release_with_code(rig->cab, code, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(seen.calls, 0); /* nothing that blocks in the call */
    struct lockbus_event end = rig_finish(rig, ticket);

    assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
    assert_string_equal(lockbus_rule_name(end.rule),
                        lockbus_rule_name(row->rule));
    assert_int_equal(seen.work, WORK);
    assert_int_equal(seen.most_mem, MEM);
    assert_false(seen.too_soon);
    rig_run(rig, 5000);
    assert_int_equal(rig_pulses(rig), pulses);
    assert_int_equal(tear_down(NULL), 0);
}

/* The stay ends while the try is on its way to the disk. */
static void a_stay_that_ends_meanwhile_costs_the_same(void **state)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    uint32_t code, clear;

    (void)state;
    begin();
    assert_int_equal(
        lockbus_release_with_code(rig->cab, scene.cheap.code, &code, &why),
        LOCKBUS_OK);
    assert_int_equal(
        rig_service(rig, CHEAP, LOCKBUS_SERVICE_CLEAR, &clear, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, code).rule, LOCKBUS_RULE_P4);
    assert_int_equal(seen.work, WORK);
}

static void without_any_seal_it_costs_what_issuing_makes(void **state)
{
    struct rig *rig = rig_new();
    struct lockbus_error why;
    char code[LOCKBUS_CODE_TEXT_MAX];
    uint32_t ticket;

    (void)state;
    memset(&seen, 0, sizeof seen);
    seen.cab = rig->cab;
    wrong_code(code, FREE);
    assert_int_equal(lockbus_release_with_code(rig->cab, code, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).rule, LOCKBUS_RULE_C1);
    assert_int_equal(seen.work, NO_SEAL_WORK);
    rig_free(rig);
}

static void what_is_no_code_is_refused_at_once(void **state)
{
    static const char *const texts[] = {"", "06", "06-AAAA", "06-AAAA-AA!A"};
    struct lockbus_error why;
    uint32_t ticket;

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(
            lockbus_release_with_code(scene.rig->cab, texts[i], &ticket, &why),
            LOCKBUS_ERR_DENIED);
        assert_int_equal(why.rule, LOCKBUS_RULE_C1);
    }
    rig_run(scene.rig, 1000);
    assert_int_equal(seen.calls, 0);
}

/* A code for no parcel must not keep others from that door. */
static void a_refused_code_holds_no_door(void **state)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    char code[LOCKBUS_CODE_TEXT_MAX];
    uint32_t ticket, order;

    (void)state;
    wrong_code(code, FREE);
    begin();
    assert_int_equal(lockbus_release_with_code(rig->cab, code, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_service(rig, FREE, LOCKBUS_SERVICE_OPEN, &order, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_REFUSED);
    rig_run(rig, 3000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_OPENED, FREE), 1);
}

/* ---- Junk -----------------------------------------------------------------
 */

static void junk_is_taken_once_a_second_and_costs_a_block_each(void **state)
{
    enum { SECONDS = 20, STEP_MS = 100 };
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    char code[LOCKBUS_CODE_TEXT_MAX];
    unsigned taken = 0, busy = 0;
    uint32_t ticket;

    (void)state;
    wrong_code(code, FREE);
    begin();
    for (int i = 0; i < SECONDS * 1000 / STEP_MS; i++) {
        enum lockbus_err err =
            lockbus_release_with_code(rig->cab, code, &ticket, &why);

        if (err == LOCKBUS_OK) {
            taken++;
        } else {
            assert_int_equal(err, LOCKBUS_ERR_BUSY);
            assert_string_equal(why.field, "code");
            busy++;
        }
        rig_run(rig, STEP_MS);
    }
    assert_in_range(taken, SECONDS, SECONDS + LB_CODE_BURST);
    assert_true(busy > taken);
    assert_in_range(lb_journal_durable(rig->cab->journal) - seen.before, taken,
                    taken + 3);
    /* and the right one has its turn */
    rig_run(rig, 1000);
    assert_int_equal(
        lockbus_release_with_code(rig->cab, scene.cheap.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
}

/* ---- Memory ---------------------------------------------------------------
 */

static void without_memory_a_right_code_is_not_called_wrong(void **state)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    unsigned pulses = rig_pulses(rig);
    uint32_t ticket;

    (void)state;
    begin();
    seen.no_memory = true;
    assert_int_equal(
        lockbus_release_with_code(rig->cab, scene.cheap.code, &ticket, &why),
        LOCKBUS_OK);
    struct lockbus_event end = rig_finish(rig, ticket);

    assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
    assert_int_equal(end.rule, LOCKBUS_RULE_C3);
    assert_int_equal(rig_pulses(rig), pulses);
    begin();
    assert_int_equal(
        lockbus_release_with_code(rig->cab, scene.cheap.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_stay_that_ends_meanwhile_costs_the_same),
        cmocka_unit_test(without_any_seal_it_costs_what_issuing_makes),
        TEST(what_is_no_code_is_refused_at_once),
        TEST(a_refused_code_holds_no_door),
        TEST(junk_is_taken_once_a_second_and_costs_a_block_each),
        TEST(without_memory_a_right_code_is_not_called_wrong),
    };
    static struct CMUnitTest each[COUNT(rows)];

    for (size_t i = 0; i < COUNT(rows); i++) {
        each[i] = (struct CMUnitTest){.name = rows[i].name,
                                      .test_func = every_refusal_costs_the_same,
                                      .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("refusals of codes", each, NULL, NULL) +
           cmocka_run_group_tests_name("codes", tests, NULL, NULL);
}
