/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_BOARD_H
#define SIM_BOARD_H

/*
 * A simulated lock board: what it answers to, the outputs it drives and the
 * registers it keeps. A model is a table of functions; the list of models is
 * closed, because a board that only half behaves like the real one proves
 * nothing. A request arrives here without its address and CRC.
 */

#include "door.h"
#include "fault.h"

enum sim_board_limits {
    SIM_CHANNELS = 32,
    SIM_PDU_MAX = 253 /* of the Modbus serial line specification */
};

enum sim_exception {
    SIM_NO_EXCEPTION = 0,
    SIM_ILLEGAL_FUNCTION = 1,
    SIM_ILLEGAL_ADDRESS = 2,
    SIM_ILLEGAL_VALUE = 3,
    SIM_DEVICE_FAILURE = 4
};

struct sim_board;

struct sim_reply {
    uint8_t address; /* who answers */
    uint8_t pdu[SIM_PDU_MAX];
    size_t len; /* 0: silence */
};

struct sim_model {
    const char *profile; /* the name that cabinet.ini gives */
    uint8_t channels;
    /* Whether a request to this address is this board's. */
    bool (*hears)(const struct sim_board *board, uint8_t address);
    /* Acts and fills in reply->pdu, or says why not. */
    enum sim_exception (*request)(struct sim_board *board, const uint8_t *pdu,
                                  size_t len, struct sim_reply *reply);
    /* After an input may have changed; NULL: nothing depends on it. */
    void (*inputs)(struct sim_board *board);
};

struct sim_board {
    const struct sim_model *model;
    unsigned number; /* as cabinet.ini counts */
    uint8_t address;
    uint16_t leaf_base; /* the first input's address */
    bool powered;
    uint64_t now; /* set before each call of the model */
    uint64_t next;
    struct sim_door door[SIM_CHANNELS];
    uint16_t mode[SIM_CHANNELS]; /* Waveshare's control modes; of tequ the
                                  * level's register */
    bool seen[SIM_CHANNELS];     /* inputs as the modes saw them last */
    uint16_t firmware;           /* times 100 */
    uint16_t uart;               /* register 0x2000: its own speed ... */
    uint16_t bus_uart;           /* ... and the line's: deaf when they differ */
    uint64_t exceptions;
    struct sim_fault fault[SIM_FAULTS];
};

extern const struct sim_model sim_waveshare_d_8ch;
extern const struct sim_model sim_waveshare_8ch;
extern const struct sim_model sim_waveshare_16ch;
extern const struct sim_model sim_waveshare_32ch;
extern const struct sim_model sim_xunming_16ch;
extern const struct sim_model sim_r421_8ch;
extern const struct sim_model sim_r421_16ch;
extern const struct sim_model sim_lctech_8ch;
extern const struct sim_model sim_iobox_16ch;
extern const struct sim_model sim_tequ_1ch;

/* NULL: no such model. */
const struct sim_model *sim_model_find(const char *profile);

void sim_board_init(struct sim_board *board, const struct sim_model *model);

/* Lets time pass; board->next is when it wants the next call. */
void sim_board_advance(struct sim_board *board, uint64_t now);

/* Switching off lets go of every output and forgets what was timed. */
void sim_board_power(struct sim_board *board, uint64_t now, bool on);

/* A whole frame's PDU for `address`; reply->len 0 when this board says
 * nothing. */
void sim_board_request(struct sim_board *board, uint8_t address,
                       const uint8_t *pdu, size_t len, struct sim_reply *reply);

/* ---- For the models ------------------------------------------------------ */

uint16_t sim_get_u16be(const uint8_t *p);
void sim_put_u16be(uint8_t *p, uint16_t v);

/* FC01/FC02 over bits that lie at `base`; FC03 of one register's value. */
enum sim_exception sim_read_bits(struct sim_reply *reply, const uint8_t *pdu,
                                 uint16_t base, size_t count, uint32_t bits);
void sim_read_register(struct sim_reply *reply, uint16_t value);
/* FC05, FC06: the confirmation repeats the request. */
void sim_confirm(struct sim_reply *reply, const uint8_t *pdu, size_t len);

uint32_t sim_board_outputs(const struct sim_board *board);
uint32_t sim_board_inputs(const struct sim_board *board);
void sim_board_drive(struct sim_board *board, size_t channel, bool on,
                     uint64_t for_ns);

#endif
