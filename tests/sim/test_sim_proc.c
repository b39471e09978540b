/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A simulator that a test started does not outlive it.
 */

#include "sim_proc.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 10000 };

/* It has the pipe's other end for as long as it lives. */
static void what_a_killed_test_started_ends_with_it(void **state)
{
    static const char *const argv[] = {"/bin/sh", "-c",
                                       "echo ready; exec sleep 40", NULL};
    struct sim_proc sim;
    int life[2];

    (void)state;
    assert_int_equal(pipe(life), 0);
    pid_t test = fork();

    if (test == 0) {
        if (sim_proc_start(&sim, argv, NULL)) {
            (void)raise(SIGKILL);
        }
        _exit(1);
    }
    assert_true(test > 0);
    (void)close(life[1]);
    int status = 0;

    assert_int_equal(waitpid(test, &status, 0), test);
    assert_true(WIFSIGNALED(status)); /* it had started */
    struct pollfd ended = {life[0], POLLIN, 0};

    assert_int_equal(poll(&ended, 1, WAIT_MS), 1);
    assert_true(ended.revents & POLLHUP);
    (void)close(life[0]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_killed_test_started_ends_with_it),
    };

    return cmocka_run_group_tests_name("what a test starts", tests, NULL, NULL);
}
