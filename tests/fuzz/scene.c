/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scene.h"

#include "base/bytes.h"

#include <string.h>

static struct gate_journal *made;
static struct gate_journal kept;

static void make(void)
{
    struct gate_grant g = {
        .door = SCENE_LOADING, .stay = 100, .courier = COURIER, .release = 90};
    uint8_t seal[LB_SEAL_LEN] = {'L', 'B', 'X', '1', 1, 1, 0, 0, 1};
    struct lb_verdict verdict;
    struct lb_ask ask = {.kind = LB_ASK_SEAL,
                         .bytes = seal,
                         .len = sizeof seal,
                         .door = SCENE_FULL};

    made = gate_scene();
    gate_fill(made, SCENE_FULL);
    seal[12] = 8;
    gate_journal_ask(made, &ask, &verdict);
    must(verdict.kind == LB_VERDICT_DONE, "the scene has its seal");
    must(gate_deposit(made, &g) == LOCKBUS_RULE_NONE, "door 3 is being filled");
    gate_journal_leaf(made, SCENE_OPEN, true);
    gate_journal_board(made, SCENE_AWAY, true);
    for (uint16_t door = SCENE_FULL; door <= SCENE_VACANT; door++) {
        gate_journal_challenge(made, door, gate_question);
    }
    must(made->broken == NULL, "the scene stands");
    kept = *made;
}

struct gate_journal *scene(void)
{
    if (made == NULL) {
        make();
    }
    made->gate = kept.gate;
    memcpy(made->doors, kept.doors, sizeof made->doors);
    memcpy(made->row_next, kept.row_next, sizeof made->row_next);
    return made;
}

struct gate_journal *scene_now(void)
{
    return made;
}

void scene_sign(uint8_t *sig, const char *prefix, const uint8_t *body,
                size_t len, uint8_t person)
{
    uint8_t seed[LB_SEED_LEN];

    gate_seed(seed, person);
    must(lb_crypto_sign(sig, prefix, body, len, seed), "it signs");
}

static void refused(const struct lb_verdict *verdict)
{
    const struct lb_record *record = verdict->records.rec;

    must(verdict->rule > LOCKBUS_RULE_NONE &&
             strcmp(lockbus_rule_name(verdict->rule), "?") != 0 &&
             lockbus_rule_text(verdict->rule)[0] != '\0',
         "a refusal names a rule that there is");
    must(verdict->records.count == 1 && record->type == LB_REC_REFUSAL &&
             number_at(record->body, LB_REFUSAL_RULE, 2) == verdict->rule,
         "a refusal is one record of its rule");
    must(verdict->ref == 0 && verdict->open == LB_OPEN_NONE,
         "a refusal opens nothing");
}

static void take(const struct lb_verdict *verdict)
{
    struct lb_permit permit = {0};

    must(verdict->rule == LOCKBUS_RULE_NONE, "what is accepted broke no rule");
    for (size_t i = 0; i < verdict->records.count; i++) {
        must(lb_gate_apply(&made->gate, &verdict->records.rec[i]),
             "the fold takes what the gate decided");
    }
    if (verdict->kind != LB_VERDICT_PERMIT) {
        return;
    }
    must(lb_gate_permit(&made->gate, verdict->ref, &permit) &&
             permit.door == verdict->door && permit.ref == verdict->ref,
         "an acceptance gives its permit");
    must(!lb_gate_permit(&made->gate, verdict->ref, &permit),
         "an acceptance gives one permit");
}

/* All but the derivation that a code begins. */
static bool same_state(const struct lb_gate *before, bool code)
{
    size_t len = code ? offsetof(struct lb_gate, derive_ref) : sizeof *before;

    return memcmp(before, &made->gate, len) == 0 &&
           memcmp(kept.doors, made->doors, sizeof kept.doors) == 0 &&
           memcmp(kept.row_next, made->row_next, sizeof kept.row_next) == 0;
}

bool scene_ask(const struct lb_ask *ask, struct lb_verdict *verdict)
{
    static struct lb_gate before;

    memcpy(&before, &scene()->gate, sizeof before);
    lb_gate_decide(&made->gate, ask, verdict);
    must(same_state(&before, ask->kind == LB_ASK_CODE &&
                                 verdict->kind == LB_VERDICT_DERIVE),
         "deciding changes nothing");
    must(verdict->records.count <= LB_BATCH_MAX, "a decision fits a block");
    if (verdict->kind == LB_VERDICT_REFUSED) {
        refused(verdict);
        return false;
    }
    take(verdict);
    accepted();
    return true;
}
