/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef LB_MODBUS_H
#define LB_MODBUS_H

/*
 * The driver of Modbus RTU boards that a profile describes. libmodbus builds
 * the requests and takes the replies apart at one end of a socket pair; it
 * never sees the wire, so it can neither wait nor guess.
 */

#include "board/driver.h"

extern const struct lb_driver lb_modbus_driver;

struct lb_modbus;

/* IO: no two descriptors below 1024, which is as far as libmodbus's select()
 * can count. NOMEM. */
LOCKBUS_CHECK enum lockbus_err lb_modbus_new(struct lb_modbus **out);
void lb_modbus_free(struct lb_modbus **codec);

#endif
