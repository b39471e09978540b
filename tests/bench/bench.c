/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * script/bench: figures as ratios within one run. Timings of this or that
 * machine mean little; each line says what it was measured beside.
 */

#include "../../tools/demo/simulator.h"
#include "../../tools/demo/world.h"

#include "bus.h"
#include "fleet.h"
#include "start.h"

#include "base/bytes.h"
#include "cabinet/cabinet.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BOARDS = 12,
    DOORS = 96,
    VERIFIES = 4000,
    OPENS = 48,
    SYNCS = 200,
    CYCLE_S = 8
};

static uint64_t now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static uint64_t median(uint64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return count == 0 ? 0 : values[count / 2];
}

/* ---- A line that notes when the first byte of a pulse was written ---------
 */

struct tapped {
    struct lockbus_line line;
    uint64_t pulse_us; /* first FC05 to 0x0200.. since it was cleared */
    uint64_t last_us;  /* a byte went or came, the pulse's own left out */
};

static enum lockbus_err tap_open(void *user, struct lockbus_error *why)
{
    struct tapped *tap = user;

    return tap->line.open(tap->line.user, why);
}

static enum lockbus_err tap_send(void *user, const uint8_t *bytes, size_t len,
                                 size_t *sent)
{
    struct tapped *tap = user;

    if (tap->pulse_us == 0 && len == 8 && bytes[1] == 5 && bytes[2] == 2) {
        tap->pulse_us = now_us();
    } else if (tap->pulse_us == 0) {
        tap->last_us = now_us();
    }
    return tap->line.send(tap->line.user, bytes, len, sent);
}

static enum lockbus_err tap_receive(void *user, uint8_t *buf, size_t cap,
                                    size_t *got)
{
    struct tapped *tap = user;
    enum lockbus_err err = tap->line.receive(tap->line.user, buf, cap, got);

    if (err == LOCKBUS_OK && *got != 0 && tap->pulse_us == 0) {
        tap->last_us = now_us();
    }
    return err;
}

static int tap_fd(void *user)
{
    struct tapped *tap = user;

    return tap->line.fd(tap->line.user);
}

static void tap_close(void *user)
{
    struct tapped *tap = user;

    tap->line.close(tap->line.user);
}

/* ---- Proofs a second --------------------------------------------------------
 */

static void proofs(void)
{
    static const char prefix[] = "lockbus/proof/v1";
    uint8_t seed[32] = {9}, key[32], body[48] = {0}, sig[64];
    uint8_t bytes[LB_PROOF_LEN];
    struct lb_gate_door *doors = calloc(4, sizeof *doors);
    static struct lb_gate gate;
    static struct lb_verdict verdict;
    struct lb_ask ask = {
        .kind = LB_ASK_PROOF, .bytes = bytes, .len = sizeof bytes};

    if (doors == NULL) {
        return;
    }
    /* A gate with one occupied door, as the fold would leave it; the proof
     * is good up to P6, whose signature is over another challenge: all the
     * work of a proof, and nothing spent. */
    lb_gate_init(&gate, doors, 4);
    gate.commissioned = true;
    gate.booted = true;
    gate.door_count = 4;
    gate.manifest.number = 1;
    gate.manifest.limits.challenge_ttl_s = 120;
    gate.manifest.limits.max_open_occupied = 2;
    gate.manifest.limits.burst = 6;
    memset(doors[1].row, 1, sizeof doors[1].row);
    doors[1].custody = LB_CUSTODY_OCCUPIED;
    doors[1].stay = 77;
    doors[1].release_uses = 3;
    lb_crypto_public(key, seed);
    memcpy(doors[1].release_pk, key, sizeof key);
    lb_gate_live(&gate, 1, true, true, false);
    memcpy(body, "LBP1\x01\x01", 6);
    lb_put_u16(body + 6, 1);
    lb_put_u64(body + 24, 77);
    if (!lb_crypto_sign(sig, prefix, body, sizeof body, seed) ||
        lb_gate_challenge(&gate, 1, LB_CHALLENGE_PROOF, body, body + 32) !=
            LOCKBUS_OK) {
        return;
    }
    memcpy(bytes, body, sizeof body);
    memcpy(bytes + 48, sig, sizeof sig);
    bytes[48] ^= 1;

    uint64_t bare = now_us();

    for (int i = 0; i < VERIFIES; i++) {
        (void)lb_crypto_verify(prefix, body, sizeof body, bytes + 48, key);
    }
    bare = now_us() - bare;
    uint64_t whole = now_us();
    unsigned p6 = 0;

    for (int i = 0; i < VERIFIES; i++) {
        lb_gate_decide(&gate, &ask, &verdict);
        p6 += verdict.rule == LOCKBUS_RULE_P6;
    }
    whole = now_us() - whole;
    printf("proofs decided a second, one core: %llu; bare libsodium verify: "
           "%llu; ratio %.3f%s\n",
           (unsigned long long)(VERIFIES * 1000000ULL / whole),
           (unsigned long long)(VERIFIES * 1000000ULL / bare),
           (double)bare / (double)whole,
           p6 == VERIFIES ? "" : " (WRONG: not all reached P6)");
    free(doors);
}

/* ---- A cabinet on the simulator
 * ---------------------------------------------- */

struct bench {
    struct world world;
    struct simulator sim;
    struct tapped tap;
    struct lockbus_cabinet *cab;
    size_t heap_before, heap_open;
    uint64_t turned_us; /* when poll was called last */
};

static size_t heap(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void turn(struct bench *bench)
{
    struct lockbus_event event;

    bench->turned_us = now_us();
    if (lockbus_cabinet_poll(bench->cab, bench->turned_us) != LOCKBUS_OK) {
        printf("bench: poll failed\n");
    }
    while (lockbus_cabinet_next_event(bench->cab, &event)) {
        ;
    }
    struct pollfd fd = {lockbus_cabinet_fd(bench->cab), POLLIN, 0};

    (void)poll(&fd, 1, lockbus_cabinet_timeout_ms(bench->cab, now_us()));
}

static bool start(struct bench *bench, const char *sim, const char *profiles,
                  const char *dir, uint32_t baud)
{
    char port[WORLD_PATH + 16], path[WORLD_PATH + 32];
    uint8_t escrow[32];
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lb_serial_settings serial = {baud, 8, 'N', 1};
    struct lockbus_host_line host = {.name = "tap"};
    struct lockbus_options options = {
        .size = sizeof options, .lines = &host, .line_count = 1};

    memset(bench, 0, sizeof *bench);
    (void)mkdir(dir, 0700);
    (void)snprintf(port, sizeof port, "pty:%s/bus", dir);
    (void)snprintf(path, sizeof path, "%s/cabinet.ini", dir);
    if (!world_init(&bench->world, dir, 3, (uint64_t)time(NULL)) ||
        !world_config(&bench->world, BOARDS, port, profiles, baud) ||
        !simulator_start(&bench->sim, sim, dir, 400) ||
        lb_line_new(&bench->tap.line, port, &serial, &why) != LOCKBUS_OK ||
        !world_config(&bench->world, BOARDS, "host:tap", profiles, baud) ||
        !world_commission(&bench->world, escrow, &why)) {
        printf("bench: cannot start: %s %s\n", why.field, why.text);
        return false;
    }
    host.line = (struct lockbus_line){.size = sizeof host.line,
                                      .user = &bench->tap,
                                      .open = tap_open,
                                      .send = tap_send,
                                      .receive = tap_receive,
                                      .fd = tap_fd,
                                      .close = tap_close};
    bench->heap_before = heap();
    if (lockbus_cabinet_open(&bench->cab, path, &options, &why) != LOCKBUS_OK) {
        printf("bench: cannot open: %s %s\n", why.field, why.text);
        return false;
    }
    bench->heap_open = heap();
    struct lockbus_cabinet_info info = {.size = sizeof info};
    uint64_t until = now_us() + 15000000;

    do {
        turn(bench);
    } while (lockbus_cabinet_info(bench->cab, &info) == LOCKBUS_OK &&
             info.boards_present < info.boards && now_us() < until);
    return info.boards_present == info.boards;
}

static void finish(struct bench *bench)
{
    lockbus_cabinet_close(&bench->cab);
    lb_line_free(&bench->tap.line);
    simulator_stop(&bench->sim);
}

/* A block written and synced in the same folder, without lockbus. */
static uint64_t bare_sync(const char *dir)
{
    static uint8_t block[LB_BLOCK_LEN];
    uint64_t took[SYNCS];
    char path[WORLD_PATH + 32];

    (void)snprintf(path, sizeof path, "%s/sync-probe", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || posix_fallocate(fd, 0, (off_t)SYNCS * LB_BLOCK_LEN) != 0) {
        return 0;
    }
    (void)fsync(fd);
    for (int i = 0; i < SYNCS; i++) {
        uint64_t began = now_us();

        if (pwrite(fd, block, sizeof block, (off_t)i * LB_BLOCK_LEN) < 0 ||
            fdatasync(fd) != 0) {
            break;
        }
        took[i] = now_us() - began;
    }
    (void)close(fd);
    (void)unlink(path);
    return median(took, SYNCS);
}

/* Where the time of one open went. */
struct split {
    uint64_t all;
    uint64_t decide; /* in the call: signature, rules, append */
    uint64_t sync;   /* until the host saw the block durable */
    uint64_t busy;   /* the exchange that was on the line then */
    uint64_t quiet;  /* since the line's last byte: t3.5, and our own */
};

static bool one_open(struct bench *bench, uint16_t door, struct split *split)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint32_t ticket = 0;
    uint64_t durable = 0, blocks = 0;

    if (!world_parcel(&bench->world, &parcel, door, false, &why) ||
        lockbus_cabinet_info(bench->cab, &info) != LOCKBUS_OK) {
        return false;
    }
    blocks = info.journal_blocks;
    bench->tap.pulse_us = 0;
    uint64_t began = now_us();

    if (lockbus_deposit_with_key(bench->cab, parcel.package, parcel.package_len,
                                 bench->world.courier.seed, &ticket,
                                 &why) != LOCKBUS_OK) {
        printf("bench: refused %s %s\n", lockbus_rule_name(why.rule), why.text);
        return false;
    }
    uint64_t decided = now_us();

    while (bench->tap.pulse_us == 0 && now_us() < began + 1000000) {
        turn(bench);
        if (durable == 0 &&
            lockbus_cabinet_info(bench->cab, &info) == LOCKBUS_OK &&
            info.journal_blocks > blocks) {
            durable = bench->turned_us;
        }
    }
    uint64_t pulse = bench->tap.pulse_us, last = bench->tap.last_us;

    if (pulse == 0 || durable == 0) {
        return false;
    }
    last = last < durable ? durable : last;
    *split = (struct split){.all = pulse - began,
                            .decide = decided - began,
                            .sync = durable - decided,
                            .busy = last - durable,
                            .quiet = pulse - last};
    return true;
}

static void call_to_frame(struct bench *bench)
{
    uint64_t took[OPENS];
    size_t count = 0;
    struct split sum = {0}, one;

    for (uint16_t i = 0; i < OPENS; i++) {
        uint64_t wait_until = now_us() + 1000000 + i * 1237;

        while (now_us() < wait_until) {
            turn(bench);
        }
        if (!one_open(bench, (uint16_t)(i * 8 % DOORS + i * 8 / DOORS), &one)) {
            continue;
        }
        took[count++] = one.all;
        sum.all += one.all;
        sum.decide += one.decide;
        sum.sync += one.sync;
        sum.busy += one.busy;
        sum.quiet += one.quiet;
    }
    uint64_t sync = bare_sync(bench->world.dir);
    double n = count == 0 ? 1 : (double)count * 1000;

    printf("call to first byte of the pulse, 115200 baud, of %zu opens: median "
           "%.1f ms, mean %.1f ms = decide %.2f + append and fdatasync %.2f + "
           "exchange on the line %.2f + quiet time %.2f; a bare 4 KiB write "
           "and fdatasync: %.2f ms\n",
           count, (double)median(took, count) / 1000, (double)sum.all / n,
           (double)sum.decide / n, (double)sum.sync / n, (double)sum.busy / n,
           (double)sum.quiet / n, (double)sync / 1000);
}

static void cycle(struct bench *bench, uint32_t baud)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    if (lockbus_cabinet_info(bench->cab, &info) != LOCKBUS_OK) {
        return;
    }
    uint64_t rounds = info.rounds, timeouts = info.timeouts;
    uint64_t began = now_us();
    struct timespec cpu_began, cpu_ended;
    uint64_t requests = info.requests;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_began);
    while (now_us() - began < CYCLE_S * 1000000ULL) {
        turn(bench);
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_ended);
    uint64_t took = now_us() - began;

    if (lockbus_cabinet_info(bench->cab, &info) != LOCKBUS_OK ||
        info.rounds == rounds) {
        printf("bench: no rounds\n");
        return;
    }
    double us = (double)took / (double)(info.rounds - rounds);
    double byte_us = 10.0 * 1e6 / baud; /* 8N1 */
    double gap_us = baud > 19200 ? 1750.0 : 3.5 * 11 * 1e6 / baud;
    /* FC02 of 8 inputs: 8 bytes out, 6 back, t3.5 on both sides of the
     * request, 2 ms until the simulated board answers */
    double limit_us = BOARDS * (14 * byte_us + 2 * gap_us + 2000);
    double cpu_us = (double)(cpu_ended.tv_sec - cpu_began.tv_sec) * 1e6 +
                    (double)(cpu_ended.tv_nsec - cpu_began.tv_nsec) / 1e3;

    printf("poll cycle of 12 boards at %u baud: %.1f ms; the wire's limit: "
           "%.1f ms; ratio %.3f; time-outs %llu; CPU a transaction %.0f us\n",
           baud, us / 1000, limit_us / 1000, us / limit_us,
           (unsigned long long)(info.timeouts - timeouts),
           cpu_us / (double)(info.requests - requests));
}

int main(int argc, char **argv)
{
    static struct bench bench;
    char dir[WORLD_PATH];

    if (argc < 4 || argc > 7 || !lb_crypto_init()) {
        fprintf(stderr,
                "usage: %s LOCKBUS-SIM PROFILES WORKDIR "
                "[start | journal | fleet CABINETS DAYS | "
                "bus FOLDER [PART]]\n",
                argv[0]);
        return 2;
    }
    if (argc == 7 && strcmp(argv[4], "fleet") == 0) {
        return bench_fleet(argv[2], argv[3],
                           (unsigned)strtoul(argv[5], NULL, 10),
                           (unsigned)strtoul(argv[6], NULL, 10))
                   ? 0
                   : 1;
    }
    if (argc >= 6) {
        return strcmp(argv[4], "bus") == 0 &&
                       bench_bus(argv[5], argv[3], argc == 7 ? argv[6] : "")
                   ? 0
                   : 1;
    }
    if (argc == 5) {
        bool ok = strcmp(argv[4], "journal") == 0
                      ? bench_verify(argv[2], argv[3])
                      : strcmp(argv[4], "start") == 0 &&
                            bench_start(argv[2], argv[3]);

        return ok ? 0 : 1;
    }
    proofs();
    (void)mkdir(argv[3], 0700);
    (void)snprintf(dir, sizeof dir, "%s/fast", argv[3]);
    if (start(&bench, argv[1], argv[2], dir, 115200)) {
        printf("memory of a cabinet of 96 doors, 12 boards after open: %zu "
               "KiB\n",
               (bench.heap_open - bench.heap_before) / 1024);
        call_to_frame(&bench);
        size_t end = heap();

        printf("heap after the opens and their polls, less that after open: "
               "%zd bytes\n",
               (ssize_t)end - (ssize_t)bench.heap_open);
        cycle(&bench, 115200);
    }
    finish(&bench);
    (void)snprintf(dir, sizeof dir, "%s/slow", argv[3]);
    if (start(&bench, argv[1], argv[2], dir, 19200)) {
        cycle(&bench, 19200);
    }
    finish(&bench);
    return 0;
}
