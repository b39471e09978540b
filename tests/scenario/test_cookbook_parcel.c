/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The cookbook's recipes about one parcel, from the host's side. The
 * functions above each test are what docs/COOKBOOK.md shows, word for word.
 */

#include "host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { A07 = 6, DAY_MS = 86400000 };

/* A parcel behind A07, and nothing of it remembered. */
static void deposited(struct host *host, struct parcel *parcel)
{
    rig_deposit(host->rig, parcel, A07, true);
    host_mark(host);
}

/* ---- Deposit ---------------------------------------------------------------
 */

/* The courier scanned a package and held a badge with a key to the reader. */
static void courier_brings(struct host *host, const uint8_t *package,
                           size_t package_len, const uint8_t badge[32])
{
    struct lockbus_error why;
    enum lockbus_err err = lockbus_deposit_with_key(
        host->cab, package, package_len, badge, &host->ticket, &why);

    host_answer(host, err, &why);
}

/* The door is open when the ticket says so; the parcel is inside when custody
 * moved because it was STORED. OCCUPIED alone may be a doubt: what may be
 * inside is protected. */
static void deposit_event(struct host *host, const struct lockbus_event *event)
{
    host_event(host, event);
    if (event->kind == LOCKBUS_EVENT_CUSTODY &&
        event->reason == LOCKBUS_CUSTODY_REASON_STORED) {
        host_show(host, "Thank you. The parcel is in %s.", event->label);
    }
}

static void deposit(void **state)
{
    struct host *host = *state;
    struct lockbus_error why;
    struct parcel parcel;

    assert_true(world_parcel(&host->rig->world, &parcel, A07, true, &why));
    host->rig->shut_after_us = 3000000;
    courier_brings(host, parcel.package, parcel.package_len,
                   host->rig->world.courier.seed);
    host_reads(host, "One moment ...");
    host_run(host, 1000, deposit_event);
    host_reads(host, "Door A07 is open.");
    host_run(host, 4000, deposit_event);
    host_reads(host, "Thank you. The parcel is in A07.");
    host_saw(host, A07,
             "CUSTODY LOADING\n"
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "CUSTODY OCCUPIED\n"
             "LEAF SHUT\n");
    host_wrote(host, A07,
               "STAY grant\n"
               "INTENT deposit\n"
               "CUSTODY loading\n"
               "SEAL first seal\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "LEAF shut\n"
               "CUSTODY occupied\n");
}

/* ---- Pickup by code --------------------------------------------------------
 */

/* Somebody typed a code and pressed enter. */
static void code_typed(struct host *host, const char *code)
{
    struct lockbus_error why;
    enum lockbus_err err =
        lockbus_release_with_code(host->cab, code, &host->ticket, &why);

    host_answer(host, err, &why);
}

static void pickup_by_code(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel);
    host->rig->shut_after_us = 4000000;
    code_typed(host, parcel.code);
    host_run(host, 5000, host_event);
    host_reads(host, "Door A07 is open.");
    host_run(host, 125000, host_event);
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "CUSTODY EMPTYING\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "LEAF SHUT\n"
             "CUSTODY VACANT\n");
    host_wrote(host, A07,
               "TRY first try\n"
               "TRY_BACK right code\n"
               "INTENT release, by code\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n"
               "LEAF shut\n"
               "CUSTODY vacant\n");
}

static void a_wrong_code(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel);
    char *last = &parcel.code[strlen(parcel.code) - 1];

    *last = *last == '7' ? '8' : '7';
    code_typed(host, parcel.code);
    host_run(host, 2000, host_event);
    host_reads(host, "This code opens nothing now. Please check it, try "
                     "again later or use the app.");
    host_saw(host, A07, "REFUSED C4\n");
    host_wrote(host, A07,
               "TRY first try\n"
               "REFUSAL code C4, count 1\n");
}

/* ---- Pickup by proof -------------------------------------------------------
 */

/* The recipient's phone asks for a challenge of its door, by QR or radio. */
static bool phone_asks(struct host *host, uint16_t door, uint8_t challenge[16])
{
    struct lockbus_error why;

    return lockbus_challenge(host->cab, door, LOCKBUS_CHALLENGE_PROOF,
                             challenge, &why) == LOCKBUS_OK;
}

/* It signed the challenge with the parcel's key and sends the proof. */
static void phone_answers(struct host *host, const uint8_t *proof, size_t len)
{
    struct lockbus_error why;
    enum lockbus_err err =
        lockbus_open_with_proof(host->cab, proof, len, &host->ticket, &why);

    host_answer(host, err, &why);
}

/* Or the recipient holds up a QR code that is the parcel's key itself. */
static void key_scanned(struct host *host, uint16_t door,
                        const uint8_t seed[32])
{
    struct lockbus_error why;
    enum lockbus_err err = lockbus_open_with_key(
        host->cab, door, LOCKBUS_PROOF_RELEASE, seed, &host->ticket, &why);

    host_answer(host, err, &why);
}

static void pickup_by_proof(void **state)
{
    struct host *host = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint8_t challenge[16], proof[LOCKBUS_PROOF_LEN];

    deposited(host, &parcel);
    host->rig->shut_after_us = 4000000;
    assert_true(phone_asks(host, A07, challenge));
    assert_int_equal(lockbus_issue_proof(proof, LOCKBUS_PROOF_RELEASE, A07,
                                         host->rig->world.cabinet_id,
                                         parcel.stay, challenge,
                                         &parcel.release, &why),
                     LOCKBUS_OK);
    phone_answers(host, proof, sizeof proof);
    host_run(host, 1000, host_event);
    host_reads(host, "Door A07 is open.");
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "CUSTODY EMPTYING\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n");
    host_wrote(host, A07,
               "INTENT release\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n");
    phone_answers(host, proof, sizeof proof); /* the same once more */
    host_reads(host, "That took too long. Please try again.");
}

static void pickup_by_key(void **state)
{
    struct host *host = *state;
    struct parcel parcel, other;

    deposited(host, &parcel);
    rig_deposit(host->rig, &other, A07 + 1, false);
    host_mark(host);
    key_scanned(host, A07, other.release.seed); /* another parcel's */
    host_reads(host, "This code does not belong to this parcel.");
    host_run(host, 2000, host_event);
    key_scanned(host, A07, parcel.release.seed);
    host_run(host, 1000, host_event);
    host_reads(host, "Door A07 is open.");
    host_wrote(host, A07,
               "REFUSAL proof P6, count 1\n"
               "INTENT release\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n");
}

/* ---- Reopen, cancel --------------------------------------------------------
 */

/* The courier forgot something: his badge opens once more, within the window
 * and his uses. What is inside stays deposited. */
static void courier_reopens(struct host *host, uint16_t door,
                            const uint8_t badge[32])
{
    struct lockbus_error why;
    enum lockbus_err err = lockbus_open_with_key(
        host->cab, door, LOCKBUS_PROOF_REOPEN, badge, &host->ticket, &why);

    host_answer(host, err, &why);
}

/* It was the wrong parcel: the courier takes it back out. */
static void courier_cancels(struct host *host, uint16_t door,
                            const uint8_t badge[32])
{
    struct lockbus_error why;
    enum lockbus_err err = lockbus_open_with_key(
        host->cab, door, LOCKBUS_PROOF_CANCEL, badge, &host->ticket, &why);

    host_answer(host, err, &why);
}

static void reopen(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel);
    host->rig->shut_after_us = 4000000;
    courier_reopens(host, A07, host->rig->world.courier.seed);
    host_run(host, 6000, host_event);
    host_reads(host, "Door A07 is open.");
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "LEAF SHUT\n");
    host_wrote(host, A07,
               "INTENT reopen\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "LEAF shut\n");
    host_run(host, 120000, host_event); /* the window is over */
    courier_reopens(host, A07, host->rig->world.courier.seed);
    host_reads(host, "There is nothing for you behind this door.");
}

static void cancel(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel);
    host->rig->shut_after_us = 4000000;
    courier_cancels(host, A07, host->rig->world.courier.seed);
    host_run(host, 130000, host_event);
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "CUSTODY EMPTYING\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "LEAF SHUT\n"
             "CUSTODY VACANT\n");
    host_wrote(host, A07,
               "INTENT cancel\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n"
               "LEAF shut\n"
               "CUSTODY vacant\n");
}

/* ---- Return ----------------------------------------------------------------
 */

static struct parcel returned;

/* Yours: the back end has the return key, and no host ever sees it. */
static bool back_end_signs(struct host *host, uint16_t door,
                           const uint8_t challenge[16],
                           uint8_t proof[LOCKBUS_PROOF_LEN])
{
    struct lockbus_error why;

    return lockbus_issue_proof(
               proof, LOCKBUS_PROOF_RETURN, door, host->rig->world.cabinet_id,
               returned.stay, challenge, &returned.returns, &why) == LOCKBUS_OK;
}

/* Nobody came. A courier stands here to fetch the parcel: the door's
 * challenge goes to the back end and comes back signed. */
static void courier_fetches(struct host *host, uint16_t door)
{
    uint8_t challenge[16], proof[LOCKBUS_PROOF_LEN];
    struct lockbus_error why;
    enum lockbus_err err = lockbus_challenge(
        host->cab, door, LOCKBUS_CHALLENGE_PROOF, challenge, &why);

    if (err == LOCKBUS_OK && !back_end_signs(host, door, challenge, proof)) {
        host_show(host, "No connection. Please try again later.");
        return;
    }
    if (err == LOCKBUS_OK) {
        err = lockbus_open_with_proof(host->cab, proof, sizeof proof,
                                      &host->ticket, &why);
    }
    host_answer(host, err, &why);
}

static void return_to_sender(void **state)
{
    struct host *host = *state;

    deposited(host, &returned);
    courier_fetches(host, A07);
    host_reads(host, "This door may not be opened now.");
    rig_stall(host->rig, DAY_MS);
    host_run(host, 2000, host_event);
    host_mark(host);
    assert_int_equal(host_door(host, A07).return_in_s, 0);
    host->rig->shut_after_us = 4000000;
    courier_fetches(host, A07);
    host_run(host, 130000, host_event);
    host_reads(host, "Door A07 is open.");
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "CUSTODY EMPTYING\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "LEAF SHUT\n"
             "CUSTODY VACANT\n");
    host_wrote(host, A07,
               "INTENT return\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n"
               "LEAF shut\n"
               "CUSTODY vacant\n");
}

/* ---- Visit -----------------------------------------------------------------
 */

/* The back end: a grant without a release key is a visit. Somebody opens an
 * empty door once, to clean it or to show it, and nothing stays behind it. */
static enum lockbus_err issue_visit(const struct world *world, uint16_t door,
                                    uint64_t stay, uint8_t *package,
                                    size_t *package_len)
{
    struct lockbus_grant grant = {.courier_uses = 1,
                                  .release_uses = 1,
                                  .door = door,
                                  .stay = stay,
                                  .not_before = world->now_unix - 60,
                                  .valid_for_s = 3600};
    uint8_t bytes[LOCKBUS_GRANT_LEN];
    struct lockbus_error why;

    memcpy(grant.cabinet_id, world->cabinet_id, sizeof grant.cabinet_id);
    memcpy(grant.courier_pk, world->courier.public_key, 32);
    enum lockbus_err err =
        lockbus_issue_grant(bytes, &grant, &world->issuer, &why);

    return err == LOCKBUS_OK
               ? lockbus_package_write(package, package_len, bytes, NULL)
               : err;
}

static void visit(void **state)
{
    struct host *host = *state;
    struct world *world = &host->rig->world;
    uint8_t package[LOCKBUS_PACKAGE_MAX];
    size_t len = 0;

    assert_int_equal(issue_visit(world, A07, (uint64_t)world->epoch << 32 | 500,
                                 package, &len),
                     LOCKBUS_OK);
    host->rig->shut_after_us = 4000000;
    courier_brings(host, package, len, world->courier.seed);
    host_run(host, 6000, host_event);
    host_reads(host, "Door A07 is open.");
    host_saw(host, A07,
             "CUSTODY LOADING\n"
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "CUSTODY VACANT\n"
             "LEAF SHUT\n");
    host_wrote(host, A07,
               "STAY grant\n"
               "INTENT deposit\n"
               "CUSTODY loading\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "LEAF shut\n"
               "CUSTODY vacant\n");
}

/* ---- Second seal -----------------------------------------------------------
 */

/* The recipient lost the code, or sends a neighbour. The back end kept no
 * code and no key; the recipient's app has the parcel's key and makes another
 * code of it. Two codes a stay, and neither is ever replaced. */
static void app_adds_code(struct host *host, uint16_t door, const uint8_t *seal,
                          size_t len)
{
    struct lockbus_error why;
    enum lockbus_err err =
        lockbus_seal(host->cab, door, seal, len, &host->ticket, &why);

    host_answer(host, err, &why);
}

static void second_seal(void **state)
{
    struct host *host = *state;
    struct lockbus_code_form form = {.opslimit = 1, .memory_kib = 8192};
    struct lockbus_error why;
    struct parcel parcel;
    char code[LOCKBUS_CODE_TEXT_MAX];
    uint8_t seal[LOCKBUS_SEAL_LEN];

    deposited(host, &parcel);
    assert_int_equal(lockbus_issue_code(code, seal, &form, A07,
                                        host->rig->world.cabinet_id,
                                        parcel.stay, parcel.release.seed, &why),
                     LOCKBUS_OK);
    app_adds_code(host, A07, seal, sizeof seal);
    host_run(host, 500, host_event);
    assert_int_equal(host_door(host, A07).seals, 2);
    code_typed(host, code);
    host_run(host, 1000, host_event);
    host_reads(host, "Door A07 is open.");
    host_saw(host, A07,
             "DONE\n"
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "CUSTODY EMPTYING\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n");
    host_wrote(host, A07,
               "SEAL second seal\n"
               "TRY first try\n"
               "TRY_BACK right code\n"
               "INTENT release, by code\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n");
}

/* ---- Not emptied -----------------------------------------------------------
 */

/* "I could not lift it" was pressed. It can only protect more, so it takes
 * nobody's signature; it is for as long as the door is EMPTYING. */
static void still_inside_pressed(struct host *host, uint16_t door)
{
    struct lockbus_error why;
    enum lockbus_err err =
        lockbus_not_emptied(host->cab, door, &host->ticket, &why);

    host_answer(host, err, &why);
}

static void not_emptied(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel);
    host->rig->shut_after_us = 4000000;
    code_typed(host, parcel.code);
    host_run(host, 6000, host_event);
    assert_int_equal(host_door(host, A07).custody, LOCKBUS_CUSTODY_EMPTYING);
    host_mark(host);
    still_inside_pressed(host, A07);
    host_run(host, 130000, host_event);
    host_saw(host, A07,
             "CUSTODY OCCUPIED\n"
             "DONE\n");
    host_wrote(host, A07, "CUSTODY occupied\n");
    assert_int_equal(host_door(host, A07).release_uses_left, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, host_set_up, host_tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(deposit),         TEST(pickup_by_code),   TEST(a_wrong_code),
        TEST(pickup_by_proof), TEST(pickup_by_key),    TEST(reopen),
        TEST(cancel),          TEST(return_to_sender), TEST(visit),
        TEST(second_seal),     TEST(not_emptied),
    };

    return cmocka_run_group_tests_name("cookbook: a parcel", tests, NULL, NULL);
}
