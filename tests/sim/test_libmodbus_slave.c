/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The library's bus against libmodbus' own server, in a process of its own: on
 * a pty, over TCP and as RTU over TCP. That server confirms no pulse with a
 * time (it refuses every FC05 value but FF00 and 0000), so here a board says
 * no and opens all the same: the refusal is no acceptance, and what the input
 * says is what counts.
 */
#include "os_pty.h"
#include "os_tcp.h"
#include "real_bus.h"

#include <fcntl.h>
#include <modbus.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    BAUD = 115200,
    CHANNELS = 8,
    CHANNEL = 5,
    COILS = 0x0210, /* what is written to at 0x0200 + n is a pulse */
    REGISTERS = 0x1000,
    VERSION = 0x8000,
    READS = 20
};

struct slave {
    const char *kind;
    struct os_pty pty;
    int listener;
    pid_t pid;
    struct real_bus real;
};

/* ---- The server, in the child ------------------------------------------- */

static bool is_pulse(const uint8_t *pdu)
{
    return pdu[0] == 5 && pdu[1] == 2 && pdu[2] == CHANNEL;
}

static int serve(modbus_t *context, int fd)
{
    modbus_mapping_t *map = modbus_mapping_new_start_address(
        0, COILS, 0, CHANNELS, REGISTERS, VERSION + 1 - REGISTERS, 0, 1);
    uint8_t query[MODBUS_MAX_ADU_LENGTH];

    if (context == NULL || map == NULL || modbus_set_slave(context, 1) != 0 ||
        modbus_set_socket(context, fd) != 0) {
        return 1;
    }
    memset(map->tab_input_bits, 1, CHANNELS);
    map->tab_registers[VERSION - REGISTERS] = 200;
    for (;;) {
        int len = modbus_receive(context, query);

        if (len < 0) {
            return 0;
        }
        if (len > 0 && modbus_reply(context, query, len, map) > 0 &&
            is_pulse(query + modbus_get_header_length(context))) {
            map->tab_input_bits[CHANNEL] = 0;
        }
    }
}

static int run(const struct slave *slave)
{
    bool rtu = strcmp(slave->kind, "tcp") != 0;
    modbus_t *context = rtu ? modbus_new_rtu("none", BAUD, 'N', 8, 1)
                            : modbus_new_tcp("127.0.0.1", 1502);
    int fd = slave->pty.master;

    if (slave->listener >= 0) {
        fd = accept(slave->listener, NULL, NULL);
    } else if (open(slave->pty.path, O_RDWR | O_NOCTTY) < 0) {
        return 1; /* kept open: the master must never see a hang-up */
    }
    return serve(context, fd);
}

/* ---- The bus ------------------------------------------------------------ */

static int set_up(void **state)
{
    struct slave *slave = calloc(1, sizeof *slave);
    char port[96];

    assert_non_null(slave);
    slave->kind = *state;
    slave->listener = slave->pty.master = -1;
    slave->real.channel = CHANNEL;
    if (strcmp(slave->kind, "pty") == 0) {
        assert_true(os_pty_open(&slave->pty));
        (void)snprintf(port, sizeof port, "pty:%s", slave->pty.path);
    } else {
        slave->listener = os_tcp_listen(1, slave->kind, port, sizeof port);
        assert_true(slave->listener >= 0);
    }
    (void)fflush(NULL);
    slave->pid = fork();
    if (slave->pid == 0) {
        _exit(run(slave));
    }
    assert_true(slave->pid > 0);
    assert_int_equal(real_bus_open(&slave->real, port,
                                   strcmp(slave->kind, "tcp") == 0 ? 0 : BAUD),
                     LOCKBUS_OK);
    *state = slave;
    return 0;
}

static int tear_down(void **state)
{
    struct slave *slave = *state;

    real_bus_close(&slave->real);
    (void)kill(slave->pid, SIGKILL);
    (void)waitpid(slave->pid, NULL, 0);
    os_pty_close(&slave->pty);
    if (slave->listener >= 0) {
        (void)close(slave->listener);
    }
    free(slave);
    return 0;
}

static void it_is_attached_read_and_its_refusal_is_no_acceptance(void **state)
{
    struct slave *slave = *state;
    struct real_bus *real = &slave->real;
    struct lb_bus_counters count;

    assert_true(real_bus_until(real, &real->back, 1));
    unsigned away = real->away; /* of a line that is connecting, so is it */

    assert_true(real_bus_until(real, &real->shut, 1));
    assert_true(real_bus_until(real, &real->readings, READS));
    assert_int_equal(real->opened, 0);
    assert_int_equal(real_bus_pulse(real, CHANNEL, 7), LOCKBUS_OK);
    assert_true(real_bus_until(real, &real->lost, 1));
    assert_true(real_bus_until(real, &real->opened, 1));
    assert_int_equal(real->sent, 1);
    assert_int_equal(real->accepted, 0);
    assert_int_equal(real->away, away);
    lb_bus_counters(real->bus, &count);
    assert_int_equal(count.exceptions, 1);
    assert_int_equal(count.crc_errors, 0);
    assert_int_equal(count.stray_bytes, 0);
}

#define SLAVE(what)                                                            \
    {                                                                          \
        .name = "libmodbus' server, " what,                                    \
        .test_func = it_is_attached_read_and_its_refusal_is_no_acceptance,     \
        .setup_func = set_up, .teardown_func = tear_down,                      \
        .initial_state = (void *)(uintptr_t)what                               \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        SLAVE("pty"),
        SLAVE("tcp"),
        SLAVE("rtu+tcp"),
    };
    return cmocka_run_group_tests_name("libmodbus slaves", tests, NULL, NULL);
}
