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
    bool host_timed; /* its boards may leave the end of a pulse to this host */
    unsigned line;   /* in the file */
};

struct lb_config_board {
    unsigned number; /* as the file counts boards */
    uint8_t bus;     /* index */
    uint8_t address;
    uint8_t profile; /* index */
    char uid[33];    /* hex, empty: none */
    unsigned line;
};

/*
 * What a line of [doors] says: one or more doors whose labels, numbers and
 * channels rise together. Doors are kept so, since there are hundreds of them
 * and few lines.
 */
struct lb_config_line {
    char prefix[LB_LABEL_LEN]; /* of the labels: A for A01-A08 */
    char size[8];
    char remark[48];
    uint8_t width;           /* digits behind it; 0: one label, as it is */
    uint8_t board, channel;  /* board: index; channel: 0-based, the first's */
    bool sensor;             /* false: timed and assumed */
    bool content;            /* an input tells whether something is inside */
    bool content_full_is;    /* its level then */
    uint8_t content_board;   /* index */
    uint8_t content_channel; /* the first door's */
    uint16_t first_label, first_door, assume_open_s;
    unsigned line;
};

/* A door, put together again. */
struct lb_config_door {
    bool used;
    char label[LB_LABEL_LEN];
    const char *size, *remark; /* "": none */
    uint8_t board;             /* index */
    uint8_t channel;           /* 0-based */
    bool sensor;               /* false: timed and assumed */
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
    uint32_t keep_days; /* of powered time; 0: the journal keeps all */
    uint32_t pulse_ms, rest_ms;
    uint8_t at_once;
    bool shut_is;
    struct lb_config_bus bus[LB_CONFIG_BUSES];
    size_t bus_count;
    /* allocated, as many as there are */
    struct lb_config_board *board;
    size_t board_count;
    struct lb_profile *profile;
    size_t profile_count;
    struct lb_config_line *line;
    size_t line_count;
    uint16_t *door_line; /* by door number: the line's index, plus 1; 0: none */
    uint16_t door_count; /* highest number + 1 */
    uint8_t map_hash[32];
};

/* Reads the file, its profiles, checks everything and computes the map's
 * hash. Relative paths are relative to the file's folder. CONFIG with file,
 * line, field; IO; NOMEM. *config, which need not be initialised, is written
 * whole, and then lb_config_free()d by the caller, or not to be used. */
LOCKBUS_CHECK enum lockbus_err lb_config_load(struct lb_config *config,
                                              const char *path,
                                              struct lockbus_error *why);
void lb_config_free(struct lb_config *config);

/* Bytes of it and of what it holds. */
size_t lb_config_memory(const struct lb_config *config);

/* config_door.c: a door by its number, which is below door_count; its texts
 * live as long as the configuration. */
struct lb_config_door lb_config_door(const struct lb_config *config,
                                     uint16_t number);

/* map.c: the canonical bytes of the map, which are hashed for map_hash. `out`
 * has LB_MAP_MAX bytes, or lb_map_room(). */
size_t lb_map_room(const struct lb_config *config);
size_t lb_map_encode(const struct lb_config *config, uint8_t *out);
/* A door's row as a digest; zeros when there is no such door. */
void lb_map_row(const struct lb_config *config, uint16_t number,
                uint8_t digest[16]);

#endif
