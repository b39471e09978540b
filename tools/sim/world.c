/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "world.h"

#include "cabinet/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char PTY_PREFIX[] = "pty:";

static bool on_pty(const struct lb_config_bus *bus)
{
    return strncmp(bus->port, PTY_PREFIX, sizeof PTY_PREFIX - 1) == 0;
}

/* Register 0x2000 of a Waveshare board, as it is set for this line. */
static uint16_t uart_code(uint32_t baud)
{
    static const uint32_t known[] = {4800,  9600,   19200,  38400,
                                     57600, 115200, 128000, 256000};

    for (uint16_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i] == baud) {
            return i;
        }
    }
    return 1;
}

static bool add_board(struct sim_world *world, const struct lb_config *config,
                      size_t index, char *why, size_t why_cap)
{
    const struct lb_config_board *from = &config->board[index];
    const struct lb_profile *profile = &config->profile[from->profile];
    const struct sim_model *model = sim_model_find(profile->name);

    if (model == NULL || profile->channels > model->channels) {
        (void)snprintf(why, why_cap,
                       "%s, line %u: no simulated board behaves like %s",
                       config->file, from->line, profile->name);
        return false;
    }
    struct sim_board *board = &world->board[world->board_count++];
    sim_board_init(board, model);
    board->number = from->number;
    board->address = from->address;
    board->leaf_base = profile->leaf.base;
    board->uart = uart_code(config->bus[from->bus].serial.baud);
    board->bus_uart = board->uart;
    return true;
}

static void add_doors(struct sim_world *world, const struct lb_config *config,
                      size_t index, uint64_t shut_after_ns)
{
    struct sim_board *board = &world->board[world->board_count - 1];

    for (uint16_t i = 0; i < config->door_count; i++) {
        const struct lb_config_door at = lb_config_door(config, i);
        const struct lb_config_door *from = &at;
        if (!from->used || from->board != index) {
            continue;
        }
        struct sim_door *door = &board->door[from->channel];
        (void)snprintf(door->label, sizeof door->label, "%.*s",
                       (int)sizeof door->label - 1, from->label);
        door->fitted = from->sensor;
        door->shut_is = config->shut_is;
        door->shut_after_ns = shut_after_ns;
        world->door_count++;
    }
}

/* A content sensor is an input of any board, of a channel that drives no
 * latch; it sees an empty box at first. */
static void add_contents(struct sim_world *world,
                         const struct lb_config *config, size_t index)
{
    struct sim_board *board = &world->board[world->board_count - 1];

    for (uint16_t i = 0; i < config->door_count; i++) {
        const struct lb_config_door from = lb_config_door(config, i);

        if (!from.used || !from.content || from.content_board != index) {
            continue;
        }
        struct sim_door *sensor = &board->door[from.content_channel];

        (void)snprintf(sensor->content_of, sizeof sensor->content_of, "%s",
                       from.label);
        sensor->full_is = from.content_full_is;
    }
}

static bool add_bus(struct sim_world *world, const struct lb_config *config,
                    size_t index, const struct sim_options *options, char *why,
                    size_t why_cap)
{
    const struct lb_config_bus *from = &config->bus[index];
    struct sim_bus *bus = &world->bus[world->bus_count];
    size_t first = world->board_count;
    const struct sim_wire_settings settings = {
        .baud = from->serial.baud,
        .bits = 1u + from->serial.data_bits + (from->serial.parity != 'N') +
                from->serial.stop_bits,
        .turnaround_ns = options->turnaround_ns,
        .jitter_ns = options->jitter_ns,
        .seed = options->seed + index,
        .fast = options->fast,
        .strict = !options->tolerant,
    };

    for (size_t i = 0; i < config->board_count; i++) {
        if (config->board[i].bus != index) {
            continue;
        }
        if (!add_board(world, config, i, why, why_cap)) {
            return false;
        }
        add_doors(world, config, i, options->shut_after_ns);
        add_contents(world, config, i);
    }
    const char *path = from->port + sizeof PTY_PREFIX - 1;
    if (!sim_pty_open(&bus->pty, path)) {
        (void)snprintf(why, why_cap, "%s: %s", path, strerror(errno));
        return false;
    }
    world->bus_count++;
    (void)snprintf(bus->name, sizeof bus->name, "%s", from->name);
    (void)snprintf(bus->path, sizeof bus->path, "%s", path);
    sim_wire_init(&bus->wire, &settings);
    bus->wire.board = &world->board[first];
    bus->wire.board_count = world->board_count - first;
    return true;
}

static bool build(struct sim_world *world, const struct lb_config *config,
                  const struct sim_options *options, char *why, size_t why_cap)
{
    world->bus = calloc(LB_CONFIG_BUSES, sizeof *world->bus);
    world->board = calloc(LB_CONFIG_BOARDS, sizeof *world->board);
    if (world->bus == NULL || world->board == NULL) {
        (void)snprintf(why, why_cap, "no memory");
        return false;
    }
    for (size_t i = 0; i < config->bus_count; i++) {
        if (on_pty(&config->bus[i]) &&
            !add_bus(world, config, i, options, why, why_cap)) {
            return false;
        }
    }
    if (world->bus_count == 0) {
        (void)snprintf(why, why_cap, "%s: no bus has a pty: port",
                       options->config);
        return false;
    }
    return true;
}

/* As `lockbus` says it: FILE:LINE: FIELD: TEXT, without what there is not. */
static void complain(const struct lockbus_error *error, char *why,
                     size_t why_cap)
{
    char line[16] = "";

    if (error->line != 0) {
        (void)snprintf(line, sizeof line, "%u:", error->line);
    }
    (void)snprintf(why, why_cap, "%s:%s %s%s%s", error->file, line,
                   error->field, error->field[0] != '\0' ? ": " : "",
                   error->text);
}

bool sim_world_open(struct sim_world *world, const struct sim_options *options,
                    char *why, size_t why_cap)
{
    struct lockbus_error error = {0};
    struct lb_config *config = calloc(1, sizeof *config);
    bool ok = false;

    memset(world, 0, sizeof *world);
    if (config == NULL) {
        (void)snprintf(why, why_cap, "no memory");
    } else if (lb_config_load(config, options->config, &error) != LOCKBUS_OK) {
        complain(&error, why, why_cap);
    } else {
        ok = build(world, config, options, why, why_cap);
        lb_config_free(config);
    }
    free(config);
    if (!ok) {
        sim_world_close(world);
    }
    return ok;
}

void sim_world_close(struct sim_world *world)
{
    for (size_t i = 0; i < world->bus_count; i++) {
        sim_pty_close(&world->bus[i].pty);
    }
    if (world->frames != NULL) {
        (void)fclose(world->frames);
    }
    free(world->bus);
    free(world->board);
    memset(world, 0, sizeof *world);
}

static void note_peak(struct sim_world *world)
{
    unsigned on = 0;

    for (size_t i = 0; i < world->board_count; i++) {
        uint32_t bits = sim_board_outputs(&world->board[i]);
        for (; bits != 0; bits &= bits - 1) {
            on++;
        }
    }
    world->peak_on = on > world->peak_on ? on : world->peak_on;
}

void sim_world_advance(struct sim_world *world, uint64_t now)
{
    for (size_t i = 0; i < world->board_count; i++) {
        if (world->board[i].next <= now) {
            sim_board_advance(&world->board[i], now);
        }
    }
    for (size_t i = 0; i < world->bus_count; i++) {
        struct sim_bus *bus = &world->bus[i];
        uint64_t before = bus->wire.stats.requests;
        const uint8_t *out = NULL;
        size_t len = sim_wire_due(&bus->wire, now, &out);

        if (len != 0 && write(bus->pty.master, out, len) < 0) {
            /* Nobody reads: on a wire the bytes would be gone as well. */
            errno = 0;
        }
        if (bus->wire.stats.requests != before) {
            note_peak(world);
        }
    }
}

void sim_world_receive(struct sim_world *world, size_t bus, uint64_t now)
{
    uint8_t bytes[SIM_FRAME_MAX];
    ssize_t got = read(world->bus[bus].pty.master, bytes, sizeof bytes);

    if (got > 0 && world->bus[bus].echo &&
        write(world->bus[bus].pty.master, bytes, (size_t)got) < 0) {
        errno = 0; /* nobody reads */
    }
    if (got > 0) {
        sim_wire_receive(&world->bus[bus].wire, now, bytes, (size_t)got);
    }
}

uint64_t sim_world_next(const struct sim_world *world, uint64_t now)
{
    uint64_t next = SIM_NEVER;

    for (size_t i = 0; i < world->board_count; i++) {
        uint64_t at = world->board[i].next;
        next = at < next ? at : next;
    }
    for (size_t i = 0; i < world->bus_count; i++) {
        uint64_t at = sim_wire_next(&world->bus[i].wire, now);
        next = at < next ? at : next;
    }
    return next;
}

struct sim_board *sim_world_board(struct sim_world *world, unsigned number)
{
    for (size_t i = 0; i < world->board_count; i++) {
        if (world->board[i].number == number) {
            return &world->board[i];
        }
    }
    return NULL;
}

struct sim_door *sim_world_door(struct sim_world *world, const char *label,
                                struct sim_board **board)
{
    for (size_t i = 0; i < world->board_count; i++) {
        for (size_t c = 0; c < SIM_CHANNELS; c++) {
            struct sim_door *door = &world->board[i].door[c];
            if (door->label[0] != '\0' && strcmp(door->label, label) == 0) {
                *board = &world->board[i];
                return door;
            }
        }
    }
    return NULL;
}

struct sim_door *sim_world_content(struct sim_world *world, const char *label)
{
    for (size_t i = 0; i < world->board_count * SIM_CHANNELS; i++) {
        struct sim_door *door =
            &world->board[i / SIM_CHANNELS].door[i % SIM_CHANNELS];

        if (door->content_of[0] != '\0' &&
            strcmp(door->content_of, label) == 0) {
            return door;
        }
    }
    return NULL;
}
