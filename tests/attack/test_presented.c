/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * An attacker with everything that was ever signed and no key. For each thing
 * that the gate would take at this moment: every byte of it with every other
 * value, every length, every mixture of its fields with those of a thing that
 * is as good elsewhere, with either signature; and itself again, later, too
 * late, for another question and at other places. None may be taken, none may
 * change the gate, and the genuine thing must still be taken in the end, or
 * its row would say nothing.
 *
 * LOCKBUS_ATTACK=all presents all of it: script/attack. Without it a sample.
 * LOCKBUS_ATTACK_PART=i/n presents the i-th of n parts.
 */

#include "gate_signer.h"

#include "base/bytes.h"
#include "gate/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    D = 5,
    ELSEWHERE = 6,
    LEN_MAX = LB_MANIFEST_MAX,
    LONGER = 64,
    FIELDS_MAX = 14,
    RULES = 0x900,
    PAIRS = 12000,
    SAMPLE = 61, /* one in so many, when not all are presented */
    ARCHIVE = OPERATIONS_TOO
};

struct field {
    size_t at, len;
};

/* What is presented: one thing or, for a deposit, a grant and its proof. */
struct thing {
    uint8_t bytes[LEN_MAX + LONGER], proof[LB_PROOF_LEN + LONGER];
    size_t len, proof_len;
};

struct row {
    const char *name;
    enum lb_ask_kind kind;
    /* The moment at which it is taken. */
    void (*scene)(struct gate_journal *j);
    /* `other`: as good, at another place, in another epoch, by other keys: a
     * proof of another door, which is taken there; all else is refused here. */
    void (*make)(const struct gate_journal *j, struct thing *out, bool other);
    const struct field *fields;
};

struct tally {
    uint64_t presented, opened, changed, number;
    uint64_t by_rule[RULES];
    unsigned part, parts;
    bool all;
};

static struct tally tally;

/* ---- Presenting ---------------------------------------------------------- */

struct stage {
    struct gate_journal *j, *before;
    const struct row *row;
    struct thing genuine, other;
    uint8_t rows[GATE_JOURNAL_DOORS][LB_ROW_LEN];
    uint8_t hash[LB_HASH_LEN];
    struct lb_map_view map;
};

static enum lb_verdict_kind decide(struct stage *s, const struct thing *what,
                                   struct lb_verdict *verdict)
{
    struct lb_ask ask = {.kind = s->row->kind,
                         .bytes = what->bytes,
                         .len = what->len,
                         .proof = what->proof,
                         .proof_len = what->proof_len,
                         .map = &s->map};

    lb_gate_decide(&s->j->gate, &ask, verdict);
    return verdict->kind;
}

static bool same(const struct thing *a, const struct thing *b)
{
    return a->len == b->len && a->proof_len == b->proof_len &&
           memcmp(a->bytes, b->bytes, a->len) == 0 &&
           memcmp(a->proof, b->proof, a->proof_len) == 0;
}

static void present(struct stage *s, const struct thing *what)
{
    struct lb_verdict verdict;

    tally.number++;
    if ((!tally.all && tally.number % SAMPLE != 0) ||
        tally.number % tally.parts != tally.part || same(what, &s->genuine) ||
        same(what, &s->other)) {
        return;
    }
    tally.presented++;
    if (decide(s, what, &verdict) != LB_VERDICT_REFUSED) {
        tally.opened++;
        print_error("taken: %s, presentation %llu\n", s->row->name,
                    (unsigned long long)tally.number);
    } else if ((unsigned)verdict.rule < RULES) {
        tally.by_rule[verdict.rule]++;
    }
    if (memcmp(s->j, s->before, sizeof *s->j) != 0) {
        tally.changed++;
        memcpy(s->j, s->before, sizeof *s->j);
    }
}

/* ---- What an attacker does with bytes ------------------------------------ */

static void every_value(struct stage *s, struct thing *what, uint8_t *bytes,
                        size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t was = bytes[i];

        for (unsigned v = 1; v < 256; v++) {
            bytes[i] = (uint8_t)(was ^ v);
            present(s, what);
        }
        bytes[i] = was;
    }
}

static void every_length(struct stage *s, struct thing *what, uint8_t *bytes,
                         size_t *len)
{
    size_t was = *len;

    for (*len = 0; *len < was; (*len)++) {
        present(s, what);
    }
    for (unsigned fill = 0; fill < 256; fill += 85) {
        memset(bytes + was, (int)fill, LONGER);
        for (*len = was + 1; *len <= was + LONGER; (*len)++) {
            present(s, what);
        }
    }
    *len = was;
}

/* Two bytes at once, drawn from a row of numbers that is always the same. */
static void many_pairs(struct stage *s, struct thing *what)
{
    uint32_t seed = (uint32_t)what->len;

    for (unsigned n = 0; n < PAIRS; n++) {
        uint8_t *at[2];
        uint8_t was[2];

        for (unsigned i = 0; i < 2; i++) {
            seed = seed * 1664525u + 1013904223u;
            at[i] = &what->bytes[(seed >> 8) % what->len];
            was[i] = *at[i];
            *at[i] ^= (uint8_t)(1 + (seed >> 24) % 255);
        }
        present(s, what);
        *at[1] = was[1];
        *at[0] = was[0];
    }
}

/* Every choice of fields of one in the other, both ways round. */
static void every_mixture(struct stage *s, const struct thing *a,
                          const struct thing *b, const struct field *fields)
{
    unsigned count = 0;

    while (fields[count].len != 0) {
        count++;
    }
    for (unsigned mask = 1; mask < 1u << count; mask++) {
        struct thing mixed = *a;

        for (unsigned i = 0; i < count; i++) {
            if ((mask >> i & 1) != 0) {
                memcpy(mixed.bytes + fields[i].at, b->bytes + fields[i].at,
                       fields[i].len);
            }
        }
        present(s, &mixed);
        if (a->proof_len != 0) { /* a deposit's */
            memcpy(mixed.proof, b->proof, b->proof_len);
            present(s, &mixed);
        }
    }
}

/* ---- The things ---------------------------------------------------------- */

static const uint8_t other_question[16] = {'a', 'n', 'o', 't', 'h', 'e', 'r'};

static void signed_by(uint8_t *sig, const char *prefix, const uint8_t *body,
                      size_t len, uint8_t person)
{
    uint8_t seed[LB_SEED_LEN];

    gate_seed(seed, person);
    if (!lb_crypto_sign(sig, prefix, body, len, seed)) {
        abort();
    }
}

static void empty_cabinet(struct gate_journal *j)
{
    (void)j;
}

/* Staged by begin(): what this row needs is what is not there yet. */
static void uncommissioned(struct gate_journal *j)
{
    (void)j;
}

static void occupied(struct gate_journal *j)
{
    gate_fill(j, D);
    gate_fill(j, ELSEWHERE);
    gate_journal_wait(j, 4000); /* the return's time has come */
}

static void fresh(struct gate_journal *j)
{
    gate_fill(j, D);
    gate_fill(j, ELSEWHERE);
}

static void emptying(struct gate_journal *j)
{
    occupied(j);
    (void)gate_proof(j, 1, D, 100, RECIPIENT + 20 + D);
    gate_journal_leaf(j, D, true);
    gate_journal_leaf(j, D, false);
}

static void loading(struct gate_journal *j)
{
    const struct gate_grant g = {.door = D,
                                 .stay = 100,
                                 .courier = COURIER,
                                 .release = RECIPIENT,
                                 .back = OPERATOR,
                                 .return_after_s = 3600};

    gate_fill(j, ELSEWHERE);
    (void)gate_deposit(j, &g);
    gate_journal_result(j, D, LB_FACT_NEVER_OPENED);
}

static void grant(const struct gate_journal *j, struct thing *out, bool other)
{
    struct gate_grant g = {.door = D,
                           .stay = 100,
                           .courier = COURIER,
                           .release = RECIPIENT,
                           .back = OPERATOR,
                           .return_after_s = 3600};

    (void)j;
    if (other) {
        g = (struct gate_grant){.door = ELSEWHERE,
                                .stay = 101,
                                .courier = OTHERS,
                                .release = OTHERS + 1,
                                .back = OTHERS + 2,
                                .return_after_s = 60,
                                .uses = 0x33};
    }
    gate_make_grant(out->bytes, &g);
    gate_make_proof(out->proof, 3, g.door, g.stay, g.courier);
    out->len = LB_GRANT_LEN;
    out->proof_len = LB_PROOF_LEN;
    if (other) { /* of another cabinet, and good there */
        out->bytes[8] ^= 1;
        signed_by(out->bytes + 168, "lockbus/deposit/v1", out->bytes, 160,
                  ISSUER);
        out->proof[8] ^= 1;
        signed_by(out->proof + 48, "lockbus/proof/v1", out->proof, 48,
                  g.courier);
    }
}

static void proof_of(struct thing *out, uint8_t kind, uint8_t signer,
                     bool other)
{
    if (other) {
        gate_make_proof(out->bytes, 1, ELSEWHERE, 100,
                        RECIPIENT + 20 + ELSEWHERE);
        memcpy(out->bytes + 32, other_question, sizeof other_question);
        signed_by(out->bytes + 48, "lockbus/proof/v1", out->bytes, 48,
                  RECIPIENT + 20 + ELSEWHERE);
    } else {
        gate_make_proof(out->bytes, kind, D, 100, signer);
    }
    out->len = LB_PROOF_LEN;
    out->proof_len = 0;
}

static void release(const struct gate_journal *j, struct thing *out, bool other)
{
    (void)j;
    proof_of(out, 1, RECIPIENT + 20 + D, other);
}

static void take_back(const struct gate_journal *j, struct thing *out,
                      bool other)
{
    (void)j;
    proof_of(out, 2, OPERATOR + 60 + D, other);
}

static void reopen(const struct gate_journal *j, struct thing *out, bool other)
{
    (void)j;
    proof_of(out, 4, COURIER, other);
}

static void cancel(const struct gate_journal *j, struct thing *out, bool other)
{
    (void)j;
    proof_of(out, 5, COURIER, other);
}

static void order_of(struct thing *out, uint8_t action, bool other)
{
    gate_make_order(out->bytes, action, other ? ELSEWHERE : D, other ? 8 : 7);
    if (other) {
        lb_put_u64(out->bytes + 24, gate_stay(8) - (UINT64_C(1) << 32));
        gate_sign_pair(out->bytes, 64, "lockbus/service/v1", OPERATIONS_TOO,
                       SECURITY);
    }
    out->len = LB_ORDER_LEN;
    out->proof_len = 0;
}

static void order_open(const struct gate_journal *j, struct thing *out,
                       bool other)
{
    (void)j;
    order_of(out, 1, other);
}

static void order_block(const struct gate_journal *j, struct thing *out,
                        bool other)
{
    (void)j;
    order_of(out, 2, other);
}

static void order_unblock(const struct gate_journal *j, struct thing *out,
                          bool other)
{
    (void)j;
    order_of(out, 3, other);
}

static void order_clear(const struct gate_journal *j, struct thing *out,
                        bool other)
{
    (void)j;
    order_of(out, 4, other);
}

static void manifest(const struct gate_journal *j, struct thing *out,
                     bool other)
{
    (void)j;
    memset(out->bytes, 0, sizeof out->bytes);
    out->len = gate_make_manifest(out->bytes, other ? 1 : 2,
                                  other ? EPOCH - 1 : EPOCH + 1, NOBODY);
    out->proof_len = 0;
    if (other) { /* another operator's, whose roots are others */
        memset(out->bytes + 8, 'x', 16);
        gate_key(out->bytes + 64 + 16, OTHERS);
        gate_key(out->bytes + 112 + 16, OTHERS + 1);
        gate_sign_pair(out->bytes, 64 + 48 * 7, "lockbus/manifest/v1", OTHERS,
                       OTHERS + 1);
    }
}

static void commission_of(const struct gate_journal *j, struct thing *out,
                          uint8_t kind, bool other)
{
    uint8_t *o = out->bytes;

    memset(o, 0, sizeof out->bytes);
    memcpy(o, "LBC1\1", 5);
    o[5] = other ? !kind : kind;
    lb_put_u16(o + 6, SCENE_DOORS);
    memcpy(o + 8, gate_cabinet, 16);
    lb_put_u64(o + 24, gate_stay(other ? 0 : 7));
    memset(o + 32, other ? 8 : 7, LB_HASH_LEN);
    memcpy(o + 64, j->gate.manifest.hash, LB_HASH_LEN);
    lb_put_u32(o + 96, REGION);
    if (other) {
        o[8] ^= 1;
        o[64] ^= 1;
        o[96] ^= 1;
    }
    gate_sign_pair(o, 112, "lockbus/commission/v1",
                   other ? OPERATIONS_TOO : OPERATIONS, SECURITY);
    out->len = LB_COMMISSION_LEN;
    out->proof_len = 0;
}

static void first(const struct gate_journal *j, struct thing *out, bool other)
{
    commission_of(j, out, 0, other);
}

static void amendment(const struct gate_journal *j, struct thing *out,
                      bool other)
{
    commission_of(j, out, 1, other);
}

/* A cabinet that knows who may sign receipts. */
static void with_archive(struct gate_journal *j)
{
    uint8_t bytes[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    (void)gate_make_manifest(bytes, 2, EPOCH, NOBODY);
    bytes[64 + 48 * 6] = LB_ROLE_ARCHIVE;
    ask.len = gate_sign_manifest(bytes);
    gate_journal_ask(j, &ask, &verdict);
}

static void receipt(const struct gate_journal *j, struct thing *out, bool other)
{
    uint8_t *r = out->bytes, key[LB_KEY_LEN];

    (void)j;
    memset(r, 0, sizeof out->bytes);
    memcpy(r, "LBR1\1", 5);
    memcpy(r + 8, gate_cabinet, 16);
    lb_put_u64(r + 24, other ? 9 : 8);
    memset(r + 32, other ? 3 : 4, LB_HASH_LEN);
    lb_put_u64(r + 64, 1790000000 + (other ? 1 : 0));
    if (other) {
        r[8] ^= 1;
    }
    gate_key(key, ARCHIVE);
    memcpy(r + 72, key, 8);
    signed_by(r + 80, "lockbus/receipt/v1", r, 72, ARCHIVE);
    out->len = LB_RECEIPT_LEN;
    out->proof_len = 0;
}

static const struct field grant_fields[] = {
    {5, 1},   {6, 2},   {8, 16},   {24, 8},  {32, 12},  {44, 4},
    {64, 32}, {96, 32}, {128, 32}, {160, 8}, {168, 64}, {0, 0}};
static const struct field proof_fields[] = {
    {5, 1}, {6, 2}, {8, 16}, {24, 8}, {32, 16}, {48, 32}, {80, 32}, {0, 0}};
static const struct field order_fields[] = {
    {5, 1},  {6, 2},  {8, 16},  {24, 8},  {32, 8},   {40, 16},
    {56, 4}, {64, 8}, {72, 64}, {136, 8}, {144, 64}, {0, 0}};
static const struct field commission_fields[] = {
    {5, 1},  {6, 2},   {8, 16},   {24, 8},  {32, 32},  {64, 32},
    {96, 4}, {112, 8}, {120, 64}, {184, 8}, {192, 64}, {0, 0}};
static const struct field manifest_fields[] = {
    {8, 16},   {24, 4},  {28, 4},   {32, 8},  {40, 24},  {64, 48}, {112, 48},
    {160, 48}, {400, 8}, {408, 64}, {472, 8}, {480, 64}, {0, 0}};
static const struct field receipt_fields[] = {
    {8, 16}, {24, 8}, {32, 32}, {64, 8}, {72, 8}, {80, 32}, {112, 32}, {0, 0}};

static const struct row rows[] = {
    {"a deposit", LB_ASK_DEPOSIT, empty_cabinet, grant, grant_fields},
    {"a deposit again", LB_ASK_DEPOSIT, loading, grant, grant_fields},
    {"a release", LB_ASK_PROOF, occupied, release, proof_fields},
    {"a release while emptying", LB_ASK_PROOF, emptying, release, proof_fields},
    {"a return", LB_ASK_PROOF, occupied, take_back, proof_fields},
    {"a reopening", LB_ASK_PROOF, fresh, reopen, proof_fields},
    {"a reopening while loading", LB_ASK_PROOF, loading, reopen, proof_fields},
    {"a cancel", LB_ASK_PROOF, fresh, cancel, proof_fields},
    {"a cancel while loading", LB_ASK_PROOF, loading, cancel, proof_fields},
    {"an order to open", LB_ASK_ORDER, occupied, order_open, order_fields},
    {"an order to block", LB_ASK_ORDER, occupied, order_block, order_fields},
    {"an order to unblock", LB_ASK_ORDER, occupied, order_unblock,
     order_fields},
    {"an order to clear", LB_ASK_ORDER, occupied, order_clear, order_fields},
    {"a first commissioning", LB_ASK_COMMISSION, uncommissioned, first,
     commission_fields},
    {"an amendment", LB_ASK_COMMISSION, occupied, amendment, commission_fields},
    {"a manifest", LB_ASK_MANIFEST, occupied, manifest, manifest_fields},
    {"a receipt", LB_ASK_RECEIPT, with_archive, receipt, receipt_fields},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* ---- Rows ---------------------------------------------------------------- */

/* Who may sign what, and nothing else yet. */
static struct gate_journal *manifest_alone(void)
{
    struct gate_journal *j = gate_journal_new();
    uint8_t bytes[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    ask.len = gate_make_manifest(bytes, 1, EPOCH, NOBODY);
    gate_journal_ask(j, &ask, &verdict);
    return j;
}

/* A question of one use alone; a door has more than one place for them. */
static void question(struct gate_journal *j, uint16_t door,
                     enum lb_challenge_use use, const uint8_t bytes[16])
{
    uint8_t out[16];

    memset(j->doors[door].challenge, 0, sizeof j->doors[door].challenge);
    if (lb_gate_challenge(&j->gate, door, use, bytes, out) != LOCKBUS_OK) {
        abort();
    }
}

static void begin(struct stage *s, const struct row *row)
{
    memset(s, 0, sizeof *s);
    s->row = row;
    s->j = row->scene == uncommissioned ? manifest_alone() : gate_scene();
    s->before = malloc(sizeof *s->before);
    assert_non_null(s->before);
    row->scene(s->j);
    if (row->scene != uncommissioned) {
        gate_journal_challenge(s->j, D, gate_question);
        gate_journal_challenge(s->j, ELSEWHERE, other_question);
    }
    gate_journal_tick(s->j);
    gate_journal_rows(s->rows);
    memset(s->hash, 7, sizeof s->hash);
    s->map =
        (struct lb_map_view){.doors = SCENE_DOORS,
                             .hash = s->hash,
                             .rows = (const uint8_t(*)[LB_ROW_LEN])s->rows};
    row->make(s->j, &s->genuine, false);
    row->make(s->j, &s->other, true);
    memcpy(s->before, s->j, sizeof *s->j);
}

static void end(struct stage *s)
{
    free(s->before);
    assert_null(s->j->broken);
    gate_journal_free(&s->j);
}

/* Bytes: nothing but the genuine ones are taken. */
static void only_the_genuine_bytes_are_taken(void **state)
{
    static struct stage s;
    static struct thing what;
    struct lb_verdict verdict;

    begin(&s, *state);
    what = s.genuine;
    every_value(&s, &what, what.bytes, what.len);
    every_length(&s, &what, what.bytes, &what.len);
    many_pairs(&s, &what);
    if (what.proof_len != 0) {
        every_value(&s, &what, what.proof, what.proof_len);
        every_length(&s, &what, what.proof, &what.proof_len);
    }
    every_mixture(&s, &s.genuine, &s.other, s.row->fields);
    every_mixture(&s, &s.other, &s.genuine, s.row->fields);
    assert_int_equal(tally.opened, 0);
    assert_int_equal(tally.changed, 0);
    assert_int_not_equal(decide(&s, &s.genuine, &verdict), LB_VERDICT_REFUSED);
    assert_int_equal(decide(&s, &s.other, &verdict) != LB_VERDICT_REFUSED,
                     s.row->kind == LB_ASK_PROOF);
    end(&s);
}

static void asked(struct stage *s, struct lb_verdict *verdict)
{
    struct lb_ask ask = {.kind = s->row->kind,
                         .bytes = s->genuine.bytes,
                         .len = s->genuine.len,
                         .proof = s->genuine.proof,
                         .proof_len = s->genuine.proof_len,
                         .map = &s->map};

    tally.presented++;
    gate_journal_ask(s->j, &ask, verdict);
}

/* Time: what was taken once is taken once; not again, not after a restart,
 * and not under the next manifest. A receipt opens nothing and may come
 * twice; R6 is for whoever keeps the journal. */
static void what_was_taken_is_not_taken_again(void **state)
{
    static struct stage s;
    struct lb_verdict verdict;
    uint8_t next[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = next};

    begin(&s, *state);
    asked(&s, &verdict);
    assert_int_not_equal(verdict.kind, LB_VERDICT_REFUSED);
    if (s.row->kind == LB_ASK_RECEIPT) {
        end(&s);
        return;
    }
    asked(&s, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_REFUSED);
    gate_journal_restart(s.j);
    asked(&s, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_REFUSED);
    lb_gate_time(&s.j->gate, 1790000000, true);
    ask.len = gate_make_manifest(next, 3, EPOCH + 1, NOBODY);
    gate_journal_ask(s.j, &ask, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_DONE);
    asked(&s, &verdict);
    assert_int_equal(verdict.kind, LB_VERDICT_REFUSED);
    end(&s);
}

/* Place: as good as it is, another cabinet refuses it, and so does this one
 * when it was restarted before. */
static void nowhere_else_and_never_later(void **state)
{
    static struct stage s;
    struct lb_verdict verdict;
    const struct row *row = *state;

    begin(&s, row);
    s.j->gate.cabinet_id[15] ^= 1;
    /* a manifest is for all cabinets; a first commissioning gives the name */
    if (row->kind != LB_ASK_MANIFEST && row->scene != uncommissioned) {
        asked(&s, &verdict);
        assert_int_equal(verdict.kind, LB_VERDICT_REFUSED);
    }
    end(&s);
    begin(&s, row);
    gate_journal_restart(s.j);
    if (row->kind != LB_ASK_MANIFEST && row->kind != LB_ASK_COMMISSION &&
        row->kind != LB_ASK_RECEIPT) { /* these answer no challenge */
        asked(&s, &verdict);
        assert_int_equal(verdict.kind, LB_VERDICT_REFUSED);
    }
    end(&s);
}

static bool answers(const struct row *row)
{
    return row->kind == LB_ASK_DEPOSIT || row->kind == LB_ASK_PROOF ||
           row->kind == LB_ASK_ORDER;
}

/* Questions: none but the one that stands at this door, for this use, and in
 * time. */
static void it_answers_no_other_question(void **state)
{
    static struct stage s;
    struct lb_verdict verdict;
    const struct row *row = *state;
    enum lb_challenge_use use =
        row->kind == LB_ASK_ORDER ? LB_CHALLENGE_SERVICE : LB_CHALLENGE_PROOF;
    enum lockbus_rule wanted =
        row->kind == LB_ASK_ORDER ? LOCKBUS_RULE_S5 : LOCKBUS_RULE_P5;

    assert_true(answers(row));
    begin(&s, row);
    question(s.j, D,
             use == LB_CHALLENGE_PROOF ? LB_CHALLENGE_SERVICE
                                       : LB_CHALLENGE_PROOF,
             gate_question);
    asked(&s, &verdict);
    assert_int_equal(verdict.rule, wanted);
    question(s.j, D, use, other_question); /* asked at another door as well */
    question(s.j, ELSEWHERE, use, gate_question);
    asked(&s, &verdict);
    assert_int_equal(verdict.rule, wanted);
    question(s.j, D, use, gate_question);
    asked(&s, &verdict);
    assert_int_equal(verdict.rule, LOCKBUS_RULE_NONE);
    end(&s);
    begin(&s, row);
    gate_journal_wait(s.j, row->kind == LB_ASK_ORDER
                               ? s.j->gate.manifest.limits.service_ttl_s
                               : s.j->gate.manifest.limits.challenge_ttl_s);
    asked(&s, &verdict);
    assert_int_not_equal(verdict.rule, LOCKBUS_RULE_NONE);
    end(&s);
}

/* What two persons cleared away is gone, and their order's number with it. */
static void it_does_not_outlive_a_clear(void **state)
{
    static struct stage s;
    struct lb_verdict verdict;
    const struct row *row = *state;

    begin(&s, row);
    assert_int_equal(gate_order(s.j, 4, D, 9), LOCKBUS_RULE_NONE);
    gate_journal_challenge(s.j, D, gate_question);
    asked(&s, &verdict);
    /* where nothing lay behind the door there was nothing to clear */
    assert_int_equal(verdict.kind == LB_VERDICT_REFUSED,
                     row->scene != empty_cabinet);
    end(&s);
}

static void nothing_was_taken(void **state)
{
    (void)state;
    print_message("presented %llu\n", (unsigned long long)tally.presented);
    for (unsigned rule = 0; rule < RULES; rule++) {
        if (tally.by_rule[rule] != 0) {
            print_message("refused by %s: %llu\n",
                          lockbus_rule_name((enum lockbus_rule)rule),
                          (unsigned long long)tally.by_rule[rule]);
        }
    }
    print_message("opened %llu\n", (unsigned long long)tally.opened);
    assert_int_equal(tally.opened, 0);
    assert_int_equal(tally.changed, 0);
    assert_true(tally.presented > 10000);
}

enum { CASES = 5 };

static bool concerns(const struct row *row, size_t which)
{
    return which < 3 || answers(row);
}

int main(void)
{
    static struct CMUnitTest tests[CASES * ROWS + 1];
    static char names[CASES][ROWS][80];
    static const struct {
        void (*test)(void **);
        const char *end;
    } cases[CASES] = {{only_the_genuine_bytes_are_taken, "by its bytes"},
                      {what_was_taken_is_not_taken_again, "once"},
                      {nowhere_else_and_never_later, "here and now"},
                      {it_answers_no_other_question, "its question"},
                      {it_does_not_outlive_a_clear, "after a clear"}};
    static struct row copy[ROWS]; /* cmocka hands out what can be written */
    const char *all = getenv("LOCKBUS_ATTACK");
    const char *part = getenv("LOCKBUS_ATTACK_PART");
    size_t count = 0;

    tally.all = all != NULL && strcmp(all, "all") == 0;
    tally.parts = 1;
    if (part != NULL && sscanf(part, "%u/%u", &tally.part, &tally.parts) != 2) {
        return 2;
    }
    memcpy(copy, rows, sizeof copy);
    for (size_t k = 0; k < CASES; k++) {
        for (size_t i = 0; i < ROWS; i++) {
            if (!concerns(&copy[i], k)) {
                continue;
            }
            (void)snprintf(names[k][i], sizeof names[k][i], "%s, %s",
                           rows[i].name, cases[k].end);
            tests[count++] = (struct CMUnitTest){names[k][i], cases[k].test,
                                                 NULL, NULL, &copy[i]};
        }
    }
    tests[count++] = (struct CMUnitTest){"nothing was taken", nothing_was_taken,
                                         NULL, NULL, NULL};
    return _cmocka_run_group_tests("attack", tests, count, NULL, NULL);
}
