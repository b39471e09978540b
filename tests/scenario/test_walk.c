/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What a walk makes of a door, on the virtual clock: tools/lockbus/walk_door.c
 * with this file in place of tools/lockbus/host.c. The walk as a whole, with
 * real processes, is tests/cli/test_commission.py.
 */
#include "host.h"
#include "rig.h"
#include "tool.h"
#include "walk_door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct rig *rig;
static size_t told;        /* events that the walk has had */
static const char *answer; /* the person's; NULL: nobody is there */
static unsigned reopened;

/* ---- host.h -------------------------------------------------------------- */

uint64_t host_now_us(void)
{
    return rig->now_us;
}

bool host_stopped(void)
{
    return false;
}

bool host_run(struct lockbus_cabinet *cab, uint64_t for_ms,
              host_event_fn *on_event, void *user)
{
    (void)cab;
    for (uint64_t ms = 0; ms < for_ms; ms++) {
        rig_run(rig, 1);
        while (told < rig->events) {
            if (on_event(user, &rig->event[told++])) {
                return true;
            }
        }
    }
    return false;
}

bool host_line(struct lockbus_cabinet *cab, uint64_t for_ms, char *line,
               size_t cap)
{
    (void)cab;
    (void)for_ms;
    if (answer != NULL) {
        (void)snprintf(line, cap, "%s", answer);
    }
    return answer != NULL;
}

bool host_read(const char *path, uint8_t *buf, size_t cap, size_t *len)
{
    FILE *in = fopen(path, "rb");

    assert_non_null(in);
    *len = fread(buf, 1, cap, in);
    assert_int_equal(fclose(in), 0);
    return true;
}

int tool_complain(const struct lockbus_error *why)
{
    fail_msg("%s: %s", why->field, why->text);
    return TOOL_FAILED;
}

/* ---- A cabinet and its visits -------------------------------------------- */

static bool reopen(struct walker *w)
{
    reopened++;
    rig_close(rig);
    rig_open(rig);
    w->cab = rig->cab;
    return true;
}

static void issue(const struct lockbus_door *door, unsigned n)
{
    const struct world *world = &rig->world;
    struct lockbus_grant grant = {.courier_uses = 3,
                                  .release_uses = 1,
                                  .door = door->number,
                                  .stay =
                                      (uint64_t)world->epoch << 32 | (500U + n),
                                  .not_before = world->now_unix - 60,
                                  .valid_for_s = 86400};
    uint8_t bytes[LOCKBUS_GRANT_LEN], package[LOCKBUS_PACKAGE_MAX];
    char name[64];
    struct lockbus_error why;
    size_t len = 0;

    memcpy(grant.cabinet_id, world->cabinet_id, sizeof grant.cabinet_id);
    memcpy(grant.courier_pk, world->courier.public_key, 32);
    assert_int_equal(lockbus_issue_grant(bytes, &grant, &world->issuer, &why),
                     LOCKBUS_OK);
    assert_int_equal(lockbus_package_write(package, &len, bytes, NULL),
                     LOCKBUS_OK);
    (void)snprintf(name, sizeof name, "%s-%u.pkg", door->label, n);
    FILE *out = fopen(rig_path(rig, name), "wb");

    assert_non_null(out);
    assert_int_equal(fwrite(package, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

enum { ASKED = 2, OTHER = 5, TWICE = 2 };

/* Cables that were put on each other's inputs, moment by moment. */
static void exchanged(struct rig *of, enum rig_step step)
{
    (void)step;
    of->leaf[ASKED].sensor = of->leaf[OTHER].open ? 1 : -1;
    of->leaf[OTHER].sensor = of->leaf[ASKED].open ? 1 : -1;
}

static void joined(struct rig *of, enum rig_step step)
{
    (void)step;
    of->leaf[OTHER].sensor = of->leaf[ASKED].open ? 1 : -1;
}

static void dead(struct rig *of, enum rig_step step)
{
    (void)step;
    of->leaf[ASKED].sensor = -1;
}

static struct row {
    const char *name, *answer, *seen;
    void (*wiring)(struct rig *of, enum rig_step step);
    unsigned reopened, at_most_pulses;
    bool confirm, stuck, parcel, goes_on;
} rows[] = {
    {.name = "a door that is wired as the map says is right",
     .seen = "right",
     .at_most_pulses = 1,
     .goes_on = true},
    {.name =
         "another door's sensor is named, and the rest of the pulses spared",
     .seen = "other:A06",
     .wiring = exchanged,
     .reopened = 1,
     .at_most_pulses = 1,
     .goes_on = true},
    {.name = "two sensors that move together are told",
     .seen = "two:A06",
     .wiring = joined,
     .at_most_pulses = 1,
     .goes_on = true},
    {.name = "a sensor that never moves is told",
     .seen = "none",
     .wiring = dead,
     .at_most_pulses = 3,
     .goes_on = true},
    {.name = "a latch that never opens is told",
     .seen = "none",
     .stuck = true,
     .at_most_pulses = 3,
     .goes_on = true},
    {.name = "a parcel stays behind its door, and the walk goes on",
     .seen = "refused:D9",
     .parcel = true,
     .goes_on = true},
    {.name = "a person's yes is right",
     .seen = "right",
     .confirm = true,
     .answer = "A03",
     .at_most_pulses = 1,
     .goes_on = true},
    {.name = "a person who saw another door open is believed",
     .seen = "eye:B01",
     .confirm = true,
     .answer = "B01",
     .at_most_pulses = 1,
     .goes_on = true},
    {.name = "a person who saw nothing open is believed",
     .seen = "nothing-opened",
     .confirm = true,
     .answer = "-",
     .at_most_pulses = 1,
     .goes_on = true},
    {.name = "a person who is not there ends the walk",
     .confirm = true,
     .at_most_pulses = 1},
};

static void check_row(void **state)
{
    const struct row *row = *state;
    char seen[PROVED_SEEN] = "", visits[256];
    struct lockbus_door door = {.size = sizeof door};
    struct walk_wish wish = {.confirm = row->confirm, .shut_wait_s = 60};
    struct walker w = {.wish = &wish, .doors = RIG_DOORS, .reopen = reopen};
    struct parcel parcel;

    rig = rig_new();
    told = reopened = 0;
    answer = row->answer;
    rig->shut_after_us = 4000000;
    if (row->parcel) {
        rig_deposit(rig, &parcel, ASKED, false);
    }
    unsigned before = rig->leaf[ASKED].pulses;

    rig->step = row->wiring;
    rig->leaf[ASKED].stuck = row->stuck;
    (void)snprintf(visits, sizeof visits, "%s", rig->world.dir);
    wish.visits = visits;
    w.cab = rig->cab;
    memcpy(w.key.signer.seed, rig->world.courier.seed, 32);
    assert_int_equal(lockbus_door_at(rig->cab, ASKED, &door, NULL), LOCKBUS_OK);
    issue(&door, 1);
    rig_run(rig, 100);
    told = rig->events;
    assert_int_equal(walk_door(&w, &door, seen), row->goes_on);
    if (row->seen != NULL) {
        assert_string_equal(seen, row->seen);
    }
    assert_int_equal(reopened, row->reopened);
    assert_in_range(rig->leaf[ASKED].pulses - before, 0, row->at_most_pulses);
    rig->step = NULL;
    rig_free(rig);
}

/* A visit that was used opens nothing again; the next one of the door does. */
static void the_next_visit_is_taken_when_one_is_used_up(void **state)
{
    char seen[PROVED_SEEN] = "", visits[256];
    struct lockbus_door door = {.size = sizeof door};
    struct walk_wish wish = {.shut_wait_s = 60, .visits = visits};
    struct walker w = {.wish = &wish, .doors = RIG_DOORS, .reopen = reopen};

    (void)state;
    rig = rig_new();
    told = 0;
    rig->shut_after_us = 4000000;
    (void)snprintf(visits, sizeof visits, "%s", rig->world.dir);
    w.cab = rig->cab;
    memcpy(w.key.signer.seed, rig->world.courier.seed, 32);
    assert_int_equal(lockbus_door_at(rig->cab, ASKED, &door, NULL), LOCKBUS_OK);
    issue(&door, 1);
    issue(&door, 2);
    rig_run(rig, 100);
    for (unsigned i = 0; i < TWICE; i++) {
        assert_int_equal(lockbus_door_at(rig->cab, ASKED, &door, NULL),
                         LOCKBUS_OK);
        assert_true(walk_door(&w, &door, seen));
        assert_string_equal(seen, "right");
    }
    assert_int_equal(lockbus_door_at(rig->cab, ASKED, &door, NULL), LOCKBUS_OK);
    assert_true(walk_door(&w, &door, seen));
    assert_string_equal(seen, "no-visit");
    assert_int_equal(rig->leaf[ASKED].pulses, TWICE);
    rig_free(rig);
}

int main(void)
{
    enum { COUNT = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[COUNT + 1];

    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = &rows[i]};
    }
    tests[COUNT] = (struct CMUnitTest)cmocka_unit_test(
        the_next_visit_is_taken_when_one_is_used_up);
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
