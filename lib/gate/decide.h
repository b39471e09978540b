/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_DECIDE_H
#define LB_DECIDE_H

/*
 * The rules, one function for each kind of ask. Each tries its rules in the
 * order of docs/GRANTS.md and returns the first that fails. Nothing but the
 * derivation of a code changes the gate; on LOCKBUS_RULE_NONE the verdict is
 * complete, else only TRY_BACK may stand among its records.
 */

#include "gate/gate.h"

enum lockbus_rule lb_rules_deposit(const struct lb_gate *gate,
                                   const struct lb_ask *ask,
                                   struct lb_verdict *verdict);
enum lockbus_rule lb_rules_proof(const struct lb_gate *gate,
                                 const struct lb_ask *ask,
                                 struct lb_verdict *verdict);
enum lockbus_rule lb_rules_code(struct lb_gate *gate, const struct lb_ask *ask,
                                struct lb_verdict *verdict);
enum lockbus_rule lb_rules_code_key(struct lb_gate *gate,
                                    const struct lb_ask *ask,
                                    struct lb_verdict *verdict);
enum lockbus_rule lb_rules_order(const struct lb_gate *gate,
                                 const struct lb_ask *ask,
                                 struct lb_verdict *verdict);
enum lockbus_rule lb_rules_manifest(const struct lb_gate *gate,
                                    const struct lb_ask *ask,
                                    struct lb_verdict *verdict);
enum lockbus_rule lb_rules_seal(const struct lb_gate *gate,
                                const struct lb_ask *ask,
                                struct lb_verdict *verdict);
enum lockbus_rule lb_rules_commission(const struct lb_gate *gate,
                                      const struct lb_ask *ask,
                                      struct lb_verdict *verdict);
enum lockbus_rule lb_rules_receipt(const struct lb_gate *gate,
                                   const struct lb_ask *ask,
                                   struct lb_verdict *verdict);
enum lockbus_rule lb_rules_not_emptied(const struct lb_gate *gate,
                                       const struct lb_ask *ask,
                                       struct lb_verdict *verdict);

/* A record of this door now, with its stay, at the end of the verdict's. */
struct lb_record *lb_add(const struct lb_gate *gate, struct lb_verdict *verdict,
                         enum lb_record_type type, uint16_t door);

/* A CUSTODY record: from the door's custody to `to`. */
void lb_custody_record(const struct lb_gate *gate, struct lb_record *out,
                       uint16_t door, enum lb_custody to, enum lb_cause cause);

/* The intent to open a door: INTENT, and RESULT when its leaf is open now.
 * Returns the INTENT, whose evidence the caller adds. */
struct lb_record *lb_add_intent(const struct lb_gate *gate,
                                struct lb_verdict *verdict, uint16_t door,
                                enum lb_open open);

/* Whether records can become durable at all: false before BOOT and after a
 * disk failed, and when the intents' numbers are used up. */
bool lb_can_write(const struct lb_gate *gate);

/* The door when the map has it, else NULL. */
const struct lb_gate_door *lb_door(const struct lb_gate *gate, uint16_t door);

/* Whether it is this door's outstanding challenge, within its life. */
bool lb_challenge_ok(const struct lb_gate *gate, uint16_t door,
                     enum lb_challenge_use use, const uint8_t bytes[16]);

/* ---- proof.c ------------------------------------------------------------ */

/* P1 of the bytes alone: length, magic, version, and this set of kinds. */
bool lb_proof_form(const uint8_t *proof, size_t len, uint8_t kind_first,
                   uint8_t kind_last);

/* The rules of a release's proof; `own` is the challenge when the gate signed
 * for itself, else NULL. */
enum lockbus_rule lb_check_proof(const struct lb_gate *gate,
                                 const uint8_t *proof, const uint8_t *own,
                                 struct lb_verdict *verdict);

/* P3, P4, P7, P8, P9 of a release: what a code is tested for before it costs
 * a try. */
enum lockbus_rule lb_check_release(const struct lb_gate *gate, uint16_t door,
                                   struct lb_verdict *verdict);

/* ---- order.c ------------------------------------------------------------ */

/* Two signatures after a body: key_ids strictly ascending. */
bool lb_pair_form(const uint8_t *pair);

/* S2: one operations and one security key of the manifest, both good. */
bool lb_pair_ok(const struct lb_gate *gate, const char *prefix,
                const uint8_t *body, size_t len);

/* ---- code.c ------------------------------------------------------------- */

struct lb_code {
    uint16_t door;
    char secret[LB_CODE_MAX];
    size_t len;
};

/* The text as typed, with case, dashes and look-alikes undone. */
bool lb_code_read(struct lb_code *code, const uint8_t *text, size_t len,
                  bool digits);

#endif
