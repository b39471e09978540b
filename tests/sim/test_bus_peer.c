/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The bus of the library on real lines, against boards that share no code with
 * it: pymodbus' servers (serial, TCP, RTU over TCP) and lockbus-sim; and
 * mbpoll, a second master that has no business there. Real time passes here;
 * the tests wait for what must come and bound only how long.
 */

#include "os_pty.h"
#include "real_bus.h"
#include "sim_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { BAUD = 115200, CHANNEL = 2, REF = 77 };

struct peer {
    char dir[64], port[80], control[80], config[80];
    struct sim_proc proc;
    struct real_bus real;
};

static void open_pty(struct peer *peer)
{
    char port[96];

    (void)snprintf(port, sizeof port, "pty:%s", peer->port);
    assert_int_equal(real_bus_open(&peer->real, port, BAUD), LOCKBUS_OK);
}

static struct peer *new_peer(void)
{
    struct peer *peer = calloc(1, sizeof *peer);

    assert_non_null(peer);
    peer->real.channel = CHANNEL;
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

static int start_pymodbus_network(void **state, const char *kind, uint32_t baud)
{
    struct peer *peer = new_peer();
    char option[16], number[16] = "", port[48];
    const char *const argv[] = {"/usr/bin/python3",
                                LB_SOURCE_DIR "/tests/sim/pymodbus_slave.py",
                                option, peer->port, NULL};

    (void)snprintf(option, sizeof option, "--%s", kind);
    assert_true(sim_proc_start(&peer->proc, argv, NULL));
    assert_true(readlink(peer->port, number, sizeof number - 1) > 0);
    (void)snprintf(port, sizeof port, "%s:127.0.0.1:%s", kind, number);
    assert_int_equal(real_bus_open(&peer->real, port, baud), LOCKBUS_OK);
    *state = peer;
    return 0;
}

static int start_pymodbus_tcp(void **state)
{
    return start_pymodbus_network(state, "tcp", 0);
}

static int start_pymodbus_rtu_tcp(void **state)
{
    return start_pymodbus_network(state, "rtu+tcp", BAUD);
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

    real_bus_close(&peer->real);
    int status = sim_proc_stop(&peer->proc);
    (void)unlink(peer->config);
    int left = rmdir(peer->dir); /* its files are its own to remove */
    free(peer);
    return status != 0 || left != 0;
}

static struct lb_bus_counters counters(const struct peer *peer)
{
    struct lb_bus_counters all = {0};
    lb_bus_counters(peer->real.bus, &all);
    return all;
}

static void a_foreign_board_is_read_pulsed_and_seen_open(void **state)
{
    struct peer *peer = *state;
    struct real_bus *real = &peer->real;

    assert_true(real_bus_until(real, &real->back, 1));
    assert_true(real_bus_until(real, &real->shut, 1));
    assert_true(lb_bus_present(real->bus, 0));
    assert_int_equal(real_bus_pulse(real, CHANNEL, REF), LOCKBUS_OK);
    assert_true(real_bus_until(real, &real->accepted, 1));
    assert_true(real_bus_until(real, &real->opened, 1));
    assert_int_equal(real->sent, 1);
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
    struct real_bus *real = &peer->real;

    assert_true(real_bus_until(real, &real->back, 1));
    assert_int_equal(kill(peer->proc.pid, SIGKILL), 0);
    assert_int_equal(sim_proc_stop(&peer->proc), -1);
    assert_true(real_bus_until(real, &real->port_lost, 1));
    assert_false(lb_bus_present(real->bus, 0));
    run_sim(peer);
    assert_true(real_bus_until(real, &real->back, 2));
    assert_true(real_bus_until(real, &real->shut, 2));
    the_simulator_saw_one_pulse_and_kept_silences(state);
    assert_int_equal(real->port_lost, 1);
    assert_int_equal(real->back, 2);
}

/* ---- A second master ---------------------------------------------------- */

struct master {
    char port[96], said[1024];
    int out[2];
};

/* mbpoll (libmodbus' own master) switches on the door's relay. */
static int mbpoll(void *arg)
{
    struct master *master = arg;

    (void)dup2(master->out[1], STDOUT_FILENO);
    (void)dup2(master->out[1], STDERR_FILENO);
    (void)execl("/usr/bin/mbpoll", "mbpoll", "-m", "rtu", "-b", "115200", "-P",
                "none", "-a", "1", "-t", "0", "-r", "2", "-0", "-1", "-o", "1",
                master->port, "1", (char *)NULL);
    return 98;
}

static int run_mbpoll(struct peer *peer, struct master *master, bool as_nobody)
{
    *master = (struct master){.out = {-1, -1}};
    /* the link lies in a folder of our own */
    assert_true(readlink(peer->port, master->port, sizeof master->port - 1) >
                0);
    assert_int_equal(pipe(master->out), 0);
    int status = os_in_child(mbpoll, master, as_nobody);

    (void)close(master->out[1]);
    ssize_t got = read(master->out[0], master->said, sizeof master->said - 1);
    (void)close(master->out[0]);
    assert_true(got >= 0);
    return status;
}

static void assert_kept_out(struct peer *peer, bool as_nobody)
{
    struct master master;
    char answer[256];

    assert_int_not_equal(run_mbpoll(peer, &master, as_nobody), 0);
    assert_non_null(strstr(master.said, "resource busy"));
    assert_true(sim_proc_ask(&peer->proc, "opened?", answer, sizeof answer));
    assert_string_equal(answer, "ok 0");
}

static void mbpoll_is_kept_off_the_port(void **state)
{
    struct peer *peer = *state;

    assert_int_equal(chmod(peer->port, 0666), 0);
    assert_true(real_bus_until(&peer->real, &peer->real.back, 1));
    assert_kept_out(peer, true);
}

/* The kernel lets root past TIOCEXCL. What it does then is seen. */
static void mbpoll_as_root_is_not_but_its_door_is_seen(void **state)
{
    struct peer *peer = *state;
    struct real_bus *real = &peer->real;
    struct master master;

    assert_true(real_bus_until(real, &real->shut, 1));
    int fd = open(peer->port, O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) { /* it is not root that runs this test */
        assert_int_equal(errno, EBUSY);
        assert_kept_out(peer, false);
        return;
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(run_mbpoll(peer, &master, false), 0);
    assert_true(real_bus_until(real, &real->opened, 1));
    assert_int_equal(real->sent, 0);
    assert_int_equal(real->accepted, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pymodbus_saw_one_pulse, start_pymodbus,
                                        stop_peer),
        cmocka_unit_test_setup_teardown(pymodbus_saw_one_pulse,
                                        start_pymodbus_tcp, stop_peer),
        cmocka_unit_test_setup_teardown(pymodbus_saw_one_pulse,
                                        start_pymodbus_rtu_tcp, stop_peer),
        cmocka_unit_test_setup_teardown(
            the_simulator_saw_one_pulse_and_kept_silences, start_sim,
            stop_peer),
        cmocka_unit_test_setup_teardown(
            a_peer_that_was_killed_is_found_when_it_runs_again, start_sim,
            stop_peer),
        cmocka_unit_test_setup_teardown(mbpoll_is_kept_off_the_port, start_sim,
                                        stop_peer),
        cmocka_unit_test_setup_teardown(
            mbpoll_as_root_is_not_but_its_door_is_seen, start_sim, stop_peer),
    };
    return cmocka_run_group_tests_name("bus peers", tests, NULL, NULL);
}
