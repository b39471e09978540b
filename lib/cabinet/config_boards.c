/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/config_read.h"

#include <string.h>

enum { VALUE_CAP = LB_INI_LINE + 1 };

/* NUMBER = BUS ADDRESS PROFILE [uid=HEX], taken apart */
struct words {
    const char *bus, *address, *profile, *uid;
};

static bool take_words(struct words *words, struct lb_ini *ini, const char *key,
                       char *rest)
{
    words->bus = lb_parse_word(&rest);
    words->address = lb_parse_word(&rest);
    words->profile = lb_parse_word(&rest);
    words->uid = lb_parse_word(&rest);
    if (words->profile == NULL) {
        return lb_ini_fail(ini, key, "a board is BUS ADDRESS PROFILE");
    }
    if (words->uid != NULL &&
        (strncmp(words->uid, "uid=", 4) != 0 || lb_parse_word(&rest) != NULL)) {
        return lb_ini_fail(ini, key,
                           "after the profile stands uid=HEX or nothing");
    }
    return true;
}

static bool find_bus(const struct lb_config *config, const char *name,
                     uint8_t *index)
{
    for (size_t i = 0; i < config->bus_count; i++) {
        if (strcmp(config->bus[i].name, name) == 0) {
            *index = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* A file's name and nothing else: no folder, no dot at its beginning. */
static bool good_profile_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return name[0] != '.' && name[strspn(name, allowed)] == '\0';
}

/* The profile's index; its file is read when the whole configuration is. */
static bool note_profile(struct lb_config_reading *reading, struct lb_ini *ini,
                         const char *name, uint8_t *index)
{
    struct lb_config *config = reading->config;

    for (size_t i = 0; i < config->profile_count; i++) {
        if (strcmp(config->profile[i].name, name) == 0) {
            *index = (uint8_t)i;
            return true;
        }
    }
    if (config->profile_count == LB_CONFIG_PROFILES) {
        return lb_ini_fail(ini, name, "there are more than %d profiles",
                           LB_CONFIG_PROFILES);
    }
    struct lb_profile *profile = &config->profile[config->profile_count];

    if (!good_profile_name(name) ||
        !lb_parse_text(profile->name, sizeof profile->name, name)) {
        return lb_ini_fail(ini, name,
                           "a profile is named by up to %zu letters, digits, "
                           "- and _, without a folder",
                           sizeof profile->name - 1);
    }
    reading->profile_line[config->profile_count] = ini->line;
    *index = (uint8_t)config->profile_count++;
    return true;
}

static bool take_uid(struct lb_config_board *board, struct lb_ini *ini,
                     const char *uid)
{
    size_t len = strlen(uid);

    if (len < LB_CONFIG_UID_MIN || len > LB_CONFIG_UID_MAX || len % 2 != 0 ||
        uid[strspn(uid, "0123456789abcdef")] != '\0') {
        return lb_ini_fail(ini, "uid",
                           "a uid is %d to %d hexadecimal digits in lower "
                           "case, an even number",
                           LB_CONFIG_UID_MIN, LB_CONFIG_UID_MAX);
    }
    return lb_parse_text(board->uid, sizeof board->uid, uid);
}

/* Against the boards above. */
static bool check_unique(const struct lb_config *config, struct lb_ini *ini,
                         const char *key, const struct lb_config_board *board)
{
    for (size_t i = 0; i < config->board_count; i++) {
        const struct lb_config_board *other = &config->board[i];

        if (other->number == board->number) {
            return lb_ini_fail(ini, key, "board %u stands in line %u already",
                               board->number, other->line);
        }
        if (other->address == board->address) {
            return lb_ini_fail(ini, key,
                               "board %u has address %u already: addresses are "
                               "unique in the whole cabinet",
                               other->number, (unsigned)other->address);
        }
        if (board->uid[0] != '\0' && strcmp(other->uid, board->uid) == 0) {
            return lb_ini_fail(ini, "uid", "board %u has this uid already",
                               other->number);
        }
    }
    return true;
}

bool lb_config_take_board(void *user, struct lb_ini *ini, const char *key,
                          const char *value)
{
    struct lb_config_reading *reading = (struct lb_config_reading *)user;
    struct lb_config *config = reading->config;
    struct lb_config_board board = {.line = ini->line};
    struct words words = {0};
    char copy[VALUE_CAP];
    uint32_t number = 0, address = 0;

    if (!lb_parse_u32(key, 1, LB_CONFIG_BOARD_NO_MAX, &number)) {
        return lb_ini_fail(ini, key, "boards are numbered 1 to %d",
                           LB_CONFIG_BOARD_NO_MAX);
    }
    if (!lb_parse_text(copy, sizeof copy, value) ||
        !take_words(&words, ini, key, copy)) {
        return false;
    }
    if (!find_bus(config, words.bus, &board.bus)) {
        return lb_ini_fail(ini, key, "no section [bus.%s] stands above",
                           words.bus);
    }
    if (!lb_parse_u32(words.address, 1, LB_CONFIG_BUS_ADDRESS_MAX, &address)) {
        return lb_ini_fail(ini, key,
                           "a board's address is 1 to %d: others reach more "
                           "than one board",
                           LB_CONFIG_BUS_ADDRESS_MAX);
    }
    board.number = number;
    board.address = (uint8_t)address;
    if ((words.uid != NULL && !take_uid(&board, ini, words.uid + 4)) ||
        !check_unique(config, ini, key, &board) ||
        !note_profile(reading, ini, words.profile, &board.profile)) {
        return false;
    }
    if (config->board_count == LB_CONFIG_BOARDS) {
        return lb_ini_fail(ini, key, "there are more than %d boards",
                           LB_CONFIG_BOARDS);
    }
    config->board[config->board_count++] = board;
    return true;
}
