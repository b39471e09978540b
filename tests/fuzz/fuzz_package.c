/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * DepositPackages.
 */

#include "oracle.h"

#include <lockbus/grant.h>
#include <lockbus/issue.h>

#include <string.h>

enum { BEFORE = 0xA5 };

static bool untouched(const uint8_t *bytes, size_t len)
{
    size_t i = 0;

    while (i < len && bytes[i] == BEFORE) {
        i++;
    }
    return i == len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    uint8_t again[LOCKBUS_GRANT_LEN], seal_again[LOCKBUS_SEAL_LEN];
    uint8_t package[LOCKBUS_PACKAGE_MAX];
    size_t seal_len = 99, seal_len_again = 0, len = 0;

    memset(grant, BEFORE, sizeof grant);
    memset(seal, BEFORE, sizeof seal);
    if (lockbus_package_read(data, size, grant, seal, &seal_len) !=
        LOCKBUS_OK) {
        must(seal_len == 99 && untouched(grant, sizeof grant) &&
                 untouched(seal, sizeof seal),
             "a refused package leaves everything as it was");
        return 0;
    }
    accepted();
    must(size <= LOCKBUS_PACKAGE_MAX, "a package has its most");
    must(seal_len == 0 || seal_len == LOCKBUS_SEAL_LEN, "a seal's length");
    must(lockbus_package_write(package, &len, grant,
                               seal_len != 0 ? seal : NULL) == LOCKBUS_OK &&
             lockbus_package_read(package, len, again, seal_again,
                                  &seal_len_again) == LOCKBUS_OK &&
             seal_len_again == seal_len &&
             memcmp(again, grant, sizeof grant) == 0 &&
             memcmp(seal_again, seal, seal_len) == 0,
         "what was read, written and read again is the same");
    must(len == 235 + (seal_len != 0 ? 106U : 0U) && len <= size + 0U,
         "no shorter package says as much");
    return 0;
}
