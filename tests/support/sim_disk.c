/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "sim_disk.h"

#include <stdlib.h>
#include <string.h>

void sim_disk_init(struct sim_disk *disk)
{
    memset(disk, 0, sizeof *disk);
    disk->cut_after = UINT64_MAX;
}

void sim_disk_deinit(struct sim_disk *disk)
{
    /* One that was never made holds nothing. */
    for (size_t i = 0; i < SIM_DISK_SEGMENTS; i++) {
        for (size_t k = 0; disk->segment[i].here && k < LB_SEGMENT_BLOCKS;
             k++) {
            free(disk->segment[i].seen[k]);
            free(disk->segment[i].kept[k]);
        }
    }
    memset(disk, 0, sizeof *disk);
}

/* The bytes of a block that is about to be written. */
static uint8_t *own(uint8_t **block)
{
    if (*block == NULL) {
        *block = calloc(1, LB_BLOCK_LEN);
    }
    if (*block == NULL) {
        abort();
    }
    return *block;
}

static void put(uint8_t *out, const uint8_t *block, size_t from, size_t len)
{
    if (block == NULL) {
        memset(out, 0, len);
    } else {
        memcpy(out, block + from, len);
    }
}

/* Pays for a step of `want` units; how many the power lasted for. */
static uint64_t pay(struct sim_disk *disk, uint64_t want)
{
    uint64_t left = disk->cut_after - disk->cost;

    if (disk->cut) {
        return 0;
    }
    if (want > left) {
        disk->cut = true;
        want = left;
    }
    disk->cost += want;
    return want;
}

/* A call that changes something; false when it is the one to fail. */
static bool enter(struct sim_disk *disk)
{
    disk->calls++;
    return !disk->cut && disk->calls != disk->fail_call;
}

static bool holds(const struct sim_disk *disk, uint32_t segment,
                  uint32_t offset, size_t len)
{
    return segment < SIM_DISK_SEGMENTS && segment >= disk->first &&
           disk->segment[segment].here && offset <= LB_SEGMENT_LEN &&
           len <= LB_SEGMENT_LEN - offset;
}

static enum lockbus_err range(void *user, uint32_t *first, uint32_t *next)
{
    const struct sim_disk *disk = user;

    if (disk->cut) {
        return LOCKBUS_ERR_IO;
    }
    *first = disk->first;
    *next = disk->next;
    return LOCKBUS_OK;
}

static enum lockbus_err create(void *user, uint32_t segment)
{
    struct sim_disk *disk = user;

    if (!enter(disk) || disk->full || segment != disk->next ||
        segment >= SIM_DISK_SEGMENTS || pay(disk, 1) != 1) {
        return LOCKBUS_ERR_IO;
    }
    disk->segment[segment].here = true;
    disk->next++;
    return LOCKBUS_OK;
}

/* Its bytes stay where they are, so that tests may look at them. */
static enum lockbus_err remove_segment(void *user, uint32_t segment)
{
    struct sim_disk *disk = user;

    if (segment != disk->first || disk->next - disk->first < 2) {
        return LOCKBUS_ERR_USAGE;
    }
    if (!enter(disk) || pay(disk, 1) != 1) {
        return LOCKBUS_ERR_IO;
    }
    disk->first++;
    return LOCKBUS_OK;
}

static enum lockbus_err read_bytes(void *user, uint32_t segment,
                                   uint32_t offset, uint8_t *buf, size_t len)
{
    const struct sim_disk *disk = user;

    if (disk->cut || !holds(disk, segment, offset, len)) {
        return LOCKBUS_ERR_IO;
    }
    const struct sim_disk_segment *s = &disk->segment[segment];

    for (size_t done = 0, part; done < len; done += part) {
        uint32_t in = (offset + (uint32_t)done) % LB_BLOCK_LEN;

        part = LB_BLOCK_LEN - in < len - done ? LB_BLOCK_LEN - in : len - done;
        put(buf + done, s->seen[(offset + done) / LB_BLOCK_LEN], in, part);
    }
    return LOCKBUS_OK;
}

static void harden(struct sim_disk_segment *s)
{
    if (s->dirty) {
        memcpy(own(&s->kept[s->dirty_block]), s->seen[s->dirty_block],
               LB_BLOCK_LEN);
    }
    s->dirty = false;
}

/* Within one block, which is all that a journal writes. */
static enum lockbus_err write_bytes(void *user, uint32_t segment,
                                    uint32_t offset, const uint8_t *buf,
                                    size_t len)
{
    struct sim_disk *disk = user;
    uint32_t block = offset / LB_BLOCK_LEN, in = offset % LB_BLOCK_LEN;

    if (!enter(disk) || disk->full || !holds(disk, segment, offset, len) ||
        len > LB_BLOCK_LEN - in) {
        return LOCKBUS_ERR_IO;
    }
    struct sim_disk_segment *s = &disk->segment[segment];
    size_t done = (size_t)pay(disk, len);

    if (s->dirty_block != block) {
        harden(s);
    }
    memcpy(own(&s->seen[block]) + in, buf, done);
    s->dirty = true;
    s->dirty_block = block;
    return done == len ? LOCKBUS_OK : LOCKBUS_ERR_IO;
}

static enum lockbus_err sync_segment(void *user, uint32_t segment)
{
    struct sim_disk *disk = user;

    if (!enter(disk) || !holds(disk, segment, 0, 0) || pay(disk, 1) != 1) {
        return LOCKBUS_ERR_IO;
    }
    harden(&disk->segment[segment]);
    disk->syncs++;
    return LOCKBUS_OK;
}

static struct sim_disk_file *file_named(struct sim_disk *disk, const char *name)
{
    for (size_t i = 0; i < SIM_DISK_FILES; i++) {
        if (strcmp(disk->file[i].name, name) == 0) {
            return &disk->file[i];
        }
    }
    return NULL;
}

static enum lockbus_err load(void *user, const char *name, uint8_t *buf,
                             size_t cap, size_t *len)
{
    struct sim_disk *disk = user;
    const struct sim_disk_file *file = file_named(disk, name);

    if (disk->cut || (file != NULL && file->len > cap)) {
        return LOCKBUS_ERR_IO;
    }
    *len = file == NULL ? 0 : file->len;
    if (file != NULL) {
        memcpy(buf, file->bytes, file->len);
    }
    return LOCKBUS_OK;
}

static enum lockbus_err save(void *user, const char *name, const uint8_t *buf,
                             size_t len)
{
    struct sim_disk *disk = user;
    struct sim_disk_file *file = file_named(disk, name);

    if (file == NULL) {
        file = file_named(disk, "");
    }
    if (!enter(disk) || file == NULL || len > sizeof file->bytes ||
        strlen(name) >= sizeof file->name || pay(disk, 1) != 1) {
        return LOCKBUS_ERR_IO;
    }
    memcpy(file->name, name, strlen(name) + 1);
    memcpy(file->bytes, buf, len);
    file->len = len;
    disk->saves++;
    return LOCKBUS_OK;
}

struct lb_store sim_disk_store(struct sim_disk *disk)
{
    return (struct lb_store){.user = disk,
                             .range = range,
                             .create = create,
                             .remove = remove_segment,
                             .read = read_bytes,
                             .write = write_bytes,
                             .sync = sync_segment,
                             .load = load,
                             .save = save};
}

void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    sim_disk_deinit(to);
    for (size_t i = 0; i < SIM_DISK_SEGMENTS; i++) {
        struct sim_disk_segment *t = &to->segment[i];
        const struct sim_disk_segment *f = &from->segment[i];

        t->here = f->here;
        for (size_t k = 0; f->here && k < LB_SEGMENT_BLOCKS; k++) {
            if (f->kept[k] != NULL) {
                memcpy(own(&t->seen[k]), f->kept[k], LB_BLOCK_LEN);
                memcpy(own(&t->kept[k]), f->kept[k], LB_BLOCK_LEN);
            }
        }
    }
    to->first = from->first;
    to->next = from->next;
    memcpy(to->file, from->file, sizeof to->file);
    to->cut_after = UINT64_MAX;
}

/* xorshift: the same seed, the same tear, on every machine. */
static uint32_t roll(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* What of the unsynced block reached the disk. A sector that equals what is
 * there already was not written; the last that differs is where it stopped. */
static void settle(const struct sim_disk *disk, struct sim_disk_segment *s,
                   uint32_t *dice)
{
    const uint8_t *seen = s->seen[s->dirty_block];
    uint8_t *kept = own(&s->kept[s->dirty_block]);
    uint32_t end = 0;

    for (uint32_t at = 0; at < LB_BLOCK_LEN; at += SIM_DISK_SECTOR) {
        if (memcmp(seen + at, kept + at, SIM_DISK_SECTOR) != 0) {
            end = at + SIM_DISK_SECTOR;
        }
    }
    for (uint32_t at = 0; at < end; at += SIM_DISK_SECTOR) {
        if (disk->tear == SIM_DISK_KEEP ||
            (disk->tear != SIM_DISK_FORGET && roll(dice) % 2 == 0)) {
            memcpy(kept + at, seen + at, SIM_DISK_SECTOR);
        }
    }
    memcpy(s->seen[s->dirty_block], kept, LB_BLOCK_LEN);
    s->dirty = false;
}

void sim_disk_reboot(struct sim_disk *disk)
{
    uint32_t dice = disk->seed * 2654435761u + 1;

    for (size_t i = 0; i < SIM_DISK_SEGMENTS; i++) {
        struct sim_disk_segment *s = &disk->segment[i];

        if (s->dirty) {
            settle(disk, s, &dice);
        }
    }
    disk->cut = disk->full = false;
    disk->cut_after = UINT64_MAX;
    disk->fail_call = disk->calls = disk->syncs = disk->saves = 0;
    disk->cost = 0;
}

void sim_disk_peek(const struct sim_disk *disk, uint64_t number,
                   uint8_t out[LB_BLOCK_LEN])
{
    put(out,
        disk->segment[number / LB_SEGMENT_BLOCKS]
            .seen[number % LB_SEGMENT_BLOCKS],
        0, LB_BLOCK_LEN);
}

void sim_disk_poke(struct sim_disk *disk, uint64_t number, uint32_t offset,
                   const uint8_t *bytes, size_t len)
{
    struct sim_disk_segment *s = &disk->segment[number / LB_SEGMENT_BLOCKS];
    size_t k = number % LB_SEGMENT_BLOCKS;

    memcpy(own(&s->seen[k]) + offset, bytes, len);
    memcpy(own(&s->kept[k]) + offset, bytes, len);
}
