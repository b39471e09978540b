/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "hall.h"

#include "os/os.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 40000, NOW = 1900000000 };

static void turn(struct hall *hall)
{
    struct lockbus_event event;

    assert_int_equal(lockbus_cabinet_poll(hall->cab, lb_clock_boot_us()),
                     LOCKBUS_OK);
    while (lockbus_cabinet_next_event(hall->cab, &event)) {
        assert_true(hall->events < HALL_EVENTS);
        hall->event[hall->events++] = event;
    }
    struct pollfd fd = {lockbus_cabinet_fd(hall->cab), POLLIN, 0};

    (void)poll(&fd, 1,
               lockbus_cabinet_timeout_ms(hall->cab, lb_clock_boot_us()));
}

static void start_sim(struct hall *hall, const char *script)
{
    char story[96];
    const char *argv[] = {LB_BINARY_DIR "/tools/lockbus-sim",
                          "--fast",
                          "--shut-after",
                          "2400",
                          "--control",
                          hall->control,
                          hall->config,
                          NULL,
                          NULL,
                          NULL};

    if (script != NULL) {
        (void)snprintf(story, sizeof story, "%s/story", hall->dir);
        FILE *out = fopen(story, "w");

        assert_non_null(out);
        assert_true(fputs(script, out) >= 0);
        assert_int_equal(fclose(out), 0);
        argv[7] = "--script";
        argv[8] = story;
    }
    assert_true(sim_proc_start(&hall->sim, argv, hall->control));
}

struct hall *hall_new(const char *script)
{
    struct hall *hall = calloc(1, sizeof *hall);
    struct lockbus_error why = {.err = LOCKBUS_OK};
    char port[96];

    assert_non_null(hall);
    (void)snprintf(hall->dir, sizeof hall->dir, "/tmp/lockbus-hall-XXXXXX");
    assert_non_null(mkdtemp(hall->dir));
    (void)snprintf(hall->control, sizeof hall->control, "%s/ctl", hall->dir);
    (void)snprintf(hall->config, sizeof hall->config, "%s/cabinet.ini",
                   hall->dir);
    (void)snprintf(hall->journal, sizeof hall->journal, "%s/journal",
                   hall->dir);
    (void)snprintf(port, sizeof port, "pty:%s/bus", hall->dir);
    assert_true(world_init(&hall->world, hall->dir, 9, NOW));
    hall->world.limits.reopen_window_s = 3;
    hall->world.limits.max_open_vacant = 8;
    assert_true(world_config(&hall->world, HALL_BOARDS, port,
                             LB_SOURCE_DIR "/profiles", 115200));
    assert_true(world_commission(&hall->world, hall->escrow, &why));
    start_sim(hall, script);
    assert_int_equal(lockbus_cabinet_open(&hall->cab, hall->config, NULL, &why),
                     LOCKBUS_OK);
    for (unsigned b = 0; b < HALL_BOARDS; b++) {
        while (hall_count(hall, LOCKBUS_EVENT_BOARD_BACK, 0xFFFF) <= b) {
            turn(hall);
        }
    }
    assert_int_equal(lockbus_cabinet_time(hall->cab, NOW, true), LOCKBUS_OK);
    return hall;
}

void hall_free(struct hall *hall)
{
    static const char *const files[] = {"cabinet.ini", "manifest.lbm", "story"};
    char path[160];

    lockbus_cabinet_close(&hall->cab);
    assert_int_equal(sim_proc_stop(&hall->sim), 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", hall->dir, files[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "rm -rf '%s'", hall->dir);
    assert_int_equal(system(path), 0);
    free(hall);
}

const char *hall_sim(struct hall *hall, const char *command)
{
    static char answer[4096];

    assert_true(sim_proc_ask(&hall->sim, command, answer, sizeof answer));
    if (strncmp(answer, "ok", 2) != 0) {
        fail_msg("%s: %s", command, answer);
    }
    return answer[2] == ' ' ? answer + 3 : answer + 2;
}

void hall_forget(struct hall *hall)
{
    hall->events = 0;
}

unsigned hall_count(const struct hall *hall, enum lockbus_event_kind kind,
                    uint16_t door)
{
    unsigned count = 0;

    for (size_t i = 0; i < hall->events; i++) {
        count += hall->event[i].kind == kind &&
                 (door == 0xFFFF || hall->event[i].door == door);
    }
    return count;
}

struct lockbus_event hall_wait(struct hall *hall, enum lockbus_event_kind kind,
                               uint16_t door, unsigned ms)
{
    uint64_t end = lb_clock_boot_us() + ms * UINT64_C(1000);

    for (size_t i = 0;; i++) {
        while (i == hall->events) {
            if (lb_clock_boot_us() > end) {
                fail_msg("no %s of door %u in %u ms", lockbus_event_name(kind),
                         door, ms);
            }
            turn(hall);
        }
        if (hall->event[i].kind == kind &&
            (door == 0xFFFF || hall->event[i].door == door)) {
            return hall->event[i];
        }
    }
}

struct lockbus_event hall_finish(struct hall *hall, uint32_t ticket)
{
    uint64_t end = lb_clock_boot_us() + PATIENCE_MS * UINT64_C(1000);

    for (size_t i = 0;; i++) {
        while (i == hall->events) {
            if (lb_clock_boot_us() > end) {
                fail_msg("ticket %u does not end", ticket);
            }
            turn(hall);
        }
        if (hall->event[i].ticket == ticket &&
            lockbus_event_ends(&hall->event[i])) {
            return hall->event[i];
        }
    }
}

void hall_run(struct hall *hall, unsigned ms)
{
    uint64_t end = lb_clock_boot_us() + ms * UINT64_C(1000);

    while (lb_clock_boot_us() < end) {
        turn(hall);
    }
}

enum lockbus_err hall_deposit(struct hall *hall, struct parcel *parcel,
                              uint16_t door, uint32_t *ticket,
                              struct lockbus_error *why)
{
    assert_true(world_parcel(&hall->world, parcel, door, false, why));
    return lockbus_deposit_with_key(hall->cab, parcel->package,
                                    parcel->package_len,
                                    hall->world.courier.seed, ticket, why);
}

enum lockbus_err hall_release(struct hall *hall, const struct parcel *parcel,
                              uint32_t *ticket, struct lockbus_error *why)
{
    return lockbus_open_with_key(hall->cab, parcel->door, LOCKBUS_PROOF_RELEASE,
                                 parcel->release.seed, ticket, why);
}

struct lockbus_door hall_door(struct hall *hall, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(hall->cab, door, &view, NULL), LOCKBUS_OK);
    return view;
}

struct lockbus_board hall_board(struct hall *hall, unsigned number)
{
    struct lockbus_board view = {.size = sizeof view};

    assert_int_equal(lockbus_board_at(hall->cab, number - 1, &view, NULL),
                     LOCKBUS_OK);
    assert_int_equal(view.number, number);
    return view;
}

void hall_until(struct hall *hall, uint16_t door, enum lockbus_custody custody)
{
    uint64_t end = lb_clock_boot_us() + PATIENCE_MS * UINT64_C(1000);

    while (hall_door(hall, door).custody != custody) {
        if (lb_clock_boot_us() > end) {
            fail_msg("door %u is never %s", door,
                     lockbus_custody_name(custody));
        }
        turn(hall);
    }
}

void hall_fill(struct hall *hall, struct parcel *parcel, uint16_t door)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;

    assert_int_equal(hall_deposit(hall, parcel, door, &ticket, &why),
                     LOCKBUS_OK);
    assert_int_equal(hall_finish(hall, ticket).kind, LOCKBUS_EVENT_OPENED);
    hall_until(hall, door, LOCKBUS_CUSTODY_OCCUPIED);
}

unsigned hall_journal(struct hall *hall, enum lockbus_entry_kind kind,
                      uint16_t door, const char *what)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_entry entry;
    unsigned count = 0;

    lockbus_cabinet_close(&hall->cab);
    assert_int_equal(
        lockbus_journal_open(&journal, hall->journal, hall->escrow, &why),
        LOCKBUS_OK);
    do {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        count += entry.kind == kind && entry.door == door &&
                 entry.what != NULL && strcmp(entry.what, what) == 0;
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
    return count;
}
