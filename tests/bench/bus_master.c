/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "bus_master.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READY_MS = 120000 };

uint64_t bus_now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

double bus_cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static bool put(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t done = write(fd, at, len);

        if (done <= 0) {
            return false;
        }
        at += done;
        len -= (size_t)done;
    }
    return true;
}

static bool get(int fd, void *bytes, size_t len)
{
    char *at = bytes;

    while (len > 0) {
        ssize_t done = read(fd, at, len);

        if (done <= 0) {
            return false;
        }
        at += done;
        len -= (size_t)done;
    }
    return true;
}

_Noreturn static void body(const struct bus_job *job, int ask, int answer)
{
    static struct bus_result result;
    struct bus_body of = job->opens ? bus_open() : bus_lockbus();
    unsigned seconds;
    char ready = (char)(of.attach(of.user, job) ? 'y' : 'n');

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)fflush(stdout);
    if (!put(answer, &ready, 1)) {
        _exit(1);
    }
    while (get(ask, &seconds, sizeof seconds)) {
        memset(&result, 0, sizeof result);
        of.slice(of.user, seconds, &result);
        if (!put(answer, &result, sizeof result)) {
            break;
        }
    }
    _exit(0);
}

bool bus_master_start(struct bus_master *master, const struct bus_job *job)
{
    int ask[2], answer[2];

    if (pipe(ask) != 0 || pipe(answer) != 0) {
        return false;
    }
    (void)fflush(stdout);
    master->pid = fork();
    if (master->pid == 0) {
        (void)close(ask[1]);
        (void)close(answer[0]);
        body(job, ask[0], answer[1]);
    }
    (void)close(ask[0]);
    (void)close(answer[1]);
    master->ask = ask[1];
    master->answer = answer[0];
    return master->pid > 0;
}

bool bus_master_ready(const struct bus_master *master)
{
    struct pollfd wait = {master->answer, POLLIN, 0};
    char ready = 'n';

    return poll(&wait, 1, READY_MS) == 1 && get(master->answer, &ready, 1) &&
           ready == 'y';
}

void bus_master_slice(const struct bus_master *master, unsigned seconds,
                      struct bus_result *result)
{
    if (!put(master->ask, &seconds, sizeof seconds) ||
        !get(master->answer, result, sizeof *result)) {
        memset(result, 0, sizeof *result);
    }
}

void bus_master_stop(struct bus_master *master)
{
    if (master->pid <= 0) {
        return;
    }
    (void)close(master->ask);
    (void)close(master->answer);
    (void)kill(master->pid, SIGKILL);
    (void)waitpid(master->pid, NULL, 0);
    master->pid = -1;
}
