/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board.h"

/*
 * Boards that know no time: a relay is on until it is switched off. IO-Box has
 * 16 relays as coils. tequ-modbus-lock is a sketch over two registers, 0 the
 * lock's level and 1 its address, of which coils are the bits.
 */

static bool hears(const struct sim_board *board, uint8_t address)
{
    return address == board->address;
}

static enum sim_exception write_coil(struct sim_board *board,
                                     const uint8_t *pdu)
{
    uint16_t coil = sim_get_u16be(pdu + 1);
    uint16_t value = sim_get_u16be(pdu + 3);

    if (coil >= board->model->channels) {
        return SIM_ILLEGAL_ADDRESS;
    }
    sim_board_drive(board, coil, value == 0xFF00, SIM_NEVER);
    return SIM_NO_EXCEPTION;
}

static enum sim_exception iobox(struct sim_board *board, const uint8_t *pdu,
                                size_t len, struct sim_reply *reply)
{
    if (pdu[0] != 1 && pdu[0] != 5) {
        return SIM_ILLEGAL_FUNCTION;
    }
    if (len != 5) {
        return SIM_ILLEGAL_VALUE;
    }
    if (pdu[0] == 1) {
        return sim_read_bits(reply, pdu, 0, board->model->channels,
                             sim_board_outputs(board));
    }
    enum sim_exception why = write_coil(board, pdu);

    if (why == SIM_NO_EXCEPTION) {
        sim_confirm(reply, pdu, len);
    }
    return why;
}

/* mode[0] is the level's register, of which the lock follows every bit. */
static void tequ_register(struct sim_board *board, uint16_t reg, uint16_t value)
{
    if (reg == 0) {
        board->mode[0] = value;
        sim_board_drive(board, 0, value != 0, SIM_NEVER);
    } else if (value >= 1 && value <= 247) {
        board->address = (uint8_t)value;
    }
}

static uint16_t tequ_read(const struct sim_board *board, uint16_t reg)
{
    return reg == 0 ? board->mode[0] : board->address;
}

static enum sim_exception tequ(struct sim_board *board, const uint8_t *pdu,
                               size_t len, struct sim_reply *reply)
{
    uint16_t at = sim_get_u16be(pdu + 1);
    uint16_t value = sim_get_u16be(pdu + 3);
    bool coil = pdu[0] == 1 || pdu[0] == 5;
    uint16_t reg = coil ? at / 16 : at;

    if ((!coil && pdu[0] != 3 && pdu[0] != 6) || len != 5) {
        return SIM_ILLEGAL_FUNCTION;
    }
    if (reg > 1 || (pdu[0] == 3 && (value < 1 || at + value > 2))) {
        return SIM_ILLEGAL_ADDRESS;
    }
    if (pdu[0] == 1) {
        return sim_read_bits(reply, pdu, (uint16_t)(16 * reg), 16,
                             tequ_read(board, reg));
    }
    if (pdu[0] == 3) {
        reply->pdu[0] = 3;
        reply->pdu[1] = (uint8_t)(2 * value);
        for (uint16_t i = 0; i < value; i++) {
            sim_put_u16be(reply->pdu + 2 + 2 * i,
                          tequ_read(board, (uint16_t)(at + i)));
        }
        reply->len = 2U + reply->pdu[1];
        return SIM_NO_EXCEPTION;
    }
    if (coil) {
        unsigned bit = 1U << at % 16;
        unsigned old = tequ_read(board, reg);

        value = (uint16_t)(value == 0xFF00 ? old | bit : old & ~bit);
    }
    tequ_register(board, reg, value);
    sim_confirm(reply, pdu, len);
    return SIM_NO_EXCEPTION;
}

const struct sim_model sim_iobox_16ch = {
    .profile = "iobox-level-16ch",
    .channels = 16,
    .hears = hears,
    .request = iobox,
};

const struct sim_model sim_tequ_1ch = {
    .profile = "tequ-lock-level-1ch",
    .channels = 1,
    .hears = hears,
    .request = tequ,
};
