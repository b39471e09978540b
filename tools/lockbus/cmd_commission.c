/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus commission: makes the cabinet's journal, and walks along its doors.
 * lockbus amend: changes its door map.
 */

#include "base/bytes.h"
#include "base/crypto.h"
#include "host.h"
#include "issue_args.h"
#include "walk.h"

#include <stdio.h>
#include <string.h>

enum { SHUT_WAIT_S = 300, SHUT_WAIT_MAX_S = 86400 };

struct wish {
    struct issue_list files;
    const char *escrow;
    struct walk_wish walk;
};

static bool parse(int argc, char **argv, struct wish *w)
{
    struct walk_wish *walk = &w->walk;
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_LIST, .to = &w->files},
        {.name = "--escrow",
         .kind = ISSUE_TEXT,
         .to = &w->escrow,
         .optional = true},
        {.name = "--visits",
         .kind = ISSUE_TEXT,
         .to = &walk->visits,
         .optional = true},
        {.name = "--key",
         .kind = ISSUE_TEXT,
         .to = &walk->key,
         .optional = true},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &walk->out, .optional = true},
        {.name = "--from",
         .kind = ISSUE_TEXT,
         .to = &walk->from,
         .optional = true},
        {.name = "--confirm",
         .kind = ISSUE_FLAG,
         .to = &walk->confirm,
         .optional = true},
        {.name = "--wait",
         .kind = ISSUE_NUMBER,
         .to = &walk->shut_wait_s,
         .max = SHUT_WAIT_MAX_S,
         .optional = true},
    };

    return issue_args(argc, argv, args, sizeof args / sizeof args[0]);
}

/* What does not go together was said; `makes`: a journal is to be made. */
static bool check(char **argv, const struct wish *w, bool makes)
{
    const struct walk_wish *walk = &w->walk;
    const char *text = NULL;

    if (!issue_files(argv, &w->files, makes ? 3 : 1)) {
        return false;
    }
    if (makes != (w->escrow != NULL)) {
        text = makes ? "--escrow: is missing"
                     : "--escrow: goes with a manifest and an order";
    } else if ((walk->visits != NULL || !makes) &&
               (walk->visits == NULL || walk->key == NULL ||
                walk->out == NULL)) {
        text = "a walk takes --visits, --key and -o";
    } else if (walk->visits == NULL &&
               (walk->key != NULL || walk->out != NULL || walk->from != NULL ||
                walk->confirm)) {
        text = "--visits: is missing";
    }
    if (text != NULL) {
        fprintf(stderr, "lockbus commission: %s\n", text);
    }
    return text == NULL;
}

/* The two come in an order, and each is easily taken for the other. */
static bool is_order(const char *path, const uint8_t *bytes, size_t len)
{
    struct lockbus_manifest_info info;

    if (lockbus_manifest_read(&info, bytes, len) != LOCKBUS_OK) {
        return true; /* of what it is else the cabinet says its rule */
    }
    fprintf(stderr,
            "lockbus: %s: this is a manifest; a commissioning order (.lbc) "
            "belongs here\n",
            path);
    return false;
}

/* What the operator verifies this cabinet's anchors with. */
static int print_device_key(const char *config)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t key[32];
    char text[65];

    if (lockbus_device_key(config, key, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    lb_hex(text, key, sizeof key);
    printf("device key %s\n", text);
    return TOOL_OK;
}

static int commission(const struct issue_list *files, const char *escrow_path)
{
    uint8_t manifest[LOCKBUS_MANIFEST_MAX], order[LOCKBUS_MANIFEST_MAX];
    uint8_t escrow[32];
    size_t manifest_len = 0, order_len = 0;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (!host_read(files->item[1], manifest, sizeof manifest, &manifest_len) ||
        !host_read(files->item[2], order, sizeof order, &order_len) ||
        !is_order(files->item[2], order, order_len)) {
        return TOOL_FAILED;
    }
    /* The escrow file first: a journal whose root key was lost on the way
     * could never be verified from its beginning. */
    FILE *there = fopen(escrow_path, "rb");

    if (there != NULL) {
        (void)fclose(there);
        fprintf(stderr, "lockbus: %s exists; it is never overwritten\n",
                escrow_path);
        return TOOL_FAILED;
    }
    if (lockbus_cabinet_commission(files->item[0], manifest, manifest_len,
                                   order, order_len, escrow,
                                   &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    int result = lockbus_escrow_save(escrow_path, escrow, &why) == LOCKBUS_OK
                     ? TOOL_OK
                     : tool_complain(&why);

    lb_crypto_wipe(escrow, sizeof escrow);
    if (result == TOOL_OK) {
        printf("commissioned: all doors of the map are empty\n"
               "give %s to the operator and remove it from the cabinet\n",
               escrow_path);
        result = print_device_key(files->item[0]);
    }
    return result;
}

int cmd_commission(int argc, char **argv)
{
    struct wish w = {.walk.shut_wait_s = SHUT_WAIT_S};

    if (!parse(argc, argv, &w)) {
        return tool_usage(argv[0], NULL);
    }
    bool makes = w.files.count != 1;

    if (!check(argv, &w, makes)) {
        return tool_usage(argv[0], NULL);
    }
    w.walk.config = w.files.item[0];
    int result = makes ? commission(&w.files, w.escrow) : TOOL_OK;

    return result == TOOL_OK && w.walk.visits != NULL ? walk(&w.walk) : result;
}

int cmd_amend(int argc, char **argv)
{
    uint8_t order[LOCKBUS_MANIFEST_MAX];
    size_t len = 0;
    struct lockbus_error why = {.err = LOCKBUS_OK};

    struct issue_list files = {0};
    struct issue_arg args[] = {{.name = "", .kind = ISSUE_LIST, .to = &files}};

    if (!issue_args(argc, argv, args, 1) || !issue_files(argv, &files, 2)) {
        return tool_usage(argv[0], NULL);
    }
    if (!host_read(files.item[1], order, sizeof order, &len) ||
        !is_order(files.item[1], order, len)) {
        return TOOL_FAILED;
    }
    if (lockbus_cabinet_amend(files.item[0], order, len, &why) != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    printf("amended: the configuration's map is in force\n");
    return TOOL_OK;
}
