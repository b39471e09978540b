/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * One case for each chapter, in a short form: of single cuts one image in
 * thirteen, of pairs some thousands. LOCKBUS_POWER_PAIRS is how many pairs are
 * made in all chapters together, `all` for every one that there is, and then
 * all single cuts are made; LOCKBUS_POWER_SEED says which pairs, and which
 * keys. script/powercut sets both.
 */

#include "power.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { QUICK_PAIRS = 20000, QUICK_STEP = 13, CHAPTERS_MAX = 16 };

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void survives_every_cut(void **state)
{
    const char *pairs = getenv("LOCKBUS_POWER_PAIRS");
    struct plan plan = {.pairs =
                            pairs != NULL && strcmp(pairs, "all") == 0
                                ? 0
                                : number_of("LOCKBUS_POWER_PAIRS", QUICK_PAIRS),
                        .step = pairs == NULL ? QUICK_STEP : 1,
                        .seed = number_of("LOCKBUS_POWER_SEED", 1)};
    struct tally tally = {0};

    explore(*state, &plan, &tally);
    print_message("%" PRIu64 " operations, %" PRIu64
                  " restarts of a whole cabinet; cuts %" PRIu64
                  " images %" PRIu64 "; pairs %" PRIu64 " images %" PRIu64
                  "; without memory %" PRIu64 "\n",
                  tally.ops, tally.restarts, tally.cuts, tally.cut_images,
                  tally.pairs, tally.pair_images, tally.controls);
}

int main(void)
{
    static struct CMUnitTest tests[CHAPTERS_MAX];

    assert_true(chapter_count <= CHAPTERS_MAX);
    for (size_t i = 0; i < chapter_count; i++) {
        tests[i] = (struct CMUnitTest){.name = chapters[i].name,
                                       .test_func = survives_every_cut,
                                       .initial_state =
                                           (void *)(uintptr_t)&chapters[i]};
    }
    return _cmocka_run_group_tests("power cuts", tests, chapter_count, NULL,
                                   NULL);
}
