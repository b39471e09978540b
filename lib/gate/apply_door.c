/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The fold, of one door's records.
 */

#include "base/bytes.h"
#include "gate/apply.h"
#include "gate/custody.h"
#include "gate/limits.h"

enum { LONG_OPEN_MS = 2000 }; /* shorter openings are a bounce */

/* The stay ends: what belongs to it goes, its number stays. */
static void drop(struct lb_gate_door *d)
{
    d->frozen = d->visit = d->seen_open = d->long_open = false;
    d->maybe_open = false;
    d->emptied_by = LB_EMPTIED_UNKNOWN;
    d->seals = 0;
    d->courier_uses = d->release_uses = 0;
    d->courier_spent = d->release_spent = 0;
    d->first_intent_ms = d->return_due_ms = 0;
    lb_zero(d->courier_pk, sizeof d->courier_pk);
    lb_zero(d->release_pk, sizeof d->release_pk);
    lb_zero(d->return_pk, sizeof d->return_pk);
    lb_zero(d->parcel_ref, sizeof d->parcel_ref);
    lb_zero(d->issuer, sizeof d->issuer);
    lb_zero(d->seal, sizeof d->seal);
    lb_zero(d->tries_s, sizeof d->tries_s); /* grant_hash lies within */
}

static bool stay(struct lb_gate_door *d, const struct lb_record *r)
{
    drop(d);
    d->stay = r->stay;
    d->first_intent_ms = r->powered_ms;
    d->return_due_ms =
        lb_after(r->powered_ms, 1000 * (uint64_t)lb_get_u32(r->body + 96));
    lb_copy(d->courier_pk, r->body, LB_KEY_LEN);
    lb_copy(d->release_pk, r->body + 32, LB_KEY_LEN);
    lb_copy(d->return_pk, r->body + 64, LB_KEY_LEN);
    d->visit = lb_all_zero(d->release_pk, LB_KEY_LEN);
    d->courier_uses = r->body[100] & 15;
    d->release_uses = r->body[100] >> 4;
    return true;
}

static bool grant(struct lb_gate_door *d, const struct lb_record *r)
{
    if (!lb_door_has_tries(d)) {
        lb_copy(d->grant_hash, r->body + LB_GRANT_HASH, LB_HASH_LEN);
    }
    lb_copy(d->parcel_ref, r->body + LB_GRANT_PARCEL_REF, 16);
    lb_copy(d->issuer, r->body + LB_GRANT_ISSUER, 8);
    return true;
}

static void spend_challenge(struct lb_gate_door *d, const uint8_t bytes[16])
{
    for (unsigned i = 0; i < 4; i++) {
        struct lb_challenges *c = &d->challenge[i / 2];

        if (c->made_s[i % 2] != 0 && lb_same(c->bytes[i % 2], bytes, 16)) {
            c->made_s[i % 2] = 0;
        }
    }
}

/* The one place where use, token and challenge are spent. */
static void spend(struct lb_gate *gate, struct lb_gate_door *d,
                  const struct lb_record *r)
{
    unsigned bucket = lb_bucket_of(r->kind);

    if (bucket != LB_BUCKETS) {
        lb_bucket_take(gate, bucket, r->powered_ms);
    }
    if (r->kind == LB_OPEN_RELEASE) {
        d->release_spent++;
    } else if (r->kind == LB_OPEN_DEPOSIT || r->kind == LB_OPEN_REOPEN ||
               r->kind == LB_OPEN_CANCEL) {
        d->courier_spent++;
    } else if (r->kind == LB_OPEN_SERVICE) {
        lb_apply_order_no(gate, lb_get_u64(r->body + LB_INTENT_ORDER_NO));
    }
    spend_challenge(d, r->body + LB_INTENT_CHALLENGE);
}

static void opening_began(struct lb_gate_door *d, uint64_t at_ms)
{
    d->open_at_ms = at_ms;
    d->open_cut = false;
}

static bool intent(struct lb_gate *gate, struct lb_gate_door *d,
                   const struct lb_record *r)
{
    uint8_t custody = r->body[LB_INTENT_CUSTODY];
    bool leaf_open = r->body[LB_INTENT_LEAF] != 0;

    if (r->kind < LB_OPEN_RELEASE || r->kind > LB_OPEN_SERVICE || r->ref == 0 ||
        custody < LB_CUSTODY_VACANT || custody >= LB_CUSTODY_COUNT) {
        return false;
    }
    spend(gate, d, r);
    if (r->ref > gate->last_ref) {
        gate->last_ref = r->ref;
    }
    d->intent_ref = r->ref;
    d->intent_boot = gate->boot;
    d->intent_open = r->kind;
    d->intent_custody = custody;
    d->intent_ms = r->powered_ms;
    d->intent_live = true;
    d->last_outcome = LB_OUTCOME_NONE;
    d->counts = true;
    d->count_opened = leaf_open;
    if (leaf_open && !d->leaf_was_open) {
        d->leaf_was_open = true;
        opening_began(d, r->powered_ms);
    }
    d->seen_open = d->seen_open || leaf_open;
    d->permit_due = gate->booted;
    return true;
}

static void refund(struct lb_gate_door *d)
{
    if (d->intent_open == LB_OPEN_RELEASE && d->release_spent > 0) {
        d->release_spent--;
    } else if ((d->intent_open == LB_OPEN_DEPOSIT ||
                d->intent_open == LB_OPEN_REOPEN ||
                d->intent_open == LB_OPEN_CANCEL) &&
               d->courier_spent > 0) {
        d->courier_spent--;
    }
}

static bool result(struct lb_gate_door *d, const struct lb_record *r)
{
    if (r->kind < LB_OUTCOME_OPENED || r->kind > LB_OUTCOME_UNKNOWN) {
        return false;
    }
    if (!d->intent_live || r->ref != d->intent_ref) {
        return true; /* an older intent's: it counts no more */
    }
    d->intent_live = false;
    d->last_outcome = r->kind;
    if (r->kind == LB_OUTCOME_UNKNOWN) {
        d->maybe_open = true;
    }
    if (r->kind == LB_OUTCOME_NEVER_OPENED) {
        d->counts = false;
        if (r->stay == d->stay && d->custody != LB_CUSTODY_VACANT) {
            refund(d);
        }
    }
    return true;
}

static bool leaf(struct lb_gate_door *d, const struct lb_record *r)
{
    if (r->kind == LB_LEAF_OPENED) {
        d->leaf_was_open = true;
        opening_began(d, r->powered_ms);
        d->seen_open = true;
        d->counts = d->counts &&
                    (d->count_opened ||
                     lb_age(r->powered_ms, d->intent_ms) < LB_PERMIT_LIFE_MS);
        d->count_opened = d->counts;
        return true;
    }
    if (r->kind != LB_LEAF_SHUT) {
        return false;
    }
    /* An opening lasted only as long as somebody looked: up to the last
     * reading that said open. Where a restart fell into it, nobody knows when
     * that was: its board may have been away before. */
    uint64_t seen = lb_get_u64(r->body + LB_LEAF_SEEN_OPEN);
    uint64_t until = seen != 0 && seen < r->powered_ms ? seen : r->powered_ms;

    if (d->leaf_was_open && !d->open_cut &&
        lb_age(until, d->open_at_ms) >= LONG_OPEN_MS) {
        d->long_open = true;
    }
    /* It stood open at the intent and is shut before the permit: that opening
     * is over, a pulse would make another that nothing counts. */
    d->permit_due = false; /* with its opening */
    d->leaf_was_open = d->open_cut = false;
    d->shut_at_ms = r->powered_ms;
    if (d->count_opened) {
        d->counts = d->count_opened = false;
    }
    return true;
}

void lb_apply_custody(struct lb_gate_door *d, uint8_t custody)
{
    bool had_tries = lb_door_has_tries(d);

    d->custody = custody;
    if (lb_door_has_tries(d) != had_tries) {
        lb_zero(d->tries_s, sizeof d->tries_s);
    }
}

unsigned lb_emptied_by(uint8_t open)
{
    switch (open) {
    case LB_OPEN_RELEASE:
        return LB_EMPTIED_RELEASE;
    case LB_OPEN_RETURN:
        return LB_EMPTIED_RETURN;
    case LB_OPEN_CANCEL:
        return LB_EMPTIED_CANCEL;
    default:
        return LB_EMPTIED_UNKNOWN;
    }
}

static bool custody(struct lb_gate_door *d, const struct lb_record *r)
{
    if (r->kind < LB_CUSTODY_VACANT || r->kind >= LB_CUSTODY_COUNT) {
        return false;
    }
    if (r->kind == LB_CUSTODY_EMPTYING && d->custody != LB_CUSTODY_EMPTYING) {
        d->long_open = false;
        d->emptied_by = lb_emptied_by(d->intent_open) & 3U;
        opening_began(d, r->powered_ms); /* till now nobody took out */
    }
    lb_apply_custody(d, r->kind);
    if (r->kind == LB_CUSTODY_VACANT) {
        drop(d);
    }
    return true;
}

static bool order(struct lb_gate *gate, struct lb_gate_door *d,
                  const struct lb_record *r)
{
    if (r->kind < 2 || r->kind > 4) {
        return false;
    }
    lb_apply_order_no(gate, lb_get_u64(r->body + LB_INTENT_ORDER_NO));
    spend_challenge(d, r->body + LB_INTENT_CHALLENGE);
    if (r->kind == 2) {
        d->blocked = true;
    } else if (r->kind == 3) {
        d->blocked = false;
    }
    if (r->kind != 3) {
        d->permit_due = false; /* overtaken before its latch moved */
    }
    return true;
}

static bool seal(struct lb_gate_door *d, const struct lb_record *r)
{
    if (r->kind > 1 || !lb_seal_keep(d->seal[r->kind], r->body)) {
        return false;
    }
    d->seals |= (uint8_t)(1 << r->kind);
    return true;
}

/* Rounded up: a try counts a moment longer, never shorter. */
uint32_t lb_try_s(uint64_t at_ms)
{
    uint32_t at_s = lb_seconds(lb_after(at_ms, 999));

    return at_s != 0 ? at_s : 1;
}

static void note_try(uint32_t *tries, size_t count, uint64_t now_ms)
{
    size_t oldest = 0;

    for (size_t i = 1; i < count; i++) {
        if (tries[i] < tries[oldest]) {
            oldest = i;
        }
    }
    tries[oldest] = lb_try_s(now_ms);
}

static bool try_once(struct lb_gate *gate, struct lb_gate_door *d,
                     const struct lb_record *r)
{
    if (r->kind > 1) {
        return false;
    }
    if (lb_door_has_tries(d)) {
        note_try(d->tries_s, LB_TRIES_MAX, r->powered_ms);
    }
    if (r->kind == 1) {
        note_try(gate->hourly_s,
                 sizeof gate->hourly_s / sizeof gate->hourly_s[0],
                 r->powered_ms);
    }
    if (gate->booted && gate->derive_ref != 0 && r->ref == gate->derive_ref) {
        gate->derive_tried = true;
    }
    return true;
}

bool lb_apply_door(struct lb_gate *gate, const struct lb_record *r)
{
    struct lb_gate_door *d = &gate->doors[r->door];

    switch (r->type) {
    case LB_REC_STAY:
        return stay(d, r);
    case LB_REC_GRANT:
        return grant(d, r);
    case LB_REC_INTENT:
        return intent(gate, d, r);
    case LB_REC_RESULT:
        return result(d, r);
    case LB_REC_LEAF:
        return leaf(d, r);
    case LB_REC_CUSTODY:
        return custody(d, r);
    case LB_REC_ORDER:
        return order(gate, d, r);
    case LB_REC_SEAL:
        return seal(d, r);
    case LB_REC_TRY:
        return try_once(gate, d, r);
    case LB_REC_TRY_BACK:
        if (lb_door_has_tries(d)) {
            lb_zero(d->tries_s, sizeof d->tries_s);
        }
        return true;
    default:
        return false;
    }
}
