/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The lines of [keys]: NAME = ROLE KEY [region=A-B] [from_epoch=N]. A role
 * that binds a region must say which, and no other may.
 */

#include "manifest_text.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "signer.h"

#include <stdio.h>
#include <string.h>

enum { PATH_LEN = 400, WORDS_MAX = 4 };

/* clang-format off */
static const char *const roles[] = {
    [LOCKBUS_ROLE_ROOT] = "root",
    [LOCKBUS_ROLE_ISSUER] = "issuer",
    [LOCKBUS_ROLE_OPERATIONS] = "operations",
    [LOCKBUS_ROLE_SECURITY] = "security",
    [LOCKBUS_ROLE_DISTRUSTED] = "distrusted",
    [LOCKBUS_ROLE_ARCHIVE] = "archive",
};
/* clang-format on */

enum { ROLE_COUNT = sizeof roles / sizeof roles[0] };

/* One line of [keys], taken apart. */
struct key_line {
    uint8_t role;
    uint8_t key[32];
    bool has_region, has_epoch;
    uint32_t first, last, from_epoch;
};

/* file:PATH, relative to the folder of the text. */
static bool key_of_file(struct lb_manifest_text *t, const char *name,
                        const char *path, struct key_line *line)
{
    const char *slash = strrchr(t->path, '/');
    int folder =
        path[0] == '/' || slash == NULL ? 0 : (int)(slash + 1 - t->path);
    char full[PATH_LEN];
    struct lockbus_key_file key;
    struct lockbus_error why = {0};
    bool issuer;

    if (snprintf(full, sizeof full, "%.*s%s", folder, t->path, path) >=
        (int)sizeof full) {
        return lb_manifest_text_bad(t, name, "the path is too long");
    }
    if (lockbus_key_load_public(full, &key, &why) != LOCKBUS_OK) {
        return lb_manifest_text_bad(
            t, name, why.text[0] != '\0' ? why.text : "no such file");
    }
    if (key.secret) {
        return lb_manifest_text_bad(t, name,
                                    "this is a secret key; name its .pub file");
    }
    issuer = strcmp(key.role, "issuer") == 0;
    if (strcmp(key.role, roles[line->role]) != 0 &&
        !(issuer && line->role == LOCKBUS_ROLE_DISTRUSTED)) {
        return lb_manifest_text_bad(t, name, "the key file says another role");
    }
    memcpy(line->key, key.signer.public_key, 32);
    if (line->role == LOCKBUS_ROLE_ISSUER) {
        if (line->has_region && (line->first != key.region_first ||
                                 line->last != key.region_last)) {
            return lb_manifest_text_bad(t, name,
                                        "the key file says another region");
        }
        line->has_region = true;
        line->first = key.region_first;
        line->last = key.region_last;
    }
    return true;
}

static bool option(struct lb_manifest_text *t, const char *name, char *word,
                   struct key_line *line)
{
    uint64_t first = 0, last = 0;
    char *dash = strchr(word, '-');

    if (strncmp(word, "from_epoch=", 11) == 0 && !line->has_epoch) {
        line->has_epoch = true;
        if (!lb_manifest_text_number(&first, word + 11, UINT32_MAX)) {
            return lb_manifest_text_bad(t, name, "from_epoch is a number");
        }
        line->from_epoch = (uint32_t)first;
        return true;
    }
    if (strncmp(word, "region=", 7) != 0 || line->has_region || dash == NULL) {
        return lb_manifest_text_bad(
            t, name, "after the key only region=A-B or from_epoch=N");
    }
    *dash = '\0';
    if (!lb_manifest_text_number(&first, word + 7, UINT32_MAX) ||
        !lb_manifest_text_number(&last, dash + 1, UINT32_MAX) || first > last) {
        return lb_manifest_text_bad(t, name,
                                    "region=A-B: two numbers, the lower first");
    }
    line->has_region = true;
    line->first = (uint32_t)first;
    line->last = (uint32_t)last;
    return true;
}

/* Which options a role must and may have. */
static bool check_options(struct lb_manifest_text *t, const char *name,
                          struct key_line *line)
{
    if ((line->role == LOCKBUS_ROLE_ISSUER) != line->has_region) {
        return lb_manifest_text_bad(t, name,
                                    "an issuer, and no other, has region=A-B");
    }
    if ((line->role == LOCKBUS_ROLE_DISTRUSTED) != line->has_epoch) {
        return lb_manifest_text_bad(
            t, name, "a distrusted issuer, no other, has from_epoch=N");
    }
    if (!line->has_region) {
        line->first = 0;
        line->last = UINT32_MAX;
    }
    return true;
}

/* Cuts a value at its blanks; 0 when there are too many words. */
static size_t split(char *value, char *words[WORDS_MAX])
{
    size_t count = 0;
    char *state = NULL;

    for (char *word = strtok_r(value, " \t", &state); word != NULL;
         word = strtok_r(NULL, " \t", &state)) {
        if (count == WORDS_MAX) {
            return 0;
        }
        words[count++] = word;
    }
    return count;
}

static bool parse_key(struct lb_manifest_text *t, const char *name,
                      const char *value, struct key_line *line)
{
    char copy[LB_MANIFEST_LINE_MAX + 1], *words[WORDS_MAX];
    size_t count;

    (void)snprintf(copy, sizeof copy, "%s", value);
    count = split(copy, words);
    if (count < 2) {
        return lb_manifest_text_bad(
            t, name, "NAME = ROLE KEY [region=A-B] [from_epoch=N]");
    }
    while (line->role < ROLE_COUNT &&
           (roles[line->role] == NULL ||
            strcmp(roles[line->role], words[0]) != 0)) {
        line->role++;
    }
    if (line->role == ROLE_COUNT) {
        return lb_manifest_text_bad(t, name, "there is no such role");
    }
    for (size_t i = 2; i < count; i++) {
        if (!option(t, name, words[i], line)) {
            return false;
        }
    }
    if (strncmp(words[1], "file:", 5) == 0) {
        return key_of_file(t, name, words[1] + 5, line);
    }
    return lb_unhex(line->key, 32, words[1], strlen(words[1])) ||
           lb_manifest_text_bad(t, name,
                                "a key is 64 hexadecimal digits or file:PATH");
}

static bool unique(struct lb_manifest_text *t, const char *name,
                   const uint8_t key[32])
{
    for (size_t i = 0; i < t->keys; i++) {
        const uint8_t *entry =
            t->body->bytes + LB_MANIFEST_HEAD + i * LB_MANIFEST_ENTRY;

        if (strcmp(t->names[i], name) == 0) {
            return lb_manifest_text_bad(t, name, "it is given twice");
        }
        if (lb_same(entry + LB_MANIFEST_ENTRY_KEY, key, LB_ISSUE_KEY_ID)) {
            return lb_manifest_text_bad(t, name,
                                        "its key is in the manifest already");
        }
    }
    return true;
}

bool lb_manifest_text_key(struct lb_manifest_text *t, const char *name,
                          const char *value)
{
    struct key_line line = {0};
    uint8_t *entry;

    if (t->keys == LB_MANIFEST_ENTRIES) {
        return lb_manifest_text_bad(t, name, "a manifest has 16 keys at most");
    }
    if (strlen(name) >= LB_MANIFEST_NAME) {
        return lb_manifest_text_bad(t, "keys",
                                    "a key's name has 31 characters at most");
    }
    if (!parse_key(t, name, value, &line) || !check_options(t, name, &line) ||
        !unique(t, name, line.key)) {
        return false;
    }
    if (!lb_crypto_point_ok(line.key)) {
        return lb_manifest_text_bad(t, name, "this is no proper public key");
    }
    entry = t->body->bytes + LB_MANIFEST_HEAD + t->keys * LB_MANIFEST_ENTRY;
    entry[0] = line.role;
    lb_put_u32(entry + 4, line.from_epoch);
    lb_put_u32(entry + 8, line.first);
    lb_put_u32(entry + 12, line.last);
    memcpy(entry + LB_MANIFEST_ENTRY_KEY, line.key, 32);
    (void)snprintf(t->names[t->keys], LB_MANIFEST_NAME, "%s", name);
    t->keys++;
    return true;
}
