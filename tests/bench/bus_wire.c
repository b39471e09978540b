/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _GNU_SOURCE /* ppoll, cfmakeraw, ptsname_r */
#include "bus_wire.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_MAX = 64,
    AWAKE_NS = 150000,  /* so long before something is due, no sleep */
    EXPECT_NS = 300000, /* so long after t3.5 a request is expected */
    ADAPTER_BYTES = 62  /* an adapter gives these without its timer */
};

static const uint64_t NEVER = UINT64_MAX;

struct line {
    struct bus_wire_settings set;
    struct bus_wire_seen *seen;
    int master, slave;
    uint64_t byte_ns, quiet_ns, random;
    uint8_t rx[FRAME_MAX], tx[FRAME_MAX], late[FRAME_MAX];
    size_t rx_len, tx_len, tx_done, late_len;
    uint64_t rx_end, tx_start, late_at;
    uint64_t free_since; /* the end of the last frame */
    bool spoilt, soon;   /* the request that arrives */
};

double bus_wire_quiet_us(uint32_t baud)
{
    return baud > 19200 ? 1750.0 : 3.5 * BUS_BITS * 1e6 / baud;
}

double bus_wire_limit_us(uint32_t baud)
{
    return 16.0 * BUS_BITS * 1e6 / baud + 2 * bus_wire_quiet_us(baud) +
           BUS_TURN_US;
}

static uint64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint32_t below(struct line *line, uint32_t bound)
{
    line->random = line->random * UINT64_C(6364136223846793005) + 1;
    return (uint32_t)((line->random >> 33) % bound);
}

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

static bool in_order(const uint8_t *bytes, size_t len)
{
    uint16_t crc = crc16(bytes, len - 2);

    return bytes[len - 2] == (uint8_t)crc && bytes[len - 1] == crc >> 8;
}

/* ---- Replies ------------------------------------------------------------ */

/* A board whose outputs are off and whose doors are all shut: inputs read 1.
 * Writes are confirmed. 0: no reply. */
static size_t answer(const struct line *line, uint8_t *out)
{
    const uint8_t *ask = line->rx;
    size_t bits = (size_t)ask[4] << 8 | ask[5], len = 3;
    uint8_t place = (uint8_t)(ask[0] - line->set.first);

    if (line->rx_len != 8 || !in_order(ask, 8) || place >= line->set.count ||
        place + line->set.dead >= line->set.count) {
        return 0;
    }
    memcpy(out, ask, 2);
    if (ask[1] == 5) {
        memcpy(out, ask, 6);
        len = 6;
    } else if ((ask[1] == 1 || ask[1] == 2) && bits <= 32) {
        out[2] = (uint8_t)((bits + 7) / 8);
        memset(out + 3, ask[1] == 2 ? 0xFF : 0, out[2]);
        if (bits % 8 != 0) {
            out[2 + out[2]] &= (uint8_t)((1U << bits % 8) - 1);
        }
        len = 3U + out[2];
    } else {
        out[1] |= 0x80;
        out[2] = 1;
    }
    uint16_t crc = crc16(out, len);

    out[len] = (uint8_t)crc;
    out[len + 1] = (uint8_t)(crc >> 8);
    return len + 2;
}

static bool leaving(const struct line *line)
{
    return line->tx_done < line->tx_len;
}

static void put_reply(struct line *line, const uint8_t *bytes, size_t len,
                      uint64_t start)
{
    memcpy(line->tx, bytes, len);
    line->tx_len = len;
    line->tx_done = 0;
    line->tx_start = start;
    line->free_since = start + len * line->byte_ns;
}

static void dispatch(struct line *line)
{
    uint8_t frame[FRAME_MAX];
    uint64_t turn =
        (BUS_TURN_US + below(line, line->set.jitter_us + 1)) * UINT64_C(1000);
    uint64_t start = line->rx_end + line->quiet_ns + turn;

    line->free_since =
        line->rx_end > line->free_since ? line->rx_end : line->free_since;
    if (line->soon) {
        line->seen->dropped += line->seen->counts;
    } else if (line->spoilt || line->rx_len < 4 ||
               !in_order(line->rx, line->rx_len)) {
        line->seen->spoilt += line->seen->counts;
    } else {
        size_t len = answer(line, frame);
        bool late = len != 0 && line->set.late_each != 0 &&
                    line->late_len == 0 &&
                    below(line, line->set.late_each) == 0;

        line->seen->replies += line->seen->counts && len != 0;
        if (late) {
            memcpy(line->late, frame, len);
            line->late_len = len;
            line->late_at = start + line->set.late_us * UINT64_C(1000);
        } else if (len != 0) {
            put_reply(line, frame, len, start);
        }
    }
    line->rx_len = 0;
}

/* A late reply asks nobody: it spoils a request, delays a reply that has not
 * begun, and only follows one that has. */
static void release_late(struct line *line, uint64_t now)
{
    if (line->late_len == 0 || now < line->late_at) {
        return;
    }
    if (leaving(line)) {
        line->late_at = line->tx_start + line->tx_len * line->byte_ns;
        if (now < line->late_at) {
            return;
        }
    }
    line->spoilt = line->rx_len != 0;
    put_reply(line, line->late, line->late_len, line->late_at);
    line->late_len = 0;
}

/* ---- Bytes -------------------------------------------------------------- */

static void begin_request(struct line *line, uint64_t now)
{
    struct bus_wire_seen *seen = line->seen;

    line->spoilt = leaving(line);
    line->soon = !line->spoilt && line->free_since != 0 &&
                 now < line->free_since + line->quiet_ns;
    line->rx_end = now;
    if (seen->counts) {
        if (seen->requests != 0 && seen->times < BUS_TIMES) {
            seen->time_us[seen->times++] =
                (uint32_t)((now - seen->last_ns) / 1000);
        }
        seen->first_ns = seen->requests == 0 ? now : seen->first_ns;
        seen->last_ns = now;
        seen->requests++;
    }
}

/* The time is taken after the bytes: nobody is accused of haste because this
 * process was held up in between. */
static void take(struct line *line)
{
    uint8_t bytes[FRAME_MAX];
    ssize_t got = read(line->master, bytes, sizeof bytes);
    uint64_t now = got > 0 ? now_ns() : 0;

    for (ssize_t i = 0; i < got; i++) {
        if (line->rx_len == 0) {
            begin_request(line, now);
        } else if (i == 0 && line->rx_end < now) {
            line->rx_end = now;
        }
        line->rx_end += line->byte_ns;
        if (line->rx_len < FRAME_MAX) {
            line->rx[line->rx_len++] = bytes[i];
        }
    }
}

static uint64_t byte_due(const struct line *line, size_t index)
{
    uint64_t at = line->tx_start + (index + 1) * line->byte_ns;
    uint64_t timer = line->set.latency_us * UINT64_C(1000);
    bool full = (index + 1) % ADAPTER_BYTES == 0;

    return timer == 0 || full ? at : (at + timer - 1) / timer * timer;
}

static void give(struct line *line, uint64_t now)
{
    struct bus_wire_seen *seen = line->seen;

    while (leaving(line) && byte_due(line, line->tx_done) <= now) {
        size_t count = 1;
        uint64_t due = byte_due(line, line->tx_done), own = now - due;

        while (line->tx_done + count < line->tx_len &&
               byte_due(line, line->tx_done + count) == due) {
            count++;
        }
        if (write(line->master, line->tx + line->tx_done, count) < 0) {
            perror("bench: wire");
        }
        line->tx_done += count;
        if (seen->counts && !leaving(line)) {
            seen->own_ns += own;
            seen->own_max_ns = own > seen->own_max_ns ? own : seen->own_max_ns;
        }
    }
}

/* Does what is due; gives when something is next. */
static uint64_t step(struct line *line, uint64_t now)
{
    uint64_t next = NEVER, clear = line->free_since + line->quiet_ns;

    take(line);
    if (line->rx_len != 0 && now >= line->rx_end + line->quiet_ns) {
        dispatch(line);
    }
    release_late(line, now);
    give(line, now);
    if (leaving(line)) {
        next = byte_due(line, line->tx_done);
    } else if (line->rx_len == 0 && now < clear + EXPECT_NS) {
        next = clear;
    }
    if (line->rx_len != 0 && line->rx_end + line->quiet_ns < next) {
        next = line->rx_end + line->quiet_ns;
    }
    return line->late_len != 0 && line->late_at < next ? line->late_at : next;
}

_Noreturn static void run(struct line *line, size_t count)
{
    struct pollfd fd[BUS_WIRES];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    for (size_t i = 0; i < count; i++) {
        fd[i] = (struct pollfd){line[i].master, POLLIN, 0};
    }
    for (;;) {
        uint64_t now = now_ns(), next = NEVER;

        for (size_t i = 0; i < count; i++) {
            uint64_t at = step(&line[i], now);

            next = at < next ? at : next;
        }
        now = now_ns();
        if (next != NEVER && next < now + AWAKE_NS) {
            continue;
        }
        uint64_t wait = next == NEVER ? 100000000 : next - now - AWAKE_NS;
        struct timespec until = {(time_t)(wait / 1000000000),
                                 (long)(wait % 1000000000)};

        (void)ppoll(fd, count, &until, NULL);
    }
}

/* ---- Life --------------------------------------------------------------- */

static bool line_open(struct line *line, const struct bus_wire_settings *set,
                      struct bus_wire_seen *seen)
{
    struct termios raw;

    *line = (struct line){.set = *set, .seen = seen, .random = set->baud + 1};
    line->byte_ns = UINT64_C(1000000000) * BUS_BITS / set->baud;
    line->quiet_ns = (uint64_t)(bus_wire_quiet_us(set->baud) * 1000);
    line->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (line->master < 0 || grantpt(line->master) != 0 ||
        unlockpt(line->master) != 0 ||
        ptsname_r(line->master, seen->path, sizeof seen->path) != 0) {
        return false;
    }
    line->slave = open(seen->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (line->slave < 0 || tcgetattr(line->slave, &raw) != 0) {
        return false;
    }
    cfmakeraw(&raw);
    return tcsetattr(line->slave, TCSANOW, &raw) == 0;
}

bool bus_wire_start(struct bus_wire *wire,
                    const struct bus_wire_settings *settings, size_t count)
{
    static struct line line[BUS_WIRES];

    *wire = (struct bus_wire){.pid = -1, .count = count};
    wire->seen = mmap(NULL, count * sizeof *wire->seen, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (wire->seen == MAP_FAILED) {
        perror("bench: wire");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!line_open(&line[i], &settings[i], &wire->seen[i])) {
            perror("bench: pty");
            return false;
        }
    }
    (void)fflush(stdout);
    wire->pid = fork();
    if (wire->pid == 0) {
        run(line, count);
    }
    for (size_t i = 0; i < count; i++) {
        (void)close(line[i].master);
        (void)close(line[i].slave);
    }
    return wire->pid > 0;
}

void bus_wire_stop(struct bus_wire *wire)
{
    if (wire->pid > 0) {
        (void)kill(wire->pid, SIGKILL);
        (void)waitpid(wire->pid, NULL, 0);
    }
    wire->pid = -1;
}

void bus_wire_count(const struct bus_wire *wire, bool on)
{
    for (size_t i = 0; i < wire->count; i++) {
        struct bus_wire_seen *seen = &wire->seen[i];

        if (on) {
            seen->requests = seen->first_ns = seen->last_ns = 0;
            seen->dropped = seen->spoilt = seen->replies = 0;
            seen->own_ns = seen->own_max_ns = 0;
            seen->times = 0;
        }
        seen->counts = on;
    }
}
