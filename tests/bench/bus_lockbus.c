/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus as a host sees it: the public handle of a cabinet with a journal,
 * one bus or several, a third of the inputs wired to doors. The loop is the
 * one of the README.
 */

#include "../../tools/demo/world.h"

#include "bus_master.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { INPUTS = 24, DOORS = 8, ATTACH_S = 100 };

static struct host {
    struct world world;
    struct lockbus_cabinet *cab;
    const struct bus_wire *wire;
} host;

static void turn(void)
{
    struct lockbus_event event;

    if (lockbus_cabinet_poll(host.cab, bus_now_us()) != LOCKBUS_OK) {
        printf("bench: poll failed\n");
    }
    while (lockbus_cabinet_next_event(host.cab, &event)) {
        ;
    }
    struct pollfd fd = {lockbus_cabinet_fd(host.cab), POLLIN, 0};

    (void)poll(&fd, 1, lockbus_cabinet_timeout_ms(host.cab, bus_now_us()));
}

static bool write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    if (f == NULL) {
        return false;
    }
    bool good = fputs(text, f) >= 0;

    return fclose(f) == 0 && good;
}

/* A kind of board with as many inputs as the figures are about. */
static bool write_profile(const char *dir)
{
    char path[WORLD_PATH + 32];

    (void)snprintf(path, sizeof path, "%s/bench-24ch.ini", dir);
    return write_file(path, "[profile]\ndriver = modbus\nchannels = 24\n"
                            "[pulse]\nwrite = fc05 0x0200\nunit_ms = 100\n"
                            "allowed_ms = 200-1000\n"
                            "[off]\nwrite = fc05 0x0000\n"
                            "[leaf]\nread = fc02 0x0000\n");
}

static bool write_config(const struct bus_job *job, const char *path)
{
    FILE *f = fopen(path, "w");
    unsigned board = 0;

    if (f == NULL) {
        return false;
    }
    fprintf(f, "[cabinet]\nname = bench\njournal = journal\n"
               "manifest = manifest.lbm\nprofiles = .\n"
               "[lock]\npulse_ms = 500\nrest_ms = 2000\nat_once = 2\n"
               "shut_is = 1\n");
    for (size_t b = 0; b < job->wire->count; b++) {
        fprintf(f, "[bus.b%zu]\nport = pty:%s\nbaud = %u 8N2\n", b,
                job->wire->seen[b].path, (unsigned)job->baud);
    }
    fputs("[boards]\n", f);
    for (size_t b = 0; b < job->wire->count; b++) {
        for (unsigned i = 0; i < job->boards; i++) {
            board++;
            fprintf(f, "%u = b%zu %u bench-24ch\n", board, b, board);
        }
    }
    fputs("[doors]\n", f);
    for (unsigned b = 0; b < board; b++) {
        fprintf(f, "B%03u.1-B%03u.%d = %u-%u %u:1-%d size=M\n", b, b, DOORS,
                b * DOORS, b * DOORS + DOORS - 1, b + 1, DOORS);
    }
    return fclose(f) == 0;
}

static struct lockbus_cabinet_info info_now(void)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    if (lockbus_cabinet_info(host.cab, &info) != LOCKBUS_OK) {
        printf("bench: no info\n");
    }
    return info;
}

static bool attach(void *user, const struct bus_job *job)
{
    char path[WORLD_PATH + 32];
    uint8_t escrow[32];
    struct lockbus_error why = {.err = LOCKBUS_OK};

    (void)user;
    host.wire = job->wire;
    (void)snprintf(path, sizeof path, "%s/cabinet.ini", job->dir);
    if (mkdir(job->dir, 0700) != 0 ||
        !world_init(&host.world, job->dir, 3, (uint64_t)time(NULL)) ||
        !write_profile(job->dir) || !write_config(job, path) ||
        !world_commission(&host.world, escrow, &why) ||
        lockbus_cabinet_open(&host.cab, path, NULL, &why) != LOCKBUS_OK) {
        printf("bench: no cabinet: %s %s\n", why.field, why.text);
        return false;
    }
    uint64_t until = bus_now_us() + ATTACH_S * UINT64_C(1000000);
    struct lockbus_cabinet_info info;

    do {
        turn();
        info = info_now();
    } while (info.boards_present < info.boards && bus_now_us() < until);
    if (info.boards_present < info.boards) {
        printf("bench: %u of %u boards are there\n",
               (unsigned)info.boards_present, (unsigned)info.boards);
    }
    return info.boards_present == info.boards;
}

static void slice(void *user, unsigned seconds, struct bus_result *result)
{
    struct lockbus_cabinet_info then, now;
    uint64_t until = bus_now_us() + UINT64_C(1000000);

    (void)user;
    while (bus_now_us() < until) {
        turn(); /* it was not polled for a while */
    }
    then = info_now();
    bus_wire_count(host.wire, true);
    double began = bus_cpu_us();

    until = bus_now_us() + seconds * UINT64_C(1000000);
    while (bus_now_us() < until) {
        turn();
    }
    result->cpu_us = bus_cpu_us() - began;
    bus_wire_count(host.wire, false);
    now = info_now();
    result->good = now.boards_present == now.boards;
    result->transactions = now.requests - then.requests;
    result->failed = now.timeouts - then.timeouts;
    result->odd = now.crc_errors - then.crc_errors;
}

struct bus_body bus_lockbus(void)
{
    return (struct bus_body){NULL, attach, slice};
}
