/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_GATE_H
#define LB_GATE_H

/*
 * The gate: what decides whether a latch may move.
 *
 * It owns custody, stays, uses, buckets and challenges as one plain struct.
 * It is a fold: lb_gate_apply() takes a record and changes the state, and is
 * the only function that does so; lb_gate_decide(), lb_gate_tick() and
 * lb_gate_fact() look at the state and return the records to write. The same
 * records, applied to an empty gate in the same order, give the same state:
 * that is what starting up does. What is not folded (challenges, the clock,
 * what the sensors say now) is kept apart in the struct and dies with the
 * process.
 *
 * The order for its owner (lib/cabinet/ask.c, a lock board):
 *   decide -> append the records to the journal -> apply them -> make them
 *   durable -> lb_gate_permit() -> the latch.
 *
 * Freestanding C11: no heap, no OS, no stdio. Time comes in as arguments.
 */

#include "base/crypto.h"
#include "base/permit.h"
#include "base/record.h"

#include <lockbus/error.h>

/* Bounds of the gate. Lengths are those of docs/GRANTS.md. */
enum lb_gate_limits {
    LB_GRANT_LEN = 232,
    LB_PROOF_LEN = 112,
    LB_ORDER_LEN = 208,
    LB_COMMISSION_LEN = 256,
    LB_RECEIPT_LEN = 144,
    LB_MANIFEST_KEYS = 16,
    LB_MANIFEST_SIGS = 10,
    LB_MANIFEST_MAX = 64 + 48 * LB_MANIFEST_KEYS + 72 * LB_MANIFEST_SIGS,
    LB_CODE_MAX = 32,      /* characters of a code's secret part */
    LB_CODE_TEXT_MAX = 80, /* as typed, with its dashes */
    LB_TRIES_MAX = 16,     /* M6: code_tries is at most this */
    LB_ROW_LEN = 16,       /* digest of a door's row in the map */
    LB_SEAL_HEAD = 8,      /* of a seal, the same for all: rule L1 */
    LB_SEAL_KEPT = LB_SEAL_LEN - LB_SEAL_HEAD
};

enum lb_ask_kind {
    LB_ASK_NONE = 0,
    LB_ASK_DEPOSIT = 1,     /* bytes: grant, proof: its proof of kind 3 */
    LB_ASK_PROOF = 2,       /* bytes: a proof of kind 1, 2, 4 or 5 */
    LB_ASK_CODE = 3,        /* bytes: the code's text; verdict DERIVE */
    LB_ASK_CODE_KEY = 4,    /* the worker's answer to DERIVE */
    LB_ASK_ORDER = 5,       /* bytes: a service order */
    LB_ASK_MANIFEST = 6,    /* bytes: a manifest */
    LB_ASK_SEAL = 7,        /* bytes: a seal; door */
    LB_ASK_COMMISSION = 8,  /* bytes: a commissioning order; map */
    LB_ASK_NOT_EMPTIED = 9, /* door: the host says so */
    LB_ASK_RECEIPT = 10     /* bytes: a receipt; R1 to R3 */
};

/* The door map as the configuration has it, for LB_ASK_COMMISSION. */
struct lb_map_view {
    uint16_t doors;
    const uint8_t *hash;               /* LB_HASH_LEN */
    const uint8_t (*rows)[LB_ROW_LEN]; /* `doors` of them */
};

struct lb_ask {
    enum lb_ask_kind kind;
    const uint8_t *bytes; /* borrowed during the call, any length */
    size_t len;
    const uint8_t *proof;
    size_t proof_len;
    uint16_t door;
    bool digits; /* CODE: typed on a keypad of digits */
    /* CODE_KEY: what came of the derivation that verdict DERIVE asked for */
    uint32_t derive_ref;
    bool unsealed, underived; /* some seal opened; no memory to find out */
    const uint8_t *seed;      /* LB_SEED_LEN, when unsealed */
    const struct lb_map_view *map;
};

enum lb_verdict_kind {
    LB_VERDICT_REFUSED = 0, /* rule says why; records hold one REFUSAL */
    LB_VERDICT_DONE = 1,    /* records to write; nothing to open */
    LB_VERDICT_PERMIT = 2,  /* after `records` are durable: lb_gate_permit() */
    LB_VERDICT_DERIVE = 3   /* after `records` (the TRY) are durable: unseal */
};

struct lb_verdict {
    enum lb_verdict_kind kind;
    enum lockbus_rule rule;
    uint16_t door; /* LB_DOOR_NONE when none was named or known */
    enum lb_open open;
    uint32_t ref;    /* PERMIT: the intent; DERIVE: derive_ref */
    bool board_away; /* that alone refused: ask it again, then decide */
    bool is_code;    /* CODE: of the right form, for a stay or for none */
    struct lb_batch records;
};

/* What DERIVE hands to the worker. Wipe after use. */
struct lb_derive {
    uint32_t ref;
    size_t seals; /* 1 or 2 */
    uint8_t seal[2][LB_SEAL_LEN];
    uint8_t ad[LB_SEAL_AD_LEN];
    uint8_t release_pk[LB_KEY_LEN];
    char password[LB_CODE_MAX];
    size_t password_len;
};

enum lb_fact {
    LB_FACT_NONE = 0,
    LB_FACT_LEAF_OPENED = 1, /* the sensor went, or was assumed, open */
    LB_FACT_LEAF_SHUT = 2,
    LB_FACT_NEVER_OPENED = 3, /* ref: from a working sensor, at the deadline */
    LB_FACT_UNKNOWN = 4       /* ref: no answer can be had */
};

/* What a door's content sensor says; NONE: it has no such sensor. */
enum lb_content {
    LB_CONTENT_NONE = 0,
    LB_CONTENT_UNKNOWN = 1, /* not read, or its board is away */
    LB_CONTENT_EMPTY = 2,
    LB_CONTENT_FULL = 3
};

/* What an open that made a door EMPTYING was for. */
enum lb_emptied {
    LB_EMPTIED_UNKNOWN = 0, /* by an older version's checkpoint */
    LB_EMPTIED_RELEASE = 1,
    LB_EMPTIED_RETURN = 2,
    LB_EMPTIED_CANCEL = 3
};

enum lb_challenge_use { LB_CHALLENGE_PROOF = 0, LB_CHALLENGE_SERVICE = 1 };

/* A door's challenges of one use: the newest, and the one before it. */
struct lb_challenges {
    uint8_t bytes[2][16];
    uint32_t made_s[2]; /* powered s, rounded down, plus 1; 0: none lives */
};

struct lb_limits {
    uint8_t max_open_occupied, max_open_vacant;
    uint16_t interlock_hold_s;
    uint8_t burst, per_hour, return_burst, return_per_hour;
    uint8_t service_burst, service_per_hour;
    uint8_t code_tries, code_tries_per_hour;
    uint16_t reopen_window_s, ajar_after_s, max_grant_hours;
    uint16_t challenge_ttl_s, service_ttl_s;
    uint8_t code_min_bits;
};

struct lb_manifest_key {
    uint8_t role;
    uint32_t from_epoch, region_first, region_last;
    uint8_t key[LB_KEY_LEN];
};

struct lb_manifest {
    uint8_t operator_id[16];
    uint32_t number, epoch;
    uint64_t issued_at;
    uint8_t threshold, key_count;
    struct lb_limits limits;
    struct lb_manifest_key keys[LB_MANIFEST_KEYS];
    uint8_t hash[LB_HASH_LEN]; /* BLAKE2b-256 of all its bytes */
};

/* A bucket's level in parts of a token: one token is 3,600,000, so that
 * per_hour tokens an hour are per_hour parts a millisecond. */
struct lb_bucket {
    uint32_t level;
    uint64_t at_ms;
};

/*
 * One door. There are hundreds, and all of them may be full, so that this is
 * most of a cabinet's memory: the wide fields come first, flags are bits, and
 * times that are only compared with lengths of minutes are whole seconds,
 * rounded so that the door is refused rather than opened.
 */
struct lb_gate_door {
    /* folded */
    uint64_t stay;            /* the last one, kept */
    uint64_t first_intent_ms; /* of this stay */
    uint64_t return_due_ms;
    uint64_t open_at_ms, shut_at_ms; /* the leaf's last changes */
    /* the open in progress, and how it counts against the others */
    uint64_t intent_ms;
    uint32_t intent_ref, intent_boot;
    union {
        /* before it is OCCUPIED: its deposit may be repeated (D9) */
        uint8_t grant_hash[LB_HASH_LEN];
        /* from then on: tries of codes (C2), powered s, rounded up; 0:
         * unused. See lb_door_has_tries(). */
        uint32_t tries_s[LB_TRIES_MAX];
    };
    uint8_t courier_pk[LB_KEY_LEN], release_pk[LB_KEY_LEN];
    uint8_t return_pk[LB_KEY_LEN];
    uint8_t parcel_ref[16], issuer[8];
    uint8_t row[LB_ROW_LEN]; /* of the map in force; zeros: no such door */
    uint8_t seal[2][LB_SEAL_KEPT];      /* without their heads */
    uint8_t custody;                    /* enum lb_custody */
    uint8_t seals;                      /* bit 0 and 1: slots in use */
    uint8_t courier_uses, release_uses; /* granted */
    uint8_t courier_spent, release_spent;
    uint8_t intent_open, intent_custody; /* custody at the intent */
    uint8_t last_outcome;                /* of intent_ref; 0 while live */
    bool blocked : 1, frozen : 1, visit : 1, seen_open : 1, long_open : 1;
    bool maybe_open : 1;    /* a result of this stay was unknown */
    bool leaf_was_open : 1; /* by the journal */
    bool open_cut : 1;      /* a restart fell into that opening: for how long
                             * somebody saw it, nobody knows */
    bool intent_live : 1;   /* no RESULT yet */
    bool counts : 1, count_opened : 1;
    unsigned emptied_by : 2; /* enum lb_emptied */
    /* not folded: this process only */
    struct lb_challenges challenge[2]; /* by use */
    bool leaf_open : 1, leaf_known : 1, board_here : 1;
    bool permit_due : 1;  /* intent made, none given */
    unsigned content : 2; /* enum lb_content */
};

enum { LB_BUCKET_RELEASE, LB_BUCKET_RETURN, LB_BUCKET_SERVICE, LB_BUCKETS };

struct lb_gate {
    /* folded */
    struct lb_gate_door *doors;      /* the owner's storage, door_cap of them */
    uint8_t (*row_next)[LB_ROW_LEN]; /* staged rows, or NULL: lb_gate_stage() */
    uint16_t door_cap, door_count;
    bool commissioned;
    uint8_t cabinet_id[16];
    uint32_t region;
    uint8_t map_hash[LB_HASH_LEN];
    struct lb_manifest manifest; /* number 0: none yet */
    uint64_t last_order_no;
    uint64_t floor_s;
    struct lb_bucket bucket[LB_BUCKETS];
    uint32_t hourly_s[255]; /* the cabinet's tries, as a door's tries_s */
    uint32_t last_ref, boot;
    uint8_t staging[LB_MANIFEST_MAX]; /* the manifest's bytes */
    uint16_t staged, manifest_len;    /* parts so far; whole when in force */
    /* not folded */
    bool running; /* lb_gate_clock() was called: the fold is over */
    uint64_t powered_ms;
    uint64_t time_s; /* told by the host, with its trust */
    bool time_known, time_trusted;
    uint64_t time_told_ms; /* powered */
    uint64_t floor_live_s; /* by trusted time, not yet in the journal */
    bool booted;           /* this process's BOOT was applied */
    bool shut_down;        /* an fdatasync failed: nothing opens */
    /* the code that is being derived */
    uint32_t derive_ref, derive_last; /* 0: none under way */
    bool derive_tried;                /* its TRY was applied */
    uint16_t derive_door;
    uint64_t derive_stay;
    char derive_password[LB_CODE_MAX];
    uint8_t derive_len;
};

/* Places an empty gate into the owner's storage. */
void lb_gate_init(struct lb_gate *gate, struct lb_gate_door *doors,
                  uint16_t door_cap);

/* The doors have more room, or less, behind those that stay as they are;
 * `doors` begins with the old ones. Not while a snapshot goes on. */
void lb_gate_resize(struct lb_gate *gate, struct lb_gate_door *doors,
                    uint16_t door_cap);

/* Storage for the rows of a map that is coming in, LB_DOOR_MAX of them, as
 * they are left; NULL: no map is staged, and ROWS are refused. Needed from the
 * first ROWS record to the COMMISSION behind them. */
void lb_gate_stage(struct lb_gate *gate, uint8_t (*rows)[LB_ROW_LEN]);

/* How many doors a record speaks of: one more than the highest, 0 for none. */
uint32_t lb_gate_names(const struct lb_record *record);

/* ---- The fold ----------------------------------------------------------- */

/* Records of the wrong form change nothing and return false: the journal's
 * tags were verified before, so that means a damaged or newer journal. */
bool lb_gate_apply(struct lb_gate *gate, const struct lb_record *record);

/* A block's own times: powered time never falls, trusted time raises the
 * floor. Called before the block's records at start, and never else. */
void lb_gate_block(struct lb_gate *gate, uint64_t powered_ms, uint64_t unix_s,
                   bool trusted);

/* The state as records, for a checkpoint. `*cursor` starts at 0; returns how
 * many were written to `out`, 0 when all are out (the last is CKPT_END).
 * `cap` is LB_BATCH_MAX: what one call gives must land in one block. Between
 * calls the state may change: records already given are folded again by
 * whatever the journal holds after them. */
size_t lb_gate_snapshot(const struct lb_gate *gate, uint32_t *cursor,
                        struct lb_record *out, size_t cap);

/* ---- Time and the world ------------------------------------------------- */

/* Powered time goes on; it never falls. The first call ends the fold: only
 * then does tick have anything and does BOOT start this process. */
void lb_gate_clock(struct lb_gate *gate, uint64_t powered_ms);

/* The host tells the time. Trusted time raises the floor, untrusted time
 * does nothing to it; trusted time of 2^36 or more is ignored. A manifest
 * ends trust: block headers say what gate->time_trusted says. */
void lb_gate_time(struct lb_gate *gate, uint64_t unix_s, bool trusted);

/* What the sensor and the board of a door say now. Of a door without sensor
 * the owner tells the leaf it assumes, as known. */
void lb_gate_live(struct lb_gate *gate, uint16_t door, bool board_here,
                  bool leaf_known, bool leaf_open);

/* What a content sensor says; without one it is never called. It can only
 * protect: a door is not VACANT by time before its sensor says empty. */
void lb_gate_content(struct lb_gate *gate, uint16_t door,
                     enum lb_content content);

/* enum lb_emptied of an enum lb_open. */
unsigned lb_emptied_by(uint8_t open);

/* Records that time alone asks for: BOOT first, then what a restart ends,
 * ends of windows, a raised floor. Apply them and call again until it
 * returns 0, before anything is decided. */
size_t lb_gate_tick(const struct lb_gate *gate, struct lb_record *out,
                    size_t cap);

/* When tick may next have something, in powered ms; UINT64_MAX for never. */
uint64_t lb_gate_next_ms(const struct lb_gate *gate);

/* Records that follow from a fact, at most 4. Facts without consequence (a
 * second shut, a result for an old intent) give 0; so do all before BOOT was
 * applied. An opening resolves its intent by itself. */
struct lb_gate_fact {
    uint16_t door;
    enum lb_fact fact;
    uint32_t ref; /* of NEVER_OPENED and UNKNOWN: the intent */
    bool assumed; /* of a leaf without a sensor */
    /* of LEAF_SHUT: powered time of the last reading that said open; 0: it was
     * watched until now. An opening lasts no longer than somebody looked. */
    uint64_t seen_open_ms;
};
size_t lb_gate_fact(const struct lb_gate *gate, struct lb_gate_fact what,
                    struct lb_record *out, size_t cap);

/* ---- Deciding ----------------------------------------------------------- */

/* The door's outstanding challenge, or a new one of `random`. OK, or USAGE
 * when the door does not exist. */
enum lockbus_err lb_gate_challenge(struct lb_gate *gate, uint16_t door,
                                   enum lb_challenge_use use,
                                   const uint8_t random[16], uint8_t out[16]);

/* Applies the rules in order; the first that fails refuses. Changes nothing
 * but, for a code, the derivation that is under way. */
void lb_gate_decide(struct lb_gate *gate, const struct lb_ask *ask,
                    struct lb_verdict *verdict);

/* A refusal by a rule of a receipt that is the journal's to know. */
void lb_gate_refuse(const struct lb_gate *gate, const struct lb_ask *ask,
                    enum lockbus_rule rule, struct lb_verdict *verdict);

/* The digests of a map as ROWS records, which the owner appends and applies
 * before the records of a COMMISSION verdict. `*cursor` starts at 0; returns
 * 0 when all are out. */
size_t lb_gate_rows(const struct lb_map_view *map, uint32_t *cursor,
                    struct lb_record *out, size_t cap, uint64_t powered_ms);

/* The door that an ask names, unverified, so that its board can be asked
 * again before D8, P3 or S3 is decided; LB_DOOR_NONE when it has no form. */
uint16_t lb_gate_peek_door(const struct lb_ask *ask);

/* After a DERIVE verdict's TRY is durable. */
bool lb_gate_derive(const struct lb_gate *gate, uint32_t ref,
                    struct lb_derive *out);

/* Once for each intent, after its records are durable, in this process, and
 * before its deadline; else false and no permit. */
bool lb_gate_permit(struct lb_gate *gate, uint32_t ref,
                    struct lb_permit *permit);

/* fdatasync failed: refuse every open until restart. */
void lb_gate_shut_down(struct lb_gate *gate);

/* ---- Looking ------------------------------------------------------------ */

/* Whether the map has this door. */
bool lb_gate_has_door(const struct lb_gate *gate, uint16_t door);

/* The lowest time a grant may end at: never below what the journal knows. */
uint64_t lb_gate_floor(const struct lb_gate *gate);

/* How many doors other than `except` count as open by custody class. */
unsigned lb_gate_open_count(const struct lb_gate *gate, bool from_occupied,
                            uint16_t except);

#endif
