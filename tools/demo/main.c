/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * A cabinet of 12 boards and 96 doors, from commissioning through a power cut
 * and an attack to its aftermath, on the real library and a simulated bus.
 * Every sentence with a tick was checked; one that did not hold makes the
 * exit code 1.
 */

#include "page.h"
#include "plain.h"
#include "scenes.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_BROKEN = 1, EXIT_USAGE = 2, LAST_LOOK_MS = 6000 };

static bool (*const scenes[])(struct stage *) = {
    scene_begin,  scene_deposit, scene_pickup, scene_app,     scene_powercut,
    scene_open_n, scene_night,   scene_wire,   scene_morning, scene_which,
};

static bool prepare(struct stage *stage, char **argv)
{
    const char *dir = argv[3];

    stage->sim_program = argv[1];
    stage->profiles = argv[2];
    stage->sim = (struct simulator){.pid = -1, .control = -1};
    stage->tap = -1;
    (void)mkdir(dir, 0700);
    (void)snprintf(stage->port, sizeof stage->port, "pty:%s/bus", dir);
    (void)snprintf(stage->figures.version, sizeof stage->figures.version, "%s",
                   lockbus_version());
    if (!world_init(&stage->world, dir, 1, (uint64_t)time(NULL))) {
        return false;
    }
    stage->world.limits.reopen_window_s = 3; /* longer than SHUT_AFTER_MS */
    stage->world.limits.burst = 20;
    stage->world.limits.max_open_vacant = 6;
    return world_config(&stage->world, BOARDS, stage->port, stage->profiles,
                        115200);
}

/* True when the story came to its end. */
static bool play(struct stage *stage)
{
    bool goes_on = true;

    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0] && goes_on; i++) {
        goes_on = scenes[i](stage) && !stage_over(stage);
    }
    if (stage->live.open && goes_on) {
        stage_wait_ms(stage, LAST_LOOK_MS);
    }
    stage_close(stage);
    simulator_stop(&stage->sim);
    if (stage->tap >= 0) {
        (void)close(stage->tap);
    }
    return goes_on;
}

static int tell_end(const struct stage *stage, bool whole)
{
    const struct recorder *record = &stage->record;

    if (stage_over(stage)) {
        printf("\nstopped by q after %u statements, %u of them held\n",
               record->held + record->broken, record->held);
    } else if (!whole) {
        printf("\nthe demo could not go on\n");
    } else {
        printf("\n%u of %u statements held\n", record->held,
               record->held + record->broken);
    }
    return record->broken == 0 && (whole || stage_over(stage)) ? 0
                                                               : EXIT_BROKEN;
}

static int run(struct stage *stage, struct page *page, const char *html)
{
    struct outlet plain = plain_outlet(), live = live_outlet(&stage->live);
    struct outlet to_page = page_outlet(page);

    recorder_init(&stage->record, stage_now_us());
    recorder_add(&stage->record, live_open(&stage->live) ? &live : &plain);
    recorder_add(&stage->record, &to_page);
    bool whole = play(stage);

    live_close(&stage->live);
    int code = tell_end(stage, whole);

    if (whole && !page_write(page, html, stage)) {
        perror(html);
        return EXIT_BROKEN;
    }
    if (whole) {
        printf("the same as a page: %s\n", html);
    }
    return code;
}

int main(int argc, char **argv)
{
    static struct stage stage;
    static struct page page;
    const char *html = "lockbus-demo.html";

    if (argc == 6 && strcmp(argv[4], "--html") == 0) {
        html = argv[5];
    } else if (argc != 4) {
        fprintf(stderr,
                "usage: %s LOCKBUS-SIM PROFILES WORKDIR [--html PATH]\n",
                argv[0]);
        return EXIT_USAGE;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    if (!prepare(&stage, argv)) {
        fprintf(stderr, "%s: %s cannot be used\n", argv[0], argv[3]);
        return EXIT_BROKEN;
    }
    return run(&stage, &page, html);
}
