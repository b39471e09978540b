/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_ISSUE_MANIFEST_TEXT_H
#define LB_ISSUE_MANIFEST_TEXT_H

/*
 * The manifest's text while it is read. manifest_text.c has the sections of
 * numbers, manifest_key.c the lines of [keys].
 */

#include "manifest.h"

enum lb_manifest_text_limits {
    LB_MANIFEST_FIELDS = 22,
    LB_MANIFEST_NAME = 32,     /* a key's name, with its zero byte */
    LB_MANIFEST_LINE_MAX = 190 /* inih cuts at 200, newline and zero included */
};

struct lb_manifest_text {
    const char *path;
    const char *at, *end; /* what is not read yet */
    unsigned line;
    bool failed;
    struct lockbus_error why;
    bool seen[LB_MANIFEST_FIELDS];
    size_t keys;
    char names[LB_MANIFEST_ENTRIES][LB_MANIFEST_NAME];
    struct lb_manifest_body *body;
};

/* Notes what is wrong, unless something was before; returns false. */
bool lb_manifest_text_bad(struct lb_manifest_text *t, const char *field,
                          const char *text);

/* Decimal digits only: no sign, no blank, no 0x; at most `max`. */
bool lb_manifest_text_number(uint64_t *out, const char *text, uint64_t max);

/* Appends the key that a line of [keys] describes; false: noted. */
bool lb_manifest_text_key(struct lb_manifest_text *t, const char *name,
                          const char *value);

#endif
