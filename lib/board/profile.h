/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_PROFILE_H
#define LB_PROFILE_H

/*
 * A board profile: data that says how a Modbus lock board is read, pulsed,
 * switched off and recognised. A profile has a closed vocabulary and no raw
 * frames; lb_profile_parse() refuses anything that could express a frame of
 * the hazard table in hazard.c (open all, hold on, flash off, renumber,
 * broadcast and wildcard addresses).
 */

#include <lockbus/error.h>

#include <stdbool.h>
#include <stddef.h>

enum lb_profile_limits {
    LB_PROFILE_CHANNELS = 32,
    LB_PROFILE_CHECKS = 4,
    LB_PULSE_MIN_MS = 20,
    LB_PULSE_MAX_MS = 5000
};

/* `fcNN ADDRESS [step N]`; channel n (from 0) is at address + n * N */
struct lb_profile_op {
    uint8_t fc; /* 0: none */
    uint16_t base;
    uint8_t step; /* 0: 1 */
};

/* `fc03 ADDRESS each VALUE` or `fc03 ADDRESS min VALUE` */
struct lb_profile_check {
    char name[24];
    uint8_t fc;
    uint16_t base;
    bool each;      /* one register a channel, all equal to value */
    uint16_t value; /* each: equal; min: at least */
};

struct lb_profile {
    char name[48];
    uint8_t channels;
    struct lb_profile_op pulse, off, leaf;
    uint32_t pulse_unit_ms; /* of the value that is written */
    uint32_t pulse_min_ms, pulse_max_ms;
    /* The value of a write is the pulse in units. Where `pulse_word` is not 0
     * it is a command (fc06) with the units in its low byte, or alone; or the
     * mode (fc16), a register before the units. */
    uint16_t pulse_word, off_word;
    bool pulse_alone;  /* the command has one length of its own */
    bool host_timed;   /* a level: the host switches on, and off again */
    bool leaf_is_read; /* false: the board has no inputs */
    struct lb_profile_check check[LB_PROFILE_CHECKS];
    size_t checks;
    uint8_t digest[32]; /* BLAKE2b-256 of the file's bytes */
};

/* Reads a profile's text. CONFIG with line and field in `why`. */
LOCKBUS_CHECK enum lockbus_err lb_profile_parse(struct lb_profile *profile,
                                                const char *name,
                                                const char *text, size_t len,
                                                struct lockbus_error *why);

/* Where a channel of this operation lies; above 0xFFFF: nowhere. */
uint32_t lb_profile_at(const struct lb_profile_op *op, uint8_t channel);

/* Whether what was read is what the check wants. */
bool lb_profile_met(const struct lb_profile_check *check, const uint16_t *words,
                    size_t count);

/* Outputs are registers and not coils: one is read at a time, and before the
 * first write too. */
bool lb_profile_by_register(const struct lb_profile *profile);

#endif
