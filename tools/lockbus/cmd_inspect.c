/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus inspect: the fields of a signed thing, for people. It verifies
 * nothing and says so: what a thing allows is for a gate to decide.
 */

#include "issue_args.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "os/os.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void hex(const char *name, const uint8_t *bytes, size_t len)
{
    char text[65];

    lb_hex(text, bytes, len);
    printf("%-20s %s%s\n", name, text,
           lb_all_zero(bytes, len) ? " (none)" : "");
}

static void number(const char *name, uint64_t value)
{
    printf("%-20s %" PRIu64 "\n", name, value);
}

/* A number whose high half is the epoch. */
static void epoch_number(const char *name, uint64_t value)
{
    printf("%-20s %" PRIu64 " (%" PRIu64 ":%" PRIu64 ")\n", name, value,
           value >> 32, value & UINT32_MAX);
}

static bool show_grant(const uint8_t *bytes, size_t len)
{
    struct lockbus_grant g;

    if (lockbus_grant_read(&g, bytes, len) != LOCKBUS_OK) {
        return false;
    }
    puts(lb_all_zero(g.release_pk, 32) ? "deposit grant (a visit)"
                                       : "deposit grant");
    hex("cabinet_id", g.cabinet_id, 16);
    number("door", g.door);
    epoch_number("stay", g.stay);
    number("not_before", g.not_before);
    number("valid_for_s", g.valid_for_s);
    number("courier_uses", g.courier_uses);
    number("release_uses", g.release_uses);
    number("return_after_s", g.return_after_s);
    hex("parcel_ref", g.parcel_ref, 16);
    hex("courier_pk", g.courier_pk, 32);
    hex("release_pk", g.release_pk, 32);
    hex("return_pk", g.return_pk, 32);
    hex("issuer", bytes + 160, 8);
    return true;
}

static bool show_seal(const uint8_t *bytes, size_t len)
{
    if (len != LOCKBUS_SEAL_LEN || memcmp(bytes, "LBX1", 4) != 0) {
        return false;
    }
    puts("sealed release");
    number("kdf", bytes[5]);
    number("opslimit", lb_get_u32(bytes + 8));
    number("memory_kib", lb_get_u32(bytes + 12));
    return true;
}

static bool show_package(const uint8_t *bytes, size_t len)
{
    uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    size_t seal_len = 0;

    if (lockbus_package_read(bytes, len, grant, seal, &seal_len) !=
        LOCKBUS_OK) {
        return false;
    }
    puts("deposit package");
    if (!show_grant(grant, sizeof grant)) {
        puts("its grant has no form");
    }
    if (seal_len == 0) {
        puts("no seal: no code opens it");
    } else if (!show_seal(seal, seal_len)) {
        puts("its seal has no form");
    }
    return true;
}

static bool show_proof(const uint8_t *bytes, size_t len)
{
    static const char *const kinds[] = {"?",       "release", "return",
                                        "deposit", "reopen",  "cancel"};
    struct lockbus_proof p;

    if (lockbus_proof_read(&p, bytes, len) != LOCKBUS_OK) {
        return false;
    }
    printf("proof: %s\n", kinds[p.kind]);
    hex("cabinet_id", p.cabinet_id, 16);
    number("door", p.door);
    epoch_number("stay", p.stay);
    hex("challenge", p.challenge, 16);
    return true;
}

static bool show_order(const uint8_t *given, size_t len)
{
    static const char *const actions[] = {"?", "open", "block", "unblock",
                                          "clear"};
    uint8_t bytes[LOCKBUS_ORDER_LEN] = {0};
    bool half = len == LOCKBUS_ORDER_HALF_LEN;
    struct lockbus_order o;

    if (len > sizeof bytes) {
        return false;
    }
    memcpy(bytes, given, len);
    if (lockbus_order_read(&o, bytes, half ? sizeof bytes : len) !=
        LOCKBUS_OK) {
        return false;
    }
    printf("%s: %s\n", half ? "half of a service order" : "service order",
           actions[o.action]);
    hex("cabinet_id", o.cabinet_id, 16);
    number("door", o.door);
    epoch_number("order_no", o.order_no);
    number("not_after", o.not_after);
    hex("challenge", o.challenge, 16);
    number("reason", o.reason);
    hex("signed by", bytes + 64, 8);
    if (!half) {
        hex("signed by", bytes + 64 + 72, 8);
    }
    return true;
}

static bool show_commission(const uint8_t *bytes, size_t len)
{
    struct lockbus_commission c;

    if (lockbus_commission_read(&c, bytes, len) != LOCKBUS_OK) {
        return false;
    }
    printf("commissioning order: %s\n", c.amendment ? "amendment" : "first");
    hex("cabinet_id", c.cabinet_id, 16);
    number("doors", c.doors);
    number("region", c.region);
    epoch_number("order_no", c.order_no);
    hex("map", c.map_hash, 32);
    hex("manifest", c.manifest_hash, 32);
    hex("signed by", bytes + 112, 8);
    hex("signed by", bytes + 112 + 72, 8);
    return true;
}

static void show_limits(const struct lockbus_manifest_info *m)
{
    number("max_open_occupied", m->max_open_occupied);
    number("max_open_vacant", m->max_open_vacant);
    number("interlock_hold_s", m->interlock_hold_s);
    number("burst", m->burst);
    number("per_hour", m->per_hour);
    number("return_burst", m->return_burst);
    number("return_per_hour", m->return_per_hour);
    number("service_burst", m->service_burst);
    number("service_per_hour", m->service_per_hour);
    number("code_tries", m->code_tries);
    number("code_tries_per_hour", m->code_tries_per_hour);
    number("reopen_window_s", m->reopen_window_s);
    number("ajar_after_s", m->ajar_after_s);
    number("max_grant_hours", m->max_grant_hours);
    number("challenge_ttl_s", m->challenge_ttl_s);
    number("service_ttl_s", m->service_ttl_s);
    number("code_min_bits", m->code_min_bits);
}

static bool show_manifest(const uint8_t *bytes, size_t len)
{
    static const char *const roles[] = {"?",          "root",     "issuer",
                                        "operations", "security", "distrusted",
                                        "?",          "archive"};
    struct lockbus_manifest_info m;
    uint8_t hash[32];

    if (lockbus_manifest_read(&m, bytes, len) != LOCKBUS_OK) {
        return false;
    }
    puts("manifest");
    hex("operator_id", m.operator_id, 16);
    number("number", m.number);
    number("epoch", m.epoch);
    number("issued_at", m.issued_at);
    number("threshold", m.threshold);
    show_limits(&m);
    for (unsigned i = 0; i < m.key_count; i++) {
        hex(roles[m.keys[i].role], m.keys[i].public_key, 32);
        if (m.keys[i].role == LOCKBUS_ROLE_ISSUER) {
            printf("%-20s %" PRIu32 "-%" PRIu32 "\n", "  region",
                   m.keys[i].region_first, m.keys[i].region_last);
        } else if (m.keys[i].role == LOCKBUS_ROLE_DISTRUSTED) {
            number("  from_epoch", m.keys[i].from_epoch);
        }
    }
    for (unsigned i = 0; i < m.signature_count; i++) {
        hex("signed by", m.signed_by[i], 8);
    }
    lockbus_hash(hash, bytes, len);
    hex("hash", hash, 32);
    return true;
}

static bool show_anchor(const uint8_t *bytes, size_t len)
{
    struct lockbus_anchor a;

    if (lockbus_anchor_read(&a, bytes, len) != LOCKBUS_OK) {
        return false;
    }
    puts("anchor");
    hex("cabinet_id", a.cabinet_id, 16);
    number("block", a.block);
    hex("digest", a.digest, 32);
    number("boot", a.boot);
    number("powered_ms", a.powered_ms);
    number("unix_s", a.unix_s);
    number("trusted", a.trusted);
    return true;
}

static bool show_receipt(const uint8_t *bytes, size_t len)
{
    struct lockbus_receipt r;

    if (lockbus_receipt_read(&r, bytes, len) != LOCKBUS_OK) {
        return false;
    }
    puts("receipt");
    hex("cabinet_id", r.cabinet_id, 16);
    number("block", r.block);
    hex("digest", r.digest, 32);
    number("issued_at", r.issued_at);
    hex("signed by", r.key_id, 8);
    return true;
}

/* The public half only, whichever the file holds. */
static bool show_key(const char *path, const uint8_t *bytes, size_t len)
{
    struct lockbus_key_file key;
    struct lockbus_error why = {0};

    if (len < 8 || memcmp(bytes, "lockbus-", 8) != 0) {
        return false;
    }
    if (lockbus_key_load_public(path, &key, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    printf("%s key: %s\n", key.secret ? "secret" : "public", key.role);
    printf("%-20s %" PRIu32 "-%" PRIu32 "\n", "region", key.region_first,
           key.region_last);
    hex("public key", key.signer.public_key, 32);
    hex("key_id", key.signer.public_key, 8);
    return true;
}

static bool show(const char *path, const uint8_t *bytes, size_t len)
{
    return show_grant(bytes, len) || show_proof(bytes, len) ||
           show_order(bytes, len) || show_commission(bytes, len) ||
           show_manifest(bytes, len) || show_anchor(bytes, len) ||
           show_receipt(bytes, len) || show_seal(bytes, len) ||
           show_key(path, bytes, len) || show_package(bytes, len);
}

int cmd_inspect(int argc, char **argv)
{
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why = {0};
    size_t len = 0;
    const char *path = NULL;
    struct issue_arg args[] = {{.name = "", .kind = ISSUE_TEXT, .to = &path}};
    bool ok;

    if (!issue_args(argc, argv, args, 1)) {
        return tool_usage(argv[0], NULL);
    }
    if (lb_file_read(path, bytes, sizeof bytes, &len, LB_FILE_ANY, &why) !=
        LOCKBUS_OK) {
        return tool_complain(&why);
    }
    ok = show(path, bytes, len);
    lb_crypto_wipe(bytes, sizeof bytes); /* it may have been a secret key */
    if (!ok) {
        fprintf(stderr, "lockbus: %s: nothing that lockbus knows\n", path);
        return TOOL_FAILED;
    }
    puts("signatures: not checked");
    return TOOL_OK;
}
