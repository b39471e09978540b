/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LONG_60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_300 LONG_60 LONG_60 LONG_60 LONG_60 LONG_60

struct row {
    const char *name, *port, *field;
    struct lb_serial_settings settings;
    enum lockbus_err err;
};

/* clang-format off */
static struct row rows[] = {
    {"pty with a path is a line", "pty:/dev/pts/0", NULL, {9600, 8, 'N', 1}, LOCKBUS_OK},
    {"IPv4 address and port are a line", "rtu+tcp:192.0.2.1:4001", NULL, {9600, 8, 'N', 1}, LOCKBUS_OK},
    {"IPv6 address in brackets is a line", "rtu+tcp:[2001:db8::1]:4001", NULL, {9600, 8, 'N', 1}, LOCKBUS_OK},
    {"highest settings are a line", "pty:/x", NULL, {4000000, 7, 'O', 2}, LOCKBUS_OK},
    {"empty name is refused", "", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"path without a kind is refused", "/dev/ttyS0", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"unknown kind is refused", "udp:1.2.3.4:5", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"Modbus/TCP is a line, and takes no settings", "tcp:192.0.2.1:502", NULL, {0, 0, 0, 0}, LOCKBUS_OK},
    {"kind in capitals is refused", "PTY:/dev/pts/0", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"pty without a path is refused", "pty:", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"pty path beyond the bound is refused", "pty:/" LONG_300, "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"host name is refused, a lookup would block", "rtu+tcp:localhost:4001", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"address without a port is refused", "rtu+tcp:192.0.2.1", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"port 0 is refused", "rtu+tcp:192.0.2.1:0", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"port 65536 is refused", "rtu+tcp:192.0.2.1:65536", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"port 4294968297 is refused", "rtu+tcp:192.0.2.1:4294968297", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"port with a sign is refused", "rtu+tcp:192.0.2.1:+502", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"empty port is refused", "rtu+tcp:192.0.2.1:", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"empty address is refused", "rtu+tcp::502", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"IPv6 without brackets is refused", "rtu+tcp:2001:db8::1:4001", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"IPv4 in brackets is refused", "rtu+tcp:[192.0.2.1]:4001", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"address beyond the bound is refused", "rtu+tcp:" LONG_300 ":4001", "port", {9600, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"baud 0 is refused", "pty:/x", "baud", {0, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"baud 299 is refused", "pty:/x", "baud", {299, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"baud above 4 million is refused", "pty:/x", "baud", {4000001, 8, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"6 data bits are refused", "pty:/x", "data_bits", {9600, 6, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"9 data bits are refused", "pty:/x", "data_bits", {9600, 9, 'N', 1}, LOCKBUS_ERR_CONFIG},
    {"mark parity is refused", "pty:/x", "parity", {9600, 8, 'M', 1}, LOCKBUS_ERR_CONFIG},
    {"small parity letter is refused", "pty:/x", "parity", {9600, 8, 'n', 1}, LOCKBUS_ERR_CONFIG},
    {"no stop bit is refused", "pty:/x", "stop_bits", {9600, 8, 'N', 0}, LOCKBUS_ERR_CONFIG},
    {"3 stop bits are refused", "pty:/x", "stop_bits", {9600, 8, 'N', 3}, LOCKBUS_ERR_CONFIG},
};
/* clang-format on */

static void check_row(void **state)
{
    const struct row *row = *state;
    struct lockbus_line line = {0};
    struct lockbus_error why = {0};

    assert_int_equal(lb_line_new(&line, row->port, &row->settings, &why),
                     row->err);
    if (row->err == LOCKBUS_OK) {
        assert_int_equal(line.size, sizeof line);
        assert_int_equal(line.fd(line.user), -1);
        line.close(line.user);
        lb_line_free(&line);
    } else {
        assert_string_equal(why.field, row->field);
        assert_true(strlen(why.text) > 0);
        assert_int_equal(why.err, row->err);
    }
    assert_null(line.user);
    lb_line_free(&line);
    lb_line_free(NULL);
}

static struct row missing = {.name = "missing arguments are refused"};

static void check_missing(void **state)
{
    struct lockbus_line line = {0};

    (void)state;
    assert_int_equal(lb_line_new(NULL, "pty:/x", &rows[0].settings, NULL),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_line_new(&line, NULL, &rows[0].settings, NULL),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_line_new(&line, "pty:/x", NULL, NULL),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_line_new(&line, "none", &rows[0].settings, NULL),
                     LOCKBUS_ERR_CONFIG);
    assert_int_equal(lb_line_low_latency(&line), LB_LOW_LATENCY_NONE);
}

enum { ROWS = sizeof rows / sizeof rows[0] };

int main(void)
{
    static struct CMUnitTest tests[ROWS + 1];

    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = &rows[i]};
    }
    tests[ROWS] = (struct CMUnitTest){.name = missing.name,
                                      .test_func = check_missing,
                                      .initial_state = &missing};
    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
