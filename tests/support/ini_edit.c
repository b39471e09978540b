/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "ini_edit.h"

#include <string.h>

bool ini_edit(char *out, size_t cap, const char *base, const char *find,
              const char *with)
{
    const char *at = find != NULL ? strstr(base, find) : base;
    size_t find_len = find != NULL ? strlen(find) : strlen(base);

    if (at == NULL || (find != NULL && strstr(at + 1, find) != NULL)) {
        return false;
    }
    size_t before = (size_t)(at - base), with_len = strlen(with);
    size_t after = strlen(base) - before - find_len;

    if (before + with_len + after >= cap) {
        return false;
    }
    memcpy(out, base, before);
    memcpy(out + before, with, with_len);
    memcpy(out + before + with_len, at + find_len, after + 1);
    return true;
}
