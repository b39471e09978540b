/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The cookbook's recipes about doors and what goes wrong with them, from the
 * host's side. The functions above each test are what docs/COOKBOOK.md shows,
 * word for word.
 */

#include "host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum {
    A07 = 6,
    A08 = 7, /* without a sensor */
    B01 = 8, /* with a content sensor on its own board */
    B04 = 11 /* with one on another */
};

/* Inputs of content sensors, as the rig counts them. */
enum { INSIDE_B01 = 12, INSIDE_B04 = 24 };

static const char boards[] = "1 = main 1 waveshare-relay-d-8ch\n"
                             "2 = main 2 waveshare-relay-d-8ch\n"
                             "3 = main 3 waveshare-relay-d-8ch\n"
                             "4 = main 4 waveshare-relay-d-8ch\n";

static const char doors[] =
    "A01-A07 = 0-6   1:1-7 size=M\n"
    "A08     = 7     1:8   size=XL sensor=none assume_open_s=30 "
    "remark=no reed yet\n"
    "B01-B03 = 8-10  2:1-3 size=L content=2:5-7 full_is=1\n"
    "B04     = 11    2:4   size=L content=4:1   full_is=1\n"
    "C01-C08 = 16-23 3:1-8 size=S\n"
    "D02-D08 = 25-31 4:2-8 size=S\n";

/* What the light barrier sees. An input is high unless its leaf is open. */
static void inside(struct host *host, size_t input, bool full)
{
    host->rig->leaf[input].sensor = full ? -1 : 1;
}

static void write_config(const struct rig *rig)
{
    rig_wire(rig, boards, doors);
}

static int set_up(void **state)
{
    struct rig *rig = rig_new_wired(write_config);

    for (size_t i = INSIDE_B01; i < INSIDE_B01 + 3; i++) {
        rig->leaf[i].sensor = 1;
    }
    rig->leaf[INSIDE_B04].sensor = 1;
    *state = host_new(rig);
    return 0;
}

static void deposited(struct host *host, struct parcel *parcel, uint16_t door)
{
    rig_deposit(host->rig, parcel, door, false);
    host_mark(host);
}

static void key_scanned(struct host *host, const struct parcel *parcel)
{
    struct lockbus_error why;

    host_answer(
        host,
        lockbus_open_with_key(host->cab, parcel->door, LOCKBUS_PROOF_RELEASE,
                              parcel->release.seed, &host->ticket, &why),
        &why);
}

/* ---- Choosing a door -------------------------------------------------------
 */

/* A door for a parcel of this size: empty, shut, and nothing seen in it. */
static bool free_door(const struct host *host, const char *size,
                      struct lockbus_door *door)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    if (lockbus_cabinet_info(host->cab, &info) != LOCKBUS_OK) {
        return false;
    }
    for (uint16_t n = 0; n < info.doors; n++) {
        door->size = sizeof *door;
        if (lockbus_door_at(host->cab, n, door, NULL) == LOCKBUS_OK &&
            strcmp(door->door_size, size) == 0 && !door->blocked &&
            door->custody == LOCKBUS_CUSTODY_VACANT &&
            door->latch == LOCKBUS_LATCH_SHUT &&
            door->content != LOCKBUS_CONTENT_FULL) {
            return true; /* door->remark: for the courier's screen */
        }
    }
    return false;
}

static void choosing_a_door(void **state)
{
    struct host *host = *state;
    struct lockbus_door door;
    struct parcel parcel;

    assert_true(free_door(host, "XL", &door));
    assert_string_equal(door.label, "A08");
    assert_string_equal(door.remark, "no reed yet");
    assert_true(door.assumed);
    assert_true(free_door(host, "L", &door));
    assert_int_equal(door.number, B01);
    assert_int_equal(door.content, LOCKBUS_CONTENT_EMPTY);
    inside(host, INSIDE_B01, true); /* somebody left a bag */
    host_run(host, 1000, host_event);
    assert_true(free_door(host, "L", &door));
    assert_string_equal(door.label, "B02");
    deposited(host, &parcel, B01 + 1);
    assert_true(free_door(host, "L", &door));
    assert_string_equal(door.label, "B03");
    assert_false(free_door(host, "XXL", &door));
}

/* ---- A door without a sensor ----------------------------------------------
 */

/* UNCONFIRMED: the board drove the latch, and nothing can see the leaf. Say
 * what to do if it did not move, for nobody will notice by itself. */
static void blind_event(struct host *host, const struct lockbus_event *event)
{
    bool mine = event->ticket == host->ticket;

    host_event(host, event);
    if (mine && event->kind == LOCKBUS_EVENT_UNCONFIRMED) {
        host_show(host, "Pull door %s. If it is shut, ask once more.",
                  event->label);
    }
}

static void without_a_sensor(void **state)
{
    struct host *host = *state;
    struct parcel parcel;
    struct lockbus_error why;

    assert_true(world_parcel(&host->rig->world, &parcel, A08, false, &why));
    host_answer(host,
                lockbus_deposit_with_key(
                    host->cab, parcel.package, parcel.package_len,
                    host->rig->world.courier.seed, &host->ticket, &why),
                &why);
    host_run(host, 1000, blind_event);
    host_reads(host, "Pull door A08. If it is shut, ask once more.");
    host_run(host, 35000, blind_event);
    host_saw(host, A08,
             "CUSTODY LOADING\n"
             "LEAF RELEASING, assumed\n"
             "SENT\n"
             "ACCEPTED\n"
             "UNCONFIRMED, count 1, assumed\n"
             "LEAF OPEN, assumed\n"
             "CUSTODY OCCUPIED\n"
             "LEAF SHUT, assumed\n");
    host_wrote(host, A08,
               "STAY grant\n"
               "INTENT deposit\n"
               "CUSTODY loading\n"
               "LEAF opened, assumed\n"
               "RESULT unconfirmed, assumed\n"
               "LEAF shut, assumed\n"
               "CUSTODY occupied\n");
    assert_int_equal(host->rig->leaf[A08].pulses, 1);
}

/* Asked again while the leaf is assumed open: driven again, and told at
 * once. */
static void without_a_sensor_twice(void **state)
{
    struct host *host = *state;
    struct parcel parcel;
    struct lockbus_error why;

    assert_true(world_parcel(&host->rig->world, &parcel, A08, false, &why));
    for (unsigned n = 1; n <= 3; n++) {
        host_mark(host);
        host_answer(
            host,
            n == 1 ? lockbus_deposit_with_key(
                         host->cab, parcel.package, parcel.package_len,
                         host->rig->world.courier.seed, &host->ticket, &why)
                   : lockbus_open_with_key(host->cab, A08, LOCKBUS_PROOF_REOPEN,
                                           host->rig->world.courier.seed,
                                           &host->ticket, &why),
            &why);
        host_run(host, 5000, blind_event);
        host_reads(host, "Pull door A08. If it is shut, ask once more.");
        assert_int_equal(host->rig->leaf[A08].pulses, n);
    }
    host_wrote(host, A08,
               "INTENT reopen\n"
               "RESULT unconfirmed, assumed\n");
}

/* ---- A content sensor ------------------------------------------------------
 */

/* The leaf was shut and the sensor still sees something: ask, before that
 * person is gone. The door stays EMPTYING until it is empty. */
static void content_event(struct host *host, const struct lockbus_event *event)
{
    host_event(host, event);
    if (event->kind == LOCKBUS_EVENT_LEAF &&
        event->latch == LOCKBUS_LATCH_SHUT &&
        event->custody == LOCKBUS_CUSTODY_EMPTYING &&
        event->content == LOCKBUS_CONTENT_FULL) {
        host_show(host, "Something is still in %s.", event->label);
    }
}

static void with_a_content_sensor(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, B01);
    inside(host, INSIDE_B01, true);
    host_run(host, 1000, content_event);
    host->rig->shut_after_us = 4000000;
    key_scanned(host, &parcel);
    host_run(host, 6000, content_event);
    host_reads(host, "Something is still in B01.");
    host_run(host, 300000, content_event); /* long beyond the window */
    assert_int_equal(host_door(host, B01).custody, LOCKBUS_CUSTODY_EMPTYING);
    key_scanned(host, &parcel);
    host_run(host, 1000, content_event);
    inside(host, INSIDE_B01, false);
    host_run(host, 130000, content_event);
    host_saw(host, B01,
             "CONTENT FULL\n"
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "CUSTODY EMPTYING\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "LEAF SHUT\n"
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "CONTENT EMPTY\n"
             "LEAF SHUT\n"
             "CUSTODY VACANT\n");
    host_wrote(host, B01,
               "INTENT release\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n"
               "LEAF shut\n"
               "INTENT release\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "LEAF shut\n"
               "CUSTODY vacant\n");
}

/* Its board is away: nobody can say that the door is empty. */
static void a_content_sensor_that_is_away_protects(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, B04);
    host->rig->shut_after_us = 4000000;
    key_scanned(host, &parcel);
    host_run(host, 6000, content_event);
    host->rig->board[3].powered = false;
    host_run(host, 200000, content_event);
    assert_int_equal(host_door(host, B04).content, LOCKBUS_CONTENT_UNKNOWN);
    assert_int_equal(host_door(host, B04).custody, LOCKBUS_CUSTODY_EMPTYING);
    host->rig->board[3].powered = true;
    host_run(host, 20000, content_event);
    assert_int_equal(host_door(host, B04).content, LOCKBUS_CONTENT_EMPTY);
    assert_int_equal(host_door(host, B04).custody, LOCKBUS_CUSTODY_VACANT);
}

/* Nor can anybody after a restart, before the sensor was read. */
static void a_content_sensor_unread_since_the_start_protects(void **state)
{
    struct host *host = *state;
    struct lockbus_error why;
    struct parcel parcel;
    uint32_t ticket;

    deposited(host, &parcel, B04);
    host->rig->shut_after_us = 4000000;
    key_scanned(host, &parcel);
    host_run(host, 6000, content_event);
    host->rig->board[3].powered = false;
    host_run(host, 200000, content_event); /* the window is over, */
    assert_int_equal(
        rig_service(host->rig, A07, LOCKBUS_SERVICE_BLOCK, &ticket, &why),
        LOCKBUS_OK); /* and a block says so */
    (void)rig_finish(host->rig, ticket);
    rig_crash(host->rig);
    host->cab = host->rig->cab;
    host_run(host, 200000, content_event);
    assert_int_equal(host_door(host, B04).content, LOCKBUS_CONTENT_UNKNOWN);
    assert_int_equal(host_door(host, B04).custody, LOCKBUS_CUSTODY_EMPTYING);
}

static void a_content_sensor_is_unknown_before_the_first_poll(void **state)
{
    struct host *host = *state;
    struct lockbus_error why;

    rig_crash_only(host->rig);
    assert_int_equal(rig_try_open(host->rig, &why), LOCKBUS_OK);
    assert_int_equal(host_door(host, B04).content, LOCKBUS_CONTENT_UNKNOWN);
    assert_int_equal(host_door(host, A07).content, LOCKBUS_CONTENT_UNWATCHED);
}

/* ---- A door left open ------------------------------------------------------
 */

/* First the person who may still be near, then the staff, ever less often. */
static void ajar_event(struct host *host, const struct lockbus_event *event)
{
    host_event(host, event);
    if (event->kind != LOCKBUS_EVENT_AJAR) {
        return;
    }
    if (event->count == 0) {
        host_show(host, "Please shut door %s.", event->label);
    } else {
        host_alert(host, "Door %s is open still, reminder %u.", event->label,
                   event->count);
    }
}

static void left_open(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    key_scanned(host, &parcel);
    host_run(host, 61000, ajar_event);
    host_reads(host, "Please shut door A07.");
    assert_string_equal(host->alert, "");
    host_run(host, 490000, ajar_event);
    assert_string_equal(host->alert, "Door A07 is open still, reminder 3.");
    host->rig->leaf[A07].open = false;
    host_run(host, 600000, ajar_event);
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "CUSTODY EMPTYING\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "AJAR\n"
             "LEAF AJAR\n"
             "AJAR, count 1\n"
             "AJAR, count 2\n"
             "AJAR, count 3\n"
             "LEAF SHUT\n"
             "CUSTODY VACANT\n");
    host_wrote(host, A07,
               "INTENT release\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n"
               "ALARM ajar\n"
               "LEAF shut\n"
               "CUSTODY vacant\n");
}

/* ---- A jammed latch --------------------------------------------------------
 */

/* Three pulses, and the leaf never moved. The use came back: the person may
 * press against the door and try again. */
static void jam_event(struct host *host, const struct lockbus_event *event)
{
    host_event(host, event);
    if (event->kind == LOCKBUS_EVENT_JAMMED) {
        host_show(host, "Press against door %s and try again.", event->label);
        host_alert(host, "Door %s jams after %u pulses.", event->label,
                   event->count);
    }
}

static void jammed(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    host->rig->leaf[A07].stuck = true;
    key_scanned(host, &parcel);
    host_run(host, 21000, jam_event);
    host_reads(host, "Press against door A07 and try again.");
    assert_string_equal(host->alert, "Door A07 jams after 3 pulses.");
    assert_int_equal(host_door(host, A07).release_uses_left, 2);
    assert_int_equal(host_door(host, A07).latch, LOCKBUS_LATCH_JAMMED);
    host->rig->leaf[A07].stuck = false;
    key_scanned(host, &parcel);
    host_run(host, 1000, jam_event);
    host_reads(host, "Door A07 is open.");
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "SENT\n"
             "ACCEPTED\n"
             "SENT\n"
             "ACCEPTED\n"
             "FAILED, count 3\n"
             "JAMMED, count 3\n"
             "LEAF JAMMED\n"
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "CUSTODY EMPTYING\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n");
    host_wrote(host, A07,
               "INTENT release\n"
               "RESULT never opened\n"
               "ALARM jammed, count 3\n"
               "INTENT release\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "CUSTODY emptying\n");
}

/* ---- A forced door ---------------------------------------------------------
 */

/* A leaf opened and nobody allowed it. The parcel still counts as inside, its
 * recipient can still open; whoever looks decides what is true. */
static void forced_event(struct host *host, const struct lockbus_event *event)
{
    if (event->kind == LOCKBUS_EVENT_FORCED) {
        host_alert(host, "Door %s was forced, custody %s.", event->label,
                   lockbus_custody_name(event->custody));
    }
}

static void forced(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    host->rig->leaf[A07].open = true;
    host_run(host, 200, forced_event);
    assert_string_equal(host->alert, "Door A07 was forced, custody OCCUPIED.");
    host->rig->leaf[A07].open = false;
    host_run(host, 500, forced_event);
    host_saw(host, A07,
             "FORCED\n"
             "LEAF FORCED\n"
             "LEAF SHUT\n");
    host_wrote(host, A07,
               "LEAF opened\n"
               "ALARM forced\n"
               "LEAF shut\n");
    key_scanned(host, &parcel);
    host_run(host, 1000, host_event);
    host_reads(host, "Door A07 is open.");
}

static unsigned others_read(const struct rig *rig)
{
    return rig->reads_seen[1] + rig->reads_seen[2] + rig->reads_seen[3];
}

/* The reading that first shows it is followed by its second at once, and the
 * alarm by that: no other board has its turn between, at whatever moment of
 * the round the leaf opens. */
static void a_forced_door_is_told_in_the_round_that_saw_it(void **state)
{
    struct host *host = *state;
    struct rig *rig = host->rig;
    struct lockbus_cabinet_info before = {.size = sizeof before};
    struct lockbus_cabinet_info after = {.size = sizeof after};

    for (unsigned offset = 0; offset < 25; offset++) {
        rig_run(rig, 1000 + offset);
        rig_forget(rig);
        unsigned first = rig->reads_seen[0] + 1;

        rig->leaf[A07].open = true;
        while (rig->reads_seen[0] < first) {
            rig_run(rig, 1);
        }
        unsigned others = others_read(rig);

        assert_int_equal(lockbus_cabinet_info(rig->cab, &before), LOCKBUS_OK);
        while (rig_count(rig, LOCKBUS_EVENT_FORCED, A07) == 0) {
            assert_true(rig->reads_seen[0] <= first + 1);
            rig_run(rig, 1);
        }
        assert_int_equal(rig->reads_seen[0], first + 1);
        assert_int_equal(others_read(rig), others);
        assert_int_equal(lockbus_cabinet_info(rig->cab, &after), LOCKBUS_OK);
        /* the second reading may have been the round's last */
        assert_in_range(after.rounds, before.rounds, before.rounds + 1);
        rig->leaf[A07].open = false;
        rig_run(rig, 500);
    }
}

/* ---- A board that is away --------------------------------------------------
 */

/* Its doors are AWAY: grey on the screen. What is asked meanwhile is refused
 * after one more look, and never carried out later. */
static void board_event(struct host *host, const struct lockbus_event *event)
{
    host_event(host, event);
    if (event->kind == LOCKBUS_EVENT_BOARD_AWAY ||
        event->kind == LOCKBUS_EVENT_BOARD_REFUSED) {
        host_alert(host, "Board %u: %s.", event->board, event->text);
    } else if (event->kind == LOCKBUS_EVENT_BOARD_BACK) {
        host_alert(host, "Board %u is back.", event->board);
    }
}

static void board_away(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    host_run(host, 10000, board_event);
    host->rig->board[0].powered = false;
    host_run(host, 15000, board_event);
    assert_string_equal(host->alert, "Board 1: it does not answer.");
    assert_int_equal(host_door(host, A07).latch, LOCKBUS_LATCH_AWAY);
    key_scanned(host, &parcel);
    host_run(host, 1000, board_event);
    host_reads(host, "This door is out of order.");
    host->rig->board[0].powered = true;
    host_run(host, 20000, board_event);
    assert_string_equal(host->alert, "Board 1 is back.");
    assert_int_equal(host->rig->leaf[A07].pulses, 1); /* the deposit's */
    host_saw(host, A07,
             "LEAF AWAY\n"
             "REFUSED P3\n"
             "LEAF UNKNOWN\n"
             "LEAF SHUT\n");
    host_saw(host, 0xFFFF,
             "BOARD_MISSED board 1\n"
             "BOARD_SUSPECT board 1\n"
             "BOARD_AWAY board 1\n"
             "BOARD_BACK board 1\n");
    host_wrote(host, A07, "REFUSAL proof P3, count 1\n");
    host_wrote(host, 0xFFFF,
               "BOARD away\n"
               "BOARD back\n");
}

/* Away within ten seconds of its return: noted when they are over. Away and
 * back within them: not worth a block. */
static void a_short_absence_is_noted_only_when_it_lasts(void **state)
{
    struct host *host = *state;

    host_run(host, 10000, board_event);
    host->rig->board[0].powered = false;
    host_run(host, 11000, board_event);
    host_mark(host);
    host->rig->board[0].powered = true;
    host_run(host, 3000, board_event);
    host->rig->board[0].powered = false;
    host_run(host, 5000, board_event);
    host_wrote(host, 0xFFFF, "BOARD back\n");
    host_run(host, 6000, board_event);
    host_wrote(host, 0xFFFF,
               "BOARD back\n"
               "BOARD away\n");
    host->rig->board[0].powered = true;
    host_run(host, 3000, board_event);
    host->rig->board[0].powered = false;
    host_run(host, 20000, board_event);
    host_wrote(host, 0xFFFF,
               "BOARD back\n"
               "BOARD away\n");
}

/* ---- A power cut -----------------------------------------------------------
 */

/* After a start: opens that the cut left without a result are on record as
 * unknown. Tell the staff which doors; nothing is repeated by itself. */
static unsigned cut_opens(struct host *host, const char *journal_dir)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry;
    struct lockbus_error why;
    unsigned count = 0;

    if (lockbus_journal_open(&journal, journal_dir, NULL, &why) != LOCKBUS_OK) {
        return 0;
    }
    while (lockbus_journal_next(journal, &entry, &why) == LOCKBUS_OK &&
           entry.kind != 0) {
        if (entry.kind == LOCKBUS_ENTRY_BOOT) {
            count = 0; /* only the last start is of interest */
        } else if (entry.kind == LOCKBUS_ENTRY_RESULT &&
                   strcmp(entry.what, "unknown") == 0) {
            host_alert(host, "Look at door %u.", entry.door);
            count++;
        }
    }
    lockbus_journal_close(&journal);
    return count;
}

static void power_cut(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    key_scanned(host, &parcel);
    rig_run(host->rig, 1); /* on the disk; the bus has not had its turn */
    rig_crash(host->rig);
    host_run(host, 25000, host_event);
    assert_int_equal(cut_opens(host, rig_path(host->rig, "journal")), 1);
    assert_string_equal(host->alert, "Look at door 6.");
    assert_int_equal(host->rig->leaf[A07].pulses, 1); /* the deposit's */
    assert_int_equal(host_door(host, A07).custody, LOCKBUS_CUSTODY_OCCUPIED);
    assert_int_equal(host_door(host, A07).release_uses_left, 1);
    host_wrote(host, A07,
               "INTENT release\n"
               "RESULT unknown\n");
    key_scanned(host, &parcel);
    host_run(host, 1000, host_event);
    host_reads(host, "Door A07 is open.");
}

/* The power of a lock board alone went after it had confirmed: the leaf was
 * not read, and UNKNOWN says so. */
static void a_board_lost_after_its_pulse_leaves_unknown(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    host->rig->leaf[A07].stuck = true;
    key_scanned(host, &parcel);
    host_run(host, 1000, host_event);
    host->rig->board[0].powered = false;
    host_run(host, 3000, host_event);
    host_reads(host, "Please look whether door A07 is open.");
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "UNKNOWN, count 1\n"
             "LEAF AWAY\n");
    host_wrote(host, A07,
               "INTENT release\n"
               "RESULT unknown\n");
    bool found = false;

    for (size_t i = 0; i < host->rig->events; i++) {
        const struct lockbus_event *event = &host->rig->event[i];

        found = found ||
                (event->kind == LOCKBUS_EVENT_UNKNOWN &&
                 strcmp(event->text, "the board confirmed the pulse, but the "
                                     "leaf was not read") == 0);
    }
    assert_true(found);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, host_tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(choosing_a_door),
        TEST(without_a_sensor),
        TEST(without_a_sensor_twice),
        TEST(with_a_content_sensor),
        TEST(a_content_sensor_that_is_away_protects),
        TEST(a_content_sensor_is_unknown_before_the_first_poll),
        TEST(a_content_sensor_unread_since_the_start_protects),
        TEST(left_open),
        TEST(jammed),
        TEST(forced),
        TEST(a_forced_door_is_told_in_the_round_that_saw_it),
        TEST(board_away),
        TEST(a_short_absence_is_noted_only_when_it_lasts),
        TEST(power_cut),
        TEST(a_board_lost_after_its_pulse_leaves_unknown),
    };

    return cmocka_run_group_tests_name("cookbook: doors", tests, NULL, NULL);
}
