/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _GNU_SOURCE /* ppoll, getopt_long */
#include "server.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "cabinet/config.h"

enum { EXIT_USAGE = 2, WATCHED_MAX = 2 * LB_CONFIG_BUSES + SIM_CLIENTS + 1 };

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static uint64_t clock_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* SIGTERM and SIGINT arrive inside ppoll() only, so none is missed. */
static void set_signals(sigset_t *while_waiting)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;

    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &blocked, while_waiting);
    (void)sigdelset(while_waiting, SIGTERM);
    (void)sigdelset(while_waiting, SIGINT);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static void wait_until(uint64_t next, struct pollfd *fds, size_t count,
                       const sigset_t *mask)
{
    uint64_t now = clock_ns();
    uint64_t left = next > now ? next - now : 0;
    struct timespec timeout = {
        .tv_sec = (time_t)(left / UINT64_C(1000000000)),
        .tv_nsec = (long)(left % UINT64_C(1000000000)),
    };

    (void)ppoll(fds, (nfds_t)count, next == SIM_NEVER ? NULL : &timeout, mask);
}

static void run(struct sim_world *world, struct sim_server *server,
                const sigset_t *mask)
{
    while (stop_signal == 0 && !world->quit) {
        struct pollfd fds[WATCHED_MAX] = {0};
        size_t count = 0;
        for (size_t i = 0; i < world->bus_count; i++) {
            const struct sim_pty *pty = &world->bus[i].pty;
            fds[count++] = (struct pollfd){pty->master, POLLIN, 0};
            fds[count++] = (struct pollfd){pty->watch, POLLIN, 0};
        }
        count += sim_server_watch(server, fds + count);
        wait_until(sim_world_next(world, clock_ns()), fds, count, mask);

        for (size_t i = 0; i < world->bus_count; i++) {
            if (fds[2 * i + 1].revents != 0) {
                sim_pty_closed(&world->bus[i].pty);
            }
        }
        sim_world_advance(world, clock_ns());
        for (size_t i = 0; i < world->bus_count; i++) {
            if (fds[2 * i].revents != 0) {
                sim_world_receive(world, i, clock_ns());
            }
        }
        sim_server_serve(server, world, clock_ns());
        sim_world_advance(world, clock_ns());
    }
}

static int usage(FILE *out, int code)
{
    (void)fputs(
        "usage: lockbus-sim [options] cabinet.ini\n"
        "Simulated lock boards behind a pty for each bus whose port is "
        "pty:PATH.\n"
        "  --control PATH   unix socket for commands, see "
        "docs/simulator.md\n"
        "  --shut-after MS  somebody shuts each door that long after it "
        "opens\n"
        "  --fast           no wire time, no silence to keep\n"
        "  --tolerant       boards that forgive a short silence\n"
        "  --turnaround MS  a board's time before it answers (2)\n"
        "  --jitter MS      up to this much more, at random (0)\n"
        "  --seed N         of what is random (1)\n",
        out);
    return code;
}

static bool take_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end = NULL;

    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
        n > max) {
        (void)fprintf(stderr, "lockbus-sim: %s is not a number up to %llu\n",
                      text, (unsigned long long)max);
        return false;
    }
    *value = n;
    return true;
}

static bool take_ms(const char *text, uint64_t *ns)
{
    uint64_t ms = 0;

    if (!take_number(text, 3600000, &ms)) {
        return false;
    }
    *ns = ms * SIM_MS;
    return true;
}

/* -1: go on; else the exit status. */
static int take_options(int argc, char **argv, struct sim_options *options)
{
    static const struct option known[] = {
        {"control", required_argument, NULL, 'c'},
        {"shut-after", required_argument, NULL, 's'},
        {"fast", no_argument, NULL, 'f'},
        {"tolerant", no_argument, NULL, 't'},
        {"turnaround", required_argument, NULL, 'a'},
        {"jitter", required_argument, NULL, 'j'},
        {"seed", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    bool ok = true;

    for (int c; ok && (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'c':
            options->control = optarg;
            break;
        case 's':
            ok = take_ms(optarg, &options->shut_after_ns);
            break;
        case 'f':
            options->fast = true;
            break;
        case 't':
            options->tolerant = true;
            break;
        case 'a':
            ok = take_ms(optarg, &options->turnaround_ns);
            break;
        case 'j':
            ok = take_ms(optarg, &options->jitter_ns);
            break;
        case 'r':
            ok = take_number(optarg, UINT32_MAX, &options->seed);
            break;
        case 'h':
            return usage(stdout, EXIT_SUCCESS);
        default:
            ok = false;
            break;
        }
    }
    if (!ok || optind != argc - 1) {
        return usage(stderr, EXIT_USAGE);
    }
    options->config = argv[optind];
    return -1;
}

int main(int argc, char **argv)
{
    static struct sim_world world;
    static struct sim_server server;
    struct sim_options options = {
        .shut_after_ns = SIM_NEVER, .turnaround_ns = 2 * SIM_MS, .seed = 1};
    char why[512] = "";
    sigset_t mask;

    int status = take_options(argc, argv, &options);
    if (status >= 0) {
        return status;
    }
    set_signals(&mask);
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (!sim_world_open(&world, &options, why, sizeof why)) {
        (void)fprintf(stderr, "lockbus-sim: %s\n", why);
        return EXIT_FAILURE;
    }
    status = EXIT_SUCCESS;
    if (!sim_server_open(&server, options.control)) {
        (void)fprintf(stderr, "lockbus-sim: %s: %s\n", options.control,
                      strerror(errno));
        status = EXIT_FAILURE;
    } else {
        (void)printf("ready buses=%zu boards=%zu doors=%zu\n", world.bus_count,
                     world.board_count, world.door_count);
        (void)fflush(stdout);
        run(&world, &server, &mask);
    }
    sim_server_close(&server);
    sim_world_close(&world);
    return status;
}
