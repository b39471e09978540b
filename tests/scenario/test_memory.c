/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * All memory is allocated by open: nothing after it, whatever happens, but
 * Argon2id's working memory while a code is checked.
 */

#include "cabinet/cabinet.h"
#include "malloc_count.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#define LB_COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
    A07 = 6,
    SEAL_KIB = 8192, /* what world_parcel()'s seals ask for */
    SEAL_MORE = 4096 /* what Argon2id has beside that */
};

/* One thing that happens to a cabinet at work. What it needs beside the cabinet
 * is made in `before`, where the world may allocate. */
struct thing {
    const char *name;
    void (*before)(struct rig *rig);
    void (*during)(struct rig *rig);
    bool derives; /* Argon2id works */
};

/* What the world made for the thing that comes. */
static struct {
    struct parcel parcel;
    uint8_t manifest[LOCKBUS_MANIFEST_MAX], proof[LOCKBUS_PROOF_LEN];
    size_t manifest_len;
} given;

static void end_well(struct rig *rig, enum lockbus_err err, uint32_t ticket,
                     enum lockbus_event_kind kind)
{
    assert_int_equal(err, LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).kind, kind);
    rig_run(rig, 5000);
}

static void a_grant_is_made(struct rig *rig)
{
    struct lockbus_error why;

    assert_true(world_parcel(&rig->world, &given.parcel, A07, true, &why));
}

static void a_deposit(struct rig *rig)
{
    struct lockbus_error why;
    uint32_t ticket = 0;
    enum lockbus_err err = lockbus_deposit_with_key(
        rig->cab, given.parcel.package, given.parcel.package_len,
        rig->world.courier.seed, &ticket, &why);

    end_well(rig, err, ticket, LOCKBUS_EVENT_OPENED);
}

static void a_parcel_lies_there(struct rig *rig)
{
    rig_deposit(rig, &given.parcel, A07, true);
}

static void a_release(struct rig *rig)
{
    struct lockbus_error why;
    uint32_t ticket = 0;
    enum lockbus_err err = rig_release(rig, &given.parcel, &ticket, &why);

    end_well(rig, err, ticket, LOCKBUS_EVENT_OPENED);
}

static void a_return(struct rig *rig)
{
    struct world_claim claim = {A07, given.parcel.stay, LOCKBUS_PROOF_RETURN,
                                &given.parcel.returns};
    struct lockbus_error why;
    uint32_t ticket = 0;

    rig_stall(rig, 25 * 3600000ULL);
    rig_run(rig, 5000);
    assert_true(world_proof(&rig->world, rig->cab, claim, given.proof));
    enum lockbus_err err = lockbus_open_with_proof(
        rig->cab, given.proof, sizeof given.proof, &ticket, &why);

    end_well(rig, err, ticket, LOCKBUS_EVENT_OPENED);
}

static void a_code(struct rig *rig)
{
    struct lockbus_error why;
    uint32_t ticket = 0;
    enum lockbus_err err =
        lockbus_release_with_code(rig->cab, given.parcel.code, &ticket, &why);

    end_well(rig, err, ticket, LOCKBUS_EVENT_OPENED);
}

static void service_orders(struct rig *rig)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    for (int action = LOCKBUS_SERVICE_OPEN; action <= LOCKBUS_SERVICE_UNBLOCK;
         action++) {
        enum lockbus_err err = rig_service(
            rig, A07, (enum lockbus_service_action)action, &ticket, &why);

        end_well(rig, err, ticket,
                 action == LOCKBUS_SERVICE_OPEN ? LOCKBUS_EVENT_OPENED
                                                : LOCKBUS_EVENT_DONE);
    }
}

static void a_manifest_is_made(struct rig *rig)
{
    struct lockbus_error why;

    rig->world.manifest_no++;
    assert_true(
        world_manifest(&rig->world, given.manifest, &given.manifest_len, &why));
}

static void a_manifest(struct rig *rig)
{
    struct lockbus_error why;
    uint32_t ticket = 0;
    enum lockbus_err err = lockbus_manifest(rig->cab, given.manifest,
                                            given.manifest_len, &ticket, &why);

    end_well(rig, err, ticket, LOCKBUS_EVENT_DONE);
}

static void refusals(struct rig *rig)
{
    uint8_t zeros[LOCKBUS_PROOF_LEN] = {0};
    struct lockbus_error why;
    uint32_t ticket;

    for (int i = 0; i < 50; i++) {
        assert_int_equal(lockbus_open_with_proof(rig->cab, zeros, sizeof zeros,
                                                 &ticket, &why),
                         LOCKBUS_ERR_DENIED);
    }
    rig_run(rig, 5000);
}

static void a_segments_end(struct rig *rig)
{
    struct lockbus_cabinet *cab = rig->cab;
    struct lb_record record = {.type = LB_REC_TIME, .door = LB_DOOR_NONE};

    while (lb_journal_durable(cab->journal) < LB_SEGMENT_BLOCKS + 20) {
        record.powered_ms = cab->gate.powered_ms;
        assert_true(lb_write(cab, &record, 1));
        rig_run(rig, 1);
    }
    assert_false(cab->journal_failed);
}

static void a_board_goes_and_comes(struct rig *rig)
{
    rig->board[2].powered = false;
    rig_run(rig, 5000);
    rig->board[2].powered = true;
    rig_run(rig, 130000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_BOARD_AWAY, 0xFFFF), 1);
}

static void the_port_goes_and_comes(struct rig *rig)
{
    rig->unplugged = true;
    rig_run(rig, 5000);
    rig->unplugged = false;
    rig_run(rig, 20000);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_PORT_LOST, 0xFFFF), 1);
    assert_int_equal(rig_count(rig, LOCKBUS_EVENT_PORT_OPEN, 0xFFFF), 2);
}

static const struct thing things[] = {
    {"a deposit", a_grant_is_made, a_deposit, false},
    {"a release", a_parcel_lies_there, a_release, false},
    {"a return", a_parcel_lies_there, a_return, false},
    {"a code", a_parcel_lies_there, a_code, true},
    {"service orders", NULL, service_orders, false},
    {"a manifest", a_manifest_is_made, a_manifest, false},
    {"refusals", NULL, refusals, false},
    {"a segment's end", NULL, a_segments_end, false},
    {"a board that goes and comes", NULL, a_board_goes_and_comes, false},
    {"a port that goes and comes", NULL, the_port_goes_and_comes, false},
};

static struct run {
    const struct thing *thing;
    bool worker;
    char name[80];
} runs[2 * LB_COUNT(things)];

static void nothing_is_allocated(void **state)
{
    const struct run *run = *state;
    struct rig *rig = rig_new_closed();

    rig->worker = run->worker;
    rig->shut_after_us = 3000000;
    rig_open(rig);
    if (run->thing->before != NULL) {
        run->thing->before(rig);
    }
    malloc_count_start();
    run->thing->during(rig);
    struct malloc_count count = malloc_count_now();

    assert_int_equal(count.frees, count.calls);
    if (run->thing->derives) {
        assert_in_range(count.calls, 1, 8);
        assert_in_range(count.peak, 1, SEAL_KIB * 1024 + SEAL_MORE);
    } else {
        assert_int_equal(count.calls, 0);
    }
    rig_free(rig);
}

/* ---- A cabinet of 300 doors ---------------------------------------------- */

enum {
    BIG_BOARDS = 20,
    BIG_EACH = 15, /* doors on a board of 16 */
    BIG_DOORS = BIG_BOARDS * BIG_EACH,
    BOUND = 256 * 1024,
    ROUNDING = 32,       /* of one piece, by malloc */
    LIBMODBUS_MAX = 512, /* a bus: what libmodbus allocates for its context */
    THREAD_MAX = 1024    /* what glibc allocates for a thread */
};

static enum lockbus_err deaf_open(void *user, struct lockbus_error *why)
{
    (void)user;
    (void)why;
    return LOCKBUS_OK;
}

static enum lockbus_err deaf_send(void *user, const uint8_t *bytes, size_t len,
                                  size_t *sent)
{
    (void)user;
    (void)bytes;
    *sent = len;
    return LOCKBUS_OK;
}

static enum lockbus_err deaf_receive(void *user, uint8_t *buf, size_t cap,
                                     size_t *got)
{
    (void)user;
    (void)buf;
    (void)cap;
    *got = 0;
    return LOCKBUS_OK;
}

static int deaf_fd(void *user)
{
    (void)user;
    return -1;
}

static void deaf_close(void *user)
{
    (void)user;
}

/* As somebody would write it who wires such a cabinet: a line a board. */
static void write_config(const struct rig *rig)
{
    FILE *f = fopen(rig_path(rig, "cabinet.ini"), "w");

    assert_non_null(f);
    fputs("[cabinet]\nname = hall\njournal = journal\n"
          "manifest = manifest.lbm\nprofiles = " LB_SOURCE_DIR "/profiles\n"
          "[lock]\npulse_ms = 500\nrest_ms = 2000\nat_once = 2\n"
          "shut_is = 1\n"
          "[bus.left]\nport = host:left\nbaud = 19200 8N1\n"
          "[bus.right]\nport = host:right\nbaud = 19200 8N1\n[boards]\n",
          f);
    for (int b = 1; b <= BIG_BOARDS; b++) {
        fprintf(f, "%d = %s %d xunming-lock-16ch\n", b,
                b % 2 != 0 ? "left" : "right", b);
    }
    fputs("[doors]\n", f);
    for (int b = 0; b < BIG_BOARDS; b++) {
        fprintf(f, "%c01-%c%02d = %d-%d %d:1-%d size=M remark=column %d\n",
                'A' + b, 'A' + b, BIG_EACH, b * BIG_EACH,
                b * BIG_EACH + BIG_EACH - 1, b + 1, BIG_EACH, b + 1);
    }
    assert_int_equal(fclose(f), 0);
}

static struct lockbus_cabinet *open_big(const struct rig *rig, bool worker)
{
    struct lockbus_line deaf = {.size = sizeof deaf,
                                .open = deaf_open,
                                .send = deaf_send,
                                .receive = deaf_receive,
                                .fd = deaf_fd,
                                .close = deaf_close};
    struct lockbus_host_line lines[] = {{.name = "left", .line = deaf},
                                        {.name = "right", .line = deaf}};
    struct lockbus_options options = {.size = sizeof options,
                                      .lines = lines,
                                      .line_count = 2,
                                      .without_worker = !worker};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_cabinet *cab = NULL;

    if (lockbus_cabinet_open(&cab, rig_path(rig, "cabinet.ini"), &options,
                             &why) != LOCKBUS_OK) {
        fail_msg("open: %s %s", why.field, why.text);
    }
    return cab;
}

static void three_hundred_doors_take_256_kib(void **state)
{
    bool worker = *(const bool *)*state;
    struct rig *rig = rig_new_wired(write_config);
    struct lockbus_cabinet_info info = {.size = sizeof info};

    malloc_count_start();
    struct lockbus_cabinet *cab = open_big(rig, worker);
    struct malloc_count count = malloc_count_now();
    size_t pieces = count.calls - count.frees;

    assert_int_equal(lockbus_cabinet_info(cab, &info), LOCKBUS_OK);
    print_message("held %zu, peak %zu, told %zu, pieces %zu, largest %zu\n",
                  count.live, count.peak, info.memory_bytes, pieces,
                  count.largest);
    assert_int_equal(info.doors, BIG_DOORS);
    assert_in_range(count.live, 1, BOUND);
    assert_in_range(count.peak, 1, BOUND);
    assert_in_range(count.live, info.memory_bytes,
                    info.memory_bytes + ROUNDING * pieces + 2 * LIBMODBUS_MAX +
                        (worker ? THREAD_MAX : 0));
    lockbus_cabinet_close(&cab);
    /* glibc keeps an ended thread's stack, with what it allocated for it */
    assert_in_range(malloc_count_now().live, 0, worker ? THREAD_MAX : 0);
    rig_free(rig);
}

int main(void)
{
    static bool yes = true, no = false;
    static struct CMUnitTest tests[2 + LB_COUNT(runs)] = {
        {"300 doors take 256 KiB, with a worker",
         three_hundred_doors_take_256_kib, NULL, NULL, &yes},
        {"300 doors take 256 KiB, without one",
         three_hundred_doors_take_256_kib, NULL, NULL, &no},
    };

    for (size_t i = 0; i < LB_COUNT(runs); i++) {
        struct run *run = &runs[i];

        run->thing = &things[i / 2];
        run->worker = i % 2 == 0;
        (void)snprintf(run->name, sizeof run->name,
                       "nothing is allocated: %s, %s", run->thing->name,
                       run->worker ? "with a worker" : "without");
        tests[2 + i] = (struct CMUnitTest){run->name, nothing_is_allocated,
                                           NULL, NULL, run};
    }
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
