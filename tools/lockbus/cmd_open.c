/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus open: on the bench, one process that is cabinet, courier, customer
 * and service at once. It holds no authority of its own: every open takes a
 * key file, a code, or an answer that was signed elsewhere, and goes the way
 * that any host's request goes.
 */

#include "host.h"
#include "issue_args.h"
#include "sign_with.h"

#include "base/crypto.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    WAIT_MS = 40000,
    ANSWER_S = 120,
    ANSWER_MAX_S = 3600,
    ORDER_LIFE_S = 600
};

enum way { BY_CODE = 1, BY_PACKAGE, BY_PROOF, BY_ORDER };

static const struct kind {
    const char *name;
    enum way way;
    unsigned value;
    const char *role;
} kinds[] = {
    {"deposit", BY_PACKAGE, LOCKBUS_PROOF_DEPOSIT, "courier"},
    {"code", BY_CODE, 0, NULL},
    {"release", BY_PROOF, LOCKBUS_PROOF_RELEASE, "release"},
    {"return", BY_PROOF, LOCKBUS_PROOF_RETURN, "return"},
    {"reopen", BY_PROOF, LOCKBUS_PROOF_REOPEN, "courier"},
    {"cancel", BY_PROOF, LOCKBUS_PROOF_CANCEL, "courier"},
    {"service", BY_ORDER, LOCKBUS_SERVICE_OPEN, NULL},
    {"block", BY_ORDER, LOCKBUS_SERVICE_BLOCK, NULL},
    {"unblock", BY_ORDER, LOCKBUS_SERVICE_UNBLOCK, NULL},
    {"clear", BY_ORDER, LOCKBUS_SERVICE_CLEAR, NULL},
};

struct request {
    struct lockbus_cabinet *cab;
    const struct kind *kind;
    const char *config, *object, *key_path, *sign_with;
    struct issue_list words, signers;
    struct lockbus_options options;
    struct lockbus_key_file key[2];
    uint64_t order_no, reason, wait_s;
    uint32_t ticket;
    enum lockbus_event_kind end;
    uint16_t door;
};

/* ---- Asking --------------------------------------------------------------
 */

static enum lockbus_err by_package(struct request *r, struct lockbus_error *why)
{
    uint8_t package[LOCKBUS_PACKAGE_MAX], proof[LOCKBUS_PROOF_LEN];
    size_t len = 0;

    if (!host_read(r->object, package, sizeof package, &len)) {
        return LOCKBUS_ERR_IO;
    }
    if (r->sign_with == NULL) {
        return lockbus_deposit_with_key(r->cab, package, len,
                                        r->key[0].signer.seed, &r->ticket, why);
    }
    struct lockbus_proof fields = {.kind = LOCKBUS_PROOF_DEPOSIT};

    if (!sign_with_grant(&fields, package, len) ||
        !sign_with_proof(r->cab, &fields, r->wait_s, proof)) {
        return LOCKBUS_ERR_IO;
    }
    return lockbus_deposit(r->cab, package, len, proof, sizeof proof,
                           &r->ticket, why);
}

static enum lockbus_err by_code(struct request *r, struct lockbus_error *why)
{
    char code[LOCKBUS_CODE_TEXT_MAX + 2];

    fputs("code: ", stderr);
    if (!host_line(r->cab, 0, code, sizeof code)) {
        return LOCKBUS_ERR_IO;
    }
    enum lockbus_err err =
        lockbus_release_with_code(r->cab, code, &r->ticket, why);

    lb_crypto_wipe(code, sizeof code);
    return err;
}

static enum lockbus_err by_proof(struct request *r, struct lockbus_error *why)
{
    enum lockbus_proof_kind kind = (enum lockbus_proof_kind)r->kind->value;
    struct lockbus_door door = {.size = sizeof door};
    uint8_t proof[LOCKBUS_PROOF_LEN];
    uint16_t number = 0;

    if (!host_door(r->cab, r->object, &number)) {
        return LOCKBUS_ERR_IO;
    }
    if (r->sign_with == NULL) {
        return lockbus_open_with_key(r->cab, number, kind,
                                     r->key[0].signer.seed, &r->ticket, why);
    }
    enum lockbus_err err = lockbus_door_at(r->cab, number, &door, why);

    if (err != LOCKBUS_OK) {
        return err;
    }
    const struct lockbus_proof fields = {
        .kind = kind, .door = number, .stay = door.stay};

    return sign_with_proof(r->cab, &fields, r->wait_s, proof)
               ? lockbus_open_with_proof(r->cab, proof, sizeof proof,
                                         &r->ticket, why)
               : LOCKBUS_ERR_IO;
}

static enum lockbus_err by_order(struct request *r, struct lockbus_error *why)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};
    uint8_t bytes[LOCKBUS_ORDER_LEN];
    struct lockbus_order order = {
        .action = (enum lockbus_service_action)r->kind->value,
        .order_no = r->order_no,
        .not_after = (uint64_t)time(NULL) + ORDER_LIFE_S + r->wait_s,
        .reason = (uint32_t)r->reason,
    };

    if (!host_door(r->cab, r->object, &order.door)) {
        return LOCKBUS_ERR_IO;
    }
    enum lockbus_err err = lockbus_cabinet_info(r->cab, &info);

    memcpy(order.cabinet_id, info.cabinet_id, sizeof order.cabinet_id);
    if (err == LOCKBUS_OK) {
        err = lockbus_challenge(r->cab, order.door, LOCKBUS_CHALLENGE_SERVICE,
                                order.challenge, why);
    }
    if (err == LOCKBUS_OK && r->sign_with != NULL) {
        err = sign_with_order(r->cab, &order, r->wait_s, bytes)
                  ? LOCKBUS_OK
                  : LOCKBUS_ERR_IO;
    } else if (err == LOCKBUS_OK) {
        err = lockbus_issue_order(bytes, &order, &r->key[0].signer,
                                  &r->key[1].signer, why);
    }
    return err == LOCKBUS_OK
               ? lockbus_service(r->cab, bytes, sizeof bytes, &r->ticket, why)
               : err;
}

static enum lockbus_err ask(struct request *r, struct lockbus_error *why)
{
    switch (r->kind->way) {
    case BY_CODE:
        return by_code(r, why);
    case BY_PACKAGE:
        return by_package(r, why);
    case BY_PROOF:
        return by_proof(r, why);
    case BY_ORDER:
        return by_order(r, why);
    }
    return LOCKBUS_ERR_USAGE;
}

/* ---- The command line ----------------------------------------------------
 */

static const struct kind *find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    fprintf(stderr, "lockbus open: there is no kind %s\n", name);
    return NULL;
}

/* What does not belong to this kind, or is missing; NULL: all is well. */
static const char *misfit(const struct request *r, bool waits)
{
    enum way way = r->kind->way;
    bool by_key = r->key_path != NULL, by_two = r->signers.count != 0;

    if (r->words.count != (way == BY_CODE ? 2U : 3U)) {
        return way == BY_CODE      ? "a code needs no word more"
               : way == BY_PACKAGE ? "the package is missing"
                                   : "the door is missing, or a word too many";
    }
    if (r->sign_with != NULL && strcmp(r->sign_with, "-") != 0) {
        return "--sign-with: - is all that there is";
    }
    if (waits && r->sign_with == NULL) {
        return "--wait: goes with --sign-with";
    }
    if (by_key && way != BY_PROOF && way != BY_PACKAGE) {
        return "--key: does not belong here";
    }
    if ((by_two || r->order_no != 0 || r->reason != 0) && way != BY_ORDER) {
        return "--sign, --order-no, --reason: belong to service";
    }
    if (way == BY_ORDER && r->order_no == 0) {
        return "--order-no: is missing";
    }
    if (way == BY_CODE ? r->sign_with != NULL
                       : by_key + by_two + (r->sign_with != NULL) != 1) {
        return way == BY_CODE    ? "--sign-with: does not belong here"
               : way == BY_ORDER ? "two --sign, or --sign-with -"
                                 : "--key, or --sign-with -";
    }
    return NULL;
}

static bool read_words(struct request *r, int argc, char **argv)
{
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_LIST, .to = &r->words},
        {.name = "--key",
         .kind = ISSUE_TEXT,
         .to = &r->key_path,
         .optional = true},
        {.name = "--sign",
         .kind = ISSUE_LIST,
         .to = &r->signers,
         .optional = true},
        {.name = "--sign-with",
         .kind = ISSUE_TEXT,
         .to = &r->sign_with,
         .optional = true},
        {.name = "--wait",
         .kind = ISSUE_NUMBER,
         .to = &r->wait_s,
         .max = ANSWER_MAX_S,
         .optional = true},
        {.name = "--trace",
         .kind = ISSUE_TEXT,
         .to = &r->options.trace,
         .optional = true},
        {.name = "--order-no",
         .kind = ISSUE_STAY,
         .to = &r->order_no,
         .optional = true},
        {.name = "--reason",
         .kind = ISSUE_NUMBER,
         .to = &r->reason,
         .max = UINT32_MAX,
         .optional = true},
    };

    if (!issue_args(argc, argv, args, sizeof args / sizeof args[0])) {
        return false;
    }
    if (r->words.count < 2) {
        fputs("lockbus open: what to ask for is missing\n", stderr);
        return false;
    }
    r->config = r->words.item[0];
    r->object = r->words.item[2];
    r->kind = find(r->words.item[1]);
    const char *text = r->kind != NULL ? misfit(r, args[4].seen) : NULL;

    if (text != NULL) {
        fprintf(stderr, "lockbus open: %s\n", text);
    }
    return r->kind != NULL && text == NULL;
}

static bool load_keys(struct request *r)
{
    if (r->key_path != NULL) {
        return issue_key(&r->key[0], r->key_path, r->kind->role, true);
    }
    return r->signers.count == 0 || issue_two_keys(r->key, &r->signers);
}

/* ---- Running -------------------------------------------------------------
 */

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
    struct request r = {.wait_s = ANSWER_S,
                        .door = 0xFFFF,
                        .options = {.size = sizeof r.options}};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    int result = TOOL_FAILED;

    if (!read_words(&r, argc, argv)) {
        return tool_usage(argv[0], NULL);
    }
    if (load_keys(&r)) {
        if (lockbus_cabinet_open(&r.cab, r.config, &r.options, &why) !=
            LOCKBUS_OK) {
            result = tool_complain(&why);
        } else {
            host_catch_signals();
            result = run(&r);
        }
    }
    lockbus_cabinet_close(&r.cab);
    lockbus_signer_wipe(&r.key[0].signer);
    lockbus_signer_wipe(&r.key[1].signer);
    return result;
}
