/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_JOURNAL_H
#define LOCKBUS_JOURNAL_H

/*
 * Reading a cabinet's journal: what happened, in order, and whether anybody
 * changed it. Reading takes no lock and may be done on a copy; reading while
 * a cabinet writes shows what was durable when each block was read.
 */

#include <lockbus/door.h>

#ifdef __cplusplus
extern "C" {
#endif

enum lockbus_entry_kind {
    LOCKBUS_ENTRY_BOOT = 1,
    LOCKBUS_ENTRY_MANIFEST = 2,
    LOCKBUS_ENTRY_COMMISSION = 4,
    LOCKBUS_ENTRY_STAY = 5,   /* the grant that a deposit brought */
    LOCKBUS_ENTRY_INTENT = 7, /* an open was allowed */
    LOCKBUS_ENTRY_RESULT = 8, /* what came of it */
    LOCKBUS_ENTRY_LEAF = 9,
    LOCKBUS_ENTRY_CUSTODY = 10,
    LOCKBUS_ENTRY_ORDER = 11, /* block, unblock, clear */
    LOCKBUS_ENTRY_SEAL = 12,
    LOCKBUS_ENTRY_TRY = 13, /* a code was typed */
    LOCKBUS_ENTRY_TRY_BACK = 14,
    LOCKBUS_ENTRY_REFUSAL = 15,
    LOCKBUS_ENTRY_ALARM = 16,
    LOCKBUS_ENTRY_TIME = 17,
    LOCKBUS_ENTRY_BOARD = 18,
    LOCKBUS_ENTRY_RECEIPT = 19, /* the operator has what is up to `about` */
    LOCKBUS_ENTRY_DEVICE = 20,  /* the key that signs this cabinet's anchors */
    LOCKBUS_ENTRY_RETAIN = 21   /* blocks below `about` may go */
};

struct lockbus_entry {
    uint32_t size; /* set by the library */
    enum lockbus_entry_kind kind;
    uint64_t block;
    uint32_t boot;
    uint64_t powered_ms;
    uint64_t unix_s; /* of the block; 0: not known */
    bool trusted;
    uint16_t door; /* 0xFFFF: of none */
    uint64_t stay;
    uint32_t ref;     /* intent number; RESULT refers to its INTENT */
    const char *what; /* "release", "never opened", "D9" ...; static. A
                       * RESULT that rests on no sensor is "unconfirmed" */
    enum lockbus_rule rule;
    uint32_t count;          /* REFUSAL: how many were alike; ALARM "jammed":
                              * how many pulses were sent */
    uint8_t authority[2][8]; /* key_ids: signer; service orders have two */
    uint8_t parcel_ref[16];
    uint64_t order_no;
    uint32_t reason;
    bool by_code, assumed;
    uint64_t about; /* RECEIPT, RETAIN, ALARM "rolled back" and "forked": the
                     * block that it speaks of */
};

struct lockbus_journal;

/* Opens a journal's folder for reading. `root_key` (32 bytes of escrow) or
 * NULL: then tags are not checked. IO, CORRUPT, NOMEM. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_journal_open(struct lockbus_journal **out, const char *dir,
                     const uint8_t *root_key, struct lockbus_error *why);
LOCKBUS_API void lockbus_journal_close(struct lockbus_journal **journal);

/* The next entry; OK with *entry kind 0 at the end; CORRUPT at the first
 * block that is not valid (what came before it is). */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_journal_next(struct lockbus_journal *journal,
                     struct lockbus_entry *entry, struct lockbus_error *why);

struct lockbus_journal_report {
    uint32_t size; /* set before asking */
    uint64_t blocks, records;
    bool intact;
    bool torn_tail; /* a block cut by a power failure; no harm */
    bool tags_checked;
    uint64_t first_bad;   /* when not intact */
    uint64_t first_block; /* above 0: what was before was let go */
    /* The last valid block: an anchor, when kept elsewhere. See
     * lockbus_journal_holds(). */
    uint64_t last_block;
    uint8_t last_digest[32];
    char text[128];
    uint8_t cabinet_id[16];
    bool device_known;      /* the journal says which key signs its anchors: */
    uint8_t device_key[32]; /* believe it when tags were checked */
    uint64_t acknowledged;  /* block of the genuine receipt in the folder;
                             * UINT64_MAX: there is none */
};

/**
 * Checks a whole journal; docs/JOURNAL.md says what that shows and what not.
 * Not intact is also one whose beginning is gone and that holds no genuine
 * receipt for it, and one that ends before the receipt in its folder.
 *
 * @param root_key  The 32 bytes of escrow, or NULL: then only accidents are
 *                  found, and changes by people who did not redo the chain.
 *
 * @return OK: intact. CORRUPT: not, and `report` is filled in all the same;
 *         or there is no journal (report untouched). IO; USAGE.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_journal_verify(const char *dir, const uint8_t *root_key,
                       struct lockbus_journal_report *report,
                       struct lockbus_error *why);

/**
 * Asks whether a journal still has the block that an earlier report named as
 * its last. The end of a journal can be cut off so that what is left
 * verifies; only what was kept elsewhere shows it.
 *
 * @return OK: it is there. CORRUPT: it is not, or is another. IO; USAGE.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_journal_holds(const char *dir, uint64_t block, const uint8_t digest[32],
                      struct lockbus_error *why);

#ifdef __cplusplus
}
#endif
#endif
