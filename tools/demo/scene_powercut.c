/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * The worst moment for the power to go: the intent is on the disk, the pulse
 * has not left. It is brought about, not waited for: a process of its own
 * runs the cabinet, asks, and lets the library do only what is due at that
 * very microsecond. A line that has just been used must be quiet for 1.75 ms,
 * so no pulse can be due. When the journal shows the intent, the process is
 * killed and the boards lose their power.
 */

#include "scenes.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* An ask is decided at once when its board answered in the last round. */
enum { STILL_MS = 1500, ROUNDS = 3 };

/* What the journal says of a release that was cut short. */
struct cut {
    bool intent, opened;
};

struct victim {
    pid_t pid;
    int told;  /* the proof that it handed in */
    int leash; /* it ends when this does */
};

static bool is_settled(struct lockbus_cabinet *cab)
{
    struct lockbus_cabinet_info info = {.size = sizeof info};

    return lockbus_cabinet_info(cab, &info) == LOCKBUS_OK &&
           info.boards_present == info.boards && info.rounds >= ROUNDS;
}

/* Opens the cabinet and drives it to its first complete round; the time of
 * the last poll, or 0. */
static uint64_t run_until_ready(struct stage *stage)
{
    struct lockbus_error why;
    struct lockbus_event event;
    char path[WORLD_PATH + 64];
    uint64_t now = stage_now_us();
    uint64_t until = now + WAIT_MS * UINT64_C(1000);

    (void)snprintf(path, sizeof path, "%s/cabinet.ini", stage->world.dir);
    if (lockbus_cabinet_open(&stage->cab, path, NULL, &why) != LOCKBUS_OK) {
        return 0;
    }
    while (!is_settled(stage->cab) && now < until) {
        struct pollfd fd = {lockbus_cabinet_fd(stage->cab), POLLIN, 0};

        (void)poll(&fd, 1, lockbus_cabinet_timeout_ms(stage->cab, now));
        now = stage_now_us();
        if (lockbus_cabinet_poll(stage->cab, now) != LOCKBUS_OK) {
            return 0;
        }
        while (lockbus_cabinet_next_event(stage->cab, &event)) {
        }
    }
    return is_settled(stage->cab) &&
                   lockbus_cabinet_time(stage->cab, stage->world.now_unix,
                                        true) == LOCKBUS_OK
               ? now
               : 0;
}

static struct world_claim claim_of(const struct parcel *parcel)
{
    return (struct world_claim){parcel->door, parcel->stay,
                                LOCKBUS_PROOF_RELEASE, &parcel->release};
}

/* The process that is going to be killed. */
static void live_and_die(struct stage *stage, int told, int leash)
{
    const struct parcel *parcel = &stage->parcel[CUT_SHORT];
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct lockbus_error why;
    uint32_t ticket;
    char never;
    uint64_t now = run_until_ready(stage);

    if (now == 0 ||
        !world_proof(&stage->world, stage->cab, claim_of(parcel), proof) ||
        lockbus_open_with_proof(stage->cab, proof, sizeof proof, &ticket,
                                &why) != LOCKBUS_OK ||
        lockbus_cabinet_poll(stage->cab, now) != LOCKBUS_OK ||
        write(told, proof, sizeof proof) != (ssize_t)sizeof proof) {
        _exit(1);
    }
    (void)read(leash, &never, 1);
    _exit(2);
}

static bool start_victim(struct stage *stage, struct victim *victim)
{
    int told[2], leash[2];

    if (pipe(told) != 0) {
        return false;
    }
    if (pipe(leash) != 0) {
        (void)close(told[0]);
        (void)close(told[1]);
        return false;
    }
    victim->pid = fork();
    if (victim->pid == 0) {
        (void)close(told[0]);
        (void)close(leash[1]);
        live_and_die(stage, told[1], leash[0]);
    }
    (void)close(told[1]);
    (void)close(leash[0]);
    victim->told = told[0];
    victim->leash = leash[1];
    return victim->pid > 0;
}

static bool hear(struct stage *stage, const struct victim *victim,
                 uint8_t proof[LOCKBUS_PROOF_LEN])
{
    uint64_t until = stage_now_us() + WAIT_MS * UINT64_C(1000);
    struct pollfd wait = {victim->told, POLLIN, 0};
    struct lockbus_event unused;

    while (poll(&wait, 1, 0) == 0 && stage_now_us() < until) {
        (void)stage_turn(stage, 0, &unused);
    }
    return poll(&wait, 1, 0) == 1 &&
           read(victim->told, proof, LOCKBUS_PROOF_LEN) == LOCKBUS_PROOF_LEN;
}

/* The newest release of the parcel's stay, as the journal has it now. */
static struct cut look_up(struct stage *stage)
{
    const struct parcel *parcel = &stage->parcel[CUT_SHORT];
    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry;
    struct lockbus_error why;
    struct cut cut = {.intent = false};
    char path[WORLD_PATH + 64];
    uint32_t ref = 0;

    (void)snprintf(path, sizeof path, "%s/journal", stage->world.dir);
    if (lockbus_journal_open(&journal, path, stage->escrow, &why) !=
        LOCKBUS_OK) {
        return cut;
    }
    while (lockbus_journal_next(journal, &entry, &why) == LOCKBUS_OK &&
           entry.kind != 0) {
        if (entry.kind == LOCKBUS_ENTRY_INTENT && entry.door == parcel->door &&
            strcmp(entry.what, "release") == 0) {
            cut = (struct cut){.intent = true};
            ref = entry.ref;
        } else if (entry.kind == LOCKBUS_ENTRY_RESULT && entry.ref == ref &&
                   cut.intent && strcmp(entry.what, "unknown") != 0) {
            cut.opened = true;
        }
    }
    lockbus_journal_close(&journal);
    return cut;
}

static bool wait_for_intent(struct stage *stage)
{
    uint64_t until = stage_now_us() + WAIT_MS * UINT64_C(1000);
    struct lockbus_event unused;

    while (!look_up(stage).intent && stage_now_us() < until) {
        (void)stage_turn(stage, 0, &unused);
    }
    return look_up(stage).intent;
}

static bool power(struct stage *stage, const char *what)
{
    char line[32], reply[SAID_MAX];
    bool ok = true;

    for (unsigned board = 1; board <= BOARDS; board++) {
        (void)snprintf(line, sizeof line, "board %u %s", board, what);
        ok = simulator_ask(&stage->sim, line, reply, sizeof reply) && ok;
    }
    return ok;
}

/* True when it was still alive, and died of this. */
static bool cut_power(struct stage *stage, const struct victim *victim)
{
    int status = 0;

    (void)kill(victim->pid, SIGKILL);
    bool off = power(stage, "off");

    (void)waitpid(victim->pid, &status, 0);
    (void)close(victim->told);
    (void)close(victim->leash);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && off;
}

static void again(struct stage *stage, const uint8_t *old_proof)
{
    const struct parcel *parcel = &stage->parcel[CUT_SHORT];
    const char *label = stage_label(parcel->door);
    uint8_t proof[LOCKBUS_PROOF_LEN];
    struct outcome came = stage_prove(stage, old_proof);

    stage_check(stage, !came.opened && came.rule == LOCKBUS_RULE_P5,
                "the proof from before the cut: P5, challenges die with the "
                "process");
    bool made = world_proof(&stage->world, stage->cab, claim_of(parcel), proof);

    stage_check(stage, made && stage_prove(stage, proof).opened,
                "the recipient asks again, by her second use: %s opened",
                label);
    stage_check(stage, stage_door(stage, parcel->door).release_uses_left == 0,
                "and that was her last: each use is spent once");
}

bool scene_powercut(struct stage *stage)
{
    const struct parcel *parcel = &stage->parcel[CUT_SHORT];
    const char *label = stage_label(parcel->door);
    struct victim victim = {.pid = -1};
    uint8_t proof[LOCKBUS_PROOF_LEN];
    char reply[SAID_MAX];

    stage_scene(stage, "The power goes between the intent and the pulse");
    (void)stage_ask_moved(stage, reply); /* from here on */
    stage_close(stage);
    if (!start_victim(stage, &victim)) {
        stage_note(stage, "no process could be started");
        return false;
    }
    bool asked = hear(stage, &victim, proof) && wait_for_intent(stage);
    bool killed = cut_power(stage, &victim);

    stage_check(stage, asked && killed,
                "the recipient of %s asks; her intent is on the disk; the "
                "process is killed, the boards are dark",
                label);
    stage_check(stage, power(stage, "on") && stage_open(stage),
                "the power is back, the cabinet starts on its journal");
    stage_wait_ms(stage, STILL_MS);
    stage_check(stage, stage_ask_moved(stage, reply) && strcmp(reply, "0") == 0,
                "no latch moved: not before the cut, not by starting");
    struct lockbus_door door = stage_door(stage, parcel->door);

    stage_check(stage,
                door.custody == LOCKBUS_CUSTODY_OCCUPIED &&
                    door.release_uses_left == 1,
                "%s is still OCCUPIED; that use is spent, one is left", label);
    struct cut cut = look_up(stage);

    stage_check(stage, cut.intent && !cut.opened,
                "the journal: a release of %s was allowed, what came of it is "
                "not known; it claims no more",
                label);
    again(stage, proof);
    return true;
}
