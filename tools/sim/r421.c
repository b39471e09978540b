/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board.h"

/*
 * The relay boards with one register a relay, in which commands are written:
 * R421A08, R421B16 and their kin. The high byte is the command, the low byte
 * its seconds. Register 0 means all relays. They read one register at a time.
 */

enum {
    ON = 0x01,
    OFF = 0x02,
    TOGGLE = 0x03,
    LATCH = 0x04, /* this one on, all others off */
    MOMENTARY = 0x05,
    DELAY = 0x06,
    ALL_ON = 0x07,
    ALL_OFF = 0x08,
    SECOND_MS = 1000
};

static bool hears(const struct sim_board *board, uint8_t address)
{
    return address == board->address;
}

static void all(struct sim_board *board, bool on)
{
    for (size_t i = 0; i < board->model->channels; i++) {
        sim_board_drive(board, i, on, SIM_NEVER);
    }
}

static bool one(struct sim_board *board, size_t relay, uint8_t command,
                uint8_t seconds)
{
    switch (command) {
    case ON:
    case OFF:
        sim_board_drive(board, relay, command == ON, SIM_NEVER);
        return true;
    case TOGGLE:
        sim_board_drive(board, relay, !board->door[relay].on, SIM_NEVER);
        return true;
    case LATCH:
        all(board, false);
        sim_board_drive(board, relay, true, SIM_NEVER);
        return true;
    case MOMENTARY:
        sim_board_drive(board, relay, true, SECOND_MS * SIM_MS);
        return true;
    case DELAY:
        sim_board_drive(board, relay, seconds != 0,
                        seconds * SECOND_MS * SIM_MS);
        return true;
    default:
        return false;
    }
}

static bool command(struct sim_board *board, uint16_t reg, uint16_t value)
{
    uint8_t code = (uint8_t)(value >> 8);

    if (reg == 0 && (code == ALL_ON || code == ALL_OFF)) {
        all(board, code == ALL_ON);
        return true;
    }
    return reg >= 1 && reg <= board->model->channels &&
           one(board, reg - 1U, code, (uint8_t)value);
}

/* Nothing is written down of refusals: it keeps silent. */
static enum sim_exception request(struct sim_board *board, const uint8_t *pdu,
                                  size_t len, struct sim_reply *reply)
{
    if (len != 5 || (pdu[0] != 3 && pdu[0] != 6)) {
        return SIM_NO_EXCEPTION;
    }
    uint16_t reg = sim_get_u16be(pdu + 1);
    uint16_t value = sim_get_u16be(pdu + 3);

    if (pdu[0] == 6) {
        if (command(board, reg, value)) {
            sim_confirm(reply, pdu, len);
        }
    } else if (reg >= 1 && reg <= board->model->channels && value == 1) {
        sim_read_register(reply, board->door[reg - 1].on);
    }
    return SIM_NO_EXCEPTION;
}

const struct sim_model sim_r421_8ch = {
    .profile = "r421a08-relay-8ch",
    .channels = 8,
    .hears = hears,
    .request = request,
};

const struct sim_model sim_r421_16ch = {
    .profile = "r421b16-relay-16ch",
    .channels = 16,
    .hears = hears,
    .request = request,
};
