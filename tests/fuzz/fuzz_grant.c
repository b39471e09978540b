/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Deposits. Mode, length of the grant (u16), grant, proof. Bit 0 of the mode:
 * the issuer signs the grant; bit 1: COURIER signs the proof.
 */

#include "scene.h"

#include <lockbus/grant.h>
#include <lockbus/issue.h>

#include <string.h>

enum { BY_ISSUER = 1, BY_COURIER = 2, HOURS = 256 };

static uint8_t grant[LB_GRANT_LEN + 1], proof[LB_PROOF_LEN + 1];

/* D1 and D4 to D9 by the text of docs/GRANTS.md. */
static void allowed(const struct gate_journal *j)
{
    uint64_t door = number_at(grant, 6, 2), from = number_at(grant, 32, 8);
    uint64_t len = number_at(grant, 40, 4), back_s = number_at(grant, 44, 4);
    static const uint8_t none[LB_KEY_LEN];
    bool visit = memcmp(grant + 96, none, LB_KEY_LEN) == 0;
    bool no_return = memcmp(grant + 128, none, LB_KEY_LEN) == 0;
    uint8_t low = grant[5] & 15, high = grant[5] >> 4;

    must(memcmp(grant, "LBD1\1", 5) == 0, "D1: form");
    must(low >= 1 && low <= 3 && high >= 1 && high <= 3, "D1: uses");
    must(memcmp(grant + 8, gate_cabinet, 16) == 0, "D4: cabinet");
    must(number_at(grant, 28, 4) == EPOCH, "D5: epoch");
    must(len <= 3600 * HOURS && from <= 1790000000 + 1000 &&
             from + len >= 1790000000,
         "D6: times");
    must(no_return == (back_s == 0) && (!visit || no_return), "D7: return");
    must(visit || memcmp(grant + 64, grant + 96, LB_KEY_LEN) != 0,
         "D7: the courier is not the recipient");
    must(no_return || (memcmp(grant + 64, grant + 128, LB_KEY_LEN) != 0 &&
                       memcmp(grant + 96, grant + 128, LB_KEY_LEN) != 0),
         "D7: the return key is its own");
    for (uint16_t i = 0; i < SCENE_DOORS; i++) {
        const struct lb_gate_door *d = &j->doors[i];

        must(i == door || d->custody == LB_CUSTODY_VACANT || visit ||
                 (memcmp(d->release_pk, grant + 96, LB_KEY_LEN) != 0 &&
                  memcmp(d->return_pk, grant + 96, LB_KEY_LEN) != 0),
             "D7: no key of another parcel");
    }
    must(door < SCENE_DOORS && door != SCENE_AWAY, "D8: its board is here");
    must(door != SCENE_FULL && door != SCENE_OPEN, "D9: shut and vacant");
    must(proof[5] == 3 && memcmp(proof, "LBP1\1", 5) == 0, "P1: form");
    must(memcmp(proof + 6, grant + 6, 26) == 0, "P2: the same door and stay");
    must(memcmp(proof + 32, gate_question, 16) == 0, "P5: challenge");
}

static void written(struct gate_journal *j)
{
    const struct lb_gate_door *d = &j->doors[number_at(grant, 6, 2)];
    struct lockbus_signer issuer;
    struct lockbus_grant read;
    struct lockbus_error why;
    uint8_t seed[LB_SEED_LEN], again[LB_GRANT_LEN];

    must(d->custody == LB_CUSTODY_LOADING &&
             d->stay == number_at(grant, 24, 8) &&
             memcmp(d->courier_pk, grant + 64, 96) == 0,
         "the door has the grant's keys");
    gate_seed(seed, ISSUER);
    must(lockbus_grant_read(&read, grant, LB_GRANT_LEN) == LOCKBUS_OK &&
             lockbus_signer_from_seed(&issuer, seed) == LOCKBUS_OK &&
             lockbus_issue_grant(again, &read, &issuer, &why) == LOCKBUS_OK &&
             memcmp(again, grant, LB_GRANT_LEN) == 0,
         "what was accepted is what its fields are written as");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_verdict verdict;

    if (size < 3) {
        return 0;
    }
    size_t left = size - 3, len = number_at(data, 1, 2) % sizeof grant;
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT, .bytes = grant};

    ask.len = left < len ? left : len;
    memcpy(grant, data + 3, ask.len);
    ask.proof = proof;
    ask.proof_len = left - ask.len;
    if (ask.proof_len > sizeof proof) {
        ask.proof_len = sizeof proof;
    }
    memcpy(proof, data + 3 + ask.len, ask.proof_len);
    if ((data[0] & BY_ISSUER) != 0) {
        scene_sign(grant + 168, "lockbus/deposit/v1", grant, 160, ISSUER);
    }
    if ((data[0] & BY_COURIER) != 0) {
        scene_sign(proof + 48, "lockbus/proof/v1", proof, 48, COURIER);
    }
    if (!scene_ask(&ask, &verdict)) {
        return 0;
    }
    must((data[0] & 3) == 3, "nothing unsigned is accepted");
    must(ask.len == LB_GRANT_LEN && ask.proof_len == LB_PROOF_LEN,
         "D1, P1: lengths");
    written(scene_now());
    allowed(scene());
    return 0;
}
