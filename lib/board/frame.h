/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_FRAME_H
#define LB_FRAME_H

/*
 * The shape of Modbus RTU frames: what the bytes of a reply must look like.
 * Pure; the codec in modbus.c fills frames and takes them apart.
 */

#include "board/driver.h"

enum {
    LB_RAW_LEN = 6, /* address, function, two words; libmodbus adds the sum */
    LB_RAW_PAIR_LEN = 11, /* FC16 of two registers */
    LB_SUM_LEN = 2,
    LB_WRITE_LEN = LB_RAW_LEN + LB_SUM_LEN,
    LB_EXCEPTION_LEN = 5,
    LB_EXCEPTION_BIT = 0x80,
    LB_ADDRESS_MAX = 247,
    LB_LEVEL_COIL_ON = 0xFF00,
    LB_VALUE_MAX = 0x3FFF /* below every value with a meaning of its own */
};

enum {
    LB_FC_READ_COILS = 1,
    LB_FC_READ_INPUTS = 2,
    LB_FC_READ_REGISTERS = 3,
    LB_FC_READ_INPUT_REGISTERS = 4,
    LB_FC_WRITE_COIL = 5,
    LB_FC_WRITE_REGISTER = 6,
    LB_FC_WRITE_COILS = 15,
    LB_FC_WRITE_REGISTERS = 16
};

/* t3.5, the silence between frames, rounded up: 3.5 characters of so many
 * bits, a fixed time above 19200 baud; 0 of a line without a rate. */
uint64_t lb_frame_quiet_us(uint32_t baud, unsigned bits);

bool lb_frame_is_read(uint8_t fc);
bool lb_frame_is_write(uint8_t fc);

/* The two of struct lb_driver. */
enum lb_match lb_frame_match(const struct lb_request *request,
                             const uint8_t *bytes, size_t len);
enum lb_match lb_frame_any(const uint8_t *bytes, size_t len, size_t *frame_len);

#endif
