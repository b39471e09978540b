/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef POWER_H
#define POWER_H

/*
 * The power is cut at every byte of everything that a cabinet writes.
 *
 * A chapter is a story of a whole cabinet (the real library on the rig's
 * virtual clock, chapters.c). While it is played, tape.c writes down each
 * operation of its disk, with what the world outside knew at that moment
 * (struct witness). At each operation a second cabinet is started on what a
 * cut there would leave, and what it writes becomes a tape of its own.
 *
 * explore.c then makes the disks that cuts leave: of the story's tape, and of
 * the second cabinet's on top of that. Each is given to the library's own
 * recovery, and what comes of it is held against model.c, which reads the
 * records by itself and is told of no field of the gate's.
 *
 * memo.c remembers what sums and signatures come out as, by their whole
 * input, so that a million recoveries take seconds.
 */

#include "cabinet/cabinet.h"
#include "rig.h"

enum {
    POWER_DOORS = RIG_DOORS,
    POWER_BLOCKS = 3 * LB_SEGMENT_BLOCKS,
    POWER_OPS = 512,        /* of a story's tape, */
    POWER_RESTART_OPS = 96, /* and of a restart's */
    POWER_SHOWN = 16,       /* things presented in a story */
    POWER_TRIES = 16
};

/* ---- Disks -------------------------------------------------------------- */

struct small_file {
    size_t len;
    uint8_t bytes[LB_KEY_FILE_MAX];
};

/* What the library calls them is in image.c. */
enum { FILE_KEY, FILE_DEVICE, FILE_RECEIPT, FILES };

/* What lies on a disk: `count` blocks, then the one of a write that was cut
 * short, then zeros. */
struct image {
    const uint8_t *const *block;
    uint64_t count;
    const uint8_t *torn; /* NULL: nothing of it */
    uint32_t segments;
    const struct small_file *file[FILES]; /* NULL: none */
};

/* A block that somebody wrote, and what memo.c knows of it. All that `block`
 * of an image points to are the bytes of one. */
struct kept {
    struct kept *next;
    uint8_t bytes[LB_BLOCK_LEN];
    bool summed, digested;
    uint32_t sum;
    uint8_t digest[LB_HASH_LEN];
};

/* Reads only; a sync does nothing. Of the buffer that the last read filled:
 * whether these bytes are its zeros; which block these came from, or NULL. */
struct lb_store image_store(struct image *image);
bool image_is_zero(const uint8_t *bytes, size_t len);
struct kept *image_source(const uint8_t *bytes);
void image_forget(void);
/* FILES: none has this name. */
size_t image_file(const char *name);

/* ---- What is known outside ---------------------------------------------- */

/* `may`: asked for so far. `must`: promised; a permit or a derivation went
 * out that rests on it, or the host was told. */
struct bounds {
    uint16_t may, must;
};

struct witness {
    struct bounds intents[POWER_DOORS], tries, orders, manifests, seals;
    struct bounds commissions;
    uint16_t pulses[POWER_DOORS];
    uint16_t shown; /* how many things were presented */
};

/* A thing that was presented, to be presented again. */
struct shown {
    enum lb_ask_kind kind;
    size_t len, proof_len;
    uint8_t bytes[LB_GRANT_LEN], proof[LB_PROOF_LEN];
};

/* ---- The model ---------------------------------------------------------- */

struct model_door {
    uint64_t stay, stay_ms, return_due_ms;
    uint8_t custody, courier_uses, release_uses;
    uint8_t courier_spent, release_spent, seals;
    bool blocked, frozen, seen_open, maybe_open;
    uint8_t keys[96], issuer[8], seal[2][LB_SEAL_LEN];
    uint32_t ref, boot;
    uint8_t open, outcome; /* of `ref` */
    bool live, back;       /* no result yet; its use came back */
    uint64_t try_ms[POWER_TRIES];
    uint16_t tries, intents;
};

struct model {
    struct model_door door[POWER_DOORS];
    uint32_t boot, last_ref;
    uint64_t powered_ms, order_no;
    uint16_t tries, orders, manifests, seals, commissions;
    uint64_t hourly_ms[POWER_TRIES];
    uint16_t hourly;
    uint8_t manifest[LB_MANIFEST_MAX];
    uint32_t manifest_len, manifest_no, epoch;
    struct {
        uint32_t level, cap, per_hour;
        uint64_t at_ms;
    } bucket[LB_BUCKETS];
};

void model_init(struct model *model);
void model_block(struct model *model, const uint8_t *block);

/* NULL, or what of the gate is not as the model says. */
const char *model_differs(const struct model *model,
                          const struct lb_gate *gate);
/* The same after a start has written what it writes before it does anything:
 * nothing won back, contents protected. */
const char *model_differs_started(const struct model *model,
                                  const struct lb_gate *gate);
/* NULL, or what the disk lacks that was promised, or has unasked. */
const char *model_breaks(const struct model *model,
                         const struct witness *witness);

/* ---- Tapes -------------------------------------------------------------- */

enum op_kind { OP_SAVE, OP_CREATE, OP_WRITE, OP_SYNC, OP_END };

/* What a cut at an operation may leave, as far as the library can tell. */
enum outcome {
    LEFT_NOTHING, /* as if the operation had not begun */
    LEFT_TORN,    /* a part of the block */
    LEFT_WHOLE,   /* of a write: all of it, never synced */
    OUTCOMES
};

struct tape;

struct op {
    enum op_kind kind;
    struct image before;
    uint64_t number; /* WRITE: the block; CREATE: the segment */
    const uint8_t *bytes;
    struct witness seen;
    struct tape *restart[OUTCOMES]; /* NULL: none was recorded */
};

struct tape {
    struct op *op;
    size_t ops, room;
    const uint8_t **block; /* POWER_BLOCKS */
    struct kept *kept;     /* its own blocks */
    struct image now;      /* what is durable */
    bool dirty;            /* block `dirty_no` was written and not synced */
    uint64_t dirty_no;
    const uint8_t *dirty_bytes;
    bool taking; /* operations are taken down */
    bool deep;   /* and a restart is tried at each: the story's */
    /* explore.c's: the model of `first` blocks, and of more */
    struct model *model;
    uint64_t first, models;
};

/* The story being told. */
struct telling {
    struct rig *rig;
    struct tape *tape; /* which the next lb_dir_open() gives */
    struct witness seen;
    struct shown shown[POWER_SHOWN];
    bool restarting; /* nothing may open */
    unsigned restarts;
    uint64_t random;
};

extern struct telling telling;

struct tape *tape_new(size_t room);
void tape_free(struct tape **tape);

/* From here on operations are taken down, until tape_ends(). */
void tape_begins(struct tape *tape);
void tape_ends(struct tape *tape);

/* ---- Chapters ----------------------------------------------------------- */

struct chapter {
    const char *name;
    void (*before)(void); /* what went before */
    void (*play)(void);   /* cut anywhere in this */
    unsigned weight;      /* of all sampled pairs, in so many parts */
    unsigned slow;        /* of sampled single cuts, one in so many */
    unsigned at_least;    /* operations: a story that shrank is no test */
};

extern const struct chapter chapters[];
extern const size_t chapter_count;

/* ---- Exploring ---------------------------------------------------------- */

struct plan {
    uint64_t pairs; /* about so many, spread evenly; 0: all of everything */
    uint64_t step;  /* of the images of single cuts, one in so many */
    uint64_t seed;
};

/* Cuts as they are made; images, which several of them may leave, as they are
 * recovered; controls: without memo.c. */
struct tally {
    uint64_t ops, restarts, cuts, cut_images, pairs, pair_images, controls;
};

void explore(const struct chapter *chapter, const struct plan *plan,
             struct tally *tally);

#endif
