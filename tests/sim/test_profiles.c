/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Each profile that comes with lockbus on the bus, with the simulator's board
 * of that kind: what is found, opened and read back, and what happens when
 * another kind of board sits at its address. The boards share no code with
 * the library; the clock is virtual.
 */

#include "board_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct bench *new_bench(const char *profile, const char *kind,
                               uint32_t pulse_ms)
{
    struct bench *bench = bench_new(pulse_ms);

    bench_add(bench, profile, kind);
    bench_start(bench);
    return bench;
}

/* ---- Each profile with its own board ------------------------------------- */

static struct kind {
    const char *name;
    uint32_t pulse_ms;
    uint8_t channels;
    bool inputs;
} kinds[] = {
    {"waveshare-relay-d-8ch", 500, 8, true},
    {"waveshare-relay-8ch", 500, 8, false},
    {"waveshare-relay-16ch", 500, 16, false},
    {"waveshare-relay-32ch", 500, 32, false},
    {"xunming-lock-16ch", 500, 16, true},
    {"r421a08-relay-8ch", 1000, 8, false},
    {"r421b16-relay-16ch", 1000, 16, false},
    {"lctech-relay-8ch", 500, 8, true},
    {"iobox-level-16ch", 500, 16, false},
    {"tequ-lock-level-1ch", 500, 1, false},
};

static void it_is_found_switched_off_opened_and_read_back(void **state)
{
    const struct kind *kind = *state;
    struct bench *bench = new_bench(kind->name, kind->name, kind->pulse_ms);
    uint8_t channel = (uint8_t)(kind->channels - 1);
    struct sim_door *door = &bench->board[0].door[channel];

    bench_leave_on(bench, 0, 0);
    bench_run(bench, 5 * BENCH_SECOND);
    door->openings = 0;
    door->longest_ns = 0;
    door->open = false;
    assert_non_null(bench_last(bench, LB_REPORT_BACK));
    assert_int_equal(sim_board_outputs(&bench->board[0]), 0);
    assert_int_equal(bench_drives(bench, 0), 1); /* that one */
    assert_int_equal(bench->profile[0].channels, kind->channels);
    assert_int_equal(bench->profile[0].leaf_is_read, kind->inputs);

    assert_int_equal(bench_pulse(bench, 0, channel), LOCKBUS_OK);
    bench_run(bench, 3 * BENCH_SECOND);
    assert_non_null(bench_last(bench, LB_REPORT_ACCEPTED));
    assert_int_equal(bench_last(bench, LB_REPORT_ACCEPTED)->ref, BENCH_REF);
    assert_int_equal(door->pulses, channel == 0 ? 2 : 1);
    assert_int_equal(door->openings, 1);
    assert_in_range(door->longest_ns, (kind->pulse_ms - 1) * SIM_MS,
                    (kind->pulse_ms + 60) * SIM_MS);
    assert_int_equal(sim_board_outputs(&bench->board[0]), 0);
    if (kind->inputs) {
        assert_non_null(bench_last(bench, LB_REPORT_LEAF));
        assert_true(bench_last(bench, LB_REPORT_LEAF)->leaf_open);
        assert_int_equal(bench_last(bench, LB_REPORT_LEAF)->channel, channel);
    }
    assert_int_equal(bench_drives(bench, 0), 2);
    bench_free(bench);
}

static void its_outputs_are_off_again_when_it_returns(void **state)
{
    const struct kind *kind = *state;
    struct bench *bench = new_bench(kind->name, kind->name, kind->pulse_ms);

    bench_run(bench, 5 * BENCH_SECOND);
    sim_board_power(&bench->board[0], bench->now_us * 1000, false);
    bench_run(bench, 5 * BENCH_SECOND);
    assert_non_null(bench_last(bench, LB_REPORT_AWAY));
    bench->reports = 0;
    sim_board_power(&bench->board[0], bench->now_us * 1000, true);
    bench_leave_on(bench, 0, kind->channels / 2U);
    bench_run(bench, 10 * BENCH_SECOND);
    assert_non_null(bench_last(bench, LB_REPORT_BACK));
    assert_int_equal(sim_board_outputs(&bench->board[0]), 0);
    bench_free(bench);
}

/* A relay whose contact has welded, or somebody else's hand on the wire. */
static void an_output_that_stays_on_keeps_it_out(void **state)
{
    const struct kind *kind = *state;
    struct bench *bench = new_bench(kind->name, kind->name, kind->pulse_ms);

    for (uint64_t end = bench->now_us + 8 * BENCH_SECOND;
         bench->now_us < end;) {
        bench_leave_on(bench, 0, kind->channels - 1U);
        bench_step(bench);
    }
    assert_null(bench_last(bench, LB_REPORT_BACK));
    assert_non_null(bench_last(bench, LB_REPORT_REFUSED));
    assert_string_equal(bench_last(bench, LB_REPORT_REFUSED)->text,
                        "an output reads on after it was switched off");
    assert_int_equal(bench_pulse(bench, 0, 0), LOCKBUS_ERR_OFFLINE);
    bench_free(bench);
}

/* ---- And with another ---------------------------------------------------- */

static struct swap {
    const char *profile, *kind;
    const char *text; /* why it is refused; NULL: it keeps silent */
} swaps[] = {
    {"waveshare-relay-d-8ch", "waveshare-relay-8ch",
     "an identity register cannot be read"},
    {"waveshare-relay-d-8ch", "xunming-lock-16ch",
     "an identity register cannot be read"},
    {"waveshare-relay-8ch", "xunming-lock-16ch",
     "an identity register cannot be read"},
    {"waveshare-relay-16ch", "waveshare-relay-8ch",
     "an output cannot be switched off"},
    {"waveshare-relay-32ch", "waveshare-relay-16ch",
     "an output cannot be switched off"},
    {"xunming-lock-16ch", "waveshare-relay-16ch",
     "an output cannot be switched off"},
    {"waveshare-relay-8ch", "r421a08-relay-8ch", NULL},
    {"waveshare-relay-8ch", "lctech-relay-8ch",
     "an identity register cannot be read"},
    {"r421a08-relay-8ch", "waveshare-relay-8ch",
     "the outputs cannot be read back"},
    {"r421a08-relay-8ch", "xunming-lock-16ch",
     "the outputs cannot be read back"},
    {"r421a08-relay-8ch", "lctech-relay-8ch",
     "the outputs cannot be read back"},
    {"r421b16-relay-16ch", "r421a08-relay-8ch", NULL},
    {"lctech-relay-8ch", "r421a08-relay-8ch", NULL},
    {"lctech-relay-8ch", "xunming-lock-16ch",
     "an output cannot be switched off"},
    {"lctech-relay-8ch", "waveshare-relay-8ch", "the inputs cannot be read"},
    {"r421a08-relay-8ch", "tequ-lock-level-1ch",
     "the outputs cannot be read back"},
    {"iobox-level-16ch", "r421b16-relay-16ch", NULL},
    {"iobox-level-16ch", "xunming-lock-16ch",
     "an output cannot be switched off"},
    {"iobox-level-16ch", "waveshare-relay-8ch",
     "an output cannot be switched off"},
    {"tequ-lock-level-1ch", "iobox-level-16ch",
     "an identity register cannot be read"},
    {"tequ-lock-level-1ch", "lctech-relay-8ch",
     "an identity check was not met"},
    {"tequ-lock-level-1ch", "waveshare-relay-d-8ch",
     "an identity register cannot be read"},
};

/* The board loses its power, another sits in its place when it comes back. */
static void another_in_its_place_is_refused_and_never_driven(void **state)
{
    const struct swap *swap = *state;
    uint32_t pulse_ms = 0;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, swap->profile) == 0) {
            pulse_ms = kinds[i].pulse_ms;
        }
    }
    struct bench *bench = new_bench(swap->profile, swap->profile, pulse_ms);

    bench_run(bench, 5 * BENCH_SECOND);
    assert_non_null(bench_last(bench, LB_REPORT_BACK));
    assert_int_equal(bench_pulse(bench, 0, 0), LOCKBUS_OK);
    /* that may wait for a while, but not for a stranger */
    sim_board_power(&bench->board[0], bench->now_us * 1000, false);
    bench_run(bench, 3 * BENCH_SECOND);
    bench_fit(bench, 0, swap->kind);
    uint16_t uart = bench->board[0].uart;

    bench_run(bench, 12 * BENCH_SECOND);
    const struct lb_report *refused = bench_last(bench, LB_REPORT_REFUSED);

    if (swap->text != NULL) {
        assert_non_null(refused);
        assert_string_equal(refused->text, swap->text);
    } else {
        assert_null(refused);
        assert_string_equal(bench_last(bench, LB_REPORT_AWAY)->text,
                            "it does not answer");
    }
    assert_int_equal(bench_pulse(bench, 0, 0), LOCKBUS_ERR_OFFLINE);
    assert_int_equal(bench_drives(bench, 0), 0);
    assert_int_equal(bench->board[0].address, 1);
    assert_int_equal(bench->board[0].uart, uart);
    bench_free(bench);
}

/* Whatever profile meets whatever board: being looked at moves no latch, and
 * changes no address, speed or mode. */
static void no_profile_harms_another_kind_of_board_at_attach(void **state)
{
    (void)state;
    for (size_t p = 0; p < COUNT(kinds); p++) {
        for (size_t k = 0; k < COUNT(kinds); k++) {
            struct bench *bench =
                new_bench(kinds[p].name, kinds[k].name, kinds[p].pulse_ms);
            uint16_t uart = bench->board[0].uart;
            bench_run(bench, 3 * BENCH_SECOND);
            if (bench_drives(bench, 0) != 0 || bench->board[0].address != 1 ||
                bench->board[0].uart != uart) {
                fail_msg("%s at a %s", kinds[p].name, kinds[k].name);
            }
            for (size_t c = 0; c < SIM_CHANNELS; c++) {
                assert_int_equal(bench->board[0].mode[c], 0);
            }
            bench_free(bench);
        }
    }
}

int main(void)
{
    static char names[3 * COUNT(kinds) + COUNT(swaps)][96];
    struct CMUnitTest tests[COUNT(names)];
    const struct CMUnitTest whole[] = {
        cmocka_unit_test(no_profile_harms_another_kind_of_board_at_attach),
    };
    size_t n = 0;

    static const struct {
        const char *text;
        void (*test)(void **state);
    } each[] = {
        {"is found and opened", it_is_found_switched_off_opened_and_read_back},
        {"is off at its return", its_outputs_are_off_again_when_it_returns},
        {"is kept out while an output stays on",
         an_output_that_stays_on_keeps_it_out},
    };
    for (size_t i = 0; i < COUNT(kinds) * COUNT(each); i++, n++) {
        struct kind *kind = &kinds[i / COUNT(each)];

        (void)snprintf(names[n], sizeof names[n], "%s %s", kind->name,
                       each[i % COUNT(each)].text);
        tests[n] = (struct CMUnitTest){.name = names[n],
                                       .test_func = each[i % COUNT(each)].test,
                                       .initial_state = kind};
    }
    for (size_t i = 0; i < COUNT(swaps); i++) {
        (void)snprintf(names[n], sizeof names[n], "%s in place of %s",
                       swaps[i].kind, swaps[i].profile);
        tests[n] = (struct CMUnitTest){
            .name = names[n],
            .test_func = another_in_its_place_is_refused_and_never_driven,
            .initial_state = &swaps[i]};
        n++;
    }
    return cmocka_run_group_tests_name("each profile", tests, NULL, NULL) +
           cmocka_run_group_tests_name("all profiles", whole, NULL, NULL);
}
