/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "issue_args.h"

#include "os/os.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/*
 * Lists the serial ports under the names that a cabinet's configuration takes:
 * by adapter where that names one port only, else by path.
 */

enum { PORTS_MAX = 64, NAME_MAX_LEN = 96, LATENCY_GOOD_MS = 2 };

static bool same_adapter(const struct lb_port_info *a,
                         const struct lb_port_info *b)
{
    return a->vid == b->vid && a->pid == b->pid &&
           strcmp(a->serial, b->serial) == 0;
}

static void name_port(char *out, size_t cap, const struct lb_port_info *ports,
                      size_t count, size_t which)
{
    const struct lb_port_info *port = &ports[which];
    size_t fit = 0;

    for (size_t i = 0; i < count; i++) {
        fit += same_adapter(&ports[i], port) ||
                       (port->serial[0] == '\0' && ports[i].vid == port->vid &&
                        ports[i].pid == port->pid)
                   ? 1
                   : 0;
    }
    if (port->vid == 0 || fit != 1) {
        (void)snprintf(out, cap, "path:%s", port->path);
    } else if (port->serial[0] == '\0') {
        (void)snprintf(out, cap, "usb:%04x:%04x", port->vid, port->pid);
    } else {
        (void)snprintf(out, cap, "usb:%04x:%04x:%s", port->vid, port->pid,
                       port->serial);
    }
}

/* lockbus asks for low latency each time that it opens a port, which most
 * drivers grant to whoever may open it; so this is no fault yet. */
static void warn_of(const struct lb_port_info *port)
{
    if (port->latency_ms > LATENCY_GOOD_MS) {
        printf("%s: the adapter holds replies back for up to %d ms. lockbus "
               "asks for less when it opens the port; where that is refused "
               "(`lockbus bench` says so), set it as root:\n"
               "  echo 1 > /sys/class/tty/%s/device/latency_timer\n",
               port->path, port->latency_ms,
               strncmp(port->path, "/dev/", 5) == 0 ? port->path + 5
                                                    : port->path);
    }
}

static int show_json(const struct lb_port_info *ports, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct lb_port_info *port = &ports[i];
        char name[NAME_MAX_LEN];

        name_port(name, sizeof name, ports, count, i);
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:o}", "port", name,
                      "path", port->path, "vid", (int)port->vid, "pid",
                      (int)port->pid, "serial", port->serial, "driver",
                      port->driver, "text", port->text, "latency_ms",
                      port->latency_ms < 0 ? json_null()
                                           : json_integer(port->latency_ms)));
    }
    int wrote = json_dumpf(list, stdout, JSON_INDENT(2));

    putchar('\n');
    json_decref(list);
    return wrote == 0 ? TOOL_OK : TOOL_FAILED;
}

static void show(const struct lb_port_info *ports, size_t count)
{
    printf("%-32s %-16s %-12s %-8s %s\n", "port =", "now", "driver", "latency",
           "adapter");
    for (size_t i = 0; i < count; i++) {
        char name[NAME_MAX_LEN], latency[16] = "-";

        name_port(name, sizeof name, ports, count, i);
        if (ports[i].latency_ms >= 0) {
            (void)snprintf(latency, sizeof latency, "%d ms",
                           ports[i].latency_ms);
        }
        printf("%-32s %-16s %-12s %-8s %s\n", name, ports[i].path,
               ports[i].driver[0] != '\0' ? ports[i].driver : "-", latency,
               ports[i].text);
    }
    for (size_t i = 0; i < count; i++) {
        warn_of(&ports[i]);
    }
}

int cmd_ports(int argc, char **argv)
{
    static struct lb_port_info ports[PORTS_MAX];
    struct lockbus_error why = {0};
    size_t count = 0;
    bool json = false;
    struct issue_arg table[] = {{"--json", ISSUE_FLAG, &json, 0, true, false}};

    if (!issue_args(argc, argv, table, 1)) {
        return tool_usage(argv[0], NULL);
    }
    why.err = lb_ports(ports, PORTS_MAX, &count);
    if (why.err != LOCKBUS_OK) {
        (void)snprintf(why.text, sizeof why.text, "%s",
                       why.err == LOCKBUS_ERR_CONFIG
                           ? "built without serial ports (LOCKBUS_SERIAL=OFF)"
                           : "the ports cannot be listed");
        return tool_complain(&why);
    }
    if (json) {
        return show_json(ports, count);
    }
    if (count == 0) {
        fputs("no serial ports; is the adapter plugged in?\n", stderr);
        return TOOL_FAILED;
    }
    show(ports, count);
    return TOOL_OK;
}
