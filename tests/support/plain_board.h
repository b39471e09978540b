/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef PLAIN_BOARD_H
#define PLAIN_BOARD_H

/* A board like the Waveshare relay (D) at address 1, for scripts that decide
 * what becomes of its replies. It answers each reading with other inputs than
 * the one before, so that an old reply is known by its contents. */

#include <stddef.h>
#include <stdint.h>

enum { PLAIN_REQUEST = 8, PLAIN_REPLY = 64, PLAIN_CHANNELS = 24 };

struct plain_board {
    uint8_t sampled; /* the first 8 inputs of the last reading; set: shut */
    unsigned moved[PLAIN_CHANNELS]; /* outputs driven, for a time or not */
};

struct plain_frame {
    uint8_t bytes[PLAIN_REPLY];
    size_t len;
};

/* Appends the check sum. */
void plain_seal(struct plain_frame *frame);
/* The reply, sealed, to a request that bears the board's address. */
void plain_answer(struct plain_board *board, const uint8_t *request,
                  struct plain_frame *reply);

#endif
