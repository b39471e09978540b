/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a program that links lockbus can rely on: the header that it was
 * compiled with and the library that runs are the same version, and a wrong
 * argument is an error, not a crash.
 */

#include <lockbus/lockbus.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    struct lockbus_cabinet *cabinet = NULL;
    struct lockbus_error why = {0};
    enum lockbus_err err;

    if (strcmp(lockbus_version(), LOCKBUS_VERSION) != 0) {
        (void)fprintf(stderr, "header %s, library %s\n", LOCKBUS_VERSION,
                      lockbus_version());
        return 1;
    }
    err = lockbus_cabinet_open(&cabinet, "no/such/file", NULL, &why);
    if (err == LOCKBUS_OK || cabinet != NULL) {
        (void)fprintf(stderr, "a cabinet without a file was opened\n");
        return 1;
    }
    (void)printf("lockbus %s: %s\n", lockbus_version(), lockbus_err_name(err));
    return 0;
}
