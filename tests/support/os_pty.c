/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _XOPEN_SOURCE 700 /* posix_openpt(), nftw() */
#define _DEFAULT_SOURCE   /* setgroups() */
#include "os_pty.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

bool os_pty_open(struct os_pty *pty)
{
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->master < 0 || grantpt(pty->master) != 0 ||
        unlockpt(pty->master) != 0) {
        return false;
    }
    const char *name = ptsname(pty->master);

    return name != NULL && snprintf(pty->path, sizeof pty->path, "%s", name) <
                               (int)sizeof pty->path;
}

void os_pty_close(struct os_pty *pty)
{
    if (pty->master >= 0) {
        (void)close(pty->master);
    }
    pty->master = -1;
}

uint32_t os_pty_baud(const struct os_pty *pty)
{
    struct termios2 t = {0};

    return ioctl(pty->master, TCGETS2, &t) == 0 ? t.c_ospeed : 0;
}

bool os_temp_dir(char *out, size_t cap)
{
    const char *base = getenv("TMPDIR");

    return snprintf(out, cap, "%s/lockbus-os-XXXXXX",
                    base != NULL ? base : "/tmp") < (int)cap &&
           mkdtemp(out) != NULL;
}

static int drop(const char *path, const struct stat *st, int kind,
                struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void os_temp_remove(const char *path)
{
    (void)nftw(path, drop, 16, FTW_DEPTH | FTW_PHYS);
}

int os_in_child(int (*body)(void *arg), void *arg, bool as_nobody)
{
    int status = 0;

    (void)fflush(NULL);
    pid_t child = fork();

    if (child == 0) {
        if (as_nobody && geteuid() == 0 &&
            (setgroups(0, NULL) != 0 || setgid(65534) != 0 ||
             setuid(65534) != 0)) {
            _exit(99);
        }
        _exit(body(arg));
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
