/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * One ring holds a job from lb_worker_submit() to lb_worker_ended(), so that
 * a job that ended always has a place. The three counts only grow:
 * taken <= done <= submitted <= taken + LB_WORKER_JOBS.
 */
struct lb_worker {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_t thread;
    bool inline_only, stop;
    bool told; /* the event counts something */
    int event;
    uint64_t submitted, done, taken;
    struct {
        void (*run)(void *job);
        void *job;
    } ring[LB_WORKER_JOBS];
};

static void tell(struct lb_worker *worker)
{
    uint64_t one = 1;

    worker->told = true;
    ssize_t written = write(worker->event, &one, sizeof one);

    (void)written; /* fails only when it is readable already */
}

static void *work(void *user)
{
    struct lb_worker *worker = user;

    (void)pthread_mutex_lock(&worker->mutex);
    for (;;) {
        while (!worker->stop && worker->done == worker->submitted) {
            (void)pthread_cond_wait(&worker->wake, &worker->mutex);
        }
        if (worker->stop) {
            break;
        }
        size_t slot = (size_t)(worker->done % LB_WORKER_JOBS);
        void (*run)(void *) = worker->ring[slot].run;
        void *job = worker->ring[slot].job;

        (void)pthread_mutex_unlock(&worker->mutex);
        run(job);
        (void)pthread_mutex_lock(&worker->mutex);
        worker->done++;
        tell(worker);
    }
    (void)pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

/* Signals stay the business of the host's own threads. */
static bool start(struct lb_worker *worker)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return false;
    }
    int failed = pthread_create(&worker->thread, NULL, work, worker);

    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0;
}

enum lockbus_err lb_worker_new(struct lb_worker **out, bool inline_only)
{
    if (out == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    struct lb_worker *worker = calloc(1, sizeof *worker);

    if (worker == NULL) {
        return LOCKBUS_ERR_NOMEM;
    }
    worker->inline_only = inline_only;
    worker->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->event < 0) {
        goto no_event;
    }
    if (pthread_mutex_init(&worker->mutex, NULL) != 0) {
        goto no_mutex;
    }
    if (pthread_cond_init(&worker->wake, NULL) != 0) {
        goto no_cond;
    }
    if (!inline_only && !start(worker)) {
        goto no_thread;
    }
    *out = worker;
    return LOCKBUS_OK;

no_thread:
    (void)pthread_cond_destroy(&worker->wake);
no_cond:
    (void)pthread_mutex_destroy(&worker->mutex);
no_mutex:
    (void)close(worker->event);
no_event:
    free(worker);
    return LOCKBUS_ERR_IO;
}

void lb_worker_free(struct lb_worker **worker)
{
    if (worker == NULL || *worker == NULL) {
        return;
    }
    struct lb_worker *w = *worker;

    if (!w->inline_only) {
        (void)pthread_mutex_lock(&w->mutex);
        w->stop = true;
        (void)pthread_cond_signal(&w->wake);
        (void)pthread_mutex_unlock(&w->mutex);
        (void)pthread_join(w->thread, NULL);
    }
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->mutex);
    (void)close(w->event);
    free(w);
    *worker = NULL;
}

size_t lb_worker_memory(void)
{
    return sizeof(struct lb_worker);
}

int lb_worker_fd(const struct lb_worker *worker)
{
    return worker->event;
}

enum lockbus_err lb_worker_submit(struct lb_worker *worker,
                                  void (*run)(void *job), void *job)
{
    if (worker == NULL || run == NULL || job == NULL) {
        return LOCKBUS_ERR_USAGE; /* NULL is how lb_worker_ended says none */
    }
    enum lockbus_err err = LOCKBUS_OK;

    (void)pthread_mutex_lock(&worker->mutex);
    if (worker->submitted - worker->taken >= LB_WORKER_JOBS) {
        err = LOCKBUS_ERR_BUSY;
    } else {
        size_t slot = (size_t)(worker->submitted % LB_WORKER_JOBS);

        worker->ring[slot].run = run;
        worker->ring[slot].job = job;
        worker->submitted++;
        (void)pthread_cond_signal(&worker->wake);
    }
    (void)pthread_mutex_unlock(&worker->mutex);
    if (err == LOCKBUS_OK && worker->inline_only) {
        run(job); /* one thread: nothing else looks at the ring meanwhile */
        worker->done = worker->submitted;
        tell(worker);
    }
    return err;
}

void *lb_worker_ended(struct lb_worker *worker)
{
    void *job = NULL;

    (void)pthread_mutex_lock(&worker->mutex);
    if (worker->taken != worker->done) {
        job = worker->ring[worker->taken % LB_WORKER_JOBS].job;
        worker->taken++;
    }
    if (worker->told && worker->taken == worker->done) {
        uint64_t count = 0;
        ssize_t got = read(worker->event, &count, sizeof count);

        worker->told = false;
        (void)got; /* nothing to drain is as good */
    }
    (void)pthread_mutex_unlock(&worker->mutex);
    return job;
}
