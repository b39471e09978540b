/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "scan_show.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

struct verdict {
    const char *name, *text;
};

static struct verdict verdict(const struct scan_row *row)
{
    if (row->clean == row->asked) {
        return (struct verdict){"one board", ""};
    }
    if (row->foreign != 0 && row->damaged == 0 && row->twice == 0) {
        return (struct verdict){
            "foreign", "another board's frames come in between: does another "
                       "host poll this line?"};
    }
    if (row->clean == 0 || row->twice != 0) {
        return (struct verdict){
            "several boards",
            "answers, but never as one board would: two boards of this "
            "address? unplug one"};
    }
    return (struct verdict){
        "unsteady", "some replies are damaged or missing: a bad contact, no "
                    "termination, or two boards of this address"};
}

bool scan_tells(void)
{
    return isatty(STDERR_FILENO) == 1;
}

bool scan_clean(const struct scan_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->row[i].clean != list->row[i].asked) {
            return false;
        }
    }
    for (size_t i = 0; i < sizeof list->unasked / sizeof list->unasked[0];
         i++) {
        if (list->unasked[i] != 0) {
            return false;
        }
    }
    return list->count != 0;
}

/* The most identity checks that a fitting profile has: what it makes of them
 * says more than that the board can be read. */
static size_t most_checks(const struct scan_list *list,
                          const struct scan_row *row)
{
    size_t most = 0;

    for (size_t i = 0; i < list->profiles->count; i++) {
        if (row->fits[i] && list->profiles->profile[i].checks > most) {
            most = list->profiles->profile[i].checks;
        }
    }
    return most;
}

static void show_fits(const struct scan_list *list, const struct scan_row *row)
{
    size_t most = most_checks(list, row), named = 0, others = 0;

    for (size_t i = 0; i < list->profiles->count; i++) {
        const struct lb_profile *profile = &list->profiles->profile[i];

        if (row->fits[i] && profile->checks == most) {
            printf("%s%s", named++ != 0 ? " or " : "", profile->name);
        } else if (row->fits[i]) {
            others++;
        }
    }
    if (named == 0 && row->clean != 0) {
        fputs("no profile fits", stdout);
    }
    if (others != 0) {
        printf(" (%zu less certain)", others);
    }
}

static void show_row(const struct scan_list *list, const struct scan_row *row)
{
    const struct verdict said = verdict(row);

    printf("%7u  %2u of %u  ", (unsigned)row->address, row->clean, row->asked);
    if (row->turn_us != 0) {
        printf("%5.1f ms  ", (double)row->turn_us / 1000);
    } else {
        printf("%8s  ", "-");
    }
    show_fits(list, row);
    printf("%s%s\n", said.text[0] != '\0' && row->clean != 0 ? "; " : "",
           said.text);
}

static void show_text(const struct scan_list *list)
{
    if (list->count != 0) {
        puts("address   clean  reply in  profile");
    }
    for (size_t i = 0; i < list->count; i++) {
        show_row(list, &list->row[i]);
    }
    for (unsigned i = 0; i < sizeof list->unasked / sizeof list->unasked[0];
         i++) {
        if (list->unasked[i] != 0) {
            printf("%7u  spoke %u time%s when others were asked: a board that "
                   "answers late (try --wait 500), or another host\n",
                   i, list->unasked[i], list->unasked[i] == 1 ? "" : "s");
        }
    }
    printf("%u address%s asked at %s, %zu answer%s\n", list->asked,
           list->asked == 1 ? "" : "es", list->baud, list->count,
           list->count == 1 ? "s" : "");
}

static json_t *row_json(const struct scan_list *list,
                        const struct scan_row *row)
{
    json_t *fits = json_array();

    for (size_t i = 0; i < list->profiles->count; i++) {
        const struct lb_profile *profile = &list->profiles->profile[i];

        if (row->fits[i]) {
            (void)json_array_append_new(fits, json_pack("{s:s, s:i}", "name",
                                                        profile->name, "checks",
                                                        (int)profile->checks));
        }
    }
    return json_pack("{s:i, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:o}",
                     "address", (int)row->address, "verdict", verdict(row).name,
                     "asked", (int)row->asked, "clean", (int)row->clean,
                     "twice", (int)row->twice, "damaged", (int)row->damaged,
                     "foreign", (int)row->foreign, "silent", (int)row->silent,
                     "reply_us", (json_int_t)row->turn_us, "profiles", fits);
}

static void show_json(const struct scan_list *list)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < list->count; i++) {
        (void)json_array_append_new(rows, row_json(list, &list->row[i]));
    }
    for (int i = 0; i < (int)(sizeof list->unasked / sizeof list->unasked[0]);
         i++) {
        if (list->unasked[i] != 0) {
            (void)json_array_append_new(
                rows, json_pack("{s:i, s:s, s:i}", "address", i, "verdict",
                                "unasked", "frames", (int)list->unasked[i]));
        }
    }
    (void)json_dumpf(rows, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(rows);
}

void scan_show(const struct scan_list *list, bool json)
{
    if (json) {
        show_json(list);
    } else {
        show_text(list);
    }
}
