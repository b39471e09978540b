/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "board/inifile.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void put_text(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);

    if (len >= cap) {
        len = cap - 1; /* names in messages only */
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

static void explain(struct lockbus_error *why, const char *file, unsigned line,
                    const char *field)
{
    memset(why, 0, sizeof *why);
    why->err = LOCKBUS_ERR_CONFIG;
    why->line = line;
    put_text(why->file, sizeof why->file, file);
    put_text(why->field, sizeof why->field, field);
}

bool lb_ini_fail(struct lb_ini *ini, const char *field, const char *format, ...)
{
    va_list args;

    explain(ini->why, ini->file, ini->line, field);
    va_start(args, format);
    (void)vsnprintf(ini->why->text, sizeof ini->why->text, format, args);
    va_end(args);
    ini->failed = true;
    return false;
}

enum lockbus_err lb_config_fail(struct lockbus_error *why,
                                struct lb_place place, const char *field,
                                const char *format, ...)
{
    va_list args;

    explain(why, place.file, place.line, field);
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return LOCKBUS_ERR_CONFIG;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The length of [from, from + len) without blanks at its end. */
static size_t trimmed(const char *from, size_t len)
{
    while (len > 0 && blank(from[len - 1])) {
        len--;
    }
    return len;
}

static bool check_bytes(struct lb_ini *ini, const char *line, size_t len)
{
    if (len > LB_INI_LINE) {
        return lb_ini_fail(ini, "", "the line is longer than %d bytes",
                           LB_INI_LINE);
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)line[i];

        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return lb_ini_fail(ini, "", "the line holds the control byte %02x",
                               c);
        }
    }
    if (len >= 3 && strncmp(line, "\xEF\xBB\xBF", 3) == 0) {
        return lb_ini_fail(ini, "", "the file begins with a byte-order mark");
    }
    return true;
}

static bool in_section(const struct lb_ini_rule *rule, const char *section)
{
    size_t len = strlen(rule->section);

    if (rule->section[len - 1] == '*') {
        return strncmp(rule->section, section, len - 1) == 0 &&
               section[len - 1] != '\0';
    }
    return strcmp(rule->section, section) == 0;
}

static bool known_section(const struct lb_ini *ini)
{
    for (size_t i = 0; i < ini->handler->rule_count; i++) {
        if (in_section(&ini->handler->rules[i], ini->section)) {
            return true;
        }
    }
    return false;
}

bool lb_ini_has_section(const struct lb_ini *ini, const char *section)
{
    for (size_t i = 0; i < ini->seen_count; i++) {
        if (strcmp(ini->seen[i], section) == 0) {
            return true;
        }
    }
    return false;
}

static bool begin_section(struct lb_ini *ini, const char *line, size_t len)
{
    const char *end = memchr(line, ']', len);
    size_t name_len = end != NULL ? (size_t)(end - line) - 1 : 0;
    const char *rest = end != NULL ? end + 1 : line;
    size_t rest_len = end != NULL ? len - name_len - 2 : 0;

    if (end == NULL || name_len == 0 || name_len > LB_INI_NAME) {
        return lb_ini_fail(ini, "",
                           "a section is [NAME] with 1 to %d characters",
                           LB_INI_NAME);
    }
    while (rest_len > 0 && blank(*rest)) {
        rest++;
        rest_len--;
    }
    ini->section_line = ini->line;
    memcpy(ini->section, line + 1, name_len);
    ini->section[name_len] = '\0';
    if (rest_len > 0 && *rest != ';' && *rest != '#') {
        return lb_ini_fail(ini, ini->section,
                           "something follows the section's bracket");
    }
    if (lb_ini_has_section(ini, ini->section)) {
        return lb_ini_fail(ini, ini->section,
                           "the section stands here a second time");
    }
    if (ini->seen_count == LB_INI_SECTIONS) {
        return lb_ini_fail(ini, ini->section, "there are more than %d sections",
                           LB_INI_SECTIONS);
    }
    memcpy(ini->seen[ini->seen_count++], ini->section, name_len + 1);
    if (!known_section(ini)) {
        return lb_ini_fail(ini, ini->section, "no section has this name");
    }
    return ini->handler->section == NULL ||
           ini->handler->section(ini->handler->user, ini, ini->section);
}

static bool check_key(struct lb_ini *ini, const char *line, size_t len)
{
    const char *equals = memchr(line, '=', len);
    size_t key_len = equals != NULL ? (size_t)(equals - line) : 0;
    const char *colon = memchr(line, ':', key_len);
    char key[LB_INI_NAME + 1] = "";

    key_len = trimmed(line, key_len);
    if (key_len > 0 && key_len <= LB_INI_NAME) {
        memcpy(key, line, key_len);
    }
    if (equals == NULL || colon != NULL || key_len == 0) {
        return lb_ini_fail(ini, key,
                           "the line is neither [SECTION] nor KEY = VALUE");
    }
    if (key_len > LB_INI_NAME) {
        return lb_ini_fail(ini, "", "the key is longer than %d characters",
                           LB_INI_NAME);
    }
    if (ini->section[0] == '\0') {
        return lb_ini_fail(ini, key, "the key stands before any section");
    }
    return true;
}

/* Whether the line may go on to inih. */
static bool check_line(struct lb_ini *ini, const char *line, size_t len)
{
    if (!check_bytes(ini, line, len)) {
        return false;
    }
    if (trimmed(line, len) == 0 || line[0] == ';' || line[0] == '#') {
        return true;
    }
    if (blank(line[0])) {
        /* To inih an indented line goes on with the value before. */
        size_t at = 0;

        while (blank(line[at])) {
            at++;
        }
        return line[at] == ';' || line[at] == '#' ||
               lb_ini_fail(ini, "", "the line begins with a blank");
    }
    if (line[0] == '[') {
        return begin_section(ini, line, len);
    }
    return check_key(ini, line, len);
}

/* inih's fgets: one checked line, or NULL at the end and after a refusal. */
static char *next_line(char *out, int cap, void *stream)
{
    struct lb_ini *ini = (struct lb_ini *)stream;
    const char *line = ini->text + ini->at;
    size_t left = ini->len - ini->at;

    if (ini->failed || left == 0) {
        return NULL;
    }
    const char *newline = memchr(line, '\n', left);
    size_t len = newline != NULL ? (size_t)(newline - line) : left;

    ini->at += newline != NULL ? len + 1 : len;
    ini->line++;
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    if (!check_line(ini, line, len)) {
        return NULL;
    }
    if (cap < 0 || len + 2 > (size_t)cap) {
        (void)lb_ini_fail(ini, "", "the line is too long for inih");
        return NULL;
    }
    memcpy(out, line, len);
    out[len] = '\n';
    out[len + 1] = '\0';
    return out;
}

static bool dispatch(struct lb_ini *ini, const char *key, const char *value)
{
    const struct lb_ini_handler *to = ini->handler;

    for (size_t i = 0; i < to->rule_count; i++) {
        const struct lb_ini_rule *rule = &to->rules[i];

        if (!in_section(rule, ini->section) ||
            (rule->key != NULL && strcmp(rule->key, key) != 0)) {
            continue;
        }
        if (rule->key != NULL && ini->key_line[i] > ini->section_line) {
            return lb_ini_fail(ini, key, "the key stands in line %u already",
                               ini->key_line[i]);
        }
        ini->key_line[i] = ini->line;
        return rule->take(to->user, ini, key, value);
    }
    return lb_ini_fail(ini, key, "the section [%s] has no such key",
                       ini->section);
}

static int take_key(void *user, const char *section, const char *key,
                    const char *value)
{
    struct lb_ini *ini = (struct lb_ini *)user;

    if (ini->failed) {
        return 0;
    }
    if (strcmp(section, ini->section) != 0) {
        return lb_ini_fail(ini, key, "inih found another section");
    }
    if (value == NULL || value[0] == '\0') {
        return lb_ini_fail(ini, key, "the key has no value");
    }
    return dispatch(ini, key, value);
}

static void check_required(struct lb_ini *ini)
{
    const struct lb_ini_handler *to = ini->handler;

    for (size_t i = 0; i < to->rule_count && !ini->failed; i++) {
        if (to->rules[i].required && ini->key_line[i] == 0) {
            ini->line = 0; /* it stands nowhere */
            (void)lb_ini_fail(ini, to->rules[i].key,
                              "the section [%s] lacks this key",
                              to->rules[i].section);
        }
    }
}

enum lockbus_err lb_ini_read(struct lb_ini *ini, const char *file,
                             const char *text, size_t len,
                             const struct lb_ini_handler *handler,
                             struct lockbus_error *why)
{
    memset(ini, 0, sizeof *ini);
    ini->file = file;
    ini->text = text;
    ini->len = len;
    ini->handler = handler;
    ini->why = why;
    int at = ini_parse_stream(next_line, ini, take_key, ini);

    if (at != 0 && !ini->failed) {
        ini->line = at > 0 ? (unsigned)at : 0;
        (void)lb_ini_fail(ini, "", "inih cannot read this line");
    }
    check_required(ini);
    return ini->failed ? LOCKBUS_ERR_CONFIG : LOCKBUS_OK;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

bool lb_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
    int base = 10;
    uint64_t value = 0;

    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        int d = digit(*text);

        if (d >= base) {
            return false;
        }
        value = value * (unsigned)base + (unsigned)d;
        if (value > max) {
            return false;
        }
    }
    if (value < min) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

bool lb_parse_text(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len >= cap) {
        return false;
    }
    memcpy(out, text, len + 1);
    return true;
}

char *lb_parse_word(char **rest)
{
    char *at = *rest;

    while (blank(*at)) {
        at++;
    }
    if (*at == '\0') {
        *rest = at;
        return NULL;
    }
    char *word = at;

    while (*at != '\0' && !blank(*at)) {
        at++;
    }
    if (*at != '\0') {
        *at++ = '\0';
    }
    *rest = at;
    return word;
}
