/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/line.h"
#include "os/why.h"

/*
 * In place of serial.c and ports.c for those who cannot take libserialport's
 * licence (LGPL-3+): such ports are refused by name.
 */

static enum lockbus_err refuse(struct lockbus_error *why)
{
    return lb_why(
        why, LOCKBUS_ERR_CONFIG, NULL, "port",
        "this lockbus was built without serial ports "
        "(LOCKBUS_SERIAL=OFF); pty:, rtu+tcp:, tcp: and host: remain");
}

enum lockbus_err lb_line_usb(struct lockbus_line *line, const char *rest,
                             const struct lb_serial_settings *settings,
                             struct lockbus_error *why)
{
    (void)line;
    (void)rest;
    (void)settings;
    return refuse(why);
}

enum lockbus_err lb_line_path(struct lockbus_line *line, const char *rest,
                              const struct lb_serial_settings *settings,
                              struct lockbus_error *why)
{
    (void)line;
    (void)rest;
    (void)settings;
    return refuse(why);
}

enum lockbus_err lb_ports(struct lb_port_info *out, size_t cap, size_t *count)
{
    (void)out;
    (void)cap;
    (void)count;
    return LOCKBUS_ERR_CONFIG;
}
