/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The bus of the library over a real pty, against two boards that share no
 * code with it: pymodbus' servers (serial and TCP) and lockbus-sim. Real time
 * passes here; the tests wait for what must come and bound only how long.
 */

#include "bus/bus.h"
#include "os/os.h"
#include "sim_proc.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { BAUD = 115200, WAIT_US = 20000000, CHANNEL = 2, REF = 77 };

struct peer {
    char dir[64], port[80], control[80], config[80];
    struct sim_proc proc;
    struct lb_profile profile;
    struct lockbus_line line;
    struct lb_bus *bus;
    unsigned sent, accepted, back, lost, open, shut;
};

static void load_profile(struct lb_profile *profile)
{
    static const char path[] =
        LB_SOURCE_DIR "/profiles/waveshare-relay-d-8ch.ini";
    uint8_t text[8192];
    size_t len = 0;
    struct lockbus_error why = {0};

    assert_int_equal(
        lb_file_read(path, text, sizeof text, &len, LB_FILE_ANY, &why),
        LOCKBUS_OK);
    assert_int_equal(lb_profile_parse(profile, "waveshare-relay-d-8ch",
                                      (const char *)text, len, &why),
                     LOCKBUS_OK);
}

static void open_bus(struct peer *peer, const char *port, uint32_t baud)
{
    const struct lb_serial_settings settings = {baud, 8, 'N', 1};
    struct lockbus_error why = {0};

    load_profile(&peer->profile);
    assert_int_equal(lb_line_new(&peer->line, port, &settings, &why),
                     LOCKBUS_OK);
    const struct lb_bus_board board = {.address = 1,
                                       .profile = &peer->profile,
                                       .pulse_ms = 500,
                                       .rest_ms = 2000,
                                       .shut_is = true};
    const struct lb_bus_config config = {.line = peer->line,
                                         .baud = baud,
                                         .bits_per_byte = 10,
                                         .at_once = 1,
                                         .boards = &board,
                                         .board_count = 1};
    assert_int_equal(lb_bus_new(&peer->bus, &config), LOCKBUS_OK);
}

static void open_pty(struct peer *peer)
{
    char port[96];

    (void)snprintf(port, sizeof port, "pty:%s", peer->port);
    open_bus(peer, port, BAUD);
}

static struct peer *new_peer(void)
{
    struct peer *peer = calloc(1, sizeof *peer);

    assert_non_null(peer);
    (void)snprintf(peer->dir, sizeof peer->dir, "/tmp/lockbus-peer-XXXXXX");
    assert_non_null(mkdtemp(peer->dir));
    (void)snprintf(peer->port, sizeof peer->port, "%s/bus", peer->dir);
    (void)snprintf(peer->control, sizeof peer->control, "%s/ctl", peer->dir);
    (void)snprintf(peer->config, sizeof peer->config, "%s/cabinet.ini",
                   peer->dir);
    return peer;
}

static int start_pymodbus(void **state)
{
    struct peer *peer = new_peer();
    const char *const argv[] = {"/usr/bin/python3",
                                LB_SOURCE_DIR "/tests/sim/pymodbus_slave.py",
                                peer->port, NULL};

    assert_true(sim_proc_start(&peer->proc, argv, NULL));
    open_pty(peer);
    *state = peer;
    return 0;
}

static int start_pymodbus_tcp(void **state)
{
    struct peer *peer = new_peer();
    const char *const argv[] = {"/usr/bin/python3",
                                LB_SOURCE_DIR "/tests/sim/pymodbus_slave.py",
                                "--tcp", peer->port, NULL};
    char number[16] = "", port[48];

    assert_true(sim_proc_start(&peer->proc, argv, NULL));
    assert_true(readlink(peer->port, number, sizeof number - 1) > 0);
    (void)snprintf(port, sizeof port, "tcp:127.0.0.1:%s", number);
    open_bus(peer, port, 0);
    *state = peer;
    return 0;
}

static void run_sim(struct peer *peer)
{
    const char *const argv[] = {LB_BINARY_DIR "/tools/lockbus-sim", "--control",
                                peer->control, peer->config, NULL};

    assert_true(sim_proc_start(&peer->proc, argv, peer->control));
}

static int start_sim(void **state)
{
    struct peer *peer = new_peer();
    FILE *out = fopen(peer->config, "w");

    assert_non_null(out);
    (void)fprintf(out,
                  "[cabinet]\nname = peer\njournal = %s/journal\n"
                  "manifest = %s/manifest.lbm\nprofiles = %s/profiles\n"
                  "[lock]\npulse_ms = 500\nrest_ms = 15000\nat_once = 1\n"
                  "shut_is = 1\n[bus.plain]\nport = pty:%s\n"
                  "baud = %d 8N1\n[boards]\n"
                  "1 = plain 1 waveshare-relay-d-8ch\n"
                  "[doors]\nA01-A08 = 0-7 1:1-8 size=M\n",
                  peer->dir, peer->dir, LB_SOURCE_DIR, peer->port, BAUD);
    assert_int_equal(fclose(out), 0);
    run_sim(peer);
    open_pty(peer);
    *state = peer;
    return 0;
}

static int stop_peer(void **state)
{
    struct peer *peer = *state;

    lb_bus_free(&peer->bus);
    lb_line_free(&peer->line);
    int status = sim_proc_stop(&peer->proc);
    (void)unlink(peer->config);
    int left = rmdir(peer->dir); /* its files are its own to remove */
    free(peer);
    return status != 0 || left != 0;
}

static void note(struct peer *peer, const struct lb_report *report)
{
    if (report->kind == LB_REPORT_BACK) {
        peer->back++;
    } else if (report->kind == LB_REPORT_PORT_LOST) {
        peer->lost++;
    } else if (report->kind == LB_REPORT_LEAF && report->channel == CHANNEL) {
        *(report->leaf_open ? &peer->open : &peer->shut) += 1;
    } else if (report->kind == LB_REPORT_SENT && report->ref == REF) {
        peer->sent++;
    } else if (report->kind == LB_REPORT_ACCEPTED && report->ref == REF) {
        peer->accepted++;
    }
}

/* Runs the bus until *count is reached; false when WAIT_US have passed. */
static bool run_until(struct peer *peer, const unsigned *count, unsigned wanted)
{
    uint64_t end = lb_clock_boot_us() + WAIT_US;
    uint64_t now;

    while (*count < wanted && (now = lb_clock_boot_us()) < end) {
        struct lb_report report;
        lb_bus_poll(peer->bus, now);
        while (lb_bus_next(peer->bus, &report)) {
            note(peer, &report);
        }
        uint64_t next = lb_bus_next_us(peer->bus);
        now = lb_clock_boot_us();
        uint64_t left_ms = next > now ? (next - now + 999) / 1000 : 0;
        struct pollfd wait = {lb_bus_fd(peer->bus), POLLIN, 0};
        (void)poll(&wait, 1, left_ms < 100 ? (int)left_ms : 100);
    }
    return *count >= wanted;
}

static struct lb_bus_counters counters(const struct peer *peer)
{
    struct lb_bus_counters all = {0};
    lb_bus_counters(peer->bus, &all);
    return all;
}

static void a_foreign_board_is_read_pulsed_and_seen_open(void **state)
{
    struct peer *peer = *state;
    const struct lb_permit permit = {.ref = REF,
                                     .door = CHANNEL,
                                     .pulses = 1,
                                     .deadline_ms = UINT64_MAX / 1000};

    assert_true(run_until(peer, &peer->back, 1));
    assert_true(run_until(peer, &peer->shut, 1));
    assert_true(lb_bus_present(peer->bus, 0));
    assert_int_equal(lb_bus_pulse(peer->bus, 0, CHANNEL, &permit,
                                  lb_clock_boot_us() + 10000000),
                     LOCKBUS_OK);
    assert_true(run_until(peer, &peer->accepted, 1));
    assert_true(run_until(peer, &peer->open, 1));
    assert_int_equal(peer->sent, 1);
    assert_int_equal(counters(peer).pulses, 1);
    assert_int_equal(counters(peer).crc_errors, 0);
    assert_int_equal(counters(peer).exceptions, 0);
}

static void pymodbus_saw_one_pulse(void **state)
{
    struct peer *peer = *state;
    char line[64];

    a_foreign_board_is_read_pulsed_and_seen_open(state);
    assert_true(sim_proc_line(&peer->proc, line, sizeof line, 5000));
    assert_string_equal(line, "pulse 2 5");
    assert_false(sim_proc_line(&peer->proc, line, sizeof line, 0));
}

static void the_simulator_saw_one_pulse_and_kept_silences(void **state)
{
    struct peer *peer = *state;
    char answer[256];

    a_foreign_board_is_read_pulsed_and_seen_open(state);
    assert_true(sim_proc_ask(&peer->proc, "opened?", answer, sizeof answer));
    assert_string_equal(answer, "ok 1 A03");
    assert_int_equal(sim_proc_value(&peer->proc, "outputs", "pulses"), 1);
    assert_int_equal(sim_proc_value(&peer->proc, "stats", "dropped"), 0);
    assert_int_equal(sim_proc_value(&peer->proc, "stats", "crc_errors"), 0);
    assert_int_equal(sim_proc_value(&peer->proc, "stats", "collisions"), 0);
}

/* Its terminal hangs up in the middle of whatever went on, and the one of the
 * process that comes after it is another. */
static void a_peer_that_was_killed_is_found_when_it_runs_again(void **state)
{
    struct peer *peer = *state;

    assert_true(run_until(peer, &peer->back, 1));
    assert_int_equal(kill(peer->proc.pid, SIGKILL), 0);
    assert_int_equal(sim_proc_stop(&peer->proc), -1);
    assert_true(run_until(peer, &peer->lost, 1));
    assert_false(lb_bus_present(peer->bus, 0));
    run_sim(peer);
    assert_true(run_until(peer, &peer->back, 2));
    assert_true(run_until(peer, &peer->shut, 2));
    the_simulator_saw_one_pulse_and_kept_silences(state);
    assert_int_equal(peer->lost, 1);
    assert_int_equal(peer->back, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pymodbus_saw_one_pulse, start_pymodbus,
                                        stop_peer),
        cmocka_unit_test_setup_teardown(pymodbus_saw_one_pulse,
                                        start_pymodbus_tcp, stop_peer),
        cmocka_unit_test_setup_teardown(
            the_simulator_saw_one_pulse_and_kept_silences, start_sim,
            stop_peer),
        cmocka_unit_test_setup_teardown(
            a_peer_that_was_killed_is_found_when_it_runs_again, start_sim,
            stop_peer),
    };
    return cmocka_run_group_tests_name("bus peers", tests, NULL, NULL);
}
