/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"

#include <fcntl.h>
#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * libserialport finds the ports and the USB strings; the driver and its
 * latency timer, which it does not tell, are read from /sys beside them.
 */

enum { SYS_PATH = 160 };

static void text(char *to, size_t cap, const char *from)
{
    (void)snprintf(to, cap, "%s", from != NULL ? from : "");
    for (; *to != '\0'; to++) {
        /* The adapter chose these bytes and a person's terminal shows them.
         * Beyond ASCII are controls as well, and half characters, of which
         * no JSON can be made. */
        if ((unsigned char)*to < 0x20U || (unsigned char)*to >= 0x7FU) {
            *to = '?';
        }
    }
}

/* "/sys/class/tty/NAME/device/LEAF"; false when it does not fit. */
static bool sys_path(char out[SYS_PATH], const char *port, const char *leaf)
{
    const char *slash = strrchr(port, '/');
    int len = snprintf(out, SYS_PATH, "/sys/class/tty/%s/device/%s",
                       slash != NULL ? slash + 1 : port, leaf);

    return len > 0 && len < SYS_PATH;
}

static void find_driver(struct lb_port_info *info)
{
    char path[SYS_PATH], target[256];
    ssize_t len = -1;

    if (sys_path(path, info->path, "driver")) {
        len = readlink(path, target, sizeof target - 1);
    }
    if (len <= 0) {
        return;
    }
    target[len] = '\0';
    const char *slash = strrchr(target, '/');

    text(info->driver, sizeof info->driver, slash != NULL ? slash + 1 : target);
}

static void find_latency(struct lb_port_info *info)
{
    char path[SYS_PATH], digits[8] = "";
    int fd = -1;

    info->latency_ms = -1;
    if (sys_path(path, info->path, "latency_timer")) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        return;
    }
    if (read(fd, digits, sizeof digits - 1) > 0 && digits[0] >= '0' &&
        digits[0] <= '9') {
        info->latency_ms = (int)strtol(digits, NULL, 10);
    }
    (void)close(fd);
}

static void describe(struct lb_port_info *info, const struct sp_port *port)
{
    int vid = 0, pid = 0;

    *info = (struct lb_port_info){0};
    text(info->path, sizeof info->path, sp_get_port_name(port));
    text(info->text, sizeof info->text, sp_get_port_description(port));
    if (sp_get_port_transport(port) == SP_TRANSPORT_USB &&
        sp_get_port_usb_vid_pid(port, &vid, &pid) == SP_OK) {
        info->vid = (unsigned)vid;
        info->pid = (unsigned)pid;
        text(info->serial, sizeof info->serial, sp_get_port_usb_serial(port));
    }
    find_driver(info);
    find_latency(info);
}

enum lockbus_err lb_ports(struct lb_port_info *out, size_t cap, size_t *count)
{
    struct sp_port **list = NULL;
    size_t n = 0;

    if ((out == NULL && cap != 0) || count == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    if (sp_list_ports(&list) != SP_OK) {
        return LOCKBUS_ERR_IO;
    }
    for (; n < cap && list[n] != NULL; n++) {
        describe(&out[n], list[n]);
    }
    sp_free_port_list(list);
    *count = n;
    return LOCKBUS_OK;
}
