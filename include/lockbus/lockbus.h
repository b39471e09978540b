/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LOCKBUS_H
#define LOCKBUS_H

/*
 * lockbus drives the lock boards of a parcel-locker cabinet over RS-485 and
 * moves a latch only on a signature made for that door, that parcel and that
 * moment. Include this header; read the others in the order below.
 *
 * Threads: a handle belongs to one thread at a time. Two handles share
 * nothing. The library calls nothing back and keeps no global state.
 *
 * Three versions, which change apart: the library's (semantic versioning),
 * the signed formats' and the journal's.
 */

#define LOCKBUS_VERSION_MAJOR 0
#define LOCKBUS_VERSION_MINOR 1
#define LOCKBUS_VERSION_PATCH 0
#define LOCKBUS_VERSION "0.1.0"
#define LOCKBUS_GRANT_FORMAT 1
#define LOCKBUS_JOURNAL_FORMAT 1

#include <lockbus/bus.h>
#include <lockbus/cabinet.h>
#include <lockbus/door.h>
#include <lockbus/error.h>
#include <lockbus/grant.h>
#include <lockbus/issue.h>
#include <lockbus/journal.h>
#include <lockbus/line.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that runs, as opposed to LOCKBUS_VERSION of the
 * header that was compiled against. Static storage. */
LOCKBUS_API const char *lockbus_version(void);

#ifdef __cplusplus
}
#endif
#endif
