/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Manifests. Mode, manifest. Bit 0 of the mode: two roots sign what is there
 * (so that its length fits); bit 1: a third root's signature is claimed too.
 */

#include "scene.h"

#include "gate/manifest.h"

#include <lockbus/grant.h>

#include <string.h>

enum { BY_ROOTS = 1, THIRD = 2, BODY_HEAD = 64, KEY = 48, SIG = 72 };

static uint8_t bytes[LB_MANIFEST_MAX + 1];

/* M1 to M6 by the text of docs/GRANTS.md, after manifest 1 of the scene. */
static void allowed(const struct lockbus_manifest_info *m)
{
    unsigned roles[LB_ROLE_COUNT] = {0};

    must(memcmp(m->operator_id, "oooooooooooooooo", 16) == 0, "M2: operator");
    must(m->number > 1 && m->number <= 1 + 65536 && m->epoch >= EPOCH &&
             m->epoch <= EPOCH + 65536 && m->issued_at < UINT64_C(1) << 36,
         "M3: number, epoch, time");
    for (unsigned i = 0; i < m->key_count; i++) {
        const struct lockbus_manifest_key *key = &m->keys[i];

        roles[key->role]++;
        must(lb_crypto_point_ok(key->public_key), "M4: a proper key");
        must(key->role == LOCKBUS_ROLE_DISTRUSTED || key->from_epoch == 0,
             "M1: no epoch of others");
        must(key->role == LOCKBUS_ROLE_ISSUER
                 ? key->region_first <= key->region_last
                 : key->region_first == 0 && key->region_last == UINT32_MAX,
             "M1: regions");
        for (unsigned k = 0; k < i; k++) {
            must(memcmp(m->keys[k].public_key, key->public_key, 8) != 0,
                 "M4: each key once");
        }
    }
    must(m->threshold >= 2 && m->threshold <= roles[LOCKBUS_ROLE_ROOT] &&
             roles[LOCKBUS_ROLE_OPERATIONS] > 0 &&
             roles[LOCKBUS_ROLE_SECURITY] > 0,
         "M4: roles");
    must(m->signature_count >= m->threshold, "M5: enough signatures");
    must(m->max_open_occupied > 0 && m->max_open_vacant > 0 &&
             m->interlock_hold_s > 0 && m->burst > 0 && m->per_hour > 0 &&
             m->service_burst > 0 && m->service_per_hour > 0 &&
             m->reopen_window_s > 0 && m->reopen_window_s <= 900 &&
             m->ajar_after_s > 0 && m->max_grant_hours > 0 &&
             m->challenge_ttl_s > 0 && m->service_ttl_s > 0 &&
             m->code_min_bits >= 19 && m->code_tries <= 16,
         "M6: limits");
}

/* It is in force, byte for byte. */
static void in_force(const struct lockbus_manifest_info *m, size_t len)
{
    const struct lb_gate *gate = &scene_now()->gate;
    uint8_t hash[LB_HASH_LEN];

    lb_crypto_hash(hash, bytes, len);
    must(gate->manifest.number == m->number &&
             gate->manifest.epoch == m->epoch && gate->manifest_len == len &&
             memcmp(gate->staging, bytes, len) == 0 &&
             memcmp(gate->manifest.hash, hash, sizeof hash) == 0,
         "the manifest that was accepted is in force");
}

/* The gate's reading of the form and the readers' are one. */
static bool read_both(struct lockbus_manifest_info *info, size_t len)
{
    struct lb_manifest gate_reads;
    bool form = lb_manifest_parse(&gate_reads, bytes, len);
    bool read = lockbus_manifest_read(info, bytes, len) == LOCKBUS_OK;

    must(!read || !form || gate_reads.key_count == info->key_count,
         "two readings of one manifest");
    must(!form || gate_reads.key_count <= LB_MANIFEST_KEYS, "M1: keys");
    must(!form ||
             (len - BODY_HEAD - KEY * (size_t)gate_reads.key_count) % SIG == 0,
         "M1: signatures fill it up to its end");
    return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lockbus_manifest_info info;
    struct lb_verdict verdict;
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};

    if (size == 0) {
        return 0;
    }
    ask.len = size - 1 < sizeof bytes ? size - 1 : sizeof bytes;
    memcpy(bytes, data + 1, ask.len);
    if ((data[0] & BY_ROOTS) != 0 && ask.len >= BODY_HEAD &&
        bytes[5] <= LB_MANIFEST_KEYS &&
        ask.len >= BODY_HEAD + KEY * (size_t)bytes[5]) {
        ask.len = gate_sign_manifest(bytes);
        if ((data[0] & THIRD) != 0 && ask.len + SIG <= sizeof bytes) {
            memcpy(bytes + ask.len, bytes + ask.len - SIG, SIG);
            ask.len += SIG;
        }
    }
    bool read = read_both(&info, ask.len);

    if (!scene_ask(&ask, &verdict)) {
        return 0;
    }
    must((data[0] & BY_ROOTS) != 0, "nothing unsigned is accepted");
    must((data[0] & THIRD) == 0, "M5: one signature counts once");
    must(read, "M1: form");
    in_force(&info, ask.len);
    allowed(&info);
    return 0;
}
