/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The process is killed at every step of a story and started again on what
 * the disk holds.
 *
 * A step is each moment at which something outside the process has or has
 * not happened: before and after every call of the store (and in the middle
 * of a write), before every byte of a request that drives an output, before
 * and after every other request, after what came of a reply, before and after
 * every poll, and before a code's derivation. A story runs once; at each of
 * its steps a child is forked, loses the process it was (the handle is
 * dropped as it is), and starts a new one on the disk: once with all that was
 * written, and, where something was not yet synced, once without it and once
 * with half of its sectors.
 *
 * What must then hold is computed here from three things that the library's
 * state has no part in: what the story asked for, what the boards did, and
 * the entries of the journal as a stranger reads them.
 */

#include "rig.h"
#include "sim_disk.h"

#include "cabinet/cabinet.h"
#include "gate/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    A07 = 6,
    A08 = 7,
    MOVED_US = 150000, /* people shut a door so soon */
    BAUD = 9600,
    MINUTE_MS = 60000,
    REST_MS = 2600, /* pulse_ms + rest_ms, and a little */
    OPENS = 7,      /* enum lb_open */
    REFS = 256,
    TOKEN = 3600000
};

struct kill;

struct story {
    const char *name;
    void (*before)(struct kill *k); /* up to where the story begins */
    void (*play)(struct kill *k);   /* killed at each step of this */
    void (*after)(struct kill *k);  /* in the new process */
    unsigned at_least;              /* kills: a story that shrank is no test */
    unsigned
        stride;  /* of steps at which nothing outside changed, one in so many */
    bool closed; /* no cabinet is open at its beginning */
};

/* What the journal's entries say of a door and its stay, and of the cabinet. */
struct ledger {
    unsigned intents[OPENS], back[OPENS];
    enum lb_open kind_of[REFS];
    unsigned tries, further_tries, tries_since_right, orders, seals;
    unsigned manifests, commissions, amendments;
    const char *last_order, *last_result;
    enum lockbus_custody custody;
    uint64_t first_spend_ms[LB_BUCKETS];
    unsigned spends[LB_BUCKETS];
};

struct kill {
    const struct story *story;
    struct rig *rig;
    struct sim_disk disk;
    struct lb_store below;
    struct parcel parcel;
    bool counting;
    unsigned kills, steps;
    bool looks;    /* this step differs, outside, from the last */
    uint64_t seen; /* what was outside at the last kill */
    /* what happened so far, by the story's own word */
    unsigned asked[OPENS], tried, derived, ordered;
    unsigned pulses_before; /* of all doors, when the story began */
    unsigned pulses;        /* of the story, at the kill */
    bool acknowledged;      /* an event or return said: it is done */
    unsigned deposited;     /* before the story began */
    uint8_t proof[LOCKBUS_PROOF_LEN];
    uint8_t order[LOCKBUS_ORDER_LEN];
    uint8_t manifest[LOCKBUS_MANIFEST_MAX];
    size_t manifest_len;
    struct ledger found; /* on the disk, at the kill */
};

/* The store's functions are given no other context. */
static struct kill *the_kill;

/* ---- Killing ------------------------------------------------------------ */

static void new_process(struct kill *k);

/* What somebody outside could tell apart: the disk, the outputs, the leaves.
 */
static uint64_t outside(const struct kill *k)
{
    const struct rig *rig = k->rig;
    uint64_t open = 0;

    for (unsigned i = 0; i < RIG_DOORS; i++) {
        open |= (uint64_t)rig->leaf[i].open << i;
    }
    return k->disk.cost * 1000003 + rig->writes_seen * 257 +
           rig_pulses(rig) * 31 + open * 65537 + k->derived;
}

static void child_dies_here(struct kill *k, enum sim_disk_tear tear)
{
    /* cmocka would jump to the next test in a child: abort instead. */
    (void)setenv("CMOCKA_TEST_ABORT", "1", 1);
    k->counting = false;
    k->rig->step = NULL;
    k->disk.tear = tear;
    k->disk.seed = k->kills;
    sim_disk_reboot(&k->disk);
    new_process(k);
    _exit(0);
}

static void kill_once(struct kill *k, enum sim_disk_tear tear)
{
    int status = 0;
    pid_t pid;

    k->kills++;
    (void)fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        child_dies_here(k, tear);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("%s: killed at step %u (tear %d): see above", k->story->name,
                 k->steps, (int)tear);
    }
}

static bool dirty(const struct sim_disk *disk)
{
    for (size_t i = 0; i < SIM_DISK_SEGMENTS; i++) {
        if (disk->segment[i].dirty) {
            return true;
        }
    }
    return false;
}

static void step(struct kill *k)
{
    if (k == NULL || !k->counting) {
        return;
    }
    uint64_t now = outside(k);

    k->steps++;
    k->looks = now != k->seen || k->steps == 1;
    k->seen = now;
    if (!k->looks && k->steps % k->story->stride != 0) {
        return;
    }
    kill_once(k, SIM_DISK_KEEP);
    if (dirty(&k->disk)) {
        kill_once(k, SIM_DISK_FORGET);
        kill_once(k, SIM_DISK_SCATTER);
    }
}

/* Within a request that drives no output nothing can differ. */
static void rig_step(struct rig *rig, enum rig_step what)
{
    bool drives = rig->request_len >= 2 && rig->request[1] == 5;

    if (what != RIG_SEND || rig->request_len == 0 || drives) {
        step(the_kill);
    }
}

/* ---- The store, one call at a time -------------------------------------- */

/* The linker gives the library these in place of its own folder. */
enum lockbus_err __wrap_lb_dir_open(struct lb_store *store, const char *path,
                                    bool create, bool read_only,
                                    struct lockbus_error *why);
void __wrap_lb_dir_close(struct lb_store *store);
void __wrap_lb_dir_last_error(const struct lb_store *store,
                              struct lockbus_error *why);
enum lockbus_err __real_lb_crypto_unseal(uint8_t seed[LB_SEED_LEN],
                                         const uint8_t seal[LB_SEAL_LEN],
                                         const uint8_t ad[LB_SEAL_AD_LEN],
                                         const char *password,
                                         size_t password_len);
enum lockbus_err __wrap_lb_crypto_unseal(uint8_t seed[LB_SEED_LEN],
                                         const uint8_t seal[LB_SEAL_LEN],
                                         const uint8_t ad[LB_SEAL_AD_LEN],
                                         const char *password,
                                         size_t password_len);

static enum lockbus_err create(void *user, uint32_t segment)
{
    struct kill *k = user;

    step(k);
    enum lockbus_err err = k->below.create(k->below.user, segment);

    step(k);
    return err;
}

static enum lockbus_err remove_segment(void *user, uint32_t segment)
{
    struct kill *k = user;

    step(k);
    enum lockbus_err err = k->below.remove(k->below.user, segment);

    step(k);
    return err;
}

static enum lockbus_err write_bytes(void *user, uint32_t segment,
                                    uint32_t offset, const uint8_t *buf,
                                    size_t len)
{
    struct kill *k = user;
    size_t half = len / 2;

    step(k);
    if (k->below.write(k->below.user, segment, offset, buf, half) !=
        LOCKBUS_OK) {
        return LOCKBUS_ERR_IO;
    }
    step(k);
    enum lockbus_err err =
        k->below.write(k->below.user, segment, offset + (uint32_t)half,
                       buf + half, len - half);

    step(k);
    return err;
}

static enum lockbus_err sync_segment(void *user, uint32_t segment)
{
    struct kill *k = user;
    enum lockbus_err err = k->below.sync(k->below.user, segment);

    step(k);
    return err;
}

static enum lockbus_err save(void *user, const char *name, const uint8_t *buf,
                             size_t len)
{
    struct kill *k = user;

    step(k);
    enum lockbus_err err = k->below.save(k->below.user, name, buf, len);

    step(k);
    return err;
}

static enum lockbus_err range(void *user, uint32_t *first, uint32_t *next)
{
    struct kill *k = user;

    return k->below.range(k->below.user, first, next);
}

static enum lockbus_err read_bytes(void *user, uint32_t segment,
                                   uint32_t offset, uint8_t *buf, size_t len)
{
    struct kill *k = user;

    return k->below.read(k->below.user, segment, offset, buf, len);
}

static enum lockbus_err load(void *user, const char *name, uint8_t *buf,
                             size_t cap, size_t *len)
{
    struct kill *k = user;

    return k->below.load(k->below.user, name, buf, cap, len);
}

enum lockbus_err __wrap_lb_dir_open(struct lb_store *store, const char *path,
                                    bool make, bool read_only,
                                    struct lockbus_error *why)
{
    (void)path;
    (void)make;
    (void)read_only;
    (void)why;
    *store = (struct lb_store){.user = the_kill,
                               .range = range,
                               .create = create,
                               .remove = remove_segment,
                               .read = read_bytes,
                               .write = write_bytes,
                               .sync = sync_segment,
                               .load = load,
                               .save = save};
    return LOCKBUS_OK;
}

void __wrap_lb_dir_close(struct lb_store *store)
{
    memset(store, 0, sizeof *store);
}

void __wrap_lb_dir_last_error(const struct lb_store *store,
                              struct lockbus_error *why)
{
    (void)store;
    *why = (struct lockbus_error){.err = LOCKBUS_OK};
}

enum lockbus_err __wrap_lb_crypto_unseal(uint8_t seed[LB_SEED_LEN],
                                         const uint8_t seal[LB_SEAL_LEN],
                                         const uint8_t ad[LB_SEAL_AD_LEN],
                                         const char *password,
                                         size_t password_len)
{
    if (the_kill->counting) {
        the_kill->derived++;
        step(the_kill);
    }
    return __real_lb_crypto_unseal(seed, seal, ad, password, password_len);
}

/* ---- What the journal says ---------------------------------------------- */

static bool is(const char *a, const char *b)
{
    return a != NULL && strcmp(a, b) == 0;
}

static enum lb_open open_of(const char *what)
{
    static const char *const names[OPENS] = {
        NULL, "release", "return", "deposit", "reopen", "cancel", "service"};

    for (unsigned i = 1; i < OPENS; i++) {
        if (is(what, names[i])) {
            return (enum lb_open)i;
        }
    }
    fail_msg("an intent for nothing that is known: %s", what);
    return LB_OPEN_NONE;
}

static enum lockbus_custody custody_named(const char *what)
{
    static const char *const names[] = {NULL, "vacant", "loading", "occupied",
                                        "emptying"};

    for (unsigned i = 1; i < 5; i++) {
        if (is(what, names[i])) {
            return (enum lockbus_custody)i;
        }
    }
    fail_msg("a custody that is none: %s", what);
    return LOCKBUS_CUSTODY_VACANT;
}

static void note_intent(struct ledger *l, const struct lockbus_entry *e)
{
    enum lb_open kind = open_of(e->what);
    unsigned bucket = kind == LB_OPEN_RELEASE   ? LB_BUCKET_RELEASE
                      : kind == LB_OPEN_RETURN  ? LB_BUCKET_RETURN
                      : kind == LB_OPEN_SERVICE ? LB_BUCKET_SERVICE
                                                : LB_BUCKETS;

    assert_true(e->ref < REFS);
    l->kind_of[e->ref] = kind;
    l->intents[kind]++;
    l->last_result = NULL;
    if (bucket < LB_BUCKETS && l->spends[bucket]++ == 0) {
        l->first_spend_ms[bucket] = e->powered_ms;
    }
}

static void note(struct ledger *l, const struct lockbus_entry *e)
{
    bool is_try = e->kind == LOCKBUS_ENTRY_TRY;
    bool is_order = e->kind == LOCKBUS_ENTRY_ORDER;

    if (e->kind == LOCKBUS_ENTRY_INTENT) {
        note_intent(l, e);
    } else if (e->kind == LOCKBUS_ENTRY_RESULT) {
        l->last_result = e->what;
        l->back[l->kind_of[e->ref]] += is(e->what, "never opened");
    } else if (e->kind == LOCKBUS_ENTRY_CUSTODY) {
        l->custody = custody_named(e->what);
    }
    l->seals += e->kind == LOCKBUS_ENTRY_SEAL;
    l->orders += is_order;
    l->last_order = is_order ? e->what : l->last_order;
    l->tries += is_try;
    l->further_tries += is_try && is(e->what, "further try");
    l->tries_since_right =
        e->kind == LOCKBUS_ENTRY_TRY_BACK ? 0 : l->tries_since_right + is_try;
}

/* Without the root key when there is none yet. */
static void read_ledger(struct kill *k, struct ledger *ledger)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_entry entry;

    memset(ledger, 0, sizeof *ledger);
    ledger->custody = LOCKBUS_CUSTODY_VACANT;
    if (lockbus_journal_open(&journal, "", k->rig->escrow, &why) !=
        LOCKBUS_OK) {
        return;
    }
    do {
        if (lockbus_journal_next(journal, &entry, &why) != LOCKBUS_OK) {
            fail_msg("the journal cannot be read: %s", why.text);
        }
        ledger->manifests += entry.kind == LOCKBUS_ENTRY_MANIFEST;
        if (entry.kind == LOCKBUS_ENTRY_COMMISSION) {
            ledger->commissions += is(entry.what, "first");
            ledger->amendments += is(entry.what, "amendment");
        }
        if (entry.kind != 0 && entry.door == A07) {
            note(ledger, &entry);
        }
    } while (entry.kind != 0);
    lockbus_journal_close(&journal);
}

static void journal_is_intact(struct kill *k)
{
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (lockbus_journal_verify("", k->rig->escrow, &report, &why) !=
        LOCKBUS_OK) {
        fail_msg("the journal does not verify: %s", report.text);
    }
    assert_true(report.intact && report.tags_checked);
}

/* ---- What must hold in the new process ---------------------------------- */

static struct lockbus_door look(const struct kill *k, uint16_t door)
{
    struct lockbus_door view = {.size = sizeof view};
    struct lockbus_error why;

    assert_int_equal(lockbus_door_at(k->rig->cab, door, &view, &why),
                     LOCKBUS_OK);
    return view;
}

/* What the journal promises was promised: no pulse, no derivation and no word
 * to the host without its record; no record without an ask. */
static void nothing_ran_ahead(const struct kill *k)
{
    const struct ledger *l = &k->found;
    unsigned intents = 0;

    for (unsigned i = 1; i < OPENS; i++) {
        unsigned earlier = i == LB_OPEN_DEPOSIT ? k->deposited : 0;

        assert_true(l->intents[i] >= earlier);
        assert_true(l->intents[i] - earlier <= k->asked[i]);
        intents += l->intents[i] - earlier;
    }
    if (k->pulses > intents * LB_PERMIT_PULSES) {
        fail_msg("%u pulses left, %u intents are on the disk", k->pulses,
                 intents);
    }
    assert_int_equal(rig_pulses_but(k->rig, A07), 0);
    assert_true(l->tries <= k->tried);
    assert_true(l->tries >= k->derived);
    assert_true(l->orders <= k->ordered);
}

static void uses_are_as_recorded(const struct kill *k)
{
    const struct ledger *l = &k->found;
    struct lockbus_door view = look(k, A07);

    if (view.custody == LOCKBUS_CUSTODY_VACANT) {
        return;
    }
    unsigned release = l->intents[LB_OPEN_RELEASE] - l->back[LB_OPEN_RELEASE];
    unsigned courier = 0;

    for (unsigned i = LB_OPEN_DEPOSIT; i <= LB_OPEN_CANCEL; i++) {
        courier += l->intents[i] - l->back[i];
    }
    assert_int_equal(view.release_uses_left, 2 - release);
    assert_int_equal(view.courier_uses_left, 3 - courier);
    assert_int_equal(view.seals, l->seals);
}

/* Each token spent is gone, less what powered time has brought since. */
static void tokens_are_as_recorded(const struct kill *k)
{
    static const unsigned burst[LB_BUCKETS] = {6, 3, 4};
    const struct ledger *l = &k->found;
    const struct lb_gate *gate = &k->rig->cab->gate;

    for (unsigned b = 0; b < LB_BUCKETS; b++) {
        uint64_t level = lb_bucket_level(gate, b, gate->powered_ms);
        uint64_t full = (uint64_t)burst[b] * TOKEN;
        uint64_t spent = (uint64_t)l->spends[b] * TOKEN;
        uint64_t since = gate->powered_ms - l->first_spend_ms[b];

        assert_true(level + spent >= full);
        assert_true(level <= full);
        assert_true(l->spends[b] == 0 || level + spent <= full + since * 60);
    }
}

static void tries_are_as_recorded(const struct kill *k)
{
    const struct ledger *l = &k->found;
    const struct lb_gate *gate = &k->rig->cab->gate;
    const struct lb_gate_door *door = &gate->doors[A07];
    unsigned tries = 0, hourly = 0;

    for (unsigned i = 0; i < 255; i++) {
        hourly += gate->hourly_s[i] != 0;
    }
    assert_int_equal(hourly, l->further_tries);
    if (door->custody != LB_CUSTODY_OCCUPIED &&
        door->custody != LB_CUSTODY_EMPTYING) {
        return; /* their place is another's then */
    }
    for (unsigned i = 0; i < LB_TRIES_MAX; i++) {
        tries += door->tries_s[i] != 0;
    }
    assert_int_equal(tries, l->tries_since_right);
}

/* Where a restart leaves custody, by what the journal had and by nothing
 * that the gate thinks. */
static void custody_is_protected(const struct kill *k)
{
    const struct ledger *l = &k->found;
    enum lockbus_custody now = look(k, A07).custody;
    enum lockbus_custody then = l->custody;

    if (then == LOCKBUS_CUSTODY_LOADING &&
        !is(l->last_result, "never opened")) {
        then = LOCKBUS_CUSTODY_OCCUPIED;
    }
    if (now != then) {
        fail_msg("custody %s, by the journal %s", lockbus_custody_name(now),
                 lockbus_custody_name(then));
    }
    for (uint16_t door = 0; door < RIG_DOORS; door++) {
        if (door != A07) {
            assert_int_equal(look(k, door).custody, LOCKBUS_CUSTODY_VACANT);
        }
    }
}

static void doors_read_back(const struct kill *k)
{
    for (uint16_t door = 0; door < RIG_DOORS; door++) {
        enum lockbus_latch latch = look(k, door).latch;
        bool open = latch == LOCKBUS_LATCH_OPEN ||
                    latch == LOCKBUS_LATCH_AJAR ||
                    latch == LOCKBUS_LATCH_FORCED;

        assert_true(open || latch == LOCKBUS_LATCH_SHUT);
        assert_int_equal(open, k->rig->leaf[door].open);
    }
}

/* Off is written to every output and read back; nothing else is written. */
static void outputs_are_off(const struct kill *k, unsigned writes)
{
    const struct rig *rig = k->rig;

    assert_true(writes >= RIG_DOORS);
    for (unsigned b = 0; b < RIG_BOARDS; b++) {
        for (unsigned c = 0; c < 8; c++) {
            assert_false(rig->board[b].coil[c]);
            assert_true(rig->board[b].coil_until_us[c] <= rig->now_us);
        }
    }
}

static void must_hold(const struct kill *k)
{
    custody_is_protected(k);
    uses_are_as_recorded(k);
    tokens_are_as_recorded(k);
    tries_are_as_recorded(k);
    doors_read_back(k);
}

static void new_process(struct kill *k)
{
    struct rig *rig = k->rig;

    rig->cab = NULL; /* killed: nothing is said goodbye to */
    rig->events = 0;
    k->pulses = rig_pulses(rig) - k->pulses_before;
    read_ledger(k, &k->found);
    if (k->story->closed) {
        k->story->after(k);
        return;
    }
    nothing_ran_ahead(k);
    unsigned writes = rig->writes_seen, pulses = rig_pulses(rig);

    rig_open(rig);
    rig_run(rig, 100);
    outputs_are_off(k, rig->writes_seen - writes);
    assert_int_equal(rig_pulses(rig), pulses);
    must_hold(k);
    if (!k->looks) {
        return; /* but for the clock, the step before has been here */
    }
    rig_run(rig, MINUTE_MS);
    assert_int_equal(rig_pulses(rig), pulses);
    custody_is_protected(k);
    uses_are_as_recorded(k);
    doors_read_back(k);
    k->story->after(k);
    journal_is_intact(k);
}

/* ---- People ------------------------------------------------------------- */

static void shut_all(struct kill *k)
{
    for (unsigned i = 0; i < RIG_DOORS; i++) {
        k->rig->leaf[i].open = false;
        k->rig->leaf[i].shut_at_us = 0;
    }
    rig_run(k->rig, REST_MS);
}

/* Asks until it is refused; how many opened, and by which rule it ended. */
static unsigned open_until_refused(struct kill *k, enum lockbus_proof_kind kind,
                                   const struct lockbus_signer *signer,
                                   enum lockbus_rule *rule)
{
    struct rig *rig = k->rig;
    unsigned opened = 0;

    rig->shut_after_us = MOVED_US;
    shut_all(k);
    for (;;) {
        struct lockbus_error why = {.err = LOCKBUS_OK};
        unsigned pulses = rig_pulses(rig);
        uint32_t ticket;

        assert_true(world_proof(
            &rig->world, rig->cab,
            (struct world_claim){A07, k->parcel.stay, kind, signer}, k->proof));
        if (lockbus_open_with_proof(rig->cab, k->proof, sizeof k->proof,
                                    &ticket, &why) != LOCKBUS_OK) {
            *rule = why.rule;
            return opened;
        }
        assert_int_equal(rig_finish(rig, ticket).kind, LOCKBUS_EVENT_OPENED);
        assert_int_equal(rig_pulses(rig), pulses + 1);
        rig_run(rig, REST_MS);
        opened++;
        assert_true(opened < 10);
    }
}

/* Every use that is left opens once, and then no more. */
static void release_uses_are_worth_what_they_say(struct kill *k)
{
    enum lockbus_rule rule = LOCKBUS_RULE_NONE;
    unsigned left = look(k, A07).release_uses_left;

    assert_int_equal(
        open_until_refused(k, LOCKBUS_PROOF_RELEASE, &k->parcel.release, &rule),
        left);
    assert_int_equal(rule, LOCKBUS_RULE_P7);
}

static void courier_uses_are_worth_what_they_say(struct kill *k)
{
    enum lockbus_rule rule = LOCKBUS_RULE_NONE;
    unsigned left = look(k, A07).courier_uses_left;

    assert_int_equal(open_until_refused(k, LOCKBUS_PROOF_REOPEN,
                                        &k->rig->world.courier, &rule),
                     left);
    assert_int_equal(rule, LOCKBUS_RULE_P7);
}

static enum lockbus_err deposit(struct kill *k, uint32_t *ticket,
                                struct lockbus_error *why)
{
    return lockbus_deposit_with_key(k->rig->cab, k->parcel.package,
                                    k->parcel.package_len,
                                    k->rig->world.courier.seed, ticket, why);
}

/* Asks and sees it through; a word of the host's is a promise. */
static void finish(struct kill *k, enum lockbus_err err, uint32_t ticket,
                   enum lockbus_event_kind kind)
{
    assert_int_equal(err, LOCKBUS_OK);
    assert_int_equal(rig_finish(k->rig, ticket).kind, kind);
    k->acknowledged = true;
}

static void with_parcel(struct kill *k, bool code)
{
    rig_deposit(k->rig, &k->parcel, A07, code);
    k->deposited = 1;
    k->rig->shut_after_us = MOVED_US;
    rig_run(k->rig, REST_MS);
}

static void a_parcel(struct kill *k)
{
    with_parcel(k, false);
}

static void a_parcel_with_a_code(struct kill *k)
{
    with_parcel(k, true);
}

/* ---- Deposit ------------------------------------------------------------ */

static void a_grant(struct kill *k)
{
    struct lockbus_error why;

    k->rig->shut_after_us = MOVED_US;
    /* While the other boards come, the first one's readings grow old. */
    rig_run(k->rig, 2000);
    assert_true(world_parcel(&k->rig->world, &k->parcel, A07, true, &why));
}

static void play_deposit(struct kill *k)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    k->asked[LB_OPEN_DEPOSIT]++;
    enum lockbus_err err = deposit(k, &ticket, &why);

    finish(k, err, ticket, LOCKBUS_EVENT_OPENED);
    rig_run(k->rig, 400);
    assert_int_equal(rig_custody(k->rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
}

/* The grant's stay is spent, or it opens as if nothing had been. */
static void after_deposit(struct kill *k)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;
    enum lockbus_err err = deposit(k, &ticket, &why);

    if (k->found.intents[LB_OPEN_DEPOSIT] != 0 &&
        !is(k->found.last_result, "never opened")) {
        assert_false(k->acknowledged && k->found.seals == 0);
        assert_int_equal(err, LOCKBUS_ERR_DENIED);
        assert_int_equal(why.rule, LOCKBUS_RULE_D9);
        courier_uses_are_worth_what_they_say(k);
        release_uses_are_worth_what_they_say(k);
        return;
    }
    finish(k, err, ticket, LOCKBUS_EVENT_OPENED);
    assert_int_equal(look(k, A07).courier_uses_left,
                     3 - 1 + k->found.back[LB_OPEN_DEPOSIT] -
                         k->found.intents[LB_OPEN_DEPOSIT]);
}

/* A latch that does not move gives its use back, and only then. */
static void a_grant_for_a_stuck_door(struct kill *k)
{
    a_grant(k);
    k->rig->leaf[A07].stuck = true;
}

static void play_stuck_deposit(struct kill *k)
{
    struct lockbus_error why;
    uint32_t ticket = 0;

    k->asked[LB_OPEN_DEPOSIT]++;
    enum lockbus_err err = deposit(k, &ticket, &why);

    finish(k, err, ticket, LOCKBUS_EVENT_FAILED);
    rig_run(k->rig, 100);
}

static void after_stuck_deposit(struct kill *k)
{
    k->rig->leaf[A07].stuck = false;
    if (k->acknowledged) {
        assert_int_equal(look(k, A07).courier_uses_left, 3);
    }
    after_deposit(k);
}

/* ---- Pickup -------------------------------------------------------------- */

static void play_proof(struct kill *k, enum lockbus_proof_kind kind,
                       const struct lockbus_signer *signer)
{
    struct rig *rig = k->rig;
    struct lockbus_error why;
    uint32_t ticket = 0;

    assert_true(world_proof(
        &rig->world, rig->cab,
        (struct world_claim){A07, k->parcel.stay, kind, signer}, k->proof));
    k->asked[kind]++;
    enum lockbus_err err = lockbus_open_with_proof(
        rig->cab, k->proof, sizeof k->proof, &ticket, &why);

    finish(k, err, ticket, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 400);
}

static void play_pickup(struct kill *k)
{
    play_proof(k, LOCKBUS_PROOF_RELEASE, &k->parcel.release);
}

/* What was presented before is worth nothing: its challenge died. */
static void old_proof_is_refused(struct kill *k)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket;

    if (k->asked[LB_OPEN_SERVICE] + k->tried != 0) {
        return;
    }
    assert_int_equal(lockbus_open_with_proof(k->rig->cab, k->proof,
                                             sizeof k->proof, &ticket, &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P5);
}

static void after_pickup(struct kill *k)
{
    assert_true(look(k, A07).release_uses_left >= 1);
    assert_false(k->acknowledged && look(k, A07).release_uses_left == 2);
    old_proof_is_refused(k);
    release_uses_are_worth_what_they_say(k);
}

static void a_code_with_a_slip(const struct kill *k,
                               char wrong[LOCKBUS_CODE_TEXT_MAX])
{
    memcpy(wrong, k->parcel.code, LOCKBUS_CODE_TEXT_MAX);
    char *last = &wrong[strlen(wrong) - 1];

    *last = *last == '7' ? '4' : '7';
}

static void play_code(struct kill *k)
{
    struct rig *rig = k->rig;
    struct lockbus_error why;
    char wrong[LOCKBUS_CODE_TEXT_MAX];
    uint32_t ticket = 0;

    a_code_with_a_slip(k, wrong);
    for (unsigned i = 0; i < 2; i++) {
        k->tried++;
        assert_int_equal(
            lockbus_release_with_code(rig->cab, wrong, &ticket, &why),
            LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).rule, LOCKBUS_RULE_C4);
    }
    k->tried++;
    k->asked[LB_OPEN_RELEASE]++;
    enum lockbus_err err =
        lockbus_release_with_code(rig->cab, k->parcel.code, &ticket, &why);

    finish(k, err, ticket, LOCKBUS_EVENT_OPENED);
    rig_run(rig, 400);
}

/* As many wrong codes as tries are left, then C2 even for the right one. */
static void after_code(struct kill *k)
{
    struct rig *rig = k->rig;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    char wrong[LOCKBUS_CODE_TEXT_MAX];
    unsigned left = rig->world.limits.code_tries - k->found.tries_since_right;
    uint32_t ticket;

    shut_all(k);
    a_code_with_a_slip(k, wrong);
    for (unsigned i = 0; i < left; i++) {
        assert_int_equal(
            lockbus_release_with_code(rig->cab, wrong, &ticket, &why),
            LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).rule, LOCKBUS_RULE_C4);
    }
    rig_run(rig, 1000); /* a sixth code at once would be BUSY */
    assert_int_equal(
        lockbus_release_with_code(rig->cab, k->parcel.code, &ticket, &why),
        LOCKBUS_OK);
    assert_int_equal(rig_finish(rig, ticket).rule, LOCKBUS_RULE_C2);
    after_pickup(k);
}

/* ---- Courier and return ------------------------------------------------- */

static void play_reopen(struct kill *k)
{
    play_proof(k, LOCKBUS_PROOF_REOPEN, &k->rig->world.courier);
}

static void after_reopen(struct kill *k)
{
    assert_true(look(k, A07).courier_uses_left >= 1);
    assert_false(k->acknowledged && look(k, A07).courier_uses_left == 2);
    old_proof_is_refused(k);
    courier_uses_are_worth_what_they_say(k);
    release_uses_are_worth_what_they_say(k);
}

/* Cancelled and seen open it is the recipient's no less, but the courier's no
 * more. */
static void after_cancel(struct kill *k)
{
    enum lockbus_rule rule = LOCKBUS_RULE_NONE;

    if (look(k, A07).custody == LOCKBUS_CUSTODY_OCCUPIED) {
        after_reopen(k);
        return;
    }
    assert_int_equal(look(k, A07).courier_uses_left, 1);
    assert_int_equal(open_until_refused(k, LOCKBUS_PROOF_CANCEL,
                                        &k->rig->world.courier, &rule),
                     0);
    assert_int_equal(rule, LOCKBUS_RULE_P4);
    release_uses_are_worth_what_they_say(k);
}

static void play_cancel(struct kill *k)
{
    play_proof(k, LOCKBUS_PROOF_CANCEL, &k->rig->world.courier);
}

static void return_signer(const struct kill *k, struct lockbus_signer *signer)
{
    uint8_t seed[32];

    memset(seed, 0x52, sizeof seed); /* as world_parcel() makes it */
    memcpy(seed, &k->parcel.stay, sizeof k->parcel.stay);
    seed[31] = k->rig->world.seed;
    assert_int_equal(lockbus_signer_from_seed(signer, seed), LOCKBUS_OK);
}

static void a_parcel_that_is_overdue(struct kill *k)
{
    a_parcel(k);
    rig_stall(k->rig, 86400 * 1000ULL);
    rig_run(k->rig, REST_MS);
}

static void play_return(struct kill *k)
{
    struct lockbus_signer signer;

    return_signer(k, &signer);
    play_proof(k, LOCKBUS_PROOF_RETURN, &signer);
}

/* A return has no uses: its bucket bounds it, here to three. */
static void after_return(struct kill *k)
{
    struct lockbus_signer signer;
    enum lockbus_rule rule = LOCKBUS_RULE_NONE;
    unsigned spent = k->found.intents[LB_OPEN_RETURN];
    unsigned minutes = 1; /* a token comes back each minute */

    return_signer(k, &signer);
    old_proof_is_refused(k);
    unsigned opened =
        open_until_refused(k, LOCKBUS_PROOF_RETURN, &signer, &rule);

    assert_true(opened >= 3 - spent && opened <= 3 + minutes - spent);
    assert_int_equal(rule, LOCKBUS_RULE_P8);
    assert_int_equal(look(k, A07).release_uses_left, 2);
}

/* ---- Service ------------------------------------------------------------ */

static void order_now(struct kill *k, enum lockbus_service_action action,
                      enum lockbus_event_kind end)
{
    struct rig *rig = k->rig;
    struct lockbus_error why;
    uint32_t ticket = 0;

    assert_true(world_order(&rig->world, rig->cab, A07, action, k->order));
    if (action == LOCKBUS_SERVICE_OPEN) {
        k->asked[LB_OPEN_SERVICE]++;
    } else {
        k->ordered++;
    }
    k->acknowledged = false;
    enum lockbus_err err =
        lockbus_service(rig->cab, k->order, sizeof k->order, &ticket, &why);

    finish(k, err, ticket, end);
}

static void play_service(struct kill *k)
{
    order_now(k, LOCKBUS_SERVICE_OPEN, LOCKBUS_EVENT_OPENED);
    rig_run(k->rig, 400);
    order_now(k, LOCKBUS_SERVICE_BLOCK, LOCKBUS_EVENT_DONE);
    order_now(k, LOCKBUS_SERVICE_UNBLOCK, LOCKBUS_EVENT_DONE);
    order_now(k, LOCKBUS_SERVICE_CLEAR, LOCKBUS_EVENT_DONE);
}

/* Each order stands or does not, and what was said to be done stands. */
static void after_service(struct kill *k)
{
    const struct ledger *l = &k->found;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_door view = look(k, A07);
    uint32_t ticket;

    assert_int_equal(view.blocked, is(l->last_order, "block"));
    assert_false(k->acknowledged && l->orders < k->ordered);
    assert_int_equal(
        lockbus_service(k->rig->cab, k->order, sizeof k->order, &ticket, &why),
        LOCKBUS_ERR_DENIED);
    assert_true(why.rule == LOCKBUS_RULE_S5);
    shut_all(k);
    if (view.blocked) {
        order_now(k, LOCKBUS_SERVICE_UNBLOCK, LOCKBUS_EVENT_DONE);
    }
    if (view.custody != LOCKBUS_CUSTODY_VACANT) {
        release_uses_are_worth_what_they_say(k);
    }
    order_now(k, LOCKBUS_SERVICE_OPEN, LOCKBUS_EVENT_OPENED);
}

/* ---- Manifest and seal -------------------------------------------------- */

/* Epoch 11 without the issuer of epoch 10: all that it began is frozen. */
static void a_new_epoch(struct kill *k)
{
    struct world *world = &k->rig->world;
    struct lockbus_error why;

    a_parcel(k);
    world->manifest_no++;
    world->epoch++;
    world->distrusted_from = 10;
    assert_int_equal(lockbus_signer_generate(&world->issuer), LOCKBUS_OK);
    assert_true(world_manifest(world, k->manifest, &k->manifest_len, &why));
}

static void play_manifest(struct kill *k)
{
    struct lockbus_error why;
    uint32_t ticket = 0;
    enum lockbus_err err = lockbus_manifest(k->rig->cab, k->manifest,
                                            k->manifest_len, &ticket, &why);

    finish(k, err, ticket, LOCKBUS_EVENT_DONE);
    rig_run(k->rig, 50);
}

static void after_manifest(struct kill *k)
{
    struct rig *rig = k->rig;
    struct lockbus_cabinet_info info = {.size = sizeof info};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel next;
    uint32_t ticket = 0;

    assert_int_equal(lockbus_cabinet_info(rig->cab, &info), LOCKBUS_OK);
    bool in_force = k->found.manifests == 2;

    assert_true(in_force || !k->acknowledged);
    assert_int_equal(info.manifest_no, in_force ? 2 : 1);
    assert_int_equal(info.epoch, in_force ? 11 : 10);
    assert_int_equal(look(k, A07).frozen, in_force);
    enum lockbus_err err =
        lockbus_manifest(rig->cab, k->manifest, k->manifest_len, &ticket, &why);

    if (in_force) {
        assert_int_equal(err, LOCKBUS_ERR_DENIED);
        assert_int_equal(why.rule, LOCKBUS_RULE_M3);
    } else {
        finish(k, err, ticket, LOCKBUS_EVENT_DONE);
    }
    assert_true(look(k, A07).frozen);
    rig_deposit(rig, &next, A08, false);
}

static void play_seal(struct kill *k)
{
    struct rig *rig = k->rig;
    struct lockbus_error why;
    struct lockbus_code_form form = {.opslimit = 1, .memory_kib = 8192};
    char code[LOCKBUS_CODE_TEXT_MAX];
    uint8_t seal[LOCKBUS_SEAL_LEN];
    uint32_t ticket = 0;

    assert_int_equal(lockbus_issue_code(code, seal, &form, A07,
                                        rig->world.cabinet_id, k->parcel.stay,
                                        k->parcel.release.seed, &why),
                     LOCKBUS_OK);
    memcpy(k->parcel.code, code, sizeof k->parcel.code);
    enum lockbus_err err =
        lockbus_seal(rig->cab, A07, seal, sizeof seal, &ticket, &why);

    finish(k, err, ticket, LOCKBUS_EVENT_DONE);
    rig_run(rig, 50);
}

static void after_seal(struct kill *k)
{
    struct rig *rig = k->rig;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket = 0;

    assert_false(k->acknowledged && k->found.seals == 0);
    enum lockbus_err err =
        lockbus_release_with_code(rig->cab, k->parcel.code, &ticket, &why);

    if (k->found.seals == 0) {
        assert_int_equal(err, LOCKBUS_OK);
        assert_int_equal(rig_finish(rig, ticket).rule, LOCKBUS_RULE_C1);
        return;
    }
    finish(k, err, ticket, LOCKBUS_EVENT_OPENED);
}

/* ---- Amendment and commissioning: no cabinet is open -------------------- */

static void boards_are(struct kill *k, unsigned boards)
{
    assert_true(world_config(&k->rig->world, boards, "host:rig",
                             LB_SOURCE_DIR "/profiles", BAUD));
    for (unsigned b = 0; b < RIG_BOARDS; b++) {
        k->rig->board[b].powered = b < boards;
    }
}

static void a_column_fewer(struct kill *k)
{
    a_parcel(k);
    rig_close(k->rig);
    boards_are(k, RIG_BOARDS - 1);
}

static void play_amend(struct kill *k)
{
    struct lockbus_error why;

    assert_true(world_amend(&k->rig->world, &why));
    k->acknowledged = true;
}

/* The old map or the new one: each opens under its own wiring only. */
static void after_amend(struct kill *k)
{
    struct rig *rig = k->rig;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    bool amended = k->found.amendments == 1;

    assert_true(amended || !k->acknowledged);
    boards_are(k, amended ? RIG_BOARDS : RIG_BOARDS - 1);
    assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_K5);
    boards_are(k, amended ? RIG_BOARDS - 1 : RIG_BOARDS);
    unsigned pulses = rig_pulses(rig);

    rig_open(rig);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    if (!amended) {
        rig_close(rig);
        boards_are(k, RIG_BOARDS - 1);
        if (!world_amend(&rig->world, &why)) {
            fail_msg("amending again: %s %s", lockbus_rule_name(why.rule),
                     why.text);
        }
        rig_open(rig);
    }
    assert_int_equal(rig_pulses(rig), pulses);
    release_uses_are_worth_what_they_say(k);
    journal_is_intact(k);
}

static void a_wired_cabinet(struct kill *k)
{
    rig_close(k->rig);
    sim_disk_deinit(&k->disk);
    sim_disk_init(&k->disk);
}

static void play_commission(struct kill *k)
{
    struct lockbus_error why;

    assert_true(world_commission(&k->rig->world, k->rig->escrow, &why));
    k->acknowledged = true;
}

/* Done, or a sentence that says what to do; and doing that helps. */
static void after_commission(struct kill *k)
{
    struct rig *rig = k->rig;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct parcel parcel;
    uint8_t escrow[32];

    if (rig_try_open(rig, &why) == LOCKBUS_OK) {
        rig_close(rig);
        rig_open(rig);
        rig_deposit(rig, &parcel, A07, false);
        return;
    }
    assert_false(k->acknowledged);
    if (strstr(why.text, "commission") == NULL) { /* it says what to do */
        fail_msg("the start says: %s: %s", why.field, why.text);
    }
    memset(&why, 0, sizeof why);
    if (!world_commission(&rig->world, escrow, &why)) {
        if (strstr(why.text, "remove") == NULL) {
            fail_msg("commissioning again says: %s: %s", why.field, why.text);
        }
        sim_disk_deinit(&k->disk);
        sim_disk_init(&k->disk);
        assert_true(world_commission(&rig->world, escrow, &why));
    }
    memcpy(rig->escrow, escrow, sizeof escrow);
    rig_open(rig);
    rig_deposit(rig, &parcel, A07, false);
    journal_is_intact(k);
}

/* ---- Stories ------------------------------------------------------------ */

/* clang-format off */
static struct story stories[] = {
    {"a deposit",
     a_grant, play_deposit, after_deposit, 150, 1, false},
    {"a door that sticks",
     a_grant_for_a_stuck_door, play_stuck_deposit, after_stuck_deposit, 100, 50, false},
    {"a pickup by proof",
     a_parcel, play_pickup, after_pickup, 40, 5, false},
    {"a pickup by code after two wrong ones",
     a_parcel_with_a_code, play_code, after_code, 40, 5, false},
    {"a reopening",
     a_parcel, play_reopen, after_reopen, 40, 5, false},
    {"a cancellation",
     a_parcel, play_cancel, after_cancel, 40, 5, false},
    {"a return",
     a_parcel_that_is_overdue, play_return, after_return, 40, 5, false},
    {"service: open, block, unblock, clear",
     a_parcel, play_service, after_service, 40, 5, false},
    {"a manifest of a new epoch",
     a_new_epoch, play_manifest, after_manifest, 20, 1, false},
    {"a second seal",
     a_parcel, play_seal, after_seal, 20, 1, false},
    {"an amendment",
     a_column_fewer, play_amend, after_amend, 20, 1, true},
    {"commissioning",
     a_wired_cabinet, play_commission, after_commission, 20, 1, true},
};
/* clang-format on */

enum { STORIES = sizeof stories / sizeof stories[0] };

static void killed_anywhere(void **state)
{
    const struct story *story = *state;
    struct kill *k = calloc(1, sizeof *k);

    assert_non_null(k);
    the_kill = k;
    k->story = story;
    sim_disk_init(&k->disk);
    k->below = sim_disk_store(&k->disk);
    k->rig = rig_new_closed();
    k->rig->byte_us = 10 * 1000000 / BAUD;
    boards_are(k, RIG_BOARDS);
    rig_open(k->rig);
    story->before(k);
    k->pulses_before = rig_pulses(k->rig);
    k->rig->step = rig_step;
    k->counting = true;
    story->play(k);
    k->counting = false;
    k->rig->step = NULL;
    print_message("%s: %u steps, %u kills\n", story->name, k->steps, k->kills);
    assert_true(k->kills >= story->at_least);
    rig_free(k->rig);
    sim_disk_deinit(&k->disk);
    the_kill = NULL;
    free(k);
}

/* An argument chooses among the stories by a pattern. */
int main(int argc, char **argv)
{
    static struct CMUnitTest tests[STORIES];

    for (size_t i = 0; i < STORIES; i++) {
        tests[i] = (struct CMUnitTest){.name = stories[i].name,
                                       .test_func = killed_anywhere,
                                       .initial_state = &stories[i]};
    }
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests_name("killed anywhere", tests, NULL, NULL);
}
