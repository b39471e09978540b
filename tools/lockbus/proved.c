/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "proved.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 200, HEAD_LINES = 3 };

static const char title[] = "lockbus walk 1";

static bool say(const struct proved *proved, unsigned line, const char *text)
{
    fprintf(stderr, "lockbus: %s:", proved->path);
    if (line != 0) {
        fprintf(stderr, "%u:", line);
    }
    fprintf(stderr, " %s\n", text);
    return false;
}

static void head_line(const struct proved *proved, unsigned line,
                      char out[LINE_MAX_LEN])
{
    char hex[2 * sizeof proved->map_hash + 1];

    if (line == 1) {
        (void)snprintf(out, LINE_MAX_LEN, "%s", title);
    } else if (line == 2) {
        lb_hex(hex, proved->cabinet_id, sizeof proved->cabinet_id);
        (void)snprintf(out, LINE_MAX_LEN, "cabinet %s", hex);
    } else {
        lb_hex(hex, proved->map_hash, sizeof proved->map_hash);
        (void)snprintf(out, LINE_MAX_LEN, "map %s", hex);
    }
}

/* A door without a sensor is proved by who stood before it. */
static bool is_right(const char *seen)
{
    return strcmp(seen, "right") == 0 || strcmp(seen, "by-eye") == 0;
}

/* "door NUMBER LABEL BOARD:CHANNEL SEEN WHEN", "proved COUNT WHEN". */
static bool take(struct proved *proved, unsigned at, const char *line)
{
    static const char *const other[] = {"", "this is no walk's file",
                                        "this walk is another cabinet's",
                                        "this walk is of another map"};
    char wanted[LINE_MAX_LEN], seen[PROVED_SEEN];
    unsigned number = 0;

    if (at <= HEAD_LINES) {
        head_line(proved, at, wanted);
        return strcmp(line, wanted) == 0 || say(proved, at, other[at]);
    }
    if (strncmp(line, "proved ", 7) == 0) {
        return true;
    }
    if (sscanf(line, "door %4u %*15s %*15s %31s %*s", &number, seen) != 2 ||
        number >= PROVED_DOORS) {
        return say(proved, at, "is no line of a walk");
    }
    proved->right[number] = is_right(seen);
    return true;
}

static bool read_all(struct proved *proved, FILE *in)
{
    char line[LINE_MAX_LEN];
    unsigned at = 0;
    bool good = true;

    while (good && fgets(line, sizeof line, in) != NULL) {
        size_t len = strcspn(line, "\n");

        /* What follows would be appended to it. */
        good = line[len] == '\n' ||
               say(proved, at + 1, "is cut short: remove the line");
        line[len] = '\0';
        good = good && take(proved, ++at, line);
    }
    if (good && (ferror(in) != 0 || at < HEAD_LINES)) {
        good = say(proved, 0, "this is no walk's file");
    }
    return good;
}

/* Each line is on the disk before the next door opens. */
static bool append(const struct proved *proved, const char *line)
{
    FILE *out = fopen(proved->path, "a");
    bool good = out != NULL && fprintf(out, "%s\n", line) > 0 &&
                fflush(out) == 0 && fsync(fileno(out)) == 0;

    if (out != NULL && fclose(out) != 0) {
        good = false;
    }
    return good || say(proved, 0, strerror(errno));
}

bool proved_open(struct proved *proved)
{
    FILE *in = fopen(proved->path, "r");
    char line[LINE_MAX_LEN];
    bool good = true;

    if (in != NULL) {
        good = read_all(proved, in);
        (void)fclose(in);
        return good;
    }
    if (errno != ENOENT) {
        return say(proved, 0, strerror(errno));
    }
    for (unsigned at = 1; good && at <= HEAD_LINES; at++) {
        head_line(proved, at, line);
        good = append(proved, line);
    }
    return good;
}

static void stamp(char out[32])
{
    time_t now = time(NULL);
    struct tm parts;

    out[0] = '\0';
    if (gmtime_r(&now, &parts) != NULL) {
        (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
}

bool proved_add(struct proved *proved, const struct lockbus_door *door,
                const char *seen)
{
    char line[LINE_MAX_LEN], when[32];

    stamp(when);
    (void)snprintf(line, sizeof line, "door %u %s %u:%u %s %s",
                   (unsigned)door->number, door->label, door->board,
                   (unsigned)door->channel, seen, when);
    proved->right[door->number] = is_right(seen);
    return append(proved, line);
}

bool proved_end(const struct proved *proved, unsigned doors)
{
    char line[LINE_MAX_LEN], when[32];

    stamp(when);
    (void)snprintf(line, sizeof line, "proved %u %s", doors, when);
    return append(proved, line);
}
