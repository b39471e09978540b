/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus visits: packages that open each door of a configuration once and
 * leave nothing behind it, for the walk that proves the wiring. Issued away
 * from the cabinet, as every package is.
 */

#include "issue_args.h"

#include "base/crypto.h"
#include "cabinet/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { HOUR = 3600, HOURS_DEFAULT = 24, TIMES_DEFAULT = 3, TIMES_MAX = 9 };

struct visits {
    const char *config, *courier, *issuer, *folder;
    uint64_t hours, times;
    struct lockbus_grant grant;
    struct lockbus_signer signer;
};

static bool parse(int argc, char **argv, struct visits *v)
{
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_TEXT, .to = &v->config},
        {.name = "--cabinet",
         .kind = ISSUE_HEX,
         .to = v->grant.cabinet_id,
         .max = 16},
        {.name = "--stay", .kind = ISSUE_STAY, .to = &v->grant.stay},
        {.name = "--courier", .kind = ISSUE_TEXT, .to = &v->courier},
        {.name = "--issuer", .kind = ISSUE_TEXT, .to = &v->issuer},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &v->folder},
        {.name = "--hours",
         .kind = ISSUE_NUMBER,
         .to = &v->hours,
         .max = UINT16_MAX,
         .optional = true},
        {.name = "--times",
         .kind = ISSUE_NUMBER,
         .to = &v->times,
         .max = TIMES_MAX,
         .optional = true},
    };

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return false;
    }
    if (v->times == 0) {
        fputs("lockbus visits: --times: at least 1\n", stderr);
    }
    return v->times != 0;
}

static bool load_keys(struct visits *v)
{
    struct lockbus_key_file key;

    if (!issue_key(&key, v->courier, "courier", false)) {
        return false;
    }
    memcpy(v->grant.courier_pk, key.signer.public_key, 32);
    if (!issue_key(&key, v->issuer, "issuer", true)) {
        return false;
    }
    v->signer = key.signer;
    lockbus_signer_wipe(&key.signer);
    return true;
}

static bool make_folder(const char *path)
{
    struct stat st;

    if (mkdir(path, 0700) == 0) {
        return true;
    }
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return true;
    }
    fprintf(stderr, "lockbus: %s: cannot be made a folder: %s\n", path,
            strerror(errno));
    return false;
}

/* LABEL-N.pkg with the next stay. */
static bool issue(struct visits *v, const char *label, unsigned n)
{
    uint8_t grant[LOCKBUS_GRANT_LEN], package[LOCKBUS_PACKAGE_MAX];
    struct lockbus_error why = {0};
    char path[4096];
    size_t len = 0;

    if (snprintf(path, sizeof path, "%s/%s-%u.pkg", v->folder, label, n) >=
        (int)sizeof path) {
        fputs("lockbus: the folder's name is too long\n", stderr);
        return false;
    }
    if ((v->grant.stay & UINT32_MAX) == UINT32_MAX) {
        fputs("lockbus: --stay: no number is left in this epoch\n", stderr);
        return false;
    }
    if (lockbus_issue_grant(grant, &v->grant, &v->signer, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    v->grant.stay++;
    return lockbus_package_write(package, &len, grant, NULL) == LOCKBUS_OK &&
           issue_write(path, package, len, 0600);
}

static int issue_all(struct visits *v, const struct lb_config *config)
{
    unsigned doors = 0;

    for (uint16_t door = 0; door < config->door_count; door++) {
        const struct lb_config_door at = lb_config_door(config, door);

        v->grant.door = door;
        doors += at.used;
        for (unsigned n = 1; at.used && n <= v->times; n++) {
            if (!issue(v, at.label, n)) {
                return TOOL_FAILED;
            }
        }
    }
    printf("%u doors, %u visits each, in %s\nthe next free stay is "
           "%" PRIu64 ":%" PRIu64 "\n",
           doors, (unsigned)v->times, v->folder, v->grant.stay >> 32,
           v->grant.stay & UINT32_MAX);
    return fflush(stdout) == 0 ? TOOL_OK : TOOL_FAILED;
}

int cmd_visits(int argc, char **argv)
{
    struct visits v = {.hours = HOURS_DEFAULT, .times = TIMES_DEFAULT};
    struct lockbus_error why = {0};
    int result = TOOL_FAILED;

    if (!parse(argc, argv, &v)) {
        return tool_usage(argv[0], NULL);
    }
    v.grant.courier_uses = 3;
    v.grant.release_uses = 1;
    v.grant.not_before = (uint64_t)time(NULL);
    v.grant.valid_for_s = (uint32_t)v.hours * HOUR;
    struct lb_config *config = calloc(1, sizeof *config);

    if (config == NULL || !lb_crypto_init()) {
        free(config);
        why.err = LOCKBUS_ERR_NOMEM;
        return tool_complain(&why);
    }
    if (lb_config_load(config, v.config, &why) != LOCKBUS_OK) {
        free(config);
        return tool_complain(&why);
    }
    if (load_keys(&v) && make_folder(v.folder)) {
        result = issue_all(&v, config);
    }
    lockbus_signer_wipe(&v.signer);
    lb_config_free(config);
    free(config);
    return result;
}
