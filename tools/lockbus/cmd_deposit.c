/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus deposit: the package for one parcel. Makes the parcel's release key
 * and, unless told otherwise, a code that it is sealed under; the code is
 * printed once and kept nowhere, and so is the key unless --release-out asks
 * for it.
 */

#include "issue_args.h"

#include "base/crypto.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HOUR = 3600, HOURS_DEFAULT = 24 };

struct wish {
    const char *courier, *issuer, *return_key, *release_out, *out;
    uint64_t door, hours, from, return_after;
    bool visit, no_code, digits;
};

static bool parse(int argc, char **argv, struct wish *w,
                  struct lockbus_grant *g)
{
    struct issue_arg args[] = {
        {.name = "--cabinet",
         .kind = ISSUE_HEX,
         .to = g->cabinet_id,
         .max = 16},
        {.name = "--door", .kind = ISSUE_NUMBER, .to = &w->door, .max = 1023},
        {.name = "--stay", .kind = ISSUE_STAY, .to = &g->stay},
        {.name = "--courier", .kind = ISSUE_TEXT, .to = &w->courier},
        {.name = "--issuer", .kind = ISSUE_TEXT, .to = &w->issuer},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &w->out},
        {.name = "--hours",
         .kind = ISSUE_NUMBER,
         .to = &w->hours,
         .max = UINT16_MAX,
         .optional = true},
        {.name = "--from",
         .kind = ISSUE_NUMBER,
         .to = &w->from,
         .max = UINT64_MAX,
         .optional = true},
        {.name = "--ref",
         .kind = ISSUE_HEX,
         .to = g->parcel_ref,
         .max = 16,
         .optional = true},
        {.name = "--return",
         .kind = ISSUE_TEXT,
         .to = &w->return_key,
         .optional = true},
        {.name = "--return-after",
         .kind = ISSUE_NUMBER,
         .to = &w->return_after,
         .max = UINT32_MAX,
         .optional = true},
        {.name = "--visit",
         .kind = ISSUE_FLAG,
         .to = &w->visit,
         .optional = true},
        {.name = "--no-code",
         .kind = ISSUE_FLAG,
         .to = &w->no_code,
         .optional = true},
        {.name = "--digits",
         .kind = ISSUE_FLAG,
         .to = &w->digits,
         .optional = true},
        {.name = "--release-out",
         .kind = ISSUE_TEXT,
         .to = &w->release_out,
         .optional = true},
    };

    return issue_args(argc, argv, args, sizeof args / sizeof args[0]);
}

/* Wishes that do not go together; false was said. */
static bool check(const struct wish *w)
{
    const char *text = NULL;

    if (w->visit && (w->digits || w->no_code || w->release_out != NULL ||
                     w->return_key != NULL)) {
        text = "--visit: a visit leaves no parcel, so no key and no code";
    } else if (w->no_code && w->release_out == NULL) {
        text = "--no-code: without --release-out nobody could open the door";
    } else if (w->no_code && w->digits) {
        text = "--digits: there is no code";
    } else if ((w->return_key != NULL) != (w->return_after != 0)) {
        text = "--return and --return-after go together";
    }
    if (text != NULL) {
        fprintf(stderr, "lockbus deposit: %s\n", text);
    }
    return text == NULL;
}

static bool fill(struct lockbus_grant *g, const struct wish *w,
                 const struct lockbus_signer *release)
{
    struct lockbus_key_file key;

    if (!issue_key(&key, w->courier, "courier", false)) {
        return false;
    }
    memcpy(g->courier_pk, key.signer.public_key, 32);
    if (w->return_key != NULL) {
        if (!issue_key(&key, w->return_key, "return", false)) {
            return false;
        }
        memcpy(g->return_pk, key.signer.public_key, 32);
    }
    if (!w->visit) {
        memcpy(g->release_pk, release->public_key, 32);
    }
    g->courier_uses = 3;
    g->release_uses = 2;
    g->door = (uint16_t)w->door;
    g->not_before = w->from;
    g->valid_for_s = (uint32_t)w->hours * HOUR;
    g->return_after_s = (uint32_t)w->return_after;
    return true;
}

/* The code and its seal; `code` stays empty when there is none. */
static bool make_code(char code[LOCKBUS_CODE_TEXT_MAX],
                      uint8_t seal[LOCKBUS_SEAL_LEN], const struct wish *w,
                      const struct lockbus_grant *g,
                      const struct lockbus_signer *release)
{
    struct lockbus_code_form form = {.digits = w->digits};
    struct lockbus_error why = {0};

    if (w->visit || w->no_code) {
        return true;
    }
    if (lockbus_issue_code(code, seal, &form, g->door, g->cabinet_id, g->stay,
                           release->seed, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    return true;
}

static bool write_package(const struct wish *w, const struct lockbus_grant *g,
                          const uint8_t *seal)
{
    struct lockbus_key_file issuer;
    uint8_t grant[LOCKBUS_GRANT_LEN], package[LOCKBUS_PACKAGE_MAX];
    struct lockbus_error why = {0};
    size_t len = 0;
    enum lockbus_err err;

    if (!issue_key(&issuer, w->issuer, "issuer", true)) {
        return false;
    }
    err = lockbus_issue_grant(grant, g, &issuer.signer, &why);
    lockbus_signer_wipe(&issuer.signer);
    if (err != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    return lockbus_package_write(package, &len, grant, seal) == LOCKBUS_OK &&
           issue_write(w->out, package, len, 0600);
}

static bool save_release(const struct wish *w,
                         const struct lockbus_signer *release)
{
    struct lockbus_key_file key = {
        .role = "release", .region_last = UINT32_MAX, .secret = true};
    struct lockbus_error why = {0};
    bool ok = true;

    if (w->release_out != NULL) {
        key.signer = *release;
        ok = lockbus_key_save(w->release_out, &key, &why) == LOCKBUS_OK;
        lockbus_signer_wipe(&key.signer);
    }
    if (!ok) {
        (void)tool_complain(&why);
    }
    return ok;
}

int cmd_deposit(int argc, char **argv)
{
    struct wish w = {.hours = HOURS_DEFAULT, .from = (uint64_t)time(NULL)};
    struct lockbus_grant g = {0};
    struct lockbus_signer release = {0};
    char code[LOCKBUS_CODE_TEXT_MAX] = "";
    uint8_t seal[LOCKBUS_SEAL_LEN];
    bool ok;

    if (!parse(argc, argv, &w, &g) || !check(&w)) {
        return tool_usage(argv[0], NULL);
    }
    /* the key first: a package whose key is lost would fill a door for good */
    ok = lockbus_signer_generate(&release) == LOCKBUS_OK &&
         fill(&g, &w, &release) && make_code(code, seal, &w, &g, &release) &&
         save_release(&w, &release) &&
         write_package(&w, &g, code[0] != '\0' ? seal : NULL);
    lockbus_signer_wipe(&release);
    if (ok && code[0] != '\0') {
        ok = printf("%s\n", code) > 0 && fflush(stdout) == 0;
    }
    lb_crypto_wipe(code, sizeof code);
    return ok ? TOOL_OK : TOOL_FAILED;
}
