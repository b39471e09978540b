/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Key files, one line of text each: short enough to be printed, locked away
 * and typed again. There is one spelling for each key; anything else is
 * refused.
 */

#include <lockbus/issue.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "os/os.h"
#include "signer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 160, HEX_LEN = 64 };

static const char secret_head[] = "lockbus-key-v1 ";
static const char public_head[] = "lockbus-pub-v1 ";

static bool role_ok(const char *role)
{
    static const char *const roles[] = {"root",     "issuer",  "operations",
                                        "security", "archive", "courier",
                                        "release",  "return"};

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(roles[i], role) == 0) {
            return true;
        }
    }
    return false;
}

/* Regions bind issuers; every other key says "all" so that nobody believes
 * that it is bound. */
static bool regions_ok(const struct lockbus_key_file *key)
{
    if (strcmp(key->role, "issuer") == 0) {
        return key->region_first <= key->region_last;
    }
    return key->region_first == 0 && key->region_last == UINT32_MAX;
}

static enum lockbus_err malformed(struct lockbus_error *why, const char *path,
                                  const char *field, const char *text)
{
    (void)lb_issue_refuse(why, field, text);
    if (why != NULL) {
        why->err = LOCKBUS_ERR_CONFIG;
        why->line = 1;
        (void)snprintf(why->file, sizeof why->file, "%s", path);
    }
    return LOCKBUS_ERR_CONFIG;
}

/* The line that stands for a key; its length, 0 when it has none. */
static size_t spell(char line[LINE_MAX_LEN], const struct lockbus_key_file *key)
{
    char hex[HEX_LEN + 1];
    int len;

    lb_hex(hex, key->secret ? key->signer.seed : key->signer.public_key, 32);
    len = snprintf(line, LINE_MAX_LEN, "%s%s %" PRIu32 " %" PRIu32 " %s\n",
                   key->secret ? secret_head : public_head, key->role,
                   key->region_first, key->region_last, hex);
    lb_crypto_wipe(hex, sizeof hex);
    return len > 0 && len < LINE_MAX_LEN ? (size_t)len : 0;
}

static enum lockbus_err check_key(const struct lockbus_key_file *key,
                                  struct lockbus_error *why)
{
    uint8_t derived[32];

    if (memchr(key->role, 0, sizeof key->role) == NULL || !role_ok(key->role)) {
        return lb_issue_refuse(why, "role", "there is no such role");
    }
    if (!regions_ok(key)) {
        return lb_issue_refuse(why, "region",
                               "an issuer has first to last, others have all");
    }
    if (!key->secret) {
        return lb_crypto_point_ok(key->signer.public_key)
                   ? LOCKBUS_OK
                   : lb_issue_refuse(why, "key", "no proper public key");
    }
    lb_crypto_public(derived, key->signer.seed);
    if (!lb_same(derived, key->signer.public_key, sizeof derived)) {
        return lb_issue_refuse(why, "key", "seed and public key do not fit");
    }
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_key_save(const char *path,
                                  const struct lockbus_key_file *key,
                                  struct lockbus_error *why)
{
    char line[LINE_MAX_LEN];
    enum lockbus_err err;
    size_t len;

    if (path == NULL || key == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if (!lb_crypto_init()) {
        return lb_issue_no_random(why);
    }
    if ((err = check_key(key, why)) != LOCKBUS_OK) {
        return err;
    }
    len = spell(line, key);
    err = lb_file_write(path, (const uint8_t *)line, len,
                        key->secret ? 0600 : 0644, why);
    lb_crypto_wipe(line, sizeof line);
    return err;
}

/* The words of a line. What is taken loosely here, spelling the key again
 * finds out. */
static bool split(struct lockbus_key_file *key, const char *at,
                  char hex[HEX_LEN + 1])
{
    size_t role_len = strcspn(at, " ");
    char *end;

    if (role_len == 0 || role_len >= sizeof key->role) {
        return false;
    }
    memcpy(key->role, at, role_len);
    key->region_first = (uint32_t)strtoull(at + role_len, &end, 10);
    key->region_last = (uint32_t)strtoull(end, &end, 10);
    if (*end != ' ' || strlen(end + 1) < HEX_LEN) {
        return false;
    }
    memcpy(hex, end + 1, HEX_LEN);
    hex[HEX_LEN] = '\0';
    return true;
}

/* Takes a line apart, then demands that it is the very line that the key it
 * names would be saved as: so there is one spelling and no more. */
static bool parse(struct lockbus_key_file *key, const char *line, size_t len)
{
    char again[LINE_MAX_LEN] = "";
    char hex[HEX_LEN + 1] = "";
    uint8_t bytes[32] = {0};
    bool ok;

    memset(key, 0, sizeof *key);
    key->secret = strncmp(line, secret_head, sizeof secret_head - 1) == 0;
    ok = split(key, line + sizeof secret_head - 1, hex) &&
         lb_unhex(bytes, sizeof bytes, hex, HEX_LEN);
    if (ok && key->secret) {
        ok = lockbus_signer_from_seed(&key->signer, bytes) == LOCKBUS_OK;
    } else if (ok) {
        memcpy(key->signer.public_key, bytes, sizeof bytes);
    }
    ok = ok && spell(again, key) == len &&
         lb_crypto_same((const uint8_t *)again, (const uint8_t *)line, len);
    lb_crypto_wipe(again, sizeof again);
    lb_crypto_wipe(hex, sizeof hex);
    lb_crypto_wipe(bytes, sizeof bytes);
    return ok;
}

/* What a file says it is decides whether others may read it, so a secret is
 * read twice: once to see that it is one, then with that demand. */
static enum lockbus_err read_line(char line[LINE_MAX_LEN], size_t *len,
                                  const char *path, struct lockbus_error *why)
{
    uint8_t *bytes = (uint8_t *)line;
    enum lockbus_err err =
        lb_file_read(path, bytes, LINE_MAX_LEN - 1, len, LB_FILE_ANY, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    line[*len] = '\0';
    if (strncmp(line, secret_head, sizeof secret_head - 1) == 0) {
        err = lb_file_read(path, bytes, LINE_MAX_LEN - 1, len, LB_FILE_PRIVATE,
                           why);
        if (err != LOCKBUS_OK) {
            return err;
        }
        line[*len] = '\0';
    }
    if (strncmp(line, secret_head, sizeof secret_head - 1) != 0 &&
        strncmp(line, public_head, sizeof public_head - 1) != 0) {
        return malformed(why, path, "form", "this is no key file");
    }
    return LOCKBUS_OK;
}

static enum lockbus_err load(const char *path, struct lockbus_key_file *key,
                             struct lockbus_error *why)
{
    struct lockbus_key_file read = {0};
    char line[LINE_MAX_LEN] = "";
    size_t len = 0;
    enum lockbus_err err;

    if (path == NULL || key == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    if (!lb_crypto_init()) {
        return lb_issue_no_random(why);
    }
    if ((err = read_line(line, &len, path, why)) != LOCKBUS_OK) {
        goto out;
    }
    if (!parse(&read, line, len)) {
        err = malformed(why, path, "form",
                        "a key file is one line: kind, role, regions, key");
        goto out;
    }
    if (check_key(&read, why) != LOCKBUS_OK) {
        char field[32] = "key", text[160] = "";

        if (why != NULL) {
            memcpy(field, why->field, sizeof field);
            memcpy(text, why->text, sizeof text);
        }
        err = malformed(why, path, field, text);
        goto out;
    }
    *key = read;
out:
    lb_crypto_wipe(line, sizeof line);
    lb_crypto_wipe(&read, sizeof read);
    return err;
}

enum lockbus_err lockbus_key_load(const char *path,
                                  struct lockbus_key_file *key,
                                  struct lockbus_error *why)
{
    struct lockbus_key_file read = {.secret = false};
    enum lockbus_err err = load(path, key != NULL ? &read : NULL, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (!read.secret) {
        return malformed(why, path, "secret",
                         "this is a public key; the secret one is needed");
    }
    *key = read;
    lb_crypto_wipe(&read, sizeof read);
    return LOCKBUS_OK;
}

enum lockbus_err lockbus_key_load_public(const char *path,
                                         struct lockbus_key_file *key,
                                         struct lockbus_error *why)
{
    enum lockbus_err err = load(path, key, why);

    if (err == LOCKBUS_OK) {
        lockbus_signer_wipe(&key->signer);
    }
    return err;
}

enum lockbus_err lockbus_escrow_save(const char *path,
                                     const uint8_t root_key[32],
                                     struct lockbus_error *why)
{
    char text[HEX_LEN + 2];

    if (path == NULL || root_key == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    lb_hex(text, root_key, 32);
    text[HEX_LEN] = '\n';
    enum lockbus_err err =
        lb_file_write(path, (const uint8_t *)text, HEX_LEN + 1, 0600, why);

    lb_crypto_wipe(text, sizeof text);
    return err;
}

enum lockbus_err lockbus_escrow_load(const char *path, uint8_t root_key[32],
                                     struct lockbus_error *why)
{
    uint8_t text[HEX_LEN + 1];
    uint8_t key[32];
    size_t len = 0;

    if (path == NULL || root_key == NULL) {
        return lb_issue_refuse(why, "argument", "a pointer is null");
    }
    enum lockbus_err err =
        lb_file_read(path, text, sizeof text, &len, LB_FILE_PRIVATE, why);

    if (err == LOCKBUS_OK &&
        (len < HEX_LEN || (len > HEX_LEN && text[HEX_LEN] != '\n') ||
         !lb_unhex(key, sizeof key, (const char *)text, HEX_LEN))) {
        err = malformed(why, path, "form",
                        "an escrow file is 64 hexadecimal digits, one line");
    }
    if (err == LOCKBUS_OK) {
        memcpy(root_key, key, sizeof key);
    }
    lb_crypto_wipe(text, sizeof text);
    lb_crypto_wipe(key, sizeof key);
    return err;
}
