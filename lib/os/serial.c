/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _XOPEN_SOURCE 700 /* realpath() */
#include "os/line.h"
#include "os/tty.h"
#include "os/why.h"

#include <errno.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

/*
 * usb: and path: ports. libserialport finds the adapter and sets the port;
 * the descriptor that is locked and moves bytes is lockbus's own, so that
 * nothing changes before the lock is held and no second one stays open.
 * A usb: name is looked up at every open, because an adapter that was
 * replugged comes back under another /dev name.
 */

enum { USB_SERIAL = 64 };

struct serial {
    struct lb_tty tty; /* first: the line's functions are the tty's */
    bool usb;
    int vid, pid;
    char serial[USB_SERIAL]; /* empty: any, as long as there is one only */
    char name[LB_TTY_PATH];  /* as configured */
};

static bool fits(const struct serial *s, const struct sp_port *port)
{
    int vid = 0, pid = 0;

    if (sp_get_port_transport(port) != SP_TRANSPORT_USB ||
        sp_get_port_usb_vid_pid(port, &vid, &pid) != SP_OK || vid != s->vid ||
        pid != s->pid) {
        return false;
    }
    const char *serial = sp_get_port_usb_serial(port);

    return s->serial[0] == '\0' ||
           (serial != NULL && strcmp(serial, s->serial) == 0);
}

static enum lockbus_err two_fit(const struct serial *s, const char *a,
                                const char *b, struct lockbus_error *why)
{
    char text[160];

    (void)snprintf(text, sizeof text,
                   "two adapters fit, %s and %s: name one by its serial "
                   "number or by path:",
                   a, b);
    return lb_why(why, LOCKBUS_ERR_CONFIG, s->name, "port", text);
}

static enum lockbus_err pick(struct serial *s, struct sp_port **list,
                             struct lockbus_error *why)
{
    const char *found = NULL;

    for (size_t i = 0; list[i] != NULL; i++) {
        const char *path = sp_get_port_name(list[i]);

        if (path == NULL || !fits(s, list[i])) {
            continue;
        }
        if (found != NULL) {
            return two_fit(s, found, path, why);
        }
        found = path;
    }
    if (found == NULL) {
        return lb_why(why, LOCKBUS_ERR_OFFLINE, s->name, NULL,
                      "no such adapter is plugged in");
    }
    if (!lb_tty_init(&s->tty, found, &s->tty.settings)) {
        return lb_why(why, LOCKBUS_ERR_IO, s->name, "port",
                      "the adapter's path is too long");
    }
    return LOCKBUS_OK;
}

/* Leaves the path in the tty: found by USB, or the name with links followed,
 * since libserialport knows /dev/ttyX only. */
static enum lockbus_err resolve(struct serial *s, struct lockbus_error *why)
{
    if (!s->usb) {
        char real[PATH_MAX];

        if (realpath(s->name, real) == NULL) {
            (void)lb_why_io(why, errno, s->name, "the port is not there");
            if (why != NULL) {
                why->err = LOCKBUS_ERR_OFFLINE;
            }
            return LOCKBUS_ERR_OFFLINE;
        }
        return lb_tty_init(&s->tty, real, &s->tty.settings)
                   ? LOCKBUS_OK
                   : lb_why(why, LOCKBUS_ERR_CONFIG, s->name, "port",
                            "the path is too long");
    }
    struct sp_port **list = NULL;

    if (sp_list_ports(&list) != SP_OK) {
        return lb_why(why, LOCKBUS_ERR_IO, s->name, NULL,
                      "the ports cannot be listed");
    }
    enum lockbus_err err = pick(s, list, why);

    sp_free_port_list(list);
    return err;
}

static bool configure(struct sp_port_config *c,
                      const struct lb_serial_settings *s)
{
    enum sp_parity parity = s->parity == 'E'   ? SP_PARITY_EVEN
                            : s->parity == 'O' ? SP_PARITY_ODD
                                               : SP_PARITY_NONE;

    return sp_set_config_baudrate(c, (int)s->baud) == SP_OK &&
           sp_set_config_bits(c, s->data_bits) == SP_OK &&
           sp_set_config_parity(c, parity) == SP_OK &&
           sp_set_config_stopbits(c, s->stop_bits) == SP_OK &&
           sp_set_config_flowcontrol(c, SP_FLOWCONTROL_NONE) == SP_OK;
}

/* Versions of libserialport after 0.1.1 lock the port themselves and would
 * meet our lock: it is lent to them and taken back by lb_tty_lock(). */
static enum sp_return open_port(struct serial *s, struct sp_port *port)
{
    enum sp_return ret = sp_open(port, SP_MODE_READ_WRITE);

    if (ret == SP_ERR_FAIL && (sp_last_error_code() == EWOULDBLOCK ||
                               sp_last_error_code() == EBUSY)) {
        (void)flock(s->tty.fd, LOCK_UN);
        ret = sp_open(port, SP_MODE_READ_WRITE);
    }
    return ret;
}

static enum lockbus_err set_port(struct serial *s, struct sp_port *port,
                                 struct lockbus_error *why)
{
    struct sp_port_config *config = NULL;
    enum lockbus_err err = LOCKBUS_OK;

    if (open_port(s, port) != SP_OK) {
        int number = sp_last_error_code();

        return lb_why_io(why, number, s->tty.path,
                         number == ENOTTY ? "has no modem lines; is it a pty:?"
                                          : "libserialport cannot open it");
    }
    if (sp_new_config(&config) != SP_OK) {
        err = LOCKBUS_ERR_NOMEM;
    } else if (!configure(config, &s->tty.settings)) {
        err = lb_why(why, LOCKBUS_ERR_CONFIG, s->tty.path, "port",
                     "libserialport refuses the settings");
    } else if (sp_set_config(port, config) != SP_OK) {
        err = lb_why_io(why, sp_last_error_code(), s->tty.path,
                        "settings cannot be set");
    }
    sp_free_config(config);
    (void)sp_close(port);
    return err;
}

static enum lockbus_err set_up(struct serial *s, struct lockbus_error *why)
{
    struct sp_port *port = NULL;

    if (sp_get_port_by_name(s->tty.path, &port) != SP_OK) {
        return lb_why(why, LOCKBUS_ERR_CONFIG, s->tty.path, "port",
                      "libserialport does not know it; is it a pty:?");
    }
    enum lockbus_err err = set_port(s, port, why);

    sp_free_port(port);
    if (err == LOCKBUS_OK) {
        err = lb_tty_lock(&s->tty, why);
    }
    return err == LOCKBUS_OK ? lb_tty_settle(&s->tty, why) : err;
}

/* A replug between looking up and opening can put another adapter there. */
static enum lockbus_err still_there(struct serial *s, struct lockbus_error *why)
{
    struct serial again = *s;
    enum lockbus_err err = resolve(&again, why);

    if (err == LOCKBUS_OK && strcmp(again.tty.path, s->tty.path) != 0) {
        err = lb_why(why, LOCKBUS_ERR_OFFLINE, s->name, NULL,
                     "the adapter was replugged just now");
    }
    return err;
}

static enum lockbus_err serial_open(void *user, struct lockbus_error *why)
{
    struct serial *s = user;

    lb_tty_close(&s->tty);
    enum lockbus_err err = resolve(s, why);

    if (err == LOCKBUS_OK) {
        err = lb_tty_claim(&s->tty, why);
    }
    if (err == LOCKBUS_OK) {
        err = still_there(s, why);
    }
    if (err == LOCKBUS_OK) {
        err = set_up(s, why);
    }
    return lb_tty_abandon(&s->tty, err);
}

static bool copy(char *to, size_t cap, const char *from)
{
    size_t len = strlen(from);

    if (len == 0 || len >= cap) {
        return false;
    }
    memcpy(to, from, len + 1);
    return true;
}

static enum lockbus_err serial_new(struct lockbus_line *line,
                                   const struct serial *s)
{
    struct serial *made = calloc(1, sizeof *made);

    if (made == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    *made = *s;
    made->tty.fd = -1;
    line->user = made;
    line->open = serial_open;
    line->send = lb_tty_send;
    line->receive = lb_tty_receive;
    line->fd = lb_tty_fd;
    line->close = lb_tty_close;
    return LOCKBUS_OK;
}

enum lockbus_err lb_line_path(struct lockbus_line *line, const char *rest,
                              const struct lb_serial_settings *settings,
                              struct lockbus_error *why)
{
    struct serial s = {.tty.settings = *settings};

    if (rest[0] != '/' || !copy(s.name, sizeof s.name, rest)) {
        return lb_why(why, LOCKBUS_ERR_CONFIG, NULL, "port",
                      "path: takes an absolute path of at most 255 characters");
    }
    return serial_new(line, &s);
}

/* Four hexadecimal digits, no sign, no prefix; -1 for anything else. */
static int hex4(const char *text)
{
    int value = 0;

    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *at = text[i] != '\0' ? strchr(digits, text[i]) : NULL;

        if (at == NULL) {
            return -1;
        }
        value = value * 16 + (int)((at - digits) % 16);
    }
    return value;
}

enum lockbus_err lb_line_usb(struct lockbus_line *line, const char *rest,
                             const struct lb_serial_settings *settings,
                             struct lockbus_error *why)
{
    struct serial s = {.tty.settings = *settings, .usb = true};
    bool good = strlen(rest) >= 9 && rest[4] == ':';

    if (good) {
        s.vid = hex4(rest);
        s.pid = hex4(rest + 5);
        good = s.vid >= 0 && s.pid >= 0 && copy(s.name, sizeof s.name, rest) &&
               (rest[9] == '\0' ||
                (rest[9] == ':' && copy(s.serial, sizeof s.serial, rest + 10)));
    }
    if (!good) {
        return lb_why(why, LOCKBUS_ERR_CONFIG, rest, "port",
                      "usb: takes VVVV:PPPP or VVVV:PPPP:SERIAL, the numbers "
                      "in four hexadecimal digits");
    }
    return serial_new(line, &s);
}
