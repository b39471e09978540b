/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_ISSUE_SIGNER_H
#define LB_ISSUE_SIGNER_H

/*
 * What every signed thing of the issuing side shares: refusing with the name
 * of a field, and putting key_id and signature behind a body.
 */

#include <lockbus/issue.h>

enum lb_issue_limits {
    LB_ISSUE_DOORS = 1024,
    LB_ISSUE_KEY_ID = 8,
    LB_ISSUE_SIG = 64,
    LB_ISSUE_SIGNED = 72, /* key_id and signature */
    LB_ISSUE_SIGNERS = 10,
    LB_ISSUE_PREFIX_MAX = 32
};

/* From this Unix second on cabinets ignore the time: nothing may name it.
 * Milliseconds taken for seconds land above it, too. */
#define LB_ISSUE_TIME_END (UINT64_C(1) << 36)

struct lb_issue_message {
    const char *prefix;
    const uint8_t *body;
    size_t len;
};

/* Fills in `why` (which may be NULL) and returns USAGE. */
enum lockbus_err lb_issue_refuse(struct lockbus_error *why, const char *field,
                                 const char *text);

/* IO, field random: the system gives no random bytes. */
enum lockbus_err lb_issue_no_random(struct lockbus_error *why);

/* One signature, verified before it is given away: a module that signs with
 * another key than it says is found here and not at a door. */
enum lockbus_err lb_issue_sign(uint8_t signature[LB_ISSUE_SIG],
                               const struct lb_issue_message *message,
                               const struct lockbus_signer *signer,
                               struct lockbus_error *why);

/* Whether one key_id comes before another, as bytes. */
bool lb_issue_before(const uint8_t *a, const uint8_t *b);

/* key_id and signature of each signer, key_id ascending; `count` entries of
 * LB_ISSUE_SIGNED bytes. USAGE when two share a key_id. Sorts `signers`. */
enum lockbus_err lb_issue_sign_all(uint8_t *out,
                                   const struct lb_issue_message *message,
                                   const struct lockbus_signer **signers,
                                   size_t count, struct lockbus_error *why);

#endif
