/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_DISK_H
#define SIM_DISK_H

/*
 * A disk in memory behind struct lb_store, which can lose power and fail.
 * (tests/power has one that loses it everywhere.)
 *
 * It holds two layers: what the process sees, and what would be there after
 * a power cut. A write changes the first; sync() copies it to the second.
 * Saving a small file and making or removing a segment are durable as one
 * step.
 *
 * Power: set `cut_after` to a number of bytes. Every written byte, every
 * sync, save, create and remove costs (a call costs one, a write costs one a
 * byte), and the call in which the count is used up does only its part, then
 * fails with IO, as do all after it. sim_disk_reboot() throws away what was not
 * durable, as `tear` says, and gives power back. One block may be unsynced a
 * segment; a write to another one syncs it first, as does the journal.
 *
 * Failures: `fail_call` numbers the calls that change something (write,
 * sync, save, create, remove) from 1; that one fails with IO and, unlike a cut,
 * the disk lives on. `full` makes create and write fail.
 */

#include "base/store.h"

#include <stdbool.h>
#include <stdint.h>

enum { SIM_DISK_SEGMENTS = 24, SIM_DISK_FILES = 4, SIM_DISK_SECTOR = 512 };

/* What becomes of written bytes that were never synced. */
enum sim_disk_tear {
    SIM_DISK_KEEP = 0,   /* they reach the disk, in order, up to the cut */
    SIM_DISK_FORGET = 1, /* none does */
    SIM_DISK_SCATTER = 2 /* each 512-byte sector does or not, by `seed` */
};

/* A block that was never written is NULL and reads as zeros. */
struct sim_disk_segment {
    bool here;
    uint8_t *seen[LB_SEGMENT_BLOCKS], *kept[LB_SEGMENT_BLOCKS];
    bool dirty; /* `dirty_block` was written and not synced */
    uint32_t dirty_block;
};

struct sim_disk_file {
    char name[16];
    uint8_t bytes[LB_STORE_FILE_MAX];
    size_t len;
};

struct sim_disk {
    uint64_t cut_after; /* UINT64_MAX: never */
    bool cut;           /* it has happened */
    enum sim_disk_tear tear;
    uint32_t seed;
    unsigned fail_call; /* 0: none */
    bool full;
    /* counted, for tests to look at */
    unsigned calls, syncs, saves;
    uint64_t cost;
    struct sim_disk_segment segment[SIM_DISK_SEGMENTS];
    uint32_t first, next;
    struct sim_disk_file file[SIM_DISK_FILES];
};

void sim_disk_init(struct sim_disk *disk);
void sim_disk_deinit(struct sim_disk *disk);
struct lb_store sim_disk_store(struct sim_disk *disk);

/* `to`, an initialised disk, becomes a copy of what `from` holds durably. */
void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from);

/* The power comes back; counters and plans are cleared. */
void sim_disk_reboot(struct sim_disk *disk);

/* What somebody else does to a block's bytes, in both layers. */
void sim_disk_peek(const struct sim_disk *disk, uint64_t number,
                   uint8_t out[LB_BLOCK_LEN]);
void sim_disk_poke(struct sim_disk *disk, uint64_t number, uint32_t offset,
                   const uint8_t *bytes, size_t len);

#endif
