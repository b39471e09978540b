/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_PRIVATE_H
#define LB_PRIVATE_H

#include <lockbus/error.h>

#include <sys/stat.h>

/* Whether it is ours alone: keys, and the folder of a journal, whose seals
 * could be tried out by whoever reads them. CONFIG with field owner or mode;
 * `chmod` is what the person is told to do. */
enum lockbus_err lb_file_private(const struct stat *st, const char *path,
                                 const char *chmod, struct lockbus_error *why);

/* Whether it is ours or root's and not everybody may write it: a
 * configuration. CONFIG with field owner or mode. */
enum lockbus_err lb_file_trusted(const struct stat *st, const char *path,
                                 struct lockbus_error *why);

#endif
