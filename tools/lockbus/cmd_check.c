/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "issue_args.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "cabinet/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * lockbus check CABINET.ini: reads a configuration and its profiles as the
 * cabinet would, and says what it makes of it: boards, doors, and the hash of
 * the map that a commissioning order signs. Opens no port and no journal.
 */

static void print_boards(const struct lb_config *config)
{
    for (size_t i = 0; i < config->board_count; i++) {
        const struct lb_config_board *board = &config->board[i];
        const struct lb_profile *profile = &config->profile[board->profile];

        printf("board %u: bus %s, address %u, %s, %u channels, %s%s%s\n",
               board->number, config->bus[board->bus].name,
               (unsigned)board->address, profile->name,
               (unsigned)profile->channels,
               profile->leaf_is_read ? "inputs" : "no inputs",
               board->uid[0] != '\0' ? ", uid " : "", board->uid);
    }
}

static void print_warnings(const struct lb_config *config)
{
    for (size_t i = 0; i < config->board_count; i++) {
        const struct lb_config_board *board = &config->board[i];

        if (config->profile[board->profile].host_timed) {
            printf("warning: board %u leaves the end of each pulse to this "
                   "host. A process that is killed or hangs in one leaves the "
                   "solenoid driven until a cabinet is started again or "
                   "somebody cuts the power.\n",
                   board->number);
        }
    }
}

static unsigned print_doors(const struct lb_config *config)
{
    unsigned count = 0;

    for (uint16_t n = 0; n < config->door_count; n++) {
        const struct lb_config_door at = lb_config_door(config, n);
        const struct lb_config_door *door = &at;

        if (!door->used) {
            continue;
        }
        count++;
        printf("door %u: %s, board %u channel %u", (unsigned)n, door->label,
               config->board[door->board].number, (unsigned)door->channel + 1);
        if (door->size[0] != '\0') {
            printf(", size %s", door->size);
        }
        if (!door->sensor) {
            printf(", no sensor: assumed open for %u s",
                   (unsigned)door->assume_open_s);
        }
        if (door->content) {
            printf(", contents: board %u channel %u, full is %d",
                   config->board[door->content_board].number,
                   (unsigned)door->content_channel + 1, door->content_full_is);
        }
        if (door->remark[0] != '\0') {
            printf(", %s", door->remark);
        }
        putchar('\n');
    }
    return count;
}

static int print_all(const struct lb_config *config)
{
    char hash[2 * sizeof config->map_hash + 1];
    unsigned doors = 0;

    printf("cabinet %s\n", config->name);
    for (size_t i = 0; i < config->bus_count; i++) {
        const struct lb_serial_settings *serial = &config->bus[i].serial;

        printf("bus %s: %s, %" PRIu32 " %u%c%u\n", config->bus[i].name,
               config->bus[i].port, serial->baud, (unsigned)serial->data_bits,
               serial->parity, (unsigned)serial->stop_bits);
    }
    print_boards(config);
    print_warnings(config);
    doors = print_doors(config);
    lb_hex(hash, config->map_hash, sizeof config->map_hash);
    printf("%u doors, highest number %u\nmap %s\n", doors,
           (unsigned)config->door_count - 1, hash);
    return ferror(stdout) != 0 ? TOOL_FAILED : TOOL_OK;
}

int cmd_check(int argc, char **argv)
{
    struct lockbus_error why = {0};
    const char *path = NULL;
    struct issue_arg args[] = {{.name = "", .kind = ISSUE_TEXT, .to = &path}};

    if (!issue_args(argc, argv, args, 1)) {
        return tool_usage(argv[0], NULL);
    }
    struct lb_config *config = calloc(1, sizeof *config);
    if (config == NULL || !lb_crypto_init()) {
        free(config);
        why.err = LOCKBUS_ERR_NOMEM;
        return tool_complain(&why);
    }
    enum lockbus_err err = lb_config_load(config, path, &why);
    int code = err == LOCKBUS_OK ? print_all(config) : tool_complain(&why);

    if (err == LOCKBUS_OK) {
        lb_config_free(config);
    }
    free(config);
    return code;
}
