/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_WHY_H
#define LB_WHY_H

#include <lockbus/error.h>

/*
 * Fills in the caller's error record, which may be NULL, and gives `err`
 * back. `what` (a port or file) and `field` may be NULL. Texts that are too
 * long are cut: the record is for people.
 */
enum lockbus_err lb_why(struct lockbus_error *why, enum lockbus_err err,
                        const char *what, const char *field, const char *text);

/* The same for a failed system call: IO, its number, and its own words after
 * `doing`. */
enum lockbus_err lb_why_io(struct lockbus_error *why, int number,
                           const char *what, const char *doing);

#endif
