/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sim_say(struct call *call, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(call->out + call->len, SIM_ANSWER_MAX - call->len,
                        format, args);
    va_end(args);
    if (len > 0) {
        call->len += (size_t)len;
    }
    if (call->len >= SIM_ANSWER_MAX) {
        call->len = SIM_ANSWER_MAX - 1;
    }
}

bool sim_is(const struct call *call, size_t word, const char *text)
{
    return word < call->words && strcmp(call->word[word], text) == 0;
}

bool sim_number(const struct call *call, size_t word, unsigned max,
                unsigned *value)
{
    unsigned n = 0;

    if (word >= call->words || call->word[word][0] == '\0') {
        return false;
    }
    for (const char *c = call->word[word]; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || n > max) {
            return false;
        }
        n = 10 * n + (unsigned)(*c - '0');
    }
    *value = n;
    return n <= max;
}

static struct sim_door *named_door(struct call *call, struct sim_board **board)
{
    struct sim_door *door = NULL;

    if (call->words >= 2) {
        door = sim_world_door(call->world, call->word[1], board);
    }
    if (door == NULL) {
        sim_say(call, "error no such door");
    }
    return door;
}

static void do_board(struct call *call)
{
    unsigned n = 0, channel = 0, value = 0;
    struct sim_board *board = NULL;

    if (sim_number(call, 1, 9999, &n)) {
        board = sim_world_board(call->world, n);
    }
    if (board == NULL) {
        sim_say(call, "error no such board");
    } else if (sim_is(call, 2, "on") || sim_is(call, 2, "off")) {
        sim_board_power(board, call->now, sim_is(call, 2, "on"));
        sim_say(call, "ok");
    } else if (sim_is(call, 2, "mode") &&
               sim_number(call, 3, SIM_CHANNELS, &channel) && channel >= 1 &&
               sim_number(call, 4, 3, &value)) {
        board->mode[channel - 1] = (uint16_t)value;
        sim_board_advance(board, call->now);
        sim_say(call, "ok");
    } else if (sim_is(call, 2, "firmware") &&
               sim_number(call, 3, 65535, &value)) {
        board->firmware = (uint16_t)value;
        sim_say(call, "ok");
    } else if (!sim_do_board_fault(call, board)) {
        sim_say(call, "error board N on|off|mode CHANNEL 0-3|firmware X100|"
                      "silent|late MS|corrupt|foreign|stray BYTES|sound");
    }
}

static void do_door(struct call *call)
{
    struct sim_board *board = NULL;
    struct sim_door *door = named_door(call, &board);

    if (door == NULL) {
        return;
    }
    if (sim_is(call, 2, "stick") || sim_is(call, 2, "free")) {
        door->stuck = sim_is(call, 2, "stick");
    } else if (sim_is(call, 2, "force")) {
        sim_door_force(door, call->now);
    } else if (!sim_is(call, 2, "shut")) {
        sim_say(call, "error door LABEL stick|free|force|shut");
        return;
    } else if (!sim_door_shut(door, call->now)) {
        sim_say(call, "error the latch of %s is held drawn", door->label);
        return;
    }
    sim_board_advance(board, call->now);
    sim_say(call, "ok");
}

static void do_sensor(struct call *call)
{
    struct sim_board *board = NULL;
    struct sim_door *door = named_door(call, &board);

    unsigned ms = 0;

    if (door == NULL) {
        return;
    }
    if (sim_is(call, 2, "bounce") && sim_number(call, 3, 10000, &ms)) {
        door->bounce_ns = ms * SIM_MS;
    } else if (call->words > 3) {
        sim_say(call, "error sensor LABEL bounce MS");
        return;
    } else if (sim_is(call, 2, "ok")) {
        door->sensor = SIM_SENSOR_OK;
        door->bounce_ns = 0;
    } else if (sim_is(call, 2, "stuck-open")) {
        door->sensor = SIM_SENSOR_OPEN;
    } else if (sim_is(call, 2, "stuck-shut")) {
        door->sensor = SIM_SENSOR_SHUT;
    } else {
        sim_say(call, "error sensor LABEL stuck-open|stuck-shut|bounce MS|ok");
        return;
    }
    sim_board_advance(board, call->now);
    sim_say(call, "ok");
}

static void do_state(struct call *call)
{
    struct sim_board *board = NULL;
    const struct sim_door *door = named_door(call, &board);

    if (door != NULL) {
        sim_say(call, "ok %s pulses=%u", door->open ? "open" : "shut",
                door->pulses);
    }
}

static void do_solenoid(struct call *call)
{
    struct sim_board *board = NULL;
    const struct sim_door *door = named_door(call, &board);

    if (door != NULL) {
        sim_say(call, "ok %s hot=%u longest_ms=%" PRIu64,
                door->on ? "fed" : "rests", door->hot,
                door->longest_ns / SIM_MS);
    }
}

static void list_doors(struct call *call, bool ever)
{
    unsigned count = 0;
    char sep = ' ';

    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1) {
            sim_say(call, "ok %u", count);
        }
        for (size_t i = 0; i < call->world->board_count * SIM_CHANNELS; i++) {
            const struct sim_board *board =
                &call->world->board[i / SIM_CHANNELS];
            const struct sim_door *door = &board->door[i % SIM_CHANNELS];
            if (door->label[0] == '\0' || !(ever ? door->opened : door->open)) {
                continue;
            }
            count++;
            if (pass == 1) {
                sim_say(call, "%c%s", sep, door->label);
                sep = ',';
            }
        }
    }
}

static void do_open(struct call *call)
{
    list_doors(call, false);
}

static void do_opened(struct call *call)
{
    list_doors(call, true);
}

static void do_reset(struct call *call)
{
    for (size_t i = 0; i < call->world->board_count; i++) {
        for (size_t c = 0; c < SIM_CHANNELS; c++) {
            struct sim_door *door = &call->world->board[i].door[c];
            door->opened = door->open;
        }
    }
    sim_say(call, "ok");
}

static void do_boards(struct call *call)
{
    sim_say(call, "ok %zu", call->world->board_count);
    for (size_t i = 0; i < call->world->board_count; i++) {
        const struct sim_board *board = &call->world->board[i];
        sim_say(call, " %u=%s/%u/%s", board->number,
                board->powered ? "on" : "off", board->address,
                board->model->profile);
    }
}

/* What all outputs together went through. */
static void do_outputs(struct call *call)
{
    unsigned on = 0, pulses = 0, hot = 0, openings = 0;
    uint64_t longest_ns = 0;

    for (size_t i = 0; i < call->world->board_count * SIM_CHANNELS; i++) {
        const struct sim_board *board = &call->world->board[i / SIM_CHANNELS];
        const struct sim_door *door = &board->door[i % SIM_CHANNELS];
        on += door->on;
        pulses += door->pulses;
        hot += door->hot;
        openings += door->openings;
        longest_ns =
            door->longest_ns > longest_ns ? door->longest_ns : longest_ns;
    }
    sim_say(
        call,
        "ok on=%u peak=%u pulses=%u hot=%u longest_ms=%" PRIu64 " openings=%u",
        on, call->world->peak_on, pulses, hot, longest_ns / SIM_MS, openings);
}

static void do_stats(struct call *call)
{
    struct sim_wire_stats sum = {0};
    uint64_t exceptions = 0;
    bool found = call->words < 2;

    for (size_t i = 0; i < call->world->bus_count; i++) {
        const struct sim_bus *bus = &call->world->bus[i];
        if (call->words >= 2 && !sim_is(call, 1, bus->name)) {
            continue;
        }
        found = true;
        sum.requests += bus->wire.stats.requests;
        sum.replies += bus->wire.stats.replies;
        sum.dropped_short += bus->wire.stats.dropped_short;
        sum.crc_errors += bus->wire.stats.crc_errors;
        sum.collisions += bus->wire.stats.collisions;
        for (size_t b = 0; b < bus->wire.board_count; b++) {
            exceptions += bus->wire.board[b].exceptions;
        }
    }
    if (!found) {
        sim_say(call, "error no such bus");
        return;
    }
    sim_say(call,
            "ok requests=%" PRIu64 " replies=%" PRIu64 " dropped=%" PRIu64
            " crc_errors=%" PRIu64 " collisions=%" PRIu64
            " exceptions=%" PRIu64,
            sum.requests, sum.replies, sum.dropped_short, sum.crc_errors,
            sum.collisions, exceptions);
}

/* The cables of two doors' sensors. */
static void do_swap(struct call *call)
{
    struct sim_board *board = NULL;
    struct sim_door *door[2] = {NULL, NULL};

    for (size_t i = 0; call->words == 3 && i < 2; i++) {
        door[i] = sim_world_door(call->world, call->word[1 + i], &board);
    }
    if (door[0] == NULL || door[1] == NULL) {
        sim_say(call, "error swap LABEL LABEL: two doors");
        return;
    }
    sim_door_swap(door[0], door[1]);
    sim_say(call, "ok");
}

static void do_quit(struct call *call)
{
    call->world->quit = true;
    sim_say(call, "ok");
}

static const struct command {
    const char *name;
    size_t words_max;
    void (*run)(struct call *call);
} commands[] = {
    {"board", 6, do_board},         {"bus", 4, sim_do_bus},
    {"door", 3, do_door},           {"sensor", 4, do_sensor},
    {"content", 3, sim_do_content}, {"state", 2, do_state},
    {"solenoid", 2, do_solenoid},   {"open?", 1, do_open},
    {"opened?", 1, do_opened},      {"reset", 1, do_reset},
    {"boards", 1, do_boards},       {"outputs", 1, do_outputs},
    {"swap", 3, do_swap},           {"stats", 2, do_stats},
    {"quit", 1, do_quit},
};

bool sim_control_knows(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strlen(commands[i].name) == len &&
            strncmp(commands[i].name, word, len) == 0) {
            return true;
        }
    }
    return false;
}

void sim_control(struct sim_world *world, uint64_t now, char *line,
                 char out[SIM_ANSWER_MAX])
{
    struct call call = {.world = world, .now = now, .out = out};
    char *rest = NULL;

    out[0] = '\0';
    sim_log_command(world, now, line);
    for (char *word = strtok_r(line, " \t\r", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r", &rest)) {
        if (call.words == SIM_WORDS_MAX) {
            sim_say(&call, "error too many words");
            return;
        }
        call.word[call.words++] = word;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!sim_is(&call, 0, commands[i].name)) {
            continue;
        }
        if (call.words > commands[i].words_max) {
            sim_say(&call, "error too many words");
            return;
        }
        commands[i].run(&call);
        sim_log_changes(world, now);
        return;
    }
    sim_say(&call, "error no such command");
}
