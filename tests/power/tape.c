/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The disk of a cabinet whose story is told: it does what it is told, takes
 * it down, and at each operation of the story starts a second cabinet on what
 * a cut there would leave.
 */

#include "power.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum {
    TORN_BYTES = 1500, /* of a write, when a restart finds it torn */
    START_MS = 400,    /* boards come, what the process before left ends */
    AFTER_MS = 300
};

struct telling telling;

/* ---- Tapes -------------------------------------------------------------- */

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

struct tape *tape_new(size_t room)
{
    struct tape *tape = must(calloc(1, sizeof *tape));

    tape->op = must(calloc(room, sizeof *tape->op));
    tape->room = room;
    tape->block = must(calloc(POWER_BLOCKS, sizeof *tape->block));
    tape->now.block = tape->block;
    return tape;
}

void tape_free(struct tape **tape)
{
    struct tape *t = *tape;

    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->ops; i++) {
        for (size_t k = 0; k < OUTCOMES; k++) {
            tape_free(&t->op[i].restart[k]);
        }
    }
    while (t->kept != NULL) {
        struct kept *kept = t->kept;

        t->kept = kept->next;
        free(kept);
    }
    free(t->op);
    free((void *)(uintptr_t)t->block);
    free(t->model);
    free(t);
    *tape = NULL;
}

/* They are few and small, and images point to them: they are kept. */
static const struct small_file *keep_file(const uint8_t *bytes, size_t len)
{
    static struct small_file kept[4096];
    static size_t count;

    for (size_t i = 0; i < count; i++) {
        if (kept[i].len == len && memcmp(kept[i].bytes, bytes, len) == 0) {
            return &kept[i];
        }
    }
    assert_true(count < sizeof kept / sizeof kept[0]);
    assert_true(len <= sizeof kept[0].bytes);
    kept[count].len = len;
    memcpy(kept[count].bytes, bytes, len);
    return &kept[count++];
}

/* The first bytes of a block, or all, as long as the tape lives. */
static const uint8_t *keep_block(struct tape *tape, const uint8_t *bytes,
                                 size_t len)
{
    struct kept *kept = must(calloc(1, sizeof *kept));

    memcpy(kept->bytes, bytes, len);
    kept->next = tape->kept;
    tape->kept = kept;
    return kept->bytes;
}

static struct op *take_down(struct tape *tape, enum op_kind kind)
{
    if (!tape->taking) {
        return NULL;
    }
    if (tape->ops == tape->room) {
        fail_msg("a tape of %zu operations is full", tape->room);
    }
    struct op *op = &tape->op[tape->ops++];

    op->kind = kind;
    op->before = tape->now;
    if (telling.rig != NULL && !telling.restarting) {
        for (size_t i = 0; i < POWER_DOORS; i++) {
            telling.seen.pulses[i] = (uint16_t)telling.rig->leaf[i].pulses;
        }
    }
    op->seen = telling.seen;
    return op;
}

void tape_begins(struct tape *tape)
{
    tape->taking = true;
}

void tape_ends(struct tape *tape)
{
    if (tape->taking) {
        (void)take_down(tape, OP_END);
    }
    tape->taking = false;
}

/* ---- A second cabinet --------------------------------------------------- */

/* Nothing was promised yet, so it is made anew where that is possible. */
static void commission_again(struct rig *rig, const struct tape *tape)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    assert_int_equal(telling.seen.commissions.must, 0);
    if (tape->now.segments == 0 &&
        !world_commission(&rig->world, rig->escrow, &why)) {
        fail_msg("commissioning after a cut: %s: %s", why.field, why.text);
    }
}

static void run_second(struct rig *rig, struct tape *tape)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    unsigned pulses = rig_pulses(rig);
    uint64_t unix_s = rig->world.now_unix + rig->now_us / 1000000 - 1000;
    enum lockbus_err err = rig_try_open(rig, &why);

    if (err != LOCKBUS_OK) {
        if (strstr(why.text, "commission") == NULL) {
            fail_msg("a start after a cut says: %s: %s", why.field, why.text);
        }
        commission_again(rig, tape);
        tape_ends(tape);
        return;
    }
    rig_run(rig, START_MS);
    assert_int_equal(lockbus_cabinet_time(rig->cab, unix_s, true), LOCKBUS_OK);
    rig_run(rig, AFTER_MS);
    /* A checkpoint has its time to become whole. */
    for (int i = 0; i < 10 && rig->cab->journal->key_count > 1; i++) {
        rig_run(rig, AFTER_MS);
    }
    assert_int_equal(rig_pulses(rig), pulses);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF), 0);
    tape_ends(tape);
    rig->cab->polled = false; /* its boards hear no more of it either */
    rig_close(rig);
}

static struct tape *tape_after(const struct op *op, enum outcome left)
{
    struct tape *tape = tape_new(POWER_RESTART_OPS);
    uint64_t count = op->before.count;

    memcpy((void *)(uintptr_t)tape->block, op->before.block,
           count * sizeof *tape->block);
    tape->now = op->before;
    tape->now.block = tape->block;
    if (left == LEFT_WHOLE) {
        tape->dirty = true;
        tape->dirty_no = op->number;
        tape->dirty_bytes = keep_block(tape, op->bytes, LB_BLOCK_LEN);
    } else if (left == LEFT_TORN) {
        tape->now.torn = keep_block(tape, op->bytes, TORN_BYTES);
    }
    return tape;
}

static struct tape *start_second(const struct op *op, enum outcome left)
{
    struct telling outer = telling;
    struct rig *rig = must(malloc(sizeof *rig));
    struct tape *tape = tape_after(op, left);

    *rig = *telling.rig;
    rig->cab = NULL; /* the power went: nothing is said goodbye to */
    rig->events = 0;
    rig->step = NULL;
    telling.rig = rig;
    telling.tape = tape;
    telling.restarting = true;
    tape_begins(tape);
    run_second(rig, tape);
    outer.restarts = telling.restarts + 1;
    outer.random = telling.random;
    telling = outer;
    free(rig);
    return tape;
}

static void restarts_at(const struct tape *tape, struct op *op)
{
    if (op == NULL || !tape->deep) {
        return;
    }
    op->restart[LEFT_NOTHING] = start_second(op, LEFT_NOTHING);
    if (op->kind == OP_WRITE && op->number == op->before.count) {
        op->restart[LEFT_TORN] = start_second(op, LEFT_TORN);
        op->restart[LEFT_WHOLE] = start_second(op, LEFT_WHOLE);
    }
}

/* ---- The disk ----------------------------------------------------------- */

static enum lockbus_err tape_range(void *user, uint32_t *first, uint32_t *next)
{
    const struct tape *tape = user;

    *first = 0;
    *next = tape->now.segments;
    return LOCKBUS_OK;
}

static enum lockbus_err tape_read(void *user, uint32_t segment, uint32_t offset,
                                  uint8_t *buf, size_t len)
{
    const struct tape *tape = user;
    struct image seen = tape->now;

    if (tape->dirty && tape->dirty_no == seen.count) {
        seen.torn = tape->dirty_bytes;
    }
    struct lb_store store = image_store(&seen);
    enum lockbus_err err = store.read(store.user, segment, offset, buf, len);

    image_forget();
    return err;
}

static enum lockbus_err tape_load(void *user, const char *name, uint8_t *buf,
                                  size_t cap, size_t *len)
{
    struct tape *tape = user;
    struct lb_store store = image_store(&tape->now);

    return store.load(store.user, name, buf, cap, len);
}

static enum lockbus_err tape_create(void *user, uint32_t segment)
{
    struct tape *tape = user;
    struct op *op = take_down(tape, OP_CREATE);

    if (op != NULL) {
        op->number = segment;
        restarts_at(tape, op);
    }
    assert_int_equal(segment, tape->now.segments);
    tape->now.segments++;
    return LOCKBUS_OK;
}

/* No chapter has a receipt by which a segment may go. */
static enum lockbus_err tape_remove(void *user, uint32_t segment)
{
    (void)user;
    fail_msg("segment %u is taken away", segment);
    return LOCKBUS_ERR_IO;
}

static enum lockbus_err tape_save(void *user, const char *name,
                                  const uint8_t *buf, size_t len)
{
    struct tape *tape = user;

    assert_true(image_file(name) < FILES);
    restarts_at(tape, take_down(tape, OP_SAVE));
    tape->now.file[image_file(name)] = keep_file(buf, len);
    return LOCKBUS_OK;
}

static enum lockbus_err tape_write(void *user, uint32_t segment,
                                   uint32_t offset, const uint8_t *buf,
                                   size_t len)
{
    struct tape *tape = user;
    uint64_t number =
        (uint64_t)segment * LB_SEGMENT_BLOCKS + offset / LB_BLOCK_LEN;

    assert_true(segment < tape->now.segments && number < POWER_BLOCKS);
    assert_true(offset % LB_BLOCK_LEN == 0 && len == LB_BLOCK_LEN);
    if (number < tape->now.count) {
        fail_msg("block %u was acknowledged, and is written again",
                 (unsigned)number);
    }
    if (tape->dirty && tape->block[tape->dirty_no] == NULL) {
        tape->block[tape->dirty_no] = tape->dirty_bytes;
    }
    const uint8_t *bytes = keep_block(tape, buf, LB_BLOCK_LEN);
    struct op *op = take_down(tape, OP_WRITE);

    if (op != NULL) {
        op->number = number;
        op->bytes = bytes;
        restarts_at(tape, op);
    }
    tape->dirty = true;
    tape->dirty_no = number;
    tape->dirty_bytes = bytes;
    return LOCKBUS_OK;
}

static enum lockbus_err tape_sync(void *user, uint32_t segment)
{
    struct tape *tape = user;
    struct op *op = take_down(tape, OP_SYNC);

    assert_true(segment < tape->now.segments);
    if (op != NULL && tape->dirty) {
        op->number = tape->dirty_no;
        op->bytes = tape->dirty_bytes;
    }
    if (tape->dirty) {
        tape->block[tape->dirty_no] = tape->dirty_bytes;
        tape->now.count = tape->dirty_no + 1;
        tape->now.torn = NULL;
        tape->dirty = false;
    }
    return LOCKBUS_OK;
}

/* ---- What the linker gives the library ---------------------------------- */

enum lockbus_err __wrap_lb_dir_open(struct lb_store *store, const char *path,
                                    bool create, bool read_only,
                                    struct lockbus_error *why);
void __wrap_lb_dir_close(struct lb_store *store);
void __wrap_lb_dir_last_error(const struct lb_store *store,
                              struct lockbus_error *why);
bool __wrap_lb_crypto_random(uint8_t *out, size_t len);
bool __real_lb_gate_permit(struct lb_gate *gate, uint32_t ref,
                           struct lb_permit *permit);
bool __wrap_lb_gate_permit(struct lb_gate *gate, uint32_t ref,
                           struct lb_permit *permit);
bool __real_lb_gate_derive(const struct lb_gate *gate, uint32_t ref,
                           struct lb_derive *out);
bool __wrap_lb_gate_derive(const struct lb_gate *gate, uint32_t ref,
                           struct lb_derive *out);

enum lockbus_err __wrap_lb_dir_open(struct lb_store *store, const char *path,
                                    bool create, bool read_only,
                                    struct lockbus_error *why)
{
    (void)path;
    (void)create;
    (void)read_only;
    (void)why;
    *store = (struct lb_store){.user = telling.tape,
                               .range = tape_range,
                               .create = tape_create,
                               .remove = tape_remove,
                               .read = tape_read,
                               .write = tape_write,
                               .sync = tape_sync,
                               .load = tape_load,
                               .save = tape_save};
    return LOCKBUS_OK;
}

void __wrap_lb_dir_close(struct lb_store *store)
{
    memset(store, 0, sizeof *store);
}

void __wrap_lb_dir_last_error(const struct lb_store *store,
                              struct lockbus_error *why)
{
    (void)store;
    *why = (struct lockbus_error){.err = LOCKBUS_OK};
}

/* splitmix64: the same seed tells the same story. */
bool __wrap_lb_crypto_random(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint64_t z = telling.random += 0x9e3779b97f4a7c15u;

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        out[i] = (uint8_t)(z ^ z >> 31);
    }
    return true;
}

bool __wrap_lb_gate_permit(struct lb_gate *gate, uint32_t ref,
                           struct lb_permit *permit)
{
    bool given = __real_lb_gate_permit(gate, ref, permit);

    if (given && telling.restarting) {
        fail_msg("a start gave a permit for door %u", permit->door);
    }
    if (given && telling.rig != NULL) {
        struct bounds *intents = &telling.seen.intents[permit->door];

        intents->must = intents->may;
    }
    return given;
}

bool __wrap_lb_gate_derive(const struct lb_gate *gate, uint32_t ref,
                           struct lb_derive *out)
{
    bool given = __real_lb_gate_derive(gate, ref, out);

    if (given) {
        telling.seen.tries.must = telling.seen.tries.may;
    }
    return given;
}
