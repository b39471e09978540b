/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CONFIG_H
#define LB_CONFIG_H

/*
 * The configuration of one cabinet: what is wired to what. Parsed once, with
 * file, line and field in every refusal. Nothing has a silent default that
 * could move the wrong latch: a door, a board or a bus is told whole.
 */

#include "base/record.h"
#include "board/profile.h"
#include "os/os.h"

enum lb_config_limits {
    LB_CONFIG_BUSES = 8,
    LB_CONFIG_BOARDS = 128,
    LB_CONFIG_PROFILES = 16,
    LB_LABEL_LEN = 16,
    LB_PATH_LEN = 200,
    LB_CONFIG_FILE_MAX = 256 * 1024,
    LB_MAP_ROW_MAX = 2 + 2 + 1 + 23 + 1 + 1 + 16 + 2 + 1 + 2 + 32 + 32,
    LB_MAP_MAX = 32 + LB_DOOR_MAX * LB_MAP_ROW_MAX
};

struct lb_config_bus {
    char name[24];
    char port[128];
    struct lb_serial_settings serial;
    unsigned line; /* in the file */
};

struct lb_config_board {
    unsigned number; /* as the file counts boards */
    uint8_t bus;     /* index */
    uint8_t address;
    uint8_t profile; /* index */
    char uid[33];    /* hex, empty: none */
    unsigned line;
};

struct lb_config_door {
    bool used;
    char label[LB_LABEL_LEN];
    char size[8];
    char remark[48];
    uint8_t board;   /* index */
    uint8_t channel; /* 0-based */
    bool sensor;     /* false: timed and assumed */
    uint16_t assume_open_s;
    bool content;          /* an input tells whether something is inside */
    bool content_full_is;  /* its level then */
    uint8_t content_board; /* index */
    uint8_t content_channel;
    unsigned line;
};

struct lb_config {
    char file[LB_PATH_LEN];
    char name[64];
    char journal[LB_PATH_LEN], manifest[LB_PATH_LEN], profiles[LB_PATH_LEN];
    bool keypad_digits;
    uint32_t pulse_ms, rest_ms;
    uint8_t at_once;
    bool shut_is;
    struct lb_config_bus bus[LB_CONFIG_BUSES];
    size_t bus_count;
    struct lb_config_board board[LB_CONFIG_BOARDS];
    size_t board_count;
    struct lb_profile profile[LB_CONFIG_PROFILES];
    size_t profile_count;
    struct lb_config_door door[LB_DOOR_MAX]; /* by door number */
    uint16_t door_count;                     /* highest number + 1 */
    /* the map (map.c): its canonical bytes, their hash, each row's digest */
    uint8_t map[LB_MAP_MAX];
    size_t map_len;
    uint8_t map_hash[32];
    uint8_t row[LB_DOOR_MAX][16];
};

/* Reads the file, its profiles, checks everything and computes the map.
 * Relative paths are relative to the file's folder. CONFIG with file, line,
 * field; IO. *config is written whole or not used. */
LOCKBUS_CHECK enum lockbus_err lb_config_load(struct lb_config *config,
                                              const char *path,
                                              struct lockbus_error *why);

/* map.c: rows, their digests, and the hash that commissioning signs. */
void lb_map_compute(struct lb_config *config);

#endif
