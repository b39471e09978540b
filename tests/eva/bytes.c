/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The memory functions that all parsers stand on, and which the other drivers
 * take by contract: every length up to two hash blocks, with no byte beyond.
 */

#include "base/bytes.h"

#include "__fc_builtin.h"

enum { MOST = 128 };

static uint8_t from[MOST], to[MOST], hex[2 * MOST + 1];

static void of(size_t len)
{
    const uint8_t *in = from + sizeof from - len;
    uint8_t *out = to + sizeof to - len;

    Frama_C_make_unknown((char *)from, sizeof from);
    lb_zero(out, len);
    (void)lb_all_zero(in, len);
    (void)lb_same(in, out, len);
    lb_copy(out, in, len);
}

static void of_text(size_t len)
{
    char *text = (char *)hex + sizeof hex - (2 * len + 1);

    Frama_C_make_unknown((char *)from, sizeof from);
    lb_hex(text, from + sizeof from - len, len);
    Frama_C_make_unknown((char *)hex, sizeof hex);
    (void)lb_unhex(to + sizeof to - len, len, text, 2 * len);
    (void)lb_unhex(to + sizeof to, len, text + 2 * len + 1, 2 * len + 1);
}

void main(void)
{
    /*@ loop unroll MOST + 1; */
    for (size_t len = 0; len <= MOST; len++) {
        of(len);
        /*@ slevel merge; */
        ;
    }
    /*@ loop unroll 65; */
    for (size_t len = 0; len <= MOST / 2; len++) {
        of_text(len);
        /*@ slevel merge; */
        ;
    }
}
