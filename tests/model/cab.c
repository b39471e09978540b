/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * What lies between the gate and the latch is told here as lib/cabinet has
 * it, without tickets, events and buses: facts.c (facts, due times, who
 * looked), release.c (a permit on its way, its withdrawal), reports.c (boards
 * and pulses) and the order of poll.c.
 */

#include "cab.h"

#include "base/bytes.h"
#include "gate_signer.h"

#include <string.h>

enum {
    D = 0, /* the door */
    TICK_MS = 1000 * TICK_S,
    START_MS = 100000 * TICK_MS,
    OWNER = RECIPIENT,
    FIRST_STAY = 100
};

static uint8_t uses;

const char *const cab_event_names[CAB_EVENTS] = {
    "TICK",   "SYNC",       "START",  "START_LOST", "DURABLE", "SEE",
    "AWAY",   "BACK",       "STALL",  "STICK",      "MEND",    "OPENS",
    "JAMS",   "FORCE",      "SHUT",   "DEPOSIT",    "VISIT",   "REOPEN",
    "CANCEL", "RELEASE",    "RETURN", "SERVICE",    "BLOCK",   "UNBLOCK",
    "CLEAR",  "NOT_EMPTIED"};

/* ---- The gate's owner --------------------------------------------------- */

static void broken(struct cab *cab, const char *why)
{
    if (cab->broken == NULL) {
        cab->broken = why;
    }
}

static void must(struct cab *cab, bool ok, const char *why)
{
    if (!ok) {
        broken(cab, why);
    }
}

static void write(struct cab *cab, const struct lb_record *records,
                  size_t count)
{
    const struct lb_gate_door *d = &cab->door[D];
    unsigned spent = d->courier_spent + d->release_spent;

    for (size_t i = 0; i < count; i++) {
        must(cab, lb_gate_apply(&cab->gate, &records[i]),
             "a record of the gate's own was not applied");
        if (records[i].type == LB_REC_RESULT &&
            d->courier_spent + d->release_spent < spent) {
            cab->out |= CAB_OUT_BACK;
        }
    }
}

static void tick(struct cab *cab)
{
    struct lb_record out[LB_BATCH_MAX];
    size_t count;

    while (cab->broken == NULL &&
           (count = lb_gate_tick(&cab->gate, out, LB_BATCH_MAX)) != 0) {
        write(cab, out, count);
    }
}

static void live(struct cab *cab)
{
    lb_gate_live(&cab->gate, D, cab->here, cab->leaf_known, cab->leaf_open);
}

static void fact(struct cab *cab, struct lb_gate_fact what)
{
    struct lb_record out[4];

    what.door = D;
    write(cab, out, lb_gate_fact(&cab->gate, what, out, 4));
}

static void result(struct cab *cab, enum lb_fact what, uint32_t ref)
{
    fact(cab, (struct lb_gate_fact){.fact = what, .ref = ref});
}

static void sync(struct cab *cab)
{
    cab->disk_boot = cab->gate.boot;
    cab->disk_door = cab->door[D];
    cab->disk_stay = cab->stay;
}

/* ---- The latch ---------------------------------------------------------- */

static unsigned latch(struct cab *cab, enum lb_latch_event event)
{
    uint32_t ref = cab->latch.permit_ref;
    unsigned effects = lb_latch_step(&cab->latch, event, cab->gate.powered_ms,
                                     AJAR_TICKS * TICK_MS);

    if ((effects & LB_LATCH_FX_CANCEL) != 0) {
        cab->armed = false;
    }
    if ((effects & LB_LATCH_FX_NEVER) != 0) {
        result(cab, cab->blind ? LB_FACT_UNKNOWN : LB_FACT_NEVER_OPENED, ref);
    }
    if ((effects & LB_LATCH_FX_UNKNOWN) != 0) {
        result(cab, LB_FACT_UNKNOWN, ref);
    }
    return effects;
}

/* What is due, then what time asks of the gate. */
static void settle(struct cab *cab)
{
    enum lb_latch_event due;

    while ((due = lb_latch_due(&cab->latch, cab->gate.powered_ms)) !=
           LB_LATCH_EV_COUNT) {
        if (due == LB_LATCH_EV_DEADLINE && (cab->blind || !cab->pulsed)) {
            due = LB_LATCH_EV_LAPSED;
        }
        (void)latch(cab, due);
    }
    tick(cab);
}

static void withdraw(struct cab *cab)
{
    if (cab->latch.permit_ref != 0) {
        cab->armed = false;
        cab->blind = true;
        cab->latch.permit_until_ms = cab->gate.powered_ms;
    }
}

static void release(struct cab *cab, const struct lb_permit *permit)
{
    must(cab, permit->door == D && permit->ref == cab->door[D].intent_ref,
         "a permit for another door or intent");
    cab->blind = false;
    cab->pulsed = false;
    cab->out |= CAB_OUT_PERMIT;
    if (!cab->here) {
        result(cab, LB_FACT_UNKNOWN, permit->ref);
        return;
    }
    cab->latch.permit_ref = permit->ref;
    cab->latch.permit_until_ms = permit->deadline_ms;
    if ((latch(cab, LB_LATCH_EV_PERMIT) & LB_LATCH_FX_PULSE) == 0) {
        withdraw(cab);
        return;
    }
    cab->armed = true;
}

/* ---- Events ------------------------------------------------------------- */

static bool reading(const struct cab *cab)
{
    return cab->stuck || cab->leaf;
}

/* There is something to read that was not read yet. */
static bool news(const struct cab *cab)
{
    return cab->here && !cab->stalled &&
           (!cab->leaf_known || cab->leaf_open != reading(cab));
}

static bool see(struct cab *cab)
{
    bool open = reading(cab);
    const struct lb_gate_door *d = &cab->door[D];

    if (!cab->here || !(cab->stalled || news(cab))) {
        return false;
    }
    cab->stalled = false;
    if (!news(cab)) {
        return true;
    }
    bool unseen = open &&
                  (cab->latch.state == LB_LATCH_AWAY ||
                   cab->latch.state == LB_LATCH_UNKNOWN) &&
                  d->custody == LB_CUSTODY_OCCUPIED && !d->leaf_was_open;

    cab->leaf_known = true;
    cab->leaf_open = open;
    if (open) {
        cab->seen_open_ms = cab->gate.powered_ms;
    }
    if (cab->latch.state == LB_LATCH_AWAY) {
        (void)latch(cab, LB_LATCH_EV_BACK);
    }
    live(cab);
    cab->latch.forced = cab->latch.forced || unseen;
    if (!open && d->leaf_was_open) {
        withdraw(cab);
    }
    fact(cab, (struct lb_gate_fact){.fact = open ? LB_FACT_LEAF_OPENED
                                                 : LB_FACT_LEAF_SHUT,
                                    .seen_open_ms = cab->seen_open_ms});
    (void)latch(cab, open ? LB_LATCH_EV_LEAF_OPEN : LB_LATCH_EV_LEAF_SHUT);
    return true;
}

static bool time_passes(struct cab *cab)
{
    if (news(cab) || cab->stalled) {
        return false; /* readings are much quicker than a step */
    }
    lb_gate_clock(&cab->gate, cab->gate.powered_ms + TICK_MS);
    if (cab->here && cab->leaf_open) {
        cab->seen_open_ms = cab->gate.powered_ms;
    }
    settle(cab);
    sync(cab);
    return true;
}

static void fold(struct cab *cab, const struct lb_gate *from)
{
    static uint8_t rows[LB_DOOR_MAX][LB_ROW_LEN];
    struct lb_gate gate;
    struct lb_gate_door door[MODEL_DOORS];
    struct lb_record out[LB_BATCH_MAX];
    uint32_t cursor = 0;
    size_t count;

    lb_gate_init(&gate, door, MODEL_DOORS);
    lb_gate_stage(&gate, rows);
    while ((count = lb_gate_snapshot(from, &cursor, out, LB_BATCH_MAX)) != 0) {
        for (size_t i = 0; i < count; i++) {
            must(cab, lb_gate_apply(&gate, &out[i]), "a record was not folded");
        }
    }
    lb_gate_block(&gate, from->powered_ms, 0, false);
    memcpy(cab->door, door, sizeof door);
    cab->gate = gate;
    cab->gate.doors = cab->door;
}

static bool start(struct cab *cab, bool lost)
{
    struct lb_gate from = cab->gate;
    struct lb_gate_door door[MODEL_DOORS] = {cab->door[0], cab->door[1]};
    struct lb_permit permit;

    if (lost) {
        door[D] = cab->disk_door;
        from.boot = cab->disk_boot;
        cab->stay = cab->disk_stay;
    }
    from.doors = door;
    fold(cab, &from);
    lb_latch_init(&cab->latch);
    cab->pending = cab->armed = cab->pulsed = cab->blind = false;
    cab->stalled = cab->here = cab->leaf_known = cab->leaf_open = false;
    cab->seen_open_ms = cab->gate.powered_ms;
    lb_gate_clock(&cab->gate, cab->gate.powered_ms);
    tick(cab);
    must(cab,
         !lb_gate_permit(&cab->gate, cab->door[D].intent_ref, &permit) &&
             cab->latch.permit_ref == 0,
         "a start gave a permit");
    return true;
}

static bool durable(struct cab *cab)
{
    struct lb_permit permit = {0};

    if (!cab->pending || cab->stalled) {
        return false;
    }
    sync(cab); /* durable first, as ask.c has it */
    cab->pending = false;
    if (lb_gate_permit(&cab->gate, cab->door[D].intent_ref, &permit)) {
        release(cab, &permit);
        must(cab, !lb_gate_permit(&cab->gate, cab->door[D].intent_ref, &permit),
             "one intent gave two permits");
    } else {
        result(cab, LB_FACT_UNKNOWN, cab->door[D].intent_ref);
    }
    return true;
}

static bool pulse(struct cab *cab, bool opens)
{
    bool stood_open = cab->leaf_known && cab->leaf_open;

    if (!cab->armed || news(cab) || cab->latch.permit_ref == 0 ||
        (opens && cab->leaf) || (!opens && cab->pulsed && !stood_open)) {
        return false;
    }
    cab->out |= CAB_OUT_PULSE;
    cab->pulsed = true;
    cab->leaf = cab->leaf || opens;
    if (stood_open) {
        cab->latch.permit_until_ms = cab->gate.powered_ms;
    }
    return true;
}

static bool move_leaf(struct cab *cab, bool open)
{
    if (cab->leaf == open || news(cab)) {
        return false;
    }
    cab->leaf = open;
    return true;
}

static bool board(struct cab *cab, bool here)
{
    if (cab->here == here) {
        return false;
    }
    cab->here = here;
    cab->stalled = false;
    if (!here) {
        cab->leaf_known = cab->leaf_open = false;
        live(cab);
        (void)latch(cab, LB_LATCH_EV_AWAY);
    }
    live(cab);
    return true;
}

static bool stall(struct cab *cab)
{
    if (cab->stalled || !cab->here || !cab->leaf_known) {
        return false;
    }
    cab->stalled = true;
    cab->blind = cab->blind || cab->latch.permit_ref != 0;
    return true;
}

static bool stick(struct cab *cab, bool stuck)
{
    if (cab->stuck == stuck) {
        return false;
    }
    cab->stuck = stuck;
    return true;
}

/* ---- Asks --------------------------------------------------------------- */

static void make_grant(uint8_t out[LB_GRANT_LEN], uint64_t stay, bool visit)
{
    struct gate_grant grant = {.door = D,
                               .stay = stay,
                               .courier = COURIER,
                               .release = visit ? NOBODY : OWNER,
                               .back = visit ? NOBODY : OPERATOR,
                               .uses = uses,
                               .return_after_s = visit ? 0 : TICK_S};

    gate_make_grant(out, &grant);
}

static void ask_for(struct cab *cab, uint8_t challenge)
{
    uint8_t question[16];
    uint8_t out[16];

    memcpy(question, gate_question, sizeof question);
    question[15] = challenge;
    memset(cab->door[D].challenge, 0, sizeof cab->door[D].challenge);
    for (int use = LB_CHALLENGE_PROOF; use <= LB_CHALLENGE_SERVICE; use++) {
        must(cab,
             lb_gate_challenge(&cab->gate, D, (enum lb_challenge_use)use,
                               question, out) == LOCKBUS_OK,
             "a challenge was not handed out");
    }
}

static void decide_deposit(struct cab *cab, uint64_t stay, bool visit,
                           struct lb_verdict *verdict)
{
    uint8_t grant[LB_GRANT_LEN];
    uint8_t proof[LB_PROOF_LEN];
    struct lb_ask ask = {.kind = LB_ASK_DEPOSIT,
                         .bytes = grant,
                         .len = sizeof grant,
                         .proof = proof,
                         .proof_len = sizeof proof};

    make_grant(grant, stay, visit);
    gate_make_proof(proof, LB_OPEN_DEPOSIT, D, stay, COURIER);
    lb_gate_decide(&cab->gate, &ask, verdict);
}

static void decide_proof(struct cab *cab, uint8_t kind, uint64_t stay,
                         struct lb_verdict *verdict)
{
    uint8_t proof[LB_PROOF_LEN];
    struct lb_ask ask = {
        .kind = LB_ASK_PROOF, .bytes = proof, .len = sizeof proof};
    uint8_t who = kind == LB_OPEN_RELEASE  ? OWNER
                  : kind == LB_OPEN_RETURN ? OPERATOR
                                           : COURIER;

    gate_make_proof(proof, kind, D, stay, who);
    lb_gate_decide(&cab->gate, &ask, verdict);
}

static void decide_order(struct cab *cab, uint8_t action, uint64_t number,
                         struct lb_verdict *verdict)
{
    uint8_t order[LB_ORDER_LEN];
    struct lb_ask ask = {
        .kind = LB_ASK_ORDER, .bytes = order, .len = sizeof order};

    gate_make_order(order, action, D, number);
    lb_gate_decide(&cab->gate, &ask, verdict);
}

static void decide(struct cab *cab, enum cab_event event,
                   struct lb_verdict *verdict)
{
    static const uint8_t kinds[CAB_EVENTS] = {[CAB_REOPEN] = LB_OPEN_REOPEN,
                                              [CAB_CANCEL] = LB_OPEN_CANCEL,
                                              [CAB_RELEASE] = LB_OPEN_RELEASE,
                                              [CAB_RETURN] = LB_OPEN_RETURN,
                                              [CAB_SERVICE_OPEN] = 1,
                                              [CAB_BLOCK] = 2,
                                              [CAB_UNBLOCK] = 3,
                                              [CAB_CLEAR] = 4};

    ask_for(cab, 0);
    if (event == CAB_DEPOSIT || event == CAB_VISIT) {
        if (cab->door[D].custody == LB_CUSTODY_VACANT) {
            cab->stay++;
        }
        decide_deposit(cab, cab->stay, event == CAB_VISIT, verdict);
    } else if (event == CAB_NOT_EMPTIED) {
        struct lb_ask ask = {.kind = LB_ASK_NOT_EMPTIED, .door = D};

        lb_gate_decide(&cab->gate, &ask, verdict);
    } else if (event >= CAB_SERVICE_OPEN) {
        decide_order(cab, kinds[event], ++cab->order_no, verdict);
    } else {
        decide_proof(cab, kinds[event], cab->stay, verdict);
    }
}

static bool changes_nothing(const struct cab *cab, enum cab_event event)
{
    return (event == CAB_BLOCK && cab->door[D].blocked) ||
           (event == CAB_UNBLOCK && !cab->door[D].blocked);
}

static bool ask(struct cab *cab, enum cab_event event)
{
    bool opens = event < CAB_BLOCK;
    uint64_t stay = cab->stay;
    struct lb_verdict verdict;

    if (cab->stalled || changes_nothing(cab, event) ||
        (opens && (cab->pending || cab->latch.permit_ref != 0))) {
        return false;
    }
    decide(cab, event, &verdict);
    if (verdict.kind == LB_VERDICT_REFUSED) {
        cab->stay = stay;
        return false;
    }
    write(cab, verdict.records.rec, verdict.records.count);
    memset(cab->door[D].challenge, 0, sizeof cab->door[D].challenge);
    if (verdict.kind == LB_VERDICT_PERMIT) {
        cab->pending = true;
        cab->out |= CAB_OUT_INTENT;
        must(cab, verdict.door == D, "an intent for another door");
    } else if (event == CAB_BLOCK || event == CAB_CLEAR) {
        withdraw(cab);
    }
    return true;
}

static const char *taken(struct cab *cab, struct lb_verdict *verdict,
                         const char *what)
{
    (void)cab;
    return verdict->kind == LB_VERDICT_REFUSED ? NULL : what;
}

const char *cab_replay(struct cab *cab)
{
    struct cab copy = *cab;
    struct lb_verdict verdict;
    const char *told = NULL;

    copy.gate.doors = copy.door;
    live(&copy);
    ask_for(&copy, 1); /* what he saw answered another */
    for (uint8_t kind = 1; kind <= 5 && told == NULL; kind++) {
        if (kind != LB_OPEN_DEPOSIT) {
            decide_proof(&copy, kind, copy.stay, &verdict);
            told = taken(&copy, &verdict, "a proof was taken again");
        }
    }
    for (uint8_t action = 1; action <= 4 && told == NULL; action++) {
        decide_order(&copy, action, copy.order_no + 1, &verdict);
        told = taken(&copy, &verdict, "an order was taken again");
    }
    for (uint64_t old = 0; old < 4 && told == NULL; old++) {
        decide_deposit(&copy, copy.stay - old / 2, old % 2 == 1, &verdict);
        told = taken(&copy, &verdict, "a deposit's proof was taken again");
    }
    ask_for(&copy, 0); /* those whose stay is over may still sign */
    for (uint8_t kind = 1; kind <= 5 && told == NULL; kind++) {
        if (kind != LB_OPEN_DEPOSIT) {
            decide_proof(&copy, kind, copy.stay - 1, &verdict);
            told = taken(&copy, &verdict, "a proof of a stay that is over");
        }
    }
    for (uint64_t old = 0; old < 4 && told == NULL; old++) {
        if (old / 2 == 1 || copy.door[D].custody != LB_CUSTODY_LOADING) {
            decide_deposit(&copy, copy.stay - old / 2, old % 2 == 1, &verdict);
            told = taken(&copy, &verdict, "a grant was taken again");
        }
    }
    for (uint8_t action = 1; action <= 4 && told == NULL; action++) {
        decide_order(&copy, action, copy.order_no, &verdict);
        told = taken(&copy, &verdict, "an order's number was taken again");
    }
    return told;
}

/* ---- All of it ---------------------------------------------------------- */

static bool happen(struct cab *cab, enum cab_event event)
{
    switch ((unsigned)event) { /* the others are asks */
    case CAB_TICK:
        return time_passes(cab);
    case CAB_SYNC:
        sync(cab);
        return true;
    case CAB_START:
    case CAB_START_LOST:
        return start(cab, event == CAB_START_LOST);
    case CAB_DURABLE:
        return durable(cab);
    case CAB_SEE:
        return see(cab);
    case CAB_AWAY:
    case CAB_BACK:
        return board(cab, event == CAB_BACK);
    case CAB_STALL:
        return stall(cab);
    case CAB_STICK:
    case CAB_MEND:
        return stick(cab, event == CAB_STICK);
    case CAB_PULSE_OPENS:
    case CAB_PULSE_JAMS:
        return pulse(cab, event == CAB_PULSE_OPENS);
    case CAB_FORCE:
    case CAB_SHUT:
        return move_leaf(cab, event == CAB_FORCE);
    default:
        return ask(cab, event);
    }
}

bool cab_step(struct cab *cab, enum cab_event event)
{
    cab->out = 0;
    live(cab);
    if (!happen(cab, event)) {
        return false;
    }
    settle(cab);
    if (cab->durable_at_once) {
        sync(cab);
    }
    return true;
}

unsigned cab_counts(const struct cab *cab)
{
    if (lb_gate_open_count(&cab->gate, true, 1) != 0) {
        return LB_CUSTODY_OCCUPIED;
    }
    return lb_gate_open_count(&cab->gate, false, 1) != 0 ? LB_CUSTODY_VACANT
                                                         : 0;
}

void cab_other_counts(struct cab *cab, unsigned custody)
{
    cab->door[1].counts = custody != 0;
    cab->door[1].intent_custody = (uint8_t)custody;
    cab->door[1].intent_ms = cab->gate.powered_ms;
}

static void commission(struct cab *cab)
{
    struct lb_record rows = {
        .type = LB_REC_ROWS, .kind = MODEL_DOORS, .powered_ms = START_MS};
    struct lb_record last = {.type = LB_REC_COMMISSION,
                             .door = LB_DOOR_NONE,
                             .powered_ms = START_MS};
    static uint8_t next[LB_DOOR_MAX][LB_ROW_LEN];

    for (uint8_t i = 0; i < MODEL_DOORS; i++) {
        rows.body[i * LB_ROW_LEN] = 1;
        rows.body[i * LB_ROW_LEN + 1] = i;
    }
    memcpy(last.body, gate_cabinet, 16);
    lb_put_u32(last.body + LB_COMMISSION_REGION, REGION);
    lb_put_u16(last.body + LB_COMMISSION_DOORS, MODEL_DOORS);
    memset(next, 0, sizeof next);
    lb_gate_stage(&cab->gate, next);
    write(cab, &rows, 1);
    write(cab, &last, 1);
}

/* All limits at their smallest, so that they are met. */
static void manifest(struct cab *cab)
{
    uint8_t bytes[LB_MANIFEST_MAX];
    struct lb_ask ask = {.kind = LB_ASK_MANIFEST, .bytes = bytes};
    struct lb_verdict verdict;

    (void)gate_make_manifest(bytes, 1, EPOCH, NOBODY);
    bytes[40] = bytes[41] = 1;
    lb_put_u16(bytes + 42, HOLD_TICKS * TICK_S);
    lb_put_u16(bytes + 52, WINDOW_TICKS * TICK_S);
    lb_put_u16(bytes + 54, AJAR_TICKS * TICK_S);
    ask.len = gate_sign_manifest(bytes);
    lb_gate_decide(&cab->gate, &ask, &verdict);
    must(cab, verdict.kind == LB_VERDICT_DONE, "the manifest is refused");
    write(cab, verdict.records.rec, verdict.records.count);
}

void cab_new(struct cab *cab, uint8_t with_uses)
{
    uses = with_uses;
    memset(cab, 0, sizeof *cab);
    lb_gate_init(&cab->gate, cab->door, MODEL_DOORS);
    lb_gate_clock(&cab->gate, START_MS);
    tick(cab);
    commission(cab);
    manifest(cab);
    lb_latch_init(&cab->latch);
    cab->stay = FIRST_STAY;
    cab->door[D].stay = gate_stay(FIRST_STAY); /* it had parcels before */
    cab->order_no = FIRST_STAY;
    cab->gate.last_order_no = gate_stay(cab->order_no);
    cab->seen_open_ms = START_MS;
    memcpy(cab->full, cab->gate.bucket, sizeof cab->full);
    sync(cab);
}
