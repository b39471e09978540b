/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_TRACE_H
#define LB_TRACE_H

/*
 * Every frame of every bus into a file: a line around each line, which lets
 * all bytes through as they are and writes down what passed. Without a trace
 * none of this is there.
 */

#include <lockbus/cabinet.h>

struct lb_trace;

/* NULL in *out when `options` wish for none. As lb_pcapng_open(). */
LOCKBUS_CHECK enum lockbus_err
lb_trace_open(struct lb_trace **out, const struct lockbus_options *options,
              struct lockbus_error *why);
void lb_trace_close(struct lb_trace **trace); /* null-safe */
size_t lb_trace_memory(const struct lb_trace *trace);

/* Puts itself around the line, whose bus has this name; its quiet time ends
 * frames. The line it was stays valid until the trace is closed. */
void lb_trace_tap(struct lb_trace *trace, const char *name, uint32_t baud,
                  struct lockbus_line *line);

/* The time that what passes from now on is marked with; null-safe. */
void lb_trace_time(struct lb_trace *trace, uint64_t now_us);

/* Once, after the file ended by itself: why, the trace's own sentence. NULL:
 * nothing to tell. Null-safe. */
const char *lb_trace_news(struct lb_trace *trace);

#endif
