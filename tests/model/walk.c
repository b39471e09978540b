/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */

/*
 * walk EVENTS USES [OUT]: every state that a door can come to by these
 * events, by the C code itself. In each of them it is seen that nothing which
 * must never be has come about, that no proof, order or grant is taken twice,
 * and that there is a way out: by what people, service and time can do the
 * door can be vacant, shut and at rest again. States that nothing can tell
 * apart are then made one, and what is left is written to OUT as C tables for
 * SPIN (door.pml, cabinet.pml).
 *
 * EVENTS: names joined by commas, or "all", then each "-NAME" leaves one out.
 * Without START_LOST what is written is durable at once. USES: as a grant has
 * them, 12 for a courier's two and a recipient's one. Last line: what was
 * found, `OK` first when nothing is wrong.
 */

#include "cab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 22, MOST = 8000000 };

/* An edge: 0 none, else 1 + to; what it gave; whom it must not meet. */
struct edge {
    uint32_t to;
    uint8_t out, guard;
};

struct label {
    uint8_t custody, counts, visit, leaf, home, armed;
};

static struct {
    struct cab_node *node;
    struct edge (*edge)[CAB_EVENTS];
    struct label *label;
    int32_t *next, *head;
    uint32_t *parent; /* how it was found first */
    uint8_t *by;
    size_t count, cap;
} graph;

static bool wanted[CAB_EVENTS];
static struct cab blank;
static int faults;

static void *room(void *old, size_t each)
{
    void *grown = realloc(old, graph.cap * each);

    if (grown == NULL) {
        (void)fprintf(stderr, "walk: no memory\n");
        exit(2);
    }
    return grown;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    }
    return hash ^ hash >> 29;
}

static uint32_t found(const struct cab_node *node, uint32_t parent, uint8_t by)
{
    size_t bucket =
        mix(UINT64_C(1469598103934665603), node, sizeof *node) % BUCKETS;

    for (int32_t i = graph.head[bucket]; i >= 0; i = graph.next[i]) {
        if (memcmp(&graph.node[i], node, sizeof *node) == 0) {
            return (uint32_t)i;
        }
    }
    if (graph.count == graph.cap) {
        graph.cap = graph.cap == 0 ? 4096 : 2 * graph.cap;
        graph.node = room(graph.node, sizeof *graph.node);
        graph.edge = room(graph.edge, sizeof *graph.edge);
        graph.label = room(graph.label, sizeof *graph.label);
        graph.next = room(graph.next, sizeof *graph.next);
        graph.parent = room(graph.parent, sizeof *graph.parent);
        graph.by = room(graph.by, sizeof *graph.by);
    }
    graph.node[graph.count] = *node;
    graph.parent[graph.count] = parent;
    graph.by[graph.count] = by;
    graph.next[graph.count] = graph.head[bucket];
    graph.head[bucket] = (int32_t)graph.count;
    return (uint32_t)graph.count++;
}

/* ---- Saying what is wrong ----------------------------------------------- */

static void path_to(uint32_t at)
{
    static uint32_t path[100000];
    size_t count = 0;

    for (; at != 0 && count < 100000; at = graph.parent[at]) {
        path[count++] = at;
    }
    while (count > 0) {
        printf(" %s", cab_event_names[graph.by[path[--count]]]);
    }
    printf("\n");
}

static void fault(uint32_t at, const char *event, const char *what)
{
    if (faults++ == 0) {
        printf("fault: %s; the way there:", what);
        path_to(at);
        printf("  then %s\n", event);
    }
}

/* ---- Every state -------------------------------------------------------- */

static struct label label_of(const struct cab *cab, const struct cab_node *node)
{
    struct label label = {
        .custody = node->now.custody,
        .counts = (uint8_t)cab_counts(cab),
        .visit = node->now.visit,
        .leaf = node->leaf,
        .armed = node->armed,
        .home = node->now.custody == LB_CUSTODY_VACANT &&
                node->latch == LB_LATCH_SHUT && !node->leaf && !node->stuck &&
                !node->pending && node->permit == 0 && !node->now.blocked,
    };

    return label;
}

/* An ask that is taken while the other door does not count: whom it must not
 * meet when one is the most. */
static uint8_t guard_of(const struct cab_node *node, enum cab_event event)
{
    static struct cab cab;
    uint8_t guard = 0;

    if (cab.gate.doors == NULL) {
        cab = blank;
    }

    for (unsigned i = LB_CUSTODY_VACANT; i <= LB_CUSTODY_OCCUPIED; i += 2) {
        cab_load(&cab, node);
        cab_other_counts(&cab, i);
        if (!cab_step(&cab, event)) {
            guard |= (uint8_t)i; /* 1 and 3: one of them, or both */
        }
    }
    return guard;
}

static void look_at(uint32_t at)
{
    static struct cab cab;
    const struct cab_node node = graph.node[at];

    if (cab.gate.doors == NULL) {
        cab = blank;
    }
    cab_load(&cab, &node);
    graph.label[at] = label_of(&cab, &node);
    const char *told = cab_replay(&cab);

    if (told != NULL) {
        fault(at, "an attacker", told);
    }
    for (int event = 0; event < CAB_EVENTS; event++) {
        struct edge edge = {0};
        struct cab_node next;

        if (wanted[event]) {
            cab_load(&cab, &node);
            if (cab_step(&cab, (enum cab_event)event)) {
                cab_store(&cab, &next);
                edge.to = 1 + found(&next, at, (uint8_t)event);
                edge.out = (uint8_t)cab.out;
            }
            if (cab.broken != NULL) {
                fault(at, cab_event_names[event], cab.broken);
            }
        }
        if (edge.to != 0 && event >= CAB_DEPOSIT && event < CAB_BLOCK) {
            edge.guard = guard_of(&node, (enum cab_event)event);
        }
        graph.edge[at][event] = edge;
    }
}

static size_t walk(void)
{
    struct cab cab = blank;
    struct cab_node first;
    size_t edges = 0;

    graph.head = malloc(BUCKETS * sizeof *graph.head);
    if (graph.head == NULL) {
        exit(2);
    }
    memset(graph.head, -1, BUCKETS * sizeof *graph.head);
    cab.gate.doors = cab.door;
    cab_store(&cab, &first);
    (void)found(&first, 0, 0);
    for (uint32_t i = 0; i < graph.count && graph.count < MOST; i++) {
        look_at(i);
        for (int event = 0; event < CAB_EVENTS; event++) {
            edges += graph.edge[i][event].to != 0;
        }
    }
    return edges;
}

/* ---- The way out -------------------------------------------------------- */

static bool by_people(int event, bool service)
{
    switch (event) {
    case CAB_START:
    case CAB_START_LOST:
    case CAB_AWAY:
    case CAB_STALL:
    case CAB_STICK:
    case CAB_FORCE:
    case CAB_PULSE_JAMS:
        return false;
    case CAB_SERVICE_OPEN:
    case CAB_CLEAR:
    case CAB_UNBLOCK:
        return service;
    default:
        return true;
    }
}

/* How many states have none; `one` is such a state. Rounds until nothing
 * changes: edges mostly lead to younger states, so they are few. */
static size_t without_way_out(bool service, uint32_t *one)
{
    bool *out = calloc(graph.count, 1);
    bool more = true;
    size_t none = 0;

    if (out == NULL) {
        exit(2);
    }
    while (more) {
        more = false;
        for (size_t n = graph.count; n-- > 0;) {
            bool way = graph.label[n].home;

            for (int e = 0; e < CAB_EVENTS && !way && !out[n]; e++) {
                way = graph.edge[n][e].to != 0 && by_people(e, service) &&
                      out[graph.edge[n][e].to - 1];
            }
            if (way && !out[n]) {
                out[n] = more = true;
            }
        }
    }
    for (size_t n = graph.count; n-- > 0;) {
        if (!out[n]) {
            bool first = none++ == 0;

            /* Rather one that is not blocked: that should not be. */
            if (first || !graph.node[n].now.blocked) {
                *one = (uint32_t)n;
            }
        }
    }
    free(out);
    return none;
}

/* ---- States that nothing can tell apart --------------------------------- */

struct kind {
    uint64_t hash;
    uint32_t node;
};

static int by_hash(const void *a, const void *b)
{
    const struct kind *x = a;
    const struct kind *y = b;

    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return x->node < y->node ? -1 : x->node > y->node;
}

static uint64_t hash_of(size_t n, const uint32_t *kind_of)
{
    uint64_t hash = mix(UINT64_C(88172645463325252), &graph.label[n],
                        sizeof graph.label[n]);

    for (int e = 0; e < CAB_EVENTS; e++) {
        const struct edge *edge = &graph.edge[n][e];
        uint32_t seen[3] = {0, edge->out, edge->guard};

        if (edge->to != 0) {
            seen[0] = kind_of == NULL ? 1 : 1 + kind_of[edge->to - 1];
        }
        hash = mix(hash, seen, sizeof seen);
    }
    return kind_of == NULL ? hash : mix(hash, &kind_of[n], sizeof kind_of[n]);
}

static uint32_t number(struct kind *kinds, const uint32_t *before,
                       uint32_t *kind_of)
{
    uint32_t count = 0;

    for (size_t n = 0; n < graph.count; n++) {
        kinds[n] = (struct kind){hash_of(n, before), (uint32_t)n};
    }
    qsort(kinds, graph.count, sizeof *kinds, by_hash);
    for (size_t i = 0; i < graph.count; i++) {
        count += i == 0 || kinds[i].hash != kinds[i - 1].hash;
        kind_of[kinds[i].node] = count - 1;
    }
    return count;
}

/* The hashes may lie; this does not. */
static void must_be_alike(size_t n, size_t m, const uint32_t *kind_of)
{
    bool same =
        memcmp(&graph.label[n], &graph.label[m], sizeof graph.label[n]) == 0;

    for (int e = 0; e < CAB_EVENTS && same; e++) {
        const struct edge *a = &graph.edge[n][e];
        const struct edge *b = &graph.edge[m][e];

        same = a->out == b->out && a->guard == b->guard &&
               (a->to == 0) == (b->to == 0) &&
               (a->to == 0 || kind_of[a->to - 1] == kind_of[b->to - 1]);
    }
    if (!same) {
        fault((uint32_t)n, "", "two states were made one that are not");
    }
}

static void print(FILE *out, const uint32_t *kind_of, const uint32_t *example,
                  uint32_t count)
{
    (void)fprintf(out,
                  "/* Made by tests/model/walk.c. */\n"
                  "enum { STATES = %u, FIRST = %u };\n",
                  count, kind_of[0]);
    (void)fprintf(out, "static const char *const event_name[] = {\n");
    for (int e = 0; e < CAB_EVENTS; e++) {
        (void)fprintf(out, "\"%s\",\n", cab_event_names[e]);
    }
    (void)fprintf(out, "};\n");
    (void)fprintf(out, "static const struct { unsigned char custody, counts, "
                       "visit, leaf, home, armed; }\nlabel[] = {\n");
    for (uint32_t k = 0; k < count; k++) {
        const struct label *l = &graph.label[example[k]];

        (void)fprintf(out, "{%u,%u,%u,%u,%u,%u},\n", l->custody, l->counts,
                      l->visit, l->leaf, l->home, l->armed);
    }
    (void)fprintf(out,
                  "};\nstatic const struct { unsigned to; unsigned char "
                  "out, guard; }\nedge[][%d] = {\n",
                  CAB_EVENTS);
    for (uint32_t k = 0; k < count; k++) {
        (void)fprintf(out, "{");
        for (int e = 0; e < CAB_EVENTS; e++) {
            const struct edge *edge = &graph.edge[example[k]][e];
            uint32_t to = edge->to == 0 ? 0 : 1 + kind_of[edge->to - 1];

            (void)fprintf(out, "{%u,%u,%u},", to, edge->out, edge->guard);
        }
        (void)fprintf(out, "},\n");
    }
    (void)fprintf(out, "};\n");
}

static uint32_t merge(const char *path)
{
    struct kind *kinds = calloc(graph.count, sizeof *kinds);
    uint32_t *kind_of = calloc(graph.count, sizeof *kind_of);
    uint32_t *before = calloc(graph.count, sizeof *before);
    uint32_t *example = calloc(graph.count, sizeof *example);

    if (kinds == NULL || kind_of == NULL || before == NULL || example == NULL) {
        exit(2);
    }
    uint32_t count = number(kinds, NULL, kind_of);
    uint32_t last = 0;

    while (count != last) {
        last = count;
        memcpy(before, kind_of, graph.count * sizeof *before);
        count = number(kinds, before, kind_of);
    }
    for (size_t n = graph.count; n-- > 0;) {
        example[kind_of[n]] = (uint32_t)n;
    }
    for (size_t n = 0; n < graph.count; n++) {
        must_be_alike(n, example[kind_of[n]], kind_of);
    }
    FILE *out = fopen(path, "w");

    if (out == NULL) {
        perror(path);
        exit(2);
    }
    print(out, kind_of, example, count);
    (void)fclose(out);
    free(kinds), free(kind_of), free(before), free(example);
    return count;
}

/* ---- The command -------------------------------------------------------- */

static void want(const char *names)
{
    bool all = strncmp(names, "all", 3) == 0;

    for (int e = 0; e < CAB_EVENTS; e++) {
        const char *name = cab_event_names[e];
        size_t len = strlen(name);
        const char *at = names;

        wanted[e] = all;
        while ((at = strstr(at, name)) != NULL) {
            char before = at == names ? ',' : at[-1];

            if ((before == ',' || before == '-') &&
                (at[len] == ',' || at[len] == 0)) {
                wanted[e] = before == ',';
            }
            at += len;
        }
    }
}

int main(int argc, char **argv)
{
    uint32_t one = 0;

    if (argc < 3 || argc > 4) {
        (void)fprintf(stderr, "usage: walk EVENTS USES [OUT]\n");
        return 2;
    }
    want(argv[1]);
    cab_new(&blank, (uint8_t)strtoul(argv[2], NULL, 16));
    blank.durable_at_once = !wanted[CAB_START_LOST];
    size_t edges = walk();
    size_t closed = without_way_out(true, &one);

    if (closed != 0 && wanted[CAB_CLEAR]) {
        fault(one, "", "there is no way out");
    }
    size_t helpless = without_way_out(false, &one);

    if (helpless != 0 && wanted[CAB_RETURN] && wanted[CAB_CLEAR] &&
        !graph.node[one].now.blocked) {
        fault(one, "", "service alone has a way out, of a door not blocked");
    }
    uint32_t kinds = argc == 4 ? merge(argv[3]) : 0;

    printf("%s: %zu states, %zu edges, %u kinds", faults == 0 ? "OK" : "FAULT",
           graph.count, edges, kinds);
    if (wanted[CAB_CLEAR]) {
        printf("; %zu without a way out, %zu without one but service", closed,
               helpless);
    }
    printf("\n");
    return faults == 0 ? 0 : 1;
}
