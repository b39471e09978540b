/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _GNU_SOURCE /* cfmakeraw */
#include "open_n_host.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
    PER_BOARD = 8,
    WRITE_COIL = 0x05,
    FLASH_ON = 0x02, /* the high byte of the address: the board times it */
    PULSE_100MS = 5,
    REPLY_MS = 200,
    QUIET_MS = 3 /* more than 3.5 characters at 115200 baud */
};

static uint16_t crc16(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xFFFF;

    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1);
        }
    }
    return crc;
}

void open_n_frame(unsigned n, uint8_t frame[OPEN_N_FRAME])
{
    frame[0] = (uint8_t)((n - 1) / PER_BOARD + 1);
    frame[1] = WRITE_COIL;
    frame[2] = FLASH_ON;
    frame[3] = (uint8_t)((n - 1) % PER_BOARD);
    frame[4] = 0;
    frame[5] = PULSE_100MS;
    uint16_t crc = crc16(frame, 6);

    frame[6] = (uint8_t)(crc & 0xFF);
    frame[7] = (uint8_t)(crc >> 8);
}

bool open_n_connect(struct open_n_host *host, const char *port)
{
    struct termios settings;

    host->port = open(port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (host->port < 0 || tcgetattr(host->port, &settings) != 0) {
        return false;
    }
    cfmakeraw(&settings);
    return tcsetattr(host->port, TCSANOW, &settings) == 0;
}

bool open_n(struct open_n_host *host, unsigned n)
{
    uint8_t frame[OPEN_N_FRAME], reply[OPEN_N_FRAME];
    size_t got = 0;

    open_n_frame(n, frame);
    if (write(host->port, frame, sizeof frame) != sizeof frame) {
        return false;
    }
    while (got < sizeof reply) {
        struct pollfd wait = {host->port, POLLIN, 0};

        if (poll(&wait, 1, REPLY_MS) != 1) {
            return false;
        }
        ssize_t more = read(host->port, reply + got, sizeof reply - got);

        if (more <= 0) {
            return false;
        }
        got += (size_t)more;
    }
    (void)poll(NULL, 0, QUIET_MS);
    for (size_t i = 0; i < sizeof reply; i++) {
        if (reply[i] != frame[i]) {
            return false;
        }
    }
    return true;
}

void open_n_close(struct open_n_host *host)
{
    if (host->port >= 0) {
        (void)close(host->port);
        host->port = -1;
    }
}
