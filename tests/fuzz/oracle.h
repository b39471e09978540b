/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef ORACLE_H
#define ORACLE_H

/*
 * What the fuzz targets share. A target holds what it was given against
 * what must be so, and must() ends the program where it is not: "it did not
 * crash" is the least of what a target says.
 *
 * An input's first byte is its mode. In mode 0 the bytes are an attacker's,
 * who has no key: nothing that is signed may be accepted. In other modes the
 * target signs them with the keys of gate_signer.h, so that the rules behind
 * the signatures are reached; then an acceptance must be what the target,
 * which reads the bytes by itself, finds allowed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what is not so, and aborts. */
void must(bool ok, const char *what);

/* Counts an input that was accepted: seeds of which none is would only test
 * refusals. */
void accepted(void);
unsigned accepted_so_far(void);

/* Little-endian, read once more by other hands than the library's. */
uint64_t number_at(const uint8_t *bytes, size_t at, size_t len);

#endif
