/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Board profiles, and what an order of one becomes on the wire.
 */

#include "oracle.h"

#include "board/modbus.h"

#include <string.h>

static void refused(const struct lockbus_error *why)
{
    must(why->err == LOCKBUS_ERR_CONFIG && strcmp(why->file, "fuzz.ini") == 0 &&
             why->text[0] != '\0' && (why->line != 0 || why->field[0] != '\0'),
         "a refusal names a line or a field, and says why");
    must(strchr(why->text, '\n') == NULL, "a refusal is one line");
}

/* Of a pulse: one output of this board, for a time, and never held but where
 * the profile says so. */
static void frame_of(const struct lb_profile *profile, struct lb_modbus *codec,
                     enum lb_op op, uint8_t channel)
{
    struct lb_request request;
    struct lb_order order = {.op = op,
                             .address = 7,
                             .channel = channel,
                             .pulse_ms = profile->pulse_min_ms};

    if (lb_modbus_driver.encode(codec, profile, &order, &request) !=
        LOCKBUS_OK) {
        must(op != LB_OP_PULSE || channel >= profile->channels ||
                 profile->pulse_min_ms % profile->pulse_unit_ms != 0,
             "a channel of the profile can be pulsed");
        return;
    }
    unsigned value = (unsigned)request.bytes[4] << 8 | request.bytes[5];

    must(channel < profile->channels, "only channels that there are");
    must(request.bytes[0] == 7, "only the board that is meant");
    must(request.bytes[1] == 5 || request.bytes[1] == 6 ||
             request.bytes[1] == 16,
         "only writes of one output");
    must(request.bytes[1] != 5 || value != 0xFF00 || profile->host_timed,
         "no output is held");
    must(op != LB_OP_OFF || value == profile->off_word, "off is off");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lb_modbus *codec;
    struct lb_profile profile;
    struct lockbus_error why = {0};

    if (codec == NULL) {
        must(lb_modbus_new(&codec) == LOCKBUS_OK, "a codec");
    }
    if (lb_profile_parse(&profile, "fuzz.ini", (const char *)data, size,
                         &why) != LOCKBUS_OK) {
        refused(&why);
        return 0;
    }
    accepted();
    must(profile.channels >= 1 && profile.channels <= LB_PROFILE_CHANNELS &&
             profile.checks <= LB_PROFILE_CHECKS && profile.pulse_unit_ms > 0 &&
             profile.pulse_min_ms >= LB_PULSE_MIN_MS &&
             profile.pulse_min_ms <= profile.pulse_max_ms &&
             profile.pulse_max_ms <= LB_PULSE_MAX_MS,
         "a profile within its bounds");
    for (uint8_t channel = 0; channel <= profile.channels; channel++) {
        frame_of(&profile, codec, LB_OP_PULSE, channel);
        frame_of(&profile, codec, LB_OP_OFF, channel);
    }
    return 0;
}
