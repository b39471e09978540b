/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "exchange.h"

#include "base/bytes.h"
#include "base/crc16.h"
#include "board/frame.h"
#include "board/inifile.h"

#include <poll.h>
#include <string.h>
#include <time.h>

enum {
    BAUD_MIN = 1200,
    BAUD_MAX = 1000000,
    UNQUIET_US = 500000,
    SEND_US = 1000000,
    OPEN_AGAIN_US = 20000,
    POLL_MIN_US = 1000
};

struct heard {
    uint8_t bytes[EXCHANGE_HEARD];
    size_t len;
};

/* ---- Times --------------------------------------------------------------- */

static uint64_t bytes_us(const struct exchange_line *on, size_t bytes)
{
    uint32_t baud = on->serial.baud;

    return baud == 0 ? 0 : (bytes * on->bits * UINT64_C(1000000)) / baud + 1;
}

static uint64_t quiet_us(const struct exchange_line *on)
{
    return lb_frame_quiet_us(on->serial.baud, on->bits);
}

uint64_t exchange_own_us(const struct exchange_line *on,
                         const struct lb_request *request)
{
    return bytes_us(on, request->len + request->reply_len) + quiet_us(on);
}

static void sleep_us(uint64_t us)
{
    struct timespec t = {.tv_sec = (time_t)(us / 1000000),
                         .tv_nsec = (long)(us % 1000000) * 1000};

    (void)nanosleep(&t, NULL);
}

/* Whether something happened before `until_us`. poll() counts milliseconds;
 * the rest of one is slept. */
static bool wait_for(const struct exchange_line *on, short events,
                     uint64_t until_us)
{
    struct pollfd fd = {on->line.fd(on->line.user), events, 0};
    uint64_t now = lb_clock_boot_us();

    while (now < until_us) {
        uint64_t left = until_us - now;

        if (poll(&fd, 1, (int)(left / 1000)) > 0) {
            return true;
        }
        if (left < POLL_MIN_US) {
            sleep_us(left);
        }
        now = lb_clock_boot_us();
    }
    return poll(&fd, 1, 0) > 0;
}

/* ---- The line ------------------------------------------------------------ */

bool exchange_settings(struct lb_serial_settings *out, const char *text)
{
    char rate[16];
    size_t len = strcspn(text, ", ");
    const char *frame = text[len] == '\0' ? "8N1" : text + len + 1;
    uint32_t baud = 0;

    if (len >= sizeof rate) {
        return false;
    }
    lb_copy((uint8_t *)rate, (const uint8_t *)text, len);
    rate[len] = '\0';
    if (!lb_parse_u32(rate, BAUD_MIN, BAUD_MAX, &baud) || strlen(frame) != 3 ||
        frame[0] != '8' || strchr("NEO", frame[1]) == NULL ||
        (frame[2] != '1' && frame[2] != '2')) {
        return false;
    }
    *out = (struct lb_serial_settings){baud, 8, frame[1],
                                       (uint8_t)(frame[2] == '2' ? 2 : 1)};
    return true;
}

enum lockbus_err exchange_open(struct exchange_line *on, const char *port,
                               const struct lb_serial_settings *settings,
                               struct lockbus_error *why)
{
    uint64_t until = lb_clock_boot_us() + EXCHANGE_OPEN_US;
    enum lockbus_err err;

    *on = (struct exchange_line){.serial = *settings};
    on->bits = 1U + settings->data_bits + (settings->parity != 'N') +
               settings->stop_bits;
    if (strncmp(port, "tcp:", 4) == 0) {
        on->serial.baud = 0; /* the gateway keeps the times */
    }
    err = lb_line_new(&on->line, port, settings, why);
    if (err != LOCKBUS_OK) {
        return err;
    }
    bool tcp = strstr(port, "tcp:") != NULL;

    err = on->line.open(on->line.user, why);
    while (tcp && err == LOCKBUS_ERR_OFFLINE && lb_clock_boot_us() < until) {
        sleep_us(OPEN_AGAIN_US);
        err = on->line.open(on->line.user, why);
    }
    if (err != LOCKBUS_OK) {
        exchange_close(on);
    }
    return err;
}

void exchange_close(struct exchange_line *on)
{
    lb_line_free(&on->line);
}

bool exchange_read(struct lb_request *out, const uint8_t head[2],
                   uint16_t first, unsigned count)
{
    bool bits = head[1] == LB_FC_READ_COILS || head[1] == LB_FC_READ_INPUTS;
    uint8_t *at = out->bytes;

    if (!lb_frame_is_read(head[1]) || count == 0 || first + count > 0x10000) {
        return false;
    }
    at[0] = head[0];
    at[1] = head[1];
    at[2] = (uint8_t)(first >> 8);
    at[3] = (uint8_t)first;
    at[4] = (uint8_t)(count >> 8);
    at[5] = (uint8_t)count;
    lb_put_u16(at + LB_RAW_LEN, lb_crc16(at, LB_RAW_LEN));
    out->op = LB_OP_LEAF;
    out->len = LB_WRITE_LEN;
    size_t whole = 3U + (bits ? (count + 7U) / 8 : 2U * count) + LB_SUM_LEN;

    out->reply_len = (uint16_t)whole;
    return whole <= LB_REPLY_MAX;
}

static bool take(struct exchange_line *on, struct heard *heard)
{
    size_t room = EXCHANGE_HEARD - heard->len, got = 0;
    uint8_t waste[64];
    bool full = room == 0;

    if (on->line.receive(on->line.user,
                         full ? waste : heard->bytes + heard->len,
                         full ? sizeof waste : room, &got) != LOCKBUS_OK) {
        return false;
    }
    if (got != 0) {
        on->last_us = lb_clock_boot_us();
    }
    heard->len += full ? 0 : got;
    return true;
}

/* Until nothing has been said for t3.5; what is said meanwhile is nobody's. */
static enum exchange_end fall_silent(struct exchange_line *on)
{
    uint64_t until = lb_clock_boot_us() + UNQUIET_US;
    struct heard waste = {.len = 0};

    do {
        while (wait_for(on, POLLIN, on->last_us + quiet_us(on))) {
            waste.len = 0;
            if (!take(on, &waste)) {
                return EXCHANGE_LOST;
            }
            if (lb_clock_boot_us() > until) {
                return EXCHANGE_BABBLE;
            }
        }
    } while (lb_clock_boot_us() < on->last_us + quiet_us(on));
    return EXCHANGE_NONE;
}

static bool send_all(struct exchange_line *on, const struct lb_request *request)
{
    uint64_t until = lb_clock_boot_us() + SEND_US;

    for (size_t at = 0; at < request->len;) {
        size_t sent = 0;

        if (on->line.send(on->line.user, request->bytes + at, request->len - at,
                          &sent) != LOCKBUS_OK ||
            lb_clock_boot_us() > until) {
            return false;
        }
        at += sent;
        if (sent == 0) {
            (void)wait_for(on, POLLOUT, until);
        }
    }
    on->last_us = lb_clock_boot_us() + bytes_us(on, request->len);
    return true;
}

/* ---- What was said ------------------------------------------------------- */

/* An adapter that gives back what it sends gives it back whole and first. */
static void drop_echo(struct exchange_line *on,
                      const struct lb_request *request, struct heard *heard,
                      bool *echoed)
{
    if (*echoed || heard->len < request->len ||
        !lb_same(heard->bytes, request->bytes, request->len)) {
        return;
    }
    *echoed = true;
    on->echoes++;
    heard->len -= request->len;
    memmove(heard->bytes, heard->bytes + request->len, heard->len);
}

static bool find_answer(const struct lb_request *request,
                        const struct heard *heard,
                        struct exchange_answer *answer)
{
    for (size_t at = 0; at < heard->len; at++) {
        enum lb_match match =
            lb_frame_match(request, heard->bytes + at, heard->len - at);

        if (match < LB_MATCH_EXCEPTION) {
            continue;
        }
        bool whole = match == LB_MATCH_YES;

        answer->end = whole ? EXCHANGE_REPLY : EXCHANGE_EXCEPTION;
        answer->len = whole ? request->reply_len : (size_t)LB_EXCEPTION_LEN;
        lb_copy(answer->frame, heard->bytes + at, answer->len);
        answer->extra = heard->len - answer->len;
        return true;
    }
    return false;
}

static enum exchange_end name_rest(const struct heard *heard, uint8_t *from)
{
    for (size_t at = 0; at < heard->len; at++) {
        size_t len = 0;

        if (lb_frame_any(heard->bytes + at, heard->len - at, &len) ==
            LB_MATCH_YES) {
            *from = heard->bytes[at];
            return EXCHANGE_FOREIGN;
        }
    }
    return heard->len == 0 ? EXCHANGE_SILENT : EXCHANGE_DAMAGED;
}

static bool may_be_asked(const struct lb_request *request)
{
    return lb_frame_is_read(request->bytes[1]) && request->bytes[0] != 0 &&
           request->bytes[0] <= LB_ADDRESS_MAX;
}

/* Bytes until the answer is there or the time is over. */
static bool listen_for(struct exchange_line *on,
                       const struct lb_request *request, uint64_t until_us,
                       struct exchange_answer *answer)
{
    struct heard heard = {.len = 0};
    bool echoed = false, found = false;

    while (!found && heard.len < EXCHANGE_HEARD &&
           wait_for(on, POLLIN, until_us)) {
        if (!take(on, &heard)) {
            answer->end = EXCHANGE_LOST;
            return false;
        }
        drop_echo(on, request, &heard, &echoed);
        found = find_answer(request, &heard, answer);
    }
    if (!found) {
        answer->end = name_rest(&heard, &answer->from);
    }
    return found;
}

struct exchange_answer exchange_ask(struct exchange_line *on,
                                    const struct lb_request *request,
                                    uint64_t patience_us, uint64_t after_us)
{
    struct exchange_answer answer = {.end = EXCHANGE_REFUSED};

    if (!may_be_asked(request)) {
        return answer;
    }
    answer.end = fall_silent(on);
    if (answer.end != EXCHANGE_NONE) {
        return answer;
    }
    uint64_t begun = lb_clock_boot_us();

    if (!send_all(on, request)) {
        answer.end = EXCHANGE_LOST;
        return answer;
    }
    if (listen_for(on, request,
                   begun + exchange_own_us(on, request) + patience_us,
                   &answer)) {
        uint64_t bytes = bytes_us(on, request->len + answer.len);
        struct heard more = {.len = 0};

        answer.round_us = on->last_us - begun;
        answer.turn_us = answer.round_us > bytes ? answer.round_us - bytes : 0;
        for (uint64_t end = lb_clock_boot_us() + after_us;
             after_us != 0 && more.len < EXCHANGE_HEARD &&
             wait_for(on, POLLIN, end);) {
            if (!take(on, &more)) {
                answer.end = EXCHANGE_LOST;
                return answer;
            }
        }
        answer.extra += more.len;
    }
    return answer;
}
