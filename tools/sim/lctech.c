/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board.h"

/*
 * LC Technology, 8 relays and 8 inputs: coils and inputs from 0, and for each
 * relay a mode and a time in registers that FC16 writes together. Its address
 * is register 0, its speed is read at 0x03E8 and written at 0x03E9. It answers
 * reads to address 0.
 */

enum {
    RELAYS = 8,
    FIRST = 3,
    STEP = 5,
    FLASH_ON = 2,
    FLASH_OFF = 4,
    UNIT_MS = 100,
    REG_ADDRESS = 0,
    REG_SPEED = 0x03E8,
    REG_NEW_SPEED = 0x03E9
};

static bool hears(const struct sim_board *board, uint8_t address)
{
    return address == board->address || address == 0;
}

static enum sim_exception write_coil(struct sim_board *board, uint16_t coil,
                                     uint16_t value)
{
    if (coil >= RELAYS) {
        return SIM_ILLEGAL_ADDRESS;
    }
    if (value != 0xFF00 && value != 0) {
        return SIM_ILLEGAL_VALUE;
    }
    sim_board_drive(board, coil, value != 0, SIM_NEVER);
    return SIM_NO_EXCEPTION;
}

static enum sim_exception set(struct sim_board *board, uint16_t reg,
                              uint16_t value)
{
    if (reg == REG_ADDRESS && value >= 1 && value <= 255) {
        board->address = (uint8_t)value;
    } else if (reg == REG_NEW_SPEED) {
        board->uart = value;
    } else {
        return SIM_ILLEGAL_ADDRESS;
    }
    return SIM_NO_EXCEPTION;
}

static enum sim_exception write_registers(struct sim_board *board,
                                          const uint8_t *pdu, size_t len)
{
    uint16_t first = sim_get_u16be(pdu + 1);
    uint16_t count = sim_get_u16be(pdu + 3);

    if (len < 8 || pdu[5] != 2 * count || len != 6U + pdu[5]) {
        return SIM_ILLEGAL_VALUE;
    }
    if (count == 1) {
        return set(board, first, sim_get_u16be(pdu + 6));
    }
    size_t relay = ((size_t)first - FIRST) / STEP;
    uint16_t mode = sim_get_u16be(pdu + 6);

    if (count != 2 || first < FIRST || (first - FIRST) % STEP != 0 ||
        relay >= RELAYS) {
        return SIM_ILLEGAL_ADDRESS;
    }
    if (mode != FLASH_ON && mode != FLASH_OFF) {
        return SIM_ILLEGAL_VALUE;
    }
    sim_board_drive(board, relay, mode == FLASH_ON,
                    sim_get_u16be(pdu + 8) * UNIT_MS * SIM_MS);
    return SIM_NO_EXCEPTION;
}

static enum sim_exception read_register(const struct sim_board *board,
                                        const uint8_t *pdu,
                                        struct sim_reply *reply)
{
    uint16_t reg = sim_get_u16be(pdu + 1);

    if (sim_get_u16be(pdu + 3) != 1 ||
        (reg != REG_ADDRESS && reg != REG_SPEED)) {
        return SIM_ILLEGAL_ADDRESS;
    }
    sim_read_register(reply, reg == REG_ADDRESS ? board->address : board->uart);
    return SIM_NO_EXCEPTION;
}

static enum sim_exception request(struct sim_board *board, const uint8_t *pdu,
                                  size_t len, struct sim_reply *reply)
{
    enum sim_exception why;

    if (pdu[0] == 0x10) {
        why = write_registers(board, pdu, len);
        len = 5;
    } else if (len != 5) {
        return SIM_ILLEGAL_VALUE;
    } else if (pdu[0] == 1 || pdu[0] == 2) {
        return sim_read_bits(reply, pdu, 0, RELAYS,
                             pdu[0] == 1 ? sim_board_outputs(board)
                                         : sim_board_inputs(board));
    } else if (pdu[0] == 3) {
        return read_register(board, pdu, reply);
    } else if (pdu[0] == 5) {
        why = write_coil(board, sim_get_u16be(pdu + 1), sim_get_u16be(pdu + 3));
    } else if (pdu[0] == 6) {
        why = set(board, sim_get_u16be(pdu + 1), sim_get_u16be(pdu + 3));
    } else {
        return SIM_ILLEGAL_FUNCTION;
    }
    if (why == SIM_NO_EXCEPTION) {
        sim_confirm(reply, pdu, len);
    }
    return why;
}

const struct sim_model sim_lctech_8ch = {
    .profile = "lctech-relay-8ch",
    .channels = RELAYS,
    .hears = hears,
    .request = request,
};
