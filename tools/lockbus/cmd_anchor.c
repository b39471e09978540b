/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus anchor: a cabinet's word for its journal's end, made and checked.
 * lockbus receipt: the operator's answer, made and given.
 */

#include "anchors.h"
#include "host.h"
#include "issue_args.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 30000 };

static int wrong(char **argv, const char *text)
{
    fprintf(stderr, "lockbus %s: %s\n", argv[0], text);
    return tool_usage(argv[0], NULL);
}

/* ---- Anchors ------------------------------------------------------------- */

static int anchor_make(const char *config, const char *out)
{
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t anchor[LOCKBUS_ANCHOR_LEN];
    enum lockbus_err err = lockbus_cabinet_open(&cab, config, NULL, &why);

    if (err == LOCKBUS_OK) {
        err = lockbus_cabinet_anchor(cab, anchor, &why);
    }
    lockbus_cabinet_close(&cab);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    return issue_write_or_print(out, anchor, sizeof anchor) ? TOOL_OK
                                                            : TOOL_FAILED;
}

static bool check_one(const uint8_t *bytes, const uint8_t device_key[32])
{
    struct lockbus_anchor anchor;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    char id[33], digest[65];

    if (lockbus_anchor_verify(&anchor, bytes, LOCKBUS_ANCHOR_LEN, device_key,
                              &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    lb_hex(id, anchor.cabinet_id, 16);
    lb_hex(digest, anchor.digest, 32);
    printf("cabinet %s anchor %" PRIu64 ":%s boot %" PRIu32
           " powered_ms %" PRIu64 " unix_s %" PRIu64 "%s\n",
           id, anchor.block, digest, anchor.boot, anchor.powered_ms,
           anchor.unix_s, anchor.trusted ? "" : " not trusted");
    return true;
}

static int anchor_check(const struct issue_list *words,
                        const uint8_t device_key[32])
{
    bool good = true;

    for (size_t i = 1; i < words->count; i++) {
        struct anchors anchors;

        if (!anchors_read(&anchors, words->item[i])) {
            return TOOL_FAILED;
        }
        for (size_t k = 0; k < anchors.count; k++) {
            good = check_one(anchors_at(&anchors, k), device_key) && good;
        }
        anchors_free(&anchors);
    }
    return good ? TOOL_OK : TOOL_FAILED;
}

int cmd_anchor(int argc, char **argv)
{
    struct issue_list words = {.count = 0};
    const char *out = NULL;
    uint8_t device_key[32];
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_LIST, .to = &words},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &out, .optional = true},
        {.name = "--device",
         .kind = ISSUE_HEX,
         .to = device_key,
         .max = 32,
         .optional = true},
    };

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return tool_usage(argv[0], NULL);
    }
    bool makes = strcmp(words.item[0], "make") == 0;

    if (!makes && strcmp(words.item[0], "check") != 0) {
        return wrong(argv, "it is make or check");
    }
    if (makes ? words.count != 2 : words.count < 2) {
        return wrong(argv, makes ? "make takes one cabinet.ini"
                                 : "check takes files of anchors");
    }
    if (makes != (out != NULL) || makes == args[2].seen) {
        return wrong(argv, makes ? "make takes -o, and no --device"
                                 : "check takes --device, and no -o");
    }
    return makes ? anchor_make(words.item[1], out)
                 : anchor_check(&words, device_key);
}

/* ---- Receipts ------------------------------------------------------------ */

/* For the last anchor of the file. */
static int receipt_make(const char *path, const uint8_t device_key[32],
                        const char *key_path, const char *out)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_receipt receipt = {.issued_at = (uint64_t)time(NULL)};
    struct lockbus_anchor anchor;
    struct lockbus_key_file key;
    struct anchors anchors;
    uint8_t bytes[LOCKBUS_RECEIPT_LEN];

    if (!anchors_read(&anchors, path)) {
        return TOOL_FAILED;
    }
    enum lockbus_err err =
        lockbus_anchor_verify(&anchor, anchors_at(&anchors, anchors.count - 1),
                              LOCKBUS_ANCHOR_LEN, device_key, &why);

    anchors_free(&anchors);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    if (!issue_key(&key, key_path, "archive", true)) {
        return TOOL_FAILED;
    }
    memcpy(receipt.cabinet_id, anchor.cabinet_id, sizeof receipt.cabinet_id);
    receipt.block = anchor.block;
    memcpy(receipt.digest, anchor.digest, sizeof receipt.digest);
    err = lockbus_issue_receipt(bytes, &receipt, &key.signer, &why);
    lockbus_signer_wipe(&key.signer);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    return issue_write_or_print(out, bytes, sizeof bytes) ? TOOL_OK
                                                          : TOOL_FAILED;
}

struct giving {
    uint32_t ticket;
    enum lockbus_event_kind end;
};

static bool until_end(void *user, const struct lockbus_event *event)
{
    struct giving *giving = user;

    if (event->ticket != giving->ticket &&
        event->kind != LOCKBUS_EVENT_ROLLED_BACK &&
        event->kind != LOCKBUS_EVENT_FORKED) {
        return false;
    }
    host_print(event);
    if (event->ticket != giving->ticket || !lockbus_event_ends(event)) {
        return false;
    }
    giving->end = event->kind;
    return true;
}

static int receipt_give(const char *config, const char *path)
{
    struct lockbus_cabinet *cab = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct giving giving = {0};
    uint8_t receipt[LOCKBUS_RECEIPT_LEN];
    size_t len = 0;

    if (!host_read(path, receipt, sizeof receipt, &len)) {
        return TOOL_FAILED;
    }
    enum lockbus_err err = lockbus_cabinet_open(&cab, config, NULL, &why);

    if (err == LOCKBUS_OK) {
        host_catch_signals();
        host_settle(cab);
        err = lockbus_acknowledge(cab, receipt, len, &giving.ticket, &why);
    }
    if (err == LOCKBUS_OK) {
        (void)host_run(cab, WAIT_MS, until_end, &giving);
    }
    lockbus_cabinet_close(&cab);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    return giving.end == LOCKBUS_EVENT_DONE ? TOOL_OK : TOOL_FAILED;
}

int cmd_receipt(int argc, char **argv)
{
    struct issue_list words = {.count = 0};
    const char *out = NULL, *key_path = NULL;
    uint8_t device_key[32];
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_LIST, .to = &words},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &out, .optional = true},
        {.name = "--sign",
         .kind = ISSUE_TEXT,
         .to = &key_path,
         .optional = true},
        {.name = "--device",
         .kind = ISSUE_HEX,
         .to = device_key,
         .max = 32,
         .optional = true},
    };

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return tool_usage(argv[0], NULL);
    }
    bool makes = strcmp(words.item[0], "make") == 0;

    if (!makes && strcmp(words.item[0], "give") != 0) {
        return wrong(argv, "it is make or give");
    }
    if (words.count != (makes ? 2 : 3)) {
        return wrong(argv, makes ? "make takes one file of anchors"
                                 : "give takes cabinet.ini and a receipt");
    }
    bool all = out != NULL && key_path != NULL && args[3].seen;
    bool none = out == NULL && key_path == NULL && !args[3].seen;

    if (makes ? !all : !none) {
        return wrong(argv, makes ? "make takes --device, --sign and -o"
                                 : "give takes no option");
    }
    return makes ? receipt_make(words.item[1], device_key, key_path, out)
                 : receipt_give(words.item[1], words.item[2]);
}
