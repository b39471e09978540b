/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * One line of an error. Without stdio, for base is freestanding.
 */

#include <lockbus/error.h>

#include <stddef.h>

struct line {
    char *text;
    size_t cap, len; /* len is of the whole, also where cap is too small */
};

static void put(struct line *line, const char *text, size_t max)
{
    for (size_t i = 0; i < max && text[i] != '\0'; i++) {
        if (line->len + 1 < line->cap) {
            line->text[line->len] = text[i];
            line->text[line->len + 1] = '\0';
        }
        line->len++;
    }
}

static void put_number(struct line *line, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? (uint64_t)-number : (uint64_t)number;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    put(line, digits + at, sizeof digits - at);
}

size_t lockbus_error_text(const struct lockbus_error *why, char *text,
                          size_t cap)
{
    struct line line = {.text = text, .cap = text != NULL ? cap : 0};

    if (line.cap != 0) {
        text[0] = '\0';
    }
    if (why == NULL) {
        return 0;
    }
    if (why->file[0] != '\0') {
        put(&line, why->file, sizeof why->file);
        if (why->line != 0) {
            put(&line, ":", 1);
            put_number(&line, why->line);
        }
        put(&line, ": ", 2);
    }
    if (why->field[0] != '\0') {
        put(&line, why->field, sizeof why->field);
        put(&line, ": ", 2);
    }
    if (why->text[0] != '\0') {
        put(&line, why->text, sizeof why->text);
        put(&line, " ", 1);
    }
    put(&line, "(", 1);
    put(&line, lockbus_err_name(why->err), SIZE_MAX);
    if (why->rule != LOCKBUS_RULE_NONE) {
        put(&line, ", rule ", SIZE_MAX);
        put(&line, lockbus_rule_name(why->rule), SIZE_MAX);
    }
    if (why->sys_errno != 0) {
        put(&line, ", errno ", SIZE_MAX);
        put_number(&line, why->sys_errno);
    }
    put(&line, ")", 1);
    return line.len;
}
