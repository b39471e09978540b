/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef HTML_H
#define HTML_H

/* Writing HTML. What did not stand in a format string is escaped. */

#include <stdio.h>

/* Generated from page.css and page.js; zero-terminated. */
extern const unsigned char page_css[], page_js[];

/* As printf, with %s arguments escaped; knows %s, %u and %%. */
void html(FILE *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
