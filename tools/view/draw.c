/* SPDX-License-Identifier: Apache-2.0
 * Copyright the lockbus authors */
#include "draw.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { PAIR_RED = 1, PAIR_GREEN, PAIR_YELLOW, PAIR_CYAN, PAIR_MAGENTA };

enum { TEXT_MAX = 400 };

static const struct {
    short pair;
    chtype attributes;
} styles[PICTURE_STATES] = {
    [PICTURE_FORCED] = {PAIR_RED, A_BOLD | A_REVERSE},
    [PICTURE_JAMMED] = {PAIR_RED, A_BOLD | A_REVERSE},
    [PICTURE_AJAR] = {PAIR_YELLOW, A_BOLD | A_REVERSE},
    [PICTURE_OPEN] = {PAIR_YELLOW, A_BOLD},
    [PICTURE_RELEASING] = {PAIR_YELLOW, A_NORMAL},
    [PICTURE_AWAY] = {PAIR_MAGENTA, A_BOLD | A_REVERSE},
    [PICTURE_UNREAD] = {PAIR_MAGENTA, A_NORMAL},
    [PICTURE_BLOCKED] = {PAIR_MAGENTA, A_BOLD},
    [PICTURE_FROZEN] = {PAIR_MAGENTA, A_BOLD},
    [PICTURE_LOADING] = {PAIR_CYAN, A_BOLD},
    [PICTURE_EMPTYING] = {PAIR_CYAN, A_BOLD},
    [PICTURE_OCCUPIED] = {PAIR_GREEN, A_BOLD},
    [PICTURE_VACANT] = {0, A_NORMAL},
};

void draw_colours(void)
{
    static const short colours[] = {
        [PAIR_RED] = COLOR_RED,         [PAIR_GREEN] = COLOR_GREEN,
        [PAIR_YELLOW] = COLOR_YELLOW,   [PAIR_CYAN] = COLOR_CYAN,
        [PAIR_MAGENTA] = COLOR_MAGENTA,
    };

    for (short pair = PAIR_RED; pair <= PAIR_MAGENTA; pair++) {
        (void)init_pair(pair, colours[pair], -1);
    }
}

static unsigned long with_pair(const struct draw *draw, short pair,
                               unsigned long attributes)
{
    return draw->colours && pair != 0 ? attributes | COLOR_PAIR(pair)
                                      : attributes;
}

unsigned long draw_tone(const struct draw *draw, enum picture_tone tone)
{
    switch (tone) {
    case PICTURE_GOOD:
        return with_pair(draw, PAIR_GREEN, A_NORMAL);
    case PICTURE_BAD:
        return with_pair(draw, PAIR_RED, A_BOLD);
    case PICTURE_REFUSED:
        return with_pair(draw, PAIR_YELLOW, A_NORMAL);
    case PICTURE_TITLE:
        return A_BOLD;
    case PICTURE_PLAIN:
        break;
    }
    return A_NORMAL;
}

static unsigned long state_style(const struct draw *draw,
                                 enum picture_state state)
{
    return with_pair(draw, styles[state].pair, styles[state].attributes);
}

int draw_text(struct layout_box at, unsigned long attributes, const char *text)
{
    wchar_t out[TEXT_MAX + 1];
    mbstate_t shift;
    size_t count = 0, left = strlen(text);
    int used = 0;

    memset(&shift, 0, sizeof shift);
    while (left > 0 && count < TEXT_MAX) {
        wchar_t wide = L'?';
        size_t taken = mbrtowc(&wide, text, left, &shift);

        if (taken == (size_t)-1 || taken == (size_t)-2 || taken == 0) {
            memset(&shift, 0, sizeof shift);
            wide = L'?';
            taken = 1;
        }
        int columns = wcwidth(wide);

        if (columns <= 0) {
            wide = L'?';
            columns = 1;
        }
        if (used + columns > at.w) {
            break;
        }
        out[count++] = wide;
        used += columns;
        text += taken;
        left -= taken;
    }
    out[count] = L'\0';
    (void)attrset((int)attributes);
    (void)mvaddnwstr(at.y, at.x, out, (int)count);
    (void)attrset(A_NORMAL);
    return used;
}

/* ---- The doors ----------------------------------------------------------- */

static struct layout_box door_box(const struct draw *draw, int y, int x)
{
    const struct layout_box *doors = &draw->layout.doors;

    return (struct layout_box){doors->y + y, doors->x + x, 1,
                               draw->layout.cell_w};
}

static void draw_door(const struct draw *draw, size_t place)
{
    const struct picture_door *door =
        &draw->picture->door[draw->order.door[place]];
    const struct layout_spot *spot = &draw->layout.spot[place];
    struct layout_box at = door_box(draw, spot->y, spot->x);
    enum layout_form form = draw->layout.form;
    unsigned long style = state_style(draw, picture_state(door));
    const char *label = door->at.label;
    char text[40];
    int label_w = (int)draw->order.label_w;

    if (form == LAYOUT_SHORT) {
        label = order_tail(label);
        label_w = (int)draw->order.tail_w;
    }
    if (spot->begins) {
        (void)snprintf(text, sizeof text, "%-*s", label_w, label);
        at.w = label_w;
        (void)draw_text(at, A_NORMAL, text);
        at.x += label_w + 1;
    }
    if (form == LAYOUT_RUNS) {
        (void)snprintf(text, sizeof text, "%c", picture_letter(door));
        at.w = 1;
    } else if (form == LAYOUT_WORDS) {
        (void)snprintf(text, sizeof text, "%c %-10s", picture_letter(door),
                       picture_state_word(picture_state(door)));
        at.w = 12;
    } else {
        (void)snprintf(text, sizeof text, "%c", picture_letter(door));
        at.w = 1;
    }
    (void)draw_text(at, style, text);
    if (form != LAYOUT_RUNS && picture_mark(door) != ' ') {
        at.x += at.w;
        at.w = 1;
        (void)snprintf(text, sizeof text, "%c", picture_mark(door));
        (void)draw_text(at, A_BOLD, text);
    }
}

static void draw_doors(const struct draw *draw)
{
    const struct layout *layout = &draw->layout;

    for (size_t i = 0; i < layout->headings; i++) {
        const struct layout_heading *heading = &layout->heading[i];
        struct layout_box at = door_box(draw, heading->y, heading->x);

        at.w--;
        if (heading->page == draw->page) {
            (void)draw_text(at, A_UNDERLINE,
                            draw->order.heading[heading->group]);
        }
    }
    for (size_t i = 0; i < layout->spots; i++) {
        if (layout->spot[i].page == draw->page) {
            draw_door(draw, i);
        }
    }
    if (layout->spots == 0) {
        (void)draw_text(layout->doors, A_NORMAL, "no such door");
    }
}

/* ---- Lines around them --------------------------------------------------- */

static void draw_rule(struct layout_box at)
{
    (void)mvhline(at.y, at.x, ACS_HLINE, at.w);
}

static void draw_right(struct layout_box line, unsigned long attributes,
                       const char *text)
{
    int w = (int)strlen(text);

    if (w < line.w) {
        line.x += line.w - w;
        line.w = w;
        (void)draw_text(line, attributes, text);
    }
}

static void draw_title(const struct draw *draw)
{
    const struct picture *picture = draw->picture;
    struct layout_box at = draw->layout.title;
    char text[40];

    (void)snprintf(text, sizeof text, " %.1f s",
                   (double)(picture->now_us - picture->begun_us) / 1e6);
    draw_right(at, A_NORMAL, text);
    at.w -= (int)strlen(text);
    (void)draw_text(at, A_BOLD,
                    picture->scene[0] != '\0' ? picture->scene
                                              : "lockbus watch");
}

static void draw_cabinet(const struct draw *draw)
{
    const struct lockbus_cabinet_info *info = &draw->picture->info;
    struct layout_box at = draw->layout.cabinet;
    char text[200];

    (void)snprintf(text, sizeof text,
                   "%s: %u of %u boards, manifest %u of epoch %u, ", info->name,
                   info->boards_present, info->boards, info->manifest_no,
                   info->epoch);
    int used = draw_text(at, A_NORMAL, text);

    at.x += used;
    at.w -= used;
    if (!info->journal_ok) {
        (void)draw_text(at, draw_tone(draw, PICTURE_BAD) | A_REVERSE,
                        "JOURNAL FAILED: nothing opens");
        return;
    }
    int len = snprintf(text, sizeof text, "journal block %llu",
                       (unsigned long long)info->journal_blocks);
    double asks_s = 0;

    for (unsigned i = 0; i < draw->picture->buses; i++) {
        asks_s += draw->picture->bus[i].requests_s;
    }
    if (asks_s > 0) {
        (void)snprintf(text + len, sizeof text - (size_t)len, ", %.0f asks/s",
                       asks_s);
    }
    (void)draw_text(at, A_NORMAL, text);
}

/* "96 doors: 1 forced, 2 open, 93 vacant" */
static void count_states(const struct picture *picture, char *out, size_t cap)
{
    unsigned count[PICTURE_STATES] = {0}, all = 0;

    for (uint16_t n = 0; n < picture->doors; n++) {
        if (picture->door[n].used) {
            count[picture_state(&picture->door[n])]++;
            all++;
        }
    }
    int len = snprintf(out, cap, "%u doors", all);

    for (int s = 0, said = 0; s < PICTURE_STATES; s++) {
        if (count[s] == 0 || len < 0 || (size_t)len >= cap) {
            continue;
        }
        len += snprintf(out + len, cap - (size_t)len, "%s%u %s",
                        said++ == 0 ? ": " : ", ", count[s],
                        picture_state_word((enum picture_state)s));
    }
}

static void draw_status(const struct draw *draw)
{
    const struct layout *layout = &draw->layout;
    struct layout_box at = layout->status;
    char text[TEXT_MAX], pages[80] = "";

    draw_rule(at);
    if (draw->boards) {
        (void)snprintf(pages, sizeof pages, " page %u of %u ", draw->page + 1,
                       draw->pages);
    } else if (layout->pages > 1) {
        (void)snprintf(pages, sizeof pages, " page %u of %u, %zu not shown ",
                       draw->page + 1, layout->pages,
                       layout->spots - layout_on_page(layout, draw->page));
    } else if (draw->wish.show != ORDER_SHOW_ALL ||
               draw->wish.text[0] != '\0') {
        (void)snprintf(pages, sizeof pages, " only %s%s%s: %zu ",
                       order_show_name(draw->wish.show),
                       draw->wish.text[0] != '\0' ? " with " : "",
                       draw->wish.text, layout->spots);
    }
    draw_right(at, A_BOLD, pages);
    at.w -= (int)strlen(pages);
    count_states(draw->picture, text, sizeof text);
    int used = draw_text(at, A_NORMAL, text);

    at.x += used;
    at.w = at.w > used ? 1 : 0;
    (void)draw_text(at, A_NORMAL, " ");
}

static void draw_events(const struct draw *draw)
{
    const struct picture *picture = draw->picture;
    struct layout_box at = draw->layout.events;
    size_t rows = (size_t)at.h, count = picture->line_count;

    draw_rule(draw->layout.rule);
    (void)draw_text(draw->layout.rule, A_NORMAL, "events ");
    at.h = 1;
    for (size_t back = count < rows ? count : rows; back-- > 0; at.y++) {
        const struct picture_line *line = picture_line_at(picture, back);
        char text[sizeof line->text + 16];
        double at_s = ((double)line->at_us - (double)picture->begun_us) / 1e6;

        (void)snprintf(text, sizeof text, "%8.1f  %s", at_s, line->text);
        (void)draw_text(at, draw_tone(draw, line->tone), text);
    }
}

/* A letter and its word, or a word alone; false: no room. */
static bool draw_item(const struct draw *draw, struct layout_box *at,
                      unsigned long style, char letter, const char *word)
{
    const struct layout_box *box = &draw->layout.legend;
    char text[2] = {letter, '\0'};
    int lettered = letter != '\0' ? 2 : 0;
    int w = (int)strlen(word) + lettered;

    if (at->x + w > box->x + box->w) {
        at->x = box->x;
        at->y++;
    }
    if (at->y >= box->y + box->h) {
        return false;
    }
    at->w = w;
    (void)draw_text(*at, style, text);
    at->x += lettered;
    (void)draw_text(*at, A_NORMAL, word);
    at->x += w - lettered + (box->h == 2 ? 1 : 2);
    return true;
}

static void draw_board_legend(const struct draw *draw, struct layout_box *at)
{
    static const struct {
        enum lockbus_board_state state;
        const char *word;
    } items[] = {
        {LOCKBUS_BOARD_PRESENT, "here"},
        {LOCKBUS_BOARD_MISSED, "a reply missed"},
        {LOCKBUS_BOARD_SUSPECT, "two missed"},
        {LOCKBUS_BOARD_AWAY, "away"},
        {LOCKBUS_BOARD_REFUSED, "refused"},
        {LOCKBUS_BOARD_CHECKING, "being checked"},
        {LOCKBUS_BOARD_NEW, "not asked yet"},
    };

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (!draw_item(draw, at, A_BOLD, draw_board_letter(items[i].state),
                       items[i].word)) {
            return;
        }
    }
}

static void draw_legend(const struct draw *draw)
{
    struct layout_box at = draw->layout.legend;

    at.h = 1;
    if (draw->boards) {
        draw_board_legend(draw, &at);
        return;
    }
    for (int s = PICTURE_STATES - 1; s >= 0; s--) {
        enum picture_state state = (enum picture_state)s;

        if (!draw_item(draw, &at, state_style(draw, state),
                       picture_state_letter(state),
                       picture_state_word(state))) {
            return;
        }
    }
    if (draw_item(draw, &at, A_BOLD, '*', "parcel in it") &&
        draw_item(draw, &at, A_BOLD, '!', "full")) {
        (void)draw_item(draw, &at, A_NORMAL, '\0', "xyz no sensor");
    }
}

static void keep_page(struct draw *draw)
{
    if (draw->page >= draw->pages) {
        draw->page = draw->pages - 1;
    }
}

void draw_all(struct draw *draw, int rows, int cols)
{
    struct order *order = &draw->order;

    order_make(order, draw->picture, &draw->wish);
    struct layout_ask ask = {
        .rows = rows,
        .cols = cols,
        .group = order->group,
        .groups = order->groups,
        .follows = draw->wish.by == ORDER_BY_LABEL ? order->follows : NULL,
        .label_w = order->label_w,
        .tail_w = order->tail_w,
        .boards = draw->picture->boards,
    };

    layout_make(&draw->layout, &ask);
    (void)erase();
    if (!draw->layout.legible) {
        (void)draw_text((struct layout_box){0, 0, 1, cols}, A_BOLD,
                        "too small: 50 x 14 is needed");
        return;
    }
    draw->pages = draw->layout.pages;
    draw_title(draw);
    draw_cabinet(draw);
    if (draw->boards) {
        draw_boards_table(draw);
        draw_status(draw);
    } else {
        keep_page(draw);
        draw_status(draw);
        draw_doors(draw);
        draw_side(draw);
    }
    draw_events(draw);
    draw_legend(draw);
    draw_keys(draw);
}
