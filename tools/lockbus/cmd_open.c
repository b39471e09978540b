/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus open: on the bench, one process that is cabinet, courier, customer
 * and service at once. It holds no authority of its own: every open takes a
 * key file or a code, and goes the way that any host's request goes.
 */

#include "host.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char usage[] =
    "CABINET.ini deposit PACKAGE --key COURIER.key\n"
    "       lockbus open CABINET.ini code              (typed, or on "
    "standard input)\n"
    "       lockbus open CABINET.ini release|return|reopen|cancel DOOR --key "
    "FILE.key\n"
    "       lockbus open CABINET.ini service|block|unblock|clear DOOR --sign "
    "OPS.key --sign SEC.key --order-no EPOCH:N [--reason N]";

enum { WAIT_MS = 40000, ORDER_LIFE_S = 600 };

struct request {
    struct lockbus_cabinet *cab;
    const char *what, *object;
    struct lockbus_key_file key[2];
    size_t keys;
    uint64_t order_no;
    uint32_t reason, ticket;
    enum lockbus_event_kind end;
    uint16_t door;
};

static const struct word {
    const char *name;
    unsigned value;
} proofs[] =
    {
        {"release", LOCKBUS_PROOF_RELEASE},
        {"return", LOCKBUS_PROOF_RETURN},
        {"reopen", LOCKBUS_PROOF_REOPEN},
        {"cancel", LOCKBUS_PROOF_CANCEL},
        {NULL, 0},
},
  orders[] = {
      {"service", LOCKBUS_SERVICE_OPEN},
      {"block", LOCKBUS_SERVICE_BLOCK},
      {"unblock", LOCKBUS_SERVICE_UNBLOCK},
      {"clear", LOCKBUS_SERVICE_CLEAR},
      {NULL, 0},
};

static unsigned find(const struct word *words, const char *name)
{
    while (words->name != NULL && strcmp(words->name, name) != 0) {
        words++;
    }
    return words->value;
}

static enum lockbus_err by_package(struct request *r, struct lockbus_error *why)
{
    uint8_t package[LOCKBUS_PACKAGE_MAX];
    size_t len = 0;

    if (!host_read(r->object, package, sizeof package, &len)) {
        return LOCKBUS_ERR_IO;
    }
    return lockbus_deposit_with_key(r->cab, package, len, r->key[0].signer.seed,
                                    &r->ticket, why);
}

static enum lockbus_err by_code(struct request *r, struct lockbus_error *why)
{
    char code[LOCKBUS_CODE_TEXT_MAX + 2];

    fputs("code: ", stderr);
    if (fgets(code, sizeof code, stdin) == NULL) {
        return LOCKBUS_ERR_USAGE;
    }
    code[strcspn(code, "\r\n")] = '\0';
    enum lockbus_err err =
        lockbus_release_with_code(r->cab, code, &r->ticket, why);

    memset(code, 0, sizeof code);
    return err;
}

static enum lockbus_err by_proof(struct request *r, unsigned kind,
                                 struct lockbus_error *why)
{
    uint16_t door = 0;

    if (!host_door(r->cab, r->object, &door)) {
        return LOCKBUS_ERR_USAGE;
    }
    return lockbus_open_with_key(r->cab, door, (enum lockbus_proof_kind)kind,
                                 r->key[0].signer.seed, &r->ticket, why);
}

static enum lockbus_err by_order(struct request *r, unsigned action,
                                 struct lockbus_error *why)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    uint8_t bytes[LOCKBUS_ORDER_LEN];
    struct lockbus_order order = {
        .action = (enum lockbus_service_action)action,
        .order_no = r->order_no,
        .not_after = (uint64_t)time(NULL) + ORDER_LIFE_S,
        .reason = r->reason,
    };

    if (!host_door(r->cab, r->object, &order.door)) {
        return LOCKBUS_ERR_USAGE;
    }
    enum lockbus_err err = lockbus_cabinet_info(r->cab, &info);

    memcpy(order.cabinet_id, info.cabinet_id, sizeof order.cabinet_id);
    if (err == LOCKBUS_OK) {
        err = lockbus_challenge(r->cab, order.door, LOCKBUS_CHALLENGE_SERVICE,
                                order.challenge, why);
    }
    if (err == LOCKBUS_OK) {
        err = lockbus_issue_order(bytes, &order, &r->key[0].signer,
                                  &r->key[1].signer, why);
    }
    return err == LOCKBUS_OK
               ? lockbus_service(r->cab, bytes, sizeof bytes, &r->ticket, why)
               : err;
}

static enum lockbus_err ask(struct request *r, struct lockbus_error *why)
{
    if (strcmp(r->what, "deposit") == 0) {
        return by_package(r, why);
    }
    if (strcmp(r->what, "code") == 0) {
        return by_code(r, why);
    }
    if (find(proofs, r->what) != 0) {
        return by_proof(r, find(proofs, r->what), why);
    }
    return by_order(r, find(orders, r->what), why);
}

static bool load_key(struct lockbus_key_file *key, const char *path)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (lockbus_key_load(path, key, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    if (!key->secret) {
        fprintf(stderr, "lockbus: %s: is a public key; the secret one signs\n",
                path);
    }
    return key->secret;
}

/* Exactly the words that this request takes, else usage. */
static bool read_words(struct request *r, int argc, char **argv)
{
    bool two = find(orders, r->what) != 0;
    bool one = find(proofs, r->what) != 0 || strcmp(r->what, "deposit") == 0;
    int at = 3;

    if (strcmp(r->what, "code") == 0) {
        return argc == 3;
    }
    if ((!one && !two) || argc < 4) {
        return false;
    }
    r->object = argv[at++];
    for (; at + 1 < argc; at += 2) {
        bool key = strcmp(argv[at], one ? "--key" : "--sign") == 0;

        if (key && r->keys < 2) {
            if (!load_key(&r->key[r->keys++], argv[at + 1])) {
                return false;
            }
        } else if (two && strcmp(argv[at], "--order-no") == 0) {
            r->order_no = tool_epoch_number(argv[at + 1]);
        } else if (two && strcmp(argv[at], "--reason") == 0) {
            r->reason = (uint32_t)tool_number(argv[at + 1]);
        } else {
            return false;
        }
    }
    return at == argc && r->keys == (one ? 1U : 2U) &&
           (one || r->order_no != 0);
}

static bool until_end(void *user, const struct lockbus_event *event)
{
    struct request *r = user;

    if (event->ticket == r->ticket) {
        r->door = event->door;
    }
    if (event->ticket == r->ticket ||
        (event->door != 0xFFFF && event->door == r->door)) {
        host_print(event);
    }
    if (event->ticket == r->ticket && lockbus_event_ends(event)) {
        r->end = event->kind;
        return true;
    }
    return false;
}

static int run(struct request *r)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    host_settle(r->cab);
    if (lockbus_cabinet_time(r->cab, (uint64_t)time(NULL), false) !=
        LOCKBUS_OK) {
        return TOOL_FAILED;
    }
    enum lockbus_err err = ask(r, &why);

    if (err != LOCKBUS_OK) {
        why.err = err;
        /* without a sentence it was complained of where it was found */
        return why.text[0] != '\0' ? tool_complain(&why) : TOOL_FAILED;
    }
    (void)host_run(r->cab, WAIT_MS, until_end, r);
    return r->end == LOCKBUS_EVENT_OPENED || r->end == LOCKBUS_EVENT_DONE ||
                   r->end == LOCKBUS_EVENT_UNCONFIRMED
               ? TOOL_OK
               : TOOL_FAILED;
}

int cmd_open(int argc, char **argv)
{
    struct request r = {.what = argc > 2 ? argv[2] : "", .door = 0xFFFF};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    int result;

    if (!read_words(&r, argc, argv)) {
        result = tool_usage(argv[0], usage);
    } else if (lockbus_cabinet_open(&r.cab, argv[1], NULL, &why) !=
               LOCKBUS_OK) {
        result = tool_complain(&why);
    } else {
        host_catch_signals();
        result = run(&r);
    }
    lockbus_cabinet_close(&r.cab);
    lockbus_signer_wipe(&r.key[0].signer);
    lockbus_signer_wipe(&r.key[1].signer);
    return result;
}
