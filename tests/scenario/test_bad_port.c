/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Ports and journals that another process has, and ports that go away: idle,
 * in the middle of a request, in the middle of an open. It is told with the
 * port's name and the reason, nobody else is harmed, and no latch moves
 * before or after its time.
 */
#define _GNU_SOURCE /* kill() and pipe2() */
#include "bad.h"
#include "cabinet/cabinet.h"
#include "os_pty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { A07 = 6, PATH_CAP = WORLD_PATH + 64, PATIENCE_MS = 20000 };

/* ---- A cabinet on a real pty, whose boards are the rig's -------------------
 */

static struct rig *rig;
static struct os_pty pty = {.master = -1};
static char link_path[PATH_CAP];
static bool mute;         /* the boards hear and say nothing */
static unsigned requests; /* that have come through the pty */

/* The configuration names a link, so that a new pty can come in its place. */
static void plug(void)
{
    assert_true(os_pty_open(&pty));
    assert_int_equal(fcntl(pty.master, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    (void)unlink(link_path);
    assert_int_equal(symlink(pty.path, link_path), 0);
}

static void unplug(void)
{
    os_pty_close(&pty);
    (void)unlink(link_path);
}

static int set_up(void **state)
{
    char port[PATH_CAP + 8];

    (void)state;
    rig = rig_new_closed();
    mute = false;
    requests = 0;
    (void)snprintf(link_path, sizeof link_path, "%s", rig_path(rig, "tty"));
    (void)snprintf(port, sizeof port, "pty:%s", link_path);
    if (!world_config(&rig->world, 1, port, LB_SOURCE_DIR "/profiles",
                      115200)) {
        return -1;
    }
    char command[PATH_CAP];
    struct lockbus_error why;

    (void)snprintf(command, sizeof command, "rm -rf '%s'",
                   rig_path(rig, "journal"));
    if (system(command) != 0 ||
        !world_commission(&rig->world, rig->escrow, &why)) {
        return -1;
    }
    plug();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unplug();
    rig_free(rig);
    return 0;
}

static uint64_t real_us(void)
{
    return lb_clock_boot_us();
}

/* What the boards answer, at once: time on the wire is not the point here. */
static void serve(void)
{
    uint8_t bytes[64];
    ssize_t got;

    rig->now_us = real_us();
    while (pty.master >= 0 &&
           (got = read(pty.master, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            rig_hear(rig, bytes[i]);
        }
        if (rig->reply_len != 0) {
            requests++;
            if (!mute) {
                assert_int_equal(write(pty.master, rig->reply, rig->reply_len),
                                 (ssize_t)rig->reply_len);
            }
            rig->reply_len = 0;
        }
    }
}

static void take_events(void)
{
    struct lockbus_event event;

    while (lockbus_cabinet_next_event(rig->cab, &event)) {
        assert_true(rig->events < RIG_EVENTS);
        rig->event[rig->events++] = event;
    }
}

/* Drives the cabinet until `done` says so. */
static void drive(bool (*done)(void))
{
    uint64_t end = real_us() + PATIENCE_MS * 1000ULL;

    while (!done()) {
        struct pollfd fds[] = {{lockbus_cabinet_fd(rig->cab), POLLIN, 0},
                               {pty.master, POLLIN, 0}};

        assert_true(real_us() < end);
        assert_int_equal(lockbus_cabinet_poll(rig->cab, real_us()), LOCKBUS_OK);
        take_events();
        (void)poll(fds, 2, lockbus_cabinet_timeout_ms(rig->cab, real_us()));
        serve();
    }
}

static bool board_is_here(void)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    return info.boards_present == 1;
}

static bool port_is_lost(void)
{
    return rig_count(rig, LOCKBUS_EVENT_PORT_LOST, 0xFFFF) != 0;
}

static bool port_is_open(void)
{
    return rig_count(rig, LOCKBUS_EVENT_PORT_OPEN, 0xFFFF) != 0;
}

static uint32_t awaited;

static bool ticket_ended(void)
{
    for (size_t i = 0; i < rig->events; i++) {
        if (rig->event[i].ticket == awaited &&
            rig->event[i].kind >= LOCKBUS_EVENT_OPENED &&
            rig->event[i].kind <= LOCKBUS_EVENT_DONE) {
            return true;
        }
    }
    return false;
}

static enum lockbus_event_kind end_of_ticket(void)
{
    for (size_t i = 0; i < rig->events; i++) {
        if (rig->event[i].ticket == awaited &&
            rig->event[i].kind >= LOCKBUS_EVENT_OPENED &&
            rig->event[i].kind <= LOCKBUS_EVENT_DONE) {
            return rig->event[i].kind;
        }
    }
    return LOCKBUS_EVENT_NONE;
}

static bool a_request_waits(void)
{
    return requests > 0;
}

static void open_cabinet(void)
{
    struct lockbus_error why;

    if (lockbus_cabinet_open(&rig->cab, rig_path(rig, "cabinet.ini"), NULL,
                             &why) != LOCKBUS_OK) {
        fail_msg("%s: %s: %s", why.file, why.field, why.text);
    }
}

/* The event names the bus, the reason and the port. */
static void check_lost(const char *reason)
{
    for (size_t i = 0; i < rig->events; i++) {
        const struct lockbus_event *event = &rig->event[i];

        if (event->kind != LOCKBUS_EVENT_PORT_LOST) {
            continue;
        }
        if (strncmp(event->text, "main: ", 6) != 0 ||
            strstr(event->text, reason) == NULL ||
            strstr(event->text, "(pty:/") == NULL) {
            fail_msg("%s", event->text);
        }
        return;
    }
    fail_msg("no port was lost");
}

static void ask_to_open(void)
{
    struct lockbus_error why;

    if (rig_service(rig, A07, LOCKBUS_SERVICE_OPEN, &awaited, &why) !=
        LOCKBUS_OK) {
        fail_msg("%s %s", lockbus_rule_name(why.rule), why.text);
    }
}

/* Back again, at another pty: the board is found and opens its door. */
static void it_comes_back(void)
{
    rig_forget(rig);
    mute = false;
    plug();
    drive(port_is_open);
    drive(board_is_here);
    unsigned pulses = rig->leaf[A07].pulses;

    ask_to_open();
    drive(ticket_ended);
    assert_int_equal(end_of_ticket(), LOCKBUS_EVENT_OPENED);
    assert_int_equal(rig->leaf[A07].pulses, pulses + 1);
}

static void a_port_unplugged_while_idle_comes_back(void **state)
{
    (void)state;
    open_cabinet();
    drive(board_is_here);
    rig_forget(rig);
    unplug();
    drive(port_is_lost);
    check_lost("the port failed: Input/output error");
    assert_false(board_is_here());
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_PORT_LOST, 0xFFFF), 1);
    it_comes_back();
}

static void a_port_unplugged_in_a_request_comes_back(void **state)
{
    (void)state;
    open_cabinet();
    drive(board_is_here);
    rig_forget(rig);
    mute = true;
    requests = 0;
    drive(a_request_waits);
    unplug();
    drive(port_is_lost);
    check_lost("the port failed: Input/output error");
    it_comes_back();
}

/* The pulse is on the wire when the port goes: what came of it cannot be
 * known, and it is not repeated when the port is back. */
static void a_port_unplugged_in_an_open_ends_it_as_unknown(void **state)
{
    (void)state;
    open_cabinet();
    drive(board_is_here);
    rig_forget(rig);
    rig->leaf[A07].stuck = true;
    unsigned pulses = rig->leaf[A07].pulses;

    ask_to_open();
    for (int i = 0; i < 100000 && rig->leaf[A07].pulses == pulses; i++) {
        requests = 0;
        drive(a_request_waits);
    }
    assert_int_equal(rig->leaf[A07].pulses, pulses + 1);
    unplug();
    rig->leaf[A07].stuck = false;
    drive(port_is_lost);
    drive(ticket_ended);
    assert_int_equal(end_of_ticket(), LOCKBUS_EVENT_UNKNOWN);
    rig_forget(rig);
    plug();
    drive(port_is_open);
    drive(board_is_here);
    assert_int_equal(rig->leaf[A07].pulses, pulses + 1);
}

/* Away when it is asked: refused, not queued. */
static void an_open_while_the_port_is_away_is_refused(void **state)
{
    struct lockbus_error why = {.rule = LOCKBUS_RULE_NONE};

    (void)state;
    open_cabinet();
    drive(board_is_here);
    rig_forget(rig);
    unplug();
    drive(port_is_lost);
    unsigned pulses = rig_pulses(rig);

    if (rig_service(rig, A07, LOCKBUS_SERVICE_OPEN, &awaited, &why) ==
        LOCKBUS_OK) {
        drive(ticket_ended);
        assert_int_equal(end_of_ticket(), LOCKBUS_EVENT_REFUSED);
    } else {
        assert_int_equal(why.rule, LOCKBUS_RULE_S3);
    }
    rig_forget(rig);
    plug();
    drive(port_is_open);
    drive(board_is_here);
    assert_int_equal(rig_pulses(rig), pulses);
}

static void a_port_that_is_not_there_is_named_and_waited_for(void **state)
{
    (void)state;
    unplug();
    open_cabinet();
    drive(port_is_lost);
    check_lost("No such file");
    it_comes_back();
}

/* ---- Another process -------------------------------------------------------
 */

/* A child that holds something until it is told to let go. */
static struct {
    pid_t pid;
    int ready, release;
} other;

static void hold(bool (*take)(void))
{
    int ready[2], release[2];
    char byte = 0;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(release, O_CLOEXEC), 0);
    other.pid = fork();
    if (other.pid == 0) {
        (void)close(ready[0]);
        (void)close(release[1]);
        byte = take() ? 'y' : 'n';
        (void)!write(ready[1], &byte, 1);
        (void)!read(release[0], &byte, 1); /* until the test goes on */
        _exit(0);
    }
    assert_true(other.pid > 0);
    (void)close(ready[1]);
    (void)close(release[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    (void)close(ready[0]);
    other.release = release[1];
}

static void let_go(void)
{
    int status = -1;

    (void)close(other.release);
    assert_int_equal(waitpid(other.pid, &status, 0), other.pid);
    assert_int_equal(status, 0);
}

static bool take_port(void)
{
    const struct lb_serial_settings plain = {115200, 8, 'N', 1};
    struct lockbus_line line;
    struct lockbus_error why;
    char port[PATH_CAP + 8];

    (void)snprintf(port, sizeof port, "pty:%s", link_path);
    return lb_line_new(&line, port, &plain, &why) == LOCKBUS_OK &&
           line.open(line.user, &why) == LOCKBUS_OK;
}

static bool take_journal(void)
{
    struct lb_store store;
    struct lockbus_error why;

    return lb_dir_open(&store, rig_path(rig, "journal"), false, false, &why) ==
           LOCKBUS_OK;
}

static void a_port_that_another_process_has_is_told_and_waited_for(void **state)
{
    (void)state;
    hold(take_port);
    open_cabinet();
    drive(port_is_lost);
    check_lost("another process or bus holds the port");
    assert_false(board_is_here());
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_PORT_LOST, 0xFFFF), 1);
    rig_forget(rig);
    let_go();
    drive(port_is_open);
    drive(board_is_here);
    ask_to_open();
    drive(ticket_ended);
    assert_int_equal(end_of_ticket(), LOCKBUS_EVENT_OPENED);
}

static int take_port_too(void *unused)
{
    (void)unused;
    return take_port() ? 1 : 0;
}

/* The other way round: who comes second gets nothing and disturbs nobody. */
static void a_second_process_on_the_port_harms_nobody(void **state)
{
    (void)state;
    open_cabinet();
    drive(board_is_here);
    rig_forget(rig);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(os_in_child(take_port_too, NULL, false), 0);
    }
    ask_to_open();
    drive(ticket_ended);
    assert_int_equal(end_of_ticket(), LOCKBUS_EVENT_OPENED);
    assert_false(port_is_lost());
    assert_true(board_is_here());
}

static void
a_journal_that_another_process_has_is_busy_with_its_number(void **state)
{
    struct lockbus_error why;
    uint8_t order[LOCKBUS_COMMISSION_LEN] = {0};
    char pid[32];

    (void)state;
    hold(take_journal);
    (void)snprintf(pid, sizeof pid, "process %d", (int)other.pid);
    for (int amend = 0; amend < 2; amend++) {
        enum lockbus_err err =
            amend != 0
                ? lockbus_cabinet_amend(rig_path(rig, "cabinet.ini"), order,
                                        sizeof order, &why)
                : lockbus_cabinet_open(&rig->cab, rig_path(rig, "cabinet.ini"),
                                       NULL, &why);

        assert_int_equal(err, LOCKBUS_ERR_BUSY);
        assert_string_equal(why.file, rig_path(rig, "journal"));
        if (strstr(why.text, pid) == NULL) {
            fail_msg("%s, not %s", why.text, pid);
        }
    }
    assert_null(rig->cab);
    let_go();
    open_cabinet();
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_port_unplugged_while_idle_comes_back),
        TEST(a_port_unplugged_in_a_request_comes_back),
        TEST(a_port_unplugged_in_an_open_ends_it_as_unknown),
        TEST(an_open_while_the_port_is_away_is_refused),
        TEST(a_port_that_is_not_there_is_named_and_waited_for),
        TEST(a_port_that_another_process_has_is_told_and_waited_for),
        TEST(a_second_process_on_the_port_harms_nobody),
        TEST(a_journal_that_another_process_has_is_busy_with_its_number),
    };

    return cmocka_run_group_tests_name("bad ports", tests, NULL, NULL);
}
