/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"
#include "os_pty.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct lb_serial_settings plain = {19200, 8, 'N', 1};

struct fixture {
    struct os_pty pty;
    struct lockbus_line line;
    struct lockbus_error why;
    char port[128];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || !os_pty_open(&f->pty) || chmod(f->pty.path, 0666) != 0) {
        return -1;
    }
    (void)snprintf(f->port, sizeof f->port, "pty:%s", f->pty.path);
    *state = f;
    return lb_line_new(&f->line, f->port, &plain, &f->why) == LOCKBUS_OK ? 0
                                                                         : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lb_line_free(&f->line);
    os_pty_close(&f->pty);
    free(f);
    return 0;
}

static enum lockbus_err open_line(struct fixture *f)
{
    return f->line.open(f->line.user, &f->why);
}

static enum lockbus_err open_with(struct fixture *f,
                                  struct lb_serial_settings settings)
{
    lb_line_free(&f->line);
    assert_int_equal(lb_line_new(&f->line, f->port, &settings, &f->why),
                     LOCKBUS_OK);
    return open_line(f);
}

static void open_port_carries_bytes_both_ways(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[16];
    size_t n = 0;

    assert_int_equal(open_line(f), LOCKBUS_OK);
    /* every byte value a terminal would touch */
    assert_int_equal(
        f->line.send(f->line.user,
                     (const uint8_t *)"\x03\x04\n\r\x11\x13\x00\xFF", 8, &n),
        LOCKBUS_OK);
    assert_int_equal(n, 8);
    assert_int_equal(read(f->pty.master, buf, sizeof buf), 8);
    assert_memory_equal(buf, "\x03\x04\n\r\x11\x13\x00\xFF", 8);

    assert_int_equal(write(f->pty.master, "\x03\x04\n\r\x11\x13\x00\xFF", 8),
                     8);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_OK);
    assert_int_equal(n, 8);
    assert_memory_equal(buf, "\x03\x04\n\r\x11\x13\x00\xFF", 8);
}

static void idle_port_gives_nothing_and_no_error(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[16];
    size_t n = 7;

    assert_int_equal(open_line(f), LOCKBUS_OK);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_OK);
    assert_int_equal(n, 0);
}

static void descriptor_never_blocks_nor_leaks_into_children(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->line.fd(f->line.user), -1);
    assert_int_equal(open_line(f), LOCKBUS_OK);
    int fd = f->line.fd(f->line.user);

    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    f->line.close(f->line.user);
    f->line.close(f->line.user);
    assert_int_equal(f->line.fd(f->line.user), -1);
    assert_int_equal(open_line(f), LOCKBUS_OK);
}

static void stale_input_is_dropped_at_open(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[16];
    size_t n = 0;

    int holder = open(f->pty.path, O_RDWR | O_NOCTTY | O_CLOEXEC);

    assert_true(holder >= 0);
    assert_int_equal(write(f->pty.master, "old\n", 4), 4);
    assert_int_equal(open_line(f), LOCKBUS_OK);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_OK);
    assert_int_equal(n, 0);
    assert_int_equal(close(holder), 0);
}

static void baud_rates_without_a_name_are_set_too(void **state)
{
    static const uint32_t rates[] = {300,   9600,   14400,  28800,
                                     76800, 115200, 250000, 256000};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct lb_serial_settings s = plain;

        s.baud = rates[i];
        assert_int_equal(open_with(f, s), LOCKBUS_OK);
        assert_int_equal(os_pty_baud(&f->pty), rates[i]);
    }
}

/* A pty's driver drops parity and 7 bits without a word: read back, refused. */
static void setting_that_the_driver_drops_is_refused_by_name(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(open_with(f, (struct lb_serial_settings){9600, 8, 'E', 1}),
                     LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "parity");
    assert_int_equal(f->line.fd(f->line.user), -1);
    assert_int_equal(open_with(f, (struct lb_serial_settings){9600, 7, 'N', 1}),
                     LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "data_bits");
    assert_string_equal(f->why.file, f->pty.path);
    assert_int_equal(open_with(f, (struct lb_serial_settings){9600, 8, 'N', 2}),
                     LOCKBUS_OK);
}

static void low_latency_does_not_apply_to_a_pty(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(open_line(f), LOCKBUS_OK);
    assert_int_equal(lb_line_low_latency(&f->line), LB_LOW_LATENCY_NONE);
}

/* ---- Exclusive --------------------------------------------------------- */

static void port_of_another_bus_is_busy(void **state)
{
    struct fixture *f = *state;
    struct lockbus_line other = {0};

    assert_int_equal(open_line(f), LOCKBUS_OK);
    assert_int_equal(lb_line_new(&other, f->port, &plain, NULL), LOCKBUS_OK);
    assert_int_equal(other.open(other.user, &f->why), LOCKBUS_ERR_BUSY);
    assert_non_null(strstr(f->why.text, "another process"));
    f->line.close(f->line.user);
    assert_int_equal(other.open(other.user, &f->why), LOCKBUS_OK);
    lb_line_free(&other);
}

static int try_to_open(void *arg)
{
    struct fixture *f = arg;
    struct lockbus_line other = {0};

    if (lb_line_new(&other, f->port, &plain, NULL) != LOCKBUS_OK) {
        return 98;
    }
    int err = (int)other.open(other.user, NULL);

    lb_line_free(&other);
    return err;
}

static int try_plain_open(void *arg)
{
    const struct fixture *f = arg;
    int fd = open(f->pty.path, O_RDWR | O_NOCTTY | O_NONBLOCK);

    if (fd >= 0) {
        (void)close(fd);
        return 0;
    }
    return errno;
}

static void port_is_busy_for_other_processes(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(os_in_child(try_to_open, f, true), LOCKBUS_OK);
    assert_int_equal(open_line(f), LOCKBUS_OK);
    assert_int_equal(os_in_child(try_to_open, f, true), LOCKBUS_ERR_BUSY);
    assert_int_equal(os_in_child(try_to_open, f, false), LOCKBUS_ERR_BUSY);
}

/* Whoever knows nothing of locks is kept out by TIOCEXCL, unless root. */
static void port_cannot_be_opened_by_the_unwitting(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(os_in_child(try_plain_open, f, true), 0);
    assert_int_equal(open_line(f), LOCKBUS_OK);
    assert_int_equal(os_in_child(try_plain_open, f, true), EBUSY);

    int keeper = dup(f->line.fd(f->line.user)); /* keeps the tty from ending */

    f->line.close(f->line.user);
    assert_int_equal(os_in_child(try_plain_open, f, true), 0);
    assert_int_equal(close(keeper), 0);
}

static void busy_port_keeps_its_settings(void **state)
{
    struct fixture *f = *state;

    int holder = open(f->pty.path, O_RDWR | O_NOCTTY | O_CLOEXEC);

    assert_true(holder >= 0);
    assert_int_equal(flock(holder, LOCK_EX | LOCK_NB), 0);
    uint32_t before = os_pty_baud(&f->pty);

    assert_int_not_equal(before, 57600);
    assert_int_equal(
        open_with(f, (struct lb_serial_settings){57600, 8, 'N', 1}),
        LOCKBUS_ERR_BUSY);
    assert_int_equal(os_pty_baud(&f->pty), before);
    assert_int_equal(close(holder), 0);
    assert_int_equal(open_line(f), LOCKBUS_OK);
    assert_int_equal(os_pty_baud(&f->pty), 57600);
}

/* ---- Loss -------------------------------------------------------------- */

static void closed_master_is_an_error_at_once(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[4];
    size_t n = 0;

    assert_int_equal(open_line(f), LOCKBUS_OK);
    os_pty_close(&f->pty);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->line.send(f->line.user, buf, 1, &n), LOCKBUS_ERR_IO);
    f->line.close(f->line.user);
    assert_int_equal(open_line(f), LOCKBUS_ERR_OFFLINE);
    assert_int_equal(f->line.fd(f->line.user), -1);
}

/* A tty that was hung up reads as empty for ever: only poll() knows. */
static void hung_up_tty_is_an_error_although_it_reads_as_empty(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[4];
    size_t n = 0;

    assert_int_equal(open_line(f), LOCKBUS_OK);
    if (ioctl(f->line.fd(f->line.user), TIOCVHANGUP) != 0) {
        assert_int_equal(errno, EPERM);
        skip(); /* only root may hang up; CI is root */
    }
    assert_int_equal(read(f->line.fd(f->line.user), buf, sizeof buf), 0);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_ERR_IO);
    assert_int_equal(f->line.send(f->line.user, buf, 1, &n), LOCKBUS_ERR_IO);
}

/* libserialport sets VMIN to 0: then 0 bytes mean no more than that. */
static void empty_read_without_hang_up_is_no_error(void **state)
{
    struct fixture *f = *state;
    struct termios2 t;
    uint8_t buf[4];
    size_t n = 9;

    assert_int_equal(open_line(f), LOCKBUS_OK);
    assert_int_equal(ioctl(f->line.fd(f->line.user), TCGETS2, &t), 0);
    t.c_cc[VMIN] = 0;
    assert_int_equal(ioctl(f->line.fd(f->line.user), TCSETS2, &t), 0);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_OK);
    assert_int_equal(n, 0);
}

static size_t drain(struct fixture *f)
{
    struct pollfd p = {.fd = f->pty.master, .events = POLLIN};
    uint8_t buf[4096];
    size_t all = 0;

    while (poll(&p, 1, 0) == 1) {
        ssize_t got = read(f->pty.master, buf, sizeof buf);

        assert_true(got > 0);
        all += (size_t)got;
    }
    return all;
}

static void full_port_takes_part_and_then_nothing(void **state)
{
    struct fixture *f = *state;
    static const uint8_t bytes[4096] = {0x55};
    size_t n = 1, all = 0;
    bool partly = false;

    assert_int_equal(open_line(f), LOCKBUS_OK);
    for (int i = 0; n != 0; i++) {
        assert_true(i < 1000);
        assert_int_equal(f->line.send(f->line.user, bytes, sizeof bytes, &n),
                         LOCKBUS_OK);
        partly = partly || (n > 0 && n < sizeof bytes);
        all += n;
    }
    assert_true(partly);
    size_t out = 0;

    for (int i = 0; out < all && i < 1000; i++) {
        out += drain(f);
    }
    assert_int_equal(out, all);
    assert_int_equal(f->line.send(f->line.user, bytes, 100, &n), LOCKBUS_OK);
    assert_int_equal(n, 100);
}

/* ---- What is no port --------------------------------------------------- */

static void only_a_tty_is_taken(void **state)
{
    struct fixture *f = *state;
    char dir[64], path[96];

    assert_true(os_temp_dir(dir, sizeof dir));
    const struct {
        const char *name;
        enum lockbus_err err;
    } rows[] = {{"/dev/null", LOCKBUS_ERR_CONFIG},
                {dir, LOCKBUS_ERR_CONFIG},
                {"/dev/no-such-port", LOCKBUS_ERR_OFFLINE}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)snprintf(f->port, sizeof f->port, "pty:%s", rows[i].name);
        assert_int_equal(open_with(f, plain), rows[i].err);
        assert_string_equal(f->why.file, rows[i].name);
        assert_int_equal(f->line.fd(f->line.user), -1);
    }
    (void)snprintf(path, sizeof path, "%s/fifo", dir);
    (void)snprintf(f->port, sizeof f->port, "pty:%s", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(open_with(f, plain), LOCKBUS_ERR_CONFIG);
    assert_int_equal(unlink(path), 0);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_with(f, plain), LOCKBUS_ERR_CONFIG);
    os_temp_remove(dir);
}

static void forbidden_port_names_the_system_error(void **state)
{
    struct fixture *f = *state;

    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chmod(f->pty.path, 0600), 0);
    assert_int_equal(os_in_child(try_to_open, f, true), LOCKBUS_ERR_IO);
}

#define PORT_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PORT_TEST(open_port_carries_bytes_both_ways),
        PORT_TEST(idle_port_gives_nothing_and_no_error),
        PORT_TEST(descriptor_never_blocks_nor_leaks_into_children),
        PORT_TEST(stale_input_is_dropped_at_open),
        PORT_TEST(baud_rates_without_a_name_are_set_too),
        PORT_TEST(setting_that_the_driver_drops_is_refused_by_name),
        PORT_TEST(low_latency_does_not_apply_to_a_pty),
        PORT_TEST(port_of_another_bus_is_busy),
        PORT_TEST(port_is_busy_for_other_processes),
        PORT_TEST(port_cannot_be_opened_by_the_unwitting),
        PORT_TEST(busy_port_keeps_its_settings),
        PORT_TEST(closed_master_is_an_error_at_once),
        PORT_TEST(hung_up_tty_is_an_error_although_it_reads_as_empty),
        PORT_TEST(empty_read_without_hang_up_is_no_error),
        PORT_TEST(full_port_takes_part_and_then_nothing),
        PORT_TEST(only_a_tty_is_taken),
        PORT_TEST(forbidden_port_names_the_system_error),
    };

    return cmocka_run_group_tests_name("tty", tests, NULL, NULL);
}
