/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "profile_dir.h"

#include "os/os.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_CAP = 16384, PATH_CAP = 512 };

static const char ending[] = ".ini";

static int is_profile(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len >= sizeof ending &&
           strcmp(entry->d_name + len - (sizeof ending - 1), ending) == 0;
}

static enum lockbus_err refuse(struct lockbus_error *why, const char *file,
                               const char *text)
{
    *why = (struct lockbus_error){.err = LOCKBUS_ERR_CONFIG};
    (void)snprintf(why->file, sizeof why->file, "%s", file);
    (void)snprintf(why->text, sizeof why->text, "%s", text);
    return why->err;
}

static enum lockbus_err read_one(struct profile_dir *out, const char *folder,
                                 const char *name, struct lockbus_error *why)
{
    uint8_t text[FILE_CAP];
    char path[PATH_CAP], bare[64];
    size_t len = 0;
    int wrote = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (wrote < 0 || (size_t)wrote >= sizeof path ||
        strlen(name) >= sizeof bare) {
        return refuse(why, name, "the name is too long");
    }
    enum lockbus_err err =
        lb_file_read(path, text, sizeof text, &len, LB_FILE_ANY, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    (void)snprintf(bare, sizeof bare, "%.*s",
                   (int)(strlen(name) - (sizeof ending - 1)), name);
    return lb_profile_parse(&out->profile[out->count++], bare,
                            (const char *)text, len, why);
}

enum lockbus_err profile_dir_read(struct profile_dir *out, const char *folder,
                                  struct lockbus_error *why)
{
    struct dirent **entry = NULL;
    int count = scandir(folder, &entry, is_profile, alphasort);
    enum lockbus_err err = LOCKBUS_OK;

    out->count = 0;
    if (count <= 0) {
        err = refuse(why, folder,
                     "holds no profiles; name their folder with --profiles");
    } else if (count > PROFILE_DIR_MAX) {
        err = refuse(why, folder, "holds more than 64 profiles");
    }
    for (int i = 0; i < count; i++) {
        if (err == LOCKBUS_OK) {
            err = read_one(out, folder, entry[i]->d_name, why);
        }
        free(entry[i]);
    }
    free(entry);
    return err;
}
