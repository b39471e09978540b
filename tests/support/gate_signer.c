/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "gate_signer.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

const uint8_t gate_cabinet[16] = {'c', 'a', 'b', 'i', 'n', 'e', 't'};
const uint8_t gate_question[16] = {'q', 'u', 'e', 's', 't', 'i', 'o', 'n'};

void gate_seed(uint8_t seed[LB_SEED_LEN], uint8_t person)
{
    memset(seed, person, LB_SEED_LEN);
}

void gate_key(uint8_t key[LB_KEY_LEN], uint8_t person)
{
    uint8_t seed[LB_SEED_LEN];

    if (person == NOBODY) {
        memset(key, 0, LB_KEY_LEN);
        return;
    }
    gate_seed(seed, person);
    lb_crypto_public(key, seed);
}

uint64_t gate_stay(uint64_t number)
{
    return (uint64_t)EPOCH << 32 | number;
}

static void sign(uint8_t *sig, const char *prefix, const uint8_t *body,
                 size_t len, uint8_t person)
{
    uint8_t seed[LB_SEED_LEN];

    gate_seed(seed, person);
    if (!lb_crypto_sign(sig, prefix, body, len, seed)) {
        abort();
    }
}

void gate_make_grant(uint8_t out[LB_GRANT_LEN], const struct gate_grant *g)
{
    uint8_t key[LB_KEY_LEN];

    memset(out, 0, LB_GRANT_LEN);
    memcpy(out, "LBD1\1", 5);
    out[5] = g->uses != 0 ? g->uses : 0x23;
    lb_put_u16(out + 6, g->door);
    memcpy(out + 8, gate_cabinet, 16);
    lb_put_u64(out + 24, gate_stay(g->stay));
    lb_put_u64(out + 32, 1790000000);
    lb_put_u32(out + 40, 86400);
    lb_put_u32(out + 44, g->return_after_s);
    gate_key(out + 64, g->courier);
    gate_key(out + 96, g->release);
    gate_key(out + 128, g->back);
    gate_key(key, ISSUER);
    memcpy(out + 160, key, 8);
    sign(out + 168, "lockbus/deposit/v1", out, 160, ISSUER);
}

void gate_make_proof(uint8_t out[LB_PROOF_LEN], uint8_t kind, uint16_t door,
                     uint64_t stay, uint8_t signer)
{
    memset(out, 0, LB_PROOF_LEN);
    memcpy(out, "LBP1\1", 5);
    out[5] = kind;
    lb_put_u16(out + 6, door);
    memcpy(out + 8, gate_cabinet, 16);
    lb_put_u64(out + 24, gate_stay(stay));
    memcpy(out + 32, gate_question, 16);
    sign(out + 48, "lockbus/proof/v1", out, 48, signer);
}

void gate_sign_pair(uint8_t *order, size_t body_len, const char *prefix,
                    uint8_t one, uint8_t two)
{
    uint8_t a[LB_KEY_LEN];
    uint8_t b[LB_KEY_LEN];

    gate_key(a, one);
    gate_key(b, two);
    if (memcmp(a, b, 8) > 0) {
        gate_sign_pair(order, body_len, prefix, two, one);
        return;
    }
    memcpy(order + body_len, a, 8);
    sign(order + body_len + 8, prefix, order, body_len, one);
    memcpy(order + body_len + 72, b, 8);
    sign(order + body_len + 80, prefix, order, body_len, two);
}

void gate_make_order(uint8_t out[LB_ORDER_LEN], uint8_t action, uint16_t door,
                     uint64_t number)
{
    memset(out, 0, LB_ORDER_LEN);
    memcpy(out, "LBS1\1", 5);
    out[5] = action;
    lb_put_u16(out + 6, door);
    memcpy(out + 8, gate_cabinet, 16);
    lb_put_u64(out + 24, gate_stay(number));
    lb_put_u64(out + 32, 1790000000 + 86400);
    memcpy(out + 40, gate_question, 16);
    gate_sign_pair(out, 64, "lockbus/service/v1", OPERATIONS, SECURITY);
}

static void manifest_key(uint8_t *out, uint8_t role, uint8_t person)
{
    out[0] = role;
    lb_put_u32(out + 12, UINT32_MAX);
    gate_key(out + 16, person);
}

size_t gate_make_manifest(uint8_t out[LB_MANIFEST_MAX], uint32_t number,
                          uint32_t epoch, uint8_t distrusted)
{
    static const uint8_t people[][2] = {
        {1, ROOT_A},     {1, ROOT_B},   {1, ROOT_C},        {2, ISSUER},
        {3, OPERATIONS}, {4, SECURITY}, {3, OPERATIONS_TOO}};
    static const uint8_t limits[24] = {2, 4, 44,  1, 6,   60, 3,  60,
                                       2, 4, 5,   3, 120, 0,  60, 0,
                                       0, 1, 120, 0, 132, 3,  30, 0};

    memset(out, 0, LB_MANIFEST_MAX);
    memcpy(out, "LBM1\1", 5);
    out[5] = 7;
    out[6] = 2;
    memset(out + 8, 'o', 16);
    lb_put_u32(out + 24, number);
    lb_put_u32(out + 28, epoch);
    lb_put_u64(out + 32, 1789900000);
    memcpy(out + 40, limits, sizeof limits);
    for (size_t i = 0; i < 7; i++) {
        bool bad = people[i][1] == distrusted;
        uint8_t *entry = out + 64 + 48 * i;

        manifest_key(entry, bad ? 5 : people[i][0], people[i][1]);
        lb_put_u32(entry + 4, bad ? EPOCH : 0);
    }
    return gate_sign_manifest(out);
}

size_t gate_sign_manifest(uint8_t *manifest)
{
    size_t body = 64 + 48 * (size_t)manifest[5];

    gate_sign_pair(manifest, body, "lockbus/manifest/v1", ROOT_A, ROOT_B);
    return body + 144;
}

static void must(struct gate_journal *j, bool ok, const char *why)
{
    if (!ok && j->broken == NULL) {
        j->broken = why; /* the test's teardown says so */
    }
}

struct gate_journal *gate_scene(void)
{
    struct gate_journal *j = gate_journal_new();
    uint8_t manifest[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = manifest};
    struct lb_verdict verdict;

    gate_journal_commission(j, gate_cabinet, REGION, SCENE_DOORS);
    lb_gate_time(&j->gate, 1790000000, true);
    ask.len = gate_make_manifest(manifest, 1, EPOCH, NOBODY);
    gate_journal_ask(j, &ask, &verdict);
    must(j, verdict.kind == LB_VERDICT_DONE, "the scene does not stand");
    return j;
}

enum lockbus_rule gate_deposit(struct gate_journal *j,
                               const struct gate_grant *g)
{
    uint8_t grant[LB_GRANT_LEN];
    uint8_t proof[LB_PROOF_LEN];
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT,
                         .bytes = grant,
                         .len = sizeof grant,
                         .proof = proof,
                         .proof_len = sizeof proof};
    struct lb_verdict verdict;

    gate_make_grant(grant, g);
    gate_make_proof(proof, 3, g->door, g->stay, g->courier);
    gate_journal_challenge(j, g->door, gate_question);
    gate_journal_ask(j, &ask, &verdict);
    return verdict.rule;
}

enum lockbus_rule gate_proof(struct gate_journal *j, uint8_t kind,
                             uint16_t door, uint64_t stay, uint8_t signer)
{
    uint8_t proof[LB_PROOF_LEN];
    struct lb_ask ask = {
        .kind = LB_ASK_PROOF, .bytes = proof, .len = sizeof proof};
    struct lb_verdict verdict;

    gate_make_proof(proof, kind, door, stay, signer);
    gate_journal_challenge(j, door, gate_question);
    gate_journal_ask(j, &ask, &verdict);
    return verdict.rule;
}

enum lockbus_rule gate_order(struct gate_journal *j, uint8_t action,
                             uint16_t door, uint64_t number)
{
    uint8_t order[LB_ORDER_LEN];
    struct lb_ask ask = {
        .kind = LB_ASK_ORDER, .bytes = order, .len = sizeof order};
    struct lb_verdict verdict;

    gate_make_order(order, action, door, number);
    gate_journal_challenge(j, door, gate_question);
    gate_journal_ask(j, &ask, &verdict);
    return verdict.rule;
}

void gate_fill(struct gate_journal *j, uint16_t door)
{
    struct gate_grant g = {.door = door,
                           .stay = 100,
                           .courier = COURIER,
                           .release = (uint8_t)(RECIPIENT + 20 + door),
                           .back = (uint8_t)(OPERATOR + 60 + door),
                           .return_after_s = 3600};

    must(j, gate_deposit(j, &g) == LOCKBUS_RULE_NONE, "a deposit is refused");
    gate_journal_leaf(j, door, true);
    gate_journal_wait(j, 3);
    gate_journal_leaf(j, door, false);
    must(j, j->doors[door].custody == LB_CUSTODY_OCCUPIED,
         "a door is not filled");
}
