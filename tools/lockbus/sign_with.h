/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIGN_WITH_H
#define SIGN_WITH_H

/*
 * lockbus open --sign-with -: the keys are on another machine. A challenge
 * dies with the process that gave it, so this process prints it, keeps the
 * cabinet going, and takes what was signed on standard input. Each of these
 * complains and returns false when no answer of use came.
 */

#include <lockbus/lockbus.h>

/* Door and stay of the grant in a package. */
bool sign_with_grant(struct lockbus_proof *proof, const uint8_t *package,
                     size_t len);

/* The proof that answers the door's challenge. */
bool sign_with_proof(struct lockbus_cabinet *cab,
                     const struct lockbus_proof *fields, uint64_t wait_s,
                     uint8_t proof[LOCKBUS_PROOF_LEN]);

/* The order, whole or as the halves of two persons in two lines. */
bool sign_with_order(struct lockbus_cabinet *cab,
                     const struct lockbus_order *fields, uint64_t wait_s,
                     uint8_t order[LOCKBUS_ORDER_LEN]);

#endif
