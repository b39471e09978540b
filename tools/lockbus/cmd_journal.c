/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * lockbus journal: what happened in a cabinet, whether anybody changed the
 * record of it, and which doors opened, when, on whose authority. Works on a
 * running cabinet's folder and on a copy of it.
 */

#include "anchors.h"
#include "issue_args.h"
#include "journal_fleet.h"
#include "journal_rows.h"

#include "base/bytes.h"
#include "base/crypto.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

struct wish {
    struct issue_list words; /* what to do, the folder */
    struct issue_list anchors;
    bool has_device;
    uint8_t device_key[32];
    const char *key, *since_text, *until_text, *anchor;
    bool as_json;
    uint64_t jobs;
    bool has_jobs;
    uint64_t since, until; /* Unix s; the first that counts, the first after */
    uint8_t root_key[32];
    uint64_t anchor_block;
    uint8_t anchor_digest[32];
};

static bool read_key(struct wish *wish)
{
    struct lockbus_error why = {.err = LOCKBUS_OK};

    if (lockbus_escrow_load(wish->key, wish->root_key, &why) != LOCKBUS_OK) {
        (void)tool_complain(&why);
        return false;
    }
    return true;
}

/* Days since 1970 of a date of the Gregorian calendar, by counting years
 * from March so that the leap day comes last. */
static uint64_t days_of(unsigned year, unsigned month, unsigned day)
{
    unsigned y = month <= 2 ? year - 1 : year;
    unsigned m = month <= 2 ? month + 9 : month - 3;
    uint64_t in_era = (uint64_t)y * 365 + y / 4 - y / 100 + y / 400;

    return in_era + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* True for YYYY-MM-DD that is a day. */
static bool read_date(const char *t, uint64_t *days)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30,
                                      31, 31, 30, 31, 30, 31};
    static const char shape[] = "0000-00-00";
    unsigned part[3] = {0};
    size_t at = 0;

    if (strlen(t) != sizeof shape - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        bool digit = t[i] >= '0' && t[i] <= '9';

        if (shape[i] == '-' ? t[i] != '-' : !digit) {
            return false;
        }
        if (digit) {
            part[at] = 10 * part[at] + (unsigned)(t[i] - '0');
        } else {
            at++;
        }
    }
    bool leap = (part[0] % 4 == 0 && part[0] % 100 != 0) || part[0] % 400 == 0;

    if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
        part[2] > lengths[part[1] - 1] + (leap && part[1] == 2 ? 1u : 0u)) {
        return false;
    }
    *days = days_of(part[0], part[1], part[2]);
    return true;
}

/* A day's beginning in Unix seconds, in UTC. */
static bool read_day(uint64_t *unix_s, const char *name, const char *text)
{
    uint64_t days = 0;

    if (!read_date(text, &days)) {
        fprintf(stderr, "lockbus: %s: %s is no date YYYY-MM-DD\n", name, text);
        return false;
    }
    *unix_s = days * DAY_S;
    return true;
}

static bool read_days(struct wish *wish)
{
    if ((wish->since_text != NULL &&
         !read_day(&wish->since, "--since", wish->since_text)) ||
        (wish->until_text != NULL &&
         !read_day(&wish->until, "--until", wish->until_text))) {
        return false;
    }
    if (wish->until_text != NULL) {
        wish->until += DAY_S; /* the day itself counts */
    }
    if (wish->since >= wish->until) {
        fputs("lockbus: --until: is before --since\n", stderr);
        return false;
    }
    return true;
}

static bool read_anchor(struct wish *wish)
{
    char *end = NULL;

    wish->anchor_block = strtoull(wish->anchor, &end, 10);
    if (wish->anchor[0] < '0' || wish->anchor[0] > '9' || *end != ':' ||
        !lb_unhex(wish->anchor_digest, 32, end + 1, strlen(end + 1))) {
        fprintf(stderr, "lockbus: --anchor: is not BLOCK:DIGEST as verify "
                        "prints it\n");
        return false;
    }
    return true;
}

/* What was kept elsewhere, against the journal. */
struct compared {
    const char *anchored; /* by --anchor */
    struct anchors_found anchors;
};

static void print_report(const struct wish *wish,
                         const struct lockbus_journal_report *report,
                         const struct compared *compared)
{
    char digest[65];

    lb_hex(digest, report->last_digest, 32);
    if (!report->intact) {
        printf("NOT INTACT: block %" PRIu64 ": %s\n", report->first_bad,
               report->text);
    }
    printf("%" PRIu64 " blocks, %" PRIu64 " records%s%s\n", report->blocks,
           report->records, report->intact ? ": intact" : " before it",
           report->torn_tail ? "; an unfinished block at the end (power cut, "
                               "or a change to the last block)"
                             : "");
    puts(report->tags_checked
             ? "every tag was checked with the key"
             : "tags were NOT checked: that needs --key, the escrowed key");
    if (report->first_block > 0) {
        printf("begins at block %" PRIu64 "; what was before was let go\n",
               report->first_block);
    }
    if (report->acknowledged != UINT64_MAX) {
        printf("the operator's receipt is for block %" PRIu64 "\n",
               report->acknowledged);
    }
    if (report->blocks > 0) {
        printf("anchor %" PRIu64 ":%s\n", report->last_block, digest);
    }
    if (wish->anchor != NULL) {
        printf("the anchored block is %s\n",
               strcmp(compared->anchored, "found") == 0
                   ? "there: nothing up to it was cut off"
                   : "MISSING: the journal was cut short or made anew");
    }
    if (wish->anchors.count != 0) {
        anchors_print(&compared->anchors);
    }
}

static void print_report_json(const struct wish *wish,
                              const struct lockbus_journal_report *report,
                              const struct compared *compared)
{
    const struct anchors_found *found = &compared->anchors;
    char digest[65];

    lb_hex(digest, report->last_digest, 32);
    json_t *object = json_pack(
        "{s:b, s:I, s:I, s:b, s:b, s:s, s:I, s:I, s:s, s:s}", "intact",
        report->intact, "blocks", (json_int_t)report->blocks, "records",
        (json_int_t)report->records, "torn_tail", report->torn_tail,
        "tags_checked", report->tags_checked, "text", report->text,
        "first_block", (json_int_t)report->first_block, "last_block",
        (json_int_t)report->last_block, "last_digest", digest, "anchor",
        compared->anchored);

    if (!report->intact) {
        (void)json_object_set_new(object, "first_bad",
                                  json_integer((json_int_t)report->first_bad));
    }
    (void)json_object_set_new(
        object, "acknowledged",
        report->acknowledged == UINT64_MAX
            ? json_null()
            : json_integer((json_int_t)report->acknowledged));
    if (wish->anchors.count != 0) {
        (void)json_object_set_new(
            object, "anchors",
            json_pack("{s:I, s:I, s:I, s:I}", "there", (json_int_t)found->there,
                      "gone", (json_int_t)found->gone, "missing",
                      (json_int_t)found->missing, "foreign",
                      (json_int_t)found->foreign));
    }
    (void)json_dumpf(object, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(object);
}

/* False, and said: nothing to verify them with, or a file that is none. */
static bool compare_anchors(const struct wish *wish, const char *dir,
                            const struct lockbus_journal_report *report,
                            struct compared *compared)
{
    if (wish->anchors.count == 0) {
        return true;
    }
    if (!wish->has_device && !report->device_known) {
        fputs("lockbus: --device: is needed, the journal does not say it\n",
              stderr);
        return false;
    }
    if (!wish->has_device && !report->tags_checked) {
        fputs("lockbus: the device key is the journal's own word, which "
              "nothing vouches for without --key or --device\n",
              stderr);
    }
    return anchors_compare(
        &compared->anchors, wish->anchors.item, wish->anchors.count, dir,
        report, wish->has_device ? wish->device_key : report->device_key);
}

static int verify(const struct wish *wish, const char *dir)
{
    struct lockbus_journal_report report = {.size = sizeof report};
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct compared compared = {.anchored = "not asked"};
    enum lockbus_err err = lockbus_journal_verify(
        dir, wish->key != NULL ? wish->root_key : NULL, &report, &why);

    if (err != LOCKBUS_OK && report.text[0] == '\0') {
        return tool_complain(&why);
    }
    if (wish->anchor != NULL) {
        bool there =
            lockbus_journal_holds(dir, wish->anchor_block, wish->anchor_digest,
                                  &why) == LOCKBUS_OK;

        compared.anchored = there ? "found" : "missing";
        err = there ? err : LOCKBUS_ERR_CORRUPT;
    }
    if (!compare_anchors(wish, dir, &report, &compared)) {
        return TOOL_FAILED;
    }
    if (wish->as_json) {
        print_report_json(wish, &report, &compared);
    } else {
        print_report(wish, &report, &compared);
    }
    return err == LOCKBUS_OK && compared.anchors.missing == 0 &&
                   compared.anchors.foreign == 0
               ? TOOL_OK
               : TOOL_FAILED;
}

static int list(const struct wish *wish, const char *dir, bool doors)
{
    struct lockbus_journal *journal = NULL;
    struct lockbus_error why = {.err = LOCKBUS_OK};
    struct lockbus_entry entry;
    struct rows *rows =
        rows_new(doors, wish->as_json, wish->since, wish->until);
    bool added = rows != NULL;
    enum lockbus_err err = lockbus_journal_open(
        &journal, dir, wish->key != NULL ? wish->root_key : NULL, &why);

    while (added && err == LOCKBUS_OK) {
        err = lockbus_journal_next(journal, &entry, &why);
        if (err != LOCKBUS_OK || entry.kind == 0) {
            break;
        }
        added = rows_add(rows, &entry);
    }
    /* What came before a damaged block is valid, so it is shown. */
    if (added && journal != NULL) {
        rows_finish(rows);
    }
    rows_free(&rows);
    lockbus_journal_close(&journal);
    if (!added) {
        fputs("lockbus: no memory\n", stderr);
        return TOOL_FAILED;
    }
    return err == LOCKBUS_OK ? TOOL_OK : tool_complain(&why);
}

static int ask_one(const void *user, const char *dir)
{
    return list(user, dir, true);
}

static int ask_all(const struct wish *wish, const char *parent)
{
    const struct fleet_question question = {.parent = parent,
                                            .jobs = (unsigned)wish->jobs,
                                            .as_json = wish->as_json,
                                            .ask = ask_one,
                                            .user = wish};

    return journal_fleet(&question);
}

/* Whether the options belong to the word; else it is said. */
static bool fits(const struct wish *wish)
{
    const char *what = wish->words.item[0], *text = NULL;
    bool verifies = strcmp(what, "verify") == 0;
    bool all = strcmp(what, "fleet") == 0;

    if (!verifies && !all && strcmp(what, "show") != 0 &&
        strcmp(what, "doors") != 0) {
        text = "it is show, doors, fleet or verify";
    } else if (wish->has_jobs && !all) {
        text = "--jobs: belongs to fleet";
    } else if (wish->jobs < 1) {
        text = "--jobs: is 1 to 64";
    } else if (all && wish->key != NULL) {
        text = "--key: is one cabinet's";
    } else if (verifies &&
               (wish->since_text != NULL || wish->until_text != NULL)) {
        text = "--since and --until: verify reads everything";
    } else if (!verifies && (wish->anchor != NULL || wish->anchors.count != 0 ||
                             wish->has_device)) {
        text = "--anchor, --anchors, --device: belong to verify";
    } else if (wish->has_device && wish->anchors.count == 0) {
        text = "--device: goes with --anchors";
    }
    if (text != NULL) {
        fprintf(stderr, "lockbus journal: %s\n", text);
    }
    return text == NULL;
}

int cmd_journal(int argc, char **argv)
{
    struct wish wish = {.until = UINT64_MAX, .jobs = 1};
    struct issue_arg args[] = {
        {.name = "", .kind = ISSUE_LIST, .to = &wish.words},
        {.name = "--key",
         .kind = ISSUE_TEXT,
         .to = &wish.key,
         .optional = true},
        {.name = "--since",
         .kind = ISSUE_TEXT,
         .to = &wish.since_text,
         .optional = true},
        {.name = "--until",
         .kind = ISSUE_TEXT,
         .to = &wish.until_text,
         .optional = true},
        {.name = "--anchor",
         .kind = ISSUE_TEXT,
         .to = &wish.anchor,
         .optional = true},
        {.name = "--json",
         .kind = ISSUE_FLAG,
         .to = &wish.as_json,
         .optional = true},
        {.name = "--anchors",
         .kind = ISSUE_LIST,
         .to = &wish.anchors,
         .optional = true},
        {.name = "--jobs",
         .kind = ISSUE_NUMBER,
         .to = &wish.jobs,
         .max = FLEET_JOBS_MAX,
         .optional = true},
        {.name = "--device",
         .kind = ISSUE_HEX,
         .to = wish.device_key,
         .max = sizeof wish.device_key,
         .optional = true},
    };
    bool read = issue_args(argc, argv, args, sizeof args / sizeof args[0]);

    wish.has_device = args[sizeof args / sizeof args[0] - 1].seen;
    wish.has_jobs = args[sizeof args / sizeof args[0] - 2].seen;
    if (!read || !issue_files(argv, &wish.words, 2) || !fits(&wish)) {
        return tool_usage(argv[0], NULL);
    }
    if (!read_days(&wish) || (wish.anchor != NULL && !read_anchor(&wish))) {
        return TOOL_USAGE;
    }
    if (wish.key != NULL && !read_key(&wish)) {
        return TOOL_FAILED;
    }
    const char *what = wish.words.item[0], *dir = wish.words.item[1];
    int result = strcmp(what, "verify") == 0 ? verify(&wish, dir)
                 : strcmp(what, "fleet") == 0
                     ? ask_all(&wish, dir)
                     : list(&wish, dir, strcmp(what, "doors") == 0);

    lb_crypto_wipe(wish.root_key, sizeof wish.root_key);
    return result;
}
