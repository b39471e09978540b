/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CABINET_H
#define LB_CABINET_H

/*
 * The handle that ties gate, latches, journal and buses together.
 *
 * Who does what:
 *   cabinet.c     open and close: wiring
 *   storage.c     the journal's folder, reading it back, what is wrong there
 *   memory.c      storage that depends on the journal
 *   commission.c  the first blocks of a journal, and amendments
 *   poll.c        one round of everything, and when to come again
 *   wire.c        from the configuration to doors, boards and buses
 *   ask.c         the one path of an open, and all journal effects
 *   code.c        a code's path, refused or not, to its one answer
 *   derive.c      its derivation on the worker, and what hides which it was
 *   recheck.c     asks that wait for a board's second chance
 *   reports.c     what buses report -> doors
 *   facts.c       a door's latch -> facts -> the gate
 *   refusal.c     refusals on record, at a bounded pace
 *   event.c       what the host is told
 *   custody.c     why custody moved
 *   view.c        copies for the host
 *   lines.c       copies of lines and boards, and a line's hourly event
 *   trace.c       every frame into a file, where the host wishes for it
 *   acknowledge.c anchors out, receipts in
 *   archive.c     old segments let go
 *
 * Three clocks, never mixed: `now_us` is the host's monotonic clock, as told
 * to poll; `now_ms` is the same in milliseconds, for latches; powered time is
 * the gate's, over all boots: base_powered_ms + now_ms - start_ms.
 */

#include "bus/bus.h"
#include "cabinet/archive.h"
#include "cabinet/config.h"
#include "cabinet/derive.h"
#include "cabinet/event.h"
#include "cabinet/trace.h"
#include "door/latch.h"
#include "gate/gate.h"
#include "journal/journal.h"
#include "os/os.h"

#include <lockbus/cabinet.h>
#include <lockbus/grant.h>

enum lb_cabinet_limits {
    LB_BLIND_US = 1000000,     /* a door not read for this long is unwatched */
    LB_RECHECKS = 4,           /* asks waiting for a board's second chance */
    LB_RECHECK_MS = 400,       /* how long one waits */
    LB_REFUSALS = 16,          /* kinds of refusal counted within a second */
    LB_FACTS = 64,             /* facts waiting for room in the journal */
    LB_EVENT_TEXTS = 64,       /* sentences that events can have */
    LB_HEARTBEAT_MS = 3600000, /* a block is written at least this often */
    LB_BOARD_NOTE_MS = 10000,  /* a flapping board is noted this often, */
    LB_BOARD_NOTE_FREE = 6,    /* and after so many times */
    LB_BOARD_NOTE_STEPS = 6,   /* half as often, so many times */
    LB_MISS_RUNS = 4,          /* of missed replies are told, */
    LB_MISS_TELL_S = 60,       /* and one more each time */
    LB_LINE_TELL_MS = 3600000, /* what a line did is told this often */
    LB_CLOSE_US = 300000,
    LB_CLOSE_UNKNOWN = 1000, /* turns without a clock */
    LB_BOARD_NEW = 0xFF      /* state of one that was never here */
};

/* What a ticket waits for. */
enum lb_ticket_state {
    LB_TICKET_FREE = 0,
    LB_TICKET_RECHECK = 1,   /* its board is asked once more */
    LB_TICKET_RECORD = 2,    /* its records are not durable yet */
    LB_TICKET_TRY = 3,       /* a code's try is not durable yet */
    LB_TICKET_DERIVE = 4,    /* Argon2id is at work */
    LB_TICKET_PERMITTED = 5, /* the latch has its permit */
    LB_TICKET_COMPARE = 6    /* a receipt is compared with the journal */
};

struct lb_ticket {
    enum lb_ticket_state state;
    uint32_t id;
    uint32_t ref; /* the intent, or the derivation */
    uint64_t seq; /* the block that its records are in */
    uint16_t door;
    uint16_t rule;  /* of a code that was refused before it was derived */
    bool opens;     /* PERMIT, else DONE */
    bool accepted;  /* the board confirmed a pulse */
    uint8_t pulses; /* on the wire so far */
};

/* An ask that is decided again when its board had its second chance. */
struct lb_recheck {
    uint32_t ticket; /* 0: free */
    enum lb_ask_kind kind;
    uint64_t until_ms;
    uint16_t door;
    size_t len, proof_len, seal_len;
    uint8_t bytes[LB_GRANT_LEN], proof[LB_PROOF_LEN], seal[LB_SEAL_LEN];
};

struct lb_refusal {
    enum lockbus_rule rule; /* NONE: several, see refusal.c */
    struct lb_record record;
    uint32_t count; /* 0: free */
};

/* A fact, or an alarm when `alarm` says so. */
struct lb_pending_fact {
    uint16_t door;
    enum lb_fact fact;
    enum lb_alarm alarm;
    uint32_t ref;
    bool assumed;
    uint8_t pulses;        /* of JAMMED */
    uint32_t ticket;       /* whose open it belongs to; 0: none */
    uint64_t seen_open_ms; /* LEAF_SHUT: see struct lb_gate_fact */
};

/* One door as wired. The gate has its custody, this has its latch; texts and
 * what else is rarely asked for are lb_config_door()'s. */
struct lb_slot {
    struct lb_latch latch;
    uint64_t assume_shut_ms; /* without a sensor: when it counts as shut */
    uint32_t ticket;         /* whose permit the latch has */
    uint8_t board;           /* index into cabinet->boards */
    uint8_t channel;
    bool used : 1, sensor : 1;
    bool leaf_known : 1, leaf_open : 1;
    bool blind : 1; /* nobody looked for a while of that permit */
};

struct lb_cabinet_board {
    unsigned number;
    uint8_t bus, index; /* on that bus */
    bool here;
    uint8_t state, noted; /* kinds of LB_REC_BOARD: now, and on record */
    uint8_t note_step;    /* it was noted so often, one time soon after another
                           */
    uint8_t miss_runs;    /* missed replies told of lately */
    bool miss_told;       /* the run that lasts is one of them */
    uint32_t miss_s;      /* miss_runs falls by one then */
    uint64_t seen_us;     /* newest reading as of the poll before this one */
    uint64_t noted_ms;
    uint16_t door[LB_PROFILE_CHANNELS]; /* by channel; LB_DOOR_NONE */
};

/* What events say of a port, and of its line since the last one of those. */
struct lb_port_words {
    char lost[96], open[96], slow[96], counts[96];
    struct lb_bus_counters told;
    uint64_t told_ms;
    bool timed; /* told_ms is a time */
};

struct lockbus_cabinet {
    struct lb_gate gate;
    struct lb_gate_door *gate_doors;
    uint8_t (*row_next)[LB_ROW_LEN]; /* while a map is staged, else NULL */
    struct lb_config *config;
    struct lb_slot *slots; /* by door number */
    uint16_t door_count;
    struct lb_cabinet_board *boards;
    size_t board_count;
    struct lb_bus *bus[LB_CONFIG_BUSES];
    struct lockbus_line line[LB_CONFIG_BUSES];
    bool line_ours[LB_CONFIG_BUSES];
    struct lb_trace *trace;     /* NULL: none */
    struct lb_port_words *port; /* by bus */
    size_t bus_count;
    uint8_t (*map_rows)[LB_ROW_LEN]; /* at an amendment: of the new map */

    struct lb_store store;
    struct lb_journal *journal;
    struct lb_recovery recovery;
    uint64_t written; /* block of what was appended last */
    struct lb_archive archive;
    bool fold_whole; /* folded from the first block, or a whole checkpoint */
    struct lb_worker *worker;
    struct lb_journal_job journal_job;
    struct lb_derive_job derive_job;
    bool journal_busy, derive_busy, derive_ended;
    uint64_t code_paid_ms; /* the codes so far have had their pace by then */
    bool journal_failed, locked_in_memory;
    int failure_errno;     /* with journal_failed: how, */
    char failure_text[96]; /* and for an event */
    struct lb_loop loop;

    bool polled, released;
    uint64_t now_us, now_ms, start_ms, base_powered_ms, last_block_ms;
    uint64_t next_us;
    uint64_t due_us; /* something is due then that comes from no bus */
    bool rests;      /* until then, or news, there is nothing to look for */

    struct lb_ticket ticket[LOCKBUS_TICKETS];
    uint32_t last_ticket;
    struct lb_recheck recheck[LB_RECHECKS];
    struct lb_refusal refusal[LB_REFUSALS];
    uint64_t refusals_at_ms;
    bool refusals_sent;
    struct lb_pending_fact fact[LB_FACTS];
    size_t fact_count;
    struct lb_waiting_event event[LOCKBUS_EVENTS];
    const char *text[LB_EVENT_TEXTS]; /* those that events had so far */
    size_t event_head, event_count;
    uint32_t events_lost;

    uint8_t file_manifest[LB_MANIFEST_MAX]; /* of the configuration */
    size_t file_manifest_len;
    bool file_manifest_there; /* and not presented yet */
};

/* ---- event.c ------------------------------------------------------------- */

/* The end of a ticket: the event, and the ticket is free. */
void lb_ticket_end(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                   enum lockbus_event_kind kind, enum lockbus_rule rule,
                   const char *text);
struct lb_ticket *lb_ticket_find(struct lockbus_cabinet *cab, uint32_t id);
struct lb_ticket *lb_ticket_of_ref(struct lockbus_cabinet *cab, uint32_t ref);

/* ---- ask.c -----------------------------------------------------------------
 */

/* Decides, writes, applies; sets *id. `seal` may come with a deposit. */
enum lockbus_err lb_ask(struct lockbus_cabinet *cab, const struct lb_ask *ask,
                        const uint8_t *seal, size_t seal_len, uint32_t *id,
                        struct lockbus_error *why);
/* Decided on a ticket that the host already has: a refusal is an event. */
void lb_ask_again(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                  const struct lb_ask *ask, const uint8_t *seal);
/* Appends and applies; false when there is no room or the journal failed.
 * `_for`: a ticket has caused it, which the host is told. */
bool lb_write(struct lockbus_cabinet *cab, const struct lb_record *records,
              size_t count);
bool lb_write_for(struct lockbus_cabinet *cab, uint32_t ticket,
                  const struct lb_record *records, size_t count);
/* Tickets whose time has come: rechecks, durable records, derivations. */
void lb_ask_advance(struct lockbus_cabinet *cab);
/* A worker's job ended. */
void lb_ask_worker_ended(struct lockbus_cabinet *cab);
void lb_ask_commit(struct lockbus_cabinet *cab);
/* `text`: how. */
void lb_journal_has_failed(struct lockbus_cabinet *cab, const char *text);

/* IO or BUSY while nothing can be asked. */
enum lockbus_err lb_ask_ready(const struct lockbus_cabinet *cab,
                              struct lockbus_error *why);
/* NULL: too many are unfinished. */
struct lb_ticket *lb_ticket_new(struct lockbus_cabinet *cab);

/* ---- facts.c ---------------------------------------------------------------
 */

/* Facts that waited for room in the journal. */
void lb_facts_flush(struct lockbus_cabinet *cab);
/* At the start of a poll: permits during which nobody looked for LB_BLIND_US
 * can no longer end as "never opened". At its end: what was seen until now. */
void lb_facts_watch(struct lockbus_cabinet *cab, uint64_t now_us);
void lb_facts_seen(struct lockbus_cabinet *cab);
void lb_facts_due(struct lockbus_cabinet *cab);
/* No further pulse for this door; what came of its permit is unknown. */
void lb_facts_withdraw(struct lockbus_cabinet *cab, uint16_t door);
/* An intent that got no permit, or no pulse. */
void lb_facts_unknown(struct lockbus_cabinet *cab, uint16_t door, uint32_t ref);
/* A corroborated or assumed reading of a leaf: to the gate and the latch. */
void lb_leaf(struct lockbus_cabinet *cab, uint16_t door, bool open);
/* One step of a door's latch with all that follows from it; its effects. */
unsigned lb_step(struct lockbus_cabinet *cab, uint16_t door,
                 enum lb_latch_event what);
/* The end of what the door's permit was for, as the host sees it. */
void lb_slot_end(struct lockbus_cabinet *cab, struct lb_slot *slot,
                 enum lockbus_event_kind kind);
/* A permit goes to the latch and its pulse to the bus. */
void lb_release(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                const struct lb_permit *permit);
/* Tells the gate what the door's sensor and board say right now. */
void lb_facts_live(struct lockbus_cabinet *cab, uint16_t door);
uint64_t lb_facts_next_ms(const struct lockbus_cabinet *cab);

/* ---- reports.c ---------------------------------------------------------- */

void lb_facts_from_buses(struct lockbus_cabinet *cab);
/* A warning for each board whose pulses this host ends. */
void lb_facts_host_timed(struct lockbus_cabinet *cab);
/* Marks results that say opened of doors without a sensor. */
void lb_facts_assumed(const struct lockbus_cabinet *cab,
                      struct lb_record *records, size_t count);

/* ---- lines.c ------------------------------------------------------------ */

/* The line was lost, or opened: what else the host is told of it. */
void lb_lines_lost(struct lockbus_cabinet *cab, size_t bus);
void lb_lines_opened(struct lockbus_cabinet *cab, size_t bus);
/* A board that missed a reply, or answers again. */
void lb_lines_missed(struct lockbus_cabinet *cab,
                     struct lb_cabinet_board *board,
                     const struct lb_report *report);
/* Adds its counts to what an event says of a board on its way. */
void lb_lines_board_says(const struct lockbus_cabinet *cab,
                         struct lockbus_event *event);
/* Once an hour: what each line did. */
void lb_lines_due(struct lockbus_cabinet *cab);

/* ---- refusal.c
 * --------------------------------------------------------------- */

void lb_refusal_note(struct lockbus_cabinet *cab,
                     const struct lb_verdict *verdict);
/* `now`: whatever the pace, at the end. */
void lb_refusal_flush(struct lockbus_cabinet *cab, bool now);

/* ---- cabinet.c
 * --------------------------------------------------------------- */

/* A cabinet with its configuration and an empty gate, no more; on failure what
 * *out then holds is for lockbus_cabinet_close(). */
enum lockbus_err lb_cabinet_new(struct lockbus_cabinet **out,
                                const char *config_path,
                                struct lockbus_error *why);

/* ---- storage.c ---------------------------------------------------------- */

/* Opens the journal's folder and takes its lock. */
enum lockbus_err lb_storage_open(struct lockbus_cabinet *cab, bool create,
                                 struct lockbus_error *why);
/* Into an opened store: reads the gate back from the journal. */
enum lockbus_err lb_storage_recover(struct lockbus_cabinet *cab,
                                    struct lockbus_error *why);
/* What the folder said of its last failure, or `text`. Only while no write is
 * under way. */
enum lockbus_err lb_storage_why(const struct lockbus_cabinet *cab,
                                enum lockbus_err err, const char *text,
                                struct lockbus_error *why);

/* ---- memory.c ----------------------------------------------------------- */

/* Takes the configuration over; the gate is empty, with its doors. NOMEM. */
enum lockbus_err lb_memory_new(struct lockbus_cabinet *cab,
                               struct lb_config *config);
/* All that lb_memory_new() and what followed it allocated. */
void lb_memory_free(struct lockbus_cabinet *cab);
/* Bytes that are allocated now, but for what other libraries took. */
size_t lb_memory_bytes(const struct lockbus_cabinet *cab);
/* Room for what the record speaks of, before it is applied. NOMEM. */
enum lockbus_err lb_memory_for(struct lockbus_cabinet *cab,
                               const struct lb_record *record);
/* The journal is read: what it took to read it goes. NOMEM. */
enum lockbus_err lb_memory_trim(struct lockbus_cabinet *cab);
void lb_memory_unstage(struct lockbus_cabinet *cab);

/* ---- wire.c ------------------------------------------------------------- */

/* Doors, boards, lines and buses as the configuration has them. */
enum lockbus_err lb_cabinet_wire(struct lockbus_cabinet *cab,
                                 const struct lockbus_options *options,
                                 struct lockbus_error *why);

/* "main: TEXT (pty:/dev/pts/3)"; what does not fit is cut at the end. */
void lb_port_say(const struct lb_config_bus *bus, const char *text,
                 char out[96]);

/* ---- code.c ------------------------------------------------------------- */

/* True, and BUSY's reason, while no code can be taken. */
bool lb_code_waits(const struct lockbus_cabinet *cab,
                   struct lockbus_error *why);
/* Whether this refusal must take as long as any answer to a code. */
bool lb_code_hides(const struct lb_ask *ask, const struct lb_verdict *verdict);
/* The refusal on its way to that answer. */
void lb_code_refuse(struct lockbus_cabinet *cab, struct lb_ticket *ticket,
                    const struct lb_verdict *verdict);
/* Starts the derivation; when none can be made, the gate is told so. */
void lb_code_start(struct lockbus_cabinet *cab, struct lb_ticket *ticket);
void lb_code_end(struct lockbus_cabinet *cab, struct lb_ticket *ticket);

/* ---- recheck.c ---------------------------------------------------------- */

/* Keeps an ask whose board is away until the board had its second chance;
 * false: no place for it, decide now. */
bool lb_recheck_park(struct lockbus_cabinet *cab, const struct lb_ask *ask,
                     const uint8_t *seal, size_t seal_len,
                     struct lb_ticket *ticket);
void lb_recheck_advance(struct lockbus_cabinet *cab);
void lb_recheck_forget(struct lockbus_cabinet *cab);

/* ---- shared
 * ------------------------------------------------------------------- */

/* Fills in `why` (when not NULL) and returns err. */
enum lockbus_err lb_reason(struct lockbus_error *why, enum lockbus_err err,
                           const char *field, const char *text);
/* IO: the system gives no random bytes. */
enum lockbus_err lb_no_random(struct lockbus_error *why);
/* USAGE: no door has this number. */
enum lockbus_err lb_no_door(struct lockbus_error *why, uint16_t number);
enum lockbus_err lb_reason_rule(struct lockbus_error *why,
                                enum lockbus_rule rule);

#endif
