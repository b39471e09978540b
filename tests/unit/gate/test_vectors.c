/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Every case of the files in tests/vectors, one test each.
 */

#include "gate_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const files[] = {
    LB_SOURCE_DIR "/tests/vectors/gate.txt",
    LB_SOURCE_DIR "/tests/vectors/lockbus.txt",
    LB_SOURCE_DIR "/tests/vectors/rules.txt",
    LB_SOURCE_DIR "/tests/vectors/first.txt",
};

enum { FILES = sizeof files / sizeof files[0] };

struct place {
    const struct gate_vectors *vectors;
    size_t at;
};

static void check(void **state)
{
    const struct place *place = *state;
    char why[512];

    if (!gate_vectors_run(place->vectors, place->at, why, sizeof why)) {
        fail_msg("%s", why);
    }
}

int main(void)
{
    struct gate_vectors *vectors[FILES];
    size_t total = 0;
    size_t at = 0;
    char why[512];

    for (size_t f = 0; f < FILES; f++) {
        vectors[f] = gate_vectors_load(files[f], why, sizeof why);
        if (vectors[f] == NULL) {
            print_error("%s\n", why);
            return 1;
        }
        total += gate_vectors_count(vectors[f]);
    }
    struct CMUnitTest *tests = calloc(total, sizeof *tests);
    struct place *places = calloc(total, sizeof *places);

    for (size_t f = 0; f < FILES; f++) {
        for (size_t i = 0; i < gate_vectors_count(vectors[f]); i++, at++) {
            places[at] = (struct place){vectors[f], i};
            tests[at] =
                (struct CMUnitTest){.name = gate_vectors_name(vectors[f], i),
                                    .test_func = check,
                                    .initial_state = &places[at]};
        }
    }
    int failed =
        _cmocka_run_group_tests("gate vectors", tests, total, NULL, NULL);

    for (size_t f = 0; f < FILES; f++) {
        gate_vectors_free(&vectors[f]);
    }
    free(places);
    free(tests);
    return failed != 0;
}
