/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef GATE_SIGNER_H
#define GATE_SIGNER_H

/*
 * Everyone who signs, for tests of the gate: a person is a small number, the
 * seed of whose key is that number 32 times. What they sign is plain here, so
 * that a test can also sign nonsense.
 */

#include "gate_journal.h"

enum gate_person {
    NOBODY = 0,
    ROOT_A = 1,
    ROOT_B = 2,
    ROOT_C = 3,
    ISSUER = 4,
    OPERATIONS = 5,
    SECURITY = 6,
    OPERATIONS_TOO = 7,
    COURIER = 10,
    RECIPIENT = 11,
    OPERATOR = 12, /* of returns */
    OTHERS = 20    /* and above: anyone */
};

enum { EPOCH = 9, REGION = 3, SCENE_DOORS = 20 };

struct gate_grant {
    uint16_t door;
    uint64_t stay; /* without the epoch */
    uint8_t courier, release, back;
    uint8_t uses; /* 0: 0x23 */
    uint32_t return_after_s;
};

/* The prefix of all of them; only what differs is an argument. */
void gate_key(uint8_t key[LB_KEY_LEN], uint8_t person);
void gate_seed(uint8_t seed[LB_SEED_LEN], uint8_t person);
uint64_t gate_stay(uint64_t number);

void gate_make_grant(uint8_t out[LB_GRANT_LEN], const struct gate_grant *g);
void gate_make_proof(uint8_t out[LB_PROOF_LEN], uint8_t kind, uint16_t door,
                     uint64_t stay, uint8_t signer);
void gate_make_order(uint8_t out[LB_ORDER_LEN], uint8_t action, uint16_t door,
                     uint64_t number);

/* Body and signers as they stand: sorted by key_id. */
void gate_sign_pair(uint8_t *order, size_t body_len, const char *prefix,
                    uint8_t one, uint8_t two);

/* `distrusted` is a person or NOBODY, from this epoch on. */
size_t gate_make_manifest(uint8_t out[LB_MANIFEST_MAX], uint32_t number,
                          uint32_t epoch, uint8_t distrusted);

/* Signs again what the test changed. */
size_t gate_sign_manifest(uint8_t *manifest);

/* The cabinet of all these tests; the challenge that all the proofs above
 * answer. What goes wrong here is in journal->broken. */
extern const uint8_t gate_cabinet[16];
extern const uint8_t gate_question[16];
struct gate_journal *gate_scene(void);

/* Asks with gate_question outstanding; returns the rule that refused. */
enum lockbus_rule gate_deposit(struct gate_journal *j,
                               const struct gate_grant *g);
enum lockbus_rule gate_proof(struct gate_journal *j, uint8_t kind,
                             uint16_t door, uint64_t stay, uint8_t signer);
enum lockbus_rule gate_order(struct gate_journal *j, uint8_t action,
                             uint16_t door, uint64_t number);

/* Deposits for COURIER, RECIPIENT + door and OPERATOR, opens and shuts. */
void gate_fill(struct gate_journal *j, uint16_t door);

#endif
