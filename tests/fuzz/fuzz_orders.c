/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Service and commissioning orders. Mode, order. Bits 0 and 1 of the mode are
 * who signs: nobody, both roles, two of one role, one person twice; bit 2: a
 * commissioning order, whose map is the scene's.
 */

#include "scene.h"

#include <lockbus/grant.h>
#include <lockbus/issue.h>

#include <string.h>

enum { BOTH_ROLES = 1, ONE_ROLE = 2, ONE_PERSON = 3, COMMISSION = 4 };

static uint8_t order[LB_COMMISSION_LEN + 1];

static void sign(uint8_t who, size_t body, const char *prefix)
{
    static const uint8_t second[] = {NOBODY, SECURITY, OPERATIONS_TOO,
                                     OPERATIONS};

    if (who != NOBODY) {
        gate_sign_pair(order, body, prefix, OPERATIONS, second[who]);
    }
}

static void signers(struct lockbus_signer by[2])
{
    static const uint8_t who[2] = {OPERATIONS, SECURITY};
    uint8_t seed[LB_SEED_LEN];

    for (size_t i = 0; i < 2; i++) {
        gate_seed(seed, who[i]);
        must(lockbus_signer_from_seed(&by[i], seed) == LOCKBUS_OK, "a signer");
    }
}

/* S1 to S6 by the text of docs/GRANTS.md, at this scene. */
static void service_allowed(const struct lb_verdict *verdict)
{
    uint64_t door = number_at(order, 6, 2);
    struct lockbus_signer by[2];
    struct lockbus_order read;
    struct lockbus_error why;
    uint8_t again[LB_ORDER_LEN];

    must(memcmp(order, "LBS1\1", 5) == 0 && order[5] >= 1 && order[5] <= 4 &&
             number_at(order, 60, 4) == 0,
         "S1: form");
    must((verdict->kind == LB_VERDICT_PERMIT) == (order[5] == 1),
         "only action 1 opens");
    must(door < SCENE_DOORS && (order[5] != 1 || door != SCENE_AWAY) &&
             memcmp(order + 8, gate_cabinet, 16) == 0 &&
             number_at(order, 28, 4) == EPOCH,
         "S3: door, cabinet, epoch");
    must(number_at(order, 32, 8) >= 1790000000, "S4: not over");
    must(memcmp(order + 40, gate_question, 16) == 0, "S5: challenge");
    must(number_at(order, 24, 8) > 0, "S6: a new number");
    signers(by);
    must(lockbus_order_read(&read, order, LB_ORDER_LEN) == LOCKBUS_OK,
         "S1: two readings of one order");
    /* The gate takes an order of no end, the issuing side signs none. */
    if (read.not_after >= UINT64_C(1) << 36) {
        return;
    }
    must(lockbus_issue_order(again, &read, &by[0], &by[1], &why) ==
                 LOCKBUS_OK &&
             memcmp(again, order, sizeof again) == 0,
         "what was accepted is what its fields are written as");
}

/* K1 to K6, of a cabinet that is commissioned. */
static void commission_allowed(const struct lb_map_view *map)
{
    struct lockbus_signer by[2];
    struct lockbus_commission read;
    struct lockbus_error why;
    uint8_t again[LB_COMMISSION_LEN];

    must(memcmp(order, "LBC1\1", 5) == 0 && number_at(order, 100, 8) == 0 &&
             number_at(order, 108, 4) == 0,
         "K1: form");
    must(order[5] == 1, "K6: an amendment");
    must(memcmp(order + 8, gate_cabinet, 16) == 0 &&
             number_at(order, 28, 4) == EPOCH,
         "K3: cabinet, epoch");
    must(memcmp(order + 64, scene()->gate.manifest.hash, LB_HASH_LEN) == 0,
         "K4: manifest");
    must(number_at(order, 6, 2) == map->doors &&
             memcmp(order + 32, map->hash, LB_HASH_LEN) == 0,
         "K5: map");
    must(number_at(order, 96, 4) == REGION, "K6: region");
    signers(by);
    must(lockbus_commission_read(&read, order, LB_COMMISSION_LEN) ==
                 LOCKBUS_OK &&
             lockbus_issue_commission(again, &read, &by[0], &by[1], &why) ==
                 LOCKBUS_OK &&
             memcmp(again, order, sizeof again) == 0,
         "what was accepted is what its fields are written as");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t rows[SCENE_DOORS][LB_ROW_LEN];
    static const uint8_t hash[LB_HASH_LEN] = {'m', 'a', 'p'};
    struct lb_map_view map = {SCENE_DOORS, hash,
                              (const uint8_t(*)[LB_ROW_LEN])rows};
    struct lb_verdict verdict;
    struct lb_ask ask = {.kind = LB_ASK_ORDER, .bytes = order};

    if (size == 0) {
        return 0;
    }
    uint8_t who = data[0] & 3;
    bool commission = (data[0] & COMMISSION) != 0;

    ask.len = size - 1 < sizeof order ? size - 1 : sizeof order;
    memcpy(order, data + 1, ask.len);
    for (size_t i = 0; i < SCENE_DOORS; i++) {
        memcpy(rows[i], scene()->doors[i].row, LB_ROW_LEN);
    }
    if (commission) {
        ask.kind = LB_ASK_COMMISSION;
        ask.map = &map;
        sign(who, 112, "lockbus/commission/v1");
    } else {
        sign(who, 64, "lockbus/service/v1");
    }
    if (!scene_ask(&ask, &verdict)) {
        return 0;
    }
    must(who == BOTH_ROLES, "S2, K2: two roles have signed");
    must(ask.len == (commission ? LB_COMMISSION_LEN : LB_ORDER_LEN),
         "S1, K1: length");
    if (commission) {
        commission_allowed(&map);
    } else {
        service_allowed(&verdict);
    }
    return 0;
}
