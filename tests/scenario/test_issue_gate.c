/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What the issuing side makes, presented to a gate that shares no code with
 * it but the primitives: manifest, commissioning, deposit, release by proof
 * and by code, service.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate_journal.h"
#include "issue_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DOORS = 64, DOOR = 12, NOW = 1790000000 };
enum { ROOT1 = 1, ROOT2, ISSUER, OPS, SEC, COURIER, RELEASE, RETURN };

static const uint8_t cabinet_id[16] = {0x7c, 0xb1, 0x7d, 0xf6};
static const uint64_t epoch = UINT64_C(11) << 32;

static const char text[] = "[manifest]\n"
                           "operator_id = f4f59b6d49ae9fcc519ad2d278c48845\n"
                           "number = 8\nepoch = 11\nissued_at = 1789900000\n"
                           "threshold = 2\n"
                           "[limits]\nmax_open_occupied = 2\n"
                           "max_open_vacant = 4\ninterlock_hold_s = 300\n"
                           "burst = 6\nper_hour = 60\nreturn_burst = 3\n"
                           "return_per_hour = 60\nservice_burst = 2\n"
                           "service_per_hour = 4\ncode_tries = 5\n"
                           "code_tries_per_hour = 10\nreopen_window_s = 120\n"
                           "ajar_after_s = 60\nmax_grant_hours = 720\n"
                           "challenge_ttl_s = 120\nservice_ttl_s = 900\n"
                           "code_min_bits = 30\n[keys]\n";

static size_t make_manifest(uint8_t out[LOCKBUS_MANIFEST_MAX])
{
    static const struct {
        const char *line, *options;
        uint8_t fill;
    } keys[] = {{"root1 = root", "", ROOT1},
                {"root2 = root", "", ROOT2},
                {"hall = issuer", " region=5-9", ISSUER},
                {"ops = operations", "", OPS},
                {"sec = security", "", SEC}};
    const struct lockbus_signer roots[2] = {issue_check_signer(ROOT1),
                                            issue_check_signer(ROOT2)};
    char path[] = "/tmp/lockbus-gate-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    struct lockbus_error why = {0};
    size_t len = 0;

    assert_non_null(f);
    fputs(text, f);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char hex[65];

        sodium_bin2hex(hex, sizeof hex,
                       issue_check_signer(keys[i].fill).public_key, 32);
        fprintf(f, "%s %s%s\n", keys[i].line, hex, keys[i].options);
    }
    assert_int_equal(fclose(f), 0);
    assert_int_equal(lockbus_issue_manifest(out, &len, path, roots, 2, &why),
                     LOCKBUS_OK);
    (void)unlink(path);
    return len;
}

static void ask(struct gate_journal *j, enum lb_ask_kind kind,
                const uint8_t *bytes, size_t len, enum lockbus_rule wanted)
{
    const struct lb_ask what = {
        .kind = kind, .bytes = bytes, .len = len, .door = DOOR};
    struct lb_verdict verdict;

    gate_journal_ask(j, &what, &verdict);
    assert_string_equal(lockbus_rule_name(verdict.rule),
                        lockbus_rule_name(wanted));
    assert_null(j->broken);
}

/* Commissioned by an order that the issuing side signed. */
static int open_for_business(void **state)
{
    const struct lockbus_signer ops = issue_check_signer(OPS);
    const struct lockbus_signer sec = issue_check_signer(SEC);
    static uint8_t rows[DOORS][LB_ROW_LEN];
    struct lockbus_commission order = {
        .doors = DOORS, .order_no = epoch | 1, .region = 7};
    const struct lb_map_view map = {.doors = DOORS,
                                    .hash = order.map_hash,
                                    .rows = (const uint8_t(*)[LB_ROW_LEN])rows};
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];
    struct gate_journal *j = gate_journal_new();
    struct lb_verdict verdict;
    struct lb_record out[LB_BATCH_MAX];
    uint32_t cursor = 0;
    size_t len = make_manifest(bytes);
    size_t count;

    ask(j, LB_ASK_MANIFEST, bytes, len, LOCKBUS_RULE_NONE);
    memcpy(order.cabinet_id, cabinet_id, 16);
    memset(order.map_hash, 0x33, 32);
    for (size_t i = 0; i < DOORS; i++) {
        rows[i][0] = (uint8_t)(i + 1);
    }
    lockbus_hash(order.manifest_hash, bytes, len);
    assert_int_equal(lockbus_issue_commission(bytes, &order, &ops, &sec, NULL),
                     LOCKBUS_OK);

    const struct lb_ask what = {.kind = LB_ASK_COMMISSION,
                                .bytes = bytes,
                                .len = LOCKBUS_COMMISSION_LEN,
                                .map = &map};

    /* the map's rows stand in the journal before the order that adopts them */
    while ((count = lb_gate_rows(&map, &cursor, out, LB_BATCH_MAX,
                                 j->powered_ms)) != 0) {
        gate_journal_write(j, out, count);
    }
    gate_journal_ask(j, &what, &verdict);
    assert_string_equal(lockbus_rule_name(verdict.rule), "-");
    lb_gate_time(&j->gate, NOW, true);
    for (uint16_t i = 0; i < DOORS; i++) {
        lb_gate_live(&j->gate, i, true, true, false);
    }
    *state = j;
    return 0;
}

static int close_up(void **state)
{
    struct gate_journal *j = *state;

    gate_journal_free(&j);
    return 0;
}

static const uint8_t *challenge(struct gate_journal *j)
{
    static uint8_t bytes[16];

    randombytes_buf(bytes, sizeof bytes);
    gate_journal_challenge(j, DOOR, bytes);
    return bytes;
}

static void proof(struct gate_journal *j, enum lockbus_proof_kind kind,
                  uint8_t fill, uint64_t stay, enum lockbus_rule wanted)
{
    const struct lockbus_signer key = issue_check_signer(fill);
    uint8_t bytes[LOCKBUS_PROOF_LEN];

    assert_int_equal(lockbus_issue_proof(bytes, kind, DOOR, cabinet_id, stay,
                                         challenge(j), &key, NULL),
                     LOCKBUS_OK);
    ask(j, LB_ASK_PROOF, bytes, sizeof bytes, wanted);
}

/* A grant out of a package, and the courier's proof. */
static void deposit(struct gate_journal *j, uint64_t stay, const uint8_t *seal)
{
    const struct lockbus_signer issuer = issue_check_signer(ISSUER);
    const struct lockbus_signer courier = issue_check_signer(COURIER);
    struct lockbus_grant g = {.courier_uses = 3,
                              .release_uses = 2,
                              .door = DOOR,
                              .stay = stay,
                              .not_before = NOW,
                              .valid_for_s = 86400,
                              .return_after_s = 3600};
    uint8_t grant[LOCKBUS_GRANT_LEN], package[LOCKBUS_PACKAGE_MAX];
    uint8_t bytes[LOCKBUS_PROOF_LEN], inside[LOCKBUS_SEAL_LEN];
    size_t len = 0, seal_len = 0;
    struct lb_verdict verdict;

    memcpy(g.cabinet_id, cabinet_id, 16);
    memcpy(g.courier_pk, courier.public_key, 32);
    memcpy(g.release_pk, issue_check_signer(RELEASE).public_key, 32);
    memcpy(g.return_pk, issue_check_signer(RETURN).public_key, 32);
    assert_int_equal(lockbus_issue_grant(grant, &g, &issuer, NULL), LOCKBUS_OK);
    assert_int_equal(lockbus_package_write(package, &len, grant, seal),
                     LOCKBUS_OK);
    memset(grant, 0, sizeof grant);
    assert_int_equal(
        lockbus_package_read(package, len, grant, inside, &seal_len),
        LOCKBUS_OK);
    assert_int_equal(lockbus_issue_proof(bytes, LOCKBUS_PROOF_DEPOSIT, DOOR,
                                         cabinet_id, stay, challenge(j),
                                         &courier, NULL),
                     LOCKBUS_OK);

    const struct lb_ask what = {.kind = LB_ASK_DEPOSIT,
                                .bytes = grant,
                                .len = sizeof grant,
                                .proof = bytes,
                                .proof_len = sizeof bytes};

    gate_journal_ask(j, &what, &verdict);
    assert_string_equal(lockbus_rule_name(verdict.rule), "-");
    assert_int_equal(verdict.kind, LB_VERDICT_PERMIT);
    if (seal_len != 0) {
        ask(j, LB_ASK_SEAL, inside, seal_len, LOCKBUS_RULE_NONE);
    }
    gate_journal_leaf(j, DOOR, true);
    gate_journal_wait(j, 3);
    gate_journal_leaf(j, DOOR, false);
    gate_journal_tick(j);
    assert_int_equal(j->doors[DOOR].custody, LB_CUSTODY_OCCUPIED);
}

static void a_parcel_comes_in_and_leaves_by_its_own_proof_only(void **state)
{
    struct gate_journal *j = *state;

    deposit(j, epoch | 100, NULL);
    proof(j, LOCKBUS_PROOF_RELEASE, COURIER, epoch | 100, LOCKBUS_RULE_P6);
    proof(j, LOCKBUS_PROOF_RELEASE, RETURN, epoch | 100, LOCKBUS_RULE_P6);
    proof(j, LOCKBUS_PROOF_RETURN, RETURN, epoch | 100, LOCKBUS_RULE_P7);
    proof(j, LOCKBUS_PROOF_RELEASE, RELEASE, epoch | 99, LOCKBUS_RULE_P4);
    proof(j, LOCKBUS_PROOF_RELEASE, RELEASE, epoch | 100, LOCKBUS_RULE_NONE);
}

/* Letters in small, dashes left as they are shown. */
static void the_code_that_was_made_opens_the_door(void **state)
{
    struct gate_journal *j = *state;
    const struct lockbus_signer release = issue_check_signer(RELEASE);
    const struct lockbus_code_form form = {.opslimit = 1, .memory_kib = 8};
    char code[LOCKBUS_CODE_TEXT_MAX];
    uint8_t seal[LOCKBUS_SEAL_LEN];

    assert_int_equal(lockbus_issue_code(code, seal, &form, DOOR, cabinet_id,
                                        epoch | 100, release.seed, NULL),
                     LOCKBUS_OK);
    deposit(j, epoch | 100, seal);
    for (char *c = code; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c - 'A' + 'a');
        }
    }
    ask(j, LB_ASK_CODE, (const uint8_t *)code, strlen(code), LOCKBUS_RULE_NONE);
    assert_true(j->doors[DOOR].release_spent > 0);
}

static void two_persons_clear_the_door(void **state)
{
    struct gate_journal *j = *state;
    const struct lockbus_signer ops = issue_check_signer(OPS);
    const struct lockbus_signer sec = issue_check_signer(SEC);
    const struct lockbus_signer root = issue_check_signer(ROOT1);
    struct lockbus_order order = {.action = LOCKBUS_SERVICE_CLEAR,
                                  .door = DOOR,
                                  .order_no = epoch | 2,
                                  .not_after = NOW + 3600};
    uint8_t bytes[LOCKBUS_ORDER_LEN];

    deposit(j, epoch | 100, NULL);
    memcpy(order.cabinet_id, cabinet_id, 16);
    memcpy(order.challenge, challenge(j), 16);
    assert_int_equal(lockbus_issue_order(bytes, &order, &root, &ops, NULL),
                     LOCKBUS_OK);
    ask(j, LB_ASK_ORDER, bytes, sizeof bytes, LOCKBUS_RULE_S2);
    assert_int_equal(lockbus_issue_order(bytes, &order, &sec, &ops, NULL),
                     LOCKBUS_OK);
    ask(j, LB_ASK_ORDER, bytes, sizeof bytes, LOCKBUS_RULE_NONE);
    gate_journal_tick(j);
    assert_int_equal(j->doors[DOOR].custody, LB_CUSTODY_VACANT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_parcel_comes_in_and_leaves_by_its_own_proof_only,
            open_for_business, close_up),
        cmocka_unit_test_setup_teardown(the_code_that_was_made_opens_the_door,
                                        open_for_business, close_up),
        cmocka_unit_test_setup_teardown(two_persons_clear_the_door,
                                        open_for_business, close_up),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("issue and gate", tests, NULL, NULL);
}
