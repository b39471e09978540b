/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CHAIN_H
#define LB_CHAIN_H

/*
 * One block's bytes: sealing it, telling what one is, evolving the key, and
 * the small file that holds keys. Pure; docs/JOURNAL.md is its text.
 */

#include "journal/journal.h"

enum lb_block_layout {
    LB_BLOCK_COUNT = 6, /* offset of the number of records */
    LB_BLOCK_RECORDS = 128,
    LB_BLOCK_DIGEST = 3968,
    LB_BLOCK_TAG = 4000,
    LB_BLOCK_CRC = 4032,
    LB_BLOCK_END = 4036 /* zero from here */
};

enum lb_block_state {
    LB_BLOCK_EMPTY = 1, /* never written */
    LB_BLOCK_TORN = 2,  /* bytes that no writer finished */
    LB_BLOCK_WRONG = 3, /* finished (CRC), but not of this form */
    LB_BLOCK_WHOLE = 4  /* form, CRC and digest are good */
};

/* What the bytes are by themselves; the chain and the tag are not looked at.
 * `head` is written when WHOLE. */
enum lb_block_state lb_block_inspect(const uint8_t block[LB_BLOCK_LEN],
                                     struct lb_block_head *head);

/* Writes header and tail around the records that are in the block. */
void lb_block_seal(uint8_t block[LB_BLOCK_LEN],
                   const struct lb_block_head *head,
                   const uint8_t key[LB_HASH_LEN]);

/* The format that a block or a key file says it has; 0: it is neither. */
unsigned lb_block_format(const uint8_t *bytes);

bool lb_block_tag_ok(const uint8_t block[LB_BLOCK_LEN],
                     const uint8_t key[LB_HASH_LEN]);

/* The next block's key; the old one is overwritten. */
void lb_key_evolve(uint8_t key[LB_HASH_LEN]);

/* The key file. encode returns its length; decode is false for anything but
 * what encode writes. */
size_t lb_keys_encode(uint8_t out[LB_KEY_FILE_MAX],
                      const struct lb_journal *journal);
bool lb_keys_decode(struct lb_journal *journal, const uint8_t *bytes,
                    size_t len);

bool lb_block_is_zero(const uint8_t *bytes, size_t len);

#endif
