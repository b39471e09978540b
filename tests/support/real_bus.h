/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef REAL_BUS_H
#define REAL_BUS_H

/* The library's bus on a real port and the real clock, with one board at
 * address 1 (the Waveshare relay (D)). Tests wait for what must come and bound
 * only how long. */
#include "bus/bus.h"

struct real_bus {
    struct lb_profile profile;
    struct lockbus_line line;
    struct lb_bus *bus;
    uint8_t channels; /* set before opening; 0: the profile's 8 */
    /* reports so far; LEAF those of `channel` */
    uint8_t channel;
    unsigned sent, accepted, lost, back, away, port_lost, opened, shut;
    uint64_t read_us; /* the newest reading; what became of it: */
    unsigned readings;
    void *user;
    /* Sees each reading that was taken: bit set, the input said open. */
    void (*read)(struct real_bus *real, uint32_t open);
};

/* `port` as in a configuration. What the library said. */
enum lockbus_err real_bus_open(struct real_bus *real, const char *port,
                               uint32_t baud);
void real_bus_close(struct real_bus *real);
/* Asks for one pulse of a channel. */
enum lockbus_err real_bus_pulse(struct real_bus *real, uint8_t channel,
                                uint32_t ref);
/* Runs until *count has reached `wanted`; false: not within 20 s. */
bool real_bus_until(struct real_bus *real, const unsigned *count,
                    unsigned wanted);
/* Runs for so long. */
void real_bus_for(struct real_bus *real, uint64_t us);

#endif
