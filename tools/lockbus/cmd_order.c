/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus order: what two persons sign together: commissioning a cabinet,
 * opening, blocking, unblocking and clearing one door.
 */

#include "issue_args.h"

#include "os/os.h"

#include <lockbus/cabinet.h>

#include <stdio.h>
#include <string.h>

/* The hash that the order names, and what the manifest says. */
static bool read_manifest(const char *path, uint8_t hash[32],
                          struct lockbus_manifest_info *info)
{
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why = {0};
    size_t len = 0;

    if (lb_file_read(path, bytes, sizeof bytes, &len, LB_FILE_ANY, &why) !=
        LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    if (lockbus_manifest_read(info, bytes, len) != LOCKBUS_OK) {
        fprintf(stderr, "lockbus: %s: this is no manifest\n", path);
        return false;
    }
    lockbus_hash(hash, bytes, len);
    return true;
}

/* It is no error: the next manifest may have one. */
static void warn_of_region(const struct lockbus_manifest_info *info,
                           uint32_t region, const char *path)
{
    for (unsigned i = 0; i < info->key_count; i++) {
        const struct lockbus_manifest_key *key = &info->keys[i];

        if (key->role == LOCKBUS_ROLE_ISSUER && key->region_first <= region &&
            region <= key->region_last) {
            return;
        }
    }
    fprintf(stderr,
            "lockbus: warning: %s has no issuer for region %lu: nobody can "
            "grant a deposit there\n",
            path, (unsigned long)region);
}

/* A first order may take the first number of its epoch; an amendment's must
 * follow one that only its operator knows. */
static bool settle_number(struct lockbus_commission *order, bool given,
                          uint32_t epoch)
{
    if (!given && order->amendment) {
        fputs("lockbus order: --amend: --order-no says the next number\n",
              stderr);
        return false;
    }
    if (!given) {
        order->order_no = (uint64_t)epoch << 32 | 1;
    }
    if (order->order_no >> 32 != epoch) {
        fprintf(stderr, "lockbus order: --order-no: the epoch is %lu\n",
                (unsigned long)epoch);
        return false;
    }
    return true;
}

static int commission(int argc, char **argv)
{
    struct lockbus_commission order = {0};
    struct issue_list files = {0}, paths = {0};
    const char *out = NULL;
    uint64_t region = 0;
    struct issue_arg args[] = {
        {.name = "--order-no",
         .kind = ISSUE_STAY,
         .to = &order.order_no,
         .optional = true},
        {.name = "", .kind = ISSUE_LIST, .to = &files},
        {.name = "--cabinet",
         .kind = ISSUE_HEX,
         .to = order.cabinet_id,
         .max = 16},
        {.name = "--region",
         .kind = ISSUE_NUMBER,
         .to = &region,
         .max = UINT32_MAX},
        {.name = "--sign", .kind = ISSUE_LIST, .to = &paths},
        {.name = "--amend",
         .kind = ISSUE_FLAG,
         .to = &order.amendment,
         .optional = true},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &out},
    };
    struct lockbus_key_file keys[2];
    uint8_t bytes[LOCKBUS_COMMISSION_LEN];
    struct lockbus_error why = {0};
    struct lockbus_manifest_info info;
    enum lockbus_err err;

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0]) ||
        !issue_files(argv, &files, 2)) {
        return tool_usage("order", NULL);
    }
    order.region = (uint32_t)region;
    if (!read_manifest(files.item[1], order.manifest_hash, &info) ||
        !settle_number(&order, args[0].seen, info.epoch)) {
        return TOOL_FAILED;
    }
    warn_of_region(&info, order.region, files.item[1]);
    err =
        lockbus_config_check(files.item[0], order.map_hash, &order.doors, &why);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    if (!issue_two_keys(keys, &paths)) {
        return TOOL_FAILED;
    }
    err = lockbus_issue_commission(bytes, &order, &keys[0].signer,
                                   &keys[1].signer, &why);
    lockbus_signer_wipe(&keys[0].signer);
    lockbus_signer_wipe(&keys[1].signer);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    return issue_write(out, bytes, sizeof bytes, 0644) ? TOOL_OK : TOOL_FAILED;
}

static int sign_whole(const struct lockbus_order *order,
                      const struct issue_list *paths, const char *out)
{
    struct lockbus_key_file keys[2];
    uint8_t bytes[LOCKBUS_ORDER_LEN];
    struct lockbus_error why = {0};
    enum lockbus_err err;

    if (!issue_two_keys(keys, paths)) {
        return TOOL_FAILED;
    }
    err = lockbus_issue_order(bytes, order, &keys[0].signer, &keys[1].signer,
                              &why);
    lockbus_signer_wipe(&keys[0].signer);
    lockbus_signer_wipe(&keys[1].signer);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    return issue_write_or_print(out, bytes, sizeof bytes) ? TOOL_OK
                                                          : TOOL_FAILED;
}

/* One person's half: the other signs the same words on another machine. */
static int sign_half(const struct lockbus_order *order,
                     const struct issue_list *paths, const char *out)
{
    struct lockbus_key_file key;
    uint8_t bytes[LOCKBUS_ORDER_HALF_LEN];
    struct lockbus_error why = {0};
    enum lockbus_err err;

    if (paths->count != 1) {
        fputs("lockbus: --sign: one person makes a half\n", stderr);
        return TOOL_FAILED;
    }
    if (!issue_key(&key, paths->item[0], NULL, true)) {
        return TOOL_FAILED;
    }
    if (strcmp(key.role, "operations") != 0 &&
        strcmp(key.role, "security") != 0) {
        lockbus_signer_wipe(&key.signer);
        fputs("lockbus: --sign: an operations or a security key\n", stderr);
        return TOOL_FAILED;
    }
    err = lockbus_issue_order_half(bytes, order, &key.signer, &why);
    lockbus_signer_wipe(&key.signer);
    if (err != LOCKBUS_OK) {
        return tool_complain(&why);
    }
    return issue_write_or_print(out, bytes, sizeof bytes) ? TOOL_OK
                                                          : TOOL_FAILED;
}

static int door_order(int argc, char **argv, enum lockbus_service_action action)
{
    struct lockbus_order order = {.action = action};
    struct issue_list paths = {0};
    const char *out = NULL;
    uint64_t door = 0, reason = 0;
    bool half = false;
    struct issue_arg args[] = {
        {.name = "--cabinet",
         .kind = ISSUE_HEX,
         .to = order.cabinet_id,
         .max = 16},
        {.name = "--door", .kind = ISSUE_NUMBER, .to = &door, .max = 1023},
        {.name = "--challenge",
         .kind = ISSUE_HEX,
         .to = order.challenge,
         .max = 16},
        {.name = "--order-no", .kind = ISSUE_STAY, .to = &order.order_no},
        {.name = "--not-after",
         .kind = ISSUE_NUMBER,
         .to = &order.not_after,
         .max = UINT64_MAX},
        {.name = "--reason",
         .kind = ISSUE_NUMBER,
         .to = &reason,
         .max = UINT32_MAX},
        {.name = "--sign", .kind = ISSUE_LIST, .to = &paths},
        {.name = "--half", .kind = ISSUE_FLAG, .to = &half, .optional = true},
        {.name = "-o", .kind = ISSUE_TEXT, .to = &out},
    };

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return tool_usage("order", NULL);
    }
    order.door = (uint16_t)door;
    order.reason = (uint32_t)reason;
    return half ? sign_half(&order, &paths, out)
                : sign_whole(&order, &paths, out);
}

int cmd_order(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum lockbus_service_action action;
    } actions[] = {{"open", LOCKBUS_SERVICE_OPEN},
                   {"block", LOCKBUS_SERVICE_BLOCK},
                   {"unblock", LOCKBUS_SERVICE_UNBLOCK},
                   {"clear", LOCKBUS_SERVICE_CLEAR}};

    if (argc >= 2 && strcmp(argv[1], "commission") == 0) {
        return commission(argc - 1, argv + 1);
    }
    for (size_t i = 0; argc >= 2 && i < sizeof actions / sizeof actions[0];
         i++) {
        if (strcmp(argv[1], actions[i].name) == 0) {
            return door_order(argc - 1, argv + 1, actions[i].action);
        }
    }
    fprintf(stderr, "lockbus order: there is no order %s\n",
            argc >= 2 ? argv[1] : "of no name");
    return tool_usage(argv[0], NULL);
}
