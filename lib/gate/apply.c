/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The fold: what a record does to the state. It uses the record's own time
 * and nothing of this process, so that starting up gives the state that was
 * left. It trusts that the records were decided by the rules, since the
 * journal's tags were checked, but stays within its memory for any bytes.
 */

#include "gate/apply.h"

#include "base/bytes.h"
#include "gate/limits.h"
#include "gate/manifest.h"
#include "gate/snapshot.h"

static bool boot(struct lb_gate *gate, const struct lb_record *r)
{
    gate->boot = r->ref;
    gate->booted = gate->running;
    for (uint16_t i = 0; i < gate->door_cap; i++) {
        struct lb_gate_door *d = &gate->doors[i];

        d->open_cut = d->leaf_was_open;
        /* an intent of an older process moves no latch */
        d->permit_due = false;
    }
    return true;
}

/* ---- A cabinet's records ------------------------------------------------ */

bool lb_apply_part(struct lb_gate *gate, const struct lb_record *r,
                   struct lb_manifest *out, bool *whole)
{
    size_t at = (size_t)r->kind * LB_RECORD_BODY;

    *whole = false;
    if (r->kind == 0) {
        gate->staged = 0;
    }
    if (r->ref > LB_MANIFEST_MAX || at != gate->staged || at >= r->ref) {
        return false;
    }
    size_t len = r->ref - at;

    if (len > LB_RECORD_BODY) {
        len = LB_RECORD_BODY;
    }
    lb_copy(gate->staging + at, r->body, len);
    gate->staged = (uint16_t)(at + len);
    if (gate->staged < r->ref) {
        return true;
    }
    gate->staged = 0;
    *whole = lb_manifest_parse(out, gate->staging, r->ref);
    return *whole;
}

/* M7: what a thief's key began is frozen, and stays so when a later list
 * forgets the key. */
static void freeze(struct lb_gate *gate)
{
    for (uint16_t i = 0; i < gate->door_cap; i++) {
        struct lb_gate_door *d = &gate->doors[i];
        const struct lb_manifest_key *key =
            lb_manifest_find(&gate->manifest, d->issuer, LB_ROLE_DISTRUSTED);

        if (key != NULL && d->custody != LB_CUSTODY_VACANT &&
            d->stay >> 32 >= key->from_epoch) {
            d->frozen = true;
        }
    }
}

/* M7: a later manifest sets the floor, even downwards, so that one who lied
 * about the time is undone; trust must then be earned again. The first one
 * has nothing to undo. */
static void set_floor(struct lb_gate *gate, bool first)
{
    uint64_t issued_at = gate->manifest.issued_at;

    if (first) {
        if (issued_at > gate->floor_s) {
            gate->floor_s = issued_at;
        }
        return;
    }
    gate->floor_s = issued_at;
    gate->floor_live_s = 0;
    gate->time_known = gate->time_trusted = false;
}

static bool manifest(struct lb_gate *gate, const struct lb_record *r)
{
    struct lb_manifest next;
    uint32_t level[LB_BUCKETS];
    bool whole = false;

    if (!lb_apply_part(gate, r, &next, &whole)) {
        return false;
    }
    if (!whole) {
        return true;
    }
    bool first = gate->manifest.number == 0;

    for (unsigned i = 0; i < LB_BUCKETS; i++) {
        level[i] = lb_bucket_level(gate, i, r->powered_ms);
    }
    gate->manifest = next;
    gate->manifest_len = (uint16_t)r->ref;
    for (unsigned i = 0; i < LB_BUCKETS; i++) {
        gate->bucket[i].level = first ? UINT32_MAX : level[i];
        gate->bucket[i].at_ms = r->powered_ms;
        gate->bucket[i].level = lb_bucket_level(gate, i, r->powered_ms);
    }
    freeze(gate);
    set_floor(gate, first);
    return true;
}

static bool rows(struct lb_gate *gate, const struct lb_record *r)
{
    if (gate->row_next == NULL || r->kind < 1 ||
        r->kind > LB_RECORD_BODY / LB_ROW_LEN || r->door > gate->door_cap ||
        gate->door_cap - r->door < r->kind) {
        return false;
    }
    for (uint16_t i = 0; i < r->kind; i++) {
        lb_copy(gate->row_next[r->door + i], r->body + i * LB_ROW_LEN,
                LB_ROW_LEN);
    }
    return true;
}

void lb_apply_order_no(struct lb_gate *gate, uint64_t number)
{
    if (number > gate->last_order_no) {
        gate->last_order_no = number;
    }
}

static bool commission(struct lb_gate *gate, const struct lb_record *r)
{
    uint16_t doors = lb_get_u16(r->body + LB_COMMISSION_DOORS);

    if (doors > gate->door_cap || r->kind > 1) {
        return false;
    }
    for (uint16_t i = 0; i < gate->door_cap; i++) {
        struct lb_gate_door *d = &gate->doors[i];

        lb_zero(d->row, LB_ROW_LEN);
        if (gate->row_next == NULL) {
            continue; /* in a checkpoint's midst: its own rows are to come */
        }
        if (i < doors) {
            lb_copy(d->row, gate->row_next[i], LB_ROW_LEN);
        }
        lb_zero(gate->row_next[i], LB_ROW_LEN);
    }
    gate->commissioned = true;
    gate->door_count = doors;
    lb_copy(gate->cabinet_id, r->body + LB_COMMISSION_CABINET, 16);
    gate->region = lb_get_u32(r->body + LB_COMMISSION_REGION);
    lb_copy(gate->map_hash, r->body + LB_COMMISSION_HASH, LB_HASH_LEN);
    lb_apply_order_no(gate, lb_get_u64(r->body + LB_COMMISSION_ORDER_NO));
    return true;
}

static bool time_floor(struct lb_gate *gate, const struct lb_record *r)
{
    uint64_t floor = lb_get_u64(r->body);

    if (floor >= LB_TIME_END_S) {
        return false;
    }
    if (floor > gate->floor_s) {
        gate->floor_s = floor;
    }
    return true;
}

uint32_t lb_gate_names(const struct lb_record *record)
{
    switch (record->type) {
    case LB_REC_ROWS:
        return record->door + (uint32_t)record->kind;
    case LB_REC_CKPT_ROWS:
        return record->door + (uint32_t)(record->kind & ~LB_CKPT_ROWS_NEXT);
    case LB_REC_COMMISSION:
        return lb_get_u16(record->body + LB_COMMISSION_DOORS);
    case LB_REC_CKPT_CABINET:
        return lb_get_u16(record->body + LB_CKPT_DOORS);
    default:
        return record->door < LB_DOOR_MAX ? record->door + 1U : 0;
    }
}

bool lb_gate_apply(struct lb_gate *gate, const struct lb_record *record)
{
    switch (record->type) {
    case LB_REC_BOOT:
        return boot(gate, record);
    case LB_REC_MANIFEST:
        return manifest(gate, record);
    case LB_REC_ROWS:
        return rows(gate, record);
    case LB_REC_COMMISSION:
        return commission(gate, record);
    case LB_REC_TIME:
        return time_floor(gate, record);
    case LB_REC_REFUSAL:
    case LB_REC_ALARM:
    case LB_REC_BOARD:
    case LB_REC_RECEIPT:
    case LB_REC_DEVICE:
    case LB_REC_RETAIN:
        return true; /* for the reader of the journal only */
    default:
        break;
    }
    if (record->type >= LB_REC_CKPT_FIRST && record->type <= LB_REC_CKPT_END) {
        return lb_apply_checkpoint(gate, record);
    }
    return record->door < gate->door_cap && lb_apply_door(gate, record);
}
