/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "sign_with.h"

#include "host.h"
#include "tool.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An order in hexadecimal, or a path. */
enum { LINE_CAP = 2 * LOCKBUS_ORDER_LEN + 1 };

static bool complain(const char *text)
{
    fprintf(stderr, "lockbus: %s\n", text);
    return false;
}

/* ---- What is to be signed ------------------------------------------------
 */

static void print_words(const char *command, const uint8_t cabinet_id[16],
                        unsigned door, const uint8_t challenge[16])
{
    char id[33], hex[33];

    lb_hex(id, cabinet_id, 16);
    lb_hex(hex, challenge, 16);
    printf("challenge %s\nlockbus %s --cabinet %s --door %u --challenge %s",
           hex, command, id, door, hex);
}

static void print_epoch(const char *name, uint64_t value)
{
    printf(" %s %" PRIu64 ":%" PRIu64, name, value >> 32, value & UINT32_MAX);
}

static void print_end(const char *rest, uint64_t wait_s, const char *what)
{
    printf(" %s\n", rest);
    (void)fflush(stdout);
    fprintf(stderr,
            "lockbus: waiting %" PRIu64 " s for %s, in hexadecimal or as a "
            "file's name\n",
            wait_s, what);
}

/* ---- What was signed -----------------------------------------------------
 */

/* Nothing but hexadecimal digits, at most 2 * cap. No signed thing is that
 * itself: each has a byte 1 behind its four letters. */
static bool from_hex(uint8_t *bytes, size_t cap, size_t *len, const char *text,
                     size_t text_len)
{
    *len = text_len / 2;
    return *len <= cap && lb_unhex(bytes, *len, text, text_len);
}

static bool from_file(uint8_t *bytes, size_t cap, size_t *len, const char *path)
{
    uint8_t read[LINE_CAP];

    size_t have = 0;

    if (!host_read(path, read, sizeof read, &have)) {
        return false;
    }
    size_t digits = have > 0 && read[have - 1] == '\n' ? have - 1 : have;

    if (from_hex(bytes, cap, len, (const char *)read, digits)) {
        return true;
    }
    if (have > cap) {
        return complain("the file is too long for what is asked");
    }
    memcpy(bytes, read, have);
    *len = have;
    return true;
}

/* One answer of a line, `cap` bytes at most: hexadecimal digits if it is
 * nothing else, otherwise a file of either. */
static bool answer(struct lockbus_cabinet *cab, uint64_t wait_s, uint8_t *bytes,
                   size_t cap, size_t *len)
{
    char line[LINE_CAP];

    if (!host_line(cab, wait_s * 1000, line, sizeof line)) {
        return false;
    }
    return from_hex(bytes, cap, len, line, strlen(line)) ||
           from_file(bytes, cap, len, line);
}

bool sign_with_grant(struct lockbus_proof *proof, const uint8_t *package,
                     size_t len)
{
    uint8_t grant[LOCKBUS_GRANT_LEN], seal[LOCKBUS_SEAL_LEN];
    struct lockbus_grant fields;
    size_t seal_len = 0;

    if (lockbus_package_read(package, len, grant, seal, &seal_len) !=
            LOCKBUS_OK ||
        lockbus_grant_read(&fields, grant, sizeof grant) != LOCKBUS_OK) {
        return complain("this is no deposit package");
    }
    proof->door = fields.door;
    proof->stay = fields.stay;
    return true;
}

static const char *proof_command(enum lockbus_proof_kind kind)
{
    static const char *const commands[] = {
        [LOCKBUS_PROOF_RELEASE] = "proof release",
        [LOCKBUS_PROOF_RETURN] = "proof return",
        [LOCKBUS_PROOF_DEPOSIT] = "proof deposit",
        [LOCKBUS_PROOF_REOPEN] = "proof reopen",
        [LOCKBUS_PROOF_CANCEL] = "proof cancel",
    };

    return commands[kind];
}

bool sign_with_proof(struct lockbus_cabinet *cab,
                     const struct lockbus_proof *fields, uint64_t wait_s,
                     uint8_t proof[LOCKBUS_PROOF_LEN])
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t challenge[16];
    size_t len = 0;

    if (lockbus_cabinet_info(cab, &info) != LOCKBUS_OK) {
        return complain("the cabinet cannot be asked");
    }
    if (lockbus_challenge(cab, fields->door, LOCKBUS_CHALLENGE_PROOF, challenge,
                          &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    print_words(proof_command(fields->kind), info.cabinet_id, fields->door,
                challenge);
    print_epoch("--stay", fields->stay);
    print_end("--key FILE.key -o -", wait_s, "the proof");
    if (!answer(cab, wait_s, proof, LOCKBUS_PROOF_LEN, &len)) {
        return false;
    }
    return len == LOCKBUS_PROOF_LEN || complain("a proof has 112 bytes");
}

static const char *order_command(enum lockbus_service_action action)
{
    static const char *const commands[] = {
        [LOCKBUS_SERVICE_OPEN] = "order open",
        [LOCKBUS_SERVICE_BLOCK] = "order block",
        [LOCKBUS_SERVICE_UNBLOCK] = "order unblock",
        [LOCKBUS_SERVICE_CLEAR] = "order clear",
    };

    return commands[action];
}

/* The second person's half, and the order of both. */
static bool join(struct lockbus_cabinet *cab, uint64_t wait_s,
                 const uint8_t *first, uint8_t order[LOCKBUS_ORDER_LEN])
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint8_t second[LOCKBUS_ORDER_HALF_LEN];
    size_t len = 0;

    fputs("lockbus: one half is here; the other person's is waited for\n",
          stderr);
    if (!answer(cab, wait_s, second, sizeof second, &len)) {
        return false;
    }
    if (len != sizeof second) {
        return complain("a half has 136 bytes");
    }
    if (lockbus_issue_order_join(order, first, second, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    return true;
}

bool sign_with_order(struct lockbus_cabinet *cab,
                     const struct lockbus_order *fields, uint64_t wait_s,
                     uint8_t order[LOCKBUS_ORDER_LEN])
{
    uint8_t bytes[LOCKBUS_ORDER_LEN];
    char rest[96];
    size_t len = 0;

    print_words(order_command(fields->action), fields->cabinet_id, fields->door,
                fields->challenge);
    print_epoch("--order-no", fields->order_no);
    (void)snprintf(rest, sizeof rest,
                   "--not-after %" PRIu64 " --reason %u --half --sign FILE.key "
                   "-o -",
                   fields->not_after, (unsigned)fields->reason);
    print_end(rest, wait_s, "each person's half, or the whole order");
    if (!answer(cab, wait_s, bytes, sizeof bytes, &len)) {
        return false;
    }
    if (len == LOCKBUS_ORDER_HALF_LEN) {
        return join(cab, wait_s, bytes, order);
    }
    if (len != LOCKBUS_ORDER_LEN) {
        return complain("an order has 208 bytes, a half 136");
    }
    memcpy(order, bytes, sizeof bytes);
    return true;
}
