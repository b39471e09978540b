/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/config_read.h"

#include <string.h>

enum { VALUE_CAP = LB_INI_LINE + 1, CHANNEL_MAX = LB_PROFILE_CHANNELS };

struct range {
    uint32_t first, count;
};

/* LABELS = NUMBERS BOARD:CHANNELS and options: one line, one or more doors */
struct row {
    struct lb_config_line line;
    struct range label, number, channel;
    struct range content; /* inputs; count 0: no content sensors */
    bool full_is;         /* was told */
};

static bool good_label(const char *label)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";

    return label[0] != '\0' && label[strspn(label, allowed)] == '\0';
}

/* "7" or "0-7", within the bounds, rising. */
static bool take_range(struct range *range, char *text, uint32_t min,
                       uint32_t max)
{
    char *dash = strchr(text, '-');
    uint32_t last = 0;

    if (dash != NULL) {
        *dash = '\0';
    }
    if (!lb_parse_u32(text, min, max, &range->first)) {
        return false;
    }
    last = range->first;
    if (dash != NULL && !lb_parse_u32(dash + 1, range->first, max, &last)) {
        return false;
    }
    range->count = last - range->first + 1;
    return true;
}

/* The digits at the end of a label, at most 4. */
static size_t tail_digits(const char *label)
{
    size_t len = strlen(label), digits = 0;

    while (digits < 4 && digits < len && label[len - 1 - digits] >= '0' &&
           label[len - 1 - digits] <= '9') {
        digits++;
    }
    return digits;
}

/* A01-A08: one prefix, digits of one width, rising. */
static bool take_label_range(struct row *row, char *first, const char *last)
{
    size_t width = tail_digits(first);
    size_t prefix = strlen(first) - width;
    uint32_t from = 0, to = 0;

    if (width == 0 || tail_digits(last) != width ||
        strlen(last) != prefix + width || strncmp(first, last, prefix) != 0 ||
        !lb_parse_u32(first + prefix, 0, 9999, &from) ||
        !lb_parse_u32(last + prefix, from, 9999, &to)) {
        return false;
    }
    first[prefix] = '\0';
    memcpy(row->line.prefix, first, prefix + 1);
    row->line.width = (uint8_t)width;
    row->label = (struct range){.first = from, .count = to - from + 1};
    return true;
}

static bool take_labels(struct row *row, struct lb_ini *ini, const char *key)
{
    char labels[LB_INI_NAME + 1];
    char *dash = NULL;

    if (lb_parse_text(labels, sizeof labels, key)) {
        dash = strchr(labels, '-');
    }
    const char *last = dash != NULL ? dash + 1 : labels;
    if (dash != NULL) {
        *dash = '\0';
    }
    if (!good_label(labels) || !good_label(last) ||
        strlen(labels) >= LB_LABEL_LEN || strlen(last) >= LB_LABEL_LEN) {
        return lb_ini_fail(ini, key,
                           "a label has 1 to %d letters, digits, _ and .",
                           LB_LABEL_LEN - 1);
    }
    if (dash == NULL) {
        memcpy(row->line.prefix, labels, strlen(labels) + 1);
        row->label.count = 1;
        return true;
    }
    return take_label_range(row, labels, last) ||
           lb_ini_fail(ini, key,
                       "a range of labels rises in digits of one width, such "
                       "as A01-A08");
}

static bool find_board(const struct lb_config *config, const char *text,
                       uint8_t *index)
{
    uint32_t number = 0;

    if (!lb_parse_u32(text, 1, LB_CONFIG_BOARD_NO_MAX, &number)) {
        return false;
    }
    for (size_t i = 0; i < config->board_count; i++) {
        if (config->board[i].number == number) {
            *index = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static bool take_place(struct row *row, const struct lb_config *config,
                       struct lb_ini *ini, const char *key, char **rest)
{
    char *numbers = lb_parse_word(rest);
    char *place = lb_parse_word(rest);
    char *colon = place != NULL ? strchr(place, ':') : NULL;

    if (colon == NULL) {
        return lb_ini_fail(ini, key, "a door is NUMBERS BOARD:CHANNELS");
    }
    *colon = '\0';
    if (!take_range(&row->number, numbers, 0, LB_DOOR_MAX - 1)) {
        return lb_ini_fail(ini, key, "doors are numbered 0 to %d, rising",
                           LB_DOOR_MAX - 1);
    }
    if (!find_board(config, place, &row->line.board)) {
        return lb_ini_fail(ini, key, "no board %s stands above", place);
    }
    if (!take_range(&row->channel, colon + 1, 1, CHANNEL_MAX)) {
        return lb_ini_fail(ini, key, "channels are numbered 1 to %d, rising",
                           CHANNEL_MAX);
    }
    if (row->label.count != row->number.count ||
        row->number.count != row->channel.count) {
        return lb_ini_fail(
            ini, key, "%u labels, %u numbers and %u channels do not agree",
            (unsigned)row->label.count, (unsigned)row->number.count,
            (unsigned)row->channel.count);
    }
    return true;
}

/* content=BOARD:CHANNELS: one input for each door. */
static bool take_content(struct row *row, const struct lb_config *config,
                         struct lb_ini *ini, const char *value)
{
    char place[VALUE_CAP];
    char *colon = NULL;

    if (lb_parse_text(place, sizeof place, value)) {
        colon = strchr(place, ':');
    }
    if (colon == NULL) {
        return lb_ini_fail(ini, "content",
                           "a content sensor is BOARD:CHANNELS");
    }
    *colon = '\0';
    if (!find_board(config, place, &row->line.content_board)) {
        return lb_ini_fail(ini, "content", "no board %s stands above", place);
    }
    if (!take_range(&row->content, colon + 1, 1, CHANNEL_MAX)) {
        row->content.count = 0;
        return lb_ini_fail(ini, "content",
                           "channels are numbered 1 to %d, rising",
                           CHANNEL_MAX);
    }
    if (row->content.count != row->number.count) {
        return lb_ini_fail(
            ini, "content", "%u doors and %u content sensors do not agree",
            (unsigned)row->number.count, (unsigned)row->content.count);
    }
    row->line.content = true;
    return true;
}

static bool take_full_is(struct row *row, struct lb_ini *ini, const char *value)
{
    uint32_t level = 0;

    if (!lb_parse_u32(value, 0, 1, &level)) {
        return lb_ini_fail(ini, "full_is", "it is 0 or 1");
    }
    row->full_is = true;
    row->line.content_full_is = level != 0;
    return true;
}

static bool take_option(struct row *row, const struct lb_config *config,
                        struct lb_ini *ini, const char *name, const char *value)
{
    struct lb_config_line *door = &row->line;
    uint32_t seconds = 0;

    if (strcmp(name, "size") == 0 && door->size[0] == '\0') {
        return (good_label(value) &&
                lb_parse_text(door->size, sizeof door->size, value)) ||
               lb_ini_fail(ini, name, "a size has 1 to %zu letters and digits",
                           sizeof door->size - 1);
    }
    if (strcmp(name, "sensor") == 0 && door->sensor) {
        door->sensor = false;
        return strcmp(value, "none") == 0 ||
               lb_ini_fail(ini, name, "it is none, or is not told");
    }
    if (strcmp(name, "assume_open_s") == 0 && door->assume_open_s == 0) {
        if (!lb_parse_u32(value, 1, LB_CONFIG_ASSUME_MAX_S, &seconds)) {
            return lb_ini_fail(ini, name,
                               "a leaf is assumed open for 1 to "
                               "%d s",
                               LB_CONFIG_ASSUME_MAX_S);
        }
        door->assume_open_s = (uint16_t)seconds;
        return true;
    }
    if (strcmp(name, "content") == 0 && !row->line.content) {
        return take_content(row, config, ini, value);
    }
    if (strcmp(name, "full_is") == 0 && !row->full_is) {
        return take_full_is(row, ini, value);
    }
    return lb_ini_fail(ini, name,
                       "a door has no such option, or has it already");
}

/* NAME=VALUE words; a remark takes the rest of the line. */
static bool take_options(struct row *row, const struct lb_config *config,
                         struct lb_ini *ini, const char *key, char *rest)
{
    for (;;) {
        while (*rest == ' ' || *rest == '\t') {
            rest++;
        }
        if (strncmp(rest, "remark=", 7) == 0) {
            return lb_parse_text(row->line.remark, sizeof row->line.remark,
                                 rest + 7) ||
                   lb_ini_fail(ini, "remark", "a remark has 1 to %zu bytes",
                               sizeof row->line.remark - 1);
        }
        char *word = lb_parse_word(&rest);
        if (word == NULL) {
            return true;
        }
        char *equals = strchr(word, '=');
        if (equals == NULL) {
            return lb_ini_fail(ini, key, "%s is no NAME=VALUE", word);
        }
        *equals = '\0';
        if (!take_option(row, config, ini, word, equals + 1)) {
            return false;
        }
    }
}

/* Against the doors above. */
static bool check_unique(const struct lb_config *config, struct lb_ini *ini,
                         const struct lb_config_door *door, uint16_t number)
{
    for (uint16_t i = 0; i < config->door_count; i++) {
        const struct lb_config_door other = lb_config_door(config, i);

        if (!other.used || i == number) {
            continue;
        }
        if (strcmp(other.label, door->label) == 0) {
            return lb_ini_fail(ini, door->label,
                               "the label stands in line %u already",
                               other.line);
        }
        if (other.board == door->board && other.channel == door->channel) {
            return lb_ini_fail(ini, door->label,
                               "door %s has channel %u of board %u already",
                               other.label, (unsigned)door->channel + 1,
                               config->board[door->board].number);
        }
    }
    return true;
}

/* The line is kept before its doors are looked at: what is refused then is
 * refused whole. */
static bool add_doors(struct lb_config *config, struct lb_ini *ini,
                      const struct row *row)
{
    if (config->line_count == LB_DOOR_MAX) {
        return lb_ini_fail(ini, row->line.prefix,
                           "there are more than %d doors", LB_DOOR_MAX);
    }
    config->line[config->line_count++] = row->line;
    for (uint32_t i = 0; i < row->number.count; i++) {
        uint16_t number = (uint16_t)(row->number.first + i);
        uint16_t before = config->door_line[number];

        config->door_line[number] = (uint16_t)config->line_count;
        const struct lb_config_door door = lb_config_door(config, number);

        if (before != 0) {
            return lb_ini_fail(ini, door.label,
                               "door %u stands in line %u already",
                               (unsigned)number, config->line[before - 1].line);
        }
        if (!check_unique(config, ini, &door, number)) {
            return false;
        }
        if (number >= config->door_count) {
            config->door_count = (uint16_t)(number + 1);
        }
    }
    return true;
}

bool lb_config_take_doors(void *user, struct lb_ini *ini, const char *key,
                          const char *value)
{
    struct lb_config *config = ((struct lb_config_reading *)user)->config;
    struct row row = {.line = {.sensor = true, .line = ini->line}};
    char copy[VALUE_CAP];
    char *rest = copy;

    if (!lb_parse_text(copy, sizeof copy, value)) {
        return lb_ini_fail(ini, key, "the value is too long");
    }
    if (!take_labels(&row, ini, key) ||
        !take_place(&row, config, ini, key, &rest) ||
        !take_options(&row, config, ini, key, rest)) {
        return false;
    }
    row.line.first_label = (uint16_t)row.label.first;
    row.line.first_door = (uint16_t)row.number.first;
    row.line.channel = (uint8_t)(row.channel.first - 1);
    if (row.line.content) {
        row.line.content_channel = (uint8_t)(row.content.first - 1);
    }
    if (row.line.sensor != (row.line.assume_open_s == 0)) {
        return lb_ini_fail(ini, "assume_open_s",
                           "sensor=none and assume_open_s go together");
    }
    if (row.line.content != row.full_is) {
        return lb_ini_fail(ini, "full_is", "content and full_is go together");
    }
    return add_doors(config, ini, &row);
}
