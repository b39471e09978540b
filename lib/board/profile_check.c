/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A profile as a whole: what belongs together, what has an address, and
 * whether any frame that it can express is one of the hazards.
 */
#include "board/profile_read.h"

#include "board/hazard.h"

enum { COMMAND_LAST = 0x0020, LEVEL_MIN_MS = 100 };

/* The channels' addresses; false when the last one has none. */
static bool span_of(struct lb_hazard_span *span, const struct lb_profile_op *op,
                    uint8_t channels)
{
    span->fc = op->fc;
    span->first = op->base;
    span->last = lb_profile_at(op, (uint8_t)(channels - 1));
    span->step = op->step;
    return span->last <= 0xFFFF;
}

/* Every frame that [pulse] and [off] can express, against the table. */
static bool check_writes(struct lb_ini *ini,
                         const struct lb_profile_reading *reading)
{
    const struct lb_profile *profile = reading->profile;
    struct lb_hazard_span pulse = {
        .min = profile->pulse_min_ms / profile->pulse_unit_ms,
        .max = profile->pulse_max_ms / profile->pulse_unit_ms,
        .mode = profile->pulse_word,
    };
    struct lb_hazard_span off = {.min = profile->off_word,
                                 .max = profile->off_word};
    const char *hazard = NULL;

    pulse.level = profile->host_timed;
    if (profile->pulse.fc == 6 && profile->pulse_word != 0) {
        pulse.min = profile->pulse_alone ? 0 : pulse.min;
        pulse.max = profile->pulse_alone ? 0 : pulse.max;
        pulse.min += profile->pulse_word;
        pulse.max += profile->pulse_word;
    }
    ini->line = reading->pulse_line;
    if (!span_of(&pulse, &profile->pulse, profile->channels)) {
        return lb_ini_fail(ini, "write", "the last channel has no address");
    }
    if ((hazard = lb_hazard_find(&pulse)) != NULL) {
        return lb_ini_fail(ini, "write", "one of these pulses %s", hazard);
    }
    ini->line = reading->off_line;
    if (!span_of(&off, &profile->off, profile->channels)) {
        return lb_ini_fail(ini, "write", "the last channel has no address");
    }
    if ((hazard = lb_hazard_find(&off)) != NULL) {
        return lb_ini_fail(ini, "write", "switching off this way %s", hazard);
    }
    return true;
}

static bool overlap(const struct lb_profile_op *coils,
                    const struct lb_profile_op *leaf, uint8_t channels)
{
    return coils->fc == 5 && leaf->base < (uint32_t)coils->base + channels &&
           coils->base < (uint32_t)leaf->base + channels;
}

static bool check_reads(struct lb_ini *ini,
                        const struct lb_profile_reading *reading)
{
    const struct lb_profile *profile = reading->profile;
    struct lb_hazard_span span;

    for (size_t i = 0; i < profile->checks; i++) {
        struct lb_profile_op op = {.base = profile->check[i].base};

        ini->line = reading->check_line[i];
        if (profile->check[i].each && !span_of(&span, &op, profile->channels)) {
            return lb_ini_fail(ini, profile->check[i].name,
                               "the last channel has no address");
        }
    }
    ini->line = reading->leaf_line;
    if (!profile->leaf_is_read) {
        return !lb_ini_has_section(ini, "leaf") ||
               lb_ini_fail(ini, "read", "the section [leaf] lacks this key");
    }
    if (!span_of(&span, &profile->leaf, profile->channels)) {
        return lb_ini_fail(ini, "read", "the last channel has no address");
    }
    if (profile->leaf.fc == 1 &&
        (overlap(&profile->pulse, &profile->leaf, profile->channels) ||
         overlap(&profile->off, &profile->leaf, profile->channels))) {
        return lb_ini_fail(ini, "read",
                           "these coils are the outputs: they echo what was "
                           "written and say nothing of a leaf");
    }
    return true;
}

/* A level is switched off where it was switched on, and by a process that may
 * have other things to do for some milliseconds. */
static bool check_level(struct lb_ini *ini,
                        const struct lb_profile_reading *reading)
{
    const struct lb_profile *profile = reading->profile;

    ini->line = reading->timed_line;
    if (profile->pulse.fc != 5 || profile->off.fc != 5 ||
        profile->pulse.base != profile->off.base) {
        return lb_ini_fail(ini, "timed_by",
                           "a pulse that the host times is fc05, and off the "
                           "same coils");
    }
    ini->line = reading->allowed_line;
    return profile->pulse_min_ms >= LEVEL_MIN_MS ||
           lb_ini_fail(ini, "allowed_ms",
                       "a host times no pulse shorter than %d ms",
                       LEVEL_MIN_MS);
}

/* The words that belong to one way of writing, and to no other. */
static bool check_words(struct lb_ini *ini,
                        const struct lb_profile_reading *reading)
{
    const struct lb_profile *profile = reading->profile;
    bool command = reading->word_line != 0;

    ini->line = reading->pulse_line;
    if (profile->pulse.fc == 16 && reading->mode_line == 0) {
        return lb_ini_fail(ini, "mode", "fc16 takes a mode");
    }
    if (command && reading->off_word_line == 0) {
        return lb_ini_fail(ini, "word",
                           "a board that takes commands takes one for off");
    }
    if (command && (profile->off.fc != profile->pulse.fc ||
                    profile->off.base != profile->pulse.base)) {
        return lb_ini_fail(ini, "write",
                           "commands for on and off go to the same registers");
    }
    if (command &&
        lb_profile_at(&profile->pulse, (uint8_t)(profile->channels - 1)) >
            COMMAND_LAST) {
        return lb_ini_fail(ini, "write",
                           "commands go to the registers 0x0001 to 0x%04X",
                           COMMAND_LAST);
    }
    ini->line = reading->mode_line;
    if (profile->pulse.fc != 16 && ini->line != 0) {
        return lb_ini_fail(ini, "mode", "a mode goes with fc16");
    }
    ini->line = reading->word_line;
    if (command && profile->pulse.fc != 6) {
        return lb_ini_fail(ini, "word", "a command goes with fc06");
    }
    ini->line = reading->off_word_line;
    if (ini->line != 0 && (!command || profile->off.fc != 6)) {
        return lb_ini_fail(ini, "word",
                           "this command goes with fc06 and with a command "
                           "in [pulse]");
    }
    if (profile->host_timed && !check_level(ini, reading)) {
        return false;
    }
    ini->line = reading->allowed_line;
    return !profile->pulse_alone ||
           (profile->pulse_min_ms == profile->pulse_max_ms &&
            profile->pulse_min_ms == profile->pulse_unit_ms) ||
           lb_ini_fail(ini, "allowed_ms",
                       "a command alone has one length: unit_ms, and "
                       "allowed_ms from it to it");
}

bool lb_profile_check_whole(struct lb_ini *ini,
                            const struct lb_profile_reading *reading)
{
    const struct lb_profile *profile = reading->profile;

    ini->line = reading->allowed_line;
    if (profile->pulse_min_ms % profile->pulse_unit_ms != 0 ||
        profile->pulse_max_ms % profile->pulse_unit_ms != 0) {
        return lb_ini_fail(ini, "allowed_ms", "both are multiples of unit_ms");
    }
    return check_words(ini, reading) && check_writes(ini, reading) &&
           check_reads(ini, reading);
}

bool lb_profile_met(const struct lb_profile_check *check, const uint16_t *words,
                    size_t count)
{
    if (!check->each) {
        return count == 1 && words[0] >= check->value;
    }
    for (size_t i = 0; i < count; i++) {
        if (words[i] != check->value) {
            return false;
        }
    }
    return count > 0;
}
