/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "tool.h"

#include "gate_vectors.h"

#include <stdio.h>

static bool run_file(const char *path, unsigned *passed, unsigned *failed)
{
    char why[512];
    struct gate_vectors *vectors = gate_vectors_load(path, why, sizeof why);

    if (vectors == NULL) {
        fprintf(stderr, "lockbus: %s\n", why);
        return false;
    }
    for (size_t i = 0; i < gate_vectors_count(vectors); i++) {
        const char *name = gate_vectors_name(vectors, i);

        if (gate_vectors_run(vectors, i, why, sizeof why)) {
            printf("ok %s\n", name);
            (*passed)++;
        } else {
            printf("not ok %s: %s\n", name, why);
            (*failed)++;
        }
    }
    gate_vectors_free(&vectors);
    return true;
}

int cmd_gate(int argc, char **argv)
{
    unsigned passed = 0;
    unsigned failed = 0;

    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "lockbus gate: %s\n",
                argc < 2 ? "file: is missing" : argv[1]);
        return tool_usage(argv[0], NULL);
    }
    for (int i = 1; i < argc; i++) {
        if (!run_file(argv[i], &passed, &failed)) {
            return TOOL_FAILED;
        }
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 ? TOOL_OK : TOOL_FAILED;
}
