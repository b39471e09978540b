/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_WALK_H
#define LB_WALK_H

/*
 * Walking a store's blocks in order, each checked against the one before.
 * Recovery, verification and reading all walk; they differ in where they
 * start and in which key they have.
 */

#include "journal/journal.h"

enum lb_walk_result {
    LB_WALK_BLOCK = 1,  /* a valid block: head and block are set */
    LB_WALK_END = 2,    /* nothing after the last valid block */
    LB_WALK_TORN = 3,   /* one unfinished block there: a power cut */
    LB_WALK_DAMAGE = 4, /* text says what; number says which block */
    LB_WALK_FAILED = 5  /* the store did: err */
};

struct lb_walk {
    const struct lb_store *store;
    uint64_t number; /* of the block that is looked at next */
    uint64_t bound;  /* first block beyond the segments there are */
    bool linked;     /* `before` holds the digest of number - 1 */
    bool keyed;      /* `key` is the one of `number` */
    bool named;      /* `cabinet_id` is known */
    uint8_t before[32], key[32], cabinet_id[16];
    struct lb_block_head head;
    const char *text;
    enum lockbus_err err;
    /* the blocks read ahead: `ready` of them, from `buf_first` on */
    uint8_t *buf;
    size_t buf_blocks, ready;
    uint64_t buf_first;
    const uint8_t *block;
};

/* Starts at `number`; the buffer is the caller's. Then set before, key and
 * cabinet_id with their flags when they are known. */
void lb_walk_init(struct lb_walk *walk, const struct lb_store *store,
                  uint64_t number, uint32_t next_segment);
void lb_walk_buffer(struct lb_walk *walk, uint8_t *buf, size_t blocks);

/* Starts at the first segment there is; with the escrowed root key, or NULL,
 * evolved to that place. */
void lb_walk_start(struct lb_walk *walk, const struct lb_store *store,
                   uint32_t first, uint32_t next, const uint8_t *root_key);

/* Looks at one block and, when it is valid, steps behind it. */
enum lb_walk_result lb_walk_next(struct lb_walk *walk);

/* Gives the block's records to the visitor. CORRUPT when one has no form. */
LOCKBUS_CHECK enum lockbus_err
lb_walk_visit(const struct lb_walk *walk,
              const struct lb_journal_visitor *visitor);

#endif
