/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Modbus RTU for boards with a profile. The one encoder takes an order,
 * never a frame: the address is 1 to 247 (0 is a broadcast, 248 and above
 * are wildcards on some boards), the channel is one of the profile's, a
 * pulse is a whole number of the board's units within the profile's range,
 * off is always 0 or its command. A frame that opens several or renames a
 * board has no order that leads to it; one that holds an output has, of
 * profiles that say `timed_by = host`.
 *
 * A reply is matched here, whole, before libmodbus sees it: libmodbus 3.1.6
 * compares neither the address nor the value that a write's reply repeats.
 */
#include "board/modbus.h"

#include "board/frame.h"

#include <errno.h>
#include <modbus.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CODEC_WAIT_US = 1000 };

struct lb_modbus {
    modbus_t *context;
    int inner; /* libmodbus's end */
    int outer; /* ours */
};

/* ---- Codec -------------------------------------------------------------- */

enum lockbus_err lb_modbus_new(struct lb_modbus **out)
{
    enum lockbus_err err = LOCKBUS_ERR_NOMEM;
    int pair[2] = {-1, -1};
    struct lb_modbus *codec = calloc(1, sizeof *codec);

    if (codec == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    codec->inner = codec->outer = -1;
    codec->context = modbus_new_rtu("none", 9600, 'N', 8, 1);
    if (codec->context == NULL) {
        goto out;
    }
    err = LOCKBUS_ERR_IO;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        goto out;
    }
    codec->inner = pair[0];
    codec->outer = pair[1];
    /* libmodbus aborts the process on a descriptor that select() cannot
     * count, so it never gets one */
    if (pair[0] >= FD_SETSIZE || pair[1] >= FD_SETSIZE ||
        modbus_set_socket(codec->context, codec->inner) != 0 ||
        modbus_set_response_timeout(codec->context, 0, CODEC_WAIT_US) != 0 ||
        modbus_set_byte_timeout(codec->context, 0, CODEC_WAIT_US) != 0) {
        goto out;
    }
    *out = codec;
    codec = NULL;
    err = LOCKBUS_OK;

out:
    lb_modbus_free(&codec);
    return err;
}

void lb_modbus_free(struct lb_modbus **codec)
{
    if (codec == NULL || *codec == NULL) {
        return;
    }
    if ((*codec)->context != NULL) {
        /* not modbus_close(): it would restore a termios never saved */
        (void)modbus_set_socket((*codec)->context, -1);
        modbus_free((*codec)->context);
    }
    if ((*codec)->inner >= 0) {
        close((*codec)->inner);
        close((*codec)->outer);
    }
    free(*codec);
    *codec = NULL;
}

/* Nothing of one frame may be read as part of the next. */
static void drain(int fd)
{
    uint8_t waste[LB_REPLY_MAX];

    while (recv(fd, waste, sizeof waste, MSG_DONTWAIT) > 0) {
    }
}

/* ---- Encoding ----------------------------------------------------------- */

struct words {
    uint8_t fc;
    uint16_t first; /* the address field */
    uint16_t second;
    size_t reply_len;
    uint16_t pair[2]; /* FC16: two registers */
};

static bool read_of(struct words *out, uint8_t fc, uint16_t base, size_t count)
{
    size_t bytes = 0;

    if (fc == LB_FC_READ_COILS || fc == LB_FC_READ_INPUTS) {
        bytes = (count + 7) / 8;
    } else if (fc == LB_FC_READ_REGISTERS || fc == LB_FC_READ_INPUT_REGISTERS) {
        bytes = 2 * count;
    }
    if (bytes == 0 || count > LB_PROFILE_CHANNELS ||
        base > UINT16_MAX - (count - 1)) {
        return false;
    }
    *out = (struct words){
        fc, base, (uint16_t)count, 3 + bytes + LB_SUM_LEN, {0, 0}};
    return true;
}

static bool write_of(struct words *out, const struct lb_profile_op *op,
                     uint8_t channel, uint32_t value)
{
    uint32_t at = lb_profile_at(op, channel);

    if ((op->fc != LB_FC_WRITE_COIL && op->fc != LB_FC_WRITE_REGISTER) ||
        at > UINT16_MAX || value > LB_VALUE_MAX) {
        return false;
    }
    *out = (struct words){
        op->fc, (uint16_t)at, (uint16_t)value, LB_WRITE_LEN, {0, 0}};
    return true;
}

static bool pair_of(struct words *out, const struct lb_profile *profile,
                    uint8_t channel, uint32_t value)
{
    uint32_t at = lb_profile_at(&profile->pulse, channel);

    if (at >= UINT16_MAX || value > LB_VALUE_MAX) {
        return false;
    }
    *out = (struct words){LB_FC_WRITE_REGISTERS,
                          (uint16_t)at,
                          2,
                          LB_WRITE_LEN,
                          {profile->pulse_word, (uint16_t)value}};
    return true;
}

/* The one frame that leaves an output on, for profiles that say so. */
static bool level_of(struct words *out, const struct lb_profile *profile,
                     uint8_t channel)
{
    uint32_t at = lb_profile_at(&profile->pulse, channel);

    if (profile->pulse.fc != LB_FC_WRITE_COIL || at > UINT16_MAX) {
        return false;
    }
    *out = (struct words){
        LB_FC_WRITE_COIL, (uint16_t)at, LB_LEVEL_COIL_ON, LB_WRITE_LEN, {0, 0}};
    return true;
}

static bool pulse_of(struct words *out, const struct lb_profile *profile,
                     const struct lb_order *order)
{
    uint32_t unit = profile->pulse_unit_ms;

    if (unit == 0 || order->pulse_ms < profile->pulse_min_ms ||
        order->pulse_ms > profile->pulse_max_ms ||
        order->pulse_ms < LB_PULSE_MIN_MS ||
        order->pulse_ms > LB_PULSE_MAX_MS || order->pulse_ms % unit != 0 ||
        order->channel >= profile->channels) {
        return false;
    }
    uint32_t units = order->pulse_ms / unit;

    if (profile->host_timed) {
        return level_of(out, profile, order->channel);
    }

    if (profile->pulse.fc == LB_FC_WRITE_REGISTERS) {
        return pair_of(out, profile, order->channel, units);
    }
    return write_of(out, &profile->pulse, order->channel,
                    profile->pulse_word + (profile->pulse_alone ? 0 : units));
}

/* The outputs' own state: all coils where coils are written, else one
 * register, since such boards are known to read one at a time. */
static bool output_of(struct words *out, const struct lb_profile *profile,
                      uint8_t channel, size_t count)
{
    if (!lb_profile_by_register(profile)) {
        return read_of(out, LB_FC_READ_COILS, profile->off.base, count);
    }
    return channel < profile->channels &&
           read_of(out, LB_FC_READ_REGISTERS,
                   (uint16_t)lb_profile_at(&profile->off, channel), 1);
}

/* One item, so that its reply is shorter than the request and an adapter's
 * echo cannot be mistaken for it. */
static bool probe_of(struct words *out, const struct lb_profile *profile)
{
    if (profile->checks > 0) {
        return read_of(out, profile->check[0].fc, profile->check[0].base, 1);
    }
    if (profile->leaf_is_read) {
        return read_of(out, profile->leaf.fc, profile->leaf.base, 1);
    }
    return output_of(out, profile, 0, 1);
}

static bool words_of(struct words *out, const struct lb_profile *profile,
                     const struct lb_order *order)
{
    const struct lb_profile_check *check;

    switch (order->op) {
    case LB_OP_PROBE:
        return probe_of(out, profile);
    case LB_OP_CHECK:
        if (order->check >= profile->checks ||
            order->check >= LB_PROFILE_CHECKS) {
            return false;
        }
        check = &profile->check[order->check];
        return read_of(out, check->fc, check->base,
                       check->each ? profile->channels : 1);
    case LB_OP_OFF:
        return order->channel < profile->channels &&
               write_of(out, &profile->off, order->channel, profile->off_word);
    case LB_OP_OUTPUT:
        return output_of(out, profile, order->channel, profile->channels);
    case LB_OP_LEAF:
        return profile->leaf_is_read &&
               read_of(out, profile->leaf.fc, profile->leaf.base,
                       profile->channels);
    case LB_OP_PULSE:
        return pulse_of(out, profile, order);
    case LB_OP_NONE:
        break;
    }
    return false;
}

static enum lockbus_err encode(void *user, const struct lb_profile *profile,
                               const struct lb_order *order,
                               struct lb_request *out)
{
    struct lb_modbus *codec = user;
    struct words words;

    if (order->address == 0 || order->address > LB_ADDRESS_MAX ||
        profile->channels == 0 || profile->channels > LB_PROFILE_CHANNELS ||
        !words_of(&words, profile, order)) {
        return LOCKBUS_ERR_USAGE;
    }
    const uint8_t raw[LB_RAW_PAIR_LEN] = {
        order->address,
        words.fc,
        (uint8_t)(words.first >> 8),
        (uint8_t)words.first,
        (uint8_t)(words.second >> 8),
        (uint8_t)words.second,
        4, /* FC16: bytes of its two registers */
        (uint8_t)(words.pair[0] >> 8),
        (uint8_t)words.pair[0],
        (uint8_t)(words.pair[1] >> 8),
        (uint8_t)words.pair[1],
    };
    const int raw_len =
        words.fc == LB_FC_WRITE_REGISTERS ? LB_RAW_PAIR_LEN : LB_RAW_LEN;
    struct lb_request request = {.op = order->op,
                                 .len = (uint16_t)(raw_len + LB_SUM_LEN),
                                 .reply_len = (uint16_t)words.reply_len};

    if (modbus_send_raw_request(codec->context, raw, raw_len) !=
            raw_len + LB_SUM_LEN ||
        recv(codec->outer, request.bytes, sizeof request.bytes, MSG_DONTWAIT) !=
            raw_len + LB_SUM_LEN) {
        drain(codec->outer);
        return LOCKBUS_ERR_IO;
    }
    *out = request;
    return LOCKBUS_OK;
}

/* ---- Decoding ----------------------------------------------------------- */

static bool take_apart(const struct lb_request *request, const uint8_t *adu,
                       struct lb_reply *out)
{
    const uint8_t *data = adu + 3;
    uint8_t fc = adu[1];

    if ((fc & LB_EXCEPTION_BIT) != 0) {
        out->exception = adu[2];
        return adu[2] != 0;
    }
    if (lb_frame_is_write(fc)) {
        return true;
    }
    if (fc == LB_FC_READ_COILS || fc == LB_FC_READ_INPUTS) {
        for (size_t i = 0; i < adu[2] && i < 4; i++) {
            out->bits |= (uint32_t)data[i] << (8 * i);
        }
        return request->reply_len == (size_t)3 + adu[2] + LB_SUM_LEN;
    }
    out->words = adu[2] / 2U;
    for (size_t i = 0; i < out->words && i < LB_REPLY_WORDS; i++) {
        out->word[i] = (uint16_t)(data[2 * i] << 8 | data[2 * i + 1]);
    }
    return out->words <= LB_REPLY_WORDS;
}

static bool decode(void *user, const struct lb_request *request,
                   const uint8_t *bytes, size_t len, struct lb_reply *out)
{
    struct lb_modbus *codec = user;
    uint8_t adu[MODBUS_RTU_MAX_ADU_LENGTH];
    struct lb_reply reply = {0};
    bool ok = false;

    if (len > sizeof adu || len < LB_EXCEPTION_LEN) {
        return false;
    }
    /* all of it lies in the pair, so this cannot wait; when all was taken,
     * nothing is left there */
    if (send(codec->outer, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
            (ssize_t)len &&
        modbus_set_slave(codec->context, bytes[0]) == 0 &&
        modbus_receive_confirmation(codec->context, adu) == (int)len) {
        ok = take_apart(request, adu, &reply);
    } else {
        drain(codec->inner);
    }
    if (ok) {
        *out = reply;
    }
    return ok;
}

/* A reply repeats who answers and the function, and of reads no more: even an
 * exception may be the other's. */
static bool alike(const struct lb_request *one, const struct lb_request *other)
{
    return one->bytes[0] == other->bytes[0] && one->bytes[1] == other->bytes[1];
}

const struct lb_driver lb_modbus_driver = {
    .name = "modbus",
    .encode = encode,
    .match = lb_frame_match,
    .alike = alike,
    .frame = lb_frame_any,
    .decode = decode,
};
