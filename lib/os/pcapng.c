/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/pcapng.h"
#include "os/why.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Numbers of the format: draft-ietf-opsawg-pcapng, and Wireshark's
 * exported_pdu.h for the tags before each frame (those big-endian). */
enum {
    BLOCK_SECTION = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    MAGIC = 0x1A2B3C4D,
    LINK_UPPER_PDU = 252,
    OPT_END = 0,
    OPT_SHB_APPLICATION = 4,
    OPT_IF_NAME = 2,
    OPT_IF_SPEED = 8,
    OPT_IF_TSRESOL = 9,
    OPT_EPB_FLAGS = 2,
    FLAG_CRC_ERROR = 1 << 24,
    TAG_END = 0,
    TAG_DISSECTOR = 12,
    TAG_PORT_TYPE = 24,
    TAG_SOURCE_PORT = 25,
    TAG_TARGET_PORT = 26,
    PORT_TCP = 2,
    /* the only means by which Wireshark's dissector can be told a write from
     * its confirmation; see docs/trace.md */
    BOARDS_PORT = 502,
    MICROSECONDS = 6,
    NAME_LEN = 8,
    BLOCK_MAX = LB_PCAPNG_FRAME_MAX + 160
};

struct lb_pcapng {
    int fd;
    uint64_t max, written;
    uint64_t base_us; /* wall time less the frames' clock */
    bool based, ended, told;
    struct lockbus_error why;
    char name[sizeof((struct lockbus_error *)0)->file];
};

struct block {
    uint8_t bytes[BLOCK_MAX];
    size_t len;
};

/* ---- Blocks -------------------------------------------------------------- */

/* Every number is in this machine's order, which MAGIC tells. */
static void put(struct block *b, const void *bytes, size_t len)
{
    if (len > 0) {
        memcpy(b->bytes + b->len, bytes, len);
        b->len += len;
    }
}

static void put_u16(struct block *b, uint16_t v)
{
    put(b, &v, sizeof v);
}

static void put_u32(struct block *b, uint32_t v)
{
    put(b, &v, sizeof v);
}

static void put_padded(struct block *b, const void *bytes, size_t len)
{
    static const uint8_t zero[4] = {0};

    put(b, bytes, len);
    put(b, zero, (4 - len % 4) % 4);
}

static void put_option(struct block *b, uint16_t code, const void *bytes,
                       size_t len)
{
    put_u16(b, code);
    put_u16(b, (uint16_t)len);
    put_padded(b, bytes, len);
}

static void begin(struct block *b, uint32_t type)
{
    b->len = 0;
    put_u32(b, type);
    put_u32(b, 0); /* its length, when it is known */
}

static void end(struct block *b)
{
    put_option(b, OPT_END, NULL, 0);
    uint32_t len = (uint32_t)b->len + 4;

    put_u32(b, len);
    memcpy(b->bytes + 4, &len, sizeof len);
}

static void tag(struct block *b, unsigned code, const void *value, size_t len)
{
    const uint8_t head[4] = {(uint8_t)(code >> 8), (uint8_t)code,
                             (uint8_t)(len >> 8), (uint8_t)len};

    put(b, head, sizeof head);
    put(b, value, len);
}

static void tag_number(struct block *b, unsigned code, unsigned value)
{
    const uint8_t bytes[4] = {0, 0, (uint8_t)(value >> 8), (uint8_t)value};

    tag(b, code, bytes, sizeof bytes);
}

/* ---- Writing ------------------------------------------------------------- */

static void stop(struct lb_pcapng *file, int number, const char *text)
{
    file->ended = true;
    if (number != 0) {
        (void)lb_why_io(&file->why, number, file->name, text);
    } else {
        (void)lb_why(&file->why, LOCKBUS_ERR_IO, file->name, "length", text);
    }
}

/* A block that was cut would make what follows unreadable, so what there is of
 * it is taken back, and nothing follows. */
static void write_block(struct lb_pcapng *file, const struct block *b)
{
    size_t done = 0;

    if (file->ended) {
        return;
    }
    if (b->len > file->max - file->written) {
        stop(file, 0, "the trace is as long as it may become");
        return;
    }
    while (done < b->len) {
        ssize_t put = write(file->fd, b->bytes + done, b->len - done);

        if (put < 0 && errno != EINTR) {
            int number = errno;

            if (ftruncate(file->fd, (off_t)file->written) != 0) {
                /* no regular file; or the disk is gone, and so is the file */
            }
            stop(file, number, "the trace cannot be written");
            return;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    file->written += b->len;
}

static void write_section(struct lb_pcapng *file)
{
    static const char name[] = "lockbus";
    struct block b;

    begin(&b, BLOCK_SECTION);
    put_u32(&b, MAGIC);
    put_u16(&b, 1); /* version 1.0 */
    put_u16(&b, 0);
    put_u32(&b, UINT32_MAX); /* the section's length is not told */
    put_u32(&b, UINT32_MAX);
    put_option(&b, OPT_SHB_APPLICATION, name, sizeof name - 1);
    end(&b);
    write_block(file, &b);
}

static int open_file(const char *path)
{
    return path == NULL
               ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
               : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY,
                      0600);
}

enum lockbus_err lb_pcapng_open(struct lb_pcapng **out, const char *path,
                                uint64_t max, struct lockbus_error *why)
{
    if (out == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    int fd = open_file(path);

    if (fd < 0 && errno == EEXIST) {
        return lb_why(why, LOCKBUS_ERR_USAGE, path, "file",
                      "exists; a trace never overwrites");
    }
    if (fd < 0) {
        return lb_why_io(why, errno, path, "cannot be made");
    }
    struct lb_pcapng *file = calloc(1, sizeof *file);

    if (file == NULL) {
        (void)close(fd);
        return LOCKBUS_ERR_NOMEM;
    }
    file->fd = fd;
    file->max = max != 0 ? max : LB_PCAPNG_MAX_DEFAULT;
    (void)snprintf(file->name, sizeof file->name, "%s",
                   path != NULL ? path : "standard output");
    write_section(file);
    *out = file;
    return LOCKBUS_OK;
}

void lb_pcapng_close(struct lb_pcapng **file)
{
    if (file == NULL || *file == NULL) {
        return;
    }
    (void)close((*file)->fd);
    free(*file);
    *file = NULL;
}

size_t lb_pcapng_memory(void)
{
    return sizeof(struct lb_pcapng);
}

void lb_pcapng_line(struct lb_pcapng *file, const char *name, uint32_t baud)
{
    static const uint8_t resolution = MICROSECONDS;
    struct block b;
    uint64_t speed = baud;
    size_t len = strlen(name);

    begin(&b, BLOCK_INTERFACE);
    put_u16(&b, LINK_UPPER_PDU);
    put_u16(&b, 0);
    put_u32(&b, 0); /* no limit to a packet */
    put_option(&b, OPT_IF_NAME, name, len < 96 ? len : 96);
    if (baud != 0) {
        put_option(&b, OPT_IF_SPEED, &speed, sizeof speed);
    }
    put_option(&b, OPT_IF_TSRESOL, &resolution, sizeof resolution);
    end(&b);
    write_block(file, &b);
}

/* ---- Frames -------------------------------------------------------------- */

static uint64_t wall_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

/* The tags end with one of length 0; the frame follows. */
static void put_frame(struct block *b, const struct lb_pcapng_frame *frame)
{
    static const char modbus[NAME_LEN] = "mbrtu", bytes[NAME_LEN] = "data";
    bool reply = frame->kind == LB_PCAPNG_REPLY;

    tag(b, TAG_DISSECTOR, frame->kind == LB_PCAPNG_STRAY ? bytes : modbus,
        NAME_LEN);
    tag_number(b, TAG_PORT_TYPE, PORT_TCP);
    tag_number(b, TAG_SOURCE_PORT, reply ? BOARDS_PORT : 0);
    tag_number(b, TAG_TARGET_PORT, reply ? 0 : BOARDS_PORT);
    tag(b, TAG_END, NULL, 0);
    put(b, frame->bytes, frame->len);
}

void lb_pcapng_put(struct lb_pcapng *file, const struct lb_pcapng_frame *frame)
{
    struct block b, packet = {.len = 0};
    uint32_t flags =
        (uint32_t)frame->way | (frame->damaged ? FLAG_CRC_ERROR : 0);

    if (frame->len > LB_PCAPNG_FRAME_MAX) {
        return; /* no cutter gives more */
    }
    if (!file->based) {
        file->based = true;
        file->base_us = wall_us() - frame->at_us;
    }
    uint64_t at_us = file->base_us + frame->at_us;

    put_frame(&packet, frame);
    begin(&b, BLOCK_PACKET);
    put_u32(&b, frame->line);
    put_u32(&b, (uint32_t)(at_us >> 32));
    put_u32(&b, (uint32_t)at_us);
    put_u32(&b, (uint32_t)packet.len);
    put_u32(&b, (uint32_t)packet.len);
    put_padded(&b, packet.bytes, packet.len);
    put_option(&b, OPT_EPB_FLAGS, &flags, sizeof flags);
    end(&b);
    write_block(file, &b);
}

bool lb_pcapng_ended(struct lb_pcapng *file, struct lockbus_error *why)
{
    if (!file->ended || file->told) {
        return false;
    }
    file->told = true;
    *why = file->why;
    return true;
}
