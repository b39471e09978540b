/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a line and its boards have done so far. A line's reply times are its
 * boards' taken together, so they are kept once.
 */
#include "bus/poll.h"

#include <string.h>

static const uint32_t bounds_us[LOCKBUS_REPLY_TIMES - 1] = {
    1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000};

uint32_t lockbus_reply_bound_us(unsigned index)
{
    return index < LOCKBUS_REPLY_TIMES - 1 ? bounds_us[index] : UINT32_MAX;
}

void lb_count_reply_time(struct lb_node *node, uint64_t turn_us)
{
    unsigned at = 0;

    while (at < LOCKBUS_REPLY_TIMES - 1 && turn_us >= bounds_us[at]) {
        at++;
    }
    node->count.reply_times[at]++;
}

void lb_bus_counters(const struct lb_bus *bus, struct lb_bus_counters *out)
{
    *out = bus->count;
}

void lb_bus_state(const struct lb_bus *bus, struct lb_bus_state *out)
{
    *out = (struct lb_bus_state){
        .open = bus->open,
        .why = bus->open ? "" : bus->port_why,
        .round_us = bus->round_took_us,
    };
    for (size_t i = 0; i < bus->nodes; i++) {
        for (size_t t = 0; t < LOCKBUS_REPLY_TIMES; t++) {
            out->reply_times[t] += bus->node[i].count.reply_times[t];
        }
    }
}

bool lb_bus_view(const struct lb_bus *bus, uint8_t board,
                 struct lb_bus_view *out)
{
    if (board >= bus->nodes) {
        return false;
    }
    const struct lb_node *node = &bus->node[board];

    *out = (struct lb_bus_view){
        .board = &node->board,
        .link = node->link,
        .refused = node->refused,
        .away = node->away,
        .count = node->count,
        .replied_us = node->replied_us,
        .reply_us = node->timed ? node->srtt_us : 0,
    };
    return true;
}
