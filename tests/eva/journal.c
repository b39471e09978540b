/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A block of any content, the records in it, and a key file of any content
 * and of every length.
 */

#include "any.h"

#include "base/bytes.h"
#include "journal/chain.h"
#include "journal/walk.h"

#include <stddef.h>

enum { KEYS_COUNT = 6, KEYS_FIRST = 24, KEYS_EACH = 40 };

static uint8_t block[LB_BLOCK_LEN], file[LB_KEY_FILE_MAX + 1];
static uint8_t key[LB_HASH_LEN];
static struct lb_journal journal;

static enum lockbus_err take(void *user, const struct lb_block_head *head,
                             const struct lb_record *record)
{
    uint8_t again[LB_RECORD_LEN];

    (void)user;
    (void)head;
    lb_record_encode(again, record);
    return any_bool() ? LOCKBUS_OK : LOCKBUS_ERR_CORRUPT;
}

/* Of a block that says it has so many records. */
static void inspect(uint8_t first, uint8_t last)
{
    struct lb_walk walk = {.block = block};
    const struct lb_journal_visitor visitor = {NULL, NULL, take};

    any_bytes(block, sizeof block);
    block[LB_BLOCK_COUNT] = Frama_C_unsigned_char_interval(first, last);
    (void)lb_block_format(block);
    (void)lb_block_tag_ok(block, key);
    if (lb_block_inspect(block, &walk.head) == LB_BLOCK_WHOLE) {
        (void)lb_walk_visit(&walk, &visitor);
    }
}

/* A key file that says it has so many keys, and has no more than `min`
 * bytes. */
static void keys(unsigned count, size_t min, size_t max)
{
    uint8_t *bytes = file + sizeof file - min;

    any_bytes(file, sizeof file);
    if (min >= KEYS_FIRST) {
        bytes[KEYS_COUNT] = (uint8_t)count;
        bytes[KEYS_COUNT + 1] = 0;
        if (count > LB_JOURNAL_KEYS) {
            bytes[KEYS_COUNT] =
                Frama_C_unsigned_char_interval(LB_JOURNAL_KEYS + 1, UINT8_MAX);
        }
        if (count > LB_JOURNAL_KEYS + 1) {
            any_bytes(bytes + KEYS_COUNT, 1);
            bytes[KEYS_COUNT + 1] =
                Frama_C_unsigned_char_interval(1, UINT8_MAX);
        }
    }
    (void)lb_keys_decode(&journal, bytes,
                         Frama_C_unsigned_long_interval(min, max));
}

static void key_files(void)
{
    size_t least = KEYS_FIRST + KEYS_EACH + LB_HASH_LEN;

    keys(0, 0, least - 1);
    keys(0, least, SIZE_MAX);
    keys(LB_JOURNAL_KEYS + 1, least, SIZE_MAX);
    keys(LB_JOURNAL_KEYS + 2, least, SIZE_MAX);
    /*@ loop unroll LB_JOURNAL_KEYS; */
    for (unsigned count = 1; count <= LB_JOURNAL_KEYS; count++) {
        size_t right = KEYS_FIRST + KEYS_EACH * (size_t)count + LB_HASH_LEN;

        if (right > least) {
            keys(count, least, right - 1);
        }
        keys(count, right, right);
        keys(count, right + 1, SIZE_MAX);
        /*@ slevel merge; */
        ;
    }
}

void main(void)
{
    any_bytes(key, sizeof key);
    /*@ loop unroll LB_BATCH_MAX + 1; */
    for (uint8_t count = 0; count <= LB_BATCH_MAX; count++) {
        inspect(count, count);
        /*@ slevel merge; */
        ;
    }
    inspect(LB_BATCH_MAX + 1, UINT8_MAX);
    key_files();
}
