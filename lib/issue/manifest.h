/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_ISSUE_MANIFEST_H
#define LB_ISSUE_MANIFEST_H

/*
 * A manifest's body as its text file describes it: the bytes that are then
 * signed. manifest_text.c reads the text into it, manifest.c signs it.
 */

#include <lockbus/issue.h>

enum lb_manifest_layout {
    LB_MANIFEST_HEAD = 64,
    LB_MANIFEST_ENTRY = 48,
    LB_MANIFEST_ENTRIES = 16,
    LB_MANIFEST_BODY_MAX =
        LB_MANIFEST_HEAD + LB_MANIFEST_ENTRY * LB_MANIFEST_ENTRIES,
    /* offsets */
    LB_MANIFEST_COUNT = 5,
    LB_MANIFEST_THRESHOLD = 6,
    LB_MANIFEST_ENTRY_KEY = 16
};

struct lb_manifest_body {
    size_t len;
    uint8_t bytes[LB_MANIFEST_BODY_MAX];
};

/* CONFIG with file, line and field; IO. Rules M4 and M6 are checked. */
enum lockbus_err lb_manifest_text_read(struct lb_manifest_body *body,
                                       const char *path,
                                       struct lockbus_error *why);

#endif
