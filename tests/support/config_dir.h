/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef CONFIG_DIR_H
#define CONFIG_DIR_H

/*
 * A folder of its own for each test of the configuration, with two profiles
 * in profiles/: sensed.ini (8 channels, inputs) and blind.ini (4 channels,
 * none).
 */

#include <stddef.h>

struct config_dir {
    char path[200];
    char file[240]; /* cabinet.ini in it */
};

/* A configuration that is right, of these two; lines are counted below. */
extern const char config_good[];

/* cmocka's setup and teardown; *state is a struct config_dir. */
int config_dir_make(void **state);
int config_dir_remove(void **state);

/* Writes NAME in the folder; fails the test when it cannot. */
void config_dir_write(const struct config_dir *dir, const char *name,
                      const char *text, size_t len);

#endif
