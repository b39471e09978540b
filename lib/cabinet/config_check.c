/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/config_read.h"

#include <stdio.h>
#include <string.h>

static enum lockbus_err load_profile(struct lb_config_reading *reading,
                                     size_t index)
{
    struct lb_config *config = reading->config;
    struct lb_profile *profile = &config->profile[index];
    uint8_t text[LB_PROFILE_FILE_MAX];
    char name[sizeof profile->name];
    char path[LB_PATH_LEN + sizeof profile->name + 8];
    size_t len = 0;

    memcpy(name, profile->name, sizeof name);
    (void)snprintf(path, sizeof path, "%s/%s.ini", config->profiles, name);
    enum lockbus_err err =
        lb_file_read(path, text, sizeof text, &len, LB_FILE_ANY, reading->why);
    if (err != LOCKBUS_OK) {
        char reason[sizeof reading->why->text];

        memcpy(reason, reading->why->text, sizeof reason);
        return lb_config_fail(
            reading->why,
            (struct lb_place){config->file, reading->profile_line[index]}, name,
            "this profile's file %s", reason);
    }
    err =
        lb_profile_parse(profile, name, (const char *)text, len, reading->why);
    if (err != LOCKBUS_OK) {
        (void)snprintf(reading->why->file, sizeof reading->why->file, "%.*s",
                       (int)sizeof reading->why->file - 1, path);
    }
    return err;
}

enum lockbus_err lb_config_load_profiles(struct lb_config_reading *reading)
{
    for (size_t i = 0; i < reading->config->profile_count; i++) {
        enum lockbus_err err = load_profile(reading, i);

        if (err != LOCKBUS_OK) {
            return err;
        }
    }
    return LOCKBUS_OK;
}

static enum lockbus_err check_buses(const struct lb_config_reading *reading)
{
    const struct lb_config *config = reading->config;

    for (size_t i = 0; i < config->bus_count; i++) {
        const struct lb_config_bus *bus = &config->bus[i];

        bool gateway = strncmp(bus->port, "tcp:", 4) == 0;

        if (gateway && bus->serial.baud != 0) {
            return lb_config_fail(
                reading->why, (struct lb_place){config->file, bus->line},
                "baud",
                "[bus.%s] is Modbus/TCP: its gateway knows the baud rate",
                bus->name);
        }
        if (bus->port[0] == '\0' || (bus->serial.baud == 0 && !gateway)) {
            return lb_config_fail(
                reading->why, (struct lb_place){config->file, bus->line},
                bus->port[0] == '\0' ? "port" : "baud",
                "the section [bus.%s] lacks this key", bus->name);
        }
    }
    return LOCKBUS_OK;
}

static enum lockbus_err check_pulse(const struct lb_config_reading *reading)
{
    const struct lb_config *config = reading->config;

    for (size_t i = 0; i < config->profile_count; i++) {
        const struct lb_profile *profile = &config->profile[i];

        if (config->pulse_ms < profile->pulse_min_ms ||
            config->pulse_ms > profile->pulse_max_ms) {
            return lb_config_fail(
                reading->why,
                (struct lb_place){config->file, reading->pulse_line},
                "pulse_ms", "the profile %s allows %u to %u ms", profile->name,
                (unsigned)profile->pulse_min_ms,
                (unsigned)profile->pulse_max_ms);
        }
        if (config->pulse_ms % profile->pulse_unit_ms != 0) {
            return lb_config_fail(
                reading->why,
                (struct lb_place){config->file, reading->pulse_line},
                "pulse_ms", "the profile %s counts in steps of %u ms",
                profile->name, (unsigned)profile->pulse_unit_ms);
        }
    }
    return LOCKBUS_OK;
}

static enum lockbus_err check_door(const struct lb_config_reading *reading,
                                   uint16_t number)
{
    const struct lb_config *config = reading->config;
    const struct lb_config_door at = lb_config_door(config, number);
    const struct lb_config_door *door = &at;
    const struct lb_config_board *board = &config->board[door->board];
    const struct lb_profile *profile = &config->profile[board->profile];

    if (door->channel >= profile->channels) {
        return lb_config_fail(
            reading->why, (struct lb_place){config->file, door->line},
            door->label, "board %u has %u channels, and this is number %u",
            board->number, (unsigned)profile->channels,
            (unsigned)door->channel + 1);
    }
    if (door->sensor && !profile->leaf_is_read) {
        return lb_config_fail(reading->why,
                              (struct lb_place){config->file, door->line},
                              door->label,
                              "board %u has no inputs: the door needs "
                              "sensor=none and assume_open_s",
                              board->number);
    }
    return LOCKBUS_OK;
}

/* The door that reads a door's content input already, as its leaf or as its
 * contents; false: none does. */
static bool reads_input(const struct lb_config *config, uint16_t number,
                        struct lb_config_door *other)
{
    const struct lb_config_door door = lb_config_door(config, number);

    for (uint16_t i = 0; i < config->door_count; i++) {
        *other = lb_config_door(config, i);
        if (!other->used) {
            continue;
        }
        if (other->sensor && other->board == door.content_board &&
            other->channel == door.content_channel) {
            return true;
        }
        if (i != number && other->content &&
            other->content_board == door.content_board &&
            other->content_channel == door.content_channel) {
            return true;
        }
    }
    return false;
}

/* An input tells one thing. */
static enum lockbus_err check_content(const struct lb_config_reading *reading,
                                      uint16_t number)
{
    const struct lb_config *config = reading->config;
    const struct lb_config_door at = lb_config_door(config, number);
    const struct lb_config_door *door = &at;
    struct lb_config_door other;
    const struct lb_place place = {config->file, door->line};
    const struct lb_config_board *board = &config->board[door->content_board];
    const struct lb_profile *profile = &config->profile[board->profile];

    if (!profile->leaf_is_read) {
        return lb_config_fail(reading->why, place, "content",
                              "board %u has no inputs", board->number);
    }
    if (door->content_channel >= profile->channels) {
        return lb_config_fail(reading->why, place, "content",
                              "board %u has %u channels, and this is number %u",
                              board->number, (unsigned)profile->channels,
                              (unsigned)door->content_channel + 1);
    }
    if (reads_input(config, number, &other)) {
        return lb_config_fail(reading->why, place, "content",
                              "door %s reads input %u of board %u already",
                              other.label, (unsigned)door->content_channel + 1,
                              board->number);
    }
    return LOCKBUS_OK;
}

/* Nobody gets it by copying a profile: the cabinet's file says it too, and
 * says it of no bus that has no need of it. */
static enum lockbus_err check_timed(const struct lb_config_reading *reading,
                                    size_t index)
{
    const struct lb_config *config = reading->config;
    const struct lb_config_bus *bus = &config->bus[index];
    bool any = false;

    for (size_t i = 0; i < config->board_count; i++) {
        const struct lb_config_board *board = &config->board[i];
        bool host = config->profile[board->profile].host_timed;

        if (board->bus != index || !host) {
            continue;
        }
        any = true;
        if (!bus->host_timed) {
            return lb_config_fail(
                reading->why, (struct lb_place){config->file, board->line},
                "timed_by",
                "board %u leaves the end of each pulse to this host, which "
                "may die in one; who accepts that says timed_by = host in "
                "[bus.%s]",
                board->number, bus->name);
        }
    }
    if (bus->host_timed && !any) {
        return lb_config_fail(
            reading->why, (struct lb_place){config->file, bus->line},
            "timed_by", "no board of [bus.%s] is timed by the host", bus->name);
    }
    return LOCKBUS_OK;
}

enum lockbus_err lb_config_check_whole(const struct lb_config_reading *reading)
{
    const struct lb_config *config = reading->config;
    enum lockbus_err err = check_buses(reading);

    if (err == LOCKBUS_OK && config->door_count == 0) {
        err = lb_config_fail(reading->why, (struct lb_place){config->file, 0},
                             "doors", "the cabinet has no door");
    }
    for (size_t i = 0; err == LOCKBUS_OK && i < config->bus_count; i++) {
        err = check_timed(reading, i);
    }
    if (err == LOCKBUS_OK) {
        err = check_pulse(reading);
    }
    for (uint16_t i = 0; err == LOCKBUS_OK && i < config->door_count; i++) {
        const struct lb_config_door door = lb_config_door(config, i);

        if (door.used) {
            err = check_door(reading, i);
        }
        if (err == LOCKBUS_OK && door.content) {
            err = check_content(reading, i);
        }
    }
    return err;
}
