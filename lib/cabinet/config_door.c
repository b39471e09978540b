/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/config.h"

#include <string.h>

/* A01 to A08 are kept as A, two digits and a first number. */
static void put_label(char *label, const struct lb_config_line *line,
                      unsigned offset)
{
    size_t at = strlen(line->prefix);
    unsigned number = line->first_label + offset;

    memcpy(label, line->prefix, at);
    for (unsigned digit = line->width; digit > 0; digit--) {
        label[at + digit - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    label[at + line->width] = '\0';
}

struct lb_config_door lb_config_door(const struct lb_config *config,
                                     uint16_t number)
{
    struct lb_config_door door = {.size = "", .remark = ""};

    if (config->door_line[number] == 0) {
        return door;
    }
    const struct lb_config_line *line =
        &config->line[config->door_line[number] - 1];
    unsigned offset = (unsigned)number - line->first_door;

    door.used = true;
    put_label(door.label, line, offset);
    door.size = line->size;
    door.remark = line->remark;
    door.board = line->board;
    door.channel = (uint8_t)(line->channel + offset);
    door.sensor = line->sensor;
    door.assume_open_s = line->assume_open_s;
    if (line->content) {
        door.content = true;
        door.content_full_is = line->content_full_is;
        door.content_board = line->content_board;
        door.content_channel = (uint8_t)(line->content_channel + offset);
    }
    door.line = line->line;
    return door;
}
