/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Why lockbus does not simply call libmodbus: what goes wrong on a line, on
 * one pty whose far side is scripted byte by byte, first with libmodbus as it
 * comes (3.1.6) and then with the library's bus. Each row says both halves:
 * what libmodbus makes of it, and what lockbus does. docs/BUS.md is the same
 * table for people.
 */
#define _GNU_SOURCE /* pthread_*, F_DUPFD */
#include "os/os.h"
#include "os_pty.h"
#include "plain_board.h"
#include "real_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    BAUD = 115200,
    ODD_BAUD = 250000, /* libmodbus knows no such rate */
    SLOW_BAUD = 4800,  /* t3.5 is 8 ms: no scheduler hides that */
    CHANNELS = PLAIN_CHANNELS,
    READS = 30,
    WAIT_MS = 150, /* libmodbus' time-out, half a second unless set */
    LATE_MS = 3 * WAIT_MS / 2,
    LOW_FDS = 1100 /* beyond select()'s 1,024 */
};

/* ---- The far side ------------------------------------------------------- */

struct wire;

struct row {
    const char *name;
    uint32_t baud;
    bool echo, strict; /* strict: t3.5 before a request, or it is not heard */
    uint8_t byte;
    /* What the far side does instead of saying `reply`, once it is armed. */
    void (*spoil)(struct wire *wire, const uint8_t *request,
                  struct plain_frame *reply);
    void (*bare)(struct wire *wire, modbus_t *context);
    void (*ours)(struct wire *wire, struct real_bus *real);
};

struct wire {
    const struct row *row;
    struct os_pty pty;
    int slave, stop[2]; /* slave: kept open, so that nobody sees a hang-up */
    bool runs;
    pthread_t thread;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t moves;
    bool armed, dead;
    unsigned heard; /* requests, ignored ones too */
    struct plain_board board;
    unsigned ignored, spoiled;
    struct plain_frame later, rest; /* leaves then; the rest of a cut one */
    uint64_t later_us, said_us;

    unsigned stale, fresh; /* lockbus' readings */
};

static void say(struct wire *wire, const uint8_t *bytes, size_t len)
{
    wire->said_us = lb_clock_boot_us(); /* before: never too late */
    if (write(wire->pty.master, bytes, len) != (ssize_t)len) {
        wire->dead = true;
    }
}

static uint64_t quiet_us(const struct wire *wire)
{
    return wire->row->baud > 19200 ? 1750 : 35000000U / wire->row->baud;
}

static void on_request(struct wire *wire, const uint8_t *request)
{
    struct plain_frame reply = {.len = 0};

    if (wire->row->strict &&
        lb_clock_boot_us() < wire->said_us + quiet_us(wire)) {
        wire->ignored++;
        return;
    }
    if (wire->row->echo) {
        say(wire, request, 8);
    }
    if (wire->dead || request[0] != 1) {
        return;
    }
    plain_answer(&wire->board, request, &reply);
    if (wire->armed && wire->row->spoil != NULL) {
        wire->row->spoil(wire, request, &reply);
    }
    if (wire->row->strict) { /* a pty is quicker than a wire */
        wire->later = reply;
        wire->later_us =
            lb_clock_boot_us() + (8 + reply.len) * 10000000U / wire->row->baud;
    } else if (reply.len > 0) {
        say(wire, reply.bytes, reply.len);
    }
}

static int wait_ms(const struct wire *wire)
{
    uint64_t now = lb_clock_boot_us();

    if (wire->later.len == 0) {
        return -1;
    }
    return wire->later_us > now ? (int)((wire->later_us - now + 999) / 1000)
                                : 0;
}

static void say_later(struct wire *wire)
{
    if (wire->later.len > 0 && lb_clock_boot_us() >= wire->later_us) {
        say(wire, wire->later.bytes, wire->later.len);
        wire->later.len = 0;
    }
}

static void *far_side(void *arg)
{
    struct wire *wire = arg;
    uint8_t request[8];
    size_t len = 0;
    int ms = -1;

    for (;;) {
        /* a board that owes a reply hears nothing before it */
        struct pollfd wait[2] = {{wire->pty.master, POLLIN, 0},
                                 {wire->stop[0], POLLIN, 0}};

        wait[0].fd = ms < 0 ? wait[0].fd : -1;
        if (poll(wait, 2, ms) < 0 || wait[1].revents != 0) {
            return NULL;
        }
        (void)pthread_mutex_lock(&wire->lock);
        say_later(wire);
        if (wait[0].revents != 0 && wait_ms(wire) < 0) {
            ssize_t got =
                read(wire->pty.master, request + len, sizeof request - len);
            len += got > 0 ? (size_t)got : 0;
        }
        if (len == sizeof request) { /* all requests here are 8 bytes */
            on_request(wire, request);
            len = 0;
            wire->heard++;
            (void)pthread_cond_signal(&wire->moves);
        }
        ms = wait_ms(wire);
        (void)pthread_mutex_unlock(&wire->lock);
    }
}

static void arm(struct wire *wire)
{
    (void)pthread_mutex_lock(&wire->lock);
    wire->armed = true;
    (void)pthread_mutex_unlock(&wire->lock);
}

static void kill_board(struct wire *wire)
{
    (void)pthread_mutex_lock(&wire->lock);
    wire->dead = true;
    (void)pthread_mutex_unlock(&wire->lock);
}

/* The far side as it is when it has heard so many requests: an old reply may
 * be taken before the request has arrived there. */
static struct wire look_at(struct wire *wire, unsigned heard)
{
    struct timespec end;

    (void)clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 20;
    (void)pthread_mutex_lock(&wire->lock);
    while (wire->heard < heard &&
           pthread_cond_timedwait(&wire->moves, &wire->lock, &end) == 0) {
    }
    struct wire now = *wire;
    (void)pthread_mutex_unlock(&wire->lock);
    return now;
}

static struct wire look(struct wire *wire)
{
    return look_at(wire, 0);
}

static void wire_open(struct wire *wire, const struct row *row)
{
    struct termios raw;

    *wire = (struct wire){.row = row, .slave = -1};
    assert_int_equal(pthread_mutex_init(&wire->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&wire->moves, NULL), 0);
    assert_true(os_pty_open(&wire->pty));
    wire->slave = open(wire->pty.path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(wire->slave >= 0 && tcgetattr(wire->slave, &raw) == 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(wire->slave, TCSANOW, &raw), 0);
    assert_int_equal(pipe(wire->stop), 0);
    assert_int_equal(pthread_create(&wire->thread, NULL, far_side, wire), 0);
    wire->runs = true;
}

static void wire_close(struct wire *wire)
{
    if (wire->runs) {
        (void)close(wire->stop[1]);
        (void)pthread_join(wire->thread, NULL);
        (void)close(wire->stop[0]);
        (void)close(wire->slave);
        os_pty_close(&wire->pty);
        (void)pthread_cond_destroy(&wire->moves);
        (void)pthread_mutex_destroy(&wire->lock);
    }
    wire->runs = false;
}

/* ---- libmodbus as it comes ---------------------------------------------- */

static modbus_t *bare_open(const struct wire *wire)
{
    modbus_t *context =
        modbus_new_rtu(wire->pty.path, (int)wire->row->baud, 'N', 8, 1);

    assert_non_null(context);
    assert_int_equal(modbus_set_slave(context, 1), 0);
    assert_int_equal(modbus_set_response_timeout(context, 0, WAIT_MS * 1000U),
                     0);
    assert_int_equal(modbus_set_byte_timeout(context, 0, WAIT_MS * 500U), 0);
    assert_int_equal(modbus_connect(context), 0);
    return context;
}

struct tally {
    unsigned fresh, stale, failed;
    int number; /* errno of the last that failed */
};

static struct tally bare_reads(struct wire *wire, modbus_t *context,
                               unsigned count)
{
    struct tally tally = {0};
    uint8_t bit[CHANNELS];

    for (unsigned i = 0; i < count; i++) {
        unsigned value = 0, heard = look(wire).heard;

        if (modbus_read_input_bits(context, 0, CHANNELS, bit) != CHANNELS) {
            tally.number = errno;
            tally.failed++;
            (void)look_at(wire, heard + 1);
            continue;
        }
        for (unsigned c = 0; c < CHANNELS; c++) {
            value |= (unsigned)bit[c] << c;
        }
        *(value == look_at(wire, heard + 1).board.sampled ? &tally.fresh
                                                          : &tally.stale) += 1;
    }
    return tally;
}

/* One fault, and whatever is read after it is old: every call succeeds. */
static void bare_is_stale_for_ever(struct wire *wire, modbus_t *context)
{
    assert_int_equal(bare_reads(wire, context, 3).fresh, 3);
    arm(wire);
    (void)bare_reads(wire, context, READS);
    assert_int_equal(look(wire).spoiled, 1);
    assert_int_equal(bare_reads(wire, context, READS).stale, READS);
}

/* The call fails, and that is all. */
static void bare_sees_it(struct wire *wire, modbus_t *context)
{
    arm(wire);
    struct tally tally = bare_reads(wire, context, READS);

    assert_int_equal(look(wire).spoiled, 1);
    assert_int_equal(tally.failed, 1);
    assert_int_equal(tally.fresh, READS - 1);
}

static void bare_confirms_a_dead_board(struct wire *wire, modbus_t *context)
{
    kill_board(wire);
    assert_int_equal(modbus_write_bit(context, 3, TRUE), 1);
    assert_int_equal(look(wire).board.moved[3], 0);
}

static void bare_confirms_the_wrong_door(struct wire *wire, modbus_t *context)
{
    arm(wire);
    assert_int_equal(modbus_write_bit(context, 3, TRUE), -1);
    assert_int_equal(errno, ETIMEDOUT);
    assert_int_equal(modbus_write_bit(context, 7, TRUE), 1);
    assert_int_equal(look(wire).board.moved[7], 0);
}

/* A pulse with a time has no function in libmodbus: it is a raw request, and
 * "no" is among what its confirmation may be. */
static void bare_takes_no_for_an_answer(struct wire *wire, modbus_t *context)
{
    const uint8_t pulse[] = {1, 5, 2, 3, 0, 5};
    uint8_t reply[MODBUS_RTU_MAX_ADU_LENGTH];

    arm(wire);
    assert_int_equal(modbus_send_raw_request(context, pulse, sizeof pulse), 8);
    assert_true(modbus_receive_confirmation(context, reply) > 0);
    assert_int_equal(look(wire).board.moved[3], 0);
}

static void bare_runs_at_another_rate(struct wire *wire, modbus_t *context)
{
    (void)context; /* connected, and no word of it */
    assert_int_equal(os_pty_baud(&wire->pty), 9600);
}

static void bare_loses_every_second_request(struct wire *wire,
                                            modbus_t *context)
{
    enum { ALL = 12, FEWEST = ALL / 4 }; /* half, unless it is very busy */
    struct tally tally = bare_reads(wire, context, ALL);

    assert_true(tally.failed >= FEWEST);
    assert_true(look(wire).ignored >= FEWEST);
}

static void use_up_low_descriptors(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (dup(STDIN_FILENO) < LOW_FDS) {
    }
}

static void bare_ends_the_process(struct wire *wire, modbus_t *context)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct rlimit none = {0, 0};
        uint8_t bit[CHANNELS];
        int high = fcntl(modbus_get_socket(context), F_DUPFD, LOW_FDS);

        (void)setrlimit(RLIMIT_CORE, &none);
        (void)freopen("/dev/null", "w", stderr);
        (void)modbus_set_socket(context, high);
        (void)modbus_read_input_bits(context, 0, CHANNELS, bit);
        _exit(high >= LOW_FDS ? 0 : 1);
    }
    (void)wire;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* ---- lockbus ------------------------------------------------------------ */

static struct lb_bus_counters counters(const struct real_bus *real)
{
    struct lb_bus_counters count;

    lb_bus_counters(real->bus, &count);
    return count;
}

static void compare(struct real_bus *real, uint32_t open)
{
    struct wire *wire = real->user;
    unsigned asked = (unsigned)counters(real).requests;
    uint8_t shut = (uint8_t)~open;

    *(shut == look_at(wire, asked).board.sampled ? &wire->fresh
                                                 : &wire->stale) += 1;
}

static void ours_open(struct wire *wire, struct real_bus *real)
{
    char port[96];

    (void)snprintf(port, sizeof port, "pty:%s", wire->pty.path);
    *real =
        (struct real_bus){.user = wire, .read = compare, .channels = CHANNELS};
    assert_int_equal(real_bus_open(real, port, wire->row->baud), LOCKBUS_OK);
}

static void ours_is_never_stale(struct wire *wire, struct real_bus *real)
{
    assert_true(real_bus_until(real, &real->back, 1));
    arm(wire);
    assert_true(real_bus_until(real, &real->readings, real->readings + READS));
    assert_int_equal(look(wire).spoiled, 1);
    assert_int_equal(wire->stale, 0);
    assert_true(wire->fresh >= READS);
    assert_true(lb_bus_present(real->bus, 0));
    assert_int_equal(real->away, 0);
}

static void ours_pulses(struct wire *wire, struct real_bus *real)
{
    assert_true(real_bus_until(real, &real->back, 1));
    arm(wire);
    assert_int_equal(real_bus_pulse(real, 3, 33), LOCKBUS_OK);
    assert_true(real_bus_until(real, &real->lost, 1));
    assert_int_equal(real->sent, 1);
    assert_int_equal(real->accepted, 0);
    assert_int_equal(look(wire).board.moved[3], 0);
}

static void ours_does_not_confirm_a_dead_board(struct wire *wire,
                                               struct real_bus *real)
{
    assert_true(real_bus_until(real, &real->back, 1));
    assert_true(counters(real).echoes > 0);
    kill_board(wire);
    ours_pulses(wire, real);
}

static void ours_does_not_confirm_the_wrong_door(struct wire *wire,
                                                 struct real_bus *real)
{
    assert_true(real_bus_until(real, &real->back, 1));
    arm(wire);
    assert_int_equal(real_bus_pulse(real, 3, 33), LOCKBUS_OK);
    assert_int_equal(real_bus_pulse(real, 7, 77), LOCKBUS_OK);
    assert_true(real_bus_until(real, &real->lost, 2));
    assert_int_equal(real->sent, 2);
    assert_int_equal(real->accepted, 0);
    assert_int_equal(look(wire).board.moved[7], 0);
}

static void ours_says_that_it_was_refused(struct wire *wire,
                                          struct real_bus *real)
{
    ours_pulses(wire, real);
    assert_int_equal(counters(real).exceptions, 1);
}

static void ours_runs_at_the_rate(struct wire *wire, struct real_bus *real)
{
    assert_true(real_bus_until(real, &real->back, 1));
    assert_int_equal(os_pty_baud(&wire->pty), wire->row->baud);
}

static void ours_keeps_the_silence(struct wire *wire, struct real_bus *real)
{
    assert_true(real_bus_until(real, &real->back, 1));
    assert_true(
        real_bus_until(real, &real->readings, real->readings + READS / 2));
    assert_int_equal(look(wire).ignored, 0);
}

/* Its line may have any descriptor; what libmodbus needs is taken first, or
 * the bus is refused. */
static int with_high_descriptors(void *arg)
{
    struct wire *wire = arg;
    struct real_bus real = {.channels = CHANNELS},
                    late = {.channels = CHANNELS};
    char port[96];

    (void)snprintf(port, sizeof port, "pty:%s", wire->pty.path);
    if (real_bus_open(&real, port, BAUD) != LOCKBUS_OK) {
        return 1;
    }
    use_up_low_descriptors();
    if (!real_bus_until(&real, &real.readings, READS) ||
        lb_bus_fd(real.bus) < LOW_FDS) {
        return 2;
    }
    bool refused = real_bus_open(&late, port, BAUD) == LOCKBUS_ERR_IO;

    real_bus_close(&late);
    real_bus_close(&real);
    return refused ? 0 : 3;
}

static void ours_goes_on(struct wire *wire, struct real_bus *real)
{
    (void)real;
    assert_int_equal(os_in_child(with_high_descriptors, wire, false), 0);
}

/* ---- Rows --------------------------------------------------------------- */

static bool first_reading(struct wire *wire, const uint8_t *request)
{
    if (request[1] != 2 || wire->spoiled > 0) {
        return false;
    }
    wire->spoiled++;
    return true;
}

static void stray_before(struct wire *wire, const uint8_t *request,
                         struct plain_frame *reply)
{
    if (first_reading(wire, request)) {
        say(wire, (const uint8_t[]){0}, 1);
    }
    (void)reply;
}

static void another_first(struct wire *wire, const uint8_t *request,
                          struct plain_frame *reply)
{
    struct plain_frame other = {.bytes = {2, 2, 1, 0x55}, .len = 4};

    if (first_reading(wire, request)) {
        plain_seal(&other);
        say(wire, other.bytes, other.len);
    }
    (void)reply;
}

static void late(struct wire *wire, const uint8_t *request,
                 struct plain_frame *reply)
{
    if (first_reading(wire, request)) {
        wire->later = *reply;
        wire->later_us = lb_clock_boot_us() + LATE_MS * 1000;
        reply->len = 0;
    }
}

/* Its second half comes with the next reply. */
static void cut(struct wire *wire, const uint8_t *request,
                struct plain_frame *reply)
{
    if (first_reading(wire, request)) {
        wire->rest = *reply;
        reply->len = 3;
    } else if (wire->rest.len > 0) {
        say(wire, wire->rest.bytes + 3, wire->rest.len - 3);
        wire->rest.len = 0;
    }
}

static void twice(struct wire *wire, const uint8_t *request,
                  struct plain_frame *reply)
{
    if (first_reading(wire, request)) {
        memcpy(reply->bytes + reply->len, reply->bytes, reply->len);
        reply->len *= 2;
    }
}

static void damaged(struct wire *wire, const uint8_t *request,
                    struct plain_frame *reply)
{
    if (first_reading(wire, request)) {
        reply->bytes[wire->row->byte] ^= 1U;
    }
}

static void refuse_pulse(struct wire *wire, const uint8_t *request,
                         struct plain_frame *reply)
{
    if (request[1] == 5 && request[2] == 2) {
        *reply = (struct plain_frame){.bytes = {1, 0x85, 3}, .len = 3};
        plain_seal(reply);
        wire->board.moved[request[3]]--;
    }
}

/* Door 3's confirmation is late, and comes when door 7's is awaited. */
static void door_three_late(struct wire *wire, const uint8_t *request,
                            struct plain_frame *reply)
{
    if (request[1] != 5) {
        return;
    }
    if (request[3] == 3) {
        wire->rest = *reply;
        reply->len = 0;
    } else if (request[3] == 7) {
        *reply = wire->rest;
        wire->board.moved[7]--;
    }
}

#define READING(text, what)                                                    \
    {                                                                          \
        .name = text, .baud = BAUD, .spoil = what,                             \
        .bare = bare_is_stale_for_ever, .ours = ours_is_never_stale            \
    }
#define DAMAGED(at, outcome)                                                   \
    {                                                                          \
        .name = "a reply is damaged in byte " #at, .baud = BAUD, .byte = at,   \
        .spoil = damaged, .bare = outcome, .ours = ours_is_never_stale         \
    }

static const struct row rows[] = {
    READING("a stray byte comes before a reply", stray_before),
    READING("another board's reply comes first", another_first),
    READING("a reply is late", late),
    READING("a reply is cut and its end comes with the next", cut),
    READING("a reply is said twice in one go", twice),
    DAMAGED(0, bare_sees_it),
    DAMAGED(1, bare_sees_it),
    DAMAGED(2, bare_is_stale_for_ever), /* the count: it waits for less */
    DAMAGED(3, bare_sees_it),
    DAMAGED(6, bare_sees_it),
    DAMAGED(7, bare_sees_it),
    {.name = "the adapter echoes and the board is dead",
     .baud = BAUD,
     .echo = true,
     .bare = bare_confirms_a_dead_board,
     .ours = ours_does_not_confirm_a_dead_board},
    {.name = "door 3's late confirmation comes for door 7",
     .baud = BAUD,
     .spoil = door_three_late,
     .bare = bare_confirms_the_wrong_door,
     .ours = ours_does_not_confirm_the_wrong_door},
    {.name = "the board answers a pulse with an exception",
     .baud = BAUD,
     .spoil = refuse_pulse,
     .bare = bare_takes_no_for_an_answer,
     .ours = ours_says_that_it_was_refused},
    {.name = "the boards run at a rate without a name",
     .baud = ODD_BAUD,
     .bare = bare_runs_at_another_rate,
     .ours = ours_runs_at_the_rate},
    {.name = "the boards insist on the silence before a request",
     .baud = SLOW_BAUD,
     .strict = true,
     .bare = bare_loses_every_second_request,
     .ours = ours_keeps_the_silence},
    {.name = "the process has a thousand descriptors open",
     .baud = BAUD,
     .bare = bare_ends_the_process,
     .ours = ours_goes_on},
};

struct bench {
    const struct row *row;
    struct wire wire;
    struct real_bus real;
    modbus_t *context;
};

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    bench->row = *state;
    *state = bench;
    return 0;
}

static void end_halves(struct bench *bench)
{
    if (bench->context != NULL) {
        modbus_close(bench->context);
        modbus_free(bench->context);
        bench->context = NULL;
    }
    real_bus_close(&bench->real);
    wire_close(&bench->wire);
}

static int tear_down(void **state)
{
    end_halves(*state);
    free(*state);
    return 0;
}

static void both_halves(void **state)
{
    struct bench *bench = *state;

    wire_open(&bench->wire, bench->row);
    bench->context = bare_open(&bench->wire);
    bench->row->bare(&bench->wire, bench->context);
    end_halves(bench);

    wire_open(&bench->wire, bench->row);
    ours_open(&bench->wire, &bench->real);
    bench->row->ours(&bench->wire, &bench->real);
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){
            .name = rows[i].name,
            .test_func = both_halves,
            .setup_func = set_up,
            .teardown_func = tear_down,
            .initial_state = (void *)(uintptr_t)&rows[i],
        };
    }
    return cmocka_run_group_tests_name("fooled", tests, NULL, NULL);
}
