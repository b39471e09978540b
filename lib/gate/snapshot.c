/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The state as records and back. What one call gives lands in one block, so
 * that a manifest, the cabinet's counters with its tries, and each door are
 * taken at one moment each; between them live records may fall.
 */

#include "gate/snapshot.h"

#include "base/bytes.h"
#include "gate/apply.h"
#include "gate/custody.h"

/* Where the cursor stands: manifest, cabinet, then doors, rows, end. */
enum { AT_MANIFEST = 0, AT_CABINET = 1, AT_DOORS = 2 };

struct sink {
    struct lb_record *out;
    size_t count, cap;
    uint64_t powered_ms;
};

static struct lb_record *put(struct sink *sink, enum lb_record_type type,
                             uint16_t door)
{
    struct lb_record *r = &sink->out[sink->count++];

    lb_zero(r, sizeof *r);
    r->type = (uint8_t)type;
    r->door = door;
    r->powered_ms = sink->powered_ms;
    return r;
}

static void put_times(uint8_t *body, const uint32_t *times_s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lb_put_u64(body + 8 * i, 1000 * (uint64_t)times_s[i]);
    }
}

static void put_manifest(const struct lb_gate *gate, struct sink *sink)
{
    for (size_t at = 0; at < gate->manifest_len; at += LB_RECORD_BODY) {
        struct lb_record *r = put(sink, LB_REC_CKPT_MANIFEST, LB_DOOR_NONE);
        size_t left = gate->manifest_len - at;

        r->kind = (uint8_t)(at / LB_RECORD_BODY);
        r->ref = gate->manifest_len;
        lb_copy(r->body, gate->staging + at,
                left < LB_RECORD_BODY ? left : LB_RECORD_BODY);
    }
}

static void put_cabinet(const struct lb_gate *gate, struct sink *sink)
{
    struct lb_record *r = put(sink, LB_REC_CKPT_CABINET, LB_DOOR_NONE);

    r->stay = gate->last_order_no;
    r->ref = gate->boot;
    lb_copy(r->body, gate->cabinet_id, 16);
    lb_put_u32(r->body + 16, gate->region);
    lb_copy(r->body + 20, gate->map_hash, LB_HASH_LEN);
    lb_put_u64(r->body + 52, gate->floor_s);
    lb_put_u32(r->body + 60, gate->last_ref);
    for (size_t i = 0; i < LB_BUCKETS; i++) {
        lb_put_u32(r->body + 64 + 4 * i, gate->bucket[i].level);
        lb_put_u64(r->body + 76 + 8 * i, gate->bucket[i].at_ms);
    }
    lb_put_u16(r->body + LB_CKPT_DOORS, gate->door_count);
    r->body[102] = gate->commissioned;
    for (size_t i = 0; i < LB_CKPT_HOURLY_RECORDS; i++) {
        size_t left = LB_CKPT_HOURLY - LB_CKPT_TIMES * i;

        r = put(sink, LB_REC_CKPT_HOURLY, LB_DOOR_NONE);
        r->kind = (uint8_t)i;
        put_times(r->body, gate->hourly_s + LB_CKPT_TIMES * i,
                  left < LB_CKPT_TIMES ? left : LB_CKPT_TIMES);
    }
}

static unsigned flags(const struct lb_gate_door *d)
{
    return (unsigned)((d->blocked ? LB_CKPT_F_BLOCKED : 0) |
                      (d->frozen ? LB_CKPT_F_FROZEN : 0) |
                      (d->visit ? LB_CKPT_F_VISIT : 0) |
                      (d->seen_open ? LB_CKPT_F_SEEN_OPEN : 0) |
                      (d->long_open ? LB_CKPT_F_LONG_OPEN : 0) |
                      (d->maybe_open ? LB_CKPT_F_MAYBE_OPEN : 0) |
                      (d->leaf_was_open ? LB_CKPT_F_LEAF_OPEN : 0) |
                      (d->intent_live ? LB_CKPT_F_INTENT_LIVE : 0) |
                      (d->counts ? LB_CKPT_F_COUNTS : 0) |
                      (d->count_opened ? LB_CKPT_F_COUNT_OPENED : 0) |
                      (d->open_cut ? LB_CKPT_F_OPEN_CUT : 0)) |
           (unsigned)d->emptied_by << LB_CKPT_EMPTIED_AT;
}

static void put_door(const struct lb_gate_door *d, uint16_t door,
                     struct sink *sink)
{
    struct lb_record *r = put(sink, LB_REC_CKPT_DOOR, door);
    uint8_t *b = r->body;

    r->kind = d->custody;
    r->stay = d->stay;
    r->ref = d->intent_ref;
    lb_put_u16(b, (uint16_t)flags(d));
    b[2] = d->seals;
    b[3] = d->courier_uses;
    b[4] = d->release_uses;
    b[5] = d->courier_spent;
    b[6] = d->release_spent;
    b[7] = d->intent_open;
    b[8] = d->intent_custody;
    b[9] = d->last_outcome;
    lb_put_u32(b + 12, d->intent_boot);
    lb_put_u64(b + 16, d->first_intent_ms);
    lb_put_u64(b + 24, d->return_due_ms);
    lb_put_u64(b + 32, d->open_at_ms);
    lb_put_u64(b + 40, d->shut_at_ms);
    lb_put_u64(b + 48, d->intent_ms);
}

static void put_stay(const struct lb_gate_door *d, uint16_t door,
                     struct sink *sink)
{
    struct lb_record *r = put(sink, LB_REC_CKPT_KEYS, door);

    lb_copy(r->body, d->courier_pk, LB_KEY_LEN);
    lb_copy(r->body + 32, d->release_pk, LB_KEY_LEN);
    lb_copy(r->body + 64, d->return_pk, LB_KEY_LEN);
    r = put(sink, LB_REC_CKPT_GRANT, door);
    if (!lb_door_has_tries(d)) {
        lb_copy(r->body, d->grant_hash, LB_HASH_LEN);
    }
    lb_copy(r->body + 32, d->parcel_ref, 16);
    lb_copy(r->body + 48, d->issuer, 8);
    for (uint8_t slot = 0; slot < 2; slot++) {
        if ((d->seals >> slot & 1) != 0) {
            r = put(sink, LB_REC_CKPT_SEAL, door);
            r->kind = slot;
            lb_seal_whole(r->body, d->seal[slot]);
        }
    }
    /* After GRANT, whose hash lies in the same memory when it is read. */
    for (uint8_t i = 0; i < 2 && lb_door_has_tries(d); i++) {
        r = put(sink, LB_REC_CKPT_TRIES, door);
        r->kind = i;
        put_times(r->body, d->tries_s + LB_CKPT_TRIES_EACH * i,
                  LB_CKPT_TRIES_EACH);
    }
}

/* A door that nothing ever happened to needs no record. */
static bool untouched(const struct lb_gate_door *d)
{
    return d->custody == LB_CUSTODY_VACANT && d->stay == 0 &&
           d->intent_ref == 0 && d->open_at_ms == 0 && d->shut_at_ms == 0 &&
           flags(d) == 0;
}

/* Doors from *at on, each whole. */
static void put_doors(const struct lb_gate *gate, uint32_t *at,
                      struct sink *sink)
{
    for (; *at < gate->door_cap &&
           sink->cap - sink->count >= LB_CKPT_DOOR_RECORDS;
         (*at)++) {
        const struct lb_gate_door *d = &gate->doors[*at];

        if (untouched(d)) {
            continue;
        }
        put_door(d, (uint16_t)*at, sink);
        if (d->custody != LB_CUSTODY_VACANT) {
            put_stay(d, (uint16_t)*at, sink);
        }
    }
}

static void put_rows_of(const struct lb_gate *gate, uint16_t first, bool next,
                        struct sink *sink)
{
    uint8_t body[LB_RECORD_BODY] = {0};
    unsigned left = (unsigned)gate->door_cap - first;
    unsigned rows = left < LB_CKPT_ROWS_EACH ? left : LB_CKPT_ROWS_EACH;

    if (next && gate->row_next == NULL) {
        return;
    }
    for (unsigned i = 0; i < rows; i++) {
        lb_copy(body + i * LB_ROW_LEN,
                next ? gate->row_next[first + i] : gate->doors[first + i].row,
                LB_ROW_LEN);
    }
    if (lb_all_zero(body, sizeof body)) {
        return;
    }
    struct lb_record *r = put(sink, LB_REC_CKPT_ROWS, first);

    r->kind = (uint8_t)(rows | (next ? LB_CKPT_ROWS_NEXT : 0));
    lb_copy(r->body, body, sizeof body);
}

static void put_rows(const struct lb_gate *gate, uint32_t *at,
                     struct sink *sink)
{
    for (; *at < gate->door_cap && sink->cap - sink->count >= 2;
         *at += LB_CKPT_ROWS_EACH) {
        put_rows_of(gate, (uint16_t)*at, false, sink);
        put_rows_of(gate, (uint16_t)*at, true, sink);
    }
}

static void put_some(const struct lb_gate *gate, uint32_t *cursor,
                     struct sink *sink)
{
    uint32_t rows_at = AT_DOORS + (uint32_t)gate->door_cap;
    uint32_t end_at = rows_at + (gate->door_cap + LB_CKPT_ROWS_EACH - 1u) /
                                    LB_CKPT_ROWS_EACH * LB_CKPT_ROWS_EACH;

    if (*cursor == AT_MANIFEST) {
        put_manifest(gate, sink);
        (*cursor)++;
    } else if (*cursor == AT_CABINET) {
        put_cabinet(gate, sink);
        (*cursor)++;
    } else if (*cursor < rows_at) {
        uint32_t at = *cursor - AT_DOORS;

        put_doors(gate, &at, sink);
        *cursor = AT_DOORS + at;
    } else if (*cursor < end_at) {
        uint32_t at = *cursor - rows_at;

        put_rows(gate, &at, sink);
        *cursor = rows_at + at;
    } else {
        (void)put(sink, LB_REC_CKPT_END, LB_DOOR_NONE);
        *cursor = UINT32_MAX;
    }
}

size_t lb_gate_snapshot(const struct lb_gate *gate, uint32_t *cursor,
                        struct lb_record *out, size_t cap)
{
    struct sink sink = {out, 0, cap, gate->powered_ms};

    if (cap < LB_BATCH_MAX) {
        return 0;
    }
    while (*cursor != UINT32_MAX && sink.count == 0) {
        put_some(gate, cursor, &sink);
    }
    return sink.count;
}
