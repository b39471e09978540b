/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_CONFIG_READ_H
#define LB_CONFIG_READ_H

/*
 * What the parts of the configuration's reader share: one taker for each kind
 * of line, and the checks that need the whole file.
 */

#include "board/inifile.h"
#include "cabinet/config.h"

enum lb_config_read_limits {
    LB_CONFIG_BOARD_NO_MAX = 999,
    LB_CONFIG_REST_MAX_MS = 600000,
    LB_CONFIG_KEEP_MAX_DAYS = 36500,
    LB_CONFIG_AT_ONCE_MAX = 16,
    LB_CONFIG_ASSUME_MAX_S = 600,
    LB_CONFIG_BUS_ADDRESS_MAX = 247, /* 248 to 255 are reserved; 0xFE and 0
                                      * reach every board there is */
    LB_CONFIG_UID_MIN = 16,          /* hexadecimal digits */
    LB_CONFIG_UID_MAX = 32,
    LB_PROFILE_FILE_MAX = 8 * 1024
};

struct lb_config_reading {
    struct lb_config *config;
    struct lockbus_error *why;
    unsigned pulse_line; /* of [lock] pulse_ms */
    unsigned profile_line[LB_CONFIG_PROFILES];
};

/* config_bus.c: [bus.NAME] */
bool lb_config_bus_begin(struct lb_config *config, struct lb_ini *ini,
                         const char *name);
bool lb_config_take_port(void *user, struct lb_ini *ini, const char *key,
                         const char *value);
bool lb_config_take_baud(void *user, struct lb_ini *ini, const char *key,
                         const char *value);
bool lb_config_take_timed(void *user, struct lb_ini *ini, const char *key,
                          const char *value);

/* config_boards.c: [boards] */
bool lb_config_take_board(void *user, struct lb_ini *ini, const char *key,
                          const char *value);

/* config_doors.c: [doors] */
bool lb_config_take_doors(void *user, struct lb_ini *ini, const char *key,
                          const char *value);

/* config_check.c: profiles, and what only the whole file shows. */
LOCKBUS_CHECK enum lockbus_err
lb_config_load_profiles(struct lb_config_reading *reading);
LOCKBUS_CHECK enum lockbus_err
lb_config_check_whole(const struct lb_config_reading *reading);

#endif
