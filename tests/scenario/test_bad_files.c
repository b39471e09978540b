/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * Files that are not what they should be, in place of each file that a
 * cabinet opens: cut, swapped, endless, a FIFO, a folder, a link, open to
 * everybody, another cabinet's. Each is refused with its place, or told in an
 * event; nothing is written, no door moves, and the good file opens right
 * after.
 */

#include "bad.h"
#include "cabinet/cabinet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROFILE "waveshare-relay-d-8ch"
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { A07 = 6, PATH_CAP = WORLD_PATH + 64, TEXT_CAP = 64 * 1024 };

static const char config_file[] = "cabinet.ini";
static const char profile_file[] = "profiles/" PROFILE ".ini";
static const char manifest_file[] = "manifest.lbm";
static const char key_file[] = "journal/key";
static const char device_file[] = "journal/device";
static const char receipt_file[] = "journal/receipt";
static const char segment_file[] = "journal/segment-00000000";

/* Closed, a parcel behind A07, its profiles in its own folder, and a manifest
 * beside the configuration. */
static struct rig *rig;
static struct parcel parcel;
static struct paper {
    uint8_t bytes[LOCKBUS_MANIFEST_MAX];
    size_t len;
} newer; /* a manifest that the cabinet has not seen */

static void path_of(char out[PATH_CAP], const char *name)
{
    (void)snprintf(out, PATH_CAP, "%s", rig_path(rig, name));
}

static int set_up(void **state)
{
    static uint8_t text[TEXT_CAP];
    struct lockbus_error why;
    char path[PATH_CAP];

    (void)state;
    rig = rig_new_closed();
    path_of(path, "profiles");
    if (mkdir(path, 0700) != 0 ||
        !world_config(&rig->world, RIG_BOARDS, "host:rig", path, 115200)) {
        return -1;
    }
    size_t len = bad_read(LB_SOURCE_DIR "/"
                                        "profiles/" PROFILE ".ini",
                          text, sizeof text);

    path_of(path, profile_file);
    bad_write(path, text, len);
    if (!world_manifest(&rig->world, newer.bytes, &newer.len, &why)) {
        return -1;
    }
    path_of(path, manifest_file);
    bad_write(path, newer.bytes, newer.len); /* the one in force */
    rig_open(rig);
    rig_deposit(rig, &parcel, A07, false);
    rig_close(rig);
    rig->world.manifest_no++;
    return world_manifest(&rig->world, newer.bytes, &newer.len, &why) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rig_free(rig);
    return 0;
}

/* Opens, shows that all is as it was, and that the parcel's owner could have
 * it; closes. */
static void opens_as_before(const char *what)
{
    struct lockbus_error why;
    uint32_t ticket;

    rig_open(rig);
    if (rig_custody(rig, A07) != LOCKBUS_CUSTODY_OCCUPIED) {
        fail_msg("%s: the parcel is not there", what);
    }
    if (rig_release(rig, &parcel, &ticket, &why) != LOCKBUS_OK) {
        fail_msg("%s: %s", what, why.text);
    }
    rig_crash_only(rig); /* it was asked, and never moved */
}

static struct row {
    const char *name, *file;
    enum bad_shape shape;
    const char *other; /* whose bytes lie there */
    enum lockbus_err err;
    int sys_errno;
    const char *at; /* the file that is named, in the rig's folder */
    unsigned line;  /* 0: none; 9999: one */
    const char *field, *text;
} rows[] = {
    /* the configuration */
    {"configuration is missing", config_file, BAD_MISSING, NULL, LOCKBUS_ERR_IO,
     ENOENT, config_file, 0, "", "cannot be opened"},
    {"configuration is empty", config_file, BAD_EMPTY, NULL, LOCKBUS_ERR_CONFIG,
     0, config_file, 0, "name", "lacks"},
    {"configuration is a folder", config_file, BAD_FOLDER, NULL,
     LOCKBUS_ERR_CONFIG, 0, config_file, 0, "type", "regular"},
    {"configuration is a FIFO", config_file, BAD_FIFO, NULL, LOCKBUS_ERR_CONFIG,
     0, config_file, 0, "type", "regular"},
    {"configuration is endless", config_file, BAD_ENDLESS, NULL,
     LOCKBUS_ERR_CONFIG, 0, config_file, 0, "type", "regular"},
    {"configuration is a link to itself", config_file, BAD_LOOP, NULL,
     LOCKBUS_ERR_IO, ELOOP, config_file, 0, "", "cannot be opened"},
    {"configuration is a link to nothing", config_file, BAD_NOWHERE, NULL,
     LOCKBUS_ERR_IO, ENOENT, config_file, 0, "", "cannot be opened"},
    {"configuration is of 1 MiB", config_file, BAD_BIG, NULL,
     LOCKBUS_ERR_CONFIG, 0, config_file, 0, "length", "262144 bytes"},
    {"configuration is noise", config_file, BAD_NOISE, NULL, LOCKBUS_ERR_CONFIG,
     0, config_file, 1, "", "line"},
    {"configuration has a zero byte", config_file, BAD_NUL, NULL,
     LOCKBUS_ERR_CONFIG, 0, config_file, 9999, "", "control byte 00"},
    {"configuration has a byte-order mark", config_file, BAD_BOM, NULL,
     LOCKBUS_ERR_CONFIG, 0, config_file, 1, "", "byte-order mark"},
    {"configuration is open to everybody", config_file, BAD_PUBLIC, NULL,
     LOCKBUS_ERR_CONFIG, 0, config_file, 0, "mode", "chmod o-w"},
    {"configuration is a profile", config_file, BAD_OTHER, profile_file,
     LOCKBUS_ERR_CONFIG, 0, config_file, 9999, "profile", "no section"},
    {"configuration is a manifest", config_file, BAD_OTHER, manifest_file,
     LOCKBUS_ERR_CONFIG, 0, config_file, 1, "", "control byte"},
    {"configuration is a manifest's text", config_file, BAD_OTHER,
     "manifest.ini", LOCKBUS_ERR_CONFIG, 0, config_file, 1, "manifest",
     "no section"},
    {"configuration is the journal's key", config_file, BAD_OTHER, key_file,
     LOCKBUS_ERR_CONFIG, 0, config_file, 9999, "", "control byte"},
    /* a profile; when there is none to read, the line that names it is told */
    {"profile is missing", profile_file, BAD_MISSING, NULL, LOCKBUS_ERR_CONFIG,
     0, config_file, 16, PROFILE, "No such file"},
    {"profile is empty", profile_file, BAD_EMPTY, NULL, LOCKBUS_ERR_CONFIG, 0,
     profile_file, 0, "driver", "lacks"},
    {"profile is a folder", profile_file, BAD_FOLDER, NULL, LOCKBUS_ERR_CONFIG,
     0, config_file, 16, PROFILE, "regular"},
    {"profile is a FIFO", profile_file, BAD_FIFO, NULL, LOCKBUS_ERR_CONFIG, 0,
     config_file, 16, PROFILE, "regular"},
    {"profile is endless", profile_file, BAD_ENDLESS, NULL, LOCKBUS_ERR_CONFIG,
     0, config_file, 16, PROFILE, "regular"},
    {"profile is a link to itself", profile_file, BAD_LOOP, NULL,
     LOCKBUS_ERR_CONFIG, 0, config_file, 16, PROFILE, "cannot be opened"},
    {"profile is of 1 MiB", profile_file, BAD_BIG, NULL, LOCKBUS_ERR_CONFIG, 0,
     config_file, 16, PROFILE, "8192 bytes"},
    {"profile is noise", profile_file, BAD_NOISE, NULL, LOCKBUS_ERR_CONFIG, 0,
     profile_file, 1, "", "line"},
    {"profile has a zero byte", profile_file, BAD_NUL, NULL, LOCKBUS_ERR_CONFIG,
     0, profile_file, 9999, "", "control byte 00"},
    {"profile has a byte-order mark", profile_file, BAD_BOM, NULL,
     LOCKBUS_ERR_CONFIG, 0, profile_file, 1, "", "byte-order mark"},
    {"profile of other line ends is another map", profile_file, BAD_CRLF, NULL,
     LOCKBUS_ERR_DENIED, 0, config_file, 0, "doors", "not the commissioned"},
    {"profile is a configuration", profile_file, BAD_OTHER, config_file,
     LOCKBUS_ERR_CONFIG, 0, profile_file, 1, "cabinet", "no section"},
    /* the manifest's file: what it holds is judged by rules, see below */
    {"manifest is a folder", manifest_file, BAD_FOLDER, NULL,
     LOCKBUS_ERR_CONFIG, 0, manifest_file, 0, "type", "regular"},
    {"manifest is a FIFO", manifest_file, BAD_FIFO, NULL, LOCKBUS_ERR_CONFIG, 0,
     manifest_file, 0, "type", "regular"},
    {"manifest is endless", manifest_file, BAD_ENDLESS, NULL,
     LOCKBUS_ERR_CONFIG, 0, manifest_file, 0, "type", "regular"},
    {"manifest is a link to itself", manifest_file, BAD_LOOP, NULL,
     LOCKBUS_ERR_IO, ELOOP, manifest_file, 0, "", "cannot be opened"},
    {"manifest is of 1 MiB", manifest_file, BAD_BIG, NULL, LOCKBUS_ERR_CONFIG,
     0, manifest_file, 0, "length", "longer than"},
    /* the journal's folder */
    {"journal is missing", "journal", BAD_MISSING, NULL, LOCKBUS_ERR_CONFIG, 0,
     "journal", 0, "journal", "lockbus commission"},
    {"journal is an empty folder", "journal", BAD_FOLDER, NULL,
     LOCKBUS_ERR_CONFIG, 0, "journal", 0, "journal", "lockbus commission"},
    {"journal is a FIFO", "journal", BAD_FIFO, NULL, LOCKBUS_ERR_IO, ENOTDIR,
     "journal", 0, "", "cannot be opened"},
    {"journal is a device", "journal", BAD_ENDLESS, NULL, LOCKBUS_ERR_IO,
     ENOTDIR, "journal", 0, "", "cannot be opened"},
    {"journal is a link to itself", "journal", BAD_LOOP, NULL, LOCKBUS_ERR_IO,
     ELOOP, "journal", 0, "", "cannot be opened"},
    /* its key */
    {"key is missing", key_file, BAD_MISSING, NULL, LOCKBUS_ERR_CORRUPT, 0,
     "journal", 0, "key", "missing"},
    {"key is empty", key_file, BAD_EMPTY, NULL, LOCKBUS_ERR_CORRUPT, 0,
     "journal", 0, "key", "empty"},
    {"key is a folder", key_file, BAD_FOLDER, NULL, LOCKBUS_ERR_CONFIG, 0,
     key_file, 0, "type", "regular"},
    {"key is a FIFO", key_file, BAD_FIFO, NULL, LOCKBUS_ERR_CONFIG, 0, key_file,
     0, "type", "regular"},
    {"key is a link", key_file, BAD_LINK, NULL, LOCKBUS_ERR_IO, ELOOP,
     "journal", 0, "", "cannot be opened"},
    {"key is of 1 MiB", key_file, BAD_BIG, NULL, LOCKBUS_ERR_CORRUPT, 0,
     key_file, 0, "length", "longer"},
    {"key is noise", key_file, BAD_NOISE, NULL, LOCKBUS_ERR_CORRUPT, 0,
     "journal", 0, "key", "damaged"},
    {"key has a zero byte", key_file, BAD_NUL, NULL, LOCKBUS_ERR_CORRUPT, 0,
     "journal", 0, "key", "damaged"},
    {"key is a configuration", key_file, BAD_OTHER, config_file,
     LOCKBUS_ERR_CORRUPT, 0, "journal", 0, "key", "damaged"},
    {"key is open to everybody", key_file, BAD_PUBLIC, NULL, LOCKBUS_ERR_CONFIG,
     0, key_file, 0, "mode", "chmod 600"},
    /* its device key, where more than its bytes is wrong */
    {"device key is a folder", device_file, BAD_FOLDER, NULL,
     LOCKBUS_ERR_CONFIG, 0, device_file, 0, "type", "regular"},
    {"device key is a FIFO", device_file, BAD_FIFO, NULL, LOCKBUS_ERR_CONFIG, 0,
     device_file, 0, "type", "regular"},
    {"device key is a link", device_file, BAD_LINK, NULL, LOCKBUS_ERR_IO, ELOOP,
     "journal", 0, "", "cannot be opened"},
    {"device key is of 1 MiB", device_file, BAD_BIG, NULL, LOCKBUS_ERR_CORRUPT,
     0, device_file, 0, "length", "longer"},
    {"device key is open to everybody", device_file, BAD_PUBLIC, NULL,
     LOCKBUS_ERR_CONFIG, 0, device_file, 0, "mode", "chmod 600"},
    /* its segments */
    {"segment is empty", segment_file, BAD_EMPTY, NULL, LOCKBUS_ERR_CORRUPT, 0,
     "journal", 0, "segment-00000000", "whole length"},
    {"segment is a FIFO", segment_file, BAD_FIFO, NULL, LOCKBUS_ERR_CORRUPT, 0,
     "journal", 0, "segment-00000000", "whole length"},
    {"segment is a folder", segment_file, BAD_FOLDER, NULL, LOCKBUS_ERR_IO,
     EISDIR, "journal", 0, "", "cannot be opened"},
    {"segment is a link", segment_file, BAD_LINK, NULL, LOCKBUS_ERR_IO, ELOOP,
     "journal", 0, "", "cannot be opened"},
    {"segment is of 1 MiB", segment_file, BAD_BIG, NULL, LOCKBUS_ERR_CORRUPT, 0,
     "journal", 0, "segment-00000000", "whole length"},
    {"segment is noise", segment_file, BAD_NOISE, NULL, LOCKBUS_ERR_CORRUPT, 0,
     "journal", 0, "block 0", "valid"},
    {"segment is a configuration", segment_file, BAD_OTHER, config_file,
     LOCKBUS_ERR_CORRUPT, 0, "journal", 0, "segment-00000000", "whole length"},
};

static void check_why(const struct row *row, const struct lockbus_error *why)
{
    char at[PATH_CAP];
    bool line = row->line == 9999 ? why->line != 0 : why->line == row->line;

    path_of(at, row->at);
    if (why->err != row->err || why->sys_errno != row->sys_errno ||
        strcmp(why->file, at) != 0 || !line ||
        strcmp(why->field, row->field) != 0 ||
        strstr(why->text, row->text) == NULL ||
        (why->err == LOCKBUS_ERR_DENIED) != (why->rule == LOCKBUS_RULE_K5)) {
        fail_msg("%s (%d): %s:%u: %s: %s", lockbus_err_name(why->err),
                 why->sys_errno, why->file, why->line, why->field, why->text);
    }
}

static struct lockbus_journal_report journal_now(void)
{
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why;

    assert_int_equal(lockbus_journal_verify(rig_path(rig, "journal"),
                                            rig->escrow, &report, &why),
                     LOCKBUS_OK);
    return report;
}

static void check_row(void **state)
{
    const struct row *row = *state;
    struct lockbus_journal_report before = journal_now(), after;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    char path[PATH_CAP], other[PATH_CAP] = "";

    path_of(path, row->file);
    if (row->other != NULL) {
        path_of(other, row->other);
    }
    unsigned pulses = rig_pulses(rig);

    bad_put(path, row->shape, other);
    assert_int_equal(rig_try_open(rig, &why), row->err);
    assert_null(rig->cab);
    check_why(row, &why);
    bad_undo(path);
    assert_int_equal(rig_pulses(rig), pulses);
    after = journal_now();
    assert_int_equal(after.last_block, before.last_block);
    assert_memory_equal(after.last_digest, before.last_digest, 32);
    opens_as_before(row->name);
}

/* The table of docs/ERRORS.md has what each of them is told. */
static void each_text_is_in_the_docs(void **state)
{
    static uint8_t doc[TEXT_CAP];
    size_t len = bad_read(LB_SOURCE_DIR "/docs/ERRORS.md", doc, sizeof doc);

    (void)state;
    doc[len] = '\0';
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strstr((const char *)doc, rows[i].text) == NULL) {
            fail_msg("%s: docs/ERRORS.md has no \"%s\"", rows[i].name,
                     rows[i].text);
        }
    }
}

/* ---- What is taken all the same ------------------------------------------ */

static void line_ends_of_another_system_are_read(void **state)
{
    char path[PATH_CAP];

    (void)state;
    path_of(path, config_file);
    bad_put(path, BAD_CRLF, NULL);
    opens_as_before("CR LF");
    bad_undo(path);
}

static void a_device_key_of_other_bytes_is_as_good_as_none(void **state)
{
    static const enum bad_shape shapes[] = {BAD_MISSING, BAD_EMPTY, BAD_NOISE,
                                            BAD_NUL, BAD_OTHER};
    char path[PATH_CAP], other[PATH_CAP];
    uint8_t anchor[LOCKBUS_ANCHOR_LEN];
    struct lockbus_error why;

    (void)state;
    path_of(path, device_file);
    path_of(other, key_file);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        bad_put(path, shapes[i], other);
        rig_open(rig);
        assert_int_equal(lockbus_cabinet_anchor(rig->cab, anchor, &why),
                         LOCKBUS_ERR_CORRUPT);
        assert_string_equal(why.field, "device");
        rig_close(rig);
        opens_as_before("device key of other bytes");
        bad_undo(path);
    }
}

static void a_receipt_that_is_none_is_not_looked_at(void **state)
{
    static const enum bad_shape shapes[] = {BAD_MISSING, BAD_EMPTY, BAD_NOISE,
                                            BAD_NUL, BAD_OTHER};
    static const uint8_t good[LOCKBUS_RECEIPT_LEN] = "LBR1\1";
    char path[PATH_CAP], other[PATH_CAP];

    (void)state;
    path_of(path, receipt_file);
    path_of(other, key_file);
    bad_write(path, good, sizeof good);
    assert_int_equal(chmod(path, 0600), 0);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        bad_put(path, shapes[i], other);
        opens_as_before("receipt of other bytes");
        bad_undo(path);
    }
    assert_int_equal(remove(path), 0);
}

static void links_to_good_files_are_followed(void **state)
{
    static const char *const files[] = {config_file, profile_file,
                                        manifest_file, "journal"};
    char path[PATH_CAP];

    (void)state;
    for (size_t i = 0; i < COUNT(files) - 1; i++) {
        path_of(path, files[i]);
        bad_put(path, BAD_LINK, NULL);
        opens_as_before(files[i]);
        bad_undo(path);
    }
    path_of(path, files[COUNT(files) - 1]); /* as of a journal elsewhere */
    bad_put(path, BAD_LINK, NULL);
    rig_open(rig);
    rig_close(rig);
    bad_undo(path);
    opens_as_before("a journal that was opened through a link");
}

static void a_journal_others_may_enter_is_refused(void **state)
{
    static const mode_t modes[] = {0755, 0750, 0770, 0777, 0701};
    struct row row = {"", "",        BAD_PUBLIC, NULL,   LOCKBUS_ERR_CONFIG,
                      0,  "journal", 0,          "mode", "chmod 700"};
    struct lockbus_error why;
    char path[PATH_CAP];

    (void)state;
    path_of(path, "journal");
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_CONFIG);
        check_why(&row, &why);
    }
    assert_int_equal(chmod(path, 0700), 0);
    opens_as_before("a journal that is private again");
}

static void a_configuration_others_may_exchange_is_refused(void **state)
{
    struct lockbus_error why;

    (void)state;
    assert_int_equal(chmod(rig->world.dir, 0777), 0);
    assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_CONFIG);
    assert_string_equal(why.file, rig->world.dir);
    assert_string_equal(why.field, "mode");
    assert_int_equal(chmod(rig->world.dir, 0700), 0);
    opens_as_before("a folder that is not everybody's again");
}

/* ---- Cut at every byte ----------------------------------------------------
 */

/* A text that is cut may still be whole, but then it means the same. */
static void a_configuration_cut_anywhere_moves_no_door(void **state)
{
    static uint8_t text[TEXT_CAP];
    char path[PATH_CAP];
    size_t opened = 0;

    (void)state;
    path_of(path, config_file);
    bad_put(path, BAD_LINK, NULL);
    size_t len = bad_read(path, text, sizeof text);

    for (size_t cut = 0; cut < len; cut++) {
        struct lockbus_error why = {.err = LOCKBUS_OK};

        bad_write(path, text, cut);
        if (rig_try_open(rig, &why) == LOCKBUS_OK) {
            opened++;
            assert_int_equal(rig->cab->door_count, RIG_DOORS);
            rig_close(rig);
        } else if (strcmp(why.file, path) != 0 || why.text[0] == '\0' ||
                   !(why.err == LOCKBUS_ERR_CONFIG ||
                     (why.err == LOCKBUS_ERR_DENIED &&
                      why.rule == LOCKBUS_RULE_K5))) {
            fail_msg("cut to %zu: %s %s:%u: %s: %s", cut,
                     lockbus_err_name(why.err), why.file, why.line, why.field,
                     why.text);
        }
    }
    /* the last line's size and its newline are no part of the map */
    assert_in_range(opened, 1, 9);
    bad_undo(path);
    opens_as_before("a configuration that is whole again");
}

static void a_profile_cut_anywhere_is_refused(void **state)
{
    static uint8_t text[TEXT_CAP];
    char path[PATH_CAP];

    (void)state;
    path_of(path, profile_file);
    bad_put(path, BAD_LINK, NULL);
    size_t len = bad_read(path, text, sizeof text);

    for (size_t cut = 0; cut < len; cut++) {
        struct lockbus_error why = {.err = LOCKBUS_OK};

        bad_write(path, text, cut);
        enum lockbus_err err = rig_try_open(rig, &why);

        assert_true(err == LOCKBUS_ERR_CONFIG || err == LOCKBUS_ERR_DENIED);
        assert_true(why.file[0] != '\0' && why.text[0] != '\0');
        assert_int_equal(why.rule, err == LOCKBUS_ERR_DENIED
                                       ? LOCKBUS_RULE_K5
                                       : LOCKBUS_RULE_NONE);
    }
    bad_undo(path);
    opens_as_before("a profile that is whole again");
}

static void a_key_file_cut_anywhere_is_refused(void **state)
{
    static uint8_t bytes[TEXT_CAP];
    struct row row = {"", "",        BAD_OTHER, NULL,  LOCKBUS_ERR_CORRUPT,
                      0,  "journal", 0,         "key", "the key file is"};
    char path[PATH_CAP];

    (void)state;
    path_of(path, key_file);
    bad_put(path, BAD_LINK, NULL);
    size_t len = bad_read(path, bytes, sizeof bytes);

    for (size_t cut = 0; cut <= len + 40; cut++) {
        struct lockbus_error why = {.err = LOCKBUS_OK};

        if (cut == len) {
            continue;
        }
        (void)unlink(path);
        bad_write(path, bytes, cut);
        assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_CORRUPT);
        check_why(&row, &why);
    }
    bad_undo(path);
    opens_as_before("a key file that is whole again");
}

static void a_segment_of_another_length_is_refused(void **state)
{
    static const off_t lengths[] = {0,
                                    1,
                                    LB_BLOCK_LEN - 1,
                                    LB_BLOCK_LEN,
                                    LB_BLOCK_LEN * 3 + 7,
                                    LB_SEGMENT_LEN - LB_BLOCK_LEN,
                                    LB_SEGMENT_LEN - 1,
                                    LB_SEGMENT_LEN + 1,
                                    LB_SEGMENT_LEN + LB_BLOCK_LEN,
                                    2 * (off_t)LB_SEGMENT_LEN};
    struct row row = {"",
                      "",
                      BAD_OTHER,
                      NULL,
                      LOCKBUS_ERR_CORRUPT,
                      0,
                      "journal",
                      0,
                      "segment-00000000",
                      "whole length"};
    struct lockbus_journal_report report = {.size = sizeof report};
    char path[PATH_CAP], good[PATH_CAP], folder[PATH_CAP];

    (void)state;
    path_of(path, segment_file);
    path_of(folder, "journal");
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct lockbus_error why = {.err = LOCKBUS_OK};

        path_of(good, segment_file);
        bad_put(path, BAD_OTHER, strcat(good, ".good"));
        assert_int_equal(truncate(path, lengths[i]), 0);
        assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_CORRUPT);
        check_why(&row, &why);
        /* who only reads is told the same */
        assert_int_equal(
            lockbus_journal_verify(folder, rig->escrow, &report, &why),
            LOCKBUS_ERR_CORRUPT);
        check_why(&row, &why);
        assert_false(report.intact);
        assert_non_null(strstr(report.text, "whole length"));
        bad_undo(path);
    }
    opens_as_before("a segment that is whole again");
}

/* ---- Manifests beside the configuration ---------------------------------- */

static struct manifest_row {
    const char *name;
    enum bad_shape shape;
    const char *other;
    unsigned refused; /* by M1, or by M2 */
    enum lockbus_rule rule;
} manifest_rows[] = {
    {"no manifest is needed", BAD_MISSING, NULL, 0, LOCKBUS_RULE_NONE},
    {"the one in force says nothing new", BAD_LINK, NULL, 0, LOCKBUS_RULE_NONE},
    {"an empty manifest is refused aloud", BAD_EMPTY, NULL, 1, LOCKBUS_RULE_M1},
    {"a manifest of noise is refused aloud", BAD_NOISE, NULL, 1,
     LOCKBUS_RULE_M1},
    {"a manifest's text is no manifest", BAD_OTHER, "manifest.ini", 1,
     LOCKBUS_RULE_M1},
    {"a configuration is no manifest", BAD_OTHER, config_file, 1,
     LOCKBUS_RULE_M1},
    {"a journal's key is no manifest", BAD_OTHER, key_file, 1, LOCKBUS_RULE_M1},
    {"one of another format is refused aloud", BAD_OTHER, "format.lbm", 1,
     LOCKBUS_RULE_M1},
    {"another operator's is refused aloud", BAD_OTHER, "foreign.lbm", 1,
     LOCKBUS_RULE_M2},
    {"a new one that was cut is refused aloud", BAD_OTHER, "cut.lbm", 1,
     LOCKBUS_RULE_M1},
    {"a new one is taken", BAD_OTHER, "newer.lbm", 0, LOCKBUS_RULE_NONE},
};

/* As another operator would sign it, with a lower number: one that was only
 * compared by number would be passed over in silence. */
static void write_manifests(void)
{
    struct lockbus_error why;
    struct paper paper;
    struct world other;
    char path[PATH_CAP];

    assert_true(world_init(&other, rig->world.dir, 9, rig->world.now_unix));
    other.manifest_no = 1;
    assert_true(world_manifest(&other, paper.bytes, &paper.len, &why));
    path_of(path, "foreign.lbm");
    bad_write(path, paper.bytes, paper.len);
    path_of(path, manifest_file);
    paper.len = bad_read(path, paper.bytes, sizeof paper.bytes);
    paper.bytes[4] = 2;
    path_of(path, "format.lbm");
    bad_write(path, paper.bytes, paper.len);
    path_of(path, "newer.lbm");
    bad_write(path, newer.bytes, newer.len);
    path_of(path, "cut.lbm");
    bad_write(path, newer.bytes, newer.len - 1);
}

static void check_manifest_row(void **state)
{
    const struct manifest_row *row = *state;
    char path[PATH_CAP], other[PATH_CAP] = "";

    write_manifests();
    path_of(path, manifest_file);
    if (row->other != NULL) {
        path_of(other, row->other);
    }
    bad_put(path, row->shape, other);
    rig_forget(rig);
    unsigned refused = 0;

    rig_open(rig);
    rig_run(rig, 2000);
    for (size_t i = 0; i < rig->events; i++) {
        if (rig->event[i].kind == LOCKBUS_EVENT_REFUSED) {
            assert_int_equal(rig->event[i].rule, row->rule);
            assert_non_null(strstr(rig->event[i].text, "manifest"));
            refused++;
        }
    }
    assert_int_equal(refused, row->refused);
    assert_int_equal(rig->cab->gate.manifest.number,
                     row->rule == LOCKBUS_RULE_NONE && row->other != NULL ? 2
                                                                          : 1);
    assert_int_equal(rig_custody(rig, A07), LOCKBUS_CUSTODY_OCCUPIED);
    rig_close(rig);
    bad_undo(path);
}

/* Every length in its head, then some; all of them are cut in test_bad_input.
 */
static void a_new_manifest_that_was_cut_is_refused_aloud(void **state)
{
    char path[PATH_CAP];

    (void)state;
    path_of(path, manifest_file);
    for (size_t cut = 0; cut < newer.len; cut += cut < 36 ? 1 : 97) {
        struct lockbus_error why;

        bad_write(path, newer.bytes, cut);
        assert_int_equal(rig_try_open(rig, &why), LOCKBUS_OK);
        rig_forget(rig);
        rig_run(rig, 1);
        if (rig_count(rig, LOCKBUS_EVENT_REFUSED, 0xFFFF) != 1 ||
            rig->cab->gate.manifest.number != 1) {
            fail_msg("cut to %zu", cut);
        }
        rig_crash_only(rig);
    }
    bad_write(path, newer.bytes, newer.len);
    rig_open(rig);
    rig_run(rig, 100);
    assert_int_equal(rig->cab->gate.manifest.number, 2);
    rig_close(rig);
}

/* ---- Somebody else's journal, and tomorrow's ----------------------------- */

static void swap(const char *a, const char *b)
{
    char aside[PATH_CAP * 2];

    (void)snprintf(aside, sizeof aside, "%s.aside", a);
    assert_int_equal(rename(a, aside), 0);
    assert_int_equal(rename(b, a), 0);
    assert_int_equal(rename(aside, b), 0);
}

static void parts_of_another_journal_are_refused(void **state)
{
    static const char *const parts[] = {key_file, segment_file};
    struct rig *ours = rig, *theirs;
    struct lockbus_error why;
    char a[PATH_CAP], b[PATH_CAP];

    (void)state;
    theirs = rig_new_closed();
    theirs->world.cabinet_id[0] ^= 1; /* of the same operator and wiring */
    (void)snprintf(a, sizeof a, "rm -rf '%s'", rig_path(theirs, "journal"));
    assert_int_equal(system(a), 0);
    assert_true(world_commission(&theirs->world, theirs->escrow, &why));
    for (size_t i = 0; i < COUNT(parts); i++) {
        (void)snprintf(a, sizeof a, "%s", rig_path(ours, parts[i]));
        (void)snprintf(b, sizeof b, "%s", rig_path(theirs, parts[i]));
        swap(a, b);
        assert_int_equal(rig_try_open(ours, &why), LOCKBUS_ERR_CORRUPT);
        assert_string_equal(why.file, rig_path(ours, "journal"));
        assert_string_equal(why.field, "block 0");
        if (strstr(why.text, "another cabinet's") == NULL) {
            fail_msg("%s: %s", parts[i], why.text);
        }
        swap(a, b);
    }
    rig_free(theirs);
    opens_as_before("the journal's own parts");
}

/* The journal is who the cabinet is: its id came with the commissioning. With
 * another one no grant for the old id is taken. */
static void a_whole_foreign_journal_takes_no_grant_of_ours(void **state)
{
    struct rig *theirs = rig_new_closed();
    struct lockbus_error why;
    struct parcel other;
    char a[PATH_CAP], b[PATH_CAP];
    uint32_t ticket;

    (void)state;
    theirs->world.cabinet_id[0] ^= 1;
    (void)snprintf(a, sizeof a, "rm -rf '%s'", rig_path(theirs, "journal"));
    assert_int_equal(system(a), 0);
    assert_true(world_commission(&theirs->world, theirs->escrow, &why));
    (void)snprintf(a, sizeof a, "%s", rig_path(rig, "journal"));
    (void)snprintf(b, sizeof b, "%s", rig_path(theirs, "journal"));
    swap(a, b);
    rig_open(rig);
    unsigned pulses = rig_pulses(rig);

    assert_true(world_parcel(&rig->world, &other, 3, false, &why));
    assert_int_equal(
        lockbus_deposit_with_key(rig->cab, other.package, other.package_len,
                                 rig->world.courier.seed, &ticket, &why),
        LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_D4);
    assert_int_equal(rig_release(rig, &parcel, &ticket, &why),
                     LOCKBUS_ERR_DENIED);
    assert_int_equal(why.rule, LOCKBUS_RULE_P2);
    assert_int_equal(rig_pulses(rig), pulses);
    rig_close(rig);
    swap(a, b);
    rig_free(theirs);
    opens_as_before("the cabinet's own journal");
}

static void a_journal_of_a_newer_format_is_named_so(void **state)
{
    static const struct {
        const char *file, *field;
    } parts[] = {{key_file, "key"}, {segment_file, "block 0"}};
    struct lockbus_journal *journal = NULL;
    struct lockbus_entry entry;
    struct lockbus_error why;
    char path[PATH_CAP], folder[PATH_CAP];

    (void)state;
    path_of(folder, "journal");
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct row row = {
            "", "",        BAD_OTHER, NULL,           LOCKBUS_ERR_CORRUPT,
            0,  "journal", 0,         parts[i].field, "newer format"};

        path_of(path, parts[i].file);
        FILE *file = fopen(path, "r+b");

        assert_non_null(file);
        assert_int_equal(fseek(file, 4, SEEK_SET), 0);
        assert_int_equal(fputc(2, file), 2);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(rig_try_open(rig, &why), LOCKBUS_ERR_CORRUPT);
        check_why(&row, &why);
        if (i == 1) {
            assert_int_equal(
                lockbus_journal_open(&journal, folder, rig->escrow, &why),
                LOCKBUS_OK);
            assert_int_equal(lockbus_journal_next(journal, &entry, &why),
                             LOCKBUS_ERR_CORRUPT);
            check_why(&row, &why);
            lockbus_journal_close(&journal);
        }
        file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, 4, SEEK_SET), 0);
        assert_int_equal(fputc(1, file), 1);
        assert_int_equal(fclose(file), 0);
    }
    opens_as_before("the format that it was");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_is_in_the_docs),
        TEST(line_ends_of_another_system_are_read),
        TEST(a_device_key_of_other_bytes_is_as_good_as_none),
        TEST(a_receipt_that_is_none_is_not_looked_at),
        TEST(links_to_good_files_are_followed),
        TEST(a_journal_others_may_enter_is_refused),
        TEST(a_configuration_others_may_exchange_is_refused),
        TEST(a_configuration_cut_anywhere_moves_no_door),
        TEST(a_profile_cut_anywhere_is_refused),
        TEST(a_key_file_cut_anywhere_is_refused),
        TEST(a_segment_of_another_length_is_refused),
        TEST(a_new_manifest_that_was_cut_is_refused_aloud),
        TEST(parts_of_another_journal_are_refused),
        TEST(a_whole_foreign_journal_takes_no_grant_of_ours),
        TEST(a_journal_of_a_newer_format_is_named_so),
    };
    static struct CMUnitTest each[COUNT(rows)], beside[COUNT(manifest_rows)];

    for (size_t i = 0; i < COUNT(rows); i++) {
        each[i] = (struct CMUnitTest){.name = rows[i].name,
                                      .test_func = check_row,
                                      .initial_state = &rows[i]};
    }
    for (size_t i = 0; i < COUNT(manifest_rows); i++) {
        beside[i] = (struct CMUnitTest){.name = manifest_rows[i].name,
                                        .test_func = check_manifest_row,
                                        .setup_func = NULL,
                                        .initial_state = &manifest_rows[i]};
    }
    return cmocka_run_group_tests_name("bad files", each, set_up, tear_down) +
           cmocka_run_group_tests_name("manifest file", beside, set_up,
                                       tear_down) +
           cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
