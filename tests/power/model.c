/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A cabinet's state as docs/GRANTS.md has it, from every record since the
 * first and from no checkpoint. It shares no code with the gate: records are
 * read here by their offsets, and only what must not be lost is kept.
 */

#include "base/bytes.h"
#include "journal/chain.h"
#include "power.h"

#include <string.h>

enum { TOKEN = 3600000, ROLE_DISTRUSTED = 5 };

void model_init(struct model *model)
{
    memset(model, 0, sizeof *model);
    for (size_t i = 0; i < POWER_DOORS; i++) {
        model->door[i].custody = LB_CUSTODY_VACANT;
    }
}

/* ---- Buckets ------------------------------------------------------------ */

static uint32_t level_at(const struct model *m, size_t b, uint64_t now_ms)
{
    uint64_t level = m->bucket[b].level;

    if (now_ms > m->bucket[b].at_ms) {
        level += (now_ms - m->bucket[b].at_ms) * m->bucket[b].per_hour;
    }
    return level < m->bucket[b].cap ? (uint32_t)level : m->bucket[b].cap;
}

static void spend_token(struct model *m, uint8_t open, uint64_t now_ms)
{
    size_t b = open == LB_OPEN_RELEASE  ? LB_BUCKET_RELEASE
               : open == LB_OPEN_RETURN ? LB_BUCKET_RETURN
                                        : LB_BUCKET_SERVICE;

    if (open == LB_OPEN_RELEASE || open == LB_OPEN_RETURN ||
        open == LB_OPEN_SERVICE) {
        m->bucket[b].level = level_at(m, b, now_ms) - TOKEN;
        m->bucket[b].at_ms = now_ms;
    }
}

/* ---- Manifests ---------------------------------------------------------- */

static void freeze(struct model *m, const uint8_t *key)
{
    for (size_t i = 0; i < POWER_DOORS; i++) {
        struct model_door *d = &m->door[i];

        if (d->custody != LB_CUSTODY_VACANT &&
            memcmp(d->issuer, key + 16, 8) == 0 &&
            d->stay >> 32 >= lb_get_u32(key + 4)) {
            d->frozen = true;
        }
    }
}

static void take_manifest(struct model *m, uint64_t now_ms)
{
    const uint8_t *p = m->manifest;
    bool first = m->manifests++ == 0;

    for (size_t b = 0; b < LB_BUCKETS; b++) {
        uint32_t level = level_at(m, b, now_ms);
        uint32_t cap = p[44 + 2 * b] * (uint32_t)TOKEN;

        m->bucket[b].cap = cap;
        m->bucket[b].per_hour = p[45 + 2 * b];
        m->bucket[b].level = first || level > cap ? cap : level;
        m->bucket[b].at_ms = now_ms;
    }
    m->manifest_no = lb_get_u32(p + 24);
    m->epoch = lb_get_u32(p + 28);
    for (size_t i = 0; i < p[5]; i++) {
        if (p[64 + 48 * i] == ROLE_DISTRUSTED) {
            freeze(m, p + 64 + 48 * i);
        }
    }
}

static void manifest_part(struct model *m, const uint8_t *r)
{
    uint32_t len = lb_get_u32(r + 4), at = r[1] * (uint32_t)LB_RECORD_BODY;
    uint32_t part = len - at < LB_RECORD_BODY ? len - at : LB_RECORD_BODY;

    memcpy(m->manifest + at, r + 24, part);
    m->manifest_len = len;
    if (at + part == len) {
        take_manifest(m, lb_get_u64(r + 16));
    }
}

/* ---- Doors -------------------------------------------------------------- */

/* The stay ends; its number and `blocked` stay. */
static void end_stay(struct model_door *d)
{
    struct model_door left = {.stay = d->stay,
                              .custody = LB_CUSTODY_VACANT,
                              .blocked = d->blocked,
                              .ref = d->ref,
                              .boot = d->boot,
                              .open = d->open,
                              .outcome = d->outcome,
                              .live = d->live,
                              .intents = d->intents};

    *d = left;
}

static void take_stay(struct model_door *d, const uint8_t *r)
{
    end_stay(d);
    d->stay = lb_get_u64(r + 8);
    d->stay_ms = lb_get_u64(r + 16);
    d->return_due_ms = d->stay_ms + 1000 * (uint64_t)lb_get_u32(r + 24 + 96);
    memcpy(d->keys, r + 24, sizeof d->keys);
    d->courier_uses = r[24 + 100] & 15;
    d->release_uses = r[24 + 100] >> 4;
}

static uint8_t *uses_of(struct model_door *d, uint8_t open)
{
    switch (open) {
    case LB_OPEN_RELEASE:
        return &d->release_spent;
    case LB_OPEN_DEPOSIT:
    case LB_OPEN_REOPEN:
    case LB_OPEN_CANCEL:
        return &d->courier_spent;
    default:
        return NULL;
    }
}

static void take_intent(struct model *m, struct model_door *d, const uint8_t *r)
{
    uint8_t *spent = uses_of(d, r[1]);
    uint64_t order_no = lb_get_u64(r + 24 + LB_INTENT_ORDER_NO);

    d->intents++;
    d->open = r[1];
    d->ref = m->last_ref = lb_get_u32(r + 4);
    d->boot = m->boot;
    d->live = true;
    d->outcome = LB_OUTCOME_NONE;
    d->seen_open = d->seen_open || r[24 + LB_INTENT_LEAF] != 0;
    if (spent != NULL) {
        ++*spent;
    }
    if (r[1] == LB_OPEN_SERVICE && order_no > m->order_no) {
        m->order_no = order_no;
    }
    spend_token(m, r[1], lb_get_u64(r + 16));
}

static void take_result(const struct model *m, struct model_door *d,
                        const uint8_t *r)
{
    uint8_t *spent = uses_of(d, d->open);

    if (!d->live || lb_get_u32(r + 4) != d->ref) {
        return;
    }
    d->live = false;
    d->outcome = r[1];
    d->maybe_open = d->maybe_open || r[1] == LB_OUTCOME_UNKNOWN;
    /* Only the process that pulsed can know that a leaf never opened. */
    if (r[1] == LB_OUTCOME_NEVER_OPENED && d->boot == m->boot &&
        spent != NULL && d->custody != LB_CUSTODY_VACANT) {
        --*spent;
    }
}

static bool has_tries(const struct model_door *d)
{
    return d->custody == LB_CUSTODY_OCCUPIED ||
           d->custody == LB_CUSTODY_EMPTYING;
}

static void take_custody(struct model_door *d, uint8_t custody)
{
    bool had = has_tries(d);

    if (custody == LB_CUSTODY_VACANT) {
        end_stay(d);
        return;
    }
    d->custody = custody;
    if (has_tries(d) != had) {
        d->tries = 0;
    }
}

static void take_try(struct model *m, struct model_door *d, const uint8_t *r)
{
    uint64_t at_ms = lb_get_u64(r + 16);

    m->tries++;
    if (has_tries(d) && d->tries < POWER_TRIES) {
        d->try_ms[d->tries++] = at_ms;
    }
    if (r[1] == 1 && m->hourly < POWER_TRIES) {
        m->hourly_ms[m->hourly++] = at_ms;
    }
}

static void take_order(struct model *m, struct model_door *d, const uint8_t *r)
{
    uint64_t order_no = lb_get_u64(r + 24 + LB_INTENT_ORDER_NO);

    m->orders++;
    m->order_no = order_no > m->order_no ? order_no : m->order_no;
    if (r[1] == 2 || r[1] == 3) {
        d->blocked = r[1] == 2;
    }
}

static void door_record(struct model *m, struct model_door *d, const uint8_t *r)
{
    switch (r[0]) {
    case LB_REC_STAY:
        take_stay(d, r);
        break;
    case LB_REC_GRANT:
        memcpy(d->issuer, r + 24 + LB_GRANT_ISSUER, 8);
        break;
    case LB_REC_INTENT:
        take_intent(m, d, r);
        break;
    case LB_REC_RESULT:
        take_result(m, d, r);
        break;
    case LB_REC_LEAF:
        d->seen_open = d->seen_open || r[1] == LB_LEAF_OPENED;
        break;
    case LB_REC_CUSTODY:
        take_custody(d, r[1]);
        break;
    case LB_REC_ORDER:
        take_order(m, d, r);
        break;
    case LB_REC_SEAL:
        m->seals++;
        d->seals |= (uint8_t)(1 << (r[1] & 1));
        memcpy(d->seal[r[1] & 1], r + 24, LB_SEAL_LEN);
        break;
    case LB_REC_TRY:
        take_try(m, d, r);
        break;
    case LB_REC_TRY_BACK:
        d->tries = 0;
        break;
    default:
        break;
    }
}

void model_block(struct model *m, const uint8_t *block)
{
    const uint8_t *r = block + LB_BLOCK_RECORDS;

    m->powered_ms = lb_get_u64(block + 48);
    for (unsigned i = 0; i < block[LB_BLOCK_COUNT]; i++, r += LB_RECORD_LEN) {
        uint16_t door = lb_get_u16(r + 2);

        if (r[0] >= LB_REC_CKPT_FIRST) {
            continue;
        }
        if (r[0] == LB_REC_BOOT) {
            m->boot = lb_get_u32(r + 4);
        } else if (r[0] == LB_REC_MANIFEST) {
            manifest_part(m, r);
        } else if (r[0] == LB_REC_COMMISSION) {
            uint64_t no = lb_get_u64(r + 24 + LB_COMMISSION_ORDER_NO);

            m->commissions++;
            m->order_no = no > m->order_no ? no : m->order_no;
        } else if (door < POWER_DOORS) {
            door_record(m, &m->door[door], r);
        }
    }
}

/* ---- The gate beside it ------------------------------------------------- */

/* A gate keeps a time of a try in seconds, rounded up. */
static bool times_are(const uint32_t *kept_s, size_t places,
                      const uint64_t *want_ms, unsigned count)
{
    unsigned there = 0;

    for (size_t i = 0; i < places; i++) {
        there += kept_s[i] != 0;
    }
    for (unsigned i = 0; i < count; i++) {
        bool found = false;

        for (size_t k = 0; k < places && !found; k++) {
            found = kept_s[k] == (want_ms[i] + 999) / 1000;
        }
        if (!found) {
            return false;
        }
    }
    return there == count;
}

static bool seals_are(const struct model_door *m, const struct lb_gate_door *g)
{
    for (size_t i = 0; i < 2; i++) {
        if ((m->seals >> i & 1) != 0 &&
            memcmp(g->seal[i], m->seal[i] + LB_SEAL_HEAD, LB_SEAL_KEPT) != 0) {
            return false;
        }
    }
    return g->seals == m->seals;
}

static const char *stay_differs(const struct model_door *m,
                                const struct lb_gate_door *g)
{
    if (g->courier_uses != m->courier_uses ||
        g->release_uses != m->release_uses ||
        g->courier_spent != m->courier_spent ||
        g->release_spent != m->release_spent) {
        return "uses";
    }
    if (memcmp(g->courier_pk, m->keys, 32) != 0 ||
        memcmp(g->release_pk, m->keys + 32, 32) != 0 ||
        memcmp(g->return_pk, m->keys + 64, 32) != 0) {
        return "keys";
    }
    if (!seals_are(m, g)) {
        return "seals";
    }
    if (has_tries(m) &&
        !times_are(g->tries_s, LB_TRIES_MAX, m->try_ms, m->tries)) {
        return "tries";
    }
    return g->return_due_ms != m->return_due_ms ? "the return's time" : NULL;
}

static const char *door_differs(const struct model_door *m,
                                const struct lb_gate_door *g)
{
    if (g->stay != m->stay) {
        return "a stay";
    }
    if (g->blocked != m->blocked || g->frozen != m->frozen) {
        return "blocked or frozen";
    }
    if (g->intent_ref != m->ref || (m->ref != 0 && g->intent_boot != m->boot)) {
        return "the last intent";
    }
    return m->custody == LB_CUSTODY_VACANT ? NULL : stay_differs(m, g);
}

static const char *cabinet_differs(const struct model *m,
                                   const struct lb_gate *gate)
{
    if (gate->commissioned != (m->commissions != 0)) {
        return "commissioned or not";
    }
    if (gate->manifest.number != m->manifest_no ||
        gate->manifest.epoch != m->epoch) {
        return "the manifest";
    }
    if (gate->last_order_no != m->order_no || gate->last_ref != m->last_ref) {
        return "an order's or an intent's number";
    }
    if (!times_are(gate->hourly_s, 255, m->hourly_ms, m->hourly)) {
        return "the cabinet's tries";
    }
    for (size_t b = 0; b < LB_BUCKETS && m->manifests != 0; b++) {
        const struct lb_bucket *have = &gate->bucket[b];
        uint64_t level = have->level;

        if (m->powered_ms > have->at_ms) {
            level +=
                (m->powered_ms - have->at_ms) * (uint64_t)m->bucket[b].per_hour;
        }
        level = level < m->bucket[b].cap ? level : m->bucket[b].cap;
        if (level != level_at(m, b, m->powered_ms)) {
            return "a bucket";
        }
    }
    return NULL;
}

static const char *differs(const struct model *m, const struct lb_gate *gate)
{
    const char *what = cabinet_differs(m, gate);

    for (size_t i = 0; i < POWER_DOORS && what == NULL; i++) {
        what = door_differs(&m->door[i], &gate->doors[i]);
    }
    return what;
}

const char *model_differs(const struct model *m, const struct lb_gate *gate)
{
    for (size_t i = 0; i < POWER_DOORS; i++) {
        if (gate->doors[i].custody != m->door[i].custody ||
            gate->doors[i].intent_live != m->door[i].live) {
            return "custody, or an intent's result";
        }
    }
    return gate->boot != m->boot ? "the boot's number" : differs(m, gate);
}

/* What a restart leaves of a door: doubt protects what may lie inside. */
static bool custody_after(const struct model_door *m, uint8_t now)
{
    bool known_shut = m->outcome == LB_OUTCOME_NEVER_OPENED && !m->seen_open &&
                      !m->maybe_open;

    if (m->custody == LB_CUSTODY_LOADING) {
        return now == (known_shut ? LB_CUSTODY_LOADING : LB_CUSTODY_OCCUPIED);
    }
    return now == m->custody ||
           (m->custody == LB_CUSTODY_EMPTYING && now == LB_CUSTODY_OCCUPIED);
}

const char *model_differs_started(const struct model *m,
                                  const struct lb_gate *gate)
{
    struct model after = *m;

    for (size_t i = 0; i < POWER_DOORS; i++) {
        struct model_door *d = &after.door[i];

        if (!custody_after(d, gate->doors[i].custody)) {
            return "custody after the start";
        }
        if (gate->doors[i].intent_live) {
            return "an intent of a process that is gone";
        }
        take_custody(d, gate->doors[i].custody);
    }
    return gate->boot != m->boot + 1 ? "the boot's number after the start"
                                     : differs(&after, gate);
}

/* ---- What was promised -------------------------------------------------- */

static bool within(const struct bounds *bounds, unsigned have)
{
    return have >= bounds->must && have <= bounds->may;
}

const char *model_breaks(const struct model *m, const struct witness *w)
{
    for (size_t i = 0; i < POWER_DOORS; i++) {
        if (!within(&w->intents[i], m->door[i].intents)) {
            return "an intent that was acted on is lost, or one is there "
                   "that nobody asked for";
        }
        if (w->pulses[i] > m->door[i].intents * LB_PERMIT_PULSES) {
            return "a latch was pulsed without its intent";
        }
    }
    return !within(&w->tries, m->tries)           ? "a try"
           : !within(&w->orders, m->orders)       ? "an order"
           : !within(&w->manifests, m->manifests) ? "a manifest"
           : !within(&w->seals, m->seals)         ? "a seal"
           : !within(&w->commissions, m->commissions)
               ? "commissioning that was acknowledged"
               : NULL;
}
