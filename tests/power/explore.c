/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Every disk that a cut can leave, and what a start makes of it.
 *
 * A write of one block can be cut at each of its bytes, and leave
 *   PREFIX   the bytes before the cut
 *   SUFFIX   the bytes behind it: a disk may begin at the other end
 *   SECTORS  any of its eight sectors and not the others: reordered, dropped
 *   NOISE    the bytes before it, and noise to the end of the sector
 * over what lay there before. Two cuts can leave the same bytes; cuts are
 * counted as they are made, images as they are recovered. Of a pair of cuts
 * the second falls into what the start after the first writes, over what the
 * first left.
 *
 * That all torn images of an operation are one to the library is not assumed:
 * within an operation two images that hold the same number of blocks must be
 * recovered to the same state, byte for byte (keep()).
 */

#include "base/bytes.h"
#include "gate/limits.h"
#include "journal/chain.h"
#include "memo.h"
#include "power.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOVED_US = 150000, /* people shut a door so soon */
    SECTOR = 512,
    SECTORS_OF_BLOCK = LB_BLOCK_LEN / SECTOR,
    CONTROL = 4096, /* one recovery in so many is done without memory */
    REPLAYED = 4,
    NOISE_STEP = 64 /* of pairs; in a block's tail every byte */
};

enum mode { PREFIX, SUFFIX, SECTORS, NOISE, MODES };

static const unsigned cuts_of[MODES] = {LB_BLOCK_LEN + 1, LB_BLOCK_LEN + 1,
                                        1 << SECTORS_OF_BLOCK, LB_BLOCK_LEN};
enum { CUTS = 2 * (LB_BLOCK_LEN + 1) + (1 << SECTORS_OF_BLOCK) + LB_BLOCK_LEN };

struct cut {
    enum mode mode;
    unsigned at;
};

/* Where the power was cut, for whoever reads of a failure. */
struct place {
    size_t outer, inner; /* operations of the story and of the start */
    enum op_kind kind, inner_kind;
    bool nested;
    enum outcome left;
    struct cut one, two;
};

/* What was recovered from some image of an operation. */
struct state {
    bool set;
    uint64_t blocks, folded_from;
    struct lb_gate gate;
    struct lb_gate_door door[POWER_DOORS];
    struct lb_journal journal;
};

struct explorer {
    const struct chapter *chapter;
    const struct plan *plan;
    struct tally *tally;
    struct tape *story;
    struct lockbus_cabinet *cab;
    /* the operation that is cut, and the state by what it left */
    const struct tape *tape;
    const struct op *op;
    struct state state[2];
    struct image image; /* the one that is recovered */
    uint64_t recovered, turn;
    struct place where;
};

static const char *const op_names[] = {"save", "create", "write", "sync",
                                       "end"};
static const char *const mode_names[] = {"prefix", "suffix", "sectors",
                                         "noise"};
static const char *const left_names[] = {"not begun", "torn", "whole"};

/* ---- One image ---------------------------------------------------------- */

static void bad(const struct explorer *x, const char *what)
{
    const struct place *p = &x->where;

    if (p->nested) {
        fail_msg("%s: cut at operation %zu (%s, %s: %s %u), then at the "
                 "start's %zu (%s: %s %u): %s",
                 x->chapter->name, p->outer, op_names[p->kind],
                 left_names[p->left], mode_names[p->one.mode], p->one.at,
                 p->inner, op_names[p->inner_kind], mode_names[p->two.mode],
                 p->two.at, what);
    }
    fail_msg("%s: cut at operation %zu (%s: %s %u): %s", x->chapter->name,
             p->outer, op_names[p->kind], mode_names[p->one.mode], p->one.at,
             what);
}

static const struct model *model_at(const struct tape *tape, uint64_t blocks)
{
    return blocks >= tape->first && blocks - tape->first < tape->models
               ? &tape->model[blocks - tape->first]
               : NULL;
}

static void nothing_is_given_away(struct explorer *x)
{
    struct lb_gate *gate = &x->cab->gate;
    struct lb_permit permit;
    struct lb_verdict verdict;
    unsigned shown = x->op->seen.shown;

    for (uint16_t i = 0; i < POWER_DOORS; i++) {
        lb_gate_live(gate, i, true, true, false);
        if (lb_gate_permit(gate, gate->doors[i].intent_ref, &permit)) {
            bad(x, "a permit lived on");
        }
    }
    for (unsigned i = shown > REPLAYED ? shown - REPLAYED : 0; i < shown; i++) {
        const struct shown *s = &telling.shown[i];
        struct lb_ask ask = {.kind = s->kind,
                             .bytes = s->bytes,
                             .len = s->len,
                             .proof = s->proof,
                             .proof_len = s->proof_len};

        lb_gate_decide(gate, &ask, &verdict);
        if (verdict.kind != LB_VERDICT_REFUSED) {
            bad(x, "what was presented before opens again");
        }
    }
}

/* What a start writes before it does anything else. */
static void start(struct explorer *x)
{
    struct lb_gate *gate = &x->cab->gate;
    struct lb_record out[LB_BATCH_MAX];
    unsigned rounds = 0;
    size_t count;

    lb_gate_clock(gate, gate->powered_ms);
    while ((count = lb_gate_tick(gate, out, LB_BATCH_MAX)) != 0) {
        for (size_t i = 0; i < count; i++) {
            if (!lb_gate_apply(gate, &out[i])) {
                bad(x, "the gate refused its own record");
            }
        }
        if (++rounds > 100) {
            bad(x, "a start never ends");
        }
    }
}

static void journal_goes_on(const struct explorer *x)
{
    const struct lb_journal *j = x->cab->journal;
    uint64_t blocks = j->durable;
    const uint8_t *last = blocks == 0 ? NULL
                          : blocks - 1 < x->image.count
                              ? x->image.block[blocks - 1]
                              : x->image.torn;
    uint64_t newest = j->keys[j->key_count - 1].number / LB_SEGMENT_BLOCKS;

    if (last != NULL &&
        memcmp(j->before, last + LB_BLOCK_DIGEST, LB_HASH_LEN) != 0) {
        bad(x, "the chain does not go on from the last block");
    }
    if (newest + 1 < x->image.segments) {
        bad(x, "a segment was made before its key was kept");
    }
    if (x->cab->recovery.damage_before) {
        bad(x, "a cut is called damage");
    }
    if (x->op->kind == OP_END && blocks > newest * LB_SEGMENT_BLOCKS &&
        x->cab->recovery.folded_from != newest * LB_SEGMENT_BLOCKS) {
        bad(x, "a checkpoint that a cut ended was not begun anew");
    }
}

static void is_as_promised(struct explorer *x)
{
    const struct model *model = model_at(x->tape, x->cab->journal->durable);
    const char *what = NULL;

    if (model == NULL) {
        bad(x, "blocks that were never written");
        return;
    }
    what = model_differs(model, &x->cab->gate);
    if (what == NULL) {
        what = model_breaks(model, &x->op->seen);
    }
    if (what != NULL) {
        bad(x, what);
    }
    journal_goes_on(x);
    start(x);
    what = model_differs_started(model, &x->cab->gate);
    if (what != NULL) {
        bad(x, what);
    }
    nothing_is_given_away(x);
}

static bool same(const struct state *state, const struct lockbus_cabinet *cab)
{
    enum {
        FROM = offsetof(struct lb_journal, cabinet_id),
        LEN = offsetof(struct lb_journal, block) - FROM
    };

    return state->folded_from == cab->recovery.folded_from &&
           memcmp((const uint8_t *)&state->journal + FROM,
                  (const uint8_t *)cab->journal + FROM, LEN) == 0 &&
           memcmp(&state->gate, &cab->gate, sizeof cab->gate) == 0 &&
           memcmp(state->door, cab->gate_doors, sizeof state->door) == 0;
}

/* The first with this number of blocks is looked at, the others are it. */
static void keep(struct explorer *x)
{
    uint64_t blocks = x->cab->journal->durable;
    uint64_t least = x->op->before.count;
    bool may_be_more = x->op->bytes != NULL;

    if (blocks < least || blocks > least + may_be_more) {
        bad(x, blocks < least ? "blocks that were acknowledged are lost"
                              : "a block that was never written");
    }
    struct state *state = &x->state[blocks - least];

    if (state->set) {
        if (!same(state, x->cab)) {
            bad(x, "the same blocks give another state");
        }
        return;
    }
    state->set = true;
    state->folded_from = x->cab->recovery.folded_from;
    memcpy(&state->gate, &x->cab->gate, sizeof state->gate);
    memcpy(state->door, x->cab->gate_doors, sizeof state->door);
    memcpy(&state->journal, x->cab->journal, sizeof state->journal);
    is_as_promised(x);
}

static void recover(struct explorer *x)
{
    struct lockbus_cabinet *cab = x->cab;
    struct lockbus_error why;

    image_forget();
    memo_off = ++x->recovered % CONTROL == 0;
    x->tally->controls += memo_off;
    lb_gate_init(&cab->gate, cab->gate_doors, POWER_DOORS);
    cab->fold_whole = false;
    enum lockbus_err err = lb_storage_recover(cab, &why);

    memo_off = false;
    if (err == LOCKBUS_OK) {
        lb_memory_unstage(cab);
        keep(x);
    } else if (err != LOCKBUS_ERR_CONFIG || x->op->before.count != 0 ||
               x->op->seen.commissions.must != 0) {
        bad(x, why.text);
    }
}

/* ---- What a cut leaves -------------------------------------------------- */

static uint8_t noise(uint64_t seed, unsigned at)
{
    uint64_t z = (seed + at + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    return (uint8_t)(z >> 56);
}

/* The write `bytes` over `old` (NULL: zeros), cut. */
static void tear(uint8_t out[LB_BLOCK_LEN], const uint8_t *old,
                 const uint8_t *bytes, struct cut cut)
{
    unsigned at = cut.at;

    if (old != NULL) {
        memcpy(out, old, LB_BLOCK_LEN);
    } else {
        memset(out, 0, LB_BLOCK_LEN);
    }
    switch (cut.mode) {
    case PREFIX:
        memcpy(out, bytes, at);
        break;
    case SUFFIX:
        memcpy(out + at, bytes + at, LB_BLOCK_LEN - at);
        break;
    case SECTORS:
        for (unsigned i = 0; i < SECTORS_OF_BLOCK; i++) {
            if ((at >> i & 1) != 0) {
                memcpy(out + i * SECTOR, bytes + i * SECTOR, SECTOR);
            }
        }
        break;
    case NOISE:
        memcpy(out, bytes, at);
        do {
            out[at] = noise(cut.at * 8191u, at);
        } while (++at % SECTOR != 0);
        break;
    case MODES:
        break;
    }
}

/* Whether this cut leaves what no cut before it in its mode has left. */
static bool is_new(const uint8_t *old, const uint8_t *bytes, struct cut cut)
{
    static const uint8_t zeros[LB_BLOCK_LEN];
    unsigned at = cut.at;

    old = old != NULL ? old : zeros;
    switch (cut.mode) {
    case PREFIX:
        return at == 0 || old[at - 1] != bytes[at - 1];
    case SUFFIX: /* from the end; all of it is PREFIX's last */
        return at < LB_BLOCK_LEN && old[at] != bytes[at];
    case SECTORS:
        for (unsigned i = 0; i < SECTORS_OF_BLOCK; i++) {
            if ((at >> i & 1) != 0 &&
                memcmp(old + i * SECTOR, bytes + i * SECTOR, SECTOR) == 0) {
                return false;
            }
        }
        return at != 0;
    case NOISE:
    case MODES:
        break;
    }
    return true;
}

static struct cut cut_number(unsigned number)
{
    struct cut cut = {.mode = PREFIX, .at = number};

    while (cut.at >= cuts_of[cut.mode]) {
        cut.at -= cuts_of[cut.mode];
        cut.mode++;
    }
    return cut;
}

static bool is_torn(const uint8_t *left, const uint8_t *bytes)
{
    return memcmp(left, bytes, LB_BLOCK_LEN) != 0 &&
           !lb_all_zero(left, LB_BLOCK_LEN);
}

/* Turns to an operation: what its images have in common is not known yet. */
static void turn_to(struct explorer *x, const struct tape *tape,
                    const struct op *op)
{
    x->tape = tape;
    x->op = op;
    x->state[0].set = x->state[1].set = false;
    x->image = op->before;
}

static bool is_cut_in_bytes(const struct op *op)
{
    return op->kind == OP_WRITE && op->number == op->before.count;
}

/* Cut beside the operation: before it began, and of a sync whose block came
 * from elsewhere, with that block. */
static uint64_t recover_edges(struct explorer *x, const struct tape *tape,
                              const struct op *op)
{
    static struct kept zeros;
    static const uint8_t *block[POWER_BLOCKS];

    turn_to(x, tape, op);
    recover(x);
    if (op->bytes == NULL || is_cut_in_bytes(op)) {
        return 1;
    }
    if (op->number == op->before.count) {
        x->image.torn = op->bytes;
        recover(x);
        return 2;
    }
    /* Written before the one before it was synced: a disk may keep just
     * this one. */
    memcpy(block, op->before.block, op->before.count * sizeof block[0]);
    for (uint64_t n = op->before.count; n < op->number; n++) {
        block[n] = zeros.bytes;
    }
    block[op->number] = op->bytes;
    x->image.block = block;
    x->image.count = op->number + 1;
    recover(x);
    return 2;
}

/* ---- Single cuts ------------------------------------------- */

static void single_cuts(struct explorer *x)
{
    uint8_t torn[LB_BLOCK_LEN];
    uint64_t step =
        x->plan->pairs == 0 ? 1 : (uint64_t)x->chapter->slow * x->plan->step;

    for (size_t i = 0; i < x->story->ops; i++) {
        const struct op *op = &x->story->op[i];

        x->where = (struct place){.outer = i, .kind = op->kind};
        uint64_t edges = recover_edges(x, x->story, op);

        x->tally->cuts += edges;
        x->tally->cut_images += edges;
        for (unsigned n = 0; n < CUTS && is_cut_in_bytes(op); n++) {
            struct cut cut = cut_number(n);

            x->tally->cuts++;
            if (!is_new(op->before.torn, op->bytes, cut) ||
                x->turn++ % step != 0) {
                continue;
            }
            x->where.one = cut;
            tear(torn, op->before.torn, op->bytes, cut);
            x->image.torn = torn;
            recover(x);
            x->tally->cut_images++;
        }
    }
}

/* ---- Pairs -------------------------------------------------------------- */

struct pair {
    size_t outer, inner; /* operations */
    enum outcome left;
    const struct op *first, *second;
    const struct tape *tape; /* of the second */
    bool over;               /* the second is written over the first */
};

typedef void (*pair_visitor)(struct explorer *x, const struct pair *pair,
                             void *user);

static void each_pair(struct explorer *x, pair_visitor visit, void *user)
{
    for (size_t i = 0; i < x->story->ops; i++) {
        const struct op *first = &x->story->op[i];

        for (size_t left = 0; left < OUTCOMES; left++) {
            const struct tape *tape = first->restart[left];

            for (size_t j = 0; tape != NULL && j < tape->ops; j++) {
                const struct op *second = &tape->op[j];
                struct pair pair = {i,
                                    j,
                                    (enum outcome)left,
                                    first,
                                    second,
                                    tape,
                                    left == LEFT_TORN &&
                                        is_cut_in_bytes(second) &&
                                        second->number == first->number};
                visit(x, &pair, user);
            }
        }
    }
}

static void say_pair(struct explorer *x, const struct pair *p, struct cut one,
                     struct cut two)
{
    x->where = (struct place){
        p->outer, p->inner, p->first->kind, p->second->kind, true, p->left,
        one,      two};
}

/* How many first cuts leave what this pair's start found. */
static uint64_t first_cuts(const struct pair *pair)
{
    return pair->left == LEFT_TORN ? CUTS : 1;
}

struct sample {
    uint64_t over, flat; /* cuts there are, of pairs of either kind */
    uint64_t over_step, flat_step;
    uint64_t dice;
};

static void count_pair(struct explorer *x, const struct pair *pair, void *user)
{
    struct sample *s = user;

    (void)x;
    if (pair->over) {
        s->over += (uint64_t)CUTS * CUTS;
    } else if (is_cut_in_bytes(pair->second)) {
        s->flat += CUTS;
    }
}

static uint64_t roll(uint64_t *dice, uint64_t below)
{
    uint64_t z = *dice += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

/* The second cut's bytes can be just those that the first one lacked: what
 * lies there then is what the story wrote, whole, and nobody was told. */
static void recover_second(struct explorer *x, const struct pair *p,
                           const uint8_t *torn)
{
    bool first_again =
        p->over && memcmp(torn, p->first->bytes, LB_BLOCK_LEN) == 0;

    if (first_again) {
        turn_to(x, x->story, p->first);
    }
    x->image.torn = torn;
    recover(x);
    x->tally->pair_images++;
    if (first_again) {
        turn_to(x, p->tape, p->second);
    }
}

static void recover_pair(struct explorer *x, const struct pair *p,
                         struct cut one, struct cut two)
{
    uint8_t below[LB_BLOCK_LEN], torn[LB_BLOCK_LEN];
    const uint8_t *old = p->second->before.torn;

    if (p->over) {
        tear(below, p->first->before.torn, p->first->bytes, one);
        if (!is_torn(below, p->first->bytes)) {
            return; /* another start: LEFT_NOTHING, LEFT_WHOLE */
        }
        old = below;
    }
    say_pair(x, p, one, two);
    tear(torn, old, p->second->bytes, two);
    recover_second(x, p, torn);
    x->tally->pairs++;
}

/* Evenly over all of them, and anywhere within each step. */
static void sample_pair(struct explorer *x, const struct pair *pair, void *user)
{
    struct sample *s = user;
    uint64_t step = pair->over ? s->over_step : s->flat_step;
    uint64_t cuts = pair->over ? (uint64_t)CUTS * CUTS : CUTS;
    struct cut none = {PREFIX, 0};

    say_pair(x, pair, none, none);
    uint64_t edges = recover_edges(x, pair->tape, pair->second);

    x->tally->pairs += edges;
    x->tally->pair_images += edges;
    if (!is_cut_in_bytes(pair->second)) {
        return;
    }
    for (uint64_t at = roll(&s->dice, step); at < cuts; at += step) {
        uint64_t n = at + roll(&s->dice, step);

        n = n < cuts ? n : at;
        recover_pair(x, pair, cut_number((unsigned)(n / CUTS)),
                     cut_number((unsigned)(n % CUTS)));
    }
}

/* Noise is another at each byte, so that no two cuts leave the same. */
static bool in_all(struct cut cut)
{
    return cut.mode != NOISE || cut.at % NOISE_STEP == 0 ||
           cut.at >= LB_BLOCK_DIGEST;
}

static void all_seconds(struct explorer *x, const struct pair *p,
                        struct cut one, const uint8_t *old)
{
    uint8_t torn[LB_BLOCK_LEN];

    for (unsigned n = 0; n < CUTS; n++) {
        struct cut two = cut_number(n);

        if (!in_all(two)) {
            continue;
        }
        x->tally->pairs += p->over ? 1 : first_cuts(p);
        if (!is_new(old, p->second->bytes, two)) {
            continue;
        }
        say_pair(x, p, one, two);
        tear(torn, old, p->second->bytes, two);
        recover_second(x, p, torn);
    }
}

static void whole_pair(struct explorer *x, const struct pair *p, void *user)
{
    uint8_t below[LB_BLOCK_LEN];
    struct cut none = {PREFIX, 0};
    uint64_t seconds = 0;

    (void)user;
    say_pair(x, p, none, none);
    uint64_t edges = recover_edges(x, p->tape, p->second);

    x->tally->pairs += edges * first_cuts(p);
    x->tally->pair_images += edges;
    if (!is_cut_in_bytes(p->second)) {
        return;
    }
    if (!p->over) {
        all_seconds(x, p, none, p->second->before.torn);
        return;
    }
    for (unsigned n = 0; n < CUTS; n++) {
        struct cut one = cut_number(n);

        if (!in_all(one)) {
            continue;
        }
        if (!is_new(p->first->before.torn, p->first->bytes, one)) {
            x->tally->pairs += seconds; /* as those of the cut before */
            continue;
        }
        uint64_t before = x->tally->pairs;

        tear(below, p->first->before.torn, p->first->bytes, one);
        if (is_torn(below, p->first->bytes)) {
            all_seconds(x, p, one, below);
        }
        seconds = x->tally->pairs - before;
    }
}

static void pairs_of_cuts(struct explorer *x)
{
    struct sample s = {.dice = x->plan->seed};
    unsigned parts = 0;

    if (x->plan->pairs == 0) {
        each_pair(x, whole_pair, NULL);
        return;
    }
    for (size_t i = 0; i < chapter_count; i++) {
        parts += chapters[i].weight;
    }
    uint64_t wanted = x->plan->pairs * x->chapter->weight / parts + 1;

    each_pair(x, count_pair, &s);
    s.over_step = s.over / (wanted - wanted / 4) + 1;
    s.flat_step = s.flat / (wanted / 4 + 1) + 1;
    each_pair(x, sample_pair, &s);
}

/* ---- A chapter ---------------------------------------------------------- */

static void begin_witness(const struct tape *tape)
{
    struct model m;
    struct witness *w = &telling.seen;

    model_init(&m);
    for (uint64_t n = 0; n < tape->now.count; n++) {
        model_block(&m, tape->block[n]);
    }
    for (size_t i = 0; i < POWER_DOORS; i++) {
        w->intents[i] = (struct bounds){m.door[i].intents, m.door[i].intents};
    }
    w->tries = (struct bounds){m.tries, m.tries};
    w->orders = (struct bounds){m.orders, m.orders};
    w->manifests = (struct bounds){m.manifests, m.manifests};
    w->seals = (struct bounds){m.seals, m.seals};
    w->commissions = (struct bounds){m.commissions, m.commissions};
}

static struct tape *tell(const struct chapter *chapter, uint64_t seed)
{
    memset(&telling, 0, sizeof telling);
    telling.random = seed;
    telling.tape = tape_new(POWER_OPS);
    struct rig *rig = rig_new_closed();

    rig->shut_after_us = MOVED_US;
    if (chapter->before == NULL) {
        tape_free(&telling.tape);
        telling.tape = tape_new(POWER_OPS);
        telling.rig = rig;
    } else {
        telling.rig = rig;
        rig_open(rig);
        chapter->before();
    }
    struct tape *tape = telling.tape;

    begin_witness(tape);
    tape->first = tape->now.count;
    tape->deep = true;
    tape_begins(tape);
    chapter->play();
    tape_ends(tape);
    tape->deep = false;
    rig_free(rig);
    telling.rig = NULL;
    return tape;
}

static void model_tape(struct tape *tape, uint64_t first,
                       const struct model *base)
{
    tape->first = first;
    tape->models = tape->now.count - first + 1;
    tape->model = calloc(tape->models, sizeof *tape->model);
    assert_non_null(tape->model);
    tape->model[0] = *base;
    for (uint64_t i = 1; i < tape->models; i++) {
        tape->model[i] = tape->model[i - 1];
        model_block(&tape->model[i], tape->block[first + i - 1]);
    }
}

static void model_all(struct tape *story)
{
    struct model base;

    model_init(&base);
    for (uint64_t n = 0; n < story->first; n++) {
        model_block(&base, story->block[n]);
    }
    model_tape(story, story->first, &base);
    for (size_t i = 0; i < story->ops; i++) {
        for (size_t k = 0; k < OUTCOMES; k++) {
            struct tape *tape = story->op[i].restart[k];
            uint64_t count = story->op[i].before.count;

            if (tape != NULL) {
                model_tape(tape, count, model_at(story, count));
            }
        }
    }
}

/* A gate and a journal as a cabinet has them, and no more. */
static struct lockbus_cabinet *bare_cabinet(struct image *image)
{
    struct lockbus_cabinet *cab = calloc(1, sizeof *cab);

    assert_non_null(cab);
    cab->config = calloc(1, sizeof *cab->config);
    cab->journal = calloc(1, sizeof *cab->journal);
    cab->gate_doors = calloc(POWER_DOORS, sizeof *cab->gate_doors);
    assert_true(cab->config != NULL && cab->journal != NULL &&
                cab->gate_doors != NULL);
    cab->store = image_store(image);
    return cab;
}

void explore(const struct chapter *chapter, const struct plan *plan,
             struct tally *tally)
{
    struct explorer *x = calloc(1, sizeof *x);

    assert_non_null(x);
    x->chapter = chapter;
    x->plan = plan;
    x->tally = tally;
    x->story = tell(chapter, plan->seed);
    assert_true(x->story->ops >= chapter->at_least);
    x->cab = bare_cabinet(&x->image);
    model_all(x->story);
    single_cuts(x);
    pairs_of_cuts(x);
    tally->ops = x->story->ops;
    tally->restarts = telling.restarts;
    lb_memory_free(x->cab);
    free(x->cab);
    tape_free(&x->story);
    free(x);
}
