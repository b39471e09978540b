/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * drift STEPS SEED: a cabinet that goes on, whose times and numbers grow, and
 * one that is made anew of a few bytes before each step, as the models do.
 * At each of STEPS random events both must do the same, or pack.c forgets
 * what counts.
 */

#include "cab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static unsigned draw(unsigned below)
{
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (unsigned)(state >> 33) % below;
}

/* Trouble is rarer than use, or nothing would ever come to its end. */
static enum cab_event any(void)
{
    enum cab_event event = (enum cab_event)draw(CAB_EVENTS);
    bool trouble = (event >= CAB_START && event <= CAB_START_LOST) ||
                   (event >= CAB_AWAY && event <= CAB_STICK) ||
                   event == CAB_FORCE || event == CAB_BLOCK ||
                   event == CAB_CLEAR;

    if (trouble && draw(8) != 0) {
        return draw(2) != 0 ? CAB_SEE : CAB_TICK;
    }
    return event;
}

static void print(const char *who, const struct cab_node *node)
{
    const uint8_t *bytes = (const uint8_t *)node;

    printf("%s", who);
    for (size_t i = 0; i < sizeof *node; i++) {
        printf(" %02x", bytes[i]);
    }
    printf("\n");
}

static bool same_step(struct cab *whole, const struct cab *blank,
                      enum cab_event event)
{
    struct cab packed = *blank;
    struct cab_node before;
    struct cab_node a;
    struct cab_node b;

    /* the models' buckets are full, and no ask is refused for them */
    memcpy(whole->gate.bucket, whole->full, sizeof whole->full);
    cab_store(whole, &before);
    cab_load(&packed, &before);
    bool did = cab_step(whole, event);
    bool would = cab_step(&packed, event);

    cab_store(whole, &a);
    cab_store(&packed, &b);
    if (did == would && whole->out == packed.out &&
        cab_counts(whole) == cab_counts(&packed) &&
        memcmp(&a, &b, sizeof a) == 0 && whole->broken == NULL) {
        return true;
    }
    printf("drift at %s: %s; it did %d and would %d\n", cab_event_names[event],
           whole->broken != NULL ? whole->broken : "another state", did, would);
    print("before", &before);
    print("whole ", &a);
    print("packed", &b);
    return false;
}

int main(int argc, char **argv)
{
    static struct cab blank;
    static struct cab whole;
    unsigned long did[CAB_EVENTS] = {0};

    if (argc != 3) {
        (void)fprintf(stderr, "usage: drift STEPS SEED\n");
        return 2;
    }
    unsigned long steps = strtoul(argv[1], NULL, 10);

    state = strtoul(argv[2], NULL, 10);
    cab_new(&blank, 0x12);
    whole = blank;
    whole.gate.doors = whole.door;
    for (unsigned long i = 0; i < steps; i++) {
        enum cab_event event = any();

        if (!same_step(&whole, &blank, event)) {
            printf("after %lu steps\n", i);
            return 1;
        }
        did[event] += whole.out != 0 || event < CAB_DEPOSIT;
    }
    printf("OK: %lu steps, %lu deposits, %lu releases, %lu returns\n", steps,
           did[CAB_DEPOSIT], did[CAB_RELEASE], did[CAB_RETURN]);
    return did[CAB_RELEASE] == 0;
}
