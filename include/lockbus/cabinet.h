/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_CABINET_H
#define LOCKBUS_CABINET_H

/*
 * The handle of one cabinet: its boards, its doors, its journal.
 *
 * One thread of yours drives it: wait on lockbus_cabinet_fd() (or
 * lockbus_cabinet_timeout_ms()), call lockbus_cabinet_poll() with the time,
 * take events until there are none. Requests return at once with a ticket;
 * what came of a ticket arrives as events, and each ticket has exactly one
 * that ends it.
 *
 * Clock: `now_us` is a monotonic clock of yours that counts sleep too
 * (CLOCK_BOOTTIME), in microseconds. It is the only clock that powered time,
 * windows and deadlines use. Wall time is told with lockbus_cabinet_time()
 * and can only refuse.
 *
 * Memory: all is allocated by open; nothing after it, except Argon2id's
 * working memory while a code is checked (bounded when its seal arrives).
 */

#include <lockbus/bus.h>
#include <lockbus/door.h>
#include <lockbus/grant.h>
#include <lockbus/line.h>

#ifdef __cplusplus
extern "C" {
#endif

struct lockbus_cabinet;

enum {
    LOCKBUS_TICKETS = 32, /* requests that may be unfinished at once */
    LOCKBUS_EVENTS = 512, /* events that may wait to be taken */
    LOCKBUS_HOST_LINES = 8
};

/* A line of the host's own, for `port = host:NAME`. */
struct lockbus_host_line {
    const char *name;
    struct lockbus_line line;
};

/* Zero it, set size; every other field may stay zero. */
struct lockbus_options {
    uint32_t size; /* sizeof(struct lockbus_options) */
    const struct lockbus_host_line *lines;
    size_t line_count;
    bool without_worker; /* sync and derive inside poll: tests, simulations */
    /* A new file that receives every frame of every bus, for Wireshark
     * (docs/trace.md); NULL: none. Written inside poll, so on a disk that is
     * quick, and not the journal's if that is small. When it cannot be made
     * open fails: USAGE with field `file` when it exists, IO. When it cannot
     * be written later, TRACE_ENDED. */
    const char *trace;
    uint64_t trace_max; /* bytes of it; 0: 2^30 */
};

/* ---- Life --------------------------------------------------------------- */

/**
 * Opens a commissioned cabinet: reads the configuration and its profiles,
 * takes the journal's lock, recovers and folds it, compares the door map with
 * the one that was commissioned. Moves no latch; ports are opened by the
 * first poll, which switches every output off before anything else.
 *
 * @param out          Receives the handle; lockbus_cabinet_close() frees it.
 * @param config_path  The cabinet's configuration file.
 * @param options      NULL for none; read during the call only.
 * @param why          Receives the reason of a failure; not NULL.
 *
 * @return OK; USAGE; CONFIG with file, line and field, also when there is no
 *         journal yet (commission first) or its folder is open to others;
 *         DENIED with rule K5 when the map is not the commissioned one; BUSY
 *         when another process holds the journal; CORRUPT with the place in
 *         `field` when the journal is damaged, another cabinet's, or of a
 *         newer format; IO with sys_errno; NOMEM. docs/ERRORS.md has all.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_cabinet_open(struct lockbus_cabinet **out, const char *config_path,
                     const struct lockbus_options *options,
                     struct lockbus_error *why);

/**
 * Commissions: makes the journal (its folder must not hold one), which begins
 * with this manifest and this order, and declares all doors of the map empty.
 *
 * @param escrow  Receives 32 bytes, the journal's root key. It verifies the
 *                journal from its first block; give it to the operator, keep
 *                no copy in the cabinet.
 *
 * @return as lockbus_cabinet_open(); DENIED with the M or K rule.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_cabinet_commission(const char *config_path, const uint8_t *manifest,
                           size_t manifest_len, const uint8_t *order,
                           size_t order_len, uint8_t escrow[32],
                           struct lockbus_error *why);

/**
 * Applies an amendment order: the configuration's map becomes the
 * commissioned one. Rows of doors that are not VACANT must be unchanged.
 * The cabinet must not be open.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_cabinet_amend(const char *config_path, const uint8_t *order,
                      size_t order_len, struct lockbus_error *why);

/* Switches all outputs off (waits at most 300 ms for it), makes what is on
 * record durable, wipes keys. Null-safe; sets the pointer to NULL. */
LOCKBUS_API void lockbus_cabinet_close(struct lockbus_cabinet **cabinet);

/* ---- Driving it --------------------------------------------------------- */

/**
 * Does everything that is due. Never blocks.
 *
 * @return OK; USAGE when now_us fell or is 2^60 or more: nothing has changed,
 *         and all goes on when it is told right again. Failures of ports,
 *         boards and the disk are events, not errors of poll.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_cabinet_poll(struct lockbus_cabinet *cabinet, uint64_t now_us);

/* One descriptor, readable when poll has something to do; it stays the same
 * for the life of the handle. */
LOCKBUS_API int lockbus_cabinet_fd(const struct lockbus_cabinet *cabinet);

/* The time at which poll wants to be called at the latest, on your clock. */
LOCKBUS_API uint64_t
lockbus_cabinet_deadline_us(const struct lockbus_cabinet *cabinet);

/* The same as a timeout for poll(2), 0 when due, at most 1000. */
LOCKBUS_API int
lockbus_cabinet_timeout_ms(const struct lockbus_cabinet *cabinet,
                           uint64_t now_us);

/* Takes the oldest event; false when there is none. */
LOCKBUS_API bool lockbus_cabinet_next_event(struct lockbus_cabinet *cabinet,
                                            struct lockbus_event *event);

/**
 * Tells the wall time, in Unix seconds. `trusted` means that it comes from a
 * source an attacker on the network cannot move. Trusted time raises the
 * floor below which grants have ended; untrusted time changes nothing that
 * decides. Values of 2^36 and more are refused with USAGE.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_cabinet_time(struct lockbus_cabinet *cabinet, uint64_t unix_s,
                     bool trusted);

/* ---- Asking for an open -------------------------------------------------- */

enum lockbus_challenge_use {
    LOCKBUS_CHALLENGE_PROOF = 0,
    LOCKBUS_CHALLENGE_SERVICE = 1
};

/**
 * The challenge that a proof or a service order for this door must sign. The
 * same is given during the first half of its life. It dies when it is spent,
 * by age, and with the process that gave it.
 *
 * @param why  NULL, or receives which argument was wrong.
 *
 * @return OK; USAGE when there is no such door; IO with field `random` when the
 *         system gives no random bytes.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_challenge(struct lockbus_cabinet *cabinet, uint16_t door,
                  enum lockbus_challenge_use use, uint8_t challenge[16],
                  struct lockbus_error *why);

/*
 * Each of these decides by the rules of docs/GRANTS.md. Nothing is read from
 * the arguments after the call returns. On OK *ticket is set and events
 * follow, of which exactly one ends it (OPENED to UNCONFIRMED); any ticket may
 * end as REFUSED: a board that did not answer in its last round is asked once
 * more before the decision, and a code is tried before it is known. On DENIED
 * `why->rule` says which rule refused and nothing was spent.
 *
 * BUSY: too many tickets are unfinished, an open of the same door is in
 * progress, another code is being checked, or the journal is catching up (so
 * it is until the first poll). IO: the journal has failed; nothing opens until
 * restart. USAGE: an argument is NULL. `why` must not be NULL; it is written
 * on every failure.
 *
 * A door that does not open holds its ticket for the 20 s that a permit lives
 * (its board's pulses are repeated meanwhile); FAILED and JAMMED come at their
 * end. Show the person that the door is being tried.
 *
 * In the first moments after open, before each board has answered once, asks
 * are refused by D8, P3 or S3: wait for BOARD_BACK events.
 */

/* A deposit with the courier's own proof (kind 3). `package` is a
 * DepositPackage (protobuf: the grant and, if there is a code, its seal). */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_deposit(struct lockbus_cabinet *cabinet, const uint8_t *package,
                size_t package_len, const uint8_t *proof, size_t proof_len,
                uint32_t *ticket, struct lockbus_error *why);

/* The same, with the courier's seed (32 bytes, read from a badge): the
 * library takes the challenge and signs. Wipe the seed afterwards. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err lockbus_deposit_with_key(
    struct lockbus_cabinet *cabinet, const uint8_t *package, size_t package_len,
    const uint8_t seed[32], uint32_t *ticket, struct lockbus_error *why);

/* A proof of kind release, return, reopen or cancel. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_open_with_proof(struct lockbus_cabinet *cabinet, const uint8_t *proof,
                        size_t proof_len, uint32_t *ticket,
                        struct lockbus_error *why);

/* The same with a seed (32 bytes) in this process: the library takes the
 * challenge, signs for the stay that is behind the door now, and asks. `kind`
 * is release, return, reopen or cancel; DEPOSIT is USAGE, for it needs its
 * package. Wipe the seed afterwards. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_open_with_key(struct lockbus_cabinet *cabinet, uint16_t door,
                      enum lockbus_proof_kind kind, const uint8_t seed[32],
                      uint32_t *ticket, struct lockbus_error *why);

/* A code as typed, up to 80 characters. The try is made durable, and the code
 * derived, before it is known whether it is right. DENIED only when it has not
 * the form of a code (C1), or by C3. Every other refusal is the event REFUSED,
 * after as much work as a wrong code at the dearest door takes, so that its
 * time does not say where parcels are; show the person the same words for each
 * (lockbus_rule_advice() of C4). BUSY also when codes come too fast: more than
 * five at once, or than one a second after that. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_release_with_code(struct lockbus_cabinet *cabinet, const char *code,
                          uint32_t *ticket, struct lockbus_error *why);

/* A service order: open, block, unblock or clear. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_service(struct lockbus_cabinet *cabinet, const uint8_t *order,
                size_t order_len, uint32_t *ticket, struct lockbus_error *why);

/* ---- Other signed things ------------------------------------------------- */

/* A new manifest. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_manifest(struct lockbus_cabinet *cabinet, const uint8_t *manifest,
                 size_t manifest_len, uint32_t *ticket,
                 struct lockbus_error *why);

/* A second seal for the parcel behind a door. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_seal(struct lockbus_cabinet *cabinet, uint16_t door,
             const uint8_t *seal, size_t seal_len, uint32_t *ticket,
             struct lockbus_error *why);

/* The parcel is still inside: EMPTYING becomes OCCUPIED again. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_not_emptied(struct lockbus_cabinet *cabinet, uint16_t door,
                    uint32_t *ticket, struct lockbus_error *why);

/* ---- The journal's end --------------------------------------------------- */

/**
 * An anchor: which block is the journal's last, signed by this cabinet's
 * device key. Send it to the operator with your own messages, as often as you
 * like (ANCHOR_DUE reminds of it); it is no secret. Whoever has one finds out
 * later that a journal was cut off below it, or that its blocks were redone.
 * Costs one signature; never blocks.
 *
 * @return OK; CORRUPT with field `device` when the device key is missing or
 *         damaged: lockbus_cabinet_amend() makes a new one; USAGE.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_cabinet_anchor(const struct lockbus_cabinet *cabinet,
                       uint8_t anchor[LOCKBUS_ANCHOR_LEN],
                       struct lockbus_error *why);

/**
 * The operator's receipt for an anchor. It is kept and put on record, and the
 * ticket ends DONE; the last one again is DONE too. Where `[journal]
 * keep_days` says so, old segments that it covers are then let go. It opens
 * nothing.
 *
 * @return as other requests. DENIED: R1 to R4, R4 with the event ROLLED_BACK;
 *         the ticket may end REFUSED by R5 (with FORKED), R6 or R7.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_acknowledge(struct lockbus_cabinet *cabinet, const uint8_t *receipt,
                    size_t receipt_len, uint32_t *ticket,
                    struct lockbus_error *why);

/**
 * The public half of a cabinet's device key, which its anchors are verified
 * with. Takes no lock: for commissioning, when the operator notes it down.
 *
 * @param key  Receives 32 bytes.
 *
 * @return as lockbus_config_check(); CORRUPT with field `device` when the key
 *         is missing or damaged; IO, ENOENT when there is no journal.
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_device_key(const char *config_path, uint8_t key[32],
                   struct lockbus_error *why);

/* ---- Looking ------------------------------------------------------------- */

struct lockbus_cabinet_info {
    uint32_t size; /* set before asking */
    char name[64];
    uint8_t cabinet_id[16];
    uint16_t doors; /* highest number + 1 */
    uint32_t manifest_no, epoch, region;
    uint64_t powered_s; /* over all boots */
    uint64_t time_floor_s;
    bool journal_ok, keys_locked_in_memory;
    uint64_t journal_blocks;
    uint64_t journal_first;        /* the first block that is there */
    uint64_t journal_acknowledged; /* the last receipt's block; UINT64_MAX:
                                    * none */
    unsigned boards, boards_present, buses;
    size_t memory_bytes; /* what open allocated, without libmodbus, serial
                          * ports, and the worker's stack */
    uint64_t requests, replies, timeouts, crc_errors, rounds;
};
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_cabinet_info(const struct lockbus_cabinet *cabinet,
                     struct lockbus_cabinet_info *info);

/* A copy of a door; USAGE when there is none of that number, or `door->size`
 * was not set. `why` may be NULL: numbers have gaps, and whoever walks all of
 * them need not hear of each. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_door_at(const struct lockbus_cabinet *cabinet, uint16_t number,
                struct lockbus_door *door, struct lockbus_error *why);

/* The number of the door with this label, letter for letter; USAGE with "no
 * door is labelled X" when there is none. `why` may be NULL. */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_door_find(const struct lockbus_cabinet *cabinet, const char *label,
                  uint16_t *number, struct lockbus_error *why);

/**
 * Reads and checks a configuration and its profiles without opening anything.
 *
 * @param map_hash  Receives the 32 bytes that a commissioning order signs.
 * @param doors     Receives the number of doors (highest number + 1).
 */
LOCKBUS_API LOCKBUS_CHECK enum lockbus_err
lockbus_config_check(const char *config_path, uint8_t map_hash[32],
                     uint16_t *doors, struct lockbus_error *why);

#ifdef __cplusplus
}
#endif
#endif
