/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Journal blocks and key files. Mode, bytes. Bit 0 of the mode: a key file;
 * bit 1: digest, tag and check sum are made to fit what is there.
 */

#include "scene.h"

#include "base/bytes.h"
#include "journal/chain.h"
#include "journal/crc32c.h"
#include "journal/walk.h"

#include <string.h>

enum { KEY_FILE = 1, SEALED = 2 };

static const uint8_t key[LB_HASH_LEN] = {'k', 'e', 'y'};
static uint8_t block[LB_BLOCK_LEN];

static void seal_as_it_is(void)
{
    lb_crypto_hash(block + LB_BLOCK_DIGEST, block, LB_BLOCK_DIGEST);
    lb_crypto_mac(block + LB_BLOCK_TAG, block + LB_BLOCK_DIGEST, LB_HASH_LEN,
                  key);
    memset(block + LB_BLOCK_END, 0, sizeof block - LB_BLOCK_END);
    lb_put_u32(block + LB_BLOCK_CRC, lb_crc32c(block, LB_BLOCK_CRC));
}

/* But for a manifest's parts that are not yet in force. */
static bool same_gate(const struct lb_gate *a, const struct lb_gate *b)
{
    struct lb_gate x = *a, y = *b;

    memset(x.staging, 0, sizeof x.staging);
    memset(y.staging, 0, sizeof y.staging);
    x.staged = y.staged = 0;
    return memcmp(&x, &y, sizeof x) == 0;
}

/* A record's bytes are one record's, and the fold refuses it whole. */
static void fold(struct gate_journal *j, const struct lb_record *record)
{
    static struct gate_journal before;

    before.gate = j->gate;
    memcpy(before.doors, j->doors, sizeof before.doors);
    memcpy(before.row_next, j->row_next, sizeof before.row_next);
    if (!lb_gate_apply(&j->gate, record)) {
        must(same_gate(&before.gate, &j->gate) &&
                 memcmp(before.doors, j->doors, sizeof before.doors) == 0 &&
                 memcmp(before.row_next, j->row_next, sizeof before.row_next) ==
                     0,
             "a record that is refused changes nothing");
    }
    must(j->gate.door_count <= j->gate.door_cap &&
             j->gate.manifest.key_count <= LB_MANIFEST_KEYS &&
             j->gate.staged < LB_MANIFEST_MAX,
         "the fold stays within its bounds");
}

static enum lockbus_err take(void *user, const struct lb_block_head *head,
                             const struct lb_record *record)
{
    uint8_t again[LB_RECORD_LEN];
    unsigned *at = user;

    lb_record_encode(again, record);
    must(*at < head->count &&
             memcmp(block + LB_BLOCK_RECORDS + *at * LB_RECORD_LEN, again,
                    sizeof again) == 0,
         "a record is written as it was read");
    (*at)++;
    fold(scene_now(), record);
    return LOCKBUS_OK;
}

static void inspect(bool sealed)
{
    static uint8_t again[LB_BLOCK_LEN];
    struct lb_walk walk = {.block = block};
    unsigned seen = 0;
    const struct lb_journal_visitor visitor = {&seen, NULL, take};

    if (lb_block_inspect(block, &walk.head) != LB_BLOCK_WHOLE) {
        return;
    }
    accepted();
    must(walk.head.count <= LB_BATCH_MAX, "a block has room for its records");
    must(lb_block_tag_ok(block, key) == sealed, "no tag without the key");
    memcpy(again, block, sizeof again);
    lb_block_seal(again, &walk.head, key);
    must(memcmp(again, block, sealed ? sizeof again : LB_BLOCK_TAG) == 0,
         "a block is written as it was read");
    bool whole = lb_walk_visit(&walk, &visitor) == LOCKBUS_OK;

    must(!whole || seen == walk.head.count, "each record is visited");
}

static void read_keys(const uint8_t *bytes, size_t len, bool sealed)
{
    static struct lb_journal journal;
    uint8_t file[LB_KEY_FILE_MAX], again[LB_KEY_FILE_MAX];

    len = len < sizeof file ? len : sizeof file;
    memcpy(file, bytes, len);
    if (sealed && len > LB_HASH_LEN) {
        lb_crypto_hash(file + len - LB_HASH_LEN, file, len - LB_HASH_LEN);
    }
    memset(&journal, 0, sizeof journal);
    if (lb_keys_decode(&journal, file, len)) {
        must(journal.key_count >= 1 && journal.key_count <= LB_JOURNAL_KEYS &&
                 lb_keys_encode(again, &journal) == len &&
                 memcmp(again, file, len) == 0,
             "a key file is written as it was read");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    bool sealed = (data[0] & SEALED) != 0;

    (void)scene();
    if ((data[0] & KEY_FILE) != 0) {
        read_keys(data + 1, size - 1, sealed);
        return 0;
    }
    memset(block, 0, sizeof block);
    memcpy(block, data + 1, size - 1 < sizeof block ? size - 1 : sizeof block);
    if (sealed) {
        seal_as_it_is();
    }
    inspect(sealed);
    return 0;
}
