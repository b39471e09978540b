/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _GNU_SOURCE /* wait4 */
#include "bus_master.h"

#include <modbus.h>

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BOARDS = 32, INPUTS = 24, TEXT_MAX = 16384, ARGS = 24 };

/* ---- libmodbus as it comes, and with the silence that it leaves out ----- */

static void rest(int timer, uint64_t quiet_ns, const struct timespec *since)
{
    uint64_t at = (uint64_t)since->tv_nsec + quiet_ns, ended;
    struct itimerspec until = {
        .it_value = {since->tv_sec + (time_t)(at / 1000000000),
                     (long)(at % 1000000000)}};

    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &until, NULL) != 0 ||
        read(timer, &ended, sizeof ended) != sizeof ended) {
        perror("bench: timer");
    }
}

static void cycle(modbus_t *context, int timer, uint64_t quiet_ns,
                  struct bus_result *result)
{
    uint8_t bits[INPUTS];

    for (int board = 1; board <= BOARDS; board++) {
        struct timespec end;

        (void)modbus_set_slave(context, board);
        int got = modbus_read_input_bits(context, 0, INPUTS, bits);

        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        result->transactions++;
        result->failed += got != INPUTS;
        if (quiet_ns != 0) {
            rest(timer, quiet_ns, &end);
        }
    }
}

/* In a child, because its CPU time is asked for. */
void bus_libmodbus(const struct bus_wire *wire, uint32_t baud, unsigned cycles,
                   bool gap, struct bus_result *result)
{
    struct bus_result mine = {0};
    int answer[2];
    uint64_t quiet = gap ? (uint64_t)(bus_wire_quiet_us(baud) * 1000) : 0;

    memset(result, 0, sizeof *result);
    if (pipe(answer) != 0) {
        return;
    }
    pid_t pid = fork();

    if (pid == 0) {
        modbus_t *context =
            modbus_new_rtu(wire->seen[0].path, (int)baud, 'N', 8, 2);

        int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

        mine.good =
            timer >= 0 && context != NULL && modbus_connect(context) == 0;
        bus_wire_count(wire, true);
        double began = bus_cpu_us();

        for (unsigned i = 0; mine.good && i < cycles; i++) {
            cycle(context, timer, quiet, &mine);
        }
        mine.cpu_us = bus_cpu_us() - began;
        bus_wire_count(wire, false);
        _exit(write(answer[1], &mine, sizeof mine) != sizeof mine);
    }
    (void)close(answer[1]);
    if (pid > 0 && read(answer[0], result, sizeof *result) != sizeof *result) {
        memset(result, 0, sizeof *result);
    }
    (void)close(answer[0]);
    (void)waitpid(pid, NULL, 0);
}

/* ---- Programs ----------------------------------------------------------- */

/* What it wrote, and the CPU time of all of it. */
static bool program(const char *const argv[], char *text, double *cpu_us)
{
    char *args[ARGS + 1] = {0};
    int out[2], status = -1;
    struct rusage usage;
    size_t len = 0;

    if (pipe(out) != 0) {
        return false;
    }
    (void)fflush(stdout);
    pid_t pid = fork();

    if (pid == 0) {
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(out[1], STDERR_FILENO);
        for (size_t i = 0; i < ARGS && argv[i] != NULL; i++) {
            args[i] = strdup(argv[i]); /* exec wants them writable */
        }
        (void)execvp(args[0], args);
        _exit(127);
    }
    (void)close(out[1]);
    for (ssize_t got = 1; pid > 0 && got > 0 && len<TEXT_MAX - 1; len += got> 0
                              ? (size_t)got
                              : 0) {
        got = read(out[0], text + len, TEXT_MAX - 1 - len);
    }
    text[len] = '\0';
    (void)close(out[0]);
    if (pid <= 0 || wait4(pid, &status, 0, &usage) != pid) {
        return false;
    }
    *cpu_us = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
              (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return WIFEXITED(status) && WEXITSTATUS(status) != 127;
}

static uint64_t times(const char *text, const char *word)
{
    uint64_t count = 0;

    for (; (text = strstr(text, word)) != NULL; text += strlen(word)) {
        count++;
    }
    return count;
}

static bool mbpoll(const struct bus_wire *wire, uint32_t baud,
                   const char *boards, char *text, double *cpu_us)
{
    char rate[16], path[64];
    const char *const argv[] = {"mbpoll", "-m", "rtu",  "-a", boards, "-t",
                                "1",      "-r", "1",    "-c", "24",   "-b",
                                rate,     "-P", "none", "-s", "2",    "-o",
                                "0.5",    "-1", path,   NULL};

    (void)snprintf(rate, sizeof rate, "%u", (unsigned)baud);
    (void)snprintf(path, sizeof path, "%s", wire->seen[0].path);
    return program(argv, text, cpu_us);
}

/* One cycle. Its start is measured apart, with one board, and taken off. */
void bus_mbpoll(const struct bus_wire *wire, uint32_t baud,
                struct bus_result *result)
{
    static char text[TEXT_MAX];
    double start_us = 0, all_us = 0;

    memset(result, 0, sizeof *result);
    if (!mbpoll(wire, baud, "1", text, &start_us)) {
        return;
    }
    bus_wire_count(wire, true);
    result->good = mbpoll(wire, baud, "1:32", text, &all_us);
    bus_wire_count(wire, false);
    result->transactions = BOARDS;
    result->failed = times(text, "failed:");
    result->cpu_us = (all_us - start_us) * BOARDS / (BOARDS - 1);
}

/* The script says when it begins and ends, by a byte each, and its figures. */
void bus_pymodbus(const struct bus_wire *wire, uint32_t baud, unsigned cycles,
                  const char *script, struct bus_result *result)
{
    static char text[TEXT_MAX];
    char rate[16], rounds[16], path[64];
    const char *const argv[] = {
        "/usr/bin/python3", script, path, rate, rounds, NULL};
    unsigned long transactions = 0, failed = 0;
    double cpu_us = 0, all_us = 0;

    memset(result, 0, sizeof *result);
    (void)snprintf(rate, sizeof rate, "%u", (unsigned)baud);
    (void)snprintf(rounds, sizeof rounds, "%u", cycles);
    (void)snprintf(path, sizeof path, "%s", wire->seen[0].path);
    bus_wire_count(wire, true);
    result->good =
        program(argv, text, &all_us) &&
        sscanf(text, "%lu %lu %lf", &transactions, &failed, &cpu_us) == 3;
    bus_wire_count(wire, false);
    if (!result->good) {
        printf("bench: pymodbus said: %s\n", text);
    }
    result->transactions = transactions;
    result->failed = failed;
    result->cpu_us = cpu_us;
}
