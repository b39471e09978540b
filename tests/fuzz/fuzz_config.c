/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * cabinet.ini, beside two profiles, in a folder of its own in memory.
 */

#include "config_dir.h"
#include "oracle.h"

#include "cabinet/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct config_dir *dir;

static void remove_dir(void)
{
    void *state = dir;

    (void)config_dir_remove(&state);
}

static void make_dir(void)
{
    void *state = NULL;

    must(config_dir_make(&state) == 0, "a folder");
    dir = state;
    must(atexit(remove_dir) == 0, "it goes at the end");
}

/* Each door has a board and a channel of its own. */
static void whole(const struct lb_config *config)
{
    must(config->bus_count >= 1 && config->bus_count <= LB_CONFIG_BUSES &&
             config->board_count <= LB_CONFIG_BOARDS &&
             config->door_count <= LB_DOOR_MAX,
         "a configuration within its bounds");
    for (uint16_t i = 0; i < config->door_count; i++) {
        struct lb_config_door door = lb_config_door(config, i);

        if (!door.used) {
            continue;
        }
        must(door.board < config->board_count && door.label[0] != '\0',
             "a door has a board and a label");
        const struct lb_config_board *board = &config->board[door.board];

        must(board->bus < config->bus_count && board->address >= 1 &&
                 board->address <= 247 &&
                 board->profile < config->profile_count &&
                 door.channel < config->profile[board->profile].channels,
             "a board has a bus, an address and that channel");
        for (uint16_t k = 0; k < i; k++) {
            struct lb_config_door other = lb_config_door(config, k);

            must(!other.used || other.board != door.board ||
                     other.channel != door.channel,
                 "no two doors have one latch");
        }
    }
}

static void mapped(const struct lb_config *config)
{
    static uint8_t map[LB_MAP_MAX], again[LB_MAP_MAX];
    size_t len = lb_map_encode(config, map);

    must(len <= lb_map_room(config) && len == lb_map_encode(config, again) &&
             memcmp(map, again, len) == 0,
         "one map of one configuration");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lockbus_error why = {0};
    struct lb_config config;

    if (dir == NULL) {
        make_dir();
    }
    config_dir_write(dir, "cabinet.ini", (const char *)data, size);
    if (lb_config_load(&config, dir->file, &why) != LOCKBUS_OK) {
        must(why.text[0] != '\0' && why.file[0] != '\0' &&
                 strchr(why.text, '\n') == NULL,
             "a refusal names its file and says why");
        must(why.err != LOCKBUS_ERR_CONFIG || why.line != 0 ||
                 why.field[0] != '\0',
             "a refusal names a line or a field");
        lb_config_free(&config);
        return 0;
    }
    accepted();
    whole(&config);
    mapped(&config);
    lb_config_free(&config);
    return 0;
}
