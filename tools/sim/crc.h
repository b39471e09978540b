/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SIM_CRC_H
#define SIM_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of Modbus RTU; its low byte goes over the wire first. Own code on
 * purpose: a simulator that shared the library's codec would share its bugs.
 */
uint16_t sim_crc16(const uint8_t *bytes, size_t len);

#endif
