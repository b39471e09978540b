/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board.h"

/*
 * Xunming lock board, 16 locks, its "MODBUS" firmware: a coil's value is the
 * pulse in milliseconds, FF00 the default time, FFFF for ever, and every
 * board on the line obeys 0xFE. Its answers come from its own address, after
 * a change from the new one.
 */

enum {
    CHANNELS = 16,
    COIL_LOCK = 0x0065,
    REG_ADDRESS = 0x03E9,
    ANY_BOARD = 0xFE,
    DEFAULT_MS = 500,
    VALUE_DEFAULT = 0xFF00,
    VALUE_HOLD = 0xFFFF
};

static bool hears(const struct sim_board *board, uint8_t address)
{
    return address == board->address || address == ANY_BOARD;
}

static enum sim_exception write_lock(struct sim_board *board, uint16_t coil,
                                     uint16_t value)
{
    if (coil < COIL_LOCK || coil >= COIL_LOCK + CHANNELS) {
        return SIM_ILLEGAL_ADDRESS;
    }
    size_t channel = (size_t)coil - COIL_LOCK;
    uint64_t ms = value == VALUE_DEFAULT ? DEFAULT_MS : value;
    uint64_t for_ns = ms * SIM_MS;

    if (value == 0 || value == VALUE_HOLD) {
        for_ns = SIM_NEVER;
    }
    sim_board_drive(board, channel, value != 0, for_ns);
    return SIM_NO_EXCEPTION;
}

static enum sim_exception registers(struct sim_board *board, const uint8_t *pdu,
                                    struct sim_reply *reply)
{
    uint16_t value = sim_get_u16be(pdu + 3);

    if (sim_get_u16be(pdu + 1) != REG_ADDRESS) {
        return SIM_ILLEGAL_ADDRESS;
    }
    if (pdu[0] == 3) {
        if (value != 1) {
            return SIM_ILLEGAL_ADDRESS;
        }
        sim_read_register(reply, board->address);
        return SIM_NO_EXCEPTION;
    }
    if (value < 1 || value > 247) {
        return SIM_ILLEGAL_VALUE;
    }
    board->address = (uint8_t)value;
    reply->address = board->address;
    sim_confirm(reply, pdu, 5);
    return SIM_NO_EXCEPTION;
}

static enum sim_exception request(struct sim_board *board, const uint8_t *pdu,
                                  size_t len, struct sim_reply *reply)
{
    enum sim_exception why;

    if (pdu[0] < 1 || pdu[0] > 6 || pdu[0] == 4) {
        return SIM_ILLEGAL_FUNCTION;
    }
    if (len != 5) {
        return SIM_ILLEGAL_VALUE;
    }
    switch (pdu[0]) {
    case 1:
        return sim_read_bits(reply, pdu, COIL_LOCK, CHANNELS,
                             sim_board_outputs(board));
    case 2:
        return sim_read_bits(reply, pdu, board->leaf_base, CHANNELS,
                             sim_board_inputs(board));
    case 5:
        why = write_lock(board, sim_get_u16be(pdu + 1), sim_get_u16be(pdu + 3));
        if (why == SIM_NO_EXCEPTION) {
            sim_confirm(reply, pdu, len);
        }
        return why;
    default:
        return registers(board, pdu, reply);
    }
}

const struct sim_model sim_xunming_16ch = {
    .profile = "xunming-lock-16ch",
    .channels = CHANNELS,
    .hears = hears,
    .request = request,
    .inputs = NULL,
};
