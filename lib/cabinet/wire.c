/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * From the configuration to doors, boards, lines and buses. Everything was
 * checked when it was loaded; what can fail here is a line that the host did
 * not give, or memory.
 */

#include "cabinet/cabinet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BITS_8N1 = 10 };

static enum lockbus_err wire_line(struct lockbus_cabinet *cab, size_t b,
                                  const struct lb_config_bus *bus,
                                  const struct lockbus_options *options,
                                  struct lockbus_error *why)
{
    static const char host[] = "host:";
    size_t count = options != NULL ? options->line_count : 0;

    if (strncmp(bus->port, host, sizeof host - 1) != 0) {
        cab->line_ours[b] = true;
        return lb_line_new(&cab->line[b], bus->port, &bus->serial, why);
    }
    for (size_t i = 0; i < count; i++) {
        const struct lockbus_host_line *line = &options->lines[i];

        if (line->name != NULL &&
            strcmp(line->name, bus->port + sizeof host - 1) == 0) {
            if (line->line.open == NULL || line->line.send == NULL ||
                line->line.receive == NULL || line->line.fd == NULL ||
                line->line.close == NULL) {
                return lb_reason(why, LOCKBUS_ERR_USAGE, "lines",
                                 "a host line lacks a function");
            }
            cab->line[b] = line->line;
            return LOCKBUS_OK;
        }
    }
    return lb_reason(why, LOCKBUS_ERR_USAGE, "lines",
                     "the configuration names a host line that was not given");
}

static void wire_contents(const struct lb_config *config, size_t board,
                          struct lb_bus_board *to)
{
    for (uint16_t n = 0; n < config->door_count; n++) {
        const struct lb_config_door at = lb_config_door(config, n);
        const struct lb_config_door *door = &at;

        if (door->used && door->content && door->content_board == board) {
            to->content |= UINT32_C(1) << door->content_channel;
            to->full_is |= (uint32_t)door->content_full_is
                           << door->content_channel;
        }
    }
}

void lb_port_say(const struct lb_config_bus *bus, const char *text,
                 char out[96])
{
    int cap = 96;
    int used = snprintf(out, (size_t)cap, "%s: ", bus->name);

    used += snprintf(out + used, (size_t)(cap - used), "%.*s", cap - used - 1,
                     text);
    used = used < cap ? used : cap - 1;
    (void)snprintf(out + used, (size_t)(cap - used), " (%.*s)", cap, bus->port);
}

static enum lockbus_err wire_bus(struct lockbus_cabinet *cab, size_t b,
                                 const struct lockbus_options *options,
                                 struct lockbus_error *why)
{
    const struct lb_config *config = cab->config;
    const struct lb_config_bus *bus = &config->bus[b];
    struct lb_bus_board board[LB_BUS_BOARDS];
    size_t count = 0;

    for (size_t i = 0; i < config->board_count; i++) {
        const struct lb_config_board *from = &config->board[i];

        if (from->bus != b || count == LB_BUS_BOARDS) {
            continue;
        }
        cab->boards[i].bus = (uint8_t)b;
        cab->boards[i].index = (uint8_t)count;
        board[count] = (struct lb_bus_board){
            .address = from->address,
            .profile = &config->profile[from->profile],
            .pulse_ms = config->pulse_ms,
            .rest_ms = config->rest_ms,
            .shut_is = config->shut_is,
        };
        wire_contents(config, i, &board[count++]);
    }
    lb_port_say(bus, "the port is open", cab->port[b].open);
    enum lockbus_err err = wire_line(cab, b, bus, options, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    struct lockbus_line line = cab->line[b];

    lb_trace_tap(cab->trace, bus->name, bus->serial.baud, &line);
    struct lb_bus_config wiring = {
        .line = line,
        .baud = bus->serial.baud, /* 0: Modbus/TCP, no quiet times */
        .bits_per_byte = bus->serial.baud == 0
                             ? BITS_8N1
                             : 1U + bus->serial.data_bits +
                                   (bus->serial.parity != 'N') +
                                   bus->serial.stop_bits,
        .at_once = config->at_once,
        .boards = board,
        .board_count = count,
        /* In a simulation only the host's own clock counts. */
        .since =
            options != NULL && options->without_worker ? NULL : lb_loop_since,
        .since_user = &cab->loop,
        .host_timed = bus->host_timed,
    };
    err = lb_bus_new(&cab->bus[b], &wiring);
    return err == LOCKBUS_OK
               ? err
               : lb_reason(why, err, bus->name, "the bus cannot be set up");
}

static void wire_doors(struct lockbus_cabinet *cab)
{
    const struct lb_config *config = cab->config;

    for (size_t i = 0; i < config->board_count; i++) {
        cab->boards[i].number = config->board[i].number;
        cab->boards[i].state = cab->boards[i].noted = LB_BOARD_NEW;
        for (size_t c = 0; c < LB_PROFILE_CHANNELS; c++) {
            cab->boards[i].door[c] = LB_DOOR_NONE;
        }
    }
    for (uint16_t n = 0; n < config->door_count; n++) {
        const struct lb_config_door from = lb_config_door(config, n);
        struct lb_slot *slot = &cab->slots[n];

        lb_latch_init(&slot->latch);
        if (!from.used) {
            continue;
        }
        slot->used = true;
        slot->sensor = from.sensor;
        slot->board = from.board;
        slot->channel = from.channel;
        if (from.content) {
            lb_gate_content(&cab->gate, n, LB_CONTENT_UNKNOWN);
        }
        cab->boards[from.board].door[from.channel] = n;
    }
}

static enum lockbus_err wiring_new(struct lockbus_cabinet *cab,
                                   struct lockbus_error *why)
{
    cab->board_count = cab->config->board_count;
    cab->boards = calloc(cab->board_count, sizeof *cab->boards);
    cab->slots = calloc(cab->door_count, sizeof *cab->slots);
    cab->port = calloc(cab->config->bus_count, sizeof *cab->port);
    return cab->boards != NULL && cab->slots != NULL && cab->port != NULL
               ? LOCKBUS_OK
               : lb_reason(why, LOCKBUS_ERR_NOMEM, "", "out of memory");
}

enum lockbus_err lb_cabinet_wire(struct lockbus_cabinet *cab,
                                 const struct lockbus_options *options,
                                 struct lockbus_error *why)
{
    const struct lb_config *config = cab->config;
    enum lockbus_err err = wiring_new(cab, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    wire_doors(cab);
    cab->bus_count = config->bus_count;
    for (size_t b = 0; err == LOCKBUS_OK && b < config->bus_count; b++) {
        err = wire_bus(cab, b, options, why);
    }
    return err;
}
