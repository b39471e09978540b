/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "door/latch.h"

#include <stdio.h>
#include <string.h>

enum {
    AJAR_MS = 60000,
    FACTS = LB_LATCH_FX_OPENED | LB_LATCH_FX_NEVER | LB_LATCH_FX_UNKNOWN
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- One step, by rows -------------------------------------------------- */

struct row {
    const char *name;
    enum lb_latch_state from;
    bool permit; /* one runs, or comes with EV_PERMIT */
    enum lb_latch_event event;
    enum lb_latch_state to;
    unsigned effects;
    bool permit_after, ajar_after;
};

/* clang-format off */
static struct row rows[] = {
    {"a permit on a shut leaf pulses", LB_LATCH_SHUT, true, LB_LATCH_EV_PERMIT, LB_LATCH_RELEASING, LB_LATCH_FX_PULSE, true, false},
    {"the event without a permit pulses nothing", LB_LATCH_SHUT, false, LB_LATCH_EV_PERMIT, LB_LATCH_SHUT, 0, false, false},
    {"a leaf opening unbidden is forced", LB_LATCH_SHUT, false, LB_LATCH_EV_LEAF_OPEN, LB_LATCH_FORCED, LB_LATCH_FX_OPENED | LB_LATCH_FX_FORCED | LB_LATCH_FX_ARM_AJAR, false, true},
    {"a leaf opening on a permit is opened and ends further pulses", LB_LATCH_RELEASING, true, LB_LATCH_EV_LEAF_OPEN, LB_LATCH_OPEN, LB_LATCH_FX_OPENED | LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_ARM_AJAR, false, true},
    {"a leaf still shut is no news", LB_LATCH_RELEASING, true, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_RELEASING, 0, true, false},
    {"a leaf shut at the deadline never opened and is jammed", LB_LATCH_RELEASING, true, LB_LATCH_EV_DEADLINE, LB_LATCH_JAMMED, LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_NEVER | LB_LATCH_FX_JAMMED, false, false},
    {"a permit that lapses over a shut leaf leaves it shut and not jammed", LB_LATCH_RELEASING, true, LB_LATCH_EV_LAPSED, LB_LATCH_SHUT, LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_NEVER, false, false},
    {"a board lost during a release leaves its end unknown", LB_LATCH_RELEASING, true, LB_LATCH_EV_AWAY, LB_LATCH_AWAY, LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_UNKNOWN, false, false},
    {"a newer permit withdraws the older and pulses", LB_LATCH_RELEASING, true, LB_LATCH_EV_PERMIT, LB_LATCH_RELEASING, LB_LATCH_FX_CANCEL | LB_LATCH_FX_PULSE, true, false},
    {"a permit over a leaf that is open pulses", LB_LATCH_OPEN, true, LB_LATCH_EV_PERMIT, LB_LATCH_OPEN, LB_LATCH_FX_CANCEL | LB_LATCH_FX_PULSE, true, false},
    {"a permit over a leaf that is ajar pulses and its time begins anew", LB_LATCH_AJAR, true, LB_LATCH_EV_PERMIT, LB_LATCH_OPEN, LB_LATCH_FX_CANCEL | LB_LATCH_FX_PULSE | LB_LATCH_FX_ARM_AJAR, true, true},
    {"a permit over a forced leaf pulses", LB_LATCH_FORCED, true, LB_LATCH_EV_PERMIT, LB_LATCH_OPEN, LB_LATCH_FX_PULSE | LB_LATCH_FX_ARM_AJAR, true, true},
    {"the deadline over an open leaf brings no fact", LB_LATCH_OPEN, true, LB_LATCH_EV_DEADLINE, LB_LATCH_OPEN, LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT, false, false},
    {"a leaf that shuts ends the permit that found it open", LB_LATCH_OPEN, true, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_SHUT, LB_LATCH_FX_SHUT | LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_UNKNOWN | LB_LATCH_FX_DISARM_AJAR, false, false},
    {"a leaf that shuts without a permit is shut, no more", LB_LATCH_OPEN, false, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_SHUT, LB_LATCH_FX_SHUT | LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_DISARM_AJAR, false, false},
    {"a leaf open too long is ajar", LB_LATCH_OPEN, false, LB_LATCH_EV_AJAR, LB_LATCH_AJAR, LB_LATCH_FX_AJAR | LB_LATCH_FX_DISARM_AJAR | LB_LATCH_FX_REMIND, false, true},
    {"a leaf that is ajar still is told again", LB_LATCH_AJAR, false, LB_LATCH_EV_AJAR, LB_LATCH_AJAR, LB_LATCH_FX_AJAR | LB_LATCH_FX_DISARM_AJAR | LB_LATCH_FX_REMIND, false, true},
    {"a leaf that is ajar and shuts is told no more", LB_LATCH_AJAR, false, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_SHUT, LB_LATCH_FX_SHUT | LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_DISARM_AJAR, false, false},
    {"a forced leaf open too long stays forced and alarms", LB_LATCH_FORCED, false, LB_LATCH_EV_AJAR, LB_LATCH_FORCED, LB_LATCH_FX_AJAR | LB_LATCH_FX_DISARM_AJAR | LB_LATCH_FX_REMIND, false, true},
    {"a forced leaf that shuts is shut", LB_LATCH_FORCED, false, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_SHUT, LB_LATCH_FX_SHUT | LB_LATCH_FX_DISARM_AJAR, false, false},
    {"a jammed latch that lets go later is forced", LB_LATCH_JAMMED, false, LB_LATCH_EV_LEAF_OPEN, LB_LATCH_FORCED, LB_LATCH_FX_OPENED | LB_LATCH_FX_FORCED | LB_LATCH_FX_ARM_AJAR, false, true},
    {"a jammed latch stays jammed while its leaf is shut", LB_LATCH_JAMMED, false, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_JAMMED, 0, false, false},
    {"a jammed latch is tried again by a permit", LB_LATCH_JAMMED, true, LB_LATCH_EV_PERMIT, LB_LATCH_RELEASING, LB_LATCH_FX_PULSE, true, false},
    {"a first reading of open is open and not forced", LB_LATCH_UNKNOWN, false, LB_LATCH_EV_LEAF_OPEN, LB_LATCH_OPEN, LB_LATCH_FX_OPENED | LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_ARM_AJAR, false, true},
    {"a first reading of shut is shut", LB_LATCH_UNKNOWN, false, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_SHUT, LB_LATCH_FX_SHUT, false, false},
    {"a permit before the first reading pulses", LB_LATCH_UNKNOWN, true, LB_LATCH_EV_PERMIT, LB_LATCH_UNKNOWN, LB_LATCH_FX_CANCEL | LB_LATCH_FX_PULSE, true, false},
    {"a permit before a first reading of shut runs on", LB_LATCH_UNKNOWN, true, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_RELEASING, LB_LATCH_FX_SHUT, true, false},
    {"a deadline before the first reading is unknown", LB_LATCH_UNKNOWN, true, LB_LATCH_EV_DEADLINE, LB_LATCH_UNKNOWN, LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_UNKNOWN, false, false},
    {"a board lost without a permit is no result", LB_LATCH_UNKNOWN, false, LB_LATCH_EV_AWAY, LB_LATCH_AWAY, LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT, false, false},
    {"a permit for a lost board is unknown and pulses nothing", LB_LATCH_AWAY, true, LB_LATCH_EV_PERMIT, LB_LATCH_AWAY, LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_UNKNOWN, false, false},
    {"a returned board's leaf is not known", LB_LATCH_AWAY, false, LB_LATCH_EV_BACK, LB_LATCH_UNKNOWN, 0, false, false},
    {"a board lost over an open leaf ends its permit as unknown", LB_LATCH_OPEN, true, LB_LATCH_EV_AWAY, LB_LATCH_AWAY, LB_LATCH_FX_CANCEL | LB_LATCH_FX_DISARM_PERMIT | LB_LATCH_FX_UNKNOWN | LB_LATCH_FX_DISARM_AJAR, false, false},
};
/* clang-format on */

static void check_row(void **state)
{
    const struct row *row = *state;
    struct lb_latch latch = {.state = (uint8_t)row->from};

    if (row->permit) {
        latch.permit_ref = 7;
        latch.permit_until_ms = 20000;
    }
    assert_int_equal(lb_latch_step(&latch, row->event, 1000, AJAR_MS),
                     row->effects);
    assert_int_equal(latch.state, row->to);
    assert_int_equal(latch.permit_ref, row->permit_after ? 7 : 0);
    assert_int_equal(latch.permit_until_ms, row->permit_after ? 20000 : 0);
    assert_int_equal(latch.ajar_at_ms, row->ajar_after ? 61000 : 0);
}

/* ---- The whole table ----------------------------------------------------- */

static bool shut_like(unsigned state)
{
    return state == LB_LATCH_SHUT || state == LB_LATCH_JAMMED;
}

static void no_cell_is_a_hole(void **state)
{
    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            enum lb_latch_state next = LB_LATCH_HOLE;
            unsigned effects = ~0U;

            lb_latch_cell(s, e, &next, &effects);
            assert_in_range(next, LB_LATCH_UNKNOWN, LB_LATCH_COUNT - 1);
            assert_int_equal(effects & ~0x1FFFU, 0);
        }
    }
}

static void only_a_permit_pulses_and_never_a_lost_board(void **state)
{
    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            enum lb_latch_state next;
            unsigned effects;
            bool may = e == LB_LATCH_EV_PERMIT && s != LB_LATCH_AWAY;

            lb_latch_cell(s, e, &next, &effects);
            assert_int_equal((effects & LB_LATCH_FX_PULSE) != 0, may);
        }
    }
}

static void forced_comes_from_a_shut_leaf_alone(void **state)
{
    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            enum lb_latch_state next;
            unsigned effects;
            bool forced = shut_like(s) && e == LB_LATCH_EV_LEAF_OPEN;

            lb_latch_cell(s, e, &next, &effects);
            assert_int_equal((effects & LB_LATCH_FX_FORCED) != 0, forced);
            assert_int_equal(next == LB_LATCH_FORCED && s != LB_LATCH_FORCED,
                             forced);
        }
    }
}

static void jammed_and_never_come_from_a_release_at_its_deadline(void **state)
{
    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            enum lb_latch_state next;
            unsigned effects;
            bool jam = s == LB_LATCH_RELEASING && e == LB_LATCH_EV_DEADLINE;
            bool lapse = s == LB_LATCH_RELEASING && e == LB_LATCH_EV_LAPSED;

            lb_latch_cell(s, e, &next, &effects);
            assert_int_equal((effects & LB_LATCH_FX_NEVER) != 0, jam || lapse);
            assert_int_equal(next == LB_LATCH_JAMMED && s != LB_LATCH_JAMMED,
                             jam);
            assert_int_equal((effects & LB_LATCH_FX_JAMMED) != 0, jam);
        }
    }
}

static void every_state_has_a_way_out(void **state)
{
    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        bool out = false;

        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            enum lb_latch_state next;
            unsigned effects;

            lb_latch_cell(s, e, &next, &effects);
            out = out || next != s;
        }
        assert_true(out);
    }
}

static void a_timed_event_ends_its_timer(void **state)
{
    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        enum lb_latch_state next;
        unsigned effects;

        lb_latch_cell(s, LB_LATCH_EV_DEADLINE, &next, &effects);
        assert_true(effects & LB_LATCH_FX_DISARM_PERMIT);
        assert_true(effects & LB_LATCH_FX_CANCEL);
        lb_latch_cell(s, LB_LATCH_EV_LAPSED, &next, &effects);
        assert_true(effects & LB_LATCH_FX_DISARM_PERMIT);
        assert_true(effects & LB_LATCH_FX_CANCEL);
        lb_latch_cell(s, LB_LATCH_EV_AJAR, &next, &effects);
        assert_true(effects & LB_LATCH_FX_DISARM_AJAR);
    }
}

static void a_permit_that_ends_is_withdrawn(void **state)
{
    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            enum lb_latch_state next;
            unsigned effects;

            lb_latch_cell(s, e, &next, &effects);
            if ((effects & LB_LATCH_FX_DISARM_PERMIT) != 0) {
                assert_true(effects & LB_LATCH_FX_CANCEL);
                assert_false(effects & LB_LATCH_FX_PULSE);
            }
        }
    }
}

/* And nothing else ends one, or moves it. */
static void a_timer_outlasts_what_does_not_end_it(void **state)
{
    const unsigned moves =
        LB_LATCH_FX_DISARM_AJAR | LB_LATCH_FX_ARM_AJAR | LB_LATCH_FX_REMIND;

    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            struct lb_latch latch = {.state = (uint8_t)s,
                                     .permit_ref = 7,
                                     .permit_until_ms = 20000,
                                     .ajar_alarms = 3,
                                     .ajar_at_ms = 30000};
            unsigned effects = lb_latch_step(&latch, e, 1000, AJAR_MS);

            if ((effects & moves) == 0) {
                assert_int_equal(latch.ajar_at_ms, 30000);
                assert_int_equal(latch.ajar_alarms, 3);
            }
            if ((effects & LB_LATCH_FX_DISARM_PERMIT) == 0) {
                assert_int_equal(latch.permit_ref, 7);
                assert_int_equal(latch.permit_until_ms, 20000);
            }
        }
    }
}

/* ---- All histories ------------------------------------------------------- */

/* What a history can be in: the state, whether a permit runs and has its
 * fact, whether it found the leaf open, whether the ajar timer runs. */
struct node {
    enum lb_latch_state state;
    bool runs, told, was_open, ajar;
};

static size_t node_index(const struct node *node)
{
    return (size_t)node->state * 16 + (node->runs ? 8 : 0) +
           (node->told ? 4 : 0) + (node->was_open ? 2 : 0) +
           (node->ajar ? 1 : 0);
}

static bool open_like(enum lb_latch_state state)
{
    return state == LB_LATCH_OPEN || state == LB_LATCH_AJAR ||
           state == LB_LATCH_FORCED;
}

static struct node follow(const struct node *from, enum lb_latch_event event)
{
    struct lb_latch latch = {.state = (uint8_t)from->state,
                             .ajar_at_ms = from->ajar ? 5 : 0};
    struct node to = *from;

    if (from->runs || event == LB_LATCH_EV_PERMIT) {
        latch.permit_ref = 1;
        latch.permit_until_ms = 100;
    }
    if (event == LB_LATCH_EV_PERMIT) {
        to.told = false; /* an older one's end is its owner's */
        to.was_open = open_like(from->state);
    }
    bool ran = latch.permit_ref != 0;
    unsigned effects = lb_latch_step(&latch, event, 10, AJAR_MS);
    unsigned facts = effects & FACTS;

    if (ran && facts != 0) {
        assert_int_equal(facts & (facts - 1), 0); /* one, not two */
        assert_false(to.told);
        to.told = true;
    }
    if (!ran) {
        assert_int_equal(facts & ~(unsigned)LB_LATCH_FX_OPENED, 0);
    }
    if (ran && latch.permit_ref == 0) {
        bool over_open_leaf =
            (event == LB_LATCH_EV_DEADLINE || event == LB_LATCH_EV_LAPSED) &&
            open_like(from->state);
        assert_true(to.told || (to.was_open && over_open_leaf));
        to.told = to.was_open = false;
    }
    to.state = (enum lb_latch_state)latch.state;
    to.runs = latch.permit_ref != 0;
    to.ajar = latch.ajar_at_ms != 0;
    return to;
}

/* Every history there is: each permit ends with one fact, except at the
 * deadline over a leaf that was open before it, and no timer runs in a state
 * that has no use for it. */
static void every_permit_has_one_end_in_any_history(void **state)
{
    static bool seen[LB_LATCH_COUNT * 16];
    static struct node queue[LB_LATCH_COUNT * 16];
    size_t head = 0, tail = 0, reached = 0;

    (void)state;
    queue[tail++] = (struct node){.state = LB_LATCH_UNKNOWN};
    seen[node_index(&queue[0])] = true;
    while (head < tail) {
        struct node from = queue[head++];

        reached |= (size_t)1 << from.state;
        if (from.runs) {
            assert_true(from.state == LB_LATCH_UNKNOWN ||
                        from.state == LB_LATCH_RELEASING ||
                        from.state == LB_LATCH_OPEN ||
                        from.state == LB_LATCH_AJAR);
        }
        assert_int_equal(from.state == LB_LATCH_RELEASING && !from.runs, 0);
        if (from.ajar) {
            assert_true(open_like(from.state));
        }
        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            struct node to = follow(&from, e);

            if (!seen[node_index(&to)]) {
                seen[node_index(&to)] = true;
                queue[tail++] = to;
            }
        }
    }
    assert_int_equal(reached, 0x1FE); /* all eight states */
}

/* ---- Timers and bad input ------------------------------------------------ */

/* Whatever the memory held before. */
static void a_new_latch_knows_nothing_and_has_no_timer(void **state)
{
    struct lb_latch latch;

    (void)state;
    memset(&latch, 0xFF, sizeof latch);
    latch.forced = true;
    lb_latch_init(&latch);
    assert_int_equal(latch.state, LB_LATCH_UNKNOWN);
    assert_int_equal(latch.ajar_alarms, 0);
    assert_false(latch.forced);
    assert_int_equal(latch.permit_ref, 0);
    assert_int_equal(latch.permit_until_ms, 0);
    assert_int_equal(latch.ajar_at_ms, 0);
}

static void the_earlier_timer_is_due_first(void **state)
{
    struct lb_latch latch;

    (void)state;
    lb_latch_init(&latch);
    assert_int_equal(latch.state, LB_LATCH_UNKNOWN);
    assert_true(lb_latch_next_ms(&latch) == UINT64_MAX);
    assert_int_equal(lb_latch_due(&latch, UINT64_MAX), LB_LATCH_EV_COUNT);
    latch.permit_ref = 1;
    latch.permit_until_ms = 50;
    latch.ajar_at_ms = 40;
    assert_int_equal(lb_latch_next_ms(&latch), 40);
    assert_int_equal(lb_latch_due(&latch, 39), LB_LATCH_EV_COUNT);
    assert_int_equal(lb_latch_due(&latch, 40), LB_LATCH_EV_AJAR);
    assert_int_equal(lb_latch_due(&latch, 50), LB_LATCH_EV_DEADLINE);
    latch.permit_until_ms = 30;
    assert_int_equal(lb_latch_next_ms(&latch), 30);
}

static void due_events_run_out(void **state)
{
    (void)state;
    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        struct lb_latch latch = {.state = (uint8_t)s,
                                 .permit_ref = 1,
                                 .permit_until_ms = 5,
                                 .ajar_at_ms = 5};
        enum lb_latch_event due;
        int steps = 0;

        while ((due = lb_latch_due(&latch, 10)) != LB_LATCH_EV_COUNT) {
            (void)lb_latch_step(&latch, due, 10, AJAR_MS);
            steps++;
            assert_true(steps <= 2);
        }
        assert_int_equal(latch.permit_ref, 0);
    }
}

/* At 1, 2, 4, 8 times 60 s since the leaf opened; then a step would be longer
 * than an hour, and it is once an hour. */
static void reminders_come_ever_more_slowly(void **state)
{
    static const uint64_t at_s[] = {60,   120,  240,  480,   960,
                                    1920, 3840, 7440, 11040, 14640};
    struct lb_latch latch = {.state = LB_LATCH_SHUT};

    (void)state;
    (void)lb_latch_step(&latch, LB_LATCH_EV_LEAF_OPEN, 0, AJAR_MS);
    for (unsigned n = 0; n < COUNT(at_s); n++) {
        uint64_t at_ms = at_s[n] * 1000;

        assert_int_equal(latch.ajar_alarms, n);
        assert_int_equal(lb_latch_due(&latch, at_ms - 1), LB_LATCH_EV_COUNT);
        assert_int_equal(lb_latch_due(&latch, at_ms), LB_LATCH_EV_AJAR);
        assert_true(lb_latch_step(&latch, LB_LATCH_EV_AJAR, at_ms, AJAR_MS) &
                    LB_LATCH_FX_AJAR);
    }
    (void)lb_latch_step(&latch, LB_LATCH_EV_LEAF_SHUT, 20000000, AJAR_MS);
    assert_true(lb_latch_next_ms(&latch) == UINT64_MAX);
    (void)lb_latch_step(&latch, LB_LATCH_EV_LEAF_OPEN, 30000000, AJAR_MS);
    assert_int_equal(latch.ajar_alarms, 0);
    assert_int_equal(lb_latch_next_ms(&latch), 30000000 + AJAR_MS);
}

static void reminders_are_counted_no_further_than_they_fit(void **state)
{
    struct lb_latch latch = {.state = LB_LATCH_AJAR, .ajar_alarms = UINT8_MAX};

    (void)state;
    (void)lb_latch_step(&latch, LB_LATCH_EV_AJAR, 1000, AJAR_MS);
    assert_int_equal(latch.ajar_alarms, UINT8_MAX);
    assert_int_equal(latch.ajar_at_ms, 1000 + 3600000);
    /* no pace at all is no storm */
    (void)lb_latch_step(&latch, LB_LATCH_EV_AJAR, 2000, 0);
    assert_int_equal(latch.ajar_at_ms, 2000 + 3600000);
}

/* Forced, lost, found again: no better than it was. */
static void forced_outlasts_whatever_is_said_of_a_lost_board(void **state)
{
    static const enum lb_latch_event said[] = {
        LB_LATCH_EV_LEAF_OPEN, LB_LATCH_EV_LEAF_SHUT, LB_LATCH_EV_PERMIT,
        LB_LATCH_EV_AWAY};

    (void)state;
    for (size_t i = 0; i < COUNT(said); i++) {
        struct lb_latch latch = {.state = LB_LATCH_FORCED};

        (void)lb_latch_step(&latch, LB_LATCH_EV_AWAY, 1000, AJAR_MS);
        latch.permit_ref = said[i] == LB_LATCH_EV_PERMIT ? 1 : 0;
        (void)lb_latch_step(&latch, said[i], 2000, AJAR_MS);
        assert_int_equal(latch.state, LB_LATCH_AWAY);
        (void)lb_latch_step(&latch, LB_LATCH_EV_BACK, 3000, AJAR_MS);
        (void)lb_latch_step(&latch, LB_LATCH_EV_LEAF_OPEN, 4000, AJAR_MS);
        assert_int_equal(latch.state, LB_LATCH_FORCED);
    }
}

static void forced_ends_when_it_is_found_shut_or_may_be_open(void **state)
{
    static const enum lb_latch_event ends[] = {LB_LATCH_EV_LEAF_SHUT,
                                               LB_LATCH_EV_PERMIT};

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct lb_latch latch = {
            .state = LB_LATCH_UNKNOWN, .forced = true, .permit_ref = 1};

        (void)lb_latch_step(&latch, ends[i], 1000, AJAR_MS);
        assert_false(latch.forced);
    }
}

/* An alarm due at 0 would be one that is not armed. */
static void an_alarm_due_at_the_first_moment_is_armed(void **state)
{
    struct lb_latch latch = {.state = LB_LATCH_SHUT};

    (void)state;
    (void)lb_latch_step(&latch, LB_LATCH_EV_LEAF_OPEN, 0, 0);
    assert_int_equal(latch.ajar_at_ms, 1);
    assert_int_equal(lb_latch_due(&latch, 1), LB_LATCH_EV_AJAR);
}

static void values_that_are_none_change_nothing(void **state)
{
    struct lb_latch latch = {.state = LB_LATCH_SHUT, .permit_ref = 1};

    (void)state;
    assert_int_equal(lb_latch_step(&latch, LB_LATCH_EV_COUNT, 0, 0), 0);
    assert_int_equal(latch.state, LB_LATCH_SHUT);
    latch.state = LB_LATCH_HOLE;
    assert_int_equal(lb_latch_step(&latch, LB_LATCH_EV_PERMIT, 0, 0), 0);
    latch.state = LB_LATCH_COUNT;
    assert_int_equal(lb_latch_step(&latch, LB_LATCH_EV_PERMIT, 0, 0), 0);
    assert_int_equal(latch.permit_ref, 1);
    assert_string_equal(lb_latch_state_name(LB_LATCH_COUNT), "?");
    assert_string_equal(lb_latch_event_name(LB_LATCH_EV_COUNT), "?");
    assert_string_equal(lb_latch_state_name(LB_LATCH_AWAY), "AWAY");
    assert_string_equal(lb_latch_event_name(LB_LATCH_EV_BACK), "BACK");
}

/* ---- The graph in docs/ -------------------------------------------------- */

static const char *const effect_names[] = {
    "pulse", "cancel", "opened", "shut",   "never", "unknown", "FORCED",
    "AJAR",  "JAMMED", "arm",    "disarm", "end",   "remind"};

static size_t put_effects(char *out, size_t cap, unsigned effects)
{
    size_t at = 0;

    for (unsigned i = 0; i < COUNT(effect_names); i++) {
        if ((effects & 1U << i) != 0 && effect_names[i] != NULL) {
            at += (size_t)snprintf(out + at, cap - at, "%s%s",
                                   at == 0 ? "\\n" : " ", effect_names[i]);
        }
    }
    return at;
}

/* Cells that neither move nor do anything are left out. */
static size_t put_graph(char *out, size_t cap)
{
    size_t at = (size_t)snprintf(
        out, cap,
        "// Generated from the table in lib/door/latch.c by\n"
        "// tests/unit/door/test_latch.c; a test holds it against the table.\n"
        "digraph latch {\n"
        "    node [shape=box fontname=\"sans-serif\"];\n"
        "    edge [fontname=\"sans-serif\" fontsize=9];\n");

    for (unsigned s = LB_LATCH_UNKNOWN; s < LB_LATCH_COUNT; s++) {
        for (unsigned e = 0; e < LB_LATCH_EV_COUNT; e++) {
            enum lb_latch_state next;
            unsigned effects;
            char text[160] = "";

            lb_latch_cell(s, e, &next, &effects);
            unsigned moves = effects & ~(unsigned)(LB_LATCH_FX_CANCEL |
                                                   LB_LATCH_FX_DISARM_AJAR |
                                                   LB_LATCH_FX_DISARM_PERMIT);
            if (next == s && moves == 0) {
                continue;
            }
            (void)put_effects(text, sizeof text, effects);
            at += (size_t)snprintf(
                out + at, cap - at, "    %s -> %s [label=\"%s%s\"];\n",
                lb_latch_state_name(s), lb_latch_state_name(next),
                lb_latch_event_name(e), text);
        }
    }
    at += (size_t)snprintf(out + at, cap - at,
                           "    UNKNOWN -> RELEASING [label=\"LEAF_SHUT while "
                           "a permit runs\\nshut\"];\n}\n");
    return at;
}

static void the_graph_in_docs_is_the_table(void **state)
{
    static char wanted[16384], have[16384];
    size_t len = put_graph(wanted, sizeof wanted);
    FILE *file = fopen(LB_SOURCE_DIR "/docs/latch.dot", "rb");

    (void)state;
    assert_true(len < sizeof wanted - 1);
    assert_non_null(file);
    size_t have_len = fread(have, 1, sizeof have - 1, file);
    (void)fclose(file);
    have[have_len] = '\0';
    assert_string_equal(have, wanted);
}

/* `door_test_latch --dot` prints it: script/latch-graph */
static int print_graph(void)
{
    static char graph[16384];

    (void)put_graph(graph, sizeof graph);
    return fputs(graph, stdout) < 0;
}

int main(int argc, char **argv)
{
    static struct CMUnitTest steps[COUNT(rows)];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cell_is_a_hole),
        cmocka_unit_test(only_a_permit_pulses_and_never_a_lost_board),
        cmocka_unit_test(forced_comes_from_a_shut_leaf_alone),
        cmocka_unit_test(jammed_and_never_come_from_a_release_at_its_deadline),
        cmocka_unit_test(every_state_has_a_way_out),
        cmocka_unit_test(a_timed_event_ends_its_timer),
        cmocka_unit_test(a_timer_outlasts_what_does_not_end_it),
        cmocka_unit_test(a_permit_that_ends_is_withdrawn),
        cmocka_unit_test(every_permit_has_one_end_in_any_history),
        cmocka_unit_test(a_new_latch_knows_nothing_and_has_no_timer),
        cmocka_unit_test(the_earlier_timer_is_due_first),
        cmocka_unit_test(due_events_run_out),
        cmocka_unit_test(reminders_come_ever_more_slowly),
        cmocka_unit_test(reminders_are_counted_no_further_than_they_fit),
        cmocka_unit_test(forced_outlasts_whatever_is_said_of_a_lost_board),
        cmocka_unit_test(forced_ends_when_it_is_found_shut_or_may_be_open),
        cmocka_unit_test(an_alarm_due_at_the_first_moment_is_armed),
        cmocka_unit_test(values_that_are_none_change_nothing),
        cmocka_unit_test(the_graph_in_docs_is_the_table),
    };

    if (argc == 2 && strcmp(argv[1], "--dot") == 0) {
        return print_graph();
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        steps[i] = (struct CMUnitTest){.name = rows[i].name,
                                       .test_func = check_row,
                                       .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("latch steps", steps, NULL, NULL) +
           cmocka_run_group_tests_name("latch table", tests, NULL, NULL);
}
