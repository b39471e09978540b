/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a back end, a gateway or a person may hand over that is not what it
 * should be: cut at every byte, too long, something else, somebody else's.
 * Each is refused by its rule, no door moves, nothing but the refusal is on
 * record, and what is good is taken right after.
 */

#include "bad.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { A07 = 6, FREE_DOOR = 3, SERVICE_DOOR = 9, HUGE_LEN = 1024 * 1024 };

enum kind { PACKAGE, SEAL, PROOF, ORDER, MANIFEST, KINDS, COMMISSION = KINDS };

static const struct form {
    const char *name;
    enum lockbus_err err;
    enum lockbus_rule rule;
    const char *field;
} forms[KINDS] = {
    [PACKAGE] = {"package", LOCKBUS_ERR_DENIED, LOCKBUS_RULE_D1, ""},
    [PROOF] = {"proof", LOCKBUS_ERR_DENIED, LOCKBUS_RULE_P1, ""},
    [ORDER] = {"order", LOCKBUS_ERR_DENIED, LOCKBUS_RULE_S1, ""},
    [MANIFEST] = {"manifest", LOCKBUS_ERR_DENIED, LOCKBUS_RULE_M1, ""},
    [SEAL] = {"seal", LOCKBUS_ERR_DENIED, LOCKBUS_RULE_L1, ""},
};

struct paper {
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];
    size_t len;
};

struct scene {
    struct rig *rig;
    struct parcel behind, coming; /* at A07; for FREE_DOOR */
    struct paper paper[KINDS + 1];
    unsigned denied;
    struct calm calm;
};

static void put_paper(struct paper *paper, const void *bytes, size_t len)
{
    assert_true(len <= sizeof paper->bytes);
    memcpy(paper->bytes, bytes, len);
    paper->len = len;
}

/* One of each that is good, all at once. */
static void write_papers(struct scene *scene)
{
    struct world *world = &scene->rig->world;
    struct lockbus_cabinet *cab = scene->rig->cab;
    struct lockbus_code_form form = {.opslimit = 1, .memory_kib = 8192};
    struct lockbus_error why;
    struct paper *paper = scene->paper;
    char code[LOCKBUS_CODE_TEXT_MAX];

    assert_true(world_parcel(world, &scene->coming, FREE_DOOR, false, &why));
    put_paper(&paper[PACKAGE], scene->coming.package,
              scene->coming.package_len);
    assert_true(world_proof(world, cab,
                            (struct world_claim){A07, scene->behind.stay,
                                                 LOCKBUS_PROOF_RELEASE,
                                                 &scene->behind.release},
                            paper[PROOF].bytes));
    paper[PROOF].len = LOCKBUS_PROOF_LEN;
    assert_true(world_order(world, cab, SERVICE_DOOR, LOCKBUS_SERVICE_OPEN,
                            paper[ORDER].bytes));
    paper[ORDER].len = LOCKBUS_ORDER_LEN;
    world->manifest_no++;
    assert_true(world_manifest(world, paper[MANIFEST].bytes,
                               &paper[MANIFEST].len, &why));
    assert_int_equal(lockbus_issue_code(code, paper[SEAL].bytes, &form, A07,
                                        world->cabinet_id, scene->behind.stay,
                                        scene->behind.release.seed, &why),
                     LOCKBUS_OK);
    paper[SEAL].len = LOCKBUS_SEAL_LEN;
    struct lockbus_commission order = {.region = 7, .order_no = 1, .doors = 8};

    assert_int_equal(lockbus_issue_commission(paper[COMMISSION].bytes, &order,
                                              &world->operations,
                                              &world->security, &why),
                     LOCKBUS_OK);
    paper[COMMISSION].len = LOCKBUS_COMMISSION_LEN;
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    scene->rig = rig_new();
    rig_deposit(scene->rig, &scene->behind, A07, false);
    rig_run(scene->rig, 2000);
    write_papers(scene);
    calm_take(&scene->calm, scene->rig);
    scene->denied = bad_refusals(scene->rig);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    rig_free(scene->rig);
    free(scene);
    return 0;
}

static enum lockbus_err present(struct scene *scene, enum kind kind,
                                const uint8_t *bytes, size_t len,
                                uint32_t *ticket, struct lockbus_error *why)
{
    struct lockbus_cabinet *cab = scene->rig->cab;

    switch (kind) {
    case PACKAGE:
        return lockbus_deposit_with_key(
            cab, bytes, len, scene->rig->world.courier.seed, ticket, why);
    case PROOF:
        return lockbus_open_with_proof(cab, bytes, len, ticket, why);
    case ORDER:
        return lockbus_service(cab, bytes, len, ticket, why);
    case MANIFEST:
        return lockbus_manifest(cab, bytes, len, ticket, why);
    case SEAL:
        return lockbus_seal(cab, A07, bytes, len, ticket, why);
    case COMMISSION:
    default:
        fail_msg("nothing takes this");
        return LOCKBUS_ERR_USAGE;
    }
}

/* From memory of just that length, so that a byte too many is noticed. */
static void refused(struct scene *scene, enum kind kind, const uint8_t *bytes,
                    size_t len, const char *what)
{
    const struct form *form = &forms[kind];
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t *exact = malloc(len != 0 ? len : 1);
    uint32_t ticket = 77;

    assert_non_null(exact);
    memcpy(exact, bytes, len);
    enum lockbus_err err = present(scene, kind, exact, len, &ticket, &why);

    free(exact);
    if (err != form->err || why.err != err || why.rule != form->rule ||
        strcmp(why.field, form->field) != 0 || why.text[0] == '\0' ||
        ticket != 77) {
        fail_msg("%s as a %s of %zu bytes: %s %s %s %s, ticket %u", what,
                 form->name, len, lockbus_err_name(err),
                 lockbus_rule_name(why.rule), why.field, why.text, ticket);
    }
    scene->denied += err == LOCKBUS_ERR_DENIED;
}

/* Nothing moved; every refusal is on record; each good paper is taken. */
static void all_is_well(struct scene *scene)
{
    static const enum lockbus_event_kind ends[KINDS] = {
        [PACKAGE] = LOCKBUS_EVENT_OPENED, [PROOF] = LOCKBUS_EVENT_OPENED,
        [ORDER] = LOCKBUS_EVENT_OPENED,   [MANIFEST] = LOCKBUS_EVENT_DONE,
        [SEAL] = LOCKBUS_EVENT_DONE,
    };
    struct rig *rig = scene->rig;
    struct lockbus_error why;
    uint32_t ticket;

    rig_run(rig, 2500);
    calm_check(&scene->calm, rig, "after all refusals");
    assert_int_equal(bad_refusals(rig), scene->denied);
    for (int kind = 0; kind < KINDS; kind++) {
        const struct paper *good = &scene->paper[kind];

        if (present(scene, (enum kind)kind, good->bytes, good->len, &ticket,
                    &why) != LOCKBUS_OK) {
            fail_msg("the good %s: %s %s", forms[kind].name,
                     lockbus_rule_name(why.rule), why.text);
        }
        assert_int_equal(rig_finish(rig, ticket).kind, ends[kind]);
    }
    assert_int_equal(rig_pulses(rig), scene->calm.pulses + 3);
}

static void whatever_is_cut_at_any_byte_is_refused(void **state)
{
    struct scene *scene = *state;

    for (int kind = 0; kind < KINDS; kind++) {
        const struct paper *good = &scene->paper[kind];

        for (size_t len = 0; len < good->len; len++) {
            refused(scene, (enum kind)kind, good->bytes, len, "a cut");
        }
    }
    all_is_well(scene);
}

/* Every bit of what is signed, but for the manifest, whose every byte costs
 * two signatures and more. */
static void whatever_has_a_flipped_bit_is_refused(void **state)
{
    static const enum kind kinds[] = {PACKAGE, PROOF, ORDER, MANIFEST};
    struct scene *scene = *state;
    struct lockbus_error why;
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];
    uint32_t ticket = 77;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct paper *good = &scene->paper[kinds[i]];
        size_t step = kinds[i] == MANIFEST ? 9 : 1;

        for (size_t bit = 0; bit < 8 * good->len; bit += step) {
            memcpy(bytes, good->bytes, good->len);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            enum lockbus_err err =
                present(scene, kinds[i], bytes, good->len, &ticket, &why);

            if (err != LOCKBUS_ERR_DENIED || ticket != 77) {
                fail_msg("%s, bit %zu: %s", forms[kinds[i]].name, bit,
                         lockbus_err_name(err));
            }
            scene->denied++;
        }
    }
    all_is_well(scene);
}

static void whatever_is_too_long_is_refused(void **state)
{
    static const size_t more[] = {1, 2, 3, 7, 8, 64, 4096, HUGE_LEN};
    static const uint8_t fill[] = {0x00, 0x0A, 0x41, 0xFF};
    struct scene *scene = *state;
    uint8_t *big = malloc(LOCKBUS_MANIFEST_MAX + HUGE_LEN);

    assert_non_null(big);
    for (int kind = 0; kind < KINDS; kind++) {
        const struct paper *good = &scene->paper[kind];

        for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
            for (size_t k = 0; k < sizeof fill; k++) {
                memcpy(big, good->bytes, good->len);
                memset(big + good->len, fill[k], more[i]);
                refused(scene, (enum kind)kind, big, good->len + more[i],
                        "an extension");
            }
        }
        memcpy(big, good->bytes, good->len); /* the same twice */
        memcpy(big + good->len, good->bytes, good->len);
        if (kind != PACKAGE) { /* of a field that comes twice the last counts */
            refused(scene, (enum kind)kind, big, 2 * good->len, "a double");
        }
    }
    free(big);
    all_is_well(scene);
}

static void one_thing_in_place_of_another_is_refused(void **state)
{
    static const char *const files[] = {"cabinet.ini", "manifest.ini"};
    struct scene *scene = *state;
    uint8_t text[LOCKBUS_MANIFEST_MAX * 4];

    for (int kind = 0; kind < KINDS; kind++) {
        for (int other = 0; other <= COMMISSION; other++) {
            if (other != kind) {
                refused(scene, (enum kind)kind, scene->paper[other].bytes,
                        scene->paper[other].len,
                        other == COMMISSION ? "a commissioning order"
                                            : forms[other].name);
            }
        }
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
            size_t len =
                bad_read(rig_path(scene->rig, files[i]), text, sizeof text);

            refused(scene, (enum kind)kind, text, len, files[i]);
        }
        refused(scene, (enum kind)kind, scene->coming.grant, LOCKBUS_GRANT_LEN,
                "a grant without its package");
    }
    all_is_well(scene);
}

static void noise_of_the_right_length_is_refused(void **state)
{
    struct scene *scene = *state;
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];

    for (int kind = 0; kind < KINDS; kind++) {
        size_t len = scene->paper[kind].len;
        uint32_t dice = 99;

        memset(bytes, 0x00, len);
        refused(scene, (enum kind)kind, bytes, len, "zeros");
        memset(bytes, 0xFF, len);
        refused(scene, (enum kind)kind, bytes, len, "ones");
        memset(bytes, 'A', len);
        refused(scene, (enum kind)kind, bytes, len, "letters");
        for (int round = 0; round < 200; round++) {
            for (size_t i = 0; i < len; i++) {
                dice = dice * 1103515245U + 12345U;
                bytes[i] = (uint8_t)(dice >> 16);
            }
            bytes[0] |= 0x80; /* no magic begins so, and no package */
            refused(scene, (enum kind)kind, bytes, len, "noise");
        }
    }
    all_is_well(scene);
}

static void codes_of_no_form_are_refused_and_cost_no_try(void **state)
{
    struct scene *scene = *state;
    char *huge = malloc(HUGE_LEN);
    const char *const rows[] = {
        "",
        " ",
        "A",
        "\n",
        "\xEF\xBB\xBF",
        "\xFF\xFE\xFD",
        "\x01\x02",
        "00000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000",
        "%s%n%s%n%s%n",
        "';--",
        "A07; open all",
        huge};

    assert_non_null(huge);
    memset(huge, 'B', HUGE_LEN - 1);
    huge[HUGE_LEN - 1] = '\0';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lockbus_error why;
        uint32_t ticket;

        if (lockbus_release_with_code(scene->rig->cab, rows[i], &ticket,
                                      &why) != LOCKBUS_ERR_DENIED ||
            why.rule != LOCKBUS_RULE_C1) {
            fail_msg("code %zu: %s %s", i, lockbus_rule_name(why.rule),
                     why.text);
        }
        scene->denied++;
    }
    free(huge);
    all_is_well(scene);
}

static void arguments_that_are_missing_are_the_programs_fault(void **state)
{
    struct scene *scene = *state;
    const struct paper *good = &scene->paper[PROOF];
    struct lockbus_error why;
    uint32_t ticket;

    for (int kind = 0; kind < KINDS; kind++) {
        why.text[0] = '\0';
        assert_int_equal(
            present(scene, (enum kind)kind, NULL, 8, &ticket, &why),
            LOCKBUS_ERR_USAGE);
        assert_string_equal(why.field, "arguments");
        assert_true(why.text[0] != '\0');
        assert_int_equal(
            present(scene, (enum kind)kind, good->bytes, good->len, NULL, &why),
            LOCKBUS_ERR_USAGE);
        assert_int_equal(present(scene, (enum kind)kind, good->bytes, good->len,
                                 &ticket, NULL),
                         LOCKBUS_ERR_USAGE);
    }
    assert_int_equal(
        lockbus_release_with_code(scene->rig->cab, NULL, &ticket, &why),
        LOCKBUS_ERR_USAGE);
    all_is_well(scene);
}

/* ---- Somebody else's --------------------------------------------------- */

static void denied_by(struct scene *scene, enum kind kind,
                      const struct paper *paper, enum lockbus_rule rule)
{
    struct lockbus_error why;
    uint32_t ticket;

    if (present(scene, kind, paper->bytes, paper->len, &ticket, &why) !=
            LOCKBUS_ERR_DENIED ||
        why.rule != rule) {
        fail_msg("a foreign %s: %s, not %s", forms[kind].name,
                 lockbus_rule_name(why.rule), lockbus_rule_name(rule));
    }
    scene->denied++;
}

/* The same keys, another cabinet of the same operator. */
static void what_is_for_another_cabinet_is_refused(void **state)
{
    struct scene *scene = *state;
    struct world other = scene->rig->world;
    struct lockbus_error why;
    struct parcel parcel;
    struct paper paper;

    other.cabinet_id[3] ^= 1;
    assert_true(world_parcel(&other, &parcel, FREE_DOOR, false, &why));
    put_paper(&paper, parcel.package, parcel.package_len);
    denied_by(scene, PACKAGE, &paper, LOCKBUS_RULE_D4);
    assert_true(world_proof(&other, scene->rig->cab,
                            (struct world_claim){A07, scene->behind.stay,
                                                 LOCKBUS_PROOF_RELEASE,
                                                 &scene->behind.release},
                            paper.bytes));
    paper.len = LOCKBUS_PROOF_LEN;
    denied_by(scene, PROOF, &paper, LOCKBUS_RULE_P2);
    assert_true(world_order(&other, scene->rig->cab, SERVICE_DOOR,
                            LOCKBUS_SERVICE_OPEN, paper.bytes));
    paper.len = LOCKBUS_ORDER_LEN;
    denied_by(scene, ORDER, &paper, LOCKBUS_RULE_S3);
    all_is_well(scene);
}

/* Another operator: none of his keys is known here. */
static void what_another_operator_signed_is_refused(void **state)
{
    struct scene *scene = *state;
    const struct world *ours = &scene->rig->world;
    struct lockbus_error why;
    struct world other;
    struct parcel parcel;
    struct paper paper;

    assert_true(world_init(&other, ours->dir, 9, ours->now_unix));
    memcpy(other.cabinet_id, ours->cabinet_id, sizeof other.cabinet_id);
    other.manifest_no = ours->manifest_no + 1;
    other.order_no = ours->order_no;
    other.next_stay = ours->next_stay;
    assert_true(world_parcel(&other, &parcel, FREE_DOOR, false, &why));
    put_paper(&paper, parcel.package, parcel.package_len);
    denied_by(scene, PACKAGE, &paper, LOCKBUS_RULE_D2);
    assert_true(world_proof(&other, scene->rig->cab,
                            (struct world_claim){A07, scene->behind.stay,
                                                 LOCKBUS_PROOF_RELEASE,
                                                 &parcel.release},
                            paper.bytes));
    paper.len = LOCKBUS_PROOF_LEN;
    denied_by(scene, PROOF, &paper, LOCKBUS_RULE_P6);
    assert_true(world_order(&other, scene->rig->cab, SERVICE_DOOR,
                            LOCKBUS_SERVICE_OPEN, paper.bytes));
    paper.len = LOCKBUS_ORDER_LEN;
    denied_by(scene, ORDER, &paper, LOCKBUS_RULE_S2);
    assert_true(world_manifest(&other, paper.bytes, &paper.len, &why));
    denied_by(scene, MANIFEST, &paper, LOCKBUS_RULE_M2);
    all_is_well(scene);
}

/* ---- Commissioning ------------------------------------------------------ */

/* What the two papers become before they are handed over. */
static void refused_commissioning(struct rig *rig, const struct paper *manifest,
                                  const struct paper *order,
                                  enum lockbus_rule rule)
{
    struct lockbus_error why;
    uint8_t escrow[32];
    char config[WORLD_PATH + 64], journal[WORLD_PATH + 64];

    (void)snprintf(config, sizeof config, "%s", rig_path(rig, "cabinet.ini"));
    (void)snprintf(journal, sizeof journal, "%s", rig_path(rig, "journal"));
    if (lockbus_cabinet_commission(config, manifest->bytes, manifest->len,
                                   order->bytes, order->len, escrow,
                                   &why) != LOCKBUS_ERR_DENIED ||
        why.rule != rule) {
        fail_msg("commissioning: %s, not %s", lockbus_rule_name(why.rule),
                 lockbus_rule_name(rule));
    }
    assert_int_equal(access(journal, F_OK), -1); /* nothing was begun */
}

static void a_commissioning_of_bad_papers_makes_no_journal(void **state)
{
    struct rig *rig = rig_new_closed();
    struct lockbus_commission order = {
        .region = rig->world.region,
        .order_no = (uint64_t)rig->world.epoch << 32 | 9,
    };
    struct lockbus_error why;
    struct paper manifest, first, cut;
    char config[WORLD_PATH + 64];

    (void)state;
    (void)snprintf(config, sizeof config, "%s", rig_path(rig, "cabinet.ini"));
    char gone[WORLD_PATH + 64];

    (void)snprintf(gone, sizeof gone, "%s", rig_path(rig, "away"));
    assert_int_equal(rename(rig_path(rig, "journal"), gone), 0);
    assert_true(
        world_manifest(&rig->world, manifest.bytes, &manifest.len, &why));
    memcpy(order.cabinet_id, rig->world.cabinet_id, 16);
    memcpy(order.manifest_hash, rig->world.manifest_hash, 32);
    assert_int_equal(
        lockbus_config_check(config, order.map_hash, &order.doors, &why),
        LOCKBUS_OK);
    assert_int_equal(lockbus_issue_commission(first.bytes, &order,
                                              &rig->world.operations,
                                              &rig->world.security, &why),
                     LOCKBUS_OK);
    first.len = LOCKBUS_COMMISSION_LEN;
    for (size_t len = 0; len < manifest.len; len++) {
        put_paper(&cut, manifest.bytes, len);
        refused_commissioning(rig, &cut, &first, LOCKBUS_RULE_M1);
    }
    for (size_t len = 0; len < first.len; len++) {
        put_paper(&cut, first.bytes, len);
        refused_commissioning(rig, &manifest, &cut, LOCKBUS_RULE_K1);
    }
    refused_commissioning(rig, &first, &manifest, LOCKBUS_RULE_M1);
    refused_commissioning(rig, &manifest, &manifest, LOCKBUS_RULE_K1);
    put_paper(&cut, first.bytes, first.len);
    cut.bytes[8] ^= 1; /* another cabinet's: the signatures are not over it */
    refused_commissioning(rig, &manifest, &cut, LOCKBUS_RULE_K2);
    assert_int_equal(lockbus_cabinet_commission(config, manifest.bytes,
                                                manifest.len, first.bytes,
                                                first.len, rig->escrow, &why),
                     LOCKBUS_OK);
    rig_open(rig);
    rig_free(rig);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(whatever_is_cut_at_any_byte_is_refused),
        TEST(whatever_has_a_flipped_bit_is_refused),
        TEST(whatever_is_too_long_is_refused),
        TEST(one_thing_in_place_of_another_is_refused),
        TEST(noise_of_the_right_length_is_refused),
        TEST(codes_of_no_form_are_refused_and_cost_no_try),
        TEST(arguments_that_are_missing_are_the_programs_fault),
        TEST(what_is_for_another_cabinet_is_refused),
        TEST(what_another_operator_signed_is_refused),
        cmocka_unit_test(a_commissioning_of_bad_papers_makes_no_journal),
    };

    return cmocka_run_group_tests_name("bad input", tests, NULL, NULL);
}
