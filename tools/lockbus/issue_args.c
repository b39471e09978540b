/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "issue_args.h"

#include "base/bytes.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>

static bool say(const char *command, const char *name, const char *text)
{
    fprintf(stderr, "lockbus %s: %s: %s\n", command, name, text);
    return false;
}

static bool decimal(uint64_t *out, const char *text, size_t len, uint64_t max)
{
    uint64_t value = 0;

    if (len == 0) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');

        if (text[i] < '0' || text[i] > '9' || value > max / 10 ||
            digit > max - value * 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

/* Stays and order numbers hold their epoch in the high half. People write
 * EPOCH:N; a number that has no high half is one whose epoch was forgotten,
 * and no cabinet would take it. */
static bool epoch_number(uint64_t *out, const char *text)
{
    const char *colon = strchr(text, ':');
    uint64_t epoch = 0, low = 0;

    if (colon == NULL) {
        return decimal(out, text, strlen(text), UINT64_MAX) &&
               *out > UINT32_MAX;
    }
    if (!decimal(&epoch, text, (size_t)(colon - text), UINT32_MAX) ||
        !decimal(&low, colon + 1, strlen(colon + 1), UINT32_MAX)) {
        return false;
    }
    *out = epoch << 32 | low;
    return true;
}

static bool set(struct issue_arg *arg, const char *value)
{
    const char **text = arg->to;
    struct issue_list *list = arg->to;

    switch (arg->kind) {
    case ISSUE_TEXT:
        *text = value;
        return value[0] != '\0';
    case ISSUE_NUMBER:
        return decimal(arg->to, value, strlen(value), arg->max);
    case ISSUE_STAY:
        return epoch_number(arg->to, value);
    case ISSUE_HEX:
        return lb_unhex(arg->to, (size_t)arg->max, value, strlen(value));
    case ISSUE_LIST:
        if (list->count == ISSUE_LIST_MAX) {
            return false;
        }
        list->item[list->count++] = value;
        return true;
    case ISSUE_FLAG:
        break;
    }
    return false;
}

static const char *form(const struct issue_arg *arg, char text[64])
{
    if (arg->kind == ISSUE_HEX) {
        (void)snprintf(text, 64, "takes %u hexadecimal digits",
                       (unsigned)arg->max * 2);
    } else if (arg->kind == ISSUE_NUMBER) {
        (void)snprintf(text, 64, "takes a number, at most %llu",
                       (unsigned long long)arg->max);
    } else if (arg->kind == ISSUE_STAY) {
        return "takes EPOCH:N, the epoch being the manifest's";
    } else {
        return "is empty, or there are too many";
    }
    return text;
}

static struct issue_arg *find(struct issue_arg *args, size_t count,
                              const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(args[i].name, name) == 0) {
            return &args[i];
        }
    }
    return NULL;
}

/* Takes argv[*at] and what belongs to it. */
static bool take(int argc, char **argv, int *at, struct issue_arg *arg)
{
    const char *value = argv[*at];
    char text[64];

    if (arg->seen && arg->kind != ISSUE_LIST) {
        return say(argv[0], arg->name, "is given twice");
    }
    arg->seen = true;
    if (arg->kind == ISSUE_FLAG) {
        *(bool *)arg->to = true;
        return true;
    }
    if (arg->name[0] != '\0') {
        if (++*at == argc) {
            return say(argv[0], arg->name, "has no value");
        }
        value = argv[*at];
    }
    return set(arg, value) || say(argv[0], arg->name, form(arg, text));
}

bool issue_args(int argc, char **argv, struct issue_arg *args, size_t count)
{
    for (int i = 1; i < argc; i++) {
        struct issue_arg *arg =
            find(args, count, argv[i][0] == '-' ? argv[i] : "");

        if (arg == NULL) {
            return say(argv[0], argv[i], "is not known here");
        }
        if (!take(argc, argv, &i, arg)) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!args[i].seen && !args[i].optional) {
            return say(argv[0], args[i].name[0] != '\0' ? args[i].name : "file",
                       "is missing");
        }
    }
    return true;
}

bool issue_files(char **argv, const struct issue_list *files, size_t count)
{
    if (files->count > count) {
        return say(argv[0], files->item[count], "is one word too many");
    }
    return files->count == count || say(argv[0], "file", "is missing");
}

bool issue_key(struct lockbus_key_file *key, const char *path, const char *role,
               bool secret)
{
    struct lockbus_error why = {0};
    const char *text = NULL;

    if ((secret ? lockbus_key_load(path, key, &why)
                : lockbus_key_load_public(path, key, &why)) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    if (key->secret != secret) {
        text = "this is a secret key; give its .pub file";
    } else if (role != NULL && strcmp(role, key->role) != 0) {
        text = "this is a key of another role";
    }
    if (text != NULL) {
        fprintf(stderr, "lockbus: %s: %s (%s%s)\n", path, text,
                secret ? "" : "public, ", role != NULL ? role : "any role");
        lockbus_signer_wipe(&key->signer);
        return false;
    }
    return true;
}

bool issue_two_keys(struct lockbus_key_file keys[2],
                    const struct issue_list *paths)
{
    if (paths->count != 2) {
        fputs("lockbus: --sign: two persons sign: operations and security\n",
              stderr);
        return false;
    }
    if (!issue_key(&keys[0], paths->item[0], NULL, true)) {
        return false;
    }
    if (!issue_key(&keys[1], paths->item[1], NULL, true)) {
        lockbus_signer_wipe(&keys[0].signer);
        return false;
    }
    if ((strcmp(keys[0].role, "operations") == 0 &&
         strcmp(keys[1].role, "security") == 0) ||
        (strcmp(keys[0].role, "security") == 0 &&
         strcmp(keys[1].role, "operations") == 0)) {
        return true;
    }
    lockbus_signer_wipe(&keys[0].signer);
    lockbus_signer_wipe(&keys[1].signer);
    fputs("lockbus: --sign: one operations and one security key\n", stderr);
    return false;
}

bool issue_write_or_print(const char *path, const uint8_t *bytes, size_t len)
{
    if (strcmp(path, "-") != 0) {
        return issue_write(path, bytes, len, 0644);
    }
    for (size_t i = 0; i < len; i++) {
        printf("%02x", bytes[i]);
    }
    putchar('\n');
    return fflush(stdout) == 0;
}

bool issue_write(const char *path, const uint8_t *bytes, size_t len,
                 unsigned mode)
{
    struct lockbus_error why = {0};

    if (lb_file_write(path, bytes, len, mode, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    return true;
}
