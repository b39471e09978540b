/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef WORLD_H
#define WORLD_H

/*
 * The people around a cabinet, for the demo and the scenario tests: an
 * operator with his roots, an issuer, two service persons, a courier and
 * recipients. Everything is made through the public issuing side; seeds come
 * from one number, so that a story can be told again.
 */

#include <lockbus/lockbus.h>

enum { WORLD_PATH = 256 };

struct world_limits {
    unsigned max_open_occupied, max_open_vacant, interlock_hold_s;
    unsigned burst, per_hour, reopen_window_s, ajar_after_s;
    unsigned code_tries, code_tries_per_hour, challenge_ttl_s;
};

struct world {
    char dir[WORLD_PATH];
    uint8_t cabinet_id[16];
    uint32_t region, epoch, manifest_no;
    uint64_t order_no, next_stay, now_unix;
    uint8_t seed;
    struct world_limits limits;
    struct lockbus_signer root[3], issuer, old_issuer, operations, security;
    struct lockbus_signer archive, courier;
    uint32_t distrusted_from; /* epoch; 0: old_issuer is not listed */
    bool digits;
    uint8_t manifest_hash[32]; /* of the last manifest that was made */
};

/* One parcel, as its recipient and its courier know it. */
struct parcel {
    uint16_t door;
    uint64_t stay;
    struct lockbus_signer release, returns;
    uint8_t grant[LOCKBUS_GRANT_LEN];
    uint8_t package[LOCKBUS_PACKAGE_MAX];
    size_t package_len;
    char code[LOCKBUS_CODE_TEXT_MAX];
};

/* Everybody gets keys; `dir` must exist. */
bool world_init(struct world *world, const char *dir, uint8_t seed,
                uint64_t now_unix);

/* The text of a cabinet of `boards` boards of 8 doors, A01.. by board letter,
 * on one bus; the folder of profiles; written to dir/cabinet.ini. */
bool world_config(const struct world *world, unsigned boards, const char *port,
                  const char *profiles, uint32_t baud);

/* The manifest of the world as it is now, signed by two roots. */
bool world_manifest(struct world *world, uint8_t out[LOCKBUS_MANIFEST_MAX],
                    size_t *len, struct lockbus_error *why);

/* A journal for dir/cabinet.ini, by manifest and commissioning order. */
bool world_commission(struct world *world, uint8_t escrow[32],
                      struct lockbus_error *why);

/* An amendment order for dir/cabinet.ini as it is now, applied. */
bool world_amend(struct world *world, struct lockbus_error *why);

/* A grant for a door; with a code, or without one when `code` is false. */
bool world_parcel(struct world *world, struct parcel *parcel, uint16_t door,
                  bool code, struct lockbus_error *why);

/* What a proof says, and who signs it. */
struct world_claim {
    uint16_t door;
    uint64_t stay;
    enum lockbus_proof_kind kind;
    const struct lockbus_signer *signer;
};

/* A proof over the cabinet's live challenge. */
bool world_proof(const struct world *world, struct lockbus_cabinet *cab,
                 struct world_claim claim, uint8_t out[LOCKBUS_PROOF_LEN]);

/* A service order by operations and security. */
bool world_order(struct world *world, struct lockbus_cabinet *cab,
                 uint16_t door, enum lockbus_service_action action,
                 uint8_t out[LOCKBUS_ORDER_LEN]);

#endif
