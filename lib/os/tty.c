/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/tty.h"
#include "os/line.h"
#include "os/why.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The kernel's own termios2 instead of the C library's: it carries any baud
 * rate as a number, and what the driver made of it can be read back.
 */

bool lb_tty_init(struct lb_tty *tty, const char *path,
                 const struct lb_serial_settings *settings)
{
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof tty->path) {
        return false;
    }
    memcpy(tty->path, path, len + 1);
    tty->fd = -1;
    tty->settings = *settings;
    tty->low_latency = LB_LOW_LATENCY_NONE;
    return true;
}

static enum lockbus_err busy(const struct lb_tty *tty,
                             struct lockbus_error *why)
{
    return lb_why(why, LOCKBUS_ERR_BUSY, tty->path, NULL,
                  "another process or bus holds the port");
}

enum lockbus_err lb_tty_lock(struct lb_tty *tty, struct lockbus_error *why)
{
    if (flock(tty->fd, LOCK_EX | LOCK_NB) == 0) {
        return LOCKBUS_OK;
    }
    if (errno == EWOULDBLOCK) {
        return busy(tty, why);
    }
    return lb_why_io(why, errno, tty->path, "the port cannot be locked");
}

static enum lockbus_err cannot_open(const struct lb_tty *tty, int number,
                                    struct lockbus_error *why)
{
    switch (number) {
    case EBUSY:
        return busy(tty, why); /* TIOCEXCL of whoever holds it */
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case EIO:
        (void)lb_why_io(why, number, tty->path, "the port is not there");
        if (why != NULL) {
            why->err = LOCKBUS_ERR_OFFLINE;
        }
        return LOCKBUS_ERR_OFFLINE;
    case EACCES:
        return lb_why_io(why, number, tty->path,
                         "this user may not use the port (group dialout?)");
    default:
        return lb_why_io(why, number, tty->path, "the port cannot be opened");
    }
}

enum lockbus_err lb_tty_claim(struct lb_tty *tty, struct lockbus_error *why)
{
    struct termios2 now;
    struct stat st;

    /* Some character devices act on being opened; a file or FIFO does not,
     * but is no port either. */
    if (stat(tty->path, &st) != 0) {
        return cannot_open(tty, errno, why);
    }
    if (!S_ISCHR(st.st_mode)) {
        return lb_why(why, LOCKBUS_ERR_CONFIG, tty->path, "port",
                      "is not a serial port");
    }
    tty->fd = open(tty->path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (tty->fd < 0) {
        return cannot_open(tty, errno, why);
    }
    if (ioctl(tty->fd, TCGETS2, &now) != 0) {
        enum lockbus_err err = errno == ENOTTY
                                   ? lb_why(why, LOCKBUS_ERR_CONFIG, tty->path,
                                            "port", "is not a serial port")
                                   : cannot_open(tty, errno, why);

        return lb_tty_abandon(tty, err);
    }
    return lb_tty_abandon(tty, lb_tty_lock(tty, why));
}

enum lockbus_err lb_tty_abandon(struct lb_tty *tty, enum lockbus_err err)
{
    if (err != LOCKBUS_OK) {
        lb_tty_close(tty);
    }
    return err;
}

/* Raw, receiver on, no modem lines, no hang-up on close. */
static void wanted(struct termios2 *t, const struct lb_serial_settings *s)
{
    t->c_iflag = IGNBRK | (s->parity != 'N' ? INPCK | IGNPAR : 0);
    t->c_oflag = 0;
    t->c_lflag = 0;
    t->c_cflag = CREAD | CLOCAL | BOTHER | (s->data_bits == 7 ? CS7 : CS8);
    t->c_cflag |= s->parity != 'N' ? PARENB : 0U;
    t->c_cflag |= s->parity == 'O' ? PARODD : 0U;
    t->c_cflag |= s->stop_bits == 2 ? CSTOPB : 0U;
    t->c_ispeed = t->c_ospeed = s->baud;
    t->c_cc[VMIN] = 1;
    t->c_cc[VTIME] = 0;
}

/* Within 2 %: a driver tells the rate that its divisor really gives, and
 * that much two ends of a line bear. Another rate was not taken. */
static bool near(uint32_t got, uint32_t asked)
{
    uint32_t apart = got > asked ? got - asked : asked - got;

    return apart <= asked / 50U;
}

static const char *differs(const struct termios2 *got,
                           const struct lb_serial_settings *s)
{
    struct termios2 ask = *got;

    wanted(&ask, s);
    if (!near(got->c_ospeed, s->baud) || !near(got->c_ispeed, s->baud)) {
        return "baud";
    }
    if ((got->c_cflag & CSIZE) != (ask.c_cflag & CSIZE)) {
        return "data_bits";
    }
    if ((got->c_cflag & (PARENB | PARODD | CMSPAR)) !=
        (ask.c_cflag & (PARENB | PARODD))) {
        return "parity";
    }
    if ((got->c_cflag & CSTOPB) != (ask.c_cflag & CSTOPB)) {
        return "stop_bits";
    }
    if ((got->c_cflag & CRTSCTS) != 0 || (got->c_iflag & (IXON | IXOFF)) != 0) {
        return "flow_control";
    }
    if ((got->c_lflag & (ICANON | ECHO | ISIG | IEXTEN)) != 0 ||
        (got->c_oflag & OPOST) != 0 ||
        (got->c_iflag & (ICRNL | INLCR | IGNCR | ISTRIP)) != 0) {
        return "raw";
    }
    return NULL;
}

/* FTDI chips hold short replies back for 16 ms unless asked not to; drivers
 * without the knob answer EINVAL or ENOTTY. A driver that refuses only makes
 * the bus slower, so it is reported and not an error. */
static enum lb_low_latency ask_low_latency(int fd)
{
    const int low = (int)ASYNC_LOW_LATENCY;
    struct serial_struct serial = {0};

    if (ioctl(fd, TIOCGSERIAL, &serial) != 0) {
        return LB_LOW_LATENCY_NONE;
    }
    serial.flags |= low;
    if (ioctl(fd, TIOCSSERIAL, &serial) != 0 &&
        (errno == EINVAL || errno == ENOTTY)) {
        return LB_LOW_LATENCY_NONE;
    }
    serial = (struct serial_struct){0};
    if (ioctl(fd, TIOCGSERIAL, &serial) != 0 || (serial.flags & low) == 0) {
        return LB_LOW_LATENCY_REFUSED;
    }
    return LB_LOW_LATENCY_ON;
}

enum lockbus_err lb_tty_settle(struct lb_tty *tty, struct lockbus_error *why)
{
    struct termios2 got;
    char text[160];

    if (ioctl(tty->fd, TCGETS2, &got) != 0) {
        return lb_why_io(why, errno, tty->path, "settings cannot be read");
    }
    const char *field = differs(&got, &tty->settings);

    if (field != NULL) {
        (void)snprintf(text, sizeof text,
                       "the port did not take it: asked for %u %u%c%u, it "
                       "says %u baud, flags %#x",
                       (unsigned)tty->settings.baud,
                       (unsigned)tty->settings.data_bits, tty->settings.parity,
                       (unsigned)tty->settings.stop_bits,
                       (unsigned)got.c_ospeed, (unsigned)got.c_cflag);
        return lb_why(why, LOCKBUS_ERR_CONFIG, tty->path, field, text);
    }
    if (ioctl(tty->fd, TIOCEXCL) != 0) {
        return lb_why_io(why, errno, tty->path, "cannot keep others out");
    }
    tty->low_latency = ask_low_latency(tty->fd);
    if (ioctl(tty->fd, TCFLSH, TCIOFLUSH) != 0) {
        return lb_why_io(why, errno, tty->path, "cannot be flushed");
    }
    return LOCKBUS_OK;
}

enum lockbus_err lb_tty_send(void *user, const uint8_t *bytes, size_t len,
                             size_t *sent)
{
    const struct lb_tty *tty = user;
    ssize_t put = write(tty->fd, bytes, len);

    if (put < 0 && errno != EAGAIN && errno != EINTR) {
        return LOCKBUS_ERR_IO;
    }
    *sent = put > 0 ? (size_t)put : 0;
    return LOCKBUS_OK;
}

/* Nothing to read is EAGAIN or 0, by VMIN; a port that was pulled out also
 * gives 0, for ever, and only poll() tells which. */
static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) < 0 ||
           (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

enum lockbus_err lb_tty_receive(void *user, uint8_t *buf, size_t cap,
                                size_t *got)
{
    const struct lb_tty *tty = user;
    ssize_t have = read(tty->fd, buf, cap);

    if (have < 0 && errno != EAGAIN && errno != EINTR) {
        return LOCKBUS_ERR_IO;
    }
    if (have == 0 && cap != 0 && hung_up(tty->fd)) {
        errno = EIO; /* what a read that says so would have left */
        return LOCKBUS_ERR_IO;
    }
    *got = have > 0 ? (size_t)have : 0;
    return LOCKBUS_OK;
}

int lb_tty_fd(void *user)
{
    const struct lb_tty *tty = user;

    return tty->fd;
}

/*
 * TIOCEXCL belongs to the port, not to this descriptor: left set, it would
 * keep the next one out while any other descriptor is open. What was not sent
 * yet is dropped: close() would wait for it, up to 30 s with some drivers, and
 * a line that was given up must not say one thing more.
 */
void lb_tty_close(void *user)
{
    struct lb_tty *tty = user;

    if (tty->fd < 0) {
        return;
    }
    if (lb_tty_lock(tty, NULL) == LOCKBUS_OK) {
        (void)ioctl(tty->fd, TCFLSH, TCOFLUSH);
        (void)ioctl(tty->fd, TIOCNXCL);
    }
    (void)close(tty->fd);
    tty->fd = -1;
}

static enum lockbus_err pty_open(void *user, struct lockbus_error *why)
{
    struct lb_tty *tty = user;
    struct termios2 t;

    lb_tty_close(tty);
    enum lockbus_err err = lb_tty_claim(tty, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (ioctl(tty->fd, TCGETS2, &t) != 0) {
        err = lb_why_io(why, errno, tty->path, "settings cannot be read");
        return lb_tty_abandon(tty, err);
    }
    wanted(&t, &tty->settings);
    if (ioctl(tty->fd, TCSETS2, &t) != 0) {
        err = lb_why_io(why, errno, tty->path, "settings cannot be set");
        return lb_tty_abandon(tty, err);
    }
    return lb_tty_abandon(tty, lb_tty_settle(tty, why));
}

enum lockbus_err lb_line_pty(struct lockbus_line *line, const char *rest,
                             const struct lb_serial_settings *settings,
                             struct lockbus_error *why)
{
    struct lb_tty *tty = calloc(1, sizeof *tty);

    if (tty == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    if (!lb_tty_init(tty, rest, settings)) {
        free(tty);
        return lb_why(why, LOCKBUS_ERR_CONFIG, NULL, "port",
                      "the path after pty: is missing or too long");
    }
    line->user = tty;
    line->open = pty_open;
    line->send = lb_tty_send;
    line->receive = lb_tty_receive;
    line->fd = lb_tty_fd;
    line->close = lb_tty_close;
    return LOCKBUS_OK;
}
