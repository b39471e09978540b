/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_POLL_H
#define LB_POLL_H

/*
 * What a bus remembers, shared by the files of this folder: wire.c (bytes,
 * quiet times, echo), leaf.c (readings), attach.c (a board's return), pulse.c
 * (jobs, rest, at_once), presence.c (a link's effects), schedule.c (what goes
 * next), hold.c (pulses that the host ends), doze.c (what need not wake the
 * host), poll.c (an exchange's steps), outcome.c (what came of it), count.c.
 */

#include "board/driver.h"
#include "bus/bus.h"
#include "bus/link.h"
#include "bus/txn.h"

enum lb_poll_limits {
    LB_JOBS = 32,               /* permits that wait on one bus */
    LB_RX_MAX = 512,            /* bytes kept while a frame may still grow */
    LB_REPORTS_WAIT = 32,       /* not taken yet; beyond, the line rests */
    LB_REPORTS_EXTRA = 16,      /* of one exchange, beside its leaves */
    LB_DOZE_BYTES = 3,          /* fewer are not worth a timer */
    LB_POLL_STEPS = 64,         /* exchanges' steps in one poll */
    LB_OFF_TRIES = 3,           /* all-off at attach, when one reads back on */
    LB_HOLD_QUIET_US = 50000,   /* so long an off waits for a silent line */
    LB_HOLD_AGAIN_US = 1000000, /* looking for a board with an output on */
    LB_LEAF_TRIES = 6,          /* readings at attach until all bits hold */
    LB_BACKOFF_STEPS = 7,
    LB_BACKOFF_FIRST_US = 50000,
    LB_BACKOFF_MAX_US = 5000000,
    LB_STEADY_US = 60000000, /* here for so long: it does not come and go */
    LB_COMES_AND_GOES = 3,   /* steps of back-off: it does */
    LB_ATTACH_SHARE = 3,     /* turns in a row of one that was never here */
    LB_REOPEN_FIRST_US = 200000,
    LB_REOPEN_MAX_US = 5000000,
    LB_ROUND_MIN_US = 10000, /* a round is not shorter */
    LB_SLACK_US = 3000,      /* of every time-out */
    LB_JITTER_MIN_US = 1000, /* least spread of reply times believed */
    LB_TURN_FIRST_US = 100000,
    LB_TURN_MAX_US = 1000000,
    LB_LATE_FIRST_US = 300000, /* worst late reply, before one is known */
    LB_LATE_MAX_US = 2000000,
    LB_UNQUIET_US = 500000, /* a line that babbles this long costs a reply */
    LB_MOTION_US = 3000000, /* a door is watched closely after its pulse */
    /* after a pulse, to pull the leaf and for its sensor to be read twice */
    LB_SETTLE_US = 2000000,
    LB_WATCH_US = 400000, /* and read so often until its permit ends */
    LB_ECHO_TRIES = 3,
    LB_TCP_SLACK_US = 20000,
    LB_BLIND_US = 1000, /* a line without descriptor is asked so often */
    LB_PROBES_MAX = 2,  /* are counted of a board that never answered */
    LB_NEW_PROBES = 1   /* with the first, generous time-out; after that a
                         * slow board is learnt from its late replies */
};

enum lb_level { LB_LEVEL_NONE = 0, LB_LEVEL_SHUT, LB_LEVEL_OPEN };

enum lb_held {
    LB_HELD_NOT = 0,
    LB_HELD_ON, /* on; its off is to come, or was not confirmed */
    LB_HELD_OFF /* its off was confirmed, and is to be read back */
};

enum lb_echo { LB_ECHO_UNKNOWN = 0, LB_ECHO_NO, LB_ECHO_YES };

struct lb_channel {
    uint64_t open_us;     /* when the last reading of open was asked for */
    uint64_t on_until_us; /* its solenoid may be driven until then */
    uint64_t rest_until_us;
    uint64_t write_quiet_us; /* a lost write's reply may come until then */
    uint8_t known;           /* enum lb_level, as reported */
    uint8_t candidate;       /* read once, not yet corroborated */
    bool stopped;            /* lb_bus_stop() has asked it off */
    uint8_t held;            /* enum lb_held, of boards timed by the host */
    uint8_t offs;            /* how often it was asked */
    bool held_told;
};

enum lb_step {
    LB_STEP_NONE = 0,
    LB_STEP_CHECK,
    LB_STEP_LOOK, /* of boards whose outputs are registers */
    LB_STEP_OFF,
    LB_STEP_OUTPUT,
    LB_STEP_LEAF
};

struct lb_node { /* one board */
    struct lb_bus_board board;
    enum lb_link_state link;
    uint8_t backoff, probes;
    const char *refused; /* as reported last; NULL: not refused */
    const char *away;    /* as reported last; NULL: not away */
    bool ask, again;     /* read before its turn; corroborate at once */
    enum lb_step step;   /* of attaching */
    uint8_t step_index, step_tries, step_misses;
    bool recheck;   /* the steps are those after a silence */
    bool mixed;     /* more than one read was lost before read_quiet_us */
    bool doubt;     /* silent for a moment: it may have lost its power */
    bool was_off;   /* and was switched off; that it answers is untold yet */
    uint64_t round; /* last one it was polled in */
    uint64_t attach_us; /* not before, when it answers again */
    uint64_t back_us;   /* it passed its checks then; 0: not since the line
                         * opened */
    uint64_t motion_until_us, watch_until_us;
    uint64_t read_sent_us;  /* when the last leaf reading was asked for */
    uint64_t read_quiet_us; /* a lost read's reply may come until then */
    struct lb_request lost; /* that read; op NONE: none */
    struct lb_request leaf; /* built once, sent for ever; op NONE: not yet */
    uint64_t lost_us;       /* when it had left */
    uint64_t replied_us;    /* when its last reply came; 0: never */
    uint64_t crc_then;      /* damaged replies until then */
    uint32_t late_us;       /* worst late reply known, plus half */
    bool timed;             /* srtt is a measurement */
    uint32_t srtt_us, rttvar_us;
    struct lb_board_counters count;
    struct lb_channel *channel; /* as many as the profile has */
};

struct lb_job {      /* a permit that waits, or goes on */
    bool used, last; /* last: no pulse after the one in flight */
    uint8_t board, channel, sent;
    uint32_t number; /* grows; the lower goes first */
    struct lb_permit permit;
    uint64_t deadline_us;
};

struct lb_pick {
    enum lb_op op; /* NONE: nothing to do before *wake */
    uint8_t board, channel, check;
    uint8_t job; /* PULSE */
    bool probe;  /* of an absent board */
    bool attach; /* a step of attaching */
    bool hold;   /* an off that is due, or what belongs to it */
    bool glance; /* after a silence: are its outputs off? */
    bool motion; /* took a turn before the round's */
};

struct lb_exchange {
    enum lb_txn_state state;
    struct lb_pick pick;
    uint32_t job_number;
    struct lb_request request;
    size_t handed, skipped; /* bytes sent; bytes that did not fit */
    bool echoed;
    uint64_t begun_us, sent_us, deadline_us;
    uint64_t stray_then;   /* the line's stray bytes until then */
    uint64_t damaged_then; /* the board's damaged replies */
};

struct lb_bus {
    struct lockbus_line line;
    uint32_t baud;
    unsigned bits;
    uint8_t at_once;
    const struct lb_driver *driver;
    struct lb_modbus *codec;
    uint64_t now_us, wake_us;
    uint64_t (*since)(const void *user); /* may be NULL */
    const void *since_user;

    bool open, stopping;
    bool deaf; /* bytes need not wake the host before wake_us */
    /* Gone, held by another, not allowed: each is told when it begins, not at
     * every try. OK: no loss. */
    enum lockbus_err port_told;
    char port_why[96]; /* of its last loss, or the last try to open it */
    uint64_t reopen_us;
    uint32_t reopen_wait_us;

    enum lb_echo echo;
    uint8_t echo_tries; /* reads answered while it could not be told */
    uint64_t rx_last_us, wire_end_us;
    size_t rx_len;
    uint8_t rx[LB_RX_MAX];

    struct lb_exchange txn;
    uint32_t job_number;
    struct lb_job job[LB_JOBS];

    uint64_t round, round_us; /* number and begin of this one */
    uint32_t round_took_us;   /* the one before it */
    uint64_t probe_round;     /* the round that had its probe */
    uint8_t next_board, next_probe;
    uint8_t round_polled; /* boards polled in this round */
    int attaching;        /* board, or -1 */
    bool moved;           /* the last turn went to a door in motion */
    size_t held;          /* channels whose pulse the host has to end */
    uint64_t hold_again_us;
    uint8_t attach_turns; /* turns in a row that went to a board appearing */

    size_t report_first, report_count, report_cap;
    size_t report_spare; /* room one exchange and a lost line can need */
    struct lb_report *report;
    struct lb_bus_counters count;
    size_t nodes, channels; /* of all nodes */
    struct lb_node *node;
    struct lb_channel *channel; /* which the nodes share out */
};

/* report.c */
void lb_report_put(struct lb_bus *bus, struct lb_report report);
bool lb_report_room(const struct lb_bus *bus);
void lb_report_board(struct lb_bus *bus, enum lb_report_kind kind,
                     uint8_t board, const char *text);
void lb_report_job(struct lb_bus *bus, enum lb_report_kind kind,
                   const struct lb_job *job, const char *text);

/* count.c */
void lb_count_reply_time(struct lb_node *node, uint64_t turn_us);

/* wire.c: times of this line, and its bytes */
uint64_t lb_wire_us(const struct lb_bus *bus, size_t bytes);
uint64_t lb_wire_quiet_us(const struct lb_bus *bus);
uint64_t lb_wire_clear_us(const struct lb_bus *bus);
uint64_t lb_wire_turn_us(const struct lb_bus *bus, const struct lb_node *node);
void lb_wire_learn(struct lb_node *node, uint64_t turn_us);
/* False: the line is gone. *got: something arrived. */
bool lb_wire_receive(struct lb_bus *bus, bool *got);
bool lb_wire_send(struct lb_bus *bus);
/* Looks for the reply in what has arrived; drops what cannot be part of
 * one. YES or EXCEPTION: the frame is in `frame`. */
enum lb_match lb_wire_scan(struct lb_bus *bus, uint8_t *frame, size_t *len);
void lb_wire_forget(struct lb_bus *bus);
/* Bytes that the reply which has begun still lacks; 0: none has. */
size_t lb_wire_missing(const struct lb_bus *bus);

/* leaf.c */
void lb_leaf_read(struct lb_bus *bus, uint8_t board, uint32_t bits);
/* All that is known, of a board that has passed its checks. */
void lb_leaf_tell(struct lb_bus *bus, uint8_t board);
void lb_leaf_forget(struct lb_node *node);
bool lb_leaf_all_known(const struct lb_node *node);
bool lb_leaf_is_content(const struct lb_node *node, unsigned channel);

/* attach.c */
void lb_attach_begin(struct lb_bus *bus, uint8_t board);
/* After a silence: outputs off and read back, while it stays here. */
void lb_attach_again(struct lb_bus *bus, uint8_t board);
void lb_attach_end(struct lb_bus *bus, uint8_t board);
void lb_attach_missed(struct lb_bus *bus, uint8_t board);
void lb_attach_glance(struct lb_bus *bus, uint8_t board,
                      const struct lb_reply *reply);
struct lb_pick lb_attach_pick(const struct lb_bus *bus, uint8_t board);
void lb_attach_reply(struct lb_bus *bus, const struct lb_pick *pick,
                     const struct lb_reply *reply);

/* pulse.c */
bool lb_pulse_linked(const struct lb_node *node);
bool lb_pulse_pick(const struct lb_bus *bus, struct lb_pick *pick,
                   uint64_t *wake);
void lb_pulse_expire(struct lb_bus *bus);
void lb_pulse_drop(struct lb_bus *bus, uint8_t board, const char *text);
bool lb_pulse_overtakes(const struct lb_bus *bus);
bool lb_pulse_still(const struct lb_bus *bus);
void lb_pulse_handed(struct lb_bus *bus);
void lb_pulse_done(struct lb_bus *bus, unsigned effects, uint8_t exception);
void lb_pulse_read(struct lb_bus *bus, uint8_t board);
bool lb_pulse_waits(const struct lb_bus *bus, uint8_t board);
bool lb_pulse_goes_on(const struct lb_bus *bus, uint8_t board);

/* hold.c: pulses that the host ends */
void lb_hold_begin(struct lb_bus *bus, struct lb_channel *at);
/* This output was read, and is off. */
void lb_hold_read_off(struct lb_bus *bus, uint8_t board, uint8_t channel);
/* An off is to go now; no output may be driven. */
bool lb_hold_due(const struct lb_bus *bus);
bool lb_hold_blocks(const struct lb_bus *bus);
/* The exchange in hand has to give way; it may not begin. */
bool lb_hold_cuts(const struct lb_bus *bus, uint64_t *wake);
bool lb_hold_waits(const struct lb_bus *bus, const struct lb_pick *pick,
                   uint64_t *wake);
/* True with NONE: nothing may begin before *wake. */
bool lb_hold_pick(struct lb_bus *bus, struct lb_pick *pick, uint64_t *wake);
/* The board that is appearing has an output to be switched off first. */
bool lb_hold_attaches(const struct lb_bus *bus);
/* When the exchange in hand may leave: after silence, but an off that is due
 * does not wait for it for ever. */
uint64_t lb_hold_clear_us(const struct lb_bus *bus);
/* Its request is with the port. */
void lb_hold_sending(struct lb_bus *bus);
void lb_hold_reply(struct lb_bus *bus, const struct lb_pick *pick,
                   const struct lb_reply *reply);

/* schedule.c: reads the bus; changes rounds only */
struct lb_pick lb_schedule_pick(struct lb_bus *bus, uint64_t *wake);

/* outcome.c: what came of an exchange, told by its last step */
void lb_outcome(struct lb_bus *bus, unsigned effects,
                const struct lb_reply *reply);

/* doze.c: which bytes of a reply are worth a wake-up */
void lb_doze(struct lb_bus *bus);

/* presence.c */
/* Its outputs are off, read back, after a silence. */
void lb_link_checked(struct lb_bus *bus, uint8_t board);
void lb_link_event(struct lb_bus *bus, uint8_t board, enum lb_link_event event,
                   const char *text);

static inline void lb_sooner(uint64_t *wake, uint64_t at_us)
{
    if (at_us < *wake) {
        *wake = at_us;
    }
}

#endif
