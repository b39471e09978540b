/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "plain_board.h"

#include <string.h>

void plain_seal(struct plain_frame *frame)
{
    unsigned crc = 0xFFFF;

    for (size_t i = 0; i < frame->len; i++) {
        crc ^= frame->bytes[i];
        for (int n = 0; n < 8; n++) {
            crc = (crc & 1U) != 0 ? crc >> 1 ^ 0xA001U : crc >> 1;
        }
    }
    frame->bytes[frame->len++] = (uint8_t)crc;
    frame->bytes[frame->len++] = (uint8_t)(crc >> 8);
}

static void read_bits(struct plain_board *board, const uint8_t *request,
                      struct plain_frame *reply)
{
    reply->bytes[2] = (uint8_t)((request[5] + 7) / 8);
    memset(reply->bytes + 3, 0, reply->bytes[2]);
    if (request[1] == 2) {
        board->sampled += 0x4D; /* all bits differ soon */
        reply->bytes[3] = board->sampled;
    }
    reply->len = 3U + reply->bytes[2];
}

static void read_registers(const uint8_t *request, struct plain_frame *reply)
{
    size_t count = request[5];

    reply->bytes[2] = (uint8_t)(2 * count);
    memset(reply->bytes + 3, 0, 2 * count);
    if (request[2] == 0x80) {
        reply->bytes[4] = 200; /* its version */
    }
    reply->len = 3 + 2 * count;
}

void plain_answer(struct plain_board *board, const uint8_t *request,
                  struct plain_frame *reply)
{
    memcpy(reply->bytes, request, 6);
    reply->len = 6;
    if (request[1] == 1 || request[1] == 2) {
        read_bits(board, request, reply);
    } else if (request[1] == 3) {
        read_registers(request, reply);
    } else if (request[1] == 5 && (request[4] != 0 || request[5] != 0)) {
        board->moved[request[3] % PLAIN_CHANNELS]++;
    }
    plain_seal(reply);
}
