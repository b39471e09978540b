/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The state from a checkpoint's records.
 */

#include "gate/snapshot.h"

#include "base/bytes.h"
#include "gate/apply.h"
#include "gate/custody.h"

static void get_times(uint32_t *times_s, const uint8_t *body, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t at_ms = lb_get_u64(body + 8 * i);

        times_s[i] = at_ms != 0 ? lb_try_s(at_ms) : 0;
    }
}

static bool get_cabinet(struct lb_gate *gate, const struct lb_record *r)
{
    uint16_t doors = lb_get_u16(r->body + LB_CKPT_DOORS);

    if (doors > gate->door_cap || r->body[102] > 1) {
        return false;
    }
    gate->last_order_no = r->stay;
    gate->boot = r->ref;
    lb_copy(gate->cabinet_id, r->body, 16);
    gate->region = lb_get_u32(r->body + 16);
    lb_copy(gate->map_hash, r->body + 20, LB_HASH_LEN);
    gate->floor_s = lb_get_u64(r->body + 52);
    gate->last_ref = lb_get_u32(r->body + 60);
    for (size_t i = 0; i < LB_BUCKETS; i++) {
        gate->bucket[i].level = lb_get_u32(r->body + 64 + 4 * i);
        gate->bucket[i].at_ms = lb_get_u64(r->body + 76 + 8 * i);
    }
    gate->door_count = doors;
    gate->commissioned = r->body[102] != 0;
    return true;
}

static bool get_hourly(struct lb_gate *gate, const struct lb_record *r)
{
    if (r->kind >= LB_CKPT_HOURLY_RECORDS) {
        return false;
    }
    size_t left = LB_CKPT_HOURLY - LB_CKPT_TIMES * (size_t)r->kind;

    get_times(gate->hourly_s + LB_CKPT_TIMES * (size_t)r->kind, r->body,
              left < LB_CKPT_TIMES ? left : LB_CKPT_TIMES);
    return true;
}

static bool get_manifest(struct lb_gate *gate, const struct lb_record *r)
{
    struct lb_manifest next;
    bool whole = false;

    if (!lb_apply_part(gate, r, &next, &whole)) {
        return false;
    }
    if (whole) {
        gate->manifest = next;
        gate->manifest_len = (uint16_t)r->ref;
    }
    return true;
}

static bool get_rows(struct lb_gate *gate, const struct lb_record *r)
{
    unsigned rows = r->kind & ~(unsigned)LB_CKPT_ROWS_NEXT;

    bool next = (r->kind & LB_CKPT_ROWS_NEXT) != 0;

    if (rows < 1 || rows > LB_CKPT_ROWS_EACH || r->door > gate->door_cap ||
        (unsigned)gate->door_cap - r->door < rows ||
        (next && gate->row_next == NULL)) {
        return false;
    }
    for (unsigned i = 0; i < rows; i++) {
        lb_copy(next ? gate->row_next[r->door + i]
                     : gate->doors[r->door + i].row,
                r->body + i * LB_ROW_LEN, LB_ROW_LEN);
    }
    return true;
}

static void get_flags(struct lb_gate_door *d, unsigned f)
{
    d->blocked = (f & LB_CKPT_F_BLOCKED) != 0;
    d->frozen = (f & LB_CKPT_F_FROZEN) != 0;
    d->visit = (f & LB_CKPT_F_VISIT) != 0;
    d->seen_open = (f & LB_CKPT_F_SEEN_OPEN) != 0;
    d->long_open = (f & LB_CKPT_F_LONG_OPEN) != 0;
    d->maybe_open = (f & LB_CKPT_F_MAYBE_OPEN) != 0;
    d->leaf_was_open = (f & LB_CKPT_F_LEAF_OPEN) != 0;
    d->intent_live = (f & LB_CKPT_F_INTENT_LIVE) != 0;
    d->counts = (f & LB_CKPT_F_COUNTS) != 0;
    d->count_opened = (f & LB_CKPT_F_COUNT_OPENED) != 0;
    d->open_cut = (f & LB_CKPT_F_OPEN_CUT) != 0;
    d->emptied_by = f >> LB_CKPT_EMPTIED_AT & 3U;
}

static bool get_door(struct lb_gate_door *d, const struct lb_record *r)
{
    const uint8_t *b = r->body;

    if (r->kind < LB_CUSTODY_VACANT || r->kind >= LB_CUSTODY_COUNT ||
        lb_get_u16(b) > LB_CKPT_F_ALL || b[2] > 3 || b[7] > LB_OPEN_SERVICE ||
        b[8] >= LB_CUSTODY_COUNT || b[9] > LB_OUTCOME_UNKNOWN) {
        return false;
    }
    lb_apply_custody(d, r->kind);
    d->stay = r->stay;
    d->intent_ref = r->ref;
    get_flags(d, lb_get_u16(b));
    d->seals = b[2];
    d->courier_uses = b[3];
    d->release_uses = b[4];
    d->courier_spent = b[5];
    d->release_spent = b[6];
    d->intent_open = b[7];
    d->intent_custody = b[8];
    d->last_outcome = b[9];
    d->intent_boot = lb_get_u32(b + 12);
    d->first_intent_ms = lb_get_u64(b + 16);
    d->return_due_ms = lb_get_u64(b + 24);
    d->open_at_ms = lb_get_u64(b + 32);
    d->shut_at_ms = lb_get_u64(b + 40);
    d->intent_ms = lb_get_u64(b + 48);
    return true;
}

static bool get_part(struct lb_gate_door *d, const struct lb_record *r)
{
    switch (r->type) {
    case LB_REC_CKPT_DOOR:
        return get_door(d, r);
    case LB_REC_CKPT_KEYS:
        lb_copy(d->courier_pk, r->body, LB_KEY_LEN);
        lb_copy(d->release_pk, r->body + 32, LB_KEY_LEN);
        lb_copy(d->return_pk, r->body + 64, LB_KEY_LEN);
        return true;
    case LB_REC_CKPT_GRANT:
        /* Where the door has tries, they share this memory, the hash is zeros,
         * and both of their records follow in the same batch (put_stay()). */
        lb_copy(d->grant_hash, r->body, LB_HASH_LEN);
        lb_copy(d->parcel_ref, r->body + 32, 16);
        lb_copy(d->issuer, r->body + 48, 8);
        return true;
    case LB_REC_CKPT_SEAL:
        return r->kind <= 1 && lb_seal_keep(d->seal[r->kind], r->body);
    case LB_REC_CKPT_TRIES:
        if (r->kind > 1) {
            return false;
        }
        if (lb_door_has_tries(d)) {
            get_times(d->tries_s + LB_CKPT_TRIES_EACH * r->kind, r->body,
                      LB_CKPT_TRIES_EACH);
        }
        return true;
    default:
        return false;
    }
}

bool lb_apply_checkpoint(struct lb_gate *gate, const struct lb_record *r)
{
    switch (r->type) {
    case LB_REC_CKPT_CABINET:
        return get_cabinet(gate, r);
    case LB_REC_CKPT_HOURLY:
        return get_hourly(gate, r);
    case LB_REC_CKPT_MANIFEST:
        return get_manifest(gate, r);
    case LB_REC_CKPT_ROWS:
        return get_rows(gate, r);
    case LB_REC_CKPT_END:
        return true;
    default:
        return r->door < gate->door_cap && get_part(&gate->doors[r->door], r);
    }
}
