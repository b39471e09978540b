/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The manifest's text. Every value must be there once and in range: what a
 * manifest says rules every cabinet, so nothing has a default. inih tells its
 * handler no line numbers, so the reader that feeds it counts; it also
 * refuses what inih would quietly cut or join.
 */

#include "manifest_text.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "os/os.h"
#include "signer.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

enum { FILE_LEN_MAX = 32 * 1024 };

struct field {
    const char *section, *name;
    uint8_t offset, size; /* in the manifest; size 16: hexadecimal */
    uint64_t min, max;
};

/* clang-format off */
static const struct field fields[] = {
    {"manifest", "operator_id",         8, 16, 0, 0},
    {"manifest", "number",             24,  4, 1, UINT32_MAX},
    {"manifest", "epoch",              28,  4, 0, UINT32_MAX},
    {"manifest", "issued_at",          32,  8, 1, LB_ISSUE_TIME_END - 1},
    {"manifest", "threshold",           6,  1, 2, LB_ISSUE_SIGNERS},
    {"limits",   "max_open_occupied",  40,  1, 1, UINT8_MAX},
    {"limits",   "max_open_vacant",    41,  1, 1, UINT8_MAX},
    {"limits",   "interlock_hold_s",   42,  2, 1, UINT16_MAX},
    {"limits",   "burst",              44,  1, 1, UINT8_MAX},
    {"limits",   "per_hour",           45,  1, 1, UINT8_MAX},
    {"limits",   "return_burst",       46,  1, 0, UINT8_MAX},
    {"limits",   "return_per_hour",    47,  1, 0, UINT8_MAX},
    {"limits",   "service_burst",      48,  1, 1, UINT8_MAX},
    {"limits",   "service_per_hour",   49,  1, 1, UINT8_MAX},
    {"limits",   "code_tries",         50,  1, 0, 16},
    {"limits",   "code_tries_per_hour", 51, 1, 0, UINT8_MAX},
    {"limits",   "reopen_window_s",    52,  2, 1, 900},
    {"limits",   "ajar_after_s",       54,  2, 1, UINT16_MAX},
    {"limits",   "max_grant_hours",    56,  2, 1, UINT16_MAX},
    {"limits",   "challenge_ttl_s",    58,  2, 1, UINT16_MAX},
    {"limits",   "service_ttl_s",      60,  2, 1, UINT16_MAX},
    /* a code has 32 characters of 5 bits at most */
    {"limits",   "code_min_bits",      62,  1, 19, 160},
};

/* clang-format on */

_Static_assert(sizeof fields / sizeof fields[0] == LB_MANIFEST_FIELDS,
               "each field is seen once");

/* The first thing that is wrong is the one that is told. */
bool lb_manifest_text_bad(struct lb_manifest_text *t, const char *field,
                          const char *text)
{
    if (!t->failed) {
        t->failed = true;
        (void)lb_issue_refuse(&t->why, field, text);
        t->why.err = LOCKBUS_ERR_CONFIG;
        t->why.line = t->line;
        (void)snprintf(t->why.file, sizeof t->why.file, "%s", t->path);
    }
    return false;
}

/* Decimal digits only: no sign, no blank, no 0x; at most `max`. */
bool lb_manifest_text_number(uint64_t *out, const char *text, uint64_t max)
{
    uint64_t value = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > max / 10) {
            return false;
        }
        value = value * 10 + (uint64_t)(*text - '0');
    }
    if (value > max) {
        return false;
    }
    *out = value;
    return true;
}

static bool set_field(struct lb_manifest_text *t, size_t index,
                      const char *value)
{
    const struct field *field = &fields[index];
    uint8_t *to = t->body->bytes + field->offset;
    uint64_t n = 0;

    if (t->seen[index]) {
        return lb_manifest_text_bad(t, field->name, "it is given twice");
    }
    t->seen[index] = true;
    if (field->size == 16) {
        return lb_unhex(to, 16, value, strlen(value)) ||
               lb_manifest_text_bad(t, field->name, "32 hexadecimal digits");
    }
    if (!lb_manifest_text_number(&n, value, field->max) || n < field->min) {
        char text[96];

        (void)snprintf(text, sizeof text, "a number from %llu to %llu",
                       (unsigned long long)field->min,
                       (unsigned long long)field->max);
        return lb_manifest_text_bad(t, field->name, text);
    }
    for (size_t i = 0; i < field->size; i++) {
        to[i] = (uint8_t)(n >> (8 * i));
    }
    return true;
}

static int handle(void *user, const char *section, const char *name,
                  const char *value)
{
    struct lb_manifest_text *t = user;

    if (t->failed) {
        return 0;
    }
    if (strcmp(section, "keys") == 0) {
        return lb_manifest_text_key(t, name, value);
    }
    for (size_t i = 0; i < LB_MANIFEST_FIELDS; i++) {
        if (strcmp(fields[i].section, section) == 0 &&
            strcmp(fields[i].name, name) == 0) {
            return set_field(t, i, value);
        }
    }
    return lb_manifest_text_bad(t, name, "there is no such value");
}

/* What inih would cut, join with the line before or pass over in silence. */
static void check_line(struct lb_manifest_text *t, const char *line, size_t len)
{
    static const char *const sections[] = {"[manifest]", "[limits]", "[keys]"};

    if (len > LB_MANIFEST_LINE_MAX || memchr(line, '\0', len) != NULL) {
        lb_manifest_text_bad(
            t, "line", "a line has 190 characters at most and no zero byte");
    } else if (len >= 3 && lb_same(line, "\xEF\xBB\xBF", 3)) {
        lb_manifest_text_bad(t, "line",
                             "the file begins with a byte-order mark");
    } else if (len > 0 && (line[0] == ' ' || line[0] == '\t')) {
        lb_manifest_text_bad(t, "line", "a line begins without a blank");
    } else if (len > 0 && line[0] == '[') {
        for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
            if (len == strlen(sections[i]) && lb_same(line, sections[i], len)) {
                return;
            }
        }
        lb_manifest_text_bad(t, "section",
                             "sections are manifest, limits and keys");
    }
}

static char *next_line(char *out, int cap, void *user)
{
    struct lb_manifest_text *t = user;

    if (t->failed || t->at == t->end) {
        return NULL;
    }

    size_t left = (size_t)(t->end - t->at);
    const char *newline = memchr(t->at, '\n', left);
    size_t len = newline != NULL ? (size_t)(newline - t->at) : left;

    const char *line = t->at;

    t->line++;
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    check_line(t, line, len);
    if (t->failed || len + 1 > (size_t)cap) {
        return NULL;
    }
    memcpy(out, line, len);
    out[len] = '\0';
    t->at = newline != NULL ? newline + 1 : t->end;
    return out;
}

/* What only the whole can show: everything is there, rule M4's counts. */
static bool check_whole(struct lb_manifest_text *t)
{
    unsigned count[LOCKBUS_ROLE_ARCHIVE + 1] = {0};
    const uint8_t *entry = t->body->bytes + LB_MANIFEST_HEAD;

    t->line = 0;
    for (size_t i = 0; i < LB_MANIFEST_FIELDS; i++) {
        if (!t->seen[i]) {
            return lb_manifest_text_bad(t, fields[i].name, "it is missing");
        }
    }
    for (size_t i = 0; i < t->keys; i++, entry += LB_MANIFEST_ENTRY) {
        count[entry[0]]++;
    }
    if (count[LOCKBUS_ROLE_OPERATIONS] == 0) {
        return lb_manifest_text_bad(t, "keys", "no operations key");
    }
    if (count[LOCKBUS_ROLE_SECURITY] == 0) {
        return lb_manifest_text_bad(t, "keys", "no security key");
    }
    if (t->body->bytes[LB_MANIFEST_THRESHOLD] > count[LOCKBUS_ROLE_ROOT]) {
        return lb_manifest_text_bad(t, "threshold", "there are fewer roots");
    }
    return true;
}

static enum lockbus_err parse(struct lb_manifest_text *t)
{
    int syntax = ini_parse_stream(next_line, t, handle, t);

    if (!t->failed && syntax > 0) {
        t->line = (unsigned)syntax;
        lb_manifest_text_bad(t, "line", "it is no NAME = VALUE");
    }
    if (!t->failed && check_whole(t)) {
        t->body->bytes[LB_MANIFEST_COUNT] = (uint8_t)t->keys;
        t->body->len = LB_MANIFEST_HEAD + t->keys * LB_MANIFEST_ENTRY;
    }
    return t->failed ? LOCKBUS_ERR_CONFIG : LOCKBUS_OK;
}

enum lockbus_err lb_manifest_text_read(struct lb_manifest_body *body,
                                       const char *path,
                                       struct lockbus_error *why)
{
    uint8_t bytes[FILE_LEN_MAX];
    struct lb_manifest_text t = {.path = path, .body = body};
    size_t len = 0;
    enum lockbus_err err =
        lb_file_read(path, bytes, sizeof bytes, &len, LB_FILE_ANY, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    memset(body, 0, sizeof *body);
    memcpy(body->bytes, "LBM1\1", 5);
    t.at = (const char *)bytes;
    t.end = t.at + len;
    err = parse(&t);
    if (err != LOCKBUS_OK && why != NULL) {
        *why = t.why;
    }
    return err;
}
