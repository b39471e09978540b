/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Forms and bounds, byte by byte: a thing that is accepted, of which one row
 * changes one field, signs it again and names the rule that refuses. Each row
 * also takes the last value that is still accepted, where there is one.
 */

#include "gate_signer.h"

#include "base/bytes.h"
#include "gate/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE LOCKBUS_RULE_NONE

enum { D = 5, E = 6 };

struct row {
    const char *name;
    size_t at;
    unsigned width; /* bytes, little-endian; 0: the length */
    uint64_t value;
    enum lockbus_rule rule;
};

static void put(uint8_t *bytes, const struct row *row)
{
    for (unsigned i = 0; i < row->width; i++) {
        bytes[row->at + i] = (uint8_t)(row->value >> (8 * i));
    }
}

/* ---- Manifests ----------------------------------------------------------- */

#define LIMIT(name, at, width, value)                                          \
    {name " of none", at, width, 0, LOCKBUS_RULE_M6},                          \
    {                                                                          \
        name " of " #value, at, width, value, NONE                             \
    }
#define KEY(i) (64 + 48 * (i))
enum { ROOT = 0, AN_ISSUER = 3, AN_OPERATIONS = 4, A_SECURITY = 5, LAST = 6 };

/* clang-format off */
static struct row manifests[] = {
    {"nothing changed", 4, 1, 1, NONE},
    {"another magic", 3, 1, '2', LOCKBUS_RULE_M1},
    {"another version", 4, 1, 2, LOCKBUS_RULE_M1},
    {"its zero not zero", 7, 1, 1, LOCKBUS_RULE_M1},
    {"the limits' zero not zero", 63, 1, 1, LOCKBUS_RULE_M1},
    {"no keys", 5, 1, 0, LOCKBUS_RULE_M1},
    {"seventeen keys", 5, 1, 17, LOCKBUS_RULE_M1},
    {"a key fewer than there are", 5, 1, 6, LOCKBUS_RULE_M1},
    {"a key's first zero not zero", KEY(ROOT) + 1, 1, 1, LOCKBUS_RULE_M1},
    {"a key's last zero not zero", KEY(LAST) + 3, 1, 1, LOCKBUS_RULE_M1},
    {"a root with an epoch", KEY(ROOT) + 4, 4, 1, LOCKBUS_RULE_M1},
    {"an issuer with an epoch", KEY(AN_ISSUER) + 4, 4, 1, LOCKBUS_RULE_M1},
    {"a root of one region", KEY(ROOT) + 12, 4, REGION, LOCKBUS_RULE_M1},
    {"a root from a region on", KEY(ROOT) + 8, 4, 1, LOCKBUS_RULE_M1},
    {"an issuer whose regions end before they begin", KEY(AN_ISSUER) + 8, 8, 0x0000000300000004, LOCKBUS_RULE_M1},
    {"an issuer of one region", KEY(AN_ISSUER) + 8, 8, 0x0000000300000003, NONE},
    {"another operator", 8, 1, 'p', LOCKBUS_RULE_M2},
    {"number 0", 24, 4, 0, LOCKBUS_RULE_M3},
    {"the number in force", 24, 4, 1, LOCKBUS_RULE_M3},
    {"the highest next number", 24, 4, 65537, NONE},
    {"a number too far", 24, 4, 65538, LOCKBUS_RULE_M3},
    {"an epoch before", 28, 4, EPOCH - 1, LOCKBUS_RULE_M3},
    {"the same epoch", 28, 4, EPOCH, NONE},
    {"the highest next epoch", 28, 4, EPOCH + 65536, NONE},
    {"an epoch too far", 28, 4, EPOCH + 65537, LOCKBUS_RULE_M3},
    {"the last time there is", 32, 8, (UINT64_C(1) << 36) - 1, NONE},
    {"a time beyond its end", 32, 8, UINT64_C(1) << 36, LOCKBUS_RULE_M3},
    {"a key of no role", KEY(LAST), 1, 0, LOCKBUS_RULE_M4},
    {"a key of a role that there is not", KEY(LAST), 1, 200, LOCKBUS_RULE_M4},
    {"a threshold of one", 6, 1, 1, LOCKBUS_RULE_M4},
    {"a threshold of all roots and one", 6, 1, 4, LOCKBUS_RULE_M4},
    {"no security key", KEY(A_SECURITY), 1, 3, LOCKBUS_RULE_M4},
    {"a threshold that these signers do not meet", 6, 1, 3, LOCKBUS_RULE_M5},
    LIMIT("max_open_occupied", 40, 1, 255),
    LIMIT("max_open_vacant", 41, 1, 255),
    LIMIT("interlock_hold_s", 42, 2, 65535),
    LIMIT("burst", 44, 1, 255),
    LIMIT("per_hour", 45, 1, 255),
    {"return_burst of none", 46, 1, 0, NONE},
    {"return_per_hour of none", 47, 1, 0, NONE},
    LIMIT("service_burst", 48, 1, 255),
    LIMIT("service_per_hour", 49, 1, 255),
    {"code_tries of none", 50, 1, 0, NONE},
    {"code_tries of 16", 50, 1, 16, NONE},
    {"code_tries of 17", 50, 1, 17, LOCKBUS_RULE_M6},
    {"code_tries_per_hour of none", 51, 1, 0, NONE},
    LIMIT("reopen_window_s", 52, 2, 900),
    {"reopen_window_s of 901", 52, 2, 901, LOCKBUS_RULE_M6},
    LIMIT("ajar_after_s", 54, 2, 65535),
    LIMIT("max_grant_hours", 56, 2, 65535),
    LIMIT("challenge_ttl_s", 58, 2, 65535),
    LIMIT("service_ttl_s", 60, 2, 65535),
    {"code_min_bits of 18", 62, 1, 18, LOCKBUS_RULE_M6},
    {"code_min_bits of 19", 62, 1, 19, NONE},
    {"a byte less", 0, 0, (uint64_t)-1, LOCKBUS_RULE_M1},
    {"a byte more", 0, 0, 1, LOCKBUS_RULE_M1},
    {"one signature alone", 0, 0, (uint64_t)-72, LOCKBUS_RULE_M1},
    {"nothing but a head", 0, 0, (uint64_t)-417, LOCKBUS_RULE_M1},
    {"eleven signatures", 0, 0, 9 * 72, LOCKBUS_RULE_M1},
    {"a byte more than any manifest has", 0, 0, LB_MANIFEST_MAX + 1 - 544, LOCKBUS_RULE_M1},
};
/* clang-format on */

static void a_manifest_with(void **state)
{
    const struct row *row = *state;
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_MANIFEST_MAX + LB_RECORD_BODY] = {0};
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    (void)gate_make_manifest(bytes, 2, EPOCH, NOBODY);
    put(bytes, row);
    uint8_t keys = bytes[5];

    bytes[5] = 7; /* signed where the signatures of this form stand */
    ask.len = gate_sign_manifest(bytes);
    bytes[5] = keys;
    if (row->width == 0) {
        ask.len += (size_t)row->value;
    } else if (keys == 7) {
        assert_int_equal(ask.len, gate_sign_manifest(bytes));
    }
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, row->rule);
    gate_journal_free(&j);
}

static void a_manifest_needs_a_key_of_operations(void **state)
{
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    (void)state;
    (void)gate_make_manifest(bytes, 2, EPOCH, NOBODY);
    bytes[KEY(AN_OPERATIONS)] = bytes[KEY(LAST)] = 4;
    ask.len = gate_sign_manifest(bytes);
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_M4);
    gate_journal_free(&j);
}

static void a_manifest_needs_every_signature_that_it_has(void **state)
{
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    (void)state;
    ask.len = gate_make_manifest(bytes, 2, EPOCH, NOBODY);
    for (size_t at = ask.len - 144 + 8; at < ask.len; at += 72) {
        bytes[at] ^= 1;
        lb_gate_decide(&j->gate, &ask, &verdict);
        assert_int_equal(verdict.rule, LOCKBUS_RULE_M5);
        bytes[at] ^= 1;
    }
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, NONE);
    gate_journal_free(&j);
}

/* ---- Service orders ------------------------------------------------------ */

static struct row orders[] = {
    {"order as it is", 4, 1, 1, NONE},
    {"order of another magic", 2, 1, 'X', LOCKBUS_RULE_S1},
    {"order of another version", 4, 1, 2, LOCKBUS_RULE_S1},
    {"order without action", 5, 1, 0, LOCKBUS_RULE_S1},
    {"order of a fifth action", 5, 1, 5, LOCKBUS_RULE_S1},
    {"order to clear", 5, 1, 4, NONE},
    {"order whose zero is not", 63, 1, 1, LOCKBUS_RULE_S1},
    {"order whose first zero is not", 60, 1, 1, LOCKBUS_RULE_S1},
    {"order for no door", 6, 2, SCENE_DOORS, LOCKBUS_RULE_S3},
    {"order for another cabinet", 8, 1, 'x', LOCKBUS_RULE_S3},
    {"order of an epoch before", 28, 4, EPOCH - 1, LOCKBUS_RULE_S3},
    {"order of an epoch to come", 28, 4, EPOCH + 1, LOCKBUS_RULE_S3},
    {"order that ends now", 32, 8, 1790000003, NONE},
    {"order that ended", 32, 8, 1790000002, LOCKBUS_RULE_S4},
    {"order for another challenge", 40, 1, 'x', LOCKBUS_RULE_S5},
    {"order number 0", 24, 4, 0, NONE},
    {"order of a byte less", 0, 0, (uint64_t)-1, LOCKBUS_RULE_S1},
    {"order of a byte more", 0, 0, 1, LOCKBUS_RULE_S1},
};

static void an_order_with(void **state)
{
    const struct row *row = *state;
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_ORDER_LEN + 1] = {0};
    struct lb_ask ask = {
        .kind = LB_ASK_ORDER, .bytes = bytes, .len = LB_ORDER_LEN};
    struct lb_verdict verdict;

    gate_fill(j, D); /* three seconds go by */
    gate_journal_challenge(j, D, gate_question);
    gate_make_order(bytes, 1, D, 1);
    put(bytes, row);
    gate_sign_pair(bytes, 64, "lockbus/service/v1", OPERATIONS, SECURITY);
    ask.len += row->width == 0 ? (size_t)row->value : 0;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, row->rule);
    gate_journal_free(&j);
}

/* ---- Commissioning ------------------------------------------------------- */

static struct row commissions[] = {
    {"amendment as it is", 4, 1, 1, NONE},
    {"amendment of another magic", 2, 1, 'X', LOCKBUS_RULE_K1},
    {"amendment of another version", 4, 1, 2, LOCKBUS_RULE_K1},
    {"amendment to 1025 doors", 6, 2, LB_DOOR_MAX + 1, LOCKBUS_RULE_K1},
    {"amendment to more doors than the map has", 6, 2, SCENE_DOORS + 1,
     LOCKBUS_RULE_K5},
    {"amendment whose zero is not", 100, 1, 1, LOCKBUS_RULE_K1},
    {"amendment of a byte less", 0, 0, (uint64_t)-1, LOCKBUS_RULE_K1},
    {"amendment of a byte more", 0, 0, 1, LOCKBUS_RULE_K1},
};

static void an_amendment_with(void **state)
{
    const struct row *row = *state;
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_COMMISSION_LEN + 1] = {0};
    uint8_t rows[GATE_JOURNAL_DOORS][LB_ROW_LEN];
    const uint8_t hash[LB_HASH_LEN] = {7};
    const struct lb_map_view map = {.doors = SCENE_DOORS,
                                    .hash = hash,
                                    .rows = (const uint8_t(*)[LB_ROW_LEN])rows};
    struct lb_ask ask = {.kind = LB_ASK_COMMISSION,
                         .bytes = bytes,
                         .len = LB_COMMISSION_LEN,
                         .map = &map};
    struct lb_verdict verdict;

    for (uint16_t i = 0; i < GATE_JOURNAL_DOORS; i++) {
        memcpy(rows[i], j->doors[i].row, LB_ROW_LEN);
    }
    memcpy(bytes, "LBC1\1\1", 6);
    lb_put_u16(bytes + 6, SCENE_DOORS);
    memcpy(bytes + 8, gate_cabinet, 16);
    lb_put_u64(bytes + 24, gate_stay(1));
    memcpy(bytes + 32, hash, LB_HASH_LEN);
    memcpy(bytes + 64, j->gate.manifest.hash, LB_HASH_LEN);
    lb_put_u32(bytes + 96, REGION);
    put(bytes, row);
    gate_sign_pair(bytes, 112, "lockbus/commission/v1", OPERATIONS, SECURITY);
    ask.len += row->width == 0 ? (size_t)row->value : 0;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, row->rule);

    const struct lb_map_view wide = {.doors = GATE_JOURNAL_DOORS + 1,
                                     .hash = hash};

    ask.map = &wide; /* more doors than there is room for */
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule,
                     row->rule == NONE ? LOCKBUS_RULE_K5 : row->rule);
    ask.map = NULL; /* no map to compare it with: none that fits */
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule,
                     row->rule == NONE ? LOCKBUS_RULE_K5 : row->rule);
    gate_journal_free(&j);
}

/* Nothing is amended before a first one was taken. */
static void an_amendment_of_nothing_is_refused(void **state)
{
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_COMMISSION_LEN] = "LBC1\1\1";
    uint8_t rows[SCENE_DOORS][LB_ROW_LEN] = {{1}};
    const uint8_t hash[LB_HASH_LEN] = {7};
    const struct lb_map_view map = {.doors = SCENE_DOORS,
                                    .hash = hash,
                                    .rows = (const uint8_t(*)[LB_ROW_LEN])rows};
    struct lb_ask ask = {.kind = LB_ASK_COMMISSION,
                         .bytes = bytes,
                         .len = sizeof bytes,
                         .map = &map};
    struct lb_verdict verdict;

    (void)state;
    lb_put_u16(bytes + 6, SCENE_DOORS);
    memcpy(bytes + 8, gate_cabinet, 16);
    lb_put_u64(bytes + 24, gate_stay(1));
    memcpy(bytes + 32, hash, LB_HASH_LEN);
    memcpy(bytes + 64, j->gate.manifest.hash, LB_HASH_LEN);
    lb_put_u32(bytes + 96, REGION);
    gate_sign_pair(bytes, 112, "lockbus/commission/v1", OPERATIONS, SECURITY);
    j->gate.commissioned = false;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_K6);
    j->gate.commissioned = true;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, NONE);
    gate_journal_free(&j);
}

/* ---- Seals --------------------------------------------------------------- */

static struct row seals[] = {
    {"seal as it is", 4, 1, 1, NONE},
    {"seal of another magic", 2, 1, 'Y', LOCKBUS_RULE_L1},
    {"seal of another version", 4, 1, 2, LOCKBUS_RULE_L1},
    {"seal of another function", 5, 1, 2, LOCKBUS_RULE_L1},
    {"seal whose zero is not", 7, 1, 1, LOCKBUS_RULE_L1},
    {"seal of no passes", 8, 4, 0, LOCKBUS_RULE_L1},
    {"seal of 10 passes", 8, 4, 10, NONE},
    {"seal of 11 passes", 8, 4, 11, LOCKBUS_RULE_L1},
    {"seal of 7 KiB", 12, 4, 7, LOCKBUS_RULE_L1},
    {"seal of 256 MiB in 2 passes", 8, 8, 0x0004000000000002, NONE},
    {"seal of 256 MiB in 3 passes", 8, 8, 0x0004000000000003, LOCKBUS_RULE_L1},
    {"seal of more than 256 MiB", 12, 4, 262145, LOCKBUS_RULE_L1},
    {"seal of a byte less", 0, 0, (uint64_t)-1, LOCKBUS_RULE_L1},
    {"seal of a byte more", 0, 0, 1, LOCKBUS_RULE_L1},
};

static void a_seal_with(void **state)
{
    const struct row *row = *state;
    struct gate_journal *j = gate_scene();
    uint8_t bytes[LB_SEAL_LEN + 1] = {'L', 'B', 'X', '1', 1, 1, 0,
                                      0,   1,   0,   0,   0, 8};
    struct lb_ask ask = {
        .kind = LB_ASK_SEAL, .bytes = bytes, .len = LB_SEAL_LEN, .door = D};
    struct lb_verdict verdict;

    gate_fill(j, D);
    put(bytes, row);
    ask.len += row->width == 0 ? (size_t)row->value : 0;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, row->rule);
    gate_journal_free(&j);
}

static void a_seal_for_no_door_is_refused(void **state)
{
    struct gate_journal *j = gate_scene();
    const uint8_t bytes[LB_SEAL_LEN] = {'L', 'B', 'X', '1', 1, 1, 0,
                                        0,   1,   0,   0,   0, 8};
    struct lb_ask ask = {.kind = LB_ASK_SEAL,
                         .bytes = bytes,
                         .len = LB_SEAL_LEN,
                         .door = SCENE_DOORS};
    struct lb_verdict verdict;

    (void)state;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_L2);
    ask.kind = LB_ASK_NOT_EMPTIED;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_P2);
    gate_fill(j, D);
    lb_gate_shut_down(&j->gate);
    ask.kind = LB_ASK_SEAL;
    ask.door = D;
    lb_gate_decide(&j->gate, &ask, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_L3);
    gate_journal_free(&j);
}

/* ---- Codes --------------------------------------------------------------- */

struct code_row {
    const char *name, *text;
    bool digits, read;
    uint16_t door;
    const char *secret;
};

static struct code_row codes[] = {
    {"code of letters", "05ABCDEF", false, true, 5, "ABCDEF"},
    {"code in small letters", "05abcdef", false, true, 5, "ABCDEF"},
    {"code with dashes", "-0-5A-BC--", false, true, 5, "ABC"},
    {"code with look-alikes", "OsIlLo0", false, true, 25, "11100"},
    {"code with its last letter", "0ZZ", false, true, 31, "Z"},
    {"code with a letter that is none", "05AUB", false, false, 0, ""},
    {"code with a brace", "05{", false, false, 0, ""},
    {"code with a backquote", "05`", false, false, 0, ""},
    {"code of its door alone", "05", false, false, 0, ""},
    {"code of nothing", "", false, false, 0, ""},
    {"code of 32 characters", "05ABCDEFGHABCDEFGHABCDEFGHABCDEFGH", false, true,
     5, "ABCDEFGHABCDEFGHABCDEFGHABCDEFGH"},
    {"code of 33 characters", "05ABCDEFGHABCDEFGHABCDEFGHABCDEFGHA", false,
     false, 0, ""},
    {"code of 80 as typed",
     "05A----------------------------------------------------------------------"
     "-"
     "------",
     false, true, 5, "A"},
    {"code of 81 as typed",
     "05A----------------------------------------------------------------------"
     "-"
     "-------",
     false, false, 0, ""},
    {"code of digits", "005-123", true, true, 5, "123"},
    {"code of digits for the last door", "999-1", true, true, 999, "1"},
    {"code of digits with a letter", "005-12A", true, false, 0, ""},
    {"code of digits with a look-alike", "005-12O", true, false, 0, ""},
    {"code of digits with what comes before 0", "005-12/", true, false, 0, ""},
    {"code of digits with what comes after 9", "005-12:", true, false, 0, ""},
};

static void a_text_is_read_as(void **state)
{
    const struct code_row *row = *state;
    struct lb_code code;
    bool read = lb_code_read(&code, (const uint8_t *)row->text,
                             strlen(row->text), row->digits);

    assert_int_equal(read, row->read);
    if (read) {
        assert_int_equal(code.door, row->door);
        assert_int_equal(code.len, strlen(row->secret));
        assert_memory_equal(code.secret, row->secret, code.len);
    }
}

/* ---- Deposits ------------------------------------------------------------ */

/* A cabinet that was never told the time takes a grant for any time above
 * its floor; one that is told takes it between its ends, both of them. */
static void a_grant_holds_from_its_first_to_its_last_second(void **state)
{
    static const struct {
        uint64_t now_s;
        enum lockbus_rule rule;
    } times[] = {{1789999999, LOCKBUS_RULE_D6},
                 {1790000000, NONE},
                 {1790000000 + 86400, NONE},
                 {1790000000 + 86401, LOCKBUS_RULE_D6}};
    const struct gate_grant grant = {
        .door = D, .stay = 1, .courier = COURIER, .release = RECIPIENT};

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct gate_journal *j = gate_scene();

        j->gate.time_known = false;
        j->gate.floor_live_s = 0;
        j->gate.floor_s = 1789900000;
        lb_gate_time(&j->gate, times[i].now_s, true);
        assert_int_equal(gate_deposit(j, &grant), times[i].rule);
        gate_journal_free(&j);
    }
}

/* D7: which keys may stand beside which. */
static void
keys_of_a_grant_differ_from_each_other_and_from_other_stays(void **state)
{
    enum { THEIRS = RECIPIENT + 20 + E, THEIR_RETURN = OPERATOR + 60 + E };
    static const struct {
        uint8_t courier, release, back;
        enum lockbus_rule rule;
    } keys[] = {
        {COURIER, RECIPIENT, OPERATOR, NONE},
        {COURIER, RECIPIENT, NOBODY, NONE},
        {COURIER, NOBODY, NOBODY, NONE},
        {COURIER, NOBODY, OPERATOR, LOCKBUS_RULE_D7},
        {COURIER, COURIER, OPERATOR, LOCKBUS_RULE_D7},
        {COURIER, RECIPIENT, COURIER, LOCKBUS_RULE_D7},
        {COURIER, RECIPIENT, RECIPIENT, LOCKBUS_RULE_D7},
        {COURIER, THEIRS, OPERATOR, LOCKBUS_RULE_D7},
        {COURIER, THEIR_RETURN, OPERATOR, LOCKBUS_RULE_D7},
        {COURIER, RECIPIENT, THEIRS, LOCKBUS_RULE_D7},
        {COURIER, RECIPIENT, THEIR_RETURN, LOCKBUS_RULE_D7},
    };

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct gate_journal *j = gate_scene();
        const struct gate_grant grant = {.door = D,
                                         .stay = 1,
                                         .courier = keys[i].courier,
                                         .release = keys[i].release,
                                         .back = keys[i].back,
                                         .return_after_s =
                                             keys[i].back == NOBODY ? 0 : 60};

        gate_fill(j, E);
        assert_int_equal(gate_deposit(j, &grant), keys[i].rule);
        gate_journal_free(&j);
    }
}

/* ---- main ---------------------------------------------------------------- */

#define TABLE(rows, function)                                                  \
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows)[0]; i++) {              \
        tests[count++] = (struct CMUnitTest){(rows)[i].name, function, NULL,   \
                                             NULL, &(rows)[i]};                \
    }

int main(void)
{
    static struct CMUnitTest tests[200];
    size_t count = 0;
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(a_manifest_needs_a_key_of_operations),
        cmocka_unit_test(a_manifest_needs_every_signature_that_it_has),
        cmocka_unit_test(an_amendment_of_nothing_is_refused),
        cmocka_unit_test(a_seal_for_no_door_is_refused),
        cmocka_unit_test(a_grant_holds_from_its_first_to_its_last_second),
        cmocka_unit_test(
            keys_of_a_grant_differ_from_each_other_and_from_other_stays),
    };

    TABLE(manifests, a_manifest_with)
    TABLE(orders, an_order_with)
    TABLE(commissions, an_amendment_with)
    TABLE(seals, a_seal_with)
    TABLE(codes, a_text_is_read_as)
    return _cmocka_run_group_tests("gate forms", tests, count, NULL, NULL) +
           cmocka_run_group_tests(alone, NULL, NULL);
}
