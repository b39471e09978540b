/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "base/crypto.h"
#include "cabinet/config_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A path as the file writes it, from the file's own folder. */
static bool take_path(struct lb_config_reading *reading, struct lb_ini *ini,
                      const char *key, const char *value, char *out)
{
    const char *file = reading->config->file;
    const char *slash = strrchr(file, '/');
    size_t folder =
        value[0] == '/' || slash == NULL ? 0 : (size_t)(slash - file) + 1;
    size_t len = strlen(value);

    if (folder + len >= LB_PATH_LEN) {
        return lb_ini_fail(ini, key,
                           "the path, with the file's folder, is longer than "
                           "%d bytes",
                           LB_PATH_LEN - 1);
    }
    memcpy(out, file, folder);
    memcpy(out + folder, value, len + 1);
    return true;
}

static bool take_name(void *user, struct lb_ini *ini, const char *key,
                      const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;
    struct lb_config *config = reading->config;

    return lb_parse_text(config->name, sizeof config->name, value) ||
           lb_ini_fail(ini, key, "the name is longer than %zu bytes",
                       sizeof config->name - 1);
}

static bool take_journal(void *user, struct lb_ini *ini, const char *key,
                         const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;

    return take_path(reading, ini, key, value, reading->config->journal);
}

static bool take_manifest(void *user, struct lb_ini *ini, const char *key,
                          const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;

    return take_path(reading, ini, key, value, reading->config->manifest);
}

static bool take_profiles(void *user, struct lb_ini *ini, const char *key,
                          const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;

    return take_path(reading, ini, key, value, reading->config->profiles);
}

static bool take_keypad(void *user, struct lb_ini *ini, const char *key,
                        const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;
    bool digits = strcmp(value, "digits") == 0;

    if (!digits && strcmp(value, "letters") != 0) {
        return lb_ini_fail(ini, key, "the keypad has letters or digits");
    }
    reading->config->keypad_digits = digits;
    return true;
}

static bool take_keep(void *user, struct lb_ini *ini, const char *key,
                      const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;

    return lb_parse_u32(value, 1, LB_CONFIG_KEEP_MAX_DAYS,
                        &reading->config->keep_days) ||
           lb_ini_fail(ini, key, "1 to %d days are kept",
                       LB_CONFIG_KEEP_MAX_DAYS);
}

static bool take_pulse(void *user, struct lb_ini *ini, const char *key,
                       const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;

    reading->pulse_line = ini->line;
    return lb_parse_u32(value, LB_PULSE_MIN_MS, LB_PULSE_MAX_MS,
                        &reading->config->pulse_ms) ||
           lb_ini_fail(ini, key,
                       "a pulse is %d to %d ms, a number without a unit",
                       LB_PULSE_MIN_MS, LB_PULSE_MAX_MS);
}

static bool take_rest(void *user, struct lb_ini *ini, const char *key,
                      const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;

    return lb_parse_u32(value, 0, LB_CONFIG_REST_MAX_MS,
                        &reading->config->rest_ms) ||
           lb_ini_fail(ini, key,
                       "a rest is 0 to %d ms, a number without a unit",
                       LB_CONFIG_REST_MAX_MS);
}

static bool take_at_once(void *user, struct lb_ini *ini, const char *key,
                         const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;
    uint32_t at_once = 0;

    if (!lb_parse_u32(value, 1, LB_CONFIG_AT_ONCE_MAX, &at_once)) {
        return lb_ini_fail(ini, key, "1 to %d solenoids are driven at once",
                           LB_CONFIG_AT_ONCE_MAX);
    }
    reading->config->at_once = (uint8_t)at_once;
    return true;
}

static bool take_shut_is(void *user, struct lb_ini *ini, const char *key,
                         const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;
    uint32_t level = 0;

    if (!lb_parse_u32(value, 0, 1, &level)) {
        return lb_ini_fail(ini, key, "a shut leaf reads as 0 or as 1");
    }
    reading->config->shut_is = level == 1;
    return true;
}

static const struct lb_ini_rule rules[] = {
    {"cabinet", "name", true, take_name},
    {"cabinet", "journal", true, take_journal},
    {"cabinet", "manifest", true, take_manifest},
    {"cabinet", "profiles", true, take_profiles},
    {"cabinet", "keypad", false, take_keypad},
    {"journal", "keep_days", false, take_keep},
    {"lock", "pulse_ms", true, take_pulse},
    {"lock", "rest_ms", true, take_rest},
    {"lock", "at_once", true, take_at_once},
    {"lock", "shut_is", true, take_shut_is},
    {"bus.*", "port", false, lb_config_take_port},
    {"bus.*", "baud", false, lb_config_take_baud},
    {"bus.*", "timed_by", false, lb_config_take_timed},
    {"boards", NULL, false, lb_config_take_board},
    {"doors", NULL, false, lb_config_take_doors},
};

static bool begin_section(void *user, struct lb_ini *ini, const char *section)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;

    return strncmp(section, "bus.", 4) != 0 ||
           lb_config_bus_begin(reading->config, ini, section + 4);
}

static enum lockbus_err parse(struct lb_config *config, const char *text,
                              size_t len, struct lockbus_error *why)
{
    struct lb_config_reading reading = {.config = config, .why = why};
    const struct lb_ini_handler handler = {
        .user = &reading,
        .rules = rules,
        .rule_count = sizeof rules / sizeof rules[0],
        .section = begin_section,
    };
    struct lb_ini ini;
    enum lockbus_err err =
        lb_ini_read(&ini, config->file, text, len, &handler, why);

    if (err == LOCKBUS_OK) {
        err = lb_config_load_profiles(&reading);
    }
    if (err == LOCKBUS_OK) {
        err = lb_config_check_whole(&reading);
    }
    return err;
}

/* ---- Memory: room for all that may come, then as much as came ------------
 */

static bool tables_new(struct lb_config *config)
{
    config->board = calloc(LB_CONFIG_BOARDS, sizeof *config->board);
    config->profile = calloc(LB_CONFIG_PROFILES, sizeof *config->profile);
    config->line = calloc(LB_DOOR_MAX, sizeof *config->line);
    config->door_line = calloc(LB_DOOR_MAX, sizeof *config->door_line);
    return config->board != NULL && config->profile != NULL &&
           config->line != NULL && config->door_line != NULL;
}

/* What does not move stays as large as it was. */
static void *fit_new(void *table, size_t size)
{
    void *fit = realloc(table, size);

    return fit != NULL ? fit : table;
}

static void tables_fit_new(struct lb_config *config)
{
    config->board =
        fit_new(config->board, config->board_count * sizeof *config->board);
    config->profile = fit_new(config->profile,
                              config->profile_count * sizeof *config->profile);
    config->line =
        fit_new(config->line, config->line_count * sizeof *config->line);
    config->door_line = fit_new(config->door_line,
                                config->door_count * sizeof *config->door_line);
}

void lb_config_free(struct lb_config *config)
{
    free(config->board);
    free(config->profile);
    free(config->line);
    free(config->door_line);
    config->board = NULL;
    config->profile = NULL;
    config->line = NULL;
    config->door_line = NULL;
}

size_t lb_config_memory(const struct lb_config *config)
{
    return sizeof *config + config->board_count * sizeof *config->board +
           config->profile_count * sizeof *config->profile +
           config->line_count * sizeof *config->line +
           config->door_count * sizeof *config->door_line;
}

static uint8_t *bytes_new(size_t len)
{
    return malloc(len);
}

static enum lockbus_err out_of_memory(struct lockbus_error *why)
{
    memset(why, 0, sizeof *why);
    why->err = LOCKBUS_ERR_NOMEM;
    (void)snprintf(why->text, sizeof why->text, "out of memory");
    return LOCKBUS_ERR_NOMEM;
}

/* The file's bytes for as long as they are read, no more of them than there
 * are: on small machines this is the largest piece. */
static enum lockbus_err load_text(struct lb_config *config,
                                  struct lockbus_error *why)
{
    size_t len = 0, cap = lb_file_len(config->file);

    if (cap > LB_CONFIG_FILE_MAX) {
        cap = LB_CONFIG_FILE_MAX;
    }
    uint8_t *text = bytes_new(cap + 1);

    if (text == NULL) {
        return out_of_memory(why);
    }
    enum lockbus_err err =
        lb_file_read(config->file, text, cap, &len, LB_FILE_TRUSTED, why);

    if (err == LOCKBUS_OK) {
        err = parse(config, (const char *)text, len, why);
    }
    free(text);
    return err;
}

static enum lockbus_err hash_map(struct lb_config *config,
                                 struct lockbus_error *why)
{
    uint8_t *map = bytes_new(lb_map_room(config));

    if (map == NULL) {
        return out_of_memory(why);
    }
    lb_crypto_hash(config->map_hash, map, lb_map_encode(config, map));
    free(map);
    return LOCKBUS_OK;
}

enum lockbus_err lb_config_load(struct lb_config *config, const char *path,
                                struct lockbus_error *why)
{
    enum lockbus_err err;

    memset(config, 0, sizeof *config);
    if (!lb_parse_text(config->file, sizeof config->file, path)) {
        return lb_config_fail(why, (struct lb_place){path, 0}, "config_path",
                              "the path is empty or longer than %d bytes",
                              LB_PATH_LEN - 1);
    }
    err = tables_new(config) ? load_text(config, why) : out_of_memory(why);
    if (err == LOCKBUS_OK) {
        tables_fit_new(config);
        err = hash_map(config, why);
    }
    if (err != LOCKBUS_OK) {
        lb_config_free(config);
    }
    return err;
}
