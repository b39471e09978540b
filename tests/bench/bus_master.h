/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#ifndef BENCH_BUS_MASTER_H
#define BENCH_BUS_MASTER_H

/*
 * The masters of script/bench bus, each in a process of its own, so that its
 * CPU time is its own. Two of them, ours, stay for several slices of time,
 * because it takes long until all boards are attached; the others are begun
 * and ended with their slice.
 */

#include "bus_wire.h"

enum { BUS_WAITS = 1024 };

struct bus_result {
    bool good;             /* it ran */
    uint64_t transactions; /* as it counts them itself */
    uint64_t failed;       /* without a reply that it took */
    uint64_t odd;          /* failures that were no time-outs */
    double cpu_us;         /* of all of them */
    size_t waits;          /* permit to the request's last byte */
    uint32_t wait_us[BUS_WAITS];
};

/* A process that waits for its slices. */
struct bus_master {
    pid_t pid;
    int ask, answer; /* seconds go out, a result comes back */
};

struct bus_job { /* what our masters need to know */
    const struct bus_wire *wire;
    const char *dir; /* made for them; does not exist yet */
    uint32_t baud;
    uint8_t boards; /* of each bus */
    uint8_t dead;   /* of those */
    bool opens;     /* on lb_bus, with pulses at random */
};

/* bus_lockbus.c: the cabinet's public handle; bus_open.c: the bus below it.
 * Forks; bus_master_ready() waits until every board is attached. */
bool bus_master_start(struct bus_master *master, const struct bus_job *job);
bool bus_master_ready(const struct bus_master *master);
void bus_master_slice(const struct bus_master *master, unsigned seconds,
                      struct bus_result *result);
void bus_master_stop(struct bus_master *master);

/* The body of such a process: prepares, then answers for each slice. */
struct bus_body {
    void *user;
    bool (*attach)(void *user, const struct bus_job *job);
    void (*slice)(void *user, unsigned seconds, struct bus_result *result);
};
struct bus_body bus_lockbus(void);
struct bus_body bus_open(void);

/* bus_peer.c: others, for that many cycles of `boards` boards. */
void bus_libmodbus(const struct bus_wire *wire, uint32_t baud, unsigned cycles,
                   bool gap, struct bus_result *result);
void bus_mbpoll(const struct bus_wire *wire, uint32_t baud,
                struct bus_result *result);
void bus_pymodbus(const struct bus_wire *wire, uint32_t baud, unsigned cycles,
                  const char *script, struct bus_result *result);

uint64_t bus_now_us(void);
double bus_cpu_us(void);

#endif
