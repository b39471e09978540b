/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "gate_vectors.h"

#include "gate_journal.h"

#include "base/bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 16, RELEASE_USES = 2, COURIER_USES = 3 };

struct line {
    unsigned number;
    size_t count;
    char *word[WORDS_MAX];
};

struct vector_case {
    const char *name;
    size_t first, end; /* lines */
};

struct gate_vectors {
    char *text;
    struct line *lines;
    struct vector_case *cases;
    size_t line_count, case_count, scene_end;
};

/* One case that runs. */
struct run {
    struct gate_journal *j;
    uint8_t cabinet[16];
    uint32_t region;
    uint16_t doors;
    bool commissioned;
    uint8_t rows[GATE_JOURNAL_DOORS][LB_ROW_LEN]; /* the map at hand */
    char *why;
    size_t why_cap;
};

static bool say(char *why, size_t cap, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool say(char *why, size_t cap, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(why, cap, format, args);
    va_end(args);
    return false;
}

/* ---- Words -------------------------------------------------------------- */

static bool number(const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;

    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
        v > max) {
        return false;
    }
    *out = v;
    return true;
}

static bool hex_of(const char *text, uint8_t *out, size_t len)
{
    return lb_unhex(out, len, text, strlen(text));
}

static bool is_hex(const char *text)
{
    size_t len = strlen(text);

    return strcmp(text, "-") == 0 ||
           (len % 2 == 0 && strspn(text, "0123456789abcdefABCDEF") == len &&
            len / 2 <= 4096);
}

static bool is_expect(const char *text)
{
    if (strcmp(text, "OK") == 0 || strcmp(text, "REFUSED") == 0) {
        return true;
    }
    for (unsigned group = 1; group <= 7; group++) {
        for (unsigned i = 1; i <= 16; i++) {
            if (strcmp(lockbus_rule_name((enum lockbus_rule)(group << 8 | i)),
                       text) == 0) {
                return true;
            }
        }
    }
    return false;
}

static int content_of(const char *text)
{
    static const char *const names[] = {"none", "unread", "empty", "full"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static uint8_t custody_of(const char *text)
{
    static const char *const names[LB_CUSTODY_COUNT] = {"", "vacant", "loading",
                                                        "occupied", "emptying"};

    for (uint8_t i = 1; i < LB_CUSTODY_COUNT; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    return LB_CUSTODY_NONE;
}

/* ---- Loading ------------------------------------------------------------ */

/* n number, d door, i 16 bytes, h hex, t text, s trust, u use, c custody, f
 * content, e expect, + anything more (checked when it runs) */
static const struct {
    const char *name, *words;
} statements[] = {
    {"cabinet", "i"},   {"region", "n"},        {"doors", "n"},
    {"time", "ns"},     {"manifest", "he"},     {"door", "d+"},
    {"away", "d"},      {"back", "d"},          {"challenge", "di"},
    {"deposit", "hhe"}, {"proof", "he"},        {"order", "he"},
    {"seal", "dhe"},    {"code", "te"},         {"opens", "d"},
    {"shuts", "d"},     {"never-opened", "d"},  {"not-emptied", "d"},
    {"is", "dc"},       {"wait", "n"},          {"restart", ""},
    {"digits", "te"},   {"unknown", "d"},       {"unread", "d"},
    {"content", "df"},  {"asks", "duii"},       {"disk-fails", ""},
    {"row", "di"},      {"commission", "hhne"}, {"uncommissioned", ""},
};

static bool word_ok(char kind, const char *word)
{
    uint64_t n;
    uint8_t id[16];

    switch (kind) {
    case 'n':
        return number(word, UINT64_MAX, &n);
    case 'd':
        return number(word, GATE_JOURNAL_DOORS - 1, &n);
    case 'i':
        return hex_of(word, id, sizeof id);
    case 'h':
        return is_hex(word);
    case 's':
        return strcmp(word, "trusted") == 0 || strcmp(word, "untrusted") == 0;
    case 'u':
        return strcmp(word, "proof") == 0 || strcmp(word, "service") == 0;
    case 'f':
        return content_of(word) >= 0;
    case 'c':
        return custody_of(word) != LB_CUSTODY_NONE;
    case 'e':
        return is_expect(word);
    default:
        return true;
    }
}

static bool statement_ok(const struct line *line)
{
    const char *words = NULL;

    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        if (strcmp(line->word[0], statements[i].name) == 0) {
            words = statements[i].words;
        }
    }
    if (words == NULL) {
        return false;
    }
    size_t want = strlen(words);
    bool more = want != 0 && words[want - 1] == '+';

    if (more ? line->count < want : line->count != want + 1) {
        return false;
    }
    for (size_t i = 0; i < want && words[i] != '+'; i++) {
        if (!word_ok(words[i], line->word[i + 1])) {
            return false;
        }
    }
    return true;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
        rewind(file);
    }
    if (size >= 0) {
        text = calloc((size_t)size + 1, 1);
    }
    if (text != NULL && fread(text, 1, (size_t)size, file) != (size_t)size) {
        free(text);
        text = NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return text;
}

static void split(struct line *line, char *text)
{
    char *save = NULL;

    line->count = 0;
    for (char *w = strtok_r(text, " \t\r", &save);
         w != NULL && line->count < WORDS_MAX;
         w = strtok_r(NULL, " \t\r", &save)) {
        line->word[line->count++] = w;
    }
}

/* Takes one line of the file in; false when it is no statement. */
static bool take(struct gate_vectors *v, char *text, unsigned number)
{
    struct line *line = &v->lines[v->line_count];
    char *comment = strchr(text, '#');

    if (comment != NULL) {
        *comment = '\0';
    }
    if (strncmp(text, "case ", 5) == 0) {
        v->cases[v->case_count].name = text + 5;
        v->cases[v->case_count].first = v->line_count;
        v->cases[v->case_count].end = v->line_count;
        v->case_count++;
        return true;
    }
    split(line, text);
    if (line->count == 0) {
        return true;
    }
    line->number = number;
    if (!statement_ok(line)) {
        return false;
    }
    v->line_count++;
    if (v->case_count == 0) {
        v->scene_end = v->line_count;
    } else {
        v->cases[v->case_count - 1].end = v->line_count;
    }
    return true;
}

struct gate_vectors *gate_vectors_load(const char *path, char *why,
                                       size_t why_cap)
{
    struct gate_vectors *v = calloc(1, sizeof *v);
    unsigned lines = 1;
    unsigned n = 1;

    if (v == NULL || (v->text = read_file(path)) == NULL) {
        (void)say(why, why_cap, "%s: cannot be read", path);
        goto fail;
    }
    for (const char *c = v->text; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    v->lines = calloc(lines, sizeof *v->lines);
    v->cases = calloc(lines, sizeof *v->cases);
    if (v->lines == NULL || v->cases == NULL) {
        (void)say(why, why_cap, "%s: no memory", path);
        goto fail;
    }
    for (char *at = v->text; at != NULL; n++) {
        char *end = strchr(at, '\n');

        if (end != NULL) {
            *end = '\0';
        }
        if (!take(v, at, n)) {
            (void)say(why, why_cap, "%s:%u: no such statement", path, n);
            goto fail;
        }
        at = end != NULL ? end + 1 : NULL;
    }
    return v;

fail:
    gate_vectors_free(&v);
    return NULL;
}

void gate_vectors_free(struct gate_vectors **vectors)
{
    struct gate_vectors *v = *vectors;

    if (v != NULL) {
        free(v->cases);
        free(v->lines);
        free(v->text);
        free(v);
        *vectors = NULL;
    }
}

size_t gate_vectors_count(const struct gate_vectors *vectors)
{
    return vectors->case_count;
}

const char *gate_vectors_name(const struct gate_vectors *vectors, size_t i)
{
    return vectors->cases[i].name;
}

/* ---- Running ------------------------------------------------------------ */

static uint16_t door_of(const struct line *line)
{
    uint64_t n = 0;

    (void)number(line->word[1], UINT16_MAX, &n);
    return (uint16_t)n;
}

static size_t bytes_of(const char *text, uint8_t *out)
{
    size_t len = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;

    (void)lb_unhex(out, len, text, 2 * len);
    return len;
}

static bool expect(struct run *run, const struct line *line,
                   const struct lb_verdict *verdict)
{
    const char *want = line->word[line->count - 1];
    const char *got = verdict->kind == LB_VERDICT_REFUSED
                          ? lockbus_rule_name(verdict->rule)
                          : "OK";

    if (strcmp(want, got) == 0 ||
        (strcmp(want, "REFUSED") == 0 && verdict->kind == LB_VERDICT_REFUSED)) {
        return true;
    }
    return say(run->why, run->why_cap, "line %u: wanted %s, got %s",
               line->number, want, got);
}

static bool ask(struct run *run, const struct line *line, enum lb_ask_kind kind)
{
    uint8_t one[4096];
    uint8_t two[4096];
    struct lb_ask ask = {.kind = kind, .bytes = one, .proof = two};
    struct lb_verdict verdict;
    const char *first = line->word[1];

    if (kind == LB_ASK_SEAL) {
        ask.door = door_of(line);
        first = line->word[2];
    }
    if (kind == LB_ASK_CODE) {
        ask.digits = line->word[0][0] == 'd';
        ask.len = strlen(first);
        ask.bytes = (const uint8_t *)first;
    } else {
        ask.len = bytes_of(first, one);
    }
    if (kind == LB_ASK_DEPOSIT) {
        ask.proof_len = bytes_of(line->word[2], two);
    }
    gate_journal_ask(run->j, &ask, &verdict);
    return expect(run, line, &verdict);
}

struct door_words {
    uint64_t stay, return_s;
    bool has_return, blocked;
    uint8_t custody;
    uint8_t keys[3][LB_KEY_LEN]; /* courier, release, return */
    uint8_t issuer[8];
};

static bool door_words(const struct line *line, struct door_words *w)
{
    size_t i = 6;

    memset(w, 0, sizeof *w);
    if (line->count < 6 || strcmp(line->word[4], "stay") != 0 ||
        !number(line->word[5], UINT64_MAX, &w->stay)) {
        return false;
    }
    w->custody = custody_of(line->word[2]);
    while (i < line->count) {
        const char *key = line->word[i];
        const char *value = i + 1 < line->count ? line->word[i + 1] : "";
        bool ok = true;

        i += 2;
        if (strcmp(key, "courier") == 0) {
            ok = hex_of(value, w->keys[0], LB_KEY_LEN);
        } else if (strcmp(key, "release") == 0) {
            ok = hex_of(value, w->keys[1], LB_KEY_LEN);
        } else if (strcmp(key, "return") == 0) {
            ok = hex_of(value, w->keys[2], LB_KEY_LEN) && i < line->count &&
                 number(line->word[i++], UINT32_MAX, &w->return_s);
        } else if (strcmp(key, "issuer") == 0) {
            ok = hex_of(value, w->issuer, sizeof w->issuer);
        } else if (strcmp(key, "blocked") == 0) {
            w->blocked = true;
            i--;
        } else {
            ok = false;
        }
        if (!ok) {
            return false;
        }
    }
    return (w->custody == LB_CUSTODY_VACANT ||
            w->custody == LB_CUSTODY_OCCUPIED) &&
           (strcmp(line->word[3], "shut") == 0 ||
            strcmp(line->word[3], "open") == 0);
}

/* A door's state comes as a checkpoint's records would bring it. */
static bool set_door(struct run *run, const struct line *line)
{
    struct gate_journal *j = run->j;
    uint16_t door = door_of(line);
    struct door_words w;
    struct lb_record r[3] = {{.type = LB_REC_CKPT_DOOR, .door = door},
                             {.type = LB_REC_CKPT_KEYS, .door = door},
                             {.type = LB_REC_CKPT_GRANT, .door = door}};
    uint8_t *b = r[0].body;
    const uint64_t hour_ms = 3600000;

    if (!door_words(line, &w)) {
        return say(run->why, run->why_cap, "line %u: no such door statement",
                   line->number);
    }
    bool open = strcmp(line->word[3], "open") == 0;

    r[0].kind = w.custody;
    r[0].stay = w.stay;
    r[0].powered_ms = j->powered_ms;
    lb_put_u16(b, (uint16_t)((w.blocked ? 1 : 0) | (open ? 1 << 6 : 0)));
    lb_put_u64(b + 32, open ? j->powered_ms - hour_ms : 0);
    if (w.custody == LB_CUSTODY_OCCUPIED) {
        b[3] = COURIER_USES;
        b[4] = RELEASE_USES;
        lb_put_u64(b + 16, j->powered_ms - hour_ms);
        lb_put_u64(b + 24, j->powered_ms + 1000 * w.return_s);
        memcpy(r[1].body, w.keys, sizeof w.keys);
        memcpy(r[2].body + 48, w.issuer, sizeof w.issuer);
    }
    j->open[door] = open;
    gate_journal_write(j, r, 3);
    gate_journal_board(j, door, j->away[door]);
    return true;
}

static bool is(struct run *run, const struct line *line)
{
    uint8_t got = run->j->doors[door_of(line)].custody;
    static const char *const names[LB_CUSTODY_COUNT] = {
        "none", "vacant", "loading", "occupied", "emptying"};

    if (got == custody_of(line->word[2])) {
        return true;
    }
    return say(run->why, run->why_cap, "line %u: wanted %s, got %s",
               line->number, line->word[2], names[got]);
}

/* The map is the scene's, but for the rows that were changed. */
static bool commission(struct run *run, const struct line *line)
{
    uint8_t bytes[4096], hash[4096];
    struct lb_map_view map = {.hash = hash,
                              .rows = (const uint8_t(*)[LB_ROW_LEN])run->rows};
    struct lb_ask ask = {
        .kind = LB_ASK_COMMISSION, .bytes = bytes, .map = &map};
    struct lb_record out[LB_BATCH_MAX];
    struct lb_verdict verdict;
    uint32_t cursor = 0;
    size_t count;
    uint64_t doors = 0;

    ask.len = bytes_of(line->word[1], bytes);
    (void)number(line->word[3], UINT64_MAX, &doors);
    if (bytes_of(line->word[2], hash) != LB_HASH_LEN || doors == 0 ||
        doors > GATE_JOURNAL_DOORS) {
        return say(run->why, run->why_cap, "line %u: no such map",
                   line->number);
    }
    map.doors = (uint16_t)doors;
    lb_gate_decide(&run->j->gate, &ask, &verdict);
    if (verdict.kind == LB_VERDICT_DONE) {
        while ((count = lb_gate_rows(&map, &cursor, out, LB_BATCH_MAX,
                                     run->j->powered_ms)) != 0) {
            gate_journal_write(run->j, out, count);
        }
    }
    gate_journal_write(run->j, verdict.records.rec, verdict.records.count);
    return expect(run, line, &verdict);
}

static bool challenge_is(struct run *run, const struct line *line)
{
    uint8_t random[16], want[16], got[16];
    enum lb_challenge_use use =
        line->word[2][0] == 's' ? LB_CHALLENGE_SERVICE : LB_CHALLENGE_PROOF;

    (void)hex_of(line->word[3], random, sizeof random);
    (void)hex_of(line->word[4], want, sizeof want);
    if (lb_gate_challenge(&run->j->gate, door_of(line), use, random, got) !=
        LOCKBUS_OK) {
        return say(run->why, run->why_cap, "line %u: no challenge",
                   line->number);
    }
    return memcmp(want, got, sizeof got) == 0 ||
           say(run->why, run->why_cap, "line %u: another challenge",
               line->number);
}

/* What moves the world around the gate. */
static bool world(struct run *run, const struct line *line)
{
    const char *op = line->word[0];
    struct gate_journal *j = run->j;
    uint8_t id[16];
    uint64_t n = 0;

    if (strcmp(op, "away") == 0 || strcmp(op, "back") == 0) {
        gate_journal_board(j, door_of(line), op[0] == 'a');
    } else if (strcmp(op, "challenge") == 0) {
        (void)hex_of(line->word[2], id, sizeof id);
        gate_journal_challenge(j, door_of(line), id);
    } else if (strcmp(op, "opens") == 0 || strcmp(op, "shuts") == 0) {
        gate_journal_leaf(j, door_of(line), op[0] == 'o');
    } else if (strcmp(op, "never-opened") == 0) {
        gate_journal_result(j, door_of(line), LB_FACT_NEVER_OPENED);
    } else if (strcmp(op, "unknown") == 0) {
        gate_journal_result(j, door_of(line), LB_FACT_UNKNOWN);
    } else if (strcmp(op, "unread") == 0) {
        lb_gate_live(&j->gate, door_of(line), !j->away[door_of(line)], false,
                     false);
    } else if (strcmp(op, "content") == 0) {
        lb_gate_content(&j->gate, door_of(line),
                        (enum lb_content)content_of(line->word[2]));
    } else if (strcmp(op, "disk-fails") == 0) {
        lb_gate_shut_down(&j->gate);
    } else if (strcmp(op, "row") == 0) {
        (void)hex_of(line->word[2], run->rows[door_of(line)], LB_ROW_LEN);
    } else if (strcmp(op, "restart") == 0) {
        gate_journal_restart(j);
    } else if (strcmp(op, "wait") == 0) {
        (void)number(line->word[1], UINT64_MAX, &n);
        gate_journal_wait(j, n);
    } else if (strcmp(op, "time") == 0) {
        (void)number(line->word[1], UINT64_MAX, &n);
        lb_gate_time(&j->gate, n, strcmp(line->word[2], "trusted") == 0);
        gate_journal_tick(j);
    } else {
        return say(run->why, run->why_cap, "line %u: out of place",
                   line->number);
    }
    return true;
}

static bool not_emptied(struct run *run, const struct line *line)
{
    struct lb_ask ask = {.kind = LB_ASK_NOT_EMPTIED, .door = door_of(line)};
    struct lb_verdict verdict;

    gate_journal_ask(run->j, &ask, &verdict);
    return verdict.kind == LB_VERDICT_DONE ||
           say(run->why, run->why_cap, "line %u: not-emptied was refused by %s",
               line->number, lockbus_rule_name(verdict.rule));
}

static bool scene(struct run *run, const struct line *line, bool *taken)
{
    uint64_t n = 0;
    const char *op = line->word[0];

    *taken = true;
    if (strcmp(op, "cabinet") == 0) {
        (void)hex_of(line->word[1], run->cabinet, sizeof run->cabinet);
    } else if (strcmp(op, "region") == 0) {
        (void)number(line->word[1], UINT64_MAX, &n);
        run->region = (uint32_t)n;
    } else if (strcmp(op, "doors") == 0) {
        (void)number(line->word[1], UINT64_MAX, &n);
        if (n < 1 || n > GATE_JOURNAL_DOORS) {
            return say(run->why, run->why_cap, "line %u: at most %d doors",
                       line->number, (int)GATE_JOURNAL_DOORS);
        }
        run->doors = (uint16_t)n;
    } else if (strcmp(op, "uncommissioned") == 0) {
        if (!run->commissioned) {
            run->commissioned = true; /* by an order of the case's own */
            return true;
        }
    } else {
        *taken = false;
        return true;
    }
    if (run->commissioned) {
        return say(run->why, run->why_cap, "line %u: too late in the scene",
                   line->number);
    }
    return true;
}

static bool statement(struct run *run, const struct line *line)
{
    static const struct {
        const char *name;
        enum lb_ask_kind kind;
    } asks[] = {{"deposit", LB_ASK_DEPOSIT}, {"proof", LB_ASK_PROOF},
                {"order", LB_ASK_ORDER},     {"manifest", LB_ASK_MANIFEST},
                {"seal", LB_ASK_SEAL},       {"code", LB_ASK_CODE},
                {"digits", LB_ASK_CODE}};
    bool taken = false;

    if (!scene(run, line, &taken) || taken) {
        return taken && run->why[0] == '\0';
    }
    if (!run->commissioned) {
        run->commissioned = true;
        gate_journal_commission(run->j, run->cabinet, run->region, run->doors);
    }
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        if (strcmp(line->word[0], asks[i].name) == 0) {
            return ask(run, line, asks[i].kind);
        }
    }
    if (strcmp(line->word[0], "door") == 0) {
        return set_door(run, line);
    }
    if (strcmp(line->word[0], "is") == 0) {
        return is(run, line);
    }
    if (strcmp(line->word[0], "asks") == 0) {
        return challenge_is(run, line);
    }
    if (strcmp(line->word[0], "commission") == 0) {
        return commission(run, line);
    }
    if (strcmp(line->word[0], "not-emptied") == 0) {
        return not_emptied(run, line);
    }
    return world(run, line);
}

static bool lines(struct run *run, const struct gate_vectors *v, size_t first,
                  size_t end)
{
    for (size_t i = first; i < end; i++) {
        if (!statement(run, &v->lines[i])) {
            return false;
        }
        if (run->j->broken != NULL) {
            return say(run->why, run->why_cap, "line %u: %s",
                       v->lines[i].number, run->j->broken);
        }
    }
    return true;
}

bool gate_vectors_run(const struct gate_vectors *vectors, size_t i, char *why,
                      size_t why_cap)
{
    struct run run = {.j = gate_journal_new(), .why = why, .why_cap = why_cap};

    why[0] = '\0';
    gate_journal_rows(run.rows);
    bool ok =
        lines(&run, vectors, 0, vectors->scene_end) &&
        lines(&run, vectors, vectors->cases[i].first, vectors->cases[i].end);

    gate_journal_free(&run.j);
    return ok;
}
