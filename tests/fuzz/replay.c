/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * replay FOLDER: gives each file of the folder to the target once, in the
 * order of their names, and fails when none of them is accepted. So any
 * compiler's build runs all seeds, without the fuzzer.
 */

#include "oracle.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 1 << 16 };

static bool replay(const char *folder, const char *name)
{
    static uint8_t bytes[MOST];
    char path[512];
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = len < (int)sizeof path ? fopen(path, "rb") : NULL;

    if (file == NULL) {
        return false;
    }
    size_t size = fread(bytes, 1, sizeof bytes, file);
    uint8_t *exact = malloc(size == 0 ? 1 : size);

    (void)fclose(file);
    if (exact == NULL) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        exact[i] = bytes[i]; /* ASan sees a byte more than there is */
    }
    (void)fprintf(stderr, "%s\n", name);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return true;
}

int main(int argc, char **argv)
{
    struct dirent **names = NULL;
    int count = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
    int replayed = 0;

    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.' && !replay(argv[1], names[i]->d_name)) {
            return 1;
        }
        replayed += names[i]->d_name[0] != '.';
        free(names[i]);
    }
    free(names);
    printf("%d seeds, %u accepted\n", replayed, accepted_so_far());
    return accepted_so_far() > 0 ? 0 : 1;
}
