/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_SNAPSHOT_H
#define LB_SNAPSHOT_H

/*
 * The layout of checkpoint records, which snapshot.c writes and restore.c
 * reads.
 *
 * CKPT_DOOR: custody, stay and intent in the head; flags u16, seals, courier
 * and release uses, the same spent, intent's open, its custody, last outcome,
 * zero[2], boot u32 at 12, then u64 first intent, return due, opened, shut,
 * intent. CKPT_CABINET: cabinet_id[16], region u32, map hash[32], floor u64
 * at 52, last ref u32, levels u32[3] at 64, their times u64[3] at 76, doors
 * u16 at 100, commissioned u8; order_no in `stay`, boot in `ref`.
 * CKPT_TRIES and CKPT_HOURLY: times in powered ms; the latter has 13 a record,
 * the last of them 8; from its 64 on there was a time once, which is zero now.
 */

#include "gate/gate.h"

enum {
    LB_CKPT_TIMES = 13, /* u64 in a body */
    LB_CKPT_HOURLY = 255,
    LB_CKPT_HOURLY_RECORDS =
        (LB_CKPT_HOURLY + LB_CKPT_TIMES - 1) / LB_CKPT_TIMES,
    LB_CKPT_DOORS = 100, /* in CKPT_CABINET */
    LB_CKPT_TRIES_EACH = LB_TRIES_MAX / 2,
    LB_CKPT_DOOR_RECORDS = 7, /* door, keys, grant, seals, tries */
    LB_CKPT_ROWS_EACH = LB_RECORD_BODY / LB_ROW_LEN,
    LB_CKPT_ROWS_NEXT = 0x80 /* in kind: staged by ROWS, not yet in force */
};

enum {
    LB_CKPT_F_BLOCKED = 1 << 0,
    LB_CKPT_F_FROZEN = 1 << 1,
    LB_CKPT_F_VISIT = 1 << 2,
    LB_CKPT_F_SEEN_OPEN = 1 << 3,
    LB_CKPT_F_LONG_OPEN = 1 << 4,
    LB_CKPT_F_MAYBE_OPEN = 1 << 5,
    LB_CKPT_F_LEAF_OPEN = 1 << 6,
    LB_CKPT_F_INTENT_LIVE = 1 << 7,
    LB_CKPT_F_COUNTS = 1 << 8,
    LB_CKPT_F_COUNT_OPENED = 1 << 9,
    LB_CKPT_F_OPEN_CUT = 1 << 10,
    LB_CKPT_EMPTIED_AT = 11, /* enum lb_emptied, two bits */
    LB_CKPT_F_ALL = (1 << 13) - 1
};

#endif
