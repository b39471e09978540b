/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "board/modbus.h"
#include "board/profile.h"
#include "ini_edit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char good[] = "; a board\n"
                           "[profile]\n"                           /* 2 */
                           "driver   = modbus\n"                   /* 3 */
                           "channels = 8\n"                        /* 4 */
                           "[identity]\n"                          /* 5 */
                           "firmware = fc03 0x8000 min 200\n"      /* 6 */
                           "modes    = fc03 0x1000 each 0\n"       /* 7 */
                           "[pulse]\n"                             /* 8 */
                           "write      = fc05 0x0200 ; flash on\n" /* 9 */
                           "unit_ms    = 100\n"                    /* 10 */
                           "allowed_ms = 200-1000\n"               /* 11 */
                           "[off]\n"                               /* 12 */
                           "write = fc05 0x0000\n"                 /* 13 */
                           "[leaf]\n"                              /* 14 */
                           "read = fc02 0x0000\n";                 /* 15 */

static void a_good_profile_is_read_whole(void **state)
{
    struct lb_profile profile;
    struct lockbus_error why;
    uint8_t digest[32];

    (void)state;
    assert_int_equal(
        lb_profile_parse(&profile, "test-8ch", good, strlen(good), &why),
        LOCKBUS_OK);
    assert_string_equal(profile.name, "test-8ch");
    assert_int_equal(profile.channels, 8);
    assert_int_equal(profile.pulse.fc, 5);
    assert_int_equal(profile.pulse.base, 0x0200);
    assert_int_equal(profile.pulse_unit_ms, 100);
    assert_int_equal(profile.pulse_min_ms, 200);
    assert_int_equal(profile.pulse_max_ms, 1000);
    assert_int_equal(profile.off.fc, 5);
    assert_int_equal(profile.off.base, 0);
    assert_true(profile.leaf_is_read);
    assert_int_equal(profile.leaf.fc, 2);
    assert_int_equal(profile.leaf.base, 0);
    assert_int_equal(profile.checks, 2);
    assert_string_equal(profile.check[0].name, "firmware");
    assert_int_equal(profile.check[0].base, 0x8000);
    assert_false(profile.check[0].each);
    assert_int_equal(profile.check[0].value, 200);
    assert_true(profile.check[1].each);
    lb_crypto_hash(digest, (const uint8_t *)good, strlen(good));
    assert_memory_equal(profile.digest, digest, 32);
}

static void a_profile_without_inputs_has_no_leaf(void **state)
{
    char text[1024];
    struct lb_profile profile;
    struct lockbus_error why;

    (void)state;
    assert_true(
        ini_edit(text, sizeof text, good, "[leaf]\nread = fc02 0x0000\n", ""));
    assert_int_equal(lb_profile_parse(&profile, "x", text, strlen(text), &why),
                     LOCKBUS_OK);
    assert_false(profile.leaf_is_read);
}

static void a_refused_profile_leaves_the_old_one_as_it_was(void **state)
{
    struct lb_profile profile, before;
    struct lockbus_error why;

    (void)state;
    memset(&profile, 0x5A, sizeof profile);
    before = profile;
    assert_int_equal(lb_profile_parse(&profile, "x", good, 60, &why),
                     LOCKBUS_ERR_CONFIG);
    assert_memory_equal(&profile, &before, sizeof profile);
}

static void a_file_without_a_last_newline_or_with_crlf_is_read(void **state)
{
    char text[1024];
    struct lb_profile profile;
    struct lockbus_error why;
    size_t at = 0;

    (void)state;
    assert_int_equal(
        lb_profile_parse(&profile, "x", good, strlen(good) - 1, &why),
        LOCKBUS_OK);
    for (size_t i = 0; i < strlen(good); i++) {
        if (good[i] == '\n') {
            text[at++] = '\r';
        }
        text[at++] = good[i];
    }
    assert_int_equal(lb_profile_parse(&profile, "x", text, at, &why),
                     LOCKBUS_OK);
    assert_int_equal(profile.leaf.fc, 2);
}

static void a_zero_byte_is_refused_with_its_line(void **state)
{
    char text[sizeof good];
    struct lb_profile profile;
    struct lockbus_error why;

    (void)state;
    memcpy(text, good, sizeof good);
    *strstr(text, "modbus") = '\0';
    assert_int_equal(
        lb_profile_parse(&profile, "x", text, sizeof good - 1, &why),
        LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.line, 3);
}

/* ---- What is refused ----------------------------------------------------- */

static struct row {
    const char *name, *find, *with;
    unsigned line;
    const char *field, *text; /* text: a part of the sentence */
} rows[] = {
    /* the form of the text */
    {"an empty file", NULL, "", 0, "driver", "lacks"},
    {"a key before any section", "; a board", "a = 1", 1, "a", "before any"},
    {"an unknown section", "[off]", "[on]", 12, "on", "no section"},
    {"an unknown section without keys", "; a board", "[extra]", 1, "extra",
     "no section"},
    {"a section twice", "[leaf]", "[off]", 14, "off", "second time"},
    {"words after a section", "[off]", "[off] x", 12, "off", "follows"},
    {"a section without its bracket", "[off]", "[off", 12, "", "[NAME]"},
    {"an unknown key", "unit_ms ", "units ", 10, "units", "no such key"},
    {"a known key in another section", "channels = 8",
     "channels = 8\nunit_ms = 1", 5, "unit_ms", "no such key"},
    {"a key twice", "channels = 8", "channels = 8\nchannels = 8", 5, "channels",
     "line 4"},
    {"an identity twice", "modes   ", "firmware", 7, "firmware", "line 6"},
    {"a line without an equals sign", "channels = 8", "channels 8", 4, "",
     "neither"},
    {"a colon in place of the equals sign", "channels = 8", "channels : 8", 4,
     "", "neither"},
    {"a key without a value", "channels = 8", "channels =", 4, "channels",
     "no value"},
    {"a key with a comment for a value", "channels = 8", "channels = ; 8", 4,
     "channels", "no value"},
    {"an indented line", "channels = 8", " channels = 8", 4, "", "blank"},
    {"a value that goes on in the next line", "channels = 8",
     "channels = 8\n  9", 5, "", "blank"},
    {"a control byte", "channels = 8", "channels = 8\a", 4, "", "control"},
    {"a byte-order mark", "; a board", "\xEF\xBB\xBF; a board", 1, "",
     "byte-order"},
    {"a line too long", "; a board",
     ";23456789a123456789b123456789c123456789d123456789e123456789"
     "f123456789g123456789h123456789i123456789j123456789k123456789"
     "l123456789m123456789n123456789o123456789p123456789q123456789"
     "r123456789s123456789",
     1, "", "longer"},
    /* [profile] */
    {"no driver", "driver   = modbus\n", "", 0, "driver", "lacks"},
    {"an lb1 driver", "= modbus", "= lb1", 3, "driver", "not in this version"},
    {"a verifying lb1 driver", "= modbus", "= lb1-verifying", 3, "driver",
     "not in this version"},
    {"another driver", "= modbus", "= kerong", 3, "driver", "modbus"},
    {"no channels", "channels = 8\n", "", 0, "channels", "lacks"},
    {"channels zero", "channels = 8", "channels = 0", 4, "channels", "1 to 32"},
    {"channels beyond the most", "channels = 8", "channels = 33", 4, "channels",
     "1 to 32"},
    {"channels with words behind", "channels = 8", "channels = 8 9", 4,
     "channels", "1 to 32"},
    {"channels with a sign", "channels = 8", "channels = +8", 4, "channels",
     "1 to 32"},
    /* [identity] */
    {"an identity with another function", "firmware = fc03", "firmware = fc01",
     6, "firmware", "fc03 or fc04"},
    {"an identity without a value", "min 200", "min", 6, "firmware", "each"},
    {"an identity of another word", "min 200", "max 200", 6, "firmware",
     "each"},
    {"an identity with words behind", "min 200", "min 200 300", 6, "firmware",
     "each"},
    {"an identity beyond 16 bits", "min 200", "min 65536", 6, "firmware",
     "each"},
    {"an identity whose last channel has no address", "0x1000 each",
     "0xFFF9 each", 7, "modes", "no address"},
    {"an identity with too long a name", "modes ",
     "a_name_that_is_far_too_long ", 7, "a_name_that_is_far_too_long",
     "too long"},
    {"too many identities", "modes ",
     "b=fc03 1 min 1\nc=fc03 1 min 1\n"
     "d=fc03 1 min 1\ne ",
     10, "e", "more than 4"},
    /* [pulse] */
    {"no pulse", "write      = fc05 0x0200 ; flash on\n", "", 0, "write",
     "lacks"},
    {"a pulse without an address", "fc05 0x0200", "fc05", 9, "write",
     "address"},
    {"a pulse without a code", "fc05 0x0200", "0x0200", 9, "write",
     "function code"},
    {"a pulse with a code of one digit", "fc05 0x0200", "fc5 0x0200", 9,
     "write", "function code"},
    {"a pulse with words behind", "fc05 0x0200", "fc05 0x0200 0x07", 9, "write",
     "follows"},
    {"a pulse with a read", "fc05 0x0200", "fc03 0x0200", 9, "write",
     "fc05 or fc06"},
    {"a pulse beyond 16 bits", "fc05 0x0200", "fc05 0x10000", 9, "write",
     "0xFFFF"},
    {"a pulse whose last channel has no address", "fc05 0x0200", "fc05 0xFFF9",
     9, "write", "no address"},
    {"no unit", "unit_ms    = 100\n", "", 0, "unit_ms", "lacks"},
    {"a unit of zero", "unit_ms    = 100", "unit_ms    = 0", 10, "unit_ms",
     "1 to"},
    {"a unit of more than a second", "unit_ms    = 100", "unit_ms    = 1001",
     10, "unit_ms", "1 to"},
    {"no allowed pulses", "allowed_ms = 200-1000\n", "", 0, "allowed_ms",
     "lacks"},
    {"allowed pulses without a range", "200-1000", "200", 11, "allowed_ms",
     "SHORTEST"},
    {"allowed pulses that fall", "200-1000", "1000-200", 11, "allowed_ms",
     "SHORTEST"},
    {"allowed pulses of zero", "200-1000", "0-1000", 11, "allowed_ms", "20"},
    {"allowed pulses beyond the most", "200-1000", "200-5100", 11, "allowed_ms",
     "5000"},
    {"allowed pulses without an end", "200-1000", "200-", 11, "allowed_ms",
     "SHORTEST"},
    {"a shortest pulse between units", "200-1000", "250-1000", 11, "allowed_ms",
     "multiples"},
    {"a longest pulse between units", "200-1000", "200-950", 11, "allowed_ms",
     "multiples"},
    {"a unit longer than the shortest pulse", "unit_ms    = 100",
     "unit_ms    = 1000", 11, "allowed_ms", "multiples"},
    /* [off] */
    {"no off", "write = fc05 0x0000\n", "", 0, "write", "lacks"},
    {"off by a read", "write = fc05 0x0000", "write = fc01 0x0000", 13, "write",
     "fc05 or fc06"},
    {"off with a value", "write = fc05 0x0000", "write = fc05 0x0000 0xFF00",
     13, "write", "follows"},
    {"off whose last channel has no address", "write = fc05 0x0000",
     "write = fc05 0xFFFF", 13, "write", "no address"},
    /* [leaf] */
    {"a leaf section without its key", "read = fc02 0x0000\n", "", 0, "read",
     "lacks"},
    {"a leaf by a register", "fc02 0x0000", "fc03 0x0000", 15, "read",
     "fc01 or fc02"},
    {"a leaf that is the output itself", "fc02 0x0000", "fc01 0x0000", 15,
     "read", "echo"},
    {"a leaf that is the pulse's coil", "fc02 0x0000", "fc01 0x0207", 15,
     "read", "echo"},
    {"a leaf whose last channel has no address", "fc02 0x0000", "fc02 0xFFFF",
     15, "read", "no address"},
    /* hazards */
    {"a pulse to all relays", "fc05 0x0200", "fc05 0x00FF", 9, "write",
     "all relays"},
    {"a pulse whose last channel is all relays", "fc05 0x0200", "fc05 0x00F8",
     9, "write", "all relays"},
    {"a pulse that toggles all relays", "fc05 0x0200", "fc05 0x01FF", 9,
     "write", "all relays"},
    {"a pulse whose second channel toggles all", "fc05 0x0200", "fc05 0x01FE",
     9, "write", "all relays"},
    {"a flash off", "fc05 0x0200", "fc05 0x0400", 9, "write", "stays on"},
    {"a flash off of the last channel", "fc05 0x0200", "fc05 0x03F9", 9,
     "write", "stays on"},
    {"a pulse of many coils", "fc05 0x0200", "fc15 0x0200", 9, "write", "many"},
    {"a pulse of many registers", "fc05 0x0200", "fc16 0x0003", 9, "write",
     "many"},
    {"a pulse to register 0", "fc05 0x0200", "fc06 0x0000", 9, "write",
     "all relays"},
    {"a pulse to an address register", "fc05 0x0200", "fc06 0x4000", 9, "write",
     "address"},
    {"a pulse to the other address register", "fc05 0x0200", "fc06 0x03E9", 9,
     "write", "address"},
    {"a pulse whose last channel renumbers", "fc05 0x0200", "fc06 0x03E2", 9,
     "write", "address"},
    {"a pulse to the serial settings", "fc05 0x0200", "fc06 0x2000", 9, "write",
     "serial"},
    {"a pulse to the control modes", "fc05 0x0200", "fc06 0x1004", 9, "write",
     "control mode"},
    {"a pulse that a board of the first dialect holds",
     "fc05 0x0200 ; flash on\nunit_ms    = 100", "fc05 0x0000\nunit_ms = 1", 9,
     "write", "for good"},
    {"a pulse whose high byte such a board may look at",
     "fc05 0x0200 ; flash on\nunit_ms    = 100\nallowed_ms = 200-1000",
     "fc05 0x0000\nunit_ms = 1\nallowed_ms = 300-400", 9, "write", "for good"},
    {"off that is all relays", "write = fc05 0x0000", "write = fc05 0x00FF", 13,
     "write", "all relays"},
    {"off that is flash off", "write = fc05 0x0000", "write = fc05 0x0400", 13,
     "write", "stays on"},
    {"off by many coils", "write = fc05 0x0000", "write = fc15 0x0000", 13,
     "write", "many"},
    {"off that renumbers", "write = fc05 0x0000", "write = fc06 0x4000", 13,
     "write", "address"},
};

/* A board that takes commands. */
static const char commands[] = "[profile]\n"
                               "driver   = modbus\n"
                               "channels = 16\n"
                               "[pulse]\n"
                               "write      = fc06 0x0001\n"   /* 5 */
                               "word       = 0x0600 count\n"  /* 6 */
                               "unit_ms    = 1000\n"          /* 7 */
                               "allowed_ms = 1000-5000\n"     /* 8 */
                               "[off]\n"                      /* 9 */
                               "write = fc06 0x0001 ; regs\n" /* 10 */
                               "word  = 0x0200\n";            /* 11 */

static struct row command_rows[] = {
    {"a command that switches on for good", "0x0600 count", "0x0100 alone", 6,
     "word", "0x0500 alone and"},
    {"a command that toggles", "0x0600 count", "0x0300 alone", 6, "word",
     "0x0500 alone and"},
    {"a command that latches", "0x0600 count", "0x0400 alone", 6, "word",
     "0x0500 alone and"},
    {"a command for all relays", "0x0600 count", "0x0700 alone", 6, "word",
     "0x0500 alone and"},
    {"a momentary command that counts", "0x0600 count", "0x0500 count", 6,
     "word", "0x0500 alone and"},
    {"a delay without its seconds", "0x0600 count", "0x0600 alone", 6, "word",
     "0x0500 alone and"},
    {"a command with its seconds written in", "0x0600 count", "0x06FF alone", 6,
     "word", "0x0500 alone and"},
    {"a momentary command of many lengths", "0x0600 count", "0x0500 alone", 8,
     "allowed_ms", "one length"},
    {"seconds that are counted as less", "1000\nallowed_ms = 1000-5000",
     "500\nallowed_ms = 500-5000", 5, "write", "more than 5 s"},
    {"a command to all relays", "= fc06 0x0001\nword       ",
     "= fc06 0x0000\nword       ", 5, "write", "same registers"},
    {"commands to register 0", "[off]\nwrite = fc06 0x0001 ; regs",
     "[off]\nwrite = fc06 0x0000", 5, "write", "same registers"},
    {"a command to a coil", "= fc06 0x0001\nword       ",
     "= fc05 0x0001\nword       ", 5, "write", "same registers"},
    {"off by a value in a command's register", "word  = 0x0200\n", "", 5,
     "word", "takes one for off"},
    {"off by a command that switches on", "= 0x0200", "= 0x0100", 11, "word",
     "0x0200"},
    {"off by a command of all relays", "= 0x0200", "= 0x0800", 11, "word",
     "0x0200"},
    {"commands beyond the last register",
     "write      = fc06 0x0001\nword       = 0x0600 count\n"
     "unit_ms    = 1000\nallowed_ms = 1000-5000\n"
     "[off]\nwrite = fc06 0x0001 ; regs\n",
     "write = fc06 0x0012\nword = 0x0600 count\nunit_ms = 1000\n"
     "allowed_ms = 1000-5000\n[off]\nwrite = fc06 0x0012\n",
     5, "write", "0x0001 to 0x0020"},
    {"a command and a mode", "unit_ms    = 1000", "mode = 2\nunit_ms = 1000", 7,
     "mode", "goes with fc16"},
    {"a pulse in a command's register", "word       = 0x0600 count\n", "", 10,
     "word", "with a command"},
};

/* A board whose pulse is two registers. */
static const char pairs[] = "[profile]\n"
                            "driver   = modbus\n"
                            "channels = 8\n"
                            "[pulse]\n"
                            "write      = fc16 0x0003 step 5\n" /* 5 */
                            "mode       = 2\n"                  /* 6 */
                            "unit_ms    = 100\n"                /* 7 */
                            "allowed_ms = 200-1000\n"           /* 8 */
                            "[off]\n"
                            "write = fc05 0x0000\n" /* 10 */
                            "[leaf]\n"
                            "read = fc02 0x0000\n";

static struct row pair_rows[] = {
    {"two registers without a step", " step 5", "", 5, "write", "many"},
    {"two registers with words behind", "step 5", "step 5 6", 5, "write",
     "many"},
    {"two registers side by side", "step 5", "step 1", 5, "write", "2 to 16"},
    {"two registers at another step", "step 5", "step 2", 5, "write", "many"},
    {"two registers from the address on", "0x0003", "0x0000", 5, "write",
     "many"},
    {"two registers from the baud rate on", "0x0003", "0x03E9", 5, "write",
     "many"},
    {"a pair that begins at the time", "0x0003", "0x0004", 5, "write", "many"},
    {"a ninth relay", "channels = 8", "channels = 9", 5, "write", "many"},
    {"no mode", "mode       = 2\n", "", 5, "mode", "takes a mode"},
    {"flash-off", "= 2\n", "= 4\n", 5, "write", "stays on"},
    {"another mode", "= 2\n", "= 1\n", 5, "write", "not flash-on"},
    {"a mode of nothing", "= 2\n", "= 0\n", 6, "mode", "1 to"},
    {"a time in units that are not the board's", "unit_ms    = 100",
     "unit_ms    = 10", 5, "write", "more than 5 s"},
    {"off by two registers", "[off]\nwrite = fc05 0x0000",
     "[off]\nwrite = fc16 0x0003 step 5", 10, "write", "follows"},
    {"a command in two registers", "mode       = 2\n",
     "mode = 2\nword = 0x0500 alone\n", 5, "word", "takes one for off"},
};

/* A board that knows no time. */
static const char levels[] = "[profile]\n"
                             "driver   = modbus\n"
                             "channels = 16\n"
                             "[pulse]\n"
                             "write      = fc05 0x0000 ; on\n" /* 5 */
                             "timed_by   = host\n"             /* 6 */
                             "unit_ms    = 100\n"              /* 7 */
                             "allowed_ms = 200-1000\n"         /* 8 */
                             "[off]\n"
                             "write = fc05 0x0000 ; off\n"; /* 10 */

static struct row level_rows[] = {
    {"a pulse timed by somebody else", "= host", "= board", 6, "timed_by",
     "by the host"},
    {"a level by a register", "fc05 0x0000 ; on", "fc06 0x0000", 6, "timed_by",
     "same coils"},
    {"a level whose off is elsewhere", "fc05 0x0000 ; off", "fc05 0x0010", 6,
     "timed_by", "same coils"},
    {"a level whose off is a register", "fc05 0x0000 ; off", "fc06 0x0000", 6,
     "timed_by", "same coils"},
    {"a level shorter than a host can time", "200-1000\n[off]",
     "50-1000\n[off]", 8, "allowed_ms", "multiples"},
    {"a level of 50 ms", "100\nallowed_ms = 200-1000",
     "10\nallowed_ms = 50-1000", 8, "allowed_ms", "no pulse shorter"},
    {"a level with a mode", "timed_by   = host", "timed_by = host\nmode = 2", 7,
     "mode", "goes with fc16"},
    {"levels where an address lies", "channels = 16", "channels = 17", 5,
     "write", "not known to be one relay"},
    {"without the line it would be no level",
     "timed_by   = host\nunit_ms    = 100\nallowed_ms = 200-1000",
     "unit_ms = 1\nallowed_ms = 20-5000", 5, "write", "first dialect"},
};

static void refuse(const char *base, const struct row *row)
{
    struct lb_profile profile;
    struct lockbus_error why;
    char text[2048];

    assert_true(ini_edit(text, sizeof text, base, row->find, row->with));
    assert_int_equal(
        lb_profile_parse(&profile, "test", text, strlen(text), &why),
        LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.err, LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.file, "test");
    assert_string_equal(why.field, row->field);
    assert_non_null(strstr(why.text, row->text));
    assert_int_equal(why.line, row->line);
}

static void check_row(void **state)
{
    refuse(good, *state);
}

static void check_command_row(void **state)
{
    refuse(commands, *state);
}

static void check_pair_row(void **state)
{
    refuse(pairs, *state);
}

static void check_level_row(void **state)
{
    refuse(levels, *state);
}

/* A flash of a Waveshare board is no level, whatever a profile calls it. */
static void a_level_is_one_of_the_first_16_coils(void **state)
{
    (void)state;
    for (uint32_t base = 0; base <= 0xFFFF; base++) {
        struct lb_profile profile;
        struct lockbus_error why;
        char text[512];

        (void)snprintf(text, sizeof text,
                       "[profile]\ndriver = modbus\nchannels = 1\n"
                       "[pulse]\nwrite = fc05 %u\ntimed_by = host\n"
                       "unit_ms = 100\nallowed_ms = 200-1000\n"
                       "[off]\nwrite = fc05 %u\n",
                       (unsigned)base, (unsigned)base);
        assert_int_equal(
            lb_profile_parse(&profile, "x", text, strlen(text), &why),
            base < 16 ? LOCKBUS_OK : LOCKBUS_ERR_CONFIG);
    }
}

static void commands_and_pairs_are_read(void **state)
{
    struct lb_profile profile;
    struct lockbus_error why;

    (void)state;
    assert_int_equal(
        lb_profile_parse(&profile, "x", commands, strlen(commands), &why),
        LOCKBUS_OK);
    assert_int_equal(profile.pulse_word, 0x0600);
    assert_int_equal(profile.off_word, 0x0200);
    assert_false(profile.pulse_alone);
    assert_int_equal(
        lb_profile_parse(&profile, "x", pairs, strlen(pairs), &why),
        LOCKBUS_OK);
    assert_int_equal(profile.pulse_word, 2);
    assert_int_equal(lb_profile_at(&profile.pulse, 7), 38);
}

/* ---- The profiles that come with lockbus --------------------------------- */

/* What the boards' papers say of a frame, written down once more and not from
 * the code: 0xNN high and low byte of the value, address `at`. */
static bool coil_is_dangerous(uint32_t at, uint32_t value)
{
    bool all = at == 0x00FF || at == 0x01FF;
    bool flash_off = at >= 0x0400 && at < 0x0500;
    bool too_long = value > 5000 || (at >= 0x0200 && at < 0x0300 && value > 50);

    return all || flash_off || too_long || (at < 0x20 && value == 0x0100);
}

static bool register_is_dangerous(uint32_t at, uint32_t value)
{
    uint32_t command = value >> 8, seconds = value & 0xFF;

    if (at == 0 || (at >= 0x03E8 && at <= 0x03EA) || at >> 8 == 0x10 ||
        at >> 8 == 0x20 || at >> 8 == 0x40) {
        return true;
    }
    if (at == 1 && value <= 247) {
        return true; /* an address */
    }
    if (at <= 0x27 && command == 0) {
        return value != 0; /* a mode or a time */
    }
    return at <= 0x20 && command != 2 && command != 5 &&
           !(command == 6 && seconds >= 1 && seconds <= 5);
}

static bool is_dangerous(const uint8_t *frame, size_t len)
{
    uint32_t at = (uint32_t)(frame[2] << 8 | frame[3]);
    uint32_t value = (uint32_t)(frame[4] << 8 | frame[5]);

    if (frame[0] == 0 || frame[0] > 247) {
        return true;
    }
    switch (frame[1]) {
    case 1:
    case 2:
    case 3:
    case 4:
        return false;
    case 5:
        return len != 8 || coil_is_dangerous(at, value);
    case 6:
        return len != 8 || register_is_dangerous(at, value);
    case 16: /* two registers, mode 2, at most 5 s, one of eight places */
        return len != 13 || at > 38 || at % 5 != 3 || value != 2 ||
               frame[6] != 4 || frame[7] != 0 || frame[8] != 2 ||
               frame[9] != 0 || frame[10] < 1 || frame[10] > 50;
    default:
        return true;
    }
}

static bool dangerous(uint8_t fc, uint32_t at, uint32_t value)
{
    const uint8_t frame[8] = {1,
                              fc,
                              (uint8_t)(at >> 8),
                              (uint8_t)at,
                              (uint8_t)(value >> 8),
                              (uint8_t)value};

    return is_dangerous(frame, sizeof frame);
}

static void load(struct lb_profile *profile, const char *name)
{
    char path[512], text[8192];
    struct lockbus_error why = {0};

    (void)snprintf(path, sizeof path, LB_SOURCE_DIR "/profiles/%s.ini", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text, file);
    (void)fclose(file);
    assert_in_range(len, 1, sizeof text - 1);
    if (lb_profile_parse(profile, name, text, len, &why) != LOCKBUS_OK) {
        fail_msg("%s:%u: %s: %s", name, why.line, why.field, why.text);
    }
}

static size_t check_frames(struct lb_modbus *codec,
                           const struct lb_profile *profile,
                           struct lb_order order)
{
    struct lb_request request;

    for (uint8_t c = 0; c < profile->channels; c++) {
        order.channel = c;
        assert_int_equal(
            lb_modbus_driver.encode(codec, profile, &order, &request),
            LOCKBUS_OK);
        if (profile->host_timed && order.op == LB_OP_PULSE) {
            const uint8_t on[] = {1, 5, 0, c, 0xFF, 0};

            assert_true(c < 16); /* a relay of its own on each board known */
            assert_memory_equal(request.bytes, on, sizeof on);
            continue;
        }
        assert_false(is_dangerous(request.bytes, request.len));
        assert_int_equal(request.bytes[0], 1);
    }
    order.channel = profile->channels;
    assert_int_equal(lb_modbus_driver.encode(codec, profile, &order, &request),
                     LOCKBUS_ERR_USAGE);
    return profile->channels;
}

/* As bytes, since that is what a board sees. */
static void no_shipped_profile_expresses_a_dangerous_frame(void **state)
{
    const char *name = *state;
    struct lb_profile profile;
    struct lb_modbus *codec = NULL;
    struct lb_order order = {.op = LB_OP_OFF, .address = 1};
    size_t frames = 0;

    load(&profile, name);
    assert_int_equal(lb_modbus_new(&codec), LOCKBUS_OK);
    frames += check_frames(codec, &profile, order);
    order.op = LB_OP_PULSE;
    for (order.pulse_ms = profile.pulse_min_ms;
         order.pulse_ms <= profile.pulse_max_ms;
         order.pulse_ms += profile.pulse_unit_ms) {
        frames += check_frames(codec, &profile, order);
    }
    lb_modbus_free(&codec);
    assert_true(frames >= profile.channels * 2U);
}

/* Whatever a profile says, the parser lets no dangerous frame through: every
 * base address for both writes, with all the values that can be allowed. */
static void no_base_that_is_let_through_is_dangerous(void **state)
{
    /* 0 is off; the others can all be told as a pulse in ms */
    static const uint16_t values[] = {0,    20,   50,   51,   100,  247,  248,
                                      255,  256,  500,  512,  768,  1024, 1280,
                                      1281, 1535, 1536, 1537, 1541, 1542, 1792,
                                      2047, 2048, 2304, 4096, 5000};
    size_t let_through = 0;

    (void)state;
    for (uint32_t base = 0; base <= 0xFFFF; base++) {
        for (uint8_t fc = 5; fc <= 6; fc++) {
            struct lb_profile profile;
            struct lockbus_error why;
            char text[512];

            /* every address is some base's first, so one channel will do */
            (void)snprintf(text, sizeof text,
                           "[profile]\ndriver = modbus\nchannels = 1\n"
                           "[pulse]\nwrite = fc%02u 0x%04X\nunit_ms = 1\n"
                           "allowed_ms = 20-5000\n"
                           "[off]\nwrite = fc%02u 0x%04X\n",
                           fc, (unsigned)base, fc, (unsigned)base);
            if (lb_profile_parse(&profile, "x", text, strlen(text), &why) !=
                LOCKBUS_OK) {
                continue;
            }
            let_through++;
            for (size_t i = 0; i < COUNT(values); i++) {
                if (dangerous(fc, base, values[i])) {
                    fail_msg("fc%02u %04X %04X", fc, (unsigned)base,
                             (unsigned)values[i]);
                }
            }
        }
    }
    assert_in_range(let_through, 100000, 131071);
}

/* Of all that FC16 could say, one form is let through. */
static void one_pair_of_registers_is_let_through(void **state)
{
    static const uint16_t more[] = {0x03E8, 0x03E9, 0x1000, 0x2000,
                                    0x4000, 0x8000, 0xFFFE};
    size_t let_through = 0;

    (void)state;
    for (unsigned i = 0; i < 64 + COUNT(more); i++) {
        for (unsigned step = 0; step <= 8; step++) {
            for (unsigned mode = 1; mode <= 6; mode++) {
                unsigned base = i < 64 ? i : more[i - 64];
                struct lb_profile profile;
                struct lockbus_error why;
                char text[512];

                (void)snprintf(text, sizeof text,
                               "[profile]\ndriver = modbus\nchannels = 1\n"
                               "[pulse]\nwrite = fc16 %u step %u\n"
                               "mode = %u\nunit_ms = 100\n"
                               "allowed_ms = 100-5000\n"
                               "[off]\nwrite = fc05 0x0000\n",
                               base, step, mode);
                if (lb_profile_parse(&profile, "x", text, strlen(text), &why) ==
                    LOCKBUS_OK) {
                    let_through++;
                    assert_true(base == 3 && step == 5 && mode == 2);
                }
            }
        }
    }
    assert_int_equal(let_through, 1);
}

static char shipped[][32] = {
    "waveshare-relay-d-8ch", "waveshare-relay-8ch", "waveshare-relay-16ch",
    "waveshare-relay-32ch",  "xunming-lock-16ch",   "r421a08-relay-8ch",
    "r421b16-relay-16ch",    "lctech-relay-8ch",    "iobox-level-16ch",
    "tequ-lock-level-1ch",
};

/* A profile that nobody tests is not handed out. */
static void every_file_of_the_folder_is_tested(void **state)
{
    DIR *dir = opendir(LB_SOURCE_DIR "/profiles");
    size_t found = 0;

    (void)state;
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        bool known = entry->d_name[0] == '.';

        for (size_t i = 0; !known && i < COUNT(shipped); i++) {
            size_t len = strlen(shipped[i]);

            known = strncmp(entry->d_name, shipped[i], len) == 0 &&
                    strcmp(entry->d_name + len, ".ini") == 0;
            found += known ? 1 : 0;
        }
        if (!known) {
            fail_msg("%s", entry->d_name);
        }
    }
    (void)closedir(dir);
    assert_int_equal(found, COUNT(shipped));
}

static void fill(struct CMUnitTest *tests, struct row *from, size_t count,
                 void (*check)(void **state))
{
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){.name = from[i].name,
                                       .test_func = check,
                                       .initial_state = &from[i]};
    }
}

int main(void)
{
    static struct CMUnitTest refusals[COUNT(rows)], each[COUNT(shipped)],
        level[COUNT(level_rows)], command[COUNT(command_rows)],
        pair[COUNT(pair_rows)];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_profile_is_read_whole),
        cmocka_unit_test(a_profile_without_inputs_has_no_leaf),
        cmocka_unit_test(a_refused_profile_leaves_the_old_one_as_it_was),
        cmocka_unit_test(a_file_without_a_last_newline_or_with_crlf_is_read),
        cmocka_unit_test(a_zero_byte_is_refused_with_its_line),
        cmocka_unit_test(no_base_that_is_let_through_is_dangerous),
        cmocka_unit_test(every_file_of_the_folder_is_tested),
        cmocka_unit_test(a_level_is_one_of_the_first_16_coils),
        cmocka_unit_test(one_pair_of_registers_is_let_through),
        cmocka_unit_test(commands_and_pairs_are_read),
    };

    fill(refusals, rows, COUNT(rows), check_row);
    fill(command, command_rows, COUNT(command_rows), check_command_row);
    fill(level, level_rows, COUNT(level_rows), check_level_row);
    fill(pair, pair_rows, COUNT(pair_rows), check_pair_row);
    for (size_t i = 0; i < COUNT(shipped); i++) {
        each[i] = (struct CMUnitTest){
            .name = shipped[i],
            .test_func = no_shipped_profile_expresses_a_dangerous_frame,
            .initial_state = shipped[i]};
    }
    return cmocka_run_group_tests_name("profiles", tests, NULL, NULL) +
           cmocka_run_group_tests_name("no danger", each, NULL, NULL) +
           cmocka_run_group_tests_name("commands", command, NULL, NULL) +
           cmocka_run_group_tests_name("levels", level, NULL, NULL) +
           cmocka_run_group_tests_name("pairs", pair, NULL, NULL) +
           cmocka_run_group_tests_name("refused", refusals, NULL, NULL);
}
