/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef ISSUE_ARGS_H
#define ISSUE_ARGS_H

/*
 * What the commands of the issuing side share: options told in a table and
 * read strictly (each once, none unknown, none missing), keys of the role
 * that is due, files that are never overwritten.
 */

#include "tool.h"

#include <lockbus/issue.h>

enum issue_arg_kind {
    ISSUE_FLAG = 1, /* to: bool */
    ISSUE_TEXT,     /* to: const char * */
    ISSUE_NUMBER,   /* to: uint64_t, at most `max` */
    ISSUE_STAY,     /* to: uint64_t: EPOCH:N, or one number with both */
    ISSUE_HEX,      /* to: `max` bytes */
    ISSUE_LIST      /* to: struct issue_list; may come again */
};

enum { ISSUE_LIST_MAX = 10 };

struct issue_list {
    const char *item[ISSUE_LIST_MAX];
    size_t count;
};

struct issue_arg {
    const char *name; /* "--door"; "" are the words that are no option */
    enum issue_arg_kind kind;
    void *to;
    uint64_t max;
    bool optional;
    bool seen;
};

/* False when something is wrong, which was said on standard error. */
bool issue_args(int argc, char **argv, struct issue_arg *args, size_t count);

/* Whether exactly that many words that are no option were given; else it is
 * said. */
bool issue_files(char **argv, const struct issue_list *files, size_t count);

/* A key of this role, complaining when it has another; `secret` says which
 * half is wanted. Wipe the signer. */
bool issue_key(struct lockbus_key_file *key, const char *path, const char *role,
               bool secret);

/* One operations and one security key of `paths`, in any order. */
bool issue_two_keys(struct lockbus_key_file keys[2],
                    const struct issue_list *paths);

/* A new file, or for "-" a line of hexadecimal digits on standard output. */
bool issue_write_or_print(const char *path, const uint8_t *bytes, size_t len);

/* A new file; complains. */
bool issue_write(const char *path, const uint8_t *bytes, size_t len,
                 unsigned mode);

#endif
