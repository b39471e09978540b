/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/line.h"
#include "os/tty.h"
#include "os/why.h"

#include <stdlib.h>
#include <string.h>

enum { BAUD_MIN = 300, BAUD_MAX = 4000000 };

static enum lockbus_err check(const char *port,
                              const struct lb_serial_settings *s,
                              struct lockbus_error *why)
{
    const char *field = NULL;

    if (s->baud < BAUD_MIN || s->baud > BAUD_MAX) {
        field = "baud";
    } else if (s->data_bits != 7 && s->data_bits != 8) {
        field = "data_bits";
    } else if (s->parity != 'N' && s->parity != 'E' && s->parity != 'O') {
        field = "parity";
    } else if (s->stop_bits != 1 && s->stop_bits != 2) {
        field = "stop_bits";
    }
    if (field == NULL) {
        return LOCKBUS_OK;
    }
    return lb_why(why, LOCKBUS_ERR_CONFIG, port, field,
                  "is not one that a serial port can have");
}

enum lockbus_err lb_line_new(struct lockbus_line *line, const char *port,
                             const struct lb_serial_settings *settings,
                             struct lockbus_error *why)
{
    static const struct {
        const char *prefix;
        lb_line_maker *make;
    } kinds[] = {
        {"usb:", lb_line_usb},  {"path:", lb_line_path},
        {"pty:", lb_line_pty},  {"rtu+tcp:", lb_line_rtu_tcp},
        {"tcp:", lb_line_mbap},
    };

    if (line == NULL || port == NULL || settings == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    /* The gateway of Modbus/TCP has serial settings of its own. */
    enum lockbus_err err =
        strncmp(port, "tcp:", 4) == 0 ? LOCKBUS_OK : check(port, settings, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = strlen(kinds[i].prefix);
        struct lockbus_line made = {.size = sizeof made};

        if (strncmp(port, kinds[i].prefix, len) != 0) {
            continue;
        }
        err = kinds[i].make(&made, port + len, settings, why);
        if (err == LOCKBUS_OK) {
            *line = made;
        }
        return err;
    }
    return lb_why(why, LOCKBUS_ERR_CONFIG, port, "port",
                  "a port is usb:VVVV:PPPP[:SERIAL], path:/dev/NAME, "
                  "pty:PATH, rtu+tcp:ADDRESS:PORT or tcp:ADDRESS:PORT");
}

void lb_line_free(struct lockbus_line *line)
{
    if (line == NULL || line->user == NULL) {
        return;
    }
    line->close(line->user);
    if (line->close == lb_tcp_close) {
        lb_tcp_end(line->user);
    } else if (line->close == lb_mbap_close) {
        lb_mbap_end(line->user);
    }
    free(line->user);
    *line = (struct lockbus_line){0};
}

/* Only the lines on a tty share its send(), so that tells them apart. */
enum lb_low_latency lb_line_low_latency(const struct lockbus_line *line)
{
    if (line == NULL || line->send != lb_tty_send) {
        return LB_LOW_LATENCY_NONE;
    }
    const struct lb_tty *tty = line->user;

    return tty->low_latency;
}
