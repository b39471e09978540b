/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CRC16_H
#define LB_CRC16_H

#include <stddef.h>
#include <stdint.h>

/* The check sum of Modbus RTU (polynomial 0xA001, from 0xFFFF); on the wire
 * its low byte comes first. */
uint16_t lb_crc16(const uint8_t *bytes, size_t len);

#endif
