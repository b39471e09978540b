/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board.h"

/*
 * Waveshare Modbus RTU Relay, protocol V3: (D) 8CH with inputs, and the boards
 * of 8, 16 and 32 relays without. Everything dangerous is here as on the real
 * board: all relays at once, flash-off, which leaves a relay on, broadcast
 * writes, and the control modes of the (D), by which an input moves a relay
 * with nothing on the bus.
 */

enum {
    COIL_FLASH_ON = 0x0200,
    COIL_FLASH_OFF = 0x0400,
    COIL_ALL = 0x00FF,
    REG_MODE = 0x1000,
    REG_UART = 0x2000,
    REG_ADDRESS = 0x4000,
    REG_VERSION = 0x8000,
    FLASH_UNIT_MS = 100,
    FLASH_MAX = 0x7FFF,
    MODE_NORMAL = 0,
    MODE_LINKAGE = 1,
    MODE_TOGGLE = 2,
    MODE_EDGE = 3
};

static size_t relays(const struct sim_board *board)
{
    return board->model->channels;
}

/* Only these have inputs, and modes for them. */
static bool has_inputs(const struct sim_board *board)
{
    return board->model->inputs != NULL;
}

static bool hears(const struct sim_board *board, uint8_t address)
{
    return (address == board->address || address == 0) &&
           (board->uart & 0xFF) == (board->bus_uart & 0xFF);
}

/* On, off or toggle, of one relay or (count 8) of all. */
static enum sim_exception switch_relays(struct sim_board *board, size_t first,
                                        size_t count, uint16_t value)
{
    if (value != 0xFF00 && value != 0x0000 && value != 0x5500) {
        return SIM_ILLEGAL_VALUE;
    }
    for (size_t i = first; i < first + count; i++) {
        bool on = value == 0x5500 ? !board->door[i].on : value == 0xFF00;
        sim_board_drive(board, i, on, SIM_NEVER);
    }
    return SIM_NO_EXCEPTION;
}

static enum sim_exception flash(struct sim_board *board, size_t channel,
                                uint16_t value, bool on)
{
    if (value == 0 || value > FLASH_MAX) {
        return SIM_ILLEGAL_VALUE;
    }
    sim_board_drive(board, channel, on,
                    (uint64_t)value * FLASH_UNIT_MS * SIM_MS);
    return SIM_NO_EXCEPTION;
}

static enum sim_exception write_coil(struct sim_board *board, uint16_t coil,
                                     uint16_t value)
{
    if (coil < relays(board)) {
        return switch_relays(board, coil, 1, value);
    }
    if (coil == COIL_ALL) {
        return switch_relays(board, 0, relays(board), value);
    }
    if (coil >= COIL_FLASH_ON && coil < COIL_FLASH_ON + relays(board)) {
        return flash(board, coil - COIL_FLASH_ON, value, true);
    }
    if (coil >= COIL_FLASH_OFF && coil < COIL_FLASH_OFF + relays(board)) {
        return flash(board, coil - COIL_FLASH_OFF, value, false);
    }
    return SIM_ILLEGAL_ADDRESS;
}

static enum sim_exception write_coils(struct sim_board *board,
                                      const uint8_t *pdu, size_t len)
{
    size_t first = sim_get_u16be(pdu + 1);
    size_t count = sim_get_u16be(pdu + 3);

    if (count == 0 || pdu[5] != (count + 7) / 8 || len != 6u + pdu[5]) {
        return SIM_ILLEGAL_VALUE;
    }
    if (first + count > relays(board)) {
        return SIM_ILLEGAL_ADDRESS;
    }
    for (size_t i = 0; i < count; i++) {
        bool on = (pdu[6 + i / 8] >> i % 8 & 1) != 0;
        sim_board_drive(board, first + i, on, SIM_NEVER);
    }
    return SIM_NO_EXCEPTION;
}

static enum sim_exception read_registers(const struct sim_board *board,
                                         const uint8_t *pdu,
                                         struct sim_reply *reply)
{
    uint16_t reg = sim_get_u16be(pdu + 1);
    uint16_t count = sim_get_u16be(pdu + 3);

    if (has_inputs(board) && reg >= REG_MODE &&
        reg < REG_MODE + relays(board)) {
        size_t first = reg - REG_MODE;
        if (count == 0 || first + count > relays(board)) {
            return SIM_ILLEGAL_ADDRESS;
        }
        reply->pdu[0] = pdu[0];
        reply->pdu[1] = (uint8_t)(2 * count);
        for (size_t i = 0; i < count; i++) {
            sim_put_u16be(reply->pdu + 2 + 2 * i, board->mode[first + i]);
        }
        reply->len = 2u + reply->pdu[1];
        return SIM_NO_EXCEPTION;
    }
    if (count != 1) {
        return SIM_ILLEGAL_ADDRESS;
    }
    if (reg == REG_ADDRESS) {
        sim_read_register(reply, board->address);
    } else if (reg == REG_VERSION) {
        sim_read_register(reply, board->firmware);
    } else if (reg == REG_UART) {
        sim_read_register(reply, board->uart);
    } else {
        return SIM_ILLEGAL_ADDRESS;
    }
    return SIM_NO_EXCEPTION;
}

static enum sim_exception write_register(struct sim_board *board, uint16_t reg,
                                         uint16_t value)
{
    if (has_inputs(board) && reg >= REG_MODE &&
        reg < REG_MODE + relays(board)) {
        if (value > MODE_EDGE) {
            return SIM_ILLEGAL_VALUE;
        }
        board->mode[reg - REG_MODE] = value;
        return SIM_NO_EXCEPTION;
    }
    if (reg == REG_ADDRESS) {
        if (value < 1 || value > 255) {
            return SIM_ILLEGAL_VALUE;
        }
        board->address = (uint8_t)value;
        return SIM_NO_EXCEPTION;
    }
    if (reg == REG_UART) {
        if ((value & 0xFF) > 7 || value >> 8 > 2) {
            return SIM_ILLEGAL_VALUE;
        }
        board->uart = value;
        return SIM_NO_EXCEPTION;
    }
    return SIM_ILLEGAL_ADDRESS;
}

static enum sim_exception write_request(struct sim_board *board,
                                        const uint8_t *pdu, size_t len,
                                        struct sim_reply *reply)
{
    enum sim_exception why;

    if (pdu[0] == 0x0F) {
        if ((why = write_coils(board, pdu, len)) == SIM_NO_EXCEPTION) {
            sim_confirm(reply, pdu, 5);
        }
        return why;
    }
    uint16_t where = sim_get_u16be(pdu + 1);
    uint16_t value = sim_get_u16be(pdu + 3);
    why = pdu[0] == 5 ? write_coil(board, where, value)
                      : write_register(board, where, value);
    if (why == SIM_NO_EXCEPTION) {
        sim_confirm(reply, pdu, len);
    }
    return why;
}

static enum sim_exception request(struct sim_board *board, const uint8_t *pdu,
                                  size_t len, struct sim_reply *reply)
{
    bool fixed = pdu[0] >= 1 && pdu[0] <= 6 && pdu[0] != 4;

    if (!fixed && pdu[0] != 0x0F) {
        return SIM_ILLEGAL_FUNCTION;
    }
    if (fixed ? len != 5 : len < 7) {
        return SIM_ILLEGAL_VALUE;
    }
    switch (pdu[0]) {
    case 1:
        return sim_read_bits(reply, pdu, 0, relays(board),
                             sim_board_outputs(board));
    case 2:
        return has_inputs(board) ? sim_read_bits(reply, pdu, 0, relays(board),
                                                 sim_board_inputs(board))
                                 : SIM_ILLEGAL_FUNCTION;
    case 3:
        return read_registers(board, pdu, reply);
    default:
        return write_request(board, pdu, len, reply);
    }
}

/* Linkage follows the input's level, toggle its rise, edge any change. */
static void inputs(struct sim_board *board)
{
    for (size_t i = 0; i < relays(board); i++) {
        bool level = sim_door_input(&board->door[i]);
        bool changed = level != board->seen[i];

        board->seen[i] = level;
        if (board->mode[i] == MODE_LINKAGE && level != board->door[i].on) {
            sim_board_drive(board, i, level, SIM_NEVER);
        } else if (changed && (board->mode[i] == MODE_EDGE ||
                               (board->mode[i] == MODE_TOGGLE && level))) {
            sim_board_drive(board, i, !board->door[i].on, SIM_NEVER);
        }
    }
}

const struct sim_model sim_waveshare_d_8ch = {
    .profile = "waveshare-relay-d-8ch",
    .channels = 8,
    .hears = hears,
    .request = request,
    .inputs = inputs,
};

const struct sim_model sim_waveshare_8ch = {
    .profile = "waveshare-relay-8ch",
    .channels = 8,
    .hears = hears,
    .request = request,
};

const struct sim_model sim_waveshare_16ch = {
    .profile = "waveshare-relay-16ch",
    .channels = 16,
    .hears = hears,
    .request = request,
};

const struct sim_model sim_waveshare_32ch = {
    .profile = "waveshare-relay-32ch",
    .channels = 32,
    .hears = hears,
    .request = request,
};
