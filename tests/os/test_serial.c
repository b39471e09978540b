/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _GNU_SOURCE /* unshare(), RTLD_NEXT */
#include "base/crc16.h"
#include "bus/bus.h"
#include "os/os.h"
#include "os_pty.h"

#include <asm/termbits.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <linux/serial.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * USB adapters without hardware: in a mount namespace of its own this program
 * lays an empty /sys/class/tty and a small /dev over the real ones, describes
 * adapters there and puts ptys in their place. A pty has no modem lines, no
 * driver and no latency timer; the ioctl() below adds what is missing, for
 * libserialport as for lockbus. The namespace needs root (or
 * CAP_SYS_ADMIN): without it the tests fail, they are not left out.
 */

#define SHOWN __attribute__((visibility("default")))

/* ---- A driver ------------------------------------------------------------ */

enum knob { KNOB_NONE, KNOB_WORKS, KNOB_FORBIDDEN, KNOB_IGNORED };

static struct {
    enum knob knob;
    int flags;             /* of serial_struct */
    uint32_t answers_baud; /* instead of the real one; 0: honest */
    bool new_library;      /* sp_open() locks by itself, as 0.1.2 does */
    char order[64]; /* L: lock taken, S: settings changed, O or F: flushed */
} driver;

static void note(char what)
{
    size_t len = strlen(driver.order);

    if (len + 1 < sizeof driver.order) {
        driver.order[len] = what;
    }
}

static int knob_get(struct serial_struct *s)
{
    if (driver.knob == KNOB_NONE) {
        errno = EINVAL;
        return -1;
    }
    *s = (struct serial_struct){.type = PORT_16550A, .flags = driver.flags};
    return 0;
}

static int knob_set(const struct serial_struct *s)
{
    if (driver.knob == KNOB_FORBIDDEN) {
        errno = EPERM;
        return -1;
    }
    driver.flags = driver.knob == KNOB_WORKS ? s->flags : driver.flags;
    return 0;
}

SHOWN int ioctl(int fd, unsigned long request, ...)
{
    va_list args;

    va_start(args, request);
    void *arg = va_arg(args, void *);

    va_end(args);
    switch (request) {
    case TIOCMGET:
        *(int *)arg = 0;
        return 0;
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC:
        return 0;
    case TIOCGSERIAL:
        return knob_get(arg);
    case TIOCSSERIAL:
        return knob_set(arg);
    case TCSETS2:
        note('S');
        break;
    case TCFLSH:
        note((uintptr_t)arg == TCOFLUSH ? 'O' : 'F');
        break;
    default:
        break;
    }
    long ret = syscall(SYS_ioctl, fd, request, arg);

    if (ret == 0 && request == TCGETS2 && driver.answers_baud != 0) {
        struct termios2 *t = arg;

        t->c_ispeed = t->c_ospeed = driver.answers_baud;
    }
    return (int)ret;
}

SHOWN int flock(int fd, int operation)
{
    long ret = syscall(SYS_flock, fd, operation);

    if (ret == 0 && (operation & LOCK_EX) != 0) {
        note('L');
    }
    return (int)ret;
}

struct termios; /* the C library's own, which is not looked into here */
int tcsetattr(int fd, int when, const struct termios *t);

SHOWN int tcsetattr(int fd, int when, const struct termios *t)
{
    int (*real)(int, int, const struct termios *) = NULL;
    void *found = dlsym(RTLD_NEXT, "tcsetattr");

    memcpy(&real, &found, sizeof real);
    note('S');
    return real(fd, when, t);
}

SHOWN enum sp_return sp_open(struct sp_port *port, enum sp_mode flags)
{
    enum sp_return (*real)(struct sp_port *, enum sp_mode) = NULL;
    void *found = dlsym(RTLD_NEXT, "sp_open");

    memcpy(&real, &found, sizeof real);
    if (driver.new_library) {
        int fd = open(sp_get_port_name(port), O_RDWR | O_NOCTTY | O_NONBLOCK);
        long locked = syscall(SYS_flock, fd, LOCK_EX | LOCK_NB);
        int number = errno;

        (void)close(fd);
        if (locked != 0) {
            errno = number;
            return SP_ERR_FAIL;
        }
    }
    return real(port, flags);
}

/* ---- Adapters --------------------------------------------------------------
 */

enum { ADAPTERS = 3 };

struct fixture {
    struct os_pty pty[ADAPTERS];
    struct lockbus_line line;
    struct lockbus_error why;
};

static const struct lb_serial_settings plain = {19200, 8, 'N', 1};

static void write_text(const char *dir, const char *leaf, const char *text)
{
    char path[192];

    (void)snprintf(path, sizeof path, "%s/%s", dir, leaf);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", text) > 0);
    assert_int_equal(fclose(file), 0);
}

static void make_dir(const char *parent, const char *leaf)
{
    char path[192];

    (void)snprintf(path, sizeof path, "%s/%s", parent, leaf);
    assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
}

/* /sys/class/tty/NAME leads to a folder with "usb" in its name, as it would
 * in a real /sys; libserialport goes by that. */
static void plug(struct fixture *f, int which, const char *name,
                 const char *vid, const char *serial)
{
    char dir[96], device[128], path[160], target[64];

    make_dir("/sys/class/tty", ".usb1");
    make_dir("/sys/class/tty/.usb1", name);
    (void)snprintf(dir, sizeof dir, "/sys/class/tty/.usb1/%s", name);
    (void)snprintf(device, sizeof device, "%s/device", dir);
    make_dir(dir, "device");
    write_text(dir, "busnum", "1");
    write_text(dir, "devnum", "4");
    write_text(dir, "idVendor", vid);
    write_text(dir, "idProduct", "6001");
    write_text(dir, "product", "USB <-> \x1b[31mSerial");
    if (serial != NULL) {
        write_text(dir, "serial", serial);
    }
    write_text(device, "latency_timer", "16");
    (void)snprintf(path, sizeof path, "%s/driver", device);
    assert_int_equal(
        symlink("../../../../bus/usb-serial/drivers/ftdi_sio", path), 0);
    (void)snprintf(path, sizeof path, "/sys/class/tty/%s", name);
    (void)snprintf(target, sizeof target, ".usb1/%s", name);
    assert_int_equal(symlink(target, path), 0);

    (void)snprintf(path, sizeof path, "/dev/%s", name);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(mount(f->pty[which].path, path, NULL, MS_BIND, NULL), 0);
}

static void unplug(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof path, "/sys/class/tty/%s", name);
    if (unlink(path) != 0) {
        return;
    }
    (void)snprintf(path, sizeof path, "/sys/class/tty/.usb1/%s", name);
    os_temp_remove(path);
    (void)snprintf(path, sizeof path, "/dev/%s", name);
    assert_int_equal(umount2(path, MNT_DETACH), 0);
    assert_int_equal(unlink(path), 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    memset(&driver, 0, sizeof driver);
    if (f == NULL) {
        return -1;
    }
    for (int i = 0; i < ADAPTERS; i++) {
        if (!os_pty_open(&f->pty[i])) {
            return -1;
        }
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    lb_line_free(&f->line);
    unplug("ttyLB0");
    unplug("ttyLB1");
    unplug("ttyLB7");
    (void)unlink("/dev/by-id");
    for (int i = 0; i < ADAPTERS; i++) {
        os_pty_close(&f->pty[i]);
    }
    free(f);
    return 0;
}

static enum lockbus_err open_as(struct fixture *f, const char *port,
                                struct lb_serial_settings settings)
{
    lb_line_free(&f->line);
    assert_int_equal(lb_line_new(&f->line, port, &settings, &f->why),
                     LOCKBUS_OK);
    return f->line.open(f->line.user, &f->why);
}

static void carries_bytes_of(struct fixture *f, int which)
{
    uint8_t buf[8];
    size_t n = 0;

    assert_int_equal(
        f->line.send(f->line.user, (const uint8_t *)"\r\n\x11", 3, &n),
        LOCKBUS_OK);
    assert_int_equal(n, 3);
    assert_int_equal(read(f->pty[which].master, buf, sizeof buf), 3);
    assert_memory_equal(buf, "\r\n\x11", 3);
    assert_int_equal(write(f->pty[which].master, "\x03\r\n", 3), 3);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(buf, "\x03\r\n", 3);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_OK);
    assert_int_equal(n, 0);
}

/* ---- Listing ---------------------------------------------------------------
 */

static void adapter_is_listed_with_all_that_names_it(void **state)
{
    struct fixture *f = *state;
    struct lb_port_info ports[4];
    size_t count = 9;

    assert_int_equal(lb_ports(ports, 4, &count), LOCKBUS_OK);
    assert_int_equal(count, 0);
    plug(f, 0, "ttyLB0", "0403", "FT9XK2LQ");
    assert_int_equal(lb_ports(ports, 4, &count), LOCKBUS_OK);
    assert_int_equal(count, 1);
    assert_string_equal(ports[0].path, "/dev/ttyLB0");
    assert_int_equal(ports[0].vid, 0x0403);
    assert_int_equal(ports[0].pid, 0x6001);
    assert_string_equal(ports[0].serial, "FT9XK2LQ");
    assert_string_equal(ports[0].driver, "ftdi_sio");
    assert_int_equal(ports[0].latency_ms, 16);
    /* the adapter's own text cannot steer a terminal */
    assert_non_null(strstr(ports[0].text, "USB <-> ?[31mSerial"));
    plug(f, 1, "ttyLB1", "1a86", NULL);
    assert_int_equal(lb_ports(ports, 1, &count), LOCKBUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(lb_ports(ports, 4, &count), LOCKBUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(lb_ports(NULL, 4, &count), LOCKBUS_ERR_USAGE);
}

/* ---- Finding ---------------------------------------------------------------
 */

static void adapter_is_opened_by_its_serial_number(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    plug(f, 1, "ttyLB1", "0403", "BBB");
    assert_int_equal(open_as(f, "usb:0403:6001:BBB", plain), LOCKBUS_OK);
    assert_int_equal(os_pty_baud(&f->pty[1]), 19200);
    carries_bytes_of(f, 1);
    assert_int_equal(open_as(f, "usb:0403:6001:AAA", plain), LOCKBUS_OK);
    carries_bytes_of(f, 0);
}

static void replugged_adapter_is_found_under_its_new_name(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[4];
    size_t n = 0;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    assert_int_equal(open_as(f, "usb:0403:6001:AAA", plain), LOCKBUS_OK);
    carries_bytes_of(f, 0);
    unplug("ttyLB0");
    os_pty_close(&f->pty[0]);
    assert_int_equal(f->line.receive(f->line.user, buf, sizeof buf, &n),
                     LOCKBUS_ERR_IO);
    f->line.close(f->line.user);
    assert_int_equal(f->line.open(f->line.user, &f->why), LOCKBUS_ERR_OFFLINE);
    assert_string_equal(f->why.file, "0403:6001:AAA");
    plug(f, 1, "ttyLB7", "0403", "AAA");
    assert_int_equal(f->line.open(f->line.user, &f->why), LOCKBUS_OK);
    carries_bytes_of(f, 1);
}

static void two_adapters_without_numbers_are_refused_by_name(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "1a86", NULL);
    assert_int_equal(open_as(f, "usb:1a86:6001", plain), LOCKBUS_OK);
    lb_line_free(&f->line);
    plug(f, 1, "ttyLB1", "1A86", NULL);
    assert_int_equal(open_as(f, "usb:1A86:6001", plain), LOCKBUS_ERR_CONFIG);
    assert_non_null(strstr(f->why.text, "/dev/ttyLB0"));
    assert_non_null(strstr(f->why.text, "/dev/ttyLB1"));
    assert_int_equal(f->line.fd(f->line.user), -1);
    assert_int_equal(open_as(f, "path:/dev/ttyLB1", plain), LOCKBUS_OK);
    carries_bytes_of(f, 1);
}

static void two_adapters_with_one_number_are_refused_too(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "0001");
    plug(f, 1, "ttyLB1", "0403", "0001");
    assert_int_equal(open_as(f, "usb:0403:6001:0001", plain),
                     LOCKBUS_ERR_CONFIG);
}

static void other_adapters_are_never_taken_instead(void **state)
{
    struct fixture *f = *state;
    static const char *const ports[] = {
        "usb:0403:6001:AA",   "usb:0403:6001:AAAA", "usb:0403:6001:aaa",
        "usb:0403:6002:AAA",  "usb:0404:6001:AAA",  "usb:0404:6001",
        "usb:0403:6001:AAA\n"};

    plug(f, 0, "ttyLB0", "0403", "AAA");
    plug(f, 1, "ttyLB1", "0403", NULL);
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        assert_int_equal(open_as(f, ports[i], plain), LOCKBUS_ERR_OFFLINE);
    }
}

/* One character more than the longest that fits. */
#define LONG_SERIAL                                                            \
    "usb:0403:6001:"                                                           \
    "0123456789012345678901234567890123456789012345678901234567890123"

static void names_of_another_form_are_refused(void **state)
{
    static const char *const ports[] = {
        "usb:",           "usb:403:6001",   "usb:0403",      "usb:0403:601",
        "usb:0403:6001:", "usb:0403:60011", "usb:0x03:6001", "usb:+403:6001",
        "usb:0403-6001",  "usb:04 3:6001",  "path:ttyLB0",   "path:",
        LONG_SERIAL};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        assert_int_equal(lb_line_new(&f->line, ports[i], &plain, &f->why),
                         LOCKBUS_ERR_CONFIG);
        assert_string_equal(f->why.field, "port");
        assert_null(f->line.user);
    }
}

static void path_is_followed_through_links(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    assert_int_equal(symlink("ttyLB0", "/dev/by-id"), 0);
    assert_int_equal(open_as(f, "path:/dev/by-id", plain), LOCKBUS_OK);
    carries_bytes_of(f, 0);
    assert_int_equal(open_as(f, "path:/dev/ttyLB9", plain),
                     LOCKBUS_ERR_OFFLINE);
    assert_int_equal(open_as(f, "path:/dev/null", plain), LOCKBUS_ERR_CONFIG);
    char port[96];

    /* a port that /sys does not know is no adapter: pty: says so */
    (void)snprintf(port, sizeof port, "path:%s", f->pty[1].path);
    assert_int_equal(open_as(f, port, plain), LOCKBUS_ERR_CONFIG);
    assert_int_equal(f->line.fd(f->line.user), -1);
}

/* ---- Settings --------------------------------------------------------------
 */

static void baud_rates_without_a_name_are_really_set(void **state)
{
    static const uint32_t rates[] = {9600, 14400, 76800, 115200, 250000};
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct lb_serial_settings s = plain;

        s.baud = rates[i];
        assert_int_equal(open_as(f, "usb:0403:6001", s), LOCKBUS_OK);
        assert_int_equal(os_pty_baud(&f->pty[0]), rates[i]);
    }
}

static void driver_that_keeps_another_baud_is_refused(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    driver.answers_baud = 9600;
    assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "baud");
    assert_non_null(strstr(f->why.text, "9600"));
    assert_int_equal(f->line.fd(f->line.user), -1);
    driver.answers_baud = 19200 - 19200 / 50 - 1;
    assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_ERR_CONFIG);
    driver.answers_baud = 19200 - 19200 / 50; /* what a divisor really gives */
    assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_OK);
}

static void parity_that_is_dropped_is_refused(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    assert_int_equal(open_as(f, "usb:0403:6001",
                             (struct lb_serial_settings){9600, 8, 'E', 1}),
                     LOCKBUS_ERR_CONFIG);
    assert_string_equal(f->why.field, "parity");
}

static void low_latency_is_asked_for_and_read_back(void **state)
{
    static const struct {
        enum knob knob;
        enum lb_low_latency result;
    } rows[] = {{KNOB_NONE, LB_LOW_LATENCY_NONE},
                {KNOB_WORKS, LB_LOW_LATENCY_ON},
                {KNOB_FORBIDDEN, LB_LOW_LATENCY_REFUSED},
                {KNOB_IGNORED, LB_LOW_LATENCY_REFUSED}};
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        driver.knob = rows[i].knob;
        driver.flags = 0;
        assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_OK);
        assert_int_equal(lb_line_low_latency(&f->line), rows[i].result);
    }
}

/* ---- Locks -----------------------------------------------------------------
 */

static void port_is_locked_before_it_is_changed(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_OK);
    assert_non_null(strchr(driver.order, 'S'));
    assert_int_equal(driver.order[0], 'L');
}

static void port_that_another_holds_is_busy_and_keeps_its_settings(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    int holder = open("/dev/ttyLB0", O_RDWR | O_NOCTTY | O_CLOEXEC);

    assert_int_equal(flock(holder, LOCK_EX | LOCK_NB), 0);
    uint32_t before = os_pty_baud(&f->pty[0]);

    driver.order[0] = '\0';
    assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_ERR_BUSY);
    assert_non_null(strstr(f->why.text, "another process"));
    assert_string_equal(driver.order, "");
    assert_int_equal(os_pty_baud(&f->pty[0]), before);
    assert_int_equal(close(holder), 0);
    assert_int_equal(f->line.open(f->line.user, &f->why), LOCKBUS_OK);
}

/* A driver's close() would wait for them, on the thread of the doors. */
static void closing_drops_what_was_not_sent(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_OK);
    memset(driver.order, 0, sizeof driver.order);
    f->line.close(f->line.user);
    assert_string_equal(driver.order, "LO");
    f->line.close(f->line.user);
    assert_string_equal(driver.order, "LO");
}

/* libserialport 0.1.2 locks in sp_open(): ours is lent to it, then back. */
static void library_that_locks_by_itself_is_lent_the_lock(void **state)
{
    struct fixture *f = *state;

    plug(f, 0, "ttyLB0", "0403", "AAA");
    driver.new_library = true;
    assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_OK);
    carries_bytes_of(f, 0);
    struct lockbus_line other = {0};

    assert_int_equal(lb_line_new(&other, "path:/dev/ttyLB0", &plain, NULL),
                     LOCKBUS_OK);
    assert_int_equal(other.open(other.user, NULL), LOCKBUS_ERR_BUSY);
    lb_line_free(&other);
}

static void descriptor_is_our_own_and_the_only_one(void **state)
{
    struct fixture *f = *state;
    int before = dup(0);

    assert_int_equal(close(before), 0);
    plug(f, 0, "ttyLB0", "0403", "AAA");
    assert_int_equal(open_as(f, "usb:0403:6001", plain), LOCKBUS_OK);
    int fd = f->line.fd(f->line.user);
    int after = dup(0);

    assert_int_equal(close(after), 0);
    assert_int_equal(fd, before);
    assert_int_equal(after, before + 1);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

/* ---- A bus at work --------------------------------------------------------
 */

/*
 * A bus polls a board behind an adapter; the adapter is pulled out at any
 * point of its exchanges and comes back under another name. The bytes go over
 * real ptys; the bus's clock is the test's, so nobody waits for a time-out.
 */

enum {
    OLD = 0, /* the adapter before, */
    NEW = 1, /* and after */
    DECOY = 2,
    STEP_US = 200,
    REACHED_US = 20000000, /* of the bus's clock */
    DOOR = 3,
    PULLED_AFTER = 24 /* requests; an attach has 1 + 1 + 8 + 1 + 2 */
};

enum cut { CUT_UNANSWERED, CUT_HALF_ANSWERED, CUT_IDLE, CUTS };

struct bench {
    struct fixture *f;
    struct lb_profile profile;
    struct lb_bus *bus;
    uint64_t now_us;
    int adapter; /* where its board is */
    unsigned requests, pulses, offs_before_pulse;
    size_t rx_len;
    uint8_t rx[64], inputs;
    unsigned back, lost, open, accepted, leaf_open;
};

/* The reply of a Waveshare (D) board; its length. */
static size_t board_reply(struct bench *b, const uint8_t *ask, uint8_t *reply)
{
    unsigned at = ask[2] * 256U + ask[3], count = ask[4] * 256U + ask[5];
    size_t len = 0;

    memcpy(reply, ask, 2);
    switch (ask[1]) {
    case 1:
    case 2:
        reply[2] = 1;
        reply[3] = (uint8_t)(ask[1] == 2 ? b->inputs & ((1U << count) - 1) : 0);
        len = 4;
        break;
    case 3:
        reply[2] = (uint8_t)(2 * count);
        memset(reply + 3, 0, 2 * count);
        reply[4] = at == 0x8000 ? 200 : 0;
        len = 3 + 2 * count;
        break;
    default:
        memcpy(reply, ask, 6);
        len = 6;
        if (at >= 0x0200) {
            b->pulses++;
            b->inputs &= (uint8_t) ~(1U << (at - 0x0200));
        } else if (b->pulses == 0) {
            b->offs_before_pulse++;
        }
        break;
    }
    uint16_t sum = lb_crc16(reply, len);

    reply[len] = (uint8_t)sum;
    reply[len + 1] = (uint8_t)(sum >> 8);
    return len + 2;
}

/* Takes one request; answers `part` of it. False: none has come. */
static bool board_turn(struct bench *b, int master, enum cut part)
{
    uint8_t reply[64];
    struct pollfd fd = {master, POLLIN, 0};

    if (poll(&fd, 1, 0) == 1) {
        ssize_t got = read(master, b->rx + b->rx_len, sizeof b->rx - b->rx_len);

        b->rx_len += got > 0 ? (size_t)got : 0;
    }
    if (b->rx_len < 8) {
        return false;
    }
    size_t len = board_reply(b, b->rx, reply);

    len = part == CUT_UNANSWERED      ? 0
          : part == CUT_HALF_ANSWERED ? len / 2
                                      : len;
    assert_int_equal(write(master, reply, len), (ssize_t)len);
    b->rx_len = 0;
    b->requests++;
    return true;
}

static void bus_turn(struct bench *b)
{
    struct lb_report report;

    b->now_us += STEP_US;
    lb_bus_poll(b->bus, b->now_us);
    while (lb_bus_next(b->bus, &report)) {
        b->back += report.kind == LB_REPORT_BACK;
        b->lost += report.kind == LB_REPORT_PORT_LOST;
        b->open += report.kind == LB_REPORT_PORT_OPEN;
        b->accepted += report.kind == LB_REPORT_ACCEPTED;
        b->leaf_open += report.kind == LB_REPORT_LEAF && report.leaf_open;
    }
}

static void run_until(struct bench *b, const unsigned *count, unsigned wanted)
{
    uint64_t end = b->now_us + REACHED_US;

    while (*count < wanted) {
        assert_true(b->now_us < end);
        bus_turn(b);
        (void)board_turn(b, b->f->pty[b->adapter].master, CUT_IDLE);
    }
}

static void begin_bench(struct bench *b, struct fixture *f)
{
    static const char text[] = "[profile]\ndriver = modbus\nchannels = 8\n"
                               "[identity]\nfirmware = fc03 0x8000 min 200\n"
                               "[pulse]\nwrite = fc05 0x0200\nunit_ms = 100\n"
                               "allowed_ms = 200-1000\n[off]\n"
                               "write = fc05 0x0000\n[leaf]\n"
                               "read = fc02 0x0000\n";

    *b = (struct bench){.f = f, .now_us = 1000000, .inputs = 0xFF};
    assert_int_equal(
        lb_profile_parse(&b->profile, "relays", text, sizeof text - 1, &f->why),
        LOCKBUS_OK);
    lb_line_free(&f->line);
    assert_int_equal(
        lb_line_new(&f->line, "usb:0403:6001:AAA", &plain, &f->why),
        LOCKBUS_OK);
    const struct lb_bus_board board = {.address = 1,
                                       .profile = &b->profile,
                                       .pulse_ms = 500,
                                       .rest_ms = 2000,
                                       .shut_is = true};
    const struct lb_bus_config config = {.line = f->line,
                                         .baud = plain.baud,
                                         .bits_per_byte = 10,
                                         .at_once = 1,
                                         .boards = &board,
                                         .board_count = 1};

    assert_int_equal(lb_bus_new(&b->bus, &config), LOCKBUS_OK);
}

/* At this request and this part of its reply. */
static void pull_out(struct bench *b, unsigned after, enum cut cut)
{
    int master = b->f->pty[OLD].master;

    while (b->requests < after) {
        bus_turn(b);
        (void)board_turn(b, master, CUT_IDLE);
    }
    do {
        bus_turn(b);
    } while (!board_turn(b, master, cut));
    unplug("ttyLB0");
    os_pty_close(&b->f->pty[OLD]);
}

/* Another adapter has taken the old name meanwhile; not a byte is for it. */
static void stays_silent(const struct bench *b)
{
    struct pollfd fd = {b->f->pty[DECOY].master, POLLIN, 0};

    assert_int_equal(poll(&fd, 1, 0), 0);
}

static void replug_case(struct fixture *f, unsigned after, enum cut cut)
{
    struct bench b;
    const struct lb_permit permit = {.ref = 9, .pulses = 1};

    plug(f, OLD, "ttyLB0", "0403", "AAA");
    begin_bench(&b, f);
    pull_out(&b, after, cut);
    run_until(&b, &b.lost, 1);
    plug(f, DECOY, "ttyLB0", "0403", "BBB");
    for (unsigned i = 0; i < 5000; i++) {
        bus_turn(&b);
    }
    assert_int_equal(b.open, 1);
    b.adapter = NEW;
    b.requests = b.offs_before_pulse = 0;
    plug(f, NEW, "ttyLB7", "0403", "AAA");
    unsigned before = b.back;

    run_until(&b, &b.back, before + 1);
    assert_int_equal(b.open, 2);
    assert_int_equal(b.lost, 1);
    assert_int_equal(b.offs_before_pulse, 8);
    assert_int_equal(b.pulses, 0);
    assert_int_equal(lb_bus_pulse(b.bus, 0, DOOR, &permit, b.now_us + 5000000),
                     LOCKBUS_OK);
    run_until(&b, &b.leaf_open, 1);
    assert_int_equal(b.pulses, 1);
    assert_int_equal(b.accepted, 1);
    stays_silent(&b);
    lb_bus_free(&b.bus);
    lb_line_free(&f->line);
}

static void running_bus_finds_its_adapter_wherever_it_was_pulled(void **state)
{
    for (unsigned after = 0; after < PULLED_AFTER; after++) {
        for (enum cut cut = CUT_UNANSWERED; cut < CUTS; cut++) {
            void *made = NULL;

            assert_int_equal(set_up(&made), 0);
            replug_case(made, after, cut);
            assert_int_equal(tear_down(&made), 0);
        }
    }
    (void)state;
}

static void adapter_gone_for_a_year_is_found_at_once(void **state)
{
    static const uint64_t year_us = UINT64_C(365) * 86400 * 1000000;
    struct fixture *f = *state;
    struct bench b;

    plug(f, OLD, "ttyLB0", "0403", "AAA");
    begin_bench(&b, f);
    pull_out(&b, 3, CUT_IDLE);
    run_until(&b, &b.lost, 1);
    for (unsigned i = 0; i < 3000; i++) {
        b.now_us += year_us / 3000;
        bus_turn(&b);
    }
    plug(f, NEW, "ttyLB7", "0403", "AAA");
    b.adapter = NEW;
    uint64_t since = b.now_us;

    run_until(&b, &b.open, 2);
    assert_true(b.now_us - since <= 5000000 + STEP_US);
    lb_bus_free(&b.bus);
}

/* ---- The namespace ---------------------------------------------------------
 */

static bool bind_file(const char *dir, const char *leaf)
{
    char from[64], to[128];

    (void)snprintf(from, sizeof from, "/dev/%s", leaf);
    (void)snprintf(to, sizeof to, "%s/%s", dir, leaf);
    int fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    return fd >= 0 && close(fd) == 0 &&
           mount(from, to, NULL, MS_BIND, NULL) == 0;
}

static bool lay_over(const char *dir)
{
    char to[128];

    if (mount("lockbus", dir, "tmpfs", 0, "mode=0755") != 0) {
        return false;
    }
    (void)snprintf(to, sizeof to, "%s/pts", dir);
    if (mkdir(to, 0755) != 0 ||
        mount("/dev/pts", to, NULL, MS_BIND, NULL) != 0) {
        return false;
    }
    (void)snprintf(to, sizeof to, "%s/ptmx", dir);
    return symlink("pts/ptmx", to) == 0 && bind_file(dir, "null") &&
           mount(dir, "/dev", NULL, MS_BIND | MS_REC, NULL) == 0 &&
           mount("lockbus", "/sys/class/tty", "tmpfs", 0, "mode=0755") == 0;
}

static int enter_namespace(void **state)
{
    static char dir[64];

    (void)state;
    if (!os_temp_dir(dir, sizeof dir)) {
        return -1;
    }
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        !lay_over(dir)) {
        fprintf(stderr,
                "test_serial: no mount namespace for a false /sys: %s.\n"
                "These tests need root; they fail rather than prove "
                "nothing.\n",
                strerror(errno));
        return -1;
    }
    /* seen here only; outside it is an empty folder, which goes */
    (void)umount2(dir, MNT_DETACH);
    (void)rmdir(dir);
    return 0;
}

#define SERIAL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERIAL_TEST(adapter_is_listed_with_all_that_names_it),
        SERIAL_TEST(adapter_is_opened_by_its_serial_number),
        SERIAL_TEST(replugged_adapter_is_found_under_its_new_name),
        SERIAL_TEST(two_adapters_without_numbers_are_refused_by_name),
        SERIAL_TEST(two_adapters_with_one_number_are_refused_too),
        SERIAL_TEST(other_adapters_are_never_taken_instead),
        SERIAL_TEST(names_of_another_form_are_refused),
        SERIAL_TEST(path_is_followed_through_links),
        SERIAL_TEST(baud_rates_without_a_name_are_really_set),
        SERIAL_TEST(driver_that_keeps_another_baud_is_refused),
        SERIAL_TEST(parity_that_is_dropped_is_refused),
        SERIAL_TEST(low_latency_is_asked_for_and_read_back),
        SERIAL_TEST(port_is_locked_before_it_is_changed),
        SERIAL_TEST(port_that_another_holds_is_busy_and_keeps_its_settings),
        SERIAL_TEST(closing_drops_what_was_not_sent),
        SERIAL_TEST(library_that_locks_by_itself_is_lent_the_lock),
        SERIAL_TEST(descriptor_is_our_own_and_the_only_one),
        cmocka_unit_test(running_bus_finds_its_adapter_wherever_it_was_pulled),
        SERIAL_TEST(adapter_gone_for_a_year_is_found_at_once),
    };

    return cmocka_run_group_tests_name("serial", tests, enter_namespace, NULL);
}
