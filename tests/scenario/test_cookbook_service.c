/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The cookbook's recipes for the operator's people: service by two persons,
 * another wiring, another manifest. The functions above each test are what
 * docs/COOKBOOK.md shows, word for word.
 */

#include "host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

enum { A07 = 6, A01 = 0, C01 = 16, D01 = 24 };

static void deposited(struct host *host, struct parcel *parcel, uint16_t door)
{
    rig_deposit(host->rig, parcel, door, true);
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

static void courier_brings(struct host *host, const struct parcel *parcel)
{
    struct lockbus_error why;

    host_answer(host,
                lockbus_deposit_with_key(
                    host->cab, parcel->package, parcel->package_len,
                    host->rig->world.courier.seed, &host->ticket, &why),
                &why);
}

/* ---- Service by two persons ------------------------------------------------
 */

/* Two persons stand here, each with a device. Both get the same fields, with
 * this door's challenge, so what they sign is good for this door and now. */
static bool service_asked(struct host *host, uint16_t door,
                          struct lockbus_order *order)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_error why;

    if (lockbus_cabinet_info(host->cab, &info) != LOCKBUS_OK) {
        return false;
    }
    order->door = door;
    memcpy(order->cabinet_id, info.cabinet_id, sizeof order->cabinet_id);
    return lockbus_challenge(host->cab, door, LOCKBUS_CHALLENGE_SERVICE,
                             order->challenge, &why) == LOCKBUS_OK;
}

/* Each device sent its half. Two halves are an order; one is nothing. */
static void service_signed(struct host *host, const uint8_t *one,
                           const uint8_t *other)
{
    uint8_t order[LOCKBUS_ORDER_LEN];
    struct lockbus_error why;
    enum lockbus_err err = lockbus_issue_order_join(order, one, other, &why);

    if (err == LOCKBUS_OK) {
        err = lockbus_service(host->cab, order, sizeof order, &host->ticket,
                              &why);
    }
    host_answer(host, err, &why);
}

/* The two persons and their devices. */
static void service(struct host *host, uint16_t door,
                    enum lockbus_service_action action)
{
    struct world *world = &host->rig->world;
    struct lockbus_order order = {.action = action,
                                  .order_no = (uint64_t)world->epoch << 32 |
                                              ++world->order_no,
                                  .not_after = world->now_unix + 3600,
                                  .reason = 7};
    uint8_t one[LOCKBUS_ORDER_HALF_LEN], other[LOCKBUS_ORDER_HALF_LEN];
    struct lockbus_error why;

    assert_true(service_asked(host, door, &order));
    assert_int_equal(
        lockbus_issue_order_half(one, &order, &world->operations, &why),
        LOCKBUS_OK);
    assert_int_equal(
        lockbus_issue_order_half(other, &order, &world->security, &why),
        LOCKBUS_OK);
    service_signed(host, one, other);
}

static void service_opens(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    host->rig->shut_after_us = 4000000;
    service(host, A07, LOCKBUS_SERVICE_OPEN);
    host_run(host, 130000, host_event);
    host_reads(host, "Door A07 is open.");
    assert_int_equal(host_door(host, A07).custody, LOCKBUS_CUSTODY_OCCUPIED);
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "OPENED, count 1\n"
             "LEAF OPEN\n"
             "LEAF SHUT\n");
    host_wrote(host, A07,
               "INTENT service\n"
               "LEAF opened\n"
               "RESULT opened\n"
               "LEAF shut\n");
}

/* ---- Block, unblock, clear -------------------------------------------------
 */

/* A blocked door takes no deposit and gives out nothing, but to service. */
static void block_unblock_clear(void **state)
{
    struct host *host = *state;
    struct lockbus_error why;
    struct parcel parcel, next;

    deposited(host, &parcel, A07);
    service(host, A07, LOCKBUS_SERVICE_BLOCK);
    host_run(host, 500, host_event);
    assert_true(host_door(host, A07).blocked);
    key_scanned(host, &parcel);
    host_reads(host, "This door is out of order.");
    service(host, A07, LOCKBUS_SERVICE_UNBLOCK);
    host_run(host, 500, host_event);
    assert_false(host_door(host, A07).blocked);
    service(host, A07, LOCKBUS_SERVICE_CLEAR); /* after looking inside */
    host_run(host, 2000, host_event);
    key_scanned(host, &parcel);
    host_reads(host, "There is nothing for you behind this door.");
    host_run(host, 2000, host_event);
    host_saw(host, A07,
             "DONE\n"
             "DONE\n"
             "CUSTODY VACANT\n"
             "DONE\n");
    host_wrote(host, A07,
               "ORDER block\n"
               "REFUSAL proof P3, count 1\n"
               "ORDER unblock\n"
               "ORDER clear\n"
               "CUSTODY vacant\n"
               "REFUSAL proof P4, count 1\n");
    service(host, A07, LOCKBUS_SERVICE_BLOCK);
    host_run(host, 500, host_event);
    assert_true(world_parcel(&host->rig->world, &next, A07, false, &why));
    courier_brings(host, &next);
    host_reads(host, "This door is out of order.");
    host_run(host, 30000, host_event);
    assert_int_equal(host->rig->leaf[A07].pulses, 1); /* the deposit's */
}

/* Blocked while its latch is at work: no further pulse, and what came of the
 * one that was sent is UNKNOWN. */
static void blocked_during_an_open(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    host->rig->leaf[A07].stuck = true;
    key_scanned(host, &parcel);
    host_run(host, 1000, host_event);
    uint32_t open = host->ticket;

    service(host, A07, LOCKBUS_SERVICE_BLOCK);
    host->ticket = open; /* the recipient is still at the screen */
    host_run(host, 30000, host_event);
    host_reads(host, "Please look whether door A07 is open.");
    assert_int_equal(host->rig->leaf[A07].pulses, 2);
    assert_int_equal(host_door(host, A07).release_uses_left, 1);
    host_saw(host, A07,
             "LEAF RELEASING\n"
             "SENT\n"
             "ACCEPTED\n"
             "UNKNOWN, count 1\n"
             "LEAF SHUT\n"
             "DONE\n");
    host_wrote(host, A07,
               "INTENT release\n"
               "ORDER block\n"
               "RESULT unknown\n");
}

/* ---- Another wiring --------------------------------------------------------
 */

/* The cabinet is closed and its file describes the new wiring. Two persons
 * sign the new map; doors with parcels must be wired as before. */
static enum lockbus_err rewire(const char *config,
                               struct lockbus_commission *order,
                               const struct lockbus_signer *operations,
                               const struct lockbus_signer *security,
                               struct lockbus_error *why)
{
    uint8_t bytes[LOCKBUS_COMMISSION_LEN];
    enum lockbus_err err =
        lockbus_config_check(config, order->map_hash, &order->doors, why);

    if (err == LOCKBUS_OK) {
        err = lockbus_issue_commission(bytes, order, operations, security, why);
    }
    return err == LOCKBUS_OK
               ? lockbus_cabinet_amend(config, bytes, sizeof bytes, why)
               : err; /* DENIED by K7: empty that door first */
}

#define BOARD(n) #n " = main " #n " waveshare-relay-d-8ch\n"
#define THREE BOARD(1) BOARD(2) BOARD(3)
#define ROWS "B01-B08 = 8-15 2:1-8\nC01-C08 = 16-23 3:1-8\n"

static const char three[] = "A01-A08 = 0-7 1:1-8\n" ROWS;

static void write_three(const struct rig *rig)
{
    rig_wire(rig, THREE, three);
}

static int set_up_three(void **state)
{
    struct rig *rig = rig_new_wired(write_three);

    rig->board[3].powered = false;
    *state = host_new(rig);
    return 0;
}

/* Closes, wires, amends and opens again; the rule that refused. The cabinet
 * stays closed then. */
static enum lockbus_rule amend(struct host *host, const char *boards,
                               const char *doors)
{
    struct world *world = &host->rig->world;
    struct lockbus_commission order = {
        .amendment = true,
        .region = world->region,
        .order_no = (uint64_t)world->epoch << 32 | ++world->order_no};
    struct lockbus_error why = {.err = LOCKBUS_OK};

    rig_close(host->rig);
    rig_wire(host->rig, boards, doors);
    memcpy(order.cabinet_id, world->cabinet_id, sizeof order.cabinet_id);
    memcpy(order.manifest_hash, world->manifest_hash,
           sizeof order.manifest_hash);
    if (rewire(rig_path(host->rig, "cabinet.ini"), &order, &world->operations,
               &world->security, &why) == LOCKBUS_OK) {
        rig_open(host->rig);
        host->cab = host->rig->cab;
    }
    return why.rule;
}

static void a_column_is_added(void **state)
{
    struct host *host = *state;
    struct parcel parcel, next;

    deposited(host, &parcel, A07);
    host->rig->board[3].powered = true;
    assert_int_equal(amend(host, THREE BOARD(4),
                           "A01-A08 = 0-7 1:1-8\n" ROWS
                           "D01-D08 = 24-31 4:1-8\n"),
                     LOCKBUS_RULE_NONE);
    host_wrote(host, 0xFFFF,
               "BOOT boot\n"
               "COMMISSION amendment\n"
               "BOOT boot\n"
               "BOARD back\n"
               "BOARD back\n"
               "BOARD back\n"
               "BOARD back\n");
    rig_deposit(host->rig, &next, D01, false);
    key_scanned(host, &parcel);
    host_run(host, 1000, host_event);
    host_reads(host, "Door A07 is open.");
}

static void an_occupied_door_keeps_its_wires(void **state)
{
    struct host *host = *state;
    struct parcel parcel;
    /* A07 and A08 change places */
    static const char swapped[] = "A01-A06 = 0-5 1:1-6\nA07 = 6 1:8\n"
                                  "A08 = 7 1:7\n" ROWS;

    deposited(host, &parcel, A07);
    assert_int_equal(amend(host, THREE, swapped), LOCKBUS_RULE_K7);
    host_wrote(host, 0xFFFF,
               "BOOT boot\n"
               "REFUSAL commission K7, count 1\n");
    rig_wire(host->rig, THREE, three); /* as it was: it opens */
    rig_open(host->rig);
    host->cab = host->rig->cab;
    host->rig->shut_after_us = 4000000;
    key_scanned(host, &parcel);
    host_run(host, 130000, host_event); /* taken out: VACANT */
    assert_int_equal(amend(host, THREE, swapped), LOCKBUS_RULE_NONE);
    rig_deposit(host->rig, &parcel, A07, false);
    assert_int_equal(host->rig->leaf[A07].pulses, 2);
    assert_int_equal(host->rig->leaf[A07 + 1].pulses, 1); /* its latch now */
}

/* A content sensor is part of a door's wires: an occupied door neither gets
 * one nor loses it. */
static void an_occupied_door_gets_no_content_sensor(void **state)
{
    struct host *host = *state;
    struct parcel parcel;
    static const char sensed[] = "A01-A06 = 0-5 1:1-6\nA08 = 7 1:8\n"
                                 "A07 = 6 1:7 content=4:1 full_is=1\n" ROWS;

    host->rig->board[3].powered = true;
    deposited(host, &parcel, A07);
    assert_int_equal(amend(host, THREE BOARD(4), sensed), LOCKBUS_RULE_K7);
    rig_wire(host->rig, THREE BOARD(4), three);
    rig_open(host->rig);
    assert_int_equal(host_door(host, A07).content, LOCKBUS_CONTENT_UNWATCHED);
}

/* A broken board is replaced by one of the same kind with the same address:
 * nothing is another, and no order is needed. It is checked as it appears. */
static void a_board_is_replaced_by_its_like(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    host->rig->board[0].powered = false;
    host_run(host, 60000, host_event);
    host->rig->board[0] =
        (struct rig_board){.powered = true, .version = 210, .mode = {[6] = 1}};
    host_run(host, 20000, host_event);
    host_saw(host, 0xFFFF,
             "BOARD_MISSED board 1\n"
             "BOARD_SUSPECT board 1\n"
             "BOARD_AWAY board 1\n"
             "BOARD_REFUSED board 1\n");
    assert_int_equal(host_door(host, A07).latch, LOCKBUS_LATCH_AWAY);
    host->rig->board[0].mode[6] = 0; /* configured as its profile says */
    host_run(host, 20000, host_event);
    key_scanned(host, &parcel);
    host_run(host, 1000, host_event);
    host_reads(host, "Door A07 is open.");
}

/* One with another address is another row for each of its doors. */
static void a_board_with_another_address_waits_for_its_parcels(void **state)
{
    struct host *host = *state;
    struct parcel parcel;
    static const char moved[] =
        BOARD(1) BOARD(2) "3 = main 4 waveshare-relay-d-8ch\n";

    deposited(host, &parcel, C01);
    assert_int_equal(amend(host, moved, three), LOCKBUS_RULE_K7);
    rig_wire(host->rig, THREE, three);
    rig_open(host->rig);
    host->cab = host->rig->cab;
    service(host, C01, LOCKBUS_SERVICE_OPEN);
    host->rig->shut_after_us = 4000000;
    host_run(host, 10000, host_event);
    service(host, C01, LOCKBUS_SERVICE_CLEAR); /* carried to another door */
    host_run(host, 1000, host_event);
    host->rig->board[2].powered = false;
    host->rig->board[3].powered = true;
    assert_int_equal(amend(host, moved, three), LOCKBUS_RULE_NONE);
    rig_deposit(host->rig, &parcel, C01 + 1, false);
    assert_int_equal(host->rig->leaf[D01 + 1].pulses, 1);
}

/* What only people read is not in the map. */
static void labels_sizes_and_remarks_need_no_order(void **state)
{
    struct host *host = *state;
    struct parcel parcel;

    deposited(host, &parcel, A07);
    rig_close(host->rig);
    rig_wire(host->rig, THREE,
             "LEFT1-LEFT8 = 0-7 1:1-8 size=XS remark=below the window\n" ROWS);
    rig_open(host->rig);
    struct lockbus_door door = host_door(host, A07);

    assert_string_equal(door.label, "LEFT7");
    assert_string_equal(door.door_size, "XS");
    assert_string_equal(door.remark, "below the window");
    assert_int_equal(door.custody, LOCKBUS_CUSTODY_OCCUPIED);
}

/* ---- Another manifest ------------------------------------------------------
 */

/* A manifest came from the back end. Roots signed it; nothing else of where
 * it came from matters. */
static void manifest_arrived(struct host *host, const uint8_t *bytes,
                             size_t len)
{
    struct lockbus_error why;
    enum lockbus_err err =
        lockbus_manifest(host->cab, bytes, len, &host->ticket, &why);

    if (err == LOCKBUS_ERR_DENIED) {
        host_alert(host, "Manifest refused by %s.",
                   lockbus_rule_name(why.rule));
    }
}

/* What is frozen: for two persons to open and to clear. */
static unsigned frozen_doors(struct host *host)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_door door = {.size = sizeof door};
    unsigned count = 0;

    if (lockbus_cabinet_info(host->cab, &info) != LOCKBUS_OK) {
        return 0;
    }
    for (uint16_t n = 0; n < info.doors; n++) {
        if (lockbus_door_at(host->cab, n, &door, NULL) == LOCKBUS_OK &&
            door.frozen) {
            host_alert(host, "Door %s is for service only.", door.label);
            count++;
        }
    }
    return count;
}

static void next_manifest(struct host *host)
{
    struct world *world = &host->rig->world;
    uint8_t manifest[LOCKBUS_MANIFEST_MAX];
    struct lockbus_error why;
    size_t len = 0;

    world->manifest_no++;
    world->epoch++;
    assert_true(world_manifest(world, manifest, &len, &why));
    manifest_arrived(host, manifest, len);
    host_run(host, 500, host_event);
    manifest_arrived(host, manifest, len); /* an old one is refused */
    host_run(host, 2000, host_event);
}

static void stolen_issuer(void **state)
{
    struct host *host = *state;
    struct world *world = &host->rig->world;
    struct lockbus_error why;
    struct parcel before, since, forged, fresh;

    deposited(host, &before, A01);
    next_manifest(host); /* the weekly epoch */
    deposited(host, &since, A07);
    struct lockbus_signer thief = world->issuer;

    world->distrusted_from = world->epoch;
    world->old_issuer = thief;
    assert_int_equal(lockbus_signer_generate(&world->issuer), LOCKBUS_OK);
    next_manifest(host);
    assert_string_equal(host->alert, "Manifest refused by M3.");
    assert_int_equal(frozen_doors(host), 1);
    assert_string_equal(host->alert, "Door A07 is for service only.");
    host_wrote(host, 0xFFFF,
               "MANIFEST manifest\n"
               "REFUSAL manifest M3, count 1\n");

    struct lockbus_signer honest = world->issuer;

    world->issuer = thief;
    assert_true(world_parcel(world, &forged, C01, false, &why));
    world->issuer = honest;
    courier_brings(host, &forged);
    host_reads(host, "This delivery is not for this locker.");
    key_scanned(host, &since);
    host_reads(host, "There is nothing for you behind this door.");
    key_scanned(host, &before); /* filled before the theft */
    host_run(host, 2000, host_event);
    host_reads(host, "Door A01 is open.");
    deposited(host, &fresh, C01);
    service(host, A07, LOCKBUS_SERVICE_OPEN);
    host_run(host, 2000, host_event);
    host_reads(host, "Door A07 is open.");
}

/* At ANCHOR_DUE, and whenever something goes to the back end anyway: what the
 * cabinet says of its journal's end goes with it. */
static bool anchor_leaves(struct host *host, uint8_t anchor[LOCKBUS_ANCHOR_LEN])
{
    struct lockbus_error why;

    if (lockbus_cabinet_anchor(host->cab, anchor, &why) != LOCKBUS_OK) {
        host_alert(host, "No anchor: %s.", why.text);
        return false;
    }
    return true;
}

/* In the back end: an anchor came. It is kept for good (your part) before its
 * receipt is signed. */
static bool anchor_came(const uint8_t *bytes, size_t len,
                        const uint8_t device_key[32],
                        const struct lockbus_signer *archive,
                        uint8_t out[LOCKBUS_RECEIPT_LEN])
{
    struct lockbus_receipt receipt = {.issued_at = (uint64_t)time(NULL)};
    struct lockbus_anchor anchor;
    struct lockbus_error why;

    if (lockbus_anchor_verify(&anchor, bytes, len, device_key, &why) !=
        LOCKBUS_OK) {
        return false; /* not by the key that commissioning printed */
    }
    memcpy(receipt.cabinet_id, anchor.cabinet_id, sizeof anchor.cabinet_id);
    receipt.block = anchor.block;
    memcpy(receipt.digest, anchor.digest, sizeof anchor.digest);
    return lockbus_issue_receipt(out, &receipt, archive, &why) == LOCKBUS_OK;
}

/* The receipt comes back. */
static void receipt_arrived(struct host *host, const uint8_t *bytes, size_t len)
{
    struct lockbus_error why;
    enum lockbus_err err =
        lockbus_acknowledge(host->cab, bytes, len, &host->ticket, &why);

    if (err == LOCKBUS_ERR_DENIED) {
        host_alert(host, "Receipt refused by %s: %s.",
                   lockbus_rule_name(why.rule), why.text);
    }
}

static void anchors_are_kept(void **state)
{
    struct host *host = *state;
    const struct world *world = &host->rig->world;
    uint8_t anchor[LOCKBUS_ANCHOR_LEN], receipt[LOCKBUS_RECEIPT_LEN];
    uint8_t device_key[32];
    struct lockbus_error why;

    assert_int_equal(lockbus_device_key(rig_path(host->rig, "cabinet.ini"),
                                        device_key, &why),
                     LOCKBUS_OK);
    assert_true(anchor_leaves(host, anchor));
    device_key[0] ^= 1;
    assert_false(anchor_came(anchor, sizeof anchor, device_key, &world->archive,
                             receipt));
    device_key[0] ^= 1;
    assert_true(anchor_came(anchor, sizeof anchor, device_key, &world->archive,
                            receipt));
    receipt_arrived(host, receipt, sizeof receipt);
    host_run(host, 500, host_event);
    host_wrote(host, 0xFFFF, "RECEIPT receipt\n");

    /* The back end has more than this cabinet: its disk is an old one. */
    struct lockbus_receipt later = {.block = 100000, .issued_at = 1};

    memcpy(later.cabinet_id, world->cabinet_id, sizeof later.cabinet_id);
    assert_int_equal(
        lockbus_issue_receipt(receipt, &later, &world->archive, &why),
        LOCKBUS_OK);
    host_mark(host);
    receipt_arrived(host, receipt, sizeof receipt);
    host_run(host, 2000, host_event);
    host_saw(host, 0xFFFF, "ROLLED_BACK R4\n");
    host_wrote(host, 0xFFFF,
               "ALARM rolled back\n"
               "REFUSAL receipt R4, count 1\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, host_set_up, host_tear_down)
#define THREE_BOARDS(f)                                                        \
    cmocka_unit_test_setup_teardown(f, set_up_three, host_tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(service_opens),
        TEST(block_unblock_clear),
        TEST(blocked_during_an_open),
        THREE_BOARDS(a_column_is_added),
        THREE_BOARDS(an_occupied_door_keeps_its_wires),
        THREE_BOARDS(an_occupied_door_gets_no_content_sensor),
        THREE_BOARDS(a_board_is_replaced_by_its_like),
        THREE_BOARDS(a_board_with_another_address_waits_for_its_parcels),
        THREE_BOARDS(labels_sizes_and_remarks_need_no_order),
        TEST(stolen_issuer),
        TEST(anchors_are_kept),
    };

    return cmocka_run_group_tests_name("cookbook: service", tests, NULL, NULL);
}
