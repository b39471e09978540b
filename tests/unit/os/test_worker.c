/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "os/os.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* A job that says that it runs and then waits for a byte: slow on demand. */
struct slow {
    int started[2], release[2];
    int ran;
    pthread_t by;
};

static void slow_open(struct slow *s)
{
    *s = (struct slow){0};
    assert_int_equal(pipe(s->started), 0);
    assert_int_equal(pipe(s->release), 0);
}

static void slow_close(struct slow *s)
{
    (void)close(s->started[0]);
    (void)close(s->started[1]);
    (void)close(s->release[0]);
    (void)close(s->release[1]);
}

static void run_slow(void *job)
{
    struct slow *s = job;
    char byte = 1;

    s->by = pthread_self();
    if (write(s->started[1], &byte, 1) == 1 &&
        read(s->release[0], &byte, 1) == 1) {
        s->ran++;
    }
}

static void wait_started(struct slow *s)
{
    char byte = 0;

    assert_int_equal(read(s->started[0], &byte, 1), 1);
}

static void release(struct slow *s)
{
    assert_int_equal(write(s->release[1], "x", 1), 1);
}

static void run_quick(void *job)
{
    int *ran = job;

    (*ran)++;
}

static bool readable(const struct lb_worker *worker, int timeout_ms)
{
    struct pollfd p = {.fd = lb_worker_fd(worker), .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

static void inline_job_has_run_when_submit_returns(void **state)
{
    struct lb_worker *worker = NULL;
    int ran[2] = {0, 0};

    (void)state;
    assert_int_equal(lb_worker_new(&worker, true), LOCKBUS_OK);
    assert_false(readable(worker, 0));
    assert_null(lb_worker_ended(worker));
    assert_int_equal(lb_worker_submit(worker, run_quick, &ran[0]), LOCKBUS_OK);
    assert_int_equal(ran[0], 1);
    assert_true(readable(worker, 0));
    assert_int_equal(lb_worker_submit(worker, run_quick, &ran[1]), LOCKBUS_OK);
    assert_ptr_equal(lb_worker_ended(worker), &ran[0]);
    assert_true(readable(worker, 0));
    assert_ptr_equal(lb_worker_ended(worker), &ran[1]);
    assert_false(readable(worker, 0));
    assert_null(lb_worker_ended(worker));
    lb_worker_free(&worker);
    assert_null(worker);
}

static void slow_job_never_holds_the_caller(void **state)
{
    struct lb_worker *worker = NULL;
    static struct slow s; /* outlives a test that fails while it runs */

    (void)state;
    slow_open(&s);
    assert_int_equal(lb_worker_new(&worker, false), LOCKBUS_OK);
    assert_int_equal(lb_worker_submit(worker, run_slow, &s), LOCKBUS_OK);
    wait_started(&s);
    assert_null(lb_worker_ended(worker));
    assert_false(readable(worker, 0));
    release(&s);
    assert_true(readable(worker, 10000));
    assert_ptr_equal(lb_worker_ended(worker), &s);
    assert_int_equal(s.ran, 1);
    assert_false(pthread_equal(s.by, pthread_self()));
    assert_false(readable(worker, 0));
    lb_worker_free(&worker);
    slow_close(&s);
}

static void jobs_end_in_the_order_in_which_they_came(void **state)
{
    struct lb_worker *worker = NULL;
    static struct slow s; /* outlives a test that fails while it runs */
    static int ran[LB_WORKER_JOBS];

    (void)state;
    slow_open(&s);
    assert_int_equal(lb_worker_new(&worker, false), LOCKBUS_OK);
    assert_int_equal(lb_worker_submit(worker, run_slow, &s), LOCKBUS_OK);
    wait_started(&s);
    for (int i = 1; i < LB_WORKER_JOBS; i++) {
        assert_int_equal(lb_worker_submit(worker, run_quick, &ran[i]),
                         LOCKBUS_OK);
    }
    assert_int_equal(lb_worker_submit(worker, run_quick, &ran[0]),
                     LOCKBUS_ERR_BUSY);
    release(&s);
    void *expected[LB_WORKER_JOBS] = {&s, &ran[1], &ran[2], &ran[3]};

    for (int i = 0; i < LB_WORKER_JOBS; i++) {
        assert_true(readable(worker, 10000));
        assert_ptr_equal(lb_worker_ended(worker), expected[i]);
    }
    assert_null(lb_worker_ended(worker));
    assert_int_equal(ran[0], 0);
    assert_int_equal(lb_worker_submit(worker, run_quick, &ran[0]), LOCKBUS_OK);
    assert_true(readable(worker, 10000));
    assert_ptr_equal(lb_worker_ended(worker), &ran[0]);
    lb_worker_free(&worker);
    slow_close(&s);
}

static void *release_thread(void *arg)
{
    release(arg);
    return NULL;
}

static void free_waits_for_the_running_job(void **state)
{
    struct lb_worker *worker = NULL;
    static struct slow s; /* outlives a test that fails while it runs */
    pthread_t helper;

    (void)state;
    slow_open(&s);
    assert_int_equal(lb_worker_new(&worker, false), LOCKBUS_OK);
    assert_int_equal(lb_worker_submit(worker, run_slow, &s), LOCKBUS_OK);
    wait_started(&s);
    assert_int_equal(pthread_create(&helper, NULL, release_thread, &s), 0);
    lb_worker_free(&worker);
    assert_int_equal(s.ran, 1);
    assert_int_equal(pthread_join(helper, NULL), 0);
    slow_close(&s);
}

static void read_mask(void *job)
{
    (void)pthread_sigmask(SIG_SETMASK, NULL, job);
}

static void signals_stay_with_the_host_s_threads(void **state)
{
    struct lb_worker *worker = NULL;
    sigset_t mask;

    (void)state;
    (void)sigemptyset(&mask);
    assert_int_equal(lb_worker_new(&worker, false), LOCKBUS_OK);
    assert_int_equal(lb_worker_submit(worker, read_mask, &mask), LOCKBUS_OK);
    assert_true(readable(worker, 10000));
    assert_ptr_equal(lb_worker_ended(worker), &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 1);
    assert_int_equal(sigismember(&mask, SIGALRM), 1);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    assert_int_equal(sigismember(&mask, SIGTERM), 0);
    lb_worker_free(&worker);
}

static void thousand_jobs_come_back_in_order(void **state)
{
    static int ran[1000];
    struct lb_worker *worker = NULL;
    size_t in = 0, out = 0;

    (void)state;
    assert_int_equal(lb_worker_new(&worker, false), LOCKBUS_OK);
    while (out < 1000) {
        while (in < 1000 && in - out < LB_WORKER_JOBS) {
            assert_int_equal(lb_worker_submit(worker, run_quick, &ran[in]),
                             LOCKBUS_OK);
            in++;
        }
        assert_true(readable(worker, 10000));
        for (void *job = lb_worker_ended(worker); job != NULL;
             job = lb_worker_ended(worker)) {
            assert_ptr_equal(job, &ran[out]);
            assert_int_equal(ran[out], 1);
            out++;
        }
    }
    lb_worker_free(&worker);
}

static void missing_arguments_are_refused(void **state)
{
    struct lb_worker *worker = NULL;
    int ran = 0;

    (void)state;
    assert_int_equal(lb_worker_new(NULL, true), LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_worker_new(&worker, true), LOCKBUS_OK);
    assert_int_equal(lb_worker_submit(worker, NULL, &ran), LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_worker_submit(worker, run_quick, NULL),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lb_worker_submit(NULL, run_quick, &ran),
                     LOCKBUS_ERR_USAGE);
    lb_worker_free(&worker);
    lb_worker_free(&worker);
    lb_worker_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inline_job_has_run_when_submit_returns),
        cmocka_unit_test(slow_job_never_holds_the_caller),
        cmocka_unit_test(jobs_end_in_the_order_in_which_they_came),
        cmocka_unit_test(free_waits_for_the_running_job),
        cmocka_unit_test(signals_stay_with_the_host_s_threads),
        cmocka_unit_test(thousand_jobs_come_back_in_order),
        cmocka_unit_test(missing_arguments_are_refused),
    };

    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
