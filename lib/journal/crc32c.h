/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CRC32C_H
#define LB_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C, reflected, start and final xor all ones: "123456789" gives
 * 0xe3069283. It finds accidents; against people there are the tags. */
uint32_t lb_crc32c(const uint8_t *bytes, size_t len);

#endif
