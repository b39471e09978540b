/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef OPEN_N_HOST_H
#define OPEN_N_HOST_H

/*
 * NOT lockbus: the host that many lockers have today, for comparison. It
 * takes "open n" from whoever reaches it and writes the frame. It asks for no
 * authority, keeps no record and looks at no sensor. It shares no line with
 * the library, which has nothing like it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPEN_N_FRAME = 8 };

struct open_n_host {
    int port;
};

/* The bytes that make a plain board pulse the latch of door n, from 1. */
void open_n_frame(unsigned n, uint8_t frame[OPEN_N_FRAME]);

bool open_n_connect(struct open_n_host *host, const char *port);

/* True when the board has confirmed: the latch is drawn. */
bool open_n(struct open_n_host *host, unsigned n);

void open_n_close(struct open_n_host *host);

#endif
