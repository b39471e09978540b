/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The table "What can be found, and with what" of docs/JOURNAL.md, row by
 * row: somebody changes a journal of three segments, and starting up, verify
 * without and with the escrow key, and the anchor of the day before say what
 * the page says. What cannot be found is asserted too, so that the page
 * promises nothing.
 */

#include "base/bytes.h"
#include "journal/chain.h"
#include "journal/crc32c.h"
#include "toy_gate.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    OLD = 100,                    /* a block of history */
    EDGE = 2 * 1024 - 1,          /* the last one before the fold begins */
    FOLD = 2 * LB_SEGMENT_BLOCKS, /* where a start begins */
    NEW = FOLD + 8,               /* behind the checkpoint */
    LAST = FOLD + 12,
    SMALL = 5 /* blocks of the journal whose every byte is changed */
};

enum says {
    FINE = 1,
    TORN = 2,  /* fine, but for an unfinished block at the end */
    ALARM = 3, /* starts, and says that what is before is damaged */
    BAD = 4,
    HELD = 5,
    GONE = 6
};

/* A journal and its older copies, made once and never changed. */
static struct {
    struct sim_disk disk, yesterday, last_month, stranger;
    struct toy_host host;
    uint8_t anchor[32];
    bool thorough;
    FILE *dump; /* NULL: nobody asked for one */
} base;

struct row {
    const char *name;
    void (*change)(struct sim_disk *disk);
    enum says start, plain, keyed, anchor;
    uint64_t plain_bad, keyed_bad; /* the block that verify names */
};

/* ---- What somebody can do -------------------------------------------------
 */

static void flip(struct sim_disk *disk, uint64_t number, uint32_t at)
{
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(disk, number, block);
    block[at] ^= 0x20;
    sim_disk_poke(disk, number, at, &block[at], 1);
}

static void zero(struct sim_disk *disk, uint64_t number)
{
    static const uint8_t zeros[LB_BLOCK_LEN];

    sim_disk_poke(disk, number, 0, zeros, sizeof zeros);
}

static void copy(struct sim_disk *disk, uint64_t from, uint64_t to)
{
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(disk, from, block);
    sim_disk_poke(disk, to, 0, block, sizeof block);
}

static void swap(struct sim_disk *disk, uint64_t a, uint64_t b)
{
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(disk, a, block);
    copy(disk, b, a);
    sim_disk_poke(disk, b, 0, block, sizeof block);
}

static void swap_segments(struct sim_disk *disk, uint32_t a, uint32_t b)
{
    struct sim_disk_segment kept = disk->segment[a];

    disk->segment[a] = disk->segment[b];
    disk->segment[b] = kept;
}

/* Blocks `from` to the last there is are no more; files stay as they are. */
static void cut(struct sim_disk *disk, uint64_t from)
{
    for (uint64_t n = from; n <= LAST; n++) {
        zero(disk, n);
    }
}

static void drop_last_segment(struct sim_disk *disk)
{
    cut(disk, (uint64_t)(disk->next - 1) * LB_SEGMENT_BLOCKS);
    disk->next--;
}

static struct sim_disk_file *file_of(struct sim_disk *disk, const char *name)
{
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        if (strcmp(disk->file[i].name, name) == 0) {
            return &disk->file[i];
        }
    }
    fail_msg("no file %s", name);
    return NULL;
}

static void take_file(struct sim_disk *disk, struct sim_disk *from,
                      const char *name)
{
    *file_of(disk, name) = *file_of(from, name);
}

/* Digest and check sum as anybody can redo them; the tag stays. */
static void redo_sums(struct sim_disk *disk, uint64_t number,
                      uint8_t block[LB_BLOCK_LEN])
{
    lb_crypto_hash(block + LB_BLOCK_DIGEST, block, LB_BLOCK_DIGEST);
    lb_put_u32(block + LB_BLOCK_CRC, lb_crc32c(block, LB_BLOCK_CRC));
    sim_disk_poke(disk, number, 0, block, LB_BLOCK_LEN);
}

static void alter(struct sim_disk *disk, uint64_t number, uint32_t at)
{
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(disk, number, block);
    block[at] ^= 1;
    redo_sums(disk, number, block);
}

/* The key that the key file has for the block where a start begins. */
static void steal(struct sim_disk *disk, uint8_t key[32])
{
    static struct lb_journal journal;
    struct sim_disk_file *file = file_of(disk, "key");

    assert_true(lb_keys_decode(&journal, file->bytes, file->len));
    assert_int_equal(journal.keys[0].number, FOLD);
    memcpy(key, journal.keys[0].key, 32);
}

/* Seals blocks `from` to the last anew, one after the other; `key` is the one
 * of block `key_from`, and blocks before that get a tag by a guess. */
static void rechain(struct sim_disk *disk, uint64_t from, const uint8_t *stolen,
                    uint64_t key_from)
{
    uint8_t block[LB_BLOCK_LEN], key[32] = {7}, before[32];
    struct lb_block_head head;

    if (stolen != NULL && from >= key_from) {
        memcpy(key, stolen, sizeof key);
        for (uint64_t n = key_from; n < from; n++) {
            lb_key_evolve(key);
        }
    }
    sim_disk_peek(disk, from - 1, block);
    memcpy(before, block + LB_BLOCK_DIGEST, sizeof before);
    for (uint64_t n = from; n <= LAST; n++) {
        if (stolen != NULL && n == key_from) {
            memcpy(key, stolen, sizeof key);
        }
        sim_disk_peek(disk, n, block);
        assert_int_equal(lb_block_inspect(block, &head), LB_BLOCK_WHOLE);
        memcpy(head.before, before, sizeof before);
        head.powered_ms += n == from;
        lb_block_seal(block, &head, key);
        sim_disk_poke(disk, n, 0, block, sizeof block);
        memcpy(before, block + LB_BLOCK_DIGEST, sizeof before);
        lb_key_evolve(key);
    }
}

/* ---- The rows' changes ----------------------------------------------------
 */

/* clang-format off */
static void nothing(struct sim_disk *d) { (void)d; }
static void flip_old(struct sim_disk *d) { flip(d, OLD, 200); }
static void flip_edge(struct sim_disk *d) { flip(d, EDGE, 200); }
static void flip_new(struct sim_disk *d) { flip(d, NEW, 200); }
static void flip_last(struct sim_disk *d) { flip(d, LAST, 200); }
static void swap_old(struct sim_disk *d) { swap(d, OLD, OLD + 1); }
static void swap_new(struct sim_disk *d) { swap(d, NEW, NEW + 1); }
static void double_old(struct sim_disk *d) { copy(d, OLD, OLD + 1); }
static void double_new(struct sim_disk *d) { copy(d, NEW, NEW + 1); }
static void double_last(struct sim_disk *d) { copy(d, LAST, LAST + 1); }
static void zero_old(struct sim_disk *d) { zero(d, OLD); }
static void zero_new(struct sim_disk *d) { zero(d, NEW); }
static void cut_last(struct sim_disk *d) { cut(d, LAST); }
static void cut_new(struct sim_disk *d) { cut(d, NEW); }
static void cut_checkpoint(struct sim_disk *d) { cut(d, FOLD + 1); }
static void forge_old(struct sim_disk *d) { alter(d, OLD, 130); }
static void forge_new(struct sim_disk *d) { alter(d, NEW, 130); }
static void forge_last(struct sim_disk *d) { alter(d, LAST, 130); }
static void foreign_old(struct sim_disk *d) { alter(d, OLD, 8); }
static void foreign_new(struct sim_disk *d) { alter(d, NEW, 8); }
static void guess_old(struct sim_disk *d) { rechain(d, OLD, NULL, 0); }
static void guess_new(struct sim_disk *d) { rechain(d, NEW, NULL, 0); }
static void guess_last(struct sim_disk *d) { rechain(d, LAST, NULL, 0); }
static void exchange_old(struct sim_disk *d) { swap_segments(d, 0, 1); }
static void exchange_new(struct sim_disk *d) { swap_segments(d, 1, 2); }
static void drop_key(struct sim_disk *d) { file_of(d, "key")->len = 0; }
/* clang-format on */

/* What a careless forger does: the digest stays as it was. */
static void forge_sum_alone(struct sim_disk *disk)
{
    uint8_t block[LB_BLOCK_LEN];

    sim_disk_peek(disk, OLD, block);
    block[130] ^= 1;
    lb_put_u32(block + LB_BLOCK_CRC, lb_crc32c(block, LB_BLOCK_CRC));
    sim_disk_poke(disk, OLD, 0, block, sizeof block);
}

static void take_out_old(struct sim_disk *disk)
{
    for (uint64_t n = OLD; n < LAST; n++) {
        copy(disk, n + 1, n);
    }
    zero(disk, LAST);
}

static void take_out_new(struct sim_disk *disk)
{
    for (uint64_t n = NEW; n < LAST; n++) {
        copy(disk, n + 1, n);
    }
    zero(disk, LAST);
}

static void cut_in_history(struct sim_disk *disk)
{
    for (uint64_t n = OLD; n < LB_SEGMENT_BLOCKS; n++) {
        zero(disk, n);
    }
}

static void cut_up_to_edge(struct sim_disk *disk)
{
    for (uint64_t n = FOLD - 10; n < FOLD; n++) {
        zero(disk, n);
    }
}

static void cut_to_the_second(struct sim_disk *disk)
{
    drop_last_segment(disk);
}

static void take_first_segment(struct sim_disk *disk)
{
    for (size_t i = 0; i < LB_SEGMENT_BLOCKS; i++) {
        free(disk->segment[0].seen[i]);
        free(disk->segment[0].kept[i]);
    }
    memset(&disk->segment[0], 0, sizeof disk->segment[0]);
    disk->first = 1;
}

static void add_empty_segment(struct sim_disk *disk)
{
    struct lb_store store = sim_disk_store(disk);

    assert_int_equal(store.create(store.user, disk->next), LOCKBUS_OK);
}

static void add_copied_segment(struct sim_disk *disk)
{
    add_empty_segment(disk);
    for (uint64_t n = FOLD; n <= LAST; n++) {
        copy(disk, n, n + LB_SEGMENT_BLOCKS);
    }
}

static void roll_back(struct sim_disk *disk)
{
    sim_disk_deinit(disk);
    sim_disk_init(disk);
    sim_disk_copy(disk, &base.yesterday);
}

static void roll_back_a_month(struct sim_disk *disk)
{
    sim_disk_deinit(disk);
    sim_disk_init(disk);
    sim_disk_copy(disk, &base.last_month);
}

static void old_key_file(struct sim_disk *disk)
{
    take_file(disk, &base.last_month, "key");
}

static void all_strange(struct sim_disk *disk)
{
    sim_disk_deinit(disk);
    sim_disk_init(disk);
    sim_disk_copy(disk, &base.stranger);
}

static void strange_blocks(struct sim_disk *disk)
{
    all_strange(disk);
    take_file(disk, &base.disk, "key");
}

static void strange_device(struct sim_disk *disk)
{
    take_file(disk, &base.stranger, "device");
}

static void forge_with_stolen_key(struct sim_disk *disk)
{
    uint8_t key[32];

    steal(disk, key);
    rechain(disk, NEW, key, FOLD);
}

static void forge_segment_with_stolen_key(struct sim_disk *disk)
{
    uint8_t key[32];

    steal(disk, key);
    rechain(disk, FOLD, key, FOLD);
}

static void forge_history_with_stolen_key(struct sim_disk *disk)
{
    uint8_t key[32];

    steal(disk, key);
    rechain(disk, OLD, key, FOLD);
}

/* The running cabinet's own key, out of its memory: of the next block. */
static void forge_with_current_key(struct sim_disk *disk)
{
    rechain(disk, NEW, base.host.journal.key, NEW);
}

static void go_on_with_current_key(struct sim_disk *disk)
{
    uint8_t block[LB_BLOCK_LEN];
    struct lb_block_head head;

    sim_disk_peek(disk, LAST, block);
    assert_int_equal(lb_block_inspect(block, &head), LB_BLOCK_WHOLE);
    memcpy(head.before, block + LB_BLOCK_DIGEST, sizeof head.before);
    head.number++;
    head.key_index++;
    lb_block_seal(block, &head, base.host.journal.key);
    sim_disk_poke(disk, LAST + 1, 0, block, sizeof block);
}

/* clang-format off */
static struct row rows[] = {
    {"nothing is changed", nothing, FINE, FINE, FINE, HELD, 0, 0},
    {"a byte of history", flip_old, FINE, BAD, BAD, HELD, OLD, OLD},
    {"a byte of the block before the fold", flip_edge,
     ALARM, BAD, BAD, HELD, EDGE, EDGE},
    {"a byte since the checkpoint", flip_new, BAD, BAD, BAD, HELD, NEW, NEW},
    {"a byte of the last block passes for a power cut", flip_last,
     TORN, TORN, TORN, GONE, 0, 0},
    {"swapped in history", swap_old, FINE, BAD, BAD, HELD, OLD, OLD},
    {"swapped since the checkpoint", swap_new, BAD, BAD, BAD, HELD, NEW, NEW},
    {"doubled in history", double_old, FINE, BAD, BAD, HELD, OLD + 1, OLD + 1},
    {"doubled since the checkpoint", double_new,
     BAD, BAD, BAD, HELD, NEW + 1, NEW + 1},
    {"the last one doubled", double_last,
     BAD, BAD, BAD, HELD, LAST + 1, LAST + 1},
    {"zeroed in history", zero_old, FINE, BAD, BAD, HELD, OLD, OLD},
    {"zeroed since the checkpoint", zero_new, BAD, BAD, BAD, HELD, NEW, NEW},
    {"taken out of history, the rest moved up", take_out_old,
     BAD, BAD, BAD, GONE, OLD, OLD},
    {"taken out since the checkpoint, the rest moved up", take_out_new,
     BAD, BAD, BAD, GONE, NEW, NEW},
    {"history cut within a segment", cut_in_history,
     FINE, BAD, BAD, HELD, OLD, OLD},
    {"history cut up to the fold", cut_up_to_edge,
     ALARM, BAD, BAD, HELD, FOLD - 10, FOLD - 10},
    {"the last block cut off is found by an anchor only", cut_last,
     FINE, FINE, FINE, GONE, 0, 0},
    {"the end cut off is found by an anchor only", cut_new,
     FINE, FINE, FINE, GONE, 0, 0},
    {"the end cut off into the checkpoint", cut_checkpoint,
     BAD, FINE, FINE, GONE, 0, 0},
    {"the last segment missing, which the key file names", cut_to_the_second,
     BAD, FINE, FINE, GONE, 0, 0},
    {"the first segment missing", take_first_segment,
     FINE, FINE, FINE, HELD, 0, 0},
    {"two segments of history exchanged", exchange_old,
     ALARM, BAD, BAD, HELD, 0, 0},
    {"the last segment exchanged", exchange_new,
     BAD, BAD, BAD, GONE, LB_SEGMENT_BLOCKS, LB_SEGMENT_BLOCKS},
    {"an empty segment added", add_empty_segment,
     BAD, BAD, BAD, HELD, LAST + 1, LAST + 1},
    {"a copy of the last segment added", add_copied_segment,
     BAD, BAD, BAD, HELD, LAST + 1, LAST + 1},
    {"the folder rolled back is found by an anchor only", roll_back,
     FINE, FINE, FINE, GONE, 0, 0},
    {"the folder rolled back by a segment is found by an anchor only",
     roll_back_a_month, FINE, FINE, FINE, GONE, 0, 0},
    {"an old key file costs a longer start, and changes nothing", old_key_file,
     FINE, FINE, FINE, HELD, 0, 0},
    {"the key file missing", drop_key, BAD, FINE, FINE, HELD, 0, 0},
    {"another cabinet's block in history", foreign_old,
     FINE, BAD, BAD, HELD, OLD, OLD},
    {"another cabinet's block since the checkpoint", foreign_new,
     BAD, BAD, BAD, HELD, NEW, NEW},
    {"all blocks another cabinet's", strange_blocks,
     BAD, FINE, BAD, GONE, 0, 0},
    {"the folder another cabinet's", all_strange, FINE, FINE, BAD, GONE, 0, 0},
    {"the device key another cabinet's", strange_device,
     FINE, FINE, FINE, HELD, 0, 0},
    {"altered in history, the check sum alone redone", forge_sum_alone,
     FINE, BAD, BAD, HELD, OLD, OLD},
    {"altered in history, sums redone", forge_old,
     FINE, BAD, BAD, HELD, OLD + 1, OLD},
    {"altered since the checkpoint, sums redone", forge_new,
     BAD, BAD, BAD, HELD, NEW + 1, NEW},
    {"the last one altered, sums redone", forge_last,
     BAD, FINE, BAD, GONE, 0, LAST},
    {"history rewritten without a key", guess_old,
     BAD, FINE, BAD, GONE, 0, OLD},
    {"rewritten since the checkpoint without a key", guess_new,
     BAD, FINE, BAD, GONE, 0, NEW},
    {"the last one rewritten without a key", guess_last,
     BAD, FINE, BAD, GONE, 0, LAST},
    {"rewritten by the key file is found by an anchor only",
     forge_with_stolen_key, FINE, FINE, FINE, GONE, 0, 0},
    {"all of the segment rewritten by the key file, anchor only",
     forge_segment_with_stolen_key, FINE, FINE, FINE, GONE, 0, 0},
    {"history rewritten, the rest by the key file",
     forge_history_with_stolen_key, FINE, FINE, BAD, GONE, 0, OLD},
    {"rewritten by the running cabinet's key", forge_with_current_key,
     BAD, FINE, BAD, GONE, 0, NEW},
    {"continued by the running cabinet's key is found by nobody",
     go_on_with_current_key, FINE, FINE, FINE, HELD, 0, 0},
};
/* clang-format on */

/* ---- What is said ---------------------------------------------------------
 */

static enum says start(struct sim_disk *disk)
{
    static struct toy_host host;
    struct lb_recovery recovery;
    enum lockbus_err err = toy_open(&host, disk, &recovery);

    lb_journal_close(&host.journal);
    if (err != LOCKBUS_OK) {
        assert_int_equal(err, LOCKBUS_ERR_CORRUPT);
        assert_string_not_equal(recovery.text, "");
        return BAD;
    }
    return recovery.torn_tail ? TORN : recovery.damage_before ? ALARM : FINE;
}

static enum says verify(struct sim_disk *disk, const uint8_t *key,
                        uint64_t *bad)
{
    struct lb_store store = sim_disk_store(disk);
    struct lb_verify_report report;
    enum lockbus_err err = lb_journal_verify(&store, key, NULL, &report);

    *bad = report.first_bad;
    if (err != LOCKBUS_OK) {
        assert_int_equal(err, LOCKBUS_ERR_CORRUPT);
        assert_string_not_equal(report.text, "");
        return BAD;
    }
    assert_int_equal(report.first_bad, UINT64_MAX);
    return report.torn_tail ? TORN : FINE;
}

/* ---- For the second reader ------------------------------------------------
 */

static void dump_report(FILE *out, struct sim_disk *disk, const uint8_t *key)
{
    struct lb_store store = sim_disk_store(disk);
    struct lb_verify_report r;
    enum lockbus_err err = lb_journal_verify(&store, key, NULL, &r);
    char digest[65];

    lb_hex(digest, r.last_digest, 32);
    (void)fprintf(out,
                  "%d %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %" PRIu64
                  " %" PRIu64 " %s\n",
                  err == LOCKBUS_OK, r.first_bad, r.blocks, r.records,
                  r.torn_tail, r.first_block, r.last_block, digest);
}

/* A row's blocks, as far as they are not those of the journal that nobody
 * changed (the first row has them all), and what verify says of them. */
static void dump(const struct row *row, struct sim_disk *disk)
{
    static const uint8_t zeros[LB_BLOCK_LEN];
    uint64_t bound = (uint64_t)(FOLD + 2 * LB_SEGMENT_BLOCKS), count = 0;
    uint8_t block[LB_BLOCK_LEN], was[LB_BLOCK_LEN], le[8];
    char key[65];

    for (int writing = 0; base.dump != NULL && writing < 2; writing++) {
        if (writing == 1) {
            lb_hex(key, base.host.root_key, 32);
            (void)fprintf(base.dump, "%s\t%u\t%u\t%" PRIu64 "\t%s\t\n",
                          row->name, disk->first, disk->next, count, key);
        }
        for (uint64_t n = 0; n < bound; n++) {
            memcpy(was, zeros, sizeof was);
            if (row->change != nothing) {
                sim_disk_peek(&base.disk, n, was);
            }
            sim_disk_peek(disk, n, block);
            if (memcmp(block, was, sizeof block) != 0) {
                count++;
                lb_put_u64(le, n);
                if (writing == 1) {
                    (void)fwrite(le, 1, sizeof le, base.dump);
                    (void)fwrite(block, 1, sizeof block, base.dump);
                }
            }
        }
    }
    if (base.dump != NULL) {
        dump_report(base.dump, disk, NULL);
        dump_report(base.dump, disk, base.host.root_key);
    }
}

static void each_change_is_found_where_the_page_says(void **state)
{
    const struct row *row = *state;
    struct sim_disk disk;
    uint64_t plain_bad = 0, keyed_bad = 0;

    sim_disk_init(&disk);
    sim_disk_copy(&disk, &base.disk);
    row->change(&disk);
    dump(row, &disk);
    struct lb_store store = sim_disk_store(&disk);
    enum says plain = verify(&disk, NULL, &plain_bad);
    enum says keyed = verify(&disk, base.host.root_key, &keyed_bad);
    enum lb_held held = lb_journal_holds(&store, LAST, base.anchor);
    enum says started = start(&disk);

    sim_disk_deinit(&disk);
    assert_int_equal(started, row->start);
    assert_int_equal(plain, row->plain);
    assert_int_equal(keyed, row->keyed);
    assert_int_equal(held == LB_HELD ? HELD : GONE, row->anchor);
    if (row->plain == BAD) {
        assert_int_equal(plain_bad, row->plain_bad);
    }
    if (row->keyed == BAD) {
        assert_int_equal(keyed_bad, row->keyed_bad);
    }
}

/* ---- Every byte -----------------------------------------------------------
 */

/* Whether this byte is changed in the short run: all of header, first record
 * and tail, and of the rest, which is as the record is, each 61st. */
static bool chosen(uint64_t number, uint32_t at)
{
    bool cheap = number + 1 < SMALL;

    return base.thorough || (cheap && at % 3 == 0) || at % 61 == 0 ||
           (number != SMALL && (at < 160 || at >= LB_BLOCK_DIGEST) &&
            (cheap || at % 8 == 0));
}

static void every_byte_of_every_block_is_found(void **state)
{
    static struct toy_host host;
    struct sim_disk disk;
    uint64_t bad = 0;
    uint8_t key[32];

    (void)state;
    sim_disk_init(&disk);
    assert_int_equal(toy_make(&host, &disk), LOCKBUS_OK);
    assert_true(toy_commit_until(&host, SMALL));
    memcpy(key, host.root_key, sizeof key);
    lb_journal_close(&host.journal);
    for (uint64_t n = 0; n <= SMALL; n++) {
        /* The last block, and what is behind it, may be a power cut's. */
        enum says want = n + 1 < SMALL ? BAD : TORN;

        for (uint32_t at = 0; at < LB_BLOCK_LEN; at++) {
            if (!chosen(n, at)) {
                continue;
            }
            flip(&disk, n, at);
            enum says plain = verify(&disk, NULL, &bad);
            uint64_t plain_bad = bad;
            enum says keyed = verify(&disk, key, &bad);
            enum says started = start(&disk);

            flip(&disk, n, at);
            if (plain != want || keyed != want || started != want ||
                (want == BAD && (bad != n || plain_bad != n))) {
                fail_msg("block %u, byte %u: %d %d %d, block %u", (unsigned)n,
                         at, plain, keyed, started, (unsigned)bad);
            }
        }
    }
    sim_disk_deinit(&disk);
}

static void every_block_of_a_segment_is_found(void **state)
{
    struct sim_disk disk;
    uint64_t bad = 0;

    (void)state;
    sim_disk_init(&disk);
    sim_disk_copy(&disk, &base.disk);
    for (uint64_t n = 0; n < LAST; n += base.thorough ? 1 : 97) {
        flip(&disk, n, (uint32_t)(n * 2654435761u % LB_BLOCK_END));
        assert_int_equal(verify(&disk, base.host.root_key, &bad), BAD);
        assert_int_equal(bad, n);
        assert_int_equal(start(&disk), n >= FOLD ? BAD : FINE);
        flip(&disk, n, (uint32_t)(n * 2654435761u % LB_BLOCK_END));
    }
    sim_disk_deinit(&disk);
}

/* A start finds a cut that goes into its checkpoint; behind that none is
 * found by anything but the anchor. */
static void every_cut_at_a_blocks_edge_is_as_the_page_says(void **state)
{
    struct sim_disk disk;
    uint64_t bad = 0;
    bool was_fine = true;

    (void)state;
    sim_disk_init(&disk);
    sim_disk_copy(&disk, &base.disk);
    struct lb_store store = sim_disk_store(&disk);

    for (uint64_t n = LAST; n > FOLD; n--) {
        cut(&disk, n);
        enum says started = start(&disk);

        assert_int_equal(verify(&disk, base.host.root_key, &bad), FINE);
        assert_int_equal(lb_journal_holds(&store, LAST, base.anchor),
                         LB_HELD_LATER);
        assert_true(started == BAD || (started == FINE && was_fine));
        assert_true(n < NEW || started == FINE);
        was_fine = started == FINE;
    }
    assert_false(was_fine);
    sim_disk_deinit(&disk);
}

static void every_byte_and_length_of_the_key_file_is_found(void **state)
{
    struct sim_disk disk;

    (void)state;
    sim_disk_init(&disk);
    sim_disk_copy(&disk, &base.disk);
    struct sim_disk_file *file = file_of(&disk, "key");

    for (size_t at = 0; at < file->len; at++) {
        file->bytes[at] ^= 0x10;
        assert_int_equal(start(&disk), BAD);
        file->bytes[at] ^= 0x10;
    }
    size_t len = file->len;

    for (file->len = 0; file->len <= len + 1; file->len++) {
        assert_int_equal(start(&disk), file->len == len ? FINE : BAD);
    }
    sim_disk_deinit(&disk);
}

/* ---- The journal ----------------------------------------------------------
 */

static void make(struct toy_host *host, struct sim_disk *disk,
                 const uint8_t cabinet_id[16])
{
    struct lb_recovery recovery;

    sim_disk_init(disk);
    struct lb_store store = sim_disk_store(disk);

    assert_int_equal(lb_journal_create(&store, cabinet_id, host->root_key),
                     LOCKBUS_OK);
    assert_int_equal(toy_open(host, disk, &recovery), LOCKBUS_OK);
}

static int make_all(void **state)
{
    static struct toy_host other;
    static const uint8_t other_id[16] = {0xca, 0xb2};
    uint8_t block[LB_BLOCK_LEN];

    (void)state;
    base.thorough = getenv("LOCKBUS_TAMPER_ALL") != NULL;
    const char *path = getenv("LOCKBUS_TAMPER_DUMP");

    base.dump = path != NULL ? fopen(path, "wb") : NULL;
    make(&base.host, &base.disk, toy_cabinet);
    assert_true(toy_commit_until(&base.host, FOLD - 500));
    sim_disk_init(&base.last_month);
    sim_disk_copy(&base.last_month, &base.disk);
    assert_true(toy_commit_until(&base.host, NEW + 1));
    sim_disk_init(&base.yesterday);
    sim_disk_copy(&base.yesterday, &base.disk);
    assert_true(toy_commit_until(&base.host, LAST + 1));
    assert_int_equal(lb_journal_durable(&base.host.journal), LAST + 1);
    sim_disk_peek(&base.disk, LAST, block);
    memcpy(base.anchor, block + LB_BLOCK_DIGEST, sizeof base.anchor);
    make(&other, &base.stranger, other_id);
    assert_true(toy_commit_until(&other, LAST + 1));
    lb_journal_close(&other.journal);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    if (base.dump != NULL) {
        assert_int_equal(fclose(base.dump), 0);
    }
    lb_journal_close(&base.host.journal);
    sim_disk_deinit(&base.disk);
    sim_disk_deinit(&base.yesterday);
    sim_disk_deinit(&base.last_month);
    sim_disk_deinit(&base.stranger);
    return 0;
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    static struct CMUnitTest tests[ROWS + 4] = {
        {"every byte of every block", every_byte_of_every_block_is_found, NULL,
         NULL, NULL},
        {"every block of a segment", every_block_of_a_segment_is_found, NULL,
         NULL, NULL},
        {"every cut at a block's edge",
         every_cut_at_a_blocks_edge_is_as_the_page_says, NULL, NULL, NULL},
        {"every byte and length of the key file",
         every_byte_and_length_of_the_key_file_is_found, NULL, NULL, NULL},
    };

    for (size_t i = 0; i < ROWS; i++) {
        tests[4 + i] = (struct CMUnitTest){
            .name = rows[i].name,
            .test_func = each_change_is_found_where_the_page_says,
            .initial_state = &rows[i],
        };
    }
    lb_crypto_init();
    if (getenv("LOCKBUS_TAMPER_DUMP") != NULL) { /* the rows alone */
        return _cmocka_run_group_tests("rows", tests + 4, ROWS, make_all,
                                       free_all);
    }
    return cmocka_run_group_tests_name("journal tampered with", tests, make_all,
                                       free_all);
}
