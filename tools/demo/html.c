/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "html.h"

#include <stdarg.h>

static void escaped(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", f);
            break;
        case '<':
            fputs("&lt;", f);
            break;
        case '>':
            fputs("&gt;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        case '\'':
            fputs("&#39;", f);
            break;
        default:
            fputc(*text, f);
        }
    }
}

void html(FILE *f, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            fputc(*format, f);
            continue;
        }
        switch (*++format) {
        case 's':
            escaped(f, va_arg(args, const char *));
            break;
        case 'u':
            fprintf(f, "%u", va_arg(args, unsigned));
            break;
        case '\0':
            format--; /* the text ends here */
            break;
        default:
            fputc(*format, f);
        }
    }
    va_end(args);
}
