/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "order.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a door is sorted by. */
struct key {
    uint16_t number;
    uint64_t rank;  /* state, board, or how few errors and how quick */
    unsigned board; /* 0: it does not matter */
    unsigned sub;   /* channel of a board */
    const char *label, *tail;
};

const char *order_by_name(enum order_by by)
{
    static const char *const names[ORDER_BYS] = {"label", "state", "board",
                                                 "errors", "latency"};

    return (unsigned)by < ORDER_BYS ? names[by] : "?";
}

const char *order_show_name(enum order_show show)
{
    static const char *const names[ORDER_SHOWS] = {"all", "trouble", "parcels"};

    return (unsigned)show < ORDER_SHOWS ? names[show] : "?";
}

const char *order_tail(const char *label)
{
    const char *tail = label + strlen(label);

    while (tail > label && isdigit((unsigned char)tail[-1])) {
        tail--;
    }
    return *tail == '\0' ? label : tail;
}

bool order_by_find(const char *name, enum order_by *by)
{
    for (unsigned i = 0; i < ORDER_BYS; i++) {
        if (strcmp(name, order_by_name((enum order_by)i)) == 0) {
            *by = (enum order_by)i;
            return true;
        }
    }
    return false;
}

static int compare_sizes(size_t one, size_t other)
{
    return one < other ? -1 : one > other;
}

/* A to Z, then AA: as people count columns. */
static int compare_labels(const struct key *one, const struct key *other)
{
    size_t head = (size_t)(one->tail - one->label);
    int way = compare_sizes(head, (size_t)(other->tail - other->label));

    if (way == 0) {
        way = strncmp(one->label, other->label, head);
    }
    if (way == 0 && isdigit((unsigned char)*one->tail) &&
        isdigit((unsigned char)*other->tail)) {
        way = compare_sizes(strlen(one->tail), strlen(other->tail));
    }
    if (way == 0) {
        way = strcmp(one->tail, other->tail);
    }
    return way != 0 ? way : (int)one->number - (int)other->number;
}

static int compare(const void *a, const void *b)
{
    const struct key *one = a, *other = b;

    if (one->rank != other->rank) {
        return one->rank < other->rank ? -1 : 1;
    }
    if (one->board != other->board) {
        return one->board < other->board ? -1 : 1;
    }
    if (one->sub != other->sub) {
        return one->sub < other->sub ? -1 : 1;
    }
    return compare_labels(one, other);
}

static bool same_group(const struct key *one, const struct key *other,
                       enum order_by by)
{
    size_t head = (size_t)(one->tail - one->label);

    if (by != ORDER_BY_LABEL) {
        return one->rank == other->rank && one->board == other->board;
    }
    return head == (size_t)(other->tail - other->label) &&
           strncmp(one->label, other->label, head) == 0;
}

/* One above the one before, in the same width. */
static bool follows(const struct key *before, const struct key *key)
{
    return strlen(before->tail) == strlen(key->tail) &&
           isdigit((unsigned char)*before->tail) &&
           isdigit((unsigned char)*key->tail) &&
           strtoul(before->tail, NULL, 10) + 1 == strtoul(key->tail, NULL, 10);
}

static void head(char heading[16], const struct key *key, enum order_by by)
{
    if (by == ORDER_BY_STATE) {
        (void)snprintf(heading, 16, "%s",
                       picture_state_word((enum picture_state)key->rank));
    } else if (by != ORDER_BY_LABEL) {
        (void)snprintf(heading, 16, "b%u", key->board);
    } else {
        (void)snprintf(heading, 16, "%.*s", (int)(key->tail - key->label),
                       key->label);
    }
}

static void group_keys(struct order *order, const struct key *keys,
                       enum order_by by)
{
    for (size_t i = 0; i < order->count; i++) {
        const struct key *key = &keys[i];
        size_t label_w = strlen(key->label), tail_w = strlen(key->tail);

        order->door[i] = key->number;
        if (i == 0 || !same_group(key, key - 1, by)) {
            head(order->heading[order->groups], key, by);
            order->group[order->groups++] =
                (struct layout_group){.first = (uint16_t)i};
            order->follows[i] = false;
        } else {
            order->follows[i] = follows(key - 1, key);
        }
        order->group[order->groups - 1].count++;
        order->label_w =
            label_w > order->label_w ? (unsigned)label_w : order->label_w;
        order->tail_w =
            tail_w > order->tail_w ? (unsigned)tail_w : order->tail_w;
    }
    if (by != ORDER_BY_LABEL) {
        order->tail_w = 0; /* the heading says nothing of the label */
    }
}

static struct key key_of(const struct picture *picture, uint16_t number,
                         enum order_by by)
{
    const struct picture_door *door = &picture->door[number];
    bool by_board = by != ORDER_BY_LABEL && by != ORDER_BY_STATE;

    return (struct key){
        .number = number,
        .rank = by == ORDER_BY_STATE
                    ? (uint64_t)picture_state(door)
                    : order_rank(picture_board(picture, door->at.board), by),
        .board = by_board ? door->at.board : 0,
        .sub = by_board ? door->at.channel : 0,
        .label = door->at.label,
        .tail = order_tail(door->at.label),
    };
}

void order_make(struct order *order, const struct picture *picture,
                const struct order_wish *wish)
{
    struct key keys[LAYOUT_DOORS];

    memset(order, 0, sizeof *order);
    order->label_w = 1;
    for (uint16_t n = 0; n < picture->doors; n++) {
        const struct picture_door *door = &picture->door[n];

        if (door->used && order_door_fits(door, wish)) {
            keys[order->count++] = key_of(picture, n, wish->by);
        }
    }
    qsort(keys, order->count, sizeof keys[0], compare);
    group_keys(order, keys, wish->by);
}
