/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "world.h"

#include <stdio.h>
#include <string.h>

enum { GRANT_LIFE_S = 3600, RETURN_AFTER_S = 86400 };

static bool person(struct lockbus_signer *signer, uint8_t world, uint8_t who)
{
    uint8_t seed[32];

    memset(seed, who, sizeof seed);
    seed[0] = world;
    return lockbus_signer_from_seed(signer, seed) == LOCKBUS_OK;
}

bool world_init(struct world *world, const char *dir, uint8_t seed,
                uint64_t now_unix)
{
    memset(world, 0, sizeof *world);
    (void)snprintf(world->dir, sizeof world->dir, "%s", dir);
    memset(world->cabinet_id, 0xC0 ^ seed, sizeof world->cabinet_id);
    world->seed = seed;
    world->region = 7;
    world->epoch = 10;
    world->manifest_no = 1;
    world->next_stay = 1;
    world->now_unix = now_unix;
    world->limits = (struct world_limits){
        .max_open_occupied = 2,
        .max_open_vacant = 4,
        .interlock_hold_s = 60,
        .burst = 6,
        .per_hour = 60,
        .reopen_window_s = 120,
        .ajar_after_s = 60,
        .code_tries = 5,
        .code_tries_per_hour = 10,
        .challenge_ttl_s = 120,
    };
    return person(&world->root[0], seed, 1) &&
           person(&world->root[1], seed, 2) &&
           person(&world->root[2], seed, 3) &&
           person(&world->issuer, seed, 4) &&
           person(&world->old_issuer, seed, 4) &&
           person(&world->operations, seed, 5) &&
           person(&world->security, seed, 6) &&
           person(&world->courier, seed, 7) && person(&world->archive, seed, 8);
}

static FILE *create(const struct world *world, const char *name)
{
    char path[WORLD_PATH + 64];

    (void)snprintf(path, sizeof path, "%s/%s", world->dir, name);
    return fopen(path, "w");
}

bool world_config(const struct world *world, unsigned boards, const char *port,
                  const char *profiles, uint32_t baud)
{
    FILE *f = create(world, "cabinet.ini");

    if (f == NULL) {
        return false;
    }
    fprintf(f,
            "[cabinet]\n"
            "name     = demo hall\n"
            "journal  = journal\n"
            "manifest = manifest.lbm\n"
            "profiles = %s\n"
            "keypad   = %s\n"
            "[lock]\n"
            "pulse_ms = 500\n"
            "rest_ms  = 2000\n"
            "at_once  = 2\n"
            "shut_is  = 1\n"
            "[bus.main]\n"
            "port = %s\n"
            "baud = %u 8N1\n"
            "[boards]\n",
            profiles, world->digits ? "digits" : "letters", port, baud);
    for (unsigned b = 1; b <= boards; b++) {
        fprintf(f, "%u = main %u waveshare-relay-d-8ch\n", b, b);
    }
    fputs("[doors]\n", f);
    for (unsigned b = 0; b < boards; b++) {
        fprintf(f, "%c01-%c08 = %u-%u %u:1-8 size=M\n", 'A' + b, 'A' + b, b * 8,
                b * 8 + 7, b + 1);
    }
    return fclose(f) == 0;
}

static void put_key(FILE *f, const char *name, const char *role,
                    const struct lockbus_signer *signer, const char *rest)
{
    fprintf(f, "%s = %s ", name, role);
    for (size_t i = 0; i < 32; i++) {
        fprintf(f, "%02x", signer->public_key[i]);
    }
    fprintf(f, "%s\n", rest);
}

static bool write_manifest_text(const struct world *world)
{
    const struct world_limits *l = &world->limits;
    char rest[48];
    FILE *f = create(world, "manifest.ini");

    if (f == NULL) {
        return false;
    }
    fputs("[manifest]\noperator_id = ", f);
    for (unsigned i = 0; i < 16; i++) {
        fprintf(f, "%02x", world->seed + i);
    }
    fprintf(f,
            "\nnumber = %u\nepoch = %u\nissued_at = %llu\nthreshold = 2\n"
            "[limits]\n"
            "max_open_occupied = %u\nmax_open_vacant = %u\n"
            "interlock_hold_s = %u\nburst = %u\nper_hour = %u\n"
            "return_burst = 3\nreturn_per_hour = 60\n"
            "service_burst = 4\nservice_per_hour = 60\n"
            "code_tries = %u\ncode_tries_per_hour = %u\n"
            "reopen_window_s = %u\najar_after_s = %u\n"
            "max_grant_hours = 720\nchallenge_ttl_s = %u\n"
            "service_ttl_s = 900\ncode_min_bits = 30\n[keys]\n",
            world->manifest_no, world->epoch,
            (unsigned long long)world->now_unix, l->max_open_occupied,
            l->max_open_vacant, l->interlock_hold_s, l->burst, l->per_hour,
            l->code_tries, l->code_tries_per_hour, l->reopen_window_s,
            l->ajar_after_s, l->challenge_ttl_s);
    put_key(f, "root_a", "root", &world->root[0], "");
    put_key(f, "root_b", "root", &world->root[1], "");
    put_key(f, "root_c", "root", &world->root[2], "");
    put_key(f, "issuer", "issuer", &world->issuer, " region=7-7");
    put_key(f, "operations", "operations", &world->operations, "");
    put_key(f, "security", "security", &world->security, "");
    put_key(f, "archive", "archive", &world->archive, "");
    if (world->distrusted_from != 0) {
        (void)snprintf(rest, sizeof rest, " from_epoch=%u",
                       world->distrusted_from);
        put_key(f, "stolen", "distrusted", &world->old_issuer, rest);
    }
    return fclose(f) == 0;
}

bool world_manifest(struct world *world, uint8_t out[LOCKBUS_MANIFEST_MAX],
                    size_t *len, struct lockbus_error *why)
{
    char path[WORLD_PATH + 64];

    (void)snprintf(path, sizeof path, "%s/manifest.ini", world->dir);
    if (!write_manifest_text(world) ||
        lockbus_issue_manifest(out, len, path, world->root, 2, why) !=
            LOCKBUS_OK) {
        return false;
    }
    lockbus_hash(world->manifest_hash, out, *len);
    return true;
}

/* The order for the door map that dir/cabinet.ini describes. */
static bool map_order(struct world *world, bool amendment, const char *path,
                      uint8_t out[LOCKBUS_COMMISSION_LEN],
                      struct lockbus_error *why)
{
    struct lockbus_commission order = {
        .amendment = amendment,
        .region = world->region,
        .order_no = (uint64_t)world->epoch << 32 | ++world->order_no,
    };

    memcpy(order.cabinet_id, world->cabinet_id, sizeof order.cabinet_id);
    memcpy(order.manifest_hash, world->manifest_hash,
           sizeof order.manifest_hash);
    return lockbus_config_check(path, order.map_hash, &order.doors, why) ==
               LOCKBUS_OK &&
           lockbus_issue_commission(out, &order, &world->operations,
                                    &world->security, why) == LOCKBUS_OK;
}

bool world_commission(struct world *world, uint8_t escrow[32],
                      struct lockbus_error *why)
{
    uint8_t manifest[LOCKBUS_MANIFEST_MAX], bytes[LOCKBUS_COMMISSION_LEN];
    char path[WORLD_PATH + 64];
    size_t len = 0;

    (void)snprintf(path, sizeof path, "%s/cabinet.ini", world->dir);
    return world_manifest(world, manifest, &len, why) &&
           map_order(world, false, path, bytes, why) &&
           lockbus_cabinet_commission(path, manifest, len, bytes, sizeof bytes,
                                      escrow, why) == LOCKBUS_OK;
}

bool world_amend(struct world *world, struct lockbus_error *why)
{
    uint8_t bytes[LOCKBUS_COMMISSION_LEN];
    char path[WORLD_PATH + 64];

    (void)snprintf(path, sizeof path, "%s/cabinet.ini", world->dir);
    return map_order(world, true, path, bytes, why) &&
           lockbus_cabinet_amend(path, bytes, sizeof bytes, why) == LOCKBUS_OK;
}

bool world_parcel(struct world *world, struct parcel *parcel, uint16_t door,
                  bool code, struct lockbus_error *why)
{
    uint8_t seal[LOCKBUS_SEAL_LEN];
    struct lockbus_code_form form = {
        .digits = world->digits, .opslimit = 1, .memory_kib = 8192};
    struct lockbus_grant grant = {
        .courier_uses = 3,
        .release_uses = 2,
        .door = door,
        .not_before = world->now_unix - 60,
        .valid_for_s = GRANT_LIFE_S,
        .return_after_s = RETURN_AFTER_S,
    };

    memset(parcel, 0, sizeof *parcel);
    parcel->door = door;
    parcel->stay = (uint64_t)world->epoch << 32 | world->next_stay++;
    grant.stay = parcel->stay;
    if (lockbus_signer_generate(&parcel->release) != LOCKBUS_OK) {
        return false;
    }
    memcpy(grant.cabinet_id, world->cabinet_id, sizeof grant.cabinet_id);
    memcpy(grant.parcel_ref, &parcel->stay, sizeof parcel->stay);
    memcpy(grant.courier_pk, world->courier.public_key, 32);
    memcpy(grant.release_pk, parcel->release.public_key, 32);
    /* Every parcel has a return key of its own: vary the seed by the stay. */
    uint8_t seed[32];

    memset(seed, 0x52, sizeof seed);
    memcpy(seed, &parcel->stay, sizeof parcel->stay);
    seed[31] = world->seed;
    if (lockbus_signer_from_seed(&parcel->returns, seed) != LOCKBUS_OK) {
        return false;
    }
    memcpy(grant.return_pk, parcel->returns.public_key, 32);
    if (lockbus_issue_grant(parcel->grant, &grant, &world->issuer, why) !=
            LOCKBUS_OK ||
        (code && lockbus_issue_code(parcel->code, seal, &form, door,
                                    world->cabinet_id, parcel->stay,
                                    parcel->release.seed, why) != LOCKBUS_OK)) {
        return false;
    }
    return lockbus_package_write(parcel->package, &parcel->package_len,
                                 parcel->grant,
                                 code ? seal : NULL) == LOCKBUS_OK;
}

bool world_proof(const struct world *world, struct lockbus_cabinet *cab,
                 struct world_claim claim, uint8_t out[LOCKBUS_PROOF_LEN])
{
    uint8_t challenge[16];
    struct lockbus_error why;

    return lockbus_challenge(cab, claim.door, LOCKBUS_CHALLENGE_PROOF,
                             challenge, &why) == LOCKBUS_OK &&
           lockbus_issue_proof(out, claim.kind, claim.door, world->cabinet_id,
                               claim.stay, challenge, claim.signer,
                               &why) == LOCKBUS_OK;
}

bool world_order(struct world *world, struct lockbus_cabinet *cab,
                 uint16_t door, enum lockbus_service_action action,
                 uint8_t out[LOCKBUS_ORDER_LEN])
{
    struct lockbus_error why;
    struct lockbus_order order = {
        .action = action,
        .door = door,
        .order_no = (uint64_t)world->epoch << 32 | ++world->order_no,
        .not_after = world->now_unix + GRANT_LIFE_S,
        .reason = 1,
    };

    memcpy(order.cabinet_id, world->cabinet_id, sizeof order.cabinet_id);
    return lockbus_challenge(cab, door, LOCKBUS_CHALLENGE_SERVICE,
                             order.challenge, &why) == LOCKBUS_OK &&
           lockbus_issue_order(out, &order, &world->operations,
                               &world->security, &why) == LOCKBUS_OK;
}
