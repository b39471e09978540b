/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The ring of reports. It cannot overflow: no exchange begins and no line is
 * opened unless there is room for all that one exchange and the loss of the
 * line can say.
 */
#include "bus/poll.h"

void lb_report_put(struct lb_bus *bus, struct lb_report report)
{
    if (bus->report_count == bus->report_cap) {
        return;
    }
    report.at_us = bus->now_us;
    bus->report[(bus->report_first + bus->report_count) % bus->report_cap] =
        report;
    bus->report_count++;
}

bool lb_report_room(const struct lb_bus *bus)
{
    return bus->report_cap - bus->report_count >= bus->report_spare;
}

void lb_report_board(struct lb_bus *bus, enum lb_report_kind kind,
                     uint8_t board, const char *text)
{
    lb_report_put(bus, (struct lb_report){.kind = (uint8_t)kind,
                                          .board = board,
                                          .text = text});
}

void lb_report_job(struct lb_bus *bus, enum lb_report_kind kind,
                   const struct lb_job *job, const char *text)
{
    lb_report_put(bus, (struct lb_report){.kind = (uint8_t)kind,
                                          .board = job->board,
                                          .channel = job->channel,
                                          .ref = job->permit.ref,
                                          .text = text});
}

bool lb_bus_news(const struct lb_bus *bus)
{
    return bus->report_count != 0;
}

bool lb_bus_next(struct lb_bus *bus, struct lb_report *report)
{
    if (bus->report_count == 0) {
        return false;
    }
    *report = bus->report[bus->report_first];
    bus->report_first = (bus->report_first + 1) % bus->report_cap;
    bus->report_count--;
    return true;
}
