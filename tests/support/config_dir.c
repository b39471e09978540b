/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "config_dir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char config_good[] =
    "[cabinet]\n"                                                 /* 1 */
    "name     = Hall B\n"                                         /* 2 */
    "journal  = journal\n"                                        /* 3 */
    "manifest = /var/lib/lockbus/manifest.lbm\n"                  /* 4 */
    "profiles = profiles\n"                                       /* 5 */
    "keypad   = digits\n"                                         /* 6 */
    "[lock]\n"                                                    /* 7 */
    "pulse_ms = 500\n"                                            /* 8 */
    "rest_ms  = 15000\n"                                          /* 9 */
    "at_once  = 2\n"                                              /* 10 */
    "shut_is  = 1\n"                                              /* 11 */
    "[bus.left]\n"                                                /* 12 */
    "port = usb:0403:6001:FT9XK2LQ\n"                             /* 13 */
    "baud = 9600 8N1\n"                                           /* 14 */
    "[bus.right]\n"                                               /* 15 */
    "port = host:second\n"                                        /* 16 */
    "baud = 115200 8E2\n"                                         /* 17 */
    "[boards]\n"                                                  /* 18 */
    "1 = left  1 sensed\n"                                        /* 19 */
    "2 = left  2 sensed uid=3a0041000f51383438343535\n"           /* 20 */
    "7 = right 247 blind\n"                                       /* 21 */
    "[doors]\n"                                                   /* 22 */
    "A01-A08 = 0-7 1:1-8 size=M\n"                                /* 23 */
    "B1      = 9   2:8   size=XL remark=low, for wheelchairs\n"   /* 24 */
    "B2      = 8   2:1   sensor=none assume_open_s=30\n"          /* 25 */
    "C098-C101 = 1020-1023 7:1-4 sensor=none assume_open_s=600\n" /* 26 */
    ;

static const char sensed[] = "[profile]\ndriver = modbus\nchannels = 8\n"
                             "[pulse]\nwrite = fc05 0x0200\nunit_ms = 100\n"
                             "allowed_ms = 200-1000\n"
                             "[off]\nwrite = fc05 0x0000\n"
                             "[leaf]\nread = fc02 0x0000\n";

static const char blind[] = "[profile]\ndriver = modbus\nchannels = 4\n"
                            "[pulse]\nwrite = fc05 0x0065\nunit_ms = 1\n"
                            "allowed_ms = 100-800\n"
                            "[off]\nwrite = fc05 0x0065\n";

static void path_of(char *out, size_t cap, const struct config_dir *dir,
                    const char *name)
{
    if (snprintf(out, cap, "%s/%s", dir->path, name) >= (int)cap) {
        abort();
    }
}

void config_dir_write(const struct config_dir *dir, const char *name,
                      const char *text, size_t len)
{
    char path[512];

    path_of(path, sizeof path, dir, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(text, 1, len, file) != len ||
        fclose(file) != 0) {
        perror(path);
        abort();
    }
}

int config_dir_make(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct config_dir *dir = calloc(1, sizeof *dir);
    char path[512];

    if (dir == NULL) {
        return -1;
    }
    (void)snprintf(dir->path, sizeof dir->path, "%s/lockbus-config-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir->path) == NULL) {
        free(dir);
        return -1;
    }
    path_of(dir->file, sizeof dir->file, dir, "cabinet.ini");
    path_of(path, sizeof path, dir, "profiles");
    if (mkdir(path, 0700) != 0) {
        free(dir);
        return -1;
    }
    config_dir_write(dir, "profiles/sensed.ini", sensed, strlen(sensed));
    config_dir_write(dir, "profiles/blind.ini", blind, strlen(blind));
    *state = dir;
    return 0;
}

static void remove_files(const char *folder)
{
    DIR *open = opendir(folder);
    struct dirent *entry;
    char path[1024];

    while (open != NULL && (entry = readdir(open)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path); /* folders stay */
    }
    if (open != NULL) {
        (void)closedir(open);
    }
    (void)rmdir(folder);
}

int config_dir_remove(void **state)
{
    struct config_dir *dir = *state;
    char path[512];

    path_of(path, sizeof path, dir, "profiles");
    remove_files(path);
    remove_files(dir->path);
    free(dir);
    return 0;
}
