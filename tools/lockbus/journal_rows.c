/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "journal_rows.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DOORS = 1024 };

/* Whose parcel an open was about, as the deposit's grant told it. */
struct stay_row {
    uint64_t stay; /* 0: none is on record here */
    uint8_t issuer[8], parcel_ref[16];
};

struct open_row {
    struct lockbus_entry intent;
    struct stay_row stay;
    const char *outcome; /* NULL: no result is on record */
    uint64_t result_block;
};

struct rows {
    bool doors, as_json;
    uint64_t since, until;
    uint32_t boot; /* of the newest entry */
    struct open_row *open;
    size_t count, cap;
    struct stay_row stay[DOORS];
    json_t *array;
};

struct rows *rows_new(bool doors, bool as_json, uint64_t since, uint64_t until)
{
    struct rows *rows = calloc(1, sizeof *rows);

    if (rows == NULL) {
        return NULL;
    }
    rows->doors = doors;
    rows->as_json = as_json;
    rows->since = since;
    rows->until = until;
    rows->array = json_array();
    if (rows->array == NULL) {
        free(rows);
        return NULL;
    }
    return rows;
}

void rows_free(struct rows **rows)
{
    if (*rows != NULL) {
        json_decref((*rows)->array);
        free((*rows)->open);
        free(*rows);
        *rows = NULL;
    }
}

/* "2026-12-04 10:00:00" in UTC, with "?" behind a time that nobody vouched
 * for. Without a time "boot 3 +00:12:07.250": the process's number, and the
 * cabinet's powered time over all of them. */
static void time_text(char out[48], const struct lockbus_entry *entry)
{
    struct tm tm;
    time_t when = (time_t)entry->unix_s;
    uint64_t s = entry->powered_ms / 1000;

    if (entry->unix_s == 0 || gmtime_r(&when, &tm) == NULL) {
        (void)snprintf(out, 48, "boot %u +%02" PRIu64 ":%02u:%02u.%03u",
                       entry->boot, s / 3600, (unsigned)(s / 60 % 60),
                       (unsigned)(s % 60),
                       (unsigned)(entry->powered_ms % 1000));
        return;
    }
    size_t len = strftime(out, 47, "%Y-%m-%d %H:%M:%S", &tm);

    (void)snprintf(out + len, 48 - len, "%s", entry->trusted ? "" : "?");
}

/* "1:2": what people call a number whose high half is the epoch. */
static void print_epoch(const char *name, uint64_t value)
{
    printf("%s %" PRIu64 ":%" PRIu64, name, value >> 32, value & UINT32_MAX);
}

static void authority_text(char out[40], const struct lockbus_entry *entry)
{
    char one[17], two[17];

    lb_hex(one, entry->authority[0], 8);
    lb_hex(two, entry->authority[1], 8);
    (void)snprintf(out, 40, "%s%s%s",
                   lb_all_zero(entry->authority[0], 8) ? "-" : one,
                   lb_all_zero(entry->authority[1], 8) ? "" : "+",
                   lb_all_zero(entry->authority[1], 8) ? "" : two);
}

static const char *kind_name(enum lockbus_entry_kind kind)
{
    static const char *const names[] = {
        [LOCKBUS_ENTRY_BOOT] = "boot",
        [LOCKBUS_ENTRY_MANIFEST] = "manifest",
        [LOCKBUS_ENTRY_COMMISSION] = "commission",
        [LOCKBUS_ENTRY_STAY] = "stay",
        [LOCKBUS_ENTRY_INTENT] = "intent",
        [LOCKBUS_ENTRY_RESULT] = "result",
        [LOCKBUS_ENTRY_LEAF] = "leaf",
        [LOCKBUS_ENTRY_CUSTODY] = "custody",
        [LOCKBUS_ENTRY_ORDER] = "order",
        [LOCKBUS_ENTRY_SEAL] = "seal",
        [LOCKBUS_ENTRY_TRY] = "try",
        [LOCKBUS_ENTRY_TRY_BACK] = "try-back",
        [LOCKBUS_ENTRY_REFUSAL] = "refusal",
        [LOCKBUS_ENTRY_ALARM] = "alarm",
        [LOCKBUS_ENTRY_TIME] = "time",
        [LOCKBUS_ENTRY_BOARD] = "board",
        [LOCKBUS_ENTRY_RECEIPT] = "receipt",
        [LOCKBUS_ENTRY_DEVICE] = "device",
        [LOCKBUS_ENTRY_RETAIN] = "retain",
    };

    return (size_t)kind < sizeof names / sizeof names[0] && names[kind] != NULL
               ? names[kind]
               : "?";
}

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static json_t *entry_json(const struct lockbus_entry *entry)
{
    json_t *object = json_object();
    json_t *authority = json_array();
    char hex[33];

    set(object, "block", json_integer((json_int_t)entry->block));
    set(object, "boot", json_integer(entry->boot));
    set(object, "powered_ms", json_integer((json_int_t)entry->powered_ms));
    set(object, "unix_s",
        entry->unix_s == 0 ? json_null()
                           : json_integer((json_int_t)entry->unix_s));
    set(object, "trusted", json_boolean(entry->trusted));
    set(object, "entry", json_string(kind_name(entry->kind)));
    set(object, "what", json_string(entry->what));
    set(object, "door",
        entry->door == 0xFFFF ? json_null() : json_integer(entry->door));
    set(object, "ref", json_integer(entry->ref));
    /* 64 bits, which other readers of JSON round: as text */
    (void)snprintf(hex, sizeof hex, "%" PRIu64, entry->stay);
    set(object, "stay", json_string(hex));
    (void)snprintf(hex, sizeof hex, "%" PRIu64, entry->order_no);
    set(object, "order_no", json_string(hex));
    set(object, "reason", json_integer(entry->reason));
    set(object, "by_code", json_boolean(entry->by_code));
    set(object, "assumed", json_boolean(entry->assumed));
    set(object, "rule",
        entry->rule == LOCKBUS_RULE_NONE
            ? json_null()
            : json_string(lockbus_rule_name(entry->rule)));
    set(object, "count", json_integer(entry->count));
    set(object, "about", json_integer((json_int_t)entry->about));
    for (size_t i = 0; i < 2; i++) {
        if (!lb_all_zero(entry->authority[i], 8)) {
            lb_hex(hex, entry->authority[i], 8);
            (void)json_array_append_new(authority, json_string(hex));
        }
    }
    set(object, "authority", authority);
    lb_hex(hex, entry->parcel_ref, 16);
    set(object, "parcel_ref", json_string(hex));
    return object;
}

static void print_entry(const struct lockbus_entry *entry)
{
    char when[48], who[40], door[8] = "-";

    time_text(when, entry);
    authority_text(who, entry);
    if (entry->door != 0xFFFF) {
        (void)snprintf(door, sizeof door, "%u", entry->door);
    }
    printf("%8" PRIu64 "  %-21s door %-4s %-10s %s", entry->block, when, door,
           kind_name(entry->kind), entry->what);
    if (entry->ref != 0) {
        printf(" #%u", entry->ref);
    }
    if (entry->kind == LOCKBUS_ENTRY_REFUSAL) {
        printf(" by %s (%u times)", lockbus_rule_name(entry->rule),
               entry->count);
    }
    if (entry->kind == LOCKBUS_ENTRY_ALARM && entry->count != 0) {
        printf(" (%u pulses)", entry->count);
    }
    if (entry->about != 0) {
        printf(" block %" PRIu64, entry->about);
    }
    if (strcmp(who, "-") != 0) {
        printf(" by key %s", who);
    }
    if (entry->order_no != 0) {
        print_epoch(" order", entry->order_no);
        printf(" reason %u", entry->reason);
    }
    printf("%s%s\n", entry->by_code ? " by code" : "",
           entry->assumed ? " (assumed)" : "");
}

/* ---- Opens ----------------------------------------------------------------
 */

static bool add_open(struct rows *rows, const struct lockbus_entry *entry)
{
    if (rows->count == rows->cap) {
        size_t cap = rows->cap == 0 ? 64 : 2 * rows->cap;
        struct open_row *more = realloc(rows->open, cap * sizeof *more);

        if (more == NULL) {
            return false;
        }
        rows->open = more;
        rows->cap = cap;
    }
    struct open_row row = {.intent = *entry};

    if (entry->door < DOORS && rows->stay[entry->door].stay == entry->stay) {
        row.stay = rows->stay[entry->door];
    }
    rows->open[rows->count++] = row;
    return true;
}

/* A grant stands before the first open that it allowed, in the same block. */
static void note_stay(struct rows *rows, const struct lockbus_entry *entry)
{
    if (entry->door < DOORS) {
        struct stay_row *at = &rows->stay[entry->door];

        at->stay = entry->stay;
        memcpy(at->issuer, entry->authority[0], sizeof at->issuer);
        memcpy(at->parcel_ref, entry->parcel_ref, sizeof at->parcel_ref);
    }
}

/* A result counts once: what is on record first stays. */
static void add_result(struct rows *rows, const struct lockbus_entry *entry)
{
    for (size_t i = rows->count; i-- > 0;) {
        struct open_row *row = &rows->open[i];

        if (row->intent.ref == entry->ref && row->intent.door == entry->door) {
            if (row->outcome == NULL) {
                row->outcome = entry->what;
                row->result_block = entry->block;
            }
            return;
        }
    }
}

static const char *outcome_of(const struct rows *rows,
                              const struct open_row *row)
{
    if (row->outcome != NULL) {
        return row->outcome;
    }
    return row->intent.boot < rows->boot ? "unknown" : "no result yet";
}

/* On whose authority, in words. */
static void print_authority(const struct open_row *row)
{
    const struct lockbus_entry *e = &row->intent;
    char who[40], issuer[17];

    authority_text(who, e);
    lb_hex(issuer, row->stay.issuer, sizeof row->stay.issuer);
    if (strcmp(e->what, "service") == 0) {
        printf("service by two persons, keys %.16s and %s", who, who + 17);
        print_epoch(", order", e->order_no);
        printf(", reason %u", e->reason);
        return;
    }
    printf("%s by %s key %s", e->what,
           strcmp(e->what, "release") == 0  ? "the parcel's own"
           : strcmp(e->what, "return") == 0 ? "the return"
                                            : "the courier's",
           who);
    if (e->by_code) {
        printf(", which a typed code unsealed");
    }
    if (strcmp(e->what, "deposit") == 0 && row->stay.stay != 0) {
        printf(", granted by issuer key %s", issuer);
    }
    print_epoch("; stay", e->stay);
}

static void print_open(const struct rows *rows, const struct open_row *row)
{
    const struct lockbus_entry *e = &row->intent;
    const char *outcome = outcome_of(rows, row);
    char when[48];

    time_text(when, e);
    printf("%-21s door %u %s: ", when, e->door,
           strcmp(outcome, "unknown") == 0
               ? "was allowed to open, what came of it is unknown"
           : strcmp(outcome, "no result yet") == 0
               ? "was allowed to open, no result yet"
               : outcome);
    print_authority(row);
    printf("; intent %u\n", e->ref);
}

static json_t *open_json(const struct rows *rows, const struct open_row *row)
{
    json_t *object = entry_json(&row->intent);
    char hex[33];

    set(object, "outcome", json_string(outcome_of(rows, row)));
    set(object, "result_block",
        row->outcome == NULL ? json_null()
                             : json_integer((json_int_t)row->result_block));
    lb_hex(hex, row->stay.issuer, sizeof row->stay.issuer);
    set(object, "issuer", row->stay.stay == 0 ? json_null() : json_string(hex));
    lb_hex(hex, row->stay.parcel_ref, sizeof row->stay.parcel_ref);
    set(object, "parcel_ref", json_string(hex));
    return object;
}

bool rows_add(struct rows *rows, const struct lockbus_entry *entry)
{
    bool wanted = entry->unix_s == 0 ||
                  (entry->unix_s >= rows->since && entry->unix_s < rows->until);

    rows->boot = entry->boot;
    if (rows->doors) {
        if (entry->kind == LOCKBUS_ENTRY_RESULT) {
            add_result(rows, entry);
        } else if (entry->kind == LOCKBUS_ENTRY_STAY) {
            note_stay(rows, entry);
        }
        return entry->kind != LOCKBUS_ENTRY_INTENT || !wanted ||
               add_open(rows, entry);
    }
    if (!wanted) {
        return true;
    }
    if (rows->as_json) {
        return json_array_append_new(rows->array, entry_json(entry)) == 0;
    }
    print_entry(entry);
    return true;
}

void rows_finish(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (!rows->as_json) {
            print_open(rows, &rows->open[i]);
            continue;
        }
        (void)json_array_append_new(rows->array,
                                    open_json(rows, &rows->open[i]));
    }
    if (rows->as_json) {
        (void)json_dumpf(rows->array, stdout, JSON_INDENT(1));
        putchar('\n');
    }
}
