/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef OS_PTY_H
#define OS_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A pty: the test holds the master, the code under test opens `path`. */
struct os_pty {
    int master;
    char path[64];
};

bool os_pty_open(struct os_pty *pty);
void os_pty_close(struct os_pty *pty);

/* The speed that the slave side has, asked through the master. */
uint32_t os_pty_baud(const struct os_pty *pty);

/* A new directory of the test's own, and its end with all that is in it. */
bool os_temp_dir(char *out, size_t cap);
void os_temp_remove(const char *path);

/* Runs `body` in a child, as nobody (65534) when this is root and `as_nobody`
 * says so, and gives its exit code; -1: it did not exit. */
int os_in_child(int (*body)(void *arg), void *arg, bool as_nobody);

#endif
