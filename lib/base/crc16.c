/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "base/crc16.h"

uint16_t lb_crc16(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xFFFF;

    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc ^ bytes[i]);
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc >> 1) ^ ((crc & 1) != 0 ? 0xA001 : 0));
        }
    }
    return crc;
}
