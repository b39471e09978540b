/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_INIFILE_H
#define LB_INIFILE_H

/*
 * Reading an INI text strictly. inih takes lines apart; around it stands what
 * inih lets pass: its handlers learn no line number, it cuts long lines and
 * names, joins indented lines, ignores what follows a section's bracket and
 * is not told of empty sections. Each of these is refused here, with its
 * line, before inih sees it.
 */

#include <lockbus/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lb_ini_limits {
    LB_INI_LINE = 190, /* bytes in a line, without its end */
    LB_INI_NAME = 31,  /* bytes in a section's or key's name */
    LB_INI_SECTIONS = 24,
    LB_INI_RULES = 32
};

struct lb_ini;

/*
 * The closed vocabulary: which keys a section may hold. A section that no
 * rule names, a key that no rule of its section names, a key twice and a
 * required key that never comes are refused by lb_ini_read() itself.
 */
struct lb_ini_rule {
    const char *section; /* "bus.*": any section of that beginning */
    const char *key;     /* NULL: any; whoever takes it looks for doubles */
    bool required;       /* not for sections with a star */
    /* true to go on; a refusal is lb_ini_fail(), which is false */
    bool (*take)(void *user, struct lb_ini *ini, const char *key,
                 const char *value);
};

struct lb_ini_handler {
    void *user;
    const struct lb_ini_rule *rules;
    size_t rule_count; /* at most LB_INI_RULES */
    /* told of each section, may be NULL */
    bool (*section)(void *user, struct lb_ini *ini, const char *section);
};

struct lb_ini {
    const char *file; /* for refusals */
    const char *text;
    size_t len, at;
    unsigned line; /* the current one, from 1 */
    const struct lb_ini_handler *handler;
    struct lockbus_error *why;
    bool failed;
    char section[LB_INI_NAME + 1];
    char seen[LB_INI_SECTIONS][LB_INI_NAME + 1];
    size_t seen_count;
    unsigned section_line;
    unsigned key_line[LB_INI_RULES]; /* where each rule's key came */
};

/* Reads the whole text, in order; the first refusal ends it. OK or CONFIG. */
LOCKBUS_CHECK enum lockbus_err lb_ini_read(struct lb_ini *ini, const char *file,
                                           const char *text, size_t len,
                                           const struct lb_ini_handler *handler,
                                           struct lockbus_error *why);

/* Refuses at the current line; a sentence by printf's rules. Always false. */
bool lb_ini_fail(struct lb_ini *ini, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same outside of lb_ini_read(). CONFIG. */
struct lb_place {
    const char *file;
    unsigned line; /* 0: of none */
};
enum lockbus_err lb_config_fail(struct lockbus_error *why,
                                struct lb_place place, const char *field,
                                const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether this section stood in the text, with or without keys. */
bool lb_ini_has_section(const struct lb_ini *ini, const char *section);

/* Decimal digits or 0x and hexadecimal ones, the whole text, within bounds. */
bool lb_parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *out);

/* Copies when it fits with its zero byte and is not empty. */
bool lb_parse_text(char *out, size_t cap, const char *text);

/* The next word of *rest, cut off there with a zero byte; NULL: none. */
char *lb_parse_word(char **rest);

#endif
