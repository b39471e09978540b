/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/why.h"

#include <stdio.h>
#include <string.h>

enum lockbus_err lb_why(struct lockbus_error *why, enum lockbus_err err,
                        const char *what, const char *field, const char *text)
{
    if (why == NULL) {
        return err;
    }
    *why = (struct lockbus_error){.err = err};
    (void)snprintf(why->file, sizeof why->file, "%s", what != NULL ? what : "");
    (void)snprintf(why->field, sizeof why->field, "%s",
                   field != NULL ? field : "");
    (void)snprintf(why->text, sizeof why->text, "%s", text);
    return err;
}

enum lockbus_err lb_why_io(struct lockbus_error *why, int number,
                           const char *what, const char *doing)
{
    char words[64] = "";
    char text[160];

    if (strerror_r(number, words, sizeof words) != 0) {
        (void)snprintf(words, sizeof words, "error %d", number);
    }
    (void)snprintf(text, sizeof text, "%s: %s", doing, words);
    (void)lb_why(why, LOCKBUS_ERR_IO, what, NULL, text);
    if (why != NULL) {
        why->sys_errno = number;
    }
    return LOCKBUS_ERR_IO;
}
