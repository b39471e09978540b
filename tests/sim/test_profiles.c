/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Each profile that comes with lockbus on the bus, with the simulator's board
 * of that kind: what is found, opened and read back, and what happens when
 * another kind of board sits at its address. The boards share no code with
 * the library; the clock is virtual.
 */

#include "board.h"
#include "wire.h"

#include "bus/bus.h"
#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { STEP_US = 500, SECOND = 1000000, REF = 7, REPORTS = 256, BYTES = 1024 };

struct bench {
    struct sim_wire wire;
    struct sim_board board;
    struct lb_profile profile;
    struct lb_bus *bus;
    uint32_t pulse_ms;
    uint64_t now_us;
    size_t rx_len, reports;
    uint8_t rx[BYTES];
    struct lb_report report[REPORTS];
};

/* ---- A line to the simulated board ----------------------------------------
 */

static enum lockbus_err line_open(void *user, struct lockbus_error *why)
{
    (void)user;
    (void)why;
    return LOCKBUS_OK;
}

static enum lockbus_err line_send(void *user, const uint8_t *bytes, size_t len,
                                  size_t *sent)
{
    struct bench *bench = user;

    sim_wire_receive(&bench->wire, bench->now_us * 1000, bytes, len);
    *sent = len;
    return LOCKBUS_OK;
}

static enum lockbus_err line_receive(void *user, uint8_t *bytes, size_t cap,
                                     size_t *received)
{
    struct bench *bench = user;
    size_t len = bench->rx_len < cap ? bench->rx_len : cap;

    memcpy(bytes, bench->rx, len);
    bench->rx_len -= len;
    memmove(bench->rx, bench->rx + len, bench->rx_len);
    *received = len;
    return LOCKBUS_OK;
}

static int line_fd(void *user)
{
    (void)user;
    return -1;
}

static void line_close(void *user)
{
    (void)user;
}

/* ---- Time ------------------------------------------------------------------
 */

static void advance(struct bench *bench)
{
    const uint8_t *out = NULL;
    uint64_t now_ns;

    bench->now_us += STEP_US;
    now_ns = bench->now_us * 1000;
    sim_board_advance(&bench->board, now_ns);
    size_t len = sim_wire_due(&bench->wire, now_ns, &out);

    assert_true(bench->rx_len + len <= sizeof bench->rx);
    memcpy(bench->rx + bench->rx_len, out, len);
    bench->rx_len += len;
    lb_bus_poll(bench->bus, bench->now_us);
    while (bench->reports < REPORTS &&
           lb_bus_next(bench->bus, &bench->report[bench->reports])) {
        if (bench->report[bench->reports].kind != LB_REPORT_ROUND) {
            bench->reports++;
        }
    }
}

static void run(struct bench *bench, uint64_t us)
{
    for (uint64_t end = bench->now_us + us; bench->now_us < end;) {
        advance(bench);
    }
}

static const struct lb_report *last(const struct bench *bench,
                                    enum lb_report_kind kind)
{
    for (size_t i = bench->reports; i-- > 0;) {
        if (bench->report[i].kind == kind) {
            return &bench->report[i];
        }
    }
    return NULL;
}

/* ---- Boards ----------------------------------------------------------------
 */

static void load(struct lb_profile *profile, const char *name)
{
    char path[512];
    uint8_t text[8192];
    size_t len = 0;
    struct lockbus_error why = {0};

    (void)snprintf(path, sizeof path, LB_SOURCE_DIR "/profiles/%s.ini", name);
    assert_int_equal(
        lb_file_read(path, text, sizeof text, &len, LB_FILE_ANY, &why),
        LOCKBUS_OK);
    if (lb_profile_parse(profile, name, (const char *)text, len, &why) !=
        LOCKBUS_OK) {
        fail_msg("%s:%u: %s: %s", name, why.line, why.field, why.text);
    }
}

/* The board at address 1 becomes one of this kind, as a technician would
 * leave it: outputs off, doors shut. */
static void fit(struct bench *bench, const char *kind)
{
    const struct sim_model *model = sim_model_find(kind);

    assert_non_null(model);
    sim_board_init(&bench->board, model);
    bench->board.address = 1;
    bench->board.leaf_base = 0;
    for (size_t i = 0; i < model->channels; i++) {
        (void)snprintf(bench->board.door[i].label, SIM_LABEL_LEN, "A%zu",
                       i + 1);
        bench->board.door[i].fitted = true;
        bench->board.door[i].shut_is = true;
    }
    sim_board_advance(&bench->board, bench->now_us * 1000);
}

static void start(struct bench *bench, const char *profile, const char *kind,
                  uint32_t pulse_ms)
{
    const struct sim_wire_settings settings = {.baud = 9600,
                                               .bits = 10,
                                               .turnaround_ns = 2 * SIM_MS,
                                               .seed = 1,
                                               .strict = true};

    memset(bench, 0, sizeof *bench);
    bench->now_us = SECOND;
    load(&bench->profile, profile);
    fit(bench, kind);
    sim_wire_init(&bench->wire, &settings);
    bench->wire.board = &bench->board;
    bench->wire.board_count = 1;
    bench->pulse_ms = pulse_ms;
    const struct lb_bus_board board = {.address = 1,
                                       .profile = &bench->profile,
                                       .pulse_ms = pulse_ms,
                                       .rest_ms = 2000,
                                       .shut_is = true};
    const struct lb_bus_config config = {
        .line = {.size = sizeof config.line,
                 .user = bench,
                 .open = line_open,
                 .send = line_send,
                 .receive = line_receive,
                 .fd = line_fd,
                 .close = line_close},
        .baud = 9600,
        .bits_per_byte = 10,
        .at_once = 1,
        .boards = &board,
        .board_count = 1,
    };
    assert_int_equal(lb_bus_new(&bench->bus, &config), LOCKBUS_OK);
}

static unsigned drives(const struct bench *bench)
{
    unsigned count = 0;

    for (size_t i = 0; i < bench->board.model->channels; i++) {
        count += bench->board.door[i].pulses;
    }
    return count;
}

static enum lockbus_err pulse(struct bench *bench, uint8_t channel)
{
    const struct lb_permit permit = {.ref = REF, .pulses = 1};

    return lb_bus_pulse(bench->bus, 0, channel, &permit,
                        bench->now_us + 10 * SECOND);
}

/* ---- Each profile with its own board ---------------------------------------
 */

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
};

static void it_is_found_switched_off_opened_and_read_back(void **state)
{
    const struct kind *kind = *state;
    struct bench *bench = calloc(1, sizeof *bench);
    uint8_t channel = (uint8_t)(kind->channels - 1);

    assert_non_null(bench);
    start(bench, kind->name, kind->name, kind->pulse_ms);
    struct sim_door *door = &bench->board.door[channel];

    /* somebody left an output on */
    sim_board_drive(&bench->board, 0, true, SIM_NEVER);
    run(bench, 5 * SECOND);
    assert_non_null(last(bench, LB_REPORT_BACK));
    assert_int_equal(sim_board_outputs(&bench->board), 0);
    assert_int_equal(drives(bench), 1); /* that one */
    assert_int_equal(bench->profile.channels, kind->channels);
    assert_int_equal(bench->profile.leaf_is_read, kind->inputs);

    assert_int_equal(pulse(bench, channel), LOCKBUS_OK);
    run(bench, 3 * SECOND);
    assert_non_null(last(bench, LB_REPORT_ACCEPTED));
    assert_int_equal(last(bench, LB_REPORT_ACCEPTED)->ref, REF);
    assert_int_equal(door->pulses, 1);
    assert_int_equal(door->openings, 1);
    assert_in_range(door->longest_ns, (kind->pulse_ms - 1) * SIM_MS,
                    (kind->pulse_ms + 60) * SIM_MS);
    assert_int_equal(sim_board_outputs(&bench->board), 0);
    if (kind->inputs) {
        assert_non_null(last(bench, LB_REPORT_LEAF));
        assert_true(last(bench, LB_REPORT_LEAF)->leaf_open);
        assert_int_equal(last(bench, LB_REPORT_LEAF)->channel, channel);
    }
    assert_int_equal(drives(bench), 2);
    lb_bus_free(&bench->bus);
    free(bench);
}

static void its_outputs_are_off_again_when_it_returns(void **state)
{
    const struct kind *kind = *state;
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    start(bench, kind->name, kind->name, kind->pulse_ms);
    run(bench, 5 * SECOND);
    sim_board_power(&bench->board, bench->now_us * 1000, false);
    run(bench, 5 * SECOND);
    assert_non_null(last(bench, LB_REPORT_AWAY));
    bench->reports = 0;
    sim_board_power(&bench->board, bench->now_us * 1000, true);
    sim_board_drive(&bench->board, 3, true, SIM_NEVER);
    run(bench, 10 * SECOND);
    assert_non_null(last(bench, LB_REPORT_BACK));
    assert_int_equal(sim_board_outputs(&bench->board), 0);
    lb_bus_free(&bench->bus);
    free(bench);
}

/* A relay whose contact has welded, or somebody else's hand on the wire. */
static void an_output_that_stays_on_keeps_it_out(void **state)
{
    const struct kind *kind = *state;
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    start(bench, kind->name, kind->name, kind->pulse_ms);
    for (uint64_t end = bench->now_us + 8 * SECOND; bench->now_us < end;) {
        sim_board_drive(&bench->board, kind->channels - 1U, true, SIM_NEVER);
        advance(bench);
    }
    assert_null(last(bench, LB_REPORT_BACK));
    assert_non_null(last(bench, LB_REPORT_REFUSED));
    assert_string_equal(last(bench, LB_REPORT_REFUSED)->text,
                        "an output reads on after it was switched off");
    assert_int_equal(pulse(bench, 0), LOCKBUS_ERR_OFFLINE);
    lb_bus_free(&bench->bus);
    free(bench);
}

/* ---- And with another ------------------------------------------------------
 */

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
};

/* The board loses its power, another sits in its place when it comes back. */
static void another_in_its_place_is_refused_and_never_driven(void **state)
{
    const struct swap *swap = *state;
    struct bench *bench = calloc(1, sizeof *bench);
    uint32_t pulse_ms = 0;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, swap->profile) == 0) {
            pulse_ms = kinds[i].pulse_ms;
        }
    }
    assert_non_null(bench);
    start(bench, swap->profile, swap->profile, pulse_ms);
    run(bench, 5 * SECOND);
    assert_non_null(last(bench, LB_REPORT_BACK));
    assert_int_equal(pulse(bench, 1), LOCKBUS_OK); /* it may wait ... */
    sim_board_power(&bench->board, bench->now_us * 1000, false);
    run(bench, 3 * SECOND);
    fit(bench, swap->kind);
    uint16_t uart = bench->board.uart;

    run(bench, 12 * SECOND); /* ... but not for a stranger */
    const struct lb_report *refused = last(bench, LB_REPORT_REFUSED);

    if (swap->text != NULL) {
        assert_non_null(refused);
        assert_string_equal(refused->text, swap->text);
    } else {
        assert_null(refused);
        assert_string_equal(last(bench, LB_REPORT_AWAY)->text,
                            "it does not answer");
    }
    assert_int_equal(pulse(bench, 1), LOCKBUS_ERR_OFFLINE);
    assert_int_equal(drives(bench), 0);
    assert_int_equal(bench->board.address, 1);
    assert_int_equal(bench->board.uart, uart);
    lb_bus_free(&bench->bus);
    free(bench);
}

/* Whatever profile meets whatever board: being looked at moves no latch, and
 * changes no address, speed or mode. */
static void no_profile_harms_another_kind_of_board_at_attach(void **state)
{
    (void)state;
    for (size_t p = 0; p < COUNT(kinds); p++) {
        for (size_t k = 0; k < COUNT(kinds); k++) {
            struct bench *bench = calloc(1, sizeof *bench);

            assert_non_null(bench);
            start(bench, kinds[p].name, kinds[k].name, kinds[p].pulse_ms);
            uint16_t uart = bench->board.uart;
            run(bench, 3 * SECOND);
            if (drives(bench) != 0 || bench->board.address != 1 ||
                bench->board.uart != uart) {
                fail_msg("%s at a %s", kinds[p].name, kinds[k].name);
            }
            for (size_t c = 0; c < SIM_CHANNELS; c++) {
                assert_int_equal(bench->board.mode[c], 0);
            }
            lb_bus_free(&bench->bus);
            free(bench);
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
