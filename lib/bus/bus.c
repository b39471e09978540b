/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A bus's life and the questions that may be asked of it. Its configuration
 * is checked here, once, so that no exchange can fail for it later.
 */
#include "bus/bus.h"

#include "board/modbus.h"
#include "bus/poll.h"

#include <stdlib.h>

enum { ADDRESS_LAST = 247, BAUD_MIN = 300, BAUD_MAX = 4000000 };

static bool line_ok(const struct lb_bus_config *config)
{
    const struct lockbus_line *line = &config->line;

    return line->size == sizeof *line && line->open != NULL &&
           line->send != NULL && line->receive != NULL && line->fd != NULL &&
           line->close != NULL;
}

/* All that depends on how many boards there are. A lost line reports each of
 * its boards and jobs, one exchange all leaves of a board. */
static bool parts_new(struct lb_bus *bus, const struct lb_bus_config *config)
{
    uint8_t widest = 0;

    bus->nodes = config->board_count;
    for (size_t i = 0; i < bus->nodes; i++) {
        uint8_t channels = config->boards[i].profile->channels;

        bus->channels += channels;
        widest = channels > widest ? channels : widest;
    }
    if (bus->nodes == 0 || bus->channels == 0) {
        return false; /* config_ok() has refused it */
    }
    bus->report_spare = bus->nodes + LB_JOBS + widest + LB_REPORTS_EXTRA;
    bus->report_cap = bus->report_spare + LB_REPORTS_WAIT;
    bus->node = calloc(bus->nodes, sizeof *bus->node);
    bus->channel = calloc(bus->channels, sizeof *bus->channel);
    bus->report = calloc(bus->report_cap, sizeof *bus->report);
    return bus->node != NULL && bus->channel != NULL && bus->report != NULL;
}

static void parts_free(struct lb_bus *bus)
{
    free(bus->node);
    free(bus->channel);
    free(bus->report);
}

static bool speed_ok(const struct lb_bus_config *config)
{
    return config->baud == 0 ||
           (config->baud >= BAUD_MIN && config->baud <= BAUD_MAX &&
            (config->bits_per_byte == 10 || config->bits_per_byte == 11));
}

/* Whether every order of the profile can be put into a frame. */
static bool orders_ok(struct lb_modbus *codec, const struct lb_bus_board *board)
{
    const struct lb_profile *profile = board->profile;
    const uint8_t last = (uint8_t)(profile->channels - 1);
    struct lb_request request;
    struct lb_order order = {.address = board->address,
                             .channel = last,
                             .pulse_ms = board->pulse_ms};
    const enum lb_op ops[] = {LB_OP_PROBE, LB_OP_OFF, LB_OP_OUTPUT, LB_OP_PULSE,
                              LB_OP_LEAF};

    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        order.op = ops[i];
        if ((order.op != LB_OP_LEAF || profile->leaf_is_read) &&
            lb_modbus_driver.encode(codec, profile, &order, &request) !=
                LOCKBUS_OK) {
            return false;
        }
    }
    order.op = LB_OP_CHECK;
    for (size_t i = 0; i < profile->checks; i++) {
        order.check = (uint8_t)i;
        if (lb_modbus_driver.encode(codec, profile, &order, &request) !=
            LOCKBUS_OK) {
            return false;
        }
    }
    return true;
}

static bool board_ok(const struct lb_bus_config *config, size_t index)
{
    const struct lb_bus_board *board = &config->boards[index];

    if (board->address == 0 || board->address > ADDRESS_LAST ||
        board->profile == NULL || board->profile->channels == 0 ||
        board->profile->channels > LB_PROFILE_CHANNELS ||
        board->profile->checks > LB_PROFILE_CHECKS ||
        (board->profile->host_timed && !config->host_timed)) {
        return false;
    }
    for (size_t i = 0; i < index; i++) {
        if (config->boards[i].address == board->address) {
            return false;
        }
    }
    return true;
}

static bool config_ok(const struct lb_bus_config *config)
{
    if (config->at_once == 0 || config->boards == NULL ||
        config->board_count == 0 || config->board_count > LB_BUS_BOARDS ||
        !line_ok(config) || !speed_ok(config)) {
        return false;
    }
    for (size_t i = 0; i < config->board_count; i++) {
        if (!board_ok(config, i)) {
            return false;
        }
    }
    return true;
}

static void fill(struct lb_bus *bus, const struct lb_bus_config *config)
{
    struct lb_channel *channel = bus->channel;

    bus->line = config->line;
    bus->baud = config->baud;
    bus->bits = config->bits_per_byte;
    bus->at_once = config->at_once;
    bus->since = config->since;
    bus->since_user = config->since_user;
    bus->driver = &lb_modbus_driver;
    bus->txn.state = LB_TXN_IDLE;
    bus->reopen_wait_us = LB_REOPEN_FIRST_US;
    bus->round = 1;
    bus->attaching = -1;
    for (size_t i = 0; i < bus->nodes; i++) {
        bus->node[i].board = config->boards[i];
        bus->node[i].channel = channel;
        channel += config->boards[i].profile->channels;
        bus->node[i].link = LB_LINK_NEW;
        bus->node[i].late_us = LB_LATE_FIRST_US;
    }
}

enum lockbus_err lb_bus_new(struct lb_bus **out,
                            const struct lb_bus_config *config)
{
    enum lockbus_err err;

    if (out == NULL || config == NULL || !config_ok(config)) {
        return LOCKBUS_ERR_USAGE;
    }
    struct lb_bus *bus = calloc(1, sizeof *bus);
    if (bus == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    err =
        parts_new(bus, config) ? lb_modbus_new(&bus->codec) : LOCKBUS_ERR_NOMEM;
    if (err != LOCKBUS_OK) {
        goto out;
    }
    for (size_t i = 0; i < config->board_count; i++) {
        if (!orders_ok(bus->codec, &config->boards[i])) {
            err = LOCKBUS_ERR_USAGE;
            goto out;
        }
    }
    fill(bus, config);
    *out = bus;
    bus = NULL; /* the caller's now */

out:
    if (bus != NULL) {
        lb_modbus_free(&bus->codec);
        parts_free(bus);
        free(bus);
    }
    return err;
}

void lb_bus_free(struct lb_bus **bus)
{
    if (bus == NULL || *bus == NULL) {
        return;
    }
    (*bus)->line.close((*bus)->line.user);
    lb_modbus_free(&(*bus)->codec);
    parts_free(*bus);
    free(*bus);
    *bus = NULL;
}

bool lb_bus_stop(struct lb_bus *bus)
{
    uint64_t wake = UINT64_MAX;

    if (!bus->stopping) {
        bus->stopping = true;
        for (size_t i = 0; i < bus->nodes; i++) {
            lb_pulse_drop(bus, (uint8_t)i, "the bus was stopped");
        }
        bus->wake_us = bus->now_us;
    }
    return !bus->open || (bus->txn.state == LB_TXN_IDLE &&
                          lb_schedule_pick(bus, &wake).op == LB_OP_NONE);
}

uint64_t lb_bus_next_us(const struct lb_bus *bus)
{
    return bus->wake_us;
}

int lb_bus_fd(const struct lb_bus *bus)
{
    return bus->open ? bus->line.fd(bus->line.user) : -1;
}

bool lb_bus_listens(const struct lb_bus *bus)
{
    return bus->open && !bus->deaf;
}

void lb_bus_ask(struct lb_bus *bus, uint8_t board)
{
    if (board < bus->nodes) {
        bus->node[board].ask = true;
        bus->wake_us = bus->now_us;
    }
}

bool lb_bus_present(const struct lb_bus *bus, uint8_t board)
{
    return board < bus->nodes && bus->open &&
           bus->node[board].link == LB_LINK_PRESENT;
}

uint64_t lb_bus_read_us(const struct lb_bus *bus, uint8_t board)
{
    return board < bus->nodes ? bus->node[board].read_sent_us : 0;
}

uint64_t lb_bus_open_us(const struct lb_bus *bus, uint8_t board,
                        uint8_t channel)
{
    return board < bus->nodes &&
                   channel < bus->node[board].board.profile->channels
               ? bus->node[board].channel[channel].open_us
               : 0;
}

size_t lb_bus_memory(const struct lb_bus *bus)
{
    return sizeof *bus + bus->nodes * sizeof *bus->node +
           bus->channels * sizeof *bus->channel +
           bus->report_cap * sizeof *bus->report;
}
