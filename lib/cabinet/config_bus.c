/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "cabinet/config_read.h"

#include <string.h>

/* One of these stands before the colon; `check` sees what follows it. */
struct port_kind {
    const char *prefix;
    bool (*check)(const char *rest);
    const char *form;
};

static bool check_hex4(const char *text)
{
    for (size_t i = 0; i < 4; i++) {
        bool digit = (text[i] >= '0' && text[i] <= '9') ||
                     (text[i] >= 'a' && text[i] <= 'f') ||
                     (text[i] >= 'A' && text[i] <= 'F');
        if (!digit) {
            return false;
        }
    }
    return true;
}

static bool check_usb(const char *rest)
{
    return check_hex4(rest) && rest[4] == ':' && check_hex4(rest + 5) &&
           (rest[9] == '\0' || (rest[9] == ':' && rest[10] != '\0'));
}

static bool check_path(const char *rest)
{
    return rest[0] == '/' && rest[1] != '\0';
}

static bool check_tcp(const char *rest)
{
    const char *colon = strrchr(rest, ':');
    uint32_t port = 0;

    return colon != NULL && colon != rest &&
           lb_parse_u32(colon + 1, 1, 65535, &port);
}

static bool check_host(const char *rest)
{
    return rest[0] != '\0';
}

static const struct port_kind kinds[] = {
    {"usb:", check_usb, "usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL"},
    {"path:", check_path, "path:/dev/NAME"},
    {"pty:", check_path, "pty:/PATH"},
    {"rtu+tcp:", check_tcp, "rtu+tcp:HOST:PORT"},
    {"tcp:", check_tcp, "tcp:HOST:PORT"},
    {"host:", check_host, "host:NAME"},
};

static bool check_port(struct lb_ini *ini, const char *key, const char *value)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = strlen(kinds[i].prefix);

        if (strncmp(value, kinds[i].prefix, len) != 0) {
            continue;
        }
        return kinds[i].check(value + len) ||
               lb_ini_fail(ini, key, "the port's form is %s", kinds[i].form);
    }
    return lb_ini_fail(ini, key,
                       "a port begins with usb:, path:, pty:, rtu+tcp:, "
                       "tcp: or host:");
}

static struct lb_config_bus *current(void *user)
{
    struct lb_config *config = ((struct lb_config_reading *)user)->config;

    return &config->bus[config->bus_count - 1];
}

static bool good_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    return name[strspn(name, allowed)] == '\0';
}

bool lb_config_bus_begin(struct lb_config *config, struct lb_ini *ini,
                         const char *name)
{
    if (config->bus_count == LB_CONFIG_BUSES) {
        return lb_ini_fail(ini, name, "there are more than %d buses",
                           LB_CONFIG_BUSES);
    }
    struct lb_config_bus *bus = &config->bus[config->bus_count];

    if (!good_name(name) || !lb_parse_text(bus->name, sizeof bus->name, name)) {
        return lb_ini_fail(ini, name,
                           "a bus is named by up to %zu letters, digits, - "
                           "and _",
                           sizeof bus->name - 1);
    }
    bus->line = ini->line;
    config->bus_count++;
    return true;
}

bool lb_config_take_port(void *user, struct lb_ini *ini, const char *key,
                         const char *value)
{
    const struct lb_config *config = ((struct lb_config_reading *)user)->config;
    struct lb_config_bus *bus = current(user);

    if (!check_port(ini, key, value)) {
        return false;
    }
    for (size_t i = 0; i + 1 < config->bus_count; i++) {
        if (strcmp(config->bus[i].port, value) == 0) {
            return lb_ini_fail(ini, key, "bus %s has this port already",
                               config->bus[i].name);
        }
    }
    return lb_parse_text(bus->port, sizeof bus->port, value) ||
           lb_ini_fail(ini, key, "the port is longer than %zu bytes",
                       sizeof bus->port - 1);
}

bool lb_config_take_baud(void *user, struct lb_ini *ini, const char *key,
                         const char *value)
{
    struct lb_serial_settings *serial = &current(user)->serial;
    char words[32];
    char *rest = words;
    uint32_t baud = 0;

    if (!lb_parse_text(words, sizeof words, value)) {
        return lb_ini_fail(ini, key, "the value is too long");
    }
    char *comma = strchr(words, ',');
    if (comma != NULL) {
        *comma = ' '; /* as the tools' --baud takes it */
    }
    const char *rate = lb_parse_word(&rest);
    const char *frame = lb_parse_word(&rest);
    if (rate == NULL || frame == NULL || lb_parse_word(&rest) != NULL ||
        !lb_parse_u32(rate, 1200, 1000000, &baud)) {
        return lb_ini_fail(ini, key,
                           "it is a rate from 1200 to 1000000 and a frame, "
                           "such as 115200 8N1");
    }
    if (strlen(frame) != 3 || frame[0] != '8' ||
        strchr("NEO", frame[1]) == NULL ||
        (frame[2] != '1' && frame[2] != '2')) {
        return lb_ini_fail(ini, key,
                           "the frame is 8N1, 8E1, 8O1 or with 2 stop bits: "
                           "RTU needs 8 data bits");
    }
    serial->baud = baud;
    serial->data_bits = 8;
    serial->parity = frame[1];
    serial->stop_bits = (uint8_t)(frame[2] - '0');
    return true;
}

bool lb_config_take_timed(void *user, struct lb_ini *ini, const char *key,
                          const char *value)
{
    current(user)->host_timed = true;
    return strcmp(value, "host") == 0 ||
           lb_ini_fail(ini, key,
                       "pulses are timed by the boards, without this key, or "
                       "by the host");
}
