/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board/profile_read.h"

#include "base/crypto.h"

#include <string.h>

enum { VALUE_CAP = 64, UNIT_MAX_MS = 1000, STEP_MAX = 16 };

uint32_t lb_profile_at(const struct lb_profile_op *op, uint8_t channel)
{
    return op->base + (uint32_t)channel * (op->step != 0 ? op->step : 1U);
}

bool lb_profile_by_register(const struct lb_profile *profile)
{
    return profile->off.fc == 6;
}

/* "fcNN" and an address, cut off the front of *rest. */
static bool take_op(struct lb_ini *ini, const char *key, char **rest,
                    struct lb_profile_op *op)
{
    const char *fc = lb_parse_word(rest);
    const char *address = lb_parse_word(rest);
    uint32_t number = 0, base = 0;

    if (fc == NULL || strlen(fc) != 4 || strncmp(fc, "fc", 2) != 0 ||
        fc[2] < '0' || fc[2] > '9' || !lb_parse_u32(fc + 2, 1, 99, &number)) {
        return lb_ini_fail(ini, key,
                           "it begins with a function code, such as fc05");
    }
    if (address == NULL || !lb_parse_u32(address, 0, 0xFFFF, &base)) {
        return lb_ini_fail(ini, key,
                           "after the function code stands an address, "
                           "0x0000 to 0xFFFF");
    }
    op->fc = (uint8_t)number;
    op->base = (uint16_t)base;
    return true;
}

/* An operation that fills the whole value, with one of two codes. */
static bool take_whole_op(struct lb_ini *ini, const char *key,
                          const char *value, const uint8_t codes[2],
                          struct lb_profile_op *op)
{
    char words[VALUE_CAP];
    char *rest = words;

    if (!lb_parse_text(words, sizeof words, value)) {
        return lb_ini_fail(ini, key, "the value is too long");
    }
    if (!take_op(ini, key, &rest, op)) {
        return false;
    }
    if (lb_parse_word(&rest) != NULL) {
        return lb_ini_fail(ini, key, "something follows the address");
    }
    if (op->fc == 15 || op->fc == 16) {
        return lb_ini_fail(ini, key,
                           "fc%02u writes many outputs at once and is never "
                           "used",
                           op->fc);
    }
    if (op->fc != codes[0] && op->fc != codes[1]) {
        return lb_ini_fail(ini, key, "it takes fc%02u or fc%02u", codes[0],
                           codes[1]);
    }
    return true;
}

static bool take_driver(void *user, struct lb_ini *ini, const char *key,
                        const char *value)
{
    (void)user;
    if (strcmp(value, "lb1") == 0 || strcmp(value, "lb1-verifying") == 0) {
        return lb_ini_fail(ini, key,
                           "lb1 boards are not in this version; the driver is "
                           "modbus");
    }
    return strcmp(value, "modbus") == 0 ||
           lb_ini_fail(ini, key, "the driver is modbus");
}

static bool take_channels(void *user, struct lb_ini *ini, const char *key,
                          const char *value)
{
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;
    uint32_t channels = 0;

    if (!lb_parse_u32(value, 1, LB_PROFILE_CHANNELS, &channels)) {
        return lb_ini_fail(ini, key, "a board has 1 to %d channels",
                           LB_PROFILE_CHANNELS);
    }
    reading->profile->channels = (uint8_t)channels;
    return true;
}

/* fc16 ADDRESS step N: a mode and the pulse, in two registers */
static bool take_pair(struct lb_ini *ini, const char *key, const char *value,
                      struct lb_profile_op *op)
{
    char words[VALUE_CAP];
    char *rest = words;
    uint32_t step = 0;

    if (!lb_parse_text(words, sizeof words, value)) {
        return lb_ini_fail(ini, key, "the value is too long");
    }
    if (!take_op(ini, key, &rest, op)) {
        return false;
    }
    const char *word = lb_parse_word(&rest);
    const char *number = lb_parse_word(&rest);
    if (word == NULL || strcmp(word, "step") != 0 || number == NULL ||
        !lb_parse_u32(number, 2, STEP_MAX, &step) ||
        lb_parse_word(&rest) != NULL) {
        return lb_ini_fail(ini, key,
                           "fc16 writes many registers at once; it is fc16 "
                           "ADDRESS step N, 2 to %d, of two registers",
                           STEP_MAX);
    }
    op->step = (uint8_t)step;
    return true;
}

static bool take_pulse(void *user, struct lb_ini *ini, const char *key,
                       const char *value)
{
    static const uint8_t codes[2] = {5, 6};
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;
    struct lb_profile_op *op = &reading->profile->pulse;

    reading->pulse_line = ini->line;
    return strncmp(value, "fc16", 4) == 0
               ? take_pair(ini, key, value, op)
               : take_whole_op(ini, key, value, codes, op);
}

static bool take_pulse_word(void *user, struct lb_ini *ini, const char *key,
                            const char *value)
{
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;
    struct lb_profile *profile = reading->profile;

    reading->word_line = ini->line;
    if (strcmp(value, "0x0500 alone") == 0) {
        profile->pulse_word = 0x0500;
        profile->pulse_alone = true;
    } else if (strcmp(value, "0x0600 count") == 0) {
        profile->pulse_word = 0x0600;
    } else {
        return lb_ini_fail(ini, key,
                           "the commands are 0x0500 alone and 0x0600 count");
    }
    return true;
}

static bool take_timed(void *user, struct lb_ini *ini, const char *key,
                       const char *value)
{
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;

    reading->timed_line = ini->line;
    reading->profile->host_timed = true;
    return strcmp(value, "host") == 0 ||
           lb_ini_fail(ini, key,
                       "a pulse is timed by the board, without this key, or "
                       "by the host");
}

static bool take_mode(void *user, struct lb_ini *ini, const char *key,
                      const char *value)
{
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;
    uint32_t mode = 0;

    reading->mode_line = ini->line;
    if (!lb_parse_u32(value, 1, 0xFFFF, &mode)) {
        return lb_ini_fail(ini, key, "the mode is 1 to 0xFFFF");
    }
    reading->profile->pulse_word = (uint16_t)mode;
    return true;
}

static bool take_off(void *user, struct lb_ini *ini, const char *key,
                     const char *value)
{
    static const uint8_t codes[2] = {5, 6};
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;

    reading->off_line = ini->line;
    return take_whole_op(ini, key, value, codes, &reading->profile->off);
}

static bool take_off_word(void *user, struct lb_ini *ini, const char *key,
                          const char *value)
{
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;

    reading->off_word_line = ini->line;
    reading->profile->off_word = 0x0200;
    return strcmp(value, "0x0200") == 0 ||
           lb_ini_fail(ini, key, "the command is 0x0200");
}

static bool take_leaf(void *user, struct lb_ini *ini, const char *key,
                      const char *value)
{
    static const uint8_t codes[2] = {1, 2};
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;

    reading->leaf_line = ini->line;
    reading->profile->leaf_is_read = true;
    return take_whole_op(ini, key, value, codes, &reading->profile->leaf);
}

static bool take_unit(void *user, struct lb_ini *ini, const char *key,
                      const char *value)
{
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;

    reading->unit_line = ini->line;
    return lb_parse_u32(value, 1, UNIT_MAX_MS,
                        &reading->profile->pulse_unit_ms) ||
           lb_ini_fail(ini, key, "the unit is 1 to %d ms", UNIT_MAX_MS);
}

static bool take_allowed(void *user, struct lb_ini *ini, const char *key,
                         const char *value)
{
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;
    struct lb_profile *profile = reading->profile;
    char words[VALUE_CAP];
    char *dash = NULL;

    reading->allowed_line = ini->line;
    if (lb_parse_text(words, sizeof words, value)) {
        dash = strchr(words, '-');
    }
    if (dash == NULL) {
        return lb_ini_fail(ini, key, "it is SHORTEST-LONGEST in ms");
    }
    *dash = '\0';
    if (!lb_parse_u32(words, LB_PULSE_MIN_MS, LB_PULSE_MAX_MS,
                      &profile->pulse_min_ms) ||
        !lb_parse_u32(dash + 1, profile->pulse_min_ms, LB_PULSE_MAX_MS,
                      &profile->pulse_max_ms)) {
        return lb_ini_fail(ini, key,
                           "it is SHORTEST-LONGEST, within %d to %d ms",
                           LB_PULSE_MIN_MS, LB_PULSE_MAX_MS);
    }
    return true;
}

/* NAME = fcNN ADDRESS each|min VALUE */
static bool take_check(void *user, struct lb_ini *ini, const char *key,
                       const char *value)
{
    struct lb_profile_reading *reading = (struct lb_profile_reading *)user;
    struct lb_profile *profile = reading->profile;
    struct lb_profile_check *check = &profile->check[profile->checks];
    struct lb_profile_op op = {0};
    char words[VALUE_CAP];
    char *rest = words;
    uint32_t wanted = 0;

    for (size_t i = 0; i < profile->checks; i++) {
        if (strcmp(profile->check[i].name, key) == 0) {
            return lb_ini_fail(ini, key, "the key stands in line %u already",
                               reading->check_line[i]);
        }
    }
    if (profile->checks == LB_PROFILE_CHECKS) {
        return lb_ini_fail(ini, key, "there are more than %d checks",
                           LB_PROFILE_CHECKS);
    }
    if (!lb_parse_text(check->name, sizeof check->name, key)) {
        return lb_ini_fail(ini, key, "the name is too long");
    }
    if (!lb_parse_text(words, sizeof words, value)) {
        return lb_ini_fail(ini, key, "the value is too long");
    }
    if (!take_op(ini, key, &rest, &op)) {
        return false;
    }
    const char *how = lb_parse_word(&rest);
    const char *number = lb_parse_word(&rest);
    if (op.fc != 3 && op.fc != 4) {
        return lb_ini_fail(ini, key, "it takes fc03 or fc04");
    }
    if (how == NULL || (strcmp(how, "each") != 0 && strcmp(how, "min") != 0) ||
        number == NULL || !lb_parse_u32(number, 0, 0xFFFF, &wanted) ||
        lb_parse_word(&rest) != NULL) {
        return lb_ini_fail(ini, key, "it is fc03 ADDRESS each|min VALUE");
    }
    check->fc = op.fc;
    check->base = op.base;
    check->each = strcmp(how, "each") == 0;
    check->value = (uint16_t)wanted;
    reading->check_line[profile->checks++] = ini->line;
    return true;
}

static const struct lb_ini_rule rules[] = {
    {"profile", "driver", true, take_driver},
    {"profile", "channels", true, take_channels},
    {"identity", NULL, false, take_check},
    {"pulse", "write", true, take_pulse},
    {"pulse", "word", false, take_pulse_word},
    {"pulse", "mode", false, take_mode},
    {"pulse", "timed_by", false, take_timed},
    {"pulse", "unit_ms", true, take_unit},
    {"pulse", "allowed_ms", true, take_allowed},
    {"off", "write", true, take_off},
    {"off", "word", false, take_off_word},
    {"leaf", "read", false, take_leaf},
};

enum lockbus_err lb_profile_parse(struct lb_profile *profile, const char *name,
                                  const char *text, size_t len,
                                  struct lockbus_error *why)
{
    struct lb_profile made = {0};
    struct lb_profile_reading reading = {.profile = &made};
    const struct lb_ini_handler handler = {
        .user = &reading,
        .rules = rules,
        .rule_count = sizeof rules / sizeof rules[0],
    };
    struct lb_ini ini;
    enum lockbus_err err = lb_ini_read(&ini, name, text, len, &handler, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (!lb_parse_text(made.name, sizeof made.name, name)) {
        return lb_config_fail(why, (struct lb_place){name, 0}, "profile",
                              "the profile's name is empty or too long");
    }
    if (!lb_profile_check_whole(&ini, &reading)) {
        return LOCKBUS_ERR_CONFIG;
    }
    lb_crypto_hash(made.digest, (const uint8_t *)text, len);
    *profile = made;
    return LOCKBUS_OK;
}
