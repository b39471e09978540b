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

enum { PLACE_MAX = 1 + 23 + 1 + 1 + 16 + 2 };

/* Which board, and which channel of it. */
static size_t put_place(uint8_t out[PLACE_MAX], const struct lb_config *config,
                        uint8_t index, uint8_t channel)
{
    const struct lb_config_board *board = &config->board[index];
    const char *bus = config->bus[board->bus].name;
    size_t bus_len = strlen(bus), uid_digits = strlen(board->uid);
    size_t at = 1 + bus_len;

    out[0] = (uint8_t)bus_len;
    memcpy(out + 1, bus, bus_len);
    out[at++] = board->address;
    out[at++] = (uint8_t)(uid_digits / 2);
    (void)lb_unhex(out + at, uid_digits / 2, board->uid, uid_digits);
    at += uid_digits / 2;
    lb_put_u16(out + at, channel);
    return at + 2;
}

static const uint8_t *profile_digest(const struct lb_config *config,
                                     uint8_t board)
{
    return config->profile[config->board[board].profile].digest;
}

/* A content sensor moves no latch, but which input it is decides when a stay
 * may end: who could point it at one that always says empty could have a
 * parcel that is still inside given to the next courier's door. */
static size_t put_content(uint8_t *out, const struct lb_config *config,
                          const struct lb_config_door *door)
{
    uint8_t bytes[PLACE_MAX + 1 + 32];
    size_t len =
        put_place(bytes, config, door->content_board, door->content_channel);

    bytes[len++] = door->content_full_is ? 1 : 0;
    memcpy(bytes + len, profile_digest(config, door->content_board), 32);
    lb_crypto_hash(out, bytes, len + 32);
    return LB_HASH_LEN;
}

static size_t put_row(uint8_t *out, const struct lb_config *config,
                      uint16_t number)
{
    const struct lb_config_door at_door = lb_config_door(config, number);
    const struct lb_config_door *door = &at_door;
    size_t at = 2;

    lb_put_u16(out, number);
    at += put_place(out + at, config, door->board, door->channel);
    out[at++] = door->sensor ? 1 : 0;
    lb_put_u16(out + at, door->assume_open_s);
    at += 2;
    memcpy(out + at, profile_digest(config, door->board), 32);
    at += 32;
    return door->content ? at + put_content(out + at, config, door) : at;
}

size_t lb_map_room(const struct lb_config *config)
{
    return sizeof prefix + 2 + (size_t)config->door_count * LB_MAP_ROW_MAX;
}

size_t lb_map_encode(const struct lb_config *config, uint8_t *out)
{
    size_t at = sizeof prefix;

    memcpy(out, prefix, sizeof prefix);
    lb_put_u16(out + at, config->door_count);
    at += 2;
    for (uint16_t number = 0; number < config->door_count; number++) {
        if (config->door_line[number] == 0) {
            continue;
        }
        size_t len = put_row(out + at + 2, config, number);

        lb_put_u16(out + at, (uint16_t)len);
        at += 2 + len;
    }
    return at;
}

void lb_map_row(const struct lb_config *config, uint16_t number,
                uint8_t digest[16])
{
    uint8_t row[LB_MAP_ROW_MAX], hash[LB_HASH_LEN] = {0};

    if (config->door_line[number] != 0) {
        lb_crypto_hash(hash, row, put_row(row, config, number));
    }
    memcpy(digest, hash, 16);
}
