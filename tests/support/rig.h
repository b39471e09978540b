/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef RIG_H
#define RIG_H

/*
 * A whole cabinet on a virtual clock: the real library, a real journal in a
 * temporary folder, and boards behind a host line whose frames are made here
 * and share no code with the library's. Time goes on only in rig_run() and
 * its kin, so a day takes a moment and nothing depends on the machine.
 */

#include "../../tools/demo/world.h"

enum { RIG_BOARDS = 4, RIG_DOORS = RIG_BOARDS * 8, RIG_EVENTS = 4096 };

struct rig_board {
    bool powered;
    uint16_t version; /* holding register 0x8000 */
    uint16_t mode[8]; /* 0x1000.. */
    bool coil[8];
    uint64_t coil_until_us[8];
};

struct rig_leaf {
    bool open, stuck; /* stuck: a pulse does not open it */
    int sensor;       /* 0: true to the leaf; 1: says open; -1: shut */
    unsigned pulses;
    uint64_t pulsed_us;  /* the last one's begin */
    uint64_t shut_at_us; /* 0: nobody shuts it */
};

/* Moments at which a process can die: told to `step`, when there is one. */
enum rig_step {
    RIG_POLL,    /* before and after a poll */
    RIG_SEND,    /* before each byte of a request */
    RIG_SENT,    /* the board has the whole of it and has acted */
    RIG_RECEIVED /* the library has what there was of a reply */
};

struct rig {
    void (*step)(struct rig *rig, enum rig_step step); /* NULL: nobody asks */
    struct world world;
    struct lockbus_cabinet *cab;
    uint64_t now_us;
    uint64_t shut_after_us; /* people shut a door after this; 0: never */
    struct rig_board board[RIG_BOARDS];
    struct rig_leaf leaf[RIG_DOORS];
    uint8_t escrow[32];
    int quiet[2];      /* a descriptor that is never readable */
    bool unplugged;    /* the line's port is gone */
    bool worker;       /* to be opened with one; time then waits for its jobs */
    bool with_worker;  /* the same, but time goes on meanwhile */
    const char *trace; /* as lockbus_options has it, and */
    uint64_t trace_max;
    bool closing; /* replies come at once: nobody moves the clock then */
    /* the wire */
    uint8_t request[16], reply[64];
    size_t request_len, reply_len, reply_at;
    uint64_t reply_us, byte_us;
    unsigned writes_seen;            /* requests that are not reads */
    unsigned reads_seen[RIG_BOARDS]; /* of inputs */
    /* what the host was told */
    struct lockbus_event event[RIG_EVENTS];
    size_t events;
};

/* A commissioned, open cabinet whose boards all answer; aborts the test
 * (cmocka) when that fails. */
struct rig *rig_new(void);
void rig_free(struct rig *rig);

/* Commissioned, not yet open; rig_open() opens. */
struct rig *rig_new_closed(void);
/* The same with another cabinet.ini, which rig_open() cannot open unless it
 * has the rig's boards. */
struct rig *rig_new_wired(void (*write_config)(const struct rig *rig));
/* Writes a cabinet.ini of the rig's bus and these lines of [boards] and of
 * [doors]. */
void rig_wire(const struct rig *rig, const char *boards, const char *doors);
void rig_open(struct rig *rig);
enum lockbus_err rig_try_open(struct rig *rig, struct lockbus_error *why);

/* The process dies here: what was not yet written is gone, and nothing is
 * said goodbye to. Opens again on what the disk holds. */
void rig_crash(struct rig *rig);
/* The same, but stays closed. */
void rig_crash_only(struct rig *rig);

/* An orderly end; rig_open() opens again. */
void rig_close(struct rig *rig);

void rig_run(struct rig *rig, uint64_t ms);

/* Time goes by and people act, but the host does not poll. */
void rig_stall(struct rig *rig, uint64_t ms);

/* One byte of a request, for tests with a line of their own; what the boards
 * say to it is then in `reply`. */
void rig_hear(struct rig *rig, uint8_t byte);

/* Runs until the ticket has its end; that event. */
struct lockbus_event rig_finish(struct rig *rig, uint32_t ticket);

/* How many events of a kind about a door (0xFFFF: any) there were. */
unsigned rig_count(const struct rig *rig, enum lockbus_event_kind kind,
                   uint16_t door);
void rig_forget(struct rig *rig); /* the events so far */

enum lockbus_custody rig_custody(const struct rig *rig, uint16_t door);
enum lockbus_latch rig_latch(const struct rig *rig, uint16_t door);

/* All pulses of all doors, and of all doors but one. */
unsigned rig_pulses(const struct rig *rig);
unsigned rig_pulses_but(const struct rig *rig, uint16_t door);

/* A parcel behind a door: granted, opened, shut, OCCUPIED. */
void rig_deposit(struct rig *rig, struct parcel *parcel, uint16_t door,
                 bool code);

/* Presents a release proof by the parcel's key. */
enum lockbus_err rig_release(struct rig *rig, const struct parcel *parcel,
                             uint32_t *ticket, struct lockbus_error *why);

/* A service order by both persons. */
enum lockbus_err rig_service(struct rig *rig, uint16_t door,
                             enum lockbus_service_action action,
                             uint32_t *ticket, struct lockbus_error *why);

/* `to` becomes a copy of a folder of files. */
void rig_copy_folder(const char *path, const char *to);

/* Path of a file in the rig's folder; static storage. */
const char *rig_path(const struct rig *rig, const char *name);

#endif
