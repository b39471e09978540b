/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The stories. Before each ask it is said that it may now be on the disk,
 * after each answer of the library's that it must be.
 */

#include "power.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum {
    A07 = 6,
    A08 = 7,
    B01 = 8,
    REST_MS = 2600, /* pulse_ms + rest_ms, and a little */
    SOON_MS = 400,
    NEARLY_FULL = LB_SEGMENT_BLOCKS - 4
};

static struct parcel parcel, other;

static struct rig *rig(void)
{
    return telling.rig;
}

/* ---- Asking ------------------------------------------------------------- */

static void asked(struct bounds *bounds)
{
    bounds->may++;
}

static void done(struct bounds *bounds)
{
    bounds->must = bounds->may;
}

static struct shown *show(enum lb_ask_kind kind, const uint8_t *bytes,
                          size_t len)
{
    struct shown *shown = &telling.shown[telling.seen.shown++];

    assert_true(telling.seen.shown <= POWER_SHOWN && len <= LB_GRANT_LEN);
    shown->kind = kind;
    shown->len = len;
    memcpy(shown->bytes, bytes, len);
    return shown;
}

static void finish(enum lockbus_err err, uint32_t ticket,
                   enum lockbus_event_kind kind)
{
    assert_int_equal(err, LOCKBUS_OK);
    assert_int_equal(rig_finish(rig(), ticket).kind, kind);
}

static void open_by(const struct parcel *p, enum lockbus_proof_kind kind,
                    const struct lockbus_signer *signer,
                    enum lockbus_event_kind end)
{
    struct world_claim claim = {p->door, p->stay, kind, signer};
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct lockbus_error why;
    uint32_t ticket = 0;

    assert_true(world_proof(&rig()->world, rig()->cab, claim, proof));
    (void)show(LB_ASK_PROOF, proof, sizeof proof);
    asked(&telling.seen.intents[p->door]);
    enum lockbus_err err =
        lockbus_open_with_proof(rig()->cab, proof, sizeof proof, &ticket, &why);

    finish(err, ticket, end);
    done(&telling.seen.intents[p->door]);
    rig_run(rig(), SOON_MS);
}

static void release(const struct parcel *p)
{
    open_by(p, LOCKBUS_PROOF_RELEASE, &p->release, LOCKBUS_EVENT_OPENED);
}

static void deposit(const struct parcel *p, bool sealed,
                    enum lockbus_event_kind end)
{
    struct world_claim claim = {p->door, p->stay, LOCKBUS_PROOF_DEPOSIT,
                                &rig()->world.courier};
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct lockbus_error why;
    uint32_t ticket = 0;

    assert_true(world_proof(&rig()->world, rig()->cab, claim, proof));
    struct shown *shown = show(LB_ASK_DEPOSIT, p->grant, sizeof p->grant);

    shown->proof_len = sizeof proof;
    memcpy(shown->proof, proof, sizeof proof);
    asked(&telling.seen.intents[p->door]);
    if (sealed) {
        asked(&telling.seen.seals);
    }
    enum lockbus_err err =
        lockbus_deposit(rig()->cab, p->package, p->package_len, proof,
                        sizeof proof, &ticket, &why);

    finish(err, ticket, end);
    done(&telling.seen.intents[p->door]);
    if (sealed) {
        done(&telling.seen.seals);
    }
    rig_run(rig(), SOON_MS);
}

static void order(uint16_t door, enum lockbus_service_action action)
{
    bool opens = action == LOCKBUS_SERVICE_OPEN;
    struct bounds *bounds =
        opens ? &telling.seen.intents[door] : &telling.seen.orders;
    uint8_t bytes[LOCKBUS_ORDER_LEN];
    struct lockbus_error why;
    uint32_t ticket = 0;

    assert_true(world_order(&rig()->world, rig()->cab, door, action, bytes));
    (void)show(LB_ASK_ORDER, bytes, sizeof bytes);
    asked(bounds);
    enum lockbus_err err =
        lockbus_service(rig()->cab, bytes, sizeof bytes, &ticket, &why);

    finish(err, ticket, opens ? LOCKBUS_EVENT_OPENED : LOCKBUS_EVENT_DONE);
    done(bounds);
    rig_run(rig(), 50);
}

static void wrong_code(const struct parcel *p)
{
    char code[LOCKBUS_CODE_TEXT_MAX];
    struct lockbus_error why;
    uint32_t ticket = 0;

    memcpy(code, p->code, sizeof code);
    char *last = &code[strlen(code) - 1];

    *last = *last == '7' ? '4' : '7';
    asked(&telling.seen.tries);
    assert_int_equal(lockbus_release_with_code(rig()->cab, code, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(rig_finish(rig(), ticket).rule, LOCKBUS_RULE_C4);
    done(&telling.seen.tries);
}

static void right_code(const struct parcel *p)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    asked(&telling.seen.tries);
    asked(&telling.seen.intents[p->door]);
    enum lockbus_err err =
        lockbus_release_with_code(rig()->cab, p->code, &ticket, &why);

    finish(err, ticket, LOCKBUS_EVENT_OPENED);
    done(&telling.seen.tries);
    done(&telling.seen.intents[p->door]);
    rig_run(rig(), SOON_MS);
}

static void new_parcel(struct parcel *p, uint16_t door, bool code)
{
    struct lockbus_error why;

    assert_true(world_parcel(&rig()->world, p, door, code, &why));
}

/* ---- Chapters ----------------------------------------------------------- */

static void commission(void)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    asked(&telling.seen.commissions);
    asked(&telling.seen.manifests);
    assert_true(world_commission(&rig()->world, rig()->escrow, &why));
    done(&telling.seen.commissions);
    done(&telling.seen.manifests);
    rig_open(rig());
}

static void two_grants(void)
{
    new_parcel(&parcel, A07, true);
    new_parcel(&other, A08, false);
}

static void deposits(void)
{
    deposit(&parcel, true, LOCKBUS_EVENT_OPENED);
    open_by(&parcel, LOCKBUS_PROOF_REOPEN, &rig()->world.courier,
            LOCKBUS_EVENT_OPENED);
    rig_run(rig(), REST_MS);
    open_by(&parcel, LOCKBUS_PROOF_CANCEL, &rig()->world.courier,
            LOCKBUS_EVENT_OPENED);
    rig()->leaf[A08].stuck = true;
    deposit(&other, false, LOCKBUS_EVENT_FAILED);
    rig()->leaf[A08].stuck = false;
    deposit(&other, false, LOCKBUS_EVENT_OPENED);
}

static void a_parcel(void)
{
    rig_deposit(rig(), &parcel, A07, false);
    rig_run(rig(), REST_MS);
}

static void a_parcel_with_a_code(void)
{
    rig_deposit(rig(), &parcel, A07, true);
    rig_run(rig(), REST_MS);
}

static void codes(void)
{
    wrong_code(&parcel);
    wrong_code(&parcel);
    right_code(&parcel);
    rig_run(rig(), REST_MS);
    wrong_code(&parcel);
}

static void proofs(void)
{
    release(&parcel);
    rig_run(rig(), REST_MS);
    release(&parcel);
}

static void an_overdue_parcel(void)
{
    a_parcel();
    rig_stall(rig(), 86400 * 1000ULL);
    rig_run(rig(), REST_MS);
}

static void return_it(void)
{
    struct lockbus_signer signer;
    uint8_t seed[32];

    memset(seed, 0x52, sizeof seed); /* as world_parcel() makes it */
    memcpy(seed, &parcel.stay, sizeof parcel.stay);
    seed[31] = rig()->world.seed;
    assert_int_equal(lockbus_signer_from_seed(&signer, seed), LOCKBUS_OK);
    open_by(&parcel, LOCKBUS_PROOF_RETURN, &signer, LOCKBUS_EVENT_OPENED);
    rig_run(rig(), REST_MS);
    open_by(&parcel, LOCKBUS_PROOF_RETURN, &signer, LOCKBUS_EVENT_OPENED);
}

static void service(void)
{
    order(A07, LOCKBUS_SERVICE_OPEN);
    rig_run(rig(), SOON_MS);
    order(A07, LOCKBUS_SERVICE_BLOCK);
    order(A07, LOCKBUS_SERVICE_UNBLOCK);
    order(A07, LOCKBUS_SERVICE_CLEAR);
    order(B01, LOCKBUS_SERVICE_BLOCK);
}

static void seal_it(void)
{
    struct lockbus_code_form form = {.opslimit = 1, .memory_kib = 8192};
    uint8_t seal[LOCKBUS_SEAL_LEN];
    struct lockbus_error why;
    uint32_t ticket = 0;

    assert_int_equal(lockbus_issue_code(parcel.code, seal, &form, A07,
                                        rig()->world.cabinet_id, parcel.stay,
                                        parcel.release.seed, &why),
                     LOCKBUS_OK);
    asked(&telling.seen.seals);
    enum lockbus_err err =
        lockbus_seal(rig()->cab, A07, seal, sizeof seal, &ticket, &why);

    finish(err, ticket, LOCKBUS_EVENT_DONE);
    done(&telling.seen.seals);
}

/* Epoch 11 without the issuer of epoch 10: all that it began is frozen. */
static void new_manifest(void)
{
    struct world *world = &rig()->world;
    uint8_t manifest[LOCKBUS_MANIFEST_MAX];
    size_t len = 0;
    struct lockbus_error why;
    uint32_t ticket = 0;

    world->manifest_no++;
    world->epoch++;
    world->distrusted_from = 10;
    assert_int_equal(lockbus_signer_generate(&world->issuer), LOCKBUS_OK);
    assert_true(world_manifest(world, manifest, &len, &why));
    asked(&telling.seen.manifests);
    enum lockbus_err err =
        lockbus_manifest(rig()->cab, manifest, len, &ticket, &why);

    finish(err, ticket, LOCKBUS_EVENT_DONE);
    done(&telling.seen.manifests);
    rig_run(rig(), 50);
}

static void seal_and_manifest(void)
{
    seal_it();
    release(&parcel);
    new_manifest();
}

/* A state in which everything that a checkpoint can forget is set, and a
 * segment with room for four more blocks. */
static void a_full_life(void)
{
    struct lb_record record = {.type = LB_REC_TIME, .door = LB_DOOR_NONE};
    struct lockbus_cabinet *cab = rig()->cab;
    struct lockbus_error why;
    uint32_t ticket;

    a_parcel_with_a_code();
    new_parcel(&other, A08, false);
    assert_int_equal(
        rig_service(rig(), B01, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig(), ticket).kind, LOCKBUS_EVENT_DONE);
    wrong_code(&parcel);
    wrong_code(&parcel);
    assert_int_equal(rig_release(rig(), &parcel, &ticket, &why), LOCKBUS_OK);
    assert_int_equal(rig_finish(rig(), ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_run(rig(), REST_MS);
    while (lb_journal_durable(cab->journal) < NEARLY_FULL) {
        record.powered_ms = cab->gate.powered_ms;
        assert_true(lb_write(cab, &record, 1));
        lb_ask_commit(cab);
        lb_ask_worker_ended(cab);
    }
}

static void over_the_edge(void)
{
    deposit(&other, false, LOCKBUS_EVENT_OPENED);
    release(&parcel);
    order(A07, LOCKBUS_SERVICE_OPEN);
}

/* clang-format off */
const struct chapter chapters[] = {
    {"commissioning", NULL, commission, 8, 1, 20},
    {"deposit, reopening, cancellation, a door that sticks", two_grants, deposits, 24, 1, 25},
    {"two wrong codes, the right one, a wrong one", a_parcel_with_a_code, codes, 16, 1, 20},
    {"two pickups by proof", a_parcel, proofs, 14, 1, 12},
    {"two returns", an_overdue_parcel, return_it, 14, 1, 12},
    {"service: open, block, unblock, clear", a_parcel, service, 14, 1, 15},
    {"a pickup, a second seal, a manifest that freezes", a_parcel, seal_and_manifest, 14, 1, 10},
    {"a change of segment and its checkpoint", a_full_life, over_the_edge, 1, 61, 30},
};
/* clang-format on */

const size_t chapter_count = sizeof chapters / sizeof chapters[0];
