/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_JOURNAL_JUDGE_H
#define LB_JOURNAL_JUDGE_H

/*
 * What a journal says of itself while it is verified: whose device key signs
 * its anchors, what the operator has a receipt for, and what was let go. That
 * needs the manifest, which lib/journal knows nothing of.
 */

#include "gate/gate.h"
#include "journal/journal.h"

struct lb_judge {
    struct lb_gate gate; /* of it only the manifest and the cabinet's id */
    uint8_t receipt[LB_RECEIPT_LEN]; /* of the block at hand */
    size_t parts;                    /* of it, so far */
    uint64_t parts_in;               /* that block */
    uint64_t kept_from; /* what a receipt lets go of lies below this */
    bool device_known;
    uint8_t device_key[LB_KEY_LEN];
    bool has_receipt; /* in the folder, genuine */
    uint64_t acknowledged;
};

void lb_judge_init(struct lb_judge *judge);
struct lb_journal_visitor lb_judge_visitor(struct lb_judge *judge);

/* After an intact walk: CORRUPT, with `first_bad` and a sentence in the
 * report, when the beginning is gone without a receipt, or the folder has one
 * for what is not there. */
LOCKBUS_CHECK enum lockbus_err lb_judge_end(struct lb_judge *judge,
                                            const struct lb_store *store,
                                            struct lb_verify_report *report);

#endif
