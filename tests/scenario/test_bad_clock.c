/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Clocks that are wrong. The host's monotonic clock may fall, which is
 * refused and harms nothing, or leap, which only ends what was running. Wall
 * time may be told wrong both ways, trusted or not: it refuses, or does
 * nothing. The operating system's wall clock is never asked.
 */
#define _GNU_SOURCE /* syscall() */
#include "bad.h"
#include "cabinet/cabinet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { A07 = 6, B08 = 15, FREE_DOOR = 3 };

static const uint64_t hour_ms = 3600000, year_ms = UINT64_C(31536000000);
static const uint64_t never = UINT64_C(1) << 36;

/* ---- The operating system's clocks, as this program has them ---------------
 */

static struct {
    bool watched;
    unsigned asked;
} wall;

static bool is_wall(clockid_t id)
{
    return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ||
           id == CLOCK_TAI;
}

#define SHOWN __attribute__((visibility("default")))

SHOWN int clock_gettime(clockid_t id, struct timespec *ts)
{
    wall.asked += wall.watched && is_wall(id);
    return (int)syscall(SYS_clock_gettime, id, ts);
}

SHOWN time_t time(time_t *out)
{
    struct timespec ts = {0};

    wall.asked += wall.watched;
    (void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts);
    if (out != NULL) {
        *out = ts.tv_sec;
    }
    return ts.tv_sec;
}

SHOWN int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    wall.asked += wall.watched;
    return (int)syscall(SYS_gettimeofday, tv, NULL);
}

struct scene {
    struct rig *rig;
    struct parcel behind;
};

static struct scene scene;

static int set_up(void **state)
{
    (void)state;
    scene.rig = rig_new();
    rig_deposit(scene.rig, &scene.behind, A07, true);
    rig_run(scene.rig, 2000);
    rig_forget(scene.rig);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(scene.rig);
    return 0;
}

static uint8_t uses_left(void)
{
    struct lockbus_door door = {.size = sizeof door};

    assert_int_equal(lockbus_door_at(scene.rig->cab, A07, &door, NULL),
                     LOCKBUS_OK);
    return door.release_uses_left;
}

static void it_opens_for_its_owner(void)
{
    struct lockbus_error why;
    uint32_t ticket;

    if (rig_release(scene.rig, &scene.behind, &ticket, &why) != LOCKBUS_OK) {
        fail_msg("release: %s %s", lockbus_rule_name(why.rule), why.text);
    }
    assert_int_equal(rig_finish(scene.rig, ticket).kind, LOCKBUS_EVENT_OPENED);
}

/* ---- The host's clock falls ------------------------------------------------
 */

static void falls(uint64_t to_us)
{
    struct rig *rig = scene.rig;
    struct lockbus_cabinet *cab = rig->cab;
    struct lockbus_cabinet_info before = {.size = sizeof before}, after;
    struct lockbus_event event;
    uint64_t deadline = lockbus_cabinet_deadline_us(cab);

    assert_int_equal(lockbus_cabinet_info(cab, &before), LOCKBUS_OK);
    assert_int_equal(lockbus_cabinet_poll(cab, to_us), LOCKBUS_ERR_USAGE);
    assert_false(lockbus_cabinet_next_event(cab, &event));
    after.size = sizeof after;
    assert_int_equal(lockbus_cabinet_info(cab, &after), LOCKBUS_OK);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(lockbus_cabinet_deadline_us(cab), deadline);
}

static void a_clock_that_falls_is_refused_and_harms_nothing(void **state)
{
    struct rig *rig = scene.rig;
    struct calm calm;

    (void)state;
    calm_take(&calm, rig);
    uint64_t last = rig->cab->now_us;
    const uint64_t back[] = {1, 1000, 1000000, hour_ms, last / 2, last};

    for (size_t i = 0; i < COUNT(back); i++) {
        falls(last - back[i]);
    }
    calm_check(&calm, rig, "after a fall");
    assert_int_equal(lockbus_cabinet_poll(rig->cab, last), LOCKBUS_OK);
    it_opens_for_its_owner();
}

static void a_clock_that_falls_during_an_open_ends_nothing(void **state)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    unsigned pulses = rig_pulses(rig);
    uint32_t ticket;

    (void)state;
    assert_int_equal(rig_release(rig, &scene.behind, &ticket, &why),
                     LOCKBUS_OK);
    rig_run(rig, 1);
    for (int i = 0; i < 100; i++) {
        falls(rig->cab->now_us - 500000);
    }
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(rig_pulses(rig), pulses + 1);
    assert_int_equal(uses_left(), 1);
}

static void a_clock_that_cannot_be_is_refused(void **state)
{
    (void)state;
    falls(UINT64_MAX);
    falls(UINT64_MAX / 2);
    falls(UINT64_C(1) << 60);
    it_opens_for_its_owner();
}

/* ---- The host's clock leaps ------------------------------------------------
 */

static struct leap {
    const char *name;
    uint64_t ms;
} leaps[] = {
    {"an hour", 3600000},
    {"a day", 86400000},
    {"a year", UINT64_C(31536000000)},
    {"ten years", UINT64_C(315360000000)},
};

static void leap_while_a_latch_is_stuck(const struct leap *leap)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    unsigned pulses = rig->leaf[A07].pulses;
    uint32_t ticket;

    rig->leaf[A07].stuck = true;
    assert_int_equal(rig_release(rig, &scene.behind, &ticket, &why),
                     LOCKBUS_OK);
    for (int ms = 0; ms < 2000 && rig->leaf[A07].pulses == pulses; ms++) {
        rig_run(rig, 1);
    }
    assert_int_equal(rig->leaf[A07].pulses, pulses + 1);
    rig->leaf[A07].stuck = false;
    rig_stall(rig, leap->ms);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_UNKNOWN);
    rig_run(rig, 60000);
    assert_int_equal(rig->leaf[A07].pulses, pulses + 1); /* now or never */
    assert_int_equal(uses_left(), 1);                    /* and none back */
}

static void a_leap_only_ends_what_was_running(void **state)
{
    const struct leap *leap = *state;
    struct lockbus_error why;
    uint8_t proof[LOCKBUS_PROOF_LEN];
    uint32_t ticket;

    assert_int_equal(set_up(NULL), 0);
    struct rig *rig = scene.rig;

    leap_while_a_latch_is_stuck(leap);
    /* a proof over a challenge of before */
    assert_true(world_proof(&rig->world, rig->cab,
                            (struct world_claim){A07, scene.behind.stay,
                                                 LOCKBUS_PROOF_RELEASE,
                                                 &scene.behind.release},
                            proof));
    unsigned pulses = rig_pulses(rig);

    rig_stall(rig, leap->ms);
    rig_run(rig, 1);
    /* the board was not read for that long: asked once more, then decided */
    enum lockbus_err err =
        lockbus_open_with_proof(rig->cab, proof, sizeof proof, &ticket, &why);

    if (err == LOCKBUS_OK) {
        struct lockbus_event end = rig_finish(rig, ticket);

        assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
        why.rule = end.rule;
    }
    if (why.rule != LOCKBUS_RULE_P5 && why.rule != LOCKBUS_RULE_P3) {
        fail_msg("an old challenge: %s", lockbus_rule_name(why.rule));
    }
    rig_run(rig, 30000);
    assert_int_equal(rig_pulses(rig), pulses);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF), 0);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    rig_crash(rig);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    it_opens_for_its_owner();
    assert_int_equal(tear_down(NULL), 0);
}

/* A deposit that is leapt over: what may lie inside is protected. */
static void a_leap_over_a_deposit_protects_what_is_inside(void **state)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    (void)state;
    assert_true(world_parcel(&rig->world, &parcel, B08, false, &why));
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, parcel.package, parcel.package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig->leaf[B08].open = false; /* shut, and nobody looked */
    rig_stall(rig, year_ms);
    rig_run(rig, 200000);
    assert_int_equal(rig_custody(rig, B08), LOCKBUS_CUSTODY_OCCUPIED);
}

/* However long it leaps, the buckets hold no more than their burst. */
static void a_leap_fills_no_bucket_beyond_its_burst(void **state)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    unsigned opened = 0;
    uint32_t ticket;

    (void)state;
    rig_stall(rig, year_ms);
    rig->world.now_unix += year_ms / 1000; /* orders of that day */
    rig_run(rig, 5000);
    for (int i = 0; i < 10; i++) {
        rig->shut_after_us = 500000;
        if (rig_service(rig, FREE_DOOR, LOCKBUS_SERVICE_OPEN, &ticket, &why) ==
            LOCKBUS_OK) {
            opened += rig_finish(rig, ticket).kind == LOCKBUS_EVENT_OPENED;
            rig_run(rig, 3000);
        } else {
            assert_int_equal(why.rule, LOCKBUS_RULE_S7);
        }
    }
    assert_int_equal(opened, 4); /* service_burst */
}

/* ---- Wall time -------------------------------------------------------------
 */

static uint64_t floor_s(void)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    assert_int_equal(lockbus_cabinet_info(scene.rig->cab, &info), LOCKBUS_OK);
    return info.time_floor_s;
}

static enum lockbus_rule deposit_rule(void)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why = {.rule = LOCKBUS_RULE_NONE};
    struct parcel parcel;
    uint32_t ticket;

    assert_true(world_parcel(&rig->world, &parcel, FREE_DOOR, false, &why));
    if (lockbus_deposit_with_key(rig->cab, parcel.package, parcel.package_len,
                                 rig->world.courier.seed, &ticket,
                                 &why) == LOCKBUS_OK) {
        assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
        rig->leaf[FREE_DOOR].open = false;
        return LOCKBUS_RULE_NONE;
    }
    return why.rule;
}

static void untrusted_time_decides_nothing(void **state)
{
    const uint64_t told[] = {0, 1, 1000, 1790000000, 4000000000, never - 1};
    struct rig *rig = scene.rig;

    (void)state;
    uint64_t floor = floor_s();

    for (size_t i = 0; i < COUNT(told); i++) {
        assert_int_equal(lockbus_cabinet_time(rig->cab, told[i], false),
                         LOCKBUS_OK);
        rig_run(rig, 100);
        assert_true(floor_s() <= floor + 10); /* as trusted time went on */
    }
    assert_int_equal(deposit_rule(), LOCKBUS_RULE_NONE);
    it_opens_for_its_owner();
}

static void trusted_time_only_refuses_and_its_floor_never_falls(void **state)
{
    struct rig *rig = scene.rig;
    uint64_t now = floor_s();

    (void)state;
    /* a day ahead: the grants of today are over */
    assert_int_equal(lockbus_cabinet_time(rig->cab, now + 86400, true),
                     LOCKBUS_OK);
    rig_run(rig, 100);
    assert_int_equal(deposit_rule(), LOCKBUS_RULE_D6);
    /* and put back, they do not live again */
    const uint64_t back[] = {now, 1, 0};

    for (size_t i = 0; i < COUNT(back); i++) {
        assert_int_equal(lockbus_cabinet_time(rig->cab, back[i], true),
                         LOCKBUS_OK);
        rig_run(rig, 100);
        assert_int_equal(deposit_rule(), LOCKBUS_RULE_D6);
        assert_true(floor_s() >= now + 86400);
    }
    rig_crash(rig);
    rig_run(rig, 100);
    assert_int_equal(deposit_rule(), LOCKBUS_RULE_D6);
    it_opens_for_its_owner(); /* a parcel behind its door has no date */
}

static void time_from_2_to_the_36_on_is_no_time(void **state)
{
    const uint64_t told[] = {never, never + 1, UINT64_MAX / 2, UINT64_MAX};
    struct rig *rig = scene.rig;

    (void)state;
    uint64_t floor = floor_s();

    for (size_t i = 0; i < COUNT(told); i++) {
        assert_int_equal(lockbus_cabinet_time(rig->cab, told[i], true),
                         LOCKBUS_ERR_USAGE);
        assert_int_equal(lockbus_cabinet_time(rig->cab, told[i], false),
                         LOCKBUS_ERR_USAGE);
        assert_int_equal(floor_s(), floor);
    }
    assert_int_equal(deposit_rule(), LOCKBUS_RULE_NONE);
    assert_int_equal(lockbus_cabinet_time(rig->cab, never - 1, true),
                     LOCKBUS_OK);
    rig_run(rig, 5000);
    assert_true(floor_s() < never);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_JOURNAL_FAILED, 0xFFFF), 0);
    rig_crash(rig);
    it_opens_for_its_owner();
}

/* From opening to closing, through a deposit, a code and a restart. */
static void the_systems_wall_clock_is_never_asked(void **state)
{
    struct rig *rig = scene.rig;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    (void)state;
    wall.asked = 0;
    wall.watched = true;
    assert_true(time(NULL) != 0); /* the counter counts */
    assert_int_equal(wall.asked, 1);
    rig_deposit(rig, &parcel, B08, true);
    rig_run(rig, 130000);
    assert_int_equal(
        lockbus_release_with_code(rig->cab, parcel.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_close(rig);
    rig_open(rig);
    it_opens_for_its_owner();
    wall.watched = false;
    assert_int_equal(wall.asked, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(a_clock_that_falls_is_refused_and_harms_nothing),
        TEST(a_clock_that_falls_during_an_open_ends_nothing),
        TEST(a_clock_that_cannot_be_is_refused),
        TEST(a_leap_over_a_deposit_protects_what_is_inside),
        TEST(a_leap_fills_no_bucket_beyond_its_burst),
        TEST(untrusted_time_decides_nothing),
        TEST(trusted_time_only_refuses_and_its_floor_never_falls),
        TEST(time_from_2_to_the_36_on_is_no_time),
        TEST(the_systems_wall_clock_is_never_asked),
    };
    static struct CMUnitTest each[COUNT(leaps)];

    for (size_t i = 0; i < COUNT(leaps); i++) {
        each[i] =
            (struct CMUnitTest){.name = leaps[i].name,
                                .test_func = a_leap_only_ends_what_was_running,
                                .initial_state = &leaps[i]};
    }
    return cmocka_run_group_tests_name("bad clocks", tests, NULL, NULL) +
           cmocka_run_group_tests_name("leaps", each, NULL, NULL);
}
