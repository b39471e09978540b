/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/crypto.h"
#include "cabinet/config.h"
#include "config_dir.h"
#include "ini_edit.h"

#include <lockbus/cabinet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct lb_config config;

static enum lockbus_err reload(const char *path, struct lockbus_error *why)
{
    lb_config_free(&config); /* the one before; nothing at first */
    return lb_config_load(&config, path, why);
}

static enum lockbus_err load(const struct config_dir *dir, const char *text,
                             struct lockbus_error *why)
{
    config_dir_write(dir, "cabinet.ini", text, strlen(text));
    return reload(dir->file, why);
}

static void load_edited(const struct config_dir *dir, const char *find,
                        const char *with)
{
    char text[4096];
    struct lockbus_error why;

    assert_true(ini_edit(text, sizeof text, config_good, find, with));
    if (load(dir, text, &why) != LOCKBUS_OK) {
        fail_msg("%u: %s: %s", why.line, why.field, why.text);
    }
}

/* ---- What is read -------------------------------------------------------- */

static void a_good_configuration_is_read_whole(void **state)
{
    const struct config_dir *dir = *state;
    struct lockbus_error why = {0};
    char journal[300];

    assert_int_equal(load(dir, config_good, &why), LOCKBUS_OK);
    assert_string_equal(config.name, "Hall B");
    (void)snprintf(journal, sizeof journal, "%s/journal", dir->path);
    assert_string_equal(config.journal, journal);
    assert_string_equal(config.manifest, "/var/lib/lockbus/manifest.lbm");
    assert_true(config.keypad_digits);
    assert_int_equal(config.pulse_ms, 500);
    assert_int_equal(config.rest_ms, 15000);
    assert_int_equal(config.at_once, 2);
    assert_true(config.shut_is);
    assert_int_equal(config.bus_count, 2);
    assert_string_equal(config.bus[0].name, "left");
    assert_string_equal(config.bus[0].port, "usb:0403:6001:FT9XK2LQ");
    assert_int_equal(config.bus[1].serial.baud, 115200);
    assert_int_equal(config.bus[1].serial.data_bits, 8);
    assert_int_equal(config.bus[1].serial.parity, 'E');
    assert_int_equal(config.bus[1].serial.stop_bits, 2);
    assert_int_equal(config.board_count, 3);
    assert_int_equal(config.board[2].number, 7);
    assert_int_equal(config.board[2].bus, 1);
    assert_int_equal(config.board[2].address, 247);
    assert_string_equal(config.board[1].uid, "3a0041000f51383438343535");
    assert_int_equal(config.profile_count, 2);
    assert_string_equal(config.profile[config.board[2].profile].name, "blind");
    assert_int_equal(config.profile[0].channels, 8);
}

static void doors_of_a_range_are_counted_up(void **state)
{
    struct lockbus_error why = {0};

    assert_int_equal(load(*state, config_good, &why), LOCKBUS_OK);
    assert_int_equal(config.door_count, 1024);
    assert_string_equal(lb_config_door(&config, 0).label, "A01");
    assert_string_equal(lb_config_door(&config, 7).label, "A08");
    assert_int_equal(lb_config_door(&config, 7).channel, 7);
    assert_true(lb_config_door(&config, 7).sensor);
    assert_string_equal(lb_config_door(&config, 7).size, "M");
    assert_int_equal(lb_config_door(&config, 8).channel, 0);
    assert_false(lb_config_door(&config, 8).sensor);
    assert_int_equal(lb_config_door(&config, 8).assume_open_s, 30);
    assert_string_equal(lb_config_door(&config, 9).label, "B1");
    assert_int_equal(lb_config_door(&config, 9).channel, 7);
    assert_string_equal(lb_config_door(&config, 9).remark,
                        "low, for wheelchairs");
    assert_false(lb_config_door(&config, 10).used);
    assert_string_equal(lb_config_door(&config, 1021).label, "C099");
    assert_string_equal(lb_config_door(&config, 1022).label, "C100");
    assert_int_equal(lb_config_door(&config, 1023).line, 26);
}

static void content_sensors_are_counted_up(void **state)
{
    load_edited(*state, "A01-A08 = 0-7 1:1-8 size=M",
                "A01-A07 = 0-6 1:1-7 full_is=0 content=2:1-7");
    for (uint8_t i = 0; i < 7; i++) {
        const struct lb_config_door door = lb_config_door(&config, i);

        assert_true(door.content);
        assert_false(door.content_full_is);
        assert_int_equal(door.content_board, 1);
        assert_int_equal(door.content_channel, i);
    }
    assert_false(lb_config_door(&config, 8).content);
}

static void what_may_be_left_out_is_left_out(void **state)
{
    load_edited(*state, "keypad   = digits\n", "");
    assert_false(config.keypad_digits);
    load_edited(*state, "keypad   = digits", "keypad   = letters");
    assert_false(config.keypad_digits);
    assert_int_equal(config.keep_days, 0);
    load_edited(*state, "[lock]", "[journal]\nkeep_days = 36500\n[lock]");
    assert_int_equal(config.keep_days, 36500);
    load_edited(*state, "shut_is  = 1", "shut_is  = 0");
    assert_false(config.shut_is);
    load_edited(*state, "rest_ms  = 15000", "rest_ms  = 0");
    assert_int_equal(config.rest_ms, 0);
    load_edited(*state, " size=M", "");
    assert_string_equal(lb_config_door(&config, 0).size, "");
}

static void every_kind_of_port_is_taken(void **state)
{
    static const char *const ports[] = {
        "usb:1a86:7523",        "path:/dev/ttyUSB0",     "pty:/tmp/bus",
        "rtu+tcp:10.0.0.7:502", "rtu+tcp:[fe80::1]:502", "host:A"};

    for (size_t i = 0; i < COUNT(ports); i++) {
        load_edited(*state, "usb:0403:6001:FT9XK2LQ", ports[i]);
        assert_string_equal(config.bus[0].port, ports[i]);
    }
}

static void modbus_tcp_has_no_baud_rate(void **state)
{
    load_edited(*state, "host:second\nbaud = 115200 8E2", "tcp:10.0.0.7:502");
    assert_string_equal(config.bus[1].port, "tcp:10.0.0.7:502");
    assert_int_equal(config.bus[1].serial.baud, 0);
}

/* Whoever copies a profile must say in the cabinet's file as well that the
 * host may end its pulses; where it is not needed it is not said. */
static void a_pulse_that_the_host_ends_takes_two_lines(void **state)
{
    static const char level[] =
        "[profile]\ndriver = modbus\nchannels = 4\n"
        "[pulse]\nwrite = fc05 0x0000\ntimed_by = host\nunit_ms = 100\n"
        "allowed_ms = 200-1000\n[off]\nwrite = fc05 0x0000\n";
    const struct config_dir *dir = *state;
    struct lockbus_error why = {0};
    char text[4096], both[4096];

    config_dir_write(dir, "profiles/level.ini", level, sizeof level - 1);
    assert_true(
        ini_edit(text, sizeof text, config_good, "247 blind", "247 level"));
    assert_int_equal(load(dir, text, &why), LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.line, 21);
    assert_string_equal(why.field, "timed_by");
    assert_non_null(strstr(why.text, "may die in one"));

    assert_true(
        ini_edit(both, sizeof both, text, "8E2\n", "8E2\ntimed_by = host\n"));
    assert_int_equal(load(dir, both, &why), LOCKBUS_OK);
    assert_false(config.bus[0].host_timed);
    assert_true(config.bus[1].host_timed);

    /* the line on the other bus is not this one's */
    assert_true(
        ini_edit(both, sizeof both, text, "8N1\n", "8N1\ntimed_by = host\n"));
    assert_int_equal(load(dir, both, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, "timed_by");
}

static void the_example_is_a_good_configuration(void **state)
{
    struct lockbus_error why = {0};
    uint8_t hash[32];
    uint16_t doors = 0;

    (void)state;
    if (lockbus_config_check(LB_SOURCE_DIR "/examples/cabinet.ini", hash,
                             &doors, &why) != LOCKBUS_OK) {
        fail_msg("%u: %s: %s", why.line, why.field, why.text);
    }
    assert_int_equal(doors, 32);
    assert_false(lb_all_zero(hash, sizeof hash));
}

/* ---- What is refused ----------------------------------------------------- */

static struct row {
    const char *name, *find, *with;
    unsigned line;
    const char *field, *text; /* text: a part of the sentence */
} rows[] = {
    {"an empty file", NULL, "", 0, "name", "lacks"},
    {"an unknown section", "[lock]", "[locks]", 7, "locks", "no section"},
    {"a section twice", "[bus.right]", "[bus.left]", 15, "bus.left",
     "second time"},
    {"an unknown key", "at_once ", "at_most ", 10, "at_most", "no such key"},
    {"a key twice", "at_once  = 2", "at_once  = 2\nat_once = 1", 11, "at_once",
     "line 10"},
    {"a bus's key twice", "[bus.right]", "port = host:x\n[bus.right]", 15,
     "port", "line 13"},
    {"an unknown key of a bus", "port = host:second", "prt = host:second", 16,
     "prt", "no such key"},
    {"a line without a value", "at_once  = 2", "at_once", 10, "", "neither"},
    /* [cabinet] */
    {"no name", "name     = Hall B\n", "", 0, "name", "lacks"},
    {"no journal", "journal  = journal\n", "", 0, "journal", "lacks"},
    {"no manifest", "manifest = /var/lib/lockbus/manifest.lbm\n", "", 0,
     "manifest", "lacks"},
    {"no profiles", "profiles = profiles\n", "", 0, "profiles", "lacks"},
    {"a name too long", "Hall B",
     "0123456789012345678901234567890123456789012345678901234567890123", 2,
     "name", "63"},
    {"a path that makes its line too long", "= journal\n",
     "= /"
     "a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_"
     "g23456789_h23456789_i23456789_j23456789_k23456789_l23456789_"
     "m23456789_n23456789_o23456789_p23456789_q23456789_r23456789_"
     "s2345"
     "\n",
     3, "", "longer"},
    {"a relative path too long in its folder", "= journal\n",
     "= "
     "a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_"
     "g23456789_h23456789_i23456789_j23456789_k23456789_l23456789_"
     "m23456789_n23456789_o23456789_p23456789_q23456789_r2345678"
     "\n",
     3, "journal", "folder"},
    {"a keypad of another kind", "digits", "emoji", 6, "keypad", "letters"},
    /* [journal] */
    {"no day kept", "[lock]", "[journal]\nkeep_days = 0\n[lock]", 8,
     "keep_days", "36500"},
    {"more days kept than a century has", "[lock]",
     "[journal]\nkeep_days = 36501\n[lock]", 8, "keep_days", "36500"},
    {"days kept of no number", "[lock]", "[journal]\nkeep_days = all\n[lock]",
     8, "keep_days", "1 to"},
    {"a key that the journal's section has not", "[lock]",
     "[journal]\nkeep = 5\n[lock]", 8, "keep", "no"},
    /* [lock] */
    {"no pulse", "pulse_ms = 500\n", "", 0, "pulse_ms", "lacks"},
    {"no rest", "rest_ms  = 15000\n", "", 0, "rest_ms", "lacks"},
    {"no at_once", "at_once  = 2\n", "", 0, "at_once", "lacks"},
    {"no shut_is", "shut_is  = 1\n", "", 0, "shut_is", "lacks"},
    {"a pulse of zero", "pulse_ms = 500", "pulse_ms = 0", 8, "pulse_ms", "20"},
    {"a pulse beyond the most", "pulse_ms = 500", "pulse_ms = 5001", 8,
     "pulse_ms", "5000"},
    {"a pulse shorter than a profile allows", "pulse_ms = 500",
     "pulse_ms = 100", 8, "pulse_ms", "sensed allows 200"},
    {"a pulse longer than a profile allows", "pulse_ms = 500", "pulse_ms = 900",
     8, "pulse_ms", "blind allows 100 to 800"},
    {"a pulse between a profile's units", "pulse_ms = 500", "pulse_ms = 550", 8,
     "pulse_ms", "steps of 100"},
    {"a pulse with a unit", "pulse_ms = 500", "pulse_ms = 500ms", 8, "pulse_ms",
     "20"},
    {"a pulse below zero", "pulse_ms = 500", "pulse_ms = -500", 8, "pulse_ms",
     "20"},
    {"a pulse beyond 64 bits", "pulse_ms = 500",
     "pulse_ms = 18446744073709552116", 8, "pulse_ms", "20"},
    {"a rest beyond the most", "rest_ms  = 15000", "rest_ms  = 600001", 9,
     "rest_ms", "600000"},
    {"none at once", "at_once  = 2", "at_once  = 0", 10, "at_once", "1 to 16"},
    {"seventeen at once", "at_once  = 2", "at_once  = 17", 10, "at_once",
     "1 to 16"},
    {"shut_is beyond a bit", "shut_is  = 1", "shut_is  = 2", 11, "shut_is",
     "0 or as 1"},
    /* [bus.NAME] */
    {"a bus without a port", "port = host:second\n", "", 15, "port",
     "[bus.right] lacks"},
    {"a bus without a baud rate", "baud = 115200 8E2\n", "", 15, "baud",
     "[bus.right] lacks"},
    {"a bus without a name", "[bus.right]", "[bus.]", 15, "bus.", "no section"},
    {"a bus with a blank in its name", "[bus.right]", "[bus.to right]", 15,
     "to right", "named by"},
    {"a bus with a long name", "[bus.right]", "[bus.a23456789b123456789c1234]",
     15, "a23456789b123456789c1234", "23"},
    {"two buses on one port", "host:second", "usb:0403:6001:FT9XK2LQ", 16,
     "port", "bus left"},
    {"pulses timed by somebody", "8E2\n", "8E2\ntimed_by = board\n", 18,
     "timed_by", "by the host"},
    {"pulses timed by a host that has none", "8E2\n", "8E2\ntimed_by = host\n",
     15, "timed_by", "no board"},
    {"Modbus/TCP with a baud rate", "host:second", "tcp:10.0.0.7:502", 15,
     "baud", "gateway"},
    {"Modbus/TCP without a port", "host:second", "tcp:10.0.0.7", 16, "port",
     "tcp:HOST:PORT"},
    {"a port of no kind", "host:second", "/dev/ttyUSB0", 16, "port",
     "begins with"},
    {"a usb port without a product", "host:second", "usb:0403", 16, "port",
     "VVVV"},
    {"a usb port with a wrong digit", "host:second", "usb:0403:60g1", 16,
     "port", "VVVV"},
    {"a usb port with an empty serial", "host:second", "usb:0403:6001:", 16,
     "port", "VVVV"},
    {"a path that is relative", "host:second", "path:ttyUSB0", 16, "port",
     "path:/"},
    {"a pty that is relative", "host:second", "pty:x", 16, "port", "pty:/"},
    {"a serial server without a port", "host:second", "rtu+tcp:10.0.0.7", 16,
     "port", "HOST:PORT"},
    {"a serial server with port 0", "host:second", "rtu+tcp:a:0", 16, "port",
     "HOST:PORT"},
    {"a serial server without a host", "host:second", "rtu+tcp::502", 16,
     "port", "HOST:PORT"},
    {"a host's line without a name", "host:second", "host:", 16, "port",
     "host:NAME"},
    {"a port too long", "host:second",
     "host:123456789a123456789b123456789c123456789d123456789e123456789"
     "f123456789g123456789h123456789i123456789j123456789k123456789l123",
     16, "port", "127"},
    {"a baud rate alone", "115200 8E2", "115200", 17, "baud", "frame"},
    {"a baud rate with words behind", "115200 8E2", "115200 8E2 rts", 17,
     "baud", "frame"},
    {"a baud rate too low", "115200 8E2", "300 8E2", 17, "baud", "1200"},
    {"a baud rate too high", "115200 8E2", "2000000 8E2", 17, "baud",
     "1000000"},
    {"seven data bits", "115200 8E2", "115200 7E1", 17, "baud", "8 data bits"},
    {"a parity of no kind", "115200 8E2", "115200 8M1", 17, "baud",
     "8 data bits"},
    {"three stop bits", "115200 8E2", "115200 8N3", 17, "baud", "8 data bits"},
    {"too many buses", "[boards]",
     "[bus.a]\n[bus.b]\n[bus.c]\n[bus.d]\n[bus.e]\n[bus.f]\n[bus.g]\n"
     "[boards]",
     24, "g", "more than 8"},
    /* [boards] */
    {"a board numbered zero", "1 = left  1 sensed", "0 = left  1 sensed", 19,
     "0", "1 to 999"},
    {"a board without a number", "1 = left  1 sensed", "a = left  1 sensed", 19,
     "a", "1 to 999"},
    {"a board's number twice", "7 = right 247", "2 = right 247", 21, "2",
     "line 20"},
    {"a board without a profile", "7 = right 247 blind", "7 = right 247", 21,
     "7", "BUS ADDRESS PROFILE"},
    {"a board on an unknown bus", "7 = right", "7 = wrong", 21, "7",
     "[bus.wrong]"},
    {"one address on two buses", "right 247", "right 2", 21, "7",
     "unique in the whole cabinet"},
    {"the broadcast address", "right 247", "right 0", 21, "7", "1 to 247"},
    {"a reserved address", "right 247", "right 248", 21, "7", "1 to 247"},
    {"the wildcard address", "right 247", "right 0xFE", 21, "7", "1 to 247"},
    {"a board with words behind", "247 blind", "247 blind fast", 21, "7",
     "uid="},
    {"a board with words behind its uid", "uid=3a0041000f51383438343535",
     "uid=3a0041000f51383438343535 x", 20, "2", "uid="},
    {"a uid that is no hexadecimal", "uid=3a0041", "uid=3x0041", 20, "uid",
     "hexadecimal"},
    {"a uid in upper case", "uid=3a0041", "uid=3A0041", 20, "uid",
     "lower case"},
    {"a uid too short", "uid=3a0041000f51383438343535", "uid=3a0041", 20, "uid",
     "16 to 32"},
    {"a uid of half a byte", "uid=3a0041000f51383438343535",
     "uid=3a0041000f5138343834353", 20, "uid", "even"},
    {"one uid twice", "247 blind", "247 blind uid=3a0041000f51383438343535", 21,
     "uid", "board 2"},
    {"a profile that is not there", "247 blind", "247 absent", 21, "absent",
     "cannot be opened"},
    {"a profile in another folder", "247 blind", "247 ../blind", 21, "../blind",
     "without a folder"},
    {"a profile whose name begins with a dot", "247 blind", "247 .blind", 21,
     ".blind", "without a folder"},
    {"a profile with a name too long", "247 blind",
     "247 a23456789b123456789c123456789d123456789e12345678", 21,
     "a23456789b123456789c123456789d1", "47"},
    /* [doors] */
    {"no doors", "[doors]", "[doors]\n[zzz]", 23, "zzz", "no section"},
    {"a door without a place", "9   2:8", "9", 24, "B1", "BOARD:CHANNELS"},
    {"a door without a channel", "9   2:8", "9   2", 24, "B1",
     "BOARD:CHANNELS"},
    {"a door beyond the most", "9   2:8", "1024 2:8", 24, "B1", "0 to 1023"},
    {"a door that is no number", "9   2:8", "x 2:8", 24, "B1", "0 to 1023"},
    {"a door's number twice", "9   2:8", "7   2:8", 24, "B1", "line 23"},
    {"a range of doors that falls", "0-7 1:1-8", "7-0 1:1-8", 23, "A01-A08",
     "rising"},
    {"a range of doors without an end", "0-7 1:1-8", "0- 1:1-8", 23, "A01-A08",
     "rising"},
    {"a door on an unknown board", "2:8", "3:8", 24, "B1", "no board 3"},
    {"a door on a board without a number", "2:8", "b:8", 24, "B1",
     "no board b"},
    {"channel zero", "2:8", "2:0", 24, "B1", "1 to 32"},
    {"channel 33", "2:8", "2:33", 24, "B1", "1 to 32"},
    {"a channel outside the profile", "2:8", "2:9", 24, "B1", "8 channels"},
    {"two doors on one channel", "2:8", "1:8", 24, "B1", "door A08"},
    {"fewer channels than doors", "1:1-8", "1:1-7", 23, "A01-A08",
     "do not agree"},
    {"fewer labels than doors", "A01-A08", "A01-A07", 23, "A01-A07",
     "do not agree"},
    {"one label for two doors", "9   2:8", "9-10 2:7-8", 24, "B1",
     "do not agree"},
    {"a label twice", "B2 ", "B1 ", 25, "B1", "line 24"},
    {"a label twice through a range", "B2 ", "A03 ", 25, "A03", "line 23"},
    {"a label with a blank", "B1  ", "B 1", 24, "B 1", "label"},
    {"a label too long", "B1 ", "B123456789abcdef ", 24, "B123456789abcdef",
     "1 to 15"},
    {"a range of labels that falls", "A01-A08", "A08-A01", 23, "A08-A01",
     "range of labels"},
    {"a range of labels of two widths", "A01-A08", "A1-A08", 23, "A1-A08",
     "range of labels"},
    {"a range of labels of two letters", "A01-A08", "A01-B08", 23, "A01-B08",
     "range of labels"},
    {"a range of labels without digits", "A01-A08", "A-H", 23, "A-H",
     "range of labels"},
    {"a range of labels with two dashes", "A01-A08", "A01-A04-A08", 23,
     "A01-A04-A08", "label"},
    {"an unknown option", "size=XL", "sise=XL", 24, "sise", "no such option"},
    {"an option twice", "size=XL", "size=XL size=XL", 24, "size",
     "has it already"},
    {"a word that is no option", "size=XL", "XL", 24, "B1", "NAME=VALUE"},
    {"a size too long", "size=XL", "size=XXXXXXXL", 24, "size", "1 to 7"},
    {"an empty size", "size=XL", "size=", 24, "size", "1 to 7"},
    {"an empty remark", "remark=low, for wheelchairs", "remark=", 24, "remark",
     "1 to 47"},
    {"a remark too long", "low, for wheelchairs",
     "a23456789b123456789c123456789d123456789e12345678", 24, "remark",
     "1 to 47"},
    {"a sensor of no kind", "2:1   sensor=none", "2:1   sensor=reed", 25,
     "sensor", "none"},
    {"no sensor and no assumed time", "sensor=none assume_open_s=30",
     "sensor=none", 25, "assume_open_s", "go together"},
    {"a sensor and an assumed time", "sensor=none assume_open_s=30",
     "assume_open_s=30", 25, "assume_open_s", "go together"},
    {"an assumed time of zero", "assume_open_s=30", "assume_open_s=0", 25,
     "assume_open_s", "1 to 600"},
    {"an assumed time too long", "assume_open_s=30", "assume_open_s=601", 25,
     "assume_open_s", "1 to 600"},
    {"a content sensor without a channel", "size=XL", "content=2 full_is=1", 24,
     "content", "BOARD:CHANNELS"},
    {"a content sensor on an unknown board", "size=XL", "content=3:7 full_is=1",
     24, "content", "no board 3"},
    {"content sensors that fall", "size=XL", "content=2:7-6 full_is=1", 24,
     "content", "rising"},
    {"two content sensors for one door", "size=XL", "content=2:6-7 full_is=1",
     24, "content", "do not agree"},
    {"a content sensor without its level", "size=XL", "content=2:7", 24,
     "full_is", "go together"},
    {"a level without a content sensor", "size=XL", "full_is=1", 24, "full_is",
     "go together"},
    {"a level that is none", "size=XL", "content=2:7 full_is=2", 24, "full_is",
     "0 or 1"},
    {"a content sensor twice", "size=XL", "content=2:7 full_is=1 content=2:6",
     24, "content", "has it already"},
    {"a level twice", "size=XL", "content=2:7 full_is=1 full_is=0", 24,
     "full_is", "has it already"},
    {"a content sensor on a board without inputs", "size=XL",
     "content=7:1 full_is=1", 24, "content", "no inputs"},
    {"a content sensor outside the profile", "size=XL", "content=2:9 full_is=1",
     24, "content", "8 channels"},
    {"a content sensor that is a door's leaf", "size=XL",
     "content=1:3 full_is=1", 24, "content", "door A03 reads input 3"},
    {"a content sensor that is its door's own leaf", "size=XL",
     "content=2:8 full_is=1", 24, "content", "door B1 reads input 8"},
    {"one content sensor for two doors",
     "size=XL remark=low, for wheelchairs\nB2      = 8   2:1   ",
     "content=2:7 full_is=1\nB2      = 8   2:1   content=2:7 full_is=1 ", 25,
     "content", "door B1 reads input 7"},
    {"a sensor on a board without inputs",
     "7:1-4 sensor=none assume_open_s=600", "7:1-4", 26, "C098", "no inputs"},
};

static void check_row(void **state)
{
    const struct row *row = *state;
    void *made = NULL;
    struct lockbus_error why;
    char text[4096];

    assert_int_equal(config_dir_make(&made), 0);
    const struct config_dir *dir = made;
    assert_true(ini_edit(text, sizeof text, config_good, row->find, row->with));
    assert_int_equal(load(dir, text, &why), LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.err, LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.file, dir->file);
    assert_int_equal(why.line, row->line);
    assert_string_equal(why.field, row->field);
    assert_non_null(strstr(why.text, row->text));
    assert_int_equal(config_dir_remove(&made), 0);
}

/* ---- Files --------------------------------------------------------------- */

static void a_cabinet_without_doors_is_refused(void **state)
{
    const struct config_dir *dir = *state;
    struct lockbus_error why;
    char text[4096];
    const char *doors = strstr(config_good, "[doors]");

    memcpy(text, config_good, (size_t)(doors - config_good));
    text[doors - config_good] = '\0';
    assert_int_equal(load(dir, text, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, "doors");
}

static void a_refused_profile_is_named_with_its_own_line(void **state)
{
    const struct config_dir *dir = *state;
    static const char hold[] =
        "[profile]\ndriver = modbus\nchannels = 4\n"
        "[pulse]\nwrite = fc05 0x00FF\nunit_ms = 1\nallowed_ms = 100-800\n"
        "[off]\nwrite = fc05 0x0065\n";
    struct lockbus_error why;
    char path[300];

    config_dir_write(dir, "profiles/blind.ini", hold, strlen(hold));
    (void)snprintf(path, sizeof path, "%s/profiles/blind.ini", dir->path);
    assert_int_equal(load(dir, config_good, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.file, path);
    assert_int_equal(why.line, 5);
    assert_string_equal(why.field, "write");
}

static void a_profile_too_large_is_refused(void **state)
{
    const struct config_dir *dir = *state;
    struct lockbus_error why;
    size_t len = 9 * 1024;
    char *text = malloc(len);

    assert_non_null(text);
    memset(text, '\n', len);
    config_dir_write(dir, "profiles/blind.ini", text, len);
    free(text);
    assert_int_equal(load(dir, config_good, &why), LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.line, 21);
    assert_string_equal(why.field, "blind");
}

static void a_file_too_large_is_refused(void **state)
{
    const struct config_dir *dir = *state;
    struct lockbus_error why;
    size_t len = LB_CONFIG_FILE_MAX + 1;
    char *text = malloc(len);

    assert_non_null(text);
    memset(text, '\n', len);
    config_dir_write(dir, "cabinet.ini", text, len);
    free(text);
    assert_int_equal(reload(dir->file, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.file, dir->file);
}

static void what_is_no_regular_file_is_refused(void **state)
{
    const struct config_dir *dir = *state;
    struct lockbus_error why;
    char path[300];

    (void)snprintf(path, sizeof path, "%s/profiles", dir->path);
    assert_int_not_equal(reload(path, &why), LOCKBUS_OK);
    assert_int_equal(mkfifo(dir->file, 0600), 0);
    assert_int_equal(reload(dir->file, &why), LOCKBUS_ERR_CONFIG);
    assert_int_not_equal(reload("/nowhere/x", &why), LOCKBUS_OK);
    assert_string_equal(why.file, "/nowhere/x");
}

static void a_path_that_is_none_is_refused(void **state)
{
    struct lockbus_error why;
    char path[LB_PATH_LEN + 1];

    (void)state;
    assert_int_equal(reload("", &why), LOCKBUS_ERR_CONFIG);
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(reload(path, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.field, "config_path");
}

static void more_boards_and_profiles_than_there_is_room_for(void **state)
{
    const struct config_dir *dir = *state;
    struct lockbus_error why;
    char text[16384];
    size_t at = (size_t)snprintf(text, sizeof text,
                                 "[bus.a]\n"
                                 "port = host:a\n"
                                 "baud = 9600 8N1\n"
                                 "[boards]\n");
    size_t start = at;

    for (unsigned i = 1; i <= LB_CONFIG_BOARDS + 1; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "%u = a %u sensed\n", i, i);
    }
    assert_int_equal(load(dir, text, &why), LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.line, 4 + LB_CONFIG_BOARDS + 1);
    assert_non_null(strstr(why.text, "boards"));
    at = start;
    for (unsigned i = 1; i <= LB_CONFIG_PROFILES + 1; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%u = a %u p%u\n",
                               i, i, i);
    }
    assert_int_equal(load(dir, text, &why), LOCKBUS_ERR_CONFIG);
    assert_int_equal(why.line, 4 + LB_CONFIG_PROFILES + 1);
    assert_non_null(strstr(why.text, "profiles"));
}

/* A text cut anywhere is read or refused, never more than that. */
static void a_text_cut_anywhere_is_refused_or_read(void **state)
{
    const struct config_dir *dir = *state;
    size_t len = strlen(config_good), whole = 0;
    struct lockbus_error why;

    for (size_t cut = 0; cut <= len; cut++) {
        config_dir_write(dir, "cabinet.ini", config_good, cut);
        enum lockbus_err err = reload(dir->file, &why);

        assert_true(err == LOCKBUS_OK || err == LOCKBUS_ERR_CONFIG);
        if (err != LOCKBUS_OK) {
            assert_true(why.text[0] != '\0');
        } else {
            whole++;
        }
    }
    assert_in_range(whole, 3, 300);
}

static void the_public_check_wants_all_its_arguments(void **state)
{
    struct lockbus_error why;
    uint8_t hash[32];
    uint16_t doors;

    (void)state;
    assert_int_equal(lockbus_config_check(NULL, hash, &doors, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_config_check("x", NULL, &doors, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_config_check("x", hash, NULL, &why),
                     LOCKBUS_ERR_USAGE);
    assert_int_equal(lockbus_config_check("x", hash, &doors, NULL),
                     LOCKBUS_ERR_USAGE);
}

#define IN_FOLDER(test)                                                        \
    cmocka_unit_test_setup_teardown(test, config_dir_make, config_dir_remove)

int main(void)
{
    static struct CMUnitTest refusals[COUNT(rows)];
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_good_configuration_is_read_whole),
        IN_FOLDER(doors_of_a_range_are_counted_up),
        IN_FOLDER(content_sensors_are_counted_up),
        IN_FOLDER(what_may_be_left_out_is_left_out),
        IN_FOLDER(every_kind_of_port_is_taken),
        IN_FOLDER(modbus_tcp_has_no_baud_rate),
        IN_FOLDER(a_pulse_that_the_host_ends_takes_two_lines),
        IN_FOLDER(a_cabinet_without_doors_is_refused),
        IN_FOLDER(a_refused_profile_is_named_with_its_own_line),
        IN_FOLDER(a_profile_too_large_is_refused),
        IN_FOLDER(a_file_too_large_is_refused),
        IN_FOLDER(what_is_no_regular_file_is_refused),
        IN_FOLDER(a_path_that_is_none_is_refused),
        IN_FOLDER(more_boards_and_profiles_than_there_is_room_for),
        IN_FOLDER(a_text_cut_anywhere_is_refused_or_read),
        cmocka_unit_test(the_example_is_a_good_configuration),
        cmocka_unit_test(the_public_check_wants_all_its_arguments),
    };

    if (!lb_crypto_init()) {
        return 1;
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        refusals[i] = (struct CMUnitTest){.name = rows[i].name,
                                          .test_func = check_row,
                                          .initial_state = &rows[i]};
    }
    return cmocka_run_group_tests_name("configuration", tests, NULL, NULL) +
           cmocka_run_group_tests_name("refused", refusals, NULL, NULL);
}
