/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#define _GNU_SOURCE /* ppoll, getopt_long */
#include "script.h"
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

struct story {
    struct sim_world world;
    struct sim_server server;
    struct sim_script *script;
    char why[512];
};

static uint64_t next_of(const struct story *story, uint64_t now)
{
    uint64_t world = sim_world_next(&story->world, now);
    uint64_t script = sim_script_next(story->script);

    return world < script ? world : script;
}

/* False: the script went wrong. */
static bool run(struct story *story, const sigset_t *mask)
{
    struct sim_world *world = &story->world;
    struct sim_server *server = &story->server;

    while (stop_signal == 0 && !world->quit) {
        struct pollfd fds[WATCHED_MAX] = {0};
        size_t count = 0;
        for (size_t i = 0; i < world->bus_count; i++) {
            const struct sim_pty *pty = &world->bus[i].pty;
            fds[count++] = (struct pollfd){pty->master, POLLIN, 0};
            fds[count++] = (struct pollfd){pty->watch, POLLIN, 0};
        }
        count += sim_server_watch(server, fds + count);
        wait_until(next_of(story, clock_ns()), fds, count, mask);

        for (size_t i = 0; i < world->bus_count; i++) {
            if (world->bus[i].pty.watch >= 0 && fds[2 * i + 1].revents != 0) {
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
        sim_log_changes(world, clock_ns());
        if (!sim_script_run(story->script, world, clock_ns(), story->why)) {
            return false;
        }
    }
    return true;
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
        "  --seed N         of what is random (1)\n"
        "  --script FILE    commands at their times\n"
        "  --log FILE       what happens, a line each; - is the output\n"
        "  --frames FILE    every frame on the wire, a line each\n",
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
        {"script", required_argument, NULL, 'p'},
        {"log", required_argument, NULL, 'l'},
        {"frames", required_argument, NULL, 'w'},
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
        case 'p':
            options->script = optarg;
            break;
        case 'l':
            options->log = optarg;
            break;
        case 'w':
            options->frames = optarg;
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

/* Everything that must be there before the first byte is answered. */
static bool begin(struct story *story, const struct sim_options *options)
{
    struct sim_world *world = &story->world;

    if (!sim_world_open(world, options, story->why, sizeof story->why)) {
        return false;
    }
    if (options->log != NULL) {
        world->log = sim_log_open(options->log, world, clock_ns());
        if (world->log == NULL) {
            (void)snprintf(story->why, sizeof story->why, "%s: %s",
                           options->log, strerror(errno));
            return false;
        }
    }
    if (options->frames != NULL && !sim_log_frames(world, options->frames)) {
        (void)snprintf(story->why, sizeof story->why, "%s: %s", options->frames,
                       strerror(errno));
        return false;
    }
    if (options->script != NULL) {
        story->script =
            sim_script_open(options->script, world, clock_ns(), story->why);
        if (story->script == NULL) {
            return false;
        }
    }
    if (!sim_server_open(&story->server, options->control)) {
        (void)snprintf(story->why, sizeof story->why, "%s: %s",
                       options->control, strerror(errno));
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct story story = {.server = {.listener = -1}};
    struct sim_options options = {
        .shut_after_ns = SIM_NEVER, .turnaround_ns = 2 * SIM_MS, .seed = 1};
    sigset_t mask;

    int status = take_options(argc, argv, &options);
    if (status >= 0) {
        return status;
    }
    set_signals(&mask);
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    bool good = begin(&story, &options);
    if (good) {
        (void)printf("ready buses=%zu boards=%zu doors=%zu\n",
                     story.world.bus_count, story.world.board_count,
                     story.world.door_count);
        (void)fflush(stdout);
        good = run(&story, &mask);
    }
    if (!good) {
        (void)fprintf(stderr, "lockbus-sim: %s\n", story.why);
    }
    if (story.server.path[0] != '\0') {
        sim_server_close(&story.server);
    }
    sim_script_close(&story.script);
    sim_log_close(&story.world.log);
    sim_world_close(&story.world);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
