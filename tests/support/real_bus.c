/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "real_bus.h"

#include "os/os.h"

#include <poll.h>

enum { WAIT_US = 20000000 };

static bool load_profile(struct lb_profile *profile)
{
    static const char path[] =
        LB_SOURCE_DIR "/profiles/waveshare-relay-d-8ch.ini";
    uint8_t text[8192];
    size_t len = 0;
    struct lockbus_error why = {0};

    return lb_file_read(path, text, sizeof text, &len, LB_FILE_ANY, &why) ==
               LOCKBUS_OK &&
           lb_profile_parse(profile, "waveshare-relay-d-8ch",
                            (const char *)text, len, &why) == LOCKBUS_OK;
}

enum lockbus_err real_bus_open(struct real_bus *real, const char *port,
                               uint32_t baud)
{
    const struct lb_serial_settings settings = {baud, 8, 'N', 1};
    struct lockbus_error why = {0};

    if (!load_profile(&real->profile)) {
        return LOCKBUS_ERR_CONFIG;
    }
    enum lockbus_err err = lb_line_new(&real->line, port, &settings, &why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    if (real->channels != 0) {
        real->profile.channels = real->channels;
    }
    const struct lb_bus_board board = {.address = 1,
                                       .profile = &real->profile,
                                       .pulse_ms = 500,
                                       .rest_ms = 2000,
                                       .shut_is = true};
    const struct lb_bus_config config = {.line = real->line,
                                         .baud = baud,
                                         .bits_per_byte = 10,
                                         .at_once = 2,
                                         .boards = &board,
                                         .board_count = 1};
    return lb_bus_new(&real->bus, &config);
}

void real_bus_close(struct real_bus *real)
{
    lb_bus_free(&real->bus);
    lb_line_free(&real->line);
}

enum lockbus_err real_bus_pulse(struct real_bus *real, uint8_t channel,
                                uint32_t ref)
{
    const struct lb_permit permit = {.ref = ref,
                                     .door = channel,
                                     .pulses = 1,
                                     .deadline_ms = UINT64_MAX / 1000};

    return lb_bus_pulse(real->bus, 0, channel, &permit,
                        lb_clock_boot_us() + 10000000);
}

static void note(struct real_bus *real, const struct lb_report *report)
{
    real->back += report->kind == LB_REPORT_BACK ? 1 : 0;
    real->away += report->kind == LB_REPORT_AWAY ? 1 : 0;
    real->port_lost += report->kind == LB_REPORT_PORT_LOST ? 1 : 0;
    real->sent += report->kind == LB_REPORT_SENT ? 1 : 0;
    real->accepted += report->kind == LB_REPORT_ACCEPTED ? 1 : 0;
    real->lost += report->kind == LB_REPORT_PULSE_LOST ? 1 : 0;
    if (report->kind == LB_REPORT_LEAF && report->channel == real->channel) {
        *(report->leaf_open ? &real->opened : &real->shut) += 1;
    }
}

static void look(struct real_bus *real)
{
    uint64_t read_us = lb_bus_read_us(real->bus, 0);
    uint32_t open = 0;

    if (read_us == real->read_us) {
        return;
    }
    for (uint8_t c = 0; c < real->profile.channels; c++) {
        open |= lb_bus_open_us(real->bus, 0, c) == read_us ? 1U << c : 0U;
    }
    real->read_us = read_us;
    real->readings++;
    if (real->read != NULL) {
        real->read(real, open);
    }
}

static void turn(struct real_bus *real, uint64_t now, uint64_t end)
{
    struct lb_report report;

    lb_bus_poll(real->bus, now);
    look(real);
    while (lb_bus_next(real->bus, &report)) {
        note(real, &report);
    }
    uint64_t next = lb_bus_next_us(real->bus);

    next = next < end ? next : end;
    now = lb_clock_boot_us();
    uint64_t left_ms = next > now ? (next - now + 999) / 1000 : 0;
    struct pollfd wait = {lb_bus_fd(real->bus), POLLIN, 0};

    (void)poll(&wait, 1, left_ms < 100 ? (int)left_ms : 100);
}

bool real_bus_until(struct real_bus *real, const unsigned *count,
                    unsigned wanted)
{
    uint64_t end = lb_clock_boot_us() + WAIT_US;
    uint64_t now;

    while (*count < wanted && (now = lb_clock_boot_us()) < end) {
        turn(real, now, end);
    }
    return *count >= wanted;
}

void real_bus_for(struct real_bus *real, uint64_t us)
{
    uint64_t end = lb_clock_boot_us() + us;
    uint64_t now;

    while ((now = lb_clock_boot_us()) < end) {
        turn(real, now, end);
    }
}
