/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/config.h"

#include "base/bytes.h"
#include "base/crypto.h"

#include <string.h>

/*
 * The map says which output each door's number moves. A commissioning order
 * signs its hash, so one arrangement has one encoding: rows in the order of
 * door numbers, every text with its length before it, nothing that only
 * people read (labels, sizes, remarks) and nothing that depends on the order
 * of lines in the file.
 */

static const char prefix[] = "lockbus/map/v1"; /* with its zero byte */

static size_t put_row(uint8_t *out, const struct lb_config *config,
                      uint16_t number)
{
    const struct lb_config_door *door = &config->door[number];
    const struct lb_config_board *board = &config->board[door->board];
    const char *bus = config->bus[board->bus].name;
    size_t bus_len = strlen(bus), uid_digits = strlen(board->uid);
    size_t at = 0;

    lb_put_u16(out, number);
    out[2] = (uint8_t)bus_len;
    memcpy(out + 3, bus, bus_len);
    at = 3 + bus_len;
    out[at++] = board->address;
    out[at++] = (uint8_t)(uid_digits / 2);
    (void)lb_unhex(out + at, uid_digits / 2, board->uid, uid_digits);
    at += uid_digits / 2;
    lb_put_u16(out + at, door->channel);
    out[at + 2] = door->sensor ? 1 : 0;
    lb_put_u16(out + at + 3, door->assume_open_s);
    at += 5;
    memcpy(out + at, config->profile[board->profile].digest, 32);
    return at + 32;
}

void lb_map_compute(struct lb_config *config)
{
    uint8_t *map = config->map;
    size_t at = sizeof prefix;

    memcpy(map, prefix, sizeof prefix);
    lb_put_u16(map + at, config->door_count);
    at += 2;
    for (uint16_t number = 0; number < config->door_count; number++) {
        uint8_t digest[LB_HASH_LEN];

        if (!config->door[number].used) {
            continue;
        }
        size_t len = put_row(map + at + 2, config, number);
        lb_put_u16(map + at, (uint16_t)len);
        lb_crypto_hash(digest, map + at + 2, len);
        memcpy(config->row[number], digest, sizeof config->row[number]);
        at += 2 + len;
    }
    config->map_len = at;
    lb_crypto_hash(config->map_hash, map, at);
}
