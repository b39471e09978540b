/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen_door {
    unsigned pulses, openings, shuttings;
};

struct seen_board {
    struct seen_door door[SIM_CHANNELS];
    uint64_t struck[SIM_FAULTS];
};

struct sim_log {
    FILE *out;
    uint64_t begun;
    struct seen_board *board;
    uint64_t *dropped; /* of each bus */
};

struct sim_log *sim_log_open(const char *path, const struct sim_world *world,
                             uint64_t now)
{
    struct sim_log *log = calloc(1, sizeof *log);

    if (log == NULL) {
        return NULL;
    }
    log->begun = now;
    log->board = calloc(world->board_count + 1, sizeof *log->board);
    log->dropped = calloc(world->bus_count + 1, sizeof *log->dropped);
    log->out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (log->out == NULL || log->board == NULL || log->dropped == NULL) {
        sim_log_close(&log);
    }
    return log;
}

void sim_log_close(struct sim_log **log)
{
    if (*log == NULL) {
        return;
    }
    if ((*log)->out != NULL && (*log)->out != stdout) {
        (void)fclose((*log)->out);
    }
    free((*log)->board);
    free((*log)->dropped);
    free(*log);
    *log = NULL;
}

static void stamp(const struct sim_log *log, uint64_t now)
{
    uint64_t ms = (now - log->begun) / SIM_MS;

    (void)fprintf(log->out, "%" PRIu64 ".%03" PRIu64 " ", ms / 1000, ms % 1000);
}

static void note(const struct sim_log *log, uint64_t now, const char *what,
                 const char *label)
{
    stamp(log, now);
    (void)fprintf(log->out, "%s %s\n", what, label);
}

static void note_door(const struct sim_log *log, uint64_t now,
                      const struct sim_door *door, struct seen_door *seen)
{
    if (door->label[0] == '\0') {
        return;
    }
    for (; seen->pulses != door->pulses; seen->pulses++) {
        note(log, now, "pulsed", door->label);
    }
    while (seen->openings != door->openings ||
           seen->shuttings != door->shuttings) {
        /* They take turns, and an opening is always the first. */
        bool opens = seen->openings == seen->shuttings;

        note(log, now, opens ? "opened" : "shut", door->label);
        *(opens ? &seen->openings : &seen->shuttings) += 1;
    }
}

static void note_faults(const struct sim_log *log, uint64_t now,
                        const struct sim_board *board, uint64_t *seen)
{
    for (size_t i = 0; i < SIM_FAULTS; i++) {
        for (; seen[i] != board->fault[i].struck; seen[i]++) {
            stamp(log, now);
            (void)fprintf(log->out, "board %u's reply %s\n", board->number,
                          sim_fault_name((enum sim_fault_kind)i));
        }
    }
}

void sim_log_changes(struct sim_world *world, uint64_t now)
{
    struct sim_log *log = world->log;

    if (log == NULL) {
        return;
    }
    for (size_t i = 0; i < world->board_count; i++) {
        const struct sim_board *board = &world->board[i];

        note_faults(log, now, board, log->board[i].struck);
        for (size_t c = 0; c < SIM_CHANNELS; c++) {
            note_door(log, now, &board->door[c], &log->board[i].door[c]);
        }
    }
    for (size_t i = 0; i < world->bus_count; i++) {
        const struct sim_bus *bus = &world->bus[i];

        for (; log->dropped[i] != bus->wire.stats.dropped_short;
             log->dropped[i]++) {
            note(log, now, "dropped a request on", bus->name);
        }
    }
    (void)fflush(log->out);
}

static void note_frame(void *user, char from, const uint8_t *bytes, size_t len)
{
    const struct sim_world *world = user;

    (void)fprintf(world->frames, "%s ", from == 'h' ? "host" : "board");
    for (size_t i = 0; i < len; i++) {
        (void)fprintf(world->frames, "%02x", bytes[i]);
    }
    (void)fputc('\n', world->frames);
    (void)fflush(world->frames);
}

bool sim_log_frames(struct sim_world *world, const char *path)
{
    world->frames = fopen(path, "w");
    for (size_t i = 0; world->frames != NULL && i < world->bus_count; i++) {
        world->bus[i].wire.frame = note_frame;
        world->bus[i].wire.frame_user = world;
    }
    return world->frames != NULL;
}

void sim_log_command(const struct sim_world *world, uint64_t now,
                     const char *line)
{
    size_t first = strcspn(line, " \t\r");
    bool asks =
        (first > 0 && line[first - 1] == '?') ||
        strncmp(line, "state", 5) == 0 || strncmp(line, "stats", 5) == 0 ||
        strncmp(line, "boards", 6) == 0 || strncmp(line, "outputs", 7) == 0 ||
        strncmp(line, "solenoid", 8) == 0;

    if (world->log != NULL && !asks) {
        note(world->log, now, "command", line);
    }
}
