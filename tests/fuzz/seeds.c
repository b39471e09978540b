/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * seeds FOLDER: writes the seeds of tests/fuzz/seeds below FOLDER. They are
 * what gate_signer.h makes, without signatures, which the targets add: each
 * target has what is accepted, and what its deep rules refuse. `script/fuzz
 * --seeds` runs it.
 */

#include "scene.h"

#include "config_dir.h"
#include "journal/chain.h"

#include <lockbus/issue.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *folder;

static void put(const char *target, const char *name, uint8_t mode,
                const uint8_t *bytes, size_t len)
{
    char path[400];

    (void)snprintf(path, sizeof path, "%s/%s", folder, target);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");

    must(file != NULL && fputc(mode, file) == mode &&
             fwrite(bytes, 1, len, file) == len && fclose(file) == 0,
         "a seed is written");
}

/* Without the mode. */
static void put_text(const char *target, const char *name, const char *text)
{
    put(target, name, (uint8_t)text[0], (const uint8_t *)text + 1,
        strlen(text) - 1);
}

static void deposit(const char *name, uint8_t mode, const struct gate_grant *g,
                    size_t cut)
{
    uint8_t bytes[2 + LB_GRANT_LEN + LB_PROOF_LEN] = {LB_GRANT_LEN};

    gate_make_grant(bytes + 2, g);
    memset(bytes + 2 + 168, 0, LB_SIG_LEN);
    gate_make_proof(bytes + 2 + LB_GRANT_LEN, 3, g->door, g->stay, g->courier);
    memset(bytes + 2 + LB_GRANT_LEN + 48, 0, LB_SIG_LEN);
    put("grant", name, mode, bytes, sizeof bytes - cut);
}

static void grants(void)
{
    struct gate_grant g = {
        .door = SCENE_VACANT, .stay = 200, .courier = COURIER, .release = 77};

    deposit("good", 3, &g, 0);
    deposit("unsigned", 0, &g, 0);
    deposit("no-proof", 3, &g, LB_PROOF_LEN);
    deposit("proof-cut", 3, &g, 1);
    g.uses = 0x44;
    deposit("uses", 3, &g, 0);
    g.uses = 0;
    g.back = 78;
    g.return_after_s = 60;
    deposit("with-return", 3, &g, 0);
    g.release = COURIER;
    deposit("courier-is-recipient", 3, &g, 0);
    g.release = RECIPIENT + 20 + SCENE_FULL;
    deposit("key-of-another", 3, &g, 0);
    g.release = 77;
    g.door = SCENE_AWAY;
    deposit("board-away", 3, &g, 0);
    g.door = SCENE_OPEN;
    deposit("door-open", 3, &g, 0);
    g.door = SCENE_FULL;
    deposit("door-full", 3, &g, 0);
    g.door = SCENE_DOORS;
    deposit("no-such-door", 3, &g, 0);
    g = (struct gate_grant){
        .door = SCENE_LOADING, .stay = 100, .courier = COURIER, .release = 90};
    deposit("again", 3, &g, 0);
}

static void proof(const char *name, uint8_t mode, uint8_t kind, uint16_t door,
                  size_t len)
{
    uint8_t bytes[LB_PROOF_LEN + 1] = {0};

    gate_make_proof(bytes, kind, door, 100, COURIER);
    memset(bytes + 48, 0, LB_SIG_LEN);
    put("proof", name, mode, bytes, len);
}

static void proofs(void)
{
    uint8_t bytes[LB_PROOF_LEN];

    proof("release", 2, 1, SCENE_FULL, LB_PROOF_LEN);
    proof("unsigned", 0, 1, SCENE_FULL, LB_PROOF_LEN);
    proof("longer", 2, 1, SCENE_FULL, LB_PROOF_LEN + 1);
    proof("shorter", 2, 1, SCENE_FULL, LB_PROOF_LEN - 1);
    proof("release-by-courier", 1, 1, SCENE_FULL, LB_PROOF_LEN);
    proof("return-too-soon", 3, 2, SCENE_FULL, LB_PROOF_LEN);
    proof("deposit-without-grant", 1, 3, SCENE_LOADING, LB_PROOF_LEN);
    proof("reopen", 1, 4, SCENE_FULL, LB_PROOF_LEN);
    proof("cancel", 1, 5, SCENE_LOADING, LB_PROOF_LEN);
    proof("kind", 1, 6, SCENE_FULL, LB_PROOF_LEN);
    proof("stranger", 5, 1, SCENE_FULL, LB_PROOF_LEN);
    proof("no-such-door", 2, 1, SCENE_DOORS, LB_PROOF_LEN);
    gate_make_proof(bytes, 1, SCENE_FULL, 101, COURIER);
    put("proof", "another-stay", 2, bytes, 48);
    memset(bytes + 32, 'x', 16);
    bytes[24] = 100;
    memset(bytes + 48, 0, LB_SIG_LEN);
    put("proof", "another-challenge", 2, bytes, sizeof bytes);
}

static void service(const char *name, uint8_t mode, uint8_t action,
                    uint16_t door)
{
    uint8_t bytes[LB_ORDER_LEN];

    gate_make_order(bytes, action, door, 7);
    memset(bytes + 64, 0, sizeof bytes - 64);
    put("orders", name, mode, bytes, sizeof bytes);
}

static void commission(void)
{
    uint8_t bytes[LB_COMMISSION_LEN] = {'L', 'B', 'C', '1', 1, 1, SCENE_DOORS};

    memcpy(bytes + 8, gate_cabinet, 16);
    bytes[24] = 9;
    bytes[28] = EPOCH;
    memcpy(bytes + 32, "map", 3);
    memcpy(bytes + 64, scene()->gate.manifest.hash, LB_HASH_LEN);
    bytes[96] = REGION;
    put("orders", "amend", 5, bytes, sizeof bytes);
    put("orders", "amend-unsigned", 4, bytes, sizeof bytes);
    put("orders", "amend-one-role", 6, bytes, sizeof bytes);
    bytes[100] = 1;
    put("orders", "amend-reserved", 5, bytes, sizeof bytes);
    bytes[100] = 0;
    bytes[96]++;
    put("orders", "amend-region", 5, bytes, sizeof bytes);
    bytes[5] = 0;
    put("orders", "commission-again", 5, bytes, sizeof bytes);
}

static void orders(void)
{
    uint8_t bytes[LB_ORDER_LEN];

    service("open", 1, 1, SCENE_FULL);
    service("block", 1, 2, SCENE_FULL);
    service("unblock", 1, 3, 6);
    service("clear", 1, 4, SCENE_FULL);
    service("action", 1, 5, SCENE_FULL);
    service("unsigned", 0, 1, SCENE_FULL);
    service("one-role", 2, 1, SCENE_FULL);
    service("one-person", 3, 1, SCENE_FULL);
    service("board-away", 1, 1, SCENE_AWAY);
    service("no-such-door", 1, 1, SCENE_DOORS);
    gate_make_order(bytes, 1, SCENE_FULL, 7);
    bytes[60] = 1;
    put("orders", "reserved", 1, bytes, sizeof bytes);
    bytes[60] = 0;
    memset(bytes + 32, 1, 4);
    bytes[36] = 0;
    put("orders", "over", 1, bytes, sizeof bytes);
    commission();
}

static void manifests(void)
{
    uint8_t bytes[LB_MANIFEST_MAX];
    size_t len = gate_make_manifest(bytes, 2, EPOCH, NOBODY);
    size_t body = len - 144;
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
    } rows[] = {
        {"threshold", 6, 1}, {"reserved", 7, 1},       {"operator", 8, 'x'},
        {"number", 24, 1},   {"epoch", 28, EPOCH - 1}, {"no-limit", 40, 0},
        {"tries", 50, 17},   {"bits", 62, 18},         {"tail", 63, 1},
        {"role", 64, 6},     {"from-epoch", 68, 1},    {"many-keys", 5, 17}};

    memset(bytes + body, 0, len - body);
    put("manifest", "good", 1, bytes, len);
    put("manifest", "unsigned", 0, bytes, len);
    put("manifest", "signed-twice", 3, bytes, len);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t kept = bytes[rows[i].at];

        bytes[rows[i].at] = rows[i].value;
        put("manifest", rows[i].name, 1, bytes, len);
        bytes[rows[i].at] = kept;
    }
    memcpy(bytes + 64 + 48 + 16, bytes + 64 + 16, 8);
    put("manifest", "a-key-twice", 1, bytes, len);
    len = gate_make_manifest(bytes, 3, EPOCH + 1, ISSUER);
    memset(bytes + body, 0, len - body);
    put("manifest", "distrusted", 1, bytes, len);
}

static void seals(void)
{
    uint8_t seal[LB_SEAL_LEN + 1] = {'L', 'B', 'X', '1', 1, 1, 0, 0, 3};

    seal[14] = 1; /* 65,536 KiB */
    put("seal", "good", SCENE_FULL, seal, LB_SEAL_LEN);
    put("seal", "loading", SCENE_LOADING, seal, LB_SEAL_LEN);
    put("seal", "vacant", 7, seal, LB_SEAL_LEN);
    put("seal", "no-such-door", 99, seal, LB_SEAL_LEN);
    put("seal", "longer", SCENE_FULL, seal, LB_SEAL_LEN + 1);
    put("seal", "shorter", SCENE_FULL, seal, LB_SEAL_LEN - 1);
    seal[8] = 9;
    put("seal", "work", SCENE_FULL, seal, LB_SEAL_LEN);
    seal[8] = 11;
    put("seal", "ops", SCENE_FULL, seal, LB_SEAL_LEN);
    seal[8] = 1;
    seal[6] = 1;
    put("seal", "reserved", SCENE_FULL, seal, LB_SEAL_LEN);
}

static void codes(void)
{
    put_text("code", "letters",
             "\2"
             "02-ABCD-EFGH");
    put_text("code", "small",
             "\2"
             "02abcd-efgh");
    put_text("code", "look-alikes",
             "\2"
             "o2-IL0O-1lio");
    put_text("code", "digits",
             "\3"
             "002-12345-67890");
    put_text("code", "letter-among-digits",
             "\3"
             "002-12345-6789A");
    put_text("code", "look-alike-among-digits",
             "\3"
             "002-12345-6789O");
    put_text("code", "short",
             "\2"
             "02-ABCDE");
    put_text("code", "door-alone",
             "\2"
             "02");
    put_text("code", "u",
             "\2"
             "02-ABCDEFGU");
    put_text("code", "most",
             "\2"
             "02-ABCDEFGHJKMNPQRSTVWXYZ0123456789");
    put_text("code", "more",
             "\2"
             "02-ABCDEFGHJKMNPQRSTVWXYZ01234567890");
    put_text("code", "dashes",
             "\2"
             "02---------------------------------------------------"
             "---------------------ABCDEFGH");
    put_text("code", "another-door",
             "\2"
             "0Z-ABCD-EFGH");
}

static void receipts(void)
{
    uint8_t anchor[LOCKBUS_ANCHOR_LEN] = {'L', 'B', 'A', '1', 1, 1};
    uint8_t receipt[LOCKBUS_RECEIPT_LEN] = {'L', 'B', 'R', '1', 1};

    put("receipt", "anchor-without-time", 2, anchor, sizeof anchor);
    anchor[80] = 1;
    put("receipt", "anchor", 2, anchor, sizeof anchor);
    put("receipt", "anchor-unsigned", 0, anchor, sizeof anchor);
    anchor[68] = 1;
    put("receipt", "anchor-reserved", 2, anchor, sizeof anchor);
    put("receipt", "receipt", 3, receipt, sizeof receipt);
    put("receipt", "anchor-as-receipt", 3, anchor, sizeof receipt + 1);
    receipt[69] = 1;
    put("receipt", "receipt-at-the-end-of-time", 3, receipt, sizeof receipt);
    receipt[69] = 0;
    receipt[5] = 1;
    put("receipt", "receipt-reserved", 3, receipt, sizeof receipt);
}

static void packages(void)
{
    uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    uint8_t bytes[LOCKBUS_PACKAGE_MAX + 8];
    size_t len = 0;

    memset(grant, 'g', sizeof grant);
    memset(seal, 's', sizeof seal);
    must(lockbus_package_write(bytes, &len, grant, NULL) == LOCKBUS_OK, "one");
    put("package", "grant", bytes[0], bytes + 1, len - 1);
    must(lockbus_package_write(bytes, &len, grant, seal) == LOCKBUS_OK, "two");
    put("package", "both", bytes[0], bytes + 1, len - 1);
    put("package", "seal-cut", bytes[0], bytes + 1, len - 2);
    memcpy(bytes + len, "\x18\x01\x12\x01x", 5);
    put("package", "unknown-field", bytes[0], bytes + 1, len + 1);
    put("package", "seal-of-one-byte", bytes[0], bytes + 1, len + 4);
    for (; len + 2 <= sizeof bytes; len += 2) {
        memcpy(bytes + len, "\x18\x01", 2);
    }
    put("package", "long", bytes[0], bytes + 1, len - 1);
}

static void record(uint8_t *block, unsigned at, uint8_t type, uint8_t kind,
                   uint16_t door)
{
    uint8_t *r = block + LB_BLOCK_RECORDS + (size_t)at * LB_RECORD_LEN;

    r[0] = type;
    r[1] = kind;
    r[2] = (uint8_t)door;
    r[3] = (uint8_t)(door >> 8);
    r[4] = 1;
    r[24] = 1;
    block[LB_BLOCK_COUNT] = (uint8_t)(at + 1);
}

static void blocks(void)
{
    static uint8_t block[LB_BLOCK_LEN], file[LB_KEY_FILE_MAX];
    static struct lb_journal journal = {.key_count = LB_JOURNAL_KEYS};
    static const uint8_t no_key[LB_HASH_LEN];
    struct lb_block_head head = {.number = 5, .key_index = 5};
    size_t used = LB_BLOCK_RECORDS;

    lb_block_seal(block, &head, no_key);
    put("block", "empty", 2, block, used);
    put("block", "of-another-key", 0, block, sizeof block);
    for (uint8_t i = 1; i <= LB_REC_BOARD; i++) {
        record(block, i - 1U, i, i == LB_REC_CUSTODY ? 4 : 1,
               i < 4 || i == LB_REC_TIME ? LB_DOOR_NONE : 6);
    }
    used += (size_t)block[LB_BLOCK_COUNT] * LB_RECORD_LEN;
    put("block", "records", 2, block, used);
    block[7] = 2;
    put("block", "trust", 2, block, used);
    block[7] = 0;
    block[96] = 1;
    put("block", "reserved", 2, block, used);
    block[96] = 0;
    block[LB_BLOCK_COUNT]--;
    put("block", "behind-the-last", 2, block, used);
    block[LB_BLOCK_COUNT] = LB_BATCH_MAX + 1;
    put("block", "many", 2, block, used);
    for (uint8_t i = 0; i < 9; i++) {
        record(block, i, (uint8_t)(LB_REC_CKPT_FIRST + i), 1, 6);
    }
    record(block, 9, LB_REC_CKPT_HOURLY, 19, LB_DOOR_NONE);
    record(block, 10, LB_REC_CKPT_HOURLY, 20, LB_DOOR_NONE);
    record(block, 11, LB_REC_CKPT_ROWS, 0x86, 60);
    record(block, 12, LB_REC_ROWS, 6, 60);
    put("block", "checkpoint", 2, block, LB_BLOCK_RECORDS + 13 * LB_RECORD_LEN);
    for (size_t i = 0; i < LB_JOURNAL_KEYS; i++) {
        journal.keys[i].number = LB_SEGMENT_BLOCKS * (7 + i);
    }
    size_t len = lb_keys_encode(file, &journal);

    put("block", "keys", 3, file, len);
    put("block", "keys-cut", 3, file, len - 1);
    file[24] = 1;
    put("block", "key-of-no-segment", 3, file, len);
    journal.key_count = 1;
    len = lb_keys_encode(file, &journal);
    file[6] = 2;
    put("block", "keys-fewer", 3, file, len);
}

static void lines(void)
{
    uint8_t bytes[64] = {5, 2, 2, 0x34, 0x12};
    uint8_t pulse[8] = {5, 5, 2, 3, 0, 5};
    uint8_t check[40] = {5, 3, 32};

    put("reply", "inputs", 8, bytes, 7);
    bytes[0] = 6;
    put("reply", "another-board", 8, bytes, 7);
    bytes[0] = 5;
    bytes[2] = 3;
    put("reply", "another-count", 8, bytes, 8);
    bytes[2] = 2;
    put("reply", "no-sum", 0, bytes, 7);
    put("reply", "pulse", 9, pulse, 8);
    pulse[3] = 4;
    put("reply", "pulse-of-another", 9, pulse, 8);
    put("reply", "registers", 10, check, 37);
    put("reply", "exception", 8, (const uint8_t *)"\5\x82\2\0\0", 5);
    put("reply", "exception-of-another", 8, (const uint8_t *)"\5\x81\2\0\0", 5);
    memset(bytes, 0xFF, sizeof bytes);
    put("reply", "noise", 0, bytes, sizeof bytes);
    bytes[0] = 5;
    bytes[1] = 16;
    put("reply", "long-write", 8, bytes, sizeof bytes);
}

static void texts(void)
{
    static const char *const profiles[][2] = {
        {"good", "[profile]\ndriver = modbus\nchannels = 8\n[pulse]\n"
                 "write = fc05 0x0200\nunit_ms = 100\n"
                 "allowed_ms = 200-1000\n[off]\nwrite = fc05 0x0000\n"
                 "[leaf]\nread = fc02 0x0000\n"},
        {"pair", "[profile]\ndriver = modbus\nchannels = 2\n[pulse]\n"
                 "write = fc16 0x0003 step 5\nmode = 2\nunit_ms = 100\n"
                 "allowed_ms = 200-1000\n[off]\nwrite = fc05 0x0000\n"},
        {"host", "[profile]\ndriver = modbus\nchannels = 4\n[pulse]\n"
                 "write = fc05 0x0000\ntimed_by = host\nunit_ms = 100\n"
                 "allowed_ms = 200-1000\n[off]\nwrite = fc05 0x0000\n"},
        {"channels", "[profile]\ndriver = modbus\nchannels = 33\n[pulse]\n"
                     "write = fc05 0x0200\nunit_ms = 100\n"
                     "allowed_ms = 200-1000\n[off]\nwrite = fc05 0x0000\n"},
        {"pulse-long", "[profile]\ndriver = modbus\nchannels = 8\n[pulse]\n"
                       "write = fc05 0x0200\nunit_ms = 100\n"
                       "allowed_ms = 200-9000\n[off]\nwrite = fc05 0x0000\n"},
        {"key-twice", "[profile]\ndriver = modbus\ndriver = modbus\n"},
    };

    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        put_text("profile", profiles[i][0], profiles[i][1]);
    }
}

static void config(const char *name, const char *find, const char *with)
{
    static char text[4096];
    const char *at = strstr(config_good, find);

    must(at != NULL, "the good configuration has it");
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - config_good),
                   config_good, with, at + strlen(find));
    put_text("config", name, text);
}

static void configs(void)
{
    put_text("config", "good", config_good);
    config("one-latch", "2:8 ", "1:8 ");
    config("one-number", "= 8   2:1", "= 9   2:1");
    config("channel", "7:1-4", "7:2-5");
    config("broadcast", "right 247", "right 0");
    config("wildcard", "right 247", "right 248");
    config("doors", "1020-1023", "1021-1024");
    config("profile", "247 blind", "247 ../blind");
    config("pulse", "pulse_ms = 500", "pulse_ms = 5000");
    config("unknown", "keypad ", "keyped ");
}

int main(int argc, char **argv)
{
    must(argc == 2, "a folder is named");
    folder = argv[1];
    (void)scene();
    grants();
    proofs();
    orders();
    manifests();
    seals();
    codes();
    receipts();
    packages();
    blocks();
    lines();
    texts();
    configs();
    return 0;
}
