/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Faults of boards, wires and locks, told by lockbus-sim in a process of its
 * own, over a real pty and on the real clock: what the host is told, what the
 * journal says, what the doors did, and that nobody else was held up.
 */

#include "../../tools/demo/world.h"
#include "sim_proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BOARDS = 4,
    BAUD = 115200,
    EVENTS = 4096,
    WAIT_MS = 40000, /* of a busy machine; every wait ends by an event */
    ANSWER = 1024,
    ARGS = 12,
    /* doors */
    A01 = 0,
    A03 = 2,
    A07 = 6,
    B02 = 9,
    C01 = 16,
    D01 = 24,
    ANY = 0xFFFF
};

static const uint64_t unix_start = 1790000000;

struct trouble;

struct bench {
    struct world world;
    struct sim_proc sim;
    struct lockbus_cabinet *cab;
    uint8_t escrow[32];
    struct lockbus_event event[EVENTS];
    size_t events;
    const struct trouble *trouble; /* the row, where there are rows */
    bool fast;                     /* no wire time */
};

/* ---- Life --------------------------------------------------------------- */

static const char *path_of(const struct bench *bench, const char *name)
{
    static char path[8][WORLD_PATH + 64];
    static unsigned next;
    char *out = path[next++ % 8];

    (void)snprintf(out, sizeof path[0], "%s/%s", bench->world.dir, name);
    return out;
}

static struct bench *bench_new(void)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct lockbus_error why = {.err = LOCKBUS_OK};
    char dir[] = "/tmp/lockbus-faults-XXXXXX";
    char port[WORLD_PATH];

    assert_non_null(bench);
    assert_non_null(mkdtemp(dir));
    assert_true(world_init(&bench->world, dir, 5, unix_start));
    bench->world.limits.max_open_occupied = 4; /* no test waits a minute */
    (void)snprintf(port, sizeof port, "pty:%s/bus", dir);
    assert_true(world_config(&bench->world, BOARDS, port,
                             LB_SOURCE_DIR "/profiles", BAUD));
    if (!world_commission(&bench->world, bench->escrow, &why)) {
        fail_msg("commissioning: %s %s", why.field, why.text);
    }
    bench->sim = (struct sim_proc){.pid = -1, .out = -1, .control = -1};
    return bench;
}

static void start_sim(struct bench *bench, const char *script, const char *log)
{
    const char *argv[ARGS] = {LB_BINARY_DIR "/tools/lockbus-sim", "--control",
                              path_of(bench, "ctl")};
    size_t argc = 3;

    if (bench->fast) {
        argv[argc++] = "--fast";
    }
    if (script != NULL) {
        FILE *out = fopen(path_of(bench, "story"), "w");

        assert_non_null(out);
        assert_true(fputs(script, out) >= 0);
        assert_int_equal(fclose(out), 0);
        argv[argc++] = "--script";
        argv[argc++] = path_of(bench, "story");
    }
    if (log != NULL) {
        argv[argc++] = "--log";
        argv[argc++] = path_of(bench, log);
    }
    argv[argc] = path_of(bench, "cabinet.ini");
    assert_true(sim_proc_start(&bench->sim, argv, argv[2]));
}

static void ask(struct bench *bench, const char *command, char *answer)
{
    char unread[ANSWER];

    answer = answer != NULL ? answer : unread;
    assert_true(sim_proc_ask(&bench->sim, command, answer, ANSWER));
    if (strncmp(answer, "ok", 2) != 0) {
        fail_msg("%s: %s", command, answer);
    }
}

static void assert_answer(struct bench *bench, const char *command,
                          const char *wanted)
{
    char answer[ANSWER];

    ask(bench, command, answer);
    assert_string_equal(answer, wanted);
}

/* ---- Time --------------------------------------------------------------- */

static uint64_t now_us(void)
{
    struct timespec t;

    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &t), 0);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void take_events(struct bench *bench)
{
    struct lockbus_event event;

    while (lockbus_cabinet_next_event(bench->cab, &event)) {
        assert_true(bench->events < EVENTS);
        bench->event[bench->events++] = event;
    }
}

/* One turn of the host's loop. */
static void turn(struct bench *bench)
{
    struct pollfd fd = {lockbus_cabinet_fd(bench->cab), POLLIN, 0};

    assert_int_equal(lockbus_cabinet_poll(bench->cab, now_us()), LOCKBUS_OK);
    take_events(bench);
    (void)poll(&fd, 1, lockbus_cabinet_timeout_ms(bench->cab, now_us()));
}

static unsigned count(const struct bench *bench, enum lockbus_event_kind kind,
                      unsigned door)
{
    unsigned n = 0;

    for (size_t i = 0; i < bench->events; i++) {
        n += bench->event[i].kind == kind &&
             (door == ANY || bench->event[i].door == door);
    }
    return n;
}

/* Until there are so many such events. */
static void await(struct bench *bench, enum lockbus_event_kind kind,
                  unsigned door, unsigned wanted)
{
    uint64_t until = now_us() + WAIT_MS * 1000ULL;

    while (count(bench, kind, door) < wanted) {
        if (now_us() > until) {
            fail_msg("%s of door %u did not come %u times",
                     lockbus_event_name(kind), door, wanted);
        }
        turn(bench);
    }
}

static const struct lockbus_event *last(const struct bench *bench,
                                        enum lockbus_event_kind kind)
{
    for (size_t i = bench->events; i-- > 0;) {
        if (bench->event[i].kind == kind) {
            return &bench->event[i];
        }
    }
    fail_msg("there was no %s", lockbus_event_name(kind));
    return NULL;
}

static struct lockbus_event end_of(struct bench *bench, uint32_t ticket)
{
    uint64_t until = now_us() + WAIT_MS * 1000ULL;

    for (size_t i = 0;;) {
        for (; i < bench->events; i++) {
            if (bench->event[i].ticket == ticket &&
                lockbus_event_ends(&bench->event[i])) {
                return bench->event[i];
            }
        }
        if (now_us() > until) {
            fail_msg("ticket %u has no end", ticket);
        }
        turn(bench);
    }
}

static unsigned accepted(const struct bench *bench, uint32_t ticket)
{
    unsigned n = 0;

    for (size_t i = 0; i < bench->events; i++) {
        n += bench->event[i].kind == LOCKBUS_EVENT_ACCEPTED &&
             bench->event[i].ticket == ticket;
    }
    return n;
}

static struct lockbus_board board_at(struct bench *bench, unsigned number)
{
    struct lockbus_board board = {.size = sizeof board};

    assert_int_equal(lockbus_board_at(bench->cab, number - 1, &board, NULL),
                     LOCKBUS_OK);
    return board;
}

/* The other boards' replies go on arriving: `more` of each. */
static void others_are_polled(struct bench *bench, unsigned but)
{
    uint64_t goal[BOARDS + 1];
    uint64_t until = now_us() + WAIT_MS * 1000ULL;

    for (unsigned b = 1; b <= BOARDS; b++) {
        goal[b] = board_at(bench, b).replies + 5;
    }
    for (unsigned b = 1; b <= BOARDS; b++) {
        while (b != but && board_at(bench, b).replies < goal[b]) {
            assert_true(now_us() < until);
            turn(bench);
        }
    }
    for (unsigned b = 1; b <= BOARDS; b++) {
        assert_true(b == but ||
                    board_at(bench, b).state == LOCKBUS_BOARD_PRESENT);
    }
}

static void open_cabinet(struct bench *bench)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (lockbus_cabinet_open(&bench->cab, path_of(bench, "cabinet.ini"), NULL,
                             &why) != LOCKBUS_OK) {
        fail_msg("open: %s:%u %s", why.file, why.line, why.text);
    }
    await(bench, LOCKBUS_EVENT_BOARD_BACK, ANY, BOARDS);
    assert_int_equal(lockbus_cabinet_time(bench->cab, unix_start, true),
                     LOCKBUS_OK);
}

static int set_up(void **state)
{
    struct bench *bench = bench_new();

    start_sim(bench, NULL, NULL);
    open_cabinet(bench);
    *state = bench;
    return 0;
}

static int set_up_row(void **state)
{
    const struct trouble *trouble = *state;

    (void)set_up(state);
    ((struct bench *)*state)->trouble = trouble;
    return 0;
}

static int set_up_closed(void **state)
{
    *state = bench_new();
    return 0;
}

static void remove_tree(const char *path)
{
    char child[2 * WORLD_PATH];
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(child, sizeof child, "%.200s/%.200s", path,
                       entry->d_name);
        if (unlink(child) != 0) {
            remove_tree(child);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

static void bench_free(struct bench *bench)
{
    lockbus_cabinet_close(&bench->cab);
    (void)sim_proc_stop(&bench->sim);
    remove_tree(bench->world.dir);
    free(bench);
}

static int tear_down(void **state)
{
    bench_free(*state);
    return 0;
}

/* ---- People -------------------------------------------------------------- */

static const char *label_of(unsigned door)
{
    static char label[4];

    (void)snprintf(label, sizeof label, "%c%02u", (char)('A' + door / 8 % 26),
                   door % 8 + 1);
    return label;
}

/* Somebody shuts it as soon as its latch lets him. */
static void shut(struct bench *bench, unsigned door)
{
    char command[32], answer[ANSWER] = "";
    uint64_t until = now_us() + WAIT_MS * 1000ULL;

    (void)snprintf(command, sizeof command, "door %s shut", label_of(door));
    while (strncmp(answer, "ok", 2) != 0) {
        assert_true(now_us() < until);
        turn(bench);
        assert_true(sim_proc_ask(&bench->sim, command, answer, ANSWER));
    }
}

static uint32_t deposit(struct bench *bench, struct parcel *parcel,
                        unsigned door)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;

    assert_true(
        world_parcel(&bench->world, parcel, (uint16_t)door, false, &why));
    if (lockbus_deposit_with_key(bench->cab, parcel->package,
                                 parcel->package_len, bench->world.courier.seed,
                                 &ticket, &why) != LOCKBUS_OK) {
        fail_msg("deposit: %s %s", lockbus_rule_name(why.rule), why.text);
    }
    return ticket;
}

/* A parcel behind a door that is shut and cool; no event is left of it. */
static void fill(struct bench *bench, struct parcel *parcel, unsigned door)
{
    struct lockbus_door view = {.size = sizeof view};
    uint64_t until = now_us() + WAIT_MS * 1000ULL;
    uint32_t ticket = deposit(bench, parcel, door);

    assert_int_equal(end_of(bench, ticket).kind, LOCKBUS_EVENT_OPENED);
    shut(bench, door);
    do {
        assert_true(now_us() < until);
        turn(bench);
        assert_int_equal(
            lockbus_door_at(bench->cab, (uint16_t)door, &view, NULL),
            LOCKBUS_OK);
    } while (view.custody != LOCKBUS_CUSTODY_OCCUPIED);
    ask(bench, "reset", NULL);
    bench->events = 0;
}

static enum lockbus_err try_release(struct bench *bench,
                                    const struct parcel *parcel,
                                    uint32_t *ticket, struct lockbus_error *why)
{
    return lockbus_open_with_key(bench->cab, parcel->door,
                                 LOCKBUS_PROOF_RELEASE, parcel->release.seed,
                                 ticket, why);
}

static uint32_t release(struct bench *bench, const struct parcel *parcel)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;

    if (try_release(bench, parcel, &ticket, &why) != LOCKBUS_OK) {
        fail_msg("release: %s %s", lockbus_rule_name(why.rule), why.text);
    }
    return ticket;
}

/* ---- The journal --------------------------------------------------------- */

/* Entries of a kind that say `what`, of a door; the newest of them. */
static unsigned on_record(struct bench *bench, enum lockbus_entry_kind kind,
                          const char *what, unsigned door,
                          struct lockbus_entry *newest)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_entry entry;
    unsigned n = 0;

    assert_int_equal(lockbus_journal_open(&journal, path_of(bench, "journal"),
                                          bench->escrow, &why),
                     LOCKBUS_OK);
    for (;;) {
        assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                         LOCKBUS_OK);
        if (entry.kind == 0) {
            break;
        }
        if (entry.kind == kind && strcmp(entry.what, what) == 0 &&
            (door == ANY || entry.door == door)) {
            n++;
            if (newest != NULL) {
                *newest = entry;
            }
        }
    }
    lockbus_journal_close(&journal);
    return n;
}

/* What is told is on its way to the disk; it must come. */
static void await_record(struct bench *bench, enum lockbus_entry_kind kind,
                         const char *what, unsigned door, unsigned wanted)
{
    uint64_t until = now_us() + WAIT_MS * 1000ULL;
    unsigned found;

    while ((found = on_record(bench, kind, what, door, NULL)) < wanted) {
        if (now_us() > until) {
            fail_msg("\"%s\" is not on record %u times", what, wanted);
        }
        turn(bench);
    }
    assert_int_equal(found, wanted);
}

/* ---- Boards that do not answer, or wrongly --------------------------------
 */

struct trouble {
    const char *name, *confirmations, *replies;
    const char *text; /* of BOARD_AWAY */
    bool noted;       /* wait for the journal's note, which keeps a pace */
};

static const struct trouble troubles[] = {
    {"a board's silence confirms nothing, and makes it away",
     "board 3 silent writes", "board 3 silent", "it does not answer", true},
    {"a damaged reply never counts", "board 3 corrupt writes",
     "board 3 corrupt", NULL /* by which bits the seed turns */, false},
    {"another board's reply never counts", "board 3 foreign writes",
     "board 3 foreign", "it does not answer", false},
};

/* The pulse moves the leaf, its confirmation is lost: the sensor alone says
 * that the door opened. */
static void no_confirmation_counts(struct bench *bench,
                                   const struct parcel *parcel)
{
    uint32_t ticket = release(bench, parcel);

    assert_int_equal(end_of(bench, ticket).kind, LOCKBUS_EVENT_OPENED);
    shut(bench, parcel->door);
    assert_int_equal(accepted(bench, ticket), 0);
    assert_int_equal(count(bench, LOCKBUS_EVENT_SENT, ANY), 1);
    await_record(bench, LOCKBUS_ENTRY_RESULT, "opened", parcel->door, 2);
}

/* The board is away, the others are not; a further ask is refused. */
static void board_3_is_left_out(struct bench *bench, const char *text,
                                const struct parcel *other)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;

    await(bench, LOCKBUS_EVENT_BOARD_AWAY, ANY, 1);
    assert_int_equal(last(bench, LOCKBUS_EVENT_BOARD_AWAY)->board, 3);
    assert_true(text == NULL ||
                strcmp(last(bench, LOCKBUS_EVENT_BOARD_AWAY)->text, text) == 0);
    others_are_polled(bench, 3);
    if (try_release(bench, other, &ticket, &why) == LOCKBUS_OK) {
        struct lockbus_event end = end_of(bench, ticket);

        assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
        why.rule = end.rule;
    }
    assert_int_equal(why.rule, LOCKBUS_RULE_P3);
    assert_int_equal(count(bench, LOCKBUS_EVENT_BOARD_AWAY, ANY), 1);
    await_record(bench, LOCKBUS_ENTRY_REFUSAL, "proof", C01 + 1, 1);
}

static void board_in_trouble(void **state)
{
    struct bench *bench = *state;
    const struct trouble *trouble = bench->trouble;
    struct parcel parcel, other;

    fill(bench, &parcel, C01);
    fill(bench, &other, C01 + 1);
    long pulses = sim_proc_value(&bench->sim, "outputs", "pulses");

    ask(bench, trouble->confirmations, NULL);
    no_confirmation_counts(bench, &parcel);
    ask(bench, trouble->replies, NULL);
    board_3_is_left_out(bench, trouble->text, &other);
    if (trouble->noted) {
        await_record(bench, LOCKBUS_ENTRY_BOARD, "away", ANY, 1);
    }
    ask(bench, "board 3 sound", NULL);
    await(bench, LOCKBUS_EVENT_BOARD_BACK, ANY, 1);
    others_are_polled(bench, 0);
    /* One pulse of the one door, whatever was asked and however it ended. */
    assert_int_equal(sim_proc_value(&bench->sim, "outputs", "pulses"),
                     pulses + 1);
    assert_int_equal(count(bench, LOCKBUS_EVENT_FORCED, ANY), 0);
    assert_answer(bench, "opened?", "ok 1 C01");
}

/* Confirmations come when other doors' are awaited: A03's, on the same board,
 * and B02's, whose board confirms nothing. Without wire time hardly any of
 * them meets a request, which would spoil it. */
static void late_replies_confirm_no_other_door(void **state)
{
    struct bench *bench = *state;
    struct parcel parcel[3];
    uint32_t ticket[3];

    bench->fast = true;
    start_sim(bench, NULL, NULL);
    open_cabinet(bench);
    fill(bench, &parcel[0], A01);
    fill(bench, &parcel[1], A03);
    fill(bench, &parcel[2], B02);
    ask(bench, "board 1 late 60 writes", NULL);
    ask(bench, "board 2 silent writes", NULL);
    for (size_t i = 0; i < 3; i++) {
        ticket[i] = release(bench, &parcel[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(end_of(bench, ticket[i]).kind, LOCKBUS_EVENT_OPENED);
        assert_int_equal(accepted(bench, ticket[i]), 0);
    }
    others_are_polled(bench, 0);
    assert_true(board_at(bench, 1).late > 0);
    assert_int_equal(count(bench, LOCKBUS_EVENT_SENT, ANY), 3);
    assert_int_equal(count(bench, LOCKBUS_EVENT_FORCED, ANY), 0);
    assert_answer(bench, "opened?", "ok 3 A01,A03,B02");
}

static void noise_before_replies_costs_nothing(void **state)
{
    struct bench *bench = *state;
    struct parcel parcel;

    ask(bench, "board 1 stray 9", NULL);
    ask(bench, "board 2 stray 3 50%", NULL);
    fill(bench, &parcel, A07);
    assert_int_equal(end_of(bench, release(bench, &parcel)).kind,
                     LOCKBUS_EVENT_OPENED);
    assert_true(board_at(bench, 1).bus_stray_bytes > 9);
    assert_int_equal(count(bench, LOCKBUS_EVENT_BOARD_AWAY, ANY), 0);
    assert_answer(bench, "opened?", "ok 1 A07");
    others_are_polled(bench, 0);
}

/* The echo of a pulse is the same bytes as its confirmation. */
static void an_echo_is_no_confirmation(void **state)
{
    struct bench *bench = *state;
    struct parcel alive, dead;

    start_sim(bench, NULL, NULL);
    ask(bench, "bus main echo on", NULL);
    open_cabinet(bench);
    fill(bench, &dead, A07);
    fill(bench, &alive, D01);
    ask(bench, "board 1 silent writes", NULL);
    uint32_t lost = release(bench, &dead);
    uint32_t fine = release(bench, &alive);

    assert_int_equal(end_of(bench, fine).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(accepted(bench, fine), 1);
    assert_int_equal(end_of(bench, lost).kind, LOCKBUS_EVENT_OPENED);
    assert_int_equal(accepted(bench, lost), 0);
    assert_int_equal(count(bench, LOCKBUS_EVENT_SENT, A07), 1);
    others_are_polled(bench, 0);
    assert_answer(bench, "opened?", "ok 2 A07,D01");
}

/* ---- Locks and sensors ----------------------------------------------------
 */

/* D01's leaf opens and its contact never says so: both end at the deadline,
 * and only one of them is an open door. */
static void a_stuck_latch_jams_and_gives_its_use_back(void **state)
{
    struct bench *bench = *state;
    struct lockbus_door view = {.size = sizeof view};
    struct lockbus_entry entry = {.kind = 0};
    struct parcel parcel, unseen;

    fill(bench, &unseen, D01);
    fill(bench, &parcel, A07);
    assert_int_equal(lockbus_door_at(bench->cab, A07, &view, NULL), LOCKBUS_OK);
    unsigned uses = view.release_uses_left;
    long pulses = sim_proc_value(&bench->sim, "state A07", "pulses");

    ask(bench, "door A07 stick", NULL);
    ask(bench, "sensor D01 stuck-shut", NULL);
    uint32_t shut_to_us = release(bench, &unseen);
    uint32_t stuck = release(bench, &parcel);
    struct lockbus_event end = end_of(bench, stuck);

    assert_int_equal(end.kind, LOCKBUS_EVENT_FAILED);
    assert_int_equal(end.count, 3);
    assert_int_equal(accepted(bench, stuck), 3); /* and yet it is shut */
    await(bench, LOCKBUS_EVENT_JAMMED, A07, 1);
    assert_int_equal(last(bench, LOCKBUS_EVENT_JAMMED)->count, 3);
    assert_int_equal(lockbus_door_at(bench->cab, A07, &view, NULL), LOCKBUS_OK);
    assert_int_equal(view.latch, LOCKBUS_LATCH_JAMMED);
    assert_int_equal(view.custody, LOCKBUS_CUSTODY_OCCUPIED);
    assert_int_equal(view.release_uses_left, uses);
    await_record(bench, LOCKBUS_ENTRY_RESULT, "never opened", A07, 1);
    await_record(bench, LOCKBUS_ENTRY_ALARM, "jammed", A07, 1);
    assert_int_equal(
        on_record(bench, LOCKBUS_ENTRY_ALARM, "jammed", A07, &entry), 1);
    assert_int_equal(entry.count, 3);
    assert_int_equal(sim_proc_value(&bench->sim, "state A07", "pulses"),
                     pulses + 3);
    assert_int_equal(sim_proc_value(&bench->sim, "outputs", "hot"), 0);
    assert_int_equal(end_of(bench, shut_to_us).kind, LOCKBUS_EVENT_FAILED);
    assert_int_equal(count(bench, LOCKBUS_EVENT_OPENED, ANY), 0);
    assert_int_equal(count(bench, LOCKBUS_EVENT_FORCED, ANY), 0);
    assert_answer(bench, "opened?", "ok 1 D01");
    ask(bench, "door A07 free", NULL);
    assert_int_equal(end_of(bench, release(bench, &parcel)).kind,
                     LOCKBUS_EVENT_OPENED);
    assert_answer(bench, "opened?", "ok 2 A07,D01");
}

static void a_sensor_stuck_open_locks_nobody_out(void **state)
{
    struct bench *bench = *state;
    struct parcel parcel;

    fill(bench, &parcel, A07);
    ask(bench, "sensor A07 stuck-open", NULL);
    await(bench, LOCKBUS_EVENT_FORCED, A07, 1);
    await_record(bench, LOCKBUS_ENTRY_ALARM, "forced", A07, 1);
    long pulses = sim_proc_value(&bench->sim, "state A07", "pulses");

    assert_answer(bench, "opened?", "ok 0");
    assert_int_equal(end_of(bench, release(bench, &parcel)).kind,
                     LOCKBUS_EVENT_OPENED);
    assert_true(sim_proc_value(&bench->sim, "state A07", "pulses") > pulses);
    others_are_polled(bench, 0);
    assert_answer(bench, "opened?", "ok 1 A07");
}

static void a_bouncing_contact_tells_one_opening(void **state)
{
    struct bench *bench = *state;
    struct parcel parcel;

    fill(bench, &parcel, A07);
    ask(bench, "sensor A07 bounce 150", NULL);
    assert_int_equal(end_of(bench, release(bench, &parcel)).kind,
                     LOCKBUS_EVENT_OPENED);
    shut(bench, A07);
    uint64_t until = now_us() + WAIT_MS * 1000ULL;
    struct lockbus_door view = {.size = sizeof view};

    /* Past the last bounce, then long enough for a wrong alarm to come. */
    others_are_polled(bench, 0);
    uint64_t calm = now_us() + 1000000;

    do {
        assert_true(now_us() < until);
        turn(bench);
        assert_int_equal(lockbus_door_at(bench->cab, A07, &view, NULL),
                         LOCKBUS_OK);
    } while (now_us() < calm || view.latch != LOCKBUS_LATCH_SHUT);
    assert_int_equal(count(bench, LOCKBUS_EVENT_OPENED, A07), 1);
    assert_int_equal(count(bench, LOCKBUS_EVENT_FORCED, ANY), 0);
    assert_int_equal(count(bench, LOCKBUS_EVENT_JAMMED, ANY), 0);
    assert_int_equal(on_record(bench, LOCKBUS_ENTRY_ALARM, "forced", ANY, NULL),
                     0);
    await_record(bench, LOCKBUS_ENTRY_RESULT, "opened", A07, 2);
    assert_answer(bench, "opened?", "ok 1 A07");
}

/* ---- Power and plugs ------------------------------------------------------
 */

/* The script cuts the power in the moment of the pulse: the latch is not yet
 * drawn, and no sensor will ever say so. */
static void a_board_that_loses_power_mid_open_makes_it_unknown(void **state)
{
    struct bench *bench = *state;
    struct lockbus_door view = {.size = sizeof view};
    struct parcel parcel;

    start_sim(bench, "when pulsed B02 board 2 off\n", NULL);
    open_cabinet(bench);
    bench->events = 0;
    assert_int_equal(end_of(bench, deposit(bench, &parcel, B02)).kind,
                     LOCKBUS_EVENT_UNKNOWN);
    await(bench, LOCKBUS_EVENT_BOARD_AWAY, ANY, 1);
    assert_int_equal(last(bench, LOCKBUS_EVENT_BOARD_AWAY)->board, 2);
    await_record(bench, LOCKBUS_ENTRY_RESULT, "unknown", B02, 1);
    others_are_polled(bench, 2);
    ask(bench, "board 2 on", NULL);
    await(bench, LOCKBUS_EVENT_BOARD_BACK, ANY, 1);
    others_are_polled(bench, 0);
    assert_int_equal(lockbus_door_at(bench->cab, B02, &view, NULL), LOCKBUS_OK);
    assert_int_equal(view.custody, LOCKBUS_CUSTODY_LOADING);
    assert_int_equal(sim_proc_value(&bench->sim, "outputs", "pulses"), 1);
    assert_answer(bench, "opened?", "ok 0");
}

/* Somebody else on the line, while the cabinet's own process is not there:
 * relay 1 of board 1 is switched on and left so. */
static void hold_relay_one(struct bench *bench)
{
    static const uint8_t on[] = {1, 5, 0, 0, 0xFF, 0, 0x8C, 0x3A};
    uint8_t reply[sizeof on];
    size_t got = 0;
    int fd = open(path_of(bench, "bus"), O_RDWR | O_NOCTTY);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, on, sizeof on), sizeof on);
    while (got < sizeof on) {
        struct pollfd wait = {fd, POLLIN, 0};

        assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
        ssize_t n = read(fd, reply + got, sizeof reply - got);

        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(reply, on, sizeof on);
    assert_int_equal(close(fd), 0);
    assert_int_equal(sim_proc_value(&bench->sim, "outputs", "on"), 1);
}

static void asks_are_refused(struct bench *bench, const struct parcel *parcel)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel fresh;
    uint32_t ticket = 0;

    if (try_release(bench, parcel, &ticket, &why) == LOCKBUS_OK) {
        struct lockbus_event end = end_of(bench, ticket);

        assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
        why.rule = end.rule;
    }
    assert_int_equal(why.rule, LOCKBUS_RULE_P3);
    assert_true(world_parcel(&bench->world, &fresh, D01, false, &why));
    if (lockbus_deposit_with_key(bench->cab, fresh.package, fresh.package_len,
                                 bench->world.courier.seed, &ticket,
                                 &why) == LOCKBUS_OK) {
        struct lockbus_event end = end_of(bench, ticket);

        assert_int_equal(end.kind, LOCKBUS_EVENT_REFUSED);
        why.rule = end.rule;
    }
    assert_int_equal(why.rule, LOCKBUS_RULE_D8);
    await_record(bench, LOCKBUS_ENTRY_REFUSAL, "proof", A07, 1);
    await_record(bench, LOCKBUS_ENTRY_REFUSAL, "deposit", D01, 1);
}

static void an_unplugged_adapter_moves_no_latch(void **state)
{
    struct bench *bench = *state;
    struct parcel parcel;

    fill(bench, &parcel, A07);
    ask(bench, "bus main unplug", NULL);
    await(bench, LOCKBUS_EVENT_PORT_LOST, ANY, 1);
    assert_non_null(strstr(last(bench, LOCKBUS_EVENT_PORT_LOST)->text, "main"));
    await(bench, LOCKBUS_EVENT_BOARD_AWAY, ANY, BOARDS);
    assert_string_equal(last(bench, LOCKBUS_EVENT_BOARD_AWAY)->text,
                        "its line was lost");
    asks_are_refused(bench, &parcel);
    ask(bench, "door A01 stick", NULL);
    ask(bench, "bus main plug", NULL);
    hold_relay_one(bench);
    long pulses = sim_proc_value(&bench->sim, "outputs", "pulses");

    await(bench, LOCKBUS_EVENT_BOARD_BACK, ANY, BOARDS);
    assert_int_equal(count(bench, LOCKBUS_EVENT_PORT_LOST, ANY), 1);
    assert_int_equal(count(bench, LOCKBUS_EVENT_PORT_OPEN, ANY), 1);
    assert_int_equal(sim_proc_value(&bench->sim, "outputs", "on"), 0);
    others_are_polled(bench, 0);
    assert_int_equal(sim_proc_value(&bench->sim, "outputs", "pulses"), pulses);
    assert_answer(bench, "opened?", "ok 0");
    assert_int_equal(end_of(bench, release(bench, &parcel)).kind,
                     LOCKBUS_EVENT_OPENED);
    assert_answer(bench, "opened?", "ok 1 A07");
}

/* ---- A story that is told twice -------------------------------------------
 */

/* The log without its times: after the first blank of each line. */
static size_t read_log(struct bench *bench, char *text, size_t cap)
{
    char line[256];
    size_t len = 0;
    FILE *in = fopen(path_of(bench, "log"), "r");

    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL) {
        const char *what = strchr(line, ' ');

        assert_non_null(what);
        assert_true(len + strlen(what) < cap);
        (void)snprintf(text + len, cap - len, "%s", what + 1);
        len += strlen(what + 1);
    }
    assert_int_equal(fclose(in), 0);
    return len;
}

static void tell(char *text, size_t cap)
{
    /* Every step waits for a door, so the host's pace does not show. */
    static const char story[] =
        "when opened A07 board 1 silent 1\n"
        "when opened A07 +700ms door A07 shut # the courier\n"
        "when shut A07 sensor D01 bounce 40\n"
        "when opened D01 +600ms door B02 force\n";
    struct bench *bench = bench_new();
    struct lockbus_door view = {.size = sizeof view};
    uint64_t until = now_us() + WAIT_MS * 1000ULL;
    struct parcel parcel, other;

    start_sim(bench, story, "log");
    open_cabinet(bench);
    (void)end_of(bench, deposit(bench, &parcel, A07));
    do {
        assert_true(now_us() < until);
        turn(bench);
        assert_int_equal(lockbus_door_at(bench->cab, A07, &view, NULL),
                         LOCKBUS_OK);
    } while (view.custody != LOCKBUS_CUSTODY_OCCUPIED);
    assert_int_equal(end_of(bench, deposit(bench, &other, D01)).kind,
                     LOCKBUS_EVENT_OPENED);
    await(bench, LOCKBUS_EVENT_FORCED, B02, 1);
    (void)read_log(bench, text, cap);
    bench_free(bench);
}

static void the_same_story_gives_the_same_log(void **state)
{
    char first[4096] = "", again[4096] = "";

    (void)state;
    tell(first, sizeof first);
    tell(again, sizeof again);
    assert_string_equal(first, again);
    assert_string_equal(first, "pulsed A07\n"
                               "opened A07\n"
                               "command board 1 silent 1\n"
                               "board 1's reply silent\n"
                               "command door A07 shut\n"
                               "shut A07\n"
                               "command sensor D01 bounce 40\n"
                               "pulsed D01\n"
                               "opened D01\n"
                               "command door B02 force\n"
                               "opened B02\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define TEST_CLOSED(f)                                                         \
    cmocka_unit_test_setup_teardown(f, set_up_closed, tear_down)
    static const struct CMUnitTest others[] = {
        TEST_CLOSED(late_replies_confirm_no_other_door),
        TEST(noise_before_replies_costs_nothing),
        TEST_CLOSED(an_echo_is_no_confirmation),
        TEST(a_stuck_latch_jams_and_gives_its_use_back),
        TEST(a_sensor_stuck_open_locks_nobody_out),
        TEST(a_bouncing_contact_tells_one_opening),
        TEST_CLOSED(a_board_that_loses_power_mid_open_makes_it_unknown),
        TEST(an_unplugged_adapter_moves_no_latch),
        cmocka_unit_test(the_same_story_gives_the_same_log),
    };
    enum { ROWS = sizeof troubles / sizeof troubles[0] };
    struct CMUnitTest rows[ROWS];
    struct trouble row[ROWS];

    for (size_t i = 0; i < ROWS; i++) {
        row[i] = troubles[i];
        rows[i] = (struct CMUnitTest){.name = row[i].name,
                                      .setup_func = set_up_row,
                                      .test_func = board_in_trouble,
                                      .teardown_func = tear_down,
                                      .initial_state = &row[i]};
    }
    int failed = cmocka_run_group_tests_name("boards", rows, NULL, NULL);

    return failed + cmocka_run_group_tests_name("faults", others, NULL, NULL);
}
