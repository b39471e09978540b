/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Commissioning orders: K1 to K8. They say which doors there are, and only
 * the first says that they are empty.
 */

#include "base/bytes.h"
#include "gate/decide.h"

enum {
    KIND = 5,
    DOORS = 6,
    CABINET = 8,
    ORDER_NO = 24,
    MAP_HASH = 32,
    MANIFEST_HASH = 64,
    REGION = 96,
    ZERO = 100,
    PAIR = 112,
    SIGNER_LEN = 72
};

enum { FIRST = 0, AMENDMENT = 1, ROWS_PER_RECORD = 6 };

static bool k1(const uint8_t *order, size_t len)
{
    return len == LB_COMMISSION_LEN && lb_same(order, "LBC1", 4) &&
           order[4] == 1 && order[KIND] <= AMENDMENT &&
           lb_get_u16(order + DOORS) >= 1 &&
           lb_get_u16(order + DOORS) <= LB_DOOR_MAX &&
           lb_all_zero(order + ZERO, PAIR - ZERO) && lb_pair_form(order + PAIR);
}

static bool k3(const struct lb_gate *gate, const uint8_t *order)
{
    return lb_get_u64(order + ORDER_NO) >> 32 == gate->manifest.epoch &&
           (order[KIND] == FIRST ||
            lb_same(order + CABINET, gate->cabinet_id, 16));
}

static bool k5(const struct lb_gate *gate, const uint8_t *order,
               const struct lb_map_view *map)
{
    return map != NULL && map->doors <= gate->door_cap &&
           map->doors == lb_get_u16(order + DOORS) &&
           lb_same(map->hash, order + MAP_HASH, LB_HASH_LEN);
}

static bool k6(const struct lb_gate *gate, const uint8_t *order)
{
    if (lb_get_u64(order + ORDER_NO) <= gate->last_order_no) {
        return false;
    }
    if (order[KIND] == FIRST) {
        return !gate->commissioned;
    }
    return gate->commissioned && lb_get_u32(order + REGION) == gate->region;
}

/* What lies behind a door is found again by its row, so that row stays. */
static bool k7(const struct lb_gate *gate, const struct lb_map_view *map)
{
    for (uint16_t i = 0; i < gate->door_cap; i++) {
        const struct lb_gate_door *d = &gate->doors[i];

        if (d->custody != LB_CUSTODY_VACANT &&
            (i >= map->doors || !lb_same(d->row, map->rows[i], LB_ROW_LEN))) {
            return false;
        }
    }
    return true;
}

static enum lockbus_rule commission_rules(const struct lb_gate *gate,
                                          const struct lb_ask *ask)
{
    const uint8_t *order = ask->bytes;

    if (!k1(order, ask->len)) {
        return LOCKBUS_RULE_K1;
    }
    if (!lb_pair_ok(gate, "lockbus/commission/v1", order, PAIR)) {
        return LOCKBUS_RULE_K2;
    }
    if (!k3(gate, order)) {
        return LOCKBUS_RULE_K3;
    }
    if (!lb_same(order + MANIFEST_HASH, gate->manifest.hash, LB_HASH_LEN)) {
        return LOCKBUS_RULE_K4;
    }
    if (!k5(gate, order, ask->map)) {
        return LOCKBUS_RULE_K5;
    }
    if (!k6(gate, order)) {
        return LOCKBUS_RULE_K6;
    }
    if (!k7(gate, ask->map)) {
        return LOCKBUS_RULE_K7;
    }
    return lb_can_write(gate) ? LOCKBUS_RULE_NONE : LOCKBUS_RULE_K8;
}

enum lockbus_rule lb_rules_commission(const struct lb_gate *gate,
                                      const struct lb_ask *ask,
                                      struct lb_verdict *verdict)
{
    const uint8_t *order = ask->bytes;
    enum lockbus_rule rule = commission_rules(gate, ask);

    if (rule != LOCKBUS_RULE_NONE) {
        return rule;
    }
    struct lb_record *record =
        lb_add(gate, verdict, LB_REC_COMMISSION, LB_DOOR_NONE);
    uint8_t *body = record->body;

    record->kind = order[KIND];
    lb_copy(body + LB_COMMISSION_CABINET, order + CABINET, 16);
    lb_copy(body + LB_COMMISSION_REGION, order + REGION, 4);
    lb_copy(body + LB_COMMISSION_HASH, order + MAP_HASH, LB_HASH_LEN);
    lb_copy(body + LB_COMMISSION_ORDER_NO, order + ORDER_NO, 8);
    lb_copy(body + LB_COMMISSION_DOORS, order + DOORS, 2);
    lb_copy(body + LB_COMMISSION_KEY_IDS, order + PAIR, 8);
    lb_copy(body + LB_COMMISSION_KEY_IDS + 8, order + PAIR + SIGNER_LEN, 8);
    verdict->kind = LB_VERDICT_DONE;
    return LOCKBUS_RULE_NONE;
}

size_t lb_gate_rows(const struct lb_map_view *map, uint32_t *cursor,
                    struct lb_record *out, size_t cap, uint64_t powered_ms)
{
    size_t count = 0;

    while (count < cap && *cursor < map->doors) {
        uint32_t left = map->doors - *cursor;
        uint32_t rows = left < ROWS_PER_RECORD ? left : ROWS_PER_RECORD;

        lb_zero(&out[count], sizeof out[count]);
        out[count].type = LB_REC_ROWS;
        out[count].kind = (uint8_t)rows;
        out[count].door = (uint16_t)*cursor;
        out[count].powered_ms = powered_ms;
        lb_copy(out[count].body, map->rows[*cursor], rows * LB_ROW_LEN);
        *cursor += rows;
        count++;
    }
    return count;
}
