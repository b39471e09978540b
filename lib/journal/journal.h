/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_JOURNAL_H
#define LB_JOURNAL_H

/*
 * The journal: an append-only log of 4 KiB blocks in 4 MiB segments. One
 * commit is one fresh block and one sync; a block that holds acknowledged
 * records is never written again.
 *
 *   off size  block                     (docs/JOURNAL.md has it to the byte)
 *     0  128  header: magic, format, cabinet_id, segment, block number, key
 *             index, record count, boot, powered ms, wall time and its
 *             trust, digest of the block before
 *   128 3840  up to 30 records of 128 bytes
 *  3968  128  digest of header and records, tag over the digest, CRC-32C
 *
 * The tag is keyed BLAKE2b-256 over the digest (unkeyed BLAKE2b-256 of the
 * first 3968 bytes), its key evolves with every block and the old one is
 * erased; the next block's header carries the digest, so that one
 * authenticated block vouches for all before it.
 *
 * Nothing here blocks but lb_journal_create(), lb_journal_open() and
 * lb_journal_run(); the last is what the worker calls.
 */

#include "base/crypto.h"
#include "base/record.h"
#include "base/store.h"

#include <stdbool.h>

enum lb_journal_limits {
    LB_JOURNAL_PENDING = 4, /* blocks waiting, the one being written included */
    LB_JOURNAL_KEYS = 16,   /* segments since the last whole checkpoint */
    LB_CKPT_WAITS = 2,      /* blocks that a checkpoint lets others have */
    LB_KEY_FILE_MAX = 24 + LB_JOURNAL_KEYS * 40 + 32,
    LB_DEVICE_FILE_LEN = 88,
    LB_ANCHOR_LEN = 152
};

struct lb_block_head {
    uint8_t cabinet_id[16];
    uint32_t segment;
    uint64_t number; /* from 0, over all segments */
    uint64_t key_index;
    uint32_t boot;
    uint64_t powered_ms;
    uint64_t unix_s; /* 0: not known */
    bool trusted;
    uint8_t count;
    uint8_t before[32]; /* digest of the block before; zero for block 0 */
};

/* What reading gives: the block, then each of its records. */
struct lb_journal_visitor {
    void *user;
    enum lockbus_err (*block)(void *user, const struct lb_block_head *head);
    enum lockbus_err (*record)(void *user, const struct lb_block_head *head,
                               const struct lb_record *record);
};

/* The state as records, for checkpoints: lb_gate_snapshot() behind a user
 * pointer. The journal lets it ride along in the first blocks of a segment;
 * `cap` is always LB_BATCH_MAX, and what one call gives lands in one block. */
struct lb_journal_snapshot {
    void *user;
    size_t (*next)(void *user, uint32_t *cursor, struct lb_record *out,
                   size_t cap);
};

/* The key of a segment's first block, as the key file holds it. */
struct lb_journal_key {
    uint64_t number;
    uint8_t key[32];
};

/* A block as an anchor names it. */
struct lb_journal_mark {
    uint64_t powered_ms, unix_s;
    uint32_t boot;
    bool trusted;
    uint8_t digest[32];
};

/* The key that signs anchors; `ok`: its file is there and sound. */
struct lb_device {
    bool ok;
    uint8_t seed[32], key[32];
};

/* Public for placement only; the fields are lib/journal's. */
struct lb_journal {
    struct lb_store store; /* a copy */
    struct lb_journal_snapshot snapshot;
    uint8_t cabinet_id[16];
    uint8_t key[32];    /* of the next block to be sealed */
    uint8_t before[32]; /* digest of the last that was */
    uint64_t durable;   /* number of the first block not yet durable */
    uint32_t segments;  /* number of the first segment not yet made */
    uint32_t boot;
    uint64_t powered_ms, unix_s;
    bool trusted;
    struct lb_journal_mark sealed, last; /* last: block durable - 1 */
    uint32_t ckpt_cursor;
    uint8_t ckpt_waits; /* blocks in a row that had no place for it */
    bool ckpt_running;  /* records of the checkpoint are still to come */
    bool ckpt_ending;   /* its last one is in block ckpt_end */
    uint64_t ckpt_end;
    bool keys_due; /* the key file holds a key that nothing needs */
    bool in_flight, failed;
    size_t head, used; /* ring: block `durable + i` is at head + i */
    /* of the segments since the last whole checkpoint, the newest last */
    struct lb_journal_key keys[LB_JOURNAL_KEYS];
    size_t key_count;
    uint8_t block[LB_JOURNAL_PENDING][LB_BLOCK_LEN];
};

/* What recovery found. */
struct lb_recovery {
    uint64_t blocks;      /* valid blocks in all */
    uint64_t folded_from; /* block at which the fold began */
    uint32_t last_boot;
    uint32_t first_segment; /* that is there */
    uint64_t powered_ms;    /* of the last block */
    bool torn_tail;         /* an unfinished block at the end: a power cut */
    bool damage_before;     /* damage before the last checkpoint: alarm */
    char place[32];         /* with CORRUPT: "key", "segments", "block 12" */
    char text[96];
};

/* A new journal in an empty store: makes the first segment, the root key
 * (given back once in `root_key` for the operator's escrow), the device key
 * that signs anchors, and nothing else.
 * USAGE when the store is not empty; IO. */
LOCKBUS_CHECK enum lockbus_err lb_journal_create(const struct lb_store *store,
                                                 const uint8_t cabinet_id[16],
                                                 uint8_t root_key[32]);

/* Recovers and folds: `visitor` gets every block and record since the start
 * of the newest segment whose checkpoint is whole. CORRUPT: damage after the
 * last good checkpoint, a gap, a foreign cabinet (fail closed); IO; USAGE
 * when there is no journal. */
LOCKBUS_CHECK enum lockbus_err
lb_journal_open(struct lb_journal *journal, const struct lb_store *store,
                const struct lb_journal_visitor *visitor,
                const struct lb_journal_snapshot *snapshot,
                struct lb_recovery *recovery);

/* Wipes the key. What is not durable is lost. */
void lb_journal_close(struct lb_journal *journal);

/* What the next blocks' headers say. */
void lb_journal_stamp(struct lb_journal *journal, uint32_t boot,
                      uint64_t powered_ms, uint64_t unix_s, bool trusted);

/* Puts a batch into one block, whole. *seq is that block's number: durable
 * when lb_journal_durable() is above it. BUSY: all blocks are waiting; IO
 * after a failure. At most LB_BATCH_MAX records; none at all
 * only sees to it that a block is written. */
LOCKBUS_CHECK enum lockbus_err
lb_journal_append(struct lb_journal *journal, const struct lb_record *records,
                  size_t count, uint64_t *seq);

/* Room for that many records in one block now: refusals and notes are only
 * appended while LB_JOURNAL_PENDING - 1 blocks are free. */
bool lb_journal_has_room(const struct lb_journal *journal, bool for_intent);

/* One write and sync. begin: seals the oldest waiting block, false when
 * there is nothing to write or one is in flight. run: blocks; any thread.
 * end: back on the owner's thread; an error fails the journal for good. */
struct lb_journal_job {
    const struct lb_store *store;
    uint32_t segment, offset;
    bool new_segment;
    uint8_t key_file[LB_KEY_FILE_MAX]; /* saved first, when key_len > 0 */
    size_t key_len;
    const uint8_t *block;
    bool ran; /* lb_journal_run() saw to it; err is set */
    enum lockbus_err err;
};
bool lb_journal_begin(struct lb_journal *journal, struct lb_journal_job *job);
void lb_journal_run(struct lb_journal_job *job);
void lb_journal_end(struct lb_journal *journal,
                    const struct lb_journal_job *job);

uint64_t lb_journal_durable(const struct lb_journal *journal);

/* The first segment that a start would fold: those before it are history. */
uint32_t lb_journal_needed_from(const struct lb_journal *journal);

/* The powered time of a block; false when it is not whole. */
bool lb_journal_age(const uint8_t block[LB_BLOCK_LEN], uint64_t *powered_ms);

/* ---- Anchors (anchor.c) --------------------------------------------------
 */

/* A new device key, in place of one that is lost. IO. */
LOCKBUS_CHECK enum lockbus_err lb_device_make(const struct lb_store *store,
                                              const uint8_t cabinet_id[16]);
/* OK also when there is none, or none of this form and cabinet (NULL: any):
 * `ok` says so. Wipe it. */
LOCKBUS_CHECK enum lockbus_err lb_device_load(struct lb_device *device,
                                              const struct lb_store *store,
                                              const uint8_t cabinet_id[16]);

/* Signs what the last durable block is; false when there is none, or the
 * device key is not ok. */
bool lb_anchor_make(const struct lb_journal *journal,
                    const struct lb_device *device, uint8_t out[LB_ANCHOR_LEN]);

/* What a store has of a block that somebody remembers. */
enum lb_held {
    LB_HELD = 1,
    LB_HELD_OTHER = 2,  /* another one, or a damaged one, in its place */
    LB_HELD_LATER = 3,  /* the journal ends before it */
    LB_HELD_BEFORE = 4, /* it begins after it */
    LB_HELD_UNREAD = 5  /* the store failed */
};

/* Reads a whole journal that nobody writes. With `root_key` (the escrowed
 * key of block 0) every tag is checked, without it digests, chain and CRC.
 * The visitor gets what is valid; `report` says what is not. */
struct lb_verify_report {
    uint64_t blocks, records;
    uint64_t first_bad; /* block number, UINT64_MAX: none */
    bool torn_tail;
    bool tags_checked;
    uint64_t first_block; /* that is there */
    uint64_t last_block;  /* with last_digest: what to keep as an anchor */
    uint8_t last_digest[32];
    char text[128]; /* what is wrong, a sentence; empty when nothing */
};
LOCKBUS_CHECK enum lockbus_err
lb_journal_verify(const struct lb_store *store, const uint8_t *root_key,
                  const struct lb_journal_visitor *visitor,
                  struct lb_verify_report *report);

/* Whether the journal still has a block. LATER means that its end was cut
 * off, or that it was made anew. Reads one block; may block. */
enum lb_held lb_journal_holds(const struct lb_store *store, uint64_t number,
                              const uint8_t digest[32]);

/* A record's 128 bytes. decode: false when the type is NONE or
 * the door is none that can be; bodies are the gate's to judge. */
void lb_record_encode(uint8_t out[LB_RECORD_LEN],
                      const struct lb_record *record);
bool lb_record_decode(struct lb_record *record,
                      const uint8_t bytes[LB_RECORD_LEN]);

#endif
