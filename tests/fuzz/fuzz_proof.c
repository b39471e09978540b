/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Proofs. Mode, proof. The mode is who signs: nobody, or one of `people`.
 */

#include "scene.h"

#include <lockbus/grant.h>
#include <lockbus/issue.h>

#include <string.h>

/* The courier of doors 2 and 3, the keys of door 2, the recipient of door 3,
 * a stranger. */
static const uint8_t people[] = {
    NOBODY, COURIER, RECIPIENT + 20 + SCENE_FULL, OPERATOR + 60 + SCENE_FULL,
    90,     OTHERS};

static uint8_t proof[LB_PROOF_LEN + 1];

/* P1 to P7 by the text of docs/GRANTS.md, at this scene. */
static void allowed(uint8_t signer)
{
    uint64_t door = number_at(proof, 6, 2);
    uint8_t kind = proof[5];

    must(memcmp(proof, "LBP1\1", 5) == 0, "P1: form");
    must(memcmp(proof + 8, gate_cabinet, 16) == 0, "P2: cabinet");
    must(number_at(proof, 24, 8) == gate_stay(100), "P4: stay");
    must(memcmp(proof + 32, gate_question, 16) == 0, "P5: challenge");
    if (kind == LB_OPEN_REOPEN || kind == LB_OPEN_CANCEL) {
        must(signer == COURIER, "P6: by the courier");
        must(door == SCENE_FULL || door == SCENE_LOADING, "P4: a parcel");
        return;
    }
    must(kind == LB_OPEN_RELEASE, "P7: no return is due yet");
    must(door == SCENE_FULL, "P4: a full door");
    must(signer == RECIPIENT + 20 + SCENE_FULL, "P6: by the recipient");
}

static void same_bytes(uint8_t signer)
{
    uint8_t seed[LB_SEED_LEN], again[LB_PROOF_LEN];
    struct lockbus_signer by;
    struct lockbus_proof read;
    struct lockbus_error why;

    gate_seed(seed, signer);
    must(lockbus_proof_read(&read, proof, LB_PROOF_LEN) == LOCKBUS_OK &&
             lockbus_signer_from_seed(&by, seed) == LOCKBUS_OK &&
             lockbus_issue_proof(again, read.kind, read.door, read.cabinet_id,
                                 read.stay, read.challenge, &by,
                                 &why) == LOCKBUS_OK &&
             memcmp(again, proof, LB_PROOF_LEN) == 0,
         "what was accepted is what its fields are written as");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_verdict verdict;
    struct lb_ask ask = {.kind = LB_ASK_PROOF, .bytes = proof};

    if (size == 0) {
        return 0;
    }
    uint8_t signer = people[data[0] % sizeof people];

    ask.len = size - 1 < sizeof proof ? size - 1 : sizeof proof;
    memcpy(proof, data + 1, ask.len);
    if (signer != NOBODY) {
        scene_sign(proof + 48, "lockbus/proof/v1", proof, 48, signer);
    }
    if (!scene_ask(&ask, &verdict)) {
        return 0;
    }
    must(signer != NOBODY, "nothing unsigned is accepted");
    must(ask.len == LB_PROOF_LEN, "P1: length");
    must(verdict.kind == LB_VERDICT_PERMIT && verdict.open == proof[5],
         "it opens what it says");
    allowed(signer);
    same_bytes(signer);
    return 0;
}
