/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "victim.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLLS = 20, LOOKS = 20, LOOK_MS = 5 };

/* Whether an ask for the parcel's door would be decided at once. */
static bool is_settled(const struct stage *stage)
{
    struct lockbus_board board = {.size = sizeof board};
    unsigned index = stage->parcel[CUT_SHORT].door / (DOORS / BOARDS);

    return lockbus_board_at(stage->cab, index, &board, NULL) == LOCKBUS_OK &&
           board.state == LOCKBUS_BOARD_PRESENT &&
           stage_door(stage, stage->parcel[CUT_SHORT].door).latch ==
               LOCKBUS_LATCH_SHUT;
}

struct trace victim_trace(const struct stage *stage)
{
    const struct parcel *parcel = &stage->parcel[CUT_SHORT];
    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry;
    struct lockbus_error why;
    struct trace trace = {.intent = false};
    char path[WORLD_PATH + 64];
    uint32_t ref = 0;

    (void)snprintf(path, sizeof path, "%s/journal", stage->world.dir);
    if (lockbus_journal_open(&journal, path, stage->escrow, &why) !=
        LOCKBUS_OK) {
        return trace;
    }
    while (lockbus_journal_next(journal, &entry, &why) == LOCKBUS_OK &&
           entry.kind != 0) {
        if (entry.kind == LOCKBUS_ENTRY_INTENT && entry.door == parcel->door &&
            strcmp(entry.what, "release") == 0) {
            trace = (struct trace){.intent = true};
            ref = entry.ref;
        } else if (entry.kind == LOCKBUS_ENTRY_RESULT && entry.ref == ref &&
                   trace.intent && strcmp(entry.what, "unknown") != 0) {
            trace.result = true;
        }
    }
    lockbus_journal_close(&journal);
    return trace;
}

static struct world_claim claim_of(const struct parcel *parcel)
{
    return (struct world_claim){parcel->door, parcel->stay,
                                LOCKBUS_PROOF_RELEASE, &parcel->release};
}

/* Lets the library do what is due at `now`, and no more, until the intent is
 * in the journal: the worker may have something else to write first. */
static bool poll_until_written(struct stage *stage, uint64_t now,
                               struct last_words *words)
{
    struct lockbus_event event;

    for (int i = 0; i < POLLS && words->why[0] == '\0'; i++) {
        if (lockbus_cabinet_poll(stage->cab, now) != LOCKBUS_OK) {
            break;
        }
        while (lockbus_cabinet_next_event(stage->cab, &event)) {
            if (event.kind == LOCKBUS_EVENT_SENT) {
                (void)snprintf(words->why, sizeof words->why,
                               "the pulse was quicker than the cut");
            }
        }
        for (int w = 0; w < LOOKS; w++) {
            if (victim_trace(stage).intent) {
                return words->why[0] == '\0';
            }
            (void)poll(NULL, 0, LOOK_MS);
        }
    }
    return false;
}

/* Asks at `now`, which was the time of the last poll. */
static bool ask(struct stage *stage, uint64_t now, struct last_words *words)
{
    const struct parcel *parcel = &stage->parcel[CUT_SHORT];
    struct lockbus_error why = {.err = LOCKBUS_OK};
    uint32_t ticket;

    if (!world_proof(&stage->world, stage->cab, claim_of(parcel),
                     words->proof) ||
        lockbus_open_with_proof(stage->cab, words->proof, sizeof words->proof,
                                &ticket, &why) != LOCKBUS_OK) {
        (void)snprintf(words->why, sizeof words->why, "%s %s",
                       lockbus_rule_name(why.rule), why.text);
        return false;
    }
    words->why[0] = '\0';
    words->asked = poll_until_written(stage, now, words);
    return true;
}

/* The process that is going to be killed. It says its last words and waits. */
static void live_and_die(struct stage *stage, int told, int leash)
{
    struct last_words words = {.why = "the boards do not answer"};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_event event;
    char path[WORLD_PATH + 64], never;
    uint64_t now = stage_now_us();
    uint64_t until = now + WAIT_MS * UINT64_C(1000);

    (void)snprintf(path, sizeof path, "%s/cabinet.ini", stage->world.dir);
    bool goes_on =
        lockbus_cabinet_open(&stage->cab, path, NULL, &why) == LOCKBUS_OK;

    if (!goes_on) {
        (void)snprintf(words.why, sizeof words.why, "%s", why.text);
    }
    while (goes_on && now < until) {
        now = stage_now_us();
        goes_on = lockbus_cabinet_poll(stage->cab, now) == LOCKBUS_OK &&
                  !(is_settled(stage) && ask(stage, now, &words));
        while (lockbus_cabinet_next_event(stage->cab, &event)) {
        }
        struct pollfd fd = {lockbus_cabinet_fd(stage->cab), POLLIN, 0};

        (void)(goes_on &&
               poll(&fd, 1, lockbus_cabinet_timeout_ms(stage->cab, now)) >= 0);
    }
    if (write(told, &words, sizeof words) == (ssize_t)sizeof words) {
        (void)read(leash, &never, 1);
    }
    _exit(1);
}

bool victim_start(struct victim *victim, struct stage *stage)
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

bool victim_hear(const struct victim *victim, struct stage *stage,
                 struct last_words *words)
{
    uint64_t until = stage_now_us() + WAIT_MS * UINT64_C(1000);
    struct pollfd wait = {victim->told, POLLIN, 0};
    struct lockbus_event unused;

    while (poll(&wait, 1, 0) == 0 && stage_now_us() < until) {
        (void)stage_turn(stage, 0, &unused);
    }
    return poll(&wait, 1, 0) == 1 &&
           read(victim->told, words, sizeof *words) == (ssize_t)sizeof *words &&
           words->asked;
}

bool victim_kill(struct victim *victim)
{
    int status = 0;

    (void)kill(victim->pid, SIGKILL);
    (void)waitpid(victim->pid, &status, 0);
    (void)close(victim->told);
    (void)close(victim->leash);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}
