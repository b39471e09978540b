/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef SCREEN_H
#define SCREEN_H

/*
 * A picture on the terminal, live. Keys for sorting, filtering and paging are
 * handled here; NO_COLOR is respected. While a screen is open nothing else
 * may write to the terminal.
 *
 * The terminal is restored by screen_close(), at exit() and, where the
 * program has no handlers of its own, by SIGINT and SIGTERM, which then end
 * it with exit code 1. SIGTSTP restores it, SIGCONT draws again.
 */

#include "order.h"

/* False: standard input or output is no terminal, TERM is not known or cannot
 * place a cursor, or the window is too small to be legible. Nothing was
 * written then; print lines. */
bool screen_open(void);

/* Borrows the picture until the next draw or close: a resize and keys draw it
 * again. Draws nothing when no screen is open. */
void screen_draw(const struct picture *picture);

/* What to begin with: the order and the filter, and lines and boards instead
 * of doors. Before the first draw. */
void screen_wish(const struct order_wish *wish, bool boards);

/* Waits up to wait_ms for a key; what it does not handle itself it returns,
 * else -1. Call it at least some ten times a second: a resize is noticed
 * here. */
int screen_key(int wait_ms);

/* Restores the terminal; safe when none is open. */
void screen_close(void);

#endif
