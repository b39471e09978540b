/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Reading the signed things for people. Only their form is looked at; what
 * they allow is for the gate, which reads them with code of its own.
 */

#include <lockbus/grant.h>

#include "base/bytes.h"

#include <string.h>

enum {
    MANIFEST_HEAD = 64,
    MANIFEST_KEY = 48,
    MANIFEST_SIG = 72,
    MANIFEST_KEYS = 16,
    MANIFEST_SIGS_MIN = 2,
    MANIFEST_SIGS_MAX = 10,
    DOORS = 1024,
    USES_MAX = 3
};

static bool begins(const uint8_t *bytes, const char *magic)
{
    return bytes != NULL && lb_same(bytes, magic, 4) && bytes[4] == 1;
}

enum lockbus_err lockbus_grant_read(struct lockbus_grant *grant,
                                    const uint8_t *bytes, size_t len)
{
    if (grant == NULL || len != LOCKBUS_GRANT_LEN || !begins(bytes, "LBD1")) {
        return LOCKBUS_ERR_USAGE;
    }

    uint8_t courier = bytes[5] & 15;
    uint8_t release = bytes[5] >> 4;

    if (courier < 1 || courier > USES_MAX || release < 1 ||
        release > USES_MAX || lb_get_u16(bytes + 6) >= DOORS) {
        return LOCKBUS_ERR_USAGE;
    }
    grant->courier_uses = courier;
    grant->release_uses = release;
    grant->door = lb_get_u16(bytes + 6);
    memcpy(grant->cabinet_id, bytes + 8, 16);
    grant->stay = lb_get_u64(bytes + 24);
    grant->not_before = lb_get_u64(bytes + 32);
    grant->valid_for_s = lb_get_u32(bytes + 40);
    grant->return_after_s = lb_get_u32(bytes + 44);
    memcpy(grant->parcel_ref, bytes + 48, 16);
    memcpy(grant->courier_pk, bytes + 64, 32);
    memcpy(grant->release_pk, bytes + 96, 32);
    memcpy(grant->return_pk, bytes + 128, 32);
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_proof_read(struct lockbus_proof *proof,
                                    const uint8_t *bytes, size_t len)
{
    if (proof == NULL || len != LOCKBUS_PROOF_LEN || !begins(bytes, "LBP1") ||
        bytes[5] < LOCKBUS_PROOF_RELEASE || bytes[5] > LOCKBUS_PROOF_CANCEL ||
        lb_get_u16(bytes + 6) >= DOORS) {
        return LOCKBUS_ERR_USAGE;
    }
    proof->kind = (enum lockbus_proof_kind)bytes[5];
    proof->door = lb_get_u16(bytes + 6);
    memcpy(proof->cabinet_id, bytes + 8, 16);
    proof->stay = lb_get_u64(bytes + 24);
    memcpy(proof->challenge, bytes + 32, 16);
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_order_read(struct lockbus_order *order,
                                    const uint8_t *bytes, size_t len)
{
    if (order == NULL || len != LOCKBUS_ORDER_LEN || !begins(bytes, "LBS1") ||
        bytes[5] < LOCKBUS_SERVICE_OPEN || bytes[5] > LOCKBUS_SERVICE_CLEAR ||
        lb_get_u16(bytes + 6) >= DOORS || !lb_all_zero(bytes + 60, 4)) {
        return LOCKBUS_ERR_USAGE;
    }
    order->action = (enum lockbus_service_action)bytes[5];
    order->door = lb_get_u16(bytes + 6);
    memcpy(order->cabinet_id, bytes + 8, 16);
    order->order_no = lb_get_u64(bytes + 24);
    order->not_after = lb_get_u64(bytes + 32);
    memcpy(order->challenge, bytes + 40, 16);
    order->reason = lb_get_u32(bytes + 56);
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_commission_read(struct lockbus_commission *order,
                                         const uint8_t *bytes, size_t len)
{
    if (order == NULL || len != LOCKBUS_COMMISSION_LEN ||
        !begins(bytes, "LBC1") || bytes[5] > 1 || lb_get_u16(bytes + 6) < 1 ||
        lb_get_u16(bytes + 6) > DOORS || !lb_all_zero(bytes + 100, 12)) {
        return LOCKBUS_ERR_USAGE;
    }
    order->amendment = bytes[5] == 1;
    order->doors = lb_get_u16(bytes + 6);
    memcpy(order->cabinet_id, bytes + 8, 16);
    order->order_no = lb_get_u64(bytes + 24);
    memcpy(order->map_hash, bytes + 32, 32);
    memcpy(order->manifest_hash, bytes + 64, 32);
    order->region = lb_get_u32(bytes + 96);
    return LOCKBUS_OK;
}

/* How many signatures a manifest of this length has; 0 when it has no form. */
static unsigned signatures(const uint8_t *bytes, size_t len)
{
    if (len < MANIFEST_HEAD || len > LOCKBUS_MANIFEST_MAX ||
        !begins(bytes, "LBM1")) {
        return 0;
    }

    size_t body = MANIFEST_HEAD + (size_t)MANIFEST_KEY * bytes[5];

    if (bytes[5] < 1 || bytes[5] > MANIFEST_KEYS || bytes[7] != 0 ||
        bytes[63] != 0 || len < body || (len - body) % MANIFEST_SIG != 0) {
        return 0;
    }
    size_t count = (len - body) / MANIFEST_SIG;

    return count >= MANIFEST_SIGS_MIN && count <= MANIFEST_SIGS_MAX
               ? (unsigned)count
               : 0;
}

static bool read_manifest_key(struct lockbus_manifest_key *key,
                              const uint8_t *entry)
{
    bool known = (entry[0] >= LOCKBUS_ROLE_ROOT &&
                  entry[0] <= LOCKBUS_ROLE_DISTRUSTED) ||
                 entry[0] == LOCKBUS_ROLE_ARCHIVE;

    if (!known || !lb_all_zero(entry + 1, 3)) {
        return false;
    }
    key->role = (enum lockbus_role)entry[0];
    key->from_epoch = lb_get_u32(entry + 4);
    key->region_first = lb_get_u32(entry + 8);
    key->region_last = lb_get_u32(entry + 12);
    memcpy(key->public_key, entry + 16, 32);
    return true;
}

static void read_limits(struct lockbus_manifest_info *info, const uint8_t *b)
{
    info->max_open_occupied = b[0];
    info->max_open_vacant = b[1];
    info->interlock_hold_s = lb_get_u16(b + 2);
    info->burst = b[4];
    info->per_hour = b[5];
    info->return_burst = b[6];
    info->return_per_hour = b[7];
    info->service_burst = b[8];
    info->service_per_hour = b[9];
    info->code_tries = b[10];
    info->code_tries_per_hour = b[11];
    info->reopen_window_s = lb_get_u16(b + 12);
    info->ajar_after_s = lb_get_u16(b + 14);
    info->max_grant_hours = lb_get_u16(b + 16);
    info->challenge_ttl_s = lb_get_u16(b + 18);
    info->service_ttl_s = lb_get_u16(b + 20);
    info->code_min_bits = b[22];
}

enum lockbus_err lockbus_manifest_read(struct lockbus_manifest_info *info,
                                       const uint8_t *bytes, size_t len)
{
    struct lockbus_manifest_info read = {0};
    const uint8_t *at = bytes;

    read.signature_count = signatures(bytes, len);
    if (info == NULL || read.signature_count == 0) {
        return LOCKBUS_ERR_USAGE;
    }
    read.key_count = bytes[5];
    read.threshold = bytes[6];
    memcpy(read.operator_id, bytes + 8, 16);
    read.number = lb_get_u32(bytes + 24);
    read.epoch = lb_get_u32(bytes + 28);
    read.issued_at = lb_get_u64(bytes + 32);
    read_limits(&read, bytes + 40);
    at += MANIFEST_HEAD;
    for (unsigned i = 0; i < read.key_count; i++, at += MANIFEST_KEY) {
        if (!read_manifest_key(&read.keys[i], at)) {
            return LOCKBUS_ERR_USAGE;
        }
    }
    for (unsigned i = 0; i < read.signature_count; i++, at += MANIFEST_SIG) {
        memcpy(read.signed_by[i], at, 8);
    }
    *info = read;
    return LOCKBUS_OK;
}
