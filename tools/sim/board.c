/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board.h"

#include <string.h>

const struct sim_model *sim_model_find(const char *profile)
{
    static const struct sim_model *const models[] = {
        &sim_waveshare_d_8ch, &sim_waveshare_8ch, &sim_waveshare_16ch,
        &sim_waveshare_32ch,  &sim_xunming_16ch,  &sim_r421_8ch,
        &sim_r421_16ch,       &sim_lctech_8ch,    &sim_iobox_16ch,
        &sim_tequ_1ch};

    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (strcmp(models[i]->profile, profile) == 0) {
            return models[i];
        }
    }
    return NULL;
}

void sim_board_init(struct sim_board *board, const struct sim_model *model)
{
    memset(board, 0, sizeof *board);
    board->model = model;
    board->powered = true;
    board->next = SIM_NEVER;
    board->firmware = 200;
    for (size_t i = 0; i < SIM_CHANNELS; i++) {
        sim_door_init(&board->door[i]);
    }
}

void sim_board_advance(struct sim_board *board, uint64_t now)
{
    board->now = now;
    for (size_t i = 0; i < board->model->channels; i++) {
        sim_door_advance(&board->door[i], now);
    }
    if (board->model->inputs != NULL && board->powered) {
        board->model->inputs(board);
    }
    board->next = SIM_NEVER;
    for (size_t i = 0; i < board->model->channels; i++) {
        uint64_t next = sim_door_next(&board->door[i]);
        board->next = next < board->next ? next : board->next;
    }
}

void sim_board_power(struct sim_board *board, uint64_t now, bool on)
{
    sim_board_advance(board, now);
    if (!on) {
        for (size_t i = 0; i < board->model->channels; i++) {
            sim_door_drive(&board->door[i], now, false, SIM_NEVER);
        }
    }
    board->powered = on;
    sim_board_advance(board, now);
}

void sim_board_request(struct sim_board *board, uint8_t address,
                       const uint8_t *pdu, size_t len, struct sim_reply *reply)
{
    reply->len = 0;
    if (!board->powered || len == 0 || !board->model->hears(board, address)) {
        return;
    }
    reply->address = board->address;
    enum sim_exception why = board->model->request(board, pdu, len, reply);
    if (why != SIM_NO_EXCEPTION) {
        board->exceptions++;
        reply->pdu[0] = (uint8_t)(pdu[0] | 0x80);
        reply->pdu[1] = (uint8_t)why;
        reply->len = 2;
    }
    if (address == 0 && pdu[0] > 4) {
        reply->len = 0; /* a broadcast write is obeyed in silence */
    }
}

uint16_t sim_get_u16be(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

void sim_put_u16be(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

enum sim_exception sim_read_bits(struct sim_reply *reply, const uint8_t *pdu,
                                 uint16_t base, size_t count, uint32_t bits)
{
    size_t first = sim_get_u16be(pdu + 1);
    size_t wanted = sim_get_u16be(pdu + 3);

    if (wanted == 0 || wanted > 2000) {
        return SIM_ILLEGAL_VALUE;
    }
    if (first < base || first + wanted > base + count) {
        return SIM_ILLEGAL_ADDRESS;
    }
    uint64_t mask = (UINT64_C(1) << wanted) - 1; /* count is at most 32 */
    bits = (uint32_t)(bits >> (first - base) & mask);
    reply->pdu[0] = pdu[0];
    reply->pdu[1] = (uint8_t)((wanted + 7) / 8);
    for (size_t i = 0; i < reply->pdu[1]; i++) {
        reply->pdu[2 + i] = (uint8_t)(bits >> 8 * i);
    }
    reply->len = 2u + reply->pdu[1];
    return SIM_NO_EXCEPTION;
}

void sim_read_register(struct sim_reply *reply, uint16_t value)
{
    reply->pdu[0] = 3;
    reply->pdu[1] = 2;
    sim_put_u16be(reply->pdu + 2, value);
    reply->len = 4;
}

void sim_confirm(struct sim_reply *reply, const uint8_t *pdu, size_t len)
{
    memcpy(reply->pdu, pdu, len);
    reply->len = len;
}

uint32_t sim_board_outputs(const struct sim_board *board)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < board->model->channels; i++) {
        bits |= (uint32_t)board->door[i].on << i;
    }
    return bits;
}

uint32_t sim_board_inputs(const struct sim_board *board)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < board->model->channels; i++) {
        bits |= (uint32_t)sim_door_input(&board->door[i]) << i;
    }
    return bits;
}

void sim_board_drive(struct sim_board *board, size_t channel, bool on,
                     uint64_t for_ns)
{
    sim_door_drive(&board->door[channel], board->now, on, for_ns);
}
