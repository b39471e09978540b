/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "rig.h"

#include "cabinet/cabinet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TURNAROUND_US = 2000,
    BAUD = 115200,
    SETTLE_MS = 5000,
    FINISH_MS = 60000,
    WORKER_MS = 60000 /* real ones, after which a test fails */
};

static const uint64_t unix_start = 1790000000;

/* ---- The boards: Modbus RTU as a relay board with 8 inputs speaks it --------
 */

static uint16_t crc16(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xFFFF;

    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1);
        }
    }
    return crc;
}

static void answer(struct rig *rig, const uint8_t *bytes, size_t len)
{
    uint16_t crc = crc16(bytes, len);

    memcpy(rig->reply, bytes, len);
    rig->reply[len] = (uint8_t)crc;
    rig->reply[len + 1] = (uint8_t)(crc >> 8);
    rig->reply_len = len + 2;
    rig->reply_at = 0;
    rig->reply_us = rig->now_us + rig->byte_us * (8 + len + 2) + TURNAROUND_US;
}

static bool input(const struct rig *rig, size_t board, unsigned channel)
{
    const struct rig_leaf *leaf = &rig->leaf[board * 8 + channel];
    bool open = leaf->sensor == 0 ? leaf->open : leaf->sensor > 0;

    return !open; /* the configuration says shut_is = 1 */
}

static void pulse(struct rig *rig, size_t board, unsigned channel,
                  uint64_t for_us)
{
    struct rig_leaf *leaf = &rig->leaf[board * 8 + channel];

    rig->board[board].coil_until_us[channel] = rig->now_us + for_us;
    leaf->pulses++;
    leaf->pulsed_us = rig->now_us;
    if (!leaf->stuck) {
        leaf->open = true;
        leaf->shut_at_us =
            rig->shut_after_us != 0 ? rig->now_us + rig->shut_after_us : 0;
    }
}

static void write_coil(struct rig *rig, size_t board, unsigned address,
                       unsigned value)
{
    struct rig_board *b = &rig->board[board];

    rig->writes_seen++;
    if (address < 8 && (value == 0 || value == 0xFF00)) {
        b->coil[address] = value != 0;
        if (value != 0) {
            pulse(rig, board, address, 0); /* until it is switched off */
        }
    } else if (address >= 0x200 && address < 0x208) {
        pulse(rig, board, address - 0x200, value * 100000ULL);
    } else {
        fail_msg("a write that no board should see: coil %04x value %04x",
                 address, value);
    }
}

static void read_bits(struct rig *rig, size_t board, const uint8_t *q,
                      unsigned address, unsigned count)
{
    uint8_t out[4] = {q[0], q[1], 1, 0};
    const struct rig_board *b = &rig->board[board];

    rig->reads_seen[board] += q[1] == 2;
    if (address + count > 8) {
        fail_msg("a read beyond the board's inputs: %u + %u", address, count);
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned c = address + i;
        bool bit = q[1] == 2 ? input(rig, board, c)
                             : b->coil[c] || b->coil_until_us[c] > rig->now_us;

        out[3] |= (uint8_t)(bit << i);
    }
    answer(rig, out, 4);
}

static void read_registers(struct rig *rig, size_t board, const uint8_t *q,
                           unsigned address, unsigned count)
{
    uint8_t out[3 + 2 * 8] = {q[0], q[1], (uint8_t)(2 * count)};
    const struct rig_board *b = &rig->board[board];

    for (unsigned i = 0; i < count && i < 8; i++) {
        unsigned at = address + i, value;

        if (at == 0x8000) {
            value = b->version;
        } else if (at >= 0x1000 && at < 0x1008) {
            value = b->mode[at - 0x1000];
        } else {
            uint8_t refuse[3] = {q[0], (uint8_t)(q[1] | 0x80), 2};

            answer(rig, refuse, 3);
            return;
        }
        out[3 + 2 * i] = (uint8_t)(value >> 8);
        out[4 + 2 * i] = (uint8_t)value;
    }
    answer(rig, out, 3 + 2 * count);
}

static void take_request(struct rig *rig)
{
    const uint8_t *q = rig->request;
    size_t board = (size_t)q[0] - 1;
    unsigned address = (unsigned)(q[2] << 8 | q[3]);
    unsigned value = (unsigned)(q[4] << 8 | q[5]);

    if (crc16(q, 8) != 0) {
        fail_msg("a request with a wrong CRC");
    }
    if (q[0] == 0) {
        fail_msg("a broadcast");
    }
    rig->reply_len = 0;
    if (board >= RIG_BOARDS || !rig->board[board].powered) {
        return;
    }
    switch (q[1]) {
    case 1:
    case 2:
        read_bits(rig, board, q, address, value);
        break;
    case 3:
        read_registers(rig, board, q, address, value);
        break;
    case 5:
        write_coil(rig, board, address, value);
        answer(rig, q, 6);
        break;
    default:
        fail_msg("a function that no profile has: %u", q[1]);
    }
}

void rig_hear(struct rig *rig, uint8_t byte)
{
    rig->request[rig->request_len++] = byte;
    if (rig->request_len == 8) { /* all requests of profiles are 8 bytes */
        take_request(rig);
        rig->request_len = 0;
    }
}

/* ---- The line
 * ----------------------------------------------------------------- */

static void tell_step(struct rig *rig, enum rig_step step)
{
    if (rig->step != NULL) {
        rig->step(rig, step);
    }
}

static enum lockbus_err line_open(void *user, struct lockbus_error *why)
{
    const struct rig *rig = user;

    (void)why;
    return rig->unplugged ? LOCKBUS_ERR_OFFLINE : LOCKBUS_OK;
}

static enum lockbus_err line_send(void *user, const uint8_t *bytes, size_t len,
                                  size_t *sent)
{
    struct rig *rig = user;

    if (rig->unplugged) {
        return LOCKBUS_ERR_IO;
    }
    for (size_t i = 0; i < len; i++) {
        tell_step(rig, RIG_SEND);
        rig_hear(rig, bytes[i]);
        if (rig->request_len == 0) {
            tell_step(rig, RIG_SENT);
        }
    }
    *sent = len;
    return LOCKBUS_OK;
}

static enum lockbus_err line_receive(void *user, uint8_t *buf, size_t cap,
                                     size_t *got)
{
    struct rig *rig = user;

    *got = 0;
    if (rig->unplugged) {
        return LOCKBUS_ERR_IO;
    }
    while (rig->reply_at < rig->reply_len &&
           (rig->closing || rig->now_us >= rig->reply_us) && *got < cap) {
        buf[(*got)++] = rig->reply[rig->reply_at++];
    }
    if (*got != 0) {
        tell_step(rig, RIG_RECEIVED);
    }
    return LOCKBUS_OK;
}

/* Never readable: the rig knows when a reply is due and polls then. Without a
 * descriptor the cabinet would ask each millisecond. */
static int line_fd(void *user)
{
    struct rig *rig = user;

    return rig->quiet[0];
}

static void line_close(void *user)
{
    (void)user;
}

/* ---- Life
 * ---------------------------------------------------------------------- */

const char *rig_path(const struct rig *rig, const char *name)
{
    static char path[WORLD_PATH + 64];

    (void)snprintf(path, sizeof path, "%s/%s", rig->world.dir, name);
    return path;
}

static void write_own_config(const struct rig *rig)
{
    assert_true(world_config(&rig->world, RIG_BOARDS, "host:rig",
                             LB_SOURCE_DIR "/profiles", BAUD));
}

/* Up to its boards the file is the world's. */
void rig_wire(const struct rig *rig, const char *boards, const char *doors)
{
    char text[2048] = "";

    write_own_config(rig);
    FILE *f = fopen(rig_path(rig, "cabinet.ini"), "r+");

    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    const char *at = strstr(text, "[boards]");

    assert_non_null(at);
    assert_int_equal(fseek(f, at - text, SEEK_SET), 0);
    assert_int_equal(ftruncate(fileno(f), at - text), 0);
    (void)fprintf(f, "[boards]\n%s[doors]\n%s", boards, doors);
    assert_int_equal(fclose(f), 0);
}

struct rig *rig_new_closed(void)
{
    return rig_new_wired(write_own_config);
}

struct rig *rig_new_wired(void (*write_config)(const struct rig *rig))
{
    struct rig *rig = calloc(1, sizeof *rig);
    char dir[] = "/tmp/lockbus-rig-XXXXXX";
    struct lockbus_error why = {.err = LOCKBUS_OK};

    assert_non_null(rig);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pipe(rig->quiet), 0);
    rig->now_us = 1000000000;
    rig->byte_us = 10 * 1000000 / BAUD;
    for (size_t i = 0; i < RIG_BOARDS; i++) {
        rig->board[i] = (struct rig_board){.powered = true, .version = 200};
    }
    assert_true(world_init(&rig->world, dir, 2, unix_start));
    write_config(rig);
    if (!world_commission(&rig->world, rig->escrow, &why)) {
        fail_msg("commissioning: %s %s %s", lockbus_rule_name(why.rule),
                 why.field, why.text);
    }
    return rig;
}

enum lockbus_err rig_try_open(struct rig *rig, struct lockbus_error *why)
{
    struct lockbus_host_line host = {
        .name = "rig",
        .line = {.size = sizeof host.line,
                 .user = rig,
                 .open = line_open,
                 .send = line_send,
                 .receive = line_receive,
                 .fd = line_fd,
                 .close = line_close},
    };
    struct lockbus_options options = {.size = sizeof options,
                                      .lines = &host,
                                      .line_count = 1,
                                      .without_worker =
                                          !rig->worker && !rig->with_worker,
                                      .trace = rig->trace,
                                      .trace_max = rig->trace_max};

    rig->request_len = 0;
    rig->reply_len = 0;
    return lockbus_cabinet_open(&rig->cab, rig_path(rig, "cabinet.ini"),
                                &options, why);
}

void rig_open(struct rig *rig)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_cabinet_info info = {.size = sizeof info};

    if (rig_try_open(rig, &why) != LOCKBUS_OK) {
        fail_msg("open: %s %s:%u %s %s", lockbus_rule_name(why.rule), why.file,
                 why.line, why.field, why.text);
    }
    unsigned powered = 0;

    for (size_t i = 0; i < RIG_BOARDS; i++) {
        powered += rig->board[i].powered;
    }
    for (int ms = 0; ms < SETTLE_MS && info.boards_present < powered; ms++) {
        rig_run(rig, 1);
        assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    }
    assert_int_equal(info.boards_present, powered);
    assert_int_equal(
        lockbus_cabinet_time(rig->cab,
                             unix_start + rig->now_us / 1000000 - 1000, true),
        LOCKBUS_OK);
}

struct rig *rig_new(void)
{
    struct rig *rig = rig_new_closed();

    rig_open(rig);
    return rig;
}

static void remove_tree(const char *path)
{
    char child[WORLD_PATH * 2];
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        if (unlink(child) != 0) {
            remove_tree(child);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

void rig_close(struct rig *rig)
{
    rig->closing = true;
    lockbus_cabinet_close(&rig->cab);
    rig->closing = false;
}

void rig_free(struct rig *rig)
{
    rig_close(rig);
    remove_tree(rig->world.dir);
    (void)close(rig->quiet[0]);
    (void)close(rig->quiet[1]);
    free(rig);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* What was never written stays a hole: segments are mostly that. */
static void copy_file(const char *from, const char *to)
{
    static uint8_t buf[4096];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    off_t at = 0;
    size_t got;

    assert_non_null(in);
    assert_non_null(out);
    for (; (got = fread(buf, 1, sizeof buf, in)) > 0; at += (off_t)got) {
        if (!is_zero(buf, got)) {
            assert_int_equal(fseek(out, at, SEEK_SET), 0);
            assert_int_equal(fwrite(buf, 1, got, out), got);
        }
    }
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(truncate(to, at), 0);
    assert_int_equal(chmod(to, 0600), 0);
}

void rig_copy_folder(const char *path, const char *to)
{
    char a[WORLD_PATH * 2 + 64], b[WORLD_PATH * 2 + 64];
    const struct dirent *entry;

    remove_tree(to);
    assert_int_equal(mkdir(to, 0700), 0);
    DIR *dir = opendir(path);

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(a, sizeof a, "%s/%s", path, entry->d_name);
            (void)snprintf(b, sizeof b, "%s/%s", to, entry->d_name);
            copy_file(a, b);
        }
    }
    (void)closedir(dir);
}

/* The journal's folder as it is now, before anybody tidies up, becomes the
 * disk that the next start finds. */
void rig_crash_only(struct rig *rig)
{
    char now[WORLD_PATH + 64], then[WORLD_PATH + 64];

    (void)snprintf(now, sizeof now, "%s", rig_path(rig, "journal"));
    (void)snprintf(then, sizeof then, "%s", rig_path(rig, "after"));
    rig_copy_folder(now, then);
    bool powered[RIG_BOARDS];

    /* The dying process switches nothing off: the boards hear no more. */
    for (size_t i = 0; i < RIG_BOARDS; i++) {
        powered[i] = rig->board[i].powered;
        rig->board[i].powered = false;
    }
    rig_close(rig);
    for (size_t i = 0; i < RIG_BOARDS; i++) {
        rig->board[i].powered = powered[i];
    }
    remove_tree(now);
    assert_int_equal(rename(then, now), 0);
}

void rig_crash(struct rig *rig)
{
    rig_crash_only(rig);
    rig_open(rig);
}

/* ---- Time
 * ------------------------------------------------------------------------ */

static void take_events(struct rig *rig)
{
    struct lockbus_event event;

    while (lockbus_cabinet_next_event(rig->cab, &event)) {
        assert_true(rig->events < RIG_EVENTS);
        rig->event[rig->events++] = event;
    }
}

static void people(struct rig *rig)
{
    for (size_t i = 0; i < RIG_DOORS; i++) {
        struct rig_leaf *leaf = &rig->leaf[i];

        if (leaf->shut_at_us != 0 && leaf->shut_at_us <= rig->now_us) {
            leaf->open = false;
            leaf->shut_at_us = 0;
        }
    }
}

/* What the worker does takes no time here: the clock stands until it ended. */
static bool worker_works(const struct rig *rig)
{
    const struct lockbus_cabinet *cab = rig->cab;
    struct pollfd fd = {.events = POLLIN};

    if (!rig->worker ||
        !(cab->journal_busy || (cab->derive_busy && !cab->derive_ended))) {
        return false;
    }
    fd.fd = lb_worker_fd(cab->worker);
    assert_int_equal(poll(&fd, 1, WORKER_MS), 1);
    return true;
}

static void one_poll(struct rig *rig, uint64_t until_us)
{
    people(rig);
    tell_step(rig, RIG_POLL);
    assert_int_equal(lockbus_cabinet_poll(rig->cab, rig->now_us), LOCKBUS_OK);
    tell_step(rig, RIG_POLL);
    take_events(rig);
    if (worker_works(rig)) {
        return;
    }
    uint64_t next = lockbus_cabinet_deadline_us(rig->cab);

    if (next <= rig->now_us) {
        next = rig->now_us + 1;
    }
    if (rig->reply_at < rig->reply_len && rig->reply_us > rig->now_us &&
        rig->reply_us < next) {
        next = rig->reply_us;
    }
    rig->now_us = next < until_us ? next : until_us;
}

void rig_run(struct rig *rig, uint64_t ms)
{
    uint64_t until_us = rig->now_us + ms * 1000;

    while (rig->now_us < until_us) {
        one_poll(rig, until_us);
    }
}

void rig_stall(struct rig *rig, uint64_t ms)
{
    rig->now_us += ms * 1000;
    people(rig);
}

struct lockbus_event rig_finish(struct rig *rig, uint32_t ticket)
{
    uint64_t until_us = rig->now_us + FINISH_MS * 1000ULL;
    size_t seen = rig->events; /* numbers of tickets begin anew at a start */

    while (rig->now_us < until_us) {
        one_poll(rig, until_us);
        for (; seen < rig->events; seen++) {
            const struct lockbus_event *event = &rig->event[seen];

            if (event->ticket == ticket &&
                event->kind >= LOCKBUS_EVENT_OPENED &&
                event->kind <= LOCKBUS_EVENT_UNCONFIRMED) {
                return *event;
            }
        }
    }
    fail_msg("ticket %u has no end", ticket);
    return (struct lockbus_event){.kind = LOCKBUS_EVENT_NONE};
}

/* ---- Looking
 * ---------------------------------------------------------------------- */

unsigned rig_count(const struct rig *rig, enum lockbus_event_kind kind,
                   uint16_t door)
{
    unsigned count = 0;

    for (size_t i = 0; i < rig->events; i++) {
        count += rig->event[i].kind == kind &&
                 (door == 0xFFFF || rig->event[i].door == door);
    }
    return count;
}

void rig_forget(struct rig *rig)
{
    rig->events = 0;
}

static struct lockbus_door look(const struct rig *rig, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};

    assert_int_equal(lockbus_door_at(rig->cab, door, &view, NULL), LOCKBUS_OK);
    return view;
}

enum lockbus_custody rig_custody(const struct rig *rig, uint16_t door)
{
    return look(rig, door).custody;
}

enum lockbus_latch rig_latch(const struct rig *rig, uint16_t door)
{
    return look(rig, door).latch;
}

unsigned rig_pulses_but(const struct rig *rig, uint16_t door)
{
    unsigned count = 0;

    for (uint16_t i = 0; i < RIG_DOORS; i++) {
        count += i == door ? 0 : rig->leaf[i].pulses;
    }
    return count;
}

unsigned rig_pulses(const struct rig *rig)
{
    return rig_pulses_but(rig, 0xFFFF);
}

/* ---- Acting
 * ------------------------------------------------------------------------ */

void rig_deposit(struct rig *rig, struct parcel *parcel, uint16_t door,
                 bool code)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint64_t shut_after_us = rig->shut_after_us;
    uint32_t ticket = 0;

    rig->shut_after_us = 3000000;
    assert_true(world_parcel(&rig->world, parcel, door, code, &why));
    if (lockbus_deposit_with_key(rig->cab, parcel->package, parcel->package_len,
                                 rig->world.courier.seed, &ticket,
                                 &why) != LOCKBUS_OK) {
        fail_msg("deposit: %s %s", lockbus_rule_name(why.rule), why.text);
    }
    assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 5000);
    assert_int_equal(rig_custody(rig, door), LOCKBUS_CUSTODY_OCCUPIED);
    rig->shut_after_us = shut_after_us;
}

enum lockbus_err rig_release(struct rig *rig, const struct parcel *parcel,
                             uint32_t *ticket, struct lockbus_error *why)
{
    uint8_t proof[LOCKBUS_PROOF_LEN];

    assert_true(world_proof(&rig->world, rig->cab,
                            (struct world_claim){parcel->door, parcel->stay,
                                                 LOCKBUS_PROOF_RELEASE,
                                                 &parcel->release},
                            proof));
    return lockbus_open_with_proof(rig->cab, proof, sizeof proof, ticket, why);
}

enum lockbus_err rig_service(struct rig *rig, uint16_t door,
                             enum lockbus_service_action action,
                             uint32_t *ticket, struct lockbus_error *why)
{
    uint8_t order[LOCKBUS_ORDER_LEN];

    assert_true(world_order(&rig->world, rig->cab, door, action, order));
    return lockbus_service(rig->cab, order, sizeof order, ticket, why);
}
