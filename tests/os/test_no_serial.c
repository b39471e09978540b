/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Linked with no_serial.c, as a library built with LOCKBUS_SERIAL=OFF is. */

static const struct lb_serial_settings plain = {19200, 8, 'N', 1};

static void serial_ports_are_refused_by_name(void **state)
{
    static const char *const ports[] = {"usb:0403:6001", "path:/dev/ttyS0"};
    struct lockbus_line line = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lockbus_error why = {0};

        assert_int_equal(lb_line_new(&line, ports[i], &plain, &why),
                         LOCKBUS_ERR_CONFIG);
        assert_string_equal(why.field, "port");
        assert_non_null(strstr(why.text, "LOCKBUS_SERIAL=OFF"));
        assert_null(line.user);
    }
}

static void other_lines_remain(void **state)
{
    struct lockbus_line line = {0};

    (void)state;
    assert_int_equal(lb_line_new(&line, "pty:/dev/pts/0", &plain, NULL),
                     LOCKBUS_OK);
    lb_line_free(&line);
    assert_int_equal(lb_line_new(&line, "rtu+tcp:127.0.0.1:1", &plain, NULL),
                     LOCKBUS_OK);
    lb_line_free(&line);
}

static void ports_cannot_be_listed(void **state)
{
    struct lb_port_info ports[1];
    size_t count = 5;

    (void)state;
    assert_int_equal(lb_ports(ports, 1, &count), LOCKBUS_ERR_CONFIG);
    assert_int_equal(count, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serial_ports_are_refused_by_name),
        cmocka_unit_test(other_lines_remain),
        cmocka_unit_test(ports_cannot_be_listed),
    };

    return cmocka_run_group_tests_name("no_serial", tests, NULL, NULL);
}
