/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 6 };

struct call {
    struct sim_world *world;
    uint64_t now;
    char *word[WORDS_MAX];
    size_t words;
    char *out;
    size_t len;
};

static void __attribute__((format(printf, 2, 3)))
say(struct call *call, const char *format, ...)
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

static bool is(const struct call *call, size_t word, const char *text)
{
    return word < call->words && strcmp(call->word[word], text) == 0;
}

static bool number(const struct call *call, size_t word, unsigned max,
                   unsigned *value)
{
    unsigned n = 0;

    if (word >= call->words) {
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
        say(call, "error no such door");
    }
    return door;
}

static void do_board(struct call *call)
{
    unsigned n = 0, channel = 0, value = 0;
    struct sim_board *board = NULL;

    if (number(call, 1, 9999, &n)) {
        board = sim_world_board(call->world, n);
    }
    if (board == NULL) {
        say(call, "error no such board");
    } else if (is(call, 2, "on") || is(call, 2, "off")) {
        sim_board_power(board, call->now, is(call, 2, "on"));
        say(call, "ok");
    } else if (is(call, 2, "mode") && number(call, 3, SIM_CHANNELS, &channel) &&
               channel >= 1 && number(call, 4, 3, &value)) {
        board->mode[channel - 1] = (uint16_t)value;
        sim_board_advance(board, call->now);
        say(call, "ok");
    } else if (is(call, 2, "firmware") && number(call, 3, 65535, &value)) {
        board->firmware = (uint16_t)value;
        say(call, "ok");
    } else {
        say(call, "error board N on|off|mode CHANNEL 0-3|firmware X100");
    }
}

static void do_door(struct call *call)
{
    struct sim_board *board = NULL;
    struct sim_door *door = named_door(call, &board);

    if (door == NULL) {
        return;
    }
    if (is(call, 2, "stick") || is(call, 2, "free")) {
        door->stuck = is(call, 2, "stick");
    } else if (is(call, 2, "force")) {
        sim_door_force(door, call->now);
    } else if (!is(call, 2, "shut")) {
        say(call, "error door LABEL stick|free|force|shut");
        return;
    } else if (!sim_door_shut(door)) {
        say(call, "error the latch of %s is held drawn", door->label);
        return;
    }
    sim_board_advance(board, call->now);
    say(call, "ok");
}

static void do_sensor(struct call *call)
{
    struct sim_board *board = NULL;
    struct sim_door *door = named_door(call, &board);

    if (door == NULL) {
        return;
    }
    if (is(call, 2, "ok")) {
        door->sensor = SIM_SENSOR_OK;
    } else if (is(call, 2, "stuck-open")) {
        door->sensor = SIM_SENSOR_OPEN;
    } else if (is(call, 2, "stuck-shut")) {
        door->sensor = SIM_SENSOR_SHUT;
    } else {
        say(call, "error sensor LABEL stuck-open|stuck-shut|ok");
        return;
    }
    sim_board_advance(board, call->now);
    say(call, "ok");
}

static void do_state(struct call *call)
{
    struct sim_board *board = NULL;
    const struct sim_door *door = named_door(call, &board);

    if (door != NULL) {
        say(call, "ok %s pulses=%u", door->open ? "open" : "shut",
            door->pulses);
    }
}

static void do_solenoid(struct call *call)
{
    struct sim_board *board = NULL;
    const struct sim_door *door = named_door(call, &board);

    if (door != NULL) {
        say(call, "ok %s hot=%u longest_ms=%" PRIu64,
            door->on ? "fed" : "rests", door->hot, door->longest_ns / SIM_MS);
    }
}

static void list_doors(struct call *call, bool ever)
{
    unsigned count = 0;
    char sep = ' ';

    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1) {
            say(call, "ok %u", count);
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
                say(call, "%c%s", sep, door->label);
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
    say(call, "ok");
}

static void do_boards(struct call *call)
{
    say(call, "ok %zu", call->world->board_count);
    for (size_t i = 0; i < call->world->board_count; i++) {
        const struct sim_board *board = &call->world->board[i];
        say(call, " %u=%s/%u/%s", board->number, board->powered ? "on" : "off",
            board->address, board->model->profile);
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
    say(call,
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
        if (call->words >= 2 && !is(call, 1, bus->name)) {
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
        say(call, "error no such bus");
        return;
    }
    say(call,
        "ok requests=%" PRIu64 " replies=%" PRIu64 " dropped=%" PRIu64
        " crc_errors=%" PRIu64 " collisions=%" PRIu64 " exceptions=%" PRIu64,
        sum.requests, sum.replies, sum.dropped_short, sum.crc_errors,
        sum.collisions, exceptions);
}

static void do_quit(struct call *call)
{
    call->world->quit = true;
    say(call, "ok");
}

static const struct command {
    const char *name;
    size_t words_max;
    void (*run)(struct call *call);
} commands[] = {
    {"board", 5, do_board},       {"door", 3, do_door},
    {"sensor", 3, do_sensor},     {"state", 2, do_state},
    {"solenoid", 2, do_solenoid}, {"open?", 1, do_open},
    {"opened?", 1, do_opened},    {"reset", 1, do_reset},
    {"boards", 1, do_boards},     {"outputs", 1, do_outputs},
    {"stats", 2, do_stats},       {"quit", 1, do_quit},
};

void sim_control(struct sim_world *world, uint64_t now, char *line,
                 char out[SIM_ANSWER_MAX])
{
    struct call call = {.world = world, .now = now, .out = out};
    char *rest = NULL;

    out[0] = '\0';
    for (char *word = strtok_r(line, " \t\r", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r", &rest)) {
        if (call.words == WORDS_MAX) {
            say(&call, "error too many words");
            return;
        }
        call.word[call.words++] = word;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!is(&call, 0, commands[i].name)) {
            continue;
        }
        if (call.words > commands[i].words_max) {
            say(&call, "error too many words");
            return;
        }
        commands[i].run(&call);
        return;
    }
    say(&call, "error no such command");
}
