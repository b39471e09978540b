/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "journal/chain.h"

#include "base/bytes.h"
#include "journal/crc32c.h"

#include <string.h>

enum {
    HEAD_MAGIC = 0,
    HEAD_FORMAT = 4,
    HEAD_TRUSTED = 7,
    HEAD_CABINET = 8,
    HEAD_NUMBER = 24,
    HEAD_SEGMENT = 32,
    HEAD_BOOT = 36,
    HEAD_KEY_INDEX = 40,
    HEAD_POWERED = 48,
    HEAD_UNIX = 56,
    HEAD_BEFORE = 64,
    HEAD_ZERO = 96,
    FORMAT = 1
};

/* The key file: magic, format, count, cabinet, then {number, key}, digest. */
enum {
    KEYS_FORMAT = HEAD_FORMAT,
    KEYS_COUNT = 6,
    KEYS_CABINET = 8,
    KEYS_FIRST = 24,
    KEYS_EACH = 40
};

_Static_assert(LB_BLOCK_RECORDS + LB_BATCH_MAX * LB_RECORD_LEN ==
                   LB_BLOCK_DIGEST,
               "records fill the block up to its tail");
_Static_assert((int)LB_KEY_FILE_MAX ==
                       KEYS_FIRST + LB_JOURNAL_KEYS * KEYS_EACH + LB_HASH_LEN &&
                   (int)LB_KEY_FILE_MAX <= LB_STORE_FILE_MAX,
               "all keys fit into the key file");

static const uint8_t block_magic[4] = {'L', 'B', 'J', '1'};
static const uint8_t keys_magic[4] = {'L', 'B', 'K', '1'};

/* By words: a start looks so at all of a segment that was not yet written. */
bool lb_block_is_zero(const uint8_t *bytes, size_t len)
{
    uint64_t word[8];
    size_t at = 0;

    for (; len - at >= sizeof word; at += sizeof word) {
        memcpy(word, bytes + at, sizeof word);
        if ((word[0] | word[1] | word[2] | word[3] | word[4] | word[5] |
             word[6] | word[7]) != 0) {
            return false;
        }
    }
    for (; at < len; at++) {
        if (bytes[at] != 0) {
            return false;
        }
    }
    return true;
}

static void head_encode(uint8_t out[LB_BLOCK_RECORDS],
                        const struct lb_block_head *head)
{
    memset(out, 0, LB_BLOCK_RECORDS);
    memcpy(out + HEAD_MAGIC, block_magic, sizeof block_magic);
    lb_put_u16(out + HEAD_FORMAT, FORMAT);
    out[LB_BLOCK_COUNT] = head->count;
    out[HEAD_TRUSTED] = head->trusted ? 1 : 0;
    memcpy(out + HEAD_CABINET, head->cabinet_id, sizeof head->cabinet_id);
    lb_put_u64(out + HEAD_NUMBER, head->number);
    lb_put_u32(out + HEAD_SEGMENT, head->segment);
    lb_put_u32(out + HEAD_BOOT, head->boot);
    lb_put_u64(out + HEAD_KEY_INDEX, head->key_index);
    lb_put_u64(out + HEAD_POWERED, head->powered_ms);
    lb_put_u64(out + HEAD_UNIX, head->unix_s);
    memcpy(out + HEAD_BEFORE, head->before, sizeof head->before);
}

static bool head_decode(struct lb_block_head *head, const uint8_t *in)
{
    if (!lb_same(in + HEAD_MAGIC, block_magic, sizeof block_magic) ||
        lb_get_u16(in + HEAD_FORMAT) != FORMAT ||
        in[LB_BLOCK_COUNT] > LB_BATCH_MAX || in[HEAD_TRUSTED] > 1 ||
        !lb_block_is_zero(in + HEAD_ZERO, LB_BLOCK_RECORDS - HEAD_ZERO)) {
        return false;
    }
    head->count = in[LB_BLOCK_COUNT];
    head->trusted = in[HEAD_TRUSTED] == 1;
    memcpy(head->cabinet_id, in + HEAD_CABINET, sizeof head->cabinet_id);
    head->number = lb_get_u64(in + HEAD_NUMBER);
    head->segment = lb_get_u32(in + HEAD_SEGMENT);
    head->boot = lb_get_u32(in + HEAD_BOOT);
    head->key_index = lb_get_u64(in + HEAD_KEY_INDEX);
    head->powered_ms = lb_get_u64(in + HEAD_POWERED);
    head->unix_s = lb_get_u64(in + HEAD_UNIX);
    memcpy(head->before, in + HEAD_BEFORE, sizeof head->before);
    return true;
}

enum lb_block_state lb_block_inspect(const uint8_t block[LB_BLOCK_LEN],
                                     struct lb_block_head *head)
{
    uint8_t digest[LB_HASH_LEN];

    if (lb_block_is_zero(block, LB_BLOCK_LEN)) {
        return LB_BLOCK_EMPTY;
    }
    if (lb_get_u32(block + LB_BLOCK_CRC) != lb_crc32c(block, LB_BLOCK_CRC)) {
        return LB_BLOCK_TORN;
    }
    /* The sum is there before these are, and a cut may leave anything. */
    if (!lb_block_is_zero(block + LB_BLOCK_END, LB_BLOCK_LEN - LB_BLOCK_END)) {
        return LB_BLOCK_TORN;
    }
    lb_crypto_hash(digest, block, LB_BLOCK_DIGEST);
    if (!lb_same(digest, block + LB_BLOCK_DIGEST, sizeof digest) ||
        !head_decode(head, block)) {
        return LB_BLOCK_WRONG;
    }
    size_t used = LB_BLOCK_RECORDS + (size_t)head->count * LB_RECORD_LEN;

    return lb_block_is_zero(block + used, LB_BLOCK_DIGEST - used)
               ? LB_BLOCK_WHOLE
               : LB_BLOCK_WRONG;
}

unsigned lb_block_format(const uint8_t *bytes)
{
    return lb_same(bytes, block_magic, sizeof block_magic) ||
                   lb_same(bytes, keys_magic, sizeof keys_magic)
               ? lb_get_u16(bytes + HEAD_FORMAT)
               : 0;
}

void lb_block_seal(uint8_t block[LB_BLOCK_LEN],
                   const struct lb_block_head *head,
                   const uint8_t key[LB_HASH_LEN])
{
    head_encode(block, head);
    memset(block + LB_BLOCK_DIGEST, 0, LB_BLOCK_LEN - LB_BLOCK_DIGEST);
    lb_crypto_hash(block + LB_BLOCK_DIGEST, block, LB_BLOCK_DIGEST);
    lb_crypto_mac(block + LB_BLOCK_TAG, block + LB_BLOCK_DIGEST, LB_HASH_LEN,
                  key);
    lb_put_u32(block + LB_BLOCK_CRC, lb_crc32c(block, LB_BLOCK_CRC));
}

bool lb_block_tag_ok(const uint8_t block[LB_BLOCK_LEN],
                     const uint8_t key[LB_HASH_LEN])
{
    uint8_t tag[LB_HASH_LEN];

    lb_crypto_mac(tag, block + LB_BLOCK_DIGEST, LB_HASH_LEN, key);
    bool same = lb_crypto_same(tag, block + LB_BLOCK_TAG, sizeof tag);

    lb_crypto_wipe(tag, sizeof tag); /* the right tag of a forged block */
    return same;
}

void lb_key_evolve(uint8_t key[LB_HASH_LEN])
{
    static const char label[] = "lockbus/journal/next";
    uint8_t next[LB_HASH_LEN];

    lb_crypto_mac(next, (const uint8_t *)label, sizeof label, key);
    memcpy(key, next, sizeof next);
    lb_crypto_wipe(next, sizeof next);
}

size_t lb_keys_encode(uint8_t out[LB_KEY_FILE_MAX],
                      const struct lb_journal *journal)
{
    uint8_t *at = out + KEYS_FIRST;

    memset(out, 0, LB_KEY_FILE_MAX);
    memcpy(out, keys_magic, sizeof keys_magic);
    lb_put_u16(out + KEYS_FORMAT, FORMAT);
    lb_put_u16(out + KEYS_COUNT, (uint16_t)journal->key_count);
    memcpy(out + KEYS_CABINET, journal->cabinet_id, sizeof journal->cabinet_id);
    for (size_t i = 0; i < journal->key_count; i++, at += KEYS_EACH) {
        lb_put_u64(at, journal->keys[i].number);
        memcpy(at + 8, journal->keys[i].key, LB_HASH_LEN);
    }
    lb_crypto_hash(at, out, (size_t)(at - out));
    return (size_t)(at - out) + LB_HASH_LEN;
}

bool lb_keys_decode(struct lb_journal *journal, const uint8_t *bytes,
                    size_t len)
{
    uint8_t digest[LB_HASH_LEN];
    const uint8_t *at = bytes + KEYS_FIRST;

    if (len < KEYS_FIRST + KEYS_EACH + LB_HASH_LEN ||
        !lb_same(bytes, keys_magic, sizeof keys_magic) ||
        lb_get_u16(bytes + KEYS_FORMAT) != FORMAT) {
        return false;
    }
    size_t count = lb_get_u16(bytes + KEYS_COUNT);

    if (count > LB_JOURNAL_KEYS ||
        len != KEYS_FIRST + count * KEYS_EACH + LB_HASH_LEN) {
        return false;
    }
    lb_crypto_hash(digest, bytes, len - LB_HASH_LEN);
    if (!lb_same(digest, bytes + len - LB_HASH_LEN, sizeof digest)) {
        return false;
    }
    for (size_t i = 0; i < count; i++, at += KEYS_EACH) {
        journal->keys[i].number = lb_get_u64(at);
        memcpy(journal->keys[i].key, at + 8, LB_HASH_LEN);
        /* Keys are of segments' first blocks, one a segment, in order. */
        if (journal->keys[i].number % LB_SEGMENT_BLOCKS != 0 ||
            (i > 0 && journal->keys[i].number !=
                          journal->keys[i - 1].number + LB_SEGMENT_BLOCKS)) {
            return false;
        }
    }
    journal->key_count = count;
    memcpy(journal->cabinet_id, bytes + KEYS_CABINET,
           sizeof journal->cabinet_id);
    return true;
}
