/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <unistd.h>
#include <sys/socket.h>
#include <errno.h>
