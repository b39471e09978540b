/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_PCAPNG_H
#define LB_PCAPNG_H

/*
 * A file of frames in the pcapng format, which Wireshark and tshark open as
 * Modbus RTU with no setting made: the link type is "upper PDU", whose packets
 * name their dissector. libpcap can write neither this format nor the
 * directions and line names that it holds, and the three kinds of block that
 * are needed are few bytes.
 *
 * Each frame is written at once, whole or not at all, so that what a killed
 * process leaves can be read. A disk that is full, or `max` bytes, end the
 * file: nothing else fails by that.
 */

#include <lockbus/error.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    LB_PCAPNG_FRAME_MAX = 512,
    LB_PCAPNG_LINES = 8,
    LB_PCAPNG_MAX_DEFAULT = 1 << 30 /* bytes */
};

enum lb_pcapng_kind {
    LB_PCAPNG_REQUEST = 1,
    LB_PCAPNG_REPLY,
    LB_PCAPNG_STRAY /* no frame: shown as bytes */
};

enum lb_pcapng_way {
    LB_PCAPNG_NO_WAY = 0, /* only overheard */
    LB_PCAPNG_IN = 1,
    LB_PCAPNG_OUT = 2
};

struct lb_pcapng_frame {
    unsigned line;  /* as lb_pcapng_line() counted, from 0 */
    uint64_t at_us; /* any one clock that never falls */
    const uint8_t *bytes;
    size_t len;
    enum lb_pcapng_kind kind;
    enum lb_pcapng_way way;
    bool damaged; /* its check sum is wrong */
};

struct lb_pcapng;

/* A new file, mode 0600, that holds at most `max` bytes (0: the default); NULL:
 * standard output. USAGE with field `file` when it exists; IO; NOMEM. */
LOCKBUS_CHECK enum lockbus_err lb_pcapng_open(struct lb_pcapng **out,
                                              const char *path, uint64_t max,
                                              struct lockbus_error *why);
void lb_pcapng_close(struct lb_pcapng **file);
size_t lb_pcapng_memory(void); /* bytes that an open one takes */

/* A line that frames will come from; `baud` 0: none. Up to LB_PCAPNG_LINES. */
void lb_pcapng_line(struct lb_pcapng *file, const char *name, uint32_t baud);

/* Wall time is taken at the first frame; each further one is as much later as
 * its at_us is. */
void lb_pcapng_put(struct lb_pcapng *file, const struct lb_pcapng_frame *frame);

/* True once, after the file ended by itself: IO, why. */
bool lb_pcapng_ended(struct lb_pcapng *file, struct lockbus_error *why);

#endif
