/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/* Asking, as a host does that serves people. */

#include "stage.h"

#include <stdio.h>

enum { ASKS = 12, ASK_AGAIN_MS = 250 };

/* One way of asking, with what it asks for. */
struct ask {
    enum { ASK_PROOF, ASK_CODE, ASK_DEPOSIT } kind;
    const void *what;
};

static enum lockbus_err ask_once(struct stage *stage, const struct ask *ask,
                                 uint32_t *ticket, struct lockbus_error *why)
{
    const struct parcel *parcel = ask->what;

    switch (ask->kind) {
    case ASK_PROOF:
        return lockbus_open_with_proof(stage->cab, ask->what, LOCKBUS_PROOF_LEN,
                                       ticket, why);
    case ASK_CODE:
        return lockbus_release_with_code(stage->cab, ask->what, ticket, why);
    case ASK_DEPOSIT:
    default:
        return lockbus_deposit_with_key(stage->cab, parcel->package,
                                        parcel->package_len,
                                        stage->world.courier.seed, ticket, why);
    }
}

/* A board that has just missed its turn, a door that is busy, an open that
 * was lost on the way: a host asks again in a moment, as a person would. */
static bool passes(enum lockbus_err err, enum lockbus_rule rule,
                   enum lockbus_event_kind end)
{
    return err == LOCKBUS_ERR_BUSY || rule == LOCKBUS_RULE_P3 ||
           rule == LOCKBUS_RULE_D8 || end == LOCKBUS_EVENT_FAILED ||
           end == LOCKBUS_EVENT_UNKNOWN || end == LOCKBUS_EVENT_EXPIRED;
}

static struct outcome ask_for(struct stage *stage, const struct ask *ask)
{
    struct outcome came = {.opened = false};
    bool again = true;

    for (int i = 0; i < ASKS && again && !stage_over(stage); i++) {
        struct lockbus_error why = {.err = LOCKBUS_OK};
        struct lockbus_event end = {.kind = LOCKBUS_EVENT_NONE};
        uint32_t ticket = 0;
        enum lockbus_err err = ask_once(stage, ask, &ticket, &why);

        if (err == LOCKBUS_OK) {
            came.opened =
                stage_finish(stage, ticket, &end) == LOCKBUS_EVENT_OPENED;
            came.rule = end.rule;
            (void)snprintf(came.why, sizeof came.why, "%s",
                           lockbus_event_name(end.kind));
        } else {
            came.rule = why.rule;
            (void)snprintf(came.why, sizeof came.why, "%s: %.70s",
                           lockbus_err_name(err), why.text);
        }
        again = passes(err, came.rule, end.kind);
        if (again) {
            stage_wait_ms(stage, ASK_AGAIN_MS);
        }
    }
    stage->last = came;
    return came;
}

struct outcome stage_prove(struct stage *stage, const uint8_t *proof)
{
    return ask_for(stage, &(struct ask){ASK_PROOF, proof});
}

struct outcome stage_release(struct stage *stage, const struct parcel *parcel,
                             uint8_t proof[LOCKBUS_PROOF_LEN])
{
    struct outcome came = {.opened = false};

    /* A challenge is spent with the intent, whatever comes of it. */
    for (int i = 0; i < 2 && !came.opened && !stage_over(stage); i++) {
        struct world_claim claim = {parcel->door, parcel->stay,
                                    LOCKBUS_PROOF_RELEASE, &parcel->release};

        if (world_proof(&stage->world, stage->cab, claim, proof)) {
            came = stage_prove(stage, proof);
        }
    }
    return came;
}

struct outcome stage_code(struct stage *stage, const char *code)
{
    return ask_for(stage, &(struct ask){ASK_CODE, code});
}

struct outcome stage_deposit(struct stage *stage, const struct parcel *parcel)
{
    return ask_for(stage, &(struct ask){ASK_DEPOSIT, parcel});
}

bool stage_manifest(struct stage *stage)
{
    uint8_t manifest[LOCKBUS_MANIFEST_MAX];
    size_t len = 0;
    uint32_t ticket = 0;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_event end;

    stage->world.manifest_no++;
    stage->world.epoch++;
    return world_manifest(&stage->world, manifest, &len, &why) &&
           lockbus_manifest(stage->cab, manifest, len, &ticket, &why) ==
               LOCKBUS_OK &&
           stage_finish(stage, ticket, &end) == LOCKBUS_EVENT_DONE;
}

bool stage_wait_vacant(struct stage *stage, const struct parcel *parcel)
{
    uint64_t until = stage_now_us() + 2 * WAIT_MS * UINT64_C(1000);
    struct lockbus_event unused;

    while (stage_now_us() < until && !stage_over(stage)) {
        struct lockbus_door door = stage_door(stage, parcel->door);

        if (door.custody == LOCKBUS_CUSTODY_VACANT) {
            return true;
        }
        if (door.custody == LOCKBUS_CUSTODY_OCCUPIED &&
            !stage_code(stage, parcel->code).opened) {
            return false;
        }
        (void)stage_turn(stage, 0, &unused);
    }
    return false;
}
