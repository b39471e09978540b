/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef STAGE_H
#define STAGE_H

/*
 * What all scenes stand on: the people, the simulated boards, the cabinet
 * under lockbus, and the recorder. A scene asks for something, lets the
 * host's loop run until it has come about, and says what must now be true.
 */

#include "live.h"
#include "night.h"
#include "recorder.h"
#include "simulator.h"
#include "world.h"

enum {
    PARCELS = 16,
    SHUT_AFTER_MS = 2700, /* people shut doors behind them */
    WAIT_MS = 9000
};

/* What came of asking: the leaf was seen open; or the rule that refused, NONE
 * when it was something else: then `why` names it. */
struct outcome {
    bool opened;
    enum lockbus_rule rule;
    char why[96];
};

struct stage {
    struct world world;
    struct simulator sim;
    struct lockbus_cabinet *cab;
    struct recorder record;
    struct live live;
    const char *sim_program, *profiles;
    char port[WORLD_PATH + 16];
    int tap; /* somebody's wire on the RS-485 pair; -1: none */
    struct parcel parcel[PARCELS];
    uint8_t escrow[32];
    /* what the journal must show in the end, by door */
    unsigned opened[DOORS], forced[DOORS];
    unsigned unsure;     /* permits that the host saw end without an opening */
    bool moved[DOORS];   /* leaves, as the simulator tells it */
    struct outcome last; /* what came of the last ask, should one wonder */
    struct night night;
    struct answer answer[ANSWERS_MAX];
    size_t answers;
    struct figures figures;
};

uint64_t stage_now_us(void);

/* ---- Telling ------------------------------------------------------------ */

void stage_scene(struct stage *stage, const char *title);
void stage_check(struct stage *stage, bool holds, const char *sentence, ...)
    __attribute__((format(printf, 3, 4)));
void stage_note(struct stage *stage, const char *text, ...)
    __attribute__((format(printf, 2, 3)));

/* What another program said, as it came. */
void stage_words(struct stage *stage, const char *who, const char *words);

/* A person at the terminal asked to end: nothing that is waited for comes. */
bool stage_over(const struct stage *stage);

/* ---- The host's loop ---------------------------------------------------- */

/* Opens the cabinet and waits until every board answers. */
bool stage_open(struct stage *stage);
void stage_close(struct stage *stage);

/* One turn; what ended `ticket`, or NONE. */
enum lockbus_event_kind stage_turn(struct stage *stage, uint32_t ticket,
                                   struct lockbus_event *end);

/* Turns until the ticket has ended. */
enum lockbus_event_kind stage_finish(struct stage *stage, uint32_t ticket,
                                     struct lockbus_event *end);
void stage_wait_ms(struct stage *stage, uint64_t ms);
bool stage_wait_custody(struct stage *stage, uint16_t door,
                        enum lockbus_custody wanted);
/* Occupied and shut: a window may end while the leaf still stands open. */
bool stage_wait_occupied(struct stage *stage, uint16_t door);
/* Until the parcel's door is VACANT; a recipient whose opening was seen for
 * less than 2 s (a busy machine) opens again, by code. */
bool stage_wait_vacant(struct stage *stage, const struct parcel *parcel);
/* Until no leaf stands open any more. */
bool stage_wait_shut(struct stage *stage);

/* Which leaves moved since it was asked last, in the simulator's own words;
 * all of it is kept in `moved`. */
bool stage_ask_moved(struct stage *stage, char said[SAID_MAX]);

/* ---- Doors -------------------------------------------------------------- */

/* As the library knows it; all zero when there is none. */
struct lockbus_door stage_door(const struct stage *stage, uint16_t door);
const char *stage_label(uint16_t door);

/* What came of asking. */
struct outcome stage_prove(struct stage *stage, const uint8_t *proof);
/* The recipient's own proof, which is left in `proof`. */
struct outcome stage_release(struct stage *stage, const struct parcel *parcel,
                             uint8_t proof[LOCKBUS_PROOF_LEN]);
struct outcome stage_code(struct stage *stage, const char *code);
struct outcome stage_deposit(struct stage *stage, const struct parcel *parcel);

/* A new manifest of the world as it is now, of the next number and epoch. */
bool stage_manifest(struct stage *stage);

#endif
