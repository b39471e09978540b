/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "base/bytes.h"

void lb_copy(void *to, const void *from, size_t len)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    for (size_t i = 0; i < len; i++) {
        d[i] = s[i];
    }
}

void lb_zero(void *to, size_t len)
{
    uint8_t *d = to;

    for (size_t i = 0; i < len; i++) {
        d[i] = 0;
    }
}

bool lb_same(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    size_t i = 0;

    while (i < len && x[i] == y[i]) {
        i++;
    }
    return i == len;
}

bool lb_all_zero(const void *p, size_t len)
{
    const uint8_t *x = p;
    uint8_t any = 0;

    for (size_t i = 0; i < len; i++) {
        any |= x[i];
    }
    return any == 0;
}

void lb_hex(char *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool lb_unhex(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    if (text_len != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int high = nibble(text[2 * i]);
        int low = nibble(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
