/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_RECORD_H
#define LB_RECORD_H

/*
 * The journal's records: what the gate decides, what the journal stores and
 * what the fold at start reads again. A record is 128 bytes: a head of 24
 * and a body of 104 whose layout depends on the type. Bodies are read and
 * written by lib/gate (record bodies) with lb_put_/lb_get_ of bytes.h; the
 * journal never looks inside one.
 *
 *   off size  head
 *     0    1  type
 *     1    1  kind (depends on the type)
 *     2    2  door (0xFFFF: the cabinet)
 *     4    4  ref (an intent's number, or as the type says)
 *     8    8  stay
 *    16    8  powered time of the cabinet, ms over all boots
 *    24  104  body
 *
 * All numbers are little-endian. Unused bytes are zero. The values of the
 * enums are stored and never change.
 */

#include <stddef.h>
#include <stdint.h>

enum {
    LB_RECORD_LEN = 128,
    LB_RECORD_BODY = 104,
    LB_BATCH_MAX = 30,     /* records in one block: one commit */
    LB_DOOR_NONE = 0xFFFF, /* a record about the cabinet */
    LB_DOOR_MAX = 1024
};

struct lb_record {
    uint8_t type;
    uint8_t kind;
    uint16_t door;
    uint32_t ref;
    uint64_t stay;
    uint64_t powered_ms;
    uint8_t body[LB_RECORD_BODY];
};

/* Records that must land in one block, whole or not at all. */
struct lb_batch {
    size_t count;
    struct lb_record rec[LB_BATCH_MAX];
};

enum lb_record_type {
    LB_REC_NONE = 0,
    LB_REC_BOOT = 1,       /* a process took over; ref = boot number */
    LB_REC_MANIFEST = 2,   /* kind = part, ref = total bytes; body = bytes */
    LB_REC_ROWS = 3,       /* door = first, kind = 1..6 digests of 16 B */
    LB_REC_COMMISSION = 4, /* kind 0 first, 1 amendment */
    LB_REC_STAY = 5,       /* keys: courier, release, return; return_after_s
                            * u32; uses u8 */
    LB_REC_GRANT = 6,      /* grant hash 32, parcel_ref 16, issuer id 8,
                            * not_before u64, valid_for_s u32 */
    LB_REC_INTENT = 7,     /* kind = enum lb_open; ref = intent number;
                            * body below */
    LB_REC_RESULT = 8,     /* kind = enum lb_outcome; ref = its intent;
                            * body[0] 1: no sensor saw that it opened */
    LB_REC_LEAF = 9,       /* kind = enum lb_leaf_fact; body[0] assumed */
    LB_REC_CUSTODY = 10,   /* kind = new custody; body[0] old, [1] enum
                            * lb_cause */
    LB_REC_ORDER = 11,     /* kind = service action 2..4; body below */
    LB_REC_SEAL = 12,      /* kind = slot 0 or 1; body = the seal */
    LB_REC_TRY = 13,       /* kind 1: also spends one of the cabinet's */
    LB_REC_TRY_BACK = 14,  /* a right code gives its stay's tries back */
    LB_REC_REFUSAL = 15,   /* kind = enum lb_ask_kind; body: rule u16,
                            * count u32, claimed key_id 8 */
    LB_REC_ALARM = 16,     /* kind = enum lb_alarm; ref = its intent, or 0;
                            * body[0] of jammed: pulses sent */
    LB_REC_TIME = 17,      /* body: time floor u64, Unix s */
    LB_REC_BOARD = 18,     /* ref = board; kind 0 away, 1 back, 2 refused */
    LB_REC_RECEIPT = 19,   /* kind = part; stay = its block; body = bytes of a
                            * receipt, its two parts one behind the other */
    LB_REC_DEVICE = 20,    /* body: public key that signs anchors, 32 */
    LB_REC_RETAIN = 21,    /* blocks below `stay` may go, by the receipt that
                            * stands before it in its block; body as DEVICE */
    /* Checkpoint: the state of the gate, which these records set anew. */
    LB_REC_CKPT_FIRST = 32,
    LB_REC_CKPT_DOOR = 32,
    LB_REC_CKPT_KEYS = 33,
    LB_REC_CKPT_GRANT = 34,
    LB_REC_CKPT_SEAL = 35,
    LB_REC_CKPT_TRIES = 36,
    LB_REC_CKPT_CABINET = 37,
    LB_REC_CKPT_MANIFEST = 38,
    LB_REC_CKPT_HOURLY = 39,
    LB_REC_CKPT_ROWS = 40,
    LB_REC_CKPT_END = 63 /* the checkpoint before it is whole */
};

/*
 * INTENT: custody u8, leaf open u8, by code u8, zero, order_no u64 at 4,
 * reason u32 at 12, the signer's key_id[8] at 16, challenge[16] at 24; then at
 * 40 a proof's signature[64], or a service order's two key_ids and not_after
 * u64. A deposit's signer is its courier; its issuer is in GRANT. ORDER is the
 * same, without custody, leaf and code.
 */
enum lb_intent_body {
    LB_INTENT_CUSTODY = 0,
    LB_INTENT_LEAF = 1,
    LB_INTENT_BY_CODE = 2,
    LB_INTENT_ORDER_NO = 4,
    LB_INTENT_REASON = 12,
    LB_INTENT_SIGNER = 16,
    LB_INTENT_CHALLENGE = 24,
    LB_INTENT_SIG = 40,
    LB_INTENT_KEY_IDS = 40,
    LB_INTENT_NOT_AFTER = 56
};

/* REFUSAL: rule u16, how many were alike u32, the key_id that it claimed. */
enum lb_refusal_body {
    LB_REFUSAL_RULE = 0,
    LB_REFUSAL_COUNT = 2,
    LB_REFUSAL_KEY_ID = 6
};

/* LEAF: assumed u8, zero[7]; of a shut, the powered ms of the last reading
 * that said open, u64 (0: watched until the record's own time). */
enum lb_leaf_body { LB_LEAF_ASSUMED = 0, LB_LEAF_SEEN_OPEN = 8 };

enum lb_result_body { LB_RESULT_ASSUMED = 0 };

enum lb_alarm_body {
    LB_ALARM_PULSES = 0,
    LB_ALARM_DIGEST = 0, /* 32 */
    LB_ALARM_KEY_ID = 32 /* 8 */
};

/* GRANT: hash of all 232 bytes, parcel_ref[16], issuer's key_id[8],
 * not_before u64, valid_for_s u32. */
enum lb_grant_body {
    LB_GRANT_HASH = 0,
    LB_GRANT_PARCEL_REF = 32,
    LB_GRANT_ISSUER = 48,
    LB_GRANT_NOT_BEFORE = 56,
    LB_GRANT_VALID_FOR = 64
};

/*
 * COMMISSION: cabinet_id[16], region u32 at 16, map hash[32] at 20, order_no
 * u64 at 52, doors u16 at 60, two key_ids at 64.
 */
enum lb_commission_body {
    LB_COMMISSION_CABINET = 0,
    LB_COMMISSION_REGION = 16,
    LB_COMMISSION_HASH = 20,
    LB_COMMISSION_ORDER_NO = 52,
    LB_COMMISSION_DOORS = 60,
    LB_COMMISSION_KEY_IDS = 64
};

/* What an open was for; 1..5 are the kinds of proof. */
enum lb_open {
    LB_OPEN_NONE = 0,
    LB_OPEN_RELEASE = 1,
    LB_OPEN_RETURN = 2,
    LB_OPEN_DEPOSIT = 3,
    LB_OPEN_REOPEN = 4,
    LB_OPEN_CANCEL = 5,
    LB_OPEN_SERVICE = 6
};

enum lb_outcome {
    LB_OUTCOME_NONE = 0,
    LB_OUTCOME_OPENED = 1,
    LB_OUTCOME_NEVER_OPENED = 2, /* only from a working sensor */
    LB_OUTCOME_UNKNOWN = 3
};

enum lb_leaf_fact { LB_LEAF_NONE = 0, LB_LEAF_OPENED = 1, LB_LEAF_SHUT = 2 };

enum lb_custody {
    LB_CUSTODY_NONE = 0,
    LB_CUSTODY_VACANT = 1,
    LB_CUSTODY_LOADING = 2,
    LB_CUSTODY_OCCUPIED = 3,
    LB_CUSTODY_EMPTYING = 4,
    LB_CUSTODY_COUNT = 5
};

/* Why custody moved. */
enum lb_cause {
    LB_CAUSE_NONE = 0,
    LB_CAUSE_DEPOSIT = 1,     /* the intent of a deposit */
    LB_CAUSE_OPENED = 2,      /* an open that may empty it saw the leaf open */
    LB_CAUSE_SHUT = 3,        /* the leaf was seen open, then shut */
    LB_CAUSE_WINDOW = 4,      /* the reopen window ended */
    LB_CAUSE_RESTART = 5,     /* the process that was loading is gone */
    LB_CAUSE_NOT_EMPTIED = 6, /* the host says so */
    LB_CAUSE_CLEAR = 7        /* a service order */
};

enum lb_alarm {
    LB_ALARM_NONE = 0,
    LB_ALARM_FORCED = 1,  /* the leaf opened unbidden */
    LB_ALARM_AJAR = 2,    /* open beyond ajar_after_s */
    LB_ALARM_JAMMED = 3,  /* pulsed, never opened */
    LB_ALARM_JOURNAL = 4, /* a gap or damage was found at start */
    /* A genuine receipt says otherwise; `stay` is its block, the body its
     * digest and the key_id of who signed. */
    LB_ALARM_ROLLED_BACK = 5, /* that block is past the head */
    LB_ALARM_FORKED = 6,      /* that block is another one here */
    LB_ALARM_COUNT = 7
};

#endif
