/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_BYTES_H
#define LB_BYTES_H

/*
 * Bounded bytes: little-endian numbers at an offset, and the few memory
 * functions that freestanding code may use. Offsets are constants of a
 * layout whose length was checked before; nothing here trusts a length that
 * came from outside.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t lb_get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t lb_get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static inline uint64_t lb_get_u64(const uint8_t *p)
{
    return (uint64_t)lb_get_u32(p) | (uint64_t)lb_get_u32(p + 4) << 32;
}

static inline void lb_put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void lb_put_u32(uint8_t *p, uint32_t v)
{
    lb_put_u16(p, (uint16_t)v);
    lb_put_u16(p + 2, (uint16_t)(v >> 16));
}

static inline void lb_put_u64(uint8_t *p, uint64_t v)
{
    lb_put_u32(p, (uint32_t)v);
    lb_put_u32(p + 4, (uint32_t)(v >> 32));
}

/* memcpy, memset and a compare for public bytes, without a libc. */
void lb_copy(void *to, const void *from, size_t len);
void lb_zero(void *to, size_t len);

/* For bytes that are no secret. */
bool lb_same(const void *a, const void *b, size_t len);
bool lb_all_zero(const void *p, size_t len);

/* Hexadecimal, lower case; `out` holds 2 * len + 1 characters. */
void lb_hex(char *out, const uint8_t *bytes, size_t len);

/* Reads exactly 2 * len hexadecimal digits; false on anything else. */
bool lb_unhex(uint8_t *out, size_t len, const char *text, size_t text_len);

#endif
